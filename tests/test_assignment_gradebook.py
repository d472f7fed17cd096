"""The gradebook and Formgrader: what a person gives is kept, and what a student sent never runs there."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from dataclasses import asdict
from html.parser import HTMLParser

import pytest
from gradebook_course import HOSTILE, PYTHON, Worker, hand_in, result, tree

from assignments import ROOT, formgrader
from assignments.course import Course, CourseError, create_course, open_course, read_assignment
from assignments.numbers import Numbers
from assignments.results import Result


@pytest.fixture(scope="module")
def worker():
    if not PYTHON.exists():
        pytest.fail("These tests need the environment of grading: make .venv-grading/installed")
    worker = Worker()
    yield worker
    _, noise = worker.process.communicate()
    assert not noise, "the commands of an instructor are quiet"


@pytest.fixture
def course(tmp_path) -> Course:
    """A course of three, of whom Ann and Bob handed in the week's notebook."""
    path = create_course(tmp_path / "course").path
    (path / "roster.csv").write_text('id,name,email\nann,Ann Mary Doe,ann@x\nbob,"Roe, Bob",bob@x\ncy,Cy,cy@x\n')
    course = open_course(path)
    for student in ("ann", "bob"):
        hand_in(course, student)
    return course


def test_what_is_recorded(course, worker):
    worker.record(course.path, [result("ann"), result("bob", ""), asdict(Result("cy", 8.0, ended="missing"))])
    assert worker.rows(course.path) == {
        "max": 8.0,
        "written": 3.0,
        "due": "2030-01-31 23:59:00",
        "students": {
            "ann": ["Ann Mary", "Doe", "ann@x", "ann"],
            "bob": ["Bob", "Roe", "bob@x", "bob"],
            "cy": ["", "Cy", "cy@x", "cy"],
        },
        "sent": {
            "ann": {
                "coding-3": [1.0, None, None, False, None, None],
                "coding-7": [0.0, None, None, False, None, None],
                "written-1": [None, None, None, True, None, None],
            },
            "bob": {
                "coding-3": [1.0, None, None, False, None, None],
                "coding-7": [0.0, None, None, False, None, None],
                "written-1": [0.0, None, None, False, None, None],
            },
        },
    }
    assert worker.points(course.path) == {}
    assert (course.path / "gradebook.db").stat().st_mode & 0o777 == 0o600
    numbers = Numbers(course, read_assignment(course, "week1"))
    source = (course.path / "source/week1/week1.ipynb").read_text()
    for student in course.roster:
        assert json.dumps(numbers.exercise(student, "coding-3").question)[1:-1] not in source


def test_a_second_run_changes_nothing(course, worker):
    worker.record(course.path, [result("ann"), result("bob")])
    before = tree(course.path)
    worker.record(course.path, [result("ann"), result("bob")])
    assert tree(course.path) == before


def test_what_a_person_gave_stays_whatever_is_graded_again(course, worker):
    worker.record(course.path, [result("ann"), result("bob")])
    worker.give(course.path, "ann", "coding-3", 1.5, 0.25)
    worker.give(course.path, "ann", "coding-7", None, 1.0)
    worker.give(course.path, "ann", "written-1", 2.0)
    worker.give(course.path, "ann", "written-1", None, None, "Well said.")
    given = {"ann": {"coding-3": 1.75, "coding-7": 1.0, "written-1": 2.0}}
    assert worker.points(course.path) == given
    worker.record(course.path, [result("ann", earned=2.0), result("bob", earned=2.0)])
    assert worker.points(course.path) == given
    assert worker.rows(course.path)["sent"]["ann"] == {
        "coding-3": [2.0, 1.5, 0.25, False, None, None],
        "coding-7": [0.0, None, 1.0, False, None, None],
        "written-1": [None, 2.0, None, False, None, "Well said."],
    }


