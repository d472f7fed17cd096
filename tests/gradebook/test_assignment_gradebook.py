"""The gradebook: what a person gives is kept, and waits where the answer has changed."""

import json
import re
import shutil
from dataclasses import asdict

import pytest
from gradebook_course import hand_in, result, tree

from assignments import ROOT
from assignments.course import read_assignment
from assignments.numbers import Numbers
from assignments.results import Result


def test_what_is_recorded(course, worker):
    worker.record(course.path, [result("ann"), result("bob", ""), asdict(Result("cy", 8.0, ended="missing"))])
    assert worker.rows(course.path) == {
        "max": 8.0,
        "written": 3.0,
        "due": "2030-01-31 23:59:00",
        "students": {
            "ann": ["Ann Mary", "Doe", "ann@x", "ann"],
            "bob": ["Bob", "Roe", "bob@x", "bob"],
            "cy": ["", "Cy", "cy@x", "cy"],
        },
        "sent": {
            "ann": {
                "coding-3": [1.0, None, None, False, None, None],
                "coding-7": [0.0, None, None, False, None, None],
                "written-1": [None, None, None, True, None, None],
            },
            "bob": {
                "coding-3": [1.0, None, None, False, None, None],
                "coding-7": [0.0, None, None, False, None, None],
                "written-1": [0.0, None, None, False, None, None],
            },
        },
    }
    assert worker.points(course.path) == {}
    assert (course.path / "gradebook.db").stat().st_mode & 0o777 == 0o600
    numbers = Numbers(course, read_assignment(course, "week1"))
    source = (course.path / "source/week1/week1.ipynb").read_text()
    for student in course.roster:
        assert json.dumps(numbers.exercise(student, "coding-3").question)[1:-1] not in source


def test_a_second_run_changes_nothing(course, worker):
    worker.record(course.path, [result("ann"), result("bob")])
    before = tree(course.path)
    worker.record(course.path, [result("ann"), result("bob")])
    assert tree(course.path) == before


def test_what_a_person_gave_stays_whatever_is_graded_again(course, worker):
    worker.record(course.path, [result("ann"), result("bob")])
    worker.give(course.path, "ann", "coding-3", 1.5, 0.25)
    worker.give(course.path, "ann", "coding-7", None, 1.0)
    worker.give(course.path, "ann", "written-1", 2.0)
    worker.give(course.path, "ann", "written-1", None, None, "Well said.")
    given = {"ann": {"coding-3": 1.75, "coding-7": 1.0, "written-1": 2.0}}
    assert worker.points(course.path) == given
    worker.record(course.path, [result("ann", earned=2.0), result("bob", earned=2.0)])
    assert worker.points(course.path) == given
    assert worker.rows(course.path)["sent"]["ann"] == {
        "coding-3": [2.0, 1.5, 0.25, False, None, None],
        "coding-7": [0.0, None, 1.0, False, None, None],
        "written-1": [None, 2.0, None, False, None, "Well said."],
    }


def test_points_for_an_answer_that_has_changed_wait_for_a_person(course, worker):
    worker.record(course.path, [result("ann"), result("bob")])
    for exercise in ("coding-3", "written-1"):
        worker.give(course.path, "ann", exercise, 2.0)
    hand_in(course, "ann", written="The reverse one.")
    again = [result("ann", "The reverse one."), result("bob")]
    worker.record(course.path, again)
    assert worker.points(course.path) == {"ann": {"coding-3": 2.0}}, "its code is as it was"
    assert worker.changed(course.path) == {"ann": ["written-1"]}
    told = "The answer changed after 2 points were given. Press Resolve to keep them, or type others."
    assert worker.rows(course.path)["sent"]["ann"]["written-1"] == [None, 2.0, None, True, told, None]
    worker.record(course.path, again)
    assert worker.rows(course.path)["sent"]["ann"]["written-1"] == [None, 2.0, None, True, told, None]
    worker.give(course.path, "ann", "written-1", 2.0)
    worker.record(course.path, again)
    assert worker.points(course.path) == {"ann": {"coding-3": 2.0, "written-1": 2.0}}
    assert worker.changed(course.path) == {}
    assert worker.rows(course.path)["sent"]["ann"]["written-1"] == [None, 2.0, None, False, None, None]
    hand_in(course, "ann", written="The reverse one.", code="answer_coding_3 = 0.4")
    worker.record(course.path, again)
    assert worker.points(course.path) == {"ann": {"written-1": 2.0}}


