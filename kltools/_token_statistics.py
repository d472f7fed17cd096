"""The divergence of one model from another, token by token: the mean with its error, and the tail."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from ._estimate import Estimate, confidence_level, infinite_estimate, mean_estimate, sample_vector
from ._validation import integer, require_entries

_PERCENTILES = {
    "median": 50,
    "percentile_90": 90,
    "percentile_95": 95,
    "percentile_99": 99,
    "percentile_99_9": 99.9,
    "maximum": 100,
}


@dataclass(frozen=True, slots=True, repr=False)
class TokenStatistics:
    """What `token_statistics` returns; it prints as a table.

    Attributes
    ----------
    mean : Estimate
        The mean divergence per token, its standard error from blocks.
    median, percentile_90, percentile_95, percentile_99, percentile_99_9, maximum : float
        The tail, interpolated linearly between tokens.
    same_top : Estimate or None
        The share of tokens with the same most likely token, if it was given.
    block : int
        The tokens in a block.
    """

    mean: Estimate
    median: float
    percentile_90: float
    percentile_95: float
    percentile_99: float
    percentile_99_9: float
    maximum: float
    same_top: Estimate | None
    block: int

    def __repr__(self):
        rows = {"mean": f"{self.mean.summary()}, blocks of {self.block}"}
        for name, level in _PERCENTILES.items():
            label = f"{level} %" if name.startswith("percentile") else name
            rows[label] = f"{getattr(self, name):#.4g}".removesuffix(".")
        if self.same_top is not None:
            rows["same top"] = self.same_top.summary()
        return f"TokenStatistics, {self.mean.n} tokens\n" + "\n".join(f"  {k:<9} {v}" for k, v in rows.items())


def token_statistics(kl_per_token, *, same_top=None, block=None, confidence=0.95):
    """Summarize divergences per token: the mean with its error, the tail, and how often the top token agrees.

    The mean alone hides what matters: most tokens hardly change and a few change a lot. Neighboring tokens are
    alike, so the standard error of independent draws is too small; here it comes from the scatter of the means
    of overlapping blocks of consecutive tokens (overlapping batch means).

    Parameters
    ----------
    kl_per_token : array_like, shape (n,)
        Divergences D(P||Q), one a token, in the order of the text, in any one unit; inf is allowed.
    same_top : array_like of bool, shape (n,), optional
        Whether P and Q have the same most likely token.
    block : int, optional
        Tokens in a block, at most n / 2; the whole part of sqrt(n) if not given, 1 for independent tokens.
    confidence : float
        The confidence of the intervals.

    Returns
    -------
    TokenStatistics
        With ``mean`` (an `Estimate`), ``median``, ``percentile_90``, ``percentile_95``, ``percentile_99``,
        ``percentile_99_9``, ``maximum``, ``same_top`` (an `Estimate` or None) and ``block``.

    Raises
    ------
    ValueError
        For a divergence that is NaN or negative, fewer than two tokens, an array that is not one-dimensional, a
        `same_top` of another shape, a block that is not from 1 to n / 2, a confidence that is not between 0 and 1.
    TypeError
        For what is not a real number, a `same_top` that is not Boolean, a block that is not an integer.

    Notes
    -----
    The error of the mean is consistent for a stationary sequence whose dependence fades (mixing, with finite
    moments beyond the second) when the blocks grow with n but slower than n. For an autocorrelation that decays
    like r**lag, blocks shorter than about 10 / (1 - r) leave the error too small. Texts also drift from topic to
    topic: lengthen the block until the error stops growing; with many documents, the block is the document. One error
    covers the text that was read, not other texts. The mean is infinite, without error, if one token's divergence is.

    Differences of losses are refused if negative: for these take ``scipy.stats.sem`` of their means over blocks.

    `same_top` has the binomial standard error and Wilson's interval: both take tokens as independent, and are too
    narrow where neighbors are alike.

    References
    ----------
    Meketon and Schmeiser (1984), *Overlapping batch means: something for nothing?*; Flegal and Jones (2010),
    *Batch means and spectral variance estimators in Markov chain Monte Carlo*; Wilson (1927), *Probable
    inference, the law of succession, and statistical inference*. Explained in the chapter *Practice*.

    Examples
    --------
    >>> import numpy as np
    >>> from kltools import kl_from_logits
    >>> from kltools.estimation import token_statistics
    >>> rng = np.random.default_rng(1)
    >>> p_logits = 3 * rng.standard_normal((1000, 50))
    >>> q_logits = p_logits + 0.1 * rng.standard_normal((1000, 50))
    >>> same_top = p_logits.argmax(axis=-1) == q_logits.argmax(axis=-1)
    >>> token_statistics(kl_from_logits(p_logits, q_logits), same_top=same_top)
    TokenStatistics, 1000 tokens
      mean      0.003207 ± 7.7e-05, interval [0.003051, 0.003364], blocks of 31
      median    0.002603
      90 %      0.006402
      95 %      0.008352
      99 %      0.01260
      99.9 %    0.01490
      maximum   0.02217
      same top  0.9510 ± 0.0068, interval [0.9358, 0.9627]
    """
    level = confidence_level(confidence)
    tokens = sample_vector(kl_per_token, "kl_per_token")
    require_entries(tokens, "kl_per_token", tokens >= 0, "a divergence is a number, zero or more")
    n = len(tokens)
    if block is None:
        block = min(math.isqrt(n), n // 2)
    elif integer(block, "block", least=1) > n // 2:
        raise ValueError(f"block = {block}: {n} tokens hold no two blocks of this length")
    mean = infinite_estimate(n) if np.isposinf(tokens).any() else mean_estimate(tokens, level, int(block))
    ordered = np.sort(tokens)
    return TokenStatistics(
        mean=mean,
        same_top=None if same_top is None else _rate(same_top, n, level),
        block=int(block),
        **{name: _percentile(ordered, level) for name, level in _PERCENTILES.items()},
    )


def _percentile(ordered, level):
    """Interpolate linearly between order statistics; unlike numpy's, infinite ones give inf and not NaN."""
    position = level / 100 * (len(ordered) - 1)
    below, above = float(ordered[math.floor(position)]), float(ordered[math.ceil(position)])
    return below if below == above else below + (above - below) * (position % 1)


def _rate(same_top, n, confidence):
    """Return the share of True, with the binomial standard error and Wilson's interval."""
    same = np.asarray(same_top)
    if same.dtype != bool:
        raise TypeError(f"same_top must be Boolean, got {same.dtype}")
    if same.shape != (n,):
        raise ValueError(f"same_top of shape {same.shape} does not match kl_per_token of shape {(n,)}")
    rate = same.mean()
    z = -ndtri((1 - confidence) / 2)
    center = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    # At a rate of 0 or 1 the interval ends there, but for rounding.
    return Estimate(rate, math.sqrt(rate * (1 - rate) / n), max(center - half, 0.0), min(center + half, 1.0), n)
