"""What is told of cells that ended with an error; and a notebook that calls checks loses nothing by it."""

import json
from dataclasses import asdict

import attacked_course
import nbformat
import pytest

from assignments import notebooks, results, sandbox
from assignments.fence import Limits
from assignments.grade import _package, grade
from assignments.numbers import Numbers
from assignments.results import Failure
from assignments.runner import LONGEST
from assignments.sandbox import Run, _Attempt, run_notebook
from kltools.exercises import exercises

LIMITS = Limits(cell_seconds=3, total_seconds=20)
HOSTILE = "<b>'|secret</b>"
NAMELESS = f"""
class Kind(type):
    __name__ = property(lambda self: 1 / 0)
class Own(Exception, metaclass=Kind): pass
Own.__qualname__ = {HOSTILE!r}
raise Own({HOSTILE!r})"""
FAILING = """\
first = missing
# next cell
def broken(:
# next cell
raise type("<b>secret</b>", (Exception,), {})("a message")
# next cell

# a comment
1 / 0
# next cell
try: missing
except NameError: pass
# next cell
answer_optimization_3 = first + 1
# next cell
%nothing_of_the_kind
# next cell
import sys
sys.exit(0)
"""


def failed(*cells):
    """Return which cells ended with which error."""
    return run_notebook(cells, [], limits=LIMITS).failed


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Ann's cells fail, and Bob works in the cells of the checks; both have the notebook that was given out."""
    folder = tmp_path_factory.mktemp("errors") / "course"
    course, assignment = attacked_course.make(folder, ["ann", "bob"])
    file = folder / "assignments/week1.toml"
    file.write_text(file.read_text("utf8").replace("checks = false", "checks = true"), "utf8")
    assignment = attacked_course.read_assignment(course, "week1")
    for student, work in (("ann", ann), ("bob", bob)):
        notebook = notebooks.student_notebook(Numbers(course, assignment), course.roster[student])
        exercise = attacked_course.exercises(course, assignment, student)[attacked_course.BEFORE]
        work(notebook, repr(exercise.truth(**exercise.given)))
        sent = attacked_course.submission(course, assignment, course.roster[student])
        sent.parent.mkdir(parents=True)
        nbformat.write(notebook, sent)
    return course, assignment, grade(course, assignment)


def ann(notebook, truth):
    """Hand in cells that fail, and delete an answer's cell, so that the check that was given out fails, too."""
    notebook.cells = [cell for cell in notebook.cells if cell.id != "answer-coding-6"]
    notebook.cells += [nbformat.v4.new_code_cell(one) for one in FAILING.split(attacked_course.NEXT)]
    notebook.cells.append(nbformat.v4.new_code_cell(f"answer_coding_4 = {truth}"))


def bob(notebook, truth):
    """Answer below the import of a check, and check before the answer is there."""
    for cell in notebook.cells:
        if cell.id == "check-coding-4":
            cell.source = cell.source.replace("\n\nget(", f"\n\nanswer_coding_4 = {truth}\nget(")
        if cell.id == "answer-coding-6":
            cell.source = (
                "import kltools.exercises as bank\nfrom kltools.exercises import check, exercises, get\n"
                "answer_coding_6 = None\nexercise = get(id='coding-6').with_numbers(given={})\n"
                "told = [check('coding-6', None), exercise.check(answer=answer_coding_6), bank.exercises('coding')]\n"
                "print(f'{told[0].status:>9}', told[1].message.upper(), exercise.hint)\n"
                "answer_coding_6 = 'c' if ''.join(map(str, told)) == '' else 'd'"
            )


def test_cells_that_failed_are_told_by_their_first_line_and_the_name_of_pythons_error(graded):
    result = graded[2]["ann"]
    assert result.failed == [
        Failure("first = missing", "NameError"),
        Failure("def broken(:", "SyntaxError"),
        Failure('raise type("<b>secret</b>", (Exception,), {})("a message")', ""),
        Failure("# a comment", "ZeroDivisionError"),
        Failure("answer_optimization_3 = first + 1", "NameError"),
        Failure("%nothing_of_the_kind", ""),
        Failure("import sys", ""),
    ]
    assert (result.status, result.ended, result.score) == ("graded", "", 1.0), "the others ran, as in Jupyter"
    assert "a message" not in json.dumps([asdict(one) for one in result.verdicts])


