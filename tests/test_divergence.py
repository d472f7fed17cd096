"""The number itself: known values, identities, 50-digit references, hard cases."""

import subprocess
import sys
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kltools as kl

COIN = np.array([0.7, 0.3]), np.array([0.4, 0.6])
DYADIC = np.array([1 / 2, 1 / 4, 1 / 8, 1 / 8]), np.array([1 / 4, 1 / 8, 1 / 8, 1 / 2])
ORDERS = [0, 1e-6, 0.25, 0.5, 0.75, 1 - 1e-7, 1, 1 + 1e-7, 2, 30, np.inf]


# ---- 50-digit references, of the exactly normalized vectors ----


def exact(values):
    values = [mpmath.mpf(float(x)) for x in values]
    total = mpmath.fsum(values)
    return [x / total for x in values]


def exact_kl(p, q):
    if any(a and not b for a, b in zip(p, q, strict=True)):
        return mpmath.inf
    return mpmath.fsum(a * mpmath.log(a / b) for a, b in zip(p, q, strict=True) if a)


def exact_renyi(p, q, alpha):
    pairs = [(a, b) for a, b in zip(p, q, strict=True) if a]
    if alpha == 1:
        return exact_kl(p, q)
    if alpha > 1 and any(not b for _, b in pairs):
        return mpmath.inf
    if alpha == np.inf:
        return mpmath.log(max(a / b for a, b in pairs))
    alpha = mpmath.mpf(alpha)
    mass = mpmath.fsum(a**alpha * b ** (1 - alpha) for a, b in pairs if b)
    return mpmath.log(mass) / (alpha - 1) if mass else mpmath.inf


def middle(p, q):
    return [(a + b) / 2 for a, b in zip(p, q, strict=True)]


REFERENCES = {
    "entropy": (lambda p, q: kl.entropy(p), lambda p, q: -mpmath.fsum(a * mpmath.log(a) for a in p if a)),
    "perplexity": (
        lambda p, q: kl.perplexity(p),
        lambda p, q: mpmath.exp(-mpmath.fsum(a * mpmath.log(a) for a in p if a)),
    ),
    "cross_entropy": (
        kl.cross_entropy,
        lambda p, q: -mpmath.fsum(a * (mpmath.log(b) if b else -mpmath.inf) for a, b in zip(p, q, strict=True) if a),
    ),
    "kl": (kl.kl_divergence, exact_kl),
    "reverse kl": (lambda p, q: kl.kl_divergence(q, p), lambda p, q: exact_kl(q, p)),
    "js": (kl.js_divergence, lambda p, q: (exact_kl(p, middle(p, q)) + exact_kl(q, middle(p, q))) / 2),
    "jeffreys": (kl.jeffreys_divergence, lambda p, q: exact_kl(p, q) + exact_kl(q, p)),
    "total_variation": (
        kl.total_variation,
        lambda p, q: mpmath.fsum(abs(a - b) for a, b in zip(p, q, strict=True)) / 2,
    ),
    "chi2": (
        kl.chi2_divergence,
        lambda p, q: mpmath.fsum((a - b) ** 2 / b if b else mpmath.inf for a, b in zip(p, q, strict=True) if a or b),
    ),
    "hellinger": (
        kl.squared_hellinger,
        lambda p, q: 1 - mpmath.fsum(mpmath.sqrt(a * b) for a, b in zip(p, q, strict=True)),
    ),
    **{
        f"renyi {alpha}": (
            lambda p, q, alpha=alpha: kl.renyi_divergence(p, q, alpha),
            lambda p, q, alpha=alpha: exact_renyi(p, q, alpha),
        )
        for alpha in ORDERS
    },
}

