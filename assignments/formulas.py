"""Formulas of the bank as MathML, which browsers show without a script.

The converter passes on whatever a formula holds, markup among it, and a message may quote what a student wrote. So the
result is built anew from a closed list of elements, and everything in it is escaped. None of them hides what it holds.
"""

import html
import re
from functools import lru_cache
from types import MappingProxyType
from unicodedata import normalize
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import Converter
from latex2mathml.symbols_parser import convert_symbol

LONGEST = 1000  # characters of a formula
NAMESPACE = "http://www.w3.org/1998/Math/MathML"
ELEMENTS = frozenset(
    """math mrow mi mn mo mtext mspace mstyle mfrac msqrt mroot msub msup msubsup munder mover munderover
    mtable mtr mtd""".split()  # noqa: SIM905
)
ATTRIBUTES = frozenset(
    """xmlns display mathvariant stretchy fence form accent accentunder separator lspace rspace width height depth
    linethickness minsize maxsize columnalign columnspacing rowspacing displaystyle scriptlevel movablelimits
    symmetric""".split()  # noqa: SIM905
)
ONE_LETTER = re.compile(r"(\\math[a-z]+)\s+([A-Za-z])")  # \mathbb E is read as \mathbb{E} only with the braces
ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([^{}]*)\}")
ROWS = {"align": "align*", "aligned": "align*", "split": "align*", "gather": "displaylines", "gathered": "displaylines"}
SAME = """align* equation equation* array cases smallmatrix matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix""".split()  # noqa: SIM905
ENVIRONMENTS = dict.fromkeys(SAME) | ROWS | {"gather*": "displaylines"}  # no formula has a number here
UNSEEN = re.compile(r"\\label\s*\{[^{}]*\}|(?<=\\\\)\s*\[-?[\d.]+\s*[a-z]{2}\]")  # names, and spaces between rows
NOT = re.compile(r"\\not\s*(\\[A-Za-z]+|[=<>|])")  # the converter would lay the two signs over each other
STROKE = "\N{COMBINING LONG SOLIDUS OVERLAY}"
ARG_MIN = re.compile(r"\\operatorname\*?\s*(\{[^{}]*\\[^{}]*\})")  # \operatorname{arg\,min} is read with letters only
ARG = re.compile(r"\\arg(?![A-Za-z])")
BARS = ("\N{HORIZONTAL BAR}", "_")
SYMBOLS = ("\N{INFINITY}", "\N{DOWN TACK}")  # no operators: there is no space around them
TIGHT = ("/", "|", "\N{DOUBLE VERTICAL LINE}")
SIGNS = ("+", "\N{MINUS SIGN}")
CLOSING = (")", "]", "}", "|", "!")
THIN = "0.1667em"
# Control characters, those that turn the direction of what follows, and halves of a pair.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class FormulaError(ValueError):
    """A formula that cannot become MathML; the message has it."""


@lru_cache(4096)
def mathml(tex: str, display: str = "inline") -> str:
    r"""Return a formula as MathML.

    Raises
    ------
    FormulaError
        If it is too long, or has something that is not known.

    Examples
    --------
    >>> mathml("x")
    '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>x</mi></mrow></math>'
    """
    if len(tex) > LONGEST:
        raise FormulaError(f"a formula of {len(tex)} characters")
    try:
        known = tex
        for pattern, what in REWRITTEN:
            known = pattern.sub(what, known)
        converter = Converter(NAMESPACE, display)
        converter.macros = MappingProxyType({})  # a few definitions that use each other come to more than memory holds
        tree = converter.convert_to_element(known)
        elements = list(tree.iter())
        for cell in tree.iter("mtd"):
            if len(cell) and cell[0].tag == "mi" and not cell[0].text:  # stands where & was
                cell[0].tag = "mrow"
        for element in elements:
            element.text = html.unescape(element.text or "")
            _check(element, tex)
        for element in elements:
            _mend(element)
        made = tostring(tree, encoding="unicode")
        if found := CONTROLS.search(made):  # written as \unicode{xd} or &#13;, say
            raise FormulaError(f"{tex!r} makes U+{ord(found[0]):04X}")
        return made
    except FormulaError:
        raise
    except Exception as error:  # the converter raises what it likes
        raise FormulaError(f"{tex!r}: {type(error).__name__}: {error}") from None


