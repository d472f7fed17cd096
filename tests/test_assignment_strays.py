"""Written answers that do not stand in their place: a person reads them, and no such answer is a silent zero."""

import json

import attacked_course
import nbformat
import pytest

from assignments.copies import find_copies
from assignments.course import read_assignment
from assignments.grade import grade, submission
from assignments.notebooks import NOTE, student_notebook, write_release
from assignments.numbers import Numbers
from assignments.own_cells import own_cells, stray_texts

TEXT = "It is no distance: with the two exchanged it is another number, and so one has to say who averages."
WEEK = """\
checks = false
[[exercise]]
id = "written-1"
points = 2
text = '''Why is it no distance?

Give a reason.'''

[[exercise]]
id = "coding-6"
points = 1

[[exercise]]
id = "written-2"
points = 3
text = "And how is it used?"
"""
EMPTY = "The place for this answer is empty. A person reads what else the notebook holds."


def place(cells, id="answer-written-1"):
    return next(at for at, cell in enumerate(cells) if cell["id"] == id)


def cell(source, kind="markdown", **more):
    return {"cell_type": kind, "source": source, "metadata": {}, **more}


def answered(text=TEXT, id="answer-written-1"):
    """Write an answer in its place."""

    def change(cells):
        at = place(cells, id)
        cells[at]["source"] = cells[at]["source"].replace("*Your answer here.*", text)

    return change


def became(**changed):
    """Write the first answer in its place, and change its cell."""

    def change(cells):
        answered()(cells)
        cells[place(cells)].update(changed)

    return change


def split(**more):
    """Split the cell of the first answer below its heading."""

    def change(cells):
        at = place(cells)
        cells[at]["source"], _, below = cells[at]["source"].partition("\n\n")
        cells.insert(at + 1, {**cells[at], "source": below.replace("*Your answer here.*", TEXT), **more})

    return change


def split_blank(cells):
    split()(cells)
    cells[place(cells) + 1]["source"] = "*Your answer here.*"


def split_question(cells):
    at = place(cells, "ask-written-1")
    heading, _, text = cells[at]["source"].partition("\n\n")
    cells[at : at + 1] = [{**cells[at], "source": part} for part in (heading, text)]


def without_note(cells):
    for one in cells:
        one["source"] = one["source"].replace(NOTE, "")


def both(*changes):
    return lambda cells: [change(cells) for change in changes] and None


def append(source, kind="markdown", **more):
    return lambda cells: cells.append(cell(source, kind, **more))


def edit(id, before, after):
    def change(cells):
        at = place(cells, id)
        assert before in cells[at]["source"]
        cells[at]["source"] = cells[at]["source"].replace(before, after)

    return change


def headed(text):
    """Write an answer that is also a text of ours, under the heading of its place and elsewhere."""

    def change(cells):
        heading = cells[place(cells)]["source"].partition("\n")[0]
        cells.append(cell(f"{heading}\n\n{text}", "raw"))

    return change


STRAYS = {
    "a-line-of-the-question": append("Give a reason."),
    "the-question-under-its-heading": headed("Why is it no distance?"),
    "split": split(metadata={}),
    "split-as-jupyter-does": split(),
    "turned-code": became(cell_type="code"),
    "turned-raw": became(cell_type="raw"),
    "code-without-heading": became(cell_type="code", source=TEXT),
    "nothing-left": became(source=TEXT, metadata={}),
    "appended": append(TEXT),
    "appended-raw": append("No.", "raw"),
    "picture": append("![a.png](attachment:a.png)"),
    "in-the-question": edit("ask-written-1", "Give a reason.", "Give a reason.\n\nP."),
    "in-the-place-of-none": append(f"**Answer 7**\n\n{TEXT}"),
    "code-that-names-an-answer": append("**Answer 1**\n\nas answer_coding_6 says", "code"),
    "before-the-note": both(without_note, append(TEXT)),
}
NOTHING = {
    "untouched": lambda cells: None,
    "white": append(" \n\t\N{NO-BREAK SPACE}\n"),
    "white-raw": append("\n\n", "raw"),
    "place-deleted": lambda cells: cells.pop(place(cells)),
    "blank-deleted": edit("answer-written-1", "*Your answer here.*", ""),
    "blank-split": split_blank,
    "place-turned-code": lambda cells: cells[place(cells)].update(cell_type="code"),
    "place-turned-raw": lambda cells: cells[place(cells)].update(cell_type="raw"),
    "question-split": split_question,
    "question-copied": lambda cells: cells.append({**cells[place(cells, "ask-written-1")]}),
    "points-changed": edit("ask-written-1", "(2 points)", "(200 points)"),
    "windows": lambda cells: [one.update(source=one["source"].replace("\n", "\r\n")) for one in cells] and None,
    "before-the-note": without_note,
    "code": append("# P. S.: this was hard\nx = 1", "code"),
}
ANSWERED = {
    "answered": answered(),
    "answered-twice": both(answered(), lambda cells: cells.append({**cells[place(cells)]})),
    "answered-long": answered("x" * 100_000),
    "answered-with-points-of-the-other": both(answered(), edit("ask-written-2", "(3 points)", "(30 points)")),
}
HALF = {"half": both(answered(), append("Used for codes."))}
CASES = {
    **{f"stray-{name}": change for name, change in STRAYS.items()},
    **{f"none-{name}": change for name, change in NOTHING.items()},
    **ANSWERED,
    **HALF,
}


