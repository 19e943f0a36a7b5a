"""Optuna's journal files: one JSON object per line, each an operation on studies and trials, replayed in order.

The rules are those of Optuna's own replay: a study whose name exists already is not created again, operations on
deleted studies and on finished trials are passed over, trials are numbered in the order of their creation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers._experiments import choose_experiment
from hpi_core.readers._stored import PARAMS, Parameters
from hpi_core.readers._study import ATTRIBUTES, INTERMEDIATE, STATES, TRIALS, VALUES, Study
from hpi_core.readers.contract import Experiment
from hpi_core.roles import Direction
from hpi_core.tables.ledger import Entry
from hpi_core.tables.table import Cancelled, Progress, silent
from hpi_core.text import safe

_BEGINNING = re.compile(rb'\s*\{\s*"op_code"\s*:\s*\d+\s*,\s*"worker_id"\s*:')
# The operations that make studies and trials and say when these began: a small part of a journal.
_COUNTED = re.compile(rb'\s*\{\s*"op_code"\s*:\s*[0146]\s*,')
_DIRECTIONS: dict[int, Direction] = {1: "min", 2: "max"}
_OFTEN = 10_000
_LISTED = 20
# A line is one operation; a longer one than this is no journal's.
_LONGEST = 64 << 20

Operation = dict[str, Any]


def is_journal(path: Path) -> bool:
    """Say whether a file begins with an operation of a journal, whatever the file is called."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return begins_journal(file.read(256))
    except OSError:
        return False


def begins_journal(head: bytes) -> bool:
    """Say whether these first bytes are an operation of a journal."""
    return _BEGINNING.match(head) is not None


def experiments(path: Path, cancelled: Cancelled) -> list[Experiment]:
    """List the studies of a journal.

    Raises:
        SourceError: it cannot be read.
        Cancelled: the person asked to stop.
    """
    return _replayed(path, [], silent, cancelled, _COUNTED).experiments()


def read_study(path: Path, named: str | None, entries: list[Entry], progress: Progress, cancelled: Cancelled) -> Study:
    """Read one study of a journal; what could not be replayed goes into `entries`.

    Raises:
        SourceError: it cannot be read, holds no study, or none of the name asked for.
        Cancelled: the person asked to stop.
    """
    replay = _replayed(path, entries, progress, cancelled)
    chosen = choose_experiment(replay.experiments(), named, "study", path.name, entries)
    return replay.study(int(chosen.id))


@dataclass
class _Study:
    name: str
    directions: list[Direction | None]
    system: dict[str, Any] = field(default_factory=dict)
    trials: int = 0


@dataclass
class _Trial:
    study: int
    number: int
    state: int
    start: datetime | None
    complete: datetime | None


