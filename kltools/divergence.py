"""The number itself: entropies and divergences of arrays of probabilities, and of frozen distributions.

Probabilities stand along `axis` (the last one), the other axes broadcast as in numpy. Results are float64, a
float for two vectors, in nats, or in the units of `base` (2: bits). Each vector must sum to 1 within
``max(1e-8, 8 * eps * sqrt(n))``, unless ``normalize=True`` divides by the sum, which does not repair a tail that
was cut off; every value is that of the exactly normalized vectors. ``0 log(0/q) = 0`` and ``p log(p/0) = inf``:
infinite is an answer. Bad input
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
from ._validation import (
    NO_PROBABILITIES,
    broadcast_shape,
    in_units,
    is_frozen,
    pair,
    probabilities,
    real_array,
    require_entries,
)

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

# Filled by `kltools.distributions`. A closed form stands under the name of a function and the families it is given,
# as in ("kl_divergence", "norm", "norm"); it is in nats, and NaN where the parameters admit none. What then takes its
# place stands under the name of the function.
CLOSED_FORMS = {}
NUMERICAL = {}


def entropy(p, *, axis=-1, base=None, normalize=False):
    """Entropy H(P): the least mean code length that draws from P allow.

    Parameters
    ----------
    p : array_like or frozen scipy.stats distribution
        Probabilities along `axis`; a density has its differential entropy, which may be negative.
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
    if is_frozen(p):
        return in_units(_of_distributions("entropy", p), base)
    return in_units(entropy_rows(probabilities(p, "p", axis=axis, normalize=normalize, dtype=np.float64)), base)


def cross_entropy(p, q, *, axis=-1, base=None, normalize=False):
    """Cross-entropy H(P, Q) = H(P) + D(P||Q): the mean ideal length of Q's code on draws from P.

    Parameters
    ----------
    p, q : array_like or frozen scipy.stats distribution
        P averages, Q codes. For densities H(P) may be negative and cancel with D(P||Q): then digits are lost.
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
    if is_frozen(p) or is_frozen(q):
        return in_units(_of_distributions("cross_entropy", p, q), base)
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
        P averages, Q is judged: two arrays of probabilities, or two distributions; arrays of their parameters
        broadcast. `kltools.distributions` lists the closed forms; other pairs of one-dimensional distributions are
        integrated or summed, to about eight digits.
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
        that do not broadcast; a parameter out of its range, a covariance that is not positive definite; an integral
        or a sum that does not converge; a base that is not positive, or is 1.
    TypeError
        For what is not a real number, an array beside a distribution, a density beside atoms.
    NotImplementedError
        For a pair that has no closed form and is not one-dimensional.

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
    if is_frozen(p) or is_frozen(q):
        return in_units(_of_distributions("kl_divergence", p, q), base)
    return in_units(kl_rows(*pair(p, q, axis, normalize, advice=NO_PROBABILITIES)), base)


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

    Notes
    -----
    The work goes block by block, a few rows at a time. Two memory-mapped files with the outcomes on the last axis
    may therefore be larger than the memory: no more than a block of them is read at once, and the result has one
    number a row. The rows are independent, so that Dask arrays `p` and `q` go block by block too, in parallel, once
    each block holds whole rows::

        whole_rows = {-1: -1}
        tokens = dask.array.map_blocks(
            kl_from_logits, p.rechunk(whole_rows), q.rechunk(whole_rows), drop_axis=-1, dtype=float
        ).compute()

    Given to `kl_from_logits` itself, a Dask array would be read into memory first.

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

    Logits that stay on the disk, in a file that ``numpy.save`` wrote (``numpy.memmap`` opens a raw one):

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/p.npy", np.log([[0.7, 0.3], [0.4, 0.6]]))
    ...     p_logits = np.load(f"{folder}/p.npy", mmap_mode="r")
    ...     kl_from_logits(p_logits, np.log([0.4, 0.6])).round(6)
    array([0.183787, 0.      ])
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


def family(frozen):
    """Return the name of the family of a frozen distribution, as in scipy.stats; a subclass is another family."""
    kind = type(getattr(frozen, "dist", frozen))
    name = kind.__name__.removesuffix("_gen").removesuffix("_frozen")
    return name if kind.__module__.startswith("scipy.stats.") else f"{kind.__module__}.{name}"


def _of_distributions(verb, *given):
    for name, x in zip("pq", given, strict=False):
        if not is_frozen(x):
            raise TypeError(f"{name} is no frozen distribution: p and q are two arrays or two distributions")
    closed_form = CLOSED_FORMS.get((verb, *map(family, given)))
    value = np.nan if closed_form is None else closed_form(*given)
    return NUMERICAL[verb](value, *given) if np.isnan(value).any() else value
