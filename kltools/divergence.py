"""The number itself: entropies and divergences of arrays of probabilities, and of frozen distributions.

Probabilities stand along `axis` (the last one), the other axes broadcast as in numpy. Results are float64, a
float for two vectors, in nats, or in the units of `base` (2: bits). Each vector must sum to 1 within
``max(1e-8, 8 * eps * sqrt(n))``, unless ``normalize=True`` divides by the sum; every value is that of the
exactly normalized vectors. ``0 log(0/q) = 0`` and ``p log(p/0) = inf``: infinite is an answer. Bad input
raises an error that names the argument, the first bad index and the value.
"""

import numpy as np

from ._f_divergences import (
    chi2_divergence,
    jeffreys_divergence,
    js_divergence,
    renyi_divergence,
    squared_hellinger,
    total_variation,
)
from ._kernels import entropy_rows, kl_logits_rows, kl_rows
from ._validation import broadcast_shape, in_units, pair, probabilities, real_array, require_entries

__all__ = [
    "chi2_divergence",
    "cross_entropy",
    "entropy",
    "jeffreys_divergence",
    "js_divergence",
    "kl_divergence",
    "kl_from_logits",
    "mutual_information",
    "perplexity",
    "renyi_divergence",
    "squared_hellinger",
    "total_variation",
]

# Filled by `kltools.distributions`: ("norm",) -> entropy in nats, ("norm", "norm") -> divergence in nats.
CLOSED_FORMS = {}


def entropy(p, *, axis=-1, base=None, normalize=False):
    """Entropy H(P): the least mean code length that draws from P allow.

    Parameters
    ----------
    p : array_like or frozen scipy.stats distribution
        Probabilities along `axis`; a continuous distribution has its differential entropy.
    axis, base, normalize
        As in `kl_divergence`.

    Returns
    -------
    float or ndarray
        In nats, or in the units of `base`.

    Raises
    ------
    ValueError, TypeError
        As in `kl_divergence`.

    References
    ----------
    Cover and Thomas, *Elements of Information Theory*, 2nd ed., section 2.1.
    Explained in the chapter *Coding*.

    Examples
    --------
    >>> entropy([1/2, 1/4, 1/8, 1/8], base=2)
    1.75
    """
    nats = (
        _closed_form(p)
        if _is_frozen(p)
        else entropy_rows(probabilities(p, "p", axis=axis, normalize=normalize, dtype=np.float64))
    )
    return in_units(nats, base)


def cross_entropy(p, q, *, axis=-1, base=None, normalize=False):
    """Cross-entropy H(P, Q) = H(P) + D(P||Q): the mean ideal length of Q's code on draws from P.

    Parameters
    ----------
    p, q : array_like or frozen scipy.stats distribution
        P averages, Q codes.
    axis, base, normalize
        As in `kl_divergence`.

    Returns
    -------
    float or ndarray
        In nats, or in the units of `base`; inf where Q excludes what P allows.

    Raises
    ------
    ValueError, TypeError
        As in `kl_divergence`.

    References
    ----------
    Cover and Thomas, *Elements of Information Theory*, 2nd ed., theorem 5.4.3.
    Explained in the chapter *Coding*.

    Examples
    --------
    >>> cross_entropy([1/2, 1/4, 1/8, 1/8], [1/4, 1/8, 1/8, 1/2], base=2)
    2.25
    """
    options = {"axis": axis, "base": base, "normalize": normalize}
    # For arrays neither part is negative and each keeps its digits, so the sum does.
    return entropy(p, **options) + kl_divergence(p, q, **options)


def perplexity(p, *, axis=-1, normalize=False):
    """Perplexity exp H(P): the number of equally likely outcomes that are as uncertain as P.

    Parameters
    ----------
    p : array_like
        Probabilities along `axis`.
    axis, normalize
        As in `kl_divergence`.

    Returns
    -------
    float or ndarray
        From 1 to the number of outcomes, without unit.

    Raises
    ------
    ValueError, TypeError
        As in `kl_divergence`.

    References
    ----------
    Jelinek, Mercer, Bahl and Baker (1977), *Perplexity: a measure of the difficulty of speech recognition
    tasks*.
    Explained in the chapter *Surprise*.

    Examples
    --------
    >>> round(perplexity([1/8] * 8), 6)
    8.0
    """
    return in_units(np.exp(entropy_rows(probabilities(p, "p", axis=axis, normalize=normalize, dtype=np.float64))))


