"""Draws for the chapter *Geometry*."""

import math

from assignments.draws._numbers import coin, decimal, mean_of_a_die, one_of, whole


def two_points(rng):
    return {"x": whole(rng, 1, 12), "y": whole(rng, 1, 12)}


def a_divergence(rng):
    return {"d": decimal(rng, 0.2, 2.6, 0.02)}


def a_frequency(rng):
    return {"theta": one_of(rng, coin(decimal(rng, 0.04, 0.4, 0.005)))}


def a_step(rng):
    q, p = decimal(rng, 0.05, 0.25), decimal(rng, 0.3, 0.7, 0.02)
    odds = q / (1 - q) * math.exp((p - q) / (q * (1 - q)))
    return {"q": q, "p": p} if p / (1 - p) < odds < 20 else None  # it overshoots, and stays off the border


def a_triangle(rng):
    return {"floor": decimal(rng, 0.03, 0.08, 0.005), "apart": decimal(rng, 0.08, 0.12, 0.005)}


def two_positive_vectors(rng):
    return tuple(rng.uniform(0.05, rng.choice([1, 20]), size=(2, rng.integers(2, 6))))


NUMBERS = {
    "geometry-1": two_points,
    "geometry-2": a_divergence,
    "geometry-3": a_frequency,
    "geometry-4": mean_of_a_die,
    "geometry-7": a_step,
    "geometry-8": a_triangle,
}
INPUTS = {
    "geometry-6": (
        two_positive_vectors,
        (
            ((0.0, 0.3, 0.7), (0.2, 0.2, 0.6)),
            ((0.0, 4.0), (3.0, 2.0)),
            ((0.0, 0.0), (1.5, 0.5)),
            ((2.0, 3.0), (2.0, 3.0)),
        ),
    )
}
