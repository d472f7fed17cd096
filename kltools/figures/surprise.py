"""Figures of the chapter *Surprise*."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from kltools.divergence import cross_entropy, entropy, kl_divergence
from kltools.explore import Band, Choice, Curve, Explorer, Panel, Readout, Rule, Slider
from kltools.figures.style import ROLES, DescribedFigure, add_axes, bars, line, new_figure
from kltools.surprise import running_surprise, surprisal

FLIPS = 1000
SHOWN = np.unique(np.rint(np.geomspace(1, FLIPS, 46)))
AT = SHOWN.astype(int) - 1
DRAWS = {"first": 1, "second": 2, "third": 3}  # the seeds of the sequences


def honesty(belief: float, other: float) -> DescribedFigure:
    """Draw what a forecaster expects to be fined for each announcement, by the log score and by a linear one.

    Parameters
    ----------
    belief : float
        The forecaster's own probability of heads, above 1/2.
    other : float
        Another forecaster's probability of heads, whose announcement is marked too.

    Returns
    -------
    DescribedFigure
        Two panels over the announced probability of heads: the expected surprise in nats, least at the belief; and
        the expected probability denied to what happens, least at certainty.

    Notes
    -----
    Explained in the chapter *Surprise*.
    """
    announced = np.linspace(0.02, 0.98, 97)
    coins = np.stack([announced, 1 - announced], axis=-1)
    p, q = np.array([belief, 1 - belief]), np.array([other, 1 - other])
    fined = cross_entropy(p, coins)
    floor, paid = entropy(p), cross_entropy(p, q)
    figure = new_figure(5.6, 3.2)
    left, right = add_axes(figure, 1, 2)
    line(left, announced, fined, "neutral")
    left.plot([belief], [floor], "o", color=ROLES["p"].color, markersize=8, label=f"honest, {belief:g}")
    left.plot([other], [paid], "s", color=ROLES["q"].color, markersize=8, label=f"the other's, {other:g}")
    left.vlines(other, floor, paid, color=ROLES["accent"].color, linestyle=":")
    left.hlines(floor, other, belief, color=ROLES["accent"].color, linestyle=":")
    below = {"textcoords": "offset points", "ha": "center", "va": "top"}
    left.annotate(f"D = {paid - floor:.3f}", (other, floor), (0, -5), **below)
    left.set(title="Fine: ln 1/q", ylabel="expected fine (nat)", ylim=(0.4, 1.8))
    denied = 1 - coins @ p
    line(right, [0, 1], [belief, 1 - belief], "neutral")
    right.plot([belief], [1 - p @ p], "o", color=ROLES["p"].color, markersize=8, label=f"honest, {belief:g}")
    right.plot([1], [1 - belief], "D", color=ROLES["accent"].color, markersize=8, label="cheapest, 1", clip_on=False)
    right.set(title="Fine: 1 − q", ylabel="expected fine", ylim=(0, 1))
    for axes in (left, right):
        axes.set(xlim=(0, 1), xticks=(0, 0.5, 1))
        axes.legend(frameon=False, loc="upper center")
    figure.supxlabel("announced probability of heads", fontsize=11)
    return DescribedFigure(
        figure,
        f"Expected fine against the announced probability of heads, for one who believes {belief:g}. Left, the fine "
        f"ln 1/q: a bowl whose bottom, {floor:.3f} nat, is at the announcement "
        f"{announced[fined.argmin()]:.2f}; announcing {other:g} costs {paid:.3f}, D = {paid - floor:.3f} more. "
        f"Right, the fine 1 - q: a straight line that falls from {denied[0]:.2f} near 0 to {denied[-1]:.2f} near 1, so "
        f"the cheapest announcement is 1; honesty costs {1 - p @ p:.2f} and certainty {1 - belief:.2f}.",
    )


def month_against_year(forward: Sequence[float], backward: Sequence[float], mean: float) -> DescribedFigure:
    """Draw each month's divergence from the whole year, in both directions.

    Parameters
    ----------
    forward : sequence of float
        D(month||year) for January to December, in bits.
    backward : sequence of float
        D(year||month), in bits; infinite where a label of the year never came in the month.
    mean : float
        The mean of `forward` over the days of the year, in bits.

    Returns
    -------
    DescribedFigure
        Two bars a month; an infinite one leaves the picture and carries its sign.

    Notes
    -----
    Explained in the chapter *Surprise*.
    """
    forward, backward = np.asarray(forward), np.asarray(backward)
    finite = np.isfinite(backward)
    top = 1.35 * max(forward.max(), backward[finite].max())
    figure = new_figure(5.6, 3.2)
    axes = add_axes(figure)
    months = np.arange(1, len(forward) + 1)
    bars(axes, months - 0.4, forward, 0.4, "neutral", label="D(month∥year)")
    bars(axes, months, np.where(finite, backward, top), 0.4, "accent", label="D(year∥month)")
    for month in months[~finite]:
        axes.annotate("∞", (month + 0.2, top), (0, 0), textcoords="offset points", ha="center", fontsize=16)
    axes.axhline(mean, color=ROLES["neutral"].color, linewidth=1.5)
    beside = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "va": "center"}
    axes.annotate(f"mean\n{mean:.3f}", (1, mean), (5, 0), **beside)
    axes.set(xlabel="month", ylabel="bits a day", ylim=(0, top), xticks=months, xlim=(0.4, months[-1] + 0.6))
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.25), ncols=2)
    infinite = ", ".join(str(month) for month in months[~finite])
    return DescribedFigure(
        figure,
        f"Divergence between each month's labels and the whole year's. D(month∥year) is finite in every month, from "
        f"{forward.min():.3f} bit in month {months[forward.argmin()]} to {forward.max():.3f} in month "
        f"{months[forward.argmax()]}, with the mean {mean:.3f}. D(year∥month) is infinite in the months "
        f"{infinite} and at most {backward[finite].max():.3f} bit in the others.",
    )


def labels_and_gauge(years: Sequence[int], labelled: Sequence[int], gauge: Sequence[int]) -> DescribedFigure:
    """Draw, for each year, the days with a wet label beside the days with rain in the gauge.

    Parameters
    ----------
    years : sequence of int
        The years.
    labelled, gauge : sequence of int
        Days labelled drizzle, rain or snow, and days with measured precipitation; shape as `years`.

    Returns
    -------
    DescribedFigure
        Two bars a year.

    Notes
    -----
    Explained in the chapter *Surprise*.
    """
    rows = np.arange(len(years))
    figure = new_figure(5.6, 3)
    axes = add_axes(figure)
    for heights, shift, role, name in (
        (gauge, -0.4, "neutral", "rain in the gauge"),
        (labelled, 0, "accent", "wet label"),
    ):
        bars(axes, rows + shift, heights, 0.4, role, label=name)
        for row, height in zip(rows, heights, strict=True):
            axes.annotate(f"{height}", (row + shift + 0.2, height), (0, 4), textcoords="offset points", ha="center")
    axes.set(ylabel="days of the year", ylim=(0, 1.15 * max(*labelled, *gauge)))
    axes.set_xticks(rows, [str(year) for year in years])
    axes.legend(frameon=False)
    listed = "; ".join(
        f"in {year}, {wet} days by the gauge and {named} by the label"
        for year, wet, named in zip(years, gauge, labelled, strict=True)
    )
    return DescribedFigure(figure, f"Wet days of each year: {listed}.")


@cache
def _flips(draw: str, heads: float) -> np.ndarray:
    return (np.random.default_rng(DRAWS[draw]).random(FLIPS) >= heads).astype(int)  # 0 is heads


@cache
def _so_far(draw: str, heads: float, belief: float) -> np.ndarray:
    """Mean surprise after each flip of one who believes `belief`, while the coin shows heads with `heads`."""
    return running_surprise((belief, 1 - belief), _flips(draw, heads))


@cache
def _gap(heads: float, belief: float) -> tuple[float, float]:
    """Mean and standard deviation of the gap in one flip."""
    p, q = np.array([heads, 1 - heads]), np.array([belief, 1 - belief])
    excess = surprisal(q, [0, 1]) - surprisal(p, [0, 1])
    return kl_divergence(p, q), float(np.sqrt(heads * (1 - heads)) * abs(excess[0] - excess[1]))


def two_forecasters() -> Explorer:
    """Make the interactive figure of the chapter: two forecasters' mean surprise as a coin is flipped.

    One knows the coin, the other believes something; the gap between them runs into a band around D.

    Returns
    -------
    Explorer
        Sliders for the coin and for the belief, and a choice of three sequences of flips.

    Notes
    -----
    Explained in the chapter *Surprise*.
    """

    def knowing(heads, draw):
        return _so_far(draw, heads, heads)[AT]

    def believing(heads, belief, draw):
        return _so_far(draw, heads, belief)[AT]

    def gap(heads, belief, draw):
        return believing(heads, belief, draw) - knowing(heads, draw)

    def band(heads, belief):
        mean, sd = _gap(heads, belief)
        return mean - 2 * sd / np.sqrt(SHOWN), mean + 2 * sd / np.sqrt(SHOWN)

    def divergence(heads, belief):
        return _gap(heads, belief)[0]

    def spread(heads, belief):
        return _gap(heads, belief)[1]

    def needed(heads, belief):
        mean, sd = _gap(heads, belief)
        return math.floor((2 * sd / mean) ** 2) + 1 if mean > 0 else math.inf

    steps = np.round(np.arange(0.2, 0.81, 0.05), 2)
    return Explorer(
        title="Two forecasters watch a coin",
        parameters=[
            Slider("heads", "P: the coin shows heads", steps=steps, start=0.7, digits=2),
            Slider("belief", "Q: the other believes", steps=steps, start=0.4, digits=2),
            Choice("draw", "sequence of flips", options=list(DRAWS), start="first"),
        ],
        panels=[
            Panel(
                "Mean surprise so far",
                xlabel="flips",
                ylabel="nat a flip",
                xlim=(1, FLIPS),
                xscale="log",
                ylim=(0.2, 1.7),
                marks=[
                    Curve(knowing, role="p", x=SHOWN, label="believes P"),
                    Curve(believing, role="q", x=SHOWN, label="believes Q"),
                ],
            ),
            Panel(
                "The gap: Q's mean less P's",
                xlabel="flips",
                ylabel="nat a flip",
                xlim=(1, FLIPS),
                xscale="log",
                ylim=(-0.4, 1.0),
                marks=[
                    Band(band, role="neutral", x=SHOWN, label="D ± 2 sd/√n"),
                    Rule(divergence, role="neutral", label="D"),
                    Rule(needed, role="neutral", vertical=True),
                    Curve(gap, role="accent", x=SHOWN, label="gap"),
                ],
            ),
        ],
        readouts=[
            Readout("divergence", "D(P∥Q)", divergence, unit="nat", digits=4),
            Readout("spread", "sd of the gap in one flip", spread, unit="nat", digits=4),
            Readout(
                "gap", f"gap after {FLIPS} flips", lambda heads, belief, draw: gap(heads, belief, draw)[-1], "nat", 4
            ),
            Readout("needed", "flips until D > 2 sd/√n", needed, digits=0),
            Readout("own", f"P's mean after {FLIPS} flips", lambda heads, draw: knowing(heads, draw)[-1], "nat", 4),
            Readout(
                "other",
                f"Q's mean after {FLIPS} flips",
                lambda heads, belief, draw: believing(heads, belief, draw)[-1],
                "nat",
                4,
            ),
        ],
        sentence=(
            f"A coin shows heads with probability {{heads}}. After {FLIPS} flips of the {{draw}} sequence the mean "
            "surprise of whoever believes {belief} exceeds that of whoever knows the coin by {gap} a flip; D(P∥Q) is "
            "{divergence}. It takes {needed} flips until D exceeds two standard deviations of the mean gap."
        ),
    )
