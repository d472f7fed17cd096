"""What remove-cell cells may do."""

import pytest
from removed_cells import flaw


def cells(*sources):
    """Return code cells for `flaw`, at lines 10, 20, ...; those that begin with # drop are removed."""
    return [(source, 10 * number, source.startswith("# drop")) for number, source in enumerate(sources, 1)]


@pytest.mark.parametrize(
    "sources",
    [
        ["x = 1", "# drop\nfrom myst_nb import glue\ny = float(x)\nglue('y', y)\nassert y == 1", "print(x)"],
        ["# drop\nfor name in 'ab':\n    glue(name, name)", "for name in 'cd':\n    print(name)"],
        ["import numpy as np", "# drop\nimport numpy as np", "np.ones(3)"],
        ["# drop\ndef half(x):\n    print(x)\n    return x / 2\nassert half(2) == 1", "half = 3\nhalf"],
        ["# drop\nm = 1", "[m for m in range(3)]", "def f(m):\n    return m"],
        ["# drop\nd = {}\nd['a'] = 1\nd['a'] += 1", "1"],
    ],
)
def test_removed_cells_may_compute_what_they_check(sources):
    assert flaw(cells(*sources)) is None


@pytest.mark.parametrize(
    ("sources", "line", "message"),
    [
        (["# drop\nassert True\nprint(1)"], 12, "'print(1)'"),
        (["# drop\nfor i in 'ab':\n    items.append(i)"], 12, "'items.append(i)'"),
        (["# drop\n3"], 11, "'3'"),
        (["# drop\nclass A:\n    pass"], 11, "'class A:'"),
        (["1\n%timeit 2"], 11, "plain Python"),
        (["# drop\ny = 1", "print(y)"], 20, "'y' is last bound by the remove-cell cell at line 10"),
        (["y = 0", "# drop\ny, z = 1, 2", "print(y)"], 30, "'y' is last bound"),
        (["y = 0", "# drop\ny += 1", "1", "print(y)"], 40, "'y' is last bound"),
        (["d = {}", "# drop\nd['a'] = 1", "print(d)"], 30, "'d' is last bound"),
        (["# drop\nimport math", "math.pi"], 20, "'math' is last bound"),
        (["# drop\ny = 1", "def f():\n    return y"], 20, "'y' is last bound"),
        (["# drop\ny = 1", "[y for _ in range(2)]"], 20, "'y' is last bound"),
        (["# drop\nfrom myst_nb import glue", "glue('x', 1)"], 20, "'glue' is last bound"),
    ],
)
def test_removed_cells_show_nothing_and_leave_nothing_behind(sources, line, message):
    found, told = flaw(cells(*sources))
    assert found == line
    assert message in told
