"""Curves too large to hold: put in order part by part, a range of trials at a time, on disk.

Every part is brought into order as smaller files are, and written to a private folder that is removed when the program
ends. Where the rows of a trial lie far apart they are brought together first, in one pass over the file. What is
handed on is a lazy frame over the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.lines import LineCounts
from hpi_core.numerals import plural
from hpi_core.tables.curve_files import NO_NUMBER, SHOWN, UNNAMED, left_out, of_file, taken, too_few, with_metrics
from hpi_core.tables.curve_frames import Ordered, ordered
from hpi_core.tables.curve_points import Match, Points, match_trials, points_in
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.scratch import Scratch
from hpi_core.tables.table import Cancelled, Progress, Table
from hpi_core.text import safe

# Cells (rows x columns) from which on a file is read in parts, and about how many points a part has.
LARGE = 20_000_000
PART = 4_000_000
# A file whose parts, each read from its first to its last row, come to this many times its rows is partitioned first.
_SCATTERED = 3
_POINT_BYTES = 12
_MOST_COLUMNS = 500
_PARTITION = "_row_part"


@dataclass(frozen=True)
class LargeRows:
    """The rows of a table of curves on disk, in the order of the source.

    Attributes:
        scan: the rows, as typed as a small file's would be.
        name: the file's name.
        ledger: what was repaired in reading it.
        cut: its last row was cut off, and is not among the rows.
        scratch: the folder that the rows lie in where they were brought there, which goes once they are in order.
        still: raises SourceError where the file is no longer the one that was opened.
        lines: where its physical lines went; None where it has none.
    """

    scan: pl.LazyFrame
    name: str
    ledger: pl.DataFrame = field(default_factory=lambda: frames.empty(frames.LEDGER))
    cut: bool = False
    scratch: Scratch | None = None
    still: Callable[[], None] = lambda: None
    lines: LineCounts | None = None


def large_parquet(path: Path, least: int = LARGE) -> LargeRows | None:
    """Return the rows of a Parquet file of more than `least` cells; None for any other file."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PAR1":
                return None
        scan = pl.scan_parquet(path, glob=False)
        width = len(scan.collect_schema())
        if width > _MOST_COLUMNS or scan.select(pl.len()).collect().item() * width <= least:
            return None
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    return LargeRows(scan, path.name, still=unchanged(path))


def unchanged(path: Path) -> Callable[[], None]:
    """Return what raises SourceError once another file stands at `path`, or the same one has changed."""

    def seen() -> tuple[int, ...]:
        found = path.stat()
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    before = seen()

    def still() -> None:
        if not path.exists() or seen() != before:
            raise SourceError(
                f"{safe(path.name)} was replaced or written to while its curves were being read.",
                "Read it again once nothing writes to it.",
            )

    return still


def attach_large(
    table: Table,
    rows: LargeRows,
    least: float,
    progress: Progress,
    cancelled: Cancelled,
    part: int = PART,
    *,
    shown: int = SHOWN,
) -> Table | str:
    """Return the trials with curves that stay on disk, or in a phrase why these are not taken for theirs.

    Args:
        table: the trials.
        rows: one row per trial and step, or per trial, step and metric.
        least: the share of its trials that must be known (always at least one).
        progress: told of every part.
        cancelled: asked between parts.
        part: about how many points to hold at once.
        shown: of how many metrics the trials without any show the last value.

    Raises:
        SourceError: the disk has no room, or the file changed meanwhile.
        Cancelled: the person asked to stop.
    """
    try:
        return _attached(table, rows, least, progress, cancelled, part, shown)
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        rows.still()
        raise SourceError(
            f"The curves in {safe(rows.name)} could not be put in order on disk ({str(error).splitlines()[0][:200]}).",
            "Check the file, and that the disk of temporary files (TMPDIR) has room.",
        ) from error
    finally:
        if rows.scratch is not None:
            rows.scratch.remove()


def _attached(
    table: Table, rows: LargeRows, least: float, progress: Progress, cancelled: Cancelled, part: int, shown: int
) -> Table | str:
    label = safe(rows.name)
    progress(f"matching the curves of {label}", None)
    match = match_trials(table.frame, rows.scan)
    if match is None:
        return UNNAMED
    if not match.places.height or match.share < least:
        return too_few(match)
    points = points_in(match.known(rows.scan), match.column)
    if isinstance(points, str):
        return points
    extent = _extent(rows.scan, match)
    many = int(extent["rows"].sum()) * max(1, len(points.metrics))
    with Scratch(2 * _POINT_BYTES * many, f"Putting the curves of {label} in order") as scratch:
        told = _Told(rows, label, progress, cancelled, many)
        found = _in_order(match, points, extent, scratch.path, part, told)
        if not found.files:
            scratch.remove()
            return NO_NUMBER
    entries = [taken(table, match, found.trials, found.points, label)]
    message = (
        f"{label} is too large to hold: its curves were put in order on disk, in {plural(len(found.files), 'part')}"
    )
    entries += [Entry("reshaped", message, count=len(found.files)), *points.notes, *found.total.entries()]
    entries += left_out(match, label, cut=rows.cut)
    return replace(
        with_metrics(table, pl.concat(found.last), shown),
        ledger=ledger_frame(entries, [table.ledger, of_file(rows.ledger, label)]),
        curves=None,
        scanned=pl.scan_parquet(found.files, glob=False).select(frames.CURVES.names()),
    )


