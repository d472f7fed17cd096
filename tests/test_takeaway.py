"""The take-away notebooks: what a chapter becomes, and all chapters of this book."""

import ast
import copy
import re
import sys
from pathlib import Path

import nbformat
import pytest
from first_cell import first_cell, wheel_name
from markdown_subset import ConversionError, PlainMarkdown, Reference
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_output
from small_book import HEADER
from tables import tables_named
from takeaway import convert, read_chapter, with_first_cell

BOOK = Path(__file__).parents[1] / "book"


class Book:
    """A book of one figure and one equation, as a converter sees it."""

    source = "book/coding.md"

    def reference(self, role, target, text):
        return {("numref", "fig-a"): Reference("Figure 1.2"), ("eq", "eq-kl"): Reference("(1.4)")}[role, target]


def chapter(folder, body, outputs=()):
    """Return a chapter as if executed: `outputs` go to the code cells in order."""
    path = folder / "coding.md"
    path.write_text(HEADER + body, "utf8")
    notebook = read_chapter(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell, given in zip(code, outputs, strict=False):
        cell.outputs = list(given)
    return notebook


def glue_output(name, text):
    prefix = "application/papermill.record/"
    data = {f"{prefix}text/plain": text}
    return new_output("display_data", data, metadata={"scrapbook": {"name": name, "mime_prefix": prefix}})


BODY = """\
(top)=
# Title

Value {glue:text}`x:.2f`.

```{code-cell} ipython3
x = 1
x
```

```{code-cell} ipython3
:tags: [remove-cell]
from myst_nb import glue
y = float(x)
glue("x", y, display=False)
assert y == 1
```


```{code-cell} ipython3
---
tags: [hide-input, full-width]
mystnb:
  figure:
    caption: Bars of $p_1$, worth {glue:text}`x:.1f`.
    name: fig-a
  image: {alt: bars}
---
print(x)
```

End {eq}`eq-kl`.
"""
OUTPUTS = [
    [new_output("execute_result", {"text/plain": "1"}, execution_count=7)],
    [glue_output("x", "1.0")],
    [
        new_output(
            "display_data",
            {
                "text/html": "<p>w</p>",
                "image/png": "AAAA",
                "application/vnd.jupyter.widget-view+json": {"model_id": "m"},
            },
        ),
        new_output("display_data", {"application/vnd.jupyter.widget-view+json": {"model_id": "m"}}),
    ],
]


def test_a_chapter_becomes_a_plain_executed_notebook(tmp_path):
    source = chapter(tmp_path, BODY, OUTPUTS)
    source.metadata["widgets"] = {"state": {}}
    notebook = convert(source, Book())
    nbformat.validate(notebook)
    assert [cell.source for cell in notebook.cells] == [
        "# Title\n\nValue 1.00.",
        "x = 1\nx",
        "print(x)",
        "*Figure 1.2.* Bars of $p_1$, worth 1.0.",
        "End (1.4).",
    ]
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, 2, None, None]
    assert notebook.cells[1].outputs[0].execution_count == 1
    assert notebook.cells[2].metadata == {"jupyter": {"source_hidden": True}}
    assert [dict(output.data) for output in notebook.cells[2].outputs] == [
        {"text/html": "<p>w</p>", "image/png": "AAAA"}
    ]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"


def test_the_same_chapter_gives_the_same_notebook_with_distinct_ids(tmp_path):
    body = BODY + "\n```{code-cell} ipython3\nx\n```\n\n```{code-cell} ipython3\nx\n```\n"
    first, second = (
        with_first_cell(convert(chapter(tmp_path, body, OUTPUTS), Book()), "kltools-1-py3-none-any.whl") for _ in "ab"
    )
    assert nbformat.writes(first) == nbformat.writes(second)
    ids = [cell.id for cell in first.cells]
    assert len(set(ids)) == len(ids)
    assert first.cells[1].source == first_cell("kltools-1-py3-none-any.whl")
    assert [cell.execution_count for cell in first.cells if cell.cell_type == "code"] == [1, 2, 3, 4, 5]
    nbformat.validate(first)


def test_entries_of_the_index_begin_and_end_no_cell(tmp_path):
    index = "```{index}\n! Kelly criterion\n```\n\n"
    code = "```{code-cell} ipython3\n1\n```\n\n"
    with_index = convert(chapter(tmp_path, f"# A\n\n{index}B\n\n{index}{code}{index}{code}{index}C\n"), Book())
    without = convert(chapter(tmp_path, f"# A\n\nB\n\n{code}{code}C\n"), Book())
    assert [cell.source for cell in without.cells] == ["# A\n\nB", "1", "1", "C"]
    assert with_index == without


def test_cells_that_raise_on_purpose_say_so_to_jupyter(tmp_path):
    body = "```{code-cell} ipython3\n:tags: [raises-exception, remove-output]\n1 / 0\n```\n"
    notebook = convert(chapter(tmp_path, body), Book())
    assert notebook.cells[0].metadata == {"tags": ["raises-exception"]}


