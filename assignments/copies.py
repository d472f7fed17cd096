"""What looks copied: a number that answers another student's exercise, and code or text that several handed in.

A copied number is wrong for one's own numbers, and grading has marked it so. What is found here is a reason to talk to
somebody, and changes no points.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from assignments.code_copies import same_code
from assignments.course import Assigned, Assignment, Course
from assignments.draws import NUMBERS
from assignments.grade import submission
from assignments.notebooks import UnreadableError, code_cells, read_submission
from assignments.numbers import Numbers
from assignments.results import Result, Verdict
from kltools.exercises import ConstructionExercise, Exercise, FunctionExercise, NumberExercise

DIGITS = 4  # among two hundred truths one agrees by chance with three digits of a wrong answer, hardly with four
COMPUTED = 1e-9  # relative: the same sum in another order
SHORTEST_TEXT = 40  # characters: two people write less than this alike without having met


@dataclass(frozen=True)
class CopiedNumber:
    """A number that is wrong for the student's own exercise and right for that of others.

    Attributes
    ----------
    student, exercise : str
        Who gave it, and where.
    answer : str
        The number, to six digits.
    owners : tuple of str
        The students whose exercise it answers, the nearest first.
    may_be : str
        What else explains it: "the mistake slots swapped", say; empty if nothing does.
    """

    student: str
    exercise: str
    answer: str
    owners: tuple[str, ...]
    may_be: str = ""


@dataclass(frozen=True)
class Alike:
    """Students who handed in the same code, text or construction.

    Attributes
    ----------
    exercise : str
        Where.
    kind : {"code", "text", "construction"}
        What is the same: code but for names, comments and layout; text but for case and spaces.
    students : tuple of str
        Two or more.
    """

    exercise: str
    kind: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class Copies:
    """All that looks copied in an assignment."""

    numbers: tuple[CopiedNumber, ...] = ()
    alike: tuple[Alike, ...] = ()

    def number(self, student: str, exercise: str) -> CopiedNumber | None:
        """Return the copied number of a student in an exercise, or None."""
        return next((one for one in self.numbers if (one.student, one.exercise) == (student, exercise)), None)


def find_copies(course: Course, assignment: Assignment, results: Mapping[str, Result]) -> Copies:
    """Find numbers that answer another student's exercise, and the same code, text or construction.

    Parameters
    ----------
    course : Course
        Its roster says who may have had the numbers.
    assignment : Assignment
        What was asked.
    results : mapping of str to Result
        What grading returned.
    """
    numbers = Numbers(course, assignment)
    verdicts = {(student, one.id): one for student, result in results.items() for one in result.verdicts}
    copied, alike = [], []
    cells = _Cells(course, assignment)
    for assigned in assignment.exercises:
        given = {student: verdicts[student, assigned.id] for student in results if (student, assigned.id) in verdicts}
        if assigned.text:
            alike += _groups(assigned.id, "text", _texts(assigned, given))
            continue
        exercises = {student: numbers.exercise(student, assigned.id) for student in course.roster}
        kind = next(iter(exercises.values()), None)
        if isinstance(kind, NumberExercise):
            copied += _copied(exercises, given)
        elif isinstance(kind, FunctionExercise):
            code = {student: cells.of(student) for student, one in given.items() if one.status != "unanswered"}
            alike += _groups(assigned.id, "code", same_code(assigned.answer, exercises, code))
        elif isinstance(kind, ConstructionExercise) and assigned.id in NUMBERS:  # else one answer fits everybody
            alike += _groups(assigned.id, "construction", _constructions(exercises, given))
    return Copies(tuple(copied), tuple(alike))


def _copied(exercises: Mapping[str, Exercise], given: Mapping[str, Verdict]) -> Iterator[CopiedNumber]:
    """Yield the wrong answers that are right for another student's numbers."""
    truths = {student: float(exercise.truth(**exercise.given)) for student, exercise in exercises.items()}
    owners, values = np.array(list(truths)), np.array(list(truths.values()))
    checked = {}
    for student, said in given.items():
        if said.value is None or said.status == "right":
            continue
        own, fits = exercises[student], []
        with np.errstate(invalid="ignore"):  # an infinity less another
            near = (values == said.value) | (np.abs(values - said.value) <= 2 * own.tolerance * np.abs(values))
        for owner in owners[near & (values != truths[student])]:
            other = exercises[owner]
            asked = repr(other.given), said.value  # where many have the same numbers, one check is enough
            if asked not in checked:
                checked[asked] = other.check(said.value).status == "right"
            if checked[asked]:
                fits.append(str(owner))
        if fits:
            fits.sort(key=lambda owner: abs(truths[owner] - said.value))
            yield CopiedNumber(student, said.id, f"{said.value:.6g}", tuple(fits), _may_be(said, truths[fits[0]]))


def _may_be(said: Verdict, truth: float) -> str:
    """Return how a student may have come to a number without another's help."""
    if said.status == "mistake":
        return f"the mistake {said.mistake}"
    if _same_digits(said.value, truth):
        return ""
    return "the student's own value, rounded" if said.status == "close" else "chance: few digits agree"


def _same_digits(value: float, truth: float) -> bool:
    """Return whether a number agrees with a truth in all the digits that it is given with, and has enough of them."""
    digits = Decimal(repr(value)).normalize().as_tuple()
    if not math.isfinite(value) or len(digits.digits) < DIGITS:
        return False
    return abs(value - truth) <= max(10.0**digits.exponent, COMPUTED * abs(truth))


def _constructions(exercises: Mapping[str, Exercise], given: Mapping[str, Verdict]) -> dict[str, str]:
    """Return the constructions that can be read, are not the book's own and are one of many.

    Of those in whole numbers, counts say, only a few are right.
    """
    answers = {student: said.answer for student, said in given.items() if said.status not in ("unanswered", "invalid")}
    found = {student: (text, _figures(text)) for student, text in answers.items()}
    return {
        student: text
        for student, (text, figures) in found.items()
        if figures not in _figures(exercises[student].solution)
        and not all(float(one).is_integer() for one in figures.split())
    }


def _figures(text: str) -> str:
    """Return the numbers of a text in their order, each as Python writes it."""
    return "".join(f" {float(found)!r} " for found in re.findall(r"\d+\.?\d*(?:e[+-]?\d+)?", text))


def _texts(assigned: Assigned, given: Mapping[str, Verdict]) -> dict[str, str]:
    """Return the written answers that say something, without what a typewriter changes."""
    asked = _squeezed(assigned.text)
    texts = {student: _squeezed(said.answer) for student, said in given.items()}
    return {student: text for student, text in texts.items() if len(text) >= SHORTEST_TEXT and text not in asked}


def _squeezed(text: str) -> str:
    return " ".join(text.casefold().split())


def _groups(exercise: str, kind: str, marks: Mapping[str, str]) -> Iterator[Alike]:
    """Yield the groups of students who have the same mark."""
    groups = defaultdict(list)
    for student, mark in marks.items():
        groups[mark].append(student)
    for students in groups.values():
        if len(students) > 1:
            yield Alike(exercise, kind, tuple(students))


class _Cells:
    """The code cells of the submissions, each read once; none of one that cannot be read."""

    def __init__(self, course: Course, assignment: Assignment):
        self.course, self.assignment, self.read = course, assignment, {}

    def of(self, student: str) -> list[str]:
        if student not in self.read:
            file = submission(self.course, self.assignment, self.course.roster[student])
            try:
                self.read[student] = code_cells(read_submission(file))
            except (UnreadableError, OSError):
                self.read[student] = []
        return self.read[student]
