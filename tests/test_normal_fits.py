"""kltools.fit_normal against 50-digit integrals, closed forms, published numbers and a search by brute force."""

import math

import mpmath
import numpy as np
import pytest
from scipy import optimize, stats

from kltools.optimization import NormalFit, fit_normal


def mixture(weights, means, deviations):
    weights, means, deviations = (np.asarray(x, dtype=float) for x in (weights, means, deviations))

    def log_density(x):
        z = (x[..., np.newaxis] - means) / deviations
        return np.logaddexp.reduce(np.log(weights / deviations) - z**2 / 2 - math.log(2 * math.pi) / 2, axis=-1)

    return log_density


def two_modes(d, weight=0.5):
    return mixture([weight, 1 - weight], [-d, d], [1, 1])


def numbers(fits):
    return [(fit.mean, fit.standard_deviation, fit.divergence) for fit in fits]


# Numbers that were published in the book's notes, to the digits printed


@pytest.mark.parametrize(("d", "divergence"), [(1, 0.00974277), (2, 0.171999), (3, 0.461995)])
def test_forward_fit_of_two_modes(d, divergence):
    [fit] = fit_normal(two_modes(d))
    assert isinstance(fit, NormalFit)
    assert fit.mean == pytest.approx(0, abs=1e-12)
    assert fit.standard_deviation == pytest.approx(math.sqrt(1 + d**2), rel=1e-12)
    assert fit.divergence == pytest.approx(divergence, rel=5e-6)
    assert fit.log_normalizer == pytest.approx(0, abs=1e-11)


@pytest.mark.parametrize(
    ("d", "weight", "expected"),
    [
        (2, 0.5, [(0, 2.04701, 0.226508)]),
        (2.4, 0.5, [(0, 2.32106, None)]),
        (3, 0.5, [(-2.98431, 1.02337, 0.688769), (2.98431, 1.02337, 0.688769), (0, None, 0.840621)]),
        (3, 0.7, [(-2.99054, None, 0.354034), (2.97337, None, 1.19668)]),
    ],
)
def test_reverse_fits_of_two_modes(d, weight, expected):
    found = numbers(fit_normal(two_modes(d, weight), "reverse"))
    assert len(found) == len(expected)
    for fit, known in zip(found, expected, strict=True):
        for value, number in zip(fit, known, strict=True):
            assert number is None or value == pytest.approx(number, rel=5e-6, abs=1e-9)


def test_the_side_minima_appear_by_folds():
    assert len(fit_normal(two_modes(2.41222), "reverse")) == 1
    middle, left, right = fit_normal(two_modes(2.41224), "reverse")
    assert middle.mean == pytest.approx(0, abs=1e-9)
    # The two sides of a fold part like a square root: these are near the fold's own values.
    assert right.mean == pytest.approx(2.14572, abs=3e-3)
    assert right.standard_deviation == pytest.approx(1.29099, abs=3e-3)
    assert left.mean == pytest.approx(-right.mean, abs=1e-7)


def test_the_global_minimum_jumps():
    assert abs(fit_normal(two_modes(2.80007), "reverse")[0].mean) < 1e-9
    assert fit_normal(two_modes(2.80009), "reverse")[0].mean < -2.7


# 50 digits


def mp_log_density(x, d, weight):
    weight = mpmath.mpf(weight)
    modes = weight * mpmath.exp(-((x + d) ** 2) / 2) + (1 - weight) * mpmath.exp(-((x - d) ** 2) / 2)
    return mpmath.log(modes / mpmath.sqrt(2 * mpmath.pi))


def mp_reverse(d, weight, m, s):
    def terms(z):
        normal = mpmath.npdf(z)
        log_ratio = -(z**2) / 2 - mpmath.log(s * mpmath.sqrt(2 * mpmath.pi)) - mp_log_density(m + s * z, d, weight)
        return normal * log_ratio

    return mpmath.quad(terms, [-16, -6, -2, 0, 2, 6, 16])


@pytest.mark.parametrize(("d", "weight", "which"), [(3, 0.5, [1, 2]), (3, 0.7, [0, 1])])
def test_reverse_fits_at_fifty_digits(d, weight, which):
    fits = fit_normal(two_modes(d, weight), "reverse")
    for fit in (fits[i] for i in which):
        with mpmath.workdps(50):
            m, s = mpmath.mpf(fit.mean), mpmath.mpf(fit.standard_deviation)
            assert abs(fit.divergence / mp_reverse(d, weight, m, s) - 1) < 1e-10
        with mpmath.workdps(20):
            h = mpmath.mpf("1e-5")
            across = mp_reverse(d, weight, m + h, s) - mp_reverse(d, weight, m - h, s)
            along = mp_reverse(d, weight, m, s + h) - mp_reverse(d, weight, m, s - h)
            assert max(abs(across), abs(along)) / (2 * h) < 1e-8


