"""Logits that outgrow the memory: mapped files and Dask arrays, as the docstring of `kl_from_logits` has it."""

import inspect
import re
import tracemalloc

import numpy as np
import pytest

from kltools import kl_from_logits

SHAPE = (1500, 4000)


@pytest.fixture(scope="module")
def logits():
    rng = np.random.default_rng(50)
    p = 3 * rng.standard_normal(SHAPE, dtype=np.float32)
    return p, p + rng.standard_normal(SHAPE, dtype=np.float32)


@pytest.fixture
def files(logits, tmp_path):
    """The same logits, read from the disk."""
    mapped = []
    for name, array in zip("pq", logits, strict=True):
        path = tmp_path / f"{name}.f32"
        array.tofile(path)
        mapped.append(np.memmap(path, dtype=np.float32, mode="r", shape=SHAPE))
    return mapped


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_memory_mapped_file_is_read_in_blocks(logits, files, dtype):
    in_memory = kl_from_logits(*logits, dtype=dtype)
    tracemalloc.start()
    try:
        tokens = kl_from_logits(*files, dtype=dtype)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(tokens, in_memory)
    assert not isinstance(tokens, np.memmap)
    assert peak < files[0].nbytes / 10


def test_a_mapped_file_beside_one_row_in_memory(logits, files):
    tokens = kl_from_logits(files[0], logits[1][0], base=2)
    np.testing.assert_array_equal(tokens, kl_from_logits(logits[0], logits[1][0], base=2))


def test_dask_as_documented(logits):
    """The lines of the docstring, run: blocks of rows only, also where the outcomes were in several chunks."""
    import dask.array

    lines = re.search(r"^    whole_rows = .*?\.compute\(\)$", inspect.getdoc(kl_from_logits), re.DOTALL | re.MULTILINE)
    blocks = []

    def recorded(p_logits, q_logits):
        blocks.append(p_logits.shape)
        return kl_from_logits(p_logits, q_logits)

    p, q = (dask.array.from_array(x, chunks=(400, 1000)) for x in logits)
    names = {"dask": dask, "kl_from_logits": recorded, "p": p, "q": q}
    exec(inspect.cleandoc(lines[0]), names)
    np.testing.assert_array_equal(names["tokens"], kl_from_logits(*logits))
    assert sorted(shape for shape in blocks if 0 not in shape) == [(300, 4000)] + [(400, 4000)] * 3
