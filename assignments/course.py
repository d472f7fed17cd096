"""A course is a folder outside of the repository: its students, its assignments and a secret of its own."""

import hashlib
import hmac
import os
import re
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from assignments import ROOT, CourseError
from assignments.near import exercise_ids, near
from assignments.roster import NAME, Student, read_roster
from assignments.sandbox import MEGABYTE, Limits
from assignments.settings import moment, only, read_table, share
from kltools import exercises as bank

CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]")
COURSE = """\
title = "A course on one divergence"
book = ""            # where your students read the book, https://...; feedback links to it

# What a submission may use while it runs.
[limits]
cell_seconds = 20
total_seconds = 120
memory_mb = 2048
disk_mb = 64
processes = 32
"""
ROSTER = "id,name,email\n"
ASSIGNMENT = """\
title = "Week 1"
deadline = 2030-01-31T23:59:00+00:00
checks = true        # may the notebook say which mistake an answer is?
late_per_day = 0.1   # share of the points lost with each day begun

[[exercise]]
id = "coding-3"
points = 2

[[exercise]]
id = "coding-7"
points = 3
partial = 0.5        # share of the points for a known mistake

[[exercise]]
id = "written-1"     # a written answer, which a person grades
points = 3
text = '''
Letters come from $P$ and are sent with the ideal code of $Q$. A colleague
reports $D(Q\\|P)$ as the bits wasted a letter. Which divergence is the waste,
and what does each of the two average over? Find a $P$ and a $Q$ for which the
colleague's number is far too small, and say why.
'''

# Who has more time, by the id on the roster. Delete the # of the next two lines.
# [extensions]
# adoe = 2030-02-03T23:59:00+00:00
"""


@dataclass(frozen=True)
class Assigned:
    """An exercise of an assignment.

    `partial` is the share of the points for a known mistake; `text` is the question of a written answer, else empty.
    """

    id: str
    points: float
    partial: float = 0.0
    text: str = ""

    @property
    def answer(self) -> str:
        """The name that a student's answer has in the notebook."""
        return "answer_" + self.id.replace("-", "_")


@dataclass(frozen=True)
class Assignment:
    """What is asked of every student, each with numbers of their own."""

    name: str
    title: str
    exercises: tuple[Assigned, ...]
    deadline: datetime | None = None
    checks: bool = True
    late_per_day: float = 0.0
    # not in the repr: who has more time is not graded again for it
    extensions: dict[str, datetime] = field(default_factory=dict, repr=False, hash=False)

    def due(self, student: str) -> datetime | None:
        """Return when this student has to hand in; None if at any time."""
        return self.extensions.get(student, self.deadline)

    @property
    def maximum(self) -> float:
        """The points that can be earned."""
        return sum(one.points for one in self.exercises)


@dataclass(frozen=True)
class Course:
    """An open course folder."""

    path: Path
    title: str
    roster: dict[str, Student]
    book: str = ""
    limits: Limits = field(default_factory=Limits)

    @cached_property
    def secret(self) -> bytes:
        """What the numbers and the hidden inputs of this course are drawn from."""
        file = self.path / "secret"
        try:
            return bytes.fromhex(file.read_text("ascii").strip())
        except (OSError, ValueError) as error:
            raise CourseError(f"{file}: the secret of the course cannot be read ({error})") from None

    def generator(self, *words: str) -> np.random.Generator:
        """Return the generator that belongs to these words in this course, the same on every machine."""
        digest = hmac.new(self.secret, "\0".join(words).encode(), hashlib.sha256).digest()
        return np.random.default_rng(int.from_bytes(digest))


