"""The book's Markdown made plain: references told, numbers filled in, nothing of its dialect left."""

from types import SimpleNamespace

import pytest
from markdown_it import MarkdownIt
from markdown_subset import ConversionError, PlainMarkdown, Reference, escape

EXERCISE = SimpleNamespace(
    number=3,
    title="Bits",
    level="easy",
    minutes=1,
    question="What is $D(P\\|Q)$?\n\n```python\nx = '{ref}`a`'\n```",
    hint="Use **base 2**.",
    solution="It is 0.27.",
)


class Book:
    """A book of three labels, as a converter sees it."""

    source = "book/coding.md"
    known = {  # noqa: RUF012
        ("numref", "fig-a"): Reference("Figure 1.2"),
        ("ref", "top"): Reference("The top_level"),
        ("ref", "far"): Reference("Far away", "surprise.ipynb"),
        ("eq", "eq-kl"): Reference("(1.4)"),
        ("doc", "surprise"): Reference("Surprise", "surprise.ipynb"),
        ("doc", "index"): Reference("Index"),
        ("term", "nat"): Reference("nat"),
        ("any", "top"): Reference("The top_level"),
        ("any", "far"): Reference("Far away", "surprise.ipynb"),
    }

    def reference(self, role, target, text):
        found = self.known[role, target]
        return Reference(text or found.text, found.notebook)

    def equation(self, label):
        return self.known["eq", label].text.strip("()")

    def exercise(self, name):
        return {"coding-3": EXERCISE}[name]


def plain(text, *, line=1, glued=None, solutions=False):
    return PlainMarkdown(Book(), glued or {}, solutions=solutions).convert(text, line)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See {numref}`fig-a`.", "See Figure 1.2."),
        ("See {ref}`top`.", r"See The top\_level."),
        ("See {ref}`the start <top>`.", "See the start."),
        ("See {ref}`far` and {ref}`there <far>`.", "See [Far away](surprise.ipynb) and [there](surprise.ipynb)."),
        ("By {eq}`eq-kl`,", "By (1.4),"),
        ("{doc}`surprise`, {doc}`it <surprise>`", "[Surprise](surprise.ipynb), [it](surprise.ipynb)"),
        ("a {term}`nat`", "a nat"),
        (r"{math}`x_1 \| y`", r"$x_1 \| y$"),
        ("[](#top), [a *b*](#far)", r"The top\_level, [a *b*](surprise.ipynb)"),
        ("[](surprise.md), [s `c`](surprise.md#part)", "[Surprise](surprise.ipynb), [s `c`](surprise.ipynb)"),
        ("[home](index.md) [](index.md)", "home Index"),
        ("[with {eq}`eq-kl` in [brackets]](surprise.md)", "[with (1.4) in [brackets]](surprise.ipynb)"),
        ("[out](https://a.example/x_(y)) <https://b.example>", "[out](https://a.example/x_(y)) <https://b.example>"),
        ("a\n{eq}`eq-kl`\n- {ref}`top`", "a\n(1.4)\n- The top\\_level"),
        ("| a | b |\n|---|---|\n| {eq}`eq-kl` | $x$ |", "| a | b |\n|---|---|\n| (1.4) | $x$ |"),
    ],
)
def test_roles_and_links(text, expected):
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("x:.4f", "0.1838"),
        ("x:.1%", "18.4%"),
        ("x", "0.183787"),
        ("n:,d", "1,234"),
        ("word", r"a\_b"),
        ("word:>5s", r"  a\_b"),
    ],
)
def test_glued_values_take_their_format(role, expected):
    glued = {"x": "0.183787", "n": "1234", "word": "'a_b'"}
    assert plain(f"It is {{glue:text}}`{role}`!", glued=glued) == f"It is {expected}!"


@pytest.mark.parametrize(
    "text",
    [
        "Type `` {ref}`nowhere` `` or `$x {eq}` there.",
        "```python\nx = '{ref}`nowhere`'  # (label)=\n```",
        "````md\n```{note}\nkept\n```\n````",
        "~~~\n$$ x $$ (label)\n~~~",
        "    {ref}`indented code`",
        "- item\n\n  ```python\n  '{eq}`none`'\n  ```",
        "> ```python\n> '{eq}`none`'\n> ```",
        r"Escaped \{ref}\`x\` and 5 \$ and $a < b$ and $\{ref\}$.",
        "$$\n\\begin{aligned} a &= b \\\\ c &= d \\end{aligned}\n$$",
        "<div>\n{ref}`x` in HTML\n</div>",
    ],
)
def test_code_and_formulas_are_untouched(text):
    assert plain(text) == text


@pytest.mark.parametrize("fence", ["```", ":::"])
def test_admonitions_become_quotations(fence):
    note = plain(f"Before\n{fence}{{note}}\nSee {{eq}}`eq-kl`.\n\n- a\n- b\n{fence}\nAfter")
    assert note == "Before\n\n> **Note**\n>\n> See (1.4).\n>\n> - a\n> - b\n\nAfter"
    titled = plain(f"{fence}{{admonition}} The *[](#top)*\n:class: tip\nText\n{fence}")
    assert titled == "> **The *The top\\_level***\n>\n> Text"
    assert plain(f"{fence}{{tip}} On one line\n{fence}") == "> **Tip**\n>\n> On one line"


