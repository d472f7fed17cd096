"""Wald's sequential probability ratio test: stop as soon as the evidence is strong enough."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from kltools._log_ratios import evidence, hypotheses, lattice
from kltools._validation import choice, level
from kltools.divergence import kl_divergence

REACHED = 1e-12  # a sum within this of a threshold, relative, has reached it
UNDECIDED = 1e-15  # the law of the stopping time leaves out no more than this


class SequentialRun(NamedTuple):
    """What `SequentialTest.run` returns: a decision, the number of observations used, and the walk.

    `decision` is "P", "Q", or None where the observations ran out; ``walk[i]`` is the sum of log(p/q) over the
    first i + 1 observations, in nats.
    """

    decision: str | None
    n: int
    walk: np.ndarray


class StoppingLaw(NamedTuple):
    """What `SequentialTest.stopping_law` returns: probabilities by the number of observations, and their mean.

    ``decide_p[n]`` and ``decide_q[n]`` are the probabilities of stopping at n observations with that decision.
    """

    decide_p: np.ndarray
    decide_q: np.ndarray
    mean: float


@dataclass(frozen=True, eq=False)
class SequentialTest:
    """Wald's test of P (the null hypothesis) against Q, as `sprt` returns it.

    Attributes
    ----------
    p, q, ratios : numpy.ndarray, shape (k,)
        The two hypotheses and log(p/q).
    alpha, beta : float
        The nominal error probabilities: of deciding Q under P, and P under Q.
    upper : float
        ``log((1 - alpha) / beta)``: decide P once the sum of log(p/q) is at least this, in nats.
    lower : float
        ``-log((1 - beta) / alpha)``: decide Q once the sum is at most this.
    alpha_bound, beta_bound : float
        ``alpha / (1 - beta)`` and ``beta / (1 - alpha)``: the true error probabilities are certainly at most
        these, and their sum is at most ``alpha + beta``.
    mean_n_p, mean_n_q : float
        Wald's approximations of the mean number of observations under P and under Q (see `sprt`).
    """

    p: np.ndarray = field(repr=False)
    q: np.ndarray = field(repr=False)
    ratios: np.ndarray = field(repr=False)
    alpha: float
    beta: float
    upper: float
    lower: float
    alpha_bound: float
    beta_bound: float
    mean_n_p: float
    mean_n_q: float

    def run(self, xs):
        """Observe a stream until the test decides.

        Parameters
        ----------
        xs : iterable of int
            Indices of outcomes, in order; it may be endless, and nothing is read after the decision.

        Returns
        -------
        SequentialRun
            With `decision`, `n` and `walk`.

        Raises
        ------
        TypeError, ValueError
            For an observation that is not the index of an outcome, or is impossible under P and under Q.
        """
        total, walk, decision = 0.0, [], None
        for i, x in enumerate(xs):
            total += float(evidence(self.ratios, x, f"xs[{i}]"))
            walk.append(total)
            decision = "P" if self._is_p(total) else "Q" if self._is_q(total) else None
            if decision:
                break
        return SequentialRun(decision, len(walk), np.array(walk))

    def stopping_law(self, truth):
        """Law of the number of observations and of the decision, by dynamic programming over the lattice.

        Parameters
        ----------
        truth : {"P", "Q"}
            Which of the two the observations are drawn from.

        Returns
        -------
        StoppingLaw
            With `decide_p`, `decide_q` and `mean`. The sum of the one that decides wrongly is the true error
            probability. What is left out has probability at most 1e-15.

        Raises
        ------
        TypeError, ValueError
            If truth is neither "P" nor "Q", P = Q, or the log ratios lie on no lattice.
        """
        weights = self.p if choice(truth, "truth", ("P", "Q")) == "P" else self.q
        inside = np.isfinite(self.ratios)
        if not self.ratios[inside].any() and inside.all():
            raise ValueError("p and q are the same: the test never decides")
        at_once_p, at_once_q = (weights[self.ratios == sign * np.inf].sum() for sign in (1, -1))
        on_lattice = lattice(self.ratios[inside]) if inside.any() else (1.0, np.zeros(0, dtype=np.int64))
        if on_lattice is None:
            raise ValueError("the log ratios of p and q lie on no lattice: the law is known by simulation only")
        start = self.ratios[inside].min(initial=np.inf)
        step, index = on_lattice
        jumps = np.bincount(index, weights[inside], minlength=1)

        decide_p, decide_q = [0.0], [0.0]
        state, low = np.ones(1), 0  # state[k]: still undecided, with a sum of n * start + step * (low + k)
        while state.sum() > UNDECIDED:
            left = state.sum()
            state = np.convolve(state, jumps)
            sums = len(decide_p) * start + step * (low + np.arange(len(state)))
            says_p, says_q = self._is_p(sums), self._is_q(sums)
            decide_p.append(state[says_p].sum() + left * at_once_p)
            decide_q.append(state[says_q].sum() + left * at_once_q)
            state = state[~says_p & ~says_q]
            low += int(says_q.sum())
        mean = np.arange(len(decide_p)) @ np.add(decide_p, decide_q)
        return StoppingLaw(np.array(decide_p), np.array(decide_q), float(mean))

    def _is_p(self, total):
        return total >= self.upper * (1 - REACHED)

    def _is_q(self, total):
        return total <= self.lower * (1 - REACHED)


def sprt(p, q, alpha, beta):
    """Wald's sequential probability ratio test of P against Q, for observations that come one by one.

    Sum the evidence log(p/q) of the observations; decide P at ``log((1 - alpha) / beta)`` or above, Q at
    ``-log((1 - beta) / alpha)`` or below, and otherwise observe on.

    Parameters
    ----------
    p : array_like, shape (k,)
        The null hypothesis.
    q : array_like, shape (k,)
        The alternative.
    alpha : float
        The wanted probability of deciding Q under P.
    beta : float
        The wanted probability of deciding P under Q; alpha + beta is below 1.

    Returns
    -------
    SequentialTest
        Thresholds, error bounds and Wald's mean numbers of observations; its method ``run(xs)`` observes a
        stream, ``stopping_law(truth)`` gives the exact errors and means where the log ratios lie on a lattice.

    Raises
    ------
    TypeError, ValueError
        If p or q is not one probability vector, their lengths differ, alpha or beta is not strictly between 0
        and 1, or alpha + beta is not below 1.

    Notes
    -----
    For independent, identically distributed observations with P != Q the test ends with probability 1. The error
    bounds hold whatever P and Q. Wald's means

    - ``((1 - alpha) log((1 - alpha) / beta) + alpha log(alpha / (1 - beta))) / D(P||Q)`` under P,
    - ``((1 - beta) log((1 - beta) / alpha) + beta log(beta / (1 - alpha))) / D(Q||P)`` under Q

    neglect how far the sum overshoots its threshold, so the true means are usually larger; they are inf for P = Q
    and say nothing (0.0) where the divergence is inf. Of all tests with error probabilities no larger than its true
    ones, this one has the least mean number of observations under P and under Q (Wald and Wolfowitz 1948).

    References
    ----------
    Wald (1945), *Sequential tests of statistical hypotheses*.
    Explained in the chapter *Hypothesis testing*.

    Examples
    --------
    >>> test = sprt([0.7, 0.3], [0.4, 0.6], alpha=0.01, beta=0.01)
    >>> round(test.upper, 6), round(test.mean_n_p, 4), round(test.mean_n_q, 4)
    (4.59512, 24.5024, 23.4491)
    >>> xs = np.random.default_rng(0).choice(2, size=1000, p=[0.7, 0.3])
    >>> decision, n, walk = test.run(xs)
    >>> decision, n == len(walk)
    ('P', True)
    >>> law = test.stopping_law("P")
    >>> round(float(law.decide_q.sum()), 6), round(law.mean, 4)
    (0.007353, 26.013)
    """
    p, q, ratios = hypotheses(p, q)
    alpha, beta = level(alpha, "alpha"), level(beta, "beta")
    if alpha + beta >= 1:
        raise ValueError(f"alpha + beta = {alpha + beta}: a test needs less than 1, which guessing reaches")
    upper, lower = math.log((1 - alpha) / beta), -math.log((1 - beta) / alpha)
    drifts = {
        "mean_n_p": ((1 - alpha) * upper + alpha * lower, kl_divergence(p, q)),
        "mean_n_q": (-(1 - beta) * lower - beta * upper, kl_divergence(q, p)),
    }
    means = {name: travel / drift if drift else math.inf for name, (travel, drift) in drifts.items()}
    bounds = {"alpha_bound": alpha / (1 - beta), "beta_bound": beta / (1 - alpha)}
    return SequentialTest(p, q, ratios, alpha, beta, upper, lower, **bounds, **means)
