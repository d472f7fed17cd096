"""When a submission came: by the time noted beside it, or by what a platform says, which is less.

``timestamp.txt`` beside a submission holds its time. Canvas and Moodle say none, so there it is missing until an
instructor writes it: Canvas says whether the file was late, and both say when their zip was made. That is noted in
``came.json``, with the name under which the file came; what it means for a deadline is asked anew at each grading.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path

from assignments.course import Assignment, CourseError
from assignments.platforms import canvas_name, is_platform_name

CAME = "came.json"
LATE_BY = timedelta(seconds=1)  # stands for how late a file is of which Canvas says only that it is
NO_TIME = datetime(1980, 1, 1, tzinfo=UTC)  # of a file that came without one: nobody is late for that


@dataclass(frozen=True)
class Came:
    """Under which name a file came and, if a platform's zip brought it, when that was made."""

    name: str = ""
    made: datetime | None = None


def stamp(file: Path) -> Path:
    """Return where the time of a submission is noted, which an instructor may write or correct."""
    return file.with_name("timestamp.txt")


def came(file: Path) -> Came:
    """Return what is noted of how a submission came."""
    try:
        told = json.loads(file.with_name(CAME).read_text("ascii"))
        made = told["made"] and datetime.fromisoformat(told["made"])
        return Came(str(told["name"]), made)
    except (OSError, ValueError, TypeError, KeyError):
        return Came()


def note_came(file: Path, how: Came) -> None:
    """Note how a submission came."""
    told = {"name": how.name, "made": how.made and how.made.isoformat()}
    file.with_name(CAME).write_text(json.dumps(told) + "\n", "ascii")


def platform_time(assignment: Assignment, how: Came) -> datetime | None:
    """Return the time for which a platform's file stands: one second late if Canvas says LATE, else never late."""
    match, deadline = canvas_name(how.name), assignment.deadline
    if deadline is None:
        return how.made
    if match and match["late"]:
        return deadline + LATE_BY
    return how.made and min(how.made, deadline)


def time_of(assignment: Assignment, file: Path) -> datetime | None:
    """Return when a submission came: by the time noted beside it, or else by its platform; None if neither says.

    Raises
    ------
    CourseError
        If what is noted is no time with an offset.
    """
    if not stamp(file).exists():
        how = came(file)
        return platform_time(assignment, how) if is_platform_name(how.name) else None
    try:
        when = datetime.fromisoformat(stamp(file).read_text("ascii").strip())
        if when.tzinfo is not None:
            return when
    except ValueError:
        pass
    raise CourseError(f"{stamp(file)} must hold a date with an offset: 2030-01-31T23:59:00+01:00")


def late_days(assignment: Assignment, student: str, file: Path) -> int:
    """Return the days begun after a student's deadline when the submission came."""
    when, due = time_of(assignment, file), assignment.due(student)
    return max(0, ceil((when - due).total_seconds() / 86400)) if due and when else 0


def unknown(assignment: Assignment, student: str, file: Path) -> str:
    """Return what is not known of a submission's time: "how late" it is, "whether" it is late, or nothing."""
    how, due = came(file), assignment.due(student)
    if due is None or not file.exists() or stamp(file).exists() or not is_platform_name(how.name):
        return ""
    if canvas := canvas_name(how.name):
        return "how late" if canvas["late"] and late_days(assignment, student, file) else ""
    return "whether" if how.made is None or how.made > due else ""
