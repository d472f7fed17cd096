"""Points, bands and rules, and logarithmic axes: their rows, the drawing in a browser, and the still picture."""

import itertools
import math
import re

import numpy as np
import pytest

from kltools._explore_still import MARKERS
from kltools._explore_tables import log_ticks
from kltools.explore import Band, Bars, Curve, Explorer, Panel, Points, Rule, Slider
from kltools.figures.style import ROLES, svg_text

X = [0, 0.5, 1]


def points(t):
    """Three points: one moves along, one moves up and out of the panel, one is always outside."""
    return [t, 0.25, math.inf], [1, 4 * t, 1]


def band(t):
    return [-1, t, -math.inf], [t, 2, math.inf]


def make(*marks, **panel):
    """Return a figure of one panel, 0 to 1 and 0 to 2 unless told otherwise, that depends on t."""
    options = {"xlim": (0, 1), "ylim": (0, 2), **panel}
    panels = [Panel("Panel", xlabel="x", ylabel="y", marks=marks, **options)]
    slider = Slider("t", "t", steps=[0, 0.25, 0.75], start=0.25)
    return Explorer("Marks", parameters=[slider], panels=panels, sentence="At {t}.")


def scene():
    return make(
        Band(band, "q", x=X, label="between"),
        Points(points, "p", label="found", labels=["one", "two", "three"]),
        Rule(lambda t: [2 * t, -t], "neutral", label="level"),
        Rule(lambda t: t, "accent", label="threshold", vertical=True),
    )


ROWS = {
    0.25: ([-1000, 250, -20_000, 250, 2000, 20_000], [500, 500, 20_000, 1000, 1000, 1000], [500, -250], [500]),
    0.75: ([-1000, 750, -20_000, 750, 2000, 20_000], [1500, 500, 20_000, 1000, 3000, 1000], [1500, -750], [1500]),
}


@pytest.mark.parametrize("t", ROWS)
def test_a_row_holds_places_in_2000ths_of_the_axes(t):
    figure = scene()
    figure.values = {"t": t}
    assert figure.frame["marks"] == list(ROWS[t])


def test_a_number_of_a_mark_is_tabled_over_what_it_varies_with():
    between, found, level, threshold = scene().tables["marks"]
    assert [column["on"] for column in between] == [[], ["t"], [], ["t"], [], []]
    assert found[0] == {"on": ["t"], "values": [0, 500, 1500]}
    assert [column["on"] for column in found] == [["t"], [], [], [], ["t"], []]
    assert level[1] == {"on": ["t"], "values": [0, -250, -750]}
    assert threshold == [{"on": ["t"], "values": [0, 500, 1500]}]


def on_log(*marks):
    return make(*marks, xlim=(1, 1000), ylim=(1e-12, 1), xscale="log", yscale="log")


def test_a_logarithmic_axis_counts_in_powers_and_zero_lies_below_it():
    figure = on_log(
        Points(lambda t: ([1, 10, 1000, 1], [1e-12, 1e-6, 1, 10.0 ** (-4 * t)]), "p"),
        Curve(lambda: [0, 1e-9, math.inf], "q", x=[1, 10, 100]),
        Bars(lambda: ([1, 10], [9, 90], [1e-3, 0]), "neutral"),
    )
    assert figure.frame["marks"][0] == [0, 667, 2000, 0, 0, 1000, 2000, 1833]
    assert figure.frame["marks"][1] == [-20_000, 500, 20_000]
    assert figure.frame["marks"][2] == [0, 667, 667, 1333, 1500, -20_000]
    assert figure.spec["panels"][0]["marks"][1]["x"] == [0, 667, 1333]


