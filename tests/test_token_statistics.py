"""`token_statistics`: the error of the mean of dependent tokens, the tail, and the rate of agreement."""

import math

import numpy as np
import pytest
from scipy import signal, stats

from kltools.estimation import Estimate, token_statistics

INF = math.inf
TAIL = {
    "median": 50,
    "percentile_90": 90,
    "percentile_95": 95,
    "percentile_99": 99,
    "percentile_99_9": 99.9,
    "maximum": 100,
}


def autoregressive(shape, r, seed):
    """Stationary x[t] = r x[t-1] + e[t] about 20, far above zero: standard deviation 1, autocorrelation r**lag."""
    noise = np.random.default_rng(seed).standard_normal(shape)
    noise[..., 1:] *= math.sqrt(1 - r**2)
    return 20 + signal.lfilter([1], [1, -r], noise)


def autoregressive_error(n, r):
    """The standard deviation of the mean of n values: exact."""
    lags = np.arange(1, n)
    return math.sqrt((1 + 2 * np.sum((1 - lags / n) * r**lags)) / n)


@pytest.mark.parametrize("r", [0.6, 0.9])
def test_blocks_give_the_error_of_dependent_tokens(r):
    n = 20_000
    truth = autoregressive_error(n, r)
    factor = math.sqrt((1 + r) / (1 - r))
    for seed in range(30, 40):
        tokens = autoregressive(n, r, seed)
        naive = token_statistics(tokens, block=1).mean.standard_error
        assert truth / naive == pytest.approx(factor, rel=0.1)
        assert token_statistics(tokens).mean.standard_error == pytest.approx(truth, rel=0.25)


def test_intervals_from_blocks_cover_and_naive_ones_do_not():
    samples = autoregressive((400, 2500), 0.7, seed=41)
    covered = {
        block: np.mean([e.low <= 20 <= e.high for e in (token_statistics(x, block=block).mean for x in samples)])
        for block in (None, 1)
    }
    assert covered[None] == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 400))
    # With errors too small by sqrt(1.7 / 0.3), 1.96 of them are 0.823 of the true ones.
    assert covered[1] == pytest.approx(0.59, abs=0.1)


@pytest.mark.parametrize("block", [1, 2, 7, 20])
def test_overlapping_blocks_one_by_one(block):
    tokens = np.random.default_rng(42).exponential(size=41)
    n, statistics = 41, token_statistics(tokens, block=block, confidence=0.9)
    means = np.array([tokens[i : i + block].mean() for i in range(n - block + 1)])
    error = math.sqrt(block * np.sum((means - tokens.mean()) ** 2) / ((n - block) * (n - block + 1)))
    assert statistics.block == block
    assert statistics.mean.value == pytest.approx(tokens.mean(), rel=1e-14)
    assert statistics.mean.standard_error == pytest.approx(error, rel=1e-12)
    half = stats.t(n / block - 1).ppf(0.95) * error
    assert (statistics.mean.low, statistics.mean.high) == pytest.approx((tokens.mean() - half, tokens.mean() + half))
    if block == 1:
        assert error == pytest.approx(stats.sem(tokens), rel=1e-12)


def test_the_block_is_the_square_root_but_at_most_half():
    assert [token_statistics(np.arange(n)).block for n in (2, 3, 4, 9, 99, 100, 10_000)] == [1, 1, 2, 3, 9, 10, 100]


@pytest.mark.parametrize("n", [2, 3, 100, 1001])
def test_the_tail_is_numpys(n):
    tokens = np.random.default_rng(43).exponential(size=n)
    statistics = token_statistics(tokens)
    for name, level in TAIL.items():
        assert getattr(statistics, name) == pytest.approx(np.percentile(tokens, level), rel=1e-13)
    assert token_statistics(tokens.astype(np.float32)).maximum == tokens.max().astype(np.float32)


