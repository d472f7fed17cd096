"""Projections, the public half: the nearest distribution with given means, the nearest of a family."""

from dataclasses import dataclass

import numpy as np

from . import _tilt
from ._validation import broadcast_shape, finite_array, log_base, one_distribution, require_entries
from .divergence import kl_divergence


@dataclass(frozen=True, eq=False)
class Projection:
    """What a projection found, and how good it is: the result of `i_projection` and `m_projection`.

    Attributes
    ----------
    distribution : numpy.ndarray, shape (k,)
        The nearest distribution, ``q exp(multipliers . features)``, normalized, on its support.
    multipliers : numpy.ndarray, shape (m,)
        One for each feature; where features are redundant, the shortest vector, each feature scaled so that it
        deviates from its moment by at most 1.
    divergence : float
        The minimum, D(P||Q): from the P found to the q given, or from the p given to the Q found. In nats, or in the
        units of `base`, as the gap is; the multipliers always are in nats per unit of a feature.
    gap : float
        The certificate: the divergence less the dual value, which no admissible divergence is below. Of the size
        of rounding at the optimum.
    residual : float
        The largest difference between a mean under the distribution and the moment asked for: the slope of the
        dual.
    iterations : int
        Steps of Newton's method.
    boundary : bool
        True if the moments lie on the boundary of what is possible. No finite tilt of q reaches them: the
        distribution is a limit of tilts and excludes outcomes that q allows, and the multipliers tilt q among
        the outcomes that are left.
    """

    distribution: np.ndarray
    multipliers: np.ndarray
    divergence: float
    gap: float
    residual: float
    iterations: int
    boundary: bool


def i_projection(q, features, moments, *, base=None):
    """argmin over P of D(P||q) given E_P[features] = moments: the nearest P to q with these means; a tilt of q.

    Parameters
    ----------
    q : array_like, shape (k,)
        The reference: uniform for the P of largest entropy.
    features : array_like, shape (k,) or (m, k)
        Numbers for each outcome: the faces of a die, or 0 and 1 for the cells of a margin. Rows may be redundant.
    moments : float or array_like, shape (m,)
        The means to attain, one a row.
    base : float, optional
        The base of the logarithm: nats if not given, bits for 2.

    Returns
    -------
    Projection
        With ``distribution``, ``multipliers``, ``divergence``, the certificate ``gap``, ``residual``, ``iterations``
        and ``boundary``.

    Raises
    ------
    TypeError, ValueError
        If q is not a probability vector, the shapes do not fit or base is not a base; if no P on the support of q
        has the moments: the message names the first moment that is out of its range, given those before it.

    Notes
    -----
    The set of P with these means is convex and closed, so that the nearest P exists and is unique if some P on the
    support of q has them. It is ``q exp(lambda . f) / Z`` with a finite lambda if the moments are interior; mean 6
    of a die is not, and the answer then lies on the boundary. Every R with these means obeys
    D(R||q) = D(R||P) + D(P||q). Iterative proportional fitting computes the case where the moments are margins.
    I. Csiszar, "I-Divergence Geometry of Probability Distributions and Minimization Problems", *Annals of
    Probability* 3 (1975). Explained in the chapter *Geometry*.

    Examples
    --------
    The P nearest to uniform, in D(P||uniform), among the dice with mean 4.5:

    >>> nearest = i_projection([1/6] * 6, [1, 2, 3, 4, 5, 6], 4.5)
    >>> nearest.distribution.round(4)
    array([0.0544, 0.0788, 0.1142, 0.1654, 0.2398, 0.3475])
    >>> round(nearest.divergence, 6), nearest.gap < 1e-12
    (0.178178, True)
    """
    q, unit = one_distribution(q, "q"), log_base(base)
    rows, scalar = _features(features, q.size)
    targets = finite_array(moments, "moments")
    if targets.shape != (() if scalar else (len(rows),)):
        asked = "a number, for one feature" if scalar else f"{len(rows)} numbers, one a feature"
        raise ValueError(f"moments must be {asked}, got shape {targets.shape}")
    targets = targets.reshape(-1)
    found = _tilted(q, rows, targets, scalar)
    divergence = kl_divergence(found.distribution, q)
    return _projection(found, divergence, divergence, unit)


