"""Exercises of the chapter *Geometry*."""

import math

import numpy as np
from scipy.special import expit, kl_div, logit, rel_entr

from kltools.divergence import kl_divergence
from kltools.exercises import ChoiceExercise, ConstructionExercise, Feedback, FunctionExercise, Mistake, NumberExercise
from kltools.geometry import i_projection

COIN = {"x": (0.7, 0.3), "y": (0.4, 0.6)}  # the running coin of the book
SIDE = {"p": (0.3, 0.4, 0.3), "q": (0.6, 0.3, 0.1)}  # two of three that answer the last exercise
RIGHT = 1e-6  # nat by which a right angle may be missed


def _log_gap(x: float, y: float) -> float:
    """The Bregman divergence of -ln."""
    return x / y - 1 - math.log(x / y)


def _pinsker(d: float) -> float:
    return math.sqrt(d / 2)


def _huber(d: float) -> float:
    return math.sqrt(-math.expm1(-d))


def _variation_mistakes(d: float) -> list[Mistake]:
    other = max(_pinsker(d), _huber(d))
    return [
        Mistake("the weaker bound", other, "That bound holds, but the other of the two is tighter here."),
        Mistake(
            "no root",
            min(_pinsker(d), _huber(d)) ** 2,
            "That bounds the square of the total variation, or is sharper than what was asked.",
        ),
        Mistake("bits", math.sqrt(1 - 2.0**-d), "The bounds are for nats; here a power of 2 was taken, as for bits."),
    ]


def _genotypes(theta: float) -> np.ndarray:
    return np.array([theta**2, 2 * theta * (1 - theta), (1 - theta) ** 2])


def _genotype_slopes(theta: float) -> np.ndarray:
    return np.array([2 * theta, 2 - 4 * theta, -2 * (1 - theta)])


def _genotype_information(theta: float) -> float:
    return float(np.sum(_genotype_slopes(theta) ** 2 / _genotypes(theta)))