rng = np.random.default_rng(20)
LETTERS = rng.dirichlet(np.ones(26)), rng.dirichlet(np.ones(26))
NEARLY_SURE = np.array([1 - 2**-40, 2**-41, 2**-41]), np.array([1 - 2**-50, 2**-52, 3 * 2**-52])
HARD = {
    "coin": COIN,
    "dyadic": DYADIC,
    "letters": LETTERS,
    "equal": (LETTERS[0], LETTERS[0]),
    "zero in p": (np.array([0, 0.3, 0.7]), np.array([0.2, 0.3, 0.5])),
    "zero in q": (np.array([0.2, 0.3, 0.5]), np.array([0, 0.3, 0.7])),
    "zero in both": (np.array([0, 0.4, 0.6]), np.array([0, 0.5, 0.5])),
    "disjoint": (np.array([1.0, 0.0]), np.array([0.0, 1.0])),
    "tiny q": (np.array([0.5, 0.5]), np.array([1e-300, 1.0])),
    "subnormal q": (np.array([0.5, 0.5]), np.array([5e-324, 1.0])),
    "subnormal p": (np.array([5e-324, 1.0]), np.array([0.5, 0.5])),
    "subnormal both": (np.array([1.5e-323, 1.0]), np.array([5e-324, 1.0])),
    "subnormal and zero": (np.array([5e-324, 1.0, 0.0]), np.array([0.0, 0.5, 0.5])),
    "nearly sure": NEARLY_SURE,
    "nearly sure, rounded": (np.array([1 - 1e-12, 7e-13, 3.00001e-13]), np.array([1 - 1e-11, 9e-12, 1e-12])),
    "sums within the tolerance": (np.array([0.7 + 4e-9, 0.3]), np.array([0.4, 0.6 - 3e-9])),
    "float32": tuple(x.astype(np.float32) for x in LETTERS),
}


@pytest.mark.parametrize("quantity", REFERENCES)
@pytest.mark.parametrize("case", HARD)
def test_fifty_digits(case, quantity):
    p, q = HARD[case]
    ours, reference = REFERENCES[quantity]
    with mpmath.workdps(400 if "subnormal" in case else 50):
        truth = float(reference(exact(p), exact(q)))
    value = ours(p, q)
    assert isinstance(value, float)
    assert value == pytest.approx(truth, rel=4e-14, abs=1e-40)


@pytest.mark.parametrize("quantity", sorted(REFERENCES.keys() - {"entropy", "perplexity", "cross_entropy", "renyi 0"}))
@pytest.mark.parametrize("size", [1e-9, 1e-10])
@pytest.mark.parametrize("n", [2, 50, 1000])
def test_near_equal_pairs_keep_their_digits(n, size, quantity):
    """D is about 5e-19 and 5e-21: what is left when 18 and 20 digits have canceled."""
    rng = np.random.default_rng(n)
    p = rng.dirichlet(np.full(n, 5.0))
    direction = rng.standard_normal(n)
    q = p * (1 + size * (direction - p @ direction))
    ours, reference = REFERENCES[quantity]
    with mpmath.workdps(60):
        truth = reference(exact(p), exact(q))
        error = float(abs(ours(p, q) - truth) / truth)
    assert error < (1e-8 if quantity in ("kl", "js") or size == 1e-9 else 1e-6)


def test_order_zero_counts_the_support():
    assert kl.renyi_divergence([0.5, 0.5, 0], [0.25, 0.25, 0.5], 0, base=2) == 1
    assert kl.renyi_divergence([0.5, 0.5], [0.3, 0.7], 0) == 0


# ---- known values ----


def test_the_running_coin():
    p, q = COIN
    assert kl.kl_divergence(p, q) == pytest.approx(0.183787, abs=5e-7)
    assert kl.kl_divergence(p, q, base=2) == pytest.approx(0.265148, abs=5e-7)
    assert kl.kl_divergence(q, p) == pytest.approx(0.192042, abs=5e-7)
    assert kl.kl_divergence(q, p, base=2) == pytest.approx(0.277058, abs=5e-7)


def test_the_dyadic_pair_is_exact():
    p, q = DYADIC
    assert kl.kl_divergence(p, q, base=2) == 0.5
    assert kl.kl_divergence(q, p, base=2) == 0.625
    assert kl.entropy(p, base=2) == 1.75
    assert kl.cross_entropy(p, q, base=2) == 2.25


def test_certainty_has_no_entropy():
    value = kl.entropy([0, 1, 0])
    assert value == 0
    assert not np.signbit(value)
    assert kl.perplexity([0, 1, 0]) == 1


def test_mutual_information_by_definition():
    rng = np.random.default_rng(3)
    joint = rng.dirichlet(np.ones(12)).reshape(3, 4)
    joint[1, 2] = 0
    joint /= joint.sum()
    product = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    with mpmath.workdps(50):
        truth = float(exact_kl(exact(joint.ravel()), exact(product.ravel())))
    assert kl.mutual_information(joint) == pytest.approx(truth, rel=1e-13)
    assert kl.mutual_information(np.stack([joint, product])) == pytest.approx([truth, 0], abs=1e-15)


def test_mutual_information_of_a_rare_but_telling_cell():
    joint = np.diag([1e-200, 1.0])  # the product of the marginals of the rare cell underflows
    assert kl.mutual_information(joint) == pytest.approx(1e-200 * (1 + 200 * np.log(10)), rel=1e-12)
    assert kl.mutual_information([[0.5, 0.5], [0, 0]]) == 0


