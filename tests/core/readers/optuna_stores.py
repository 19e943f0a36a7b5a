"""Optuna storages written by hand, in the schemas that Optuna itself has used, so that tests need no Optuna."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

START = datetime(2025, 3, 1, 12, 0, 0)
FLOAT = {"name": "FloatDistribution", "attributes": {"step": None, "low": 1e-5, "high": 0.1, "log": True}}
INT = {"name": "IntDistribution", "attributes": {"log": False, "step": 1, "low": 1, "high": 8}}
CHOICE = {"name": "CategoricalDistribution", "attributes": {"choices": ["adam", "sgd"]}}
PARAMS: Mapping[str, Mapping[str, object]] = {"lr": FLOAT, "layers": INT, "optimizer": CHOICE}

_NEW = """
CREATE TABLE version_info (version_info_id INTEGER PRIMARY KEY, schema_version INTEGER, library_version VARCHAR(256));
CREATE TABLE studies (study_id INTEGER PRIMARY KEY, study_name VARCHAR(512) UNIQUE);
CREATE TABLE study_directions (study_direction_id INTEGER PRIMARY KEY, direction VARCHAR(8), study_id INTEGER,
    objective INTEGER);
CREATE TABLE study_user_attributes (study_user_attribute_id INTEGER PRIMARY KEY, study_id INTEGER, key VARCHAR(512),
    value_json TEXT);
CREATE TABLE study_system_attributes (study_system_attribute_id INTEGER PRIMARY KEY, study_id INTEGER,
    key VARCHAR(512), value_json TEXT);
CREATE TABLE trials (trial_id INTEGER PRIMARY KEY, number INTEGER, study_id INTEGER, state VARCHAR(8),
    datetime_start DATETIME, datetime_complete DATETIME);
CREATE TABLE trial_params (param_id INTEGER PRIMARY KEY, trial_id INTEGER, param_name VARCHAR(512), param_value FLOAT,
    distribution_json TEXT, UNIQUE (trial_id, param_name));
CREATE TABLE trial_values (trial_value_id INTEGER PRIMARY KEY, trial_id INTEGER, objective INTEGER, value FLOAT,
    value_type VARCHAR(7), UNIQUE (trial_id, objective));
CREATE TABLE trial_intermediate_values (trial_intermediate_value_id INTEGER PRIMARY KEY, trial_id INTEGER,
    step INTEGER, intermediate_value FLOAT, intermediate_value_type VARCHAR(7), UNIQUE (trial_id, step));
CREATE TABLE trial_user_attributes (trial_user_attribute_id INTEGER PRIMARY KEY, trial_id INTEGER, key VARCHAR(512),
    value_json TEXT, UNIQUE (trial_id, key));
CREATE TABLE trial_system_attributes (trial_system_attribute_id INTEGER PRIMARY KEY, trial_id INTEGER,
    key VARCHAR(512), value_json TEXT, UNIQUE (trial_id, key));
CREATE TABLE trial_heartbeats (trial_heartbeat_id INTEGER PRIMARY KEY, trial_id INTEGER UNIQUE, heartbeat DATETIME);
"""
_OLD = """
CREATE TABLE studies (study_id INTEGER PRIMARY KEY, study_name VARCHAR(512) UNIQUE, direction VARCHAR(8));
CREATE TABLE trials (trial_id INTEGER PRIMARY KEY, study_id INTEGER, state VARCHAR(8), value FLOAT,
    datetime_start DATETIME, datetime_complete DATETIME);
CREATE TABLE trial_params (param_id INTEGER PRIMARY KEY, trial_id INTEGER, param_name VARCHAR(512), param_value FLOAT,
    distribution_json VARCHAR(2048));
