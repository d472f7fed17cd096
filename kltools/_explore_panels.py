"""What is drawn in an interactive figure: panels, and the marks in them.

Import these names from ``kltools.explore``.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from kltools._explore_tables import UNITS, coordinates, log_ticks, quantize, restore
from kltools.figures.style import ROLES


@dataclass(frozen=True)
class Bars:
    """Bars that stand on zero, or on the panel's lower edge where the axis is logarithmic.

    Parameters
    ----------
    function : callable
        ``function(...) -> (left edges, widths, heights)``, arrays of one length, in the units of the axes. Its
        arguments are the parameters it depends on. A bar that leaves the panel, to infinity too, is marked so.
    role : str
        One of ``kltools.figures.style.ROLES``.
    label : str
        Names the bars in the legend; empty for none.
    labels : sequence of str
        One name a bar, set above it; empty for none.

    Examples
    --------
    >>> Bars(lambda p: ([0, p], [p, 1 - p], [1, 1]), role="p", labels=["a", "b"]).kind
    'bars'
    """

    function: Callable
    role: str
    label: str = ""
    labels: Sequence[str] = ()
    kind: ClassVar[str] = "bars"

    def encode(self, result: Any, panel: "Panel") -> list[int]:
        """Return left edges, right edges and heights on the panel's grid."""
        left, width, height = (coordinates(*part) for part in zip(("left", "width", "height"), result, strict=True))
        if not left.shape == width.shape == height.shape:
            raise ValueError(f"left, width, height have shapes {left.shape}, {width.shape}, {height.shape}")
        if not np.all(np.isfinite(left) & np.isfinite(width) & (width >= 0)):
            raise ValueError(f"left={left}, width={width} must be finite and the widths not negative")
        if self.labels and len(self.labels) != left.size:
            raise ValueError(f"there are {left.size} bars and labels={self.labels}")
        return panel.units("x", left, left + width) + panel.units("y", height)


@dataclass(frozen=True)
class Curve:
    """A line of straight pieces, cut where it leaves the panel.

    Infinity lies far beyond the panel, and so does zero on a logarithmic axis: the line leaves the panel towards it.

    Parameters
    ----------
    function : callable
        ``function(...) -> y`` where `x` is given, else ``function(...) -> (x, y)``. Its arguments are the parameters
        it depends on.
    role : str
        One of ``kltools.figures.style.ROLES``.
    x : array_like, shape (n,), optional
        A grid that does not depend on the parameters; it keeps the page small.
    fill : bool
        Whether the area between the line and zero is hatched; on a logarithmic axis, down to the panel's edge.
    label : str
        Names the line in the legend; empty for none.

    Examples
    --------
    >>> Curve(lambda p: [p, p], role="q", x=[0, 1], label="P(a)").kind
    'curve'
    """

    function: Callable
    role: str
    x: Sequence[float] | None = None
    fill: bool = False
    label: str = ""
    kind: ClassVar[str] = "curve"

    def encode(self, result: Any, panel: "Panel") -> list[int]:
        """Return y, or x and y, on the panel's grid."""
        x, y = result if self.x is None else (self.x, result)
        x, y = coordinates("x", x), coordinates("y", y)
        if x.shape != y.shape:
            raise ValueError(f"x has shape {x.shape} and y has shape {y.shape}")
        drawn = panel.units("y", y)
        return panel.units("x", x) + drawn if self.x is None else drawn


@dataclass(frozen=True)
class Points:
    """Points with a shape for each role: round for p, square for q, diamonds for accent, triangles for neutral.

    A point outside the panel is not drawn, and neither is its name.

    Parameters
    ----------
    function : callable
        ``function(...) -> (x, y)``, arrays of one length, always the same, in the units of the axes. Its arguments
        are the parameters it depends on.
    role : str
        One of ``kltools.figures.style.ROLES``.
    label : str
        Names the points in the legend; empty for none.
    labels : sequence of str, optional
        One name a point, set where it meets no point and no other name, if possible on the side of the panel's middle.

    Examples
    --------
    >>> Points(lambda p: ([p, 1 - p], [0.5, 0.5]), role="p", labels=["P", "Q"]).kind
    'points'
    """

    function: Callable
    role: str
    label: str = ""
    labels: Sequence[str] | None = None
    kind: ClassVar[str] = "points"

    def encode(self, result: Any, panel: "Panel") -> list[int]:
        """Return x and y on the panel's grid."""
        x, y = (coordinates(*part) for part in zip("xy", result, strict=True))
        if x.shape != y.shape:
            raise ValueError(f"x has shape {x.shape} and y has shape {y.shape}")
        if self.labels and len(self.labels) != x.size:
            raise ValueError(f"there are {x.size} points and labels={self.labels}")
        return panel.units("x", x) + panel.units("y", y)


