"""What was given out is noted, and an assignment that changes afterwards is told."""

from dataclasses import replace

import attacked_course
import nbformat
import pytest

from assignments.course import Assigned, open_course, read_assignment
from assignments.notebooks import NOTE, student_notebook, write_release, written_answer
from assignments.numbers import Numbers
from assignments.own_cells import own_cells
from assignments.released import changes

SINCE = "week1.toml has changed since its notebooks were written on "


@pytest.fixture
def course(tmp_path):
    return attacked_course.make(tmp_path / "course", ["adoe", "broe"])


def edit(course, *changed):
    """Change the file of week 1 as an instructor does, and read it."""
    file = course.path / "assignments/week1.toml"
    text = file.read_text("utf8")
    for before, after in changed:
        assert before in text
        text = text.replace(before, after, 1)
    file.write_text(text, "utf8")
    return read_assignment(course, "week1")


def add(course, *students):
    with (course.path / "roster.csv").open("a") as roster:
        roster.writelines(f"{one},{one},\n" for one in students)
    return open_course(course.path)


def test_nothing_is_told_of_an_assignment_that_stayed(course):
    said = write_release(*course)
    assert str(said) == f"2 notebooks are in {course[0].path / 'release/week1'}, a folder for each student."
    assert changes(*course) == []
    assert str(write_release(*course)).startswith("Nothing to write: everybody's notebook is in ")


def test_every_change_is_told(course):
    course = course[0], edit(course[0], ("checks", 'title = "A"\nlate_per_day = 0.1\nchecks'))
    write_release(*course)
    edited = edit(
        course[0],
        ('title = "A"', 'title = "B"'),
        ("late_per_day = 0.1", "late_per_day = 0.2\ndeadline = 2030-01-31T23:59:00+01:00"),
        ("points = 1", "points = 2.5\npartial = 0.5"),
        ('id = "surprise-7"', 'id = "coding-3"'),
    )
    told = changes(course[0], edited)
    assert told[0].startswith(SINCE)
    assert told[0].partition(": ")[2] == (
        'title is "B", not "A"; deadline is "2030-01-31T23:59:00+01:00", not none; late_per_day is 0.2, not 0.1; '
        "coding-4 has 2.5 points, not 1; partial of coding-4 is 0.5, not 0; coding-3 is not in the notebooks; "
        "surprise-7 is in the notebooks, and not graded."
    )
    assert told[1].startswith("WARNING: coding-3 is in no notebook, and counts 1 point that nobody there can earn.")
    assert len(told) == 2
    moved = replace(course[1], exercises=course[1].exercises[::-1])
    assert changes(course[0], moved)[0].endswith(": the exercises stand in another order.")


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        (r"Is $\foo{x}$ more than $x$?", [r"\foo{x}"]),
        ("- Is\n  $$\n  a\n  \\foo{x}\n  $$\n\n| a |\n|---|\n| $\\bar$ |", [r"a \foo{x}", r"\bar"]),
        (
            r"So \begin{eqnarray}a\end{eqnarray}, see [$\foo$](https://example.org)",
            [r"\begin{eqnarray}a\end{eqnarray}", r"\foo"],
        ),
        (r"Is `$\foo$` more than $\ln 2$? $$\begin{aligned}a\end{aligned}$$", []),
    ],
)
def test_a_formula_that_no_page_shows_is_told(course, text, formulas):
    asked = replace(course[1], exercises=(*course[1].exercises, Assigned("written-1", 1.0, text=text)))
    told = str(write_release(course[0], asked)).splitlines()[1:]
    cannot = "Look: written-1: the feedback pages and Formgrader cannot set the formula "
    assert [line.removeprefix(cannot).partition(" and show it ")[0] for line in told] == formulas


def test_a_notebook_that_is_out_is_never_overwritten(course):
    write_release(*course)
    file = course[0].path / "release/week1/adoe/week1.ipynb"
    before = file.read_text("utf8")
    edited = edit(course[0], ("points = 1", "points = 2"))
    said = str(write_release(course[0], edited))
    assert said.startswith("Nothing to write: everybody's notebook is in ")
    assert "Another notebook would be written now for adoe, broe: theirs stay as they are" in said
    assert "coding-4 has 2 points, not 1" in said
    assert file.read_text("utf8") == before


def head(course, student):
    notebook = nbformat.read(course.path / f"release/week1/{student}/week1.ipynb", 4)
    return notebook.cells[0].source


