"""The most powerful test, against 50 digits, against enumeration, and its bounds against the truth."""

import itertools
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kltools import _neyman_pearson, kl_divergence
from kltools.hypothesis_testing import log_likelihood_ratio, neyman_pearson, observations_needed, stein_approximation

COIN = [0.7, 0.3], [0.4, 0.6]
DYADIC = [1 / 2, 1 / 4, 1 / 8, 1 / 8], [1 / 4, 1 / 8, 1 / 8, 1 / 2]


def best_error(atoms, alpha, randomized=True):
    """Return the type II error from pairs of exact masses (under P, under Q), in order of rising log ratio."""
    level = 0
    for i, (p, q) in enumerate(atoms):
        if level + p > alpha:
            kept = 1 - (alpha - level) / p if randomized else 1
            return kept * q + sum(q for _, q in atoms[i + 1 :])
        level += p
    return 0


def binomial_atoms(n, p, q):
    """Return the masses of the number of heads, for a coin whose heads speak for P (p > q), at mpmath's precision."""
    masses = []
    for x in (mpmath.mpf(p), mpmath.mpf(q)):
        mass = (1 - x) ** n
        masses.append([mass])
        for k in range(n):
            mass *= x / (1 - x) * (n - k) / (k + 1)
            masses[-1].append(mass)
    return list(zip(*masses, strict=True))


def enumerated_atoms(p, q, n):
    """Return the masses of every kind of sample of n draws, in order of its log ratio."""
    atoms = []
    for kind in itertools.combinations_with_replacement(range(len(p)), n):
        counts = np.bincount(kind, minlength=len(p))
        ways = math.factorial(n) / math.prod(math.factorial(c) for c in counts)
        atoms.append((ways * np.prod(np.power(p, counts)), ways * np.prod(np.power(q, counts))))
    return sorted(atoms, key=lambda atom: atom[0] / atom[1] if atom[1] else math.inf)


@pytest.mark.parametrize(("n", "exponent"), [(10, 0.101686), (100, 0.125342), (1000, 0.158762), (5000, 0.171596)])
def test_the_running_coin(n, exponent):
    assert neyman_pearson(*COIN, n, 0.05).exponent == pytest.approx(exponent, abs=5e-7)


@pytest.mark.parametrize("randomized", [True, False])
@pytest.mark.parametrize(
    ("p", "q", "n", "alpha"),
    [
        (0.7, 0.4, 1, 0.05),
        (0.7, 0.4, 100, 0.05),
        (0.7, 0.4, 1000, 1e-12),
        (0.7, 0.4, 200, 1e-30),
        (0.7, 0.4, 200, 1e-100),
        (0.7, 0.4, 200, 1e-300),
        (0.7, 0.4, 2, 0.0899),
        (0.7, 0.4, 2, 0.09 + 1e-9),
        (0.7, 0.4, 2, 0.49),
        (0.7, 0.4, 500, 0.5),
        (0.7, 0.4, 200, 0.999),
        (0.999, 0.99, 3000, 0.05),
        (1e-6, 1e-9, 1000, 0.9995),
        (0.7, 0.6999, 100, 0.05),
        (0.7, 0.4, 10_000, 0.05),
    ],
)
def test_two_outcomes_at_fifty_digits(p, q, n, alpha, randomized):
    with mpmath.workdps(50):
        truth = float(mpmath.log(best_error(binomial_atoms(n, p, q), mpmath.mpf(alpha), randomized)))
    for rows in (([p, 1 - p], [q, 1 - q]), ([1 - p, 0, p], [1 - q, 0, q])):
        test = neyman_pearson(*rows, n, alpha, randomized=randomized)
        assert test.exact
        assert test.log_beta == test.log_beta_low == test.log_beta_high
        assert test.log_beta == pytest.approx(truth, rel=1e-11, abs=1e-10)
        assert test.beta == pytest.approx(math.exp(truth), rel=1e-10)


def test_a_level_near_one_keeps_most_digits():
    with mpmath.workdps(50):
        truth = float(mpmath.log(best_error(binomial_atoms(100, 0.7, 0.4), mpmath.mpf(1 - 1e-9))))
    assert neyman_pearson(*COIN, 100, 1 - 1e-9).log_beta == pytest.approx(truth, abs=1e-4)
    with pytest.raises(ValueError, match=r"^alpha = 0\.9999999999: above 1 - 1e-9"):
        neyman_pearson(*COIN, 100, 1 - 1e-10)


