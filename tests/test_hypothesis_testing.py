"""Evidence, error exponents and what they refuse; the tests themselves have files of their own."""

import math

import mpmath
import numpy as np
import pytest
from scipy import optimize

from kltools import kl_divergence
from kltools.hypothesis_testing import (
    chernoff_information,
    log_likelihood_ratio,
    neyman_pearson,
    observations_needed,
    sanov_exponent,
    sprt,
    stein_approximation,
)

COIN = [0.7, 0.3], [0.4, 0.6]
DIE, SPOTS = [1 / 6] * 6, [1, 2, 3, 4, 5, 6]


def test_evidence_of_a_sample():
    xs = np.array([0] * 7 + [1] * 3)
    with mpmath.workdps(50):
        heads, tails = mpmath.log(mpmath.mpf(0.7) / mpmath.mpf(0.4)), mpmath.log(mpmath.mpf(0.3) / mpmath.mpf(0.6))
        truth = float(7 * heads + 3 * tails)
    value = log_likelihood_ratio(*COIN, xs)
    assert isinstance(value, float)
    assert value == pytest.approx(truth, rel=1e-14)
    assert value == pytest.approx(10 * kl_divergence(*COIN), rel=1e-14)
    assert log_likelihood_ratio(*COIN, xs, base=2) == pytest.approx(truth / math.log(2), rel=1e-14)
    assert log_likelihood_ratio(*COIN, [0], base=10**0.1) == pytest.approx(10 * math.log10(7 / 4))
    assert log_likelihood_ratio(*COIN, []) == 0
    assert log_likelihood_ratio(COIN[1], COIN[0], xs) == pytest.approx(-truth, rel=1e-14)


def test_walks_and_many_samples():
    xs = np.array([[0, 0, 1], [1, 1, 1]])
    a, b = math.log(7 / 4), math.log(1 / 2)
    assert log_likelihood_ratio(*COIN, xs) == pytest.approx([2 * a + b, 3 * b])
    walk = log_likelihood_ratio(*COIN, xs, cumulative=True)
    assert walk == pytest.approx(np.array([[a, 2 * a, 2 * a + b], [b, 2 * b, 3 * b]]))
    assert log_likelihood_ratio(*COIN, [], cumulative=True).shape == (0,)


def test_evidence_keeps_the_digits_of_a_small_difference():
    p, q = [0.3 + 1e-13, 0.7 - 1e-13], [0.3, 0.7]
    with mpmath.workdps(50):
        truth = float(mpmath.log(mpmath.mpf(p[0]) / mpmath.mpf(q[0])))
    assert log_likelihood_ratio(p, q, [0]) == pytest.approx(truth, rel=1e-3)  # p sums to 1 + 1e-16 only
    p, q = [0.25 + 2**-45, 0.75 - 2**-45], [0.25, 0.75]
    assert log_likelihood_ratio(p, q, [0]) == pytest.approx(math.log1p(2**-43), rel=1e-15)


def test_infinite_evidence():
    p, q = [0.5, 0.5, 0, 0], [0.5, 0, 0.5, 0]
    assert log_likelihood_ratio(p, q, [0, 0]) == 0
    assert log_likelihood_ratio(p, q, [0, 1, 0]) == math.inf
    assert log_likelihood_ratio(p, q, [0, 2, 0]) == -math.inf
    assert log_likelihood_ratio(p, q, [0, 2, 0], cumulative=True).tolist() == [0, -math.inf, -math.inf]


