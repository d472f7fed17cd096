"""Labels, titles and numbers for the take-away notebooks, from Sphinx's own environment."""

from pathlib import Path
from typing import Any

import reading_time
from docutils import nodes
from markdown_subset import Reference
from myst_nb.core.read import is_myst_markdown_notebook
from sphinx.addnodes import pending_xref
from sphinx.builders import Builder
from tables import Table, read_table

import kltools.exercises


def notebook_name(path: str | Path) -> str | None:
    """Return the file name of a page's take-away notebook, None for a page that has no code to run."""
    path = Path(path)
    if path.suffix == ".md" and is_myst_markdown_notebook(path.read_text("utf8")):
        return f"{path.stem}.ipynb"
    return None


class SphinxResolver:
    """The `markdown_subset.Resolver` of one page, to be used once the build has read the whole book.

    Parameters
    ----------
    builder : sphinx.builders.Builder
        The HTML builder, whose environment knows every label and number.
    docname : str
        The page that the references stand on.
    """

    def __init__(self, builder: Builder, docname: str):
        self.builder = builder
        self.env = builder.env
        self.docname = docname
        self.source = Path(self.env.doc2path(docname)).relative_to(builder.srcdir).as_posix()
        self._documents = {builder.get_relative_uri(docname, name): name for name in self.env.found_docs}

    def reference(self, role: str, target: str, text: str | None) -> Reference:
        """Resolve a reference to what the page shows.

        Raises
        ------
        LookupError
            If the book has no such target, or the target has neither number nor title to show.
        """
        if role == "any":
            return self._any(target, text)
        node = self._resolve("math" if role == "eq" else "std", role, target, text)
        document = self._documents.get(node.get("refuri", "").partition("#")[0], self.docname)
        leads_on = role != "term" and document != self.docname
        return Reference(node.astext(), notebook_name(self.env.doc2path(document)) if leads_on else None)

    def equation(self, label: str) -> str:
        """Return the number beside the equation `label`; LookupError if there is none."""
        before, _, after = (self.env.config.math_eqref_format or "({number})").partition("{number}")
        return self.reference("eq", label, None).text.removeprefix(before).removesuffix(after)

    def exercise(self, name: str) -> Any:
        """Return the exercise of that name from the bank; LookupError if there is none."""
        return kltools.exercises.get(name)

    def minutes(self, kind: str) -> int:
        """Return the minutes that the page says; LookupError for what has none."""
        return reading_time.minutes(kind, self.env.doc2path(self.docname))

    def table(self, path: str) -> Table:
        """Return the table at that path from the page's folder, where its cells run; LookupError if there is none."""
        return read_table(Path(self.env.doc2path(self.docname)).parent, path)

    def _resolve(self, domain: str, role: str, target: str, text: str | None) -> nodes.reference:
        target = target.lower() if role in {"ref", "numref"} else target
        content = nodes.inline("", text or target)
        options = {"refdoc": self.docname, "reftarget": target, "refexplicit": text is not None}
        node = self.env.get_domain(domain).resolve_xref(
            self.env, self.docname, self.builder, role, target, pending_xref("", content, **options), content
        )
        if not isinstance(node, nodes.reference) or not node.astext():
            raise LookupError(target)
        return node

    def _any(self, target: str, text: str | None) -> Reference:
        """Resolve ``[text](#target)`` as MyST does: a label, a heading of this page, an equation."""
        slugs = self.env.metadata[self.docname].get("myst_slugs", {})
        for role in ("ref", "eq"):
            try:
                return self.reference(role, target, text)
            except LookupError:
                if role == "ref" and target in slugs:
                    return Reference(text or slugs[target][2])
        raise LookupError(target)
