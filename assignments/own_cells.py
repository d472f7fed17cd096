"""What of a notebook is its author's: the cells that were not given out, and those of them that name an answer."""

import re
from collections.abc import Iterable, Mapping

import nbformat

from assignments import notebooks
from assignments.course import Student
from assignments.numbers import Numbers

HEADING = notebooks.heading_of()
SHORT = 20  # characters of a cell: "Yes" may be a line of a question, and an answer
# What an instructor may mend after the notebooks are out: the day, and what an exercise is worth.
DUE = re.compile(r"(?<=\)\.) Hand in by \d{4}-\d\d-\d\d \d\d:\d\d [^ \n]*\.$", re.MULTILINE)
WORTH = re.compile(r"^(## \d{1,4}\. .*) \([\d.e+]{1,12} points?\)$", re.MULTILINE)


def own_cells(numbers: Numbers, student: Student, notebook: nbformat.NotebookNode) -> list:
    """Return the cells that hold something and were not given to this student as they are."""
    given = {_plain(cell) for cell in _given(numbers, student)}
    return [cell for cell in notebook.cells if cell.source.strip() and _plain(cell) not in given]


def stray_texts(
    numbers: Numbers, student: Student, notebook: nbformat.NotebookNode, answers: Mapping[str, str]
) -> list[nbformat.NotebookNode]:
    """Return the cells in which the student may have written an answer that does not stand in its place.

    They are texts that hold a line of the student's own, and cells of code that begin as the place for a written answer
    does, or are marked as one.

    Parameters
    ----------
    numbers : Numbers
        Of the course and the assignment.
    student : Student
        Whose notebook it is.
    notebook : NotebookNode
        What came back.
    answers : mapping of str to str
        What was found in the places of the written answers, by exercise; empty where nothing was. Cells with the same
        text as one of these are no others.
    """
    ours = {line.strip() for cell in _given(numbers, student) for line in _plain(cell).splitlines()}
    empty = {str(place) for place, one in enumerate(numbers.assignment.exercises, 1) if answers.get(one.id) == ""}
    # what is longer was cut there
    known = {text[: notebooks.LONGEST] for text in (*notebooks.BLANK, *answers.values())}
    found = []
    for cell in own_cells(numbers, student, notebook):
        text, headed = notebooks.below(HEADING, cell.source), HEADING.match(cell.source)
        if headed and headed["place"] in empty and text and text not in notebooks.BLANK:
            found.append(cell)  # whatever it says, it says for which answer it is meant
            continue
        if text[: notebooks.LONGEST] in known:
            continue
        if cell.cell_type == "code":
            is_text = bool(headed) or notebooks.grade_id(cell) in answers
        else:
            lines = _plain(cell).splitlines()
            is_text = len(cell.source.strip()) <= SHORT or any(line.strip() not in ours for line in lines)
        if is_text:
            found.append(cell)
    return found


def _given(numbers: Numbers, student: Student) -> list:
    """Return the cells that a student was given: as they would be written now, and as they were written then."""
    now = notebooks.student_notebook(numbers, student)
    file = notebooks.released_notebook(numbers.course, numbers.assignment, student)
    try:
        return [*now.cells, *(notebooks.read_submission(file).cells if file.exists() else ())]
    except notebooks.UnreadableError:
        return now.cells


def _plain(cell) -> str:
    """Return a cell's source without what may be another now than when it was given out."""
    source = cell.source.strip().replace("\r\n", "\n").replace(notebooks.NOTE, "")
    return WORTH.sub(r"\1", DUE.sub("", source))


def naming(sources: Iterable[str], answer: str) -> list[str]:
    """Return the sources in which an answer is named."""
    name = re.compile(rf"\b{re.escape(answer)}\b")
    return [source for source in sources if name.search(source)]
