"""Figures of the chapter *ELBO*."""

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from matplotlib.patches import Ellipse
from scipy import stats

from kltools.divergence import kl_divergence
from kltools.elbo import elbo
from kltools.explore import Bars, Curve, Explorer, Panel, Readout, Rule, Slider
from kltools.figures.style import ROLES, DescribedFigure, add_axes, hatched, line, new_figure

OBSERVED = 1.0  # the x of the chapter's model on the line


def _ellipse(axes, covariance, role: str, label: str) -> None:
    """Draw the ellipse one standard deviation from the origin, in the look of a role."""
    values, vectors = np.linalg.eigh(covariance)
    look = ROLES[role]
    angle = math.degrees(math.atan2(vectors[1, 1], vectors[0, 1]))
    width, height = 2 * np.sqrt(values[::-1])
    shape = {"edgecolor": look.color, "linestyle": look.linestyle, "linewidth": 2, "label": label}
    axes.add_patch(Ellipse((0, 0), width, height, angle=angle, facecolor="none", hatch=look.hatch, **shape))


def factorized_fits(covariance, reverse, forward) -> DescribedFigure:
    """Draw a correlated normal and its two best products of independent normals.

    Parameters
    ----------
    covariance : array_like, shape (2, 2)
        Covariance matrix of P.
    reverse, forward : sequence of float, length 2
        Variances of the product q with the least D(q||P), and of that with the least D(P||q).

    Returns
    -------
    DescribedFigure
        Three ellipses, each one standard deviation from the common mean.

    Notes
    -----
    Explained in the chapter *ELBO*.
    """
    covariance = np.asarray(covariance, dtype=float)
    figure = new_figure(5.6, 3.4)
    axes = add_axes(figure)
    _ellipse(axes, covariance, "p", "P, correlated")
    _ellipse(axes, np.diag(reverse), "q", r"least $D(\underline{q}\,\|P)$")
    _ellipse(axes, np.diag(forward), "neutral", r"least $D(P\|\,\underline{q})$")
    axes.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), xlabel=r"$z_1$", ylabel=r"$z_2$", aspect="equal")
    axes.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    figure.legend(loc="outside right upper", frameon=False)
    correlation = covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1])
    across, along = np.linalg.eigvalsh(covariance)
    return DescribedFigure(
        figure,
        f"Ellipses of one standard deviation. P has variances {covariance[0, 0]:g} and {covariance[1, 1]:g} and "
        f"correlation {correlation:g}. The product with the least D(q∥P) has the variances {reverse[0]:.2f} and "
        f"{reverse[1]:.2f}; along the diagonal, where the variance of P is {along:.2f}, it is too narrow, and across, "
        f"where that is {across:.2f}, too wide. The product with the least D(P∥q) has the variances "
        f"{forward[0]:.2f} and {forward[1]:.2f}.",
    )


def weighted_bounds(ks, bounds, evidence: float) -> DescribedFigure:
    """Draw the importance-weighted bound against the number of weights.

    Parameters
    ----------
    ks : sequence of int
        Numbers of weights.
    bounds : sequence of float
        The bound for each, nats; shape as `ks`.
    evidence : float
        The log evidence, nats.

    Returns
    -------
    DescribedFigure
        The bound on a logarithmic axis of k, under the level of the log evidence.

    Notes
    -----
    Explained in the chapter *ELBO*.
    """
    figure = new_figure(5.6, 2.9)
    axes = add_axes(figure)
    axes.axhline(evidence, color=ROLES["p"].color, linewidth=2, label=r"$\ln p(x)$")
    line(axes, ks, bounds, "q", marker="s", markersize=5, label="bound of $K$ weights")
    axes.set(xscale="log", xlabel="weights, $K$", ylabel="nat")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(loc="lower right", frameon=False)
    return DescribedFigure(
        figure,
        f"The bound of K weights rises from the ELBO, {bounds[0]:.3f} nat at K = {ks[0]}, to {bounds[-1]:.3f} at "
        f"K = {ks[-1]}. The log evidence, {evidence:.3f} nat, is a level line above it.",
    )