def test_formulas_in_quotations_stand_on_one_line():
    # JupyterLab takes $...$ out before Markdown: a ">" within would be part of the formula
    result = plain("```{warning}\nSince $a +\nb$,\n\n$$\na \\\\\n b\n$$ (eq-kl)\n\n$$ c\n$$\n```")
    assert "> Since $a + b$," in result
    assert r"> $$ a \\ b \tag{1.4} $$" in result
    assert "> $$ c $$" in result


def test_dropdowns_fold_and_nested_fences_are_found():
    note = ":::{note}\nDeep {eq}`eq-kl`\n:::"
    text = f"::::{{dropdown}} Proof that $a_i^*b_i$ is `c`\n:open:\nText\n\n{note}\n::::"
    assert plain(text) == (
        "<details>\n<summary>Proof that $a_i^*b_i$ is <code>c</code></summary>\n\n"
        "Text\n\n> **Note**\n>\n> Deep (1.4)\n\n</details>"
    )


def test_directives_in_list_items_keep_their_indentation():
    assert (
        plain("1. one\n\n   ```{note}\n   Text\n   ```\n\n2. two")
        == "1. one\n\n   > **Note**\n   >\n   > Text\n\n2. two"
    )


def test_equations_carry_the_number_of_the_page():
    assert plain("$$\na = b\n$$ (eq-kl)") == "$$\na = b \\tag{1.4}\n$$"
    assert plain("$$ a = b $$ (eq-kl)") == "$$\na = b \\tag{1.4}\n$$"
    assert plain("```{math}\n:label: eq-kl\na = b\n```") == "$$\na = b \\tag{1.4}\n$$"
    assert plain("```{math}\na = b\n```") == "$$\na = b\n$$"


def test_targets_and_comments_vanish_with_their_lines():
    assert plain("(top)=\n# Title\n\n% a remark\n\nText\n\n(here)=\n\n## Next") == "# Title\n\nText\n\n## Next"


@pytest.mark.parametrize("fence", ["```", ":::"])
def test_entries_of_the_index_vanish_with_their_lines(fence):
    index = f"{fence}{{index}}\n! Kelly criterion, odds; fair\n! see: gambling; betting\n{fence}"
    assert plain(index) == ""
    assert plain(f"Before\n\n{index}\n\nAfter") == "Before\n\nAfter"
    assert plain(f"{index}\n\n(here)=\n## Next") == "## Next"
    assert plain(f"Before\n\n{index}\n| a |\n|---|") == "Before\n\n| a |\n|---|"
    assert plain(f"Before\n{index}\nAfter") == "Before\n\nAfter", "two paragraphs, as on the page"


def test_exercises_come_from_the_bank():
    without = plain("```{exercise} coding-3\n```")
    assert without.startswith(f"### Exercise 3: Bits\n\n*easy, about 1 minute*\n\n{EXERCISE.question}\n\n<details>")
    assert "<summary>Hint</summary>\n\nUse **base 2**.\n\n</details>" in without
    assert "0.27" not in without
    with_solution = plain("```{exercise} coding-3\n```", solutions=True)
    assert with_solution == without + "\n\n<details>\n<summary>Solution</summary>\n\nIt is 0.27.\n\n</details>"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\n\nb {cite}`x`", 12, "unknown role 'cite'"),
        ("a\n{ref}`nowhere`", 11, "unknown target 'nowhere'"),
        ("{eq}`nowhere`", 10, "unknown target 'nowhere'"),
        ("[a](#nowhere)", 10, "unknown target 'nowhere'"),
        ("[a](nowhere.md)", 10, "unknown target 'nowhere'"),
        ("[a](data/file.csv)", 10, "'data/file.csv'"),
        ("[](surprise.md#part)", 10, "'surprise.md#part'"),
        ("[a][b]\n\n[b]: data/file.csv", 10, "'data/file.csv'"),
        ("![a](picture.png)", 10, "'picture.png'"),
        ("a {glue:text}`none:.2f`", 10, "nothing is glued under 'none'"),
        ("a {glue:text}`word:.2f`", 10, "format '.2f'"),
        ("a\n\n```{figure} x.png\n```", 12, "unknown directive 'figure'"),
        (":::{list-table}\n:::", 10, "unknown directive 'list-table'"),
        ("```{note}\n\nfine\n{kbd}`x`\n```", 13, "unknown role 'kbd'"),
        ("```{exercise} coding-9\n```", 10, "unknown exercise 'coding-9'"),
        ("```{exercise} coding-3\nbody\n```", 10, "no body"),
        ("$$ a $$ (nowhere)", 10, "unknown equation 'nowhere'"),
        ("```{math}\na\n\nb\n```", 10, "empty line"),
        ("- ```{note}\n  a\n  ```", 10, "line of its own"),
        ("note[^1]\n\n[^1]: foot", 10, "footnote"),
        ("+++", 10, "myst_block_break"),
        (":::python\nx\n:::", 10, "colon_fence"),
        ("```{dropdown} With `code`\nText\n```", 10, "'```{dropdown} With'"),
    ],
)
def test_what_is_not_on_the_list_is_an_error_with_its_place(text, line, message):
    with pytest.raises(ConversionError, match=r"^book/coding\.md:") as caught:
        plain(text, line=10, glued={"word": "'w'"})
    assert str(caught.value).startswith(f"book/coding.md:{line}: ")
    assert message in str(caught.value)


def test_escaped_text_reads_as_it_was():
    text = r"a_b_c *x* `y` [z](w) <b> $1$ p|q \ end"
    tokens = MarkdownIt("commonmark").parseInline(escape(text))[0].children
    assert "".join(token.content for token in tokens) == text
    assert {token.type for token in tokens} <= {"text", "text_special"}
