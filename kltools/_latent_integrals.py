"""The expected logarithm of a mean of weights, by an integral of its own: no density has to be found here."""

import numpy as np
from scipy.special import logsumexp

# A normal latent in standard deviations from its mean: the trapezoid rule is exact to rounding for smooth
# integrands, and what lies beyond has probability 1e-23.
STANDARD_NODES = np.linspace(-10, 10, 2561)
_STEP = 1 / 8


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
            return k * np.log1p(np.maximum(np.expm1(-rates) @ q, -1))  # q sums to 1 only up to rounding

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
