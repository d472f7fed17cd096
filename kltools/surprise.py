"""Surprise: what a forecast leaves you to be surprised at, and what it should have left.

The surprisal of x under Q is -log q(x). Its mean under P is H(P) + D(P||Q): the entropy is what even the right
forecast suffers, the divergence is the excess. Outcomes are integers that index q, or values of a distribution.
"""

import numpy as np

from kltools._outcomes import log_probability, log_probability_each
from kltools._validation import broadcast_shape, in_units, is_frozen, probabilities
from kltools.distributions import parameters
from kltools.divergence import kl_divergence

__all__ = ["information_gain", "log_score", "running_surprise", "surprisal"]


def surprisal(q, x, *, base=None):
    """Surprisal -log q(x): how surprising outcome x is to whoever believes Q.

    Parameters
    ----------
    q : array_like, shape (..., k), or frozen scipy.stats distribution
        Probabilities along the last axis; for a distribution, its mass function or density is taken.
    x : int or array_like
        Outcomes 0 to k - 1, in a shape that broadcasts with the leading axes of q; or values of the distribution.
    base : float, optional
        The base of the logarithm: nats if not given, bits for 2.

    Returns
    -------
    float or ndarray
        One surprisal for each outcome; inf for an outcome that q excludes. Probabilities give values from 0 up; a
        density may give negative ones, and they shift with the unit of x: only differences between two densities
        in the same unit mean something.

    Raises
    ------
    ValueError
        For bad probabilities, an outcome out of range, no outcomes, a value that is not finite or where the
        density is infinite, shapes that do not broadcast, parameters out of range, or a bad base.
    TypeError
        For what is not a real number, and for outcomes of an array that are not integers.

    Notes
    -----
    For x from P the mean is the cross-entropy H(P, Q) = H(P) + D(P||Q), whatever P and Q on the same outcomes.
    C. E. Shannon, "A Mathematical Theory of Communication" (1948). Explained in the chapter *Surprise*.

    Examples
    --------
    >>> surprisal([0.5, 0.25, 0.25], [0, 1, 1], base=2)
    array([1., 2., 2.])

    The fair coin's believer is surprised by one bit at every flip, whatever the coin does; on a coin that shows
    heads 7 times in 10 the excess over the informed is D(P||Q).

    >>> p, q = np.array([0.7, 0.3]), np.array([0.5, 0.5])
    >>> float(p @ surprisal(q, [0, 1], base=2))
    1.0
    >>> round(float(p @ (surprisal(q, [0, 1], base=2) - surprisal(p, [0, 1], base=2))), 6)
    0.118709
    """
    return in_units(_positive_zero(-log_probability(q, x)), base)


def log_score(q, x):
    """Mean log score of a forecast, or of one forecast for each observation: mean log q(x), the higher the better.

    Parameters
    ----------
    q : array_like, shape (k,) or (n, k), or frozen scipy.stats distribution
        One forecast for all observations, or one for each.
    x : array_like, shape (n,)
        The observations: outcomes 0 to k - 1, or values of the distribution.

    Returns
    -------
    float
        In nats per observation; -inf if an observation was excluded by its forecast.

    Raises
    ------
    ValueError, TypeError
        As in `surprisal`; and if x is not one-dimensional, or the forecasts are neither one nor n.

    Notes
    -----
    The log score is strictly proper: over all q, sum(p log q) is largest at q = p and nowhere else if H(P) is
    finite, since what is lost is D(P||Q). It is local: only the probability of what happened counts. With three or
    more outcomes and smooth scores, every local strictly proper score is a log q(x) + b(x) with a > 0.
    Neither statement needs a true P: by the lights of anyone who believes P, another forecast loses D(P||Q).
    J. M. Bernardo, "Expected Information as Expected Utility", *Annals of Statistics* 7 (1979); T. Gneiting and
    A. E. Raftery, "Strictly Proper Scoring Rules, Prediction, and Estimation", *Journal of the American
    Statistical Association* 102 (2007). Explained in the chapter *Surprise*.

    Examples
    --------
    >>> round(log_score([0.5, 0.5], [0, 1, 1]), 6)
    -0.693147
    >>> log_score([[1, 0], [0.5, 0.5], [0.25, 0.75]], [0, 1, 1]) > log_score([0.5, 0.5], [0, 1, 1])
    True
    """
    return float(log_probability_each(q, x, "x").mean())


