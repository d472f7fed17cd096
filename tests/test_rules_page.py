"""The page *Rules of the number*: its figure, and its exercises, each by a second route."""

import gzip
import itertools
import math
import re

import numpy as np
import pytest
from scipy import optimize, special
from which_slot import RIGHT

from kltools.exercises import exercises
from kltools.figures import rules as figures

BANK = exercises("rules")
SENT = {"p": (0.5, 0.25, 0.125, 0.125), "q": (0.25, 0.125, 0.125, 0.5)}
GROUPS = {
    "nothing": ("a", "b", "c", "d"),
    "a and b": ("ab", "c", "d"),
    "c and d": ("a", "b", "cd"),
    "both pairs": ("ab", "cd"),
}


def arriving(sent, noise, groups):
    """The probability of each group of letters behind the noise, added up letter by letter."""
    one = dict(zip("abcd", sent, strict=True))
    return [sum((1 - noise) * one[letter] + noise / 4 for letter in group) for group in groups]


def bits(p, q):
    return math.fsum(x * math.log2(x / y) for x, y in zip(p, q, strict=True) if x > 0)


# The figure


@pytest.fixture(scope="module")
def explorer():
    return figures.noisy_channel()


def shown(explorer, noise, merged):
    explorer.values = {"noise": noise, "merged": merged}
    names = [part["name"] for part in explorer.spec["readouts"]]
    return dict(zip(names, explorer.frame["readouts"], strict=True))


@pytest.mark.parametrize("merged", GROUPS)
def test_what_arrives_and_what_is_lost_add_up_to_what_was_sent(explorer, merged):
    (noises,) = (part["steps"] for part in explorer.spec["parameters"] if part["name"] == "noise")
    assert noises[0] == 0
    assert noises[-1] == 1
    kept = []
    for noise in noises:
        numbers = shown(explorer, noise, merged)
        truth = bits(*(arriving(SENT[name], noise, GROUPS[merged]) for name in "pq"))
        assert numbers["sent"] == 0.5
        assert numbers["kept"] == pytest.approx(truth, abs=5.1e-7)
        assert numbers["lost"] == pytest.approx(0.5 - truth, abs=5.1e-7)
        kept.append(truth)
    assert np.all(np.diff(kept) < 0)
    assert np.all(np.diff(kept, 2) > 0), "the curve is convex"


def test_the_running_coin_arrives_behind_both_mergings_at_a_fifth_of_noise(explorer):
    numbers = shown(explorer, 0.2, "both pairs")
    assert numbers["kept"] == pytest.approx(bits((0.7, 0.3), (0.4, 0.6)), abs=5.1e-7)
    assert "noise 0.20 and both pairs merged" in explorer.sentence
    assert "0.265148" in explorer.sentence


@pytest.mark.parametrize(("noise", "merged"), [(0, "nothing"), (0.35, "a and b"), (0.5, "c and d"), (1, "both pairs")])
def test_the_bars_are_what_arrives_and_stand_amid_their_letters(noise, merged):
    for name, offset in figures.OFFSETS.items():
        left, width, height = figures._bars(name, noise, merged)
        drawn = width > 0
        assert height[drawn] == pytest.approx(arriving(SENT[name], noise, GROUPS[merged]))
        assert not height[~drawn].any()
        middles = [np.mean(["abcd".index(letter) for letter in group]) for group in GROUPS[merged]]
        assert left[drawn] - offset == pytest.approx(middles)


def test_the_figure_is_light(explorer):
    assert len(gzip.compress(explorer.page().encode())) < 150_000


# The exercises


