"""Figures of the chapter *Optimization*."""

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from scipy import optimize, stats

from kltools.explore import Curve, Explorer, Panel, Points, Readout, Slider
from kltools.figures.style import ROLES, DescribedFigure, add_axes, bars, legend_above, line, new_figure
from kltools.optimization import NormalFit

# The nodes and weights of the trapezoid rule for E over a standard normal z: exact to rounding for what is drawn here.
Z = np.linspace(-12, 12, 1537)
WEIGHTS = stats.norm.pdf(Z) * (Z[1] - Z[0])


def mode_fits(d: float, covering: NormalFit, seeking: Sequence[NormalFit]) -> DescribedFigure:
    """Draw two equal unit modes at -d and d with the covering fit and the seeking fits.

    Parameters
    ----------
    d : float
        Half of the gap between the modes, in their standard deviations.
    covering : NormalFit
        The forward fit.
    seeking : sequence of NormalFit
        The local optima of the reverse fit, the best first.

    Returns
    -------
    DescribedFigure
        The densities; of the seeking fits the best is drawn thick.

    Notes
    -----
    Explained in the chapter *Optimization*.
    """
    x = np.linspace(-3 - d, 3 + d, 401)
    figure = new_figure(5.6, 3.5)
    axes = add_axes(figure)
    line(axes, x, _density(x, d, 0.5), "p", label="target P")
    line(axes, x, _normal(x, covering), "accent", linewidth=3, label="covering: least D(P∥N)")
    for rank, fit in enumerate(seeking):
        options = {"label": "seeking: least D(N∥P)"} if rank == 0 else {"linewidth": 1, "alpha": 0.8}
        line(axes, x, _normal(x, fit), "q", **options)
    axes.set(xlabel="x (standard deviations of one mode)", ylabel="density", ylim=(0, None))
    legend_above(axes, 2)
    # Rounded first, so that no mean is printed as -0.00.
    means = [round(fit.mean, 2) + 0 for fit in (covering, *seeking)]
    also = "; further local optima have mean " + " and ".join(f"{mean:.2f}" for mean in means[2:]) if means[2:] else ""
    return DescribedFigure(
        figure,
        f"Two equal modes at {-d:g} and {d:g}. The normal that minimizes D(P∥N) has mean {means[0]:.2f} and "
        f"standard deviation {covering.standard_deviation:.2f}. The best that minimizes D(N∥P) has mean "
        f"{means[1]:.2f} and standard deviation {seeking[0].standard_deviation:.2f}{also}.",
    )


def optima_diagram(d, mean, deviation, fold: float, jump: float) -> DescribedFigure:
    """Draw the means of all optima of the reverse fit to two equal unit modes at -d and d, against d.

    Parameters
    ----------
    d, mean, deviation : array_like, shape (n,)
        The branch of stationary points with mean > 0, in the order of increasing standard deviation: local minima up
        to the smallest d, saddles beyond it.
    fold, jump : float
        The smallest d of that branch; where its minimum becomes better than the optimum in the middle.

    Returns
    -------
    DescribedFigure
        The best optimum thick, other local minima thin, saddles dotted.

    Notes
    -----
    Explained in the chapter *Optimization*.
    """
    d, mean, deviation = map(np.asarray, (d, mean, deviation))
    turn = int(np.argmin(d))
    figure = new_figure(5.6, 3.6)
    axes = add_axes(figure)
    middle = np.array([0.0, jump, 4.0])
    line(axes, middle[:2], [0, 0], "q", linewidth=3.5, label="best fit")
    line(axes, middle[1:], [0, 0], "q", linewidth=1.5, label="local optimum, not the best")
    minima, best = slice(0, turn + 1), d[: turn + 1] >= jump
    for sign in (-1, 1):
        line(axes, d[minima][best], sign * mean[minima][best], "q", linewidth=3.5)
        line(axes, d[minima][~best], sign * mean[minima][~best], "q", linewidth=1.5)
        label = "saddle, no optimum" if sign == 1 else ""
        line(axes, d[turn:], sign * mean[turn:], "accent", linewidth=1.5, label=label)
    for where, name, side, aligned in ((fold, "folds", -5, "right"), (jump, "jump", 5, "left")):
        axes.axvline(where, color=ROLES["neutral"].color, linewidth=1)
        place = {"textcoords": "offset points", "ha": aligned, "va": "top"}
        axes.annotate(f"{name}\n{where:.3f}", (where, -0.3), (side, 0), **place)
    axes.set(xlabel="d, half of the gap between the modes", ylabel="mean of the fit", xlim=(0, 4), ylim=(-4.2, 4.2))
    axes.legend(frameon=False, loc="upper left")
    return DescribedFigure(
        figure,
        f"Means of the stationary points of D(N∥P) against d from 0 to 4. The middle, mean 0, is the best fit up to "
        f"d = {jump:.3f} and stays a local optimum beyond. At d = {fold:.3f} a local optimum and a saddle appear on "
        f"each side, at means plus and minus {mean[turn]:.2f}, not at 0. From d = {jump:.3f} on these are the "
        f"best, with means close to -d and d.",
    )


