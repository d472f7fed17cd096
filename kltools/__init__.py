"""KL divergence and its neighbors, correct to the last digit.

The functions of `kltools.divergence` stand here too: `kl_divergence(p, q)` for arrays of probabilities and for
frozen ``scipy.stats`` distributions, `kl_from_logits`, `entropy` and their relatives. In nats; ``base=2`` gives bits.
The other modules are loaded when first used: ``kltools.estimation``, or ``from kltools.estimation import ...``.

kltools.estimation
    D from samples, with its error: `kl_monte_carlo`, `kl_plugin`, `kl_nearest_neighbor`, `token_statistics`.
kltools.coding
    Code lengths, `huffman_code`, an arithmetic coder.
kltools.surprise
    Surprisal, log score, information gain.
kltools.likelihood
    `fit_maximum_likelihood`, the least D(data||model); `g_statistic`: are these counts what Q would give?
kltools.hypothesis_testing
    The best test and its error, `observations_needed`, the sequential test, Chernoff and Sanov exponents.
kltools.geometry
    Bregman divergence, Fisher information, natural gradient, `i_projection`: the P of given moments nearest to Q.
kltools.optimization
    Normal fits in both directions, the KL-regularized policy, growth of wealth.
kltools.elbo
    Evidence, its lower bounds, mean-field approximation.
kltools.one_number
    `seven_views`: one divergence by seven roads.
"""

import importlib

from . import distributions  # fills the table of closed forms
from .divergence import (
    chi2_divergence,
    cross_entropy,
    entropy,
    jeffreys_divergence,
    js_divergence,
    kl_divergence,
    kl_from_logits,
    mutual_information,
    perplexity,
    renyi_divergence,
    squared_hellinger,
    total_variation,
)

__version__ = "0.1.0"
_LATER = {
    "coding",
    "elbo",
    "estimation",
    "geometry",
    "hypothesis_testing",
    "likelihood",
    "one_number",
    "optimization",
    "surprise",
}
__all__ = [
    "chi2_divergence",
    "cross_entropy",
    "distributions",
    "entropy",
    "jeffreys_divergence",
    "js_divergence",
    "kl_divergence",
    "kl_from_logits",
    "mutual_information",
    "perplexity",
    "renyi_divergence",
    "squared_hellinger",
    "total_variation",
]


def __getattr__(name):
    if name in _LATER:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
