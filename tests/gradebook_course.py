"""What the tests of the gradebook share: submissions, what grading says of them, and the grading environment."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from assignments import ROOT
from assignments.course import Course, create_course, open_course, read_assignment
from assignments.notebooks import student_notebook
from assignments.numbers import Numbers
from assignments.results import Result, Verdict

PYTHON = ROOT / ".venv-grading/bin/python"
HOSTILE = (
    r"""<script>window.ran = 1</script><img src=x onerror="window.ran = 2">[link](javascript:window.ran=3)

</pre></textarea></style><script>window.ran = 4</script>

```
<iframe srcdoc="<script>parent.ran = 5</script>"></iframe>
```
~~~
$\href{javascript:window.ran=6}{x}$ $$ <script>window.ran = 7</script> $$ ![x](attachment:x.svg)
\begin{align} <svg onload="window.ran = 8"> \end{align}
{{ 7 * 7 }} {% raw %}
"""
    + "\u202e turned \ud800 half \x00 none &lt;script&gt;"
)
FORWARD = "The forward one."


class Worker:
    """Functions of gradebook_worker.py, called in the grading environment."""

    def __init__(self):
        command = [PYTHON, "-W", "error", ROOT / "tests/gradebook_worker.py"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": os.defpath}  # alembic is not on the path
        self.process = subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def __getattr__(self, name):
        def call(*arguments):
            asked = json.dumps([name, [str(one) if isinstance(one, Path) else one for one in arguments]])
            print(asked, file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
            said = json.loads(line) if line else {"error": "died", "trace": self.process.stderr.read()}
            if "error" in said:
                raise RuntimeError(said["error"] + "\n" + said["trace"])
            return said["value"]

        return call


@contextmanager
def working() -> Iterator[Worker]:
    """Have a worker; what it says besides its answers is an error."""
    if not PYTHON.exists():
        pytest.fail("These tests need the environment of grading: make .venv-grading/installed")
    worker = Worker()
    yield worker
    _, noise = worker.process.communicate()
    assert not noise, "the commands of an instructor are quiet"


def make(folder: Path) -> Course:
    """Make a course of three, of whom Ann and Bob handed in the week's notebook."""
    path = create_course(folder).path
    (path / "roster.csv").write_text('id,name,email\nann,Ann Mary Doe,ann@x\nbob,"Roe, Bob",bob@x\ncy,Cy,cy@x\n')
    course = open_course(path)
    for student in ("ann", "bob"):
        hand_in(course, student)
    return course


def hand_in(course: Course, student: str, written: str = FORWARD, code: str = "answer_coding_3 = 0.3", **more):
    """Write a submission; `more` changes its first cells."""
    asked = read_assignment(course, "week1")
    notebook = student_notebook(Numbers(course, asked), course.roster[student])
    for cell in notebook.cells:
        if cell.id == "answer-coding-3":
            cell.source = code
        if cell.id == "answer-written-1":
            cell.source = f"**Answer 3**\n\n{written}"
    for index, name in enumerate(more):
        notebook.cells[index].update(more[name])
    file = course.path / "submitted" / student / "week1/week1.ipynb"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(notebook))
    (file.parent / "timestamp.txt").write_text("2030-01-30T10:00:00.123456+02:00\n")


def result(student: str, written: str = FORWARD, earned: float = 1.0) -> dict:
    """Return what grading says of a submission."""
    verdicts = [
        Verdict("coding-3", 2.0, earned, "mistake", "Not in nats.", "nats", "0.3", 0.3),
        Verdict("coding-7", 3.0, 0.0, "unanswered", "There is no answer."),
        Verdict("written-1", 3.0, None if written else 0.0, "to grade" if written else "unanswered", "", "", written),
    ]
    return asdict(Result(student, 8.0, verdicts=verdicts))


def tree(folder: Path) -> dict[str, tuple]:
    """Return every file below a folder, with the time when it was written."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns) for file in files}
