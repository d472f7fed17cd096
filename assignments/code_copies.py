"""Code reduced to what it does: two functions that differ in names, comments and layout alone become one text.

Students' code is parsed here, and never run.
"""

import ast
import copy
import re
import symtable
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence

from kltools.exercises import Exercise

SHORTEST = 100  # characters of reduced code: what is shorter, two people write alike
LONGEST = 50_000  # characters of a notebook's code that are parsed, the short cells first: more takes seconds
SETUP = "import numpy as np"  # as the notebooks begin
MAGIC = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)
FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def same_code(answer: str, exercises: Mapping[str, Exercise], cells: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return by student what the code of an answer comes to; equal texts are the same code.

    Left out is who has no code, code that is very short, and code that the book itself shows.

    Parameters
    ----------
    answer : str
        The name that the function has in the notebooks.
    exercises : mapping of str to Exercise
        By student: the code in its question and solution is everybody's.
    cells : mapping of str to sequence of str
        By student, the sources of the code cells.
    """
    shown, found = {}, {}
    for student, sources in cells.items():
        reduced = reduce_code(sources, answer)
        exercise = exercises[student]
        texts = exercise.question, exercise.hint, exercise.solution
        if texts not in shown:
            shown[texts] = set(_shown(texts))
        if len(reduced) >= SHORTEST and reduced not in shown[texts]:
            found[student] = reduced
    return found


def reduce_code(cells: Sequence[str], answer: str) -> str:
    """Return the definition of an answer and of what it uses, without names, comments and layout; or an empty text.

    Code that cannot be parsed, or not be written again, is returned as it is, with its white space squeezed.
    """
    try:
        return _Notebook(cells).definition(answer)
    except Exception:  # odd code of one student must not stop the reports of all
        return _squeezed(cell for cell in cells if answer in cell)


def _shown(texts: Sequence[str]) -> Iterator[str]:
    """Yield the reduced functions that the texts of an exercise show."""
    for code in (code for text in texts for code in FENCE.findall(text)):
        notebook = _Notebook([SETUP, code])
        yield from (notebook.definition(name) for name in notebook.bound)


def _squeezed(cells: Iterable[str]) -> str:
    return " ".join("\n".join(cells).split())


def _parse(source: str) -> list[ast.stmt] | None:
    """Return the statements of a cell, or None if it is no Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in a student's text is no matter of ours
        try:
            return _Bare().visit(ast.parse(MAGIC.sub("", source))).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


class _Notebook:
    """What the cells of a notebook define, by name."""

    def __init__(self, cells: Sequence[str]):
        room, bodies = LONGEST, [None] * len(cells)
        for place in sorted(range(len(cells)), key=lambda place: len(cells[place])):
            room -= len(cells[place])
            bodies[place] = _parse(cells[place]) if room >= 0 else None
        self.unparsed = [cell for cell, body in zip(cells, bodies, strict=True) if body is None]
        self.imports, self.bound = {}, {}  # from a name to what it stands for, and to its definitions with their places
        for place, statement in enumerate(statement for body in bodies for statement in body or ()):
            self._note(place, statement)

    def _note(self, place: int, statement: ast.stmt) -> None:
        match statement:
            case ast.Import(names=names):
                for one in names:
                    self.imports[one.asname or one.name.partition(".")[0]] = one.name
            case ast.ImportFrom(module=module, names=names):
                for one in names:
                    self.imports[one.asname or one.name] = f"{module}.{one.name}"
            case ast.Assign(value=ast.Constant(value=None)):
                pass  # the answer's cell as it was given out
            case ast.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.bound.setdefault(target.id, []).append((place, statement))
            case _ if isinstance(statement, DEFINITIONS):
                self.bound.setdefault(statement.name, []).append((place, statement))

    def _lookup(self, name: str, place: float) -> tuple[int, ast.stmt] | None:
        """Return the last definition of a name before a place, else the first one after it, or None."""
        found = self.bound.get(name, [])
        earlier = [one for one in found if one[0] < place]
        return earlier[-1] if earlier else found[0] if found else None

    def definition(self, answer: str) -> str:
        """Return what an answer comes to, or an empty text where nothing defines it."""
        name, found, seen = answer, self._lookup(answer, float("inf")), set()
        while found and name not in seen and isinstance(getattr(found[1], "value", None), ast.Name):
            seen.add(name)  # answer = f: look at f
            name = found[1].value.id
            found = self._lookup(name, found[0])
        if found is None:
            words = re.compile(rf"\b({'|'.join(map(re.escape, (answer, name)))})\b")
            return _squeezed(cell for cell in self.unparsed if words.search(cell))
        own, todo, texts = {name: "f0"}, [(name, *found)], []
        for name, place, statement in todo:  # grows while it is read
            for used in _read_names(statement):
                helper = None if used in own else self._lookup(used, place)
                if helper:
                    own[used] = f"f{len(own)}"
                    todo.append((used, *helper))
            texts.append(ast.unparse(_renamed(statement, name, {**self.imports, **own})))
        return "\n".join(texts)


def _read_names(statement: ast.stmt) -> list[str]:
    """Return the names of the notebook that a statement reads, in their order: its parameters and locals are its own.

    Raises
    ------
    SyntaxError
        If Python parses the statement and yet takes it for none, as a function with two parameters of one name.
    """
    scopes, outer = [symtable.symtable(ast.unparse(statement), "cell", "exec")], set()
    for scope in scopes:  # grows while it is read
        scopes += scope.get_children()
        outer |= {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
    read = (node for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))
    return [node.id for node in read if node.id in outer]


def _renamed(statement: ast.stmt, name: str, outer: Mapping[str, str]) -> ast.stmt:
    """Return a copy of the definition of `name` with the names of others as `outer` has them, and its own counted."""
    statement, local = copy.deepcopy(statement), {}
    for node in ast.walk(statement.value if isinstance(statement, ast.Assign) else statement):
        match node:
            case ast.arg(arg=bound) | ast.Name(id=bound, ctx=ast.Store()) | ast.ExceptHandler(name=str(bound)):
                local.setdefault(bound, f"v{len(local)}")
            case _ if isinstance(node, DEFINITIONS) and node is not statement:
                local.setdefault(node.name, f"v{len(local)}")
    names = {**outer, **local}
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=found):
                node.id = names.get(found, found)
            case ast.arg(arg=found):
                node.arg = names.get(found, found)
            case ast.ExceptHandler(name=str(found)):
                node.name = names.get(found, found)
            case _ if isinstance(node, DEFINITIONS):
                node.name = names.get(node.name, node.name)
    if isinstance(statement, ast.Assign):
        statement.targets = [ast.Name(outer[name], ast.Store())]
    else:
        statement.name = outer[name]
    return statement


class _Bare(ast.NodeTransformer):
    """Takes out annotations, and sentences that stand for themselves: docstrings among them."""

    def visit_Expr(self, node):
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_arg(self, node):
        node.annotation = None
        return node

    def visit_AnnAssign(self, node):
        if node.value is None:
            return None
        return self.generic_visit(ast.copy_location(ast.Assign([node.target], node.value), node))

    def visit_FunctionDef(self, node):
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815
