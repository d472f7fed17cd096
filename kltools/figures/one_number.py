"""Figures of the page *One number, seven views*."""

from functools import cache

import numpy as np
from matplotlib.patches import FancyBboxPatch

from kltools.divergence import kl_divergence
from kltools.explore import Bars, Choice, Curve, Explorer, Panel, Points, Readout, Rule, Slider
from kltools.figures.style import ROLES, DescribedFigure, add_axes, line, new_figure
from kltools.one_number import SevenViews, View, seven_views

# The map: where each box stands, in inches, what it says, and which two are joined.
PLACES = {
    "Surprise": (1.2, 4.65, "$-\\log q$,\nno coder"),
    "Coding": (3.7, 4.65, "length\n$-\\log q$"),
    "Likelihood": (1.2, 3.35, "$q$ itself"),
    "Betting": (3.7, 3.35, "factor\n$q$ × odds"),
    "Testing": (0.86, 1.75, "adds the law\nfor finite $n$"),
    "Geometry": (2.45, 1.75, "adds\nprojections"),
    "Optimization": (4.04, 1.75, "adds the slot\nthat moves"),
    "ELBO": (4.04, 0.48, "reverses\nthe slots"),
}
WIDTH, HEIGHT = 4.9, 5.4
BOX, TALL = 1.42, 0.86
FRAME = (0.1, 2.75, 4.7, 2.55)  # left, bottom, width, height: all that is one identity
RESTATE = (("Surprise", "Coding"), ("Coding", "Likelihood"), ("Coding", "Betting"), ("Betting", "Likelihood"))
ADD = ("Testing", "Geometry", "Optimization")
EXACT = ("surprise", "geometry", "optimization", "ELBO")


def _range(view: View) -> tuple[float, float]:
    """Return what a view's bounds and four standard errors leave for D."""
    return view.low - 4 * view.standard_error, view.high + 4 * view.standard_error


def seven_ranges(views: SevenViews, divergence: float) -> DescribedFigure:
    """Draw what each view gives for D(P||Q), and how far D may lie from it by the view's own account.

    Parameters
    ----------
    views : SevenViews
        The seven.
    divergence : float
        D(P||Q) by the definition, in the same unit.

    Returns
    -------
    DescribedFigure
        One row a view: a point for its value, a bar from its lower to its upper bound, four standard errors added.

    Notes
    -----
    Explained in the chapter *One number, seven views*.
    """
    figure = new_figure(5.6, 3.2)
    axes = add_axes(figure)
    axes.axvline(divergence, color=ROLES["neutral"].color, linewidth=1)
    color = ROLES["accent"].color
    for row, view in enumerate(views):
        line(axes, _range(view), (row, row), "neutral", linewidth=5, alpha=0.45, solid_capstyle="butt")
        axes.plot(view.value, row, "D", color=color, markersize=7)
    axes.set_yticks(range(len(views)), [view.name for view in views])
    axes.set_ylim(len(views) - 0.5, -0.5)
    unit = views[0].unit
    axes.set(xlabel=f"{unit} a draw; the upright line is D(P||Q)")
    inside = sum(low <= divergence + 1e-12 and divergence - 1e-12 <= high for low, high in map(_range, views))
    listed = ", ".join(
        f"{view.name} {view.value:.4f}" + (" ({:.4f} to {:.4f})".format(*_range(view)) if _wide(view) else "")
        for view in views
    )
    return DescribedFigure(
        figure,
        f"Seven values beside D = {divergence:.4f} {unit}, with the range that each leaves open: {listed}. "
        f"D lies in {inside} of the {len(views)} ranges.",
    )


def _wide(view: View) -> bool:
    return view.standard_error > 0 or view.low < view.high


