"""Betting: what a forecast is worth in growth, and what it pays to stake."""

import numpy as np

from kltools._validation import (
    broadcast_shape,
    finite_array,
    in_units,
    one_distribution,
    probabilities,
    require_entries,
)

FULL_STAKE = 1e-8  # how far from 1 the sum of bets may be that stake everything


def growth_rate(p, odds, bet, *, base=None):
    """Expected growth of the logarithm of wealth in a bet, the exponent of wealth in the long run.

    Parameters
    ----------
    p : array_like, shape (..., k)
        Probabilities along the last axis: the truth, or what the bettor believes.
    odds : array_like, shape (..., k)
        What a winning stake of 1 pays, the stake included: 0 or more. Odds 1/q are fair if q is true.
    bet : array_like, shape (..., k)
        Fractions of wealth staked on each outcome, 0 or more, with a sum of at most 1; the rest is kept as cash.
        A sum within 1e-8 of 1 stakes everything.
    base : float, optional
        The base of the logarithm: nats if not given; 2 counts doublings.

    Returns
    -------
    float or ndarray
        ``sum(p * log(cash + bet * odds))`` along the last axis; -inf is ruin, with a positive probability.

    Raises
    ------
    TypeError, ValueError
        If p is not a probability vector, odds or bets are negative or not finite, the bets sum to more than 1, the
        shapes do not fit, or base is not positive or is 1.

    Notes
    -----
    Repeated n times, independently, with the same fractions, wealth grows as exp(n growth) to first order in the
    exponent, with probability 1 (strong law of large numbers). If everything is staked at odds 1/q, the growth is
    D(p||q) - D(p||bet): largest, D(p||q), for the bet p. J. L. Kelly, "A New Interpretation of Information Rate",
    *Bell System Technical Journal* 35 (1956); T. M. Cover and J. A. Thomas, *Elements of Information Theory*, 2nd
    ed., chapter 6. Explained in the chapter *Optimization*.

    Examples
    --------
    >>> p, q = np.array([0.7, 0.3]), np.array([0.4, 0.6])
    >>> round(growth_rate(p, 1 / q, p), 6)
    0.183787
    >>> round(growth_rate(p, 0.95 / q, p), 6)
    0.132494
    """
    p = probabilities(p, "p", dtype=np.float64)
    odds = _odds(odds, p)
    bet = finite_array(bet, "bet")
    if bet.ndim == 0:
        raise ValueError(f"bet must have an outcome along the last axis, got the scalar {bet}")
    require_entries(bet, "bet", bet >= 0, "a stake is not negative")
    broadcast_shape(p, bet, ("p", "bet"))
    broadcast_shape(odds, bet, ("odds", "bet"))
    staked = bet.sum(axis=-1, keepdims=True)
    require_entries(
        staked[..., 0], "the sum of bet", staked[..., 0] <= 1 + FULL_STAKE, "more than all wealth is staked"
    )
    full = abs(staked - 1) <= FULL_STAKE
    bet, staked = np.where(full, bet / np.where(full, staked, 1), bet), np.where(full, 1, staked)
    gain, wealth = bet * odds - staked, (1 - staked) + bet * odds
    with np.errstate(divide="ignore"):
        logs = np.where(abs(gain) < 0.5, np.log1p(np.maximum(gain, -0.5)), np.log(wealth))
    return in_units(np.where(p > 0, p * np.where(p > 0, logs, 0), 0).sum(axis=-1) / p.sum(axis=-1), base)


def kelly_bet(p, odds):
    """Fractions of wealth to stake for the largest growth, the rest being kept as cash.

    Parameters
    ----------
    p : array_like, shape (k,)
        Probabilities that the bettor believes.
    odds : array_like, shape (k,)
        What a winning stake of 1 pays, the stake included: 0 or more.

    Returns
    -------
    numpy.ndarray, shape (k,)
        Of several best bets (at fair odds, cash is worth a bet on everything) one of them.

    Raises
    ------
    TypeError, ValueError
        If p is not a probability vector, odds are negative or not finite, or the shapes do not fit.

    Notes
    -----
    By the conditions of Karush, Kuhn and Tucker the best bet stakes p - cash / odds where p * odds > cash, and
    nothing elsewhere. If a stake of less than 1, spread over the outcomes, always pays 1, no cash is kept and the
    bet is p. J. L. Kelly, "A New Interpretation of Information Rate", *Bell System Technical Journal* 35 (1956).
    Explained in the chapter *Optimization*.

    Examples
    --------
    The house takes 5 %: no bet on the second outcome, and most of the wealth stays at home.

    >>> p, odds = np.array([0.7, 0.3]), 0.95 / np.array([0.4, 0.6])
    >>> kelly_bet(p, odds).round(6)
    array([0.481818, 0.      ])
    >>> round(growth_rate(p, odds, kelly_bet(p, odds)), 6)
    0.158597
    """
    p = one_distribution(p, "p")
    odds = _odds(odds, p)
    if odds.ndim != 1:
        raise ValueError(f"odds must be one-dimensional, got shape {odds.shape}")
    order = np.argsort(-p * odds, kind="stable")
    uncovered = np.append(np.cumsum(p[order][::-1])[::-1], 0.0)
    cash, price = 1.0, 0.0  # the price of a stake that pays 1 on every outcome covered so far
    for covered, i in enumerate(order, start=1):
        if not p[i] * odds[i] > cash:
            break
        price += 1 / odds[i]
        cash = uncovered[covered] / (1 - price) if uncovered[covered] > 0 else 0.0
    with np.errstate(divide="ignore"):
        return np.where(p * odds > cash, p - cash * (1 / odds if cash else 0.0), 0.0)


def _odds(odds, p):
    odds = finite_array(odds, "odds")
    if odds.ndim == 0:
        raise ValueError(f"odds must have an outcome along the last axis, got the scalar {odds}")
    require_entries(odds, "odds", odds >= 0, "a payout is not negative")
    broadcast_shape(p, odds, ("p", "odds"))
    return odds
