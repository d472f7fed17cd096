"""The evidence and its lower bounds: optimization when the thing to optimize cannot be computed.

``log p(x) = ELBO(q) + D(q||p(z|x))``: the evidence splits into a bound and a gap, for every q. The latent z is
finite (q is a vector, `log_joint` an array) or continuous (q is a frozen distribution, `log_joint` a function).
`log_joint` holds log p(x, z) in nats, not normalized over z; so does every result.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp, roots_hermitenorm

from kltools._latent_integrals import STANDARD_NODES, expected_log_mean
from kltools._line_density import LineDensity
from kltools._mean_field import MeanField, coordinate_ascent
from kltools._validation import (
    broadcast_shape,
    integer,
    log_weights,
    probabilities,
    require_callable,
    require_generator,
)
from kltools.distributions import parameters
from kltools.divergence import entropy

__all__ = ["Evaluation", "MeanField", "coordinate_ascent", "elbo", "evidence", "importance_weighted_bound"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A number, how it was found, and how far off it may be.

    Attributes
    ----------
    value : float or ndarray
        In nats.
    error : float
        0 for a finite sum; an estimate of the error of a quadrature; the standard error of a sample.
    method : str
        "enumeration", "gauss-hermite", "quadrature" or "monte-carlo".
    """

    value: float | np.ndarray
    error: float
    method: str


