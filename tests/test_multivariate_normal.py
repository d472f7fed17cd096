"""Multivariate normals against fifty digits, near and far, well and badly conditioned."""

from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from scipy import stats

import kltools as kl


def exact(p_mean, p_cov, q_mean, q_cov):
    """Return D(p||q) of float64 parameters taken as they are, by the formula of books."""
    p_mean, q_mean = (mpmath.matrix(x.tolist()) for x in (p_mean, q_mean))
    p_cov, q_cov = (mpmath.matrix(x.tolist()) for x in (p_cov, q_cov))
    shift = q_mean - p_mean
    inverse = q_cov**-1
    value = mpmath.fsum((inverse * p_cov)[i, i] for i in range(len(shift))) - len(shift)
    value += (shift.T * inverse * shift)[0] + mpmath.log(mpmath.det(q_cov) / mpmath.det(p_cov))
    return float(value / 2)


def covariance(dimensions, condition, rng):
    """Return an exactly symmetric covariance with a random basis."""
    basis = np.linalg.qr(rng.normal(size=(dimensions, dimensions)))[0]
    matrix = basis * np.geomspace(1, 1 / condition, dimensions) @ basis.T
    return (matrix + matrix.T) / 2


def divergence(p_mean, p_cov, q_mean, q_cov):
    p, q = (stats.multivariate_normal(*x, allow_singular=True) for x in ((p_mean, p_cov), (q_mean, q_cov)))
    value = kl.kl_divergence(p, q)
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize("dimensions", [1, 2, 3, 8])
def test_generic_parameters_at_fifty_digits(dimensions):
    rng = np.random.default_rng(dimensions)
    for _ in range(10):
        arguments = [x for _ in "pq" for x in (rng.normal(size=dimensions), covariance(dimensions, 50, rng))]
        with mpmath.workdps(50):
            truth = exact(*arguments)
        assert divergence(*arguments) == pytest.approx(truth, rel=1e-11)


@pytest.mark.parametrize("step", [1e-2, 1e-4, 1e-8, 1e-12])
@pytest.mark.parametrize("dimensions", [1, 3, 8])
def test_near_equal_parameters_at_fifty_digits(dimensions, step):
    rng = np.random.default_rng(7)
    for _ in range(2):
        mean, cov = rng.normal(size=dimensions), covariance(dimensions, 50, rng)
        other_mean = mean + step * rng.normal(size=dimensions)
        other_cov = cov + step * covariance(dimensions, 50, rng)
        for arguments in (
            (mean, cov, mean, other_cov),
            (mean, other_cov, mean, cov),
            (mean, cov, other_mean, cov),
            (other_mean, cov, mean, other_cov),
        ):
            with mpmath.workdps(60):
                truth = exact(*arguments)
            assert divergence(*arguments) == pytest.approx(truth, rel=1e-11, abs=0)
        assert divergence(mean, cov, mean, cov) == 0


def test_badly_conditioned_covariances():
    rng = np.random.default_rng(8)
    for condition, tolerance in ((1e6, 1e-9), (1e12, 1e-3)):
        cov, other = covariance(8, condition, rng), covariance(8, condition, rng)
        for arguments in ((np.zeros(8), cov, np.ones(8), other), (np.zeros(8), cov, np.zeros(8), 1.0000001 * cov)):
            with mpmath.workdps(80):
                truth = exact(*arguments)
            assert divergence(*arguments) == pytest.approx(truth, rel=tolerance, abs=0)


def test_units_of_the_variables_do_not_matter():
    rng = np.random.default_rng(9)
    cov, other, units = covariance(4, 10, rng), covariance(4, 10, rng), 2.0 ** np.array([-300, 0, 20, 300])
    mean, shift = rng.normal(size=4), rng.normal(size=4)
    expected = divergence(mean, cov, shift, other)
    scaled = (mean * units, cov * np.outer(units, units), shift * units, other * np.outer(units, units))
    assert divergence(*scaled) == pytest.approx(expected, rel=1e-13)


def test_one_dimension_and_independent_coordinates_add_normals():
    p, q = ((0.3, 1.2), (-1, 0.5)), ((1, 2), (-1.5, 0.7))
    parts = [kl.kl_divergence(stats.norm(*a), stats.norm(*b)) for a, b in zip(p, q, strict=True)]
    several = [stats.multivariate_normal([m for m, _ in x], np.diag([s**2 for _, s in x])) for x in (p, q)]
    assert kl.kl_divergence(*several) == pytest.approx(sum(parts), rel=1e-14)
    assert kl.kl_divergence(*several, base=2) == pytest.approx(sum(parts) / np.log(2), rel=1e-14)
    single = [stats.multivariate_normal(x[0][0], x[0][1] ** 2) for x in (p, q)]
    assert kl.kl_divergence(*single) == pytest.approx(parts[0], rel=1e-14)
    entropies = [kl.entropy(stats.norm(*x)) for x in p]
    assert kl.entropy(several[0]) == pytest.approx(sum(entropies), rel=1e-14)
    assert kl.cross_entropy(*several) == pytest.approx(sum(entropies) + sum(parts), rel=1e-14)


