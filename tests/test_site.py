"""The pages of the built book in a real browser."""

import functools
import gzip
import html
import importlib.util
import itertools
import re
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

ROOT = Path(__file__).parents[1]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def pages_of(entry) -> Iterator[str]:
    """Yield the pages that a table of contents names."""
    if isinstance(entry, list):
        for part in entry:
            yield from pages_of(part)
    elif isinstance(entry, dict):
        yield from (entry[key] for key in ("root", "file") if key in entry)
        for key in ("parts", "chapters", "sections"):
            yield from pages_of(entry.get(key))


PAGES = list(pages_of(yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))))
every_page = pytest.mark.parametrize("name", PAGES)
every_origin = pytest.mark.parametrize("origin", ["server", "file"])


@pytest.fixture(scope="session")
def addresses(site) -> Iterator[dict[str, str]]:
    """Where the book stands, from a server and from the disk."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {"server": f"http://127.0.0.1:{server.server_port}", "file": site.as_uri()}
        server.shutdown()


class InParts(SimpleHTTPRequestHandler):
    """Send a page as a slow network does: the styles are there, and a browser paints what it has in between."""

    def copyfile(self, source, outputfile):
        if self.path.endswith(".html"):
            outputfile.write(source.read(8192))
            time.sleep(0.3)
            for _ in range(40):
                outputfile.write(source.read(3072))
                time.sleep(0.02)
        super().copyfile(source, outputfile)


@pytest.fixture(scope="session")
def slow(site) -> Iterator[str]:
    """Where the book stands behind a slow network."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(InParts, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def axe(one_at_a_time) -> str:
    """The script of the accessibility rules."""
    source = ROOT / "book" / "_ext" / "npm_packages.py"
    spec = importlib.util.spec_from_file_location("npm_packages", source)
    packages = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(packages)
    with one_at_a_time:
        installed = packages.fetch(ROOT / "tests", ROOT / "_build" / "test-assets")
    return (installed / "axe-core" / "axe.min.js").read_text("utf8")


def soup(site: Path, name: str) -> BeautifulSoup:
    """Return a page as it was written, before any script."""
    return BeautifulSoup((site / f"{name}.html").read_text("utf8"), "html.parser")


def settle(page, *, unfold: bool = False) -> None:
    """Wait for a page's scripts; with `unfold`, open all that is folded."""
    page.wait_for_load_state("networkidle")
    if unfold:
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        page.wait_for_timeout(100)


@every_page
@every_origin
def test_page_asks_nobody_and_complains_of_nothing(addresses, open_page, name, origin):
    failed = []
    opened = open_page("about:blank")
    opened.page.on("requestfailed", lambda request: failed.append(request.url))
    opened.page.goto(f"{addresses[origin]}/{name}.html")
    settle(opened.page, unfold=True)
    assert opened.page.locator("h1:visible").count() == 1
    assert (opened.outside, opened.errors, failed) == ([], [], [])
    fonts = opened.page.evaluate("document.fonts.ready.then((set) => [...set].map((font) => font.status))")
    assert set(fonts) == {"loaded"}
    assert len(fonts) > 3


@every_origin
def test_search_finds_the_chapter(addresses, open_page, origin):
    opened = open_page(f"{addresses[origin]}/search.html?q=divergence")
    opened.page.locator("#search-results li a").first.wait_for()
    assert (opened.outside, opened.errors) == ([], [])


