"""The book's Markdown turned into plain Markdown that JupyterLab, VS Code and Colab all render.

The text is read with the book's own parser, so that code, nested fences and formulas are what the page takes
them for. The list of roles and directives is closed: what is not on it is an error that names file and line,
and the result is parsed once more, so that nothing of the book's dialect can be left over.
"""

import re
from dataclasses import dataclass
from typing import Any, Protocol

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_nb.core.variables import format_plain_text
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.directives import DirectiveParsingResult, MarkupError, parse_directive_text
from myst_parser.parsers.mdit import create_md_parser
from tables import Table

# What _config.yml enables; the build refuses more, which this converter would not see.
EXTENSIONS = frozenset({"colon_fence", "dollarmath"})
ADMONITIONS = frozenset({"note", "tip", "warning", "important"})
REFERENCE_ROLES = frozenset({"numref", "ref", "eq", "doc", "term"})
PLAIN_SYNTAX = frozenset(
    """inline text softbreak hardbreak em strong link image code_inline html_inline
    math_inline math_block fence code_block html_block paragraph heading hr
    bullet_list ordered_list list_item blockquote table thead tbody tr th td""".split()  # noqa: SIM905
)
VERBATIM = frozenset({"fence", "code_block", "html_block", "math_block"})

MATH = r"\$(?:\\.|[^$\\])+\$"
INLINE = re.compile(
    rf"""\\.
    | \{{(?P<role>[\w:+.-]+)\}}(?P<fence>`+)(?P<content>.+?)(?<!`)(?P=fence)(?!`)
    | (?P<ticks>`+).+?(?<!`)(?P=ticks)(?!`)
    | `+
    | (?P<math>{MATH})
    | (?P<open>!?\[)
    | (?P<link>\]\(\s*(?P<target><[^<>]*>|[^()\s]*)(?:\s+"[^"]*")?\s*\))
    | (?P<close>\])
    | <[A-Za-z/!][^<>]*>""",
    re.VERBOSE | re.DOTALL,
)
EXPLICIT_TEXT = re.compile(r"(?P<text>.+?)\s*<(?P<target>[^<>]*)>", re.DOTALL)
BROKEN_FENCE = re.compile(r"(?:`{3}|~{3}|:{3})[`~:]*\{")
EXTERNAL = re.compile(r"(?:https?|mailto):", re.IGNORECASE)


class ConversionError(Exception):
    """A chapter holds something that plain Markdown cannot say; the message starts with file and line."""


@dataclass(frozen=True)
class Reference:
    """What a reference shows, and the file name of the other notebook that it leads to, if any."""

    text: str
    notebook: str | None = None


class Resolver(Protocol):
    """What a converter must know of the book. Each method raises LookupError for what does not exist."""

    source: str  # the chapter's file, as errors name it

    def reference(self, role: str, target: str, text: str | None) -> Reference:
        """Resolve a role of `REFERENCE_ROLES`, or "any" for ``[](#target)``; `text` is the author's own."""

    def equation(self, label: str) -> str:
        """Return the number that the page shows beside the equation, without parentheses."""

    def exercise(self, name: str) -> Any:
        """Return the exercise, with number, title, level, minutes, question, hint and solution."""

    def minutes(self, kind: str) -> int:
        """Return the minutes that the chapter takes, "reading" or "exercises"."""

    def table(self, path: str) -> Table:
        """Return the table at ``data/NAME.csv``, with its text and its origin."""


class _Directive:
    """The shape of a directive for MyST's reader of options: everything allowed, nothing evaluated."""

    option_spec = {"any": str}  # noqa: RUF012  (docutils reads a class attribute)
    required_arguments = 0
    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True


class _DirectiveWithoutArgument(_Directive):
    optional_arguments = 0  # text beside the name belongs to the body


def book_parser() -> MarkdownIt:
    """Return the parser of the book's Markdown."""
    return create_md_parser(MdParserConfig(enable_extensions=set(EXTENSIONS)), RendererHTML)


def read_directive(name: str, argument: str, content: str) -> DirectiveParsingResult:
    """Return arguments, options, body and warnings of a directive; MarkupError if it cannot be read."""
    shape = _DirectiveWithoutArgument if name in ADMONITIONS else _Directive
    return parse_directive_text(shape, argument, content, validate_options=False)


