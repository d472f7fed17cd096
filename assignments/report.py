"""What goes out of an assignment: grades as tables, a page for each student and one for the instructor."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from assignments.class_report import class_page
from assignments.copies import Copies
from assignments.course import Assignment, Course, write_at_once
from assignments.feedback import feedback_page
from assignments.kept import came_as
from assignments.markup import clean
from assignments.numbers import Numbers
from assignments.pages import listed, number
from assignments.platforms import name_of_answer
from assignments.results import Result

FORMULA = tuple("=+-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH COMMERCIAL AT}")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def write_reports(course: Course, assignment: Assignment, results: Mapping[str, Result], copies: Copies) -> list[Path]:
    """Write what an instructor hands out and looks at to ``out/NAME`` and return the files.

    ``grades.csv``, ``points.csv`` and ``canvas.csv`` are tables, ``feedback/STUDENT.html`` is for each student,
    ``feedback.zip`` holds these pages under the names that a learning platform asks for, ``report.html`` is for the
    instructor. Each file is written at once or not at all.

    Parameters
    ----------
    course : Course
        The course folder.
    assignment : Assignment
        What was asked.
    results : mapping of str to Result
        By student, with the points that persons gave.
    copies : Copies
        What looks copied.
    """
    out, numbers = course.path / "out" / assignment.name, Numbers(course, assignment)
    pages = {one: feedback_page(course, assignment, numbers, result, copies) for one, result in results.items()}
    contents = {
        out / "grades.csv": _grades(course, assignment, results),
        out / "points.csv": _points(course, assignment, results),
        out / "canvas.csv": _canvas(course, assignment, results),
        out / "report.html": class_page(course, assignment, results, copies),
        out / "feedback.zip": _zipped(course, assignment, pages),
    }
    contents |= {out / "feedback" / f"{student}.html": text for student, text in pages.items()}
    (out / "feedback").mkdir(parents=True, exist_ok=True)
    for file, content in contents.items():
        write_at_once(file, content)
    return list(contents)


def look_at(course: Course, assignment: Assignment, students: Iterable[str]) -> list[str]:
    """Return what an instructor should know of the pages of these students before handing them out."""
    students = list(students)
    own = [one for one, name in _names_in_zip(course, assignment, students).items() if name == f"{one}.html"]
    said = []
    if own and len(own) < len(students):
        page = "page has" if len(own) == 1 else "pages have"
        said.append(
            f"In feedback.zip {len(own)} {page} no name that the platform knows, since the notebook came otherwise or "
            f"not at all: {listed(own)}."
        )
    pages = sorted((course.path / "out" / assignment.name / "feedback").glob("*.html"))
    if left := [page.name for page in pages if page.stem not in course.roster]:
        said.append(
            f"From an earlier run, and of nobody on the roster: {listed(left)}. Do not hand out. Formgrader goes on "
            "showing who left."
        )
    return said


def _zipped(course: Course, assignment: Assignment, pages: Mapping[str, str]) -> bytes:
    """Return a zip of the pages, each under the name that the platform asks for from which the submission came."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as members:
        for student, name in _names_in_zip(course, assignment, pages).items():
            members.writestr(zipfile.ZipInfo(name), pages[student], zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _names_in_zip(course: Course, assignment: Assignment, students: Iterable[str]) -> dict[str, str]:
    """Return under which name each student's page goes back."""
    students, given = list(students), {}
    taken = {f"{student}.html" for student in students}
    for student in students:
        name = name_of_answer(came_as(course, assignment, course.roster[student]), student, assignment.name)
        name = name.encode("utf8", "replace").decode()
        given[student] = f"{student}.html" if name in taken else name  # never under the name of somebody else's
        taken.add(name)
    return given


def _grades(course: Course, assignment: Assignment, results: Mapping[str, Result]) -> str:
    """Return one line a student; the score is empty where nothing could be judged: that is not a zero."""
    rows = [("student", "name", "assignment", "score", "maximum", "status", "late_days")]
    for student, result in results.items():
        score = "" if result.score is None else number(result.score)
        who = student, course.roster[student].name, assignment.name
        rows.append((*who, score, number(result.maximum), result.status, str(result.late_days)))
    return _table(rows)


def _points(course: Course, assignment: Assignment, results: Mapping[str, Result]) -> str:
    """Return one line a student and one column an exercise, before lateness; empty where nothing is judged yet."""
    ids = [one.id for one in assignment.exercises]
    rows = [("student", "name", *ids)]
    for student, result in results.items():
        earned = {} if result.score is None else {one.id: one.earned for one in result.verdicts}
        points = ("" if earned.get(id) is None else number(earned[id]) for id in ids)
        rows.append((student, course.roster[student].name, *points))
    return _table(rows)


def _canvas(course: Course, assignment: Assignment, results: Mapping[str, Result]) -> str:
    """Return the table that Canvas imports; it is blank where there is no score, or where the score is not final."""
    rows = [
        ("Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment.title),
        ("    Points Possible", "", "", "", "", number(assignment.maximum)),
    ]
    for student, result in results.items():
        final = result.score is not None and all(one.earned is not None for one in result.verdicts)
        score = number(result.score) if final else ""
        rows.append((_last_first(course.roster[student].name), "", "", student, "", score))
    return _table(rows)


def _last_first(name: str) -> str:
    """Return a name as Canvas writes it: "Doe, Ann"; one that has a comma is so already."""
    first, _, last = name.rpartition(" ")
    return f"{last}, {first}" if first and "," not in name else name


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    """Return lines of a CSV file; a text that a spreadsheet would run as a formula has an apostrophe before it."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for row in rows:
        writer.writerow([_harmless(text) for text in row])
    return clean(file.getvalue())


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text
