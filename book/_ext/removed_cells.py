"""What a remove-cell cell may do: the page does not show it and the take-away notebook does not have it.

It may glue and check, with whatever computation that needs. It may not show anything, and no other cell may read
what it binds: a runner would miss it, or silently get another value than the page.
"""

import ast
import symtable
from collections.abc import Iterator

ALLOWED = (ast.Import, ast.ImportFrom, ast.Assert, ast.Assign, ast.AugAssign, ast.For, ast.FunctionDef)


def flaw(cells: list[tuple[str, int, bool]]) -> tuple[int, str] | None:
    """Return line and message of the first flaw in a chapter's code cells, None if there is none.

    Parameters
    ----------
    cells : list of (str, int, bool)
        Each code cell in order: its source, the line at which that begins, whether the notebook drops it.

    Examples
    --------
    >>> flaw([("x = 1", 3, False), ("assert x == 1", 7, True)])
    >>> flaw([("x = 1", 3, True), ("print(x)", 7, False)])
    (7, "'x' is last bound by the remove-cell cell at line 3, which the notebook does not have")
    """
    dropped: dict[str, int] = {}  # names whose last binding the notebook does not have
    imported: set[str] = set()
    for source, line, removed in cells:
        try:
            tree = ast.parse(source)
        except SyntaxError as error:
            return line + error.lineno - 1, f"a cell is plain Python: {error.msg}"
        bound, imports, read = _names(source, tree)
        if removed:
            for statement in _statements(tree.body):
                if not isinstance(statement, ALLOWED) and not _is_glue(statement):
                    shown = ast.unparse(statement).splitlines()[0]
                    return line + statement.lineno - 1, f"a remove-cell cell may glue and check only, not {shown!r}"
            dropped |= dict.fromkeys((bound | imports) - (imports & imported), line)
            continue
        for name in sorted(read & dropped.keys() - bound - imports):
            told = f"{name!r} is last bound by the remove-cell cell at line {dropped[name]}"
            return line, f"{told}, which the notebook does not have"
        imported |= imports
        dropped = {name: where for name, where in dropped.items() if name not in bound | imports}
    return None


def _names(source: str, tree: ast.Module) -> tuple[set[str], set[str], set[str]]:
    """Return the global names that a cell binds or changes in place, those it imports, and those it reads."""
    top = symtable.symtable(source, "cell", "exec")
    bound = {name.get_name() for name in top.get_symbols() if name.is_assigned()}
    bound |= {
        node.value.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript | ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
    }
    imports = {name.get_name() for name in top.get_symbols() if name.is_imported()}
    read = {
        name.get_name()
        for table in _tables(top)
        for name in table.get_symbols()
        if name.is_referenced() and (table is top or name.is_global())
    }
    return bound - imports, imports, read


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _tables(child)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.For):
            yield from _statements(statement.body)


def _is_glue(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="glue"))):
            return True
    return False
