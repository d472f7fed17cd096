"""From what came back to verdicts: run in the sandbox, compared here, kept one file a student.

A submission's process says what its answers are; whether they are right is decided in this process, with the numbers
that this student was given. Nothing is graded twice unless something that matters has changed.
"""

import builtins
import contextlib
import hashlib
import inspect
import logging
import re
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import cache
from pathlib import Path

import kltools
from assignments import ROOT, notebooks, sandbox
from assignments.arrival import late_days
from assignments.course import Assigned, Assignment, Course, CourseError, Student
from assignments.numbers import Numbers
from assignments.own_cells import naming, own_cells, stray_texts
from assignments.results import Failure, Result, Verdict, read_result, write_result
from kltools.exercises import Exercise, Feedback, FunctionExercise, NumberExercise

STARTS = 3  # of a submission's process
NOT_STARTED = f"Its process could not be started, {STARTS} times in a row: grade again when the machine has more room."
SHOWN_LINE = 80  # characters of a cell that tell its author which one it is
LONGEST = 200  # characters of an answer that are kept to be shown
LONGEST_CODE = 5000  # characters of a function's cells that are kept to be shown
STRAYS = "The place for this answer is empty. A person reads what else the notebook holds."
HARMLESS = re.compile(r"[\w ,.-]{0,40}")  # a text that nothing takes for markup
FAILURES = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)}


def grade(
    course: Course,
    assignment: Assignment,
    *,
    jobs: int = 2,
    trusted: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, Result]:
    """Grade what was collected and return the results by student; what has not changed is not run again.

    Each result is written to ``graded/NAME/STUDENT.json`` as soon as it is there, so that a run that was killed
    goes on where it stopped.

    Parameters
    ----------
    course : Course
        The course folder.
    assignment : Assignment
        What was asked.
    jobs : int
        Submissions that run at a time.
    trusted : bool
        Run without a sandbox, where there is none: only for a class that may do all that you may do here.
    progress : callable
        Told after each submission how many are done, of how many.

    Raises
    ------
    SandboxMissingError
        If there is no sandbox here and the class was not said to be trusted.
    """
    if not trusted:
        sandbox.require_sandbox(course.path, ROOT)
    results, students = {}, list(course.roster.values())
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(jobs) as pool:
        grader = _Grader(course, assignment, _package(Path(scratch)), trusted)
        todo = {pool.submit(grader.one, student): student for student in students}
        try:
            for done, task in enumerate(as_completed(todo), 1):
                results[todo[task].id] = task.result()
                progress(done, len(todo))
        finally:
            pool.shutdown(cancel_futures=True)
    return {student.id: results[student.id] for student in students}


def submission(course: Course, assignment: Assignment, student: Student) -> Path:
    """Return where a student's submission lies, as nbgrader has it."""
    return course.path / "submitted" / student.id / assignment.name / f"{assignment.name}.ipynb"


def refusals(file: Path) -> Path:
    """Return where it is noted that a student's file was too large to be taken."""
    return file.with_name("refused.txt")


def _package(folder: Path) -> Path:
    """Copy kltools without its exercises: a submission may use the package, needs no answers, and may call checks."""
    source, left_out = Path(kltools.__file__).parent, shutil.ignore_patterns("exercises", "__pycache__")
    shutil.copytree(source, folder / "kltools", ignore=left_out)
    shutil.copyfile(Path(__file__).with_name("silent_checks.py"), folder / "kltools" / "exercises.py")
    folder.chmod(0o755)  # the sandbox's user is another one
    return folder


