"""Codes: lengths, Kraft's inequality, Huffman's code and an arithmetic coder.

Every code is a distribution: the lengths of a complete prefix code are ideal, -log2 q, for q = 2**-length.
All lengths here are in bits. A symbol without a codeword has length ``inf``, the ideal length of a symbol of
probability zero, so that ideal lengths, whole lengths and missing codewords fit into one array.
"""

import math
from dataclasses import dataclass

import numpy as np

from kltools import _arithmetic, _huffman
from kltools._validation import broadcast_shape, integer, probabilities, real_array, require_entries

__all__ = [
    "HuffmanCode",
    "arithmetic_decode",
    "arithmetic_encode",
    "expected_length",
    "huffman_code",
    "kraft_sum",
    "shannon_lengths",
]


def shannon_lengths(q):
    """Lengths of Shannon's code: the ideal lengths -log2 q, each rounded up to a whole number of bits.

    Parameters
    ----------
    q : array_like, shape (..., k)
        Probabilities along the last axis.

    Returns
    -------
    numpy.ndarray, shape (..., k)
        ``ceil(-log2 q)`` in bits as float64, exact at powers of two; ``inf`` (no codeword) where q is zero.

    Raises
    ------
    TypeError, ValueError
        If q is not a probability vector.

    Notes
    -----
    Coding P with the lengths for Q costs at least H(P) + D(P||Q) and less than one bit more (T. M. Cover
    and J. A. Thomas, *Elements of Information Theory*, 2nd ed., theorem 5.4.3). Explained in the chapter
    *Coding*.

    Examples
    --------
    >>> shannon_lengths([0.5, 0.3, 0.125, 0.075, 0.0])
    array([ 1.,  2.,  3.,  4., inf])
    """
    q = probabilities(q, "q")
    # q = m * 2**e with 1/2 <= m < 1, so that -log2 q = -e - log2 m lies in (-e, 1 - e]. The entries count as
    # given: dividing them by a sum that is off by rounding could turn 0.125 into a length of 4.
    _, exponent = np.frexp(q)
    return np.where(q > 0, 1.0 - exponent, np.inf)


def kraft_sum(lengths):
    """Kraft's sum of 2**-length: at most 1 for a uniquely decodable code, 1 for a complete prefix code.

    Parameters
    ----------
    lengths : array_like, shape (..., k)
        Lengths in bits, whole or not; ``inf`` for a symbol without a codeword, which adds nothing.

    Returns
    -------
    float or numpy.ndarray, shape (...)
        The sum along the last axis; for whole lengths it is the float nearest to the exact sum.

    Raises
    ------
    TypeError, ValueError
        If a length is NaN or negative, or there are none.

    Notes
    -----
    T. M. Cover and J. A. Thomas, *Elements of Information Theory*, 2nd ed., theorems 5.2.1 and 5.5.1.
    Explained in the chapter *Coding*.

    Examples
    --------
    >>> kraft_sum([1, 2, 3, 3])
    1.0
    >>> kraft_sum([1, 1, 2])
    1.25
    """
    lengths = _lengths(lengths)
    # A term beyond 1100 bits is below the smallest float: the bound only keeps the exponent an integer.
    bounded = np.minimum(lengths, 1100.0)
    whole = np.ceil(bounded)
    terms = np.ldexp(np.exp2(whole - bounded), -whole.astype(np.int32))
    sums = [math.fsum(row) for row in terms.reshape(-1, terms.shape[-1]).tolist()]
    return sums[0] if terms.ndim == 1 else np.reshape(sums, terms.shape[:-1])


def expected_length(lengths, p):
    """Mean codeword length under P, in bits per symbol.

    Parameters
    ----------
    lengths : array_like, shape (..., k)
        Lengths in bits, whole or not; ``inf`` for a symbol without a codeword. Of a `HuffmanCode`, its ``lengths``.
    p : array_like, shape (..., k)
        Probabilities along the last axis: P averages, whatever Q the code was made for.

    Returns
    -------
    float or numpy.ndarray, shape (...)
        ``sum(p * lengths)``: ``inf`` where P produces a symbol without a codeword, while a symbol that P
        never produces costs nothing.

    Raises
    ------
    TypeError, ValueError
        If p is not a probability vector, a length is NaN or negative, or the shapes do not fit.

    Notes
    -----
    For the lengths -log2 q it is the cross-entropy H(P) + D(P||Q). Explained in the chapter *Coding*.

    Examples
    --------
    >>> expected_length([2, 3, 3, 1], [1/2, 1/4, 1/8, 1/8])
    2.25
    >>> expected_length([1, 1, float("inf")], [0.5, 0.5, 0.0])
    1.0
    """
    lengths, p = _lengths(lengths), probabilities(p, "p").astype(np.float64)
    shape = broadcast_shape(lengths, p, names=("lengths", "p"))
    cost = np.multiply(p, lengths, out=np.zeros(shape), where=p > 0)
    mean = cost.sum(axis=-1) / p.sum(axis=-1)
    return float(mean) if mean.ndim == 0 else mean


