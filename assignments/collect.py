"""What came back, brought to its students: a folder of notebooks or the zip that a learning platform hands out.

Nothing is dropped and nothing overwritten. What belongs to nobody on the roster is listed with the reason; a second
submission keeps the first.
"""

import contextlib
import json
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath

from assignments.course import Assignment, Course, CourseError
from assignments.grade import refusals, submission
from assignments.notebooks import KEY, LARGEST

MEMBERS = 5000
OTHER = "no notebook"
CANVAS = re.compile(r"(?P<who>[^\W_]+)_(?P<late>LATE_)?\d+_\d+_.+\.ipynb", re.IGNORECASE)


@dataclass
class Collected:
    """What a collection brought: accepted files by student, and what could not be resolved, with the reason."""

    accepted: dict[str, list[str]] = field(default_factory=dict)
    unresolved: list[tuple[str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        count = sum(map(len, self.accepted.values()))
        lines = [f"{count} submissions of {len(self.accepted)} students were taken in."]
        return "\n".join([*lines, *(f"Left alone: {name!r}: {why}" for name, why in self.unresolved)])


@dataclass(frozen=True)
class _Found:
    """A file that came back: its name in the source, when it was last changed, and how to read it.

    `problem` says why it is not read. What is found while reading raises _UnreadableFileError.
    """

    name: str
    changed: datetime
    read: Callable[[], bytes]
    problem: str = ""


class _UnreadableFileError(Exception):
    """A file cannot be read; the message says why."""


def collect(course: Course, assignment: Assignment, source: str | Path) -> Collected:
    """Take the notebooks of a folder or a zip into ``submitted/STUDENT/NAME/NAME.ipynb``.

    A file is a student's if it lies in a folder named by the id, as nbgrader and release folders are, if its name
    begins with the id, or if it is named as Canvas names submissions. It is taken if it is a notebook of this
    assignment, by what the notebook says or else by its name. Its date is noted in ``timestamp.txt``; Canvas gives
    none to its files, and says of each whether it is late. The newest counts, and the others stand beside it in
    ``earlier/1``, ``earlier/2``, ...

    Raises
    ------
    CourseError
        If the source is neither a folder nor a zip that can be read.
    """
    source, collected = Path(source).expanduser(), Collected()
    with contextlib.ExitStack() as opened:
        if source.is_dir():
            files = _in_folder(source)
        elif source.is_file() and zipfile.is_zipfile(source):
            archive = opened.enter_context(zipfile.ZipFile(source))
            files = _in_zip(archive, assignment)
        else:
            raise CourseError(f"{source} is neither a folder nor a zip that can be read")
        for found in sorted(files, key=lambda one: (one.changed, one.name)):
            _take(course, assignment, found, collected)
    _report(course, assignment, collected)
    return collected


def _take(course: Course, assignment: Assignment, found: _Found, collected: Collected) -> None:
    """Bring one file to its student, or note why that cannot be done."""
    student, problem = _owner(course, found.name)
    if problem or found.problem:
        reason, data = found.problem or problem, None
    else:
        try:
            data = found.read()
            reason = _elsewhere(assignment, found.name, data)
            data = None if reason else data
        except _UnreadableFileError as error:
            reason, data = str(error), None
    if data is None:
        collected.unresolved.append((found.name, reason))
        if student and not reason.startswith(OTHER):  # who is told, and not taken for one who sent nothing
            _refuse(refusals(submission(course, assignment, course.roster[student])), found.changed, reason)
    elif _accept(submission(course, assignment, course.roster[student]), _when(assignment, found), data):
        collected.accepted.setdefault(student, []).append(found.name)


def _elsewhere(assignment: Assignment, name: str, data: bytes) -> str:
    """Say why a file is no notebook of this assignment; empty if it is one."""
    try:
        told = json.loads(data)["metadata"][KEY]["assignment"]
    except (ValueError, TypeError, KeyError, RecursionError):
        told = None
    if told is None:  # its author made it anew, or it is damaged
        named = assignment.name in PurePosixPath(name).stem.lower()
        return "" if named else f"{OTHER} of {assignment.name}, by its name and by what it holds"
    return "" if told == assignment.name else f"{OTHER} of {assignment.name}: it is one of {str(told)[:40]}"


def _by_canvas(name: str) -> re.Match | None:
    """Take a name apart as Canvas makes it, None if it does not."""
    return CANVAS.fullmatch(unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).name))


def _when(assignment: Assignment, found: _Found) -> datetime:
    """Return when a file came; of Canvas's files only whether they were late is known, their date is the zip's."""
    match, deadline = _by_canvas(found.name), assignment.deadline
    if not match or deadline is None:
        return found.changed
    if match["late"]:
        return max(found.changed, deadline + timedelta(seconds=1))
    return min(found.changed, deadline)


def _in_folder(source: Path) -> Iterator[_Found]:
    for folder, _, names in os.walk(source):
        for name in sorted(names):
            file = Path(folder, name)
            shown, found = file.relative_to(source).as_posix(), file.lstat()
            problem = ""
            if not stat.S_ISREG(found.st_mode):
                problem = "it is a link or no file"
            elif found.st_size > LARGEST:
                problem = f"it has {found.st_size // 2**20} MB, more than a notebook may have"
            yield _Found(shown, datetime.fromtimestamp(found.st_mtime, UTC), partial(_read_file, file), problem)


