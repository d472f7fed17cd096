"""The bank of exercises: one file a chapter, and checks that know the classic mistakes.

An exercise is data: its title, question, hint and solution are Markdown in which ``[[name:format]]`` is filled
from ``given`` (the numbers of the question) and from ``values`` (what is computed from them), so that
no result is ever typed. The chapters, the take-away notebooks and the assignments read the same bank; an
assignment asks with other numbers. What is given tells no answer: that of a construction is among its values.
"""

import importlib.util
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from numbers import Real

import numpy as np

from kltools._validation import one_distribution

__all__ = ["Feedback", "Mistake", "check", "exercises", "get"]

LEVELS = ("easy", "medium", "hard")
CLOSE = 0.05  # an answer this near, relative to the truth, is told to keep more digits
MESSAGES = {
    "close": "Keep at least three significant digits, in the steps between too.",
    "wrong": "This value matches none of the usual slips. The hint names the first step.",
    "invalid": "Give one number, such as 0.25 or 1/4.",
    "unanswered": "Give an answer and check again.",
}


class InvalidAnswerError(ValueError):
    """An answer that cannot be judged; the message is a sentence for who gave it."""


@dataclass(frozen=True)
class Feedback:
    """What a check says of an answer; shows itself as Markdown in a notebook.

    Attributes
    ----------
    status : {"right", "mistake", "close", "wrong", "invalid", "unanswered"}
        The verdict; "mistake" is a wrong answer whose cause is known.
    message : str
        One or two sentences, never the answer itself.
    mistake : str
        The name of the recognized mistake, else empty.
    """

    status: str
    message: str
    mistake: str = ""

    _TITLES = {  # noqa: RUF012 (a constant of the class, not a field)
        "right": "Right.",
        "mistake": "Not yet.",
        "close": "Close.",
        "wrong": "Not yet.",
        "invalid": "This cannot be checked.",
        "unanswered": "Not answered yet.",
    }

    @property
    def text(self) -> str:
        """The verdict and the message as one sentence or two."""
        return f"{self._TITLES[self.status]} {self.message}".strip()

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return f"**{self._TITLES[self.status]}** {self.message}".strip()


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that has a name: what it evaluates to, and what to tell who made it."""

    name: str
    answer: object
    message: str


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """What all exercises share; the kinds below add how an answer is judged."""

    id: str
    title: str
    level: str
    minutes: int
    question: str
    hint: str
    solution: str
    given: Mapping = field(default_factory=dict)
    values: Callable[..., Mapping] = dict
    templates: Mapping = field(init=False, repr=False, compare=False)  # the texts before they are filled

    def __post_init__(self):
        if self.level not in LEVELS:
            raise ValueError(f"level of {self.id} must be one of {LEVELS}, got {self.level!r}")
        templates = {name: getattr(self, name) for name in ("title", "question", "hint", "solution")}
        object.__setattr__(self, "templates", templates)
        known = {**self.given, **self.values(**self.given)}
        for name, text in {**templates, "question": self._asked()}.items():
            object.__setattr__(self, name, self._fill(text, known))

    def _asked(self) -> str:
        """Return the whole question before it is filled."""
        return self.question

    def with_numbers(self, given: Mapping) -> "Exercise":
        """Return the same exercise, asked with other numbers."""
        if unknown := given.keys() - self.given.keys():
            raise KeyError(f"{self.id} is not given {', '.join(sorted(unknown))}")
        return replace(self, given={**self.given, **given}, **self.templates)

    @property
    def chapter(self) -> str:
        return self.id.rpartition("-")[0]

    @property
    def number(self) -> int:
        return int(self.id.rpartition("-")[2])

    def _fill(self, text: str, known: Mapping) -> str:
        def value(match):
            if match[1] not in known:
                raise KeyError(f"{self.id}: [[{match[1]}]] is neither given nor computed")
            return format(known[match[1]], match[2] or "")

        return re.sub(r"\[\[(\w+)(?::([^\]]+))?\]\]", value, text).strip()

    def judge(self, answer) -> Feedback:
        """Judge an answer that is not None; subclasses say how."""
        raise NotImplementedError

    def check(self, answer) -> Feedback:
        """Judge an answer and never raise: a slip of the reader's is told, not thrown."""
        if answer is None or answer is Ellipsis:
            return Feedback("unanswered", "Replace `None` by your answer and run the cell again.")
        try:
            return self.judge(answer)
        except InvalidAnswerError as told:
            return Feedback("invalid", str(told))
        except Exception as error:  # whatever an answer may be, the reader gets a sentence
            return Feedback("invalid", f"Looking at your answer raised {type(error).__name__}: {error}")


