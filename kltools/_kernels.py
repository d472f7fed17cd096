"""The arithmetic of `kltools.divergence`: terms that do not cancel, summed in blocks that fit the cache."""

import math

import numpy as np

BLOCK = 16_384  # float64 entries in one block: with its temporaries it fits a second-level cache
LOGITS_BLOCK = 524_288  # here the exponentials rule, and few calls matter more than the nearest cache


def generalized_kl(x, y):
    """Return ``x log(x/y) - x + y`` elementwise: the terms of a divergence that cannot cancel each other.

    Where the two are close, ``s = (x - y) / (x + y)`` is exact to the last digits and
    ``x log(x/y) - x + y = s (x - y) + 2 x (atanh(s) - s)``, with the series of atanh.
    """
    x, y = np.broadcast_arrays(x, y)
    shape, x, y = x.shape, x.reshape(-1), y.reshape(-1)
    with np.errstate(all="ignore"):
        difference = x - y
        total = x + y
        near = np.flatnonzero(np.abs(difference) < 0.1 * total)
        if len(near) == len(x):
            value = generalized_kl_near(x, difference, total)
        else:
            value = np.log(x / y)
            value *= x
            value -= difference
            value[near] = generalized_kl_near(x[near], difference[near], total[near])
            if not np.isfinite(value.sum()):  # a zero, or a ratio that overflows
                odd = np.flatnonzero(~np.isfinite(value))
                x, y, difference = x[odd], y[odd], difference[odd]
                value[odd] = np.where(x == 0, y, x * (np.log(x) - np.log(y)) - difference)
    return value.reshape(shape)[()]


def generalized_kl_near(x, difference, total):
    """Return the terms of `generalized_kl` where x and y are close, from x, x - y and x + y."""
    s = difference / total
    square = s * s
    series = square / 15
    for k in (13, 11, 9, 7, 5):
        series += 1 / k
        series *= square
    series += 1 / 3
    series *= square
    series *= x
    series *= 2
    series += difference
    series *= s
    return series


