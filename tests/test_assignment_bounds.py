"""What a notebook could take without end, from the grader or from the machine, has a bound."""

import os
import re
import signal
import struct
import subprocess
import sys
from dataclasses import replace
from errno import ENOTSUP, EPERM
from pathlib import Path

import attacked_course
import pytest

from assignments import ROOT, fence, life, system_calls
from assignments.fence import MEGABYTE, Limits, SandboxMissingError, require_sandbox
from assignments.grade import grade
from assignments.sandbox import run_notebook

LIMITS = Limits(cell_seconds=10, total_seconds=40, memory=768 * MEGABYTE, disk=4 * MEGABYTE, processes=16)


def told(source):
    """Run one cell and return what it calls `told`."""
    run = run_notebook([source], ["told"], limits=LIMITS)
    assert "value" in run.answers.get("told", ()), run
    return run.answers["told"]["value"]


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


def test_the_grader_does_not_look_at_each_byte_that_is_said(monkeypatch):
    """It would take all of its time, and that of the submissions beside this one."""
    looks, read, listen = [], life._read, life.Life._listen
    monkeypatch.setattr(life, "_read", lambda line: looks.append("line") or read(line))
    monkeypatch.setattr(life.Life, "_listen", lambda self: looks.append("part") or listen(self))
    source = """
import os
told = 0
for _ in range(20_000):
    told += os.write(4, b"x\\n")
    for _ in range(200): pass"""
    assert told(source) == 40_000
    assert looks.count("line") < 100
    assert looks.count("part") < 2_000


def test_a_process_that_is_gone_is_not_waited_for_where_its_child_holds_the_line():
    source = "import os, time\nif os.fork(): os._exit(0)\ntime.sleep(4)"
    run = run_notebook([source], [], limits=Limits(cell_seconds=3, total_seconds=20), trusted=True)
    assert (run.ended, run.out_of_time) == ("A cell ended the notebook's process.", False)


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
            os.killpg(self.process.pid, signal.SIGKILL)  # bubblewrap, and its child before that follows it

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


# Memory that no process holds: each action would take some, and the number is that of the error.

BOUNDLESS = {
    "shared mapping": ("mmap.mmap(-1, 4096)", EPERM),
    "shared mapping, validated": ("mmap.mmap(-1, 4096, flags=0x03)", EPERM),
    "zero, to write": ("mmap.mmap(os.open('/dev/zero', os.O_RDWR), 4096)", 13),
    "zero, to read": ("mmap.mmap(os.open('/dev/zero', os.O_RDONLY), 4096, prot=1)", 13),
    "full": ("mmap.mmap(os.open('/dev/full', os.O_RDWR), 4096)", 19),
    "vmsplice": ("call({vmsplice}, pipe[1], 0, 0, 0)", EPERM),
    "splice": ("os.splice(file, pipe[1], 10)", EPERM),
    "tee": ("call({tee}, pipe[0], pipe[1], 10, 0)", EPERM),
    **{f"option {one}": (f"pair[0].setsockopt(1, {one}, 2**22)", EPERM) for one in (7, 8, 32, 33)},
    "setxattr": ("os.setxattr('/tmp/file', 'user.x', b'')", ENOTSUP),
    "lsetxattr": ("os.setxattr('/tmp/file', 'user.x', b'', follow_symlinks=False)", ENOTSUP),
    "fsetxattr": ("os.setxattr(file, 'user.x', b'')", ENOTSUP),
    "setxattrat": ("call({setxattrat}, -100, b'/tmp/file', 0, b'user.x', 0, 16)", ENOTSUP),
    "io_setup": ("call({io_setup}, 16, ctypes.create_string_buffer(8))", EPERM),
}


@pytest.mark.usefixtures("user")
def test_memory_that_no_process_holds_is_refused():
    numbers = system_calls.NUMBERS[os.uname().machine]
    source = f"""
import ctypes, mmap, os, socket
pipe, pair, file = os.pipe(), socket.socketpair(), os.open("/tmp/file", os.O_RDWR | os.O_CREAT)
def call(*arguments):
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(*arguments) == -1:
        raise OSError(ctypes.get_errno(), "")
def error(action):
    try: eval(action)
    except OSError as error: return error.errno
told = [error(action) for action in {[action.format(**numbers) for action, _ in BOUNDLESS.values()]!r}]
"""
    expected = {name: error for name, (_, error) in BOUNDLESS.items()}
    assert dict(zip(BOUNDLESS, told(source), strict=True)) == expected


