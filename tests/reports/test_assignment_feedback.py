"""The page that a student gets back: it says what happened and what to do, and never what is secret."""

import re

import pytest
from page_elements import Page
from report_course import HOSTILE, ROSTER, result, verdicts

from assignments.copies import Copies
from assignments.course import open_course, read_assignment
from assignments.grade import _ending
from assignments.markup import render
from assignments.numbers import Numbers
from assignments.report import write_reports
from assignments.results import Failure, Result, Verdict
from assignments.sandbox import Run

WHICH = "It is the code cell that begins: while True:"


def test_feedback_has_question_answer_verdict_and_what_to_read(write, course, assignment):
    message = "The weights do not sum to 1: $\\ln 2$."
    mistaken = verdicts(number="mistake", mistake="not normalized", message=message)
    page = Page(write(result("ann", *mistaken))("feedback/ann.html"))
    exercise = Numbers(course, assignment).exercise("ann", "coding-3")
    assert "6.5 of 8 points" in page.text
    assert f"1. {exercise.title} 1 of 2 points" in page.text
    assert "Not right. The weights do not sum to 1:" in page.text
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
    assert "A person gave these points in place of 0." in read
    assert "Your instructor writes: Name the <b>client</b>." in read
    assert "still to" not in read


@pytest.mark.parametrize(
    ("status", "given", "told", "moods"),
    [
        ("right", 1.0, "A person gave these points in place of 2. The program said: Right.", ["", "good"]),
        ("wrong", 2.0, "A person gave these points in place of 0. The program said: Not right. Words.", ["", "good"]),
        ("wrong", 0.0, "Not right. Words. A person gave these points.", ["bad", "good"]),
        ("right", 2.0, "Right. A person gave these points.", ["good", "good"]),
    ],
)
def test_where_a_person_overrules_the_program_the_page_says_so(write, status, given, told, moods):
    said = verdicts(status, message="" if status == "right" else "Words.")
    page = Page(write(result("ann", *said).with_points({"coding-3": given}))("feedback/ann.html"))
    assert f"Your answer: 0.25 {told}" in page.text
    found = [one["class"].split()[1:] for one in page.all("div") if one.get("class", "").startswith("verdict")]
    assert [" ".join(one) for one in found[:2]] == moods


def test_points_for_a_text_that_is_missing_are_explained(write):
    empty = [*verdicts()[:2], Verdict("written-1", 3.0, 0.0, "unanswered")]
    text = Page(write(result("ann", *empty).with_points({"written-1": 3.0}))("feedback/ann.html")).text
    assert "A person gave these points in place of 0. The program said: There is no answer." in text
    assert text.count("A person gave") == 1


@pytest.mark.parametrize("points", [0.0, 2.0])
def test_who_wrote_in_another_place_is_not_told_that_there_is_no_answer(write, points):
    stray = result("ann", *verdicts()[:2], Verdict("written-1", 3.0, None, "to grade", "A message."))
    text = Page(write(stray)("feedback/ann.html")).text
    assert "? of 3 points" in text
    told = (
        "Not graded yet. The place for your answer is empty. A person has still to read what else your notebook holds."
    )
    assert told in text
    given = Page(write(stray.with_points({"written-1": points}))("feedback/ann.html")).text
    assert "Graded. The place for your answer is empty. A person read what else your notebook holds." in given
    assert f"{points:g} of 3 points" in given
    for page in (text, given):
        assert "There is no answer" not in page
        assert "Your answer: Graded" not in page


def test_a_book_without_an_address_is_named_and_not_linked(course, assignment):
    settings = course.path / "course.toml"
    settings.write_text(settings.read_text("utf8").replace("https://example.org/kl/", ""), "utf8")
    write_reports(open_course(course.path), assignment, {"ann": result("ann", *verdicts("wrong"))}, Copies())
    page = Page((course.path / "out" / "week1" / "feedback" / "ann.html").read_text("utf8"))
    assert "To read: the chapter Coding ." in page.text
    assert [one["href"] for one in page.all("a")] == ["https://example.org/a"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("right", "Right."),
        ("mistake", "Not right. The bank's words."),
        ("close", "Close, but not right. The bank's words."),
        ("wrong", "Not right. The bank's words."),
        ("invalid", "This could not be judged. The bank's words."),
        ("unanswered", "There is no answer."),
    ],
)
def test_the_verdict_is_the_last_word(write, status, words):
    message = "" if status in ("right", "unanswered") else "The bank's words."
    page = Page(write(result("ann", *verdicts(status, message=message)))("feedback/ann.html"))
    assert f"Your answer: 0.25 {words}" in page.text
    assert not re.search(r"\b(yet|again)\b", page.text), "as for a check that one can run again"


def test_only_where_numbers_were_drawn_a_question_is_said_to_have_ones_own(course):
    ids = ["coding-3", "elbo-5", "elbo-6", "likelihood-5"]  # a choice, a function and a number that the text fixes
    listed = "".join(f'[[exercise]]\nid = "{id}"\npoints = 1\n' for id in ids)
    (course.path / "assignments" / "week2.toml").write_text(listed, "utf8")
    week = read_assignment(course, "week2")
    assert all(Numbers(course, week).exercise("ann", id).given for id in ids)
    given = [Verdict(id, 1.0, 1.0, "right") for id in ids]
    write_reports(course, week, {"ann": Result("ann", 4.0, verdicts=given)}, Copies())
    text = (course.path / "out/week2/feedback/ann.html").read_text("utf8")
    said = ["The question, with your numbers", "The question", "The question", "The question"]
    assert re.findall(r"<summary>(The question.*)</summary>", text) == said


