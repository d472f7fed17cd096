"""Exercises of the page *One number, seven views*: eight scenarios, each of which hides a divergence."""

import math

import numpy as np

from kltools.divergence import entropy, kl_divergence
from kltools.exercises import ChoiceExercise, FunctionExercise, Mistake, NumberExercise
from kltools.hypothesis_testing import chernoff_information, sanov_exponent
from kltools.optimization import growth_rate

SWAPPED = "The two slots are swapped. Whose outcomes are averaged over?"


def _fair(odds) -> np.ndarray:
    return 1 / np.array(odds)


def _posterior(prior, likelihood) -> np.ndarray:
    joint = np.multiply(prior, likelihood)
    return joint / joint.sum()


def _lesson(prior, likelihood) -> float:
    return kl_divergence(_posterior(prior, likelihood), prior, base=2)


def _lead(counts, claim) -> float:
    """Return the log-likelihood of the counts under their own shares, less that under the claim."""
    return sum(counts) * kl_divergence(np.divide(counts, sum(counts)), claim)


def _rate(q, floors, mean) -> float:
    return sanov_exponent(q, floors, mean)[0]


def _at_the_mean(q, floors, mean) -> np.ndarray:
    return sanov_exponent(q, floors, mean)[2]


def _normal_rate(q, floors, mean) -> float:
    """Return the exponent of a normal of the same mean and variance."""
    center = np.dot(q, floors)
    return float((mean - center) ** 2 / (2 * np.dot(q, np.subtract(floors, center) ** 2)))


def _draws_per_error(honest, crooked, share) -> float:
    return math.log(1 / share) / kl_divergence(honest, crooked)


def _shortfall(q, joint) -> float:
    return kl_divergence(q, joint / joint.sum())


def _other_order(q, joint) -> float:
    return kl_divergence(joint / joint.sum(), q)


def _without_own(q, joint) -> float:
    """Return what the mean of ln(joint) under q lacks to the logarithm of the sum."""
    return _shortfall(q, joint) + entropy(q)


GUESS, JOINT = np.array([0.6, 0.3, 0.1]), np.array([0.02, 0.05, 0.01])

