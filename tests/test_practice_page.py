"""The page *Practice*: findable sections, its length, its figures and its exercises by second routes."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from kltools import exercises as bank
from kltools.estimation import token_statistics
from kltools.figures import practice as figures

PAGE = Path(__file__).parents[1] / "book/practice.md"
TEXT = PAGE.read_text(encoding="utf-8")


def truth_of(number):
    exercise = bank.get(f"practice-{number}")
    return exercise.truth(**exercise.given)


# The page


@pytest.mark.parametrize(
    "word",
    """perplexity quantization distillation VAE policy A/B anomaly drift PSI compression PAC-Bayes GAN samples exercises
    slot""".split(),  # noqa: SIM905
)
def test_each_application_has_a_heading_that_search_finds(word):
    headings = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    assert any(word.lower() in heading.lower() for heading in headings), word


def test_the_table_of_slots_leads_to_sections_that_exist():
    table = TEXT.split("## Which function")[1].split("(practice-loss)=")[0]
    targets = re.findall(r"\]\(#(practice-[\w-]+)\)", TEXT)
    assert len(re.findall(r"\]\(#(practice-[\w-]+)\)", table)) >= 13
    assert set(targets) <= set(re.findall(r"^\(([\w-]+)\)=$", TEXT, re.MULTILINE))


def test_every_section_can_be_linked_to():
    headings = re.findall(r"(?:^\((practice-[\w-]+)\)=\n)?^###? .+$", TEXT, re.MULTILINE)
    assert len(headings) >= 19
    assert all(headings)
    assert len(set(headings)) == len(headings)


def test_each_application_names_a_decision_and_its_limits():
    heading = r"^\((practice-[\w-]+)\)=\n## "
    sections = re.findall(rf"{heading}(.*?)(?={heading}|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    applications = [part for label, part, _ in sections if label.split("-")[1] not in ("table", "exercises", "reading")]
    assert len(applications) >= 12
    for part in applications:
        assert "**Decision:**" in part, part[:40]
    assert len(re.findall(r"\*\*Limits?[.:]\*\*", TEXT)) >= 12


def test_the_page_is_no_longer_than_agreed():
    cells = re.findall(r"^```\{code-cell\}.*?\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    visible = [cell for cell in cells if "remove-cell" not in cell and "check(" not in cell]
    assert len(visible) <= 35
    words = re.sub(r"^(`{3,}).*?^\1\s*$|\$\$.*?\$\$|\$[^$\n]*\$|`[^`]*`", " ", TEXT, flags=re.DOTALL | re.MULTILINE)
    assert len(re.findall(r"[A-Za-z']+", words)) <= 3700


def test_every_exercise_is_asked_and_checked_once():
    ids = list(bank.exercises("practice"))
    assert re.findall(r"^```\{exercise\} (\S+)$", TEXT, re.MULTILINE) == ids
    assert re.findall(r"check\(\"([\w-]+)\"", TEXT) == ids


# Figures


def test_the_tail_is_told_with_its_numbers():
    told = {8: token_statistics([0.001, 0.003, 0.002, 0.002]), 4: token_statistics([0.01, 0.05, 0.02, 0.04])}
    words = figures.token_tail(told).description
    assert "from 8 to 4 bits" in words
    assert "mean from 0.002 to 0.03" in words
    assert "maximum from 0.003 to 0.05" in words


def test_roundings_are_told_in_units_of_d():
    rows = {8: np.array([[0.1, -0.2], [0.1, 0.3]]), 4: np.array([[1.0, 1.1], [1.0, 0.9]])}
    words = figures.roundings(rows).description
    assert "8 bits: D about 0.1 nat, ratio from -2.0 to 3.0, below zero in 1 of 2" in words
    assert "4 bits: D about 1 nat, ratio from 0.9 to 1.1, below zero in 0 of 2" in words


def shown(**values):
    figure = figures.psi_without_change()
    figure.values = values
    return dict(zip([part["name"] for part in figure.spec["readouts"]], figure.frame["readouts"], strict=True))


def test_unchanged_pairs_pass_the_customary_thresholds_as_often_as_another_simulation_says():
    rng = np.random.default_rng(21)
    samples = rng.integers(10, size=(2, 8000, 100))
    p, q = np.stack([(samples == k).sum(axis=-1) for k in range(10)], axis=-1) / 100
    with np.errstate(divide="ignore"):
        index = ((p - q) * np.log(p / q)).sum(axis=-1)
    found = shown(n=100, m=100, bins=10)
    for name, rule in (("low", 0.1), ("high", 0.25)):
        share = (index > rule).mean()
        error = np.sqrt(share * (1 - share) * (1 / index.size + 1 / figures.PAIRS))
        assert abs(found[name] / 100 - share) < 4.5 * error + 5e-4
    assert found["low"] == pytest.approx(85, abs=2)
    assert found["high"] == pytest.approx(23, abs=2)


def share_with_a_bin_empty_in_one_sample(n, m, bins):
    """By inclusion and exclusion: unless the same bins are empty in both."""

    def exactly(size, k):
        rest = bins - k
        return sum((-1) ** j * math.comb(rest, j) * ((rest - j) / bins) ** size for j in range(rest))

    return 1 - sum(math.comb(bins, k) * exactly(n, k) * exactly(m, k) for k in range(bins))


@pytest.mark.parametrize(("n", "m", "bins"), [(100, 100, 20), (100, 200, 20), (10_000, 100, 20), (100, 100, 10)])
def test_an_empty_bin_makes_the_index_infinite_and_an_alarm_at_every_threshold(n, m, bins):
    found, share = shown(n=n, m=m, bins=bins), share_with_a_bin_empty_in_one_sample(n, m, bins)
    assert abs(found["infinite"] / 100 - share) < 4.5 * np.sqrt(share * (1 - share) / figures.PAIRS) + 5e-4
    assert all(found[name] >= found["infinite"] for name in ("low", "high", "alarms"))
    values = figures.unchanged_psi(n, m, bins)
    assert values.size == figures.PAIRS
    assert np.isinf(values).mean() == pytest.approx(found["infinite"] / 100, abs=6e-4)


def test_rare_bins_break_the_threshold_of_the_index():
    found = shown(n=100, m=100, bins=20)
    assert found["infinite"] > 20
    assert 21 < found["alarms"] < 25


@pytest.mark.parametrize(("n", "m", "bins"), [(1000, 1000, 10), (10_000, 500, 5), (5000, 2000, 20)])
def test_the_threshold_of_the_figure_keeps_its_promise_for_large_samples(n, m, bins):
    found = shown(n=n, m=m, bins=bins)
    assert found["threshold"] == pytest.approx(stats.chi2.ppf(0.99, bins - 1) * (1 / n + 1 / m), abs=5.1e-5)
    assert found["alarms"] == pytest.approx(1, abs=0.45)


def test_simulated_values_are_in_order_and_finite_where_no_bin_is_rare():
    values = figures.unchanged_psi(1000, 2000, 10)
    assert np.isfinite(values).all()
    assert (np.diff(values) >= 0).all()


# Exercises


def test_the_index_is_the_sum_over_bins():
    given = bank.get("practice-1").given
    by_bins = sum((p - q) * np.log(p / q) for p, q in zip(given["new"], given["reference"], strict=True))
    assert truth_of(1) == pytest.approx(by_bins)


def test_the_thresholds_hold_in_simulated_windows():
    given = bank.get("practice-2").given
    uniform = np.full(given["kinds"], 1 / given["kinds"])
    windows = np.random.default_rng(22).multinomial(given["n"], uniform, size=40_000) / given["n"]
    divergences = (windows * np.log(windows / uniform)).sum(axis=1)
    assert (divergences > truth_of(2)).mean() == pytest.approx(given["alarms"], abs=0.0025)


def test_the_fair_size_is_where_the_false_alarms_fall_to_the_share():
    given, n = bank.get("practice-4").given, truth_of(4)
    shares = [stats.chi2.sf(given["rule"] * k / 2, given["bins"] - 1) for k in (n - 1, n)]
    assert shares[1] <= given["alarms"] < shares[0]


def test_the_window_catches_the_change_as_often_as_promised():
    given, n = bank.get("practice-6").given, truth_of(6)
    limit = stats.chi2.ppf(1 - given["alarms"], given["kinds"] - 1)
    power = [stats.ncx2.sf(limit, given["kinds"] - 1, 2 * k * given["divergence"]) for k in (n - 1, n)]
    assert power[0] < given["power"] <= power[1]
