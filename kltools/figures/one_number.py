"""Figures of the page *One number, seven roads*."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib.patches import FancyBboxPatch

from kltools.divergence import kl_divergence
from kltools.explore import Bars, Choice, Explorer, Panel, Points, Readout, Rule, Slider
from kltools.figures.style import ROLES, DescribedFigure, add_axes, line, new_figure
from kltools.one_number import SevenViews, View, seven_views

# The map: where each box stands, what it says, and which two are joined by which words.
PLACES = {
    "Surprise": (1.5, 5.6, r"$-\log q$, no coder"),
    "Coding": (1.5, 3.6, r"length $-\log q$"),
    "Likelihood": (1.5, 0.6, r"$q$ itself"),
    "Betting": (4.5, 2.1, r"factor $q$ × odds"),
    "Hypothesis testing": (8.3, 5.6, "adds the law for finite n"),
    "Geometry": (8.3, 3.9, "adds projections"),
    "Optimization": (8.3, 2.2, "adds the slot that moves"),
    "ELBO": (8.3, 0.6, "reverses the slots"),
}
RESTATE = (("Surprise", "Coding"), ("Coding", "Likelihood"), ("Coding", "Betting"), ("Betting", "Likelihood"))
ADD = ("Hypothesis testing", "Geometry", "Optimization")
EXACT = ("surprise", "geometry", "optimization", "ELBO")


def _range(view: View) -> tuple[float, float]:
    """Return what a road's four standard errors and its bounds leave for D."""
    return view.low - 4 * view.standard_error, view.high + 4 * view.standard_error


def roads(views: SevenViews, divergence: float) -> DescribedFigure:
    """Draw what each road gives for D(P||Q), and how far D may lie from it by the road's own account.

    Parameters
    ----------
    views : SevenViews
        The seven.
    divergence : float
        D(P||Q) by the definition, in the same unit.

    Returns
    -------
    DescribedFigure
        One row a road: a point for its value, a bar from its lower to its upper bound, four standard errors added.

    Notes
    -----
    Explained in the chapter *One number, seven roads*.
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


def intuition_map() -> DescribedFigure:
    """Draw which intuitions restate one another, and what each of the others adds.

    Returns
    -------
    DescribedFigure
        Boxes; lines join what is one identity in other words, arrows lead to what adds something.

    Notes
    -----
    Explained in the chapter *One number, seven roads*.
    """
    figure = new_figure(6.4, 3.9)
    axes = add_axes(figure)
    axes.set(xlim=(0, 10), ylim=(0, 6.2))
    axes.axis("off")
    for one, other in RESTATE:
        line(axes, *zip(PLACES[one][:2], PLACES[other][:2], strict=True), "neutral", zorder=1)
    frame = {"boxstyle": "round,pad=0.1", "facecolor": ROLES["neutral"].color + "1a", "edgecolor": "none"}
    axes.add_patch(FancyBboxPatch((0.1, 0.1), 5.7, 6.0, **frame))
    arrow = {"arrowstyle": "-|>", "color": ROLES["accent"].color, "linewidth": 1.5}
    for name in ADD:
        x, y, _ = PLACES[name]
        axes.annotate("", (x - 1.9, y), (5.9, 3.1), arrowprops=arrow)
    x, top, bottom = PLACES["ELBO"][0], PLACES["Optimization"][1], PLACES["ELBO"][1]
    axes.annotate("", (x, bottom + 0.5), (x, top - 0.5), arrowprops=arrow)
    for name, (x, y, words) in PLACES.items():
        box = {"boxstyle": "round,pad=0.4", "facecolor": "white", "edgecolor": ROLES["neutral"].color}
        axes.text(x, y, f"{name}\n{words}", ha="center", va="center", fontsize=9.5, bbox=box, zorder=2)
    joined = "; ".join(f"{one} and {other}" for one, other in RESTATE)
    added = ", ".join(f"{name} {PLACES[name][2]}" for name in ADD)
    return DescribedFigure(
        figure,
        f"A map of eight boxes. Lines join those that restate one another: {joined}. Arrows lead from them to "
        f"those that add something: {added}. One more leads from Optimization to ELBO, which {PLACES['ELBO'][2]}.",
    )


@cache
def _views(p_heads: float, q_heads: float, n: int) -> SevenViews:
    return seven_views([p_heads, 1 - p_heads], [q_heads, 1 - q_heads], rng=np.random.default_rng(0), n=n)


def _pick(p_heads: float, q_heads: float, n: str, names: Sequence[str]) -> list[View]:
    return [view for view in _views(p_heads, q_heads, int(n)) if view.name in names]


def two_coins() -> Explorer:
    """Make the interactive figure of the page: two coins, and D(P||Q) by seven roads.

    Returns
    -------
    Explorer
        Sliders for the two probabilities of heads, and a choice of the number of flips.

    Notes
    -----
    Explained in the chapter *One number, seven roads*.
    """
    names = [view.name for view in _views(0.7, 0.4, 100)]
    sampled = [name for name in names if name not in EXACT]
    places = {name: row + 1 for row, name in enumerate(names)}

    def exact(p_heads, q_heads):
        found = _pick(p_heads, q_heads, "100", EXACT)  # n does not matter to an exact road
        return [places[name] for name in EXACT], [max(view.value, 0.0) for view in found]

    def divergence(p_heads, q_heads):
        return kl_divergence([p_heads, 1 - p_heads], [q_heads, 1 - q_heads])

    def values(p_heads, q_heads, n):
        # a sample may give zero or less, which has no place on a logarithmic axis
        found = _pick(p_heads, q_heads, n, sampled)
        return [places[name] for name in sampled], [max(view.value, 0.0) for view in found]

    def ends(p_heads, q_heads, n):
        found = [max(end, 0.0) for view in _pick(p_heads, q_heads, n, sampled) for end in _range(view)]
        return np.repeat([places[name] for name in sampled], 2), found

    def exact_road(name):
        return lambda p_heads, q_heads: _pick(p_heads, q_heads, "100", [name])[0].value

    def sampled_road(name):
        return lambda p_heads, q_heads, n: _pick(p_heads, q_heads, n, [name])[0].value

    def error(p_heads, q_heads, n):
        return _pick(p_heads, q_heads, n, ["likelihood"])[0].standard_error

    heads = np.round(np.arange(0.05, 0.96, 0.05), 2)
    readouts = [
        Readout(
            name.replace(" ", "_"), name, exact_road(name) if name in EXACT else sampled_road(name), "nat", digits=4
        )
        for name in names
    ]
    return Explorer(
        title="Two coins, seven roads",
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
                "What each road gives",
                xlabel="road",
                ylabel="nat a flip",
                xlim=(0.4, 7.6),
                ylim=(0.001, 4),
                yscale="log",
                xnames=[(row, str(row)) for row in places.values()],
                marks=[
                    Rule(divergence, role="neutral"),
                    Points(ends, role="neutral", label="bounds"),
                    Points(exact, role="accent", label="value"),
                    Points(values, role="accent"),
                ],
            ),
        ],
        readouts=[
            *readouts,
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
            "With P(heads) = {p_heads} and Q(heads) = {q_heads} the four exact roads give {surprise}; with {n} flips "
            "coding gives {coding}, likelihood {likelihood} and testing {hypothesis_testing}. D(Q||P) is {reverse}."
        ),
    )
