"""kltools.elbo against enumeration, closed forms, quadrature and 50-digit arithmetic."""

import itertools
import math

import mpmath
import numpy as np
import pytest
from scipy import integrate, special, stats

from kltools._line_density import LineDensity
from kltools.divergence import kl_divergence
from kltools.elbo import coordinate_ascent, elbo, evidence, importance_weighted_bound

COIN = np.log([0.5 * 0.7, 0.5 * 0.3])  # z shows x with probability 0.7 or 0.3, prior 1/2
GAUSSIAN = stats.multivariate_normal([1, -2], [[1, 0.9], [0.9, 1]])


def model(z):
    """Return log p(x = 1, z) for z from N(0, 1) and x from N(z, 1)."""
    return -(z**2 + (1 - z) ** 2) / 2 - np.log(2 * np.pi)


def logistic(z):
    """Return log p(x, z) for z from N(0, 1) and 5 successes of 6 with log-odds 1 + 2 z."""
    eta = 1 + 2 * z
    return stats.norm.logpdf(z) + 5 * special.log_expit(eta) + special.log_expit(-eta)


def random_joint(rng, k):
    return 3 * rng.normal(size=k) - 2


# The evidence splits into a bound and a gap


def test_the_running_coin_met_in_reverse():
    bound, whole = elbo([0.4, 0.6], COIN), evidence(COIN)
    assert (bound.error, bound.method) == (whole.error, whole.method) == (0, "enumeration")
    assert whole.value == pytest.approx(math.log(0.5), abs=1e-15)
    assert bound.value == pytest.approx(-0.885189, abs=5e-7)
    assert whole.value - bound.value == pytest.approx(0.192042, abs=5e-7)
    assert whole.value - bound.value == pytest.approx(kl_divergence([0.4, 0.6], [0.7, 0.3]), abs=1e-15)


def test_finite_bound_at_50_digits():
    rng = np.random.default_rng(1)
    with mpmath.workdps(50):
        for k in (1, 2, 7, 40):
            q, log_joint = rng.dirichlet(np.ones(k)), random_joint(rng, k)
            weights, values = [mpmath.mpf(float(x)) for x in q], [mpmath.mpf(float(x)) for x in log_joint]
            total = mpmath.fsum(weights)
            bound = mpmath.fsum(w / total * (v - mpmath.log(w / total)) for w, v in zip(weights, values, strict=True))
            whole = mpmath.log(mpmath.fsum(map(mpmath.exp, values)))
            assert elbo(q, log_joint).value == pytest.approx(float(bound), rel=1e-13)
            assert evidence(log_joint).value == pytest.approx(float(whole), rel=1e-13)


def test_evidence_is_bound_plus_gap_along_leading_axes():
    rng = np.random.default_rng(2)
    q, log_joint = rng.dirichlet(np.ones(5), size=3), 2 * rng.normal(size=(4, 1, 5))
    gap = kl_divergence(q, special.softmax(log_joint, axis=-1))
    bound = elbo(q, log_joint).value
    assert bound.shape == gap.shape == (4, 3)
    assert np.broadcast_to(evidence(log_joint).value, (4, 3)) == pytest.approx(bound + gap, abs=1e-13)


def test_zeros():
    assert elbo([0, 1], [-np.inf, -1.5]).value == -1.5
    assert elbo([0.5, 0.5], [-np.inf, -1.5]).value == -np.inf
    assert evidence([-np.inf, -1.5]).value == -1.5
    assert evidence([-np.inf, -np.inf]).value == -np.inf
    half_line = lambda z: np.where(z > 0, -z, -np.inf)  # noqa: E731
    assert elbo(stats.norm(), half_line).value == -np.inf
    assert elbo(stats.norm(), half_line, rng=np.random.default_rng(0)).value == -np.inf
    assert importance_weighted_bound(stats.norm(), half_line, 3).value == -np.inf
    assert importance_weighted_bound([0.5, 0.5], [-np.inf, -1.5], 3).value == -np.inf
    assert importance_weighted_bound([0, 1], [-np.inf, -1.5], 3).value == pytest.approx(-1.5, abs=1e-13)


# A latent on the line


