"""How long does it take to compare two language models' logits, with what error and how much memory?"""

import numpy as np
import torch
from scipy.special import log_softmax
from side_by_side import peak_bytes, ratios, relative_error, table

import kltools

ROWS, WORDS = 256, 128_256


def by_torch(p, q):
    p, q = torch.from_numpy(p).log_softmax(-1), torch.from_numpy(q).log_softmax(-1)
    return torch.nn.functional.kl_div(q, p, log_target=True, reduction="none").sum(-1).numpy()


def by_scipy(p, q):
    p, q = log_softmax(p, axis=-1), log_softmax(q, axis=-1)
    return np.sum(np.exp(p) * (p - q), axis=-1)


def truth(p, q) -> float:
    """The mean over the first rows, in extended precision."""
    p, q = p.astype(np.longdouble), q.astype(np.longdouble)
    weights = np.exp(p - p.max(axis=-1, keepdims=True))
    weights /= weights.sum(axis=-1, keepdims=True)
    c = q - p
    c -= (weights * c).sum(axis=-1, keepdims=True)
    return np.log1p((weights * (np.expm1(c) - c)).sum(axis=-1)).mean()


def main():
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    p = rng.standard_normal((ROWS, WORDS), dtype=np.float32) * 2
    q = p + 0.1 * rng.standard_normal((ROWS, WORDS), dtype=np.float32)
    functions = {
        "kltools.kl_from_logits": lambda: kltools.kl_from_logits(p, q),
        "kltools.kl_from_logits, float32": lambda: kltools.kl_from_logits(p, q, dtype=np.float32),
        "torch log_softmax and kl_div": lambda: by_torch(p, q),
        "scipy log_softmax": lambda: by_scipy(p, q),
    }
    taken = ratios(functions, turns=5)
    torch_seconds = taken["torch log_softmax and kl_div"][0]
    exact = truth(p[:8], q[:8])
    rows = []
    for name, function in functions.items():
        memory = "" if "torch" in name else f"{peak_bytes(function) / p.nbytes:.3f}"  # torch's own memory is not seen
        rows.append(
            [
                name,
                f"{1e3 * taken[name][0]:.0f}",
                f"{torch_seconds / taken[name][0]:.1f}",
                relative_error(function()[:8].astype(np.float64).mean(), exact),
                memory,
            ]
        )
    head = [
        "",
        "ms",
        "times as fast as torch",
        f"relative error at D = {exact:.1e}",
        "extra memory, share of one input",
    ]
    table(f"Logits of {ROWS} x {WORDS:,}, float32, one thread", "logits", head, rows)


if __name__ == "__main__":
    main()