def test_dyadic_pair_in_rational_numbers():
    n, alpha = 40, Fraction(1, 20)
    step = {1: Fraction(3, 4), 0: Fraction(1, 8), -2: Fraction(1, 8)}  # log2(p/q), and its law under P
    law = {0: Fraction(1)}
    for _ in range(n):
        longer = {}
        for (a, x), (b, y) in itertools.product(law.items(), step.items()):
            longer[a + b] = longer.get(a + b, 0) + x * y
        law = longer
    atoms = [(mass, mass / Fraction(2) ** bits) for bits, mass in sorted(law.items())]
    for randomized in (True, False):
        test = neyman_pearson(*DYADIC, n, float(alpha), randomized=randomized)
        assert test.exact
        truth = best_error(atoms, Fraction(float(alpha)), randomized)
        assert test.log_beta == pytest.approx(math.log(truth), rel=1e-13)


def test_three_points_of_a_lattice_at_ten_thousand_draws():
    # By squaring: sums of positive terms only, so that even small probabilities keep their digits.
    ratios, p = np.log([0.5, 1, 2]), np.array([0.2, 0.35, 0.45])
    q = p * np.exp(-ratios)
    p, q = np.append(p, 0), np.append(q, 0)
    q[3] = 1 - q.sum()
    n, alpha = 10_000, 0.05
    law = np.ones(1)
    for bit in f"{n:b}":
        law = np.convolve(law, law)
        law = np.convolve(law, p[:3]) if bit == "1" else law
    sums = math.log(2) * (np.arange(2 * n + 1) - n)
    below = np.cumsum(law)
    t = int((below > alpha).argmax())
    scaled = np.exp(sums[t] - sums[t:]) * law[t:]
    truth = math.log(scaled.sum() - (alpha - below[t - 1])) - sums[t]
    test = neyman_pearson(p, q, n, alpha)
    assert test.exact
    assert test.log_beta == pytest.approx(truth, rel=1e-11)
    assert test.threshold == pytest.approx(sums[t], rel=1e-11)


@pytest.mark.parametrize(("alpha", "n"), [(0.05, 1), (0.05, 8), (0.3, 8), (1e-3, 8), (0.05, 30), (1e-7, 30)])
def test_other_pairs_by_enumeration(n, alpha):
    p, q = [0.5, 0.3, 0.2], [0.21, 0.32, 0.47]
    atoms = enumerated_atoms(p, q, n)
    truth = math.log(best_error(atoms, alpha))
    test = neyman_pearson(p, q, n, alpha)
    assert not test.exact
    assert test.log_beta_low <= truth <= test.log_beta_high
    assert test.log_beta_high - test.log_beta_low < 2e-4
    assert test.log_beta == pytest.approx(truth, abs=2e-5)
    plain = neyman_pearson(p, q, n, alpha, randomized=False)
    assert plain.log_beta_low <= math.log(best_error(atoms, alpha, randomized=False)) <= plain.log_beta_high + 1e-12
    # The test that is reported keeps its level, and its error is within the bound.
    level = sum(x for x, y in atoms if math.log(x / y) < plain.threshold)
    error = sum(y for x, y in atoms if math.log(x / y) >= plain.threshold)
    assert 0 <= level <= alpha
    assert math.log(error) <= plain.log_beta_high + 1e-12
    assert plain.randomization == test.randomization == 0


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(1, 30), min_size=4, max_size=4),
    st.lists(st.integers(1, 30), min_size=4, max_size=4),
    st.integers(1, 5),
    st.floats(0.001, 0.99),
)
def test_any_pair_by_enumeration(p, q, n, alpha):
    p, q = np.array(p) / sum(p), np.array(q) / sum(q)
    truth = math.log(best_error(enumerated_atoms(p, q, n), alpha))
    with pytest.MonkeyPatch.context() as patch:  # a coarse grid is fast, and has more to bound
        patch.setattr(_neyman_pearson, "GRID_SIZE", 2**12)
        test = neyman_pearson(p, q, n, alpha)
    assert test.log_beta_low - 1e-9 <= truth <= test.log_beta_high + 1e-9
    assert test.log_beta_high - test.log_beta_low < 0.5


@pytest.mark.parametrize("randomized", [True, False])
@pytest.mark.parametrize(("n", "alpha"), [(50, 0.05), (1000, 0.05), (1000, 1e-40), (10_000, 0.5), (100, 1e-90)])
def test_the_grid_bounds_hold_what_the_lattice_knows(monkeypatch, n, alpha, randomized):
    rng = np.random.default_rng(3)
    ratios, p = rng.integers(-97, 98, size=6) / 60, rng.dirichlet(np.ones(6))
    q = p * np.exp(-ratios)
    ratios -= math.log(1 / q.sum())
    q /= q.sum()
    known = neyman_pearson(p, q, n, alpha, randomized=randomized)
    monkeypatch.setattr(_neyman_pearson, "EXACT_SIZE", 0)
    grid = neyman_pearson(p, q, n, alpha, randomized=randomized)
    assert known.exact
    assert not grid.exact
    assert grid.log_beta_low <= known.log_beta <= grid.log_beta_high
    assert grid.log_beta_low <= grid.log_beta <= grid.log_beta_high
    width = grid.log_beta_high - grid.log_beta_low
    assert width < 2e-3 * abs(known.log_beta) + (0.02 if randomized else 0.1)


