"""The integer engine of the arithmetic coder: a table of frequencies, and an interval that narrows.

A message is an interval inside [0, 1): each symbol keeps the slice that its probability cuts out of what is
left. The interval is held as two integers, ``low`` and ``span``, in units of 2**-160 of a window that moves
along the number 32 bits at a time; the words that have left the window are the output. Only integers take
part, so that two machines that are given the same q agree to the last bit.

How much longer than the ideal -sum(log2 q) is the output?

- Table. A float64 q >= 2**-49 is a whole multiple of 2**-101, so the table is the normalized q itself. Only
  the most probable symbol takes up the rounding of sum(q), at most 2**-52 of a probability that is at least
  1/k: for k = 65,536 symbols a part in 2**36, or 0.00003 bit in 1e6 symbols.
- Division. ``span >> 101`` drops less than one unit out of at least 2**(128 - 101) = 2**27, so that a symbol
  loses less than 1.45 * 2**-27 bit: 0.011 bit in 1e6 symbols.
- End. The last bytes name a dyadic interval inside the message's own: less than 9 bits.

Nor is it shorter, but for the table's rounding: whatever bytes follow, the message stays the same, so that
the outputs for the messages of one length are a prefix code.
"""

import math
from bisect import bisect_right
from itertools import accumulate, chain, repeat

import numpy as np

TOTAL_BITS = 101
WINDOW_BITS = 160
WORD_BITS = 32
LEAST_SPAN = 1 << (WINDOW_BITS - WORD_BITS)
WORD_MASK = (1 << WORD_BITS) - 1


def frequencies(q):
    """Return q, each entry zero or at least 2**-48, as Python integers that sum to 2**101 exactly."""
    q = q / math.fsum(q.tolist())
    table = [int(value) for value in np.ldexp(q, TOTAL_BITS).tolist()]
    largest = int(np.argmax(q))
    table[largest] += (1 << TOTAL_BITS) - sum(table)
    return table


def _starts(table):
    return list(accumulate(table, initial=0))


def encode(symbols, table):
    """Return the bytes that code a list of symbols, each of positive frequency."""
    starts = _starts(table)
    low, span, words = 0, 1 << WINDOW_BITS, []
    for symbol in symbols:
        step = span >> TOTAL_BITS
        low += starts[symbol] * step
        span = table[symbol] * step
        while span < LEAST_SPAN:
            # A word may still be one too large for 32 bits here: the carry is settled at the end.
            words.append(low >> (WINDOW_BITS - WORD_BITS))
            low = (low & (LEAST_SPAN - 1)) << WORD_BITS
            span <<= WORD_BITS
    carry, tail = _last_bytes(low, span)
    for position in range(len(words) - 1, -1, -1):
        word = words[position] + carry
        words[position], carry = word & WORD_MASK, word >> WORD_BITS
    return np.array(words, dtype=">u4").tobytes() + tail


def _last_bytes(low, span):
    """Return the carry and the fewest bytes that stay in [low, low + span) whatever bytes follow."""
    count, unit = 0, 1 << WINDOW_BITS
    while (value := -(-low // unit)) * unit + unit > low + span:
        count, unit = count + 1, unit >> 8
    carry, tail = divmod(value, 1 << (8 * count))
    return carry, tail.to_bytes(count, "big")


def decode(data, n, table):
    """Return the list of the n symbols that the bytes code."""
    # Symbols of frequency zero own no slice, and bisect must not meet them.
    alphabet = [symbol for symbol, frequency in enumerate(table) if frequency]
    table = [table[symbol] for symbol in alphabet]
    starts = _starts(table)
    words = np.frombuffer(data + bytes(-len(data) % 4), dtype=">u4").tolist()
    next_word = chain(words, repeat(0)).__next__
    offset, span, symbols = 0, 1 << WINDOW_BITS, []
    for _ in range(WINDOW_BITS // WORD_BITS):
        offset = offset << WORD_BITS | next_word()
    for _ in range(n):
        step = span >> TOTAL_BITS
        index = bisect_right(starts, offset // step) - 1
        if index == len(table):
            # The sliver that the division leaves over belongs to no symbol, and encode never goes there.
            raise ValueError(f"data holds no message coded with this q: symbol {len(symbols)} has no reading")
        symbols.append(alphabet[index])
        offset -= starts[index] * step
        span = table[index] * step
        while span < LEAST_SPAN:
            offset = offset << WORD_BITS | next_word()
            span <<= WORD_BITS
    return symbols
