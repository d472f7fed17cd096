"""The reference pages and the first page: what they name exists, where they lead holds it, what they cite is known."""

import importlib
import inspect
import re
from pathlib import Path

import pytest
from reading_time import reading_minutes

from kltools import exercises

BOOK = Path(__file__).parents[1] / "book"
REFERENCE = BOOK / "reference"
CHAPTERS = ["coding", "surprise", "likelihood", "hypothesis_testing", "geometry", "optimization", "elbo"]
PAPER = {"A4": (210, 297), "Letter": (215.9, 279.4)}  # millimeters
MARGIN = 11  # millimeters, as in book.css
OTHERS = {"rel_entr"}  # a function of scipy that is named without its module
MODULES = {"coding", "elbo", "estimation", "geometry", "hypothesis_testing", "likelihood", "optimization"}


def source(name):
    return (REFERENCE / f"{name}.md").read_text("utf8")


def chapter(stem):
    return (BOOK / f"{stem}.md").read_text("utf8")


def plain(tex):
    """A formula without what only its looks depend on."""
    bars = tex.replace(r"\Vert", r"\|").replace(r"\mid", "|").replace(r"\vert", "|")
    return re.sub(r"\s+|\\[,;]", "", bars)


def labelled(label):
    """The page of the book that has a label."""
    [text] = [found for page in BOOK.rglob("*.md") if f"\n({label})=\n" in (found := page.read_text("utf8"))]
    return text


def section(label):
    """The section of the book that begins behind a label."""
    rest = labelled(label).split(f"\n({label})=\n")[1]
    level = len(rest) - len(rest.lstrip("#"))
    assert level, label
    return re.split(rf"^#{{2,{level}}} ", rest[level:], maxsplit=1, flags=re.MULTILINE)[0]


def formulas(text):
    without_code = re.sub(r"^```.*?^```\s*$", "", text, flags=re.DOTALL | re.MULTILINE)
    return [block or line for block, line in re.findall(r"\$\$(.*?)\$\$|\$([^$\n]+)\$", without_code, re.DOTALL)]


def letters(tex):
    """The letters and commands of a formula, upright words left out."""
    return set(re.findall(r"\\[A-Za-z]+|[A-Za-z]", re.sub(r"\\(text|mathrm)\{[^}]*\}", " ", tex)))


def rows(text, columns):
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in cells if len(row) == columns]


# The cheat sheet on paper


@pytest.mark.parametrize("paper", PAPER)
def test_the_cheat_sheet_prints_on_two_pages(site, open_page, paper):
    page = open_page((site / "book/reference/cheat_sheet.html").as_uri()).page
    page.wait_for_load_state("networkidle")
    pages = re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper))
    assert len(pages) == 2


@pytest.mark.parametrize("paper", PAPER)
def test_nothing_of_the_cheat_sheet_is_cut_off_on_paper(site, open_page, paper):
    page = open_page((site / "book/reference/cheat_sheet.html").as_uri()).page
    inside = [round((length - 2 * MARGIN) * 96 / 25.4) for length in PAPER[paper]]
    page.set_viewport_size({"width": inside[0], "height": inside[1]})
    page.emulate_media(media="print")
    ends = "(all) => all.filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect().right)"
    assert max(page.locator("#cheat-sheet :is(p, li, td, th, pre)").evaluate_all(ends)) <= inside[0] + 1
    wide = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"
    boxes = "#cheat-sheet :is(pre, .pst-scrollable-table-container, .katex-display)"
    assert page.locator(boxes).evaluate_all(wide) == []
    size = "(one) => parseFloat(getComputedStyle(one).fontSize)"
    assert page.locator("#cheat-sheet td").first.evaluate(size) >= 9 * 96 / 72  # nine points can be read


# What the pages name exists