def information_gain(posterior, prior, *, base=None):
    """Information gain D(posterior||prior): how much one observation taught, in the eyes of the one who learned.

    Parameters
    ----------
    posterior, prior : array_like, shape (..., k), or frozen scipy.stats distribution
        The belief after and the belief before: two arrays of probabilities, or two distributions.
    base : float, optional
        The base of the logarithm: nats if not given, bits for 2.

    Returns
    -------
    float or ndarray
        Never negative; inf where the posterior allows what the prior excluded, which Bayes' rule never does.

    Raises
    ------
    ValueError, TypeError
        For bad probabilities or parameters, shapes that do not broadcast, an array beside a distribution, or a bad
        base; for two distributions also whatever `kltools.kl_divergence` refuses.

    Notes
    -----
    Before the observation Y is known, the expected gain about X is the mutual information I(X; Y), if the posterior
    is the conditional distribution of X given Y and the prior its marginal. No true distribution is in it: both are
    beliefs of one person. A single gain may be large although the belief became less certain.
    D. V. Lindley, "On a Measure of the Information Provided by an Experiment", *Annals of Mathematical Statistics*
    27 (1956). Explained in the chapter *Surprise*.

    Examples
    --------
    >>> information_gain([0.5, 0.5, 0, 0], [0.25, 0.25, 0.25, 0.25], base=2)
    1.0
    >>> from scipy import stats
    >>> information_gain(stats.norm(1, 1), stats.norm(0, 1))
    0.5
    """
    beliefs = {"posterior": posterior, "prior": prior}
    frozen = [is_frozen(belief) for belief in beliefs.values()]
    if any(frozen):
        if not all(frozen):
            raise TypeError("posterior and prior must be two arrays or two frozen distributions, got one of each")
        for name, belief in beliefs.items():
            if hasattr(belief, "dist"):  # of one dimension: its parameters by their own name, before p and q are meant
                parameters(belief, name)
        return kl_divergence(posterior, prior, base=base)
    posterior, prior = (probabilities(belief, name) for name, belief in beliefs.items())
    broadcast_shape(posterior, prior, tuple(beliefs))
    return kl_divergence(posterior, prior, base=base)


def running_surprise(q, xs, *, base=None):
    """Mean surprisal so far, after each observation: what a forecaster's average pain looks like as data come in.

    Parameters
    ----------
    q : array_like, shape (k,) or (n, k), or frozen scipy.stats distribution
        One forecast for all observations, or one for each.
    xs : array_like, shape (n,)
        The observations in their order: outcomes 0 to k - 1, or values of the distribution.
    base : float, optional
        The base of the logarithm: nats if not given, bits for 2.

    Returns
    -------
    ndarray, shape (n,)
        Entry i is the mean of the first i + 1 surprisals; inf from the first excluded observation on. The last
        entry is minus the log score.

    Raises
    ------
    ValueError, TypeError
        As in `log_score`, and for a bad base.

    Notes
    -----
    For independent draws from P the curve converges to H(P) + D(P||Q) with probability 1, if that is finite (the
    strong law of large numbers), and the difference of two forecasters' curves, Q's minus P's, to D(P||Q). After n
    draws the standard deviation of that difference is sd / sqrt(n), where sd is that of log p(x)/q(x) under P, if
    it is finite. Explained in the chapter *Surprise*.

    Examples
    --------
    >>> running_surprise([0.5, 0.25, 0.25], [0, 1, 1, 0], base=2)
    array([1.        , 1.5       , 1.66666667, 1.5       ])

    The band of the gap between two forecasters, at n = 100:

    >>> p, q = np.array([0.7, 0.3]), np.array([0.4, 0.6])
    >>> excess = surprisal(q, [0, 1]) - surprisal(p, [0, 1])
    >>> sd = np.sqrt(p @ (excess - p @ excess) ** 2)
    >>> round(float(sd / np.sqrt(100)), 7)
    0.0574088
    """
    surprisals = _positive_zero(-log_probability_each(q, xs, "xs"))
    return in_units(np.cumsum(surprisals) / np.arange(1, surprisals.size + 1), base)


def _positive_zero(values):
    return values + 0.0  # -log 1 is -0.0
