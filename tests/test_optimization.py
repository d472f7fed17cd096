"""kltools.optimization against 50 digits, enumeration, searches by scipy and published numbers."""

import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from scipy import optimize

from kltools.divergence import kl_divergence
from kltools.optimization import exponentiated_gradient, growth_rate, kelly_bet, regularized_policy

COIN_P = np.array([0.7, 0.3])
COIN_Q = np.array([0.4, 0.6])
REFERENCE = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
REWARD = np.arange(5.0)


def softmax(x):
    weights = np.exp(x - x.max())
    return weights / weights.sum()


# Regularized policies


@pytest.mark.parametrize(
    ("beta", "reward", "divergence", "value"),
    [(1, 2.82875, 0.873979, 1.95477), (0.5, 3.67546, 2.05161, None), (1.25393, 2.5, 0.579416, None)],
)
def test_policy_published_numbers(beta, reward, divergence, value):
    best = regularized_policy(REFERENCE, REWARD, beta)
    assert best.expected_reward == pytest.approx(reward, rel=3e-6)
    assert divergence is None or best.divergence == pytest.approx(divergence, rel=1e-5)
    assert value is None or best.value == pytest.approx(value, rel=3e-6)


def test_policy_other_slot():
    assert kl_divergence(REFERENCE, regularized_policy(REFERENCE, REWARD, 0.5).policy) == pytest.approx(
        3.09930, rel=2e-6
    )


@pytest.mark.parametrize("beta", [0.3, 1.0, 7.0])
def test_policy_is_where_a_search_on_the_simplex_ends(beta):
    def loss(logits):
        policy = softmax(logits)
        return -(policy @ REWARD - beta * np.sum(policy * np.log(policy / REFERENCE)))

    end = optimize.minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-8})
    best = regularized_policy(REFERENCE, REWARD, beta)
    assert best.value == pytest.approx(-end.fun, rel=1e-10)
    assert best.policy == pytest.approx(softmax(end.x), abs=1e-6)


@pytest.mark.parametrize("beta", [1e-3, 0.03, 1, 5, 1e4, 1e9])
def test_policy_at_fifty_digits(beta):
    best = regularized_policy(REFERENCE, REWARD, beta)
    with mpmath.workdps(50):
        reference = [mpmath.mpf(x) for x in REFERENCE]
        total = mpmath.fsum(reference)
        reference = [x / total for x in reference]
        weights = [x * mpmath.exp(mpmath.mpf(r) / beta) for x, r in zip(reference, REWARD, strict=True)]
        z = mpmath.fsum(weights)
        policy = [w / z for w in weights]
        reward = mpmath.fsum(x * r for x, r in zip(policy, REWARD, strict=True))
        divergence = mpmath.fsum(x * mpmath.log(x / y) for x, y in zip(policy, reference, strict=True))
        value = mpmath.mpf(beta) * mpmath.log(z)
        assert abs(value - (reward - beta * divergence)) < mpmath.mpf("1e-30")
        for found, exact in zip(best.policy, policy, strict=True):
            assert abs(found - exact) <= 1e-12 * exact + 1e-300
        assert abs(best.value / value - 1) < 1e-14
        assert abs(best.expected_reward / reward - 1) < 1e-14
        assert abs(best.divergence / divergence - 1) < (1e-6 if beta > 1e6 else 1e-10)


def test_no_other_policy_does_better():
    rng = np.random.default_rng(7)
    best = regularized_policy(REFERENCE, REWARD, 0.8)
    others = rng.dirichlet(np.ones(5), size=1000)
    objective = others @ REWARD - 0.8 * kl_divergence(others, REFERENCE)
    assert objective.max() < best.value
    # What another policy loses is its divergence from the best one, in units of beta.
    assert best.value - objective == pytest.approx(0.8 * kl_divergence(others, best.policy), rel=1e-9)


