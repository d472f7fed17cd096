"""Take-away notebooks: each chapter as an executed notebook of plain Markdown, beside kltools' wheel.

`convert` is pure: a chapter's notebook and what resolves its references go in, a notebook comes out. The
Sphinx hook feeds it with the chapters as the execution cache holds them and writes their notebooks into the
site, ``notebooks/<chapter>.ipynb``.
"""

import hashlib
from pathlib import Path

import nbformat
from first_cell import build_wheel, first_cell
from jupyter_cache import get_cache
from markdown_subset import EXTENSIONS, ConversionError, PlainMarkdown, Resolver
from myst_nb.core.read import read_myst_markdown_notebook
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from removed_cells import flaw
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx_references import SphinxResolver, notebook_name
from tables import tables_named

WIDGET = "application/vnd.jupyter.widget-view+json"
HIDDEN = frozenset({"hide-input", "hide-cell", "remove-input"})
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}


def read_chapter(path: str | Path) -> NotebookNode:
    """Return a MyST chapter as a notebook, by the reader of the execution cache.

    ``metadata.source_map`` holds the line of the file, from 1, at which the text or code of each cell begins.
    """
    text = Path(path).read_text("utf8")
    notebook = read_myst_markdown_notebook(text, add_source_map=True, path=path)
    lines = [line.rstrip() for line in text.splitlines()]
    for index, cell in enumerate(notebook.cells):
        # the reader counts from the line after the last cell, before options and empty lines
        start, first = notebook.metadata.source_map[index], cell.source.split("\n", 1)[0].rstrip()
        notebook.metadata.source_map[index] = lines.index(first, start) + 1 if first else start
    return notebook


def convert(notebook: NotebookNode, resolve: Resolver, *, solutions: bool = False) -> NotebookNode:
    """Return an executed chapter as a notebook that reads well without the book.

    Parameters
    ----------
    notebook : NotebookNode
        A chapter from `read_chapter`, with outputs.
    resolve : Resolver
        What the rest of the book knows: labels, numbers, titles, exercises.
    solutions : bool
        Whether exercises come with their solutions, folded.

    Raises
    ------
    ConversionError
        With file and line, for what plain Markdown cannot say and for what the notebook would miss.
    """
    lines = list(zip(notebook.cells, notebook.metadata.source_map, strict=True))
    code = [(cell.source, line, _is_removed(cell)) for cell, line in lines if cell.cell_type == "code"]
    if found := flaw(code):
        raise ConversionError(f"{resolve.source}:{found[0]}: {found[1]}")
    markdown = PlainMarkdown(resolve, _glued_values(notebook), solutions=solutions)
    cells = []
    written: set[str] = set()  # tables that the notebook has from here on
    for cell, line in lines:
        if _is_removed(cell):
            continue
        if cell.cell_type == "markdown":
            if text := markdown.convert(cell.source, line):
                cells.append(new_markdown_cell(text))
        elif cell.cell_type == "code":
            cells += _table_cells(cell.source, line, resolve, written)
            cells.append(_code_cell(cell))
            if figure := cell.metadata.get("mystnb", {}).get("figure"):
                cells.append(new_markdown_cell(_caption(figure, markdown, line)))
        else:
            raise ConversionError(f"{resolve.source}:{line}: a {cell.cell_type} cell means nothing in a notebook")
    return _numbered(new_notebook(cells=cells, metadata=METADATA))


