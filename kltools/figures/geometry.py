"""Figures of the chapter *Geometry*."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.optimize import brentq

from kltools.divergence import kl_divergence
from kltools.explore import Curve, Explorer, Panel, Points, Readout, Slider
from kltools.figures.style import ROLES, DescribedFigure, add_axes, line, new_figure
from kltools.geometry import i_projection

FACES = np.array([1.0, 2.0, 3.0])
RAYS = 120  # points of the edge of a ball, besides those towards the three corners


def _negative_entropy(p):
    return p * np.log(p) + (1 - p) * np.log(1 - p)


def _tangent(at, p):
    return _negative_entropy(at) + np.log(at / (1 - at)) * (p - at)


def tangent_gaps(p: float, q: float) -> DescribedFigure:
    """Draw the negative entropy of a coin with its tangents at q and at p, and the gaps that are D.

    Parameters
    ----------
    p, q : float
        Probabilities of heads, between 0 and 1.

    Returns
    -------
    DescribedFigure
        The gap at p above the tangent at q is D(P||Q); the gap at q above the tangent at p is D(Q||P).

    Notes
    -----
    Explained in the chapter *Geometry*.
    """
    grid = np.linspace(0.002, 0.998, 400)
    figure = new_figure(5.6, 3.7)
    axes = add_axes(figure)
    line(axes, grid, _negative_entropy(grid), "neutral", label="F, the negative entropy")
    told = {}
    for at, other, role, name, other_name in ((q, p, "q", "Q", "P"), (p, q, "p", "P", "Q")):
        reach = np.array([min(p, q) - 0.12, max(p, q) + 0.12])
        line(axes, reach, _tangent(at, reach), role, label=f"tangent at {name}", linewidth=1.5)
        low, high = _tangent(at, other), _negative_entropy(other)
        axes.vlines(other, low, high, color=ROLES[role].color, linewidth=4)
        told[other_name + name] = kl_divergence([other, 1 - other], [at, 1 - at])
        axes.annotate(
            f"D({other_name}∥{name}) = {high - low:.4f}",
            (other, (low + high) / 2),
            xytext=(8 if other > at else -8, -4),
            textcoords="offset points",
            ha="left" if other > at else "right",
            color=ROLES[role].color,
        )
    for place, role, marker in ((p, "p", "o"), (q, "q", "s")):
        axes.plot(place, _negative_entropy(place), marker, color=ROLES[role].color, markersize=7)
    axes.set(xlabel="probability of heads", ylabel="nat", xlim=(0, 1), ylim=(-1, 0.05))
    axes.legend(loc="upper center", frameon=False)
    return DescribedFigure(
        figure,
        f"The convex curve F with two tangents. The tangent at q = {q:g} passes {told['PQ']:.4f} nat below the curve "
        f"at p = {p:g}, which is D(P∥Q); the tangent at p passes {told['QP']:.4f} nat below the curve at q, which "
        "is D(Q∥P).",
    )


def lower_bounds(variations, divergences, p, q) -> DescribedFigure:
    """Draw pairs of distributions by total variation and divergence, above the two lower bounds.

    Parameters
    ----------
    variations, divergences : array_like, shape (n,)
        Total variation and D(P||Q) in nats of n pairs.
    p, q : array_like, shape (k,)
        A pair to mark.

    Returns
    -------
    DescribedFigure
        The pairs as dots with the bounds of Pinsker and of Bretagnolle and Huber as curves.

    Notes
    -----
    Explained in the chapter *Geometry*.
    """
    variations, divergences = np.asarray(variations), np.asarray(divergences)
    t = np.linspace(0, 0.9999, 500)
    pinsker, huber = 2 * t**2, -np.log1p(-(t**2))
    crossing = brentq(lambda t: 2 * t**2 + np.log1p(-(t**2)), 0.5, 0.999)
    figure = new_figure(5.6, 3.5)
    axes = add_axes(figure)
    axes.plot(variations, divergences, ".", color=ROLES["neutral"].color, alpha=0.5, markersize=3, label="random pairs")
    line(axes, t, pinsker, "accent", label="Pinsker")
    line(axes, t, huber, "q", label="Bretagnolle and Huber")
    mark = float(np.abs(np.subtract(p, q)).sum() / 2), kl_divergence(p, q)
    axes.plot(*mark, "o", color=ROLES["p"].color, markersize=8, label="the running coin")
    axes.set(xlabel="total variation", ylabel="D(P∥Q) (nat)", xlim=(0, 1), ylim=(0, 4))
    axes.legend(loc="upper left", framealpha=1)
    floor = np.maximum(2 * variations**2, -np.log1p(-(variations**2)))
    return DescribedFigure(
        figure,
        f"Divergence against total variation for {len(variations):,} random pairs; "
        f"{int((divergences > 4).sum())} lie above the drawing "
        f"and {int((divergences < floor).sum())} of them lie below a bound. The bound of Pinsker is the higher "
        f"one up to total variation {crossing:.4f}, that of Bretagnolle and Huber beyond. The running coin lies at "
        f"{mark[0]:.4f} and {mark[1]:.4f} nat.",
    )


def fitting_steps(remaining: Sequence[float], limit: float) -> DescribedFigure:
    """Draw how far each step of iterative proportional fitting still is from its limit.

    Parameters
    ----------
    remaining : sequence of float
        D(data||fit) after each step, in bits.
    limit : float
        D(data||fit) of the limit, in bits, below all of them.

    Returns
    -------
    DescribedFigure
        The excess over the limit on a logarithmic axis.

    Notes
    -----
    Explained in the chapter *Geometry*.
    """
    excess = np.asarray(remaining) - limit
    steps = np.arange(1, len(excess) + 1)
    figure = new_figure(5.6, 2.9)
    axes = add_axes(figure)
    line(axes, steps, excess, "q", marker="s", markersize=5)
    axes.set(yscale="log", xlabel="projections done", ylabel="excess of D over its limit (bit)")
    rate = (excess[-1] / excess[0]) ** (1 / (len(excess) - 1))
    return DescribedFigure(
        figure,
        f"The divergence of the data from the fit, less its limit of {limit:.7f} bit, falls from {excess[0]:.1e} bit "
        f"after the first projection to {excess[-1]:.1e} after {len(excess)}, by a factor of {rate:.2f} a projection "
        "on the average.",
    )


@cache
def _reference(q_first: float) -> np.ndarray:
    return np.array([q_first, (1 - q_first) / 2, (1 - q_first) / 2])


@cache
def _nearest_before(q_first: float, mean: float) -> np.ndarray:
    """The P of this mean with the least D(P||Q): a tilt of Q."""
    return i_projection(_reference(q_first), FACES, mean).distribution


@cache
def _nearest_behind(q_first: float, mean: float) -> np.ndarray:
    """The S of this mean with the least D(Q||S): s = q / (1 + mu (face - mean)), by Lagrange's rule."""
    q, moved = _reference(q_first), FACES - mean
    ends = -1 / moved.max(), -1 / moved.min()
    inside = [end * (1 - 1e-12) for end in ends]
    mu = brentq(lambda mu: np.sum(q * moved / (1 + mu * moved)), *inside, xtol=1e-15)
    return q / (1 + mu * moved)


