"""How the numbers of each exercise are drawn: one file a chapter, one function an exercise.

A draw takes a generator and returns the numbers that replace those of the bank, or None where the text would not
hold for what came up. All are short decimals, so that a question shows them as they are. Where a function is asked,
the exercise keeps its numbers; there a draw returns the arguments of one hidden call, and edge cases stand beside it.
"""

from assignments.draws import (
    coding,
    elbo,
    geometry,
    hypothesis_testing,
    likelihood,
    one_number,
    optimization,
    practice,
    rules,
    surprise,
)

# In the order of the book.
CHAPTERS = (coding, surprise, likelihood, hypothesis_testing, geometry, optimization, elbo, rules, one_number, practice)

# From an exercise to its draw; from one that asks for a function to the draw of a call, and the edge cases.
NUMBERS = {id: draw for chapter in CHAPTERS for id, draw in chapter.NUMBERS.items()}
INPUTS = {id: inputs for chapter in CHAPTERS for id, inputs in chapter.INPUTS.items()}
