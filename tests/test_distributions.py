"""Frozen distributions: known numbers, supports, the families that contain others, entropies, arrays, bad input."""

import mpmath
import numpy as np
import pytest
from mpmath import digamma, log, log1p, loggamma, mpf
from scipy import special, stats

import kltools as kl
from kltools.divergence import CLOSED_FORMS

INF = np.inf


@pytest.mark.parametrize(
    ("p", "q", "truth"),
    [
        (stats.norm(0, 1), stats.norm(1, 2), 0.443147),
        (stats.norm(1, 2), stats.norm(0, 1), 1.30685),
        (stats.norm(0, 1), stats.norm(0, 2), 0.318147),
        (stats.norm(0, 2), stats.norm(0, 1), 0.806853),
        (stats.poisson(3), stats.poisson(5), 0.467523),
        (stats.expon(scale=1 / 2), stats.expon(), 0.193147),
        (stats.expon(), stats.expon(scale=1 / 2), 0.306853),
        (stats.gamma(2), stats.expon(), 1 - np.euler_gamma),
        (stats.expon(), stats.gamma(2), np.euler_gamma),
        (stats.beta(0.1, 0.2), stats.uniform(), 4.977342),
        (stats.beta(8, 4), stats.beta(1, 1), 0.636614),
        (stats.bernoulli(0.7), stats.bernoulli(0.4), 0.183787),
        (stats.uniform(0, 1), stats.uniform(0, 10), np.log(10)),
    ],
)
def test_known_numbers(p, q, truth):
    value = kl.kl_divergence(p, q)
    assert isinstance(value, float)
    assert value == pytest.approx(truth, abs=5e-6 if round(truth, 6) == truth else 1e-14)
    assert kl.kl_divergence(p, q, base=2) == pytest.approx(value / np.log(2), rel=1e-15)


@pytest.mark.parametrize(
    ("p", "q", "other"),
    [
        (stats.expon(1, 2), stats.gamma(1, 1, 2), stats.gamma(2.5, 1, 5)),
        (stats.expon(1, 2), stats.weibull_min(1, 1, 2), stats.weibull_min(2.5, 1, 5)),
        (stats.uniform(1, 2), stats.beta(1, 1, 1, 2), stats.beta(2.5, 3, 1, 2)),
        (stats.bernoulli(0.3), stats.binom(1, 0.3), stats.binom(1, 0.6)),
    ],
)
def test_families_within_families(p, q, other):
    assert kl.kl_divergence(p, q) == kl.kl_divergence(q, p) == 0
    assert kl.kl_divergence(p, other) == kl.kl_divergence(q, other) > 0
    assert kl.kl_divergence(other, p) == kl.kl_divergence(other, q) > 0
    assert kl.entropy(p) == pytest.approx(kl.entropy(q), rel=1e-14)


