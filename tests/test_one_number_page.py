"""The page *One number, seven views*: its views of any valid pair, and its figures."""

import gzip
import itertools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kltools import one_number
from kltools.figures import one_number as figures
from kltools.one_number import seven_views

PROPERTY = settings(deadline=None, derandomize=True, max_examples=60)
EXACT = ("surprise", "geometry", "optimization", "ELBO")
RARE = 1e-9  # the probability with which chance may break a test
COIN = np.array([0.7, 0.3]), np.array([0.4, 0.6])


def told(views):
    """What is printed, on one line."""
    return " ".join(repr(views).split())


def normalized(weights):
    return np.array(weights) / math.fsum(weights)


@st.composite
def pairs(draw, least=2, most=8):
    """P with zeros and rare outcomes, Q down to 1e-6."""
    k = draw(st.integers(least, most))
    q = normalized([10.0 ** draw(st.floats(-5, 0)) for _ in range(k)]) * (1 - k * 1e-6) + 1e-6
    weights = [draw(st.just(0.0) | st.floats(0.01, 1) | st.floats(-6, 0).map(lambda x: 10.0**x)) for _ in range(k)]
    weights[draw(st.integers(0, k - 1))] = 1.0
    return normalized(weights), q / q.sum()


def moments(p, q):
    """Return D(p||q), the standard deviation of the log-ratio and its greatest deviation, by 50-digit arithmetic."""
    with mpmath.workdps(50):
        p, q = ([mpmath.mpf(float(x)) for x in v] for v in (p, q))
        p, q = ([x / mpmath.fsum(v) for x in v] for v in (p, q))
        ratios = [(x, mpmath.log(x / y)) for x, y in zip(p, q, strict=True) if x > 0]
        mean = mpmath.fsum(x * r for x, r in ratios)
        variance = mpmath.fsum(x * (r - mean) ** 2 for x, r in ratios)
        return float(mean), float(mpmath.sqrt(variance)), float(max(abs(r - mean) for _, r in ratios))


def require_seven_rows(p, q, n, seed):
    """Each row agrees: exact ones to rounding, bounds for certain, samples with the very draws they were made from."""
    views = seven_views(p, q, rng=np.random.default_rng(seed), n=n)
    truth, deviation, greatest = moments(p, q)
    assert len(views) == 7
    possible = p > 0
    rng = np.random.default_rng(seed)
    ideal = [np.log(p[possible] / q[possible])[np.cumsum(possible)[rng.choice(p.size, n, p=p)] - 1] for _ in "ab"]
    chance = math.log(2 / RARE)
    for view in views:
        if view.name in EXACT:
            assert view.value == pytest.approx(truth, abs=1e-12 * max(1, truth))
            assert view.low == view.high == view.value
        elif view.name == "hypothesis testing":
            assert view.low - 1e-12 <= truth <= view.high + 1e-12
            assert view.standard_error == 0
        else:
            mean = ideal[view.name == "likelihood"].mean()
            assert view.low - 1e-9 <= mean <= view.high + 1e-9
            assert view.standard_error == pytest.approx(deviation / math.sqrt(n), rel=1e-6, abs=1e-14)
            # Bernstein's inequality holds whatever the pair; four standard errors do not
            reach = view.standard_error * math.sqrt(2 * chance) + greatest * chance * 2 / (3 * n)
            assert view.low - reach - 1e-12 <= truth <= view.high + reach + 1e-12
    return views, truth


@PROPERTY
@given(pairs(), st.sampled_from([1, 30, 1000]), st.integers(0, 1000))
def test_seven_rows_agree_on_any_pair(pair, n, seed):
    require_seven_rows(*pair, n, seed)


@pytest.mark.parametrize("n", [10, 10_000])
def test_seven_rows_agree_on_sixty_four_symbols(n):
    rng = np.random.default_rng(0)
    for concentration in (0.1, 1, 10):
        p, q = rng.dirichlet(np.full(64, concentration)), 10.0 ** rng.uniform(-5, 0, 64)
        p[(rng.random(64) < 0.3) | (p < 1e-12)] = 0
        require_seven_rows(p / p.sum(), normalized(q) * (1 - 64e-6) + 1e-6, n, seed=1)


def test_four_standard_errors_are_exceeded_as_seldom_as_is_said():
    """On lumpy pairs Chebyshev's 1/16 bounds the share of exceptions for each pair, so for all of them."""
    rng = np.random.default_rng(2)
    outside = []
    for _ in range(300):
        k = rng.integers(2, 9)
        p, q = normalized(10.0 ** rng.uniform(-6, 0, k)), normalized(10.0 ** rng.uniform(-5, 0, k))
        truth, deviation, _ = moments(p, q)
        for view in (one_number._coding, one_number._likelihood):  # the test takes long, and knows no chance
            _, error, (low, high), *_ = view(p, q, 100, rng, deviation / 10)
            outside.append(not low - 4 * error - 1e-12 <= truth <= high + 4 * error + 1e-12)
    assert np.mean(outside) <= 1 / 16


