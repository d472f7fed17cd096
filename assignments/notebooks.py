"""What each student receives: one notebook, readable in plain Jupyter, with numbers drawn for that student.

Cells carry the metadata of nbgrader, so that its tools know them. Grading does not depend on it: an answer is found
by its name, a written one by its cell's id or, where that is lost, by its heading.
"""

import json
import re
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from assignments import build_wheel, first_cell, released, wheel_name
from assignments.course import Assigned, Assignment, Course, Student, write_at_once
from assignments.draws import NUMBERS
from assignments.markup import not_shown
from assignments.numbers import Numbers
from assignments.released import Release
from kltools._wording import in_words, listed
from kltools.exercises import ChoiceExercise, ConstructionExercise, Exercise, FunctionExercise, NumberExercise

LARGEST = 10 * 2**20  # bytes of a notebook that is read
CELLS = 2000  # of a notebook that is read
DEEPEST = 6  # level of a heading
LONGEST = 50_000  # characters of a written answer
# What Markdown takes for HTML, and formulas, in which it is none.
MARKUP = re.compile(r"(\$[^$]+\$)|<(?=[A-Za-z/!?])|&(?=#?\w+;)")
KEY = "kl-assignment"  # where a notebook says which assignment it is
HERE = "*Your answer here.*"
PICTURE = re.compile(r"!\[[^\]\n]{0,500}\][(\[]|\(attachment:|<(?:img|svg|picture)\b|\bdata:image/", re.IGNORECASE)
NOTE = " (text and formulas; a picture is not shown to the person who grades)"  # older notebooks lack it
BLANK = ("", HERE)  # what stands in the place of a written answer that nobody has given
HINT = "\n\n<details>\n<summary>Hint</summary>\n\n{}\n\n</details>"  # the empty lines let formulas be rendered
CHECK = """\
# Run this cell after the one above: it says which mistake was made, never the answer.
from kltools.exercises import get

get({id!r}).with_numbers({given!r}).check({answer})"""


class UnreadableError(Exception):
    """A file that came back is no notebook; the message says why, in words for its author."""


def student_notebook(numbers: Numbers, student: Student) -> nbformat.NotebookNode:
    """Return the notebook of one student; the same course and student give the same notebook again."""
    return _notebook(numbers, student, numbers.assignment.due(student.id))


def _notebook(numbers: Numbers, student: Student, due: datetime | None) -> nbformat.NotebookNode:
    course, assignment = numbers.course, numbers.assignment
    cells = [new_markdown_cell(_head(course, assignment, student, due), id="head")]
    if assignment.checks:
        cells.append(new_code_cell(first_cell(wheel_name()), id="kltools"))
    cells.append(new_code_cell("import numpy as np", id="setup"))
    for place, assigned in enumerate(assignment.exercises, 1):
        cells += _cells(numbers, student, assigned, place)
    notebook = new_notebook(cells=cells, metadata={"kernelspec": {"display_name": "Python 3", "name": "python3"}})
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata[KEY] = {"assignment": assignment.name, "student": student.id}
    nbformat.validate(notebook)
    return notebook


def _text(numbers: Numbers, student: Student, due: datetime | None) -> str:
    """Return a student's notebook as it is written."""
    return nbformat.writes(_notebook(numbers, student, due)) + "\n"


def _head(course: Course, assignment: Assignment, student: Student, due: datetime | None) -> str:
    by = f" Hand in by {due:%Y-%m-%d %H:%M %Z}." if due else ""
    parts = [_whose_numbers(assignment)]
    if any(not one.text for one in assignment.exercises):
        packages = f"numpy, scipy{', matplotlib and kltools' if assignment.checks else ' and matplotlib'}"
        parts.append(f"When your notebook is run for grading, {packages} are there, and no other packages.")
        parts.append(
            "Replace each `None` by your answer; the comment above it says what an answer looks like. Keep the name on "
            "the left, by which the answer is found. You may add cells and change what stands around an answer."
        )
    if any(one.text for one in assignment.exercises):
        parts.append(f"Double-click *{HERE.strip('*')}* to write a text in its place.")
    parts.append(
        f"Before you hand in, run all cells from the top and save. Keep the file's name, `{assignment.name}.ipynb`."
    )
    title = without_html(f"{course.title}: {assignment.title}")
    return f"# {title}\n\nFor {without_html(student.name)} ({student.id}).{by}\n\n" + "\n\n".join(parts)


def without_html(text: str) -> str:
    """Return a title or a name as Markdown in which an angle bracket and an ampersand are what they are.

    Examples
    --------
    >>> without_html("Week 1 <early>: $a<b$, 2 < 3 & more")
    'Week 1 &lt;early>: $a<b$, 2 < 3 & more'
    """
    return MARKUP.sub(lambda found: found[1] or {"<": "&lt;", "&": "&amp;"}[found[0]], text)