@pytest.mark.parametrize(
    ("p", "q", "forth", "back"),
    [
        # Half-lines: a later start is contained in an earlier one.
        (stats.expon(1, 2), stats.expon(0, 2), 0.5, INF),
        (stats.expon(1, 2), stats.expon(0, 4), np.log(2) - 1 + 3 / 4, INF),
        (stats.gamma(2, 1), stats.expon(), 2 - np.euler_gamma, INF),
        (stats.weibull_min(1, 3), stats.expon(), 3, INF),
        (stats.pareto(3, 0, 2), stats.pareto(3, 0, 1), 3 * np.log(2), INF),
        (stats.pareto(2, 0, 2), stats.pareto(4, 0, 1), 3 * np.log(2) + 1, INF),
        # Intervals.
        (stats.uniform(0, 1), stats.uniform(0, 10), np.log(10), INF),
        (stats.uniform(0, 1), stats.uniform(0.5, 1), INF, INF),
        (stats.uniform(0, 1), stats.uniform(1, 1), INF, INF),
        (stats.uniform(0, 1), stats.uniform(0, np.nextafter(1, 0)), INF, pytest.approx(2**-53, rel=1e-15)),
        (stats.beta(2, 2, 1, 2), stats.uniform(0, 4), np.log(12) - 5 / 3, INF),
        (stats.beta(2, 3), stats.beta(2, 3, 0.5), INF, INF),
        # Lattices.
        (stats.poisson(0), stats.poisson(2), 2, INF),
        (stats.poisson(0), stats.poisson(0), 0, 0),
        (stats.poisson(0, 1), stats.poisson(0), INF, INF),
        (stats.poisson(3, 0.5), stats.poisson(3), INF, INF),
        (stats.geom(0.5, 2), stats.geom(0.5), 2 * np.log(2), INF),
        (stats.geom(1), stats.geom(0.5), np.log(2), INF),
        (stats.geom(1, 2), stats.geom(0.5), 3 * np.log(2), INF),
        (stats.geom(0.5, 0.5), stats.geom(0.5), INF, INF),
        (stats.bernoulli(0), stats.bernoulli(1), INF, INF),
        (stats.bernoulli(1), stats.bernoulli(0.5), np.log(2), INF),
        (stats.bernoulli(0.5, 1), stats.bernoulli(0.5), INF, INF),
        (stats.binom(10, 0), stats.binom(10, 0.5), 10 * np.log(2), INF),
        (stats.binom(10, 0), stats.binom(3, 0.5), 3 * np.log(2), INF),
        (stats.binom(3, 1), stats.binom(2, 1, 1), 0, 0),
        (stats.binom(2, 1), stats.binom(4, 0.5), np.log(16 / 6), INF),
        (stats.binom(0, 0.2), stats.binom(0, 0.7), 0, 0),
        (stats.binom(10, 0.5, 0.5), stats.binom(12, 0.5), INF, INF),
    ],
)
def test_supports(p, q, forth, back):
    for value, truth in ((kl.kl_divergence(p, q), forth), (kl.kl_divergence(q, p), back)):
        if truth in (0, INF):
            assert value == truth
        else:
            assert value == (pytest.approx(truth, rel=1e-8) if isinstance(truth, float) else truth)
    assert (kl.cross_entropy(p, q) == INF) == (forth == INF)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (stats.gamma(2, 1), stats.gamma(3, 0)),
        (stats.weibull_min(2, 0.5), stats.weibull_min(3)),
        (stats.invgamma(3, 1), stats.invgamma(2)),
        (stats.lognorm(0.5, 1), stats.lognorm(1)),
        (stats.pareto(2, 1), stats.pareto(3)),
        (stats.beta(2, 3, 0.25, 0.5), stats.beta(2, 3)),
        (stats.uniform(0.25, 0.5), stats.beta(2, 3)),
        (stats.gamma(2), stats.lognorm(1)),
        (stats.norm(), stats.t(3)),
    ],
)
def test_integrals_where_there_is_no_closed_form(p, q):
    draws = p.rvs(size=100_000, random_state=np.random.default_rng(5))
    log_ratio = p.logpdf(draws) - q.logpdf(draws)
    error = 5 * log_ratio.std() / np.sqrt(len(draws))
    assert kl.kl_divergence(p, q) == pytest.approx(log_ratio.mean(), abs=error)
    assert kl.cross_entropy(p, q) == pytest.approx(-q.logpdf(draws).mean(), abs=5 * q.logpdf(draws).std() / 300)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (stats.binom(10, 0.4), stats.binom(12, 0.5)),
        (stats.binom(10, 0.4, 1), stats.binom(12, 0.5)),
        (stats.bernoulli(0.3), stats.binom(2, 0.6)),
        (stats.poisson(3, 1), stats.poisson(5)),
        (stats.binom(10, 0.4), stats.poisson(4)),
        (stats.poisson(0, 3), stats.poisson(2)),
    ],
)
def test_sums_where_there_is_no_closed_form(p, q):
    k = np.arange(200)
    truth = special.rel_entr(p.pmf(k), q.pmf(k)).sum()
    assert kl.kl_divergence(p, q) == pytest.approx(truth, rel=1e-8)
    assert kl.cross_entropy(p, q) == pytest.approx(truth + special.entr(p.pmf(k)).sum(), rel=1e-8)


def exact_entropy(p):
    """Return the differential entropy of a Dirichlet distribution at the precision of mpmath."""
    p = [mpf(x) for x in p]
    value = mpmath.fsum(map(loggamma, p)) - loggamma(sum(p)) + (sum(p) - len(p)) * digamma(sum(p))
    return value - mpmath.fsum((x - 1) * digamma(x) for x in p)


