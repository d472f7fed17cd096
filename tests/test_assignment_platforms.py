"""Submissions as Moodle and Canvas name them, what a collection says of them, and what goes back under their names."""

import csv
import io
import json
import zipfile

import attacked_course
import pytest

from assignments.arrival import came
from assignments.collect import Collected, collect
from assignments.copies import Copies
from assignments.course import open_course, read_assignment
from assignments.grade import grade, submission
from assignments.kept import came_as, unknown_times
from assignments.platforms import name_of_answer, owner
from assignments.report import write_reports
from assignments.results import Result, Verdict
from assignments.roster import Student

ROSTER = 'id,name,email\nann,Ann Doe,\nbvr,Björn van der Roe,\ncas,"O\'Case, Cy",\ndan,Dan Fox,\n'


@pytest.fixture
def course(tmp_path):
    made = attacked_course.make(tmp_path / "course", ["ann"])[0]
    (made.path / "roster.csv").write_text(ROSTER, "utf8")
    opened = open_course(made.path)
    return opened, read_assignment(opened, "week1")


def notebook(student="ann", more=""):
    return json.dumps({"metadata": {"kl-assignment": {"assignment": "week1", "student": student}}, "cells": more})


@pytest.fixture
def zipped(course, tmp_path):
    """Zip files, each a day later than the one before, and collect them."""

    def collected(files, first=1):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as members:
            for day, (name, text) in enumerate(files.items(), first):
                members.writestr(zipfile.ZipInfo(name, (2026, 10, day, 12, 0, 0)), text)
        return collect(*course, tmp_path / "a.zip")

    return collected


@pytest.mark.parametrize(
    ("name", "student"),
    {
        "Ann Doe_12345_assignsubmission_file_/x.ipynb": "ann",
        "Ann Doe_12345_assignsubmission_file/x.ipynb": "ann",
        "Ann Doe_12345_assignsubmission_file_x.ipynb": "ann",
        "Course-Week 1-77/Björn van der Roe_2_assignsubmission_file/part/x.ipynb": "bvr",
        "Bjo\u0308rn van der Roe_2_assignsubmission_file_/x.ipynb": "bvr",
        "van der Roe Bjorn_2_assignsubmission_file_/x.ipynb": "bvr",
        "Monday-group-Ann Doe_12345_assignsubmission_file_/x.ipynb": "ann",
        "Cy OCase_3_assignsubmission_file/x.ipynb": "cas",
        # what stands further in is named by whoever handed it in
        "foxdan_101_2002_x\n\\ann\\week1.ipynb": "dan",
        "Dan Fox_5_assignsubmission_file_x\n\\ann\\week1.ipynb": "dan",
        "Ann Doe_1_assignsubmission_file/Dan Fox_4_assignsubmission_file_week1.ipynb": "ann",
        "Ann Doe_1_assignsubmission_file/dan/week1.ipynb": "ann",
        "Ann Doe_1_assignsubmission_file/x\\dan\\week1.ipynb": "ann",
        "Ann Doe_1_assignsubmission_file_x\\dan\\week1.ipynb": "ann",
        "Ann Doe_1_assignsubmission_file/foxdan_4_5_week1.ipynb": "ann",
        "doeann_1_2_x\\dan\\foxdan_4_5_week1.ipynb": "ann",
        "zip of windows\\ann\\week1.ipynb": "ann",
        "zip of windows\\doeann_1_2_week1.ipynb": "ann",
        "ann/dan-week1.ipynb": "ann",
    }.items(),
)
def test_names_are_found_as_moodle_writes_them(zipped, name, student):
    found = zipped({name: notebook(student)})
    assert found.unresolved == []
    assert found.accepted == {student: [name]}


