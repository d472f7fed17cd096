"""The teaching pages: every chapter has a plan that fits its minutes, every exercise that they name is in the bank."""

import pkgutil
import re
from pathlib import Path

import pytest

from kltools import exercises

TEACHING = Path(__file__).parents[1] / "book/teaching"
GUIDE = (TEACHING / "guide.md").read_text(encoding="utf-8")
ANSWERS = (TEACHING / "think_answers.md").read_text(encoding="utf-8")
SESSION = 50  # minutes
BANKS = sorted(module.name for module in pkgutil.iter_modules(exercises.__path__))
STEMS = ["coding", "surprise", "likelihood", "hypothesis_testing", "geometry", "optimization", "elbo", "practice"]
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


def title_of(stem):
    heading = re.search(r"^# (.+)$", (TEACHING.parent / f"{stem}.md").read_text(encoding="utf-8"), re.MULTILINE)[1]
    return heading.partition(":")[0]


PLANS = sections(sections(GUIDE, "##")["Eight plans"], "###")
SCHEDULES = sections(sections(GUIDE, "##")["Three schedules"], "###")
each_plan = pytest.mark.parametrize("stem", STEMS)


def test_every_chapter_has_a_plan_in_the_order_of_the_book():
    assert list(PLANS) == [title_of(stem) for stem in STEMS]


@each_plan
def test_a_plan_fills_the_session_and_says_how_to_open_show_assign_and_close(stem):
    plan = PLANS[title_of(stem)]
    assert sum(int(minutes) for minutes, _ in rows(plan)) == SESSION
    assert f"](../{stem}.md)" in plan.partition("| minutes")[0], "it opens with a link to its chapter"
    marks = ["**Open.**", "**You will hear**", "**The figure.**", "**Assign**", "**Close.**"]
    assert [mark for mark in re.findall(r"^\*\*[^*]+\*\*", plan, re.MULTILINE) if mark in marks] == marks
    heard = plan.partition("**You will hear**")[2].partition("**The figure.**")[0]
    assert len(re.findall(r"^- ", heard, re.MULTILINE)) >= 4


@each_plan
def test_a_plan_assigns_its_own_chapters_exercises_to_be_done_by_hand_and_mended(stem):
    (assigned,) = re.findall(r"^assign\(([^)]+)\)$", PLANS[title_of(stem)], re.MULTILINE)
    chosen = [exercises.get(name) for name in re.findall(r'"([\w-]+)"', assigned)]
    assert {one.chapter for one in chosen} == {stem}
    assert len({one.id for one in chosen}) == len(chosen) >= 3
    assert any("Find the bug." in one.question for one in chosen)
    assert sum(one.minutes for one in chosen) <= SESSION / 2


@pytest.mark.parametrize("text", [GUIDE, ANSWERS], ids=["guide", "answers"])
def test_every_exercise_that_is_named_is_in_the_bank(text):
    prose = re.sub(r"\{[\w:]+\}`[^`]*`|glue\(\"[^\"]*\"", "", text)
    named = set(re.findall(rf"\b(?:{'|'.join([*STEMS, 'one_number'])})-\d+\b", prose))
    assert len(named) >= 8
    for name in named:
        exercises.get(name)


def test_the_schedules_fit_their_sessions():
    assert sum(int(minutes) for minutes, _ in rows(SCHEDULES["One lecture"])) == SESSION
    week = [row[1] for row in rows(SCHEDULES["One week"])]
    assert len(week) == 3
    assert set(week) <= set(PLANS)
    month = [cell for row in rows(SCHEDULES["Four weeks"]) for cell in row[1:]]
    assert month == list(PLANS)


def test_the_table_of_goals_has_every_chapter():
    linked = [row[0] for row in rows(sections(GUIDE, "##")["What students learn, and what they need"])]
    assert linked == [f"[{title_of(stem)}](../{stem}.md)" for stem in STEMS]


def test_the_bank_has_a_question_to_think_about_for_every_plan():
    assert {one.chapter for one in THINK} >= set(STEMS)


@pytest.mark.parametrize("exercise", THINK, ids=lambda one: one.id)
def test_every_question_to_think_about_has_its_answer(exercise):
    pattern = rf"^\*\*{exercise.id}, ([^\n]+): (\w)\.\*\*\n(.*?)(?=^## |\Z)"
    ((title, letter, answer),) = re.findall(pattern, ANSWERS, re.MULTILINE | re.DOTALL)
    assert (title, letter) == (exercise.title, exercise.truth)
    wrong = [other for other in exercise.options if other != exercise.truth]
    assert re.findall(r"^- \*(\w)\* ", answer, re.MULTILINE) == wrong
    assert "A good answer" in answer
    assert "*Go on:*" in answer


def test_there_is_no_answer_without_a_question():
    answered = re.findall(r"^\*\*([\w-]+), ", ANSWERS, re.MULTILINE)
    assert sorted(answered) == sorted(one.id for one in THINK)
