"""The house: floors that nothing climbs, files of a readable size, docstrings that hold what the contract says."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import kltools

PACKAGE = Path(kltools.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

# What each public module offers, by the design.
CONTRACT = {
    "divergence": (
        "entropy cross_entropy kl_divergence kl_from_logits js_divergence renyi_divergence jeffreys_divergence "
        "total_variation chi2_divergence squared_hellinger mutual_information perplexity"
    ),
    "coding": ("shannon_lengths kraft_sum huffman_code arithmetic_encode arithmetic_decode expected_length"),
    "estimation": "Estimate kl_monte_carlo kl_plugin kl_nearest_neighbor token_statistics",
    "surprise": "surprisal log_score information_gain running_surprise",
    "likelihood": "empirical_distribution mean_log_likelihood fit_maximum_likelihood g_statistic",
    "hypothesis_testing": "log_likelihood_ratio neyman_pearson chernoff_information sanov_exponent sprt",
    "geometry": ("bregman_divergence fisher_information i_projection m_projection geodesic natural_gradient_step"),
    "optimization": "fit_normal regularized_policy growth_rate exponentiated_gradient",
    "elbo": "elbo evidence importance_weighted_bound coordinate_ascent",
    "one_number": "seven_views",
}
NAMES = [(module, name) for module, names in CONTRACT.items() for name in names.split()]

# The floors, from the ground; a private module stands on the floor of the lowest public module that uses it.
SEVEN = {"coding", "surprise", "likelihood", "hypothesis_testing", "geometry", "optimization", "elbo"}
FLOORS = [{"divergence"}, {"distributions", "estimation"}, SEVEN, {"one_number"}, {"figures", "explore", "exercises"}]


def floor_of(name):
    return next((level for level, floor in enumerate(FLOORS) if name in floor), None)


def imports(path):
    """Return the modules of the package that a file names anywhere, by their first part below kltools."""
    inside = path.relative_to(PACKAGE.parent).with_suffix("").parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(inside[: len(inside) - node.level]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            found |= {f"{module}.{alias.name}" for alias in node.names} if module == "kltools" else {module}
    return {name.split(".")[1] for name in found if name.startswith("kltools.")}


def reached(name, seen=()):
    """Return the public modules that a module leads to, through private ones."""
    path = PACKAGE / f"{name}.py"
    if not path.exists():
        return set()
    direct = imports(path) - {name}
    private = {other for other in direct if other.startswith("_") and other not in seen}
    return (direct - private).union(*(reached(other, (*seen, *private)) for other in private)) - {name}


@pytest.mark.parametrize("name", sorted(set().union(*FLOORS[:4])))
def test_nothing_imports_upwards(name):
    above = {other for other in reached(name) if floor_of(other) is not None and floor_of(other) > floor_of(name)}
    assert not above
    if name in SEVEN:
        assert not reached(name) & SEVEN, "the seven do not lean on each other"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_file_is_too_long_to_read(path):
    assert path.read_text(encoding="utf-8").count("\n") <= 400


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_every_public_name_is_there_and_documented(module, name):
    public = getattr(importlib.import_module(f"kltools.{module}"), name)
    text = inspect.getdoc(public)
    assert text
    assert text.split("\n\n")[0].endswith("."), "a sentence says what it means"
    assert re.search(r"^Examples\n-+\n", text, re.MULTILINE)
    assert ">>>" in text
    assert re.search(r"[Ee]xplained in the chapters? \*", " ".join(text.split())), "the chapter that explains it"
    if inspect.isfunction(public):
        for heading in ("Parameters", "Returns", "Raises"):
            assert re.search(rf"^{heading}\n-+\n", text, re.MULTILINE), heading
        for parameter in inspect.signature(public).parameters:
            assert re.search(rf"\b{parameter}\b", text), parameter


def test_importing_kltools_loads_nothing_heavy():
    program = "import sys, kltools; print(*(name for name in sys.modules if name.count('.') < 2))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"scipy.stats", "scipy.optimize", "scipy.integrate", "matplotlib", "ipywidgets", "anywidget"} & set(
        loaded
    )


@pytest.mark.parametrize("module", sorted(CONTRACT))
def test_every_module_is_there_after_one_import_and_named_in_the_help(module):
    program = f"import kltools; kltools.{module}"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert f"kltools.{module}" in kltools.__doc__
