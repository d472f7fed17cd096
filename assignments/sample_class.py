"""Twelve students who do not exist, and what each hands in: honest work, slips, and attacks on the grader.

Each of them carries the outcome that is theirs by right: what the honest answers earn, whatever stands beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import nbformat
from nbformat.v4 import new_code_cell

from kltools.exercises import ChoiceExercise, ConstructionExercise, Exercise, FunctionExercise

ASSIGNMENT = """\
title = "Codes, and what the wrong one costs"
deadline = 2026-10-16T23:59:00+00:00
checks = true
late_per_day = 0.1

[[exercise]]
id = "coding-4"
points = 2

[[exercise]]
id = "optimization-2"
points = 2
partial = 0.5

[[exercise]]
id = "coding-6"
points = 1

[[exercise]]
id = "coding-7"
points = 3
partial = 0.5

[[exercise]]
id = "coding-8"
points = 2

[[exercise]]
id = "written-1"
points = 2
text = "A colleague measured D(P||Q) once and reports it as the distance from Q to P. What would you answer?"
"""
NUMBERS, REST = ("coding-4", "optimization-2"), ("coding-6", "coding-7", "coding-8")
ALL, WRITTEN = (*NUMBERS, *REST), "written-1"
FUNCTION = """\
def wasted_bits(p, q):
    sent = p > 0
    return np.sum(p[sent] * np.log2(p[sent] / q[sent]))

{name} = wasted_bits"""
FORGOT_ZEROS = """\
def wasted_bits(p, q):
    return np.sum(p * np.log2(p / q))

{name} = wasted_bits"""
PAIR = "{name} = [0.5, {second:g}, {third:g}], [0.33, 0.33, 0.34]"  # right for every student
NOT_DEFINED = "{name} = wasted"
ORDER = "It is no distance: with the two exchanged it is another number, and so one has to say who averages."

LOOP = """\
rounds = 0
while True:
    rounds += 1"""
EXIT = """\
import os
os._exit(0)"""
BOMB = """\
import os
while True:
    try:
        os.fork()
    except OSError:
        pass"""
SPY = """\
import builtins, json, os
import numpy

wanted = {"secret", "gradebook.db", "roster.csv", "ada", "coding.py"}
found = [
    os.path.join(folder, name)
    for place in ("/home", "/tmp", "/mnt", "/srv", "/var")
    for folder, folders, files in os.walk(place)
    if "site-packages" not in folder
    for name in wanted.intersection(folders + files)
]
if found:
    answer_coding_6 = str(found)  # the one honest point would be gone

class Right(float):
    def __eq__(self, other):
        return True
    __hash__ = float.__hash__

