"""The still figures: the same bytes in every build, words computed from the data, never color alone."""

import re
import subprocess
import sys

import numpy as np
import pytest

from kltools.coding import huffman_code
from kltools.figures import coding, elbo, geometry, hypothesis_testing, likelihood, optimization, surprise
from kltools.figures.style import ROLES, add_axes, bars, line, new_figure, png_bytes, svg_text
from kltools.hypothesis_testing import neyman_pearson
from kltools.optimization import fit_normal


def figures():
    code = huffman_code([1 / 4, 1 / 8, 1 / 8, 1 / 2])
    yield "intervals", coding.codeword_intervals(code, "abcd"), ["a with codeword 10 takes 0.25", "d with codeword 0"]
    p, q = [0.7, 0.3], [0.4, 0.6]
    yield "blocks", coding.block_lengths([1, 2], [1.0, 0.905], [1.0, 1.0], p, q), ["0.905", "0.881", "1.146", "0.095"]
    yield "file", coding.file_costs({"uniform": 8.0, "zlib": 2.365}, 4.694), ["zlib 2.365", "4.694", "1 of the 2"]
    ns = [1, 10, 100]
    yield "honesty", surprise.honesty(0.7, 0.4), ["0.611 nat", "announcement 0.70", "D = 0.184", "certainty 0.30"]
    months = surprise.month_against_year([0.2, 0.1], [0.3, np.inf], 0.15)
    yield "months", months, ["0.100 bit in month 2", "mean 0.150", "infinite in the months 2", "at most 0.300"]
    yield "gauge", surprise.labels_and_gauge([2012], [243], [177]), ["in 2012, 177 days by the gauge and 243"]
    yield "price", coding.price_of_not_knowing(ns, [0.12, 1.28, 2.93]), ["0.12", "2.93", "from 1 to 100"]
    heights = {"record": [70, 10.5], "fit": [56.25, 37.5]}
    words = ["record: 70 for none, 10.5 for one", "fit: 56.25 for none"]
    yield "beside", likelihood.beside(heights, ["none", "one"], "failures", "shifts"), words
    words = ["each of 3 shifts", "0.025 nat a letter at shift 1", "0.602 at shift 2", "largest 0.900"]
    yield "shifts", likelihood.shift_divergences([0.9, 0.025, 0.602]), words
    words = ["after 2 flips", "at 0.37 nats", "at -0.38", "at -1.39 cuts 5% off", "leaves 80.0% of the law of Q"]
    yield "laws", hypothesis_testing.evidence_laws(p, q, neyman_pearson(p, q, 2, 0.05)), words
    yield "exponents", hypothesis_testing.error_exponents(p, q), ["at 0.1838", "0.1920 for alpha", "each is 0.0477"]
    fair, loaded = [0.5, 0.5], [0.25, 0.75]
    words = ["each face 0.500", "factor of 3.000", "1 0.250, 2 0.750", "average of 9", "within 0.050"]
    yield "die", hypothesis_testing.conditioned_die(fair, loaded, [0.2, 0.8], 9), words
    words = ["from -20 at 0 to +20 at 2", "2 of 3 points", "fitted share 0 of them"]
    yield "throws", hypothesis_testing.throws_less_expected([0, 1, 2], [80, 200, 120], 0.5, 0.55, 2), words
    yield "gaps", geometry.tangent_gaps(0.7, 0.4), ["0.1838 nat below", "0.1920 nat below"]
    bounds = geometry.lower_bounds([0.3, 0.5], [0.2, 0.4], p, q)
    yield "bounds", bounds, ["2 random pairs; 0 lie above", "1 of them lie below", "0.8926", "0.3000 and 0.1838 nat"]
    yield "fitting", geometry.fitting_steps([0.011, 0.0101], 0.01), ["0.0100000 bit", "1.0e-03", "1.0e-04", "of 0.10"]
    yield (
        "fits",
        optimization.mode_fits(3, *two_modes(3, 0.5)),
        ["deviation 3.16", "has mean -2.98", "mean 2.98 and 0.00"],
    )
    branch = [4, 2.4, 2.6], [4, 2.1, 1.9], [1, 1.3, 1.7]
    yield (
        "optima",
        optimization.optima_diagram(*branch, 2.4, 2.8),
        ["d = 2.400", "plus and minus 2.10", "up to d = 2.800"],
    )
    diversity = optimization.policy_diversity([0.1, 2, 50], [0.01, 1.6, 1.4], [4, 2, 1.1], 1.39)
    yield "diversity", diversity, ["from 0.010 nat to 1.600 at beta = 2.00", "1.390", "from 4.00 to 1.10"]
    students = {"one": np.arange(12) / 66, "two": np.full(12, 1 / 12)}
    yield "letters", optimization.next_letters("abcdefghijk ", students, "q"), ["after q", "one and two: space 0.167"]
    fits = elbo.factorized_fits([[1, 0.5], [0.5, 1]], [0.75, 0.75], [1, 1])
    yield "factors", fits, ["correlation 0.5", "0.75 and 0.75", "is 1.50", "is 0.50", "1.00 and 1.00"]
    yield "weights", elbo.weighted_bounds([1, 5], [-1.919, -1.557], -1.516), ["-1.919 nat at K = 1", "-1.557 at K = 5"]
    bands = {"posterior": ("p", [0.8, 0.1], [0.98, 0.3], [0.9999, 0.6])}
    words = ["the 3 flights", "1 of them damaged", "coldest at 53", "31 °F: posterior: 0.980, between 0.800 and 0.9999"]
    yield "forecast", elbo.damage_forecast([53, 66, 81], [1, 0, 0], [31, 70], bands), words