@pytest.mark.parametrize("who", ["Soren Laengyel Lodz", "Søren Længyel Łódz", "SØREN LÆNGYEL ŁODZ"])
def test_letters_with_strokes_are_found_as_plain_ones_too(who):
    roster = {"sla": Student("sla", "Søren Længyel Łodz", ""), "ann": Student("ann", "Ann Doe", "")}
    assert owner(roster, f"{who}_3_assignsubmission_file/x.ipynb") == ("sla", "")
    assert owner({"ld": Student("ld", "Lodz Dogu", "")}, "łodzdoğu_1_2_x.ipynb") == ("ld", "")
    assert owner({"ld": Student("ld", "ðıœþđ", "")}, "diœthd_1_2_x.ipynb") == ("ld", "")


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("doeann_1_2_week1.pdf", "ann"),
        ("doeann_LATE_1_2_week1", "ann"),
        ("Ann Doe_12345_assignsubmission_file_/week1.pdf", "ann"),
        ("Dan Fox_12345_assignsubmission_file_week1.html", "dan"),
        ("Ann Doe_1_assignsubmission_file/Dan Fox_4_assignsubmission_file_week1.pdf", "ann"),
        ("Ann Doe_1_assignsubmission_file/.DS_Store", None),
        ("__MACOSX/doeann_1_2_week1.pdf", None),
        ("__MACOSX/Ann Doe_1_assignsubmission_file/._week1.pdf", None),
        ("nobody_1_2_week1.pdf", None),
        ("ann-notes.pdf", None),
        ("ann/notes.pdf", None),
    ],
)
def test_of_a_file_that_is_no_notebook_it_is_known_who_sent_it_through_a_platform(course, zipped, name, student):
    opened, asked = course
    assert owner(opened.roster, name) == (student, "it is not a notebook")
    assert zipped({name: "%PDF"}).unresolved == [(name, "it is not a notebook")]
    told = {id: (result.ended, result.note) for id, result in grade(opened, asked, trusted=True).items()}
    note = "The file that came on 2026-10-01 was not taken: it is not a notebook."
    assert told == {id: ("unreadable", note) if id == student else ("missing", "") for id in opened.roster}
    assert (f"Left alone: {name!r} of {student}: it is" in str(zipped({name: "%PDF"}))) == bool(student)
    if student:
        assert came_as(*course, opened.roster[student]) == name
        assert name_of_answer(name, student, "week1").endswith("week1.html")


def test_a_zip_of_one_student_is_to_be_unpacked_where_it_can_name_nobody_else(course, zipped):
    said = str(zipped({"doeann_LATE_1_2_all.zip": "PK"}))
    put = "unpack it into inbox/ann, collect from inbox, and check the time: it is the author's"
    assert f"Left alone: 'doeann_LATE_1_2_all.zip' of ann: it is a zip: {put}" in said
    assert grade(*course, trusted=True)["ann"].note.endswith("was not taken: it is a zip.")
    inside = course[0].path / "inbox/ann/all/dan/week1.ipynb"
    inside.parent.mkdir(parents=True)
    inside.write_text(notebook("dan"), "utf8")
    for name in ("foxdan_101_1_week1.ipynb", "Dan Fox_102_assignsubmission_file/week1.ipynb"):
        named = course[0].path / "inbox/ann" / name
        named.parent.mkdir(exist_ok=True)
        named.write_text(notebook(more=name), "utf8")
    assert list(collect(*course, course[0].path / "inbox").accepted) == ["ann"]
    place = submission(*course, course[0].roster["ann"])
    assert place.with_name("timestamp.txt").exists(), "a file in a folder has the time that it has"
    assert came_as(*course, course[0].roster["ann"]) == "", "and no name of a platform"


def test_a_file_beside_a_notebook_changes_nothing(course, zipped):
    folder = "Ann Doe_1_assignsubmission_file_"
    for first in (1, 10):
        found = zipped({f"{folder}/a.pdf": "%PDF", f"{folder}/x.ipynb": notebook(), f"{folder}/b.png": "PNG"}, first)
        assert found.missing == ["Björn van der Roe (bvr)", "O'Case, Cy (cas)", "Dan Fox (dan)"]
    assert came_as(*course, course[0].roster["ann"]) == f"{folder}/x.ipynb"
    assert "was not taken" not in grade(*course, trusted=True)["ann"].note


def test_a_name_of_nobody_is_left_alone(zipped):
    names = [f"{who}_77_assignsubmission_file_/x.ipynb" for who in ("Participant", "Anne Doe", "Mary-Ann", "Doe-")]
    found = zipped(dict.fromkeys(names, notebook("nobody")))
    assert found.unresolved == [(name, "nobody on the roster is named so") for name in names]
    assert found.missing == ["Ann Doe (ann)", "Björn van der Roe (bvr)", "O'Case, Cy (cas)", "Dan Fox (dan)"]


def test_a_collection_says_what_is_new_replaced_unchanged_and_missing(zipped):
    said = str(zipped({"ann/week1.ipynb": notebook()}, 10)).splitlines()
    assert said == [
        "1 submission of 1 student was taken in.",
        "New: ann.",
        "Still missing: Björn van der Roe (bvr); O'Case, Cy (cas); Dan Fox (dan).",
    ]
    said = str(zipped({"ann/week1.ipynb": notebook(more="newer"), "bvr/week1.ipynb": notebook("bvr")}, 11))
    assert said.splitlines()[:3] == [
        "2 submissions of 2 students were taken in.",
        "New: bvr.",
        "Replaced an earlier one, which is kept: ann.",
    ]
    said = str(zipped({"ann/week1.ipynb": notebook(more="oldest")})).splitlines()
    assert said[1] == "Older than the one that counts, and kept beside it: ann."
    said = str(zipped({"bvr/week1.ipynb": notebook("bvr"), "ann/week1.ipynb": notebook()})).splitlines()
    assert said[:3] == ["Nothing new was found.", "Kept from before, and another one counts: ann.", "Unchanged: bvr."]


