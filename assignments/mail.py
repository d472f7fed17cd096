"""A message to each student, with the notebook or the feedback: files that a mail program opens, and nothing is sent.

A message that an instructor has edited stays as it is: ``WHAT.json`` beside the folder knows what was written.
"""

import csv
import hashlib
import json
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from assignments.course import Assignment, Course, CourseError, Student, write_at_once
from assignments.notebooks import released_notebook
from assignments.pages import listed
from assignments.roster import is_address

WHAT = ("notebook", "feedback")
NOTEBOOK = """\
Hello {name},

your notebook for {title} is attached: {file}.
{how} and open the notebook in Jupyter.
"""
FEEDBACK = """\
Hello {name},

your feedback on {title} is attached.
Open the page in a browser.
"""
MISSING = """\
Hello {name},

no notebook of yours came for {title}, so there is no feedback.
If you did hand in, keep your file as it is and answer this message.
"""


@dataclass
class Messages:
    """What became of each student's message; the names are ids, those of `left` are of files."""

    folder: Path
    written: list[str] = field(default_factory=list)
    anew: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    outdated: list[str] = field(default_factory=list)
    no_address: list[str] = field(default_factory=list)
    nothing: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    not_final: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        count = len(self.written)
        lines = [f"{count} message{'s were' if count != 1 else ' was'} written to {self.folder}. Nothing was sent."]
        for said, who in (
            ("Of these, written before, and now with other contents", self.anew),
            ("Unchanged", self.unchanged),
            ("Edited by you, and left as they are (move one away to have it written anew)", self.edited),
            ("Of those, not what would be written now: what is attached or said has changed", self.outdated),
            ("Not final yet, since a person has still to read an answer", self.not_final),
            ("Handed in nothing, and the message says so", self.missing),
            ("No address on the roster, or none that can be used", self.no_address),
            ("Nothing to attach yet", self.nothing),
            ("From an earlier run, and of nobody who gets one now: do not send", self.left),
        ):
            lines += [f"{said}: {listed(who)}."] if who else []
        return "\n".join(lines)


def write_messages(course: Course, assignment: Assignment, what: str) -> Messages:
    """Write a message for each student to ``mail/NAME/WHAT/STUDENT.eml``.

    Parameters
    ----------
    course : Course
        The course folder.
    assignment : Assignment
        What was asked.
    what : {"notebook", "feedback"}
        What is attached: the notebook, and the wheel that its checks need; or the page of feedback.

    Raises
    ------
    CourseError
        If there is nothing to attach for anybody, or `what` is something else.
    """
    if what not in WHAT:
        raise CourseError(f"WHAT={what}: say WHAT=notebook or WHAT=feedback")
    folder = course.path / "mail" / assignment.name / what
    record, said = folder.with_suffix(".json"), Messages(folder)
    digests = _read(record)
    attached = {student: _attached(course, assignment, student, what) for student in course.roster}
    if not any(attached.values()):
        command = "assignment" if what == "notebook" else "grade"
        raise CourseError(f"There is no {what} to send yet: make {command} COURSE={course.path} NAME={assignment.name}")
    folder.mkdir(parents=True, exist_ok=True)
    missing, waiting = _standing(course, assignment) if what == "feedback" else (set(), set())
    try:
        for student in course.roster.values():
            to, files = _address(student), attached[student.id]
            if to is None or not files:
                (said.nothing if to else said.no_address).append(student.id)
                continue
            text = NOTEBOOK if what == "notebook" else FEEDBACK
            if student.id in missing:
                text, files = MISSING, []
            content = bytes(_message(course, assignment, student, to, text, files))
            _put(folder / f"{student.id}.eml", content, digests, said)
            if student.id not in said.edited:
                said.missing += [student.id] if student.id in missing else []
            said.not_final += [student.id] if student.id in waiting else []
    finally:
        write_at_once(record, json.dumps(digests, indent=1))
    kept = {*said.written, *said.unchanged, *said.edited}
    said.left = sorted(file.name for file in folder.glob("*.eml") if file.stem not in kept)
    return said


