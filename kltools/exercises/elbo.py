"""Exercises of the chapter *ELBO*."""

import math
from functools import cache

import numpy as np
from scipy import stats

from kltools._validation import real_array
from kltools._wording import in_words
from kltools.divergence import kl_divergence
from kltools.elbo import coordinate_ascent, elbo, importance_weighted_bound
from kltools.exercises import ChoiceExercise, ConstructionExercise, Feedback, FunctionExercise, Mistake, NumberExercise

LOPSIDED = ((0.6, 0.01), (0.01, 0.2))  # a table that answers the last exercise
SWAPPED = "The two slots are swapped: q averages."


def _posterior(prior, likelihood) -> np.ndarray:
    joint = np.multiply(prior, likelihood)
    return joint / joint.sum()


def _alarm_gap(prior, likelihood, q) -> float:
    return kl_divergence(q, _posterior(prior, likelihood))


def _to_standard(mean, variance) -> float:
    """Return D(N(mean, variance)||N(0, 1))."""
    return kl_divergence(stats.norm(mean, math.sqrt(variance)), stats.norm(0, 1))


def _equal_precision(size, correlation) -> float:
    """Return the diagonal entry of the inverse of an equicorrelated matrix."""
    covariance = np.full((size, size), correlation) + (1 - correlation) * np.eye(size)
    return float(np.linalg.inv(covariance)[0, 0])


def _prior_gap(x) -> float:
    return kl_divergence(stats.norm(0, 1), _weighted_q(x, 1, 1))


@cache
def _weighted_bound(x, k) -> float:
    def model(z):
        return stats.norm.logpdf(z) + stats.norm.logpdf(x, z)

    return importance_weighted_bound(stats.norm(0, 1), model, k).value


def _shortfall(x, k) -> float:
    return float(stats.norm.logpdf(x, 0, math.sqrt(2))) - _weighted_bound(x, k)


def _weighted_q(x, noise, beta):
    """Return the q of a beta-VAE on the line; for beta = 1 it is the posterior."""
    return stats.norm(x / (1 + beta * noise), math.sqrt(beta * noise / (1 + beta * noise)))


def _weighted_gap(x, noise, beta, taken=None) -> float:
    """Return D(q||posterior) for the q of a beta-VAE, computed for the noise `taken` if given."""
    return kl_divergence(_weighted_q(x, taken or noise, beta), _weighted_q(x, noise, 1))


def _bound(q, prior, likelihood) -> float:
    return elbo(q, np.log(np.multiply(prior, likelihood))).value


def _log_of_the_mean(q, prior, likelihood) -> float:
    return np.log(np.sum(q * likelihood)) - np.sum(q * np.log(q / prior))


def _log_of_the_mean_at_zero(q, prior, likelihood) -> float:
    return np.log(q @ likelihood) - kl_divergence(q, prior)


def _swapped_prior(q, prior, likelihood) -> float:
    return q @ np.log(likelihood) - kl_divergence(prior, q)


def _nan_at_zero(q, prior, likelihood) -> float:
    return np.sum(q * np.log(likelihood)) - np.sum(q * np.log(q / prior))


def _optima(table, first, second) -> tuple:
    """Return what coordinate ascent finds from both factors at each start, and how far apart the bounds are."""
    one, other = (coordinate_ascent(np.log(table), start=[near, near]) for near in (first, second))
    return one, other, abs(one.elbo[-1] - other.elbo[-1])


def _table_verdict(answer, margin, first, second) -> Feedback:
    table = real_array(answer, "table")
    if table.shape != (2, 2) or not (np.isfinite(table).all() and (table > 0).all()):
        return Feedback("invalid", "Give a table of two rows of two positive numbers.")
    one, other, apart = _optima(table, first, second)
    if apart >= margin - 1e-9:
        return Feedback("right", f"The two bounds are {apart:.3f} nat apart.")
    if np.allclose(one.factors, other.factors, atol=1e-3):
        return Feedback("mistake", "Both starts end at the same factors.", "one optimum")
    if apart < 1e-6:
        return Feedback("mistake", "Two optima, but equally good ones: the modes weigh the same.", "equal modes")
    return Feedback("mistake", f"Two optima, but only {apart:.3f} nat apart.", "margin too small")


