"""What a student reads in the notebook of an assignment, and what an instructor reads who picks its exercises."""

import ast
import re
from dataclasses import replace

import numpy as np
import pytest
import yaml
from markdown_it import MarkdownIt
from nbformat.v4 import new_notebook
from page_elements import Page
from scipy.special import entr

from assignments import ROOT, bank_table
from assignments.copies import Copies
from assignments.course import Assigned, Assignment, create_course, open_course
from assignments.draws import CHAPTERS, NUMBERS
from assignments.feedback import feedback_page
from assignments.notebooks import holds_picture, student_notebook
from assignments.numbers import Numbers
from assignments.results import Result, Verdict
from assignments.shown import shown_notebook, source_notebook
from kltools import exercises as bank

STEMS = [module.__name__.rpartition(".")[2] for module in CHAPTERS]
BANK = {id: exercise for stem in STEMS for id, exercise in bank.exercises(stem).items()}
KINDS = ("likelihood-1", "coding-6", "coding-7", "coding-8", "likelihood-8", "written-1")  # one of each kind
FORMS = {
    "likelihood-1": "A number, with at least three significant digits unless it is whole.",
    "coding-6": 'One letter in quotes: "a", "b", "c", "d".',
    "coding-7": "Define the function here; its arguments are numpy arrays. Give it by its name:\n"
    "#     answer_coding_7 = wasted_bits",
    "coding-8": "Two lists of probabilities, in this order: answer_coding_8 = (p, q)",
    "likelihood-8": "In the form that the question asks for.",
}
RESULT = Result("ada", 1.0, verdicts=[Verdict("coding-3", 1.0, 0.0, "wrong")])
# What only a reader of the book knows.
LEANS = re.compile(r"\b(chapter|the book|this book|section|figure|trap|running coin|the opening|this time)\b", re.I)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    made = create_course(tmp_path_factory.mktemp("courses") / "course")
    (made.path / "roster.csv").write_text("id,name,email\nada,Ada Berg,ada@example.org\n", "utf8")
    return open_course(made.path)


def notebook_of(course, *ids, **more):
    asked = tuple(Assigned(id, 1.0, text="Why?" if id.startswith("written-") else "") for id in ids)
    numbers = Numbers(course, Assignment("week1", "Week 1", asked, **more))
    cells = student_notebook(numbers, course.roster["ada"]).cells
    return numbers, {cell.id: cell.source for cell in cells}


@pytest.fixture(scope="module")
def everything(course):
    return notebook_of(course, *BANK)


def test_each_kind_of_answer_is_described_where_it_is_given(course):
    cells = notebook_of(course, *KINDS)[1]
    for id, form in FORMS.items():
        assert cells[f"answer-{id}"] == f"# {form}\nanswer_{id.replace('-', '_')} = None"
    assert "Replace each `None`" in cells["head"]
    assert "Double-click *Your answer here.*" in cells["head"]
    assert cells["answer-written-1"].endswith("*Your answer here.*")


@pytest.mark.parametrize("title", ["Week 1 <early>", "A</h1><script>b</script>", "<!-- A", "&lt; & &#60;", "1 <2 &c"])
def test_no_part_of_a_title_is_lost(course, title):
    numbers = Numbers(replace(course, title=title), Assignment("week1", title, (Assigned("coding-3", 1.0),)))
    student = replace(course.roster["ada"], name=title)
    given = student_notebook(numbers, student)
    graded = shown_notebook(numbers, student, RESULT, new_notebook(cells=[]))
    named = f"{title}: {title} For {title} (ada). "
    for notebook, words in (given, named), (graded, title), (source_notebook(numbers.assignment), title):
        page = Page(MarkdownIt("commonmark").render(notebook.cells[0].source))
        assert page.text.startswith(words)
        assert {tag for tag, _ in page.elements} <= {"h1", "p", "code", "em"}


