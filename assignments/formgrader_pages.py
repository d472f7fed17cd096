"""A server extension: nbgrader's Formgrader without the pages that make, release and collect assignments.

Those pages know an exchange and an assignment for all alike. Here they would warn of what is in order, offer buttons
that refuse and links that lead nowhere; what they are for, make does. Who comes to one is led to the gradebook.
"""

from jinja2 import ChoiceLoader, DictLoader
from jupyter_server.utils import url_path_join
from nbgrader.server_extensions import formgrader
from tornado.web import RedirectHandler

GRADEBOOK = "/formgrader/gradebook"
LEFT_OUT = r"/formgrader(?:/?|/manage_(?:assignments|submissions|students)(?:/.*)?)"
SIDEBAR = """\
{%- extends 'base.tpl' -%}
{%- block title -%}Manual Grading{%- endblock -%}
{%- block sidebar -%}
<li role="presentation" class="active"><a href="{{ base_url }}/formgrader/gradebook">Manual Grading</a></li>
{%- endblock -%}
"""


def _jupyter_server_extension_points() -> list[dict]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server) -> None:
    app = server.web_app
    base = app.settings["base_url"]
    leads = {"url": url_path_join(base, GRADEBOOK), "permanent": False}
    app.add_handlers(".*$", [(url_path_join(base, LEFT_OUT), RedirectHandler, leads)])  # before nbgrader adds its own
    formgrader.load_jupyter_server_extension(server)
    templates = app.settings["nbgrader_jinja2_env"]
    templates.loader = ChoiceLoader([DictLoader({"gradebook_base.tpl": SIDEBAR}), templates.loader])
