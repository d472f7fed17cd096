"""Notebooks are executed when, and only when, what they depend on has changed.

jupyter-cache knows a notebook by its code cells. Here its folder is also named after everything else a
result depends on: kltools, the data, the pinned packages and Python. Chapters that are not in it are
executed side by side before myst-nb reads them; a cell that raises ends the build with its place, and so
does every later build until it is mended, since nothing of a failed build is kept.
"""

import hashlib
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import create_nb_reader
from nbconvert.filters import strip_ansi
from sphinx.application import ENV_PICKLE_FILENAME
from sphinx.errors import ExtensionError
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
WORKERS = 2
INPUTS = ("kltools/**/*.py", "kltools/*.js", "book/data/**/*", "requirements.txt", "book/_ext/chapter_execution.py")
KERNEL_CONFIGURATION = """\
# Written by book/_ext/chapter_execution.py for the kernels of the build.
c.IPKernelApp.exec_lines = [
    "import warnings",
    "warnings.simplefilter('error')",
    "warnings.filterwarnings('ignore', module='ipykernel')",  # the kernel's own, which no chapter can mend
    "del warnings",
]
c.IPKernelApp.log_level = 40  # no notice about TCP on every start
"""


def fingerprint(root):
    """Return a hash of everything but its own code that the result of a chapter depends on."""
    digest = hashlib.sha256(sys.version.encode())
    files = {file for pattern in INPUTS for file in root.glob(pattern) if file.is_file()}
    for file in sorted(files):
        digest.update(f"\0{file.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def prepare(app, config):
    """Choose the cache folder, drop outdated ones, and give the kernels their configuration."""
    build = Path(app.outdir).parent
    cache = build / ".jupyter_cache" / fingerprint(Path(app.srcdir))
    # a new folder is a changed setting, which makes Sphinx read every chapter again
    config.nb_execution_cache_path = str(cache)
    for other in cache.parent.glob("*"):
        if other != cache:
            shutil.rmtree(other) if other.is_dir() else other.unlink()
    profile = build / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(KERNEL_CONFIGURATION, encoding="utf8")
    os.environ["IPYTHONDIR"] = str(profile.parent)


def execute_missing(app, env, docnames):
    """Execute the chapters that are about to be read and are not in the cache."""
    settings = env.mystnb_config
    cache = get_cache(settings.execution_cache_path)
    missing = {}
    for docname in docnames:
        path = Path(env.doc2path(docname))
        text = path.read_text("utf8")
        reader = create_nb_reader(str(path), env.myst_config, settings, text)
        if reader is None:
            continue
        notebook = reader.read(text)
        try:
            cache.match_cache_notebook(notebook)
        except KeyError:
            missing[docname] = (path, notebook)

    def run(path, notebook):
        return single_nb_execution(
            notebook,
            cwd=str(path.parent),
            timeout=settings.execution_timeout,
            allow_errors=settings.execution_allow_errors,
            coalesce_streams=True,  # what a cell prints is one output, however many pieces the kernel sent
        )

    failures = []
    with ThreadPoolExecutor(WORKERS) as pool:
        runs = {docname: pool.submit(run, *chapter) for docname, chapter in missing.items()}
        for docname, future in runs.items():
            path, notebook = missing[docname]
            result = future.result()
            if result.err is not None:
                failures.append(f"{docname}: a cell failed ({type(result.err).__name__})\n{result.err}")
                continue
            LOGGER.info("executed %s in %.1f seconds", docname, result.time)
            bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": result.time})
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    if failures:
        raise ExtensionError(strip_ansi("\n\n".join(failures)))


def forget_flawed_build(app, exception):
    """Let the next build read everything again after a warning, or it would pass without repeating it."""
    if app._warncount:
        Path(app.doctreedir, ENV_PICKLE_FILENAME).unlink(missing_ok=True)


def setup(app):
    """Connect the execution of chapters to the build."""
    app.connect("config-inited", prepare, priority=100)
    app.connect("env-before-read-docs", execute_missing)
    app.connect("build-finished", forget_flawed_build, priority=950)
