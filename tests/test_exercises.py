"""The bank: right answers pass, every known mistake is named, and no check ever gives an answer away."""

import math
import pkgutil
import re

import numpy as np
import pytest

from kltools import exercises as bank

CHAPTERS = sorted(module.name for module in pkgutil.iter_modules(bank.__path__))
ALL = [exercise for chapter in CHAPTERS for exercise in bank.exercises(chapter).values()]
NUMBERS = [exercise for exercise in ALL if isinstance(exercise, bank.NumberExercise)]
CHOICES = [exercise for exercise in ALL if isinstance(exercise, bank.ChoiceExercise)]
FUNCTIONS = [exercise for exercise in ALL if isinstance(exercise, bank.FunctionExercise)]


def by_id(exercises):
    return pytest.mark.parametrize("exercise", exercises, ids=[exercise.id for exercise in exercises])


def truth_of(exercise):
    return exercise.truth(**exercise.given)


def fenced_code(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_each_chapter_has_six_to_eight_exercises_of_every_level():
    for chapter in CHAPTERS:
        exercises = list(bank.exercises(chapter).values())
        assert 6 <= len(exercises) <= 8
        assert [exercise.number for exercise in exercises] == list(range(1, len(exercises) + 1))
        assert {exercise.level for exercise in exercises} == set(bank.LEVELS)
        opening = " ".join(exercise.question for exercise in exercises)
        assert all(mark in opening for mark in ("By hand.", "To think about.", "Find the bug."))


@by_id(NUMBERS)
def test_the_right_number_passes_also_when_rounded_to_three_digits(exercise):
    truth = truth_of(exercise)
    assert exercise.check(truth).status == "right"
    assert exercise.check(float(f"{truth:.3g}")).status == "right"
    assert exercise.check(np.array([truth])).status == "right"
    assert exercise.check(np.float32(truth)).status == "right"


@by_id(NUMBERS)
def test_every_known_mistake_is_named_by_its_value(exercise):
    names = {exercise.check(mistake.answer).mistake for mistake in exercise.known_mistakes()}
    assert all(exercise.check(mistake.answer).status == "mistake" for mistake in exercise.known_mistakes())
    assert len(names) >= 2
    specific = {mistake.name for mistake in exercise.mistakes(**exercise.given)}
    assert specific <= names


@by_id([exercise for exercise in NUMBERS if exercise.unit.startswith("bit")])
def test_nats_and_a_wrong_sign_are_named(exercise):
    truth = truth_of(exercise)
    assert exercise.check(truth * math.log(2)).mistake == "nats"
    assert exercise.check(-truth).status == "mistake"


@by_id(NUMBERS)
def test_a_complex_number_counts_on_the_real_line_only(exercise):
    truth = truth_of(exercise)
    assert exercise.check(complex(truth)).status == exercise.check(np.array([truth + 0j])).status == "right"
    assert exercise.check(np.complex128(truth + 1j)).status == "invalid"


@pytest.mark.parametrize(
    ("unit", "answer", "name", "told"),
    [
        ("bit", 0.183787, "nats", "in nats; the question asks for bits"),
        ("bits per symbol", 0.382527, "bits twice", "divided by ln 2"),
        ("nat", 0.382527, "bits", "in bits; the question asks for nats"),
        ("nats per draw", 0.183787, "nats twice", "multiplied by ln 2"),
        ("deciban", 0.0610524, "nats", "in nats; the question asks for decibans"),
        ("nat", -0.265148, "sign", "sign"),
        ("", 0.382527, "", ""),
    ],
)
def test_a_wrong_unit_is_named(unit, answer, name, told):
    options = {"id": "x-1", "title": "", "level": "easy", "minutes": 1, "question": "", "hint": "", "solution": ""}
    said = bank.NumberExercise(**options, truth=lambda: 0.265148, unit=unit).check(answer)
    assert said.mistake == name
    assert told in said.message


@by_id([exercise for exercise in NUMBERS if exercise.unit])
def test_a_value_rounded_too_far_is_told_to_keep_digits(exercise):
    assert exercise.check(truth_of(exercise) * 1.03).status == "close"
    assert exercise.check(truth_of(exercise) * 1.5).status in {"wrong", "mistake"}


@by_id(NUMBERS)
def test_no_message_contains_the_answer(exercise):
    truth = truth_of(exercise)
    shown = {f"{truth:g}", f"{truth:.3f}", f"{truth:.4f}"}
    answers = [*(mistake.answer for mistake in exercise.known_mistakes()), truth * 1.03, truth * 1.5, None, "text"]
    for answer in answers:
        words = set(re.findall(r"-?\d+(?:\.\d+)?", exercise.check(answer).text))
        assert not (words - {str(answer), "0", "1", "2"}) & shown


@by_id(NUMBERS)
def test_what_is_given_does_not_tell_the_truth(exercise):
    given = [value for value in exercise.given.values() if not isinstance(value, str)]
    numbers = [x for value in given for x in np.ravel(value).tolist()]
    assert not any(exercise.check(x).status == "right" for x in numbers)


@by_id(FUNCTIONS)
def test_a_function_is_given_only_what_its_question_shows(exercise):
    assert all(f"[[{name}]]" in exercise.templates["question"] for name in exercise.given)


@by_id(CHOICES)
def test_a_choice_is_given_no_letter(exercise):
    assert not any(isinstance(value, str) for value in exercise.given.values())


@by_id(CHOICES)
def test_every_option_is_right_or_a_named_mistake(exercise):
    said = {letter: exercise.check(letter) for letter in exercise.options}
    assert said[exercise.truth].status == "right"
    assert exercise.check(f" {exercise.truth.upper()}. ").status == "right"
    wrong = [said[letter] for letter in exercise.options if letter != exercise.truth]
    assert all(feedback.status == "mistake" for feedback in wrong)
    assert len({feedback.mistake for feedback in wrong}) == len(wrong)
    assert exercise.check("z").status == "invalid"


@by_id(FUNCTIONS)
def test_functions_are_judged_by_what_they_return(exercise):
    assert exercise.check(exercise.truth).status == "right"
    for mistake in exercise.mistakes:
        assert exercise.check(mistake.answer).mistake == mistake.name
    assert exercise.check(lambda *_: ...).status == "unanswered"
    assert exercise.check(lambda *_: 17.0).status == "wrong"
    assert exercise.check(lambda *_: 1 / 0).status == "invalid"
    assert exercise.check(3).status == "invalid"


@by_id(ALL)
def test_a_check_never_raises(exercise):
    class Hostile:
        def __eq__(self, other):
            raise RuntimeError("no comparison")

        def __float__(self):
            raise RuntimeError("no number")

        def __str__(self):
            raise RuntimeError("no text")

    assert exercise.check(None).status == "unanswered"
    assert exercise.check(...).status == "unanswered"
    for answer in (True, "0.5", [1, 2], {}, float("nan"), 1j, object(), Hostile(), np.zeros((2, 2)), float("inf")):
        assert exercise.check(answer).status in {"invalid", "wrong", "mistake"}


@by_id(ALL)
def test_the_code_of_a_solution_runs_and_asserts(exercise):
    for code in fenced_code(exercise.solution):
        assert "assert" in code
        exec(compile(code, f"solution of {exercise.id}", "exec"), {})
    assert exercise.solution.rstrip().endswith("."), "a solution ends in a sentence of meaning"


def test_what_does_not_exist_is_named():
    with pytest.raises(KeyError, match="coding-99"):
        bank.get("coding-99")
    with pytest.raises(KeyError, match="astrology"):
        bank.get("astrology-1")
    with pytest.raises(KeyError, match="no chapter"):
        bank.check("1", 2)
    with pytest.raises(ValueError, match="level of x-1"):
        bank.Exercise(id="x-1", title="", level="trivial", minutes=1, question="", hint="", solution="")
    with pytest.raises(KeyError, match="neither given nor computed"):
        bank.Exercise(id="x-1", title="", level="easy", minutes=1, question="[[y]]", hint="", solution="")
