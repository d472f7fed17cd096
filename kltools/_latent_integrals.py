"""The integrals behind `kltools.elbo`: a normalizer on the line, and the expected logarithm of a mean of weights."""

import itertools

import numpy as np
from scipy.special import logsumexp

# A normal latent in standard deviations from its mean: the trapezoid rule is exact to rounding for smooth
# integrands, and what lies beyond has probability 1e-23.
STANDARD_NODES = np.linspace(-10, 10, 2561)
_STEP = 1 / 8
TAIL_END = 170.0  # z to exp(170): its fourth power is still a float


def log_integral(log_density):
    """Return ``log of the integral of exp(log_density)`` over the line, and an estimate of its error.

    The panels of the adaptive rule widen geometrically on both sides of every mode that a scan finds, so that
    neither the place nor the scale of the mass has to be known.

    Raises
    ------
    ValueError
        If the integrand vanishes at every point of the scan, or its integral does not converge.
    """
    # Far out the parts of a log density overflow, to -inf in all; where they leave NaN it is refused.
    with np.errstate(over="ignore", invalid="ignore"):
        return _log_integral(log_density)


def _log_integral(log_density):
    from scipy import integrate, optimize

    scan = np.sinh(np.linspace(-20, 20, 8001))
    heights = log_density(scan)
    best = int(np.argmax(heights))
    if heights[best] == -np.inf:
        raise ValueError(f"log_joint is -inf at each of the {scan.size} points where it was tried")
    low, high = scan[max(best - 1, 0)], scan[min(best + 1, scan.size - 1)]
    found = optimize.minimize_scalar(
        lambda z: -log_density(z), bounds=(low, high), method="bounded", options={"xatol": 1e-11 * (high - low)}
    )
    mode, top = (found.x, -found.fun) if -found.fun > heights[best] else (scan[best], heights[best])

    def density(z):
        return np.exp(log_density(z) - top)

    def tail(v):
        return (density(edges[0] - np.exp(v)) + density(edges[-1] + np.exp(v))) * np.exp(v)

    # Sharp peaks get panels of their own.
    inner = heights[1:-1]
    peaks = scan[1:-1][(inner > heights[:-2] + 0.01) & (inner > heights[2:] + 0.01) & (inner > top - 50)]
    steps = 4.0 ** np.arange(-14, 15)
    edges = np.unique(np.add.outer([mode, *peaks], np.concatenate([-steps, [0], steps])))
    # `full_output` keeps quad from warning: the errors decide below.
    options = {"epsabs": 1e-14 * np.trapezoid(density(edges), edges), "epsrel": 1e-11, "limit": 200, "full_output": 1}
    parts = [integrate.quad(density, *panel, **options)[:2] for panel in itertools.pairwise(edges)]
    parts.append(integrate.quad(tail, -50, TAIL_END, **options)[:2])
    total, error = np.sum(parts, axis=0)
    error += 10 * tail(TAIL_END)  # what a tail of 1/z**1.1 leaves out
    if not error < 1e-6 * total < np.inf:
        raise ValueError("log_joint is the logarithm of a function whose integral over the line does not converge")
    return float(top + np.log(total)), float(error / total)


def expected_log_mean(q, log_weights, k):
    """Return the mean of the logarithm of the mean of k independent weights, and an estimate of its error.

    For a positive S, ``E log S = int_0^inf (exp(-t) - E exp(-t S)) / t dt`` (Frullani), and for the mean of k weights
    with Laplace transform M the expectation inside is ``M(t / k)**k``. In u = log t the integrand is analytic
    in a strip of half-width pi/2, and the trapezoid rule with step h is off by about ``exp(-pi**2 / h)``.

    Parameters
    ----------
    q : ndarray, shape (m,)
        Probabilities of the weights.
    log_weights : ndarray, shape (m,)
        Their logarithms.
    k : int
        The number of draws.
    """
    possible = q > 0
    q, log_weights = q[possible], log_weights[possible]
    if log_weights.min() == -np.inf:
        return -np.inf, 0.0  # all k weights may be zero
    center = logsumexp(log_weights, b=q)
    log_weights = log_weights - center

    def log_transform(u):
        with np.errstate(over="ignore", divide="ignore"):
            rates = np.exp(np.subtract.outer(u - np.log(k), -log_weights))
            return k * np.log1p(np.expm1(-rates) @ q)

    low, high = -40.0, 5.0 + np.log(k) - log_weights.min()
    while high - low > 1:  # the last u that counts: the transform falls
        middle = (low + high) / 2
        low, high = (middle, high) if log_transform(middle) > -40 else (low, middle)
    u = np.arange(-40, max(high, 5) + _STEP, _STEP)
    blocks = np.array_split(u, -(-u.size * q.size // 1_000_000))
    with np.errstate(over="ignore"):
        values = np.exp(-np.exp(u)) - np.exp(np.concatenate([log_transform(block) for block in blocks]))
    integral = _STEP * values.sum()
    coarse = 2 * _STEP * values[::2].sum()
    return float(center + integral), float(abs(integral - coarse) + 1e-15 * u.size)
