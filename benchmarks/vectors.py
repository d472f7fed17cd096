"""How long does the divergence of two vectors of a million probabilities take, and of a hundred thousand short rows?"""

import warnings

import numpy as np
import ot
import torch
from scipy import special, stats
from side_by_side import ratios, relative_error, table

import kltools

warnings.simplefilter("ignore")
torch.set_num_threads(1)


def peers(p, q) -> dict:
    """Return every way to compute D(p||q) along the last axis."""
    tp, tq = torch.from_numpy(p), torch.from_numpy(q)
    functions = {
        "kltools.kl_divergence": lambda: kltools.kl_divergence(p, q),
        "scipy.stats.entropy": lambda: stats.entropy(p, q, axis=-1),
        "scipy.special.rel_entr, summed": lambda: special.rel_entr(p, q).sum(axis=-1),
        "scipy.special.kl_div, summed": lambda: special.kl_div(p, q).sum(axis=-1),
        "torch kl_div": lambda: torch.nn.functional.kl_div(tq.log(), tp, reduction="none").sum(-1),
        "torch Categorical": lambda: torch.distributions.kl_divergence(
            torch.distributions.Categorical(tp), torch.distributions.Categorical(tq)
        ),
    }
    if p.ndim == 1:
        functions["dit, pmf"] = lambda: dit_kl(p, q)
        functions["POT"] = lambda: ot.backend.NumpyBackend().kl_div(p, q)
    return functions


def dit_kl(p, q):
    from dit.divergences.pmf import relative_entropy

    return relative_entropy(p, q) * np.log(2)


def truth(p, q) -> float:
    """The divergence of the normalized vectors, with the sums carried exactly by Python's fractions of doubles."""
    import mpmath

    mpmath.mp.dps = 50
    p, q = ([mpmath.mpf(float(x)) for x in part] for part in (p, q))
    sp, sq = mpmath.fsum(p), mpmath.fsum(q)
    return mpmath.fsum(a * mpmath.log((a / sp) / (b / sq)) for a, b in zip(p, q, strict=True)) / sp


def main():
    rng = np.random.default_rng(0)
    long = tuple(part / part.sum() for part in rng.gamma(1.0, size=(2, 1_000_000)))
    rows = tuple(part / part.sum(axis=-1, keepdims=True) for part in rng.gamma(1.0, size=(2, 100_000, 16)))
    base = rng.dirichlet(np.ones(50))
    close = base * (1 + 1e-9 * rng.standard_normal(50))
    near = (base, close / close.sum())
    exact = truth(*near)
    for_long, for_rows, values = ratios(peers(*long)), ratios(peers(*rows), turns=5), peers(*near)
    lines = [
        [
            name,
            f"{1e3 * for_long[name][0]:.1f}",
            f"{for_long[name][1]:.2f}",
            f"{1e3 * for_rows[name][0]:.1f}" if name in for_rows else "",
            f"{for_rows[name][1]:.2f}" if name in for_rows else "",
            relative_error(function(), exact),
        ]
        for name, function in values.items()
    ]
    head = ["", "1e6, ms", "ratio", "1e5 x 16, ms", "ratio", f"relative error at D = {float(exact):.0e}"]
    table("Two vectors of 1e6, and 1e5 rows of 16", "vectors", head, lines)


if __name__ == "__main__":
    main()