def two_modes(d, w):
    def log_density(x):
        return np.logaddexp(np.log(w) - (x + d) ** 2 / 2, np.log1p(-w) - (x - d) ** 2 / 2)

    return fit_normal(log_density)[0], fit_normal(log_density, "reverse")


each_figure = pytest.mark.parametrize(
    ("figure", "words"), [case[1:] for case in figures()], ids=[case[0] for case in figures()]
)


@each_figure
def test_the_words_hold_the_numbers_of_the_data(figure, words):
    assert all(word in figure.description for word in words), figure.description
    assert figure.description.endswith(".")


@each_figure
def test_the_output_carries_svg_png_and_the_words_as_alternative_text(figure, words):
    data, metadata = figure._repr_mimebundle_()
    assert set(data) == {"image/svg+xml", "image/png", "text/plain"}
    assert data["image/png"].startswith(b"\x89PNG")
    assert data["text/plain"] == figure.description
    for mime in ("image/svg+xml", "image/png"):
        assert metadata[mime]["alt"] == figure.description


@pytest.mark.parametrize(("d", "w"), [(0, 0.5), (2, 0.75), (2.4, 0.6), (2.6, 0.65), (2.8, 0.5), (3.4, 0.65), (4, 0.95)])
def test_the_fits_of_the_interactive_figure_are_those_of_kltools(d, w):
    explorer = optimization.fitting_directions()
    explorer.values = {"d": d, "w": w}
    covering, seeking = two_modes(d, w)
    best = seeking[0]
    truth = [covering.mean, covering.standard_deviation, covering.divergence]
    truth += [best.mean, best.standard_deviation, best.divergence, len(seeking)]
    assert explorer.frame["readouts"] == pytest.approx(truth, abs=6e-4)


def test_two_processes_make_the_same_picture():
    program = (
        "from kltools.figures import coding, style\n"
        "from kltools.coding import huffman_code\n"
        "figure = coding.codeword_intervals(huffman_code([.25, .125, .125, .5]), 'abcd')\n"
        "print(style.svg_text(figure.figure))"
    )
    runs = [subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in "ab"]
    assert runs[0].stdout == runs[1].stdout
    assert not re.search(r"<dc:date>", runs[0].stdout)


def test_a_hatch_is_not_painted_over_by_its_face():
    figure = new_figure()
    bars(add_axes(figure), [0], [1], [1], "p")
    pattern = re.search(r"<pattern.*?</pattern>", svg_text(figure), re.DOTALL)[0]
    assert 'fill="none"' in pattern.split("<path")[0]


def luminance(color):
    channels = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("name", ROLES)
def test_every_role_contrasts_with_its_ground(name):
    role = ROLES[name]
    assert 1.05 / (luminance(role.color) + 0.05) >= 4.5
    assert (luminance(role.dark) + 0.05) / (luminance("#14181e") + 0.05) >= 4.5


def test_p_and_q_differ_without_color():
    p, q = ROLES["p"], ROLES["q"]
    assert p.linestyle != q.linestyle
    assert p.dash != q.dash
    assert p.hatch != q.hatch


def test_png_and_lines_need_no_global_state():
    figure = new_figure(3, 2)
    line(add_axes(figure), [0, 1], [0, 1], "q")
    assert png_bytes(figure).startswith(b"\x89PNG")
    loaded = "import sys, kltools.figures.coding; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", loaded], check=True)


@pytest.mark.parametrize(("heads", "belief", "flips"), [(0.7, 0.4, 40), (0.7, 0.6, 352), (0.5, 0.5, "∞")])
def test_two_forecasters_count_the_flips_until_the_band_leaves_zero(heads, belief, flips):
    figure = surprise.two_forecasters()
    figure.values = {"heads": heads, "belief": belief}
    names = [part["name"] for part in figure.spec["readouts"]]
    shown = dict(zip(names, figure.frame["readouts"], strict=True))
    assert shown["needed"] == flips
    assert shown["gap"] == pytest.approx(shown["other"] - shown["own"], abs=1.01e-4)
    mean = heads * np.log(heads / belief) + (1 - heads) * np.log((1 - heads) / (1 - belief))
    assert shown["divergence"] == pytest.approx(mean, abs=5.01e-5)
    assert abs(shown["gap"] - mean) <= 4 * shown["spread"] / np.sqrt(surprise.FLIPS) + 1e-4
