"""Constructions: right answers have their property by a second route, and every named mistake is reached."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog, minimize_scalar
from scipy.special import entr, rel_entr, softmax
from scipy.stats import binom
from which_slot import CASE

from kltools import exercises as bank

BOOK = Path(__file__).parents[1] / "book"
STEMS = sorted(module.name for module in pkgutil.iter_modules(bank.__path__))


@dataclass(frozen=True, kw_only=True)
class Construction:
    """How one exercise is tested."""

    holds: Callable  # whether an answer has the property, by a second route from the numbers of the question
    model: str  # the answer that the bank's solution builds, in the names of its code
    right: object  # another right answer
    mistakes: dict  # for each named mistake an answer that commits it
    draw: Callable  # from a generator to a valid answer, sometimes right and sometimes not
    lists: tuple = ()  # what the question calls the lists of probabilities, if it asks for such
    shape: str = ""  # what is told where one list has an outcome more
    invalid: tuple = ()  # other answers that cannot be judged, each with words that name why


def divergence(p, q):
    return float(rel_entr(p, q).sum())


# The properties, by second routes


def tree_saves_more(answer, given):
    """On three letters the one-bit codeword goes to the likeliest: a tree costs 2 bits less that letter's share."""
    p, q = map(np.array, answer)
    return p.max() - p[q.argmax()] >= divergence(p, q) / np.log(2) + given["margin"] - 1e-12


def relabeled_and_lopsided(answer, given):
    p, q = answer
    same = np.allclose(sorted(p), sorted(q), atol=1e-9)
    return same and min(p) > 0 and abs(divergence(p, q) - divergence(q, p)) >= given["margin"] - 1e-12


def same_fit_and_poor(answer, given):
    """The fit by minimizing the loss, which the pumps that failed decide."""
    counts = np.array(answer)

    def pumps(theta):
        return np.array([(1 - theta) ** 2, 2 * theta * (1 - theta), theta**2])

    best = minimize_scalar(lambda t: -counts @ np.log(pumps(t)), bounds=(1e-6, 1 - 1e-6), options={"xatol": 1e-9}).x
    fitted = counts.sum() == given["shifts"] and abs(best - given["theta"]) < 1e-4
    return fitted and divergence(counts / counts.sum(), pumps(given["theta"])) >= given["least"]


def large_but_untestable(answer, given):
    """The best test of two outcomes solves a linear program in the probabilities of accepting P at each count."""
    p, q = answer
    by_p, by_q = (binom.pmf(range(given["n"] + 1), given["n"], rare) for _, rare in (p, q))
    best = linprog(by_q, A_ub=[-by_p], b_ub=[given["alpha"] - 1], bounds=(0, 1))
    return given["divergence"] <= divergence(p, q) < np.inf and best.fun > given["miss"]


def right_angle(answer, given):
    """By the three-point theorem: the sum that the angle is about, and the event that tells two distributions apart."""
    r, p, q = map(np.array, answer)
    apart = min(np.maximum(one - other, 0).sum() for one, other in ((r, p), (p, q), (r, q)))
    level = min(map(min, answer)) >= given["floor"] - 1e-12 and apart >= given["apart"] - 1e-12
    return level and abs((r - p) @ np.log(p / q)) <= 1e-6


def judges_disagree(answer, given):
    p, one, other = answer
    covering, seeking = divergence(p, other) - divergence(p, one), divergence(one, p) - divergence(other, p)
    return min(map(min, answer)) >= given["smallest"] and min(covering, seeking) >= given["margin"] - 1e-12


def two_optima(answer, given):
    """Each factor in turn is a softmax of the mean logarithm; the bound is that mean plus both entropies."""
    logs, bounds = np.log(answer), []
    for start in (given["first"], given["second"]):
        first, second, change = np.array(start), np.array(start), 1.0
        while change > 1e-13:
            before, first = first, softmax(logs @ second)
            second, change = softmax(first @ logs), abs(first - before).max()
        bounds.append(first @ logs @ second + entr(first).sum() + entr(second).sum())
    return abs(bounds[0] - bounds[1]) >= given["margin"] - 1e-9


def one_order_is_blind(answer, given):
    reference, new = answer
    unseen, seen = divergence(reference, new), divergence(new, reference)
    return min(map(min, answer)) >= given["smallest"] and unseen <= given["most"] and seen >= given["least"]


# Answers at random: valid, some of them right


def two_near_lists(rng):
    p = rng.dirichlet([10, 10, 10])
    return p, rng.dirichlet(30 * p)


def two_orders(rng):
    p = rng.dirichlet([1, 1, 1])
    return p, rng.permutation(p)


