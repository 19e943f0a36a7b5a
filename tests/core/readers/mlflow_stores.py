"""MLflow stores written by hand, as MLflow itself writes them, so that tests need no MLflow."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

START = 1_740_830_400_000
STATUSES = {"RUNNING": 1, "SCHEDULED": 2, "FINISHED": 3, "FAILED": 4, "KILLED": 5}

NEW = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256), artifact_location VARCHAR(256),
    lifecycle_stage VARCHAR(32), creation_time BIGINT, last_update_time BIGINT);
CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(250), source_type VARCHAR(20),
    source_name VARCHAR(500), user_id VARCHAR(256), status VARCHAR(9), start_time BIGINT, end_time BIGINT,
    lifecycle_stage VARCHAR(20), artifact_uri VARCHAR(200), experiment_id INTEGER, deleted_time BIGINT);
CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
    run_uuid VARCHAR(32) NOT NULL, step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL,
    PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
CREATE TABLE latest_metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT,
    step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL, run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY (key, run_uuid));
CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL, run_uuid VARCHAR(32) NOT NULL,
    PRIMARY KEY (key, run_uuid));
CREATE TABLE tags (key VARCHAR(250) NOT NULL, value VARCHAR(8000), run_uuid VARCHAR(32) NOT NULL,
    PRIMARY KEY (key, run_uuid));
"""
OLD = """
CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256), artifact_location VARCHAR(256));
CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL PRIMARY KEY, name VARCHAR(250), user_id VARCHAR(256),
    status VARCHAR(20), start_time BIGINT, end_time BIGINT, experiment_id INTEGER);
CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
    run_uuid VARCHAR(32) NOT NULL, PRIMARY KEY (key, timestamp, run_uuid));
CREATE TABLE params (key VARCHAR(250) NOT NULL, value VARCHAR(250) NOT NULL, run_uuid VARCHAR(32) NOT NULL);
"""


@dataclass(frozen=True)
class Run:
    """One run: its metrics hold lists of `(time, value, step)`, times in milliseconds after the run's start."""

    id: str
    status: str = "FINISHED"
    name: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Sequence[tuple[int, float, int]]] = field(default_factory=dict)
    stage: str = "active"
    start: int = START


def sweep_runs(count: int, steps: int = 4, first: int = 0) -> list[Run]:
    """Return runs of a sweep over the learning rate, every fifth of which failed before its last step.

    Their ids are counted from `first`.
    """
    runs = []
    for number in range(count):
        failed = number % 5 == 4
        losses = [(1000 * step, 2.0 / (1 + number + step), step) for step in range(steps - failed)]
        runs.append(
            Run(
                f"{first + number:031x}f",
                "FAILED" if failed else "FINISHED",
                f"run-{number}",
                {"lr": str(10.0 ** -(1 + number % 4)), "optimizer": "adam" if number % 2 else "sgd", "seed": "7"},
                {"mlflow.user": "ada", "team": "vision"},
                {"val/loss": losses, "test_accuracy": [(9000, 0.5 + number / 1000, 0)]},
                start=START + number * 60_000,
            )
        )
    return runs


def write_files(folder: Path, experiments: Mapping[str, Sequence[Run]]) -> Path:
    """Write a file store with the experiments by name, their ids counted from 0."""
    for number, (name, runs) in enumerate(experiments.items()):
        experiment = folder / str(number)
        experiment.mkdir(parents=True)
        meta = f"artifact_location: file:///elsewhere/{number}\nexperiment_id: '{number}'\nlifecycle_stage: active\n"
        (experiment / "meta.yaml").write_text(f"{meta}name: {name}\n")
        for run in runs:
            _write_run(experiment, str(number), run)
    return folder


def _write_run(experiment: Path, id_: str, run: Run) -> None:
    folder = experiment / run.id
    for kind in ("artifacts", "metrics", "params", "tags"):
        (folder / kind).mkdir(parents=True)
    ended = "null" if run.status == "RUNNING" else run.start + 50_000
    (folder / "meta.yaml").write_text(
        f"artifact_uri: file:///elsewhere/{id_}/{run.id}/artifacts\nend_time: {ended}\nentry_point_name: ''\n"
        f"experiment_id: '{id_}'\nlifecycle_stage: {run.stage}\nrun_id: {run.id}\nrun_name: {run.name}\n"
        f"run_uuid: {run.id}\nsource_name: ''\nsource_type: 4\nsource_version: ''\nstart_time: {run.start}\n"
        f"status: {STATUSES[run.status]}\ntags: []\nuser_id: ada\n"
    )
    for kind, texts in (("params", run.params), ("tags", run.tags)):
        for key, text in texts.items():
            (folder / kind / key).parent.mkdir(parents=True, exist_ok=True)
            (folder / kind / key).write_text(text)
    for key, values in run.metrics.items():
        (folder / "metrics" / key).parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{run.start + time} {value} {step}\n" for time, value, step in values]
        (folder / "metrics" / key).write_text("".join(lines))


def write_database(
    path: Path, experiments: Mapping[str, Sequence[Run]], schema: str = NEW, *, wal: bool = False
) -> Path:
    """Write a SQLite store of one of the schemas, the experiments' ids counted from 0."""
    connection = sqlite3.connect(path)
    if wal:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(schema)
    for number, (name, runs) in enumerate(experiments.items()):
        _insert(connection, "experiments", experiment_id=number, name=name, lifecycle_stage="active")
        for run in runs:
            add_run(connection, number, run)
    connection.commit()
    connection.close()
    return path


def add_run(connection: sqlite3.Connection, experiment: int, run: Run) -> None:
    """Add one run as MLflow's store does: not-a-number as a flag, infinities as the largest double."""
    end = None if run.status == "RUNNING" else run.start + 50_000
    _insert(
        connection, "runs", run_uuid=run.id, name=run.name, user_id="ada", status=run.status, start_time=run.start,
        end_time=end, lifecycle_stage=run.stage, experiment_id=experiment,
    )  # fmt: skip
    for key, text in run.params.items():
        _insert(connection, "params", key=key, value=text, run_uuid=run.id)
    for key, text in run.tags.items():
        _insert(connection, "tags", key=key, value=text, run_uuid=run.id)
    for key, values in run.metrics.items():
        for time, value, step in values:
            is_nan = value != value
            kept = 0.0 if is_nan else max(min(value, 1.7976931348623157e308), -1.7976931348623157e308)
            told = {"key": key, "value": kept, "timestamp": run.start + time, "step": step, "is_nan": is_nan}
            _insert(connection, "metrics", run_uuid=run.id, **told)


def _insert(connection: sqlite3.Connection, table: str, **values: object) -> None:
    known = {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))}
    told = {name: value for name, value in values.items() if name in known}
    if told:
        marks = ", ".join("?" * len(told))
        connection.execute(f"INSERT INTO {table} ({', '.join(told)}) VALUES ({marks})", tuple(told.values()))
