"""One number, seen seven ways: D(P||Q) by seven views, no two of which share the code that makes the number."""

from dataclasses import dataclass
from textwrap import fill

import numpy as np
from scipy.special import log_ndtr, ndtri, xlogy

from kltools._validation import broadcast_shape, in_units, integer, log_base, one_distribution, require_generator
from kltools.coding import arithmetic_encode
from kltools.elbo import elbo, evidence
from kltools.geometry import bregman_divergence
from kltools.hypothesis_testing import neyman_pearson
from kltools.likelihood import empirical_distribution
from kltools.optimization import growth_rate
from kltools.surprise import surprisal

__all__ = ["SevenViews", "View", "seven_views"]

ALPHA = 0.05  # the type I error of the test
CODER_BITS = 10  # a message's length exceeds its ideal length by at most so many bits
LEAST = 2.0**-48  # the least positive probability that the coder carries
UNITS = {np.e: "nat", 2: "bit", 10: "ban"}


@dataclass(frozen=True, slots=True)
class View:
    """One view of D(P||Q).

    D lies between `low` and `high`, but for chance and for rounding, which is absolute: about 1e-15 nat. Chance is
    at most four of the `standard_error` with probability 15/16 or more (Chebyshev), and nearly always unless very
    rare outcomes make up the spread.

    Attributes
    ----------
    name : str
        The chapter's.
    value : float
        In `unit`.
    unit : str
        "nat", "bit", "ban", or "log base b".
    standard_error : float
        Of the sample that the value comes from; 0 without a sample.
    low, high : float
        Bounds on D but for chance; both equal to `value` where nothing else keeps the two apart.
    limit : str
        What the value converges to.
    how : str
        How it came about, in a sentence.
    """

    name: str
    value: float
    unit: str
    standard_error: float
    low: float
    high: float
    limit: str
    how: str


class SevenViews(tuple):
    """Seven instances of `View`, which print as a table, with a sentence for each that is not finite."""

    __slots__ = ()

    def __repr__(self):
        rows = [("view", "value", "unit", "std. err", "low", "high", "limit")]
        for view in self:
            error = f"{view.standard_error:.6f}" if view.standard_error else ""
            bounds = (f"{x:z.6f}" if view.low < view.high else "" for x in (view.low, view.high))
            rows.append((view.name, f"{view.value:z.6f}", view.unit, error, *bounds, view.limit))
        columns = []
        for column in zip(*rows, strict=True):
            align = str.ljust if column[0] in ("view", "unit", "limit") else str.rjust
            columns.append([align(cell, max(map(len, column))) for cell in column])
        lines = ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]
        told = (f"{view.name}: {view.how}" for view in self if not np.isfinite(view.high))
        return "\n".join([*lines, *(fill(words, 76, subsequent_indent="    ") for words in told)])