def test_the_place_for_a_text_says_what_is_shown_of_it(course):
    cells = notebook_of(course, *KINDS)[1]
    told = "**Answer 6** (text and formulas; a picture is not shown to the person who grades)\n\n*Your answer here.*"
    assert cells["answer-written-1"] == told


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("![a](attachment:a.png)", True),
        ("![a\\]](attachment:a.png)", True),
        ("text ![](https://example.org/a)", True),
        ("![a][b]\n\n[b]: x.png", True),
        ("<IMG\nsrc=x>", True),
        ("<svg>", True),
        ("[a](data:image/png;base64,AA)", True),
        ("wow! [a](b.png)", False),
        ("$n![k]$, 3! = 6", False),
        ("the data: images, image.png, <imgs>", False),
        ("![" * 25_000, False),
    ],
    ids=range(11),
)
def test_a_picture_is_known_by_its_source(text, holds):
    assert holds_picture(text) == holds


def test_the_head_speaks_of_what_the_assignment_holds(course):
    assert "Replace" not in notebook_of(course, "written-1")[1]["head"]
    assert "Double-click" not in notebook_of(course, "coding-1")[1]["head"]


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        (KINDS, "Questions 1, 4 and 5 have numbers that were drawn for you; the rest is the same for all."),
        (("coding-7", "coding-1"), "Question 2 has numbers that were drawn for you; the rest is the same for all."),
        (("coding-1", "elbo-8"), "The numbers in the questions were drawn for you."),
        (("coding-6", "elbo-6", "rules-3", "written-1"), "The questions are the same for all."),
    ],
)
def test_the_head_says_which_numbers_were_drawn(course, ids, told):
    assert f"\n\n{told}\n\n" in notebook_of(course, *ids)[1]["head"]


def test_what_is_graded_is_not_said_to_be_for_thinking_only(course):
    think = [id for id, exercise in BANK.items() if "To think about" in exercise.question]
    assert len(think) >= 8
    numbers, cells = notebook_of(course, *think, "coding-1", "coding-7")
    result = Result("ada", 9.0, verdicts=[Verdict(id, 1.0, 0.0, "wrong") for id in (*think, "coding-1", "coding-7")])
    sent = new_notebook(cells=[])
    graded = shown_notebook(numbers, course.roster["ada"], result, sent)
    read = [*cells.values(), *(cell.source for cell in graded.cells)]
    read += [cell.source for cell in source_notebook(numbers.assignment).cells]
    read.append(feedback_page(course, numbers.assignment, numbers, result, Copies()))
    assert not [text for text in read if "To think about" in text]
    assert "By hand. A code is built" in cells["ask-coding-1"]
    assert "Find the bug. This function" in cells["ask-coding-7"]


def test_the_feedback_says_so_too(course):
    numbers, _ = notebook_of(course, *KINDS)
    verdicts = [Verdict(id, 1.0, 0.0, "wrong") for id in KINDS]
    result = Result("ada", 6.0, verdicts=verdicts)
    shown = feedback_page(course, numbers.assignment, numbers, result, Copies())
    assert shown.count("The question, with your numbers") == 3


def proposed(cell):
    return re.search(r"answer_\w+ = .+", cell)[0]


def test_what_an_answer_cell_proposes_is_python_and_is_not_answered_yet(everything):
    numbers, cells = everything
    for id, exercise in BANK.items():
        cell, name = cells[f"answer-{id}"], f"answer_{id.replace('-', '_')}"
        assert all(len(line) <= 82 for line in cell.splitlines())  # what JupyterLab shows beside its list of files
        exec(cell, names := {})
        assert numbers.exercise("ada", id).check(names[name]).status == "unanswered"
        if isinstance(exercise, bank.FunctionExercise):
            code = "\n".join(re.findall(r"```python\n(.*?)```", exercise.question, re.DOTALL))
            exec(f"{code}\n{proposed(cell)}", names := {"np": np, "entr": entr})
            assert exercise.check(names[name]).mistake == "unchanged"
        if isinstance(exercise, bank.ConstructionExercise) and exercise.lists:
            parts = ast.parse(proposed(cell)).body[0].value.elts
            assert tuple(one.id for one in parts) == exercise.lists