@pytest.mark.parametrize(
    ("limits", "ticks"),
    [
        ((1e-12, 1), {"10⁻¹²": 1e-12, "10⁻⁹": 1e-9, "10⁻⁶": 1e-6, "10⁻³": 1e-3, "1": 1}),
        ((1, 1000), {"1": 1, "10": 10, "100": 100, "1000": 1000}),
        ((0.0009, 1.1), {"0.001": 0.001, "0.01": 0.01, "0.1": 0.1, "1": 1}),
        ((1, 100), {"1": 1, "3": 3, "10": 10, "30": 30, "100": 100}),
        ((0.03, 0.7), {"0.05": 0.05, "0.1": 0.1, "0.2": 0.2, "0.5": 0.5}),
        ((2, 4), {"2": 2, "3": 3, "4": 4}),
        ((2e-7, 2e-6), {"2·10⁻⁷": 2e-7, "5·10⁻⁷": 5e-7, "10⁻⁶": 1e-6, "2·10⁻⁶": 2e-6}),
        ((1e7, 1e40), {"10¹²": 1e12, "10¹⁸": 1e18, "10²⁴": 1e24, "10³⁰": 1e30, "10³⁶": 1e36}),
        ((1.1, 1.9), {}),
    ],
)
def test_a_logarithmic_axis_is_marked_at_round_numbers(limits, ticks):
    assert {label: value for value, label in log_ticks(limits)} == ticks


# What the browser draws: each mark's paths, names and clipping, and the panel's edges, in pixels of the drawing.
DRAWN = """() => {
  const svg = document.querySelector("svg[role=img]"), box = svg.querySelector("clipPath rect");
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
  const groups = [...svg.querySelectorAll("g:not([text-anchor])")];
  return {
    edges: [x + 2, y + 2, x + width - 2, y + height - 2],
    marks: groups.map((group) => [...group.children].map((path) => path.getAttribute("d") ?? "")),
    clipped: groups.map((group) => group.hasAttribute("clip-path")),
    names: [...svg.querySelectorAll(".kl-tag")].map((node) => [node.textContent, Number(node.getAttribute("x")),
      Number(node.getAttribute("y")), node.getBBox().width]),
    words: [...svg.querySelectorAll("text:not(.kl-tag)")].map((node) => node.textContent),
    legend: [...svg.querySelectorAll(":scope > path")].map((path) => path.getAttribute("d")),
  };
}"""


@pytest.fixture
def show(tmp_path, open_page):
    def open_figure(figure):
        page = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Marks</title>{figure.page()}</html>'
        (tmp_path / "page.html").write_text(page, "utf-8")
        opened = open_page((tmp_path / "page.html").as_uri())
        assert opened.errors == []
        return opened.page

    return open_figure


def spots(path, pattern=r"[ML](\S+) ([\d.-]+)"):
    """Return the places that a path goes to."""
    return [tuple(map(float, found)) for found in re.findall(pattern, path)]


@pytest.mark.parametrize("t", ROWS)
def test_each_mark_stands_at_its_place_in_the_browser(show, t):
    page = show(scene())
    page.focus("input")
    page.keyboard.press("End" if t == 0.75 else "Home")
    if t == 0.25:
        page.keyboard.press("ArrowRight")
    drawn = page.evaluate(DRAWN)
    left, top, right, bottom = drawn["edges"]

    def at(x, y):
        return pytest.approx((left + x * (right - left), bottom - y / 2 * (bottom - top)), abs=0.06)

    between, found, level, threshold = drawn["marks"]
    far = 20  # ten axis lengths
    corners = [at(0, -1), at(0.5, t), at(1, -far), at(1, far), at(0.5, 2), at(0, t)]
    assert spots(between[0]) == corners
    assert spots(between[1]) == [*corners[:3], *reversed(corners[3:])]
    marker = MARKERS["p"][1]
    inside = [(t, 1), (0.25, 1)] if t == 0.25 else [(t, 1)]  # at 0.75 the second is above the panel
    assert found[0].count(marker) == len(inside)
    assert spots(found[0].replace(marker, "")) == [at(*place) for place in inside]
    assert [name for name, *_ in drawn["names"]] == ["one", "two"][: len(inside)]
    (_, x, _, width), *others = drawn["names"]
    beside = 10 + width / 2  # from the middle of a point to that of its name, on the side of the panel's middle
    assert (x - left - t * (right - left)) * (1 if t <= 0.5 else -1) == pytest.approx(beside, abs=2)
    for _, other, _, other_width in others:  # the second point lies on the first: its name stands on its other side
        assert other == pytest.approx(left + t * (right - left) - 10 - other_width / 2, abs=2)
    ((x, y),) = spots(level[1])  # the level below zero is not drawn
    assert (x, y) == at(0, 2 * t)
    assert level[1].endswith(f"H{right:g}")
    assert spots(threshold[1]) == [pytest.approx((left + t * (right - left), top), abs=0.06)]
    assert threshold[1].endswith(f"V{bottom:g}")
    assert drawn["clipped"] == [True, False, True, True]


