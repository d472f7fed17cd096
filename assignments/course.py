"""A course is a folder outside of the repository: its students, its assignments and a secret of its own."""

import csv
import hashlib
import hmac
import os
import re
import secrets
import threading
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from assignments import ROOT
from assignments.sandbox import MEGABYTE, Limits
from kltools import exercises as bank

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
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
checks = true        # may the notebook say which mistake an answer is, without saying the answer?
late_per_day = 0.1   # share of the points lost with each day begun after the deadline

[[exercise]]
id = "coding-3"
points = 2

[[exercise]]
id = "coding-7"
points = 3
partial = 0.5        # share of the points for an answer whose mistake is known

[[exercise]]
id = "written-1"     # a written answer, which a person grades
points = 3
text = "Which of the two divergences would you report to your client, and why?"
"""


class CourseError(Exception):
    """Something in a course folder is not as it must be; the message names the file, the key and the value."""


@dataclass(frozen=True)
class Student:
    """A line of the roster."""

    id: str
    name: str
    email: str


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
    table = _read_table(path / "course.toml")
    file = path / "course.toml"
    _only(table, {"title", "book", "limits"}, file)
    book = table.get("book", "")
    if not isinstance(book, str) or not re.fullmatch(r"(https?://\S+)?", book):
        raise CourseError(f"{file}: book = {book!r} must be an address, https://..., or empty")
    return Course(path, str(table.get("title", path.name)), _roster(path / "roster.csv"), book, _limits(table, file))


def read_assignment(course: Course, name: str) -> Assignment:
    """Read the file of one assignment.

    Raises
    ------
    CourseError
        If the file is missing or wrong, or names an exercise that the bank does not have.
    """
    if not NAME.fullmatch(name):
        raise CourseError(f"NAME = {name!r}: an assignment's name has small letters, digits, - and _")
    file = course.path / "assignments" / f"{name}.toml"
    table = _read_table(file)
    _only(table, {"title", "deadline", "checks", "late_per_day", "exercise"}, file)
    deadline, checks, late = table.get("deadline"), table.get("checks", True), table.get("late_per_day", 0.0)
    if deadline is not None and (not isinstance(deadline, datetime) or deadline.tzinfo is None):
        raise CourseError(f"{file}: deadline = {deadline} needs date, time and offset: 2030-01-31T23:59:00+01:00")
    if not isinstance(checks, bool):
        raise CourseError(f"{file}: checks = {checks!r} must be true or false")
    _share(late, "late_per_day", file)
    listed = table.get("exercise", [])
    exercises = tuple(_assigned(one, file) for one in (listed if isinstance(listed, list) else [listed]))
    if not exercises:
        raise CourseError(f"{file}: no [[exercise]] is listed")
    ids = [one.id for one in exercises]
    twice = {one for one in ids if ids.count(one) > 1}
    if twice:
        raise CourseError(f"{file}: {', '.join(sorted(twice))} is listed twice")
    return Assignment(name, str(table.get("title", name)), exercises, deadline, checks, float(late))


def write_at_once(file: Path, text: str) -> None:
    """Write a file whole or not at all: whoever is stopped in between leaves the old one."""
    part = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    part.write_text(text, "utf8")
    part.replace(file)


def _assigned(entry, file: Path) -> Assigned:
    if not isinstance(entry, dict):
        raise CourseError(f"{file}: {entry!r} is no [[exercise]] with an id and points")
    _only(entry, {"id", "points", "partial", "text"}, file)
    name, points, partial, text = entry.get("id"), entry.get("points"), entry.get("partial", 0.0), entry.get("text", "")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise CourseError(f"{file}: id = {name!r} is no name of an exercise")
    if isinstance(points, bool) or not isinstance(points, int | float) or not 0 < points < 1000:
        raise CourseError(f"{file}: {name}: points = {points!r} must be a positive number")
    if name.startswith("written-"):
        if not isinstance(text, str) or not text.strip():
            raise CourseError(f"{file}: {name}: a written answer needs its question as text = ...")
        return Assigned(name, float(points), text=text.strip())
    if text:
        raise CourseError(f"{file}: {name}: text = ... belongs to written-1, written-2, ... only")
    try:
        bank.get(name)
    except KeyError as error:
        raise CourseError(f"{file}: {error.args[0]}") from None
    if partial and isinstance(bank.get(name), bank.ChoiceExercise):
        raise CourseError(f"{file}: {name}: partial = {partial!r} is for no choice, where half would be for guessing")
    return Assigned(name, float(points), _share(partial, f"{name}: partial", file))


def _share(value, key: str, file: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise CourseError(f"{file}: {key} = {value!r} must be a share between 0 and 1")
    return float(value)


def _read_table(file: Path) -> dict:
    try:
        return tomllib.loads(file.read_text("utf8"))
    except FileNotFoundError:
        raise CourseError(f"{file} is not there") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"{file} cannot be read: {error}") from None


def _only(table: dict, known: set[str], file: Path) -> None:
    unknown = sorted(table.keys() - known)
    if unknown:
        raise CourseError(f"{file}: {unknown[0]} is not known here; known are {', '.join(sorted(known))}")


def _roster(file: Path) -> dict[str, Student]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            missing = {"id", "name", "email"} - set(reader.fieldnames or ())
            if missing:
                raise CourseError(f"{file}: the first line must name the columns id, name and email")
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{file} cannot be read: {error}") from None
    students = {}
    for line, row in rows:
        one = Student(*((row[key] or "").strip() for key in ("id", "name", "email")))
        if not NAME.fullmatch(one.id):
            raise CourseError(f"{file}, line {line}: id {one.id!r} must have small letters, digits, - and _ only")
        if one.id in students:
            raise CourseError(f"{file}, line {line}: id {one.id!r} is there twice")
        students[one.id] = one
    return students


def _limits(table: dict, file: Path) -> Limits:
    given = table.get("limits", {})
    units = {"cell_seconds": 1.0, "total_seconds": 1.0, "memory_mb": MEGABYTE, "disk_mb": MEGABYTE, "processes": 1}
    if not isinstance(given, dict):
        raise CourseError(f"{file}: limits = {given!r} must be a table, [limits]")
    _only(given, set(units), file)
    values = {}
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
            raise CourseError(f"{file}: {key} = {value!r} must be a positive number")
        values[key.removesuffix("_mb")] = type(getattr(Limits(), key.removesuffix("_mb")))(value * units[key])
    return Limits(**values)
