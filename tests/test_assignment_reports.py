"""What goes out says what happened, shows what students wrote as text alone, and never says what is secret."""

import csv
import io
import re
from pathlib import Path

import pytest
from page_elements import Page

from assignments.copies import Alike, CopiedNumber, Copies
from assignments.course import create_course, open_course, read_assignment
from assignments.grade import _ending
from assignments.markup import render
from assignments.numbers import Numbers
from assignments.report import write_reports
from assignments.results import Result, Verdict
from assignments.sandbox import Run

HOSTILE = "<script>alert(1)</script>\0\ud800\u202e ![x](https://bad.example/x.png) [y](javascript:z) $\\text{<b>}$ "
HOSTILE += '" onload="x '
ROSTER = {"ann": "Ann Doe", "bob": "Bob B. Roe", "cat": "=cmd()|'/C calc'!A0", "dan": "<script>dan</script>", "eve": ""}
WHICH = "It is the code cell that begins: while True:"
WEEK = """\
title = "Week 1"
deadline = 2030-01-31T23:59:00+00:00
late_per_day = 0.1

[[exercise]]
id = "coding-3"
points = 2
partial = 0.5

[[exercise]]
id = "coding-7"
points = 3

[[exercise]]
id = "written-1"
points = 3
text = "Which would you report, $D(P\\\\|Q)$? See [this](https://example.org/a)."
"""


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course"
    create_course(folder)
    settings = folder / "course.toml"
    settings.write_text(settings.read_text("utf8").replace('book = ""', 'book = "https://example.org/kl/"'), "utf8")
    (folder / "assignments" / "week1.toml").write_text(WEEK, "utf8")
    (folder / "roster.csv").write_text("id,name,email\n" + "".join(f"{k},{v},\n" for k, v in ROSTER.items()), "utf8")
    return open_course(folder)


@pytest.fixture
def assignment(course):
    return read_assignment(course, "week1")


def verdicts(number="right", function="right", written=2.5, **given):
    """Return verdicts on the three exercises."""
    earned = {"right": 1.0, "mistake": 0.5}
    return [
        Verdict("coding-3", 2.0, 2 * earned.get(number, 0.0), number, **{"answer": "0.25", **given}),
        Verdict("coding-7", 3.0, 3 * (function == "right"), function, answer="a function"),
        Verdict("written-1", 3.0, written, "to grade", "A person reads this answer.", answer="Because of P."),
    ]


def result(student, *given, **settings):
    return Result(student, 8.0, verdicts=list(given), late_per_day=0.1, **settings)


@pytest.fixture
def write(course, assignment):
    """Write the reports on these results and return a reader of the files."""

    def act(*results, copies=None):
        files = write_reports(course, assignment, {one.student: one for one in results}, copies or Copies())
        out = course.path / "out" / "week1"
        assert sorted(files) == sorted(file for file in out.rglob("*") if file.is_file())
        return lambda name: (out / name).read_text("utf8")

    return act


def rows(text):
    return list(csv.reader(io.StringIO(text)))


def test_grades_leave_the_score_empty_where_nothing_was_judged(write):
    read = write(
        result("ann", *verdicts()),
        result("bob", *verdicts(written=None)),
        result("cat", *verdicts(number="mistake"), late_days=2),
        result("dan", ended="unreadable", note="No notebook."),
        result("eve", ended="missing"),
    )
    assert rows(read("grades.csv")) == [
        ["student", "name", "assignment", "score", "maximum", "status", "late_days"],
        ["ann", "Ann Doe", "week1", "7.5", "8", "graded", "0"],
        ["bob", "Bob B. Roe", "week1", "5", "8", "partly", "0"],
        ["cat", "'=cmd()|'/C calc'!A0", "week1", "5.2", "8", "late", "2"],
        ["dan", "<script>dan</script>", "week1", "", "8", "unreadable", "0"],
        ["eve", "", "week1", "", "8", "missing", "0"],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\uff1d"])
def test_no_name_is_a_formula_in_a_spreadsheet(course, assignment, start):
    name = f"{start}1+1"
    course.roster["ann"] = course.roster["ann"].__class__("ann", name, "")
    write_reports(course, assignment, {"ann": result("ann", *verdicts())}, Copies())
    for table, column in (("grades.csv", 1), ("canvas.csv", 0)):
        assert rows((course.path / "out" / "week1" / table).read_text("utf8"))[-1][column] == f"'{name}"


def test_canvas_has_its_own_two_lines_and_blanks_for_what_is_not_final(write):
    read = write(
        result("ann", *verdicts()),
        result("bob", *verdicts(written=None)),
        result("cat", *verdicts(written=None), ended="timed out"),
        result("dan", ended="crashed"),
        result("eve", *verdicts(number="wrong", function="wrong", written=0.0)),
    )
    assert rows(read("canvas.csv")) == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Week 1"],
        ["    Points Possible", "", "", "", "", "8"],
        ["Doe, Ann", "", "", "ann", "", "7.5"],
        ["Roe, Bob B.", "", "", "bob", "", ""],
        ["calc'!A0, =cmd()|'/C", "", "", "cat", "", ""],
        ["<script>dan</script>", "", "", "dan", "", ""],
        ["", "", "", "eve", "", "0"],
    ]


