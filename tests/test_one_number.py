"""kltools.one_number: seven views, one number, and no code in common."""

import itertools
import math
import sys
from pathlib import Path

import mpmath
import numpy as np
import pytest

import kltools
from kltools import one_number
from kltools.one_number import SevenViews, View, seven_views

COIN = [0.7, 0.3], [0.4, 0.6]
DYADIC = [1 / 2, 1 / 4, 1 / 8, 1 / 8], [1 / 4, 1 / 8, 1 / 8, 1 / 2]
NAMES = ["coding", "surprise", "likelihood", "hypothesis testing", "geometry", "optimization", "ELBO"]
EXACT = {"surprise", "geometry", "optimization", "ELBO"}


def exact_divergence(p, q):
    """Return D(p||q) of the normalized vectors, in nats, by 50-digit arithmetic."""
    with mpmath.workdps(50):
        p, q = ([mpmath.mpf(float(x)) for x in v] for v in (p, q))
        p, q = ([x / mpmath.fsum(v) for x in v] for v in (p, q))
        return float(mpmath.fsum(x * mpmath.log(x / y) for x, y in zip(p, q, strict=True) if x > 0))


def require_agreement(views, truth):
    assert [view.name for view in views] == NAMES
    for view in views:
        allowed = 4 * view.standard_error + 1e-12
        assert view.low - allowed <= truth <= view.high + allowed, view
        if view.name in EXACT:
            assert view.value == pytest.approx(truth, abs=1e-12)
            assert view.standard_error == 0
            assert view.low == view.high == view.value
        elif view.name == "hypothesis testing":
            assert 0 <= view.low < view.high
        else:
            assert abs(view.value - truth) <= allowed + (view.high - view.low) / 2


def random_pairs():
    rng = np.random.default_rng(1)
    for k in (2, 3, 7, 20):
        p, q = rng.dirichlet(np.ones(k)), rng.dirichlet(np.ones(k))
        p[rng.random(k) < 0.2] = 0
        yield p / p.sum(), q


@pytest.mark.parametrize(("p", "q"), [COIN, COIN[::-1], DYADIC, *random_pairs()])
def test_seven_views_show_one_number(p, q):
    views = seven_views(p, q, rng=np.random.default_rng(2), n=2000)
    require_agreement(views, exact_divergence(p, q))


def test_the_running_numbers():
    rng = np.random.default_rng(3)
    for view in seven_views(*COIN, rng=rng):
        assert view.value == pytest.approx(0.183787, abs=5e-7 if view.name in EXACT else 0.025)
        assert view.unit == "nat"
    for pair, bits in ((DYADIC, 0.5), (DYADIC[::-1], 0.625)):
        views = seven_views(*pair, rng=rng, base=2)
        require_agreement(views, bits)
        assert {view.unit for view in views} == {"bit"}


def test_the_sampled_views_are_what_they_say():
    """The coin's number of heads decides both, through the ideal lengths."""
    p, q, n = *map(np.array, COIN), 5000
    views = seven_views(p, q, rng=np.random.default_rng(4), n=n, base=2)
    rng = np.random.default_rng(4)
    for view, slack in ((views[0], 10 / n), (views[2], 1e-12)):
        counts = np.bincount(rng.choice(2, size=n, p=p), minlength=2)
        assert abs(view.value - counts @ np.log2(p / q) / n) <= slack
        assert view.high - view.low == pytest.approx(2 * slack, abs=1e-11)
        # sd 0.574088 nat per flip
        assert view.standard_error == pytest.approx(0.574088 / math.log(2) / math.sqrt(n), rel=1e-5)
    assert views[0].value != views[2].value  # two samples


