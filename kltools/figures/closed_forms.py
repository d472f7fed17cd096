"""The table of closed forms: each formula beside kltools' number, and beside a second road to it.

Which families and pairs there are is asked of the registry of `kltools.distributions`; one without a formula is an
error. A formula is printed and computed from the same text.
"""

import itertools
import re
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np
from scipy import stats

from kltools.distributions import DIVERGENCES
from kltools.divergence import CLOSED_FORMS, entropy, kl_divergence
from kltools.estimation import kl_monte_carlo
from kltools.figures import _second_roads, formulas
from kltools.figures._families import FAMILIES

SEVERAL_COORDINATES = ("multivariate_normal", "dirichlet")


@dataclass(frozen=True)
class Check:
    """A number of kltools, and what the printed formula and a second road say.

    Attributes
    ----------
    verb : str
        "kl_divergence" or "entropy".
    p, q : str
        The distributions as calls of scipy.stats; q is empty for an entropy.
    value : float
        By kltools, in nats.
    formula : float
        By the printed formula, in nats.
    second : float
        By quadrature or summation, in nats.
    """

    verb: str
    p: str
    q: str
    value: float
    formula: float
    second: float

    @property
    def error(self):
        """The larger difference of the other two from `value`, relative to it."""
        return max(abs(self.formula - self.value), abs(self.second - self.value)) / abs(self.value)


class Text:
    """Markdown that a notebook shows as such."""

    def __init__(self, markdown):
        self.markdown = markdown

    def __repr__(self):
        return self.markdown

    def _repr_markdown_(self):
        return self.markdown


def families():
    """Return the families with a closed form of their divergence, in the order of the page.

    Raises
    ------
    LookupError
        If the registry has a family that has no formula, or lacks one that has.
    """
    registered = {p for verb, p, *q in CLOSED_FORMS if verb == "kl_divergence" and q == [p]}
    if registered != set(FAMILIES):
        raise LookupError(f"families with a closed form or a formula, but not both: {registered ^ set(FAMILIES)}")
    with_entropy = {p for verb, p, *_ in CLOSED_FORMS if verb == "entropy"}
    with_formula = {name for name, family in FAMILIES.items() if family.entropy}
    if with_entropy != with_formula:
        raise LookupError(f"entropies with a closed form or a formula, but not both: {with_entropy ^ with_formula}")
    return list(FAMILIES)


def mixed_pairs():
    """Return the pairs of different families in the registry, each as (p, q, the family that contains both)."""
    registered = {(p, q[0]) for verb, p, *q in CLOSED_FORMS if verb == "kl_divergence" and q != [p]}
    known = {(p, q): whole for whole, members in DIVERGENCES.items() for p, q in itertools.permutations(members, 2)}
    if registered != set(known):
        raise LookupError(f"pairs whose common family is unknown: {registered ^ set(known)}")
    return [(p, q, whole) for (p, q), whole in known.items()]


@cache
def checks(name):
    """Return the checks of a family: three of its divergence, three of its entropy if that has a closed form."""
    family, found = FAMILIES[name], []
    for p, q in family.settings:
        found.append(_check("kl_divergence", family.divergence, _parameters(name, p), _parameters(name, q), name, name))
    if family.entropy:
        found += [_check("entropy", family.entropy, _parameters(name, p), None, name, "") for p, _ in family.settings]
    return found


@cache
def mixed_checks(p_name, q_name, whole):
    """Return three checks of a pair of different families, by the formula of the family that contains both."""
    found = []
    for settings in FAMILIES[whole].settings:
        p, q = (_parameters(whole, setting) for setting in settings)
        for name, values in ((p_name, p), (q_name, q)):
            values |= DIVERGENCES[whole][name]
        if "n" in p:  # both count the same number
            p["n"] = q["n"] = 1
        found.append(_check("kl_divergence", FAMILIES[whole].divergence, p, q, p_name, q_name))
    return found


def infinite_example(name):
    """Return P and Q of a family as calls of scipy.stats, with D(P||Q) infinite; None where it never is."""
    if not FAMILIES[name].infinite:
        return None
    p, q = (_parameters(name, setting) for setting in FAMILIES[name].infinite)
    value = kl_divergence(_frozen(name, p), _frozen(name, q))
    if value != np.inf:
        raise ArithmeticError(f"{name}: {value} where the divergence should be infinite")
    return _call(name, p), _call(name, q)


def monte_carlo(name, rng, n=200_000):
    """Return for each setting of a family how many standard errors D lies from the mean of n log ratios."""
    found = []
    for p, q in FAMILIES[name].settings:
        p, q = _frozen(name, _parameters(name, p)), _frozen(name, _parameters(name, q))
        draws = p.rvs(n, random_state=rng)
        log_p, log_q = (x.logpdf(draws.T if name == "dirichlet" else draws) for x in (p, q))
        estimate = kl_monte_carlo(log_p - log_q)
        found.append((estimate.value - kl_divergence(p, q)) / estimate.standard_error)
    return found