def with_first_cell(notebook: NotebookNode, wheel: str) -> NotebookNode:
    """Return the notebook with the cell that makes kltools importable in front of its other code cells."""
    index = next((i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"), len(notebook.cells))
    cells = [*notebook.cells[:index], new_code_cell(first_cell(wheel)), *notebook.cells[index:]]
    return _numbered(new_notebook(cells=cells, metadata=notebook.metadata))


def _glued_values(notebook: NotebookNode) -> dict[str, str]:
    values = {}
    for output in (output for cell in notebook.cells for output in cell.get("outputs", [])):
        if record := output.get("metadata", {}).get("scrapbook"):
            plain = output.data.get(f"{record['mime_prefix']}text/plain", output.data.get("text/plain"))
            values[record["name"]] = plain
    return values


def _is_removed(cell: NotebookNode) -> bool:
    return "remove-cell" in cell.metadata.get("tags", [])


def _table_cells(source: str, line: int, resolve: Resolver, written: set[str]) -> list[NotebookNode]:
    """Return the cells that write the tables which a cell is the first to name."""
    cells = []
    for path, row in tables_named(source):
        if path in written:
            continue
        try:
            table = resolve.table(path)
        except LookupError as error:
            raise ConversionError(f"{resolve.source}:{line + row - 1}: {error.args[0]}") from error
        written.add(path)
        cells += [new_markdown_cell(table.sentence), new_code_cell(table.code)]
    return cells


def _code_cell(cell: NotebookNode) -> NotebookNode:
    tags = set(cell.metadata.get("tags", []))
    metadata: dict = {"jupyter": {"source_hidden": True}} if tags & HIDDEN else {}
    if "raises-exception" in tags:  # Jupyter runs on after such a cell
        metadata["tags"] = ["raises-exception"]
    outputs = []
    for output in cell.outputs:
        if "data" in output:
            data = {mime: value for mime, value in output.data.items() if mime != WIDGET}
            output = NotebookNode({**output, "data": NotebookNode(data)})
        if output.get("data", True):
            outputs.append(output)
    return new_code_cell(cell.source, metadata=metadata, outputs=outputs, execution_count=cell.execution_count)


def _caption(figure: dict, markdown: PlainMarkdown, line: int) -> str:
    if not {"caption", "name"} <= figure.keys():
        raise markdown.error(line, "a figure needs a caption and a name: the name carries the number")
    return markdown.convert(f"*{{numref}}`{figure['name']}`.* {figure['caption']}", line)


def _numbered(notebook: NotebookNode) -> NotebookNode:
    """Give each cell an id that follows from what it says, and the code cells the counts of one run."""
    seen: dict[str, int] = {}
    count = 0
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\0{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count
    return notebook


def write_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """Write the take-away notebook of every chapter, and kltools' wheel, into the built site."""
    if exception or app.builder.format != "html":
        return
    if unknown := set(app.config.myst_enable_extensions) - EXTENSIONS:
        raise ExtensionError(f"the take-away notebooks do not know the Markdown extensions {sorted(unknown)}")
    folder = Path(app.outdir, "notebooks")
    wheel = build_wheel(Path(app.outdir).parent / "wheel")
    files = {wheel.name: wheel.read_bytes()}
    for docname in sorted(app.env.found_docs):
        path = Path(app.env.doc2path(docname))
        if name := notebook_name(path):
            if name in files:
                raise ExtensionError(f"two chapters would write the notebook {name}")
            files[name] = _takeaway(app, docname, path, wheel.name).encode()
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.suffix in {".ipynb", ".whl"} and path.name not in files:
            path.unlink()  # of a chapter or a version that is no more
    for name, content in files.items():
        folder.joinpath(name).write_bytes(content)


def _takeaway(app: Sphinx, docname: str, path: Path, wheel: str) -> str:
    chapter = read_chapter(path)
    try:
        _, executed = get_cache(app.env.mystnb_config.execution_cache_path).merge_match_into_notebook(chapter)
    except KeyError as error:
        raise ExtensionError(f"{path}: not in the execution cache (execute_notebooks: cache is needed)") from error
    for cell, source in zip(executed.cells, chapter.cells, strict=True):
        cell.metadata = source.metadata  # the cache keeps those of the day it was filled
    try:
        notebook = with_first_cell(convert(executed, SphinxResolver(app.builder, docname)), wheel)
    except ConversionError as error:
        raise ExtensionError(str(error)) from error
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the writer of the notebooks to the end of the build."""
    app.connect("build-finished", write_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
