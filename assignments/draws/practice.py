"""Draws for the page *Practice*."""

import math

from assignments.draws._numbers import decimal, one_of, whole


def an_index(rng):
    falls, middle, moved = whole(rng, 2, 17), whole(rng, 2, 11), whole(rng, 1, 16)  # in twentieths
    rises = 20 - falls - middle
    if rises < 1 or moved >= falls:
        return None
    ratios = falls / (falls - moved), (rises + moved) / rises
    if math.prod(ratios) < 3 or not all(math.isclose(100 * ratio, round(100 * ratio)) for ratio in ratios):
        return None
    less, more = sorted(map(math.log, ratios))
    if math.isclose(2 * more / less, round(2 * more / less)):
        return None  # the question offers two logarithms, and one would do
    counts = (falls, middle, rises), (falls - moved, middle, rises + moved)
    return {name: tuple(n / 20 for n in bins) for name, bins in zip(("reference", "new"), counts, strict=True)}


def a_threshold(rng):
    return {"kinds": whole(rng, 3, 12), "n": 100 * whole(rng, 2, 20), "alarms": one_of(rng, (0.01, 0.02, 0.05))}


def a_fair_size(rng):
    return {"bins": whole(rng, 5, 22), "alarms": one_of(rng, (0.01, 0.02, 0.03, 0.04, 0.05, 0.1))}


def a_window(rng):
    drawn = {"kinds": whole(rng, 3, 10), "divergence": decimal(rng, 0.01, 0.05, 0.005)}
    return {**drawn, "alarms": one_of(rng, (0.01, 0.02, 0.05)), "power": one_of(rng, (0.8, 0.85, 0.9, 0.95))}


def a_blind_order(rng):
    return {"most": decimal(rng, 0.045, 0.08, 0.005), "least": decimal(rng, 0.15, 0.2, 0.005)}


def two_arrays_of_logits(rng):
    return tuple(rng.normal(0, 2, size=(2, rng.integers(1, 5), rng.integers(2, 7))))


NUMBERS = {
    "practice-1": an_index,
    "practice-2": a_threshold,
    "practice-4": a_fair_size,
    "practice-6": a_window,
    "practice-7": a_blind_order,
}
INPUTS = {
    "practice-5": (
        two_arrays_of_logits,
        (
            (((1.0, 2.0, 0.0),), ((1.0, 2.0, 0.0),)),
            (((3.0, 1.0), (0.0, 0.0)), ((103.0, 101.0), (50.0, 50.0))),
            (((60.0, 0.0, -5.0), (0.0, 0.0, 0.0)), ((0.0, 0.0, 1.0), (-40.0, 1.0, 2.0))),
        ),
    )
}
