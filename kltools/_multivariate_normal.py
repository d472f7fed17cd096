"""Multivariate normals, by Cholesky factors and triangular systems: no inverse, no determinant."""

import math

import numpy as np

from ._log_gamma import gkl
from ._validation import real_array, require_entries


def entropy(p):
    """Return the differential entropy of a frozen multivariate normal, in nats."""
    mean, covariance = _mean_and_covariance(p, "p")
    factor = _cholesky(covariance, "p")
    return np.log(np.diagonal(factor)).sum() + len(mean) * math.log(2 * math.pi * math.e) / 2


def divergence(p, q):
    """Return D(p||q) of two frozen multivariate normals, in nats.

    With the factors ``S = L L'`` and ``M = L_q^-1 L_p``, lower triangular, it is half of
    ``|L_q^-1 (mean_p - mean_q)|^2 + |M - I|^2 + 2 sum gkl(1, M_ii)``, with gkl as in `generalized_kl`. Where that is
    small, M is close to the identity and its rounding shows: then the whitened *difference* of the covariances is
    taken apart, and each eigenvalue u adds ``u - log(1 + u)``.
    """
    from scipy.linalg import solve_triangular

    (p_mean, p_cov), (q_mean, q_cov) = _mean_and_covariance(p, "p"), _mean_and_covariance(q, "q")
    if len(p_mean) != len(q_mean):
        raise ValueError(f"p and q do not match: p has {len(p_mean)} dimensions, q has {len(q_mean)}")
    p_factor, q_factor = _cholesky(p_cov, "p"), _cholesky(q_cov, "q")

    def whiten(x):
        return solve_triangular(q_factor, x, lower=True, check_finite=False)

    shift, relative = whiten(p_mean - q_mean), whiten(p_factor)
    diagonal = np.diagonal(relative).copy()
    np.fill_diagonal(relative, diagonal - 1)
    with np.errstate(over="ignore"):
        mean_part = np.vdot(shift, shift)
        covariance_part = 2 * gkl(1.0, diagonal, 1 - diagonal).sum() + np.vdot(relative, relative)
    if mean_part + covariance_part < 2e-3 * len(shift):
        u = np.linalg.eigvalsh(whiten(whiten(p_cov - q_cov).T))
        covariance_part = gkl(1.0, 1 + u, -u).sum()
    return (mean_part + covariance_part) / 2


def _mean_and_covariance(x, name):
    mean, covariance = np.asarray(x.mean), np.asarray(x.cov)
    for label, array in ((f"{name}.mean", mean), (f"{name}.cov", covariance)):
        require_entries(real_array(array, label), label, np.isfinite(array), "a parameter is finite")
    mean, covariance = mean.astype(np.float64), covariance.astype(np.float64)
    if not np.array_equal(covariance, covariance.T):  # rounding may leave the two halves apart
        deviations = np.sqrt(np.abs(np.diagonal(covariance)))
        symmetric = np.abs(covariance - covariance.T) <= 1e-8 * np.outer(deviations, deviations)
        require_entries(covariance, f"{name}.cov", symmetric, "a covariance is symmetric")
        covariance = (covariance + covariance.T) / 2
    return mean, covariance


def _cholesky(covariance, name):
    """Return the lower Cholesky factor; refuse a covariance that is singular up to rounding."""
    variances = np.diagonal(covariance)
    try:
        factor = np.linalg.cholesky(covariance)
        # What the earlier variables leave of the variance of each, as a share of it.
        regular = (np.diagonal(factor) ** 2 > len(variances) * np.finfo(np.float64).eps * variances).all()
    except np.linalg.LinAlgError:
        regular = False
    if not regular:
        smallest = np.linalg.eigvalsh(covariance)[0]
        raise ValueError(f"{name}.cov is not positive definite: its smallest eigenvalue is {smallest:.3g}")
    return factor
