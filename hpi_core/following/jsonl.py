"""JSON Lines that grow: records with the same keys and the same kinds of values as those before them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from hpi_core.following.contract import GrowingFormat
from hpi_core.readers.jsonl import Parsed, parse_lines, table_of
from hpi_core.tables.content import Content
from hpi_core.tables.nested import frame_of_records
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table

Record = Mapping[str, object]
# Whole numbers up to this one are floats without loss; the reader keeps columns with larger ones apart.
_EXACT = 2**53


@dataclass(frozen=True)
class GrowingRecords:
    """The records of whole lines so far as a typed frame; `rest` is what stands behind the last line end."""

    name: str
    frame: pl.DataFrame
    lines: int
    blank: int
    end: int
    rest: bytes = b""

    def extend(self, fresh: bytes, progress: Progress, cancelled: Cancelled) -> GrowingRecords | None:
        """Take in appended lines, where their values are of the kinds known and none of them is refused."""
        whole, _, rest = fresh.rpartition(b"\n")
        grown = self
        if whole or fresh.startswith(b"\n"):
            lines = whole.split(b"\n")
            parsed = parse_lines(lines, self.name, progress, cancelled)
            block = self._fitting(parsed)
            if block is None:
                return None
            frame = self.frame.vstack(block)
            grown = replace(self, frame=frame, lines=self.lines + len(lines), blank=self.blank + parsed.blank)
        if rest and self._cut(rest) is None:
            return None
        return replace(grown, end=self.end + len(fresh) - len(rest), rest=rest)

    def table(self) -> Table:
        """Return all records so far; a last one without its line end is incomplete."""
        parsed = self._cut(self.rest) if self.rest else Parsed()
        assert parsed is not None
        frame = self.frame.rechunk() if self.frame.n_chunks() > 1 else self.frame
        if parsed.records:
            last = self._fitting(parsed)
            assert last is not None
            frame = frame.vstack(last)
        refused = [(number + self.lines, what, was) for number, what, was in parsed.refused]
        counted = Parsed(parsed.records, refused, self.blank + parsed.blank, parsed.lists)
        total = self.lines + bool(self.rest)
        return table_of(frame, [], counted, frame.height, total, terminated=not self.rest, complete=False)

    def _cut(self, rest: bytes) -> Parsed | None:
        """Return what the unfinished line holds so far; None where it is whole and of other kinds than the rest."""
        parsed = parse_lines([rest], self.name)
        return parsed if not parsed.records or self._fitting(parsed) is not None else None

    def _fitting(self, parsed: Parsed) -> pl.DataFrame | None:
        """Return records in the types of those before them, where all together would have these types, else None."""
        block = _alike(parsed)
        if block is None or (block.height and block.columns != self.frame.columns):
            return None
        columns = []
        for name, dtype in self.frame.schema.items() if block.height else ():
            column = block[name]
            whole = dtype == pl.Float64 and column.dtype == pl.Int64 and not (column.abs() > _EXACT).any()
            if column.dtype != dtype and column.count() and not whole:
                return None
            columns.append(column.cast(dtype))
        return pl.DataFrame(columns) if columns else self.frame.clear()


def begin(content: Content, options: ReadOptions, progress: Progress, cancelled: Cancelled) -> GrowingRecords | None:
    """Read records that are all alike; None for any others."""
    data = content.bytes()
    if options.complete or data.startswith(b"\xef\xbb\xbf"):
        return None
    whole, _, rest = data.rpartition(b"\n")
    if not whole:
        return None
    lines = whole.split(b"\n")
    parsed = parse_lines(lines, content.name, progress, cancelled)
    frame = _alike(parsed)
    if frame is None or not frame.height:
        return None
    grown = GrowingRecords(content.name, frame, len(lines), parsed.blank, len(data) - len(rest))
    return grown.extend(rest, progress, cancelled) if rest else grown


def _alike(parsed: Parsed) -> pl.DataFrame | None:
    """Return the frame of records whose types those of more records of the same types could not change, else None."""
    if parsed.refused:
        return None
    names = parsed.records[0].keys() if parsed.records else {}
    if any(record.keys() != names for record in parsed.records) or not _of_one_kind(parsed.records):
        return None
    frame, ledger = frame_of_records(parsed.records)
    return frame if ledger.is_empty() else None


def _of_one_kind(records: Sequence[Record]) -> bool:
    """Say whether every column is of one kind of plain values: where kinds mix, all values together decide the type."""
    for name in records[0] if records else ():
        kinds = {type(record[name]) for record in records} - {type(None)}
        if kinds not in (set(), {bool}, {int}, {float}, {str}, {int, float}):
            return False
    return True


FORMAT = GrowingFormat("jsonl", begin)