def _whose_numbers(assignment: Assignment) -> str:
    """Say which questions have numbers that were drawn for the student; another's draw may give the same."""
    own = [str(place) for place, one in enumerate(assignment.exercises, 1) if one.id in NUMBERS]
    if not own:
        return "The questions are the same for all."
    if len(own) == len(assignment.exercises):
        return "The numbers in the questions were drawn for you."
    told = f"Questions {listed(own)} have" if len(own) > 1 else f"Question {own[0]} has"
    return f"{told} numbers that were drawn for you; the rest is the same for all."


def _cells(numbers: Numbers, student: Student, assigned: Assigned, place: int) -> list:
    points = f"{assigned.points:g} point{'s' * (assigned.points != 1)}"
    title = f"## {place}. {{}} ({points})"
    graded = {"schema_version": 3, "grade_id": assigned.id, "grade": True, "solution": True, "locked": False}
    graded |= {"task": False, "points": assigned.points}
    if assigned.text:
        question = new_markdown_cell(f"{title.format('Written answer')}\n\n{assigned.text}", id=f"ask-{assigned.id}")
        answer = new_markdown_cell(f"**Answer {place}**{NOTE}\n\n{HERE}", id=f"answer-{assigned.id}")
        answer.metadata["nbgrader"] = graded | {"cell_type": "markdown"}
        return [question, answer]
    exercise = numbers.exercise(student.id, assigned.id)
    asked = f"{title.format(exercise.title)}\n\n{question_of(exercise)}"
    if numbers.assignment.checks:
        asked += HINT.format(exercise.hint)  # the check names it
    question = new_markdown_cell(asked, id=f"ask-{assigned.id}")
    source = f"# {_form(exercise, assigned.answer)}\n{assigned.answer} = None"
    answer = new_code_cell(source, id=f"answer-{assigned.id}")
    answer.metadata["nbgrader"] = graded | {"cell_type": "code"}
    cells = [question, answer]
    if numbers.assignment.checks:
        check = CHECK.format(id=assigned.id, given=dict(exercise.given), answer=assigned.answer)
        cells.append(new_code_cell(check, id=f"check-{assigned.id}"))
    return cells


def question_of(exercise: Exercise) -> str:
    """Return a question as an assignment asks it: that an answer is not computed is a word for readers of the book."""
    return exercise.question.removeprefix("To think about. ")


def _form(exercise: Exercise, name: str) -> str:
    """Say what an answer looks like, in a line or two."""
    match exercise:
        case NumberExercise():
            return "A number, with at least three significant digits unless it is whole."
        case ChoiceExercise(options=options):
            return f"One letter in quotes: {', '.join(json.dumps(letter) for letter in options)}."
        case FunctionExercise(question=question):
            asked = re.search(r"^def (\w+)\(", question, re.MULTILINE)[1]
            told = "Define the function here; its arguments are numpy arrays. Give it by its name:"
            return f"{told}\n#     {name} = {asked}"
        case ConstructionExercise(lists=lists) if lists:
            number = in_words(len(lists)).capitalize()
            return f"{number} lists of probabilities, in this order: {name} = ({', '.join(lists)})"
    return "In the form that the question asks for."


def released_notebook(course: Course, assignment: Assignment, student: Student) -> Path:
    """Return where the notebook lies that is given to a student."""
    return course.path / "release" / assignment.name / student.id / f"{assignment.name}.ipynb"


def write_release(course: Course, assignment: Assignment) -> Release:
    """Write every student's notebook to ``release/NAME/STUDENT/NAME.ipynb``, note what was given out, and tell it.

    A notebook that is there stays as it is: it may be in the student's hands already. It does not differ if it names
    the deadline of the class, and its student was given more time since. Where the assignment has checks, the wheel of
    kltools that they need lies beside each.
    """
    texts, numbers = {}, Numbers(course, assignment)
    for student in course.roster.values():
        texts[student.id] = _text(numbers, student, assignment.due(student.id))
    files = {one.id: released_notebook(course, assignment, one) for one in course.roster.values()}
    new = [student for student, file in files.items() if not file.exists()]
    known = {one: {text} for one, text in texts.items()}
    for one in assignment.extensions:
        known[one].add(_text(numbers, course.roster[one], assignment.deadline))  # written before it was given
    for forms in known.values():
        forms |= {form.replace(NOTE, "") for form in forms}  # written before there was the note
    same = [one for one in texts if one not in new and files[one].read_text("utf8") in known[one]]
    differ = [one for one in texts if one not in new and one not in same]
    numbers.keep()
    with tempfile.TemporaryDirectory() as scratch:
        wheel = build_wheel(Path(scratch)) if assignment.checks else None
        for student, file in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            if student in new:
                write_at_once(file, texts[student])
            if wheel and not (file.parent / wheel.name).exists():
                shutil.copy(wheel, file.parent)
    released.keep(course, assignment, new, same)
    told = [*released.changes(course, assignment), *_formulas_not_shown(assignment)]
    return Release(list(files.values()), new, differ, told)


