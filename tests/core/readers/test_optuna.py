"""Optuna storages: what every reader must keep, and what is Optuna's own."""

from __future__ import annotations

import gc
import json
import math
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hpi_core
from hpi_core.errors import SourceError
from hpi_core.readers import _sqlite, optuna
from hpi_core.readers._distributions import Distribution, parse_distribution
from hpi_core.roles import Objective
from hpi_core.sweep import Sweep
from hpi_core.tables.table import never
from tests.core.readers.conformance import Store, StoreConformance
from tests.core.readers.optuna_stores import START, add_study, add_trial, journal_lines, new_database, old_database


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


def test_several_objectives_keep_their_names_and_directions(tmp_path: Path) -> None:
    connection = new_database(tmp_path / "study.db")
    study = add_study(connection, "two", 6, steps=0, directions=("MINIMIZE", "MAXIMIZE"))
    sweep = read_database(connection, tmp_path / "study.db")
    assert [(m.name, m.direction) for m in sweep.roles.metrics] == [("values_0", "min"), ("values_1", "max")]
    assert sweep.roles.objective == Objective("values_0", "min", "source")
    assert "2 objectives" in " ".join(sweep.ledger["message"].to_list())
    connection.execute(
        "INSERT INTO study_system_attributes (study_id, key, value_json) VALUES (?, 'study:metric_names', ?)",
        (study, json.dumps(["error", "throughput"])),
    )
    named = read_database(connection, tmp_path / "study.db")
    assert [(m.name, m.direction) for m in named.roles.metrics] == [("error", "min"), ("throughput", "max")]


def test_distributions_give_scale_bounds_and_choices(tmp_path: Path) -> None:
    connection = new_database(tmp_path / "study.db")
    add_study(connection, "s", 40)
    sweep = read_database(connection, tmp_path / "study.db")
    told = {p.name: (p.kind, p.scale, p.low, p.high) for p in sweep.roles.hyperparameters}
    assert told["lr"] == ("discrete", "log", 1e-5, 0.1)
    assert told["layers"] == ("discrete", "linear", 1.0, 8.0)
    assert told["optimizer"][0] == "categorical"
    assert sweep.trials["optimizer"].to_list()[:3] == ["adam", "sgd", "adam"]
    assert sweep.trials.schema["layers"] == pl.Int64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name": "UniformDistribution", "attributes": {"low": 0, "high": 2}}', Distribution(low=0.0, high=2.0)),
        (
            '{"name": "LogUniformDistribution", "attributes": {"low": 1, "high": 2}}',
            Distribution(False, True, 1.0, 2.0),
        ),
        (
            '{"name": "DiscreteUniformDistribution", "attributes": {"low": 0, "high": 1, "q": 0.5}}',
            Distribution(low=0.0, high=1.0),
        ),
        (
            '{"name": "IntUniformDistribution", "attributes": {"low": 1, "high": 3, "step": 1}}',
            Distribution(True, False, 1.0, 3.0),
        ),
        (
            '{"name": "IntLogUniformDistribution", "attributes": {"low": 1, "high": 9}}',
            Distribution(True, True, 1.0, 9.0),
        ),
        ('{"type": "float", "low": 1, "high": 9, "log": true}', Distribution(False, True, 1.0, 9.0)),
        ('{"type": "categorical", "choices": [1, "a", null]}', Distribution(choices=(1, "a", None))),
        ('{"name": "FloatDistribution", "attributes": []}', None),
        ("[" * 100_000, None),
        ("no json", None),
    ],
)
def test_every_spelling_of_a_distribution_is_known(text: str, expected: Distribution | None) -> None:
    assert parse_distribution(text) == expected


def test_none_as_a_choice_is_a_choice_and_a_condition_leaves_a_gap(tmp_path: Path) -> None:
    connection = new_database(tmp_path / "study.db")
    study = add_study(connection, "s", 2, steps=0)
    choices = json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": [None, "l2", "l1"]}})
    for trial, index in ((1, 0), (2, 2)):
        connection.execute(
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)",
            (trial, "penalty", index, choices),
        )
    add_trial(connection, study, 2, "COMPLETE", 0)
    sweep = read_database(connection, tmp_path / "study.db")
    assert sweep.trials["penalty"].to_list() == ["None", "l1", None]


