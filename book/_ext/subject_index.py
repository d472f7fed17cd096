"""The index: entries as Sphinx reads them, on a page that names the pages they lead to.

MyST hands a directive one line of argument, and Sphinx's `index` takes all of its entries from there. Here they stand
in the body, a line each. On the page Sphinx would number the places of an entry, [1] and [2]; the name of a page says
more, and to those who hear it too.
"""

from typing import NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.index import IndexDirective
from sphinx.util import logging
from sphinx.util.index_entries import split_index_msg

PAGE = "genindex"
SEE = "see "  # so Sphinx words what a `see` entry leads to
TEXT = "#index-"  # a place in a text; a name of kltools is a place of its own


class Place(NamedTuple):
    """Where an entry leads: the words of the link, the address, and whether the subject is treated there."""

    words: str
    link: str
    main: bool = False


class Entry(NamedTuple):
    """A line of the index with the lines below it; with `link` the name itself leads somewhere."""

    name: str
    places: list[Place]
    below: list["Entry"]
    link: str | None = None


class BodyIndexDirective(IndexDirective):
    """Sphinx's `index` with its entries in the body."""

    required_arguments = 0
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the entries, and the target that they lead to."""
        self.assert_has_content()
        self.arguments = ["\n".join(self.content)]
        return super().run()


def letters(groups: list, titles: dict[str, str]) -> list[tuple[str, list[Entry]]]:
    """Return the letters of the index, each with its entries.

    Parameters
    ----------
    groups : list
        What Sphinx gives to its own template as ``genindexentries``.
    titles : dict of str to str
        The name of each page by its address from the index, in the order of the book.

    Raises
    ------
    LookupError
        For a `see` that leads to no entry.
    """
    first = {}
    for _, entries in groups:
        for name, (links, below, _) in entries:
            first[name] = next((link for places in (links, *(sub for _, sub in below)) for _, link in places), None)
    order = list(titles)

    def see(words: str) -> Place:
        if not (link := first.get(words.removeprefix(SEE))):
            raise LookupError(f"the index says {words!r}, but has no such entry")
        return Place(words, link)

    def line(name: str, links: list, below: list) -> Entry:
        lines = [line(sub, places, []) for sub, places in below if places]
        elsewhere = [see(sub) for sub, places in below if not places]
        if len(links) == 1 and TEXT not in links[0][1]:
            return Entry(name, elsewhere, lines, links[0][1])
        places = {}  # a page is named once, by its main place if it has one
        for main, link in sorted(links, key=lambda one: (not one[0], order.index(one[1].partition("#")[0]))):
            words = titles[link.partition("#")[0]]
            places.setdefault(words, Place(words, link, bool(main)))
        return Entry(name, [*places.values(), *elsewhere], lines)

    return [(letter, [line(name, links, below) for name, (links, below, _) in entries]) for letter, entries in groups]


def add_letters(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Give the template of the index its letters."""
    if pagename != PAGE:
        return
    pages = [app.config.root_doc, *app.env.collect_relations(), *sorted(app.env.found_docs)]
    titles = {app.builder.get_relative_uri(PAGE, page): app.env.titles[page].astext() for page in pages}
    titles = {link: title.partition(":")[0] for link, title in titles.items()}
    titles[app.builder.get_relative_uri(PAGE, app.config.root_doc)] = "First page"
    context["letters"] = []
    try:
        context["letters"] = letters(context["genindexentries"], titles)
    except LookupError as error:
        logging.getLogger(__name__).warning(error.args[0])


def complete_search(app: Sphinx) -> list:
    """Give the search the entries of every page: Sphinx forgets those of pages that it does not write again."""
    indexer, entries = app.builder.indexer, app.env.get_domain("index").entries
    indexer._index_entries.clear()
    for page in sorted(indexer._titles):
        words = {
            (word, place, main)
            for kind, value, place, main, _ in entries.get(page, [])
            for word in split_index_msg(kind, value)
        }
        indexer._index_entries[page] = sorted(words)
    return []


def setup(app: Sphinx) -> dict[str, bool]:
    """Take the directive's place and connect the page's context."""
    app.add_directive("index", BodyIndexDirective, override=True)
    app.connect("html-page-context", add_letters)
    app.connect("html-collect-pages", complete_search)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
