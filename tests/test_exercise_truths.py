"""Every number of the bank by a second route; of every function the mended code is right and the given code known."""

import ast
import heapq
import itertools
import math
import pkgutil
import re

import mpmath
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import entr, expit, gammaincc, logit, rel_entr
from scipy.stats import binom, laplace, multinomial, norm, poisson

from kltools import exercises as bank

STEMS = sorted(module.name for module in pkgutil.iter_modules(bank.__path__))
ALL = [exercise for stem in STEMS for exercise in bank.exercises(stem).values()]
NUMBERS = [exercise for exercise in ALL if isinstance(exercise, bank.NumberExercise)]
FUNCTIONS = [exercise for exercise in ALL if isinstance(exercise, bank.FunctionExercise)]


def divergence(p, q):
    return float(rel_entr(p, q).sum())


def posterior(prior, likelihood):
    return np.multiply(prior, likelihood) / np.dot(prior, likelihood)


# Coding


def huffman_overhead(heads, n):
    """A Huffman code's mean length is the sum of all merged weights; blocks of n flips, against the entropy."""
    heap = sorted(heads**k * (1 - heads) ** (n - k) for k in range(n + 1) for _ in range(math.comb(n, k)))
    total = 0.0
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        total += merged
        heapq.heappush(heap, merged)
    return total / n / (entr([heads, 1 - heads]).sum() / math.log(2)) - 1


def loaded_die(faces):
    return np.arange(1, faces + 1) / math.comb(faces + 1, 2)


# Surprise


def flips_until_two_deviations(heads, belief):
    gap = np.log([heads / belief, (1 - heads) / (1 - belief)])
    mean, square = np.dot([heads, 1 - heads], np.stack([gap, gap**2], axis=1))
    return next(n for n in itertools.count(1) if mean > 2 * math.sqrt((square - mean**2) / n))


def least_fine(belief):
    return minimize_scalar(
        lambda r: belief / r + (1 - belief) / (1 - r), bounds=(0.01, 0.99), options={"xatol": 1e-10}
    ).x


# Likelihood


def likelihood_ratio(sequence, q):
    heads = sequence.count("H")
    own, n = heads / len(sequence), len(sequence)
    return own**heads * (1 - own) ** (n - heads) / (q[0] ** heads * q[1] ** (n - heads))


def lead(counts, q):
    """The log-likelihood of the counts under their own shares less that under q."""
    n = sum(counts)
    return multinomial.logpmf(counts, n, np.divide(counts, n)) - multinomial.logpmf(counts, n, q)


def tilted(q, values, mean):
    """The tilt t = exp(s) solves a polynomial, sum q (v - mean) t**v = 0, which has one positive root."""
    coefficients = np.zeros(max(values) + 1)
    coefficients[list(values)] = np.multiply(q, np.subtract(values, mean))
    (t,) = (root.real for root in np.roots(coefficients[::-1]) if abs(root.imag) < 1e-9 and root.real > 1e-9)
    weights = np.multiply(q, t ** np.array(values, dtype=float))
    return weights / weights.sum()


def die(faces, mean):
    fair = np.full(faces, 1 / faces)
    return divergence(tilted(fair, range(1, faces + 1), mean), fair)


def laplace_against_normal(scale):
    p, q = laplace(scale=scale), norm(scale=math.sqrt(2) * scale)
    return 2 * quad(lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), 0, 60 * scale, epsabs=1e-12, limit=200)[0]


# Hypothesis testing


def samples_needed(p, q, alpha, beta):
    """The best test rejects P where heads are many, and of the last number of heads it rejects a part."""
    for n in itertools.count(1):
        by_p, by_q = (binom.pmf(np.arange(n, -1, -1), n, heads) for heads, _ in (p, q))
        rejected = np.clip((alpha - (np.cumsum(by_p) - by_p)) / by_p, 0, 1)
        if by_q @ (1 - rejected) <= beta:
            return n


def wald_mean(p, q, alpha, beta):
    """Wald's identity: the mean evidence at the barriers over that of one flip."""
    barriers = np.log([(1 - alpha) / beta, alpha / (1 - beta)])
    return np.dot([beta, 1 - beta], barriers) / np.dot(q, np.log(np.divide(p, q)))


# Geometry


def farthest_event(d):
    """Where the better of the two lower bounds on D, as a function of the total variation, reaches d."""
    return brentq(lambda t: max(2 * t**2, -math.log1p(-(t**2))) - d, 0, 1 - 1e-9, xtol=1e-13)


def natural_step(q, p):
    """Gradient and Fisher information by numerical derivatives of two divergences."""
    with mpmath.workdps(40):
        start = mpmath.mpf(float(logit(q)))

        def coin(heads, t):
            other = 1 / (1 + mpmath.exp(-t))
            return heads * mpmath.log(heads / other) + (1 - heads) * mpmath.log((1 - heads) / (1 - other))

        gradient = mpmath.diff(lambda t: coin(mpmath.mpf(p), t), start)
        information = mpmath.diff(lambda t: coin(1 / (1 + mpmath.exp(-start)), t), start, 2)
        return float(expit(float(start - gradient / information)))


