"""Exercises of the chapter *Hypothesis testing*."""

import math

import numpy as np

from kltools import hypothesis_testing as tests
from kltools._wording import in_words
from kltools.divergence import kl_divergence
from kltools.exercises import ChoiceExercise, ConstructionExercise, Feedback, FunctionExercise, Mistake, NumberExercise

RARE = {"p": (0.9, 0.1), "q": (1 - 1e-6, 1e-6)}  # a pair that answers the last exercise


def _odds(p, q, flips, prior) -> float:
    return prior / (1 - prior) * math.exp(tests.log_likelihood_ratio(p, q, ["ht".index(flip) for flip in flips]))


def _share(odds: float) -> float:
    return odds / (1 + odds)


def _odds_mistakes(p, q, flips, prior) -> list[Mistake]:
    odds, heads_only = _odds(p, q, flips, prior), _odds(p, q, flips.replace("t", ""), prior)
    return [
        Mistake("no prior", _share(_odds(p, q, flips, 1 / 2)), "That starts from even odds. What were they?"),
        Mistake("odds", odds, "Those are the odds; the question asks for a probability."),
        Mistake("heads only", _share(heads_only), "The tails speak too, and for the other side."),
        Mistake("other hypothesis", 1 - _share(odds), "That is the probability of the other hypothesis."),
    ]


def _decibans(p, q) -> float:
    return kl_divergence(p, q, base=10**0.1)


def _wear_mistakes(worn, sound) -> list[Mistake]:
    truth, reverse = _decibans(worn, sound), _decibans(sound, worn)
    return [
        Mistake("slots swapped", reverse, "That is the evidence for soundness if the tool is sound."),
        Mistake("bans", truth / 10, "That is in bans; a ban has ten decibans."),
        Mistake("bits", kl_divergence(worn, sound, base=2), "That is in bits."),
        Mistake("both ways", truth + reverse, "That adds the evidence of both truths; only one is true."),
    ]


def _naive(p, q, beta) -> tuple[float, int]:
    quotient = -math.log(beta) / kl_divergence(p, q)
    return quotient, math.ceil(quotient)


def _without_a_toss(p, q, alpha, beta) -> int:
    """Where the test without randomization has failed for the last time, and one more."""
    needed = tests.observations_needed(p, q, alpha, beta)
    tried = range(needed, 2 * needed)
    return 1 + max(n for n in tried if tests.neyman_pearson(p, q, n, alpha, randomized=False).beta > beta)


def _number_mistakes(p, q, alpha, beta) -> list[Mistake]:
    divided = "That is the mean evidence only. A fixed number must also pay for the scatter."
    other = "That divides by the other divergence, and forgets the scatter."
    return [
        *(Mistake("naive", value, divided) for value in _naive(p, q, beta)),
        *(Mistake("naive, slots swapped", value, other) for value in _naive(q, p, beta)),
        Mistake("errors exchanged", tests.observations_needed(p, q, beta, alpha), "The errors have traded places."),
        Mistake("no toss", _without_a_toss(p, q, alpha, beta), "That is the number without a toss at the threshold."),
    ]


def _die(faces: int, mean: float) -> tests.SanovExponent:
    return tests.sanov_exponent(np.full(faces, 1 / faces), np.arange(1, faces + 1), mean)


def _bell(faces, mean) -> float:
    return (mean - (faces + 1) / 2) ** 2 * 6 / (faces**2 - 1)


def _die_mistakes(faces, mean) -> list[Mistake]:
    fair, spots = np.full(faces, 1 / faces), np.arange(1, faces + 1)
    mixed = (2 * mean - faces - 1) / (faces - 1)  # how much of the last face gives the mean
    heavy = kl_divergence((1 - mixed) * fair + mixed * (spots == faces), fair)
    swapped = kl_divergence(fair, _die(faces, mean).distribution)
    return [
        Mistake("slots swapped", swapped, "The slots are swapped: the loaded die averages."),
        Mistake("bell curve", _bell(faces, mean), "That is a bell curve's exponent; it holds near the mean only."),
        Mistake("not the nearest", heavy, "A die with one heavy face is not the nearest."),
    ]


def _travel(alpha, beta) -> float:
    """Minus the mean evidence at the stop under Q, the overshoot left out."""
    return (1 - beta) * math.log((1 - beta) / alpha) - beta * math.log((1 - alpha) / beta)


