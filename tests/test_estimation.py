"""Monte Carlo, counts and the bootstrap against closed forms, enumeration and the coverage that they promise."""

import math
from dataclasses import FrozenInstanceError
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from scipy import optimize, stats

import kltools as kl
from kltools.estimation import Estimate, bootstrap, kl_monte_carlo, kl_plugin

INF = math.inf


def normal_log_ratio(mu, shape, seed):
    """Log ratios of N(0, 1) to N(mu, 1) at draws from N(0, 1)."""
    return mu**2 / 2 - mu * np.random.default_rng(seed).standard_normal(shape)


def normal_moments(mu):
    """The mean and the variance of one term of k1, k2 and k3 for N(0, 1) and N(mu, 1)."""
    return {
        "k1": (mu**2 / 2, mu**2),
        "k2": ((mu**2 + mu**4 / 4) / 2, (2 * mu**4 + mu**6) / 4),
        "k3": (mu**2 / 2, math.expm1(mu**2) - mu**2),
    }


def within(proportion, level, trials):
    """Whether a proportion is within four binomial standard deviations of its expectation."""
    return abs(proportion - level) < 4 * math.sqrt(level * (1 - level) / trials)


# Estimate


def test_an_estimate_holds_floats_and_prints_its_digits():
    estimate = Estimate(np.float64(0.183787), np.float32(0.0078125), Fraction(1, 8), 1, np.int64(1000))
    assert [type(x) for x in (estimate.value, estimate.standard_error, estimate.low, estimate.n)] == [float] * 3 + [int]
    assert repr(estimate) == "Estimate(0.1838 ± 0.0078, interval [0.1250, 1.0000], n=1000)"
    assert repr(Estimate(0.5, 0, 0.5, 0.5, 3)) == "Estimate(0.5 ± 0, interval [0.5, 0.5], n=3)"
    assert repr(Estimate(INF, INF, 0, INF, 9)) == "Estimate(inf ± inf, interval [0, inf], n=9)"
    assert repr(Estimate(1234, 21, 1190, 1280, 9)) == "Estimate(1234 ± 21, interval [1190, 1280], n=9)"
    assert (
        repr(Estimate(1e-8, 2e-9, -4e-10, 2e-8, 9)) == "Estimate(1.00e-08 ± 2.0e-09, interval [-4e-10, 2.00e-08], n=9)"
    )
    with pytest.raises(FrozenInstanceError):
        estimate.value = 0.0


# Monte Carlo


