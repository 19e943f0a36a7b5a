"""Parquet damaged in hundreds of ways, as trials and as curves: one sentence each, whoever ends the process.

What polars does with a damaged file happens in native code. Of some files it asks for more memory than there is, which
ends the process: then the installed commands say so in a sentence all the same, and the app gives the terminal back.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.core.cli.running import hpi_process
from tests.tui.terminal import Terminal

APP = Path(sys.executable).parent / "hpi-tui"
_ROWS = 2000
# Of two hundred files with flipped bytes this one names a run of 2 ** 61 values in a page.
_DEADLY = 129


def frame(trials: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "trial_id": [row * trials // _ROWS for row in range(_ROWS)],
            "step": [row % 10 for row in range(_ROWS)],
            "optimizer": [f"adam{row % 7}" for row in range(_ROWS)],
            "val_loss": [None if row % 13 == 0 else 1 / (1 + row) for row in range(_ROWS)],
        }
    )


def damaged(data: bytes, way: int) -> bytes:
    """Return the bytes of a file damaged in one of many ways."""
    chance, changed = random.Random(way), bytearray(data)
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    kind = way % 5
    if kind == 0:  # cut short
        del changed[chance.randrange(4, len(data)) :]
    elif kind == 1:  # a block that was never written
        at, size = chance.randrange(4, len(data)), chance.choice([16, 512, 4096])
        changed[at : at + size] = bytes(len(changed[at : at + size]))
    elif kind == 2:  # counts and sizes of the footer that are far too large
        at, size = chance.randrange(footer, len(data) - 16), chance.randrange(2, 9)
        changed[at : at + size] = bytes([255] * (size - 1) + [127])
    elif kind == 3:  # bytes that are missing
        at = chance.randrange(4, footer)
        del changed[at : at + chance.randrange(1, 200)]
    else:  # bytes that flipped
        for _ in range(chance.choice([1, 4, 30])):
            changed[chance.randrange(4, len(data))] = chance.randrange(256)
    return bytes(changed)


def deadly(path: Path, trials: int) -> Path:
    """Write the file of which polars makes an end of the process."""
    whole = path.with_name("whole.parquet")
    frame(trials).write_parquet(whole, compression="zstd", row_group_size=500)
    path.write_bytes(damaged(whole.read_bytes(), _DEADLY))
    return path


def test_a_file_that_ends_the_process_is_refused_in_a_sentence_by_hpi(tmp_path: Path) -> None:
    path = deadly(tmp_path / "sweep.parquet", _ROWS)
    done = hpi_process("inspect", path, home=tmp_path)
    told = done.stderr.decode().splitlines()
    assert done.returncode == 3, told
    assert len(told) == 2, told
    assert told[0].startswith("hpi: sweep.parquet is ")
    assert "damaged" in told[0]
    assert not done.stdout


def test_the_app_gives_the_terminal_back_and_says_the_sentence(tmp_path: Path) -> None:
    path = deadly(tmp_path / "sweep.parquet", _ROWS)
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}
    with Terminal([str(APP), str(path)], columns=100, rows=30, env=home) as app:
        app.until(lambda text: "sweep.parquet is " in text and "damaged" in text)
        if "R reads again" in app.text:  # a later polars may well raise
            app.send("q")
        assert app.wait() == 3
    assert app.raw.rfind(b"\x1b[?1049l") > app.raw.rfind(b"\x1b[?1049h")


@pytest.mark.parametrize("start", [1, 2, 3, 4])
def test_curves_that_are_damaged_are_refused_in_a_sentence(start: int, tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    frame(200).write_parquet(whole, compression="zstd", row_group_size=500)
    trials = tmp_path / "trials.csv"
    pl.DataFrame({"trial_id": range(200), "lr": [0.1] * 200, "score": [0.5] * 200}).write_csv(trials)
    path = tmp_path / "curves.parquet"
    path.write_bytes(damaged(whole.read_bytes(), 5 * 24 + start + 5))
    done = hpi_process("inspect", trials, "--curves", path, home=tmp_path)
    told = done.stderr.decode()
    assert done.returncode in (0, 3), told
    assert "Traceback" not in told
    if done.returncode:
        assert told.startswith("hpi: curves.parquet is ")
        assert len(told.splitlines()) == 2
