"""kltools.geometry but for the projections: against closed forms, finite differences and 50 digits."""

import math

import mpmath
import numpy as np
import pytest
from scipy import special, stats

import kltools as kl
from kltools.geometry import bregman_divergence, fisher_information, geodesic, natural_gradient_step

P, Q = [0.7, 0.3], [0.4, 0.6]


def negative_entropy(x):
    return special.xlogy(x, x).sum(axis=-1)


def negative_entropy_slope(x):
    with np.errstate(divide="ignore"):
        return np.log(x) + 1


def square(x):
    return (x * x).sum(axis=-1)


def twice(x):
    return 2 * x


def coin(q):
    return [q, 1 - q]


def logit_coin(t):
    return [special.expit(t), special.expit(-t)]


def softmax(logits):
    weights = np.exp(logits - np.max(logits))
    return weights / weights.sum()


# The gap below a convex function


def test_negative_entropy_gives_the_divergence_on_the_simplex():
    value = bregman_divergence(negative_entropy, negative_entropy_slope, P, Q)
    assert isinstance(value, float)
    assert value == pytest.approx(0.183787, abs=5e-7)
    rng = np.random.default_rng(1)
    p, q = rng.dirichlet(np.ones(5), size=(2, 4, 3))
    gaps = bregman_divergence(negative_entropy, negative_entropy_slope, p, q)
    assert gaps.shape == (4, 3)
    assert gaps == pytest.approx(kl.kl_divergence(p, q), rel=1e-12)
    against_one = bregman_divergence(negative_entropy, negative_entropy_slope, p, q[0, 0])
    assert against_one == pytest.approx(kl.kl_divergence(p, q[0, 0]), rel=1e-12)


def test_off_the_simplex_it_is_the_generalized_divergence():
    x, y = np.array([2.0, 0.5, 3.0]), np.array([1.0, 1.5, 0.25])
    value = bregman_divergence(negative_entropy, negative_entropy_slope, x, y)
    assert value == pytest.approx(special.kl_div(x, y).sum(), rel=1e-14)
    assert value != pytest.approx(special.rel_entr(x, y).sum(), rel=0.1)


def test_zeros_and_infinity():
    assert bregman_divergence(negative_entropy, negative_entropy_slope, [1, 0], [0.5, 0.5]) == pytest.approx(
        math.log(2)
    )
    assert bregman_divergence(negative_entropy, negative_entropy_slope, [0.5, 0.5], [1, 0]) == math.inf
    # The slope is infinite where both are zero, and nobody climbs it.
    both = bregman_divergence(negative_entropy, negative_entropy_slope, [0.7, 0.3, 0], [0.4, 0.6, 0])
    assert both == pytest.approx(0.183787, abs=5e-7)


def test_functions_of_one_variable():
    def f(x):
        return x * math.log(x) + (1 - x) * math.log(1 - x)

    value = bregman_divergence(f, special.logit, 0.7, 0.4)
    assert isinstance(value, float)
    assert value == pytest.approx(0.183787, abs=5e-7)
    assert bregman_divergence(lambda x: x * x, twice, 5.0, 2.0) == 9
    assert bregman_divergence(square, twice, [[5.0, 1.0], [2.0, 0.0]], [2.0, 0.0]).tolist() == [10, 0]


def test_the_conjugate_function_swaps_the_slots():
    # Log-sum-exp at logits: the divergence with the slots exchanged.
    a, b = np.log(P) + 0.3, np.log(Q) - 1.1
    gap = bregman_divergence(lambda x: special.logsumexp(x, axis=-1), softmax, a, b)
    assert gap == pytest.approx(kl.kl_divergence(Q, P), rel=1e-13)


def test_the_three_point_identity():
    x, y, z = np.random.default_rng(2).gamma(2, size=(3, 4))

    def gap(a, b):
        return bregman_divergence(negative_entropy, negative_entropy_slope, a, b)

    angle = (np.log(y) - np.log(z)) @ (x - y)
    assert gap(x, z) == pytest.approx(gap(x, y) + gap(y, z) + angle, rel=1e-13)


# Curvature


@pytest.mark.parametrize("q", [0.4, 0.5, 0.03, 1e-6, 1 - 1e-4])
def test_the_coin(q):
    value = fisher_information(coin, q)
    assert isinstance(value, float)
    assert value == pytest.approx(1 / (q * (1 - q)), rel=1e-11)
    t = math.log(q) - math.log1p(-q)
    assert fisher_information(logit_coin, t) == pytest.approx(q * (1 - q), rel=1e-9)


