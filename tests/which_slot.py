"""How the exercise on the moving slot is tested: the slots by each method's own formula, and answers of every kind."""

import math

import numpy as np
from scipy.special import entr, rel_entr

RIGHT = {"TRPO": 2, "PPO": 2, "DPO": 1, "VAE": 1, "distillation": 2, "t-SNE": 2, "GAN": "both", "EP": 2}


def slots_by_formula():
    """Return the slot of what moves: which divergence each method's formula is, on a pair that tells them apart."""
    fixed, moving, scale = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.2, 0.6]), 0.01
    joint = scale * fixed  # of a latent variable and the data: its posterior is fixed
    judged = fixed / (fixed + moving)  # the best discriminator's probability of "real"
    costs = {
        "TRPO": -fixed @ np.log(moving / fixed),  # minus the log of the importance ratio, over old actions
        "PPO": -fixed @ np.log(moving / fixed),
        "DPO": moving @ np.log(moving / fixed),  # over the policy's own answers
        "VAE": math.log(joint.sum()) - moving @ np.log(joint / moving),  # log evidence less its bound
        "distillation": -fixed @ np.log(moving) - entr(fixed).sum(),
        "t-SNE": fixed @ np.log(fixed / moving),
        "GAN": (fixed @ np.log(judged) + moving @ np.log(1 - judged) + math.log(4)) / 2,
        "EP": -fixed @ np.log(moving) - entr(fixed).sum(),  # stationary where the moments match
    }
    mixture = (fixed + moving) / 2
    known = {
        "1": rel_entr(moving, fixed).sum(),
        "2": rel_entr(fixed, moving).sum(),
        "both": (rel_entr(fixed, mixture).sum() + rel_entr(moving, mixture).sum()) / 2,
    }
    return {name: next(slot for slot in known if math.isclose(known[slot], cost)) for name, cost in costs.items()}


def draw(rng):
    """Return the right slots in half of all cases, and else any."""
    any_slots = rng.choice([1, 2, "both"], size=len(RIGHT))
    return RIGHT if rng.random() < 0.5 else dict(zip(RIGHT, any_slots, strict=True))


CASE = {
    "holds": lambda answer, given: (
        {name: str(slot).strip().lower() for name, slot in answer.items()} == slots_by_formula()
    ),
    "model": "slots",
    "right": {name: f" {slot} ".title() for name, slot in reversed(RIGHT.items())},
    "mistakes": {
        "slots swapped": {name: {1: 2, 2: 1}.get(slot, slot) for name, slot in RIGHT.items()},
        "trust region": {**RIGHT, "TRPO": 1, "PPO": 1},
        "some slots": {**RIGHT, "TRPO": 1, "GAN": 1},
    },
    "draw": draw,
    "invalid": (
        ({}, "Missing: TRPO, PPO"),
        ({**RIGHT, "SGD": 1}, "Not asked: SGD"),
        ({**RIGHT, "GAN": 3, "EP": None}, "for GAN, EP"),
        ({**RIGHT, "VAE": True}, "for VAE"),
        (list(RIGHT.values()), "dictionary"),
    ),
}