@pytest.mark.parametrize("mu", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("estimator", ["k1", "k2", "k3"])
def test_monte_carlo_has_the_mean_and_the_error_of_theory(estimator, mu):
    n = 200_000
    mean, variance = normal_moments(mu)[estimator]
    estimate = kl_monte_carlo(normal_log_ratio(mu, n, seed=1), estimator=estimator)
    assert estimate.n == n
    assert estimate.value == pytest.approx(mean, abs=4 * math.sqrt(variance / n))
    assert estimate.standard_error == pytest.approx(math.sqrt(variance / n), rel=0.03)


@pytest.mark.parametrize("estimator", ["k1", "k2", "k3"])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_monte_carlo_intervals_cover(estimator, confidence):
    """k2's interval covers E[L^2] / 2, and seldom the divergence."""
    mu, trials = 0.6, 400
    samples = normal_log_ratio(mu, (trials, 500), seed=2)
    estimates = [kl_monte_carlo(sample, estimator=estimator, confidence=confidence) for sample in samples]
    target = normal_moments(mu)[estimator][0]
    assert within(np.mean([e.low <= target <= e.high for e in estimates]), confidence, trials)
    if estimator == "k2":
        assert np.mean([e.low <= mu**2 / 2 <= e.high for e in estimates]) < 0.8 * confidence


def test_the_interval_of_a_mean_is_students():
    x = np.random.default_rng(3).standard_normal(7)
    estimate = kl_monte_carlo(x, confidence=0.9)
    expected = stats.ttest_1samp(x, 0).confidence_interval(0.9)
    assert (estimate.low, estimate.high) == pytest.approx(expected, rel=1e-12)
    assert estimate.standard_error == pytest.approx(stats.sem(x), rel=1e-12)


def test_k3_is_better_than_k1_below_a_divergence_of_0_628216():
    crossover = optimize.brentq(lambda mu: math.exp(mu**2) - 1 - 2 * mu**2, 0.5, 2, xtol=1e-14)
    assert crossover == pytest.approx(1.12091, abs=5e-6)
    assert crossover**2 / 2 == pytest.approx(0.628216, abs=5e-7)
    moments = normal_moments(crossover)
    assert moments["k1"][1] == pytest.approx(moments["k3"][1], rel=1e-12)
    for mu, better in [(crossover - 0.2, "k3"), (crossover + 0.2, "k1")]:
        log_ratio = normal_log_ratio(mu, 100_000, seed=4)
        errors = {name: kl_monte_carlo(log_ratio, estimator=name).standard_error for name in ("k1", "k3")}
        assert min(errors, key=errors.get) == better


def test_k3_with_infinite_variance():
    """P = N(0, 1), Q = N(0, 1.5^2): most means of k3 are too small, and their intervals miss too often."""
    scale, truth = 1.5, kl.kl_divergence(stats.norm(0, 1), stats.norm(0, 1.5))
    assert truth == pytest.approx(0.127687, abs=5e-7)
    x = np.random.default_rng(5).standard_normal((3000, 1000))
    log_ratio = math.log(scale) + x**2 * (1 / scale**2 - 1) / 2
    k1 = [kl_monte_carlo(sample) for sample in log_ratio]
    assert np.std([e.value for e in k1]) == pytest.approx(0.0124226, rel=0.06)
    assert within(np.mean([e.low <= truth <= e.high for e in k1]), 0.95, len(k1))
    k3 = [kl_monte_carlo(sample, estimator="k3") for sample in log_ratio]
    assert np.median([e.value for e in k3]) == pytest.approx(0.1187, abs=0.001)
    assert np.mean([e.low <= truth <= e.high for e in k3]) < 0.85


@pytest.mark.parametrize("size", [1e-12, 1e-9, 1e-4, 1 / 64, 1 / 63, 0.3, 5, 300])
@pytest.mark.parametrize("sign", [1, -1])
def test_k3_keeps_its_digits(size, sign):
    log_ratio = sign * size * np.array([1.0, 0.75])
    with mpmath.workdps(50):
        truth = float(mpmath.fsum(mpmath.exp(-mpmath.mpf(x)) - 1 + mpmath.mpf(x) for x in log_ratio) / 2)
    assert kl_monte_carlo(log_ratio, estimator="k3").value == pytest.approx(truth, rel=1e-13, abs=0)


def test_k3_misses_the_mass_of_q_outside_of_p():
    """P uniform on [0, 1], Q on [0, 2]."""
    log_ratio = np.full(10, math.log(2))
    assert kl_monte_carlo(log_ratio).value == pytest.approx(math.log(2), rel=1e-15)
    assert kl_monte_carlo(log_ratio, estimator="k3").value == pytest.approx(math.log(2) - 1 / 2, rel=1e-14)


@pytest.mark.parametrize("estimator", ["k1", "k2", "k3"])
def test_monte_carlo_infinite_and_huge_ratios_and_units(estimator):
    assert kl_monte_carlo([0.1, INF, 0.2], estimator=estimator) == Estimate(INF, 0, INF, INF, 3)
    x = normal_log_ratio(0.5, 50, seed=6)
    nats, bits = (kl_monte_carlo(x, estimator=estimator, base=base) for base in (None, 2))
    for name in ("value", "standard_error", "low", "high"):
        assert getattr(bits, name) == pytest.approx(getattr(nats, name) / math.log(2), rel=1e-12)
    huge = 1e150 if estimator == "k2" else 1e300
    assert kl_monte_carlo([huge, 3 * huge], estimator=estimator).standard_error > huge / 2
    assert kl_monte_carlo(np.float32([0.5, 1.5])) == kl_monte_carlo([0.5, 1.5])


# Counts


def coin_counts(n, p):
    """All samples of n flips, as counts, with their probabilities."""
    heads = np.arange(n + 1)
    return np.stack([heads, n - heads], axis=1), stats.binom(n, p).pmf(heads)


@pytest.mark.parametrize("n", [100, 400])
def test_plugin_bias_error_and_coverage_by_enumeration(n):
    truth = kl.kl_divergence([0.7, 0.3], [0.4, 0.6])
    counts, weights = coin_counts(n, 0.7)
    plain = [kl_plugin(c, q=[0.4, 0.6]) for c in counts]
    corrected = [kl_plugin(c, q=[0.4, 0.6], correction="miller_madow") for c in counts]
    values = np.array([e.value for e in plain])
    bias = weights @ values - truth
    assert bias == pytest.approx(1 / (2 * n), rel=3 / n)
    assert abs(weights @ [e.value for e in corrected] - truth) < 3 * bias / n
    scatter = math.sqrt(weights @ values**2 - (weights @ values) ** 2)
    assert weights @ [e.standard_error for e in plain] == pytest.approx(scatter, rel=3 / n)
    assert weights @ [e.low <= truth <= e.high for e in corrected] == pytest.approx(0.95, abs=0.02)


def test_plugin_bias_of_letters():
    """26 outcomes, n = 200, P = Q: (k - 1) / (2 n) = 0.0625."""
    letters = 1 / np.arange(4.0, 30.0)
    letters /= letters.sum()
    counts = np.random.default_rng(7).multinomial(200, letters, size=1500)
    values = [kl_plugin(c, q=letters).value for c in counts]
    noise = np.std(values) / math.sqrt(len(values))
    # The next term of the expansion in 1/n, after 0.0625.
    assert np.mean(values) == pytest.approx(0.0625 + (np.sum(1 / letters) - 1) / (12 * 200**2), abs=4 * noise)
    corrected = [kl_plugin(c, q=letters, correction="miller_madow").value for c in counts]
    assert abs(np.mean(corrected)) < np.mean(values) / 15


@pytest.mark.parametrize("pseudocount", [0.5, 1, 2])
def test_plugin_of_two_samples_by_enumeration(pseudocount):
    n, m, p, q = 80, 60, 0.6, 0.4
    truth = kl.kl_divergence([p, 1 - p], [q, 1 - q])
    (counts_p, weights_p), (counts_q, weights_q) = coin_counts(n, p), coin_counts(m, q)
    keep_p, keep_q = weights_p > 1e-7, weights_q > 1e-7
    weights = np.outer(weights_p[keep_p], weights_q[keep_q])
    pairs = [(c, d) for c in counts_p[keep_p] for d in counts_q[keep_q]]
    plain, corrected = (
        [kl_plugin(c, d, pseudocount=pseudocount, correction=correction) for c, d in pairs]
        for correction in (None, "miller_madow")
    )
    values = np.array([e.value for e in plain])
    bias = weights.ravel() @ values - truth
    left = weights.ravel() @ [e.value for e in corrected] - truth
    assert bias > 0.009
    assert abs(left) < bias / 7
    scatter = math.sqrt(weights.ravel() @ values**2 - (weights.ravel() @ values) ** 2)
    assert weights.ravel() @ [e.standard_error for e in plain] == pytest.approx(scatter, rel=0.1)


def test_plugin_of_two_samples_without_a_pseudocount():
    p, q = np.array([0.5, 0.2, 0.2, 0.1]), np.array([0.3, 0.3, 0.2, 0.2])
    truth, n, m, rng = kl.kl_divergence(p, q), 300, 400, np.random.default_rng(8)
    counts = list(zip(rng.multinomial(n, p, 2000), rng.multinomial(m, q, 2000), strict=True))
    plain = np.array([kl_plugin(*pair).value for pair in counts])
    corrected = np.array([kl_plugin(*pair, correction="miller_madow").value for pair in counts])
    noise = plain.std() / math.sqrt(len(plain))
    assert plain.mean() - truth == pytest.approx(3 / (2 * n) + (np.sum(p / q) - 1) / (2 * m), abs=4 * noise)
    assert corrected.mean() == pytest.approx(truth, abs=4 * noise)
    assert np.mean([kl_plugin(*pair).standard_error for pair in counts]) == pytest.approx(plain.std(), rel=0.06)


def test_plugin_is_the_divergence_of_frequencies():
    estimate = kl_plugin([7, 3, 0], q=[0.4, 0.5, 0.1], base=2)
    assert estimate.value == pytest.approx(kl.kl_divergence([0.7, 0.3, 0], [0.4, 0.5, 0.1], base=2), rel=1e-14)
    assert estimate.n == 10
    smoothed = kl_plugin([7, 3], [2, 0], pseudocount=Fraction(1, 2))
    assert smoothed.value == pytest.approx(kl.kl_divergence([0.7, 0.3], [5 / 6, 1 / 6]), rel=1e-14)
    assert kl_plugin([7, 3], [14, 6]).value == 0
    assert kl_plugin([7, 3], [14, 6]).standard_error == pytest.approx(0, abs=1e-12)


def test_plugin_infinities_proven_and_not():
    assert kl_plugin([7, 3], q=[1, 0]) == Estimate(INF, 0, INF, INF, 10)
    assert kl_plugin([7, 3], [9, 0]) == Estimate(INF, INF, 0, INF, 10)
    assert kl_plugin([7, 3], [9, 0], correction="miller_madow").value == INF
    assert kl_plugin([7, 0], q=[1, 0]).value == kl_plugin([7, 0], [9, 0]).value == 0


# Bootstrap


def test_the_bootstrap_of_a_mean():
    x = np.random.default_rng(12).standard_normal(400)
    options = {"resamples": 4000, "method": "percentile"}
    estimate = bootstrap(np.mean, x, rng=np.random.default_rng(13), **options)
    assert estimate.value == pytest.approx(x.mean(), rel=1e-14)
    assert estimate.n == 400
    assert estimate.standard_error == pytest.approx(x.std() / 20, rel=0.05)
    low, high = x.mean() + x.std() / 20 * stats.norm.ppf([0.025, 0.975])
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=0.01)
    assert bootstrap(np.mean, x, rng=np.random.default_rng(13), **options) == estimate
    wide = bootstrap(np.mean, x, rng=np.random.default_rng(13), confidence=0.999, **options)
    assert wide.high - wide.low > 1.5 * (high - low)