@pytest.mark.parametrize("page", ["notation", "cheat_sheet"])
def test_every_function_that_is_named_can_be_called_so(page):
    prose = re.sub(r"^```.*?^```\s*$", "", source(page), flags=re.DOTALL | re.MULTILINE)
    seen = 0
    for path, name, arguments in re.findall(r"(?<!`)`((?:\w+\.)*)(\w+)(?:\(([\w, ]*)\))?`", prose):
        module = path.rstrip(".")
        if module not in MODULES and (module or name in OTHERS or not (arguments or "_" in name)):
            continue
        function = getattr(importlib.import_module(f"kltools.{module}".rstrip(".")), name, None)
        assert callable(function), (path, name)
        wanted = re.findall(r"\w+", arguments)
        assert list(inspect.signature(function).parameters)[: len(wanted)] == wanted, name
        seen += 1
    assert seen >= 15


# Notation


def test_every_letter_on_loan_stands_in_the_chapters_that_borrow_it():
    loaned = rows(source("notation").split("## Letters on loan")[1], 3)[1:]
    assert len(loaned) > 50
    for symbols, _, where in loaned:
        stems = re.findall(r"\]\(\.\./(\w+)\.md\)", where)
        assert stems
        for stem in stems:
            written = formulas(chapter(stem))
            known = set().union(*map(letters, written))
            joined = " ".join(map(plain, written))
            for symbol in re.findall(r"\$([^$]+)\$", symbols):
                alone = symbol in known if re.fullmatch(r"\\?[A-Za-z]+", symbol) else plain(symbol) in joined
                assert alone, (symbol, stem)


def test_no_letter_has_two_meanings_in_one_chapter():
    loaned = [
        (symbol, stem)
        for symbols, _, where in rows(source("notation").split("## Letters on loan")[1], 3)
        for symbol in re.findall(r"\$([^$]+)\$", symbols)
        for stem in re.findall(r"\]\(\.\./(\w+)\.md\)", where)
    ]
    assert len(loaned) == len(set(loaned))


def test_every_symbol_of_the_whole_book_is_used_in_it():
    everywhere = source("notation").split("## Letters on loan")[0]
    written = [formula for stem in CHAPTERS for formula in formulas(chapter(stem))]
    joined = " ".join(map(plain, written))
    symbols = [symbol for row in rows(everywhere, 2) for symbol in re.findall(r"\$([^$]+)\$", row[0])]
    assert len(symbols) > 20
    for symbol in symbols:
        assert plain(symbol) in joined, symbol


# Glossary

ENTRY = re.compile(r"^\(term-([\w-]+)\)=\n\*\*(.+?)\.\*\* (.+)$", re.MULTILINE)


def key(name):
    return re.sub(r"[^a-z0-9]", "", re.sub(r"\(.*", "", name).lower())


def test_glossary_is_sorted_short_and_without_repetition():
    text = source("glossary")
    entries = ENTRY.findall(text)
    assert len(entries) == text.count("(term-") >= 60
    names = [name for _, name, _ in entries]
    assert names == sorted(names, key=lambda name: (key(name), name))
    assert len({label for label, _, _ in entries}) == len(set(names)) == len(entries)
    assert len(re.findall(r"[A-Za-z']+", re.sub(r"\$[^$]*\$|\([^)]*\)=|\]\(.*?\)", " ", text))) <= 2500
    for _, name, explained in entries:
        prose = re.sub(r"\$[^$]*\$|`[^`]*`", "M", explained.split(" [")[0])
        assert 1 <= len(re.findall(r"\.(?=\s|$)", prose)) <= 2, name


def test_every_term_stands_where_it_leads_to():
    to_sections = 0
    for _, name, explained in ENTRY.findall(source("glossary")):
        page, label = re.findall(r"\]\((?:([\w./]+)\.md|#([\w-]+))\)", explained)[-1]
        text = labelled(label) if label else (REFERENCE / f"{page}.md").resolve().read_text("utf8")
        words = re.findall(r"[a-z0-9]{2,}", re.sub(r"\(.*", "", name).lower())
        stems = [word[:6].rstrip("e") for word in words if word not in {"type", "errors", "and"}]
        assert all(stem in text.lower() for stem in stems), (name, page or label)
        assert not label or any(stem in section(label).lower() for stem in stems), (name, label)
        to_sections += bool(label)
    assert to_sections > 40


