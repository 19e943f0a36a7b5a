"""Optuna storages: what every reader must keep, and what is Optuna's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.core.readers.conformance import Store, StoreConformance
from tests.core.readers.optuna_stores import add_study, journal_lines, new_database, old_database


class TestOptuna(StoreConformance):
    reader = "optuna"

    def stores(self, folder: Path) -> Sequence[Store]:
        connection = new_database(folder / "study.db")
        add_study(connection, "small", 2)
        add_study(connection, "large", 200)
        connection.close()
        logged = new_database(folder / "wal.db", wal=True)
        add_study(logged, "logged", 20, steps=0)
        logged.close()
        old_database(folder / "old.db", 5)
        (folder / "journal.log").write_text("\n".join(journal_lines()) + "\n")
        return [
            Store(folder / "study.db", 200, {"completed": 160, "pruned": 40}, 560, ("number", "lr", "value")),
            Store(folder / "study.db", 2, {"completed": 2}, 6, experiment="small"),
            Store(folder / "wal.db", 20, {"completed": 16, "pruned": 4}, 0),
            Store(folder / "old.db", 5, {"completed": 5}, 10, ("lr",)),
            Store(folder / "journal.log", 4, {"completed": 4}, 8, ("lr", "optimizer")),
        ]
