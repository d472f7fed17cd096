"""What test files share: a real browser, cut off from every other host, and a figure with every kind of part."""

import itertools
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Page, sync_playwright

from kltools.explore import Bars, Choice, Curve, Explorer, Panel, Readout, Slider

CHROMIUM_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OTHER_HOST = re.compile(r"^(https?|wss?|ftp)://(?!(localhost|127\.0\.0\.1|\[::1\])([:/]|$))", re.IGNORECASE)


ROOT = Path(__file__).parents[1]
BUILD = [str(Path(sys.executable).with_name("jupyter-book")), "build", ".", "-W", "-n", "--keep-going"]
SLOW_FIXTURES = {"browser", "site", "notebooks"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what needs neither the built book nor a browser first."""
    items.sort(key=lambda item: not SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())))


@pytest.fixture(scope="session")
def build_book() -> Callable[..., subprocess.CompletedProcess]:
    """Build a book as `make book` does: ``build_book(root, NAME=value)`` with variables of the environment."""

    def build(root: Path, **environment: str) -> subprocess.CompletedProcess:
        environment = {**os.environ, **environment}
        return subprocess.run(BUILD, cwd=root, env=environment, capture_output=True, text=True, timeout=300)

    return build


@pytest.fixture(scope="session")
def one_at_a_time(tmp_path_factory) -> FileLock:
    """A lock for what is written into the repository's own folder: tests may run in several processes."""
    return FileLock(tmp_path_factory.getbasetemp().parent / "repository.lock")


@pytest.fixture(scope="session")
def site(build_book, one_at_a_time) -> Path:
    """The folder of the book, built strictly, again only as far as something has changed."""
    with one_at_a_time:
        result = build_book(ROOT)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-4000:]
    assert "Warning" not in result.stderr, result.stderr
    return ROOT / "_build" / "html"


def find_chromium() -> str | None:
    """Return the browser's executable: the one that KLTOOLS_CHROMIUM names, else the first on the path."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("KLTOOLS_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window, one for all tests."""
    executable = find_chromium()
    if executable is None:
        pytest.fail("The browser tests need Chromium: install it, or set KLTOOLS_CHROMIUM to its executable.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@dataclass
class Opened:
    """A page, what it asked of other hosts (all refused), and what it complained about."""

    page: Page
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """Open addresses in contexts of their own: ``open_page(url, width=390, scheme="dark", ...)``.

    `script` runs before the page's own. Requests that leave the machine are refused and recorded in ``outside``;
    console errors and uncaught exceptions are recorded in ``errors``.
    """
    contexts = []

    def open_one(
        url: str, width: int = 1280, scheme: str = "light", java_script_enabled: bool = True, script: str = ""
    ) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 844 if width < 600 else 900},
            color_scheme=scheme,
            java_script_enabled=java_script_enabled,
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        opened = Opened(context.new_page())

        def refuse(route):
            opened.outside.append(route.request.url)
            route.abort()

        def refuse_socket(socket):
            opened.outside.append(socket.url)
            socket.close()

        context.route(OTHER_HOST, refuse)
        context.route_web_socket(OTHER_HOST, refuse_socket)
        opened.page.on("console", lambda said: said.type == "error" and opened.errors.append(said.text))
        opened.page.on("pageerror", lambda error: opened.errors.append(str(error)))
        if script:
            opened.page.add_init_script(script)
        opened.page.goto(url)
        return opened

    yield open_one
    for context in contexts:
        context.close()


class StrangeFigure:
    """A figure with every kind of part, markup among its words and an infinite value among its numbers."""

    x = np.linspace(-4, 4, 33)

    @staticmethod
    def heights(p, unit):
        with np.errstate(divide="ignore"):
            return -np.log(np.array([p, 1 - p])) / (np.log(2) if unit == "bit" else 1)

    @classmethod
    def density(cls, q, s):
        return np.exp(-0.5 * ((cls.x - q) / s) ** 2) / (s * np.sqrt(2 * np.pi))

    @classmethod
    def bars(cls, p, unit):
        return [0, p], [p, 1 - p], cls.heights(p, unit)

    @classmethod
    def make(cls, **changes) -> Explorer:
        """Make the figure, with some of its options changed."""
        steps = np.linspace(0.0, 1.0, 6)
        lengths = [Bars(cls.bars, "q", label="code", labels=["a", "b"]), Curve(lambda p: ([0, p], [1, 1]), "neutral")]
        options = {
            "parameters": [
                Slider("p", "P(a)", steps=steps, start=0.4),
                Slider("q", "Q(a)", steps=steps, start=0.2),
                Slider("s", "scale", steps=[1, 2, 3], start=2, digits=0, unit="cm"),
                Choice("unit", "Unit", options=["bit", "nat"], start="bit"),
            ],
            "panels": [
                Panel("Lengths", xlabel="probability", ylabel="length", xlim=(0, 1), ylim=(0, 4), marks=lengths),
                Panel(
                    "Density",
                    xlabel="x",
                    ylabel="density",
                    xlim=(-4, 4),
                    ylim=(0, 0.5),
                    marks=[Curve(cls.density, "p", x=cls.x, fill=True, label="P")],
                ),
            ],
            "readouts": [
                Readout("bits", "surprise <a>", lambda p, unit: cls.heights(p, unit)[0], unit="unit", digits=3),
                Readout("gap", "gap", lambda delta: -1.5 * delta, digits=2),
            ],
            "sentence": "At {p} and {q} with {s} in {unit}: {bits}, {gap} & done </script>.",
            "differences": {"delta": ("p", "q")},
        }
        return Explorer("Small & <strange>", **{**options, **changes})

    @classmethod
    def readouts(cls, p, q, unit) -> list[str]:
        """Return the texts of both readouts, by a route of their own: no rounding code of kltools."""
        bits, gap = cls.heights(p, unit)[0], format(1.5 * abs(p - q), ".2f")
        sign = "−" if p > q and float(gap) else ""
        return [f"{'∞' if math.isinf(bits) else format(abs(bits), '.3f')}\xa0unit", sign + gap]

    @staticmethod
    def all_values(figure: Explorer) -> Iterator[dict]:
        """Yield every setting of the figure."""
        parts = figure.spec["parameters"]
        for chosen in itertools.product(*(part.get("steps") or part.get("options") for part in parts)):
            yield dict(zip([part["name"] for part in parts], chosen, strict=True))


@pytest.fixture(scope="session")
def strange() -> type[StrangeFigure]:
    """The figure with every kind of part."""
    return StrangeFigure
