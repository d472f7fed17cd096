"""The exercises of the book as a table, from which an instructor picks."""

import ast
import re
import sys

from assignments.course import CourseError
from assignments.draws import NUMBERS
from assignments.draws._different import DIFFERENT
from assignments.near import chapters, near
from kltools import exercises as bank

KINDS = {
    bank.NumberExercise: "number",
    bank.ChoiceExercise: "choice",
    bank.FunctionExercise: "function",
    bank.ConstructionExercise: "construction",
}
FENCE = re.compile(r"```python\n(.*?)```", re.DOTALL)
LEGEND = """\
answer    a construction is something with a stated property, lists of probabilities mostly: every right one counts
numbers   own: drawn for each student, from about so many (500: or more); one pair of students in so many has the
          same ones. same: one question for all. hidden: one question for all, and the function is tried on inputs
          that nobody has seen, drawn for each student
uses      packages of the book's solution, numpy only where it is the only one; students may work otherwise. With
          checks = true, kltools comes with the notebook

Each question stands alone: students need not have the book."""


def table(chapter: str | None = None) -> str:
    """Return the exercises of a chapter, or of all in the order of the book, one a line, and what the columns say.

    Parameters
    ----------
    chapter : str, optional
        The stem of a chapter, "coding" say.

    Raises
    ------
    CourseError
        If no chapter of that name has exercises; the message lists those that have.
    """
    known = chapters()
    if chapter is not None and chapter not in known:
        raise CourseError(f"no chapter {chapter!r} has exercises{near(chapter, known)}; these have: {', '.join(known)}")
    rows = [("id", "level", "minutes", "answer", "numbers", "uses", "title")]
    for one in [chapter] if chapter else known:
        rows += [_row(exercise) for exercise in bank.exercises(one).values()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", LEGEND])


def _row(exercise: bank.Exercise) -> tuple[str, ...]:
    kind = KINDS[type(exercise)]
    uses = ", ".join(needs(exercise)) or "no code"
    return exercise.id, exercise.level, str(exercise.minutes), kind, _numbers(exercise.id, kind), uses, exercise.title


def _numbers(id: str, kind: str) -> str:
    """Say whose numbers a question has, and how many there are where they are drawn."""
    if id not in NUMBERS:
        return "hidden" if kind == "function" else "same"
    return f"own {DIFFERENT[id]}"


def needs(exercise: bank.Exercise) -> list[str]:
    """Return the packages beyond Python's own that the code of the solution uses."""
    found = set()
    for code in FENCE.findall(exercise.solution):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module.partition(".")[0])
            elif isinstance(node, ast.Name) and node.id == "np":
                found.add("numpy")
    found -= sys.stdlib_module_names
    return sorted(found - {"numpy"} or found)  # what the others need too says little beside them