@pytest.mark.parametrize("weight", [0.5, 0.7])
def test_forward_divergence_at_fifty_digits(weight):
    [fit] = fit_normal(two_modes(3, weight))
    with mpmath.workdps(50):
        m = 3 - 6 * mpmath.mpf(weight)
        s = mpmath.sqrt(10 - m**2)

        def terms(x):
            log_p = mp_log_density(x, 3, weight)
            return mpmath.exp(log_p) * (log_p - mpmath.log(mpmath.npdf(x, m, s)))

        value = mpmath.quad(terms, [-20, -8, -5, -3, -1, 0, 1, 3, 5, 8, 20])
        assert abs(fit.mean - m) < 1e-11
        assert abs(fit.standard_deviation - s) < 1e-11
        assert abs(fit.divergence / value - 1) < 1e-10


# Closed forms


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize(("mean", "deviation"), [(0, 1), (3, 2), (1000, 1), (-1e-9, 1e-12), (1e4, 0.1)])
def test_a_normal_is_its_own_fit_and_the_normalizer_is_reported(direction, mean, deviation):
    [fit] = fit_normal(lambda x: 7 - (((x - mean) / deviation) ** 2) / 2, direction)
    assert fit.mean == pytest.approx(mean, abs=1e-9 * deviation, rel=1e-15)
    assert fit.standard_deviation == pytest.approx(deviation, rel=1e-9)
    assert 0 <= fit.divergence < 1e-15
    assert fit.log_normalizer == pytest.approx(7 + math.log(deviation * math.sqrt(2 * math.pi)), rel=1e-9)


def test_laplace_kinks_do_no_harm():
    # E|z| = sqrt(2/pi): D(N||P) = log 2 + s E|z| - log s - log(2 pi e)/2 is smallest for s = sqrt(pi/2).
    [fit] = fit_normal(lambda x: -abs(x), "reverse")
    assert fit.mean == pytest.approx(0, abs=1e-9)
    assert fit.standard_deviation == pytest.approx(math.sqrt(math.pi / 2), rel=1e-9)
    assert fit.divergence == pytest.approx(math.log(2) + 0.5 - math.log(math.pi), rel=1e-9)
    [fit] = fit_normal(lambda x: -abs(x))
    assert fit.standard_deviation == pytest.approx(math.sqrt(2), rel=1e-9)
    assert fit.divergence == pytest.approx(math.log(4 * math.pi) / 2 - math.log(2) - 0.5, rel=1e-9)


def test_gumbel():
    # E[x] = m and E[exp(-x)] = exp(-m + s^2/2): the slopes vanish for m = 1/2, s = 1.
    [fit] = fit_normal(stats.gumbel_r.logpdf, "reverse")
    assert (fit.mean, fit.standard_deviation) == pytest.approx((0.5, 1), rel=1e-9)
    assert fit.divergence == pytest.approx(1.5 - math.log(2 * math.pi * math.e) / 2, rel=1e-9)
    [fit] = fit_normal(stats.gumbel_r.logpdf)
    assert (fit.mean, fit.standard_deviation) == pytest.approx((np.euler_gamma, math.pi / math.sqrt(6)), rel=1e-9)


@pytest.mark.parametrize(
    ("p", "support"),
    [
        (stats.gamma(3), (0, math.inf)),
        (stats.gamma(0.5), (0, math.inf)),
        (stats.gamma(3), (-math.inf, math.inf)),
        (stats.beta(2, 3), (0, 1)),
        (stats.uniform(-50, 100), (-math.inf, math.inf)),
        (stats.uniform(2, 3), (2, 5)),
        (stats.lognorm(1), (0, math.inf)),
        (stats.logistic(5, 0.1), (-math.inf, math.inf)),
    ],
)
def test_forward_fits_have_the_moments_and_what_entropy_lacks(p, support):
    [fit] = fit_normal(p.logpdf, support=support)
    assert fit.mean == pytest.approx(p.mean(), rel=1e-9, abs=1e-9)
    assert fit.standard_deviation == pytest.approx(p.std(), rel=1e-9)
    # D(P||N) is what the entropy of P lacks to that of the normal.
    lack = math.log(2 * math.pi * math.e * p.var()) / 2 - float(p.entropy())
    assert fit.divergence == pytest.approx(lack, rel=1e-8)
    assert fit.log_normalizer == pytest.approx(0, abs=1e-9)


