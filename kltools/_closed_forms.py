"""The formulas: divergences and entropies of families of distributions, in nats, as functions of their parameters.

`p` and `q` hold the parameters of frozen distributions by scipy's names, as float arrays of one shape. A divergence
is a sum of terms that are never negative and keep their digits where the parameters are close. It is inf where Q
excludes what P allows, and NaN where the parameters admit no closed form.
"""

import numpy as np
from scipy import special

from ._kernels import exp_beyond_linear, log_ratio, normalized_difference
from ._log_gamma import beyond, beyond_slope, bregman_beyond, gkl


def norm(p, q):
    return _norm(p.scale, q.scale, (p.loc - q.loc) / q.scale)


def lognorm(p, q):
    """The logarithm of the variable is normal, with mean log(scale) and standard deviation s."""
    return _shifted(_norm(p.s, q.s, _log(p.scale, q.scale) / q.s), p, q)


def laplace(p, q):
    distance = np.abs(p.loc - q.loc) / p.scale
    return _itakura_saito(p.scale, q.scale) + p.scale / q.scale * _exp_excess(-distance)


def cauchy(p, q):
    width, shift = p.scale - q.scale, p.loc - q.loc
    return np.log1p((width / p.scale * (width / q.scale) + shift / p.scale * (shift / q.scale)) / 4)


def gumbel_r(p, q):
    return _gumbel(p.scale, q.scale, (q.loc - p.loc) / q.scale)


def weibull_min(p, q):
    """Minus the logarithm of the variable is Gumbel, at -log(scale) and with scale 1/c."""
    same_support = _gumbel(q.c, p.c, q.c * _log(p.scale, q.scale))
    return _shifted(same_support, p, q, exponential=q.c == 1)


def gamma(p, q):
    return _shifted(_gamma(p.a, q.a, p.scale, q.scale), p, q, exponential=q.a == 1)


def invgamma(p, q):
    """The reciprocal of the variable is gamma, with scale 1/scale."""
    return _shifted(_gamma(p.a, q.a, q.scale, p.scale), p, q)


def pareto(p, q):
    value = _itakura_saito(q.b, p.b) + q.b * _log(p.scale, q.scale)
    contained = p.loc + p.scale >= q.loc + q.scale
    return np.where(contained, np.where(p.loc == q.loc, value, np.nan), np.inf)


def beta(p, q):
    contained = (p.loc >= q.loc) & (p.loc + p.scale <= q.loc + q.scale)
    same = (p.loc == q.loc) & (p.scale == q.scale)
    value = dirichlet(*(np.stack([x.a, x.b], axis=-1) for x in (p, q)))
    narrower = value + _log(q.scale, p.scale)  # where Q is uniform
    flat = (q.a == 1) & (q.b == 1)
    return np.where(contained, np.where(same, value, np.where(flat, narrower, np.nan)), np.inf)


def dirichlet(p, q):
    """Return the divergence of two Dirichlet distributions, given their concentrations along the last axis.

    The Bregman divergence of ``sum log Gamma(a_i) - log Gamma(sum a_i)`` from P's concentrations to Q's. Where all
    but one are far below 1, the divergence is of their order e and its relative error of order 1e-16 / e.
    """
    difference = q - p
    p_sum, q_sum = (x.sum(axis=-1, keepdims=True) for x in (p, q))
    proportions = gkl(q / q_sum, p / p_sum, normalized_difference(q, p))
    parts = (q_sum * proportions + bregman_beyond(q, p, difference)).sum(axis=-1)
    total = bregman_beyond(q_sum, p_sum, difference.sum(axis=-1, keepdims=True))[..., 0]
    return np.maximum(parts - total, 0)


def poisson(p, q):
    shift = p.loc - q.loc
    value = np.where(shift == 0, gkl(p.mu, q.mu, p.mu - q.mu), np.nan)
    return np.where(_on_lattice(shift) & ((q.mu > 0) | ((shift == 0) & (p.mu == 0))), value, np.inf)


def geom(p, q):
    shift = p.loc - q.loc
    value = _bernoulli(p.p, q.p) / p.p - special.xlog1py(shift, -q.p)
    return np.where(_on_lattice(shift), value, np.inf)