def test_the_coin_of_the_chapter():
    assert fisher_information(coin, 0.4) == pytest.approx(4.16667, abs=5e-6)


def test_softmax_logits():
    logits = np.array([0.3, -1.0, 2.0, 0.0])
    p = softmax(logits)
    assert fisher_information(softmax, logits) == pytest.approx(np.diag(p) - np.outer(p, p), rel=0, abs=1e-12)


@pytest.mark.parametrize("rate", [3.0, 0.01])
def test_a_poisson_rate_with_its_tail_and_its_domain(rate):
    def model(r):
        k = np.arange(40)
        return np.append(stats.poisson.pmf(k, r), stats.poisson.sf(39, r))

    assert fisher_information(model, rate) == pytest.approx(1 / rate, rel=1e-9)


def test_a_model_that_raises_outside_of_its_domain():
    def model(angle):
        q = math.sqrt(angle)  # a ValueError below 0
        return [q, 1 - q]

    # I(angle) = I(q) (dq/dangle)^2 with dq/dangle = 1 / (2 q).
    assert fisher_information(model, 0.0016) == pytest.approx(1 / (0.04 * 0.96) / (2 * 0.04) ** 2, rel=1e-9)


def test_impossible_outcomes_inform_of_nothing():
    assert fisher_information(lambda q: [q, 0.0, 1 - q], 0.4) == pytest.approx(1 / 0.24, rel=1e-11)
    assert fisher_information(lambda q: [0.5, 0.5], 0.4) == 0


def test_the_divergence_curves_by_it_in_both_orders():
    theta, delta = np.array([0.2, -0.5, 1.0]), np.array([0.3, 0.1, -0.7])
    half_square = delta @ fisher_information(softmax, theta) @ delta / 2
    with mpmath.workdps(50):

        def divergence(a, b):
            a, b = ([mpmath.exp(v) for v in x] for x in (a, b))
            return mpmath.fsum(
                u / mpmath.fsum(a) * mpmath.log(u / mpmath.fsum(a) / (v / mpmath.fsum(b)))
                for u, v in zip(a, b, strict=True)
            )

        for epsilon in (1e-3, 1e-6):
            near = [mpmath.mpf(x) + mpmath.mpf(epsilon) * mpmath.mpf(d) for x, d in zip(theta, delta, strict=True)]
            here = [mpmath.mpf(x) for x in theta]
            for slots in ((here, near), (near, here)):
                ratio = float(divergence(*slots) / mpmath.mpf(epsilon) ** 2) / half_square
                assert ratio == pytest.approx(1, abs=epsilon + 1e-11)


# The natural gradient


def test_in_the_mean_parameter_one_step_lands():
    gradient = -(0.7 / 0.4 - 0.3 / 0.6)
    after = natural_gradient_step(coin, 0.4, gradient)
    assert isinstance(after, float)
    assert after == pytest.approx(0.7, rel=0, abs=1e-11)


def test_in_the_logit_it_nearly_lands():
    start = special.logit(0.4)
    once = natural_gradient_step(logit_coin, start, 0.4 - 0.7)
    landed = special.expit(once)
    assert landed == pytest.approx(0.699419, abs=5e-7)
    assert kl.kl_divergence([0.7, 0.3], [landed, 1 - landed]) == pytest.approx(8.01865e-7, rel=1e-5)
    assert special.expit(natural_gradient_step(logit_coin, once, landed - 0.7)) == pytest.approx(0.69999968, abs=5e-9)
    # The plain step of the same rate.
    assert special.expit(start - (0.4 - 0.7)) == pytest.approx(0.473658, abs=5e-7)


def test_the_step_does_not_depend_on_the_parameter_for_small_rates():
    rate = 1e-5
    by_mean = natural_gradient_step(coin, 0.4, -1.25, rate) - 0.4
    by_logit = special.expit(natural_gradient_step(logit_coin, special.logit(0.4), -0.3, rate)) - 0.4
    assert by_mean == pytest.approx(3e-6, rel=1e-9)
    assert by_logit == pytest.approx(by_mean, rel=1e-4)


def test_a_direction_that_changes_nothing_is_not_taken():
    logits, target = np.array([0.3, -1.0, 2.0]), np.array([0.2, 0.3, 0.5])
    p = softmax(logits)
    after = natural_gradient_step(softmax, logits, p - target, 0.5)
    information = np.diag(p) - np.outer(p, p)
    assert after == pytest.approx(logits - 0.5 * np.linalg.pinv(information) @ (p - target), rel=1e-9)
    assert natural_gradient_step(lambda q: [0.5, 0.5], 0.3, 0.0) == 0.3
    with pytest.raises(ValueError, match=r"^gradient = .*: it has a part, .*, in which the model does not change"):
        natural_gradient_step(softmax, logits, [1.0, 0.0, 0.0])


