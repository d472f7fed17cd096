"""What a process in the sandbox can see and do: nothing of the course, the machine, the network or its neighbors."""

import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import attacked_course
import pytest

from assignments import ROOT, life, system_calls
from assignments.fence import MEGABYTE, Limits, SandboxMissingError, require_sandbox
from assignments.grade import grade
from assignments.sandbox import run_notebook

SMALL = Limits(cell_seconds=10, total_seconds=40, memory=768 * MEGABYTE, disk=4 * MEGABYTE, processes=16)


def told(source, trusted=False, limits=SMALL):
    """Run one cell and return what it calls `told`."""
    run = run_notebook([source], ["told"], limits=limits, trusted=trusted)
    assert "told" in run.answers, run
    return run.answers["told"].get("value")


@pytest.fixture(params=["as it is", "ordinary"])
def user(request, monkeypatch):
    """Make the sandbox as whoever runs the tests, and as a user who needs a namespace for that."""
    if request.param == "ordinary":
        monkeypatch.setattr(os, "geteuid", lambda: 1000)


@pytest.mark.usefixtures("user")
def test_nothing_of_the_course_the_repository_or_a_home_can_be_found(tmp_path):
    course, _ = attacked_course.make(tmp_path / "course", ["ann", "bob"])
    for name in ("gradebook.db", "submitted/bob/week1/week1.ipynb", "release/bob/week1.ipynb", "numbers/week1.json"):
        (course.path / name).parent.mkdir(parents=True, exist_ok=True)
        (course.path / name).write_text("a secret")
    hidden = [
        str(file) for folder in (course.path, ROOT / "kltools", ROOT / "assignments") for file in folder.rglob("*")
    ]
    homes = [str(Path.home()), "/root", "/home", "/etc/passwd", "/etc/hostname", "/var", "/sys", str(tmp_path)]
    source = f"""
import os
told = [name for name in {hidden!r} if os.path.lexists(name)]
told += [os.path.join(name, each) for name in {homes!r} if os.path.isdir(name) for each in os.listdir(name)]
told += [name for name in {homes!r} if os.path.isfile(name)]
told += [name for name in ("/proc/1/root/tmp", "/tmp") if os.path.isdir(name) and os.listdir(name)]
"""
    needed = [str(place) for place in (Path(sys.prefix), Path(sys.base_prefix).resolve())]
    shown = [name for name in told(source) if not any(place.startswith(name) for place in needed)]
    assert shown == ["/home/student"]
    assert len(hidden) > 60


def test_the_exercises_are_not_in_the_package_that_a_notebook_may_use(tmp_path):
    course, assignment = attacked_course.make(tmp_path / "course", ["ann"])
    course = replace(course, limits=Limits())
    attack = """
import kltools, os
found = [name for name in os.listdir(kltools.__path__[0]) if name == "exercises"]
try:
    import kltools.exercises.coding
    found.append("imported")
except ImportError: pass
answer_optimization_3 = float(kltools.kl_divergence([0.5, 0.5], [0.5, 0.5])) if not found else str(found)"""
    attacked_course.hand_in(course, assignment, "ann", attack)
    assert grade(course, assignment)["ann"].verdicts[1].answer == "0.0"