def test_policy_limits_and_zeros():
    free = regularized_policy(REFERENCE, REWARD, math.inf)
    assert free.policy == pytest.approx(REFERENCE, rel=1e-15)
    assert (free.value, free.divergence) == (pytest.approx(REFERENCE @ REWARD, rel=1e-15), 0)
    greedy = regularized_policy([0.5, 0.5 - 1e-300, 1e-300, 0], [0, 1, 2, 1000], 1e-3)
    assert greedy.policy == pytest.approx([0, 0.5 * math.exp(300 * math.log(10) - 1000), 1, 0], rel=1e-10, abs=0)
    assert greedy.divergence == pytest.approx(300 * math.log(10), rel=1e-12)
    assert greedy.value == pytest.approx(2 - 1e-3 * 300 * math.log(10), rel=1e-12)
    extreme = regularized_policy([0.5, 0.5], [-1e308, 1e308], 1e-300)
    assert extreme.policy.tolist() == [0, 1]
    assert extreme.value == 1e308


def test_policies_broadcast():
    many = regularized_policy([REFERENCE, REFERENCE[::-1]], REWARD, 0.5)
    for row, reference in enumerate([REFERENCE, REFERENCE[::-1]]):
        one = regularized_policy(reference, REWARD, 0.5)
        assert many.policy[row] == pytest.approx(one.policy, rel=1e-15)
        assert many.value[row] == pytest.approx(one.value, rel=1e-15)
        assert isinstance(one.value, float)
    assert regularized_policy(REFERENCE, [REWARD, -REWARD], 0.5).divergence.shape == (2,)


# Bets


def test_growth_published_numbers():
    assert growth_rate(COIN_P, 1 / COIN_Q, COIN_P) == pytest.approx(0.183787, rel=3e-6)
    assert growth_rate(COIN_P, 1 / COIN_Q, COIN_P, base=2) == pytest.approx(0.265148, rel=3e-6)
    assert growth_rate(COIN_P, 1 / COIN_Q, [0.55, 0.45]) == pytest.approx(0.136613, rel=5e-6)
    for take, staked, kept in [(0.05, 0.132494, 0.158597), (0.02, 0.163584, 0.173755)]:
        odds = (1 - take) / COIN_Q
        assert growth_rate(COIN_P, odds, COIN_P) == pytest.approx(staked, rel=5e-6)
        assert growth_rate(COIN_P, odds, kelly_bet(COIN_P, odds)) == pytest.approx(kept, rel=5e-6)


def test_growth_is_a_difference_of_divergences():
    rng = np.random.default_rng(1)
    p, q, bet = (rng.dirichlet(np.ones(6), size=50) for _ in range(3))
    expected = kl_divergence(p, q) - kl_divergence(p, bet)
    assert growth_rate(p, 1 / q, bet) == pytest.approx(expected, rel=1e-12, abs=1e-13)


def test_growth_by_enumeration_of_twelve_bets():
    p, odds, bet = COIN_P, np.array([2.3, 1.5]), np.array([0.3, 0.1])
    wealth_after = [
        Fraction(3, 5) + Fraction(3, 10) * Fraction(23, 10),
        Fraction(3, 5) + Fraction(1, 10) * Fraction(3, 2),
    ]
    total = 0.0
    for flips in itertools.product((0, 1), repeat=12):
        wealth = math.prod(wealth_after[flip] for flip in flips)
        total += math.prod(p[flip] for flip in flips) * math.log(wealth)
    assert growth_rate(p, odds, bet) == pytest.approx(total / 12, rel=1e-12)


def test_ruin_is_an_answer():
    assert growth_rate(COIN_P, [2, 2], [1, 0]) == -math.inf
    assert growth_rate(COIN_P, [2, 2], [1 - 1e-12, 0]) == -math.inf  # all is staked, within the tolerance
    assert growth_rate(COIN_P, [2, 2], [0.999, 0]) > -math.inf
    assert growth_rate([1, 0], [2, 2], [1, 0]) == pytest.approx(math.log(2))
    assert growth_rate(COIN_P, [0, 0], [0.5, 0.5]) == -math.inf
    assert growth_rate([COIN_P, [1, 0]], [2, 2], [1, 0]).tolist() == [-math.inf, math.log(2)]
    assert growth_rate(COIN_P, [3, 3], [0, 0]) == 0


