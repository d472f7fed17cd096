"""Zips and folders that come back in any state: what cannot be read is listed and left alone."""

import os
import stat
import tracemalloc
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import attacked_course
import pytest

from assignments.arrival import late_days
from assignments.collect import collect
from assignments.course import CourseError, open_course, read_assignment
from assignments.grade import grade, refusals, submission


@pytest.fixture
def course(tmp_path):
    course = attacked_course.make(tmp_path / "course", ["ann", "bob"])[0]
    week = course.path / "assignments" / "week1.toml"
    week.write_text("deadline = 2026-10-16T23:59:00+00:00\n" + week.read_text("utf8"), "utf8")
    return course, read_assignment(course, "week1")


def tree(folder):
    """Return every file below a folder with its bytes, but for the list of what was collected."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != "collected.txt")
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def member(name, mode=0o100644, date=(2026, 10, 15, 12, 0, 0)):
    info = zipfile.ZipInfo(name, date)
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


OUTSIDE = ("../ann.ipynb", "/ann.ipynb", "..\\..\\ann.ipynb", "ann/../../../week1.ipynb", "../../course/secret")


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_that_leads_out_of_the_zip_is_listed_and_left_alone(course, tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(member(name), "{}")
        archive.writestr(member("bob-week1.ipynb"), "{}")
    before = tree(tmp_path)
    found = collect(*course, tmp_path / "a.zip")
    assert found.unresolved == [(name, "its name leads out of the zip")]
    assert found.accepted == {"bob": ["bob-week1.ipynb"]}
    new = {file for file in tree(tmp_path).keys() - before.keys() if not file.endswith("refused.txt")}
    assert new == {f"course/submitted/bob/week1/{file}" for file in ("week1.ipynb", "timestamp.txt", "came.json")}


def hostile(tmp_path, kind):
    """Write a zip in which only Bob's notebook can be read."""
    file = tmp_path / f"{kind}.zip"
    with zipfile.ZipFile(file, "w") as archive:
        if kind == "link":
            archive.writestr(member("ann-week1.ipynb", stat.S_IFLNK | 0o777), "/etc/hostname")
        elif kind == "bomb":
            archive.writestr(member("ann-week1.ipynb"), bytes(40 * 2**20))
        else:
            info = member("ann-week1.ipynb")
            info.compress_type = zipfile.ZIP_STORED
            archive.writestr(info, "a notebook in clear")
        archive.writestr(member("bob-week1.ipynb"), "{}")
    data = bytearray(file.read_bytes())
    if kind == "damaged":
        data[data.index(b"in clear")] ^= 1
    if kind == "encrypted":
        data[6] |= 1
        data[data.index(b"PK\x01\x02") + 8] |= 1
    if kind == "understated":
        at = data.index(b"PK\x01\x02") + 20
        data[at : at + 8] = (1).to_bytes(4, "little") * 2
    file.write_bytes(data)
    return file


@pytest.mark.parametrize(
    ("kind", "why"),
    {
        "link": "a link",
        "bomb": "40 MB",
        "damaged": "BadZipFile",
        "encrypted": "RuntimeError",
        "understated": "BadZipFile",
    }.items(),
)
def test_a_hostile_zip_costs_only_the_file_that_cannot_be_read(course, tmp_path, kind, why):
    found = collect(*course, hostile(tmp_path, kind))
    assert [name for name, _ in found.unresolved] == ["ann-week1.ipynb"]
    assert why in found.unresolved[0][1]
    assert found.accepted == {"bob": ["bob-week1.ipynb"]}
    assert grade(*course)["ann"].status == "unreadable"


