"""What a person sees of a submission in Formgrader: a notebook made afresh, in which nothing of the student's runs.

Formgrader turns cells into a page of a server in which the instructor is logged in, and passes HTML on. So nothing
of a submission is copied as it is: its text stands escaped in ``<pre>``, a written answer is rendered as on the
student's page, without links, and outputs, attachments and metadata stay behind. The student's name stays behind too;
Formgrader shows it when asked.
"""

import hashlib
import html
from collections.abc import Mapping
from types import MappingProxyType

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

from assignments.course import Assigned, Assignment, Student
from assignments.formulas import CONTROLS
from assignments.markup import render
from assignments.notebooks import below, holds_picture, question_of, without_html
from assignments.numbers import Numbers
from assignments.own_cells import HEADING, naming, own_cells, stray_texts
from assignments.results import Result, Verdict
from kltools.exercises import get

LONGEST = 20_000  # characters of one block that are shown
STRAY = "The place for this answer is empty. See *What else the notebook holds*, at the end."
PICTURE = "There is a picture, which only the submitted notebook shows. The class report names the file."
STATUS = {
    "right": "right",
    "mistake": "a known mistake",
    "close": "close to the truth",
    "wrong": "wrong",
    "invalid": "no answer that could be judged",
    "unanswered": "not answered",
}


def shown_notebook(
    numbers: Numbers,
    student: Student,
    result: Result,
    submitted: nbformat.NotebookNode,
    waiting: Mapping[str, str] = MappingProxyType({}),
) -> nbformat.NotebookNode:
    """Return what a person who grades sees of a submission.

    Parameters
    ----------
    numbers : Numbers
        Of the course and the assignment.
    student : Student
        Whose submission it is.
    result : Result
        With a verdict for each exercise.
    submitted : NotebookNode
        What came back.
    waiting : mapping of str to str
        Why points that a person gave wait, by exercise. Formgrader's own place for it, the box for comments, shows it
        only while the box is empty.
    """
    own = own_cells(numbers, student, submitted)
    code = [cell.source for cell in own if cell.cell_type == "code"]
    verdicts = {one.id: one for one in result.verdicts}
    written = {one.answer for one in result.verdicts if one.status == "to grade"}
    rest = [cell for cell in own if cell.cell_type == "code" or below(HEADING, cell.source) not in written]
    answers = {one.id: verdicts[one.id].answer for one in numbers.assignment.exercises if one.text}
    is_elsewhere = any(one.is_elsewhere for one in result.verdicts)
    strays = stray_texts(numbers, student, submitted, answers) if is_elsewhere else []
    read_by_person = {cell.source for cell in strays}
    cells = [_heading(numbers.assignment)]
    for place, asked in enumerate(numbers.assignment.exercises, 1):
        named = naming(code, asked.answer)
        rest = [
            cell
            for cell in rest
            if cell.cell_type != "code" or cell.source not in named or cell.source in read_by_person
        ]
        question, title = asked.text, "Written answer"
        if not asked.text:
            exercise = numbers.exercise(student.id, asked.id)
            question, title = question_of(exercise), exercise.title
        cells.append(_question(asked, place, title, rendered(question, links=bool(asked.text))))
        texts = [verdicts[asked.id].answer] if verdicts[asked.id].answer else read_by_person
        notes = [waiting[asked.id]] if asked.id in waiting else []
        notes += [PICTURE] if asked.text and holds_picture("\n".join(texts)) else []
        cells.append(_answer(asked, verdicts[asked.id], "\n\n".join(named), notes))
    if result.note:
        cells.append(new_markdown_cell(f"**How the run ended**\n\n{plain(result.note)}", id="ended"))
    if result.failed:
        text = "\n".join(f"{one.error or 'another error'}: {one.cell}" for one in result.failed)
        cells.append(new_markdown_cell(f"**Cells that ended with an error**\n\n{plain(text)}", id="failed"))
    if rest:
        rest.sort(key=lambda cell: cell.source not in read_by_person)  # what is long is cut at its end
        text = "\n\n".join(f"# {cell.cell_type} cell\n{cell.source}" for cell in rest)
        cells.append(new_markdown_cell(f"**What else the notebook holds**\n\n{plain(text)}", id="rest"))
    return _notebook(cells)


