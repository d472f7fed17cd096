"""Numbers drawn for each student: each draw can be told, judged and solved like the exercise that it comes from."""

import ast
import importlib
import json
import math
import pkgutil
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.special import entr
from test_constructions import CONSTRUCTIONS
from test_exercise_truths import ALL, FUNCTIONS, NUMBERS, SECOND_ROUTES, fenced_code, function_of

from assignments import draws
from assignments.draws._different import DIFFERENT, MOST
from assignments.variants import hidden_cases, variant
from kltools import exercises as bank

SEEDS = 6
MANY = 60
STUDENTS = 200

# Number exercises whose numbers stay, and why.
FIXED = {
    "likelihood-5": "its truth does not depend on its one number, the scale",
    "rules-3": "it is given none: that it is Euler's constant is the point",
}
# Number exercises of which more than one pair of students in twenty shares a truth, how many at most, and why.
SHARED = {
    "coding-3": (0.08, "one whole number, the faces of a die, and the truth tends to a limit"),
    "coding-5": (0.35, "the truth is a small whole number, the length of a block"),
    "surprise-4": (0.06, "the truth is a whole number of flips, below 50"),
    "likelihood-1": (0.1, "a ratio by hand has few flips"),
}
VARIED = [one.id for one in NUMBERS if one.id not in FIXED]

# For each construction that asks with numbers: numbers that the answer of the bank does not meet.
HARDER = {
    "coding-8": {"margin": 0.5},
    "surprise-8": {"margin": 3.0},
    "likelihood-8": {"theta": 0.3},
    "hypothesis_testing-8": {"n": 100},
    "geometry-8": {"floor": 0.2},
    "optimization-8": {"smallest": 0.02},
    "elbo-8": {"margin": 5.0},
    "practice-7": {"least": 1.0},
}

by_number = pytest.mark.parametrize("id", VARIED)
by_varied = pytest.mark.parametrize("id", [*VARIED, *HARDER])
by_function = pytest.mark.parametrize("id", [one.id for one in FUNCTIONS])
by_construction = pytest.mark.parametrize("id", HARDER)


@cache
def drawn(id, seed):
    return variant(id, np.random.default_rng([17, seed]))


def several(id, seeds=SEEDS):
    return [drawn(id, seed) for seed in range(seeds)]


def truth_of(exercise):
    return exercise.truth(**exercise.given)


def numbers_shown(text):
    """Return the numbers of a text, fractions and shares in percent among them."""
    shown = {float(x.replace(",", "")) for x in re.findall(r"\d[\d,]*\.?\d*(?:e-?\d+)?", text.replace(", ", " "))}
    shown |= {float(x) / float(y) for x, y in re.findall(r"(\d+)/(\d+)", text)}
    return shown | {float(x) / 100 for x in re.findall(r"([\d.]+)(?:%| percent)", text)}


def leaves(value):
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, list | tuple) else [value]


def name_told(exercise, answer):
    """Return which mistake a check names."""
    said = exercise.check(answer)
    assert said.status == "mistake", said
    return said.mistake


def solved(exercise):
    """Run the code of the solution, with its assertions, and return its names."""
    names = {}
    for code in fenced_code(exercise.solution):
        exec(compile(code, f"solution of {exercise.id}", "exec"), names)
    return names


def test_every_exercise_whose_numbers_vary_has_a_draw_and_no_draw_is_left_over():
    files = {module.name for module in pkgutil.iter_modules(draws.__path__) if not module.name.startswith("_")}
    assert files == {module.name for module in pkgutil.iter_modules(bank.__path__)}
    for chapter in files:
        own = importlib.import_module(f"{draws.__name__}.{chapter}")
        assert {bank.get(id).chapter for id in (*own.NUMBERS, *own.INPUTS)} == {chapter}
    assert set(draws.NUMBERS) == {*VARIED, *HARDER}
    assert set(draws.INPUTS) == {one.id for one in FUNCTIONS}
    given = {one.id for one in ALL if isinstance(one, bank.ConstructionExercise) and one.given}
    assert set(HARDER) == given


