"""Exercises of the chapter *Surprise*."""

import math

import numpy as np
from scipy.special import xlogy
from scipy.stats import binom

from kltools._wording import plain_fraction
from kltools.divergence import cross_entropy, entropy, jeffreys_divergence, kl_divergence
from kltools.exercises import ChoiceExercise, ConstructionExercise, Feedback, FunctionExercise, Mistake, NumberExercise
from kltools.surprise import information_gain

TURNED = (0.7, 0.2, 0.1), (0.1, 0.7, 0.2)  # a pair that answers the last exercise


def _coin(heads: float) -> tuple[float, float]:
    return heads, 1 - heads


def _mean_bits(rain) -> float:
    return -sum(math.log2(chance) for chance in rain) / len(rain)


def _excess(heads: float, belief: float) -> float:
    return kl_divergence(_coin(heads), _coin(belief))


def _spread(heads: float, belief: float) -> float:
    steps = math.log(heads / belief) - math.log((1 - heads) / (1 - belief))
    return abs(steps) * math.sqrt(heads * (1 - heads))


def _wrong_leads(heads, belief, n: int) -> float:
    """The probability that after n flips the belief has the better score than the coin's own probabilities."""
    k = np.arange(n + 1)
    lead = k * math.log(heads / belief) + (n - k) * math.log((1 - heads) / (1 - belief))
    return float(binom.pmf(k, n, heads)[lead < 0].sum())


def _flips(heads: float, belief: float, spreads: int = 2) -> float:
    """How many flips make the mean gap equal to so many of its standard deviations."""
    return (spreads * _spread(heads, belief) / _excess(heads, belief)) ** 2


def _first_beyond(flips: float) -> int:
    return math.floor(flips) + 1


def _dearest_honesty(belief: float) -> float:
    """The announcement with the least expected fine where the fine is 1/q."""
    return math.sqrt(belief) / (math.sqrt(belief) + math.sqrt(1 - belief))


def _posterior(prior, likelihood):
    return prior * likelihood / np.sum(prior * likelihood)


def _lesson(prior, likelihood) -> float:
    return information_gain(_posterior(prior, likelihood), prior)


def _entropy_drop(prior, likelihood) -> float:
    return entropy(prior) - entropy(_posterior(prior, likelihood))


def _nan_at_zero(prior, likelihood):
    posterior = _posterior(prior, likelihood)
    return np.sum(posterior * np.log(posterior / prior))


def _unnormalized(prior, likelihood):
    return np.sum(xlogy(prior * likelihood, likelihood))


def _order_verdict(p, q, margin) -> Feedback:
    forth, back = kl_divergence(p, q), kl_divergence(q, p)
    if not np.allclose(np.sort(p), np.sort(q), atol=1e-9):
        return Feedback("mistake", "The two lists do not hold the same three numbers.", "other numbers")
    if math.isinf(forth) or math.isinf(back):
        return Feedback("mistake", "A zero makes a direction infinite: find a pair of positive numbers.", "zero")
    told = f"The two directions give {forth:.4f} and {back:.4f} nat."
    if abs(forth - back) >= margin - 1e-12:
        return Feedback("right", told)
    if np.allclose(p, q, atol=1e-9):
        return Feedback("mistake", "The two lists are the same: both directions are 0.", "same list")
    if np.isclose(p, q, atol=1e-9).any():
        swapped = "One entry stays and two change places: the same exchange leads from P to Q and from Q to P."
        return Feedback("mistake", swapped, "one exchange")
    return Feedback("mistake", f"The right kind of reordering, but too close: {told}", "margin too small")


