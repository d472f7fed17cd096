"""The course of the reports, new for each test."""

from functools import partial

import pytest
import report_course

from assignments.course import read_assignment


@pytest.fixture
def course(tmp_path):
    return report_course.make(tmp_path / "course")


@pytest.fixture
def assignment(course):
    return read_assignment(course, "week1")


@pytest.fixture
def write(course, assignment):
    """Write the reports on these results and return a reader of the files."""
    return partial(report_course.write, course, assignment)