def test_of_two_files_of_one_name_both_are_kept_and_the_later_counts(course, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(member("ann-week1.ipynb", date=(2026, 10, 15, 12, 0, 0)), "later")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(member("ann-week1.ipynb", date=(2026, 10, 14, 12, 0, 0)), "earlier")
    assert collect(*course, tmp_path / "a.zip").accepted == {"ann": ["ann-week1.ipynb", "ann-week1.ipynb"]}
    files = tree(course[0].path / "submitted" / "ann" / "week1")
    assert files["week1.ipynb"] == b"later"
    assert files["earlier/1/week1.ipynb"] == b"earlier"
    assert collect(*course, tmp_path / "a.zip").accepted == {}
    assert tree(course[0].path / "submitted" / "ann" / "week1") == files


def test_a_zip_without_dates_makes_nobody_late(course, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(member("ann-week1.ipynb"), '{"nbformat": 4, "cells": []}')
    data = bytearray((tmp_path / "a.zip").read_bytes())
    at = data.index(b"PK\x01\x02") + 12
    data[at : at + 4] = bytes(4)
    (tmp_path / "a.zip").write_bytes(data)
    assert collect(*course, tmp_path / "a.zip").accepted == {"ann": ["ann-week1.ipynb"]}
    assert grade(*course)["ann"].late_days == 0


def test_what_is_no_zip_or_holds_too_many_files_is_refused(course, tmp_path):
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(CourseError, match="neither a folder nor a zip"):
        collect(*course, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(5001):
            archive.writestr(f"{number}.ipynb", "")
    with pytest.raises(CourseError, match="5001 files"):
        collect(*course, tmp_path / "a.zip")


def test_many_large_files_are_read_one_at_a_time(course, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for number in range(20):
            archive.writestr(member(f"ann-{number}-week1.ipynb"), b"%d" % number + bytes(9 * 2**20))
    monkeypatch.setattr("assignments.kept._write", lambda *given: None)  # and keep none
    tracemalloc.start()
    assert len(collect(*course, tmp_path / "a.zip").accepted["ann"]) == 20
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * 2**20


def test_a_folder_of_links_pipes_and_large_files_is_left_alone(course, tmp_path):
    inbox = course[0].path / "inbox"
    (inbox / "bob").mkdir()
    (inbox / "bob" / "link.ipynb").symlink_to(course[0].path / "secret")
    (inbox / "elsewhere").symlink_to(tmp_path)
    os.mkfifo(inbox / "bob" / "pipe.ipynb")
    with (inbox / "bob" / "large.ipynb").open("wb") as file:
        file.truncate(200 * 10**6)
    (inbox / os.fsdecode(b"ann-\xff-week1.ipynb")).write_text("{}")
    os.utime(inbox / os.fsdecode(b"ann-\xff-week1.ipynb"), (0, datetime(2026, 10, 1, tzinfo=UTC).timestamp()))
    found = collect(*course, inbox)
    assert {name: why.split(",")[0] for name, why in found.unresolved} == {
        "bob/link.ipynb": "it is a link or no file",
        "bob/pipe.ipynb": "it is a link or no file",
        "bob/large.ipynb": "it has 190 MB",
    }
    assert list(found.accepted) == ["ann"]


@pytest.mark.parametrize(
    "who", ["vanderroebjörn", "vanderroebjorn", "vanderroebjo\u0308rn", "björnvanderroe", "roebjörnvander"]
)
def test_names_are_found_as_canvas_writes_them(who, tmp_path):
    made, assignment = attacked_course.make(tmp_path / "named", ["ann"])
    (made.path / "roster.csv").write_text("id,name,email\nbvr,Björn van der Roe,\nann,Ann Doe,\n", "utf8")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(f"{who}_103_2004_week1-1.ipynb", "{}")
    assert list(collect(open_course(made.path), assignment, tmp_path / "a.zip").accepted) == ["bvr"]


def test_canvas_says_who_is_late_and_the_date_of_its_zip_does_not(tmp_path):
    made, assignment = attacked_course.make(tmp_path / "late", ["ann", "bob"])
    assignment = replace(assignment, deadline=datetime(2026, 10, 16, 23, 59, tzinfo=UTC))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("ann_1_2_week1.ipynb", "bob_LATE_3_4_week1.ipynb"):
            archive.writestr(member(name, date=(2026, 10, 17, 8, 0, 0)), "{}")
    collect(made, assignment, tmp_path / "a.zip")
    late = [late_days(assignment, one.id, submission(made, assignment, one)) for one in made.roster.values()]
    assert late == [0, 1]


def test_only_notebooks_of_the_assignment_are_taken_and_the_newest_counts(tmp_path):
    made, assignment = attacked_course.make(tmp_path / "several", ["ann"])
    told = '{"metadata": {"kl-assignment": {"assignment": "%s"}}}'
    files = {
        "ann/mine.ipynb": told % "week1",
        "ann/week1.ipynb": told % "week2",
        "ann/scratch.ipynb": "{}",
        "ann/.ipynb_checkpoints/week1-checkpoint.ipynb": told % "week1",
        "__MACOSX/ann/._week1.ipynb": "x",
    }
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(member(name, date=(2026, 10, 15, 12, 0, 0)), text)
    with zipfile.ZipFile(tmp_path / "older.zip", "w") as archive:
        archive.writestr(member("ann-week1.ipynb", date=(2026, 10, 1, 12, 0, 0)), "older")
    found = collect(made, assignment, tmp_path / "a.zip")
    assert found.accepted == {"ann": ["ann/mine.ipynb"]}
    assert dict(found.unresolved) == {
        "ann/week1.ipynb": "no notebook of week1: it is one of 'week2'",
        "ann/scratch.ipynb": "no notebook of week1, by its name and by what it holds",
        "ann/.ipynb_checkpoints/week1-checkpoint.ipynb": "it is a copy that Jupyter or the system keeps for itself",
        "__MACOSX/ann/._week1.ipynb": "it is a copy that Jupyter or the system keeps for itself",
    }
    collect(made, assignment, tmp_path / "older.zip")
    place = submission(made, assignment, made.roster["ann"])
    assert place.read_text("utf8") == told % "week1"
    assert (place.parent / "earlier/1/week1.ipynb").read_text("utf8") == "older"
    assert not refusals(place).exists()
