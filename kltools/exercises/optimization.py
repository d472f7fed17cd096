"""Exercises of the chapter *Optimization*."""

import math

import numpy as np
from scipy import optimize

from kltools._wording import part_in_words
from kltools.divergence import kl_divergence, kl_from_logits
from kltools.exercises import ChoiceExercise, ConstructionExercise, Feedback, FunctionExercise, Mistake, NumberExercise
from kltools.optimization import growth_rate


def _variances(share, gap, deviation):
    """Return the variance within the ways and that between them."""
    return deviation**2, share * (1 - share) * gap**2


def _covering_deviation(share, gap, deviation):
    return math.sqrt(sum(_variances(share, gap, deviation)))


def _odds(crowd, cut):
    return (1 - cut) / np.array(crowd)


def _hot_difference(teacher, student):
    return np.subtract(teacher, student, dtype=float)


def _best_of(reference, n):
    """Return the distribution of the best of n draws; the last answer is the best."""
    return np.diff(np.cumsum(reference) ** n, prepend=0.0)


def _best_of_bound(n):
    return math.log(n) - (n - 1) / n


def _crossing(ratio):
    """Return D between unit normals where k3 has `ratio` squared times the variance of k1."""
    return optimize.brentq(lambda d: math.exp(2 * d) - 1 - 2 * d - ratio**2 * 2 * d, 1e-3, 10)


def _third(log_policy, log_reference):
    log_ratio = log_policy - log_reference
    return np.mean(np.exp(-log_ratio) - 1 + log_ratio)


def _third_of_the_other_ratio(log_policy, log_reference):
    log_ratio = log_policy - log_reference
    return np.mean(np.exp(log_ratio) - 1 - log_ratio)


def _triple_verdict(p, first, second, margin, smallest) -> Feedback:
    candidates = np.stack([first, second])
    covering, seeking = kl_divergence(p, candidates), kl_divergence(candidates, p)
    if min(p.min(), candidates.min()) < smallest:
        return Feedback("mistake", f"Keep every probability at {smallest} or more.", "nearly zero")
    told = (
        f"D(P||Q) is {covering[0]:.4f} and {covering[1]:.4f} nat for the two candidates, "
        f"D(Q||P) is {seeking[0]:.4f} and {seeking[1]:.4f}."
    )
    by_covering, by_seeking = covering[1] - covering[0], seeking[0] - seeking[1]
    if min(by_covering, by_seeking) >= margin - 1e-12:
        return Feedback("right", told)
    if max(by_covering, by_seeking) < 0:
        return Feedback("mistake", f"The candidates stand in the other order: {told}", "slots swapped")
    if min(by_covering, by_seeking) > 0:
        return Feedback("mistake", f"The right direction, but by too little: {told}", "margin too small")
    return Feedback("mistake", f"The two orders do not prefer different candidates: {told}", "same order")


