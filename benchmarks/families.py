"""How many digits do the closed forms keep, for parameters in general and for nearly equal ones?"""

import mpmath
import torch
import torch.distributions as td
from scipy import stats
from side_by_side import relative_error, table

import kltools

mpmath.mp.dps = 50


def gkl(x, y):
    return x * mpmath.log(x / y) - x + y


def gamma_truth(a0, b0, a1, b1):
    log_gammas = mpmath.loggamma(a1) - mpmath.loggamma(a0)
    return (a0 - a1) * mpmath.digamma(a0) + log_gammas + a1 * mpmath.log(b0 / b1) + a0 * (b1 - b0) / b0


def beta_truth(a0, b0, a1, b1):
    def log_beta(a, b):
        return mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)

    shift = (a1 - a0 + b1 - b0) * mpmath.digamma(a0 + b0)
    return log_beta(a1, b1) - log_beta(a0, b0) + (a0 - a1) * mpmath.digamma(a0) + (b0 - b1) * mpmath.digamma(b0) + shift


FAMILIES = {
    "normal": (
        lambda m, s: stats.norm(m, s),
        lambda m, s: td.Normal(m, s),
        lambda m0, s0, m1, s1: (gkl(s1**2, s0**2) / s1**2 + ((m0 - m1) / s1) ** 2) / 2,
        ((0.3, 1.2), (-0.4, 2.1)),
    ),
    "exponential": (
        lambda r: stats.expon(scale=1 / r),
        lambda r: td.Exponential(r),
        lambda r0, r1: mpmath.log(r0 / r1) + r1 / r0 - 1,
        ((2.0,), (0.5,)),
    ),
    "Poisson": (lambda m: stats.poisson(m), lambda m: td.Poisson(m), gkl, ((3.0,), (5.0,))),
    "gamma": (
        lambda a, b: stats.gamma(a, scale=1 / b),
        lambda a, b: td.Gamma(a, b),
        gamma_truth,
        ((2.5, 1.0), (4.0, 2.0)),
    ),
    "gamma, shape 1e6": (
        lambda a, b: stats.gamma(a, scale=1 / b),
        lambda a, b: td.Gamma(a, b),
        gamma_truth,
        ((1e6, 1.0), (1.001e6, 1.001)),
    ),
    "beta": (lambda a, b: stats.beta(a, b), lambda a, b: td.Beta(a, b), beta_truth, ((0.1, 0.2), (1.0, 1.0))),
    "beta, 1e6": (lambda a, b: stats.beta(a, b), lambda a, b: td.Beta(a, b), beta_truth, ((1e6, 2e6), (1.001e6, 2e6))),
}


def main():
    rows = []
    for name, (ours, theirs, exact, (first, second)) in FAMILIES.items():
        for kind, other in (("general", second), ("near", tuple(x * (1 + 2.0**-26) for x in first))):
            truth = exact(*(mpmath.mpf(x) for x in first), *(mpmath.mpf(x) for x in other))
            pair = [theirs(*(torch.tensor(x, dtype=torch.float64) for x in part)) for part in (first, other)]
            rows.append(
                [
                    name,
                    kind,
                    f"{float(truth):.1e}",
                    relative_error(kltools.kl_divergence(ours(*first), ours(*other)), truth),
                    relative_error(td.kl_divergence(*pair), truth),
                ]
            )
    table("Closed forms beside 50 digits", "families", ["family", "", "D, nat", "kltools", "torch"], rows)


if __name__ == "__main__":
    main()