@every_page
@every_origin
def test_theme_button_changes_the_colors(addresses, open_page, name, origin):
    opened = open_page(f"{addresses[origin]}/{name}.html")
    colors = set()
    for _ in range(3):
        opened.page.locator(".theme-switch-button").click()
        colors.add(opened.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(colors) == 2
    assert opened.errors == []


def test_paper_is_white_in_dark_mode_too(addresses, open_page):
    page = open_page(f"{addresses['file']}/book/coding.html").page
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.evaluate("addEventListener('beforeprint', () => { shown = getComputedStyle(document.body).backgroundColor; })")
    page.pdf()
    assert page.evaluate("shown") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def formulas_of(text: str) -> Iterator[str]:
    """Yield the formulas of a chapter's source, those inside directives too."""
    parser = MarkdownIt("commonmark").enable("table").use(front_matter_plugin).use(colon_fence_plugin)
    parser.use(dollarmath_plugin, allow_labels=True, allow_space=True, allow_digits=True, double_inline=True)
    for block in parser.parse(text):
        for token in (block, *(block.children or ())):
            if token.type.startswith("math_"):
                yield token.content
        if block.type in {"fence", "colon_fence"} and re.match(r"\{(?!code)", block.info):
            yield from formulas_of(block.content)


@every_page
def test_a_line_does_not_begin_with_the_comma_after_a_formula(site, name):
    for formula in soup(site, name).select("article.bd-article span.math"):
        after = formula.next_sibling
        if isinstance(after, str) and re.match(r"[.,;:?)’”]", after):
            assert "unbroken" in formula.parent.get("class", ()) or len(formula.annotation.text) > 40


@every_page
def test_formulas_are_there_without_javascript(site, addresses, open_page, name):
    opened = open_page(f"{addresses['file']}/{name}.html", java_script_enabled=False)
    article = opened.page.locator("article.bd-article")
    shown = article.evaluate(
        "(node) => { const copy = node.cloneNode(true);"
        "copy.querySelectorAll('pre, code, script, annotation').forEach((one) => one.remove());"
        "return copy.textContent; }"
    )
    assert not re.search(r"\$|\\\(|\\\[|\\begin|\\frac", shown)
    page = (site / f"{name}.html").read_text("utf8")
    annotations = re.findall(r'<annotation encoding="application/x-tex">(.*?)</annotation>', page, re.DOTALL)
    typeset = {" ".join(html.unescape(source).split()) for source in annotations}
    source = (ROOT / f"{name}.md").read_text("utf8")
    written = {" ".join(formula.split()) for formula in formulas_of(source)}
    assert written <= typeset
    assert written or "$" not in re.sub(r"^```.*?^```", "", source, flags=re.DOTALL | re.MULTILINE)
    assert page.count('class="katex-html"') == len(annotations)
    widths = article.locator(".katex-html > .base:visible").evaluate_all("(all) => all.map((one) => one.offsetWidth)")
    assert min(widths, default=1) > 0


@every_page
def test_only_the_scripts_that_are_needed(site, name):
    page = soup(site, name)
    scripts = [script["src"].split("?")[0] for script in page.find_all("script", src=True)]
    assert len(scripts) == len(set(scripts))
    text = " ".join(map(str, page.find_all(["script", "link"]))).lower()
    for unwanted in ("fontawesome", "require.js", "require.min.js", "thebe", "mathjax", "widget-state"):
        assert unwanted not in text


@every_page
def test_pictures_say_what_they_show(site, name):
    page = soup(site, name)
    sentences = [picture.get("alt", "") for picture in page.find_all("img")]
    sentences += [
        picture.get("aria-label") or picture.find("title").get_text() for picture in page.select("svg[role=img]")
    ]
    for sentence in sentences:
        assert len(sentence.split()) >= 5, sentence
        assert re.match(r"[A-Z0-9].*[.!?]$", sentence.strip(), re.DOTALL), sentence
        assert not re.search(r"\.(svg|png)|_images", sentence), sentence


@pytest.mark.parametrize("name", [*PAGES, "search", "genindex"])
@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        (390, "dark"),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
        pytest.param(390, "light", marks=pytest.mark.slow),
    ],
)
def test_accessibility(addresses, open_page, axe, name, width, scheme):
    opened = open_page(f"{addresses['server']}/{name}.html", width=width, scheme=scheme)
    settle(opened.page, unfold=True)
    assert opened.page.evaluate("document.documentElement.dataset.theme") == scheme
    opened.page.evaluate(axe)
    found = opened.page.evaluate(
        "(tags) => axe.run(document, {runOnly: tags, resultTypes: ['violations']}).then((result) => result.violations"
        ".map((one) => [one.id, one.nodes.slice(0, 3).map((node) => node.target + ' ' + node.failureSummary)]))",
        WCAG,
    )
    assert found == []


@every_page
def test_a_phone_does_not_scroll_sideways(addresses, open_page, name):
    opened = open_page(f"{addresses['server']}/{name}.html", width=390)
    settle(opened.page, unfold=True)
    root = "document.scrollingElement"
    assert opened.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth") <= 0