def kl_divergence(p, q, *, axis=-1, base=None, normalize=False):
    """Kullback-Leibler divergence D(P||Q): the mean cost of coding, betting or believing Q when P is true.

    Parameters
    ----------
    p, q : array_like or frozen scipy.stats distribution
        P averages, Q is judged: two arrays of probabilities, or two distributions.
    axis : int
        The axis of the outcomes, in arrays.
    base : float, optional
        The base of the logarithm: nats if not given, bits for 2.
    normalize : bool
        Divide arrays by their sums instead of checking that the sums are 1.

    Returns
    -------
    float or ndarray
        Never negative; inf where Q excludes what P allows.

    Raises
    ------
    ValueError
        For an entry that is NaN, infinite or negative, a sum that is not 1, float16, an empty axis, shapes
        that do not broadcast; a scale that is not positive; a base that is not positive, or is 1.
    TypeError
        For what is not a real number, and for an array beside a distribution.
    NotImplementedError
        For a pair of families without a closed form.

    References
    ----------
    Kullback and Leibler (1951), *On information and sufficiency*.
    Explained in the chapter *Coding*.

    Examples
    --------
    >>> round(kl_divergence([0.7, 0.3], [0.4, 0.6]), 6)
    0.183787
    >>> kl_divergence([[0.5, 0.5], [1, 0]], [0.5, 0.5], base=2)
    array([0., 1.])

    Frozen distributions are taken as they are:

    >>> import kltools
    >>> from scipy import stats
    >>> kltools.kl_divergence(stats.norm(1, 1), stats.norm(0, 1))
    0.5
    """
    if _is_frozen(p) or _is_frozen(q):
        return in_units(_closed_form(p, q), base)
    return in_units(kl_rows(*pair(p, q, axis, normalize)), base)


def kl_from_logits(p_logits, q_logits, *, axis=-1, base=None, dtype=np.float64):
    """Divergence D(softmax(p_logits)||softmax(q_logits)), with neither softmax formed.

    Parameters
    ----------
    p_logits, q_logits : array_like
        Logarithms of weights along `axis`, up to a constant; -inf excludes an outcome.
    axis, base
        As in `kl_divergence`.
    dtype : {numpy.float64, numpy.float32}
        The precision of the work: float32 is about twice as fast and right to about five digits.

    Returns
    -------
    float or ndarray
        Of float64, never negative; inf where q_logits excludes what p_logits allows.

    Raises
    ------
    ValueError
        For a logit that is NaN or +inf, a row that is -inf everywhere, an empty axis, shapes that do not
        broadcast.
    TypeError
        For what is not a real number.

    References
    ----------
    With d = q_logits - p_logits and c = d - E[d] under P it is log E[exp(c)], the Bregman divergence of
    log-sum-exp: Wainwright and Jordan (2008), *Graphical Models, Exponential Families, and Variational
    Inference*.
    Explained in the chapter *Practice*.

    Examples
    --------
    >>> round(kl_from_logits(np.log([0.7, 0.3]), np.log([4, 6])), 6)
    0.183787
    """
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"dtype = {dtype}: the work is done in float32 or float64")
    given = {"p_logits": real_array(p_logits, "p_logits"), "q_logits": real_array(q_logits, "q_logits")}
    for name, logits in given.items():
        if not -logits.ndim <= axis < logits.ndim:
            raise ValueError(f"{name} has no axis {axis}: its shape is {logits.shape}")
        if logits.shape[axis] == 0:
            raise ValueError(f"{name} has no outcomes: its shape is {logits.shape}")
    rows = [np.moveaxis(logits, axis, -1) for logits in given.values()]
    broadcast_shape(*rows, tuple(given))
    nats = kl_logits_rows(*rows, dtype)
    if np.isnan(nats).any():
        for name, logits in given.items():
            require_entries(logits, name, logits < np.inf, "a logit is a number below inf")
            allowed = (logits > -np.inf).any(axis=axis, keepdims=True)
            require_entries(logits, name, allowed, "a row of logits is not -inf everywhere")
    return in_units(nats, base)


def mutual_information(joint, *, base=None, normalize=False):
    """Mutual information I(X; Y): what one variable tells about the other, D(P_XY||P_X P_Y).

    Parameters
    ----------
    joint : array_like
        Tables of joint probabilities on the last two axes.
    base, normalize
        As in `kl_divergence`; a table sums to 1.

    Returns
    -------
    float or ndarray
        Never negative; 0 for independent variables.

    Raises
    ------
    ValueError, TypeError
        As in `kl_divergence`.

    References
    ----------
    Cover and Thomas, *Elements of Information Theory*, 2nd ed., section 2.3.
    Explained in the chapter *Surprise*.

    Examples
    --------
    >>> mutual_information([[0.5, 0], [0, 0.5]], base=2)
    1.0
    """
    joint = probabilities(joint, "joint", axis=(-2, -1), normalize=normalize, dtype=np.float64)
    x, y = joint.sum(axis=-1), joint.sum(axis=-2, keepdims=True)
    # The mean of D(P(y|x)||P(y)) over x: a product of two small marginals could underflow.
    with np.errstate(invalid="ignore"):
        conditional = np.where(x[..., np.newaxis] > 0, joint / x[..., np.newaxis], y)
    return in_units(np.vecdot(x, kl_rows(conditional, y)) / x.sum(axis=-1), base)


def _is_frozen(x):
    """Recognize a frozen distribution of scipy.stats without importing scipy.stats."""
    return all(hasattr(x, name) for name in ("dist", "args", "kwds"))


def _closed_form(*given):
    for name, x in zip("pq", given, strict=False):
        if not _is_frozen(x):
            raise TypeError(f"{name} is no frozen distribution: p and q are two arrays or two distributions")
    families = tuple(type(x.dist).__name__.removesuffix("_gen") for x in given)
    if families not in CLOSED_FORMS:
        known = ", ".join(" || ".join(key) for key in CLOSED_FORMS if len(key) == len(families))
        raise NotImplementedError(f"no closed form for {' || '.join(families)}; there is one for {known}")
    return CLOSED_FORMS[families](*given)