def _read_file(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _UnreadableFileError(f"it cannot be read ({error.strerror})") from None


def _in_zip(archive: zipfile.ZipFile, assignment: Assignment) -> Iterator[_Found]:
    """Yield the files of a zip; names that lead out of it, and what unpacks to too much, are told and not read."""
    zone = assignment.deadline.tzinfo if assignment.deadline else UTC
    members = archive.infolist()
    if len(members) > MEMBERS:
        raise CourseError(f"{archive.filename} holds {len(members)} files; at most {MEMBERS} are read")
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if member.is_dir():
            continue
        problem = ""
        if path.is_absolute() or ".." in path.parts:
            problem = "its name leads out of the zip"
        elif stat.S_ISLNK(member.external_attr >> 16):
            problem = "it is a link"
        elif member.file_size > LARGEST:
            problem = f"it unpacks to {member.file_size // 2**20} MB, more than a notebook may have"
        try:
            changed = datetime(*member.date_time, tzinfo=zone)
        except ValueError:  # the zip does not say when, and nobody is late for that
            changed = datetime(1980, 1, 1, tzinfo=zone)
        yield _Found(member.filename, changed, partial(_unpack, archive, member), problem)


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(member) as stream:
            data = stream.read(LARGEST + 1)
    except Exception as error:  # damaged, encrypted or compressed in a way that is not known here
        raise _UnreadableFileError(f"it cannot be unpacked ({type(error).__name__})") from None
    if len(data) > LARGEST:
        raise _UnreadableFileError("it unpacks to more than it says")
    return data


def _owner(course: Course, name: str) -> tuple[str | None, str]:
    """Return whose file this is, or why that cannot be said."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.suffix.lower() != ".ipynb":
        return None, "it is not a notebook"
    if any(part.startswith(".") or part == "__MACOSX" for part in path.parts):
        return None, "it is a copy that Jupyter or the system keeps for itself"
    inside = [part for part in path.parts[:-1] if part in course.roster]
    if inside:
        return inside[-1], ""
    squeezed = {}
    for student in course.roster.values():
        for word in _squeezed(student.id, student.name):
            squeezed.setdefault(word, set()).add(student.id)
    match = _by_canvas(name)
    owners = (
        squeezed.get(_plain(match["who"]), set())
        if match
        else {one for one in course.roster if re.match(rf"{re.escape(one)}([^a-z0-9]|$)", path.stem.lower())}
    )
    if len(owners) > 1:
        return None, f"it may belong to {' or '.join(sorted(owners))}"
    return (owners.pop(), "") if owners else (None, "nobody on the roster is named so")


def _squeezed(id: str, name: str) -> set[str]:
    """Return how a platform may write a student: the id, and the names together in both orders."""
    words = name.split()
    orders = [words[first:] + words[:first] for first in range(len(words))]  # a family name may have several words
    return {_plain(id), *(_plain("".join(order)) for order in orders)}


def _plain(text: str) -> str:
    """Return a text in small letters without accents, and without what is neither letter nor digit."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if sign.isalnum())


def _accept(place: Path, changed: datetime, data: bytes) -> bool:
    """Store a submission as the newest one; return whether it was new."""
    earlier = place.parent / "earlier"
    known = [place, *earlier.glob(f"*/{place.name}")]
    if any(file.exists() and file.read_bytes() == data for file in known):
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    stamp = place.with_name("timestamp.txt")
    if place.exists():
        numbers = [int(folder.name) for folder in earlier.iterdir()] if earlier.exists() else []
        aside = earlier / str(max(numbers, default=0) + 1)
        aside.mkdir(parents=True)
        if changed < _noted(stamp):  # an older one that was found later
            place, stamp = aside / place.name, aside / stamp.name
        for file in (place, stamp):
            if file.exists():
                file.rename(aside / file.name)
    # its date first: whoever is stopped in between takes the file in again, and it keeps its date
    stamp.write_text(changed.isoformat() + "\n", "ascii")
    place.write_bytes(data)
    return True


def _noted(stamp: Path) -> datetime:
    """Return the date that is noted, or the first of all if there is none."""
    try:
        return datetime.fromisoformat(stamp.read_text("ascii").strip()).astimezone(UTC)
    except (OSError, ValueError):
        return datetime(1980, 1, 1, tzinfo=UTC)


def _refuse(file: Path, changed: datetime, reason: str) -> None:
    """Note that a student's file was not taken, and why."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf8") as stream:
        stream.write(f"The file that came on {changed:%Y-%m-%d} was not taken: {reason}.\n")


def _report(course: Course, assignment: Assignment, collected: Collected) -> None:
    """Note what was taken and what was not, at the end of what earlier collections noted."""
    file = course.path / "out" / assignment.name / "collected.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{student}: {name}" for student, names in collected.accepted.items() for name in names]
    lines += [f"not resolved: {name}: {why}" for name, why in collected.unresolved]
    with file.open("a", encoding="utf8") as stream:
        stream.writelines(line.encode("unicode_escape").decode("ascii") + "\n" for line in lines)
