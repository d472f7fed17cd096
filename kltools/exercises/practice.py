"""Exercises of the page *Practice*."""

import math
from fractions import Fraction

import numpy as np
from scipy import optimize, special

from kltools._wording import listed, tex_fraction
from kltools.divergence import jeffreys_divergence, kl_divergence, kl_from_logits
from kltools.exercises import ChoiceExercise, ConstructionExercise, Feedback, FunctionExercise, Mistake, NumberExercise

RISEN = {"reference": (0.9999, 0.0001), "new": (0.96, 0.04)}  # a pair that answers the last exercise


def _logarithm(ratio) -> str:
    r"""Say how large a logarithm is from which that of the ratio follows: ``\ln2`` for the ratios 2, 4 and 8."""
    roots = {n: Fraction(ratio ** (1 / n)).limit_denominator(1000) for n in (4, 3, 2, 1)}
    root = next(root for n, root in roots.items() if math.isclose(root**n, ratio))
    return rf"$\ln{tex_fraction(root)}\approx{math.log(root):.2f}$"


def _limit(bins, alarms) -> float:
    """Return the point of chi-square with `bins` - 1 degrees of freedom that a share `alarms` exceeds."""
    return float(special.chdtri(bins - 1, alarms))


def _window_limit(kinds, n, alarms) -> float:
    return _limit(kinds, alarms) / (2 * n)


def _fair_size(bins, rule, alarms) -> int:
    """Return the smallest common size of two samples at which `rule` has so few false alarms."""
    return math.ceil(2 * _limit(bins, alarms) / rule)


def _noncentrality(kinds, alarms, power) -> float:
    limit = _limit(kinds, alarms)
    return optimize.brentq(lambda a: 1 - special.chndtr(limit, kinds - 1, a) - power, 1e-3, 1e3)


def _window(kinds, divergence, alarms, power) -> int:
    return math.ceil(_noncentrality(kinds, alarms, power) / (2 * divergence))


def _index_mistakes(reference, new) -> list[Mistake]:
    gaps = np.abs(np.subtract(reference, new)).sum()
    one_way = "That is one of the two divergences. The index adds both."
    return [
        Mistake("one direction", kl_divergence(new, reference), one_way),
        Mistake("other direction", kl_divergence(reference, new), one_way),
        Mistake("mean", jeffreys_divergence(new, reference) / 2, "The index is the sum of the two, not the mean."),
        Mistake("gaps", gaps, "That adds the differences and leaves out the logarithms."),
    ]


def _window_mistakes(kinds, n, alarms) -> list[Mistake]:
    return [
        Mistake("no half", 2 * _window_limit(kinds, n, alarms), "Chi-square is the law of 2nD, not of nD."),
        Mistake("degrees", _window_limit(kinds + 1, n, alarms), "The shares sum to 1: one degree of freedom is gone."),
        Mistake("mean", (kinds - 1) / (2 * n), "That is about what D is on average in normal windows."),
        Mistake("statistic", _limit(kinds, alarms), "That is the limit for 2nD. What does it say of D?"),
    ]


def _size_mistakes(bins, rule, alarms) -> list[Mistake]:
    exact = 2 * _limit(bins, alarms) / rule
    return [
        Mistake("rounded down", math.floor(exact), "At that size a little more than the stated share passes."),
        Mistake("one sample", math.ceil(exact / 2), "Both samples scatter: 1/n appears twice."),
        Mistake("both together", 2 * math.ceil(exact), "That is the number of values in both samples together."),
        Mistake(
            "known reference", math.ceil(exact / 4), "That is 2nD for a known reference; here there are two samples."
        ),
        Mistake("degrees", _fair_size(bins + 1, rule, alarms), "The shares sum to 1: one degree of freedom is gone."),
    ]


def _detection_mistakes(kinds, divergence, alarms, power) -> list[Mistake]:
    needed = _noncentrality(kinds, alarms, power)
    return [
        Mistake("threshold only", math.ceil(_limit(kinds, alarms) / (2 * divergence)), "That puts D on the threshold."),
        Mistake("no half", math.ceil(needed / divergence), "The noncentrality is 2nD, not nD."),
        Mistake("one degree", _window(2, divergence, alarms, power), "That is for two kinds of request."),
        Mistake("errors exchanged", _window(kinds, divergence, 1 - power, 1 - alarms), "The errors traded places."),
    ]


def _rows(p_logits, q_logits):
    return kl_from_logits(np.atleast_2d(p_logits), np.atleast_2d(q_logits))


