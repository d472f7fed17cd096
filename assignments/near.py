"""What somebody who mistyped a name may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from assignments.draws import CHAPTERS
from kltools import exercises as bank


def near(word: str, known: Iterable[str]) -> str:
    """Return the known words that are close to a mistyped one, as the end of a sentence; empty if none is.

    Examples
    --------
    >>> near("suprise", ["coding", "surprise"])
    '; close to it is surprise'
    """
    close = get_close_matches(word, list(known), n=3, cutoff=0.7)
    return f"; close to it {'is' if len(close) == 1 else 'are'} {', '.join(close)}" if close else ""


def chapters() -> list[str]:
    """Return the chapters that have exercises, in the order of the book."""
    return [module.__name__.rpartition(".")[2] for module in CHAPTERS]


def exercise_ids() -> list[str]:
    """Return the ids of all exercises."""
    return [id for chapter in chapters() for id in bank.exercises(chapter)]
