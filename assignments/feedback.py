"""The page that a student gets back: the score, what became of each answer, and what to read."""

from dataclasses import dataclass, field
from functools import cache

from assignments import ROOT
from assignments.copies import Copies
from assignments.course import Assigned, Assignment, Course
from assignments.draws import NUMBERS
from assignments.markup import render, short
from assignments.notebooks import LARGEST, question_of
from assignments.numbers import Numbers
from assignments.pages import number, page, points
from assignments.results import Result, Verdict

COPIED = (
    "This value would be right with another student's numbers. That may be chance. Start from the numbers in your "
    "question, which were drawn for you. If you worked together, write the computation so that the numbers can be "
    "exchanged."
)
AGAIN = "If your course lets you hand in again, do; else write to your instructor."
# What the bank says is for a check that one can run again; this is the last word.
VERDICTS = {
    "right": "Right.",
    "mistake": "Not right.",
    "close": "Close, but not right.",
    "wrong": "Not right.",
    "invalid": "This could not be judged.",
    "unanswered": "There is no answer.",
}
CHANGED = (
    "A person had given points for this answer. They wait until that person has looked again: your answer, or what it "
    "is worth, has changed since."
)
# Of a written answer whose place is empty, where the notebook holds other text
NO_PLACE = "The place for your answer is empty. A person has still to read what else your notebook holds."
ELSEWHERE = "The place for your answer is empty. A person read what else your notebook holds."
FAILURES = 10  # cells that ended with an error, of which the page shows so many
LONGEST_MESSAGE = 600
LONGEST_COMMENT = 5000


@dataclass(frozen=True)
class Standing:
    """What the head of the page says: the score, what became of the submission, and what to do."""

    score: str
    title: str
    text: str
    more: list[str] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)


def feedback_page(course: Course, assignment: Assignment, numbers: Numbers, result: Result, copies: Copies) -> str:
    """Return the feedback page of one student.

    It holds the student's own question and answer, the verdict and its message, never a hidden input and nobody
    else's name.
    """
    verdicts = {one.id: one for one in result.verdicts}
    return page(
        "feedback.html",
        course=course,
        assignment=assignment,
        student=course.roster[result.student],
        standing=_standing(course, assignment, numbers, result),
        failed=result.failed[:FAILURES],
        more_failed=len(result.failed[FAILURES:]),
        parts=[
            _part(course, numbers, result, one, verdicts[one.id], copies)
            for one in assignment.exercises
            if one.id in verdicts
        ],
    )


def _part(course: Course, numbers: Numbers, result: Result, one: Assigned, said: Verdict, copies: Copies) -> dict:
    """Return what the page says of one exercise."""
    by_person = one.id in result.by_person
    part = {
        "id": one.id,
        "points": f"{'?' if said.earned is None else number(said.earned)} of {points(said.points)}",
        "answer": said.code or short(said.answer),
        "is": "Your answer, a function:" if said.code else "Your answer:",
        "written": "",
        "more": ["A person gave these points."] if by_person else [],
        "comment": render(short(result.comments.get(one.id, ""), LONGEST_COMMENT), links=True),
        "hint": "",
        "chapter": "",
    }
    if one.text:
        part |= {"title": "Written answer", "asked": "The question", "question": render(one.text, links=True)}
        return part | _written(said)
    exercise = numbers.exercise(result.student, one.id)
    asked = "The question, with your numbers" if one.id in NUMBERS else "The question"
    part |= {"title": exercise.title, "asked": asked, "question": render(question_of(exercise))}
    copied = copies.number(result.student, one.id)
    looks_copied = copied is not None and not copied.may_be
    told = "**Not right.**" if looks_copied else _verdict(said)
    part |= {"verdict": render(told), "mood": "good" if said.status == "right" else "bad"}
    if said.earned is None:
        part["more"] = [CHANGED]
    part |= _overruled(said, told)
    if said.status == "right":
        return part
    if looks_copied:
        part["more"] = [COPIED, *part["more"]]
    part["hint"] = render(exercise.hint)
    part["chapter"] = _chapter(exercise.chapter)
    part["link"] = f"{course.book.rstrip('/')}/book/{exercise.chapter}.html"
    return part


def _verdict(said: Verdict) -> str:
    return f"**{VERDICTS[said.status]}** {short(said.message, LONGEST_MESSAGE)}"


def _overruled(said: Verdict, told: str) -> dict:
    """Return what changes where a person gave other points than the program: neither praise nor blame of its own."""
    if said.judged in (None, said.earned):
        return {}
    verdict = f"**A person gave these points in place of {number(said.judged)}.** The program said: {told}"
    return {"mood": "", "verdict": render(verdict), "more": []}


