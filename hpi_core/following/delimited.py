"""Delimited text that grows: lines appended to a file that the strict path reads exactly.

Only what cannot change any more is kept: the head that decides the layout must be whole, and the types the columns
have shown. A block that does not fit them, or that holds anything the strict path refuses, sends the file back to be
read as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from hpi_core.following.contract import GrowingFormat
from hpi_core.readers.delimited import Prepared, prepare
from hpi_core.tables.content import Content
from hpi_core.tables.strict import StrictTable, cut_cells, is_plain_rest, read_strict
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table

# Appended blocks are kept as chunks of the columns up to this many, then laid end to end.
_CHUNKS = 64


@dataclass(frozen=True)
class GrowingRows:
    """The rows read so far, as the strict path hands them on, with the cells of a last record without a line end."""

    prepared: Prepared
    strict: StrictTable
    end: int

    def extend(self, fresh: bytes, progress: Progress, cancelled: Cancelled) -> GrowingRows | None:
        """Take in appended lines and what stands behind the last of them."""
        lines, _, rest = fresh.rpartition(b"\n")
        if not is_plain_rest(rest):
            return None
        strict = self.strict
        if lines:
            block = self._block(lines + b"\n", progress, cancelled)
            if block is None:
                return None
            strict = _joined(strict, block)
        layout = self.prepared.layout
        strict = replace(strict, cut=cut_cells(rest, layout.dialect, layout.width) if rest else None)
        return GrowingRows(self.prepared, strict, self.end + len(fresh) - len(rest))

    def table(self) -> Table:
        """Return all rows so far, text columns typed by all their cells."""
        return self.prepared.table(self.strict)

    def _block(self, lines: bytes, progress: Progress, cancelled: Cancelled) -> StrictTable | None:
        names = self.prepared.names
        known = {**self.strict.typed.schema, **self.strict.text.schema}
        types: Mapping[str, pl.DataType] = {name: known[name] for name in names}
        layout = replace(self.prepared.layout, first=0)
        block = read_strict(Content("appended", data=lines), layout, names, False, progress, cancelled, types)
        if block is None or block.typed.schema != self.strict.typed.schema:
            return None
        return block


def begin(content: Content, options: ReadOptions, progress: Progress, cancelled: Cancelled) -> GrowingRows | None:
    """Read a file whose head is whole by the strict path; None for any other."""
    if options.complete:
        return None
    prepared = prepare(content, options)
    if prepared.head.whole or not prepared.may_be_strict or not prepared.head.terminated:
        return None
    layout = prepared.layout
    if layout.header_line not in (None, 0):
        return None
    strict = read_strict(content, layout, prepared.names, False, progress, cancelled)
    if strict is None:
        return None
    data = content.bytes()
    return GrowingRows(prepared, strict, data.rfind(b"\n") + 1)


def _joined(strict: StrictTable, block: StrictTable) -> StrictTable:
    typed, text = strict.typed.vstack(block.typed), strict.text.vstack(block.text)
    if max(typed.n_chunks(), text.n_chunks()) > _CHUNKS:
        typed, text = typed.rechunk(), text.rechunk()
    return replace(strict, typed=typed, text=text, rows=strict.rows + block.rows)


FORMAT = GrowingFormat("delimited", begin)
