"""The index of subjects: what it lists, where each entry leads, and that the search box puts that page first."""

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, NavigableString
from small_book import EXTENSIONS, build
from subject_index import Entry, Place, letters

ROOT = Path(__file__).parents[1]
# What a reader may look up, and the page that treats it.
LEADS = {
    "A/B tests": "hypothesis_testing",
    "AIC": "likelihood",
    "arithmetic coding": "coding",
    "asymmetry": "index",
    "Bayes' rule": "hypothesis_testing",
    "beta-VAE": "elbo",
    "bits": "coding",
    "Bregman divergence": "geometry",
    "calibration": "surprise",
    "chain rule": "rules",
    "Chernoff information": "hypothesis_testing",
    "covering fits": "optimization",
    "cross-entropy": "surprise",
    "distance": "geometry",
    "distillation": "optimization",
    "data processing": "rules",
    "Donsker-Varadhan formula": "rules",
    "EM algorithm": "elbo",
    "entropy": "surprise",
    "evidence lower bound": "elbo",
    "f-divergences": "geometry",
    "Fisher information": "geometry",
    "G statistic": "likelihood",
    "GANs": "optimization",
    "gamma distribution": "reference/closed_forms",
    "Huffman codes": "coding",
    "I-projection": "geometry",
    "information gain": "surprise",
    "Jensen-Shannon divergence": "geometry",
    "k3 estimator": "optimization",
    "Kelly criterion": "optimization",
    "which function to call": "reference/cheat_sheet",
    "Kraft's inequality": "coding",
    "log loss": "surprise",
    "lottery": "optimization",
    "marginal likelihood": "elbo",
    "maximum likelihood": "likelihood",
    "mode seeking": "optimization",
    "mutual information": "surprise",
    "natural gradient": "geometry",
    "Neyman-Pearson lemma": "hypothesis_testing",
    "overfitting": "likelihood",
    "peeking": "hypothesis_testing",
    "perplexity": "surprise",
    "Pinsker's inequality": "geometry",
    "proper scoring rules": "surprise",
    "Pythagorean theorem": "geometry",
    "relative entropy": "index",
    "RLHF": "optimization",
    "Sanov's theorem": "hypothesis_testing",
    "self-information": "surprise",
    "sequential tests": "hypothesis_testing",
    "session plans": "teaching/guide",
    "smoothing": "likelihood",
    "Stein's exponent": "hypothesis_testing",
    "temperature": "optimization",
    "total variation": "geometry",
    "TRPO": "optimization",
    "universal codes": "coding",
    "units": "index",
    "VAE": "elbo",
    "weight of evidence": "hypothesis_testing",
    ".zip and .7z": "coding",
    "DPO": "practice",
    "information bottleneck": "practice",
    "PAC-Bayes bound": "practice",
    "drift": "practice",
    "estimating D from samples": "practice",
    "Jeffreys divergence": "practice",
    "NaN": "pitfalls",
    "negative estimates": "pitfalls",
    "PSI": "practice",
    "quantization": "practice",
    "translation table": "one_number",
}
SOUGHT = {  # in the search box, as a reader types it
    "mode seeking": "optimization",
    "mode-seeking": "optimization",
    "bits": "coding",
    "perplexity": "surprise",
    "Kelly": "optimization",
    "lottery": "optimization",
    "sequential test": "hypothesis_testing",
    "sprt": "hypothesis_testing",
    "Pinsker": "geometry",
    "Jensen Shannon": "geometry",
    "relative entropy": "index",
    "divergence": "index",
    "entropy": "surprise",
    ".zip": "coding",
    "marginal likelihood": "elbo",
    "weibull": "reference/closed_forms",
    "negative": "pitfalls",
    "PSI": "practice",
    "quantization": "practice",
    "drift": "practice",
    "NaN": "pitfalls",
    "histogram": "practice",
}
SAID = {  # where the text has other words for a subject
    "A/B tests": "visitors",
    "absolute continuity": "density",
    "added to Q": "epsilon",
    "additivity": "add",
    "asymmetry": "not symmetric",
    "betting": "stake",
    "data processing": "merging",
    "G statistic": "wilks",
    "histograms": "bins",
    "instead of a zero": "undefined",
    "KL penalty": "price",
    "logistic regression": "log odds",
    "mixed up": "bits",
    "nonnegativity": "never negative",
    "of P": "zero",
    "of Q": "undefined",
    "overfitting": "richest family",
    "permutation test": "swap",
    "posterior collapse": "says nothing",
    "price of a": "missing",
    "RLHF": "human feedback",
    "sample size": "parts",
    "smoothing": "pseudocount",
    "Strassen's expansion": "law for finite n",
    "unequal": "support",
    "unseen categories": "never seen",
    "variational autoencoder": "vae",
}


