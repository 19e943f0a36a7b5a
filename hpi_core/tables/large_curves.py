"""Curves in a Parquet file too large to hold: put in order part by part, a range of trials at a time, on disk.

Every part is read from the file with only the rows of its trials, brought into order as smaller files are, and written
to a temporary folder that is removed when the program ends. What is handed on is a lazy frame over the parts.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hpi_core import frames
from hpi_core.tables.curve_files import Match, match_ids, rows_as_points
from hpi_core.tables.curve_frames import ordered
from hpi_core.tables.ledger import Entry
from hpi_core.tables.table import Cancelled, Progress
from hpi_core.tables.trial_steps import is_id_name
from hpi_core.text import safe

# Cells (rows x columns) from which on a file is read in parts, and about how many a part has.
LARGE = 60_000_000
PART = 30_000_000
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []


@dataclass(frozen=True)
class Partitioned:
    """Curves on disk with the schema `frames.CURVES`, sorted, and what the ledger has to say of them."""

    curves: pl.LazyFrame
    entries: tuple[Entry, ...]


def cells(path: Path) -> int:
    """Return rows times columns of a Parquet file; 0 for any other file."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PAR1":
                return 0
        scan = pl.scan_parquet(path)
        return int(scan.select(pl.len()).collect().item()) * len(scan.collect_schema())
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return 0


def partitioned(
    trials: pl.DataFrame, path: Path, least: float, progress: Progress, cancelled: Cancelled, part: int = PART
) -> Partitioned | str:
    """Put the curves of a Parquet file in order on disk; in a phrase, why it holds none of these trials.

    Args:
        trials: the table of trials.
        path: one row per trial and step, or per trial, step and metric.
        least: the share of its trials that must be known.
        progress: told of every part.
        cancelled: asked between parts.
        part: about how many cells to hold at once.
    """
    scan = pl.scan_parquet(path)
    match = _match(trials, scan)
    if match is None or not match.places.height or match.share < least:
        return (
            "no column of it names trials"
            if match is None
            else f"{match.places.height:,} of its ids are those of trials"
        )
    folder = tempfile.TemporaryDirectory(prefix="hpi-curves-")
    _FOLDERS.append(folder)
    pieces = max(1, -(-cells(path) // part))
    size = -(-match.places.height // pieces)
    files, points, replaced, resumed = [], 0, 0, 0
    for number in range(0, match.places.height, size):
        if cancelled():
            break
        progress(f"putting the curves of {safe(path.name)} in order", number / match.places.height)
        rows = scan.filter(_of(match, match.places[number : number + size], scan.collect_schema())).collect()
        found = rows_as_points(trials, rows)
        if isinstance(found, str):
            return found
        in_order = ordered(found[1])
        points, replaced = points + in_order.curves.height, replaced + in_order.replaced
        resumed += in_order.resumed
        file = Path(folder.name) / f"{number:09}.parquet"
        in_order.curves.write_parquet(file, row_group_size=500_000)
        files.append(file)
    message = (
        f"{safe(path.name)} holds the curves of {match.places.height:,} of the {trials.height:,} trials, matched by "
        f"{safe(match.column)}: {points:,} points, put in order in {len(files)} parts on disk"
    )
    entries = [Entry("reshaped", message, count=match.places.height)]
    if replaced:
        message = f"{replaced:,} points were replaced by later ones of the same step ({resumed:,} trials were resumed)"
        entries.append(Entry("resumed" if resumed else "repeated_step", message, count=replaced))
    if unknown := match.ids - match.places.height:
        message = f"curves of {unknown:,} trials that are not in the table were left out"
        entries.append(Entry("unmatched", message, count=unknown))
    return Partitioned(pl.scan_parquet(files).select(frames.CURVES.names()), tuple(entries))


def _match(trials: pl.DataFrame, scan: pl.LazyFrame) -> Match | None:
    """Find the column that names the trials from the distinct values of each that may."""
    best: Match | None = None
    for name, dtype in scan.collect_schema().items():
        if dtype.is_float() or not (is_id_name(name) or name in trials.columns):
            continue
        found = match_ids(trials, scan.select(pl.col(name).unique()).collect())
        if found is not None and (best is None or found.share > best.share):
            best = found
    return best


def _of(match: Match, places: pl.DataFrame, schema: pl.Schema) -> pl.Expr:
    """Select the rows of these trials; whole numbers by their range too, which spares reading whole row groups."""
    column = pl.col(match.column)
    if schema[match.column].is_integer():
        ids = places["id"].cast(pl.Int64)
        return column.is_between(ids.min(), ids.max()) & column.is_in(ids.cast(schema[match.column]).implode())
    return column.cast(pl.String).str.strip_chars().is_in(places["id"].implode())
