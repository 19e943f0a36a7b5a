"""The curves of a table of trials that lie in another table: which of its columns name the trials, and what they are.

The columns that name trials are found by their values: those of the curves that most often stand in a column of the
trials where each value stands once. Long (`trial, step, metric, value`), wide (`trial, step, loss, …`), steps as
columns (`trial, loss_0, loss_1, …`) and trials as columns (`step, trial 1, trial 2, …`) are understood.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from hpi_core import frames
from hpi_core.roles.names import parse
from hpi_core.tables.chart_export import runs_as_columns
from hpi_core.tables.curve_frames import is_step_name, ordered, step_columns, steps_of, with_last_values
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.long_curves import metric_and_value
from hpi_core.tables.table import Table
from hpi_core.tables.trial_steps import is_id_name
from hpi_core.tables.wide_steps import steps_as_columns
from hpi_core.text import safe

# What is found beside a source is taken for its curves where at least this share of its trials is known.
ENOUGH = 0.5
_POSITIONS = ("idx", "index", "position", "i", "n")
_ROWS = "row number"


@dataclass(frozen=True)
class Match:
    """The column of the curves that names the trials, and the trial of every id in it.

    `places` has the columns `id` (String) and `_row`; `ids` counts the distinct ids of the curves.
    """

    column: str
    named: str
    places: pl.DataFrame
    ids: int

    @property
    def share(self) -> float:
        """The share of the ids of the curves that are those of trials."""
        return self.places.height / self.ids if self.ids else 0.0


def attach(table: Table, curves: Table, label: str, *, least: float = 0.0) -> Table | str:
    """Return the trials with the curves of another table, or in a phrase why it is not taken for their curves.

    Args:
        table: the trials.
        curves: the other table, as its file was read.
        label: its short name for the ledger.
        least: the share of its trials that must be known (always at least one).
    """
    label = safe(label)
    whole = _without_incomplete(curves)
    shaped = curves if curves.curves is not None else runs_as_columns(whole) or steps_as_columns(whole)
    found = _of_shaped(table.frame, shaped) if shaped is not None else None
    if found is None:
        rows = rows_as_points(table.frame, whole.frame)
        if isinstance(rows, str):
            return rows
        found = rows
    match, long, notes = found
    if not match.places.height or match.share < least:
        return f"{match.places.height:,} of its {match.ids:,} ids are those of trials"
    in_order = ordered(long)
    if in_order.curves.is_empty():
        return "it holds no number over steps"
    entries = [_taken(table, match, in_order.curves, label), *notes, *in_order.entries()]
    if curves.incomplete:
        message = f"the last row of {label} was cut off: its values stand in no curve"
        entries.append(Entry("incomplete_step", message, count=len(curves.incomplete)))
    unknown = match.ids - match.places.height
    if unknown:
        message = f"curves of {unknown:,} trials in {label} that are not in the table were left out"
        entries.append(Entry("unmatched", message, count=unknown))
    ledger = curves.ledger.with_columns(
        pl.lit(None, pl.UInt32).alias("row"), pl.concat_str(pl.lit(f"{label}: "), pl.col("message")).alias("message")
    )
    frame = _with_metrics(table.frame, in_order.curves)
    return replace(
        table,
        frame=frame,
        ledger=ledger_frame(entries, [table.ledger, ledger]),
        curves=_together(table.curves, in_order.curves),
    )


def match_ids(trials: pl.DataFrame, curves: pl.DataFrame, hinted: str | None = None) -> Match | None:
    """Find the column of `curves` that names trials; None where no column can."""
    names = [n for n, dtype in curves.schema.items() if _can_name(dtype)]
    names.sort(key=lambda n: (n != hinted, n not in trials.columns, not is_id_name(n)))
    best: Match | None = None
    for name in names:
        if name != hinted and name not in trials.columns and not is_id_name(name):
            continue
        ids = _text(curves[name]).drop_nulls().unique()
        for own in _naming(trials, name):
            known = pl.DataFrame({"id": _text(trials[own])}).with_row_index(frames.ROW)
            places = known.filter(pl.col("id").is_in(ids.implode()))
            match = Match(name, own, places, ids.len())
            if best is None or match.share > best.share:
                best = match
    return best


def match_rows(trials: pl.DataFrame, curves: pl.DataFrame) -> Match | None:
    """Take an id of whole numbers for the number of the trial's row, where the trials have no id of their own."""
    if any(is_id_name(name) for name in trials.columns):
        return None
    for name, dtype in curves.schema.items():
        if is_id_name(name) and _can_name(dtype):
            rows = pl.DataFrame({frames.ROW: pl.int_range(trials.height, dtype=pl.UInt32, eager=True)})
            ids = _text(curves[name]).drop_nulls().unique()
            places = rows.with_columns(pl.col(frames.ROW).cast(pl.String).alias("id")).filter(
                pl.col("id").is_in(ids.implode())
            )
            return Match(name, _ROWS, places, ids.len())
    return None


