"""Which of a student's files counts, whatever comes when and how often; and what a collection says of the others."""

import json
import os
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attacked_course
import pytest

from assignments.arrival import late_days, time_of
from assignments.collect import Collected, changed_at, collect
from assignments.copies import Copies
from assignments.course import CourseError, open_course, read_assignment
from assignments.grade import submission
from assignments.kept import came_as, check_times, unknown_times
from assignments.platforms import OUR_WHEEL
from assignments.report import look_at, write_reports
from assignments.results import Result

DEADLINE = datetime(2026, 10, 10, 12, tzinfo=UTC)
NO_TIME = (1980, 1, 1, 0, 0, 0)


@pytest.fixture
def course(tmp_path):
    made = attacked_course.make(tmp_path / "course", ["ann", "bob", "cas"])[0]
    week = made.path / "assignments/week1.toml"
    week.write_text(f"deadline = {DEADLINE.isoformat()}\n" + week.read_text("utf8"), "utf8")
    return made, read_assignment(made, "week1")


@pytest.fixture
def come(course, tmp_path):
    """Collect a zip of files, each with its content and the day of October on which it was changed."""

    def come(*files):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as members:
            for name, text, day in files:
                members.writestr(zipfile.ZipInfo(name, (2026, 10, day, 12, 0, 0) if day else NO_TIME), text)
        return collect(*course, tmp_path / "a.zip")

    return come


@pytest.fixture
def state(course):
    """Return what counts for Ann, since which day of October, and what is kept beside it."""

    def state():
        place = submission(*course, course[0].roster["ann"])
        when = time_of(course[1], place)
        earlier = sorted(place.parent.glob("earlier/*/week1.ipynb"))
        return place.read_text(), when and when.day, [file.read_text() for file in earlier]

    return state


A = "ann-week1.ipynb"


def test_the_first_version_handed_in_again_counts_again(come, state):
    come((A, "v1", 1))
    come((A, "v2", 2))
    found = come((A, "v1", 3))
    assert state() == ("v1", 3, ["v1", "v2"])
    assert "Replaced an earlier one, which is kept: ann." in str(found)
    again = come((A, "v1", 3))
    assert again.unchanged == {"ann"}
    assert state() == ("v1", 3, ["v1", "v2"])


def test_an_older_zip_collected_again_changes_nothing(come, state):
    come((A, "v1", 1))
    come((A, "v2", 2))
    said = str(come((A, "v1", 1)))
    assert said.splitlines()[:2] == ["Nothing new was found.", "Kept from before, and another one counts: ann."]
    assert state() == ("v2", 2, ["v1"])


def test_what_counts_keeps_its_first_time_when_it_comes_again_later(come, state):
    come((A, "v1", 1))
    come((A, "v2", 2))
    come((A, "v2", 20))
    come((A, "v1", 21), ("ann/week1.ipynb", "v2", 22))  # a copy of the inbox, with the times of copying
    assert state() == ("v2", 2, ["v1"])
    come(("ann/a-week1.ipynb", "v3", 4), ("ann/b-week1.ipynb", "v3", 20))
    assert state() == ("v3", 4, ["v1", "v2"])


def test_several_files_at_once_are_all_kept_and_the_newest_counts(come, state):
    files = [("ann/1-week1.ipynb", "v1", 1), ("ann/2-week1.ipynb", "v2", 2), ("ann/3-week1.ipynb", "v1", 3)]
    for _ in range(2):
        come(*files)
        assert state() == ("v1", 3, ["v1", "v2"])
    come(*files, ("ann/4-week1.ipynb", "v0", 0), ("ann/5-week1.ipynb", "v1", 5))
    assert state() == ("v1", 3, ["v1", "v2", "v0"])


def test_one_handed_in_before_and_after_what_counts_counts(come, state):
    come((A, "v2", 2))
    come(("ann/1-week1.ipynb", "v1", 1), ("ann/3-week1.ipynb", "v1", 3))
    assert state() == ("v1", 3, ["v2"])