def test_what_q_excludes_leaves_no_error():
    p, q = [0.5, 0.5, 0], [0.5, 0, 0.5]
    # Accept P only after outcome 1; after none of it, reject with probability alpha * 2**n.
    test = neyman_pearson(p, q, 6, 0.01)
    assert (test.threshold, test.exact) == (0, True)
    assert test.randomization == pytest.approx(0.64)
    assert test.beta == pytest.approx((1 - 0.64) / 64)
    test = neyman_pearson(p, q, 7, 0.01)
    assert (test.log_beta, test.beta, test.exponent, test.threshold) == (-math.inf, 0, math.inf, math.inf)
    assert neyman_pearson([1, 0], [0, 1], 1, 1e-300).log_beta == -math.inf
    assert observations_needed(p, q, 0.01, 0.001) == 7
    assert observations_needed([1, 0], [0, 1], 0.01, 0.001) == 1


def test_what_p_excludes_is_rejected_at_no_cost():
    test = neyman_pearson([0.5, 0.5, 0], [0.1, 0.1, 0.8], 3, 0.25)
    assert test.beta == pytest.approx(0.75 * 0.2**3)


def test_equal_hypotheses_are_told_apart_by_the_coin_alone():
    test = neyman_pearson([0.3, 0.7], [0.3, 0.7], 10, 0.05)
    assert test.beta == pytest.approx(0.95)
    assert test.randomization == pytest.approx(0.05)
    assert observations_needed([0.3, 0.7], [0.3, 0.7], 0.05, 0.05) == math.inf
    assert observations_needed([0.3, 0.7], [0.3, 0.7], 0.5, 0.5) == 0


def test_a_level_that_is_an_atom_is_used_up():
    plain = neyman_pearson([0.5, 0.5], [0.3, 0.7], 4, 1 / 16, randomized=False)
    assert plain.beta == pytest.approx(1 - 0.7**4)


def test_the_threshold_keeps_its_level():
    rng = np.random.default_rng(7)
    test = neyman_pearson(*COIN, 50, 0.05)
    walks = log_likelihood_ratio(*COIN, rng.choice(2, size=(40_000, 50), p=COIN[0]))
    ties = np.isclose(walks, test.threshold, rtol=0, atol=1e-9)
    level = np.mean(((walks < test.threshold) & ~ties) + test.randomization * ties)
    assert level == pytest.approx(0.05, abs=4 * math.sqrt(0.05 / 40_000))


def test_how_many_draws():
    assert observations_needed(*COIN, 0.05, 1e-6) == 110
    assert math.ceil(math.log(1e6) / kl_divergence(*COIN)) == 76
    plain = [n for n in range(105, 121) if neyman_pearson(*COIN, n, 0.05, randomized=False).beta <= 1e-6]
    assert plain == [111, 113, 114, 115, 116, 117, 118, 119, 120]


@pytest.mark.parametrize(
    ("p", "q", "alpha", "beta"),
    [
        (COIN[1], COIN[0], 0.05, 1e-6),
        (*COIN, 0.3, 0.69),
        (*COIN, 1e-9, 1e-3),
        ([1 / 3, 2 / 3], [0.337699, 0.662301], 0.05, 0.05),
        ([1 / 6] * 6, [0.15] * 5 + [0.25], 0.05, 0.05),
        ([0.25, 0.35, 0.4], [0.2, 0.33, 0.47], 0.05, 0.01),
    ],
)
def test_the_number_of_draws_is_the_smallest(monkeypatch, p, q, alpha, beta):
    monkeypatch.setattr(_neyman_pearson, "GRID_SIZE", 2**17)  # exact for all but the last
    n = observations_needed(p, q, alpha, beta)
    assert neyman_pearson(p, q, n, alpha).beta <= beta * (1 + 1e-9)
    assert n == 1 or neyman_pearson(p, q, n - 1, alpha).beta > beta


def test_strassen():
    for n, published, exact in [(100, 0.112384, 0.125342), (1000, 0.157380, 0.158762)]:
        assert stein_approximation(*COIN, n, 0.05) / n == pytest.approx(published, abs=5e-7)
        assert neyman_pearson(*COIN, n, 0.05).exponent == pytest.approx(exact, abs=5e-7)
    # The error is O(1): it stays near 1.4 while n, and -log(beta) with it, grow a hundredfold.
    gaps = [-neyman_pearson(*COIN, n, 0.05).log_beta - stein_approximation(*COIN, n, 0.05) for n in (100, 1000, 10_000)]
    assert max(gaps) - min(gaps) < 0.5
    assert stein_approximation([0.5, 0.5, 0], [0.5, 0, 0.5], 10, 0.05) == math.inf
