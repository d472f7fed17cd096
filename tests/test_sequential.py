"""Wald's sequential test: its thresholds, its run over a stream, and its law by a second route."""

import itertools
import math

import numpy as np
import pytest

from kltools.hypothesis_testing import log_likelihood_ratio, sprt

COIN = [0.7, 0.3], [0.4, 0.6]


def law_by_counts(p, q, alpha, beta, truth, most):
    """Return P(decide P), P(decide Q) and the mean number of flips of a coin, state by state of (heads, tails)."""
    upper, lower = math.log((1 - alpha) / beta), math.log(alpha / (1 - beta))
    heads, tails = (math.log(a / b) for a, b in zip(p, q, strict=True))
    states, says_p, says_q, mean = {(0, 0): 1.0}, 0.0, 0.0, 0.0
    for n in range(1, most + 1):
        longer = {}
        for (h, t), mass in states.items():
            for state, chance in (((h + 1, t), truth[0]), ((h, t + 1), truth[1])):
                total = state[0] * heads + state[1] * tails
                if lower < total < upper:
                    longer[state] = longer.get(state, 0.0) + mass * chance
                else:
                    mean += n * mass * chance
                    says_p, says_q = says_p + mass * chance * (total > 0), says_q + mass * chance * (total < 0)
        states = longer
    return says_p, says_q, mean


def test_the_running_coin():
    test = sprt(*COIN, alpha=0.01, beta=0.01)
    assert test.upper == -test.lower == pytest.approx(math.log(99))
    assert test.alpha_bound == test.beta_bound == pytest.approx(1 / 99)
    assert test.mean_n_p == pytest.approx(24.5024, abs=5e-5)
    assert test.mean_n_q == pytest.approx(23.4491, abs=5e-5)
    under_p, under_q = test.stopping_law("P"), test.stopping_law("Q")
    assert under_p.decide_q.sum() == pytest.approx(0.00735333, abs=5e-9)
    assert under_q.decide_p.sum() == pytest.approx(0.00784212, abs=5e-9)
    assert under_p.mean == pytest.approx(26.0130, abs=5e-5)
    assert under_q.mean == pytest.approx(25.2457, abs=5e-5)


@pytest.mark.parametrize(("alpha", "beta"), [(0.01, 0.01), (0.05, 0.2), (1e-4, 0.3)])
@pytest.mark.parametrize(("p", "q"), [COIN, COIN[::-1], ([0.9, 0.1], [0.85, 0.15])])
def test_the_law_by_counts(p, q, alpha, beta):
    test = sprt(p, q, alpha, beta)
    for name, truth in (("P", p), ("Q", q)):
        law = test.stopping_law(name)
        says_p, says_q, mean = law_by_counts(p, q, alpha, beta, truth, len(law.decide_p) - 1)
        assert law.decide_p.sum() == pytest.approx(says_p, rel=1e-11)
        assert law.decide_q.sum() == pytest.approx(says_q, rel=1e-11)
        assert law.mean == pytest.approx(mean, rel=1e-11)
        assert law.decide_p.sum() + law.decide_q.sum() == pytest.approx(1, abs=1e-12)
    wrong_q, wrong_p = test.stopping_law("P").decide_q.sum(), test.stopping_law("Q").decide_p.sum()
    assert wrong_q <= test.alpha_bound
    assert wrong_p <= test.beta_bound
    assert wrong_q + wrong_p <= alpha + beta


def test_the_means_are_different_for_different_errors():
    # Under P the walk mostly climbs to log((1 - alpha) / beta): a small beta makes it long.
    strict = sprt(*COIN, alpha=0.05, beta=1e-9)
    assert strict.upper == pytest.approx(math.log(0.95e9))
    assert strict.lower == pytest.approx(math.log(0.05), abs=1e-8)
    d_pq, d_qp = 0.183787, 0.192042
    assert strict.mean_n_p == pytest.approx((0.95 * math.log(0.95e9) + 0.05 * math.log(0.05)) / d_pq, rel=1e-5)
    assert strict.mean_n_q == pytest.approx(math.log(20) / d_qp, rel=1e-5)


