"""What is kept of a student's submissions: the one that counts with its time and its name, and all others beside it.

``submitted/STUDENT/NAME`` holds the one that counts, ``earlier/1``, ``earlier/2``, ... the others. ``timestamp.txt``
beside each says when it came, and an instructor may correct it; ``name.txt`` says under which name it came.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from assignments.course import Assignment, Course, CourseError, Student
from assignments.grade import refusals, stamp, submission, time_of
from assignments.platforms import canvas_name, is_platform_name

NAMED = "name.txt"
LATE_BY = timedelta(seconds=1)  # stands for the time of a file of which Canvas says only that it is late
NO_TIME = datetime(1980, 1, 1, tzinfo=UTC)  # of a file that came without one: nobody is late for that


@dataclass(frozen=True)
class Found:
    """A file that came back: its name in the source, when it was last changed, and how to read it.

    `changed` is None where nothing says it, and `dated` is false where it is not the file's own time. `problem` says
    why the file is not read. What is found while reading raises UnreadableFileError.
    """

    name: str
    changed: datetime | None
    read: Callable[[], bytes]
    problem: str = ""
    dated: bool = True

    @property
    def time(self) -> datetime:
        """Its time, or the first of all."""
        return self.changed or NO_TIME


class UnreadableFileError(Exception):
    """A file cannot be read; the message says why."""


def digest(data: bytes) -> str:
    """Return by which two files are told to be the same."""
    return hashlib.sha256(data).hexdigest()


def keep(place: Path, came: list[tuple[Found, str]]) -> tuple[list[Found], str]:
    """Keep what came of one student: the newest counts, and nothing is lost.

    A file equal to the one that counts leaves it as it is, with its first time. One equal to an earlier one counts
    again if it is a newer hand-in.

    Parameters
    ----------
    place : Path
        Where the submission lies that counts.
    came : list of tuple
        The files in the order of their times, each with its digest.

    Returns
    -------
    tuple
        The files that were taken, and what became of the newest: "new", "replaced" an earlier one, "older" than the
        one that counts, "known" since it came before and another counts, or "unchanged".
    """
    runs = [list(run) for _, run in groupby(came, key=lambda one: one[1])]  # one file that came again keeps its time
    taken = []
    for (first, sum_), *_ in runs[:-1]:
        if sum_ != _digest_of(place) and not _alike(place, sum_):
            _write(_aside(place), first, first.read(), first.name)
            taken.append(first)
    files, sum_ = [found for found, _ in runs[-1]], runs[-1][0][1]
    if sum_ == _digest_of(place):
        if files[-1].time >= noted(place):  # the platform knows it by its newest name
            _write_name(place, files[-1].name)
        return taken, "unchanged"
    there, alike = place.exists(), _alike(place, sum_)
    newer = [
        found
        for found in files
        if (found.changed is None or found.time >= noted(place)) and all(_is_newer(found, one, place) for one in alike)
    ]
    if there and alike and not newer:
        return taken, "known"
    what = "new" if not there else "replaced" if newer else "older"
    first = newer[0] if there and newer else files[0]
    data = first.read()
    if what == "older":
        place = _aside(place)
    elif what == "replaced":
        aside = _aside(place)
        for file in (place, stamp(place), place.with_name(NAMED)):
            if file.exists():
                file.rename(aside.with_name(file.name))
    _write(place, first, data, files[-1].name)
    return [*taken, first], what


def _is_newer(found: Found, file: Path, place: Path) -> bool:
    """Whether a file is handed in after an earlier one that is equal, and not that one found again.

    A file without a time of its own is, if its name is another. The time at which a platform's zip was made says only
    that the platform had no newer one then; what an instructor put in its place goes on counting.
    """
    if found.dated or is_platform_name(_name_of(place)):
        newer = found.changed is not None and found.time > noted(file)
    else:
        newer = False
    own_time = found.changed is not None and found.dated
    return newer or (not own_time and found.name != _name_of(file))


def _alike(place: Path, sum_: str) -> list[Path]:
    """Return the earlier submissions that are equal."""
    return [file for file in place.parent.glob(f"earlier/*/{place.name}") if _digest_of(file) == sum_]


def _digest_of(file: Path) -> str:
    return digest(file.read_bytes()) if file.exists() else ""


def _aside(place: Path) -> Path:
    """Return where the next submission lies that does not count, in a folder that is new."""
    earlier = place.parent / "earlier"
    numbers = [int(folder.name) for folder in earlier.iterdir()] if earlier.exists() else []
    aside = earlier / str(max(numbers, default=0) + 1)
    aside.mkdir(parents=True)
    return aside / place.name


def _write(place: Path, found: Found, data: bytes, name: str) -> None:
    """Write a file with its time and name: these first, so that who is stopped in between takes it in again."""
    place.parent.mkdir(parents=True, exist_ok=True)
    stamp(place).write_text(found.time.isoformat() + "\n", "ascii")
    _write_name(place, name)
    place.write_bytes(data)


def _write_name(place: Path, name: str) -> None:
    place.with_name(NAMED).write_text(json.dumps(name) + "\n", "ascii")


def _name_of(place: Path) -> str:
    try:
        name = json.loads(place.with_name(NAMED).read_text("ascii"))
    except (OSError, ValueError):
        return ""
    return name if isinstance(name, str) else ""


def noted(place: Path) -> datetime:
    """Return the time that is noted beside a submission, or the first of all if there is none."""
    try:
        return (time_of(place) or NO_TIME).astimezone(UTC)
    except CourseError:
        return NO_TIME


def came_as(course: Course, assignment: Assignment, student: Student) -> str:
    """Return the name under which a student's submission came; empty if it is not known.

    Where it is not a platform's, the newest that is one goes before it: the platform knows the student by that.
    """
    place = submission(course, assignment, student)
    earlier = sorted(place.parent.glob(f"earlier/*/{NAMED}"), key=noted, reverse=True)
    names = [_name_of(file) for file in (place, *earlier)]
    return next(filter(is_platform_name, names), names[0])


def check_times(course: Course, assignment: Assignment) -> None:
    """Refuse times of submissions that cannot be read, all at once: they are corrected by hand.

    Raises
    ------
    CourseError
        If there are any; the message names each file.
    """
    bad = []
    for student in course.roster.values():
        try:
            time_of(submission(course, assignment, student))
        except CourseError as error:
            bad.append(str(error))
    if bad:
        raise CourseError("\n".join(bad))


def guessed(course: Course, assignment: Assignment) -> list[str]:
    """Return the students of whose submission Canvas says only that it is late: it counts as one day late."""
    places = {one.id: submission(course, assignment, one) for one in course.roster.values()}
    return [student for student, place in places.items() if _is_guessed(assignment, student, place)]


def _is_guessed(assignment: Assignment, student: str, place: Path) -> bool:
    canvas, due = canvas_name(_name_of(place)), assignment.due(student)
    if not canvas or not canvas["late"] or due is None:
        return False
    return noted(place) == assignment.deadline + LATE_BY > due


def refuse(course: Course, assignment: Assignment, student: str, found: Found, reason: str) -> None:
    """Note that a student's file was not taken, and why."""
    file = refusals(submission(course, assignment, course.roster[student]))
    file.parent.mkdir(parents=True, exist_ok=True)
    when = f" that came on {found.changed:%Y-%m-%d}" if found.changed else ""
    with file.open("a", encoding="utf8") as stream:
        stream.write(f"The file{when} was not taken: {reason}.\n")
