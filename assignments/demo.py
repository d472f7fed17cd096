"""A course of twelve students who do not exist, from nothing to grades, with the commands that an instructor types."""

import os
import tempfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat

from assignments.collect import collect
from assignments.course import Assignment, Course, create_course, open_course, read_assignment
from assignments.notebooks import released_notebook, write_release
from assignments.numbers import Numbers
from assignments.results import read_result
from assignments.sample_class import ASSIGNMENT, CLASS, Sample, solve

NAME = "week1"
SECRET = "5a" * 32  # a real course draws its own; with this one, the demo gives the same numbers everywhere
LIMITS = """\
title = "The sample class"

[limits]
cell_seconds = 3
total_seconds = 20
memory_mb = 1024
disk_mb = 16
processes = 32
"""
BEFORE_DEADLINE = datetime(2026, 10, 16, 18, 30, tzinfo=UTC)
BY_CANVAS = ("ada", "ben", "dara", "hugo", "kira")  # the others bring folders


def play(folder: str | None, print_grades: Callable[[Course, Assignment, int], None]) -> None:
    """Make a course, hand in what its twelve students hand in, collect and grade it, and tell each step.

    Parameters
    ----------
    folder : str or None
        Where to make the course: a folder that is empty or not there; None for a new temporary one.
    print_grades : callable
        Given the course, the assignment and the number of jobs, grades and writes what goes out.

    Raises
    ------
    CourseError
        If the folder holds anything, or lies in the repository.
    """
    folder = tempfile.mkdtemp(prefix="sample-class-") if folder is None else folder
    _step(f"make course COURSE={folder}")
    course, assignment = make_course(folder)
    print(f"A course with {len(course.roster)} students and {len(assignment.exercises)} exercises.")
    _step(f"make assignment COURSE={folder} NAME={NAME}")
    print(f"{write_release(course, assignment)} Each has numbers of its own. Now the students work.")
    archive = hand_in(course, assignment)
    for source, where in ((archive, f" FROM={archive}"), (course.path / "inbox", "")):
        _step(f"make collect COURSE={folder} NAME={NAME}{where}")
        print(collect(course, assignment, source))
    _step(f"make grade COURSE={folder} NAME={NAME}")
    print_grades(course, assignment, os.cpu_count() or 1)
    print()
    for one in CLASS:
        print(f"  {one.name:10}  {one.story:37}  {_outcome(course, assignment, one)}")
    out = course.path / "out" / NAME
    print(f"\nOpen {out / 'report.html'}, then a page or two of {out / 'feedback'}.")


def make_course(folder: str | Path) -> tuple[Course, Assignment]:
    """Make the course of the sample class, the same everywhere."""
    path = create_course(folder).path
    (path / "secret").write_text(SECRET + "\n", "ascii")
    (path / "course.toml").write_text(LIMITS, "utf8")
    rows = [f"{one.id},{one.name},{one.id}@example.org\n" for one in CLASS]
    (path / "roster.csv").write_text("id,name,email\n" + "".join(rows), "utf8")
    (path / "assignments" / f"{NAME}.toml").write_text(ASSIGNMENT, "utf8")
    course = open_course(path)
    return course, read_assignment(course, NAME)


def hand_in(course: Course, assignment: Assignment) -> Path:
    """Fill the inbox with what the class hands in, and return the zip with the rest of it."""
    numbers, archive = Numbers(course, assignment), course.path / "submissions.zip"
    with zipfile.ZipFile(archive, "x", zipfile.ZIP_DEFLATED) as members:
        for number, one in enumerate(CLASS):
            changed = BEFORE_DEADLINE + timedelta(minutes=number, days=one.days_late)
            tries = [] if one.first_try is None else [(one.first_try, changed - timedelta(days=1))]
            for place, (solved, when) in enumerate([*tries, (one.solved, changed)]):
                text = _text(course, assignment, numbers, one, solved)
                if not text:
                    continue
                if one.id in BY_CANVAS:
                    again = f"-{place}" if place else ""
                    squeezed = "".join(reversed(one.name.lower().split()))
                    member = f"{squeezed}_{100 + number}_{2000 + place}_{NAME}{again}.ipynb"
                    members.writestr(zipfile.ZipInfo(member, when.timetuple()[:6]), text)
                else:
                    _put(course.path / "inbox" / one.id / f"{NAME}.ipynb", text, when)
        members.writestr("../../grades.csv", "a file that wants to be elsewhere")
    _put(course.path / "inbox" / "mallory.ipynb", "a file of nobody", BEFORE_DEADLINE)
    return archive


def _text(course: Course, assignment: Assignment, numbers: Numbers, one: Sample, solved: tuple[str, ...]) -> str:
    """Return what a student sends, empty if that is nothing."""
    if one.status == "missing":
        return ""
    released = nbformat.read(released_notebook(course, assignment, course.roster[one.id]), 4)
    whose = one.copied_from or one.id
    exercises = {each.id: numbers.exercise(whose, each.id) for each in assignment.exercises if not each.text}
    text = nbformat.writes(solve(released, exercises, one, solved))
    return text[: len(text) // 2] if one.status == "unreadable" else text


def _put(file: Path, text: str, changed: datetime) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf8")
    os.utime(file, (changed.timestamp(), changed.timestamp()))


def _step(command: str) -> None:
    print(f"\n$ {command}", flush=True)


def _outcome(course: Course, assignment: Assignment, one: Sample) -> str:
    result = read_result(course, assignment, one.id)
    if result is None:
        return "missing"
    points = "" if result.score is None else f", {result.score:g} of {result.maximum:g}"
    return result.status + points
