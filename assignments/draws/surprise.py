"""Draws for the chapter *Surprise*."""

from assignments.draws._numbers import coin, decimal, one_of, prior_and_likelihood, short, shuffled, whole


def wet_mornings(rng):
    sure = 0.5 ** whole(rng, 4, 9)  # one confident miss among honest doubts
    doubts = [0.5 ** whole(rng, 1, 3) for _ in range(whole(rng, 2, 7))]
    return {"rain": shuffled(rng, [sure, *doubts])}


def too_sure(rng):
    return {"belief": decimal(rng, 0.88, 0.985, 0.001)}  # the coin is the chapter's; dearer than to call it fair


def two_perplexities(rng):
    floor = 10 * whole(rng, 1, 10)
    return {"floor": float(floor), "model": short(floor * (1 + decimal(rng, 0.05, 0.6)))}


def when_it_shows(rng):
    heads, belief = decimal(rng, 0.5, 0.95), decimal(rng, 0.2, 0.8)
    return {"heads": heads, "belief": belief} if 0.08 < abs(heads - belief) < 0.45 else None


def a_timid_fine(rng):
    return {"belief": one_of(rng, coin(decimal(rng, 0.55, 0.95)))}


def a_margin(rng):
    return {"margin": decimal(rng, 0.04, 0.2, 0.002)}


NUMBERS = {
    "surprise-1": wet_mornings,
    "surprise-2": too_sure,
    "surprise-3": two_perplexities,
    "surprise-4": when_it_shows,
    "surprise-6": a_timid_fine,
    "surprise-8": a_margin,
}
INPUTS = {
    "surprise-7": (
        prior_and_likelihood,
        (
            ((0.99, 0.01), (0.02, 0.95)),
            ((0.2, 0.3, 0.5), (0.6, 0.0, 0.1)),
            ((0.3, 0.7), (0.0, 0.4)),
            ((0.1, 0.2, 0.7), (0.5, 0.5, 0.5)),
        ),
    )
}
