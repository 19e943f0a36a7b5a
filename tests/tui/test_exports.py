"""Exports from the app: files in the working folder, what they hold, and that nothing is overwritten."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hpi_core import demo
from tests.tui.conftest import Open
from tests.tui.terminal import Terminal

_READY = re.compile(r" sick 1/\d+")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder the app is started in, with a sweep in it."""
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(demo.path(), folder / "sweep.csv")
    monkeypatch.chdir(folder)
    return folder


def _export(app: Terminal, name: str, written: str) -> None:
    app.send("e")
    app.until("rerun script for SLURM")
    app.send(f"/{name}\r")
    app.until(lambda text: "Written: " in text and written in text)


def test_reruns_table_report_and_summary_are_written(open_app: Open, folder: Path) -> None:
    with open_app("sweep.csv") as app:
        app.until(lambda text: _READY.search(text) is not None)
        app.send("rr")
        app.until("2 rerun")
        _export(app, "rerun list", "sweep-rerun.csv")
        _export(app, "rerun list", "sweep-rerun-2.csv")
        _export(app, "rerun script", "sweep-rerun-3.sh")
        app.send("/status == failed\r")
        app.until("› status == failed")
        app.until(lambda text: re.search(r"› (?!240)\d+ of 240 trials", text) is not None)
        _export(app, "table as shown, CSV", "sweep-shown.csv")
        _export(app, "summary", "sweep-summary.json")
        app.send("w")
        app.until("sweep-report.md")
        app.until("Written: ")
        app.send("q")
        assert app.wait() == 0
    with (folder / "sweep-rerun.csv").open() as file:
        reruns = list(csv.DictReader(file))
    with (folder / "sweep.csv").open() as file:
        source = {row["trial_id"]: row for row in csv.DictReader(file)}
    assert len(reruns) == 2
    assert all(float(row["lr"]) == float(source[row["trial_id"]]["lr"]) for row in reruns)
    assert (folder / "sweep-rerun-2.csv").read_bytes() == (folder / "sweep-rerun.csv").read_bytes()
    assert subprocess.run(["bash", "-n", folder / "sweep-rerun-3.sh"], check=False).returncode == 0
    with (folder / "sweep-shown.csv").open() as file:
        shown = list(csv.DictReader(file))
    assert shown
    assert {row["status"] for row in shown} == {"failed"}
    assert json.loads((folder / "sweep-summary.json").read_text())["triage"]["rerun"] == 2
    assert (folder / "sweep-report.md").read_text().startswith("# ")


def test_without_reruns_nothing_is_written(open_app: Open, folder: Path) -> None:
    before = sorted(folder.iterdir())
    with open_app("sweep.csv") as app:
        app.until(lambda text: _READY.search(text) is not None)
        app.send("e")
        app.until("nothing is marked rerun: r marks")
        app.send("\r")
        app.until("No trial is marked rerun.")
    assert [path for path in sorted(folder.iterdir()) if not path.name.endswith(".hpi")] == before


def test_a_folder_that_cannot_be_written_costs_a_sentence(
    open_app: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/proc")
    with open_app(str(folder / "sweep.csv")) as app:
        app.until(lambda text: _READY.search(text) is not None)
        app.send("w")
        app.until("cannot be written")
        app.send("j")
        app.until(lambda text: "cannot be written" not in text)