@pytest.mark.parametrize(
    ("mean", "variance", "bound"), [(0, 1, -1.918939), (1, 0.25, -1.862086), (0.5, 0.5, -1.515512)]
)
def test_normal_model_in_closed_form(mean, variance, bound):
    q = stats.norm(mean, math.sqrt(variance))
    # E[log p(x, z)] + H(q), by the moments of q
    second, residual = mean**2 + variance, (1 - mean) ** 2 + variance
    exact = -(second + residual) / 2 - math.log(2 * math.pi) + math.log(2 * math.pi * math.e * variance) / 2
    found = elbo(q, model)
    assert exact == pytest.approx(bound, abs=5e-7)
    assert found.value == pytest.approx(exact, abs=1e-13)
    assert found.method == "gauss-hermite"
    assert found.error < 1e-12
    posterior = stats.norm(0.5, math.sqrt(0.5))
    assert evidence(model).value - found.value == pytest.approx(kl_divergence(q, posterior), abs=1e-12)


def test_logistic_model_by_two_quadratures():
    q = stats.norm(0.6, 0.7)
    found, whole = elbo(q, logistic), evidence(logistic)
    average = integrate.quad(lambda z: q.pdf(z) * (logistic(z) - q.logpdf(z)), -8, 9, epsabs=1e-13, epsrel=1e-13)[0]
    assert found.value == pytest.approx(average, abs=1e-11)
    assert abs(found.value - average) <= found.error + 1e-12
    total = integrate.quad(lambda z: np.exp(logistic(z)), -10, 10, epsabs=1e-15, epsrel=1e-13)[0]
    assert whole.value == pytest.approx(math.log(total), abs=1e-12)
    assert whole.error < 1e-10


def test_gauss_hermite_states_its_error():
    q, target = stats.norm(0, 1), lambda z: -np.abs(z - 0.3)
    exact = -integrate.quad(lambda z: q.pdf(z) * abs(z - 0.3), -9, 9, points=[0.3], epsabs=1e-13)[0] + q.entropy()
    errors = []
    for degree in (8, 32, 128):
        found = elbo(q, target, degree=degree)
        assert abs(found.value - exact) < 3 * found.error
        errors.append(found.error)
    assert 1e-4 < errors[2] < errors[0]


@pytest.mark.parametrize(
    ("log_joint", "log_total"),
    [
        (lambda z: np.where(z >= 0, -z, -np.inf), 0.0),
        (lambda z: np.where((z >= 0.3) & (z <= 0.7), 0.0, -np.inf), math.log(0.4)),
        (lambda z: np.where((z >= 100.2) & (z <= 101), 0.0, -np.inf), math.log(0.8)),
        (lambda z: stats.norm.logpdf(z, 1e4, 1e-2) - 800, -800.0),
        (lambda z: stats.norm.logpdf(z, 0, 1e7), 0.0),
        (lambda z: stats.norm.logpdf(z, 0, 1e-6) + 900, 900.0),
        (lambda z: stats.cauchy.logpdf(z, 30, 0.01), 0.0),
        (lambda z: stats.t.logpdf(z, 0.5), 0.0),
        (lambda z: -1.2 * np.log1p(np.abs(z)), math.log(10)),
        (lambda z: 7 * z - np.exp(z), math.log(720)),
        (
            lambda z: z**2 / 2 - z**4 / 4,
            math.log(math.pi / 2 * math.exp(1 / 8) * (special.iv(-1 / 4, 1 / 8) + special.iv(1 / 4, 1 / 8))),
        ),
        (lambda z: np.logaddexp(stats.norm.logpdf(z, -10, 0.1), stats.norm.logpdf(z, 12, 0.05)), math.log(2)),
    ],
    ids=[
        "half-line",
        "box",
        "far box",
        "far",
        "wide",
        "narrow",
        "cauchy",
        "heavy",
        "power",
        "Gumbel",
        "quartic",
        "two peaks",
    ],
)
def test_evidence_finds_the_mass(log_joint, log_total):
    found = evidence(log_joint)
    assert found.method == "quadrature"
    assert found.error < 1e-10
    assert found.value == pytest.approx(log_total, abs=1e-9)


