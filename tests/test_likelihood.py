"""Maximum likelihood and the G statistic: against 50 digits, moment matching and exact enumeration."""

import math

import mpmath
import numpy as np
import pytest
from scipy import integrate, special, stats

import kltools as kl
from kltools.likelihood import Fit, empirical_distribution, fit_maximum_likelihood, g_statistic, mean_log_likelihood

COIN = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]
HORSE_KICKS = np.repeat(np.arange(5), [109, 65, 22, 3, 1])


def coin(theta):
    return [theta, 1 - theta]


def fit_coin(counts, bounds=(0, 1)):
    return fit_maximum_likelihood(coin, counts, bounds=bounds)


CASES = [
    (empirical_distribution, lambda: ([0, 1], 0), ValueError, "k = 0"),
    (empirical_distribution, lambda: ([0, 1], 2.0), TypeError, "k must be an integer, got 2.0"),
    (empirical_distribution, lambda: ([0, 1], True), TypeError, "k must be an integer, got True"),
    (empirical_distribution, lambda: ([0, 2], 2), ValueError, r"xs\[1\] = 2: the outcomes are 0 to 1"),
    (empirical_distribution, lambda: ([-1], 2), ValueError, r"xs\[0\] = -1"),
    (empirical_distribution, lambda: ([], 2), ValueError, "xs has no outcomes"),
    (empirical_distribution, lambda: ([[0, 1]], 2), ValueError, r"xs must be one-dimensional, got shape \(1, 2\)"),
    (empirical_distribution, lambda: ([0.0, math.nan], 2), TypeError, "xs must hold integers"),
    (empirical_distribution, lambda: ("01", 2), TypeError, "xs must hold real numbers"),
    (mean_log_likelihood, lambda: ([0.5, 0.6], COIN), ValueError, "q sums to 1.1"),
    (mean_log_likelihood, lambda: ([0.5, math.nan], COIN), ValueError, r"q\[1\] = nan"),
    (mean_log_likelihood, lambda: ([1.5, -0.5], COIN), ValueError, r"q\[1\] = -0.5"),
    (mean_log_likelihood, lambda: (None, COIN), TypeError, "q must hold real numbers"),
    (mean_log_likelihood, lambda: ([0.5, 0.5], []), ValueError, "xs has no outcomes"),
    (mean_log_likelihood, lambda: ([0.5, 0.5], 0), ValueError, "xs must be one-dimensional"),
    (mean_log_likelihood, lambda: ([0.5, 0.5], [0, 2]), ValueError, r"xs\[1\] = 2"),
    (mean_log_likelihood, lambda: ([0.5, 0.5], [0.5]), TypeError, "xs must hold integers"),
    (mean_log_likelihood, lambda: ([[0.5, 0.5]] * 3, [0, 1]), ValueError, "neither one forecast nor one for each"),
    (mean_log_likelihood, lambda: (stats.norm(0, -1), [0.5]), ValueError, r"q\.scale = -1"),
    (mean_log_likelihood, lambda: (stats.norm(), [math.nan]), ValueError, r"xs\[0\] = nan"),
    (fit_maximum_likelihood, lambda: ("nrom", COIN), ValueError, "model = 'nrom' is not one of the families"),
    (fit_maximum_likelihood, lambda: (stats.binom, COIN), ValueError, "is not one of the families bernoulli, "),
    (fit_maximum_likelihood, lambda: (stats.norm(), COIN), TypeError, "model must be the name of a family"),
    (fit_maximum_likelihood, lambda: (3, COIN), TypeError, "model must be the name of a family"),
    (fit_maximum_likelihood, lambda: ("norm", []), ValueError, "data must be one-dimensional and not empty"),
    (fit_maximum_likelihood, lambda: ("norm", [[1, 2]]), ValueError, "data must be one-dimensional and not empty"),
    (fit_maximum_likelihood, lambda: ("norm", [1, math.nan]), ValueError, r"data\[1\] = nan"),
    (fit_maximum_likelihood, lambda: ("norm", [1, math.inf]), ValueError, r"data\[1\] = inf"),
    (fit_maximum_likelihood, lambda: ("norm", "ab"), TypeError, "data must hold real numbers"),
    (fit_maximum_likelihood, lambda: ("norm", [1e200, -1e200]), ValueError, "no maximum .* in floating point"),
    (fit_maximum_likelihood, lambda: ("expon", [0, 0]), ValueError, "data are all equal to 0: .* no maximum"),
    (fit_maximum_likelihood, lambda: ("expon", [1, -1]), ValueError, r"data\[1\] = -1.0: expon is fitted to"),
    (fit_maximum_likelihood, lambda: ("poisson", [1, 0.5]), ValueError, r"data\[1\] = 0.5: poisson is fitted to whole"),
    (fit_maximum_likelihood, lambda: ("poisson", [-1]), ValueError, r"data\[0\] = -1.0"),
    (fit_maximum_likelihood, lambda: ("geom", [1, 0]), ValueError, r"data\[1\] = 0.0: geom .* whole numbers from 1"),
    (fit_maximum_likelihood, lambda: ("bernoulli", [0, 2]), ValueError, r"data\[1\] = 2.0: bernoulli"),
    (fit_maximum_likelihood, lambda: ("beta", [0.5, 1]), ValueError, r"data\[1\] = 1.0: beta"),
    (fit_maximum_likelihood, lambda: (coin, [7, 3]), TypeError, "bounds must be given"),
    (
        lambda data, bounds: fit_maximum_likelihood("norm", data, bounds=bounds),
        lambda: (COIN, (0, 1)),
        TypeError,
        "own",
    ),
    (fit_coin, lambda: ([7, 3], (1, 0)), ValueError, r"bounds = \(1, 0\)"),
    (fit_coin, lambda: ([7, 3], (0, math.nan)), ValueError, r"bounds = \(0, nan\)"),
    (fit_coin, lambda: ([7, 3], 1), ValueError, "bounds = 1"),
    (fit_coin, lambda: ([7, 3], "ab"), TypeError, "bounds must hold real numbers"),
    (fit_coin, lambda: ([7, 3], (0, 2)), ValueError, r"model\(1\.01\)\[1\] = -0\.01"),
    (fit_coin, lambda: ([7, 3, 1],), ValueError, r"model\(0\.0\) of shape \(2,\) and data of shape \(3,\)"),
    (fit_coin, lambda: ([7, -3],), ValueError, r"data\[1\] = -3"),
    (fit_coin, lambda: ([7, 0.5],), ValueError, r"data\[1\] = 0.5"),
    (fit_coin, lambda: ([0, 0],), ValueError, "data counts nothing"),
    (fit_coin, lambda: ([],), ValueError, "data counts nothing"),
    (g_statistic, lambda: ([7, math.nan], [0.5, 0.5]), ValueError, r"counts\[1\] = nan"),
    (g_statistic, lambda: ([7, -3], [0.5, 0.5]), ValueError, r"counts\[1\] = -3"),
    (g_statistic, lambda: ([7, 2.5], [0.5, 0.5]), ValueError, r"counts\[1\] = 2.5"),
    (g_statistic, lambda: ([0, 0], [0.5, 0.5]), ValueError, "counts counts nothing"),
    (g_statistic, lambda: ([], [0.5, 0.5]), ValueError, "counts counts nothing"),
    (g_statistic, lambda: ([[7, 3]], [0.5, 0.5]), ValueError, "counts must be one-dimensional"),
    (g_statistic, lambda: ("ab", [0.5, 0.5]), TypeError, "counts must hold real numbers"),
    (g_statistic, lambda: ([7, 3], [0.5, 0.6]), ValueError, r"q sums to 1\.1, not to 1 \(tolerance 1\.0e-08\)$"),
    (
        g_statistic,
        lambda: ([7, 3], [5, 5]),
        ValueError,
        r"q sums to 10\.0, not to 1 .*; divide expected counts by their sum",
    ),
    (g_statistic, lambda: ([70, 30], [33.3, 66.6]), ValueError, r"q sums to 99\.\d+, .*; divide expected counts by"),
    (g_statistic, lambda: ([7, 3], [0.5, 0.25, 0.25]), ValueError, "counts of shape .* and q of shape .* do not match"),
    (g_statistic, lambda: ([7, 3], [[0.5, 0.5]]), ValueError, "do not match"),
    *(
        (fit_maximum_likelihood, lambda name=name: (name, [0.1, 0.1, 0.1]), ValueError, "data are all equal to 0.1")
        for name in ("norm", "laplace", "gumbel_r", "uniform", "pareto", "lognorm", "gamma", "invgamma", "weibull_min")
    ),
    *(
        (fit_maximum_likelihood, lambda name=name: (name, [1, 0]), ValueError, r"data\[1\] = 0.0: .* positive numbers")
        for name in ("pareto", "lognorm", "gamma", "invgamma", "weibull_min")
    ),
]


