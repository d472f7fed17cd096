"""The answer box on the page says what `check` says, for the truth and for every known mistake."""

import pytest

from kltools import exercises

BOXED = (exercises.NumberExercise, exercises.ChoiceExercise)
IDS = [exercise.id for exercise in exercises.exercises("coding").values() if isinstance(exercise, BOXED)]


@pytest.fixture
def box(site, open_page):
    """Answer an exercise on the page and return what the box says."""
    page = open_page((site / "book/coding.html").as_uri()).page

    def answer(id, value):
        form = page.locator(f"form.kl-answer[data-exercise='{id}']")
        if isinstance(exercises.get(id), exercises.ChoiceExercise):
            form.get_by_role("radio", name=value, exact=True).check()
        else:
            form.get_by_role("textbox").fill(str(value))
        form.get_by_role("button").click()
        return form.locator("output").inner_text()

    return answer


def plain(feedback):
    return feedback.text.replace("`", "")


@pytest.mark.parametrize("id", IDS)
def test_the_box_judges_like_check(box, id):
    exercise = exercises.get(id)
    truth = exercise.truth(**exercise.given) if callable(exercise.truth) else exercise.truth
    for value in (truth, *(mistake.answer for mistake in exercise.known_mistakes())):
        assert box(id, value) == plain(exercise.check(value)), value


def test_the_box_reads_fractions_commas_and_signs(box):
    assert box("coding-2", "17/16") == "Right."
    assert box("coding-2", "1,0625") == "Right."
    assert box("coding-3", " .18666 ") == "Right."
    assert box("coding-1", "11 bits") == "Right."
    assert box("coding-5", "n = 5 flips") == "Right."
    assert box("coding-4", "\N{MINUS SIGN}0.858") == "Right."
    assert box("coding-2", "1.08").startswith("Close.")
    assert box("coding-2", "17").startswith("Not yet.")
    assert box("coding-2", "a bit").startswith("This cannot be checked.")
    assert box("coding-2", "").startswith("Not answered yet.")
