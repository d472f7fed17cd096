"""Figures of the chapter *Hypothesis testing*."""

from functools import cache

import numpy as np
from scipy.stats import binom

from kltools.divergence import kl_divergence
from kltools.explore import Choice, Curve, Explorer, Panel, Points, Readout, Rule, Slider
from kltools.figures.style import DescribedFigure, add_axes, bars, legend_above, line, new_figure
from kltools.hypothesis_testing import (
    NeymanPearsonTest,
    chernoff_information,
    log_likelihood_ratio,
    neyman_pearson,
    sprt,
    stein_approximation,
)


def evidence_laws(p, q, test: NeymanPearsonTest) -> DescribedFigure:
    """Draw the law of the evidence after n flips of a coin, under P and under Q, with the threshold of a test.

    Parameters
    ----------
    p, q : array_like, shape (2,)
        Probabilities of heads and tails.
    test : NeymanPearsonTest
        The test of P against Q whose `n` and `threshold` are drawn.

    Returns
    -------
    DescribedFigure
        Bars of P above the axis, bars of Q below it, and the threshold as a line.

    Notes
    -----
    Explained in the chapter *Hypothesis testing*.
    """
    n, heads = test.n, np.arange(test.n + 1)
    each = np.log(np.divide(p, q))
    evidence = heads * each[0] + (n - heads) * each[1]
    under_p, under_q = binom.pmf(heads, n, p[0]), binom.pmf(heads, n, q[0])
    step = each[0] - each[1]
    figure = new_figure(5.6, 3.4)
    axes = add_axes(figure)
    bars(axes, evidence - 0.4 * step, under_p, 0.8 * step, "p", label="under P")
    bars(axes, evidence - 0.4 * step, -under_q, 0.8 * step, "q", label="under Q")
    axes.axhline(0, color="black", linewidth=0.8)
    line(axes, [test.threshold] * 2, [-0.24, 0.24], "accent", label="threshold")
    ticks = np.linspace(-0.2, 0.2, 5)
    shown = evidence[np.maximum(under_p, under_q) > 1e-3]
    axes.set(xlim=(shown[0] - step, shown[-1] + step), ylim=(-0.24, 0.24))
    axes.set(xlabel=f"evidence after {n} flips (nat)", ylabel="probability")
    axes.set_yticks(ticks, [f"{abs(tick):g}" for tick in ticks])
    axes.legend(loc="upper left", frameon=False)
    return DescribedFigure(
        figure,
        f"The law of the evidence after {n} flips: under P, above the axis, it is centered at {under_p @ evidence:.2f} "
        f"nats, under Q, below the axis, at {under_q @ evidence:.2f}. The two overlap. The threshold at "
        f"{test.threshold:.2f} cuts {test.alpha:.0%} off the law of P and leaves {test.beta:.1%} of the law of Q on "
        "the side where the test decides P.",
    )


def error_exponents(p, q) -> DescribedFigure:
    """Draw which pairs of error exponents a threshold on the evidence can reach.

    Parameters
    ----------
    p, q : array_like, shape (k,)
        Two distributions that give every outcome a positive probability.

    Returns
    -------
    DescribedFigure
        D(R||Q) against D(R||P) along the distributions R between Q and P, with Chernoff's point.

    Notes
    -----
    Explained in the chapter *Hypothesis testing*.
    """
    p, q = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    share = np.linspace(0, 1, 101)[:, np.newaxis]
    between = p**share * q ** (1 - share)
    between /= between.sum(axis=1, keepdims=True)
    false_alarm, miss = kl_divergence(between, p), kl_divergence(between, q)
    chernoff = chernoff_information(p, q).value
    figure = new_figure(5.0, 3.8)
    axes = add_axes(figure)
    line(axes, false_alarm, miss, "neutral")
    line(axes, [0, chernoff], [0, chernoff], "accent", linewidth=1)
    ends = (("p", 0, miss[-1], "D(P∥Q): α held fixed"), ("q", false_alarm[0], 0, "D(Q∥P):\nβ held fixed"))
    offsets = {"p": (8, -2), "q": (-6, 12)}
    for role, x, y, text in ends:
        line(axes, [x], [y], role, marker="o" if role == "p" else "s", markersize=8, clip_on=False)
        axes.annotate(text, (x, y), offsets[role], textcoords="offset points", ha="left" if role == "p" else "center")
    line(axes, [chernoff], [chernoff], "accent", marker="D", markersize=7)
    axes.annotate("Chernoff information:\nboth fall alike", (chernoff, chernoff), (10, 4), textcoords="offset points")
    axes.set(
        xlim=(0, 1.12 * false_alarm[0]),
        ylim=(0, 1.12 * miss[-1]),
        xlabel="exponent of α (nat a flip)",
        ylabel="exponent of β (nat a flip)",
    )
    axes.locator_params(nbins=5)
    return DescribedFigure(
        figure,
        f"The exponent of beta against the exponent of alpha, a falling curve. It starts at {miss[-1]:.4f} for beta "
        f"and zero for alpha, and ends at zero for beta and {false_alarm[0]:.4f} for alpha. It sags below the straight "
        f"line between these ends: where the two exponents are equal each is {chernoff:.4f} nat a flip.",
    )