@dataclass(frozen=True)
class Band:
    """The area between two lines over a fixed grid, hatched as its role and cut where it leaves the panel.

    Parameters
    ----------
    function : callable
        ``function(...) -> (lower, upper)``, two arrays of shape (n,), lower at most upper; both may be infinite. Its
        arguments are the parameters it depends on.
    role : str
        One of ``kltools.figures.style.ROLES``.
    x : array_like, shape (n,), n at least 2
        The grid.
    label : str
        Names the area in the legend; empty for none.

    Examples
    --------
    >>> Band(lambda width: ([-width, -width], [width, width]), role="q", x=[0, 1]).kind
    'band'
    """

    function: Callable
    role: str
    x: Sequence[float]
    label: str = ""
    kind: ClassVar[str] = "band"

    def encode(self, result: Any, panel: "Panel") -> list[int]:
        """Return the lower and the upper line on the panel's grid."""
        x = coordinates("x", self.x)
        lower, upper = (coordinates(*part) for part in zip(("lower", "upper"), result, strict=True))
        if not x.shape == lower.shape == upper.shape or x.size < 2:
            raise ValueError(
                f"x, lower, upper have shapes {x.shape}, {lower.shape}, {upper.shape}, not (n,) with n at least 2"
            )
        if np.any(lower > upper):
            at = np.flatnonzero(lower > upper)[0]
            raise ValueError(f"lower={lower[at]} is above upper={upper[at]} at index {at}")
        return panel.units("y", lower, upper)


@dataclass(frozen=True)
class Rule:
    """Thin lines across the whole panel; one that lies outside is not drawn.

    Parameters
    ----------
    function : callable
        ``function(...) -> level``, one number or an array of them, always as many. Its arguments are the parameters
        it depends on.
    role : str
        One of ``kltools.figures.style.ROLES``.
    label : str
        Names the lines in the legend; empty for none.
    vertical : bool
        Whether a level is a place on the x axis, and its line stands upright.

    Examples
    --------
    >>> Rule(lambda p: p, role="accent", vertical=True, label="threshold").kind
    'rule'
    """

    function: Callable
    role: str
    label: str = ""
    vertical: bool = False
    kind: ClassVar[str] = "rule"

    def encode(self, result: Any, panel: "Panel") -> list[int]:
        """Return the levels on the panel's grid."""
        return panel.units("x" if self.vertical else "y", coordinates("level", np.atleast_1d(result)))


@dataclass(frozen=True)
class Panel:
    """A pair of axes with fixed limits, and the marks drawn in it, the first at the back.

    Parameters
    ----------
    title, xlabel, ylabel : str
        The words around it.
    xlim, ylim : tuple of float
        The ends of the axes; what lies outside is cut.
    marks : sequence of Bars, Curve, Points, Band and Rule
        What is drawn.
    xscale, yscale : {"linear", "log"}
        How the axis runs. On a logarithmic one zero lies below every limit, and a negative value is refused.
    xnames : sequence of (float, str)
        Places to mark on the x axis by a name instead of round numbers; a single empty name marks nothing.

    Raises
    ------
    ValueError
        If limits are not finite and increasing, on a logarithmic axis not positive or without two round numbers
        between them, if a scale or a mark's role is unknown, or if a named place lies outside.

    Examples
    --------
    >>> Panel("Coin", xlabel="flip", ylabel="bit", xlim=(0, 1), ylim=(0, 8), marks=[]).ylim
    (0.0, 8.0)
    """

    title: str
    xlabel: str
    ylabel: str
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    marks: Sequence[Bars | Curve | Points | Band | Rule]
    xscale: str = "linear"
    yscale: str = "linear"
    xnames: Sequence[tuple[float, str]] = ()

    def __post_init__(self):
        for axis in "xy":
            (low, high), scale = map(float, getattr(self, f"{axis}lim")), getattr(self, f"{axis}scale")
            given = f"panel {self.title!r}: {axis}lim={(low, high)}"
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise ValueError(f"{given} must be finite and increasing")
            if scale not in ("linear", "log"):
                raise ValueError(f"panel {self.title!r}: {axis}scale={scale!r} is neither 'linear' nor 'log'")
            if scale == "log" and low <= 0:
                raise ValueError(f"{given} must be positive on a logarithmic axis")
            if scale == "log" and not log_ticks((low, high)):
                raise ValueError(f"{given} hold fewer than two round numbers to mark on a logarithmic axis")
            object.__setattr__(self, f"{axis}lim", (low, high))
        for place, name in self.xnames:
            if not self.xlim[0] <= place <= self.xlim[1]:
                raise ValueError(f"panel {self.title!r}: the name {name!r} stands at {place}, outside of {self.xlim}")
        for mark in self.marks:
            if mark.role not in ROLES:
                raise ValueError(f"panel {self.title!r}: role={mark.role!r} is not one of {sorted(ROLES)}")

    def units(self, axis: str, *values: np.ndarray) -> list[int]:
        """Return values on the x or y axis as whole parts of it, one array after the other."""
        limits, scale = getattr(self, f"{axis}lim"), getattr(self, f"{axis}scale")
        return quantize(np.concatenate(values), limits, scale).tolist()

    def data(self, axis: str, units: Sequence[int]) -> np.ndarray:
        """Return the values that stand at these parts of the x or y axis."""
        return restore(units, getattr(self, f"{axis}lim"), getattr(self, f"{axis}scale"))

    def ticks(self, axis: str) -> list[tuple[float, str]]:
        """Return the values to mark, with their labels: named places or powers; none for round numbers."""
        if axis == "x" and self.xnames:
            return list(self.xnames)
        return log_ticks(getattr(self, f"{axis}lim")) if getattr(self, f"{axis}scale") == "log" else []

    @property
    def floor(self) -> int:
        """Where bars and areas stand on the y axis, in parts of it: zero, below the panel on a logarithmic axis."""
        return -UNITS if self.yscale == "log" else self.units("y", [0.0])[0]
