"""Normal fits to a density on the line: the one optimum of D(P||N), and every local optimum of D(N||P).

For N = N(m, s^2), z the standard normal and f = log p, write J = D(N||P). Stein's identity turns derivatives of f
into moments of f, so that kinks do no harm. In the coordinates (change of m in units of s, change of log s)

    gradient = (-E[f z], c - 1),   Hessian = ((c, -E[f (z^3 - 3z)]), (., -E[f (z^4 - 4z^2 + 1)])),

where ``f = f(m + s z)`` and ``c = -E[f (z^2 - 1)]``: at every critical point c is 1. So every critical point lies on
a ridge, a maximum over m of f smoothed by N(0, s^2), and is where ``c - 1`` vanishes along it. Smoothing by a normal
creates no maximum on the line (Babaud, Witkin, Baudin and Duda (1986), *Uniqueness of the Gaussian kernel for
scale-space filtering*): followed from the peaks of f towards larger s, the ridges lead to every critical point.
"""

import functools
import itertools
import math

import numpy as np

from kltools._line_density import STEPS

REACH = 38.0  # beyond as many standard deviations a normal has less mass than the smallest float
LOWEST = -1e300  # stands for -inf while ridges are followed; at an optimum -inf is refused
ROW = 0.1  # step in log s

# The trapezoid rule for E over z: exact to rounding where f is smooth; at a kink the last steps correct it.
Z = np.linspace(-12, 12, 1537)
MOMENTS = np.stack([Z, Z**2 - 1, Z**3 - 3 * Z, Z**4 - 4 * Z**2 + 1], axis=-1)
MOMENTS *= -np.exp(-(Z**2) / 2)[:, np.newaxis] * (Z[1] - Z[0]) / math.sqrt(2 * math.pi)


def forward_fit(target):
    """Return (m, s, D(P||N)) for the one minimum of D(P||N), which has the mean and the variance of P."""
    center, scale = target.center, target.scale
    for _ in range(2):  # once to find the moments, once around them, where no digit is lost

        def moments(x, center=center, scale=scale):
            p, z = np.exp(target.log_p(x)), (x - center) / scale
            return np.where(p > 0, np.stack([p, p * z, p * z * z]), 0)

        (mass, first, second), _ = target.integrate(moments, what="p(x), x p(x) and x^2 p(x)")
        shift = first / mass
        center, scale = center + scale * shift, scale * math.sqrt(second / mass - shift**2)
    return center, scale, target.divergence(center, scale, from_target=True)


def reverse_fits(target):
    """Return (m, s, D(N||P)) for every local minimum of D(N||P), the smallest first.

    Raises
    ------
    ValueError
        If P excludes what every normal allows, or an integral does not converge.
    RuntimeError
        If the numbers of minima and of saddles do not differ by one, as they must (Morse): one escaped the search.
    """
    _require_allowed(target, target.center + 10 * target.scale * np.linspace(-1, 1, 1001))
    minima, saddles = [], []
    for m, tau, is_saddle in _critical_points(target):
        found = saddles if is_saddle else minima
        if all(max(abs(m - x) / math.exp(tau), abs(tau - y)) > 1e-4 for x, y in found):
            found.append((m, tau))
    if len(minima) != len(saddles) + 1:
        raise RuntimeError(
            f"the search found {len(minima)} minima and {len(saddles)} saddles of D(N||P), which cannot be all: "
            "name the peaks of log_density in `points`"
        )
    fits = []
    for m, tau in itertools.starmap(functools.partial(_polish, target), minima):
        s = math.exp(tau)
        _require_allowed(target, m + s * np.linspace(-REACH, REACH, 1001))
        fits.append((m, s, target.divergence(m, s, from_target=False)))
    return sorted(fits, key=lambda fit: (float(f"{fit[2]:.9g}"), fit[0]))  # mirror images differ by rounding


def _require_allowed(target, x):
    excluded = target.log_p(x) == -np.inf
    if excluded.any():
        raise ValueError(
            f"log_density({x[excluded][0]}) = -inf: what every normal allows must be allowed by P, otherwise "
            "D(N||P) is infinite for every N (the logarithm of a density that underflowed to 0 is no log density)"
        )