@PROPERTY
@given(pairs(), st.integers(0, 7))
def test_an_infinite_divergence_is_told_by_every_view(pair, place):
    p, q = pair
    place = np.flatnonzero(p)[place % np.count_nonzero(p)]
    q[place] = 0
    views = seven_views(p, q / q.sum(), rng=np.random.default_rng(0), n=10)
    rng = np.random.default_rng(0)
    kept = (p > 0) | (q > 0)  # the coder refuses before it draws: the likelihood's sample is the first
    sample = np.flatnonzero(kept)[rng.choice(np.count_nonzero(kept), 10, p=p[kept])]
    for view in views:
        assert view.high == np.inf
        assert f"{view.name}: {view.how}" in told(views)
        if view.name in (*EXACT, "coding"):
            assert view.value == view.low == np.inf
    assert (views[2].value == np.inf) == (place in sample)
    assert (views[3].value == np.inf) == ((1 - p[place]) ** 10 <= 0.05)


@pytest.mark.parametrize(
    ("p", "q", "silent"),
    [
        ([0.5, 0.5], [1e-16, 1 - 1e-16], {"coding"}),
        ([1 - 1e-16, 1e-16], [0.3, 0.7], {"coding"}),
        ([0.5, 0.5, 0], [1e-300, 1 - 1e-15, 1e-15], {"coding"}),
        ([0.5, 0.5], [1e-320, 1.0], {"coding", "optimization"}),
    ],
)
def test_a_view_that_cannot_be_computed_says_so_and_the_others_agree(p, q, silent):
    views = seven_views(p, q, rng=np.random.default_rng(0), n=500)
    truth = moments(np.array(p), np.array(q))[0]
    assert {view.name for view in views if np.isnan(view.value)} == silent
    for view in views:
        allowed = 4 * view.standard_error + 1e-12 * truth
        assert view.low - allowed <= truth <= view.high + allowed
        explained = f"{view.name}: {view.how}" in told(views)
        assert explained == (view.name in silent) == (view.limit == "not computable")
        if view.name in EXACT and view.name not in silent:
            assert view.value == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        ([0, 0.5, 0.5], [1e-16, 0.5, 0.5]),
        ([0, 0.3, 0, 0.7], [1e-300, 0.6, 3e-15, 0.4]),
        ([0.25, 0.75, *[0] * 60_000], [0.5, 0.5, *[3e-15] * 60_000]),
    ],
)
def test_letters_that_are_never_sent_do_not_trouble_the_coder(p, q):
    n = 2000
    views = seven_views(p, q / np.sum(q), rng=np.random.default_rng(3), n=n)
    sent = np.random.default_rng(3).choice(np.flatnonzero(p), n, p=np.compress(p, p))
    ideal = np.log(np.divide(p, q)[sent]).mean() + np.log(np.sum(q))
    assert abs(views[0].value - ideal) <= 10 * math.log(2) / n
    assert views[0].low <= ideal <= views[0].high


# The figures


def test_the_words_of_the_ranges_are_those_of_the_views():
    views = seven_views(*COIN, rng=np.random.default_rng(0), n=400)
    truth = moments(*COIN)[0]
    words = figures.seven_ranges(views, truth).description
    for view in views:
        assert f"{view.name} {view.value:.4f}" in words
    likelihood = views[2]
    low, high = (likelihood.value + sign * 4 * likelihood.standard_error for sign in (-1, 1))
    assert f"({low:.4f} to {high:.4f})" in words
    assert words.endswith("D lies in 7 of the 7 ranges.")
    assert figures.seven_ranges(views, truth + 1).description.endswith("D lies in 0 of the 7 ranges.")


def test_the_map_tells_its_lines_and_arrows():
    words = figures.view_map().description
    for one, other in figures.RESTATE:
        assert f"{one} and {other}" in words
    assert all(f"{name} adds" in words for name in figures.ADD)
    assert "Testing adds the law for finite n" in words
    assert "ELBO, which reverses the slots" in words
    assert {name for pair in figures.RESTATE for name in pair} | {*figures.ADD, "ELBO"} == set(figures.PLACES)