def test_no_law_of_the_given_mean_diverges_by_less():
    mean = BANK["rules-8"].given["mean"]
    least = BANK["rules-8"].truth(mean)
    steps = (np.arange(4000) + 0.5) / 100
    q = np.exp(-steps)
    q /= q.sum()

    def with_the_mean(weights):
        def tilted(slope):
            p = weights * np.exp(slope * (steps - mean))
            return p / p.sum()

        return tilted(optimize.brentq(lambda slope: tilted(slope) @ steps - mean, -9, 9))

    rng = np.random.default_rng(0)
    for _ in range(100):
        p = with_the_mean(q * rng.gamma(rng.uniform(0.2, 50), size=4000))
        assert p @ steps == pytest.approx(mean)
        assert special.rel_entr(p, q).sum() > least
    assert special.rel_entr(with_the_mean(q), q).sum() == pytest.approx(least, abs=1e-4)


def test_the_slots_are_judged_one_by_one():
    check = BANK["rules-4"].check
    for name, slot in itertools.product(RIGHT, (1, 2, "both")):
        if slot == RIGHT[name]:
            continue
        said = check({**RIGHT, name: slot})
        assert said.status == "mistake"
        assert [other for other in RIGHT if f"{other}: " in said.message] == [name]
        assert not re.search(r"\d|both|first|second", said.message)
        assert said.mistake == ("trust region" if name in ("TRPO", "PPO") else "some slots")


def test_the_solution_names_the_slots_that_are_right():
    listed = re.findall(
        r"^- (.+?)(?:, and PPO's penalty|, its encoder)?: .+, (?:slot )?(\d|both)\.$",
        BANK["rules-4"].solution,
        re.MULTILINE,
    )
    told = {name.replace("Distillation", "distillation"): slot for name, slot in listed}
    assert told == {name: str(slot) for name, slot in RIGHT.items() if name != "PPO"}


def test_matching_moments_is_the_best_second_slot_and_not_the_best_first_one():
    """The local step of expectation propagation, on a tilted law with three places."""
    places, tilted = np.array([-2.0, 0.5, 3.0]), np.array([0.2, 0.5, 0.3])
    grid = np.linspace(-30, 30, 6001)
    smooth = np.exp(-((grid[:, None] - places) ** 2) / 2) @ tilted
    smooth /= smooth.sum()

    def normal(mean, width):
        weights = np.exp(-(((grid - mean) / width) ** 2) / 2)
        return weights / weights.sum()

    mean = smooth @ grid
    matched = mean, math.sqrt(smooth @ (grid - mean) ** 2)
    near = [(matched[0] + dm, matched[1] + ds) for dm, ds in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01))]

    def best(divergence):
        return all(divergence(normal(*matched)) < divergence(normal(*at)) for at in near)

    assert best(lambda q: special.rel_entr(smooth, q).sum())
    assert not best(lambda q: special.rel_entr(q, smooth).sum())


def surplus(p, q):
    parts = sum(special.rel_entr(p.sum(axis=axis), q.sum(axis=axis)).sum() for axis in (0, 1))
    return special.rel_entr(p, q).sum() - parts


def test_the_whole_is_worth_its_parts_if_the_second_law_is_a_product():
    rng = np.random.default_rng(0)

    def table():
        return rng.dirichlet(np.full(6, 0.5)).reshape(2, 3)

    def product():
        return np.outer(rng.dirichlet(np.ones(2)), rng.dirichlet(np.ones(3)))

    assert min(surplus(table(), product()) for _ in range(1000)) >= -1e-12
    with_product_first = [surplus(product(), table()) for _ in range(1000)]
    assert min(with_product_first) < -0.01
    assert max(with_product_first) > 0.01
    assert surplus(product(), product()) == pytest.approx(0, abs=1e-12)
    assert BANK["rules-7"].truth == "b"


def test_every_way_to_an_infinite_divergence_leads_up():
    rng = np.random.default_rng(0)
    p, q = np.array([0.5, 0.5, 0]), np.array([0.5, 0, 0.5])
    least = []
    for size in (1e-2, 1e-4, 1e-8):
        pairs = [((1 - size) * np.array([p, q])) + size * rng.dirichlet(np.full(3, 0.1), size=2) for _ in range(500)]
        least.append(min(special.rel_entr(*pair).sum() for pair in pairs))
    assert np.all(np.diff(least) > 0.4 * math.log(100))
    assert BANK["rules-5"].truth == "b"
