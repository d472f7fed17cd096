"""The arithmetic coder of kltools.coding against exact fractions, the ideal length and its own inverse."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kltools.coding import arithmetic_decode, arithmetic_encode

PROPERTY = settings(deadline=None, derandomize=True, max_examples=100)


def ideal_bits(symbols, q):
    counts = np.bincount(symbols, minlength=len(q))
    return -math.fsum(n * math.log2(x) for n, x in zip(counts.tolist(), q, strict=True) if n)


@st.composite
def messages(draw):
    """A distribution whose entries may span 11 orders of magnitude or be zero, and a message it allows."""
    weights = draw(st.lists(st.one_of(st.just(0.0), st.integers(-36, 0).map(lambda e: 2.0**e)), min_size=1, max_size=9))
    possible = [i for i, weight in enumerate(weights) if weight]
    assume(possible)
    return np.array(weights) / sum(weights), draw(st.lists(st.sampled_from(possible), max_size=60))


def assert_codes(symbols, q):
    """Round trip, and the length: at most 9 bits and the engine's losses above ideal, and not below it."""
    data = arithmetic_encode(symbols, q)
    assert np.array_equal(arithmetic_decode(data, len(symbols), q), symbols)
    assert -0.02 <= 8 * len(data) - ideal_bits(symbols, q) <= 9.02


@given(messages())
@PROPERTY
def test_arithmetic_round_trip(case):
    q, symbols = case
    assert_codes(np.array(symbols, dtype=int), q)
    # Whatever follows, the message is the same.
    data = arithmetic_encode(symbols, q)
    for tail in (b"\x00" * 9, b"\xff" * 9):
        assert arithmetic_decode(data + tail, len(symbols), q).tolist() == symbols


@given(st.lists(st.integers(0, 15), min_size=1, max_size=14))
@PROPERTY
def test_arithmetic_bytes_are_those_of_exact_fractions(symbols):
    weights = [1, 3, 0, 4, 8]
    symbols = [(0, 1, 3, 4)[symbol % 4] for symbol in symbols]
    low, width = Fraction(0), Fraction(1)
    for symbol in symbols:
        low += width * Fraction(sum(weights[:symbol]), 16)
        width *= Fraction(weights[symbol], 16)
    count = 0
    while (math.ceil(low * 256**count) + 1) > (low + width) * 256**count:
        count += 1
    expected = math.ceil(low * 256**count).to_bytes(count, "big")
    assert arithmetic_encode(symbols, np.array(weights) / 16) == expected


def test_arithmetic_codes_of_all_messages_of_one_length_are_a_prefix_code():
    q = [0.6, 0.3, 0.1]
    words = sorted(arithmetic_encode(symbols, q) for symbols in itertools.product(range(3), repeat=6))
    assert len(words) == 729
    assert not any(b.startswith(a) for a, b in itertools.pairwise(words))
    assert sum(Fraction(1, 256 ** len(word)) for word in words) <= 1


@pytest.mark.parametrize(("last", "first_byte"), [(0, 0x7F), (2, 0x80)])
def test_arithmetic_carry_runs_through_many_words(last, first_byte):
    # The middle symbol straddles one half, so that the last one decides every bit before it.
    q = [0.5 - 2**-41, 2**-40, 0.5 - 2**-41]
    symbols = [1] * 500 + [last]
    data = arithmetic_encode(symbols, q)
    assert data[0] == first_byte
    assert data[1:2400] == (b"\x00" if last else b"\xff") * 2399
    assert_codes(symbols, q)


def test_arithmetic_one_megabyte_of_bytes():
    rng = np.random.default_rng(3)
    q = rng.dirichlet(np.full(256, 0.2)) + 1e-12
    q /= q.sum()
    text = rng.choice(256, size=1_000_000, p=q).astype(np.uint8).tobytes()
    data = arithmetic_encode(text, q)
    assert bytes(arithmetic_decode(data, len(text), q).tolist()) == text
    excess = 8 * len(data) - ideal_bits(np.frombuffer(text, dtype=np.uint8), q)
    assert -0.02 <= excess <= 9.02
    assert arithmetic_encode(bytearray(text[:1000]), q) == arithmetic_encode(list(text[:1000]), q)


def test_arithmetic_65536_symbols():
    rng = np.random.default_rng(4)
    q = rng.dirichlet(np.ones(65_536)) + 1e-12
    q /= q.sum()
    symbols = np.concatenate([rng.choice(65_536, size=50_000, p=q), rng.permutation(65_536)])
    assert_codes(symbols, q)


@pytest.mark.parametrize("smallest", [1e-12, 2.0**-48])
def test_arithmetic_message_of_the_least_probable_symbols_only(smallest):
    q = np.array([smallest, 0.3, 0.7 - 2 * smallest, smallest])
    assert_codes(np.tile([3, 0, 0, 3, 3], 60_000), q)


def test_arithmetic_message_of_a_nearly_certain_symbol():
    q = [1e-9, 1 - 1e-9]
    assert_codes(np.ones(1_000_000, dtype=int), q)
    symbols = np.ones(100_000, dtype=int)
    symbols[[7, 99_999]] = 0
    assert_codes(symbols, q)


def test_arithmetic_least_probable_symbol_a_million_times():
    # Nearly 48 bits a symbol, and no power of two that a coarser table would meet by luck.
    least = 1.00001 * 2.0**-48
    assert_codes(np.full(1_000_000, 2), [1 - 3 * least, 2 * least, least])


def test_arithmetic_messages_without_information_take_no_bytes():
    assert arithmetic_encode([], [0.5, 0.5]) == b""
    assert arithmetic_decode(b"", 0, [0.5, 0.5]).size == 0
    assert arithmetic_encode([0] * 1000, [1.0]) == b""
    assert arithmetic_encode([2] * 1000, [0, 0, 1, 0]) == b""
    assert arithmetic_decode(b"", 1000, [0, 0, 1, 0]).tolist() == [2] * 1000


def test_arithmetic_takes_q_within_the_tolerance():
    q = np.array([0.6, 0.3, 0.1], dtype=np.float32)
    symbols = np.random.default_rng(5).choice(3, size=3000, p=[0.6, 0.3, 0.1])
    assert_codes(symbols, q)
    off = np.array([0.3, 0.7 + 5e-9])
    assert_codes(symbols % 2, off)
    # The excess of the sum is spread over all symbols: no single one pays for it.
    assert_codes(np.zeros(100_000, dtype=int), np.full(16_384, (1 + 9e-9) / 16_384))