def _number(answer) -> float:
    """Read one real number from an answer, or say why it is none."""
    if isinstance(answer, (bool, np.bool_, str)):
        raise TypeError(f"give one number, not {answer!r}")
    if not isinstance(answer, Real):
        answer = np.asarray(answer)
        if np.iscomplexobj(answer):
            if answer.imag.any():
                raise TypeError(f"give a real number, not {answer}")
            answer = answer.real
        answer = answer.astype(float)
        if answer.size != 1:
            raise TypeError(f"give one number, not an array of shape {answer.shape}")
        answer = answer.item()
    answer = float(answer)
    if math.isnan(answer):
        raise ValueError("NaN is no answer; where does the computation first produce it?")
    return answer


def _distributions(answer, names: tuple[str, ...], outcomes: int | None) -> list[np.ndarray]:
    """Read lists of probabilities of the same outcomes from an answer, or say which of them is none."""
    try:
        lists = list(zip(names, answer, strict=True))
    except (TypeError, ValueError):
        told = f"Give {len(names)} lists of probabilities, `({', '.join(names)})`."
        raise InvalidAnswerError(told) from None
    read = [one_distribution(part, name) for name, part in lists]
    sizes = [part.size for part in read]
    if len(set(sizes)) > 1 or outcomes not in (None, sizes[0]):
        wanted = f"{outcomes} probabilities each" if outcomes else "the same outcomes"
        raise InvalidAnswerError(f"The lists need {wanted}; they have {', '.join(map(str, sizes))}.")
    return read


@dataclass(frozen=True, kw_only=True)
class NumberExercise(Exercise):
    """One number is asked. Slips of unit and sign are recognized in every such exercise.

    `truth` and `mistakes` are functions of the given numbers; `tolerance` is relative.
    """

    truth: Callable[..., float]
    unit: str = ""
    mistakes: Callable[..., list[Mistake]] = lambda **_: []
    tolerance: float = 0.005

    def known_mistakes(self) -> list[Mistake]:
        """All recognized wrong answers: the exercise's own, then those of unit and sign."""
        truth = self.truth(**self.given)
        general = [Mistake("sign", -truth, "Look at the sign: can what is asked be on that side of zero?")]
        if self.unit.startswith("bit"):
            general += [
                Mistake("nats", truth * math.log(2), "That is the value in nats; the question asks for bits."),
                Mistake("bits twice", truth / math.log(2), "It has been divided by ln 2 once too often."),
            ]
        elif self.unit.startswith("nat"):
            general += [
                Mistake("bits", truth / math.log(2), "That is the value in bits; the question asks for nats."),
                Mistake("nats twice", truth * math.log(2), "It has been multiplied by ln 2 once too often."),
            ]
        elif self.unit.startswith("deciban"):
            nats = truth * math.log(10) / 10
            general.append(Mistake("nats", nats, "That is the value in nats; the question asks for decibans."))
        return [*self.mistakes(**self.given), *general]

    def _is(self, answer: float, value: float) -> bool:
        return answer == value or abs(answer - value) <= self.tolerance * abs(value)

    def judge(self, answer) -> Feedback:
        answer = _number(answer)
        truth = self.truth(**self.given)
        if self._is(answer, truth):
            return Feedback("right", "")
        for mistake in self.known_mistakes():
            if self._is(answer, mistake.answer):
                return Feedback("mistake", mistake.message, mistake.name)
        if abs(answer - truth) <= CLOSE * abs(truth):
            return Feedback("close", MESSAGES["close"])
        return Feedback("wrong", MESSAGES["wrong"])


@dataclass(frozen=True, kw_only=True)
class ChoiceExercise(Exercise):
    """One letter is asked; every wrong option is a misconception that has a name and an answer.

    `options` maps a letter to its text, `truth` is the right letter, `mistakes` the others.
    """

    options: Mapping[str, str]
    truth: str
    mistakes: tuple[Mistake, ...]

    def _asked(self) -> str:
        listed = "\n".join(f"- **{letter}.** {text}" for letter, text in self.options.items())
        return f"{self.question.strip()}\n\n{listed}"

    def known_mistakes(self) -> list[Mistake]:
        """The wrong options."""
        return list(self.mistakes)

    def judge(self, answer) -> Feedback:
        letter = str(answer).strip().strip(".").lower()
        if letter not in self.options:
            return Feedback("invalid", f"Give one of the letters {', '.join(self.options)}, not {answer!r}.")
        if letter == self.truth:
            return Feedback("right", "")
        found = next(mistake for mistake in self.mistakes if mistake.answer == letter)
        return Feedback("mistake", found.message, found.name)