# ---- shapes, units, precision ----


def test_broadcasting_and_axis():
    rng = np.random.default_rng(4)
    p, q = rng.dirichlet(np.ones(5), size=(2, 3)), rng.dirichlet(np.ones(5), size=3)
    expected = [[kl.kl_divergence(a, b) for a, b in zip(row, q, strict=True)] for row in p]
    value = kl.kl_divergence(p, q)
    assert value.dtype == np.float64
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    moved = kl.kl_divergence(np.moveaxis(p, -1, 0), q.T, axis=0)
    np.testing.assert_array_equal(moved, value)
    assert kl.kl_divergence(p, q[0]).shape == (2, 3)
    assert kl.kl_divergence(p[:0], q).shape == (0, 3)
    for function in (kl.js_divergence, kl.total_variation, kl.chi2_divergence, kl.squared_hellinger):
        np.testing.assert_allclose(function(p, q)[1, 2], function(p[1, 2], q[2]), rtol=1e-14)
    np.testing.assert_allclose(kl.renyi_divergence(p, q, 3)[1, 2], kl.renyi_divergence(p[1, 2], q[2], 3), rtol=1e-14)
    np.testing.assert_array_equal(kl.entropy(p, axis=-1), kl.entropy(np.moveaxis(p, -1, 1), axis=1))


def test_base_and_normalize():
    p, q = COIN
    assert kl.js_divergence(p, q, base=2) == pytest.approx(kl.js_divergence(p, q) / np.log(2), rel=1e-15)
    assert kl.kl_divergence([7, 3], [2, 3], normalize=True) == pytest.approx(kl.kl_divergence(p, q), rel=1e-14)
    assert kl.entropy([1e308, 1e308], normalize=True, base=2) == 1
    assert kl.entropy([5e-324, 5e-324], normalize=True, base=2) == 1
    assert kl.mutual_information([[3, 0], [0, 3]], normalize=True, base=2) == 1


def test_long_vectors():
    """Four outcomes, each split evenly into 250,000."""
    p, q = (np.repeat(x, 250_000) / 250_000 for x in DYADIC)
    with mpmath.workdps(50):
        truth = float(exact_kl(exact(p[::250_000]), exact(q[::250_000])))
    assert kl.kl_divergence(p, q) == pytest.approx(truth, rel=1e-14)
    assert kl.kl_divergence(p.astype(np.float32), q.astype(np.float32)) == pytest.approx(truth, rel=1e-6)
    assert kl.entropy(p, base=2) == pytest.approx(1.75 + np.log2(250_000), rel=1e-14)


def test_near_equal_vectors_of_a_million():
    rng = np.random.default_rng(5)
    p = rng.dirichlet(np.ones(1_000_000))
    sign = np.where(np.arange(p.size) % 2, 1.0, -1.0)
    q = p * (1 + 1e-9 * sign)
    u = (q - p) / p  # the difference is exact, so this second route keeps the digits too
    q_sum_excess = (q - p).sum()
    truth = p @ (u**2 / 2 - u**3 / 3) / p.sum() - q_sum_excess**2 / 2
    assert kl.kl_divergence(p, q) == pytest.approx(truth, rel=1e-9)


def test_never_negative_on_ten_thousand_near_equal_pairs():
    rng = np.random.default_rng(6)
    p = rng.dirichlet(np.ones(20), size=10_000)
    q = p * (1 + 10.0 ** rng.uniform(-17, -8, size=(10_000, 1)) * rng.standard_normal((10_000, 20)))
    q /= q.sum(axis=1, keepdims=True)
    differ = (p != q).any(axis=1)
    assert differ.sum() > 9_000
    for function in (kl.kl_divergence, kl.js_divergence, kl.jeffreys_divergence):
        value = function(p, q)
        assert value.min() >= 0
        assert (value[np.abs(q / p - 1).max(axis=1) > 1e-12] > 0).all()
    assert kl.renyi_divergence(p, q, 0.3).min() >= 0
    assert kl.kl_from_logits(np.log(p), np.log(q)).min() >= 0


# ---- identities ----

WEIGHT = st.floats(1e-6, 1.0)
FREE = st.one_of(st.just(0.0), WEIGHT)
repeatable = settings(derandomize=True, deadline=None, max_examples=100)


def vectors(n, weight=WEIGHT):
    return st.lists(weight, min_size=n, max_size=n).filter(any).map(lambda w: np.array(w) / sum(w))


