"""How every figure of the book looks: one style for P, one for Q, never color alone.

P is blue, solid and hatched ``//``; Q is orange, dashed and hatched ``\\\\``. A figure carries the
sentence that a reader needs who does not see it, and that sentence is computed from the same data.
"""

import io
from dataclasses import dataclass

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure


@dataclass(frozen=True)
class Role:
    """The look of one distribution: colors for light and dark, line, dash pattern and hatch.

    Attributes
    ----------
    color, dark : str
        Hexadecimal color on a light card and on a dark page.
    linestyle : str
        Line style of matplotlib.
    dash : str
        The same line as an SVG ``stroke-dasharray``.
    hatch : str
        Hatch of matplotlib; empty for none.
    """

    color: str
    dark: str
    linestyle: str
    dash: str
    hatch: str


ROLES = {
    "p": Role("#1b5ea8", "#7cb8ff", "-", "none", "//"),
    "q": Role("#b04a00", "#ffae66", "--", "7 4", "\\\\"),
    "neutral": Role("#565d67", "#aab3bf", "-", "none", ""),
    "accent": Role("#6b2f8a", "#d3a6f2", ":", "2 3", ".."),
}

_RC = {
    "svg.hashsalt": "kltools",
    "svg.fonttype": "path",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "hatch.linewidth": 0.7,
    "figure.facecolor": "white",
}


def new_figure(width: float = 5.6, height: float = 3.4) -> Figure:
    """Make an empty figure of the given size in inches; no global state of pyplot is touched."""
    with matplotlib.rc_context(_RC):
        return Figure(figsize=(width, height), layout="constrained")


def add_axes(figure: Figure, rows: int = 1, columns: int = 1, **options):
    """Add subplots to a figure in the book's style; options go to ``Figure.subplots``."""
    with matplotlib.rc_context(_RC):
        return figure.subplots(rows, columns, **options)


def hatched(role: str) -> tuple[dict, dict]:
    """Return the look of a bar as options of its two layers: the tint, then the outline with its hatch.

    One bar with both would lose its hatch in SVG, where matplotlib paints the face into the hatch, opaque.
    """
    look = ROLES[role]
    tint = {"facecolor": look.color + "2e", "edgecolor": "none"}
    outline = {"facecolor": "none", "edgecolor": look.color, "hatch": look.hatch, "linestyle": look.linestyle}
    return tint, {**outline, "linewidth": 1.3}


def bars(axes: Axes, left, heights, widths, role: str, label: str = "") -> None:
    """Draw bars from their left edges in the look of a role, hatched so that gray print still tells."""
    with matplotlib.rc_context(_RC):
        for layer, name in zip(hatched(role), ("", label), strict=True):
            axes.bar(left, heights, widths, align="edge", label=name, **layer)


def line(axes: Axes, x, y, role: str, **options):
    """Draw a curve in the look of a role."""
    look = ROLES[role]
    return axes.plot(x, y, color=look.color, linestyle=look.linestyle, **{"linewidth": 2, **options})


def legend_above(axes: Axes, columns: int) -> None:
    """Name what is drawn above the axes, where nothing is drawn."""
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    axes.legend(frameon=False, fontsize=10, ncols=columns, columnspacing=1.5, **place)


def svg_text(figure: Figure) -> str:
    """Return the figure as SVG text that is the same in every build: salted ids, no date."""
    out = io.StringIO()
    with matplotlib.rc_context(_RC):
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def png_bytes(figure: Figure, dpi: int = 110) -> bytes:
    """Return the figure as PNG bytes."""
    out = io.BytesIO()
    with matplotlib.rc_context(_RC):
        figure.savefig(out, format="png", dpi=dpi)
    return out.getvalue()


class DescribedFigure:
    """A figure with the sentence that says what it shows.

    In a notebook it shows itself as SVG, with PNG beside it for notebooks that are not trusted yet;
    the sentence is the alternative text of both and the plain text of the output.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The picture.
    description : str
        What a reader needs who does not see it, numbers included.
    """

    def __init__(self, figure: Figure, description: str):
        self.figure = figure
        self.description = " ".join(description.split())

    def __repr__(self) -> str:
        return self.description

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {
            "image/svg+xml": svg_text(self.figure),
            "image/png": png_bytes(self.figure),
            "text/plain": self.description,
        }
        alt = {"alt": self.description}
        return data, {"image/svg+xml": alt, "image/png": alt}