def test_bca_is_skewed_as_the_statistic_is():
    """The mean of exponential draws: the exact interval reaches farther up than down, and BCa's does too."""
    x = np.random.default_rng(14).exponential(size=40)
    bca = bootstrap(np.mean, x, rng=np.random.default_rng(15), resamples=4000)
    exact = 2 * x.sum() / stats.chi2(80).ppf([0.975, 0.025])
    percentile = bootstrap(np.mean, x, rng=np.random.default_rng(15), resamples=4000, method="percentile")
    assert bca.high - bca.value > 1.15 * (bca.value - bca.low)
    assert bca.low > percentile.low
    assert bca.high > percentile.high
    assert (bca.low, bca.high) == pytest.approx(exact, rel=0.2)


def test_rows_stay_together_whole_and_of_their_kind():
    """A sample of rows, and one of integers of another length."""
    rng = np.random.default_rng(16)
    pairs, symbols = np.repeat(rng.standard_normal((50, 1)), 2, axis=1), rng.integers(3, size=80)

    def statistic(rows, drawn):
        assert rows.shape in {(50, 2), (49, 2)}  # 49 in the jackknife of BCa
        assert (rows[:, 0] == rows[:, 1]).all()
        return rows.mean() + np.bincount(drawn, minlength=3)[0] / len(drawn)

    estimate = bootstrap(statistic, pairs, symbols, rng=rng, resamples=1000)
    share = np.mean(symbols == 0)
    expected = math.sqrt(pairs[:, 0].var() / 50 + share * (1 - share) / 80)
    assert estimate.standard_error == pytest.approx(expected, rel=0.12)
    assert estimate.n == 50


