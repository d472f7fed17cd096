"""How long does the divergence of two normals take in 200 and 500 dimensions, and what is left of its digits?"""

import mpmath
import numpy as np
import torch
from scipy import stats
from side_by_side import ratios, relative_error, table

import kltools


def by_inverse_and_determinant(m0, s0, m1, s1):
    inverse, d = np.linalg.inv(s1), len(m0)
    ratio = np.log(np.linalg.det(s1) / np.linalg.det(s0))
    return 0.5 * (np.trace(inverse @ s0) + (m1 - m0) @ inverse @ (m1 - m0) - d + ratio)


def by_torch(m0, s0, m1, s1):
    normals = [
        torch.distributions.MultivariateNormal(torch.from_numpy(m), torch.from_numpy(s), validate_args=False)
        for m, s in ((m0, s0), (m1, s1))
    ]
    return float(torch.distributions.kl_divergence(*normals))


def truth(m0, s0, m1, s1):
    """The closed form in 50 digits, by Cholesky factors; small dimensions only."""
    mpmath.mp.dps = 50
    s0, s1, shift = (mpmath.matrix(part.tolist()) for part in (s0, s1, (m1 - m0)[:, np.newaxis]))
    d = s0.rows
    half = [mpmath.cholesky(s) for s in (s0, s1)]
    logs = [2 * mpmath.fsum(mpmath.log(factor[i, i]) for i in range(d)) for factor in half]
    solved = mpmath.lu_solve(s1, shift)
    trace = mpmath.fsum(mpmath.lu_solve(s1, s0[:, i])[i] for i in range(d))
    return (trace - d + (shift.T * solved)[0] + logs[1] - logs[0]) / 2


def covariance(rng, d):
    factor = rng.standard_normal((d, 2 * d))
    return factor @ factor.T / (2 * d)


def main():
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    rows = []
    for d in (200, 500):
        given = rng.standard_normal(d), covariance(rng, d), rng.standard_normal(d), covariance(rng, d)
        p = stats.multivariate_normal(given[0], given[1])
        q = stats.multivariate_normal(given[2], given[3])
        functions = {
            "kltools, frozen already": lambda p=p, q=q: kltools.kl_divergence(p, q),
            "torch": lambda given=given: by_torch(*given),
            "inverse and determinant": lambda given=given: by_inverse_and_determinant(*given),
        }
        for name, (seconds, ratio) in ratios(functions, turns=5).items():
            rows.append([d, name, f"{1e3 * seconds:.1f}", f"{ratio:.2f}", ""])
    d = 12
    s0 = covariance(rng, d)
    near = np.zeros(d), s0, np.full(d, 1e-9), s0 * (1 + 1e-9)
    exact = truth(*near)
    p, q = stats.multivariate_normal(near[0], near[1]), stats.multivariate_normal(near[2], near[3])
    values = {
        "kltools": kltools.kl_divergence(p, q),
        "torch": by_torch(*near),
        "inverse and determinant": by_inverse_and_determinant(*near),
    }
    rows += [[d, name, "", "", relative_error(value, exact)] for name, value in values.items()]
    head = ["dimensions", "", "ms", "ratio", f"relative error at D = {float(exact):.0e}"]
    table("Two normals in many dimensions", "normals", head, rows)


if __name__ == "__main__":
    main()
