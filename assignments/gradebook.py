"""The gradebook of nbgrader: what the program earned for each answer, and the points that a person gives by hand.

``gradebook.db`` in the course folder is nbgrader's, so that its Formgrader shows the submissions and takes points,
extra credit and comments. What a person gave there is never changed here. Lateness is not nbgrader's business: it is
reckoned when the grades are written.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import nbformat
from alembic.script import ScriptDirectory
from nbgrader import api
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.utils import parse_utc
from sqlalchemy import URL, Column, MetaData, String, Table, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import joinedload

from assignments import formgrader, notebooks, shown
from assignments.arrival import time_of
from assignments.course import Assignment, Course, CourseError, Student, write_at_once
from assignments.grade import submission
from assignments.numbers import Numbers
from assignments.results import Result, Verdict

# Beside nbgrader's tables: what was read when points were last recorded, to tell when a submission has changed.
SEEN = Table("answer_seen", MetaData(), Column("grade_id", String, primary_key=True), Column("digest", String))
# Why points that a person typed wait, and what to do; the first is found again in the comment as long as it holds.
CHANGED = "The answer changed after {points:g} points were given."
GIVEN = "{points:g} points were given."
KEEP = "Press Resolve to keep them, or type others."
TOO_MANY = "At most {most:g} can be earned now. Press Resolve to give {most:g}, or type others."


def record(course: Course, assignment: Assignment, results: Mapping[str, Result]) -> None:
    """Bring the gradebook and Formgrader's view of the submissions up to date; a second run changes nothing.

    Points, extra credit and comments of a person stay. If an answer has changed since points were typed for it, or if
    they are more than it is worth now, it waits for a person again, with the old points in their place. They count
    only once they are confirmed, and what is too much only as extra credit.
    Students who left the roster stay, and so does what a person gave for an exercise that is no longer asked.

    Parameters
    ----------
    course : Course
        The course folder; nbgrader's settings and the assignment's source are written where they are missing.
    assignment : Assignment
        What was asked.
    results : mapping of str to Result
        By student. One without a verdict, because nothing came or nothing could be read, leaves all as it is.

    Raises
    ------
    CourseError
        If the database cannot be used.
    """
    formgrader.write_settings(course)
    source = course.path / "source" / assignment.name / f"{assignment.name}.ipynb"
    if not source.exists():
        _write(source, shown.source_notebook(assignment))
    numbers = Numbers(course, assignment)
    with _open(course) as book:
        notebook = _asked(book, assignment)
        for student in course.roster.values():
            first, last = _names(student.name)
            book.db.merge(
                api.Student(
                    id=student.id, first_name=first, last_name=last, email=student.email, lms_user_id=student.id
                )
            )
        book.db.commit()
        for student in course.roster.values():
            result = results.get(student.id)
            if result and result.verdicts:
                _record_one(book, notebook, numbers, student, result)


def points_by_person(course: Course, assignment: Assignment) -> dict[str, dict[str, float]]:
    """Return what a person gave, by student and exercise: typed points, and extra credit on top.

    Exercises that nobody touched are left out, and so are points that wait because the answer or what it is worth has
    changed. Formgrader keeps typed points between 0 and the maximum; extra credit may go beyond.
    """
    if not _file(course).exists():
        return {}
    given: dict[str, dict[str, float]] = {}
    with _open(course) as book:
        for one in book.notebook_submissions(assignment.name, assignment.name):
            for grade in one.grades:
                if not grade.needs_manual_grade and (grade.manual_score is not None or grade.extra_credit):
                    given.setdefault(one.student.id, {})[grade.name] = float(grade.score)
    return given


def changed_since(course: Course, assignment: Assignment) -> dict[str, set[str]]:
    """Return the exercises whose answer, or what it is worth, has changed since a person typed points, by student.

    They wait until that person confirms the points or types others.
    """
    if not _file(course).exists():
        return {}
    with _open(course) as book:
        return {
            one.student.id: {
                said.name for said in one.grades if said.needs_manual_grade and said.manual_score is not None
            }
            for one in book.notebook_submissions(assignment.name, assignment.name)
        }


def comments_by_person(course: Course, assignment: Assignment) -> dict[str, dict[str, str]]:
    """Return what a person wrote about answers in Formgrader, by student and exercise."""
    if not _file(course).exists():
        return {}
    with _open(course) as book:
        return {
            one.student.id: {said.name: said.manual_comment for said in one.comments if said.manual_comment}
            for one in book.notebook_submissions(assignment.name, assignment.name)
        }


def _file(course: Course) -> Path:
    return course.path / "gradebook.db"


@contextmanager
def _open(course: Course) -> Iterator[api.Gradebook]:
    """Open the gradebook, and make it where there is none: whole or not at all."""
    file = _file(course)
    try:
        if not file.exists():
            part = file.with_name(f".{file.name}.{os.getpid()}")
            part.unlink(missing_ok=True)
            part.touch(0o600)
            with mock.patch.object(api, "get_alembic_version", _newest_schema):
                _connect(part).close()
            part.rename(file)
        book = _connect(file)
        try:
            yield book
        finally:
            book.close()
    except DatabaseError as error:
        raise CourseError(f"{file} cannot be used: {error.orig}") from None


def _newest_schema() -> str:
    """Return the version of the database; nbgrader would ask the command alembic, which may not be on the path."""
    return ScriptDirectory(ALEMBIC_DIR).get_current_head()


def _connect(file: Path) -> api.Gradebook:
    book = api.Gradebook(URL.create("sqlite", database=str(file)), formgrader.COURSE_ID)
    SEEN.metadata.create_all(book.engine)
    return book


def _asked(book: api.Gradebook, assignment: Assignment) -> api.Notebook:
    """Bring what is asked up to date and return the assignment's notebook."""
    name = assignment.name
    book.update_or_create_assignment(name, duedate=assignment.deadline)
    notebook = book.update_or_create_notebook(name, name)
    for one in assignment.exercises:
        kind = "markdown" if one.text else "code"
        book.update_or_create_grade_cell(one.id, name, name, max_score=one.points, cell_type=kind)
        book.update_or_create_solution_cell(one.id, name, name)
    asked = {one.id for one in assignment.exercises}
    for cell in [*notebook.grade_cells, *notebook.solution_cells]:
        if cell.name not in asked and not any(map(_touched, [*(cell.grades or ()), *(cell.comments or ())])):
            for row in [*(cell.grades or ()), *(cell.comments or ()), cell]:
                book.db.delete(row)
    book.db.commit()
    return notebook