def worth(course, points: int):
    """Change in the assignment's file what the written answer is worth."""
    file = course.path / "assignments/week1.toml"
    file.write_text(re.sub(r'(id = "written-1".*\npoints =) \d', rf"\1 {points}", file.read_text()))


def test_points_above_what_an_answer_is_worth_now_wait_for_a_person(course, worker):
    both = [result("ann"), result("bob")]

    def recorded():
        worker.record(course.path, both)
        found = worker.rows(course.path)["sent"]
        return found["ann"]["written-1"][1:5], worker.points(course.path), worker.changed(course.path)

    worker.record(course.path, both)
    worker.give(course.path, "ann", "coding-3", 2.0, 1.0)
    worker.give(course.path, "ann", "written-1", 3.0)
    worker.give(course.path, "bob", "written-1", 2.0, 1.5)
    rest = {"ann": {"coding-3": 3.0}, "bob": {"written-1": 3.5}}  # they fit, and extra credit goes beyond
    every = {"ann": {"coding-3": 3.0, "written-1": 3.0}, "bob": {"written-1": 3.5}}
    worth(course, 2)
    told = "3 points were given. At most 2 can be earned now. Press Resolve to give 2, or type others."
    for _ in range(2):
        assert recorded() == ([3.0, None, True, told], rest, {"ann": ["written-1"]})
    worth(course, 3)
    assert recorded() == ([3.0, None, False, None], every, {})
    worth(course, 2)
    worker.record(course.path, both)
    both[0] = result("ann", "The reverse one.")
    told = "The answer changed after 3 points were given. At most 2 can be earned now. Press Resolve to give 2"
    assert recorded() == ([3.0, None, True, f"{told}, or type others."], rest, {"ann": ["written-1"]})
    worth(course, 3)
    told = "The answer changed after 3 points were given. Press Resolve to keep them, or type others."
    assert recorded() == ([3.0, None, True, told], rest, {"ann": ["written-1"]})
    worth(course, 2)
    worker.give(course.path, "ann", "written-1", 2.0)
    every["ann"]["written-1"] = 2.0
    assert recorded() == ([2.0, None, False, None], every, {})


def test_points_above_what_an_answer_is_worth_now_are_in_no_grade(course, worker):
    worker.published(course.path)
    worker.give(course.path, "ann", "written-1", 3.0)
    assert worker.published(course.path)[0]["ann"] == ["3", "graded"]
    worth(course, 2)
    rows, said = worker.published(course.path)
    assert rows["ann"] == ["0", "partly"]
    assert f"Answers wait for a person: make formgrader COURSE={course.path}" in said
    page = (course.path / "out/week1/feedback/ann.html").read_text("utf8")
    assert "of 2 points" in page
    assert "3 of 2 points" not in page
    worker.give(course.path, "ann", "written-1", 2.0)
    assert worker.published(course.path)[0]["ann"] == ["2", "graded"]


def test_an_answer_that_a_person_has_not_read_yet_has_not_changed(course, worker):
    worker.record(course.path, [result("ann"), result("bob")])
    worker.give(course.path, "ann", "written-1", None, 0.5)
    hand_in(course, "ann", written="The reverse one.")
    worker.record(course.path, [result("ann", "The reverse one."), result("bob")])
    assert worker.rows(course.path)["sent"]["ann"]["written-1"][:4] == [None, None, 0.5, True]
    assert worker.changed(course.path) == {}


