"""Integrals of densities over the whole support, with an estimate of their error.

Each half of the line, from P's median to an end of P's support, is laid out on a logarithmic scale s: toward a finite
end ``s = log(span / distance to the end)``, toward infinity ``s = log(1 + distance to the median / width)``.
"""

import math
from dataclasses import dataclass

import numpy as np

from ._one_dimensional import OneDimensional
from ._tails import (
    EPS,
    INFINITE,
    NEGLIGIBLE,
    UNDERFLOW,
    certainly_infinite,
    contributions,
    diverges,
    known,
    rounding,
    tail,
    terms,
)

NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)
SPLITS, MOST_PANELS = 60, 20_000
FAR = math.log(1e150)  # the square of a larger coordinate overflows
STEP = 0.25  # of the first look, in units of s
OVERFLOW = -1e300  # where a logarithm is lost below this value, it is because it overflows


def integral(p, q):
    """Return the integrals of `terms` over P's support, their errors, and the reasons for a large one.

    `q` None stands for the entropy. Infinity is certain: its error is 0.
    """
    values, errors, reasons = np.zeros(3), np.zeros(3), []
    if q is not None:
        values[1:] = q.outside(*p.frozen.support())
    for sign in (-1, 1):
        found, error, reason = _Half.of(p, q, sign).integrate()
        if certainly_infinite(found[2], error[2]):
            return found, error, []
        values, errors, reasons = values + found, errors + error, reasons + reason
    return values, errors, reasons


@dataclass(frozen=True)
class _Half:
    """From P's median to one end of its support, in P's standard coordinate z."""

    p: OneDimensional
    q: OneDimensional | None
    sign: int
    center: float
    end: float
    span: float  # from the median to a finite end, else between the quartiles
    grain: float  # rounding of z near the end, in units of EPS
    shift: float  # Q's standard coordinate is shift + ratio * z
    ratio: float

    @classmethod
    def of(cls, p, q, sign):
        shift, ratio = (0.0, 1.0) if q is None else ((p.loc - q.loc) / q.scale, p.scale / q.scale)
        first, center, third = p.quartiles
        end = p.upper if sign > 0 else p.lower
        span = abs(end - center) if math.isfinite(end) else third - first
        grain = abs(end) if math.isfinite(end) else abs(center)
        if q is not None and math.isfinite(end):
            q_end = q.upper if sign > 0 else q.lower
            if math.isclose(q_end, shift + ratio * end, rel_tol=1e-12):
                grain = max(grain, abs(shift) / ratio)  # Q's density may be singular there, and rounding may leave it
        half = cls(p, q, sign, center, end, span, grain, shift, ratio)
        if not (0 < span < math.inf and half.reach > 1):
            quartiles = ", ".join(f"{p.loc + p.scale * z:.6g}" for z in p.quartiles)
            raise ValueError(f"p has the quartiles {quartiles}: quadrature finds no room between them and the ends")
        return half

    @property
    def reach(self):
        """The largest s that is looked at."""
        if math.isinf(self.end):
            return FAR - math.log(self.span) - max(0.0, math.log(self.ratio))
        if self.grain == 0:
            return min(FAR, math.log(self.span) + 2 * FAR)
        # Nearer to an end other than 0, the distance to it is lost to rounding.
        return math.log(self.span) - (math.frexp(self.grain)[1] - 30) * math.log(2)

    def logs(self, s):
        """Return the logarithms of dz/ds, of p, q per unit of s, and of p/q."""
        if math.isinf(self.end):
            z = self.center + self.sign * self.span * np.expm1(s)
            log_step = math.log(self.span) + s
        else:
            log_step = math.log(self.span) - s
            z = self.end - self.sign * np.exp(log_step)
        log_p = self.p.log(z)
        if self.q is None:
            return log_step, log_p + log_step, None, np.where(log_p > -np.inf, -log_p, 0)
        log_q = self.q.log(self.shift + self.ratio * z) + math.log(self.ratio)
        with np.errstate(invalid="ignore"):
            log_ratio = np.where(log_p > -np.inf, log_p - log_q, 0)
        return log_step, log_p + log_step, log_q + log_step, log_ratio

    def knots(self):
        """Return where the densities may jump: quantiles, and the bins of an ``rv_histogram``."""
        z = [self.p.quantiles, getattr(self.p.frozen.dist, "_hbins", [])]
        if self.q is not None:
            edges = [self.q.quantiles, getattr(self.q.frozen.dist, "_hbins", [])]
            z.append((np.concatenate(edges) - self.shift) / self.ratio)
        z = np.concatenate(z)
        distance = self.sign * (z - self.center)
        inside = distance > 0
        if math.isinf(self.end):
            s = np.log1p(distance[inside] / self.span)
        else:
            left = self.sign * (self.end - z[inside])
            s = np.log(self.span / left[left > 0])
        return s[s < self.reach]

    def integrate(self):
        """Return the three integrals, their errors, and the reasons for a large one."""
        knots = np.unique(np.concatenate([[0.0, self.reach], self.knots()]))
        grid = np.unique(np.concatenate([np.arange(0, self.reach, STEP), knots, (knots[1:] + knots[:-1]) / 2]))
        logs = self.logs(grid)[1:]
        lost = ~np.isfinite(logs[2])
        if lost.all():
            return self.give_up(0.0)
        most = np.where(lost, -np.inf, contributions(*logs))
        noticed = np.flatnonzero(most > NEGLIGIBLE + max(0.0, most.max()))
        last = int(noticed[-1]) if noticed.size else 0
        stop, tailed, height = float(grid[min(last + 1, len(grid) - 1)]), last == len(grid) - 1, -np.inf
        for seen, gone, edge, log_q in self.cliffs(grid, lost):
            if log_q > UNDERFLOW:
                return INFINITE, np.zeros(3), []
            if gone < last:
                return self.give_up(edge)
            if seen == last:
                stop, tailed, height = edge, True, log_q

        steps = np.concatenate([np.arange(0, stop, 1.0), knots[knots < stop], [stop]])
        values, errors = panels(self.rows, np.unique(steps))
        if not tailed:
            return values, errors, []
        ends = stop - (math.log(2) if stop < 50 else stop / 16) * np.arange(2, -1, -1)
        more, more_errors = tail(ends, *self.logs(ends)[1:])
        values, errors = values + more, errors + more_errors
        if known(values, more_errors) or known(more, more_errors):
            return values, errors, []
        if self.q is not None and height < OVERFLOW and self.diverges(stop):
            return INFINITE, np.zeros(3), []
        return values, errors, [f"the tail beyond {self.where(stop)} is not negligible and no power law"]

    def give_up(self, s):
        """Return no integrals, with the reason."""
        return np.zeros(3), np.full(3, math.inf), [f"log(p/q) cannot be evaluated beyond {self.where(s)}"]

    def cliffs(self, grid, lost):
        """Yield where log(p/q) is lost: the last point seen, the first gone, the edge, and log q before it."""
        if self.q is None:
            return
        for i in np.flatnonzero(lost[1:] != lost[:-1]):
            seen, gone = (i, i + 1) if lost[i + 1] else (i + 1, i)
            near, far = grid[seen], grid[gone]
            for _ in range(60):
                middle = (near + far) / 2
                near, far = (middle, far) if np.isfinite(self.logs(middle)[3]) else (near, middle)
            beyond = 2 * gone - seen
            if abs(near - grid[gone]) < 1e-9 and (not 0 <= beyond < len(grid) or not lost[beyond]):
                continue  # one point, which has no probability
            log_step, _, log_q, _ = self.logs(near)
            yield seen, gone, near, float(log_q - log_step)

    def diverges(self, stop):
        """Return whether the integral of ``p log(p/q)`` is infinite, by its growth up to `stop`."""
        step = stop / 16
        s = np.array([stop / 2 - step, stop / 2, stop - step, stop])
        _, log_p, _, log_ratio = self.logs(s)
        if diverges(s, log_p, log_ratio, -1e-10 if stop > 100 else 0.01):
            return True
        # Or P's tail is exponential in the distance, or heavier, and log(p/q) an exponential: it overflows.
        if math.isfinite(self.end):
            return False
        t = np.array([0.45, 0.5, 0.95, 1])
        log_step, log_p, _, log_ratio = self.logs(np.log1p(t * np.expm1(stop)))
        return stop < 100 and diverges(t, log_p - log_step, log_ratio, 0.01)

    def where(self, s):
        """Return the place s in the user's coordinate, for a message."""
        distance = self.span * (math.expm1(s) if math.isinf(self.end) else -math.exp(-s))
        start = self.center if math.isinf(self.end) else self.end
        return f"x = {self.p.loc + self.p.scale * (start + self.sign * distance):.6g}"

    def rows(self, s):
        """Return `terms` at s, and what rounding can do to the masses and to the value."""
        log_step, *logs = self.logs(s)
        found = terms(*logs)
        noise = rounding(found[0], found[1], *logs)
        with np.errstate(over="ignore", invalid="ignore"):
            shaken = EPS * self.grain * np.exp(-log_step) * (found[0] + found[1])
            noise += np.where(shaken > 0, shaken * np.stack([np.ones_like(s), np.minimum(1, np.abs(logs[2]))]), 0)
        return np.concatenate([found, noise])


