"""What a notebook could take without end, from the grader or from the machine, has a bound."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import attacked_course
import pytest

from assignments import ROOT, fence, life
from assignments.fence import MEGABYTE, SandboxMissingError, require_sandbox
from assignments.grade import grade


@pytest.fixture(params=["as it is", "ordinary"])
def user(request, monkeypatch):
    """Make the sandbox as whoever runs the tests, and as a user who needs a namespace for that."""
    if request.param == "ordinary":
        monkeypatch.setattr(os, "geteuid", lambda: 1000)


DEAF = """
import fcntl, json, os, signal, time
signal.setitimer(signal.ITIMER_REAL, 0)
{fill}
def tell(**said): os.write(4, b"\\n" + json.dumps(said).encode() + b"\\n")
tell(said="answer", name="told", function=True)
tell(said="done", number=0)
tell(said="cells done")
for number in range(1, 60):
    tell(said="result", number=number, value=1.0)
while True:
    try: time.sleep(3600)
    except BaseException: pass
"""
SMALL_PIPE = "fcntl.fcntl(3, 1031, 4096)"
FULL_PIPE = """
other_end = os.open("/proc/self/fd/3", os.O_WRONLY | os.O_NONBLOCK)
try:
    while True: os.write(other_end, b" ")
except BlockingIOError: pass
"""


@pytest.mark.parametrize(("fill", "ordinary"), [(SMALL_PIPE, False), (FULL_PIPE, True)], ids=["small", "full"])
def test_a_notebook_that_does_not_listen_runs_out_of_time(fill, ordinary):
    job = f"""
import os
{"os.geteuid = lambda: 1000" * ordinary}
from assignments.fence import Limits, MEGABYTE
from assignments.sandbox import run_notebook
limits = Limits(cell_seconds=1, total_seconds=4, memory=768 * MEGABYTE)
hidden = {{"told": [([0.5] * 1000,)] * 20}}
run = run_notebook([{DEAF.format(fill=fill)!r}], ["told"], hidden, limits=limits)
print(run.answers, run.out_of_time, run.ended, run.results["told"][-1])
"""
    # where the grader waits for ever, only a time outside of it ends the test
    told = subprocess.run([sys.executable, "-c", job], cwd=ROOT, capture_output=True, text=True, timeout=60)
    answers, ended = "{'told': {'function': True}}", "A cell did not stop within 1 s."
    assert told.stdout == f"{answers} True {ended} {{'problem': 'OutOfTime'}}\n", told.stderr


@pytest.fixture
def three(tmp_path):
    """Return the course and the assignment of three students who hand in one right answer."""
    course, assignment = attacked_course.make(tmp_path / "course", ["ann", "bob", "cleo"])
    for student in course.roster:
        attacked_course.hand_in(course, assignment, student, "answer_optimization_3 = TRUTH")
    return course, assignment


@pytest.fixture
def killed(monkeypatch):
    """Return a set of the processes, by their place in the order of starts, that are killed while they start."""
    places, started, start = set(), [], life.Life.__init__

    def begin(self, *arguments):
        start(self, *arguments)
        started.append(self.process.pid)
        if len(started) in places:
            os.kill(self.process.pid, signal.SIGKILL)

    monkeypatch.setattr(life.Life, "__init__", begin)
    return places


def test_a_process_that_is_killed_while_it_starts_is_started_again(three, killed):
    killed.update({2, 3})
    assert [one.score for one in grade(*three, jobs=1).values()] == [4, 4, 4]


def test_a_submission_that_cannot_be_started_stops_no_other_and_is_tried_next_time(three, killed):
    killed.update({2, 3, 4})
    results = grade(*three, jobs=1)
    assert [one.status for one in results.values()] == ["graded", "crashed", "graded"]
    assert results["bob"].note.startswith("Its process could not be started, 3 times in a row")
    killed.clear()
    assert [one.score for one in grade(*three, jobs=1).values()] == [4, 4, 4]


def test_where_no_submission_could_start_nothing_goes_on(three):
    course, assignment = three
    course = replace(course, limits=replace(course.limits, memory=20 * MEGABYTE))
    with pytest.raises(SandboxMissingError, match="are 20 MB of memory too little"):
        grade(course, assignment, jobs=1)
    assert not (course.path / "graded").exists()


def test_a_sandbox_that_does_not_start_in_time_is_told(monkeypatch, tmp_path):
    slow = tmp_path / "bwrap"
    slow.write_text("#!/bin/sh\nexec sleep 20\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(fence, "TRIAL", 0.1)
    with pytest.raises(SandboxMissingError, match=r"more than 0\.1 s to start"):
        require_sandbox()
