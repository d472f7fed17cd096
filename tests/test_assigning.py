"""The commands of an instructor, as the page Assigning and grading names them, and the sample class from end to end."""

import csv
import os
import re
import shlex
import subprocess
import tomllib
import zipfile
from pathlib import Path

import attacked_course
import nbformat
import pytest

from assignments import bank_table
from assignments.course import ASSIGNMENT, CourseError, create_course, open_course, read_assignment
from assignments.numbers import Numbers
from assignments.sample_class import CLASS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "book/teaching/assigning.md").read_text("utf8")
PYTHON = ROOT / ".venv-grading/bin/python"
TYPED = [line for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def run(*command):
    """Run a command of an instructor, who types it in a shell and not within make, and return how it ended."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module", autouse=True)
def environment():
    assert PYTHON.exists(), "make .venv-grading/installed"


def grades(course):
    with (course / "out/week1/grades.csv").open(encoding="utf8", newline="") as lines:
        return {row["student"]: row for row in csv.DictReader(lines)}


def test_the_sample_class_gets_what_its_honest_answers_earn(tmp_path):
    said = run("make", "--old-file", ".venv-grading/installed", "demo-course", f"COURSE={tmp_path / 'course'}")
    assert said.returncode == 0, said.stdout + said.stderr
    assert len(CLASS) == 12
    told = grades(tmp_path / "course")
    for one in CLASS:
        row = told.pop(one.id)
        assert (row["status"], row["score"]) == (one.status, "" if one.score is None else f"{one.score:g}"), one
        page = (tmp_path / f"course/out/week1/feedback/{one.id}.html").read_text("utf8")
        assert one.name in page
    assert told == {}
    report = (tmp_path / "course/out/week1/report.html").read_text("utf8")
    assert "Misconceptions found" in report
    assert (tmp_path / "course/gradebook.db").exists()
    assert "'../../grades.csv'" in said.stdout


def test_the_commands_of_the_page_lead_from_nothing_to_grades(tmp_path):
    """Type each command of the course as it stands on the page, in its order."""
    course, archive = tmp_path / "kl-course", tmp_path / "submissions.zip"
    steps = [line for line in TYPED if re.match(r"make (course|assignment|mail|collect|grade) ", line)]
    commands = ["course", "assignment", "mail", "collect", "grade", "grade", "grade"]
    assert [line.split()[1] for line in steps] == commands
    for step in steps:
        words = step.replace("~/kl-course", str(course)).replace("~/Downloads/submissions.zip", str(archive))
        if "assignment" in words:
            text = re.search(r"```text\n(id,name.*?)```", PAGE, re.DOTALL)[1]
            (course / "roster.csv").write_text(text, "utf8")
        if "collect" in words:
            hand_in(course, archive)
        said = run(*shlex.split(words), "--old-file", ".venv-grading/installed")
        assert said.returncode == 0, said.stdout + said.stderr
    assert "adoe@example.org" in (course / "mail/week1/notebook/adoe.eml").read_text("utf8")
    told = grades(course)
    assert told["adoe"]["score"] == "2"
    assert told["adoe"]["status"] == "partly"
    assert told["broe"]["status"] == "missing"


def hand_in(course, archive):
    """Solve the first exercise and write an answer as Ann Doe, and zip the notebook as Canvas does."""
    opened = open_course(course)
    exercise = Numbers(opened, read_assignment(opened, "week1")).exercise("adoe", "coding-3")
    notebook = nbformat.read(course / "release/week1/adoe/week1.ipynb", 4)
    for cell in notebook.cells:
        if cell.id == "answer-coding-3":
            cell.source = f"answer_coding_3 = {exercise.truth(**exercise.given)}"
        cell.source = cell.source.replace("*Your answer here.*", "The one that averages over P.")
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("doeann_101_2002_week1.ipynb", nbformat.writes(notebook))


def test_every_command_of_the_page_is_a_target():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf8"), re.MULTILINE))
    named = set(re.findall(r"make ([a-z-]+)", "\n".join(TYPED)))
    course = {"course", "assignment", "mail", "collect", "grade", "formgrader"}
    assert {"demo-course", "exercises"} | course == named <= targets


def test_the_page_shows_the_assignment_that_a_new_course_holds(tmp_path):
    shown, more_time = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    course = create_course(tmp_path / "course").path
    (course / "roster.csv").write_text("id,name\nadoe,Ann Doe\n", "utf8")
    (course / "assignments/week1.toml").write_text(shown + more_time, "utf8")
    whole = read_assignment(open_course(course), "week1")
    assert whole.due("adoe") > whole.deadline
    told, made = tomllib.loads(shown), tomllib.loads(ASSIGNMENT)
    assert told.pop("deadline") is not None
    assert made.pop("deadline") is not None
    assert told == made


def test_a_mistake_is_told_in_a_line(tmp_path):
    said = run(PYTHON, "-m", "assignments", "grade", str(tmp_path), "week1")
    told = "is not there, so no course is here: is COURSE right? make course makes one"
    assert (said.returncode, said.stderr) == (1, f"{tmp_path / 'course.toml'} {told}\n")
    assert said.stdout == ""


@pytest.mark.parametrize("target", ["course", "assignment", "collect", "grade", "mail", "formgrader"])
def test_a_command_without_its_course_says_what_to_type(target):
    said = run("make", "--old-file", ".venv-grading/installed", target)
    assert said.returncode == 2
    assert said.stdout.startswith(f"Say COURSE=..., as in make {target} COURSE=~/kl-course")


def test_grading_tells_what_has_changed_since_the_notebooks_were_written(tmp_path):
    course = attacked_course.make(tmp_path / "course", ["adoe", "broe"])[0].path
    assert "2 notebooks are in" in run(PYTHON, "-m", "assignments", "assignment", course, "week1").stdout
    with (course / "assignments/week1.toml").open("a") as week:
        week.write('[[exercise]]\nid = "coding-8"\npoints = 2\n')
    said = run(PYTHON, "-m", "assignments", "grade", course, "week1")
    assert said.returncode == 0, said.stderr
    lines = said.stdout.splitlines()
    since = r"week1\.toml has changed since its notebooks were written on \d{4}-\d\d-\d\d: "
    assert re.fullmatch(since + r"coding-8 is not in the notebooks\.", lines[0])
    assert lines[1].startswith("WARNING: coding-8 is in no notebook, and counts 2 points that nobody there can earn.")
    assert lines[2:4] == ["It is graded by the file as it is now.", "2 missing"]
    again = run(PYTHON, "-m", "assignments", "assignment", course, "week1")
    assert (again.returncode, again.stderr) == (0, "")
    assert lines[0] in again.stdout


def test_a_time_that_cannot_be_read_and_a_page_of_who_left_are_told(tmp_path):
    course = attacked_course.make(tmp_path / "course", ["adoe", "broe"])[0].path
    stamps = [course / f"submitted/{student}/week1/timestamp.txt" for student in ("adoe", "broe")]
    for stamp in stamps:
        attacked_course.write(stamp.with_name("week1.ipynb"), ["answer_coding_4 = 1"])
        stamp.write_text("late", "ascii")
    said = run(PYTHON, "-m", "assignments", "grade", course, "week1")
    assert (said.returncode, said.stdout) == (1, ""), "nothing ran"
    assert said.stderr == "".join(
        f"{stamp} must hold a date with an offset: 2030-01-31T23:59:00+01:00\n" for stamp in stamps
    )
    for stamp in stamps:
        stamp.parent.rename(stamp.parents[1] / "week0")
    page = course / "out/week1/feedback/cfox.html"
    page.parent.mkdir(parents=True)
    page.write_text("Cy", "utf8")
    said = run(PYTHON, "-m", "assignments", "grade", course, "week1")
    assert said.returncode == 0, said.stderr
    assert "From an earlier run, and of nobody on the roster: cfox.html. Do not hand out." in said.stdout
    assert page.exists()


def test_what_cannot_be_done_is_told_in_a_plain_line(tmp_path):
    course = attacked_course.make(tmp_path / "course", ["adoe"])[0].path
    said = run(PYTHON, "-m", "assignments", "mail", course, "week1", "foo")
    assert (said.returncode, said.stdout, said.stderr) == (1, "", "WHAT=foo: say WHAT=notebook or WHAT=feedback\n")
    said = run(PYTHON, "-m", "assignments", "formgrader", course)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.startswith(f"{course} has no gradebook.db yet: make grade writes it")


def test_a_course_without_students_is_told(tmp_path):
    course = attacked_course.make(tmp_path / "course", [])[0].path
    said = run(PYTHON, "-m", "assignments", "assignment", course, "week1")
    assert (said.returncode, said.stderr) == (1, f"{course / 'roster.csv'} lists no students\n")


def test_the_table_of_exercises_says_what_an_instructor_picks_by():
    lines = bank_table.table("coding").partition("\n\n")[0].splitlines()
    assert lines[0].split() == ["id", "level", "minutes", "answer", "numbers", "uses", "title"]
    by_id = {line.split()[0]: line for line in lines[1:]}
    assert list(by_id) == [f"coding-{n}" for n in range(1, 9)]
    assert by_id["coding-3"].split()[3:5] == ["number", "own"]
    assert by_id["coding-7"].split()[3:5] == ["function", "hidden"]
    assert by_id["coding-6"].split()[3:5] == ["choice", "same"]
    assert len(bank_table.table().partition("\n\n")[0].splitlines()) == 80
    with pytest.raises(CourseError, match="no chapter 'codings' has exercises; close to it is coding; these have: c"):
        bank_table.table("codings")
