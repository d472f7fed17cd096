"""The first screen of a page is painted whole: its tables and formulas do not move while the rest still arrives.

A browser may paint what it has of a page, and a table whose last rows are on their way has other columns than the whole
one. Only what stands on the first screen can be seen to move; so a browser is asked to wait for that much, and no more.
"""

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

MARK = "first-screen"
CHARACTERS = 4500  # of text: more than 1,440 px of height hold at the book's width
LINK = f'<link rel="expect" href="#{MARK}" blocking="render">'


class EndOfFirstScreen(SphinxPostTransform):
    """Put a mark where the first screen surely ends, or where the page does."""

    default_priority = 950  # the outputs of cells and the references are in place
    formats = ("html",)

    def run(self, **kwargs):
        """Put the mark after the first block with which the text is long enough."""
        blocks = list(self.document.findall(_is_block))
        characters = 0
        for block in blocks:
            characters += len(block.astext())
            if characters > CHARACTERS:
                break
        if blocks:
            after = block.parent.index(block) + 1
            block.parent.insert(after, nodes.raw("", f'<div id="{MARK}" hidden></div>', format="html"))


def _is_block(node: nodes.Node) -> bool:
    """Tell whether a node is what a section holds: a title, a paragraph, a table, a figure, a cell."""
    return isinstance(node.parent, nodes.section | nodes.document) and not isinstance(node, nodes.section)


def ask_to_wait(app, pagename, templatename, context, doctree):
    """Ask the browser to wait for the mark, on the pages that have one."""
    if doctree is not None:
        context["metatags"] += LINK


def setup(app):
    """Connect the mark and the link to it."""
    app.add_post_transform(EndOfFirstScreen)
    app.connect("html-page-context", ask_to_wait)
