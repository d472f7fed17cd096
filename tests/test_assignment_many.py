"""Large classes: graded in parallel, in bounded time, and to the same end however often the grading is killed."""

import random
import shutil
import subprocess
import sys
import time
from datetime import timedelta

import nbformat
import pytest

from assignments import ROOT
from assignments.course import create_course, open_course, read_assignment
from assignments.demo import BEFORE_DEADLINE, LIMITS, SECRET
from assignments.grade import grade, submission
from assignments.notebooks import student_notebook
from assignments.numbers import Numbers
from assignments.sample_class import ASSIGNMENT, CLASS, solve

GRADE = """
import sys
from assignments.course import open_course, read_assignment
from assignments.grade import grade
course = open_course(sys.argv[1])
grade(course, read_assignment(course, "week1"), jobs=2)
"""


def large_class(folder, size):
    """Make a course in which the students of the sample class come again and again, each with numbers of their own."""
    create_course(folder)
    kinds = {f"{CLASS[place % 12].id}-{place // 12}": CLASS[place % 12] for place in range(size)}
    (folder / "secret").write_text(SECRET, "ascii")
    (folder / "course.toml").write_text(LIMITS.replace("cell_seconds = 3", "cell_seconds = 1.5"), "utf8")
    (folder / "roster.csv").write_text("id,name,email\n" + "".join(f"{one},{one},\n" for one in kinds), "utf8")
    (folder / "assignments" / "week1.toml").write_text(ASSIGNMENT.replace("checks = true", "checks = false"), "utf8")
    course = open_course(folder)
    assignment = read_assignment(course, "week1")
    numbers = Numbers(course, assignment)
    for student, one in kinds.items():
        if one.status == "missing":
            continue
        whose = student.replace(one.id, one.copied_from or one.id)
        exercises = {each.id: numbers.exercise(whose, each.id) for each in assignment.exercises if not each.text}
        text = nbformat.writes(solve(student_notebook(numbers, course.roster[student]), exercises, one))
        file = submission(course, assignment, course.roster[student])
        file.parent.mkdir(parents=True)
        file.write_text(text[: len(text) // 2] if one.status == "unreadable" else text, "utf8")
        changed = BEFORE_DEADLINE + timedelta(days=one.days_late)
        file.with_name("timestamp.txt").write_text(changed.isoformat(), "ascii")
    return course, assignment, kinds


def grade_and_kill(course, results):
    """Grade in a process of its own, kill it a moment after so many results are there, and return what it left."""
    grader = subprocess.Popen([sys.executable, "-c", GRADE, course.path], cwd=ROOT)
    while len(finished(course)) < results and grader.poll() is None:
        time.sleep(0.01)
    time.sleep(random.Random(results).uniform(0, 0.5))
    assert grader.poll() is None
    grader.kill()
    grader.wait()
    return finished(course)


def finished(course):
    """Return when each result was written, by file."""
    return {file: file.stat().st_mtime_ns for file in (course.path / "graded" / "week1").glob("*.json")}


def grade_with_kills(course, assignment, moments):
    """Grade to the end, killed at some moments before, and hold that nothing finished is run again."""
    kept = {}
    for results in moments:
        left = grade_and_kill(course, results)
        assert kept.items() <= left.items()
        assert len(left) >= results
        kept = left
    steps = []
    results = grade(course, assignment, jobs=2, progress=lambda *given: steps.append(given))
    assert kept.items() <= finished(course).items()
    assert steps == [(done, len(course.roster)) for done in range(1, len(course.roster) + 1)]
    return results


def check(results, kinds):
    assert {one: result.status for one, result in results.items()} == {one: kind.status for one, kind in kinds.items()}
    for one, kind in kinds.items():
        if kind.copied_from:  # of many numbers some agree by chance
            assert kind.score <= results[one].score < 10
        else:
            assert results[one].score == kind.score, one


def test_a_grading_that_is_killed_goes_on_where_it_stopped(tmp_path):
    course, assignment, kinds = large_class(tmp_path / "course", 12)
    results = grade_with_kills(course, assignment, [2, 6])
    check(results, kinds)
    before = finished(course)
    assert grade(course, assignment) == results
    assert finished(course) == before
    file = submission(course, assignment, course.roster["ada-0"])
    file.write_text(file.read_text("utf8") + "\n", "utf8")
    assert grade(course, assignment)["ada-0"].score == results["ada-0"].score
    assert {one.name for one, when in finished(course).items() if before[one] != when} == {"ada-0.json"}


@pytest.mark.slow
def test_200_submissions_are_graded_in_20_minutes_and_to_the_same_end_if_killed(tmp_path):
    course, assignment, kinds = large_class(tmp_path / "course", 200)
    shutil.copytree(course.path, tmp_path / "copy")
    began = time.monotonic()
    results = grade(course, assignment, jobs=2)
    assert time.monotonic() - began < 20 * 60
    check(results, kinds)
    again = open_course(tmp_path / "copy")
    assert grade_with_kills(again, assignment, [1, 20, 21, 77, 150]) == results
