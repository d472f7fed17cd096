"""Figures of the chapter *Coding*."""

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from kltools.coding import HuffmanCode, expected_length, huffman_code, shannon_lengths
from kltools.divergence import cross_entropy, entropy, kl_divergence
from kltools.explore import Bars, Choice, Explorer, Panel, Readout, Slider
from kltools.figures.style import ROLES, DescribedFigure, add_axes, bars, hatched, line, new_figure


def codeword_intervals(code: HuffmanCode, letters: Sequence[str]) -> DescribedFigure:
    """Draw each codeword as the part of the unit interval that it occupies.

    Parameters
    ----------
    code : HuffmanCode
        A code all of whose letters have a codeword.
    letters : sequence of str
        The letters' names.

    Returns
    -------
    DescribedFigure
        One bar a letter: it starts at the binary fraction of the codeword and is ``2**-length`` wide.

    Notes
    -----
    Explained in the chapter *Coding*.
    """
    lengths = np.asarray(code.lengths, dtype=float)
    starts = [int(word, 2) / 2 ** len(word) for word in code.codewords]
    figure = new_figure(5.6, 2.0)
    axes = add_axes(figure)
    bars(axes, starts, np.ones(len(starts)), 2.0**-lengths, "q")
    for letter, word, start, length in zip(letters, code.codewords, starts, lengths, strict=True):
        axes.text(
            start + 2.0**-length / 2,
            0.5,
            f"{letter}\n{word}",
            ha="center",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2},
        )
    axes.set(xlim=(0, 1), ylim=(0, 1), yticks=[], xlabel="part of the unit interval that begins with the codeword")
    axes.set_xticks(np.linspace(0, 1, 9), ["0", "1/8", "1/4", "3/8", "1/2", "5/8", "3/4", "7/8", "1"])
    axes.spines["left"].set_visible(False)
    shares = ", ".join(
        f"{letter} with codeword {word} takes {2.0**-length:g}"
        for letter, word, length in zip(letters, code.codewords, lengths, strict=True)
    )
    return DescribedFigure(figure, f"The unit interval, cut into one part a codeword: {shares} of it.")


def block_lengths(ns, own, other, p, q) -> DescribedFigure:
    """Draw bits a flip against block length, for the Huffman code of P and for that of Q.

    Parameters
    ----------
    ns : sequence of int
        Block lengths.
    own, other : sequence of float
        Bits a flip with the code built for P, and for Q, when P sends; shape as `ns`.
    p, q : array_like
        The two distributions of one flip, shape ``(2,)``.

    Returns
    -------
    DescribedFigure
        The two series with the entropy and the cross-entropy as lines.

    Notes
    -----
    Explained in the chapter *Coding*.
    """
    own, other = np.asarray(own), np.asarray(other)
    figure = new_figure()
    axes = add_axes(figure)
    floor, cross = entropy(p, base=2), cross_entropy(p, q, base=2)
    line(axes, ns, other, "q", marker="s", markersize=6, label="Huffman code of Q")
    line(axes, ns, own, "p", marker="o", markersize=6, label="Huffman code of P")
    for level, name, role in ((floor, "H(P)", "p"), (cross, "H(P, Q)", "q")):
        axes.axhline(level, color=ROLES[role].color, linewidth=1, alpha=0.8)
        axes.annotate(name, (ns[0], level), xytext=(-4, 3), textcoords="offset points", color=ROLES[role].color)
    axes.set(xlabel="flips in a block, n", ylabel="bits a flip", xticks=list(ns))
    axes.legend(loc="center right", frameon=False)
    waste = other - own
    return DescribedFigure(
        figure,
        f"Bits a flip against block length from {ns[0]} to {ns[-1]}. The Huffman code of P falls from {own[0]:.3f} "
        f"to {own[-1]:.3f}, towards H(P) = {floor:.3f}. The Huffman code of Q moves unsteadily around H(P, Q) = "
        f"{cross:.3f}. Their difference is {waste[0]:.3f} bit at first and {waste[-1]:.3f} bit at last.",
    )


def file_costs(costs: Mapping[str, float], floor: float) -> DescribedFigure:
    """Draw what each code spends on a file, in bits a byte, beside the entropy of its byte counts.

    Parameters
    ----------
    costs : mapping of str to float
        From the name of the code to bits a byte.
    floor : float
        The entropy of the file's byte counts, bits a byte.

    Returns
    -------
    DescribedFigure
        Horizontal bars, one a code, and the entropy as a line.

    Notes
    -----
    Explained in the chapter *Coding*.
    """
    names, values = list(costs), np.array(list(costs.values()))
    figure = new_figure(5.6, 0.42 * len(names) + 1.1)
    axes = add_axes(figure)
    for layer in hatched("q"):
        axes.barh(names, values, height=0.62, **layer)
    for row, value in enumerate(values):
        axes.annotate(f"{value:.3f}", (value, row), xytext=(5, 0), textcoords="offset points", va="center")
    axes.axvline(floor, color=ROLES["p"].color, linewidth=2)
    axes.annotate(
        f"entropy of the byte counts, {floor:.3f}",
        (floor, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 6),
        textcoords="offset points",
        ha="center",
        color=ROLES["p"].color,
    )
    axes.invert_yaxis()
    axes.set(xlabel="bits a byte", xlim=(0, 1.12 * values.max()))
    listed = ", ".join(f"{name} {value:.3f}" for name, value in costs.items())
    below = sum(values < floor)
    return DescribedFigure(
        figure,
        f"Bits a byte by code: {listed}. The entropy of the byte counts is {floor:.3f}; {below} of the "
        f"{len(names)} codes lie below it, because they look at more than one byte at a time.",
    )


