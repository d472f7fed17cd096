"""`kl_nearest_neighbor` against the full tables of distances, and on normals."""

import math

import numpy as np
import pytest

from kltools.estimation import bootstrap, kl_nearest_neighbor

INF = math.inf


def brute_force(x, y, k):
    """The same estimate from the full tables of distances."""
    d = x.shape[1]
    near = np.sort(np.linalg.norm(x[:, None] - x[None], axis=-1), axis=1)[:, k]
    far = np.sort(np.linalg.norm(x[:, None] - y[None], axis=-1), axis=1)[:, k - 1]
    return d * np.mean(np.log(far / near)) + math.log(len(y) / (len(x) - 1))


def shifted_normals(n, d, shift, seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), shift + rng.standard_normal((n + 7, d))


@pytest.mark.parametrize(("d", "k"), [(1, 1), (1, 5), (3, 2), (5, 4)])
def test_neighbors_and_their_jackknife_by_brute_force(d, k):
    x, y = shifted_normals(25, d, 0.5, seed=9)
    estimate = kl_nearest_neighbor(x, y, k)
    assert estimate.value == pytest.approx(brute_force(x, y, k), rel=1e-11)
    without_x = [brute_force(np.delete(x, i, axis=0), y, k) for i in range(len(x))]
    without_y = [brute_force(x, np.delete(y, i, axis=0), k) for i in range(len(y))]
    variance = (len(x) - 1) * np.var(without_x) + (len(y) - 1) * np.var(without_y)
    assert estimate.standard_error == pytest.approx(math.sqrt(variance), rel=1e-10)
    assert estimate.high - estimate.value == pytest.approx(1.959963984540054 * estimate.standard_error, rel=1e-10)


def test_neighbors_of_normals():
    """The mean is near 0.5 in one dimension, and the standard error is not too small."""
    estimates = [kl_nearest_neighbor(*shifted_normals(1000, 1, 1.0, seed)) for seed in range(100, 160)]
    values = np.array([e.value for e in estimates])
    assert values.mean() == pytest.approx(0.475, abs=0.025)
    assert abs(values[0] - 0.5) < 2 * values.std()
    assert 0.95 < np.mean([e.standard_error for e in estimates]) / values.std() < 1.6
    assert np.mean([e.low <= 0.5 <= e.high for e in estimates]) > 0.85


def test_the_bias_of_neighbors_is_not_in_their_standard_error():
    estimates = [kl_nearest_neighbor(*shifted_normals(1000, 5, math.sqrt(0.2), seed)) for seed in range(200, 215)]
    values = [e.value for e in estimates]
    assert np.mean(values) == pytest.approx(0.385, abs=0.03)
    assert np.mean([e.low <= 0.5 <= e.high for e in estimates]) < 0.7


def test_neighbors_whatever_the_scale_and_the_form():
    x, y = shifted_normals(60, 1, 1.0, seed=10)
    expected = kl_nearest_neighbor(x, y)
    assert kl_nearest_neighbor(x[:, 0], y[:, 0]) == expected
    for scale in (1e300, 1e-200):
        assert kl_nearest_neighbor(scale * x, scale * y).value == pytest.approx(expected.value, rel=1e-10)
    assert kl_nearest_neighbor(x, y, base=2).value == pytest.approx(expected.value / math.log(2), rel=1e-14)


def test_ties_are_refused_with_advice():
    x, y = shifted_normals(30, 2, 1.0, seed=11)
    y[4] = x[17]
    with pytest.raises(ValueError, match=r"^x\[17\] and y\[4\] coincide: .*kl_plugin.*noise"):
        kl_nearest_neighbor(x, y)
    y[4] = y[9]
    with pytest.raises(ValueError, match=r"^y\[4\] and y\[9\] coincide"):
        kl_nearest_neighbor(x, y)
    with pytest.raises(ValueError, match=r"^x\[0\] and x\[1\] coincide"):
        kl_nearest_neighbor(np.zeros(10), np.zeros(10), 1)


def test_a_bootstrap_of_neighbors_makes_ties():
    x, y = shifted_normals(50, 1, 1.0, seed=17)
    with pytest.raises(ValueError, match="coincide: nearest neighbors need a density"):
        bootstrap(lambda x, y: kl_nearest_neighbor(x, y).value, x, y, rng=np.random.default_rng(18))


POINTS = np.arange(12.0)
CASES = [
    (kl_nearest_neighbor, ([0, math.nan, 2], [1, 3]), {"k": 1}, ValueError, r"x\[1, 0\] = nan: a coordinate is finite"),
    (kl_nearest_neighbor, ([0, 1, 2], [INF, 3]), {"k": 1}, ValueError, r"y\[0, 0\] = inf"),
    (kl_nearest_neighbor, (POINTS[:6], POINTS + 0.5), {}, ValueError, r"x has 6 points: this k needs at least 7"),
    (kl_nearest_neighbor, (POINTS, POINTS[:5] + 0.5), {}, ValueError, r"y has 5 points: this k needs at least 6"),
    (kl_nearest_neighbor, (1.0, POINTS), {}, ValueError, r"x must have the shape \(n,\) or \(n, d\), got \(\)"),
    (kl_nearest_neighbor, (np.zeros((9, 0)), POINTS), {}, ValueError, r"x must have the shape .* got \(9, 0\)"),
    (kl_nearest_neighbor, (POINTS, np.zeros((9, 2))), {}, ValueError, r"a point of x of shape \(1,\) and a point of y"),
    (kl_nearest_neighbor, (["a", "b"], POINTS), {}, TypeError, r"x must hold real numbers"),
    (kl_nearest_neighbor, (POINTS, POINTS), {"k": 0}, ValueError, r"k = 0"),
    (kl_nearest_neighbor, (POINTS, POINTS), {"k": 2.5}, TypeError, r"k must be an integer, got 2\.5"),
    (kl_nearest_neighbor, (POINTS, POINTS), {"k": True}, TypeError, r"k must be an integer, got True"),
    (kl_nearest_neighbor, (POINTS, POINTS + 0.5), {"confidence": 2}, ValueError, r"confidence = 2"),
    (kl_nearest_neighbor, (POINTS, POINTS + 0.5), {"base": 0}, ValueError, r"base = 0"),
]


@pytest.mark.parametrize(("function", "args", "options", "error", "message"), CASES)
def test_bad_input(function, args, options, error, message):
    with pytest.raises(error, match="^" + message):
        function(*args, **options)
