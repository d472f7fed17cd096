"""What lies beyond the last point that quadrature and summation look at: integrated in closed form, or infinite.

A tail is described on the scale s, the logarithm of a distance, by the logarithms of p and q per unit of s. A power
law is an exponential there.
"""

import math

import numpy as np

from ._kernels import generalized_kl

INFINITE = np.array([0.0, 0.0, math.inf])
EPS = float(np.finfo(float).eps)
RELATIVE, ABSOLUTE = 1e-8, 1e-12  # an estimated error above both is refused
UNDERFLOW = -300.0  # where a density vanishes below this logarithm it underflows; above, it is zero
NEGLIGIBLE = -70.0  # the logarithm of a contribution that no sum feels


def terms(log_p, log_q, log_ratio):
    """Return p, q and ``p log(p/q) - p + q``; `log_q` None: p, 0 and ``p log_ratio``."""
    with np.errstate(all="ignore"):
        p = np.exp(log_p)
        if log_q is None:
            return np.stack([p, np.zeros_like(p), np.where(p > 0, p * log_ratio, 0)])
        q = np.exp(log_q)
        value = generalized_kl(p, q)
        # Where q underflows, its logarithm still counts.
        deep = (log_ratio > 600) | (log_q < -700)
        value = np.where(deep, np.exp(log_p + np.log(np.maximum(log_ratio, 0))) - (p - q), value)
        return np.stack([p, q, value])


def rounding(p, q, log_p, log_q, log_ratio):
    """Return what rounding can do to the masses p and q, and to the third of `terms`."""
    pairs = [(p, log_p)] if log_q is None else [(p, log_p), (q, log_q)]
    masses = sum(EPS * mass * (1 + np.where(mass > 0, np.abs(log), 0)) for mass, log in pairs)
    ratio = np.where(p > 0, np.abs(log_ratio), 0)
    return np.stack([masses, masses * np.minimum(1, ratio) + EPS * p * ratio])


def certainly_infinite(value, error):
    """Return whether infinity is the answer, which is said by an error of 0; an integral that overflows has another."""
    return bool(value == math.inf and error == 0)


def known(values, errors):
    """Return whether the third integral is known as well as a result must be."""
    return bool(errors[2] <= max(RELATIVE * abs(values[2]), ABSOLUTE) < math.inf)


def contributions(log_p, log_q, log_ratio):
    """Return the logarithm of what matters most at each point: of p, q or ``p abs(log(p/q))``."""
    with np.errstate(all="ignore"):
        most = np.maximum(log_p, log_p + np.log(np.abs(log_ratio)))
        most = most if log_q is None else np.maximum(most, log_q)
    return np.where(np.isnan(most), -np.inf, most)


@np.errstate(all="ignore")
def tail(s, log_p, log_q, log_ratio):
    """Integrate `terms` from the last of three points on, where p, and q or ``log(p/q)``, are power laws.

    Returns two arrays, the three integrals and their errors; the error is infinite where nothing like that holds.
    """
    values, errors = np.zeros(3), np.zeros(3)
    rate = math.inf
    if log_p[2] > 2 * NEGLIGIBLE:  # a negligible p may still have a large log(p/q)
        rate, values[0], errors[0] = _exponential(s, log_p)
    if log_q is not None and log_q[2] > NEGLIGIBLE:
        _, values[1], errors[1] = _exponential(s, log_q)

    # Either log(p/q) is linear in s (two power laws), or p log(p/q) is exponential (a power law against a light tail).
    candidates = []
    if 0 < rate < math.inf:
        slopes = np.diff(log_ratio) / np.diff(s)
        error = errors[0] * (abs(log_ratio[2]) + 2 * abs(slopes[1]) / rate)
        error += values[0] * (abs(slopes[1] - slopes[0]) + _rounding(s, log_ratio)) / rate
        candidates.append((error, values[0] * (log_ratio[2] + slopes[1] / rate)))
    if np.all(log_ratio > 0):
        _, value, error = _exponential(s, log_p + np.log(log_ratio))
        candidates.append((error, value))
    if contributions(log_p[2], None, log_ratio[2]) > NEGLIGIBLE:
        errors[2], values[2] = min(candidates, default=(math.inf, math.nan))
    if log_q is not None:
        values[2] += values[1] - values[0]
        errors[2] += errors[1] + errors[0]
    return values, errors


def _exponential(s, log_f):
    """Integrate an exponential in s from its last three points on: its rate, the integral, the error."""
    rates = -np.diff(log_f) / np.diff(s)
    if not rates[1] > 0:
        return rates[1], math.nan, math.inf
    mass = np.exp(log_f[2]) / rates[1]
    return rates[1], mass, mass * (abs(rates[1] - rates[0]) + _rounding(s, log_f)) / rates[1]


def _rounding(s, values):
    """Return the error of a slope between the last two points."""
    return 8 * EPS * np.max(np.abs(values)) / (s[2] - s[1])


@np.errstate(all="ignore")
def diverges(t, log_p, log_ratio, resolution):
    """Return whether the integral of ``p log(p/q)`` over t is infinite: both factors exponential in t, no decay.

    Of four points, two are near the middle of the range and two at its end. With f the integrand,
    ``d log f / dt = c + a/t`` is solved for c and a: f decays if c < 0; at c = 0 the integral is infinite if a >= -1.
    `resolution` says how well c can be told from 0: on a long range, c = 0 is recognized.
    """
    if not (np.isfinite(log_p).all() and (log_ratio > 0).all()):
        return False
    slopes_p, slopes_ratio = ((np.diff(x) / np.diff(t))[::2] for x in (log_p, np.log(log_ratio)))
    # Where P's tail soon gets lighter, this growth says nothing. The logarithm of a ratio of power laws grows, too, but
    # not exponentially.
    lighter = abs(slopes_p[1] - slopes_p[0]) > 0.01 * max(1.0, slopes_ratio[1])
    if lighter or not slopes_ratio[1] > max(0.1, 0.6 * slopes_ratio[0]):
        return False
    slopes = slopes_p + slopes_ratio
    c, a = 2 * slopes[1] - slopes[0], t[3] * (slopes[0] - slopes[1])
    return bool(c > 0.01 or (c > resolution and a > -0.5))
