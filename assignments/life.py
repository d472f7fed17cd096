"""One process that runs a student's code, from its start to its end, and the watch over it and all its children."""

import contextlib
import json
import os
import re
import select
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from assignments.fence import MEGABYTE, Limits, NotStartedError, bounds, fence
from assignments.system_calls import filter_to_read

RUNNER = Path(__file__).with_name("runner.py")
SHARE = re.compile(r"^Pss: +(\d+) kB$", re.MULTILINE)
PAGE = os.sysconf("SC_PAGESIZE")
PACKAGE = "/packages"  # where a notebook finds what it may import
START = 60.0  # seconds for the interpreter and its packages, which are no work of a student's
GRACE = 1.0  # seconds: the process inside stops its own cells, and this is for those that resist
GLANCE = 0.05  # seconds between two looks at what it uses
GATHER = 0.001  # seconds, for what is said to come together
CROWD = 12  # processes and threads, from which on they wait for everyone else
ENDED = "A cell ended the notebook's process."
FILES = 10_000  # in one folder: each takes memory beyond what its bytes do


@dataclass(frozen=True)
class Usage:
    """What one process uses: bytes of memory, shared ones too, and threads; and which process started it."""

    parent: int
    memory: int
    threads: int


def census(proc: str = "/proc") -> dict[int, Usage]:
    """Return what every process of a namespace uses; `proc` is where its processes are listed."""
    found = {}
    with contextlib.suppress(OSError):
        for entry in os.scandir(proc):
            if entry.name.isdigit() and (used := _usage(entry.path)):
                found[int(entry.name)] = used
    return found


def family(leader: int) -> set[int]:
    """Return the processes that descend from `leader`, and itself."""
    found, added, all_of_them = {leader}, True, census()
    while added:
        added = {one for one, used in all_of_them.items() if used.parent in found} - found
        found |= added
    return found & all_of_them.keys()


def _usage(place: str) -> Usage | None:
    """Read what a process uses; None if it has ended."""
    try:
        state, parent, threads, pages = _stat(place)
        if state == "Z":
            if threads == 1:
                return None
            # its first thread has ended, and no longer says what the others hold
            pages = max(_stat(one.path)[3] for one in os.scandir(f"{place}/task"))
        return Usage(parent, pages * PAGE, threads)
    except (OSError, ValueError, IndexError):
        return None


def _stat(place: str) -> tuple[str, int, int, int]:
    """Return state, parent, number of threads and pages in memory."""
    with open(f"{place}/stat", "rb") as file:
        stat = file.read()
    fields = stat[stat.rindex(b")") + 2 :].split()
    return fields[0].decode(), int(fields[1]), int(fields[17]), int(fields[21])


def _is_more(members: dict[int, Usage], memory: int, proc: str) -> bool:
    """Whether processes hold more memory than a bound; what several share counts once."""
    if sum(one.memory for one in members.values()) <= memory:
        return False
    held = 0
    for one in members:
        place = f"{proc}/{one}"
        try:
            held += int(SHARE.search(Path(place, "smaps_rollup").read_text("ascii"))[1]) * 1024
        except (OSError, TypeError):  # it has just ended, or the kernel does not say
            used = _usage(place)
            held += used.memory if used else 0
        if held > memory:
            return True
    return False


