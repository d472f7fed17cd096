"""Files of settings, read so that a mistake is told with the file, the place and what would do."""

import contextlib
import re
import tomllib
from datetime import datetime
from pathlib import Path

from assignments import CourseError
from assignments.near import near

WORDS = re.compile(r"=\s*(yes|no|on|off|true|false)\s*(#.*)?$", re.IGNORECASE)  # TOML knows true and false only
BACKSLASH = re.compile(r"Unescaped '\\' in a string|Invalid hex value|Escaped character")
TEXTS = ("text", "title")
MARK = "\ufdd0"  # no character, so in no text
# What TeX and TOML both read, each in its way: \theta is a tab and "heta", and \nu a new line and "u".
LOST = re.compile(MARK + r"(?:[bfrt][A-Za-z]+|n(?:u|e|eq|abla|ot|i|mid|leq|geq|parallel|exists|subset)(?![A-Za-z]))")
LITERAL = "write it between ''' and ''', or on one line between ' and ', where a backslash is a backslash"


def read_table(file: Path) -> dict:
    """Read a file of settings."""
    try:
        source = file.read_text("utf-8-sig")  # an editor on Windows may have put a mark first
        table = tomllib.loads(source)
    except FileNotFoundError:
        raise CourseError(f"{file} is not there") from None
    except tomllib.TOMLDecodeError as error:
        raise CourseError(_toml_error(file, str(error))) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{file} cannot be read: {error}") from None
    # Each backslash a mark, and its pairs and those before a quote letters, so that strings end where they did.
    marked = re.sub(r'\\(["\\]?)', lambda found: "xx" if found[1] else MARK, source)
    with contextlib.suppress(tomllib.TOMLDecodeError):  # of two keys that are one now
        _check_texts(table, tomllib.loads(marked), file)
    return table


def _check_texts(table: dict, marked: dict, file: Path, where: str = "") -> None:
    """Refuse texts between double quotes with a backslash: TOML would make a tab of the first two letters of theta."""
    for (key, value), source in zip(table.items(), marked.values(), strict=True):
        if isinstance(value, list | dict):
            parts, sources = (value, source) if isinstance(value, list) else ([value], [source])
            for one, its in zip(parts, sources, strict=True):
                if isinstance(one, dict):
                    _check_texts(one, its, file, f"{one.get('id', key)}: ")
        elif (
            key in TEXTS
            and isinstance(value, str)
            and any(found.replace(MARK, "\\") not in value for found in LOST.findall(source))
        ):
            raise CourseError(
                f"{file}: {where}{key} has a backslash between double quotes, which loses it and what follows in a "
                f"formula: {LITERAL}"
            )


def _toml_error(file: Path, said: str) -> str:
    """Say what is wrong in a file of settings, with the line as it stands there."""
    place = re.search(r"at line (\d+)", said)
    if not place:
        return f"{file} cannot be read: {said}"
    line = file.read_text("utf-8-sig").split("\n")[int(place[1]) - 1].strip()
    advice = ": say true or false" if WORDS.search(line) else f" cannot be read ({said})"
    if BACKSLASH.match(said):
        advice += f"; if that is a text, {LITERAL}"
    return f"{file}, line {place[1]}: {line}{advice}"


def only(table: dict, known: set[str], file: Path, where: str = "") -> None:
    """Refuse a setting that is not known, and name the part of the file in which it stands."""
    unknown = sorted(table.keys() - known)
    if unknown:
        place = f"{file}: {where}: " if where else f"{file}: "
        close = near(unknown[0], sorted(known))
        raise CourseError(f"{place}{unknown[0]} is not known here{close}; known are {', '.join(sorted(known))}")


def share(value, key: str, file: Path) -> float:
    """Return a share of the whole."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise CourseError(f"{file}: {key} = {value!r} must be a share between 0 and 1")
    return float(value)


def moment(value, key: str, file: Path) -> datetime:
    """Return a time that names its zone; one without would mean another hour on another machine."""
    if not isinstance(value, datetime):
        raise CourseError(
            f"{file}: {key} = {value} must be a date, a time and an offset without quotes: 2030-01-31T23:59:00+01:00"
        )
    if value.tzinfo is None:
        here = value.astimezone().isoformat()
        raise CourseError(
            f"{file}: {key} = {value.isoformat()} does not say in which time zone: {here} is that time where this "
            "computer is, and +00:00 at its end means UTC"
        )
    return value
