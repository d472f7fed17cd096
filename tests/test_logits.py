"""`kl_from_logits`: offsets, masks, huge logits, digits, memory."""

import tracemalloc

import mpmath
import numpy as np
import pytest

import kltools as kl

INF = np.inf


def exact(p, q):
    """The divergence at 50 digits, from the logits as they are."""
    with mpmath.workdps(50):
        p, q = ([mpmath.mpf(float(x)) for x in logits] for logits in (p, q))
        p_log, q_log = (mpmath.log(mpmath.fsum(map(mpmath.exp, logits))) for logits in (p, q))
        terms = [
            mpmath.exp(a - p_log) * ((a - p_log) - (b - q_log)) for a, b in zip(p, q, strict=True) if a > -mpmath.inf
        ]
        return float(mpmath.fsum(terms))


def noisy(size, n=200, seed=30):
    rng = np.random.default_rng(seed)
    p = 3 * rng.standard_normal(n)
    return p, p + size * rng.standard_normal(n)


@pytest.mark.parametrize("offset", [0, 1000, -1000.3, 1e4])
@pytest.mark.parametrize("size", [10, 1, 1e-2, 1e-5])
def test_fifty_digits_whatever_the_offset(size, offset):
    p, q = noisy(size)
    q = q + offset
    assert kl.kl_from_logits(p, q) == pytest.approx(exact(p, q), rel=1e-13)
    assert kl.kl_from_logits(q, p) == pytest.approx(exact(q, p), rel=1e-13)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", [1, 5, 20, 60])
def test_the_quick_passes_and_the_careful_ones_meet(dtype, scale):
    # From nearly equal to far apart, with and without an offset: both roads are taken, and neither loses digits.
    rng = np.random.default_rng(31)
    p = (scale * rng.standard_normal((60, 300))).astype(dtype)
    sizes = np.logspace(-3, 1, 30).repeat(2)[:, np.newaxis]
    offsets = np.tile([0, 40], 30)[:, np.newaxis]
    q = (p + sizes * rng.standard_normal(p.shape) + offsets).astype(dtype)
    values = kl.kl_from_logits(p, q, dtype=dtype)
    truth = np.array([exact(*pair) for pair in zip(p, q, strict=True)])
    assert values == pytest.approx(truth, rel=1e-12 if dtype == np.float64 else 1e-4, abs=1e-40)
    assert values[truth > 0.01] == pytest.approx(truth[truth > 0.01], rel=1e-12 if dtype == np.float64 else 1e-5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([0, 0, -750], [-100, -101.5, -50]),  # the weight that underflows is the one that matters
        ([0, 0, -90], [-20, -21.5, -10]),
        ([0, 1, 0], [0, 0, 740]),
        ([0, 1, 2], [-741, -745, -750]),
        ([-800, -801, -802], [0, 1, 3]),
        ([90, 91, 92], [90, 93, 91]),
        ([900, 901, 902], [900, 903, 901]),
    ],
)
def test_ordinary_rows_do_not_hide_extreme_ones(dtype, p, q):
    rng = np.random.default_rng(32)
    ordinary = rng.standard_normal((2, 3))
    values = kl.kl_from_logits(np.array([ordinary[0], p]), np.array([ordinary[1], q]), dtype=dtype)
    truth = [exact(*ordinary), exact(p, q)]
    assert values == pytest.approx(truth, rel=1e-12 if dtype == np.float64 else 1e-5, abs=0)


