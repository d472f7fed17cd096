"""The evidence of single observations, log p(x)/q(x), and the lattice that its sums live on."""

import numpy as np

from kltools._kernels import log_ratio, normalized_difference
from kltools._validation import pair, real_array, require_entries

LATTICE_STEPS = 4096  # at most so many steps between the least and the greatest log ratio
LATTICE_TOLERANCE = 1e-13  # of the range of the log ratios


def hypotheses(p, q):
    """Return p and q, exactly normalized, and ``log(p/q)``: inf, -inf, and NaN where both are zero."""
    p, q = pair(p, q, -1, False, np.float64)
    for name, vector in (("p", p), ("q", q)):
        if vector.ndim != 1:
            raise ValueError(f"{name} must be one vector of probabilities, got shape {vector.shape}")
    difference = normalized_difference(p, q)
    p, q = p / p.sum(), q / q.sum()
    ratios = log_ratio(p, q, difference)
    return p, q, np.where((p == 0) & (q == 0), np.nan, ratios)


def evidence(ratios, xs, name="xs"):
    """Return the log ratio of each observation, given as indices; name the first that is none."""
    values, xs = real_array(xs, name), np.asarray(xs)
    if xs.size == 0:
        return np.zeros(xs.shape)
    if xs.dtype.kind not in "iu":
        rule = "an observation is the index of an outcome, an integer"
        require_entries(values, name, values == np.rint(values), rule)
        raise TypeError(f"{name} must hold integers, the indices of outcomes, got {xs.dtype}")
    require_entries(xs, name, (xs >= 0) & (xs < len(ratios)), f"the outcomes are 0 to {len(ratios) - 1}")
    found = ratios[xs]
    require_entries(xs, name, ~np.isnan(found), "this outcome is impossible under p and under q")
    return found


def lattice(values):
    """Return `step` and integers `index` with ``values = min(values) + step * index``, or None.

    Two values always lie on a lattice; more of them do if some number of steps up to `LATTICE_STEPS` fits.
    """
    offsets = values - values.min()
    span = offsets.max()
    if span <= LATTICE_TOLERANCE * np.abs(values).max():
        return 1.0, np.zeros(len(values), dtype=np.int64)
    for block in np.split(np.arange(1, LATTICE_STEPS + 1)[:, np.newaxis], 16):
        multiples = block * (offsets / span)
        fits = (np.abs(multiples - np.rint(multiples)) <= LATTICE_TOLERANCE * block).all(axis=1)
        if fits.any():
            steps = block[fits.argmax(), 0]
            return span / steps, np.rint(steps * (offsets / span)).astype(np.int64)
    return None
