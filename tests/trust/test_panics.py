"""Damage that makes native code panic is refused in words; its own cry is heard neither on stderr nor on the screen."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from hpi_core.tables.unheard import panics_unheard
from tests.tui.conftest import APP
from tests.tui.terminal import Terminal

HPI = str(Path(APP).with_name("hpi"))
_ALONE = {
    "arrow": "import polars, io, sys; polars.read_ipc(io.BytesIO(open(sys.argv[1], 'rb').read()))",
    "parquet": "import polars, sys; polars.scan_parquet(sys.argv[1]).collect()",
}
_FRAME = pl.DataFrame({"trial_id": list(range(50)), "lr": [0.1] * 50, "val_loss": [0.5] * 50})
_WRITERS: dict[str, Callable[[io.BytesIO], object]] = {"arrow": _FRAME.write_ipc, "parquet": _FRAME.write_parquet}


@pytest.fixture(params=["arrow", "parquet"])
def damaged(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file with one wrong byte in its footer, at which polars by itself panics aloud."""
    kind: str = request.param
    sound = io.BytesIO()
    _WRITERS[kind](sound)
    path = tmp_path / f"sweep.{kind}"
    for back in {"arrow": (216, 217, 218), "parquet": (483, 482, 485, 486)}[kind]:
        data = bytearray(sound.getvalue())
        data[-back] = 0xFF
        path.write_bytes(bytes(data))
        alone = subprocess.run([sys.executable, "-c", _ALONE[kind], path], capture_output=True, text=True, check=False)
        if "panicked" in alone.stderr:
            return path
    pytest.skip("this polars takes none of these bytes badly")


def test_the_command_refuses_in_words(damaged: Path) -> None:
    done = subprocess.run([HPI, "inspect", damaged], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "is a damaged or unfinished" in done.stderr
    assert "panicked" not in done.stderr
    assert "Traceback" not in done.stderr


def test_the_app_shows_the_refusal_and_nothing_else(damaged: Path) -> None:
    with Terminal([APP, str(damaged)]) as app:
        app.until("is a damaged or unfinished")
        app.until("q leaves")
        app.send("q")
        assert app.wait() == 3
        assert b"panicked" not in app.raw


def test_what_else_is_said_is_said_afterwards(capfd: pytest.CaptureFixture[str]) -> None:
    with panics_unheard():
        os.write(2, b"a warning of some library\n")
        assert capfd.readouterr().err == ""
    assert capfd.readouterr().err == "a warning of some library\n"
    with pytest.raises(OSError, match="gone"), panics_unheard():
        raise OSError("gone")


def test_an_app_whose_stderr_is_a_file_draws_on_the_terminal(tmp_path: Path) -> None:
    source, log = tmp_path / "sweep.csv", tmp_path / "log"
    _FRAME.write_csv(source)
    with Terminal(["/bin/sh", "-c", f"'{APP}' '{source}' 2> '{log}'"]) as app:
        app.until("50 trials")
        app.send("q")
        assert app.wait() == 0
    assert log.read_text() == ""
