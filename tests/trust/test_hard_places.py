"""The app in a real pty where nothing can be written, where there is no home, and through a storm of sizes."""

from __future__ import annotations

import shutil
from pathlib import Path

from hpi_core import demo
from tests.tui.conftest import APP
from tests.tui.terminal import Terminal


def _copy(folder: Path) -> Path:
    return Path(shutil.copy(demo.path(), folder / "sweep.csv"))


def test_a_full_disk_costs_a_sentence_and_nothing_else(tmp_path: Path) -> None:
    source = _copy(tmp_path)
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    command = ["bash", "-c", 'ulimit -f 0; exec "$0" "$1"', APP, str(source)]
    before = source.read_bytes()
    with Terminal(command, 120, 40, state) as app:
        app.until("sick 1/")
        app.send("r")
        app.until("cannot be saved")
        app.until_quiet()
        assert " 1 rerun" not in app.text
        app.send("\x1b")
        app.until(lambda text: "cannot be saved" not in text)
        app.until_quiet()  # a key soon after Escape is read as one with Alt
        app.send("G")
        app.until("240/240")
        app.send("q")
        assert app.wait() == 0
    assert source.read_bytes() == before


def test_without_a_home_it_opens(tmp_path: Path) -> None:
    source = _copy(tmp_path)
    unset = [part for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME") for part in ("-u", name)]
    with Terminal(["env", *unset, APP, str(source)], 80, 24) as app:
        app.until("sick 1/")
        app.send("r")
        app.until("1 rerun")
        app.send("q")
        assert app.wait() == 0
    assert (tmp_path / "sweep.csv.hpi").is_dir()


def test_three_hundred_sizes_and_it_still_quits(tmp_path: Path) -> None:
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    with Terminal([APP, str(_copy(tmp_path))], 120, 40, state) as app:
        app.until("sick 1/")
        for turn in range(300):
            app.resize(1 + (turn * 37) % 300, 1 + (turn * 53) % 120)
            app.pump(0.002)
            app.screen.reset()
        app.resize(500, 200)
        app.resize(1, 1)
        app.resize(100, 30)
        app.screen.reset()
        app.until("sick 1/")
        app.send("q")
        assert app.wait() == 0