def _slopes(target, m, tau):
    """Return ``-E[f z]``, c, and the two other elements of the Hessian, by the trapezoid rule."""
    heights = np.maximum(target.log_p(m + math.exp(tau) * Z), LOWEST)
    return (heights - heights[Z.size // 2]) @ MOMENTS


def _climb(target, m, tau):
    """Go uphill from m to the ridge at the scale exp(tau); return where it is and `_slopes` there."""
    for _ in range(60):
        slopes = _slopes(target, m, tau)
        step = -slopes[0] / slopes[1] if slopes[1] > 0 else -math.copysign(0.5, slopes[0])
        step = min(max(step, -0.5), 0.5)
        if abs(step) < 1e-10:
            break
        m += math.exp(tau) * step
    return m, slopes


def _follow(target, m, tau, top):
    """Follow the ridge from near (m, tau) to its end, or up to `top`; return its nodes (tau, m, c - 1) and if it ends.

    Where a wall 12 standard deviations away outweighs everything, c is large and nothing is left to find.
    """
    m, slopes = _climb(target, m, tau)
    nodes, step = [(tau, m, slopes[1] - 1)], ROW
    while tau < top and target.log_p(m + math.exp(tau) * Z[[0, -1]]).min() > -1e25:
        if slopes[1] <= 0 or step < 1e-3:
            return np.array(nodes), True
        shift = -slopes[2] / slopes[1] * step
        guess = m + math.exp(tau) * shift
        new_m, new_slopes = _climb(target, guess, tau + step)
        # A step that is long, ends elsewhere than foreseen or has not come to rest may have left for another ridge.
        if abs(shift) > 0.2 or abs(new_m - guess) > 0.1 * math.exp(tau) or abs(new_slopes[0]) > 1e-8 * new_slopes[1]:
            step /= 2
            continue
        m, slopes, tau = new_m, new_slopes, tau + step
        nodes.append((tau, m, slopes[1] - 1))
        step = min(2 * step, ROW)
    return np.array(nodes), False


def _ridges(target):
    """Return the ridges as arrays of nodes: from each peak, and on from where two ridges of equal rank meet."""
    ends = np.concatenate([target.peaks - target.widths, target.peaks + target.widths, target.breaks])
    top = math.log(20 * (ends.max() - ends.min()))
    waiting = [(m, math.log(width / 8)) for m, width in zip(target.peaks, target.widths, strict=True)]
    ridges = []
    while waiting:
        ridge, ends = _follow(target, *waiting.pop(), top)
        ridges.append((ridge, ends))
        if ends:
            tau = ridge[-1, 0] + ROW / 10
            m, _ = _climb(target, ridge[-1, 1], tau)
            if not any(
                r[0, 0] <= tau <= r[-1, 0] and abs(np.interp(tau, r[:, 0], r[:, 1]) - m) < 0.1 * math.exp(tau)
                for r, _ in ridges
            ):
                waiting.append((m, tau))
    return ridges


def _critical_points(target):
    """Yield (m, log s), up to the error of the trapezoid rule, of each zero of c - 1 on each ridge, and if a saddle."""
    from scipy import optimize

    for ridge, ends in _ridges(target):
        taus, ms, excess = ridge.T

        def along(tau, sign=1.0, taus=taus, ms=ms):
            return sign * (_climb(target, np.interp(tau, taus, ms), tau)[1][1] - 1)

        signs = np.where(excess < 0, -1.0, 1.0)
        brackets = [(taus[i], taus[i + 1], signs[i] > 0) for i in np.flatnonzero(signs[1:] != signs[:-1])]
        for i in range(1, len(ridge) - 1):  # near a fold, two zeros hide between two nodes
            sign = signs[i]
            if 0 < sign * excess[i] <= min(sign * excess[i - 1], sign * excess[i + 1]):
                turn = optimize.minimize_scalar(
                    along, bounds=(taus[i - 1], taus[i + 1]), args=(sign,), method="bounded", options={"xatol": 1e-6}
                )
                if turn.fun < 0:
                    brackets += [(taus[i - 1], turn.x, sign > 0), (turn.x, taus[i + 1], sign < 0)]
        for low, high, falls in brackets:  # along a ridge the divergence has the slope c - 1, across it a minimum
            tau = optimize.brentq(along, low, high, xtol=1e-13)
            yield _climb(target, np.interp(tau, taus, ms), tau)[0], tau, falls
        if ends and excess[-1] > 0:  # c falls to 0 where a ridge ends, so steeply that no node shows it
            yield ms[-1], taus[-1], True


def _polish(target, m, tau):
    """Newton's method from a critical point of the trapezoid rule to that of the integrals; return it."""

    def integrals(x):
        z = (x - m) / math.exp(tau)
        density = np.exp(-(z**2) / 2 - tau) / math.sqrt(2 * math.pi)
        heights = np.where(density > 0, target.log_p(x) - reference, 0)
        return -density * heights * np.stack([z, z**2 - 1, z**3 - 3 * z, z**4 - 4 * z**2 + 1])

    for _ in range(20):
        reference = float(target.log_p(np.array([m]))[0])
        (a, b, c, d), _ = target.integrate(integrals, m + math.exp(tau) * STEPS, what="log p under a normal")
        step = np.linalg.solve([[b, c], [c, d]], [-a, 1 - b])
        if max(abs(a), abs(b - 1)) < 1e-9 or abs(step).max() < 1e-9:
            return m, tau
        if abs(step).max() > 0.5:
            break
        m, tau = m + math.exp(tau) * step[0], tau + step[1]
    raise RuntimeError(f"no critical point of D(N||P) was confirmed near m = {m}, s = {math.exp(tau)}")