EXERCISES = (
    NumberExercise(
        id="elbo-1",
        title="An alarm",
        level="easy",
        minutes=6,
        given={"prior": (0.2, 0.8), "likelihood": (0.6, 0.2), "q": (0.7, 0.3)},
        values=lambda prior, likelihood, q: {
            "gap": _alarm_gap(prior, likelihood, q),
            "bound": _bound(q, prior, likelihood),
            "evidence": math.log(np.dot(prior, likelihood)),
            "joint": np.multiply(prior, likelihood).round(9).tolist(),
        },
        question=r"""
By hand. A machine is faulty or sound; the prior is $[[prior]]$, in this order. Its alarm rings with the probabilities $[[likelihood]]$. It rings, and an operator approximates the posterior by $q = [[q]]$.
How many nats does the ELBO of this $q$ lie below the log evidence?
""",
        hint=r"Multiply prior and likelihood, entry by entry. The sum is the evidence.",
        solution=r"""
The joint probabilities are $[[joint]]$, and $p(x)$ is their sum.

```python
import numpy as np
from kltools import kl_divergence

joint, q = np.multiply([[prior]], [[likelihood]]), np.array([[q]])
gap = np.log(joint.sum()) - q @ np.log(joint / q)
assert np.isclose(gap, kl_divergence(q, joint / joint.sum()))
```

The ELBO is $[[bound:.6f]]$, the log evidence $[[evidence:.6f]]$, and the gap $[[gap:.6f]]$ nat is $D(q\|p(z|x))$. The operator averages, so the operator's $q$ stands in the first slot.
""",
        truth=_alarm_gap,
        unit="nat",
        mistakes=lambda prior, likelihood, q: [
            Mistake("slots swapped", kl_divergence(_posterior(prior, likelihood), q), SWAPPED),
            Mistake("prior", kl_divergence(q, prior), "That is the divergence from the prior. The alarm has rung."),
            Mistake("no prior", kl_divergence(q, _posterior(1, likelihood)), "Multiply by the prior first."),
            Mistake("bound", _bound(q, prior, likelihood), "That is the ELBO itself. How far below ln p(x) is it?"),
        ],
    ),
    NumberExercise(
        id="elbo-2",
        title="Sixteen coordinates",
        level="easy",
        minutes=5,
        given={"size": 16, "mean": 1.0, "variance": 0.25},
        values=lambda size, **one: {"one": _to_standard(**one), "all": size * _to_standard(**one)},
        question=r"""
An encoder describes an image by $q(z|x) = N(m, S)$ in [[size]] dimensions. Every coordinate of $m$ is [[mean:g]], and $S$ is diagonal with the *variance* [[variance:g]] in every coordinate. How many nats is
$D(q(z|x)\|N(0, I))$?
""",
        hint=r"Coordinates are independent under both distributions, so the divergences add. For one, take the formula for two normals on the line.",
        solution=r"""
```python
import numpy as np
from scipy import stats
from kltools import kl_divergence

one = kl_divergence(stats.norm([[mean]], np.sqrt([[variance]])), stats.norm(0, 1))
assert np.isclose(one, ([[variance]] + [[mean]]**2 - 1 - np.log([[variance]])) / 2)
```

One coordinate costs $[[one:.6f]]$ nat, all [[size]] cost $[[all:.4f]]$. This is the price of one image's code; of how all images together fill the latent space it says nothing yet.
""",
        truth=lambda size, **one: size * _to_standard(**one),
        unit="nat",
        mistakes=lambda size, mean, variance: [
            Mistake("one coordinate", _to_standard(mean, variance), "That is one coordinate. The others cost as much."),
            Mistake("squared", size * _to_standard(mean, variance**2), "The variance has been squared."),
            Mistake("slots swapped", size * _to_standard(mean / math.sqrt(variance), 1 / variance), SWAPPED),
            Mistake("no half", 2 * size * _to_standard(mean, variance), "The factor one half is missing."),
        ],
    ),
    NumberExercise(
        id="elbo-3",
        title="Three correlated unknowns",
        level="medium",
        minutes=8,
        given={"size": 3, "correlation": 0.6},
        values=lambda correlation, size: {"best": 1 / _equal_precision(size, correlation), "pair": 1 - correlation**2},
        question=r"""
A posterior is normal in [[size]] dimensions. Every variance is 1 and every correlation is [[correlation]]. What variance does the factorized $q$ with the largest ELBO give to one coordinate?
""",
        hint=r"It is not the pairwise $1-\rho^2$. Invert the covariance matrix and look at its diagonal.",
        solution=r"""
```python
import numpy as np
from scipy import stats
from kltools.elbo import coordinate_ascent

covariance = np.full((3, 3), [[correlation]]) + (1 - [[correlation]]) * np.eye(3)
found = coordinate_ascent(stats.multivariate_normal(np.zeros(3), covariance))
assert np.isclose(found.factors[0].var(), 1 / np.linalg.inv(covariance)[0, 0])
```

The variance is $1/\Lambda_{ii} = [[best:.4f]]$, where the truth is 1 and two coordinates alone would have given [[pair:.4f]]. It is the variance of a coordinate when *all* others are known, so here each further unknown makes $q$ narrower.
""",
        truth=lambda size, correlation: 1 / _equal_precision(size, correlation),
        mistakes=lambda size, correlation: [
            Mistake("pair", 1 - correlation**2, "That is the answer for two coordinates. Here there are more."),
            Mistake("marginal", 1.0, "That is the variance of P, which the other direction, D(P||q), would keep."),
            Mistake("precision", _equal_precision(size, correlation), "That is the precision: take its reciprocal."),
            Mistake("root", _equal_precision(size, correlation) ** -0.5, "That is the standard deviation."),
        ],
    ),
    NumberExercise(
        id="elbo-4",
        title="[[count]] weights",
        level="medium",
        minutes=8,
        given={"x": 2.0, "k": 10},
        values=lambda x, k: {
            "count": in_words(k).capitalize(),
            "shortfall": _shortfall(x, k),
            "gap": _prior_gap(x),
            "bound": _weighted_bound(x, k),
            "evidence": _shortfall(x, k) + _weighted_bound(x, k),
        },
        question=r"""
Let $z\sim N(0,1)$ and $x|z\sim N(z,1)$. The observation is $x = [[x:g]]$, and $q$ is the prior. By how many nats does the bound of $K = [[k]]$ weights, $\mathbb E\ln\frac1K\sum_k\frac{p(x,z_k)}{q(z_k)}$ with independent $z_k\sim q$, fall short of $\ln p(x)$? Compute it without drawing.
""",
        hint=r"`importance_weighted_bound` of `kltools.elbo` computes the bound, without `rng`. Averaging out $z$ leaves $x\sim N(0,2)$, with variance 2.",
        solution=r"""
```python
from scipy import stats
from kltools.elbo import evidence, importance_weighted_bound

def model(z):
    return stats.norm.logpdf(z) + stats.norm.logpdf([[x]], z)

bound = importance_weighted_bound(stats.norm(0, 1), model, [[k]]).value
shortfall = evidence(model).value - bound
assert 0 < shortfall < 0.1
```

The log evidence is $[[evidence:.6f]]$, the bound $[[bound:.6f]]$, and it lacks $[[shortfall:.6f]]$ nat, where the ELBO lacks $[[gap:.6f]]$. Weights repair the *bound*; the $q$ that they are drawn from is as far from the posterior as before.
""",
        truth=_shortfall,
        unit="nat",
        mistakes=lambda x, k: [
            Mistake("one weight", _prior_gap(x), "That is the gap of the ELBO, with one weight."),
            Mistake("divided by K", _prior_gap(x) / k, "The gap is not divided by K."),
            Mistake("bound", _weighted_bound(x, k), "That is the bound. How far below ln p(x) is it?"),
            Mistake("first x", _shortfall(1.0, k), "That is the shortfall for x = 1."),
        ],
    ),
    ChoiceExercise(
        id="elbo-5",
        title="A training curve",
        level="medium",
        minutes=5,
        given={"before": -95, "after": -90},
        values=lambda before, after: {"rise": after - before},
        question=r"""
To think about. A model $p_\theta$ and an approximation $q$ are trained together. The ELBO of an observation $x$ was $[[before]]$ nats yesterday and is $[[after]]$ nats today. What follows?
""",
        hint=r"Write the ELBO as $\ln p_\theta(x)$ less the gap, for both days. Which combinations of the two could give these numbers?",
        options={
            "a": r"$\ln p_\theta(x)$ has risen by at least [[rise]] nats",
            "b": r"$D(q\|p_\theta(z|x))$ has fallen",
            "c": r"$\ln p_\theta(x)$ is at least $[[after]]$ nats today",
            "d": r"either the evidence has risen or the gap has fallen, but not both",
        },
        truth="c",
        mistakes=(
            Mistake("bound for evidence", "a", "The bound rose. Could a shrinking gap alone have paid for that?"),
            Mistake("model forgotten", "b", "With a fixed model, yes. But the model has moved as well."),
            Mistake("one or the other", "d", "At least one of the two happened. What forbids that both did?"),
        ),
        solution=r"""
c. Every ELBO is a lower bound on the log evidence of *its own* model, so today's log evidence is at least $[[after]]$. Of yesterday's evidence only a lower bound is known, so no difference follows; the evidence
may even have fallen. A training curve of the ELBO proves where the model is at least, and not how far it came.
""",
    ),
    FunctionExercise(
        id="elbo-6",
        title="Find the bug: a bound above the evidence",
        level="medium",
        minutes=8,
        given={"q": (0.6, 0.4), "prior": (0.5, 0.5), "likelihood": (0.7, 0.3)},
        values=lambda q, prior, likelihood: {
            "wrong": _log_of_the_mean(*map(np.array, (q, prior, likelihood))),
            "evidence": math.log(np.dot(prior, likelihood)),
        },
        question=r"""
Find the bug. This function should return the ELBO in nats of a `q` over finitely many $z$, given the prior and the likelihood $p(x|z)$ of each. For `q = [[q]]`, `prior = [[prior]]` and `likelihood = [[likelihood]]` it returns $[[wrong:.3f]]$, although
$\ln p(x) = [[evidence:.3f]]$. It also fails when an entry of `q` is zero. Write a version that is right on both counts.

```python
def bound(q, prior, likelihood):
    fit = np.log(np.sum(q * likelihood))
    return fit - np.sum(q * np.log(q / prior))
```
""",
        hint=r"The ELBO holds $\mathbb E_q \ln p(x|z)$. On which side of the average does the logarithm stand? For the zero: sum over the states with $q(z)>0$.",
        truth=_bound,
        cases=(
            ((0.6, 0.4), (0.5, 0.5), (0.7, 0.3)),
            ((0.5, 0.5, 0.0), (0.2, 0.3, 0.5), (0.9, 0.1, 0.4)),
            ((0.1, 0.2, 0.7), (0.3, 0.3, 0.4), (0.2, 0.5, 0.6)),
        ),
        mistakes=(
            Mistake("unchanged", _log_of_the_mean, "The logarithm still stands outside the average."),
            Mistake("zero", _nan_at_zero, "Nearly: a zero in `q` still gives NaN."),
            Mistake("log of the mean", _log_of_the_mean_at_zero, "The zero is mended. Now look at the logarithm."),
            Mistake("slots swapped", _swapped_prior, "In the prior term q must average."),
            Mistake("no prior", lambda q, _, likelihood: q @ np.log(likelihood), "The prior term is missing."),
        ),
        solution=r"""
```python
import numpy as np
from scipy.special import rel_entr

def bound(q, prior, likelihood):
    possible = q > 0
    fit = np.sum(q[possible] * np.log(likelihood[possible]))
    return fit - np.sum(rel_entr(q, prior))

q, prior, likelihood = map(np.array, ([[q]], [[prior]], [[likelihood]]))
assert bound(q, prior, likelihood) < np.log(prior @ likelihood)
```

The logarithm is concave, so taking it after the average can only raise the value, here above $\ln p(x)$. A "lower bound", computed exactly, that passes the evidence is a bug.
""",
    ),
    NumberExercise(
        id="elbo-7",
        title="The price of beta",
        level="hard",
        minutes=12,
        given={"x": 1.0, "noise": 0.5, "beta": 4.0},
        values=lambda x, noise, beta: {
            "gap": _weighted_gap(x, noise, beta),
            "mean": _weighted_q(x, noise, beta).mean(),
            "variance": _weighted_q(x, noise, beta).var(),
        },
        question=r"""
Let $z\sim N(0,1)$ and $x|z\sim N(z,\sigma^2)$ with the *variance* $\sigma^2 = [[noise:g]]$, and let $x = [[x:g]]$. Somebody chooses the normal $q$ that maximizes $\mathbb E_q\ln p(x|z)-\beta D(q\|p(z))$ with $\beta = [[beta:g]]$.
By how many nats does the ordinary ELBO of this $q$ fall short of $\ln p(x)$?
""",
        hint=r"Set the derivatives with respect to the mean and the variance of $q$ to zero. For $\beta=1$ your $q$ must be the posterior: check that.",
        solution=r"""
The derivatives vanish at $m = x/(1+\beta\sigma^2)$ and $s^2=\beta\sigma^2/(1+\beta\sigma^2)$, here $m = [[mean:.4f]]$ and $s^2 = [[variance:.4f]]$.

```python
import numpy as np
from scipy import stats
from kltools import kl_divergence

def best(beta, x=[[x]], noise=[[noise]]):
    scale = 1 + beta * noise
    return stats.norm(x / scale, np.sqrt(beta * noise / scale))

gap = kl_divergence(best([[beta]]), best(1))      # beta = 1 gives the posterior
assert gap > 0
```

The gap is $[[gap:.6f]]$ nat: $\beta>1$ pulls $q$ towards the prior, and the evidence bound pays for it. Whoever reports $\mathbb E_q\ln p(x|z)-\beta D$ with $\beta > 1$ as "the ELBO" reports less still.
""",
        truth=_weighted_gap,
        unit="nat",
        mistakes=lambda x, noise, beta: [
            Mistake("unit noise", _weighted_gap(x, noise, beta, taken=1), "That is the q for noise of variance 1."),
            Mistake("slots swapped", kl_divergence(_weighted_q(x, noise, 1), _weighted_q(x, noise, beta)), SWAPPED),
            Mistake("squared", _weighted_gap(x, noise**2, beta), "The noise is given as a variance."),
        ],
    ),
    ConstructionExercise(
        id="elbo-8",
        title="Two answers of one algorithm",
        level="hard",
        minutes=10,
        given={"margin": 0.5, "first": (0.9, 0.1), "second": (0.1, 0.9)},
        values=lambda margin, **starts: {"table": LOPSIDED, "apart": _optima(LOPSIDED, **starts)[2]},
        question=r"""
Find a joint table $p(x,z_1,z_2)$ for $z_1,z_2\in\{0,1\}$, all entries positive, on which coordinate ascent of the ELBO over $q_1(z_1)\,q_2(z_2)$ ends at two different bounds, at least [[margin]] nat apart: once from both factors at $[[first]]$, once from both at $[[second]]$. Answer with a list of two rows.
""",
        hint=r"Independent factors hold one corner of the table well and two opposite corners badly. Whose corner should be the heavier?",
        solution=r"""
Two opposite corners of unequal weight:

```python
import numpy as np
from kltools.elbo import coordinate_ascent

table = np.log([[table]])
first, second = (coordinate_ascent(table, start=[near, near]) for near in ([[first]], [[second]]))
assert first.elbo[-1] - second.elbo[-1] >= [[margin]]
```

Each start settles on its own corner, and the bounds are $[[apart:.3f]]$ nat apart. A factor improves only as far as the others let it: run several starts and keep the largest bound, which is the nearest in $D(q\|p(z|x))$.
""",
        verdict=_table_verdict,
    ),
)