def create_course(path: str | Path) -> Course:
    """Make a course folder with a secret of its own; a folder that holds anything is left alone.

    Raises
    ------
    CourseError
        If the folder is not empty, or lies in the repository, where it might be published.
    """
    path = Path(path).expanduser().resolve()
    if path.is_relative_to(ROOT):
        raise CourseError(f"{path} lies inside the repository: keep grades and secrets out of it")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise CourseError(f"{path} is there already and not empty: nothing was changed")
    for folder in ("assignments", "inbox"):
        (path / folder).mkdir(parents=True)
    with os.fdopen(os.open(path / "secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32) + "\n")
    for name, text in (("course.toml", COURSE), ("roster.csv", ROSTER), ("assignments/week1.toml", ASSIGNMENT)):
        (path / name).write_text(text, "utf8")
    return open_course(path)


def open_course(path: str | Path) -> Course:
    """Read a course folder.

    Raises
    ------
    CourseError
        If a file is missing or wrong; the message names it, the place and the value.
    """
    path = Path(path).expanduser().resolve()
    file = path / "course.toml"
    if not file.exists():
        raise CourseError(f"{file} is not there, so no course is here: is COURSE right? make course makes one")
    table = read_table(file)
    only(table, {"title", "book", "limits"}, file)
    book = table.get("book", "")
    if not isinstance(book, str) or not re.fullmatch(r"(https?://\S+)?", book):
        raise CourseError(f"{file}: book = {book!r} must be an address, https://..., or empty")
    roster = read_roster(path / "roster.csv")
    return Course(path, _title(table, path.name, file), roster, book, _limits(table, file))


def read_assignment(course: Course, name: str) -> Assignment:
    """Read the file of one assignment.

    Raises
    ------
    CourseError
        If the file is missing or wrong, or names an exercise that the bank does not have.
    """
    file = course.path / "assignments" / f"{name}.toml"
    there = ", ".join(sorted(one.stem for one in file.parent.glob("*.toml"))) or "none yet"
    if not NAME.fullmatch(name):
        raise CourseError(
            f"NAME = {name!r}: an assignment's name has small letters, digits, - and _; {file.parent} has {there}"
        )
    if not file.exists():
        raise CourseError(f"{file} is not there; the assignments are: {there}")
    table = read_table(file)
    only(table, {"title", "deadline", "checks", "late_per_day", "extensions", "exercise"}, file)
    checks, late = table.get("checks", True), table.get("late_per_day", 0.0)
    if not isinstance(checks, bool):
        raise CourseError(f"{file}: checks = {checks!r} must be true or false, without quotes")
    share(late, "late_per_day", file)
    listed = table.get("exercise", [])
    listed = listed if isinstance(listed, list) else [listed]
    exercises = tuple(_assigned(one, place, file) for place, one in enumerate(listed, 1))
    if not exercises:
        raise CourseError(f"{file}: no [[exercise]] is listed")
    ids = [one.id for one in exercises]
    twice = {one for one in ids if ids.count(one) > 1}
    if twice:
        raise CourseError(f"{file}: {', '.join(sorted(twice))} is listed twice")
    deadline = moment(table["deadline"], "deadline", file) if "deadline" in table else None
    extensions = _extensions(course, name, table.get("extensions", {}), deadline, file)
    title = _title(table, name, file)
    return Assignment(name, title, exercises, deadline, checks, float(late), extensions)


def write_at_once(file: Path, content: str | bytes) -> None:
    """Write a file whole or not at all: whoever is stopped in between leaves the old one."""
    part = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    part.write_bytes(content.encode() if isinstance(content, str) else content)
    part.replace(file)


def _title(table: dict, default: str, file: Path) -> str:
    title = str(table.get("title", default))
    if CONTROL.search(title):
        raise CourseError(f"{file}: title = {title!r} must be one line without a tab")
    return title


def _extensions(course: Course, name: str, table, deadline: datetime | None, file: Path) -> dict[str, datetime]:
    """Read until when single students may hand in."""
    if not isinstance(table, dict):
        raise CourseError(f"{file}: extensions = {table!r} must be a table, [extensions]")
    extensions = {student: moment(value, f"extensions: {student}", file) for student, value in table.items()}
    for student, until in extensions.items():
        if student not in course.roster:
            had = [course.path / folder for folder in (f"release/{name}/{student}", f"submitted/{student}")]
            if NAME.fullmatch(student) and any(folder.exists() for folder in had):
                told = f" any more, but had a notebook: take the line out if {student} left the course"
            else:
                told = near(student, course.roster)
            raise CourseError(f"{file}: extensions: {student!r} is not on the roster{told}")
        if deadline is None or until < deadline:
            than = "there is no deadline" if deadline is None else f"it is before the deadline, {deadline.isoformat()}"
            raise CourseError(f"{file}: extensions: {student} = {until.isoformat()} gives no more time: {than}")
    return extensions


def _assigned(entry, place: int, file: Path) -> Assigned:
    if not isinstance(entry, dict):
        raise CourseError(f"{file}: {entry!r} is no [[exercise]] with an id and points")
    where = entry["id"] if isinstance(entry.get("id"), str) else f"[[exercise]] number {place}"
    only(entry, {"id", "points", "partial", "text"}, file, where)
    name, points, partial, text = entry.get("id"), entry.get("points"), entry.get("partial", 0.0), entry.get("text", "")
    if name is None:
        raise CourseError(f'{file}: [[exercise]] number {place}: id is missing, as in id = "coding-3"')
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise CourseError(f"{file}: id = {name!r} is no name of an exercise")
    if points is None:
        raise CourseError(f"{file}: {name}: points is missing, as in points = 2")
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points < 1000:
        raise CourseError(f"{file}: {name}: points = {points!r} must be a number above 0 and below 1000")
    if name.startswith("written-"):
        if not isinstance(text, str) or not text.strip():
            raise CourseError(f"{file}: {name}: a written answer needs its question as text = ...")
        return Assigned(name, float(points), text=text.strip())
    if text:
        raise CourseError(f"{file}: {name}: text = ... belongs to written-1, written-2, ... only")
    known = exercise_ids()
    if name not in known:
        raise CourseError(f"{file}: the bank has no exercise {name!r}{near(name, known)}; make exercises lists all")
    if partial and isinstance(bank.get(name), bank.ChoiceExercise):
        raise CourseError(f"{file}: {name}: partial = {partial!r} is for no choice, where half would be for guessing")
    return Assigned(name, float(points), share(partial, f"{name}: partial", file))


def _limits(table: dict, file: Path) -> Limits:
    given = table.get("limits", {})
    units = {"cell_seconds": 1.0, "total_seconds": 1.0, "memory_mb": MEGABYTE, "disk_mb": MEGABYTE, "processes": 1}
    if not isinstance(given, dict):
        raise CourseError(f"{file}: limits = {given!r} must be a table, [limits]")
    only(given, set(units), file, "limits")
    values = {}
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise CourseError(f"{file}: {key} = {value!r} must be a positive number")
        values[key.removesuffix("_mb")] = type(getattr(Limits(), key.removesuffix("_mb")))(value * units[key])
    return Limits(**values)
