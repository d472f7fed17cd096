"""Closed forms for frozen distributions, against 50 digits and quadrature."""

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

import kltools as kl


def exact_normal(p, q):
    (m0, s0), (m1, s1) = ((mpmath.mpf(m), mpmath.mpf(s)) for m, s in (p, q))
    return mpmath.log(s1 / s0) + (s0**2 + (m0 - m1) ** 2) / (2 * s1**2) - mpmath.mpf(1) / 2


@pytest.mark.parametrize(
    ("p", "q", "tolerance"),
    [
        ((0, 1), (1, 2), 1e-15),
        ((3.5, 0.01), (-2, 40), 1e-15),
        ((0, 40), (7, 0.01), 1e-15),
        ((1e9, 1), (1e9 + 1, 3), 1e-15),
        ((0, 1e200), (1e200, 3e200), 1e-15),
        ((0, 1e-200), (0, 3e-200), 1e-15),
        ((0.7, 1 + 1e-8), (0.7, 1), 1e-13),
        ((0.7, 3), (0.7 + 1e-8, 3), 1e-13),
        ((0.7, 3 + 1e-8), (0.7 + 1e-8, 3), 1e-13),
        ((5, 5), (5, 5), 0),
    ],
)
def test_normals_at_fifty_digits(p, q, tolerance):
    with mpmath.workdps(50):
        truth = float(exact_normal(p, q))
    value = kl.kl_divergence(stats.norm(*p), stats.norm(*q))
    assert isinstance(value, float)
    assert value == pytest.approx(truth, rel=max(tolerance, 1e-15), abs=1e-45)


def test_normals_by_quadrature():
    p, q = stats.norm(0.3, 1.2), stats.norm(-1, 2.5)
    parts = {
        kl.kl_divergence: lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)),
        kl.cross_entropy: lambda x: -p.pdf(x) * q.logpdf(x),
    }
    for function, integrand in parts.items():
        value, error = integrate.quad(integrand, -40, 40, epsabs=1e-12, limit=200)
        assert error < 1e-9
        assert function(p, q) == pytest.approx(value, abs=1e-10)
        assert function(p, q, base=2) == pytest.approx(value / np.log(2), abs=1e-10)
    assert kl.entropy(p) == pytest.approx(p.entropy(), rel=1e-14)
    assert kl.entropy(stats.norm(0, 0.01)) == pytest.approx(stats.norm(0, 0.01).entropy(), rel=1e-14)


def test_parameters_as_scipy_means_them():
    q = stats.norm(1, 2)
    expected = kl.kl_divergence(stats.norm(0, 1), q)
    for p in (stats.norm(), stats.norm(0), stats.norm(scale=1), stats.norm(loc=0, scale=1), stats.norm(0, scale=1)):
        assert kl.kl_divergence(p, q) == expected
    assert kl.kl_divergence(stats.norm(scale=2, loc=1), q) == 0


def test_arrays_of_parameters_broadcast():
    p, q = stats.norm([0, 1], 1), stats.norm(0, [[1], [2]])
    value = kl.kl_divergence(p, q)
    assert value.shape == (2, 2)
    assert value[1, 1] == kl.kl_divergence(stats.norm(1, 1), stats.norm(0, 2))
    assert kl.entropy(q).shape == (2, 1)


@pytest.mark.parametrize(
    ("p", "q", "error", "message"),
    [
        (stats.norm(0, 0), stats.norm(), ValueError, r"p\.scale = 0\.0: a scale is positive"),
        (stats.norm(), stats.norm(0, -1), ValueError, r"q\.scale = -1\.0: a scale is positive"),
        (stats.norm(), stats.norm(0, [1, 2, -3]), ValueError, r"q\.scale\[2\] = -3\.0"),
        (stats.norm(np.nan), stats.norm(), ValueError, r"p\.loc = nan: a parameter is finite"),
        (stats.norm(), stats.norm(scale=np.inf), ValueError, r"q\.scale = inf"),
        (stats.norm("a"), stats.norm(), TypeError, r"p\.loc must hold real numbers"),
        (stats.norm(), [0.5, 0.5], TypeError, "q is no frozen distribution"),
        ([0.5, 0.5], stats.norm(), TypeError, "p is no frozen distribution"),
        (stats.norm(), stats.norm, TypeError, "q is no frozen distribution"),
        (stats.norm(), stats.gamma(2), NotImplementedError, r"norm \|\| gamma.*norm \|\| norm"),
        (stats.poisson(3), stats.norm(), NotImplementedError, r"poisson \|\| norm"),
    ],
)
def test_errors(p, q, error, message):
    with pytest.raises(error, match=message):
        kl.kl_divergence(p, q)


def test_entropy_errors():
    with pytest.raises(NotImplementedError, match="no closed form for gamma; there is one for norm"):
        kl.entropy(stats.gamma(2))
    with pytest.raises(ValueError, match=r"p\.scale = -1\.0"):
        kl.entropy(stats.norm(0, -1))