@pytest.mark.parametrize(("function", "args", "error", "message"), CASES)
def test_bad_input_is_named(function, args, error, message):
    with pytest.raises(error, match=message):
        function(*args())


def test_empirical_distribution():
    assert empirical_distribution(COIN, 2).tolist() == [0.7, 0.3]
    assert empirical_distribution(np.uint8([3, 3]), 5).tolist() == [0, 0, 0, 1, 0]


def test_mean_log_likelihood_is_minus_entropy_minus_divergence():
    p = empirical_distribution(COIN, 2)
    assert mean_log_likelihood([0.7, 0.3], COIN) == pytest.approx(-0.610864, abs=5e-7)
    assert mean_log_likelihood([0.4, 0.6], COIN) == pytest.approx(-0.794651, abs=5e-7)
    assert mean_log_likelihood([0.4, 0.6], COIN) == pytest.approx(-kl.cross_entropy(p, [0.4, 0.6]), rel=1e-14)
    # The binomial likelihoods: larger than those of the sequence by the same factor.
    binomial = [math.comb(10, 7) * math.exp(10 * mean_log_likelihood(q, COIN)) for q in ([0.7, 0.3], [0.4, 0.6])]
    assert binomial == pytest.approx([0.266828, 0.0424673], rel=5e-6)
    assert binomial[0] / binomial[1] == pytest.approx(math.exp(10 * kl.kl_divergence([0.7, 0.3], [0.4, 0.6])))
    assert mean_log_likelihood([1, 0], COIN) == -math.inf
    # A conditional model, and the one-hot case: cross-entropy and divergence are the same.
    assert mean_log_likelihood([[0.9, 0.1], [0.5, 0.5]], [0, 1]) == pytest.approx(math.log(0.45) / 2, rel=1e-15)
    assert mean_log_likelihood([0.1, 0.9], [1]) == pytest.approx(-0.105361, abs=5e-7)
    truth = -math.log(2 * math.pi) - 12.5 / 2
    assert mean_log_likelihood(stats.multivariate_normal([0, 0]), [[0, 0], [3, 4]]) == pytest.approx(truth, rel=1e-14)


