"""The law of a sum of log-likelihood ratios, and the most powerful test that it gives.

Let L be the sum of log(p/q) over n draws. A test that rejects P for small L needs the law of L under P only,
since ``Q(L = l) = exp(-l) P(L = l)``. The law is computed under an exponential tilt that centers it near the
threshold, so that both errors come from probabilities of ordinary size and neither tail underflows.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kltools._log_ratios import lattice

EXACT_SIZE = 2**21  # the longest window of lattice points for an exact law
GRID_SIZE = 2**20  # the window of a grid
TAIL_NATS = 45.0  # the window leaves out a mass of at most 2 exp(-45) under the tilted law
ROUNDING = 1e-10  # a level within this of alpha, relative, is alpha
SPARED = 1e-8  # the part of alpha that a grid's bounds spend on unlikely rounding errors


@dataclass(frozen=True)
class NeymanPearsonTest:
    """The most powerful test of P against Q, as `neyman_pearson` returns it.

    Attributes
    ----------
    n : int
        The number of draws.
    alpha : float
        The bound on the type I error, P(reject P).
    log_beta : float
        The natural logarithm of the type II error, Q(accept P): it does not underflow.
    log_beta_low, log_beta_high : float
        Equal to `log_beta` where the test is exact; otherwise certified bounds, and `log_beta` is the grid's
        own value between them.
    threshold : float
        In nats: reject P where the sum of log(p/q) is smaller.
    randomization : float
        The probability of rejecting P where the sum equals the threshold (up to rounding).
    exact : bool
        Whether the law of the sum was computed on its own lattice. On a grid, threshold and randomization
        are those of a nonrandomized test whose level is certainly at most alpha.

    Examples
    --------
    >>> from kltools.hypothesis_testing import neyman_pearson
    >>> test = neyman_pearson([0.5, 0.5], [0.2, 0.8], n=1, alpha=0.25)
    >>> round(test.threshold, 6), round(test.randomization, 6), round(test.beta, 6), test.exact
    (-0.470004, 0.5, 0.6, True)
    """

    n: int
    alpha: float
    log_beta: float
    log_beta_low: float
    log_beta_high: float
    threshold: float
    randomization: float
    exact: bool

    @property
    def beta(self):
        """The type II error; 0.0 where it underflows or no error is possible (`log_beta` knows which)."""
        return math.exp(self.log_beta)

    @property
    def exponent(self):
        """``-log(beta) / n``, in nats per draw: it tends to D(P||Q), slowly."""
        return -self.log_beta / self.n


class SumLaw(NamedTuple):
    """P(L = values[k]) = exp(log_scale - tilt * values[k]) * tilted[k], and the logarithm of all of Q's mass."""

    values: np.ndarray
    tilted: np.ndarray
    tilt: float
    log_scale: float
    log_q_total: float


def best_test(p, ratios, n, alpha, randomized):
    """Return the `NeymanPearsonTest` for outcomes of probabilities p whose log ratios are all finite.

    The probabilities may leave out outcomes that Q excludes, but ``sum(p)**n`` is greater than alpha.
    """
    tilt = _tilt_toward(p, ratios, n, alpha)
    width = _window(p, ratios, n, tilt)[1]
    on_lattice = lattice(ratios)
    if on_lattice is not None and width <= EXACT_SIZE * on_lattice[0]:
        law = _sum_law(p, ratios.min(), *on_lattice, n, tilt)
        threshold, randomization = _rejection(law, alpha, randomized)
        log_beta = _log_type_two(law, threshold, randomization)
        bounds = (log_beta, log_beta)
        return NeymanPearsonTest(n, alpha, log_beta, *bounds, float(law.values[threshold]), randomization, True)

    start, step, index, errors = _grid(p, ratios, width)
    law = _sum_law(p, start, step, index, n, tilt)
    # |L - L on the grid| <= shift but for an event of probability `spared` under P.
    spared = SPARED * alpha
    shift = _deviation(p, errors, n, math.log(spared / 2)) + ROUNDING
    low = _log_type_two(law, *_rejection(law, alpha + spared, True)) - shift
    # Rejecting where L < cut is rejecting only where L on the grid is below its threshold, or L is off by much.
    cut = law.values[_rejection(law, alpha - spared, False)[0]] - shift
    if randomized:
        high = _log_type_two(law, *_rejection(law, alpha - spared, True)) + shift
    else:
        accepted = _log_type_two(law, int(np.searchsorted(law.values, cut - shift)), 0.0)
        high = float(np.logaddexp(accepted + shift, math.log(spared) - cut))
    high = min(high, 0.0)
    log_beta = min(max(_log_type_two(law, *_rejection(law, alpha, randomized)), low), high)
    return NeymanPearsonTest(n, alpha, log_beta, low, high, float(cut), 0.0, False)


def _rejection(law, alpha, randomized):
    """Return the index of the threshold, and the probability of rejecting there."""
    log_mass = law.log_scale - law.tilt * law.values - math.log(alpha)
    # Far above the threshold only rounding noise is left, and the tilt magnifies it: cap it.
    mass = law.tilted * np.exp(np.minimum(log_mass, 600))
    below = np.cumsum(mass)
    beyond = below > 1 + ROUNDING * (1 - alpha)
    threshold = int(beyond.argmax()) if beyond.any() else int(np.flatnonzero(mass)[-1])
    if not randomized:
        return threshold, 0.0
    left = 1 - (below[threshold - 1] if threshold else 0.0)
    return threshold, float(np.clip(left / mass[threshold], 0, 1))


