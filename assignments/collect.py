"""What came back, brought to its students: a folder of notebooks or the zip that a learning platform hands out.

Nothing is dropped and nothing overwritten. What belongs to nobody on the roster is listed with the reason; a second
submission keeps the first.
"""

import contextlib
import json
import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath

from assignments.arrival import NO_TIME, Came, came, platform_time, stamp, unknown
from assignments.course import Assignment, Course, CourseError
from assignments.grade import submission
from assignments.kept import Found, UnreadableFileError, digest, keep, newest_aside, refuse
from assignments.notebooks import KEY, LARGEST
from assignments.pages import counted, listed
from assignments.platforms import NOBODY, OUR_WHEEL, SEVERAL, ZIP, canvas_name, is_platform_name, owner, platform_number

MEMBERS = 5000
SHOWN = 5  # names of files that were left alone for one reason
OTHER = "no notebook"


@dataclass
class Collected:
    """What a collection brought.

    Attributes
    ----------
    accepted : dict of str to list of str
        The files that were taken in, by student.
    unresolved : list of tuple of str
        The files that were left alone, each with the reason.
    told : dict of str to str
        Whose files these are, by name, where that is known: their authors read the reason on their pages.
    replaced, older, known, unchanged : set of str
        Students of whom a newer submission now counts, of whom one came that is older than what counts, of whom one
        came that came before and does not count, and of whom the same came again.
    late, unclear : list of str
        Students of whom a platform says that they are late, and not how late, and of whom it does not say whether.
    notes : dict of str to None
        What an instructor should look at, a sentence each, in the order in which it was found.
    missing : list of str
        Who has handed in nothing until now, by name.
    record : str
        The file in which every name is noted.
    """

    accepted: dict[str, list[str]] = field(default_factory=dict)
    unresolved: list[tuple[str, str]] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)
    replaced: set[str] = field(default_factory=set)
    older: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    unchanged: set[str] = field(default_factory=set)
    notes: dict[str, None] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    record: str = ""

    def __str__(self) -> str:
        count, students = sum(map(len, self.accepted.values())), len(self.accepted)
        were = "was" if count == 1 else "were"
        lines = [f"{counted(count, 'submission')} of {counted(students, 'student')} {were} taken in."]
        lines = lines if count else ["Nothing new was found."]
        new = self.accepted.keys() - self.replaced - self.older
        for said, who in (
            ("New", new),
            ("Replaced an earlier one, which is kept", self.replaced),
            ("Older than the one that counts, and kept beside it", self.older),
            ("Kept from before, and another one counts", self.known - self.accepted.keys()),
            ("Unchanged", self.unchanged - self.accepted.keys()),
        ):
            lines += [f"{said}: {listed(sorted(who))}."] if who else []
        lines += [*self._left(), *self.notes]
        lines.append(f"Still missing: {listed(self.missing)}." if self.missing else "Nobody is missing.")
        return "\n".join(lines)

    def _left(self) -> Iterator[str]:
        """Yield what was left alone, a line for each reason."""
        reasons: dict[str, list[str]] = {}
        for name, why in self.unresolved:
            shown = f"{name!r} of {self.told[name]}" if name in self.told else repr(name)
            reasons.setdefault(why, []).append(shown)
        ours = reasons.pop(OUR_WHEEL, ())
        for why, names in reasons.items():
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            yield f"Left alone: {', '.join(names[:SHOWN])}{more}: {why}"
        if ours:
            yield f"Left alone: {counted(len(ours), 'file')}: {OUR_WHEEL}"
        if self.record and any(len(names) > SHOWN for names in reasons.values()):
            yield f"Each of them is named in {self.record}."