def sample(name, n=60):
    true = {
        "bernoulli": (0.3,), "poisson": (3,), "geom": (0.3,), "norm": (3, 2), "laplace": (3, 2), "gumbel_r": (3, 2),
        "uniform": (3, 2), "expon": (0, 2), "pareto": (2.5, 0, 2), "lognorm": (0.5, 0, 2), "gamma": (2, 0, 3),
        "invgamma": (3, 0, 3), "weibull_min": (1.7, 0, 3), "beta": (0.6, 2),
    }[name]  # fmt: skip
    return getattr(stats, name)(*true).rvs(size=n, random_state=np.random.default_rng(5))


def log(x):
    return mpmath.log(x)


def average(values):
    values = list(values)
    return mpmath.fsum(values) / len(values)


# The likelihood equations, written out: mean sufficient statistics of the data minus those of the model.
EQUATIONS = {
    "norm": lambda x, loc, scale: [average(x) - loc, average((v - loc) ** 2 for v in x) - scale**2],
    "gumbel_r": lambda x, loc, scale: [
        average(mpmath.exp(-(v - loc) / scale) for v in x) - 1,
        average((v - loc) * (1 - mpmath.exp(-(v - loc) / scale)) for v in x) - scale,
    ],
    "expon": lambda x, scale: [average(x) - scale],
    "lognorm": lambda x, s, scale: [average(map(log, x)) - log(scale), average(log(v / scale) ** 2 for v in x) - s**2],
    "gamma": lambda x, a, scale: [average(map(log, x)) - mpmath.digamma(a) - log(scale), average(x) - a * scale],
    "invgamma": lambda x, a, scale: [
        average(map(log, x)) + mpmath.digamma(a) - log(scale),
        average(1 / v for v in x) - a / scale,
    ],
    "weibull_min": lambda x, c, scale: [
        average((v / scale) ** c for v in x) - 1,
        average(((v / scale) ** c - 1) * log(v / scale) for v in x) - 1 / c,
    ],
    "beta": lambda x, a, b: [
        average(map(log, x)) - mpmath.digamma(a) + mpmath.digamma(a + b),
        average(log(1 - v) for v in x) - mpmath.digamma(b) + mpmath.digamma(a + b),
    ],
    "poisson": lambda x, mu: [average(x) - mu],
    "geom": lambda x, p: [average(x) - 1 / p],
    "bernoulli": lambda x, p: [average(x) - p],
}


