"""The teaching pages: plans and schedules that fit their minutes, exercises of the bank, sizes that are true."""

import pkgutil
import re
from pathlib import Path

import jupytext
import pytest
from exercise import answer_key
from reading_time import minutes

from kltools import exercises

TEACHING = Path(__file__).parents[1] / "book/teaching"
GUIDE = (TEACHING / "guide.md").read_text(encoding="utf-8")
ANSWERS = (TEACHING / "think_answers.md").read_text(encoding="utf-8")
SESSION, LATE = 50, 40  # minutes, and what is left of them after a late start
BANKS = sorted(module.name for module in pkgutil.iter_modules(exercises.__path__))
MONTH = ["coding", "surprise", "likelihood", "hypothesis_testing", "geometry", "optimization", "elbo", "practice"]
STEMS = [*MONTH[:-1], "one_number", "practice"]
THINK = [one for stem in BANKS for one in exercises.exercises(stem).values() if "To think about." in one.question]


def sections(text, marks):
    """Return the sections under headings of that level, by heading, each to the next heading of its level or above."""
    pattern = rf"^{marks} (.+)\n((?:(?!^#{{1,{len(marks)}}} ).*\n?)*)"
    return dict(re.findall(pattern, text, re.MULTILINE))


def rows(section):
    """Return the cells of each row of a section's tables, without heads and rules."""
    lines = [line for line in section.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    heads = {i for i, row in enumerate(cells[1:]) if set("".join(row)) <= set("-: ")}
    return [row for i, row in enumerate(cells) if i not in heads and i - 1 not in heads]


def page_of(stem):
    return TEACHING.parent / f"{stem}.md"


def title_of(stem):
    heading = re.search(r"^# (.+)$", page_of(stem).read_text(encoding="utf-8"), re.MULTILINE)[1]
    return re.split("[:,]", heading)[0]


def linked(section):
    """Return the stems of the chapters that a section links to."""
    return re.findall(r"\]\(\.\./(\w+)\.md\)", section)


PLANS = sections(sections(GUIDE, "##")["Nine plans"], "###")
SCHEDULES = sections(sections(GUIDE, "##")["Three schedules"], "###")
each_plan = pytest.mark.parametrize("stem", STEMS)


@pytest.fixture(scope="module")
def cells():
    """Return what the guide's own cells define: the lists, the minutes, `assign` and `load`."""
    found = {}
    for cell in jupytext.read(TEACHING / "guide.md").cells:
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", []):
            exec(cell.source, found)
    return found


def test_every_chapter_has_a_plan_in_the_order_of_the_book():
    assert list(PLANS) == [title_of(stem) for stem in STEMS]


@each_plan
def test_a_plan_fills_the_session_and_says_how_to_open_show_assign_and_close(stem):
    plan = PLANS[title_of(stem)]
    timed = [(int(full), int(late), what) for full, late, what in rows(plan)]
    assert sum(full for full, _, _ in timed) == SESSION
    assert sum(late for _, late, _ in timed) == LATE
    assert all(late <= full for full, late, _ in timed)
    assert f"](../{stem}.md)" in plan.partition("| minutes")[0], "it opens with a link to its chapter"
    marks = ["**Open.**", "**On the board**", "**You will hear**", "**The figure.**", "**Assign**", "**Close.**"]
    assert [mark for mark in re.findall(r"^\*\*[^*]+\*\*", plan, re.MULTILINE) if mark in marks] == marks
    heard = plan.partition("**You will hear**")[2].partition("**The figure.**")[0]
    assert len(re.findall(r"^- ", heard, re.MULTILINE)) >= 4


@each_plan
def test_an_exercise_done_in_class_has_its_minutes(stem):
    for full, late, what in rows(PLANS[title_of(stem)]):
        needed = sum(exercises.get(name).minutes for name in re.findall(rf"\b{stem}-\d+", what))
        assert int(full) >= needed
        assert int(late) == 0 or int(late) >= needed


@each_plan
def test_each_row_of_theory_has_its_lines_on_the_board(stem):
    plan = PLANS[title_of(stem)]
    theory = [match[1] for _, _, what in rows(plan) if (match := re.match(r"\*([^*]+)\*", what))]
    board = plan.partition("**On the board**")[2].partition("**You will hear**")[0]
    written = re.findall(r"^- \*([^*]+)\*\n((?:  - .+\n)+)", board, re.MULTILINE)
    assert [label for label, _ in written] == theory
    assert len(theory) >= 2
    for _, lines in written:
        assert lines.count("\n") <= 3
        assert "$" in lines


@each_plan
def test_every_question_to_the_room_has_its_answer_beside_it(stem):
    plan = PLANS[title_of(stem)]
    for mark, end in (("Open", "```"), ("You will hear", "**The figure.**"), ("The figure", "**Assign**")):
        passage = plan.partition(f"**{mark}")[2].partition(end)[0]
        assert not re.findall(r"[^?]{0,40}\?(?! \()", passage)


@each_plan
def test_a_plan_assigns_exercises_of_its_chapter_that_are_not_done_in_class(stem, cells):
    plan = PLANS[title_of(stem)]
    (assigned,) = re.findall(r'^assign\("(\w+)"\)$', plan, re.MULTILINE)
    assert assigned == stem
    numbers = cells["lists"][stem]
    assert len(set(numbers)) == len(numbers) >= 3
    chosen = [exercises.get(f"{stem}-{number}") for number in numbers]
    told = cells["assign"](stem).data.splitlines()
    for one, line in zip(chosen, told, strict=False):
        assert line.startswith(f"- {one.id}, *{one.title}*: {one.level}, {one.minutes} minutes")
        assert line.endswith(", in the notebook") is (answer_key(one) is None)
    assert told[len(chosen) :] == [f"- together {sum(one.minutes for one in chosen)} minutes"]
    in_class = [name for _, _, what in rows(plan) for name in re.findall(rf"\b{stem}-\d+", what)]
    assert not {one.id for one in chosen} & set(in_class)
    if stem != "one_number":  # whose eight scenarios are what the page is for
        assert sum(one.minutes for one in chosen) <= SESSION / 2


def test_the_last_exercise_of_each_chapter_is_the_hard_one_for_a_masters_student():
    for stem in STEMS:
        assert list(exercises.exercises(stem).values())[-1].level == "hard"


def test_the_minutes_of_reading_are_those_of_the_pages(cells):
    assert set(cells["reading"]) == {"index", *STEMS}
    assert cells["reading"] == {stem: minutes("reading", page_of(stem)) for stem in cells["reading"]}


@pytest.mark.parametrize("text", [GUIDE, ANSWERS], ids=["guide", "answers"])
def test_every_exercise_that_is_named_is_in_the_bank(text):
    prose = re.sub(r"\{[\w:]+\}`[^`]*`|glue\(\"[^\"]*\"", "", text)
    named = set(re.findall(rf"\b(?:{'|'.join(BANKS)})-\d+\b", prose))
    assert len(named) >= 8
    for name in named:
        exercises.get(name)


def test_the_schedules_fit_their_sessions():
    assert sum(int(minutes) for minutes, _ in rows(SCHEDULES["One lecture"])) == SESSION
    week = rows(SCHEDULES["One week"])
    assert len(week) == 3
    for _, plan, before in week:
        assert plan in PLANS
        assert [title_of(stem) for stem in linked(before)] == [plan]
    month = [cell for row in rows(SCHEDULES["Four weeks"]) for cell in row[1:]]
    assert month == [title_of(stem) for stem in MONTH]


@pytest.mark.parametrize(
    ("schedule", "sessions", "read", "assigned"),
    [
        ("One lecture", 1, ["index"], []),
        ("One week", 3, None, ["coding", "hypothesis_testing", "optimization"]),
        ("Four weeks", 8, MONTH, MONTH),
    ],
)
def test_the_load_of_a_schedule_is_what_pages_and_bank_give(schedule, sessions, read, assigned, cells):
    section = SCHEDULES[schedule]
    if read is None:
        read = linked(section)
        assert sorted(read) == sorted([*assigned, "one_number"])
    (called,) = re.findall(r"^load\(.*\)$", section, re.MULTILINE)
    in_class = SESSION * sessions
    pages = sum(minutes("reading", page_of(stem)) for stem in read)
    bank = sum(exercises.get(f"{stem}-{number}").minutes for stem in assigned for number in cells["lists"][stem])
    told = eval(called, cells).data
    numbers = f"in class {in_class} minutes, to read {pages}, exercises {bank}; together "
    assert told == f"**Load:** {numbers}{(in_class + pages + bank) / 60:.1f} hours."


def test_the_table_of_goals_has_every_chapter():
    goals = rows(sections(GUIDE, "##")["What students learn, and what they need"])
    assert [row[0] for row in goals] == [f"[{title_of(stem)}](../{stem}.md)" for stem in STEMS]


def test_the_figures_fit_the_screen_where_the_guide_says_so(site, browser):
    """Picture, sliders and sentence, below the top bar, with the browser in full screen."""
    told = re.search(
        r"on (\d+) lines at (\d+) percent, .*?; Hypothesis testing needs (\d+)\. "
        r"On (\d+) lines take (\d+) percent, and for Hypothesis testing (\d+)\.",
        GUIDE,
    )
    large, wide, wide_testing, small, narrow, narrow_testing = map(int, told.groups())
    for lines, most, testing in ((large, wide, wide_testing), (small, narrow, narrow_testing)):
        for stem in STEMS:
            zoom = (testing if stem == "hypothesis_testing" else most) / 100
            size = {"width": round(lines * 16 / 9 / zoom), "height": round(lines / zoom)}
            page = browser.new_page(viewport=size)
            page.goto((site / "book" / f"{stem}.html").as_uri())
            page.wait_for_selector(".kl-explorer .kl-sentence")
            used, bar = page.evaluate(
                """() => {
                    const box = name => document.querySelector(name).getBoundingClientRect();
                    const height = box(".kl-explorer .kl-sentence").bottom - box(".kl-explorer svg").top;
                    return [height, box(".bd-header-article").height];
                }"""
            )
            page.close()
            assert used <= size["height"] - bar, (stem, lines)


def test_the_bank_has_a_question_to_think_about_for_every_plan():
    assert {one.chapter for one in THINK} >= set(STEMS)


@pytest.mark.parametrize("exercise", THINK, ids=lambda one: one.id)
def test_every_question_to_think_about_has_its_answer(exercise):
    pattern = rf"^\*\*{exercise.id}, answer (\w): ([^\n]+)\*\*\n(.*?)(?=^## |\Z)"
    ((letter, title, answer),) = re.findall(pattern, ANSWERS, re.MULTILINE | re.DOTALL)
    assert (title, letter) == (exercise.title, exercise.truth)
    wrong = [other for other in exercise.options if other != exercise.truth]
    assert re.findall(r"^- \*(\w)\* ", answer, re.MULTILINE) == wrong
    assert "A good answer" in answer
    assert "*Go on:*" in answer


def test_there_is_no_answer_without_a_question():
    answered = re.findall(r"^\*\*([\w-]+), ", ANSWERS, re.MULTILINE)
    assert sorted(answered) == sorted(one.id for one in THINK)
