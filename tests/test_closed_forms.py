"""Closed forms against textbook formulas at fifty digits, and those against quadrature of the densities."""

from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from mpmath import digamma, euler, exp, log, loggamma, mpf
from scipy import stats

import kltools as kl
from kltools._log_gamma import beyond, beyond_slope, bregman_beyond


def log_beta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def exact_normal(loc, scale, other_loc, other_scale):
    return log(other_scale / scale) + (scale**2 + (loc - other_loc) ** 2) / (2 * other_scale**2) - mpf(1) / 2


def exact_gamma(a, rate, other_a, other_rate):
    value = (a - other_a) * digamma(a) - loggamma(a) + loggamma(other_a)
    return value + other_a * log(rate / other_rate) + a * (other_rate / rate - 1)


def exact_bernoulli(p, q):
    return p * log(p / q) + (1 - p) * log((1 - p) / (1 - q))


def exact_beta(p, q):
    value = log_beta(q.a, q.b) - log_beta(p.a, p.b) + (p.a - q.a) * digamma(p.a) + (p.b - q.b) * digamma(p.b)
    return value + (q.a - p.a + q.b - p.b) * digamma(p.a + p.b)


def exact_gumbel(p, q):
    r, shift = p.scale / q.scale, (p.loc - q.loc) / q.scale
    return euler * (r - 1) - log(r) + exp(-shift) * mpmath.gamma(r + 1) - 1 + shift


def exact_weibull(p, q):
    value = log(p.c / p.scale**p.c) - log(q.c / q.scale**q.c) + (p.c - q.c) * (log(p.scale) - euler / p.c)
    return value + (p.scale / q.scale) ** q.c * mpmath.gamma(q.c / p.c + 1) - 1


def exact_laplace(p, q):
    distance = abs(p.loc - q.loc)
    return log(q.scale / p.scale) + (p.scale * exp(-distance / p.scale) + distance) / q.scale - 1


# The divergence at fifty digits, by formulas as books print them.
EXACT = {
    "norm": lambda p, q: exact_normal(p.loc, p.scale, q.loc, q.scale),
    "lognorm": lambda p, q: exact_normal(log(p.scale), p.s, log(q.scale), q.s),
    "laplace": exact_laplace,
    "cauchy": lambda p, q: log(((p.scale + q.scale) ** 2 + (p.loc - q.loc) ** 2) / (4 * p.scale * q.scale)),
    "gumbel_r": exact_gumbel,
    "weibull_min": exact_weibull,
    "gamma": lambda p, q: exact_gamma(p.a, 1 / p.scale, q.a, 1 / q.scale),
    "invgamma": lambda p, q: exact_gamma(p.a, p.scale, q.a, q.scale),
    "expon": lambda p, q: log(q.scale / p.scale) + (p.scale + p.loc - q.loc) / q.scale - 1,
    "pareto": lambda p, q: log(p.b / q.b) + q.b * log(p.scale / q.scale) + q.b / p.b - 1,
    "beta": exact_beta,
    "uniform": lambda p, q: log(q.scale / p.scale),
    "poisson": lambda p, q: p.mu * log(p.mu / q.mu) - p.mu + q.mu,
    "geom": lambda p, q: exact_bernoulli(p.p, q.p) / p.p,
    "bernoulli": lambda p, q: exact_bernoulli(p.p, q.p),
    "binom": lambda p, q: p.n * exact_bernoulli(p.p, q.p),
}