class Life:
    """One process in the sandbox.

    Attributes
    ----------
    ended : str
        Why it is over, if not by our will.
    out_of_time : bool
        Whether that is because something took too long.
    """

    def __init__(self, limits: Limits, package: Path | None, trusted: bool, seconds: float):
        self.limits, self.seconds = limits, seconds
        self.ended, self.out_of_time = "", False
        self.full = f"The notebook took more than {limits.memory // MEGABYTE} MB of memory."
        self.since, self.first, self.looked = time.monotonic(), None, 0.0
        self.said, self.line = 0, []
        self.home = tempfile.TemporaryDirectory() if trusted else None
        self.package = package if trusted or not package else PACKAGE
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        if trusted:
            command = [*bounds(limits, trusted=True), sys.executable, "-I", str(RUNNER)]
            environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}
            start = {"cwd": self.home.name, "env": environment, "start_new_session": True}
            self.process = subprocess.Popen(command, **streams, **start)
        else:
            shown = {"/runner.py": RUNNER} | ({PACKAGE: package} if package else {})
            with filter_to_read() as refused:
                command = [*fence(limits, shown, refused), *bounds(limits), sys.executable, "-I", "/runner.py"]
                self.process = subprocess.Popen(command, **streams, pass_fds=[refused], start_new_session=True)
        for stream in (self.process.stdin, self.process.stdout):
            os.set_blocking(stream.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)

    def __enter__(self) -> "Life":
        return self

    def __exit__(self, *_) -> None:
        """End every process of the sandbox: they share a namespace that dies with its first."""
        for one in sorted(family(self.process.pid), reverse=True):
            if one != self.process.pid:  # the leader sees the others end, and then ends
                _end(one)
        if not self.home:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=1)
        self.process.kill()
        self.process.wait()
        self.selector.close()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        if self.home:
            self.home.cleanup()

    @property
    def spent(self) -> float:
        """Seconds since it first spoke: what it takes to start is nobody's fault."""
        return 0.0 if self.first is None else time.monotonic() - self.first

    def send(self, message: dict) -> None:
        """Say something to the process; one that is gone does not hear it, and one that does not listen is late."""
        data, stream = json.dumps(message).encode() + b"\n", self.process.stdin.fileno()
        room = select.poll()
        room.register(stream, select.POLLOUT)
        with contextlib.suppress(BrokenPipeError):
            while data and not self.ended:
                if room.poll(1000 * GLANCE):
                    with contextlib.suppress(BlockingIOError):
                        data = data[os.write(stream, data) :]
                self._judge()

    def goes_on(self) -> None:
        """Note that it goes on to something new, for which time counts from now."""
        self.since = time.monotonic()

    def messages(self) -> Iterator[dict]:
        """Yield what the process says until it ends or goes too far; `ended` then tells why."""
        while True:
            self._judge()
            if self.ended:
                return
            lines = self._listen()
            if self.first is None and (lines or self.ended):
                if self.ended:
                    raise NotStartedError(
                        "The process inside the sandbox ended before it could say anything; "
                        f"are {self.limits.memory // MEGABYTE} MB of memory too little?"
                    )
                self.first = self.since = time.monotonic()
            for message in map(_read, lines):
                if isinstance(message, dict) and not self.ended:
                    yield message

    def _listen(self) -> list[bytes]:
        """Return the lines that have come, after a moment, of those that may be messages."""
        if not self.selector.select(timeout=GLANCE):
            if self.process.poll() is not None:  # and what it left behind says nothing, and is not watched
                self.ended = ENDED
            return []
        time.sleep(GATHER)  # what comes a byte at a time would else take all of the grader's time
        part = self.process.stdout.read(65536)
        if part == b"":
            self.ended = ENDED
            return []
        self.said += len(part or b"")
        begun, *lines = (part or b"").split(b"\n")
        self.line.append(begun)
        if lines:
            lines, self.line = [b"".join(self.line), *lines[:-1]], lines[-1:]
        return [line for line in lines if line.startswith(b"{")]

    def _judge(self) -> None:
        """Set `ended` if it takes too much of anything."""
        now, limits = time.monotonic(), self.limits
        if self.first is None:
            if now - self.since > START:
                raise NotStartedError(f"The process inside the sandbox did not start within {START:g} s.")
        elif self.spent > self.seconds:
            self.ended, self.out_of_time = f"The notebook took more than {limits.total_seconds:g} s.", True
        elif now - self.since > limits.cell_seconds + GRACE:
            self.ended, self.out_of_time = f"A cell did not stop within {limits.cell_seconds:g} s.", True
        elif self.said > limits.output:
            self.ended = f"The notebook said more than {limits.output // MEGABYTE} MB."
        if not self.ended and self.first is not None and now - self.looked > GLANCE:
            self.looked = now
            self._look_at_family()

    def _look_at_family(self) -> None:
        proc = "/proc" if self.home else f"/proc/{self._inside}/root/proc"
        members = census(proc)
        if self.home:
            members = {one: members[one] for one in family(self.process.pid) & members.keys()}
        if _is_more(members, self.limits.memory, proc):
            self.ended = self.full
        if sum(one.threads for one in members.values()) > CROWD:
            for one in family(self.process.pid):
                with contextlib.suppress(OSError):
                    for thread in os.listdir(f"/proc/{one}/task"):
                        os.setpriority(os.PRIO_PROCESS, int(thread), 19)
        if not self.home:
            for folder in ("tmp", "home/student", "dev/shm"):
                with contextlib.suppress(OSError):
                    found = os.statvfs(f"/proc/{self._inside}/root/{folder}")
                    if found.f_files - found.f_ffree > FILES:
                        self.ended = f"The notebook made more than {FILES} files."

    @cached_property
    def _inside(self) -> int:
        """The first process inside: all others are in its namespace, and files in its folders."""
        return next((one for one, used in census().items() if used.parent == self.process.pid), self.process.pid)


def _read(line: bytes):
    """Return what a line of JSON says, None if it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _end(process: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(process, signal.SIGKILL)
