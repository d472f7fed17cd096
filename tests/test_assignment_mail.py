"""Messages for a mail program: one a student, with the notebook or the feedback, and none that was edited is lost."""

import email
from dataclasses import replace
from email.policy import default

import attacked_course
import pytest

from assignments.copies import Copies
from assignments.course import CourseError, open_course, read_assignment
from assignments.mail import write_messages
from assignments.notebooks import write_release
from assignments.report import write_reports
from assignments.results import Result, Verdict

ROSTER = """\
id,name,email
ann,Ann Doe,ann@example.org
bob,"Röe, Bob",bob@example.org
cas,Cy Case,
dan,Dan Fox,dan@exämple.org
"""


@pytest.fixture
def course(tmp_path):
    path = attacked_course.make(tmp_path / "course", ["ann"])[0].path
    (path / "roster.csv").write_text(ROSTER, "utf8")
    week = path / "assignments/week1.toml"
    text = week.read_text("utf8").replace("checks = false", 'title = "Wöche 1"\ndeadline = 2030-01-31T23:59:00+01:00')
    week.write_text(text + "[extensions]\nbob = 2030-02-03T23:59:00+01:00\n", "utf8")
    opened = open_course(path)
    return opened, read_assignment(opened, "week1")


def read(course, student, what="notebook"):
    data = (course[0].path / "mail/week1" / what / f"{student}.eml").read_bytes()
    return email.message_from_bytes(data, policy=default)


def put_page(course, student, text="<p>right</p>"):
    folder = course[0].path / "out/week1/feedback"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{student}.html").write_text(text, "utf8")


def test_each_student_gets_a_draft_with_their_notebook_and_its_wheel(course):
    write_release(*course)
    said = write_messages(*course, "notebook")
    assert str(said).splitlines() == [
        f"2 messages were written to {course[0].path / 'mail/week1/notebook'}. Nothing was sent.",
        "No address on the roster, or none that can be used: cas, dan.",
    ]
    for student, to, name, due in (
        ("ann", "Ann Doe <ann@example.org>", "Ann Doe", "2030-01-31 23:59 UTC+01:00"),
        ("bob", '"Röe, Bob" <bob@example.org>', "Bob Röe", "2030-02-03 23:59 UTC+01:00"),
    ):
        message = read(course, student)
        assert message["To"] == to
        assert (message["Subject"], message["X-Unsent"], message["From"]) == ("Attacked: Wöche 1", "1", None)
        notebook, wheel = message.iter_attachments()
        assert notebook.get_filename() == "week1.ipynb"
        released = course[0].path / "release/week1" / student
        assert notebook.get_content() == (released / "week1.ipynb").read_bytes()
        assert wheel.get_content() == (released / wheel.get_filename()).read_bytes()
        body = message.get_body().get_content().replace("\r\n", "\n")
        assert body.startswith(f"Hello {name},\n\nyour notebook for Wöche 1 is attached: week1.ipynb.\n")
        assert "Save both files in one folder and open the notebook in Jupyter.\n" in body
        holds = " This holds, whatever day the notebook names." if student == "bob" else ""
        assert body.endswith(f"Hand in by {due}.{holds}\n")


def test_the_feedback_of_each_student_goes_to_them_alone(course):
    put_page(course, "ann")
    said = write_messages(*course, "feedback")
    assert (said.written, said.nothing) == (["ann"], ["bob"])
    (page,) = read(course, "ann", "feedback").iter_attachments()
    assert (page.get_content_type(), page.get_filename()) == ("text/html", "week1.html")
    assert page.get_payload(decode=True) == b"<p>right</p>"


