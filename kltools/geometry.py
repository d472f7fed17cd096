"""Geometry: the divergence as a gap below a convex function, as a curvature, and as what a projection minimizes.

Find the P nearest to a reference Q, in D(P||Q), among those with given means: `i_projection`. Find the Q of an
exponential family nearest to a given P, in D(P||Q): `m_projection`. Both are tilts ``q exp(lambda . f)``, and
both make a right angle: ``D(R||Q) = D(R||P*) + D(P*||Q)`` for every R with the moments of P*. Here features f
are rows of numbers, one number for each outcome, and divergences are in nats.
"""

import math

import numpy as np

from ._projections import Projection, i_projection, m_projection
from ._validation import (
    broadcast_shape,
    choice,
    finite_array,
    one_distribution,
    positive,
    probabilities,
    real_array,
    require_callable,
    require_entries,
)

__all__ = [
    "Projection",
    "bregman_divergence",
    "fisher_information",
    "geodesic",
    "i_projection",
    "m_projection",
    "natural_gradient_step",
]

EPS = np.finfo(np.float64).eps


def bregman_divergence(f, grad_f, x, y):
    """Bregman divergence f(x) - f(y) - <grad f(y), x - y>: the gap at x between f and its tangent at y.

    Parameters
    ----------
    f : callable
        A convex function of an array of points, of shape (..., k), with values of shape (...).
    grad_f : callable
        Its gradient, of shape (..., k).
    x, y : array_like, shape (..., k)
        Points along the last axis; two scalars, of shape (), for a function of one variable.

    Returns
    -------
    float or numpy.ndarray, shape (...)
        The difference as it is computed, which loses digits where x and y are close; ``inf`` where f(x) is, or
        where f is infinitely steep at y.

    Raises
    ------
    TypeError, ValueError
        If f or grad_f cannot be called, the shapes do not fit, a coordinate is not finite, f(y) is not finite
        (y must lie in the domain), or the difference is undefined.

    Notes
    -----
    It is never negative if f is convex, and zero only for x = y if f is strictly convex; neither is checked.
    For the negative entropy sum(x log x) it is D(x||y) if x and y have the same sum, as probabilities have;
    otherwise the generalized divergence sum(x log(x/y) - x + y). L. M. Bregman (1967); A. Banerjee, S. Merugu,
    I. S. Dhillon and J. Ghosh, "Clustering with Bregman Divergences", *JMLR* 6 (2005). Explained in the chapter
    *Geometry*.

    Examples
    --------
    >>> round(bregman_divergence(lambda x: np.sum(x * np.log(x), axis=-1), lambda x: np.log(x) + 1,
    ...                          [0.7, 0.3], [0.4, 0.6]), 6)
    0.183787
    """
    require_callable(f, "f")
    require_callable(grad_f, "grad_f")
    x, y = (finite_array(values, name) for values, name in ((x, "x"), (y, "y")))
    shape = broadcast_shape(np.atleast_1d(x), np.atleast_1d(y), names=("x", "y")) if x.ndim or y.ndim else ()
    values = {}
    for name, point in {"x": x, "y": y}.items():
        values[name] = real_array(f(point), f"f({name})").astype(np.float64)
        if values[name].shape != point.shape[:-1]:
            raise ValueError(f"f({name}) has shape {values[name].shape}, not {point.shape[:-1]}: one value a point")
    require_entries(values["x"], "f(x)", values["x"] > -np.inf, "a convex function is a number, or inf")
    require_entries(values["y"], "f(y)", np.isfinite(values["y"]), "y must lie in the domain of f")
    slope = real_array(grad_f(y), "grad_f(y)").astype(np.float64)
    if slope.shape != y.shape:
        raise ValueError(f"grad_f(y) has shape {slope.shape}, not that of y, {y.shape}")
    with np.errstate(invalid="ignore"):
        # Where x and y agree, the steepness of f does not matter, even if it is infinite.
        rise = np.multiply(slope, x - y, out=np.zeros(shape), where=np.broadcast_to(x != y, shape))
        gap = values["x"] - values["y"] - (rise.sum(axis=-1) if shape else rise)
    require_entries(gap, "divergence", ~np.isnan(gap), "grad_f(y) is undefined, or infinite with both signs")
    return float(gap) if gap.ndim == 0 else gap