@dataclass(frozen=True, slots=True)
class HuffmanCode:
    """A prefix code, made by `huffman_code`: a codeword of 0s and 1s, or None, for each symbol.

    Examples
    --------
    >>> code = huffman_code([0.5, 0.25, 0.125, 0.125])
    >>> code.codewords
    ('0', '10', '110', '111')
    >>> code.lengths
    array([1., 2., 3., 3.])
    >>> code.encode([0, 1, 0, 3])
    '0100111'
    >>> code.decode("0100111")
    array([0, 1, 0, 3])
    """

    codewords: tuple

    @property
    def lengths(self):
        """Lengths in bits, float64, ``inf`` for a symbol without a codeword."""
        return np.array([math.inf if word is None else float(len(word)) for word in self.codewords])

    def encode(self, symbols):
        """Return the codewords of a message, given as bytes or integers that index q, in one string.

        Raises ValueError for a symbol that is not an integer in range or has no codeword, with its position.
        """
        return "".join([self.codewords[symbol] for symbol in _message(symbols, np.isfinite(self.lengths))])

    def decode(self, bits):
        """Return the symbols that a string of 0s and 1s codes, as an int64 array.

        Raises TypeError if it is not a string; ValueError if a character is neither 0 nor 1, no codeword
        begins as the bits do, or they end inside a codeword.
        """
        if not isinstance(bits, str):
            raise TypeError(f"bits must be a str of 0s and 1s, got {type(bits).__name__}")
        symbol_of = {word: symbol for symbol, word in enumerate(self.codewords) if word is not None}
        longest = max(map(len, symbol_of))
        symbols, word = [], ""
        for position, bit in enumerate(bits):
            word += bit
            if word in symbol_of:
                symbols.append(symbol_of[word])
                word = ""
            elif bit not in "01":
                raise ValueError(f"bits[{position}] = {bit!r} is neither 0 nor 1")
            elif len(word) == longest:
                raise ValueError(f"bits[{position}] = {bit!r} fits no codeword")
        if word:
            raise ValueError(f"bits ends inside a codeword, after {word!r}")
        return np.array(symbols, dtype=np.int64)


def huffman_code(q):
    """Huffman's code for q: no prefix code has a smaller expected length under q.

    Parameters
    ----------
    q : array_like, shape (k,)
        Probabilities.

    Returns
    -------
    HuffmanCode
        With ``lengths``, ``codewords``, ``encode`` and ``decode``. A symbol of probability zero gets no
        codeword (length ``inf``). A single possible symbol gets the codeword "0", so that a message still
        has a length. The code is canonical: in order of length, then of symbol, the codewords are numbers
        that count up. Of several optimal trees it is one whose longest codeword is shortest, and always the
        same one.

    Raises
    ------
    TypeError, ValueError
        If q is not one probability vector.

    Notes
    -----
    The expected length L under q obeys H(q) <= L < H(q) + 1 if at least two symbols are possible. D. A.
    Huffman, "A Method for the Construction of Minimum-Redundancy Codes", *Proceedings of the IRE* 40
    (1952). Explained in the chapter *Coding*.

    Examples
    --------
    >>> huffman_code([1/4, 1/8, 1/8, 1/2, 0]).codewords
    ('10', '110', '111', '0', None)

    What it wastes is its expected length less the entropy, both in bits:

    >>> from kltools import entropy
    >>> p = [0.5, 0.3, 0.2]
    >>> round(float(expected_length(huffman_code(p).lengths, p) - entropy(p, base=2)), 6)
    0.014525
    """
    q = _one_vector(q)
    possible = np.flatnonzero(q)
    by_weight = possible[np.argsort(q[possible], kind="stable")]
    depths = _huffman.tree_depths(q[by_weight].tolist()) if by_weight.size > 1 else [1]
    codewords = _huffman.canonical_codewords(dict(zip(by_weight.tolist(), depths, strict=True)))
    return HuffmanCode(tuple(codewords.get(symbol) for symbol in range(q.size)))