def test_where_an_answer_is_missing_the_error_of_its_cell_is_told(graded):
    messages = {one.id: (one.status, one.message) for one in graded[2]["ann"].verdicts}
    assert messages == {
        "coding-4": ("right", ""),
        "optimization-3": ("unanswered", "The cell that names it ended with an error (NameError)."),
        "surprise-7": ("unanswered", ""),
        "coding-6": ("unanswered", ""),
        "coding-7": ("unanswered", ""),
    }


def test_a_result_keeps_what_failed_and_an_older_one_says_nothing_of_it(graded):
    course, assignment, told = graded
    assert results.read_result(course, assignment, "ann") == told["ann"]
    file = course.path / "graded/week1/bob.json"
    table = json.loads(file.read_text("utf8"))
    assert table.pop("failed") == []
    for verdict in table["verdicts"]:
        del verdict["code"]
    file.write_text(json.dumps(table), "utf8")
    assert results.read_result(course, assignment, "bob").verdicts[0].earned == 1.0


def test_an_answer_beside_a_check_counts(graded):
    result = graded[2]["bob"]
    assert result.failed == []
    assert {one.id for one in result.verdicts if one.earned} == {"coding-4", "coding-6"}


def test_the_package_of_the_sandbox_holds_none_of_the_banks_answers(tmp_path):
    held = "".join(file.read_text("utf8") for file in _package(tmp_path).rglob("*") if file.is_file())
    listed = [exercise for chapter in ("coding", "surprise", "rules") for exercise in exercises(chapter).values()]
    texts = [exercise.templates[name] for exercise in listed for name in ("title", "question", "hint", "solution")]
    texts += [one.message for each in listed if hasattr(each, "known_mistakes") for one in each.known_mistakes()]
    assert len(texts) > 120
    assert not [text for text in texts if text.strip().splitlines()[0] in held]
    assert [file.name for file in (tmp_path / "kltools").glob("exercises*")] == ["exercises.py"]


def test_a_notebook_is_not_begun_anew_for_ever(monkeypatch):
    cells = ["early = 1", *["import os\nos._exit(0)"] * 4, "later = 1"]
    assert run_notebook(cells, ["early", "later"], limits=LIMITS).answers.keys() == {"early", "later"}
    monkeypatch.setattr(sandbox, "LIVES", 4)
    run = run_notebook(cells, ["early", "later"], limits=LIMITS)
    assert (run.answers.keys(), run.ended) == ({"early"}, "A cell ended the notebook's process.")


def test_a_cell_that_was_stopped_or_ended_the_process_is_not_told_twice():
    assert failed("early = True", "import os\nos._exit(0)", "early + later") == {2: "NameError"}
    assert failed("import time\ntime.sleep(9)", "1 / 0") == {1: "ZeroDivisionError"}


def test_of_what_a_process_says_the_last_word_on_a_cell_counts():
    run = Run()
    attempt = _Attempt(None, run, [0], [])
    said = [
        ("NameError", {0: "NameError"}),
        ("", {}),
        (7, {}),
        ({"a": 1}, {}),
        ("x" * 10**6, {0: "x" * LONGEST}),
        ("", {}),
    ]
    for error, kept in said:
        attempt.hear({"said": "done", "number": 0, "late": False, "error": error})
        assert run.failed == kept
    attempt.hear({"said": "done", "number": 9, "error": "NameError"})
    assert run.failed == {}


def test_no_class_of_an_error_changes_how_it_is_told():
    assert failed(NAMELESS, "1 / 0") == {0: "Own", 1: "ZeroDivisionError"}
    assert set(failed("raise type('x' * 10**6, (Exception,), {})")[0]) == {"x"}


def test_a_function_keeps_the_cells_that_name_it_and_not_those_given_out(tmp_path):
    course, assignment = attacked_course.make(tmp_path / "course", ["ann"])
    long = attacked_course.LESSON + "\n" + "# x" * 4000
    attacked_course.hand_in(course, assignment, "ann", attacked_course.NEXT.join([long, "answer_surprise_7 = None"]))
    by_id = {one.id: one.code for one in grade(course, assignment)["ann"].verdicts}
    assert by_id["surprise-7"] == long[:5000]
    assert by_id["coding-7"].endswith("answer_coding_7 = wasted_bits")
    assert by_id["coding-4"] == ""
