"""Formulas written once, in Python, and shown in TeX: what the reader sees is what is computed.

A formula is an expression of the parameters of two frozen distributions, ``p.scale`` and ``q.scale`` say. `tex`
shows it, `value` computes it, and neither can drift away from the other.
"""

import ast

import numpy as np
from scipy import special

NAMES = {
    "abs": np.abs,
    "betaln": special.betaln,
    "det": np.linalg.det,
    "digamma": special.digamma,
    "e": np.e,
    "euler": np.euler_gamma,
    "exp": np.exp,
    "gamma": special.gamma,
    "gammaln": special.gammaln,
    "inv": np.linalg.inv,
    "log": np.log,
    "pi": np.pi,
    "sqrt": np.sqrt,
    "total": np.sum,
    "trace": np.trace,
}
CONSTANTS = {"e": r"\mathrm{e}", "euler": r"\gamma", "pi": r"\pi"}
FUNCTIONS = {
    "betaln": r"\ln\mathrm{B}",
    "det": r"\det",
    "digamma": r"\psi",
    "exp": r"\exp",
    "gamma": r"\Gamma",
    "gammaln": r"\ln\Gamma",
    "log": r"\ln",
    "trace": r"\operatorname{tr}",
}
WITHOUT_PARENTHESES = frozenset({"log", "det"})  # before one symbol, and \ln before a fraction
SUM, TERM, PRODUCT, ATOM = 1, 2, 3, 4  # how tightly a formula holds together


def value(expression, **distributions):
    """Return the value of an expression at the parameters of distributions.

    Parameters
    ----------
    expression : str
        Python, with the functions and constants of `NAMES`.
    **distributions
        Objects whose attributes are the parameters, under the names that the expression gives them.

    Returns
    -------
    float

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> value("log(q.scale / p.scale)", p=SimpleNamespace(scale=1.0), q=SimpleNamespace(scale=np.e))
    1.0
    """
    return float(eval(compile(expression, "<formula>", "eval"), {"__builtins__": {}} | NAMES | distributions))


def tex(expression, symbols, *, marked=True):
    r"""Return an expression as TeX, without delimiters.

    Parameters
    ----------
    expression : str
        As for `value`.
    symbols : dict of str to str
        The symbol of each parameter. P or Q is set below it, at the place of ``%s`` if it has one.
    marked : bool
        Whether the parameters say whose they are, as a formula of a single distribution need not.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        For Python that has no form here.

    Examples
    --------
    >>> print(tex("1/2 * log(q.scale / p.scale)", {"scale": r"\sigma"}))
    \frac{1}{2}\,\ln\frac{\sigma_{Q}}{\sigma_{P}}
    >>> print(tex("(p.a - 1) * p.b**2", {"a": "a", "b": "b"}, marked=False))
    (a - 1)\,b^{2}
    """
    return _Writer(symbols, marked).write(ast.parse(expression, mode="eval").body)[0]


class _Writer:
    def __init__(self, symbols, marked):
        self.symbols, self.marked = symbols, marked

    def write(self, node):
        """Return the TeX of a node and how tightly it holds together."""
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise ValueError(f"{ast.unparse(node)!r} has no form in TeX")
        return method(node)

    def _within(self, node, tightness):
        text, own = self.write(node)
        return text if own >= tightness else _parenthesized(text)

    def _constant(self, node):
        return str(node.value), ATOM

    def _name(self, node):
        return CONSTANTS.get(node.id, node.id), ATOM

    def _attribute(self, node):
        if node.attr == "T":
            return f"{self._within(node.value, ATOM)}^\\top", ATOM
        symbol = self.symbols[node.attr]
        if not self.marked:
            return symbol.replace("%s,", "").replace("_{%s}", ""), ATOM
        mark = node.value.id.upper()
        return (symbol % mark if "%s" in symbol else f"{symbol}_{{{mark}}}"), ATOM

    def _unaryop(self, node):
        return f"-{self._within(node.operand, TERM)}", SUM

    def _binop(self, node):
        left, right = node.left, node.right
        match node.op:
            case ast.Add() | ast.Sub():
                sign = "+" if isinstance(node.op, ast.Add) else "-"
                return f"{self._within(left, SUM)} {sign} {self._within(right, TERM)}", SUM
            case ast.Mult() if isinstance(left, ast.UnaryOp):  # Python reads -a * b as (-a) * b
                return rf"-{self._within(left.operand, PRODUCT)}\,{self._within(right, PRODUCT)}", SUM
            case ast.Mult():
                return rf"{self._within(left, PRODUCT)}\,{self._within(right, PRODUCT)}", PRODUCT
            case ast.MatMult():
                return f"{self._within(left, PRODUCT)} {self._within(right, PRODUCT)}", PRODUCT
            case ast.Div():
                return rf"\frac{{{self.write(left)[0]}}}{{{self.write(right)[0]}}}", PRODUCT
            case ast.Pow():
                return f"{self._within(left, ATOM)}^{{{self.write(right)[0]}}}", PRODUCT
        raise ValueError(f"{ast.unparse(node)!r} has no form in TeX")

    def _call(self, node):
        name, arguments = node.func.id, [self.write(argument)[0] for argument in node.args]
        first = node.args[0]
        if name == "abs":
            return rf"\lvert {arguments[0]} \rvert", ATOM
        if name == "sqrt":
            return rf"\sqrt{{{arguments[0]}}}", ATOM
        if name == "inv":
            return f"{self._within(first, ATOM)}^{{-1}}", ATOM
        if name == "total":
            return rf"\sum_i {self._within(first, PRODUCT)}", TERM
        simple = isinstance(first, ast.Attribute | ast.Name)
        fraction = name == "log" and isinstance(first, ast.BinOp) and isinstance(first.op, ast.Div)
        if name in WITHOUT_PARENTHESES and (simple or fraction):
            return f"{FUNCTIONS[name]}{' ' if simple else ''}{arguments[0]}", PRODUCT
        return FUNCTIONS[name] + _parenthesized(", ".join(arguments)), PRODUCT


def _parenthesized(text):
    return rf"\left({text}\right)" if r"\frac" in text or "^" in text else f"({text})"
