"""The curves of a table of trials that lie in another table: which of its columns name the trials, and what they are.

The columns that name trials are found by their values: those of the curves that most often stand in a column of the
trials where each value stands once. Long (`trial, step, metric, value`), wide (`trial, step, loss, …`), steps as
columns (`trial, loss_0, loss_1, …`) and trials as columns (`step, trial 1, trial 2, …`) are understood.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from hpi_core import frames
from hpi_core.roles.names import parse
from hpi_core.tables.chart_export import runs_as_columns
from hpi_core.tables.curve_frames import ordered, with_last_values
from hpi_core.tables.curve_points import VALUE, Match, match_trials, points_in
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.table import Table
from hpi_core.text import safe

# What is found beside a source is taken for its curves where at least this share of its trials is known.
ENOUGH = 0.5
# Of how many metrics the trials that have none show the last value.
SHOWN = 50
# Curves are of the metric that they end at where that many trials, and this share of them, have it so.
_FEWEST_ENDS, _NEARLY_ALL = 3, 0.9
UNNAMED = "no column of it names trials"
NO_NUMBER = "it holds no number over steps"


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
    shaped = curves if curves.curves is not None else runs_as_columns(whole)
    found = _of_shaped(table.frame, shaped) if shaped is not None else None
    if found is None:
        rows = _of_rows(table.frame, whole.frame, label)
        if isinstance(rows, str):
            return rows
        found = rows
    match, long, notes = found
    if not match.places.height or match.share < least:
        return too_few(match)
    in_order = ordered(long)
    if in_order.curves.is_empty():
        return NO_NUMBER
    with_curves, points = in_order.curves[frames.ROW].n_unique(), in_order.curves.height
    entries = [taken(table, match, with_curves, points, label), *notes, *in_order.entries()]
    entries += left_out(match, label, cut=bool(curves.incomplete))
    return replace(
        with_metrics(table, in_order.curves),
        ledger=ledger_frame(entries, [table.ledger, of_file(curves.ledger, label)]),
        curves=_together(table.curves, in_order.curves),
    )


def _of_shaped(trials: pl.DataFrame, shaped: Table) -> tuple[Match, pl.DataFrame, list[Entry]] | None:
    """Take curves that are apart already: `shaped` has one row per trial."""
    assert shaped.curves is not None
    match = match_trials(trials, shaped.frame.lazy(), shaped.hints.id)
    if match is None:
        return None
    known = shaped.frame.select(match.column).with_row_index("_from")
    row_of = match.known(known.lazy()).select(frames.ROW, "_from").collect()
    long = shaped.curves.rename({frames.ROW: "_from"}).join(row_of, on="_from", how="inner", maintain_order="left")
    return match, long.select(frames.CURVES.names()), []


def _of_rows(trials: pl.DataFrame, frame: pl.DataFrame, label: str) -> tuple[Match, pl.DataFrame, list[Entry]] | str:
    """Take rows or columns that are steps: the match, the points, notes; or in a phrase why there are none."""
    match = match_trials(trials, frame.lazy())
    if match is None:
        return UNNAMED
    keyed = match.known(frame.lazy()).collect()
    if keyed.is_empty():
        return match, pl.DataFrame(schema=frames.CURVES), []
    points = points_in(keyed.lazy(), match.column)
    if isinstance(points, str):
        return points
    if any(not metric for metric, _ in points.ladder.values()) and not points.names:
        points = replace(points, unnamed=_metric_of(trials, points.of(keyed), label))
    return match, points.of(keyed), list(points.notes)


def _metric_of(trials: pl.DataFrame, long: pl.DataFrame, label: str) -> str:
    """Return what curves without a name are of: what their file is called, a metric that they end at, else `value`."""
    stem = label.split(".")[0]
    if parse(stem).metric is not None:
        return stem
    points = long.filter(pl.col("metric") == VALUE).drop_nulls("value").sort(frames.ROW, "step")
    last = points.group_by(frames.ROW, maintain_order=True).last()
    ends = trials.with_row_index(frames.ROW).join(last.select(frames.ROW, "value"), on=frames.ROW).drop(frames.ROW)
    for name, dtype in trials.schema.items():
        if not dtype.is_numeric() or parse(name).metric is None or ends.height < _FEWEST_ENDS:
            continue
        own, end = ends[name].cast(pl.Float64), ends["value"]
        if float(((own - end).abs() <= 1e-6 * end.abs()).fill_null(value=False).mean() or 0.0) >= _NEARLY_ALL:  # type: ignore[arg-type]
            return name
    return VALUE


def _without_incomplete(table: Table) -> Table:
    """Leave out the record that was cut off: half a number is another number."""
    if not table.incomplete:
        return table
    kept = [row for row in range(table.frame.height) if row not in table.incomplete]
    return replace(table, frame=table.frame[kept])


def too_few(match: Match) -> str:
    """Say in a phrase that a table holds the curves of other trials."""
    return f"{match.places.height:,} of its {match.ids:,} ids are those of trials"


def taken(table: Table, match: Match, with_curves: int, points: int, label: str) -> Entry:
    """Return what the ledger says of curves that belong to `with_curves` of the trials."""
    total = table.frame.height
    rest = f"; {total - with_curves:,} trials have none" if with_curves < total else ""
    named = f"{match.column} as {match.named}" if match.column != match.named else match.column
    named += " as whole numbers" if match.as_numbers else ""
    message = (
        f"{label} holds the curves of {with_curves:,} of the {total:,} trials, matched by {safe(named)}: "
        f"{points:,} points{rest}"
    )
    return Entry("reshaped", message, count=with_curves)


def left_out(match: Match, label: str, *, cut: bool) -> list[Entry]:
    """Return what the ledger says of a last row that was cut off, and of curves of unknown trials."""
    entries = []
    if cut:
        message = f"the last row of {label} was cut off: its values stand in no curve"
        entries.append(Entry("incomplete_step", message))
    if unknown := match.ids - match.places.height:
        message = f"curves of {unknown:,} trials in {label} that are not in the table were left out"
        entries.append(Entry("unmatched", message, count=unknown))
    return entries


def of_file(ledger: pl.DataFrame, label: str) -> pl.DataFrame:
    """Return the ledger of a file of curves as a part of that of the trials: its rows are no trials."""
    return ledger.with_columns(
        pl.lit(None, pl.UInt32).alias("row"), pl.concat_str(pl.lit(f"{label}: "), pl.col("message")).alias("message")
    )


def with_metrics(table: Table, curves: pl.DataFrame, most: int = SHOWN) -> Table:
    """Where the trials have no metric of their own, show the last value of every curve, of `most` metrics."""
    trials = table.frame
    if any((m := parse(name).metric) is not None and m.direction for name in trials.columns):
        return table
    names = [n for n in curves["metric"].unique().sort().to_list() if n not in trials.columns][:most]
    hints = replace(table.hints, reported=(*table.hints.reported, *names))
    return replace(table, frame=with_last_values(trials, curves, names), hints=hints)


def _together(first: pl.DataFrame | None, second: pl.DataFrame) -> pl.DataFrame:
    """Return both; where both have a point, that of the second."""
    return second if first is None else ordered(pl.concat([first, second])).curves
