"""The formulas of the closed forms as the reader sees them, with what they need and settings to try them at."""

from dataclasses import dataclass

START = r"\ell"  # where the support begins, when loc is only that
ONE_START = "the starts $\\ell$ agree; an earlier start of P gives inf, a later one is integrated"
EXPONENTIAL = "; if Q is exponential ($%s_{Q} = 1$), a later one adds $(\\ell_{P} - \\ell_{Q})/%s_{Q}$ to the formula"


@dataclass(frozen=True)
class Family:
    """What no program knows of a family.

    `symbols` maps scipy's parameters, in scipy's order, to their symbols, and what is computed from them too.
    `divergence` and `entropy` hold the terms of a sum, one a line, as `kltools.figures.formulas` reads them; an empty
    `entropy` is none. `settings` are three pairs of positional arguments of P and Q, `infinite` one where D is inf.
    """

    title: str
    symbols: dict
    divergence: tuple
    entropy: tuple
    holds: str  # for which parameters
    settings: tuple
    infinite: tuple = ()


FAMILIES = {
    "norm": Family(
        "Normal",
        {"loc": r"\mu", "scale": r"\sigma"},
        ("log(q.scale / p.scale) - 1/2", "(p.scale**2 + (p.loc - q.loc)**2) / (2 * q.scale**2)"),
        ("1/2 * log(2 * pi * e * p.scale**2)",),
        "all parameters; never infinite",
        (((0, 1), (1, 2)), ((3, 0.5), (2.5, 0.4)), ((-1, 4), (2, 1))),
    ),
    "multivariate_normal": Family(
        "Multivariate normal",
        {"mean": r"\mu", "cov": r"\Sigma"},
        (
            "1/2 * trace(inv(q.cov) @ p.cov) - d / 2",
            "1/2 * (p.mean - q.mean).T @ inv(q.cov) @ (p.mean - q.mean)",
            "1/2 * log(det(q.cov) / det(p.cov))",
        ),
        ("1/2 * log((2 * pi * e)**d * det(p.cov))",),
        "all means, and covariances that are positive definite; never infinite. $d$ is the number of dimensions",
        (
            (([0, 0], [[1, 0.5], [0.5, 2]]), ([1, -1], [[2, 0], [0, 1]])),
            (([0, 0], [[1, 0.8], [0.8, 1]]), ([0, 0], [[1, 0], [0, 1]])),
            (
                ([1, 2, 3], [[2, 0.3, 0.1], [0.3, 1, 0.2], [0.1, 0.2, 3]]),
                ([0, 2, 2], [[3, 0, 1], [0, 2, 0], [1, 0, 2]]),
            ),
        ),
    ),
    "laplace": Family(
        "Laplace",
        {"loc": r"\mu", "scale": "b"},
        (
            "log(q.scale / p.scale) + abs(p.loc - q.loc) / q.scale - 1",
            "p.scale / q.scale * exp(-(abs(p.loc - q.loc) / p.scale))",
        ),
        ("1 + log(2 * p.scale)",),
        "all parameters; never infinite",
        (((0, 1), (1, 2)), ((2, 3), (-1, 1)), ((5, 0.5), (5.1, 0.6))),
    ),
    "cauchy": Family(
        "Cauchy",
        {"loc": r"\mu", "scale": "s"},
        ("log(((p.scale + q.scale)**2 + (p.loc - q.loc)**2) / (4 * p.scale * q.scale))",),
        ("log(4 * pi * p.scale)",),
        "all parameters; never infinite, and the same both ways",
        (((0, 1), (1, 2)), ((2, 3), (-1, 1)), ((0, 0.5), (0.1, 0.4))),
    ),
    "gumbel_r": Family(
        "Gumbel",
        {"loc": r"\mu", "scale": r"\beta"},
        (
            "log(q.scale / p.scale) + (p.loc - q.loc) / q.scale - 1",
            "euler * (p.scale / q.scale - 1)",
            "exp((q.loc - p.loc) / q.scale) * gamma(1 + p.scale / q.scale)",
        ),
        ("log(p.scale) + euler + 1",),
        "all parameters; never infinite. The tail to the right is the long one",
        (((0, 1), (1, 2)), ((2, 3), (0, 1.5)), ((1, 0.5), (1.2, 0.4))),
    ),
    "lognorm": Family(
        "Log-normal",
        {"s": r"\sigma", "loc": START, "scale": "m"},
        ("log(q.s / p.s) - 1/2", "(p.s**2 + log(p.scale / q.scale)**2) / (2 * q.s**2)"),
        ("1/2 + log(p.s * p.scale * sqrt(2 * pi))",),
        f"{ONE_START}. $m$ is the median, the exponential of the mean of the logarithm",
        (((1, 0, 1), (0.5, 0, 2)), ((0.3, 1, 5), (0.4, 1, 4)), ((0.8, 0, 0.5), (1.5, 0, 3))),
        ((1, 0, 1), (1, 1, 1)),
    ),
    "expon": Family(
        "Exponential",
        {"loc": START, "scale": r"\theta"},
        ("log(q.scale / p.scale) + p.scale / q.scale - 1", "(p.loc - q.loc) / q.scale"),
        ("1 + log(p.scale)",),
        r"$\ell_{P} \ge \ell_{Q}$; otherwise inf. $\theta$ is the mean of what exceeds $\ell$",
        (((0, 1), (0, 2)), ((1, 2), (0.5, 1)), ((3, 0.2), (3, 0.25))),
        ((0, 1), (1, 1)),
    ),
    "gamma": Family(
        "Gamma",
        {"a": "a", "loc": START, "scale": r"\theta"},
        (
            "(p.a - q.a) * digamma(p.a) + gammaln(q.a) - gammaln(p.a)",
            "q.a * log(q.scale / p.scale) + p.a * (p.scale / q.scale - 1)",
        ),
        ("p.a + log(p.scale) + gammaln(p.a)", "(1 - p.a) * digamma(p.a)"),
        ONE_START + EXPONENTIAL % ("a", r"\theta"),
        (((2, 0, 1), (3, 0, 0.5)), ((0.7, 0, 2), (1.5, 0, 1)), ((9, 1, 0.3), (8, 1, 0.35))),
        ((2, 0, 1), (2, 1, 1)),
    ),
    "invgamma": Family(
        "Inverse gamma",
        {"a": "a", "loc": START, "scale": r"\beta"},
        (
            "(p.a - q.a) * digamma(p.a) + gammaln(q.a) - gammaln(p.a)",
            "q.a * log(p.scale / q.scale) + p.a * (q.scale / p.scale - 1)",
        ),
        ("p.a + log(p.scale) + gammaln(p.a)", "-(1 + p.a) * digamma(p.a)"),
        ONE_START,
        (((2, 0, 1), (3, 0, 0.5)), ((1.5, 1, 2), (0.7, 1, 1)), ((9, 0, 3), (8, 0, 2.5))),
        ((2, 0, 1), (2, 1, 1)),
    ),
    "weibull_min": Family(
        "Weibull",
        {"c": "c", "loc": START, "scale": r"\lambda"},
        (
            "log(p.c / q.c) + q.c * log(q.scale / p.scale)",
            "euler * (q.c / p.c - 1)",
            "(p.scale / q.scale)**q.c * gamma(1 + q.c / p.c) - 1",
        ),
        ("1 + log(p.scale / p.c) + euler * (1 - 1 / p.c)",),
        ONE_START + EXPONENTIAL % ("c", r"\lambda"),
        (((2, 0, 1), (1, 0, 2)), ((1.5, 1, 3), (2.5, 1, 2)), ((0.8, 0, 1), (0.9, 0, 1.2))),
        ((2, 0, 1), (2, 1, 1)),
    ),
    "pareto": Family(
        "Pareto",
        {"b": "b", "loc": START, "scale": "m"},
        ("log(p.b / q.b) + q.b / p.b - 1", "q.b * log(p.scale / q.scale)"),
        ("log(p.scale / p.b) + 1 + 1 / p.b",),
        r"$\ell_{P} = \ell_{Q}$ and $m_{P} \ge m_{Q}$; inf where P starts earlier, at $\ell + m$; "
        "another $\\ell$ is integrated",
        (((2, 0, 2), (1, 0, 1)), ((1.5, 1, 3), (2.5, 1, 3)), ((3, 0, 1.2), (2, 0, 1))),
        ((2, 0, 1), (2, 0, 2)),
    ),
    "uniform": Family(
        "Uniform",
        {"loc": START, "scale": "w"},
        ("log(q.scale / p.scale)",),
        ("log(p.scale)",),
        "the interval of P, from $\\ell$ to $\\ell + w$, lies within that of Q; otherwise inf",
        (((0, 0.5), (0, 2)), ((1, 3), (1, 4)), ((-1, 2), (-2, 5))),
        ((0, 2), (0, 1)),
    ),
    "beta": Family(
        "Beta",
        {"a": "a", "b": "b", "loc": START, "scale": "w"},
        (
            "betaln(q.a, q.b) - betaln(p.a, p.b)",
            "(p.a - q.a) * digamma(p.a)",
            "(p.b - q.b) * digamma(p.b)",
            "(q.a - p.a + q.b - p.b) * digamma(p.a + p.b)",
        ),
        (
            "betaln(p.a, p.b) + log(p.scale)",
            "-(p.a - 1) * digamma(p.a) - (p.b - 1) * digamma(p.b)",
            "(p.a + p.b - 2) * digamma(p.a + p.b)",
        ),
        "P and Q live on one interval, from $\\ell$ to $\\ell + w$; inf where that of P is not within that of Q. For a "
        "uniform Q on a larger interval add $\\ln(w_{Q}/w_{P})$; other intervals that nest are integrated",
        (((2, 3, 0, 1), (1.5, 1, 0, 1)), ((2.5, 2, 1, 3), (1.5, 4, 1, 3)), ((0.5, 1.5, 0, 1), (0.7, 1.2, 0, 1))),
        ((2, 3, 0, 2), (2, 3, 0, 1)),
    ),
    "dirichlet": Family(
        "Dirichlet",
        {"alpha": r"\alpha_{%s,i}", "whole": r"\alpha_{%s,0}"},
        (
            "gammaln(p.whole) - gammaln(q.whole)",
            "total(gammaln(q.alpha) - gammaln(p.alpha))",
            "total((p.alpha - q.alpha) * (digamma(p.alpha) - digamma(p.whole)))",
        ),
        (
            "-gammaln(p.whole) + total(gammaln(p.alpha))",
            "(p.whole - k) * digamma(p.whole)",
            "-total((p.alpha - 1) * digamma(p.alpha))",
        ),
        r"all concentrations, $k$ of them in both; never infinite. $\alpha_0$ is the sum of all $\alpha_i$",
        ((([2, 3, 4],), ([1, 1, 1],)), (([0.5, 1.5],), ([2, 0.8],)), (([10, 5, 3, 2],), ([8, 6, 3, 3],))),
    ),
    "poisson": Family(
        "Poisson",
        {"mu": r"\lambda", "loc": START},
        ("p.mu * log(p.mu / q.mu) - p.mu + q.mu",),
        (),
        r"the starts $\ell$ agree; a later one of P is summed if $\ell_{P} - \ell_{Q}$ is a whole number; inf where "
        r"P has an atom that Q lacks, as where $\lambda_{Q} = 0 < \lambda_{P}$",
        (((2, 0), (3, 0)), ((0.5, 1), (0.1, 1)), ((40, 0), (42, 0))),
        ((2, 0), (0, 0)),
    ),
    "geom": Family(
        "Geometric",
        {"p": r"\theta", "loc": START},
        ("log(p.p / q.p) + (1 - p.p) / p.p * log((1 - p.p) / (1 - q.p))", "(q.loc - p.loc) * log(1 - q.p)"),
        ("-log(p.p) - (1 - p.p) / p.p * log(1 - p.p)",),
        r"$\ell_{P} - \ell_{Q}$ is a whole number and not negative; otherwise inf, as "
        r"where $\theta_{Q} = 1 > \theta_{P}$",
        (((0.3, 0), (0.5, 0)), ((0.9, 2), (0.4, 0)), ((0.05, 0), (0.04, 0))),
        ((0.3, 0), (0.5, 1)),
    ),
    "bernoulli": Family(
        "Bernoulli",
        {"p": r"\theta"},
        ("p.p * log(p.p / q.p)", "(1 - p.p) * log((1 - p.p) / (1 - q.p))"),
        ("-p.p * log(p.p) - (1 - p.p) * log(1 - p.p)",),
        r"all parameters, with $0\ln 0 = 0$; inf where Q is certain and P does not agree with it entirely",
        (((0.7,), (0.4,)), ((0.4,), (0.7,)), ((0.01,), (0.02,))),
        ((0.5,), (0,)),
    ),
    "binom": Family(
        "Binomial",
        {"n": "n", "p": r"\theta"},
        ("n * p.p * log(p.p / q.p)", "n * (1 - p.p) * log((1 - p.p) / (1 - q.p))"),
        (),
        r"both count the same number $n$ of draws, with $0\ln 0 = 0$; another number is summed where "
        "that of Q is larger, and gives inf where it is smaller, unless $\\theta_{P} = 0$",
        (((10, 0.7), (10, 0.4)), ((3, 0.2), (3, 0.5)), ((200, 0.5), (200, 0.52))),
        ((10, 0.5), (9, 0.5)),
    ),
}