def _place(p) -> tuple:
    """Where a distribution on three faces stands in the picture: its mean, and its probability of a 2."""
    p = np.asarray(p)
    return p @ FACES, p[..., 1]


def _on_line(mean: float, height: float) -> np.ndarray:
    """The distribution of this mean that stands the given share of the way up its line."""
    second = height * (1 - abs(mean - 2))
    third = (mean - 1 - second) / 2
    return np.maximum([1 - second - third, second, third], 0)


def _ball(q, touched, divergence_to) -> tuple[np.ndarray, np.ndarray]:
    """The edge of the ball around q through `touched`: a root on each ray, or the ray's end at the border."""
    level = divergence_to(touched)
    x, y = np.subtract(_place(touched), _place(q))
    first = np.arctan2(y, x)
    turns = np.linspace(0, 2 * np.pi, RAYS)
    turns -= 0.5 * np.sin(turns)  # close together where the edge touches the line
    across, up = (place - own for place, own in zip(_place(np.eye(3)), _place(q), strict=True))
    corners = (np.arctan2(up, across) - first) % (2 * np.pi)
    angles = first + np.sort(np.concatenate([turns, corners]))
    second, mean = np.sin(angles), np.cos(angles)
    third = (mean - second) / 2
    ray = np.stack([-second - third, second, third], axis=-1)
    ends = np.min(np.where(ray < 0, -q / np.where(ray < 0, ray, -1), np.inf), axis=-1)
    low, high = np.zeros_like(ends), ends
    for _ in range(50):
        middle = (low + high) / 2
        inside = divergence_to(np.maximum(q + middle[:, np.newaxis] * ray, 0)) <= level
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return _place(q + high[:, np.newaxis] * ray)