def _wald_mistakes(p, q, alpha, beta) -> list[Mistake]:
    wrong_slot = _travel(alpha, beta) / kl_divergence(p, q)
    one_barrier = math.log((1 - beta) / alpha) / kl_divergence(q, p)
    return [
        Mistake("other truth", tests.sprt(p, q, alpha, beta).mean_n_p, "That is the mean if P is true."),
        Mistake("wrong slot", wrong_slot, "The evidence is right; its speed under Q is the other divergence."),
        Mistake("one barrier", one_barrier, "Some walks of Q stop at the other barrier: weigh both."),
        Mistake("errors exchanged", tests.sprt(p, q, beta, alpha).mean_n_q, "The two errors have traded places."),
    ]


def _first(out) -> float:
    return np.argmax(out) + 1 if np.any(out) else np.inf


def _stops_at(evidence, alpha, beta, total=np.cumsum):
    walk = total(evidence)
    return _first((walk >= np.log((1 - alpha) / beta)) | (walk <= -np.log((1 - beta) / alpha)))


def _pair_verdict(p, q, n, alpha, divergence, miss) -> Feedback:
    found, beta = kl_divergence(p, q), tests.neyman_pearson(p, q, n, alpha).beta
    if math.isinf(found):
        return Feedback("mistake", "D(P||Q) is infinite: Q must allow what P allows.", "infinite")
    told = f"Here D(P||Q) is {found:.4f} nat and the best test has beta = {beta:.4f}."
    if found < divergence:
        return Feedback("mistake", f"{told} The divergence is too small.", "divergence too small")
    if beta <= miss:
        return Feedback("mistake", f"{told} Let most evidence come from what is rare under P.", "test too good")
    return Feedback("right", told)