def policy_diversity(beta, entropies, rewards, reference_entropy: float) -> DescribedFigure:
    """Draw entropy and mean reward of the KL-regularized policy against the price of a nat.

    Parameters
    ----------
    beta, entropies, rewards : array_like, shape (n,)
        The price, the entropy of the policy in nats, and its mean reward.
    reference_entropy : float
        The entropy of the reference, nats.

    Returns
    -------
    DescribedFigure
        Two panels over a logarithmic axis of beta.

    Notes
    -----
    Explained in the chapter *Optimization*.
    """
    beta, entropies, rewards = map(np.asarray, (beta, entropies, rewards))
    figure = new_figure(5.6, 3.2)
    left, right = add_axes(figure, 1, 2)
    line(left, beta, entropies, "q")
    left.axhline(reference_entropy, color=ROLES["p"].color, linewidth=1.5)
    left.annotate("reference", (beta[0], reference_entropy), (2, 4), textcoords="offset points", color=ROLES["p"].color)
    left.set(title="entropy (nat)", ylim=(0, 1.8))
    line(right, beta, rewards, "q")
    right.set(title="mean reward", ylim=(0, 4.2))
    for axes in (left, right):
        axes.set(xscale="log", xlabel=r"$\beta$, price of a nat")
        axes.xaxis.set_major_formatter("{x:g}")
    top = int(np.argmax(entropies))
    return DescribedFigure(
        figure,
        f"As beta rises from {beta[0]:g} to {beta[-1]:g}, the entropy of the policy rises from {entropies[0]:.3f} nat "
        f"to {entropies[top]:.3f} at beta = {beta[top]:.2f} and falls to {entropies[-1]:.3f}, near the reference's "
        f"{reference_entropy:.3f}; the mean reward falls from {rewards[0]:.2f} to {rewards[-1]:.2f}.",
    )


def next_letters(letters: Sequence[str], students: Mapping[str, Sequence[float]], before: str) -> DescribedFigure:
    """Draw what two students expect after a letter, the likeliest letters first.

    Parameters
    ----------
    letters : sequence of str
        Names of the letters.
    students : mapping of str to sequence of float
        From the name of the covering student and that of the seeking one, in this order, to its probabilities.
    before : str
        The letter that stands before.

    Returns
    -------
    DescribedFigure
        Two bars a letter, for the ten letters that the first student finds likeliest.

    Notes
    -----
    Explained in the chapter *Optimization*.
    """
    shares = {name: np.asarray(q) for name, q in students.items()}
    first, second = shares.values()
    order = np.argsort(-first, kind="stable")[:10]
    figure = new_figure(5.6, 3.0)
    axes = add_axes(figure)
    for offset, role, (name, q) in zip((-0.4, 0.0), ("accent", "q"), shares.items(), strict=True):
        bars(axes, np.arange(10) + offset, q[order], np.full(10, 0.4), role, label=name)
    axes.set_xticks(np.arange(10), ["space" if letters[k] == " " else letters[k] for k in order])
    axes.set(xlabel=f"letter after {before}", ylabel="probability")
    axes.legend(frameon=False)
    listed = ", ".join(f"{letters[k].replace(' ', 'space')} {first[k]:.3f} and {second[k]:.3f}" for k in order[:5])
    names = " and ".join(shares)
    return DescribedFigure(figure, f"Probabilities of the letter after {before}, {names}: {listed}.")


def _tilt(w: float) -> float:
    """Half of the log odds of the right mode: log p(x) holds log cosh(d x + tilt)."""
    return math.log((1 - w) / w) / 2


def _density(x, d, w):
    return w * stats.norm.pdf(x, -d) + (1 - w) * stats.norm.pdf(x, d)


def _normal(x, fit):
    return stats.norm.pdf(x, fit.mean, fit.standard_deviation)


def _reverse(mean, deviation, d, w, every=1):
    """Return D(N||P) for means and deviations that broadcast; one expectation has no closed form."""
    mean, deviation = np.asarray(mean), np.asarray(deviation)
    u = d * (mean[..., np.newaxis] + deviation[..., np.newaxis] * Z[::every]) + _tilt(w)
    expected = np.logaddexp(u, -u) @ WEIGHTS[::every] * every
    return (mean**2 + deviation**2 + d**2 - 1) / 2 - np.log(deviation) - expected - math.log(w * (1 - w)) / 2


