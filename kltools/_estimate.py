"""An estimate and its error: what the functions of `kltools.estimation` return, and how a mean gets its error."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from ._validation import integer, level, real_array, real_number


@dataclass(frozen=True, slots=True, repr=False)
class Estimate:
    """A number read off a sample, with its standard error and a confidence interval.

    Attributes
    ----------
    value : float
        The estimate, in the units of the function that made it; inf is an answer.
    standard_error : float
        The estimated standard deviation of `value` over samples: of its scatter, not of its bias.
    low, high : float
        The ends of the confidence interval.
    n : int
        How many draws the estimate rests on.

    Raises
    ------
    TypeError
        For what is not a real number, or an `n` that is not an integer.
    ValueError
        For NaN, a negative standard error, ``low > high``, or n < 1.

    Notes
    -----
    An infinite `value` with ``standard_error == 0`` is proven: a draw from P fell where Q has no mass. Explained
    in the chapter *Practice*.

    Examples
    --------
    >>> from kltools.estimation import Estimate
    >>> Estimate(0.183787, 0.0081, 0.1679, 0.1997, 1000)
    Estimate(0.1838 ± 0.0081, interval [0.1679, 0.1997], n=1000)
    """

    value: float
    standard_error: float
    low: float
    high: float
    n: int

    def __post_init__(self):
        for name in ("value", "standard_error", "low", "high"):
            number = real_number(getattr(self, name), name, lambda x: not math.isnan(x), "an estimate holds numbers")
            object.__setattr__(self, name, number)
        object.__setattr__(self, "n", integer(self.n, "n", least=1))
        if self.standard_error < 0:
            raise ValueError(f"standard_error = {self.standard_error}: a standard error is not negative")
        if self.low > self.high:
            raise ValueError(f"low = {self.low} is above high = {self.high}")

    def __repr__(self):
        return f"Estimate({self.summary()}, n={self.n})"

    def summary(self):
        """Return the estimate in words, rounded to two digits of its standard error."""
        parts = (self.value, self.standard_error, self.low, self.high)
        value, error, low, high = (_rounded(x, self.standard_error) for x in parts)
        return f"{value} ± {error}, interval [{low}, {high}]"


def infinite_estimate(n):
    """Return the estimate of a divergence that the sample proves to be infinite."""
    return Estimate(math.inf, 0.0, math.inf, math.inf, n)


def sample_vector(values, name, least=2):
    """Return `values` as a one-dimensional float64 array of at least `least` entries."""
    array = real_array(values, name).astype(np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, got shape {array.shape}")
    if array.size < least:
        raise ValueError(f"{name} has {array.size} entries: a standard error needs at least {least}")
    return array


def confidence_level(confidence):
    """Return the confidence of an interval as a float, strictly between 0 and 1."""
    return level(confidence, "confidence", "a confidence")


def student_estimate(value, standard_error, n, confidence, degrees=math.inf):
    """Return the estimate with Student's interval, normal for infinitely many `degrees` of freedom."""
    half = float(standard_error) * -float(stdtrit(degrees, (1 - confidence) / 2))
    return Estimate(value, standard_error, value - half, value + half, n)


def mean_estimate(terms, confidence, block=1):
    """Return the mean of finite terms, with the standard error of overlapping batches of `block` terms.

    With ``block=1`` it is the standard error of independent terms. The interval is Student's, with one degree of
    freedom less than there are batches that do not overlap.
    """
    n = len(terms)
    # Squares and sums of huge terms would overflow: a power of two is taken out first.
    exponent = np.frexp(np.abs(terms).max())[1]
    terms = np.ldexp(terms, -exponent)
    mean = terms.mean()
    sums = np.concatenate([[0.0], np.cumsum(terms - mean)])
    batches = (sums[block:] - sums[:-block]) / block
    error = math.sqrt(block * np.vecdot(batches, batches) / ((n - block) * (n - block + 1)))
    mean, error = (float(np.ldexp(x, exponent)) for x in (mean, error))
    return student_estimate(mean, error, n, confidence, degrees=n / block - 1)


def _rounded(x, error):
    """Format x to two digits of its error, or to six digits if there is no error to go by."""
    if x == 0 or not (math.isfinite(x) and 0 < error < math.inf):
        return f"{x:.6g}"
    digits = math.floor(math.log10(abs(x))) - math.floor(math.log10(error)) + 2
    return f"{x:#.{min(max(digits, 1), 17)}g}".removesuffix(".").replace(".e", "e")