def m_projection(p, features, reference=None, *, base=None):
    """argmin over Q of D(p||Q) in the family Q = reference exp(lambda . features) / Z: maximum likelihood.

    Parameters
    ----------
    p : array_like, shape (k,)
        What averages: a distribution, or the frequencies of a sample.
    features : array_like, shape (k,) or (m, k)
        The statistics of the exponential family: a number for each outcome, one row a statistic.
    reference : array_like, shape (k,), optional
        The member at lambda = 0; uniform if not given.
    base : float, optional
        The base of the logarithm: nats if not given, bits for 2.

    Returns
    -------
    Projection
        With the Q found as ``distribution``, ``multipliers``, ``divergence`` D(p||Q), the certificate ``gap``,
        ``residual``, ``iterations`` and ``boundary``.

    Raises
    ------
    TypeError, ValueError
        If p or reference is not a probability vector, the shapes do not fit, base is not a base, or p allows an
        outcome that the reference excludes, so that every member is infinitely far.

    Notes
    -----
    Q is the member with p's means of the features: matching moments, and the maximum likelihood estimate if p holds
    the frequencies of a sample. It is also the I-projection of the reference onto those means, so that
    D(p||reference) = D(p||Q) + D(Q||reference). A member attains the minimum if p's means are interior; on the
    boundary only a limit of members does, which is returned with ``boundary`` true. S. Amari, *Information
    Geometry and Its Applications* (2016), chapter 2. Explained in the chapter *Geometry*.

    Examples
    --------
    >>> fit = m_projection([0.1, 0.1, 0.1, 0.1, 0.1, 0.5], [1, 2, 3, 4, 5, 6])
    >>> round(fit.divergence, 6), round(float(fit.distribution @ [1, 2, 3, 4, 5, 6]), 9)
    (0.115715, 4.5)
    """
    p, unit = one_distribution(p, "p"), log_base(base)
    rows, scalar = _features(features, p.size)
    q = np.full(p.size, 1 / p.size) if reference is None else one_distribution(reference, "reference")
    broadcast_shape(p, q, names=("p", "reference"))
    require_entries(p, "p", (p == 0) | (q > 0), "the reference excludes this outcome, and so does every member")
    found = _tilted(q, rows, rows @ p, scalar)
    # D(p||Q) falls short of D(p||reference) by no more than D(Q||reference): both have the same gap.
    return _projection(found, kl_divergence(p, found.distribution), kl_divergence(found.distribution, q), unit)


def _projection(found, divergence, primal, unit):
    return Projection(
        distribution=found.distribution,
        multipliers=found.multipliers,
        divergence=divergence / unit,
        gap=(primal - found.dual) / unit,
        residual=found.residual,
        iterations=found.iterations,
        boundary=found.boundary,
    )


def _tilted(q, rows, targets, scalar):
    """Return the tilt of q with these means, or name the first that is out of its range, given those before it."""
    found = _tilt.tilt(q, rows, targets)
    if found is not None:
        return found
    where = " on the support of q" if (q == 0).any() else ""
    for j, target in enumerate(targets):
        ends = _tilt.attainable_range(q, rows, targets, j)
        if ends is None:
            break
        low, high = ends
        if not low - 1e-9 * abs(low) <= target <= high + 1e-9 * abs(high):
            index = "" if scalar else f"[{j}]"
            given = f", given moments[:{j}]," if j else ""
            possible = f"is from {low:.9g} to {high:.9g}{where}"
            raise ValueError(f"moments{index} = {target}: the mean of features{index}{given} {possible}")
    raise ValueError(f"moments = {targets}: no distribution{where} has these means together")


def _features(features, outcomes):
    """Return the features as rows, shape (m, k), and whether they came as one vector."""
    rows = finite_array(features, "features")
    if rows.ndim not in (1, 2) or rows.shape[-1] != outcomes or rows.size == 0:
        raise ValueError(f"features of shape {rows.shape}: rows of {outcomes} numbers, one an outcome, are needed")
    return np.atleast_2d(rows), rows.ndim == 1
