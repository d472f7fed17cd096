"""The page of the package: every public name, what it returns, the chapter that explains it, and the index."""

import functools
import importlib
import inspect
import re
from pathlib import Path

import pytest
from api_reference import chapter, keep_bars, link_chapters
from bs4 import BeautifulSoup

import kltools

ROOT = Path(__file__).parents[1]
PAGE = "book/reference/api"
SOURCE = (ROOT / f"{PAGE}.md").read_text("utf8")
# From the ground floor up.
MODULES = ["divergence", "distributions", "estimation", "coding", "surprise", "likelihood", "hypothesis_testing"]
MODULES += ["geometry", "optimization", "elbo", "one_number", "explore", "exercises"]
NAMES = [(module, name) for module in MODULES for name in importlib.import_module(f"kltools.{module}").__all__]


@pytest.fixture(scope="module")
def page(site):
    """The page as it was built."""
    return BeautifulSoup((site / f"{PAGE}.html").read_text("utf8"), "html.parser")


def entry(page, name):
    """Return the part of the page that describes a name."""
    signature = page.find("dt", id=name)
    assert signature, name
    return signature.parent


def members(public):
    """Return the methods and properties that a class of kltools defines itself, by name."""
    kinds = (property, staticmethod, classmethod, functools.cached_property)
    return [
        name
        for name, member in vars(public).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, kinds))
    ]


def test_every_module_with_public_names_has_its_section_in_order():
    found = {path.stem for path in Path(kltools.__file__).parent.glob("*.py") if not path.stem.startswith("_")}
    found |= {path.parent.name for path in Path(kltools.__file__).parent.glob("*/__init__.py")} - {"figures"}
    assert set(MODULES) == found
    assert re.findall(r"^## (\w+)\n\n```\{eval-rst\}\n.. automodule:: kltools\.\1$", SOURCE, re.MULTILINE) == MODULES


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_every_public_name_has_its_docstring_on_the_page(page, module, name):
    public = getattr(importlib.import_module(f"kltools.{module}"), name)
    text = entry(page, f"kltools.{module}.{name}").get_text()
    docstring = inspect.getdoc(public)
    for heading in re.findall(r"^(\w+)\n-+$", docstring, re.MULTILINE):
        assert re.search(rf"{heading}:?\n", text), heading
    for line in re.findall(r"^>>> (.*)$", docstring, re.MULTILINE):
        assert line in text
    if inspect.isfunction(public):
        for parameter in inspect.signature(public).parameters:
            assert re.search(rf"\b{parameter}\b", text), parameter
    for member in members(public) if inspect.isclass(public) else ():
        assert entry(page, f"kltools.{module}.{name}.{member}").get_text().count("\n") > 2


def test_what_functions_return_says_what_it_holds(page):
    for name in ("low, high", "standard_error", "value"):
        assert name in {bold.get_text() for bold in entry(page, "kltools.estimation.Estimate").find_all("strong")}
    signature = entry(page, "kltools.explore.Explorer").dt.get_text()
    assert "(title, *, parameters, panels, readouts=(), sentence, differences=None)" in signature
    exponent = entry(page, "kltools.hypothesis_testing.NeymanPearsonTest.exponent").get_text()
    assert "-log(beta) / n, in nats per draw: it tends to" in " ".join(exponent.split())
    assert "Alias for field" not in page.get_text()


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_the_chapter_that_explains_is_a_link(page, module, name):
    docstring = inspect.getdoc(getattr(importlib.import_module(f"kltools.{module}"), name))
    named = re.findall(r"xplained in the chapter \*([^*]+)\*", " ".join(docstring.split()))
    links = {link.get_text(): link["href"] for link in entry(page, f"kltools.{module}.{name}").find_all("a")}
    for title in named:
        target = links[title].partition("#")[0]
        assert target == f"../{Path(chapter(title)).name}.html"
        assert (ROOT / f"{chapter(title)}.md".lstrip("/")).is_file()


def test_names_lead_to_their_entries_and_parameters_stay_code(page):
    links = entry(page, "kltools.hypothesis_testing.NeymanPearsonTest").find_all("a", string="neyman_pearson")
    assert links[0]["href"] == "#kltools.hypothesis_testing.neyman_pearson"
    links = entry(page, "kltools.estimation.kl_plugin").find_all("a", string="g_statistic")
    assert links[0]["href"] == "#kltools.likelihood.g_statistic"
    assert not entry(page, "kltools.divergence.entropy").find("a", string="axis")


def test_the_index_lists_every_name_and_is_reached(site, page):
    index = BeautifulSoup((site / "genindex.html").read_text("utf8"), "html.parser")
    targets = {link["href"] for link in index.find_all("a", href=True)}
    assert {f"{PAGE}.html#kltools.{module}.{name}" for module, name in NAMES} <= targets
    assert page.find("article").find("a", href="../../genindex.html")


def test_search_knows_the_names(site):
    index = (site / "searchindex.js").read_text("utf8")
    assert f'"{PAGE}"' in index
    for _, name in NAMES:
        assert f'"{name}"' in index, name


def test_a_page_without_code_offers_no_notebook(site, page):
    assert not (site / "notebooks" / "api.ipynb").exists()
    assert not page.select("a[href$='.ipynb']")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("of |x| and D(P||Q)", r"of \|x| and D(P||Q)"),
        ("as ``|x|`` or `|x|`", "as ``|x|`` or `|x|`"),
        (">>> abs(x)  # |x|", ">>> abs(x)  # |x|"),
        ("Then::\n\n    |x|\n\n|y| < 1", "Then::\n\n    |x|\n\n\\|y| < 1"),
    ],
)
def test_bars_stay_bars(text, kept):
    assert keep_bars(text) == kept


def test_a_chapter_named_over_two_lines_is_linked():
    assert link_chapters("Explained\nin the chapter *Hypothesis\ntesting*.") == (
        "Explained\nin the chapter :doc:`Hypothesis testing </book/hypothesis_testing>`."
    )
    assert link_chapters("the chapter *Coding*") == "the chapter *Coding*"
