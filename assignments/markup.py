"""Texts as HTML: the bank's Markdown with its formulas, and what students wrote, which means nothing but itself."""

import html
import re
from functools import cache, partial

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markupsafe import Markup
from mdit_py_plugins.amsmath import amsmath_block, amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.dollarmath.index import math_block_dollar

from assignments.formulas import FormulaError, mathml

LONGEST = 20_000  # characters of a text that are shown
CELLS = 5000  # of the tables in a text: short lines can make very many, and more are shown as they are written
LINES = 50  # of a formula: what opens one and closes none is not looked for any further
BEGIN = re.compile(r"\\begin\{([A-Za-z]{1,20}\*?)\}")
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
        CommonMark with tables, and with formulas between dollars or in an environment of their own.
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
    return Markup(_parser(links, strict, _has_few_cells(text)).render(text))


def not_shown(text: str) -> list[str]:
    r"""Return the formulas of a text that are shown as their source.

    Examples
    --------
    >>> not_shown(r"Is $\foo{x}$ more than $x$?")
    ['\\foo{x}']
    """
    text = short(text)
    found = []
    for token in _parser(True, False, _has_few_cells(text)).parse(text):
        for one in (token, *(token.children or ())):
            if one.tag == "math":
                try:
                    mathml(one.content.strip())
                except FormulaError:
                    found.append(one.content.strip())
    return found


def _has_few_cells(text: str) -> bool:
    lines = text.splitlines()
    return max((line.count("|") for line in lines), default=0) * len(lines) <= CELLS


def _formula(strict: bool, tex: str, options: dict) -> str:
    try:
        return mathml(tex, "block" if options["display_mode"] else "inline")
    except FormulaError:
        if strict:
            raise
        return f"<code>{html.escape(tex)}</code>"


def _block(rule, state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Apply a rule for formulas that have lines of their own, also where they end a paragraph."""
    line, number = state.line, len(state.tokens)
    found = rule(state, start, min(end, start + LINES), False)
    if found:
        token = state.tokens[-1]
        closing = token.markup or rf"\end{{{token.meta['environment']}{token.meta['numbered']}}}"
        more = closing in token.content.rstrip().removesuffix(closing)  # it took in what stands before another formula
        goes_on = state.src.count("$$", state.bMarks[line], state.bMarks[start]) % 2  # one of the paragraph does
        found = not more and not goes_on
    if silent or not found:
        state.line = line
        del state.tokens[number:]
    return found


def _environment(state: StateInline, silent: bool) -> bool:
    """Take an environment within a line for a formula, as Jupyter does."""
    begin = BEGIN.match(state.src, state.pos)
    closing = rf"\end{{{begin[1]}}}" if begin else ""
    end = state.src.find(closing, begin.end()) if begin else -1
    if end < 0:
        return False
    end += len(closing)
    if not silent:
        state.push("math_inline_double", "math", 0).content = state.src[state.pos : end]
    state.pos = end
    return True


@cache
def _parser(links: bool, strict: bool, tables: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).disable(["image", "autolink"])
    if tables:
        parser.enable("table")
    if not links:
        parser.disable(["link", "reference"])
    formula = partial(_formula, strict)

    def displayed(self, tokens, place, options, env) -> str:
        shown = formula(tokens[place].content.strip(), {"display_mode": True})
        return f'<span class="math display">{shown}</span>'  # a paragraph may hold no div

    parser.use(dollarmath_plugin, renderer=formula, allow_labels=False, double_inline=True)
    parser.use(amsmath_plugin, renderer=lambda tex: formula(tex.strip(), {"display_mode": True}))
    parser.add_render_rule("math_inline_double", displayed)
    parser.inline.ruler.before("escape", "environment", _environment)
    dollars = math_block_dollar(allow_labels=False, allow_blank_lines=True)
    for name, rule in (("math_block", dollars), ("amsmath", amsmath_block)):
        parser.block.ruler.at(name, partial(_block, rule), {"alt": ["paragraph", "reference", "blockquote", "list"]})
    return parser
