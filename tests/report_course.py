"""What the tests of feedback, grades and the class report share: a course, and results in it."""

from pathlib import Path

from assignments.copies import Copies
from assignments.course import Assignment, Course, create_course, open_course
from assignments.report import write_reports
from assignments.results import Result, Verdict

HOSTILE = "<script>alert(1)</script>\0\ud800\u202e ![x](https://bad.example/x.png) [y](javascript:z) $\\text{<b>}$ "
HOSTILE += '" onload="x '
ROSTER = {"ann": "Ann Doe", "bob": "Bob B. Roe", "cat": "=cmd()|'/C calc'!A0", "dan": "<script>dan</script>", "eve": ""}
WEEK = """\
title = "Week 1"
deadline = 2030-01-31T23:59:00+00:00
late_per_day = 0.1

[[exercise]]
id = "coding-3"
points = 2
partial = 0.5

[[exercise]]
id = "coding-7"
points = 3

[[exercise]]
id = "written-1"
points = 3
text = 'Which would you report, $D(P\\|Q)$? See [this](https://example.org/a).'
"""


def make(folder: Path) -> Course:
    """Make the course of the reports."""
    create_course(folder)
    settings = folder / "course.toml"
    settings.write_text(settings.read_text("utf8").replace('book = ""', 'book = "https://example.org/kl/"'), "utf8")
    (folder / "assignments" / "week1.toml").write_text(WEEK, "utf8")
    (folder / "roster.csv").write_text("id,name,email\n" + "".join(f"{k},{v},\n" for k, v in ROSTER.items()), "utf8")
    return open_course(folder)


def verdicts(number="right", function="right", written=2.5, **given):
    """Return verdicts on the three exercises."""
    earned = {"right": 1.0, "mistake": 0.5}
    return [
        Verdict("coding-3", 2.0, 2 * earned.get(number, 0.0), number, **{"answer": "0.25", **given}),
        Verdict("coding-7", 3.0, 3 * (function == "right"), function, answer="a function"),
        Verdict("written-1", 3.0, written, "to grade", "A person reads this answer.", answer="Because of P."),
    ]


def result(student, *given, **settings):
    return Result(student, 8.0, verdicts=list(given), late_per_day=0.1, **settings)


def write(course: Course, assignment: Assignment, *results: Result, copies: Copies | None = None):
    """Write the reports on these results and return a reader of the files."""
    files = write_reports(course, assignment, {one.student: one for one in results}, copies or Copies())
    out = course.path / "out" / "week1"
    assert sorted(files) == sorted(file for file in out.rglob("*") if file.is_file())
    return lambda name: (out / name).read_text("utf8")