def conditioned_die(fair, loaded, conditional, n: int) -> DescribedFigure:
    """Draw what one throw looks like, given a high average of n throws, beside the nearest loaded die.

    Parameters
    ----------
    fair, loaded, conditional : array_like, shape (6,)
        The die that is thrown; the die of smallest divergence with the wanted mean; the law of one throw given
        that the average of n throws reaches that mean.
    n : int
        The number of throws.

    Returns
    -------
    DescribedFigure
        Bars of the two dice side by side, and the conditional law as points.

    Notes
    -----
    Explained in the chapter *Hypothesis testing*.
    """
    fair, loaded, conditional = (np.asarray(die, dtype=float) for die in (fair, loaded, conditional))
    spots = np.arange(1, len(fair) + 1)
    figure = new_figure(5.6, 3.2)
    axes = add_axes(figure)
    bars(axes, spots - 0.4, loaded, 0.4, "p", label="nearest loaded die")
    bars(axes, spots, fair, 0.4, "q", label="fair die")
    axes.plot(spots - 0.2, conditional, "kD", markersize=6, label=f"one throw of the fair die\nif {n} average as much")
    axes.set(xlabel="spots", ylabel="probability", xticks=spots)
    axes.legend(loc="upper left", frameon=False)
    listed = ", ".join(f"{face} {value:.3f}" for face, value in zip(spots, loaded, strict=True))
    return DescribedFigure(
        figure,
        f"The fair die gives each face {fair[0]:.3f}. The nearest die with the wanted mean rises by a constant "
        f"factor of {loaded[1] / loaded[0]:.3f} from face to face: {listed}. The law of one throw of the fair die, "
        f"given that the average of {n} throws is so high, lies within {abs(conditional - loaded).max():.3f} of it.",
    )


def throws_less_expected(successes, throws, fair: float, fitted: float, dice: int = 12) -> DescribedFigure:
    """Draw how far a table of throws lies from what a fair and a fitted share of successes expect.

    Parameters
    ----------
    successes, throws : array_like of int, shape (k,)
        Numbers of successes among the dice, and how many throws showed each.
    fair, fitted : float
        Two probabilities of success of one die.
    dice : int
        Dice in a throw.

    Returns
    -------
    DescribedFigure
        Observed less expected, for both shares, over a band of two standard deviations under the fair one.

    Notes
    -----
    Explained in the chapter *Hypothesis testing*.
    """
    successes, throws = np.asarray(successes), np.asarray(throws)
    total = throws.sum()
    shares = binom.pmf(successes, dice, fair)
    off_fair = throws - total * shares
    off_fitted = throws - total * binom.pmf(successes, dice, fitted)
    spread = 2 * np.sqrt(total * shares * (1 - shares))
    figure = new_figure(5.6, 3.6)
    axes = add_axes(figure)
    axes.fill_between(successes, -spread, spread, color="0.88", label="±2 standard deviations")
    axes.axhline(0, color="black", linewidth=0.8)
    line(axes, successes, off_fair, "q", marker="s", markersize=5, label="expected of fair dice")
    line(axes, successes, off_fitted, "p", marker="o", markersize=5, label="expected at the fitted share")
    axes.set(xlabel=f"fives and sixes among {dice} dice", ylabel="throws, observed less expected", xticks=successes)
    legend_above(axes, 2)
    outside = int((abs(off_fair) > spread).sum())
    left = int((abs(off_fitted) > spread).sum())
    return DescribedFigure(
        figure,
        f"Throws observed less throws expected of fair dice, against the number of successes: from "
        f"{off_fair.min():.0f} at {successes[off_fair.argmin()]} to {off_fair.max():+.0f} at "
        f"{successes[off_fair.argmax()]}; {outside} of {len(throws)} points lie outside two standard deviations. Less "
        f"the throws expected at the fitted share {left} of them do.",
    )


