"""Hypothesis testing: which of P and Q made the data, how sure that is, and how many observations it takes.

P is the null hypothesis H0, Q the alternative H1. The evidence of an observation x is log(p(x)/q(x)), its mean
under P is D(P||Q), and the best tests compare the sum over the data with a threshold. The type I error alpha is
P(decide Q), the type II error beta is Q(decide P). Evidence is in nats.

How many throws show that a die is loaded? `observations_needed`. How sure can n throws be? `neyman_pearson`. When
to stop throwing? `sprt`. How improbable is an average of 4? `sanov_exponent`. Whether counts fit a die at all,
with no alternative given, is asked of `kltools.likelihood.g_statistic`.
"""

import math

import numpy as np
from scipy.special import ndtri

from kltools._error_exponents import ChernoffInformation, SanovExponent, chernoff_information, sanov_exponent
from kltools._log_ratios import evidence, hypotheses
from kltools._neyman_pearson import NeymanPearsonTest, best_test
from kltools._sequential import SequentialRun, SequentialTest, StoppingLaw, sprt
from kltools._validation import in_units, integer, level, require_entries
from kltools.divergence import kl_divergence

__all__ = [
    "ChernoffInformation",
    "NeymanPearsonTest",
    "SanovExponent",
    "SequentialRun",
    "SequentialTest",
    "StoppingLaw",
    "chernoff_information",
    "log_likelihood_ratio",
    "neyman_pearson",
    "observations_needed",
    "sanov_exponent",
    "sprt",
    "stein_approximation",
]

MOST_DRAWS = 10**8  # beyond, rounding would cost more than eight digits of an error probability


def log_likelihood_ratio(p, q, xs, *, cumulative=False, base=None):
    """Evidence of independent observations for P against Q: the sum of log(p(x)/q(x)).

    Parameters
    ----------
    p, q : array_like, shape (k,)
        Probabilities of the outcomes 0 to k - 1.
    xs : array_like of int, shape (..., n)
        Observations along the last axis, as indices into p and q; no observations, no evidence: 0.
    cumulative : bool
        Return the walk of evidence, the sums over the first 1, 2, ..., n observations.
    base : float, optional
        The base of the logarithm: nats if not given; ``10 ** 0.1`` gives decibans.

    Returns
    -------
    float or numpy.ndarray, shape (...) or, if cumulative, (..., n)
        inf from an outcome that Q excludes, -inf from one that P excludes.

    Raises
    ------
    TypeError, ValueError
        If p or q is not one probability vector or their lengths differ; if an observation is not the index of an
        outcome or is impossible under both; if some are impossible under P and others under Q.

    Notes
    -----
    Its mean is n D(P||Q) under P and -n D(Q||P) under Q. I. J. Good, *Probability and the Weighing of Evidence*
    (1950). Explained in the chapter *Hypothesis testing*.

    Examples
    --------
    >>> heads, tails = 0, 1
    >>> round(log_likelihood_ratio([0.7, 0.3], [0.4, 0.6], [heads] * 7 + [tails] * 3), 6)
    1.837869
    """
    ratios = hypotheses(p, q)[2]
    terms = evidence(ratios, xs)
    if terms.ndim == 0:
        raise ValueError(f"xs must be a vector of observations, got the scalar {xs}")
    against_both = (terms == np.inf).any(axis=-1) & (terms == -np.inf).any(axis=-1)
    require_entries(against_both, "xs", ~against_both, "some outcomes are impossible under p, others under q")
    return in_units(terms.cumsum(axis=-1) if cumulative else terms.sum(axis=-1), base)


def neyman_pearson(p, q, n, alpha, *, randomized=True):
    """Most powerful test of P against Q at level alpha on n independent draws.

    Parameters
    ----------
    p : array_like, shape (k,)
        The null hypothesis.
    q : array_like, shape (k,)
        The alternative.
    n : int
        The number of draws.
    alpha : float
        The bound on the type I error, strictly between 0 and 1.
    randomized : bool
        Toss a coin where the evidence equals the threshold, to use up alpha. Without it, the best test that
        rejects P below a threshold: slightly weaker, and its type II error can rise with n.

    Returns
    -------
    NeymanPearsonTest
        With `log_beta`, `beta`, `exponent` (= -log(beta) / n), the `threshold` on the sum of log(p/q), its
        `randomization`, and the bounds `log_beta_low` and `log_beta_high`.

    Raises
    ------
    TypeError, ValueError
        If p or q is not one probability vector, their lengths differ, n is not an integer from 1 to 1e8 or alpha
        is not strictly between 0 and 1, or is above 1 - 1e-9.

    Notes
    -----
    Neyman and Pearson's lemma: no test of level alpha has a smaller type II error than rejecting where the
    likelihood ratio is small, with randomization at the threshold. The result is exact where the log ratios lie on
    a lattice: always for two outcomes, and where their differences have a common step, as for dyadic pairs. Rounding
    then costs about 1e-11 in `log_beta` for n up to 10,000, more where alpha is within 1e-4 of 1. Other pairs are
    rounded to a grid with some 1e6 points; then the bounds are certified (Chernoff's inequality on the rounding
    errors, and the duality of the lemma) and `exact` is False. Where Q excludes what P allows, `log_beta` is -inf
    from some n on.

    References
    ----------
    Cover and Thomas, *Elements of Information Theory*, 2nd ed., theorems 11.7.1 and 11.8.3 (the Chernoff-Stein
    lemma: the exponent tends to D(P||Q)).
    Explained in the chapter *Hypothesis testing*.

    Examples
    --------
    >>> test = neyman_pearson([0.7, 0.3], [0.4, 0.6], n=1000, alpha=0.05)
    >>> round(test.exponent, 6), round(test.log_beta, 3)
    (0.158762, -158.762)
    """
    p, _, ratios = hypotheses(p, q)
    n, alpha = _count(n), level(alpha, "alpha")
    return _best_test(p, ratios, n, alpha, randomized)