@pytest.mark.parametrize("path", sorted(Path(draws.__file__).parents[1].rglob("*.py")), ids=lambda path: path.stem)
def test_no_file_is_too_long_to_read(path):
    assert path.read_text(encoding="utf-8").count("\n") <= 400


def test_an_exercise_without_a_draw_is_itself():
    for exercise in ALL:
        if exercise.id not in draws.NUMBERS:
            assert variant(exercise.id, np.random.default_rng(1)) is bank.get(exercise.id)


# The texts


@by_varied
def test_the_texts_are_filled_and_the_numbers_are_short_and_exact(id):
    original = bank.get(id)
    for exercise in several(id):
        told = "".join(getattr(exercise, name) for name in exercise.templates)
        assert not re.search(r"\[\[\w+(:[^\]]+)?\]\]", told)
        assert all(len(number) <= 8 for number in re.findall(r"\d+\.\d+", exercise.question))
        shown = numbers_shown(exercise.question)
        for name, value in exercise.given.items():
            asked = f"[[{name}" in original.templates["question"]
            for leaf in leaves(value):
                if asked and not isinstance(leaf, str) and value != original.given[name]:
                    forms = {abs(leaf), 1 / leaf if leaf else 0}
                    assert any(math.isclose(x, form, rel_tol=1e-9) for x in shown for form in forms), (name, leaf)


@by_varied
def test_the_numbers_can_be_written_down_and_read_again(id):
    for exercise in several(id):
        given = ast.literal_eval(repr(dict(exercise.given)))
        assert given == exercise.given
        assert bank.get(id).with_numbers(given).question == exercise.question
        assert json.loads(json.dumps(given)).keys() == given.keys()


def test_the_logarithm_that_a_question_offers_is_good_enough():
    for exercise in several("rules-1", 100):
        p, q = exercise.given["p"], exercise.given["q"]
        told = float(re.search(r"\\approx(-?[\d.]+)\$", exercise.question)[1])
        assert exercise.check(-p * told - p + q).status == "right"
    for exercise in several("rules-2", 100):
        p = exercise.given["p"]
        told = float(re.search(r"\\approx([\d.]+)\$", exercise.question)[1])
        assert exercise.check(told - 1 + 1 / p).status == "right"


def test_the_two_logarithms_that_a_question_offers_are_good_enough():
    for exercise in several("practice-1", 100):
        offered = re.findall(r"\\ln(?:\\frac(\{\d+\}|\d)(\{\d+\}|\d)|(\d+))\\approx([\d.]+)\$", exercise.question)
        assert len(offered) == 2
        reference, new = exercise.given["reference"], exercise.given["new"]
        index = 0
        for (above, below, n, log), ratio in zip(offered, (reference[0] / new[0], new[2] / reference[2]), strict=True):
            root = float(n or above.strip("{}")) / float(below.strip("{}") or 1)
            power = math.log(ratio) / math.log(root)
            assert power == pytest.approx(round(power))
            index += (reference[0] - new[0]) * round(power) * float(log)
        assert exercise.check(index).status == "right"


def test_titles_and_words_follow_the_numbers():
    def told(id, **given):
        return bank.get(id).with_numbers(given)

    assert told("likelihood-1", sequence="TTHTHT").title == "Six flips"
    assert "the six probabilities" in told("likelihood-1", sequence="TTHTHT").hint
    assert told("optimization-1", share=0.65).title == "Thirteen twentieths keep left"
    assert told("optimization-2", cut=0.05).title == "A pool that keeps a twentieth"
    assert told("optimization-2", cut=0.17).title == "A pool that keeps 17 percent"
    assert told("hypothesis_testing-5", mean=4.4).title == "An average of 4.4"
    assert "two a, one b, one c and three d" in told("coding-1", message="addabcd").solution
    assert r"2\cdot 1 + 2 + 3 + 3\cdot 3 = 16" in told("coding-1", message="addabcd").solution
    assert told("elbo-4", k=12).title == "Twelve weights"


