"""Figures of the page *Practice*."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from scipy import special

from kltools.divergence import jeffreys_divergence
from kltools.estimation import TokenStatistics
from kltools.explore import Curve, Explorer, Panel, Readout, Rule, Slider
from kltools.figures.style import DescribedFigure, add_axes, line, new_figure

PAIRS = 10_000  # simulated pairs of samples behind each setting of the interactive figure
SIZES = (100, 200, 300, 500, 1000, 2000, 5000, 10_000)
LEVELS = np.round(np.arange(0, 0.601, 0.02), 2)  # thresholds on the axis; 0.1 and 0.25 are read off exactly
TAIL = 0.01  # the share of false alarms that the tool aims at


def token_tail(statistics: Mapping[int, TokenStatistics]) -> DescribedFigure:
    """Draw what storing a model in fewer bits does to its tokens: the mean divergence and the tail.

    Parameters
    ----------
    statistics : mapping of int to TokenStatistics
        From the bits of a weight to the statistics of the divergences a token, nat.

    Returns
    -------
    DescribedFigure
        Median, mean, 99th percentile and maximum on a logarithmic axis.

    Notes
    -----
    Explained in the chapter *Practice*.
    """
    bits = sorted(statistics, reverse=True)
    series = {
        "maximum": ("accent", "^", [statistics[b].maximum for b in bits]),
        "99 %": ("q", "s", [statistics[b].percentile_99 for b in bits]),
        "mean": ("p", "o", [statistics[b].mean.value for b in bits]),
        "median": ("neutral", "v", [statistics[b].median for b in bits]),
    }
    figure = new_figure(5.6, 3.3)
    axes = add_axes(figure)
    for label, (role, marker, values) in series.items():
        line(axes, bits, values, role, marker=marker, markersize=6, label=label)
    axes.set(xlabel="bits a weight", ylabel="D(full||stored), nat a token", yscale="log", xticks=bits)
    axes.invert_xaxis()
    axes.legend(loc="upper left", frameon=False)
    ends = "; ".join(
        f"{label} from {values[0]:.2g} to {values[-1]:.2g}" for label, (_, _, values) in reversed(series.items())
    )
    return DescribedFigure(
        figure, f"Divergence a token, in nats, as the weights shrink from {bits[0]} to {bits[-1]} bits: {ends}."
    )


def roundings(results: Mapping[int, np.ndarray]) -> DescribedFigure:
    """Draw many roundings of one model: the change of log perplexity over the divergence, against the divergence.

    Parameters
    ----------
    results : mapping of int to ndarray, shape (n, 2)
        From the bits of a weight to mean divergence and change of log perplexity, nat a token, one row a rounding.

    Returns
    -------
    DescribedFigure
        One point a rounding, with lines at 0 (perplexity unchanged) and 1 (the change is the divergence).

    Notes
    -----
    Explained in the chapter *Practice*.
    """
    figure = new_figure(5.6, 3.4)
    axes = add_axes(figure)
    looks = zip(results.items(), (("q", "s"), ("p", "o"), ("accent", "^"), ("neutral", "v")), strict=False)
    words = []
    for (bits, rows), (role, marker) in looks:
        divergence, change = np.asarray(rows).T
        ratio = change / divergence
        options = {"marker": marker, "markersize": 5, "linewidth": 0, "fillstyle": "none", "label": f"{bits} bits"}
        line(axes, divergence, ratio, role, **options)
        words.append(
            f"{bits} bits: D about {divergence.mean():.2g} nat, ratio from {ratio.min():.1f} to {ratio.max():.1f}, "
            f"below zero in {np.sum(ratio < 0)} of {ratio.size}"
        )
    axes.axhline(0, color="black", linewidth=0.8)
    axes.axhline(1, color="black", linewidth=0.8, linestyle=":")
    axes.set(xscale="log", xlabel="D(full||stored), nat a token", ylabel="change of log perplexity / D")
    axes.legend(loc="upper right", frameon=False)
    return DescribedFigure(
        figure,
        "Each point is one rounding of the same weights; the change of log perplexity in units of D. "
        + "; ".join(words)
        + ". A line at 0 is no change, a dotted one at 1 is a change of D.",
    )


@cache
def _frequencies(n: int, bins: int, seed: int) -> np.ndarray:
    """Return the shares of equally likely bins in many samples."""
    return np.random.default_rng([seed, n, bins]).multinomial(n, np.full(bins, 1 / bins), size=PAIRS) / n


@cache
def unchanged_psi(n: int, m: int, bins: int) -> np.ndarray:
    """Return the PSI of simulated pairs of samples from one distribution, in order.

    Parameters
    ----------
    n, m : int
        Sizes of the reference and of the new sample.
    bins : int
        Equally likely bins.

    Returns
    -------
    ndarray
        `PAIRS` values, nat, in ascending order; inf where a bin is empty in one sample only.

    Notes
    -----
    Explained in the chapter *Practice*.
    """
    return np.sort(jeffreys_divergence(_frequencies(m, bins, 2), _frequencies(n, bins, 1)))


def psi_without_change() -> Explorer:
    """Make the interactive figure: how often the PSI of two samples passes a threshold when nothing has changed.

    Returns
    -------
    Explorer
        The sizes of both samples and the number of bins; the share of false alarms against the threshold. An infinite
        PSI, from a bin that is empty in one sample only, is an alarm at every threshold.

    Notes
    -----
    Explained in the chapter *Practice*.
    """

    def share_above(level, n, m, bins):
        values = unchanged_psi(n, m, bins)
        return 1 - np.searchsorted(values, level, side="right") / values.size

    def simulated(n, m, bins):
        return share_above(LEVELS, n, m, bins)

    def approximation(n, m, bins):
        return special.chdtrc(bins - 1, LEVELS / (1 / n + 1 / m))

    def threshold(n, m, bins):
        return special.chdtri(bins - 1, TAIL) * (1 / n + 1 / m)

    def false_alarms(n, m, bins):
        return 100 * share_above(threshold(n, m, bins), n, m, bins)

    def infinite(n, m, bins):
        return 100 * np.isposinf(unchanged_psi(n, m, bins)).mean()

    return Explorer(
        title="False alarms of the PSI when nothing has changed",
        parameters=[
            Slider("n", "reference sample", steps=SIZES, start=100, digits=0),
            Slider("m", "new sample", steps=SIZES, start=100, digits=0),
            Slider("bins", "bins", steps=[5, 10, 20], start=10, digits=0),
        ],
        panels=[
            Panel(
                "Share of unchanged pairs above a threshold; upright lines at 0.1 and 0.25",
                xlabel="threshold for the PSI (nat)",
                ylabel="share of false alarms",
                xlim=(0, 0.6),
                ylim=(0, 1),
                marks=[
                    Rule(lambda: [0.1, 0.25], role="neutral", vertical=True),
                    Curve(simulated, "neutral", x=LEVELS, label="simulated"),
                    Curve(approximation, "accent", x=LEVELS, label="chi-square"),
                ],
            )
        ],
        readouts=[
            Readout("low", "above 0.1", lambda n, m, bins: 100 * share_above(0.1, n, m, bins), unit="%", digits=1),
            Readout("high", "above 0.25", lambda n, m, bins: 100 * share_above(0.25, n, m, bins), unit="%", digits=1),
            Readout("threshold", "threshold for 1 %", threshold, unit="nat", digits=4),
            Readout("alarms", "above that threshold", false_alarms, unit="%", digits=1),
            Readout("infinite", "infinite, by an empty bin", infinite, unit="%", digits=1),
        ],
        sentence=(
            "With samples of {n} and {m} in {bins} bins and no change, {low} of the pairs have a PSI above 0.1 and "
            "{high} above 0.25. The chi-square threshold for one false alarm in a hundred is {threshold}; {alarms} of "
            "the simulated pairs pass it. In {infinite} a bin is empty in one sample only: their PSI is infinite, and "
            "each share counts them."
        ),
    )