CROWD = {"P*": (0.5, 1), "S": (0.5, 0.9), "R": (0.5, 1.05), "Q": (0.46, 1), "T": (1, 1), "U": (1, 1.1)}


@pytest.mark.parametrize("moved", CROWD)
def test_no_name_of_a_point_stands_on_a_point_or_a_name(show, moved):
    """Points nearer to one another than their names are long, each of them in turn moved onto another."""
    places = CROWD | {moved: (0.5, 0.95)}
    figure = make(Points(lambda: tuple(zip(*places.values(), strict=True)), "p", labels=list(places)))
    drawn = show(figure).evaluate(DRAWN)
    left, top, right, bottom = drawn["edges"]
    boxes = [(x, y - 4.5, width / 2, 5) for _, x, y, width in drawn["names"]]
    dots = [(left + x * (right - left), bottom - y / 2 * (bottom - top), 4, 4) for x, y in places.values()]
    for one, other in itertools.combinations([*boxes, *dots], 2):
        if one in boxes:
            apart = abs(one[0] - other[0]) >= one[2] + other[2], abs(one[1] - other[1]) >= one[3] + other[3]
            assert any(apart), (one, other)
    (ax,) = figure.still().axes
    still = [(text.xy, text.xyann) for text in ax.texts]
    assert len(set(still)) == len(places)


# Whether the mark's area or line is what the pointer meets at a place of the panel, given in parts of its axes.
HIT = """([mark, x, y]) => {
  const svg = document.querySelector("svg[role=img]"), box = svg.querySelector("clipPath rect");
  const [left, top, width, height] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
  const point = new DOMPoint(left + 2 + x * (width - 4), top + height - 2 - y * (height - 4));
  const { x: across, y: down } = point.matrixTransform(svg.getScreenCTM());
  const group = svg.querySelectorAll("g:not([text-anchor])")[mark];
  return document.elementsFromPoint(across, down).some((node) => node.parentNode === group);
}"""


def test_an_area_or_a_line_that_leaves_the_panel_is_cut_at_its_edge(show):
    page = show(
        make(
            Band(lambda t: ([0, 0], [math.inf, 8 * t]), "q", x=[0, 1]), Curve(lambda t: ([0.5, 0.5 + t], [1, 200]), "p")
        )
    )
    path = page.evaluate(DRAWN)["marks"][1][1]
    assert spots(path)[1][1] < -1000, "the path itself goes far beyond"
    for step in range(2):
        for mark, x in ((0, 0.2), (1, 0.5)):
            assert page.evaluate(HIT, [mark, x, 0.98 if mark == 0 else 0.505]), (step, mark)
            assert not page.evaluate(HIT, [mark, x, 1.03])
            assert not page.evaluate(HIT, [mark, x, -0.03])
        assert not page.evaluate(HIT, [1, 0.9, 0.99]), "nothing runs along the edge"
        page.focus("input")
        page.keyboard.press("ArrowRight")
    assert not page.evaluate(HIT, [0, 1.02, 0.5])


def test_the_legend_shows_each_mark_with_its_shape(show):
    drawn = show(scene()).evaluate(DRAWN)
    samples = [re.sub(r"^M\S+ \S+?(?=[a-z])", "", path) for path in drawn["legend"][:4]]
    assert samples == ["h24v13h-24Z", MARKERS["p"][1], "h26", "v17"]
    for word in ("between", "found", "level", "threshold"):
        assert word in drawn["words"]


