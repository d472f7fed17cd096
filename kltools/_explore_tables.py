"""The numbers of an interactive figure: which function depends on what, and what is drawn for which values.

A live kernel asks for one frame at a time; a static page is given tables of all of them. Both come from the
same rows, rounded by the same code, so that a reader sees the same picture in both.
"""

import inspect
import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

UNITS = 2000  # a coordinate is drawn to one part in 2000 of its axis
BEYOND = 10 * UNITS  # what lies further out than ten axis lengths, infinity too, is drawn there
MAX_ROWS = 20_000


def format_value(value: float | str, digits: int, unit: str) -> str:
    """Return a number as it is printed everywhere: fixed decimals, a true minus, its unit; a text stays as it is."""
    text = value if isinstance(value, str) else f"{value:.{digits}f}".replace("-", "−")
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit else text


def coordinates(name: str, values: Any) -> np.ndarray:
    """Return the values as an array of shape (n,); NaN is refused, infinity is not."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{name} has shape {array.shape}, not (n,) with n at least 1")
    if np.isnan(array).any():
        raise ValueError(f"{name} is NaN at index {np.flatnonzero(np.isnan(array))[0]}")
    return array


def quantize(values: np.ndarray, limits: tuple[float, float], scale: str = "linear") -> np.ndarray:
    """Return coordinates as whole 2000ths of the axis, counted from its lower end."""
    if scale == "log":
        if np.any(values < 0):
            raise ValueError(f"{values[values < 0][0]} is negative and has no place on a logarithmic axis")
        with np.errstate(divide="ignore"):
            values, limits = np.log(values), np.log(limits)
    low, high = limits
    return np.rint(np.clip((values - low) / (high - low) * UNITS, -BEYOND, BEYOND)).astype(int)


def restore(units: np.ndarray, limits: tuple[float, float], scale: str = "linear") -> np.ndarray:
    """Return the values that stand at these whole 2000ths of the axis."""
    low, high = limits
    part = np.asarray(units) / UNITS
    if scale == "linear":
        return low + (high - low) * part
    # a float may end before the tenth axis length; what it cuts there lies far outside the panel
    return np.exp(np.clip(np.log(low) + np.log(high / low) * part, -700, 700))


def log_ticks(limits: tuple[float, float], most: int = 6) -> list[tuple[float, str]]:
    """Return the values to mark on a logarithmic axis, with their labels: two at least, else none."""
    low, high = limits
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    ways = [(1, digits) for digits in (range(1, 10), (1, 2, 5), (1, 3))]
    ways += [(stride, (1,)) for stride in range(1, last - first + 1)]
    for stride, digits in ways:
        powers = [power for power in range(first, last + 1) if power % stride == 0]
        marks = [(digit, power) for power in powers for digit in digits]
        # 10.0**-3 times 3 may miss 0.003 by its last bit: the decimal text does not
        inside = [mark for mark in marks if low <= float(f"{mark[0]}e{mark[1]}") <= high]
        if len(inside) <= most:
            break
    if len(inside) < 2:
        return []
    plain = all(-3 <= power <= 4 for _, power in inside)
    return [(float(f"{digit}e{power}"), _power_label(digit, power, plain)) for digit, power in inside]


def _power_label(digit: int, power: int, plain: bool) -> str:
    """Return a round number as it stands on a logarithmic axis: 0.01 where all labels are short, else 10⁻²."""
    if plain or power == 0:
        return f"{float(f'{digit}e{power}'):g}"
    raised = "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return raised if digit == 1 else f"{digit}·{raised}"


def arguments(function: Callable, known: Iterable[str], owner: str) -> tuple[str, ...]:
    """Return the names a function depends on: its signature is the declaration."""
    names = tuple(inspect.signature(function).parameters)
    unknown = [name for name in names if name not in set(known)]
    if unknown:
        raise ValueError(f"{owner} depends on {unknown[0]!r}, which is not a parameter; there are {sorted(known)}")
    return names


class Difference:
    """A derived parameter: the value of one slider minus that of another with equal steps."""

    def __init__(self, name: str, pair: Sequence[str], parameters: Mapping[str, Any]):
        sliders = {key: part for key, part in parameters.items() if hasattr(part, "steps")}
        if len(pair) != 2 or not all(end in sliders for end in pair):
            raise ValueError(f"differences[{name!r}]={pair!r} does not name two sliders; there are {sorted(sliders)}")
        self.pair = tuple(pair)
        first, second = (sliders[end] for end in pair)
        gaps = np.concatenate([np.diff(first.steps), np.diff(second.steps)])
        if not np.allclose(gaps, gaps[0], rtol=1e-9, atol=0):
            raise ValueError(f"differences[{name!r}]: the steps of {pair[0]!r} and {pair[1]!r} are not equal")
        self.digits = max(first.digits, second.digits)
        # every difference stands on an edge: the first's least step against all, then all against the second's least
        ends = [(first.steps[0], step) for step in reversed(second.steps)]
        ends += [(step, second.steps[0]) for step in first.steps[1:]]
        self.grid = tuple(self.of(*pair) for pair in ends)

    def of(self, first: float, second: float) -> float:
        """Return the difference, free of the last bits of a float."""
        return round(first - second, self.digits) + 0


class Item:
    """One mark or readout: its function, the names it depends on, and its row for given values."""

    def __init__(self, owner: str, function: Callable, grids: Mapping[str, tuple], encode: Callable[[Any], Any]):
        self.owner, self.function, self.encode = owner, function, encode
        self.on = arguments(function, grids, owner)
        count = math.prod(len(grids[name]) for name in self.on)
        if count > MAX_ROWS:
            raise ValueError(
                f"{owner} needs {count} rows, more than {MAX_ROWS}: let it depend on fewer parameters or steps, or on "
                "a declared difference"
            )

    def row(self, values: Mapping[str, Any]) -> Any:
        """Return what is drawn or printed for these values."""
        chosen = {name: values[name] for name in self.on}
        try:
            return self.encode(self.function(**chosen))
        except ValueError as error:
            at = ", ".join(f"{name}={value!r}" for name, value in chosen.items()) or "any values"
            raise ValueError(f"{self.owner} at {at}: {error}") from error

    def table(self, grids: Mapping[str, tuple]) -> list[dict[str, Any]]:
        """Return one table for every number of the row, over the steps of what that number varies with.

        The last name of ``on`` runs fastest. The position of a bar may hang on one slider and its height on others:
        leaving out what a number does not vary with keeps the page small, and changes no number.
        """
        shape = [len(grids[name]) for name in self.on]
        steps = itertools.product(*(grids[name] for name in self.on))
        rows = [np.ravel(self.row(dict(zip(self.on, values, strict=True)))).tolist() for values in steps]
        if len({len(row) for row in rows}) > 1:
            raise ValueError(
                f"{self.owner} must always have as many bars, points or levels; put some outside the panel"
            )
        table = np.array(rows, dtype=object).reshape(*shape, -1)
        return [self._column(table[..., index]) for index in range(table.shape[-1])]

    def _column(self, values: np.ndarray) -> dict[str, Any]:
        on = list(self.on)
        for axis in reversed(range(len(on))):
            first = values.take([0], axis=axis)
            if np.all(values == first):
                values = first.squeeze(axis)
                del on[axis]
        return {"on": on, "values": values.ravel().tolist()}


class Program:
    """All functions of one figure over the steps of its parameters."""

    def __init__(self, parameters: Sequence, differences: Mapping, panels: Sequence, readouts: Sequence):
        names = [part.name for part in (*parameters, *readouts)] + list(differences)
        repeated = [name for name in names if names.count(name) > 1]
        if repeated:
            raise ValueError(f"the name {repeated[0]!r} is used more than once")
        self.parameters = {part.name: part for part in parameters}
        self.readouts = {part.name: part for part in readouts}
        self.differences = {name: Difference(name, pair, self.parameters) for name, pair in differences.items()}
        self.grids = {name: part.grid for name, part in (self.parameters | self.differences).items()}
        self.marks = [
            Item(f"{mark.kind} in panel {panel.title!r}", mark.function, self.grids, partial(mark.encode, panel=panel))
            for panel in panels
            for mark in panel.marks
        ]
        self.numbers = [Item(f"readout {part.name!r}", part.function, self.grids, part.encode) for part in readouts]

    def accept(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values, each replaced by the step that it is; refuse what is not a step."""
        unknown = set(values) - set(self.parameters)
        if unknown:
            raise ValueError(f"{min(unknown, key=str)!r} is not a parameter; there are {sorted(self.parameters)}")
        return {name: self.parameters[name].find(value) for name, value in values.items()}

    def frame(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return everything that is shown for these values."""
        known = dict(values)
        for name, difference in self.differences.items():
            known[name] = difference.of(*(values[end] for end in difference.pair))
        return {
            "values": dict(values),
            "marks": [item.row(known) for item in self.marks],
            "readouts": [item.row(known) for item in self.numbers],
        }

    def tables(self) -> dict[str, Any]:
        """Return every frame there is, as one table for each mark and readout."""
        return {
            "marks": [item.table(self.grids) for item in self.marks],
            "readouts": [item.table(self.grids) for item in self.numbers],
        }

    def fill(self, sentence: str, frame: Mapping[str, Any]) -> str:
        """Return the sentence with the frame's values and readouts in their places."""
        shown = {**frame["values"], **dict(zip(self.readouts, frame["readouts"], strict=True))}
        parts = self.parameters | self.readouts

        def text(match: re.Match) -> str:
            if match[1] not in parts:
                raise ValueError(f"sentence names {match[1]!r}, which is no parameter or readout; there are {[*parts]}")
            return parts[match[1]].text(shown[match[1]])

        return re.sub(r"\{(.*?)\}", text, sentence)
