"""The minutes of a chapter: counted by hand, the same on the page and in its notebook, refused by name."""

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from markdown_subset import ConversionError, PlainMarkdown
from reading_time import SECONDS, contents, minutes, reading_minutes
from small_book import EXTENSIONS, HEADER, build

from kltools import exercises

ROOT = Path(__file__).resolve().parents[1]

ROLE = re.compile(r"\{minutes\}`(\w+)`")
PASSAGE = re.compile(rf"(?:[\w ,]*{ROLE.pattern.replace('(', '(?:')}[\w ,]*)+")
CHAPTER = (
    HEADER
    + """\
(small)=
# Small chapter

Two words of $x$ and `kl_divergence`, {glue:text}`x:.2f` bit; {math}`y` too.

$$ a = b $$ (eq-a)

:::{admonition} Take this
The reader's $z$.

$$
c
$$
:::

```{math}
:label: eq-d
d
```

| head | $h$ |
|---|---|
| cell | 7 |

```{code-cell} ipython3
x = 1

x
```

```{code-cell} ipython3
:tags: [remove-cell]
y = "not a single word of it"
```

```{code-cell} ipython3
:tags: [notebook]
answer = None
```

```{code-cell} ipython3
---
tags: [hide-input]
mystnb:
  figure:
    caption: Bars of $p$.
    name: fig-a
---
draw(x)
```

```{code-cell} ipython3
figures.play()
```

```{exercise} coding-1
```

```{index}
! entry, another
! see: third; entry
```
"""
)
# Small chapter (2); Two words of and kl_divergence, the number, bit too (8); Take this (2); The reader's (2);
# head, cell, 7 (3); Bars of (2)
COUNTED = {"words": 19, "inline formulas": 5, "displayed formulas": 3, "lines of code": 3, "figures": 2}


def test_everything_that_is_read_is_counted_once():
    assert +contents(CHAPTER) == COUNTED


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("words", "word " * 100),
        ("inline formulas", "$x$ " * 100),
        ("displayed formulas", "$$ x $$\n\n" * 100),
        ("lines of code", "```{code-cell} ipython3\n" + "x\n" * 100 + "```\n"),
        (
            "figures",
            "```{code-cell} ipython3\n---\ntags: [hide-input]\nmystnb: {figure: {name: a}}\n---\nx\n```\n\n" * 100,
        ),
    ],
)
def test_each_kind_takes_its_own_time(kind, text):
    longer = CHAPTER + "\n" + text
    assert +contents(longer) == COUNTED | {kind: COUNTED[kind] + 100}
    added = 100 * SECONDS[kind] / 60
    assert abs(reading_minutes(longer) - reading_minutes(CHAPTER) - added) <= 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 5),  # a page takes a reader some time, however short
        ("word " * 1499, 5),  # at 200 words a minute: 7.495
        ("word " * 1500, 10),  # 7.5
        ("word " * 2000 + "\n\n" + "$$ x $$\n\n" * 10, 20),  # 10 and 7.5
    ],
)
def test_minutes_by_hand(text, expected):
    assert reading_minutes(HEADER + text) == expected


def test_minutes_of_the_exercises_are_those_of_the_bank():
    total = sum(exercise.minutes for exercise in exercises.exercises("coding").values())
    told = minutes("exercises", ROOT / "book" / "coding.md")
    assert told % 5 == 0
    assert abs(told - total) <= 2.5


@pytest.mark.parametrize(("kind", "message"), [("typing", "'typing'"), ("exercises", "no chapter 'small'")])
def test_what_has_no_minutes_is_refused_by_name(tmp_path, kind, message):
    class Book:
        source = "book/small.md"

        def minutes(self, kind):
            return minutes(kind, tmp_path / "small.md")

    with pytest.raises(LookupError, match=message):
        minutes(kind, tmp_path / "small.md")
    with pytest.raises(ConversionError, match=rf"^book/small\.md:7: .*{message}"):
        PlainMarkdown(Book(), {}).convert(f"{{minutes}}`{kind}`", 7)

    (tmp_path / "small.md").write_text(f"# Small\n\nAbout {{minutes}}`{kind}` minutes.\n", "utf8")
    extensions = f"sys.path.insert(0, {EXTENSIONS!r})\nextensions = ['myst_parser', 'reading_time']"
    (tmp_path / "conf.py").write_text(f"import sys\n{extensions}\nroot_doc = 'small'\nexclude_patterns = ['_build']\n")
    run = build(tmp_path)
    assert run.returncode != 0
    assert "small.md:3: ERROR: " in run.stderr
    assert message in run.stderr


def test_page_and_notebook_say_the_same_minutes(site):
    told = {}
    for notebook in (site / "notebooks").glob("*.ipynb"):
        source = ROOT / "book" / f"{notebook.stem}.md"
        if not source.is_file():  # a page of the reference or of the guide tells no minutes
            continue
        page = BeautifulSoup((site / "book" / f"{notebook.stem}.html").read_text("utf8"), "html.parser")
        on_page = " ".join(page.find("article").get_text().split())
        cells = [cell.source for cell in nbformat.read(notebook, 4).cells]
        for passage in PASSAGE.findall(source.read_text("utf8")):
            sentence = ROLE.sub(lambda role: str(minutes(role[1], source)), passage).strip()  # noqa: B023
            told[notebook.stem] = sentence
            assert sentence in on_page
            assert any(sentence in cell for cell in cells)
    assert re.fullmatch(r"About (35|40|45|50) minutes to read, and 55 for the exercises", told["coding"])
