"""What is kept of a student's submissions: the one that counts with its time and its name, and all others beside it.

``submitted/STUDENT/NAME`` holds the one that counts, ``earlier/1``, ``earlier/2``, ... the others. What is noted beside
each of its time and its name is told in `assignments.arrival`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from assignments.arrival import CAME, NO_TIME, Came, came, note_came, stamp, time_of, unknown
from assignments.course import Assignment, Course, CourseError, Student
from assignments.grade import refusals, submission
from assignments.platforms import is_platform_name


@dataclass(frozen=True)
class Found:
    """A file that came back: its name in the source, when it was last changed, and how to read it.

    `changed` is None where nothing says it, and `dated` is false where a platform stands for it; `made` is when the
    platform's zip was made. `problem` says why the file is not read. What is found while reading raises
    UnreadableFileError.
    """

    name: str
    changed: datetime | None
    read: Callable[[], bytes]
    problem: str = ""
    dated: bool = True
    made: datetime | None = None

    @property
    def known_as(self) -> str:
        """Its name as it is noted: none where it looks like a platform's and is not."""
        return "" if self.dated and is_platform_name(self.name) else self.name

    @property
    def time(self) -> datetime:
        """Its time, or the first of all."""
        return self.changed or NO_TIME


class UnreadableFileError(Exception):
    """A file cannot be read; the message says why."""


def digest(data: bytes) -> str:
    """Return by which two files are told to be the same."""
    return hashlib.sha256(data).hexdigest()


def keep(assignment: Assignment, place: Path, files: list[tuple[Found, str]]) -> tuple[list[Found], str]:
    """Keep what came of one student: the newest counts, and nothing is lost.

    A file equal to the one that counts leaves it as it is, with its first time. One equal to an earlier one counts
    again if it is a newer hand-in.

    Parameters
    ----------
    assignment : Assignment
        What was asked.
    place : Path
        Where the submission lies that counts.
    files : list of tuple
        The files in the order of their times, each with its digest.

    Returns
    -------
    tuple
        The files that were taken, and what became of the newest: "new", "replaced" an earlier one, "older" than the
        one that counts, "known" since it came before and another counts, or "unchanged".
    """
    runs = [list(run) for _, run in groupby(files, key=lambda one: one[1])]  # one file that came again keeps its time
    taken = []
    for (first, sum_), *_ in runs[:-1]:
        if sum_ != _digest_of(place) and not _alike(place, sum_):
            _write(_aside(place), first, first.read(), first)
            taken.append(first)
    same, sum_ = [found for found, _ in runs[-1]], runs[-1][0][1]
    if sum_ == _digest_of(place):
        if not _is_before(assignment, same[-1], place):  # the platform knows it by its newest name
            note_came(place, Came(same[-1].known_as, same[-1].made))
        return taken, "unchanged"
    there, alike = place.exists(), _alike(place, sum_)
    newer = [
        found
        for found in same
        if (found.changed is None or not _is_before(assignment, found, place))
        and all(_is_newer(assignment, found, one, place) for one in alike)
    ]
    if there and alike and not newer:
        return taken, "known"
    what = "new" if not there else "replaced" if newer else "older"
    first = newer[0] if there and newer else same[0]
    data = first.read()
    if what == "older":
        place = _aside(place)
    elif what == "replaced":
        aside = _aside(place)
        for file in (place, stamp(place), place.with_name(CAME)):
            if file.exists():
                file.rename(aside.with_name(file.name))
    _write(place, first, data, same[-1])
    return [*taken, first], what


def _times(assignment: Assignment, found: Found, file: Path) -> tuple[datetime, datetime]:
    """Return the times by which a file and one that is kept compare: of two from a platform, those of their zips."""
    how = came(file)
    if not found.dated and is_platform_name(how.name):
        return found.made or NO_TIME, how.made or NO_TIME
    return found.time, noted(assignment, file)


def _is_before(assignment: Assignment, found: Found, file: Path) -> bool:
    found_time, kept_time = _times(assignment, found, file)
    return found_time < kept_time


