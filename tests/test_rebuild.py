"""The rules by which the book is built again: nothing stale, nothing executed for nothing, no failure forgotten."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[1]
SMALL = {
    "_toc.yml": "format: jb-book\nroot: book/index\nchapters:\n  - file: book/small\n",
    "kltools/probe.py": "def answer():\n    return 41\n",
    "book/index.md": "# A book\n\nOne page.\n",
    "book/small.md": """\
---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3}
---

# A chapter

Old prose.

```{code-cell} ipython3
import time
from kltools import probe
print("the answer is", probe.answer(), "at", time.time_ns(), flush=True)
print("and no other")
```
""",
}


@dataclass
class SmallBook:
    """A book of one chapter with the extension, the settings and the package of the real one."""

    root: Path
    build_book: Callable[..., subprocess.CompletedProcess]

    def build(self) -> subprocess.CompletedProcess:
        """Build it; its own copy of kltools comes first."""
        return self.build_book(self.root, PYTHONPATH=str(self.root))

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a part of a source."""
        path = self.root / name
        text = path.read_text("utf8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf8")

    def built(self) -> tuple[str, str, str]:
        """Return the chapter's text, the answer and the time of its execution."""
        page = (self.root / "_build/html/book/small.html").read_text("utf8")
        text = BeautifulSoup(page, "html.parser").find("article").get_text()
        return (text, *re.search(r"the answer is (\d+) at (\d+)", text).groups())


@pytest.fixture(scope="module")
def warm_book(site, build_book, tmp_path_factory) -> SmallBook:
    """The small book, built once."""
    root = tmp_path_factory.mktemp("small")
    for name in ("_config.yml", "requirements.txt", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, root / name)
    for name in ("kltools", "book/_ext", "book/_static", "book/_templates", "_build/assets"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    book = SmallBook(root, build_book)
    restore(book)
    assert book.build().returncode == 0
    return book


def restore(book: SmallBook) -> None:
    """Give the small book its own sources."""
    for name, text in SMALL.items():
        (book.root / name).write_text(text, encoding="utf8")


@pytest.fixture
def small_book(warm_book) -> SmallBook:
    """The small book as it was, with a warm cache."""
    restore(warm_book)
    return warm_book


def test_what_a_cell_prints_in_pieces_is_one_output(small_book):
    article = BeautifulSoup((small_book.root / "_build/html/book/small.html").read_text("utf8"), "html.parser").article
    assert len(article.select("div.cell_output > .stream")) == 1
    notebook = nbformat.read(small_book.root / "_build/html/notebooks/small.ipynb", 4)
    (printed,) = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert printed.text.endswith("\nand no other\n")


def test_prose_alone_does_not_execute(small_book):
    assert small_book.build().returncode == 0
    _, _, before = small_book.built()
    small_book.edit("book/small.md", "Old prose.", "New prose.")
    assert small_book.build().returncode == 0
    text, _, after = small_book.built()
    assert "New prose." in text
    assert after == before


def test_change_of_kltools_reaches_the_page(small_book):
    small_book.edit("kltools/probe.py", "41", "42")
    assert small_book.build().returncode == 0
    assert small_book.built()[1] == "42"
    assert len(list((small_book.root / "_build" / ".jupyter_cache").iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("book/small.md", "import time", "import time; 1 / 0", "ZeroDivisionError"),
        ("kltools/probe.py", "return 41", "raise RuntimeError('no answer')", "RuntimeError: no answer"),
        ("book/small.md", "import time", "import time, warnings; warnings.warn('old')", "UserWarning: old"),
        ("book/small.md", "import time", "import sys, time; print(1, file=sys.stderr)", "small.md:12: ERROR: stderr"),
        ("book/small.md", "Old prose.", r"Old $\frac{1}$ prose.", "small.md:8: WARNING: formula"),
    ],
    ids=["cell raises", "kltools raises", "warning in a cell", "cell writes to stderr", "bad formula"],
)
def test_failure_is_not_forgotten(small_book, name, old, new, message):
    small_book.edit(name, old, new)
    for _ in range(2):
        result = small_book.build()
        assert result.returncode != 0
        assert message in result.stderr


def test_mended_book_builds(small_book):
    small_book.edit("book/small.md", "import time", "1 / 0")
    assert small_book.build().returncode != 0
    restore(small_book)
    assert small_book.build().returncode == 0
    assert small_book.built()[1] == "41"
