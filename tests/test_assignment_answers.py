"""Answers of every kind: what is honestly a number counts, whatever type it has, and nothing else does."""

import itertools
import json
import re
from dataclasses import asdict

import attacked_course
import numpy as np
import pytest

from assignments.grade import grade
from assignments.numbers import Numbers
from assignments.sandbox import is_plain

NEXT, LESSON = attacked_course.NEXT, attacked_course.LESSON
RIGHT = {
    "float": "answer_optimization_3 = TRUTH",
    "array-without-axes": "answer_optimization_3 = np.array(TRUTH)",
    "array-of-one": "answer_optimization_3 = np.array([[TRUTH]])",
    "list-of-one": "answer_optimization_3 = [TRUTH]",
    "lists-of-one": "answer_optimization_3 = [[[TRUTH]]]",
    "list-of-text": "answer_optimization_3 = ['TRUTH']",
    "numpy-number": "answer_optimization_3 = np.float64(TRUTH)",
    "single-precision": "answer_optimization_3 = np.float32(TRUTH)",
    "fraction": "from fractions import Fraction\nanswer_optimization_3 = Fraction(TRUTH)",
    "decimal": "from decimal import Decimal\nanswer_optimization_3 = Decimal(TRUTH)",
    "complex-on-the-line": "answer_optimization_3 = np.array([TRUTH + 0j])",
    "own-module": f"%%writefile helper.py\nvalue = TRUTH{NEXT}from helper import value as answer_optimization_3",
    "own-number": "class Own(float): pass\nanswer_optimization_3 = Own(TRUTH)",
    "second-thought": "answer_optimization_3 = 'a'\nanswer_optimization_3 = TRUTH",
    "copy-of-the-blank": f"answer_optimization_3 = TRUTH{NEXT}answer_optimization_3 = None",
    "figures": "%matplotlib inline\nanswer_optimization_3 = TRUTH",
    "lines-for-the-shell": "!true\nanswer_optimization_3 = TRUTH",
}
HOSTILE = "class Hostile:\n    def {}(self, *given): raise SystemExit\nanswer_optimization_3 = Hostile()"
WRONG = {
    "inf": ("float('inf')", "wrong"),
    "minus-zero": ("-0.0", "wrong"),
    "nan": ("float('nan')", "invalid"),
    "text": ("'TRUTH'", "invalid"),
    "text-of-a-million": ("'1' * 10**6", "invalid"),
    "markup": ("'<script>alert(1)</script> ![](http://example.org)'", "invalid"),
    "generator": ("(x for x in [TRUTH])", "invalid"),
    "complex": ("complex(TRUTH, 1)", "invalid"),
    "bool": ("True", "invalid"),
    "numpy-bool": ("np.True_", "invalid"),
    "dictionary": ("{'right': TRUTH}", "invalid"),
    "set": ("{TRUTH}", "invalid"),
    "bytes": ("b'1'", "invalid"),
    "type": ("float", "invalid"),  # which can be called
    "array-of-two": ("np.array([TRUTH, TRUTH])", "invalid"),
    "array-of-a-billion": ("np.broadcast_to(TRUTH, 10**9)", "invalid"),
    "array-of-objects": ("np.array([object(), {}], dtype=object)", "invalid"),
    "list-of-a-million": ("[TRUTH] * 10**6", "invalid"),
    "nested": ("eval('[' * 90 + ']' * 90)", "invalid"),
    "million-digits": ("10 ** 10**6", "invalid"),
}
MADE = {
    "nested-deep": "deep = []\nfor _ in range(1000): deep = [deep]\nanswer_optimization_3 = deep",
    "holds-itself": "answer_optimization_3 = []\nanswer_optimization_3.extend([answer_optimization_3] * 9999)",
    "reduce": "import os\nclass Hostile:\n    def __reduce__(self): return os.system, ('touch /tmp/was_here',)\n"
    "answer_optimization_3 = Hostile()",
    "repr": HOSTILE.format("__repr__"),
    "array": HOSTILE.format("__array__"),
    "float-that-exits": HOSTILE.format("__float__"),
    "getattr": HOSTILE.format("__getattribute__"),
    "float-of-text": "class Hostile:\n    def __float__(self): return 'TRUTH'\nanswer_optimization_3 = Hostile()",
    "equal-to-all": "class Hostile:\n    def __eq__(self, other): return True\nanswer_optimization_3 = Hostile()",
    "name-of-markup": "answer_optimization_3 = type('<b>**bold**</b>', (), {})()",
}
ANSWERS = {
    **{name: (source, "right") for name, source in RIGHT.items()},
    **{name: (f"answer_optimization_3 = {source}", status) for name, (source, status) in WRONG.items()},
    **{name: (source, "invalid") for name, source in MADE.items()},
}

