"""Quadrature of densities that users write, and what it refuses rather than guesses."""

import math

import numpy as np
import pytest
from scipy import stats

from kltools._quadrature import cross_entropy_numeric, entropy_numeric, kl_numeric


def histogram(counts, edges):
    return stats.rv_histogram((np.array(counts, dtype=float), np.array(edges, dtype=float)), density=False)()


def test_histograms_exactly():
    rng = np.random.default_rng(seed=5)
    edges = np.sort(rng.uniform(0, 10, size=41))
    counts = rng.integers(1, 30, size=(2, 40)).astype(float)
    counts[0, [3, 17, 18]] = 0
    p, q = (histogram(row, edges) for row in counts)
    masses = counts / counts.sum(axis=1, keepdims=True)
    seen = masses[0] > 0
    exact = np.sum(masses[0, seen] * np.log(masses[0, seen] / masses[1, seen]))
    assert kl_numeric(p, q) == pytest.approx(exact, rel=1e-12)
    assert kl_numeric(q, p) == math.inf
    entropy = -np.sum(masses[0, seen] * np.log(masses[0, seen] / np.diff(edges)[seen]))
    assert entropy_numeric(p) == pytest.approx(entropy, rel=1e-12)


def test_a_thin_empty_bin_is_not_overlooked():
    wide = stats.uniform(1, 3)
    assert kl_numeric(wide, histogram([3, 1, 0, 3], [0, 1.2, 2, 2.0001, 5])) == math.inf
    assert kl_numeric(wide, histogram([3, 1, 1, 3], [0, 1.2, 2, 2.0001, 5])) < math.inf


class Scribble(stats.rv_continuous):
    """A density as users write it: `_pdf`, and nothing else."""

    def __init__(self, density, **ends):
        self.density = density
        super().__init__(**ends)

    def _updated_ctor_param(self):
        return super()._updated_ctor_param() | {"density": self.density}

    def _pdf(self, x):
        return self.density(x)


def test_densities_that_users_write():
    normal = Scribble(lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi))()
    assert kl_numeric(normal, stats.norm(1, 2)) == pytest.approx(math.log(2) - 0.25, rel=1e-10)
    assert kl_numeric(stats.norm(0, 2), normal) == pytest.approx(1.5 - math.log(2), rel=1e-10)
    block = Scribble(lambda x: np.where((x > 0) & (x < 1), 1.0, 0.0))()
    assert kl_numeric(stats.uniform(0.25, 0.5), block) == pytest.approx(math.log(2), rel=1e-10)
    assert kl_numeric(stats.norm(), block) == math.inf
    # A part in 1e9 of a Cauchy distribution has an infinite second moment, too.
    mixture = Scribble(lambda x: (1 - 1e-9) * stats.norm.pdf(x) + 1e-9 * stats.cauchy.pdf(x))()
    assert kl_numeric(mixture, stats.norm()) == math.inf


CASES = [
    (stats.norm(), stats.poisson(2), TypeError, r"^p has a density and q has atoms: .* compare the probabilities"),
    (stats.poisson(2), stats.norm(), TypeError, r"^p has atoms and q has a density"),
    (stats.norm([0, 1]), stats.norm(), ValueError, r"^p\.loc has shape \(2,\)"),
    (stats.norm(), stats.norm(0, -1), ValueError, r"^q\.scale = -1\.0: a scale is positive"),
    (stats.norm(), stats.t(np.nan), ValueError, r"^q\.df = nan"),
    (stats.norm(), stats.t(-1), ValueError, r"^q has parameters out of range for t: .*-1"),
    (stats.zipf(0.5), stats.geom(0.5), ValueError, r"^p has parameters out of range for zipf"),
    (stats.poisson(3, loc=0.5), stats.poisson(3), ValueError, r"^p\.loc = 0\.5: atoms are summed on the integers"),
    (stats.multivariate_normal([0, 0]), stats.norm(), TypeError, "^p is no frozen one-dimensional distribution"),
    (stats.norm(), stats.norm, TypeError, "^q is no frozen one-dimensional distribution"),
    ([0.5, 0.5], stats.norm(), TypeError, "^p is no frozen one-dimensional distribution"),
]

NOT_CERTAIN = [
    # tails and endpoints
    (stats.zipf(2), stats.geom(0.5), "did not converge.*the tail beyond x = 2097152"),
    (stats.laplace(), stats.gumbel_r(), "did not converge.*the tail beyond x = -709"),
    (stats.laplace(0, 0.9999), stats.gumbel_r(), "did not converge.*the tail beyond x = -709"),
    (stats.norm(0, 30), stats.gumbel_r(), "did not converge.*the tail beyond x = -709"),
    (stats.beta(0.05, 0.02), stats.uniform(), "did not converge"),
    (stats.gamma(0.001), stats.expon(), "^p has the quartiles 0, 5.* finds no room"),
    (stats.binom(10**9, 0.3), stats.binom(10**9, 0.3001), "did not converge.*p add up to 1.0000001"),
    (stats.uniform(-1, 2), stats.dgamma(0.5), "did not converge"),  # singular within
    # what is no probability distribution on the line, or not where it says
    (stats.vonmises(2), stats.vonmises(1), "did not converge.*the tail beyond"),
    (Scribble(lambda x: 1.1 * np.exp(-x), a=0)(), stats.expon(), "the probabilities of p add up to 1.1"),
    (Scribble(lambda x: 1.0 * ((x > 0) & (x < 1)))(), stats.uniform(), "true ends a and b"),
    (stats.rv_discrete(values=([1, 2.5], [0.5, 0.5]))(), stats.poisson(3), "p add up to 0.5"),
    # what underflows, or hides
    (stats.t(3), Scribble(lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi))(), "the tail beyond x = 38"),
    (stats.t(3), Scribble(lambda x: np.exp(-abs(x)) / 2)(), "the tail beyond x = 744"),
    (
        stats.norm(0, 50),
        Scribble(lambda x: (stats.norm.pdf(x, -50) + stats.norm.pdf(x, 50)) / 2)(),
        "log.p/q. cannot be evaluated beyond x = 11",
    ),
    (
        Scribble(lambda x: 0.999999 * stats.norm.pdf(x) + 1e-6 * stats.norm.pdf(x, 1e4, 1e-3))(),
        stats.cauchy(),
        "the probabilities of p add up to 0.999999$",
    ),
]


@pytest.mark.parametrize(("p", "q", "error", "message"), CASES)
def test_bad_input(p, q, error, message):
    for function in (kl_numeric, cross_entropy_numeric):
        with pytest.raises(error, match=message):
            function(p, q)


@pytest.mark.parametrize(("p", "q", "message"), NOT_CERTAIN)
def test_refused_rather_than_guessed(p, q, message):
    with pytest.raises(ValueError, match=message):
        kl_numeric(p, q)


def test_errors_add_in_a_cross_entropy():
    with pytest.raises(ValueError, match=r"^H\(p, q\) did not converge: .* the tail beyond x = 2097152"):
        cross_entropy_numeric(stats.zipf(2), stats.geom(0.5))


def test_entropies_refused():
    with pytest.raises(ValueError, match=r"^H\(p\) did not converge: .* with an estimated error of .*p add up to"):
        entropy_numeric(stats.vonmises(2))
    with pytest.raises(ValueError, match=r"^p\.scale = -1\.0"):
        entropy_numeric(stats.norm(0, -1))
    with pytest.raises(TypeError, match=r"^p is no frozen one-dimensional distribution"):
        entropy_numeric(stats.multivariate_normal([0, 0]))