def test_chernoff_information_of_the_coin():
    value, lam = chernoff_information(*COIN)
    assert value == pytest.approx(0.0477116, abs=5e-8)
    assert lam == pytest.approx(0.494473, abs=5e-7)
    # The two divergences to the point where they meet are the value.
    weights = np.power(COIN[0], lam) * np.power(COIN[1], 1 - lam)
    middle = weights / weights.sum()
    assert middle[0] == pytest.approx(0.553295, abs=5e-7)
    assert kl_divergence(middle, COIN[0]) == pytest.approx(value, rel=1e-9)
    assert kl_divergence(middle, COIN[1]) == pytest.approx(value, rel=1e-9)
    assert chernoff_information(*COIN, base=2).value == pytest.approx(value / math.log(2), rel=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_chernoff_information_by_minimization(seed):
    p, q = np.random.default_rng(seed).dirichlet([0.3] * 6, size=2)
    found = optimize.minimize_scalar(
        lambda lam: np.log(np.sum(p**lam * q ** (1 - lam))), bounds=(0, 1), method="bounded", options={"xatol": 1e-10}
    )
    value, lam = chernoff_information(p, q)
    assert value == pytest.approx(-found.fun, rel=1e-9)
    assert lam == pytest.approx(found.x, abs=1e-5)
    back = chernoff_information(q, p)
    assert back.value == pytest.approx(value, rel=1e-12)
    assert back.lam == pytest.approx(1 - lam, abs=1e-12)


@pytest.mark.parametrize("shift", [2.0**-12, 2.0**-30, 2.0**-50])
def test_chernoff_information_of_close_pairs(shift):
    p, q = [0.25 + shift, 0.25, 0.5 - shift], [0.25, 0.25, 0.5]
    with mpmath.workdps(60):

        def exponent(lam):
            return -mpmath.log(
                sum(mpmath.mpf(a) ** lam * mpmath.mpf(b) ** (1 - lam) for a, b in zip(p, q, strict=True))
            )

        lam = mpmath.findroot(lambda x: mpmath.diff(exponent, x), 0.5)
        truth = float(exponent(lam))
    assert chernoff_information(p, q).value == pytest.approx(truth, rel=1e-7)


def test_chernoff_information_of_unequal_supports():
    # sum p**lam q**(1-lam) = sqrt(.9 .1) 9**(lam - 1/2) + ... falls toward lam = 0, where it is 1 - 0.7.
    value, lam = chernoff_information([0.9, 0.1, 0], [0.1, 0.2, 0.7])
    assert (value, lam) == (pytest.approx(-math.log(0.3)), 0)
    value, lam = chernoff_information([0.1, 0.2, 0.7], [0.9, 0.1, 0])
    assert (value, lam) == (pytest.approx(-math.log(0.3)), 1)
    # Unequal supports need not push lam to an end.
    value, lam = chernoff_information([0.5, 0.4, 0.1, 0], [0.4, 0.5, 0, 0.1])
    assert (value, lam) == (pytest.approx(-math.log(2 * math.sqrt(0.2))), pytest.approx(0.5))
    assert chernoff_information([1, 0], [0, 1]) == (math.inf, 0.5)
    assert chernoff_information(COIN[0], COIN[0]) == (0, 0.5)


def test_a_bayes_error_falls_at_the_chernoff_exponent():
    # Half the sum of min(P, Q) over samples of n coins: its exponent, and the constant that remains.
    k = np.arange(401)
    errors = []
    for n in (200, 400):
        log_ways = np.array([math.lgamma(n + 1) - math.lgamma(j + 1) - math.lgamma(n - j + 1) for j in k[: n + 1]])
        logs = [log_ways + k[: n + 1] * math.log(a) + (n - k[: n + 1]) * math.log(b) for a, b in COIN]
        errors.append(np.log(np.exp(np.minimum(*logs)).sum() / 2))
    assert -errors[0] / 200 == pytest.approx(0.0600137, abs=5e-8)
    slope = (errors[0] - errors[1] - math.log(2) / 2) / 200  # a factor of 1 / sqrt(n) stands before
    assert slope == pytest.approx(chernoff_information(*COIN).value, rel=0.02)


@pytest.mark.parametrize("mean", [1.001, 2, 3.4999, 4, 4.5, 5.99, 6 - 1e-12])
def test_sanov_at_fifty_digits(mean):
    with mpmath.workdps(50):
        target = mpmath.mpf(mean)
        start = sanov_exponent(DIE, SPOTS, mean).tilt

        def excess(s):
            weights = [mpmath.exp(s * v) for v in SPOTS]
            return sum((v - target) * w for v, w in zip(SPOTS, weights, strict=True)) / sum(weights)

        tilt = mpmath.findroot(excess, start)
        partition = sum(mpmath.exp(tilt * v) for v in SPOTS) / 6
        value, p = float(tilt * target - mpmath.log(partition)), [mpmath.exp(tilt * v) / partition / 6 for v in SPOTS]
    found = sanov_exponent(DIE, SPOTS, mean)
    assert found.value == pytest.approx(value, rel=1e-9)
    assert found.tilt == pytest.approx(float(tilt), rel=1e-11)
    assert found.distribution == pytest.approx([float(x) for x in p], rel=1e-10)


def test_sanov_in_print():
    assert sanov_exponent(DIE, SPOTS, 4).value == pytest.approx(0.0432532, abs=5e-8)
    assert sanov_exponent(DIE, SPOTS, 4, base=2).value == pytest.approx(0.0624012, abs=5e-8)
    value, _, p = sanov_exponent(DIE, SPOTS, 4.5)
    assert value == pytest.approx(0.178178, abs=5e-7)
    assert p == pytest.approx([0.0543532, 0.0787716, 0.114160, 0.165447, 0.239774, 0.347494], abs=5e-7)
    # For a coin the only P with the mean is the coin itself: 700 heads of 1000 are 2**-118.709.
    value, _, p = sanov_exponent([0.5, 0.5], [0, 1], 0.7, base=2)
    assert 1000 * value == pytest.approx(118.709, abs=5e-4)
    assert p == pytest.approx([0.3, 0.7])


def test_no_other_distribution_with_the_mean_is_closer():
    rng = np.random.default_rng(2)
    q, values = rng.dirichlet(np.ones(5)), rng.normal(size=5) * 1e3
    mean = 0.8 * values.max() + 0.2 * values.min()
    value, _, p = sanov_exponent(q, values, mean)
    assert p @ values == pytest.approx(mean, rel=1e-12)
    assert value == pytest.approx(kl_divergence(p, q), rel=1e-14)
    moves = rng.normal(size=(100, 5))
    basis = np.linalg.qr(np.column_stack([np.ones(5), values - values.mean()]))[0]
    moves -= moves @ basis @ basis.T  # they change neither the sum nor the mean
    moves *= 0.5 * p.min() / np.abs(moves).max(axis=1, keepdims=True)
    others = p + moves
    # Pythagoras: D(R||Q) = D(R||P) + D(P||Q).
    assert kl_divergence(others, q) == pytest.approx(kl_divergence(others, p) + value, rel=1e-9)


def test_sanov_at_and_beyond_the_ends():
    value, tilt, p = sanov_exponent([0.5, 0.25, 0.25], [1, 3, 3], 3)
    assert (value, tilt) == (pytest.approx(math.log(2)), math.inf)
    assert p == pytest.approx([0, 0.5, 0.5])
    value, tilt, p = sanov_exponent([0.5, 0.25, 0.25], [1, 3, 3], 1)
    assert (value, tilt) == (pytest.approx(math.log(2)), -math.inf)
    assert p.tolist() == [1, 0, 0]
    assert sanov_exponent(DIE, SPOTS, 6.5) == (math.inf, math.inf, None)
    assert sanov_exponent(DIE, SPOTS, 0.5) == (math.inf, -math.inf, None)
    assert sanov_exponent([0.5, 0.5, 0], [1, 2, 3], 2.5) == (math.inf, math.inf, None)  # Q excludes the 3
    assert sanov_exponent([0.5, 0.5], [2, 2], 2)[:2] == (0, 0)
    assert sanov_exponent(DIE, SPOTS, 3.5).value == pytest.approx(0, abs=1e-30)
    value, tilt, p = sanov_exponent([1e-200, 1], [1, 0], 0.5)
    assert (tilt, p) == (pytest.approx(200 * math.log(10)), pytest.approx([0.5, 0.5]))
    assert value == pytest.approx(100 * math.log(10) - math.log(2))


def test_sanov_is_the_exponent_of_a_rare_average():
    # P(average of n dice >= 4.5), by convolution.
    law = np.ones(1)
    logs = []
    for n in range(1, 401):
        law = np.convolve(law, DIE)
        if n in (200, 400):
            logs.append(math.log(law[math.ceil(3.5 * n) :].sum()))
    slope = (logs[0] - logs[1] - math.log(2) / 2) / 200
    assert slope == pytest.approx(sanov_exponent(DIE, SPOTS, 4.5).value, rel=2e-3)


PAIRS = {
    log_likelihood_ratio: lambda p, q: log_likelihood_ratio(p, q, [0]),
    neyman_pearson: lambda p, q: neyman_pearson(p, q, 10, 0.05),
    observations_needed: lambda p, q: observations_needed(p, q, 0.05, 0.05),
    stein_approximation: lambda p, q: stein_approximation(p, q, 10, 0.05),
    chernoff_information: chernoff_information,
    sprt: lambda p, q: sprt(p, q, 0.05, 0.05),
}
VECTORS = [
    ([0.5, math.nan], ValueError, r"{}\[1\] = nan"),
    ([1.5, -0.5], ValueError, r"{}\[1\] = -0\.5"),
    ([0.5, 0.6], ValueError, r"{} sums to 1\.1"),
    ([], ValueError, r"{} has no outcomes"),
    (0.5, ValueError, r"{} must be a vector of probabilities"),
    ([[0.5, 0.5]], ValueError, r"{} must be one vector of probabilities, got shape \(1, 2\)"),
    (["a", "b"], TypeError, r"{} must hold real numbers"),
    (None, TypeError, r"{} must hold real numbers"),
]


@pytest.mark.parametrize(("values", "error", "message"), VECTORS)
@pytest.mark.parametrize("call", PAIRS.values(), ids=lambda call: "")
def test_bad_vectors(call, values, error, message):
    with pytest.raises(error, match="^" + message.format("p")):
        call(values, [0.5, 0.5])
    with pytest.raises(error, match="^" + message.format("q")):
        call([0.5, 0.5], values)
    with pytest.raises(ValueError, match=r"^p of shape \(2,\) and q of shape \(3,\) do not match"):
        call([0.5, 0.5], [0.2, 0.3, 0.5])


def levels(name, call):
    """Return the cases of an error probability."""
    return [
        *((call, (bad,), ValueError, rf"{name} = {bad}: an error probability") for bad in (0, 1, -0.1, 2, math.nan)),
        *((call, (bad,), TypeError, f"{name} must be a number") for bad in ("0.1", None, True, [0.1], 0.1j)),
    ]


def counts(call):
    """Return the cases of a number of draws."""
    return [
        *((call, (bad,), ValueError, f"n = {bad}: it must be at least 1") for bad in (0, -3)),
        (call, (10**9,), ValueError, "n = 1000000000: a number of draws goes up to 1e"),
        *((call, (bad,), TypeError, "n must be an integer") for bad in (10.0, True, "10", None, [10])),
    ]


def bases(call):
    """Return the cases of a base."""
    return [
        *((call, (bad,), ValueError, f"base = {bad}") for bad in (0, 1, -2, math.inf)),
        (call, ("2",), TypeError, "base must be a number or None"),
    ]


CASES = [
    *levels("alpha", lambda bad: neyman_pearson(*COIN, 10, bad)),
    *levels("alpha", lambda bad: observations_needed(*COIN, bad, 0.05)),
    *levels("beta", lambda bad: observations_needed(*COIN, 0.05, bad)),
    *levels("alpha", lambda bad: stein_approximation(*COIN, 10, bad)),
    *levels("alpha", lambda bad: sprt(*COIN, bad, 0.05)),
    *levels("beta", lambda bad: sprt(*COIN, 0.05, bad)),
    *counts(lambda bad: neyman_pearson(*COIN, bad, 0.05)),
    *counts(lambda bad: stein_approximation(*COIN, bad, 0.05)),
    *bases(lambda bad: log_likelihood_ratio(*COIN, [0], base=bad)),
    *bases(lambda bad: chernoff_information(*COIN, base=bad)),
    *bases(lambda bad: sanov_exponent(DIE, SPOTS, 4, base=bad)),
    (sprt, (*COIN, 0.5, 0.5), ValueError, r"alpha \+ beta = 1\.0"),
    (stein_approximation, ([0.5, 0.5], [0.5, 0.5], 10, 0.05), ValueError, r"log\(p/q\) is constant"),
    (stein_approximation, ([0.5, 0.5, 0], [0.3, 0.3, 0.4], 10, 0.05), ValueError, r"log\(p/q\) is constant"),
    (observations_needed, ([0.5, 0.5], [0.5 + 1e-9, 0.5 - 1e-9], 0.05, 0.05), ValueError, r"n = \d+: a number"),
    (log_likelihood_ratio, (*COIN, [0, 2]), ValueError, r"xs\[1\] = 2: the outcomes are 0 to 1"),
    (log_likelihood_ratio, (*COIN, [[0], [-1]]), ValueError, r"xs\[1, 0\] = -1"),
    (log_likelihood_ratio, (*COIN, [0, 0.5]), ValueError, r"xs\[1\] = 0\.5: an observation is the index"),
    (log_likelihood_ratio, (*COIN, [math.nan]), ValueError, r"xs\[0\] = nan"),
    (log_likelihood_ratio, (*COIN, [0.0]), TypeError, "xs must hold integers, the indices of outcomes, got float64"),
    (log_likelihood_ratio, (*COIN, ["H"]), TypeError, "xs must hold real numbers"),
    (log_likelihood_ratio, (*COIN, [True]), TypeError, "xs must hold real numbers"),
    (log_likelihood_ratio, (*COIN, [[0], [0, 1]]), ValueError, "xs is ragged"),
    (log_likelihood_ratio, (*COIN, 0), ValueError, "xs must be a vector of observations, got the scalar 0"),
    (
        log_likelihood_ratio,
        ([1, 0], [1, 0], [0, 1]),
        ValueError,
        r"xs\[1\] = 1: this outcome is impossible under p and",
    ),
    (log_likelihood_ratio, ([1, 0], [0, 1], [0, 1]), ValueError, "xs.*impossible under p, others under q"),
    (sanov_exponent, ([0.5, 0.6], [1, 2], 1), ValueError, r"q sums to 1\.1"),
    (sanov_exponent, ([0.5, -0.5], [1, 2], 1), ValueError, r"q\[1\] = -0\.5"),
    (sanov_exponent, ([[0.5, 0.5]], [[1, 2]], 1), ValueError, r"q, values and mean of shapes \(1, 2\)"),
    (sanov_exponent, (DIE, [1, 2], 1), ValueError, r"q, values and mean of shapes \(6,\), \(2,\) and \(\)"),
    (sanov_exponent, (DIE, SPOTS, [4]), ValueError, r"q, values and mean of shapes \(6,\), \(6,\) and \(1,\)"),
    (sanov_exponent, ([0.5, 0.5], [1, math.inf], 1), ValueError, r"values\[1\] = inf: it must be finite"),
    (sanov_exponent, ([0.5, 0.5], [math.nan, 1], 1), ValueError, r"values\[0\] = nan"),
    (sanov_exponent, ([0.5, 0.5], ["1", "2"], 1), TypeError, "values must hold real numbers"),
    (sanov_exponent, (DIE, SPOTS, math.nan), ValueError, "mean = nan: it must be finite"),
    (sanov_exponent, (DIE, SPOTS, "4"), TypeError, "mean must hold real numbers"),
]


@pytest.mark.parametrize(("function", "arguments", "error", "message"), CASES)
def test_bad_input(function, arguments, error, message):
    with pytest.raises(error, match="^" + message):
        function(*arguments)