@dataclass(frozen=True)
class _Told:
    """Who is told of the progress, and who may stop it or find the file changed."""

    rows: LargeRows
    label: str
    progress: Progress
    cancelled: Cancelled
    points: int

    def at(self, done: int) -> None:
        if self.cancelled():
            raise ReadingCancelled(f"Reading {self.label} was stopped.")
        self.rows.still()
        self.progress(f"putting the curves of {self.label} in order", min(1.0, done / max(1, self.points)))


@dataclass
class _Parts:
    """The parts so far: files in the order of the trials, the last value of every curve, and what ordering took."""

    files: list[Path] = field(default_factory=list)
    last: list[pl.DataFrame] = field(default_factory=list)
    points: int = 0
    trials: int = 0
    replaced: int = 0
    resumed: int = 0
    unsorted: int = 0
    nowhere: int = 0

    def add(self, found: Ordered, path: Path) -> None:
        self.replaced, self.resumed = self.replaced + found.replaced, self.resumed + found.resumed
        self.unsorted, self.nowhere = self.unsorted + found.unsorted, self.nowhere + found.nowhere
        if found.curves.is_empty():
            return
        self.points, self.trials = self.points + found.curves.height, self.trials + found.curves[frames.ROW].n_unique()
        self.last.append(found.curves.group_by(frames.ROW, "metric", maintain_order=True).last())
        found.curves.write_parquet(path, compression="lz4", row_group_size=500_000)
        self.files.append(path)

    @property
    def total(self) -> Ordered:
        return Ordered(pl.DataFrame(schema=frames.CURVES), self.replaced, self.resumed, self.unsorted, self.nowhere)


def _extent(scan: pl.LazyFrame, match: Match) -> pl.DataFrame:
    """Return per known trial, in their order, how many rows it has, and the first and the last of them in the file."""
    at = pl.col("\0at")
    positions = scan.select(match.column).with_row_index("\0at").group_by(match.column)
    found = positions.agg(pl.len().alias("rows"), at.min().alias("begin"), at.max().alias("end"))
    return match.known(found).sort(frames.ROW).collect()


def _in_order(match: Match, points: Points, extent: pl.DataFrame, folder: Path, part: int, told: _Told) -> _Parts:
    """Write the curves in order, part by part."""
    scan = told.rows.scan.select(list(dict.fromkeys([match.column, *points.columns])))
    bounds = _bounds(extent["rows"].to_numpy() * max(1, len(points.metrics)), part)
    spans = [
        extent[first:until].select(pl.col("begin").min(), pl.col("end").max() + 1).row(0) for first, until in bounds
    ]
    reading = sum(end - begin for begin, end in spans)
    if reading <= _SCATTERED * max(1, int(extent["rows"].sum())):
        pieces = _slices(scan, match, extent, bounds, spans)
    else:
        told.progress(f"bringing together the rows of each trial of {told.label}", None)
        pieces = _partitions(match.known(scan), extent, bounds, folder)
    parts = _Parts()
    for number, rows in enumerate(pieces):
        told.at(parts.points)
        parts.add(ordered(points.of(rows)), folder / f"{number:06}.parquet")
    told.at(told.points)
    return parts


def _bounds(sizes: np.ndarray[tuple[int, ...], np.dtype[np.int64]], part: int) -> list[tuple[int, int]]:
    """Cut trials of so many points each into ranges of about `part` points, at least one trial in each."""
    ends = np.cumsum(sizes, dtype=np.int64)
    bounds: list[tuple[int, int]] = []
    first = 0
    while first < ends.size:
        before = int(ends[first - 1]) if first else 0
        until = max(first + 1, int(np.searchsorted(ends, before + part, side="right")))
        bounds.append((first, until))
        first = until
    return bounds


def _slices(
    scan: pl.LazyFrame,
    match: Match,
    extent: pl.DataFrame,
    bounds: Sequence[tuple[int, int]],
    spans: Sequence[tuple[int, int]],
) -> Iterator[pl.DataFrame]:
    """Yield the rows of each range of trials, which lie close together in the file."""
    for (first, until), (begin, end) in zip(bounds, spans, strict=True):
        known = match.known(scan.slice(begin, end - begin))
        low, high = extent[frames.ROW][first], extent[frames.ROW][until - 1]
        yield known.filter(pl.col(frames.ROW).is_between(low, high)).collect()


def _partitions(
    keyed: pl.LazyFrame, extent: pl.DataFrame, bounds: Sequence[tuple[int, int]], folder: Path
) -> Iterator[pl.DataFrame]:
    """Yield the rows of each range of trials, which lie all over the file: one pass writes each range by itself."""
    sizes = [until - first for first, until in bounds]
    parts = pl.Series(_PARTITION, np.repeat(np.arange(len(bounds)), sizes), dtype=pl.UInt32)
    numbered = keyed.join(extent.lazy().select(frames.ROW, parts), on=frames.ROW, how="left", maintain_order="left")
    target = folder / "together"
    scheme = pl.PartitionBy(target, key=_PARTITION, include_key=False)
    numbered.sink_parquet(scheme, compression="lz4", mkdir=True, maintain_order=True)
    for number in range(len(bounds)):
        files = sorted((target / f"{_PARTITION}={number}").iterdir())
        yield pl.scan_parquet(files, glob=False).collect()
        for file in files:
            file.unlink()