def test_the_run_is_the_walk_up_to_its_first_crossing():
    test = sprt(*COIN, 0.05, 0.1)
    rng = np.random.default_rng(4)
    decisions = []
    for truth in COIN * 100:
        xs = rng.choice(2, size=400, p=truth)
        decision, n, walk = test.run(xs)
        whole = log_likelihood_ratio(*COIN, xs, cumulative=True)
        crossed = (whole >= test.upper) | (whole <= test.lower)
        assert n == len(walk) == crossed.argmax() + 1
        assert walk == pytest.approx(whole[:n], abs=1e-12)
        assert decision == ("P" if whole[n - 1] > 0 else "Q")
        decisions.append(decision)
    assert decisions[::2].count("Q") <= 15  # the bound is 5.6 %; this is four standard deviations more
    assert decisions[1::2].count("P") <= 23


def test_a_stream_is_read_no_further_than_needed():
    test = sprt(*COIN, 0.01, 0.01)
    stream = itertools.count()
    decision, n, _ = test.run(0 for _ in stream)
    assert (decision, n) == ("P", math.ceil(math.log(99) / math.log(7 / 4)))
    assert next(stream) == n
    assert test.run([]).decision is None
    assert test.run([]).n == 0
    undecided = test.run([0, 1, 0])
    assert (undecided.decision, undecided.n) == (None, 3)


def test_a_threshold_that_is_met_is_reached():
    # One flip carries exactly log 99, the threshold of both errors at 1 %.
    test = sprt([0.99, 0.01], [0.01, 0.99], 0.01, 0.01)
    assert test.run([0, 0]).n == 1
    assert test.run([1, 1]).decision == "Q"
    law = test.stopping_law("P")
    assert law.mean == 1
    assert law.decide_q == pytest.approx([0, 0.01])


def test_impossible_outcomes_decide_at_once():
    test = sprt([0.5, 0.5, 0], [0.5, 0, 0.5], 0.01, 0.01)
    assert test.run([0, 0, 1, 2])[:2] == ("P", 3)
    assert test.run([0, 2])[:2] == ("Q", 2)
    law = test.stopping_law("P")
    assert law.decide_p[1:4] == pytest.approx([1 / 2, 1 / 4, 1 / 8])
    assert law.decide_q.sum() == 0
    assert law.mean == pytest.approx(2)
    assert sprt([1, 0], [0, 1], 0.1, 0.1).stopping_law("Q").decide_q == pytest.approx([0, 1])


def test_equal_hypotheses_never_end():
    test = sprt([0.5, 0.5], [0.5, 0.5], 0.01, 0.01)
    assert test.mean_n_p == test.mean_n_q == math.inf
    assert test.run([0, 1] * 50).decision is None
    with pytest.raises(ValueError, match=r"^p and q are the same: the test never decides"):
        test.stopping_law("P")


CASES = [
    (lambda test: test.run([0, 2]), ValueError, r"xs\[1\] = 2: the outcomes are 0 to 1"),
    (lambda test: test.run([-1]), ValueError, r"xs\[0\] = -1"),
    (lambda test: test.run([0, 0.5]), ValueError, r"xs\[1\] = 0\.5: an observation is the index"),
    (lambda test: test.run([math.nan]), ValueError, r"xs\[0\] = nan"),
    (lambda test: test.run([1.0]), TypeError, r"xs\[0\] must hold integers"),
    (lambda test: test.run(["0"]), TypeError, r"xs\[0\] must hold real numbers"),
    (lambda test: test.run([True]), TypeError, r"xs\[0\] must hold real numbers"),
    (lambda test: test.stopping_law("R"), ValueError, "truth = 'R': it is one of P, Q"),
    (lambda test: sprt([0.5, 0.3, 0.2], [0.21, 0.32, 0.47], 0.1, 0.1).stopping_law("P"), ValueError, "the log ratios"),
    (lambda test: sprt([0.5, 0.5, 0], [0.4, 0.6, 0], 0.1, 0.1).run([2]), ValueError, r"xs\[0\] = 2: .* impossible"),
]


@pytest.mark.parametrize(("call", "error", "message"), CASES)
def test_bad_input(call, error, message):
    with pytest.raises(error, match="^" + message):
        call(sprt(*COIN, 0.01, 0.01))
