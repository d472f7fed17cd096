"""The number from samples, with its error: by Monte Carlo, from counts, from nearest neighbors, token by token.

A function returns an `Estimate`: a value, its standard error, a confidence interval and the number of draws
(`token_statistics` a table of them, in the units of what it is given).
A standard error tells the scatter of an estimator; each docstring says what its bias is, which is another matter.
Results are in nats, or in the units of `base`.
"""

import math
import warnings

import numpy as np

from ._estimate import Estimate, confidence_level, infinite_estimate, mean_estimate, sample_vector, student_estimate
from ._kernels import exp_beyond_linear
from ._nearest_neighbors import kl_nearest_neighbor
from ._token_statistics import TokenStatistics, token_statistics
from ._validation import (
    broadcast_shape,
    choice,
    count_vector,
    integer,
    log_base,
    probabilities,
    real_array,
    real_number,
    require_callable,
    require_entries,
    require_generator,
)
from .divergence import chi2_divergence, kl_divergence

__all__ = [
    "Estimate",
    "TokenStatistics",
    "bootstrap",
    "kl_monte_carlo",
    "kl_nearest_neighbor",
    "kl_plugin",
    "token_statistics",
]

_MONTE_CARLO_TERMS = {
    "k1": lambda log_ratio: log_ratio,
    "k2": lambda log_ratio: log_ratio**2 / 2,
    "k3": lambda log_ratio: _k3_terms(-log_ratio),
}


def kl_monte_carlo(log_ratio, *, estimator="k1", confidence=0.95, base=None):
    """Estimate D(P||Q) by averaging over independent draws x from P.

    With L = log p(x) - log q(x), the logarithm of the ratio at a draw:

    - ``"k1"`` averages L: unbiased whenever D(P||Q) is finite, though single terms may be negative.
    - ``"k2"`` averages L**2 / 2: biased. It estimates E[L**2] / 2, and its interval covers that, not D(P||Q),
      which is close to it only where P and Q are close.
    - ``"k3"`` averages exp(-L) - 1 + L, which is never negative: unbiased if Q has all its mass where P has some.
      Elsewhere it estimates D(P||Q) less the mass that Q has where P has none.

    Parameters
    ----------
    log_ratio : array_like, shape (n,)
        ``log p(x) - log q(x)`` in nats for independent draws x **from P**. It is +inf where q(x) = 0.
    estimator : {"k1", "k2", "k3"}
        What is averaged.
    confidence : float
        The confidence of the interval.
    base : float, optional
        The unit of the result: nats if not given, bits for 2.

    Returns
    -------
    Estimate
        With Student's interval. One ratio of +inf proves that D(P||Q) is infinite: the value is inf, without error.

    Raises
    ------
    ValueError
        For a ratio that is NaN or -inf (then p(x) = 0, and x was not drawn from P), a term that overflows, fewer than
        two draws, an array that is not one-dimensional, an unknown estimator, a confidence that is not between 0
        and 1, a bad base.
    TypeError
        For what is not a real number, and an estimator that is not a string.

    Notes
    -----
    The interval holds for many draws, by the central limit theorem: it needs a finite variance of the terms. For
    k1 and k2 that is a finite E[L**2], E[L**4]. For k3 it needs E_P[(q/p)**2] finite: where that is infinite, the
    standard error means nothing, and most samples give too small a value with too small an error. For P = N(0, 1)
    and Q = N(0, s**2) it is infinite as soon as s**2 >= 2; at s = 1.5 the median of the means of 1000 terms is
    0.119, while D(P||Q) = 0.128, and of the 95 percent intervals only about four in five cover it.

    For P = N(0, 1), Q = N(m, 1) the terms of k1 have variance m**2, those of k3 exp(m**2) - 1 - m**2: k3 is the
    better one only for m < 1.1209, which is D(P||Q) < 0.6282.

    References
    ----------
    Schulman (2020), *Approximating KL Divergence* (a note on the web), names k1, k2 and k3. Explained in the chapter
    *Optimization*.

    Examples
    --------
    The truth is 0.5, by `kltools.kl_divergence`:

    >>> import numpy as np
    >>> from scipy import stats
    >>> p, q = stats.norm(0, 1), stats.norm(1, 1)
    >>> x = p.rvs(10_000, random_state=np.random.default_rng(1))
    >>> kl_monte_carlo(p.logpdf(x) - q.logpdf(x), estimator="k3")
    Estimate(0.5008 ± 0.0089, interval [0.4834, 0.5183], n=10000)
    """
    level, unit = confidence_level(confidence), log_base(base)
    choice(estimator, "estimator", _MONTE_CARLO_TERMS)
    log_ratio = sample_vector(log_ratio, "log_ratio")
    require_entries(log_ratio, "log_ratio", log_ratio > -np.inf, "a draw from P has p(x) > 0, so it is above -inf")
    if np.isposinf(log_ratio).any():
        return infinite_estimate(len(log_ratio))
    with np.errstate(over="ignore"):
        terms = _MONTE_CARLO_TERMS[estimator](log_ratio)
    require_entries(log_ratio, "log_ratio", np.isfinite(terms), f"its term of {estimator} overflows")
    return mean_estimate(terms / unit, level)


