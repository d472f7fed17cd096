"""What the tests of the gradebook ask of the grading environment: a line of JSON in, a line of JSON out.

It runs there because nbgrader is there; one process serves many tests, since nbgrader takes seconds to import.
"""

import contextlib
import csv
import io
import json
import os
import signal
import sys
import traceback
from pathlib import Path

if __name__ == "__main__":  # where pytest looks for doctests, nbgrader is missing
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader.handlers import template_path
    from traitlets.config import Config

    from assignments import gradebook, shown
    from assignments.__main__ import print_grades
    from assignments.course import open_course, read_assignment
    from assignments.results import from_table


def record(folder, results, name="week1"):
    course = open_course(folder)
    kept = {one["student"]: from_table(one) for one in results}
    gradebook.record(course, read_assignment(course, name), kept)


def record_killed(folder, results, where):
    """Record in a process that is killed as it makes the database, or before the second student."""
    child = os.fork()
    if not child:
        module, function, calls = {"making": (gradebook, "_connect", 1), "second": (shown, "fingerprints", 2)}[where]
        original, seen = getattr(module, function), []

        def killed(*arguments):
            seen.append(1)
            result = original(*arguments)
            if len(seen) == calls:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        setattr(module, function, killed)
        record(folder, results)
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def points(folder):
    course = open_course(folder)
    return gradebook.points_by_person(course, read_assignment(course, "week1"))


def comments(folder):
    course = open_course(folder)
    return gradebook.comments_by_person(course, read_assignment(course, "week1"))


def changed(folder):
    course = open_course(folder)
    found = gradebook.changed_since(course, read_assignment(course, "week1"))
    return {student: sorted(ids) for student, ids in found.items() if ids}


def published(folder):
    """Grade as an instructor does, without a sandbox, and return score and status of each student, and what is said."""
    course = open_course(folder)
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.redirect_stderr(io.StringIO()):
        print_grades(course, read_assignment(course, "week1"), 1, trusted=True)
    with (course.path / "out/week1/grades.csv").open(encoding="utf8", newline="") as lines:
        rows = {row["student"]: [row["score"], row["status"]] for row in csv.DictReader(lines)}
    return rows, said.getvalue()


def give(folder, student, exercise, manual=None, extra=None, comment=None):
    """Type points, extra credit or a comment, as Formgrader stores them."""
    with gradebook._open(open_course(folder)) as book:
        if comment is not None:
            book.find_comment(exercise, "week1", "week1", student).manual_comment = comment
        else:
            grade = book.find_grade(exercise, "week1", "week1", student)
            grade.manual_score, grade.extra_credit = manual, extra
            grade.needs_manual_grade = manual is None and grade.auto_score is None
        book.db.commit()


def rows(folder):
    """Return all that the gradebook holds of week1, by student and exercise."""
    with gradebook._open(open_course(folder)) as book:
        whole = book.find_assignment("week1")
        found = {"max": whole.max_score, "written": whole.max_written_score, "due": str(whole.duedate), "sent": {}}
        found["students"] = {
            one.id: [one.first_name, one.last_name, one.email, one.lms_user_id] for one in book.students
        }
        for one in book.notebook_submissions("week1", "week1"):
            comments = {comment.name: [comment.auto_comment, comment.manual_comment] for comment in one.comments}
            found["sent"][one.student.id] = sent = {}
            for grade in one.grades:
                given = [grade.auto_score, grade.manual_score, grade.extra_credit, grade.needs_manual_grade]
                sent[grade.name] = given + comments.get(grade.name, [None, None])
            assert one.late_submission_penalty is None
        return found


def page(folder, student):
    """Return the page that Formgrader makes of a submission."""
    config = Config()
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [str(Path(folder) / ".formgrader"), template_path]
    resources = {"index": 0, "total": 1, "base_url": "", "submission_id": "x", "notebook_id": "week1"}
    with gradebook._open(open_course(folder)) as book:
        known = book.find_student(student)
        resources |= {"student": student, "last_name": known.last_name, "first_name": known.first_name}
    file = Path(folder, "autograded", student, "week1/week1.ipynb")
    return HTMLExporter(config=config).from_filename(str(file), resources=resources)[0]


if __name__ == "__main__":
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            said = {"value": globals()[name](*arguments)}
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        print(json.dumps(said), flush=True)
