"""Assign the book's exercises: a notebook for each student, and from what comes back to grades."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "book/_ext"))  # the first cell of a notebook and its wheel are those of the book

from first_cell import build_wheel, first_cell, wheel_name  # noqa: E402

__all__ = ["ROOT", "CourseError", "build_wheel", "first_cell", "wheel_name"]


class CourseError(Exception):
    """Something in a course folder is not as it must be; the message names the file, the place and the value."""