def fisher_information(model, theta):
    """Fisher information I(theta) = E[d log p (d log p)^T]: the curvature of D(theta||theta + delta) at delta = 0.

    Parameters
    ----------
    model : callable
        Takes theta and returns the probabilities of a finite set of outcomes, shape (k,); smooth near theta.
    theta : float or array_like, shape (d,)
        The parameter; the model gets a float or an array of shape (d,).

    Returns
    -------
    float or numpy.ndarray, shape (d, d)
        In nats per squared unit of theta: a float for a scalar theta. By central differences, extrapolated; about
        twelve digits for a smooth model.

    Raises
    ------
    TypeError, ValueError
        If model cannot be called or does not return probabilities, if theta is not finite, or if the square
        roots of the probabilities have no derivative there, as where a probability is leaving zero.

    Notes
    -----
    D(theta||theta + delta) = delta^T I delta / 2 + O(|delta|^3), in either order of the slots, if the model is
    smooth and its support stays. Computed as 4 J^T J with J the derivative of sqrt(p). S. Amari, *Information
    Geometry and Its Applications* (2016), chapter 1. Explained in the chapter *Geometry*.

    Examples
    --------
    >>> round(fisher_information(lambda p: [p, 1 - p], 0.4), 5)
    4.16667
    """
    theta, jacobian = _root_jacobian(model, theta)
    information = 4 * jacobian.T @ jacobian
    return float(information[0, 0]) if theta.ndim == 0 else information


def natural_gradient_step(model, theta, gradient, rate=1.0):
    """One step of natural gradient descent: theta - rate * I(theta)^-1 gradient, steepest in D, not in theta.

    Parameters
    ----------
    model : callable
        Takes theta and returns probabilities, as in `fisher_information`.
    theta : float or array_like, shape (d,)
        The parameter before the step.
    gradient : float or array_like, shape (d,)
        The gradient of the loss at theta.
    rate : float
        The length of the step, positive.

    Returns
    -------
    float or numpy.ndarray, shape (d,)
        The parameter after the step. Where the model ignores some direction, I is singular and the step is the
        shortest of those that do the same to the model.

    Raises
    ------
    TypeError, ValueError
        As `fisher_information`; if the shapes of theta and gradient differ, rate is not positive and finite, or
        the gradient has a part in a direction that does not change the model.

    Notes
    -----
    For the loss D(P||Q_theta) and a mean parameter of an exponential family, one step of rate 1 lands on P's own;
    in other parameters it does so only to first order. S. Amari, "Natural Gradient Works Efficiently in
    Learning", *Neural Computation* 10 (1998). Explained in the chapter *Geometry*.

    Examples
    --------
    From the coin 0.4 toward 0.7, in the mean parameter, where D has the gradient (q - p) / (q (1 - q)):

    >>> round(natural_gradient_step(lambda q: [q, 1 - q], 0.4, (0.4 - 0.7) / (0.4 * 0.6)), 9)
    0.7
    """
    gradient = finite_array(gradient, "gradient")
    rate = positive(rate, "rate")
    theta, jacobian = _root_jacobian(model, theta)
    if gradient.shape != theta.shape:
        raise ValueError(f"gradient of shape {gradient.shape} and theta of shape {theta.shape} do not match")
    slope = gradient.reshape(-1)
    _, singular, axes = np.linalg.svd(jacobian, full_matrices=False)
    seen = singular > 1e-8 * singular.max()
    along = axes[seen] @ slope
    unseen = slope - axes[seen].T @ along
    if np.linalg.norm(unseen) > 1e-6 * np.linalg.norm(slope):
        raise ValueError(f"gradient = {gradient}: it has a part, {unseen}, in which the model does not change")
    step = axes[seen].T @ (along / (4 * singular[seen] ** 2))
    after = theta - rate * step.reshape(theta.shape)
    return float(after) if after.ndim == 0 else after


