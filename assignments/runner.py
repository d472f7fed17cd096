"""Run a notebook's cells inside the sandbox and say what the answers are, as lines of JSON.

The process outside sends one line: the cells to run, the time for each, the names of the answers. When the cells are
done it sends the hidden inputs of the functions, one line a call. Everything said here may be forged by the code
that runs here, and the process outside takes it as such. Where this process breaks, the one outside leaves out what
broke it and starts another.
"""

import builtins
import contextlib
import ctypes
import importlib
import io
import json
import os
import resource
import select
import signal
import sys
from numbers import Complex, Integral, Real

LARGEST = 10_000  # numbers in an answer
DEEPEST = 4  # lists in lists
LONGEST = 20_000  # characters of an answer
EXACT = 2**53  # whole numbers up to here are kept whole
PR_SET_DUMPABLE = 4  # of Linux's prctl
WATCH = 100  # milliseconds
DULL = (bool, float, int, str, type(None))  # what cannot change while it has the same identity
NAME = vars(type)["__name__"].__get__  # which no class of the notebook's replaces


def own(name, taken):
    """Import a module and its parts for this file alone, on builtins that no notebook can replace."""
    module = importlib.import_module(name)
    for part in [one for one in sys.modules if one.partition(".")[0] == name]:
        namespace = vars(sys.modules.pop(part))
        namespace.update({key: value for key, value in taken.items() if key not in namespace})
    return module


class OutOfTime(BaseException):
    """Not an Exception, so that a student's ``except Exception`` does not catch it."""


class NotPlainError(Exception):
    """A value is no number, no text and no list or dictionary of them; the message says what it is."""


def plain(value, room, depth=0):
    """Return a value as JSON has it: a number, a text, or lists and dictionaries of them; else raise NotPlainError.

    `room` is a list with the number of entries that may still come.
    """
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise NotPlainError(f"a text of {len(value)} characters")
        return str(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Integral) and abs(value) <= EXACT:
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, Complex) and not value.imag:
        return float(value.real)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        if value.size > LARGEST:
            raise NotPlainError(f"an array of {value.size} entries")
        return plain(value.tolist(), room, depth + 1)
    if isinstance(value, (list, tuple)) and depth < DEEPEST:
        room[0] -= len(value)
        if room[0] < 0:
            raise NotPlainError(f"a list of more than {LARGEST} entries")
        return [plain(part, room, depth + 1) for part in value]
    if isinstance(value, dict) and depth < DEEPEST and all(type(key) is str for key in value):
        keys = plain(list(value), room, depth + 1)
        return dict(zip(keys, plain(list(value.values()), room, depth + 1), strict=True))
    if hasattr(value, "__float__") and not isinstance(value, type):  # a Decimal, say
        return float(value)
    raise NotPlainError(f"a {type(value).__name__}")


class Nowhere(io.TextIOBase):
    """A text stream that keeps nothing of what is written to it."""

    def writable(self):
        return True

    def write(self, text):
        return len(text)


@contextlib.contextmanager
def at_most(seconds):
    """Raise OutOfTime in the code within after so many seconds; it may be caught, and then the outside ends it."""

    def ring(*_):
        raise OutOfTime

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def guarded(action, seconds):
    """Run an action; return what it returns, or how it failed in a few words and whether that was for time."""
    try:
        with at_most(seconds):
            return action(), "", False
    except OutOfTime:
        return None, "OutOfTime", True
    except NotPlainError as error:
        return None, error.args[0], False
    except BaseException as error:
        return None, type(error).__name__, False


def is_full():
    """Whether what the notebook holds leaves little memory to whatever comes after."""
    with open("/proc/self/statm", "rb") as file:
        pages = int(file.read().split()[0])
    return 2 * pages * os.sysconf("SC_PAGESIZE") > resource.getrlimit(resource.RLIMIT_AS)[0]