def test_a_file_without_a_time_counts_and_is_not_late(course, come, state):
    come((A, "v1", 11))
    assert late_days(course[1], "ann", submission(*course, course[0].roster["ann"])) == 1
    found = come((A, "v2", None))
    assert found.replaced == {"ann"}
    assert state() == ("v2", None, ["v1"])
    assert late_days(course[1], "ann", submission(*course, course[0].roster["ann"])) == 0
    come((A, "v1", 11))  # the first zip once more
    assert state() == ("v2", None, ["v1"])
    come((A, "v3", None))
    come((A, "v2", None))  # the second zip once more
    assert state() == ("v3", None, ["v1", "v2"])
    come(("ann-week1-again.ipynb", "v2", None))  # under another name it is meant
    assert state() == ("v2", None, ["v1", "v2", "v3"])


def test_a_file_of_a_folder_that_was_unpacked_from_a_zip_without_times_counts(course, state):
    file = course[0].path / "inbox" / A
    for text, when in (("v1", DEADLINE - timedelta(days=1)), ("v2", datetime(1980, 1, 1, 1, tzinfo=UTC))):
        file.write_text(text)
        os.utime(file, (0, when.timestamp()))
        collect(*course, file.parent)
    assert state() == ("v2", None, ["v1"])


def test_a_file_of_a_year_that_no_calendar_has_has_no_time():
    assert changed_at(DEADLINE.timestamp()) == DEADLINE
    assert changed_at(253_402_300_900) is changed_at(-1e30) is changed_at(0) is None


def test_a_zip_of_canvas_downloaded_again_brings_nothing_back_that_was_mended(come, state):
    come(("ann_1_2_week1.ipynb", "v1", 1))
    come((A, "mended", 3))
    come(("ann_1_2_week1.ipynb", "v1", 5))  # the time is that of the zip
    assert state() == ("mended", 3, ["v1"])
    come(("ann_1_7_week1-1.ipynb", "v1", 6))  # handed in again: the file has another number
    assert state() == ("v1", 6, ["v1", "mended"])


def test_the_latest_that_canvas_marks_late_is_told_until_it_is_known(course, come):
    found = come(*((f"{one}_LATE_{n}_1_week1.ipynb", "{}", 12) for n, one in enumerate(course[0].roster)))
    folder = course[0].path / "submitted"
    assert str(found).splitlines()[-2] == (
        "How late is not known of ann, bob, cas, since Canvas says only LATE. They count as one day late, until you "
        "write the time into "
        f"{folder}/ann/week1/timestamp.txt, and so for each."
    )
    late = [submission(*course, one) for one in course[0].roster.values()]
    assert [late_days(course[1], "ann", place) for place in late] == [1, 1, 1], "whenever the zip was made"
    assert unknown_times(*course) == {"how late": ["ann", "bob", "cas"]}
    again = come(*((f"{one}_LATE_{n}_1_week1.ipynb", "{}", 13) for n, one in enumerate(course[0].roster)))
    assert again.late == []


def test_a_platforms_file_that_is_taken_for_the_older_one_is_told(course, come, state):
    come((A, "by mail", 12))
    found = come(("Ann_7_assignsubmission_file/week1.ipynb", "on Moodle", 13))
    assert state() == ("by mail", 12, ["on Moodle"])
    place = submission(*course, course[0].roster["ann"])
    assert list(found.notes) == [
        f"Look: ann handed in two files, and the time of the one that came now is not known: of these {place} counts, "
        f"and the other is {place.parent}/earlier/1/week1.ipynb. If that one should count, exchange the two."
    ]


def test_a_file_that_may_be_newer_than_the_one_of_a_platform_is_told(come, state):
    come(("Ann_7_assignsubmission_file/week1.ipynb", "on Moodle", 13))
    found = come((A, "by mail", 8))
    assert state() == ("on Moodle", 10, ["by mail"])
    assert any("the time of the one that counts is not known" in note for note in found.notes)