class PlainMarkdown:
    """Converter of one chapter's Markdown.

    Parameters
    ----------
    resolve : Resolver
        Answers for labels, equations, titles and exercises.
    glued : dict of str to str
        The ``text/plain`` of each glued value.
    solutions : bool
        Whether exercises come with their solutions, folded.
    """

    def __init__(self, resolve: Resolver, glued: dict[str, str], *, solutions: bool = False):
        self.resolve = resolve
        self.glued = glued
        self.solutions = solutions
        self.parser = book_parser()

    def error(self, line: int, message: str) -> ConversionError:
        return ConversionError(f"{self.resolve.source}:{line}: {message}")

    def convert(self, text: str, line: int) -> str:
        """Return `text`, which begins at `line` of the source (from 1), as plain Markdown.

        Raises
        ------
        ConversionError
            For an unknown role, directive, syntax or target, with file and line.
        """
        result = self._blocks(text, line).strip("\n")
        self._check_plain(result, line)
        return result

    def _blocks(self, text: str, line: int, *, quoted: bool = False) -> str:
        """Replace whole blocks by the parser's line ranges; what lies between them is inline text."""
        lines = text.split("\n")
        starts: set[int] = set()
        blocks: dict[int, tuple[int, list[str], bool]] = {}  # first row: (row after, new rows, apart)
        for token in self.parser.parse(text):
            if token.map is None:
                continue
            start, end = token.map
            starts.add(start)
            new = self._block(token, line + start, quoted=quoted)
            if new is not None:
                body = lines[start].lstrip()
                if not body.startswith((token.markup or "$$", "(", "%")):
                    raise self.error(line + start, "begin this block on a line of its own, not beside a marker")
                indent = lines[start][: len(lines[start]) - len(body)]
                rows = [(indent + row).rstrip() for row in new.split("\n")] if new else []
                blocks[start] = (end, rows, bool(rows))
            elif token.type in VERBATIM:
                blocks[start] = (end, lines[start:end], False)

        result: list[str] = []
        run: list[str] = []

        def flush(stop: int) -> None:
            if run:
                result.extend(self._inline("\n".join(run), line + stop - len(run), quoted=quoted).split("\n"))
                run.clear()

        row = 0
        while row < len(lines):
            if row in starts or not lines[row].strip():
                flush(row)  # a stray backtick or dollar never reaches into the next block
            if row not in blocks:
                run.append(lines[row])
                row += 1
                continue
            row, new_rows, apart = blocks[row]
            if apart and result and result[-1].strip():
                result.append("")
            result += new_rows
            while not new_rows and row < len(lines) and not lines[row].strip() and not "".join(result[-1:]):
                row += 1  # a dropped line takes one of the empty lines around it along
            if (apart or (not new_rows and "".join(result[-1:]))) and row < len(lines) and lines[row].strip():
                # else the next line would continue a quotation, or the paragraph before a dropped one
                result.append("")
        flush(row)
        return "\n".join(result)

    def _block(self, token: Token, line: int, *, quoted: bool) -> str | None:
        """Return the new text of a block; None for one that stays as it is."""
        info = token.info.strip()
        if token.type in {"myst_target", "myst_line_comment"}:
            return ""
        if token.type in {"fence", "colon_fence"} and info.startswith("{"):
            name, _, argument = info[1:].partition("}")
            return self._directive(name, argument.strip(), token.content, line, quoted=quoted)
        if token.type == "math_block_label" or (token.type == "math_block" and quoted):
            return self._equation(token.content, info, line, quoted=quoted)
        return None

    def _directive(self, name: str, argument: str, content: str, line: int, *, quoted: bool) -> str:
        try:
            parsed = read_directive(name, argument, content)
        except MarkupError as error:
            raise self.error(line, f"directive {name!r}: {error}") from error
        if parsed.warnings:
            raise self.error(line, f"directive {name!r}: {parsed.warnings[0]}")
        argument = " ".join(parsed.arguments)
        body = "\n".join(parsed.body)
        body_line = line + 1 + parsed.body_offset
        if name == "index":  # a notebook has no index
            return ""
        if name == "dropdown":
            title = self._inline(argument or name.capitalize(), line, quoted=quoted)
            return _details(title, self._blocks(body, body_line, quoted=quoted))
        if name in ADMONITIONS or name == "admonition":
            title = self._inline(argument or name.capitalize(), line, quoted=True)
            rows = f"**{title}**\n\n{self._blocks(body, body_line, quoted=True)}".strip().split("\n")
            return "\n".join(f"> {row}".rstrip() for row in rows)
        if name == "math":
            return self._equation(f"{argument}\n{body}", parsed.options.get("label", ""), line, quoted=quoted)
        if name == "exercise":
            if body.strip():
                raise self.error(line, "an exercise has no body: its text comes from the bank")
            return self._exercise(argument, line)
        raise self.error(line, f"unknown directive {name!r}")

    def _equation(self, tex: str, label: str, line: int, *, quoted: bool) -> str:
        tex = tex.strip()
        if "\n\n" in tex:
            raise self.error(line, "a formula has no empty line")
        if label:
            try:
                tex += rf" \tag{{{self.resolve.equation(label)}}}"
            except LookupError as error:
                raise self.error(line, f"unknown equation {label!r}") from error
        # JupyterLab takes formulas out before it reads Markdown: a quotation's ">" would become part of them.
        return f"$$ {' '.join(tex.split())} $$" if quoted else f"$$\n{tex}\n$$"

    def _exercise(self, name: str, line: int) -> str:
        try:
            exercise = self.resolve.exercise(name)
        except LookupError as error:
            raise self.error(line, f"unknown exercise {name!r}") from error
        unit = "minute" if exercise.minutes == 1 else "minutes"
        parts = [
            f"### Exercise {exercise.number}: {exercise.title}",
            f"*{exercise.level}, about {exercise.minutes} {unit}*",
            exercise.question.strip(),
            _details("Hint", exercise.hint),
        ]
        if self.solutions:
            parts.append(_details("Solution", exercise.solution))
        return "\n\n".join(parts)

    def _inline(self, text: str, line: int, *, quoted: bool = False) -> str:
        result: list[str] = []
        opened: list[int] = []  # where in `result` the link texts begin
        end = 0
        for match in INLINE.finditer(text):
            result.append(text[end : match.start()])
            end = match.end()
            here = line + text.count("\n", 0, match.start())
            piece = match[0]
            if match["role"]:
                piece = self._role(match["role"], match["content"].strip(), here)
            elif match["math"] and quoted:
                piece = " ".join(piece.split())
            elif match["open"]:
                opened.append(len(result))
            elif match["close"] and opened:
                opened.pop()
            elif match["link"] and opened:
                start = opened.pop()
                target = match["target"].strip("<>")
                if result[start] == "[" and not EXTERNAL.match(target):
                    piece = self._link("".join(result[start + 1 :]), target, here)
                    del result[start:]
            result.append(piece)
        return "".join(result) + text[end:]

    def _role(self, role: str, content: str, line: int) -> str:
        if role == "math":
            return f"${content}$"
        if role == "glue:text":
            name, _, form = content.rpartition(":") if ":" in content else (content, "", "s")
            if name not in self.glued:
                raise self.error(line, f"nothing is glued under {name!r} in this chapter")
            try:
                return escape(format_plain_text(self.glued[name], form))
            except (ValueError, TypeError) as error:
                raise self.error(line, f"glued value {name!r} with format {form!r}: {error}") from error
        if role == "minutes":
            try:
                return str(self.resolve.minutes(content))
            except LookupError as error:
                raise self.error(line, error.args[0]) from error
        if role not in REFERENCE_ROLES:
            raise self.error(line, f"unknown role {role!r}")
        explicit = EXPLICIT_TEXT.fullmatch(content)
        text, target = (explicit["text"], explicit["target"]) if explicit else (None, content)
        return self._reference(role, target, text, line)

    def _link(self, text: str, target: str, line: int) -> str:
        """Resolve ``[text](target)``, where `text` is already plain Markdown."""
        document, hash_sign, label = target.partition("#")
        if document.endswith(".md") and (text or not label):
            return self._reference("doc", document.removesuffix(".md"), None, line, markdown=text)
        if hash_sign and not document:
            return self._reference("any", label, text or None, line, markdown=text)
        raise self.error(line, f"link target {target!r} means nothing in a notebook")

    def _reference(self, role: str, target: str, text: str | None, line: int, markdown: str = "") -> str:
        try:
            reference = self.resolve.reference(role, target, text)
        except LookupError as error:
            raise self.error(line, f"unknown target {target!r} of {role!r}") from error
        shown = markdown or escape(reference.text)
        return f"[{shown}]({reference.notebook})" if reference.notebook else shown

    def _check_plain(self, text: str, line: int) -> None:
        """Parse the result once more with the book's parser: none of its dialect may be left."""
        for block in self.parser.parse(text):
            for token in [block, *(block.children or [])]:
                if token.type == "text" and BROKEN_FENCE.match(token.content):
                    raise self.error(line, f"this fence does not parse: {token.content.strip()!r}")
                target = str(token.attrs.get("href") or token.attrs.get("src") or "")
                syntax = token.type.removesuffix("_open").removesuffix("_close")
                if syntax not in PLAIN_SYNTAX or (token.type == "fence" and token.info.startswith("{")):
                    raise self.error(line, f"syntax {syntax!r} has no plain Markdown: {token.content!r}")
                if target and not EXTERNAL.match(target) and not target.endswith(".ipynb"):
                    raise self.error(line, f"target {target!r} of {token.tag!r} means nothing in a notebook")


def escape(text: str) -> str:
    r"""Return `text` so that Markdown shows it as it is.

    Examples
    --------
    >>> escape("a_b * $2")
    'a\\_b \\* \\$2'
    """
    return re.sub(r"([\\`*_$<\[\]|])", r"\\\1", text)


def _details(title: str, body: str) -> str:
    # Empty lines let the Markdown inside be rendered; a summary is HTML, so its own is rendered here.
    pieces = re.split(f"({MATH})", title)
    pieces[::2] = [MarkdownIt().renderInline(piece) for piece in pieces[::2]]
    return f"<details>\n<summary>{''.join(pieces)}</summary>\n\n{body.strip()}\n\n</details>"
