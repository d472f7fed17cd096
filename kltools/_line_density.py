"""A density on the line, known by its logarithm up to a constant: where its mass is, and integrals over it.

`kltools._integrals` is another idea: of frozen distributions it knows the quantiles, and follows the tails of two
densities as far as floats reach, to tell an infinite divergence from a large one. Here nothing is known beforehand,
and the mass must be found.
"""

import itertools
import math

import numpy as np

from kltools._validation import real_array

STEPS = 2.0 ** np.arange(7)
STEPS = np.concatenate([-STEPS[::-1], [0], STEPS])  # breaks of an integral that no tail slips through
QUANTILES = np.array([1e-6, 1e-4, 0.01, 0.1, 0.25])
QUANTILES = np.concatenate([QUANTILES, [0.5], 1 - QUANTILES[::-1]])
SLOWEST = 1.1  # a tail must fall by this much faster than its moment grows
NOISE = 1e-12  # a dip in a log density that is smaller, relative to it, is rounding


class LineDensity:
    """A density P on an interval, given by its logarithm up to a constant, and integrals over it.

    `power` is the highest moment of P that must exist, and `name` is what the caller calls the function. Afterwards
    ``log_p`` is normalized; ``log_normalizer`` is what it took, and ``error`` estimates its error.
    """

    def __init__(self, log_density, support=(-math.inf, math.inf), points=(), power=0, name="log_density"):
        self.given, self.support, self.name, self.log_normalizer = log_density, support, name, 0.0
        low, high = support
        x = np.unique(np.concatenate([_scan(low, high), points]))
        for _ in range(2):
            self.peaks, self.widths = self._find_peaks(x)
            x = np.concatenate([x, self._around_peaks(np.linspace(-16, 16, 65))])
            x = np.unique(x[(low < x) & (x < high)])
            quantiles = self._rough_quantiles(x)
            near = np.append(self._around_peaks([-8, 8]), quantiles)
            fine = np.linspace(max(near.min(), low), min(near.max(), high), 4003)[1:-1]
            x = np.union1d(x, fine[(low < fine) & (fine < high)])
        lower, median, upper = quantiles[QUANTILES.size // 2 + np.arange(-1, 2)]
        self.scale = max(upper - lower, self.widths.min())
        # From a finite end: floats are dense around zero, where a density may be singular.
        self.center = next((end for end in support if math.isfinite(end)), median)
        self._check_tails(power)
        self.breaks = np.concatenate([self._around_peaks(STEPS), self._edges(x), points, quantiles])
        top = float(self.log_p(self.peaks).max())
        mass, error = self.integrate(lambda x: np.exp(self.log_p(x) - top)[np.newaxis], what="the density")
        self.log_normalizer, self.error = top + math.log(mass[0]), error / float(mass[0])

    def log_p(self, x):
        """Return the log density at an array, normalized as soon as the normalizer is known."""
        with np.errstate(all="ignore"):
            values = real_array(self.given(x.ravel()), f"{self.name}(x)").astype(np.float64)
        if values.shape != (x.size,):
            raise ValueError(f"{self.name} must return one number for each x: {values.shape} for {x.size} of them")
        bad = ~(values < np.inf)
        if bad.any():
            where = np.argmax(bad)
            if x.flat[where] in self.support:
                raise ValueError(
                    f"{self.name} is singular at {x.flat[where]}, where floats are too far apart to resolve it: "
                    "move that end of the support to 0"
                )
            raise ValueError(f"{self.name}({x.flat[where]}) = {values[where]}: a log density is a number below inf")
        return values.reshape(x.shape) - self.log_normalizer

    def integrate(self, function, breaks=(), *, what):
        """Return the integrals of a vector of functions over the support, and their error, which must be small."""
        from scipy import integrate

        low, high = ((end - self.center) / self.scale for end in self.support)
        points = (np.concatenate([self.breaks, breaks]) - self.center) / self.scale
        points = np.unique(points[(low < points) & (points < high)])
        edges = [low, high]
        if math.isinf(low) != math.isinf(high):
            edges.insert(1, points[-1] if high == math.inf else points[0])

        def column(u):
            return function(np.array([self.center + self.scale * u]))[:, 0]

        total, error = 0.0, 0.0
        for a, b in itertools.pairwise(edges):
            with np.errstate(all="ignore"):
                value, part, _ = integrate.quad_vec(
                    column, a, b, epsabs=1e-14, epsrel=1e-11, points=points, limit=points.size + 600, full_output=True
                )
            total, error = total + value, error + part
        if not (np.isfinite(total).all() and error <= 1e-9 * max(abs(total).max(), 1e-3)):
            raise ValueError(f"{self.name}: the integral of {what} does not converge: {total} with error {error:.1e}")
        return total * self.scale, float(error * self.scale)

    def divergence(self, mean, deviation, *, from_target):
        """Return D(P||N), or D(N||P), as an integral of ``a log(a/b) - a + b``, which is never negative."""

        def terms(x):
            log_n = -(((x - mean) / deviation) ** 2) / 2 - math.log(deviation) - math.log(2 * math.pi) / 2
            pair = (self.log_p(x), log_n) if from_target else (log_n, self.log_p(x))
            return _generalized_kl(*pair)[np.newaxis]

        value = float(self.integrate(terms, mean + deviation * STEPS, what="the divergence")[0][0])
        low, high = ((end - mean) / deviation / math.sqrt(2) for end in self.support)
        return value + (math.erfc(-low) + math.erfc(high)) / 2  # b, outside of the support

    def _find_peaks(self, x):
        """Return the local maxima of the log density seen from a sorted grid, and how far it takes to fall by 1/2."""
        low, high = self.support
        heights = self.log_p(x)
        if heights.max() == -np.inf:
            raise ValueError(f"{self.name} is -inf at each of the {x.size} points where it was tried")
        first = np.flatnonzero(np.append(True, heights[1:] != heights[:-1]))
        last = np.append(first[1:], x.size) - 1
        runs = np.concatenate([[-np.inf], heights[first], [-np.inf]])
        is_peak = (runs[1:-1] > runs[:-2]) & (runs[1:-1] > runs[2:])
        first, last = first[is_peak], last[is_peak]
        tops = heights[first]
        dips = np.minimum(tops[1:], tops[:-1]) - np.minimum.reduceat(heights, first)[:-1]
        # A broad top is rough by rounding: of what only such dips divide, the highest point is the peak.
        hill = np.append(0, np.cumsum(dips > NOISE * np.maximum(1, abs(tops[1:]))))
        order = np.lexsort((-tops, hill))
        highest = order[np.unique(hill[order], return_index=True)[1]]
        left = x[np.maximum(first[highest] - 1, 0)]
        right = x[np.minimum(last[highest] + 1, x.size - 1)]
        rows = np.arange(left.size)
        for _ in range(12):
            zoom = left[:, np.newaxis] + np.outer(right - left, np.linspace(0, 1, 33))
            best = self.log_p(zoom).argmax(axis=-1)
            left, right = zoom[rows, np.maximum(best - 1, 0)], zoom[rows, np.minimum(best + 1, 32)]
        peaks = np.unique(zoom[rows, best])

        steps = np.outer(np.maximum(1, abs(peaks)), np.ldexp(1.0, np.arange(-400, 60)))
        heights = self.log_p(peaks)
        changes = np.zeros(steps.shape, dtype=bool)
        for side in (-1, 1):
            x = peaks[:, np.newaxis] + side * steps
            inside = (low < x) & (x < high)
            x = np.where(inside, x, peaks[:, np.newaxis])
            changes |= ~inside | (abs(self.log_p(x) - heights[:, np.newaxis]) > 0.5)
        if not changes.any(axis=-1).all():
            raise ValueError(f"{self.name} does not fall: no density on an infinite support is like that")
        return peaks, steps[np.arange(peaks.size), changes.argmax(axis=-1)]

    def _around_peaks(self, widths):
        return np.add.outer(self.peaks, np.zeros(len(widths))).ravel() + np.outer(self.widths, widths).ravel()

    def _edges(self, x):
        """Return where the log density jumps from or to -inf, found by bisection between points of a sorted grid."""
        allowed = self.log_p(x) > -np.inf
        jumps = np.flatnonzero(allowed[1:] != allowed[:-1])
        if jumps.size == 0:
            return np.zeros(0)
        left, right = x[jumps], x[jumps + 1]
        for _ in range(100):
            middle = (left + right) / 2
            stays = (self.log_p(middle) > -np.inf) == allowed[jumps]
            left, right = np.where(stays, middle, left), np.where(stays, right, middle)
        return right

    def _rough_quantiles(self, x):
        heights = self.log_p(x)
        weights = np.exp(heights - heights.max())
        mass = np.append(0, np.cumsum((weights[1:] + weights[:-1]) / 2 * np.diff(x)))
        return np.interp(QUANTILES * mass[-1], mass, x)

    def _check_tails(self, power):
        """Refuse a density that falls too slowly: floats end before such an integral does, and hide it."""
        for side, end in zip((-1, 1), self.support, strict=True):
            if math.isinf(end):
                near, far = self.log_p(self.center + side * self.scale * np.array([1e10, 1e20]))
                exponent = math.inf if far == -np.inf else (near - far) / math.log(1e10)
                if exponent < power + SLOWEST:
                    integrand = f"|x|^{power} p(x)" if power else "p(x)"
                    raise ValueError(
                        f"{self.name} goes like {-exponent:.3g} log|x| towards {side * math.inf}: the integral of "
                        f"{integrand} exists below -{power + 1}, and is computed below -{power + SLOWEST}"
                    )


def _generalized_kl(log_a, log_b):
    """Return ``a log(a/b) - a + b`` from logarithms, where nothing overflows."""
    a, b = np.exp(log_a), np.exp(log_b)
    ratio = np.where(a > 0, log_a - log_b, -np.inf)
    # No large terms cancel: a (r + exp(-r) - 1) where r > 0, otherwise b (r exp(r) - exp(r) + 1).
    beyond = np.maximum(ratio, 0)
    below = np.minimum(np.maximum(ratio, -1000), 0)
    return np.where(ratio > 0, a * (beyond + np.expm1(-beyond)), b * (below * np.exp(below) - np.expm1(below)))


def _scan(low, high):
    """Return points inside of an interval, dense near zero or near its finite ends."""
    if math.isinf(low) and math.isinf(high):
        return np.sinh(np.linspace(-28, 28, 11201))
    if math.isinf(low) or math.isinf(high):
        steps = 10.0 ** np.linspace(-12, 12, 4001)
        x = low + steps if math.isinf(high) else high - steps[::-1]
    else:
        x = low + (high - low) / (1 + np.exp(-np.linspace(-27, 27, 4001)))
    return x[(low < x) & (x < high)]
