"""Figures of the landing page: seven readings of one coin, and where the divergence of two normals comes from."""

import math
from functools import cache

import numpy as np
from scipy import stats
from scipy.special import ndtr, xlogy

from kltools.coding import expected_length
from kltools.divergence import kl_divergence
from kltools.elbo import elbo, evidence
from kltools.explore import Bars, Choice, Curve, Explorer, Panel, Readout, Rule, Slider
from kltools.geometry import bregman_divergence
from kltools.hypothesis_testing import log_likelihood_ratio
from kltools.likelihood import mean_log_likelihood
from kltools.optimization import growth_rate
from kltools.surprise import surprisal

UNITS = {"nat": 1.0, "bit": 1 / math.log(2), "deciban": 10 / math.log(10)}  # how many of each make a nat
HEADS = (0.01, *np.round(np.arange(0.05, 0.96, 0.05), 2), 0.99)
FLIPS = 100  # as many flips as give every step of a slider as an exact frequency
MEANS = np.round(np.arange(-3, 3.01, 0.5), 1)
WIDTHS = (0.25, 0.5, 1, 1.5, 2, 3, 4)
SPREADS = np.arange(-4, 4.1, 0.25)  # where a normal is drawn, in its own standard deviations
LINE, HEIGHTS = (-8, 8), (-0.2, 0.6)  # what the panel of the integrand has room for


def _coin(heads):
    return np.stack([heads, 1 - np.asarray(heads)], axis=-1)


def _code_length(p, q):
    """Return the mean length in bits that letters of P take in the ideal code of Q."""
    return expected_length(surprisal(q, [0, 1], base=2), p)


@cache
def _seven(p_heads: float, q_heads: float) -> tuple[float, ...]:
    """Return seven readings of one flip in nats, each by the functions of its own chapter."""
    p, q = _coin(p_heads), _coin(q_heads)
    flips = np.repeat([0, 1], np.rint(FLIPS * p).astype(int))
    log_joint = np.log(p) - 1  # a posterior P; any evidence does, exp(-1) here
    return (
        (_code_length(p, q) - _code_length(p, p)) / UNITS["bit"],
        float(np.mean(surprisal(q, flips) - surprisal(p, flips))),
        mean_log_likelihood(p, flips) - mean_log_likelihood(q, flips),
        log_likelihood_ratio(p, q, flips) / FLIPS,
        bregman_divergence(lambda x: xlogy(x, x).sum(axis=-1), lambda x: np.log(x) + 1, p, q),
        growth_rate(p, 1 / q, p),
        evidence(log_joint).value - elbo(q, log_joint).value,
    )


def seven_readings() -> Explorer:
    """Make the figure of two coins under the reader's hand, with seven readings of their divergence.

    The first six are D(P||Q), each computed by the functions of its chapter; the seventh is D(Q||P).

    Returns
    -------
    Explorer
        Sliders for the probability of heads under P and under Q, and a choice of nat, bit and deciban.

    Notes
    -----
    Explained on the landing page.
    """
    grid = np.round(np.arange(0.01, 0.995, 0.01), 2)

    def reading(index):
        return lambda p, q, unit: UNITS[unit] * _seven(p, q)[index]

    def heads_and_tails(offset):
        return lambda heads: ([offset, 1 + offset], [0.35, 0.35], _coin(heads))

    p_bars, q_bars = heads_and_tails(0.1), heads_and_tails(0.55)
    names = ["coding", "surprise", "likelihood", "testing", "geometry", "optimization", "elbo"]
    labels = [
        "1 code length wasted",
        "2 surprise in excess",
        "3 log-likelihood lost",
        "4 evidence gathered",
        "5 gap above the tangent",
        "6 growth of log wealth",
        "½ ELBO's gap, reversed",
    ]
    return Explorer(
        title="Two coins, one number, seven readings",
        parameters=[
            Slider("p", "heads under P", HEADS, 0.7, digits=2),
            Slider("q", "heads under Q", HEADS, 0.4, digits=2),
            Choice("unit", "unit of the seven numbers, a flip", options=list(UNITS), start="nat"),
        ],
        panels=[
            Panel(
                "The two coins",
                xlabel="",
                ylabel="probability",
                xlim=(0, 2),
                ylim=(0, 1),
                xnames=[(0.5, "heads"), (1.5, "tails")],
                marks=[Bars(lambda p: p_bars(p), "p", label="P"), Bars(lambda q: q_bars(q), "q", label="Q")],
            ),
            Panel(
                "This P against every Q",
                xlabel="heads under Q",
                ylabel="nat a flip",
                xlim=(0, 1),
                ylim=(0, 2),
                marks=[
                    Curve(lambda p: kl_divergence(_coin(p), _coin(grid)), "p", x=grid, label="D(P‖Q)"),
                    Curve(lambda p: kl_divergence(_coin(grid), _coin(p)), "q", x=grid, label="D(Q‖P)"),
                    Rule(lambda q: q, "neutral", vertical=True, label="this Q"),
                ],
            ),
        ],
        readouts=[
            Readout(name, label, reading(index), digits=6)
            for index, (name, label) in enumerate(zip(names, labels, strict=True))
        ],
        sentence=(
            "P shows heads with probability {p}, Q believes {q}. Coding, surprise, likelihood, testing, geometry and "
            "optimization all give D(P‖Q) = {coding} {unit} a flip; the ELBO exchanges the two and gives {elbo} {unit}."
        ),
    )


