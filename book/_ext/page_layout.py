"""What the theme's templates need to know, and when every page has to be made again."""

import hashlib
from pathlib import Path

import first_cell

SOURCES = ("_config.yml", "_toc.yml", "requirements.txt", "book/_ext/*", "book/_static/*", "book/_templates/**/*")


def note_changes(app, config):
    """Make a change of these hooks, the templates, the styles or the theme a changed setting.

    Sphinx would neither write pages nor copy static files again for any of them.
    """
    root, digest = Path(app.srcdir), hashlib.sha256()
    for file in sorted(file for pattern in SOURCES for file in root.glob(pattern) if file.is_file()):
        digest.update(f"\0{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes())
    config.klbook_fingerprint = digest.hexdigest()


def add_to_context(app, pagename, templatename, context, doctree):
    """Tell the templates the color mode of a page without scripts, and where its notebook is."""
    context["default_mode"] = "light"
    if "kernelspec" in app.env.metadata.get(pagename, {}):
        context["notebook"] = f"notebooks/{pagename.rsplit('/', 1)[-1]}.ipynb"
        context["wheel"] = f"notebooks/{first_cell.wheel_name()}"


def setup(app):
    """Connect the page's context."""
    app.add_config_value("comments_config", {}, "")  # Jupyter Book always sets it, for an extension that is not loaded
    app.add_config_value("klbook_fingerprint", "", "env", [str])
    app.connect("config-inited", note_changes)
    app.connect("html-page-context", add_to_context, priority=950)
