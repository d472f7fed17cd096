"""Surprisal, log score, information gain, running surprise: against 50 digits, enumeration and quadrature."""

import math

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

import kltools as kl
from kltools.surprise import information_gain, log_score, running_surprise, surprisal

COIN_P, COIN_Q = np.array([0.7, 0.3]), np.array([0.4, 0.6])

FORECASTS = [
    (lambda: [0.5, math.nan], ValueError, r"q\[1\] = nan"),
    (lambda: [1.5, -0.5], ValueError, r"q\[1\] = -0\.5"),
    (lambda: [0.5, 0.6], ValueError, r"q sums to 1\.1"),
    (list, ValueError, "q has no outcomes"),
    (lambda: 0.5, ValueError, "q must be a vector of probabilities"),
    (lambda: ["a", "b"], TypeError, "q must hold real numbers"),
    (lambda: stats.norm, TypeError, "q must hold real numbers"),
    (lambda: stats.norm(0, -1), ValueError, r"q\.scale = -1\.0: a scale is positive"),
    (lambda: stats.norm(math.nan), ValueError, r"q\.loc = nan"),
    (lambda: stats.t(-1), ValueError, "its parameters are out of range"),
]
OBSERVATIONS = [
    (list, ValueError, "{} has no outcomes"),
    (lambda: [0, 2], ValueError, r"{}\[1\] = 2: the outcomes are 0 to 1"),
    (lambda: [0, -1], ValueError, r"{}\[1\] = -1"),
    (lambda: [0, 1.5], TypeError, "{} must hold integers"),
    (lambda: [0, math.nan], TypeError, "{} must hold integers"),
    (lambda: [True, False], TypeError, "{} must hold real numbers"),
    (lambda: "01", TypeError, "{} must hold real numbers"),
    (lambda: [[0, 1], [0]], ValueError, "{} is ragged"),
    (lambda: None, TypeError, "{} must hold real numbers"),
]
VALUES = [
    (lambda: [0, math.nan], ValueError, r"{}\[1\] = nan: an outcome is finite"),
    (lambda: [math.inf], ValueError, r"{}\[0\] = inf"),
    (lambda: ["a"], TypeError, "{} must hold real numbers"),
    (list, ValueError, "{} has no outcomes"),
]
SERIES = [
    (lambda: (COIN_Q, 0), ValueError, r"{} must be one-dimensional, got shape \(\)"),
    (lambda: (COIN_Q, [[0, 1]]), ValueError, "{} must be one-dimensional"),
    (lambda: ([COIN_Q, COIN_Q], [0, 1, 0]), ValueError, "neither one forecast nor one for each of 3 in {}"),
    (lambda: ([[COIN_Q, COIN_Q]], [0, 1]), ValueError, "neither one forecast nor one for each of 2 in {}"),
    (lambda: (stats.norm([0, 1]), [0.0]), ValueError, r"{} of shape \(1,\) is not one observation of q after another"),
    (lambda: (stats.norm(), 0.0), ValueError, r"{} of shape \(\) is not one observation"),
]
NAMES = {surprisal: "x", log_score: "x", running_surprise: "xs"}
CASES = [
    *((f, lambda q=q: (q(), [0, 1]), e, m) for f in NAMES for q, e, m in FORECASTS),
    *((f, lambda x=x: (COIN_Q, x()), e, m.format(NAMES[f])) for f in NAMES for x, e, m in OBSERVATIONS),
    *((f, lambda x=x: (stats.norm(), x()), e, m.format(NAMES[f])) for f in NAMES for x, e, m in VALUES),
    *((f, args, e, m.format(NAMES[f])) for f in (log_score, running_surprise) for args, e, m in SERIES),
    (surprisal, lambda: ([COIN_Q, COIN_Q], [0, 1, 0]), ValueError, "q of shape .* and x of shape .* do not match"),
    (surprisal, lambda: (stats.norm([0, 1]), [0, 1, 2]), ValueError, r"q and x of shape \(3,\) do not match"),
    (surprisal, lambda: (stats.beta(0.5, 0.5), [0.5, 0]), ValueError, r"x\[1\] = 0\.0: the density of q is infinite"),
    (information_gain, lambda: ([0.5, math.nan], COIN_Q), ValueError, r"posterior\[1\] = nan"),
    (information_gain, lambda: (COIN_Q, [0.5, 0.6]), ValueError, "prior sums to 1.1"),
    (information_gain, lambda: (COIN_Q, [0.5, 0.25, 0.25]), ValueError, "posterior of shape .* and prior of shape"),
    (information_gain, lambda: (COIN_Q, "x"), TypeError, "prior must hold real numbers"),
    (information_gain, lambda: (COIN_Q, []), ValueError, "prior has no outcomes"),
    (information_gain, lambda: (COIN_Q, stats.norm()), TypeError, "posterior and prior must be two arrays or two"),
    (information_gain, lambda: (stats.norm(), stats.norm(0, 0)), ValueError, r"prior\.scale = 0\.0"),
    (information_gain, lambda: (stats.norm(math.inf), stats.norm()), ValueError, r"posterior\.loc = inf"),
]


