"""The tables of `book/data`: what they hold, that pages read them, and that notebooks bring them along."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from markdown_subset import ConversionError, PlainMarkdown
from nbclient import NotebookClient
from small_book import EXTENSIONS, HEADER, build
from tables import LARGEST, Table, read_table, tables_named
from takeaway import convert, read_chapter

ROOT = Path(__file__).resolve().parents[1]

DATA = ROOT / "book" / "data"
TABLES = sorted(path.name for path in DATA.glob("*.csv"))
README = """\
# Tables

## counts.csv

Counts that
somebody made.

More.

## empty.csv

## more.csv

| column |
"""
COUNTS = "kind,count\na,30\nb,11\n"
READS = """\
```{code-cell} ipython3
import numpy as np
```

```{code-cell} ipython3
table = np.genfromtxt("data/counts.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
print("in all", table["count"].sum())
```

```{code-cell} ipython3
print(open("data/counts.csv", encoding="utf8").readline())
```
"""


class Book:
    """A book with tables in a folder, as a converter sees it."""

    source = "book/small.md"

    def __init__(self, folder):
        self.folder = folder

    def table(self, path):
        return read_table(self.folder, path)


def read(name):
    return np.genfromtxt(DATA / name, delimiter=",", names=True, dtype=None, encoding="utf-8")


def write_data(folder, text=COUNTS):
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "counts.csv").write_text(text, "utf8")
    (folder / "data" / "README.md").write_text(README, "utf8")


def chapter(folder, body):
    (folder / "small.md").write_text(HEADER + body, "utf8")
    return read_chapter(folder / "small.md")


def run(notebook, folder):
    """Run a notebook in that folder and return what it prints."""
    NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.text for output in outputs if output.output_type == "stream")


# The tables of the book


@pytest.mark.parametrize("name", TABLES)
def test_the_readme_says_where_a_table_is_from_and_what_its_columns_mean(name):
    table = read_table(DATA.parent, f"data/{name}")
    assert re.match(r"[A-Z0-9].* [12]\d{3}\b.*\.$", table.origin)
    assert PlainMarkdown(Book(DATA), {}).convert(table.sentence, 1) == table.sentence
    section = re.split(r"^## (.+)$", (DATA / "README.md").read_text("utf8"), flags=re.MULTILINE)
    section = section[section.index(name) + 1]
    columns = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]+)\|", section, re.MULTILINE)))
    assert tuple(columns) == read(name).dtype.names
    assert re.search(r"^Status: ", section, re.MULTILINE)
    assert re.search(r"Used in the chapters? on ", section)


def test_the_readme_has_a_section_for_each_table_and_for_no_other():
    assert re.findall(r"^## (.+)$", (DATA / "README.md").read_text("utf8"), re.MULTILINE) == TABLES


def test_the_tables_hold_what_is_printed_of_them():
    dice, kicks, flights = read("weldon_dice.csv"), read("horse_kicks.csv"), read("challenger_orings.csv")
    assert dice["throws"].sum() == 26_306
    assert dice["fives_or_sixes"] @ dice["throws"] == 106_602  # Pearson's 0.337699 of 12 * 26,306
    assert kicks["corps_years"].sum() == 10 * 20
    assert kicks["deaths"] @ kicks["corps_years"] == 122
    assert (flights.size, flights["damaged"].sum(), flights["temperature_f"].min()) == (23, 7, 53)
    admissions = read("berkeley_admissions.csv")
    men = admissions["gender"] == "men"
    assert (admissions["admitted"][men].sum(), admissions["rejected"][men].sum()) == (1198, 1493)
    assert (admissions["admitted"][~men].sum(), admissions["rejected"][~men].sum()) == (557, 1278)
    weather = read("seattle_weather.csv")
    days = sum(weather[label] for label in ("drizzle", "fog", "rain", "snow", "sun"))
    months = [f"{year}-{month:02}" for year, month in zip(weather["year"], weather["month"], strict=True)]
    calendar = np.arange("2012-01", "2016-01", dtype="datetime64[M]")
    assert months == [str(month) for month in calendar]
    assert np.array_equal(days, ((calendar + 1).astype("datetime64[D]") - calendar).astype(int))


@pytest.mark.parametrize("name", TABLES)
def test_the_cell_writes_the_very_table(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(read_table(DATA.parent, f"data/{name}").code, {})
    assert (tmp_path / "data" / name).read_bytes() == (DATA / name).read_bytes()


# Chapters that read a table


def test_strange_text_survives_the_cell(tmp_path, monkeypatch):
    text = 'a\\n,b\n"""x""",{path}\n\\"""\nno end'
    monkeypatch.chdir(tmp_path)
    exec(Table("data/strange.csv", text, "Strange.").code, {})
    assert (tmp_path / "data" / "strange.csv").read_text("utf8") == text