@pytest.mark.parametrize("name", EQUATIONS)
def test_likelihood_equations_at_fifty_digits(name):
    xs = sample(name)
    fit = fit_maximum_likelihood(name, xs)
    with mpmath.workdps(50):
        exact = [mpmath.mpf(float(x)) for x in xs]
        start = [mpmath.mpf(value) for value in fit.parameters.values()]
        truth = [float(x) for x in mpmath.findroot(lambda *theta: EQUATIONS[name](exact, *theta), start)]
    assert list(fit.parameters.values()) == pytest.approx(truth, rel=1e-11)


@pytest.mark.parametrize("name", [*EQUATIONS, "laplace", "uniform", "pareto"])
def test_no_other_parameters_do_better(name):
    xs = sample(name)
    family = getattr(stats, name)
    fit = fit_maximum_likelihood(family, xs)
    assert isinstance(fit, Fit)
    log_mass = "logpmf" if hasattr(family, "logpmf") else "logpdf"
    assert fit.mean_log_likelihood == pytest.approx(getattr(family, log_mass)(xs, **fit.parameters).mean(), rel=1e-13)
    rng = np.random.default_rng(6)
    with np.errstate(all="ignore"):
        for width in np.repeat([1e-3, 1e-2, 1e-1, 1], 25):
            moved = {key: value * math.exp(width * rng.normal()) for key, value in fit.parameters.items()}
            others = getattr(family, log_mass)(xs, **moved)
            assert not others.mean() >= fit.mean_log_likelihood
    frozen = family(**fit.parameters)
    assert fit.distribution.mean() == frozen.mean()


@pytest.mark.parametrize(
    "name", ["norm", "laplace", "gumbel_r", "uniform", "gamma", "invgamma", "weibull_min", "pareto"]
)
def test_fit_follows_the_unit(name):
    xs = sample(name)
    fit = fit_maximum_likelihood(name, xs)
    for unit in (2.0**-60, 2.0**60):
        other = fit_maximum_likelihood(name, xs * unit)
        scaled = {key: value * (unit if key in ("loc", "scale") else 1) for key, value in fit.parameters.items()}
        assert other.parameters == {key: pytest.approx(value, rel=1e-11, abs=0) for key, value in scaled.items()}
        assert other.mean_log_likelihood == pytest.approx(fit.mean_log_likelihood - math.log(unit), rel=1e-12)


@pytest.mark.parametrize(("name", "xs"), [("gamma", 1 + 1e-14 * np.arange(9)), ("beta", 1e-300 * np.arange(1, 9))])
def test_equations_that_floats_cannot_solve_are_refused(name, xs):
    with pytest.raises(ValueError, match=f"the likelihood equations of {name} were not solved for the data"):
        fit_maximum_likelihood(name, xs)