def collect(course: Course, assignment: Assignment, source: str | Path) -> Collected:
    """Take the notebooks of a folder or a zip into ``submitted/STUDENT/NAME/NAME.ipynb``.

    A file is a student's if it lies in a folder named by the id, as nbgrader and release folders are, if its name
    begins with the id, or if it is named as Canvas or Moodle name submissions. It is taken if it is a notebook of
    this assignment, by what the notebook says or else by its name. Canvas and Moodle give no date to their files, and
    Canvas says of each whether it is late. The newest counts, and the others are kept beside it.

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
        theirs: dict[str, list[tuple[Found, str]]] = {}
        dated = sorted((_dated(course, assignment, one) for one in files), key=_order)
        for found, *whose in _owned(course, assignment, dated):
            _take(course, assignment, found, whose, theirs, collected)
        for student, handed_in in theirs.items():
            _keep(course, assignment, student, handed_in, collected)
    for student in course.roster.values():
        if not submission(course, assignment, student).exists():
            collected.missing.append(student.shown)
    for who, said in (
        (
            collected.late,
            "How late is not known of {}, since Canvas says only LATE. They count as one day late, until you write the "
            "time into",
        ),
        (
            collected.unclear,
            "Whether they are late is not known of {}, since Moodle says only when the zip was made, which was after "
            "the deadline. They count as in time. Of who was late write the time into",
        ),
    ):
        if who:
            first = stamp(submission(course, assignment, course.roster[min(who)]))
            more = ", and so for each." if len(who) > 1 else "."
            collected.notes[f"{said.format(listed(sorted(who)))} {first}{more}"] = None
    _report(course, assignment, collected)
    return collected


def _owned(course: Course, assignment: Assignment, files: list[Found]) -> Iterator[tuple[Found, str | None, str]]:
    """Yield each file with its student, or why that cannot be said: two people may be named alike."""
    owned = [(found, *owner(course.roster, found.name)) for found in files]
    numbers = _numbers(course, assignment, owned)
    for found, student, problem in owned:
        reason = "" if problem else _namesake(assignment, found, student, numbers.get(student, set()))
        yield (found, None, reason) if reason else (found, student, problem)


def _numbers(course: Course, assignment: Assignment, owned: list[tuple[Found, str | None, str]]) -> dict[str, set[str]]:
    """Return the numbers by which the platform knows each student: those of earlier files, or else of these."""
    numbers: dict[str, set[str]] = {}
    for found, student, problem in owned:
        if student and not problem and (number := platform_number(found.known_as)):
            numbers.setdefault(student, set()).add(number)
    for student in numbers:
        place = submission(course, assignment, course.roster[student])
        kept = [file for file in (place, *place.parent.glob(f"earlier/*/{place.name}")) if file.exists()]
        known = {platform_number(came(file).name) for file in kept} - {""}  # of what was taken, and of nothing else
        platforms = {number.split()[0] for number in known}
        numbers[student] = known | {one for one in numbers[student] if one.split()[0] not in platforms}
    return numbers


def _namesake(assignment: Assignment, found: Found, student: str, numbers: set[str]) -> str:
    """Say why a file may be another person's whom the platform names alike; empty if it is not."""
    number = platform_number(found.known_as)
    same = sorted(one for one in numbers if one.split()[0] == number.partition(" ")[0])
    if not number or same == [number]:
        return ""
    if number not in same:
        taken = " and ".join(same)
        reason = f"it is of one of two people whom the platform names like {student}, of whom {taken} was taken"
    else:
        reason = f"the platform names {len(same)} people like {student}"
    return f"{reason}: if it is theirs, put it into inbox as {student}-{assignment.name}.ipynb and collect from inbox"


def _take(
    course: Course,
    assignment: Assignment,
    found: Found,
    whose: tuple[str | None, str],
    theirs: dict[str, list[tuple[Found, str]]],
    collected: Collected,
) -> None:
    """Take a file for its student's, or note why not."""
    student, problem = whose
    reason, nobodys = found.problem or problem, not found.problem and problem.startswith((NOBODY, SEVERAL))
    if not reason or nobodys:
        try:
            data = found.read()
            told = _told(data)
            if reason:
                reason += _hint(course, assignment, told)
            else:
                reason = _elsewhere(assignment, found.name, told.get("assignment"))
        except UnreadableFileError as error:
            reason = reason or str(error)
    if reason:
        collected.unresolved.append((found.name, reason))
        if student and not reason.startswith(OTHER):  # who is told, and not taken for one who sent nothing
            refuse(course, assignment, student, found, ZIP if reason.startswith(ZIP) else reason)
            collected.told[found.name] = student
        return
    theirs.setdefault(student, []).append((found, digest(data)))
    for note in _notes(course, assignment, found, student, told.get("student")):
        collected.notes[note] = None


