"""Formgrader: a person gives points there, and what a student sent never runs there and is never markup."""

import json
import os
import re
import socket
import subprocess
import time
import urllib.request
from html.parser import HTMLParser

import pytest
from gradebook_course import HOSTILE, PYTHON, hand_in, result, tree

from assignments import formgrader
from assignments.course import CourseError, open_course
from assignments.markup import render
from assignments.shown import rendered


class Tags(HTMLParser):
    """The elements of the part of a page that shows the notebook, with their attributes."""

    def __init__(self):
        super().__init__()
        self.inside, self.found = False, []

    def handle_starttag(self, tag, attributes):
        self.inside = self.inside or ("id", "notebook") in attributes
        if self.inside:
            self.found.append((tag, dict(attributes)))


class Parts(HTMLParser):
    """What a page is made of, in its order: elements with their attributes, ends and texts."""

    @classmethod
    def of(cls, page: str) -> list:
        parser = cls()
        parser.parts = []
        parser.feed(page)
        parser.close()
        return parser.parts

    def handle_starttag(self, tag, attributes):
        self.parts.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        self.parts.append(f"</{tag}>")

    def handle_data(self, data):
        self.parts.append(data)


def shows(page: str, text: str) -> list:
    """Assert that a page holds this HTML with nothing in between, and return its parts."""
    parts, own = Parts.of(page), Parts.of(text)
    begins = [place for place, part in enumerate(parts) if part == own[0]]
    assert any(parts[place : place + len(own)] == own for place in begins)
    return own


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
    honest["failed"] = [{"cell": "x = frac(3)", "error": "NameError"}, {"cell": HOSTILE, "error": ""}]
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
    assert page.count("&lt;script&gt;window.ran = 1&lt;/script&gt;") >= 7, "shown, and not left out"
    assert "Cells that ended with an error" in page
    assert "NameError: x = frac(3)\nanother error: &lt;script&gt;" in page
    assert "$k$" not in page, "formulas of the question need no script"
    assert "49" not in page.partition('id="notebook"')[2]
    for unseen in ("\u202e", "\ud800", "\0"):
        assert unseen not in page
    assert "&lt;U+202E&gt; turned &lt;U+D800&gt; half &lt;U+0000&gt; none &amp;lt;script&amp;gt;" in page
    assert "Ann" not in page.partition('id="notebook"')[2], "who grades does not see whose it is"


def test_a_written_answer_is_rendered_as_on_the_page_of_its_author(course, worker):
    text = "**Because** of $P$:\n\n- it sends\n- not $Q$\n\n```python\nx = 1\n\ny = 2\n```\n\n| a |\n|---|\n| b |"
    text += "\n\nSince $$a\\le b$$ so\n$$\n\\begin{aligned}c&=d\\\\&=e\\end{aligned}\n$$\n"
    text += "\\begin{align}\nf\n\\end{align}\nso"
    hand_in(course, "ann", written=text)
    worker.record(course.path, [result("ann", text)])
    page = worker.page(course.path, "ann")
    shows(page, str(render(text)).strip())
    assert not re.search(r"\*\*|\$\$|\\begin", page.partition('id="notebook"')[2])
    assert page.count('display="block"') == 3


PICTURE = "There is a picture, which only the submitted notebook shows. The class report names the file."
STRAY = "The place for this answer is empty. See <em>What else the notebook holds</em>, at the end."


@pytest.mark.parametrize("cell_type", ["markdown", "raw", "code"])
@pytest.mark.parametrize("text", ["Because of answer_coding_3.", "See ![a](attachment:a.png)"])
def test_an_answer_that_is_not_in_its_place_is_shown_and_pointed_to(course, worker, cell_type, text):
    moved = {"cell_type": cell_type, "source": f"**Answer 3**\n\n{text}"}
    hand_in(course, "ann", "*Your answer here.*", first={"source": "x" * 30_000, "cell_type": "code"}, second=moved)
    stray = result("ann", "")
    stray["verdicts"][2].update(status="to grade", earned=None)
    worker.record(course.path, [stray])
    assert worker.rows(course.path)["sent"]["ann"]["written-1"] == [None, None, None, True, None, None]
    page = worker.page(course.path, "ann")
    assert page.count(STRAY) == 1
    assert page.count(PICTURE) == ("![" in text)
    rest = page.partition("<strong>What else the notebook holds</strong>")[2].partition("xxx")[0]
    assert f"**Answer 3**\n\n{text}" in rest
    assert "Ann" not in page.partition('id="notebook"')[2]


def test_points_for_an_answer_that_is_not_in_its_place_wait_when_the_notebook_changes(course, worker):
    stray = result("ann", "")
    stray["verdicts"][2].update(status="to grade", earned=None)
    for text, kept in (("Because.", {"ann": {"written-1": 2.0}}), ("Because of P.", {})):
        hand_in(course, "ann", "", first={"source": text})
        worker.record(course.path, [stray])
        if kept:
            worker.give(course.path, "ann", "written-1", 2.0)
        assert worker.points(course.path) == kept


def test_a_picture_in_a_written_answer_is_named(course, worker):
    for text, told in (("Because. ![a](attachment:a.png)", 1), ("Because.", 0)):
        hand_in(course, "ann", text)
        worker.record(course.path, [result("ann", text)])
        page = worker.page(course.path, "ann")
        assert page.count(PICTURE) == told
        assert "The place for this answer is empty" not in page