def test_mirrored_support():
    [right] = fit_normal(lambda x: 2 * np.log(x) - x, support=(0, math.inf))
    [left] = fit_normal(lambda x: 2 * np.log(-x) + x, support=(-math.inf, 0))
    assert left.mean == pytest.approx(-right.mean, rel=1e-9)
    assert left.divergence == pytest.approx(right.divergence, rel=1e-9)


def test_a_reverse_fit_does_not_need_moments():
    # A quadrature of its own: dense, over the tails too, and a search by scipy.
    z = np.linspace(-12, 12, 20_001)
    weights = stats.norm.pdf(z) * (z[1] - z[0])
    known = optimize.minimize_scalar(
        lambda s: weights @ np.log1p((s * z) ** 2) - math.log(s), bracket=(1, 2), options={"xtol": 1e-10}
    )
    [fit] = fit_normal(stats.cauchy.logpdf, "reverse")
    assert fit.standard_deviation == pytest.approx(known.x, rel=1e-6)
    constant = math.log(math.pi) - math.log(2 * math.pi * math.e) / 2
    assert fit.divergence == pytest.approx(known.fun + constant, rel=1e-9)


# Every local optimum


def brute_force(log_density):
    def descend(m, tau, nodes):
        z = np.linspace(-9, 9, nodes)
        weights = stats.norm.pdf(z) * (z[1] - z[0])

        def divergence(at):
            return -at[1] - weights @ log_density(at[0] + math.exp(at[1]) * z)

        return tuple(optimize.minimize(divergence, [m, tau], method="BFGS", options={"gtol": 1e-6}).x)

    found = []
    for m in np.linspace(-9, 9, 10):
        for tau in (-1.5, 0, 1.5):
            end = descend(m, tau, nodes=601)
            if not any(np.allclose(end, other, rtol=0, atol=1e-3) for other in found):
                found.append(end)
    return sorted(descend(*end, nodes=6001) for end in found)


def random_mixture(seed):
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2, 5))
    return mixture(rng.dirichlet(np.ones(k)), rng.uniform(-8, 8, k), np.exp(rng.uniform(-1, 1, k)))


@pytest.mark.parametrize(
    ("log_density", "count"),
    [
        *((random_mixture(seed), count) for seed, count in [(0, 1), (3, 3), (13, 3)]),
        # The middle one of three is about to vanish by a fold, has vanished; ridges move fast, and end steeply.
        (two_modes(6, 0.58), 3),
        (two_modes(6, 0.6), 2),
    ],
)
def test_every_minimum_of_a_mixture(log_density, count):
    fits = fit_normal(log_density, "reverse")
    found = sorted((fit.mean, math.log(fit.standard_deviation)) for fit in fits)
    expected = brute_force(log_density)
    assert len(found) == len(expected) == count
    assert np.allclose(found, expected, atol=1e-4)
    assert [fit.divergence for fit in fits] == sorted(fit.divergence for fit in fits)


def test_minima_at_two_scales_and_far_apart():
    # One center, two scales: one normal a scale. In the small one, log p ~ log(1/2) + log of its component.
    wide, narrow = fit_normal(mixture([0.5, 0.5], [0, 0], [1, 0.01]), "reverse")
    assert wide.standard_deviation > 0.9
    assert narrow.standard_deviation < 0.011
    # A narrow mode far away, seen by its basin; and the two modes that it has beside it.
    fits = fit_normal(mixture([0.5, 0.5], [0, 1000], [1, 0.01]), "reverse")
    assert sorted(numbers(fits)) == [
        pytest.approx((0, 1, math.log(2)), rel=1e-8, abs=1e-8),
        pytest.approx((1000, 0.01, math.log(2)), rel=1e-8),
    ]


def test_two_pairs_of_modes_have_seven_minima():
    fits = fit_normal(mixture([0.25] * 4, [-23, -17, 17, 23], [1] * 4), "reverse")
    means = [-22.98431, -17.01569, 17.01569, 22.98431, -20, 20, 0]
    assert [fit.mean for fit in fits] == pytest.approx(means, abs=1e-5)
    assert [fit.divergence for fit in fits[4:6]] == pytest.approx([0.840621 + math.log(2)] * 2, rel=1e-6)


def test_a_ripple_is_smoothed_away():
    # E[cos(9 x)] = cos(9 m) exp(-81 s^2 / 2) = 2.6e-18 at (0, 1): the ripple has eight peaks but no minimum.
    [fit] = fit_normal(lambda x: -(x**2) / 2 + 0.3 * np.sin(9 * x), "reverse")
    assert (fit.mean, fit.standard_deviation) == pytest.approx((0, 1), abs=1e-8)


