"""KL divergence and its neighbors, correct to the last digit."""

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
