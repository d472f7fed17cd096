"""Bad input gets an error that names the argument, the first bad index and the value."""

import math
import numbers
import operator

import numpy as np

NO_PROBABILITIES = (
    "; counts go to kl_plugin and samples to kl_nearest_neighbor (both in kltools.estimation), unnormalized logits to "
    "kl_from_logits"
)


def is_frozen(x):
    """Recognize a frozen distribution of scipy.stats without importing scipy.stats."""
    return any(kind.__name__ in ("rv_frozen", "multi_rv_frozen") for kind in type(x).__mro__)


def real_array(values, name):
    """Return `values` as an array of at most float64; refuse whatever does not hold real numbers.

    Raises
    ------
    TypeError
        For complex numbers, Booleans, strings and other objects that are no real numbers.
    ValueError
        For ragged nested lists.
    """
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} is ragged: its rows have different lengths") from None
    if array.dtype == object:
        for value in array.flat:
            if isinstance(value, bool | complex) or not isinstance(value, numbers.Number):
                raise TypeError(f"{name} must hold real numbers, got {type(value).__name__}: {value!r}")
    elif array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold real numbers, got {array!r}")
    return array if array.dtype in (np.float16, np.float32, np.float64) else array.astype(np.float64)


def probabilities(values, name, *, axis=-1, normalize=False, dtype=None, advice=""):
    """Return `values` as probabilities that sum to 1 along `axis`, which becomes the last axis.

    Parameters
    ----------
    values : array_like
        Numbers.
    name : str
        The name of the argument, for the error messages.
    axis : int or tuple of int
        The outcomes; several axes (a joint table) move to the end in their order.
    normalize : bool
        Divide by the sum instead of checking it.
    dtype : dtype, optional
        What to return; if not given, float32 stays float32 and everything else becomes float64.
    advice : str
        What to add to the message where a number is below 0 or above 1.

    Raises
    ------
    TypeError, ValueError
        As `real_array`; and for a scalar, float16, an empty axis, an entry that is NaN, infinite or negative,
        and a sum that is off by more than ``max(1e-8, 8 * eps(dtype) * sqrt(n))``.
    """
    if is_frozen(values):
        raise TypeError(
            f"{name} must hold real numbers, got {type(values).__name__}: arrays of probabilities are taken here; "
            "distributions go to kl_divergence, cross_entropy and entropy"
        )
    array = real_array(values, name)
    if array.dtype == np.float16:
        raise ValueError(f"{name} is float16, too coarse to hold probabilities: compute it in float32 or float64")
    if array.ndim == 0:
        raise ValueError(f"{name} must be a vector of probabilities, got the scalar {array}")
    axes = tuple(range(array.ndim))
    try:
        axis = tuple(axes[i] for i in np.atleast_1d(axis))
    except IndexError:
        raise ValueError(f"{name} has no axis {axis}: its shape is {array.shape}") from None
    outcomes = math.prod(array.shape[i] for i in axis)
    if outcomes == 0:
        raise ValueError(f"{name} has no outcomes: its shape is {array.shape}")

    with np.errstate(over="ignore"):
        total = array.sum(axis=axis, keepdims=True, dtype=np.float64)
    # Two fast passes decide; a NaN survives both.
    if not (array.min(initial=0.0) >= 0 and np.isfinite(total).all()):
        rule = f"a probability is finite and not negative{advice if (array < 0).any() else ''}"
        require_entries(array, name, np.isfinite(array) & (array >= 0), rule)
    if normalize:
        if not total.all():
            raise ValueError(f"{_row(name, total == 0, axis)} sums to 0: it cannot be normalized")
        # A power of two first, so that the sum of large weights does not overflow.
        exponent = np.frexp(array.max(axis=axis, keepdims=True))[1]
        array = np.ldexp(array.astype(np.float64, copy=False), -exponent)
        array = array / array.sum(axis=axis, keepdims=True)
    else:
        tolerance = max(1e-8, 8 * float(np.finfo(array.dtype).eps) * math.sqrt(outcomes))
        wrong = ~(abs(total - 1) <= tolerance)
        if wrong.any():
            where, value = _row(name, wrong, axis), total[wrong][0]
            advice = advice if (array > 1).any() else ""
            raise ValueError(f"{where} sums to {value}, not to 1 (tolerance {tolerance:.1e}){advice}")
    array = np.moveaxis(array, axis, tuple(range(-len(axis), 0)))
    return array if dtype is None else array.astype(dtype, copy=False)


def pair(p, q, axis, normalize, dtype=None, advice=""):
    """Return `p` and `q` as `probabilities` of the same outcomes."""
    options = {"axis": axis, "normalize": normalize, "dtype": dtype, "advice": advice}
    p, q = probabilities(p, "p", **options), probabilities(q, "q", **options)
    broadcast_shape(p, q)
    return p, q