@pytest.mark.parametrize(
    "p", [(0.1, 0.2), (1e-5, 2), (1e-40, 2), (2, 3), (30, 70), (1e3, 2e3), (1e6, 1e6), (2, 1e6), (1e10, 1e3)]
)
def test_entropies_of_beta_and_dirichlet_at_fifty_digits(p):
    with mpmath.workdps(50):
        truth, of_three = float(exact_entropy(p)), float(exact_entropy((*p, 1.5)))
    assert kl.entropy(stats.beta(*p)) == pytest.approx(truth, rel=1e-13)
    assert kl.entropy(stats.beta(*p, 3, 0.25)) == pytest.approx(truth - np.log(4), rel=1e-13, abs=1e-14)
    assert kl.entropy(stats.dirichlet((*p, 1.5))) == pytest.approx(of_three, rel=1e-13)


@pytest.mark.parametrize("p", [1e-300, 1e-12, 0.3, 1 - 1e-12, 1.0])
def test_entropies_of_bernoulli_and_geom_at_fifty_digits(p):
    with mpmath.workdps(50):
        exact = mpf(p)
        truth = -exact * log(exact) - ((1 - exact) * log1p(-exact) if p < 1 else 0)
    assert kl.entropy(stats.bernoulli(p)) == pytest.approx(float(truth), rel=1e-14, abs=0)
    assert kl.entropy(stats.geom(p)) == pytest.approx(float(truth / exact), rel=1e-14, abs=0)


@pytest.mark.parametrize("p", [stats.poisson(0.01), stats.poisson(3.3), stats.poisson(60), stats.binom(30, 0.2)])
def test_entropies_that_are_sums(p):
    assert kl.entropy(p) == pytest.approx(special.entr(p.pmf(np.arange(300))).sum(), rel=1e-9)


@pytest.mark.parametrize(
    "p",
    [
        *(getattr(stats, name)(0.3, 2) for name in ("norm", "laplace", "gumbel_r", "expon", "uniform")),
        *(getattr(stats, name)(2.5, 0.3, 2) for name in ("gamma", "invgamma", "weibull_min", "pareto", "lognorm")),
        stats.beta(2.5, 3, 0.3, 2),
    ],
)
def test_entropies_are_means_of_surprisal(p):
    draws = p.rvs(size=200_000, random_state=np.random.default_rng(6))
    surprisal = -p.logpdf(draws)
    assert kl.entropy(p) == pytest.approx(surprisal.mean(), abs=5 * surprisal.std() / np.sqrt(len(draws)) + 1e-14)
    assert kl.entropy(p, base=2) == pytest.approx(kl.entropy(p) / np.log(2), rel=1e-15)


def test_cauchy_entropy():
    assert kl.entropy(stats.cauchy(5, 0.25)) == pytest.approx(np.log(np.pi), rel=1e-14)


def test_cross_entropy_is_the_mean_surprisal_of_q():
    p, q = stats.norm(0.3, 1.2), stats.norm(-1, 2.5)
    truth = np.log(2.5 * np.sqrt(2 * np.pi)) + (1.2**2 + 1.3**2) / (2 * 2.5**2)
    assert kl.cross_entropy(p, q) == pytest.approx(truth, rel=1e-15)
    assert kl.cross_entropy(p, q, base=2) == pytest.approx(truth / np.log(2), rel=1e-15)
    # Nothing is left of H(P) = log(0.01) where Q has the density 1.
    assert kl.cross_entropy(stats.uniform(0.5, 0.01), stats.uniform()) == pytest.approx(0, abs=1e-15)
    k = np.arange(100)
    truth = -stats.poisson(3).pmf(k) @ stats.poisson(5).logpmf(k)
    assert kl.cross_entropy(stats.poisson(3), stats.poisson(5)) == pytest.approx(truth, rel=1e-9)


def test_cross_entropy_is_inf_where_the_divergence_is():
    for p, q in ((stats.norm(), stats.uniform()), (stats.cauchy(), stats.norm()), (stats.gamma(2), stats.gamma(3, 1))):
        assert kl.kl_divergence(p, q) == kl.cross_entropy(p, q) == INF


