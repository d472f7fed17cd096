"""Copies are found, and what honest students write alike is not taken for one."""

import json
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from assignments.code_copies import reduce_code
from assignments.copies import Alike, CopiedNumber, find_copies
from assignments.course import create_course, open_course, read_assignment
from assignments.grade import grade, submission
from assignments.numbers import Numbers
from assignments.results import Result, Verdict

ASKED = """\
[[exercise]]
id = "coding-3"
points = 2
[[exercise]]
id = "coding-7"
points = 3
[[exercise]]
id = "coding-8"
points = 1
[[exercise]]
id = "likelihood-8"
points = 1
[[exercise]]
id = "rules-4"
points = 1
[[exercise]]
id = "written-1"
points = 3
text = "Which of the two divergences would you report to your client, and why that one?"
"""
FACES = {"ann": 6, "bob": 8, "cat": 8, "dan": 12}
LONG = "I would report the divergence that averages over what really happens."
FUNCTION = """\
def waste(p, q):
    p, q = np.asarray(p), np.asarray(q)
    sent = p > 0
    return float(np.sum(p[sent] * np.log2(p[sent] / q[sent])))

answer_coding_7 = waste"""


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course"
    create_course(folder)
    (folder / "assignments" / "week1.toml").write_text(ASKED, "utf8")
    (folder / "roster.csv").write_text("id,name,email\n" + "".join(f"{one},,\n" for one in FACES), "utf8")
    (folder / "numbers").mkdir()
    kept = {student: {"coding-3": {"faces": faces}} for student, faces in FACES.items()}
    (folder / "numbers" / "week1.json").write_text(json.dumps(kept), "utf8")
    return open_course(folder)


@pytest.fixture
def assignment(course):
    return read_assignment(course, "week1")


@pytest.fixture
def numbers(course, assignment):
    return Numbers(course, assignment)


def truth(numbers, student, id="coding-3"):
    exercise = numbers.exercise(student, id)
    return float(exercise.truth(**exercise.given))


def told(numbers, student, value, id="coding-3"):
    """Return the result of a student who gave one number."""
    said = numbers.exercise(student, id).check(value)
    return Result(student, 9.0, verdicts=[Verdict(id, 2.0, 0.0, said.status, "", said.mistake, repr(value), value)])


def answered(student, id, answer, status="right"):
    return Result(student, 9.0, verdicts=[Verdict(id, 2.0, None, status, answer=answer)])


def hand_in(course, assignment, student, *cells):
    file = submission(course, assignment, course.roster[student])
    file.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=[new_code_cell(cell, id=f"c{n}") for n, cell in enumerate(cells)]), file)


def code_groups(course, assignment, submissions):
    """Return who handed in the same code, given the cells of each."""
    for student, cells in submissions.items():
        hand_in(course, assignment, student, "import numpy as np", *cells)
    results = {student: answered(student, "coding-7", "a function") for student in submissions}
    found = find_copies(course, assignment, results)
    assert {(one.exercise, one.kind) for one in found.alike} <= {("coding-7", "code")}
    return [one.students for one in found.alike]


def test_a_number_that_is_right_for_others_is_a_copy_with_all_whom_it_fits(course, assignment, numbers):
    results = {
        "ann": told(numbers, "ann", truth(numbers, "bob")),
        "bob": told(numbers, "bob", truth(numbers, "cat")),  # the same numbers: right, and no copy
        "dan": told(numbers, "dan", truth(numbers, "dan")),
    }
    found = find_copies(course, assignment, results)
    assert found.numbers == (CopiedNumber("ann", "coding-3", f"{truth(numbers, 'bob'):.6g}", ("bob", "cat")),)
    assert found.number("ann", "coding-3") is found.numbers[0]
    assert found.number("bob", "coding-3") is None


def test_a_copied_number_is_found_in_whatever_form_it_is_judged(course, assignment, numbers):
    value = truth(numbers, "dan")
    for student, form in {"ann": "[{!r}]", "bob": "[[[{!r}]]]", "cat": "['{!r}']"}.items():
        hand_in(course, assignment, student, f"answer_coding_3 = {form.format(value)}")
    found = find_copies(course, assignment, grade(course, assignment)).numbers
    assert [(one.student, one.owners) for one in found] == [(one, ("dan",)) for one in ("ann", "bob", "cat")]


def test_of_the_owners_the_nearest_comes_first(course, assignment, numbers):
    faces = {"ann": 6, "bob": 40, "cat": 42, "dan": 41}
    numbers.file.write_text(json.dumps({one: {"coding-3": {"faces": many}} for one, many in faces.items()}), "utf8")
    value = truth(numbers, "dan")
    (found,) = find_copies(course, assignment, {"ann": told(numbers, "ann", value)}).numbers
    assert found.owners[0] == "dan"
    assert set(found.owners) == {"bob", "cat", "dan"}


