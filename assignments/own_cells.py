"""What of a notebook is its author's: the cells that were not given out, and those of them that name an answer."""

import re
from collections.abc import Iterable

import nbformat

from assignments.course import Student
from assignments.notebooks import student_notebook
from assignments.numbers import Numbers

DUE = re.compile(r"(?<=\)\.) Hand in by \d{4}-\d\d-\d\d \d\d:\d\d [^ \n]*\.$", re.MULTILINE)


def own_cells(numbers: Numbers, student: Student, notebook: nbformat.NotebookNode) -> list:
    """Return the cells that hold something and were not given to this student as they are."""
    given = {_plain(cell) for cell in student_notebook(numbers, student).cells}
    return [cell for cell in notebook.cells if cell.source.strip() and _plain(cell) not in given]


def _plain(cell) -> str:
    """Return a cell's source without the day in its head, which may have moved since it was given out."""
    return DUE.sub("", cell.source.strip())


def naming(sources: Iterable[str], answer: str) -> list[str]:
    """Return the sources in which an answer is named."""
    name = re.compile(rf"\b{re.escape(answer)}\b")
    return [source for source in sources if name.search(source)]
