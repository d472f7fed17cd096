"""Formulas, typeset by KaTeX while the book is built: they are in the page before any script runs.

There are no macros, since plain Jupyter would not know them; and what KaTeX cannot or should not typeset
is a warning at its place, which fails the strict build.
"""

import html
import json
import re
import subprocess
from functools import cache
from pathlib import Path

from docutils import nodes
from npm_packages import NODE, fetch_katex
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

LOGGER = logging.getLogger(__name__)
CLASSES = "math notranslate nohighlight"
PUNCTUATION = re.compile(r"[.,;:?)’”]+")
UNBROKEN = 40  # characters of source; a longer formula may be wider than a phone
SCRIPT = Path(__file__).with_name("typeset.js")


class PunctuationAfterFormulas(SphinxPostTransform):
    """Give each formula the punctuation that follows it: browsers break a line between the two."""

    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs):
        """Move the marks from the text into the formula's attribute."""
        for formula in list(self.document.findall(nodes.math)):
            text = formula.next_node(descend=False, siblings=True)
            marks = PUNCTUATION.match(text.astext()) if isinstance(text, nodes.Text) else None
            if marks and text.parent is formula.parent:
                formula["after"] = marks[0]
                text.parent.replace(text, nodes.Text(text.astext().removeprefix(marks[0])))


class Typesetter:
    """KaTeX in a Node process that lives as long as the build."""

    def __init__(self):
        self.process = None
        self.answer = cache(self._answer)

    def start(self, app):
        """Fetch KaTeX, so that a build without it fails at once, and start Node."""
        script = fetch_katex(app) / "katex.min.js"
        self.process = subprocess.Popen(
            [NODE, SCRIPT, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf8"
        )

    def stop(self, app, exception):
        """End Node."""
        if self.process:
            self.process.communicate()

    def _answer(self, source, display):
        self.process.stdin.write(json.dumps({"source": source, "display": display}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def typeset(self, node, *, display):
        """Return the HTML of one formula, or its source, with a warning, if KaTeX refuses it."""
        answer = self.answer(node.astext(), display)
        if "error" in answer:
            LOGGER.warning("formula: %s", answer["error"], location=node, type="formula")
            return html.escape(node.astext())
        return answer["html"]

    def visit_math(self, translator, node):
        """Write an inline formula."""
        formula = translator.starttag(node, "span", "", CLASS=CLASSES) + self.typeset(node, display=False) + "</span>"
        after = html.escape(node.get("after", ""), quote=False)
        if after and len(node.astext()) <= UNBROKEN:
            formula = f'<span class="unbroken">{formula}{after}</span>'
        else:
            formula += after
        translator.body.append(formula)
        raise nodes.SkipNode

    def visit_displaymath(self, translator, node):
        """Write a displayed formula, with its number when it has a label."""
        translator.body.append(translator.starttag(node, "div", CLASS=CLASSES))
        if node["number"]:
            number = get_node_equation_number(translator, node)
            translator.body.append(f'<span class="eqno">({number})')
            translator.add_permalink_ref(node, "Link to this equation")
            translator.body.append("</span>")
        translator.body.append(self.typeset(node, display=True) + "</div>\n")
        raise nodes.SkipNode


def setup(app):
    """Make ``klbook`` a value of ``html_math_renderer``."""
    typesetter = Typesetter()
    app.add_html_math_renderer("klbook", (typesetter.visit_math, None), (typesetter.visit_displaymath, None))
    app.add_post_transform(PunctuationAfterFormulas)
    app.connect("builder-inited", typesetter.start)
    app.connect("build-finished", typesetter.stop)
