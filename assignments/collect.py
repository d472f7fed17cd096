"""What came back, brought to its students: a folder of notebooks or the zip that a learning platform hands out.

Nothing is dropped and nothing overwritten. What belongs to nobody on the roster is listed with the reason; a second
submission keeps the first.
"""

import contextlib
import json
import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath

from assignments.course import Assignment, Course, CourseError, Student
from assignments.grade import refusals, submission
from assignments.notebooks import KEY, LARGEST
from assignments.platforms import canvas_name, owner
from assignments.released import listed

MEMBERS = 5000
OTHER = "no notebook"
NAMED = "name.txt"  # beside a submission: the name under which it came, by which a platform knows it again


@dataclass
class Collected:
    """What a collection brought.

    Attributes
    ----------
    accepted : dict of str to list of str
        The files that were taken in, by student.
    unresolved : list of tuple of str
        The files that were left alone, each with the reason.
    replaced, older, unchanged : set of str
        Students of whom a newer submission now counts, of whom one came that is older than what counts, and of whom
        the same came again.
    notes : dict of str to None
        What an instructor should look at, a sentence each, in the order in which it was found.
    missing : list of str
        Who has handed in nothing until now, by name.
    """

    accepted: dict[str, list[str]] = field(default_factory=dict)
    unresolved: list[tuple[str, str]] = field(default_factory=list)
    replaced: set[str] = field(default_factory=set)
    older: set[str] = field(default_factory=set)
    unchanged: set[str] = field(default_factory=set)
    notes: dict[str, None] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        count, students = sum(map(len, self.accepted.values())), len(self.accepted)
        were = "was" if count == 1 else "were"
        lines = [f"{_counted(count, 'submission')} of {_counted(students, 'student')} {were} taken in."]
        lines = lines if count else ["Nothing new was found."]
        new = self.accepted.keys() - self.replaced - self.older
        for said, who in (
            ("New", new),
            ("Replaced an earlier one, which is kept", self.replaced),
            ("Older than the one that counts, and kept beside it", self.older - self.replaced),
            ("Unchanged", self.unchanged - self.accepted.keys()),
        ):
            lines += [f"{said}: {listed(sorted(who))}."] if who else []
        lines += [f"Left alone: {name!r}: {why}" for name, why in self.unresolved]
        lines += self.notes
        lines.append(f"Still missing: {listed(self.missing)}." if self.missing else "Nobody is missing.")
        return "\n".join(lines)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


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
    begins with the id, or if it is named as Canvas or Moodle name submissions. It is taken if it is a notebook of
    this assignment, by what the notebook says or else by its name. Its date is noted in ``timestamp.txt``; Canvas
    gives none to its files, and says of each whether it is late. Its name is noted in ``name.txt``. The newest
    counts, and the others stand beside it in ``earlier/1``, ``earlier/2``, ...

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
    for student in course.roster.values():
        if not submission(course, assignment, student).exists():
            collected.missing.append(f"{student.name} ({student.id})" if student.name else student.id)
    _report(course, assignment, collected)
    return collected


def _take(course: Course, assignment: Assignment, found: _Found, collected: Collected) -> None:
    """Bring one file to its student, or note why that cannot be done."""
    student, problem = owner(course.roster, found.name)
    data, told, reason = b"", {}, found.problem or problem
    if not reason:
        try:
            data = found.read()
            told = _told(data)
            reason = _elsewhere(assignment, found.name, told.get("assignment"))
        except _UnreadableFileError as error:
            reason = str(error)
    if reason:
        collected.unresolved.append((found.name, reason))
        if student and not reason.startswith(OTHER):  # who is told, and not taken for one who sent nothing
            _refuse(refusals(submission(course, assignment, course.roster[student])), found.changed, reason)
        return
    place = submission(course, assignment, course.roster[student])
    what = _accept(place, _when(assignment, found), data, found.name)
    if what == "unchanged":
        collected.unchanged.add(student)
    else:
        collected.accepted.setdefault(student, []).append(found.name)
        if what == "replaced":
            collected.replaced.add(student)
        elif what == "older":
            collected.older.add(student)
    for note in _notes(course, assignment, found, student, told.get("student")):
        collected.notes[note] = None


def _notes(course: Course, assignment: Assignment, found: _Found, student: str, whose) -> Iterator[str]:
    """Yield what an instructor should look at in a file that was taken."""
    canvas = canvas_name(found.name)
    if canvas and canvas["late"] and student in assignment.extensions:
        stamp = submission(course, assignment, course.roster[student]).with_name("timestamp.txt")
        yield (
            f"Look: {student} has more time, and Canvas marks the file as late: {stamp} has the day on which the zip "
            "was made. Write the day there on which the file came."
        )
    if isinstance(whose, str) and whose != student:
        who = whose if whose in course.roster else f"{whose[:40]!r}, who is not on the roster,"
        yield f"Look: what {student} handed in is the notebook of {who} by what it says inside. It is taken."


def _told(data: bytes) -> dict:
    """Return what a notebook says of itself: its assignment and its student; empty if it says nothing."""
    try:
        told = json.loads(data)["metadata"][KEY]
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _elsewhere(assignment: Assignment, name: str, told) -> str:
    """Say why a file is no notebook of this assignment; empty if it is one."""
    if told is None:  # its author made it anew, or it is damaged
        named = assignment.name in PurePosixPath(name).stem.lower()
        return "" if named else f"{OTHER} of {assignment.name}, by its name and by what it holds"
    return "" if told == assignment.name else f"{OTHER} of {assignment.name}: it is one of {str(told)[:40]}"


def _when(assignment: Assignment, found: _Found) -> datetime:
    """Return when a file came; of Canvas's files only whether they were late is known, their date is the zip's."""
    match, deadline = canvas_name(found.name), assignment.deadline
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


def _accept(place: Path, changed: datetime, data: bytes, name: str) -> str:
    """Store a submission as the newest one, or as an older one that was found later.

    Return what it was: "new", "replaced" an earlier one, "older" than the one that counts, or "unchanged".
    """
    earlier, what = place.parent / "earlier", "new"
    stamp, named = place.with_name("timestamp.txt"), place.with_name(NAMED)
    if place.exists() and place.read_bytes() == data:
        if changed >= _noted(stamp):  # the same handed in again: the platform knows it by its newest name
            named.write_text(json.dumps(name) + "\n", "ascii")
        return "unchanged"
    if any(file.read_bytes() == data for file in earlier.glob(f"*/{place.name}")):
        return "unchanged"
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        numbers = [int(folder.name) for folder in earlier.iterdir()] if earlier.exists() else []
        aside = earlier / str(max(numbers, default=0) + 1)
        aside.mkdir(parents=True)
        if changed < _noted(stamp):
            what = "older"
            place, stamp, named = (aside / file.name for file in (place, stamp, named))
        else:
            what = "replaced"
            for file in (place, stamp, named):
                if file.exists():
                    file.rename(aside / file.name)
    # its date and name first: whoever is stopped in between takes the file in again, and it keeps them
    stamp.write_text(changed.isoformat() + "\n", "ascii")
    named.write_text(json.dumps(name) + "\n", "ascii")
    place.write_bytes(data)
    return what


def came_as(course: Course, assignment: Assignment, student: Student) -> str:
    """Return the name under which a student's submission came; empty if it is not known."""
    try:
        name = json.loads(submission(course, assignment, student).with_name(NAMED).read_text("ascii"))
    except (OSError, ValueError):
        return ""
    return name if isinstance(name, str) else ""


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