def observations_needed(p, q, alpha, beta):
    """Smallest number of draws at which some test of P against Q has both errors small enough.

    Parameters
    ----------
    p : array_like, shape (k,)
        The null hypothesis: a fair die, say.
    q : array_like, shape (k,)
        The alternative: the loaded die that must not be missed.
    alpha : float
        The bound on the type I error, P(decide Q).
    beta : float
        The bound on the type II error, Q(decide P).

    Returns
    -------
    int or float
        The number for the test of `neyman_pearson`, which stays good for every larger one; 0 if alpha + beta is
        at least 1 (guess); ``inf`` for P = Q. On a grid (see there) it is sufficient, and smallest up to the
        width of the bounds.

    Raises
    ------
    TypeError, ValueError
        If p or q is not one probability vector, their lengths differ, alpha or beta is not strictly between 0
        and 1, or p and q are so close that about 1e8 draws do not suffice.

    Notes
    -----
    The naive ``log(1 / beta) / D(P||Q)`` is too small: 75.2 below. A test without randomization needs more, and
    may fail again after it has passed: below it passes at 111, fails at 112 and holds from 113 on. Explained in
    the chapter *Hypothesis testing*.

    Examples
    --------
    >>> observations_needed([0.7, 0.3], [0.4, 0.6], alpha=0.05, beta=1e-6)
    110

    A die whose six comes up every fourth time, at 5 % for both errors:

    >>> observations_needed([1/6] * 6, [0.15] * 5 + [0.25], alpha=0.05, beta=0.05)
    255
    """
    p, q, ratios = hypotheses(p, q)
    alpha, beta = level(alpha, "alpha"), level(beta, "beta")
    if alpha + beta >= 1:
        return 0
    if np.array_equal(p, q):
        return math.inf

    def log_error(n):
        return _best_test(p, ratios, n, alpha, True).log_beta_high

    target = math.log(beta) + 1e-12
    low, error_low = 0, math.log1p(-alpha)
    high = max(1, math.ceil(-target / kl_divergence(p, q)))
    while (error_high := log_error(_count(high))) > target:
        low, error_low, high = high, error_high, 2 * high
    bisect = False
    while high - low > 1:  # the logarithm falls nearly linearly: interpolate, every other time
        step = (high - low) / 2 if bisect else (high - low) * (error_low - target) / (error_low - error_high)
        middle = min(max(low + int(step), low + 1), high - 1)
        error = log_error(middle)
        if error > target:
            low, error_low = middle, error
        else:
            high, error_high = middle, error
        bisect = not bisect
    return high


def stein_approximation(p, q, n, alpha):
    """Approximate -log(beta) of the best test by ``n D - sqrt(n V) z + log(n) / 2`` (Strassen).

    D = D(P||Q) and V are the mean and the variance of log(p/q) under P, and z is the normal quantile at 1 - alpha.

    Parameters
    ----------
    p, q : array_like, shape (k,)
        The null hypothesis and the alternative.
    n : int
        The number of draws.
    alpha : float
        The type I error, strictly between 0 and 1.

    Returns
    -------
    float
        In nats, for all n draws; inf where D is.

    Raises
    ------
    TypeError, ValueError
        As in `neyman_pearson`, and if V is 0: the log ratio is constant wherever P allows.

    Notes
    -----
    The error is O(1) as n grows, for alpha fixed, V > 0 and a finite third moment of log(p/q) under P, which a
    finite number of outcomes has wherever D is finite. The first term alone is Stein's lemma, and off by 14 %
    for the coin below.

    References
    ----------
    Strassen (1962), *Asymptotische Abschätzungen in Shannons Informationstheorie*.
    Explained in the chapter *Hypothesis testing*.

    Examples
    --------
    >>> round(stein_approximation([0.7, 0.3], [0.4, 0.6], n=1000, alpha=0.05) / 1000, 6)
    0.15738
    """
    p, q, ratios = hypotheses(p, q)
    n, alpha = _count(n), level(alpha, "alpha")
    mean = kl_divergence(p, q)
    if mean == math.inf:
        return math.inf
    variance = p[p > 0] @ (ratios[p > 0] - mean) ** 2
    if variance <= 1e-24 * mean**2:
        raise ValueError("log(p/q) is constant wherever p > 0: the approximation needs it to vary")
    return float(n * mean + math.sqrt(n * variance) * ndtri(alpha) + math.log(n) / 2)


def _best_test(p, ratios, n, alpha, randomized):
    if alpha > 1 - 1e-9:
        raise ValueError(f"alpha = {alpha}: above 1 - 1e-9 the type II error would be lost in rounding")
    common = np.isfinite(ratios)
    if not common.any() or n * math.log(p[common].sum()) <= math.log(alpha):
        # Accept P only after a draw that Q excludes.
        return NeymanPearsonTest(n, alpha, -math.inf, -math.inf, -math.inf, math.inf, 0.0, True)
    return best_test(p[common], ratios[common], n, alpha, randomized)


def _count(n):
    n = integer(n, "n", least=1)
    if n > MOST_DRAWS:
        raise ValueError(f"n = {n}: a number of draws goes up to {MOST_DRAWS:.0e} here")
    return n