@np.errstate(invalid="ignore", over="ignore")
def panels(rows, edges):
    """Integrate by Gauss-Legendre panels, each compared with its two halves and split until they agree.

    `rows` maps nodes of shape (m, n) to three integrands and two bounds for rounding: of the first two, and
    of the third.
    """

    def rule(low, high):
        half = (high - low) / 2
        return rows((low + half)[:, np.newaxis] + half[:, np.newaxis] * NODES) @ WEIGHTS * half

    low, high = edges[:-1], edges[1:]
    coarse = rule(low, high)
    total, error = np.zeros(5), np.zeros(5)
    for split in range(SPLITS):
        middle = (low + high) / 2
        left, right = rule(low, middle), rule(middle, high)
        fine = left + right
        apart = np.abs(fine - coarse)
        scale = np.array([1.0, 1.0, abs(total[2] + fine[2].sum())])
        rough = ~(apart[:3] <= 1e-14 * scale[:, np.newaxis] + fine[[3, 3, 4]]).all(axis=0)
        if split == SPLITS - 1 or np.count_nonzero(rough) > MOST_PANELS:
            rough[:] = False
        total += fine[:, ~rough].sum(axis=1)
        error += apart[:, ~rough].sum(axis=1)
        if not rough.any():
            return total[:3], error[:3] + total[[3, 3, 4]]
        low, high = np.concatenate([low[rough], middle[rough]]), np.concatenate([middle[rough], high[rough]])
        coarse = np.concatenate([left[:, rough], right[:, rough]], axis=1)
