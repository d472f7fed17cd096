"""Quadrature and summation of one-dimensional distributions, against closed forms, integrals and sums in mpmath."""

import math

import mpmath
import numpy as np
import pytest
from mpmath import mpf
from scipy import stats

from kltools._quadrature import cross_entropy_numeric, entropy_numeric, kl_numeric

EULER = mpmath.euler


def log_beta(a, b):
    return mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)


def beta_uniform(a, b):
    a, b = mpf(a), mpf(b)
    digamma = mpmath.digamma
    return (a - 1) * digamma(a) + (b - 1) * digamma(b) - (a + b - 2) * digamma(a + b) - log_beta(a, b)


def gamma_gamma(a, s, b, r):
    """Return D(Gamma(a, scale=s)||Gamma(b, scale=r))."""
    a, s, b, r = map(mpf, (a, s, b, r))
    return (
        (a - b) * mpmath.digamma(a) - mpmath.loggamma(a) + mpmath.loggamma(b) + b * mpmath.log(r / s) + a * (s / r - 1)
    )


def student_entropy(df):
    df = mpf(df)
    half = (df + 1) / 2
    return half * (mpmath.digamma(half) - mpmath.digamma(df / 2)) + mpmath.log(df) / 2 + log_beta(df / 2, mpf(1) / 2)


def student_normal(df):
    df = mpf(df)
    return -student_entropy(df) + mpmath.log(2 * mpmath.pi) / 2 + df / (df - 2) / 2


def zipf_zipf(a, b):
    a, b = mpf(a), mpf(b)
    return (a - b) * mpmath.zeta(a, derivative=1) / mpmath.zeta(a) - mpmath.log(mpmath.zeta(a) / mpmath.zeta(b))


class X2Normal(stats.rv_continuous):
    """The density x^2 phi(x): zero at one point, without a logarithm of its own."""

    def _pdf(self, x):
        return x * x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