def overview():
    """Return the table of all families: parameters, where the formula holds, the largest error of their checks."""
    rows = ["| family | in scipy.stats | entropy | largest difference |", "|---|---|---|---|"]
    for name in families():
        family, found = FAMILIES[name], checks(name)
        entropy_by = "formula" if family.entropy else "sum"
        rows.append(f"| {family.title} | {name}({', '.join(_arguments(name))}) | {entropy_by} | {_worst(found)} |")
    return Text("\n".join(rows))


def show(name):
    """Return what the page says of one family: its formulas, where they hold, and their checks."""
    family, found = FAMILIES[name], checks(name)
    symbols = ", ".join(f"`{argument}` = ${_plain(family.symbols[argument])}$" for argument in _arguments(name))
    parts = [
        f"`scipy.stats.{name}({', '.join(_arguments(name))})`, with {symbols}.",
        _display(r"D(P\|Q)", family.divergence, family.symbols, marked=True),
        f"Holds for {family.holds}." if family.holds.startswith("all") else f"Holds where {family.holds}.",
    ]
    if example := infinite_example(name):
        parts.append(f"Infinite, for example, for `{example[0]}` and `{example[1]}` as P and Q.")
    parts.append(_rows(f"| P | Q | D, nat | {_road(name)} | difference |", found, "kl_divergence"))
    if family.entropy:
        parts += [
            _display("H(P)", family.entropy, family.symbols, marked=False),
            _rows(f"| P | H, nat | {_road(name)} | difference |", found, "entropy"),
        ]
    return Text("\n\n".join(parts))


def show_mixed():
    """Return the table of the pairs of different families."""
    rows = ["| P | Q | formula of | with | largest difference |", "|---|---|---|---|---|"]
    for p, q, whole in mixed_pairs():
        found = mixed_checks(p, q, whole)
        cases = {
            f"${FAMILIES[whole].symbols[parameter]}_{{{slot}}} = {number:g}$"
            for slot, name in (("P", p), ("Q", q))
            for parameter, number in DIVERGENCES[whole][name].items()
        }
        rows.append(f"| {p} | {q} | {whole} | {', '.join(sorted(cases))} | {_worst(found)} |")
    return Text("\n".join(rows))


def _check(verb, lines, p, q, p_name, q_name):
    names = [(p_name, p)] if q is None else [(p_name, p), (q_name, q)]
    frozen = [_frozen(name, values) for name, values in names]
    spaces = {slot: _space(values) for slot, (_, values) in zip("pq", names, strict=False)}
    shared = {name: getattr(spaces["p"], name) for name in ("d", "k", "n") if hasattr(spaces["p"], name)}
    formula = sum(formulas.value(line, **spaces, **shared) for line in lines)
    value = (entropy if q is None else kl_divergence)(*frozen)
    second = (_second_roads.entropy if q is None else _second_roads.divergence)(*frozen)
    calls = [_call(name, values) for name, values in names]
    return Check(verb, calls[0], "" if q is None else calls[1], value, formula, second)


def _arguments(name):
    return [argument for argument in FAMILIES[name].symbols if argument != "whole"]


def _parameters(name, setting):
    return dict(zip(_arguments(name), setting, strict=True))


def _taken(name, values):
    """Return those of the parameters that a family takes, which may be a special case of the one they are of."""
    return [value for argument, value in values.items() if argument in _arguments(name)]


def _frozen(name, values):
    return getattr(stats, name)(*_taken(name, values))


def _call(name, values):
    return f"{name}({', '.join(map(str, _taken(name, values)))})"


def _space(values):
    space = SimpleNamespace(**{name: np.asarray(value, float) for name, value in values.items()})
    if hasattr(space, "cov"):
        space.d = len(space.mean)
    if hasattr(space, "alpha"):
        space.whole, space.k = space.alpha.sum(), len(space.alpha)
    return space


def _plain(symbol):
    return symbol.replace("%s,", "")


def _road(name):
    if name in SEVERAL_COORDINATES:
        return "by integrals"
    return "by a sum" if hasattr(getattr(stats, name), "pmf") else "by an integral"


def _display(left, lines, symbols, *, marked):
    shown = [formulas.tex(line, symbols, marked=marked) for line in lines]
    if len(shown) == 1:
        return f"$$\n{left} = {shown[0]}\n$$"
    # the left side on a line of its own: a phone has no room for more
    rows = [f"& {left}", f"& {{}}= {shown[0]}"]
    rows += [f"& {{}}{line}" if line.startswith("-") else f"& {{}}+ {line}" for line in shown[1:]]
    return "$$\n\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}\n$$"


def _rows(head, found, verb):
    rows = [head, "|" + "---|" * (head.count("|") - 1)]
    for check in found:
        if check.verb == verb:
            arguments = [call.partition("(")[2][:-1] for call in (check.p, check.q) if call]
            # a line may end between the rows of a matrix, and nowhere else
            arguments = [re.sub(r", (?!\[)", ",\N{NO-BREAK SPACE}", argument) for argument in arguments]
            cells = [*arguments, f"{check.value:.6f}", f"{check.second:.6f}", f"{check.error:.0e}"]
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _worst(found):
    return f"{max(check.error for check in found):.0e}"