def _can_name(dtype: pl.DataType) -> bool:
    return dtype == pl.String or dtype.is_integer() or isinstance(dtype, (pl.Categorical, pl.Enum))


def _naming(trials: pl.DataFrame, name: str) -> list[str]:
    """Return the columns of the trials that may hold the same ids: of the same name, or any that names trials."""
    chosen = [name] if name in trials.columns else [n for n in trials.columns if is_id_name(n)]
    return [
        n
        for n in chosen
        if (_can_name(trials.schema[n]) or trials.schema[n].is_float())
        and trials[n].drop_nulls().n_unique() == trials[n].drop_nulls().len()
    ]


def _text(ids: pl.Series) -> pl.Series:
    """Return ids as text; whole numbers that only missing values made floats are written without `.0`."""
    if ids.dtype.is_float():
        ids = ids.cast(pl.Int64, strict=False)
    return ids.cast(pl.String).str.strip_chars()


def _of_shaped(trials: pl.DataFrame, shaped: Table) -> tuple[Match, pl.DataFrame, list[Entry]] | None:
    """Take curves that are apart already: `shaped` has one row per trial."""
    assert shaped.curves is not None
    match = match_ids(trials, shaped.frame, shaped.hints.id) or match_rows(trials, shaped.frame)
    if match is None:
        return None
    row_of = _text(shaped.frame[match.column]).to_frame("id").with_row_index("_from")
    row_of = row_of.join(match.places, on="id", how="inner")
    long = shaped.curves.rename({frames.ROW: "_from"}).join(row_of, on="_from", how="inner", maintain_order="left")
    return match, long.select(frames.CURVES.names()), []


def rows_as_points(trials: pl.DataFrame, frame: pl.DataFrame) -> tuple[Match, pl.DataFrame, list[Entry]] | str:
    """Take one row per step, or per step and metric: the match, the points, notes; or why there are none."""
    match = match_ids(trials, frame) or match_rows(trials, frame)
    if match is None:
        return "no column of it names trials"
    keyed = frame.with_columns(_text(frame[match.column]).alias("id"))
    keyed = keyed.join(match.places, on="id", how="inner", maintain_order="left").drop("id")
    if keyed.is_empty():
        return match, pl.DataFrame(schema=frames.CURVES), []
    step, notes = steps_in(keyed, match.column)
    names = metric_and_value(frame)
    if names is not None:
        long = keyed.select(
            frames.ROW, pl.col(names[0]).cast(pl.String).alias("metric"), step, pl.col(names[1]).alias("value")
        ).drop_nulls("metric")
        return match, long, notes
    metrics = metrics_of(keyed, match.column)
    if not metrics:
        return "it has no column of numbers beside ids and steps"
    long = keyed.select(frames.ROW, step, pl.col(metrics).cast(pl.Float64)).unpivot(
        metrics, index=[frames.ROW, "step"], variable_name="metric", value_name="value"
    )
    return match, long, notes


