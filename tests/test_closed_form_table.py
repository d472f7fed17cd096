"""The table of closed forms: complete by the registry, printed as computed, checked by roads that can tell."""

import dataclasses
import re
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

from kltools.divergence import CLOSED_FORMS
from kltools.figures import _second_roads, closed_forms, formulas
from kltools.figures._families import FAMILIES

PAGE = Path(__file__).parents[1] / "book/reference/closed_forms.md"
each_family = pytest.mark.parametrize("name", FAMILIES)


@each_family
def test_formula_and_second_road_agree_with_kltools(name):
    found = closed_forms.checks(name)
    assert [check.verb for check in found].count("kl_divergence") == 3
    assert [check.verb for check in found].count("entropy") == (3 if ("entropy", name) in CLOSED_FORMS else 0)
    assert len({(check.p, check.q) for check in found}) == len(found)
    assert max(check.error for check in found) < 1e-10


@pytest.mark.parametrize("pair", closed_forms.mixed_pairs(), ids="-".join)
def test_pairs_of_different_families_agree(pair):
    found = closed_forms.mixed_checks(*pair)
    assert all(check.p.startswith(f"{pair[0]}(") and check.q.startswith(f"{pair[1]}(") for check in found)
    assert max(check.error for check in found) < 1e-10


@pytest.mark.parametrize(
    "key", [("kl_divergence", "chi2", "chi2"), ("entropy", "binom"), ("kl_divergence", "chi2", "norm")]
)
def test_a_closed_form_without_a_formula_is_an_error(key, monkeypatch):
    monkeypatch.setitem(CLOSED_FORMS, key, None)
    with pytest.raises(LookupError, match=r"binom|chi2"):
        closed_forms.families(), closed_forms.mixed_pairs()


def test_a_formula_without_a_closed_form_is_an_error(monkeypatch):
    monkeypatch.delitem(CLOSED_FORMS, ("kl_divergence", "cauchy", "cauchy"))
    with pytest.raises(LookupError, match="cauchy"):
        closed_forms.families()


@each_family
def test_a_term_with_the_wrong_sign_is_seen(name, monkeypatch):
    family = FAMILIES[name]
    first, *others = family.divergence
    wrong = dataclasses.replace(family, divergence=(f"-({first})", *others))
    monkeypatch.setitem(FAMILIES, name, wrong)
    assert max(check.error for check in closed_forms.checks.__wrapped__(name)) > 1e-3


@each_family
def test_the_infinite_example_and_the_sentence_agree(name):
    never = "never infinite" in FAMILIES[name].holds
    assert (closed_forms.infinite_example(name) is None) == never  # raises where the example is finite
    assert never or "inf" in FAMILIES[name].holds


def test_a_finite_example_of_infinity_is_an_error(monkeypatch):
    monkeypatch.setitem(FAMILIES, "expon", dataclasses.replace(FAMILIES["expon"], infinite=((1, 1), (0, 1))))
    with pytest.raises(ArithmeticError, match="expon"):
        closed_forms.infinite_example("expon")


def test_the_page_shows_every_family_under_its_title():
    text = PAGE.read_text("utf8")
    sections = re.findall(r"^## (.+)\n\n```\{code-cell\}[^`]*?closed_forms\.show\(\"(\w+)\"\)", text, re.MULTILINE)
    assert sections == [(FAMILIES[name].title, name) for name in closed_forms.families()]


