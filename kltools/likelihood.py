"""Likelihood: the best fit of a model is the one with the smallest divergence from the data.

For n observations with relative frequencies P_hat, the mean log-likelihood of a model Q is
-H(P_hat) - D(P_hat||Q): maximum likelihood minimizes the divergence, and n D is what a wrong model loses.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc

from kltools._likelihood_families import FAMILIES, maximum_likelihood
from kltools._outcomes import log_probability_each, outcome_indices
from kltools._validation import count_vector, integer, probabilities, real_array, require_entries
from kltools.divergence import cross_entropy, kl_divergence

__all__ = [
    "Fit",
    "GStatistic",
    "empirical_distribution",
    "fit_maximum_likelihood",
    "g_statistic",
    "mean_log_likelihood",
]

GRID_POINTS = 201


def empirical_distribution(xs, k):
    """Empirical distribution P_hat: the relative frequency of each outcome among the observations.

    Parameters
    ----------
    xs : array_like of int, shape (n,)
        Observations, each an outcome 0 to k - 1.
    k : int
        Number of outcomes; one that was not observed has frequency zero.

    Returns
    -------
    ndarray, shape (k,)
        Probabilities.

    Raises
    ------
    ValueError
        If k is not positive, xs is empty or not one-dimensional, or an observation is out of range.
    TypeError
        If k or an observation is not an integer.

    Notes
    -----
    Independent draws with these frequencies have, in any one order, the probability exp(-n (H(P_hat) +
    D(P_hat||Q))) under Q. T. M. Cover and J. A. Thomas, *Elements of Information Theory*, 2nd ed., section 11.1.
    Explained in the chapter *Likelihood*.

    Examples
    --------
    >>> empirical_distribution([0, 1, 0, 0], 3)
    array([0.75, 0.25, 0.  ])
    """
    k = integer(k, "k", least=1)
    indices = outcome_indices(xs, k, "xs")
    if indices.ndim != 1:
        raise ValueError(f"xs must be one-dimensional, got shape {indices.shape}")
    return np.bincount(indices, minlength=k) / indices.size


def mean_log_likelihood(q, xs):
    """Mean log-likelihood of a model: the mean of log q(x) over the observations.

    Parameters
    ----------
    q : array_like, shape (k,) or (n, k), or frozen scipy.stats distribution
        The model; or, for a conditional model, what it says of each observation.
    xs : array_like, shape (n,)
        The observations: outcomes 0 to k - 1, or values of the distribution.

    Returns
    -------
    float
        In nats per observation; -inf if the model excludes an observation.

    Raises
    ------
    ValueError
        For bad probabilities or parameters, an outcome out of range, no observations, a value that is not finite
        or where the density is infinite, or xs that are not one observation after another.
    TypeError
        For what is not a real number, and for outcomes of an array that are not integers.

    Notes
    -----
    For one array q it is -H(P_hat) - D(P_hat||Q) with the empirical distribution P_hat, so that models are ranked
    by their divergence from the data. For a density D(P_hat||Q) is infinite: the mean is minus the cross-entropy of
    P_hat and Q, and ranks densities in the same unit of x only. Explained in the chapter *Likelihood*.

    Examples
    --------
    >>> round(mean_log_likelihood([0.4, 0.6], [0, 0, 0, 0, 0, 0, 0, 1, 1, 1]), 6)
    -0.794651
    """
    return float(log_probability_each(q, xs, "xs").mean())


@dataclass(frozen=True, slots=True)
class Fit:
    """A model fitted by `fit_maximum_likelihood`.

    Attributes
    ----------
    parameters : dict
        The parameters by name: those of scipy.stats, or "theta".
    distribution : frozen scipy.stats distribution, or ndarray
        The fitted model.
    mean_log_likelihood : float
        In nats per observation; minus the cross-entropy of the data and the model.
    divergence : float
        D(P_hat||model) in nats: inf for every density, which gives probability zero to single points.
    """

    parameters: dict
    distribution: object
    mean_log_likelihood: float
    divergence: float


def fit_maximum_likelihood(model, data, *, bounds=None):
    """Fit a model by maximum likelihood, which is to find the Q of smallest D(P_hat||Q).

    Parameters
    ----------
    model : str, scipy.stats family, or callable
        A family, as "norm" or ``stats.norm``: bernoulli, poisson, geom; norm, laplace, gumbel_r, uniform; and with
        ``loc=0`` expon, pareto, lognorm, gamma, invgamma, weibull_min; and beta on the unit interval. Or a function
        of one number theta that returns the probabilities of k outcomes.
    data : array_like
        For a family, the observations, shape (n,), one by one and not as a histogram (``np.repeat(values, counts)``
        undoes one); for a callable, the counts of the outcomes, shape (k,).
    bounds : tuple of float, optional
        For a callable: the closed interval of theta.

    Returns
    -------
    Fit
        With ``parameters``, ``distribution``, ``mean_log_likelihood`` and ``divergence``.

    Raises
    ------
    ValueError
        For data that are empty, mis-shaped, not finite or outside of the support; for an unknown family; if the
        likelihood has no maximum (all observations equal for a density with a scale), or is zero at every theta
        tried; if the likelihood equations were not solved; for bounds that are not an interval.
    TypeError
        For what is not a real number, a model that is neither a family nor callable, and for bounds that are
        missing for a callable or given for a family.

    Notes
    -----
    - *Finite or countable outcomes.* The maximum-likelihood estimate, if there is one, is the minimizer of
      D(P_hat||Q_theta), exactly and for every n: minus the mean log-likelihood is that plus H(P_hat), which no
      parameter moves.
    - *Densities.* It minimizes the cross-entropy of P_hat and Q_theta; the divergence is infinite.
    - *Exponential families*, full and regular: if the estimate exists, it is the one Q whose mean sufficient
      statistics are those of the data.
    - *A wrong model.* Let the observations be independent draws from P, the parameter set compact, log q continuous
      in the parameter and dominated by a P-integrable function, and the minimizer of D(P||Q_theta) unique: then the
      estimate converges to it with probability 1 (White 1982).

    Closed forms where they exist; gamma and beta by the likelihood equations, gumbel_r by its own, each found with
    scipy and checked against its neighbors; invgamma and weibull_min from those by a change of variable. Poisson
    observations that are all 0 give the rate 0, Bernoulli ones that are all equal p = 0 or 1. Laplace's location is
    the median; for even n every point between the middle two does as well. A callable is tried at 201 values of
    theta, and the best is refined between its neighbors, to about eight digits: a peak that is narrower than a step
    can be missed.

    H. White, "Maximum Likelihood Estimation of Misspecified Models", *Econometrica* 50 (1982). Explained in the
    chapter *Likelihood*.

    Examples
    --------
    Deaths by horse kick in the Prussian army, in 200 corps-years:

    >>> deaths = np.repeat([0, 1, 2, 3, 4], [109, 65, 22, 3, 1])
    >>> fit = fit_maximum_likelihood("poisson", deaths)
    >>> fit.parameters, round(fit.divergence, 6)
    ({'mu': 0.61}, 0.002171)

    Two children with the same chance theta of a trait, in 10 families:

    >>> fit = fit_maximum_likelihood(lambda t: [(1 - t)**2, 2 * t * (1 - t), t**2], [4, 4, 2], bounds=(0, 1))
    >>> round(fit.parameters["theta"], 6)
    0.4
    """
    if isinstance(model, str) or hasattr(model, "freeze"):
        if bounds is not None:
            raise TypeError(f"bounds = {bounds!r}: bounds are for a callable model, a family has its own")
        return _fit_family(model, data)
    if not callable(model):
        raise TypeError(f"model must be the name of a family, a scipy.stats family or a function, got {model!r}")
    return _fit_callable(model, data, bounds)


class GStatistic(NamedTuple):
    """The result of `g_statistic`, explained there."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


