"""What does `import kltools` add to numpy and scipy.special?"""

import itertools
import statistics
import subprocess
import sys

from side_by_side import table

MODULES = ("numpy", "scipy.special", "kltools", "scipy.stats")
PROGRAM = """
import time
start = time.perf_counter()
for name in {modules!r}:
    __import__(name)
    print(time.perf_counter() - start)
"""


def main():
    runs = []
    for _ in range(9):
        shown = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(modules=MODULES)], capture_output=True, text=True, check=True
        )
        total = [0.0, *map(float, shown.stdout.split())]
        runs.append([after - before for before, after in itertools.pairwise(total)])
    medians = [statistics.median(run) for run in zip(*runs, strict=True)]
    rows = [[f"`import {name}`", f"{seconds:.3f}"] for name, seconds in zip(MODULES, medians, strict=True)]
    table("Seconds that an import adds to those above it", "import_time", ["", "seconds"], rows)


if __name__ == "__main__":
    main()