def test_what_counts_as_late_follows_a_deadline_that_is_mended(course, come):
    come(
        ("ann_1_2_week1.ipynb", "a", 11),
        ("bob_LATE_3_4_week1.ipynb", "b", 11),
        ("cas_9_assignsubmission_file/week1.ipynb", "c", 11),
    )
    files = [(one, submission(*course, course[0].roster[one])) for one in course[0].roster]
    for days, unclear in ((0, ["cas"]), (-9, ["cas"]), (9, [])):  # the zip was made on the day after
        moved = replace(course[1], deadline=DEADLINE + timedelta(days=days))
        assert [late_days(moved, student, file) for student, file in files] == [0, 1, 0]
        assert unknown_times(course[0], moved) == {"how late": ["bob"]} | ({"whether": unclear} if unclear else {})


def test_a_newer_file_of_a_platform_counts_though_the_time_of_the_first_was_written(course, come, state):
    come(("ann_LATE_1_2_week1.ipynb", "v1", 12))
    place = submission(*course, course[0].roster["ann"])
    place.with_name("timestamp.txt").write_text("2026-10-11T10:00:00+00:00\n")
    assert come(("ann_LATE_1_2_week1.ipynb", "v1", 13)).late == [], "it is the same one"
    assert state() == ("v1", 11, [])
    found = come(("ann_LATE_1_7_week1-1.ipynb", "v2", 14))
    assert state() == ("v2", 10, ["v1"])
    assert found.late == ["ann"], "the time of the first is not that of the second"
    assert (place.parent / "earlier/1/timestamp.txt").exists()
    come(("ann_LATE_1_2_week1.ipynb", "v0", 11))  # of a zip that was made before
    assert state() == ("v2", 10, ["v1", "v0"])


def test_what_a_newer_zip_of_moodle_holds_counts(come, state):
    name = "Ann_7_assignsubmission_file/week1.ipynb"
    for text, day in (("v1", 1), ("v2", 2), ("v1", 3)):
        come((name, text, day))
    assert state() == ("v1", 3, ["v1", "v2"])
    come((A, "mended", 4))
    come((name, "v2", 2))
    come((name, "v1", 5))
    assert state() == ("mended", 4, ["v1", "v2", "v1"])


def test_a_zip_of_moodle_makes_nobody_late_and_says_so(course, come, state):
    (course[0].path / "roster.csv").write_text("id,name\nann,Ann Doe\nbob,Bob Roe\ncas,Cy Case\n", "utf8")
    course[0].roster.update(open_course(course[0].path).roster)
    found = come(
        ("Ann Doe_7_assignsubmission_file/x.ipynb", inside("ann"), 20),
        ("Bob Roe_8_assignsubmission_file/x.ipynb", inside("bob"), 20),
        ("cas-week1.ipynb", inside("cas"), 20),
    )
    assert [late_days(course[1], one.id, submission(*course, one)) for one in course[0].roster.values()] == [0, 0, 10]
    assert str(found).splitlines()[-2] == (
        "Whether they are late is not known of ann, bob, since Moodle says only when the zip was made, which was after "
        "the deadline. They count as in time. Of who was late write the time into "
        f"{course[0].path}/submitted/ann/week1/timestamp.txt, and so for each."
    )
    assert come(("Ann Doe_7_assignsubmission_file/x.ipynb", inside("ann", "week1") + " ", 9)).unclear == []


def inside(student, assignment="week1"):
    return json.dumps({"metadata": {"kl-assignment": {"student": student, "assignment": assignment}}})


def test_a_notebook_that_nobody_is_named_as_says_whose_it_is(come):
    found = come(
        ("Participant_7_assignsubmission_file_/x.ipynb", inside("bob"), 1),
        ("x.ipynb", inside("mallory"), 1),
        ("y.ipynb", inside("bob", "week2"), 1),
        ("ann/.ipynb_checkpoints/week1.ipynb", inside("ann"), 1),
        ("z.ipynb", inside(["ann"]), 1),
    )
    hint = "; inside it says bob: if it is theirs, move it to inbox/bob-week1.ipynb and collect from inbox"
    assert dict(found.unresolved) == {
        "Participant_7_assignsubmission_file_/x.ipynb": f"nobody on the roster is named so{hint}",
        "ann/.ipynb_checkpoints/week1.ipynb": "it is a copy that Jupyter or the system keeps for itself",
        **dict.fromkeys(["x.ipynb", "y.ipynb", "z.ipynb"], "nobody on the roster is named so"),
    }
    assert come(("bob-week1.ipynb", inside("bob"), 1)).accepted == {"bob": ["bob-week1.ipynb"]}