def test_infinite_and_missing_values_come_back(tmp_path: Path) -> None:
    connection = new_database(tmp_path / "study.db")
    add_study(connection, "s", 3)
    for trial, kind in ((1, "INF_POS"), (2, "INF_NEG")):
        connection.execute("UPDATE trial_values SET value = NULL, value_type = ? WHERE trial_id = ?", (kind, trial))
    connection.execute(
        "UPDATE trial_intermediate_values SET intermediate_value = NULL, intermediate_value_type = 'NAN' WHERE step = 1"
    )
    sweep = read_database(connection, tmp_path / "study.db")
    assert sweep.trials["value"].to_list()[:2] == [math.inf, -math.inf]
    assert sweep.curves is not None
    curves = sweep.curves.collect()
    assert curves.filter(pl.col("step") == 1)["value"].is_nan().all()
    assert curves["metric"].unique().to_list() == ["value"]


def test_pruned_trials_are_not_sick_and_silent_ones_are_zombies(tmp_path: Path) -> None:
    from hpi_core.inspection import inspect

    connection = new_database(tmp_path / "study.db")
    study = add_study(connection, "s", 30)
    silent = add_trial(connection, study, 30, "RUNNING")
    alive = add_trial(connection, study, 31, "RUNNING")
    # The database writes its heartbeats in UTC, the workers live eight hours east of it.
    for trial in range(1, 31):
        beat(connection, trial, START + timedelta(minutes=trial - 1, seconds=40) - timedelta(hours=8))
    beat(connection, silent, START - timedelta(hours=8))
    beat(connection, alive, START + timedelta(minutes=31, seconds=30) - timedelta(hours=8))
    inspection = inspect(read_database(connection, tmp_path / "study.db"))
    assert inspection.findings.filter(pl.col("issue") == "zombie")["trial"].to_list() == ["30"]
    pruned = inspection.sweep.trials.filter(pl.col("_status") == "pruned")["number"].to_list()
    assert len(pruned) == 6
    assert not set(pruned) & set(inspection.findings["trial"].drop_nulls().to_list())
    assert "moved by +8 h" in " ".join(inspection.sweep.ledger["message"].to_list())


def test_attributes_of_trials_are_columns_and_samplers_notes_are_left_out(tmp_path: Path) -> None:
    connection = new_database(tmp_path / "study.db")
    add_study(connection, "s", 4, steps=0)
    for trial in range(1, 5):
        for table, key, value in (
            ("user", "val_accuracy", trial / 10),
            ("user", "seed", trial),
            ("user", "lr", "taken"),
            ("system", "grid_id", trial),
            ("system", "cma:generation", 3),
        ):
            connection.execute(
                f"INSERT INTO trial_{table}_attributes (trial_id, key, value_json) VALUES (?, ?, ?)",
                (trial, key, json.dumps(value)),
            )
    sweep = read_database(connection, tmp_path / "study.db")
    assert sweep.roles.seed == "seed"
    assert "val_accuracy" in {metric.name for metric in sweep.roles.metrics}
    assert sweep.trials["user_attrs_lr"].to_list() == ["taken"] * 4
    assert "system_attrs_grid_id" in sweep.roles.ignored
    assert not [name for name in sweep.trials.columns if "cma" in name]
    assert "cma:generation" in " ".join(sweep.ledger["message"].to_list())


def test_a_journal_is_replayed_by_optunas_own_rules(tmp_path: Path) -> None:
    again = journal_lines("a", 2)
    renewed = journal_lines("a", 3, study=1, first=2)
    lines = [
        *again,
        again[0],  # another worker creates the study of this name: nothing happens
        json.dumps({"op_code": 7, "worker_id": "w", "trial_id": 0, "step": 9, "intermediate_value": 1.0}),  # finished
        json.dumps({"op_code": 1, "worker_id": "w", "study_id": 0}),
        json.dumps({"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": START.isoformat()}),  # deleted
        *renewed,
        json.dumps({"op_code": 10, "worker_id": "w", "whatever": []}),
        "no json at all",
        json.dumps({"op_code": 99, "worker_id": "w"}),
        json.dumps({"op_code": 5, "worker_id": "w", "trial_id": "two"}),
    ]
    path = tmp_path / "whatever.name"
    path.write_text("\n".join(lines) + '\n{"op_code": 4, "worker')
    sweep = hpi_core.read(path)
    assert sweep.source.kind == "optuna"
    assert sweep.trials["number"].to_list() == ["0", "1", "2"]
    assert sweep.trials["lr"].to_list() == pytest.approx([1e-3, 2e-3, 3e-3])
    assert sweep.curves is not None
    assert sweep.curves.collect().height == 6
    kinds = sweep.ledger["kind"].to_list()
    assert kinds.count("refused_line") == 2
    assert "incomplete" in kinds
    assert [(one.name, one.trials) for one in optuna.experiments(str(path), never)] == [("a", 3)]


