"""Draws for the chapter *Hypothesis testing*."""

from assignments.draws._numbers import coin, decimal, flips, mean_of_a_die, one_of, short, toss, whole


def a_belief(rng):
    factor, lead, tails = one_of(rng, (1.5, 3, 4, 9)), whole(rng, 1, 5), whole(rng, 1, 3)
    prior = one_of(rng, (0.01, 0.02, 0.04, 0.05, 0.1, 0.2, 0.25, 0.4, 0.8))
    odds = prior / (1 - prior) * factor**lead
    p = coin(short(factor / (factor + 1)))
    drawn = {"p": p, "q": p[::-1], "flips": flips(rng, lead + tails, tails, "ht"), "prior": prior}
    return drawn if 0.05 < odds < 30 else None


def a_worn_tool(rng):
    worn = decimal(rng, 0.04, 0.2, 0.005)
    return {"worn": coin(worn), "sound": toss(rng, 0.01, worn / 2, 0.005)}


def batches(rng):
    good, more = one_of(rng, (0.5, 0.6, 0.65)), one_of(rng, (0.2, 0.25))
    errors = {"alpha": one_of(rng, (0.1, 0.05, 0.02)), "beta": one_of(rng, (1e-3, 5e-4, 2e-4, 1e-4))}
    return {"p": coin(good), "q": coin(short(good + more)), **errors}


def a_sequential_test(rng):
    heads = decimal(rng, 0.3, 0.6, 0.05)
    errors = {"alpha": decimal(rng, 0.01, 0.1), "beta": decimal(rng, 0.01, 0.1)}
    return {"p": coin(heads), "q": toss(rng, heads + 0.15, 0.85, 0.05), **errors}


def a_poor_test(rng):
    return {"n": whole(rng, 15, 20), "alpha": decimal(rng, 0.01, 0.05), "miss": decimal(rng, 0.4, 0.55)}


def evidence_and_errors(rng):
    errors = rng.permutation([rng.uniform(0.02, 0.2), rng.uniform(0.0005, 0.01)])
    return rng.normal(rng.choice([-0.6, 0.6]), 1.2, size=rng.integers(5, 40)), *errors


NUMBERS = {
    "hypothesis_testing-1": a_belief,
    "hypothesis_testing-2": a_worn_tool,
    "hypothesis_testing-4": batches,
    "hypothesis_testing-5": mean_of_a_die,
    "hypothesis_testing-6": a_sequential_test,
    "hypothesis_testing-8": a_poor_test,
}
INPUTS = {
    "hypothesis_testing-7": (
        evidence_and_errors,
        (
            ((0.3, -0.2, 0.1), 0.05, 0.01),
            ((9.0, -1.0), 0.01, 0.1),
            ((-9.0, 1.0), 0.01, 0.1),
            ((1.0, 1.0, 1.0, 1.0, 1.0), 0.04, 0.04),
        ),
    )
}