def test_each_role_has_a_marker_of_its_own(show):
    assert MARKERS.keys() == ROLES.keys()
    figure = make(*(Points(lambda t: ([t], [1]), role) for role in ROLES))
    shapes = [re.sub(r"^M\S+ [\d.]+", "", area) for area, _ in show(figure).evaluate(DRAWN)["marks"]]
    assert len(set(shapes)) == len(ROLES)
    (ax,) = figure.still().axes
    assert len({line.get_marker() for line in ax.lines}) == len(ROLES)


def test_a_logarithmic_panel_in_the_browser_marks_its_powers(show):
    drawn = show(
        on_log(Points(lambda t: ([10], [10.0 ** (-4 * t)]), "q"), Bars(lambda: ([1], [9], [1e-6]), "p"))
    ).evaluate(DRAWN)
    left, top, right, bottom = drawn["edges"]
    (place,) = spots(drawn["marks"][0][0].replace(MARKERS["q"][1], ""))
    assert place == pytest.approx((left + (right - left) / 3, top + (bottom - top) / 12), abs=0.2)
    bar = re.match(r"M\S+ (\S+)V(\S+)H", drawn["marks"][1][0])
    assert float(bar[1]) > bottom + 2, "the foot of a bar lies below the panel: there is no zero to stand on"
    assert float(bar[2]) == pytest.approx((top + bottom) / 2, abs=0.1)
    assert {"10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "1", "10", "100", "1000"} <= set(drawn["words"])


def test_named_places_stand_on_the_axis_instead_of_numbers(show):
    options = {"xlim": (-0.5, 1.5), "xnames": [(0, "none"), (1, "both")]}
    figure = make(Bars(lambda: ([-0.4, 0.6], [0.8, 0.8], [1, 2]), "p"), **options)
    words = show(figure).evaluate(DRAWN)["words"]
    assert {"none", "both"} <= set(words)
    assert "−0.5" not in words
    (ax,) = figure.still().axes
    assert [text.get_text() for text in ax.get_xticklabels()] == ["none", "both"]
    with pytest.raises(ValueError, match="'far' stands at 2"):
        make(Bars(lambda: ([0], [1], [1]), "p"), xlim=(0, 1), xnames=[(2, "far")])


def test_the_name_of_a_bar_outside_the_panel_is_not_drawn(show):
    figure = make(Bars(lambda: ([0.1, 0.5, 0.9], [0.4, 0.4, 0.6], [1, -1, 1]), "p", labels=["in", "low", "out"]))
    assert [name for name, *_ in show(figure).evaluate(DRAWN)["names"]] == ["in"]
    assert [text.get_text() for text in figure.still().axes[0].texts] == ["in"]


@pytest.mark.parametrize("t", ROWS)
def test_the_still_picture_shows_the_same(t):
    figure = scene()
    figure.values = {"t": t}
    picture = figure.still()
    (ax,) = picture.axes
    inside = [(t, 1), (0.25, 1)] if t == 0.25 else [(t, 1)]
    (dots,) = [line for line in ax.lines if line.get_marker() == "o"]
    assert dots.get_xydata().tolist() == [pytest.approx(place) for place in inside]
    assert [text.get_text() for text in ax.texts] == ["one", "two"][: len(inside)]
    straight = [line.get_xydata().tolist() for line in ax.lines if len(line.get_xydata()) == 2]
    assert [[0, 2 * t], [1, 2 * t]] in straight
    assert [[t, 0], [t, 1]] in straight  # the second number is a part of the axis
    assert not any(line[0][1] < 0 for line in straight)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["between", "found", "level", "threshold"]
    assert {tuple(corner) for corner in ax.collections[0].get_paths()[0].vertices} >= {(0.5, t), (0.5, 2), (0, t)}
    assert all(shade.get_clip_on() for shade in ax.collections)
    pattern = re.search(r"<pattern.*?</pattern>", svg_text(picture), re.DOTALL)[0]
    assert 'fill="none"' in pattern.split("<path")[0], "the hatch is painted over"


def test_the_still_picture_has_the_logarithmic_axes():
    n = np.array([1.0, 10, 100, 1000])
    exact = np.exp(-0.1 * n)
    figure = on_log(Curve(lambda: exact, "p", x=n), Points(lambda t: ([0.5, 10], [0.1, 0]), "q"))
    picture = figure.still()
    picture.draw_without_rendering()
    (ax,) = picture.axes
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "1"]
    assert [text.get_text() for text in ax.get_xticklabels(which="both")] == ["1", "10", "100", "1000"]
    curve, dots = ax.lines
    unit = 12 * math.log(10) / 2000  # a coordinate is rounded to one part in 2000 of the axis
    assert np.max(np.abs(np.log(curve.get_ydata()) - np.log(exact))) <= unit / 2 + 1e-12
    assert len(dots.get_xydata()) == 0