def _blind_verdict(reference, new, most, least, smallest) -> Feedback:
    if min(reference.min(), new.min()) < smallest:
        return Feedback("mistake", f"Keep every probability at {smallest:.5f} or more.", "nearly zero")
    blind, sees = kl_divergence(reference, new), kl_divergence(new, reference)
    told = f"D(reference||new) is {blind:.4f} nat, D(new||reference) is {sees:.4f}."
    if blind <= most and sees >= least:
        return Feedback("right", told)
    if sees <= most and blind >= least:
        return Feedback("mistake", f"{told} The two lists stand in the other order.", "slots swapped")
    if sees < least:
        return Feedback("mistake", f"{told} The second is too small.", "too small")
    return Feedback("mistake", f"{told} Both monitors would see it. Which outcomes does each average over?", "both see")


EXERCISES = (
    NumberExercise(
        id="practice-1",
        title="An index by hand",
        level="easy",
        minutes=4,
        given={"reference": (1 / 2, 1 / 4, 1 / 4), "new": (1 / 8, 1 / 4, 5 / 8)},
        values=lambda reference, new: {
            "psi": jeffreys_divergence(new, reference),
            "first": (reference[0] - new[0]) * math.log(reference[0] / new[0]),
            "last": (new[2] - reference[2]) * math.log(new[2] / reference[2]),
            "ratio": reference[0] / new[0],
            "other": new[2] / reference[2],
            "gap": reference[0] - new[0],
            "logarithms": listed(map(_logarithm, (reference[0] / new[0], new[2] / reference[2]))),
        },
        question=r"""
By hand. A score falls into three bins with shares $[[reference]]$ in the reference and $[[new]]$ this month. What is the population stability index, in nats? ([[logarithms]] are enough.)
""",
        hint=r"Each bin adds $(p-q)\ln(p/q)$. What does a bin whose share did not move add?",
        solution=r"""
The middle bin adds nothing. The first adds $[[gap:g]]\ln [[ratio:g]]=[[first:.3f]]$, the last $[[gap:g]]\ln [[other:g]]=[[last:.3f]]$, together $[[psi:.3f]]$ nat. No bin can add less than nothing, unlike the terms of one $D$: the sum of both orders pairs each difference with a logarithm of its own sign.
""",
        truth=lambda reference, new: jeffreys_divergence(new, reference),
        unit="nat",
        mistakes=_index_mistakes,
        tolerance=0.01,
    ),
    NumberExercise(
        id="practice-2",
        title="A threshold that knows n",
        level="easy",
        minutes=4,
        given={"kinds": 6, "n": 500, "alarms": 0.01},
        values=lambda kinds, n, alarms: {
            "limit": _limit(kinds, alarms),
            "threshold": _window_limit(kinds, n, alarms),
            "tenfold": _window_limit(kinds, 10 * n, alarms),
            "ten": 10 * n,
            "degrees": kinds - 1,
            "level": 1 - alarms,
        },
        question=r"""
A known profile has [[kinds]] kinds of request, all of them common. A window holds $n=[[n]]$ independent requests. Above which value of $D(\hat P\|Q)$ of its shares $\hat P$ from the profile $Q$, in nats, does a normal window come with probability [[alarms:.0%]], by the chi-square approximation?
""",
        hint=r"Which multiple of $D$ is about chi-square, and with how many degrees of freedom? `scipy.stats.chi2.ppf` has the point.",
        solution=r"""
```python
from scipy.stats import chi2

threshold = chi2.ppf([[level]], [[kinds]] - 1) / (2 * [[n]])
assert abs(chi2.sf(2 * [[n]] * threshold, [[degrees]]) - [[alarms]]) < 1e-12
```

$2nD$ has [[degrees]] degrees of freedom and the limit $[[limit:.3f]]$, so the threshold is $[[threshold:.6f]]$ nat. With [[ten:,]] requests it would be $[[tenfold:.6f]]$: the same divergence that is noise in a small window is an alarm in a large one.
""",
        truth=_window_limit,
        unit="nat",
        mistakes=_window_mistakes,
    ),
    ChoiceExercise(
        id="practice-3",
        title="Better than the original?",
        level="medium",
        minutes=5,
        question=r"""
To think about. A model stored in 5 bits has the lower perplexity on a test text: the change of the log perplexity is negative, three paired standard errors below 0. Its mean $D(\text{full}\|\text{stored})$ is positive, a hundred standard errors above 0. What follows?
""",
        hint=r"Write the change of the loss as a difference of two divergences from the source of the text. Which of them may rounding lower?",
        options={
            "a": r"A contradiction: the stored model cannot be both different and better, so one number is wrong.",
            "b": r"The stored model predicts this source a little better, by accident, and it is a different model.",
            "c": r"The negative change is noise, since rounding can only lose.",
            "d": r"The stored model is the better one and nothing was lost, since perplexity is what counts.",
        },
        truth="b",
        mistakes=(
            Mistake(
                "contradiction", "a", "D compares two models, the loss compares each with the text. Can both hold?"
            ),
            Mistake("always loses", "c", "What wrote the text: the full model, or another source?"),
            Mistake("nothing lost", "d", "Would a user who relied on the full model's answers notice a difference?"),
        ),
        solution=r"""
b. With $R$ for the source of the text the change is $D(R\|Q)-D(R\|P)$. The full model $P$ is not $R$, so a small step away from $P$ may lead towards $R$; three paired errors say that this one does. $D(P\|Q)>0$ says only that a step was taken. One number judges the fit to a text, the other the fidelity to a model.
""",
    ),
    NumberExercise(
        id="practice-4",
        title="When is 0.25 a fair threshold?",
        level="medium",
        minutes=6,
        given={"bins": 20, "rule": 0.25, "alarms": 0.01},
        values=lambda bins, rule, alarms: {
            "size": _fair_size(bins, rule, alarms),
            "limit": _limit(bins, alarms),
            "exact": 2 * _limit(bins, alarms) / rule,
            "level": 1 - alarms,
        },
        question=r"""
Two samples of the same size $n$ are compared by their population stability index, PSI, in [[bins]] bins. From which $n$ on does a PSI above [[rule]] come with probability at most [[alarms:.0%]] if nothing has changed? Use the chi-square approximation.
""",
        hint=r"For samples of sizes $n$ and $m$ the PSI over $\frac1n+\frac1m$ is about chi-square. Set its threshold equal to [[rule]], with $m=n$, and solve for $n$.",
        solution=r"""
```python
import math
from scipy.stats import chi2

n = math.ceil(2 * chi2.ppf([[level]], [[bins]] - 1) / [[rule]])
assert chi2.sf([[rule]] / (2 / n), [[bins]] - 1) <= [[alarms]] < chi2.sf([[rule]] / (2 / (n - 1)), [[bins]] - 1)
```

The limit is $[[limit:.3f]]$, and twice that over [[rule]] is $[[exact:.1f]]$, so $n=[[size]]$. Below that size the customary threshold rings for nothing; far above it, it sleeps through changes that the data show clearly.
""",
        truth=_fair_size,
        unit="values",
        mistakes=_size_mistakes,
        tolerance=0.001,
    ),
    FunctionExercise(
        id="practice-5",
        title="Find the bug: a model that hardly changed",
        level="medium",
        minutes=8,
        question=r"""
Find the bug. Given the logits of a full and of a stored model, tokens by classes, this function should return the mean of $D(\text{full}\|\text{stored})$ a token, in nats. It makes two mistakes, and for large vocabularies it calls every model unchanged. Write a version that makes none.

```python
from scipy.special import log_softmax

def mean_divergence(full_logits, stored_logits):
    log_p = log_softmax(full_logits, axis=-1)
    log_q = log_softmax(stored_logits, axis=-1)
    return (np.exp(log_q) * (log_q - log_p)).mean()
```
""",
        hint=r"Which model averages? And over which axis is $D$ a sum, over which a mean?",
        truth=lambda p, q: _rows(p, q).mean(),
        cases=(
            (((2.0, 0.0, -1.0), (0.0, 1.0, 0.5)), ((1.0, 0.5, -1.0), (0.0, 0.0, 2.0))),
            (((3.0, 1.0, 0.0, -2.0),), ((2.0, 1.0, 1.0, -1.0),)),
            (((0.5, -0.5), (1.5, 0.0), (40.0, 0.0)), ((0.0, 0.0), (1.0, 1.0), (-1.0, 2.0))),
        ),
        mistakes=(
            Mistake("unchanged", lambda p, q: _rows(q, p).mean() / p.shape[-1], "Both mistakes are still there."),
            Mistake("slots swapped", lambda p, q: _rows(q, p).mean(), "The mean is right; which model averages?"),
            Mistake(
                "mean over classes",
                lambda p, q: _rows(p, q).mean() / p.shape[-1],
                "The slots are right; D is a sum over classes.",
            ),
            Mistake("sum over tokens", lambda p, q: _rows(p, q).sum(), "That is the sum over the tokens."),
            Mistake("bits", lambda p, q: _rows(p, q).mean() / math.log(2), "That is in bits."),
        ),
        solution=r"""
```python
import numpy as np
from scipy.special import log_softmax

def mean_divergence(full_logits, stored_logits):
    log_p = log_softmax(full_logits, axis=-1)
    log_q = log_softmax(stored_logits, axis=-1)
    return (np.exp(log_p) * (log_p - log_q)).sum(axis=-1).mean()

coin, other = np.log([[0.7, 0.3]]), np.log([[0.4, 0.6]])
assert np.isclose(mean_divergence(coin, other), 0.7 * np.log(7 / 4) - 0.3 * np.log(2))
```

A mean over all entries divides by the number of classes too, a factor of a hundred thousand for a large vocabulary. A divergence that looks too good is checked on two classes by hand.
""",
    ),
    NumberExercise(
        id="practice-6",
        title="A window that sees enough",
        level="hard",
        minutes=10,
        given={"kinds": 5, "divergence": 0.02, "alarms": 0.01, "power": 0.9},
        values=lambda kinds, divergence, alarms, power: {
            "n": _window(kinds, divergence, alarms, power),
            "noncentrality": _noncentrality(kinds, alarms, power),
            "limit": _limit(kinds, alarms),
            "naive": math.ceil(_limit(kinds, alarms) / (2 * divergence)),
            "caught": 1 - special.chndtr(_limit(kinds, alarms), kinds - 1, _limit(kinds, alarms)),
            "level": 1 - alarms,
        },
        question=r"""
A profile $Q$ has [[kinds]] kinds of request, all common. Normal windows may raise an alarm with probability [[alarms:.0%]]. A change to a $P$ with $D(P\|Q)=[[divergence]]$ nat should be caught with probability [[power:.0%]]. How many requests must a window hold? (After the change $2nD(\hat P\|Q)$, with the shares $\hat P$ of the window, is about noncentral chi-square, with noncentrality $2nD(P\|Q)$.)
""",
        hint=r"First find the noncentrality at which `scipy.stats.ncx2.sf` of the alarm's limit is [[power]]; it does not depend on $n$.",
        solution=r"""
```python
import math
from scipy.optimize import brentq
from scipy.stats import chi2, ncx2

limit = chi2.ppf([[level]], [[kinds]] - 1)
needed = brentq(lambda a: ncx2.sf(limit, [[kinds]] - 1, a) - [[power]], 1, 100)
n = math.ceil(needed / (2 * [[divergence]]))
assert ncx2.sf(limit, [[kinds]] - 1, 2 * n * [[divergence]]) >= [[power]]
```

The noncentrality is $[[noncentrality:.3f]]$, and the window needs [[n]] requests. With [[naive]], where $D$ just equals the threshold, only about [[caught:.0%]] of such changes would be caught: to set a threshold is not yet to plan a detection.
""",
        truth=_window,
        unit="requests",
        mistakes=_detection_mistakes,
        tolerance=0.001,
    ),
    ConstructionExercise(
        id="practice-7",
        title="What one order does not see",
        level="hard",
        minutes=8,
        given={"most": 0.05, "least": 0.2, "smallest": 1e-5},
        values=lambda most, least, smallest: {
            **RISEN,
            "blind": kl_divergence(RISEN["reference"], RISEN["new"]),
            "sees": kl_divergence(RISEN["new"], RISEN["reference"]),
            "factor": RISEN["new"][1] / RISEN["reference"][1],
        },
        question=r"""
A monitor computes $D(\text{reference}\|\text{new})$. Find a reference and a new distribution on the same outcomes, all probabilities at least [[smallest:.5f]], with $D(\text{reference}\|\text{new})\le[[most]]$ nat although $D(\text{new}\|\text{reference})\ge[[least]]$. Answer with a pair of lists `(reference, new)`.
""",
        hint=r"What is new and was very rare before hardly enters an average over the reference.",
        solution=r"""
Let an outcome that the reference hardly knows become frequent.

```python
from kltools import kl_divergence

reference, new = [[reference]], [[new]]
assert kl_divergence(reference, new) <= [[most]]
assert kl_divergence(new, reference) >= [[least]]
```

Here $D(\text{reference}\|\text{new})=[[blind:.4f]]$ and $D(\text{new}\|\text{reference})=[[sees:.4f]]$ nat, although the second outcome became [[factor:.0f]] times as frequent. To notice what appears, let the new data average; to notice what disappears, let the reference.
""",
        lists=("reference", "new"),
        verdict=_blind_verdict,
    ),
)