class _Grader:
    """What all submissions of an assignment have in common."""

    def __init__(self, course: Course, assignment: Assignment, package: Path, trusted: bool):
        self.course, self.assignment, self.package, self.trusted = course, assignment, package, trusted
        self.numbers = Numbers(course, assignment)

    def one(self, student: Student) -> Result:
        """Grade one student's submission, or return the result that is kept if nothing has changed since."""
        file = submission(self.course, self.assignment, student)
        blank = Result(student.id, self.assignment.maximum, late_per_day=self.assignment.late_per_day)
        refused = refusals(file)
        if not file.exists():
            if refused.exists():
                return replace(blank, ended="unreadable", note=refused.read_text("utf8").splitlines()[-1])
            return replace(blank, ended="missing")
        fingerprint = self._fingerprint(student, file)
        late = late_days(self.assignment, student.id, file)
        kept = read_result(self.course, self.assignment, student.id)
        if kept is not None and kept.fingerprint == fingerprint:
            if kept.late_days != late:  # a deadline or a time was changed
                kept = replace(kept, late_days=late)
                write_result(self.course, self.assignment, kept)
            return kept
        try:
            result = self._started(student, file, blank)
        except notebooks.UnreadableError as error:
            result = replace(blank, ended="unreadable", note=str(error))
        except sandbox.NotStartedError:
            self._require_a_start()
            return replace(blank, ended="crashed", note=NOT_STARTED)
        except (CourseError, sandbox.SandboxMissingError):
            raise
        except Exception as error:  # a fault of ours that one submission brings out must not stop the others
            logging.getLogger(__name__).exception("%s could not be graded", file)
            return replace(
                blank, ended="crashed", note=f"The grader failed on this submission ({type(error).__name__})."
            )
        result = replace(result, late_days=late, fingerprint=fingerprint)
        write_result(self.course, self.assignment, result)
        return result

    def _started(self, student: Student, file: Path, blank: Result) -> Result:
        """Run a submission, and again if its process does not start: where memory runs out, the kernel may end it."""
        for _ in range(STARTS - 1):
            with contextlib.suppress(sandbox.NotStartedError):
                return self._run(student, file, blank)
        return self._run(student, file, blank)

    def _require_a_start(self) -> None:
        """Stop everything where no submission could start, as with too little memory for each."""
        if not self.trusted:
            sandbox.require_sandbox(self.course.path, ROOT)
        sandbox.run_notebook([], [], limits=self.course.limits, trusted=self.trusted)

    def _fingerprint(self, student: Student, file: Path) -> str:
        exercises = [self.numbers.exercise(student.id, one.id) for one in self.assignment.exercises if not one.text]
        released = notebooks.released_notebook(self.course, self.assignment, student)
        given = repr([[one.given for one in exercises], released.read_bytes() if released.exists() else b""])
        parts = [repr(self.assignment), repr(student), repr(self.course.limits), given, repr(self.trusted), _sources()]
        parts += [file.read_bytes(), self.course.secret]
        digest = hashlib.sha256()
        for part in parts:
            data = part if isinstance(part, bytes) else part.encode()
            digest.update(len(data).to_bytes(8) + data)
        return digest.hexdigest()

    def _run(self, student: Student, file: Path, blank: Result) -> Result:
        notebook = notebooks.read_submission(file)
        cells = notebooks.code_cells(notebook)
        asked = [one for one in self.assignment.exercises if not one.text]
        cases = {one.answer: self.numbers.hidden(student.id, one.id) for one in asked}
        run = sandbox.run_notebook(
            cells,
            cases.keys(),
            {name: inputs for name, inputs in cases.items() if inputs},
            limits=self.course.limits,
            package=self.package,
            trusted=self.trusted,
        )
        own = {cell.source for cell in own_cells(self.numbers, student, notebook) if cell.cell_type == "code"}
        failed = [(cells[place], error) for place, error in sorted(run.failed.items()) if cells[place] in own]
        failures = [(cell, Failure(_first_line(cell), error if error in FAILURES else "")) for cell, error in failed]
        written = {
            one.id: notebooks.written_answer(notebook, self.assignment, one.id)
            for one in self.assignment.exercises
            if one.text
        }
        strays = not all(written.values()) and stray_texts(self.numbers, student, notebook, written)
        verdicts = []
        for one in self.assignment.exercises:
            if one.text:
                verdicts.append(_written(one, written[one.id], bool(strays)))
                continue
            exercise = self.numbers.exercise(student.id, one.id)
            said, results = run.answers.get(one.answer), run.results.get(one.answer, [])
            verdict = _verdict(one, exercise, said, cases[one.answer], results)
            named = naming([cell for cell in cells if cell in own], one.answer)
            verdicts.append(_with_cells(verdict, said, named, failures))
        ended, note = _ending(run, cells)
        return replace(blank, ended=ended, note=note, verdicts=verdicts, failed=[failure for _, failure in failures])


@cache
def _sources() -> str:
    """Return what verdicts depend on besides the submission: the package and the grader themselves."""
    places = [Path(inspect.getfile(module)).parent for module in (kltools, sandbox)]
    return "\n".join(file.read_text("utf8") for place in places for file in sorted(place.rglob("*.py")))


def _ending(run: sandbox.Run, cells: list[str]) -> tuple[str, str]:
    """Return how a run ended, in one word and in a sentence or two, which tell the first cell that was left out."""
    if not run.ended:
        return "", ""
    line = _first_line(cells[run.cell]) if run.cell in range(len(cells)) else ""
    told = f" It is the code cell that begins: {line}" if line else ""
    return ("timed out" if run.out_of_time else "crashed"), run.ended + told


