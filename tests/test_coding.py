"""kltools.coding against enumeration, exact fractions, closed forms and its own inverse."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kltools.coding import (
    arithmetic_decode,
    arithmetic_encode,
    expected_length,
    huffman_code,
    kraft_sum,
    shannon_lengths,
)

PROPERTY = settings(deadline=None, derandomize=True, max_examples=100)
DYADIC_P = [1 / 2, 1 / 4, 1 / 8, 1 / 8]
DYADIC_Q = [1 / 4, 1 / 8, 1 / 8, 1 / 2]
COIN_P = np.array([0.7, 0.3])
COIN_Q = np.array([0.4, 0.6])


def entropy_bits(p):
    return -math.fsum(x * math.log2(x) for x in p if x > 0)


def divergence_bits(p, q):
    return math.fsum(x * math.log2(x / y) for x, y in zip(p, q, strict=True) if x > 0)


def normalized(weights):
    return np.array(weights, dtype=float) / sum(weights)


def blocks(p, n):
    product = np.ones(1)
    for _ in range(n):
        product = np.kron(product, p)
    return product


@st.composite
def distributions(draw, min_size=2, max_size=12, smallest=0):
    weights = draw(st.lists(st.integers(smallest, 1000), min_size=min_size, max_size=max_size))
    assume(sum(weights) > 0)
    return normalized(weights)


@st.composite
def pairs(draw):
    k = draw(st.integers(2, 12))
    return draw(distributions(k, k)), draw(distributions(k, k, smallest=1))


# Lengths


@pytest.mark.parametrize("exponent", [*range(1, 60), 1021, 1022, 1074])
def test_shannon_lengths_are_exact_at_powers_of_two_and_on_both_sides(exponent):
    x = 2.0**-exponent
    above = np.nextafter(x, 1)
    assert shannon_lengths([x, 1 - x])[0] == exponent
    assert shannon_lengths([above, 1 - above])[0] == (exponent if exponent < 1074 else 1073)
    if exponent < 1074:
        below = np.nextafter(x, 0)
        assert shannon_lengths([below, 1 - below])[0] == exponent + 1


def test_shannon_lengths_known_values():
    assert shannon_lengths([0.0, 1.0]).tolist() == [math.inf, 0.0]
    assert shannon_lengths([DYADIC_P, DYADIC_Q]).tolist() == [[1, 2, 3, 3], [2, 3, 3, 1]]
    # A sum that misses 1 within the tolerance leaves the dyadic entry alone.
    assert shannon_lengths([0.125, 0.2, 0.3, 0.375 + 1e-12])[0] == 3


@given(pairs())
@PROPERTY
def test_shannon_code_costs_entropy_plus_divergence_and_less_than_one_bit_more(pair):
    p, q = pair
    excess = expected_length(shannon_lengths(q), p) - entropy_bits(p) - divergence_bits(p, q)
    assert -1e-12 <= excess < 1
    assert kraft_sum(shannon_lengths(q)) <= 1


def test_kraft_sum_is_the_float_nearest_to_the_exact_sum():
    assert kraft_sum([*range(1, 1001), 1000]) == 1.0
    assert kraft_sum([1, 1, 1]) == 1.5
    assert kraft_sum([math.inf, math.inf]) == 0.0
    assert kraft_sum([1.0, math.inf, 5000, 1e300]) == 0.5
    assert kraft_sum([1074]) == 2.0**-1074
    assert kraft_sum([16] * 65_536) == 1.0
    lengths = np.random.default_rng(1).integers(1, 90, size=200).tolist()
    assert kraft_sum(lengths) == float(sum(Fraction(1, 2**length) for length in lengths))
    batch = kraft_sum([[[1, 1]], [[2, 2]]])
    assert batch.tolist() == [[1.0], [0.5]]


@given(distributions(smallest=1))
@PROPERTY
def test_ideal_lengths_have_kraft_sum_one_and_cost_the_entropy(q):
    lengths = -np.log2(q)
    assert kraft_sum(lengths) == pytest.approx(1, abs=1e-14)
    assert expected_length(lengths, q) == pytest.approx(entropy_bits(q), abs=1e-13)


def test_expected_length_where_codewords_are_missing():
    assert expected_length([1, 1, math.inf], [0.5, 0.5, 0.0]) == 1.0
    assert expected_length([1, 1, math.inf], [0.5, 0.5 - 1e-300, 1e-300]) == 1.0 + math.inf
    assert expected_length([1, 2, math.inf], [[0, 1, 0], [0, 0, 1]]).tolist() == [2.0, math.inf]
    # Within the tolerance the mean is that of the normalized p: equal lengths cost that length.
    assert expected_length([3, 3], [0.5, 0.5 + 1e-9]) == pytest.approx(3, abs=1e-15)


def test_dyadic_pair_wastes_exactly_its_divergence():
    code_p, code_q = huffman_code(DYADIC_P), huffman_code(DYADIC_Q)
    assert code_p.lengths.tolist() == [1, 2, 3, 3]
    assert code_q.lengths.tolist() == [2, 3, 3, 1]
    assert expected_length(code_p.lengths, DYADIC_P) == 7 / 4
    assert expected_length(code_q.lengths, DYADIC_P) - expected_length(code_p.lengths, DYADIC_P) == 1 / 2
    assert expected_length(code_p.lengths, DYADIC_Q) - expected_length(code_q.lengths, DYADIC_Q) == 5 / 8


@given(st.lists(st.integers(0, 99), max_size=10), st.data())
@PROPERTY
def test_complete_code_wastes_the_divergence_to_its_own_distribution(splits, data):
    lengths = [1, 1]
    for split in splits:
        length = lengths.pop(split % len(lengths))
        lengths += [length + 1, length + 1]
    p = data.draw(distributions(len(lengths), len(lengths)))
    assert kraft_sum(lengths) == 1
    waste = expected_length(lengths, p) - entropy_bits(p)
    assert waste == pytest.approx(divergence_bits(p, [2.0**-length for length in lengths]), abs=1e-12)


# Huffman


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6])
def test_huffman_is_optimal_and_no_deeper_than_needed(k):
    rng = np.random.default_rng(k)
    feasible = [
        lengths
        for lengths in itertools.product(range(1, k), repeat=k)
        if sum(Fraction(1, 2**length) for length in lengths) <= 1
    ]
    table = np.array(feasible)
    for total in [32] * 20 + [4096] * 20:
        # Counts out of a power of two are exact floats, so that ties are ties.
        weights = 1 + rng.multinomial(total - k, rng.dirichlet(np.ones(k)))
        lengths = huffman_code(weights / total).lengths.astype(int)
        cost = table @ weights
        assert lengths @ weights == cost.min()
        assert lengths.max() == table[cost == cost.min()].max(axis=1).min()


def test_huffman_takes_the_shallow_tree_at_a_tie():
    # (1, 2, 3, 3) costs the same two bits as (2, 2, 2, 2).
    assert huffman_code([3 / 8, 2 / 8, 2 / 8, 1 / 8]).lengths.tolist() == [2, 2, 2, 2]
    assert huffman_code([1 / 4] * 4).codewords == ("00", "01", "10", "11")
    # Equally probable symbols: the earlier ones take the longer codewords, whatever order sorting leaves.
    weights = np.random.default_rng(6).integers(1, 4, size=300)
    lengths = huffman_code(weights / weights.sum()).lengths
    assert all((np.diff(lengths[weights == weight]) <= 0).all() for weight in (1, 2, 3))


@given(distributions())
@PROPERTY
def test_huffman_code_is_complete_canonical_prefix_free_and_within_a_bit(q):
    assume(np.count_nonzero(q) > 1)
    code = huffman_code(q)
    assert [word is None for word in code.codewords] == (q == 0).tolist()
    assert code.lengths.tolist() == [math.inf if word is None else len(word) for word in code.codewords]
    assert kraft_sum(code.lengths) == 1
    entropy = entropy_bits(q)
    assert entropy - 1e-12 <= expected_length(code.lengths, q) < entropy + 1
    words = [word for word in code.codewords if word is not None]
    assert not any(b.startswith(a) for a, b in itertools.permutations(words, 2))
    in_order = sorted(words)
    assert in_order == sorted(words, key=lambda word: (len(word), words.index(word)))
    assert huffman_code(q) == code


@given(distributions(min_size=1), st.data())
@PROPERTY
def test_huffman_round_trip(q, data):
    message = data.draw(st.lists(st.sampled_from(np.flatnonzero(q).tolist()), max_size=50))
    code = huffman_code(q)
    bits = code.encode(message)
    assert len(bits) == sum(code.lengths[symbol] for symbol in message)
    assert code.decode(bits).tolist() == message


def test_huffman_single_symbol_zero_probabilities_and_bytes():
    assert huffman_code([1.0]).codewords == ("0",)
    code = huffman_code([0, 1, 0])
    assert code.codewords == (None, "0", None)
    assert code.decode(code.encode([1, 1, 1])).tolist() == [1, 1, 1]
    text = b"divergence"
    counts = np.bincount(np.frombuffer(text, dtype=np.uint8), minlength=256)
    code = huffman_code(counts / len(text))
    assert bytes(code.decode(code.encode(text)).tolist()) == text
    assert code.encode(bytearray(text)) == code.encode(list(text))
    assert code.encode([]) == ""
    assert code.decode("").size == 0


def test_huffman_deep_and_wide_trees():
    q = 2.0 ** -np.arange(1, 1075)
    code = huffman_code([*q, q[-1]])
    assert code.lengths.tolist() == [*range(1, 1075), 1074]
    assert code.decode(code.encode([1074, 0, 1073])).tolist() == [1074, 0, 1073]
    assert huffman_code([1 - 2e-300, 1e-300, 1e-300]).lengths.tolist() == [1, 2, 2]
    rng = np.random.default_rng(2)
    q = rng.dirichlet(np.ones(65_536))
    code = huffman_code(q)
    assert kraft_sum(code.lengths) == 1
    assert 0 <= expected_length(code.lengths, q) - entropy_bits(q) < 1
    message = rng.choice(65_536, size=2000, p=q)
    assert np.array_equal(code.decode(code.encode(message)), message)


def test_coin_blocks():
    entropy = entropy_bits(COIN_P)
    waste, overhead = [], []
    for n in range(1, 9):
        p, q = blocks(COIN_P, n), blocks(COIN_Q, n)
        own, other = huffman_code(p).lengths, huffman_code(q).lengths
        waste.append((expected_length(other, p) - expected_length(own, p)) / n)
        overhead.append(expected_length(shannon_lengths(q), p) / n - entropy)
        assert divergence_bits(COIN_P, COIN_Q) <= overhead[-1] < divergence_bits(COIN_P, COIN_Q) + 1 / n
        if n == 5:
            assert expected_length(own, p) / 5 == pytest.approx(0.888996, abs=1e-9)
    shown = [waste[n - 1] for n in (1, 2, 3, 4, 6, 8)]
    assert shown == pytest.approx([0, 0.095, 0.245667, 0.238650, 0.232610, 0.246597], abs=5e-7)
    shown = [overhead[n - 1] for n in (1, 2, 3, 4, 6, 8)]
    assert shown == pytest.approx([0.818709, 0.573709, 0.380042, 0.405784, 0.343538, 0.312471], abs=5e-7)


def test_saving_between_huffman_codes_is_not_the_divergence():
    p, q = [0.4, 0.35, 0.25], [0.3, 0.3, 0.4]
    saving = expected_length(huffman_code(q).lengths, p) - expected_length(huffman_code(p).lengths, p)
    assert saving == pytest.approx(0.15, abs=1e-15)
    assert divergence_bits(p, q) == pytest.approx(0.0743344, abs=5e-8)
    p, q = [0.7, 0.15, 0.15], [0.34, 0.33, 0.33]
    assert huffman_code(p) == huffman_code(q)


# Bad input


@pytest.mark.parametrize("encode", [arithmetic_encode, lambda symbols, q: huffman_code(q).encode(symbols)])
@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ([0, 1, 2, 0], r"symbols\[2\] = 2: a symbol of probability zero"),
        ([0, 4], r"symbols\[1\] = 4: the symbols of q are 0 to 3"),
        ([1, -1], r"symbols\[1\] = -1: the symbols of q"),
        ([0, 2**70], rf"symbols\[1\] = {2**70}: the symbols of q"),
        ([0, 1.5], r"symbols\[1\] = 1.5 is not an integer"),
        (np.array([1.0, 0.0]), r"symbols\[0\] = 1.0 is not an integer"),
        ([True], r"symbols\[0\] = True is not an integer"),
        (["a"], r"symbols\[0\] = a is not an integer"),
        ("text", r"symbols must be bytes or a one-dimensional array of integers, got str"),
        ([[0, 1]], r"got list of shape \(1, 2\)"),
        (b"\x00\x07", r"symbols\[1\] = 7: the symbols of q"),
    ],
)
def test_symbols_that_have_no_code_are_named(encode, symbols, message):
    with pytest.raises(ValueError, match=message):
        encode(symbols, [0.5, 0.25, 0.0, 0.25])


def test_probabilities_below_the_limit_of_the_coder_are_named():
    below = float(np.nextafter(2.0**-48, 0))
    for call in (lambda q: arithmetic_encode([1], q), lambda q: arithmetic_decode(b"", 1, q)):
        with pytest.raises(ValueError, match=rf"q\[2\] = {below}: .* below 2\*\*-48"):
            call([0.0, 1 - below, below])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: arithmetic_decode(b"", -1, [1.0]), "n = -1: it must be at least 0"),
        (lambda: arithmetic_decode(b"\xff" * 64, 100, [0.3, 0.3, 0.4]), "data holds no message"),
        (lambda: arithmetic_encode([0], [[1.0]]), "q must be one-dimensional"),
        (lambda: huffman_code([[1.0]]), "q must be one-dimensional"),
        (lambda: huffman_code([0.5, 0.6]), "q sums to 1.1"),
        (lambda: shannon_lengths([0.5, math.nan]), r"q\[1\] = nan"),
        (lambda: kraft_sum([1, -2]), r"lengths\[1\] = -2"),
        (lambda: kraft_sum([math.nan]), r"lengths\[0\] = nan"),
        (lambda: kraft_sum([]), "lengths must have a symbol"),
        (lambda: kraft_sum(3), "lengths must have a symbol"),
        (lambda: expected_length([1, 2, 2], [0.5, 0.5]), "lengths of shape"),
        (lambda: expected_length([1, 1], [0.5, -0.5]), r"p\[1\] = -0.5"),
        (lambda: huffman_code(DYADIC_P).decode("0112"), r"bits\[3\] = '2' is neither"),
        (lambda: huffman_code(DYADIC_P).decode("011"), "bits ends inside a codeword, after '11'"),
        (lambda: huffman_code([1.0]).decode("001"), r"bits\[2\] = '1' fits no codeword"),
    ],
)
def test_bad_values_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: arithmetic_decode("text", 1, [1.0]), "data must be bytes, got str"),
        (lambda: expected_length(huffman_code(DYADIC_P), DYADIC_P), r"lengths is a HuffmanCode: pass its \.lengths"),
        (lambda: kraft_sum(huffman_code(DYADIC_P)), r"lengths is a HuffmanCode: pass its \.lengths"),
        (lambda: arithmetic_decode(b"", 1.5, [1.0]), "n must be an integer, got 1.5"),
        (lambda: huffman_code([1.0]).decode(b"00"), "bits must be a str"),
    ],
)
def test_bad_types_are_named(call, message):
    with pytest.raises(TypeError, match=message):
        call()