def test_what_was_written_is_markdown_and_its_html_is_text(write):
    text = "**Because** $D(P\\|Q)$, see [a](https://bad.example/b) <b>c</b>"
    said = [*verdicts()[:2], Verdict("written-1", 3.0, 2.0, "to grade", answer=text)]
    own = "*Name* the $Q$ of <i>b</i>: [this](https://example.org/c) [that](javascript:d)"
    given = result("ann", *said).with_points({"written-1": 2.0}, {"written-1": own})
    page = Page(write(given)("feedback/ann.html"))
    assert "Your answer: Because D ( P ‖ Q ) , see [a](https://bad.example/b) <b>c</b>" in page.text
    assert "Your instructor writes: Name the Q of <i>b</i>: this [that](javascript:d)" in page.text
    assert (len(page.all("em")), len(page.all("b")), len(page.all("i"))) == (1, 0, 0)
    assert [one["href"] for one in page.all("a")] == ["https://example.org/a", "https://example.org/c"]


def test_displayed_formulas_are_shown_in_an_answer_and_in_a_comment(write):
    text = "Since $x$: $$a<b$$ so\n\\begin{align}\na&=b\n\\end{align}\nand"
    said = [*verdicts()[:2], Verdict("written-1", 3.0, 2.0, "to grade", answer=text)]
    shown = write(result("ann", *said).with_points({"written-1": 2.0}, {"written-1": text}))("feedback/ann.html")
    page = Page(shown)
    assert "Your answer: Since x : a < b so a = b and" in page.text
    assert "Your instructor writes: Since x : a < b so a = b and" in page.text
    assert [one["display"] for one in page.all("math")][-6:] == ["inline", "block", "block"] * 2
    assert not re.search(r"\$|\\begin", page.text)


@pytest.mark.parametrize("text", ["*a **a ", "$", "`a``b```", "- a\n  - b\n", "$x^{x}$ ", "| a |\n|---|\n"])
def test_a_long_answer_is_cut_and_shown(write, text):
    said = [*verdicts()[:2], Verdict("written-1", 3.0, None, "to grade", answer=text * 20_000)]
    assert "Your answer:" in Page(write(result("ann", *said))("feedback/ann.html")).text


def test_a_function_is_shown_by_its_code(write):
    code = f"def f(p, q):  # {HOSTILE}\n    return p < q"
    given = [verdicts()[0], Verdict("coding-7", 3.0, 0.0, "wrong", answer="a function", code=code), verdicts()[2]]
    text = write(result("ann", *given))("feedback/ann.html")
    assert "Your answer, a function: def f(p, q): # <script>alert(1)</script>" in Page(text).text
    assert "\n    return p &lt; q</pre>" in text
    assert Page(text).all("script") == []
    assert "Your answer: a function" in Page(write(result("ann", *verdicts()))("feedback/ann.html")).text


def test_cells_that_ended_with_an_error_are_told_and_what_to_do(write):
    failed = [Failure("x = frac(3)", "NameError"), Failure(HOSTILE, ""), *[Failure("1/0", "ZeroDivisionError")] * 12]
    page = Page(write(result("ann", *verdicts(), failed=failed))("feedback/ann.html"))
    assert "7.5 of 8 points Graded." in page.text
    assert "Cells that ended with an error" in page.text
    assert "NameError in the cell that begins: x = frac(3) An error in the cell that begins: <script>" in page.text
    assert page.text.count("ZeroDivisionError") == 8
    assert "and 4 more What to do: open your notebook, restart the kernel, run all cells from the top" in page.text
    assert page.all("script") == []
    assert "ended with an error" not in Page(write(result("ann", *verdicts()))("feedback/ann.html")).text


def test_points_for_an_old_answer_and_what_was_said_of_it_wait(write):
    old = {"coding-3": 1.5, "written-1": 3.0}
    said = {"coding-3": "Old words.", "written-1": "Fine words."}
    given = result("ann", *verdicts()).with_points({"written-1": 3.0}, said, {"coding-3"})
    assert (given.status, given.by_person, given.verdicts[0].earned) == ("partly", ["written-1"], None)
    page = Page(write(given)("feedback/ann.html"))
    assert "6 of 8 points Not final yet." in page.text
    assert "A person has still to look at “1. A code for a fair die”. Its points are not in the score yet." in page.text
    assert "? of 2 points" in page.text
    assert "A person had given points for this answer. They wait until that person has looked again" in page.text
    assert "Old words." not in page.text
    assert "Fine words." in page.text
    both = result("ann", *verdicts(written=None)).with_points({}, {}, {"coding-3"})
    assert "Their points are not in the score yet." in Page(write(both)("feedback/ann.html")).text
    confirmed = Page(write(result("ann", *verdicts()).with_points(old, said))("feedback/ann.html"))
    assert "7.5 of 8 points Graded." in confirmed.text
    assert "Old words." in confirmed.text