@cache
def _landscape(d: float, w: float):
    """Return a grid of means with the least D(N||P) over all deviations, and the local optima, the best first."""
    means, deviations = np.linspace(-5, 5, 251), np.exp(np.linspace(-0.4, 1.5, 40))
    surface = _reverse(means[:, np.newaxis], deviations, d, w, 8)
    where = surface[:, 1:-1].argmin(axis=1) + 1
    below, at, above = (surface[np.arange(means.size), where + shift] for shift in (-1, 0, 1))
    least = at - (above - below) ** 2 / (8 * (above - 2 * at + below))  # the vertex of the parabola through the three

    def slopes(point):
        mean, deviation = point
        u = np.tanh(d * (mean + deviation * Z) + _tilt(w))
        bend = d**2 * WEIGHTS * (1 - u**2)
        cross = -bend @ Z
        jacobian = [[1 - bend.sum(), cross], [cross, 1 + deviation**-2 - bend @ Z**2]]
        return [mean - d * WEIGHTS @ u, deviation - 1 / deviation - d * WEIGHTS @ (Z * u)], jacobian

    optima = {}
    for k in range(1, means.size - 1):
        if least[k] < least[k - 1] and least[k] <= least[k + 1]:
            found = optimize.root(slopes, (means[k], deviations[where[k]]), jac=True, tol=1e-12)
            mean, deviation = map(float, found.x)
            # From a place that is merely flat the search fails, or ends in a saddle.
            if found.success and np.linalg.eigvalsh(slopes(found.x)[1])[0] > 0:
                optima[round(mean, 6)] = float(_reverse(mean, deviation, d, w)), round(mean, 9) + 0, deviation
    # Equal optima: the left one first, though their last bits differ.
    return means, least, sorted(optima.values(), key=lambda fit: (round(fit[0], 9), fit[1]))


@cache
def _covering(d: float, w: float) -> tuple[float, float, float]:
    """Return mean, standard deviation and D(P||N) of the normal with the moments of P."""
    mean, deviation = d * (1 - 2 * w), math.sqrt(1 + 4 * w * (1 - w) * d**2)
    x = np.linspace(-16, 16, 3201)
    p = _density(x, d, w)
    own = -(p @ np.log(p)) * (x[1] - x[0])
    return mean, deviation, math.log(deviation) + math.log(2 * math.pi * math.e) / 2 - own


def fitting_directions() -> Explorer:
    """Make the interactive figure of the chapter: two modes, the covering and the seeking normal, and why.

    Returns
    -------
    Explorer
        Sliders for the gap and the weights of the modes; the second panel is D(N||P) as a function of the mean.

    Notes
    -----
    Explained in the chapter *Optimization*.
    """
    x = np.linspace(-7, 7, 85)

    def target(d, w):
        return _density(x, d, w)

    def covering(d, w):
        mean, deviation, _ = _covering(d, w)
        return stats.norm.pdf(x, mean, deviation)

    def seeking(d, w):
        _, mean, deviation = _landscape(d, w)[2][0]
        return stats.norm.pdf(x, mean, deviation)

    def landscape(d, w):
        return _landscape(d, w)[1][::5]

    def optima(d, w):
        found = _landscape(d, w)[2]
        three = (found + found[:1] * 2)[:3]
        return [mean for _, mean, _ in three], [divergence for divergence, _, _ in three]

    means = np.linspace(-5, 5, 51)
    return Explorer(
        title="One normal for two modes: which slot moves?",
        parameters=[
            Slider("d", "d, half of the gap between the modes", steps=np.arange(0, 4.1, 0.2), start=2, digits=1),
            Slider("w", "w, weight of the left mode", steps=np.arange(0.5, 0.96, 0.05), start=0.5, digits=2),
        ],
        panels=[
            Panel(
                "The target and its two fits",
                xlabel="x",
                ylabel="density",
                xlim=(-7, 7),
                ylim=(0, 0.45),
                marks=[
                    Curve(target, role="p", x=x, label="target P"),
                    Curve(covering, role="accent", x=x, label="covering: least D(P∥N)"),
                    Curve(seeking, role="q", x=x, label="seeking: least D(N∥P)"),
                ],
            ),
            Panel(
                "Least D(N∥P) for each mean, and the local optima",
                xlabel="mean of N",
                ylabel="D(N∥P) (nat)",
                xlim=(-5, 5),
                ylim=(0, 4),
                marks=[Curve(landscape, role="neutral", x=means), Points(optima, role="q")],
            ),
        ],
        readouts=[
            Readout("covering_mean", "covering mean", lambda d, w: _covering(d, w)[0], digits=3),
            Readout("covering_deviation", "covering sd", lambda d, w: _covering(d, w)[1], digits=3),
            Readout("forward", "its D(P∥N)", lambda d, w: _covering(d, w)[2], unit="nat"),
            Readout("seeking_mean", "seeking mean", lambda d, w: _landscape(d, w)[2][0][1], digits=3),
            Readout("seeking_deviation", "seeking sd", lambda d, w: _landscape(d, w)[2][0][2], digits=3),
            Readout("reverse", "its D(N∥P)", lambda d, w: _landscape(d, w)[2][0][0], unit="nat"),
            Readout("optima", "local optima", lambda d, w: len(_landscape(d, w)[2]), digits=0),
        ],
        sentence=(
            "With modes {d} left and {d} right of 0 and weight {w} on the left, the covering normal has mean "
            "{covering_mean} and standard deviation {covering_deviation}; the seeking one has mean {seeking_mean} and "
            "standard deviation {seeking_deviation}. Number of local optima: {optima}."
        ),
    )
