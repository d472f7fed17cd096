"""Exercises of the chapter *Likelihood*."""

import math
from functools import partial

import numpy as np
from scipy.optimize import brentq
from scipy.special import softmax
from scipy.stats import binom, chisquare, laplace, norm

from kltools._validation import count_vector
from kltools._wording import flips_told
from kltools.divergence import kl_divergence
from kltools.exercises import ChoiceExercise, ConstructionExercise, Feedback, FunctionExercise, Mistake, NumberExercise
from kltools.likelihood import empirical_distribution, g_statistic

FACES = np.arange(1, 7)


def _frequencies(sequence: str) -> np.ndarray:
    return empirical_distribution(["HT".index(flip) for flip in sequence], 2)


def _ratio(sequence, q) -> float:
    return math.exp(len(sequence) * kl_divergence(_frequencies(sequence), q))


def _ratio_mistakes(sequence, q):
    n, p = len(sequence), _frequencies(sequence)
    divergence, swapped = kl_divergence(p, q), kl_divergence(q, p)
    return [
        Mistake("divergence", divergence, "That is D, the logarithm of the ratio shared out over the flips."),
        Mistake("logarithm", n * divergence, "That is the logarithm of the ratio."),
        Mistake("one flip", math.exp(divergence), "That is the ratio for one flip; the question has all of them."),
        Mistake("upside down", 1 / _ratio(sequence, q), "The ratio is upside down: Q explains the data worse."),
        Mistake("slots swapped", math.exp(n * swapped), "The two slots are swapped: the data average, not the model."),
    ]


def _label_loss(chances) -> float:
    return -float(np.log(chances).mean())


def _g(counts, q) -> float:
    return g_statistic(counts, q).statistic


def _g_mistakes(counts, q):
    n, p = sum(counts), np.array(counts) / sum(counts)
    pearson = float(chisquare(counts, n * np.array(q)).statistic)
    swapped = "The two slots are swapped: the observed frequencies average."
    return [
        Mistake("n D", _g(counts, q) / 2, "That is the lead in log-likelihood; the statistic is twice that."),
        Mistake("no n", kl_divergence(p, q), "That is D for one observation."),
        Mistake("slots swapped", 2 * n * kl_divergence(q, p), swapped),
        Mistake("Pearson", pearson, "That is Pearson's chi-square, which is near; the question asks for G."),
    ]


