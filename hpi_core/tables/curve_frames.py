"""What the shapes of curves share: names of step columns, steps as integers, the last value, the ledger's new rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.tables.ledger import Entry
from hpi_core.tables.table import Table

# A curve that goes back at more than this share of its points was not resumed: its rows stand in another order.
_OFTEN = 0.1
# Points worked on at once where whole trials are taken one part after the other: a small share of all, for what is
# made of a part stands beside them, and enough that a part is worth its handling.
_LEAST, _MOST, _PARTS = 8_192, 100_000, 32
_STEP_NAMES = (
    r"_step|step|global_?step|trainer/global_step|iter|iteration|training_iteration|epoch|num_?epoch|round|"
    r"training_step|train_?step|timestep|timesteps_total|_iteration|step_num|epoch_num|current_epoch"
)
_STEP = re.compile(rf"({_STEP_NAMES})", re.IGNORECASE)
_AXIS = re.compile(
    rf"({_STEP_NAMES}|time|steps|epochs|relative time.*|wall time|wallclock|wall_?time|_runtime|_timestamp|seconds)",
    re.IGNORECASE,
)

# Of points: whether one continues the curve of the one before it, and whether curves stand in their order.
_ROW, _METRIC = pl.col("_row"), pl.col("metric")
_SAME = ((_ROW.shift(1) == _ROW) & (_METRIC.shift(1) == _METRIC)).fill_null(value=False)
_IN_TURN = ((_ROW.shift(1) < _ROW) | ((_ROW.shift(1) == _ROW) & (_METRIC.shift(1) <= _METRIC))).fill_null(value=True)


@dataclass(frozen=True)
class Steps:
    """An Int64 step per row of a frame, and a note for the ledger where it is not the source's own."""

    values: pl.Series
    note: str = ""


def unpivoted(wide: pl.DataFrame, metrics: Sequence[str], index: Sequence[str]) -> pl.DataFrame:
    """Return a row per row of `wide` and metric: the `index` columns, `metric` (String) and `value`.

    Polars refuses a column called like the one it makes; a metric may well be called `value`.
    """
    long = wide.unpivot(metrics, index=index, variable_name="\0metric", value_name="\0value")
    return long.rename({"\0metric": "metric", "\0value": "value"})


def is_step_name(name: str) -> bool:
    """Tell whether a column of this name counts training steps (`epochs` and `steps` do not: they are budgets)."""
    return _STEP.fullmatch(name.strip()) is not None


def step_columns(frame: pl.DataFrame) -> list[str]:
    """Return the columns that count steps: whole numbers before others, the finer (`step`) before `epoch`."""
    names = [n for n, dtype in frame.schema.items() if is_step_name(n) and dtype.is_numeric()]
    return sorted(names, key=lambda n: (bool(steps_of(frame[n]).note), re.search("epoch|round", n.lower()) is not None))


def is_axis_name(name: str) -> bool:
    """Tell whether a first column of this name can be the x axis of curves."""
    return _AXIS.fullmatch(name.strip()) is not None


def steps_of(column: pl.Series, within: pl.Series | None = None) -> Steps:
    """Return integral steps as they are, and the running index (within each value of `within`) for any others."""
    if column.dtype.is_integer():
        return Steps(column.cast(pl.Int64).alias("step"))
    if column.dtype.is_float():
        whole = column.drop_nulls()
        if bool(whole.is_finite().all()) and bool((whole == whole.floor()).all()) and number(whole.abs().max()) < 2**53:
            return Steps(column.cast(pl.Int64).alias("step"))
    index = pl.DataFrame({"k": within if within is not None else pl.Series([0]).new_from_index(0, len(column))})
    values = index.select(pl.int_range(pl.len(), dtype=pl.Int64).over("k").alias("step")).to_series()
    return Steps(values, f"{column.name} is not a whole number everywhere: steps are the running index instead")


def number(aggregate: object) -> float:
    """Return what an aggregate of a numeric column gave as a float; of an empty column, 0."""
    return float(aggregate) if isinstance(aggregate, (int, float)) else 0.0


def reshaped_entries(message: str, rows: int, in_order: Ordered, step: str, steps: Steps) -> list[Entry]:
    """Return what the ledger says of `rows` rows that became trials and curves over the column `step`."""
    noted = [Entry("steps", steps.note, column=step, count=rows)] if steps.note else []
    return [Entry("reshaped", message, count=rows), *in_order.entries(), *noted]


@dataclass(frozen=True)
class Ordered:
    """Curves with the schema `frames.CURVES`, and what bringing them into order took.

    Attributes:
        curves: sorted by trial, metric and step, one value per step.
        replaced: points that a later one of the same step, or a restart from before them, took the place of.
        resumed: trials that went back to an earlier step and went on from there.
        unsorted: trials whose steps stood in no order.
        nowhere: values without a step, which are left out.
    """

    curves: pl.DataFrame
    replaced: int
    resumed: int
    unsorted: int
    nowhere: int = 0

    def entries(self) -> list[Entry]:
        """Return what the ledger has to say."""
        found = []
        if self.resumed:
            message = (
                f"{self.resumed:,} trials went back to an earlier step and on from there: what came before the restart "
                f"is kept up to that step ({self.replaced:,} points were replaced)"
            )
            found.append(Entry("resumed", message, count=self.resumed))
        elif self.replaced:
            message = f"{self.replaced:,} values of a repeated step: the last is kept"
            found.append(Entry("repeated_step", message, count=self.replaced))
        if self.unsorted:
            message = f"the steps of {self.unsorted:,} trials stood in no order: they were sorted"
            found.append(Entry("unsorted_steps", message, count=self.unsorted))
        if self.nowhere:
            message = f"{self.nowhere:,} values have no step: they were left out of the curves"
            found.append(Entry("missing_step", message, count=self.nowhere))
        return found


