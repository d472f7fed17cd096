"""The numbers that each student was given, drawn once and kept, so that a newer book does not change them."""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from assignments.course import Assignment, Course, CourseError, write_at_once
from assignments.variants import hidden_cases, variant
from kltools.exercises import Exercise, FunctionExercise, get


class Numbers:
    """Exercises with numbers drawn for each student of a course.

    Parameters
    ----------
    course : Course
        Its secret decides the numbers.
    assignment : Assignment
        Its name and the student's id do, too: each student has a draw of their own.
    """

    def __init__(self, course: Course, assignment: Assignment):
        self.course, self.assignment = course, assignment
        self._exercises = {}

    @property
    def file(self) -> Path:
        """Where the numbers are kept that were given out."""
        return self.course.path / "numbers" / f"{self.assignment.name}.json"

    @cached_property
    def _kept(self) -> dict:
        try:
            return json.loads(self.file.read_text("utf8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise CourseError(f"{self.file} cannot be read: {error}") from None

    def _generator(self, what: str, student: str, id: str) -> np.random.Generator:
        return self.course.generator(what, self.assignment.name, student, id)

    def exercise(self, student: str, id: str) -> Exercise:
        """Return an exercise with the numbers of this student."""
        key = student, id
        if key not in self._exercises:
            kept = self._kept.get(student, {}).get(id)
            if kept is None:
                self._exercises[key] = variant(id, self._generator("numbers", student, id))
            else:
                self._exercises[key] = get(id).with_numbers(_tuples(kept))
        return self._exercises[key]

    def hidden(self, student: str, id: str) -> tuple[tuple, ...] | None:
        """Return the inputs on which this student's function is tried, or None if no function is asked."""
        if not isinstance(self.exercise(student, id), FunctionExercise):
            return None
        return hidden_cases(id, self._generator("hidden", student, id))

    def keep(self) -> None:
        """Write down the numbers of every student on the roster, beside those that are kept already."""
        asked = [one.id for one in self.assignment.exercises if not one.text]
        numbers = {
            student: self._kept.get(student, {}) | {id: dict(self.exercise(student, id).given) for id in asked}
            for student in self.course.roster
        }
        self.file.parent.mkdir(mode=0o700, exist_ok=True)
        write_at_once(self.file, json.dumps({**self._kept, **numbers}, indent=1))


def _tuples(value):
    if isinstance(value, Mapping):
        return {name: _tuples(part) for name, part in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