def geodesic(p, q, t, kind):
    """Points on the straight line from P to Q: of mixtures, or of exponents.

    Parameters
    ----------
    p, q : array_like, shape (..., k)
        The two ends, probabilities along the last axis.
    t : float or array_like
        Where on the line, from 0 (exactly p) to 1 (exactly q).
    kind : {"mixture", "exponential"}
        (1 - t) p + t q, or the normalized p^(1 - t) q^t. The second lives on the outcomes that both ends allow;
        at an end that allows more, it jumps.

    Returns
    -------
    numpy.ndarray, shape t.shape + (..., k)
        One distribution for each t.

    Raises
    ------
    TypeError, ValueError
        If p or q are not probabilities, t is not between 0 and 1, kind is another, or, on an exponential line,
        no outcome is possible under both ends.

    Notes
    -----
    Minimizers of (1 - t) D(P||R) + t D(Q||R) and of (1 - t) D(R||P) + t D(R||Q) over R, in this order. S. Amari,
    *Information Geometry and Its Applications* (2016), chapter 2. Explained in the chapter *Geometry*.

    Examples
    --------
    >>> geodesic([0.7, 0.3], [0.4, 0.6], 0.5, "mixture")
    array([0.55, 0.45])
    >>> geodesic([0.8, 0.2], [0.5, 0.5], [0, 0.5, 1], "exponential").round(4)
    array([[0.8   , 0.2   ],
           [0.6667, 0.3333],
           [0.5   , 0.5   ]])
    """
    choice(kind, "kind", ("mixture", "exponential"))
    p, q = (probabilities(values, name, dtype=np.float64) for values, name in ((p, "p"), (q, "q")))
    shape = broadcast_shape(p, q)
    t = real_array(t, "t").astype(np.float64)
    require_entries(t, "t", (t >= 0) & (t <= 1), "a point of the line has t from 0 to 1")
    t = t.reshape(t.shape + (1,) * len(shape))
    if kind == "mixture":
        return (1 - t) * p + t * q
    common = (p > 0) & (q > 0)
    if not common.any(axis=-1).all():
        raise ValueError(f"p = {p} and q = {q} share no outcome: no exponential line joins them")
    with np.errstate(divide="ignore"):
        log_p, log_q = np.log(p), np.log(q)
    # At the ends 0 * -inf would be no number: they are set below.
    inside = np.where((t > 0) & (t < 1), t, 0.5)
    exponents = (1 - inside) * log_p + inside * log_q
    weights = np.exp(exponents - exponents.max(axis=-1, keepdims=True))
    points = weights / weights.sum(axis=-1, keepdims=True)
    return np.where(t == 0, p, np.where(t == 1, q, points))


def _root_jacobian(model, theta):
    """Return theta as an array and the derivatives of sqrt(model(theta)), shape (k, d), by Ridders' method.

    The steps are halved; each row of the tableau extrapolates its steps to zero, and the entry that agrees best
    with its neighbors wins. A step that leaves the model's domain, which gives a root that is no number or a
    ValueError, is passed over.
    """
    require_callable(model, "model")
    theta = finite_array(theta, "theta")
    if theta.ndim > 1 or theta.size == 0:
        raise ValueError(f"theta must be a number or a vector, got shape {theta.shape}")

    def value(point):
        return model(float(point) if point.ndim == 0 else point)

    def root(point):
        try:
            values = real_array(value(point), "model(theta)").astype(np.float64)
        except ValueError:
            return np.full(outcomes, np.nan)
        with np.errstate(invalid="ignore"):
            return np.sqrt(values)

    outcomes = one_distribution(value(theta.copy()), "model(theta)").size
    columns = []
    for j in range(theta.size):
        best, error, previous = None, math.inf, []
        for halvings in range(2, 42):
            step = np.zeros(theta.size)
            step[j] = max(1.0, abs(theta.reshape(-1)[j])) * 0.5**halvings
            ahead, behind = (theta + sign * step.reshape(theta.shape) for sign in (1, -1))
            width = np.sum(ahead - behind)
            row = [(root(ahead) - root(behind)) / width]
            if row[0].shape != (outcomes,) or not np.isfinite(row[0]).all():
                previous = []
                continue
            for order, coarser in enumerate(previous[:6], start=1):
                row.append(row[-1] + (row[-1] - coarser) / (4.0**order - 1))
                change = max(abs(row[-1] - row[-2]).max(), abs(row[-1] - coarser).max())
                # Narrow steps agree by chance, in the few digits that rounding leaves them.
                if change + EPS / width < error:
                    best, error = row[-1], change + EPS / width
            previous = row
        if best is None or error > 1e-5 * max(1.0, abs(best).max()):
            raise ValueError(f"model has no derivative at theta = {theta} (parameter {j}): sqrt(p) is not smooth")
        columns.append(best)
    return theta, np.stack(columns, axis=1)
