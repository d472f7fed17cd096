"""Maximum likelihood family by family: the parameters of scipy.stats, from one-dimensional observations.

Families on the half line keep ``loc=0``, Beta keeps the unit interval: with a free edge of the support the
likelihood of several of them has no maximum.
"""

from typing import NamedTuple

import numpy as np

from kltools._validation import require_entries


class Family(NamedTuple):
    """How to fit one family."""

    estimate: object
    supports: object
    rule: str
    needs_spread: bool


def maximum_likelihood(name, xs):
    """Return the maximum-likelihood parameters of the family, by the names that scipy.stats gives them.

    Raises
    ------
    ValueError
        For an observation outside of the support, for observations without a maximum of the likelihood, and if
        the numerical solution is not a maximum.
    """
    family = FAMILIES[name]
    require_entries(xs, "data", family.supports(xs), f"{name} is fitted to {family.rule}")
    if family.needs_spread and xs.min() == xs.max():
        raise ValueError(
            f"data are all equal to {xs[0]}: the likelihood of {name} has no maximum, it grows without end"
        )
    with np.errstate(all="ignore"):
        found = {parameter: float(value) for parameter, value in family.estimate(xs).items()}
    lowest = {parameter: 0 if family.needs_spread and parameter != "loc" else -np.inf for parameter in found}
    if not all(lowest[parameter] < value < np.inf for parameter, value in found.items()):
        raise ValueError(f"data have no maximum of the likelihood of {name} in floating point: found {found}")
    return found


def _bernoulli(xs):
    return {"p": xs.mean()}


def _poisson(xs):
    return {"mu": xs.mean()}


def _geom(xs):
    return {"p": 1 / xs.mean()}


def _norm(xs):
    return {"loc": xs.mean(), "scale": xs.std()}


def _laplace(xs):
    loc = np.median(xs)
    return {"loc": loc, "scale": np.abs(xs - loc).mean()}


def _uniform(xs):
    return {"loc": xs.min(), "scale": np.ptp(xs)}


def _expon(xs):
    if not xs.any():
        raise ValueError("data are all equal to 0: the likelihood of expon has no maximum, it grows without end")
    return {"scale": xs.mean()}


def _pareto(xs):
    return {"b": 1 / np.log(xs / xs.min()).mean(), "scale": xs.min()}


def _lognorm(xs):
    logs = _norm(np.log(xs))
    return {"s": logs["scale"], "scale": np.exp(logs["loc"])}


def _gamma(xs):
    return _solved("gamma", xs, ("a", "loc", "scale"), floc=0)


def _invgamma(xs):
    # A change of variable changes every likelihood by the same factor, so the maximum stays where it is.
    inverse = _gamma(1 / xs)
    return {"a": inverse["a"], "scale": 1 / inverse["scale"]}


def _gumbel_r(xs):
    # On the unit interval, since scipy's root finder stops at an absolute error.
    low, width = xs.min(), np.ptp(xs)
    unit = _solved("gumbel_r", (xs - low) / width, ("loc", "scale"))
    return {"loc": low + width * unit["loc"], "scale": width * unit["scale"]}


def _weibull_min(xs):
    gumbel = _gumbel_r(-np.log(xs))
    return {"c": 1 / gumbel["scale"], "scale": np.exp(-gumbel["loc"])}


def _beta(xs):
    return _solved("beta", xs, ("a", "b", "loc", "scale"), floc=0, fscale=1)


def _solved(name, xs, parameters, **fixed):
    """Return scipy's solution of the likelihood equations, after a look at its neighbors."""
    from scipy import stats

    family = getattr(stats, name)
    try:
        found = dict(zip(parameters, map(float, family.fit(xs, **fixed)), strict=True))
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"the likelihood equations of {name} were not solved for the data: {error}") from None
    free = {key: value for key, value in found.items() if f"f{key}" not in fixed}
    highest = family.logpdf(xs, **found).mean()
    for key, value in free.items():
        step = 1e-4 * (found["scale"] if key == "loc" else value)
        for neighbor in (value - step, value + step):
            if not family.logpdf(xs, **(found | {key: neighbor})).mean() <= highest + 1e-12 * (1 + abs(highest)):
                raise ValueError(
                    f"the likelihood equations of {name} were not solved for the data: {found} is no maximum"
                )
    return free


def _anything(xs):
    return np.full(xs.shape, True)


def _positive(xs):
    return xs > 0


FAMILIES = {
    "bernoulli": Family(_bernoulli, lambda xs: (xs == 0) | (xs == 1), "zeros and ones", False),
    "poisson": Family(_poisson, lambda xs: (xs >= 0) & (xs == np.floor(xs)), "whole numbers from 0", False),
    "geom": Family(_geom, lambda xs: (xs >= 1) & (xs == np.floor(xs)), "whole numbers from 1", False),
    "norm": Family(_norm, _anything, "real numbers", True),
    "laplace": Family(_laplace, _anything, "real numbers", True),
    "gumbel_r": Family(_gumbel_r, _anything, "real numbers", True),
    "uniform": Family(_uniform, _anything, "real numbers", True),
    "expon": Family(_expon, lambda xs: xs >= 0, "numbers from 0", False),
    "pareto": Family(_pareto, _positive, "positive numbers", True),
    "lognorm": Family(_lognorm, _positive, "positive numbers", True),
    "gamma": Family(_gamma, _positive, "positive numbers", True),
    "invgamma": Family(_invgamma, _positive, "positive numbers", True),
    "weibull_min": Family(_weibull_min, _positive, "positive numbers", True),
    "beta": Family(_beta, lambda xs: (xs > 0) & (xs < 1), "numbers between 0 and 1", True),
}