@repeatable
@given(vectors(6, FREE), vectors(6, FREE))
def test_gibbs(p, q):
    value = kl.kl_divergence(p, q)
    assert value >= 0
    assert (value == 0) == (kl.total_variation(p, q) == 0)
    assert np.isinf(value) == bool(((p > 0) & (q == 0)).any())
    assert kl.kl_divergence(p, p) == 0


@repeatable
@given(vectors(12, FREE), vectors(12))
def test_chain_rule(p, q):
    p, q = p.reshape(3, 4), q.reshape(3, 4)
    p_x, q_x = p.sum(axis=1), q.sum(axis=1)
    seen = p_x > 0
    conditional = kl.kl_divergence(p[seen] / p_x[seen, None], q[seen] / q_x[seen, None])
    total = kl.kl_divergence(p.ravel(), q.ravel())
    assert total == pytest.approx(kl.kl_divergence(p_x, q_x) + p_x[seen] @ conditional, rel=1e-11, abs=1e-15)


@repeatable
@given(vectors(5, FREE), vectors(5, FREE), st.lists(vectors(3, FREE), min_size=5, max_size=5))
def test_data_processing(p, q, channel):
    after = kl.kl_divergence(p @ np.array(channel), q @ np.array(channel))
    assert after <= kl.kl_divergence(p, q) * (1 + 1e-12) + 1e-15


@repeatable
@given(vectors(4, FREE), vectors(4), vectors(3, FREE), vectors(3))
def test_additivity(p, q, r, s):
    both = kl.kl_divergence(np.outer(p, r).ravel(), np.outer(q, s).ravel())
    assert both == pytest.approx(kl.kl_divergence(p, q) + kl.kl_divergence(r, s), rel=1e-11, abs=1e-15)


@repeatable
@given(vectors(6, FREE), vectors(6))
def test_cross_entropy_is_the_mean_surprisal(p, q):
    assert kl.cross_entropy(p, q) == pytest.approx(-(p @ np.log(q)), rel=1e-12, abs=1e-15)


@repeatable
@given(vectors(6, FREE), vectors(6, FREE))
def test_js_is_the_information_about_the_source(p, q):
    value = kl.js_divergence(p, q)
    assert value == pytest.approx(kl.mutual_information(np.stack([p, q]) / 2), rel=1e-11, abs=1e-15)
    assert value <= np.log(2) * (1 + 1e-15)


@repeatable
@given(vectors(7, FREE), vectors(7), st.permutations(range(7)))
def test_joint_relabeling_changes_nothing(p, q, order):
    assert kl.kl_divergence(p[order], q[order]) == pytest.approx(kl.kl_divergence(p, q), rel=1e-13, abs=1e-30)


@repeatable
@given(vectors(5, FREE), vectors(5))
def test_renyi_grows_with_its_order_through_kl(p, q):
    values = [kl.renyi_divergence(p, q, alpha) for alpha in ORDERS]
    for small, large in pairwise(values):
        assert small <= large * (1 + 1e-12) + 1e-15
    # the slope at order 1 is half the variance of the log-ratio
    ratio = np.log(np.where(p > 0, p, q) / q)
    slope = p @ (ratio - p @ ratio) ** 2 / 2
    below, above = (kl.renyi_divergence(p, q, 1 + t) for t in (-1e-6, 1e-6))
    assert above - below == pytest.approx(2e-6 * slope, rel=1e-3, abs=1e-14)


@repeatable
@given(vectors(6, FREE), vectors(6))
def test_bounds(p, q):
    value, slack = kl.kl_divergence(p, q), 1 + 1e-12
    tv, h2 = kl.total_variation(p, q), kl.squared_hellinger(p, q)
    assert 2 * tv**2 <= value * slack + 1e-30  # Pinsker
    assert value <= np.log1p(kl.chi2_divergence(p, q)) * slack
    assert h2 <= tv * slack
    assert tv <= np.sqrt(h2 * (2 - h2)) * slack + 1e-15
    assert kl.renyi_divergence(p, q, 0.5) == pytest.approx(-2 * np.log1p(-h2), rel=1e-12, abs=1e-30)
    assert kl.renyi_divergence(p, q, 2) == pytest.approx(np.log1p(kl.chi2_divergence(p, q)), rel=1e-12)


# ---- importing ----


def test_import_is_light():
    heavy = "matplotlib", "ipywidgets", "anywidget", "scipy.stats"
    code = f"import sys, kltools; print([m for m in {heavy} if m in sys.modules], kltools.__version__)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[] 0.1.0"