def test_a_spike_that_only_points_can_find():
    place = 0.51234567
    log_density = mixture([0.9, 0.1], [0, place], [1, 1e-6])
    [blind] = fit_normal(log_density)
    assert blind.mean == pytest.approx(0, abs=1e-9)
    [told] = fit_normal(log_density, points=[place])
    assert told.mean == pytest.approx(0.1 * place, rel=1e-8)
    assert told.log_normalizer == pytest.approx(0, abs=1e-8)


# Bad input


def quadratic(x):
    return -(x**2) / 2


CASES = [
    (fit_normal, lambda: (3,), {}, TypeError, r"log_density must be a function of an array, got 3"),
    (fit_normal, lambda: (quadratic, "both"), {}, ValueError, r"direction = 'both'"),
    (fit_normal, lambda: (quadratic,), {"support": (1, 0)}, ValueError, r"support = \(1, 0\)"),
    (fit_normal, lambda: (quadratic,), {"support": (0, math.nan)}, ValueError, r"support = \(0, nan\)"),
    (fit_normal, lambda: (quadratic,), {"support": 3}, ValueError, r"support must be two numbers, got 3"),
    (fit_normal, lambda: (quadratic,), {"support": (0, "1")}, TypeError, r"support\[1\] must be a number, got '1'"),
    (fit_normal, lambda: (quadratic, "reverse"), {"support": (0, 1)}, ValueError, r"support = \(0, 1\): unless P"),
    (fit_normal, lambda: (quadratic,), {"points": [math.nan]}, ValueError, r"points\[0\] = nan"),
    (fit_normal, lambda: (quadratic,), {"points": 1.0}, ValueError, r"points must be one-dimensional"),
    (fit_normal, lambda: (quadratic,), {"points": ["a"]}, TypeError, r"points must hold real numbers"),
    (fit_normal, lambda: (quadratic,), {"points": [2.0], "support": (0, 1)}, ValueError, r"points\[0\] = 2"),
    (fit_normal, lambda: (lambda x: np.log(x),), {}, ValueError, r"log_density\(-.*\) = nan"),
    (fit_normal, lambda: (lambda x: np.where(x > 1, np.inf, 0),), {}, ValueError, r"log_density\(.*\) = inf"),
    (fit_normal, lambda: (lambda x: -1.0,), {}, ValueError, r"log_density must return one number for each x"),
    (fit_normal, lambda: (lambda x: x * 1j,), {}, TypeError, r"log_density\(x\) must hold real numbers"),
    (fit_normal, lambda: (lambda x: np.full(x.shape, -np.inf),), {}, ValueError, r"log_density is -inf at each"),
    (fit_normal, lambda: (lambda x: 0 * x,), {}, ValueError, r"log_density does not fall"),
    (fit_normal, lambda: (lambda x: x,), {}, ValueError, r"log_density goes like .* towards inf"),
    (fit_normal, lambda: (stats.cauchy.logpdf,), {}, ValueError, r"log_density goes like -2 log\|x\|"),
    (fit_normal, lambda: (stats.t(2).logpdf,), {}, ValueError, r"log_density goes like -3 log\|x\|"),
    (fit_normal, lambda: (stats.lognorm(10).logpdf,), {"support": (0, math.inf)}, ValueError, r"log_density goes like"),
    (
        fit_normal,
        lambda: (stats.beta(2, 0.2).logpdf,),
        {"support": (0, 1)},
        ValueError,
        r"log_density is singular at 1",
    ),
    (
        fit_normal,
        lambda: (lambda x: -np.log1p(abs(x)), "reverse"),
        {},
        ValueError,
        r"log_density goes like -1 log\|x\| towards -inf",
    ),
    (fit_normal, lambda: (stats.gamma(3).logpdf, "reverse"), {}, ValueError, r"log_density\(.*\) = -inf: what every"),
    (
        fit_normal,
        lambda: (lambda x: np.log(np.exp(-(x**2) / 2) + np.exp(-((x - 5) ** 2) / 2)), "reverse"),
        {},
        ValueError,
        r"log_density\(.*\) = -inf: what every normal",
    ),
    (
        fit_normal,
        lambda: (lambda x: np.where(abs(x) < 20, -(x**2) / 2, -np.inf), "reverse"),
        {},
        ValueError,
        r"log_density\(.*\) = -inf: what every normal",
    ),
]


@pytest.mark.parametrize(("function", "arguments", "options", "error", "message"), CASES)
def test_bad_input(function, arguments, options, error, message):
    with pytest.raises(error, match="^" + message):
        function(*arguments(), **options)
