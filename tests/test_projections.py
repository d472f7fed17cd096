"""The projections of kltools.geometry against scipy's optimizers, 50 digits, iterative fitting and closed forms."""

import math

import mpmath
import numpy as np
import pytest
from scipy import optimize, stats

import kltools as kl
from kltools._tilt import _newton
from kltools.geometry import i_projection, m_projection

FACES = np.arange(1.0, 7.0)
UNIFORM = np.full(6, 1 / 6)
LOADED = np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.5])
CUBE = np.array([[i >> bit & 1 for i in range(8)] for bit in range(3)], dtype=float)
BERKELEY = np.array(  # department, gender, (admitted, rejected)
    [
        [[512, 313], [89, 19]],
        [[353, 207], [17, 8]],
        [[120, 205], [202, 391]],
        [[138, 279], [131, 244]],
        [[53, 138], [94, 299]],
        [[22, 351], [24, 317]],
    ],
    dtype=float,
)


def kl_sum(p, q):
    return math.fsum(x * math.log(x / y) for x, y in zip(p, q, strict=True) if x > 0)


def tilt_mp(q, x, mean):
    """Return the tilt of q to one mean and its multiplier, at 50 digits."""
    with mpmath.workdps(50):
        q, x = [mpmath.mpf(v) for v in q], [mpmath.mpf(v) for v in x]

        def weights(lam):
            return [a * mpmath.exp(lam * b) for a, b in zip(q, x, strict=True)]

        def excess(lam):
            w = weights(lam)
            return mpmath.fsum(a * (b - mpmath.mpf(mean)) for a, b in zip(w, x, strict=True)) / mpmath.fsum(w)

        lam = mpmath.findroot(excess, (-40, 40), solver="bisect", maxsteps=170, tol=1e-45)
        w = weights(lam)
        return [float(v / mpmath.fsum(w)) for v in w], float(lam)


def margins(shape, *kept):
    """Return the indicator rows of every cell of the margins over the `kept` axes."""
    cells = np.indices(shape).reshape(len(shape), -1)
    rows = []
    for axes in kept:
        for cell in np.ndindex(*(shape[a] for a in axes)):
            rows.append(np.all([cells[a] == c for a, c in zip(axes, cell, strict=True)], axis=0))
    return np.array(rows, dtype=float)


def fit_iteratively(table, target, kept, rounds=2000):
    """Scale the table to each margin of the target in turn."""
    for _ in range(rounds):
        for axes in kept:
            others = tuple(i for i in range(table.ndim) if i not in axes)
            table = table * (target.sum(axis=others, keepdims=True) / table.sum(axis=others, keepdims=True))
    return table


# One moment


def test_the_published_die_of_mean_4():
    found = i_projection(UNIFORM, FACES, 4)
    assert found.multipliers[0] == pytest.approx(0.174629, abs=5e-7)
    assert found.divergence / math.log(2) == pytest.approx(0.0624012, abs=5e-8)
    assert found.divergence == pytest.approx(0.0432532, abs=5e-8)
    assert (found.boundary, found.iterations < 10, found.multipliers.shape) == (False, True, (1,))


def test_the_die_of_mean_4_5_and_the_right_angle():
    found = i_projection(UNIFORM, FACES, 4.5)
    published = [0.0543532, 0.0787716, 0.114160, 0.165447, 0.239774, 0.347494]
    assert found.distribution == pytest.approx(published, abs=5e-7)
    whole, first, second = kl_sum(LOADED, UNIFORM), kl_sum(LOADED, found.distribution), found.divergence
    assert [round(v, 6) for v in (whole, first, second)] == [0.293893, 0.115715, 0.178178]
    assert whole == pytest.approx(first + second, rel=0, abs=1e-15)


@pytest.mark.parametrize("mean", [1.0001, 1.5, 2.9, 3.4999999, 4, 4.5, 5.9, 5.999999])
@pytest.mark.parametrize("q", [UNIFORM, [0.5, 0.2, 0.1, 0.1, 0.05, 0.05], [0.01, 0.01, 0.48, 0.48, 0.01, 0.01]])
def test_one_moment_at_50_digits(q, mean):
    found = i_projection(q, FACES, mean)
    p, multiplier = tilt_mp(q, FACES, mean)
    assert found.distribution == pytest.approx(p, rel=1e-9, abs=1e-16)
    assert found.multipliers == pytest.approx([multiplier], rel=1e-9, abs=1e-14)
    assert found.divergence == pytest.approx(kl_sum(p, q), rel=1e-9, abs=1e-15)