def _formulas_not_shown(assignment: Assignment) -> list[str]:
    """Say which formulas only the notebook may show, where Jupyter sets them."""
    return [
        f"Look: {one.id}: the feedback pages and Formgrader cannot set the formula {' '.join(tex.split())} and show it "
        "as it is written; Jupyter may set it in the notebook."
        for one in assignment.exercises
        for tex in not_shown(one.text)
    ]


def read_submission(file: Path) -> nbformat.NotebookNode:
    """Return a notebook that came back: its cells, each with a type, a source and its id for nbgrader alone.

    Raises
    ------
    UnreadableError
        If it is too large, no JSON or no notebook.
    """
    try:
        size = file.stat().st_size
        if size > LARGEST:
            raise UnreadableError(f"The file has {size // 2**20} MB; at most {LARGEST // 2**20} are read.")
        table = json.loads(file.read_text("utf-8-sig"))
        sheets = [table] if table["nbformat"] >= 4 else table["worksheets"]
        if (number := sum(len(sheet["cells"]) for sheet in sheets)) > CELLS:
            raise UnreadableError(f"The notebook has {number} cells; at most {CELLS} are read.")
        read = _read_cell if table["nbformat"] >= 4 else _read_old_cell
        return nbformat.from_dict({"cells": [read(cell) for sheet in sheets for cell in sheet["cells"]]})
    except UnreadableError:
        raise
    except Exception as error:  # whatever the file holds, its author gets a sentence
        raise UnreadableError(f"The file is not a notebook that can be read ({type(error).__name__}).") from None


def _read_cell(cell: dict) -> dict:
    """Return of a cell what is used; a copy of all that may lie beside it could take a hundred times its file."""
    metadata = cell.get("metadata")
    graded = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    id = graded.get("grade_id") if isinstance(graded, dict) else None
    return {
        "cell_type": str(cell["cell_type"]),
        "source": _text_of(cell["source"]),
        "metadata": {"nbgrader": {"grade_id": id}} if isinstance(id, str) else {},
    }


def _read_old_cell(cell: dict) -> dict:
    """Return a cell of version 2 or 3, in which code is an input, and a heading has its level beside it."""
    kind = cell["cell_type"]
    if kind == "code":
        return _read_cell({**cell, "source": cell.get("input", "")})
    if kind == "heading":
        level = cell.get("level")
        signs = "#" * (min(max(level, 1), DEEPEST) if isinstance(level, int) else 1)
        title = " ".join(_text_of(cell["source"]).splitlines())
        return _read_cell({**cell, "cell_type": "markdown", "source": f"{signs} {title}"})
    return _read_cell({**cell, "cell_type": "markdown"} if kind == "html" else cell)


def _text_of(source) -> str:
    """Return a source, which is a text or a list of its lines."""
    try:
        text = "".join(source)
    except TypeError:
        raise UnreadableError("A cell of the notebook holds something else than text.") from None
    return text.encode("utf8", "replace").decode("utf8")  # JSON may hold halves of characters


def code_cells(notebook: nbformat.NotebookNode) -> list[str]:
    """Return the sources of the code cells, in their order."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def written_answer(notebook: nbformat.NotebookNode, assignment: Assignment, id: str) -> str:
    """Return a written answer, without its heading; empty if there is none. Of copies the first with a text counts."""
    place = [one.id for one in assignment.exercises].index(id) + 1
    heading = heading_of(place)
    cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    marked = [cell for cell in cells if grade_id(cell) == id]
    headed = [cell for cell in cells if heading.match(cell.source)]
    both = [cell for cell in headed if cell in marked]  # each alone may have been lost, or stand in a wrong place
    texts = [below(heading, cell.source) for cell in both or marked or headed]
    text = next((text for text in texts if text not in BLANK), "")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} [...] (cut: {len(text)} characters)"


def heading_of(place: int | None = None) -> re.Pattern:
    """Return how the place for a written answer begins, or for any of them."""
    return re.compile(rf"\s*\*\*Answer (?P<place>{place or r'[0-9]+'})\*\*(?:{re.escape(NOTE)})?")


def holds_picture(text: str) -> bool:
    """Return whether a text shows a picture in Jupyter; nowhere else, since pictures stay in the file."""
    return bool(PICTURE.search(text[:LONGEST]))


def below(heading: re.Pattern, text: str) -> str:
    """Return a text without the heading at its beginning."""
    found = heading.match(text)  # a search would try every space of a long text
    return text[found.end() if found else 0 :].strip()


def grade_id(cell) -> str:
    """Return the exercise that a cell is marked with; empty if there is none, or the mark is lost."""
    metadata = cell.metadata.get("nbgrader")
    return str(metadata.get("grade_id", "")) if isinstance(metadata, dict) else ""