def projection_triangle() -> Explorer:
    """Make the interactive figure of the chapter: all distributions on the faces 1, 2, 3 as a triangle.

    A distribution stands at its mean, and as high as its probability of a 2; a constraint on the mean is a line.

    Returns
    -------
    Explorer
        Sliders for Q, for the mean and for a point R of the line, with the nearest points of both directions.

    Notes
    -----
    Explained in the chapter *Geometry*.
    """

    def ball_before(q_first, mean):
        q = _reference(q_first)
        return _ball(q, _nearest_before(q_first, mean), lambda p: kl_divergence(p, q))

    def ball_behind(q_first, mean):
        q = _reference(q_first)
        return _ball(q, _nearest_behind(q_first, mean), lambda p: kl_divergence(q, p))

    def tilts(q_first):
        turns = np.linspace(-6, 6, 61)[:, np.newaxis]
        weights = _reference(q_first) * np.exp(turns * (FACES - 2))
        return _place(weights / weights.sum(axis=-1, keepdims=True))

    def means(mean):
        return [mean, mean], [0, 1 - abs(mean - 2)]

    def point(distribution):
        x, y = _place(distribution)
        return [x], [y]

    def road(q_first, mean, height, by):
        r, stop, q = _on_line(mean, height), by(q_first, mean), _reference(q_first)
        return kl_divergence(r, stop) + kl_divergence(stop, q)

    tenths = np.round(np.arange(0.1, 0.85, 0.1), 1)
    return Explorer(
        title="Two nearest points on a line of constant mean",
        parameters=[
            Slider("q_first", "Q(1); the rest is split evenly", steps=tenths, start=0.6, digits=1),
            Slider("mean", "mean on the line", steps=np.arange(1.2, 2.85, 0.1), start=2.2, digits=1),
            Slider(
                "height", "R, as a share of the way up the line", steps=np.arange(0, 1.05, 0.1), start=0.7, digits=1
            ),
        ],
        panels=[
            Panel(
                "Each point of the triangle is a distribution on the faces 1, 2 and 3",
                xlabel="mean of the faces",
                ylabel="probability of face 2",
                xlim=(0.9, 3.1),
                ylim=(-0.05, 1.05),
                marks=[
                    Curve(lambda: ([1, 2, 3, 1], [0, 1, 0, 0]), role="neutral"),
                    Curve(means, role="neutral"),
                    Curve(tilts, role="q", label="tilts of Q"),
                    Curve(ball_before, role="p", label="edge of D(·∥Q) ≤ D(P*∥Q)"),
                    Curve(ball_behind, role="accent", label="edge of D(Q∥·) ≤ D(Q∥S)"),
                    Points(lambda q_first: point(_reference(q_first)), role="q", labels=["Q"]),
                    Points(lambda q_first, mean: point(_nearest_before(q_first, mean)), role="p", labels=["P*"]),
                    Points(lambda q_first, mean: point(_nearest_behind(q_first, mean)), role="accent", labels=["S"]),
                    Points(lambda mean, height: point(_on_line(mean, height)), role="neutral", labels=["R"]),
                ],
            )
        ],
        readouts=[
            Readout(
                "direct",
                "D(R∥Q)",
                lambda q_first, mean, height: kl_divergence(_on_line(mean, height), _reference(q_first)),
                unit="nat",
            ),
            Readout(
                "by_nearest",
                "D(R∥P*) + D(P*∥Q)",
                lambda q_first, mean, height: road(q_first, mean, height, _nearest_before),
                unit="nat",
            ),
            Readout(
                "by_other",
                "D(R∥S) + D(S∥Q)",
                lambda q_first, mean, height: road(q_first, mean, height, _nearest_behind),
                unit="nat",
            ),
            Readout(
                "least",
                "D(P*∥Q)",
                lambda q_first, mean: kl_divergence(_nearest_before(q_first, mean), _reference(q_first)),
                unit="nat",
            ),
            Readout(
                "least_other",
                "D(Q∥S)",
                lambda q_first, mean: kl_divergence(_reference(q_first), _nearest_behind(q_first, mean)),
                unit="nat",
            ),
            Readout("first", "P*(1)", lambda q_first, mean: _nearest_before(q_first, mean)[0]),
            Readout("first_other", "S(1)", lambda q_first, mean: _nearest_behind(q_first, mean)[0]),
        ],
        sentence=(
            "Q gives {q_first} to face 1. Of the distributions with mean {mean}, P* has the least D(P∥Q), {least}; "
            "S has the least D(Q∥S), {least_other}. From R, D(R∥Q) is {direct}; by P* the sum is {by_nearest}, "
            "by S {by_other}."
        ),
    )
