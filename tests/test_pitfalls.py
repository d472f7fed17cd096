"""The page of pitfalls: every entry has its parts, and its cell stops when the claim takes the place of the truth."""

import ast
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import jupytext
import pytest

PAGE = Path(__file__).parents[1] / "book/pitfalls.md"
TEXT = re.sub(r"^```\{index\}\n(.*\n)+?```\n\n", "", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
FENCE = r"```\{code-cell\} ipython3\n(?P<%s>.*?)^```\n"
ENTRY = re.compile(r"^\(pitfall-([\w-]+)\)=\n### [^\n]+\n\n(.*?)(?=^\(pitfall-|^## |\Z)", re.MULTILINE | re.DOTALL)
PARTS = re.compile(
    r'\*\*"(?P<claim>[^\n]+)"\*\*\n\n'
    + FENCE % "cell"
    + rf"(?:\n{FENCE % 'hidden'})?"
    + r"\n\*Truth\.\* (?P<truth>[^\n]+)\n"
    + r"\n\*How to notice\.\* (?P<notice>[^\n]+)\n*",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Entry:
    """One pitfall: its label, the text under its heading and, if that has the right parts, the visible cell."""

    label: str
    body: str

    @property
    def parts(self) -> re.Match | None:
        return PARTS.fullmatch(self.body)

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.parts["cell"])


ENTRIES = [Entry(*found) for found in ENTRY.findall(TEXT)]
SETUP = next(cell.source for cell in jupytext.read(PAGE).cells if cell.cell_type == "code")

each_entry = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.label)


class ClaimForTruth(ast.NodeTransformer):
    """Put `claim` in the place of `truth`, inside assertions only."""

    def visit_Assert(self, node):
        for name in ast.walk(node):
            if isinstance(name, ast.Name) and name.id == "truth":
                name.id = "claim"
        return node


def run(tree: ast.Module) -> dict:
    """Run a cell after the page's first cell and no other, with warnings as errors; return what it defined."""
    names = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(SETUP, names)
        exec(compile(tree, str(PAGE), "exec"), names)
    return names


def names_in_assertions(tree: ast.Module) -> set[str]:
    assertions = [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    return {name.id for node in assertions for name in ast.walk(node) if isinstance(name, ast.Name)}


def test_there_are_enough_entries_and_no_heading_is_missed():
    assert len(ENTRIES) >= 69
    assert len(ENTRIES) == len(re.findall(r"^### ", TEXT, re.MULTILINE)) == len({entry.label for entry in ENTRIES})


@each_entry
def test_an_entry_has_exactly_its_parts(entry):
    assert entry.parts, "claim, one visible cell, perhaps one hidden cell, truth, how to notice: in this order"
    hidden = entry.parts["hidden"]
    assert ":tags:" not in entry.parts["cell"]
    assert hidden is None or hidden.startswith(":tags: [remove-cell]\n")


@each_entry
def test_an_entry_is_short(entry):
    said = " ".join(entry.parts.group("claim", "truth", "notice"))
    words = len(re.sub(r"\$[^$]+\$|\{[^}]+\}`[^`]+`|`[^`]+`", " x ", said).split())
    lines = [line for line in entry.parts["cell"].splitlines() if line.strip()]
    assert 40 <= words <= 100, words
    assert 3 <= len(lines) <= 9, len(lines)


@each_entry
def test_the_cell_ties_the_truth_to_something_else_than_the_claim(entry):
    assert "truth" in names_in_assertions(entry.tree)
    assert "claim" not in names_in_assertions(entry.tree)
    assert entry.tree.body[-1].value.func.id == "show"


@each_entry
def test_no_assertion_compares_a_yes_or_no_with_a_number(entry):
    for comparison in ast.walk(entry.tree):
        if isinstance(comparison, ast.Compare):
            sides = [ast.unparse(side) for side in (comparison.left, *comparison.comparators)]
            assert not any(re.match(r"np\.(isclose|allclose|all|any|isfinite|isinf)\(", side) for side in sides), sides


@each_entry
def test_the_cell_runs_after_the_first_cell_alone_and_stops_for_the_claim(entry, capsys):
    names = run(entry.tree)
    assert names["claim"] != names["truth"]
    shown = capsys.readouterr().out
    claim, truth = (f"{names[name]:.6g}" for name in ("claim", "truth"))
    assert f"claim {claim} " in shown
    assert f"truth {truth} " in shown
    assert claim != truth
    with pytest.raises(AssertionError):
        run(ClaimForTruth().visit(entry.tree))


def test_the_table_leads_to_every_entry_and_nowhere_else():
    table = [line for line in TEXT.splitlines() if line.startswith("|")]
    linked = set(re.findall(r"\]\(#pitfall-([\w-]+)\)", "\n".join(table)))
    assert linked == {entry.label for entry in ENTRIES}


def test_the_page_says_how_it_is_used_and_how_long_it_is_before_the_table():
    before = TEXT.split("| you see |")[0]
    assert "for looking up" in before
    assert "{minutes}`reading`" in before


@pytest.mark.parametrize(
    "symptom",
    [
        "my KL is negative",
        "my KL is NaN",
        "my KL is infinite",
        "swapping gives the same number",
        "bin width",
        "padding",
        "quantization",
        "PyTorch and SciPy disagree",
        "my JS is not SciPy's",
        "too many false alarms",
        "mode seeking or covering?",
        "perplexity improved but D is positive",
        "two implementations differ by a factor",
    ],
)
def test_a_symptom_has_a_row(symptom):
    rows = [line for line in TEXT.splitlines() if line.startswith("|")]
    assert sum(symptom in row.split("|")[1] for row in rows) == 1