def seven_views(p, q, *, rng, n=10_000, base=None):
    """Compute D(P||Q) by seven independent views: code, surprise, likelihood, test, geometry, bet, ELBO.

    Parameters
    ----------
    p, q : array_like, shape (k,)
        Probabilities of the same outcomes: P averages, Q codes, bets and believes.
    rng : numpy.random.Generator
        Draws the two samples from P, one to be coded and another one for the likelihood.
    n : int
        Size of each sample, and of the test; at most a million.
    base : float, optional
        The base of the logarithm: nats if not given, bits for 2.

    Returns
    -------
    SevenViews
        A tuple of seven `View`, in this order:

        1. coding: n draws through an arithmetic coder built for Q and through one built for P, per draw;
        2. surprise: the exact mean under P of Q's surprisal less P's own;
        3. likelihood: the logarithm of the likelihood ratio of n other draws, per draw;
        4. hypothesis testing: the exponent of the best test of P against Q at level 0.05 on n draws, plus the
           correction that makes it D for a log-likelihood ratio that is normal; between certified bounds;
        5. geometry: the gap between the negative entropy at P and its tangent at Q;
        6. optimization: the growth rate of the bet P at odds that are fair under Q, less that of the bet Q;
        7. ELBO: evidence less bound, with q := P and a posterior that is Q. Variational inference has the roles
           the other way round, and its gap is D(Q||P).

        Where Q excludes what P allows, D is infinite, and `how` says what that means to each view. A sample
        without such an outcome, and a test on few draws, stay finite: their bounds then reach to infinity. A
        positive probability below 2**-48 is too small for the coder, unless P never sends that letter: the value
        is NaN, the bounds are 0 and infinity, and `how` tells. So it is for the odds of the bet below 1e-308.

    Raises
    ------
    ValueError
        If p or q is not one probability vector, their lengths differ, or n or base is out of range.
    TypeError
        For what is not a real number, and an rng that is no generator.

    Notes
    -----
    The exact views (2, 5, 6, 7) agree to rounding, which is absolute, about 1e-15 nat: where P and Q nearly agree
    few digits of D are left, and `kltools.kl_divergence` keeps them. The sampled views (1, 3) converge to D by the
    law of large numbers, and their standard error is that of the sample. The bounds of view 1 are no confidence
    interval: they hold what the same sample would give with ideal lengths, since the coder adds or takes at most
    10 bits. For the test, Stein's lemma gives the limit and Strassen the correction to order log(n)/n;
    here ``s**2/2 + log Phi(z - s)``, with s the standard deviation of the
    log-likelihood ratio of n draws and z the normal quantile at 0.95, has the same leading terms and holds also for
    s = 0. The bounds need no n to be large: data processing from below, Cantelli's inequality from above. A
    corrected value outside them is moved to the nearer one.
    Explained in the chapter *One number*.

    Examples
    --------
    >>> views = seven_views([0.7, 0.3], [0.4, 0.6], rng=np.random.default_rng(0))
    >>> [view.name for view in views if round(view.value, 6) == 0.183787]
    ['surprise', 'geometry', 'optimization', 'ELBO']
    >>> views[3].low < 0.183787 < views[3].high
    True
    """
    p, q = one_distribution(p, "p"), one_distribution(q, "q")
    broadcast_shape(p, q)
    require_generator(rng)
    n = integer(n, "n", least=1)
    if n > 1_000_000:
        raise ValueError(f"n = {n}: the coder's bound holds up to a million draws")
    log_base(base)

    possible = (p > 0) | (q > 0)
    p, q = p[possible], q[possible]
    spread = _spread(p, q) / np.sqrt(n)
    with np.errstate(divide="ignore", over="ignore"):  # where Q is zero, each view says what that means
        found = [
            ("coding", *_coding(p, q, n, rng, spread)),
            ("surprise", *_surprise(p, q)),
            ("likelihood", *_likelihood(p, q, n, rng, spread)),
            ("hypothesis testing", *_testing(p, q, n, spread)),
            ("geometry", *_geometry(p, q)),
            ("optimization", *_optimization(p, q)),
            ("ELBO", *_elbo(p, q)),
        ]
    unit = UNITS.get(np.e if base is None else base, f"log base {base}")
    return SevenViews(
        View(name, in_units(value, base), unit, *(in_units(x, base) for x in (error, low, high)), limit, how)
        for name, value, error, (low, high), limit, how in found
    )


# Each view returns its value, standard error and bounds in nats, its limit, and how it came about.


def _coding(p, q, n, rng, spread):
    if np.any(_excluded(p, q)):
        how = "The code for Q has no word for an outcome that P allows, so that no message is long enough."
        return *_exact(np.inf), how
    q = np.where((p == 0) & (q < LEAST), 0, q)  # letters that are never sent: the coder shares their part out
    least = min(x[x > 0].min() for x in (p, q))
    if least < LEAST:
        how = f"The coder carries no positive probability below 2**-48 = {LEAST:.3g}, and here is one of {least:.3g}."
        return np.nan, 0.0, (0.0, np.inf), "not computable", how
    message = rng.choice(p.size, size=n, p=p)
    with_q, with_p = (8 * len(arithmetic_encode(message, code)) for code in (q, p))
    value, slack = (with_q - with_p) * np.log(2) / n, CODER_BITS * np.log(2) / n
    how = f"{n} draws from P take {with_q} bits in an arithmetic code for Q, {with_p} bits in one for P."
    return value, spread, (value - slack, value + slack), "D as n grows", how


