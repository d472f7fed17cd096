"""What each chapter's page costs its reader, beside the same page under a default Jupyter Book 1.

The default twin has the same sources and pins, and of the configuration only the title and the execution.
MathJax, which it asks of another host, is answered from the npm package; scripts for widgets are refused and
not counted. The median of five loads each. Run `make book` first, then this script.
"""

import gzip
import http.server
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path

import yaml
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "book/_ext"), str(ROOT / "tests")]

from conftest import CHROMIUM_ARGUMENTS, OTHER_HOST, find_chromium  # noqa: E402
from npm_packages import fetch  # noqa: E402
from side_by_side import table  # noqa: E402

RUNS = 5
COLUMNS = [
    "gzip kB",
    "requests",
    "layout shift",
    "blocked ms",
    "script a move, ms",
    "key to frame, ms",
    "figure data gzip kB",
]
OBSERVE = """
window.shift = 0; window.blocked = 0;
new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) window.shift += e.value; }))
    .observe({type: 'layout-shift', buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(e => { window.blocked += Math.max(0, e.duration - 50); }))
    .observe({type: 'longtask', buffered: true});
"""
PRESS = """async (input) => {
  input.focus();
  const start = performance.now();
  input.stepUp();
  input.dispatchEvent(new Event('input', {bubbles: true}));
  const script = performance.now() - start;
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  return [script, performance.now() - start];
}"""


def build_default_twin(folder: Path) -> Path:
    """Build the same sources with a configuration of title and execution only."""
    shutil.copytree(ROOT / "book", folder / "book", ignore=shutil.ignore_patterns("_*"))
    shutil.copy(ROOT / "_toc.yml", folder)
    config = {"title": "KL Divergence: Six and a Half Intuitions", "execute": {"execute_notebooks": "cache"}}
    (folder / "_config.yml").write_text(json.dumps(config))
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    done = subprocess.run([jupyter_book, "build", "."], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return folder / "_build/html"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def measure(browser, site: Path, name: str, mathjax: Path) -> dict[str, float]:
    """Load the page once with an empty cache and return what it cost."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    answers = []

    def other_host(route):
        found = re.search(r"/mathjax@3/(es5/[^?]*)", route.request.url)
        if found:
            route.fulfill(path=mathjax / found[1])
        else:
            route.abort()

    context.route(OTHER_HOST, other_host)
    page = context.new_page()
    page.on("response", lambda answer: answers.append(answer))
    page.add_init_script(OBSERVE)
    page.goto(f"http://127.0.0.1:{server.server_port}/{name}.html", wait_until="networkidle")
    page.wait_for_timeout(1000)
    bodies = [answer.body() for answer in answers if answer.ok]
    result = {
        "requests": len(bodies),
        "raw kB": sum(map(len, bodies)) / 1e3,
        "gzip kB": sum(len(gzip.compress(body, 6)) for body in bodies) / 1e3,
        "layout shift": page.evaluate("window.shift"),
        "blocked ms": page.evaluate("window.blocked"),
    }
    slider = page.query_selector(".kl-explorer input[type=range]")
    if slider:
        presses = [page.evaluate(PRESS, slider) for _ in range(9)]
        result["script a move, ms"], result["key to frame, ms"] = map(statistics.median, zip(*presses, strict=True))
        html = (site / f"{name}.html").read_text(encoding="utf-8")
        figures = re.findall(r'class="kl-explorer.*?<script type="application/json">(.*?)</script>', html, re.DOTALL)
        data = "".join(figures)
        result["figure data gzip kB"] = len(gzip.compress(data.encode(), 6)) / 1e3
    context.close()
    server.shutdown()
    server.server_close()
    return result


def main():
    ours = ROOT / "_build/html"
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf8"))
    chapters = [page["file"] for part in contents["parts"] for page in part["chapters"]]
    if missing := [name for name in chapters if not (ours / f"{name}.html").exists()]:
        sys.exit(f"The book is not built, {missing} are missing: run make book first.")
    mathjax = fetch(Path(__file__).parent, ROOT / "_build/benchmark-assets") / "mathjax"
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        twin = build_default_twin(Path(folder))
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        for name in chapters:
            runs = [[measure(browser, site, name, mathjax) for site in (ours, twin)] for _ in range(RUNS)]
            sides = zip(*runs, strict=True)
            here, there = ({key: statistics.median(run[key] for run in side) for key in side[0]} for side in sides)
            ratio = here["gzip kB"] / there["gzip kB"]
            rows.append([name, f"{there['gzip kB']:,.0f}", f"{ratio:.3f}", *(f"{here[key]:,.4g}" for key in COLUMNS)])
        browser.close()
    head = ["", "default twin, gzip kB", "ratio", *COLUMNS]
    table(f"What a page costs its reader, median of {RUNS} loads", "page_weight", head, rows)


if __name__ == "__main__":
    main()