def view_map() -> DescribedFigure:
    """Draw which views restate one another, and what each of the others adds.

    Returns
    -------
    DescribedFigure
        Boxes; lines join what is one identity in other words, arrows lead to what adds something.

    Notes
    -----
    Explained in the chapter *One number, seven views*.
    """
    figure = new_figure(WIDTH, HEIGHT)
    axes = add_axes(figure)
    axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT), aspect="equal")
    axes.axis("off")
    left, bottom, width, height = FRAME
    tint = {"boxstyle": "round,pad=0,rounding_size=0.1", "facecolor": ROLES["neutral"].color + "1a", "linewidth": 0}
    axes.add_patch(FancyBboxPatch((left, bottom), width, height, **tint))
    for one, other in RESTATE:
        line(axes, *zip(PLACES[one][:2], PLACES[other][:2], strict=True), "neutral", zorder=1)
    arrow = {"arrowstyle": "-|>", "color": ROLES["accent"].color, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
    starts = dict.fromkeys(ADD, bottom) | {"ELBO": PLACES["Optimization"][1] - TALL / 2}
    for name, start in starts.items():
        x, y, _ = PLACES[name]
        axes.annotate("", (x, y + TALL / 2), (x, start), arrowprops=arrow)
    rim = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": "white", "edgecolor": ROLES["neutral"].color}
    for name, (x, y, words) in PLACES.items():
        axes.add_patch(FancyBboxPatch((x - BOX / 2, y - TALL / 2), BOX, TALL, **rim, zorder=2))
        axes.text(x, y, f"{name}\n{words}", ha="center", va="center", fontsize=12, linespacing=1.2, zorder=3)
    joined = "; ".join(f"{one} and {other}" for one, other in RESTATE)
    added = ", ".join(f"{name} {_spoken(name)}" for name in ADD)
    return DescribedFigure(
        figure,
        f"A map of eight boxes. Lines join those that restate one another: {joined}. Arrows lead from them to "
        f"those that add something: {added}. One more leads from Optimization to ELBO, which {_spoken('ELBO')}.",
    )


def _spoken(name: str) -> str:
    return PLACES[name][2].replace("\n", " ").replace("$", "")


@cache
def _views(p_heads: float, q_heads: float, n: int) -> SevenViews:
    return seven_views([p_heads, 1 - p_heads], [q_heads, 1 - q_heads], rng=np.random.default_rng(0), n=n)


def _pick(p_heads: float, q_heads: float, n: str, name: str) -> View:
    return next(view for view in _views(p_heads, q_heads, int(n)) if view.name == name)


def two_coins() -> Explorer:
    """Make the interactive figure of the page: two coins, and D(P||Q) by seven views.

    Returns
    -------
    Explorer
        Sliders for the two probabilities of heads, and a choice of the number of flips.

    Notes
    -----
    Explained in the chapter *One number, seven views*.
    """
    names = [view.name for view in _views(0.7, 0.4, 100)]
    sampled = [name for name in names if name not in EXACT]
    places = {name: row + 1 for row, name in enumerate(names)}

    def divergence(p_heads, q_heads):
        return kl_divergence([p_heads, 1 - p_heads], [q_heads, 1 - q_heads])

    def less_d(p_heads, q_heads, n):
        found = [view.value for view in _views(p_heads, q_heads, int(n))]
        return list(places.values()), np.subtract(found, divergence(p_heads, q_heads))

    def value(name):
        def sampled_view(p_heads, q_heads, n):
            return _pick(p_heads, q_heads, n, name).value

        def exact_view(p_heads, q_heads):  # the number of flips does not matter
            return sampled_view(p_heads, q_heads, "100")

        return exact_view if name in EXACT else sampled_view

    def open_range(name):
        def ends(p_heads, q_heads, n):
            low, high = np.subtract(_range(_pick(p_heads, q_heads, n, name)), divergence(p_heads, q_heads))
            place = places[name]
            left, right = place - 0.3, place + 0.3  # the ends reach out beside the diamond
            return [left, right, place, place, left, right], [low, low, low, high, high, high]

        return ends

    def error(p_heads, q_heads, n):
        return _pick(p_heads, q_heads, n, "likelihood").standard_error

    heads = np.round(np.arange(0.05, 0.96, 0.05), 2)
    return Explorer(
        title="Two coins, seven views",
        parameters=[
            Slider("p_heads", "P(heads)", steps=heads, start=0.7, digits=2),
            Slider("q_heads", "Q(heads)", steps=heads, start=0.4, digits=2),
            Choice("n", "flips, for coding, likelihood and testing", options=["100", "1000", "10000"], start="1000"),
        ],
        panels=[
            Panel(
                "The two coins",
                xlabel="",
                ylabel="probability of heads",
                xlim=(0, 3),
                ylim=(0, 1),
                xnames=[(0.85, "P"), (2.15, "Q")],
                marks=[
                    Bars(lambda p_heads: ([0.4], [0.9], [p_heads]), role="p"),
                    Bars(lambda q_heads: ([1.7], [0.9], [q_heads]), role="q"),
                ],
            ),
            Panel(
                "Each view, less D(P||Q)",
                xlabel="view",
                ylabel="nat a flip",
                xlim=(0.4, 7.6),
                ylim=(-0.5, 0.5),
                xnames=[(row, str(row)) for row in places.values()],
                marks=[
                    Rule(lambda: 0.0, role="neutral", label="D(P||Q)"),
                    *(
                        Curve(open_range(name), role="neutral", label="" if row else "range")
                        for row, name in enumerate(sampled)
                    ),
                    Points(less_d, role="accent", label="value"),
                ],
            ),
        ],
        readouts=[
            *(Readout(name.replace(" ", "_"), name, value(name), "nat", digits=4) for name in names),
            Readout("error", "standard error of coding and likelihood", error, "nat", digits=4),
            Readout(
                "bits", "D(P||Q) in bits", lambda p_heads, q_heads: divergence(p_heads, q_heads) / np.log(2), "bit"
            ),
            Readout(
                "decibans",
                "D(P||Q) in decibans",
                lambda p_heads, q_heads: divergence(p_heads, q_heads) * 10 / np.log(10),
                "deciban",
            ),
            Readout("reverse", "D(Q||P)", lambda p_heads, q_heads: divergence(q_heads, p_heads), "nat"),
        ],
        sentence=(
            "With P(heads) = {p_heads} and Q(heads) = {q_heads} the four exact views give {surprise}; with {n} flips "
            "coding gives {coding}, likelihood {likelihood} and testing {hypothesis_testing}. D(Q||P) is {reverse}."
        ),
    )
