"""The exercises of the book as a table, from which an instructor picks."""

import ast
import pkgutil
import re

import numpy as np

from assignments.course import CourseError
from assignments.variants import variant
from kltools import exercises as bank

KINDS = {
    bank.NumberExercise: "number",
    bank.ChoiceExercise: "choice",
    bank.FunctionExercise: "function",
    bank.ConstructionExercise: "construction",
}
FENCE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def table(chapter: str | None = None) -> str:
    """Return the exercises of a chapter, or of all, one a line.

    Parameters
    ----------
    chapter : str, optional
        The stem of a chapter, "coding" say.

    Raises
    ------
    CourseError
        If no chapter of that name has exercises; the message lists those that have.
    """
    chapters = sorted(module.name for module in pkgutil.iter_modules(bank.__path__))
    if chapter is not None and chapter not in chapters:
        raise CourseError(f"no chapter {chapter!r} has exercises; these have: {', '.join(chapters)}")
    rows = [("id", "level", "minutes", "answer", "numbers", "its solution uses", "title")]
    for one in [chapter] if chapter else chapters:
        rows += [_row(exercise) for exercise in bank.exercises(one).values()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def _row(exercise: bank.Exercise) -> tuple[str, ...]:
    kind = KINDS[type(exercise)]
    varies = variant(exercise.id, np.random.default_rng(0)) is not exercise
    own = "own" if varies else "hidden" if kind == "function" else "same for all"
    uses = ", ".join(needs(exercise)) or "pencil and paper"
    return exercise.id, exercise.level, str(exercise.minutes), kind, own, uses, exercise.title


def needs(exercise: bank.Exercise) -> list[str]:
    """Return the packages that the code of the solution imports, without those that it is given."""
    found = set()
    for code in FENCE.findall(exercise.solution):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                found |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(node.module)
            elif isinstance(node, ast.Name) and node.id == "np":
                found.add("numpy")
    return sorted(found)