LEAKING = """
known = []
class {name}(Exception): pass
def tell(prior, likelihood):
    known.append((prior.tolist(), likelihood.tolist()))
    print(known)
    {how}
answer_surprise_7 = tell
"""
FUNCTIONS = {
    "honest-function": (LESSON, "right"),
    "returns-array": (LESSON.replace("= lesson", "= lambda *given: np.array(lesson(*given))"), "right"),
    "returns-array-of-one": (LESSON.replace("= lesson", "= lambda *given: np.array([lesson(*given)])"), "right"),
    "returns-fraction": (
        LESSON.replace("= lesson", "= lambda *given: Fraction(lesson(*given))") + "\nfrom fractions import Fraction",
        "right",
    ),
    "changes-its-inputs": (LESSON.replace("    posterior", "    prior /= prior.sum()\n    posterior", 1), "right"),
    "counts-its-calls": (
        LESSON.replace("    posterior", "    seen.append(prior)\n    posterior", 1) + "\nseen = []",
        "right",
    ),
    "divides-by-zero": (
        "np.seterr(all='raise')\n" + LESSON.replace("    posterior", "    np.divide(1.0, 0.0)\n    posterior", 1),
        "right",
    ),
    "blank-below": (f"{LESSON}{NEXT}answer_surprise_7 = None", "right"),
    "returns-nothing": ("answer_surprise_7 = lambda *given: None", "unanswered"),
    "returns-nan": ("answer_surprise_7 = lambda *given: float('nan')", "wrong"),
    "returns-text": (LEAKING.format(name="Own", how="return str(known)"), "invalid"),
    "returns-number-as-text": (LESSON.replace("= lesson", "= lambda *given: str(lesson(*given))"), "invalid"),
    "returns-input": (LEAKING.format(name="Own", how="return prior"), "invalid"),
    "returns-dictionary": (LEAKING.format(name="Own", how="return {str(prior): prior}"), "invalid"),
    "returns-bool": ("answer_surprise_7 = lambda *given: True", "invalid"),
    "returns-generator": ("answer_surprise_7 = lambda *given: iter(given)", "invalid"),
    "returns-object": ("answer_surprise_7 = lambda *given: np.ones(10**9, dtype='i1')", "invalid"),
    "raises-message": (LEAKING.format(name="Own", how="raise ValueError(str(known))"), "invalid"),
    "raises-name": (LEAKING.format(name="Own", how="raise type(str(known), (Exception,), {})"), "invalid"),
    "returns-type-named": (LEAKING.format(name="Own", how="return type(str(known), (), {})()"), "invalid"),
    "takes-other-arguments": ("answer_surprise_7 = lambda: 1", "invalid"),
    "hard-coded": ("answer_surprise_7 = lambda *given: 0.75", "wrong"),
    "no-function": ("answer_surprise_7 = 0.75", "invalid"),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course in which everybody has an answer of another kind, and most a function of another kind."""
    course, assignment = attacked_course.make(tmp_path_factory.mktemp("answers") / "course", ANSWERS)
    for student, function in itertools.zip_longest(ANSWERS, FUNCTIONS):
        sources = [ANSWERS[student][0], *([FUNCTIONS[function][0]] if function else [])]
        attacked_course.hand_in(course, assignment, student, NEXT.join(sources))
    return course, assignment


@pytest.fixture(scope="module")
def results(course):
    return grade(*course, jobs=2)


def verdict(result, id):
    return next(one for one in result.verdicts if one.id == id)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_number_counts_whatever_its_type_and_nothing_else(results, name):
    told, status = verdict(results[name], "optimization-3"), ANSWERS[name][1]
    assert (told.status, told.earned) == (status, float(status == "right")), told
    assert (told.value is None) == (status == "invalid"), "what is judged as a number is looked at as one, too"


@pytest.mark.parametrize(("student", "name"), list(zip(ANSWERS, FUNCTIONS, strict=False)))
def test_a_function_is_judged_by_the_numbers_that_it_returns(results, student, name):
    told, status = verdict(results[student], "surprise-7"), FUNCTIONS[name][1]
    assert (told.status, told.earned) == (status, float(status == "right")), told


@pytest.mark.parametrize("student", ANSWERS)
def test_what_stands_beside_counts_too(results, student):
    earned = {one.id: one.earned for one in results[student].verdicts if one.id not in attacked_course.ATTACKED}
    assert (results[student].status, sum(earned.values())) == ("graded", attacked_course.EARNED)


def test_no_hidden_input_is_in_a_result(course, results):
    numbers = Numbers(*course)
    for student in list(ANSWERS)[: len(FUNCTIONS)]:
        text = json.dumps(asdict(results[student])).replace(results[student].fingerprint, "")
        said = {float(number) for number in re.findall(r"-?\d+\.\d+", text)}
        inputs = [np.ravel(part) for case in numbers.hidden(student, "surprise-7") for part in case]
        hidden = {number for number in np.concatenate(inputs).tolist() if len(str(number)) > 5}  # 0.5 may be anything
        assert len(hidden) > 20
        assert not hidden & said, student


def test_no_message_repeats_what_a_student_made_up(results):
    for name in ("markup", "name-of-markup", "text", "text-of-a-million", "dictionary"):
        told = verdict(results[name], "optimization-3")
        assert not re.search(r"[<*\[]|alert|TRUTH|111", told.message), told.message
        assert len(told.answer) <= 200


TOO_MUCH = [10**17, {"a": 10**30}, [[[[[[[[[[1]]]]]]]]]], "x" * 20_001, ["x" * 20_001], [1] * 10_001, [[1] * 6000] * 2]
WIDE = [["x" * 20_000, *[""] * 9998], [["x" * 2000] * 10, [[1] * 600]], {"a": "x" * 20_000, "b": [1] * 50}]


@pytest.mark.parametrize("value", [*TOO_MUCH, {"a": [1] * 10**4}, *WIDE])
def test_what_no_honest_process_says_is_no_answer(value):
    assert not is_plain(json.loads(json.dumps(value)))


@pytest.mark.parametrize("value", ["x" * 20_000, ["x" * 20_000] * 40, [["0.12345678901234567"] * 5000], [[0.5] * 9999]])
def test_what_an_honest_process_may_say_is_an_answer(value):
    assert is_plain(json.loads(json.dumps(value)))
