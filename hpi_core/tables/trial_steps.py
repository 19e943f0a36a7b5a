"""Trial x step tables: logs with the same trial on many rows and a step column that rises within each trial.

Where an id names the trial of every row, the rows may stand in any order: then no trial may lack a step between its
first and its last that others have, or that its own pace asks for.

What tells the trials apart is, in this order: the file each row came from; an id column whose values repeat; a chain of
rows (`uid`, `from_uid`) where each names the one before it; hyperparameters that stay the same until the step starts
over. A table of training-set sizes or budgets is none of this: each of its rows is a training run of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from hpi_core.curves.measured import kind_of
from hpi_core.roles import RoleHints
from hpi_core.tables.clocks import seconds
from hpi_core.tables.curve_frames import (
    is_step_name,
    moved_ledger,
    number,
    ordered,
    reshaped_entries,
    step_columns,
    steps_of,
    unpivoted,
    with_last_values,
)
from hpi_core.tables.ledger import ledger_frame
from hpi_core.tables.table import Table

_ID = re.compile(
    r"(trial|run|experiment|exp|job|task|sweep|config|model)[ _\-./]?(id|uid|uuid|name|number|no|num|key|index)"
    r"|trial|run|uid|uuid|id|experiment|name",
    re.IGNORECASE,
)
_PARENT = re.compile(r"(from|parent|prev|previous)[ _]?(uid|id|trial|trial_id|run|run_id)|parent", re.IGNORECASE)
# Names that loggers alone give: such steps need not rise evenly.
_LOGGED = {"_step", "global_step", "trainer/global_step", "training_iteration"}
_FEWEST_STEPS = 3
# Settings may have been tried with three numbers of epochs each; so many of them in no order are a log.
_FEWEST_UNORDERED = 5
_DOUBLES = 0.2
_RISING = 0.9
_SAME_START = 0.8
# The share of trials in which a setting may change without being a schedule.
_FEW_TRIALS = 0.1


@dataclass(frozen=True)
class _Trials:
    """The trial of every row, the column that names the trial (None where there is none), and what told it.

    `in_order` says that the rows of a trial stand in the order of its steps, but for restarts.
    """

    row_of: pl.Series
    id: str | None
    told_by: str
    in_order: bool = True


def is_id_name(name: str) -> bool:
    """Tell whether a column of this name can name trials."""
    return _ID.fullmatch(name.strip()) is not None


def trial_steps(table: Table, group: str | None = None) -> Table | None:
    """Return trials and curves where the same trial stands on many rows with a rising step, else None."""
    frame = table.frame
    for step in step_columns(frame):
        found = _by_column(frame, step, group) or _by_chain(frame, step) or _by_restart(frame, step, group)
        if found is not None:
            varying = _varying(frame, found.row_of, step)
            if varying:
                return _take_apart(table, step, found, varying)
    return None


def constant_columns(frame: pl.DataFrame, row_of: pl.Series, names: Sequence[str]) -> list[str]:
    """Return those of the columns that hold one value (nulls aside) within every trial."""
    if not names:
        return []
    schema = frame.schema
    flat = [n for n in names if not isinstance(schema[n], (pl.List, pl.Struct, pl.Object))]
    keyed = frame.select(pl.Series("\0row", row_of), *flat)
    counts = keyed.group_by("\0row").agg(pl.col(flat).drop_nulls().n_unique())
    return [n for n in flat if number(counts[n].max()) <= 1]


def _by_column(frame: pl.DataFrame, step: str, group: str | None) -> _Trials | None:
    keys = [n for n, dtype in frame.schema.items() if is_id_name(n) and not dtype.is_float()]
    for key in [*keys, *([group] if group else [])]:
        rows = _dense(frame[key])
        if frame[key].null_count() or not _steps_repeat(frame[step], rows):
            continue
        rising = _rises(frame[step], rows)
        if rising or _has_every_step(frame[step], rows):
            return _Trials(rows, key, key, rising)
    return None


def _by_chain(frame: pl.DataFrame, step: str) -> _Trials | None:
    """Follow each row to the row it says it continues; a row that several continue tells no single trial."""
    schema = frame.schema
    for parent in [n for n in schema if _PARENT.fullmatch(n.strip())]:
        for key in [n for n in schema if is_id_name(n) and n != parent and schema[n] == schema[parent]]:
            parents = frame[parent].drop_nulls()
            if frame[key].n_unique() != frame.height or parents.is_empty() or parents.n_unique() != parents.len():
                continue
            places = frame.select(pl.col(key)).with_row_index("at")
            at = frame.select(parent).join(places, left_on=parent, right_on=key, how="left", maintain_order="left")[
                "at"
            ]
            own = np.arange(frame.height)
            root = np.where(at.is_null().to_numpy(), own, at.fill_null(0).to_numpy())
            for _ in range(int(frame.height).bit_length()):
                root = root[root]
            rows = _dense(pl.Series(root))
            if _is_log(frame[step], rows):
                return _Trials(rows, key, f"the chain {parent} to {key}")
    return None


def _by_restart(frame: pl.DataFrame, step: str, group: str | None) -> _Trials | None:
    """Cut where the step starts over; believed where some setting changes exactly there, or for one clean log."""
    if any(is_id_name(n) and frame[n].n_unique() > 1 for n in frame.columns) or frame[step].null_count():
        return None
    restarts = (frame[step].diff() < 0).fill_null(False)
    rows = restarts.cast(pl.UInt32).cum_sum()
    if not _is_log(frame[step], rows):
        return None
    starts = pl.DataFrame({"k": rows, "s": frame[step]}).group_by("k").agg(pl.col("s").first())["s"]
    if number((starts == starts.min()).mean()) < _SAME_START:
        return None
    others = [n for n in frame.columns if n not in (step, group)]
    settings = [n for n in constant_columns(frame, rows, others) if frame[n].n_unique() > 1]
    trials = int(number(rows.max())) + 1
    if trials == 1:
        return _Trials(rows, None, "the only log") if _is_single_log(frame, step, group) else None
    if not settings or frame.select(pl.struct(settings).n_unique()).item() < trials / 2:
        return None
    return _Trials(rows, None, f"{step} starting over")


def _is_single_log(frame: pl.DataFrame, step: str, group: str | None) -> bool:
    """Tell whether all rows are one training log: all other columns numbers, the step rising evenly."""
    others = [column for column in frame.iter_columns() if column.name not in (step, group)]
    if any(not column.dtype.is_numeric() and column.null_count() < frame.height for column in others):
        return False
    distinct = frame[step].unique().sort()
    gaps = distinct.diff().drop_nulls()
    if step.lower() in _LOGGED:
        return gaps.len() >= 2 * _FEWEST_STEPS
    even = gaps.len() >= 2 * _FEWEST_STEPS and number((gaps == gaps.mode()[0]).mean()) >= _RISING
    return even and 0 <= float(distinct[0]) <= float(gaps.mode()[0])


def _is_log(steps: pl.Series, rows: pl.Series) -> bool:
    """Tell whether the steps rise within the trials, seldom repeat, and are several in most trials."""
    return _steps_repeat(steps, rows) and _rises(steps, rows)


def _steps_repeat(steps: pl.Series, rows: pl.Series) -> bool:
    """Tell whether most trials have several steps, and seldom the same one twice."""
    frame = pl.DataFrame({"k": rows, "s": steps})
    height = frame.height
    sizes = frame.group_by("k").agg(pl.col("s").n_unique())["s"]
    if sizes.is_empty() or number(sizes.median()) < _FEWEST_STEPS:
        return False
    return sizes.len() == 1 or frame.select(pl.struct("k", "s").n_unique()).item() >= (1 - _DOUBLES) * height


def _rises(steps: pl.Series, rows: pl.Series) -> bool:
    """Tell whether the steps rise within the trials, in the order of the rows."""
    frame = pl.DataFrame({"k": rows, "s": steps})
    rises = frame.select((pl.col("s").diff().over("k") >= 0).drop_nulls().mean()).item()
    return rises is not None and rises >= _RISING


def _has_every_step(steps: pl.Series, rows: pl.Series) -> bool:
    """Tell whether trials have nearly every step between their first and last that others have, or at their own pace.

    The steps at which models were at their best, say, leave gaps of all sizes.
    """
    points = pl.DataFrame({"k": rows, "s": steps}).drop_nulls().unique().sort("k", "s")
    if number(points.group_by("k").len()["len"].median()) < _FEWEST_UNORDERED:
        return False
    ladder = points["s"].unique().sort()
    places = points.with_columns(pl.Series("at", ladder.search_sorted(points["s"])))
    spans = places.group_by("k").agg((pl.col("at").max() - pl.col("at").min() + 1).cast(pl.Int64).alias("span"))
    if points["k"].n_unique() > 1 and points.height >= _RISING * number(spans["span"].sum()):
        return True
    gaps = points.with_columns(pl.col("s").diff().over("k").alias("gap")).drop_nulls("gap")
    even = gaps.group_by("k").agg((pl.col("gap") == pl.col("gap").mode().min()).sum().alias("even"))
    return number(even["even"].sum()) >= _RISING * gaps.height


def _dense(column: pl.Series) -> pl.Series:
    """Number the distinct values from 0 in the order of their first appearance."""
    frame = pl.DataFrame({"v": column})
    first = frame.unique(maintain_order=True).with_row_index("n")
    return frame.join(first, on="v", how="left", nulls_equal=True, maintain_order="left")["n"]


def _varying(frame: pl.DataFrame, row_of: pl.Series, step: str) -> list[str]:
    others = [n for n, dtype in frame.schema.items() if n != step and dtype.is_numeric()]
    constant = set(constant_columns(frame, row_of, others))
    return [n for n in others if n not in constant and not is_id_name(n) and not is_step_name(n)]


def _changing(frame: pl.DataFrame, row_of: pl.Series, names: Sequence[str]) -> list[str]:
    """Return those of the columns that change within more than a few of the trials of several steps.

    A learning rate that one trial was resumed with differently is a setting all the same.
    """
    keyed = frame.select(pl.Series("\0row", row_of), *names)
    long = pl.len() > 1
    counts = keyed.group_by("\0row").agg(long.alias("\0long"), pl.col(names).drop_nulls().n_unique())
    counts = counts.filter("\0long")
    return [n for n in names if number((counts[n] > 1).mean()) > _FEW_TRIALS]


def _take_apart(table: Table, step: str, found: _Trials, metrics: list[str]) -> Table:
    frame = table.frame
    rows = found.row_of.cast(pl.UInt32).alias("_row")
    order = frame.with_columns(rows)
    if not found.in_order:
        order = order.sort("_row", step, maintain_order=True)
    # A trial keeps the first id of its rows and the last of everything else that is no metric.
    rest = [n for n in frame.columns if n not in metrics]
    grouped = order.group_by("_row", maintain_order=True).agg(
        *(pl.col(n).drop_nulls().first() if n == found.id else pl.col(n).drop_nulls().last() for n in rest)
    )
    trials = grouped.sort("_row").drop("_row")
    steps = steps_of(frame[step], rows)
    schema = frame.schema
    moments = [n for n, dtype in schema.items() if isinstance(dtype, pl.Datetime) and kind_of(n) == "clock"]
    moments = [n for n in moments if n not in constant_columns(frame, rows, moments)]
    values = [seconds(n, schema[n]) for n in [*metrics, *moments]]
    # The step stands under a name of its own: a metric may be called so.
    long = pl.DataFrame([rows, steps.values.alias("\0step")]).hstack(frame.select(values))
    long = unpivoted(long, [*metrics, *moments], ["_row", "\0step"]).rename({"\0step": "step"})
    in_order = ordered(long)
    curves = in_order.curves
    kept = {*rest, *metrics}
    trials = with_last_values(trials, curves, metrics).select([n for n in frame.columns if n in kept])
    message = (
        f"the same trial on many rows (told by {found.told_by}): {frame.height:,} rows became {trials.height:,} trials "
        f"with {curves.height:,} curve points of {len(metrics)} metrics over {step}; each trial shows the last value"
    )
    entries = reshaped_entries(message, frame.height, in_order, step, steps)
    return replace(
        table,
        frame=trials,
        ledger=ledger_frame(entries, [moved_ledger(table, rows)]),
        incomplete=frozenset(int(rows[row]) for row in table.incomplete),
        hints=RoleHints(id=found.id, reported=tuple(_changing(frame, rows, metrics))),
        curves=curves,
    )