def test_a_broad_top_that_rounding_makes_rough_is_one_peak():
    x = 1e9 * np.random.default_rng(7).normal(size=50)
    x -= x.mean()

    def log_joint(z):
        return stats.norm.logpdf(x, z[:, np.newaxis], 1e9).sum(axis=-1)

    near = log_joint(np.arange(-50.0, 50.0))
    assert np.count_nonzero((near[1:-1] > near[:-2]) & (near[1:-1] > near[2:])) > 1
    assert LineDensity(log_joint).peaks.size == 1
    exact = -49 / 2 * math.log(2 * math.pi * 1e18) - math.log(50) / 2 - x @ x / 2e18
    assert evidence(log_joint).value == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("log_joint", [lambda z: 0.0 * z, lambda z: -np.log1p(np.abs(z)), lambda z: z, lambda z: z**4])
def test_evidence_refuses_what_has_no_integral(log_joint):
    with pytest.raises(ValueError, match=r"log_joint does not fall|log_joint goes like .*: the integral of p"):
        evidence(log_joint)


def test_draws_agree_within_their_error():
    rng = np.random.default_rng(3)
    q = stats.norm(1, 0.5)
    found = elbo(q, model, rng=rng, draws=4000)
    assert found.method == "monte-carlo"
    # log w = a + b z + c z**2 in closed form: b = 1 - 4, c = -1 + 2
    variance = 0.25 * (-3 + 2 * 1) ** 2 + 2 * 0.25**2
    assert found.error == pytest.approx(math.sqrt(variance / 4000), rel=0.1)
    assert abs(found.value - elbo(q, model).value) < 4 * found.error
    posterior = stats.norm(0.5, math.sqrt(0.5))
    assert elbo(posterior, model, rng=rng, draws=10).error < 1e-14  # every draw has the same weight


def test_draws_of_several_variables():
    q = stats.multivariate_normal([1, -2], np.diag([0.19, 0.19]))
    found = elbo(q, GAUSSIAN.logpdf, rng=np.random.default_rng(4), draws=4000)
    assert abs(found.value + 0.830366) < 4 * found.error < 0.2
    means = importance_weighted_bound(q, GAUSSIAN.logpdf, 8, rng=np.random.default_rng(5), draws=2000)
    assert found.value + 4 * found.error < means.value < 4 * means.error


# Importance weights


def enumerated(q, log_joint, k):
    """Return E log mean w over all m**k tuples of states."""
    weights = np.exp(log_joint) / q
    tuples = itertools.product(range(len(q)), repeat=k)
    return math.fsum(math.prod(q[list(t)]) * math.log(weights[list(t)].sum() / k) for t in tuples)


@pytest.mark.parametrize(("m", "k"), [(2, 1), (2, 2), (2, 10), (3, 6), (5, 4)])
def test_importance_weights_by_enumeration(m, k):
    rng = np.random.default_rng(10 * m + k)
    q, log_joint = rng.dirichlet(np.ones(m)), random_joint(rng, m)
    found = importance_weighted_bound(q, log_joint, k)
    assert found.value == pytest.approx(enumerated(q, log_joint, k), abs=2e-13)
    assert found.error < 1e-11


def test_weights_of_very_different_size():
    q, log_joint = np.array([0.5, 0.5]), np.array([0.0, -600.0])
    whole = math.fsum(math.comb(20, j) * 0.5**20 * math.log(2 * j / 20) for j in range(1, 21))
    exact = whole + 0.5**20 * (math.log(2) - 600)
    assert importance_weighted_bound(q, log_joint, 20).value == pytest.approx(exact, abs=1e-11)


@pytest.mark.parametrize(("k", "bound"), [(1, -1.918939), (5, -1.557411), (50, -1.519199)])
def test_importance_weights_of_the_normal_model(k, bound):
    q = stats.norm(0, 1)
    found = importance_weighted_bound(q, model, k)
    assert found.method == "quadrature"
    assert found.error < 1e-10
    assert found.value == pytest.approx(bound, abs=1e-6)
    drawn = importance_weighted_bound(q, model, k, rng=np.random.default_rng(k), draws=4000)
    assert drawn.method == "monte-carlo"
    assert abs(drawn.value - found.value) < 4 * drawn.error


