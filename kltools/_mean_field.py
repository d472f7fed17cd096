"""Mean-field approximation by coordinate ascent, of a finite joint table or of a Gaussian."""

from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from kltools._validation import integer, log_weights, probabilities, real_array, real_number, require_entries
from kltools.divergence import entropy


@dataclass(frozen=True, slots=True)
class MeanField:
    """The independent factors that `coordinate_ascent` found.

    Attributes
    ----------
    factors : tuple
        For each variable a vector of probabilities, or a frozen normal distribution.
    elbo : ndarray
        The bound in nats at the start and after each sweep; it never decreases, but for rounding.
    converged : bool
        Whether the last sweep left the factors where they were.
    """

    factors: tuple
    elbo: np.ndarray
    converged: bool


def coordinate_ascent(target, *, start=None, tolerance=1e-12, max_sweeps=10_000):
    """Mean-field approximation: independent factors, each in turn set to the best one given the others.

    Parameters
    ----------
    target : array_like, shape (k_1, ..., k_d), or frozen scipy.stats.multivariate_normal
        The joint table log p(x, z_1, ..., z_d), -inf allowed; or a Gaussian posterior itself (log evidence 0).
    start : sequence, optional
        For a table d vectors of probabilities, uniform if not given; for a Gaussian d means, 0 if not given.
    tolerance : float
        Stop when no probability moves by more, or no mean by more standard deviations of its factor.
    max_sweeps : int
        Stop after so many sweeps over all factors in any case.

    Returns
    -------
    MeanField

    Raises
    ------
    ValueError
        If the table is empty or NaN or inf somewhere, the covariance is not positive definite, `start` does not
        fit or leaves a factor no state that the joint allows, or a number is out of range.
    TypeError
        For what is not a real number.

    Notes
    -----
    Each step sets ``log q_i = E[log p(x, z)] + constant`` under the other factors, which raises the ELBO, to a
    stationary point that need not be its maximum (a uniform start may be a saddle: vary `start`). For a Gaussian
    with precision matrix L the fixed point is unique: the exact mean, with variances 1 / L_ii, never above the
    true ones. C. M. Bishop, *Pattern Recognition and Machine Learning*, section 10.1. Explained in the chapter
    *ELBO*.

    Examples
    --------
    >>> from scipy import stats
    >>> found = coordinate_ascent(stats.multivariate_normal([1, 2], [[1, 0.9], [0.9, 1]]))
    >>> [round(float(q.mean()), 6) for q in found.factors], [round(float(q.var()), 6) for q in found.factors]
    ([1.0, 2.0], [0.19, 0.19])
    >>> round(float(found.elbo[-1]), 6)
    -0.830366
    """
    max_sweeps = integer(max_sweeps, "max_sweeps", least=1)
    tolerance = real_number(tolerance, "tolerance", lambda x: 0 <= x < np.inf, "it must be finite and not negative")
    problem = _Gaussian if hasattr(target, "cov_object") else _Table
    problem = problem(target, start)
    path, change = [problem.elbo()], np.inf
    while change > tolerance and len(path) <= max_sweeps:
        change = max(problem.update(i) for i in range(problem.size))
        path.append(problem.elbo())
    return MeanField(problem.factors(), np.array(path), bool(change <= tolerance))


class _Table:
    """Factors of a joint table: vectors of probabilities."""

    def __init__(self, log_joint, start):
        table = log_weights(log_joint, "target")
        self.size = table.ndim
        if start is None:
            start = [np.full(k, 1 / k) for k in table.shape]
        if len(start) != self.size:
            raise ValueError(f"start has {len(start)} factors, but target has {self.size} axes")
        self.q = [probabilities(q, f"start[{i}]", dtype=np.float64) for i, q in enumerate(start)]
        for i, (q, k) in enumerate(zip(self.q, table.shape, strict=True)):
            if q.shape != (k,):
                raise ValueError(f"start[{i}] has shape {q.shape}, but axis {i} of target has {k} states")
        self.excluded = table == -np.inf
        self.table = np.where(self.excluded, 0, table)

    def _mean_log_joint(self, i):
        """Return E[log p] for each state of variable i under the other factors; 0 times -inf is 0."""
        table, excluded = (np.moveaxis(x, i, 0) for x in (self.table, self.excluded))
        for q in reversed(self.q[:i] + self.q[i + 1 :]):
            table, excluded = table @ q, excluded @ (q > 0)
        return np.where(excluded, -np.inf, table)

    def update(self, i):
        scores = self._mean_log_joint(i)
        if scores.max() == -np.inf:
            raise ValueError(
                f"start leaves variable {i} no state: the joint excludes each with some state of the others"
            )
        old, self.q[i] = self.q[i], softmax(scores)
        return np.max(np.abs(self.q[i] - old))

    def elbo(self):
        scores, q = self._mean_log_joint(0), self.q[0]
        return np.vdot(q, np.where(q > 0, scores, 0)) + sum(map(entropy, self.q))

    def factors(self):
        return tuple(self.q)


class _Gaussian:
    """Factors of a multivariate normal: normals whose variances are set once, for they do not depend on the means."""

    def __init__(self, target, start):
        self.mean, covariance = np.asarray(target.mean, float), np.asarray(target.cov, float)
        self.size = self.mean.size
        try:
            root = np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError:
            raise ValueError(f"target.cov is not positive definite: {covariance.tolist()}") from None
        inverse_root = np.linalg.solve(root, np.eye(self.size))
        self.precision = inverse_root.T @ inverse_root
        self.diagonal = np.diag(self.precision)
        # What the factors cost at the right means: (log det of the diagonal less log det of the precision) / 2.
        self.cost = np.log(self.diagonal).sum() / 2 + np.log(np.diag(root)).sum()
        start = np.zeros(self.size) if start is None else real_array(start, "start").astype(np.float64)
        if start.shape != (self.size,):
            raise ValueError(f"start has shape {start.shape}, but target has {self.size} means")
        require_entries(start, "start", np.isfinite(start), "a mean is finite")
        self.offset = start - self.mean

    def update(self, i):
        step = self.precision[i] @ self.offset / self.diagonal[i]
        self.offset[i] -= step
        return abs(step) * np.sqrt(self.diagonal[i])

    def elbo(self):
        return -self.cost - self.offset @ self.precision @ self.offset / 2

    def factors(self):
        from scipy import stats

        return tuple(map(stats.norm, self.mean + self.offset, 1 / np.sqrt(self.diagonal)))