@pytest.mark.parametrize("size", [1e-8, 1e-9, 1e-10])
def test_near_equal_logits_keep_their_digits(size):
    p, q = noisy(size)
    truth = exact(p, q)
    assert 0 < truth < size**2
    assert kl.kl_from_logits(p, q) == pytest.approx(truth, rel=1e-9, abs=0)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([1e4, 0, -1e4], [-1e4, 0, 1e4]),
        ([1e4, 1e4 - 1, 0], [1e4 - 2, 1e4, 0]),
        ([0, -800, 1], [0, 5, 1]),  # exp(-801) underflows, but q is there
        ([0, -800, 1], [0, 500, 1]),
        ([0, -800, 1], [0, -900, 1]),
        ([-INF, 0, 1, 2], [-INF, 2, 1, 0]),
        ([-INF, 0, 1, 2], [3, 2, 1, 0]),
        ([-INF, 0, 1, 2], [1e-9, 0, 1, 2]),
        ([-INF, 0, 1, 2], [1000, 0, 1, 2]),
        ([0, -INF], [0, -INF]),
    ],
)
def test_huge_and_masked_logits(p, q):
    assert kl.kl_from_logits(p, q) == pytest.approx(exact(p, q), rel=1e-13, abs=1e-300)
    assert kl.kl_from_logits(p, q, dtype=np.float32) == pytest.approx(exact(p, q), rel=1e-5, abs=1e-300)


@pytest.mark.parametrize("p", [[0, 1, 2], [-2000, 1, 2], [-1e308, 1, 2]])
def test_a_mask_in_q_alone_is_infinite(p):
    assert kl.kl_from_logits(p, [-INF, 1, 2]) == INF
    assert kl.kl_from_logits([p, [-INF, 1, 2]], [-INF, 1, 2]).tolist() == [INF, 0]


def test_masked_near_equal_logits():
    p, q = noisy(1e-9)
    mask = np.arange(p.size) % 3 == 0
    masked = (np.where(mask, -INF, x) for x in (p, q))
    assert kl.kl_from_logits(*masked) == pytest.approx(exact(p[~mask], q[~mask]), rel=1e-9, abs=0)


def test_agrees_with_probabilities():
    rng = np.random.default_rng(31)
    p, q = rng.dirichlet(np.ones(9), size=(4, 5)), rng.dirichlet(np.ones(9), size=5)
    np.testing.assert_allclose(
        kl.kl_from_logits(np.log(p), np.log(q) + 7, base=2), kl.kl_divergence(p, q, base=2), rtol=1e-13
    )
    np.testing.assert_array_equal(
        kl.kl_from_logits(np.moveaxis(np.log(p), -1, 0), np.log(q).T, axis=0), kl.kl_from_logits(np.log(p), np.log(q))
    )


@pytest.mark.parametrize("shape", [(3, 40_000), (5_000, 7), (2, 3, 500)])
def test_a_row_does_not_depend_on_its_neighbors(shape):
    """Rows near and far in one block, blocks of many rows, rows longer than a block."""
    rng = np.random.default_rng(32)
    p = 2 * rng.standard_normal(shape)
    size = 10.0 ** rng.integers(-9, 2, size=(*shape[:-1], 1))
    q = p + size * rng.standard_normal(shape)
    together = kl.kl_from_logits(p, q)
    for index in list(np.ndindex(shape[:-1]))[:40]:
        assert together[index] == pytest.approx(kl.kl_from_logits(p[index], q[index]), rel=1e-9, abs=0)


@pytest.mark.parametrize("size", [1, 0.1, 1e-3])
def test_float32_logits(size):
    p, q = (x.astype(np.float32) for x in noisy(size, n=3_000))
    truth = exact(p, q)
    default, fast = kl.kl_from_logits(p, q), kl.kl_from_logits(p, q, dtype=np.float32)
    assert isinstance(fast, float)
    assert default == pytest.approx(truth, rel=1e-12)
    assert fast == pytest.approx(truth, rel=1e-5 if size >= 0.1 else 1e-3)
    assert kl.kl_from_logits(p + np.float32(1000), p + np.float32(1000)) == 0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_memory_stays_below_a_tenth_of_one_input(dtype):
    p = np.random.default_rng(33).standard_normal((1_000, 8_000), dtype=np.float32)
    tracemalloc.start()
    try:
        kl.kl_from_logits(p, p[::-1], dtype=dtype)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < p.nbytes / 10