@pytest.mark.usefixtures("user")
def test_the_environment_is_empty_in_every_process(monkeypatch):
    monkeypatch.setenv("A_KEY_OF_THE_INSTRUCTOR", "a secret")
    source = """
import glob, os
told = [key for key in os.environ]
for name in glob.glob("/proc/[0-9]*/environ"):
    try:
        told += [entry.partition("=")[0] for entry in open(name).read().split(chr(0)) if entry]
    except OSError: pass
"""
    known = {"HOME", "PATH", "LANG", "PWD", "MPLBACKEND", "MPLCONFIGDIR", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX"}
    extra = {"PYTHONDONTWRITEBYTECODE", "PAGER", "GIT_PAGER", "CLICOLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "TERM"}
    assert set(told(source)) <= known | extra | {"LC_CTYPE", "COLUMNS", "LINES", "MANPAGER"}


@pytest.mark.usefixtures("user")
def test_no_other_process_is_seen_or_reached():
    source = f"""
import glob, os
told = [open(name).read().split(chr(0))[0] for name in glob.glob("/proc/[0-9]*/cmdline")]
try:
    os.kill({os.getpid()}, 0)
    told.append("reached")
except (ProcessLookupError, PermissionError): pass
"""
    assert {Path(name).name for name in told(source)} == {Path(sys.executable).name}


@pytest.mark.usefixtures("user")
def test_no_socket_leads_anywhere(tmp_path):
    with (
        socket.socket() as listening,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        listening.bind(("127.0.0.1", 0))
        named.bind(str(tmp_path / "socket"))
        abstract.bind(f"\0kltools-{os.getpid()}")
        for server in (listening, named, abstract):
            server.listen()
        source = f"""
import socket, urllib.request
told = []
def attempt(name, action):
    try:
        action()
        told.append(name)
    except OSError: pass
attempt("port", lambda: socket.create_connection(("127.0.0.1", {listening.getsockname()[1]}), 1))
attempt("name", lambda: socket.getaddrinfo("localhost.example", 80))
attempt("page", lambda: urllib.request.urlopen("http://127.0.0.1:{listening.getsockname()[1]}/", timeout=1))
for name in ({str(tmp_path / "socket")!r}, chr(0) + "kltools-{os.getpid()}"):
    attempt(name, lambda: socket.socket(socket.AF_UNIX).connect(name))
for family in range(2, 46):
    attempt(f"family {{family}}", lambda: socket.socket(family, socket.SOCK_DGRAM))
one, other = socket.socketpair()
"""
        assert told(source) == []


CALLS = {
    "unshare": "unshare(0x10000000)",
    "unshare-mount": "unshare(0x20000)",
    "memfd_create": "memfd_create(b'x', 0)",
    "shmget": "shmget(0, 4096, 0o1777)",
    "semget": "semget(0, 1, 0o1777)",
    "msgget": "msgget(0, 0o1777)",
    "setsid": "setsid()",
    "mount": "mount(b'none', b'/tmp', b'tmpfs', 0, None)",
    "clone": "syscall({clone}, 0x10000000 | 17, 0, 0, 0, 0)",
    "clone3": "syscall(435, 0, 0)",
    "keyctl": "syscall({keyctl}, 0, -3, 0)",
    "io_uring_setup": "syscall(425, 1, ctypes.byref(ctypes.create_string_buffer(120)))",
    "setuid": "setuid(12345)",
    "chroot": "chroot(b'/tmp')",
}


@pytest.mark.usefixtures("user")
def test_the_kernel_refuses_what_would_have_no_bound():
    numbers = system_calls.NUMBERS[os.uname().machine]
    calls = [call.format(**numbers) for call in CALLS.values()]
    source = f"""
import ctypes, os
library = ctypes.CDLL(None, use_errno=True)
def result(call):
    child = os.fork()  # where one succeeds, it may change what the others can do
    if not child:
        os._exit(eval(call, {{"ctypes": ctypes}}, Library()) != -1)
    return os.waitpid(child, 0)[1]
class Library(dict):
    def __missing__(self, name): return getattr(library, name)
told = [result(call) for call in {calls!r}]
"""
    assert dict(zip(CALLS, told(source), strict=True)) == dict.fromkeys(CALLS, 0)


@pytest.mark.usefixtures("user")
def test_no_process_inside_is_without_the_filter():
    source = """
import glob
told = [line.split()[1] for name in glob.glob("/proc/[0-9]*/status") for line in open(name) if "Seccomp:" in line]
"""
    assert set(told(source)) == {"2"}


@pytest.mark.usefixtures("user")
def test_the_first_process_is_out_of_reach():
    source = """
import ctypes, os
told = [ctypes.CDLL(None).ptrace(request, 1, 0, 0) for request in (16, 0x4206)]
for name in ("mem", "environ", "fd/0"):
    try: told.append(len(open(f"/proc/1/{name}", "rb").read(1)))
    except OSError: told.append(-1)
os.kill(1, 9)
os.kill(1, 15)
"""
    assert told(source) == [-1] * 5


@pytest.mark.usefixtures("user")
def test_every_folder_that_can_be_written_has_a_bound():
    source = """
import os
told = []
for line in open("/proc/self/mounts"):
    folder, kind = line.split()[1:3]
    try:
        with open(folder + "/try", "wb") as file:
            size = 0
            while size < 40:
                size += file.write(bytes(2**20)) / 2**20
    except OSError: pass
    if os.path.exists(folder + "/try"):
        told.append([folder, os.path.getsize(folder + "/try") // 2**20])
"""
    written = dict(told(source))
    assert written.keys() == {"/dev/shm", "/home/student", "/tmp"}
    assert max(written.values()) == 4


def test_what_needs_several_processes_or_threads_works():
    source = """
import multiprocessing, subprocess, concurrent.futures, time
with multiprocessing.get_context("fork").Pool(3) as pool:
    told = [sum(pool.map(abs, [1, -2]))]
with concurrent.futures.ThreadPoolExecutor(3) as pool:
    told.append(sum(pool.map(abs, [3, -4])))
told.append(int(subprocess.run(["echo", "5"], capture_output=True).stdout))
"""
    assert told(source) == [3, 7, 5]


def test_processes_that_share_their_memory_count_it_once():
    source = """
import os, time
shared = b"1" * (200 * 2**20)
children = []
for _ in range(8):
    child = os.fork()
    if not child:
        time.sleep(1)
        os._exit(0)
    children.append(child)
told = [os.waitpid(child, 0)[1] for child in children]
"""
    assert told(source) == [0] * 8


def test_memory_behind_a_thread_that_has_ended_counts():
    source = """
import ctypes, os, threading, time
def hold():
    time.sleep(0.5)
    memory.append(b"1" * (250 * 2**20))
    time.sleep(60)
memory, leave = [], {"x86_64": 60, "aarch64": 93}[os.uname().machine]
for _ in range(5):
    if not os.fork():
        threading.Thread(target=hold).start()
        ctypes.CDLL(None).syscall(leave, 0)
time.sleep(60)
"""
    run = run_notebook([source], [], limits=SMALL)
    assert (run.ended, run.out_of_time) == ("The notebook took more than 768 MB of memory.", False)


def test_nothing_outlives_its_notebook():
    source = "import os, time\nif not os.fork(): time.sleep(3600)\ntold = 1"
    before = set(life.family(os.getpid()))
    assert told(source) == 1
    left = {one for one in life.family(os.getpid()) if one not in before}
    assert not left


BUSY = """
import os
for _ in range(14):
    try:
        if not os.fork():
            while True: pass
    except OSError: pass
while True: pass"""
WORK = "import time\nbegan = time.process_time()\nwhile time.process_time() < began + 0.5: pass\ntold = 1"


def test_many_busy_processes_leave_a_neighbor_its_time():
    """A neighbor with half a second of work would need ten among fifteen equals on two processors."""
    busy = threading.Thread(target=run_notebook, args=([BUSY], []), kwargs={"limits": replace(SMALL, cell_seconds=4)})
    busy.start()
    time.sleep(0.5)
    assert told(WORK, limits=Limits(cell_seconds=3, total_seconds=20)) == 1
    busy.join()


@pytest.mark.parametrize(("threads", "nice"), [(2, 0), (13, 19)])
def test_a_crowd_waits_for_everyone_else(threads, nice):
    source = f"""
import os, threading, time
for _ in range({threads}): threading.Thread(target=time.sleep, args=(1,)).start()
time.sleep(0.5)
told = os.getpriority(os.PRIO_PROCESS, 0)"""
    assert told(source) == nice


def test_time_and_hidden_inputs_begin_when_the_cells_are_done():
    cells = ["import time\ntime.sleep(1.5)\ndef told(x): return x.sum()", "time.sleep(1.5)"]
    run = run_notebook(cells, ["told"], {"told": [((1.0, 2.0),), ((3.0,),)]}, limits=Limits(2, 10))
    assert (run.answers, run.ended) == ({"told": {"function": True}}, "")
    assert run.results == {"told": [{"value": 3}, {"value": 3}]}


def test_the_whole_notebook_has_its_time_too():
    run = run_notebook(["told = 1"] + ["import time\ntime.sleep(0.8)"] * 9, ["told"], limits=Limits(1, 2))
    assert (run.answers, run.out_of_time) == ({"told": {"value": 1}}, True)
    assert run.ended == "The notebook took more than 2 s."


def test_a_function_that_fails_is_not_tried_again():
    cells = ["def told(x):\n    while True: pass"]
    began = time.monotonic()
    run = run_notebook(cells, ["told"], {"told": [(1.0,)] * 50}, limits=Limits(1, 30))
    assert run.results == {"told": [{"problem": "OutOfTime"}]}
    assert time.monotonic() - began < 15


def test_a_trusted_class_is_bounded_in_time_and_hidden_from_nothing():
    run = run_notebook(["told = 0.5", "while True: pass", "import os\nos._exit(0)", "other = 1"], ["told", "other"],
                       limits=Limits(1, 20), trusted=True)  # fmt: skip
    assert run.answers == {"told": {"value": 0.5}, "other": {"value": 1}}
    assert run.out_of_time
    assert told("import os\ntold = os.getppid()", trusted=True) == os.getpid()


def test_where_there_is_no_sandbox_nothing_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    course, assignment = attacked_course.make(tmp_path / "course", ["ann"])
    attacked_course.hand_in(course, assignment, "ann", "answer_optimization_3 = TRUTH")
    with pytest.raises(SandboxMissingError, match="apt-get install bubblewrap"):
        grade(course, assignment)
    assert not (course.path / "graded").exists()
    assert grade(course, assignment, trusted=True)["ann"].score == 4


def test_a_sandbox_that_cannot_be_made_is_told(monkeypatch, tmp_path):
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho no namespaces here >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(SandboxMissingError, match="no namespaces here"):
        require_sandbox()
    with pytest.raises(SandboxMissingError, match="before it could say anything"):
        run_notebook(["told = 1"], ["told"])


def test_a_course_where_every_submission_could_read_it_is_refused():
    for place in (Path(sys.prefix, "course"), Path("/usr/share/course")):
        with pytest.raises(SandboxMissingError, match="every submission can read"):
            require_sandbox(place)


def test_a_grader_that_is_killed_leaves_no_process():
    source = "from assignments.sandbox import run_notebook\nrun_notebook(['import time\\ntime.sleep(99)'], [])"
    grader = subprocess.Popen([sys.executable, "-c", source], cwd=ROOT)
    while len(members := life.family(grader.pid)) < 3:  # itself, bubblewrap and the process inside
        assert grader.poll() is None
        time.sleep(0.05)
    grader.kill()
    grader.wait()
    ends = time.monotonic() + 5
    while alive := set(members) & set(life.family(1)):
        assert time.monotonic() < ends, alive
        time.sleep(0.05)


@pytest.mark.parametrize("ordinary", [False, True], ids=["as it is", "ordinary"])
def test_what_runs_ends_with_a_grader_that_is_killed(ordinary):
    """A fork bomb must not go on when nobody is left to end it, though it forgets to end with its parent."""
    bomb = "while True:\n    try:\n        os.fork()\n    except BaseException:\n        pass"
    source = "import ctypes, os\nctypes.CDLL(None).prctl(1, 0)\n" + bomb
    user = "import os\nos.geteuid = lambda: 1000\n" * ordinary
    job = f"{user}from assignments.sandbox import run_notebook\nrun_notebook([{source!r}], [])"
    grader = subprocess.Popen([sys.executable, "-c", job], cwd=ROOT)
    inside, until = set(), time.monotonic() + 30
    while len(inside) < 8 and time.monotonic() < until:
        inside = life.family(grader.pid) - {grader.pid}
    assert len(inside) >= 8
    grader.kill()
    grader.wait()
    until = time.monotonic() + 10
    while (left := inside & life.census().keys()) and time.monotonic() < until:
        time.sleep(0.05)
    assert not left