def test_of_many_who_are_missing_twenty_are_named():
    said = str(Collected(missing=[f"s{number}" for number in range(25)]))
    assert said.endswith("Still missing: " + ", ".join(f"s{number}" for number in range(20)) + " and 5 more.")
    assert str(Collected()).endswith("Nobody is missing.")


def test_a_notebook_of_somebody_else_is_taken_and_told(zipped):
    found = zipped({"ann/week1.ipynb": notebook("bvr"), "dan/week1.ipynb": notebook("x\n" + "y" * 99)})
    assert list(found.accepted) == ["ann", "dan"]
    shown = "'x\\n" + "y" * 38 + "'"
    assert list(found.notes) == [
        "Look: what ann handed in is the notebook of bvr by what it says inside. It is taken.",
        f"Look: what dan handed in is the notebook of {shown}, who is not on the roster, by what it says inside. "
        "It is taken.",
    ]
    assert all(note in str(found) for note in found.notes)


def test_a_file_that_canvas_marks_late_of_who_has_more_time_is_told(course, tmp_path):
    week = course[0].path / "assignments/week1.toml"
    text = "deadline = 2026-10-01T12:00:00+00:00\n" + week.read_text("utf8")
    week.write_text(text + "[extensions]\nann = 2026-10-05T12:00:00+00:00\n", "utf8")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as members:
        for name, student in (("doeann_LATE_1_2_week1.ipynb", "ann"), ("foxdan_LATE_3_4_week1.ipynb", "dan")):
            members.writestr(zipfile.ZipInfo(name, (2026, 10, 9, 12, 0, 0)), notebook(student))
    notes = list(collect(course[0], read_assignment(course[0], "week1"), tmp_path / "a.zip").notes)
    assert len(notes) == 2
    assert notes[0].startswith("Look: ann has more time, and Canvas marks the file as late. It counts as in time; ")
    assert notes[1].startswith("How late is not known of dan, since Canvas says only LATE. They count as one day late")
    assert notes[1].endswith("submitted/dan/week1/timestamp.txt.")
    assignment = read_assignment(course[0], "week1")
    assert unknown_times(course[0], assignment) == {"how late": ["dan"]}
    for student in ("ann", "dan"):
        place = submission(*course, course[0].roster[student])
        place.with_name("timestamp.txt").write_text("2026-10-04T09:00:00+00:00\n")
    assert unknown_times(course[0], assignment) == {}
    again = collect(course[0], assignment, tmp_path / "a.zip")
    assert list(again.notes) == [], "the times are known now"


@pytest.mark.parametrize("name", ["doeann_{}_{}_week1.ipynb", "Ann Doe_{}_assignsubmission_file/{}.ipynb"])
def test_two_whom_a_platform_names_alike_are_not_taken_for_one(zipped, course, name):
    one, other, again = name.format(101, 1), name.format(999, 2), name.format(101, 3)
    found = zipped({one: notebook(), other: notebook(more="of another")})
    put = "if it is theirs, put it into inbox as ann-week1.ipynb and collect from inbox"
    assert found.accepted == {}
    assert dict(found.unresolved) == dict.fromkeys([one, other], f"the platform names 2 people like ann: {put}")
    zipped({other.replace("week1.ipynb", "x.pdf").replace("2.ipynb", "2.pdf"): "%PDF"})
    assert zipped({one: notebook(), other: notebook(more="of another")}).accepted == {}, (
        "no PDF says whose number counts"
    )
    zipped({one: notebook()}, 2)
    found = zipped({other: notebook(more="of another"), again: notebook(more="newer")}, 3)
    assert found.accepted == {"ann": [again]}
    platform = "canvas" if name.startswith("doe") else "moodle"
    assert dict(found.unresolved) == {
        other: f"it is of one of two people whom the platform names like ann, of whom {platform} 101 was taken: {put}"
    }