def test_a_known_mistake_of_ones_own_is_said_beside_the_copy(course, assignment, numbers):
    own, other = numbers.exercise("ann", "coding-3"), numbers.exercise("dan", "coding-3")
    value = truth(numbers, "dan")
    mistaken = replace(own, mistakes=lambda faces: [replace(own.known_mistakes()[0], answer=value)], **own.templates)
    said = mistaken.check(value)
    assert (said.status, other.check(value).status) == ("mistake", "right")
    result = Result("ann", 9.0, verdicts=[Verdict("coding-3", 2, 0, said.status, "", said.mistake, repr(value), value)])
    (found,) = find_copies(course, assignment, {"ann": result}).numbers
    assert found.may_be == f"the mistake {said.mistake}"


@pytest.mark.parametrize(
    ("digits", "status", "may_be"),
    [
        (17, "wrong", ""),
        (5, "wrong", ""),
        (17, "close", ""),  # nobody meets another's number in all digits by rounding
        (2, "wrong", "chance: few digits agree"),
        (3, "close", "the student's own value, rounded"),
    ],
)
def test_few_digits_may_agree_by_chance(course, assignment, numbers, digits, status, may_be):
    value = float(f"{truth(numbers, 'dan'):.{digits}g}")
    if numbers.exercise("dan", "coding-3").check(value).status != "right":
        value = round(truth(numbers, "dan") * 1.002, 3)
    said = Verdict("coding-3", 2.0, 0.0, status, answer=repr(value), value=value)
    (found,) = find_copies(course, assignment, {"ann": Result("ann", 9.0, verdicts=[said])}).numbers
    assert (found.owners, found.may_be) == (("dan",), may_be)


def test_the_owners_are_those_whose_check_says_right(course, assignment, numbers):
    factors, fitted = np.random.default_rng(7).uniform(0.99, 1.01, 15), 0
    around = [truth(numbers, student) * factor for student in FACES for factor in factors.tolist()]
    for value in [*around, float("nan"), float("inf"), 0.0, -1e308]:
        results = {student: told(numbers, student, value) for student in FACES}
        found = find_copies(course, assignment, results)
        right = {one for one in FACES if results[one].verdicts[0].status == "right"}
        for student in FACES:
            copied = found.number(student, "coding-3")
            assert set(copied.owners if copied else ()) == (set() if student in right else right)
            fitted += copied is not None
    assert fitted > 20


def test_each_truth_is_computed_once(course, assignment, numbers, monkeypatch):
    calls = []

    def counted(self, student, id, of=Numbers.exercise):
        exercise = of(self, student, id)
        if id != "coding-3":
            return exercise
        return replace(
            exercise, truth=lambda **given: calls.append(student) or exercise.truth(**given), **exercise.templates
        )

    results = {student: told(numbers, student, truth(numbers, student)) for student in FACES}
    monkeypatch.setattr(Numbers, "exercise", counted)
    find_copies(course, assignment, results)
    assert sorted(calls) == sorted(FACES)


OTHER_NAMES = '''\
def lost_bits(sender, code):
    """My own words."""
    sender, code = np.asarray(sender), np.asarray(code)   # arrays first

    positive = (sender > 0)
    return float(np.sum(sender[positive] * np.log2(sender[positive] / code[positive])))
'''
WITH_HELPER = """\
TINY = 1e-300
def logs(x):
    return np.log2(x + TINY)
def waste(p, q):
    return float(np.sum(p * (logs(p) - logs(q))))
answer_coding_7 = waste
"""


@pytest.mark.parametrize(
    "cells",
    [
        [FUNCTION],
        [OTHER_NAMES, "answer_coding_7 = lost_bits"],
        [OTHER_NAMES, "mine = lost_bits\nanswer_coding_7 = mine", "answer_coding_7 = None"],
        [OTHER_NAMES.replace("lost_bits", "answer_coding_7")],
        ["%matplotlib inline\n!ls\n" + OTHER_NAMES + "answer_coding_7: object = lost_bits"],
        ["import numpy\n" + OTHER_NAMES.replace("np.", "numpy.") + "answer_coding_7 = lost_bits", "answer_x = (("],
        ["def lost_bits(p, q):\n    return 1", OTHER_NAMES, "answer_coding_7 = lost_bits", "def lost_bits(): pass"],
        [OTHER_NAMES.replace("(sender, code)", "(sender: list, code: list) -> float") + "answer_coding_7 = lost_bits"],
    ],
)
def test_code_is_the_same_but_for_names_comments_and_layout(course, assignment, cells):
    assert code_groups(course, assignment, {"ann": [FUNCTION], "bob": cells}) == [("ann", "bob")]