def _is_newer(assignment: Assignment, found: Found, file: Path, place: Path) -> bool:
    """Whether a file is handed in after an earlier one that is equal, and not that one found again.

    A file without a time of its own is, if its name is another. The time at which a platform's zip was made says only
    that the platform had no newer one then; what an instructor put in its place goes on counting.
    """
    if found.dated or is_platform_name(came(place).name):
        found_time, kept_time = _times(assignment, found, file)
        newer = found.changed is not None and found_time > kept_time
    else:
        newer = False
    own_time = found.changed is not None and found.dated
    return newer or (not own_time and found.known_as != came(file).name)


def _alike(place: Path, sum_: str) -> list[Path]:
    """Return the earlier submissions that are equal."""
    return [file for file in place.parent.glob(f"earlier/*/{place.name}") if _digest_of(file) == sum_]


def _digest_of(file: Path) -> str:
    return digest(file.read_bytes()) if file.exists() else ""


def newest_aside(place: Path) -> Path:
    """Return where the last submission lies that was kept and does not count."""
    return _numbered(place, _last(place))


def _aside(place: Path) -> Path:
    """Return where the next submission lies that does not count, in a folder that is new."""
    file = _numbered(place, _last(place) + 1)
    file.parent.mkdir(parents=True)
    return file


def _last(place: Path) -> int:
    earlier = place.parent / "earlier"
    return max((int(folder.name) for folder in earlier.iterdir()), default=0) if earlier.exists() else 0


def _numbered(place: Path, number: int) -> Path:
    return place.parent / "earlier" / str(number) / place.name


def _write(place: Path, found: Found, data: bytes, named: Found) -> None:
    """Write a file, after how it came, so that who is stopped in between takes it in again; `named` has its name."""
    place.parent.mkdir(parents=True, exist_ok=True)
    stamp(place).unlink(missing_ok=True)
    if found.dated and found.changed is not None:
        stamp(place).write_text(found.changed.isoformat() + "\n", "ascii")
    note_came(place, Came(named.known_as, named.made))
    place.write_bytes(data)


def noted(assignment: Assignment, place: Path) -> datetime:
    """Return the time of a submission that is kept, or the first of all if it has none."""
    try:
        return (time_of(assignment, place) or NO_TIME).astimezone(UTC)
    except CourseError:
        return NO_TIME


def came_as(course: Course, assignment: Assignment, student: Student) -> str:
    """Return the name under which a student's submission came; empty if it is not known.

    Where it is not a platform's, the newest that is one goes before it: the platform knows the student by that.
    """
    place = submission(course, assignment, student)
    earlier = [came(file) for file in place.parent.glob(f"earlier/*/{CAME}")]
    newest = sorted(earlier, key=lambda how: how.made or NO_TIME, reverse=True)
    names = [how.name for how in (came(place), *newest)]
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
            time_of(assignment, submission(course, assignment, student))
        except CourseError as error:
            bad.append(str(error))
    if bad:
        raise CourseError("\n".join(bad))


def unknown_times(course: Course, assignment: Assignment) -> dict[str, list[str]]:
    """Return the students of whose submission the time is not known, by what is not known of it."""
    students: dict[str, list[str]] = {}
    for student in course.roster.values():
        if what := unknown(assignment, student.id, submission(course, assignment, student)):
            students.setdefault(what, []).append(student.id)
    return students


def refuse(course: Course, assignment: Assignment, student: str, found: Found, reason: str) -> None:
    """Note that a student's file was not taken, and why; and its name, under which the platform takes the page back."""
    place = submission(course, assignment, course.roster[student])
    file = refusals(place)
    file.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists() and not found.dated:
        note_came(place, Came(found.name, found.made))
    when = f" that came on {found.changed:%Y-%m-%d}" if found.changed else ""
    with file.open("a", encoding="utf8") as stream:
        stream.write(f"The file{when} was not taken: {reason}.\n")
