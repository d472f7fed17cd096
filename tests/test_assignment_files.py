"""Notebooks that come back in any state: cells moved, copied and deleted, or no notebook at all."""

import copy
import json

import attacked_course
import nbformat
import pytest

from assignments.course import read_assignment
from assignments.grade import grade, submission
from assignments.notebooks import read_submission, student_notebook, written_answer
from assignments.numbers import Numbers
from assignments.sample_class import Sample, solve

# What students do to a notebook. `table` is the notebook as JSON, solved but for the last exercise.

SOLVED = ("coding-4", "optimization-3", "coding-6", "coding-7")  # of five exercises and a written answer


def without(table, *ids):
    table["cells"] = [cell for cell in table["cells"] if cell["id"] not in ids]


def cell(table, id):
    return next(cell for cell in table["cells"] if cell["id"] == id)


def turned(table):
    """A notebook with its cells in the opposite order: names are defined before they are used all the same."""
    table["cells"] = [cell(table, "setup"), *reversed(table["cells"])]


def copied(table):
    table["cells"] += copy.deepcopy(table["cells"])


def copied_blank(table):
    blank = copy.deepcopy(cell(table, "answer-coding-4"))
    table["cells"].append(blank | {"source": "answer_coding_4 = None"})
    text = copy.deepcopy(cell(table, "answer-written-1"))
    table["cells"].insert(0, text | {"source": "**Answer 6**\n\n*Your answer here.*"})


def worth_more(table):
    for one in table["cells"]:
        one["metadata"]["nbgrader"] = {"grade_id": "written-1", "points": 100, "grade": True}
        one["metadata"]["score"] = 100


def other_names(table):
    for number, one in enumerate(table["cells"]):
        one["id"], one["metadata"] = f"c{number}", {}


def broken_outputs(table):
    cell(table, "answer-coding-4")["outputs"] = [{"output_type": 7}, "text", None]
    cell(table, "answer-coding-6")["metadata"] = ["no dictionary"]
    table["metadata"] = []


def lines(table):
    for one in table["cells"]:
        one["source"] = one["source"].splitlines(keepends=True)


def of_version_3(table):
    old = nbformat.convert(nbformat.from_dict(table), 3)
    table.clear()
    table.update(old)


def questions_deleted(table):
    without(table, *(one["id"] for one in table["cells"] if one["id"].startswith("ask-") or one["id"] == "head"))


def no_version(table):
    table.pop("nbformat_minor")
    for one in table["cells"]:
        one.pop("id")


HONEST = {
    "untouched": (lambda table: None, 4),
    "reordered": (turned, 4),
    "copied": (copied, 4),
    "copied-blank": (copied_blank, 4),
    "one-deleted": (lambda table: without(table, "answer-coding-4"), 3),
    "questions-deleted": (questions_deleted, 4),
    "metadata-edited": (other_names, 4),
    "outputs-broken": (broken_outputs, 4),
    "source-in-lines": (lines, 4),
    "version-3": (of_version_3, 4),
    "no-ids": (no_version, 4),
    "points-edited": (worth_more, 4),
    "all-deleted": (lambda table: table["cells"].clear(), 0),
}
UNREADABLE = {
    "empty": b"",
    "no-json": b'{"cells": [',
    "no-text": bytes(range(256)) * 10,
    "a-picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "a-list": b"[]",
    "a-number": b"1e999",
    "null": b"null",
    "no-cells": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
    "cells-are-none": b'{"nbformat": 4, "cells": null}',
    "cells-are-texts": b'{"nbformat": 4, "cells": ["print(1)"]}',
    "no-version": b'{"cells": []}',
    "version-of-text": b'{"nbformat": "4", "cells": []}',
    "source-of-numbers": b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": [1, 2]}]}',
    "source-of-object": b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 7}]}',
    "nested-deep": b'{"nbformat": 4, "cells": ' + b"[" * 10**6,
    "nested-deep-and-closed": b'{"nbformat": 4, "cells": ' + b"[" * 10**5 + b"]" * 10**5 + b"}",
    "a-long-number": b'{"nbformat": ' + b"4" * 10**6 + b', "cells": []}',
    "many-cells": b'{"nbformat": 4, "cells": [' + b"{}," * 10**5 + b"{}]}",
    "many-old-cells": b'{"nbformat": 3, "worksheets": [{"cells": [' + b"{}," * 10**5 + b"{}]}]}",
    "other-encoding": '{"nbformat": 4, "cells": []}'.encode("utf-16"),
}