def test_the_name_under_which_a_file_came_is_kept_with_it(course, zipped):
    ann = course[0].roster["ann"]
    assert came_as(*course, ann) == ""
    zipped({"doeann_1_2_week1.ipynb": notebook()})
    assert came_as(*course, ann) == "doeann_1_2_week1.ipynb"
    zipped({"doeann_1_5_week1-1.ipynb": notebook()}, 2)  # the same, handed in again
    assert came_as(*course, ann) == "doeann_1_5_week1-1.ipynb"
    zipped({"doeann_1_9_week1-2.ipynb": notebook(more="new")}, 3)
    assert came_as(*course, ann) == "doeann_1_9_week1-2.ipynb"
    assert came(submission(*course, ann).parent / "earlier/1/week1.ipynb").name == "doeann_1_5_week1-1.ipynb"


@pytest.mark.parametrize(
    ("came", "goes"),
    {
        "doeann_1_2_week1.ipynb": "doeann_1_2_week1.html",
        "submissions/doeann_LATE_1_2_my_week.1.IPYNB": "doeann_LATE_1_2_my_week.1.html",
        "top/Ann Doe_5_assignsubmission_file_/in/x.ipynb": "Ann Doe_5_assignsubmission_file_/week1.html",
        "Ann Doe_5_assignsubmission_file/x.ipynb": "Ann Doe_5_assignsubmission_file/week1.html",
        "Ann Doe_5_assignsubmission_file_x.ipynb": "Ann Doe_5_assignsubmission_file_week1.html",
        "Ann Doe_5_assignsubmission_file/Dan Fox_6_assignsubmission_file_x.ipynb": (
            "Ann Doe_5_assignsubmission_file/week1.html"
        ),
        "doeann_1_2_x\\foxdan_3_4_week1.ipynb": "doeann_1_2_x_foxdan_3_4_week1.html",
        "ann/week1.ipynb": "ann.html",
        "ann-week1.ipynb": "ann.html",
        "": "ann.html",
        f"doeann_1_2_{'x' * 239}.ipynb": f"doeann_1_2_{'x' * 239}.html",
        f"doeann_1_2_{'x' * 240}.ipynb": "ann.html",
        f"doeann_1_2_{'é' * 40_000}.ipynb": "ann.html",
        f"{'Ann ' * 60}_5_assignsubmission_file_/x.ipynb": "ann.html",
        f"Ann Doe_5_assignsubmission_file_{'x' * 999}.ipynb": "Ann Doe_5_assignsubmission_file_week1.html",
        "Ann Doe_5_assignsubmission_file_x\\y\\x.ipynb": "Ann Doe_5_assignsubmission_file_week1.html",
    }.items(),
)
def test_a_page_goes_back_under_the_name_that_the_platform_knows(came, goes):
    assert name_of_answer(came, "ann", "week1") == goes


def test_what_goes_out_is_ready_for_a_platform(course, zipped):
    files = {
        "Ann Doe_5_assignsubmission_file_/x.ipynb": notebook(),
        "roebjörnvander_7_8_week1.ipynb": notebook("bvr"),
        "cas/week1.ipynb": notebook("cas"),
    }
    zipped(files)
    place = submission(*course, course[0].roster["dan"]).with_name("came.json")  # two cannot have one name
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps("Ann Doe_5_assignsubmission_file_/x.ipynb"))
    ids = [one.id for one in course[1].exercises]
    earned = dict.fromkeys(ids, 0.5) | {ids[1]: None}
    verdicts = [Verdict(id, 1.0, earned[id], "wrong") for id in ids]
    results = {one: Result(one, 5.0, verdicts=verdicts, late_days=1, late_per_day=0.5) for one in course[0].roster}
    results["cas"] = Result("cas", 5.0, ended="crashed", verdicts=[Verdict(id, 1.0, 0.0, "unanswered") for id in ids])
    results["dan"] = Result("dan", 5.0, ended="missing")
    write_reports(*course, results, Copies())
    out = course[0].path / "out/week1"
    with zipfile.ZipFile(io.BytesIO((out / "feedback.zip").read_bytes())) as members:
        names = dict(zip(["ann", "bvr", "cas", "dan"], members.namelist(), strict=True))
        for student, name in names.items():
            assert members.read(name) == (out / f"feedback/{student}.html").read_bytes()
    assert names == {
        "ann": "Ann Doe_5_assignsubmission_file_/week1.html",
        "bvr": "roebjörnvander_7_8_week1.html",
        "cas": "cas.html",
        "dan": "dan.html",
    }
    with (out / "points.csv").open(encoding="utf8", newline="") as lines:
        rows = list(csv.reader(lines))
    points = ["0.5", "", *["0.5"] * (len(ids) - 2)]
    assert rows == [
        ["student", "name", *ids],
        ["ann", "Ann Doe", *points],
        ["bvr", "Björn van der Roe", *points],
        ["cas", "O'Case, Cy", *[""] * len(ids)],
        ["dan", "Dan Fox", *[""] * len(ids)],
    ]
