"""A frozen one-dimensional distribution in its standard coordinate, as quadrature and summation look at it."""

import math
import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import zeta

from .divergence import family

LEVELS = (1e-9, 1e-4, 0.02, 0.25, 0.5)

# In these families scipy takes the logarithm of the density, which underflows long before its logarithm does.
LOG_DENSITIES = {
    "laplace": lambda z: -np.abs(z) - math.log(2),
    "pareto": lambda z, b: np.where(z >= 1, np.log(b) - (b + 1) * np.log(z), -np.inf),
    "zipf": lambda k, a: np.where(k >= 1, -a * np.log(k) - np.log(zeta(a)), -np.inf),
    "logser": lambda k, p: np.where(k >= 1, k * np.log(p) - np.log(k) - np.log(-np.log1p(-p)), -np.inf),
}


@dataclass(frozen=True)
class OneDimensional:
    """A frozen distribution in ``z = (x - loc) / scale``, where the ends of its support are not rounded."""

    frozen: object
    shapes: dict
    loc: float
    scale: float

    @classmethod
    def of(cls, frozen, name):
        """Take a frozen distribution apart.

        Raises
        ------
        TypeError
            For what is no frozen one-dimensional distribution.
        ValueError
            For parameters that are arrays or out of range, and for atoms that are not on the integers.
        """
        from .distributions import parameters  # which calls the quadrature for what has no closed form

        if not all(hasattr(frozen, part) for part in ("dist", "args", "kwds", "support", "ppf")):
            raise TypeError(f"{name} is no frozen one-dimensional distribution: {frozen!r}")
        given = parameters(frozen, name)
        for parameter, value in given.items():
            if value.ndim:
                raise ValueError(f"{name}.{parameter} has shape {value.shape}: quadrature takes one pair at a time")
        given = {parameter: float(value) for parameter, value in given.items()}
        one = cls(frozen, given, given.pop("loc"), given.pop("scale"))
        if not one.lower <= one.upper:
            raise ValueError(f"{name} has parameters out of range for {one.family}: {given}")
        if one.atoms and one.loc % 1:
            raise ValueError(f"{name}.loc = {one.loc}: atoms are summed on the integers")
        return one

    @cached_property
    def family(self):
        """The name of the family."""
        return family(self.frozen)

    @cached_property
    def atoms(self):
        """Whether the distribution is discrete."""
        return hasattr(self.frozen.dist, "pmf")

    @cached_property
    def support(self):
        """The ends of the support, in the standard coordinate."""
        return tuple(map(float, self.frozen.dist.support(**self.shapes)))

    @property
    def lower(self):
        """The lower end of the support."""
        return self.support[0]

    @property
    def upper(self):
        """The upper end of the support."""
        return self.support[1]

    def log(self, z):
        """Return the logarithms of the density or of the masses."""
        with np.errstate(all="ignore"):
            if self.family in LOG_DENSITIES:
                return LOG_DENSITIES[self.family](z, **self.shapes)
            dist = self.frozen.dist
            return (dist.logpmf if self.atoms else dist.logpdf)(z, **self.shapes)

    @cached_property
    def quantiles(self):
        """Nine quantiles, the median in the middle, or NaN: they say where to look, no value rests on them."""
        found = [(self.frozen.dist.ppf, level) for level in LEVELS]
        found += [(self.frozen.dist.isf, level) for level in LEVELS[-2::-1]]
        return np.array([self._quantile(*one) for one in found])

    def _quantile(self, function, level):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return float(function(level, **self.shapes))
            except (RuntimeError, ValueError):  # of scipy's root finder, at a density with gaps
                return math.nan

    @property
    def quartiles(self):
        """The three quartiles."""
        middle = len(LEVELS) - 1
        return self.quantiles[middle - 1 : middle + 2]

    def outside(self, low, high):
        """Return the probability outside of an interval."""
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return float(self.frozen.cdf(low) + self.frozen.sf(high))