@pytest.mark.parametrize(("function", "args", "error", "message"), CASES)
def test_bad_input_is_named(function, args, error, message):
    with pytest.raises(error, match=message):
        function(*args())


@pytest.mark.parametrize(
    "call",
    [
        lambda base: surprisal(COIN_Q, 0, base=base),
        lambda base: information_gain(COIN_P, COIN_Q, base=base),
        lambda base: running_surprise(COIN_Q, [0], base=base),
    ],
)
def test_base(call):
    assert call(2) == pytest.approx(call(None) / math.log(2), rel=1e-15)
    with pytest.raises(ValueError, match="base = 1"):
        call(1)
    with pytest.raises(TypeError, match="base must be a number"):
        call("2")


def test_surprisal_at_fifty_digits():
    q = np.random.default_rng(1).dirichlet(np.full(50, 0.05))
    with mpmath.workdps(50):
        exact = [mpmath.mpf(value) for value in q.tolist()]
        truth = [float(-mpmath.log(value / mpmath.fsum(exact))) for value in exact]
    assert surprisal(q, np.arange(50)) == pytest.approx(truth, rel=1e-15)


def test_surprisal_of_the_nearly_certain_keeps_its_digits():
    assert surprisal([1, 1e-20], 0) == pytest.approx(1e-20, rel=1e-15)
    assert surprisal([1e-9, 1 - 1e-9], 1) == pytest.approx(-math.log1p(-1e-9), rel=1e-15)
    # Within the tolerance the value is that of the normalized vector.
    assert surprisal([0.5, 0.5 + 9e-9], 0) == pytest.approx(math.log(2) + math.log1p(9e-9), rel=1e-15)


def test_surprisal_shapes_zeros_and_units():
    assert surprisal([1, 0], [[0], [1]]).tolist() == [[0.0], [math.inf]]
    assert math.copysign(1, surprisal([1, 0], 0)) == 1
    assert surprisal([0.5, 0.5], 1, base=2) == 1.0
    assert isinstance(surprisal(np.float32([0.5, 0.5]), np.uint8(1)), float)
    q = np.array([[0.5, 0.25, 0.25], [1 / 8, 1 / 8, 3 / 4]])
    assert surprisal(q, [1, 0], base=2).tolist() == [2.0, 3.0]
    assert surprisal(q, 0, base=2).tolist() == [1.0, 3.0]
    assert surprisal(q, [[1], [0]], base=2).tolist() == [[2.0, 3.0], [1.0, 3.0]]
    # An event of 1 in 1024.
    assert surprisal([1 / 1024, 1023 / 1024], 0, base=2) == pytest.approx(10, abs=1e-14)


