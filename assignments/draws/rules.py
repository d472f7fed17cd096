"""Draws for the page *Rules of the number*. In rules-3 nothing is given, and rules-4 asks for no numbers."""

import math

import numpy as np
from scipy.special import kl_div

from assignments.draws._numbers import decimal, tidy, whole


def calls(rng):
    p, q = whole(rng, 2, 12), whole(rng, 2, 12)
    by_hand = q - p - p * round(math.log(q / p), 4)  # the question offers the logarithm: is it good enough?
    return {"p": p, "q": q} if math.isclose(by_hand, kl_div(p, q), rel_tol=0.002) else None


def bulbs(rng):
    return {"p": tidy(decimal(rng, 1.3, 8, 0.1))}


def repairs(rng):
    return {"mean": tidy(decimal(rng, 1.4, 6, 0.05))}


def two_tables(rng):
    shape = tuple(rng.integers(2, 5, size=2))
    return tuple(rng.dirichlet(np.ones(shape[0] * shape[1])).reshape(shape) for _ in range(2))


NUMBERS = {"rules-1": calls, "rules-2": bulbs, "rules-8": repairs}
INPUTS = {
    "rules-6": (
        two_tables,
        (
            (((0.1, 0.3), (0.2, 0.4)), ((0.1, 0.3), (0.2, 0.4))),
            (((0.0, 0.5), (0.5, 0.0)), ((0.25, 0.25), (0.25, 0.25))),
            (((0.06, 0.14), (0.24, 0.56)), ((0.2, 0.2), (0.3, 0.3))),  # the same law in each row
            (((0.2, 0.3, 0.5),), ((0.5, 0.3, 0.2),)),  # one shop
        ),
    )
}