def test_the_testing_view_by_enumeration():
    """beta of the randomized test, from the binomial probabilities of both coins."""
    n, alpha = 100, 0.05
    p, q = ([math.comb(n, j) * x**j * (1 - x) ** (n - j) for j in range(n + 1)] for x in (0.7, 0.4))
    left, beta = alpha, 0.0
    for a, b in zip(p, q, strict=True):  # few heads reject P first
        rejected = min(left, a)
        left -= rejected
        beta += b * (1 - rejected / a)
    exponent = -math.log(beta) / n
    assert exponent == pytest.approx(0.125342, abs=5e-7)
    s = 0.574088 * math.sqrt(n)
    z = 1.6448536269514722
    correction = (s**2 / 2 + float(mpmath.log(mpmath.ncdf(z - s)))) / n
    view = seven_views(*COIN, rng=np.random.default_rng(5), n=n)[3]
    assert view.value == pytest.approx(exponent + correction, abs=1e-5)
    assert view.low == pytest.approx(
        (-(1 - alpha) * math.log(beta) + alpha * math.log(alpha) + (1 - alpha) * math.log(1 - alpha)) / n, abs=1e-9
    )
    assert view.high == pytest.approx(exponent + 0.574088 * math.sqrt(19 / n), abs=1e-5)


@pytest.mark.parametrize("n", [10, 1000, 10_000])
def test_the_testing_view_is_corrected_to_order_one_over_n(n):
    for p, q in (COIN, DYADIC, [(0.2, 0.3, 0.5), (0.25, 0.3, 0.45)]):
        view = seven_views(p, q, rng=np.random.default_rng(6), n=n)[3]
        assert n * abs(view.value - exact_divergence(p, q)) < 0.5


@pytest.mark.parametrize("n", [1, 2, 5, 10])
def test_the_testing_view_lies_between_its_bounds(n):
    """Where s is small its correction can fall below zero."""
    for p in (0.5, 0.5001, 0.6, 0.99):
        view = seven_views([0.5, 0.5], [p, 1 - p], rng=np.random.default_rng(6), n=n)[3]
        assert view.low <= view.value <= view.high


def test_an_infinite_view_says_what_that_means_to_it():
    words = ["no word", "calls impossible what may happen", "refute", "never errs", "vertical", "pays without limit"]
    words += ["allows what the posterior, Q, excludes"]
    for view, told in zip(seven_views([0.5, 0.5], [1, 0], rng=np.random.default_rng(3), n=100), words, strict=True):
        assert view.value == math.inf
        assert told in view.how
    finite = seven_views(*COIN, rng=np.random.default_rng(3), n=100)
    assert not any(told in view.how for view, told in zip(finite, words, strict=True))
    few = seven_views([0.999, 0.001], [1, 0], rng=np.random.default_rng(3), n=10)
    assert [view.name for view in few if math.isfinite(view.value)] == ["likelihood", "hypothesis testing"]
    assert "has not come up yet" in few[2].how
    assert "exp(" in few[3].how


def test_zero_is_printed_without_a_sign():
    for p in ([0.3, 0.7], [0.2, 0.8], [0.1, 0.2, 0.7]):
        views = seven_views(p, p, rng=np.random.default_rng(0), n=100)
        assert "-0.000000" not in repr(views)
        assert min(view.value for view in views) <= 0
    assert "-0.069315" in repr(views)  # 10 bits on 100 draws


def test_equal_and_constant_ratios():
    rng = np.random.default_rng(7)
    for view in seven_views([0.2, 0.8], [0.2, 0.8], rng=rng, n=50):
        assert view.value == pytest.approx(0, abs=1e-15)
        assert view.standard_error == 0
    # log(p/q) = log 2 wherever p allows: nothing is left to chance
    views = seven_views([0.5, 0.5, 0, 0], [0.25, 0.25, 0.5, 0], rng=rng, n=50, base=2)
    require_agreement(views, 1.0)
    assert [view.value for view in views][1:] == pytest.approx([1.0] * 6, abs=1e-12)