# Optimization


def mixture_deviation(share, gap, deviation):
    squares = share * deviation**2 + (1 - share) * (gap**2 + deviation**2)
    return math.sqrt(squares - ((1 - share) * gap) ** 2)


def hot_loss(teacher, student):
    with mpmath.workdps(60):
        heat = mpmath.mpf(10) ** 12
        p, q = ([mpmath.exp(logit / heat) for logit in logits] for logits in (teacher, student))
        p, q = ([x / mpmath.fsum(weights) for x in weights] for weights in (p, q))
        return float(heat**2 * mpmath.fsum(x * mpmath.log(x / y) for x, y in zip(p, q, strict=True)))


def best_of(reference, n):
    """Draw after draw: the best stays, or a better one comes."""
    below = np.cumsum(reference) - reference
    best = np.array(reference)
    for _ in range(n - 1):
        best = best * (below + reference) + np.multiply(reference, np.cumsum(best) - best)
    return divergence(best, reference)


def scatter_crossing(ratio):
    """Both variances by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(150)
    weights = weights / weights.sum()

    def excess(mu):
        k1 = mu**2 / 2 - mu * nodes
        first, third = (math.sqrt(weights @ k**2 - (weights @ k) ** 2) for k in (k1, np.expm1(-k1) + k1))
        return third - ratio * first

    return brentq(excess, 0.3, 3, xtol=1e-13) ** 2 / 2


# ELBO


def bound_below(q, prior, likelihood):
    joint = np.multiply(prior, likelihood)
    return math.log(joint.sum()) - np.dot(q, np.log(joint)) - entr(q).sum()


def divergence_from_standard(mean, variance):
    q = norm(mean, math.sqrt(variance))
    span = mean - 12 * q.std(), mean + 12 * q.std()
    return quad(lambda z: q.pdf(z) * (q.logpdf(z) - norm.logpdf(z)), *span, epsabs=1e-13)[0]


def left_by_the_others(size, correlation):
    """The variance of one coordinate that a regression on the others leaves."""
    others = np.full((size - 1, size - 1), correlation) + (1 - correlation) * np.eye(size - 1)
    covariances = np.full(size - 1, correlation)
    return 1 - covariances @ np.linalg.solve(others, covariances)


def shortfall_of_weights(x, k):
    """The law of the sum of k weights by Fourier transform, on a grid that keeps the mean of each weight."""
    cells = 2**15
    length, step = k * (cells + 1) + 1, norm.pdf(0) / cells
    z = np.linspace(-12, 12, 200_001)
    place, part = np.divmod(norm.pdf(x - z) / step, 1)
    place, mass = place.astype(int), norm.pdf(z) / norm.pdf(z).sum()
    law = np.bincount(place, mass * (1 - part), length) + np.bincount(place + 1, mass * part, length)
    sums = np.fft.irfft(np.fft.rfft(law) ** k, length)
    bound = sums[1:] @ np.log(np.arange(1, length) * step / k)
    return norm.logpdf(x, 0, math.sqrt(2)) - bound


def price_of_beta(x, noise, beta):
    """The best q by a numerical search, then its ELBO."""

    def objective(q, beta):
        mean, variance = q[0], math.exp(q[1])
        fit = -math.log(2 * math.pi * noise) / 2 - ((x - mean) ** 2 + variance) / (2 * noise)
        return fit - beta * (variance + mean**2 - 1 - math.log(variance)) / 2

    best = minimize(lambda q: -objective(q, beta), [0.0, 0.0], tol=1e-12, method="Nelder-Mead").x
    return norm.logpdf(x, 0, math.sqrt(1 + noise)) - objective(best, 1)


# Practice


def chi_square_limit(degrees, alarms):
    return brentq(lambda limit: gammaincc(degrees / 2, limit / 2) - alarms, 1e-3, 1e3, xtol=1e-12)


def fair_size(bins, rule, alarms):
    return next(n for n in itertools.count(1) if gammaincc((bins - 1) / 2, rule * n / 4) <= alarms)


def window(kinds, divergence, alarms, power):
    """Noncentral chi-square is chi-square with a Poisson number of pairs of degrees more."""
    limit, pairs = chi_square_limit(kinds - 1, alarms), np.arange(400)
    beyond = gammaincc((kinds - 1) / 2 + pairs, limit / 2)
    return next(n for n in itertools.count(1) if poisson.pmf(pairs, n * divergence) @ beyond >= power)


SECOND_ROUTES = {
    "coding-1": lambda q, message: -math.log2(math.prod(q["abcd".index(letter)] for letter in message)),
    "coding-2": lambda p, q: np.dot(p, -np.log2(q)) - entr(p).sum() / math.log(2),
    "coding-3": lambda faces: math.log2(faces) - entr(loaded_die(faces)).sum() / math.log(2),
    "coding-4": lambda p, client, carrier: np.dot(p, np.log2(np.divide(carrier, client))),
    "coding-5": lambda heads, share: next(n for n in itertools.count(1) if huffman_overhead(heads, n) <= share),
    "surprise-1": lambda rain: -math.log2(math.prod(rain)) / len(rain),
    "surprise-2": lambda heads, belief: (
        heads * math.log(heads / belief) + (1 - heads) * math.log((1 - heads) / (1 - belief))
    ),
    "surprise-3": lambda model, floor: math.log(model) - math.log(floor),
    "surprise-4": flips_until_two_deviations,
    "surprise-6": least_fine,
    "likelihood-1": likelihood_ratio,
    "likelihood-2": lambda chances: -math.log(math.prod(chances)) / len(chances),
    "likelihood-3": lambda counts, q: 2 * lead(counts, q),
    "likelihood-4": lambda mean: tilted(np.full(6, 1 / 6), range(1, 7), mean)[-1],
    "likelihood-5": laplace_against_normal,
    "hypothesis_testing-1": lambda p, q, flips, prior: posterior(
        [prior, 1 - prior], [math.prod(coin["ht".index(flip)] for flip in flips) for coin in (p, q)]
    )[0],
    "hypothesis_testing-2": lambda worn, sound: 10 * np.dot(worn, np.log10(np.divide(worn, sound))),
    "hypothesis_testing-4": samples_needed,
    "hypothesis_testing-5": die,
    "hypothesis_testing-6": wald_mean,
    "geometry-1": lambda x, y: quad(lambda t: 1 / y - 1 / t, y, x)[0],
    "geometry-2": farthest_event,
    "geometry-3": lambda theta: 2 / (theta * (1 - theta)),
    "geometry-4": die,
    "geometry-7": natural_step,
    "optimization-1": mixture_deviation,
    "optimization-2": lambda p, crowd, cut: np.dot(p, np.log(np.divide(p, crowd) * (1 - cut))),
    "optimization-3": hot_loss,
    "optimization-6": best_of,
    "optimization-7": scatter_crossing,
    "elbo-1": lambda prior, likelihood, q: bound_below(q, prior, likelihood),
    "elbo-2": lambda size, mean, variance: size * divergence_from_standard(mean, variance),
    "elbo-3": left_by_the_others,
    "elbo-4": shortfall_of_weights,
    "elbo-7": price_of_beta,
    "one_number-1": lambda chance, odds: np.dot(chance, np.log(np.multiply(chance, odds))),
    "one_number-3": lambda prior, likelihood: divergence(posterior(prior, likelihood), prior) / math.log(2),
    "one_number-4": lambda honest, crooked, share: math.log(1 / share) / divergence(honest, crooked),
    "one_number-5": lambda counts, claim: lead(counts, claim),
    "one_number-8": lambda q, floors, mean: divergence(tilted(q, floors, mean), q),
    "practice-1": lambda reference, new: np.subtract(new, reference) @ np.log(np.divide(new, reference)),
    "practice-2": lambda kinds, n, alarms: chi_square_limit(kinds - 1, alarms) / (2 * n),
    "practice-4": fair_size,
    "practice-6": window,
    "rules-1": lambda p, q: divergence(poisson.pmf(range(200), p), poisson.pmf(range(200), q)),
    "rules-2": lambda p, q: quad(lambda x: p * math.exp(-p * x) * (math.log(p / q) - (p - q) * x), 0, np.inf)[0],
    "rules-3": lambda: quad(lambda x: x * math.exp(-x) * math.log(x), 0, np.inf, epsabs=1e-10)[0],
    "rules-8": lambda mean: -minimize_scalar(lambda c: -mean * c - math.log1p(-c), bounds=(0, 1)).fun,
}


def fenced_code(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def function_of(code, names):
    """Run code and return the first function that it defines."""
    exec(code, names)
    return names[next(node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef))]


def by_id(exercises):
    return pytest.mark.parametrize("exercise", exercises, ids=lambda exercise: exercise.id)


def test_every_number_of_the_bank_has_a_second_route():
    assert set(SECOND_ROUTES) == {exercise.id for exercise in NUMBERS}


@by_id(NUMBERS)
def test_the_truth_is_what_a_second_route_finds(exercise):
    second = SECOND_ROUTES[exercise.id](**exercise.given)
    assert exercise.truth(**exercise.given) == pytest.approx(second, rel=1e-8)


@by_id(FUNCTIONS)
def test_the_function_of_the_question_is_a_known_mistake_and_that_of_the_solution_right(exercise):
    assert "Find the bug." in exercise.question
    asked = function_of(fenced_code(exercise.question)[0], {"np": np, "entr": entr})
    said = exercise.check(asked)
    assert (said.status, said.mistake) == ("mistake", "unchanged")
    assert exercise.check(function_of(fenced_code(exercise.solution)[0], {})).status == "right"


@by_id(ALL)
def test_the_code_of_a_solution_imports_nothing_that_it_does_not_use(exercise):
    for code in fenced_code(exercise.solution):
        nodes = list(ast.walk(ast.parse(code)))
        imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        imported = {alias.asname or alias.name.split(".")[0] for node in imports for alias in node.names}
        assert imported <= {node.id for node in nodes if isinstance(node, ast.Name)}