def test_the_nearest_among_many_with_the_same_mean():
    rng = np.random.default_rng(5)
    best = i_projection(LOADED, FACES, 3.0)
    null = np.linalg.svd(np.vstack([FACES, np.ones(6)]))[2][2:]
    tried = 0
    for direction in rng.normal(size=(300, 4)) @ null:
        r = best.distribution + 0.05 * rng.random() * direction
        if r.min() < 0:
            continue
        tried += 1
        assert r @ FACES == pytest.approx(3, abs=1e-13)
        gap = kl_sum(r, LOADED) - best.divergence
        assert gap > 0
        assert gap == pytest.approx(kl_sum(r, best.distribution), rel=1e-9, abs=1e-14)
    assert tried > 100


def test_a_tilt_across_hundreds_of_orders_of_magnitude():
    q = np.array([1e-30, 1e-250, 0.5, 0.5])
    found = i_projection(q, [[1, 0, 0, 0], [0, 1, 0, 0]], [0.3, 0.2])
    assert found.distribution == pytest.approx([0.3, 0.2, 0.25, 0.25], rel=1e-13)
    logs = [math.log(0.3 / 1e-30), math.log(0.2) + 250 * math.log(10)]
    assert found.multipliers == pytest.approx(np.array(logs) - math.log(0.25 / 0.5), rel=1e-13)


def test_references_of_any_size_take_few_steps():
    rng = np.random.default_rng(7)
    for _ in range(100):
        k = rng.integers(3, 10)
        q, features, r = 10.0 ** -rng.uniform(0, 200, size=k), rng.normal(size=(2, k)), rng.dirichlet(np.ones(k))
        found = i_projection(q / q.sum(), features, features @ r)
        assert found.residual < 1e-12
        assert found.iterations < 60


def test_moments_that_no_distribution_has_are_given_up_early():
    # Newton's method stops once the dual is beyond every possible divergence.
    theta, _, slope, steps = _newton(np.log(UNIFORM), FACES[np.newaxis])
    assert steps < 60
    assert slope[0] >= 1
    assert theta[0] < 0


# Several moments


def test_two_moments_beside_slsqp():
    features, moments = np.array([FACES, FACES**2]), [3.2, 13.0]
    rules = [{"type": "eq", "fun": lambda p: features @ p - moments}, {"type": "eq", "fun": lambda p: p.sum() - 1}]
    options = {"ftol": 1e-14, "maxiter": 500}
    other = optimize.minimize(
        lambda p: np.sum(p * np.log(p / LOADED)), UNIFORM, bounds=[(1e-12, 1)] * 6, constraints=rules, options=options
    )
    assert other.success
    found = i_projection(LOADED, features, moments)
    assert found.distribution == pytest.approx(other.x, abs=1e-6)
    assert found.divergence == pytest.approx(other.fun, abs=1e-10)
    # The certificate can be checked from what is returned.
    tilted = LOADED * np.exp(found.multipliers @ (features - np.c_[moments]))
    assert found.gap == pytest.approx(found.divergence + math.log(tilted.sum()), abs=1e-14)
    assert found.distribution == pytest.approx(tilted / tilted.sum(), rel=1e-13)


def test_random_problems_carry_their_certificate():
    rng = np.random.default_rng(11)
    for _ in range(150):
        k, m = rng.integers(2, 9), rng.integers(1, 4)
        q, features = (
            rng.dirichlet(np.ones(k) * 0.5),
            rng.normal(size=(m, k)) * 10.0 ** rng.integers(-3, 4, size=(m, 1)),
        )
        r = rng.dirichlet(np.ones(k) * 0.3)
        found = i_projection(q, features, features @ r)
        size = abs(features).max(axis=1)
        assert (abs(features @ found.distribution - features @ r) <= 1e-12 * size).all()
        assert abs(found.gap) <= 1e-11 * (1 + found.divergence)
        assert found.residual == pytest.approx(
            abs(features @ found.distribution - features @ r).max(), abs=1e-13 * size.max()
        )
        assert kl_sum(r, q) == pytest.approx(kl_sum(r, found.distribution) + found.divergence, rel=1e-9)


def test_redundant_features_share_their_multiplier():
    alone = i_projection(UNIFORM, FACES, 4)
    rows = [FACES, -3 * FACES, 0.1 * FACES + 0.7, np.full(6, 0.1)]
    found = i_projection(UNIFORM, rows, [4, -12, 1.1, 0.1])
    assert found.distribution == pytest.approx(alone.distribution, rel=1e-13)
    total = found.multipliers @ [1, -3, 0.1, 0]
    assert total == pytest.approx(alone.multipliers[0], rel=1e-12)
    # Equal parts, once each row is measured in its own deviation.
    assert found.multipliers[:3] * [1, -3, 0.1] == pytest.approx(np.full(3, total / 3), rel=1e-12)
    assert found.multipliers[3] == 0


