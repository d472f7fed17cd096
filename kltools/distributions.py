"""Frozen scipy.stats distributions: what `entropy`, `cross_entropy` and `kl_divergence` do with them.

Closed forms, both ways: norm, multivariate_normal, laplace, expon, gamma, invgamma, beta, dirichlet, poisson, geom,
bernoulli, binom, uniform, weibull_min, pareto, cauchy, gumbel_r and lognorm, each with its own family and with those
that contain it or that it contains: expon is a gamma and a weibull_min, uniform is a beta, bernoulli is a binom.
`loc` and `scale` are scipy's: where the support of P is not within that of Q, the divergence is inf; bounds are
compared as computed, so that ``uniform(0.1, 0.2)``, which ends at 0.30000000000000004, is not within
``uniform(0, 0.3)``. Parameters without a closed form (most pairs of supports that nest, a binom with another `n`) and
other pairs of one-dimensional families are integrated or summed. Arrays of parameters broadcast.

Entropies are differential for densities and those of the atoms for discrete distributions; the cross-entropy is
H(P) + D(P||Q), whose rounding is that of its larger part.
"""

import itertools
from types import SimpleNamespace

import numpy as np

from . import _closed_forms, _multivariate_normal
from ._validation import real_array, require_entries
from .divergence import CLOSED_FORMS, NUMERICAL, entropy, family

__all__ = []  # what it computes is asked of the functions of `kltools.divergence`

# A closed form, and the families it serves with the shapes that make them its special cases.
DIVERGENCES = {
    "norm": {"norm": {}},
    "lognorm": {"lognorm": {}},
    "laplace": {"laplace": {}},
    "cauchy": {"cauchy": {}},
    "gumbel_r": {"gumbel_r": {}},
    "weibull_min": {"weibull_min": {}, "expon": {"c": 1.0}},
    "gamma": {"gamma": {}, "expon": {"a": 1.0}},
    "invgamma": {"invgamma": {}},
    "pareto": {"pareto": {}},
    "beta": {"beta": {}, "uniform": {"a": 1.0, "b": 1.0}},
    "poisson": {"poisson": {}},
    "geom": {"geom": {}},
    "binom": {"binom": {}, "bernoulli": {"n": 1.0}},
}

POSITIVE = (lambda x: x > 0, "a shape is positive")
PROBABILITY = (lambda x: (x >= 0) & (x <= 1), "a probability is between 0 and 1")
SHAPE_RULES = {
    "poisson": {"mu": (lambda x: x >= 0, "a mean is not negative")},
    "geom": {"p": (lambda x: (x > 0) & (x <= 1), "a probability is positive and not above 1")},
    "bernoulli": {"p": PROBABILITY},
    "binom": {"n": (lambda x: (x >= 0) & (x == np.floor(x)), "a count is a whole number >= 0"), "p": PROBABILITY},
}

# scipy's own entropies of these keep their digits; those of poisson and binom are sums.
SCIPY_ENTROPIES = ("norm", "lognorm", "laplace", "cauchy", "gumbel_r", "weibull_min", "gamma", "expon", "invgamma")
SCIPY_ENTROPIES += ("pareto", "uniform")


def parameters(distribution, name):
    """Return the shape parameters, `loc` and `scale` of a frozen univariate distribution as arrays, by name.

    Raises
    ------
    ValueError
        For a parameter that is NaN or infinite, a scale that is not positive, and a shape that is invalid for a
        family with a closed form.
    TypeError
        For what is not a real number.
    """
    shapes = distribution.dist.shapes
    names = [*(shapes.split(", ") if shapes else []), "loc", "scale"]
    given = {"loc": 0.0, "scale": 1.0} | dict(zip(names, distribution.args, strict=False)) | distribution.kwds
    known = ("kl_divergence", *2 * (family(distribution),)) in CLOSED_FORMS
    rules = SHAPE_RULES.get(family(distribution), dict.fromkeys(names[:-2], POSITIVE) if known else {})
    rules = rules | {"scale": (lambda x: x > 0, "a scale is positive")}
    values = {}
    for parameter, value in given.items():
        label = f"{name}.{parameter}"
        values[parameter] = array = real_array(value, label).astype(np.float64)
        require_entries(array, label, np.isfinite(array), "a parameter is finite")
        if parameter in rules:
            good, rule = rules[parameter]
            require_entries(array, label, good(array), rule)
    return values


