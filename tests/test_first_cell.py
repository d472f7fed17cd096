"""The first cell of a take-away notebook, where kltools is there, where its wheel is, and where neither is."""

import os
import subprocess
import sys
import venv

import pytest
from first_cell import build_wheel, first_cell, wheel_name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel of a package named kltools that needs nothing else."""
    root = tmp_path_factory.mktemp("project")
    (root / "kltools").mkdir()
    (root / "kltools" / "__init__.py").write_text('"""A stand-in."""\n\nmark = "from the wheel"\n')
    for name in ("README.md", "LICENSE"):
        (root / name).write_text("")
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["flit_core>=3.12,<5"]\nbuild-backend = "flit_core.buildapi"\n'
        '[project]\nname = "kltools"\nversion = "9.8"\ndescription = "A stand-in"\n'
        'requires-python = ">=3.11"\n'
    )
    return build_wheel(root / "wheel", root)


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """Return the interpreter of an environment with pip and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def run_first_cell(python, folder, name, then=""):
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PIP_"))}
    environment |= {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_CONFIG_FILE": os.devnull}
    code = f"{first_cell(name)}\n{then}"
    command = [python, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_first_cell_is_silent_where_kltools_is_installed(tmp_path):
    run = run_first_cell(sys.executable, tmp_path, "kltools-9.8-py3-none-any.whl")
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_the_first_cell_says_what_to_do_then_installs_the_wheel(tmp_path, wheel, bare_python):
    missing = run_first_cell(bare_python, tmp_path, wheel.name)
    assert missing.returncode == 1
    assert wheel.name in missing.stderr
    assert str(tmp_path) in missing.stderr
    assert "Traceback" not in missing.stderr

    beside = tmp_path / wheel.name
    beside.write_bytes(b"no archive")
    broken = run_first_cell(bare_python, tmp_path, wheel.name)
    assert broken.returncode == 1
    assert f"could not install {wheel.name}:\nERROR: " in broken.stderr
    assert "Traceback" not in broken.stderr

    beside.write_bytes(wheel.read_bytes())
    installed = run_first_cell(bare_python, tmp_path, wheel.name, "import kltools\nprint(kltools.mark)")
    assert installed.returncode == 0, installed.stderr
    assert installed.stdout == "from the wheel\n"


def test_the_first_cell_is_short_and_never_installs_by_name():
    lines = first_cell(wheel_name()).splitlines()
    assert [line.startswith("#") for line in lines[:3]] == [True, True, False]
    assert len([line for line in lines if line.strip() and not line.startswith("#")]) <= 14
    assert wheel_name() in "\n".join(lines)
    installs = [line.strip() for line in lines if "install" in line and not line.startswith("#")]
    assert installs[0] == 'pip = [sys.executable, "-m", "pip", "install", "--quiet", str(wheel)]'


def test_wheels_are_built_once_and_always_alike(wheel, tmp_path):
    root = wheel.parents[2]
    assert wheel.name == wheel_name(root) == "kltools-9.8-py3-none-any.whl"
    before = wheel.stat().st_mtime_ns
    assert build_wheel(root / "wheel", root).stat().st_mtime_ns == before
    assert build_wheel(tmp_path, root).read_bytes() == wheel.read_bytes()
    changed = root / "kltools" / "__init__.py"
    text = changed.read_text()
    changed.write_text(text + "more = 1\n")
    assert build_wheel(root / "wheel", root) != wheel
    changed.write_text(text)
    assert build_wheel(root / "wheel", root) == wheel
