"""A database that somebody writes at full speed: the writer sees no error, every reading is whole, nothing changes."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

import hpi_core
from tests.core.readers.mlflow_stores import NEW, add_run, sweep_runs, write_database
from tests.core.readers.optuna_stores import add_study, add_trial, new_database

_READINGS = 6
_SEED = 400
# What SQLite's own default lets a writer wait; Optuna and MLflow leave it at that or set it higher.
_DEFAULT_WAIT = 5.0


class Writer:
    """Adds trials in transactions of their own, as fast as it can, until it is stopped."""

    def __init__(self, path: Path, kind: str, wal: bool) -> None:
        self.path, self.kind, self.wal = path, kind, wal
        self.errors: list[str] = []
        self.written = 0
        self.longest = 0.0
        self.enough = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.enough.set()
        self._thread.join()

    def _write(self) -> None:
        connection = sqlite3.connect(self.path, timeout=_DEFAULT_WAIT, isolation_level=None)
        while not self.enough.is_set():
            started = time.perf_counter()
            try:
                connection.execute("BEGIN IMMEDIATE")
                if self.kind == "optuna":
                    add_trial(connection, 1, _SEED + self.written, "COMPLETE")
                else:
                    add_run(connection, 0, sweep_runs(1, first=10_000 + self.written)[0])
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                self.errors.append(str(error))
                return
            self.longest = max(self.longest, time.perf_counter() - started)
            self.written += 1
        connection.close()


@pytest.mark.parametrize("wal", [False, True], ids=["rollback", "wal"])
@pytest.mark.parametrize("kind", ["optuna", "mlflow"])
def test_a_writer_at_full_speed_sees_no_error_and_the_reader_sees_whole_trials(
    kind: str, wal: bool, tmp_path: Path
) -> None:
    path = tmp_path / "live.db"
    if kind == "optuna":
        connection = new_database(path, wal=wal)
        add_study(connection, "s", _SEED)
        connection.close()
    else:
        write_database(path, {"s": sweep_runs(_SEED)}, NEW, wal=wal)
    seen = []
    with Writer(path, kind, wal) as writer:
        while not writer.written and not writer.errors:
            time.sleep(0.001)
        for _ in range(_READINGS):
            sweep = hpi_core.read(path)
            seen.append(sweep.trials.height)
            added = sweep.trials.filter(sweep.trials["_row"] >= _SEED)
            # A trial that was there when the trials were read has everything that was committed with it.
            assert added["lr"].null_count() == 0
            assert sweep.ledger.filter(sweep.ledger["kind"] == "damaged").is_empty()
    assert writer.errors == []
    assert seen == sorted(seen)
    assert _SEED < seen[0] <= seen[-1] <= _SEED + writer.written
    assert writer.longest < _DEFAULT_WAIT