WRITTEN = [
    HOSTILE,
    "</div></div></body>\n\n<script>window.ran = 1</script>\n\n<img src=x onerror=a>",
    "[a](javascript:b) [c][d] <javascript:e> <https://bad.example/f>\n\n[d]: javascript:g 'h'",
    "![a](https://bad.example/b.png) ![c](attachment:x.svg)\n\n![e][f]\n\n[f]: https://bad.example/g.png",
    "$$\n</div><script>a</script>\n$$\n\n\\begin{a}<script>b</script>\\end{a} $\\text{<img src=x onerror=c>}$",
    '``` "><script>a</script>\n</pre></div><script>b</script>\n```\n\n<!--\n\n<![CDATA[\n\n<?php\n\n<pre>\n\n<style>',
    "$\\href{javascript:a}{b}$ $\\unicode{<script>}$ $\\class{c}{d}$ $`<script>`$ \\$<b>\\$ {{ 7 * 7 }} &lt;script&gt;",
    "> " * 500 + "<script>a</script>" + "\n\n" + "* " * 500 + "<script>b</script>" + "\r<script>c</script>",
    "<script>" * 5000,
    "$\\text{&#13;&#13;}$ &#13;&#13;[a](javascript:b) ![c](https://bad.example/d.png) <script>e</script>",
    "&#x202e; &#8233; $\\unicode{xd}\\unicode{xd}$[a](javascript:b) <img src=x onerror=c>",
]


@pytest.mark.parametrize("sign", "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
def test_a_written_answer_stays_one_line(sign):
    code = f"x{ord(sign):x}"
    for text in (f"a{sign}{sign}b", f"a &#{code};&#{code};b", f"$\\text{{&#{code};}}$", f"$\\unicode{{{code}}}b$"):
        assert len(rendered(text).splitlines()) == 1


@pytest.mark.parametrize("text", WRITTEN, ids=range(len(WRITTEN)))
def test_a_hostile_text_is_rendered_and_does_nothing(course, worker, text):
    hand_in(course, "ann", written=text)
    worker.record(course.path, [result("ann", text)])
    page = worker.page(course.path, "ann")
    own = shows(page, rendered(text))
    names = "div span p code pre blockquote ul li strong em math mrow mi mn mo mtext"
    assert {part[0] for part in own if isinstance(part, tuple)} <= set(names.split())
    attributes = {name for part in own if isinstance(part, tuple) for name in part[1]}
    assert attributes <= {"class", "display", "xmlns", "lspace", "rspace"}


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
    opened = open_page(f"{served}/formgrader/gradebook?token=secret")
    page = opened.page
    assert page.locator("#main-table .name").inner_text() == "week1"
    assert page.locator("#main-table .num-submissions").inner_text() == "2"

    # The pages that manage what make manages lead here, and no link leads there.
    assert page.locator(".nav a").all_inner_texts() == ["Manual Grading"]
    for left_out in (
        "",
        "/",
        "/manage_assignments",
        "/manage_submissions/week1",
        "/manage_students",
        "/manage_students/ann/week1",
    ):
        page.goto(f"{served}/formgrader{left_out}")
        assert page.url.partition("?")[0] == f"{served}/formgrader/gradebook"
    page.locator("#main-table .name").wait_for()

    def press(step: str, data: str = ""):
        return page.request.post(served + step, headers={"Authorization": "token secret"}, data=data)

    # Whatever would run or replace something refuses, and says so.
    for step in ("assignment/week1/assign", "assignment/week1/generate_feedback", "submission/week1/bob/autograde"):
        assert "This step of nbgrader is closed here" in press(f"/formgrader/api/{step}").json()["log"]
    for step in ("release", "collect", "release_feedback", "unrelease"):
        assert press(f"/formgrader/api/assignment/week1/{step}").json()["success"] is False
    assert press("/api/kernels", "{}").status == 500
    assert press("/api/terminals").status == 404
    assert not traps.exists()
    assert tree(course.path) == before

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

    # Worth less now than was given: it waits, says why beside the comment, and Resolve gives what can be earned.
    file = course.path / "assignments/week1.toml"
    file.write_text(re.sub(r'(id = "written-1".*\npoints =) 3', r"\1 2", file.read_text()))
    worker.record(course.path, [result(student, "Neither.")])
    page.reload()
    resolve.first.wait_for()
    told = "2.5 points were given. At most 2 can be earned now. Press Resolve to give 2, or type others."
    assert told in page.locator("#notebook").first.inner_text()
    assert page.locator("#written-1-comment").input_value() == "Well said."
    assert worker.points(course.path) == {student: {"coding-3": 2.0, "coding-7": 0.5}}
    with page.expect_response("**/api/grade/*"):
        resolve.first.click()
    worker.record(course.path, [result(student, "Neither.")])
    assert worker.points(course.path) == {student: {"written-1": 2.0, "coding-3": 2.0, "coding-7": 0.5}}
    page.reload()
    page.locator("#written-1").wait_for()
    assert "were given" not in page.locator("#notebook").first.inner_text()
    assert opened.outside == []
    assert opened.errors == []
