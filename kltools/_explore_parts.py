"""What the reader moves in an interactive figure, and the numbers it shows.

Import these names from ``kltools.explore``.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kltools._explore_tables import format_value


def _check_name(name: str) -> None:
    if not (isinstance(name, str) and name.isidentifier()):
        raise ValueError(f"name={name!r} is not a Python identifier")


@dataclass(frozen=True)
class Slider:
    """A parameter that takes one of several increasing numbers.

    Parameters
    ----------
    name : str
        The argument's name in the functions that depend on it.
    label : str
        What the reader sees beside the slider.
    steps : sequence of float, at least 2, increasing
        The values it takes, rounded to `digits` decimals: what is shown is what is computed with. With
        ``digits=0`` they are Python integers.
    start : float
        The step it stands on first.
    digits : int
        Decimals shown.
    unit : str
        Shown behind the value.

    Raises
    ------
    ValueError
        If the rounded steps are fewer than two, not finite or not increasing, or `start` is not one of them.

    Examples
    --------
    >>> Slider("p", "P(a)", steps=[0.25, 0.5, 0.75], start=0.5).grid
    (0.25, 0.5, 0.75)
    """

    name: str
    label: str
    steps: Sequence[float]
    start: float
    digits: int = 2
    unit: str = ""

    def __post_init__(self):
        _check_name(self.name)
        steps = [float(step) for step in self.steps]
        if len(steps) < 2 or not all(map(math.isfinite, steps)):
            raise ValueError(f"slider {self.name!r}: steps={steps} must be at least two finite numbers")
        rounded = [round(step, self.digits or None) + 0 for step in steps]  # + 0 makes -0.0 plain
        for low, high in pairwise(rounded):
            if not low < high:
                raise ValueError(f"slider {self.name!r}: steps do not increase at {self.digits} digits: {low}, {high}")
        object.__setattr__(self, "steps", tuple(rounded))
        object.__setattr__(self, "start", self.find(self.start))

    @property
    def grid(self) -> tuple:
        """All values, in order."""
        return self.steps

    def find(self, value: float) -> float:
        """Return the step that `value` is, up to the last bits of a float."""
        if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
            raise ValueError(f"slider {self.name!r}: {value!r} is not a number")
        nearest = min(self.steps, key=lambda step: abs(step - value))
        if not math.isclose(nearest, value, rel_tol=1e-9, abs_tol=1e-9):
            raise ValueError(f"slider {self.name!r}: {value!r} is not one of its steps; the nearest is {nearest!r}")
        return nearest

    def text(self, value: float) -> str:
        """Return the value as it is shown, with its unit."""
        return format_value(value, self.digits, self.unit)


@dataclass(frozen=True)
class Choice:
    """A parameter that takes one of a few words.

    Parameters
    ----------
    name : str
        The argument's name in the functions that depend on it.
    label : str
        What the reader sees above the options.
    options : sequence of str, at least 2, distinct
        The words; a function is given the word itself.
    start : str
        The option chosen first.

    Raises
    ------
    ValueError
        If there are fewer than two options, one comes twice, or `start` is none of them.

    Examples
    --------
    >>> Choice("code", "Code", options=["ideal", "Huffman"], start="ideal").find("Huffman")
    'Huffman'
    """

    name: str
    label: str
    options: Sequence[str]
    start: str

    def __post_init__(self):
        _check_name(self.name)
        options = tuple(self.options)
        words = all(isinstance(option, str) for option in options)
        if not words or len(set(options)) < max(2, len(options)):
            raise ValueError(f"choice {self.name!r}: options={options} must be at least two distinct words")
        object.__setattr__(self, "options", options)
        self.find(self.start)

    @property
    def grid(self) -> tuple:
        """All values, in order."""
        return self.options

    def find(self, value: str) -> str:
        """Return the option that `value` is."""
        if value not in self.options:
            raise ValueError(f"choice {self.name!r}: {value!r} is not one of its options {self.options}")
        return value

    def text(self, value: str) -> str:
        """Return the word."""
        return value


@dataclass(frozen=True)
class Readout:
    """A number shown with its label and unit.

    Parameters
    ----------
    name : str
        Its name in the figure's sentence.
    label : str
        What the reader sees beside the number.
    function : callable
        ``function(...) -> float``. Its arguments are the parameters it depends on. Infinity is an answer; NaN is
        refused when the figure is made or shown.
    unit : str
        Shown behind the number.
    digits : int
        Decimals it is rounded to.

    Examples
    --------
    >>> Readout("bits", "length", lambda p: -p, unit="bit", digits=2).text(-0.5)
    '−0.50\\xa0bit'
    """

    name: str
    label: str
    function: Callable
    unit: str = ""
    digits: int = 4

    def __post_init__(self):
        _check_name(self.name)

    def encode(self, result: float) -> float | str:
        """Return the rounded number, or the text of an infinite one: JSON has no number for it."""
        value = float(result)
        if math.isnan(value):
            raise ValueError("the value is NaN")
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        return round(value, self.digits) + 0.0

    def text(self, value: float | str) -> str:
        """Return an encoded value as it is shown, with its unit."""
        return format_value(value, self.digits, self.unit)