def stand_watch():
    """Return in a child of the sandbox's first process, which itself only waits, and ends with its child or the grader.

    With the first process the kernel ends all others. So nothing goes on when the grader has been killed.
    """
    control = ctypes.CDLL(None).prctl
    control(PR_SET_DUMPABLE, 0)  # not to be looked into or steered by the notebook, which is the same user
    child = os.fork()
    if not child:
        control(PR_SET_DUMPABLE, 1)
        return
    os.closerange(1, 3)  # the process outside hears when the notebook's process ends
    grader = select.poll()
    grader.register(0, 0)  # no event but that the other end is closed
    while not grader.poll(WATCH):
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)[0]) and ended != child:
                pass
            if ended == child:
                break
    os._exit(0)


def main():
    """Speak with the process outside over the first standard streams; the cells get others."""
    ask = os.fdopen(os.dup(0), encoding="utf8")
    tell_to = os.fdopen(os.dup(1), "w", encoding="utf8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    pid, whose, end = os.getpid(), os.getpid, os._exit
    encode, decode = json.JSONEncoder().encode, json.JSONDecoder().decode

    def tell(**said):
        if whose() != pid:  # a fork of the notebook ends with its cell, and takes no messages from its parent
            end(0)
        tell_to.write(f"\n{encode(said)}\n")  # on a line of its own, whatever else was written
        tell_to.flush()

    job = decode(ask.readline())
    sys.path[:] = ["", *sys.path, *job["packages"]]  # as in Jupyter, a notebook finds the modules that it writes
    from IPython.core.interactiveshell import InteractiveShell
    from numpy import array, errstate
    from traitlets.config import Config

    class Shell(InteractiveShell):
        """A shell whose figures nobody sees: the lines that choose how to show them do nothing."""

        def enable_matplotlib(self, gui=None):
            return gui, None

    settings = Config({"HistoryManager": {"enabled": False}})  # it would write to a disk that may be full
    shell = Shell.instance(colors="NoColor", history_length=0, config=settings)
    seconds, seen = job["seconds"], {}
    tell(said="ready")

    def look(name):
        """Say what an answer is, unless that has been said."""
        value = shell.user_ns.get(name)
        if value is None or value is Ellipsis:
            return
        known, what = seen.get(name, (None, {}))
        if known is value and (type(value) in DULL or "problem" in what or "function" in what):
            return
        tell(said="looking", name=name)
        if callable(value):
            what = {"function": True}
        else:
            answer, problem, late = guarded(lambda: plain(value, [LARGEST]), seconds)
            what = {"problem": problem, "late": late} if problem else {"value": answer}
        seen[name] = value, what
        tell(said="answer", name=name, **what)

    for number, source in job["cells"]:
        tell(said="cell", number=number)
        with contextlib.redirect_stdout(Nowhere()), contextlib.redirect_stderr(Nowhere()):
            result, problem, late = guarded(lambda source=source: shell.run_cell(source, silent=False), seconds)
            errors = [getattr(result, which, None) for which in ("error_before_exec", "error_in_exec")]
            error = next((one for one in errors if one is not None), None)
            late = late or type(error) is OutOfTime
            if isinstance(error, MemoryError) and is_full():
                tell(said="full")
                end(1)
            for name in job["names"]:
                look(name)
        tell(said="done", number=number, late=late, error=problem if error is None else NAME(type(error)))
    tell(said="cells done")

    for line in ask:
        call = decode(line)

        def act(call=call):
            arguments = [array(part, dtype=float) for part in call["arguments"]]
            with errstate(all="ignore"):  # as the bank's own checks do, whatever the notebook has set
                return plain(seen[call["name"]][0](*arguments), [LARGEST])

        with contextlib.redirect_stdout(Nowhere()), contextlib.redirect_stderr(Nowhere()):
            value, problem, late = guarded(act, seconds)
        what = {"problem": problem, "late": late} if problem else {"value": value}
        tell(said="result", number=call["number"], **what)


if __name__ == "__main__":
    if os.getpid() == 1:
        stand_watch()
    taken = {key: value for key, value in vars(builtins).items() if not key.startswith("_")}
    globals().update(taken)
    json = own("json", taken)
    main()
