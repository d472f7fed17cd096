"""The interactive figure: what Python computes, and that both hosts show exactly that."""

import base64
import gzip
import json
import math
import re

import numpy as np
import pytest

from kltools.explore import Bars, Choice, Curve, Explorer, Panel, Readout, Slider


def frame_from_tables(figure, values):
    """What a page without a kernel shows, looked up as the script does it."""
    spec, tables = figure.spec, figure.tables
    grids = {part["name"]: list(part.get("steps") or part.get("options")) for part in spec["parameters"]}
    size = {name: len(grid) for name, grid in grids.items()}
    at = {name: grids[name].index(value) for name, value in values.items()}
    for name, (first, second) in spec["differences"].items():
        at[name] = at[first] - at[second] + size[second] - 1
        size[name] = size[first] + size[second] - 1

    def number(column):
        index = 0
        for name in column["on"]:
            index = index * size[name] + at[name]
        return column["values"][index]

    rows = [[number(column) for column in columns] for columns in tables["marks"]]
    return {"values": values, "marks": rows, "readouts": [number(column) for (column,) in tables["readouts"]]}


def four_sliders():
    """The largest figure a page should carry: two normal densities and both divergences."""
    means, scales = np.linspace(-3, 3, 13), np.geomspace(0.25, 4, 13)
    x = np.linspace(-8, 8, 81)

    def normal(mean, scale):
        return np.exp(-0.5 * ((x - mean) / scale) ** 2) / (scale * np.sqrt(2 * np.pi))

    def divergence(delta, a, b):
        return math.log(b / a) + (a * a + delta * delta) / (2 * b * b) - 0.5

    return Explorer(
        "Two normal distributions",
        parameters=[
            Slider("mu_p", "mean of P", steps=means, start=0, digits=1),
            Slider("mu_q", "mean of Q", steps=means, start=1, digits=1),
            Slider("sigma_p", "standard deviation of P", steps=scales, start=1),
            Slider("sigma_q", "standard deviation of Q", steps=scales, start=2),
        ],
        panels=[
            Panel(
                "Densities",
                "x",
                "density",
                (-8, 8),
                (0, 1.7),
                [
                    Curve(lambda mu_p, sigma_p: normal(mu_p, sigma_p), "p", x=x, fill=True, label="P"),
                    Curve(lambda mu_q, sigma_q: normal(mu_q, sigma_q), "q", x=x, fill=True, label="Q"),
                ],
            )
        ],
        readouts=[
            Readout("pq", "D(P||Q)", lambda delta, sigma_p, sigma_q: divergence(delta, sigma_p, sigma_q), "nat"),
            Readout("qp", "D(Q||P)", lambda delta, sigma_p, sigma_q: divergence(delta, sigma_q, sigma_p), "nat"),
        ],
        sentence="D(P||Q) is {pq} and D(Q||P) is {qp}.",
        differences={"delta": ("mu_p", "mu_q")},
    )


def test_every_frame_of_the_grid_is_in_the_tables_and_right(strange):
    figure = strange.make()
    for values in strange.all_values(figure):
        figure.values = values
        frame = frame_from_tables(figure, values)
        assert frame == json.loads(json.dumps(figure.frame))
        p, q, s, unit = (values[name] for name in ("p", "q", "s", "unit"))
        shown = [
            part.text(number) for part, number in zip(figure._program.readouts.values(), frame["readouts"], strict=True)
        ]
        assert shown == strange.readouts(p, q, unit)
        bars, line, curve = frame["marks"]
        assert bars[:4] == [0, round(2000 * p), round(2000 * p), 2000]
        drawn = np.where(np.isinf(strange.heights(p, unit)), 20_000, strange.heights(p, unit) / 4 * 2000)
        assert np.max(np.abs(bars[4:] - drawn)) <= 0.5
        assert line == [0, round(2000 * p), 500, 500]
        assert np.max(np.abs(np.array(curve) / 4000 - strange.density(q, s))) <= 0.5 / 4000 + 1e-12


def test_a_number_is_tabled_over_what_it_varies_with(strange):
    bars, line, curve = strange.make().tables["marks"]
    assert [column["on"] for column in bars] == [[], ["p"], ["p"], [], ["p", "unit"], ["p", "unit"]]
    assert [len(column["values"]) for column in bars] == [1, 6, 6, 1, 12, 12]
    assert [column["on"] for column in line] == [[], ["p"], [], []]
    assert {tuple(column["on"]) for column in curve} <= {(), ("s",), ("q",), ("q", "s")}


def test_a_difference_is_free_of_the_last_bits(strange):
    seen = set()
    figure = strange.make(readouts=[Readout("gap", "gap", lambda delta: seen.add(delta) or 0.0)], sentence="")
    for values in strange.all_values(figure):
        figure.values = values
    assert sorted(seen) == [-1, -0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 1]
    figure.tables  # noqa: B018
    assert len(seen) == 11


def test_what_is_shown_is_what_is_computed_with():
    slider = Slider("s", "scale", steps=np.geomspace(0.25, 4, 13), start=0.4)
    assert slider.steps == (0.25, 0.31, 0.4, 0.5, 0.63, 0.79, 1.0, 1.26, 1.59, 2.0, 2.52, 3.17, 4.0)
    whole = Slider("n", "flips", steps=np.arange(1.0, 4.0), start=1, digits=0).steps
    assert whole == (1, 2, 3)
    assert all(type(step) is int for step in whole)