def _touched(row: api.Grade | api.Comment) -> bool:
    """Return whether a person gave something here."""
    if isinstance(row, api.Comment):
        return bool(row.manual_comment)
    return row.manual_score is not None or bool(row.extra_credit)


def _record_one(
    book: api.Gradebook, notebook: api.Notebook, numbers: Numbers, student: Student, result: Result
) -> None:
    """Bring one student's submission up to date, in one transaction."""
    course, assignment = numbers.course, numbers.assignment
    file = submission(course, assignment, student)
    submitted = notebooks.read_submission(file)
    digests = shown.fingerprints(assignment, result, submitted)
    sent = _submission(book, notebook, student.id)
    sent.assignment.timestamp = parse_utc(time_of(assignment, file))
    verdicts = {one.id: one for one in result.verdicts}
    comments = {one.name: one for one in sent.comments}
    for grade in sent.grades:
        if grade.name in verdicts:
            _grade(book, grade, comments[grade.name], verdicts[grade.name], digests[grade.name])
    waiting = {name: comment.auto_comment for name, comment in comments.items() if comment.auto_comment}
    seen_by_person = course.path / "autograded" / student.id / assignment.name / file.name
    _write(seen_by_person, shown.shown_notebook(numbers, student, result, submitted, waiting))
    book.db.commit()


def _submission(book: api.Gradebook, notebook: api.Notebook, student: str) -> api.SubmittedNotebook:
    """Return a student's submission as nbgrader has it, with a place for each exercise."""
    sent = (
        book.db.scalars(
            select(api.SubmittedNotebook)
            .join(api.SubmittedAssignment)
            .where(api.SubmittedNotebook.notebook_id == notebook.id, api.SubmittedAssignment.student_id == student)
            .options(joinedload(api.SubmittedNotebook.grades), joinedload(api.SubmittedNotebook.comments))
        )
        .unique()
        .one_or_none()
    )
    if sent is None:
        whole = api.SubmittedAssignment(assignment=notebook.assignment, student_id=student)
        sent = api.SubmittedNotebook(notebook=notebook, assignment=whole)
        book.db.add(sent)
    for cells, rows, kind in (
        (notebook.grade_cells, sent.grades, api.Grade),
        (notebook.solution_cells, sent.comments, api.Comment),
    ):
        there = {row.cell for row in rows}
        for cell in cells:
            if cell not in there:
                rows.append(kind(cell=cell))
    book.db.flush()
    return sent


def _grade(book: api.Gradebook, grade: api.Grade, comment: api.Comment, verdict: Verdict, digest: str) -> None:
    """Write what the program says of an answer beside what a person said."""
    seen = book.db.scalar(select(SEEN.c.digest).where(SEEN.c.grade_id == grade.id))
    by_person = grade.manual_score is not None
    told, waits = "", False
    if by_person:
        points, most = grade.manual_score, grade.cell.max_score
        changed, too_many = CHANGED.format(points=points), points > most
        waited = grade.needs_manual_grade and (comment.auto_comment or "").startswith(changed)
        has_changed = waited or seen not in (None, digest)
        waits = has_changed or too_many
        told = f"{changed if has_changed else GIVEN.format(points=points)} "
        told += TOO_MANY.format(most=most) if too_many else KEEP
    grade.auto_score = verdict.earned
    grade.needs_manual_grade = waits or (verdict.earned is None and not by_person)
    comment.auto_comment = told if waits else None
    if seen is None:
        book.db.execute(SEEN.insert().values(grade_id=grade.id, digest=digest))
    elif seen != digest:
        book.db.execute(SEEN.update().where(SEEN.c.grade_id == grade.id).values(digest=digest))


def _names(name: str) -> tuple[str, str]:
    """Return the first and the last name; Formgrader puts them into its pages as they are, so without brackets."""
    name = name.translate({ord("<"): "‹", ord(">"): "›"})
    if "," in name:
        last, first = name.split(",", 1)
    else:
        first, _, last = name.rpartition(" ")
    return first.strip(), last.strip()


def _write(file: Path, notebook: nbformat.NotebookNode) -> None:
    """Write a notebook if it differs from what is there."""
    text = nbformat.writes(notebook) + "\n"
    if not file.exists() or file.read_text("utf8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_at_once(file, text)