@dataclass(frozen=True, kw_only=True)
class FunctionExercise(Exercise):
    """A function is asked; it is run on `cases` (tuples of arguments) beside the true one.

    The answers of `mistakes` are functions too: wrong ones, recognized by their values on all cases.
    """

    truth: Callable
    cases: tuple[tuple, ...]
    mistakes: tuple[Mistake, ...] = ()
    tolerance: float = 1e-6

    def known_mistakes(self) -> list[Mistake]:
        """The wrong functions that are recognized."""
        return list(self.mistakes)

    @staticmethod
    def _run(function: Callable, case: tuple):
        with np.errstate(all="ignore"):  # what a zero does is told in words, not in warnings
            return function(*(np.array(part, dtype=float) for part in case))

    def _agree(self, got: list[float], function: Callable) -> bool:
        expected = [self._run(function, case) for case in self.cases]
        return bool(np.allclose(got, expected, rtol=self.tolerance, atol=self.tolerance, equal_nan=True))

    def judge(self, answer) -> Feedback:
        if not callable(answer):
            return Feedback("invalid", f"Give the function itself, not {answer!r}.")
        got = []
        for case in self.cases:
            shown = ", ".join(np.array2string(np.asarray(part), precision=4) for part in case)
            try:
                result = self._run(answer, case)
            except Exception as error:
                return Feedback("invalid", f"On {shown} it raises {type(error).__name__}: {error}")
            if result is None or result is Ellipsis:
                return Feedback("unanswered", "The function returns nothing yet.")
            got.append(float(result))
        if self._agree(got, self.truth):
            return Feedback("right", "")
        for mistake in self.mistakes:
            if self._agree(got, mistake.answer):
                return Feedback("mistake", mistake.message, mistake.name)
        return Feedback("wrong", "On some inputs the value is off. Try it on a pair you can do by hand.")


@dataclass(frozen=True, kw_only=True)
class ConstructionExercise(Exercise):
    """Something with a stated property is asked; `verdict` computes from the answer and what is given whether it has it.

    Where the answer is made of lists of probabilities, `lists` names them, and `verdict` takes them as arrays;
    `outcomes` is how many each must have, if the question says so.
    """

    verdict: Callable[..., Feedback]
    lists: tuple[str, ...] = ()
    outcomes: int | None = None

    def judge(self, answer) -> Feedback:
        if self.lists:
            return self.verdict(*_distributions(answer, self.lists, self.outcomes), **self.given)
        return self.verdict(answer, **self.given)


@cache
def exercises(chapter: str) -> dict[str, Exercise]:
    """Return the exercises of a chapter in their order, by id.

    Parameters
    ----------
    chapter : str
        The stem of the chapter, "coding" say.

    Returns
    -------
    dict
        From id to exercise.

    Raises
    ------
    KeyError
        If no chapter of that name has exercises.

    Examples
    --------
    >>> list(exercises("coding"))[:2]
    ['coding-1', 'coding-2']
    """
    name = f"{__name__}.{chapter}"
    if not chapter.isidentifier() or importlib.util.find_spec(name) is None:
        raise KeyError(f"no chapter {chapter!r} has exercises")
    bank = importlib.import_module(name).EXERCISES
    return {exercise.id: exercise for exercise in bank}


def get(id: str) -> Exercise:
    """Return one exercise by its id, such as "coding-3".

    Raises
    ------
    KeyError
        If there is no exercise of that id; the message lists those of the chapter.
    """
    chapter = str(id).rpartition("-")[0]
    bank = exercises(chapter)
    if id not in bank:
        raise KeyError(f"no exercise {id!r}; the chapter has {', '.join(bank)}")
    return bank[id]


def check(id: str, answer) -> Feedback:
    """Say whether an answer is right, or which mistake gives that value; never print the answer.

    Parameters
    ----------
    id : str
        The exercise, "coding-3" say.
    answer : object
        A number, a letter, a function or whatever the exercise asks; None means not answered yet.

    Returns
    -------
    Feedback
        The verdict, shown as a sentence.

    Raises
    ------
    KeyError
        If there is no exercise of that id. An answer, whatever it is, never raises.

    Examples
    --------
    >>> check("coding-1", None)
    Not answered yet. Replace `None` by your answer and run the cell again.
    """
    return get(id).check(answer)
