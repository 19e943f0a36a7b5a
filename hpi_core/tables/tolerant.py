"""The tolerant path: any text a person can read as a table, record by record, each repair and refusal written down.

Yields text cells only; what the cells mean is decided elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import polars as pl

from hpi_core.errors import Cancelled
from hpi_core.lines import LineCounts
from hpi_core.tables.collector import Collector, TextTable
from hpi_core.tables.dialect import bar_table, draws, is_number, is_rule
from hpi_core.tables.layout import Layout, is_comment
from hpi_core.tables.ledger import QUOTED, Entry
from hpi_core.tables.plain_runs import plain_runs, split_run
from hpi_core.tables.records import Record, records
from hpi_core.tables.table import Cancelled as AskCancelled
from hpi_core.tables.table import Progress

_FOOTER = re.compile(r"(grand\s+)?(totals?|sum|mean|average|avg|std|median)\b\s*[:.]?$", re.IGNORECASE)


def read_tolerant(
    lines: Sequence[str],
    terminated: bool,
    layout: Layout,
    names: list[str],
    complete: bool,
    progress: Progress,
    cancelled: AskCancelled,
    *,
    more: bool = False,
) -> TextTable:
    """Read every line of a file into rows of text, line counts and entries.

    `terminated` says whether the last line has its line end; where it has not and `complete` is false, the last
    record is kept apart as cut off. `more` says that further lines follow: what stands last is no footer.

    Raises:
        Cancelled: the person asked to stop.
    """
    collector = Collector(names, layout)
    before = layout.first if layout.header_line is None else layout.header_line
    _count_preamble(collector, lines, before)
    header = [name.strip() for name in layout.raw_names]
    cut: Record | None = None
    whole = lines
    lines = _first_table(collector, lines, layout)
    terminated = terminated or len(lines) < len(whole)
    for number, record in enumerate(_records(collector, lines, layout)):
        if number % 4096 == 0:
            if cancelled():
                raise Cancelled("The reading was stopped.")
            progress("reading", record.line / max(1, len(lines)))
        if record.cells:
            at_end = record.line + record.span > len(lines)
            if at_end and not complete and (not terminated or record.unclosed) and _is_record(lines, record, layout):
                cut = record
                break
        _take(collector, lines, record, header, layout)
    if not more:
        _refuse_footers(collector)
    collector.flush(len(collector.cells))
    return _finish(collector, lines, layout, before, cut)


def _records(collector: Collector, lines: Sequence[str], layout: Layout) -> Iterator[Record]:
    """Yield the records that need care; the runs between them go into the collector as they are."""
    index = layout.first
    for run in plain_runs(lines, layout):
        for record in records(lines, layout.dialect, layout.usual, index):
            if record.line > run.start:
                break
            yield record
            index = record.line - 1 + record.span
        start = max(index, run.start)
        frame = split_run(lines[start : run.stop], layout, collector.names) if start < run.stop else None
        if frame is not None:
            collector.add_run(frame, start + 1)
            index = run.stop
    yield from records(lines, layout.dialect, layout.usual, index)


def _first_table(collector: Collector, lines: Sequence[str], layout: Layout) -> Sequence[str]:
    """Return the lines up to the end of the first Markdown table that has rows; those below it are refused."""
    table = bar_table(lines) if layout.dialect.bars else None
    if table is None or table[1] == len(lines):
        return lines
    below = [line for line in lines[table[1] :] if line and not line.isspace()]
    collector.blank += len(lines) - table[1] - len(below)
    collector.refused += len(below)
    message = "another table begins here: the first with rows is the one that is read"
    line = table[1] + 1
    collector.note(Entry("refused", message, line=line, was=below[0][:QUOTED], became="not a trial", count=len(below)))
    return lines[: table[1]]


def _count_preamble(collector: Collector, lines: Sequence[str], before: int) -> None:
    blank = sum(1 for line in lines[:before] if not line or line.isspace())
    collector.blank += blank
    collector.comments += before - blank
    if collector.layout.banner:
        text = next(line for line in lines[:before] if line.strip() and not is_comment(line))
        count = collector.layout.banner
        message = (
            f"{count} lines above the header are no part of the table"
            if count > 1
            else ("a line above the header is no part of the table")
        )
        collector.note(Entry("preamble", message, line=1, was=text[:QUOTED], count=count))


def _is_record(lines: Sequence[str], record: Record, layout: Layout) -> bool:
    line = lines[record.line - 1]
    if draws(line, layout.dialect) and (is_rule(line) or not layout.dialect.bars):
        return False
    return layout.hash_rows or not is_comment(line)


def _take(collector: Collector, lines: Sequence[str], record: Record, header: list[str], layout: Layout) -> None:
    """Sort one record into blank, comment, header, refused or row."""
    if not record.cells:
        collector.blank += 1
        return
    line = lines[record.line - 1]
    if not _is_record(lines, record, layout):
        collector.comments += record.span
        return
    if layout.header_line is not None and record.cells[: len(header)] == header and any(header):
        collector.headers += record.span
        collector.note(Entry("repeated_header", "the header stands here again", line=record.line, was=line[:QUOTED]))
        return
    width = layout.width
    if layout.dialect.bars and "|" not in line:
        collector.refuse(record, "a line without bars: text outside the table", line)
        return
    reason = _noise(record.cells, layout) if width > 1 and len(record.cells) == 1 else None
    if reason is not None:
        collector.refuse(record, reason, line)
        return
    cells = record.cells
    if len(cells) != width:
        cells = _fitted(collector, record, layout)
    if record.stray:
        collector.note(
            Entry(
                "stray_quote",
                "a quote stands where none belongs: it was read as an ordinary character",
                row=collector.rows,
                line=record.line,
                was=line[:QUOTED],
            )
        )
    collector.add(record, cells)


def _noise(cells: Sequence[str], layout: Layout) -> str | None:
    """Say why a line of one cell in a wider table is no record, or None where it may be one."""
    cell = cells[0]
    if not any(c.isalnum() for c in cell):
        return "a line of signs only"
    if is_number(cell):
        return None
    if layout.numeric[0] or len(cell.split()) > 1:
        return "a line without columns: a note or a footer"
    return None


def _fitted(collector: Collector, record: Record, layout: Layout) -> list[str]:
    """Fit a record to the width of the table, and say so unless the whole file is that way."""
    cells, width = record.cells, layout.width
    if len(cells) == layout.usual < width:
        return cells + [""] * (width - len(cells))
    if len(cells) < width:
        missing = width - len(cells)
        what = f"{len(cells)} of {width} cells: the last {missing} are missing"
        collector.note(_ragged(collector, record, what, "", None))
        return cells + [""] * missing
    extra = cells[width:]
    if len(cells) <= layout.usual and not any(extra):
        return cells[:width]
    joined = _rejoined(cells, layout)
    if joined is not None:
        position, result = joined
        entry = Entry(
            "rejoined",
            f"{len(cells)} cells for {width} columns: a separator inside a text cell was read as part of it",
            row=collector.rows,
            line=record.line,
            column=collector.names[position],
            was=layout.dialect.separator.join(cells)[:QUOTED],
            became=result[position][:QUOTED],
        )
        collector.note(entry)
        return result
    what = f"{len(cells)} cells for {width} columns: the last {len(extra)} belong to none and were left out"
    collector.note(_ragged(collector, record, what, layout.dialect.separator.join(extra), "left out"))
    return cells[:width]


def _ragged(collector: Collector, record: Record, what: str, was: str, became: str | None) -> Entry:
    return Entry("ragged", what, row=collector.rows, line=record.line, was=was[:QUOTED], became=became)


def _rejoined(cells: Sequence[str], layout: Layout) -> tuple[int, list[str]] | None:
    """Return the one way to join neighbouring cells after which every numeric column holds a number, if there is one.

    A record with more cells than columns mostly has an unquoted separator in a text cell.
    """
    extra = len(cells) - layout.width
    if extra > 8 or layout.width > 500 or not any(layout.numeric) or layout.dialect.separator == " ":
        return None
    separator = layout.dialect.separator
    found: tuple[int, list[str]] | None = None
    for position in range(layout.width):
        if layout.numeric[position]:
            continue
        joined = separator.join(cells[position : position + extra + 1])
        candidate = [*cells[:position], joined, *cells[position + extra + 1 :]]
        if all(
            not numeric or not cell or is_number(cell) for cell, numeric in zip(candidate, layout.numeric, strict=True)
        ):
            if found is not None:
                return None
            found = position, candidate
    return found


def _refuse_footers(collector: Collector) -> None:
    """Refuse sums and means below the last trial: a summary row is no trial."""
    while collector.cells and collector.rows > 1:
        cell = next((cell for cell in collector.cells[-1] if cell), "")
        if not _FOOTER.match(cell) or len(collector.cells[-1]) < 2:
            return
        cells = collector.cells.pop()
        record = Record(cells, collector.lines.pop(), collector.spans.pop())
        row = collector.rows
        collector.entries = [entry for entry in collector.entries if entry.row is None or entry.row < row]
        collector.refuse(record, "a summary row below the last trial", collector.layout.dialect.separator.join(cells))


def _finish(collector: Collector, lines: Sequence[str], layout: Layout, before: int, cut: Record | None) -> TextTable:
    counts = LineCounts(
        header=collector.headers + layout.header_span - _between(lines, layout),
        blank=collector.blank + _blank_between(lines, layout),
        preamble=collector.comments + _between(lines, layout) - _blank_between(lines, layout),
        record=collector.record_lines + (cut.span if cut else 0),
        refused=collector.refused,
    )
    frame = (
        pl.concat(collector.chunks, rechunk=True)
        if collector.chunks
        else pl.DataFrame(schema=dict.fromkeys(collector.names, pl.String))
    )
    cells = None
    if cut is not None:
        cells = [*cut.cells[: layout.width], *[""] * (layout.width - len(cut.cells))]
    starts = pl.concat(collector.all_lines)
    entries = [*collector.entries, *collector.unlisted.values()]
    return TextTable(frame, collector.names, starts, counts, entries, cells, cut.line if cut else 0)


def _between(lines: Sequence[str], layout: Layout) -> int:
    """Count the lines between a commented header and the first row: blanks and further comments."""
    if layout.header_line is None or not is_comment(lines[layout.header_line]) or layout.hash_rows:
        return 0
    return layout.first - layout.header_line - 1


def _blank_between(lines: Sequence[str], layout: Layout) -> int:
    if _between(lines, layout) == 0 or layout.header_line is None:
        return 0
    return sum(1 for line in lines[layout.header_line + 1 : layout.first] if not line or line.isspace())
