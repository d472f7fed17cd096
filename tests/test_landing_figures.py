"""The two figures of the landing page against 30-digit arithmetic, quadrature and the curves they draw."""

import gzip
import itertools

import numpy as np
import pytest
from mpmath import mp
from scipy import stats
from scipy.integrate import quad

from kltools.figures import landing

PER_NAT = {"nat": 1, "bit": 1 / mp.log(2), "deciban": 10 / mp.log(10)}


def shown(figure, **values):
    figure.values = values
    names = [part["name"] for part in figure.spec["readouts"]]
    return dict(zip(names, figure.frame["readouts"], strict=True))


def coin_divergence(p, q):
    p, q = mp.mpf(str(p)), mp.mpf(str(q))
    return p * mp.log(p / q) + (1 - p) * mp.log((1 - p) / (1 - q))


@pytest.mark.parametrize("unit", PER_NAT)
@pytest.mark.parametrize(("p", "q"), [(0.7, 0.4), (0.4, 0.7), (0.01, 0.99), (0.99, 0.05), (0.55, 0.55), (0.3, 0.7)])
def test_six_readings_give_the_divergence_and_the_seventh_the_reverse(p, q, unit):
    with mp.workdps(30):
        there, back = (float(PER_NAT[unit] * coin_divergence(*pair)) for pair in ((p, q), (q, p)))
    readings = list(shown(landing.seven_readings(), p=p, q=q, unit=unit).values())
    assert readings == pytest.approx([there] * 6 + [back], abs=5.1e-7)


def test_the_readings_agree_at_every_step():
    by_name = landing.seven_readings().tables["readouts"]
    *six, seventh = (np.array(table["values"]).reshape(21, 21, 3) for [table] in by_name)
    for reading in six[1:]:
        assert reading == pytest.approx(six[0], abs=1.1e-6)
    assert seventh == pytest.approx(six[0].transpose(1, 0, 2), abs=1.1e-6)


def integrand(x, p, q):
    return p.pdf(x) * (p.logpdf(x) - q.logpdf(x))


def pieces(p, q):
    """Integrate the positive and the negative part between the places where the densities cross."""
    x = np.linspace(p.mean() - 12 * p.std(), p.mean() + 12 * p.std(), 4001)
    crossing = x[1:][np.diff(np.sign(p.logpdf(x) - q.logpdf(x))) != 0]

    def part(sign):
        def area(t):
            return max(sign * integrand(t, p, q), 0.0)

        return sign * quad(area, x[0], x[-1], points=crossing, limit=400, epsabs=1e-10)[0]

    return part(1), part(-1)


NORMALS = [(0, 1, 1, 2), (1, 2, 0, 1), (0, 1, 0, 2), (-3, 0.25, 3, 4), (0.5, 1.5, -1, 1.5), (2, 3, 2, 3), (-1, 4, 1, 1)]


@pytest.mark.parametrize("means_and_widths", NORMALS)
def test_areas_and_divergences_of_two_normals_are_those_of_quadrature(means_and_widths):
    p_mean, p_width, q_mean, q_width = means_and_widths
    p, q = stats.norm(p_mean, p_width), stats.norm(q_mean, q_width)
    (above, below), back = pieces(p, q), sum(pieces(q, p))
    values = shown(landing.normal_integrand(), p_mean=p_mean, p_width=p_width, q_mean=q_mean, q_width=q_width)
    truth = {"above": above, "below": below, "forward": above + below, "reverse": back, "total": above + below + back}
    assert 0 <= values.pop("shown") <= 100
    assert values == pytest.approx(truth, abs=5.1e-5)


@pytest.mark.parametrize(
    "means_and_widths",
    [(0, 1, 1, 2), (-3, 0.25, 3, 0.25), (-3, 4, 1, 2), (0, 4, 0, 0.25), (2, 3, 2, 3), (1, 0.5, -1, 0.25), (0, 2, 0, 1)],
)
def test_the_share_that_fits_the_panel_is_that_of_quadrature(means_and_widths):
    p_mean, p_width, q_mean, q_width = means_and_widths
    p, q = stats.norm(p_mean, p_width), stats.norm(q_mean, q_width)
    figure = landing.normal_integrand()
    (left, right), (low, high) = figure._panels[1].xlim, figure._panels[1].ylim
    from_, to = p_mean - 4 * p_width, p_mean + 4 * p_width  # where the curve is drawn

    def area(height, a, b):
        edges = np.linspace(a, b, 201)
        return sum(quad(lambda x: abs(height(integrand(x, p, q))), *ends)[0] for ends in itertools.pairwise(edges))

    whole = area(float, from_, to)
    inside = area(lambda value: min(max(value, low), high), max(from_, left), min(to, right))
    share = 100 * inside / whole if whole else 100
    values = shown(figure, p_mean=p_mean, p_width=p_width, q_mean=q_mean, q_width=q_width)
    assert values["shown"] == pytest.approx(share, abs=0.6)  # shown in whole percent


def test_the_start_fits_the_panel_and_narrow_normals_far_apart_do_not():
    figure = landing.normal_integrand()
    assert shown(figure)["shown"] == 100
    assert shown(figure, p_mean=-3, p_width=0.25, q_mean=3, q_width=0.25)["shown"] < 1


def test_the_start_shows_the_asymmetry_and_equal_widths_hide_it():
    figure = landing.normal_integrand()
    start = shown(figure)
    assert (start["forward"], start["reverse"]) == (0.4431, 1.3069)
    for mean in (-3, 0.5, 2):
        same = shown(figure, p_mean=0, p_width=1.5, q_mean=mean, q_width=1.5)
        assert same["forward"] == same["reverse"] == pytest.approx(mean**2 / 4.5, abs=5.1e-5)


@pytest.mark.parametrize(("p", "q"), [((0, 1), (1, 2)), ((1, 2), (-0.5, 1.5)), ((-2, 3), (0, 4))])
def test_the_shaded_curves_are_the_two_parts_of_the_integrand(p, q):
    figure = landing.normal_integrand()
    values = shown(figure, p_mean=p[0], p_width=p[1], q_mean=q[0], q_width=q[1])
    panel = figure._panels[1]
    drawn = []
    for row in figure.frame["marks"][2:]:
        xs, ys = np.split(np.array(row), 2)
        drawn.append((panel.data("x", xs), panel.data("y", ys)))
    (x, above), (same_x, below) = drawn
    assert np.array_equal(x, same_x)
    assert above.min() >= 0 >= below.max()
    step = 16 / 2000  # a place is rounded to one part in 2000 of the axis
    slope = np.abs(np.gradient(integrand(x, stats.norm(*p), stats.norm(*q)), x)).max()
    truth = integrand(x, stats.norm(*p), stats.norm(*q))
    assert above + below == pytest.approx(truth, abs=step * slope + 1e-3)
    assert np.trapezoid(above, x) == pytest.approx(values["above"], abs=0.02)
    assert np.trapezoid(below, x) == pytest.approx(values["below"], abs=0.02)


def test_both_figures_together_fit_in_150_kilobytes():
    pages = (landing.seven_readings().page() + landing.normal_integrand().page()).encode()
    assert len(gzip.compress(pages)) < 150_000
