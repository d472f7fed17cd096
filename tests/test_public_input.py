"""One table over the public API: every argument of every function, met with what it cannot be.

A row holds a function, arguments that are right, and the kind of each argument; the kind brings the bad
values. Whatever is wrong, the answer is a ValueError or a TypeError that names the argument.
"""

import numpy as np
import pytest

from kltools import (
    coding,
    divergence,
    elbo,
    estimation,
    geometry,
    hypothesis_testing,
    likelihood,
    one_number,
    optimization,
    surprise,
)

P, Q = [0.7, 0.3], [0.4, 0.6]
LOGS = np.log(Q)
WALK = [0.5, -0.2, 0.3, 0.1, 0.4]
POINTS = np.linspace(0, 1, 20) ** 1.5

BAD = {
    "probabilities": [[0.5, np.nan], [1.5, -0.5], [0.5, 0.6], [], 0.5, ["a", "b"], [0.5, 0.5j], None, [np.inf, 0.5]],
    "logits": [[0.5, np.nan], [np.inf, 0.0], [-np.inf, -np.inf], [], 0.5, ["a", "b"], [1j, 0.0], None],
    "numbers": [[0.5, np.nan], ["a", "b"], [0.5, 0.5j], None, [np.inf, 0.5, 0.1], []],
    "extended": [[0.5, np.nan], ["a", "b"], [0.5, 0.5j], None],
    "counts": [[3, -1], [0, 0], [np.nan, 1], [], ["a", 1], None, [np.inf, 1]],
    "outcomes": [[0, 5], [-1], [0.5], ["a"], [np.nan], None],
    "lengths": [[-1.0, 1.0], [np.nan, 1.0], ["a", "b"], None],
    "order": [-1, np.nan, "a", None, 1j],
    "base": [0, -2, 1, np.inf, np.nan, "e", 2j],
    "level": [0, 1, -0.1, 1.5, np.nan, "a", None],
    "confidence": [0, 1, -0.1, 1.5, np.nan, "a", None],
    "count": [-1, 1.5, np.nan, "a", None],
    "positive": [0, -1, np.nan, "a", None],
    "callable": [None, 3, "f"],
    "choice": ["nothing", 3],
    "dtype": [np.int64, np.float16],
    "bytes": ["text", 3.5, None],
    "generator": [3, "seed"],
}

