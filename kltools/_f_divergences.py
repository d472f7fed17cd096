"""The neighbors of the KL divergence: public in `kltools.divergence`, whose conventions hold here too."""

import math

import numpy as np

from ._kernels import kl_rows, log_ratio, normalized_difference, renyi_rows
from ._validation import in_units, pair, real_number


def js_divergence(p, q, *, axis=-1, base=None, normalize=False):
    """Jensen-Shannon divergence: the mean of D(P||M) and D(Q||M), where M is the average of P and Q.

    Parameters
    ----------
    p, q : array_like
        Probabilities along `axis`.
    axis, base, normalize
        As in `kl_divergence`.

    Returns
    -------
    float or ndarray
        From 0 to log 2; its square root is a metric.

    Raises
    ------
    ValueError, TypeError
        As in `kl_divergence`.

    References
    ----------
    Lin (1991), *Divergence measures based on the Shannon entropy*.
    Explained in the chapter *Surprise*.

    Examples
    --------
    >>> js_divergence([1, 0], [0, 1], base=2)
    1.0
    """
    p, q = pair(p, q, axis, normalize, np.float64)
    # Twice the average, against twice each: half of the least subnormal would round to zero.
    middle = p / p.sum(axis=-1, keepdims=True) + q / q.sum(axis=-1, keepdims=True)
    return in_units((kl_rows(2 * p, middle) + kl_rows(2 * q, middle)) / 2, base)


def renyi_divergence(p, q, alpha, *, axis=-1, base=None, normalize=False):
    """Renyi divergence of order alpha: ``log(sum p^alpha q^(1 - alpha)) / (alpha - 1)``.

    Parameters
    ----------
    p, q : array_like
        Probabilities along `axis`.
    alpha : float
        The order, from 0 (-log Q(p > 0)) over 1 (the limit, D(P||Q)) to inf (log max p/q).
    axis, base, normalize
        As in `kl_divergence`.

    Returns
    -------
    float or ndarray
        Never negative; inf where P and Q share no outcome or, from order 1 on, Q excludes what P allows.

    Raises
    ------
    ValueError, TypeError
        As in `kl_divergence`; also for an order that is negative, NaN or not a number.

    References
    ----------
    van Erven and Harremoës (2014), *Rényi divergence and Kullback-Leibler divergence*.
    Explained in the chapter *Hypothesis testing*.

    Examples
    --------
    >>> round(renyi_divergence([0.7, 0.3], [0.4, 0.6], 2), 6)
    0.318454
    """
    alpha = real_number(alpha, "alpha", lambda x: x >= 0, "an order is not negative")
    p, q = pair(p, q, axis, normalize, np.float64)
    if alpha == 1:
        nats = kl_rows(p, q)
    elif alpha == 0:
        with np.errstate(divide="ignore"):
            nats = np.log1p((q * (p == 0)).sum(axis=-1) / (q * (p > 0)).sum(axis=-1))
    elif alpha == math.inf:
        difference = normalized_difference(p, q)
        p, q = (x / x.sum(axis=-1, keepdims=True) for x in (p, q))
        nats = np.where(p > 0, log_ratio(p, q, difference), -np.inf).max(axis=-1)
    elif alpha < 0.5:  # by skew symmetry: orders near 0 keep their digits
        nats = renyi_rows(q, p, -alpha) * (alpha / (1 - alpha))
    else:
        nats = renyi_rows(p, q, alpha - 1)
    return in_units(nats, base)


def jeffreys_divergence(p, q, *, axis=-1, base=None, normalize=False):
    """Jeffreys divergence D(P||Q) + D(Q||P), known to industry as the population stability index.

    Parameters
    ----------
    p, q : array_like
        Probabilities along `axis`.
    axis, base, normalize
        As in `kl_divergence`.

    Returns
    -------
    float or ndarray
        Never negative; inf where one of the two excludes what the other allows.

    Raises
    ------
    ValueError, TypeError
        As in `kl_divergence`.

    References
    ----------
    Jeffreys (1946), *An invariant form for the prior probability in estimation problems*.
    Explained in the chapter *Practice*.

    Examples
    --------
    >>> round(jeffreys_divergence([0.7, 0.3], [0.4, 0.6]), 6)
    0.375829
    """
    p, q = pair(p, q, axis, normalize)
    return in_units(kl_rows(p, q) + kl_rows(q, p), base)


def total_variation(p, q, *, axis=-1, normalize=False):
    """Total variation: the largest difference P(A) - Q(A) over all events A, ``sum |p - q| / 2``.

    Parameters
    ----------
    p, q : array_like
        Probabilities along `axis`.
    axis, normalize
        As in `kl_divergence`.

    Returns
    -------
    float or ndarray
        From 0 to 1, without unit.

    Raises
    ------
    ValueError, TypeError
        As in `kl_divergence`.

    References
    ----------
    Tsybakov (2009), *Introduction to Nonparametric Estimation*, section 2.4.
    Explained in the chapter *Hypothesis testing*.

    Examples
    --------
    >>> round(total_variation([0.7, 0.3], [0.4, 0.6]), 6)
    0.3
    """
    difference = normalized_difference(*pair(p, q, axis, normalize, np.float64))
    return in_units(np.abs(difference).sum(axis=-1) / 2)


def chi2_divergence(p, q, *, axis=-1, normalize=False):
    """Chi-squared divergence ``sum (p - q)^2 / q``.

    Parameters
    ----------
    p, q : array_like
        Probabilities along `axis`.
    axis, normalize
        As in `kl_divergence`.

    Returns
    -------
    float or ndarray
        Never negative, without unit; inf where Q excludes what P allows.

    Raises
    ------
    ValueError, TypeError
        As in `kl_divergence`.

    References
    ----------
    Tsybakov (2009), *Introduction to Nonparametric Estimation*, section 2.4.
    Explained in the chapter *Hypothesis testing*.

    Examples
    --------
    >>> round(chi2_divergence([0.7, 0.3], [0.4, 0.6]), 6)
    0.375
    """
    p, q = pair(p, q, axis, normalize, np.float64)
    difference = normalized_difference(p, q)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        terms = np.where(difference == 0, 0, difference * (difference / q))
    return in_units(terms.sum(axis=-1) * q.sum(axis=-1))


def squared_hellinger(p, q, *, axis=-1, normalize=False):
    """Squared Hellinger distance ``1 - sum sqrt(p q)``, which is ``sum (sqrt p - sqrt q)^2 / 2``.

    Parameters
    ----------
    p, q : array_like
        Probabilities along `axis`.
    axis, normalize
        As in `kl_divergence`.

    Returns
    -------
    float or ndarray
        From 0 to 1, without unit; some authors leave out the half.

    Raises
    ------
    ValueError, TypeError
        As in `kl_divergence`.

    References
    ----------
    Tsybakov (2009), *Introduction to Nonparametric Estimation*, section 2.4.
    Explained in the chapter *Hypothesis testing*.

    Examples
    --------
    >>> round(squared_hellinger([0.7, 0.3], [0.4, 0.6]), 6)
    0.046586
    """
    p, q = pair(p, q, axis, normalize, np.float64)
    roots = np.sqrt(p / p.sum(axis=-1, keepdims=True)) + np.sqrt(q / q.sum(axis=-1, keepdims=True))
    # The difference of the roots without cancellation; both zero leaves 0 / 1.
    difference = normalized_difference(p, q) / np.where(roots > 0, roots, 1)
    return in_units((difference**2).sum(axis=-1) / 2)