def kl_plugin(counts_p, counts_q=None, *, q=None, correction=None, pseudocount=0.0, confidence=0.95, base=None):
    """Estimate D(P||Q) by the divergence of observed frequencies, from a known Q or from those of a sample of Q.

    Parameters
    ----------
    counts_p : array_like of whole numbers, shape (k,)
        How often each outcome occurred among n independent draws from P.
    counts_q : array_like of whole numbers, shape (k,), optional
        The same for m independent draws from Q.
    q : array_like, shape (k,), optional
        Q itself, where it is known: give this or `counts_q`.
    correction : {None, "miller_madow"}
        Subtract the bias of first order. The frequencies of P overstate D(P||Q) by about (k - 1) / (2 n), where k
        counts the outcomes that occurred; those of Q by about (sum p/q - 1) / (2 m), summed where p occurred. The
        corrected value can be negative.
    pseudocount : float
        Added to each of `counts_q`. Without it, an outcome that occurred under P and not under Q makes the estimate
        infinite; with it, the value depends on it, and the correction accounts for that to first order.
    confidence : float
        The confidence of the interval.
    base : float, optional
        The unit of the result: nats if not given, bits for 2.

    Returns
    -------
    Estimate
        With the draws of P as its n, the standard error by the delta method and the normal interval. An outcome that
        occurred and has q = 0 proves D(P||Q) infinite: no error. If it only did not occur among draws from Q, nothing
        is proven: the value is inf, its standard error too, and the interval is [0, inf].

    Raises
    ------
    ValueError
        For a count that is negative or not whole, counts that are all zero, a `q` that is no probability vector,
        shapes that do not match, an unknown correction, a pseudocount that is negative, infinite or without
        `counts_q`, a confidence that is not between 0 and 1, a bad base.
    TypeError
        For what is not a real number, and unless one of `counts_q` and `q` is given.

    Notes
    -----
    With p, q the frequencies and L = log(p/q), the squared standard error is Var_p(L) / n, to which a sampled Q adds
    chi2(p||q) / m. It holds for many draws of every outcome. It vanishes at P = Q, where 2 n times the estimate from a
    known Q is about chi-squared with k - 1 degrees of freedom: to test P = Q take the G statistic (`g_statistic`), not
    this interval. It is also 0 where all draws are alike.

    References
    ----------
    Miller (1955), *Note on the bias of information estimates*; Paninski (2003), *Estimation of entropy and mutual
    information*. Explained in the chapter *Practice*.

    Examples
    --------
    Seventy heads in a hundred flips, against a coin of 0.4:

    >>> kl_plugin([70, 30], q=[0.4, 0.6])
    Estimate(0.184 ± 0.057, interval [0.071, 0.296], n=100)
    >>> kl_plugin([70, 30], q=[0.4, 0.6], correction="miller_madow")
    Estimate(0.179 ± 0.057, interval [0.066, 0.291], n=100)
    """
    level, unit = confidence_level(confidence), log_base(base)
    counts_p = count_vector(counts_p, "counts_p")
    if (counts_q is None) == (q is None):
        raise TypeError("give one of counts_q, a sample of Q, and q, the probabilities")
    if correction is not None:
        choice(correction, "correction", ["miller_madow"])
    pseudocount = real_number(pseudocount, "pseudocount", lambda x: 0 <= x < math.inf, "it is finite and not negative")
    if q is not None and pseudocount:
        raise ValueError(f"pseudocount = {pseudocount:g}: it is added to counts_q, and q is given instead")

    n = int(counts_p.sum())
    if q is not None:
        m, q = math.inf, probabilities(q, "q", dtype=np.float64)
        broadcast_shape(counts_p, q, ("counts_p", "q"))
        if q.ndim != 1:
            raise ValueError(f"q must be one-dimensional, got shape {q.shape}")
    else:
        counts_q = count_vector(counts_q, "counts_q")
        broadcast_shape(counts_p, counts_q, ("counts_p", "counts_q"))
        m, q = counts_q.sum(), counts_q + pseudocount
        q = q / q.sum()
    value = kl_divergence(counts_p / n, q, normalize=True)
    if value == math.inf:
        return infinite_estimate(n) if m == math.inf else Estimate(math.inf, math.inf, 0.0, math.inf, n)

    occurred = counts_p > 0
    p_in, q_in = counts_p[occurred] / n, q[occurred]
    variance = np.vecdot(p_in, (np.log(p_in) - np.log(q_in) - value) ** 2) / n
    if m < math.inf:
        variance += chi2_divergence(counts_p / n, q, normalize=True) / m
    if correction is not None:
        value -= (p_in.size - 1) / (2 * n)
        if m < math.inf:
            ratio = (p_in / q_in).sum()
            value -= ((0.5 - pseudocount) * ratio + pseudocount * q.size - 0.5) / m
    return student_estimate(value / unit, math.sqrt(variance) / unit, n, level)