def test_feedback_has_question_answer_verdict_and_what_to_read(write, course, assignment):
    message = "The weights do not sum to 1: $\\ln 2$."
    mistaken = verdicts(number="mistake", mistake="not normalized", message=message)
    page = Page(write(result("ann", *mistaken))("feedback/ann.html"))
    exercise = Numbers(course, assignment).exercise("ann", "coding-3")
    assert "6.5 of 8 points" in page.text
    assert f"1. {exercise.title} 1 of 2 points" in page.text
    assert "Not yet. The weights do not sum to 1:" in page.text
    assert f"{exercise.given['faces']}" in page.text
    assert "Normalize the weights before you use them." in page.text  # the hint
    links = [one["href"] for one in page.all("a")]
    chapter = "https://example.org/kl/book/coding.html"
    assert links == [chapter, f"{chapter}#exercises", "https://example.org/a"]
    assert "To read: Coding ." in page.text
    assert page.text.count("A hint") == 1  # none where the answer is right
    assert [one for one in page.all("details") if "open" in one] == []


def test_feedback_never_has_a_hidden_input_a_solution_or_another_student(write, course, assignment):
    numbers = Numbers(course, assignment)
    read = write(*(result(one, *verdicts("wrong", "wrong")) for one in ROSTER))
    text = Page(read("feedback/ann.html")).text
    hidden = [repr(float(number)) for case in numbers.hidden("ann", "coding-7") for part in case for number in part]
    assert len(hidden) > 10
    assert not [number for number in hidden if len(number) > 4 and number in text]
    for id in ("coding-3", "coding-7"):
        last = numbers.exercise("ann", id).solution.rstrip().splitlines()[-1]
        assert Page(str(render(last))).text not in text
    for other in ("bob", "Bob B. Roe", "cat", "dan", "eve"):
        assert not re.search(rf"\b{re.escape(other)}\b", text)


@pytest.mark.parametrize(
    ("ended", "note", "words"),
    [
        ("timed out", "It is the code cell that begins: while True:", "No cell may take more than 20 seconds"),
        ("crashed", "A cell ended the notebook's process.", "Delete what ends Python"),
        ("unreadable", "It has 20 MB.", "Hand in the notebook itself, week1.ipynb"),
        ("missing", "", "write to your instructor"),
    ],
)
def test_whoever_could_not_be_run_is_told_why_and_what_to_do(write, ended, note, words):
    page = Page(write(result("ann", ended=ended, note=note))("feedback/ann.html"))
    assert "No score" in page.text
    assert note in page.text
    assert words in page.text
    assert "0 of 8" not in page.text


@pytest.mark.parametrize(
    ("run", "ended", "note"),
    [
        (Run(), "", ""),
        (Run(ended="Too slow.", out_of_time=True, cell=1), "timed out", f"Too slow. {WHICH}"),
        (Run(ended="A cell ended.", cell=1), "crashed", f"A cell ended. {WHICH}"),
        (Run(ended="A call ended."), "crashed", "A call ended."),
        (Run(ended="A cell ended.", cell=7), "crashed", "A cell ended."),
    ],
    ids=["quiet", "slow", "ended", "call", "no such cell"],
)
def test_the_note_shows_which_cell_was_left_out(run, ended, note):
    assert _ending(run, ["x = 1", "\nwhile True:\n    pass"]) == (ended, note)


def test_what_was_left_out_is_named_and_the_rest_counts(write):
    given = verdicts(function="unanswered")
    page = Page(write(result("ann", *given, ended="timed out", note="A cell took too long."))("feedback/ann.html"))
    assert "4.5 of 8 points" in page.text
    assert "No answer was found for “2. Find the bug: negative waste”." in page.text