def forty_shifts(rng):
    both = rng.integers(1, 10)
    return np.array([20 + both, 20 - 2 * both, both]) + rng.permutation([1, -1, 0]) * rng.integers(2)


def rare_outcomes(low, high):
    """Two outcomes, the second with probabilities between those powers of ten."""
    return lambda rng: [(1 - rare, rare) for rare in 10.0 ** rng.uniform(low, high)]


def triangle(rng):
    """On the line of right angles through p, or a little beside it."""
    while True:
        p, q = rng.dirichlet([4, 4, 4], size=2)
        along = np.cross(np.log(p / q), np.ones(3))
        off = rng.choice([0, 1e-3]) * np.array([1, -1, 0])
        r = p + rng.uniform(-0.3, 0.3) * along / np.abs(along).max() + off
        if r.min() > 0:
            return r, p, q


def three_lists(rng):
    return 0.97 * rng.dirichlet([0.5, 0.5, 0.5], size=3) + 0.01


def two_corners(rng):
    return np.exp(rng.normal(size=(2, 2)) + 3 * np.eye(2))


CONSTRUCTIONS = {
    "coding-8": Construction(
        holds=tree_saves_more,
        model="(p, q)",
        right=([0.4, 0.3, 0.3], [0.32, 0.33, 0.35]),
        mistakes={
            "margin too small": ([0.34, 0.33, 0.33], [0.33, 0.34, 0.33]),
            "same tree": ([0.5, 0.3, 0.2], [0.6, 0.2, 0.2]),
            "dyadic pair": ([1 / 2, 1 / 4, 1 / 4], [1 / 4, 1 / 2, 1 / 4]),
            "saving below D": ([0.9, 0.05, 0.05], [0.05, 0.05, 0.9]),
            "zero in q": ([0.5, 0.25, 0.25], [0.5, 0.5, 0.0]),
        },
        draw=two_near_lists,
        lists=("p", "q"),
        shape="3 probabilities",
    ),
    "surprise-8": Construction(
        holds=relabeled_and_lopsided,
        model="(p, q)",
        right=([0.05, 0.15, 0.8], [0.15, 0.8, 0.05]),
        mistakes={
            "other numbers": ([0.7, 0.2, 0.1], [0.6, 0.3, 0.1]),
            "zero": ([0.0, 0.3, 0.7], [0.3, 0.7, 0.0]),
            "same list": ([0.5, 0.3, 0.2], [0.5, 0.3, 0.2]),
            "one exchange": ([0.6, 0.3, 0.1], [0.3, 0.6, 0.1]),
            "margin too small": ([0.4, 0.35, 0.25], [0.25, 0.4, 0.35]),
        },
        draw=two_orders,
        lists=("p", "q"),
        shape="3 probabilities",
    ),
    "likelihood-8": Construction(
        holds=same_fit_and_poor,
        model="counts",
        right=np.array([30, 0, 10]),
        mistakes={
            "wrong total": (29, 2, 8),
            "wrong moment": (30, 6, 4),
            "other fit": (20, 10, 10),
            "fits too well": (22, 16, 2),
        },
        draw=forty_shifts,
        invalid=(
            (3, "one-dimensional"),
            ([20, 20], "three whole numbers"),
            ([28.5, 3, 8.5], r"counts\[0\] = 28\.5: a count is a whole number"),
            ([31, -2, 11], r"counts\[1\] = -2"),
            ([28, 4, np.inf], r"counts\[2\] = inf"),
            ([0, 0, 0], "counts nothing"),
            (["28", "4", "8"], "counts must hold real numbers"),
        ),
    ),
    "hypothesis_testing-8": Construction(
        holds=large_but_untestable,
        model="(p, q)",
        right=([0.93, 0.07], [1 - 1e-9, 1e-9]),
        mistakes={
            "infinite": ([0.9, 0.1], [1.0, 0.0]),
            "divergence too small": ([0.5, 0.5], [0.4, 0.6]),
            "test too good": ([0.8, 0.2], [0.1, 0.9]),
        },
        draw=rare_outcomes([-1.5, -15], [-0.5, -3]),
        lists=("p", "q"),
        shape="the same outcomes",
    ),
    "geometry-8": Construction(
        holds=right_angle,
        model="(r, p, q)",
        right=([0.45, 0.4, 0.15], [0.25, 0.5, 0.25], [0.25, 0.25, 0.5]),
        mistakes={
            "too near the border": ([0.02, 0.49, 0.49], [0.3, 0.4, 0.3], [0.6, 0.3, 0.1]),
            "too close": ([0.3, 0.4, 0.3], [0.3, 0.4, 0.3], [0.6, 0.3, 0.1]),
            "slots swapped": ([0.25, 0.25, 0.5], [0.25, 0.5, 0.25], [0.45, 0.4, 0.15]),
            "obtuse": ([0.1, 0.35, 0.55], [0.25, 0.45, 0.3], [0.55, 0.35, 0.1]),
            "acute": ([0.4, 0.5, 0.1], [0.25, 0.45, 0.3], [0.55, 0.35, 0.1]),
        },
        draw=triangle,
        lists=("r", "p", "q"),
        shape="3 probabilities",
    ),
    "optimization-8": Construction(
        holds=judges_disagree,
        model="(p, q1, q2)",
        right=([0.01, 0.495, 0.495], [0.3, 0.35, 0.35], [0.01, 0.97, 0.02]),
        mistakes={
            "nearly zero": ([0.4975, 0.005, 0.4975], [0.3, 0.4, 0.3], [0.98, 0.01, 0.01]),
            "slots swapped": ([0.495, 0.01, 0.495], [0.97, 0.015, 0.015], [0.33, 0.33, 0.34]),
            "margin too small": ([0.49, 0.02, 0.49], [0.33, 0.33, 0.34], [0.96, 0.02, 0.02]),
            "same order": ([0.4, 0.3, 0.3], [0.35, 0.35, 0.3], [0.8, 0.1, 0.1]),
        },
        draw=three_lists,
        lists=("p", "q1", "q2"),
        shape="3 probabilities",
    ),
    "elbo-8": Construction(
        holds=two_optima,
        model="np.exp(table)",
        right=[[0.1, 0.002], [0.003, 0.4]],
        mistakes={
            "one optimum": [[0.25, 0.25], [0.25, 0.25]],
            "equal modes": [[0.4, 0.01], [0.01, 0.4]],
            "margin too small": [[0.45, 0.02], [0.02, 0.4]],
        },
        draw=two_corners,
        invalid=(
            (3, "two rows of two positive numbers"),
            ([[0.5, 0.2, 0.1], [0.1, 0.05, 0.05]], "two rows of two"),
            ([[0.5, 0.2], [0.3]], "table is ragged"),
            ([[0.5, 0.2], [0.3, 0.0]], "positive"),
            ([[0.5, 0.2], [0.3, np.nan]], "positive"),
            ([[0.5, 0.2], [0.3, np.inf]], "positive"),
            ([["0.5", "0.2"], ["0.2", "0.1"]], "table must hold real numbers"),
        ),
    ),
    "practice-7": Construction(
        holds=one_order_is_blind,
        model="(reference, new)",
        right=([0.6, 0.39999, 0.00001], [0.58, 0.38, 0.04]),
        mistakes={
            "nearly zero": ([1 - 1e-9, 1e-9], [0.97, 0.03]),
            "slots swapped": ([0.95, 0.05], [0.9998, 0.0002]),
            "too small": ([0.5, 0.5], [0.45, 0.55]),
            "both see": ([0.9, 0.1], [0.1, 0.9]),
        },
        draw=rare_outcomes([-5.5, -2], [-1, -0.5]),
        lists=("reference", "new"),
        shape="the same outcomes",
    ),
    "rules-4": Construction(**CASE),
}


