"""Delimited text too large to hold: each piece is read as a small file is, and its cells typed over all of them."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, replace

import polars as pl

from hpi_core.errors import SourceError
from hpi_core.lines import LineCounts
from hpi_core.readers._pieces import Reading
from hpi_core.readers.delimited import Prepared, cut_entry, lines_of
from hpi_core.tables.cells import type_cut_row
from hpi_core.tables.collector import TextTable
from hpi_core.tables.content import Content
from hpi_core.tables.encoding import Decoded, decode
from hpi_core.tables.large_cells import LargeCells
from hpi_core.tables.large_curves import LargeRows
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.scratch import Scratch
from hpi_core.tables.strict import read_strict
from hpi_core.tables.table import silent
from hpi_core.tables.tolerant import read_tolerant
from hpi_core.text import safe


@dataclass(frozen=True)
class _Piece:
    """Whole lines of a file (the last piece may end in a part of one); `line` counts the lines before them."""

    data: bytes
    line: int
    last: bool


def rows_of_cells(reading: Reading, prepared: Prepared, scratch: Scratch) -> LargeRows:
    """Return the records of a large file that begins so.

    Raises:
        SourceError: it holds none.
    """
    encoding = _encoding(reading)
    cells = LargeCells(scratch.path, prepared.decimal_comma)
    reading.entries += prepared.entries
    head = [line.encode(encoding) for line in prepared.head.lines[: prepared.layout.first]]
    above = b"".join(line + b"\n" for line in head)
    cut: tuple[list[str], int] | None = None
    rest, lines, rows = b"", 0, 0
    counts = LineCounts()
    for data, last in reading.pieces():
        piece = _Piece(rest + data, lines, last)
        text, rest = _text(piece, above, encoding, prepared, reading)
        reading.entries += _moved(text.entries, prepared.layout.first, lines)
        if text.frame.height:
            offset = lines - prepared.layout.first if lines else 0
            cells.add(text.frame, (text.lines.cast(pl.Int64) + offset).cast(pl.UInt32))
        rows += text.frame.height
        if text.cut is not None and not rest:
            cut = text.cut, text.cut_line + (lines - prepared.layout.first if lines else 0)
        counts += text.counts if not lines else _below(text.counts, counts, prepared.layout.first)
        lines += text.counts.total - (prepared.layout.first if lines else 0)
    reading.progress(f"reading the cells of {safe(reading.content.name)}", None)
    typed = cells.typed()
    if cut is not None:
        empty = pl.read_parquet(typed.files[0], n_rows=0) if typed.files else pl.DataFrame()
        _, lost = type_cut_row(cut[0], empty, typed.styles) if typed.files else (empty, [])
        reading.entries.append(cut_entry(rows, cut[1], lost))
    if not typed.files:
        raise SourceError(f"{reading.content.name} has a header but no rows.", "It may still be being written.")
    ledger = ledger_frame([*_summed(reading.entries), *typed.entries], [*reading.ledgers, *typed.ledgers])
    scan = pl.scan_parquet(typed.files, glob=False)
    return LargeRows(scan, reading.content.name, ledger, cut is not None, scratch, lines=counts)


def _below(piece: LineCounts, before: LineCounts, head: int) -> LineCounts:
    """Return the counts of a later piece without its `head` lines, which are those of the file and counted."""
    blank = head - before.header - before.preamble
    return LineCounts(blank=piece.blank - blank, record=piece.record, refused=piece.refused)


def _text(piece: _Piece, above: bytes, encoding: str, prepared: Prepared, reading: Reading) -> tuple[TextTable, bytes]:
    """Return the cells of a piece, and those of its last lines that begin a record which goes on in the next."""
    complete = reading.options.complete or not piece.last
    data = above + piece.data if piece.line else piece.data
    layout, names = prepared.layout, prepared.names
    if encoding == "utf-8":
        content = Content(reading.content.name, data=data)
        types = dict.fromkeys(names, pl.String())
        found = read_strict(content, layout, names, complete, silent, reading.cancelled, types)
        if found is not None:
            start = layout.first + 1
            lines = pl.int_range(start, start + found.rows, dtype=pl.UInt32, eager=True)
            counts = LineCounts(header=layout.first, record=found.rows + (found.cut is not None))
            return TextTable(found.text, names, lines, counts, [], found.cut, start + found.rows), b""
    split, terminated, more = lines_of(_decoded(data, encoding))
    reading.entries += more
    text = read_tolerant(
        split, terminated, layout, names, reading.options.complete, silent, reading.cancelled, more=not piece.last
    )
    if piece.last or text.cut is None:
        return text, b""
    open_lines = split[text.cut_line - 1 :]
    # The record that is still open is counted with the next piece, where it ends.
    counted = replace(text.counts, record=text.counts.record - len(open_lines))
    return replace(text, counts=counted), "".join(line + "\n" for line in open_lines).encode(encoding)


def _decoded(data: bytes, encoding: str) -> Decoded:
    """Decode a piece; a character cut in two at its very end is dropped."""
    try:
        return Decoded(data.decode(encoding).removeprefix("\ufeff"), encoding)
    except UnicodeDecodeError:
        text = codecs.getincrementaldecoder(encoding)("replace").decode(data).removeprefix("\ufeff")
        return Decoded(text, encoding, replaced=text.count("\ufffd"))


def _encoding(reading: Reading) -> str:
    """Return the encoding that all of the file is in, by the rules of a small file, and say so where it is no UTF-8."""
    broken = sound = 0
    guess = ""
    for data, _ in reading.pieces():
        if data.isascii():
            continue
        text = data.decode("utf-8", "replace")
        signs = text.count("\ufffd")
        broken, sound = broken + signs, sound + len(text) - len(text.encode("ascii", "ignore")) - signs
        guess = guess or (decode(data).encoding if signs else "")
    if not broken or guess == "utf-8" or sound > broken:
        return "utf-8"
    message = f"the file is not UTF-8: it was read as {guess}"
    reading.entries.append(Entry("encoding", message, became=guess))
    return guess


def _moved(entries: list[Entry], above: int, lines: int) -> list[Entry]:
    """Return the entries of a piece with the lines of the file; those of the head, which stands above each, once."""
    return (
        [
            entry if entry.line is None else replace(entry, line=entry.line + lines - above)
            for entry in entries
            if not lines or entry.line is None or entry.line > above
        ]
        if lines
        else entries
    )


def _summed(entries: list[Entry]) -> list[Entry]:
    """Return the entries with those that count characters of a piece as one of the whole file."""
    sums = ("broken characters became \ufffd", "zero bytes were taken out")
    out: list[Entry] = []
    for words in sums:
        counted = [entry for entry in entries if entry.message.endswith(words)]
        if counted:
            total = sum(entry.count for entry in counted)
            out.append(replace(counted[0], message=f"{total} {words}", count=total))
    return [entry for entry in entries if not entry.message.endswith(sums)] + out