def steps_in(frame: pl.DataFrame, key: str) -> tuple[pl.Series, list[Entry]]:
    """Return the step of every row: a column of steps, of positions or of times, else the order of the rows."""
    rows = frame[frames.ROW]
    numeric = [n for n in step_columns(frame) if n != key]
    numeric += [n for n in frame.columns if n.lower() in _POSITIONS and frame.schema[n].is_integer() and n != key]
    if numeric:
        steps = steps_of(frame[numeric[0]], rows)
        return steps.values.alias("step"), [Entry("steps", steps.note, column=numeric[0])] if steps.note else []
    for name in [n for n in frame.columns if is_step_name(n) and frame.schema[n] == pl.String]:
        numbers = frame[name].str.strip_chars().cast(pl.Float64, strict=False)
        if numbers.null_count() == frame[name].null_count():
            steps = steps_of(numbers.alias(name), rows)
            return steps.values.alias("step"), [Entry("steps", steps.note or "numbers written as text", column=name)]
    times = [n for n, dtype in frame.schema.items() if dtype.is_temporal()]
    order = pl.DataFrame({"row": rows, "time": frame[times[0]]}) if times else None
    if order is not None:
        ranked = order.select(pl.col("time").rank("dense").over("row").cast(pl.Int64) - 1).to_series()
        return ranked.alias("step"), [Entry("steps", "steps are the order of its times", column=times[0])]
    index = frame.select(pl.int_range(pl.len(), dtype=pl.Int64).over(frames.ROW).alias("step")).to_series()
    return index, [Entry("steps", "there is no column of steps: steps are the order of the rows")]


def metrics_of(frame: pl.DataFrame, key: str) -> list[str]:
    """Return the columns of numbers that are neither ids nor steps and change within a trial."""
    names = [
        n
        for n, dtype in frame.schema.items()
        if dtype.is_numeric() and n not in (frames.ROW, key) and not is_step_name(n) and n.lower() not in _POSITIONS
    ]
    if not names:
        return []
    changing = frame.group_by(frames.ROW).agg(pl.col(names).drop_nulls().n_unique()).select(pl.col(names).max())
    measured = [n for n in names if parse(n).metric is not None and not is_id_name(n)]
    return [n for n in names if changing[n][0] > 1 or n in measured]


def _without_incomplete(table: Table) -> Table:
    """Leave out the record that was cut off: half a number is another number."""
    if not table.incomplete:
        return table
    kept = [row for row in range(table.frame.height) if row not in table.incomplete]
    return replace(table, frame=table.frame[kept])


def _taken(table: Table, match: Match, curves: pl.DataFrame, label: str) -> Entry:
    with_curves = curves[frames.ROW].n_unique()
    total = table.frame.height
    rest = f"; {total - with_curves:,} trials have none" if with_curves < total else ""
    named = f"{match.column} as {match.named}" if match.column != match.named else match.column
    message = (
        f"{label} holds the curves of {with_curves:,} of the {total:,} trials, matched by {safe(named)}: "
        f"{curves.height:,} points{rest}"
    )
    return Entry("reshaped", message, count=with_curves)


def _with_metrics(trials: pl.DataFrame, curves: pl.DataFrame) -> pl.DataFrame:
    """Where the trials have no metric of their own, show the last value of every curve."""
    if any((m := parse(name).metric) is not None and m.direction for name in trials.columns):
        return trials
    names = [n for n in curves["metric"].unique().sort().to_list() if n not in trials.columns]
    return with_last_values(trials, curves, names[:50])


def _together(first: pl.DataFrame | None, second: pl.DataFrame) -> pl.DataFrame:
    """Return both; where both have a point, that of the second."""
    return second if first is None else ordered(pl.concat([first, second])).curves
