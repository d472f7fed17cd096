"""A message to each student, with the notebook or the feedback: files that a mail program opens, and nothing is sent.

A message that an instructor has edited stays as it is: ``WHAT.json`` beside the folder knows what was written.
"""

import hashlib
import json
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from assignments.course import Assignment, Course, CourseError, Student, write_at_once
from assignments.released import listed

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


@dataclass
class Messages:
    """What became of each student's message; the names are ids, those of `left` are of files."""

    folder: Path
    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    no_address: list[str] = field(default_factory=list)
    nothing: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        count = len(self.written)
        lines = [f"{count} message{'s were' if count != 1 else ' was'} written to {self.folder}. Nothing was sent."]
        for said, who in (
            ("Unchanged", self.unchanged),
            ("Edited by you, and left as they are (move one away to have it written anew)", self.edited),
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
        If there is nothing to attach for anybody.
    """
    folder = course.path / "mail" / assignment.name / what
    record, said = folder.with_suffix(".json"), Messages(folder)
    digests = _read(record)
    attached = {student: _attached(course, assignment, student, what) for student in course.roster}
    if not any(attached.values()):
        command = "assignment" if what == "notebook" else "grade"
        raise CourseError(f"There is no {what} to send yet: make {command} COURSE={course.path} NAME={assignment.name}")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for student in course.roster.values():
            to, files = _address(student), attached[student.id]
            if to is None or not files:
                (said.nothing if to else said.no_address).append(student.id)
                continue
            content = bytes(_message(course, assignment, student, to, what, files))
            _put(folder / f"{student.id}.eml", content, digests, said)
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
        return
    digests[student] = _digest(content)
    if there == content:
        said.unchanged.append(student)
    else:
        write_at_once(file, content)
        said.written.append(student)


def _attached(course: Course, assignment: Assignment, student: str, what: str) -> list[Path]:
    """Return what is there to be attached; empty if there is nothing yet."""
    if what == "feedback":
        page = course.path / "out" / assignment.name / "feedback" / f"{student}.html"
        return [page] if page.exists() else []
    notebook = course.path / "release" / assignment.name / student / f"{assignment.name}.ipynb"
    wheels = sorted(notebook.parent.glob("*.whl")) if assignment.checks else []
    return [notebook, *wheels] if notebook.exists() else []


def _address(student: Student) -> Address | None:
    try:
        to = Address(student.name, addr_spec=student.email)
        to.addr_spec.encode("ascii")
    except (ValueError, IndexError, MessageError):  # what is no address: the parser of the library raises any of them
        return None
    return to if to.username and to.domain else None


def _message(
    course: Course, assignment: Assignment, student: Student, to: Address, what: str, files: list[Path]
) -> EmailMessage:
    """Return a message, the same for the same contents."""
    message = EmailMessage(SMTP)
    message["To"] = to
    message["Subject"] = " ".join(f"{course.title}: {assignment.title}{', feedback' * (what == 'feedback')}".split())
    message["X-Unsent"] = "1"  # a draft, for the mail programs that know it
    last, _, first = student.name.partition(",")  # "Doe, Ann" is Ann Doe
    text = (NOTEBOOK if what == "notebook" else FEEDBACK).format(
        name=f"{first.strip()} {last}".strip() or student.id,
        title=assignment.title,
        file=files[0].name,
        how="Save both files in one folder" if len(files) > 1 else "Save it",
    )
    due = assignment.due(student.id) if what == "notebook" else None
    message.set_content(text + (f"Hand in by {due:%Y-%m-%d %H:%M %Z}.\n" if due else ""))
    for file in files:
        kind = ("text", "html") if file.suffix == ".html" else ("application", "octet-stream")
        name = f"{assignment.name}.html" if file.suffix == ".html" else file.name
        message.add_attachment(file.read_bytes(), maintype=kind[0], subtype=kind[1], filename=name)
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