def test_what_ordinary_code_does_with_memory_files_and_sockets_goes_on():
    source = """
import asyncio, mmap, multiprocessing, shutil, subprocess
from multiprocessing.shared_memory import SharedMemory
import matplotlib.pyplot as plt
import numpy as np
import scipy.optimize
np.save("/tmp/values.npy", np.arange(1000.0))
mapped = np.load("/tmp/values.npy", mmap_mode="r+")
mapped[0] = 7
mapped.flush()
told = [np.load("/tmp/values.npy")[0]]
with mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE) as private:
    told.append(len(private))
value, context = multiprocessing.Value("d", 2.0), multiprocessing.get_context("fork")
def double(other):
    value.value *= 2
    other.send(1)
here, there = context.Pipe()
child = context.Process(target=double, args=(there,))
child.start()
told.append(here.recv())
child.join()
told.append(value.value)
shared = SharedMemory(create=True, size=4096)
told.append(shared.size)
shared.close()
shared.unlink()
shutil.copy2("/tmp/values.npy", "/tmp/copy.npy")
told.append(subprocess.run(["cp", "-a", "/tmp/copy.npy", "/tmp/again.npy"]).returncode)
async def later():
    await asyncio.sleep(0)
    return 3
with asyncio.Runner() as runner:
    told.append(runner.run(later()))
plt.plot([1, 2])
plt.savefig("/tmp/figure.png")
told.append(round(scipy.optimize.minimize_scalar(lambda x: (x - 5) ** 2).x, 3))
told.append(float(np.linalg.norm(np.ones((300, 300)) @ np.ones((300, 300))) > 0))
"""
    assert told(source) == [7, 4096, 1, 4, 4096, 0, 3, 5, 1]


def test_memory_in_shared_mappings_cannot_pass_the_bound():
    """Where it could, each part would be filled and then be in no process: 1 GB against a bound of 768 MB."""
    source = """
import mmap, os
kept, told = [], 0
for place in range(20):
    try: one = mmap.mmap(-1, 50 * 2**20)
    except PermissionError: continue
    one.write(b"x" * len(one))
    one.madvise(mmap.MADV_DONTNEED)
    kept.append(one)
told = len(kept)
"""
    assert told(source) == 0


def verdict(machine, number, *arguments):
    """Run the filter as the kernel does on one call, and return what it comes to."""
    steps = list(struct.iter_unpack("HBBI", system_calls.program(machine)))
    data = struct.pack("<IIQ6Q", number, system_calls.MACHINES[machine], 0, *arguments, *[0] * (6 - len(arguments)))
    value, place = 0, 0
    while True:
        code, yes, no, operand = steps[place]
        place += 1
        match code:
            case system_calls.LOAD:
                (value,) = struct.unpack_from("<I", data, operand)
            case system_calls.END:
                return operand
            case _:
                true = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[code]
                place += yes if true else no


@pytest.mark.parametrize("machine", system_calls.NUMBERS)
def test_the_filter_of_each_machine_refuses_by_what_a_call_is_given(machine):
    numbers, allow, fail = system_calls.NUMBERS[machine], system_calls.ALLOW, system_calls.FAIL
    for flags, error in ((0x01, 0), (0x02, 0), (0x22, 0), (0x4022, 0), (0x03, 0), (0x21, EPERM), (0x8021, EPERM)):
        expected = fail | error if error else allow
        assert verdict(machine, numbers["mmap"], 0, 4096, 3, flags, 2**32 - 1, 0) == expected, hex(flags)
    for option in range(70):
        expected = fail | EPERM if option in (7, 8, 32, 33) else allow
        assert verdict(machine, numbers["setsockopt"], 3, 1, option) == expected, option
    assert verdict(machine, numbers["clone"], 0x10000011) == fail | EPERM
    assert verdict(machine, numbers["clone"], 0x11) == allow
    assert verdict(machine, numbers["socket"], 1) == allow
    assert verdict(machine, numbers["socket"], 2) != allow
    asked = {"clone", "socket", "mmap", "setsockopt"}
    for number in range(600):
        refused = number in [one for name, one in numbers.items() if name not in asked]
        assert (verdict(machine, number) != allow) == (refused or number == numbers["socket"]), number


TABLES = {"x86_64": "x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "asm-generic/unistd.h"}


@pytest.mark.parametrize("machine", TABLES)
def test_the_numbers_of_calls_are_those_of_the_kernel(machine):
    table = Path("/usr/include", TABLES[machine])
    if not table.exists():
        pytest.skip("the kernel's tables are not on this machine")
    found = re.findall(r"^#define __NR(?:3264)?_(\w+) (\d+)$", table.read_text("ascii"), re.MULTILINE)
    known = {name: int(number) for name, number in found}
    ours = system_calls.NUMBERS[machine]
    assert {name: known.get(name, number) for name, number in ours.items()} == ours
    assert len(ours.keys() & known.keys()) > 20
