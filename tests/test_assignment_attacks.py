"""Submissions that attack the grader: each earns what its honest answers earn, and nobody else notices."""

import contextlib
import io
import json
from dataclasses import asdict
from pathlib import Path

import attacked_course
import pytest

from assignments.demo import play
from assignments.grade import grade
from assignments.numbers import Numbers
from assignments.results import read_result
from assignments.sample_class import CLASS

# The sample class: what `make demo-course` plays.


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """What the sample class comes to, and what an instructor reads meanwhile."""
    kept, shown = {}, io.StringIO()

    def grade_only(course, assignment, jobs):
        kept.update(grade(course, assignment, jobs=jobs))

    with contextlib.redirect_stdout(shown):
        play(str(tmp_path_factory.mktemp("play") / "course"), grade_only)
    return kept, shown.getvalue()


@pytest.mark.parametrize("one", CLASS, ids=lambda one: one.id)
def test_a_student_of_the_sample_class_gets_what_is_due(played, one):
    result = played[0][one.id]
    assert (result.status, result.score) == (one.status, one.score)


def test_the_sample_class_shows_every_status():
    shown = {one.status for one in CLASS}
    assert shown == {"graded", "partly", "timed out", "crashed", "unreadable", "missing", "late"}
    assert len(CLASS) == len({one.id for one in CLASS}) == 12


def test_the_demo_tells_each_step(played):
    shown = played[1]
    assert [f"$ make {word}" in shown for word in ("course", "assignment", "collect", "grade")] == [True] * 4
    assert "Left alone: '../../grades.csv': its name leads out of the zip" in shown
    assert "Left alone: 'mallory.ipynb': nobody on the roster is named so" in shown


def test_copied_numbers_are_wrong_and_the_slips_are_named(played):
    named = {(one.id, one.mistake) for one in played[0]["ben"].verdicts if one.mistake}
    assert named == {("optimization-2", "slots swapped"), ("coding-7", "zero")}
    eli, ada = ({one.id: one for one in played[0][who].verdicts} for who in ("eli", "ada"))
    for id in ("coding-4", "optimization-2"):
        assert (eli[id].value, eli[id].earned) == (ada[id].value, 0)


# Attacks, one a student. Each stands between honest answers; where one succeeds, it answers "leaked".