def test_surprisal_of_distributions():
    with mpmath.workdps(50):
        normal = [float((x - mpmath.mpf(1)) ** 2 / 8 + mpmath.log(2 * mpmath.sqrt(2 * mpmath.pi))) for x in (0, 5)]
        poisson = [float(3 - k * mpmath.log(3) + mpmath.log(mpmath.factorial(k))) for k in (0, 7)]
    assert surprisal(stats.norm(1, 2), [0, 5]) == pytest.approx(normal, rel=1e-14)
    assert surprisal(stats.poisson(3), [0, 7]) == pytest.approx(poisson, rel=1e-13)
    assert surprisal(stats.poisson(3), [0.5, -1]).tolist() == [math.inf, math.inf]
    assert surprisal(stats.uniform(0, 0.5), 0.25, base=2) == -1.0
    # A density depends on the unit of x, the difference of two densities does not.
    meters, millimeters = [stats.norm(1, 2), stats.norm(2, 3)], [stats.norm(1000, 2000), stats.norm(2000, 3000)]
    shifts = [surprisal(b, 4000) - surprisal(a, 4) for a, b in zip(meters, millimeters, strict=True)]
    assert shifts == pytest.approx([math.log(1000)] * 2, rel=1e-14)
    plane = stats.multivariate_normal([0, 0])
    assert surprisal(plane, [[0, 0], [3, 4]]) == pytest.approx(math.log(2 * math.pi) + np.array([0, 12.5]), rel=1e-14)


def test_friend_who_believes_in_a_fair_coin():
    bits = surprisal([0.5, 0.5], [0, 1, 1, 0], base=2)
    assert bits.tolist() == [1.0] * 4
    excess = 1 - COIN_P @ surprisal(COIN_P, [0, 1], base=2)
    assert excess == pytest.approx(0.118709, abs=5e-7)
    assert excess == pytest.approx(kl.kl_divergence(COIN_P, [0.5, 0.5], base=2), rel=1e-14)


def test_running_coin():
    ratio = surprisal(COIN_Q, [0, 1]) - surprisal(COIN_P, [0, 1])
    assert ratio == pytest.approx([0.559616, -0.693147], abs=5e-7)
    # The weight of evidence has mean D under P, and -D reversed under Q.
    assert COIN_P @ ratio == pytest.approx(0.183787, abs=5e-7)
    assert COIN_Q @ ratio == pytest.approx(-0.192042, abs=5e-7)
    sd = math.sqrt(COIN_P @ (ratio - COIN_P @ ratio) ** 2)
    assert sd == pytest.approx(0.574088, abs=5e-7)
    assert (2 * sd / (COIN_P @ ratio)) ** 2 == pytest.approx(39.0291, abs=5e-5)
    perplexities = [math.exp(COIN_P @ surprisal(q, [0, 1])) for q in (COIN_Q, COIN_P)]
    assert perplexities[0] / perplexities[1] == pytest.approx(1.20176, abs=5e-6)
    assert perplexities[1] == pytest.approx(kl.perplexity(COIN_P), rel=1e-14)


def test_log_score_is_proper():
    p = np.array([3, 5, 2]) / 10
    season = np.repeat([0, 1, 2], [3, 5, 2])
    grid = [np.array([i, j, 20 - i - j]) / 20 for i in range(21) for j in range(21 - i)]
    scores = [log_score(q, season) for q in grid]
    assert grid[int(np.argmax(scores))].tolist() == p.tolist()
    assert log_score(p, season) == pytest.approx(-kl.entropy(p), rel=1e-14)
    for q, score in zip(grid, scores, strict=True):
        lost = math.fsum(a * math.log(a / b) if b else math.inf for a, b in zip(p, q, strict=True))
        assert score == pytest.approx(-kl.entropy(p) - lost, rel=1e-12)


