"""What was given out: who has a notebook of which form of an assignment, and how its file differs from that today.

The record lies beside the numbers. An instructor may mend an assignment after its notebooks are out, points say, and it
is graded by the file as it is; but what students were asked is another thing, so every difference is told.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from assignments.course import Assignment, Course, CourseError, write_at_once
from assignments.pages import listed, number, points


@dataclass(frozen=True)
class Release:
    """What writing the notebooks did.

    Attributes
    ----------
    files : list of Path
        Every student's notebook.
    new : list of str
        The students whose notebook was written now.
    differ : list of str
        Those whose notebook stays, though another would be written for them now.
    changes : list of str
        How the assignment differs from what was given out, a sentence each.
    """

    files: list[Path]
    new: list[str]
    differ: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        stay, folder = len(self.files) - len(self.new), self.files[0].parents[1]
        if not stay:
            count = f"{len(self.new)} notebook{'s are' if len(self.new) != 1 else ' is'}"
            lines = [f"{count} in {folder}, a folder for each student."]
        elif self.new:
            others = f"the other {stay} stay as they are" if stay > 1 else "the other one stays as it is"
            lines = [f"Written for: {listed(self.new)}; {others}. All are in {folder}."]
        else:
            lines = [f"Nothing to write: everybody's notebook is in {folder} already."]
        if self.differ:
            lines.append(
                f"Another notebook would be written now for {listed(self.differ)}: theirs stay as they are, since "
                f"students may have them. If nobody has, move {folder} away and type the command again."
            )
        return "\n".join([*lines, *self.changes])


def keep(course: Course, assignment: Assignment, new: Iterable[str], same: Iterable[str]) -> None:
    """Note what was given out.

    Parameters
    ----------
    course : Course
        The course folder.
    assignment : Assignment
        What is asked now.
    new : iterable of str
        The students whose notebook was written now: this is what they are asked.
    same : iterable of str
        The students whose notebook is the one that would be written now; noted if nothing is noted of them.
    """
    record = _read(course, assignment)
    known = {student for one in record for student in one["students"]}
    asked, moved = _asked(assignment), [*new, *(student for student in same if student not in known)]
    if not moved:
        return
    for one in record:
        one["students"] = [student for student in one["students"] if student not in moved]
    record = [one for one in record if one["students"]]
    if not (record and record[-1]["asked"] == asked):
        today = datetime.now().astimezone().date().isoformat()
        record.append({"written": today, "asked": asked, "students": []})
    record[-1]["students"] += moved
    file = _file(course, assignment)
    file.parent.mkdir(mode=0o700, exist_ok=True)
    write_at_once(file, json.dumps(record, indent=1))


def changes(course: Course, assignment: Assignment) -> list[str]:
    """Return how an assignment differs from what the students on the roster were given, a sentence each."""
    name, now = assignment.name, _asked(assignment)
    record = [(one, [id for id in one["students"] if id in course.roster]) for one in _read(course, assignment)]
    record = [(one, students) for one, students in record if students]
    said, not_asked = [], {}
    for one, students in record:
        if differences := _differences(one["asked"], now):
            whose = "its notebooks" if len(record) == 1 else f"the notebooks of {listed(students)}"
            said.append(f"{name}.toml has changed since {whose} were written on {one['written']}: {differences}.")
        for id in now["exercises"].keys() - one["asked"]["exercises"].keys():
            not_asked.setdefault(id, []).extend(students)
    everybody = sum(len(students) for _, students in record)
    for id, students in sorted(not_asked.items()):
        where = "in no notebook" if len(students) == everybody else f"not in the notebooks of {listed(students)}"
        said.append(
            f"WARNING: {id} is {where}, and counts {points(now['exercises'][id]['points'])} that nobody there can "
            f"earn. Take it out of {name}.toml, or move release/{name} away, write the notebooks again and hand them "
            "out again."
        )
    return said


def _file(course: Course, assignment: Assignment) -> Path:
    return course.path / "numbers" / f"{assignment.name}.released.json"


def _read(course: Course, assignment: Assignment) -> list[dict]:
    file = _file(course, assignment)
    try:
        return json.loads(file.read_text("utf8"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise CourseError(f"{file} cannot be read: {error}") from None


def _asked(assignment: Assignment) -> dict:
    """Return what students are asked, and what it counts, as it is kept."""
    return {
        "title": assignment.title,
        "deadline": assignment.deadline.isoformat() if assignment.deadline else None,
        "checks": assignment.checks,
        "late_per_day": assignment.late_per_day,
        "exercises": {one.id: asdict(one) for one in assignment.exercises},
    }


def _differences(then: dict, now: dict) -> str:
    changed = [key for key in now if key != "exercises" and now[key] != then[key]]
    said = [f"{key} is {_shown(now[key])}, not {_shown(then[key])}" for key in changed]
    before, after = then["exercises"], now["exercises"]
    both = [id for id in after if id in before]
    for id in both:
        if before[id]["points"] != after[id]["points"]:
            said.append(f"{id} has {points(after[id]['points'])}, not {number(before[id]['points'])}")
        if before[id]["partial"] != after[id]["partial"]:
            said.append(f"partial of {id} is {number(after[id]['partial'])}, not {number(before[id]['partial'])}")
        if before[id]["text"] != after[id]["text"]:
            said.append(f"the question of {id} is another")
    said += [f"{id} is not in the notebooks" for id in after if id not in before]
    said += [f"{id} is in the notebooks, and not graded" for id in before if id not in after]
    if both != [id for id in before if id in after]:
        said.append("the exercises stand in another order")
    return "; ".join(said)


def _shown(value) -> str:
    if value is None:
        return "none"
    return number(value) if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