def all_right(id):
    """Return the answer of the bank's solution and the one of the table."""
    exec(re.search(r"```python\n(.*?)```", bank.get(id).solution, re.DOTALL)[1], names := {})
    return eval(CONSTRUCTIONS[id].model, names), CONSTRUCTIONS[id].right


def invalid(id):
    """Return answers that cannot be judged, each with what its message must say."""
    case, right = CONSTRUCTIONS[id], all_right(id)[0]
    yield from case.invalid
    if not case.lists:
        return
    asked = re.escape(f"({', '.join(case.lists)})")
    yield from ((broken, asked) for broken in (3, "abcd", {}, right[:1], [*right, right[0]], (...,)))
    for place, (name, part) in enumerate(zip(case.lists, right, strict=True)):
        part = [float(x) for x in part]
        for broken, told in (
            ([2 * x for x in part], r"sums to (2|1\.99)"),
            ([1.5, -0.5, *part[2:]], r"\[1\] = -0\.5"),
            ([np.nan, *part[1:]], r"\[0\] = nan"),
            ([np.inf, *part[1:]], r"\[0\] = inf"),
            ([str(x) for x in part], "must hold real numbers"),
            ([1j * x for x in part], "must hold real numbers"),
            ([...], "must hold real numbers"),
            (None, "must hold real numbers"),
            (0.5, "must be .*vector"),
            ([], "has no outcomes"),
        ):
            yield [*right[:place], broken, *right[place + 1 :]], rf"\b{name}\b ?{told}"
        yield [*right[:place], [*part, 0.0], *right[place + 1 :]], case.shape