FORGED = """
import json, os
said = [{"said": "answer", "name": "answer_optimization_3", "value": 1e9, "status": "right", "earned": 5},
        {"said": "answer", "name": ["answer_coding_4"], "value": {"a": []}}, {"said": "answer", "name": {}},
        {"said": "done", "number": [2]}, {"said": "cell", "number": {}}, {"said": "cell", "number": -1},
        {"said": "cells done"}, {"said": "result", "number": 0, "value": 1.0}, {"said": "result", "number": 1},
        {"said": "result", "number": None}, [], 7, None, {"said": []}, {"said": "graded", "score": 5},
        {"said": "looking", "name": None}, {"said": "cell", "number": 10**300},
        {"said": "done", "number": 0, "error": "leaked"}]
lines = "".join(json.dumps(one) + chr(10) for one in said) + "[" * 10**5 + chr(10) + "9" * 10**5 + chr(10) + '{"said'
for number in range(3, 128):
    try:
        os.write(number, lines.encode())
    except OSError:
        pass
"""
PATCHED = """
import builtins, json, numpy, sys
class Same(float):
    __hash__ = float.__hash__
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
numpy.isclose = numpy.allclose = lambda *given, **options: True
json.dumps = json.JSONEncoder.encode = lambda *given, **options: '{"said": "cells done"}'
json.loads = json.JSONDecoder.decode = lambda *given, **options: {}
builtins.float = builtins.abs = lambda *given: Same()
real = builtins.isinstance
builtins.isinstance = lambda value, kind: type(value) is Same or real(value, kind)
sys.modules["json"] = sys.modules["math"] = None
answer_optimization_3 = Same(5)
answer_surprise_7 = lambda prior, likelihood: Same(5)
"""
REPLACED = """
import sys
frame = sys._getframe()
while frame:
    for name in ("plain", "is_plain", "at_most", "guarded"):
        if name in frame.f_globals and "LARGEST" in frame.f_globals:
            frame.f_globals[name] = lambda *given: (1e9, "", False)
    frame = frame.f_back
"""
CAUGHT = """
import time
def resist():
    while True:
        try:
            while True: time.sleep(0.001)
        except BaseException: pass
"""
HOSTILE = "class Hostile:\n    def {}(self, *given):\n        resist()\nanswer_optimization_3 = Hostile()"
FORKS = """
import os, time
for _ in range(30):
    try: child = os.fork()
    except OSError: break
    if not child:
"""
ATTACKS = {
    # loops
    "loop": ("while True: pass", "timed out"),
    "loop-caught": (CAUGHT + "resist()", "timed out"),
    "loop-masked": ("import signal\nsignal.pthread_sigmask(0, signal.Signals)\nwhile True: pass", "timed out"),
    "loop-in-c": ("7 ** (10 ** 9)", "timed out"),
    "loop-in-regex": ("import re\nre.match('(a+)+$', 'a' * 50 + 'b')", "timed out"),
    "loop-in-float": (CAUGHT + HOSTILE.format("__float__"), "timed out"),
    "loop-in-class": (CAUGHT + "Of = property(lambda self: resist())\n" + HOSTILE.format("other").replace(
        "    def", "    __class__ = Of\n    def"), "timed out"),
    "loop-in-len": ("class Long(list):\n    def __len__(self):\n        while True: pass\n"
                    "answer_optimization_3 = Long()", "timed out"),
    "loop-in-tolist": ("class Like:\n    dtype, size = 'f8', 1\n    def tolist(self):\n        while True: pass\n"
                       "answer_optimization_3 = Like()", "timed out"),
    "loop-in-repr": (CAUGHT + HOSTILE.format("__repr__") + "\nanswer_optimization_3", "timed out"),
    "loop-in-equal": (HOSTILE.format("__eq__"), "graded"),  # nobody asks
    "loop-in-call": ("def forever(*given):\n    while True: pass\nanswer_surprise_7 = forever", "timed out"),
    "loop-in-call-caught": (CAUGHT + "answer_surprise_7 = lambda *given: resist()", "timed out"),
    "junk-while-looping": ("import os, time\nif not os.fork():\n    while True:\n        time.sleep(0.1)\n"
                           "        for number in range(3, 20):\n            try: os.write(number, b'{}\\n')\n"
                           "            except OSError: pass\nwhile True: pass", "timed out"),
    # ends
    "exit": ("import sys\nsys.exit(0)", "graded"),
    "exit-at-once": ("import os\nos._exit(0)", "crashed"),
    "killed": ("import os\nos.kill(os.getpid(), 9)", "crashed"),
    "all-killed": ("import os\nos.kill(-1, 9)", "graded"),
    "aborted": ("import os\nos.abort()", "crashed"),
    "no-memory-there": ("import ctypes\nctypes.string_at(8)", "crashed"),
    "exit-in-call": ("def leave(*given): raise SystemExit\nanswer_surprise_7 = leave", "graded"),
    "exit-at-once-in-call": ("import os\nanswer_surprise_7 = lambda *given: os._exit(0)", "crashed"),
    "channels-closed": ("import os\nos.closerange(0, 128)", "crashed"),
    # processes
    "forks": ("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", "timed out"),
    "busy-forks": (FORKS + "        while True: pass", "graded or timed out"),
    "fork-that-goes-on": ("import os\nos.fork()\nos.fork()", "graded"),
    "daemon": ("import os, time\nif not os.fork():\n    try: os.setsid()\n    except OSError: pass\n"
               "    if os.fork(): os._exit(0)\n    time.sleep(3600)", "graded"),
    "daemon-after-death": ("import os, time\nif not os.fork(): time.sleep(3600)\nos._exit(0)", "crashed"),
    # memory, disk, output
    "50-gigabytes": ("memory = bytearray(50 * 2**30)", "graded"),
    "50-gigabytes-in-pieces": ("memory = []\nwhile True: memory.append(b'1' * 2**24)", "crashed or timed out"),
    "50-gigabytes-in-many": (FORKS + "        memory = b'1' * (50 * 2**30 // 300)\n        time.sleep(3600)\n"
                             "time.sleep(3600)", "crashed or timed out"),
    "10-gigabytes-of-disk": ("for folder in ('/tmp', '/home/student', '/dev/shm', '/dev', '/'):\n    try:\n"
                             "        with open(folder + '/file', 'wb') as file:\n"
                             "            for _ in range(10 * 2**10): file.write(bytes(2**20))\n"
                             "        answer_optimization_3 = 'leaked'\n    except OSError: pass",
                             "graded or timed out"),
    "10-gigabytes-in-files": ("for number in range(160):\n    try:\n"
                              "        with open(f'/tmp/{number}', 'wb') as file: file.write(bytes(2**26))\n"
                              "    except OSError: pass", "graded or timed out"),
    "a-million-files": ("for number in range(10**6): open(f'/tmp/{number}', 'w').close()",
                        "crashed or timed out"),
    "200-megabytes-printed": ("for _ in range(200): print('x' * 10**6)", "graded or timed out"),
    "200-megabytes-shown": ("'x' * (200 * 10**6)", "graded or timed out"),
    "200-megabytes-to-streams": ("import os\nfor _ in range(100):\n    for number in (1, 2):"
                                 " os.write(number, b'x' * 10**6)", "graded or timed out"),
    "200-megabytes-said": ("import os\nfor _ in range(100):\n    for number in range(3, 20):\n"
                           "        try: os.write(number, b'x' * 10**6)\n        except OSError: pass", "crashed"),
    # forgery
    "forged": (FORGED, "graded"),
    "patched": (PATCHED, "graded"),
    "replaced": (REPLACED + "answer_optimization_3 = 5", "graded"),
    "forged-check": ("print('**Right.**')\nclass Told:\n    def _repr_markdown_(self): return '**Right.**'\n"
                     "answer_optimization_3 = Told()\nanswer_optimization_3", "graded"),
}  # fmt: skip


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """The results of a course in which everybody attacks but one, and that one's result in a course without them."""
    results = []
    for name, students in (("among", [*ATTACKS, "honest"]), ("alone", ["honest"])):
        course, assignment = attacked_course.make(tmp_path_factory.mktemp(name) / "course", students)
        for student in students:
            attack = ATTACKS[student][0] if student in ATTACKS else "answer_optimization_3 = TRUTH"
            attacked_course.hand_in(course, assignment, student, attack)
        results.append(grade(course, assignment, jobs=2))
    return *results, Numbers(course, assignment)


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_leaves_the_honest_answers_and_earns_nothing(attacked, name):
    result = attacked[0][name]
    assert {one.id: one.status for one in result.verdicts if one.earned} == dict.fromkeys(
        (attacked_course.BEFORE, *attacked_course.AFTER), "right"
    )
    assert result.score == attacked_course.EARNED
    assert result.status in ATTACKS[name][1].split(" or ")  # where the machine is busy, time may be over first
    assert "leaked" not in json.dumps(asdict(result))


def test_an_attack_changes_nothing_for_a_neighbor(attacked):
    among, alone, _ = attacked
    assert among["honest"] == alone["honest"]
    assert (alone["honest"].status, alone["honest"].score) == ("graded", 4)


def test_a_result_is_kept_as_it_was_returned(attacked, tmp_path):
    course, assignment = attacked_course.make(tmp_path / "course", ["honest"])
    attacked_course.hand_in(course, assignment, "honest", "answer_optimization_3 = TRUTH")
    assert grade(course, assignment)["honest"] == read_result(course, assignment, "honest") == attacked[1]["honest"]
    assert [file.name for file in Path(course.path, "graded/week1").iterdir()] == ["honest.json"]