def test_points_for_an_answer_that_has_changed_wait_for_a_person(course, worker):
    worker.record(course.path, [result("ann"), result("bob")])
    for exercise in ("coding-3", "written-1"):
        worker.give(course.path, "ann", exercise, 2.0)
    hand_in(course, "ann", written="The reverse one.")
    again = [result("ann", "The reverse one."), result("bob")]
    worker.record(course.path, again)
    assert worker.points(course.path) == {"ann": {"coding-3": 2.0}}, "its code is as it was"
    told = "The answer changed after 2 points were given. Press Resolve to keep them, or type others."
    assert worker.rows(course.path)["sent"]["ann"]["written-1"] == [None, 2.0, None, True, told, None]
    worker.record(course.path, again)
    assert worker.rows(course.path)["sent"]["ann"]["written-1"] == [None, 2.0, None, True, told, None]
    worker.give(course.path, "ann", "written-1", 2.0)
    worker.record(course.path, again)
    assert worker.points(course.path) == {"ann": {"coding-3": 2.0, "written-1": 2.0}}
    assert worker.rows(course.path)["sent"]["ann"]["written-1"] == [None, 2.0, None, False, None, None]
    hand_in(course, "ann", written="The reverse one.", code="answer_coding_3 = 0.4")
    worker.record(course.path, again)
    assert worker.points(course.path) == {"ann": {"written-1": 2.0}}


def test_what_cannot_be_judged_leaves_the_gradebook_as_it_is(course, worker):
    worker.record(course.path, [result("ann"), result("bob")])
    worker.give(course.path, "ann", "written-1", 2.0)
    before = worker.rows(course.path), tree(course.path / "autograded")
    (course.path / "submitted/ann/week1/week1.ipynb").write_text("no notebook")
    (course.path / "roster.csv").write_text("id,name,email\nann,Ann Mary Doe,ann@x\ncy,Cy,cy@x\n")  # Bob has left
    worker.record(course.path, [asdict(Result(one, 8.0, ended="unreadable")) for one in ("ann", "cy")])
    assert (worker.rows(course.path), tree(course.path / "autograded")) == before


def test_an_exercise_that_is_no_longer_asked_keeps_what_a_person_gave(course, worker):
    worker.record(course.path, [result("ann"), result("bob")])
    worker.give(course.path, "ann", "coding-7", 2.0)
    file = course.path / "assignments/week1.toml"
    text = file.read_text()
    file.write_text(re.sub(r'id = "coding-(\d)"', lambda found: f'id = "coding-{int(found[1]) + 1}"', text))
    changed = [result("ann"), result("bob")]
    for one in changed:
        for verdict, id in zip(one["verdicts"], ("coding-4", "coding-8", "written-1"), strict=True):
            verdict["id"] = id
    worker.record(course.path, changed)
    found = worker.rows(course.path)["sent"]
    assert set(found["ann"]) == {"coding-4", "coding-7", "coding-8", "written-1"}, "coding-3 was of nobody's concern"
    assert found["ann"]["coding-7"][:2] == [0.0, 2.0]
    assert found["ann"]["coding-4"][0] == 1.0


@pytest.mark.parametrize("where", ["making", "second"])
def test_a_run_that_was_killed_is_taken_up_again(course, worker, where):
    results = [result("ann"), result("bob")]
    assert worker.record_killed(course.path, results, where) == -9
    worker.record(course.path, results)
    found = worker.rows(course.path)
    shutil.rmtree(course.path / "autograded")
    for leftover in course.path.glob("*gradebook.db*"):
        leftover.unlink()
    worker.record(course.path, results)
    assert found == worker.rows(course.path)


def test_a_damaged_gradebook_is_told(course, worker):
    (course.path / "gradebook.db").write_text("not a database " * 100)
    with pytest.raises(RuntimeError, match=r"CourseError: .*gradebook\.db cannot be used: file is not a database"):
        worker.points(course.path)


class Tags(HTMLParser):
    """The elements of the part of a page that shows the notebook, with their attributes."""

    def __init__(self):
        super().__init__()
        self.inside, self.found = False, []

    def handle_starttag(self, tag, attributes):
        self.inside = self.inside or ("id", "notebook") in attributes
        if self.inside:
            self.found.append((tag, dict(attributes)))


