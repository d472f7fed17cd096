"""Closed forms for frozen scipy.stats distributions: what `entropy` and `kl_divergence` do with them.

Each function takes frozen distributions, is registered for their families, and returns nats. A divergence is
a sum of terms that are never negative, so that near-equal parameters keep their digits.
"""

import math

import numpy as np

from ._kernels import generalized_kl
from ._validation import real_array, require_entries
from .divergence import CLOSED_FORMS


def closed_form(*families):
    """Register a function as the closed form for one family (entropy) or an ordered pair (divergence)."""

    def register(function):
        CLOSED_FORMS[families] = function
        return function

    return register


def parameters(distribution, name):
    """Return the shape parameters, `loc` and `scale` of a frozen distribution as arrays, by name.

    Raises
    ------
    ValueError
        For a parameter that is NaN or infinite, and for a scale that is not positive.
    """
    shapes = distribution.dist.shapes
    names = [*(shapes.split(", ") if shapes else []), "loc", "scale"]
    given = {"loc": 0.0, "scale": 1.0} | dict(zip(names, distribution.args, strict=False)) | distribution.kwds
    values = {}
    for parameter, value in given.items():
        label = f"{name}.{parameter}"
        values[parameter] = array = real_array(value, label).astype(np.float64)
        require_entries(array, label, np.isfinite(array), "a parameter is finite")
    require_entries(values["scale"], f"{name}.scale", values["scale"] > 0, "a scale is positive")
    return values


@closed_form("norm")
def _norm_entropy(p):
    scale = parameters(p, "p")["scale"]
    return np.log(scale) + math.log(2 * math.pi * math.e) / 2


@closed_form("norm", "norm")
def _norm_norm(p, q):
    # (gkl(v1, v0) + (mu0 - mu1)^2) / (2 v1) with gkl as in `generalized_kl`, but in standard deviations:
    # their squares could overflow, and would lose digits.
    p, q = parameters(p, "p"), parameters(q, "q")
    scale = q["scale"]
    wider = (p["scale"] - scale) / scale
    shift = (p["loc"] - q["loc"]) / scale
    return generalized_kl(scale, p["scale"]) / scale + (wider**2 + shift**2) / 2