def test_points_that_wait_are_in_no_grade_and_their_comment_on_no_page(course, worker):
    page = course.path / "out/week1/feedback/ann.html"
    hand_in(course, "ann", written="")
    assert worker.published(course.path)[0]["ann"] == ["0", "graded"]
    worker.give(course.path, "ann", "coding-3", 1.5)
    worker.give(course.path, "ann", "coding-3", None, None, "A *fine* idea.")
    assert worker.published(course.path)[0]["ann"] == ["1.5", "graded"]
    assert "A <em>fine</em> idea." in page.read_text("utf8")
    hand_in(course, "ann", written="", code="answer_coding_3 = 0.4")
    rows, said = worker.published(course.path)
    assert rows["ann"] == ["0", "partly"]
    assert f"Answers wait for a person: make formgrader COURSE={course.path}" in said
    assert "<em>fine</em>" not in page.read_text("utf8")
    worker.give(course.path, "ann", "coding-3", 1.5)
    assert worker.published(course.path)[0]["ann"] == ["1.5", "graded"]
    assert "<em>fine</em>" in page.read_text("utf8")


def test_what_cannot_be_judged_leaves_the_gradebook_as_it_is(course, worker):
    worker.record(course.path, [result("ann"), result("bob")])
    worker.give(course.path, "ann", "written-1", 2.0)
    before = worker.rows(course.path), tree(course.path / "autograded")
    (course.path / "submitted/ann/week1/week1.ipynb").write_text("no notebook")
    (course.path / "roster.csv").write_text("id,name,email\nann,Ann Mary Doe,ann@x\ncy,Cy,cy@x\n")  # Bob has left
    worker.record(course.path, [asdict(Result(one, 8.0, ended="unreadable")) for one in ("ann", "cy")])
    assert (worker.rows(course.path), tree(course.path / "autograded")) == before


def test_an_exercise_that_is_no_longer_asked_keeps_what_a_person_gave(course, worker):
    worker.record(course.path, [result("ann"), result("bob")])
    worker.give(course.path, "ann", "coding-7", 2.0)
    file = course.path / "assignments/week1.toml"
    text = file.read_text()
    file.write_text(re.sub(r'id = "coding-(\d)"', lambda found: f'id = "coding-{int(found[1]) + 1}"', text))
    changed = [result("ann"), result("bob")]
    for one in changed:
        for verdict, id in zip(one["verdicts"], ("coding-4", "coding-8", "written-1"), strict=True):
            verdict["id"] = id
    worker.record(course.path, changed)
    found = worker.rows(course.path)["sent"]
    assert set(found["ann"]) == {"coding-4", "coding-7", "coding-8", "written-1"}, "coding-3 was of nobody's concern"
    assert found["ann"]["coding-7"][:2] == [0.0, 2.0]
    assert found["ann"]["coding-4"][0] == 1.0


@pytest.mark.parametrize("where", ["making", "second"])
def test_a_run_that_was_killed_is_taken_up_again(course, worker, where):
    results = [result("ann"), result("bob")]
    assert worker.record_killed(course.path, results, where) == -9
    worker.record(course.path, results)
    found = worker.rows(course.path)
    shutil.rmtree(course.path / "autograded")
    for leftover in course.path.glob("*gradebook.db*"):
        leftover.unlink()
    worker.record(course.path, results)
    assert found == worker.rows(course.path)


def test_a_damaged_gradebook_is_told(course, worker):
    (course.path / "gradebook.db").write_text("not a database " * 100)
    with pytest.raises(RuntimeError, match=r"CourseError: .*gradebook\.db cannot be used: file is not a database"):
        worker.points(course.path)


def test_both_environments_have_the_same_packages():
    pins = []
    for name in ("requirements.txt", "assignments/requirements.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        pins.append(dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)))
    shared = pins[0].keys() & pins[1].keys()
    assert {"numpy", "nbformat", "ipython"} <= shared
    assert all(pins[0][name] == pins[1][name] for name in shared)