def test_nothing_of_a_hostile_notebook_reaches_the_page_as_markup(course, worker):
    (course.path / "roster.csv").write_text("id,name,email\nann,Ann <script>window.ran=9</script> Doe,ann@x\n")
    course = open_course(course.path)
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": HOSTILE}}
    hand_in(
        course,
        "ann",
        written=HOSTILE,
        code=f"answer_coding_3 = '''{HOSTILE}'''",
        first={"source": HOSTILE, "attachments": {"x.svg": {"image/svg+xml": HOSTILE}}, "metadata": {"x": HOSTILE}},
        second={"source": HOSTILE, "outputs": [output], "metadata": {"nbgrader": {"grade_id": HOSTILE}}},
    )
    honest = result("ann", HOSTILE)
    honest["note"] = honest["verdicts"][0]["message"] = honest["verdicts"][0]["answer"] = HOSTILE
    worker.record(course.path, [honest])
    page = worker.page(course.path, "ann")
    tags = Tags()
    tags.feed(page)
    tags.close()
    names = {tag for tag, _ in tags.found}
    harmless = "body main div span h1 h2 p pre code strong a button input textarea math mrow mi mn mo"
    assert names <= set(harmless.split())
    assert not [attributes for _, attributes in tags.found if any(name.startswith("on") for name in attributes)]
    links = [attributes["href"] for tag, attributes in tags.found if tag == "a"]
    assert all(link.startswith("#") for link in links), "to the headings only"
    assert len([tag for tag, _ in tags.found if tag == "textarea"]) == 3
    assert "<script>window.ran" not in page
    assert page.count("&lt;script&gt;window.ran = 1&lt;/script&gt;") >= 6, "shown, and not left out"
    assert "$k$" not in page, "formulas of the question need no script"
    assert "49" not in page.partition('id="notebook"')[2]
    for unseen in ("\u202e", "\ud800", "\0"):
        assert unseen not in page
    assert "&lt;U+202E&gt; turned &lt;U+D800&gt; half &lt;U+0000&gt; none &amp;lt;script&amp;gt;" in page
    assert "Ann" not in page.partition('id="notebook"')[2], "who grades does not see whose it is"


def test_the_settings_are_written_once_and_guarded(course):
    formgrader.write_settings(course)
    file = course.path / "nbgrader_config.py"
    text = file.read_text()
    file.write_text(text.replace("debug = False", "debug = True"))
    formgrader.write_settings(course)
    assert "debug = True" in file.read_text()
    with pytest.raises(CourseError, match=r"has no gradebook\.db yet: make grade"):
        formgrader.command(course)
    (course.path / "gradebook.db").touch()
    assert "--ServerApp.ip=127.0.0.1" in formgrader.command(course)
    file.write_text(text.replace('"Autograde", ', ""))
    with pytest.raises(CourseError, match=r"nbgrader_config\.py has lost the part"):
        formgrader.command(course)


@pytest.fixture
def traps(course, worker, tmp_path):
    """A recorded course in which the students' code, were it run, would leave a mark."""
    mark, written = tmp_path / "ran", HOSTILE.replace("\ud800", "")  # at which nbgrader would stop, too
    for student in ("ann", "bob"):
        hand_in(course, student, written, f"open({str(mark)!r}, 'w').close()\nanswer_coding_3 = 0.3")
        file = course.path / "submitted" / student / "week1/week1.ipynb"
        notebook = json.loads(file.read_text())
        for cell in notebook["cells"]:
            cell["metadata"] = {}  # nbgrader stops at metadata that it does not know, and runs what has none
        file.write_text(json.dumps(notebook))
        released = course.path / "release/week1" / student
        released.mkdir(parents=True)
        (released / "week1.ipynb").write_text("what was given out")
    worker.record(course.path, [result("ann", written), result("bob", written)])
    return mark


