"""Texts as HTML: the bank's Markdown with its formulas, and what students wrote, which means nothing but itself."""

import html
import re
from functools import cache, partial

from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin

from assignments.formulas import FormulaError, mathml

LONGEST = 20_000  # characters of a text that are shown
CELLS = 5000  # of the tables in a text: short lines can make very many, and more are shown as they are written
NOT_SHOWN = re.compile("[\0-\b\v\f\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def clean(text: str) -> str:
    """Return a text without the characters that no page and no table may hold; each becomes a mark."""
    return NOT_SHOWN.sub("\N{REPLACEMENT CHARACTER}", text)


def short(text: str, length: int = LONGEST) -> str:
    """Return a text, cut where it is long."""
    return text if len(text) <= length else f"{text[: length - 3].rstrip()}..."


def render(text: str, *, links: bool = False, strict: bool = False) -> Markup:
    """Return Markdown as HTML; HTML and pictures in it are shown as they are written.

    Parameters
    ----------
    text : str
        CommonMark with tables and formulas between dollars.
    links : bool
        Whether links lead somewhere: only where nothing in the text is a student's.
    strict : bool
        Raise for a formula that cannot be shown, else show its source.

    Raises
    ------
    FormulaError
        If `strict` and a formula cannot be shown.
    """
    text = short(text)
    lines = text.splitlines()
    tables = max((line.count("|") for line in lines), default=0) * len(lines) <= CELLS
    return Markup(_parser(links, strict, tables).render(text))


def _formula(strict: bool, tex: str, options: dict) -> str:
    try:
        return mathml(tex, "block" if options["display_mode"] else "inline")
    except FormulaError:
        if strict:
            raise
        return f"<code>{html.escape(tex)}</code>"


@cache
def _parser(links: bool, strict: bool, tables: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).disable(["image", "autolink"])
    if tables:
        parser.enable("table")
    if not links:
        parser.disable(["link", "reference"])
    return parser.use(dollarmath_plugin, renderer=partial(_formula, strict), allow_labels=False)
