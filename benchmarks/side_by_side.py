"""Time functions side by side in one run, and keep the table.

The machine's speed drifts, so the functions take turns and what counts is the ratio within a turn.
"""

import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def ratios(functions: dict[str, Callable[[], object]], turns: int = 7) -> dict[str, tuple[float, float]]:
    """Return for each function its median seconds and its median ratio to the first function."""
    for function in functions.values():
        function()
    seconds = {name: [] for name in functions}
    for _ in range(turns):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            seconds[name].append(time.perf_counter() - start)
    first = next(iter(seconds.values()))
    return {
        name: (statistics.median(taken), statistics.median(a / b for a, b in zip(taken, first, strict=True)))
        for name, taken in seconds.items()
    }


def peak_bytes(function: Callable[[], object]) -> int:
    """Return the most memory that Python and numpy held at once during a call, beyond what they held before."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def table(question: str, name: str, head: list[str], rows: list[list]) -> None:
    """Print a table and store it as ``results/<name>.md``."""
    lines = [f"| {' | '.join(map(str, row))} |" for row in (head, ["---"] * len(head), *rows)]
    text = f"## {question}\n\n" + "\n".join(lines) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(text, encoding="utf-8")
    print(text)


def relative_error(value, truth) -> str:
    """Return the relative error for a table, and say so where a divergence came out negative or undefined."""
    value = float(value)
    if value != value:
        return "NaN"
    shown = f"{abs(value - float(truth)) / float(truth):.1e}"
    return shown if value >= 0 else f"{shown}, negative"