EXERCISES = (
    NumberExercise(
        id="one_number-1",
        title="The quiz-show booth",
        level="easy",
        minutes=5,
        given={"chance": (0.6, 0.4), "odds": (5.0, 1.25)},
        values=lambda chance, odds: {
            "q": _fair(odds).round(9).tolist(),
            "growth": growth_rate(chance, odds, chance),
            "first": odds[0],
            "second": odds[1],
        },
        question=r"""
By hand. A booth pays $[[first:g]]$ times the stake if the red door opens and $[[second:g]]$ times if the blue one does; the inverse payoffs sum to 1. You know that the doors open with the probabilities $[[chance]]$. You stake all that you have on every round, split so that the logarithm of your wealth grows fastest on average.
By how many nats a round does it grow?
""",
        hint=r"What does the booth believe, if its payoffs are fair? That is $Q$.",
        solution=r"""
The payoffs are fair under $Q = [[q]]$, one over each payoff. The best split of the stake is $P$ itself.

```python
import numpy as np
from kltools import kl_divergence

p, odds = np.array([[chance]]), np.array([[odds]])
growth = p @ np.log(p * odds)
assert np.isclose(growth, kl_divergence(p, 1 / odds))
```

The slot that averages is yours, the slot that bets against you is the booth's, and the growth is $D(P\|Q) = [[growth:.6f]]$ nat a round. It is what the booth's belief is worth to you.
""",
        truth=lambda chance, odds: growth_rate(chance, odds, chance),
        unit="nats a round",
        mistakes=lambda chance, odds: [
            Mistake("slots swapped", kl_divergence(_fair(odds), chance), SWAPPED),
            Mistake(
                "mean first",
                math.log(np.dot(np.multiply(chance, odds), chance)),
                "That is the logarithm of the mean factor. Average the logarithms.",
            ),
            Mistake("even split", growth_rate(chance, odds, [0.5, 0.5]), "An even split ignores what you know."),
            Mistake("own entropy", entropy(chance), "That is your own entropy. What do the payoffs add?"),
        ],
    ),
    ChoiceExercise(
        id="one_number-2",
        title="The borrowed keyboard",
        level="easy",
        minutes=4,
        question=r"""
A keyboard gives frequent letters short gestures. Its maker tuned it, with ideal lengths, on newspapers; you type messages. You ask how many bits a letter you could save with a keyboard tuned on messages like yours.
Which quantity answers the question?
""",
        hint=r"Your letters are what happens. Which distribution do the present lengths express, and what is the least that any keyboard could cost you?",
        options={
            "a": r"$H(\text{messages}, \text{newspapers})$",
            "b": r"$D(\text{newspapers}\|\text{messages})$",
            "c": r"$D(\text{messages}\|\text{newspapers})$",
            "d": r"$H(\text{newspapers}) - H(\text{messages})$",
        },
        truth="c",
        mistakes=(
            Mistake("cross-entropy", "a", "That is all that you pay now. Part of it nobody can save you."),
            Mistake("slots swapped", "b", "That is what a journalist would waste on your keyboard."),
            Mistake(
                "entropies", "d", "A difference of entropies may be negative. Under whose letters is each mean taken?"
            ),
        ),
        solution=r"""
c. You pay $H(\text{messages},\text{newspapers})$, and a keyboard of your own would cost $H(\text{messages})$. The saving is $D(\text{messages}\|\text{newspapers})$, in bits a letter.

The one whose letters are typed stands first, the one who fixed the lengths second.
""",
    ),
    NumberExercise(
        id="one_number-3",
        title="What the alarm taught",
        level="medium",
        minutes=7,
        given={"prior": (0.1, 0.9), "likelihood": (0.8, 0.1)},
        values=lambda prior, likelihood: {
            "posterior": _posterior(prior, likelihood).round(6).tolist(),
            "lesson": _lesson(prior, likelihood),
            "weight": math.log2(likelihood[0] / likelihood[1]),
        },
        question=r"""
A pump is cracked or sound; you believe $[[prior]]$, in this order. A test rings with the probabilities $[[likelihood]]$ for the two, and it rings. By your *present* lights, how many bits of log score would your old belief about the pump lose on average to the new one?
""",
        hint=r"Both slots are yours. Which of your two beliefs averages, and which one is judged?",
        solution=r"""
Bayes' rule gives the new belief $[[posterior]]$.

```python
import numpy as np
from kltools.surprise import information_gain

prior, likelihood = np.array([[prior]]), np.array([[likelihood]])
posterior = prior * likelihood / (prior @ likelihood)
lesson = information_gain(posterior, prior, base=2)
assert np.isclose(lesson, posterior @ np.log2(posterior / prior))
```

$D(\text{posterior}\|\text{prior}) = [[lesson:.6f]]$ bit. The present belief averages, the old one is judged; nobody had to know the truth. The weight of evidence, $[[weight:g]]$ bits for the crack, is another number: it is what the ring adds to the log-odds.
""",
        truth=_lesson,
        unit="bits",
        mistakes=lambda prior, likelihood: [
            Mistake("slots swapped", kl_divergence(prior, _posterior(prior, likelihood), base=2), SWAPPED),
            Mistake(
                "weight of evidence",
                math.log2(likelihood[0] / likelihood[1]),
                "That is what the ring adds to the log-odds. It averages over nothing.",
            ),
        ],
    ),
    NumberExercise(
        id="one_number-4",
        title="The inspector's spins",
        level="medium",
        minutes=8,
        given={"honest": (0.5, 0.5), "crooked": (0.7, 0.3), "share": 0.001},
        values=lambda honest, crooked, share: {
            "rate": kl_divergence(honest, crooked),
            "spins": _draws_per_error(honest, crooked, share),
            "percent": 100 * share,
            "others": _draws_per_error(crooked, honest, share),
        },
        question=r"""
An inspector watches a wheel of two colors. An honest wheel shows them with probabilities $[[honest]]$, a crooked one with $[[crooked]]$. At most five percent of honest wheels may be accused. That share stays fixed; the share of crooked wheels that pass is to fall to [[percent:g]] percent.
Suppose that the share that passes falls by the same factor with every spin, the factor that the best inspector reaches in the long run. How many spins does it take? (A fraction will do.)
""",
        hint=r"The error that stays fixed is made under one distribution, the error that vanishes under the other. Stein's exponent averages over the first.",
        solution=r"""
The hypothesis that is protected is "honest". Its distribution averages: a crooked wheel passes if its spins look honest, and the best rate at which that becomes rare is, by Stein's lemma, $D(\text{honest}\|\text{crooked}) = [[rate:.6f]]$ nat a spin.

```python
import numpy as np
from kltools import kl_divergence
from kltools.hypothesis_testing import observations_needed

honest, crooked = [[honest]], [[crooked]]
spins = np.log(1 / [[share]]) / kl_divergence(honest, crooked)
assert observations_needed(honest, crooked, 0.05, [[share]]) > spins
```

That makes $[[spins:.2f]]$ spins; with the slots the other way around it would be $[[others:.2f]]$. The exact test needs more than either, since the lemma says nothing about the scatter. First ask which error is held fixed: that one's distribution stands first.
""",
        truth=_draws_per_error,
        mistakes=lambda honest, crooked, share: [
            Mistake("slots swapped", _draws_per_error(crooked, honest, share), SWAPPED),
            Mistake(
                "both at once",
                math.log(1 / share) / chernoff_information(honest, crooked)[0],
                "That rate belongs to both errors falling at once. Here one is fixed.",
            ),
            Mistake("bits", _draws_per_error(honest, crooked, share) * math.log(2), "Nats were divided by bits."),
        ],
    ),
    NumberExercise(
        id="one_number-5",
        title="Two hundred lunches",
        level="medium",
        minutes=6,
        given={"counts": (90, 80, 30), "claim": (0.5, 0.3, 0.2)},
        values=lambda counts, claim: {
            "n": sum(counts),
            "lead": _lead(counts, claim),
            "one": _lead(counts, claim) / sum(counts),
            "twice": 2 * _lead(counts, claim),
            "freedom": len(counts) - 1,
        },
        question=r"""
A canteen claims that its three dishes are chosen with probabilities $[[claim]]$. Of [[n]] lunches they were chosen $[[counts]]$ times. Of all models that give each dish a fixed probability one makes these lunches likeliest. How many nats does the canteen's claim lose to it, over all lunches together?
""",
        hint=r"The likeliest model has the shares of the data. What is the difference of the two log-likelihoods, as a sum over the dishes?",
        solution=r"""
```python
import numpy as np
from kltools import kl_divergence

counts, claim = np.array([[counts]]), np.array([[claim]])
shares = counts / counts.sum()
lead = counts @ np.log(shares / claim)
assert np.isclose(lead, counts.sum() * kl_divergence(shares, claim))
```

The lunches average and the claim is judged: $n\,D(\hat P\|Q) = [[lead:.4f]]$ nats, $[[one:.6f]]$ a lunch. Twice the first, $[[twice:.3f]]$, is what a test compares with the law $\chi^2_{[[freedom]]}$, chi-square with one degree of freedom less than there are dishes.
""",
        truth=_lead,
        unit="nats",
        mistakes=lambda counts, claim: [
            Mistake("one lunch", _lead(counts, claim) / sum(counts), "That is the loss per lunch."),
            Mistake("twice", 2 * _lead(counts, claim), "That is the statistic G, twice what is asked."),
            Mistake("slots swapped", sum(counts) * kl_divergence(claim, np.divide(counts, sum(counts))), SWAPPED),
        ],
    ),
    ChoiceExercise(
        id="one_number-6",
        title="The tutor and its past self",
        level="medium",
        minutes=5,
        question=r"""
To think about. A tutoring program is trained to please its pupils. A penalty keeps it near a frozen copy of itself: the program writes an answer, and pays $\ln\frac{\text{its own probability}}{\text{the copy's probability}}$ of that answer. Which divergence does it pay on average, and what does the penalty forbid?
""",
        hint=r"Who writes the answers over which the mean is taken? For which answers is the logarithm huge?",
        options={
            "a": r"$D(\text{copy}\|\text{program})$: the program must keep some probability for all that the copy would write",
            "b": r"$D(\text{program}\|\text{copy})$: the program must not write what the copy would hardly ever write, but may drop part of what the copy writes",
            "c": r"$D(\text{program}\|\text{copy})$: the program must keep some probability for all that the copy would write",
            "d": r"neither: for single answers the logarithm may be negative, so its mean is no divergence",
        },
        truth="b",
        mistakes=(
            Mistake("slots swapped", "a", "The mean is taken over what the program writes, not the copy."),
            Mistake("wrong side of infinity", "c", "The slots are right. Now where does the ratio become infinite?"),
            Mistake("single terms", "d", "Single terms may be negative. Can their mean be, if the writer averages?"),
        ),
        solution=r"""
b. The program writes, so it averages, and it is also what moves: $D(\underline{\text{program}}\|\text{copy})$.

```python
import numpy as np
from kltools import kl_divergence

copy = [0.5, 0.4, 0.1, 0.0]
assert np.isfinite(kl_divergence([0.9, 0.1, 0, 0], copy))  # drops one
assert kl_divergence([0.5, 0.3, 0.1, 0.1], copy) == np.inf  # invents one
```

The ELBO has the same slots: what moves stands first, and it must not invent anything.
""",
    ),
    FunctionExercise(
        id="one_number-7",
        title="Find the bug: a guess better than the best",
        level="medium",
        minutes=9,
        given={"q": GUESS.tolist(), "joint": JOINT.tolist()},
        values=lambda q, joint: {
            "wrong": -_other_order(GUESS, JOINT),
            "right": _shortfall(GUESS, JOINT),
            "other": _other_order(GUESS, JOINT),
        },
        question=r"""
Find the bug. A ship's computer hears a knock. Of each possible fault it knows the probability that there is this fault *and* such a knock: the list `joint`. It never adds the list up, which is long at sea and has three faults here. It draws faults from a guess `q` instead, and scores the guess by the mean of $\ln(\text{joint}/q)$ over its draws. In the harbor you have time for the sum: `shortfall` should return how many nats the score of `q`, in the mean of very many draws, lacks to that of the best guess. For the guess below it returns $[[wrong:.4f]]$, better than the best. Write a version that is right.

```python
import numpy as np

def shortfall(q, joint):
    best = joint / joint.sum()
    score = np.sum(best * np.log(joint / q))
    return np.log(joint.sum()) - score

q, joint = np.array([[q]]), np.array([[joint]])
```
""",
        hint=r"Who draws the faults over which the score is averaged?",
        truth=_shortfall,
        cases=((GUESS, JOINT), ((0.5, 0.5), (0.35, 0.15)), ((0.1, 0.2, 0.3, 0.4), (0.1, 0.3, 0.02, 0.08))),
        mistakes=(
            Mistake("unchanged", lambda q, joint: -_other_order(q, joint), "The best guess still draws the faults."),
            Mistake("slots swapped", _other_order, "Now the sign is right, but the wrong one draws the faults."),
            Mistake("sign", lambda q, joint: -_shortfall(q, joint), "The best score less that of q, please."),
            Mistake(
                "own part left out", _without_own, "The score divides by q. Without that, some certain guess wins."
            ),
            Mistake(
                "not normalized",
                lambda q, joint: np.sum(q * np.log(q / joint)),
                "That is minus the score. What does the best guess score?",
            ),
        ),
        solution=r"""
```python
import numpy as np
from kltools import kl_divergence
from kltools.elbo import elbo

def shortfall(q, joint):
    score = np.sum(q * np.log(joint / q))
    return np.log(joint.sum()) - score

q, joint = np.array([[q]]), np.array([[joint]])
score, log_sum = elbo(q, np.log(joint)).value, np.log(joint.sum())
assert np.isclose(score + shortfall(q, joint), log_sum)
assert np.isclose(shortfall(q, joint), kl_divergence(q, joint / joint.sum()))
```

The score is the ELBO, and the best guess is the posterior, whose score is the logarithm of the sum. $D(\underline q\|\text{posterior}) = [[right:.4f]]$ nat is the gap: the guess draws, so it averages. The bug gave minus the other order, $[[other:.4f]]$ nat, and for that one has to draw from the posterior, which at sea nobody can.
""",
    ),
    NumberExercise(
        id="one_number-8",
        title="The tired lift",
        level="hard",
        minutes=10,
        given={"q": (0.5, 0.3, 0.2), "floors": (1, 2, 3), "mean": 2.2},
        values=lambda q, floors, mean: {
            "rate": _rate(q, floors, mean),
            "usual": np.dot(q, floors),
            "nearest": _at_the_mean(q, floors, mean).round(4).tolist(),
            "normal": _normal_rate(q, floors, mean),
        },
        question=r"""
Passengers of a lift ride $[[floors]]$ floors with probabilities $[[q]]$, independently. A motor fails if $n$ passengers ride [[mean]] floors or more on average; the usual mean is $[[usual:g]]$. The probability of failure falls like $e^{-nr}$ as $n$ grows. What is $r$ in nats a passenger?
""",
        hint=r"Multiply each probability by $e^{tx}$, where $x$ is the number of floors, and divide by the sum. Choose $t$ so that the mean is [[mean]]. How far is the result from the given probabilities?",
        solution=r"""
```python
import numpy as np
from kltools import kl_divergence
from kltools.hypothesis_testing import sanov_exponent

rate, tilt, nearest = sanov_exponent([[q]], [[floors]], mean=[[mean]])
assert np.isclose(rate, kl_divergence(nearest, [[q]]))
assert np.isclose(nearest @ np.array([[floors]]), [[mean]])
```

Call the usual probabilities $Q$. The nearest distribution with that mean is $P^* = [[nearest]]$, and $r = D(P^*\|Q) = [[rate:.6f]]$ nat. A normal law of the same mean and variance would give $[[normal:.6f]]$. What moved here was the first slot: the crowd that looks most like $Q$ among all that break the motor.
""",
        truth=_rate,
        unit="nats a passenger",
        mistakes=lambda q, floors, mean: [
            Mistake("slots swapped", kl_divergence(q, _at_the_mean(q, floors, mean)), SWAPPED),
            Mistake("normal", _normal_rate(q, floors, mean), "That is the rate of a normal law of the same variance."),
            Mistake("tilt", sanov_exponent(q, floors, mean)[1], "That is the tilt. The rate is a divergence."),
        ],
    ),
)