@pytest.fixture(scope="module")
def page(site):
    """Read a page as it was built."""
    cache = {}

    def read(name: str) -> BeautifulSoup:
        return cache.setdefault(name, BeautifulSoup((site / f"{name}.html").read_text("utf8"), "html.parser"))

    return read


@pytest.fixture(scope="module")
def lines(page):
    """The lines of the index that name a subject: its name and its links."""
    found = {}
    for item in page("genindex").select(".kl-index li"):
        if isinstance(first := item.contents[0], NavigableString) and (links := item.find_all("a", recursive=False)):
            found[first.strip(" ,\n")] = links
    return found


@pytest.mark.parametrize("term", LEADS)
def test_a_subject_leads_to_the_page_that_treats_it(lines, term):
    assert lines[term][0]["href"].startswith(f"book/{LEADS[term]}.html#index-")


def test_there_are_as_many_subjects_as_a_reader_expects(lines):
    assert len(lines) > 150
    assert {link["href"].partition(".html")[0] for links in lines.values() for link in links} == {
        f"book/{name}" for name in LEADS.values()
    }


@pytest.fixture(scope="module")
def places(page, lines):
    """Each link of the index: the name of its line, the link, and the element that it leads to."""
    found, targets = [], {}
    for name, links in lines.items():
        for link in links:
            document, _, label = link["href"].partition(".html#")
            if document not in targets:
                targets[document] = {one["id"]: one for one in page(document).select("[id^=index-]")}
            found.append((name, link, targets[document][label]))
    return found


def test_every_place_holds_words_of_its_subject(places):
    texts = {}
    for name, link, place in places:
        section = place if place.name == "section" else place.find_parent("section")
        subject = link.get_text().removeprefix("see ") if link.get_text().startswith("see ") else name
        words = [word[:5].rstrip("s") for word in re.findall(r"[^\W_]{3,}", subject.lower())]
        if id(section) not in texts:
            texts[id(section)] = section.get_text().lower()
        assert any(word in texts[id(section)] for word in (SAID.get(subject), *words) if word), (name, link["href"])


def test_entries_take_no_room_on_a_page(places):
    for _, link, place in places:
        # a paragraph, a table or a section; where that has an id of its own, an empty span inside
        assert place.name in {"p", "ul", "section", "div", "span", "table"}, link["href"]
        if place.name == "span":
            assert (place.get_text(), place.attrs) == ("", {"id": place["id"]}), link["href"]


def test_the_landing_page_leads_to_the_index(page):
    assert page("book/index").find("article").find("a", href="../genindex.html")


def test_the_index_fits_a_phone_and_uses_a_screen(site, open_page):
    for width, columns in ((390, 1), (1280, 2)):
        opened = open_page((site / "genindex.html").as_uri(), width=width)
        opened.page.wait_for_load_state("networkidle")
        root = "document.scrollingElement"
        assert opened.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0
        lefts = "(all) => new Set(all.map((one) => Math.round(one.getBoundingClientRect().left))).size"
        assert opened.page.locator(".kl-index > li").evaluate_all(lefts) == columns
        assert (opened.outside, opened.errors) == ([], [])


@pytest.mark.parametrize("words", SOUGHT)
def test_the_search_box_puts_the_right_page_among_the_first_two(site, open_page, words):
    opened = open_page(f"{(site / 'search.html').as_uri()}?q={words.replace(' ', '+')}")
    opened.page.get_by_text("Search finished").wait_for()
    first = opened.page.locator("#search-results li a").evaluate_all("(all) => all.map((one) => one.href)")[:2]
    assert any(f"/book/{SOUGHT[words]}.html" in address for address in first), first
    assert opened.errors == []


def test_an_excerpt_is_prose_and_begins_where_the_words_are(site, page, open_page, lines):
    searching = open_page((site / "search.html").as_uri()).page
    html = (site / "book/optimization.html").read_text("utf8")
    anchor = "#" + lines["lottery"][0]["href"].partition("#")[2]
    summary = "([html, stems, anchor]) => Search.makeSearchSummary(html, new Set(stems), anchor).textContent"
    excerpt = searching.evaluate(summary, [html, ["lotteri"], anchor])
    assert "gaming the lottery" in excerpt
    whole = searching.evaluate("(html) => Search.htmlToText(html, '')", html)
    for unwanted in ("Print or save as PDF", "Contents", r"\underline", r"\frac", r"\pi"):
        assert unwanted not in whole
    assert re.search(r"its optimum\sπ0\s*er/β/Z\scollapses", whole), "a formula stands there once"