def test_the_hint_that_the_check_names_is_there_with_the_student_s_numbers(everything):
    numbers, cells = everything
    others = 0
    for id in BANK:
        exercise, cell = numbers.exercise("ada", id), cells[f"ask-{id}"]
        folded = f"\n\n<details>\n<summary>Hint</summary>\n\n{exercise.hint}\n\n</details>"
        assert cell.endswith(f"{exercise.question.removeprefix('To think about. ')}{folded}")
        assert f"check-{id}" in cells
        others += exercise.hint != BANK[id].hint
    assert others >= 5
    assert "The hint" in bank.MESSAGES["wrong"]


def test_without_checks_there_is_no_hint(course):
    cells = notebook_of(course, *KINDS, checks=False)[1]
    assert not any("Hint" in source or "check(" in source for source in cells.values())


def told_by(exercise):
    yield from (exercise.title, exercise.question, exercise.hint)
    if not isinstance(exercise, bank.ConstructionExercise):
        yield from (mistake.message for mistake in exercise.known_mistakes())


@pytest.mark.parametrize("id", BANK)
def test_what_a_student_reads_stands_alone(id):
    for text in told_by(BANK[id]):
        assert not LEANS.search(text), text


@pytest.mark.parametrize("id", ["coding-7", "geometry-6"])
def test_the_pair_of_a_bug_shows_what_the_question_says(id):
    """The function of the question has the sign that is told, and the right one another value."""
    exercise = BANK[id]
    exec(re.search(r"```python\n(.*?)```", exercise.question, re.DOTALL)[1], names := {"np": np})
    wrong = next(value for value in names.values() if callable(value) and value is not np)
    pair = [np.array(part) for part in exercise.given.values()]
    assert all(f"`{name} = {part}`" in exercise.question for name, part in exercise.given.items())
    sign = 1 if "it returns a positive" in " ".join(exercise.question.split()) else -1
    assert np.sign(wrong(*pair)) == sign
    assert not np.isclose(wrong(*pair), exercise.truth(*pair))


def test_the_table_is_read_on_one_screen_in_the_order_of_the_book():
    lines = bank_table.table().splitlines()
    assert max(map(len, lines)) <= 120
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))["parts"]
    chapters = [chapter["file"].removeprefix("book/") for part in parts for chapter in part["chapters"]]
    listed = [line.split()[0].rpartition("-")[0] for line in lines if re.match(r"\w+-\d", line)]
    assert list(dict.fromkeys(listed)) == [stem for stem in chapters if stem in STEMS]
    assert len(listed) == len(BANK)


def test_the_table_says_whose_numbers_they_are_as_the_notebook_does():
    rows = {line.split()[0]: line.split() for line in bank_table.table().splitlines() if re.match(r"\w+-\d", line)}
    assert {id for id, row in rows.items() if row[4] == "own"} == set(NUMBERS)
    assert {id for id, row in rows.items() if row[4] == "hidden"} == {
        id for id, one in BANK.items() if isinstance(one, bank.FunctionExercise)
    }


def test_the_table_says_how_many_numbers_there_are():
    table = bank_table.table()
    assert re.search(r"^coding-3 .* own 22 ", table, re.MULTILINE)
    assert re.search(r"^coding-4 .* own 500 ", table, re.MULTILINE)


def test_the_table_explains_its_columns():
    table, legend = bank_table.table("coding").split("\n\n", 1)
    for word in ("answer", "numbers", "uses"):
        assert word in table.splitlines()[0].split()
        assert re.search(rf"^{word} ", legend, re.MULTILINE)
    assert {row.split()[4] for row in table.splitlines()[1:]} == {"own", "same", "hidden"}
    assert all(f"{word}: " in legend for word in ("own", "same", "hidden"))