@pytest.mark.parametrize("name", ["book/index", "book/reference/cheat_sheet", "book/reference/closed_forms"])
def test_a_wide_table_on_a_phone_breaks_no_name_and_fades_where_it_goes_on(addresses, open_page, name):
    page = open_page(f"{addresses['server']}/{name}.html", width=390).page
    settle(page, unfold=True)
    broken = "(all) => all.filter((one) => one.getClientRects().length > 1).map((one) => one.textContent)"
    assert page.locator("td code .pre").evaluate_all(broken) == []
    scrolls = "(all) => all.findIndex((one) => one.scrollWidth > one.clientWidth)"
    tables = page.locator(".pst-scrollable-table-container")
    table = tables.nth(tables.evaluate_all(scrolls))
    mask = "(one) => getComputedStyle(one).maskImage"
    assert table.evaluate(mask).startswith("linear-gradient")
    table.evaluate("(one) => new Promise((done) => { one.onscroll = done; one.scrollLeft = one.scrollWidth; })")
    assert table.evaluate(mask) == "none"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "target", ["api.html#kltools.divergence.kl_divergence", "glossary.html#term-absolute-continuity"]
)
def test_the_place_a_link_led_to_can_be_read(addresses, open_page, axe, target, scheme):
    page = open_page(f"{addresses['server']}/book/reference/{target}", scheme=scheme).page
    settle(page)
    page.evaluate(axe)
    found = page.evaluate(
        "axe.run(document.querySelector(':target'), {runOnly: 'color-contrast'}).then((result) => "
        "[result.passes.length, result.violations.length])"
    )
    assert found == [1, 0]


OBSERVE_SHIFTS = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
SCROLL_DOWN = """async () => {
  for (let top = 0; top < document.scrollingElement.scrollHeight; top += innerHeight) {
    scrollTo(0, top);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
}"""


@every_page
@pytest.mark.parametrize("width", [1280, 390])
def test_layout_stays_while_the_page_arrives(slow, open_page, name, width):
    opened = open_page(f"{slow}/{name}.html", width=width, script=OBSERVE_SHIFTS)
    settle(opened.page)
    opened.page.evaluate(SCROLL_DOWN)
    assert opened.page.evaluate("window.shift") < 0.02


@every_page
def test_what_a_browser_waits_for_is_little(site, name):
    page = (site / f"{name}.html").read_bytes()
    assert soup(site, name).head.select_one("link[rel=expect]")["href"] == "#first-screen"
    before, _ = page.split(b'<div id="first-screen" hidden>')
    assert len(gzip.compress(before)) < 16_000


@functools.cache
def targets_in(page: Path) -> set[str]:
    """Return the ids of a page."""
    return set(re.findall(r'\bid="([^"]+)"', page.read_text("utf8")))


@every_page
def test_internal_links_lead_somewhere(site, name):
    page = site / f"{name}.html"
    links = [urlsplit(link["href"]) for link in soup(site, name).find_all("a", href=True)]
    inside = {(unquote(link.path), unquote(link.fragment)) for link in links if not link.scheme + link.netloc}
    assert inside
    for path, fragment in sorted(inside):
        target = (page.parent / path).resolve() if path else page
        assert target.is_file(), path
        assert not fragment or fragment in targets_in(target), (path, fragment)


@every_page
def test_headings_are_in_order(addresses, open_page, name):
    opened = open_page(f"{addresses['server']}/{name}.html")
    settle(opened.page, unfold=True)
    headings = opened.page.locator(":is(h1, h2, h3, h4, h5, h6):visible")
    levels = headings.evaluate_all("(all) => all.map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@every_page
def test_page_offers_its_notebook(site, addresses, open_page, name):
    opened = open_page(f"{addresses['server']}/{name}.html")
    opened.page.get_by_role("button", name="Download this page").click()
    menu = opened.page.locator(".dropdown-download-buttons .dropdown-menu")
    assert menu.get_by_role("button", name="Print or save as PDF").is_visible()
    offered = menu.locator("a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
    executed = "kernelspec" in (ROOT / f"{name}.md").read_text("utf8")
    up = "../" * name.count("/")
    wheels = [f"{up}notebooks/{path.name}" for path in (site / "notebooks").glob("kltools-*-py3-none-any.whl")]
    assert len(wheels) == 1
    assert offered == ([f"{up}notebooks/{Path(name).name}.ipynb", *wheels] if executed else [])
    if executed:
        with opened.page.expect_download() as download:
            menu.get_by_role("link", name="Notebook (.ipynb)").click()
        assert download.value.suggested_filename == f"{Path(name).name}.ipynb"
