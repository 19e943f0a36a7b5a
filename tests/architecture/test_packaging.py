"""The wheel carries everything the program needs, and nothing of the tests."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    # hatchling is called in the tests' own environment: an isolated build would need a network
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_the_wheel_holds_the_data_files(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for name in ["hpi_core/demo/sweep.csv", "hpi_core/summary.schema.json", "hpi_tui/theme.tcss", "hpi_core/py.typed"]:
        assert name in names
    assert not [name for name in names if name.startswith("tests")]


def test_the_wheel_declares_both_commands_and_only_bounded_dependencies(wheel: zipfile.ZipFile) -> None:
    entry = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    assert "hpi-tui = hpi_tui.cli:main" in wheel.read(entry).decode()
    assert "hpi = hpi_core.cli:main" in wheel.read(entry).decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [need for need in project["dependencies"] if "<" not in need] == []


def test_an_installed_wheel_opens_the_demo_outside_the_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    site = tmp_path / "site"
    wheel.extractall(site)
    program = (
        "import sys; from hpi_core.cli import main; from hpi_core import demo; "
        "sys.argv = ['hpi', 'inspect', str(demo.path())]; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(site), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert "240 trials" in done.stdout
