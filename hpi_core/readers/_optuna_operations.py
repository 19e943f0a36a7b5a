"""The operations of an Optuna journal and what they leave behind: studies with their trials, held in little room.

The rules are those of Optuna's own replay: a study whose name exists already is not created again, operations on
deleted studies and on finished trials are passed over, trials are numbered in the order of their creation.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from hpi_core.readers._stored import PARAMS, Parameters
from hpi_core.readers._study import ATTRIBUTES, INTERMEDIATE, STATES, TRIALS, VALUES, Study
from hpi_core.readers.contract import Experiment
from hpi_core.roles import Direction

_DIRECTIONS: dict[int, Direction] = {1: "min", 2: "max"}
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_WAITING = 4
# Rows held as Python's objects, some ten times as large as in a frame, before they go into one.
_BLOCK = 2_000
_DISCARD = 10  # written by another implementation; Optuna passes it over

Operation = dict[str, Any]


class _Long:
    """The rows of one long table of a study: each block of them becomes a narrow frame at once."""

    def __init__(self, schema: pl.Schema) -> None:
        self._schema = schema
        self._rows: list[tuple[Any, ...]] = []
        self._frames: list[pl.DataFrame] = []

    def add(self, *row: Any) -> None:
        """Add one row."""
        self._rows.append(row)
        if len(self._rows) == _BLOCK:
            self._flush()

    def each(self) -> Iterator[pl.DataFrame]:
        """Yield the frames in turn, and let go of each that was."""
        self._flush()
        self._frames.reverse()
        while self._frames:
            yield self._frames.pop()

    def whole(self) -> pl.DataFrame:
        """Return all rows, and keep none."""
        return pl.concat([pl.DataFrame(schema=self._schema), *self.each()])

    def _flush(self) -> None:
        self._frames.append(_frame(self._rows, self._schema))
        self._rows = []


@dataclass
class _Study:
    """One study. Of its trials, in the order of their creation: id, state, start and end (microseconds, 0 for none)."""

    name: str
    directions: list[Direction | None]
    system: dict[str, Any] = field(default_factory=dict)
    ids: array[int] = field(default_factory=lambda: array("q"))
    states: array[int] = field(default_factory=lambda: array("b"))
    starts: array[int] = field(default_factory=lambda: array("q"))
    ends: array[int] = field(default_factory=lambda: array("q"))
    params: _Long = field(default_factory=lambda: _Long(PARAMS))
    values: _Long = field(default_factory=lambda: _Long(VALUES))
    steps: _Long = field(default_factory=lambda: _Long(INTERMEDIATE))
    attributes: dict[str, _Long] = field(
        default_factory=lambda: {"user_attr": _Long(ATTRIBUTES), "system_attr": _Long(ATTRIBUTES)}
    )


@dataclass
class Replay:
    """Studies as they stand after the operations so far, and of every trial its study and its row in it."""

    studies: dict[int, _Study] = field(default_factory=dict)
    created: int = 0
    homes: array[int] = field(default_factory=lambda: array("q"))
    rows: array[int] = field(default_factory=lambda: array("q"))

    def apply(self, operation: Operation) -> None:
        """Carry out one operation.

        Raises:
            KeyError, TypeError, ValueError: it is not of the form that Optuna writes.
        """
        code = operation["op_code"]
        if isinstance(code, int) and code in _OPERATIONS:
            _OPERATIONS[code](self, operation)
        elif code != _DISCARD:
            raise ValueError(f"operation {code} is not known")

    def create_study(self, told: Operation) -> None:
        name = str(told["study_name"])
        if all(study.name != name for study in self.studies.values()):
            self.studies[self.created] = _Study(name, [_DIRECTIONS.get(direction) for direction in told["directions"]])
            self.created += 1

    def delete_study(self, told: Operation) -> None:
        self.studies.pop(told["study_id"], None)

    def note_study(self, told: Operation) -> None:
        if told["study_id"] in self.studies:
            self.studies[told["study_id"]].system.update(told["system_attr"])

    def create_trial(self, told: Operation) -> None:
        study = self.studies.get(told["study_id"])
        if study is None:
            return
        row = len(study.ids)
        state, start, end = _code(told.get("state", 0)), _moment(told.get("datetime_start")), _end(told)
        study.ids.append(len(self.homes))
        self.homes.append(told["study_id"])
        self.rows.append(row)
        study.states.append(state)
        study.starts.append(start)
        study.ends.append(end)
        for name, value in told.get("params", {}).items():
            study.params.add(row, name, value, told["distributions"][name])
        for step, value in told.get("intermediate_values", {}).items():
            study.steps.add(row, int(step), value)
        for objective, value in enumerate(told.get("values") or [told.get("value")]):
            if value is not None:
                study.values.add(row, objective, value)
        for kind, notes in study.attributes.items():
            for key, value in told.get(f"{kind}s", {}).items():
                notes.add(row, key, json.dumps(value))

    def set_param(self, told: Operation) -> None:
        if (open_ := self._open(told)) is not None:
            study, row = open_
            name, value = str(told["param_name"]), told["param_value_internal"]
            study.params.add(row, sys.intern(name), value, sys.intern(str(told["distribution"])))

    def set_state(self, told: Operation) -> None:
        open_ = self._open(told)
        state = _code(told["state"])
        if open_ is None or (state == open_[0].states[open_[1]] == 0):
            return
        study, row = open_
        if state == 0:
            study.starts[row] = _moment(told["datetime_start"])
        elif state != _WAITING:
            study.ends[row] = _end(told)
        study.states[row] = state
        for objective, value in enumerate(told.get("values") or ()):
            study.values.add(row, objective, value)

    def set_step(self, told: Operation) -> None:
        if (open_ := self._open(told)) is not None:
            open_[0].steps.add(open_[1], int(told["step"]), told["intermediate_value"])

    def set_attribute(self, told: Operation) -> None:
        if (open_ := self._open(told)) is not None:
            study, row = open_
            for kind, notes in study.attributes.items():
                for key, value in told.get(kind, {}).items():
                    notes.add(row, key, json.dumps(value))

    def _open(self, told: Operation) -> tuple[_Study, int] | None:
        """Return the study and the row of the trial an operation is about, None where it is unknown or finished."""
        id_ = told["trial_id"]
        if not isinstance(id_, int) or not 0 <= id_ < len(self.homes):
            return None
        study, row = self.studies.get(self.homes[id_]), self.rows[id_]
        return (study, row) if study is not None and study.states[row] in (0, _WAITING) else None

    def experiments(self) -> list[Experiment]:
        """Return the studies that are left."""
        found = []
        for id_, study in self.studies.items():
            started = next((start for start in study.starts if start), 0)
            last = max((*study.starts, *study.ends), default=0)
            found.append(
                Experiment(str(id_), study.name, len(study.ids), started=started / 1e6 or None, last=last / 1e6 or None)
            )
        return found

    def study(self, id_: int) -> Study:
        """Return one study, and keep nothing of what its trials hold."""
        study = self.studies[id_]
        params = Parameters(len(study.ids))
        for page in study.params.each():
            params.take(page)
        names = study.system.get("study:metric_names")
        return Study(
            study.name,
            study.directions,
            [str(name) for name in names] if isinstance(names, list) else [],
            _trials(study),
            params,
            study.values.whole(),
            study.steps.whole(),
            study.attributes["user_attr"].whole(),
            study.attributes["system_attr"].whole(),
        )


def _trials(study: _Study) -> pl.DataFrame:
    """Return the trials of a study with the schema `TRIALS`."""
    states = pl.Series(np.array(study.states, np.int8)).replace_strict(
        dict(enumerate(STATES)), default="UNKNOWN", return_dtype=pl.String
    )
    moments = [pl.Series(np.array(told, np.int64)) for told in (study.starts, study.ends)]
    start, end = (told.set(told == 0, None).cast(pl.Datetime("us")) for told in moments)
    none = pl.Series([None], dtype=pl.Datetime("us")).new_from_index(0, len(study.ids))
    ids = pl.Series(np.array(study.ids, np.int64))
    number = pl.int_range(len(study.ids), dtype=pl.Int64, eager=True)
    return pl.DataFrame(dict(zip(TRIALS.names(), (ids, number, states, start, end, none), strict=True)), schema=TRIALS)


_OPERATIONS: dict[int, Callable[[Replay, Operation], None]] = {
    0: Replay.create_study,
    1: Replay.delete_study,
    2: lambda _replay, _told: None,
    3: Replay.note_study,
    4: Replay.create_trial,
    5: Replay.set_param,
    6: Replay.set_state,
    7: Replay.set_step,
    8: Replay.set_attribute,
    9: Replay.set_attribute,
}


def _code(state: object) -> int:
    """Return the number of a state; of one that nobody knows -1."""
    code = int(state)  # type: ignore[call-overload]
    return int(code) if 0 <= code < len(STATES) else -1


def _end(told: Operation) -> int:
    return _moment(told.get("datetime_complete"))


def _moment(text: object) -> int:
    """Return a moment in microseconds since 1970, 0 where there is none."""
    if not isinstance(text, str):
        return 0
    moment = datetime.fromisoformat(text)
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // _MICROSECOND


def _frame(rows: list[Any], schema: pl.Schema) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pl.DataFrame([pl.Series(n, c, t, strict=False) for (n, t), c in zip(schema.items(), columns, strict=True)])
