"""The chapters as sources: their shape, their cells, and what they may not say."""

import ast
import re
from pathlib import Path

import jupytext
import pytest
import yaml

from kltools import exercises

ROOT = Path(__file__).parents[1]
PARTS = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))["parts"]
FILES = [[ROOT / f"{page['file']}.md" for page in part["chapters"]] for part in PARTS]
CHAPTERS = FILES[0]  # the intuitions come first; only they have the shape of a chapter
PAGES = [ROOT / "book/index.md", *(page for part in FILES for page in part)]
ASKING = [page for page in PAGES if (ROOT / f"kltools/exercises/{page.stem}.py").is_file()]
HEADINGS = [
    "The question",
    "By hand",
    "The statement",
    "Play",
    "Four facts, seen from here",
    "On real data",
    "Traps",
    "Exercises",
    "In one breath",
]

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
each_chapter = pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
each_asking = pytest.mark.parametrize("page", ASKING, ids=lambda page: page.stem)


def code_cells(page, hidden=None):
    cells = [cell for cell in jupytext.read(page).cells if cell.cell_type == "code"]
    if hidden is None:
        return cells
    return [cell for cell in cells if ("remove-cell" in cell.metadata.get("tags", [])) is hidden]


def prose(page):
    """The text of a page without code, maths, labels, targets of links, tables of codewords and front matter."""
    text = page.read_text(encoding="utf-8")
    patterns = (
        r"\A---.*?^---",
        r"^\([\w-]+\)=$",
        r"^(`{3,}).*?^\1\s*$",
        r"\$\$.*?\$\$",
        r"\{[\w:]+\}`[^`]*`",
        r"`[^`]*`",
        r"\$[^$\n]*\$",
        r"(?<=\])\([^)\s]*\)",
    )
    for pattern in patterns:
        text = re.sub(pattern, " ", text, flags=re.DOTALL | re.MULTILINE)
    return text


def test_entries_of_the_index_are_no_words_of_a_chapter(tmp_path):
    page = tmp_path / "small.md"
    page.write_text("# One\n\n```{index}\n! a distance, 0.1234\n! see: b; a\n```\n\nTwo.\n", encoding="utf-8")
    assert prose(page).split() == ["#", "One", "Two."]


@each_chapter
def test_the_headings_stand_in_their_order(page):
    headings = re.findall(r"^## (.+?)\s*$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert [heading for heading in headings if heading in HEADINGS] == HEADINGS


@each_chapter
def test_the_length_is_that_of_a_chapter(page):
    words = len(re.findall(r"[A-Za-z']+", prose(page)))
    assert 1500 <= words <= 2700
    shown = [c for c in code_cells(page, hidden=False) if "check(" not in c.source]
    assert 15 <= len(shown) <= 27


@each_page
def test_visible_cells_are_short_and_narrow(page):
    for cell in code_cells(page, hidden=False):
        lines = cell.source.splitlines()
        assert len(lines) <= 15, lines[0]
        assert all(len(line) <= 76 for line in lines), lines


@each_page
def test_no_result_is_typed_in_the_prose(page):
    typed = re.findall(r"(?<![\w.])\d+\.\d{3,}(?![\w.])", prose(page))
    assert not typed


@each_chapter
def test_no_minutes_are_typed(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"\{minutes\}`(\w+)`", text) == ["reading", "exercises"]
    assert not re.search(r"\d minutes (to read|for the exercises)|About \d+ minutes", text)


@each_page
def test_glue_stands_only_in_hidden_cells_that_assert(page):
    for cell in code_cells(page, hidden=False):
        assert "glue" not in cell.source
    for cell in code_cells(page, hidden=True):
        kinds = [type(node) for node in ast.parse(cell.source).body]
        assert ast.Assert in kinds, cell.source


@each_page
def test_every_glued_number_is_used_and_every_used_one_is_glued(page):
    source = "\n".join(cell.source for cell in code_cells(page, hidden=True))
    glued = re.findall(r"glue\(\"([\w-]+)\"", source)
    used = set(re.findall(r"\{glue:text\}`([\w-]+)", page.read_text(encoding="utf-8")))
    assert len(glued) == len(set(glued))
    assert set(glued) == used


@each_page
def test_randomness_is_seeded_and_passed_on(page):
    for cell in code_cells(page):
        assert not re.search(r"np\.random\.(?!default_rng\(\d)", cell.source), cell.source
        assert not re.search(r"^\s*(import random|from random)", cell.source, re.MULTILINE)


@each_page
def test_every_figure_is_referred_to(page):
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"^\s+name: (fig-[\w-]+)$", text, re.MULTILINE):
        assert f"{{numref}}`{name}`" in text, name


@each_asking
def test_every_exercise_of_the_bank_is_asked_and_checked_once(page):
    text = page.read_text(encoding="utf-8")
    ids = list(exercises.exercises(page.stem))
    assert re.findall(r"^```\{exercise\} (\S+)$", text, re.MULTILINE) == ids
    assert re.findall(r"check\(\"([\w-]+)\"", text) == ids


@each_page
def test_words_that_the_house_does_not_use(page):
    text = prose(page).lower()
    for word in ("simply", "obviously", "trivially", "in this section we", "!", "behaviour", "colour", "normalise"):
        assert word not in text, word
    assert not re.search(r"\bdistances?\b", text), "say divergence"