def test_the_first_cell_that_reads_a_table_is_preceded_by_it(tmp_path):
    write_data(tmp_path)
    notebook = convert(chapter(tmp_path, "Text.\n\n" + READS), Book(tmp_path))
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "markdown", "code", "code", "code"]
    sentence, writes = (cell.source for cell in notebook.cells[2:4])
    assert "`data/counts.csv`" in sentence
    assert sentence.endswith("Counts that somebody made.")
    assert COUNTS in writes
    assert [cell.get("execution_count") for cell in notebook.cells] == [None, 1, None, 2, 3, 4]


def test_a_table_that_only_a_removed_cell_reads_is_not_carried(tmp_path):
    body = '```{code-cell} ipython3\n:tags: [remove-cell]\nassert open("data/counts.csv").read()\n```\n'
    assert convert(chapter(tmp_path, body), Book(tmp_path)).cells == []


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('"data/none.csv"', "there is no table 'data/none.csv'"),
        ('"data/more.csv"', "no section 'more.csv' that begins with what the table is"),
        ('"data/empty.csv"', "no section 'empty.csv' that begins with what the table is"),
        ('"data/untold.csv"', "no section 'untold.csv' that begins with what the table is"),
        ('"data/large.csv"', f"'data/large.csv' has {LARGEST + 1:,} bytes; a notebook carries {LARGEST:,}"),
        ('f"data/{1}.csv"', "'data/' is no table"),
        ('"data/../small.md"', "'data/../small.md' is no table"),
        ('"data/README.md"', "'data/README.md' is no table"),
    ],
)
def test_what_a_notebook_cannot_carry_is_an_error_with_its_place(tmp_path, expression, message):
    write_data(tmp_path)
    for name in ("more", "empty", "untold"):
        (tmp_path / "data" / f"{name}.csv").write_text("a\n1\n")
    (tmp_path / "data" / "large.csv").write_text("x" * (LARGEST + 1))
    with pytest.raises(ConversionError) as caught:
        convert(chapter(tmp_path, f"```{{code-cell}} ipython3\nx = 1\nopen({expression})\n```\n"), Book(tmp_path))
    line = len(HEADER.splitlines()) + 3
    assert str(caught.value).startswith(f"book/small.md:{line}: ")
    assert message in str(caught.value)


def test_tables_are_found_where_a_cell_names_them():
    source = 'a("data/x.csv", "other/y.csv")\n# "data/z.csv"\nb = ["data/w-1.csv", "data/x.csv"]'
    assert tables_named(source) == [("data/x.csv", 1), ("data/w-1.csv", 3), ("data/x.csv", 3)]


# A small book, built

CONFIG = f"""\
import sys
sys.path.insert(0, {EXTENSIONS!r})
extensions = ["myst_nb", "chapter_execution", "takeaway"]
exclude_patterns = ["_build", "book/data"]
html_theme = "basic"
myst_enable_extensions = ["colon_fence", "dollarmath"]
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
"""


def built(folder):
    """Return the text of the page and the notebook that it offers."""
    result = build(folder)
    assert result.returncode == 0, result.stdout + result.stderr
    page = (folder / "_build/html/book/small.html").read_text("utf8")
    notebook = nbformat.read(folder / "_build/html/notebooks/small.ipynb", 4)
    return BeautifulSoup(page, "html.parser").find(class_="body").get_text(), notebook


@pytest.fixture(scope="module")
def small_book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("book")
    write_data(folder / "book")
    (folder / "conf.py").write_text(CONFIG)
    (folder / "index.md").write_text("# Start\n\n```{toctree}\nbook/small\n```\n")
    (folder / "book" / "small.md").write_text(HEADER + "# Small\n\n" + READS)
    return folder


def test_the_page_and_the_notebook_read_the_table_of_the_book(small_book, tmp_path):
    text, notebook = built(small_book)
    assert "in all 41" in text
    assert "in all 41" in str(notebook.cells)  # executed already
    alone, edited = tmp_path / "alone", tmp_path / "edited"
    alone.mkdir()
    for _ in range(2):  # a second run meets the file of the first
        assert "in all 41\n" in run(nbformat.from_dict(notebook), alone)
    assert (alone / "data" / "counts.csv").read_text("utf8") == COUNTS
    write_data(edited, "kind,count\na,1\nb,2\n")
    assert "in all 3\n" in run(nbformat.from_dict(notebook), edited)
    assert (edited / "data" / "counts.csv").read_text("utf8") == "kind,count\na,1\nb,2\n"


def test_a_change_of_the_table_reaches_page_and_notebook(small_book):
    built(small_book)
    table = small_book / "book" / "data" / "counts.csv"
    table.write_text(COUNTS.replace("11", "12"))
    try:
        text, notebook = built(small_book)
    finally:
        table.write_text(COUNTS)
    assert "in all 42" in text
    assert any("b,12\n" in cell.source for cell in notebook.cells)


def test_a_table_too_large_fails_the_build_by_name(small_book):
    table = small_book / "book" / "data" / "counts.csv"
    table.write_text(COUNTS + "c,0\n" * LARGEST)
    try:
        result = build(small_book)
    finally:
        table.write_text(COUNTS)
    assert result.returncode != 0
    assert re.search(
        r"book/small\.md:\d+: the table 'data/counts\.csv' has [\d,]+ bytes", result.stdout + result.stderr
    )