def _put(file: Path, content: bytes, digests: dict[str, str], said: Messages) -> None:
    """Write a message, unless an instructor has edited the one that is there."""
    student, there = file.stem, file.read_bytes() if file.exists() else None
    if there not in (None, content) and _digest(there) != digests.get(student):
        said.edited.append(student)
        said.outdated += [student] if _digest(content) != digests.get(student) else []
        return
    digests[student] = _digest(content)
    if there == content:
        said.unchanged.append(student)
    else:
        write_at_once(file, content)
        said.written.append(student)
        said.anew += [student] if there is not None else []


def _attached(course: Course, assignment: Assignment, student: str, what: str) -> list[Path]:
    """Return what is there to be attached; empty if there is nothing yet."""
    if what == "feedback":
        page = course.path / "out" / assignment.name / "feedback" / f"{student}.html"
        return [page] if page.exists() else []
    notebook = released_notebook(course, assignment, course.roster[student])
    wheels = sorted(notebook.parent.glob("*.whl")) if assignment.checks else []
    return [notebook, *wheels] if notebook.exists() else []


def _standing(course: Course, assignment: Assignment) -> tuple[set[str], set[str]]:
    """Return who handed in nothing and of whom an answer has still to be read, as the tables in ``out`` say."""
    out = course.path / "out" / assignment.name
    grades, points = _rows(out / "grades.csv"), _rows(out / "points.csv")
    missing = {one for one, row in grades.items() if row.get("status") == "missing"}
    judged = {one for one, row in grades.items() if row.get("score")}
    asked = {one.id for one in assignment.exercises}
    return missing, {one for one in judged & points.keys() if any(points[one].get(id) == "" for id in asked)}


def _rows(file: Path) -> dict[str, dict[str, str]]:
    """Return the lines of a table by student; none where it is not there."""
    if not file.exists():
        return {}
    try:
        with file.open(encoding="utf8", newline="") as lines:
            return {row["student"]: row for row in csv.DictReader(lines)}
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise CourseError(f"{file} cannot be read: {error}; make grade writes it anew") from None


def _address(student: Student) -> Address | None:
    if not student.email.isascii() or not is_address(student.email):
        return None
    try:
        return Address(_in_a_header(student.name), addr_spec=student.email)
    except (ValueError, IndexError, MessageError):  # the name is none that a message can hold
        return None


def _in_a_header(text: str) -> str:
    """Return a text of a line in which no part is taken for an encoded word, which may hold lines of its own."""
    return " ".join(text.replace("=?", "= ?").split())


def _message(
    course: Course, assignment: Assignment, student: Student, to: Address, text: str, files: list[Path]
) -> EmailMessage:
    """Return a message, the same for the same contents."""
    message = EmailMessage(SMTP)
    message["To"] = to
    message["Subject"] = _in_a_header(f"{course.title}: {assignment.title}{', feedback' * (text != NOTEBOOK)}")
    message["X-Unsent"] = "1"  # a draft, for the mail programs that know it
    last, _, first = student.name.partition(",")  # "Doe, Ann" is Ann Doe
    due = assignment.due(student.id) if text == NOTEBOOK else None
    written = text.format(
        name=f"{first.strip()} {last}".strip() or student.id,
        title=assignment.title,
        file=files[0].name if files else "",
        how="Save both files in one folder" if len(files) > 1 else "Save it",
    )
    holds = " This holds, whatever day the notebook names." if student.id in assignment.extensions else ""
    message.set_content(written + (f"Hand in by {due:%Y-%m-%d %H:%M %Z}.{holds}\n" if due else ""))
    for file in files:
        kind = ("text", "html") if file.suffix == ".html" else ("application", "octet-stream")
        name = f"{assignment.name}.html" if file.suffix == ".html" else file.name
        message.add_attachment(file.read_bytes(), maintype=kind[0], subtype=kind[1], filename=name)
    if files:
        message.set_boundary(f"kl-{_digest(b''.join(file.read_bytes() for file in files))[:32]}")
    return message


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(record: Path) -> dict[str, str]:
    try:
        return json.loads(record.read_text("utf8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CourseError(
            f"{record} cannot be read: {error}; move it away, and every message counts as edited"
        ) from None
