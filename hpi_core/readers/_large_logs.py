"""A log of many trials too large to hold, given as the sweep itself: one row per trial and step, in one file.

The head of the file tells its shape as it does of a small one; then its trials are found in one pass over the rows, and
their curves are put in order on disk.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from hpi_core.errors import SourceError
from hpi_core.frames import ROW
from hpi_core.readers._large_text import Choose, plain_text, rows_of
from hpi_core.roles import RoleHints
from hpi_core.tables import large_curves
from hpi_core.tables.content import Content
from hpi_core.tables.large_curves import LargeRows, attach_large, large_parquet
from hpi_core.tables.long_curves import long_curves, metric_and_value
from hpi_core.tables.part import Part
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table, never, silent
from hpi_core.tables.trial_steps import trial_steps
from hpi_core.text import safe

# What tells the shape: rows of a Parquet file, bytes of any other.
_HEAD_ROWS, _HEAD_BYTES = 500_000, 8 << 20
_MOST_METRICS = 500
_AT = "\0at"


def large_log(
    content: Content, label: str, choose: Choose, options: ReadOptions, progress: Progress, cancelled: Cancelled
) -> Part | None:
    """Return the trials of a large log, with curves that stay on disk; None for any other content.

    Raises:
        SourceError: it was replaced meanwhile, or the disk has no room.
        Cancelled: the person asked to stop.
    """
    if content.path is None or options.through is not None or options.encoding or options.separator:
        return None
    rows = large_parquet(content.path, large_curves.LARGE)
    if rows is not None:
        key = _named_by(Table(rows.scan.head(_HEAD_ROWS).collect()))
        found = None if key is None else _trials(rows, key, progress, cancelled)
        return None if found is None else Part(label, "parquet", found)
    with plain_text(content, choose, cancelled) as plain:
        if plain is None:
            return None
        data = plain.content.head(_HEAD_BYTES).rpartition(b"\n")[0] + b"\n"
        try:
            head = plain.reader.read_table(Content(plain.content.name, data=data), options, silent, never)
        except SourceError:
            return None
        key = _named_by(head)
        text = None if key is None else rows_of(plain, options, progress, cancelled)
    if text is None or key is None:
        return None
    found = _trials(text, key, progress, cancelled)
    return None if found is None else Part(label, plain.reader.name, found)


def _named_by(head: Table) -> str | None:
    """Return the column that names the trials of a log that begins so; None where it is no log with names."""
    if any(dtype.is_nested() for dtype in head.frame.schema.values()) or ROW in head.frame.columns:
        return None
    shaped = long_curves(head) or trial_steps(head)
    return None if shaped is None else shaped.hints.id


def _trials(rows: LargeRows, key: str, progress: Progress, cancelled: Cancelled) -> Table | None:
    """Return the trials of the rows, each with its last value of every column and with its curves."""
    progress(f"finding the trials in {safe(rows.name)}", None)
    schema = rows.scan.collect_schema()
    others = [name for name in schema if name != key]
    names = metric_and_value(schema)
    try:
        told = _constants(rows.scan, key, others)
        varying = [name for name in others if told is not None and told[f"\0{name}"].any()]
        last = None if told is None else _with_last(rows.scan, key, told, [] if names else varying)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        last = None  # what is wrong with the file is told by whoever reads it whole
    if last is None:
        if rows.scratch is not None:
            rows.scratch.remove()
        return None
    bare = Table(last.select(key), lines=rows.lines)
    found = attach_large(bare, rows, 0.0, progress, cancelled, shown=_MOST_METRICS)
    if isinstance(found, str):
        return None
    metrics = [name for name in found.frame.columns if name != key]
    kept = [name for name in others if name not in metrics and not (names and name in {*names, *varying})]
    frame = pl.concat([last.select(key, *kept), found.frame.select(metrics)], how="horizontal")
    ordered = [name for name in [*schema, *metrics] if name in frame.columns]
    hints = RoleHints(id=key, metrics=tuple(metrics) if names else ())
    return replace(found, frame=frame.select(list(dict.fromkeys(ordered))), hints=hints)


def _constants(scan: pl.LazyFrame, key: str, others: list[str]) -> pl.DataFrame | None:
    """Return per trial, in the order of the source, a value of every column and whether it has another (`\0` + name).

    None where a row names no trial.
    """
    if key not in scan.collect_schema() or scan.select(pl.col(key).is_null().any()).collect().item():
        return None
    found = scan.with_row_index(_AT).group_by(key).agg(
        pl.col(_AT).min(),
        *(pl.col(name).max() for name in others),
        *((pl.col(name).min() != pl.col(name).max()).alias(f"\0{name}") for name in others),
    )  # fmt: skip
    return found.sort(_AT).collect()


def _with_last(scan: pl.LazyFrame, key: str, told: pl.DataFrame, varying: list[str]) -> pl.DataFrame:
    """Return the values with the last that is there of each column that varies within a trial."""
    if not varying:
        return told
    at = pl.col(_AT)
    present = scan.with_row_index(_AT).group_by(key)
    found = present.agg(pl.col(name).max_by(pl.when(pl.col(name).is_not_null()).then(at)) for name in varying).collect()
    return told.drop(varying).join(found, on=key, how="left", maintain_order="left")
