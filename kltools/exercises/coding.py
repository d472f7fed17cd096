"""Exercises of the chapter *Coding*."""

import math

import numpy as np

from kltools._wording import in_words, listed, plain_fraction, tex_sum
from kltools.coding import expected_length, huffman_code
from kltools.divergence import cross_entropy, entropy, kl_divergence
from kltools.exercises import ChoiceExercise, ConstructionExercise, Feedback, FunctionExercise, Mistake, NumberExercise

COIN = {"p": (0.7, 0.3), "q": (0.4, 0.6)}  # the running coin of the book
SOLVED = (0.4, 0.35, 0.25), (0.3, 0.3, 0.4)  # a pair that answers the last exercise


def _message_bits(q, message):
    return -sum(math.log2(q["abcd".index(letter)]) for letter in message)


def _bits(p, q) -> float:
    return kl_divergence(p, q, base=2)


def _waste_mistakes(p, q) -> list[Mistake]:
    whole = "That is the whole cost of a letter. What is its waste?"
    return [
        Mistake("slots swapped", _bits(q, p), "The two slots are swapped: who sends the letters averages."),
        Mistake("cross-entropy", cross_entropy(p, q, base=2), whole),
        Mistake("entropy", entropy(p, base=2), "That is the entropy, the part of the cost that no code avoids."),
    ]


def _loaded(faces) -> np.ndarray:
    return np.arange(1, faces + 1) / math.comb(faces + 1, 2)


def _fair(faces) -> np.ndarray:
    return np.full(faces, 1 / faces)


def _block(p, n: int) -> np.ndarray:
    block = np.ones(1)
    for _ in range(n):
        block = np.outer(block, p).ravel()
    return block / block.sum()


def _overhead(heads: float, n: int) -> float:
    """How far a Huffman code for blocks of n flips lies above the entropy, as a share of it."""
    block = _block((heads, 1 - heads), n)
    length = expected_length(huffman_code(block).lengths, block) / n
    return length / entropy((heads, 1 - heads), base=2) - 1


def _shortest_block(heads: float, share: float) -> int:
    return next(n for n in range(1, 20) if _overhead(heads, n) <= share)


def _block_mistakes(heads, share):
    truth = _shortest_block(heads, share)
    short = "The overhead is still above the bound there. Divide the length of a block by n before comparing."
    long = "The bound holds there, but a shorter block meets it too."
    uneven = "The overhead is above the bound there: it does not fall steadily with n."
    longer = [(n, long if _overhead(heads, n) <= share else uneven) for n in range(truth + 1, 13)]
    return [
        *(Mistake("too short", n, short) for n in range(1, truth)),
        *(Mistake("not the smallest", n, told) for n, told in longer),
    ]


def _saving(p, client, carrier) -> float:
    return _bits(p, client) - _bits(p, carrier)


def _saved(p, q) -> float:
    """What a Huffman code for p saves on letters from p where one for q was used."""
    with_q, with_p = (expected_length(huffman_code(code).lengths, p) for code in (q, p))
    return with_q - with_p


def _pair_verdict(p, q, margin) -> Feedback:
    divergence, saving = _bits(p, q), _saved(p, q)
    if math.isinf(divergence):
        return Feedback("mistake", "D(P||Q) is infinite: no saving exceeds that.", "zero in q")
    told = f"Huffman saves {saving:.4f} bit here, and D(P||Q) is {divergence:.4f} bit."
    if saving >= divergence + margin - 1e-12:
        return Feedback("right", told)
    if saving > divergence + 1e-12:
        return Feedback("mistake", f"The right direction, but not enough yet: {told}", "margin too small")
    if abs(saving) <= 1e-12 < divergence:
        return Feedback("mistake", "On letters from P both trees spend the same, so nothing is saved.", "same tree")
    if math.isclose(saving, divergence, abs_tol=1e-12):
        equal = "Saving and D(P||Q) are equal here: both lists are powers of 1/2, or the same."
        return Feedback("mistake", equal, "dyadic pair")
    return Feedback("mistake", told, "saving below D")


def _ideal(q):
    return -np.log2(q)


def _nan_at_zero(p, q):
    return np.sum(p * np.log2(p / q))


def _wrong_slot(p, q):
    return np.sum(q * _ideal(q)) - np.sum(p * _ideal(p))


