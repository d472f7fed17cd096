"""The roster of a course, as spreadsheets and learning platforms write it; a line that could be misread is refused."""

import codecs
import csv
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from pathlib import Path

from assignments import CourseError

NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")  # of a student or an assignment: it names folders
COLUMNS = ("id", "name", "email")
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
LINE_END = re.compile(rb"\r\n|\r|\n")
MARKED = re.compile(r'"?sep=(?P<separator>[,;\t])"?[,;\t]*\s*', re.IGNORECASE)  # a line that Excel takes for itself
EMAIL = ("email", "emailaddress")  # without what is no letter, as programs head that column
# letters that Unicode does not take apart, as they are written without their strokes
LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ı": "i"})
AS_CSV = "save it in your spreadsheet program as CSV UTF-8"


@dataclass(frozen=True)
class Student:
    """A line of the roster."""

    id: str
    name: str
    email: str

    @property
    def shown(self) -> str:
        """Who this is, for an instructor."""
        return f"{self.name} ({self.id})" if self.name else self.id


def read_roster(file: Path) -> dict[str, Student]:
    """Return the students of a roster by id.

    The first line names the columns id and name, and email where there is one, in any order and case; other columns
    are ignored. They are separated by commas, semicolons or tabs, which a line ``sep=;`` before it may name. Empty
    lines are skipped.

    Raises
    ------
    CourseError
        If the file cannot be read, or a line of it not with certainty; the message says where and what to do.
    """
    lines = _lines(file)
    first, head = next(lines, (1, ""))
    if marked := MARKED.fullmatch(head):
        first, head = next(lines, (first + 1, ""))
    separator = marked["separator"] if marked else max(SEPARATORS, key=head.count)
    columns = _columns(file, first, _fields(file, first, head, separator))
    students, places = {}, {}
    for number, line in lines:
        fields = _fields(file, number, line, separator)
        if not any(fields):
            continue
        _count(file, number, line, fields, len(columns), separator)
        one = Student(*(fields[columns.index(key)] if key in columns else "" for key in COLUMNS))
        if not NAME.fullmatch(one.id):
            raise CourseError(f"{file}, line {number}: {_wrong_id(one.id)}")
        if one.id in students:
            raise CourseError(
                f"{file}, line {number}: id {one.id!r} is there twice, in line {places[one.id]} first; "
                "each student needs an id of their own"
            )
        if one.email and not is_address(one.email):
            raise CourseError(
                f"{file}, line {number}: email {one.email!r} is no address: write it as in {one.id}@example.org, or "
                "leave it empty"
            )
        students[one.id], places[one.id] = one, number
    return students


def is_address(text: str) -> bool:
    """Whether a text is one address of a mailbox."""
    try:
        one = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError):  # what is none: the parser of the library raises any of them
        return False
    return bool(one.username and one.domain)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines that hold anything, with their numbers."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise CourseError(f"{file} is not there") from None
    except OSError as error:
        raise CourseError(f"{file} cannot be read: {error}") from None
    if data.startswith(WORKBOOKS):
        raise CourseError(f"{file} is a workbook of a spreadsheet program, and no text: {AS_CSV}")
    try:
        data.decode("utf8")
    except UnicodeDecodeError as error:
        number = len(LINE_END.split(data[: error.start]))
        shown = LINE_END.split(data)[number - 1][:80].decode("utf8", "replace")
        raise CourseError(f"{file}, line {number}: {shown!r} is not written in UTF-8: {AS_CSV}") from None
    for number, line in enumerate(LINE_END.split(data.removeprefix(codecs.BOM_UTF8)), 1):
        if line.strip():
            yield number, line.decode("utf8")


def _fields(file: Path, number: int, line: str, separator: str) -> list[str]:
    line = re.sub(rf'" +(?={separator}|$)', '"', line)  # the reader knows no space after a quote
    try:
        fields = next(csv.reader([line], delimiter=separator, skipinitialspace=separator != "\t", strict=True))
    except csv.Error as error:
        raise CourseError(
            f"{file}, line {number}: {line!r} cannot be read ({error}): a quote must be closed in its line, and "
            'within quotes a quote is written ""'
        ) from None
    return [field.strip() for field in fields]


def _columns(file: Path, number: int, fields: list[str]) -> list[str]:
    """Return the names of the columns in small letters."""
    columns = ["email" if _plain(field) in EMAIL else field.casefold() for field in fields]
    for key in COLUMNS:
        if columns.count(key) > 1:
            raise CourseError(f"{file}, line {number}: the column {key} is named twice; give one of them another name")
    if not {"id", "name"} <= set(columns):
        named = f"names {', '.join(map(repr, fields))}" if any(fields) else "is missing"
        raise CourseError(
            f"{file}, line {number}: the first line must name the columns id and name, and email where there is one, "
            f"as in id,name,email; it {named}"
        )
    return columns


def _plain(field: str) -> str:
    return re.sub(r"[\W_]", "", field.casefold())


def _count(file: Path, number: int, line: str, fields: list[str], wanted: int, separator: str) -> None:
    """Refuse a line that has not as many fields as there are columns, but for empty ones at its end."""
    while len(fields) > wanted and not fields[-1]:
        fields.pop()
    if len(fields) == wanted:
        return
    said = (
        f"{file}, line {number}: {line!r} has {len(fields)} field{'s' * (len(fields) != 1)}, and the first line names "
        f"{wanted} columns, separated by {SEPARATORS[separator]}"
    )
    if len(fields) > wanted:
        raise CourseError(f'{said}: put the name in quotes, "Doe{separator} Ann"')
    raise CourseError(f"{said}: each column needs its field, if an empty one, as in adoe{separator}Ann Doe{separator}")


def _wrong_id(id: str) -> str:
    if not id:
        return "there is no id"
    apart = unicodedata.normalize("NFKD", re.sub(r"\s", "", id.casefold()).translate(LETTERS))
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    would_do = re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-_")
    advice = f": write {would_do!r}" if would_do else ""
    return f"id {id!r} must have small letters, digits, - and _ only{advice}"