def test_a_constant_feature_asks_nothing():
    found = i_projection(LOADED, np.ones(6), 1.0)
    assert found.distribution == pytest.approx(LOADED, rel=1e-15)
    assert (found.divergence, found.multipliers.tolist(), found.iterations) == (0.0, [0.0], 0)


# Margins: iterative proportional fitting


def test_a_table_with_fixed_margins_is_fitted_iteratively():
    table, rows, columns = np.array([[0.4, 0.1], [0.2, 0.3]]), [0.7, 0.3], [0.45, 0.55]
    target = np.outer(rows, columns)
    fitted = fit_iteratively(table, target, [(0,), (1,)])
    found = i_projection(table.ravel(), margins((2, 2), (0,), (1,)), [*rows, *columns])
    assert found.distribution == pytest.approx(fitted.ravel(), rel=1e-12)
    # What a tilt by margins keeps: the odds ratio.
    a, b, c, d = found.distribution
    assert a * d / (b * c) == pytest.approx(0.4 * 0.3 / (0.1 * 0.2), rel=1e-12)


def test_berkeley_without_the_interaction_of_gender_and_admission():
    p = BERKELEY / BERKELEY.sum()
    kept = [(0, 1), (0, 2)]
    features = margins(p.shape, *kept)
    fitted = fit_iteratively(np.full(p.shape, 1 / p.size), p, kept)
    found = i_projection(np.full(p.size, 1 / p.size), features, features @ p.ravel())
    assert found.distribution == pytest.approx(fitted.ravel(), rel=1e-11)
    m = m_projection(p.ravel(), features)
    assert m.distribution == pytest.approx(found.distribution, rel=1e-12)
    # What gender tells about admission within the departments, in bits, as published.
    assert m.divergence / math.log(2) == pytest.approx(0.00346417, abs=5e-9)


def test_a_margin_of_zero_leaves_a_face():
    q = np.array([0.4, 0.1, 0.2, 0.3])
    found = i_projection(q, margins((2, 2), (0,), (1,)), [1.0, 0.0, 0.25, 0.75])
    assert found.boundary
    assert found.distribution == pytest.approx([0.25, 0.75, 0, 0], rel=1e-14)
    assert found.divergence == pytest.approx(kl_sum([0.25, 0.75], q[:2]), rel=1e-13)


# The boundary


@pytest.mark.parametrize(("mean", "face"), [(6, 5), (1, 0), (6 + 4e-16, 5)])
def test_a_mean_at_the_end_of_its_range(mean, face):
    found = i_projection(LOADED, FACES, mean)
    assert found.distribution.tolist() == np.eye(6)[face].tolist()
    assert found.divergence == pytest.approx(-math.log(LOADED[face]), rel=1e-15)
    assert found.boundary
    assert found.gap == pytest.approx(0, abs=1e-15)


def test_just_inside_of_the_boundary_the_tilt_is_finite():
    found = i_projection(UNIFORM, FACES, 6 - 1e-11)
    assert not found.boundary
    assert found.multipliers == pytest.approx([math.log(1e11)], rel=1e-6)
    assert found.distribution[4] == pytest.approx(1e-11, rel=1e-5)


def test_so_near_the_boundary_no_digit_is_lost():
    q, values, mean = np.full(4, 0.25), [1.3, -2.0, 0.1, -0.1], 1.3 - 1e-12
    found = i_projection(q, values, mean)
    p, multiplier = tilt_mp(q, values, mean)
    assert found.multipliers == pytest.approx([multiplier], rel=1e-12)
    assert found.distribution == pytest.approx(p, rel=1e-12, abs=0)


@pytest.mark.parametrize("moments", [[0.3, 0.6, 0.5], [0.3, 1.0, 0.5], [0.0, 1.0, 0.5], [0.0, 1.0, 1.0]])
@pytest.mark.parametrize("turned", [False, True])
def test_faces_of_a_cube_from_any_side(moments, turned):
    """Independent bits: the tilt is known; other coordinates hide that a moment is at an end of its range."""
    turn = np.array([[1.0, 0.5, -0.25], [-0.3, 1.0, 0.7], [0.2, -0.6, 1.0]]) if turned else np.eye(3)
    found = i_projection(np.full(8, 1 / 8), turn @ CUBE, turn @ moments)
    expected = np.prod([np.where(bit, m, 1 - m) for bit, m in zip(CUBE, moments, strict=True)], axis=0)
    assert found.distribution == pytest.approx(expected, abs=1e-13)
    assert ((found.distribution == 0) == (expected == 0)).all()
    assert found.boundary == any(m in (0, 1) for m in moments)
    assert abs(found.gap) < 1e-13
    on_face = expected > 0
    tilted = np.exp(found.multipliers @ (turn @ CUBE))[on_face]
    assert tilted / tilted.sum() == pytest.approx(expected[on_face], rel=1e-12)