TABLE = [
    *((f, {"p": P}, {"p": "probabilities"}) for f in (divergence.entropy, divergence.perplexity)),
    *(
        (f, {"p": P, "q": Q}, {"p": "probabilities", "q": "probabilities"})
        for f in (
            divergence.cross_entropy,
            divergence.kl_divergence,
            divergence.js_divergence,
            divergence.jeffreys_divergence,
            divergence.total_variation,
            divergence.chi2_divergence,
            divergence.squared_hellinger,
            hypothesis_testing.chernoff_information,
        )
    ),
    (divergence.entropy, {"p": P, "base": 2}, {"base": "base"}),
    (divergence.kl_divergence, {"p": P, "q": Q, "base": 2}, {"base": "base"}),
    (divergence.js_divergence, {"p": P, "q": Q, "base": 2}, {"base": "base"}),
    (
        divergence.renyi_divergence,
        {"p": P, "q": Q, "alpha": 2},
        {"p": "probabilities", "q": "probabilities", "alpha": "order"},
    ),
    (
        divergence.kl_from_logits,
        {"p_logits": LOGS, "q_logits": LOGS, "base": 2, "dtype": np.float32},
        {"p_logits": "logits", "q_logits": "logits", "base": "base", "dtype": "dtype"},
    ),
    (divergence.mutual_information, {"joint": [[0.5, 0.0], [0.0, 0.5]]}, {"joint": "probabilities"}),
    (coding.shannon_lengths, {"q": Q}, {"q": "probabilities"}),
    (coding.huffman_code, {"q": Q}, {"q": "probabilities"}),
    (coding.kraft_sum, {"lengths": [1.0, 1.0]}, {"lengths": "lengths"}),
    (coding.expected_length, {"lengths": [1.0, 1.0], "p": P}, {"lengths": "lengths", "p": "probabilities"}),
    (coding.arithmetic_encode, {"symbols": [0, 1], "q": Q}, {"symbols": "outcomes", "q": "probabilities"}),
    (
        coding.arithmetic_decode,
        {"data": coding.arithmetic_encode([0, 1], Q), "n": 2, "q": Q},
        {"data": "bytes", "n": "count", "q": "probabilities"},
    ),
    (
        estimation.kl_monte_carlo,
        {"log_ratio": WALK, "estimator": "k1", "confidence": 0.9, "base": 2},
        {"log_ratio": "extended", "estimator": "choice", "confidence": "confidence", "base": "base"},
    ),
    (
        estimation.kl_plugin,
        {"counts_p": [7, 3], "q": Q, "correction": "miller_madow", "confidence": 0.9},
        {"counts_p": "counts", "q": "probabilities", "correction": "choice", "confidence": "confidence"},
    ),
    (estimation.kl_plugin, {"counts_p": [7, 3], "counts_q": [4, 6]}, {"counts_p": "counts", "counts_q": "counts"}),
    (
        estimation.kl_nearest_neighbor,
        {"x": POINTS, "y": POINTS + 0.031, "k": 3},
        {"x": "numbers", "y": "numbers", "k": "positive"},
    ),
    (
        estimation.token_statistics,
        {"kl_per_token": np.abs(np.tile(WALK, 20)), "confidence": 0.9},
        {"kl_per_token": "extended", "confidence": "confidence"},
    ),
    (surprise.surprisal, {"q": Q, "x": [0], "base": 2}, {"q": "probabilities", "x": "outcomes", "base": "base"}),
    (surprise.log_score, {"q": Q, "x": [0]}, {"q": "probabilities", "x": "outcomes"}),
    (surprise.information_gain, {"posterior": P, "prior": Q}, {"posterior": "probabilities", "prior": "probabilities"}),
    (surprise.running_surprise, {"q": Q, "xs": [0, 1]}, {"q": "probabilities", "xs": "outcomes"}),
    (likelihood.empirical_distribution, {"xs": [0, 1], "k": 2}, {"xs": "outcomes", "k": "positive"}),
    (likelihood.mean_log_likelihood, {"q": Q, "xs": [0, 1]}, {"q": "probabilities", "xs": "outcomes"}),
    (likelihood.fit_maximum_likelihood, {"model": "norm", "data": WALK}, {"model": "choice", "data": "numbers"}),
    (likelihood.g_statistic, {"counts": [7, 3], "q": Q}, {"counts": "counts", "q": "probabilities"}),
    (
        hypothesis_testing.log_likelihood_ratio,
        {"p": P, "q": Q, "xs": [0, 1]},
        {"p": "probabilities", "q": "probabilities", "xs": "outcomes"},
    ),
    (
        hypothesis_testing.neyman_pearson,
        {"p": P, "q": Q, "n": 10, "alpha": 0.05},
        {"p": "probabilities", "q": "probabilities", "n": "count", "alpha": "level"},
    ),
    (
        hypothesis_testing.sanov_exponent,
        {"q": Q, "values": [0.0, 1.0], "mean": 0.5},
        {"q": "probabilities", "values": "numbers", "mean": "extended"},
    ),
    (
        hypothesis_testing.sprt,
        {"p": P, "q": Q, "alpha": 0.05, "beta": 0.05},
        {"p": "probabilities", "q": "probabilities", "alpha": "level", "beta": "level"},
    ),
    (
        geometry.bregman_divergence,
        {"f": np.sum, "grad_f": np.ones_like, "x": [1.0, 2.0], "y": [2.0, 1.0]},
        {"f": "callable", "grad_f": "callable", "x": "numbers", "y": "numbers"},
    ),
    (
        geometry.fisher_information,
        {"model": lambda t: [t, 1 - t], "theta": 0.4},
        {"model": "callable", "theta": "numbers"},
    ),
    (
        geometry.i_projection,
        {"q": [1 / 3] * 3, "features": [1.0, 2.0, 3.0], "moments": 2.5},
        {"q": "probabilities", "features": "numbers", "moments": "numbers"},
    ),
    (
        geometry.m_projection,
        {"p": [0.2, 0.3, 0.5], "features": [1.0, 2.0, 3.0]},
        {"p": "probabilities", "features": "numbers"},
    ),
    (
        geometry.geodesic,
        {"p": P, "q": Q, "t": 0.5, "kind": "mixture"},
        {"p": "probabilities", "q": "probabilities", "t": "extended", "kind": "choice"},
    ),
    (
        geometry.natural_gradient_step,
        {"model": lambda t: [t, 1 - t], "theta": 0.4, "gradient": 0.1, "rate": 1.0},
        {"model": "callable", "theta": "numbers", "gradient": "numbers"},
    ),
    (elbo.elbo, {"q": Q, "log_joint": LOGS}, {"q": "probabilities", "log_joint": "extended"}),
    (elbo.evidence, {"log_joint": LOGS}, {"log_joint": "extended"}),
    (
        elbo.importance_weighted_bound,
        {"q": Q, "log_joint": LOGS, "k": 2},
        {"q": "probabilities", "log_joint": "extended", "k": "positive"},
    ),
    (elbo.coordinate_ascent, {"target": np.log([[0.4, 0.1], [0.2, 0.3]])}, {"target": "callable"}),
    (
        optimization.regularized_policy,
        {"reference": Q, "reward": [1.0, 0.0], "beta": 1.0},
        {"reference": "probabilities", "reward": "numbers", "beta": "positive"},
    ),
    (optimization.fit_normal, {"log_density": lambda x: -x * x / 2}, {"log_density": "callable"}),
    (
        optimization.growth_rate,
        {"p": P, "odds": [2.0, 2.0], "bet": [0.5, 0.5]},
        {"p": "probabilities", "odds": "numbers", "bet": "numbers"},
    ),
    (
        optimization.exponentiated_gradient,
        {"gradient": lambda w: w, "start": Q, "rate": 0.1, "steps": 3},
        {"gradient": "callable", "start": "probabilities", "rate": "positive", "steps": "count"},
    ),
    (
        one_number.seven_views,
        {"p": P, "q": Q, "rng": np.random.default_rng(0), "n": 100},
        {"p": "probabilities", "q": "probabilities"},
    ),
]

CASES = [
    pytest.param(function, good, argument, value, id=f"{function.__name__}-{argument}-{kind}-{i}")
    for function, good, kinds in TABLE
    for argument, kind in kinds.items()
    for i, value in enumerate(BAD[kind])
]


@pytest.mark.parametrize(
    ("function", "good"), [row[:2] for row in TABLE], ids=lambda part: getattr(part, "__name__", "")
)
def test_the_good_arguments_are_good(function, good):
    function(**good)


@pytest.mark.parametrize(("function", "good", "argument", "value"), CASES)
def test_bad_input_is_named(function, good, argument, value):
    with pytest.raises((ValueError, TypeError), match=rf"\b{argument}\b"):
        function(**{**good, argument: value})