# Lines


def test_both_lines_of_the_coin():
    t = np.linspace(0, 1, 11)
    mixtures, exponents = (geodesic(P, Q, t, kind) for kind in ("mixture", "exponential"))
    assert mixtures[:, 0] == pytest.approx(0.7 - 0.3 * t, rel=1e-14)
    assert special.logit(exponents[:, 0]) == pytest.approx((1 - t) * special.logit(0.7) + t * special.logit(0.4))
    for line in (mixtures, exponents):
        assert line.shape == (11, 2)
        assert (line[0].tolist(), line[-1].tolist()) == (P, Q)
        assert line.sum(axis=-1) == pytest.approx(np.ones(11), rel=1e-15)


def test_the_point_of_chernoff():
    # Where both ends are equally far, published for this pair.
    middle = geodesic(Q, P, 0.494473, "exponential")
    assert middle[0] == pytest.approx(0.553295, abs=5e-7)
    assert kl.kl_divergence(middle, P) == pytest.approx(0.0477116, abs=5e-7)
    assert kl.kl_divergence(middle, Q) == pytest.approx(0.0477116, abs=5e-7)


@pytest.mark.parametrize("kind", ["mixture", "exponential"])
def test_points_of_a_line_minimize_the_weighted_divergences(kind):
    rng = np.random.default_rng(4)
    p, q = rng.dirichlet(np.ones(4), size=2)
    r = geodesic(p, q, 0.3, kind)

    def cost(point):
        ends = ((0.7, p), (0.3, q))
        return sum(
            w * (kl.kl_divergence(e, point) if kind == "mixture" else kl.kl_divergence(point, e)) for w, e in ends
        )

    others = r * np.exp(0.1 * rng.normal(size=(50, 4)))
    assert all(cost(other / other.sum()) > cost(r) for other in others)


def test_many_lines_at_once():
    rng = np.random.default_rng(6)
    p, q, t = rng.dirichlet(np.ones(3), size=5), rng.dirichlet(np.ones(3)), rng.random((2, 4))
    for kind in ("mixture", "exponential"):
        points = geodesic(p, q, t, kind)
        assert points.shape == (2, 4, 5, 3)
        assert points[1, 2, 3] == pytest.approx(geodesic(p[3], q, t[1, 2], kind), rel=1e-14)


def test_zeros_on_a_line():
    p, q = [0.5, 0.5, 0.0], [0.0, 0.2, 0.8]
    assert geodesic(p, q, 0.25, "mixture") == pytest.approx([0.375, 0.425, 0.2], rel=1e-15)
    line = geodesic(p, q, [0, 0.5, 1], "exponential")
    assert line.tolist() == [p, [0, 1, 0], q]
    tiny = geodesic([1e-300, 1.0], [1.0, 1e-300], 0.5, "exponential")
    assert tiny == pytest.approx([0.5, 0.5], rel=1e-13)


# Bad input


def ragged(x):
    return [[1.0], [1.0, 2.0]]


