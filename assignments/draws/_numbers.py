"""What the draws are made of: short decimals, shares that sum to 1, sequences in a random order."""

import numpy as np


def one_of(rng, values):
    return values[int(rng.integers(len(values)))]


def whole(rng, low, high) -> int:
    """Draw a whole number, the ends included."""
    return int(rng.integers(low, high + 1))


def short(x) -> float:
    """Take off what rounding left behind, so that a question can show the number as it is."""
    return round(float(x), 6)


def decimal(rng, low, high, step=0.01) -> float:
    """Draw a multiple of a step from an interval, its ends included."""
    return short(low + step * whole(rng, 0, round((high - low) / step)))


def tidy(x):
    """Return a decimal that is whole as a whole number."""
    return int(x) if x == int(x) else x


def coin(heads) -> tuple[float, float]:
    return heads, short(1 - heads)


def toss(rng, low, high, step=0.01) -> tuple[float, float]:
    """Draw a coin by its probability of heads."""
    return coin(decimal(rng, low, high, step))


def shares(rng, size, step=0.05) -> tuple[float, ...]:
    """Draw positive multiples of a step that sum to 1."""
    pieces = round(1 / step)
    cuts = np.sort(rng.choice(pieces - 1, size - 1, replace=False)) + 1
    return tuple(short(n * step) for n in np.diff([0, *cuts, pieces]))


def shuffled(rng, values) -> tuple:
    return tuple(values[i] for i in rng.permutation(len(values)))


def flips(rng, first, second, letters) -> str:
    """Draw the order of so many flips of each side."""
    return "".join(shuffled(rng, letters[0] * first + letters[1] * second))


def mean_of_a_die(rng) -> dict:
    """Draw a die and a mean well above that of a fair one."""
    faces = whole(rng, 4, 10)
    return {"faces": faces, "mean": tidy(decimal(rng, (faces + 1) / 2 + 0.5, faces - 0.5, 0.1))}


def prior_and_likelihood(rng):
    size = rng.integers(2, 6)
    return rng.dirichlet(np.ones(size)), rng.uniform(0.01, 1, size)
