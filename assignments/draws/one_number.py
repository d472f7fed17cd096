"""Draws for the page *One number, seven views*."""

import numpy as np

from assignments.draws._numbers import decimal, one_of, shares, short, shuffled, toss
from kltools.exercises import get

PARTS = ((1, 2), (1, 4), (1, 5), (1, 8), (1, 10), (2, 5), (4, 5), (5, 8))  # the payoffs are short decimals


def a_booth(rng):
    one, other = shuffled(rng, one_of(rng, PARTS))
    odds = short((one + other) / one), short((one + other) / other)
    return {"chance": toss(rng, 0.2, 0.8, 0.05), "odds": odds}


def a_test(rng):
    likelihood = decimal(rng, 0.6, 0.95, 0.05), decimal(rng, 0.05, 0.3, 0.05)
    return {"prior": toss(rng, 0.02, 0.3), "likelihood": likelihood}


def a_wheel(rng):
    return {"crooked": toss(rng, 0.62, 0.85), "share": one_of(rng, (0.001, 0.002, 0.005, 0.01))}


def lunches(rng):
    dishes, claim = shares(rng, 3), shares(rng, 3)
    drawn = {"counts": tuple(round(200 * share) for share in dishes), "claim": claim}
    return drawn if 1 < get("one_number-5").truth(**drawn) < 20 else None


def a_lift(rng):
    q, mean = shares(rng, 3, 0.1), decimal(rng, 1.5, 2.7, 0.1)
    return {"q": q, "mean": mean} if 0.15 < mean - np.dot(q, (1, 2, 3)) < 0.9 else None


def guess_and_joint(rng):
    size = rng.integers(2, 7)
    return rng.dirichlet(np.ones(size)), rng.dirichlet(np.ones(size)) * rng.uniform(0.05, 0.9)


NUMBERS = {
    "one_number-1": a_booth,
    "one_number-3": a_test,
    "one_number-4": a_wheel,
    "one_number-5": lunches,
    "one_number-8": a_lift,
}
INPUTS = {
    "one_number-7": (
        guess_and_joint,
        (
            ((0.25, 0.75), (0.1, 0.3)),  # the best guess
            ((0.5, 0.25, 0.25), (0.5, 0.25, 0.25)),  # of a joint that sums to 1
            ((0.9, 0.05, 0.05), (0.001, 0.001, 0.2)),
            ((1.0,), (0.2,)),
        ),
    )
}