CREATE TABLE trial_values (trial_value_id INTEGER PRIMARY KEY, trial_id INTEGER, step INTEGER, value FLOAT);
"""


def new_database(path: Path, *, wal: bool = False) -> sqlite3.Connection:
    """Create an empty storage of the newest schema; the caller closes the connection."""
    connection = sqlite3.connect(path)
    if wal:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(_NEW)
    return connection


def add_study(
    connection: sqlite3.Connection, name: str, trials: int, *, steps: int = 3, directions: Sequence[str] = ("MINIMIZE",)
) -> int:
    """Add a study whose trials are complete, but for every fifth, pruned without its last step, and return its id."""
    study = connection.execute("INSERT INTO studies (study_name) VALUES (?)", (name,)).lastrowid
    assert study is not None
    for objective, direction in enumerate(directions):
        connection.execute(
            "INSERT INTO study_directions (direction, study_id, objective) VALUES (?, ?, ?)",
            (direction, study, objective),
        )
    for number in range(trials):
        add_trial(connection, study, number, "PRUNED" if number % 5 == 4 else "COMPLETE", steps, len(directions))
    connection.commit()
    return study


def add_trial(
    connection: sqlite3.Connection, study: int, number: int, state: str, steps: int = 3, objectives: int = 1
) -> int:
    """Add one trial with three parameters, its values and its steps, and return its id."""
    start = START + timedelta(minutes=number)
    end = None if state == "RUNNING" else (start + timedelta(seconds=50)).isoformat(" ")
    trial = connection.execute(
        "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete) VALUES (?, ?, ?, ?, ?)",
        (number, study, state, start.isoformat(" "), end),
    ).lastrowid
    assert trial is not None
    for name, value in (("lr", 1e-4 * (1 + number % 7)), ("layers", 1 + number % 8), ("optimizer", number % 2)):
        connection.execute(
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)",
            (trial, name, value, json.dumps(PARAMS[name])),
        )
    for objective in range(objectives if state in ("COMPLETE", "PRUNED") else 0):
        connection.execute(
            "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, ?, ?, 'FINITE')",
            (trial, objective, 1 / (1 + number) + objective),
        )
    for step in range(steps - 1 if state == "PRUNED" else steps):
        connection.execute(
            "INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) "
            "VALUES (?, ?, ?, 'FINITE')",
            (trial, step, 1 / (1 + number + step)),
        )
    return trial


def old_database(path: Path, trials: int) -> None:
    """Write a storage of the schema of version 0.9: the value in the trial, the steps in `trial_values`."""
    connection = sqlite3.connect(path)
    connection.executescript(_OLD)
    connection.execute("INSERT INTO studies (study_name, direction) VALUES ('old', 'MAXIMIZE')")
    uniform = json.dumps({"name": "LogUniformDistribution", "attributes": {"low": 1e-5, "high": 1.0}})
    for number in range(trials):
        connection.execute(
            "INSERT INTO trials (study_id, state, value, datetime_start, datetime_complete) VALUES (1, ?, ?, ?, ?)",
            ("COMPLETE", number / 10, START.isoformat(" "), (START + timedelta(seconds=9)).isoformat(" ")),
        )
        connection.execute(
            "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, 'lr', ?, ?)",
            (number + 1, 10.0 ** -(1 + number % 4), uniform),
        )
        for step in range(2):
            connection.execute(
                "INSERT INTO trial_values (trial_id, step, value) VALUES (?, ?, ?)", (number + 1, step, step / 2)
            )
    connection.commit()
    connection.close()


def journal_lines(name: str = "journal study", trials: int = 4, *, study: int = 0, first: int = 0) -> list[str]:
    """Return the operations that create a study and complete its trials, each with two steps."""

    def line(code: int, **told: object) -> str:
        return json.dumps({"op_code": code, "worker_id": "w-1", **told})

    lines = [line(0, study_name=name, directions=[1])]
    for number in range(trials):
        trial = first + number
        lines.append(line(4, study_id=study, datetime_start=START.isoformat()))
        for param, value in (("lr", 1e-3 * (1 + number)), ("optimizer", number % 2)):
            distribution = json.dumps(PARAMS[param])
            lines.append(
                line(5, trial_id=trial, param_name=param, param_value_internal=value, distribution=distribution)
            )
        lines += [line(7, trial_id=trial, step=step, intermediate_value=1 / (1 + step)) for step in range(2)]
        end = (START + timedelta(seconds=30)).isoformat()
        lines.append(line(6, trial_id=trial, state=1, values=[0.5 / (1 + number)], datetime_complete=end))
    return lines
