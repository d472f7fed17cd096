"""Exercises of the page *Rules of the number*: densities by hand, slots, zeros, parts, bounds."""

import math
from collections.abc import Mapping

import numpy as np
from scipy.special import digamma, kl_div, rel_entr

from kltools.divergence import kl_divergence
from kltools.exercises import ChoiceExercise, ConstructionExercise, Feedback, FunctionExercise, Mistake, NumberExercise

SWAPPED = "The two slots are swapped. Under which law is the mean taken?"


def _exponential(p, q) -> float:
    """Return D of exponentials of rates p and q."""
    return math.log(p / q) + q / p - 1


# Which slot holds what moves; the hint says what to ask, never the slot.
SLOTS = {
    "TRPO": ("2", "whose actions were drawn before the step, and are averaged over?"),
    "PPO": ("2", "whose actions were drawn before the step? The frozen reference of the RLHF penalty plays no part."),
    "DPO": ("1", "in the penalty that it is derived from, who writes the answers that are averaged over?"),
    "VAE": ("1", "from which law are the latent values drawn over which the bound averages?"),
    "distillation": ("2", "whose words weight the logarithms?"),
    "t-SNE": ("2", "whose similarities weight the logarithms: those of the data or those of the map?"),
    "GAN": ("both", "write the two divergences of Jensen-Shannon. What is the mixture made of?"),
    "EP": ("2", "matching moments is the mark of one of the two orders. Which?"),
}


def _slot_verdict(answer) -> Feedback:
    if not isinstance(answer, Mapping):
        return Feedback("invalid", "Give a dictionary from the eight names to 1, 2 or 'both'.")
    given = {str(name): str(slot).strip().lower() for name, slot in answer.items()}
    unknown, missing = sorted(given.keys() - SLOTS), [name for name in SLOTS if name not in given]
    if unknown or missing:
        told = f"Not asked: {', '.join(unknown) or 'none'}. Missing: {', '.join(missing) or 'none'}."
        return Feedback("invalid", told)
    if strange := [name for name in SLOTS if given[name] not in ("1", "2", "both")]:
        return Feedback("invalid", f"Give 1, 2 or 'both' for {', '.join(strange)}.")
    wrong = [name for name in SLOTS if given[name] != SLOTS[name][0]]
    if not wrong:
        return Feedback("right", "")
    told = " ".join(f"{name}: {SLOTS[name][1]}" for name in wrong)
    exchanged = {"1": "2", "2": "1", "both": "both"}
    if all(given[name] == exchanged[SLOTS[name][0]] for name in SLOTS):
        return Feedback("mistake", "You answered for the slot that stands still.", "slots swapped")
    if set(wrong) <= {"TRPO", "PPO"}:
        return Feedback("mistake", told, "trust region")
    return Feedback("mistake", told, "some slots")


def _inside(p, q) -> np.ndarray:
    """Return D of the items within each shop."""
    return rel_entr(p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)).sum(axis=1)


def _lost(p, q) -> float:
    return p.sum(axis=1) @ _inside(p, q)


def _buggy(p, q) -> float:
    return q.sum(axis=1) @ _inside(p, q)


SHOPS = (((0.3, 0.3), (0.05, 0.35)), ((0.1, 0.1), (0.4, 0.4)))

