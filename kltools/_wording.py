"""Numbers as the exercises write them: in words, as fractions, in lists."""

from collections.abc import Iterable
from fractions import Fraction

CARDINALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
CARDINALS += ("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
PARTS = {4: "quarter", 5: "fifth", 10: "tenth", 20: "twentieth"}


def in_words(x: float) -> str:
    """Return "four" for 4, and what is not whole or above nineteen in digits."""
    return CARDINALS[int(x)] if x in range(len(CARDINALS)) else f"{x:g}"


def part_in_words(x: float) -> str:
    """Return "a fifth" for 0.2, "three quarters" for 0.75, and a part without a name in percent."""
    part = Fraction(x).limit_denominator(20)
    name = PARTS.get(part.denominator)
    if name is None or abs(part - x) > 1e-9:
        return f"{100 * x:g} percent"
    return f"a {name}" if part.numerator == 1 else f"{in_words(part.numerator)} {name}s"


def listed(items: Iterable[str]) -> str:
    """Return "a, b and c"."""
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else last


def plain_fraction(x: float) -> str:
    """Return "1/4" for 0.25."""
    return str(Fraction(x).limit_denominator(1000))


def tex_fraction(x: Fraction) -> str:
    r"""Return ``\frac14`` for 1/4, ``\frac1{16}`` for 1/16 and "2" for 2."""
    if x.denominator == 1:
        return str(x)
    return r"\frac" + "".join(part if len(part) == 1 else f"{{{part}}}" for part in str(x).split("/"))


def tex_sum(weights: Iterable[float], values: Iterable[float], space: str = "") -> str:
    r"""Return ``\frac14\cdot2+3`` for the weights 1/4 and 1 of the values 2 and 3."""
    terms = (
        f"{value:g}" if weight == 1 else rf"{tex_fraction(Fraction(weight))}\cdot{space}{value:g}"
        for weight, value in zip(weights, values, strict=True)
    )
    return f"{space}+{space}".join(terms)


def flips_told(sequence: str) -> dict:
    """Return how many flips there are and, in TeX, their probabilities by their own frequencies and by a fair coin."""
    n, common = len(sequence), max(map(sequence.count, sequence))
    p, q = Fraction(common, n), Fraction(n - common, n)
    own = p**common * q ** (n - common)
    return {
        "n": n,
        "number": in_words(n),
        "Number": in_words(n).capitalize(),
        "powers": rf"{_power(p, common)}\cdot{_power(q, n - common)}={tex_fraction(own)}",
        "fair": tex_fraction(Fraction(1, 2**n)),
        "fraction": tex_fraction(own * 2**n),
        "terms": f"{tex_fraction(p)}{_logarithm(2 * p)}-{tex_fraction(q)}{_logarithm(1 / (2 * q))}",
    }


def _power(x: Fraction, n: int) -> str:
    return tex_fraction(x) if n == 1 else f"({tex_fraction(x)})^{n if n < 10 else f'{{{n}}}'}"


def _logarithm(x: Fraction) -> str:
    return (r"\ln " if x.denominator == 1 else r"\ln") + tex_fraction(x)
