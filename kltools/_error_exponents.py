"""Error exponents: how fast the probabilities of errors and of rare averages fall with the number of draws."""

import math
from typing import NamedTuple

import numpy as np

from kltools import _tilt
from kltools._log_ratios import hypotheses
from kltools._validation import log_base, probabilities, real_array, require_entries
from kltools.divergence import kl_divergence, renyi_divergence


class ChernoffInformation(NamedTuple):
    """What `chernoff_information` returns: the exponent, and the lambda that attains it."""

    value: float
    lam: float


class SanovExponent(NamedTuple):
    """What `sanov_exponent` returns: the least divergence, the tilt in nats per unit of value, and the P.

    ``distribution[i]`` is proportional to ``q[i] * exp(tilt * values[i])``; None if no P has the mean.
    """

    value: float
    tilt: float
    distribution: np.ndarray | None


def chernoff_information(p, q, *, base=None):
    """Chernoff information: the exponent at which the smallest sum of both errors falls with n.

    It is the largest ``-log(sum p**lam * q**(1 - lam))`` over lam in [0, 1].

    Parameters
    ----------
    p, q : array_like, shape (k,)
        Probabilities.
    base : float, optional
        The base of the logarithm: nats if not given, bits for 2.

    Returns
    -------
    ChernoffInformation
        `value`, symmetric in P and Q, and `lam`. Supports that differ may push lam to 0 or 1, where the value is
        the limit from inside: -log Q(p > 0) or -log P(q > 0). It is inf for disjoint supports; lam is then, as
        for P = Q, any number: 0.5.

    Raises
    ------
    TypeError, ValueError
        If p or q is not one probability vector, their lengths differ, or base is not a base.

    Notes
    -----
    For independent draws and prior probabilities that are not 0, the error of the Bayes test falls like
    exp(-n value), whatever the priors. At lam inside, the tilted distribution is as far from P as from Q, in D.

    References
    ----------
    Chernoff (1952), *A measure of asymptotic efficiency for tests of a hypothesis based on the sum of
    observations*.
    Explained in the chapter *Hypothesis testing*.

    Examples
    --------
    >>> value, lam = chernoff_information([0.7, 0.3], [0.4, 0.6])
    >>> round(value, 7), round(lam, 6)
    (0.0477116, 0.494473)
    """
    from scipy.optimize import brentq

    p, q, ratios = hypotheses(p, q)
    unit = log_base(base)
    common = np.isfinite(ratios)
    if not common.any():
        return ChernoffInformation(math.inf, 0.5)
    log_q, ratios = np.log(q[common]), ratios[common]

    def slope(lam):
        log_weights = log_q + lam * ratios
        return np.exp(log_weights - log_weights.max()) @ ratios

    at_q, at_p = slope(0.0) >= 0, slope(1.0) <= 0
    if at_q != at_p:
        lam = 0.0 if at_q else 1.0
    elif at_q:  # P and Q agree up to rounding: the middle is right to second order
        lam = 0.5
    else:
        lam = brentq(slope, 0.0, 1.0, xtol=1e-15)
    # The smaller order is the one that Renyi divergences are exact for, and that has a limit at 0.
    nats = (1 - lam) * renyi_divergence(p, q, lam) if lam <= 0.5 else lam * renyi_divergence(q, p, 1 - lam)
    return ChernoffInformation(nats / unit, lam)


def sanov_exponent(q, values, mean, *, base=None):
    """Smallest D(P||Q) over all P under which the mean of `values` is `mean`.

    Parameters
    ----------
    q : array_like, shape (k,)
        Probabilities.
    values : array_like, shape (k,)
        A finite number for each outcome, as the spots of a die.
    mean : float
        The mean that P must have.
    base : float, optional
        The base of the logarithm: nats if not given, bits for 2.

    Returns
    -------
    SanovExponent
        `value`, `tilt` and `distribution`, the minimizer P. A mean at the least or the greatest value that Q
        allows has an infinite tilt: P is Q conditioned on that value. Beyond, no P that Q allows has the mean:
        the value is inf and the distribution None.

    Raises
    ------
    TypeError, ValueError
        If q is not one probability vector, values do not fit it or are not finite, mean is not a finite number,
        or base is not a base.

    Notes
    -----
    Sanov's theorem: for n independent draws from Q and a mean above Q's own, the probability that their average is
    at least `mean` is exp(-n value + o(n)). Given such an average, each single draw is distributed nearly as P
    (the conditional limit theorem).

    References
    ----------
    Cover and Thomas, *Elements of Information Theory*, 2nd ed., theorems 11.4.1 and 11.6.2.
    Explained in the chapter *Hypothesis testing*.

    Examples
    --------
    A fair die with an average of 4:

    >>> value, tilt, p = sanov_exponent([1/6] * 6, [1, 2, 3, 4, 5, 6], 4, base=2)
    >>> round(value, 4), round(tilt, 6)
    (0.0624, 0.174629)
    """
    q = probabilities(q, "q", dtype=np.float64)
    values, mean = (real_array(x, name).astype(np.float64) for x, name in ((values, "values"), (mean, "mean")))
    if q.ndim != 1 or values.shape != q.shape or mean.ndim != 0:
        raise ValueError(
            f"q, values and mean of shapes {q.shape}, {values.shape} and {mean.shape} do not match: "
            "two vectors of one length and a number are needed"
        )
    for array, name in ((values, "values"), (mean, "mean")):
        require_entries(array, name, np.isfinite(array), "it must be finite")
    q, mean, unit = q / q.sum(), float(mean), log_base(base)
    found = _tilt.tilt(q, values[np.newaxis], np.array([mean]))
    if found is None:
        return SanovExponent(math.inf, math.copysign(math.inf, mean - values[q > 0].min()), None)
    toward = mean - q @ values
    tilt = math.copysign(math.inf, toward) if found.boundary else float(found.multipliers[0])
    return SanovExponent(kl_divergence(found.distribution, q) / unit, tilt, found.distribution)