def test_log_score_of_one_forecast_for_each_observation():
    q = [[0.5, 0.5], [0.25, 0.75], [1, 0]]
    assert log_score(q, [0, 1, 0]) == pytest.approx((math.log(1 / 2) + math.log(3 / 4)) / 3, rel=1e-15)
    assert log_score(q, [0, 1, 1]) == -math.inf
    truth = -0.5 * math.log(2 * math.pi) - (1 + 4) / 4
    assert log_score(stats.norm([0, 5]), [1, 3]) == pytest.approx(truth, rel=1e-15)
    assert log_score(stats.norm(), [1, 2]) == pytest.approx(truth, rel=1e-15)


def test_calendar_forecast_beats_the_constant_one_by_the_mutual_information():
    table = np.array([[8, 1, 1], [2, 6, 2]])  # two months, three labels
    month, label = (np.repeat(axis.ravel(), table.ravel()) for axis in np.indices(table.shape))
    monthly, yearly = table / table.sum(axis=1, keepdims=True), table.sum(axis=0) / table.sum()
    gain = log_score(monthly[month], label) - log_score(yearly, label)
    assert gain == pytest.approx(kl.mutual_information(table / table.sum()), rel=1e-13)


def test_information_gain_by_quadrature():
    posterior, prior = stats.beta(8, 4), stats.beta(1, 1)
    truth, error = integrate.quad(lambda x: posterior.pdf(x) * posterior.logpdf(x), 0, 1, epsabs=1e-12)
    assert error < 1e-9
    assert truth == pytest.approx(0.636614, abs=5e-7)
    assert information_gain(posterior, prior) == pytest.approx(truth, abs=1e-10)
    assert information_gain(posterior, prior, base=2) == pytest.approx(0.918439, abs=5e-7)


def test_expected_information_gain_is_mutual_information():
    # One flip of a coin of unknown bias, uniform on n cells: ln 2 - 1/2 as the cells shrink.
    n = 2000
    bias = (np.arange(n) + 0.5) / n
    joint = np.array([bias, 1 - bias]) / n
    flips = joint.sum(axis=1)
    gains = information_gain(joint / flips[:, np.newaxis], np.full(n, 1 / n))
    assert flips @ gains == pytest.approx(kl.mutual_information(joint), rel=1e-12)
    assert flips @ gains == pytest.approx(math.log(2) - 0.5, abs=1e-6)
    assert information_gain([0.5, 0.5], [1, 0]) == math.inf


def test_running_surprise_against_a_loop():
    xs = np.random.default_rng(2).choice(2, size=50, p=COIN_P)
    q = np.random.default_rng(3).dirichlet([1, 1], size=50)
    running = running_surprise(q, xs, base=2)
    for i in range(50):
        so_far = [-math.log2(q[j, x]) for j, x in enumerate(xs[: i + 1])]
        assert running[i] == pytest.approx(math.fsum(so_far) / (i + 1), rel=1e-12)
    assert running_surprise(COIN_Q, xs)[-1] == pytest.approx(-log_score(COIN_Q, xs), rel=1e-13)
    assert running_surprise([0.5, 0.5, 0], [0, 2, 1], base=2).tolist() == [1.0, math.inf, math.inf]
    assert running_surprise(stats.expon(), [1, 2, 6]) == pytest.approx([1, 1.5, 3], rel=1e-15)


def test_gap_of_two_forecasters_stays_in_its_band():
    n, rng = 400, np.random.default_rng(4)
    gaps = []
    for _ in range(300):
        xs = rng.choice(2, size=n, p=COIN_P)
        gaps.append(running_surprise(COIN_Q, xs)[-1] - running_surprise(COIN_P, xs)[-1])
    assert np.mean(gaps) == pytest.approx(0.183787, abs=4 * 0.574088 / math.sqrt(n * 300))
    assert np.std(gaps) * math.sqrt(n) == pytest.approx(0.574088, rel=4 / math.sqrt(2 * 300))