def test_never_negative_and_zero_only_for_equal_parameters():
    rng = np.random.default_rng(7)
    for name in ("gamma", "invgamma", "weibull_min", "pareto", "lognorm"):
        family = getattr(stats, name)
        shape = 10 ** rng.uniform(-3, 8 if name == "gamma" else 2, size=2000)
        other = shape * (1 + 1e-8 * rng.normal(size=2000))
        value = kl.kl_divergence(family(shape, scale=2), family(other, scale=2))
        assert np.all((value > 0) == (shape != other))
        assert np.all(value[shape != other] < 1e-6)
        assert np.all(kl.kl_divergence(family(shape), family(shape)) == 0)


def test_parameters_as_scipy_means_them():
    q = stats.norm(1, 2)
    expected = kl.kl_divergence(stats.norm(0, 1), q)
    for p in (stats.norm(), stats.norm(0), stats.norm(scale=1), stats.norm(loc=0, scale=1), stats.norm(0, scale=1)):
        assert kl.kl_divergence(p, q) == expected
    assert kl.kl_divergence(stats.norm(scale=2, loc=1), q) == 0
    assert kl.kl_divergence(stats.gamma(2, scale=3), stats.gamma(a=2, loc=0, scale=3)) == 0
    assert kl.kl_divergence(stats.binom(5, p=0.3), stats.binom(n=5, p=0.3, loc=0)) == 0


def test_arrays_of_parameters_broadcast():
    p, q = stats.norm([0, 1], 1), stats.norm(0, [[1], [2]])
    value = kl.kl_divergence(p, q)
    assert value.shape == (2, 2)
    assert value[1, 1] == kl.kl_divergence(stats.norm(1, 1), stats.norm(0, 2))
    assert kl.entropy(q).shape == (2, 1)
    assert kl.cross_entropy(p, q).shape == (2, 2)


def test_arrays_of_parameters_some_of_which_have_no_closed_form():
    value = kl.kl_divergence(stats.gamma(2, [0, 1, -1]), stats.gamma(3))
    singles = [kl.kl_divergence(stats.gamma(2, loc), stats.gamma(3)) for loc in (0, 1, -1)]
    np.testing.assert_array_equal(value, singles)
    value = kl.kl_divergence(stats.binom([[10], [12]], 0.5), stats.binom([10, 12], 0.4))
    singles = [[kl.kl_divergence(stats.binom(n, 0.5), stats.binom(m, 0.4)) for m in (10, 12)] for n in (10, 12)]
    np.testing.assert_array_equal(value, singles)
    value = kl.kl_divergence(stats.norm([0, 1]), stats.t(3))
    np.testing.assert_array_equal(value, [kl.kl_divergence(stats.norm(m), stats.t(3)) for m in (0, 1)])
    assert kl.entropy(stats.poisson([1, 2])).shape == (2,)


def test_a_subclass_is_another_family():
    class Gamma(stats.rv_continuous):
        def _pdf(self, x):
            return 2 * x

    Gamma.__name__ = "uniform_gen"
    p = Gamma(a=0, b=1)()
    assert kl.kl_divergence(p, stats.uniform()) == pytest.approx(np.log(2) - 0.5, rel=1e-8)


def test_every_family_of_the_contract_has_its_closed_form():
    families = "norm multivariate_normal laplace expon gamma invgamma beta dirichlet poisson geom bernoulli binom"
    families += " uniform weibull_min pareto cauchy gumbel_r lognorm"
    for family in families.split():
        assert ("kl_divergence", family, family) in CLOSED_FORMS
        assert ("cross_entropy", family, family) in CLOSED_FORMS


