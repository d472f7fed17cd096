"""Exercises with numbers drawn for one student, and inputs on which a function is tried that nobody has seen.

The same state of the generator gives the same numbers. Whoever draws for a student seeds it from a secret.
"""

import math
import re
from dataclasses import replace
from functools import cache

import numpy as np

from assignments.draws import INPUTS, NUMBERS
from kltools.exercises import Exercise, FunctionExercise, Mistake, NumberExercise, get

ATTEMPTS = 200
APART = 3  # tolerances between the truth and any known mistake
RANDOM = 8  # hidden inputs drawn at random, before the edge cases
SHOWN = re.compile(r"(?<!\\approx)\[\[(\w+):([^\]]+)\]\]")  # a number with a format, unless it is told as rounded


def variant(id: str, rng: np.random.Generator) -> Exercise:
    """Return an exercise with numbers drawn for it, or the exercise itself where none vary.

    The numbers can be told apart: no known mistake gives the truth, or the value of another mistake unless it does so
    in the exercise of the chapter too. The question shows the numbers as they are used.

    Parameters
    ----------
    id : str
        The exercise, "coding-3" say.
    rng : numpy.random.Generator
        Where the numbers come from.

    Returns
    -------
    Exercise
        Choices and functions are returned as they are; so is a number that the text fixes.

    Raises
    ------
    KeyError
        If there is no exercise of that id.
    RuntimeError
        If 200 draws give no numbers that can be told apart.

    Examples
    --------
    >>> import numpy as np
    >>> exercise = variant("elbo-3", np.random.default_rng(1))
    >>> exercise.given["correlation"]
    0.56
    >>> exercise.check(1 - 0.56**2).mistake
    'pair'
    """
    exercise = get(id)
    if id not in NUMBERS:
        return exercise
    for _ in range(ATTEMPTS):
        given = NUMBERS[id](rng)
        if given is not None and _can_be_told(drawn := exercise.with_numbers(given)):
            return drawn
    raise RuntimeError(f"{ATTEMPTS} draws of {id} gave no numbers whose mistakes can be told apart")


def _can_be_told(drawn: Exercise) -> bool:
    """Whether the question shows exact numbers, and the truth and the known mistakes all differ."""
    if not _shows_exact_numbers(drawn):
        return False
    if not isinstance(drawn, NumberExercise):
        return True
    truth = float(drawn.truth(**drawn.given))
    if truth == 0 or not math.isfinite(truth):
        return False
    known = drawn.known_mistakes()
    apart = all(abs(mistake.answer - truth) > APART * drawn.tolerance * abs(truth) for mistake in known)
    return apart and _confused(drawn, known) <= _confused_in_the_chapter(drawn.id)


def _shows_exact_numbers(drawn: Exercise) -> bool:
    known = {**drawn.given, **drawn.values(**drawn.given)}
    for name, form in SHOWN.findall(drawn.templates["question"]):
        shown = format(known[name], form).replace(",", "")
        value = float(shown.rstrip("%")) / (100 if shown.endswith("%") else 1)
        if not math.isclose(value, known[name]):
            return False
    return True


def _confused(exercise: NumberExercise, known: list[Mistake]) -> set[tuple[str, str]]:
    """Return the mistakes whose value is told as that of another, each with the name that is told."""
    told = [next(other.name for other in known if exercise._is(one.answer, other.answer)) for one in known]
    return {(one.name, name) for one, name in zip(known, told, strict=True) if one.name != name}


@cache
def _confused_in_the_chapter(id: str) -> set[tuple[str, str]]:
    return _confused(get(id), get(id).known_mistakes())


def hidden_cases(id: str, rng: np.random.Generator) -> tuple[tuple, ...]:
    """Return inputs for a function that is asked: random ones of the kind that the question describes, and edge cases.

    On at least one of them each known mistake, the function of the question among them, gives a value of its own.

    Parameters
    ----------
    id : str
        An exercise that asks for a function, "coding-7" say.
    rng : numpy.random.Generator
        Where the random inputs come from.

    Returns
    -------
    tuple of tuple
        The arguments of each call: numbers and nested tuples of numbers.

    Raises
    ------
    KeyError
        If there is no exercise of that id.
    TypeError
        If the exercise asks for no function.
    RuntimeError
        If 200 draws give no inputs that tell all mistakes apart.

    Examples
    --------
    >>> import numpy as np
    >>> cases = hidden_cases("coding-7", np.random.default_rng(1))
    >>> len(cases), cases[-1]
    (12, ((0.5, 0.5), (0.5, 0.5)))
    """
    exercise = get(id)
    if not isinstance(exercise, FunctionExercise):
        raise TypeError(f"{id} asks for no function")
    draw, edges = INPUTS[id]
    for _ in range(ATTEMPTS):
        cases = (*(_plain(draw(rng)) for _ in range(RANDOM)), *edges)
        tried = replace(exercise, cases=cases, **exercise.templates)
        if all(tried.check(mistake.answer).mistake == mistake.name for mistake in exercise.mistakes):
            return cases
    raise RuntimeError(f"{ATTEMPTS} draws of inputs for {id} did not tell its mistakes apart")


def _plain(arguments):
    """Turn arrays into nested tuples of numbers, which can be written down and sent."""
    if isinstance(arguments, tuple):
        return tuple(map(_plain, arguments))
    values = np.asarray(arguments, dtype=float).round(9).tolist()
    return tuple(map(_plain, values)) if isinstance(values, list) else values