def test_an_edge_of_two_moments():
    # The points (x, x^2) are on a parabola: on its chord from 5 to 6 only these two faces are left.
    found = i_projection(UNIFORM, [FACES, FACES**2], [5.5, 30.5])
    assert found.distribution == pytest.approx([0, 0, 0, 0, 0.5, 0.5], abs=1e-14)
    assert found.boundary
    with pytest.raises(ValueError, match=r"^moments\[1\] = 30\.49: .* given moments\[:1\], is from 30\.5 to 32\.5"):
        i_projection(UNIFORM, [FACES, FACES**2], [5.5, 30.49])
    assert not i_projection(UNIFORM, [FACES, FACES**2], [5.5, 30.51]).boundary


def test_zeros_of_q_stay_zero():
    q = [0.25, 0.25, 0.5, 0, 0, 0]
    found = i_projection(q, FACES, 2.9)
    assert found.distribution[3:].tolist() == [0, 0, 0]
    assert found.distribution[:3] == pytest.approx(tilt_mp(q[:3], FACES[:3], 2.9)[0], rel=1e-11)
    assert not found.boundary
    assert i_projection(q, FACES, 3).boundary


# The other projection


def test_m_projection_of_the_loaded_die():
    found = m_projection(LOADED, FACES)
    tilt = i_projection(UNIFORM, FACES, 4.5)
    assert found.distribution == pytest.approx(tilt.distribution, rel=1e-13)
    assert found.divergence == pytest.approx(0.115715, abs=5e-7)
    assert found.divergence == pytest.approx(kl_sum(LOADED, found.distribution), rel=1e-13)


def test_m_projection_beside_a_direct_search():
    rng = np.random.default_rng(3)
    p, reference, features = rng.dirichlet(np.ones(7)), rng.dirichlet(np.ones(7)), rng.normal(size=(2, 7))

    def member(multipliers):
        w = reference * np.exp(multipliers @ features)
        return w / w.sum()

    other = optimize.minimize(lambda v: kl_sum(p, member(v)), np.zeros(2), method="BFGS", options={"gtol": 1e-9})
    found = m_projection(p, features, reference)
    assert found.multipliers == pytest.approx(other.x, abs=1e-6)
    assert found.divergence == pytest.approx(other.fun, abs=1e-12)
    assert found.distribution == pytest.approx(member(found.multipliers), rel=1e-13)
    assert abs(found.gap) < 1e-14


def test_m_projection_onto_the_binomials_is_the_maximum_likelihood():
    n, k = 12, np.arange(13)
    frequencies = np.random.default_rng(8).multinomial(500, np.full(13, 1 / 13)) / 500
    found = m_projection(frequencies, k, stats.binom.pmf(k, n, 0.5))
    assert found.distribution == pytest.approx(stats.binom.pmf(k, n, frequencies @ k / n), rel=1e-11)


def test_m_projection_onto_independence_is_mutual_information():
    joint = np.random.default_rng(9).dirichlet(np.ones(12)).reshape(3, 4)
    found = m_projection(joint.ravel(), margins((3, 4), (0,), (1,)))
    assert found.distribution == pytest.approx(np.outer(joint.sum(axis=1), joint.sum(axis=0)).ravel(), rel=1e-12)
    assert found.divergence == pytest.approx(kl.mutual_information(joint), rel=1e-12)


def test_a_sample_of_sixes_has_only_a_limit():
    found = m_projection([0, 0, 0, 0, 0, 1], FACES)
    assert found.boundary
    assert found.distribution.tolist() == [0, 0, 0, 0, 0, 1]
    assert found.divergence == 0
    assert m_projection([0, 0, 0.5, 0, 0, 0.5], FACES).boundary is False


def test_bits_are_nats_over_log_2():
    for project, third in ((i_projection, 4.5), (m_projection, UNIFORM)):
        nats, bits = project(LOADED, FACES, third), project(LOADED, FACES, third, base=2)
        assert bits.divergence == pytest.approx(nats.divergence / math.log(2), rel=1e-15)
        assert bits.gap == pytest.approx(nats.gap / math.log(2), rel=1e-15)
        assert bits.multipliers.tolist() == nats.multipliers.tolist()


