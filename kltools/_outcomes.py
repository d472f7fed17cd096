"""Observed outcomes, and the logarithm of what a forecast gave to each of them."""

import numpy as np

from kltools._validation import is_frozen, probabilities, real_array, require_entries
from kltools.distributions import parameters


def outcome_indices(x, k, name):
    """Return `x` as an int64 array of outcomes 0 to k - 1.

    Raises
    ------
    TypeError
        For what is not an array of integers; Booleans are not integers here.
    ValueError
        For an empty array, and for an integer out of range.
    """
    array = real_array(x, name)
    given = np.asarray(x)
    if array.size == 0:
        raise ValueError(f"{name} has no outcomes: its shape is {array.shape}")
    if given.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold integers, the indices of outcomes, got {given!r}")
    require_entries(given, name, (given >= 0) & (given < k), f"the outcomes are 0 to {k - 1}")
    return given.astype(np.int64)


def log_probability(q, x, names=("q", "x")):
    """Return log q(x) in nats: -inf where q excludes x, otherwise to full precision, also where q(x) is nearly 1.

    Parameters
    ----------
    q : array_like, shape (..., k), or frozen scipy.stats distribution
        Probabilities, of the exactly normalized vectors; or a mass function or density.
    x : array_like
        Outcomes 0 to k - 1, with a shape that broadcasts with the leading axes of q; or values of the distribution.
    names : tuple of str
        What the caller calls q and x, for the error messages.

    Raises
    ------
    TypeError, ValueError
        For bad probabilities, outcomes or parameters, shapes that do not broadcast, and an infinite density.
    """
    if is_frozen(q):
        return _log_density(q, x, names)
    q = probabilities(q, names[0], dtype=np.float64)
    x = outcome_indices(x, q.shape[-1], names[1])
    try:
        shape = np.broadcast_shapes(q.shape[:-1], x.shape)
    except ValueError:
        raise ValueError(f"{names[0]} of shape {q.shape} and {names[1]} of shape {x.shape} do not match") from None
    top = q.argmax(axis=-1, keepdims=True)
    others = q.copy()
    np.put_along_axis(others, top, 0, axis=-1)
    largest, rest = np.take_along_axis(q, top, axis=-1), others.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):
        logs = np.log(q) - np.log(largest + rest)
    # The largest may be all but 1: its logarithm is known from what the others leave.
    np.put_along_axis(logs, top, -np.log1p(rest / largest), axis=-1)
    logs = np.broadcast_to(logs, (*shape, q.shape[-1]))
    return np.take_along_axis(logs, np.broadcast_to(x, shape)[..., np.newaxis], axis=-1)[..., 0]


def log_probability_each(q, x, name):
    """Return log q(x) for n observations, called `name`, where q is one forecast for all or has one for each.

    Raises
    ------
    TypeError, ValueError
        As `log_probability`; and for x that is not one observation after another, or another number of forecasts.
    """
    shape = real_array(x, name).shape
    if not is_frozen(q):
        forecasts = real_array(q, "q").shape
        if len(shape) != 1:
            raise ValueError(f"{name} must be one-dimensional, got shape {shape}")
        if forecasts[:-1] not in ((), shape):
            raise ValueError(f"q of shape {forecasts} is neither one forecast nor one for each of {shape[0]} in {name}")
    logs = log_probability(q, x, ("q", name))
    if logs.ndim != 1 or logs.shape != shape[:1]:
        raise ValueError(f"{name} of shape {shape} is not one observation of q after another")
    return logs


def _log_density(q, x, names):
    values = real_array(x, names[1]).astype(np.float64)
    if values.size == 0:
        raise ValueError(f"{names[1]} has no outcomes: its shape is {values.shape}")
    require_entries(values, names[1], np.isfinite(values), "an outcome is finite")
    if hasattr(q, "dist"):  # of one dimension
        parameters(q, names[0])
    log = getattr(q, "logpmf", None) or getattr(q, "logpdf", None)
    if log is None:
        raise TypeError(f"{names[0]} has no density: {type(q).__name__}")
    try:
        with np.errstate(all="ignore"):
            logs = np.asarray(log(values))
    except ValueError as error:
        raise ValueError(f"{names[0]} and {names[1]} of shape {values.shape} do not match: {error}") from None
    if np.isnan(logs).any():
        raise ValueError(f"{names[0]} has no density at {names[1]}: its parameters are out of range")
    if logs.shape == values.shape:
        require_entries(values, names[1], logs < np.inf, f"the density of {names[0]} is infinite there")
    elif np.isposinf(logs).any():
        raise ValueError(f"the density of {names[0]} is infinite at a value of {names[1]}")
    return logs