def test_closed_forms_that_are_order_statistics():
    xs = [4.0, 1.0, 2.0, 9.0]
    assert fit_maximum_likelihood("laplace", xs).parameters == {"loc": 3.0, "scale": 2.5}
    assert fit_maximum_likelihood("uniform", xs).parameters == {"loc": 1.0, "scale": 8.0}
    pareto = fit_maximum_likelihood("pareto", xs).parameters
    assert pareto == {"b": pytest.approx(4 / math.log(72), rel=1e-15), "scale": 1.0}
    # The likelihood stays finite at the edges of the support, whatever the rounding.
    for seed in range(20):
        xs = np.random.default_rng(seed).lognormal(size=30)
        for name in ("uniform", "pareto"):
            assert math.isfinite(fit_maximum_likelihood(name, xs).mean_log_likelihood)


def test_horse_kicks():
    fit = fit_maximum_likelihood("poisson", HORSE_KICKS)
    assert fit.parameters == {"mu": pytest.approx(0.61, rel=1e-15)}
    with mpmath.workdps(50):
        mu = mpmath.mpf(fit.parameters["mu"])
        p = {k: mpmath.mpf(count) / 200 for k, count in enumerate([109, 65, 22, 3, 1])}
        model = {k: mpmath.exp(-mu) * mu**k / mpmath.factorial(k) for k in p}
        divergence = float(mpmath.fsum(p[k] * log(p[k] / model[k]) for k in p))
        likelihood = float(mpmath.fsum(p[k] * log(model[k]) for k in p))
    assert fit.divergence == pytest.approx(divergence, rel=1e-11)
    assert fit.mean_log_likelihood == pytest.approx(likelihood, rel=1e-14)
    entropy = kl.entropy(empirical_distribution(HORSE_KICKS, 5))
    assert fit.mean_log_likelihood == pytest.approx(-entropy - fit.divergence, rel=1e-13)
    # The smallest divergence over a grid of rates is at the mean.
    grid = np.arange(0.5, 0.73, 0.01)
    divergences = [math.fsum(float(p[k]) * (float(log(p[k])) - stats.poisson(m).logpmf(k)) for k in p) for m in grid]
    assert grid[int(np.argmin(divergences))] == pytest.approx(0.61)


def test_boundary_of_the_parameters_is_an_answer():
    for name, xs, parameters in [
        ("poisson", [0, 0, 0], {"mu": 0.0}),
        ("bernoulli", [1, 1], {"p": 1.0}),
        ("bernoulli", [0], {"p": 0.0}),
        ("geom", [1, 1], {"p": 1.0}),
    ]:
        fit = fit_maximum_likelihood(name, xs)
        assert (fit.parameters, fit.mean_log_likelihood, fit.divergence) == (parameters, 0.0, 0.0)
    assert fit_maximum_likelihood("norm", [0, 1]).divergence == math.inf


def test_wrong_model_normal_for_exponential_and_laplace():
    n = 200_000
    for draws, p, loc, scale, smallest in [
        (np.random.default_rng(7).exponential(size=n), stats.expon(), 1, 1, 0.418939),
        (np.random.default_rng(8).laplace(size=n), stats.laplace(), 0, math.sqrt(2), 0.0723649),
    ]:
        fit = fit_maximum_likelihood("norm", draws)
        # Seven standard errors; Laplace draws have a fourth moment of 24, exponential ones a central one of 9.
        assert fit.parameters["loc"] == pytest.approx(loc, abs=7 * scale / math.sqrt(n))
        assert fit.parameters["scale"] == pytest.approx(scale, abs=7 * math.sqrt(20 / n) / (2 * scale))
        q = stats.norm(loc, scale)
        low = p.support()[0] if p.support()[0] > -math.inf else -60
        value = sum(
            integrate.quad(lambda x, p=p, q=q: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), a, b, epsabs=1e-12)[0]
            for a, b in [(low, 0), (0, 60)]
        )
        assert value == pytest.approx(smallest, abs=5e-7)
        # What the data say: the cross-entropy under the fit, less the entropy of P.
        assert -fit.mean_log_likelihood - p.entropy() == pytest.approx(smallest, abs=0.02)


@pytest.mark.parametrize("counts", [[7, 3], [0, 10], [10, 0], [1, 999_999], [500_001, 499_999]])
def test_callable_coin(counts):
    fit = fit_coin(counts)
    p = np.array(counts) / sum(counts)
    assert fit.parameters == {"theta": pytest.approx(p[0], rel=1e-7, abs=1e-12)}
    assert fit.distribution == pytest.approx(p, rel=1e-7, abs=1e-12)
    assert fit.mean_log_likelihood == pytest.approx(-kl.entropy(p), rel=1e-9)
    assert 0 <= fit.divergence < 1e-12