CASES = [
    (bregman_divergence, ("f", twice, P, Q), TypeError, "f must be callable, got 'f'"),
    (bregman_divergence, (square, None, P, Q), TypeError, "grad_f must be callable, got None"),
    (bregman_divergence, (square, twice, [0.7, np.nan], Q), ValueError, r"x\[1\] = nan: a finite number"),
    (bregman_divergence, (square, twice, P, [np.inf, 0]), ValueError, r"y\[0\] = inf: a finite number"),
    (bregman_divergence, (square, twice, "P", Q), TypeError, "x must hold real numbers"),
    (bregman_divergence, (square, twice, P, [1, 2, 3]), ValueError, r"x of shape \(2,\) and y of shape \(3,\)"),
    (bregman_divergence, (square, twice, 1.0, Q), ValueError, r"x of shape \(1,\) and y of shape \(2,\)"),
    (bregman_divergence, (twice, twice, P, Q), ValueError, r"f\(x\) has shape \(2,\), not \(\): one value a point"),
    (bregman_divergence, (square, square, P, Q), ValueError, r"grad_f\(y\) has shape \(\), not that of y, \(2,\)"),
    (bregman_divergence, (lambda x: math.nan, twice, P, Q), ValueError, r"f\(x\) = nan: a convex function"),
    (bregman_divergence, (lambda x: math.inf, twice, P, Q), ValueError, r"f\(y\) = inf: y must lie in the domain"),
    (bregman_divergence, (square, lambda x: x * math.nan, P, Q), ValueError, "divergence = nan: grad_f"),
    (bregman_divergence, (square, ragged, P, Q), ValueError, r"grad_f\(y\) is ragged"),
    (fisher_information, ([0.4, 0.6], 0.4), TypeError, r"model must be callable, got \[0\.4, 0\.6\]"),
    (fisher_information, (coin, np.nan), ValueError, "theta = nan: a finite number"),
    (fisher_information, (coin, "0.4"), TypeError, "theta must hold real numbers"),
    (fisher_information, (coin, []), ValueError, r"theta must be a number or a vector, got shape \(0,\)"),
    (
        fisher_information,
        (softmax, [[0.0, 1.0]]),
        ValueError,
        r"theta must be a number or a vector, got shape \(1, 2\)",
    ),
    (fisher_information, (coin, 1.4), ValueError, r"model\(theta\)\[1\] = -0\.3"),
    (fisher_information, (lambda q: [q, q], 0.4), ValueError, r"model\(theta\) sums to 0\.8"),
    (fisher_information, (lambda q: q, 0.4), ValueError, r"model\(theta\) must be a vector of probabilities"),
    (fisher_information, (lambda q: [[q, 1 - q]], 0.4), ValueError, r"model\(theta\) must be one-dimensional"),
    (fisher_information, (ragged, 0.4), ValueError, r"model\(theta\) is ragged"),
    (fisher_information, (coin, 0.0), ValueError, r"model has no derivative at theta = 0\.0 \(parameter 0\)"),
    (fisher_information, (lambda q: coin(0.5 + 0.1 * (q > 0.4)), 0.4), ValueError, "model has no derivative at"),
    (natural_gradient_step, (None, 0.4, 1.0), TypeError, "model must be callable, got None"),
    (natural_gradient_step, (coin, np.inf, 1.0), ValueError, "theta = inf"),
    (natural_gradient_step, (coin, 0.4, np.nan), ValueError, "gradient = nan"),
    (natural_gradient_step, (coin, 0.4, None), TypeError, "gradient must hold real numbers"),
    (natural_gradient_step, (coin, 0.4, [1.0]), ValueError, r"gradient of shape \(1,\) and theta of shape \(\)"),
    (natural_gradient_step, (coin, 0.4, 1.0, 0), ValueError, "rate = 0: it must be positive and finite"),
    (natural_gradient_step, (coin, 0.4, 1.0, math.nan), ValueError, "rate = nan"),
    (natural_gradient_step, (coin, 0.4, 1.0, "1"), TypeError, "rate must be a number, got '1'"),
    (natural_gradient_step, (coin, 0.4, 1.0, True), TypeError, "rate must be a number, got True"),
    (natural_gradient_step, (lambda q: [0.5, 0.5], 0.4, 1.0), ValueError, r"gradient = 1\.0: it has a part"),
    (geodesic, ([0.7, 0.4], Q, 0.5, "mixture"), ValueError, r"p sums to 1\.1"),
    (geodesic, (P, [np.nan, 1], 0.5, "mixture"), ValueError, r"q\[0\] = nan"),
    (geodesic, ([], [], 0.5, "mixture"), ValueError, "p has no outcomes"),
    (geodesic, (P, None, 0.5, "mixture"), TypeError, "q must hold real numbers"),
    (geodesic, (P, [0.2, 0.3, 0.5], 0.5, "mixture"), ValueError, r"p of shape \(2,\) and q of shape \(3,\)"),
    (geodesic, (P, Q, [0.5, 1.5], "mixture"), ValueError, r"t\[1\] = 1\.5: a point of the line"),
    (geodesic, (P, Q, np.nan, "exponential"), ValueError, "t = nan"),
    (geodesic, (P, Q, "0.5", "mixture"), TypeError, "t must hold real numbers"),
    (geodesic, (P, Q, 0.5, "e"), ValueError, "kind = 'e': it is one of mixture, exponential"),
    (geodesic, (P, Q, 0.5, None), TypeError, "kind must be a string, got None"),
    (
        geodesic,
        ([1, 0], [0, 1], 0.5, "exponential"),
        ValueError,
        r"p = \[1\. 0\.\] and q = \[0\. 1\.\] share no outcome",
    ),
]


@pytest.mark.parametrize(("function", "args", "error", "message"), CASES)
def test_bad_input(function, args, error, message):
    with pytest.raises(error, match=r"^" + message):
        function(*args)