def test_an_infinite_token():
    tokens = np.append(np.arange(999.0), INF)
    statistics = token_statistics(tokens)
    assert statistics.mean == Estimate(INF, 0, INF, INF, 1000)
    assert (statistics.median, statistics.maximum) == (499.5, INF)
    assert statistics.percentile_99 == pytest.approx(989.01)
    assert statistics.percentile_99_9 == INF
    assert token_statistics([0, INF, INF]).median == INF
    assert token_statistics([0, 1, 2, INF]).median == 1.5


def test_identical_models():
    statistics = token_statistics(np.zeros(100), same_top=np.ones(100, dtype=bool))
    assert statistics.mean == Estimate(0, 0, 0, 0, 100)
    assert statistics.maximum == 0


@pytest.mark.parametrize("agreed", [0, 1, 37, 199, 200])
def test_the_rate_is_binomial(agreed):
    same_top = np.arange(200) < agreed
    rate = token_statistics(np.ones(200), same_top=same_top, confidence=0.9).same_top
    share = agreed / 200
    assert rate.value == pytest.approx(share)
    assert rate.standard_error == pytest.approx(math.sqrt(share * (1 - share) / 200))
    expected = stats.binomtest(agreed, 200).proportion_ci(0.9, method="wilson")
    assert (rate.low, rate.high) == pytest.approx((expected.low, expected.high), rel=1e-10, abs=1e-15)
    assert 0 <= rate.low < rate.high <= 1


def test_it_prints_as_a_table():
    tokens = np.arange(400) / 100
    lines = repr(token_statistics(tokens)).splitlines()
    assert lines[0] == "TokenStatistics, 400 tokens"
    labels = ["mean", "median", "90 %", "95 %", "99 %", "99.9 %", "maximum"]
    assert [line.split("  ")[1] for line in lines[1:]] == labels
    assert lines[1].endswith("blocks of 20")
    assert "same top" in repr(token_statistics(tokens, same_top=tokens > 1)).splitlines()[-1]


GOOD = [0.1, 0.2, 0.3, 0.4]
CASES = [
    (token_statistics, ([0.1, math.nan],), {}, ValueError, r"kl_per_token\[1\] = nan: a divergence is a number"),
    (token_statistics, ([0.1, 0.2, -1e-9],), {}, ValueError, r"kl_per_token\[2\] = -1e-09"),
    (token_statistics, ([-INF, 0.2],), {}, ValueError, r"kl_per_token\[0\] = -inf"),
    (token_statistics, ([],), {}, ValueError, r"kl_per_token has 0 entries"),
    (token_statistics, ([0.1],), {}, ValueError, r"kl_per_token has 1 entries"),
    (token_statistics, (0.1,), {}, ValueError, r"kl_per_token must be one-dimensional, got shape \(\)"),
    (token_statistics, ([GOOD, GOOD],), {}, ValueError, r"kl_per_token must be one-dimensional, got shape \(2, 4\)"),
    (token_statistics, (["a", "b"],), {}, TypeError, r"kl_per_token must hold real numbers"),
    (token_statistics, ([True, False],), {}, TypeError, r"kl_per_token must hold real numbers"),
    (token_statistics, (GOOD,), {"same_top": [1, 0, 1, 1]}, TypeError, r"same_top must be Boolean, got int64"),
    (token_statistics, (GOOD,), {"same_top": [True]}, ValueError, r"same_top of shape \(1,\) does not match"),
    (token_statistics, (GOOD,), {"block": 3}, ValueError, r"block = 3: 4 tokens hold no two blocks of this length"),
    (token_statistics, (GOOD,), {"block": 0}, ValueError, r"block = 0"),
    (token_statistics, (GOOD,), {"block": 2.0}, TypeError, r"block must be an integer, got 2\.0"),
    (token_statistics, (GOOD,), {"block": True}, TypeError, r"block must be an integer, got True"),
    (token_statistics, (GOOD,), {"confidence": 0}, ValueError, r"confidence = 0"),
    (token_statistics, (GOOD,), {"confidence": None}, TypeError, r"confidence must be a number, got None"),
]


@pytest.mark.parametrize(("function", "args", "options", "error", "message"), CASES)
def test_bad_input(function, args, options, error, message):
    with pytest.raises(error, match="^" + message):
        function(*args, **options)