def test_small_stakes_keep_their_digits():
    # log1p to second order: the edge times the stake, less half the variance.
    stake = 1e-9
    with mpmath.workdps(50):
        s = mpmath.mpf(stake)
        p = mpmath.mpf(COIN_P[0]) / (mpmath.mpf(COIN_P[0]) + mpmath.mpf(COIN_P[1]))
        exact = p * mpmath.log(1 + s * mpmath.mpf(1.5)) + (1 - p) * mpmath.log(1 - s)
        assert abs(growth_rate(COIN_P, [2.5, 1.5], [stake, 0]) / exact - 1) < 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_kelly_bet_is_where_a_search_ends(seed):
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2, 6))
    p, q = rng.dirichlet(np.ones(k)), rng.dirichlet(np.ones(k))
    odds = rng.choice([0.7, 0.9, 1.2]) / q
    bet = kelly_bet(p, odds)
    assert bet.min() >= 0
    assert bet.sum() <= 1 + 1e-12

    def loss(logits):  # the last of the shares is cash
        shares = softmax(logits)
        return -np.sum(p * np.log(shares[-1] + shares[:-1] * odds))

    end = optimize.minimize(loss, np.zeros(k + 1), method="BFGS", options={"gtol": 1e-9})
    assert growth_rate(p, odds, bet) == pytest.approx(-end.fun, abs=1e-6)
    assert growth_rate(p, odds, bet) >= -end.fun - 1e-9


def test_kelly_bets_that_are_known():
    # One bet that pays b to 1: the stake is edge over odds.
    assert kelly_bet([0.6, 0.4], [2, 0]) == pytest.approx([0.2, 0], rel=1e-12)
    assert kelly_bet([0.5, 0.5], [1.9, 1.9]).tolist() == [0, 0]
    assert kelly_bet(COIN_P, 1.1 / COIN_Q) == pytest.approx(COIN_P, rel=1e-12)
    assert kelly_bet([1, 0], [1.5, 3]).tolist() == [1, 0]
    assert kelly_bet([0.5, 0.5, 0], [0, 0, 5]).tolist() == [0, 0, 0]
    fair = kelly_bet(COIN_P, 1 / COIN_Q)
    assert growth_rate(COIN_P, 1 / COIN_Q, fair) == pytest.approx(kl_divergence(COIN_P, COIN_Q), rel=1e-12)


# Exponentiated gradient


def test_one_step_minimizes_the_linear_loss_and_its_divergence():
    start, gradient, rate = np.array([0.5, 0.2, 0.3]), np.array([1.0, -2.0, 0.5]), 0.7
    path = exponentiated_gradient(lambda w: gradient, start, rate, 1)

    def loss(logits):
        w = softmax(logits)
        return gradient @ w + np.sum(w * np.log(w / start)) / rate

    end = optimize.minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-9})
    assert path[1] == pytest.approx(softmax(end.x), abs=1e-7)
    assert path[1] == pytest.approx(start * np.exp(-rate * gradient) / (start @ np.exp(-rate * gradient)), rel=1e-14)


def test_linear_losses_have_a_closed_path():
    # t steps on <reward, w> from the reference: the regularized policy of price 1 / (rate t), for the reward -gradient.
    path = exponentiated_gradient(lambda w: -REWARD, REFERENCE, 0.25, 40)
    for steps in (1, 4, 40):
        best = regularized_policy(REFERENCE, REWARD, 1 / (0.25 * steps))
        assert path[steps] == pytest.approx(best.policy, rel=1e-12)


def test_descent_finds_the_least_of_a_convex_loss():
    # (1 - rate)^t of the log-ratio is left: D(w||q) has the gradient log(w/q), up to a constant.
    path = exponentiated_gradient(lambda w: np.log(w / COIN_Q), COIN_P, 0.5, 30)
    ratio = np.log(path[:, 0] / path[:, 1]) - math.log(0.4 / 0.6)
    assert ratio == pytest.approx(0.5 ** np.arange(31) * ratio[0], abs=1e-12)
    losses = kl_divergence(path, COIN_Q)
    assert losses[0] == pytest.approx(0.183787, rel=3e-6)
    assert (np.diff(losses)[:10] < 0).all()


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5])
def test_regret_bound(rate):
    rng = np.random.default_rng(3)
    k, steps = 8, 300
    gradients = rng.choice([0.0, 1.0], size=(steps, k), p=[0.5, 0.5]) - 0.1 * np.arange(k)
    spread = np.ptp(gradients, axis=1).max()
    served = iter(gradients)
    path = exponentiated_gradient(lambda w: next(served), np.full(k, 1 / k), rate, steps)
    regret = np.sum(path[:-1] * gradients) - gradients.sum(axis=0).min()
    bound = math.log(k) / rate + rate * steps * spread**2 / 8
    assert 0 < regret < bound
    # Not met by a path that does not learn, nor by one that goes up.
    if rate == 0.1:
        assert np.sum(gradients) / k - gradients.sum(axis=0).min() > bound
    assert (path > 0).all()