def test_what_an_unfinished_writer_left_is_read_and_stays_as_it_is(tmp_path: Path) -> None:
    source = tmp_path / "source.db"
    connection = new_database(source, wal=True)
    add_study(connection, "logged", 20)
    assert Path(f"{source}-wal").stat().st_size > 0
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for end in ("", "-wal"):
        shutil.copyfile(f"{source}{end}", crashed / f"study.db{end}")
    connection.close()
    before = {path.name: path.read_bytes() for path in crashed.iterdir()}
    assert hpi_core.read(crashed / "study.db").trials.height == 20
    assert {path.name: path.read_bytes() for path in crashed.iterdir()} == before


def test_a_half_written_transaction_is_rolled_back_in_a_copy(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    connection = new_database(path)
    study = add_study(connection, "s", 50)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("PRAGMA cache_spill = 1")
    connection.execute("BEGIN")
    for number in range(50, 400):
        add_trial(connection, study, number, "COMPLETE")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for end in ("", "-journal"):
        shutil.copyfile(f"{path}{end}", crashed / f"study.db{end}")
    connection.rollback()
    connection.close()
    before = {file.name: file.read_bytes() for file in crashed.iterdir()}
    assert hpi_core.read(crashed / "study.db").trials.height == 50
    assert {file.name: file.read_bytes() for file in crashed.iterdir()} == before


def test_a_locked_database_is_waited_for_and_then_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sqlite, "_PATIENCE", 0.2)
    connection = new_database(tmp_path / "study.db")
    add_study(connection, "s", 3)
    connection.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SourceError, match="is locked by the program that writes it"):
        hpi_core.read(tmp_path / "study.db")
    connection.rollback()
    connection.close()
    assert hpi_core.read(tmp_path / "study.db").trials.height == 3


def test_views_and_virtual_tables_are_no_storage(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "trap.db")
    connection.executescript(
        "CREATE TABLE studies (study_id INTEGER PRIMARY KEY, study_name TEXT);"
        "CREATE TABLE trial_params (param_id INTEGER PRIMARY KEY);"
        "CREATE VIEW trials AS WITH RECURSIVE n(trial_id) AS (SELECT 1 UNION ALL SELECT trial_id + 1 FROM n) "
        "SELECT trial_id FROM n;"
    )
    connection.close()
    with pytest.raises(SourceError, match=r"neither of MLflow nor of Optuna: its tables are studies, trial_params\."):
        hpi_core.read(tmp_path / "trap.db")


def test_an_address_without_the_extra_is_one_sentence_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(SourceError) as caught:
        hpi_core.read("postgresql://ada:hunter2@db.example/studies")
    assert (
        caught.value.message
        == "postgresql://ada:…@db.example/studies needs the optional extra optuna, which is not installed."
    )
    assert caught.value.hint == "Install it: pip install 'hpi-tui[optuna]'"