EXERCISES = (
    NumberExercise(
        id="optimization-1",
        title="[[part]] keep left",
        level="easy",
        minutes=5,
        given={"share": 0.75, "gap": 4.0, "deviation": 1.0},
        values=lambda share, gap, deviation: {
            "part": part_in_words(share).capitalize(),
            "meters": "meter" if deviation == 1 else "meters",
            "within": deviation**2,
            "between": share * (1 - share) * gap**2,
            "sd": _covering_deviation(share, gap, deviation),
        },
        question=r"""
By hand. A share of [[share]] of the drivers pass a tree on the left and the others on the right, [[gap:g]] meters apart on average, each side with standard deviation [[deviation:g]] [[meters]].
$P$ is the distribution of where they drive, and the normal $N$ minimizes $D(P\|N)$. What is its standard deviation, in meters?
""",
        hint=r"The covering fit has the variance of $P$: the variance within a side plus the variance of the two means.",
        solution=r"""
The variance within a side is $[[within:g]]$. The two means are [[gap:g]] meters apart and have weights [[share]] and the rest, so their variance is the product of the weights times the squared gap, $[[between:g]]$.
Together they make a standard deviation of $[[sd:g]]$ meters. A covering fit calls the gap between the two ways spread, because it has no other word for it.
""",
        truth=_covering_deviation,
        unit="meter",
        mistakes=lambda share, gap, deviation: [
            Mistake("variance", sum(_variances(share, gap, deviation)), "That is the variance."),
            Mistake("between only", math.sqrt(_variances(share, gap, deviation)[1]), "Each side has its own spread."),
            Mistake("one mode", deviation, "That fits one side. This order of the slots may leave out no side."),
            Mistake("equal weights", math.hypot(deviation, gap / 2), "The two sides have unequal weights."),
        ],
    ),
    NumberExercise(
        id="optimization-2",
        title="A pool that keeps [[part]]",
        level="easy",
        minutes=6,
        given={"p": (0.5, 0.3, 0.2), "crowd": (0.2, 0.4, 0.4), "cut": 0.2},
        values=lambda p, crowd, cut: {
            "part": part_in_words(cut),
            "edge": kl_divergence(p, crowd),
            "toll": -math.log(1 - cut),
            "growth": growth_rate(p, _odds(crowd, cut), p),
        },
        question=r"""
Three horses win with probabilities $P = [[p]]$. The crowd puts shares $[[crowd]]$ of the money on them, and the pool pays the winning bets all of it but a cut of [[cut:.0%]]. In every race you stake all
that you have, in the best way. (You are too small to move the pool.) By how many nats a race does the logarithm of your wealth grow on average? Give the sign.
""",
        hint=r"The odds are $(1-\text{cut})/q(x)$. Put them into the growth and split the logarithm.",
        solution=r"""
With everything staked the best bet is still $P$, and the logarithm splits: the growth is $D(P\|Q)-\ln\frac1{1-\text{cut}} = [[edge:.6f]]-[[toll:.6f]] = [[growth:.6f]]$ nat a race.

```python
import numpy as np
from kltools import kl_divergence
from kltools.optimization import growth_rate

p, crowd, cut = np.array([[p]]), np.array([[crowd]]), [[cut]]
growth = growth_rate(p, (1 - cut) / crowd, p)
assert np.isclose(growth, kl_divergence(p, crowd) + np.log(1 - cut))
```

If all is staked, knowing more than the crowd pays while the toll is below the divergence.
""",
        truth=lambda p, crowd, cut: growth_rate(p, _odds(crowd, cut), p),
        unit="nat",
        mistakes=lambda p, crowd, cut: [
            Mistake("no cut", kl_divergence(p, crowd), "That is the growth in a pool that keeps nothing."),
            Mistake("cut subtracted", kl_divergence(p, crowd) - cut, "What is subtracted is a logarithm."),
            Mistake("cut multiplied", (1 - cut) * kl_divergence(p, crowd), "The cut scales the odds, not the growth."),
            Mistake(
                "slots swapped",
                kl_divergence(crowd, p) + math.log(1 - cut),
                "The slots are swapped: the horses win by P.",
            ),
        ],
    ),
    NumberExercise(
        id="optimization-3",
        title="Very hot distillation",
        level="medium",
        minutes=8,
        given={"teacher": (5.0, 1.0, 0.0, -2.0), "student": (1.0, 0.0, 1.0, -1.0)},
        values=lambda teacher, student: {
            "limit": np.var(_hot_difference(teacher, student)) / 2,
            "cold": kl_from_logits(teacher, student),
            "mean": np.mean(_hot_difference(teacher, student)),
        },
        question=r"""
A teacher has the logits $[[teacher]]$, a student $[[student]]$. Both are divided by a temperature $T$. To which value does
$T^2 D(\text{teacher}\|\text{student})$ tend as $T\to\infty$? Answer in nats.
""",
        hint=r"At high temperature both are nearly uniform, and $D$ is a quadratic form in the small differences. What of the logits does a softmax not see?",
        solution=r"""
At high temperature both distributions are uniform up to order $1/T$, and $D$ is half the mean squared difference of the logits over $T$, once the mean difference ($[[mean:g]]$ here), which a softmax does not see, is taken off.

```python
import numpy as np
from kltools import kl_from_logits

teacher, student = np.array([[teacher]]), np.array([[student]])
limit = np.var(teacher - student) / 2
assert np.isclose(1e8 * kl_from_logits(teacher / 1e4, student / 1e4), limit, rtol=1e-3)
```

The limit is $[[limit:.6f]]$ nat, against $[[cold:.6f]]$ at $T=1$: a hot loss listens to all logits alike, also to those of answers that the teacher would never give.
""",
        truth=lambda teacher, student: float(np.var(_hot_difference(teacher, student)) / 2),
        unit="nat",
        mistakes=lambda teacher, student: [
            Mistake(
                "not centered",
                float(np.mean(_hot_difference(teacher, student) ** 2) / 2),
                "A softmax does not see a constant added to all logits.",
            ),
            Mistake(
                "no half", float(np.var(_hot_difference(teacher, student))), "The expansion of D begins with one half."
            ),
            Mistake(
                "sample variance",
                float(np.var(_hot_difference(teacher, student), ddof=1) / 2),
                "All classes are there: divide by their number.",
            ),
            Mistake("cold", kl_from_logits(teacher, student), "That is the value at temperature 1."),
        ],
    ),
    ChoiceExercise(
        id="optimization-4",
        title="A model that says one thing",
        level="medium",
        minutes=6,
        question=r"""
To think about. A model $\pi$ is tuned by maximizing $\mathbb E_\pi r-\beta D(\pi\|\pi_0)$, with a reward $r$ and a reference $\pi_0$. It comes out saying the same sentence again and again, with a high reward; the reference did not. It is the optimum. Which change, with its
reason, is right?
""",
        hint=r"Write down the optimum. What becomes of $e^{r/\beta}$ when $\beta$ is small, and when it is large?",
        options={
            "a": r"Lower $\beta$: the penalty is the mode-seeking order, and it caused the collapse.",
            "b": r"Raise $\beta$: the optimum $\pi_0e^{r/\beta}/Z$ returns to the reference.",
            "c": r"Swap the slots to $D(\pi_0\|\pi)$: a covering penalty does not collapse, whatever the price.",
            "d": r"Raise $\beta$: the entropy of the optimum rises with every increase of the price.",
        },
        truth="b",
        mistakes=(
            Mistake("penalty blamed", "a", "What is left of the policy as the price of a nat tends to 0?"),
            Mistake(
                "covering saves",
                "c",
                "At a low price it collapses too: what may a policy do that keeps a little of everything?",
            ),
            Mistake("monotone entropy", "d", "Between the best answer and the reference, can the entropy have a peak?"),
        ),
        solution=r"""
b. As $\beta$ grows, $e^{r/\beta}$ tends to 1 and the policy to the reference, faults and all. As $\beta$ falls, the weight of the best-rewarded answers outgrows every other. The entropy in between may rise above
that of the reference and fall back, so it is no gauge of the price. The penalty is what holds a policy back from collapse, and here there was too little of it.
""",
    ),
    FunctionExercise(
        id="optimization-5",
        title="Find the bug: the estimate that explodes",
        level="medium",
        minutes=8,
        question=r"""
Find the bug. This function should estimate $D(\pi\|\pi_0)$ by $k_3$, the mean of $r-1-\ln r$ for a ratio $r$ of the two probabilities of an answer. It is given the logarithms of the probabilities that the policy and the reference assign to answers that the *policy* wrote.
Its value is never negative, as it should be, but it is far too large wherever the policy likes an answer much better than the reference does. Write the right version.

```python
def estimate(log_policy, log_reference):
    log_ratio = log_policy - log_reference
    return np.mean(np.exp(log_ratio) - 1 - log_ratio)
```
""",
        hint=r"$\mathbb E_\pi[\pi_0/\pi]=1$, while $\mathbb E_\pi[\pi/\pi_0]$ may be anything. Which of the two does $k_3$ use?",
        truth=_third,
        cases=(
            ((-1.0, -0.5, -2.0), (-1.5, -1.0, -1.0)),
            ((-0.1, -0.2, -3.0, -1.0), (-4.0, -0.3, -2.5, -1.2)),
            ((-0.7, -0.7), (-0.7, -0.7)),
            ((-0.357, -1.204, -0.357), (-0.916, -0.511, -0.916)),
        ),
        mistakes=(
            Mistake("unchanged", _third_of_the_other_ratio, "The ratio's mean is still not 1."),
            Mistake(
                "sign of the logarithm",
                lambda a, b: np.mean(np.exp(b - a) - 1 - (a - b)),
                "The exponential is right now. Near equality the terms should vanish to second order: do they?",
            ),
            Mistake("k1", lambda a, b: np.mean(a - b), "That is k1: unbiased, but single terms may be negative."),
            Mistake("k2", lambda a, b: np.mean((a - b) ** 2) / 2, "That is k2, whose value is biased."),
            Mistake("sum", lambda a, b: len(a) * _third(a, b), "That is the sum; an estimate of D is a mean."),
        ),
        solution=r"""
```python
import numpy as np

def estimate(log_policy, log_reference):
    log_ratio = log_policy - log_reference
    return np.mean(np.exp(-log_ratio) - 1 + log_ratio)

coin, other = np.log([0.7, 0.3]), np.log([0.4, 0.6])
draws = np.repeat([0, 1], [7, 3])
assert np.isclose(estimate(coin[draws], other[draws]), 0.7 * np.log(0.7 / 0.4) + 0.3 * np.log(0.3 / 0.6))
```

The added term $\pi_0/\pi-1$ has mean 0 under the policy, which wrote the answers; the term with $\pi/\pi_0$ has mean 0 under the reference. A control that is centered under the wrong distribution is a bias.
""",
    ),
    NumberExercise(
        id="optimization-6",
        title="Best of n",
        level="medium",
        minutes=10,
        given={"reference": (0.4, 0.3, 0.15, 0.1, 0.05), "n": 8},
        values=lambda reference, n: {
            "divergence": kl_divergence(_best_of(reference, n), reference),
            "bound": _best_of_bound(n),
            "top": _best_of(reference, n)[-1],
        },
        question=r"""
Five answers have the probabilities $[[reference]]$ under the reference, in the order of their rewards, the best one last. Draw [[n]] answers independently and keep the best. How large is the divergence from this policy to the reference,
$D(\text{best of }[[n]]\|\text{reference})$, in nats?
""",
        hint=r"The best of $n$ draws is at most the $k$-th answer with probability $F_k^n$, where $F_k$ is the probability that one draw is.",
        solution=r"""
```python
import numpy as np
from kltools import kl_divergence

reference, n = np.array([[reference]]), [[n]]
best = np.diff(np.cumsum(reference) ** n, prepend=0)
divergence = kl_divergence(best, reference)
assert divergence < np.log(n) - (n - 1) / n
```

The best answer now has probability $[[top:.4f]]$, and the divergence is $[[divergence:.6f]]$ nat. The formula $\ln n-\frac{n-1}n = [[bound:.6f]]$, often quoted, is exact when no two draws tie, as with continuous rewards; otherwise it is an upper bound.
Best of $n$ moves no further than that from the reference, however well the reward is gamed.
""",
        truth=lambda reference, n: kl_divergence(_best_of(reference, n), reference),
        unit="nat",
        mistakes=lambda reference, n: [
            Mistake("formula for no ties", _best_of_bound(n), "That formula needs draws without ties."),
            Mistake("logarithm of n", math.log(n), "That is the logarithm of n alone."),
            Mistake("slots swapped", kl_divergence(reference, _best_of(reference, n)), "Best of n averages."),
            Mistake("only the best", -math.log(reference[-1]), "Best of n finds the best answer only sometimes."),
        ],
    ),
    NumberExercise(
        id="optimization-7",
        title="When the third estimate is the worse one",
        level="hard",
        minutes=12,
        given={"ratio": 2.0},
        values=lambda ratio: {
            "divergence": _crossing(ratio),
            "mu": math.sqrt(2 * _crossing(ratio)),
            "one": _crossing(1),
        },
        question=r"""
The policy $\pi$ is $N(0,1)$, the reference $\pi_0$ is $N(\mu,1)$, and draws come from the policy. For a small divergence $k_3=\frac{\pi_0}\pi-1-\ln\frac{\pi_0}\pi$ scatters less than $k_1=\ln\frac\pi{\pi_0}$, for a large one more. At which divergence
$D$, in nats, does the standard deviation of $k_3$ reach [[ratio:g]] times that of $k_1$?
""",
        hint=r"Under the policy $k_1$ is normal with variance $\mu^2$, and $\pi_0/\pi$ is lognormal with mean 1: from these follow both variances. Write $\mu^2$ by $D=\mu^2/2$ and find the root numerically.",
        solution=r"""
```python
import numpy as np
from scipy import optimize, stats

def excess(mu):
    return np.exp(mu**2) - 1 - mu**2 - [[ratio]] ** 2 * mu**2

mu = optimize.brentq(excess, 0.1, 4)
x = np.linspace(-12, 12, 48_001)
mass = stats.norm.pdf(x) * (x[1] - x[0])
k1 = mu**2 / 2 - mu * x
k3 = np.exp(-k1) - 1 + k1
deviations = [np.sqrt(mass @ k**2 - (mass @ k) ** 2) for k in (k1, k3)]
assert np.isclose(deviations[1], [[ratio]] * deviations[0])
```

At $\mu=[[mu:.4f]]$, which is $D=[[divergence:.6f]]$ nat. They are equal at $[[one:.4f]]$ already. An estimate that is excellent near equality can be a poor one a nat away: compare it with $k_1$ on the same draws.
""",
        truth=_crossing,
        unit="nat",
        mistakes=lambda ratio: [
            Mistake("equal scatter", _crossing(1), "There the two are equal."),
            Mistake("variance for deviation", _crossing(math.sqrt(ratio)), "That compares the variances."),
            Mistake("mu", math.sqrt(2 * _crossing(ratio)), "That is the mean of the reference. What is D there?"),
            Mistake("mu squared", 2 * _crossing(ratio), "Between unit normals D is half of the squared difference."),
        ],
    ),
    ConstructionExercise(
        id="optimization-8",
        title="Two judges that disagree",
        level="hard",
        minutes=10,
        given={"margin": 0.1, "smallest": 0.01},  # no lucky rounding and no infinite divergence decides
        values=lambda margin, smallest: {
            "cover_spread": kl_divergence([0.49, 0.02, 0.49], [0.34, 0.32, 0.34]),
            "cover_mode": kl_divergence([0.49, 0.02, 0.49], [0.96, 0.02, 0.02]),
            "seek_spread": kl_divergence([0.34, 0.32, 0.34], [0.49, 0.02, 0.49]),
            "seek_mode": kl_divergence([0.96, 0.02, 0.02], [0.49, 0.02, 0.49]),
        },
        question=r"""
Find a target $P$ and two candidates $Q_1$, $Q_2$ on three letters, every probability at least [[smallest]], such that $D(P\|Q_1)$ is smaller than $D(P\|Q_2)$ by [[margin]] nat or more, and $D(Q_2\|P)$ smaller than $D(Q_1\|P)$ by [[margin]] nat or more. Answer with three lists
`(p, q1, q2)`.
""",
        hint=r"Give $P$ two modes with a deep valley. Let $Q_1$ cover both and spill into the valley, and let $Q_2$ take one mode. A deeper valley widens the second.",
        solution=r"""
With $P=(0.49,0.02,0.49)$, $Q_1=(0.34,0.32,0.34)$ and $Q_2=(0.96,0.02,0.02)$ the covering order gives $[[cover_spread:.4f]]$ against $[[cover_mode:.4f]]$, the seeking order $[[seek_spread:.4f]]$ against $[[seek_mode:.4f]]$: not enough. A deeper valley does it.

```python
from kltools import kl_divergence

p, q1, q2 = [0.495, 0.01, 0.495], [0.34, 0.32, 0.34], [0.98, 0.01, 0.01]
assert kl_divergence(p, q1) < kl_divergence(p, q2) - [[margin]]
assert kl_divergence(q2, p) < kl_divergence(q1, p) - [[margin]]
```

Which of two models is the better one is not a property of the models: it depends on the slot that they fill.
""",
        lists=("p", "q1", "q2"),
        outcomes=3,
        verdict=_triple_verdict,
    ),
)
