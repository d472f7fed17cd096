"""A small book, built: its notebooks say what its pages say, number for number."""

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from first_cell import wheel_name
from markdown_it import MarkdownIt
from small_book import EXTENSIONS, HEADER, build

import kltools.exercises

ROOT = Path(__file__).resolve().parents[1]

CONFIG = """\
import sys
sys.path.insert(0, {extensions!r})
extensions = ["myst_nb", "sphinx_design", "exercise", "takeaway"]
exclude_patterns = ["_build"]
html_theme = "basic"
myst_enable_extensions = ["colon_fence", "dollarmath"]
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
numfig = True
numfig_format = {{"figure": "Figure %s"}}
"""
INDEX = """\
# Start

See [](chapters/coding.md).

```{toctree}
:numbered:
chapters/coding
chapters/surprise
```

```{glossary}
nat
  A unit.
```
"""
CODING = (
    HEADER
    + """\
(coding-top)=
# Coding it

Here: {numref}`fig-bars`, {numref}`bars %s <fig-bars>`,
{ref}`coding-top`, {ref}`the top <coding-top>`, {eq}`eq-two`.

There: {ref}`surprise-part`, {ref}`a part <surprise-part>`, {doc}`surprise`, {eq}`eq-far`, {numref}`fig-far`.

Links: [](surprise.md), [the *next*](surprise.md), [](#surprise-part), [](#eq-two), [](#fig-far),
[start](../index.md).

Terms: {term}`nat`, {term}`nats <nat>`, {glue:text}`value:.3f`, {glue:text}`words`.

$$ a = b $$ (eq-one)

$$
c = d
$$ (eq-two)

```{code-cell} ipython3
from IPython.display import SVG
value = 0.18379
SVG('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>')
```

```{code-cell} ipython3
:tags: [remove-cell]
from myst_nb import glue
glue("value", value, display=False)
glue("words", "two_words and *more*", display=False)
```

```{code-cell} ipython3
:tags: [hide-input]
:mystnb:
:  figure:
:    caption: Bars worth {glue:text}`value:.1f` nat.
:    name: fig-bars
SVG('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"></svg>')
```

## Exercises

```{exercise} coding-1
```
"""
)
SURPRISE = (
    HEADER
    + """\
# Surprise

(surprise-part)=
## A part

Back: {numref}`fig-bars`, {eq}`eq-one`.

$$ e = f $$ (eq-far)

```{code-cell} ipython3
:mystnb:
:  figure:
:    caption: Far away
:    name: fig-far
from IPython.display import SVG
SVG('<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"></svg>')
```
"""
)


@pytest.fixture(scope="module")
def small_book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    (folder / "chapters").mkdir()
    (folder / "conf.py").write_text(CONFIG.format(extensions=EXTENSIONS))
    (folder / "index.md").write_text(INDEX)
    (folder / "chapters" / "coding.md").write_text(CODING)
    (folder / "chapters" / "surprise.md").write_text(SURPRISE)
    run = build(folder)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def page_and_notebook(book, name):
    html = book.joinpath("_build", "html", "chapters", f"{name}.html").read_text("utf8")
    page = BeautifulSoup(html, "html.parser").find(class_="body")
    notebook = nbformat.read(book / "_build" / "html" / "notebooks" / f"{name}.ipynb", 4)
    return page, notebook, "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def paragraphs(html):
    return [" ".join(paragraph.get_text().split()) for paragraph in html.find_all("p")]


@pytest.mark.parametrize(
    ("name", "starts"), [("coding", ["Here:", "There:", "Links:", "Terms:"]), ("surprise", ["Back:"])]
)
def test_the_notebook_says_what_the_page_says(small_book, name, starts):
    page, _, markdown = page_and_notebook(small_book, name)
    shown = paragraphs(page)
    told = paragraphs(BeautifulSoup(MarkdownIt("commonmark").render(markdown), "html.parser"))
    for start in starts:
        (sentence,) = (text for text in shown if text.startswith(start))
        assert sentence in told


@pytest.mark.parametrize("name", ["coding", "surprise"])
def test_equations_and_figures_are_numbered_as_on_the_page(small_book, name):
    page, _, markdown = page_and_notebook(small_book, name)
    numbers = [re.search(r"\((.*?)\)", tag.get_text())[1] for tag in page.find_all(class_="eqno")]
    assert re.findall(r"\\tag\{(.*?)\}", markdown) == numbers
    assert len(set(numbers)) == len(numbers) > 0
    captions = [" ".join(tag.get_text().rstrip("#").split()) for tag in page.find_all(class_="caption-text")]
    labels = [" ".join(tag.get_text().split()) for tag in page.find_all(class_="caption-number")]
    expected = [f"*{label}.* {caption}" for label, caption in zip(labels, captions, strict=True)]
    assert re.findall(r"^\*Figure .*", markdown, re.MULTILINE) == expected
    assert expected


def test_notebooks_stand_executed_beside_the_wheel(small_book):
    folder = small_book / "_build" / "html" / "notebooks"
    assert {path.name for path in folder.iterdir()} == {"coding.ipynb", "surprise.ipynb", wheel_name()}
    _, notebook, markdown = page_and_notebook(small_book, "coding")
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [len(cell.outputs) for cell in code] == [0, 1, 1]
    assert "glue" not in "".join(cell.source for cell in code)
    exercise = kltools.exercises.get("coding-1")
    assert f"### Exercise 1: {exercise.title}" in markdown
    assert exercise.question.strip() in markdown
    assert exercise.hint.strip() in markdown
    assert exercise.solution.strip() not in markdown


def test_an_unknown_role_fails_the_build(small_book):
    text = CODING.replace("\n$$ a = b", "\n{kbd}`x`\n\n$$ a = b")
    (small_book / "chapters" / "coding.md").write_text(text)
    line = text.splitlines().index("{kbd}`x`") + 1
    run = build(small_book)
    assert run.returncode != 0
    assert f"chapters/coding.md:{line}: unknown role 'kbd'" in run.stderr + run.stdout