def arithmetic_encode(symbols, q):
    """Code a message by arithmetic coding, within 10 bits of its ideal length -sum(log2 q(x)).

    Parameters
    ----------
    symbols : bytes or array_like of int, shape (n,)
        Symbols as indices into q. The bound holds for every message of up to a million symbols.
    q : array_like, shape (k,)
        Probabilities, each zero or at least 2**-48, of up to 65,536 symbols.

    Returns
    -------
    bytes
        Empty for a message that says nothing: of no symbols, or certain under q.

    Raises
    ------
    TypeError, ValueError
        If q is not one probability vector or has a positive entry below 2**-48, or if a symbol is not an
        integer in range or has probability zero: the message names its position, and nothing is coded.

    Notes
    -----
    Only integers are computed with, so that machines that are given the same q agree to the last bit.
    J. Rissanen and G. G. Langdon, "Arithmetic Coding", *IBM Journal of Research and Development* 23 (1979).
    Explained in the chapter *Coding*.

    Examples
    --------
    >>> q = [0.9, 0.05, 0.05]
    >>> data = arithmetic_encode([0, 0, 1, 0, 2, 0], q)
    >>> len(data)
    2
    >>> arithmetic_decode(data, 6, q)
    array([0, 0, 1, 0, 2, 0])
    """
    q = _coder_vector(q)
    return _arithmetic.encode(_message(symbols, q > 0), _arithmetic.frequencies(q))


def arithmetic_decode(data, n, q):
    """Decode the n symbols that `arithmetic_encode` coded with the same q.

    Parameters
    ----------
    data : bytes
        What `arithmetic_encode` returned; bytes after it change nothing.
    n : int
        Number of symbols in the message.
    q : array_like, shape (k,)
        The probabilities given to `arithmetic_encode`, equal to the last bit.

    Returns
    -------
    numpy.ndarray of int64, shape (n,)

    Raises
    ------
    TypeError
        If data is not bytes or n is not an integer.
    ValueError
        If n is negative, q is not one probability vector or has a positive entry below 2**-48, or no
        message explains the data. Data that were cut short or coded with another q may also decode to a
        wrong message.

    Notes
    -----
    Explained in the chapter *Coding*.

    Examples
    --------
    >>> q = [0.5, 0.25, 0.25]
    >>> arithmetic_decode(arithmetic_encode([2, 0, 1], q), 3, q)
    array([2, 0, 1])
    """
    if not isinstance(data, bytes | bytearray):
        raise TypeError(f"data must be bytes, got {type(data).__name__}")
    n = integer(n, "n", least=0)
    table = _arithmetic.frequencies(_coder_vector(q))
    return np.array(_arithmetic.decode(bytes(data), n, table), dtype=np.int64)


def _one_vector(q):
    q = probabilities(q, "q").astype(np.float64)
    if q.ndim != 1:
        raise ValueError(f"q must be one-dimensional, got shape {q.shape}")
    return q


def _coder_vector(q):
    q = _one_vector(q)
    require_entries(q, "q", (q == 0) | (q >= 2.0**-48), "the coder carries no positive probability below 2**-48")
    return q


def _lengths(lengths):
    if isinstance(lengths, HuffmanCode):
        raise TypeError("lengths is a HuffmanCode: pass its .lengths")
    lengths = real_array(lengths, "lengths").astype(np.float64)
    if lengths.ndim == 0 or lengths.shape[-1] == 0:
        raise ValueError(f"lengths must have a symbol along the last axis, got shape {lengths.shape}")
    require_entries(lengths, "lengths", lengths >= 0, "a length is a number of bits, zero or more")
    return lengths


def _message(symbols, possible):
    """Return a message as a list of indices, or name the first symbol that the code cannot carry."""
    as_bytes = isinstance(symbols, bytes | bytearray)
    message = np.frombuffer(symbols, dtype=np.uint8) if as_bytes else np.asarray(symbols)
    if message.ndim != 1:
        got = f"{type(symbols).__name__} of shape {message.shape}"
        raise ValueError(f"symbols must be bytes or a one-dimensional array of integers, got {got}")
    if message.dtype.kind not in "iu":
        # A list that numpy turned into floats or objects: look at what was really passed.
        for position, symbol in enumerate(symbols):
            if isinstance(symbol, bool | np.bool_) or not isinstance(symbol, int | np.integer):
                raise ValueError(f"symbols[{position}] = {symbol} is not an integer")
    in_range = (message >= 0) & (message < possible.size)
    require_entries(message, "symbols", in_range, f"the symbols of q are 0 to {possible.size - 1}")
    message = message.astype(np.int64)
    require_entries(message, "symbols", possible[message], "a symbol of probability zero in q has no code")
    return message.tolist()
