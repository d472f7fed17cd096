"""What of a notebook is its author's: the cells that were not given out, and those of them that name an answer."""

import re
from collections.abc import Iterable

import nbformat

from assignments.course import Student
from assignments.notebooks import student_notebook
from assignments.numbers import Numbers

# What an instructor may mend after the notebooks are out: the day, and what an exercise is worth.
DUE = re.compile(r"(?<=\)\.) Hand in by \d{4}-\d\d-\d\d \d\d:\d\d [^ \n]*\.$", re.MULTILINE)
WORTH = re.compile(r"^(## \d{1,4}\. .*) \([\d.e+]{1,12} points?\)$", re.MULTILINE)


def own_cells(numbers: Numbers, student: Student, notebook: nbformat.NotebookNode) -> list:
    """Return the cells that hold something and were not given to this student as they are."""
    given = {_plain(cell) for cell in student_notebook(numbers, student).cells}
    return [cell for cell in notebook.cells if cell.source.strip() and _plain(cell) not in given]


def _plain(cell) -> str:
    """Return a cell's source without what may have changed since it was given out."""
    return WORTH.sub(r"\1", DUE.sub("", cell.source.strip()))


def naming(sources: Iterable[str], answer: str) -> list[str]:
    """Return the sources in which an answer is named."""
    name = re.compile(rf"\b{re.escape(answer)}\b")
    return [source for source in sources if name.search(source)]
