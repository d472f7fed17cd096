"""The commands of an instructor; `python -m assignments --help` lists them, and the Makefile has them too."""

import argparse
import os
import sys
from collections import Counter

from tqdm import tqdm

from assignments import (
    arrival,
    bank_table,
    collect,
    copies,
    course,
    formgrader,
    grade,
    gradebook,
    kept,
    mail,
    notebooks,
    released,
    report,
)
from assignments.demo import play
from assignments.pages import listed
from assignments.sandbox import SandboxMissingError


def main(arguments=None) -> int:
    """Run one command; a mistake in a course folder is told in a line."""
    parser = argparse.ArgumentParser(prog="python -m assignments", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(action, text, *names):
        sub = commands.add_parser(action.__name__.rstrip("_"), help=text)
        for name, options in names:
            sub.add_argument(name, **options)
        sub.set_defaults(action=action)
        return sub

    folder = ("course", {"help": "the course folder, outside of the repository"})
    named = ("name", {"help": "the assignment, week1 for assignments/week1.toml"})
    jobs = ("--jobs", {"type": positive, "default": os.cpu_count(), "help": "submissions that run at a time"})
    trusted = ("--trusted", {"action": "store_true", "help": "run without a sandbox, for a class that is trusted"})
    source = ("source", {"nargs": "?", "help": "a folder, or the zip of a learning platform (default: inbox)"})
    place = ("course", {"nargs": "?", "help": "an empty folder (default: a new temporary one)"})
    command(exercises, "list the exercises of the book", ("chapter", {"nargs": "?"}))
    command(course_, "make a course folder with a secret of its own", folder)
    command(assignment, "write what each student receives", folder, named)
    command(collect_, "take in what came back", folder, named, source)
    command(grade_, "run, judge and report what was collected", folder, named, jobs, trusted)
    what = ("what", {"help": f"what the messages bring: {' or '.join(mail.WHAT)}"})
    command(mail_, "write a message to each student, and send none", folder, named, what)
    command(formgrader_, "give points by hand in the browser", folder)
    command(demo, "play a course of twelve students from nothing to grades", place)
    given = vars(parser.parse_args(arguments))
    action = given.pop("action")
    try:
        action(**given)
    except (course.CourseError, SandboxMissingError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What was done is kept: type the command again to go on.", file=sys.stderr)
        return 130
    return 0


def positive(text: str) -> int:
    """Read a whole number above zero."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above zero")
    return int(text)


def exercises(chapter: str | None) -> None:
    print(bank_table.table(chapter))


def course_(**given) -> None:
    made = course.create_course(given["course"])
    print(f"{made.path} is there. Next: write the students into roster.csv and look at assignments/week1.toml.")


def assignment(name: str, **given) -> None:
    opened, asked = _opened(given["course"], name)
    print(notebooks.write_release(opened, asked))


def collect_(name: str, source: str | None, **given) -> None:
    opened, asked = _opened(given["course"], name)
    print(collect.collect(opened, asked, source or opened.path / "inbox"))


def grade_(name: str, jobs: int, trusted: bool, **given) -> None:
    opened, asked = _opened(given["course"], name)
    print_grades(opened, asked, jobs, trusted)


def print_grades(opened: course.Course, asked: course.Assignment, jobs: int, trusted: bool = False) -> None:
    """Grade, keep the gradebook, write what goes out, and say where it is."""
    kept.check_times(opened, asked)
    if changed := released.changes(opened, asked):
        print("\n".join([*changed, "It is graded by the file as it is now."]), flush=True)
    for what, who in kept.unknown_times(opened, asked).items():
        first = arrival.stamp(grade.submission(opened, asked, opened.roster[who[0]]))
        told, counts = ("How late is", "one day is counted") if what == "how late" else ("Whether late is", "none is")
        print(f"{told} not known of {listed(who)}: {counts}. Write the time into {first}.", flush=True)
    with tqdm(total=len(opened.roster), unit="submission") as bar:
        results = grade.grade(
            opened, asked, jobs=jobs, trusted=trusted, progress=lambda done, _: bar.update(done - bar.n)
        )
    gradebook.record(opened, asked, results)
    points, comments = gradebook.points_by_person(opened, asked), gradebook.comments_by_person(opened, asked)
    changed = gradebook.changed_since(opened, asked)
    results = {
        student: result.with_points(points.get(student, {}), comments.get(student), changed.get(student, ()))
        for student, result in results.items()
    }
    report.write_reports(opened, asked, results, copies.find_copies(opened, asked, results))
    counts = Counter(result.status for result in results.values())
    print(", ".join(f"{count} {status}" for status, count in counts.items()))
    out = opened.path / "out" / asked.name
    print(
        f"In {out}: grades.csv, points.csv, canvas.csv, report.html, and feedback, a page for each student and a zip."
    )
    for line in report.look_at(opened, asked, results):
        print(line)
    if counts["partly"]:
        print(f"Answers wait for a person: make formgrader COURSE={opened.path}")


def mail_(name: str, what: str, **given) -> None:
    opened, asked = _opened(given["course"], name)
    print(mail.write_messages(opened, asked, what))


def formgrader_(**given) -> None:
    formgrader.serve(course.open_course(given["course"]))


def demo(**given) -> None:
    play(given["course"], print_grades)


def _opened(folder: str, name: str) -> tuple[course.Course, course.Assignment]:
    opened = course.open_course(folder)
    if not opened.roster:
        raise course.CourseError(f"{opened.path / 'roster.csv'} lists no students")
    return opened, course.read_assignment(opened, name)


if __name__ == "__main__":
    sys.exit(main())
