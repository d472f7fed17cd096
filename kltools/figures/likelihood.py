"""Figures of the chapter *Likelihood*."""

from collections.abc import Mapping, Sequence
from functools import cache
from math import exp, inf

import numpy as np

from kltools.divergence import cross_entropy, entropy, kl_divergence
from kltools.explore import Bars, Choice, Curve, Explorer, Panel, Points, Readout, Rule, Slider
from kltools.figures.style import ROLES, DescribedFigure, add_axes, bars, hatched, new_figure

SHIFTS = 20  # of work, in the interactive figure
_FAMILIES = {
    "independent": lambda theta: [(1 - theta) ** 2, 2 * theta * (1 - theta), theta**2],
    "shared cause": lambda theta: [1 - theta, theta / 2, theta / 2],
}


def beside(series: Mapping[str, Sequence[float]], names: Sequence[str], xlabel: str, unit: str) -> DescribedFigure:
    """Draw the data beside the models that were fitted to them, as groups of bars.

    Parameters
    ----------
    series : mapping of str to sequence of float
        From a name to one height an outcome: the data first, then the fitted model, then, if there is one, another.
    names : sequence of str
        The outcomes' names.
    xlabel, unit : str
        What the outcomes are, and what the heights count.

    Returns
    -------
    DescribedFigure
        One group of bars an outcome.

    Notes
    -----
    Explained in the chapter *Likelihood*.
    """
    figure = new_figure(5.6, 3.1)
    axes = add_axes(figure)
    width = 0.8 / len(series)
    left = np.arange(len(names)) - 0.4
    for row, ((name, heights), role) in enumerate(zip(series.items(), ("p", "q", "accent"), strict=False)):
        bars(axes, left + row * width, heights, width, role, label=name)
    axes.set_xticks(range(len(names)), names)
    axes.set(xlabel=xlabel, ylabel=unit)
    axes.legend(frameon=False)
    listed = "; ".join(
        f"{name}: " + ", ".join(f"{height:.4g} for {outcome}" for outcome, height in zip(names, heights, strict=True))
        for name, heights in series.items()
    )
    return DescribedFigure(figure, f"Bars, {unit} by {xlabel}. {listed}.")


def shift_divergences(divergences: Sequence[float]) -> DescribedFigure:
    """Draw the divergence of a shifted text from English for each shift of the alphabet.

    Parameters
    ----------
    divergences : sequence of float
        One value a shift, from 0, nats a letter.

    Returns
    -------
    DescribedFigure
        One bar a shift, the smallest in the look of P.

    Notes
    -----
    Explained in the chapter *Likelihood*.
    """
    values = np.asarray(divergences, dtype=float)
    best, second = np.argsort(values)[:2]
    figure = new_figure(5.6, 2.9)
    axes = add_axes(figure)
    for layer in hatched("q"):
        axes.bar(np.delete(np.arange(values.size), best), np.delete(values, best), 0.7, **layer)
    for layer in hatched("p"):
        axes.bar(best, values[best], 0.7, **layer)
    axes.annotate(
        f"shift {best}: {values[best]:.3f}",
        (best, values[best]),
        xytext=(best, 1.05 * values.max()),
        ha="center",
        color=ROLES["p"].color,
        arrowprops={"arrowstyle": "-", "color": ROLES["p"].color, "shrinkB": 2},
    )
    axes.set(xlabel="letters to shift back by", ylabel="D(text∥English), nat a letter", xlim=(-0.6, values.size - 0.4))
    axes.set(ylim=(0, 1.15 * values.max()))
    return DescribedFigure(
        figure,
        f"Divergence of the shifted text from English, one bar for each of {values.size} shifts. The smallest is "
        f"{values[best]:.3f} nat a letter at shift {best}; the next is {values[second]:.3f} at shift {second}, and the "
        f"largest {values.max():.3f}.",
    )


@cache
def _data(one: int, both: int) -> tuple[float, ...]:
    return ((SHIFTS - one - both) / SHIFTS, one / SHIFTS, both / SHIFTS)