# The logarithm of a density or of a probability, as the documentation of scipy.stats writes it, with its support.
STANDARD = {
    "norm": (lambda x, p: -(x**2) / 2 - log(2 * mpmath.pi) / 2, (-mpmath.inf, mpmath.inf)),
    "lognorm": (lambda x, p: -log(p.s * x) - log(2 * mpmath.pi) / 2 - log(x) ** 2 / (2 * p.s**2), (0, mpmath.inf)),
    "laplace": (lambda x, p: -log(2) - abs(x), (-mpmath.inf, mpmath.inf)),
    "cauchy": (lambda x, p: -log(mpmath.pi * (1 + x**2)), (-mpmath.inf, mpmath.inf)),
    "gumbel_r": (lambda x, p: -x - exp(-x), (-5, mpmath.inf)),  # below, less than exp(-148)
    "weibull_min": (lambda x, p: log(p.c) + (p.c - 1) * log(x) - x**p.c, (0, mpmath.inf)),
    "gamma": (lambda x, p: (p.a - 1) * log(x) - x - loggamma(p.a), (0, mpmath.inf)),
    "invgamma": (lambda x, p: -(p.a + 1) * log(x) - 1 / x - loggamma(p.a), (0, mpmath.inf)),
    "expon": (lambda x, p: -x, (0, mpmath.inf)),
    "pareto": (lambda x, p: log(p.b) - (p.b + 1) * log(x), (1, mpmath.inf)),
    "beta": (lambda x, p: (p.a - 1) * log(x) + (p.b - 1) * log(1 - x) - log_beta(p.a, p.b), (0, 1)),
    "uniform": (lambda x, p: mpf(0), (0, 1)),
    "poisson": (lambda k, p: k * log(p.mu) - p.mu - loggamma(k + 1), (0, mpmath.inf)),
    "geom": (lambda k, p: (k - 1) * log(1 - p.p) + log(p.p), (1, mpmath.inf)),
    "bernoulli": (lambda k, p: log(p.p) if k == 1 else log(1 - p.p), (0, 1)),
    "binom": (lambda k, p: log(mpmath.binomial(p.n, k)) + k * log(p.p) + (p.n - k) * log(1 - p.p), (0, 9)),
}
DISCRETE = ("poisson", "geom", "bernoulli", "binom")

# A pair that each family's quadrature meets.
PLAIN = {
    "norm": ({"loc": 0.3, "scale": 1.2}, {"loc": -1, "scale": 2.5}),
    "lognorm": ({"s": 0.5, "scale": 1.3}, {"s": 0.8, "scale": 2}),
    "laplace": ({"loc": 0.3, "scale": 1.2}, {"loc": -1, "scale": 2.5}),
    "cauchy": ({"loc": 0.3, "scale": 1.2}, {"loc": -1, "scale": 2.5}),
    "gumbel_r": ({"loc": 0.3, "scale": 1.2}, {"loc": -1, "scale": 2.5}),
    "weibull_min": ({"c": 1.5, "scale": 1.2}, {"c": 2.5, "scale": 2}),
    "gamma": ({"a": 2.5, "scale": 1.2}, {"a": 4, "scale": 0.7}),
    "invgamma": ({"a": 2.5, "scale": 1.2}, {"a": 4, "scale": 0.7}),
    "expon": ({"loc": 0.5, "scale": 1.2}, {"loc": 0.25, "scale": 2}),
    "pareto": ({"b": 3, "scale": 2}, {"b": 1.5, "scale": 0.75}),
    "beta": ({"a": 2.5, "b": 1.2}, {"a": 1.3, "b": 4}),
    "uniform": ({"loc": 0.5, "scale": 1.2}, {"loc": 0.25, "scale": 2}),
    "poisson": ({"mu": 3}, {"mu": 5}),
    "geom": ({"p": 0.4}, {"p": 0.25}),
    "bernoulli": ({"p": 0.7}, {"p": 0.4}),
    "binom": ({"n": 9, "p": 0.7}, {"n": 9, "p": 0.4}),
}
LOCATED = ("norm", "laplace", "cauchy", "gumbel_r")  # a difference of `loc` has a closed form both ways


def exact(family, p, q):
    """Return D(p||q) at fifty digits from parameters that are taken as the float64 numbers they are."""
    spaces = [SimpleNamespace(**({"loc": mpf(0), "scale": mpf(1)} | {k: mpf(v) for k, v in x.items()})) for x in (p, q)]
    return EXACT[family](*spaces)


def divergence(family, p, q):
    make = getattr(stats, family)
    return kl.kl_divergence(make(**p), make(**q))