def test_mean_of_the_path_on_a_convex_loss():
    target, k, steps = np.array([0.7, 0.2, 0.1, 0.0]), 4, 200
    spread = 2.0  # the entries of w - target lie in [-1, 1]
    rate = math.sqrt(8 * math.log(k) / steps) / spread
    path = exponentiated_gradient(lambda w: w - target, np.full(k, 1 / k), rate, steps)
    losses = np.sum((path[:-1] - target) ** 2, axis=1) / 2
    assert losses.mean() <= spread * math.sqrt(math.log(k) / (2 * steps))


def test_zeros_stay_and_underflow_comes_back():
    calls = []

    def gradient(w):
        calls.append(w)
        slope = np.array([0.0, 1000.0, np.nan])
        return slope if len(calls) <= 2 else np.array([2000.0, 0.0, np.inf])

    path = exponentiated_gradient(gradient, [0.5, 0.5, 0], 1.0, 3)
    assert path.shape == (4, 3)
    assert path[:, 2].tolist() == [0] * 4
    assert path[2].tolist() == [1, 0, 0]
    assert path[3] == pytest.approx([0.5, 0.5, 0], rel=1e-12)  # 2 steps of 1000 and one of -2000
    assert path.sum(axis=1) == pytest.approx(np.ones(4), rel=1e-15)
    huge = exponentiated_gradient(lambda w: np.array([-1e308, 1e308]), [0.5, 0.5], 1e300, 2)
    assert huge[2].tolist() == [1, 0]
    assert exponentiated_gradient(lambda w: w, [0.5, 0.5], 1, 0).tolist() == [[0.5, 0.5]]


def test_a_gradient_cannot_change_the_path():
    def gradient(w):
        w[:] = -1
        return np.array([1.0, 0.0])

    path = exponentiated_gradient(gradient, [0.5, 0.5], 1, 2)
    assert (path > 0).all()


# Bad input

HALF = [0.5, 0.5]


def flat(w):
    return np.zeros_like(w)


