"""What tests of attacks share: a course in which every student has the same exercises and hands in cells of code."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from assignments.course import Assignment, Course, create_course, open_course, read_assignment
from assignments.grade import submission
from assignments.numbers import Numbers
from assignments.sample_class import FUNCTION, answer

BEFORE, AFTER, ATTACKED = "coding-4", ("coding-6", "coding-7"), ("optimization-3", "surprise-7")
EARNED = 3.0  # by the honest answers, of five points
NEXT = "\n# next cell\n"
LESSON = """\
def lesson(prior, likelihood):
    posterior = prior * likelihood / np.sum(prior * likelihood)
    told = posterior > 0
    return np.sum(posterior[told] * np.log(posterior[told] / prior[told]))

answer_surprise_7 = lesson"""
ASSIGNMENT = "checks = false\n" + "".join(
    f'[[exercise]]\nid = "{id}"\npoints = 1\n' for id in (BEFORE, *ATTACKED, *AFTER)
)
COURSE = """\
title = "Attacked"
[limits]
cell_seconds = 2
total_seconds = 15
memory_mb = 768
disk_mb = 16
processes = 24
"""


def make(folder: Path, students: Iterable[str]) -> tuple[Course, Assignment]:
    """Make the course, with a secret that is the same in every run."""
    create_course(folder)
    (folder / "secret").write_text("c3" * 32, "ascii")
    (folder / "course.toml").write_text(COURSE, "utf8")
    (folder / "roster.csv").write_text("id,name,email\n" + "".join(f"{one},{one},\n" for one in students), "utf8")
    (folder / "assignments" / "week1.toml").write_text(ASSIGNMENT, "utf8")
    course = open_course(folder)
    return course, read_assignment(course, "week1")


def exercises(course: Course, assignment: Assignment, student: str) -> Mapping:
    """Return the student's exercises by id."""
    numbers = Numbers(course, assignment)
    return {one.id: numbers.exercise(student, one.id) for one in assignment.exercises if not one.text}


def honest(course: Course, assignment: Assignment, student: str, attack: str) -> list[str]:
    """Return the cells of a student who answers three exercises honestly, and in between attacks.

    In the attack, TRUTH stands for the right answer of the first exercise that is attacked.
    """
    known = exercises(course, assignment, student)
    target = known[ATTACKED[0]]
    attack = attack.replace("TRUTH", repr(target.truth(**target.given)))
    after = [answer(known[AFTER[0]]), FUNCTION.format(name="answer_coding_7")]
    return ["import numpy as np", answer(known[BEFORE]), *attack.split(NEXT), *after]


def write(file: Path, cells: Iterable[str], texts: Iterable[str] = ()) -> None:
    """Write a notebook of code cells, and of cells of text after them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    parts = [new_code_cell(source, id=f"code-{place}") for place, source in enumerate(cells)]
    parts += [new_markdown_cell(source, id=f"text-{place}") for place, source in enumerate(texts)]
    file.write_text(json.dumps(new_notebook(cells=parts)), "ascii")


def hand_in(course: Course, assignment: Assignment, student: str, attack: str) -> Path:
    """Hand in honest answers and an attack, and return the file."""
    file = submission(course, assignment, course.roster[student])
    write(file, honest(course, assignment, student, attack))
    return file
