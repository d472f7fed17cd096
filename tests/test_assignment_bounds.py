"""What a notebook could take without end, from the grader or from the machine, has a bound."""

import os
import subprocess
import sys

import pytest

from assignments import ROOT


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