# The answers


def truth_passes_and_every_mistake_is_named(id, seeds):
    original = bank.get(id)
    confused = {(mistake.name, name_told(original, mistake.answer)) for mistake in original.known_mistakes()}
    for exercise in several(id, seeds):
        truth = truth_of(exercise)
        assert math.isfinite(truth)
        assert truth != 0
        assert exercise.check(truth).status == "right"
        assert exercise.check(float(f"{truth:.4g}")).status == "right"
        for mistake in exercise.known_mistakes():
            told = name_told(exercise, mistake.answer)
            assert told == mistake.name or (mistake.name, told) in confused
            assert abs(mistake.answer - truth) > 3 * exercise.tolerance * abs(truth), (exercise.given, mistake)


@by_number
def test_the_truth_passes_and_every_mistake_is_named(id):
    truth_passes_and_every_mistake_is_named(id, 3)


@by_number
def test_the_truth_is_what_a_second_route_finds(id):
    for exercise in several(id, 2):
        assert truth_of(exercise) == pytest.approx(SECOND_ROUTES[id](**exercise.given), rel=1e-7)


@by_number
def test_what_is_given_does_not_tell_the_truth(id):
    for exercise in several(id):
        truth, told = truth_of(exercise), numbers_shown(exercise.question)
        for leaf in leaves(list(exercise.given.values())):
            assert isinstance(leaf, str) or leaf in told or abs(leaf - truth) > exercise.tolerance * abs(truth)


@by_varied
def test_the_solution_holds_for_the_drawn_numbers(id):
    for exercise in several(id, 2 if id in VARIED else 30):
        names = solved(exercise)
        if id in HARDER:
            answer = eval(CONSTRUCTIONS[id].model, names)
            assert exercise.check(answer).status == "right"
            assert CONSTRUCTIONS[id].holds(answer, exercise.given)


@by_construction
def test_a_construction_is_judged_by_the_numbers_of_its_question(id):
    answer = eval(CONSTRUCTIONS[id].model, solved(bank.get(id)))
    assert bank.check(id, answer).status == "right"
    harder = bank.get(id).with_numbers(HARDER[id])
    assert harder.check(answer).status == "mistake"
    assert not CONSTRUCTIONS[id].holds(answer, harder.given)
    rng = np.random.default_rng(3)
    for exercise in several(id, 3):
        for _ in range(10):
            answer = CONSTRUCTIONS[id].draw(rng)
            holds = CONSTRUCTIONS[id].holds(answer, exercise.given)
            assert exercise.check(answer).status == ("right" if holds else "mistake")


def test_a_number_that_no_question_has_is_refused_by_name():
    with pytest.raises(KeyError, match="coding-3 is not given sides"):
        bank.get("coding-3").with_numbers({"sides": 8})


# Between students


@by_varied
def test_the_same_seed_gives_the_same_numbers_and_others_give_others(id):
    again = variant(id, np.random.default_rng([17, 0]))
    assert again.given == drawn(id, 0).given
    assert again.question == drawn(id, 0).question
    assert len({repr(exercise.given) for exercise in several(id)}) >= 4


def test_two_seeds_give_other_numbers_for_nearly_all():
    assert sum(drawn(id, 0).given != drawn(id, 1).given for id in VARIED) >= 0.9 * len(VARIED)


def different(id):
    """Return how many pairs of students there are to one that has the same numbers, as far as many draws tell."""
    counts = Counter(repr(sorted(drawn(id, seed).given.items())) for seed in range(STUDENTS))
    same = sum(math.comb(count, 2) for count in counts.values())
    return min(MOST, math.comb(STUDENTS, 2) / same) if same else MOST


def test_how_far_the_draws_differ_is_written_down_for_each():
    assert list(DIFFERENT) == list(draws.NUMBERS)
    for id in ("coding-3", "practice-4", "one_number-3"):  # a few, some and many, quick to draw
        assert different(id) == pytest.approx(DIFFERENT[id], rel=0.1)