EXERCISES = (
    NumberExercise(
        id="coding-1",
        title="One message",
        level="easy",
        minutes=3,
        given={"q": (1 / 2, 1 / 4, 1 / 8, 1 / 8), "message": "abacad"},
        values=lambda q, message: {
            "total": _message_bits(q, message),
            "tally": listed(f"{in_words(message.count(letter))} {letter}" for letter in "abcd"),
            "sum": tex_sum((message.count(letter) for letter in "abcd"), _ideal(q), " "),
        },
        question=r"""
By hand. A code is built for the letters a, b, c, d with $Q = (1/2, 1/4, 1/8, 1/8)$, and its lengths are ideal. How many bits does it spend on the message
`[[message]]`?
""",
        hint=r"Write the length $-\log_2 q$ under each letter of the message and add.",
        solution=r"""
The lengths are 1, 2, 3, 3 bits. The message has [[tally]], so it takes $[[sum]] = [[total:g]]$ bits. A message has a length
of its own; only averages over many messages involve a second distribution, the one that the letters come from.
""",
        truth=_message_bits,
        unit="bit",
        mistakes=lambda q, message: [
            Mistake("fixed length", 2 * len(message), "That is two bits a letter, a code that ignores Q."),
            Mistake(
                "mean letter",
                _message_bits(q, message) / len(message),
                "That is the mean over the message; the question asks for the whole.",
            ),
            Mistake(
                "entropy",
                entropy(q, base=2) * len(message),
                "That is the average over messages drawn from Q. This message has its own letters.",
            ),
        ],
    ),
    NumberExercise(
        id="coding-2",
        title="The other way around",
        level="easy",
        minutes=5,
        given={"p": (1 / 4, 1 / 8, 1 / 16, 1 / 16, 1 / 2), "q": (1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16)},
        values=lambda p, q: {
            "waste": _bits(p, q),
            "length": cross_entropy(p, q, base=2),
            "entropy": entropy(p, base=2),
            "reverse": _bits(q, p),
            "count": in_words(len(p)).capitalize(),
            "sent": ", ".join(map(plain_fraction, p)),
            "coded": ", ".join(map(plain_fraction, q)),
            "lengths": ", ".join(f"{bits:g}" for bits in _ideal(q)),
            "sum": tex_sum(p, _ideal(q)),
        },
        question=r"""
By hand. [[count]] letters come with probabilities $([[sent]])$, and the code was built for $([[coded]])$. How many bits a letter does it waste?
""",
        hint=r"The codewords are [[lengths]] bits long. Average them over the letters that are sent, then subtract $H$.",
        solution=r"""
The mean length is $[[sum]]=[[length:g]]$ bits and the entropy is $[[entropy:g]]$ bits, so the waste is $[[waste:g]]$
bits a letter. With the two distributions exchanged it would be $[[reverse:g]]$ bit: who sends and who codes is not a matter of taste.
""",
        truth=_bits,
        unit="bit",
        mistakes=_waste_mistakes,
    ),
    NumberExercise(
        id="coding-3",
        title="A code for a fair die",
        level="easy",
        minutes=6,
        given={"faces": 6},
        values=lambda faces: {
            "waste": _bits(_loaded(faces), _fair(faces)),
            "entropy": entropy(_loaded(faces), base=2),
            "log": math.log2(faces),
            "end": faces + 1,
            "sum": math.comb(faces + 1, 2),
        },
        question=r"""
A loaded die shows face $k$ with probability proportional to $k$, for $k = 1, \dots, [[faces]]$. Its throws are sent with the ideal code of a fair die, whose lengths need not be whole. How many
bits a throw are wasted?
""",
        hint=r"The code of the fair die spends $\log_2 [[faces]]$ bits on every throw. Normalize the weights before you use them.",
        solution=r"""
Every throw costs $\log_2 [[faces]] = [[log:.6f]]$ bits, and the entropy of the loaded die is $[[entropy:.6f]]$ bits.

```python
import numpy as np
from kltools import entropy, kl_divergence

p = np.arange(1, [[end]]) / [[sum]]
waste = kl_divergence(p, np.full([[faces]], 1 / [[faces]]), base=2)
assert np.isclose(waste, np.log2([[faces]]) - entropy(p, base=2))
```

The waste is $[[waste:.6f]]$ bit. Against a uniform code the divergence is what the entropy lacks to its maximum: it measures how far from uniform the die
is.
""",
        truth=lambda faces: _bits(_loaded(faces), _fair(faces)),
        unit="bit",
        mistakes=lambda faces: [
            *_waste_mistakes(_loaded(faces), _fair(faces)),
            Mistake(
                "not normalized",
                sum(k * math.log2(k * faces) for k in range(1, faces + 1)),
                "The weights 1, 2, 3, ... do not sum to 1: normalize them first.",
            ),
        ],
    ),
    NumberExercise(
        id="coding-4",
        title="The carrier that knows less",
        level="medium",
        minutes=10,
        given={"p": (0.5, 0.25, 0.15, 0.1), "client": (0.4, 0.3, 0.2, 0.1), "carrier": (0.1, 0.2, 0.3, 0.4)},
        values=lambda p, client, carrier: {
            "saving": _saving(p, client, carrier),
            "of_client": _bits(p, client),
            "of_carrier": _bits(p, carrier),
        },
        question=r"""
Letters come from $P = [[p]]$. The client sends them with the ideal code of $[[client]]$. (Ideal lengths need not be whole.) A carrier decodes the stream and codes it again for $[[carrier]]$,
which it takes for the truth. How many bits a letter does the carrier save? Give the sign.
""",
        hint=r"Both codes are wrong, and both are averaged over $P$. A saving is the old waste less the new one.",
        solution=r"""
```python
import numpy as np
from kltools import kl_divergence

p, client, carrier = [[p]], [[client]], [[carrier]]
saving = kl_divergence(p, client, base=2) - kl_divergence(p, carrier, base=2)
assert np.isclose(saving, np.dot(p, np.log2(np.divide(carrier, client)))) and saving < 0
```

In one step: the old length of $x$ less the new one is $\log_2 q_{\mathrm{carrier}}(x)/q_{\mathrm{client}}(x)$, averaged over $P$. The client wastes $[[of_client:.6f]]$ bit and the carrier $[[of_carrier:.6f]]$ bit a letter, so the carrier saves $[[saving:.6f]]$ bit: it pays for the worse model. The gap belongs to whoever models $P$ better, not to whoever recodes last.
""",
        truth=_saving,
        unit="bit",
        mistakes=lambda p, client, carrier: [
            Mistake("one divergence", _bits(p, carrier), "That is the carrier's own waste. What was the client's?"),
            Mistake("old waste", _bits(p, client), "That would be the saving of a carrier that knew P."),
            Mistake("no sender", _bits(client, carrier), "The letters come from P, not from the client's code."),
            Mistake("no sender", -_bits(client, carrier), "The letters come from P, not from the client's code."),
            Mistake("no sender", _bits(carrier, client), "The letters come from P, not from the carrier's code."),
        ],
    ),
    NumberExercise(
        id="coding-5",
        title="How long must a block be?",
        level="medium",
        minutes=8,
        given={"heads": 0.7, "share": 0.01},
        values=lambda heads, share: {
            "coin": [heads, round(1 - heads, 9)],
            "n": _shortest_block(heads, share),
            "reached": _overhead(heads, _shortest_block(heads, share)),
            "before": _overhead(heads, _shortest_block(heads, share) - 1),
        },
        question=r"""
A coin shows heads with probability $[[heads]]$. Its flips are collected in blocks of $n$ and each block is sent with the Huffman code of the blocks. What is
the smallest $n$ for which the code spends at most [[share:.0%]] more than the entropy a flip?
""",
        hint=r"Build the block's probabilities with `np.outer(block, [[coin]]).ravel()`, and compare `expected_length(...) / n` with $H$. `expected_length` and `huffman_code` are in `kltools.coding`.",
        solution=r"""
```python
import numpy as np
from kltools import entropy
from kltools.coding import expected_length, huffman_code

coin, block, n = [[coin]], np.ones(1), 0
overhead = 1.0
while overhead > [[share]]:
    n, block = n + 1, np.outer(block, coin).ravel()
    overhead = expected_length(huffman_code(block).lengths, block) / n / entropy(coin, base=2) - 1
assert n == [[n]]
```

Blocks of [[n]] do: they lie [[reached:.2%]] above the entropy, blocks of one fewer [[before:.2%]]. The price of a block is a table of $2^n$ codewords, and an arithmetic
coder needs none: it works flip by flip and comes nearer still.
""",
        truth=_shortest_block,
        mistakes=_block_mistakes,
    ),
    ChoiceExercise(
        id="coding-6",
        title="What the store can conclude",
        level="medium",
        minutes=6,
        question=r"""
To think about. A store receives its clients' files as `.zip` and keeps them as `.7z`. Over a year it finds that this saves 8,000 bits on the average file. A compressor that spends $\ell(x)$ bits on the file $x$ acts
as $Q(x) = 2^{-\ell(x)}$ (also where this sums to less than 1), and the files come from $P$. What follows?
""",
        hint=r"Write both mean lengths as $H(P)$ plus a waste. Which of the two wastes is unknown, and what sign does it have?",
        options={
            "a": r"$D(P\|Q_{\mathrm{zip}}) = 8000$ bits",
            "b": r"$D(Q_{\mathrm{7z}}\|Q_{\mathrm{zip}}) = 8000$ bits",
            "c": r"$D(P\|Q_{\mathrm{zip}}) \ge 8000$ bits",
            "d": r"$D(P\|Q_{\mathrm{7z}}) \le 8000$ bits",
        },
        truth="c",
        mistakes=(
            Mistake("one divergence", "a", "That would be so if .7z reached the entropy of P. Does it?"),
            Mistake("no sender", "b", "The files come from neither compressor. Who averages?"),
            Mistake("small because better", "d", "Better than .zip, yes. But how far above the entropy may both be?"),
        ),
        solution=r"""
c. The entropy cancels, so $8000 = D(P\|Q_{\mathrm{zip}}) - D(P\|Q_{\mathrm{7z}})$, and the last divergence is not negative. The waste of `.zip` is therefore at least 8,000 bits a file; of the
waste of `.7z` the store learns nothing. A better compressor gives a lower bound on what the old one wastes, and only the entropy would give the rest.
""",
    ),
    FunctionExercise(
        id="coding-7",
        title="Find the bug: negative waste",
        level="medium",
        minutes=8,
        given=COIN,
        question=r"""
Find the bug. This function should return the bits a letter that the ideal code of `q` wastes on letters from `p`. For `p = [[p]]` and `q = [[q]]` it returns a positive
number, and for some others a negative one. It also fails when a probability of `p` is zero. Write a version that is right on both counts.

```python
def wasted_bits(p, q):
    lengths = -np.log2(q)
    return np.sum(q * lengths) - np.sum(p * -np.log2(p))
```
""",
        hint=r"Which distribution do the letters come from, and so which one averages the lengths? For the zero: $0 \log 0 = 0$; `scipy.special.entr` knows (in nats).",
        truth=_bits,
        cases=(
            tuple(COIN.values()),
            ((0.9, 0.05, 0.05), (0.5, 0.3, 0.2)),
            ((0.5, 0.5, 0.0), (0.25, 0.25, 0.5)),
            ((0.2, 0.3, 0.5), (0.2, 0.3, 0.5)),
        ),
        mistakes=(
            Mistake("unchanged", _wrong_slot, "The lengths are still averaged over `q`, which sends nothing."),
            Mistake("slots swapped", lambda p, q: _bits(q, p), "Now both slots are swapped: `p` must average."),
            Mistake("zero", _nan_at_zero, "Nearly: a zero in `p` still gives NaN. It should contribute nothing."),
            Mistake("nats", kl_divergence, "The values are in nats; the function should return bits."),
            Mistake("cross-entropy", lambda p, q: cross_entropy(p, q, base=2), "The entropy is not subtracted."),
        ),
        solution=r"""
```python
import numpy as np
from scipy.special import entr

def wasted_bits(p, q):
    p, q = np.asarray(p), np.asarray(q)
    sent = p > 0
    return np.sum(p[sent] * -np.log2(q[sent])) - np.sum(entr(p)) / np.log(2)

assert np.isclose(wasted_bits([0.5, 0.5, 0.0], [0.25, 0.25, 0.5]), 1)
```

Averaged over `q`, the first sum is the entropy of `q`, and the function returns a difference of two entropies, which may have any sign. A waste that comes out
negative is a message: some slot is filled by the wrong distribution.
""",
    ),
    ConstructionExercise(
        id="coding-8",
        title="When the tree saves more than D",
        level="hard",
        minutes=10,
        given={"margin": 0.05},  # bit a letter, so that a lucky rounding is no solution
        values=lambda margin: {"saving": _saved(*SOLVED), "divergence": _bits(*SOLVED)},
        question=r"""
Letters come from $P$. Find two distributions $P$ and $Q$ on three letters for which replacing the Huffman code of $Q$ by the Huffman code of $P$ saves at least [[margin]] bit a letter *more* than $D(P\|Q)$ bits. Answer with a pair of lists `(p, q)`.
""",
        hint=r"On three letters a Huffman tree has one short codeword. Let $P$ and $Q$ be close, and let them disagree about who gets it.",
        solution=r"""
Take $P = (0.4, 0.35, 0.25)$ and $Q = (0.3, 0.3, 0.4)$. The tree of $Q$ gives its one-bit codeword to the last letter, that of $P$ to the first, and so the
trees differ by $0.4 - 0.25 = [[saving:.2f]]$ bit a letter, while $D(P\|Q) = [[divergence:.4f]]$ bit.

```python
from kltools import kl_divergence
from kltools.coding import expected_length, huffman_code

p, q = [0.4, 0.35, 0.25], [0.3, 0.3, 0.4]
saving = expected_length(huffman_code(q).lengths, p) - expected_length(huffman_code(p).lengths, p)
assert saving > kl_divergence(p, q, base=2) + [[margin]]
```

Two close distributions may have quite different trees: whole-bit codes turn a small difference of belief into a step.
""",
        lists=("p", "q"),
        outcomes=3,
        verdict=_pair_verdict,
    ),
)