CASES = [
    (regularized_policy, lambda: ([0.5, 0.6], [0, 1], 1), ValueError, "reference sums to 1.1"),
    (regularized_policy, lambda: ([1.5, -0.5], [0, 1], 1), ValueError, r"reference\[1\] = -0.5"),
    (regularized_policy, lambda: ([], [], 1), ValueError, "reference has no outcomes"),
    (regularized_policy, lambda: (["a"], [0], 1), TypeError, "reference must hold real numbers"),
    (regularized_policy, lambda: (HALF, [0, math.nan], 1), ValueError, r"reward\[1\] = nan"),
    (regularized_policy, lambda: (HALF, [0, math.inf], 1), ValueError, r"reward\[1\] = inf"),
    (
        regularized_policy,
        lambda: (HALF, [0, 1, 2], 1),
        ValueError,
        r"reference of shape \(2,\) and reward of shape \(3,\)",
    ),
    (regularized_policy, lambda: (HALF, 1.0, 1), ValueError, "reward must have an outcome"),
    (regularized_policy, lambda: (HALF, [0, 1], 0), ValueError, "beta = 0: it must be positive"),
    (regularized_policy, lambda: (HALF, [0, 1], -1), ValueError, "beta = -1"),
    (regularized_policy, lambda: (HALF, [0, 1], math.nan), ValueError, "beta = nan"),
    (regularized_policy, lambda: (HALF, [0, 1], "1"), TypeError, "beta must be a number, got '1'"),
    (regularized_policy, lambda: (HALF, [0, 1], True), TypeError, "beta must be a number, got True"),
    (growth_rate, lambda: ([0.5, 0.6], [2, 2], HALF), ValueError, "p sums to 1.1"),
    (growth_rate, lambda: (HALF, [2, -2], HALF), ValueError, r"odds\[1\] = -2.0: a payout"),
    (growth_rate, lambda: (HALF, [2, math.inf], HALF), ValueError, r"odds\[1\] = inf"),
    (growth_rate, lambda: (HALF, [2, 2, 2], HALF), ValueError, r"p of shape \(2,\) and odds of shape \(3,\)"),
    (growth_rate, lambda: (HALF, 2.0, HALF), ValueError, "odds must have an outcome"),
    (growth_rate, lambda: (HALF, [2, 2], [0.5, 0.6]), ValueError, "the sum of bet = 1.1: more than all"),
    (growth_rate, lambda: (HALF, [2, 2], [HALF, [0.5, 0.6]]), ValueError, r"the sum of bet\[1\] = 1.1"),
    (growth_rate, lambda: (HALF, [2, 2], [-0.1, 0.6]), ValueError, r"bet\[0\] = -0.1: a stake"),
    (growth_rate, lambda: (HALF, [2, 2], [math.nan, 0.6]), ValueError, r"bet\[0\] = nan"),
    (growth_rate, lambda: (HALF, [2, 2], [0.5]), ValueError, r"p of shape \(2,\) and bet of shape \(1,\)"),
    (growth_rate, lambda: (HALF, [2, 2], 0.5), ValueError, "bet must have an outcome"),
    (growth_rate, lambda: (HALF, [2, 2], ["a", "b"]), TypeError, "bet must hold real numbers"),
    (kelly_bet, lambda: ([0.5, 0.6], [2, 2]), ValueError, "p sums to 1.1"),
    (kelly_bet, lambda: ([HALF], [2, 2]), ValueError, "p must be one-dimensional"),
    (kelly_bet, lambda: (HALF, [[2, 2]]), ValueError, "odds must be one-dimensional"),
    (kelly_bet, lambda: (HALF, [2]), ValueError, r"p of shape \(2,\) and odds of shape \(1,\)"),
    (kelly_bet, lambda: (HALF, [2, math.nan]), ValueError, r"odds\[1\] = nan"),
    (exponentiated_gradient, lambda: (3, HALF, 1, 1), TypeError, "gradient must be a function"),
    (exponentiated_gradient, lambda: (flat, [0.5, 0.6], 1, 1), ValueError, "start sums to 1.1"),
    (exponentiated_gradient, lambda: (flat, [HALF], 1, 1), ValueError, "start must be one-dimensional"),
    (exponentiated_gradient, lambda: (flat, HALF, 0, 1), ValueError, "rate = 0: it must be positive and finite"),
    (exponentiated_gradient, lambda: (flat, HALF, math.inf, 1), ValueError, "rate = inf"),
    (exponentiated_gradient, lambda: (flat, HALF, None, 1), TypeError, "rate must be a number, got None"),
    (exponentiated_gradient, lambda: (flat, HALF, 1, -1), ValueError, "steps = -1"),
    (exponentiated_gradient, lambda: (flat, HALF, 1, 1.5), TypeError, "steps must be an integer, got 1.5"),
    (
        exponentiated_gradient,
        lambda: (lambda w: 1.0, HALF, 1, 1),
        ValueError,
        r"gradient\(w\) at step 1 has shape \(\)",
    ),
    (
        exponentiated_gradient,
        lambda: (lambda w: [0, math.nan], HALF, 1, 1),
        ValueError,
        r"gradient\(w\) at step 1\[1\]",
    ),
    (
        exponentiated_gradient,
        lambda: (lambda w: ["a", "b"], HALF, 1, 1),
        TypeError,
        r"gradient\(w\) at step 1 must hold",
    ),
]


@pytest.mark.parametrize(("function", "arguments", "error", "message"), CASES)
def test_bad_input(function, arguments, error, message):
    with pytest.raises(error, match="^" + message):
        function(*arguments())