def test_a_flaw_of_a_removed_cell_stops_the_conversion(tmp_path):
    removed = "```{code-cell} ipython3\n:tags: [remove-cell]\ny = 1\n```\n"
    body = f"{removed}\n```{{code-cell}} ipython3\nprint(y)\n```\n"
    line = (HEADER + body).splitlines().index("print(y)") + 1
    with pytest.raises(ConversionError, match=rf"^book/coding\.md:{line}: 'y' is last bound"):
        convert(chapter(tmp_path, body), Book())


@pytest.mark.parametrize("figure", ["{caption: A}", "{name: fig-a}"])
def test_figures_need_caption_and_name(tmp_path, figure):
    body = f"```{{code-cell}} ipython3\n---\nmystnb: {{figure: {figure}}}\n---\n1\n```\n"
    with pytest.raises(ConversionError, match="caption and a name"):
        convert(chapter(tmp_path, body), Book())


def test_raw_cells_are_refused(tmp_path):
    with pytest.raises(ConversionError, match="raw cell"):
        convert(chapter(tmp_path, "```{raw-cell}\nx\n```\n"), Book())


def test_errors_name_the_line_of_the_file(tmp_path):
    body = "Fine  \n\n```{code-cell} ipython3\n1\n```\n\n\nText\nand {cite}`x`\n"
    with pytest.raises(ConversionError) as caught:
        convert(chapter(tmp_path, body), Book())
    line = (HEADER + body).splitlines().index("and {cite}`x`") + 1
    assert str(caught.value) == f"book/coding.md:{line}: unknown role 'cite'"


# The book itself

# IPython is the kernel that runs the notebook.
ALLOWED_IMPORTS = {"kltools", "numpy", "scipy", "matplotlib", "ipywidgets", "anywidget", "IPython"}
RUNNING = [page for page in sorted(BOOK.rglob("*.md")) if "{code-cell}" in page.read_text("utf8")]
DIALECT = re.compile(
    r"\{[\w:-]+\}`|^\s*:::|^\s*`{3,}\{|^\([\w-]+\)=|\{\{\s*\w+\s*\}\}|\$\$ *\([\w-]+\)|\[\[\w+", re.MULTILINE
)


@pytest.fixture(scope="module")
def notebooks(site):
    """The take-away notebooks of the book, by name."""
    folder = site / "notebooks"
    assert (folder / wheel_name()).exists()
    found = {path.stem: nbformat.read(path, 4) for path in sorted(folder.glob("*.ipynb"))}
    assert set(found) == {page.stem for page in RUNNING}
    return found


def test_nothing_of_the_dialect_is_left_in_the_book(notebooks):
    for name, notebook in notebooks.items():
        nbformat.validate(notebook)
        for cell in notebook.cells:
            where = f"{name}: {cell.source[:200]}"
            if cell.cell_type == "markdown":
                prose = re.sub(r"```.*?```|`[^`\n]*`", "", cell.source, flags=re.DOTALL)
                assert not DIALECT.search(prose), where
                for link in re.findall(r"\]\(([\w-]+)\.ipynb\)", cell.source):
                    assert link in notebooks, where
                text = re.sub(r"\]\([\w-]+\.ipynb\)", "](https://a.example)", cell.source)
                assert PlainMarkdown(Book(), {}).convert(text, 1) == text, where
                continue
            assert set(cell.metadata) <= {"jupyter", "tags"}, where
            assert "glue" not in cell.source, where
            for output in cell.outputs:
                assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {}), where
                assert "scrapbook" not in output.get("metadata", {}), where


def test_the_notebooks_of_the_book_need_kltools_and_its_dependencies_only(notebooks):
    for name, notebook in notebooks.items():
        for cell in notebook.cells:
            if cell.cell_type != "code":
                continue
            for node in ast.walk(ast.parse(cell.source)):
                modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                modules += [node.module] if isinstance(node, ast.ImportFrom) else []
                packages = {module.partition(".")[0] for module in modules}
                assert packages <= ALLOWED_IMPORTS | sys.stdlib_module_names, name


def text_outputs(cell):
    """Return what a cell printed, as one string, and the plain text of what it displayed."""
    printed = "".join(output.text for output in cell.outputs if output.output_type == "stream")
    shown = [output.data.get("text/plain") for output in cell.outputs if "data" in output]
    return printed, shown


@pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.stem)
def test_the_notebook_runs_again_with_the_same_results_and_warnings_as_errors(notebooks, page, tmp_path):
    notebook = notebooks[page.stem]
    again = copy.deepcopy(notebook)
    again.cells.insert(0, new_code_cell("import warnings; warnings.simplefilter('error')"))
    NotebookClient(again, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for told, found in zip(notebook.cells, again.cells[1:], strict=True):
        if told.cell_type == "code":
            assert text_outputs(found) == text_outputs(told), told.source
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    tables = {path for path, _ in tables_named(code)}
    assert {file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*") if file.is_file()} == tables
