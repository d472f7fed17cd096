"""Draws for the chapter *Optimization*."""

from assignments.draws._numbers import decimal, shares, whole


def two_ways(rng):
    share, gap = decimal(rng, 0.6, 0.9, 0.05), decimal(rng, 2, 8, 0.5)
    return {"share": share, "gap": gap, "deviation": decimal(rng, 0.5, 2, 0.5)}


def a_pool(rng):
    return {"p": shares(rng, 3, 0.1), "crowd": shares(rng, 3, 0.1), "cut": decimal(rng, 0.05, 0.3, 0.05)}


def logits(rng):
    return {name: tuple(float(whole(rng, -2, 5)) for _ in range(4)) for name in ("teacher", "student")}


def best_of_n(rng):
    return {"reference": shares(rng, 5), "n": whole(rng, 3, 12)}


def a_ratio(rng):
    return {"ratio": decimal(rng, 1.4, 3.4, 0.02)}


def two_judges(rng):
    return {"margin": decimal(rng, 0.1, 0.13, 0.002), "smallest": decimal(rng, 0.004, 0.01, 0.001)}


def log_probabilities(rng):
    return tuple(-rng.gamma(1.5, 1.0, size=(2, rng.integers(1, 9))))


NUMBERS = {
    "optimization-1": two_ways,
    "optimization-2": a_pool,
    "optimization-3": logits,
    "optimization-6": best_of_n,
    "optimization-7": a_ratio,
    "optimization-8": two_judges,
}
INPUTS = {
    "optimization-5": (
        log_probabilities,
        (((-1.0, -2.0), (-1.0, -2.0)), ((-0.5,), (-6.0,)), ((-6.0, -1.0), (-0.5, -1.0))),
    )
}
