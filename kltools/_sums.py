"""Sums over atoms on the integers, outward from one of them, with an estimate of their error."""

import math

import numpy as np

from ._tails import (
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

FIRST, MOST = 2**12, 2**21  # atoms in the first block, and in all of them, on each side
LONG = 2**15  # from here on a power law is looked for


def total(p, q):
    """Return the sums of `terms` over P's support, their errors, and the reasons for a large one.

    `q` None stands for the entropy. Infinity is certain: its error is 0.
    """
    start = _start(p)
    sides = [_Side(p, q, start, 1), _Side(p, q, start - 1, -1)]
    outside = np.zeros(3)
    if q is not None:
        outside[1:] = q.outside(p.frozen.support()[0] - 1, p.frozen.support()[1])
    while True:
        for side in sides:
            if not side.finished:
                side.extend()
            if certainly_infinite(side.values[2], side.errors[2]):
                return side.values, side.errors, []
        values = outside + sum(side.values for side in sides)
        # Where nothing matters any more and no probability is missing, nothing is to come.
        complete = (np.abs(values[: 1 if q is None else 2] - 1) < 1e-9).all()
        if all(side.finished or (complete and side.quiet) for side in sides):
            return values, sum(side.errors for side in sides), [reason for side in sides for reason in side.reasons]


def _start(p):
    """Return the atom to start from: the median, unless scipy would add up a tail to find it."""
    if "_ppf" not in vars(type(p.frozen.dist)):
        for end in p.support:
            if math.isfinite(end):
                return end
    return float(p.frozen.dist.ppf(0.5, **p.shapes))


class _Side:
    """The atoms from `start` upward (sign 1) or downward (sign -1), in P's standard coordinate k."""

    def __init__(self, p, q, start, sign):
        self.p, self.q, self.start, self.sign = p, q, start, sign
        self.room = max(0.0, np.floor(sign * ((p.upper if sign > 0 else p.lower) - start)) + 1)
        self.values, self.errors, self.reasons = np.zeros(3), np.zeros(3), []
        self.done = 0
        self.height = math.nan if q is None else float(self.logs(start - sign)[1])  # log q at the atom before
        self.quiet = False  # whether the last atoms did not matter
        self.finished = self.room == 0

    def logs(self, k):
        """Return log p, log q and log(p/q)."""
        log_p = self.p.log(k)
        if self.q is None:
            return log_p, None, np.where(log_p > -np.inf, -log_p, 0)
        log_q = self.q.log(k + (self.p.loc - self.q.loc))
        with np.errstate(invalid="ignore"):
            return log_p, log_q, np.where(log_p > -np.inf, log_p - log_q, 0)

    def extend(self):
        """Add a block as long as all before it, and the tail where it is a power law."""
        size = int(min(max(2 * self.done, FIRST), self.room))
        k = self.start + self.sign * np.arange(self.done, size)
        logs = self.logs(k)
        lost = ~np.isfinite(logs[2])
        if lost.any():
            before = np.concatenate([[self.height], logs[1][:-1]])[lost]
            after = np.concatenate([logs[1][1:], [math.nan]])[lost]
            if (np.concatenate([before, after]) > UNDERFLOW).any():  # an atom of P where Q has none
                self.values, self.errors = INFINITE.copy(), np.zeros(3)
                return
            logs = [x[: int(np.argmax(lost))] for x in logs]
        found = terms(*logs)
        self.values += found.sum(axis=-1)
        self.errors += rounding(found[0], found[1], *logs)[[0, 0, 1]].sum(axis=-1)
        most = contributions(*logs)
        last = most[most.size * 3 // 4 :]
        self.quiet = last.size > 0 and last.max() < NEGLIGIBLE + max(0.0, most.max())
        self.done, self.finished = size, size == self.room or lost.any()
        if lost.any():
            if not self.quiet:
                self.give_up(f"log q cannot be evaluated at x = {self.p.loc + k[np.argmax(lost)]:.0f}")
            return
        self.height = math.nan if self.q is None else logs[1][-1]
        self.finished |= self.quiet and size >= MOST
        if self.finished or self.quiet:
            return
        if self.room == math.inf and size >= max(LONG, 8 * abs(self.start)):
            self.add_tail(k[-1])
        elif size >= MOST:
            self.give_up(f"more than {MOST} atoms matter on one side of x = {self.p.loc + self.start:.0f}")

    def give_up(self, reason):
        self.finished, self.reasons, self.errors = True, [reason], self.errors + math.inf

    def add_tail(self, last):
        """Add the sums beyond the atom `last`, if they are known well, or if they cannot be known better."""
        s, *logs = self.on_log_scale(np.rint(last / np.array([4, 2, 1])))
        values, errors = tail(s, *logs)
        if errors[2] <= 1e-11 * abs(self.values[2]) or (self.done >= MOST and known(self.values, errors)):
            # Euler and Maclaurin: the sum beyond an atom is the integral from it on, less half of its term, ...
            term = terms(*(x if x is None else x[0] for x in self.logs(np.array([last]))))
            self.values, self.errors = self.values + values - term / 2, self.errors + errors + np.abs(term / last)
            self.finished = True
        elif self.done >= MOST:
            if self.q is not None:
                middle = math.copysign(math.sqrt(abs(last)), last)
                s, log_p, _, log_ratio = self.on_log_scale(np.rint([middle / 2, middle, last / 2, last]))
                if diverges(s, log_p, log_ratio, 0.01):
                    self.values, self.errors = INFINITE.copy(), np.zeros(3)
                    return
            self.give_up(f"the tail beyond x = {self.p.loc + last:.0f} is not negligible and no power law")

    def on_log_scale(self, k):
        """Return s = log(k), the logarithms of p and q per unit of s, and log(p/q)."""
        log_p, log_q, log_ratio = self.logs(k)
        s = np.log(np.abs(k))
        return s, log_p + s, None if log_q is None else log_q + s, log_ratio
