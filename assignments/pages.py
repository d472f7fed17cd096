"""Pages that go out: one file each, without scripts and without requests, and everything in them escaped."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assignments.markup import clean

SHOWN = 20  # names in a line
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def page(template: str, **values) -> str:
    """Return a page made from one of the templates."""
    return clean(_TEMPLATES.get_template(template).render(values))


def number(value: float) -> str:
    """Return points as people write them.

    Examples
    --------
    >>> number(2.0), number(123.45), number(1 / 3)
    ('2', '123.45', '0.3333')
    """
    return f"{value:.4f}".rstrip("0").rstrip(".")


def counted(value: float, what: str) -> str:
    """Return a number with what it counts: "1 submission", "2 submissions"."""
    return f"{number(value)} {what}{'s' * (value != 1)}"


def points(value: float) -> str:
    """Return points with their unit: "1 point", "2.5 points"."""
    return counted(value, "point")


def listed(names: list[str]) -> str:
    """Return names in a line, at most twenty of them and then a count.

    Examples
    --------
    >>> listed(["adoe", "broe"]), listed(["Doe, Ann (adoe)", "broe"])
    ('adoe, broe', 'Doe, Ann (adoe); broe')
    """
    parted = "; " if any("," in name for name in names[:SHOWN]) else ", "
    return parted.join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