def _environment(found: re.Match) -> str:
    """Name an environment as the converter knows it; it would take one that it does not know for nothing."""
    if found[2] not in ENVIRONMENTS:
        raise FormulaError(f"{found[0]} is not known here")
    return rf"\{found[1]}{{{ENVIRONMENTS[found[2]] or found[2]}}}"


def _negated(found: re.Match) -> str:
    """Write a relation with a stroke through it as a text, of which an operator is made later."""
    sign = convert_symbol(found[1])
    if sign is None:
        raise FormulaError(f"{found[0]} is not known here")
    return rf"\text{{{normalize('NFC', chr(int(sign, 16)) + STROKE)}}}"


# What the converter reads otherwise than TeX, in this order.
REWRITTEN = (
    (ENVIRONMENT, _environment),
    (UNSEEN, ""),
    (ONE_LETTER, r"\1{\2}"),
    (NOT, _negated),
    (ARG_MIN, r"\\mathrm\1"),
    (ARG, r"\\mathrm{arg}"),
)


def _check(element: Element, tex: str) -> None:
    if element.tag not in ELEMENTS or not element.attrib.keys() <= ATTRIBUTES:
        raise FormulaError(f"{tex!r}: <{element.tag} {' '.join(element.attrib)}> is not known here")
    if any(length.lstrip().startswith("-") for length in element.attrib.values()):
        raise FormulaError(f"{tex!r}: what goes back may lie over other text")
    empty = element.tag in ("mi", "mn", "mo") and not element.text and not element.get("fence")  # \left. is a fence
    if element.text.startswith("\\") or empty:
        raise FormulaError(f"{tex!r}: {element.text or 'an empty operator'} is not known here")


def _mend(element: Element) -> None:
    """Set one element as TeX does."""
    if element.tag == "munder" and element[1].text in BARS:  # a bar stretches only where a font for formulas is there
        element.remove(element[1])
        element.tag, element.attrib = "mrow", {"class": "underlined"}
    if element.tag == "mtext" and normalize("NFD", element.text)[1:] == STROKE:
        element.tag = "mo"
    elif element.text in SYMBOLS:
        element.tag, element.attrib = "mi", {}
    elif element.text == "~":
        element.tag, element.text = "mo", "\N{TILDE OPERATOR}"
    elif element.tag == "mo" and element.text in TIGHT:
        element.attrib |= {"lspace": "0", "rspace": "0"}
    elif element.tag in ("mrow", "mtd"):
        _space(element)
    if element.tag == "mtable":
        _align(element)


def _space(row: Element) -> None:
    """Part functions from what stands beside them, and tell the signs of numbers from those of sums."""
    children = list(row)
    for place in range(len(children) - 1, 0, -1):
        before, here = children[place - 1 : place + 1]
        closed = before.tag == "mo" and before.text in CLOSING
        apart = _leaf(here).tag in ("mo", "mspace") or (_leaf(before).tag in ("mo", "mspace") and not closed)
        if not apart and (_is_function(before) or _is_function(here)):
            row.insert(place, Element("mspace", width=THIN))  # ln 2, not ln2
        if here.text in SIGNS and before.tag == "mo" and not closed:
            here.set("form", "prefix")


def _align(table: Element) -> None:
    """Align the columns in browsers that know no columnalign; in rows of equations nothing parts the sides."""
    tight = table.get("columnspacing", "").startswith("0em")
    for row in table.iterfind("mtr"):
        for place, cell in enumerate(row):
            side = ("right", "left")[place % 2] if tight else cell.get("columnalign")
            if side in ("left", "right"):
                cell.set("columnalign", side)
                cell.set("style", f"text-align: {side}" + f"; padding-{side}: 0" * tight)


def _is_function(element: Element) -> bool:
    leaf = _leaf(element)
    return leaf.tag == "mi" and len(leaf.text) > 1 and leaf.text.isascii() and leaf.text.isalpha()


def _leaf(element: Element) -> Element:
    while len(element):
        element = element[0]
    return element