def draw(family, rng):
    """Return parameters of generic size."""
    p = {
        "scale": 1.5 if family == "beta" else 10 ** rng.uniform(-2, 2),
        "loc": rng.normal() if family in LOCATED else 0.0,
    }
    if family in DISCRETE:
        p = {"n": int(rng.integers(1, 100))} if family == "binom" else {}
        return p | ({"mu": 10 ** rng.uniform(-3, 3)} if family == "poisson" else {"p": rng.uniform(0.001, 0.999)})
    shapes = getattr(stats, family).shapes
    return p | {name: 10 ** rng.uniform(-1, 2) for name in (shapes.split(", ") if shapes else [])}


@pytest.mark.parametrize("family", EXACT)
def test_the_formulas_of_books_by_quadrature(family):
    def log_density(x, p):
        return STANDARD[family][0]((x - p.loc) / p.scale, p) - (0 if family in DISCRETE else log(p.scale))

    p, q = PLAIN[family]
    with mpmath.workdps(18):
        a, b = (
            SimpleNamespace(**({"loc": mpf(0), "scale": mpf(1)} | {k: mpf(v) for k, v in x.items()})) for x in (p, q)
        )
        low, high = (a.loc + a.scale * mpf(x) for x in STANDARD[family][1])

        def integrand(x):
            return exp(log_density(x, a)) * (log_density(x, a) - log_density(x, b))

        if family in DISCRETE:
            value = mpmath.fsum(integrand(mpf(k)) for k in range(int(low), int(min(high, 120)) + 1))
        else:
            inner = [a.loc] if low == -mpmath.inf else []
            inner += [x for x in (a.loc + a.scale, b.loc) if low < x < high and x not in inner]
            value = mpmath.quad(integrand, sorted({low, high, *inner}))
        assert abs(value - exact(family, p, q)) < 1e-10 * value
    assert divergence(family, p, q) == pytest.approx(float(value), rel=1e-10)


@pytest.mark.parametrize("family", EXACT)
def test_generic_parameters_at_fifty_digits(family):
    rng = np.random.default_rng(1)
    for _ in range(15):
        p, q = draw(family, rng), draw(family, rng)
        if family == "binom":
            q["n"] = p["n"]
        if family in ("pareto", "uniform"):
            p["scale"], q["scale"] = np.sort([p["scale"], q["scale"]])[:: 1 if family == "uniform" else -1]
        with mpmath.workdps(50):
            truth = exact(family, p, q)
        value = divergence(family, p, q)
        assert isinstance(value, float)
        assert value == (np.inf if truth > 1e308 else pytest.approx(float(truth), rel=1e-11)), (p, q)


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("family", EXACT)
def test_near_equal_parameters_at_fifty_digits(family, direction):
    rng = np.random.default_rng(2)
    for _ in range(5):
        p = draw(family, rng)
        for changed in [[name] for name in p] + [list(p)]:
            q = p | {name: p[name] * (1 + direction * 1e-8) for name in changed if name != "n"}
            if family == "beta":
                q["scale"] = p["scale"]
            with mpmath.workdps(50):
                truth = exact(family, p, q)
            if family == "pareto":
                truth = mpmath.inf if q["scale"] > p["scale"] else truth
            if family == "uniform":
                truth = mpmath.inf if q["scale"] < p["scale"] else truth
            assert divergence(family, p, q) == pytest.approx(float(truth), rel=1e-6, abs=0), (p, q)
            assert divergence(family, p, p) == 0


@pytest.mark.parametrize("ratio", [1 + 1e-10, 1 - 1e-6, 1.001, 0.9, 3, 1e-4, 1e7])
@pytest.mark.parametrize("shape", [1e-8, 0.01, 1, 14.2, 1e3, 1e6, 1e8])
def test_extreme_shapes(shape, ratio):
    with mpmath.workdps(60):
        for family, p, q in (
            ("gamma", {"a": shape}, {"a": shape * ratio}),
            ("gamma", {"a": shape}, {"a": shape * ratio, "scale": 1 / ratio}),
            ("gamma", {"a": shape}, {"a": shape, "scale": ratio}),
            ("invgamma", {"a": shape, "scale": 2}, {"a": shape * ratio, "scale": 2 * ratio}),
            ("beta", {"a": shape, "b": shape}, {"a": shape * ratio, "b": shape * ratio}),
            ("beta", {"a": shape, "b": shape + 1}, {"a": shape * ratio, "b": (shape + 1) * ratio}),
            ("beta", {"a": shape, "b": 2e6}, {"a": shape * ratio, "b": 2e6}),
            ("poisson", {"mu": shape}, {"mu": shape * ratio}),
        ):
            truth = exact(family, p, q)
            assert divergence(family, p, q) == pytest.approx(float(truth), rel=1e-11, abs=0), (family, p, q)


