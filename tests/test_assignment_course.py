"""Mistakes in an assignment's file, each told with what would do, and more time for single students."""

import shutil
from datetime import UTC, datetime

import attacked_course
import pytest

from assignments import bank_table
from assignments.course import CourseError, open_course, read_assignment
from assignments.grade import grade, submission
from assignments.results import read_result

ONE = '[[exercise]]\nid = "coding-3"\npoints = 2\n'
WRITTEN = '[[exercise]]\nid = "written-1"\npoints = 2\n'
DEADLINE = "deadline = 2030-01-31T23:59:00+01:00\n"


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
        "a mistyped key": (
            ONE.replace("points", "point"),
            "coding-3: point is not known here; close to it is points; known are id, partial, points, text$",
        ),
        "a mistyped key of no exercise": (
            ONE.replace("id", "ids"),
            r"\[\[exercise\]\] number 1: ids is not known here",
        ),
        "a mistyped setting": (f"titel = 'A'\n{ONE}", "titel is not known here; close to it is title; known"),
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
        "an extension of nobody": (
            f"{DEADLINE}{ONE}[extensions]\nadou = 2030-02-03T23:59:00+01:00",
            "extensions: 'adou' is not on the roster; close to it is adoe$",
        ),
        "an extension without a zone": (
            f"{DEADLINE}{ONE}[extensions]\nadoe = 2030-02-03T23:59:00",
            "extensions: adoe = 2030-02-03T23:59:00 does not say in which time zone",
        ),
        "an extension into the past": (
            f"{DEADLINE}{ONE}[extensions]\nadoe = 2029-02-03T23:59:00+01:00",
            "gives no more time: it is before the deadline, 2030-01-31T23:59:00",
        ),
        "an extension of nothing": (
            f"{ONE}[extensions]\nadoe = 2030-02-03T23:59:00+01:00",
            "gives no more time: there is no deadline",
        ),
    }.values(),
)
def test_a_mistake_is_told_with_what_would_do(week, text, told):
    with pytest.raises(CourseError, match=rf"week1\.toml(:|, ).*{told}"):
        week(text)


@pytest.mark.parametrize("tex", [r"\beta", r"\frac12", r"\theta", r"\nu", r"\rho", r"\\ \tau"])
def test_a_text_that_would_lose_a_backslash_is_refused_with_the_cure(week, tex):
    told = "has a backslash between double quotes, .*: write it between ''' and ''', or on one line between ' and ',"
    for text in [f'"""\nWhy $x{tex}$?"""', f'"$x{tex}$"']:
        with pytest.raises(CourseError, match=f"week1.toml: written-1: text {told}"):
            week(f"{ONE}{WRITTEN}text = {text}")
        with pytest.raises(CourseError, match=f"week1.toml: written-1: text {told}"):
            week(f"{WRITTEN}text = {text}".replace("[[exercise]]", "[exercise]"))
    with pytest.raises(CourseError, match=f"week1.toml: title {told}"):
        week(f'title = "$x{tex}$"\n{ONE}')
    file = week.course.path / "course.toml"
    file.write_text(f'title = "$x{tex}$"\n', "utf8")
    with pytest.raises(CourseError, match=f"course.toml: title {told}"):
        open_course(week.course.path)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"$\\theta$", r"$\theta$"),
        (r"Say \"why\".", 'Say "why".'),
        (r"One.\n\nTwo.", "One.\n\nTwo."),
        (r"Caf\u00e9", "Caf\u00e9"),
        ("One, \\\n   two", "One, two"),
    ],
)
def test_a_backslash_that_is_meant_for_the_file_is_read(week, written, read):
    asked = week(f'{ONE}{WRITTEN}text = """{written}"""')
    assert asked.exercises[1].text == read


@pytest.mark.parametrize("tex", [r"\mu", r"\pi", r"\sum", r"\underline{x}", r"\Updownarrow", r"\uD800"])
def test_a_backslash_that_cannot_be_read_is_told_with_the_cure(week, tex):
    with pytest.raises(CourseError, match=r"line 8: Why .* cannot be read .*; if that is a text, write it between '''"):
        week(f'{ONE}{WRITTEN}text = """\nWhy ${tex}$?\n"""')
    with pytest.raises(CourseError) as told:
        week(f"title = Week 1\n{ONE}")
    assert "between" not in str(told.value)


def test_a_backslash_between_single_quotes_is_itself(week):
    text = 'Why $\\beta$\\\\ \\" \\?\n\ttitle = "a\\b"\\'
    for quoted, read in ((f"'''\n{text}'''", text), ("'$\\nu\\'", "$\\nu\\"), ('"plain"', "plain")):
        asked = week(f"# \\ \" '\ntitle = '$\\theta$ \\'\n{ONE}{WRITTEN}text = {quoted} # \\b")
        assert (asked.title, asked.exercises[1].text) == ("$\\theta$ \\", read)


@pytest.mark.parametrize("title", ["'''a\nb'''", "'a\tb'"])
def test_a_title_is_one_line(week, title):
    with pytest.raises(CourseError, match=r"title = 'a\\[nt]b' must be one line without a tab"):
        week(f"title = {title}\n{ONE}")


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


def test_an_extension_of_who_left_says_so(week):
    (week.course.path / "release/week1/cdoe").mkdir(parents=True)
    with pytest.raises(CourseError, match=r"'cdoe' is not on the roster any more, .* take the line out if cdoe left"):
        week(f"{DEADLINE}{ONE}[extensions]\ncdoe = 2030-02-03T23:59:00+01:00")


def test_an_extension_changes_lateness_and_runs_nothing_again(week, monkeypatch):
    text = f"deadline = 2026-10-16T12:00:00+00:00\nchecks = false\nlate_per_day = 0.1\n{ONE}"
    asked = week(text)
    for student in week.course.roster.values():
        file = submission(week.course, asked, student)
        attacked_course.write(file, ["answer_coding_3 = 1"])
        file.with_name("timestamp.txt").write_text("2026-10-18T11:00:00+00:00")
    assert [result.late_days for result in grade(week.course, asked).values()] == [2, 2]
    monkeypatch.setattr("assignments.sandbox.run_notebook", lambda *given, **options: pytest.fail("it ran again"))
    more = week(f"{text}[extensions]\nadoe = 2026-10-17T12:00:00+00:00")
    assert more.due("adoe") == datetime(2026, 10, 17, 12, tzinfo=UTC)
    late = {student: result.late_days for student, result in grade(week.course, more).items()}
    assert late == {"adoe": 1, "broe": 2}
    assert read_result(week.course, more, "adoe").late_days == 1
    assert [result.late_days for result in grade(week.course, week(text)).values()] == [2, 2]
