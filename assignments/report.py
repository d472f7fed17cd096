"""What goes out of an assignment: grades as tables, a page for each student and one for the instructor."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from assignments.class_report import class_page
from assignments.copies import Copies
from assignments.course import Assignment, Course, write_at_once
from assignments.feedback import feedback_page
from assignments.markup import clean
from assignments.numbers import Numbers
from assignments.pages import number
from assignments.results import Result

FORMULA = tuple("=+-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH COMMERCIAL AT}")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def write_reports(course: Course, assignment: Assignment, results: Mapping[str, Result], copies: Copies) -> list[Path]:
    """Write what an instructor hands out and looks at to ``out/NAME`` and return the files.

    ``grades.csv`` and ``canvas.csv`` are tables, ``feedback/STUDENT.html`` is for each student, ``report.html`` for
    the instructor. Each file is written at once or not at all.

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
    texts = {
        out / "grades.csv": _grades(course, assignment, results),
        out / "canvas.csv": _canvas(course, assignment, results),
        out / "report.html": class_page(course, assignment, results, copies),
    }
    for student, result in results.items():
        texts[out / "feedback" / f"{student}.html"] = feedback_page(course, assignment, numbers, result, copies)
    (out / "feedback").mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        write_at_once(file, text)
    return list(texts)


def _grades(course: Course, assignment: Assignment, results: Mapping[str, Result]) -> str:
    """Return one line a student; the score is empty where nothing could be judged: that is not a zero."""
    rows = [("student", "name", "assignment", "score", "maximum", "status", "late_days")]
    for student, result in results.items():
        score = "" if result.score is None else number(result.score)
        who = student, course.roster[student].name, assignment.name
        rows.append((*who, score, number(result.maximum), result.status, str(result.late_days)))
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
