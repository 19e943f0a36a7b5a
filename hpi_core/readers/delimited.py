"""Delimited text: CSV, TSV and their many cousins, and Markdown tables, however dirty.

A strict path (polars, typed, fast) is taken where the file proves to fit exactly; else a tolerant path reads it record
by record. Either way every physical line is counted as header, blank, preamble, record or refused, every record is a
row, and every repair is an entry of the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

import polars as pl

from hpi_core.errors import Cancelled, SourceError
from hpi_core.lines import LineCounts
from hpi_core.readers.contract import Reader
from hpi_core.tables.cells import Typed, type_columns, type_cut_row
from hpi_core.tables.collector import TextTable
from hpi_core.tables.content import Content
from hpi_core.tables.encoding import Decoded, decode
from hpi_core.tables.foreign import refuse_foreign
from hpi_core.tables.layout import Head, Layout, lay_out, read_head
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.names import unique_names
from hpi_core.tables.records import physical_lines
from hpi_core.tables.strict import StrictTable, read_strict
from hpi_core.tables.table import Cancelled as AskCancelled
from hpi_core.tables.table import Progress, ReadOptions, Table
from hpi_core.tables.tolerant import read_tolerant

_CERTAIN = frozenset({".csv", ".tsv", ".tab", ".psv"})
_ENDINGS = _CERTAIN | {".txt", ".dat", ".md", ".data", ".log"}


def claims(name: str, head: bytes) -> int:
    """Say from its name and first bytes how surely a file is delimited text, 0 to 100."""
    known = PurePath(name).suffix.lower() in _ENDINGS
    if head.lstrip()[:1] in (b"{", b"["):
        return 3
    try:
        refuse_foreign(head, name)
    except SourceError:
        # Not a table, but the refusal of this reader names what it is.
        return 2
    if PurePath(name).suffix.lower() in _CERTAIN:
        return 90  # laying out a wide table takes its time, and reading will lay it out again
    try:
        lines, terminated = physical_lines(decode(head).text)
        lay_out(lines if terminated or len(lines) < 2 else lines[:-1], name)
    except SourceError:
        return 20 if known else 5
    return 90 if known else 60


def read_table(content: Content, options: ReadOptions, progress: Progress, cancelled: AskCancelled) -> Table:
    """Read a delimited file into typed columns; see `Reader.read_table`.

    Raises:
        SourceError: empty, a header only, binary, a pointer, a page, prose, or unreadable.
        UsageError: an unknown encoding or a separator that is none was asked for.
        Cancelled: the person asked to stop.
    """
    if cancelled():
        raise Cancelled("The reading was stopped.")
    try:
        return _read(content, options, progress, cancelled)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise SourceError(
            f"{content.name} could not be read as a table: {str(error).splitlines()[0][:200]}.",
            "Please report this file: it should have been read or refused in clearer words.",
        ) from error
    except OSError as error:
        raise SourceError(f"{content.name} cannot be read: {error.strerror or error}.") from error


@dataclass(frozen=True)
class Prepared:
    """What the head of a file decides: its layout, the names of its columns, and the ledger entries about both."""

    head: Head
    layout: Layout
    names: list[str]
    entries: list[Entry]

    @property
    def decimal_comma(self) -> bool:
        """Whether `1,234` is rather a decimal than thousands."""
        return self.layout.dialect.separator == ";"

    @property
    def may_be_strict(self) -> bool:
        """Whether the strict path may be tried: it reads UTF-8 alone."""
        return self.head.decoded.encoding == "utf-8" and not self.head.decoded.replaced

    def table(self, strict: StrictTable) -> Table:
        """Return the table that the strict path has read below this head."""
        return _from_strict(strict, self.layout, self.names, self.entries, self.decimal_comma)


def prepare(content: Content, options: ReadOptions) -> Prepared:
    """Lay out a delimited file by its head.

    Raises:
        SourceError: empty, binary, a pointer, a page, prose.
        UsageError: an unknown encoding or a separator that is none was asked for.
    """
    head = read_head(content, options.encoding)
    layout = lay_out(head.lines, content.name, options.separator, head.terminated or options.complete)
    names, renamed = unique_names(layout.raw_names)
    entries = _layout_entries(layout, head)
    entries += [
        Entry(
            "name",
            f"column {r.position + 1} was renamed",
            line=_line(layout),
            column=r.became,
            was=r.was,
            became=r.became,
        )
        for r in renamed
        if layout.header_line is not None
    ]
    return Prepared(head, layout, names, entries)


def _read(content: Content, options: ReadOptions, progress: Progress, cancelled: AskCancelled) -> Table:
    prepared = prepare(content, options)
    head, layout, names = prepared.head, prepared.layout, prepared.names
    if prepared.may_be_strict:
        strict = read_strict(content, layout, names, options.complete, progress, cancelled)
        if strict is not None:
            return prepared.table(strict)
    decoded = head.decoded if head.whole else decode(content.bytes(), options.encoding)
    lines, terminated, more = lines_of(decoded)
    text = read_tolerant(lines, terminated, layout, names, options.complete, progress, cancelled)
    del lines
    return _from_text(text, content, [*prepared.entries, *more], prepared.decimal_comma)


def _line(layout: Layout) -> int | None:
    return None if layout.header_line is None else layout.header_line + 1


def _layout_entries(layout: Layout, head: Head) -> list[Entry]:
    entries = []
    if layout.shift:
        entries.append(Entry("header_shift", layout.shift, line=_line(layout)))
    if layout.header_line is None:
        message = "the file has no header: the columns are numbered"
        entries.append(Entry("no_header", message, line=1, became="col_1 …", count=layout.width))
    if layout.dialect.wrapped:
        entries.append(Entry("unwrapped", "each line was quoted as one cell: the record inside was read", count=1))
    return entries


def lines_of(decoded: Decoded) -> tuple[list[str], bool, list[Entry]]:
    """Return the lines of a text without zero bytes, whether the last has its end, and entries about the decoding."""
    entries = []
    text = decoded.text
    if decoded.guessed:
        message = f"the file is not UTF-8: it was read as {decoded.encoding}"
        entries.append(Entry("encoding", message, became=decoded.encoding))
    if decoded.replaced:
        message = f"{decoded.replaced} broken characters became \ufffd"
        entries.append(Entry("encoding", message, became="\ufffd", count=decoded.replaced))
    zeros = text.count("\x00")
    if zeros:
        text = text.replace("\x00", "")
        entries.append(Entry("zero_bytes", f"{zeros} zero bytes were taken out", was="\\x00", count=zeros))
    lines, terminated = physical_lines(text)
    return lines, terminated, entries


def _from_strict(
    strict: StrictTable, layout: Layout, names: list[str], entries: list[Entry], decimal_comma: bool
) -> Table:
    start = layout.first + 1
    lines = pl.int_range(start, start + strict.rows, dtype=pl.UInt32, eager=True).alias("line")
    typed = type_columns(strict.text, lines, decimal_comma)
    columns = {column.name: column for column in [*strict.typed, *typed.frame]}
    typed.frame = pl.DataFrame([columns[name] for name in names])
    typed.styles.update(strict.styles)
    counts = LineCounts(header=layout.first, record=strict.rows + (strict.cut is not None))
    return _assemble(typed, entries, counts, strict.cut, start + strict.rows)


def _from_text(text: TextTable, content: Content, entries: list[Entry], decimal_comma: bool) -> Table:
    entries = entries + text.entries
    if text.frame.is_empty() and text.cut is None:
        raise SourceError(
            f"{content.name} has a header but no rows.", "Was the sweep interrupted before its first trial?"
        )
    if text.frame.is_empty() and text.cut is not None:
        only = pl.DataFrame([pl.Series(n, [c], dtype=pl.String) for n, c in zip(text.names, text.cut, strict=True)])
        typed = type_columns(only, pl.Series("line", [text.cut_line], dtype=pl.UInt32), decimal_comma)
        return _table(typed, [*entries, cut_entry(0, text.cut_line, [])], text.counts, frozenset({0}))
    typed = type_columns(text.frame, text.lines, decimal_comma)
    return _assemble(typed, entries, text.counts, text.cut, text.cut_line)


def _assemble(
    typed: Typed, entries: list[Entry], counts: LineCounts, cut: Sequence[str] | None, cut_line: int
) -> Table:
    if cut is None:
        return _table(typed, entries, counts, frozenset())
    row = typed.frame.height
    last, lost = type_cut_row(cut, typed.frame, typed.styles)
    typed.frame = typed.frame.vstack(last)
    return _table(typed, [*entries, cut_entry(row, cut_line, lost)], counts, frozenset({row}))


def cut_entry(row: int, line: int, lost: Sequence[str]) -> Entry:
    """Return what the ledger says of a last record that has no line end, and of its columns that cannot be read."""
    message = "the last record has no line end: it may still be being written"
    if lost:
        message += f"; {', '.join(lost[:3])} cannot be read yet"
    return Entry("incomplete", message, row=row, line=line, became="incomplete")


def _table(typed: Typed, entries: list[Entry], counts: LineCounts, incomplete: frozenset[int]) -> Table:
    ledger = ledger_frame([*entries, *typed.entries], typed.ledgers)
    return Table(typed.frame, ledger, counts, incomplete)


READER = Reader(
    name="delimited",
    about="CSV, TSV and other separated text, and Markdown tables, however dirty",
    specificity=10,
    claims=claims,
    read_table=read_table,
)