def g_statistic(counts, q):
    """G statistic 2 n D(P_hat||Q), which tells whether these counts are what Q would give.

    Parameters
    ----------
    counts : array_like, shape (k,)
        How often each outcome was observed, zeros included; whole numbers.
    q : array_like, shape (k,)
        Probabilities of the reference, fixed before the data were seen.

    Returns
    -------
    GStatistic
        ``statistic``: twice the log-likelihood ratio of P_hat and Q, in nats; inf if an outcome that q excludes was
        observed. ``degrees_of_freedom``: the outcomes that q allows, less one. ``p_value``: the upper tail of the
        chi-square distribution with so many degrees of freedom; 0 where the statistic is infinite.

    Raises
    ------
    ValueError
        For bad probabilities; counts that are negative, not whole, or all zero; shapes that differ.
    TypeError
        For what is not a real number.

    Notes
    -----
    For independent observations from Q, the statistic converges in distribution to chi-square as n grows (Wilks
    1938): the p-value is an approximation that needs expected counts that are not small. It is not valid for a q
    that was fitted to the same counts, which costs one degree of freedom for each parameter, nor for a q estimated
    from another sample.

    S. S. Wilks, "The Large-Sample Distribution of the Likelihood Ratio for Testing Composite Hypotheses", *Annals
    of Mathematical Statistics* 9 (1938). Explained in the chapter *Likelihood*.

    Examples
    --------
    >>> g = g_statistic([70, 30], [0.6, 0.4])
    >>> round(g.statistic, 5), g.degrees_of_freedom, round(g.p_value, 4)
    (4.32017, 1, 0.0377)
    """
    counts = count_vector(counts, "counts")
    q = probabilities(q, "q", dtype=np.float64, advice="; divide expected counts by their sum")
    if q.shape != counts.shape:
        raise ValueError(f"counts of shape {counts.shape} and q of shape {q.shape} do not match")
    n = float(counts.sum())
    statistic = 2 * n * kl_divergence(counts / n, q)
    degrees = int(np.count_nonzero(q)) - 1
    # A certain outcome leaves nothing to chance: the statistic is 0 or infinite.
    p_value = float(chdtrc(degrees, statistic)) if degrees else float(statistic == 0)
    return GStatistic(statistic, degrees, p_value)