def test_what_is_left_alone_is_told_by_reason(come):
    files = [(f"{n}/kltools-0.1.0-py3-none-any.whl", "", 1) for n in range(7)]
    files += [(f"{n}/notes.txt", "", 1) for n in range(8)]
    found = come(*files, ("doeann_1_2_all.zip", "", 1), ("other.whl", "", 1))
    said = [line for line in str(found).splitlines() if "Left alone" in line]
    assert said == [
        "Left alone: '0/notes.txt', '1/notes.txt', '2/notes.txt', '3/notes.txt', '4/notes.txt' and 4 more: "
        "it is not a notebook",
        "Left alone: 'doeann_1_2_all.zip': it is a zip: unpack it into inbox/ID, collect from inbox, and check the "
        "time: it is the author's",
        f"Left alone: 7 files: {OUR_WHEEL}",
    ]
    record = next(line for line in str(found).splitlines() if "Each of them" in line)
    listed = Path(record.removeprefix("Each of them is named in ").removesuffix("."))
    assert "7/notes.txt" in listed.read_text()
    assert "Each of them" not in str(Collected(unresolved=[("a", "b")], record="c"))


def test_a_page_goes_back_under_the_newest_name_that_the_platform_gave(course, come):
    ann, bob = course[0].roster["ann"], course[0].roster["bob"]
    come(("ann_1_2_week1.ipynb", "v1", 1), ("bob/week1.ipynb", "b", 1))
    come(("ann_1_5_week1-1.ipynb", "v2", 2))
    come((A, "v3", 3))
    assert (came_as(*course, ann), came_as(*course, bob)) == ("ann_1_5_week1-1.ipynb", "bob/week1.ipynb")
    results = {one: Result(one, 5.0, ended="missing") for one in course[0].roster}
    write_reports(*course, results, Copies())
    with zipfile.ZipFile(course[0].path / "out/week1/feedback.zip") as members:
        assert members.namelist() == ["ann_1_5_week1-1.html", "bob.html", "cas.html"]
    told = "In feedback.zip 2 pages have no name that the platform knows, since the notebook came otherwise or not"
    assert look_at(*course, results) == [f"{told} at all: bob, cas."]
    assert look_at(*course, ["bob", "cas"]) == [], "no platform is there"


def test_a_page_of_who_left_the_roster_is_named(course):
    write_reports(*course, {one: Result(one, 5.0, ended="missing") for one in course[0].roster}, Copies())
    (course[0].path / "roster.csv").write_text("id,name\nann,Ann\n", "utf8")
    left = open_course(course[0].path)
    assert look_at(left, course[1], ["ann"]) == [
        "From an earlier run, and of nobody on the roster: bob.html, cas.html. Do not hand out. Formgrader goes "
        "on showing who left."
    ]
    assert (left.path / "out/week1/feedback/bob.html").exists()


def test_times_that_cannot_be_read_are_all_told_before_anything_runs(course, come):
    come(*((f"{one}-week1.ipynb", "{}", 1) for one in course[0].roster))
    check_times(*course)
    for student, text in (("ann", b"yesterday"), ("bob", b"2030-01-31T23:59:00"), ("cas", b"\xff")):
        submission(*course, course[0].roster[student]).with_name("timestamp.txt").write_bytes(text)
    with pytest.raises(CourseError) as told:
        check_times(*course)
    lines = str(told.value).splitlines()
    assert len(lines) == 3
    for line, student in zip(lines, course[0].roster, strict=True):
        assert line.endswith(
            f"{student}/week1/timestamp.txt must hold a date with an offset: 2030-01-31T23:59:00+01:00"
        )
