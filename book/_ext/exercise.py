"""The `exercise` directive: an exercise of the bank on the page, with an answer box that works offline.

The directive has an id and no body; everything it says comes from ``kltools.exercises``. The box holds what
``check`` would say of the truth and of each known mistake. Cells tagged `notebook` (the checks themselves)
belong to the take-away notebook and are left off the page where the box does their work.
"""

import html
import inspect
import json
import sys

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from kltools import _wording, exercises

NOTEBOOK_ONLY = "tag_notebook"


def answer_key(exercise) -> dict | None:
    """Return what the answer box needs to judge like ``check``, or None where only a kernel can judge."""
    if isinstance(exercise, exercises.NumberExercise):
        kind = {"tolerance": exercise.tolerance, "close": exercises.CLOSE, "unit": exercise.unit}
        truth = exercise.truth(**exercise.given)
    elif isinstance(exercise, exercises.ChoiceExercise):
        kind, truth = {"options": list(exercise.options)}, exercise.truth
    else:
        return None
    known = [(truth, exercise.check(truth))]
    known += [(mistake.answer, exercise.check(mistake.answer)) for mistake in exercise.known_mistakes()]
    verdicts = [{"answer": answer, "status": said.status, "text": said.text} for answer, said in known]
    other = {
        status: {"status": status, "text": exercises.Feedback(status, message).text}
        for status, message in exercises.MESSAGES.items()
    }
    return {**kind, "verdicts": verdicts, "other": other}


def answer_box(exercise) -> str:
    """Return the HTML of the box; the style sheet hides it where no script runs, since nothing would answer."""
    key = answer_key(exercise)
    if key is None:
        return '<p class="kl-answer-note">This answer is code: check it in the notebook of this page.</p>'
    name = html.escape(exercise.id)
    data = json.dumps(key).replace("</", "<\\/")
    if "options" in key:
        radios = "".join(
            f'<label><input type="radio" name="{name}" value="{letter}"> {letter}</label>' for letter in key["options"]
        )
        field = f"<fieldset><legend>Your answer to exercise {exercise.number}</legend>{radios}</fieldset>"
    else:
        unit = f" ({key['unit']})" if key["unit"] else ""
        field = (
            f"<label>Your answer to exercise {exercise.number}{unit} "
            f'<input type="text" name="{name}" inputmode="text" autocomplete="off" size="10"></label>'
        )
    return (
        f'<form class="kl-answer" data-exercise="{name}">{field}<button type="submit">Check</button>'
        f'<output></output><script type="application/json">{data}</script></form>'
    )


class ExerciseDirective(SphinxDirective):
    """Show the question, an answer box, the hint and the folded solution of one exercise."""

    required_arguments = 1
    has_content = False

    def run(self):
        try:
            exercise = exercises.get(self.arguments[0])
        except KeyError as error:
            raise self.error(str(error.args[0])) from error
        for module in (exercises, _wording, sys.modules[f"kltools.exercises.{exercise.chapter}"]):
            self.env.note_dependency(inspect.getfile(module))
        box = nodes.admonition(classes=["exercise"])
        title = f"Exercise {exercise.number}: {exercise.title}"
        box += nodes.title(title, title)
        box += nodes.paragraph("", "", nodes.emphasis("", f"{exercise.level}, about {exercise.minutes} minutes"))
        self._parse(exercise.question, box)
        box += nodes.raw("", answer_box(exercise), format="html")
        for name, text in (("Hint", exercise.hint), ("Solution", exercise.solution)):
            self._parse(f"::::::{{dropdown}} {name} to exercise {exercise.number}\n{text}\n::::::", box)
        return [box]

    def _parse(self, text: str, node: nodes.Element) -> None:
        source = f"{self.env.docname}: exercise {self.arguments[0]}"
        self.state.nested_parse(StringList(text.splitlines(), source), self.content_offset, node)


def drop_notebook_cells(app, doctree) -> None:
    """Take the cells off the page that only the notebook needs."""
    for cell in list(doctree.findall(nodes.container)):
        if NOTEBOOK_ONLY in cell.get("classes", ()):
            cell.parent.remove(cell)


def setup(app):
    app.add_directive("exercise", ExerciseDirective)
    app.connect("doctree-read", drop_notebook_cells)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