def _keep(
    course: Course, assignment: Assignment, student: str, files: list[tuple[Found, str]], collected: Collected
) -> None:
    """Keep what came of one student, and note what became of it."""
    place = submission(course, assignment, course.roster[student])
    try:
        taken, what = keep(assignment, place, files)
    except UnreadableFileError as error:  # it has changed since it was looked at
        collected.unresolved.append((files[-1][0].name, str(error)))
        return
    if taken:
        collected.accepted[student] = [found.name for found in taken]
    if what in ("replaced", "older", "known", "unchanged"):
        getattr(collected, what).add(student)
    not_known = unknown(assignment, student, place)
    if what == "older" and (not_known or not taken[-1].dated):
        which = "that counts" if not_known else "that came now"
        collected.notes[
            f"Look: {student} handed in two files, and the time of the one {which} is not known: of these {place} "
            f"counts, and the other is {newest_aside(place)}. If that one should count, exchange the two."
        ] = None
    if what in ("new", "replaced") and not_known:
        (collected.late if not_known == "how late" else collected.unclear).append(student)


def _hint(course: Course, assignment: Assignment, told: dict) -> str:
    """Say whose a notebook is by what it says inside, where its name does not; empty if it says nothing."""
    student = told.get("student")
    if not isinstance(student, str) or student not in course.roster or told.get("assignment") != assignment.name:
        return ""
    name = f"{student}-{assignment.name}.ipynb"
    return f"; inside it says {student}: if it is theirs, move it to inbox/{name} and collect from inbox"


def _notes(course: Course, assignment: Assignment, found: Found, student: str, whose) -> Iterator[str]:
    """Yield what an instructor should look at in a file that was taken."""
    canvas = canvas_name(found.known_as)
    if canvas and canvas["late"] and student in assignment.extensions:
        place = submission(course, assignment, course.roster[student])
        if not stamp(place).exists():  # else somebody wrote the time
            yield (
                f"Look: {student} has more time, and Canvas marks the file as late. It counts as in time; if it came "
                f"too late all the same, write the time into {stamp(place)}."
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
    return "" if told == assignment.name else f"{OTHER} of {assignment.name}: it is one of {str(told)[:40]!r}"


def _dated(course: Course, assignment: Assignment, found: Found) -> Found:
    """Return a file with the time when it came; of a platform's file that is not its own."""
    if not is_platform_name(found.name, course.roster):
        return found
    time = platform_time(assignment, Came(found.name, found.changed))
    return replace(found, changed=time, made=found.changed, dated=False)


def _order(found: Found) -> tuple:
    return found.time, found.made or NO_TIME, found.name


def _known(changed: datetime) -> datetime | None:
    """Return a file's time; None if it is that of a zip that says none."""
    return changed if changed > NO_TIME + timedelta(days=1) else None


def changed_at(seconds: float) -> datetime | None:
    """Return the time of a file of a folder; None if it has none, or one of a year that no calendar has."""
    try:
        return _known(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _in_folder(source: Path) -> Iterator[Found]:
    for folder, _, names in os.walk(source):
        for name in sorted(names):
            file = Path(folder, name)
            shown, found = file.relative_to(source).as_posix(), file.lstat()
            problem = ""
            if not stat.S_ISREG(found.st_mode):
                problem = "it is a link or no file"
            elif found.st_size > LARGEST:
                problem = f"it has {found.st_size // 2**20} MB, more than a notebook may have"
            yield Found(shown, changed_at(found.st_mtime), partial(_read_file, file), problem)


def _read_file(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"it cannot be read ({error.strerror})") from None


def _in_zip(archive: zipfile.ZipFile, assignment: Assignment) -> Iterator[Found]:
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
            changed = _known(datetime(*member.date_time, tzinfo=zone))
        except ValueError:  # the zip does not say when
            changed = None
        yield Found(member.filename, changed, partial(_unpack, archive, member), problem)


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(member) as stream:
            data = stream.read(LARGEST + 1)
    except Exception as error:  # damaged, encrypted or compressed in a way that is not known here
        raise UnreadableFileError(f"it cannot be unpacked ({type(error).__name__})") from None
    if len(data) > LARGEST:
        raise UnreadableFileError("it unpacks to more than it says")
    return data


def _report(course: Course, assignment: Assignment, collected: Collected) -> None:
    """Note what was taken and what was not, at the end of what earlier collections noted."""
    file = course.path / "out" / assignment.name / "collected.txt"
    collected.record = str(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{student}: {name}" for student, names in collected.accepted.items() for name in names]
    lines += [f"not resolved: {name}: {why}" for name, why in collected.unresolved]
    with file.open("a", encoding="utf8") as stream:
        stream.writelines(line.encode("unicode_escape").decode("ascii") + "\n" for line in lines)