@pytest.mark.parametrize(
    ("days", "score", "words"),
    [
        (1, "6.75 of 8 points", "1 day begun after the deadline. That costs 10% of the 7.5 points that you earned."),
        (3, "5.25 of 8 points", "3 days begun after the deadline. That costs 30% of the 7.5 points that you earned."),
        (20, "0 of 8 points", "20 days begun after the deadline. That costs 100% of the 7.5 points that you earned."),
    ],
)
def test_lateness_is_said_with_what_it_costs(write, days, score, words):
    text = Page(write(result("ann", *verdicts(), late_days=days))("feedback/ann.html")).text
    assert score in text
    assert words in text


def test_a_person_still_to_read_or_who_has_read_is_said(write):
    waiting = Page(write(result("ann", *verdicts(written=None)))("feedback/ann.html")).text
    assert "Not final yet." in waiting
    assert "? of 3 points" in waiting
    assert "A person has still to read this answer." in waiting
    said = {"written-1": "Name the <b>client</b>."}
    given = result("ann", *verdicts("wrong")).with_points({"written-1": 2.0, "coding-3": 1.5}, said)
    read = Page(write(given)("feedback/ann.html")).text
    assert "2 of 3 points" in read
    assert "1.5 of 2 points" in read
    assert "A person gave these points." in read
    assert "Your instructor writes: Name the <b>client</b>." in read
    assert "still to read" not in read


@pytest.mark.parametrize(("may_be", "said"), [("", True), ("the mistake sign", False), ("chance: few digits", False)])
def test_a_copied_number_is_said_kindly_and_names_nobody(write, may_be, said):
    copies = Copies((CopiedNumber("ann", "coding-3", "0.25", ("bob", "dan"), may_be),))
    read = write(result("ann", *verdicts("wrong")), result("bob", *verdicts()), copies=copies)
    text = Page(read("feedback/ann.html")).text
    assert ("another student's numbers" in text) == said
    assert "Bob" not in text
    report = Page(read("report.html")).text
    assert "Ann Doe (ann)" in report
    assert "Bob B. Roe (bob) , <script>dan</script> (dan)" in report
    assert may_be in report