EXERCISES = (
    NumberExercise(
        id="surprise-1",
        title="Wet mornings",
        level="easy",
        minutes=3,
        given={"rain": (1 / 4, 1 / 2, 1 / 16)},
        values=lambda rain: {
            "announced": ", ".join(map(plain_fraction, rain)),
            "surprises": ", ".join(f"{-math.log2(chance):g}" for chance in rain),
            "mean": _mean_bits(rain),
            "total": len(rain) * _mean_bits(rain),
            "days": len(rain),
        },
        question=r"""
By hand. On [[days]] mornings a forecaster gives rain the probabilities [[announced]]. It rains on all of them. What was the forecaster's mean surprise, in bits a day?
""",
        hint=r"Each day has a surprise of its own, $\log_2 1/q$. Average the surprises, not the probabilities.",
        solution=r"""
The surprises are [[surprises]] bits, [[total:g]] together, so the mean is [[total:g]]/[[days]] = [[mean:.4f]] bits a day. One confident miss weighs as much as several honest doubts: averaging the probabilities first
would have hidden it.
""",
        truth=_mean_bits,
        unit="bit",
        mistakes=lambda rain: [
            Mistake(
                "sum", len(rain) * _mean_bits(rain), "That is the surprise of all days together. The mean was asked."
            ),
            Mistake(
                "mean probability",
                -math.log2(sum(rain) / len(rain)),
                "That is the surprise at the mean probability. Take the logarithm of each day first.",
            ),
        ],
    ),
    NumberExercise(
        id="surprise-2",
        title="Too sure",
        level="easy",
        minutes=5,
        given={"heads": 0.7, "belief": 0.9},
        values=lambda heads, belief: {
            "excess": _excess(heads, belief),
            "fair": _excess(heads, 0.5),
            "times": _excess(heads, belief) / _excess(heads, 0.5),
        },
        question=r"""
A coin shows heads with probability [[heads]]. A friend gives heads the probability [[belief]]. By how many nats a flip does the friend's mean surprise exceed that of one who knows
the coin?
""",
        hint=r"Average $\ln p(x)/q(x)$ over the coin, not over the friend's belief.",
        solution=r"""
```python
import numpy as np
from kltools import kl_divergence

h, b = [[heads]], [[belief]]
excess = kl_divergence([h, 1 - h], [b, 1 - b])
heads, tails = np.log(h / b), np.log((1 - h) / (1 - b))
assert np.isclose(excess, h * heads + (1 - h) * tails)
```

The excess is [[excess:.6f]] nat. Somebody who takes the coin for fair has an excess of [[fair:.6f]] nat, so this friend pays [[times:.2f]] times as much for being wrong. What makes overconfidence dear is the flips that were
called unlikely and come all the same.
""",
        truth=_excess,
        unit="nat",
        mistakes=lambda heads, belief: [
            Mistake("slots swapped", _excess(belief, heads), "The flips come from the coin: who flips averages."),
            Mistake(
                "whole surprise",
                cross_entropy(_coin(heads), _coin(belief)),
                "That is the friend's whole surprise. How much of it would one who knows the coin suffer too?",
            ),
            Mistake("entropy", entropy(_coin(heads)), "That is the surprise which even the right belief suffers."),
        ],
    ),
    NumberExercise(
        id="surprise-3",
        title="Two perplexities",
        level="medium",
        minutes=5,
        given={"model": 24.0, "floor": 20.0},
        values=lambda model, floor: {"divergence": math.log(model / floor), "share": model / floor - 1},
        question=r"""
A synthetic language is built so that its next word, which depends on nothing before it, has perplexity [[floor:g]]. A model trained on it reaches perplexity [[model:g]], which is $e^{H(P,Q)}$. How large is $D(P\|Q)$, in
nats a word?
""",
        hint=r"Take logarithms of both perplexities. Which two quantities appear, and what is their difference?",
        solution=r"""
$\ln [[model:g]] = H(P,Q)$ and $\ln [[floor:g]] = H(P)$, so $D(P\|Q)=\ln\frac{[[model:g]]}{[[floor:g]]} = [[divergence:.6f]]$ nat a word. A perplexity that is [[share:.0%]] too large means the same divergence whatever the language: ratios of
perplexities measure models, differences of perplexities do not.
""",
        truth=lambda model, floor: math.log(model / floor),
        unit="nat",
        mistakes=lambda model, floor: [
            Mistake("difference", model - floor, "A difference of exponentials has no meaning here."),
            Mistake("log of the difference", math.log(model - floor), "Take the logarithm of each, then subtract."),
            Mistake("ratio", model / floor, "That is the ratio of the perplexities. D is its logarithm."),
            Mistake("relative", model / floor - 1, "That is the ratio less 1, which only resembles its logarithm."),
            Mistake("cross-entropy", math.log(model), "That is the model's whole surprise a word."),
        ],
    ),
    NumberExercise(
        id="surprise-4",
        title="When does it show?",
        level="medium",
        minutes=8,
        given={"heads": 0.8, "belief": 0.6},
        values=lambda heads, belief: {
            "n": _first_beyond(_flips(heads, belief)),
            "mean": _excess(heads, belief),
            "spread": _spread(heads, belief),
            "bound": _flips(heads, belief),
            "behind": 100 * _wrong_leads(heads, belief, _first_beyond(_flips(heads, belief))),
        },
        question=r"""
A coin shows heads with probability [[heads]], and a forecaster believes [[belief]]. Over $n$ flips the gap between the forecaster's mean surprise and that of one who knows the coin has the expectation $D(P\|Q)$ and the standard deviation $\sigma/\sqrt n$, with $\sigma$ that of one flip. What is the smallest $n$ for which the expectation exceeds two standard deviations?
""",
        hint=r"In one flip the gap takes two values, $\ln p(x)/q(x)$. Find their mean and their standard deviation under $P$, then solve $D > 2\sigma/\sqrt n$ for $n$.",
        solution=r"""
```python
import numpy as np
from kltools import kl_divergence

h, b = [[heads]], [[belief]]
p, q = np.array([h, 1 - h]), np.array([b, 1 - b])
mean = kl_divergence(p, q)
spread = np.sqrt(p @ (np.log(p / q) - mean) ** 2)
n = int((2 * spread / mean) ** 2) + 1
assert n == [[n]]
```

Here $D=[[mean:.4f]]$ nat and $\sigma=[[spread:.4f]]$ nat, so $n$ must exceed $(2\sigma/D)^2=[[bound:.2f]]$: [[n]] flips. Two standard deviations are no proof: after that many flips the wrong forecaster still leads in [[behind:.1f]] percent of all cases.
""",
        truth=lambda heads, belief: float(_first_beyond(_flips(heads, belief))),
        mistakes=lambda heads, belief: [
            Mistake("not whole", _flips(heads, belief), "There is no such number of flips. Which is the first beyond?"),
            Mistake("rounded down", math.floor(_flips(heads, belief)), "There D does not exceed two sd yet: one more."),
            Mistake("one sd", _first_beyond(_flips(heads, belief, 1)), "That is one sd; two were asked."),
            Mistake("no square", _first_beyond(_flips(heads, belief) ** 0.5), "sd falls with the root of n: square."),
            Mistake("slots swapped", _first_beyond(_flips(belief, heads)), "Coin and belief have changed places."),
        ],
    ),
    ChoiceExercise(
        id="surprise-5",
        title="One Mars",
        level="medium",
        minutes=6,
        given={"mine": (0.4, 0.6), "yours": (0.6, 0.4)},
        values=lambda mine, yours: {
            "gain": kl_divergence(mine, yours),
            "sum": jeffreys_divergence(mine, yours),
            "mars": mine[0],
            "other": yours[0],
        },
        question=r"""
To think about. I give life on Mars the probability [[mars]], you give it [[other]]. We agree that, once it is known, whoever was more surprised pays the other the difference of the two surprises, $\ln\frac1q$ for the probability $q$ that was given. Each of us expects to gain
[[gain:.4f]] nat. What follows?
""",
        hint=r"Write the gain of each as a function of the outcome, and add the two functions. Then ask who averages.",
        options={
            "a": "One of us made a slip, since what one gains the other loses.",
            "b": "Both of us computed correctly, and no single distribution gives both of us an expected gain.",
            "c": "Both of us computed correctly, so together we gain [[sum:.4f]] nat.",
            "d": "Neither number means anything: Mars happens once, and an expectation needs repetition.",
        },
        truth="b",
        mistakes=(
            Mistake("one average", "a", "What one gains the other loses, in each outcome. But do both average alike?"),
            Mistake("real money", "c", "Add the gains in each outcome: what does the pair gain, whatever Mars holds?"),
            Mistake(
                "frequencies only", "d", "A belief averages over outcomes without repetition. Whose average is it?"
            ),
        ),
        solution=r"""
b. In each outcome my gain is your loss. My average uses my probabilities and yours uses yours, so each of two divergences comes out positive; under any one distribution the two averages would be opposite numbers.
Their sum, [[sum:.4f]] nat, is the Jeffreys divergence: nobody's money, but the size of the disagreement, and the reason why bets are made at all.
""",
    ),
    NumberExercise(
        id="surprise-6",
        title="A fine that rewards timidity",
        level="medium",
        minutes=8,
        given={"belief": 0.8},
        values=lambda belief: {
            "best": _dearest_honesty(belief),
            "saved": belief / _dearest_honesty(belief) + (1 - belief) / (1 - _dearest_honesty(belief)),
        },
        question=r"""
By hand. A contest fines each forecaster $1/q(x)$, where $q(x)$ is the probability announced for what happened. You believe that it will rain with probability [[belief]]. Which probability of rain do you announce, if you want
the smallest expected fine?
""",
        hint=r"Minimize $p/r + (1-p)/(1-r)$ over $r$: set the derivative to 0 and take roots.",
        solution=r"""
The derivative vanishes where $p/r^2 = (1-p)/(1-r)^2$, so $r$ and $1-r$ are proportional to the roots of your probabilities: $r=[[best:.4f]]$. The expected fine is then [[saved:.3f]], and honesty would cost 2, one for each outcome.

```python
import numpy as np

p, r = [[belief]], np.linspace(0.01, 0.99, 9801)
fine = p / r + (1 - p) / (1 - r)
assert abs(r[fine.argmin()] - [[best:.4f]]) < 1e-3
```

The rule punishes misses so hard that it pays to hedge: whoever scores forecasts with it collects timid numbers and takes them for beliefs.
""",
        truth=_dearest_honesty,
        mistakes=lambda belief: [
            Mistake("honest", belief, "That is your belief. Does it minimize this fine?"),
            Mistake("bold", 1.0, "Then a dry day costs an infinite fine."),
            Mistake("not normalized", math.sqrt(belief), "The roots of the two probabilities do not sum to 1 yet."),
            Mistake("squares", belief**2 / (belief**2 + (1 - belief) ** 2), "There squares stand where roots belong."),
            Mistake("dry", 1 - _dearest_honesty(belief), "That is the probability of a dry day."),
        ],
    ),
    FunctionExercise(
        id="surprise-7",
        title="Find the bug: a negative lesson",
        level="medium",
        minutes=8,
        question=r"""
Find the bug. The function should return the information gain in nats of one who holds `prior` over some hypotheses and sees data with probability `likelihood` under each. On a rare disease and a positive test it returned a negative
number. Mend it; a hypothesis that the data exclude must not spoil the result.

```python
def lesson(prior, likelihood):
    posterior = prior * likelihood / np.sum(prior * likelihood)
    return np.sum(entr(prior)) - np.sum(entr(posterior))
```

(`entr(x)` from `scipy.special` is $-x\ln x$, with the value 0 at 0.)
""",
        hint=r"A difference of two entropies can have any sign. Which divergence of posterior and prior is the gain, and who averages?",
        truth=_lesson,
        cases=(
            ((0.98, 0.02), (0.05, 0.9)),
            ((0.5, 0.3, 0.2), (0.1, 0.1, 0.7)),
            ((0.25, 0.25, 0.25, 0.25), (1.0, 0.5, 0.0, 0.5)),
            ((0.6, 0.4), (0.3, 0.3)),
        ),
        mistakes=(
            Mistake("unchanged", _entropy_drop, "That is still the drop of the entropy, which may be negative."),
            Mistake("absolute value", lambda p, x: abs(_entropy_drop(p, x)), "Dropping the sign hides the bug."),
            Mistake("slots swapped", lambda p, x: information_gain(p, _posterior(p, x)), "The posterior must average."),
            Mistake("zero", _nan_at_zero, "Nearly: an excluded hypothesis gives NaN. It should contribute nothing."),
            Mistake("not normalized", _unnormalized, "Divide by the sum: a posterior is a distribution."),
            Mistake("bits", lambda p, x: _lesson(p, x) / math.log(2), "The values are in bits; nats were asked."),
        ),
        solution=r"""
```python
import numpy as np
from scipy.special import rel_entr

def lesson(prior, likelihood):
    prior, likelihood = np.asarray(prior), np.asarray(likelihood)
    posterior = prior * likelihood / np.sum(prior * likelihood)
    return np.sum(rel_entr(posterior, prior))

assert lesson([0.98, 0.02], [0.05, 0.9]) > 0
assert np.isclose(lesson([0.25] * 4, [1.0, 0.5, 0.0, 0.5]), np.log(2) / 2)
```

This positive test for a rare disease makes you less sure than you were, and yet you have learned: the entropy says how unsure you are, the information gain how far the data moved you.
""",
    ),
    ConstructionExercise(
        id="surprise-8",
        title="Relabeled, and not symmetric",
        level="hard",
        minutes=10,
        given={"margin": 0.05},  # nat, so that rounding is no solution
        values=lambda margin: {
            "p": TURNED[0],
            "q": TURNED[1],
            "forth": kl_divergence(*TURNED),
            "back": kl_divergence(*TURNED[::-1]),
        },
        question=r"""
The coins $(0.4, 0.6)$ and $(0.6, 0.4)$ hold the same two numbers in another order, and $D$ between them is the same in both directions. Find two distributions on three outcomes that also hold the same three numbers in another order, all positive, and whose divergences
$D(P\|Q)$ and $D(Q\|P)$ differ by at least [[margin]] nat. Answer with a pair of lists `(p, q)`.
""",
        hint=r"Which reorderings of three things are not undone by doing them once more?",
        solution=r"""
Exchanging two outcomes and exchanging them again leads back, so one exchange carries $(P,Q)$ to $(Q,P)$ and the two divergences agree. A rotation does not: it needs three turns.

```python
from kltools import kl_divergence

p, q = [[p]], [[q]]  # each turned by one place
assert abs(kl_divergence(p, q) - kl_divergence(q, p)) > [[margin]]
```

The two directions give [[forth:.4f]] and [[back:.4f]] nat. A pair is symmetric when a relabeling turns each of the two into the other, and two outcomes leave room for no other reordering: that is why an example with two coins misleads.
""",
        lists=("p", "q"),
        outcomes=3,
        verdict=_order_verdict,
    ),
)