EXERCISES = (
    NumberExercise(
        id="hypothesis_testing-1",
        title="From evidence to belief",
        level="easy",
        minutes=4,
        given={"p": (3 / 4, 1 / 4), "q": (1 / 4, 3 / 4), "flips": "hhthhth", "prior": 1 / 4},
        values=lambda p, q, flips, prior: {
            "factor": p[0] / q[0],
            "ratio": _odds(p, q, flips, 1 / 2),
            "against": 1 / prior - 1,
            "odds": _odds(p, q, flips, prior),
            "posterior": _share(_odds(p, q, flips, prior)),
            "lead": flips.count("h") - flips.count("t"),
            "nats": math.log(_odds(p, q, flips, 1 / 2)),
        },
        question=r"""
By hand. A coin shows heads and tails with probabilities [[p]] under $P$ and [[q]] under $Q$. Before any flip you give $P$ the probability [[prior]]. Then you see `[[flips]]` (h for heads, t for tails). What is the probability of $P$ now?
""",
        hint=r"Each head multiplies the odds by [[factor:g]], each tail divides them by as much. Odds of $a:b$ are the probability $a/(a+b)$.",
        solution=r"""
Heads lead by [[lead]], so the evidence is $[[lead]]\ln [[factor:g]]=[[nats:.2f]]$ nats, and it multiplies the odds by [[ratio:g]]. They were $1:[[against:g]]$ and become $[[odds:.4g]]:1$, the probability [[posterior:.4g]]. Only the lead of heads over tails enters: the evidence is all that a test, or a belief, needs to know of the flips.
""",
        truth=lambda p, q, flips, prior: _share(_odds(p, q, flips, prior)),
        mistakes=_odds_mistakes,
    ),
    NumberExercise(
        id="hypothesis_testing-2",
        title="Decibans a part",
        level="easy",
        minutes=4,
        given={"worn": (0.06, 0.94), "sound": (0.02, 0.98)},
        values=lambda worn, sound: {
            "decibans": _decibans(worn, sound),
            "reverse": _decibans(sound, worn),
            "parts": 20 / _decibans(worn, sound),
        },
        question=r"""
Parts come out spoiled or good, with probabilities [[sound]] from a sound tool and [[worn]] from a worn one. How many decibans of evidence for wear does a part give on average, if the tool is worn? (Ten decibans are a factor of ten in the odds.)
""",
        hint=r"Worn is the truth here, so it averages. Use the logarithm to base 10, times 10.",
        solution=r"""
```python
import numpy as np
from kltools import kl_divergence

worn, sound = np.array([[worn]]), np.array([[sound]])
decibans = kl_divergence(worn, sound, base=10**0.1)
assert np.isclose(decibans, 10 * worn @ np.log10(worn / sound))
```

A part gives $[[decibans:.4f]]$ deciban, so that [[parts:.0f]] parts give the twenty decibans of 100:1 on average. If the tool is sound a part gives [[reverse:.4f]] deciban the other way: wear shows faster than soundness, because a spoiled part says more than a good one.
""",
        truth=lambda worn, sound: _decibans(worn, sound),
        unit="deciban",
        mistakes=_wear_mistakes,
    ),
    ChoiceExercise(
        id="hypothesis_testing-3",
        title="Which order of the slots?",
        level="medium",
        minutes=5,
        question=r"""
To think about. A screening test sees $n$ independent markers a person, drawn from $H$ in healthy people and from $S$ in sick ones. Of the healthy it may call one in a hundred sick, whatever $n$ is. With the best test, what number says how fast the share of the sick who are called healthy falls as $n$ grows?
""",
        hint=r"Which hypothesis is it whose rejection is rationed? What do the markers of a sick person have to look like to be passed?",
        options={
            "a": r"$D(S\|H)$, because it is sick people who are missed",
            "b": r"$D(H\|S)$, because it is errors about the healthy that are rationed",
            "c": r"the Chernoff information $C(H,S)$, because two errors are in play",
            "d": r"none of these, because it depends on the one in a hundred",
        },
        truth="b",
        mistakes=(
            Mistake("true hypothesis first", "a", "To be missed, which distribution must their data look like?"),
            Mistake("both errors", "c", "That would be so if both errors fell. One of them is held fixed."),
            Mistake("level", "d", "At every finite n it does. Does it in the limit?"),
        ),
        solution=r"""
b. Healthy is the hypothesis whose rejection is rationed, so it stands in the first slot of the theorem of Chernoff and Stein. By Sanov's theorem: to be missed, $n$ markers drawn from $S$ must look like $H$, and that has probability about $e^{-nD(H\|S)}$. There the first slot holds what the data pose as, the second what they are.
""",
    ),
    NumberExercise(
        id="hypothesis_testing-4",
        title="How many samples a batch?",
        level="medium",
        minutes=6,
        given={"p": (0.6, 0.4), "q": (0.8, 0.2), "alpha": 0.05, "beta": 1e-4},
        values=lambda p, q, alpha, beta: {
            "needed": tests.observations_needed(p, q, alpha, beta),
            "naive": _naive(p, q, beta)[1],
            "swapped": tests.observations_needed(p, q, beta, alpha),
            "one_in": 1 / beta,
            "alarm": 1 / alpha,
        },
        question=r"""
A sample dissolves in time, or does not, with probabilities [[p]] in a good batch and [[q]] in a bad one. A fixed number of samples is taken from each batch. At most one good batch in [[alarm:.0f]] may be thrown away, and at most one bad batch in [[one_in:,.0f]] accepted. What is the smallest number of samples for which some test does both? (A toss of a coin at the threshold is allowed.)
""",
        hint=r"Name the null hypothesis first; $\alpha$ is the error under it. Then `observations_needed` of `kltools.hypothesis_testing` does the search.",
        solution=r"""
```python
from kltools.hypothesis_testing import neyman_pearson, observations_needed

n = observations_needed([[p]], [[q]], alpha=[[alpha]], beta=[[beta]])
best = [neyman_pearson([[p]], [[q]], k, [[alpha]]).beta for k in (n - 1, n)]
assert n == [[needed]] and best[0] > [[beta]] >= best[1]
```

It takes [[needed]] samples, where the logarithm of [[one_in:,.0f]] divided by $D$ promises [[naive]]; with the errors exchanged it would be [[swapped]]. A number of samples that is fixed beforehand must pay for the scatter of the evidence, not only for its mean.
""",
        truth=tests.observations_needed,
        unit="samples",
        mistakes=_number_mistakes,
        tolerance=0.001,
    ),
    NumberExercise(
        id="hypothesis_testing-5",
        title="An average of [[average]]",
        level="medium",
        minutes=8,
        given={"faces": 6, "mean": 5},
        values=lambda faces, mean: {
            "average": in_words(mean),
            "exponent": _die(faces, mean).value,
            "tilt": _die(faces, mean).tilt,
            "six": _die(faces, mean).distribution[-1],
            "bell": _bell(faces, mean),
        },
        question=r"""
A fair die with [[faces]] faces is thrown again and again. With which exponent, in nats a throw, does the probability fall that the average is at least [[mean]]?
""",
        hint=r"Look for the die with weights $e^{sk}$ on the faces $k$ whose mean is [[mean]], by bisection in $s$ or with `sanov_exponent` of `kltools.hypothesis_testing`.",
        solution=r"""
```python
import numpy as np
from scipy.optimize import brentq

spots = np.arange(1, [[faces]] + 1)

def loaded(s):
    weights = np.exp(s * spots)
    return weights / weights.sum()

s = brentq(lambda s: loaded(s) @ spots - [[mean]], 0, 5)
exponent = loaded(s) @ np.log(loaded(s) * [[faces]])
assert np.isclose(exponent, s * [[mean]] - np.log(np.mean(np.exp(s * spots))))
```

The tilt is $s=[[tilt:.4f]]$, the nearest die shows its highest face with probability [[six:.4f]], and the exponent is $[[exponent:.6f]]$ nat. A bell curve of the same variance would say [[bell:.6f]]: near the mean the divergence is a parabola, farther out it is not.
""",
        truth=lambda faces, mean: _die(faces, mean).value,
        unit="nat",
        mistakes=_die_mistakes,
    ),
    NumberExercise(
        id="hypothesis_testing-6",
        title="What a sequential test costs",
        level="hard",
        minutes=10,
        given={"p": (0.5, 0.5), "q": (0.8, 0.2), "alpha": 0.01, "beta": 0.05},
        values=lambda p, q, alpha, beta: {
            "mean": tests.sprt(p, q, alpha, beta).mean_n_q,
            "other": tests.sprt(p, q, alpha, beta).mean_n_p,
            "exact": tests.sprt(p, q, alpha, beta).stopping_law("Q").mean,
            "fixed": tests.observations_needed(p, q, alpha, beta),
        },
        question=r"""
Heads and tails have probabilities [[p]] under $P$ and [[q]] under $Q$. Wald's test runs with $\alpha=[[alpha]]$ (to decide $Q$ although $P$ is true) and $\beta=[[beta]]$ (to decide $P$ although $Q$ is true). Suppose its errors are exactly these, and that the walk of evidence stops on a barrier and not beyond it. How many flips does the test use on average if $Q$ is true?
""",
        hint=r"Under $Q$ the identity reads $\mathbb E_Q[N]\,D(Q\|P)=-\mathbb E_Q[L_N]$. With what probabilities is $L_N$ at the lower and at the upper barrier?",
        solution=r"""
Under $Q$ the walk ends at the upper barrier $\ln\frac{1-\alpha}{\beta}$ with probability $\beta$ and at the lower one, $-\ln\frac{1-\beta}{\alpha}$, with probability $1-\beta$.

```python
import numpy as np
from kltools import kl_divergence
from kltools.hypothesis_testing import sprt

p, q, alpha, beta = [[p]], [[q]], [[alpha]], [[beta]]
upper, lower = np.log((1 - alpha) / beta), -np.log((1 - beta) / alpha)
mean = -(beta * upper + (1 - beta) * lower) / kl_divergence(q, p)
assert np.isclose(mean, sprt(p, q, alpha, beta).mean_n_q)
```

That gives $[[mean:.2f]]$ flips ($[[other:.2f]]$ if $P$ is true). The walk does step over the barrier, so the true mean is $[[exact:.2f]]$; a number fixed beforehand would have to be [[fixed]]. The mean evidence at the stop hangs mostly on the barriers, and the divergence turns it into time.
""",
        truth=lambda p, q, alpha, beta: _travel(alpha, beta) / kl_divergence(q, p),
        unit="flips",
        mistakes=_wald_mistakes,
    ),
    FunctionExercise(
        id="hypothesis_testing-7",
        title="Find the bug: a test that stops wrongly",
        level="medium",
        minutes=8,
        question=r"""
Find the bug. Given the evidence $\ln\frac{p(x)}{q(x)}$ of each observation, in order, this function should return how many observations Wald's test uses, and infinity if it has not decided by the end. $\alpha$ is the probability to decide $Q$ although $P$ is true, $\beta$ that to decide $P$ although $Q$ is true. It makes two mistakes. Write a version that makes none.

```python
def stops_at(evidence, alpha, beta):
    upper, lower = np.log((1 - beta) / alpha), -np.log((1 - alpha) / beta)
    for n, total in enumerate(np.cumsum(evidence)):
        if total >= upper or total <= lower:
            return n
    return np.inf
```
""",
        hint=r"To decide $P$ wrongly has probability $\beta$: which barrier must hold $\beta$ in the denominator? And what does `enumerate` begin with?",
        truth=_stops_at,
        cases=(
            ((0.5, 1.0, -0.5, 2.0, 1.0, 1.5, 1.0, 2.0), 0.1, 0.01),
            ((-0.5, -1.0, 0.5, -1.5, -1.0, -2.0, -2.0), 0.1, 0.01),
            ((-0.5, 1.0, -1.5, -1.0, -1.5, -2.0), 0.01, 0.1),
            ((0.5, -0.5, 0.5, -0.5), 0.05, 0.05),
        ),
        mistakes=(
            Mistake("unchanged", lambda e, a, b: _stops_at(e, b, a) - 1, "Both mistakes are still there."),
            Mistake("barriers exchanged", lambda e, a, b: _stops_at(e, b, a), "The count is right, not the barriers."),
            Mistake("one too few", lambda e, a, b: _stops_at(e, a, b) - 1, "The barriers are right, the count is not."),
            Mistake("no sum", lambda e, a, b: _stops_at(e, a, b, np.array), "Single observations: evidence adds up."),
            Mistake("one barrier", lambda e, a, b: _first(np.cumsum(e) >= np.log((1 - a) / b)), "It never decides Q."),
        ),
        solution=r"""
```python
import numpy as np

def stops_at(evidence, alpha, beta):
    upper, lower = np.log((1 - alpha) / beta), -np.log((1 - beta) / alpha)
    for n, total in enumerate(np.cumsum(evidence), start=1):
        if total >= upper or total <= lower:
            return n
    return np.inf

assert stops_at([-2.0, -1.0], alpha=0.1, beta=0.01) == 2
```

With equal errors the two barriers are mirror images and the first mistake stays hidden. A test that guards against one error more than the other has to be tried with unequal ones.
""",
    ),
    ConstructionExercise(
        id="hypothesis_testing-8",
        title="A large divergence and a poor test",
        level="hard",
        minutes=10,
        given={"n": 20, "alpha": 0.05, "divergence": 1.0, "miss": 0.5},
        values=lambda n, alpha, divergence, miss: {
            **RARE,
            "found": kl_divergence(**RARE),
            "beta": tests.neyman_pearson(**RARE, n=n, alpha=alpha).beta,
            "none": RARE["p"][0] ** n,
            "promised": -n * kl_divergence(**RARE) / math.log(10),
        },
        question=r"""
Find two distributions with $D(P\|Q)$ finite and at least [[divergence:.0f]] nat for which the best test on $n=[[n]]$ observations that rejects a true $P$ with probability $\alpha=[[alpha]]$ still accepts $P$ with a probability $\beta>[[miss]]$ when $Q$ is true. Answer with a pair of lists `(p, q)`.
""",
        hint=r"The mean of the evidence may be large because of an outcome that hardly ever comes. What does the test see when it does not come?",
        solution=r"""
Let one outcome be rare under $P$, and far rarer under $Q$.

```python
from kltools import kl_divergence
from kltools.hypothesis_testing import neyman_pearson

p, q = [[p]], [[q]]
assert kl_divergence(p, q) >= [[divergence]]
assert neyman_pearson(p, q, n=[[n]], alpha=[[alpha]]).beta > [[miss]]
```

The outcome settles the case when it comes, and $D=[[found:.3f]]$ nat. But with probability [[none:.2f]] it does not come in [[n]] observations from $P$, more than $\alpha$ allows to reject; so the test must mostly accept $P$ then, and $Q$ nearly always looks like that: $\beta=[[beta:.2f]]$. The exponent alone would promise $10^{[[promised:.1f]]}$. $D$ is a mean; how soon it can be relied on depends on the scatter.
""",
        lists=("p", "q"),
        verdict=_pair_verdict,
    ),
)
