"""Draws for the chapter *Coding*."""

import math

import numpy as np
from scipy.special import entr

from assignments.draws._numbers import coin, decimal, one_of, shares, shuffled, whole

# Lengths of codewords that use up the whole tree, by the number of letters.
TREES = {
    4: ((1, 2, 3, 3),),
    5: ((1, 2, 3, 4, 4), (1, 3, 3, 3, 3), (2, 2, 2, 3, 3)),
    6: ((1, 2, 3, 4, 5, 5), (1, 3, 3, 3, 4, 4), (1, 2, 4, 4, 4, 4)),
}


def one_message(rng):
    more = rng.choice(4, whole(rng, 2, 14), p=rng.dirichlet([1, 1, 1, 1]))
    return {"message": "".join(shuffled(rng, "abcd" + "".join("abcd"[i] for i in more)))}


def the_other_way_around(rng):
    letters = one_of(rng, (4, 5, 6, 6, 6))
    return {name: shuffled(rng, [0.5**length for length in one_of(rng, TREES[letters])]) for name in "pq"}


def a_code_for_a_fair_die(rng):
    return {"faces": whole(rng, 4, 26)}


def the_carrier(rng):
    drawn = {name: shares(rng, 4) for name in ("p", "client", "carrier")}
    saving = np.dot(drawn["p"], np.log2(np.divide(drawn["carrier"], drawn["client"])))
    return drawn if saving < -0.1 else None  # the carrier knows less


def a_block(rng):
    heads, share = decimal(rng, 0.6, 0.9), whole(rng, 1, 5) / 100
    single = math.log(2) / entr(coin(heads)).sum() - 1  # a block of one flip costs one bit
    return {"heads": heads, "share": share} if single > share else None


def a_margin(rng):
    return {"margin": decimal(rng, 0.02, 0.07, 0.001)}


def two_distributions(rng):
    return tuple(rng.dirichlet(np.ones(rng.integers(2, 7)), size=2))


NUMBERS = {
    "coding-1": one_message,
    "coding-2": the_other_way_around,
    "coding-3": a_code_for_a_fair_die,
    "coding-4": the_carrier,
    "coding-5": a_block,
    "coding-8": a_margin,
}
INPUTS = {
    "coding-7": (
        two_distributions,
        (
            ((0.75, 0.25, 0.0), (0.2, 0.3, 0.5)),
            ((0.0, 1.0), (0.4, 0.6)),
            ((0.0, 0.0, 0.6, 0.4), (0.1, 0.2, 0.3, 0.4)),
            ((0.5, 0.5), (0.5, 0.5)),
        ),
    )
}