def test_a_database_by_its_address_reads_as_the_file_does(tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    connection = new_database(tmp_path / "study.db")
    add_study(connection, "s", 25)
    by_file = read_database(connection, tmp_path / "study.db")
    by_address = hpi_core.read(f"sqlite:///{tmp_path}/study.db")
    assert by_address.trials.equals(by_file.trials)
    assert by_address.roles == by_file.roles
    assert by_address.curves is not None
    assert by_file.curves is not None
    assert by_address.curves.collect().equals(by_file.curves.collect())


def test_a_frame_of_trials_is_understood_from_optuna_and_through_csv(tmp_path: Path) -> None:
    library = pytest.importorskip("optuna")
    library.logging.set_verbosity(library.logging.ERROR)
    study = library.create_study(direction="maximize", sampler=library.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=25)
    flat = study.trials_dataframe()
    flat.to_csv(tmp_path / "trials.csv", index=False)
    for sweep in (
        Sweep.from_pandas(flat),
        Sweep.from_pandas(study.trials_dataframe(multi_index=True)),
        hpi_core.read(tmp_path / "trials.csv"),
    ):
        assert sweep.roles.id == "number"
        assert sweep.roles.status == "state"
        assert {p.name.removeprefix("params_") for p in sweep.roles.hyperparameters} == {"lr", "optimizer"}
        assert sweep.roles.objective is not None
        assert sweep.roles.objective.metric == "value"
        assert sweep.trials["_status"].value_counts().sort("count").rows() == [("pruned", 3), ("completed", 22)]


def test_a_silent_trial_of_an_exported_frame_is_a_zombie(tmp_path: Path) -> None:
    from hpi_core.inspection import inspect

    rows = ["number,value,datetime_start,datetime_complete,duration,params_lr,state"]
    for number in range(12):
        start = START + timedelta(minutes=number)
        end = start + timedelta(seconds=50 + number)
        rows.append(f"{number},{1 / (1 + number)},{start},{end},0 days 00:00:{50 + number},{10.0**-number},COMPLETE")
    rows.append(f"12,,{START},,,0.5,RUNNING")
    rows.append(f"13,,{START + timedelta(minutes=12)},,,0.4,RUNNING")
    (tmp_path / "trials.csv").write_text("\n".join(rows) + "\n")
    inspection = inspect(hpi_core.read(tmp_path / "trials.csv"))
    assert inspection.findings.filter(pl.col("issue") == "zombie")["trial"].to_list() == ["12"]


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_a_storage_that_optuna_wrote_reads_as_optuna_reads_it(kind: str, tmp_path: Path) -> None:
    library = pytest.importorskip("optuna")
    library.logging.set_verbosity(library.logging.ERROR)
    path = tmp_path / "storage"
    if kind == "sqlite":
        storage = library.storages.RDBStorage(f"sqlite:///{path}")
    else:
        storage = library.storages.JournalStorage(library.storages.journal.JournalFileBackend(str(path)))
    study = library.create_study(
        storage=storage, study_name="written", direction="maximize", sampler=library.samplers.RandomSampler(seed=0)
    )
    study.optimize(objective, n_trials=25, catch=(ZeroDivisionError,))
    study.enqueue_trial({"lr": 0.01})
    sweep = hpi_core.read(path)
    assert sweep.source.name == "storage · written"
    curves = {} if sweep.curves is None else points_by_trial(sweep)
    for row, trial in zip(sweep.trials.iter_rows(named=True), study.get_trials(), strict=True):
        assert (row["number"], row["state"]) == (str(trial.number), trial.state.name)
        assert row["value"] == trial.value
        for name, value in trial.params.items():
            assert row[name] == value
        assert curves.get(trial.number, {}) == trial.intermediate_values
    del storage, study
    gc.collect()


def objective(trial: Any) -> float:
    """Prune every eighth trial; the others report two steps."""
    import optuna as library

    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    bonus = {"adam": 1.0, "sgd": 0.0}[trial.suggest_categorical("optimizer", ["adam", "sgd"])]
    trial.report(lr, 1)
    trial.report(lr + bonus, 2)
    if trial.number % 8 == 7:
        raise library.TrialPruned
    return float(lr + bonus)


def points_by_trial(sweep: Sweep) -> dict[int, dict[int, float]]:
    assert sweep.curves is not None
    out: dict[int, dict[int, float]] = {}
    for row, step, value in sweep.curves.select("_row", "step", "value").collect().iter_rows():
        out.setdefault(row, {})[step] = value
    return out


def read_database(connection: sqlite3.Connection, path: Path) -> Sweep:
    connection.commit()
    return hpi_core.read(path)


def beat(connection: sqlite3.Connection, trial: int, at: datetime) -> None:
    connection.execute("INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (?, ?)", (trial, at.isoformat(" ")))