def _die(faces: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(1.0, faces + 1), np.full(faces, 1 / faces)


def _nearest_die(faces: int, mean: float):
    f, fair = _die(faces)
    return i_projection(fair, f, mean)


def _die_mistakes(faces: int, mean: float) -> list[Mistake]:
    f, fair = _die(faces)
    nearest = _nearest_die(faces, mean)
    share = (mean - fair @ f) / (faces - fair @ f)
    mixed = (1 - share) * fair + share * (f == faces)
    approximate = (mean - fair @ f) ** 2 / (2 * np.var(f))
    return [
        Mistake(
            "slots swapped",
            kl_divergence(fair, nearest.distribution),
            "The two slots are swapped: the new die averages.",
        ),
        Mistake("the multiplier", float(nearest.multipliers[0]), "That is the multiplier of the tilt."),
        Mistake(
            "not the nearest",
            kl_divergence(mixed, fair),
            "That die has the mean, but all its extra weight sits on one face. A nearer one spreads it.",
        ),
        Mistake("only the curvature", approximate, "That is half a square, good for small moves. Compute D itself."),
    ]


def _nan_at_zero(x, y):
    return np.sum(x * np.log(x / y) - x + y)


def _tangent_at_x(x, y):
    return np.sum(x * np.log(x)) - np.sum(y * np.log(y)) - (np.log(x) + 1) @ (x - y)


def _landing(q: float, p: float) -> float:
    """Where one natural gradient step of rate 1 in the logit lands, as a probability."""
    return float(expit(logit(q) + (p - q) / (q * (1 - q))))


def _coin(p: float, q: float) -> float:
    return kl_divergence([p, 1 - p], [q, 1 - q])


def _angle(r, p, q) -> float:
    """How much longer the direct way is than the detour by p; zero at a right angle."""
    return kl_divergence(r, q) - kl_divergence(r, p) - kl_divergence(p, q)


def _angle_verdict(r, p, q, apart, floor) -> Feedback:
    excess, reverse = _angle(r, p, q), _angle(q, p, r)
    if min(r.min(), p.min(), q.min()) < floor - 1e-12:
        return Feedback("mistake", f"Some probability is below {floor}.", "too near the border")
    variations = [np.abs(a - b).sum() / 2 for a, b in ((r, p), (p, q), (r, q))]
    if min(variations) < apart - 1e-12:
        return Feedback("mistake", "Two of the three are nearly the same: such a triangle has no angle.", "too close")
    if abs(excess) <= RIGHT:
        return Feedback("right", f"The direct way and the detour differ by {abs(excess):.1e} nat.")
    if abs(reverse) <= RIGHT:
        told = "There is a right angle, but for the way from q to r: the first of the three must average."
        return Feedback("mistake", told, "slots swapped")
    direct = f"the direct way is {abs(excess):.6f} nat"
    if excess > 0:
        return Feedback("mistake", f"The angle at p is obtuse: {direct} longer than the detour.", "obtuse")
    return Feedback("mistake", f"The angle at p is acute: {direct} shorter than the detour.", "acute")


EXERCISES = (
    NumberExercise(
        id="geometry-1",
        title="The tangent of another function",
        level="easy",
        minutes=5,
        given={"x": 4, "y": 2},
        values=lambda x, y: {"gap": _log_gap(x, y), "ratio": x / y, "reverse": _log_gap(y, x)},
        question=r"""
By hand. $F(x) = -\ln x$ is convex on the positive numbers. What is its Bregman divergence $B_F(x, y)$ at $x = [[x]]$, $y = [[y]]$?
""",
        hint=r"The slope of $F$ at $y$ is $-1/y$. Follow the tangent from $y$ to $x$, and take the height of the curve above it.",
        solution=r"""
The tangent at $y$ has the height $-\ln y - (x-y)/y$ at $x$, so the gap is $-\ln x+\ln y+(x-y)/y = \frac xy-1-\ln\frac xy = [[gap:.6f]]$. The other way around it is $[[reverse:.6f]]$. Only the ratio
$[[ratio:g]]$ enters, so this divergence does not care about units: it is used to compare spectra of sounds, loud and soft alike.
""",
        truth=_log_gap,
        mistakes=lambda x, y: [
            Mistake("slots swapped", _log_gap(y, x), "That is the gap at y above the tangent at x."),
            Mistake("tangent at x", -_log_gap(y, x), "The slope was taken at x. The tangent touches at y."),
            Mistake("no tangent", math.log(y / x), "That is F(x) - F(y). What did the tangent expect?"),
        ],
    ),
    NumberExercise(
        id="geometry-2",
        title="How far may a probability move?",
        level="easy",
        minutes=5,
        given={"d": 1.8},
        values=lambda d: {"pinsker": _pinsker(d), "huber": _huber(d), "best": min(_pinsker(d), _huber(d))},
        question=r"""
Between two versions of a model $D(P\|Q) = [[d]]$ nat. By how much at most can the probability of an event differ between them? Pinsker's inequality gives a bound, that of Bretagnolle and Huber another: give the better one.
""",
        hint=r"Solve both lower bounds on $D$ for the total variation, and keep the smaller result.",
        solution=r"""
Pinsker's inequality gives $T\le\sqrt{D/2}=[[pinsker:.6f]]$, that of Bretagnolle and Huber $T\le\sqrt{1-e^{-D}}=[[huber:.6f]]$.

```python
import numpy as np

d = [[d]]
best = min(np.sqrt(d / 2), np.sqrt(1 - np.exp(-d)))
assert np.isclose(best, [[best:.12f]])
```

The better bound is [[best:.4f]]. No event, however chosen, differs by more: a small divergence is a promise about all events at once.
""",
        truth=lambda d: min(_pinsker(d), _huber(d)),
        mistakes=_variation_mistakes,
    ),
    NumberExercise(
        id="geometry-3",
        title="What a genotype tells",
        level="medium",
        minutes=8,
        given={"theta": 0.3},
        values=lambda theta: {"information": _genotype_information(theta), "one": 1 / (theta * (1 - theta))},
        question=r"""
A gene comes in two forms, A with frequency $\theta$. A person carries AA, Aa or aa with probabilities $\theta^2$, $2\theta(1-\theta)$, $(1-\theta)^2$. What is the Fisher information of one
person's genotype about $\theta$, at $\theta = [[theta]]$?
""",
        hint=r"Differentiate the three probabilities, square, divide each by its probability, and add.",
        solution=r"""
The slopes are $2\theta$, $2-4\theta$ and $-2(1-\theta)$.

```python
import numpy as np
from kltools.geometry import fisher_information

information = fisher_information(lambda t: [t**2, 2 * t * (1 - t), (1 - t) ** 2], [[theta]])
assert np.isclose(information, 2 / ([[theta]] * (1 - [[theta]])))
```

It is $[[information:.6f]]$, twice the $[[one:.6f]]$ of one coin: a genotype is two independent draws, and information adds up over them, as $D$ does.
""",
        truth=_genotype_information,
        mistakes=lambda theta: [
            Mistake("one coin", 1 / (theta * (1 - theta)), "That is the information of one draw. A person has two."),
            Mistake("the variance", theta * (1 - theta) / 2, "That is the inverse: the variance of the best estimate."),
            Mistake(
                "not divided",
                float(np.sum(_genotype_slopes(theta) ** 2)),
                "Each squared slope must be divided by its probability.",
            ),
        ],
    ),
    NumberExercise(
        id="geometry-4",
        title="The nearest die",
        level="medium",
        minutes=8,
        given={"faces": 6, "mean": 5},
        values=lambda faces, mean: {
            "divergence": _nearest_die(faces, mean).divergence,
            "multiplier": float(_nearest_die(faces, mean).multipliers[0]),
            "last": float(_nearest_die(faces, mean).distribution[-1]),
            "log": math.log(faces),
        },
        question=r"""
Among all dice with [[faces]] faces and mean [[mean]], which $P$ has the least $D(P\|U)$ to the fair die $U$? Give the least divergence in nats.
""",
        hint=r"The nearest die is a tilt $e^{\lambda k}$ of the fair one. Find $\lambda$ by root-finding, or ask `i_projection` of `kltools.geometry`.",
        solution=r"""
```python
import numpy as np
from kltools import entropy
from kltools.geometry import i_projection

faces = np.arange(1, [[faces]] + 1)
nearest = i_projection(np.full([[faces]], 1 / [[faces]]), faces, [[mean]])
tilt = np.exp(nearest.multipliers[0] * faces)
assert np.allclose(nearest.distribution, tilt / tilt.sum())
assert np.isclose(nearest.divergence, np.log([[faces]]) - entropy(nearest.distribution))
```

With $\lambda = [[multiplier:.6f]]$ the last face gets probability [[last:.4f]], and the divergence is $[[divergence:.6f]]$ nat. It is what the entropy lacks to $\ln [[faces]]$: the nearest die to a fair one is the one of
largest entropy, the least committed that has this mean.
""",
        truth=lambda faces, mean: _nearest_die(faces, mean).divergence,
        unit="nat",
        mistakes=_die_mistakes,
    ),
    ChoiceExercise(
        id="geometry-5",
        title="What a bound on the mean is worth",
        level="medium",
        minutes=7,
        question=r"""
To think about. A model $Q$ is positive on finitely many outcomes and has mean 2. All that is known of the truth $R$ is that its mean is at least 3, and some outcomes are above 3. You replace $Q$ by its I-projection $P^*$,
the distribution of mean at least 3 that has the least $D(P^*\|Q)$. By how much does the divergence of the truth from your model fall?
""",
        hint=r"The set is convex, and $P^*$ has mean exactly 3. What sign has the last sum of the three-point theorem, for an $R$ with a larger mean?",
        options={
            "a": r"by exactly $D(P^*\|Q)$, whatever $R$ is",
            "b": r"by $D(P^*\|Q)$ or more",
            "c": r"by $D(P^*\|Q)$ or less",
            "d": r"that depends on $R$: it may even rise",
        },
        truth="b",
        mistakes=(
            Mistake("equality", "a", "That holds for a known mean. Here the mean may be larger than 3."),
            Mistake("acute", "c", "Put an R of larger mean into the three-point theorem and look at the sign."),
            Mistake("no guarantee", "d", "Then a true fact about R could hurt. Convexity forbids it."),
        ),
        solution=r"""
b. Up to a constant $\ln(p^*/q)=\lambda f$ with $\lambda>0$, so the last sum of the three-point theorem is $\lambda(\mathbb E_R f-3)\ge0$, and $D(R\|Q)-D(R\|P^*)\ge D(P^*\|Q)$. True
knowledge of a convex kind never hurts: it improves the model by at least the divergence that it took to build it in.
""",
    ),
    FunctionExercise(
        id="geometry-6",
        title="Find the bug: a gap below the curve",
        level="medium",
        minutes=10,
        given=COIN,
        question=r"""
Find the bug. This function should return the Bregman divergence of $F(x)=\sum x\ln x$ for a vector `x` of entries that are not negative and a positive vector `y`, and not only for probabilities: counts may have different totals. For `x = [[x]]` and `y = [[y]]` it returns a negative number, and where `x` has a zero it returns NaN. Write a version that is right on both counts.

```python
def gap(x, y):
    slope = np.log(x) + 1
    return np.sum(x * np.log(x)) - np.sum(y * np.log(y)) - slope @ (x - y)
```
""",
        hint=r"Where does the tangent touch? For the zero: $0\ln0=0$, and `scipy.special.xlogy` knows.",
        truth=lambda x, y: float(np.sum(kl_div(x, y))),
        cases=(
            tuple(COIN.values()),
            ((3.0, 1.0), (2.0, 5.0)),
            ((0.5, 0.5, 0.0), (0.25, 0.25, 0.5)),
            ((12.0, 7.0, 1.0), (10.0, 10.0, 10.0)),
        ),
        mistakes=(
            Mistake("unchanged", _tangent_at_x, "The tangent still touches at `x`."),
            Mistake("slots swapped", lambda x, y: np.sum(kl_div(y, x)), "Now both slots are swapped: `x` is touched."),
            Mistake(
                "totals", lambda x, y: np.sum(rel_entr(x, y)), "Right for equal totals only. What does the slope add?"
            ),
            Mistake("zero", _nan_at_zero, "Nearly: a zero in `x` still gives NaN."),
        ),
        solution=r"""
```python
import numpy as np
from scipy.special import kl_div, xlogy

def gap(x, y):
    x, y = np.asarray(x), np.asarray(y)
    slope = np.log(y) + 1
    return np.sum(xlogy(x, x)) - np.sum(xlogy(y, y)) - slope @ (x - y)

assert np.isclose(gap([3, 1], [2, 5]), np.sum(kl_div([3, 1], [2, 5])))
```

The tangent touches at the second argument. Off the probabilities the gap is $\sum(x\ln\frac xy-x+y)$, which `scipy.special.kl_div` computes term by term: its sum is $D$ where the two totals agree, and only there.
""",
    ),
    NumberExercise(
        id="geometry-7",
        title="One natural step",
        level="hard",
        minutes=10,
        given={"q": 0.1, "p": 0.5},
        values=lambda q, p: {
            "landing": _landing(q, p),
            "before": _coin(p, q),
            "after": _coin(p, _landing(q, p)),
            "stride": (p - q) / (q * (1 - q)),
        },
        question=r"""
A coin $Q$ shows heads with probability $q = [[q]]$; it should come to $p = [[p]]$, that of a coin $P$. You take one natural gradient step of rate 1 on $D(P\|Q)$ in the logit. At which probability does it land?
""",
        hint=r"In the logit the gradient is $q-p$ and the Fisher information $q(1-q)$. Turn the new logit back into a probability.",
        solution=r"""
```python
import numpy as np
from scipy.special import expit, logit
from kltools.geometry import natural_gradient_step

landing = expit(natural_gradient_step(lambda t: [expit(t), expit(-t)], logit([[q]]), [[q]] - [[p]]))
assert np.isclose(landing, expit(logit([[q]]) + ([[p]] - [[q]]) / ([[q]] * (1 - [[q]]))))
```

The logit moves by $[[stride:.6f]]$ and the coin lands at $[[landing:.6f]]$. The divergence from the target goes from $[[before:.4f]]$ to $[[after:.4f]]$ nat. Near the border the curvature changes so fast that a whole step laid along it can overshoot: limit the divergence of a step, or choose the mean parameter.
""",
        truth=_landing,
        mistakes=lambda q, p: [
            Mistake("mean parameter", p, "That is where a step in the mean parameter lands."),
            Mistake("plain step", float(expit(logit(q) + p - q)), "That is the plain gradient step. Divide by I."),
            Mistake("logit", float(logit(_landing(q, p))), "That is the new logit. Turn it into a probability."),
            Mistake(
                "other information",
                float(expit(logit(q) + (p - q) * q * (1 - q))),
                "That divides by the information of the mean parameter. In the logit it is the inverse.",
            ),
            Mistake("uphill", float(expit(logit(q) - (p - q) / (q * (1 - q)))), "That step goes uphill."),
        ],
    ),
    ConstructionExercise(
        id="geometry-8",
        title="Build a right angle",
        level="hard",
        minutes=12,
        given={"apart": 0.1, "floor": 0.05},
        values=lambda apart, floor: {**SIDE, "target": kl_divergence(**SIDE)},
        question=r"""
Find three distributions $R$, $P$ and $Q$ on three outcomes with a right angle at $P$, $D(R\|Q)=D(R\|P)+D(P\|Q)$ to within a millionth of a nat. No probability may be below [[floor]], and any two of the three must differ by at least [[apart]] in total
variation. Answer with a triple of lists `(r, p, q)`.
""",
        hint=r"Choose $P$ and $Q$ freely. The last sum of the three-point theorem is then linear in $R$: it vanishes where the mean of $\ln\frac{p}{q}$ under $R$ is a certain number.",
        solution=r"""
The sum vanishes where $\mathbb E_R\ln\frac pq=\mathbb E_P\ln\frac pq=D(P\|Q)$, which is a line through $P$. Take $P=[[p]]$ and $Q=[[q]]$, and walk from $P$ along the line in steps whose totals and whose mean of $\ln\frac pq$ are zero.

```python
import numpy as np
from kltools import kl_divergence

p, q = np.array([[p]]), np.array([[q]])
along = np.cross(np.log(p / q), np.ones(3))
r = p + 0.2 * along / np.abs(along).max()
assert r.min() > 0 and np.isclose(r.sum(), 1) and np.isclose(r @ np.log(p / q), [[target:.15f]])
assert np.isclose(kl_divergence(r, q), kl_divergence(r, p) + kl_divergence(p, q))
```

Every two different $P$, $Q$ have such a line. With two outcomes it is a single point, $R=P$: coins know no right angles, and a coin in between is a shortcut.
""",
        lists=("r", "p", "q"),
        outcomes=3,
        verdict=_angle_verdict,
    ),
)
