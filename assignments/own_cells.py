"""What of a notebook is its author's: the cells that were not given out, and those of them that name an answer."""

import re
from collections.abc import Iterable

import nbformat

from assignments.course import Student
from assignments.notebooks import student_notebook
from assignments.numbers import Numbers


def own_cells(numbers: Numbers, student: Student, notebook: nbformat.NotebookNode) -> list:
    """Return the cells that hold something and were not given to this student as they are."""
    given = {cell.source.strip() for cell in student_notebook(numbers, student).cells}
    return [cell for cell in notebook.cells if cell.source.strip() and cell.source.strip() not in given]


def naming(sources: Iterable[str], answer: str) -> list[str]:
    """Return the sources in which an answer is named."""
    name = re.compile(rf"\b{re.escape(answer)}\b")
    return [source for source in sources if name.search(source)]
