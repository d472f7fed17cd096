"""Divergence and entropy of one-dimensional frozen distributions by quadrature or summation, or a refusal.

Method. A pair of densities is integrated in P's standard coordinate, from P's median outward, on a logarithmic scale:
toward a finite end of the support ``s = log(1 / distance)``, toward infinity ``s = log(distance)``. Singular endpoints
and power-law tails become exponentials there, and beyond the last point that floats resolve they are integrated in
closed form. The integrand is ``p log(p/q) - p + q``, which is never negative. Each panel of a Gauss-Legendre rule is
compared with its two halves, and split until they agree. Atoms on the integers are summed outward in blocks that
double, with the same closed form for a tail that is a power law.

Error. The estimate adds the disagreement of the rules, what rounding can do, the error of the extrapolated tails, and
what the masses of P and Q, integrated on the same nodes, lack to 1. A value is returned only if it is below
``max(1e-8 * abs(value), 1e-12)``: a divergence below 1e-4 has fewer than 8 certain digits.

Infinity. ``inf`` is returned where Q's density is zero on an interval (or an atom) that P allows, and where P's tail
is a power law, or exponential, and ``log(p/q)`` grows at least as fast as it decays, as far as floats reach. What is
too close to tell, and a density that underflows before its tail is negligible, is refused.

`CONTINUOUS_FAMILIES` and `DISCRETE_FAMILIES` are the tested ones. Any other family, also a subclass of
``rv_continuous`` or an ``rv_histogram``, is attempted by the same rule and refused by the same estimate; its density
must be piecewise smooth, with pieces that are not far narrower than the distance between quantiles.
"""

import math

import numpy as np

from ._integrals import integral
from ._one_dimensional import OneDimensional
from ._sums import total
from ._tails import ABSOLUTE, RELATIVE, certainly_infinite

CONTINUOUS_FAMILIES = (
    *("norm", "t", "cauchy", "laplace", "logistic", "gumbel_r", "gumbel_l", "expon", "gamma", "invgamma", "chi2"),
    *("beta", "uniform", "triang", "lognorm", "weibull_min", "pareto", "rayleigh", "skewnorm"),
)
DISCRETE_FAMILIES = ("poisson", "geom", "nbinom", "binom", "randint", "hypergeom", "zipf", "logser")


def kl_numeric(p, q):
    """Return D(P||Q) of two frozen one-dimensional distributions in nats, by quadrature or summation.

    Parameters
    ----------
    p, q : frozen scipy.stats distribution
        Two densities on the real line, or two distributions on the integers.

    Returns
    -------
    float
        Never negative; inf where Q excludes what P allows, and where the integral diverges.

    Raises
    ------
    TypeError
        For what is no frozen one-dimensional distribution, and for a density beside atoms.
    ValueError
        For parameters that are arrays or out of range, and where the estimated error is above both 1e-8 of
        the value and 1e-12: the message has the estimate, its error and the reason.

    Notes
    -----
    See the head of the module for the method, and for what the error estimate presumes.
    Explained in the chapter *Coding*.

    Examples
    --------
    >>> from scipy import stats
    >>> round(kl_numeric(stats.beta(0.1, 0.2), stats.uniform()), 6)
    4.977342
    >>> kl_numeric(stats.cauchy(), stats.norm())
    inf
    """
    return _accept("D(p||q)", *_kl(p, q))


def entropy_numeric(p):
    """Return the entropy of a frozen one-dimensional distribution in nats, by quadrature or summation.

    Parameters
    ----------
    p : frozen scipy.stats distribution
        A density on the real line (differential entropy), or a distribution on the integers.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        As in `kl_numeric`.

    Notes
    -----
    Explained in the chapter *Coding*.

    Examples
    --------
    >>> from scipy import stats
    >>> round(entropy_numeric(stats.expon(scale=2)), 9)
    1.693147181
    """
    return _accept("H(p)", *_entropy(p))


def cross_entropy_numeric(p, q):
    """Return H(P, Q) = H(P) + D(P||Q) of two frozen one-dimensional distributions in nats.

    Parameters
    ----------
    p, q : frozen scipy.stats distribution
        As in `kl_numeric`.

    Returns
    -------
    float
        inf where D(P||Q) is.

    Raises
    ------
    TypeError, ValueError
        As in `kl_numeric`; the two errors add.

    Notes
    -----
    Explained in the chapter *Coding*.

    Examples
    --------
    >>> from scipy import stats
    >>> round(cross_entropy_numeric(stats.expon(), stats.expon(scale=2)), 9)
    1.193147181
    """
    value, error, reasons = _kl(p, q)
    if not certainly_infinite(value, error):
        value, error, reasons = (a + b for a, b in zip((value, error, reasons), _entropy(p), strict=True))
    return _accept("H(p, q)", value, error, reasons)


def _accept(what, value, error, reasons):
    """Return a value that is known well enough; say why another is not."""
    if certainly_infinite(value, error) or error <= max(RELATIVE * abs(value), ABSOLUTE) < math.inf:
        return float(value)
    reason = "; ".join(dict.fromkeys(reasons)) or "the integrand is too rough, or too large where it cancels"
    raise ValueError(f"{what} did not converge: {value:.10g} with an estimated error of {error:.2g}: {reason}")


def _kl(p, q):
    """Return D(P||Q), its estimated error and the reasons for it."""
    p, q = OneDimensional.of(p, "p"), OneDimensional.of(q, "q")
    if p.atoms != q.atoms:
        kinds = ("a density", "atoms") if q.atoms else ("atoms", "a density")
        raise TypeError(
            f"p has {kinds[0]} and q has {kinds[1]}: each gives probability 0 to all that the other allows;"
            " compare the probabilities of intervals instead"
        )
    if _excluded_by_support(p, q):
        return math.inf, 0.0, []
    values, errors, reasons = (total if p.atoms else integral)(p, q)
    if certainly_infinite(values[2], errors[2]):
        return math.inf, 0.0, []
    return max(values[2], 0.0), errors[2] + _lack("p", values[0], reasons) + _lack("q", values[1], reasons), reasons


def _entropy(p):
    """Return H(P), its estimated error and the reasons for it."""
    p = OneDimensional.of(p, "p")
    values, errors, reasons = (total if p.atoms else integral)(p, None)
    return values[2] + math.log(p.scale), errors[2] + _lack("p", values[0], reasons), reasons


def _lack(name, mass, reasons):
    """Return what the probabilities of a distribution lack to 1, by the same rule that made the value."""
    if not abs(mass - 1) <= 1e-10:
        reasons.append(f"the probabilities of {name} add up to {mass:.12g}")
    return abs(mass - 1)


def _excluded_by_support(p, q):
    """Return whether P allows something outside of Q's support."""
    (p_low, p_high), (q_low, q_high) = (map(float, x.frozen.support()) for x in (p, q))
    if q_low <= p_low and p_high <= q_high:
        return False
    if p.family in CONTINUOUS_FAMILIES + DISCRETE_FAMILIES:
        return True
    # A subclass may claim a support that is too wide: look at the density out there.
    steps = np.arange(1.0, 1000.0) if p.atoms else np.geomspace(1e-9, 1e9, 1000) * p.scale
    outside = np.concatenate([q_low - steps, q_high + steps])
    outside = outside[(outside >= p_low) & (outside <= p_high) & ~((outside >= q_low) & (outside <= q_high))]
    if np.any(p.log((outside - p.loc) / p.scale) > -np.inf):
        return True
    raise ValueError(
        f"p's support {p_low, p_high} is not within q's, {q_low, q_high}, but p is 0 out there:"
        " give p's family its true ends a and b"
    )