@pytest.mark.parametrize("name", ["feedback/ann.html", "report.html"])
def test_what_students_wrote_is_shown_and_does_nothing(write, name):
    given = [
        Verdict("coding-3", 2.0, 0.0, "invalid", f"Give one number, not {HOSTILE}", HOSTILE, HOSTILE * 50),
        Verdict("coding-7", 3.0, 0.0, "mistake", HOSTILE * 10_000, "x" * 5000, HOSTILE),
        Verdict("written-1", 3.0, None, "to grade", answer=HOSTILE * 10_000),
    ]
    copies = Copies(
        (CopiedNumber("ann", "coding-3", HOSTILE, ("dan",), HOSTILE),), (Alike("coding-7", "code", ("ann", "dan")),)
    )
    read = write(
        result("ann", *given, ended="crashed", note=HOSTILE), result("dan", *verdicts(message=HOSTILE)), copies=copies
    )
    text, page = read(name), Page(read(name))
    assert "<script>alert(1)</script>" in page.text  # shown
    assert len(text) < 300_000
    allowed = """html head meta title style body header main section div p h1 h2 h3 span bdi details summary pre code
        strong em ul ol li a table thead tbody tr th td figure figcaption svg g path defs clippath rect use text
        math mrow mi mn mo mtext msub msup mfrac mspace br""".split()  # noqa: SIM905
    assert {tag for tag, _ in page.elements} <= set(allowed)
    for tag, attributes in page.elements:
        assert not [one for one in attributes if one.startswith("on") or one in ("src", "srcset", "srcdoc", "action")]
        for target in (attributes.get("href"), attributes.get("xlink:href")):
            own = target is None or target.startswith(("#", "https://example.org/"))
            assert own, (tag, target)
    assert "url(http" not in text
    assert not re.search("[\0\ud800-\udfff]", text)
    policy = next(one["content"] for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def some_class():
    empty = [Verdict(one, 3.0, 0.0, "unanswered") for one in ("coding-3", "coding-7", "written-1")]
    swapped = {"number": "mistake", "mistake": "slots swapped", "message": "The two slots are swapped."}
    return [
        result("ann", *verdicts()),
        result("bob", *verdicts(**swapped, written=None)),
        result("cat", *verdicts(**swapped, function="unanswered")),
        result("dan", *verdicts("mistake", mistake="entropy", message="That is the entropy.")),
        result("eve", *empty, ended="crashed", note="A cell ended the notebook's process <b>."),
    ]


def cells(text, heading):
    """Return the rows of the table under a heading."""
    part = text.split(f">{heading}</h")[1].split("<tbody>")[1].split("</tbody>")[0]
    return [
        [
            " ".join(re.sub("<[^>]+>", "", cell).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in part.split("</tr>")[:-1]
    ]


def test_the_class_report_counts(write):
    text = write(*some_class())("report.html")
    assert cells(text, "Submissions") == [["graded", "3"], ["partly", "1"], ["crashed", "1"]]
    assert cells(text, "Exercises") == [
        ["coding-3: A code for a fair die", "6", "4", "25%", "3", "0", "1.25 of 2"],
        ["coding-7: Find the bug: negative waste", "8", "4", "75%", "0", "1", "2.25 of 3"],
        ["written-1: Written answer", "", "4", "", "", "0", "2.5 of 3"],
    ]
    assert cells(text, "Misconceptions found") == [
        ["slots swapped", "coding-3", "2", "50%", "The two slots are swapped."],
        ["entropy", "coding-3", "1", "25%", "That is the entropy."],
    ]
    assert cells(text, "Could not be run, or not to the end") == [
        ["eve", "crashed", "A cell ended the notebook&#39;s process &lt;b&gt;."]
    ]
    page = Page(text)
    assert "written-1: 1 answer to read Bob B. Roe (bob)" in page.text
    assert "4 scores, 67% of the points on average." in page.text
    assert page.text.count("None was found.") == 2


def test_the_plots_say_what_they_show(write):
    page = Page(write(*some_class())("report.html"))
    scores, found = page.all("svg")
    assert (scores["role"], found["role"]) == ("img", "img")
    assert "40 to 50 percent: 1; 50 to 60 percent: 1; 80 to 90 percent: 1; 90 to 100 percent: 1" in scores["aria-label"]
    assert found["aria-label"].endswith("coding-3: slots swapped, 2; coding-3: entropy, 1.")
    assert "coding-3: slots swapped 2 coding-3: entropy 1" in " ".join(page.text.split())


def test_look_alikes_are_listed_as_a_reason_to_talk(write):
    copies = Copies((), (Alike("coding-7", "code", ("ann", "bob")), Alike("written-1", "text", ("cat", "dan"))))
    text = write(*some_class(), copies=copies)("report.html")
    assert "a reason to talk to somebody, and no proof" in Page(text).text
    assert cells(text, "The same code, text or construction") == [
        ["coding-7", "code", "Ann Doe (ann), Bob B. Roe (bob)"],
        ["written-1", "text", "=cmd()|&#39;/C calc&#39;!A0 (cat), &lt;script&gt;dan&lt;/script&gt; (dan)"],
    ]


def test_the_same_class_gives_the_same_bytes(write):
    names = ["report.html", "grades.csv", "canvas.csv", "feedback/ann.html"]
    first = list(map(write(*some_class()), names))
    assert list(map(write(*some_class()), names)) == first
    ids = re.findall(r'\bid="([^"]+)"', first[0])
    assert len(ids) == len(set(ids)) > 10
    for target in re.findall(r'(?:href="|url\()#([^")]+)', first[0]):
        assert target in ids


def test_a_class_without_anything_to_show_has_a_report(write):
    page = Page(write(result("ann", ended="missing"))("report.html"))
    for words in ("No submission could be judged.", "No answer was a known mistake.", "Nobody waits for points."):
        assert words in page.text


def test_a_book_without_an_address_is_named_and_not_linked(course, assignment):
    settings = course.path / "course.toml"
    settings.write_text(settings.read_text("utf8").replace("https://example.org/kl/", ""), "utf8")
    write_reports(open_course(course.path), assignment, {"ann": result("ann", *verdicts("wrong"))}, Copies())
    page = Page((course.path / "out" / "week1" / "feedback" / "ann.html").read_text("utf8"))
    assert "To read: the chapter Coding ." in page.text
    assert [one["href"] for one in page.all("a")] == ["https://example.org/a"]


def test_a_file_is_written_whole_or_not_at_all(write, monkeypatch):
    read = write(result("ann", *verdicts()))
    before = read("report.html")

    def fails(*_):
        raise OSError("no space is left")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fails)
        with pytest.raises(OSError, match="no space"):
            write(result("ann", ended="missing"))
    assert read("report.html") == before