@dataclass
class _Replay:
    """Studies and trials as they stand after the operations so far, and the long columns of what trials hold."""

    studies: dict[int, _Study] = field(default_factory=dict)
    created: int = 0
    trials: list[_Trial] = field(default_factory=list)
    params: list[tuple[int, str, Any, str]] = field(default_factory=list)
    values: list[tuple[int, int, Any]] = field(default_factory=list)
    steps: list[tuple[int, int, Any]] = field(default_factory=list)
    user: list[tuple[int, str, str]] = field(default_factory=list)
    system: list[tuple[int, str, str]] = field(default_factory=list)

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
        id_ = len(self.trials)
        state = int(told.get("state", 0))
        self.trials.append(
            _Trial(
                told["study_id"],
                study.trials,
                state,
                _moment(told.get("datetime_start")),
                _moment(told.get("datetime_complete")),
            )
        )
        study.trials += 1
        for name, value in told.get("params", {}).items():
            self.params.append((id_, name, value, told["distributions"][name]))
        for step, value in told.get("intermediate_values", {}).items():
            self.steps.append((id_, int(step), value))
        values = told.get("values") or [told.get("value")]
        self.values += [(id_, objective, value) for objective, value in enumerate(values)]
        for kind in ("user", "system"):
            for key, value in told.get(f"{kind}_attrs", {}).items():
                getattr(self, kind).append((id_, key, json.dumps(value)))

    def set_param(self, told: Operation) -> None:
        if self._open(told):
            self.params.append(
                (told["trial_id"], str(told["param_name"]), told["param_value_internal"], str(told["distribution"]))
            )

    def set_state(self, told: Operation) -> None:
        trial = self._open(told)
        state = int(told["state"])
        if trial is None or (state == trial.state == 0):
            return
        if state == 0:
            trial.start = _moment(told["datetime_start"])
        elif state != 4:
            trial.complete = _moment(told["datetime_complete"])
        trial.state = state
        for objective, value in enumerate(told.get("values") or ()):
            self.values.append((told["trial_id"], objective, value))

    def set_step(self, told: Operation) -> None:
        if self._open(told):
            self.steps.append((told["trial_id"], int(told["step"]), told["intermediate_value"]))

    def set_user(self, told: Operation) -> None:
        if self._open(told):
            self.user += [(told["trial_id"], key, json.dumps(value)) for key, value in told["user_attr"].items()]

    def set_system(self, told: Operation) -> None:
        if self._open(told):
            self.system += [(told["trial_id"], key, json.dumps(value)) for key, value in told["system_attr"].items()]

    def _open(self, told: Operation) -> _Trial | None:
        """Return the trial an operation is about, None where it is unknown or finished."""
        id_ = told["trial_id"]
        if not isinstance(id_, int) or not 0 <= id_ < len(self.trials):
            return None
        return self.trials[id_] if self.trials[id_].state in (0, 4) else None

    def experiments(self) -> list[Experiment]:
        """Return the studies that are left."""
        starts: dict[int, float] = {}
        for trial in self.trials:
            if trial.start is not None and trial.study not in starts:
                starts[trial.study] = trial.start.replace(tzinfo=UTC).timestamp()
        return [Experiment(str(id_), s.name, s.trials, started=starts.get(id_)) for id_, s in self.studies.items()]

    def study(self, id_: int) -> Study:
        """Return one study."""
        study = self.studies[id_]
        mine = [(place, trial) for place, trial in enumerate(self.trials) if trial.study == id_]
        rows = [(place, t.number, _state(t.state), t.start, t.complete, None) for place, t in mine]
        row_of = {place: row for row, (place, _) in enumerate(mine)}

        def long(told: list[Any], schema: pl.Schema) -> pl.DataFrame:
            return _frame([(row_of[place], *rest) for place, *rest in told if place in row_of], schema)

        params = Parameters(len(rows))
        params.take(long(self.params, PARAMS))
        names = study.system.get("study:metric_names")
        return Study(
            study.name,
            study.directions,
            [str(name) for name in names] if isinstance(names, list) else [],
            _frame(rows, TRIALS),
            params,
            long(self.values, VALUES),
            long(self.steps, INTERMEDIATE),
            long(self.user, ATTRIBUTES),
            long(self.system, ATTRIBUTES),
        )


_DISCARD = 10  # written by another implementation; Optuna passes it over
_OPERATIONS: dict[int, Callable[[_Replay, Operation], None]] = {
    0: _Replay.create_study,
    1: _Replay.delete_study,
    2: lambda _replay, _told: None,
    3: _Replay.note_study,
    4: _Replay.create_trial,
    5: _Replay.set_param,
    6: _Replay.set_state,
    7: _Replay.set_step,
    8: _Replay.set_user,
    9: _Replay.set_system,
}


def _replayed(
    path: Path, entries: list[Entry], progress: Progress, cancelled: Cancelled, only: re.Pattern[bytes] | None = None
) -> _Replay:
    """Replay the operations of a journal, or only those whose lines begin as `only` says."""
    replay = _Replay()
    refused: list[tuple[int, str]] = []
    try:
        size = max(path.stat().st_size, 1)
        done = 0
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_LONGEST), b""), start=1):
                done += len(line)
                if number % _OFTEN == 0:
                    progress(f"replaying {number:,} operations", 0.85 * done / size)
                    if cancelled():
                        raise ReadingCancelled(f"Reading {safe(path.name)} was stopped.")
                if not line.endswith(b"\n") and len(line) < _LONGEST:
                    entries.append(Entry("incomplete", "the last operation is still being written", line=number))
                    break
                if only is not None and not only.match(line):
                    continue
                if problem := _apply(replay, line):
                    refused.append((number, problem))
    except OSError as error:
        raise SourceError(f"{safe(path.name)} cannot be read ({error.strerror or error}).") from error
    entries += [Entry("refused_line", f"line {number} {problem}", line=number) for number, problem in refused[:_LISTED]]
    if len(refused) > _LISTED:
        more = len(refused) - _LISTED
        entries.append(Entry("refused_line", f"{more:,} more lines are no operations", count=more))
    return replay


def _apply(replay: _Replay, line: bytes) -> str:
    """Carry out the operation on one line; return why it could not be, or an empty string."""
    try:
        operation = json.loads(line)
    except (ValueError, RecursionError):
        return "is no JSON" if line.strip() else ""
    if not isinstance(operation, dict):
        return "is no operation"
    try:
        replay.apply(operation)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        return f"is no operation that can be carried out ({type(error).__name__}: {safe(str(error), 80)})"
    return ""


def _state(code: int) -> str:
    return STATES[code] if 0 <= code < len(STATES) else "UNKNOWN"


def _moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _frame(rows: list[Any], schema: pl.Schema) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pl.DataFrame([pl.Series(n, c, t, strict=False) for (n, t), c in zip(schema.items(), columns, strict=True)])