def _record(mean) -> list[int]:
    """How often each face came in throws of this mean: ten, or more where its hundredths need them."""
    throws = [1, 2, 4, 4, 5, 5, 6, 6, 6, 6] * (10 // math.gcd(round(100 * mean), 10))
    while excess := sum(throws) - round(mean * len(throws)):
        moved = throws.index(max(throws) if excess > 0 else min(throws))
        throws[moved] -= 1 if excess > 0 else -1
    return [throws.count(face) for face in range(1, 7)]


def _last_face(mean) -> float:
    tilt = brentq(lambda t: softmax(t * FACES) @ FACES - mean, -5, 5)
    return float(softmax(tilt * FACES)[-1])


def _normal_for_laplace(scale, deviation=2**0.5) -> float:
    """D(Laplace||normal), the normal's standard deviation in units of the Laplace scale."""
    return kl_divergence(laplace(scale=scale), norm(scale=deviation * scale))


def _laplace_entropy(scale) -> float:
    return float(laplace(scale=scale).entropy())


def _normal_mistakes(scale):
    not_subtracted = "That is the cross-entropy; the entropy of the Laplace distribution is not subtracted."
    swapped = kl_divergence(norm(scale=2**0.5 * scale), laplace(scale=scale))
    return [
        Mistake("same scale", _normal_for_laplace(scale, 1), "That normal's standard deviation is the Laplace scale."),
        Mistake("cross-entropy", _normal_for_laplace(scale) + _laplace_entropy(scale), not_subtracted),
        Mistake("slots swapped", swapped, "The two slots are swapped: the data average."),
    ]


def _loss(train, test, extra: float, total: float | None = None) -> float:
    """Mean negative log-likelihood of the test counts, from training counts with some extra."""
    model = (train + extra) / (total or (train + extra).sum())
    return float(-np.sum(test * np.log(model)) / test.sum())


_held_out = partial(_loss, extra=0.5)


def _bug(train, test):
    return _loss(train, test, 0.5, train.sum())


def _together(theta, shifts) -> tuple[int, int, int]:
    """Counts with this fit where pumps fail together, but for one shift or two."""
    failed = round(2 * theta * shifts)
    both = (failed - 1) // 2
    return shifts - failed + both, failed - 2 * both, both


def _counts_verdict(answer, theta: float, shifts: int, least: float) -> Feedback:
    counts = count_vector(answer, "counts")
    if counts.size != 3:
        return Feedback("invalid", "Give three whole numbers: shifts in which none, one and both failed.")
    if counts.sum() != shifts:
        return Feedback("mistake", f"These are {counts.sum():.0f} shifts, not {shifts}.", "wrong total")
    fitted = (counts[1] + 2 * counts[2]) / (2 * shifts)
    if not math.isclose(fitted, theta):
        if math.isclose((counts[1] + counts[2]) / shifts, theta):
            told = "That is the share of shifts with a failure. Independent pumps count the pumps that failed."
            return Feedback("mistake", told, "wrong moment")
        return Feedback("mistake", f"The best theta for these counts is {fitted:.4f}.", "other fit")
    divergence = kl_divergence(counts / shifts, binom.pmf(range(3), 2, theta))
    told = f"The fit is right, and D(data||fit) is {divergence:.4f} nat."
    return Feedback("right", told) if divergence >= least else Feedback("mistake", told, "fits too well")


EXERCISES = (
    NumberExercise(
        id="likelihood-1",
        title="[[Number]] flips",
        level="easy",
        minutes=4,
        given={"sequence": "HHTH", "q": (0.5, 0.5)},
        values=lambda sequence, q: {
            "ratio": _ratio(sequence, q),
            "divergence": kl_divergence(_frequencies(sequence), q),
            **flips_told(sequence),
        },
        question=r"""
By hand. A coin falls `[[sequence]]`. How many times likelier are these flips under their own frequencies than under a fair coin?
""",
        hint=r"Multiply the [[number]] probabilities under each model and divide. No logarithm is needed.",
        solution=r"""
Under their own frequencies the flips have probability $[[powers]]$, under the fair coin $[[fair]]$. The ratio is $[[fraction]]=[[ratio:g]]$. It is
$e^{nD}$: the divergence is $[[terms]]=[[divergence:.4f]]$ nat a flip, and there are [[n]] flips. A divergence is the logarithm of a likelihood ratio, shared out over the observations.
""",
        truth=_ratio,
        unit="times",
        mistakes=_ratio_mistakes,
    ),
    NumberExercise(
        id="likelihood-2",
        title="Three pictures",
        level="easy",
        minutes=4,
        given={"chances": (0.9, 0.6, 0.2)},
        values=lambda chances: {"loss": _label_loss(chances), "accuracy": math.exp(-_label_loss(chances))},
        question=r"""
A classifier sees three pictures and gives their right labels the probabilities $[[chances]]$. What is the mean of $D(\text{label}\|\text{model})$, in nats a picture?
""",
        hint=r"A label is a distribution with all its probability on one class. Which terms of $D$ remain?",
        solution=r"""
Of each divergence one term remains, $1\cdot\ln\frac{1}{q(\text{right})}$.

```python
import numpy as np
from kltools import kl_divergence

loss = np.mean([kl_divergence([1, 0], [right, 1 - right]) for right in [[chances]]])
assert np.isclose(loss, -np.log([[chances]]).mean())
```

The mean is $[[loss:.6f]]$ nat, and most of it comes from the third picture. Training on this loss is maximum likelihood: $e^{-[[loss:.4f]]}=[[accuracy:.4f]]$ is the geometric mean of the probabilities given to what was right.
""",
        truth=_label_loss,
        unit="nat",
        mistakes=lambda chances: [
            Mistake("sum", len(chances) * _label_loss(chances), "That is the sum; the question asks for the mean."),
            Mistake(
                "mean first",
                -math.log(np.mean(chances)),
                "That is the logarithm of the mean probability; average the logarithms.",
            ),
            Mistake("misses", 1 - float(np.mean(chances)), "That is the mean probability of the wrong labels."),
        ],
    ),
    NumberExercise(
        id="likelihood-3",
        title="A hundred flips against a claim",
        level="easy",
        minutes=5,
        given={"counts": (70, 30), "q": (0.6, 0.4)},
        values=lambda counts, q: {
            "g": _g(counts, q),
            "p": g_statistic(counts, q).p_value,
            "divergence": _g(counts, q) / (2 * sum(counts)),
        },
        question=r"""
A coin is claimed to show heads and tails with probabilities $[[q]]$, and it showed them $[[counts]]$ times. What is the statistic $G$ of the likelihood-ratio test of that claim?
""",
        hint=r"$G=2n\,D(\hat P\|Q)$ in nats, with $n$ flips. Which of the two is $\hat P$?",
        solution=r"""
```python
import numpy as np
from kltools import kl_divergence
from kltools.likelihood import g_statistic

counts, q = np.array([[counts]]), np.array([[q]])
g = g_statistic(counts, q)
assert np.isclose(g.statistic, 2 * counts.sum() * kl_divergence(counts / counts.sum(), q))
```

$D$ is only $[[divergence:.5f]]$ nat a flip, yet $G=[[g:.4f]]$ and the p-value is about $[[p:.3f]]$: a small divergence is evidence when there are enough flips.
""",
        truth=_g,
        unit="nat",
        mistakes=_g_mistakes,
    ),
    NumberExercise(
        id="likelihood-4",
        title="A die of which only the mean is kept",
        level="medium",
        minutes=10,
        given={"mean": 4.5},
        values=lambda mean: {"six": _last_face(mean), "even": 1 / 6, "throws": _record(mean), "n": sum(_record(mean))},
        question=r"""
The throws of a die average $[[mean]]$. In the family $q_\theta(k)\propto e^{\theta k}$, $k=1,\dots,6$, what probability does the maximum-likelihood fit give the six?
""",
        hint=r"The fit has the mean of the data. Find $\theta$ with `scipy.optimize.brentq`.",
        solution=r"""
```python
import numpy as np
from scipy.optimize import brentq
from scipy.special import softmax
from kltools.likelihood import fit_maximum_likelihood

faces = np.arange(1, 7)
theta = brentq(lambda t: softmax(t * faces) @ faces - [[mean]], -5, 5)
six = softmax(theta * faces)[-1]

throws = [[throws]]     # any record with this mean
fit = fit_maximum_likelihood(lambda t: softmax(t * faces), throws, bounds=(-5, 5))
assert np.isclose(np.dot(throws, faces) / [[n]], [[mean]]) and np.isclose(fit.distribution[-1], six)
```

The six gets $[[six:.4f]]$ where a fair die gives $[[even:.4f]]$. The family looks at the data through their mean alone, so every record with this mean has the same fit, however badly it fits.
""",
        truth=_last_face,
        mistakes=lambda mean: [
            Mistake("fair", 1 / 6, "That is the fair die, whose mean is 3.5."),
            Mistake(
                "mirrored", _last_face(7 - mean), "The tilt has the wrong sign: the mean is above that of a fair die."
            ),
            Mistake("weights", 6 / FACES.sum(), "That is proportional to k, not to the exponential."),
        ],
    ),
    NumberExercise(
        id="likelihood-5",
        title="The wrong bell",
        level="hard",
        minutes=12,
        given={"scale": 1.0},
        values=lambda scale: {
            "divergence": _normal_for_laplace(scale),
            "variance": 2 * scale**2,
            "cross": _normal_for_laplace(scale) + _laplace_entropy(scale),
            "entropy": _laplace_entropy(scale),
        },
        question=r"""
Measurements come from the Laplace distribution $P$ with density $\frac12 e^{-|x|}$, and a normal distribution is fitted to more and more of them by maximum likelihood. What does $D(P\|\text{fit})$ tend to, in nats?
""",
        hint=r"The fit tends to the normal distribution with the mean and the variance of $P$. Then $D$ is the cross-entropy less the entropy, and the latter is $1+\ln 2$.",
        solution=r"""
The normal family matches mean 0 and variance $[[variance:g]]$. The cross-entropy is $\frac12\ln(2\pi\cdot[[variance:g]])+\frac12=[[cross:.6f]]$ and the entropy of $P$ is $1+\ln2=[[entropy:.6f]]$ nat.

```python
import numpy as np
from scipy.stats import laplace, norm
from kltools import kl_divergence

divergence = kl_divergence(laplace(0, 1), norm(0, np.sqrt(2)))
assert np.isclose(divergence, 0.5 * np.log(4 * np.pi) + 0.5 - (1 + np.log(2)))
assert divergence < min(kl_divergence(laplace(0, 1), norm(0, s)) for s in (1.3, 1.5))
```

The limit is $[[divergence:.6f]]$ nat, not zero. The likelihood alone shows the cross-entropy; how much of it is misfit stays hidden until somebody estimates the entropy or tries a better family.
""",
        truth=_normal_for_laplace,
        unit="nat",
        mistakes=_normal_mistakes,
    ),
    ChoiceExercise(
        id="likelihood-6",
        title="Two analysts and a million shifts",
        level="medium",
        minutes=6,
        given={"record": (70, 10, 20)},
        values=lambda record: {"shifts": sum(record), "both": record[2], "one": record[1], "none": record[0]},
        question=r"""
To think about. Of [[shifts]] shifts in a mine both of two pumps ran in [[none]], one failed in [[one]], both failed in [[both]]. The records grow to a million shifts, in the same proportions. Analyst A fits pumps that fail independently, each with the same chance $\theta$. Analyst B takes the three frequencies as they are. What holds?
""",
        hint=r"Ask of each claim whether it speaks of $D(\text{data}\|\text{fit})$ or of $\theta$, and what each does as $n$ grows.",
        options={
            "a": "Analyst A's estimate keeps wandering, because the model is wrong.",
            "b": r"Analyst A's divergence from the data falls like $1/n$, because the estimate converges.",
            "c": "AIC still prefers analyst A, whose model has one parameter less.",
            "d": r"Analyst A's estimate settles, and the log-likelihood falls behind analyst B's in proportion to $n$.",
        },
        truth="d",
        mistakes=(
            Mistake("no limit", "a", "A wrong model has a closest member, and the estimate goes there."),
            Mistake("limit is the truth", "b", "The estimate converges, but to what? Its divergence has a floor."),
            Mistake("AIC ignores n", "c", "The price of a parameter does not grow with n. What does?"),
        ),
        solution=r"""
d. The estimate settles at the $\theta$ of smallest $D$, and there the divergence stays above zero. B's log-likelihood leads by $n$ times that divergence, while AIC charges B one unit for the second parameter. More data make the parameter certain and the misfit plain; they do not make the model true.
""",
    ),
    FunctionExercise(
        id="likelihood-7",
        title="Find the bug: a loss that is too good",
        level="medium",
        minutes=8,
        question=r"""
Find the bug. From the counts of a training sample this function makes a model, with half a count added to each outcome, and returns its mean negative log-likelihood on the counts of a test sample, in nats. On
some pairs of samples it reports less than the entropy of the test sample, which no model can. Write a version that is right.

```python
def held_out_loss(train, test):
    model = (train + 0.5) / train.sum()
    return -np.sum(test * np.log(model)) / test.sum()
```
""",
        hint=r"The loss is $H+D$ with $D\ge0$ if the model is a distribution. Is it?",
        truth=_held_out,
        cases=(((7, 3), (4, 6)), ((6, 0, 4), (2, 1, 2)), ((20, 5, 5, 10), (3, 0, 3, 2)), ((1, 0), (9, 1))),
        mistakes=(
            Mistake("unchanged", _bug, "The model still does not sum to 1: the added halves count too."),
            Mistake(
                "no smoothing",
                lambda a, b: _loss(a, b, 0),
                "That is the loss without the half counts, infinite for what is new.",
            ),
            Mistake("add one", lambda a, b: _loss(a, b, 1), "You add one to each count, not one half."),
            Mistake(
                "test seen", lambda a, b: _loss(a + b, b, 0.5), "The model has seen the test counts, which it may not."
            ),
            Mistake("bits", lambda a, b: _held_out(a, b) / math.log(2), "The values are in bits."),
        ),
        solution=r"""
```python
import numpy as np

def held_out_loss(train, test):
    model = (train + 0.5) / (train + 0.5).sum()
    return -np.sum(test * np.log(model)) / test.sum()

train, test = np.array([6, 0, 4]), np.array([2, 1, 2])
shares = test / test.sum()
assert held_out_loss(train, test) > -np.sum(shares * np.log(shares))
```

The old weights summed to more than 1, so the loss was too small by $\ln(1+k/2n)$ for $k$ outcomes and $n$ training counts. For one distribution on counts, a loss below their entropy is never skill: it does not sum to 1.
""",
    ),
    ConstructionExercise(
        id="likelihood-8",
        title="The same fit, a bad fit",
        level="hard",
        minutes=8,
        given={"theta": 0.25, "shifts": 40, "least": 0.3},
        values=lambda theta, shifts, least: {
            "found": _together(theta, shifts),
            "divergence": kl_divergence(np.divide(_together(theta, shifts), shifts), binom.pmf(range(3), 2, theta)),
            "failed": 2 * theta * shifts,
        },
        question=r"""
A mine has two pumps. Find counts of the shifts in which none, one and both failed, [[shifts]] shifts in all, to which maximum likelihood fits independent pumps that fail with the chance $\theta=[[theta]]$ each, but with $D(\text{data}\|\text{fit})$ at least $[[least]]$ nat. Answer with a list of three whole numbers.
""",
        hint=r"The fit depends on the data through the number of pumps that failed. Keep that number, and put the failures where independent pumps rarely have them.",
        solution=r"""
The estimate is the share of the $2\cdot[[shifts]]$ pumps that failed, so [[failed:.0f]] pumps have to fail. Let them fail together: $[[found]]$ will do.

```python
import numpy as np
from kltools.likelihood import fit_maximum_likelihood

counts = [[found]]
fit = fit_maximum_likelihood(lambda t: [(1 - t)**2, 2 * t * (1 - t), t**2], counts, bounds=(0, 1))
assert np.isclose(fit.parameters["theta"], [[theta]]) and fit.divergence >= [[least]]
```

The divergence is $[[divergence:.4f]]$ nat. A parameter that is estimated well says nothing about whether its model is any good: look at $D$ too.
""",
        verdict=_counts_verdict,
    ),
)