def source_notebook(assignment: Assignment) -> nbformat.NotebookNode:
    """Return the assignment without a student's numbers, by which Formgrader knows that it exists."""
    cells = [_heading(assignment)]
    for place, asked in enumerate(assignment.exercises, 1):
        question, title = asked.text, "Written answer"
        if not asked.text:
            question, title = question_of(get(asked.id)), get(asked.id).title
        cells.append(_question(asked, place, title, question))
        cells.append(_graded(asked, "*The answer.*"))
    return _notebook(cells)


def fingerprints(assignment: Assignment, result: Result, submitted: nbformat.NotebookNode) -> dict[str, str]:
    """Return, by exercise, a digest of what a person reads who gives points for it."""
    code = [cell.source for cell in submitted.cells if cell.cell_type == "code"]
    everything = [cell.source for cell in submitted.cells]
    answers = {one.id: one.answer for one in result.verdicts}
    digests = {}
    for asked in assignment.exercises:
        parts = code if not asked.text else [answers[asked.id]] if answers[asked.id] else everything
        digests[asked.id] = hashlib.sha256("\0".join(parts).encode("utf8", "surrogatepass")).hexdigest()
    return digests


def plain(text: str) -> str:
    """Return text of a student's as HTML in which it is text and nothing else, cut where it is very long."""
    return f'<pre style="white-space: pre-wrap">\n{html.escape(_named(text))}{_rest(text)}\n</pre>'


def rendered(text: str, *, links: bool = False) -> str:
    """Return Markdown as HTML on one line, which is passed on as it is; its formulas need no script."""
    found = f"{render(_named(text), links=links)}{_rest(text)}"
    found = CONTROLS.sub(lambda sign: f"&lt;U+{ord(sign[0]):04X}&gt;", found)  # it may be written as &#13;
    return f"<div>{found.replace(chr(10), '&#10;')}</div>"


def _named(text: str) -> str:
    return CONTROLS.sub(lambda found: f"<U+{ord(found[0]):04X}>", text[:LONGEST])


def _rest(text: str) -> str:
    left = len(text) - LONGEST
    return f"\n... and {left} more characters, in the file that was submitted" if left > 0 else ""


def _heading(assignment: Assignment):
    return new_markdown_cell(f"# {without_html(assignment.title)}", id="head")


def _question(asked: Assigned, place: int, title: str, question: str):
    return new_markdown_cell(f"## {place}. {title}\n\n{question}", id=f"ask-{asked.id}")


def _answer(asked: Assigned, verdict: Verdict, code: str, notes: list[str]):
    parts = [f"**{note}**" for note in notes]
    if verdict.status == "to grade":
        return _graded(asked, "\n\n".join([*parts, STRAY if verdict.is_elsewhere else rendered(verdict.answer)]))
    parts += [f"**Judged: {STATUS[verdict.status]}, {verdict.earned:g} of {verdict.points:g} points**"]
    parts += [plain(verdict.message)] if verdict.message else []
    parts += ["The answer:", plain(verdict.answer)] if verdict.answer else []
    parts += ["The cells that name it:", plain(code)] if code else []
    return _graded(asked, "\n\n".join(parts))


def _graded(asked: Assigned, source: str):
    graded = {"schema_version": 3, "grade_id": asked.id, "grade": True, "solution": True, "locked": False}
    graded |= {"task": False, "points": asked.points, "cell_type": "markdown"}
    return new_markdown_cell(source, id=f"answer-{asked.id}", metadata={"nbgrader": graded})


def _notebook(cells: list) -> nbformat.NotebookNode:
    notebook = new_notebook(cells=cells)
    nbformat.validate(notebook)
    return notebook
