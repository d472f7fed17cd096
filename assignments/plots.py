"""The plots of the class report, as SVG that stands in the page; the same class gives the same bytes."""

import io
import re
import warnings
from collections.abc import Sequence

import matplotlib
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from assignments.markup import clean, short

WIDTH = 5.0  # inches: narrow, so that the words stay readable on a phone
LONGEST = 60  # characters of the words over a bar
INK, BAR = "#1b1f24", "#0f5cc7"  # the card behind a plot is white in both color schemes
SETTINGS = {"svg.hashsalt": "assignments", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10}


def counted_bars(rows: Sequence[tuple[str, int]], name: str, said: str) -> Markup:
    """Return horizontal bars, the words of each above it and the count at its end.

    Parameters
    ----------
    rows : sequence of (str, int)
        Words and count, from the top.
    name : str
        Short, without spaces: it tells this plot's parts from those of others on the page.
    said : str
        What the plot shows, for whom cannot see it.
    """
    figure = Figure(figsize=(WIDTH, 0.42 * len(rows) + 0.3), layout="constrained")
    axes = figure.subplots()
    largest = max(count for _, count in rows)
    places = range(len(rows))
    axes.barh(places, [count for _, count in rows], height=0.34, color=BAR)
    for place, (words, count) in zip(places, rows, strict=True):
        axes.text(0, place - 0.27, short(clean(words), LONGEST), color=INK, va="bottom", parse_math=False)
        axes.text(count + 0.02 * largest, place, str(count), color=INK, va="center")
    axes.set(xlim=(0, 1.1 * largest), ylim=(len(rows) - 0.6, -0.8))
    axes.axis("off")
    return _svg(figure, name, said)


def histogram(counts: Sequence[int], edges: Sequence[float], name: str, said: str) -> Markup:
    """Return how often each tenth of the points was reached."""
    figure = Figure(figsize=(WIDTH, 2.4), layout="constrained")
    axes = figure.subplots()
    axes.bar([100 * edge for edge in edges[:-1]], counts, width=9.2, align="edge", color=BAR)
    axes.set(xlim=(0, 100), ylim=(0, max(counts) + 0.6))
    axes.set_xlabel("share of the points, in percent", color=INK)
    axes.set_ylabel("students", color=INK)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.tick_params(colors=INK)
    axes.spines[["top", "right"]].set_visible(False)
    return _svg(figure, name, said)


def _svg(figure: Figure, name: str, said: str) -> Markup:
    file = io.StringIO()
    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that no font here has is drawn by the reader's
        figure.savefig(file, format="svg")
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)  # it has the time of day
    text = re.sub(r'\bid="', f'id="{name}-', text)  # two plots on a page must not share their parts' names
    text = re.sub(r'(url\(|href=")#', rf"\g<1>#{name}-", text)
    return Markup(text.replace("<svg", f'<svg role="img" aria-label="{escape(said)}"', 1))
