"""What became of each submission: one JSON file a student, which says all that the grades are made of."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from assignments.course import Assignment, Course, write_at_once


@dataclass(frozen=True)
class Verdict:
    """What one answer is worth, and why.

    Attributes
    ----------
    id : str
        The exercise.
    points : float
        What it is worth.
    earned : float or None
        Before lateness; None where a person has to say.
    status : {"right", "mistake", "close", "wrong", "invalid", "unanswered", "to grade"}
        The verdict of the bank, or that a person reads the answer.
    message : str
        One or two sentences for the student, in the bank's Markdown; they hold no hidden input.
    mistake : str
        The name of a recognized mistake.
    answer : str
        The answer as the student gave it, cut where it is long. It may hold anything. It is empty where a person is to
        grade what does not stand in its place.
    value : float or None
        The answer, if it is one number.
    code : str
        The cells that name the answer, if it is a function, cut where they are long.
    judged : float or None
        What the program gave, where the points are a person's.
    """

    id: str
    points: float
    earned: float | None
    status: str
    message: str = ""
    mistake: str = ""
    answer: str = ""
    value: float | None = None
    code: str = ""
    judged: float | None = None

    @property
    def is_elsewhere(self) -> bool:
        """Whether a person is to grade a written answer that does not stand in its place."""
        return self.status == "to grade" and not self.answer


@dataclass(frozen=True)
class Failure:
    """A cell that ended with an error.

    Attributes
    ----------
    cell : str
        Its first line, cut where it is long.
    error : str
        The name of the error's type if Python has it, else empty: a student's own name could say anything.
    """

    cell: str
    error: str

    @property
    def told(self) -> str:
        """The error in a sentence."""
        return f"an error ({self.error})" if self.error else "an error"


@dataclass(frozen=True)
class Result:
    """What became of one student's submission.

    Attributes
    ----------
    ended : {"", "timed out", "crashed", "unreadable", "missing"}
        Empty if the notebook ran through; else why it did not. Answers given before the end count.
    note : str
        A sentence on it.
    late_days : int
        Days begun after the deadline.
    late_per_day : float
        Share of the points that each of them costs.
    verdicts : list of Verdict
        One an exercise, or none if nothing could be judged.
    by_person : list of str
        Exercises whose points a person gave.
    comments : dict of str to str
        What a person wrote about the answers, by exercise.
    fingerprint : str
        Of all that the verdicts depend on.
    failed : list of Failure
        The student's own cells that ended with an error. They leave the status alone: the notebook ran through, as in
        Jupyter, where one goes on with the next cell.
    """

    student: str
    maximum: float
    ended: str = ""
    note: str = ""
    late_days: int = 0
    late_per_day: float = 0.0
    verdicts: list[Verdict] = field(default_factory=list)
    by_person: list[str] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    failed: list[Failure] = field(default_factory=list)

    @property
    def earned(self) -> float | None:
        """The points before lateness; None where nothing could be judged."""
        if not self.verdicts:
            return None
        if self.ended and not self.by_person and all(one.status == "unanswered" for one in self.verdicts):
            return None
        return sum(one.earned or 0.0 for one in self.verdicts)

    @property
    def score(self) -> float | None:
        """The points after what lateness costs; None where nothing could be judged: that is not a zero."""
        if self.earned is None:
            return None
        return round(self.earned * max(0.0, 1 - self.late_per_day * self.late_days), 4)

    @property
    def status(self) -> str:
        """One word: graded, partly (a person has still to read an answer), late, or why it could not be run."""
        if self.ended:
            return self.ended
        if any(one.earned is None for one in self.verdicts):
            return "partly"
        return "late" if self.late_days else "graded"

    def with_points(
        self, points: Mapping[str, float], comments: Mapping[str, str] | None = None, changed: Collection[str] = ()
    ) -> "Result":
        """Return the result with the points that a person gave and what they wrote, by exercise.

        Exercises in `changed` wait until that person has seen the new answer: they have no points, and what was written
        about the old answer is left out.
        """
        known = [one.id for one in self.verdicts if one.id in points and one.id not in changed]
        verdicts = [replace(one, earned=None) if one.id in changed else one for one in self.verdicts]
        verdicts = [
            replace(one, earned=points[one.id], judged=one.earned) if one.id in known else one for one in verdicts
        ]
        said = {id: text for id, text in (comments or {}).items() if id not in changed}
        return replace(self, verdicts=verdicts, by_person=known, comments=said)


def from_table(table: Mapping) -> Result:
    """Return a result from what ``asdict`` makes of one; an older file says nothing of cells that failed."""
    verdicts = [Verdict(**one) for one in table["verdicts"]]
    return Result(**{**table, "verdicts": verdicts, "failed": [Failure(**one) for one in table.get("failed", ())]})


def write_result(course: Course, assignment: Assignment, result: Result) -> None:
    """Keep a result, at once or not at all: grading may be killed at any moment."""
    file = _file(course, assignment, result.student)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_at_once(file, json.dumps(asdict(result), indent=1))


def read_result(course: Course, assignment: Assignment, student: str) -> Result | None:
    """Return the result that was kept, or None if there is none that can be read."""
    try:
        table = json.loads(_file(course, assignment, student).read_text("utf8"))
        return from_table(table)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _file(course: Course, assignment: Assignment, student: str) -> Path:
    return course.path / "graded" / assignment.name / f"{student}.json"
