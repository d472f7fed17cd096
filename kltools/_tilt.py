"""The tilt behind both projections: damped Newton on the convex dual, and the face where no finite tilt exists.

With ``g_i = f_i - moments``, a point for each outcome, the dual is ``-log sum_i q_i exp(lambda . g_i)``. Its
supremum is the least D(P||q) among the P with E_P[g] = 0, attained if 0 lies in the relative interior of the
hull of the points. If 0 lies on the boundary, every such P lives on a face, and the problem is solved there.
"""

import math
from dataclasses import dataclass

import numpy as np

EPS = np.finfo(np.float64).eps
RANK = 1e-12  # singular values below it, of rows of size 1, are rounding
ABOVE, BELOW = 1e-11, 1e-8  # no point is farther above a supporting plane; points nearer below lie on it
STEPS = 200


@dataclass(frozen=True)
class Tilt:
    """``distribution ~ q exp(multipliers . features)`` on its support; no P that fits has a D below `dual`."""

    distribution: np.ndarray
    multipliers: np.ndarray
    dual: float
    residual: float
    iterations: int
    boundary: bool


def tilt(q, features, moments):
    """Return the `Tilt` of q, of shape (k,), whose means of `features` (m, k) are `moments` (m,).

    Returns None if no distribution on the support of q has these moments.

    Raises
    ------
    ValueError
        If the moments are so near to the boundary that double precision cannot meet them.
    """
    alive = support = np.flatnonzero(q)
    g = features - moments[:, np.newaxis]
    size = np.maximum(abs(features[:, support]).max(axis=1), abs(moments))
    scale = abs(g[:, support]).max(axis=1)
    constant = scale <= 1e-13 * size
    scale[constant] = 1.0
    rounding = (8 * EPS * size / scale)[:, np.newaxis]
    rows = np.where(constant[:, np.newaxis], 0.0, g / scale[:, np.newaxis])
    iterations = 0
    while True:
        here = rows[:, alive]
        above, below = here > rounding, here < -rounding
        one_sided = above.any(axis=1) != below.any(axis=1)
        if one_sided.any():  # a moment at an end of its range, or beyond
            on_face = ~(above | below)[one_sided].any(axis=0)
        else:
            left, singular, _ = np.linalg.svd(here, full_matrices=False)
            rank = int((singular > RANK * math.sqrt(alive.size)).sum())
            # Made from the rows: the right vectors of the decomposition have lost the digits of their small entries.
            points = (left[:, :rank] / singular[:rank]).T @ here * math.sqrt(alive.size)
            theta, p, slope, steps = _newton(np.log(q[alive]), points)
            iterations += steps
            # If no probability is as small as the slope and its rounding, p can be moved by less to fit exactly.
            interior = rank <= 1 or p.min() > np.linalg.norm(slope) + EPS * alive.size
            on_face = None if interior else _supporting_plane(points)
            if on_face is None:
                break
        alive = alive[on_face]
        if alive.size == 0:
            return None

    if not abs(here @ p).max() <= 1e-9:
        raise ValueError(f"moments = {moments} are too near to the boundary of what is possible to be solved for")
    # Of all multipliers with these weights, the shortest in the scale of the rows.
    multipliers = left[:, :rank] @ (theta * math.sqrt(alive.size) / singular[:rank]) / scale
    distribution = np.zeros_like(q)
    distribution[alive] = p
    dual = -_log_sum_exp(np.log(q[alive]) + multipliers @ g[:, alive])
    residual = float(abs(g[:, alive] @ p).max())
    return Tilt(distribution, multipliers, dual, residual, iterations, alive.size < support.size)


def attainable_range(q, features, moments, j):
    """Return the least and the largest mean of feature j on the support of q, given the moments before it.

    Returns None if the solver does not answer.
    """
    from scipy.optimize import linprog

    values = features[:, q > 0]
    constraints = np.vstack([values[:j], np.ones(values.shape[1])])
    ends = [linprog(sign * values[j], A_eq=constraints, b_eq=[*moments[:j], 1.0]) for sign in (1, -1)]
    return (ends[0].fun, -ends[1].fun) if all(end.success for end in ends) else None


def _newton(log_q, points):
    """Minimize ``log sum q exp(theta . points)``; return theta, the tilted q, the gradient and the steps taken."""
    theta = np.zeros(len(points))
    value, p, slope = _dual(log_q, points, theta)
    bound = log_q.min() - 1  # D(P||q) is at most -log(min q): a dual beyond it has no P that fits
    for step_count in range(STEPS):
        norm = np.linalg.norm(slope)
        if norm == 0 or value < bound:
            return theta, p, slope, step_count
        centered = points - slope[:, np.newaxis]
        curvatures, axes = np.linalg.eigh((centered * p) @ centered.T)
        # A ridge that vanishes with the slope keeps both a flat direction and the quadratic convergence.
        step = -axes @ ((axes.T @ slope) / (np.maximum(curvatures, 0) + 1e-8 * norm))
        decrease = -slope @ step
        for halvings in range(40):
            part = 0.5**halvings
            new_value, new_p, new_slope = _dual(log_q, points, theta + part * step)
            # Below 1e-9 the values are rounding; the slope still tells better from worse.
            if new_value <= value - 1e-4 * part * decrease if decrease > 1e-9 else np.linalg.norm(new_slope) < norm:
                break
        else:
            return theta, p, slope, step_count
        theta, value, p, slope = theta + part * step, new_value, new_p, new_slope
    return theta, p, slope, STEPS


def _dual(log_q, points, theta):
    log_weights = log_q + theta @ points
    value = _log_sum_exp(log_weights)
    p = np.exp(log_weights - value)
    p /= p.sum()
    return value, p, points @ p


def _log_sum_exp(x):
    top = x.max()
    return float(top + np.log(np.exp(x - top).sum()))


def _supporting_plane(points):
    """Return which points lie on a plane through 0 that has all others on one side; None if there is no plane.

    Nothing on the plane: 0 lies outside of the hull (a theorem of alternatives, by Gordan and Stiemke).
    """
    from scipy.optimize import linprog

    points = points / abs(points).max()
    options = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(points.mean(axis=1), A_ub=points.T, b_ub=np.zeros(points.shape[1]), bounds=(-1, 1), options=options)
    if not found.success:
        return None
    level = found.x @ points
    return None if level.max() > ABOVE or level.min() >= -BELOW else level >= -BELOW
