"""Draws for the chapter *Likelihood*. The truth of likelihood-5 is the same for every scale: it is not drawn."""

import math

import numpy as np

from assignments.draws._numbers import decimal, flips, one_of, toss, whole
from kltools.exercises import get


def some_flips(rng):
    n, few = one_of(rng, [(n, few) for n in range(4, 11) for few in range(1, (n + 1) // 2)])
    return {"sequence": flips(rng, n - few, few, one_of(rng, ("HT", "TH")))}


def three_pictures(rng):
    chances = decimal(rng, 0.6, 0.95), decimal(rng, 0.4, 0.8), decimal(rng, 0.05, 0.3)
    return {"chances": chances} if chances[2] < chances[0] * chances[1] else None  # the third is most of the loss


def a_hundred_flips(rng):
    q, heads = toss(rng, 0.3, 0.7, 0.05), whole(rng, 20, 80)
    p = np.array([heads, 100 - heads]) / 100
    return {"counts": (heads, 100 - heads), "q": q} if 4 < 200 * p @ np.log(p / q) < 10 else None


def a_mean(rng):
    return {"mean": decimal(rng, 3.8, 5.7, 0.02)}


def a_bad_fit(rng):
    drawn = {"shifts": 10 * whole(rng, 3, 12), "theta": decimal(rng, 0.15, 0.4)}
    failed = 2 * drawn["theta"] * drawn["shifts"]
    if not math.isclose(failed, round(failed)):
        return None
    exercise = get("likelihood-8").with_numbers(drawn)
    found = exercise.values(**exercise.given)["divergence"]
    return drawn if found > exercise.given["least"] + 0.01 else None  # some counts fit that badly


def two_samples(rng):
    size = rng.integers(2, 6)
    train, test = rng.poisson(rng.uniform(0.5, 12, size=(2, size)))
    return train + (np.arange(size) == 0), test + (np.arange(size) == 1)


NUMBERS = {
    "likelihood-1": some_flips,
    "likelihood-2": three_pictures,
    "likelihood-3": a_hundred_flips,
    "likelihood-4": a_mean,
    "likelihood-8": a_bad_fit,
}
INPUTS = {
    "likelihood-7": (
        two_samples,
        (
            ((3.0, 0.0, 5.0), (1.0, 2.0, 1.0)),
            ((8.0, 0.0), (5.0, 0.0)),
            ((4.0, 2.0, 6.0), (4.0, 2.0, 6.0)),
            ((1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)),
        ),
    )
}