def bootstrap(statistic, *samples, rng, confidence=0.95, resamples=2000, method="BCa"):
    """Estimate the error of any statistic by drawing the rows of each sample again, with replacement.

    Parameters
    ----------
    statistic : callable
        Takes as many arrays as there are samples and returns a number.
    *samples : array_like, shape (n, ...)
        Independent draws along the first axis; each sample is drawn again on its own.
    rng : numpy.random.Generator
        The source of randomness, passed by name: ``np.random.default_rng(seed)``.
    confidence : float
        The confidence of the interval.
    resamples : int
        How often each sample is drawn again.
    method : {"BCa", "percentile"}
        The interval: bias-corrected and accelerated (which calls `statistic` once more for every draw), or the
        percentiles of the statistic over the resamples.

    Returns
    -------
    Estimate
        The statistic of the samples, the standard deviation over the resamples and the interval, which need not
        contain the value; n counts the draws of the first sample.

    Raises
    ------
    ValueError
        For a sample with fewer than two draws or with NaN, a statistic that is not one finite number on every
        resample, one that does not vary (for BCa), an unknown method, a confidence that is not between 0 and 1.
    TypeError
        For a statistic that cannot be called, no sample, what is not a real number, an `rng` that is no Generator,
        and `resamples` that is not an integer.

    Notes
    -----
    The interval holds for many independent draws and a statistic that depends smoothly on their frequencies. The
    bootstrap of a biased statistic is biased once more: it shows the scatter and not the bias. It cannot be used with
    `kl_nearest_neighbor`, which refuses the ties that it makes, nor for tokens of one text, which are not independent.

    References
    ----------
    Efron and Tibshirani (1993), *An Introduction to the Bootstrap*, chapter 14; computed by ``scipy.stats.bootstrap``.
    Explained in the chapter *Practice*.

    Examples
    --------
    The divergence of a die's frequencies from those of a fair die, in 600 throws:

    >>> import numpy as np
    >>> throws = np.random.default_rng(1).choice(6, size=600, p=[0.1, 0.1, 0.15, 0.15, 0.2, 0.3])
    >>> def divergence(throws):
    ...     return kl_plugin(np.bincount(throws, minlength=6), q=[1 / 6] * 6, correction="miller_madow").value
    >>> bootstrap(divergence, throws, rng=np.random.default_rng(2), resamples=500)
    Estimate(0.071 ± 0.016, interval [0.041, 0.103], n=600)
    """
    from scipy import stats

    level = confidence_level(confidence)
    require_callable(statistic, "statistic")
    if not samples:
        raise TypeError("samples: at least one is needed")
    require_generator(rng)
    resamples = integer(resamples, "resamples", least=2)
    choice(method, "method", ["BCa", "percentile"])
    for i, sample in enumerate(samples):
        values = real_array(sample, f"samples[{i}]")
        if values.ndim == 0 or len(values) < 2:
            raise ValueError(f"samples[{i}] of shape {values.shape} does not hold two draws")
        require_entries(values, f"samples[{i}]", ~np.isnan(values), "a draw is a number")
    samples = [np.asarray(sample) for sample in samples]

    def evaluate(*rows):
        # What is drawn again is the number of a row: a draw may itself be an array.
        value = statistic(*(sample[row.astype(np.intp)] for sample, row in zip(samples, rows, strict=True)))
        number = real_array(value, "the value of statistic")
        if number.ndim or not np.isfinite(number):
            raise ValueError(f"statistic is {value}: it must be one finite number, on every resample")
        return float(number)

    rows = [np.arange(len(sample)) for sample in samples]
    value = evaluate(*rows)
    # Invalid arithmetic is what `evaluate` refuses; it is also how scipy meets a statistic that does not vary.
    with np.errstate(invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error", stats.DegenerateDataWarning)
        try:
            drawn = stats.bootstrap(
                rows,
                evaluate,
                n_resamples=resamples,
                batch=max(1, 2**20 // max(map(len, rows))),
                vectorized=False,
                confidence_level=level,
                method=method,
                rng=rng,
            )
        except stats.DegenerateDataWarning:
            raise ValueError("statistic does not vary over the resamples: BCa is undefined") from None
    return Estimate(value, drawn.standard_error, *drawn.confidence_interval, len(samples[0]))


def _k3_terms(c):
    """Return ``exp(c) - 1 - c``, whose parts cancel where c is small."""
    terms = np.expm1(c) - c
    small = np.abs(c) < 1 / 64
    terms[small] = exp_beyond_linear(c[small])
    return terms
