"""The tables of `book/data` that a chapter reads, carried along in its take-away notebook.

A code cell names a table by the literal ``"data/NAME.csv"``, relative to the chapter's folder. In the notebook a cell
before the first one that does so writes the table, after what `data/README.md` says of it.
"""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

NAME = re.compile(r"data/[\w-]+\.csv", re.ASCII)
LARGEST = 20_000  # bytes: a reader scrolls past it, and a notebook stays a text
CELL = '''\
from pathlib import Path

if not Path("{path}").exists():      # a table that you changed stays as it is
    Path("data").mkdir(exist_ok=True)
    Path("{path}").write_text("""\\
{text}""", encoding="utf8")'''


@dataclass(frozen=True)
class Table:
    """A table of the book: its path, its text, and what it is and where it comes from, in plain Markdown."""

    path: str
    text: str
    origin: str

    @property
    def sentence(self) -> str:
        """What stands before the cell."""
        return f"Below, this notebook writes the table `{self.path}`, unless that file is there. {self.origin}"

    @property
    def code(self) -> str:
        """The cell that writes the table; it never replaces one."""
        text = self.text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        return CELL.format(path=self.path, text=text)


def tables_named(source: str) -> list[tuple[str, int]]:
    """Return the literals below ``data/`` in a cell of plain Python, in order, each with its row, from 1.

    Examples
    --------
    >>> tables_named('rows = np.genfromtxt("data/horse_kicks.csv")')
    [('data/horse_kicks.csv', 1)]
    """
    literals = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    named = [node for node in literals if isinstance(node.value, str) and node.value.startswith("data/")]
    return [(node.value, node.lineno) for node in sorted(named, key=lambda node: (node.lineno, node.col_offset))]


def read_table(root: Path, path: str) -> Table:
    """Return the table at ``data/NAME.csv`` of that folder.

    Raises
    ------
    LookupError
        If the path names no table, if there is none, if it is too large for a notebook, or if the README says
        nothing of it.
    """
    if not NAME.fullmatch(path):
        raise LookupError(f"{path!r} is no table: write 'data/NAME.csv', in one piece")
    file = root / path
    if not file.is_file():
        raise LookupError(f"there is no table {path!r}")
    if (size := file.stat().st_size) > LARGEST:
        raise LookupError(f"the table {path!r} has {size:,} bytes; a notebook carries {LARGEST:,} at most")
    readme = file.with_name("README.md")
    said = readme.read_text("utf8") if readme.is_file() else ""
    section = re.search(rf"^## {re.escape(file.name)}\n+(?![#|])((?:.+\n)+)", said, re.MULTILINE)
    if not section:
        raise LookupError(f"data/README.md has no section {file.name!r} that begins with what the table is")
    return Table(path, file.read_text("utf8"), " ".join(section[1].split()))