def test_every_term_is_linked_from_where_the_book_uses_it():
    pages = [page.read_text("utf8") for page in BOOK.rglob("*.md") if page.stem != "glossary"]
    linked = set(re.findall(r"\]\(#term-([\w-]+)\)", " ".join(pages)))
    assert linked == {label for label, _, _ in ENTRY.findall(source("glossary"))}


def test_every_equation_of_the_glossary_stands_on_the_page_beside_it():
    for _, name, explained in ENTRY.findall(source("glossary")):
        for target, label in re.findall(r"\]\(([\w./]+)\.md\), equation \{eq\}`([\w-]+)`", explained):
            page = (REFERENCE / f"{target}.md").resolve().read_text("utf8")
            assert f"({label})" in page, name


# Bibliography


@pytest.mark.parametrize("stem", CHAPTERS)
def test_every_work_that_a_chapter_cites_is_in_the_bibliography(stem):
    cited = chapter(stem).split("To read on:")[1]
    titles = re.findall(r"\"([^\"]+?),?\"|(?<!\*)\*([^*\n]+)\*(?!\*)", cited)
    known = source("bibliography").lower()
    assert len(titles) >= 5
    for quoted, italic in titles:
        assert (quoted or italic).lower().rstrip(",") in known, quoted or italic
    for year in re.findall(r"\((?:[^()]*\b)?((?:18|19|20)\d\d)\)", cited):
        assert year in known, year


def test_every_work_says_what_it_is_good_for():
    works = re.findall(r"^- (.+)$", source("bibliography"), re.MULTILINE)
    assert len(works) >= 50
    assert len({work.split(")")[0] for work in works}) == len(works)
    for work in works:
        note = re.split(r"\b(?:18|19|20)\d\d\b|Why KL", work, maxsplit=1)[1]
        assert len(re.findall(r"[a-z]{2,}", note)) >= 5, work


# The first page, and the order of the slots in words


def index_rows(head):
    return rows(chapter("index").split(head)[1].split("\n\n")[0], 2)


def test_the_path_of_an_hour_takes_an_hour():
    [path] = [where for asked, where in index_rows("| you say | read |") if asked == '"I have an hour"']
    assert re.findall(r"\((\w+)\.md\)", path) == ["coding", "one_number", "pitfalls"]
    symptoms = chapter("pitfalls").split("\n## ")[0]  # the opening of that page ends with the table
    assert "| you see | look here |" in symptoms
    fixed = reading_minutes(chapter("index")) + reading_minutes(symptoms)
    assert all(fixed + reading_minutes(chapter(stem)) <= 60 for stem in ("coding", "one_number"))


def test_the_first_page_leads_to_sections_that_hold_what_is_asked_for():
    seen = 0
    for asked, where in index_rows("| you work with | it is in |"):
        labels = re.findall(r"\]\(#([\w-]+)\)", where)
        words = re.findall(r"[a-z0-9]{2,}", re.sub(r"\(#.*?\)", "", asked).lower())
        for label in labels:
            assert any(word[:6] in section(label).lower() for word in words), (asked, label)
        seen += len(labels)
    assert seen >= 30


def test_each_of_the_seven_chapters_ends_with_eight_exercises():
    assert re.search(r"each of the seven chapters [^.]* ends with eight exercises", chapter("index"))
    assert {len(exercises.exercises(stem)) for stem in CHAPTERS} == {8}


@pytest.mark.parametrize("page", ["index", "reference/notation", "reference/glossary", "reference/bibliography"])
def test_no_sentence_leaves_the_order_of_the_slots_to_of_and_from(page):
    text = (BOOK / f"{page}.md").read_text("utf8")
    told = text.replace("the divergence of $Q$ from $P$, others that of $P$ from $Q$: *of* and *from* do not tell", "")
    assert (told != text) == (page == "reference/notation")
    assert not re.search(r"\b[Dd]iverg(?:es?|ences?)(?: of [^.|]{1,60})? from (?!samples|nearest neighbors)", told)
