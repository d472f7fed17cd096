"""nbgrader's Formgrader for a course: how it is set up, and how it is opened.

It is opened alone, on this machine only, without kernels or terminals. Its buttons that would run what students
sent, outside of the sandbox, or write over what was given out, refuse, and the pages that hold most of them are left
out.
"""

import os
import sys

from assignments import ROOT
from assignments.course import Course, CourseError, write_at_once

COURSE_ID = "course"
ENVIRONMENT = {"JUPYTER_NO_CONFIG": "1", "PYTHONPATH": str(ROOT)}
EXTENSION = "assignments.formgrader_pages"
CLOSED = """\
# Formgrader and the commands of nbgrader would run what students sent without the sandbox, write over what was given
# out, and hand every student's notebook to all through an exchange. They refuse before they touch a file.
class Closed(NotebookExporter):
    def __init__(self, parent=None, **options):
        message = "This step of nbgrader is closed here and changed nothing. Give out, collect and grade with make."
        parent.log.error(message)
        raise NbGraderException(message)


class NoExchange(ExchangeList):
    def start(self):
        raise ExchangeError("There is no exchange here.")


for step in ("Autograde", "GenerateAssignment", "GenerateFeedback", "GenerateSolution"):
    c[step].exporter_class = Closed
c.ExchangeFactory.list = NoExchange
c.Exchange.root = os.devnull
"""
SETTINGS = f'''\
# Settings of nbgrader for this course. They were written once and are yours to change, up to the line that says so.
import os

from nbconvert.exporters import NotebookExporter
from nbgrader.converters.base import NbGraderException
from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeList
from nbgrader.server_extensions.formgrader.handlers import template_path

c = get_config()
c.CourseDirectory.course_id = "{COURSE_ID}"
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))
c.FormgradeExtension.debug = False
c.HTMLExporter.extra_template_basedirs = [os.path.join(c.CourseDirectory.root, ".formgrader"), template_path]

# Leave the rest as it is.
{CLOSED}'''
# Formgrader waits for MathJax, which it would fetch from another host; formulas come as MathML and need none.
NO_MATHJAX = """\
{% macro mathjax() %}
<script>
var MathJax = {Hub: {Startup: {signal: {Interest: function (listener) { listener("End"); }}}}};
</script>
{% endmacro %}
"""
FILES = {"nbgrader_config.py": SETTINGS, ".formgrader/formgrade/mathjax.html.j2": NO_MATHJAX}


def write_settings(course: Course) -> None:
    """Write the settings of nbgrader where they are missing; the gradebook's place is nbgrader's own."""
    for name, text in FILES.items():
        file = course.path / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            write_at_once(file, text)


def command(course: Course) -> list[str]:
    """Return the command that serves Formgrader, to be run in the course folder.

    Raises
    ------
    CourseError
        If nothing has been graded yet, or the settings of nbgrader no longer keep it from running what students sent.
    """
    if not (course.path / "gradebook.db").exists():
        raise CourseError(f"{course.path} has no gradebook.db yet: make grade writes it, and Formgrader reads it")
    write_settings(course)
    file = course.path / "nbgrader_config.py"
    if CLOSED not in file.read_text("utf8"):
        raise CourseError(
            f"{file} has lost the part that keeps Formgrader from running what students sent; "
            "move the file away, open Formgrader again and bring your own settings into the new file"
        )
    settings = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.root_dir": course.path,
        "ServerApp.default_url": "/formgrader/gradebook",
        "ServerApp.jpserver_extensions": f"{EXTENSION}=True",
        "ServerApp.terminals_enabled": False,
        "KernelProvisionerFactory.default_provisioner_name": "none",  # no kernel can be started
        "ServerApp.allow_root": True,  # there is nothing to run
        "ServerApp.answer_yes": True,
        "ServerApp.log_level": "WARN",
    }
    return [sys.executable, "-m", "jupyter_server", *(f"--{name}={value}" for name, value in settings.items())]


def serve(course: Course) -> None:
    """Serve Formgrader in the place of this process; settings of other Jupyter servers do not apply."""
    opened = [*command(course), "--ServerApp.open_browser=True"]
    print("Formgrader opens in the browser. It is stopped by Ctrl+C here.", flush=True)
    os.chdir(course.path)
    os.execve(opened[0], opened, {**os.environ, **ENVIRONMENT})