def test_the_commands_of_nbgrader_refuse_to_run_what_was_sent(course, traps):
    before = tree(course.path)
    command = [PYTHON, "-m", "nbgrader", "autograde", "week1", "--force"]
    said = subprocess.run(command, cwd=course.path, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "This step of nbgrader is closed here" in said.stderr
    assert not traps.exists()
    assert tree(course.path) == before


@pytest.fixture
def served(course, traps):
    """The address of Formgrader, and the token that lets in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PYTHON, *formgrader.command(course)[1:], f"--ServerApp.port={port}", "--IdentityProvider.token=secret"]
    environment = {**os.environ, **formgrader.ENVIRONMENT}
    server = subprocess.Popen(command, cwd=course.path, env=environment, stderr=subprocess.PIPE, text=True)
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{address}/api").close()
                break
            except OSError:
                assert server.poll() is None, server.stderr.read()
                assert time.monotonic() < until, "Formgrader does not answer"
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.communicate()


def test_a_person_gives_points_in_formgrader(course, traps, worker, served, open_page):
    before = tree(course.path)
    opened = open_page(f"{served}/formgrader/manage_assignments?token=secret")
    page = opened.page
    assert page.locator("#main-table .name").inner_text() == "week1"
    assert page.locator("#main-table .num-submissions").inner_text() == "2"

    def press(step: str, data: str = ""):
        return page.request.post(served + step, headers={"Authorization": "token secret"}, data=data)

    # Whatever would run or replace something refuses, and says so.
    for step in ("assignment/week1/assign", "assignment/week1/generate_feedback", "submission/week1/bob/autograde"):
        assert "This step of nbgrader is closed here" in press(f"/formgrader/api/{step}").json()["log"]
    for step in ("release", "collect", "release_feedback", "unrelease"):
        assert press(f"/formgrader/api/assignment/week1/{step}").json()["success"] is False
    assert press("/api/kernels", "{}").status == 500
    assert press("/api/terminals").status == 404
    page.locator("#main-table .num-submissions a").click()
    page.locator("tr", has_text="ann").locator(".autograde a").click()
    page.locator(".modal-body", has_text="is closed here and changed nothing").wait_for()
    page.locator(".modal-footer button").click()
    page.locator(".modal").wait_for(state="detached")
    assert not traps.exists()
    assert tree(course.path) == before
    assert page.locator("tr", has_text="ann").locator(".status").inner_text() == "needs manual grading"

    page.get_by_role("link", name="Manual Grading").click()
    for link in ("week1", "week1", "Submission #1"):
        page.locator("#main-table").get_by_role("link", name=link).click()
    page.locator("#written-1").wait_for()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.ran") is None
    number = page.evaluate("submission_id")
    student = page.request.get(f"{served}/formgrader/api/grades?submission_id={number}").json()[0]["student"]
    typed = {"#written-1": "2.5", "#coding-3": "99", "#coding-7": "-1", "#coding-7_extra_credit": "0.5"}
    for box, text in typed.items():
        with page.expect_response("**/api/grade/*"):
            page.fill(box, text)
            page.keyboard.press("Tab")
    with page.expect_response("**/api/comment/*"):
        page.fill("#written-1-comment", "Well said.")
        page.keyboard.press("Tab")
    assert worker.points(course.path) == {student: {"written-1": 2.5, "coding-3": 2.0, "coding-7": 0.5}}

    # Graded again while the page is open, with another answer: the points wait, and are confirmed there.
    hand_in(course, student, written="Neither.")
    worker.record(course.path, [result(student, "Neither.")])
    page.reload()
    assert "Neither." in page.locator("#notebook").first.inner_text()
    resolve = page.locator(".mark-graded:visible")
    resolve.nth(2).wait_for()
    assert page.locator("#written-1").input_value() == "2.5"
    assert worker.points(course.path) == {}
    for left in (2, 1, 0):
        with page.expect_response("**/api/grade/*"):
            resolve.first.click()
        page.wait_for_function(f"$('.mark-graded:visible').length === {left}")
    assert worker.points(course.path) == {student: {"written-1": 2.5, "coding-3": 2.0, "coding-7": 0.5}}
    assert worker.rows(course.path)["sent"][student]["written-1"][5] == "Well said."
    assert worker.comments(course.path)[student] == {"written-1": "Well said."}
    assert opened.outside == []
    assert opened.errors == []


def test_both_environments_have_the_same_packages():
    pins = []
    for name in ("requirements.txt", "assignments/requirements.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        pins.append(dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)))
    shared = pins[0].keys() & pins[1].keys()
    assert {"numpy", "nbformat", "ipython"} <= shared
    assert all(pins[0][name] == pins[1][name] for name in shared)
