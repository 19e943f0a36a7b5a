"""The log of one run as a table: what was repaired in it stands in the run's notes, and a line cut short in no curve.

A last line without a line end may still be being written, and half a number is another number: it is left out and told,
as in a file of curves, unless the run has ended or the person accepts it (`--complete`). An object of JSON Lines that
is closed lacks nothing. Where a log holds nothing but such a line, it is shown and its trial is not judged.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from hpi_core.readers.contract import Reader
from hpi_core.tables.content import Content
from hpi_core.tables.ledger import Entry
from hpi_core.tables.nested import flatten
from hpi_core.tables.run_files import numeric_csv
from hpi_core.tables.run_table import Run
from hpi_core.tables.table import Cancelled, ReadOptions, Table

_TOLD_APART = ("flattened", "incomplete")


def table_of_log(
    content: Content, reader: Reader, run: Run, whose: str, options: ReadOptions, cancelled: Cancelled
) -> Table:
    """Return the records of a run's log; `whose` (`run lr1e-3`) begins what is told of it in the run's notes.

    `incomplete` of the table is set only where its one record was cut off.

    Raises:
        SourceError: it cannot be read.
        Cancelled: the person asked to stop.
    """
    table = _of_numbers(content, reader, run, whose, options)
    if table is not None:
        return table
    table = flatten(reader.read_table(content, options, lambda *_: None, cancelled))
    for kind, count in table.ledger.group_by("kind", maintain_order=True).agg(pl.col("count").sum()).iter_rows():
        if kind not in _TOLD_APART:
            run.notes.append(Entry(kind, f"{whose}: in {content.name}", count=count))
    halves = table.ledger.filter(pl.col("kind") == "incomplete", pl.col("row").is_null())
    if not halves.is_empty():
        run.notes.append(cut_line(whose, content.name, halves["was"][0]))
    if reader.name == "jsonl" or not table.incomplete:
        return replace(table, incomplete=frozenset())
    run.notes.append(cut_line(whose, content.name, _last_line(content.bytes())))
    whole = [row for row in range(table.frame.height) if row not in table.incomplete]
    return replace(table, frame=table.frame[whole], incomplete=frozenset()) if whole else table


def cut_line(whose: str, name: str, was: str | None) -> Entry:
    """Return what the ledger says of a last line that is not finished."""
    message = f"{whose}: the last line of {name} has no line end: it may still be being written, and is left out"
    return Entry("incomplete_step", message, was=was)


def _of_numbers(content: Content, reader: Reader, run: Run, whose: str, options: ReadOptions) -> Table | None:
    """Read a log of nothing but numbers at once; None of any other."""
    if reader.name != "delimited" or not content.name.lower().endswith(".csv"):
        return None
    data = content.bytes()
    end = data.rfind(b"\n") + 1
    cut = b"" if options.complete else data[end:]
    frame = numeric_csv(data[:end] if cut else data + b"\n" * (end < len(data)))
    if frame is None:
        return None
    if cut:
        run.notes.append(cut_line(whose, content.name, _last_line(cut)))
    return Table(frame)


def _last_line(data: bytes) -> str:
    return data[data.rfind(b"\n") + 1 :].decode("utf-8", "replace")
