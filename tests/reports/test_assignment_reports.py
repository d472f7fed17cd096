"""What goes out says what happened, shows what students wrote as text alone, and never says what is secret."""

import csv
import io
import re
from pathlib import Path

import pytest
from page_elements import Page
from report_course import HOSTILE, result, verdicts

from assignments.copies import Alike, CopiedNumber, Copies
from assignments.report import write_reports
from assignments.results import Failure, Verdict


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


@pytest.mark.parametrize(("may_be", "said"), [("", True), ("the mistake sign", False), ("chance: few digits", False)])
def test_a_copied_number_is_said_kindly_and_names_nobody(write, may_be, said):
    copies = Copies((CopiedNumber("ann", "coding-3", "0.25", ("bob", "dan"), may_be),))
    near = verdicts("close", message="Keep more digits.")
    read = write(result("ann", *near), result("bob", *verdicts()), copies=copies)
    text = Page(read("feedback/ann.html")).text
    told = "Not right. This value would be right with another student's numbers. That may be chance."
    assert (told in text) == said
    assert ("Close, but not right. Keep more digits." in text) == (not said)
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
        ["written-1: Written answer", "", "3", "", "", "0", "2.5 of 3"],
    ]
    assert cells(text, "Misconceptions found") == [
        ["slots swapped", "coding-3", "2", "50%", "The two slots are swapped."],
        ["entropy", "coding-3", "1", "25%", "That is the entropy."],
    ]
    assert cells(text, "Could not be run, or not to the end") == [
        ["eve", "crashed", "A cell ended the notebook&#39;s process &lt;b&gt;."]
    ]
    page = Page(text)
    assert "written-1: 1 answer to look at Bob B. Roe (bob)" in page.text
    assert "4 scores, 67% of the points on average." in page.text
    assert "Those that wait for a person are counted below and not here." in page.text
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


def test_an_answer_whose_points_wait_is_not_counted_as_judged(write):
    waiting = result("ann", *verdicts()).with_points({}, {}, {"coding-3"})
    text = write(waiting, result("bob", *verdicts("mistake", mistake="entropy")))("report.html")
    assert cells(text, "Exercises")[0] == ["coding-3: A code for a fair die", "6", "1", "0%", "1", "0", "1 of 2"]
    assert cells(text, "Misconceptions found")[0][2:4] == ["1", "100%"]
    assert "coding-3: 1 answer to look at Ann Doe (ann)" in Page(text).text


def test_cells_that_ended_with_an_error_are_listed(write):
    failed = [Failure("x = frac(3)", "NameError"), Failure("<b>", ""), *[Failure("1/0", "ZeroDivisionError")] * 9]
    text = write(result("ann", *verdicts(), failed=failed), *some_class()[1:])("report.html")
    assert cells(text, "Cells that ended with an error") == [
        ["Ann Doe (ann)", "x = frac(3)", "NameError"],
        ["Ann Doe (ann)", "&lt;b&gt;", "another error"],
        ["Ann Doe (ann)", "1/0", "ZeroDivisionError"],
        ["Ann Doe (ann)", "and 8 more", ""],
    ]
    assert cells(text, "Submissions")[0] == ["graded", "3"], "the notebook ran through"


def test_what_only_the_notebook_shows_is_listed_with_its_file(write):
    def said(answer):
        return [*verdicts()[:2], Verdict("written-1", 3.0, None, "to grade", answer=answer)]

    heading = "To be read in the notebook"
    read = write(
        result("ann", *said("See ![a](attachment:a.png)")),
        result("bob", *said("See [a](https://example.org/a.png), wow!")),
        result("dan", *said("")),
        result("eve", *verdicts(answer="<img src=x>")),
    )
    assert cells(read("report.html"), heading) == [
        ["Ann Doe (ann)", "written-1", "holds a picture", "submitted/ann/week1/week1.ipynb"],
        ["&lt;script&gt;dan&lt;/script&gt; (dan)", "written-1", "may stand in another place there",
         "submitted/dan/week1/week1.ipynb"],
    ]  # fmt: skip
    waiting = "written-1: 3 answers to look at Ann Doe (ann) , Bob B. Roe (bob) , <script>dan"
    assert waiting in Page(read("report.html")).text
    assert rows(read("grades.csv"))[3][3:6] == ["5", "8", "partly"]
    assert [row[-1] for row in rows(read("canvas.csv"))[2:]] == ["", "", "", "7.5"]
    assert heading not in write(*some_class())("report.html")


def test_one_is_not_said_as_many(write):
    page = Page(write(result("ann", *verdicts(written=None)))("report.html"))
    for words in ("What became of the submissions of 1 student.", "1 score,", "written-1: 1 answer to look at"):
        assert words in page.text


def test_copied_numbers_are_read_without_scrolling_sideways(write, course, open_page):
    may_be = "the mistake one slot of the divergence for the other, in the wrong unit"
    copied = [CopiedNumber(one, "hypothesis_testing-3", "-0.735567841307853", ("bob", "eve", "dan"), may_be)
              for one in ("ann", "cat")]  # fmt: skip
    write(*some_class(), copies=Copies(tuple(copied)))
    page = open_page((course.path / "out/week1/report.html").as_uri(), width=1000).page
    table = page.locator("[aria-labelledby=copied]")
    assert table.locator("tbody tr").count() == 2
    sizes = table.evaluate("one => [one.scrollWidth, one.clientWidth]")
    assert sizes[0] <= sizes[1]