EXERCISES = (
    NumberExercise(
        id="rules-1",
        title="Calls in an hour",
        level="easy",
        minutes=4,
        given={"p": 3, "q": 5},
        values=lambda p, q: {"value": kl_div(p, q), "swapped": kl_div(q, p), "log": math.log(q / p)},
        question=r"""
By hand. The calls that reach an office in an hour follow a Poisson law: of mean [[p]] in truth, $P$, and of mean [[q]] by the office's plan, $Q$. What is $D(P\|Q)$ in nats? ($\ln\frac{[[q]]}{[[p]]}\approx[[log:.4f]]$ is enough.)
""",
        hint=r"Write down $\ln p(x)/q(x)$: the factorials cancel, and what is left is linear in $x$. So the mean of $x$ is all you need.",
        solution=r"""
$\ln\frac{p(x)}{q(x)}=x\ln\frac{[[p]]}{[[q]]}-[[p]]+[[q]]$, and under $P$ the mean of $x$ is [[p]].

```python
import math
from scipy import stats
from kltools import kl_divergence

value = [[p]] * math.log([[p]] / [[q]]) - [[p]] + [[q]]
assert math.isclose(value, kl_divergence(stats.poisson([[p]]), stats.poisson([[q]])))
```

That is $[[value:.6f]]$ nat an hour; exchanged it would be $[[swapped:.6f]]$. Hours are independent parts: after ten of them the plan has lost ten times as much.
""",
        truth=lambda p, q: float(kl_div(p, q)),  # which is D of Poisson laws of these means
        unit="nats",
        mistakes=lambda p, q: [
            Mistake("slots swapped", kl_div(q, p), SWAPPED),
            Mistake("means left out", p * math.log(p / q), "The factors exp(-mean) differ too, and do not cancel."),
            Mistake("normal", (p - q) ** 2 / (2 * q), "That treats both as normal with one variance. Use the laws."),
        ],
    ),
    NumberExercise(
        id="rules-2",
        title="Bulbs, in years and in days",
        level="easy",
        minutes=4,
        given={"p": 2, "q": 1},
        values=lambda p, q: {
            "value": _exponential(p, q),
            "swapped": _exponential(q, p),
            "log": math.log(p / q),
            "less": round(p - q, 9),
            "slope": "" if p == 2 else round(p - q, 9),
            "mean": "half a year" if p == 2 else f"1/{p} years",
        },
        question=r"""
By hand. The life of a bulb, in years, is exponential: with rate [[p]] under $P$ and with rate [[q]] under $Q$. What is $D(P\|Q)$ in nats, and what if lives are counted in days? Give the second number. ($\ln[[p]]\approx[[log:.4f]]$.)
""",
        hint=r"The ratio of the two densities is $[[p]]e^{-[[slope]]x}$, with $x$ in years. What do other units do to a ratio?",
        solution=r"""
$\ln\frac{p(x)}{q(x)}=\ln[[p]]-[[slope]]x$, and under $P$ the mean of $x$ is [[mean]]. In days both densities are divided by the same number, and their ratio stays.

```python
import math
from scipy import stats
from kltools import kl_divergence

value = math.log([[p]]) - [[less]] / [[p]]
days = [stats.expon(scale=365 / rate) for rate in ([[p]], [[q]])]
assert math.isclose(value, kl_divergence(*days))
```

Both numbers are $[[value:.6f]]$ nat; the exchanged pair has $[[swapped:.6f]]$. A rate has a unit, a divergence of the lives has none but its own.
""",
        truth=_exponential,
        unit="nats",
        mistakes=lambda p, q: [
            Mistake("slots swapped", _exponential(q, p), SWAPPED + " Or a rate was read as a mean."),
            Mistake("mean under Q", math.log(p / q) - 1 / q, "The mean of x was taken under Q."),
            Mistake("mean left out", math.log(p / q), "That is the logarithm at x = 0. Take the mean over x."),
            Mistake("per day", _exponential(p, q) / 365, "Other units of x do not change the ratio of the densities."),
        ],
    ),
    NumberExercise(
        id="rules-3",
        title="The second bus",
        level="medium",
        minutes=6,
        values=lambda: {"value": float(digamma(2)), "gamma": np.euler_gamma},
        question=r"""
Buses come at random, one a minute on average. Let $Q$ be the law of the wait for the next one, with density $e^{-x}$, and $P$ that of the wait for the one after it, with density $x\,e^{-x}$. What is $D(P\|Q)$ in nats?
""",
        hint=r"The ratio of the densities is short. A table of the gamma law has the mean of its logarithm: `scipy.special.digamma`.",
        solution=r"""
The ratio of the densities is $x$, so $D(P\|Q)=\mathbb E_P\ln x=\psi(2)=1-\gamma$, with Euler's constant $\gamma$.

```python
import numpy as np
from scipy import stats
from kltools import kl_divergence

one, two = stats.expon(), stats.gamma(2)
assert np.isclose(kl_divergence(two, one), 1 - np.euler_gamma)
assert np.isclose(kl_divergence(one, two), np.euler_gamma)
```

That is $[[value:.6f]]$ nat, and $\gamma=[[gamma:.6f]]$ the other way: together exactly one. The curious constant is nothing but the mean of a logarithm.
""",
        truth=lambda: float(digamma(2)),
        unit="nats",
        mistakes=lambda: [
            Mistake("slots swapped", np.euler_gamma, SWAPPED),
            Mistake("log of the mean", math.log(2), "That is the logarithm of the mean. Average the logarithms."),
            Mistake("no logarithm", 2.0, "That is the mean of the ratio itself."),
        ],
    ),
    ConstructionExercise(
        id="rules-4",
        title="Which slot moves?",
        level="medium",
        minutes=10,
        question=r"""
Eight methods, each with a divergence $D(\cdot\|\cdot)$ in it. In which slot stands what the method optimizes? Answer with a dictionary from the eight names to 1, 2 or "both"; `{"TRPO": 1, "PPO": "both"}` would be the beginning of one, and a wrong one.

- **"TRPO"**: the new policy, in the constraint on a step.
- **"PPO"**: the new policy, in the version with a penalty on a step.
- **"DPO"**: the policy, in the penalty that the loss is derived from.
- **"VAE"**: the encoder, in what the bound lacks; model and prior held fixed.
- **"distillation"**: the student, in the usual loss.
- **"t-SNE"**: the similarities of the points of the map.
- **"GAN"**: the generator, in what the original game minimizes when the discriminator is always the best.
- **"EP"**, expectation propagation: the approximation, in one local step.
""",
        hint=r"For each ask over what is averaged. What was drawn or measured before the step stands first; what writes its own draws while it moves stands first too.",
        verdict=_slot_verdict,
        solution=r"""
- TRPO, and PPO's penalty: $D(\text{old}\|\underline{\text{new}})$, slot 2.
- DPO: $D(\underline{\text{policy}}\|\text{reference})$, slot 1.
- VAE, its encoder: $D(\underline{q(z|x)}\|p(z|x))$, slot 1.
- Distillation: $D(\text{teacher}\|\underline{\text{student}})$, slot 2.
- t-SNE: $D(\text{data}\|\underline{\text{map}})$, slot 2.
- GAN: $\frac12D(\text{data}\|\underline M)+\frac12D(\underline{\text{generator}}\|\underline M)$, both.
- EP: $D(\text{tilted}\|\underline{\text{approximation}})$, slot 2.

The mixture $M$ is half generator, so it moves too: twice the Jensen–Shannon divergence, less $\ln4$, is what the original game comes to. PPO's clipped version has no divergence in its loss.

```python
import numpy as np
from kltools import js_divergence

slots = {"TRPO": 2, "PPO": 2, "DPO": 1, "VAE": 1,
         "distillation": 2, "t-SNE": 2, "GAN": "both", "EP": 2}
data, made = np.array([0.7, 0.3]), np.array([0.4, 0.6])
best = data / (data + made)      # the best discriminator
game = data @ np.log(best) + made @ np.log(1 - best)
assert np.isclose(game, 2 * js_divergence(data, made) - np.log(4))
```

What was drawn before the step averages; what moves stands first only where it makes its own draws.
""",
    ),
    ChoiceExercise(
        id="rules-5",
        title="Who is right?",
        level="easy",
        minutes=4,
        question=r"""
Two pages disagree about $P=(\frac12,\frac12,0)$ and $Q=(\frac12,0,\frac12)$. The first: "$Q$ excludes what $P$ produces, so $D(P\|Q)$ is undefined; put a small $\varepsilon$ in place of the zero and take the value you get." The second: "$D(P\|Q)$ is infinite, and whatever pairs you let tend to this one, their values tend to infinity."
Who is right?
""",
        hint=r"Which way can $D$ jump in a limit? And what is the term $\frac12\ln\frac{1/2}{\varepsilon}$ for $\varepsilon=10^{-3}$, $10^{-6}$, $10^{-9}$?",
        options={
            "a": r"The first: $\ln\frac p0$ does not exist, and for small $\varepsilon$ the value settles.",
            "b": r"The second: infinite is a value, and $D$ cannot jump down in a limit.",
            "c": r"Both: the value at the pair is infinite, but limits depend on the way that is taken.",
            "d": r"Neither: outcomes with $q=0$ are left out of the sum, as those with $p=0$ are.",
        },
        truth="b",
        mistakes=(
            Mistake("undefined", "a", "Compute it for two values of epsilon, one a thousand times the other."),
            Mistake("any limit", "c", "That holds for limits of finite D. Can the values stay below an infinite one?"),
            Mistake("dropped", "d", "What would a coder do with a letter that arrives and has no codeword?"),
        ),
        solution=r"""
b. The definition gives $\infty$, and lower semicontinuity forbids a limit below it.

```python
import numpy as np
from kltools import kl_divergence

values = [kl_divergence([0.5, 0.5, 0], [0.5, e, 0.5 - e]) for e in (1e-3, 1e-6, 1e-9)]
assert np.allclose(np.diff(values), np.log(1000) / 2)
assert kl_divergence([0.5, 0.5, 0], [0.5, 0, 0.5]) == np.inf
```

Each thousandth adds half of $\ln1000$ and nothing ever settles: who smooths by $\varepsilon$ reports $\varepsilon$.
""",
    ),
    FunctionExercise(
        id="rules-6",
        title="Find the bug: a loss that does not add up",
        level="medium",
        minutes=8,
        given={"p": SHOPS[0], "q": SHOPS[1]},
        values=lambda p, q: {
            "wrong": _buggy(np.array(p), np.array(q)),
            "right": _lost(np.array(p), np.array(q)),
            "whole": kl_divergence(np.ravel(p), np.ravel(q)),
            "report": kl_divergence(np.sum(p, axis=1), np.sum(q, axis=1)),
        },
        question=r"""
Find the bug. A table holds the probability of each pair of shop (row) and item (column); a report keeps the shops alone. `lost` should return how many nats of $D(P\|Q)$ the report loses. On the tables below the whole diverges by $[[whole:.4f]]$ and the report by $[[report:.4f]]$, yet `lost` returns $[[wrong:.4f]]$. Write a version that is right, for tables of any size without empty rows.

```python
import numpy as np
from scipy.special import rel_entr

def lost(p, q):
    p_rows, q_rows = p.sum(axis=1), q.sum(axis=1)
    inside = rel_entr(p / p_rows[:, None], q / q_rows[:, None])
    return q_rows @ inside.sum(axis=1)

p, q = np.array([[p]]), np.array([[q]])
```
""",
        hint=r"The loss is a mean, over the shops, of $D$ within each shop. Who averages?",
        truth=_lost,
        cases=(
            SHOPS,
            (((0.2, 0.1, 0.1), (0.05, 0.35, 0.2)), ((0.1, 0.1, 0.1), (0.3, 0.3, 0.1))),
            (((0.0, 0.2), (0.1, 0.3), (0.2, 0.2)), ((0.1, 0.1), (0.2, 0.2), (0.1, 0.3))),
        ),
        mistakes=(
            Mistake("unchanged", _buggy, "Still Q's weights. By whose shares does one meet the shops?"),
            Mistake("plain mean", lambda p, q: _inside(p, q).mean(), "The shops are not equally probable under P."),
            Mistake("slots swapped", lambda p, q: _lost(q, p), "That is what D(Q||P) loses."),
            Mistake("columns", lambda p, q: _lost(p.T, q.T), "That is lost if the report keeps the items."),
            Mistake("whole", lambda p, q: rel_entr(p, q).sum(), "That is D of the whole table."),
        ),
        solution=r"""
```python
import numpy as np
from kltools import kl_divergence
from scipy.special import rel_entr

def lost(p, q):
    p_rows, q_rows = p.sum(axis=1), q.sum(axis=1)
    inside = rel_entr(p / p_rows[:, None], q / q_rows[:, None])
    return p_rows @ inside.sum(axis=1)

p, q = np.array([[p]]), np.array([[q]])
kept = kl_divergence(p.sum(axis=1), q.sum(axis=1))
assert np.isclose(kept + lost(p, q), kl_divergence(p.ravel(), q.ravel()))
```

The loss is $[[right:.4f]]$ nat, and with it the chain rule adds up. $P$ averages at every level: over the shops too.
""",
    ),
    ChoiceExercise(
        id="rules-7",
        title="The whole and its parts",
        level="medium",
        minutes=8,
        question=r"""
To think about. $X$ and $Y$ are two parts of one observation; the divergences below are finite. When is $D(P_{XY}\|Q_{XY})\ge D(P_X\|Q_X)+D(P_Y\|Q_Y)$ certain? Prove what you choose, and find a counterexample to what you do not.
""",
        hint=r"Insert $P_X P_Y$ into the ratio: $\frac{p(x,y)}{q(x,y)}=\frac{p(x,y)}{p(x)p(y)}\cdot\frac{p(x)p(y)}{q(x,y)}$. When does the second factor split?",
        options={
            "a": r"always, since the whole holds both parts",
            "b": r"if $X$ and $Y$ are independent under $Q$",
            "c": r"if $X$ and $Y$ are independent under $P$",
            "d": r"only if they are independent under both; with any dependence the left side is smaller",
        },
        truth="b",
        mistakes=(
            Mistake("each and sum", "a", "The whole is worth at least each part. Is it worth their sum?"),
            Mistake(
                "wrong law", "c", "Let P be certain of X, and let Q's Y depend on X. Which law of Y does Q use then?"
            ),
            Mistake("equality only", "d", "Then the two sides are equal. What can dependence under P alone add?"),
        ),
        solution=r"""
b. If $q(x,y)=q(x)q(y)$, the mean of the logarithm of the ratio in the hint is $D(P_{XY}\|Q_XQ_Y)=I(X;Y)+D(P_X\|Q_X)+D(P_Y\|Q_Y)$, with the mutual information of $P$, which is not negative. Against *a*, *c* (and, with the other table, *d*):

```python
import numpy as np
from kltools import kl_divergence

def surplus(p, q):      # the whole less the sum of its parts
    parts = sum(kl_divergence(p.sum(axis=k), q.sum(axis=k)) for k in (0, 1))
    return kl_divergence(p.ravel(), q.ravel()) - parts

certain = np.array([[0.9, 0.1], [0.0, 0.0]])      # X is known: independent
linked = np.array([[0.45, 0.05], [0.05, 0.45]])
assert surplus(certain, linked) < 0 < surplus(linked, np.full((2, 2), 0.25))
```

Dependence that only $P$ knows is one more thing that $Q$ gets wrong; dependence that $Q$ knows may be just what it gets right.
""",
    ),
    NumberExercise(
        id="rules-8",
        title="What a mean alone proves",
        level="hard",
        minutes=10,
        given={"mean": 3},
        values=lambda mean: {"value": _exponential(1 / mean, 1), "slope": 1 - 1 / mean},
        question=r"""
Repairs used to take an exponential time of mean 1 hour, $Q$. Of the new law $P$ you know one number: its mean is now [[mean]] hours. What is the least that $D(P\|Q)$ can be, in nats a repair?
""",
        hint=r"Every $f$ gives a lower bound $\mathbb E_Pf-\ln\mathbb E_Qe^f$. Of which $f$ do you know $\mathbb E_Pf$? For $c<1$, $\mathbb E_Qe^{cx}=\frac1{1-c}$.",
        solution=r"""
With $f=cx$ the bound is $[[mean]]c+\ln(1-c)$, largest at $c=1-\frac1{[[mean]]}=[[slope:.4f]]$. It is attained: there $Q_f\propto q\,e^{cx}$ is the exponential of mean [[mean]], a possible $P$.

```python
import numpy as np
from scipy import stats
from kltools import kl_divergence

c = 1 - 1 / [[mean]]
bound = [[mean]] * c + np.log(1 - c)
assert np.isclose(bound, kl_divergence(stats.expon(scale=[[mean]]), stats.expon()))
assert kl_divergence(stats.gamma(2, scale=[[mean]] / 2), stats.expon()) > bound
```

No law of mean [[mean]] diverges by less than $[[value:.6f]]$ nat a repair. A single mean proves that much, and the law that would prove no more is the tilt of $Q$.
""",
        truth=lambda mean: _exponential(1 / mean, 1),
        unit="nats a repair",
        mistakes=lambda mean: [
            Mistake("slots swapped", _exponential(1, 1 / mean), SWAPPED),
            Mistake("one bound", mean / 2 - math.log(2), "That bound holds, with c = 1/2. Which c gives the largest?"),
            Mistake("normal", (mean - 1) ** 2 / 2, "That is for a normal law of variance 1. This Q is exponential."),
            Mistake("logarithm", math.log(mean), "That leaves out what the tilt costs on average."),
        ],
    ),
)
