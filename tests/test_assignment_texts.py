"""Every text of the bank can be shown on a page, and a text that quotes a student does nothing there."""

import re
import sys
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
        (r"\begin{aligned}a&=b\end{aligned}", '<mtd columnalign="left" style="text-align: left; padding-left: 0">'),
        (
            r"\begin{align}&&a\end{align}",
            '<mtd columnalign="right" style="text-align: right; padding-right: 0"><mi>a</mi>',
        ),
        (r"\begin{cases}a&b\end{cases}", '<mtd columnalign="left" style="text-align: left">'),
        (r"\begin{align}a\\b\end{align}", "<mi>a</mi></mtd></mtr>"),  # and no number
        (r"\begin{gather}a\\b\end{gather}", '<mtable rowspacing="0.5em" columnspacing="1em" displaystyle="true">'),
        (r"p \not= q", "<mi>p</mi><mo>≠</mo><mi>q</mi>"),
        (r"P \not\ll Q", "<mi>P</mi><mo>≪\N{COMBINING LONG SOLIDUS OVERLAY}</mo><mi>Q</mi>"),
        (r"\left.f\right|_0", '<mo stretchy="true" fence="true" form="prefix" /><mi>f</mi>'),
        (r"\operatorname*{arg\,min}_q", '<mspace width="0.167em" />'),
        (r"\arg\min_q", '<mi mathvariant="normal">g</mi></mrow><msub><mo>min</mo>'),
        (r"\int\!\!\int", "<mo>∫</mo>"),
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
        r"\not\unheard",
        r"\style{color:red}{x}",
        "x" * 1001,
        "{" * 900,
        r"\def\a{x}\def\b{{\a}{\a}}\b",
        r"\newcommand{\a}[1]{{#1}{#1}}\a{\a{x}}",
        r"\unicode{xd}",
        r"\unicode{x202e}",
        r"\text{&#13;&#13;}",
        r"\text{&#x2028;}",
        r"\phantom{x}",
        r"\vphantom{x}",
        r"\hspace{-9em}\text{right}",
        r"\hskip -9em x",
        r"\mspace{ -90mu}x",
        r"\llap{x}",
        r"\smash{x}",
        r"\frac",
        r"\begin{alignat}{2}a&b\end{alignat}",
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


SUM = r"$$-D=\sum p\log(q/p)\le 0.$$"
ROWS = r"\begin{aligned}a&=b\\[2pt]c&=d\end{aligned}"
ALIGN = "\\begin{align}\na&=b\\label{x}\\\\\nc&=d\n\\end{align}"
LONE = r"\begin{align*}c\end{align*}"


def placed(text):
    """Return which displayed formulas a text has, beside its other words."""
    shown = str(render(text))
    assert "$" not in shown
    assert not re.search(r"<p>((?!</p>).)*<div", shown, re.DOTALL), "a paragraph holds no div"
    formulas = re.findall(r'<math [^>]*display="block">(.*?)</math>', shown)
    words = Page(re.sub(r'<math [^>]*display="block">.*?</math>', " # ", shown)).text
    return words, [re.sub(r"<[^>]*>", " ", formula).split() for formula in formulas]


@pytest.mark.parametrize(
    ("text", "words", "formulas"),
    {
        "in a line": (f"Since $x$: {SUM} Equality.", "Since x : # Equality.", ["− D = ∑ p log ( q / p ) ≤ 0 ."]),
        "in lines of its own": (f"Then\n$$\n{ROWS}\n$$\nso", "Then # so", ["a = b c = d"]),
        "over lines": (f"Then $$\n{ROWS}\n$$ so", "Then # so", ["a = b c = d"]),
        "without dollars": (f"Then\n{ALIGN}\nso", "Then # so", ["a = b c = d"]),
        "within a line": (f"Then {LONE} so", "Then # so", ["c"]),
        "in a quote": ("> Then\n> $$\n> - a\n> $$\n> so", "Then # so", ["− a"]),
        "in a list": (f"- Then\n  $$a$$\n  {LONE}\n- so", "Then # # so", ["a", "c"]),
        "begun before words": ("$$a\n=b$$ so\n\n$$c$$", "# so #", ["a = b", "c"]),
        "begun before words again": (f"{LONE} so\n\n{LONE}", "# so #", ["c", "c"]),
        "ended in a line of its own": ("Then $$a\n$$ and\n$$\nb\n$$", "Then # and #", ["a", "b"]),
        "looks like a list": ("$$\na\n- b\n\n+ c\n$$", "#", ["a − b + c"]),
    }.values(),
)
def test_a_displayed_formula_is_shown_wherever_it_stands(text, words, formulas):
    assert placed(text) == (words, [formula.split() for formula in formulas])


@pytest.mark.parametrize(("start", "end"), [("> a", "</blockquote>"), ("- a", "</ul>")])
def test_a_formula_below_a_quote_or_a_list_is_none_of_it(start, end):
    shown = str(render(f"{start}\n$$\nb\n$$"))
    assert shown.index(end) < shown.index("<math")


@pytest.mark.parametrize("text", ["Then\n$$\n{}\n$$\nso", "Then $$ {} $$ so", "Then\n{}\nso", "Then {} so"])
def test_an_environment_that_cannot_be_set_is_shown_whole(text):
    tex = r"\begin{eqnarray}a&=&b\\c&=&<b>\end{eqnarray}"
    page = Page(str(render(text.format(tex))))
    assert page.text == f"Then {tex} so"
    assert "b" not in [tag for tag, _ in page.elements]
    with pytest.raises(FormulaError, match="eqnarray"):
        render(text.format(tex), strict=True)


def work(text):
    """Return how many functions a text makes the machine call."""
    calls = 0

    def count(frame, event, function):
        nonlocal calls
        calls += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        render(text)
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize(
    "text",
    ["$$", "$", "$$x\n", "$$x\n\n", "\\begin{align}", "\\begin{align}\n", "$$a\n=b$$ c\n", "- $$\n", "x\n$$\n", r"\$$"],
)
def test_a_text_of_twice_the_length_is_twice_the_work(text):
    render("")  # the parser is made once
    assert work(text * 400) < 3 * work(text * 200)


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