def test_the_words_of_the_map_lie_in_their_boxes_and_its_arrows_touch_them():
    figure = figures.view_map().figure
    figure.draw_without_rendering()  # lays it out
    axes = figure.axes[0]
    frame, *boxes = [patch.get_window_extent() for patch in axes.patches]
    texts = [text for text in axes.texts if text.get_text()]
    for name, box in zip(figures.PLACES, boxes, strict=True):
        text = next(text for text in texts if text.get_text().startswith(name + "\n")).get_window_extent()
        assert box.x0 + 3 < text.x0 < text.x1 < box.x1 - 3
        assert box.y0 + 3 < text.y0 < text.y1 < box.y1 - 3
        inside = frame.x0 < box.x0 < box.x1 < frame.x1 and frame.y0 < box.y0 < box.y1 < frame.y1
        assert inside == (name not in (*figures.ADD, "ELBO"))
    places = dict(zip(figures.PLACES, boxes, strict=True))
    arrows = [text for text in axes.texts if not text.get_text()]
    for name, arrow in zip((*figures.ADD, "ELBO"), arrows, strict=True):
        (_, tip), (_, foot) = (axes.transData.transform(end) for end in (arrow.xy, arrow.xyann))
        assert tip == pytest.approx(places[name].y1, abs=1.5)
        assert foot == pytest.approx(places["Optimization"].y0 if name == "ELBO" else frame.y0, abs=1.5)


@pytest.fixture(scope="module")
def explorer():
    return figures.two_coins()


def readouts(explorer):
    names = [part["name"] for part in explorer.spec["readouts"]]
    return dict(zip(names, explorer.frame["readouts"], strict=True))


@pytest.mark.parametrize(("p", "q", "n"), [(0.7, 0.4, 100), (0.05, 0.95, 1000), (0.5, 0.5, 10_000), (0.9, 0.1, 100)])
def test_the_interactive_figure_shows_the_seven_values(explorer, p, q, n):
    explorer.values = {"p_heads": p, "q_heads": q, "n": str(n)}
    shown = readouts(explorer)
    (truth, deviation, _), back = moments([p, 1 - p], [q, 1 - q]), moments([q, 1 - q], [p, 1 - p])[0]
    for name in EXACT:
        assert shown[name] == pytest.approx(truth, abs=5.01e-5)
    error = deviation / math.sqrt(n)
    assert shown["error"] == pytest.approx(error, abs=5.01e-5)
    assert abs(shown["likelihood"] - truth) <= 4.5 * error + 5.01e-5
    assert abs(shown["coding"] - truth) <= 4.5 * error + 10 * math.log(2) / n + 5.01e-5
    assert abs(shown["hypothesis_testing"] - truth) < 5 / n + 5.01e-5
    assert shown["bits"] == pytest.approx(truth / math.log(2), abs=5.01e-5)
    assert shown["decibans"] == pytest.approx(10 * truth / math.log(10), abs=5.01e-5)
    assert shown["reverse"] == pytest.approx(back, abs=5.01e-5)
    assert f"{p:.2f}" in explorer.sentence


def test_the_interactive_figure_hides_no_value_and_cuts_ranges_only_at_a_hundred_flips():
    (bottom, top) = figures.two_coins().spec["panels"][1]["ylim"]
    for p, q, n in itertools.product((0.05, 0.3, 0.5, 0.7, 0.95), (0.05, 0.4, 0.65, 0.95), (100, 1000, 10_000)):
        truth = moments([p, 1 - p], [q, 1 - q])[0]
        for view in figures._views(p, q, n):
            assert bottom < view.value - truth < top
            low, high = (end - truth for end in figures._range(view))
            assert n == 100 or bottom < low <= high < top


@pytest.mark.parametrize(("p", "q", "n"), [(0.7, 0.7, 100), (0.7, 0.65, 100), (0.7, 0.4, 1000)])
def test_the_interactive_figure_draws_every_view_about_the_line_of_d(explorer, p, q, n):
    explorer.values = {"p_heads": p, "q_heads": q, "n": str(n)}
    rule, *ranges, points = explorer.frame["marks"][2:]
    places, heights = np.reshape(points, (2, 7))
    truth = moments([p, 1 - p], [q, 1 - q])[0]
    views = figures._views(p, q, n)
    assert rule == [1000]
    assert list(np.diff(places)) == pytest.approx([2000 / 7.2] * 6, abs=1)
    assert heights == pytest.approx([1000 + 2000 * (view.value - truth) for view in views], abs=0.6)
    for view, drawn in zip((views[0], views[2], views[3]), ranges, strict=True):
        across, up = np.reshape(drawn, (2, 6))
        ends = [view.low - 4 * view.standard_error, view.high + 4 * view.standard_error]
        assert [up.min(), up.max()] == pytest.approx([1000 + 2000 * (end - truth) for end in ends], abs=0.6)
        assert across.mean() == pytest.approx(places[views.index(view)], abs=1)


def test_the_interactive_figure_is_light(explorer):
    assert len(gzip.compress(explorer.page().encode())) < 150_000
