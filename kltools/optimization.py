"""Optimization: the slot of D(P||Q) that the optimizer moves decides what comes out.

Move Q and it covers P, move P and it seeks what Q allows (`fit_normal`); stay near a reference and earn
(`regularized_policy`); bet (`growth_rate`, `kelly_bet`); descend with D as the measure of how far
(`exponentiated_gradient`).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from kltools import _normal_fits
from kltools._betting import growth_rate, kelly_bet
from kltools._kernels import centered_excess, kl_rows
from kltools._line_density import LineDensity
from kltools._validation import (
    broadcast_shape,
    choice,
    finite_array,
    in_units,
    integer,
    one_distribution,
    positive,
    probabilities,
    real_array,
    real_number,
    require_callable,
    require_entries,
)

__all__ = [
    "NormalFit",
    "RegularizedPolicy",
    "exponentiated_gradient",
    "fit_normal",
    "growth_rate",
    "kelly_bet",
    "regularized_policy",
]


@dataclass(frozen=True, slots=True)
class NormalFit:
    """A normal N(mean, standard_deviation**2) at a local minimum of the divergence, made by `fit_normal`.

    Attributes
    ----------
    mean, standard_deviation : float
        In the units of x.
    divergence : float
        D(P||N) of a forward fit, D(N||P) of a reverse fit, in nats.
    log_normalizer : float
        The logarithm of the integral of exp(log_density), the same for every fit: 0 for a normalized density.
    """

    mean: float
    standard_deviation: float
    divergence: float
    log_normalizer: float


def fit_normal(log_density, direction="forward", *, support=(-math.inf, math.inf), points=()):
    """Normals at the local minima of D(P||N) or of D(N||P), for a density P on the line.

    Parameters
    ----------
    log_density : callable
        Takes a one-dimensional array of x, returns the logarithm of the density of P at each, normalized or not:
        finite or -inf, and computed as a logarithm (that of a density that underflowed to 0 is no log density).
    direction : {"forward", "reverse"}
        "forward" minimizes D(P||N): N covers P. "reverse" minimizes D(N||P): N seeks what P allows.
    support : (float, float)
        The open interval outside of which P has no mass; a reverse fit needs the whole line. A density that is
        singular at an end wants that end at 0, where floats are dense.
    points : array_like, shape (n,)
        Places inside of the support that a search by sight may miss: peaks less than a thousandth as wide as
        the whole, and jumps.

    Returns
    -------
    tuple of NormalFit
        The best first; of equal ones, the smaller mean first. A forward fit is unique; a reverse fit has one
        normal for each local minimum. Errors are about 1e-8 standard deviations, unless two optima almost meet.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as above; if log_density gives NaN or inf; if an integral diverges or converges too
        slowly to be computed (a forward fit needs a finite variance); if P excludes a part of the line, so that
        D(N||P) is infinite for every N.
    RuntimeError
        If the local minima of a reverse fit cannot be all, which `points` may mend.

    Notes
    -----
    Forward: for every P with a finite variance and a finite entropy, D(P||N) is smallest for the mean and the
    variance of P, and nowhere else has a local minimum. Reverse: at a local minimum of D(N||P), E_N[d log p/dx] = 0
    and the curvature of log p, averaged over N, is -1/s^2. Every one lies on a ridge of log p smoothed by
    N(0, s^2), which starts at a peak of p; the ridges are followed, and the minima counted against the saddles, of
    which there must be one less. T. Minka, *Divergence Measures and Message Passing* (2005); C. M. Bishop, *Pattern
    Recognition and Machine Learning* (2006), section 10.1.2. Explained in the chapter *Optimization*.

    Examples
    --------
    Two equal modes at -3 and 3: the forward fit covers both, a reverse fit takes one, or the middle.

    >>> log_density = lambda x: np.logaddexp(-((x - 3) ** 2) / 2, -((x + 3) ** 2) / 2)
    >>> [fit] = fit_normal(log_density)
    >>> round(fit.standard_deviation, 5), round(fit.divergence, 6)
    (3.16228, 0.461995)
    >>> for fit in fit_normal(log_density, "reverse"):
    ...     print(f"|m| = {abs(fit.mean):.5f}, s = {fit.standard_deviation:.5f}, D(N||P) = {fit.divergence:.6f} nat")
    |m| = 2.98431, s = 1.02337, D(N||P) = 0.688769 nat
    |m| = 2.98431, s = 1.02337, D(N||P) = 0.688769 nat
    |m| = 0.00000, s = 2.74377, D(N||P) = 0.840621 nat
    """
    require_callable(log_density, "log_density", "a function of an array")
    choice(direction, "direction", ("forward", "reverse"))
    low, high = _interval(support)
    if direction == "reverse" and (low, high) != (-math.inf, math.inf):
        raise ValueError(f"support = {support}: unless P allows the whole line, D(N||P) is infinite for every normal N")
    points = finite_array(points, "points")
    if points.ndim != 1:
        raise ValueError(f"points must be one-dimensional, got shape {points.shape}")
    require_entries(points, "points", (low < points) & (points < high), f"a point lies in the support {support}")

    target = LineDensity(log_density, (low, high), points, power=2 if direction == "forward" else 0)
    fits = [_normal_fits.forward_fit(target)] if direction == "forward" else _normal_fits.reverse_fits(target)
    return tuple(NormalFit(*map(float, fit), float(target.log_normalizer)) for fit in fits)


@dataclass(frozen=True, slots=True)
class RegularizedPolicy:
    """The maximizer of E[reward] - beta D(policy||reference), made by `regularized_policy`.

    Attributes
    ----------
    policy : ndarray, shape (..., k)
        Probabilities along the last axis.
    value : float or ndarray
        The maximum, beta log E_reference[exp(reward / beta)], in units of reward.
    expected_reward : float or ndarray
        E[reward] under the policy.
    divergence : float or ndarray
        D(policy||reference) in nats: ``value = expected_reward - beta * divergence``.
    """

    policy: np.ndarray
    value: float | np.ndarray
    expected_reward: float | np.ndarray
    divergence: float | np.ndarray


def regularized_policy(reference, reward, beta):
    """Policy that earns most under a price on D(policy||reference): reference times exp(reward / beta).

    Parameters
    ----------
    reference : array_like, shape (..., k)
        Probabilities along the last axis. What the reference excludes, the policy excludes.
    reward : array_like, shape (..., k)
        Finite rewards.
    beta : float
        Price of a nat, positive: towards 0 the policy takes the best reward that the reference allows, for ``inf``
        it is the reference.

    Returns
    -------
    RegularizedPolicy
        With ``policy``, ``value``, ``expected_reward`` and ``divergence``.

    Raises
    ------
    TypeError, ValueError
        If reference is not a probability vector, a reward is not finite, the shapes do not fit, or beta is not
        positive.

    Notes
    -----
    The Gibbs (Donsker-Varadhan) variational principle: for beta > 0 and E_reference[exp(reward / beta)] < inf,
    which finite rewards for k outcomes ensure, the maximum of E[reward] - beta D(policy||reference) is
    beta log E_reference[exp(reward / beta)], and only the policy returned attains it. The policy being trained
    stands in the first slot, as in reinforcement learning from human feedback. S. Boucheron, G. Lugosi and
    P. Massart, *Concentration Inequalities* (2013), section 4.9. Explained in the chapter *Optimization*.

    Examples
    --------
    >>> best = regularized_policy([0.4, 0.3, 0.15, 0.1, 0.05], [0, 1, 2, 3, 4], beta=1)
    >>> round(best.expected_reward, 5), round(best.divergence, 6), round(best.value, 5)
    (2.82875, 0.873979, 1.95477)
    """
    reference = probabilities(reference, "reference", dtype=np.float64)
    reward = finite_array(reward, "reward")
    if reward.ndim == 0:
        raise ValueError(f"reward must have an outcome along the last axis, got the scalar {reward}")
    shape = broadcast_shape(reference, reward, ("reference", "reward"))
    beta = positive(beta, "beta", infinite=True)
    reference = np.broadcast_to(reference / reference.sum(axis=-1, keepdims=True), shape)
    allowed = reference > 0
    top = np.where(allowed, reward, -np.inf).max(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", over="ignore"):
        below = np.where(allowed, reward - top, 0)
        scaled = below / beta
        log_weights = np.log(reference) + scaled
    log_mean = logsumexp(log_weights, axis=-1, keepdims=True)

    # Where beta is large, logarithms of numbers near 1 would lose what beta then magnifies.
    gentle = scaled.min(axis=-1, keepdims=True) > -1
    below, scaled = np.where(gentle, below, 0), np.where(gentle, scaled, 0)
    policy = np.where(gentle, reference * np.exp(scaled - log_mean), np.exp(log_weights - log_mean))
    policy /= policy.sum(axis=-1, keepdims=True)
    excess, _, _ = centered_excess(reference, scaled)
    price = beta if beta < math.inf else 0.0
    near, far = np.vecdot(reference, below) + price * np.log1p(excess), price * log_mean[..., 0]
    value = top[..., 0] + np.where(gentle[..., 0], near, far)
    return RegularizedPolicy(
        policy, in_units(value), in_units(np.vecdot(policy, reward)), in_units(kl_rows(policy, reference))
    )


def exponentiated_gradient(gradient, start, rate, steps):
    """Descent on the simplex that multiplies weights by exp(-rate gradient): mirror descent with D as distance.

    Parameters
    ----------
    gradient : callable
        Takes a probability vector w of shape (k,), returns the gradient of the loss there, of shape (k,).
    start : array_like, shape (k,)
        Probabilities. An outcome of probability zero keeps it, and the gradient along it is not looked at.
    rate : float
        Positive and finite.
    steps : int
        Number of steps, 0 or more.

    Returns
    -------
    numpy.ndarray, shape (steps + 1, k)
        The path, from `start`, one row a step.

    Raises
    ------
    TypeError, ValueError
        If start is not a probability vector, rate is not positive and finite, steps is not an integer or is
        negative, or gradient is no function or returns a wrong shape or a value that is not finite.

    Notes
    -----
    Each step minimizes <gradient, w> + D(w||w_t) / rate over the simplex. For a convex loss F, whose gradients on
    the path spread over at most R from the smallest entry to the largest, and any u, the mean of F over the first T
    points of the path is at most F(u) + D(u||start) / (rate T) + rate R^2 / 8; so it is within
    R sqrt(log(k) / (2 T)) of the least F for a uniform start and rate = sqrt(8 log(k) / T) / R. The last point need
    not be as good. J. Kivinen and M. K. Warmuth, "Exponentiated Gradient versus Gradient Descent for Linear
    Predictors", *Information and Computation* 132 (1997); N. Cesa-Bianchi and G. Lugosi, *Prediction, Learning, and
    Games* (2006), chapter 2. Explained in the chapter *Optimization*.

    Examples
    --------
    Down D(w||q), for q = (0.4, 0.6), from (0.7, 0.3):

    >>> path = exponentiated_gradient(lambda w: np.log(w / [0.4, 0.6]), [0.7, 0.3], rate=0.5, steps=20)
    >>> path[[0, 1, 20]].round(5)
    array([[0.7    , 0.3    ],
           [0.55501, 0.44499],
           [0.4    , 0.6    ]])
    """
    require_callable(gradient, "gradient", "a function of a probability vector")
    w = one_distribution(start, "start")
    rate = positive(rate, "rate")
    path = np.empty((integer(steps, "steps", least=0) + 1, w.size))
    path[0] = w
    alive = w > 0
    log_w = np.log(w[alive])  # carried along, so that what underflows in w can come back
    for step in range(1, len(path)):
        name = f"gradient(w) at step {step}"
        slope = real_array(gradient(path[step - 1].copy()), name)
        if slope.shape != w.shape:
            raise ValueError(f"{name} has shape {slope.shape}, w has {w.shape}")
        slope = finite_array(np.where(alive, slope, 0), name)[alive]
        with np.errstate(over="ignore"):
            log_w = log_w - rate * (slope - slope.min())
        log_w -= logsumexp(log_w)
        path[step] = 0
        path[step, alive] = np.exp(log_w)
        path[step] /= path[step].sum()
    return path


def _interval(support):
    try:
        low, high = support
    except (TypeError, ValueError):
        raise ValueError(f"support must be two numbers, got {support!r}") from None
    low, high = (real_number(end, f"support[{i}]") for i, end in enumerate((low, high)))
    if not low < high:
        raise ValueError(f"support = {support}: its first number must be below its second")
    return low, high