@pytest.mark.slow
@by_varied
def test_what_is_written_down_is_how_far_the_draws_differ(id):
    assert different(id) == pytest.approx(DIFFERENT[id], rel=0.1)
    assert DIFFERENT[id] >= 20


@pytest.mark.slow
@by_number
def test_few_students_share_a_truth(id):
    tolerance = bank.get(id).tolerance
    truths = np.array([truth_of(drawn(id, seed)) for seed in range(STUDENTS)], dtype=float)
    same = np.abs(truths[:, None] - truths) <= tolerance * np.abs(truths)[:, None]
    most = SHARED.get(id, (0.05, ""))[0]
    assert same[np.triu_indices(STUDENTS, 1)].mean() <= most


@pytest.mark.slow
@by_number
def test_the_solution_holds_for_many_students(id):
    for exercise in several(id, MANY):
        solved(exercise)


@pytest.mark.slow
@by_number
def test_the_mistakes_are_told_apart_for_many_students(id):
    truth_passes_and_every_mistake_is_named(id, MANY)


def test_numbers_that_cannot_be_told_apart_are_refused_by_name(monkeypatch):
    for given in (None, {"x": 3, "y": 3}, {"x": 100, "y": 99}):  # refused, truth zero, mistakes too near
        monkeypatch.setitem(draws.NUMBERS, "geometry-1", lambda rng, given=given: given)
        with pytest.raises(RuntimeError, match="geometry-1"):
            variant("geometry-1", np.random.default_rng(1))
    # What the question would round.
    monkeypatch.setitem(draws.NUMBERS, "surprise-3", lambda rng: {"model": 20.00001, "floor": 10 / 3})
    with pytest.raises(RuntimeError, match="surprise-3"):
        variant("surprise-3", np.random.default_rng(1))
    with pytest.raises(KeyError, match="geometry-99"):
        variant("geometry-99", np.random.default_rng(1))


# Hidden inputs


@by_function
def test_hidden_inputs_tell_right_functions_from_wrong_ones(id):
    exercise = bank.get(id)
    asked = function_of(fenced_code(exercise.question)[0], {"np": np, "entr": entr})
    mended = function_of(fenced_code(exercise.solution)[0], {})
    for seed in range(3):
        cases = hidden_cases(id, np.random.default_rng(seed))
        assert len(cases) >= 11
        assert cases == hidden_cases(id, np.random.default_rng(seed))
        assert ast.literal_eval(repr(cases)) == cases
        tried = replace(exercise, cases=cases, **exercise.templates)
        assert tried.question == exercise.question
        assert tried.check(exercise.truth).status == "right"
        assert tried.check(mended).status == "right"
        assert tried.check(asked).mistake == "unchanged"
        for mistake in exercise.mistakes:
            assert tried.check(mistake.answer).mistake == mistake.name


@by_function
def test_hidden_inputs_are_not_those_of_the_bank_and_differ_between_students(id):
    one, other = (hidden_cases(id, np.random.default_rng(seed)) for seed in (1, 2))
    known = {repr(tuple(np.asarray(part, dtype=float).tolist() for part in case)) for case in bank.get(id).cases}
    assert not known & {repr(tuple(np.asarray(part).tolist() for part in case)) for case in one}
    assert len(set(one) & set(other)) <= 4  # the edge cases
    assert len(set(one)) == len(one)


def test_only_functions_have_hidden_inputs():
    with pytest.raises(TypeError, match="coding-1 asks for no function"):
        hidden_cases("coding-1", np.random.default_rng(1))
    with pytest.raises(KeyError, match="coding-99"):
        hidden_cases("coding-99", np.random.default_rng(1))


def test_inputs_that_tell_no_mistakes_apart_are_refused_by_name(monkeypatch):
    same = ((0.5, 0.5), (0.5, 0.5))
    monkeypatch.setitem(draws.INPUTS, "coding-7", (lambda rng: same, (same,)))
    with pytest.raises(RuntimeError, match="coding-7"):
        hidden_cases("coding-7", np.random.default_rng(1))