@cache
def _divergence(one: int, both: int, family: str, theta: float) -> float:
    return kl_divergence(_data(one, both), _FAMILIES[family](theta))


@cache
def _best(one: int, both: int, family: str) -> float:
    """The maximum-likelihood theta: the share of failed pumps, or of shifts with a failure (moment matching)."""
    return (one + 2 * both) / (2 * SHIFTS) if family == "independent" else (one + both) / SHIFTS


def two_curves() -> Explorer:
    """Make the interactive figure of the chapter: D(data||model) and the negative log-likelihood, one curve twice.

    Returns
    -------
    Explorer
        Sliders for the data (20 shifts of two pumps) and theta, and a choice of two families.

    Notes
    -----
    Explained in the chapter *Likelihood*.
    """
    grid = np.concatenate(
        [[0, 0.002, 0.005, 0.01, 0.02, 0.035], np.arange(0.05, 0.96, 0.025), [0.965, 0.98, 0.99, 0.998, 1]]
    )

    def gap(theta, one, both, family):
        return _divergence(one, both, family, theta)

    def cost(theta, one, both, family):
        return cross_entropy(_data(one, both), _FAMILIES[family](theta))

    def smallest(one, both, family):
        return _divergence(one, both, family, _best(one, both, family))

    def floor(one, both):
        return entropy(_data(one, both))

    def ratio(theta, one, both, family):
        behind = gap(theta, one, both, family) - smallest(one, both, family)
        return exp(-SHIFTS * behind) if behind < inf else 0.0

    def gap_curve(one, both, family):
        return [gap(float(theta), one, both, family) for theta in grid]

    def cost_curve(one, both, family):
        return [cost(float(theta), one, both, family) for theta in grid]

    def here(theta, one, both, family):
        return [theta], [gap(theta, one, both, family)]

    def observed(one, both):
        return [-0.4, 0.6, 1.6], [0.4] * 3, _data(one, both)

    def modeled(theta, family):
        return [0, 1, 2], [0.4] * 3, _FAMILIES[family](theta)

    return Explorer(
        title="The divergence from the data and the negative log-likelihood differ by a constant",
        parameters=[
            Slider("one", "shifts in which one pump failed, of 20", steps=range(13), start=2, digits=0),
            Slider("both", "shifts in which both failed, of 20", steps=range(9), start=4, digits=0),
            Slider("theta", "θ", steps=np.round(np.arange(0, 1.01, 0.05), 2), start=0.4, digits=2),
            Choice("family", "model", options=list(_FAMILIES), start="independent"),
        ],
        panels=[
            Panel(
                "Both curves have their minimum at the same θ",
                xlabel="θ",
                ylabel="nat a shift",
                xlim=(0, 1),
                ylim=(0, 3),
                marks=[
                    Rule(_best, role="accent", label="best θ", vertical=True),
                    Curve(cost_curve, role="neutral", x=grid, label="− mean log-likelihood"),
                    Curve(gap_curve, role="q", x=grid, label="D(data∥model)"),
                    Points(here, role="accent", label="present θ"),
                ],
            ),
            Panel(
                "The data and the model at the present θ",
                xlabel="pumps that failed",
                ylabel="probability",
                xlim=(-0.5, 2.5),
                xnames=[(0, "none"), (1, "one"), (2, "both")],
                ylim=(0, 1),
                marks=[Bars(observed, role="p", label="data"), Bars(modeled, role="q", label="model")],
            ),
        ],
        readouts=[
            Readout("entropy", "H(data)", floor, unit="nat", digits=4),
            Readout("gap", "D(data∥model)", gap, unit="nat", digits=4),
            Readout("cost", "− mean log-likelihood", cost, unit="nat", digits=4),
            Readout("ratio", "likelihood / that of best θ", ratio, digits=4),
            Readout("best", "best θ", _best, digits=3),
            Readout("smallest", "smallest D of this family", smallest, unit="nat", digits=6),
        ],
        sentence=(
            "With θ = {theta} the {family} model diverges from the data by {gap}; with the entropy {entropy} that "
            "makes {cost} of negative log-likelihood a shift, and {ratio} times the likelihood of the best θ, {best}."
        ),
    )
