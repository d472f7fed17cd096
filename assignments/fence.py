"""What stands around a process that runs a student's code: the commands that put it there."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assignments import system_calls

MEGABYTE = 2**20
NOBODY, USERS = 2**30, 2**29  # users without a name: root is not bound by limits, and the grader may be root
TURN = itertools.count(1000 * os.getpid())  # the limit of processes is counted for a user, so that no two share one
TRIAL = 60  # seconds
OPEN_FILES = 128  # at a time: what waits in sockets and pipes is memory, too


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Attributes
    ----------
    cell_seconds, total_seconds : float
        Wall-clock time of one cell (or one call of a function), and of the whole notebook.
    memory, disk, output : int
        Bytes: of all its processes together, of its files in each folder, and of what it may say.
    processes : int
        At a time, threads among them.
    """

    cell_seconds: float = 20.0
    total_seconds: float = 120.0
    memory: int = 2048 * MEGABYTE
    disk: int = 64 * MEGABYTE
    output: int = 4 * MEGABYTE
    processes: int = 32


class SandboxMissingError(RuntimeError):
    """There is no bubblewrap here, or it may not make namespaces."""


class NotStartedError(SandboxMissingError):
    """One process inside a sandbox ended, or had no time left, before it could say anything."""


def require_sandbox(*hidden: Path) -> None:
    """Refuse to go on where the sandbox cannot work, or would show what it has to hide.

    Parameters
    ----------
    *hidden : pathlib.Path
        Folders that no submission may read.

    Raises
    ------
    SandboxMissingError
        With the cause and what to do about it.
    """
    if shutil.which("bwrap") is None:
        raise SandboxMissingError("bubblewrap is not installed (on Debian and Ubuntu: apt-get install bubblewrap)")
    if not system_calls.is_known():
        raise SandboxMissingError(f"the sandbox is for {' and '.join(system_calls.NUMBERS)} machines")
    for folder in (*hidden, Path.home()):
        for place in (Path("/usr"), *_places()):
            if folder.resolve().is_relative_to(place):
                raise SandboxMissingError(f"{folder} lies in {place}, which every submission can read: move it")
    with system_calls.filter_to_read() as refused:
        command = [
            *fence(Limits(), {}, refused),
            *bounds(Limits()),
            sys.executable,
            "-I",
            "-c",
            "import IPython, numpy",
        ]
        try:
            trial = subprocess.run(command, capture_output=True, text=True, timeout=TRIAL, pass_fds=[refused])
        except subprocess.TimeoutExpired as error:
            raise SandboxMissingError(f"a sandbox takes more than {TRIAL} s to start here") from error
    if trial.returncode:
        raise SandboxMissingError(f"bubblewrap cannot make a sandbox here: {trial.stderr.strip()}")


def _places() -> list[Path]:
    """Return the folders outside of /usr that the interpreter needs, outermost first."""
    found = {Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), Path(sys.executable).resolve().parents[1]}
    return sorted(place for place in found if not place.is_relative_to("/usr"))


def fence(limits: Limits, files: Mapping[str, Path], refused: int) -> list[str]:
    """Return the command that runs what follows it inside.

    Parameters
    ----------
    limits : Limits
        Of which `disk` is kept here.
    files : mapping
        What is shown, read-only, by the path inside.
    refused : int
        A file descriptor to read the filter of system calls from.
    """
    root = os.geteuid() == 0
    spaces = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    powers = ["--cap-drop", "ALL"]
    if root:
        for power in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            powers += ["--cap-add", power]
    else:
        spaces.append("--unshare-user")
    # where memory runs out, the kernel ends these first
    command = ["/usr/bin/choom", "--adjust", "1000", "--", shutil.which("bwrap"), *spaces, *powers]
    command += ["--die-with-parent", "--new-session", "--clearenv", "--hostname", "box", "--seccomp", str(refused)]
    command += ["--as-pid-1"]  # or else the first process would be one that the filter does not hold
    for name in ("bin", "lib", "lib64"):
        command += ["--symlink", f"usr/{name}", f"/{name}"]
    command += ["--ro-bind", "/usr", "/usr", "--proc", "/proc", "--dev", "/dev"]
    command += ["--ro-bind", "/dev/null", "/dev/zero"]  # shared mappings of zero are memory of no process: not opened
    for name in ("/etc/ld.so.cache", "/etc/alternatives"):
        command += ["--ro-bind-try", name, name]
    for folder in ("/tmp", "/home/student", "/dev/shm"):
        command += ["--size", str(limits.disk), "--perms", "1777", "--tmpfs", folder]
    for place in _places():
        for parent in reversed(place.parents[:-1]):  # bubblewrap would make them for its own user alone
            if parent != Path("/tmp"):
                command += ["--perms", "0755", "--dir", str(parent)]
        command += ["--ro-bind", str(place), str(place)]
    for inside, outside in files.items():
        command += ["--ro-bind", str(outside), inside]
    for folder in ("/dev", "/"):  # they have no bound of their own
        command += ["--remount-ro", folder]
    environment = {
        "HOME": "/home/student",
        "PATH": f"{Path(sys.executable).parent}:/usr/bin",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "agg",
        "MPLCONFIGDIR": "/tmp",
        "MALLOC_ARENA_MAX": "2",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for name, value in environment.items():
        command += ["--setenv", name, value]
    command += ["--chdir", "/home/student"]
    if root:
        user = NOBODY + next(TURN) % USERS
        command += ["/usr/bin/setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        command += ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
    return command


def bounds(limits: Limits, trusted: bool = False) -> list[str]:
    """Return the command that bounds what each process of what follows it may use.

    Without a sandbox, processes are not counted: they would be counted with all others of the user.
    """
    command = ["/usr/bin/prlimit", f"--as={limits.memory}", f"--cpu={int(limits.total_seconds) + 5}"]
    command += [f"--fsize={limits.disk}", "--core=0", f"--nofile={OPEN_FILES}"]
    return command if trusted else [*command, f"--nproc={limits.processes}"]