def test_no_two_views_share_code():
    """Record which functions of kltools each view runs; only checks of input may be common."""
    root = str(Path(kltools.__file__).parent)
    checks = {"outcome_indices", "is_frozen"}
    p, q, n, rng = *map(np.array, COIN), 100, np.random.default_rng(8)
    views = {
        "coding": lambda: one_number._coding(p, q, n, rng, 0.1),
        "surprise": lambda: one_number._surprise(p, q),
        "likelihood": lambda: one_number._likelihood(p, q, n, rng, 0.1),
        "hypothesis testing": lambda: one_number._testing(p, q, n, 0.1),
        "geometry": lambda: one_number._geometry(p, q),
        "optimization": lambda: one_number._optimization(p, q),
        "ELBO": lambda: one_number._elbo(p, q),
    }
    used = {}
    for name, view in views.items():
        called = set()

        def record(frame, event, _, called=called):
            code = frame.f_code
            if event == "call" and code.co_filename.startswith(root):
                called.add((Path(code.co_filename).stem, code.co_qualname.split(".")[0]))

        sys.setprofile(record)
        try:
            view()
        finally:
            sys.setprofile(None)
        used[name] = {call for call in called if call[0] not in ("_validation", "one_number") and call[1] not in checks}
        assert used[name], name
    for one, other in itertools.combinations(used, 2):
        assert not used[one] & used[other], (one, other)
    assert not any(name in ("kl_divergence", "kl_rows") for called in used.values() for _, name in called)


def test_units_and_table():
    views = seven_views(*COIN, rng=np.random.default_rng(9), n=100, base=10)
    nats = seven_views(*COIN, rng=np.random.default_rng(9), n=100)
    assert isinstance(views, SevenViews)
    assert isinstance(views, tuple)
    for tens, natural in zip(views, nats, strict=True):
        assert tens.unit == "ban"
        for field in ("value", "standard_error", "low", "high"):
            assert getattr(tens, field) == pytest.approx(getattr(natural, field) / math.log(10), rel=1e-12)
            assert type(getattr(tens, field)) is float
        assert tens.how == natural.how
        assert tens.how.endswith(".")
    assert {view.unit for view in seven_views(*COIN, rng=np.random.default_rng(9), n=9, base=3)} == {"log base 3"}
    lines = repr(views).splitlines()
    assert len(lines) == 8
    for view, line in zip(views, lines[1:], strict=True):
        assert line.startswith(view.name)
        assert f"{view.value:.6f}" in line
        assert view.unit in line
        assert line.endswith(view.limit)
    with pytest.raises(AttributeError):
        views[0].value = 1.0
    assert isinstance(views[0], View)


# Bad input

RNG = np.random.default_rng(10)
CASES = [
    (seven_views, ([0.5, 0.6], COIN[1]), {"rng": RNG}, ValueError, r"p sums to 1\.1"),
    (seven_views, (COIN[0], [0.5, np.nan]), {"rng": RNG}, ValueError, r"q\[1\] = nan"),
    (seven_views, ([1.5, -0.5], COIN[1]), {"rng": RNG}, ValueError, r"p\[1\] = -0\.5"),
    (seven_views, ([], []), {"rng": RNG}, ValueError, r"p has no outcomes"),
    (seven_views, (["a", "b"], COIN[1]), {"rng": RNG}, TypeError, r"p must hold real numbers"),
    (seven_views, ([COIN[0]], COIN[1]), {"rng": RNG}, ValueError, r"p must be one-dimensional"),
    (seven_views, (COIN[0], [0.2, 0.3, 0.5]), {"rng": RNG}, ValueError, r"p of shape \(2,\) and q of shape \(3,\)"),
    (seven_views, COIN, {"rng": 0}, TypeError, r"rng must be a numpy\.random\.Generator, got int"),
    (seven_views, COIN, {"rng": RNG, "n": 0}, ValueError, r"n = 0: it must be at least 1"),
    (seven_views, COIN, {"rng": RNG, "n": 10.0}, TypeError, r"n must be an integer, got 10\.0"),
    (seven_views, COIN, {"rng": RNG, "n": 1_000_001}, ValueError, r"n = 1000001: the coder's bound"),
    (seven_views, COIN, {"rng": RNG, "base": 1}, ValueError, r"base = 1: a base is"),
    (seven_views, COIN, {"rng": RNG, "base": "2"}, TypeError, r"base must be a number or None"),
]


@pytest.mark.parametrize(("function", "args", "options", "error", "message"), CASES)
def test_bad_input(function, args, options, error, message):
    with pytest.raises(error, match="^" + message):
        function(*args, **options)