P_HEADS = 0.7
FLIPS = 100  # shown of each walk
DRAWN = 4000  # a walk that is not yet decided after so many flips has never been seen
DRAWS = {"1": 4, "2": 8, "3": 3, "4": 29, "5": 34}  # seeds; the last two begin on the wrong side
LEVELS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1]
LENGTHS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]


def _coin(heads: float) -> np.ndarray:
    return np.array([heads, 1 - heads])


@cache
def _walk(draw: str, q_heads: float, truth: str) -> np.ndarray:
    """The evidence after each flip; the same luck decides the flips of either coin."""
    luck = np.random.default_rng(DRAWS[draw]).random(DRAWN)
    flips = (luck >= (P_HEADS if truth == "P" else q_heads)).astype(int)
    return log_likelihood_ratio(_coin(P_HEADS), _coin(q_heads), flips, cumulative=True)


@cache
def _test(q_heads: float, alpha: float, beta: float):
    return sprt(_coin(P_HEADS), _coin(q_heads), alpha, beta)


def _stop(draw: str, q_heads: float, alpha: float, beta: float, truth: str) -> int:
    test, walk = _test(q_heads, alpha, beta), _walk(draw, q_heads, truth)
    return 1 + int(np.argmax((walk >= test.upper) | (walk <= test.lower)))


@cache
def _law(q_heads: float, alpha: float, beta: float, truth: str) -> tuple[float, float]:
    """The mean number of flips, and the true probability of the wrong decision."""
    law = _test(q_heads, alpha, beta).stopping_law(truth)
    return law.mean, float((law.decide_q if truth == "P" else law.decide_p).sum())


@cache
def _exponent(q_heads: float, alpha: float, n: int) -> float:
    return neyman_pearson(_coin(P_HEADS), _coin(q_heads), n, alpha).exponent


def _strassen(q_heads: float, alpha: float, n: int) -> float:
    return stein_approximation(_coin(P_HEADS), _coin(q_heads), n, alpha) / n