def binom(p, q):
    shift = p.loc - q.loc
    p_low, q_low = (np.where(x.p == 1, x.n, 0) for x in (p, q))
    p_high, q_high = (np.where(x.p == 0, 0, x.n) for x in (p, q))
    contained = _on_lattice(shift + p_low - q_low) & (shift + p_high <= q_high)
    same = (shift == 0) & (p.n == q.n)
    value = np.where(same, p.n * _bernoulli(p.p, q.p), np.nan)
    one_atom = np.where(q_low == q_high, 0, _binom_surprisal(shift + p_low, q))
    value = np.where(~same & (p_low == p_high), one_atom, value)
    return np.where(contained, value, np.inf)


def beta_entropy(p):
    return dirichlet_entropy(np.stack([p.a, p.b], axis=-1)) + np.log(p.scale)


def dirichlet_entropy(concentration):
    """Return the differential entropy of a Dirichlet distribution, given its concentrations along the last axis."""
    total = concentration.sum(axis=-1)
    outcomes = concentration.shape[-1]
    log_proportion = np.log(concentration / total[..., np.newaxis])
    parts = beyond(concentration) - (concentration - 1) * beyond_slope(concentration) + log_proportion
    return parts.sum(axis=-1) - beyond(total) + (total - outcomes) * beyond_slope(total)


def bernoulli_entropy(p):
    return 0.0 - special.xlogy(p.p, p.p) - special.xlog1py(1 - p.p, -p.p)


def geom_entropy(p):
    return bernoulli_entropy(p) / p.p


def _norm(p_scale, q_scale, shift):
    # In standard deviations, not in variances: squares could overflow, and would lose digits.
    return _itakura_saito(p_scale, q_scale) + (((p_scale - q_scale) / q_scale) ** 2 + shift**2) / 2


def _gamma(p_shape, q_shape, p_scale, q_scale):
    # The first term is of order log(shape), whatever the shapes; the second compares the means.
    difference = q_shape - p_shape
    narrower = (q_scale - p_scale) / q_scale
    means = gkl(q_shape, p_shape * (p_scale / q_scale), difference + p_shape * narrower)
    return bregman_beyond(q_shape, p_shape, difference) + means


def _gumbel(p_scale, q_scale, shift):
    # With r = p_scale / q_scale it is exp(w) - 1 - w + B: B is the Bregman divergence of log Gamma from 1 to r, and
    # w = shift + log Gamma(1 + r).
    ratio, difference = p_scale / q_scale, (p_scale - q_scale) / q_scale
    bregman = bregman_beyond(ratio, 1.0, difference) + gkl(ratio, 1.0, difference)
    w = shift + log_ratio(ratio, 1.0, difference) - np.euler_gamma * difference + bregman
    return _exp_excess(w) + bregman


def _bernoulli(p, q):
    return gkl(p, q, p - q) + gkl(1 - p, 1 - q, q - p)


def _binom_surprisal(k, q):
    log_coefficient = -np.log1p(q.n) - special.betaln(q.n - k + 1, k + 1)
    return -(log_coefficient + special.xlogy(k, q.p) + special.xlog1py(q.n - k, -q.p))


def _itakura_saito(x, y):
    """Return ``x/y - log(x/y) - 1``."""
    return gkl(y, x, y - x) / y


def _exp_excess(x):
    """Return ``exp(x) - 1 - x``."""
    return np.where(np.abs(x) < 1 / 64, exp_beyond_linear(x), np.expm1(x) - x)


def _log(x, y):
    """Return ``log(x/y)``."""
    return log_ratio(x, y, x - y)


def _shifted(same_support, p, q, exponential=False):
    """Return the divergence of distributions on half-lines from `loc`, given its value for one and the same `loc`.

    For an exponential Q, whose log-density is linear, a later start of P costs its distance in units of scale.
    """
    gap = p.loc - q.loc
    nested = np.where(exponential, same_support + gap / q.scale, np.nan)
    return np.where(gap < 0, np.inf, np.where(gap == 0, same_support, nested))


def _on_lattice(shift):
    """Say where the lattice of Q reaches the first atom of P, `shift` after its own first atom."""
    return (shift >= 0) & (shift == np.floor(shift))
