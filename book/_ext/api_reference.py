"""The docstrings of kltools as a page: Sphinx's own autodoc and napoleon, set so that every word stays a word.

Types, parameters and errors are printed as they are written, not looked up in other projects' manuals. A name
between backticks leads to its entry on the page, from whichever module it stands in; the chapter that explains
a function is a link to that chapter, and a chapter that the book does not have fails the strict build.
"""

import inspect
import re
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util.inspect import stringify_signature
from sphinx.util.nodes import make_refnode

SETTINGS = {
    "autodoc_member_order": "bysource",  # for a module: in the order of its __all__
    "autodoc_preserve_defaults": True,  # "dtype=np.float64", as in the code
    "autodoc_typehints": "none",
    "autodoc_inherit_docstrings": False,
    "napoleon_google_docstring": False,
    "napoleon_use_param": False,
    "napoleon_use_rtype": False,
    "napoleon_custom_sections": [("Attributes", "params_style"), ("Raises", "params_style")],
    "default_role": "py:obj",
    "add_module_names": False,
    "toc_object_entries_show_parents": "hide",
    "html_domain_indices": False,  # the general index has the modules
}
EXPLAINED = re.compile(r"([Ee]xplained\s+in\s+the\s+chapter\s+)\*([^*]+)\*")
BAR = re.compile(r"(``.*?``|`[^`]*`)|(?<![\w|])\|(?=[^\s|])", re.DOTALL)
TOP_LEVEL = frozenset({"function", "class", "module", "data"})


def chapter(title: str) -> str:
    """Return the document of the chapter of that title.

    Examples
    --------
    >>> chapter("Hypothesis testing")
    '/book/hypothesis_testing'
    """
    return f"/book/{title.lower().replace(' ', '_')}"


def link_chapters(docstring: str) -> str:
    """Return a docstring in which the chapters that explain are links.

    Examples
    --------
    >>> link_chapters("Explained in the chapter *ELBO*.")
    'Explained in the chapter :doc:`ELBO </book/elbo>`.'
    """

    def link(found: re.Match) -> str:
        title = " ".join(found[2].split())
        return f"{found[1]}:doc:`{title} <{chapter(title)}>`"

    return EXPLAINED.sub(link, docstring)


def keep_bars(docstring: str) -> str:
    """Return a docstring whose bars are bars, as in |x|, which reStructuredText takes for a substitution.

    Examples
    --------
    >>> print(keep_bars("of order |x| or ``|x|``"))
    of order \\|x| or ``|x|``
    """
    parts = docstring.split("\n\n")
    return "\n\n".join(
        part if part.startswith((">>>", " ")) else BAR.sub(lambda found: found[1] or r"\|", part) for part in parts
    )


def process_docstring(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Mend the lines that autodoc is about to read."""
    lines[:] = link_chapters(keep_bars("\n".join(lines))).split("\n")
    if what == "property":
        lines.insert(0, "\\ ")  # nothing; napoleon would take what stands before a colon in the first line for a type


def process_signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    """Show what a class takes where a parent's ``__new__`` hides it."""
    if what != "class" or signature != "(*args, **kwargs)":
        return None
    taken = inspect.signature(obj.__init__)
    taken = taken.replace(parameters=list(taken.parameters.values())[1:])
    return stringify_signature(taken, show_annotation=False), returns


def skip_member(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the fields of a named tuple, whose docstrings say nothing: the class's own names them."""
    return True if (getattr(obj, "__doc__", None) or "").startswith("Alias for field number") else None


def resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.Node | None:
    """Link a name of another module; what the page does not define, a parameter say, stays code."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    objects = env.get_domain("py").objects
    found = [name for name, entry in objects.items() if name.endswith(f".{target}") and entry.objtype in TOP_LEVEL]
    if len(found) != 1:
        return content
    entry = objects[found[0]]
    return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content, found[0])


def configure(app: Sphinx, config: Config) -> None:
    """Give autodoc and napoleon their settings."""
    for name, value in SETTINGS.items():
        config[name] = value


def add_styles(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """Give the styles to the pages that show entries, and to no other."""
    if pagename == "genindex" or (doctree and doctree.next_node(addnodes.desc)):
        app.add_css_file("api.css")


def setup(app: Sphinx) -> dict[str, bool]:
    """Load autodoc and napoleon and connect what they lack."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.connect("config-inited", configure)
    app.connect("autodoc-process-docstring", process_docstring, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", process_signature)
    app.connect("autodoc-skip-member", skip_member)
    app.connect("missing-reference", resolve)
    app.connect("html-page-context", add_styles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