def test_a_message_is_replaced_where_it_is_the_programs_own_and_stays_where_it_was_edited(course):
    put_page(course, "ann")
    put_page(course, "bob")
    write_messages(*course, "feedback")
    assert write_messages(*course, "feedback").unchanged == ["ann", "bob"]
    file = course[0].path / "mail/week1/feedback/bob.eml"
    mine = file.read_bytes().replace(b"Hello", b"Dear")
    file.write_bytes(mine)
    put_page(course, "ann", "<p>better</p>")
    said = write_messages(*course, "feedback")
    assert (said.written, said.anew, said.edited, said.outdated) == (["ann"], ["ann"], ["bob"], [])
    assert "Of these, written before, and now with other contents: ann." in str(said)
    put_page(course, "bob", "<p>other points</p>")
    said = write_messages(*course, "feedback")
    assert (said.anew, said.edited, said.outdated) == ([], ["bob"], ["bob"])
    assert "what is attached or said has changed: bob." in str(said)
    assert "Edited by you, and left as they are (move one away to have it written anew): bob." in str(said)
    assert file.read_bytes() == mine
    assert b"better" in next(read(course, "ann", "feedback").iter_attachments()).get_payload(decode=True)
    file.unlink()
    said = write_messages(*course, "feedback")
    assert (said.written, said.anew) == (["bob"], [])


def test_a_message_to_who_left_is_named(course):
    put_page(course, "ann")
    put_page(course, "bob")
    write_messages(*course, "feedback")
    (course[0].path / "roster.csv").write_text(ROSTER.replace("bob,", "bo,"), "utf8")
    (course[0].path / "assignments/week1.toml").write_text(attacked_course.ASSIGNMENT, "utf8")
    opened = open_course(course[0].path)
    said = write_messages(opened, read_assignment(opened, "week1"), "feedback")
    assert said.left == ["bob.eml"]
    assert "of nobody who gets one now: do not send: bob.eml." in str(said)


@pytest.mark.parametrize(("what", "command"), [("notebook", "assignment"), ("feedback", "grade")])
def test_what_is_not_there_yet_is_told_with_the_command(course, what, command):
    with pytest.raises(CourseError, match=f"There is no {what} to send yet: make {command} COURSE=.* NAME=week1"):
        write_messages(*course, what)


def test_who_handed_in_nothing_is_told_so_and_who_waits_is_named(course):
    for student in ("ann", "bob", "cas", "dan"):
        put_page(course, student)
    verdicts = [Verdict(one.id, 1.0, 0.5, "wrong") for one in course[1].exercises]
    waiting = [replace(verdicts[0], earned=None), *verdicts[1:]]
    results = {"ann": Result("ann", 5.0, ended="crashed", verdicts=waiting), "bob": Result("bob", 5.0, ended="missing")}
    write_reports(*course, results, Copies())
    said = write_messages(*course, "feedback")
    assert "Not final yet, since a person has still to read an answer: ann.\n" in str(said)
    assert "Handed in nothing, and the message says so: bob.\n" in str(said)
    message = read(course, "bob", "feedback")
    assert list(message.iter_attachments()) == []
    body = message.get_content().replace("\r\n", "\n")
    assert body.startswith("Hello Bob Röe,\n\nno notebook of yours came for Wöche 1, so there is no feedback.\n")
    results["bob"] = Result("bob", 5.0, verdicts=verdicts)  # it came after all
    write_reports(*course, results, Copies())
    said = write_messages(*course, "feedback")
    assert (said.written, said.unchanged, said.missing) == (["bob"], ["ann"], [])
    assert "attached" in read(course, "bob", "feedback").get_body().get_content()


def test_tables_that_cannot_be_read_are_told(course):
    put_page(course, "ann")
    (course[0].path / "out/week1/grades.csv").write_bytes(b"\xff")
    with pytest.raises(CourseError, match=r"grades\.csv cannot be read: .*; make grade writes it anew"):
        write_messages(*course, "feedback")


def test_a_message_brings_what_it_can(course):
    with pytest.raises(CourseError, match=r"^WHAT=foo: say WHAT=notebook or WHAT=feedback$"):
        write_messages(*course, "foo")


def test_no_name_brings_a_header_of_its_own(course):
    words = "=?utf-8?q?Ann=0D=0ABcc:_eve@example.org?="
    opened, assignment = course
    roster = opened.roster | {"ann": replace(opened.roster["ann"], name=words)}
    opened = replace(opened, roster=roster, title=words)
    write_release(opened, assignment)
    write_messages(opened, assignment, "notebook")
    message = read((opened, assignment), "ann")
    assert message["To"].addresses[0].addr_spec == "ann@example.org"
    assert {name.lower() for name in message} == {"to", "subject", "x-unsent", "mime-version", "content-type"}