def test_a_notebook_names_the_day_of_its_student_and_stays_where_more_time_is_given_later(course):
    with (course[0].path / "assignments/week1.toml").open("a") as week:
        week.write("[extensions]\nadoe = 2030-02-03T23:59:00+01:00\n")
    asked = edit(course[0], ("checks", "deadline = 2030-01-31T23:59:00+01:00\nchecks"))
    write_release(course[0], asked)
    assert "Hand in by 2030-02-03 23:59 UTC+01:00." in head(course[0], "adoe")
    assert "Hand in by 2030-01-31 23:59 UTC+01:00." in head(course[0], "broe")
    both = edit(course[0], ("[extensions]", "[extensions]\nbroe = 2030-02-05T23:59:00+01:00"))
    said = write_release(course[0], both)
    assert (said.new, said.differ, said.changes) == ([], [], [])
    later = edit(course[0], ("2030-02-03", "2030-02-04"))  # adoe's notebook says another day
    assert write_release(course[0], later).differ == ["adoe"]
    mended = replace(later, exercises=tuple(replace(one, points=one.points + 1) for one in later.exercises))
    numbers = Numbers(course[0], mended)
    for student in course[0].roster.values():
        notebook = nbformat.read(course[0].path / f"release/week1/{student.id}/week1.ipynb", 4)
        assert own_cells(numbers, student, notebook) == []
        notebook.cells[0].source += "\n\nMine."
        assert own_cells(numbers, student, notebook) == notebook.cells[:1]


def test_a_notebook_of_before_its_places_said_what_is_shown_is_the_same(course):
    with (course[0].path / "assignments/week1.toml").open("a") as week:
        week.write('[[exercise]]\nid = "written-1"\npoints = 1\ntext = "Why?"\n')
        week.write("[extensions]\nadoe = 2030-02-03T23:59:00+01:00\n")
    asked = edit(course[0], ("checks", "deadline = 2030-01-31T23:59:00+01:00\nchecks"))
    numbers, earlier = Numbers(course[0], asked), replace(asked, extensions={})
    for one in write_release(course[0], earlier).files:
        assert NOTE in one.read_text("utf8")
        one.write_text(one.read_text("utf8").replace(NOTE, ""), "utf8")
    said = write_release(course[0], asked)
    assert (said.new, said.differ, said.changes) == ([], [], [])
    for student in course[0].roster.values():
        file = course[0].path / f"release/week1/{student.id}/week1.ipynb"
        notebook = nbformat.read(file, 4)
        file.unlink()  # it is known by what it holds
        assert own_cells(numbers, student, notebook) == []
        assert written_answer(notebook, asked, "written-1") == ""
        for form in (notebook, student_notebook(numbers, student)):
            form.cells[-1].source = form.cells[-1].source.replace("*Your answer here.*", "Because.")
            assert written_answer(form, asked, "written-1") == "Because."


def test_a_newcomer_is_named_and_the_others_keep_theirs(course):
    write_release(*course)
    joined = add(course[0], "cfox", "dgil")
    said = str(write_release(joined, course[1]))
    assert said.startswith("Written for: cfox, dgil; the other 2 stay as they are. All are in ")
    assert changes(joined, course[1]) == []


def test_who_has_which_notebook_is_known(course):
    write_release(*course)
    edited = edit(course[0], ('id = "surprise-7"', 'id = "coding-3"'))
    joined = add(course[0], "cfox")
    said = str(write_release(joined, edited))
    assert "Written for: cfox; the other 2 stay as they are." in said
    assert "Another notebook would be written now for adoe, broe: theirs stay as they are" in said
    told = changes(joined, edited)
    assert told[0].startswith("week1.toml has changed since the notebooks of adoe, broe were written on ")
    assert told[1].startswith("WARNING: coding-3 is not in the notebooks of adoe, broe, and counts 1 point")
    left = replace(joined, roster={"cfox": joined.roster["cfox"]})
    assert changes(left, edited) == []


def test_notebooks_that_are_written_again_are_what_was_given_out(course):
    write_release(*course)
    edited = edit(course[0], ("points = 1", "points = 2"))
    (course[0].path / "release/week1").rename(course[0].path / "release/not sent")
    assert len(write_release(course[0], edited).new) == 2
    assert changes(course[0], edited) == []
    assert changes(*course)[0].startswith(SINCE)


def test_a_change_that_no_notebook_shows_stays_told(course):
    write_release(*course)
    edited = edit(course[0], ("checks", "late_per_day = 0.5\nchecks"))
    told = write_release(course[0], edited).changes
    assert told == changes(course[0], edited)
    assert told[0].endswith(": late_per_day is 0.5, not 0.")


def test_notebooks_of_before_there_was_a_record_are_noted(course):
    write_release(*course)
    (course[0].path / "numbers/week1.released.json").unlink()
    assert changes(*course) == []
    write_release(*course)
    assert changes(course[0], edit(course[0], ("points = 1", "points = 2")))[0].startswith(SINCE)