def test_two_weights_by_a_double_integral():
    q = stats.norm(1, 0.5)
    x, h = np.linspace(-9, 9, 1801, retstep=True)
    w = np.exp(model(1 + 0.5 * x) - q.logpdf(1 + 0.5 * x))
    mass = stats.norm.pdf(x) * h
    exact = mass @ np.log((w[:, np.newaxis] + w) / 2) @ mass
    assert importance_weighted_bound(q, model, 2).value == pytest.approx(exact, abs=1e-10)


def test_the_bound_increases_from_the_elbo_to_the_evidence():
    q = stats.norm(0.2, 1.1)
    bounds = [importance_weighted_bound(q, logistic, k).value for k in (1, 2, 8, 64, 1024)]
    assert bounds[0] == pytest.approx(elbo(q, logistic, degree=160).value, abs=1e-12)
    assert np.all(np.diff(bounds) > 0)
    assert 0 < evidence(logistic).value - bounds[-1] < 1e-3


# Mean field


@pytest.mark.parametrize(
    ("rho", "variance", "cost"), [(0.9, 0.19, 0.830366), (0.5, 0.75, 0.143841), (0.99, 0.0199, 1.95852)]
)
def test_correlated_gaussian(rho, variance, cost):
    target = stats.multivariate_normal([1, -2], [[1, rho], [rho, 1]])
    found = coordinate_ascent(target, start=[5, 5])
    assert found.converged
    assert [q.mean() for q in found.factors] == pytest.approx([1, -2], abs=1e-9)
    assert [q.var() for q in found.factors] == pytest.approx([variance] * 2, rel=1e-12)
    assert found.elbo[-1] == pytest.approx(math.log1p(-(rho**2)) / 2, abs=1e-12)
    assert found.elbo[-1] == pytest.approx(-cost, abs=5e-6)
    assert np.all(np.diff(found.elbo) >= -1e-12 * abs(found.elbo[0]))


def test_gaussian_bound_is_minus_the_divergence():
    rng = np.random.default_rng(6)
    root = rng.normal(size=(5, 5))
    mean, covariance = rng.normal(size=5), root @ root.T + 0.1 * np.eye(5)
    start = rng.normal(size=5)
    found = coordinate_ascent(stats.multivariate_normal(mean, covariance), start=start)
    precision = np.linalg.inv(covariance)
    variances = 1 / np.diag(precision)
    assert [q.var() for q in found.factors] == pytest.approx(variances, rel=1e-10)
    for value, m in ((found.elbo[0], start), (found.elbo[-1], mean)):
        shift = m - mean
        logs = np.linalg.slogdet(covariance)[1] - np.log(variances).sum()
        divergence = (np.trace(precision @ np.diag(variances)) + shift @ precision @ shift - 5 + logs) / 2
        assert value == pytest.approx(-divergence, rel=1e-9)


def test_independent_table_is_found_exactly():
    rng = np.random.default_rng(7)
    factors = [rng.dirichlet(np.ones(k)) for k in (2, 3, 4)]
    found = coordinate_ascent(np.log(np.einsum("i,j,k->ijk", *factors)) - 1.25)
    assert found.converged
    for q, truth in zip(found.factors, factors, strict=True):
        assert q == pytest.approx(truth, rel=1e-12)
    assert found.elbo[-1] == pytest.approx(-1.25, abs=1e-13)
    assert len(found.elbo) <= 3  # one sweep finds them, one more confirms


def test_table_path_rises_to_a_stationary_point():
    rng = np.random.default_rng(8)
    table = 2 * rng.normal(size=(3, 4, 2))
    starts = [rng.dirichlet(np.ones(k)) for k in table.shape]
    found = coordinate_ascent(table, start=starts)
    assert found.converged
    assert np.all(np.diff(found.elbo) > -1e-13)
    for value, factors in ((found.elbo[0], starts), (found.elbo[-1], found.factors)):
        product = np.einsum("i,j,k->ijk", *factors)
        assert value == pytest.approx(elbo(product.ravel(), table.ravel()).value, abs=1e-12)
        assert value < evidence(table.ravel()).value
    best = found.elbo[-1]
    for axis, q in enumerate(found.factors):  # no move of one factor is better
        for state in range(q.size):
            moved = list(found.factors)
            moved[axis] = 0.99 * q + 0.01 * np.eye(q.size)[state]
            assert elbo(np.einsum("i,j,k->ijk", *moved).ravel(), table.ravel()).value < best