def named_in_the_code(stem):
    """Return the mistakes that the judges in a chapter's file name, all by literals."""
    source = Path(inspect.getfile(importlib.import_module(f"{bank.__name__}.{stem}"))).read_text(encoding="utf-8")
    names = set()
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("Feedback"):
            given = inspect.signature(bank.Feedback).bind(*call.args, **{key.arg: key.value for key in call.keywords})
            if ast.literal_eval(given.arguments["status"]) == "mistake":
                names.add(ast.literal_eval(given.arguments["mistake"]))
    return names


by_id = pytest.mark.parametrize("id", CONSTRUCTIONS)


def test_every_construction_of_the_bank_is_here():
    every = [exercise for stem in STEMS for exercise in bank.exercises(stem).values()]
    assert set(CONSTRUCTIONS) == {one.id for one in every if isinstance(one, bank.ConstructionExercise)}


@by_id
def test_a_right_answer_passes_and_has_the_property_by_a_second_route(id):
    for answer in all_right(id):
        assert CONSTRUCTIONS[id].holds(answer, bank.get(id).given)
        assert bank.check(id, answer).status == "right"


@by_id
def test_each_mistake_is_named_and_lacks_the_property_by_a_second_route(id):
    for name, answer in CONSTRUCTIONS[id].mistakes.items():
        said = bank.check(id, answer)
        assert (said.status, said.mistake) == ("mistake", name)
        assert not CONSTRUCTIONS[id].holds(answer, bank.get(id).given)


@pytest.mark.parametrize("stem", STEMS)
def test_every_mistake_that_a_judge_can_name_is_reached(stem):
    """By chapter: what the answers of the table reach, and what stands in the code of the chapter's judges."""
    here = [id for id in CONSTRUCTIONS if bank.get(id).chapter == stem]
    reached = {bank.check(id, answer).mistake for id in here for answer in CONSTRUCTIONS[id].mistakes.values()}
    assert reached == named_in_the_code(stem)


@by_id
def test_the_verdict_on_random_answers_is_that_of_the_second_route(id):
    rng = np.random.default_rng(8)
    verdicts = set()
    for _ in range(100):
        answer = CONSTRUCTIONS[id].draw(rng)
        said = bank.check(id, answer)
        holds = CONSTRUCTIONS[id].holds(answer, bank.get(id).given)
        assert said.status == ("right" if holds else "mistake"), (answer, said)
        verdicts.add(bool(holds))
    assert verdicts == {True, False}


@by_id
def test_what_cannot_be_judged_is_told_by_its_name(id):
    for answer, words in invalid(id):
        said = bank.check(id, answer)
        assert said.status == "invalid", answer
        assert re.search(words, said.message), (answer, said.message)


@by_id
def test_the_answer_of_the_page_is_not_answered_yet(id):
    page = (BOOK / f"{bank.get(id).chapter}.md").read_text(encoding="utf-8")
    exec(re.search(rf"\n(answer = .*)\ncheck\(\"{id}\", answer\)", page)[1], names := {})
    assert bank.check(id, names["answer"]).status == "unanswered"
    assert bank.check(id, ...).status == "unanswered"


@by_id
def test_no_message_gives_a_right_answer_away(id):
    """No number of a right answer is told unless it stands in the question or in the reader's own answer."""

    def numbers(text):
        return set(re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?", text))

    right = [x for x in np.ravel(all_right(id)[0]) if isinstance(x, np.number)]
    secret = {shown for x in right for shown in (f"{x:g}", f"{x:.3f}", f"{x:.4f}") if float(shown) not in (0, 1, 2)}
    wrong = [*CONSTRUCTIONS[id].mistakes.values(), *(answer for answer, _ in invalid(id)), None]
    for answer in wrong:
        told = numbers(bank.check(id, answer).text) - numbers(bank.get(id).question) - numbers(repr(answer))
        assert not told & secret, answer


@by_id
def test_what_is_given_belongs_to_the_question_and_holds_no_right_answer(id):
    exercise = bank.get(id)
    assert all(f"[[{name}" in exercise.templates["question"] for name in exercise.given)
    given = [np.ravel(value).tolist() for value in exercise.given.values()]
    for answer in all_right(id):
        assert not any(np.ravel(part).tolist() in given for part in (answer, *answer))