# Bad input

CASES = [
    (lambda base: i_projection(UNIFORM, FACES, 4, base=base), (1,), ValueError, "base = 1"),
    (lambda base: m_projection(LOADED, FACES, base=base), ("2",), TypeError, "base must be a number or None"),
    (i_projection, ([0.5, 0.6], [1, 2], 1.5), ValueError, r"q sums to 1\.1"),
    (i_projection, ([0.5, np.nan], [1, 2], 1.5), ValueError, r"q\[1\] = nan"),
    (i_projection, ([1.5, -0.5], [1, 2], 1.5), ValueError, r"q\[1\] = -0\.5"),
    (i_projection, ([], [], 1.5), ValueError, "q has no outcomes"),
    (i_projection, ([[0.5, 0.5]], [1, 2], 1.5), ValueError, r"q must be one-dimensional, got shape \(1, 2\)"),
    (i_projection, ("die", [1, 2], 1.5), TypeError, "q must hold real numbers"),
    (i_projection, ([0.5, 0.5], [1, 2, 3], 1.5), ValueError, r"features of shape \(3,\): rows of 2 numbers"),
    (i_projection, ([0.5, 0.5], 1, 1.5), ValueError, r"features of shape \(\)"),
    (i_projection, ([0.5, 0.5], np.empty((0, 2)), []), ValueError, r"features of shape \(0, 2\)"),
    (i_projection, ([0.5, 0.5], [1, np.inf], 1.5), ValueError, r"features\[1\] = inf: a finite number"),
    (i_projection, ([0.5, 0.5], [1, None], 1.5), TypeError, "features must hold real numbers, got NoneType"),
    (i_projection, ([0.5, 0.5], [1, 2], np.nan), ValueError, "moments = nan: a finite number"),
    (i_projection, ([0.5, 0.5], [1, 2], "1.5"), TypeError, "moments must hold real numbers"),
    (
        i_projection,
        ([0.5, 0.5], [1, 2], [1.5]),
        ValueError,
        r"moments must be a number, for one feature, got .* \(1,\)",
    ),
    (i_projection, ([0.5, 0.5], [[1, 2], [0, 1]], 1.5), ValueError, r"moments must be 2 numbers, one a feature"),
    (i_projection, (UNIFORM, FACES, 7), ValueError, r"moments = 7\.0: the mean of features is from 1 to 6$"),
    (
        i_projection,
        ([0.5, 0.5, 0], [1, 2, 3], 2.5),
        ValueError,
        r"moments = 2\.5: .* is from 1 to 2 on the support of q",
    ),
    (i_projection, (UNIFORM, [FACES, FACES], [4, 4.1]), ValueError, r"moments\[1\] = 4\.1: .* is from 4 to 4$"),
    (i_projection, (UNIFORM, [FACES, FACES**2], [4, 40]), ValueError, r"moments\[1\] = 40\.0: .* is from 16 to 22$"),
    (i_projection, (UNIFORM, [np.ones(6), FACES], [2, 4]), ValueError, r"moments\[0\] = 2\.0: .* is from 1 to 1$"),
    (m_projection, ([0.5, 0.6], [1, 2]), ValueError, r"p sums to 1\.1"),
    (m_projection, ([0.5, np.nan], [1, 2]), ValueError, r"p\[1\] = nan"),
    (m_projection, ([], []), ValueError, "p has no outcomes"),
    (m_projection, ([[0.5, 0.5]], [1, 2]), ValueError, "p must be one-dimensional"),
    (m_projection, (None, [1, 2]), TypeError, "p must hold real numbers"),
    (m_projection, ([0.5, 0.5], [1, 2, 3]), ValueError, r"features of shape \(3,\)"),
    (m_projection, ([0.5, 0.5], ["a", "b"]), TypeError, "features must hold real numbers"),
    (m_projection, ([0.5, 0.5], [1, 2], [0.5, 0.6]), ValueError, r"reference sums to 1\.1"),
    (m_projection, ([0.5, 0.5], [1, 2], [0.2, 0.3, 0.5]), ValueError, r"p of shape \(2,\) and reference of shape"),
    (m_projection, ([0.5, 0.5], [1, 2], [1, 0]), ValueError, r"p\[1\] = 0\.5: the reference excludes this outcome"),
]


@pytest.mark.parametrize(("function", "args", "error", "message"), CASES)
def test_bad_input(function, args, error, message):
    with pytest.raises(error, match=r"^" + message):
        function(*args)
