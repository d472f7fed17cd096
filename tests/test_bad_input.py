"""Whatever is wrong, the error names the argument, the first bad index and the value."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

import kltools as kl

GOOD = [0.5, 0.5]
PAIRS = {
    "cross_entropy": kl.cross_entropy,
    "kl_divergence": kl.kl_divergence,
    "js_divergence": kl.js_divergence,
    "jeffreys_divergence": kl.jeffreys_divergence,
    "renyi_divergence": lambda p, q, **options: kl.renyi_divergence(p, q, 2, **options),
    "total_variation": kl.total_variation,
    "chi2_divergence": kl.chi2_divergence,
    "squared_hellinger": kl.squared_hellinger,
}
SINGLE = {"entropy": kl.entropy, "perplexity": kl.perplexity}
UNITLESS = {"perplexity", "total_variation", "chi2_divergence", "squared_hellinger"}

VECTORS = [
    ([0.5, np.nan], ValueError, r"{}\[1\] = nan"),
    ([np.inf, 0.5], ValueError, r"{}\[0\] = inf"),
    ([-np.inf, 0.5], ValueError, r"{}\[0\] = -inf"),
    ([1.5, -0.5], ValueError, r"{}\[1\] = -0\.5"),
    ([[0.5, 0.5], [2, -1]], ValueError, r"{}\[1, 1\] = -1\.0"),
    ([0.5, 0.6], ValueError, r"{} sums to 1\.1, not to 1 \(tolerance 1\.0e-08\)"),
    ([0.5, 0.5 + 2e-8], ValueError, r"{} sums to 1\.0000000[12]"),
    ([1e308, 1e308], ValueError, r"{} sums to inf"),
    ([0, 0], ValueError, r"{} sums to 0\.0"),
    ([GOOD, [0.2, 0.2]], ValueError, r"{}\[1, :\] sums to 0\.4"),
    (np.float32([0.5, 0.50001]), ValueError, r"{} sums to 1\.0000"),
    (np.float16([0.5, 0.5]), ValueError, r"{} is float16"),
    ([], ValueError, r"{} has no outcomes: its shape is \(0,\)"),
    (np.empty((2, 0)), ValueError, r"{} has no outcomes: its shape is \(2, 0\)"),
    (0.5, ValueError, r"{} must be a vector of probabilities, got the scalar 0\.5"),
    ([[1], GOOD], ValueError, r"{} is ragged"),
    ([0.5, 0.5j], TypeError, r"{} must hold real numbers.*0\.5j"),
    ([True, False], TypeError, r"{} must hold real numbers.*True"),
    (["a", "b"], TypeError, r"{} must hold real numbers.*'a'"),
    (["0.5", "0.5"], TypeError, r"{} must hold real numbers.*'0\.5'"),
    ([0.5, None], TypeError, r"{} must hold real numbers, got NoneType: None"),
    ([Fraction(1, 2), "0.5"], TypeError, r"{} must hold real numbers, got str: '0\.5'"),
    ({0: 0.5, 1: 0.5}, TypeError, r"{} must hold real numbers, got dict"),
    (None, TypeError, r"{} must hold real numbers, got NoneType"),
    (stats.norm, TypeError, r"{} must hold real numbers, got norm_gen"),
]


@pytest.mark.parametrize(("values", "error", "message"), VECTORS)
@pytest.mark.parametrize("name", [*SINGLE, *PAIRS])
def test_bad_vectors(name, values, error, message):
    if name in SINGLE:
        with pytest.raises(error, match=r"^" + message.format("p")):
            SINGLE[name](values)
        return
    with pytest.raises(error, match=r"^" + message.format("p")):
        PAIRS[name](values, GOOD)
    with pytest.raises(error, match=r"^" + message.format("q")):
        PAIRS[name](GOOD, values)


@pytest.mark.parametrize("name", ["js_divergence", "renyi_divergence", "total_variation", "jeffreys_divergence"])
def test_distributions_where_only_arrays_are_known(name):
    with pytest.raises(TypeError, match=r"^p must hold real numbers, got rv_continuous_frozen"):
        PAIRS[name](stats.norm(), stats.norm())
    with pytest.raises(TypeError, match=r"^p must hold real numbers, got rv_continuous_frozen"):
        kl.perplexity(stats.norm())


def test_what_is_no_distribution_is_sent_where_it_belongs():
    rng = np.random.default_rng(1)
    samples, logits, counts = rng.normal(size=500), [[2.0, 0.5], [-1.0, 3.0]], [70, 30]
    for values in (samples, logits, counts, -np.ones(2)):
        for p, q in ((values, values), (np.full(np.shape(values), 1 / np.shape(values)[-1]), values)):
            with pytest.raises(ValueError, match=r"samples to kl_nearest_neighbor .*logits to kl_from_logits"):
                kl.kl_divergence(p, q)
    # Probabilities that miss 1 or that are lost are no samples.
    for values in ([0.5, 0.6], [0.5, np.nan]):
        with pytest.raises(ValueError) as caught:
            kl.kl_divergence(values, GOOD)
        assert "samples" not in str(caught.value)


@pytest.mark.parametrize("p", [stats.norm(), stats.poisson(2), stats.multivariate_normal([0, 0])])
def test_array_functions_say_where_distributions_go(p):
    for call in (kl.js_divergence, kl.chi2_divergence, kl.total_variation):
        with pytest.raises(TypeError, match=r"arrays of probabilities are taken here; distributions go to kl_div"):
            call(p, p)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (GOOD, [0.2, 0.3, 0.5]),
        ([1.0], GOOD),  # one outcome does not broadcast into two
        ([GOOD] * 2, [GOOD] * 3),
    ],
)
@pytest.mark.parametrize("name", PAIRS)
def test_shapes_that_do_not_match(name, p, q):
    with pytest.raises(ValueError) as caught:
        PAIRS[name](p, q)
    assert f"p of shape {np.shape(p)} and q of shape {np.shape(q)} do not match" in str(caught.value)


@pytest.mark.parametrize("name", [*SINGLE, *PAIRS])
def test_bad_options(name):
    function = SINGLE.get(name, PAIRS.get(name))
    arguments = [GOOD] if name in SINGLE else [GOOD, GOOD]
    with pytest.raises(ValueError, match=r"^p has no axis 1: its shape is \(2,\)"):
        function(*arguments, axis=1)
    with pytest.raises(ValueError, match=r"^p\[1, :\] sums to 0: it cannot be normalized"):
        function(*([[GOOD, [0, 0]]] * len(arguments)), normalize=True)
    with pytest.raises(ValueError, match=r"^p\[:, 1\] sums to 1\.2"):
        function(*([[[0.5, 0.6], [0.5, 0.6]]] * len(arguments)), axis=0)
    if name not in UNITLESS:
        for base, error in [(0, ValueError), (1, ValueError), (-2, ValueError), (np.inf, ValueError)]:
            with pytest.raises(error, match=rf"^base = {base}: a base is positive, finite and not 1"):
                function(*arguments, base=base)
        for base in ("2", True, 2j):
            with pytest.raises(TypeError, match=r"^base must be a number or None"):
                function(*arguments, base=base)


@pytest.mark.parametrize(
    ("joint", "error", "message"),
    [
        ([0.5, 0.5], ValueError, r"joint has no axis \(-2, -1\): its shape is \(2,\)"),
        ([[0.5, 0.5], [0.5, 0.5]], ValueError, r"joint sums to 2\.0, not to 1"),
        ([[[1.0, 0]], [[0.5, 0]]], ValueError, r"joint\[1, :, :\] sums to 0\.5"),
        ([[0.5, 0.6], [-0.1, 0]], ValueError, r"joint\[1, 0\] = -0\.1"),
        ([["a"]], TypeError, "joint must hold real numbers"),
    ],
)
def test_bad_tables(joint, error, message):
    with pytest.raises(error, match=r"^" + message):
        kl.mutual_information(joint)


@pytest.mark.parametrize(
    ("alpha", "error", "message"),
    [
        (-0.5, ValueError, r"alpha = -0\.5: an order is not negative"),
        (np.nan, ValueError, "alpha = nan"),
        ("2", TypeError, "alpha must be a number, got '2'"),
        (True, TypeError, "alpha must be a number, got True"),
        ([1, 2], TypeError, "alpha must be a number"),
    ],
)
def test_bad_orders(alpha, error, message):
    with pytest.raises(error, match=r"^" + message):
        kl.renyi_divergence(GOOD, GOOD, alpha)


@pytest.mark.parametrize(
    ("logits", "error", "message"),
    [
        ([0, np.nan], ValueError, r"{}\[1\] = nan: a logit is a number below inf"),
        ([[0, 1], [np.inf, 0]], ValueError, r"{}\[1, 0\] = inf"),
        ([-np.inf, -np.inf], ValueError, r"{}\[0\] = -inf: a row of logits is not -inf everywhere"),
        ([[0, 0], [-np.inf, -np.inf]], ValueError, r"{}\[1, 0\] = -inf"),
        ([], ValueError, r"{} has no outcomes: its shape is \(0,\)"),
        (0.5, ValueError, r"{} has no axis -1: its shape is \(\)"),
        ([0, 1j], TypeError, r"{} must hold real numbers"),
        ([True, False], TypeError, r"{} must hold real numbers"),
        (["a", "b"], TypeError, r"{} must hold real numbers"),
        ([[1], [1, 2]], ValueError, r"{} is ragged"),
    ],
)
def test_bad_logits(logits, error, message):
    with pytest.raises(error, match=r"^" + message.format("p_logits")):
        kl.kl_from_logits(logits, [0, 0])
    with pytest.raises(error, match=r"^" + message.format("q_logits")):
        kl.kl_from_logits([0, 0], logits)


def test_bad_options_of_logits():
    with pytest.raises(ValueError, match=r"^p_logits of shape \(1,\) and q_logits of shape \(2,\) do not match"):
        kl.kl_from_logits([0], [0, 1])
    with pytest.raises(ValueError, match=r"float16.*float32 or float64"):
        kl.kl_from_logits([0, 1], [0, 1], dtype=np.float16)
    with pytest.raises(ValueError, match=r"^q_logits has no axis 1"):
        kl.kl_from_logits([[0, 1]], [0, 1], axis=1)
    with pytest.raises(ValueError, match=r"^q_logits\[0, 1\] = -inf: a row"):
        kl.kl_from_logits([[0, 1], [0, 1]], [[0, -np.inf], [0, -np.inf]], axis=0)
    with pytest.raises(ValueError, match=r"^base = 0"):
        kl.kl_from_logits([0, 1], [0, 1], base=0)


def test_the_tolerance_grows_with_the_rounding_of_long_float32_vectors():
    p = np.full(10_000, 1e-4, dtype=np.float32) * np.float32(1 + 5e-5)
    assert abs(p.sum(dtype=np.float64) - 1) > 4e-5
    assert kl.entropy(p) == pytest.approx(np.log(10_000), rel=1e-14)


def test_numbers_of_other_kinds_are_welcome():
    expected = kl.kl_divergence([0.75, 0.25], GOOD)
    for kind in (Fraction, Decimal, np.float32, np.longdouble):
        assert kl.kl_divergence([kind(0.75), kind(0.25)], GOOD) == expected
    assert kl.kl_divergence([1, 0], GOOD) == kl.kl_divergence([1.0, 0.0], GOOD)
    assert kl.kl_from_logits(np.float16([0, 1]), [0, 1]) == 0