def test_callable_matches_moments_in_an_exponential_family():
    values = np.arange(6)
    counts = np.random.default_rng(9).integers(1, 30, size=6)
    mean = counts @ values / counts.sum()

    def tilted(theta):
        return special.softmax(theta * values)

    fit = fit_maximum_likelihood(tilted, counts, bounds=(-5, 5))
    assert fit.distribution @ values == pytest.approx(mean, rel=1e-7)
    with mpmath.workdps(50):
        theta = mpmath.findroot(
            lambda t: sum(k * mpmath.exp(t * k) for k in range(6)) / sum(mpmath.exp(t * k) for k in range(6)) - mean,
            fit.parameters["theta"],
        )
    assert fit.parameters["theta"] == pytest.approx(float(theta), abs=1e-7)
    p = counts / counts.sum()
    assert fit.divergence == pytest.approx(kl.kl_divergence(p, tilted(float(theta))), rel=1e-12)
    assert fit.mean_log_likelihood == pytest.approx(p @ np.log(tilted(float(theta))), rel=1e-12)


def test_callable_at_an_end_with_two_peaks_and_with_no_likelihood():
    assert fit_coin([7, 3], bounds=(0.8, 1)).parameters == {"theta": pytest.approx(0.8, abs=1e-9)}
    # The end at -0.5 is a lesser peak.
    fit = fit_maximum_likelihood(lambda t: [t**2, 1 - t**2], [49, 51], bounds=(-0.5, 1))
    assert fit.parameters == {"theta": pytest.approx(0.7, rel=1e-7)}
    with pytest.raises(ValueError, match="likelihood zero at every theta tried between 0"):
        fit_maximum_likelihood(lambda t: [0, t, 1 - t], [1, 1, 1], bounds=(0, 1))


def test_g_statistic():
    g = g_statistic([70, 30], [0.6, 0.4])
    assert g.statistic == pytest.approx(4.32017, abs=5e-6)
    truth = 200 * (0.7 * math.log(7 / 6) + 0.3 * math.log(3 / 4))
    assert g == (pytest.approx(truth, rel=1e-14), 1, pytest.approx(math.erfc(math.sqrt(truth / 2)), rel=1e-12))
    counts, q = np.array([0, 12, 30, 8]), np.array([0.1, 0.2, 0.5, 0.2])
    power = stats.power_divergence(counts, counts.sum() * q, lambda_="log-likelihood")
    assert g_statistic(counts, q) == (pytest.approx(power.statistic, rel=1e-12), 3, pytest.approx(power.pvalue))


def test_g_statistic_where_q_excludes_outcomes():
    assert g_statistic([5, 5, 1], [0.5, 0.5, 0]) == (math.inf, 1, 0.0)
    assert g_statistic([5, 5, 0], [0.5, 0.5, 0]) == (0.0, 1, 1.0)
    assert g_statistic([5, 0], [1, 0]) == (0.0, 0, 1.0)
    assert g_statistic([5, 1], [1, 0]) == (math.inf, 0, 0.0)
    g = g_statistic([5, 1], [1, 0])
    assert [type(value) for value in g] == [float, int, float]


@pytest.mark.parametrize(("theta", "mean", "tail"), [(0.7, 1.00642, 0.0498198), (0.5, 1.00507, 0.0568879)])
def test_wilks_by_enumeration(theta, mean, tail):
    n = 100
    heads = np.arange(n + 1)
    weights = stats.binom(n, theta).pmf(heads)
    results = [g_statistic([k, n - k], [theta, 1 - theta]) for k in heads]
    assert weights @ [g.statistic for g in results] == pytest.approx(mean, abs=5e-6)
    assert weights @ [g.statistic > 3.841459 for g in results] == pytest.approx(tail, abs=5e-8)
    assert weights @ [g.p_value < 0.05 for g in results] == pytest.approx(tail, abs=5e-8)