def test_a_statistic_that_does_not_vary():
    with pytest.raises(ValueError, match=r"^statistic does not vary over the resamples"):
        bootstrap(np.mean, np.ones(9), rng=np.random.default_rng(19))
    flat = bootstrap(np.mean, np.ones(9), rng=np.random.default_rng(19), method="percentile")
    assert flat == Estimate(1, 0, 1, 1, 9)


# Bad input

RNG = np.random.default_rng(20)
POINTS = np.arange(12.0)
CASES = [
    (Estimate, ("1", 0, 0, 1, 1), {}, TypeError, r"value must be a number, got '1'"),
    (Estimate, (True, 0, 0, 1, 1), {}, TypeError, r"value must be a number, got True"),
    (Estimate, (1, math.nan, 0, 1, 1), {}, ValueError, r"standard_error = nan"),
    (Estimate, (1, -1, 0, 1, 1), {}, ValueError, r"standard_error = -1\.0"),
    (Estimate, (1, 1, 2, 1, 1), {}, ValueError, r"low = 2\.0 is above high = 1\.0"),
    (Estimate, (1, 1, 0, 1, 0), {}, ValueError, r"n = 0"),
    (Estimate, (1, 1, 0, 1, 1.5), {}, TypeError, r"n must be an integer, got 1\.5"),
    (kl_monte_carlo, ([0.1, math.nan],), {}, ValueError, r"log_ratio\[1\] = nan"),
    (kl_monte_carlo, ([-INF, INF],), {}, ValueError, r"log_ratio\[0\] = -inf: a draw from P has p\(x\) > 0"),
    (kl_monte_carlo, ([],), {}, ValueError, r"log_ratio has 0 entries"),
    (kl_monte_carlo, ([0.1],), {}, ValueError, r"log_ratio has 1 entries"),
    (kl_monte_carlo, (0.1,), {}, ValueError, r"log_ratio must be one-dimensional, got shape \(\)"),
    (kl_monte_carlo, ([[0.1, 0.2]],), {}, ValueError, r"log_ratio must be one-dimensional, got shape \(1, 2\)"),
    (kl_monte_carlo, (["a", "b"],), {}, TypeError, r"log_ratio must hold real numbers"),
    (kl_monte_carlo, ([True, False],), {}, TypeError, r"log_ratio must hold real numbers"),
    (kl_monte_carlo, ([0, -800],), {"estimator": "k3"}, ValueError, r"log_ratio\[1\] = -800\.0: its term of k3 overf"),
    (kl_monte_carlo, ([1e200, 0],), {"estimator": "k2"}, ValueError, r"log_ratio\[0\] = 1e\+200: its term of k2 overf"),
    (kl_monte_carlo, ([0, 1],), {"estimator": "k4"}, ValueError, r"estimator = 'k4': it is one of k1, k2, k3"),
    (kl_monte_carlo, ([0, 1],), {"estimator": 1}, TypeError, r"estimator must be a string, got 1"),
    (kl_monte_carlo, ([0, 1],), {"confidence": 1}, ValueError, r"confidence = 1: a confidence lies strictly between"),
    (kl_monte_carlo, ([0, 1],), {"confidence": math.nan}, ValueError, r"confidence = nan"),
    (kl_monte_carlo, ([0, 1],), {"confidence": "95%"}, TypeError, r"confidence must be a number, got '95%'"),
    (kl_monte_carlo, ([0, 1],), {"base": 1}, ValueError, r"base = 1"),
    (kl_plugin, ([1, 2],), {}, TypeError, r"give one of counts_q, a sample of Q, and q"),
    (kl_plugin, ([1, 2], [1, 2]), {"q": [0.5, 0.5]}, TypeError, r"give one of counts_q"),
    (kl_plugin, ([0.7, 0.3], [1, 2]), {}, ValueError, r"counts_p\[0\] = 0\.7: a count is a whole number"),
    (kl_plugin, ([1, 2], [0.4, 0.6]), {}, ValueError, r"counts_q\[0\] = 0\.4: a count is a whole number"),
    (kl_plugin, ([1, -2], [1, 2]), {}, ValueError, r"counts_p\[1\] = -2\.0"),
    (kl_plugin, ([1, math.nan], [1, 2]), {}, ValueError, r"counts_p\[1\] = nan"),
    (kl_plugin, ([1, INF], [1, 2]), {}, ValueError, r"counts_p\[1\] = inf"),
    (kl_plugin, ([0, 0], [1, 2]), {}, ValueError, r"counts_p counts nothing"),
    (kl_plugin, ([], [1, 2]), {}, ValueError, r"counts_p counts nothing: its sum is 0 and its shape is \(0,\)"),
    (kl_plugin, ([1, 2], [0, 0]), {"pseudocount": 1}, ValueError, r"counts_q counts nothing"),
    (kl_plugin, ([[1, 2]], [1, 2]), {}, ValueError, r"counts_p must be one-dimensional, got shape \(1, 2\)"),
    (kl_plugin, ([1, 2], [1, 2, 3]), {}, ValueError, r"counts_p of shape \(2,\) and counts_q of shape \(3,\)"),
    (kl_plugin, ([1, 2],), {"q": [0.5, 0.3, 0.2]}, ValueError, r"counts_p of shape \(2,\) and q of shape \(3,\)"),
    (kl_plugin, ([1, 2],), {"q": [[0.5, 0.5]] * 2}, ValueError, r"q must be one-dimensional, got shape \(2, 2\)"),
    (kl_plugin, ([1, 2],), {"q": [0.5, 0.6]}, ValueError, r"q sums to 1\.1"),
    (kl_plugin, (["a", "b"], [1, 2]), {}, TypeError, r"counts_p must hold real numbers"),
    (kl_plugin, ([1, 2], [1, 2]), {"correction": "jackknife"}, ValueError, r"correction = 'jackknife': it is one of"),
    (kl_plugin, ([1, 2], [1, 2]), {"correction": True}, TypeError, r"correction must be a string, got True"),
    (kl_plugin, ([1, 2], [1, 2]), {"pseudocount": -1}, ValueError, r"pseudocount = -1: it is finite and not negative"),
    (kl_plugin, ([1, 2], [1, 2]), {"pseudocount": math.nan}, ValueError, r"pseudocount = nan"),
    (kl_plugin, ([1, 2], [1, 2]), {"pseudocount": "1"}, TypeError, r"pseudocount must be a number, got '1'"),
    (
        kl_plugin,
        ([1, 2],),
        {"q": [0.5, 0.5], "pseudocount": 1},
        ValueError,
        r"pseudocount = 1: it is added to counts_q",
    ),
    (kl_plugin, ([1, 2], [1, 2]), {"confidence": 0}, ValueError, r"confidence = 0"),
    (kl_plugin, ([1, 2], [1, 2]), {"base": "2"}, TypeError, r"base must be a number or None"),
    (bootstrap, (1, POINTS), {"rng": RNG}, TypeError, r"statistic must be callable, got 1"),
    (bootstrap, (np.mean,), {"rng": RNG}, TypeError, r"samples: at least one is needed"),
    (bootstrap, (np.mean, POINTS), {"rng": 1}, TypeError, r"rng must be a numpy\.random\.Generator, got int"),
    (bootstrap, (np.mean, [1.0]), {"rng": RNG}, ValueError, r"samples\[0\] of shape \(1,\) does not hold two draws"),
    (bootstrap, (np.mean, 1.0), {"rng": RNG}, ValueError, r"samples\[0\] of shape \(\)"),
    (bootstrap, (np.mean, [1, math.nan]), {"rng": RNG}, ValueError, r"samples\[0\]\[1\] = nan"),
    (bootstrap, (np.mean, ["a", "b"]), {"rng": RNG}, TypeError, r"samples\[0\] must hold real numbers"),
    (bootstrap, (lambda x: INF, POINTS), {"rng": RNG}, ValueError, r"statistic is inf: it must be one finite number"),
    (bootstrap, (np.copy, POINTS), {"rng": RNG}, ValueError, r"statistic is \[.*\]: it must be one finite number"),
    (bootstrap, (lambda x: "a", POINTS), {"rng": RNG}, TypeError, r"the value of statistic must hold real numbers"),
    (bootstrap, (np.mean, POINTS), {"rng": RNG, "resamples": 1}, ValueError, r"resamples = 1"),
    (bootstrap, (np.mean, POINTS), {"rng": RNG, "resamples": 9.5}, TypeError, r"resamples must be an integer"),
    (bootstrap, (np.mean, POINTS), {"rng": RNG, "method": "basic"}, ValueError, r"method = 'basic': it is one of BCa"),
    (bootstrap, (np.mean, POINTS), {"rng": RNG, "method": None}, TypeError, r"method must be a string, got None"),
    (bootstrap, (np.mean, POINTS), {"rng": RNG, "confidence": 1.5}, ValueError, r"confidence = 1\.5"),
]


@pytest.mark.parametrize(("function", "args", "options", "error", "message"), CASES)
def test_bad_input(function, args, options, error, message):
    with pytest.raises(error, match="(?s)^" + message):
        function(*args, **options)
