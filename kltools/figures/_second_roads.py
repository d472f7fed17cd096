"""Divergences and entropies once more, by integrals and sums that know nothing of any closed form.

A distribution on several coordinates is first taken apart into one-dimensional ones, which is exact: what is integrated
or summed has one dimension.
"""

import itertools

import numpy as np
from scipy import integrate, linalg, special, stats

from kltools.divergence import family

REACH = 60  # standard deviations up to which a sum goes; the tails here fall at least exponentially


def divergence(p, q):
    """Return D(P||Q) in nats."""
    if family(p) == "dirichlet":
        return sum(divergence(*pair) for pair in zip(_sticks(p.alpha), _sticks(q.alpha), strict=True))
    if family(p) == "multivariate_normal":
        return sum(divergence(*pair) for pair in _common_axes(p, q))
    return _mean(p, lambda x: _log_mass(p, x) - _log_mass(q, x), q.median())


def entropy(p):
    """Return H(P) in nats, differential for a density."""
    if family(p) == "dirichlet":
        # the divergence from the uniform distribution, whose density is the factorial of k - 1
        return -special.gammaln(len(p.alpha)) - divergence(p, stats.dirichlet(np.ones(len(p.alpha))))
    if family(p) == "multivariate_normal":
        # each coordinate given those before it is normal, with this standard deviation
        return sum(entropy(stats.norm(0, deviation)) for deviation in np.diagonal(linalg.cholesky(p.cov, lower=True)))
    return _mean(p, lambda x: -_log_mass(p, x))


def _sticks(concentrations):
    """Return the betas, independent, of what each coordinate takes of what those before it leave."""
    rest = np.cumsum(concentrations[::-1])[::-1]
    return [stats.beta(a, b) for a, b in zip(concentrations[:-1], rest[1:], strict=True)]


def _common_axes(p, q):
    """Return pairs of normals along axes on which the coordinates are independent under P and under Q."""
    variances, axes = linalg.eigh(p.cov, q.cov)  # those of Q are 1
    shifts = axes.T @ (p.mean - q.mean)
    return [(stats.norm(m, np.sqrt(v)), stats.norm(0, 1)) for m, v in zip(shifts, variances, strict=True)]


def _log_mass(x, values):
    return x.logpmf(values) if hasattr(x.dist, "pmf") else x.logpdf(values)


def _mean(p, f, *breaks):
    """Return the mean of f(X) for X from P, by an integral in pieces: f may have corners at `breaks`."""
    low, high = p.support()
    if hasattr(p.dist, "pmf"):
        atoms = np.arange(low, min(high, p.mean() + REACH * p.std() + REACH) + 1)
        return float(p.pmf(atoms) @ f(atoms))
    ends = [low, *sorted({x for x in (p.median(), *breaks) if low < x < high}), high]
    pieces = [integrate.tanhsinh(lambda x: np.exp(p.logpdf(x)) * f(x), *piece) for piece in itertools.pairwise(ends)]
    if not all(piece.success for piece in pieces):
        raise ArithmeticError(f"an integral did not converge: {max(piece.error for piece in pieces):.1e}")
    return float(sum(piece.integral for piece in pieces))