def evidence_walks() -> Explorer:
    """Make the interactive figure of the chapter: walks of evidence between barriers, and Stein's exponent.

    Returns
    -------
    Explorer
        A choice of draws; sliders for Q, for the two error probabilities and for a fixed number of flips.

    Notes
    -----
    Explained in the chapter *Hypothesis testing*.
    """
    ends = np.array([0, FLIPS])
    walked = np.arange(FLIPS + 1)

    def divergence(q_heads):
        return kl_divergence(_coin(P_HEADS), _coin(q_heads))

    def reverse(q_heads):
        return kl_divergence(_coin(q_heads), _coin(P_HEADS))

    def barriers(alpha, beta):
        test = _test(0.4, alpha, beta)  # the barriers hang on alpha and beta alone: any Q will do
        return [test.lower, test.upper]

    def walk_of(truth):
        return lambda draw, q_heads: np.insert(_walk(draw, q_heads, truth)[:FLIPS], 0, 0)

    def stop_of(truth):
        return lambda draw, q_heads, alpha, beta: _stop(draw, q_heads, alpha, beta, truth)

    def reached_by(truth):
        return lambda draw, q_heads, alpha, beta: _walk(draw, q_heads, truth)[
            _stop(draw, q_heads, alpha, beta, truth) - 1
        ]

    def stop_point(truth):
        stop, reached = stop_of(truth), reached_by(truth)
        return lambda draw, q_heads, alpha, beta: (
            [stop(draw, q_heads, alpha, beta)],
            [reached(draw, q_heads, alpha, beta)],
        )

    def law_of(truth, part):
        return lambda q_heads, alpha, beta: _law(q_heads, alpha, beta, truth)[part]

    return Explorer(
        title="Evidence for P against Q, flip by flip",
        parameters=[
            Choice("draw", "draw", options=list(DRAWS), start="1"),
            Slider("q_heads", "heads under Q (under P: 0.70)", np.round(np.arange(0.22, 0.47, 0.03), 2), 0.4, digits=2),
            Slider("alpha", "α, to decide Q under P", LEVELS, 0.05, digits=3),
            Slider("beta", "β, to decide P under Q", LEVELS, 0.05, digits=3),
            Slider("n", "n, if fixed beforehand", LENGTHS, 100, digits=0),
        ],
        panels=[
            Panel(
                "Walks of evidence, their mean slopes (dotted) and Wald's barriers",
                xlabel="flips",
                ylabel="evidence (nat)",
                xlim=(0, FLIPS),
                ylim=(-8, 8),
                marks=[
                    Curve(lambda q_heads: divergence(q_heads) * ends, "accent", x=ends),
                    Curve(lambda q_heads: -reverse(q_heads) * ends, "accent", x=ends),
                    Rule(barriers, "neutral"),
                    Curve(walk_of("P"), "p", x=walked, label="P flips"),
                    Curve(walk_of("Q"), "q", x=walked, label="Q flips"),
                    Points(stop_point("P"), "p", label="P stops"),
                    Points(stop_point("Q"), "q", label="Q stops"),
                ],
            ),
            Panel(
                "The best test at this α: −ln β / n",
                xlabel="n",
                ylabel="exponent (nat a flip)",
                xlim=(10, 100_000),
                ylim=(0, 0.6),
                xscale="log",
                marks=[
                    Rule(divergence, "neutral", label="D(P∥Q)"),
                    Rule(lambda n: n, "accent", vertical=True),
                    Curve(
                        lambda q_heads, alpha: [_strassen(q_heads, alpha, n) for n in LENGTHS],
                        "accent",
                        x=LENGTHS,
                        label="Strassen",
                    ),
                    Curve(
                        lambda q_heads, alpha: [_exponent(q_heads, alpha, n) for n in LENGTHS],
                        "p",
                        x=LENGTHS,
                        label="exact",
                    ),
                ],
            ),
        ],
        readouts=[
            Readout("forward", "D(P∥Q)", divergence, unit="nat", digits=4),
            Readout("reverse", "D(Q∥P)", reverse, unit="nat", digits=4),
            Readout("stop_p", "this walk of P stops at flip", stop_of("P"), digits=0),
            Readout("reached_p", "its evidence then", reached_by("P"), unit="nat", digits=2),
            Readout("stop_q", "this walk of Q stops at flip", stop_of("Q"), digits=0),
            Readout("reached_q", "its evidence then", reached_by("Q"), unit="nat", digits=2),
            Readout("mean_p", "mean stop under P", law_of("P", 0), digits=2),
            Readout("mean_q", "mean stop under Q", law_of("Q", 0), digits=2),
            Readout("true_alpha", "true error under P", law_of("P", 1), digits=5),
            Readout("true_beta", "true error under Q", law_of("Q", 1), digits=5),
            Readout("exponent", "exact exponent at n", _exponent, unit="nat", digits=4),
            Readout("strassen", "Strassen's at n", _strassen, unit="nat", digits=4),
        ],
        sentence=(
            "With heads {q_heads} under Q, barriers for α = {alpha} and β = {beta}, and draw {draw}: the walk of P "
            "stops at flip {stop_p} with {reached_p}, the walk of Q at flip {stop_q} with {reached_q}; the mean stops "
            "are {mean_p} and {mean_q}. On {n} flips fixed beforehand the exponent is {exponent}, and its limit "
            "D(P∥Q) is {forward}."
        ),
    )