@pytest.mark.parametrize(
    "cells",
    [
        [FUNCTION.replace("log2", "log")],
        [FUNCTION.replace("p > 0", "p > 1")],
        [FUNCTION.replace("p[sent] / q[sent]", "q[sent] / p[sent]")],
        ["answer_coding_7 = None"],
        [],
    ],
)
def test_other_code_is_not_the_same(course, assignment, cells):
    assert code_groups(course, assignment, {"ann": [FUNCTION], "bob": cells}) == []


def test_helpers_belong_to_the_code(course, assignment):
    other = WITH_HELPER.replace("1e-300", "1e-9")
    renamed = (
        WITH_HELPER.replace("TINY", "EPS").replace("logs", "safe").replace("(x", "(value").replace("x +", "value +")
    )
    submissions = {"ann": [WITH_HELPER], "bob": [renamed], "cat": [other]}
    assert code_groups(course, assignment, submissions) == [("ann", "bob")]


@pytest.mark.parametrize(
    "elsewhere",
    ["p = np.array([0.5, 0.5])\nq = 1 - p", "sent = p = 3", "def q(x):\n    return x", "x = [p for p in range(3)]"],
)
def test_names_elsewhere_in_a_notebook_are_not_those_of_a_function(course, assignment, elsewhere):
    nested = FUNCTION.replace("return float(", "part = lambda q: [sent for sent in q]\n    return float(")
    submissions = {"ann": [FUNCTION], "bob": [elsewhere, FUNCTION], "cat": [nested], "dan": [nested, elsewhere]}
    assert code_groups(course, assignment, submissions) == [("ann", "bob"), ("cat", "dan")]


@pytest.mark.parametrize(
    "read",
    [
        "def lost(p, q):\n    {}return np.sum(p * np.log2(p / q)) * SCALE",
        "def lost(p, q, scale=SCALE):\n    {}return np.sum(p * np.log2(p / q)) * scale",
        "def lost(p, q):\n    {}return sum((lambda x: x * SCALE)(x * np.log2(x / y)) for x, y in zip(p, q))",
        "def lost(p, q):\n    global SCALE\n    {}SCALE = SCALE + 1\n    return np.sum(p * np.log2(p / q)) * SCALE",
        "@SCALE\ndef lost(p, q):\n    {}return np.sum(p * np.log2(p / q))",
    ],
    ids=["plain", "default", "nested", "global", "decorator"],
)
def test_what_a_function_takes_from_the_notebook_counts(course, assignment, read):
    code = read.format("entropy = np.sum(p * np.log2(p))\n    ") + "\nanswer_coding_7 = lost"
    submissions = {one: [f"SCALE = {scale}", code] for one, scale in {"ann": 1, "bob": 1, "cat": 2}.items()}
    assert code_groups(course, assignment, submissions) == [("ann", "bob")]


def test_what_everybody_has_is_not_listed(course, assignment, numbers):
    exercise = numbers.exercise("ann", "coding-7")
    for shown in (exercise.question, exercise.solution):
        cells = [shown.split("```python\n")[1].split("```")[0] + "\nanswer_coding_7 = wasted_bits"]
        assert len(reduce_code(["import numpy as np", *cells], "answer_coding_7")) > 100
        everybody = [course.roster[one] for one in FACES]
        for student in everybody:
            hand_in(course, assignment, student.id, "import numpy as np", *cells)
        results = {one: answered(one, "coding-7", "a function") for one in FACES}
        assert find_copies(course, assignment, results).alike == ()
        for student in everybody:
            submission(course, assignment, student).unlink()
            submission(course, assignment, student).parent.rmdir()


def test_a_line_of_code_is_too_short_to_be_a_copy(course, assignment):
    line = "from kltools import kl_divergence\nanswer_coding_7 = lambda p, q: kl_divergence(p, q, base=2)"
    assert code_groups(course, assignment, {"ann": [line], "bob": [line]}) == []


def test_code_that_is_no_python_is_compared_as_text(course, assignment):
    broken = FUNCTION.replace("def waste(p, q):", "def waste(p, q)")
    submissions = {
        "ann": [broken],
        "bob": [broken.replace("    ", "\t").replace(" = ", "  =  ")],
        "cat": [broken + "1"],
    }
    assert code_groups(course, assignment, submissions) == [("ann", "bob")]