def _written(said: Verdict) -> dict:
    """Return what the page says of a written answer, which is Markdown as in the notebook."""
    part = {"answer": "", "written": render(said.answer)}
    if said.earned is None:
        told = f"**Not graded yet.** {NO_PLACE if said.is_elsewhere else 'A person has still to read this answer.'}"
        return part | {"mood": "wait", "verdict": render(told)}
    if said.status == "unanswered":
        return part | {"mood": "bad", "verdict": render(_verdict(said))} | _overruled(said, _verdict(said))
    told = f"**Graded.** {ELSEWHERE if said.is_elsewhere else 'A person read this answer.'}"
    return part | {"mood": "good", "verdict": render(told), "more": []}


def _standing(course: Course, assignment: Assignment, numbers: Numbers, result: Result) -> Standing:
    """Say how a submission went, in words for its author."""
    score = f"{number(result.score)} of {points(result.maximum)}" if result.score is not None else "No score"
    waiting = [one.id for one in result.verdicts if one.earned is None]
    names = _names(assignment, numbers, result)
    more = [_lateness(result)] if result.late_days else []
    if waiting:
        whose = "Its points are" if len(waiting) == 1 else "Their points are"
        more.insert(0, f"A person has still to look at {_listed(names, waiting)}. {whose} not in the score yet.")
    if result.score is None and result.ended != "missing":
        more.insert(0, "Nothing could be judged. That is not a zero: the score is open.")
    if result.ended in ("timed out", "crashed"):
        empty = [one.id for one in result.verdicts if one.status == "unanswered"]
        more.insert(0, "What stopped was left out, and the answers of the other cells count.")
        if empty:
            more.insert(1, f"No answer was found for {_listed(names, empty)}.")
    match result.ended:
        case "timed out":
            limits = course.limits
            advice = [
                "Open your notebook, restart the kernel and run all cells from the top.",
                f"No cell may take more than {limits.cell_seconds:g} seconds, and the whole notebook no more than "
                f"{limits.total_seconds:g}.",
                "Look for a loop that never ends, for input(), which waits for somebody, and for work that was for "
                "trying out only: delete that cell.",
            ]
            return Standing(score, "Timed out:", result.note, more, [*advice, AGAIN])
        case "crashed":
            advice = [
                "Open your notebook, restart the kernel and run all cells from the top.",
                "Delete what ends Python: exit(), quit(), sys.exit(), os._exit().",
                f"Look for an array or a list that grows without end: the notebook may use "
                f"{course.limits.memory // 2**20} MB.",
            ]
            return Standing(score, "Stopped:", result.note, more, [*advice, AGAIN])
        case "unreadable":
            advice = [
                f"Hand in the notebook itself, {assignment.name}.ipynb, saved by Jupyter: no PDF, no page, no link.",
                f"If it has more than {LARGEST // 2**20} MB, clear its outputs (Edit, Clear Outputs of All Cells), "
                "save it, and look at its size again.",
                "Open the file that you handed in once more in Jupyter. If it does not open there, it is damaged.",
            ]
            return Standing(score, "Your file could not be read:", result.note, more, [*advice, AGAIN])
        case "missing":
            advice = ["If you did hand in, keep your file as it is and write to your instructor."]
            return Standing(score, "Nothing came in your name.", "", more, advice)
    if waiting:
        return Standing(score, "Not final yet.", "", more)
    return Standing(score, "Graded.", "Every answer has been judged.", more)


def _lateness(result: Result) -> str:
    days = f"{result.late_days} day{'s' * (result.late_days != 1)}"
    lost = min(1.0, result.late_per_day * result.late_days)
    told = f"It came late: {days} begun after the deadline."
    if result.earned is None or not lost:
        return told if lost else f"{told} That costs nothing here."
    return f"{told} That costs {lost:.0%} of the {points(result.earned)} that you earned."


def _names(assignment: Assignment, numbers: Numbers, result: Result) -> dict[str, str]:
    """Return what each exercise is called on the page."""
    return {
        one.id: f"{place}. {'Written answer' if one.text else numbers.exercise(result.student, one.id).title}"
        for place, one in enumerate(assignment.exercises, 1)
    }


def _listed(names: dict[str, str], ids: list[str]) -> str:
    return ", ".join(f"\N{LEFT DOUBLE QUOTATION MARK}{names[id]}\N{RIGHT DOUBLE QUOTATION MARK}" for id in ids)


@cache
def _chapter(stem: str) -> str:
    """Return the title of a chapter of the book."""
    lines = (ROOT / "book" / f"{stem}.md").read_text("utf8").splitlines()
    return next(line.removeprefix("# ") for line in lines if line.startswith("# "))