CASES = [  # a family, good arguments and bad ones, the error and its message
    ("norm", (0, 1), (0, 0), ValueError, r"{}\.scale = 0\.0: a scale is positive"),
    ("norm", (0, 1), (0, -1), ValueError, r"{}\.scale = -1\.0: a scale is positive"),
    ("norm", (0, 1), (0, [1, 2, -3]), ValueError, r"{}\.scale\[2\] = -3\.0"),
    ("norm", (0, 1), (np.nan, 1), ValueError, r"{}\.loc = nan: a parameter is finite"),
    ("norm", (0, 1), (0, np.inf), ValueError, r"{}\.scale = inf"),
    ("norm", (0, 1), ("a", 1), TypeError, r"{}\.loc must hold real numbers"),
    ("gamma", (2,), (-1,), ValueError, r"{}\.a = -1\.0: a shape is positive"),
    ("gamma", (2,), (np.nan,), ValueError, r"{}\.a = nan: a parameter is finite"),
    ("gamma", (2,), (2, 0, 0), ValueError, r"{}\.scale = 0\.0"),
    ("invgamma", (2,), (0,), ValueError, r"{}\.a = 0\.0: a shape is positive"),
    ("beta", (1, 2), (1, [2, 0]), ValueError, r"{}\.b\[1\] = 0\.0: a shape is positive"),
    ("weibull_min", (2,), (-2,), ValueError, r"{}\.c = -2\.0: a shape is positive"),
    ("pareto", (2,), (0,), ValueError, r"{}\.b = 0\.0: a shape is positive"),
    ("lognorm", (2,), (-1,), ValueError, r"{}\.s = -1\.0: a shape is positive"),
    ("uniform", (0, 1), (0, -1), ValueError, r"{}\.scale = -1\.0"),
    ("expon", (0, 1), (0, 0), ValueError, r"{}\.scale = 0\.0"),
    ("poisson", (1,), (-1,), ValueError, r"{}\.mu = -1\.0: a mean is not negative"),
    ("geom", (0.5,), (0,), ValueError, r"{}\.p = 0\.0: a probability is positive and not above 1"),
    ("geom", (0.5,), (1.5,), ValueError, r"{}\.p = 1\.5"),
    ("bernoulli", (0.5,), (1.1,), ValueError, r"{}\.p = 1\.1: a probability is between 0 and 1"),
    ("binom", (2, 0.5), (2.5, 0.5), ValueError, r"{}\.n = 2\.5: a count is a whole number >= 0"),
    ("binom", (2, 0.5), (-1, 0.5), ValueError, r"{}\.n = -1\.0"),
    ("binom", (2, 0.5), (3, -0.1), ValueError, r"{}\.p = -0\.1"),
    ("dirichlet", ([1, 2],), ([1, np.nan],), ValueError, r"{}\.alpha\[1\] = nan: a concentration is positive"),
    ("t", (3,), (-1,), ValueError, r"{} has parameters out of range"),
]


@pytest.mark.parametrize(("family", "good", "bad", "error", "message"), CASES)
def test_parameters_out_of_range(family, good, bad, error, message):
    good, bad = (getattr(stats, family)(*x) for x in (good, bad))
    for function, arguments, name in (
        (kl.kl_divergence, (bad, good), "p"),
        (kl.kl_divergence, (good, bad), "q"),
        (kl.cross_entropy, (bad, good), "p"),
        (kl.cross_entropy, (good, bad), "q"),
        (kl.entropy, (bad,), "p"),
    ):
        with pytest.raises(error, match=message.format(name)):
            function(*arguments)


@pytest.mark.parametrize(
    ("p", "q", "error", "message"),
    [
        (stats.norm(), [0.5, 0.5], TypeError, "q is no frozen distribution"),
        ([0.5, 0.5], stats.norm(), TypeError, "p is no frozen distribution"),
        (stats.norm(), stats.norm, TypeError, "q is no frozen distribution"),
        (stats.poisson(3), stats.norm(), TypeError, "p has atoms and q has a density"),
        (stats.norm([0, 1]), stats.norm([1, 2, 3]), ValueError, r"the parameters of p and q do not broadcast"),
        (stats.gamma([1, 2]), stats.lognorm([1, 2, 3]), ValueError, r"the parameters of p and q do not broadcast"),
        (stats.dirichlet([1, 2]), stats.dirichlet([1, 2, 3]), ValueError, "p.alpha has 2 entries, q.alpha has 3"),
    ],
)
def test_pairs_that_do_not_match(p, q, error, message):
    with pytest.raises(error, match=message):
        kl.kl_divergence(p, q)
    with pytest.raises(error, match=message):
        kl.cross_entropy(p, q)
