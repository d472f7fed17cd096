"""Mistakes in an assignment's file, each told with what would do."""

import shutil

import attacked_course
import pytest

from assignments import bank_table
from assignments.course import CourseError, read_assignment

ONE = '[[exercise]]\nid = "coding-3"\npoints = 2\n'


@pytest.fixture
def week(tmp_path):
    """Write the file of week 1 and read it."""
    course = attacked_course.make(tmp_path / "course", ["adoe", "broe"])[0]

    def read(text):
        (course.path / "assignments/week1.toml").write_text(text, "utf8")
        return read_assignment(course, "week1")

    read.course = course
    return read


@pytest.mark.parametrize(
    ("text", "told"),
    {
        "no points": ('[[exercise]]\nid = "coding-3"\n', r"coding-3: points is missing, as in points = 2"),
        "no id": (f"{ONE}[[exercise]]\npoints = 2\n", r"\[\[exercise\]\] number 2: id is missing"),
        "a mistyped id": (ONE.replace("coding-3", "suprise-2"), "no exercise 'suprise-2'; close to it are surprise-2,"),
        "an id too high": (ONE.replace("coding-3", "coding-33"), "no exercise 'coding-33'; close to it are coding-3,"),
        "yes": (f"# week 1\nchecks = yes\n{ONE}", r"line 2: checks = yes: say true or false$"),
        "True": (f"checks = True # they may\n{ONE}", "line 1: .*: say true or false$"),
        "in quotes": (f'checks = "true"\n{ONE}', "checks = 'true' must be true or false, without quotes"),
        "other mistakes": (f"title = Week 1\n{ONE}", r"line 1: title = Week 1 cannot be read \(Invalid value"),
        "no time zone": (
            f"deadline = 2030-01-31T23:59:00\n{ONE}",
            r"deadline = 2030-01-31T23:59:00 does not say in which time zone: 2030-01-31T23:59:00[+-]\d\d:\d\d is that",
        ),
        "no time": (f"deadline = 2030-01-31\n{ONE}", "deadline = 2030-01-31 must be a date, a time and an offset"),
        "a text": (f'deadline = "2030-01-31T23:59:00Z"\n{ONE}', "an offset without quotes: 2030-"),
    }.values(),
)
def test_a_mistake_is_told_with_what_would_do(week, text, told):
    with pytest.raises(CourseError, match=rf"week1\.toml(:|, ).*{told}"):
        week(text)


def test_a_file_with_a_mark_first_is_read(week):
    assert week("\ufeff" + ONE).exercises[0].id == "coding-3"


def test_an_assignment_that_is_not_there_is_told_with_those_that_are(week):
    shutil.copy(week.course.path / "assignments/week1.toml", week.course.path / "assignments/midterm.toml")
    with pytest.raises(CourseError, match=r"week2\.toml is not there; the assignments are: midterm, week1$"):
        read_assignment(week.course, "week2")
    with pytest.raises(CourseError, match=r"'Week1': .* has midterm, week1$"):
        read_assignment(week.course, "Week1")


def test_a_mistyped_chapter_is_told_with_what_is_close():
    with pytest.raises(CourseError, match="no chapter 'suprise' has exercises; close to it is surprise; these have: "):
        bank_table.table("suprise")
