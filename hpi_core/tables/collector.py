"""Rows of text on their way into a frame, and the lines of the file that became something else, each counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from hpi_core.lines import LineCounts
from hpi_core.tables.layout import Layout
from hpi_core.tables.ledger import QUOTED, Entry
from hpi_core.tables.records import Record

_CHUNK = 20_000
# Rows kept back from the frame: the last ones may turn out to be footers.
_FOOTERS_AT_MOST = 5
# Entries of one kind that are listed one by one; the rest stands in one entry with a count.
_LISTED = {"stray_quote": 5}
_LISTED_OTHERWISE = 1_000


@dataclass
class TextTable:
    """Cells as text: `frame` has String columns `names`, `lines` the 1-based line each row starts on.

    `cut` holds the cells of a last record that was cut off (not in `frame`), `cut_line` its line.
    """

    frame: pl.DataFrame
    names: list[str]
    lines: pl.Series
    counts: LineCounts
    entries: list[Entry]
    cut: list[str] | None = None
    cut_line: int = 0


@dataclass
class Collector:
    """Rows on their way into the frame, chunk by chunk, with the lines that became something else."""

    names: list[str]
    layout: Layout
    chunks: list[pl.DataFrame] = field(default_factory=list)
    cells: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    spans: list[int] = field(default_factory=list)
    taken: int = 0
    blank: int = 0
    comments: int = 0
    headers: int = 0
    refused: int = 0
    record_lines: int = 0
    all_lines: list[pl.Series] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    listed: Counter[str] = field(default_factory=Counter)
    unlisted: dict[str, Entry] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows so far."""
        return self.taken + len(self.cells)

    def add(self, record: Record, cells: list[str]) -> None:
        """Take a record as a row."""
        self.cells.append(cells)
        self.lines.append(record.line)
        self.spans.append(record.span)
        if len(self.cells) >= _CHUNK + _FOOTERS_AT_MOST:
            self.flush(_CHUNK)

    def add_run(self, frame: pl.DataFrame, line: int) -> None:
        """Take lines that are a row each, the first of them `line` (1-based), as rows below those so far."""
        self.flush(len(self.cells))
        self.chunks.append(frame)
        self.all_lines.append(pl.int_range(line, line + frame.height, dtype=pl.UInt32, eager=True).alias("line"))
        self.record_lines += frame.height
        self.taken += frame.height

    def note(self, entry: Entry) -> None:
        """Keep an entry; of a kind with many of them, one that counts the rest."""
        self.listed[entry.kind] += 1
        if self.listed[entry.kind] <= _LISTED.get(entry.kind, _LISTED_OTHERWISE):
            self.entries.append(entry)
            return
        before = self.unlisted.get(entry.kind)
        count = entry.count + (before.count if before else 0)
        first = before.line if before else entry.line
        message = f"{count:,} more from line {first:,} on, such as: {entry.message}"
        self.unlisted[entry.kind] = Entry(entry.kind, message, line=first, count=count)

    def refuse(self, record: Record, message: str, text: str) -> None:
        """Take a record for no row, and say why."""
        self.refused += record.span
        self.note(
            Entry("refused", message, line=record.line, was=text[:QUOTED], became="not a trial", count=record.span)
        )

    def flush(self, count: int) -> None:
        """Move the first `count` waiting rows into the frame."""
        rows, self.cells = self.cells[:count], self.cells[count:]
        if rows:
            columns = zip(*rows, strict=True)
            self.chunks.append(
                pl.DataFrame([pl.Series(n, c, dtype=pl.String) for n, c in zip(self.names, columns, strict=True)])
            )
        self.all_lines.append(pl.Series("line", self.lines[:count], dtype=pl.UInt32))
        self.record_lines += sum(self.spans[:count])
        self.lines, self.spans = self.lines[count:], self.spans[count:]
        self.taken += len(rows)
