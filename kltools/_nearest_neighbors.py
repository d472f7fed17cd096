"""The divergence of two densities from a sample of each, by the distances to nearest neighbors."""

import math

import numpy as np

from ._estimate import confidence_level, student_estimate
from ._validation import broadcast_shape, integer, log_base, real_array, require_entries


def kl_nearest_neighbor(x, y, k=5, *, confidence=0.95, base=None):
    """Estimate D(P||Q) of two densities from a sample of each, by the distances to nearest neighbors.

    Where P is dense, a draw x_i from P has its neighbors in x near and its neighbors in y far: the estimate is
    ``d * mean(log(far_i / near_i)) + log(m / (n - 1))``, with `near` and `far` the distances from x_i to its k-th
    neighbor among the other x and among y.

    Parameters
    ----------
    x : array_like, shape (n,) or (n, d)
        Independent draws from P, one a row.
    y : array_like, shape (m,) or (m, d)
        Independent draws from Q.
    k : int
        Which neighbor: a larger k has less scatter and more bias.
    confidence : float
        The confidence of the interval.
    base : float, optional
        The unit of the result: nats if not given, bits for 2.

    Returns
    -------
    Estimate
        With n draws of P and a normal interval. The value can be negative.

    Raises
    ------
    ValueError
        For an entry that is NaN or infinite, two points that coincide, too few points (at least k + 2 in x, k + 1 in
        y), shapes that do not match, a k below 1, a confidence that is not between 0 and 1, a bad base.
    TypeError
        For what is not a real number, and a k that is not an integer.

    Notes
    -----
    The estimate converges to D(P||Q) for densities with P absolutely continuous with respect to Q, under further
    conditions on them. Values that repeat have no density: count them (`kl_plugin`); values that were only rounded
    can be spread by noise of the width of the rounding.

    The standard error is the jackknife's: each point of x and of y is left out once. On average it is rather too large
    than too small (Efron and Stein 1981): by 10 to 25 percent for shifted normals, k = 5 and n = 1000, and twofold
    where P = Q. **It does not contain the bias**, which grows with the dimension and with the divergence: for normals
    with D = 0.5, n = m = 1000 and k = 5 the mean estimate is 0.475 in one dimension and 0.385 in five. There the
    interval misses the truth more often than it says.

    A bootstrap draws points twice, so that they coincide: it cannot be used with this estimator.

    References
    ----------
    Wang, Kulkarni and Verdu (2009), *Divergence estimation for multidimensional densities via k-nearest-neighbor
    distances*; Efron and Stein (1981), *The jackknife estimate of variance*. Explained in the chapter *Practice*.

    Examples
    --------
    The truth is 0.5:

    >>> import numpy as np
    >>> from kltools.estimation import kl_nearest_neighbor
    >>> rng = np.random.default_rng(1)
    >>> kl_nearest_neighbor(rng.normal(0, 1, 2000), rng.normal(1, 1, 2000))
    Estimate(0.491 ± 0.052, interval [0.389, 0.593], n=2000)
    """
    from scipy.spatial import cKDTree

    level, unit = confidence_level(confidence), log_base(base)
    k = integer(k, "k", least=1)
    x, y = _points(x, "x", k + 2), _points(y, "y", k + 1)
    broadcast_shape(x[0], y[0], ("a point of x", "a point of y"))
    (n, d), m = x.shape, len(y)
    # The estimate does not depend on the scale; squared distances of huge or tiny points do not fit a float.
    points = np.concatenate([x, y])
    points = np.ldexp(points, -np.frexp(np.abs(points).max())[1])
    _refuse_ties(points, n, cKDTree)
    x, y = points[:n], points[n:]

    near, x_neighbors = cKDTree(x).query(x, k + 2)  # the first is the point itself
    far, y_neighbors = cKDTree(y).query(x, k + 1)
    terms = np.log(far[:, k - 1] / near[:, k])
    total = terms.sum()
    value = d * total / n + math.log(m / (n - 1))

    # Without a point, those that had it among their k neighbors take the next one.
    x_loss = np.log(near[:, k + 1] / near[:, k])
    y_gain = np.log(far[:, k] / far[:, k - 1])
    x_loss = np.bincount(x_neighbors[:, 1 : k + 1].ravel(), np.repeat(x_loss, k), minlength=n)
    y_gain = np.bincount(y_neighbors[:, :k].ravel(), np.repeat(y_gain, k), minlength=m)
    without_x, without_y = d * (total - terms - x_loss) / (n - 1), d * (total + y_gain) / n
    variance = (n - 1) * without_x.var() + (m - 1) * without_y.var()
    return student_estimate(value / unit, math.sqrt(variance) / unit, n, level)


def _points(values, name, least):
    """Return finite points as rows of a float64 matrix."""
    points = real_array(values, name).astype(np.float64)
    if points.ndim == 1:
        points = points[:, np.newaxis]
    if points.ndim != 2 or points.shape[1] == 0:
        raise ValueError(f"{name} must have the shape (n,) or (n, d), got {points.shape}")
    if len(points) < least:
        raise ValueError(f"{name} has {len(points)} points: this k needs at least {least}")
    require_entries(points, name, np.isfinite(points), "a coordinate is finite")
    return points


def _refuse_ties(points, n, tree):
    """Name the first two points that coincide; the first n points are x, the others y."""
    distances, neighbors = tree(points).query(points, 2)
    tied = np.flatnonzero(distances[:, 1] == 0)
    if tied.size:
        i = tied[0]
        j = neighbors[i][neighbors[i] != i][0]
        first, second = (f"x[{i}]" if i < n else f"y[{i - n}]" for i in (i, j))
        raise ValueError(
            f"{first} and {second} coincide: nearest neighbors need a density. Count values that repeat (kl_plugin); "
            "add noise of the width of the rounding to values that were rounded"
        )