def _broadcast_parameters(*given):
    """Return the `parameters` of one or two distributions, broadcast to one shape, and the shape."""
    values = [parameters(x, name) for x, name in zip(given, "pq", strict=False)]
    shapes = [array.shape for arrays in values for array in arrays.values()]
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"the parameters of {' and '.join('pq'[: len(given)])} do not broadcast: {shapes}") from None
    return [{name: np.broadcast_to(x, shape) for name, x in arrays.items()} for arrays in values], shape


def _closed_form(formula, *special_cases):
    """Return `formula`, which takes parameters, as a function of frozen distributions."""

    def closed_form(*given):
        values, _ = _broadcast_parameters(*given)
        spaces = []
        for arrays, special_case in zip(values, special_cases, strict=True):
            added = {name: np.full_like(arrays["loc"], value) for name, value in special_case.items()}
            spaces.append(SimpleNamespace(**arrays, **added))
        with np.errstate(all="ignore"):
            return formula(*spaces)

    return closed_form


def _scipy_entropy(p):
    parameters(p, "p")
    return p.entropy()


def _concentrations(x, name):
    array = real_array(x.alpha, f"{name}.alpha").astype(np.float64)
    require_entries(array, f"{name}.alpha", (array > 0) & (array < np.inf), "a concentration is positive and finite")
    return array


def _dirichlet_entropy(p):
    concentrations = _concentrations(p, "p")
    with np.errstate(all="ignore"):
        return _closed_forms.dirichlet_entropy(concentrations)


def _dirichlet_divergence(p, q):
    p, q = _concentrations(p, "p"), _concentrations(q, "q")
    if len(p) != len(q):
        raise ValueError(f"p and q do not match: p.alpha has {len(p)} entries, q.alpha has {len(q)}")
    with np.errstate(all="ignore"):
        return _closed_forms.dirichlet(p, q)


def _cross_entropy(divergence):
    def cross_entropy(p, q):
        value = divergence(p, q)
        return value + entropy(p) if np.isfinite(value).any() else value

    return cross_entropy


def _numerical(verb, name):
    def numerical(known, *given):
        """Return `known` with its NaN replaced by sums or integrals."""
        if not all(hasattr(x, "dist") for x in given):
            pair = " || ".join(family(x) for x in given)
            raise NotImplementedError(f"no closed form for {verb} of {pair}, and it is not one-dimensional")
        from . import _quadrature

        compute = getattr(_quadrature, name)
        values, shape = _broadcast_parameters(*given)
        if shape == ():
            return compute(*given)
        result = np.array(np.broadcast_to(known, shape), dtype=np.float64)
        for index in zip(*np.nonzero(np.isnan(result)), strict=True):
            scalars = [{name: array[index] for name, array in arrays.items()} for arrays in values]
            for x, arrays in zip(given, scalars, strict=True):
                if hasattr(x.dist, "pmf"):
                    del arrays["scale"]
            result[index] = compute(*(x.dist(**arrays) for x, arrays in zip(given, scalars, strict=True)))
        return result

    return numerical


def _fill_tables():
    for name, members in DIVERGENCES.items():
        formula = getattr(_closed_forms, name)
        for (p, p_case), (q, q_case) in itertools.product(members.items(), repeat=2):
            CLOSED_FORMS["kl_divergence", p, q] = _closed_form(formula, p_case, q_case)
    CLOSED_FORMS["kl_divergence", "dirichlet", "dirichlet"] = _dirichlet_divergence
    CLOSED_FORMS["kl_divergence", "multivariate_normal", "multivariate_normal"] = _multivariate_normal.divergence
    for (_, *pair), divergence in list(CLOSED_FORMS.items()):
        CLOSED_FORMS["cross_entropy", *pair] = _cross_entropy(divergence)

    CLOSED_FORMS.update({("entropy", name): _scipy_entropy for name in SCIPY_ENTROPIES})
    for name in ("beta", "bernoulli", "geom"):
        CLOSED_FORMS["entropy", name] = _closed_form(getattr(_closed_forms, f"{name}_entropy"), {})
    CLOSED_FORMS["entropy", "dirichlet"] = _dirichlet_entropy
    CLOSED_FORMS["entropy", "multivariate_normal"] = _multivariate_normal.entropy

    for verb in ("entropy", "cross_entropy"):
        NUMERICAL[verb] = _numerical(verb, f"{verb}_numeric")
    NUMERICAL["kl_divergence"] = _numerical("kl_divergence", "kl_numeric")


_fill_tables()
