"""Draws for the chapter *ELBO*."""

import numpy as np

from assignments.draws._numbers import decimal, prior_and_likelihood, toss, whole


def an_alarm(rng):
    likelihood = decimal(rng, 0.4, 0.9, 0.05), decimal(rng, 0.05, 0.3, 0.05)
    return {"prior": toss(rng, 0.1, 0.4, 0.05), "likelihood": likelihood, "q": toss(rng, 0.2, 0.9, 0.05)}


def a_code(rng):
    return {"mean": decimal(rng, 0.5, 2, 0.1), "variance": decimal(rng, 0.1, 0.8, 0.05)}


def a_correlation(rng):
    return {"correlation": decimal(rng, 0.25, 0.9)}


def weights(rng):
    return {"x": decimal(rng, 1.2, 2.2, 0.05), "k": whole(rng, 10, 19)}  # a shortfall below 0.1 nat


def beta(rng):
    return {"x": decimal(rng, 0.5, 2.5, 0.25), "noise": decimal(rng, 0.2, 0.8, 0.1), "beta": float(whole(rng, 2, 8))}


def a_margin(rng):
    return {"margin": decimal(rng, 0.3, 0.8, 0.005)}


def approximation_and_model(rng):
    prior, likelihood = prior_and_likelihood(rng)
    return rng.dirichlet(np.ones(prior.size)), prior, likelihood


NUMBERS = {
    "elbo-1": an_alarm,
    "elbo-2": a_code,
    "elbo-3": a_correlation,
    "elbo-4": weights,
    "elbo-7": beta,
    "elbo-8": a_margin,
}
INPUTS = {
    "elbo-6": (
        approximation_and_model,
        (
            ((0.0, 0.4, 0.6), (0.2, 0.3, 0.5), (0.9, 0.1, 0.4)),
            ((1.0, 0.0), (0.3, 0.7), (0.2, 0.8)),
            ((0.1, 0.5, 0.4), (0.2, 0.5, 0.3), (0.2, 0.4, 8 / 15)),  # the posterior itself
            ((0.3, 0.7), (0.3, 0.7), (0.5, 0.5)),
        ),
    )
}