def _surprise(p, q):
    possible = np.flatnonzero(p)
    value = p[possible] @ (surprisal(q, possible) - surprisal(p, possible))
    if np.isinf(value):
        return *_exact(value), "One who believes Q calls impossible what may happen: no surprise is greater."
    return *_exact(value), "The mean surprisal under P of one who believes Q, less that of one who believes P."


def _likelihood(p, q, n, rng, spread):
    observed = empirical_distribution(rng.choice(p.size, size=n, p=p), p.size)
    value = np.sum(xlogy(observed, p) - xlogy(observed, q))
    if np.isinf(value):
        how = f"{n} other draws from P, impossible under Q, refute that model."
        return value, spread, (value, value), "D as n grows", how
    how = f"{n} other draws from P are exp({n * value:.6g}) times as likely under P as under Q."
    if np.any(_excluded(p, q)):
        how += " An outcome that Q excludes has not come up yet; one alone makes the ratio infinite."
        return value, spread, (value, np.inf), "D as n grows", how
    return value, spread, (value, value), "D as n grows", how


def _testing(p, q, n, spread):
    test = neyman_pearson(p, q, n, ALPHA)
    s = n * spread
    least, most = -test.log_beta_high, -test.log_beta_low
    low = ((1 - ALPHA) * least - (-xlogy(ALPHA, ALPHA) - xlogy(1 - ALPHA, 1 - ALPHA))) / n
    how = f"The best test of P at level {ALPHA} on {n} draws "
    if np.isinf(test.exponent):
        how += "never errs under Q: it decides for P only if an outcome has come up that Q excludes."
        return test.exponent, 0.0, (max(low, 0.0), np.inf), "D as n grows", how
    how += f"errs under Q with probability exp({test.log_beta:.6g}), and "
    if np.any(_excluded(p, q)):
        how += "an outcome that Q excludes, once seen, decides for P without any error."
        return test.exponent, 0.0, (max(low, 0.0), np.inf), "D as n grows", how
    value = test.exponent + (s**2 / 2 + log_ndtr(ndtri(1 - ALPHA) - s)) / n
    low, high = max(low, 0.0), most / n + spread * np.sqrt((1 - ALPHA) / ALPHA)
    value = np.clip(value, low, high)
    return value, 0.0, (low, high), "D as n grows", how + "the exponent is corrected for finite n."


def _geometry(p, q):
    value = bregman_divergence(lambda x: xlogy(x, x).sum(axis=-1), lambda x: np.log(x) + 1, p, q)
    if np.isinf(value):
        return *_exact(value), "The tangent of the negative entropy at Q is vertical."
    return *_exact(value), "The height of the negative entropy at P above its tangent at Q."


def _optimization(p, q):
    if np.any(_excluded(p, q)):
        return *_exact(np.inf), "At odds 1/Q an outcome that Q excludes pays without limit, and P bets on it."
    odds = 1 / q
    if np.any(np.isinf(odds)):
        how = f"The odds 1/Q of an outcome that Q gives {q.min():.3g} outgrow the machine's numbers."
        return np.nan, 0.0, (0.0, np.inf), "not computable", how
    value = growth_rate(p, odds, p) - growth_rate(p, odds, q)
    return *_exact(value), "The growth rate of wealth bet as P at odds 1/Q, less that of wealth bet as Q."


def _elbo(p, q):
    log_joint = np.log(q) - 1  # any evidence does: exp(-1) here
    value = evidence(log_joint).value - elbo(p, log_joint).value
    if np.isinf(value):
        return *_exact(value), "For q := P the bound is minus infinity: q allows what the posterior, Q, excludes."
    return *_exact(value), "The log evidence less its bound for q := P, where the posterior is Q."


def _exact(value):
    return value, 0.0, (value, value), "D itself"


def _excluded(p, q):
    """Return which outcomes P allows and Q does not: one is enough to make D infinite."""
    return (p > 0) & (q == 0)


def _spread(p, q):
    """Return the standard deviation of log(p/q) under P, infinite as D is."""
    if np.any(_excluded(p, q)):
        return np.inf
    ratios = np.log(p[p > 0]) - np.log(q[p > 0])
    weights = p[p > 0]
    return np.sqrt(weights @ (ratios - weights @ ratios) ** 2)