def ordered(long: pl.DataFrame) -> Ordered:
    """Bring points (`_row, metric, step, value`, in the order of the source) into the order of their steps.

    Nulls are gaps, not points; NaN and infinities are points. Of repeated steps the last is kept. Where a curve goes
    back to an earlier step now and then, it was resumed: what came before is kept up to that step only. Where it goes
    back all the time, its rows merely stand in another order.
    """
    measured = long.drop_nulls("value")
    points = measured.drop_nulls("step")
    nowhere = measured.height - points.height
    points = points.select(pl.col(n).cast(t) for n, t in frames.CURVES.items())
    if not points.select(_IN_TURN.all()).item():
        points = points.sort("_row", "metric", maintain_order=True)
    curve = points.select((~_SAME).cum_sum().cast(pl.UInt32)).to_series().to_numpy()
    back = points.select(pl.when(_SAME).then(pl.col("step").diff() < 0).fill_null(value=False)).to_series().to_numpy()
    before, resumed, unsorted = points.height, 0, 0
    if back.any():
        times = np.bincount(curve, weights=back)
        often = times > _OFTEN * np.bincount(curve)
        rows = points["_row"].to_numpy()
        unsorted = np.unique(rows[often[curve]]).size
        again = ((times > 0) & ~often)[curve]
        resumed = np.unique(rows[again]).size
        points = points.with_columns(pl.Series("curve", curve))
        if resumed:
            points = _without_undone(points, again)
        if unsorted:
            points = points.sort("curve", "step", maintain_order=True)
        points = points.drop("curve")
    last = points.select((pl.col("step") != pl.col("step").shift(-1)) | ~_SAME.shift(-1, fill_value=False)).to_series()
    kept = points if last.fill_null(value=True).all() else points.filter(last.fill_null(value=True))
    return Ordered(kept, before - kept.height, resumed, unsorted, nowhere)


def _without_undone(points: pl.DataFrame, again: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> pl.DataFrame:
    """Leave out, where `again`, the points that a restart of their curve from before them took the place of."""
    part = points.select("curve", "step").with_row_index("at").filter(pl.Series(again))
    later = pl.col("step").cum_min(reverse=True).shift(-1).over("curve")
    undone = part.filter(later <= pl.col("step"))["at"].to_numpy()
    kept = np.ones(points.height, bool)
    kept[undone] = False
    return points.filter(pl.Series(kept))


def curve_frame(long: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the points as `ordered` does, and how many were replaced by others."""
    found = ordered(long)
    return found.curves, found.replaced


def last_of_steps(points: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return `_row, metric, step, value` with the last value of every step, and how many others that replaced.

    `points` are sorted by `_row`, `metric`, `step`, and within a step by their time. Neighbours are compared rather
    than all points hashed, which would take many times the memory of the points.
    """
    points = points.drop_nulls("value").select(pl.col(n).cast(t) for n, t in frames.CURVES.items())
    again = pl.all_horizontal(pl.col(key) == pl.col(key).shift(-1) for key in ("_row", "metric", "step"))
    kept = points.filter(~again.fill_null(False))
    return kept, points.height - kept.height


def whole_trials(points: pl.DataFrame, row: str) -> Iterator[pl.DataFrame]:
    """Yield points sorted by the trial in `row` in parts, none of which ends within a trial.

    What is made of a part is small beside all points, of which there is no second copy then.
    """
    rows = points[row].to_numpy()
    size = min(max(points.height // _PARTS, _LEAST), _MOST)
    start = 0
    while start < points.height:
        last = min(start + size, points.height) - 1
        end = int(np.searchsorted(rows, rows[last], side="right"))
        yield points.slice(start, end - start)
        start = end


def with_last_values(trials: pl.DataFrame, curves: pl.DataFrame, metrics: list[str]) -> pl.DataFrame:
    """Add one column per metric to `trials` (one row per `_row`, dense): the value of the last step, finite or not."""
    last = curves.group_by("_row", "metric", maintain_order=True).agg(pl.col("value").last())
    rows = pl.int_range(trials.height, dtype=pl.UInt32, eager=True).alias("_row")
    by_metric = last.partition_by("metric", as_dict=True, maintain_order=True)
    columns = []
    for metric in metrics:
        mine = by_metric.get((metric,), last.clear()).select("_row", "value")
        joined = pl.DataFrame(rows).join(mine, on="_row", how="left", maintain_order="left")
        columns.append(joined["value"].alias(metric))
    return trials.with_columns(columns)


def moved_ledger(table: Table, trial_of_row: pl.Series | None) -> pl.DataFrame:
    """Return the ledger with its rows turned into those of the trials; None where a row is no trial's alone."""
    if table.ledger.is_empty():
        return table.ledger
    if trial_of_row is None:
        return table.ledger.with_columns(pl.lit(None, pl.UInt32).alias("row"))
    return table.ledger.with_columns(trial_of_row.cast(pl.UInt32).gather(table.ledger["row"]).alias("row"))