# Pairs with a closed form of their own, written out in mpmath; each is a number, and no code is shared.
CLOSED = {
    "norm": (stats.norm(0, 1), stats.norm(1, 2), lambda: mpmath.log(2) + mpf(2) / 8 - mpf(1) / 2),
    "norm, far": (stats.norm(0, 1), stats.norm(1000, 1), lambda: mpf(500000)),
    "norm, near": (stats.norm(0, 1), stats.norm(2.0**-10, 1), lambda: mpf(2) ** -21),
    "norm, loc": (stats.norm(1e9, 1), stats.norm(1e9 + 1, 3), lambda: mpmath.log(3) + mpf(2) / 18 - mpf(1) / 2),
    "cauchy": (stats.cauchy(), stats.cauchy(1, 2), lambda: mpmath.log(mpf(10) / 8)),
    "laplace": (stats.laplace(0, 1), stats.laplace(1, 2), lambda: mpmath.log(2) + (1 + mpmath.exp(-1)) / 2 - 1),
    "gumbel_r": (stats.gumbel_r(), stats.gumbel_r(1), lambda: mpmath.e - 2),
    "gumbel_l": (stats.gumbel_l(), stats.gumbel_l(1), lambda: mpmath.exp(-1)),
    "norm||gumbel_r": (
        stats.norm(),
        stats.gumbel_r(),
        lambda: mpmath.exp(mpf(1) / 2) - mpmath.log(2 * mpmath.pi * mpmath.e) / 2,
    ),
    "logistic||norm": (stats.logistic(), stats.norm(), lambda: mpmath.log(2 * mpmath.pi) / 2 + mpmath.pi**2 / 6 - 2),
    "expon": (stats.expon(scale=2), stats.expon(scale=3), lambda: mpmath.log(mpf(3) / 2) + mpf(2) / 3 - 1),
    "gamma": (stats.gamma(2.5), stats.gamma(0.5, scale=3), lambda: gamma_gamma(2.5, 1, 0.5, 3)),
    "gamma, singular": (stats.gamma(0.02), stats.expon(), lambda: gamma_gamma(0.02, 1, 1, 1)),
    "invgamma": (stats.invgamma(2.5), stats.invgamma(0.5, scale=1 / 3), lambda: gamma_gamma(2.5, 1, 0.5, 3)),
    "chi2": (stats.chi2(3), stats.chi2(5), lambda: gamma_gamma(1.5, 2, 2.5, 2)),
    "beta||uniform": (stats.beta(0.1, 0.2), stats.uniform(), lambda: beta_uniform(0.1, 0.2)),
    "beta||uniform, shifted": (
        stats.beta(0.1, 0.2, loc=5, scale=3),
        stats.uniform(5, 3),
        lambda: beta_uniform(0.1, 0.2),
    ),
    "beta||uniform, nested": (
        stats.beta(0.1, 0.2, loc=0.25, scale=0.25),
        stats.uniform(),
        lambda: beta_uniform(0.1, 0.2) + mpmath.log(4),
    ),
    "beta(.3)||uniform": (stats.beta(0.3, 0.3), stats.uniform(), lambda: beta_uniform(0.3, 0.3)),
    "arcsine||uniform": (stats.arcsine(), stats.uniform(), lambda: mpmath.log(4 / mpmath.pi)),
    "uniform||arcsine": (stats.uniform(), stats.beta(0.5, 0.5), lambda: mpmath.log(mpmath.pi) - 1),
    "uniform": (stats.uniform(1, 2), stats.uniform(0, 5), lambda: mpmath.log(mpf(5) / 2)),
    "triang||uniform": (stats.triang(0.3), stats.uniform(), lambda: mpmath.log(2) - mpf(1) / 2),
    "uniform||triang": (stats.uniform(), stats.triang(0.3), lambda: 1 - mpmath.log(2)),
    "lognorm": (stats.lognorm(1), stats.lognorm(2, scale=math.e), lambda: mpmath.log(2) + mpf(2) / 8 - mpf(1) / 2),
    "lognorm||norm": (stats.lognorm(1), stats.norm(), lambda: mpmath.exp(2) / 2 - mpf(1) / 2),
    "weibull_min||expon": (
        stats.weibull_min(2),
        stats.expon(),
        lambda: mpmath.log(2) - EULER / 2 - 1 + mpmath.gamma(mpf(3) / 2),
    ),
    "pareto": (stats.pareto(3), stats.pareto(2), lambda: mpmath.log(mpf(3) / 2) + mpf(2) / 3 - 1),
    "pareto, heavy": (stats.pareto(0.1), stats.pareto(0.2), lambda: 2 - 1 - mpmath.log(2)),
    "pareto||expon": (stats.pareto(2), stats.expon(), lambda: mpmath.log(2) - mpf(3) / 2 + 2),
    "pareto||expon, heavy": (
        stats.pareto(1.001),
        stats.expon(),
        lambda: (a := mpf(1.001)) and mpmath.log(a) - (a + 1) / a + a / (a - 1),
    ),
    "rayleigh||expon": (
        stats.rayleigh(),
        stats.expon(),
        lambda: mpmath.sqrt(mpmath.pi / 2) + (mpmath.log(2) - EULER) / 2 - 1,
    ),
    "t(3)||norm": (stats.t(3), stats.norm(), lambda: student_normal(3)),
    "t(2.01)||norm": (stats.t(2.01), stats.norm(), lambda: student_normal(2.01)),
    "t(2.0001)||norm": (stats.t(2.0001), stats.norm(), lambda: student_normal(2.0001)),
    "norm||x^2 norm": (stats.norm(), X2Normal()(), lambda: EULER + mpmath.log(2)),
    "poisson": (stats.poisson(3), stats.poisson(5), lambda: 3 * mpmath.log(mpf(3) / 5) + 2),
    "geom": (stats.geom(0.25), stats.geom(0.5), lambda: mpmath.log(mpf(1) / 2) + 3 * mpmath.log(mpf(3) / 2)),
    "zipf": (stats.zipf(3.5), stats.zipf(4.5), lambda: zipf_zipf(3.5, 4.5)),
    "zipf, heavy": (stats.zipf(1.25), stats.zipf(1.125), lambda: zipf_zipf(1.25, 1.125)),
    "zipf, shifted": (stats.zipf(2.5, loc=7), stats.zipf(3.5, loc=7), lambda: zipf_zipf(2.5, 3.5)),
    "zipf||geom": (
        stats.zipf(4),
        stats.geom(0.5),
        lambda: (
            4 * mpmath.zeta(4, derivative=1) / mpmath.zeta(4)
            - mpmath.log(mpmath.zeta(4))
            + mpmath.zeta(3) / mpmath.zeta(4) * mpmath.log(2)
        ),
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_at_fifty_digits(name):
    p, q, formula = CLOSED[name]
    with mpmath.workdps(50):
        truth = float(formula())
    value = kl_numeric(p, q)
    assert isinstance(value, float)
    assert value == pytest.approx(truth, rel=2e-9, abs=1e-13)


def log_norm(x, mean=0):
    return -((x - mean) ** 2) / 2 - mpmath.log(2 * mpmath.pi) / 2


def log_skewnorm(x, a):
    return mpmath.log(2) + log_norm(x) + mpmath.log(mpmath.ncdf(a * x))


def log_t(x, df):
    df = mpf(df)
    return -(df + 1) / 2 * mpmath.log1p(x * x / df) - mpmath.log(df) / 2 - log_beta(df / 2, mpf(1) / 2)


def log_gamma(x, a):
    return (a - 1) * mpmath.log(x) - x - mpmath.loggamma(a)


def log_logistic(x):
    return -x - 2 * mpmath.log1p(mpmath.exp(-x))


def log_gumbel(x):
    return -x - mpmath.exp(-x)


def log_lognorm(x):
    return log_norm(mpmath.log(x)) - mpmath.log(x)


LOG_SPACED = [mpf(10) ** k for k in (-12, -6, -3, -2, -1, 0, 1, 2, 3, 6, 9)]
INTEGRALS = {
    "norm||cauchy": (stats.norm(), stats.cauchy(), log_norm, lambda x: log_t(x, 1), (-30, -5, 0, 5, 30)),
    "norm||t": (stats.norm(2), stats.t(0.5), lambda x: log_norm(x, 2), lambda x: log_t(x, 0.5), (-30, 0, 2, 30)),
    "norm||skewnorm": (stats.norm(), stats.skewnorm(4), log_norm, lambda x: log_skewnorm(x, 4), (-20, -2, 0, 2, 20)),
    "skewnorm||norm": (stats.skewnorm(4), stats.norm(), lambda x: log_skewnorm(x, 4), log_norm, (-9, -1, 0, 1, 20)),
    "gamma||gamma": (
        stats.gamma(2, loc=1),
        stats.gamma(3),
        lambda x: log_gamma(x - 1, 2),
        lambda x: log_gamma(x, 3),
        (1, 2, 5, 20, 80),
    ),
    "gumbel_r||logistic": (stats.gumbel_r(), stats.logistic(), log_gumbel, log_logistic, (-6, 0, 5, 30, 80)),
    "gumbel_r||norm": (stats.gumbel_r(), stats.norm(), log_gumbel, log_norm, (-6, 0, 5, 30, 80)),
    "lognorm||gamma": (stats.lognorm(1), stats.gamma(3), log_lognorm, lambda x: log_gamma(x, 3), LOG_SPACED),
    "gamma||lognorm": (stats.gamma(3), stats.lognorm(1), lambda x: log_gamma(x, 3), log_lognorm, LOG_SPACED),
    "t||cauchy": (
        stats.t(3),
        stats.cauchy(),
        lambda x: log_t(x, 3),
        lambda x: log_t(x, 1),
        (-mpmath.inf, 0, mpmath.inf),
    ),
}


@pytest.mark.parametrize("name", INTEGRALS)
def test_integrals_at_twenty_five_digits(name):
    p, q, log_p, log_q, points = INTEGRALS[name]
    with mpmath.workdps(25):
        truth = mpmath.quad(lambda x: mpmath.exp(log_p(x)) * (log_p(x) - log_q(x)), points)
    assert kl_numeric(p, q) == pytest.approx(float(truth), rel=1e-10)


def poisson(mean):
    return lambda k: k * mpmath.log(mean) - mean - mpmath.loggamma(k + 1)


def negative_binomial(n, p):
    n, p = mpf(n), mpf(p)
    return lambda k: (
        mpmath.loggamma(k + n) - mpmath.loggamma(n) - mpmath.loggamma(k + 1) + n * mpmath.log(p) + k * mpmath.log(1 - p)
    )


def binomial(n, p):
    return lambda k: (
        mpmath.log(mpmath.binomial(n, k)) + k * mpmath.log(p) + (n - k) * mpmath.log(1 - mpf(p))
        if k <= n
        else -mpmath.inf
    )


def hypergeometric(total, good, draws):
    return lambda k: mpmath.log(mpf(math.comb(good, k)) * math.comb(total - good, draws - k) / math.comb(total, draws))


def geometric(p):
    return lambda k: mpmath.log(p) + (k - 1) * mpmath.log(1 - mpf(p)) if k else -mpmath.inf


def logarithmic(p):
    return lambda k: k * mpmath.log(p) - mpmath.log(k) - mpmath.log(-mpmath.log(1 - mpf(p))) if k else -mpmath.inf


SUMS = {
    "poisson||nbinom": (stats.poisson(3), stats.nbinom(5, 0.5), poisson(3), negative_binomial(5, 0.5), 200),
    "nbinom||poisson": (stats.nbinom(2.5, 0.25), stats.poisson(4), negative_binomial(2.5, 0.25), poisson(4), 400),
    "binom||poisson": (stats.binom(10, 0.3), stats.poisson(3), binomial(10, 0.3), poisson(3), 11),
    "binom||binom": (stats.binom(10, 0.3), stats.binom(12, 0.25), binomial(10, 0.3), binomial(12, 0.25), 11),
    "binom||randint": (stats.binom(7, 0.6), stats.randint(0, 9), binomial(7, 0.6), lambda k: -mpmath.log(9), 8),
    "randint||binom": (stats.randint(2, 5), stats.binom(7, 0.5), None, binomial(7, 0.5), 8),
    "hypergeom||binom": (
        stats.hypergeom(20, 7, 12),
        stats.binom(7, 0.6),
        hypergeometric(20, 7, 12),
        binomial(7, 0.6),
        8,
    ),
    "geom||logser": (stats.geom(0.3), stats.logser(0.9), geometric(0.3), logarithmic(0.9), 500),
    "logser||geom": (stats.logser(0.9), stats.geom(0.3), logarithmic(0.9), geometric(0.3), 900),
    "geom||poisson": (stats.geom(0.3), stats.poisson(2), geometric(0.3), poisson(2), 500),
}


@pytest.mark.parametrize("name", SUMS)
def test_sums_at_thirty_digits(name):
    p, q, log_p, log_q, last = SUMS[name]
    log_p = log_p or (lambda k: -mpmath.log(3) if 2 <= k < 5 else -mpmath.inf)
    with mpmath.workdps(30):
        terms = [(log_p(k), k) for k in range(last)]
        truth = mpmath.fsum(mpmath.exp(log) * (log - log_q(k)) for log, k in terms if log > -mpmath.inf)
        entropy = -mpmath.fsum(mpmath.exp(log) * log for log, k in terms if log > -mpmath.inf)
    assert kl_numeric(p, q) == pytest.approx(float(truth), rel=1e-11)
    assert entropy_numeric(p) == pytest.approx(float(entropy), rel=1e-11)
    assert cross_entropy_numeric(p, q) == pytest.approx(float(truth + entropy), rel=1e-11)


ENTROPIES = {
    "norm": (stats.norm(7, 3), lambda: mpmath.log(18 * mpmath.pi * mpmath.e) / 2),
    "t": (stats.t(2.01), lambda: student_entropy(2.01)),
    "cauchy": (stats.cauchy(), lambda: mpmath.log(4 * mpmath.pi)),
    "laplace": (stats.laplace(), lambda: 1 + mpmath.log(2)),
    "logistic": (stats.logistic(), lambda: mpf(2)),
    "gumbel_l": (stats.gumbel_l(), lambda: 1 + EULER),
    "gamma": (stats.gamma(0.01), lambda: (a := mpf(0.01)) + mpmath.loggamma(a) + (1 - a) * mpmath.digamma(a)),
    "beta": (stats.beta(0.1, 0.2), lambda: -beta_uniform(0.1, 0.2)),
    "uniform": (stats.uniform(3, 1), lambda: mpf(0)),
    "triang": (stats.triang(0.3), lambda: mpf(1) / 2 - mpmath.log(2)),
    "lognorm": (stats.lognorm(8), lambda: mpmath.log(128 * mpmath.pi * mpmath.e) / 2),
    "pareto": (stats.pareto(0.1), lambda: 1 + 1 / mpf(0.1) - mpmath.log(mpf(0.1))),
    "weibull_min": (stats.weibull_min(2), lambda: EULER / 2 - mpmath.log(2) + 1),
    "zipf": (
        stats.zipf(1.25),
        lambda: mpmath.log(mpmath.zeta(mpf(1.25))) - mpf(1.25) * mpmath.zeta(mpf(1.25), 1, 1) / mpmath.zeta(mpf(1.25)),
    ),
    "geom": (stats.geom(0.25), lambda: mpmath.log(4) + 3 * mpmath.log(mpf(4) / 3)),
    "randint": (stats.randint(-3, 5), lambda: mpmath.log(8)),
}


@pytest.mark.parametrize("name", ENTROPIES)
def test_entropies_at_fifty_digits(name):
    p, formula = ENTROPIES[name]
    with mpmath.workdps(50):
        truth = float(formula())
    assert entropy_numeric(p) == pytest.approx(truth, rel=2e-9, abs=1e-13)


@pytest.mark.parametrize(
    ("p", "q"), [(stats.t, stats.cauchy), (stats.gamma, stats.weibull_min), (stats.beta, stats.beta)]
)
def test_location_and_scale_do_not_matter(p, q):
    arguments = {stats.t: (3,), stats.cauchy: (), stats.gamma: (2,), stats.weibull_min: (1.5,), stats.beta: (0.5, 0.75)}
    value = kl_numeric(p(*arguments[p]), q(*arguments[q]))
    for loc, scale in [(-3, 1e-6), (0, 1e6), (1000, 3)]:
        moved = kl_numeric(*(x(*arguments[x], loc=loc, scale=scale) for x in (p, q)))
        assert moved == pytest.approx(value, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    "p",
    [stats.norm(), stats.t(1.5), stats.beta(0.5, 0.75), stats.lognorm(3), stats.poisson(4), stats.zipf(1.5)],
    ids=lambda p: p.dist.name,
)
def test_of_a_distribution_with_itself(p):
    assert kl_numeric(p, p) == 0


def test_near_equal_densities_keep_their_digits():
    assert kl_numeric(stats.norm(), stats.norm(1e-6)) == pytest.approx(5e-13, rel=1e-6)
    assert kl_numeric(stats.expon(), stats.expon(scale=1 + 1e-6)) == pytest.approx(5e-13, rel=1e-5)
    assert kl_numeric(stats.poisson(4), stats.poisson(4 + 4e-6)) == pytest.approx(2e-12, rel=1e-5)