@cache
def _normals(shift: float, p_width: float, q_width: float) -> float:
    return kl_divergence(stats.norm(shift, p_width), stats.norm(0, q_width))


def _log_ratio(shift: float, p_width: float, q_width: float) -> tuple[float, float, float]:
    """Return a, b, c of ln p/q = a + b t + c t^2, t standard deviations of P away from its mean."""
    ratio = p_width / q_width
    return (shift / q_width) ** 2 / 2 - math.log(ratio), shift / q_width * ratio, (ratio**2 - 1) / 2


def _parts(shift: float, p_width: float, q_width: float) -> tuple[float, float]:
    """Return the integral of p ln p/q over where P has the higher density, and over where Q has."""
    a, b, c = _log_ratio(shift, p_width, q_width)
    roots = np.roots([c, b, a])
    ends = np.array([-40.0, *np.sort(roots[np.isreal(roots)].real), 40.0])  # no mass lies outside
    pieces = np.diff((a + c) * ndtr(ends) - (b + c * ends) * stats.norm.pdf(ends))
    return float(pieces[pieces > 0].sum()), float(pieces[pieces < 0].sum())


def _shown(p_mean: float, q_mean: float, p_width: float, q_width: float) -> float:
    """Return the percentage of the shading, between the integrand and zero, that the panel has room for."""
    a, b, c = _log_ratio(p_mean - q_mean, p_width, q_width)
    t = np.linspace(SPREADS[0], SPREADS[-1], 1001)
    x, value = p_mean + p_width * t, stats.norm.pdf(t) / p_width * (a + t * (b + t * c))
    drawn = np.where((x >= LINE[0]) & (x <= LINE[1]), np.clip(value, *HEIGHTS), 0.0)
    shown, whole = (np.trapezoid(np.abs(height), x) for height in (drawn, value))
    return 100 * float(shown / whole) if whole else 100.0


def normal_integrand() -> Explorer:
    """Make the figure of two normals and of the integrand p ln p/q, its positive and its negative part.

    Returns
    -------
    Explorer
        Sliders for both means and both standard deviations; the two areas, the divergence both ways, and how much
        of the areas the panel shows.

    Notes
    -----
    Explained on the landing page.
    """

    def density(mean, width):
        return mean + width * SPREADS, stats.norm.pdf(SPREADS) / width

    def integrand(sign):
        def curve(p_mean, shift, p_width, q_width):
            a, b, c = _log_ratio(shift, p_width, q_width)
            x, p = density(p_mean, p_width)
            value = p * (a + SPREADS * (b + SPREADS * c))
            return x, np.where(sign * value > 0, value, 0.0)

        return curve

    def reverse(shift, p_width, q_width):
        return _normals(-shift, q_width, p_width)

    def total(shift, p_width, q_width):
        return _normals(shift, p_width, q_width) + reverse(shift, p_width, q_width)

    def part(index):
        return lambda shift, p_width, q_width: _parts(shift, p_width, q_width)[index]

    return Explorer(
        title="Where the divergence of two normals comes from",
        parameters=[
            Slider("p_mean", "mean of P", MEANS, 0, digits=1),
            Slider("p_width", "standard deviation of P", WIDTHS, 1, digits=2),
            Slider("q_mean", "mean of Q", MEANS, 1, digits=1),
            Slider("q_width", "standard deviation of Q", WIDTHS, 2, digits=2),
        ],
        differences={"shift": ("p_mean", "q_mean")},
        panels=[
            Panel(
                "The two densities",
                xlabel="x",
                ylabel="density",
                xlim=LINE,
                ylim=(0, 0.8),
                marks=[
                    Curve(lambda p_mean, p_width: density(p_mean, p_width), "p", label="P"),
                    Curve(lambda q_mean, q_width: density(q_mean, q_width), "q", label="Q"),
                ],
            ),
            Panel(
                "p(x) ln p(x)/q(x), shaded",
                xlabel="x",
                ylabel="nat per unit of x",
                xlim=LINE,
                ylim=HEIGHTS,
                marks=[
                    Curve(integrand(1), "p", fill=True, label="p above q"),
                    Curve(integrand(-1), "accent", fill=True, label="p below q"),
                ],
            ),
        ],
        readouts=[
            Readout("above", "area above zero", part(0), "nat"),
            Readout("below", "area below zero", part(1), "nat"),
            Readout("forward", "their sum, D(P‖Q)", _normals, "nat"),
            Readout("reverse", "D(Q‖P)", reverse, "nat"),
            Readout("total", "both ways together", total, "nat"),
            Readout("shown", "shading that fits the panel", _shown, "%", digits=0),
        ],
        sentence=(
            "P has mean {p_mean} and standard deviation {p_width}, Q has {q_mean} and {q_width}. "
            "Where p exceeds q the integrand adds {above}, elsewhere {below}: together D(P‖Q) = {forward}. "
            "Exchanged, D(Q‖P) = {reverse}; the two add up to {total}."
        ),
    )