def price_of_not_knowing(ns, price) -> DescribedFigure:
    """Draw the bits that a universal code wastes on a whole message against the message's length.

    Parameters
    ----------
    ns : sequence of int
        Message lengths.
    price : sequence of float
        Expected waste of the whole message, bits; shape as `ns`.

    Returns
    -------
    DescribedFigure
        The price on a logarithmic axis of n, with half the logarithm of n.

    Notes
    -----
    Explained in the chapter *Coding*.
    """
    ns, price = np.asarray(ns), np.asarray(price)
    half = np.log2(ns) / 2
    figure = new_figure(5.6, 3.1)
    axes = add_axes(figure)
    line(axes, ns, price, "q", marker="s", markersize=5, label="wasted by the universal code")
    line(axes, ns, half, "neutral", label=r"$\frac{1}{2}\log_2 n$")
    axes.set(xscale="log", xlabel="flips in the message, n", ylabel="bits for the whole message")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.legend(loc="upper left", frameon=False)
    gap = price - half
    return DescribedFigure(
        figure,
        f"Waste of a universal code on a whole message of n flips, for n from {ns[0]} to {ns[-1]:,}: it rises from "
        f"{price[0]:.2f} to {price[-1]:.2f} bits and runs beside half the binary logarithm of n, within "
        f"{math.ceil(100 * abs(gap).max()) / 100:.2f} bit of it.",
    )


@cache
def _shares(p_first: float) -> tuple[float, ...]:
    return (p_first, (1 - p_first) / 2, (1 - p_first) / 2)


@cache
def _believed(q_first: float, q_split: float) -> tuple[float, ...]:
    return (q_first, (1 - q_first) * q_split, (1 - q_first) * (1 - q_split))


@cache
def _lengths(q_first: float, q_split: float, kind: str) -> tuple[float, ...]:
    q = _believed(q_first, q_split)
    if kind == "ideal":
        return tuple(-math.log2(part) for part in q)
    return tuple(shannon_lengths(q) if kind == "Shannon" else huffman_code(q).lengths)


def code_budget() -> Explorer:
    """Make the interactive figure of the chapter: a code as bars of width p(x) and height l(x).

    The area of a bar is what its letter costs on average, and the area of all bars is the mean length.

    Returns
    -------
    Explorer
        Sliders for P and Q on three letters, and a choice of ideal, Shannon and Huffman lengths.

    Notes
    -----
    Explained in the chapter *Coding*.
    """

    def budget(p_first, q_first, q_split, kind):
        widths = np.array(_shares(p_first))
        return np.cumsum(widths) - widths, widths, _lengths(q_first, q_split, kind)

    def own(p_first):
        widths = np.array(_shares(p_first))
        return np.cumsum(widths) - widths, widths, -np.log2(widths)

    def cost(p_first, q_first, q_split, kind):
        return expected_length(_lengths(q_first, q_split, kind), _shares(p_first))

    def waste(p_first, q_first, q_split, kind):
        return cost(p_first, q_first, q_split, kind) - floor(p_first)

    def floor(p_first):
        return entropy(_shares(p_first), base=2)

    def length_of(letter):
        return lambda q_first, q_split, kind: _lengths(q_first, q_split, kind)[letter]

    def divergence(p_first, q_first, q_split):
        return kl_divergence(_shares(p_first), _believed(q_first, q_split), base=2)

    tenths = np.round(np.arange(0.1, 0.95, 0.1), 2)
    twentieths = np.round(np.arange(0.05, 0.96, 0.05), 2)
    letters = ["a", "b", "c"]
    return Explorer(
        title="What a code costs when P sends and Q codes",
        parameters=[
            Slider("p_first", "P(a); the rest is split evenly", steps=twentieths, start=0.5, digits=2),
            Slider("q_first", "Q(a)", steps=twentieths, start=0.25, digits=2),
            Slider("q_split", "share of b in the rest of Q", steps=tenths, start=0.5, digits=1),
            Choice("kind", "lengths", options=["ideal", "Shannon", "Huffman"], start="ideal"),
        ],
        panels=[
            Panel(
                "Width: how often P sends the letter; height: bits spent on it",
                xlabel="probability under P",
                ylabel="codeword length (bit)",
                xlim=(0, 1),
                ylim=(0, 6),
                marks=[
                    Bars(own, role="p", label="ideal code of P"),
                    Bars(budget, role="q", labels=letters, label="code of Q"),
                ],
            )
        ],
        readouts=[
            Readout("floor", "H(P)", floor, unit="bit", digits=4),
            Readout("cost", "mean length", cost, unit="bit", digits=4),
            Readout("waste", "waste", waste, unit="bit", digits=4),
            Readout("divergence", "D(P∥Q)", divergence, unit="bit", digits=4),
            *(
                Readout(f"length_{name}", f"length of {name}", length_of(letter), unit="bit", digits=3)
                for letter, name in enumerate(letters)
            ),
        ],
        sentence=(
            "With P(a) = {p_first} and Q(a) = {q_first}, the code with {kind} lengths spends {cost} a letter, "
            "{waste} more than the entropy; D(P∥Q) is {divergence}."
        ),
    )
