"""Databases that a writer holds for itself: said at once, waited for, refused in a sentence; and long journals."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from pathlib import Path

import pytest

import hpi_core
from hpi_core.errors import SeveralExperimentsError
from hpi_core.readers._reading import list_experiments
from hpi_core.tables.table import ReadOptions
from tests.core.cli.running import HPI, hpi_process
from tests.core.readers.mlflow_stores import NEW, sweep_runs, write_database
from tests.core.readers.optuna_stores import add_study, new_database
from tests.tui.terminal import Terminal

APP = Path(sys.executable).parent / "hpi-tui"


def locked(path: Path, kind: str) -> sqlite3.Connection:
    """Write a store of three trials and hold it as a writer does in the middle of a large transaction."""
    if kind == "optuna":
        connection = new_database(path)
        add_study(connection, "s", 3)
    else:
        write_database(path, {"s": sweep_runs(3)}, NEW)
        connection = sqlite3.connect(path)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def started(tmp_path: Path, *command: str | Path) -> Terminal:
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "c"), "XDG_STATE_HOME": str(tmp_path / "s")}
    return Terminal([str(part) for part in command], columns=120, rows=30, env=home)


@pytest.mark.parametrize("kind", ["optuna", "mlflow"])
def test_hpi_says_that_it_waits_for_a_writer_and_reads_once_it_may(kind: str, tmp_path: Path) -> None:
    connection = locked(tmp_path / "store.db", kind)
    with started(tmp_path, HPI, "inspect", tmp_path / "store.db") as terminal:
        terminal.until(lambda text: "store.db is locked by a writer, waiting" in text)
        connection.rollback()
        connection.close()
        terminal.until(lambda text: "3 trials" in text)
        assert "waiting" not in terminal.text


def test_the_app_says_that_it_waits_for_a_writer_and_opens_once_it_may(tmp_path: Path) -> None:
    connection = locked(tmp_path / "store.db", "optuna")
    with started(tmp_path, APP, tmp_path / "store.db") as terminal:
        terminal.until(lambda text: "store.db is locked by a writer, waiting" in text)
        connection.rollback()
        connection.close()
        terminal.until(lambda text: "sick 0/" in text or "3 trials" in text)
        terminal.send("q")
        assert terminal.wait() == 0


def test_a_writer_that_does_not_let_go_is_one_sentence_soon(tmp_path: Path) -> None:
    connection = locked(tmp_path / "store.db", "optuna")
    begun = time.monotonic()
    done = hpi_process("inspect", tmp_path / "store.db", home=tmp_path)
    taken = time.monotonic() - begun
    connection.rollback()
    connection.close()
    assert done.returncode == 3
    assert done.stderr.decode().splitlines() == [
        "hpi: store.db is locked by the program that writes it.",
        "     Wait until it has finished its transaction, or open a copy.",
    ]
    assert taken < 20  # it waits once, not once for every reader that could claim it


def test_a_database_below_a_folder_is_waited_for_aloud_and_opened_once_it_may(tmp_path: Path) -> None:
    (tmp_path / "project" / "out").mkdir(parents=True)
    connection = locked(tmp_path / "project" / "out" / "store.db", "optuna")
    with started(tmp_path, HPI, "inspect", tmp_path / "project") as terminal:
        terminal.until(lambda text: "store.db is locked by a writer, waiting" in text)
        connection.rollback()
        connection.close()
        terminal.until(lambda text: "3 trials" in text)


def test_a_database_below_a_folder_that_stays_locked_is_one_sentence_or_stands_aside(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "out").mkdir(parents=True)
    connection = locked(project / "out" / "store.db", "mlflow")
    done = hpi_process("inspect", project, home=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode().splitlines() == [
        "hpi: store.db is locked by the program that writes it.",
        "     Wait until it has finished its transaction, or open a copy.",
    ]
    (project / "results.csv").write_text("lr,loss\n0.1,1.0\n0.2,0.5\n")
    done = hpi_process("inspect", project, "--json", home=tmp_path)
    connection.rollback()
    connection.close()
    told = json.loads(done.stdout)
    assert (told["source"]["name"], told["trials"]["total"]) == ("results.csv", 2)
    refused = [entry["message"] for entry in told["ledger"] if entry["kind"] == "refused_file"]
    assert refused == ["out/store.db: store.db is locked by the program that writes it."]


def test_a_long_journal_of_several_studies_asks_which_as_others_do(tmp_path: Path) -> None:
    path = tmp_path / "journal.log"
    lines: list[dict[str, object]] = [
        {"op_code": 0, "worker_id": "w", "study_name": name, "directions": [1]} for name in ("short", "long")
    ]
    trials = 0
    for study, count in ((0, 2), (1, 30)):
        for _ in range(count):
            lines.append(
                {"op_code": 4, "worker_id": "w", "study_id": study, "datetime_start": "2025-03-01T12:00:00.000000"}
            )
            note = {"op_code": 8, "worker_id": "w", "trial_id": trials, "user_attr": {"note": "x" * (1 << 20)}}
            lines.append(note)
            trials += 1
    path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
    assert path.stat().st_size > 32 << 20
    assert [(one.name, one.trials) for one in list_experiments(str(path))] == [("short", 2), ("long", 30)]
    with pytest.raises(SeveralExperimentsError) as caught:
        hpi_core.read(path, options=ReadOptions(ask=True))
    assert [(choice.name, choice.trials) for choice in caught.value.choices] == [("short", 2), ("long", 30)]
    with started(tmp_path, APP, path) as terminal:
        terminal.until(lambda text: "Which study?" in text and "30 trials" in text)
        terminal.send("\r")
        terminal.until(lambda text: "Which study?" not in text and "journal.log · long" in text and "30 trials" in text)
        terminal.send("q")
        assert terminal.wait() == 0
