"""An Optuna study, from wherever it was read, as a table of trials: parameters decoded, curves, and what Optuna knows.

Columns are named as in the study: `number`, `state`, `value` (or one column per objective), the parameters, the
user attributes, `datetime_start`, `datetime_complete`, `heartbeat`. A name that is taken gets the prefix Optuna itself
gives it (`params_`, `user_attrs_`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import polars as pl

from hpi_core import frames
from hpi_core.readers._distributions import Distribution, decoded, parse_distribution
from hpi_core.readers._stored import Parameters
from hpi_core.roles import Direction, Objective, RoleHints, SearchRange
from hpi_core.tables.curve_frames import last_of_steps, whole_trials
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.nested import COLUMNS, frame_of_records
from hpi_core.tables.table import Table
from hpi_core.text import safe

TRIALS = pl.Schema(
    {
        "trial_id": pl.Int64(),
        "number": pl.Int64(),
        "state": pl.String(),
        "start": pl.Datetime("us"),
        "complete": pl.Datetime("us"),
        "heartbeat": pl.Datetime("us"),
    },
)
# `_row` is the place of the trial in the study's trials. Of what stands twice for a trial the last counts.
VALUES = pl.Schema({"_row": pl.UInt32(), "objective": pl.UInt32(), "value": pl.Float64()})
INTERMEDIATE = pl.Schema({"_row": pl.UInt32(), "step": pl.Int64(), "value": pl.Float64()})
ATTRIBUTES = pl.Schema({"_row": pl.UInt32(), "key": pl.String(), "json": pl.String()})
STATES = ("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING")
# Clocks that differ by less are the same: heartbeats are written a minute or so apart.
_CLOCK = timedelta(minutes=15)


@dataclass
class Study:
    """One study, column by column; the frames have the schemas of this module, the trials in order of their numbers."""

    name: str
    directions: Sequence[Direction | None] = ()
    metric_names: Sequence[str] = ()
    trials: pl.DataFrame = field(default_factory=lambda: frames.empty(TRIALS))
    params: Parameters = field(default_factory=Parameters)
    values: pl.DataFrame = field(default_factory=lambda: frames.empty(VALUES))
    intermediate: pl.DataFrame = field(default_factory=lambda: frames.empty(INTERMEDIATE))
    user: pl.DataFrame = field(default_factory=lambda: frames.empty(ATTRIBUTES))
    system: pl.DataFrame = field(default_factory=lambda: frames.empty(ATTRIBUTES))


@dataclass
class _Columns:
    """The columns of the table in the making."""

    height: int
    entries: list[Entry]
    series: dict[str, pl.Series] = field(default_factory=dict)

    def add(self, name: str, prefix: str, values: pl.Series, rows: pl.Series | None = None) -> str | None:
        """Add a column of values that stand in `rows` (all where None); return the name it got, None beyond the cap."""
        if len(self.series) >= COLUMNS:
            return None
        name = name.strip() or "unnamed"
        wanted = name if name not in self.series else f"{prefix}{name}"
        number = 1
        while wanted in self.series:
            number += 1
            wanted = f"{prefix}{name}_{number}"
        if rows is not None:
            blank = pl.Series(wanted, [None], dtype=values.dtype).new_from_index(0, self.height)
            values = blank.scatter(rows, values)
        self.series[wanted] = values.alias(wanted)
        return wanted


def study_table(study: Study, entries: list[Entry]) -> Table:
    """Return the trials, curves and hints of a study; `entries` go into the ledger with what is found here."""
    columns = _Columns(study.trials.height, entries)
    columns.add("number", "", study.trials["number"])
    columns.add("state", "", study.trials["state"])
    metrics = _objectives(study, columns)
    ranges = _parameters(study, columns)
    attributes = _attributes(columns, study.user, "user_attrs_")
    times = _times(study, columns)
    bookkeeping = _attributes(columns, study.system, "system_attrs_", always=True)
    bookkeeping += [columns.add("trial_id", "", study.trials["trial_id"])]
    dropped = sum(name is None for name in (*attributes, *bookkeeping)) + sum(r is None for r in ranges)
    if dropped:
        message = f"more than {COLUMNS:,} columns: {dropped:,} were left out"
        entries.append(Entry("dropped_columns", message, count=dropped))
    curves = _curves(study, metrics)
    objective = None
    if metrics:
        objective = Objective(metrics[0], study.directions[0] if study.directions else None, "source")
    if len(metrics) > 1:
        names = ", ".join(safe(metric, 80) for metric in metrics)
        entries.append(Entry("chosen", f"the study has {len(metrics)} objectives ({names}): ranked by the first"))
    searched = tuple(search for search in ranges if search is not None)
    hints = RoleHints(
        id="number",
        status="state",
        hyperparameters=tuple(search.name for search in searched),
        metrics=tuple(metrics),
        objective=objective,
        directions=tuple((m, d) for m, d in zip(metrics, study.directions, strict=False) if d is not None),
        ranges=searched,
        others=(*((name, "time") for name in times), *((name, "ignored") for name in bookkeeping if name)),
    )
    frame = pl.DataFrame(list(columns.series.values()))
    return Table(frame, ledger_frame(entries), hints=hints, curves=curves, experiment=study.name)


def _objectives(study: Study, columns: _Columns) -> list[str]:
    count = max(1, len(study.directions))
    names = []
    for objective in range(count):
        plain = "value" if count == 1 else f"values_{objective}"
        name = study.metric_names[objective] if objective < len(study.metric_names) else plain
        mine = study.values.filter(pl.col("objective") == objective)
        names.append(columns.add(name, "values_", mine["value"], mine["_row"]))
    return [name for name in names if name is not None]


def _parameters(study: Study, columns: _Columns) -> list[SearchRange | None]:
    """Add one column per parameter and return where each was searched, None where there are too many columns."""
    known: dict[str, Distribution | None] = {}
    ranges: list[SearchRange | None] = [None] * len(study.params.dropped)
    for key, stored in study.params.each():
        for text in stored.distributions:
            if text not in known:
                known[text] = parse_distribution(text)
        values, wrong = decoded(stored, known)
        name = columns.add(key, "params_", values, pl.Series(stored.rows))
        if name is None:
            ranges.append(None)
            continue
        if wrong:
            message = f"{wrong:,} stored values do not belong to their distribution: taken as missing"
            columns.entries.append(Entry("bad_value", message, column=name, count=wrong))
        used = [known[text] for text in stored.distributions]
        ranges.append(_range(name, [distribution for distribution in used if distribution is not None]))
    return ranges


def _range(name: str, used: Sequence[Distribution]) -> SearchRange:
    """Return the range that covers all the distributions a parameter was drawn from."""
    bounded = [(d.low, d.high) for d in used if d.low is not None and d.high is not None]
    scale = "log" if used and all(distribution.log for distribution in used) else "linear"
    if not bounded:
        return SearchRange(name)
    return SearchRange(
        name, "log" if scale == "log" else "linear", min(b[0] for b in bounded), max(b[1] for b in bounded)
    )


def _attributes(columns: _Columns, attributes: pl.DataFrame, prefix: str, *, always: bool = False) -> list[str | None]:
    """Add one column per attribute (nested ones per inner key), under the prefix where `always` or where taken."""
    placed = attributes
    # What a sampler or pruner keeps for itself (`cma:…`, `nsga2:generation`) says nothing about a trial.
    inner = placed["key"].str.contains(":", literal=True).fill_null(True)
    if always and inner.any():
        names = ", ".join(safe(name, 40) for name in placed.filter(inner)["key"].unique().sort().head(3).to_list())
        columns.entries.append(
            Entry("left_out", f"the sampler's own notes were left out: {names}", count=int(inner.sum()))
        )
        placed = placed.filter(~inner)
    added: list[str | None] = []
    for key, mine in placed.partition_by("key", as_dict=True, maintain_order=True).items():
        name = f"{prefix}{key[0]}" if always else str(key[0])
        frame, ledger = frame_of_records([{name: _loaded(text)} for text in mine["json"].to_list()])
        added += [columns.add(column.name, prefix, column, mine["_row"]) for column in frame.iter_columns()]
        columns.entries += [Entry(r["kind"], r["message"], column=r["column"]) for r in ledger.iter_rows(named=True)]
    return added


def _loaded(text: str | None) -> object:
    if text is None:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _times(study: Study, columns: _Columns) -> list[str]:
    """Add the start, the end and the last sign of life of every trial, all by the trials' clock."""
    start, complete, heartbeat = (study.trials[name] for name in ("start", "complete", "heartbeat"))
    # The database writes heartbeats in its own time zone, Optuna the rest in that of the worker.
    ahead = (complete - heartbeat).median()
    if isinstance(ahead, timedelta) and abs(ahead) >= _CLOCK / 2:
        shift = round(ahead / _CLOCK) * _CLOCK
        heartbeat = heartbeat + shift
        message = f"heartbeats are kept in another time zone and were moved by {shift.total_seconds() / 3600:+g} h"
        columns.entries.append(Entry("reshaped", message, column="heartbeat", count=int(heartbeat.count())))
    added = [columns.add("datetime_start", "trial_", start), columns.add("datetime_complete", "trial_", complete)]
    if heartbeat.null_count() < heartbeat.len():
        added.append(columns.add("heartbeat", "trial_", heartbeat))
    return [name for name in added if name is not None]


def _curves(study: Study, metrics: Sequence[str]) -> pl.DataFrame | None:
    """Return the intermediate values as the curve of the objective, which is what Optuna defines them to be."""
    if study.intermediate.is_empty() or not metrics:
        return None
    points = study.intermediate.sort("_row", "step", maintain_order=True)
    study.intermediate = frames.empty(INTERMEDIATE)
    metric = pl.lit(metrics[0]).alias("metric")
    blocks = [last_of_steps(part.with_columns(metric))[0] for part in whole_trials(points, "_row")]
    return pl.concat(blocks, rechunk=False)
