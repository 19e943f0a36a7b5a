"""Esc while a large store opens: the reading stops, the screen says so, and offers to read again."""

from __future__ import annotations

from pathlib import Path

from hpi_core.errors import Cancelled
from tests.core.readers.optuna_stores import journal_lines
from tests.tui.conftest import APP
from tests.tui.terminal import Terminal

TRIALS = 60_000


def write_journal(path: Path) -> Path:
    study, *trial = journal_lines(trials=1)
    each = "\n".join(trial) + "\n"
    with path.open("w") as file:
        file.write(study + "\n")
        for number in range(TRIALS):
            file.write(each.replace('"trial_id": 0', f'"trial_id": {number}'))
    return path


def test_escape_stops_the_reading_of_a_large_store(tmp_path: Path) -> None:
    journal = write_journal(tmp_path / "large.log")
    before = journal.stat()
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}
    with Terminal([APP, str(journal)], columns=100, rows=24, env=home) as app:
        app.until(lambda text: "replaying" in text or "reading" in text or "%" in text, timeout=30)
        app.send("\x1b")
        app.until(lambda text: "Reading large.log was stopped." in text and "R reads again" in text, timeout=30)
        assert f"{TRIALS:,} trials" not in app.text
        app.send("q")
        assert app.wait() == int(Cancelled.exit_code)
    assert (journal.stat().st_size, journal.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