def test_excluded_states_and_saddles():
    with np.errstate(divide="ignore"):
        table = np.log([[0.4, 0.0], [0.0, 0.6]])
    for state, bound in ((0, math.log(0.4)), (1, math.log(0.6))):
        corner = np.eye(2)[state]
        found = coordinate_ascent(table, start=[corner, corner])
        assert found.factors[0].tolist() == found.factors[1].tolist() == corner.tolist()
        assert found.elbo[-1] == pytest.approx(bound)
    with pytest.raises(ValueError, match=r"^start leaves variable 0 no state"):
        coordinate_ascent(table)
    symmetric = np.log([[0.45, 0.05], [0.05, 0.45]])
    saddle = coordinate_ascent(symmetric)
    assert saddle.factors[0].tolist() == pytest.approx([0.5, 0.5])
    better = coordinate_ascent(symmetric, start=[[0.5, 0.5], [0.6, 0.4]])
    assert better.elbo[-1] > saddle.elbo[-1] + 0.01


def test_sweeps_run_out():
    found = coordinate_ascent(stats.multivariate_normal([1, 1], [[1, 0.99], [0.99, 1]]), max_sweeps=3)
    assert not found.converged
    assert len(found.elbo) == 4


# Bad input

NORMAL = stats.norm()
RNG = np.random.default_rng(9)
CASES = [
    (elbo, ([0.5, 0.6], [0, 0]), {}, ValueError, r"q sums to 1\.1"),
    (elbo, ([0.5, np.nan], [0, 0]), {}, ValueError, r"q\[1\] = nan"),
    (elbo, ([1.5, -0.5], [0, 0]), {}, ValueError, r"q\[1\] = -0\.5"),
    (elbo, ([], []), {}, ValueError, r"q has no outcomes"),
    (elbo, (["a"], [0]), {}, TypeError, r"q must hold real numbers"),
    (elbo, ([0.5, 0.5], [0, np.nan]), {}, ValueError, r"log_joint\[1\] = nan"),
    (elbo, ([0.5, 0.5], [0, np.inf]), {}, ValueError, r"log_joint\[1\] = inf"),
    (elbo, ([0.5, 0.5], ["a", "b"]), {}, TypeError, r"log_joint must hold real numbers"),
    (elbo, ([0.5, 0.5], [0, 0, 0]), {}, ValueError, r"q of shape \(2,\) and log_joint of shape \(3,\) do not match"),
    (elbo, ([0.5, 0.5], model), {}, TypeError, r"log_joint is a function, but q is a vector"),
    (elbo, ([0.5, 0.5], [0, 0]), {"rng": RNG}, ValueError, r"rng is given, but a finite latent"),
    (elbo, (NORMAL, [0, 0]), {}, TypeError, r"log_joint must be a function of a continuous latent, got \[0, 0\]"),
    (elbo, (stats.cauchy(), model), {}, TypeError, r"q is not a frozen scipy\.stats\.norm.*give rng"),
    (elbo, (stats.norm([0, 1]), model), {}, ValueError, r"q must be one distribution, got loc of shape \(2,\)"),
    (elbo, (stats.norm(0, -1), model), {}, ValueError, r"q\.scale = -1\.0: a scale is positive"),
    (elbo, (NORMAL, model), {"degree": 1}, ValueError, r"degree = 1: it must be at least 2"),
    (elbo, (NORMAL, model), {"degree": 8.0}, TypeError, r"degree must be an integer, got 8\.0"),
    (elbo, (NORMAL, model), {"rng": 3}, TypeError, r"rng must be a numpy\.random\.Generator, got int"),
    (elbo, (NORMAL, model), {"rng": RNG, "draws": 1}, ValueError, r"draws = 1: it must be at least 2"),
    (elbo, (stats.poisson(2), model), {"rng": RNG}, TypeError, r"q must be a vector or have a density"),
    (elbo, (NORMAL, lambda z: 0.0), {}, ValueError, r"log_joint\(z\) has shape \(\), but there are z of shape \(64,\)"),
    (elbo, (NORMAL, lambda z: z * np.nan), {}, ValueError, r"log_joint\(z\)\[0\] = nan"),
    (evidence, ([],), {}, ValueError, r"log_joint must be an array of logarithms that is not empty"),
    (evidence, (0.5,), {}, ValueError, r"log_joint must be an array of logarithms.*shape \(\)"),
    (evidence, ([np.nan],), {}, ValueError, r"log_joint\[0\] = nan"),
    (evidence, ("no",), {}, TypeError, r"log_joint must hold real numbers"),
    (evidence, (lambda z: z - np.inf,), {}, ValueError, r"log_joint is -inf at each of the 11201 points"),
    (importance_weighted_bound, ([0.5, 0.6], [0, 0], 2), {}, ValueError, r"q sums to 1\.1"),
    (importance_weighted_bound, ([0.5, 0.5], [0, np.nan], 2), {}, ValueError, r"log_joint\[1\] = nan"),
    (importance_weighted_bound, ([0.5, 0.5], [[0, 0]], 2), {}, ValueError, r"q of shape .* must be vectors"),
    (importance_weighted_bound, ([0.5, 0.5], [0, 0], 0), {}, ValueError, r"k = 0: it must be at least 1"),
    (importance_weighted_bound, ([0.5, 0.5], [0, 0], True), {}, TypeError, r"k must be an integer, got True"),
    (importance_weighted_bound, (stats.cauchy(), model, 2), {}, TypeError, r"q is not a frozen scipy\.stats\.norm"),
    (coordinate_ascent, ([],), {}, ValueError, r"target must be an array of logarithms"),
    (coordinate_ascent, ([[0, np.nan]],), {}, ValueError, r"target\[0, 1\] = nan"),
    (coordinate_ascent, ("table",), {}, TypeError, r"target must hold real numbers"),
    (coordinate_ascent, ([[0, 0]],), {"start": [[1.0]]}, ValueError, r"start has 1 factors, but target has 2 axes"),
    (coordinate_ascent, ([0, 0],), {"start": [[1.0]]}, ValueError, r"start\[0\] has shape \(1,\), but axis 0"),
    (coordinate_ascent, ([0, 0],), {"start": [[1.0, 1.0]]}, ValueError, r"start\[0\] sums to 2\.0"),
    (coordinate_ascent, (GAUSSIAN,), {"start": [0]}, ValueError, r"start has shape \(1,\), but target has 2 means"),
    (coordinate_ascent, (GAUSSIAN,), {"start": [0, np.nan]}, ValueError, r"start\[1\] = nan"),
    (
        coordinate_ascent,
        (stats.multivariate_normal([0, 0], [[1, 1], [1, 1]], allow_singular=True),),
        {},
        ValueError,
        r"target\.cov is not positive definite",
    ),
    (coordinate_ascent, ([0, 0],), {"tolerance": -1}, ValueError, r"tolerance = -1"),
    (coordinate_ascent, ([0, 0],), {"tolerance": "x"}, TypeError, r"tolerance must be a number, got 'x'"),
    (coordinate_ascent, ([0, 0],), {"max_sweeps": 0}, ValueError, r"max_sweeps = 0: it must be at least 1"),
]


@pytest.mark.parametrize(("function", "args", "options", "error", "message"), CASES)
def test_bad_input(function, args, options, error, message):
    with pytest.raises(error, match="^" + message):
        function(*args, **options)


@pytest.mark.parametrize("x", [1.0, 1.5, 2.0, 2.5, 3.0, -7.0])
def test_one_draw_is_the_elbo_wherever_the_observation_lies(x):
    # E under N(0, 1) of log N(x; z, 1) is -log(2 pi)/2 - (x^2 + 1)/2
    def observed(z):
        return stats.norm.logpdf(z) + stats.norm.logpdf(x, z)

    exact = -math.log(2 * math.pi) / 2 - (x**2 + 1) / 2
    assert importance_weighted_bound(stats.norm(), observed, 1).value == pytest.approx(exact, abs=1e-9)
