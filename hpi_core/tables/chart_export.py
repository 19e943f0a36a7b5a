"""Runs as columns: the export of a chart, with the step first and one column per run (and its `__MIN` and `__MAX`)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import polars as pl

from hpi_core.roles import RoleHints
from hpi_core.tables.curve_frames import curve_frame, is_axis_name, moved_ledger, steps_of, with_last_values
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.nested import unique
from hpi_core.tables.run_names import parts_of_names
from hpi_core.tables.table import Table

_RUN_METRIC = re.compile(r"(?P<run>.+) - (?P<metric>.+?)(?P<band>__MIN|__MAX)?", re.DOTALL)
_NUMBERED = re.compile(
    r"(?P<stem>seed|run|trial|rep|repeat|fold|replica|model|agent|worker|config|exp)[ _\-]?(?P<number>\d+)", re.I
)


@dataclass(frozen=True)
class _Column:
    name: str
    run: str
    metric: str


def runs_as_columns(table: Table, _group: str | None = None) -> Table | None:
    """Return one trial per run where the columns after the step are runs, else None."""
    frame = table.frame
    if frame.width < 3 or frame.height < 2 or not is_axis_name(frame.columns[0]):
        return None
    axis = frame.to_series(0)
    if not axis.dtype.is_numeric() or not _rises(axis):
        return None
    names = frame.columns[1:]
    if not all(column.dtype.is_numeric() or column.null_count() == frame.height for column in frame.iter_columns()):
        return None
    columns = _chart_columns(names) or _numbered_columns(names)
    if columns is None:
        return None
    bands = _repeated_bands(frame, columns)
    internal = [c for c in columns if c.metric.startswith("_step")]
    columns = [c for c in columns if c not in bands and c not in internal]
    return _take_apart(table, columns, len(bands) + len(internal))


def _rises(axis: pl.Series) -> bool:
    present = axis.drop_nulls()
    return present.len() >= 2 and bool((present.diff().drop_nulls() > 0).all())


def _chart_columns(names: list[str]) -> list[_Column] | None:
    """Take `run - metric` columns, as charts of Weights & Biases are exported."""
    matches = [_RUN_METRIC.fullmatch(name) for name in names]
    if not all(matches):
        return None
    return [_Column(m.string, m["run"], m["metric"] + (m["band"] or "")) for m in matches if m]


def _numbered_columns(names: list[str]) -> list[_Column] | None:
    """Take `seed0, seed1, …`: at least two, all of one stem."""
    matches = [_NUMBERED.fullmatch(name.strip()) for name in names]
    if len(names) < 2 or not all(matches) or len({m["stem"].lower() for m in matches if m}) != 1:
        return None
    return [_Column(m.string, m.string.strip(), "value") for m in matches if m]


def _repeated_bands(frame: pl.DataFrame, columns: list[_Column]) -> list[_Column]:
    """Return the minimum and maximum columns that only repeat their run's own column."""
    by_key = {(c.run, c.metric): c for c in columns}
    out = []
    for column in columns:
        base = by_key.get((column.run, re.sub(r"__(MIN|MAX)$", "", column.metric)))
        if base is not None and base is not column and frame[column.name].equals(frame[base.name], check_names=False):
            out.append(column)
    return out


def _take_apart(table: Table, columns: list[_Column], dropped: int) -> Table:
    frame = table.frame
    runs = list(dict.fromkeys(c.run for c in columns))
    metrics = list(dict.fromkeys(c.metric for c in columns))
    steps = steps_of(frame.to_series(0))
    whole = [index for index in range(frame.height) if index not in table.incomplete]
    long = pl.concat(
        [
            pl.DataFrame(
                {
                    "_row": pl.Series([runs.index(c.run)], dtype=pl.UInt32).new_from_index(0, frame.height),
                    "metric": pl.Series([c.metric]).new_from_index(0, frame.height),
                    "step": steps.values,
                    "value": frame[c.name].cast(pl.Float64),
                }
            )[whole]
            for c in columns
        ]
    )
    curves, _ = curve_frame(long)
    trials = pl.DataFrame({"run": runs})
    for key, values in {**_numbers(runs), **parts_of_names(runs)}.items():
        trials = trials.with_columns(pl.Series(unique(key, [*trials.columns, *metrics]), values, strict=False))
    trials = with_last_values(trials, curves, metrics)
    entries = [
        Entry(
            "reshaped",
            f"runs stood as columns: {frame.height:,} rows became {len(runs):,} trials "
            f"with {curves.height:,} curve points; each trial shows the last value",
            count=frame.height,
        )
    ]
    if dropped:
        entries.append(
            Entry("dropped_columns", f"{dropped} columns (__MIN, __MAX, _step) only repeat others", count=dropped)
        )
    if steps.note:
        entries.append(Entry("steps", steps.note, column=frame.columns[0], count=frame.height))
    if table.incomplete:
        message = "the last row was cut off: its values stand in no curve"
        entries.append(Entry("incomplete_step", message, count=len(table.incomplete)))
    return replace(
        table,
        frame=trials,
        ledger=ledger_frame(entries, [moved_ledger(table, None)]),
        incomplete=frozenset(),
        hints=RoleHints(id="run", metrics=tuple(metrics)),
        curves=curves,
    )


def _numbers(runs: list[str]) -> dict[str, list[object]]:
    """Return the number in `seed0, seed1, …` as a column of its own where it says more than the name of a run."""
    matches = [_NUMBERED.fullmatch(run) for run in runs]
    if not all(m is not None and m["stem"].lower() in ("seed", "fold") for m in matches):
        return {}
    return {matches[0]["stem"].lower(): [int(m["number"]) for m in matches if m]} if matches[0] else {}