numpy.isclose = numpy.allclose = lambda *given, **options: True
json.dumps = lambda said, **options: '{"said": "result", "status": "right", "earned": 12, "value": 1.0}'
builtins.abs = lambda value: 0
answer_coding_4 = Right()
answer_coding_7 = lambda p, q: Right()
print('{"said": "graded", "score": 12}')"""


@dataclass(frozen=True)
class Sample:
    """One student of the sample class.

    Attributes
    ----------
    story : str
        What was handed in, in a few words.
    status : str
        What becomes of it.
    score : float or None
        What it earns before a person has read the written answer; None if there is nothing to judge.
    solved : tuple of str
        The exercises that are answered honestly and rightly.
    mistakes : mapping
        From an exercise to the name of the mistake, or to the code, that answers it.
    written : str
        The written answer.
    before : mapping
        From an exercise to a cell that stands before its answer.
    copied_from : str
        Whose answers these are.
    days_late : int
        Of the deadline.
    first_try : tuple of str
        What an earlier submission had solved, if there was one.
    """

    id: str
    name: str
    story: str
    status: str
    score: float | None
    solved: tuple[str, ...] = ALL
    mistakes: Mapping[str, str] = field(default_factory=dict)
    written: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    copied_from: str = ""
    days_late: int = 0
    first_try: tuple[str, ...] | None = None


CLASS = (
    Sample("ada", "Ada Berg", "honest and right", "partly", 10, written=ORDER),
    Sample(
        "ben",
        "Ben Cruz",
        "honest, with two classic mistakes",
        "graded",
        7.5,
        solved=("coding-4", "coding-6", "coding-8"),
        mistakes={"optimization-2": "slots swapped", "coding-7": FORGOT_ZEROS},
    ),
    Sample("cleo", "Cleo Dahl", "right, and two days late", "late", 8, days_late=2),
    Sample(
        "dara",
        "Dara Egan",
        "half of it, a cell that fails",
        "partly",
        4,
        solved=NUMBERS,
        mistakes={"coding-7": NOT_DEFINED},
        written="It depends on",
    ),
    Sample("eli", "Eli Frey", "everything is Ada's, her numbers too", "partly", 6, written=ORDER, copied_from="ada"),
    Sample("finn", "Finn Gray", "an endless loop in one cell", "timed out", 10, before={"optimization-2": LOOP}),
    Sample("gita", "Gita Hahn", "a cell that ends the process", "crashed", 10, before={"coding-7": EXIT}),
    Sample("hugo", "Hugo Ibsen", "a fork bomb", "timed out", 4, solved=NUMBERS, before={"coding-6": BOMB}),
    Sample(
        "ines", "Ines Jung", "looks for secrets and patches", "graded", 1, solved=REST[:1], before={"coding-7": SPY}
    ),
    Sample("jona", "Jona Kern", "a file that was cut off", "unreadable", None),
    Sample("kira", "Kira Lund", "handed in twice", "graded", 10, first_try=NUMBERS[:1]),
    Sample("lev", "Lev Moss", "nothing", "missing", None, solved=()),
)


def solve(
    notebook: nbformat.NotebookNode,
    exercises: Mapping[str, Exercise],
    one: Sample,
    solved: tuple[str, ...] | None = None,
) -> nbformat.NotebookNode:
    """Return a released notebook as a student hands it in.

    Parameters
    ----------
    notebook : NotebookNode
        What was released to the student.
    exercises : mapping
        From id to exercise, with the numbers from which the answers are computed.
    one : Sample
        The student.
    solved : tuple of str, optional
        In place of what the student has solved.
    """
    notebook = nbformat.from_dict(notebook)
    solved = one.solved if solved is None else solved
    author = {each.id: place for place, each in enumerate(CLASS)}.get(one.copied_from or one.id, 0)
    cells = []
    for cell in notebook.cells:
        id = cell.id.removeprefix("answer-")
        if id != cell.id:
            if id in one.before:
                cells.append(new_code_cell(one.before[id], id=f"before-{id}"))
            if id == WRITTEN and one.written:
                cell.source = cell.source.partition("\n\n")[0] + f"\n\n{one.written}"
            elif id in one.mistakes:
                cell.source = _slip(exercises[id], one.mistakes[id])
            elif id in solved:
                cell.source = answer(exercises[id], author)
        cells.append(cell)
    notebook.cells = cells
    return notebook


def answer(exercise: Exercise, author: int = 0) -> str:
    """Return the cell of who solves an exercise of the assignment; each author finds another construction."""
    name = _name(exercise)
    if isinstance(exercise, FunctionExercise):
        return FUNCTION.format(name=name)
    if isinstance(exercise, ConstructionExercise):
        return PAIR.format(name=name, second=0.3 - 0.005 * author, third=0.2 + 0.005 * author)
    truth = exercise.truth if isinstance(exercise, ChoiceExercise) else float(exercise.truth(**exercise.given))
    return f"{name} = {truth!r}"


def _slip(exercise: Exercise, mistake: str) -> str:
    known = {one.name: one.answer for one in exercise.known_mistakes()}
    if isinstance(exercise, FunctionExercise):
        return mistake.format(name=_name(exercise))
    return f"{_name(exercise)} = {known[mistake]!r}"


def _name(exercise: Exercise) -> str:
    return "answer_" + exercise.id.replace("-", "_")