# How the page of the index is made

TITLES = {"a.html": "First", "b.html": "Second", "c.html": "Third"}


def links(*addresses):
    """Return places as Sphinx gives them, main ones first: ``!`` marks one as main."""
    return [("main" if address.startswith("!") else "", address.lstrip("!")) for address in addresses]


def test_places_are_named_once_in_the_order_of_the_book_with_the_main_one_first():
    entry = ("bits", (links("!b.html#index-1", "c.html#index-0", "a.html#index-2", "b.html#index-0"), [], None))
    places = [
        Place("Second", "b.html#index-1", True),
        Place("First", "a.html#index-2"),
        Place("Third", "c.html#index-0"),
    ]
    assert letters([("B", [entry])], TITLES) == [("B", [Entry("bits", places, [])])]


def test_lines_below_and_see_and_names_of_the_package():
    code = ("code", ([], [("universal", links("!a.html#index-0")), ("wrong", links("b.html#index-3"))], None))
    synonym = ("prefix code", ([], [("see code", [])], None))
    function = ("huffman_code() (in module kltools.coding)", (links("c.html#kltools.huffman_code"), [], None))
    ((_, [first, second]), (_, [third])) = letters([("C", [code, synonym]), ("H", [function])], TITLES)
    assert [(line.name, line.places) for line in first.below] == [
        ("universal", [Place("First", "a.html#index-0", True)]),
        ("wrong", [Place("Second", "b.html#index-3")]),
    ]
    assert second == Entry("prefix code", [Place("see code", "a.html#index-0")], [])
    assert third == Entry("huffman_code() (in module kltools.coding)", [], [], "c.html#kltools.huffman_code")


def test_see_must_lead_to_an_entry():
    with pytest.raises(LookupError, match="'see nowhere'"):
        letters([("P", [("place", ([], [("see nowhere", [])], None))])], TITLES)


def small_book(folder, entries):
    """Write a book of one page with these entries before its text."""
    (folder / "small.md").write_text(f"# Small\n\n```{{index}}\n{entries}\n```\n\nText.\n", "utf8")
    extensions = f"sys.path.insert(0, {EXTENSIONS!r})\nextensions = ['myst_parser', 'subject_index']"
    (folder / "conf.py").write_text(f"import sys\n{extensions}\nroot_doc = 'small'\nexclude_patterns = ['_build']\n")


def search_entries(folder):
    """Return what the search of a built book knows of the index."""
    index = (folder / "_build/html/searchindex.js").read_text("utf8")
    return json.loads(index.removeprefix("Search.setIndex(").removesuffix(")"))["indexentries"]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ("! bits, nats\n! see: binary digits; bits", None),
        ("see: binary digits; bits", "no such entry"),
        ("see: bits", "invalid see index entry"),
        ("", "Content block expected"),
    ],
    ids=["good", "see nothing", "malformed", "empty"],
)
def test_entries_are_read_from_the_body_and_a_mistake_fails_the_build(tmp_path, entries, message):
    small_book(tmp_path, entries)
    run = build(tmp_path)
    assert (run.returncode == 0) is (message is None), run.stderr
    if message:
        assert message in run.stderr
        return
    page = BeautifulSoup((tmp_path / "_build/html/small.html").read_text("utf8"), "html.parser")
    assert page.find("p", string="Text.")["id"] == "index-0"
    assert search_entries(tmp_path) == {
        "bits": [[0, "index-0", True]],
        "nats": [[0, "index-0", False]],
        "binary digits": [[0, "index-0", True]],
    }


def test_the_search_keeps_the_entries_of_pages_that_are_not_written_again(tmp_path):
    def write(name, entry):
        text = f"---\norphan: true\n---\n\n# Page\n\n```{{index}}\n{entry}\n```\n\nText.\n"
        (tmp_path / f"{name}.md").write_text(text, "utf8")

    small_book(tmp_path, "! bits")  # the root, which is always written
    write("kept", "nats\n! see: natural units; bits")
    for entry in ("odds", "decibans"):
        write("other", entry)
        assert build(tmp_path).returncode == 0
        assert search_entries(tmp_path) == {
            "nats": [[0, "index-0", False]],
            "natural units": [[0, "index-0", True]],
            entry: [[1, "index-0", False]],
            "bits": [[0, "index-0", True], [2, "index-0", True]],
        }
    (tmp_path / "other.md").unlink()
    write("third", "units")
    assert build(tmp_path).returncode == 0
    assert set(search_entries(tmp_path)) == {"bits", "nats", "natural units", "units"}