def damage_forecast(temperature, damaged, grid, bands: Mapping[str, tuple[str, Sequence, Sequence, Sequence]]):
    """Draw forecasts of damage against temperature, with the flights.

    Parameters
    ----------
    temperature, damaged : array_like, shape (n,)
        The flights: degrees Fahrenheit, and 1 for damage.
    grid : array_like, shape (m,)
        Temperatures of the forecasts, the coldest first.
    bands : mapping of str to (str, array_like, array_like, array_like)
        From a label to a role, and the lower end, the mean and the upper end of the forecast at each temperature.

    Returns
    -------
    DescribedFigure
        One panel a forecast, with its mean as a line and its interval as an area.

    Notes
    -----
    Explained in the chapter *ELBO*.
    """
    figure = new_figure(5.6, 1.2 + 1.6 * len(bands))
    panels = np.atleast_1d(add_axes(figure, len(bands), 1, sharex=True))
    told = []
    for axes, (label, (role, low, mean, high)) in zip(panels, bands.items(), strict=True):
        for layer in hatched(role):
            axes.fill_between(grid, low, high, **layer | {"linewidth": 0.5})
        line(axes, grid, mean, role)
        axes.plot(temperature, damaged, "o", color=ROLES["neutral"].color, markersize=5, alpha=0.7)
        axes.set(ylim=(-0.06, 1.06), yticks=[0, 0.5, 1])
        axes.set_title(label, loc="left")
        told.append(f"{label}: {mean[0]:.3f}, between {low[0]:.3f} and {high[0]:.4f}")
    panels[-1].set_xlabel("temperature at launch (°F)")
    figure.supylabel("probability of damage", fontsize=11)
    return DescribedFigure(
        figure,
        f"Probability of O-ring damage against temperature, with the {len(temperature)} flights as points, "
        f"{int(np.sum(damaged))} of them damaged, the coldest at {np.min(temperature):g} °F. Mean and 95 percent "
        f"interval at {grid[0]:g} °F: {'; '.join(told)}.",
    )


def evidence_stack() -> Explorer:
    """Make the interactive figure of the chapter: the evidence as a stack, with q and the model under the hand.

    The model is z ~ N(theta, 1), x | z ~ N(z, 1) with x = 1, and q is a normal.

    Returns
    -------
    Explorer
        Sliders for the mean and the variance of q and for theta.

    Notes
    -----
    Explained in the chapter *ELBO*.
    """

    def log_evidence(theta):
        return float(stats.norm.logpdf(OBSERVED, theta, math.sqrt(2)))

    @cache
    def q(mean, variance):
        return stats.norm(mean, math.sqrt(variance))

    @cache
    def posterior(theta):
        return stats.norm((theta + OBSERVED) / 2, math.sqrt(0.5))

    @cache
    def best_bound(mean, variance):
        """Return the ELBO at theta = mean, the top of a parabola: theta enters through E_q ln p(z) alone."""

        def log_joint(z):
            return stats.norm.logpdf(z, mean) + stats.norm.logpdf(OBSERVED, z)

        return elbo(q(mean, variance), log_joint, degree=4).value  # exact, for log_joint is a parabola too

    def bound(mean, variance, theta):
        return best_bound(mean, variance) - (theta - mean) ** 2 / 2

    def gap(mean, variance, theta):
        return kl_divergence(q(mean, variance), posterior(theta))

    eighths = np.arange(-4, 13) / 8
    twentieths = np.round(np.arange(0.05, 1.01, 0.05), 2)
    z = np.linspace(-2, 3, 41)
    thetas = np.linspace(-0.5, 1.5, 21)
    half = 0.045  # of the width of a bar

    def bound_curve(mean, variance):
        return bound(mean, variance, thetas)

    return Explorer(
        title="ln p(x) = ELBO + gap, for the q and the model that you choose",
        parameters=[
            Slider("mean", "mean of q", steps=eighths, start=0.0, digits=3),
            Slider("variance", "variance of q", steps=twentieths, start=1.0, digits=2),
            Slider("theta", "move the model, too: θ", steps=eighths, start=0.0, digits=3),
        ],
        panels=[
            Panel(
                "Blue to ln p(x), orange to the ELBO: what sticks out is the gap",
                xlabel="θ, the prior mean of z",
                ylabel="nat",
                xlim=(-0.6, 1.6),
                ylim=(-5.2, 0),
                marks=[
                    Bars(
                        lambda mean, variance, theta: ([theta - half], [2 * half], [bound(mean, variance, theta)]), "q"
                    ),
                    Bars(lambda theta: ([theta - half], [2 * half], [log_evidence(theta)]), "p"),
                    Curve(lambda: [log_evidence(t) for t in thetas], "p", x=thetas, label="ln p(x)"),
                    Curve(bound_curve, "q", x=thetas, label="ELBO of this q"),
                ],
            ),
            Panel(
                "q and the posterior",
                xlabel="z",
                ylabel="density",
                xlim=(-2, 3),
                ylim=(0, 1.8),
                marks=[
                    Curve(lambda theta: posterior(theta).pdf(z), "p", x=z, fill=True, label="posterior"),
                    Curve(lambda mean, variance: q(mean, variance).pdf(z), "q", x=z, fill=True, label="q"),
                    Rule(lambda theta: theta, "neutral", label="θ", vertical=True),
                ],
            ),
        ],
        readouts=[
            Readout("evidence", "ln p(x)", log_evidence, unit="nat", digits=4),
            Readout("bound", "ELBO", bound, unit="nat", digits=4),
            Readout("gap", "gap, D(q∥posterior)", gap, unit="nat", digits=4),
        ],
        sentence=(
            "With q = N({mean}, {variance}) and θ = {theta}, the ELBO is {bound}, the gap {gap} and ln p(x) {evidence}."
        ),
    )
