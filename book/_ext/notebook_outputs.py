"""How outputs of cells become parts of a page, where myst-nb's own way does not suffice.

A picture's alternative text comes from the output's metadata, ``{"image/svg+xml": {"alt": "..."}}``, so
that the sentence can be computed from the data that is drawn; and a drawing says its size, so that the
text below it does not jump when it arrives. The state of Jupyter widgets is left out: a static page
cannot run them, and what is shown in their place carries its data itself.
"""

import re

from docutils import nodes
from myst_nb.core.render import NbElementRenderer
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput, visit_HideCellInput

SIZE = re.compile(r'<svg\b[^>]*?\s(width|height)="([\d.]+)pt"[^>]*?\s(width|height)="([\d.]+)pt"')
PIXELS_PER_POINT = 4 / 3
render_image_of_myst_nb = NbElementRenderer.render_image


def render_image(renderer, data):
    """Render an image with the alternative text of its metadata and the size of its drawing."""
    rendered = render_image_of_myst_nb(renderer, data)
    alt = data.output_metadata.get(data.mime_type, {}).get("alt")
    size = SIZE.search(data.string) if data.mime_type == "image/svg+xml" else None
    for image in rendered:
        if alt:
            image["alt"] = alt
        if size:
            image["drawn"] = {size[side]: round(float(size[side + 1]) * PIXELS_PER_POINT) for side in (1, 3)}
    return rendered


def visit_image(translator, node):
    """Write an image with its drawn size, which only reserves the place: the style sheet may shrink it."""
    type(translator).visit_image(translator, node)
    size = "".join(f' {side}="{pixels}"' for side, pixels in sorted(node.get("drawn", {}).items()))
    translator.body[-1] = translator.body[-1].replace("<img ", f"<img{size} ", 1)


def depart_image(translator, node):
    """Close an image as the theme does."""
    type(translator).depart_image(translator, node)


def omit_widget_state(renderer, metadata):
    """Add nothing to the page for the widgets of a notebook."""


def visit_hidden_cell(translator, node):
    """Let the words of the summary, which say what opens, be its accessible name."""
    start = len(translator.body)
    visit_HideCellInput(translator, node)
    opening = translator.body[start:]
    translator.body[start:] = [part.replace(' aria-label="Toggle hidden content"', "") for part in opening]


def setup(app):
    """Extend myst-nb's renderer; only an installed package can replace it, hence in place."""
    NbElementRenderer.render_image = render_image
    NbElementRenderer.render_nb_finalise = omit_widget_state
    app.add_node(nodes.image, override=True, html=(visit_image, depart_image))
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_cell, depart_HideCellInput))