def elbo(q, log_joint, *, degree=64, rng=None, draws=10_000):
    """Evidence lower bound, E_q[log p(x, z)] + H(q): the log evidence less D(q||p(z|x)).

    Parameters
    ----------
    q : array_like, shape (..., k), or frozen scipy.stats distribution
        The approximation of the posterior: probabilities along the last axis, or a distribution with a density.
    log_joint : array_like, shape (..., k), or callable
        log p(x, z), of each z or as a function: of an array of draws, for an array of values. For a callable and
        a q on the line, the draws are numbers; for a multivariate q they stand along the first axes.
    degree : int
        Number of Gauss-Hermite nodes.
    rng : numpy.random.Generator, optional
        If given, a continuous latent is drawn from q; if not, q must be normal and one-dimensional.
    draws : int
        Number of draws from q.

    Returns
    -------
    Evaluation
        A finite latent by enumeration, exactly; a normal q by Gauss-Hermite quadrature, exact for a polynomial
        of degree below ``2 * degree``, with the larger difference from two rules of half as many nodes as an
        estimate of the error; draws with their standard error. The value is -inf where q allows what the joint
        excludes.

    Raises
    ------
    ValueError
        If q is not a probability vector, `log_joint` is NaN or inf somewhere, shapes do not fit, or a number
        is out of range.
    TypeError
        For a q or `log_joint` of another kind, an rng that is no generator, or a q that only draws can average.

    Notes
    -----
    The gap is D(q||posterior), with q in the first slot. It is finite only if q << posterior, and 0 only at the
    posterior. D. M. Blei, A. Kucukelbir and J. D. McAuliffe, "Variational Inference: A Review for
    Statisticians", *Journal of the American Statistical Association* 112 (2017). Explained in the chapter *ELBO*.

    Examples
    --------
    A coin with prior 1/2 shows x, of probability 0.7 or 0.3, and q = 0.4:

    >>> log_joint = np.log([0.5 * 0.7, 0.5 * 0.3])
    >>> round(elbo([0.4, 0.6], log_joint).value, 6)
    -0.885189
    >>> from scipy import stats
    >>> model = lambda z: stats.norm.logpdf(z) + stats.norm.logpdf(1, z)
    >>> round(elbo(stats.norm(0, 1), model).value, 6)
    -1.918939
    """
    if not _is_continuous(q):
        _refuse_sampling(rng)
        q, log_joint = _finite(q, log_joint)
        value = np.vecdot(q, np.where(q > 0, log_joint, 0)) + entropy(q)
        return Evaluation(float(value) if value.ndim == 0 else value, 0.0, "enumeration")
    log_joint = _checked(log_joint)
    if rng is not None:
        return _mean_of_draws(_drawn_log_ratio(q, log_joint, rng, (integer(draws, "draws", least=2),)))
    loc, scale = _normal_parameters(q)
    degree = integer(degree, "degree", least=2)
    values = []
    for nodes in (degree, degree // 2, degree // 2 + 1):
        x, weights = roots_hermitenorm(nodes)
        possible = weights > 0  # the outermost weights underflow
        values.append(weights[possible] @ log_joint(loc + scale * x[possible]) / weights.sum())
    value = values[0] + np.log(scale) + np.log(2 * np.pi * np.e) / 2
    error = max(abs(values[0] - other) for other in values[1:]) if value > -np.inf else 0.0
    return Evaluation(float(value), float(error), "gauss-hermite")


def evidence(log_joint):
    """Log evidence, log p(x): the logarithm of the sum or the integral of p(x, z) over z.

    Parameters
    ----------
    log_joint : array_like, shape (..., k), or callable
        log p(x, z) of each z along the last axis, or as a function on the line: of an array, for an array.

    Returns
    -------
    Evaluation
        A finite latent by enumeration, exactly; a latent on the line by adaptive quadrature with its estimate of
        the error, which knows nothing of a peak so narrow that a scan of 11201 points steps over it, nor of
        a jump between finite values.

    Raises
    ------
    ValueError
        If `log_joint` is empty, is NaN or inf somewhere, or its exponential has no finite integral.
    TypeError
        If `log_joint` holds or returns what is not a real number.

    Notes
    -----
    For every q << posterior, ``evidence = elbo + D(q||posterior)``. D. J. C. MacKay, *Information Theory,
    Inference, and Learning Algorithms*, chapter 33. Explained in the chapter *ELBO*.

    Examples
    --------
    >>> round(evidence(np.log([0.5 * 0.7, 0.5 * 0.3])).value, 6)
    -0.693147
    >>> from scipy import stats
    >>> round(evidence(lambda z: stats.norm.logpdf(z) + stats.norm.logpdf(1, z)).value, 6)
    -1.515512
    """
    if callable(log_joint):
        density = LineDensity(_checked(log_joint), name="log_joint")
        return Evaluation(density.log_normalizer, density.error, "quadrature")
    value = logsumexp(log_weights(log_joint, "log_joint"), axis=-1)
    return Evaluation(float(value) if value.ndim == 0 else value, 0.0, "enumeration")


def importance_weighted_bound(q, log_joint, k, *, rng=None, draws=10_000):
    """Bound of k importance weights, E log((w_1 + ... + w_k) / k) with w = p(x, z) / q(z) and z from q.

    Parameters
    ----------
    q : array_like, shape (m,), or frozen scipy.stats distribution
        As in `elbo`, one distribution.
    log_joint : array_like, shape (m,), or callable
        As in `elbo`.
    k : int
        Number of weights; with one it is the ELBO.
    rng : numpy.random.Generator, optional
        If given, a continuous latent is drawn from q; if not, q must be normal and one-dimensional.
    draws : int
        Number of means drawn, each of k weights.

    Returns
    -------
    Evaluation
        Without rng computed from the Laplace transform M of one weight, by quadrature with an estimate of the
        error: ``E log(w_1 + ... + w_k)`` is the integral of ``(exp(-t) - M(t)**k) / t`` over t > 0. With rng
        the mean over the draws, with its standard error. The value is -inf where all weights may be zero.

    Raises
    ------
    ValueError, TypeError
        As `elbo`.

    Notes
    -----
    The bound increases with k, from the ELBO to the log evidence if posterior << q and E|log w| is finite.
    Y. Burda, R. Grosse and R. Salakhutdinov, "Importance Weighted Autoencoders", *ICLR* (2016). Explained in
    the chapter *ELBO*.

    Examples
    --------
    >>> log_joint = np.log([0.5 * 0.7, 0.5 * 0.3])
    >>> [round(importance_weighted_bound([0.4, 0.6], log_joint, k).value, 6) for k in (1, 2, 10)]
    [-0.885189, -0.796606, -0.712622]
    """
    k = integer(k, "k", least=1)
    if not _is_continuous(q):
        _refuse_sampling(rng)
        q, log_joint = _finite(q, log_joint)
        if q.ndim != 1 or log_joint.ndim != 1:
            raise ValueError(f"q of shape {q.shape} and log_joint of shape {log_joint.shape} must be vectors")
        log_q = np.log(q, out=np.zeros_like(q), where=q > 0)
        return Evaluation(*expected_log_mean(q, log_joint - log_q, k), "quadrature")
    log_joint = _checked(log_joint)
    if rng is not None:
        log_ratio = _drawn_log_ratio(q, log_joint, rng, (integer(draws, "draws", least=2), k))
        return _mean_of_draws(logsumexp(log_ratio, axis=1) - np.log(k))
    loc, scale = _normal_parameters(q)
    log_q = -(STANDARD_NODES**2) / 2 - np.log(2 * np.pi) / 2
    log_ratio = log_joint(loc + scale * STANDARD_NODES) - log_q + np.log(scale)
    mass = np.exp(log_q)
    fine, rounding = expected_log_mean(mass / mass.sum(), log_ratio, k)
    coarse, _ = expected_log_mean(mass[::2] / mass[::2].sum(), log_ratio[::2], k)
    error = rounding + abs(fine - coarse) if fine > -np.inf else 0.0
    return Evaluation(fine, error, "quadrature")


def _is_continuous(q):
    return hasattr(q, "rvs")


def _refuse_sampling(rng):
    if rng is not None:
        raise ValueError("rng is given, but a finite latent is summed, not drawn")


def _finite(q, log_joint):
    """Return q, divided by its sum, and the table that fits it."""
    q = probabilities(q, "q", dtype=np.float64)
    if callable(log_joint):
        raise TypeError("log_joint is a function, but q is a vector: give the values of log p(x, z) as an array")
    log_joint = log_weights(log_joint, "log_joint")
    broadcast_shape(q, log_joint, ("q", "log_joint"))
    return q / q.sum(axis=-1, keepdims=True), log_joint


def _checked(log_joint):
    """Return `log_joint` as a function that refuses what is no log density."""
    require_callable(log_joint, "log_joint", "a function of a continuous latent")

    def checked(z, shape=None):
        shape = np.shape(z) if shape is None else shape
        values = log_weights(log_joint(z), "log_joint(z)", least_axes=0)
        if values.shape != shape:
            raise ValueError(f"log_joint(z) has shape {values.shape}, but there are z of shape {shape}")
        return values

    return checked


def _normal_parameters(q):
    """Return the mean and the standard deviation of a frozen normal distribution."""
    if type(getattr(q, "dist", None)).__name__ != "norm_gen":
        raise TypeError("q is not a frozen scipy.stats.norm, so that only draws can average: give rng")
    loc, scale = (values for _, values in sorted(parameters(q, "q").items()))
    if loc.ndim or scale.ndim:
        raise ValueError(f"q must be one distribution, got loc of shape {loc.shape} and scale of shape {scale.shape}")
    return float(loc), float(scale)


def _drawn_log_ratio(q, log_joint, rng, shape):
    """Return log p(x, z) - log q(z) of draws from q."""
    require_generator(rng)
    if not hasattr(q, "logpdf"):
        raise TypeError(f"q must be a vector or have a density, got {type(q).__name__}")
    z = q.rvs(size=shape, random_state=rng)
    return log_joint(z, shape) - q.logpdf(z)


def _mean_of_draws(values):
    if values.min() == -np.inf:
        return Evaluation(-np.inf, 0.0, "monte-carlo")
    return Evaluation(float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size)), "monte-carlo")