def _log_type_two(law, threshold, randomization):
    """Return ``log(Q(L > t) + (1 - randomization) Q(L = t))``."""
    at, above, below = law.tilted[threshold], np.s_[threshold + 1 :], np.s_[:threshold]
    relative = law.values - law.values[threshold]
    log_unit = law.log_scale - (1 + law.tilt) * law.values[threshold]  # Q(L = t) = exp(log_unit) * at
    if law.tilt >= -1:
        accepted = np.exp(-(1 + law.tilt) * relative[above]) @ law.tilted[above] + (1 - randomization) * at
        return float(log_unit + np.log(accepted))
    # The threshold lies below all that Q makes likely: count what is rejected.
    rejected = np.exp(-(1 + law.tilt) * relative[below]) @ law.tilted[below] + randomization * at
    return float(law.log_q_total + np.log1p(-np.exp(log_unit - law.log_q_total) * rejected))


def _tilt(p, values, s):
    """Return ``log(sum p exp(s values))`` and the tilted probabilities."""
    log_weights = np.log(p) + s * values
    top = log_weights.max()
    weights = np.exp(log_weights - top)
    return top + math.log(weights.sum()), weights / weights.sum()


def _tilt_toward(p, values, n, alpha):
    """Return the s <= 0 for which Chernoff bounds the probability of a sum below the tilted mean by alpha.

    The least sum gets at most about half of the tilted law: alpha may be less, or just a little more, than it has.
    """
    from scipy.optimize import brentq

    offsets = values - values.min()
    span = offsets.max()
    above = offsets > 1e-9 * span
    if not above.any():
        return 0.0
    log_odds = math.log(p[~above].sum()) + math.log(math.expm1(math.log(2) / n))

    def beyond_least(s):
        return _tilt(p[above], offsets[above], s)[0] - log_odds

    def excess(s):
        cumulant, weights = _tilt(p, values, s)
        return n * (s * (weights @ values) - cumulant) + math.log(alpha)

    if beyond_least(0.0) <= 0 or excess(0.0) >= 0:
        return 0.0
    steepest = -beyond_least(0.0) / offsets[above].min()
    steepest = brentq(beyond_least, 1.01 * steepest, 0.0, xtol=1e-6 / span)
    return steepest if excess(steepest) <= 0 else brentq(excess, steepest, 0.0, xtol=1e-6 / span)


def _window(p, values, n, tilt):
    """Return the lower end and the width of what holds the tilted sum but for ``2 exp(-TAIL_NATS)`` (Bernstein)."""
    weights = _tilt(p, values, tilt)[1]
    mean = weights @ values
    variance = weights @ (values - mean) ** 2
    lowest, highest = values.min(), values.max()
    linear = (highest - lowest) * TAIL_NATS / 3
    half = linear + math.sqrt(linear**2 + 2 * n * variance * TAIL_NATS)
    low = max(n * lowest, n * mean - half)
    return low, min(n * highest, n * mean + half) - low


def _sum_law(p, start, step, index, n, tilt):
    """Return the `SumLaw` of n draws from outcomes at ``start + step * index``, index >= 0."""
    values = start + step * index
    cumulant, weights = _tilt(p, values, tilt)
    low, width = _window(p, index.astype(np.float64), n, tilt * step)
    low, length = math.floor(low), math.ceil(width) + 2
    size = 1 << (length - 1).bit_length()
    spectrum = np.fft.rfft(np.bincount(index, weights, minlength=size))
    tilted = np.maximum(np.roll(np.fft.irfft(spectrum**n, size), -(low % size))[:length], 0)
    log_q_total = n * _tilt(p, values, -1.0)[0]
    sums = n * start + step * (low + np.arange(length))
    return SumLaw(sums, tilted, tilt, n * cumulant, log_q_total)


def _grid(p, values, width):
    """Return start, step and index of a grid with about `GRID_SIZE` points in `width`, and the rounding errors.

    Of many steps, the one is taken whose errors vary least; their mean under P is zero.
    """
    offsets = values - values[p.argmax()]
    candidates = max(1, min(2001, 10**6 // len(values)))
    steps = np.linspace(1.01, 2, candidates)[:, np.newaxis] * (width / GRID_SIZE)
    errors = offsets - steps * np.rint(offsets / steps)
    errors -= (errors @ p / p.sum())[:, np.newaxis]
    best = (errors**2 @ p).argmin()
    step, errors = steps[best, 0], errors[best]
    index = np.rint(offsets / step).astype(np.int64)
    index -= index.min()
    return (values - errors - step * index)[0], step, index, errors


def _deviation(p, errors, n, log_probability):
    """Return what a sum of n errors exceeds in size, on either side, with no more than this probability under P."""
    spread = math.sqrt(n * (p @ errors**2))
    if spread == 0:
        return 0.0
    slope = math.sqrt(-2 * log_probability) / spread
    chernoff = max((n * _tilt(p, sign * errors, slope)[0] - log_probability) / slope for sign in (1, -1))
    return min(chernoff, n * np.abs(errors).max())
