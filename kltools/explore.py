"""One interactive figure with two hosts: a live kernel and a static page.

The author gives pure Python functions of named parameters; the names of a function's arguments say what it depends
on. In a live kernel Python recomputes on every move. On the rendered page the same JavaScript plays what Python
computed when the page was built: the steps of a slider are the grid, and nothing is interpolated.
"""

import base64
import html
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anywidget
import numpy as np
import traitlets
from matplotlib.figure import Figure

from kltools._explore_panels import Band, Bars, Curve, Panel, Points, Rule
from kltools._explore_parts import Choice, Readout, Slider
from kltools._explore_still import MARKERS, draw_panel
from kltools._explore_tables import UNITS, Program, coordinates
from kltools.figures.style import ROLES, add_axes, new_figure, png_bytes, svg_text

__all__ = ["Band", "Bars", "Choice", "Curve", "Explorer", "Panel", "Points", "Readout", "Rule", "Slider"]

SCRIPT = Path(__file__).with_suffix(".js")
WIDTH, HEIGHT = 6.8, 3.6  # inches of the still picture


class Explorer(anywidget.AnyWidget):
    """A figure that answers to the reader's hand, with a kernel and without.

    Parameters
    ----------
    title : str
        The accessible name, shown above the figure.
    parameters : sequence of Slider and Choice
        What the reader moves, at least one.
    panels : sequence of Panel
        What is drawn, at least one.
    readouts : sequence of Readout
        The numbers below the picture.
    sentence : str
        What the figure shows, for every reader: ``{name}`` of a parameter or readout stands for its value with unit.
    differences : mapping of str to pair of str, optional
        Derived parameters: the value of the first slider minus that of the second. A function that depends on the
        difference instead of both sliders needs a far smaller table.

    Attributes
    ----------
    values : dict
        The parameters' values. Setting some of them moves the controls, in every view.
    sentence : str
        The sentence for the present values.

    Raises
    ------
    ValueError
        If a name is used twice or unknown, a function returns NaN or the wrong shape, a table would have more than
        20,000 rows, or `values` is set to what is not a step.

    Notes
    -----
    In a notebook the output carries the widget for a live kernel, and beside it a page of its own (``text/html``)
    with every row computed beforehand, a still picture and the sentence.

    Examples
    --------
    >>> import numpy as np
    >>> figure = Explorer(
    ...     "Surprise",
    ...     parameters=[Slider("p", "P(a)", steps=np.linspace(0.1, 0.9, 9), start=0.5)],
    ...     panels=[Panel("", "P(a)", "bit", (0, 1), (0, 4), [Bars(lambda p: ([0], [p], [-np.log2(p)]), role="p")])],
    ...     readouts=[Readout("bits", "surprise", lambda p: -np.log2(p), unit="bit", digits=2)],
    ...     sentence="An outcome of probability {p} is worth {bits}.",
    ... )
    >>> figure.values = {"p": 0.1}
    >>> figure.sentence.replace("\\xa0", " ")
    'An outcome of probability 0.10 is worth 3.32 bit.'
    """

    _esm = SCRIPT
    spec = traitlets.Dict().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        title: str,
        *,
        parameters: Sequence[Slider | Choice],
        panels: Sequence[Panel],
        readouts: Sequence[Readout] = (),
        sentence: str,
        differences: Mapping[str, tuple[str, str]] | None = None,
    ):
        if not parameters or not panels:
            raise ValueError("parameters and panels must each hold at least one")
        self._program = Program(parameters, differences or {}, panels, readouts)
        self._panels = tuple(panels)
        start = {part.name: part.start for part in parameters}
        frame = self._program.frame(start)
        self._program.fill(sentence, frame)  # refuses an unknown name now
        spec = {
            "title": title,
            "parameters": [_described(part) for part in parameters],
            "differences": {name: part.pair for name, part in self._program.differences.items()},
            "panels": [_drawn(panel) for panel in panels],
            "readouts": [_described(part) for part in readouts],
            "sentence": sentence,
            "units": UNITS,
            "roles": {name: asdict(role) | {"marker": MARKERS[name][1]} for name, role in ROLES.items()},
        }
        super().__init__(spec=spec, values=start, frame=frame)

    @traitlets.validate("values")
    def _accept(self, proposal: Any) -> dict[str, Any]:
        return {**self.values, **self._program.accept(proposal["value"])}

    @traitlets.observe("values")
    def _recompute(self, change: Any) -> None:
        self.frame = self._program.frame(self.values)

    @property
    def sentence(self) -> str:
        """The sentence for the present values."""
        return self._program.fill(self.spec["sentence"], self.frame)

    @cached_property
    def tables(self) -> dict[str, Any]:
        """Every row of every mark and readout: what a page without a kernel plays."""
        return self._program.tables()

    def still(self) -> Figure:
        """Draw the present frame as a picture that does not move."""
        figure = new_figure(WIDTH, HEIGHT)
        axes = np.ravel(add_axes(figure, 1, len(self._panels)))
        rows = iter(self.frame["marks"])
        for panel, ax in zip(self._panels, axes, strict=True):
            draw_panel(ax, panel, list(islice(rows, len(panel.marks))), wrap=72 // len(axes))
        return figure

    def page(self) -> str:
        """Return HTML that needs nothing else: the still picture and its sentence, the tables and the script."""
        data = {"spec": self.spec, "values": self.values, "tables": self.tables}
        # "<" may open or end a tag; inside JSON it stands in strings only, where its escape is the same
        text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
        script = SCRIPT.read_text("utf-8").replace(
            "export default { render };", "play(document.currentScript.parentElement);"
        )
        sentence = html.escape(self.sentence)
        picture = quote(svg_text(self.still()), safe=" !$'()*+,-./:;=?@[]_~\n")
        return (
            '<div class="kl-explorer">'
            f'<img alt="{sentence}" width="{WIDTH * 100:.0f}" height="{HEIGHT * 100:.0f}" '
            'style="max-width:100%;height:auto;background:#fff" '
            f'src="data:image/svg+xml,{picture}"><p>{sentence}</p>'
            f'<script type="application/json">{text}</script>'
            f"<script>(() => {{\n{script}}})();</script></div>"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        png = base64.b64encode(png_bytes(self.still())).decode()
        data |= {"text/html": self.page(), "image/png": png, "text/plain": self.sentence}
        return data, metadata | {"image/png": {"alt": self.sentence}}


def _described(part: Any) -> dict[str, Any]:
    """Return what the script needs to know of a part: all but its function."""
    return {key: value for key, value in vars(part).items() if key != "function"}


def _drawn(panel: Panel) -> dict[str, Any]:
    """Return the panel's marks and fixed ticks for the script, places in the units of the drawing."""
    marks = [_described(mark) | {"kind": mark.kind} for mark in panel.marks]
    for mark in marks:
        if mark.get("x") is not None:
            mark["x"] = panel.units("x", coordinates("x", mark["x"]))
    ticks = {axis: [(panel.units(axis, [value])[0], label) for value, label in panel.ticks(axis)] for axis in "xy"}
    fixed = {axis: marked for axis, marked in ticks.items() if marked}
    return _described(panel) | {"marks": marks, "ticks": fixed, "floor": panel.floor}