@pytest.fixture(scope="module")
def returned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strays") / "course"
    course, _ = attacked_course.make(folder, CASES)
    (folder / "assignments" / "week1.toml").write_text(WEEK, "utf8")
    assignment = read_assignment(course, "week1")
    for student, change in CASES.items():
        hand_in(course, assignment, student, change)
    return course, assignment, grade(course, assignment, jobs=2)


def hand_in(course, assignment, student, change):
    numbers = Numbers(course, assignment)
    table = json.loads(nbformat.writes(student_notebook(numbers, course.roster[student])))
    for one in table["cells"]:
        one["source"] = "".join(one["source"])
    change(table["cells"])
    file = submission(course, assignment, course.roster[student])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(table), "utf8")


def written(result):
    return [(one.status, one.earned, one.answer) for one in result.verdicts if one.id.startswith("written")]


WAITS, NONE = ("to grade", None, ""), ("unanswered", 0.0, "")


@pytest.mark.parametrize("name", STRAYS)
def test_where_an_answer_may_stand_elsewhere_a_person_reads_it(returned, name):
    result = returned[2][f"stray-{name}"]
    assert written(result) == [WAITS, WAITS]
    assert [one.message for one in result.verdicts if one.id != "coding-6"] == [EMPTY] * 2
    assert (result.status, result.score) == ("partly", 0.0)


@pytest.mark.parametrize("name", NOTHING)
def test_what_was_given_out_is_no_answer(returned, name):
    result = returned[2][f"none-{name}"]
    assert written(result) == [NONE, NONE]
    assert (result.status, result.score) == ("graded", 0.0)


@pytest.mark.parametrize("name", ANSWERED)
def test_the_answer_of_one_question_is_none_to_another(returned, name):
    (status, earned, answer), other = written(returned[2][name])
    assert (status, earned, bool(answer)) == ("to grade", None, True)
    assert other == NONE


def test_only_where_the_place_is_empty_it_is_said_so(returned):
    assert written(returned[2]["half"]) == [("to grade", None, TEXT), WAITS]


def test_empty_places_are_no_copies_of_each_other(returned):
    copies = find_copies(*returned)
    assert {one.exercise for one in copies.alike} == {"written-1"}
    assert {student for one in copies.alike for student in one.students} == {
        name for name in (*ANSWERED, *HALF) if name != "answered-long"
    }


def test_what_was_given_out_before_the_assignment_changed_is_known(tmp_path):
    course, _ = attacked_course.make(tmp_path / "course", ["ann"])
    week = course.path / "assignments" / "week1.toml"
    week.write_text(WEEK, "utf8")
    write_release(course, read_assignment(course, "week1"))
    week.write_text(
        f'title = "Another"\n{WEEK.replace("Why is it no", "Is it a").replace("Give a", "Give me a")}', "utf8"
    )
    numbers, ann = Numbers(course, read_assignment(course, "week1")), course.roster["ann"]
    notebook = nbformat.read(course.path / "release/week1/ann/week1.ipynb", 4)
    empty = {"written-1": "", "written-2": ""}
    assert own_cells(numbers, ann, notebook) == stray_texts(numbers, ann, notebook, empty) == []
    asked = notebook.cells[place(notebook.cells, "ask-written-1")]
    asked.source += "\n\nMine."
    assert stray_texts(numbers, ann, notebook, empty) == own_cells(numbers, ann, notebook) == [asked]
    (course.path / "release/week1/ann/week1.ipynb").write_text("damaged", "utf8")
    assert len(own_cells(numbers, ann, notebook)) > 1