def kl_rows(p, q):
    """Return D(p||q) of the exactly normalized vectors along the last axis, whatever their sums.

    ``D = (sum gkl(p, q) - gkl(sum p, sum q)) / sum p`` with gkl as in `generalized_kl`.
    """
    p_sum = p.sum(axis=-1, dtype=np.float64)
    q_sum = q.sum(axis=-1, dtype=np.float64)
    p, q = np.broadcast_arrays(p, q)
    outcomes = p.shape[-1]
    p_rows, q_rows = p.reshape(-1, outcomes), q.reshape(-1, outcomes)
    sums = np.zeros(len(p_rows))
    step = max(1, BLOCK // outcomes)
    for i in range(0, len(p_rows), step):
        for j in range(0, outcomes, BLOCK):
            block = np.s_[i : i + step, j : j + BLOCK]
            terms = generalized_kl(*(rows[block].astype(np.float64, copy=False) for rows in (p_rows, q_rows)))
            sums[i : i + step] += terms.sum(axis=-1)
    # The log-sum inequality says >= 0; only rounding can go below, where p and q are nearly proportional.
    return np.maximum(sums.reshape(p.shape[:-1]) - generalized_kl(p_sum, q_sum), 0) / p_sum


def dot(x, y):
    """Return the sums of ``x y`` along the last axis, by pieces so short that BLAS starts no further threads."""
    whole = x.shape[-1] // 8192 * 8192
    if whole == 0:
        return np.vecdot(x, y)
    pieces = (part[..., :whole].reshape(*part.shape[:-1], -1, 8192) for part in (x, y))
    return np.vecdot(*pieces).sum(axis=-1) + np.vecdot(x[..., whole:], y[..., whole:])


def centered_excess(weights, x, terms=None):
    """Return ``E[exp(c) - 1 - c]``, ``E[x]`` with ``c = x - E[x]``, and the sum of the weights that average.

    ``log E[exp(x)] - E[x] = log1p(excess)`` keeps its digits when x hardly varies. With an array `terms` of
    the shape of x to work in, nothing is allocated and x becomes c.
    """
    total = weights.sum(axis=-1)
    mean = dot(weights, x) / total
    c = np.subtract(x, mean[..., np.newaxis], out=None if terms is None else x)
    small = np.maximum(c.max(axis=-1), -c.min(axis=-1)) < 1 / 64
    if small.all():
        terms = exp_beyond_linear(c, terms)
    else:
        terms = np.expm1(c, out=terms)
        terms -= c
        if small.any():
            terms[small] = exp_beyond_linear(c[small])
    return dot(weights, terms) / total, mean, total


def exp_beyond_linear(c, terms=None):
    """Return ``exp(c) - 1 - c`` by its series, for small c."""
    terms = np.multiply(c, 1 / math.factorial(8), out=terms)
    terms += 1 / math.factorial(7)
    for k in (6, 5, 4, 3, 2):
        terms *= c
        terms += 1 / math.factorial(k)
    terms *= c
    terms *= c
    return terms


def kl_logits_rows(p, q, dtype):
    """Return D(softmax(p)||softmax(q)) along the last axis; NaN for rows that hold no distribution."""
    p, q = np.broadcast_arrays(p, q)
    outcomes = p.shape[-1]
    p_rows, q_rows = p.reshape(-1, outcomes), q.reshape(-1, outcomes)
    values = np.empty(len(p_rows))
    step = max(1, BLOCK // outcomes, min(LOGITS_BLOCK // outcomes, len(values) // 64))
    # The room to work in is taken once, whole: a fresh row-sized array for every step would cost more than the
    # arithmetic, and one large piece of memory is mapped in large pages.
    room = np.empty((3, min(step, len(values)), outcomes), dtype)
    with np.errstate(all="ignore"):
        for i in range(0, len(values), step):
            rows = p_rows[i : i + step], q_rows[i : i + step]
            values[i : i + step] = _kl_logits_block(*rows, *(work[: len(rows[0])] for work in room))
    return values.reshape(p.shape[:-1])


def _kl_logits_block(p, q, weights, log_ratio, terms):
    value, sure = _kl_logits_apart(p, q, weights, log_ratio)
    if not sure.all():
        rest = ~sure
        p, q = p[rest], q[rest]
        value[rest] = _kl_logits_any(p, q, *(room[: len(p)] for room in (weights, log_ratio, terms)))
    return value


def _kl_logits_apart(p, q, weights, log_ratio):
    """Return the divergences of the rows, and whether each is sure: ordinary logits, not nearly equal.

    ``D = log E[exp(d)] - E[d]`` with ``d = q - p``, in as few passes as there can be: here lies the speed.
    """
    single = weights.dtype == np.float32
    if single:  # in float32 exp2 and expm1 are the fast exponentials, and expm1 keeps digits for small d
        np.subtract(q, p, out=log_ratio)
        np.multiply(p, np.float32(1 / math.log(2)), out=weights)
        np.exp2(weights, out=weights)
    else:
        np.copyto(weights, p)
        np.copyto(log_ratio, q)
        log_ratio -= weights
        np.exp(weights, out=weights)
    total = weights.sum(axis=-1)
    mean = dot(weights, log_ratio) / total
    (np.expm1 if single else np.exp)(log_ratio, out=log_ratio)
    tilted = dot(weights, log_ratio) / total
    value = (np.log1p(tilted) if single else np.log(tilted)) - mean
    # What is lost is a rounding of the mean and of d itself, beside a value that must be far larger.
    if single:
        sure = (value > 0.04 * (np.sqrt(2 * value) + abs(mean))) & (total > 1e-9) & (total < 1e13) & (tilted > -0.9)
    else:
        sure = (value > 1e-3 * (1 + abs(mean))) & (total > 1e-200) & (total < 1e200) & (tilted > 1e-200)
    # A weight that underflows may be the one that matters: q can be large there.
    return value, sure & (tilted < np.inf) & (p.min(axis=-1) > (-80 if single else -700))


def _kl_logits_any(p, q, weights, log_ratio, terms):
    dtype = weights.dtype
    p_top, q_top = (x.max(axis=-1, keepdims=True).astype(dtype) for x in (p, q))
    # Only a whole offset is taken off: logits that are close keep their exact difference.
    offset = np.rint(q_top - p_top)
    np.subtract(q, offset, out=log_ratio)
    np.subtract(log_ratio, p, out=log_ratio)
    np.exp(np.subtract(p, p_top, out=weights), out=weights)
    dead = weights == 0 if not weights.min() > 0 else None
    if dead is not None:
        log_ratio[dead] = 0
    excess, mean, total = centered_excess(weights, log_ratio, terms)
    if dead is not None:  # what q gives to outcomes that p excludes
        np.subtract(q, offset + p_top + mean[:, np.newaxis], out=terms)
        np.exp(terms, out=terms)
        terms[~dead] = 0
        excess += terms.sum(axis=-1) / total
    value = np.log1p(excess)

    far = ~(excess <= 1)
    if far.any():
        np.exp(np.subtract(q, q_top, out=terms), out=terms)
        apart = np.log(terms.sum(axis=-1) / total) + ((q_top - offset) - p_top)[:, 0] - mean
        value[far] = apart[far]
    if q.min() == -np.inf:
        value[((q == -np.inf) & (p > -np.inf)).any(axis=-1)] = np.inf
    value[~np.isfinite(p_top + q_top)[:, 0]] = np.nan
    return value


def entropy_rows(p):
    """Return the entropy of the exactly normalized vectors along the last axis."""
    top = p.argmax(axis=-1, keepdims=True)
    largest = np.take_along_axis(p, top, axis=-1)
    others = p.copy()
    np.put_along_axis(others, top, 0, axis=-1)
    rest = others.sum(axis=-1, keepdims=True)
    total = largest + rest
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(others > 0, others * (np.log(total) - np.log(others)), 0)
    # The largest may be all but 1; its surprisal is what the others leave.
    return ((largest * np.log1p(rest / largest) + terms.sum(axis=-1, keepdims=True)) / total)[..., 0]


def normalized_difference(p, q):
    """Return ``p / sum(p) - q / sum(q)``, exact where p and q are close."""
    difference = p - q
    p_sum, q_sum = (x.sum(axis=-1, keepdims=True) for x in (p, q))
    return (difference - q * (difference.sum(axis=-1, keepdims=True) / q_sum)) / p_sum


def log_ratio(p, q, difference):
    """Return ``log(p/q)`` from p, q and p - q, which knows best where they are close; no ratio overflows."""
    with np.errstate(all="ignore"):
        ratio = p / q
        apart = np.where((ratio > 1e-300) & (ratio < np.inf), np.log(ratio), np.log(p) - np.log(q))
        return np.where(np.abs(ratio - 1) < 0.5, np.log1p(difference / q), apart)


def renyi_rows(p, q, t):
    """Return the Renyi divergence of order ``1 + t`` along the last axis, for finite t >= -1/2 but 0.

    On the common support it is ``D(p||q) + log(E_p[exp(t c)]) / t`` with ``c = log(p/q) - D(p||q)``; the mass
    outside of it is taken into account by its logarithm.
    """
    p, q = np.broadcast_arrays(p, q)
    common = (p > 0) & (q > 0)
    p_in, q_in = np.where(common, p, 0), np.where(common, q, 0)
    p_sum, q_sum = p_in.sum(axis=-1), q_in.sum(axis=-1)
    p_out, q_out = (np.where(common, 0, x).sum(axis=-1) for x in (p, q))
    ratio = np.where(common, log_ratio(p, q, p - q), 0)
    with np.errstate(all="ignore"):
        excess, _, _ = centered_excess(p_in, t * ratio)
        value = kl_rows(p_in, q_in) + np.log1p(excess) / t
        top = (ratio.max if t > 0 else ratio.min)(axis=-1)
        mean = np.vecdot(p_in, np.exp(t * (ratio - top[..., np.newaxis]))) / p_sum
        far = np.log(mean) / t + top - np.log(p_sum / q_sum)
        value = np.where(excess <= 1, value, far)
        value += np.log1p(q_out / q_sum)
        value += np.where(p_out > 0, np.inf if t > 0 else np.log1p(p_out / p_sum) * ((1 + t) / -t), 0)
    return np.where(common.any(axis=-1), np.maximum(value, 0), np.inf)
