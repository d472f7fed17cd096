"""The course of the gradebook, new for each test, and the grading environment at work."""

import gradebook_course
import pytest


@pytest.fixture(scope="module")
def worker():
    with gradebook_course.working() as worker:
        yield worker


@pytest.fixture
def course(tmp_path):
    return gradebook_course.make(tmp_path / "course")
