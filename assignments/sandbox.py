"""A student's notebook, run where it can reach nothing: the process inside says, the one outside decides.

The sandbox is Debian's ``bubblewrap``: no network, a file system of its own with the interpreter, its packages and
an empty home folder, bounded memory, processor time, processes and disk. What comes out is lines of JSON, capped;
nothing that a student's process says is ever run or unpickled.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assignments.fence import MEGABYTE, Limits, NotStartedError, SandboxMissingError, require_sandbox
from assignments.life import Life
from assignments.runner import DEEPEST, EXACT, LARGEST, LONGEST

MOST = 10**6  # characters of an answer if all its entries were as long as the longest: an array holds them so
LIVES = 20  # each start takes time that is nobody's

__all__ = ["MEGABYTE", "Limits", "NotStartedError", "Run", "SandboxMissingError", "require_sandbox", "run_notebook"]


@dataclass
class Run:
    """What a notebook's process said and how it ended: data to judge, not to trust.

    Attributes
    ----------
    answers : dict
        From the name of an answer to ``{"value": ...}``, ``{"function": True}`` or ``{"problem": ...}``. A value is a
        number, a text, or lists and dictionaries of them, of bounded size.
    results : dict
        From the name of a function to what it returned, call by call: ``{"value": ...}`` or ``{"problem": ...}``,
        which is the last one.
    ended : str
        Empty if all went through, else the first reason why it did not.
    out_of_time : bool
        Whether something took too long.
    cell : int or None
        The cell in which that first reason lies, if it lies in one.
    failed : dict
        From a cell that went through with an error to the name of the error's type.
    """

    answers: dict = field(default_factory=dict)
    results: dict = field(default_factory=dict)
    ended: str = ""
    out_of_time: bool = False
    cell: int | None = None
    failed: dict[int, str] = field(default_factory=dict)

    def note(self, ended: str, out_of_time: bool, cell: int | None) -> None:
        """Note that something did not go through."""
        self.cell = self.cell if self.ended else cell
        self.ended, self.out_of_time = self.ended or ended, self.out_of_time or out_of_time


def is_plain(value) -> bool:
    """Whether a value is one that an honest process says: a number, a text or lists of them, none too large."""
    entries, longest, layer = 0, 0, [value]
    for _ in range(2 * DEEPEST):
        if not all(map(_is_leaf, layer)):
            return False
        longest = max([longest, *(len(one) for one in layer if isinstance(one, str))])
        layer = [part for one in layer if isinstance(one, list | dict) for part in _parts(one)]
        entries += len(layer)
        if entries > LARGEST or entries * longest > MOST:
            return False
        if not layer:
            return True
    return False


def _parts(value: list | dict) -> list:
    return value if isinstance(value, list) else [*value, *value.values()]


def _is_leaf(value) -> bool:
    """Whether a value is small enough for itself, whatever is in it."""
    if isinstance(value, str):
        return len(value) <= LONGEST
    if isinstance(value, int):
        return abs(value) <= EXACT
    return value is None or isinstance(value, float | list | dict)


class _Attempt:
    """One life of a notebook: what it was asked, what it has said, and what it was doing last."""

    def __init__(self, life: Life, run: Run, todo: Collection[int], names: Collection[str]):
        self.life, self.run, self.todo, self.names = life, run, frozenset(todo), frozenset(names)
        self.answers, self.begun, self.finished = {}, set(), set()
        self.cell, self.doing, self.calls = None, None, 0  # doing: ("cell", number), ("answer", name), ("call", name)
        self.ready = False  # the cells are done, and hidden inputs may go in

    def hear(self, message: dict) -> None:
        """Take note of a message; what makes no sense is left aside, since it may be forged."""
        match message:
            case {"said": "cell", "number": int(number)} if not self.ready and number in self.todo:
                self.cell = number
                self._begin("cell", number)
            case {"said": "looking", "name": str(name)} if not self.ready and name in self.names:
                self._begin("answer", name)
            case {"said": "answer", "name": str(name)} if not self.ready and name in self.names:
                self.answers[name] = self._answer(message)
                if self.doing == ("answer", name):
                    self.doing = ("cell", self.cell)
            case {"said": "done", "number": int(number)} if not self.ready and number in self.todo:
                self.finished.add(number)
                self._is_late(message)
                self._failed(number, message)
                self.doing = None
            case {"said": "full"} if not self.ready:
                self.life.ended = self.life.full
            case {"said": "cells done"} if self.finished == self.todo:
                self.ready, self.doing = True, None
            case {"said": "result", "number": int(number)} if self.ready and self.doing and number == self.calls:
                self.run.results[self.doing[1]].append(self._answer(message))
                self.doing = None

    @property
    def where(self) -> int | None:
        """The cell that is run, None once they are done."""
        return None if self.ready else self.cell

    def _begin(self, what: str, which: int | str) -> None:
        """Let time count anew, once for each cell and for each look at an answer after it."""
        self.doing = (what, which)
        if (self.cell, *self.doing) not in self.begun:
            self.begun.add((self.cell, *self.doing))
            self.life.goes_on()

    def _answer(self, message: dict) -> dict:
        self._is_late(message)
        if message.get("function") is True:
            return {"function": True}
        if "value" in message and is_plain(message["value"]):
            return {"value": message["value"]}
        problem = message.get("problem")
        return {"problem": problem[:LONGEST] if isinstance(problem, str) else "no value"}

    def _failed(self, number: int, message: dict) -> None:
        """Note with which error a cell ended; what an earlier life said of it no longer holds."""
        self.run.failed.pop(number, None)
        error = message.get("error")
        if isinstance(error, str) and error and message.get("late") is not True:
            self.run.failed[number] = error[:LONGEST]

    def _is_late(self, message: dict) -> None:
        if message.get("late") is True:
            self.run.note(f"A cell was stopped after {self.life.limits.cell_seconds:g} s.", True, self.where)

    def call_next(self, hidden: Mapping[str, Sequence[tuple]]) -> bool:
        """Have a function called on the next input; return whether there was one."""
        for name in sorted(name for name in hidden if "function" in self.answers.get(name, ())):
            results = self.run.results.setdefault(name, [])
            if len(results) < len(hidden[name]) and not any("problem" in one for one in results):
                self.calls, self.doing = self.calls + 1, ("call", name)
                arguments = list(hidden[name][len(results)])
                self.life.goes_on()
                self.life.send({"number": self.calls, "name": name, "arguments": arguments})
                return True
        return False


def run_notebook(
    cells: Sequence[str],
    names: Collection[str],
    hidden: Mapping[str, Sequence[tuple]] | None = None,
    *,
    limits: Limits | None = None,
    package: Path | None = None,
    trusted: bool = False,
) -> Run:
    """Run the code cells of a notebook in the sandbox and return what it answers.

    What ends the process, or outlives its time, is left out and the rest runs again: what was answered honestly
    counts.

    Parameters
    ----------
    cells : sequence of str
        The sources, in their order.
    names : collection of str
        Names of the answers.
    hidden : mapping, optional
        From the name of an answer to the inputs on which it is called if it is a function. They go in, one by one,
        when the cells are done.
    limits : Limits, optional
        What the notebook may use.
    package : pathlib.Path, optional
        A folder with packages that the notebook may import.
    trusted : bool
        Run without a sandbox: time and output are bounded, and nothing is hidden.

    Returns
    -------
    Run
        What was said and how it ended.
    """
    limits, run, spent = limits or Limits(), Run(), 0.0
    todo, names = dict(enumerate(cells)), set(names)
    for _ in range(LIVES):
        with Life(limits, package, trusted, limits.total_seconds - spent) as life:
            attempt = _Attempt(life, run, todo, names)
            packages = [str(life.package)] if life.package else []
            job = {"cells": list(todo.items()), "names": sorted(names), "packages": packages}
            life.send({**job, "seconds": limits.cell_seconds})
            for message in life.messages():
                attempt.hear(message)
                if attempt.ready and attempt.doing is None and not attempt.call_next(hidden or {}):
                    break
            spent += life.spent
        run.answers |= attempt.answers
        if not life.ended:
            return run
        run.note(life.ended, life.out_of_time, attempt.where)
        if spent >= limits.total_seconds:
            return run
        match attempt.doing or ("cell", attempt.cell):
            case ("call", name):
                run.results[name].append({"problem": "OutOfTime" if life.out_of_time else "ended"})
            case ("answer", name):
                run.answers[name] = {"problem": life.ended}
                names.discard(name)
            case ("cell", int(number)) if number in todo:
                del todo[number]
                run.failed.pop(number, None)
            case _:
                return run
    return run