@pytest.mark.parametrize("p", [1e-290, 1e-12, 0.3, 1 - 1e-12])
@pytest.mark.parametrize("ratio", [1 + 1e-9, 1.5, 1e-3])
def test_extreme_probabilities(p, ratio):
    q = p * ratio
    if q >= 1:
        q = 1 - (1 - p) * ratio
    with mpmath.workdps(400):
        for family in ("bernoulli", "geom"):
            truth = exact(family, {"p": p}, {"p": q})
            assert divergence(family, {"p": p}, {"p": q}) == pytest.approx(float(truth), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("p", "q", "tolerance"),
    [
        ((0, 1), (1, 2), 1e-15),
        ((3.5, 0.01), (-2, 40), 1e-15),
        ((0, 40), (7, 0.01), 1e-15),
        ((1e9, 1), (1e9 + 1, 3), 1e-15),
        ((0, 1e200), (1e200, 3e200), 1e-15),
        ((0, 1e-200), (0, 3e-200), 1e-15),
        ((0.7, 1 + 1e-8), (0.7, 1), 1e-13),
        ((0.7, 3), (0.7 + 1e-8, 3), 1e-13),
        ((0.7, 3 + 1e-8), (0.7 + 1e-8, 3), 1e-13),
    ],
)
def test_hard_normals(p, q, tolerance):
    with mpmath.workdps(50):
        truth = float(exact_normal(*(mpf(x) for x in (*p, *q))))
    assert kl.kl_divergence(stats.norm(*p), stats.norm(*q)) == pytest.approx(truth, rel=tolerance, abs=0)


def test_dirichlet_at_fifty_digits():
    rng = np.random.default_rng(3)
    for scale in (1, 1e4, 1e7):
        p = rng.gamma(1, scale, size=5)
        for q in (
            rng.gamma(1, scale, size=5),
            p * (1 + 1e-8),
            p + 1e-8 * p[1] * np.eye(5)[1],
            p * rng.uniform(0.9, 1.1, 5),
        ):
            with mpmath.workdps(50):
                a, b = ([mpf(x) for x in alpha] for alpha in (p, q))
                truth = sum(map(loggamma, b)) - loggamma(sum(b)) - sum(map(loggamma, a)) + loggamma(sum(a))
                truth += sum((x - y) * (digamma(x) - digamma(sum(a))) for x, y in zip(a, b, strict=True))
            value = kl.kl_divergence(stats.dirichlet(p), stats.dirichlet(q))
            assert value == pytest.approx(float(truth), rel=1e-11, abs=0)
    assert kl.kl_divergence(stats.dirichlet(p), stats.dirichlet(p)) == 0
    assert kl.kl_divergence(stats.dirichlet([2, 3]), stats.dirichlet([4, 1.5])) == pytest.approx(
        kl.kl_divergence(stats.beta(2, 3), stats.beta(4, 1.5)), rel=1e-14
    )


def test_log_gamma_beyond_stirling():
    rng = np.random.default_rng(4)
    with mpmath.workdps(60):

        def exact_beyond(a):
            return loggamma(a) - a * log(a) + a

        for x in 10 ** rng.uniform(-6, 9, size=40):
            assert float(beyond(x)) == pytest.approx(float(exact_beyond(mpf(x))), rel=1e-13, abs=1e-14)
            assert float(beyond_slope(x)) == pytest.approx(float(digamma(mpf(x)) - log(mpf(x))), rel=1e-13)
            for y in (x * (1 + 1e-8), 1.2 * x, x / 3, 10 ** rng.uniform(-6, 9)):
                slope = digamma(mpf(x)) - log(mpf(x))
                truth = exact_beyond(mpf(y)) - exact_beyond(mpf(x)) - slope * (mpf(y) - mpf(x))
                assert float(bregman_beyond(y, x, y - x)) == pytest.approx(float(truth), rel=1e-12, abs=0)
