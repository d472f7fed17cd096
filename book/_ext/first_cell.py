"""The first code cell of a take-away notebook, and the wheel of kltools that it installs."""

import hashlib
import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRST_CELL = """\
# This notebook computes with kltools. Where that is missing, this cell installs the
# wheel that is offered beside this notebook; it never asks an index for the name.
import importlib.util
import subprocess
import sys
from pathlib import Path

wheel = Path("{wheel}").resolve()
if importlib.util.find_spec("kltools") is None:
    if not wheel.exists():
        sys.exit(f"Get {{wheel.name}} from the page that offered this notebook, "
                 f"put it into {{wheel.parent}} and run this cell again.")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", str(wheel)]
    done = subprocess.run(pip, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"pip could not install {{wheel.name}}:\\n{{done.stderr}}")
    importlib.invalidate_caches()
"""


def first_cell(wheel: str) -> str:
    """Return the source of the cell that makes kltools importable from a wheel of that file name."""
    return FIRST_CELL.format(wheel=wheel).rstrip()


def wheel_name(root: Path = ROOT) -> str:
    """Return the file name of kltools' wheel, which needs no build to be known."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf8"))["project"]
    return f"{project['name']}-{project['version']}-py3-none-any.whl"


def build_wheel(folder: Path, root: Path = ROOT) -> Path:
    """Build kltools' wheel below `folder` unless it is there already for these very sources; return its path.

    The same sources give the same bytes on every day.
    """
    package = [path for path in root.joinpath("kltools").rglob("*") if "__pycache__" not in path.parts]
    digest = hashlib.sha256()
    for path in sorted([*package, root / "pyproject.toml", root / "README.md", root / "LICENSE"]):
        if path.is_file():
            digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    wheel = folder / digest.hexdigest()[:16] / wheel_name(root)
    if not wheel.exists():
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--no-index", "--no-build-isolation", "--wheel-dir", str(wheel.parent), str(root)]
        # 1980-01-01, the first day that a zip archive can name
        subprocess.run(command, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": "315532800"})
    return wheel
