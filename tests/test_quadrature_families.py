"""Every pair of the families that quadrature and summation are tested on: finite, or infinite for a reason."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from kltools._quadrature import CONTINUOUS_FAMILIES, DISCRETE_FAMILIES, cross_entropy_numeric, kl_numeric

# One member of each listed family of densities, with what decides whether a divergence is infinite: the support, and
# on each side the tail of P, ("power", index) or ("exponential", rate), and the growth of -log q, ("power", exponent)
# or ("exponential", rate). Other tails are lighter, and other growth is slower.
POWER, EXPONENTIAL = "power", "exponential"
LINE, HALF = (-math.inf, math.inf), (0, math.inf)
QUADRATIC, LINEAR = (POWER, 2), (POWER, 1)
LISTED = {
    "norm": (stats.norm(0.3, 1.2), LINE, (None, None), (QUADRATIC, QUADRATIC)),
    "t": (stats.t(2.5), LINE, ((POWER, 2.5), (POWER, 2.5)), (None, None)),
    "cauchy": (stats.cauchy(1, 0.5), LINE, ((POWER, 1), (POWER, 1)), (None, None)),
    "laplace": (stats.laplace(0.2, 0.7), LINE, ((EXPONENTIAL, 1 / 0.7),) * 2, (LINEAR, LINEAR)),
    "logistic": (stats.logistic(-0.4, 0.8), LINE, ((EXPONENTIAL, 1 / 0.8),) * 2, (LINEAR, LINEAR)),
    "gumbel_r": (stats.gumbel_r(0.1, 1.3), LINE, (None, (EXPONENTIAL, 1 / 1.3)), ((EXPONENTIAL, 1 / 1.3), LINEAR)),
    "gumbel_l": (stats.gumbel_l(0, 0.9), LINE, ((EXPONENTIAL, 1 / 0.9), None), (LINEAR, (EXPONENTIAL, 1 / 0.9))),
    "expon": (stats.expon(scale=1.5), HALF, (None, (EXPONENTIAL, 1 / 1.5)), (None, LINEAR)),
    "gamma": (stats.gamma(0.6, scale=2), HALF, (None, (EXPONENTIAL, 0.5)), (None, LINEAR)),
    "invgamma": (stats.invgamma(2.2, scale=1.4), HALF, (None, (POWER, 2.2)), (None, None)),
    "chi2": (stats.chi2(3), HALF, (None, (EXPONENTIAL, 0.5)), (None, LINEAR)),
    "beta": (stats.beta(3, 2, loc=0.5, scale=0.4), (0.5, 0.9), (None, None), (None, None)),
    "uniform": (stats.uniform(0.25, 0.5), (0.25, 0.75), (None, None), (None, None)),
    "triang": (stats.triang(0.3, 0.1, 0.7), (0.1, 0.8), (None, None), (None, None)),
    "lognorm": (stats.lognorm(0.9), HALF, (None, (EXPONENTIAL, 0)), (None, None)),
    "weibull_min": (stats.weibull_min(1.7, scale=2), HALF, (None, None), (None, (POWER, 1.7))),
    "pareto": (stats.pareto(2.5, scale=0.4), (0.4, math.inf), (None, (POWER, 2.5)), (None, None)),
    "rayleigh": (stats.rayleigh(scale=0.8), HALF, (None, None), (None, QUADRATIC)),
    "skewnorm": (stats.skewnorm(3, 0.1, 1.1), LINE, (None, None), (QUADRATIC, QUADRATIC)),
}


def diverges(tail, growth):
    """Return whether the expectation of a growth under a tail is infinite."""
    if tail is None or growth is None:
        return False
    if tail[0] == growth[0]:
        return growth[1] >= tail[1]
    return growth[0] == EXPONENTIAL


def expected_infinite(p, q):
    _, (p_low, p_high), tails, _ = LISTED[p]
    _, (q_low, q_high), _, growths = LISTED[q]
    if p_low < q_low or p_high > q_high:
        return True
    # -log q of invgamma is 1.4/x at 0: the expectation of 1/x is infinite where p(0) > 0, or p is no smaller than x^0.
    if q == "invgamma" and p in ("expon", "gamma"):
        return True
    return any(map(diverges, tails, growths))


def test_every_listed_family_is_tested():
    assert tuple(LISTED) == CONTINUOUS_FAMILIES
    assert tuple(SUMMED) == DISCRETE_FAMILIES


@pytest.mark.parametrize("p", LISTED)
def test_all_pairs_of_listed_densities(p):
    """The expectation of log(p/q) by the trapezoidal rule in the logit of the quantile, or infinity by the tails."""
    distribution = LISTED[p][0]
    logit, step = np.linspace(-600, 600, 24_001, retstep=True)
    low = np.exp(-np.logaddexp(0, np.abs(logit)))
    weights = step * low * (1 - low)
    slow = p == "skewnorm"  # scipy searches its quantiles; `INTEGRALS` has it
    x = np.where(logit < 0, distribution.ppf(low), distribution.isf(low)) if not slow else np.zeros(1)
    for q, (other, *_) in LISTED.items():
        value = kl_numeric(distribution, other)
        if expected_infinite(p, q):
            assert value == math.inf, q
            assert cross_entropy_numeric(distribution, other) == math.inf, q
            continue
        assert 0 <= value < math.inf, q
        assert value > 1e-3 or p == q
        with np.errstate(all="ignore"):
            log_ratio = distribution.logpdf(x) - other.logpdf(x)
        seen = np.isfinite(log_ratio)
        if not slow and weights[~seen].sum() < 1e-12:  # the rest of the pairs: see CLOSED
            # Laplace's and the triangle's kinks cost the trapezoidal rule its digits.
            assert value == pytest.approx(np.sum(weights[seen] * log_ratio[seen]), rel=3e-4, abs=3e-4), q


SUMMED = {
    "poisson": [stats.poisson(3.3), stats.poisson(40, loc=1)],
    "geom": [stats.geom(0.3), stats.geom(0.1, loc=-1)],
    "nbinom": [stats.nbinom(2.5, 0.2)],
    "binom": [stats.binom(12, 0.4), stats.binom(400, 0.9)],
    "randint": [stats.randint(-2, 15), stats.randint(1, 9)],
    "hypergeom": [stats.hypergeom(40, 12, 15)],
    "zipf": [stats.zipf(4.5), stats.zipf(5, loc=-1)],
    "logser": [stats.logser(0.7)],
}


@pytest.mark.parametrize("p", SUMMED)
def test_all_pairs_of_listed_masses(p):
    k = np.arange(-3, 20_000)
    for distribution in SUMMED[p]:
        with np.errstate(divide="ignore"):
            log_p = distribution.logpmf(k)
        for other in itertools.chain(*SUMMED.values()):
            value = kl_numeric(distribution, other)
            within = distribution.support()[0] >= other.support()[0] and distribution.support()[1] <= other.support()[1]
            if not within:
                assert value == math.inf
                continue
            with np.errstate(divide="ignore"):
                log_q = other.logpmf(k)
            seen = (log_p > -600) & (log_q > -np.inf)
            naive = np.sum(np.exp(log_p[seen]) * (log_p[seen] - log_q[seen]))
            assert value == pytest.approx(naive, rel=2e-9, abs=2e-9)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (stats.t(2), stats.norm()),
        (stats.t(1.99), stats.norm()),
        (stats.pareto(1), stats.expon()),
        (stats.uniform(), stats.invgamma(3)),
        (stats.laplace(), stats.uniform(-50, 100)),
        (stats.uniform(), stats.uniform(2, 1)),  # disjoint
        (stats.uniform(), stats.uniform(1, 1)),  # touching
        (stats.expon(), stats.expon(loc=2.0**-40)),
        (stats.gamma(3), stats.gamma(2, loc=1)),
        (stats.uniform(0, 0.3), stats.uniform(0, np.nextafter(0.3, 0))),
        (stats.zipf(1.8), stats.geom(0.5)),
        (stats.zipf(1.8), stats.poisson(4, loc=1)),
        (stats.poisson(3), stats.binom(10**6, 0.3)),
        (stats.randint(0, 5), stats.randint(0, 4)),  # one atom more
        (stats.geom(0.3, loc=-1), stats.poisson(0)),  # zero within the support
        (stats.randint(1, 5), stats.rv_discrete(values=([1, 2, 4], [0.2, 0.3, 0.5]))()),
    ],
)
def test_infinite(p, q):
    assert kl_numeric(p, q) == math.inf
    assert cross_entropy_numeric(p, q) == math.inf
