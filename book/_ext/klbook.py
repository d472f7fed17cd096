"""The book's own Sphinx extension: each concern is a module beside this one."""

import api_reference
import chapter_execution
import embedded_fonts
import exercise
import first_screen
import notebook_outputs
import page_layout
import reading_time
import subject_index
import takeaway
import typesetting

PARTS = (
    page_layout,
    typesetting,
    chapter_execution,
    notebook_outputs,
    exercise,
    reading_time,
    takeaway,
    api_reference,
    subject_index,
    embedded_fonts,
    first_screen,
)


def setup(app):
    """Set up every part of the extension."""
    for part in PARTS:
        part.setup(app)
    return {"version": "0.1.0", "parallel_read_safe": True, "parallel_write_safe": True}