def test_a_submission_that_cannot_be_read_is_skipped(course, assignment):
    for student in ("ann", "bob"):
        hand_in(course, assignment, student, "import numpy as np", FUNCTION)
    hand_in(course, assignment, "cat")
    submission(course, assignment, course.roster["cat"]).write_bytes(b"\xff{")
    results = {student: answered(student, "coding-7", "a function") for student in FACES}  # dan's file is gone
    assert find_copies(course, assignment, results).alike == (Alike("coding-7", "code", ("ann", "bob")),)


@pytest.mark.parametrize(
    "hostile",
    [
        "-" * 50_000 + "1",
        "0x" + "f" * 9_000,
        "lambda p, p: 1",
        "a" + ".a" * 60_000,
        "(" * 5_000,
        "not " * 40_000 + "1",
        "9" * 9_000,
        "'\\d'",
        "\0",
        "\ud800",
        "f\"{'in\N{NO-BREAK SPACE}nats'}\"",
    ],
    ids=["signs", "long", "twice", "dots", "open", "nots", "digits", "escape", "null", "surrogate", "space"],
)
def test_hostile_code_does_no_harm(hostile):
    source = f"def answer_coding_7(p, q):\n    return {hostile}"
    assert reduce_code([source], "answer_coding_7") == reduce_code([source], "answer_coding_7") != ""
    assert reduce_code([FUNCTION, f"answer_other = {hostile}"], "answer_coding_7") == reduce_code(
        [FUNCTION], "answer_coding_7"
    )


def test_very_much_code_is_not_parsed_and_hides_no_copy(course, assignment):
    much = "x = 1\n" * 9_000
    assert reduce_code([f"answer = 1\n{much}"], "answer").startswith("answer = 1 x = 1")
    submissions = {"ann": [FUNCTION], "bob": [much * 2, FUNCTION.replace("sent", "told"), much * 2]}
    assert code_groups(course, assignment, submissions) == [("ann", "bob")]


def test_what_an_answer_is_assigned_with_may_be_anything():
    assert "lambda" in reduce_code(["d = {}", "answer = d[lambda a: a] = lambda p, q: p"], "answer")


@pytest.mark.parametrize(
    "cells", [["answer = answer"], ["f = g\ng = f\nanswer = f"], ["def answer(): return answer()"]]
)
def test_names_that_lead_in_a_circle_end(cells):
    assert "f0" in reduce_code(cells, "answer")


def test_written_answers_are_the_same_but_for_case_and_spaces(course, assignment):
    short = "D(P||Q)."
    asked = assignment.exercises[-1].text
    answers = {"ann": LONG, "bob": f"  {LONG.upper()}\n\n".replace(" THAT ", "\n that\t"), "cat": LONG + "!"}
    results = {student: answered(student, "written-1", text, "to grade") for student, text in answers.items()}
    assert find_copies(course, assignment, results).alike == (Alike("written-1", "text", ("ann", "bob")),)
    for same in (short, asked, ""):
        results = {student: answered(student, "written-1", same, "to grade") for student in FACES}
        assert find_copies(course, assignment, results).alike == ()


def test_the_same_construction_is_listed_unless_the_book_has_it(course, assignment):
    mine, books = "[[0.5, 0.3, 0.2], [0.3, 0.45, 0.25]]", "[[0.4, 0.35, 0.25], [0.3, 0.3, 0.4]]"
    answers = {"ann": mine, "bob": mine, "cat": books, "dan": books}
    results = {student: answered(student, "coding-8", text) for student, text in answers.items()}
    assert find_copies(course, assignment, results).alike == (Alike("coding-8", "construction", ("ann", "bob")),)
    results = {student: answered(student, "coding-8", "'no pair'", "invalid") for student in FACES}
    assert find_copies(course, assignment, results).alike == ()


def test_a_construction_that_many_come_to_is_not_listed(course, assignment):
    """Of counts only a few are right, and where nothing is drawn one answer fits everybody."""
    for exercise, answer in (("likelihood-8", "[29, 2, 9]"), ("rules-4", "{'TRPO': 1, 'PPO': 0.5}")):
        results = {student: answered(student, exercise, answer) for student in FACES}
        assert find_copies(course, assignment, results).alike == ()
    mixed = "[[1, 0, 0], [0.5, 0.25, 0.25]]"
    results = {student: answered(student, "coding-8", mixed) for student in ("ann", "bob")}
    assert find_copies(course, assignment, results).alike == (Alike("coding-8", "construction", ("ann", "bob")),)


def test_nothing_is_found_where_nothing_came(course, assignment):
    results = {student: Result(student, 9.0, ended="missing") for student in FACES}
    found = find_copies(course, assignment, results)
    assert (found.numbers, found.alike) == ((), ())