@pytest.fixture(scope="module")
def returned(tmp_path_factory):
    """The results of a course in which everybody's file is in another state."""
    folder = tmp_path_factory.mktemp("files") / "course"
    course, _ = attacked_course.make(folder, [*HONEST, *UNREADABLE, "huge"])
    week = folder / "assignments" / "week1.toml"
    week.write_text(week.read_text("utf8") + '[[exercise]]\nid = "written-1"\npoints = 1\ntext = "Why?"\n', "utf8")
    assignment = read_assignment(course, "week1")
    numbers = Numbers(course, assignment)
    for student, (change, _) in HONEST.items():
        one = Sample(student, student, "", "", None, solved=SOLVED, written="Because.")
        known = attacked_course.exercises(course, assignment, student)
        solved = solve(student_notebook(numbers, course.roster[student]), known, one)
        table = json.loads(nbformat.writes(solved))
        for part in table["cells"]:
            part["source"] = "".join(part["source"])
        change(table)
        put(course, assignment, student, json.dumps(table).encode())
    for student, data in UNREADABLE.items():
        put(course, assignment, student, data)
    huge = put(course, assignment, "huge", b"")
    with huge.open("wb") as file:
        file.truncate(200 * 10**6)
    return course, assignment, grade(course, assignment, jobs=2)


def put(course, assignment, student, data):
    file = submission(course, assignment, course.roster[student])
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("name", HONEST)
def test_answers_count_wherever_they_stand(returned, name):
    result = returned[2][name]
    written = next(one for one in result.verdicts if one.id == "written-1")
    if name == "all-deleted":
        assert (result.status, result.score, written.answer) == ("graded", 0, "")
    else:
        assert (result.status, result.score, written.answer) == ("partly", HONEST[name][1], "Because.")


@pytest.mark.parametrize("name", [*UNREADABLE, "huge"])
def test_what_is_no_notebook_is_no_zero(returned, name):
    result = returned[2][name]
    assert (result.status, result.score, result.verdicts) == ("unreadable", None, [])
    assert result.note.endswith(".")


def test_halves_of_characters_and_long_texts_can_be_written_down(tmp_path):
    assignment = attacked_course.make(tmp_path / "course", ["ann"])[1]
    texts = [f"**Answer 1**\n\n{'x' * 10**6}", "**Answer 2**\n\n\ud800 and \x00"]
    attacked_course.write(tmp_path / "a.ipynb", ["x = '\ud83d'"], texts)
    notebook = read_submission(tmp_path / "a.ipynb")
    long, broken = (written_answer(notebook, assignment, one.id) for one in assignment.exercises[:2])
    assert 50_000 < len(long) < 51_000
    assert long.endswith("(cut: 1000000 characters)")
    assert broken.encode("utf8") == b"? and \x00"


@pytest.mark.parametrize(
    ("level", "signs"), [(2, 2), (10**8, 6), (10**400, 6), (-5, 1), (None, 1), ("3", 1), (1e308, 1), ([9], 1)]
)
def test_a_heading_of_an_old_notebook_is_no_longer_than_its_text(tmp_path, level, signs):
    cell = {"cell_type": "heading", "level": level, "source": ["Two\n", "lines"], "metadata": {}}
    code = {"cell_type": "code", "input": ["a = 1\n", "b = 2"], "prompt_number": 10**8, "outputs": [{}] * 9}
    html = {"cell_type": "html", "source": "<b>"}
    sheets = [{"cells": [cell, code]}, {"cells": [html]}]
    file = tmp_path / "a.ipynb"
    file.write_text(json.dumps({"nbformat": 3, "worksheets": sheets}))
    assert read_submission(file).cells == [
        {"cell_type": "markdown", "source": f"{'#' * signs} Two lines", "metadata": {}},
        {"cell_type": "code", "source": "a = 1\nb = 2", "metadata": {}},
        {"cell_type": "markdown", "source": "<b>", "metadata": {}},
    ]


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [
        ({"nbgrader": {"grade_id": "written-1", "points": 9, "a": [{}] * 99}, "b": [{}] * 99}, "written-1"),
        ({"nbgrader": {"grade_id": [{}] * 99}}, None),
        ({"nbgrader": [{}] * 99}, None),
        ([{}] * 99, None),
        (None, None),
    ],
)
@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_of_what_lies_beside_a_cell_only_its_id_is_read(tmp_path, metadata, kept, version):
    cells = [{"cell_type": "markdown", "source": "x", "metadata": metadata, "attachments": {"a": [{}] * 99}}]
    table = {"cells": cells} if version > 3 else {"worksheets": [{"cells": cells, "metadata": [{}] * 99}]}
    file = tmp_path / "a.ipynb"
    file.write_text(json.dumps({"nbformat": version, "metadata": [{}] * 99, **table}))
    [cell] = read_submission(file).cells
    assert cell == {
        "cell_type": "markdown",
        "source": "x",
        "metadata": {"nbgrader": {"grade_id": kept}} if kept else {},
    }
