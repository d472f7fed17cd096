"""What tests of small books share: the header of a page, and the strict build."""

import subprocess
import sys
from pathlib import Path

EXTENSIONS = str(Path(__file__).resolve().parents[1] / "book" / "_ext")
HEADER = """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {display_name: Python 3, name: python3}
---
"""


def build(folder: Path) -> subprocess.CompletedProcess:
    """Build the book in a folder into its `_build/html`, every warning an error."""
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", folder, folder / "_build" / "html"]
    return subprocess.run(command, capture_output=True, text=True, check=False)
