"""How learning platforms name what students hand in, and what they ask of the name of what goes back.

Canvas names a file ``doeann_101_2002_week1.ipynb``: name, person, file. Of a file that goes back it reads the first two
parts of the name that are numbers, so the ending may be another.

Moodle makes a folder for each student, ``Ann Doe_101_assignsubmission_file``, before 4.1 with another ``_`` at its end;
it can also put that before the file's name, without folders. A group's name and a hyphen may stand before the
student's. Of a file that goes back it reads the parts of its path: the number says whose it is. Since 4.1 the files of
its zip have the time of the download.

What both read was looked up in their source code; neither ran here.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath

from assignments.roster import LETTERS, Student

NOBODY = "nobody on the roster is named so"
SEVERAL = "it may belong to"
NO_NOTEBOOK = "it is not a notebook"
ZIP = "it is a zip"
OUR_WHEEL = "the wheel that was given out with the notebook"
CANVAS = re.compile(r"(?P<who>[^\W_]+)_(?P<late>LATE_)?(?P<number>\d+)_\d+_.+", re.IGNORECASE | re.DOTALL)
MOODLE = re.compile(r"(?P<who>[^_]+)_(?P<number>\d+)_assignsubmission_file(?P<rest>_.*)?", re.DOTALL)
LONGEST = 255  # bytes of a file's name, and of a folder's, that a file system takes


def canvas_name(name: str) -> re.Match | None:
    """Take a file's name apart as Canvas makes it, None if it does not."""
    kind, found = _telling(name)
    return found if kind == "canvas" else None


def owner(roster: Mapping[str, Student], name: str) -> tuple[str | None, str]:
    """Return whose notebook this is by its name in a folder or a zip, or why that cannot be said.

    Of another file that came through a platform both are returned: it is no notebook, and its author can be told.
    """
    path = _path(name)
    if path.suffix.lower() == ".zip":
        student = owner(roster, f"{name}.ipynb")[0] if is_platform_name(name) else None
        place = f"inbox/{student or 'ID'}"  # what stands further in then says nothing of whose it is
        return (student, f"{ZIP}: unpack it into {place}, collect from inbox, and check the time: it is the author's")
    if path.match("kltools-*.whl"):
        return None, OUR_WHEEL
    if path.suffix.lower() != ".ipynb":
        return owner(roster, f"{name}.ipynb")[0] if is_platform_name(name) else None, NO_NOTEBOOK
    if any(part.startswith(".") or part == "__MACOSX" for part in path.parts):
        return None, "it is a copy that Jupyter or the system keeps for itself"
    kind, found = _telling(name, roster)
    if kind == "folder":
        return found, ""
    if found:
        owners = _named(roster, found["who"])
    else:
        owners = {one for one in roster if re.match(rf"{re.escape(one)}([^a-z0-9]|$)", path.stem.lower())}
    if len(owners) > 1:
        return None, f"{SEVERAL} {' or '.join(sorted(owners))}"
    return (owners.pop(), "") if owners else (None, NOBODY)


def is_platform_name(name: str, roster: Collection[str] = ()) -> bool:
    """Whether a file is named as a platform names what was handed in there; in a student's folder none is."""
    return _telling(name, roster)[0] in ("canvas", "moodle")


def platform_number(name: str) -> str:
    """Return the number by which a platform knows who handed in a file, with the platform; empty if it gave none."""
    kind, found = _telling(name)
    return f"{kind} {found['number']}" if found else ""


def name_of_answer(came_as: str, student: str, assignment: str) -> str:
    """Return the name in a zip under which a platform takes a page for the student whose notebook came so.

    Where it cannot be the name of a file, the page goes under the student's id.

    Examples
    --------
    >>> name_of_answer("doeann_101_2002_week1.ipynb", "adoe", "week1")
    'doeann_101_2002_week1.html'
    >>> name_of_answer("Ann Doe_101_assignsubmission_file/mine.ipynb", "adoe", "week1")
    'Ann Doe_101_assignsubmission_file/week1.html'
    >>> name_of_answer("adoe/week1.ipynb", "adoe", "week1")
    'adoe.html'
    """
    kind, found = _telling(came_as)
    if not found:
        return f"{student}.html"
    name = found.string.replace("\\", "_")
    if kind == "canvas":
        name = f"{PurePosixPath(name).stem}.html"
    elif PurePosixPath(came_as).name == found.string:
        name = f"{name[: len(name) - len(found['rest'] or '')]}_{assignment}.html"
    else:
        name = f"{name}/{assignment}.html"
    long = any(len(part.encode("utf8", "replace")) > LONGEST for part in name.split("/"))
    return f"{student}.html" if long else name


def _path(name: str) -> PurePosixPath:
    return PurePosixPath(name.replace("\\", "/"))


def _telling(name: str, roster: Collection[str] = ()) -> tuple[str, re.Match | str]:
    """Return the outermost part of a name that tells whose it is, and in which way: "folder", "moodle" or "canvas".

    What stands further in, or behind a \\ that a zip made on Windows may have for /, is named by whoever handed it in,
    and could name somebody else.
    """
    for path in (PurePosixPath(name), _path(name)):
        for place, part in enumerate(path.parts, 1):
            is_folder, part = place < len(path.parts), unicodedata.normalize("NFC", part)
            if is_folder and part in roster:
                return "folder", part
            if moodle := MOODLE.fullmatch(part):
                return "moodle", moodle
            if not is_folder and (canvas := CANVAS.fullmatch(part)):
                return "canvas", canvas
    return "", ""


def _named(roster: Mapping[str, Student], who: str) -> set[str]:
    """Return who may be named so; a name in full goes before one after that of a group."""
    known = {}
    for student in roster.values():
        for word in _squeezed(student.id, student.name):
            known.setdefault(word, set()).add(student.id)
    parts = who.split("-")
    tails = ["-".join(parts[first:]) for first in range(1, len(parts))]
    tries = [who, *(tail for tail in tails if " " in tail)]  # one word after a hyphen may be half a name
    return next((set(known[plain]) for plain in map(_plain, tries) if plain in known), set())


def _squeezed(id: str, name: str) -> set[str]:
    """Return how a platform may write a student: the id, and the names together in both orders."""
    words = name.split()
    orders = [words[first:] + words[:first] for first in range(len(words))]  # a family name may have several words
    return {_plain(id), *(_plain("".join(order)) for order in orders)}


def _plain(text: str) -> str:
    """Return a text in small letters without accents, and without what is neither letter nor digit."""
    apart = unicodedata.normalize("NFKD", text.casefold().translate(LETTERS))
    return "".join(sign for sign in apart if sign.isalnum())