def test_entropy_against_scipy():
    cov = covariance(6, 100, np.random.default_rng(10))
    p = stats.multivariate_normal(np.ones(6), cov)
    assert kl.entropy(p) == pytest.approx(float(p.entropy()), rel=1e-12)


def test_covariances_that_scipy_holds_otherwise():
    p = stats.multivariate_normal([0, 1], stats.Covariance.from_diagonal([1, 4]))
    q = stats.multivariate_normal([1, 1], stats.Covariance.from_precision(np.diag([0.5, 1])))
    plain = [stats.multivariate_normal([0, 1], np.diag([1, 4])), stats.multivariate_normal([1, 1], np.diag([2, 1]))]
    assert kl.kl_divergence(p, q) == pytest.approx(kl.kl_divergence(*plain), rel=1e-14)


def test_rounding_may_leave_a_covariance_slightly_asymmetric():
    rng = np.random.default_rng(11)
    cov, other = covariance(4, 10, rng), covariance(4, 10, rng)
    noise = np.triu(1e-12 * rng.normal(size=(4, 4)))
    expected = divergence(np.zeros(4), cov + (noise + noise.T) / 2, np.ones(4), other)
    assert divergence(np.zeros(4), cov + noise, np.ones(4), other) == pytest.approx(expected, rel=1e-14)


def test_what_is_too_large_for_a_float_is_inf():
    assert divergence(np.zeros(2), 1e300 * np.eye(2), np.zeros(2), 1e-300 * np.eye(2)) == np.inf
    assert divergence(np.array([1e200, 0]), np.eye(2), np.zeros(2), np.eye(2)) == np.inf


def normal(mean, cov):
    return stats.multivariate_normal(mean, cov, allow_singular=True)


THIN = np.outer([1, 1 / 3, 0.7], [1, 1 / 3, 0.7])  # of rank 1, up to rounding
CASES = [
    (normal([0, 0], [[1, 1], [1, 1]]), ValueError, r"{}\.cov is not positive definite: its smallest eigenvalue is 0"),
    (normal([0, 0], [[1, 0], [0, 0]]), ValueError, r"{}\.cov is not positive definite: its smallest eigenvalue is 0"),
    (normal([0, 0, 0], THIN), ValueError, r"{}\.cov is not positive definite: its smallest eigenvalue is -?\d"),
    (normal([0, 0], [[1, 0.1], [0.2, 1]]), ValueError, r"{}\.cov\[0, 1\] = 0\.1: a covariance is symmetric"),
    (normal([0, np.nan], np.eye(2)), ValueError, r"{}\.mean\[1\] = nan: a parameter is finite"),
    (normal([np.inf, 0], np.eye(2)), ValueError, r"{}\.mean\[0\] = inf"),
    (stats.norm(), NotImplementedError, r"no closed form for kl_divergence of .*norm"),
    (stats.dirichlet([1, 2]), NotImplementedError, r"no closed form for kl_divergence of .*dirichlet"),
    ([0.5, 0.5], TypeError, r"{} is no frozen distribution"),
]


@pytest.mark.parametrize(("bad", "error", "message"), CASES)
def test_errors(bad, error, message):
    good = stats.multivariate_normal(np.zeros(getattr(bad, "dim", 2)))
    with pytest.raises(error, match=message.format("p")):
        kl.kl_divergence(bad, good)
    with pytest.raises(error, match=message.format("q")):
        kl.kl_divergence(good, bad)


def test_an_indefinite_covariance_is_named():
    q = stats.multivariate_normal([0, 0])
    q.cov_object = SimpleNamespace(covariance=np.array([[1.0, 2.0], [2.0, 1.0]]))  # scipy itself refuses to make one
    with pytest.raises(ValueError, match=r"q\.cov is not positive definite: its smallest eigenvalue is -1"):
        kl.kl_divergence(stats.multivariate_normal([0, 0]), q)


def test_dimensions_that_do_not_match():
    p, q = stats.multivariate_normal([0, 0]), stats.multivariate_normal([0, 0, 0])
    with pytest.raises(ValueError, match="p has 2 dimensions, q has 3"):
        kl.kl_divergence(p, q)


def test_families_known_to_no_formula():
    p = stats.wishart(3, np.eye(2))
    with pytest.raises(NotImplementedError, match=r"wishart \|\| wishart, and it is not one-dimensional"):
        kl.kl_divergence(p, p)
    with pytest.raises(NotImplementedError, match=r"entropy of wishart"):
        kl.entropy(p)