@pytest.mark.parametrize(
    ("panel", "foot"), [({}, 0), ({"ylim": (-1, 1)}, 0), ({"ylim": (0.1, 10), "yscale": "log"}, 1e-3)]
)
def test_a_filled_curve_stands_on_zero_and_below_a_logarithmic_axis(panel, foot):
    figure = make(Curve(lambda: [0.5, 0.5], "p", x=[0, 1], fill=True), **panel)
    for shade in figure.still().axes[0].collections:
        assert shade.get_paths()[0].vertices[:, 1].min() == pytest.approx(foot)


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        (lambda: Points(lambda: ([], []), "p"), "points in panel 'Panel' at any values: x has shape (0,)"),
        (lambda: Points(lambda t: ([t], [t, t]), "p"), "at t=0.25: x has shape (1,) and y has shape (2,)"),
        (lambda: Points(lambda: (0.5, 0.5), "p"), "x has shape ()"),
        (lambda: Points(lambda: ([0.5], [math.nan]), "p"), "y is NaN at index 0"),
        (lambda: Points(lambda: ([0.5], [1]), "p", labels=["a", "b"]), "there are 1 points and labels=['a', 'b']"),
        (lambda: Points(lambda: ([0.5], [1]), "r"), "role='r'"),
        (lambda: Band(lambda: ([0, 0], [1]), "p", x=[0, 1]), "x, lower, upper have shapes (2,), (2,), (1,)"),
        (lambda: Band(lambda: ([0], [1]), "p", x=[0]), "not (n,) with n at least 2"),
        (lambda: Band(lambda: ([], []), "p", x=[]), "x has shape (0,)"),
        (lambda: Band(lambda: ([0, 1], [1, 0]), "p", x=[0, 1]), "lower=1.0 is above upper=0.0 at index 1"),
        (lambda: Band(lambda: ([0, math.nan], [1, 1]), "p", x=[0, 1]), "lower is NaN at index 1"),
        (lambda: Band(lambda: ([0, 0], [1, 1]), "blue", x=[0, 1]), "role='blue'"),
        (lambda: Rule(lambda: np.array([]), "p"), "rule in panel 'Panel' at any values: level has shape (0,)"),
        (lambda: Rule(lambda: [[1]], "p"), "level has shape (1, 1)"),
        (lambda: Rule(lambda t: math.nan, "p"), "rule in panel 'Panel' at t=0.25: level is NaN"),
        (lambda: Rule(lambda: 1, "r"), "role='r'"),
        (lambda: Curve(lambda: ([], []), "p"), "x has shape (0,)"),
    ],
)
def test_a_mark_that_cannot_be_drawn_is_refused_with_its_reason(mark, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make(mark())


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        ({"xscale": "symlog"}, "xscale='symlog' is neither 'linear' nor 'log'"),
        ({"yscale": "log"}, "ylim=(0.0, 2.0) must be positive on a logarithmic axis"),
        ({"yscale": "log", "ylim": (1.1, 1.9)}, "ylim=(1.1, 1.9) hold fewer than two round numbers"),
        ({"yscale": "log", "ylim": (1, 10)}, "rule in panel 'Panel' at t=0.25: -0.25 is negative"),
    ],
)
def test_an_axis_that_cannot_be_is_refused_with_its_reason(panel, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make(Rule(lambda t: -t, "p"), **panel)


def test_a_number_of_points_that_changes_stops_the_page():
    figure = make(Points(lambda t: ([t] * (1 + (t > 0.5)), [t] * (1 + (t > 0.5))), "p"))
    with pytest.raises(ValueError, match="points in panel 'Panel' must always have as many"):
        figure.page()