def _fit_family(model, xs):
    from scipy import stats

    name = model if isinstance(model, str) else getattr(model, "name", None)
    if name not in FAMILIES or model not in (name, getattr(stats, name)):
        raise ValueError(f"model = {model!r} is not one of the families {', '.join(FAMILIES)}")
    xs = real_array(xs, "data").astype(np.float64)
    if xs.ndim != 1 or xs.size == 0:
        raise ValueError(f"data must be one-dimensional and not empty, got shape {xs.shape}")
    require_entries(xs, "data", np.isfinite(xs), "an observation is finite")
    parameters = maximum_likelihood(name, xs)
    distribution = getattr(stats, name)(**parameters)
    divergence = _divergence_of_mass_function(xs, distribution) if hasattr(distribution, "pmf") else np.inf
    return Fit(parameters, distribution, mean_log_likelihood(distribution, xs), divergence)


def _divergence_of_mass_function(xs, distribution):
    values, counts = np.unique(xs, return_counts=True)
    q = distribution.pmf(values)
    # One more cell for all values that were not observed.
    return kl_divergence([*(counts / xs.size), 0], [*q, max(0.0, 1 - q.sum())])


def _fit_callable(model, counts, bounds):
    from scipy.optimize import minimize_scalar

    counts = count_vector(counts, "data")
    low, high = _interval(bounds)
    p = counts / counts.sum()

    def distribution(theta):
        name = f"model({theta})"
        q = probabilities(model(theta), name, dtype=np.float64)
        if q.shape != p.shape:
            raise ValueError(f"{name} of shape {q.shape} and data of shape {p.shape} do not match")
        return q

    def divergence(theta):
        return kl_divergence(p, distribution(theta))

    grid = np.linspace(low, high, GRID_POINTS).tolist()
    values = [divergence(theta) for theta in grid]
    best = int(np.argmin(values))
    if values[best] == np.inf:
        raise ValueError(f"data have likelihood zero at every theta tried between {low} and {high}")
    around = (grid[max(best - 1, 0)], grid[min(best + 1, GRID_POINTS - 1)])
    with np.errstate(invalid="ignore"):  # a parabola through an infinite value
        found = minimize_scalar(divergence, bounds=around, method="bounded", options={"xatol": 1e-12 * (high - low)})
    theta = min((grid[best], float(found.x)), key=divergence)
    q = distribution(theta)
    return Fit({"theta": theta}, q, -cross_entropy(p, q), kl_divergence(p, q))


def _interval(bounds):
    if bounds is None:
        raise TypeError("bounds must be given for a callable model: the smallest and the largest theta")
    ends = real_array(bounds, "bounds").astype(np.float64)
    if ends.shape != (2,) or not (np.isfinite(ends).all() and ends[0] < ends[1]):
        raise ValueError(f"bounds = {bounds!r}: two finite numbers, the smaller one first")
    return ends.tolist()