def test_setting_some_values_keeps_the_others_and_recomputes(strange):
    figure = strange.make()
    figure.values = {"p": 0.2 + 1e-17}
    assert figure.values == {"p": 0.2, "q": 0.2, "s": 2, "unit": "bit"}
    assert figure.frame["readouts"] == [2.322, 0.0]
    assert figure.sentence == ("At 0.20 and 0.20 with 2\xa0cm in bit: 2.322\xa0unit, 0.00 & done </script>.")
    figure.values = {"p": 0, "unit": "nat"}
    assert figure.sentence.startswith("At 0.00 and 0.20 with 2\xa0cm in nat: ∞\xa0unit, 0.30 ")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"p": 0.33}, "'p': 0.33 is not one of its steps; the nearest is 0.4"),
        ({"p": math.nan}, "'p': nan is not one of its steps"),
        ({"p": True}, "'p': True is not a number"),
        ({"unit": "ban"}, "'unit': 'ban' is not one of its options"),
        ({"r": 1}, "'r' is not a parameter"),
    ],
)
def test_values_that_are_no_steps_are_refused(strange, values, message):
    figure = strange.make()
    with pytest.raises(ValueError, match=re.escape(message)):
        figure.values = values
    assert figure.values == {"p": 0.4, "q": 0.2, "s": 2, "unit": "bit"}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: Slider("p", "P", steps=[0, 0.5, 1], start=0.2), "0.2 is not one of its steps; the nearest is 0.0"),
        (lambda _: Slider("p", "P", steps=[0.5], start=0.5), "steps=[0.5] must be at least two"),
        (lambda _: Slider("p", "P", steps=[0, math.inf], start=0), "finite"),
        (lambda _: Slider("p", "P", steps=[0.5, 0.501], start=0.5), "do not increase at 2 digits: 0.5, 0.5"),
        (lambda _: Slider("p q", "P", steps=[0, 1], start=0), "name='p q' is not a Python identifier"),
        (lambda _: Choice("c", "C", options=["a", "a"], start="a"), "options=('a', 'a')"),
        (lambda _: Choice("c", "C", options=["a", "b"], start="c"), "'c' is not one of its options"),
        (lambda _: Panel("T", "x", "y", (0, 0), (0, 1), []), "panel 'T': xlim=(0.0, 0.0)"),
        (lambda _: Panel("T", "x", "y", (0, 1), (0, 1), [Bars(len, "r")]), "role='r'"),
        (lambda figure: figure(readouts=[Readout("p", "again", len)]), "'p' is used more than once"),
        (lambda figure: figure(readouts=[Readout("r", "r", lambda z: z)]), "readout 'r' depends on 'z'"),
        (lambda figure: figure(sentence="Now {nothing}."), "sentence names 'nothing'"),
        (lambda figure: figure(differences={"delta": ("p", "s")}), "the steps of 'p' and 's' are not equal"),
        (lambda figure: figure(differences={"delta": ("p", "unit")}), "does not name two sliders"),
        (lambda figure: figure(parameters=[]), "at least one"),
        (
            lambda figure: figure(readouts=[Readout("r", "r", lambda p, unit: math.nan)], sentence=""),
            "readout 'r' at p=0.4, unit='bit': the value is NaN",
        ),
        (
            lambda figure: figure(panels=[Panel("T", "x", "y", (0, 1), (0, 1), [Curve(lambda p: [p], "p", x=[0, 1])])]),
            "curve in panel 'T' at p=0.4: x has shape (2,) and y has shape (1,)",
        ),
        (
            lambda figure: figure(panels=[Panel("T", "x", "y", (0, 1), (0, 1), [Bars(lambda: ([0], [-1], [1]), "p")])]),
            "bars in panel 'T' at any values: left=[0.], width=[-1.]",
        ),
        (
            lambda figure: figure(
                panels=[Panel("T", "x", "y", (0, 1), (0, 1), [Bars(lambda: ([0], [1], [math.nan]), "p")])]
            ),
            "height is NaN at index 0",
        ),
    ],
)
def test_a_figure_that_cannot_be_is_refused_with_its_reason(strange, make, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make(strange.make)


def test_a_value_that_is_undefined_somewhere_stops_the_page(strange):
    figure = strange.make(readouts=[Readout("r", "r", lambda p: math.nan if p == 1 else p)], sentence="")
    with pytest.raises(ValueError, match=r"readout 'r' at p=1\.0: the value is NaN"):
        figure.page()


def test_a_table_too_large_for_a_page_is_refused():
    sliders = [Slider(name, name, steps=range(13), start=0, digits=0) for name in "abcd"]
    panel = Panel("", "x", "y", (0, 1), (0, 1), [])
    with pytest.raises(ValueError, match="readout 'r' needs 28561 rows, more than 20000"):
        Explorer(
            "t", parameters=sliders, panels=[panel], readouts=[Readout("r", "r", lambda a, b, c, d: 0)], sentence=""
        )


def test_the_output_has_a_form_for_every_host_and_is_the_same_in_every_build(strange):
    figure = strange.make()
    data, metadata = figure._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == figure.model_id
    assert data["text/plain"] == metadata["image/png"]["alt"] == figure.sentence
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    again = strange.make()._repr_mimebundle_()[0]
    assert (data["text/html"], data["image/png"]) == (again["text/html"], again["image/png"])


def test_a_four_slider_figure_fits_in_150_kilobytes():
    page = four_sliders().page()
    assert len(gzip.compress(page.encode())) < 150_000
