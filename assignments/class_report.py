"""The page for the instructor: how the class did, which misconceptions it has, and who needs a look."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from statistics import fmean

from assignments.copies import Copies
from assignments.course import Assigned, Assignment, Course
from assignments.grade import submission
from assignments.markup import render, short
from assignments.notebooks import holds_picture
from assignments.pages import number, page
from assignments.plots import counted_bars, histogram
from assignments.results import Result, Verdict
from kltools import exercises as bank

STATUSES = ("graded", "late", "partly", "timed out", "crashed", "unreadable", "missing")
NOT_RUN = ("timed out", "crashed", "unreadable", "missing")
SHOWN = 15  # misconceptions in the plot; the table has all
LONGEST = 300  # characters of a name, a message or a note
FAILURES = 3  # cells of one student that ended with an error, of which the table shows so many


def class_page(course: Course, assignment: Assignment, results: Mapping[str, Result], copies: Copies) -> str:
    """Return the report on a class."""
    given = _given(assignment, results)
    found = _misconceptions(given)
    status = Counter(result.status for result in results.values())
    return page(
        "class_report.html",
        course=course,
        assignment=assignment,
        count=len(results),
        statuses=[(one, status[one]) for one in STATUSES if status[one]],
        exercises=[_exercise(one, given[one.id]) for one in assignment.exercises],
        found=found,
        found_plot=_found_plot(found),
        scores=_scores(results),
        waiting=_waiting(course, assignment, results),
        pictures=_pictures(course, assignment, results),
        not_run=[
            (_who(course, student), result.status, short(result.note, LONGEST))
            for student, result in results.items()
            if result.status in NOT_RUN
        ],
        failed=[row for student, result in results.items() for row in _failed(_who(course, student), result)],
        copied=[
            (_who(course, one.student), one.exercise, one.answer, _all(course, one.owners), one.may_be)
            for one in copies.numbers
        ],
        alike=[(one.exercise, one.kind, _all(course, one.students)) for one in copies.alike],
    )


def _given(assignment: Assignment, results: Mapping[str, Result]) -> dict[str, list[Verdict]]:
    """Return the verdicts of each exercise that are final, of those submissions that could be judged."""
    given = {one.id: [] for one in assignment.exercises}
    for result in results.values():
        for said in result.verdicts if result.score is not None else ():
            if said.earned is not None:
                given.setdefault(said.id, []).append(said)
    return given


def _exercise(one: Assigned, given: list[Verdict]) -> dict:
    """Return a line of the table of exercises."""
    exercise = None if one.text else bank.get(one.id)
    status = Counter(said.status for said in given)
    earned = [said.earned for said in given]
    return {
        "id": one.id,
        "title": exercise.title if exercise else "Written answer",
        "minutes": exercise.minutes if exercise else "",
        "judged": len(given),
        "right": f"{status['right'] / len(given):.0%}" if given and exercise else "",
        "mistake": status["mistake"] if exercise else "",
        "empty": status["unanswered"],
        "mean": f"{number(round(fmean(earned), 2))} of {number(one.points)}" if earned else "",
    }


def _misconceptions(given: Mapping[str, list[Verdict]]) -> list[dict]:
    """Return the known mistakes that were made, the commonest first, with the message most often given."""
    found = []
    for id, verdicts in given.items():
        messages = defaultdict(Counter)
        for said in verdicts:
            if said.mistake:
                messages[said.mistake][said.message] += 1
        for mistake, told in messages.items():
            count = told.total()
            message = render(short(told.most_common(1)[0][0], LONGEST))
            share = f"{count / len(verdicts):.0%}"
            found.append(
                {"exercise": id, "name": short(mistake, LONGEST), "message": message, "count": count, "share": share}
            )
    return sorted(found, key=lambda one: (-one["count"], one["exercise"], one["name"]))


def _found_plot(found: list[dict]):
    if not found:
        return ""
    rows = [(short(f"{one['exercise']}: {one['name']}", LONGEST), one["count"]) for one in found[:SHOWN]]
    said = "; ".join(f"{words}, {count}" for words, count in rows)
    return counted_bars(rows, "found", f"How often each misconception was found. {said}.")


def _scores(results: Mapping[str, Result]) -> dict | None:
    """Return the distribution of the scores, or None where there are none."""
    scores = [result.score / result.maximum for result in results.values() if result.score is not None]
    if not scores:
        return None
    edges = [tenth / 10 for tenth in range(11)]
    places = Counter(min(int(10 * score + 1e-9), 9) for score in scores)
    counts = [places[place] for place in range(10)]
    told = [f"{10 * place} to {10 * place + 10} percent: {count}" for place, count in enumerate(counts) if count]
    said = f"How many students reached which share of the points. {'; '.join(told)}."
    return {"plot": histogram(counts, edges, "scores", said), "count": len(scores), "mean": f"{fmean(scores):.0%}"}


def _waiting(course: Course, assignment: Assignment, results: Mapping[str, Result]) -> list[tuple[str, list[str]]]:
    """Return whose answers wait for a person, by exercise."""
    waits = defaultdict(list)
    for student, result in results.items():
        for said in result.verdicts:
            if said.earned is None:
                waits[said.id].append(_who(course, student))
    return [(one.id, waits[one.id]) for one in assignment.exercises if one.id in waits]


def _pictures(course: Course, assignment: Assignment, results: Mapping[str, Result]) -> list[tuple[str, str, str, str]]:
    """Return whose notebook shows what no page here does, or may: the exercise, why, and where the file lies."""
    written = [one.id for one in assignment.exercises if one.text]
    rows = []
    for student, result in results.items():
        file = submission(course, assignment, course.roster[student]).relative_to(course.path).as_posix()
        for said in result.verdicts:
            if said.id in written and holds_picture(said.answer):
                rows.append((_who(course, student), said.id, "holds a picture", file))
            elif said.is_elsewhere:
                rows.append((_who(course, student), said.id, "may stand in another place there", file))
    return rows


def _failed(who: str, result: Result) -> list[tuple[str, str, str]]:
    """Return the rows on one student's cells that ended with an error: who, the cell and the error."""
    rows = [(who, one.cell, one.error or "another error") for one in result.failed[:FAILURES]]
    left = len(result.failed) - FAILURES
    return rows + ([(who, f"and {left} more", "")] if left > 0 else [])


def _who(course: Course, student: str) -> str:
    return course.roster[student].shown


def _all(course: Course, students: tuple[str, ...]) -> list[str]:
    return [_who(course, one) for one in students]