def test_what_is_shown_holds_formula_numbers_and_condition():
    shown = repr(closed_forms.show("expon"))
    assert r"\ln\frac{\theta_{Q}}{\theta_{P}} + \frac{\theta_{P}}{\theta_{Q}} - 1" in shown
    assert r"{}+ \frac{\ell_{P} - \ell_{Q}}{\theta_{Q}}" in shown
    assert f"| 0,\xa01 | 0,\xa02 | {np.log(2) - 0.5:.6f} |" in shown  # not broken within a row of numbers
    assert "otherwise inf" in shown
    assert "Infinite, for example, for `expon(0, 1)` and `expon(1, 1)`" in shown
    assert closed_forms.show("expon")._repr_markdown_() == shown
    assert all(f"| {FAMILIES[name].title} | {name}(" in repr(closed_forms.overview()) for name in FAMILIES)
    assert "| uniform | beta | beta | $a_{P} = 1$, $b_{P} = 1$ |" in repr(closed_forms.show_mixed())


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("p.x - (q.x + 1)", "x_{P} - (x_{Q} + 1)"),
        ("p.x - q.x + 1", "x_{P} - x_{Q} + 1"),
        ("(p.x + 1) * q.x", r"(x_{P} + 1)\,x_{Q}"),
        ("(p.x + 1)**2", "(x_{P} + 1)^{2}"),
        ("log(p.x)**2", r"(\ln x_{P})^{2}"),
        ("-(p.x - 1) * q.x", r"-(x_{P} - 1)\,x_{Q}"),
        ("p.x * -q.x", r"x_{P}\,(-x_{Q})"),
        ("exp(-abs(p.x)) / sqrt(2 * pi)", r"\frac{\exp(-\lvert x_{P} \rvert)}{\sqrt{2\,\pi}}"),
        ("log(p.x * q.x)", r"\ln(x_{P}\,x_{Q})"),
        ("total(p.y - q.y)", r"\sum_i (y_{P,i} - y_{Q,i})"),
        ("total(p.y * q.y)", r"\sum_i y_{P,i}\,y_{Q,i}"),
        ("total(p.y) * p.x", r"(\sum_i y_{P,i})\,x_{P}"),
        ("(p.x - q.x).T @ inv(q.x)", r"(x_{P} - x_{Q})^\top x_{Q}^{-1}"),
        ("inv(p.x + q.x)", r"(x_{P} + x_{Q})^{-1}"),
        ("(p.x / q.x)**2", r"\left(\frac{x_{P}}{x_{Q}}\right)^{2}"),
    ],
)
def test_tex_keeps_what_belongs_together(expression, shown):
    assert formulas.tex(expression, {"x": "x", "y": "y_{%s,i}"}) == shown


def test_tex_refuses_what_it_cannot_say():
    for expression in ("p.x // 2", "[p.x]", "p.x < 1"):
        with pytest.raises(ValueError, match="no form"):
            formulas.tex(expression, {"x": "x"})


def test_the_second_road_of_a_density_is_right():
    p, q = stats.gamma(0.7, 0, 2), stats.gamma(1.5, 0, 1)

    def log_density(x, a, scale):
        return (a - 1) * mpmath.log(x) - x / scale - mpmath.loggamma(a) - a * mpmath.log(scale)

    def integrand(x):
        return mpmath.exp(log_density(x, 0.7, 2)) * (log_density(x, 0.7, 2) - log_density(x, 1.5, 1))

    assert _second_roads.divergence(p, q) == pytest.approx(
        float(mpmath.quad(integrand, [0, 1, 10, mpmath.inf])), rel=1e-9
    )


def test_the_second_road_of_atoms_is_right():
    p, q = stats.geom(0.9, 2), stats.geom(0.4)
    exact = sum(0.9 * 0.1**k * np.log(0.9 * 0.1**k / (0.4 * 0.6 ** (k + 2))) for k in range(40))
    assert _second_roads.divergence(p, q) == pytest.approx(exact, rel=1e-13)


def test_the_second_road_of_a_multivariate_normal_is_right():
    p, q = stats.multivariate_normal([0, 1], [[1, 0.5], [0.5, 2]]), stats.multivariate_normal([1, 0], [[2, 0], [0, 1]])
    nodes, weights = np.polynomial.hermite_e.hermegauss(4)  # exact for a quadratic
    points = np.array(np.meshgrid(nodes, nodes)).reshape(2, -1).T @ np.linalg.cholesky(p.cov).T + p.mean
    weight = np.outer(weights, weights).ravel() / (2 * np.pi)
    assert _second_roads.divergence(p, q) == pytest.approx(weight @ (p.logpdf(points) - q.logpdf(points)), rel=1e-12)
    assert _second_roads.entropy(p) == pytest.approx(-(weight @ p.logpdf(points)), rel=1e-12)


def test_the_second_road_of_a_dirichlet_is_right():
    p, q = stats.dirichlet([2, 3, 4]), stats.dirichlet([1.5, 2, 2.5])

    def mean(f):
        def integrand(y, x):
            point = np.array([x, y, 1 - x - y])
            return p.pdf(point) * f(point)

        return integrate.dblquad(integrand, 0, 1, 0, lambda x: 1 - x, epsabs=1e-9)[0]

    assert _second_roads.divergence(p, q) == pytest.approx(mean(lambda x: p.logpdf(x) - q.logpdf(x)), rel=1e-6)
    assert _second_roads.entropy(p) == pytest.approx(mean(lambda x: -p.logpdf(x)), rel=1e-6)


def test_samples_agree_within_their_error():
    rng = np.random.default_rng(3)
    for name in closed_forms.SEVERAL_COORDINATES:
        assert max(map(abs, closed_forms.monte_carlo(name, rng, n=20_000))) < 4.5
