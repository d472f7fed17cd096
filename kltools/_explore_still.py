"""The still picture of an interactive figure, drawn from the same rows as the page that moves."""

from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from kltools._explore_panels import Band, Bars, Curve, Panel, Points, Rule
from kltools._explore_tables import UNITS
from kltools.figures.style import ROLES, bars, hatched, line

# For each role the marker of matplotlib, and the same as an SVG path from the point's place.
MARKERS = {
    "p": ("o", "m-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0Z"),
    "q": ("s", "m-4.5 -4.5h9v9h-9Z"),
    "accent": ("D", "m0 -6.5l6.5 6.5l-6.5 6.5l-6.5 -6.5Z"),
    "neutral": ("^", "m0 -6l6 10.5h-12Z"),
}
# Where the name of a point may stand, the best place first: on the side of the panel's middle; then up is positive.
AROUND = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)]


def draw_panel(ax: Axes, panel: Panel, rows: list[list[int]], wrap: int) -> None:
    """Draw a panel, its marks from their rows, its title in lines of `wrap` letters."""
    for mark, row in zip(panel.marks, rows, strict=True):
        _DRAW[type(mark)](ax, panel, mark, np.asarray(row))
    ax.set(xlim=panel.xlim, ylim=panel.ylim, xlabel=panel.xlabel, ylabel=panel.ylabel)
    ax.set_title(fill(panel.title, wrap), loc="left")
    if any(mark.label for mark in panel.marks):
        ax.legend(framealpha=0.85, edgecolor="none")
    _name_points(ax, panel, rows)
    for axis in "xy":
        if panel.ticks(axis):
            values, labels = zip(*panel.ticks(axis), strict=True)
            getattr(ax, f"set_{axis}scale")(getattr(panel, f"{axis}scale"))
            getattr(ax, f"set_{axis}ticks")(values, labels)
            getattr(ax, f"set_{axis}ticks")([], minor=True)


def within(units: np.ndarray) -> np.ndarray:
    """Return whether each place lies on the axis."""
    return (units >= 0) & (units <= UNITS)


def _shade(ax: Axes, x: np.ndarray, lower: np.ndarray, upper: np.ndarray, role: str, label: str = "") -> None:
    """Fill between two lines with a tint, then a hatch: one layer with both would lose the hatch in SVG."""
    for layer, name in zip(hatched(role), ("", label), strict=True):
        ax.fill_between(x, lower, upper, label=name, **{**layer, "linewidth": 0, "linestyle": "-"})


def _draw_bars(ax: Axes, panel: Panel, mark: Bars, row: np.ndarray) -> None:
    starts, ends, tops = row.reshape(3, -1)
    left, right, heights = panel.data("x", starts), panel.data("x", ends), panel.data("y", tops)
    bars(ax, left, heights, right - left, mark.role, label=mark.label)
    middles = (starts + ends) / 2
    for name, middle, top in zip(mark.labels or [""] * len(tops), middles, tops, strict=True):
        if within(middle) and top >= 0:
            ax.annotate(
                f"↑{name}" if top > UNITS else name,
                (panel.data("x", middle), panel.data("y", min(top, UNITS))),
                (0, 3),
                textcoords="offset points",
                ha="center",
            )


def _draw_curve(ax: Axes, panel: Panel, mark: Curve, row: np.ndarray) -> None:
    xs, ys = (panel.units("x", mark.x), row) if mark.x is not None else row.reshape(2, -1)
    x, y = panel.data("x", xs), panel.data("y", ys)
    line(ax, x, y, mark.role, label=mark.label)
    if mark.fill:
        _shade(ax, x, np.full_like(y, panel.data("y", panel.floor)), y, mark.role)


def _draw_points(ax: Axes, panel: Panel, mark: Points, row: np.ndarray) -> None:
    xs, ys = row.reshape(2, -1)
    seen = within(xs) & within(ys)
    x, y = panel.data("x", xs), panel.data("y", ys)
    ax.plot(
        x[seen],
        y[seen],
        MARKERS[mark.role][0],
        color=ROLES[mark.role].color,
        markeredgecolor="white",
        markersize=8,
        clip_on=False,
        label=mark.label,
    )


def _name_points(ax: Axes, panel: Panel, rows: list[list[int]]) -> None:
    """Set each name where it meets no point and no other name, as the script does."""
    size = ax.get_position().size * ax.figure.get_size_inches() * 72  # roughly: the layout comes later
    marks = zip(panel.marks, rows, strict=True)
    dots = [(mark, np.reshape(row, (2, -1)).T) for mark, row in marks if isinstance(mark, Points)]
    taken = [(*(place / UNITS * size), 4) for _, places in dots for place in places]  # middles and half widths

    def clear(x: float, y: float, half: float) -> bool:
        return all(abs(other_x - x) >= half + other or abs(other_y - y) >= 11 for other_x, other_y, other in taken)

    for mark, places in dots:
        for name, place in zip(mark.labels or [""] * len(places), places, strict=True):
            if not (name and within(place).all()):
                continue
            (x, y), half = place / UNITS * size, 2 + 3.5 * len(name)
            side = 1 if place[0] <= UNITS / 2 else -1
            moves = [(side * across * (half + 6), 13 * up) for across, up in AROUND]
            move = next((move for move in moves if clear(x + move[0], y + move[1], half)), moves[0])
            taken.append((x + move[0], y + move[1], half))
            at = panel.data("x", place[0]), panel.data("y", place[1])
            text = ax.annotate(name, at, move, textcoords="offset points", ha="center", va="center")
            text.set_path_effects([withStroke(linewidth=3, foreground="white")])


def _draw_band(ax: Axes, panel: Panel, mark: Band, row: np.ndarray) -> None:
    x = panel.data("x", panel.units("x", mark.x))
    edges = panel.data("y", row).reshape(2, -1)
    _shade(ax, x, *edges, mark.role, mark.label)
    for edge in edges:
        line(ax, x, edge, mark.role, linewidth=1)


def _draw_rule(ax: Axes, panel: Panel, mark: Rule, row: np.ndarray) -> None:
    across = ax.axvline if mark.vertical else ax.axhline
    look = {"color": ROLES[mark.role].color, "linestyle": ROLES[mark.role].linestyle, "linewidth": 1}
    for level in panel.data("x" if mark.vertical else "y", row[within(row)]):
        across(level, **look)
    if mark.label:  # also where no level lies in the panel
        upright = {"linestyle": "none", "marker": "|", "markersize": 12} if mark.vertical else {}
        ax.plot([], [], label=mark.label, **{**look, **upright})


_DRAW = {Bars: _draw_bars, Curve: _draw_curve, Points: _draw_points, Band: _draw_band, Rule: _draw_rule}