def _first_line(cell: str) -> str:
    return cell.strip().splitlines()[0][:SHOWN_LINE]


def _written(one: Assigned, text: str, strays: bool) -> Verdict:
    if not text and strays:
        return Verdict(one.id, one.points, None, "to grade", STRAYS)
    if not text:
        return Verdict(one.id, one.points, 0.0, "unanswered")
    return Verdict(one.id, one.points, None, "to grade", "A person reads this answer.", answer=text)


def _verdict(one: Assigned, exercise: Exercise, said: dict | None, cases, results) -> Verdict:
    """Judge what a process said of one answer. No message holds words of the process's own."""
    shown, value = "", None
    if said is None:
        feedback = Feedback("unanswered", "")
    elif cases is not None:
        shown = "a function" if said.get("function") else _shown(said)
        feedback = _judge_function(exercise, said, cases, results)
    elif said.get("function"):
        shown, feedback = (
            "a function",
            Feedback("invalid", "A function is no answer here: the question asks for a value."),
        )
    elif "problem" in said:
        shown, feedback = _shown(said), Feedback("invalid", "It is neither numbers nor a text, or it is too large.")
    else:
        answer = said["value"]
        shown, feedback = _shown(said), exercise.check(answer)
        if isinstance(exercise, NumberExercise) and feedback.status not in ("invalid", "unanswered"):
            value = float(_alone(answer))  # the bank takes [0.5] and ["0.5"] for a number, too
        if feedback.status == "invalid" and not all(map(HARMLESS.fullmatch, _texts(answer))):
            feedback = replace(feedback, message="It does not have the form that the question describes.")
    share = 1.0 if feedback.status == "right" else one.partial if _is_partly_right(feedback) else 0.0
    return Verdict(
        one.id, one.points, one.points * share, feedback.status, feedback.message, feedback.mistake, shown, value
    )


def _with_cells(verdict: Verdict, said: dict | None, named: list[str], failures: list[tuple[str, Failure]]) -> Verdict:
    """Say what the cells that name an answer tell of it: why there is none, or the code of a function."""
    if said is None:
        failure = next((failure for cell, failure in failures if cell in named), None)
        return replace(verdict, message=f"The cell that names it ended with {failure.told}.") if failure else verdict
    return replace(verdict, code="\n\n".join(named)[:LONGEST_CODE]) if said.get("function") else verdict


def _is_partly_right(feedback: Feedback) -> bool:
    """Whether an answer earns partial credit: for a known mistake, and not for the question's own code unchanged."""
    return feedback.status == "mistake" and feedback.mistake != "unchanged"


def _shown(said: dict) -> str:
    """Return an answer as it is shown to a person: a list or a text as it is written, a problem in its words."""
    return (repr(said["value"]) if "value" in said else str(said.get("problem", "")))[:LONGEST]


def _texts(answer) -> list[str]:
    """Return every text of an answer, which a message of the bank may repeat."""
    if isinstance(answer, dict):
        answer = [*answer, *answer.values()]
    if isinstance(answer, list):
        return [text for part in answer for text in _texts(part)]
    return [answer] if isinstance(answer, str) else []


def _judge_function(exercise: FunctionExercise, said: dict, cases, results) -> Feedback:
    """Judge a function by what it returned on hidden inputs, which no message shows."""
    if not said.get("function"):
        return Feedback("invalid", "The question asks for a function, and the answer is none.")
    problem = next((result["problem"] for result in results if "problem" in result), None)
    if problem == "OutOfTime":
        return Feedback("invalid", "On an input of the kind that the question describes it takes too long.")
    if problem is not None:
        # the name of an error of the student's own could tell a hidden input
        told = f" ({problem})" if problem in FAILURES else ""
        return Feedback("invalid", f"On an input of the kind that the question describes it fails{told}.")
    if len(results) != len(cases):
        return Feedback("invalid", "The function was not called: the notebook's time was over.")
    values = [_alone(result.get("value")) for result in results]
    if any(isinstance(value, str | bool | list | dict) for value in values):
        return Feedback("invalid", "On an input of the kind that the question describes it returns no number.")
    if None in values:
        return Feedback("unanswered", "The function returns nothing.")
    each = iter(values)
    return replace(exercise, cases=cases, **exercise.templates).check(lambda *_: next(each))


def _alone(value):
    """Return the only entry of a list, however deep, as it is."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value
