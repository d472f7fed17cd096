"""Every text of the bank can be shown on a page, and a text that quotes a student does nothing there."""

import re
from pathlib import Path

import numpy as np
import pytest
from page_elements import Page

from assignments import ROOT
from assignments.formulas import FormulaError, mathml
from assignments.markup import render
from assignments.variants import variant
from kltools import exercises as bank

CHAPTERS = sorted(file.stem for file in Path(bank.__file__).parent.glob("[a-z]*.py"))
BANK = [exercise for chapter in CHAPTERS for exercise in bank.exercises(chapter).values()]


def texts_of(exercise):
    yield from (exercise.question, exercise.hint, exercise.solution)
    if not isinstance(exercise, bank.ConstructionExercise):
        yield from (mistake.message for mistake in exercise.known_mistakes())


@pytest.mark.parametrize("exercise", BANK, ids=lambda exercise: exercise.id)
def test_every_text_of_the_bank_can_be_shown(exercise):
    for text in texts_of(exercise):
        assert not re.search(r"\{[\w:+.-]+\}`|^(`{3,}|:{3,})\{", text, re.MULTILINE), "a role or directive of the book"
        shown = str(render(text, strict=True))
        assert "$" not in re.sub(r"<code.*?</code>", "", shown, flags=re.DOTALL)
        assert "\\" not in re.sub(r"<code.*?</code>", "", shown, flags=re.DOTALL)
        assert shown.count("<math") == shown.count("</math>")


@pytest.mark.parametrize("seed", range(2))
def test_questions_about_other_numbers_can_be_shown(seed):
    for exercise in BANK[seed::4]:
        for text in texts_of(variant(exercise.id, np.random.default_rng(seed))):
            render(text, strict=True)


@pytest.mark.parametrize(
    ("tex", "part"),
    [
        (r"D(P\|Q)", '<mo fence="false" stretchy="false" lspace="0" rspace="0">‖</mo>'),
        (r"\ln 2", '<mi>ln</mi><mspace width="0.1667em" /><mn>2</mn>'),
        (r"(p-q)\ln p", '<mo stretchy="false">)</mo><mspace width="0.1667em" /><mi>ln</mi>'),
        (r"\ln(2)", '<mi>ln</mi><mo stretchy="false">(</mo>'),
        (r"\mathbb E_q", "<msub><mi>𝔼</mi><mi>q</mi></msub>"),
        (r"\underline{Q}", '<mrow class="underlined"><mrow><mi>Q</mi></mrow></mrow>'),
        (r"x \sim N", "<mi>x</mi><mo>∼</mo><mi>N</mi>"),
        (r"T\to\infty", "<mo>→</mo><mi>∞</mi>"),
        (r"x = -1", '<mo>=</mo><mo form="prefix">−</mo><mn>1</mn>'),
        (r"x - 1", "<mi>x</mi><mo>−</mo><mn>1</mn>"),
        (r"a < b & c", "<mo>&lt;</mo>"),
        (r"\text{<script>alert(1)</script>}", "<mtext>&lt;script&gt;alert(1)&lt;/script&gt;</mtext>"),
        (r"\text{&lt;b&gt;}", "<mtext>&lt;b&gt;</mtext>"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "<mtr><mtd><mn>3</mn></mtd><mtd><mn>4</mn></mtd></mtr>"),
    ],
)
def test_formulas_are_set_as_the_book_sets_them(tex, part):
    assert part in mathml(tex)


@pytest.mark.parametrize(
    "tex",
    [
        r"\unheard{x}",
        r"\unheard{<b>}",
        r"\href{javascript:alert(1)}{x}",
        r"\operatorname*{arg\,min}_x",
        r"\style{color:red}{x}",
        "x" * 1001,
        "{" * 900,
        r"\frac",
        "^^^",
    ],
)
def test_a_formula_that_cannot_be_shown_is_noticed(tex):
    with pytest.raises(FormulaError):
        mathml(tex)
    with pytest.raises(FormulaError):
        render(f"Here ${tex}$.", strict=True)
    page = Page(str(render(f"Here ${tex}$.")))
    assert [tag for tag, _ in page.elements] == ["p", "span", "code"]
    assert page.text == f"Here {tex} ."


def test_markdown_of_an_instructor_may_link_and_that_of_a_student_may_not():
    text = "[a](https://example.org) <https://example.org> ![b](https://example.org/b.png) <b>c</b>"
    assert [tag for tag, _ in Page(str(render(text))).elements] == ["p"]
    page = Page(str(render(text, links=True)))
    assert [tag for tag, _ in page.elements] == ["p", "a", "a"]  # the picture is a link after its exclamation mark
    assert Page(str(render("[a](javascript:alert(1))", links=True))).all("a") == []
    table = Page(str(render("| a | b |\n|---|---|\n| 1 | 2 |")))
    assert len(table.all("td")) == 2
    wide = "|".join("x" * 100)
    lines = "x\n" * 100  # each would be filled up with cells
    assert Page(str(render(f"{wide}\n{wide.replace('x', '-')}\n{lines}"))).all("td") == []


def test_the_pages_that_feedback_links_to_are_pages_of_the_book():
    contents = (ROOT / "_toc.yml").read_text("utf8")
    for chapter in CHAPTERS:
        assert f"file: book/{chapter}\n" in contents
        assert "\n## Exercises\n" in (ROOT / "book" / f"{chapter}.md").read_text("utf8")


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colors_have_contrast_in_both_schemes(scheme):
    style = (ROOT / "assignments" / "templates" / "style.css").read_text("utf8")
    colors = [dict(re.findall(r"--(\w+): #(\w{6})", part)) for part in style.split("@media (prefers-color-scheme")][:2]

    def luminance(color):
        parts = [int(color[place : place + 2], 16) / 255 for place in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for back in ("page", "card"):
        for front in ("ink", "muted", "link", "good", "bad", "wait"):
            dark, light = sorted(luminance(colors[scheme][one]) for one in (back, front))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (back, front)
