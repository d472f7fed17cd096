"""The `minutes` role: how long a chapter takes, computed from its source and from its exercises.

``{minutes}`reading` `` counts what a reader of the page reads: words, formulas, lines of code and figures.
``{minutes}`exercises` `` adds up what the bank says of each. The page and the take-away notebook ask the same function.
"""

import math
import re
from collections import Counter
from pathlib import Path

from docutils import nodes
from markdown_subset import book_parser, read_directive
from myst_nb.core.read import read_myst_markdown_notebook
from myst_parser.parsers.directives import MarkupError
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

from kltools import exercises

# Seconds for each. Adults read general prose at some 240 words a minute; prose that defines and argues takes longer,
# hence 200. The other rates are estimates, not measurements, for a reader who follows each step without a pencil:
# a displayed formula is read term by term and once more beside its sentence; an inline one is spelled out, like ten
# words; a line of code is matched with the names above it; a figure has axes, marks and a sentence to find in it.
SECONDS = {"words": 60 / 200, "displayed formulas": 45, "inline formulas": 3, "lines of code": 5, "figures": 60}
STEP = 5  # minutes; a finer number would promise more than such rates can hold

WORD = re.compile(r"\w+(?:['’–-]\w+)*")
OFF_THE_PAGE = frozenset({"remove-cell", "notebook"})
FOLDED_CODE = frozenset({"remove-input", "hide-input", "hide-cell"})
DRAWS = re.compile(r"^figures\.", re.MULTILINE)  # chapters import what draws under this name


def minutes(kind: str, path: str | Path) -> int:
    """Return the minutes that a chapter takes, in steps of five.

    Parameters
    ----------
    kind : {"reading", "exercises"}
        Its text, formulas, cells and figures; or the exercises of the bank that belong to it.
    path : str or Path
        The chapter's MyST file.

    Raises
    ------
    LookupError
        For another kind, and for a chapter that has no exercises in the bank.
    """
    path = Path(path)
    if kind == "reading":
        return reading_minutes(path.read_text("utf8"))
    if kind == "exercises":
        return _rounded(sum(exercise.minutes for exercise in exercises.exercises(path.stem).values()))
    raise LookupError(f"minutes of {kind!r}: give 'reading' or 'exercises'")


def reading_minutes(text: str) -> int:
    """Return the minutes for reading a chapter of that MyST source, without its exercises."""
    return _rounded(sum(SECONDS[kind] * count for kind, count in contents(text).items()) / 60)


def contents(text: str) -> Counter:
    """Count what there is to read in a MyST source, under the names of `SECONDS`.

    Folded proofs and captions count; exercises, folded code and what is not on the page do not. A number or a
    reference that a role fills in is a word.
    """
    counts = Counter()
    for cell in read_myst_markdown_notebook(text).cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "markdown":
            counts += _in_markdown(cell.source)
        elif cell.cell_type == "code" and not tags & OFF_THE_PAGE:
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            counts += _in_markdown(figure.get("caption", ""))
            counts["figures"] += bool(figure or DRAWS.search(cell.source))
            counts["lines of code"] += 0 if tags & FOLDED_CODE else _lines(cell.source)
    return counts


def _in_markdown(text: str) -> Counter:
    counts = Counter()
    for block in book_parser().parse(text):
        if block.type in {"fence", "colon_fence"} and block.info.startswith("{"):
            counts += _in_directive(block.info.strip(), block.content)
        elif block.type in {"fence", "colon_fence", "code_block"}:
            counts["lines of code"] += _lines(block.content)
        elif block.type.startswith("math_block"):
            counts["displayed formulas"] += 1
        for token in block.children or []:
            if token.type == "text":
                counts["words"] += len(WORD.findall(token.content))
            elif token.type == "math_inline" or (token.type, token.meta.get("name")) == ("myst_role", "math"):
                counts["inline formulas"] += 1
            elif token.type in {"code_inline", "myst_role"}:
                counts["words"] += 1
            elif token.type == "image":
                counts["figures"] += 1
    return counts


def _in_directive(info: str, content: str) -> Counter:
    name, _, argument = info[1:].partition("}")
    if name == "math":
        return Counter({"displayed formulas": 1})
    if name in {"exercise", "index"}:  # the one has its own minutes, the other is not on the page
        return Counter()
    try:
        parsed = read_directive(name, argument.strip(), content)
    except MarkupError:  # told at its place by whoever renders it
        return Counter()
    return _in_markdown(" ".join(parsed.arguments)) + _in_markdown("\n".join(parsed.body))


def _lines(code: str) -> int:
    return sum(bool(line.strip()) for line in code.splitlines())


def _rounded(exact: float) -> int:
    return max(STEP, STEP * math.floor(exact / STEP + 0.5))


class MinutesRole(SphinxRole):
    """Write the minutes of the page that the role stands on; a change of the bank makes every page be read again."""

    def run(self):
        path = self.env.doc2path(self.env.docname)
        try:
            text = str(minutes(self.text.strip(), path))
        except LookupError as error:
            message = self.inliner.reporter.error(error.args[0], line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]
        return [nodes.Text(text)], []


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the role."""
    app.add_role("minutes", MinutesRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