def count_vector(values, name):
    """Return `values` as a float64 vector of counts: whole numbers, none negative, not all zero."""
    counts = real_array(values, name).astype(np.float64)
    if counts.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {counts.shape}")
    whole = (counts >= 0) & (counts < np.inf) & (np.floor(counts) == counts)
    require_entries(counts, name, whole, "a count is a whole number, zero or more")
    if not counts.any():
        raise ValueError(f"{name} counts nothing: its sum is 0 and its shape is {counts.shape}")
    return counts


def finite_array(values, name):
    """Return `values` as float64; refuse NaN and infinities."""
    array = real_array(values, name).astype(np.float64)
    require_entries(array, name, np.isfinite(array), "a finite number is needed")
    return array


def one_distribution(values, name):
    """Return `values` as one exactly normalized float64 vector of probabilities."""
    p = probabilities(values, name, dtype=np.float64)
    if p.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {p.shape}")
    return p / p.sum()


def require_entries(array, name, good, rule):
    """Raise a ValueError with the index and the value of the first entry of `array` that is not `good`."""
    if not np.all(good):
        index = np.unravel_index(np.argmin(good), np.shape(good))
        subscript = f"[{', '.join(map(str, index))}]" if index else ""
        raise ValueError(f"{name}{subscript} = {array[index]}: {rule}")


def broadcast_shape(p, q, names=("p", "q")):
    """Return the shape of two arrays with the same outcomes on the last axis, the others broadcast."""
    try:
        if p.shape[-1] == q.shape[-1]:
            return np.broadcast_shapes(p.shape, q.shape)
    except ValueError:
        pass
    raise ValueError(
        f"{names[0]} of shape {p.shape} and {names[1]} of shape {q.shape} do not match: "
        "the outcomes must be as many, the other axes must broadcast"
    )


def log_weights(values, name, *, least_axes=1):
    """Return logarithms of weights as float64: -inf is one; NaN, inf and an empty array are refused."""
    array = real_array(values, name).astype(np.float64)
    if array.ndim < least_axes or array.size == 0:
        raise ValueError(f"{name} must be an array of logarithms that is not empty, got shape {array.shape}")
    require_entries(array, name, array < np.inf, "a log probability or log density is a number below inf")
    return array


def integer(value, name, *, least):
    """Return an integer argument that is at least `least`, or name it: TypeError, ValueError."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if number < least:
        raise ValueError(f"{name} = {number}: it must be at least {least}")
    return number


def real_number(value, name, good=lambda x: True, rule=""):
    """Return a real scalar as a float; name one that is no number (TypeError) or not `good` (ValueError)."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not good(value):
        raise ValueError(f"{name} = {value}: {rule}")
    return float(value)


def positive(value, name, *, infinite=False):
    """Return a positive number; it must be finite unless `infinite` allows inf."""
    if infinite:
        return real_number(value, name, lambda x: x > 0, "it must be positive")
    return real_number(value, name, lambda x: 0 < x < math.inf, "it must be positive and finite")


def level(value, name, kind="an error probability"):
    """Return a probability strictly between 0 and 1; `kind` says of what."""
    return real_number(value, name, lambda x: 0 < x < 1, f"{kind} lies strictly between 0 and 1")


def choice(value, name, options):
    """Return one of the strings `options`, or name what it is instead: TypeError, ValueError."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {value!r}")
    if value not in options:
        raise ValueError(f"{name} = {value!r}: it is one of {', '.join(options)}")
    return value


def require_callable(value, name, what="callable"):
    """Raise a TypeError unless `value` can be called; `what` says what is needed."""
    if not callable(value):
        raise TypeError(f"{name} must be {what}, got {value!r}")


def require_generator(rng):
    """Raise a TypeError unless `rng` is a numpy Generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, got {type(rng).__name__}")


def log_base(base):
    """Return the number of nats in one unit of information: ``log(base)``, 1.0 for None."""
    if base is None:
        return 1.0
    if isinstance(base, bool) or not isinstance(base, numbers.Real):
        raise TypeError(f"base must be a number or None, got {base!r}")
    if not (0 < base < math.inf) or base == 1:
        raise ValueError(f"base = {base}: a base is positive, finite and not 1")
    return math.log(base)


def in_units(nats, base=None):
    """Return `nats` in the units of `base`, a scalar as a Python float."""
    value = np.asarray(nats) / log_base(base)
    return float(value) if value.ndim == 0 else value


def _row(name, wrong, axis):
    """Name the first distribution that is wrong, as in ``p[3, :]``; `wrong` has length 1 along `axis`."""
    if wrong.ndim == len(axis):
        return name
    index = np.unravel_index(np.argmax(wrong), wrong.shape)
    return f"{name}[{', '.join(':' if i in axis else str(j) for i, j in enumerate(index))}]"
