"""Read bytes as a delimited file, and count their lines in a way that shares nothing with the reader."""

from __future__ import annotations

import re
from pathlib import Path

from hpi_core.readers.delimited import READER
from hpi_core.tables.content import Content
from hpi_core.tables.table import ReadOptions, Table, never, silent


def read(source: str | bytes | Path, *, complete: bool = False, name: str = "sweep.csv") -> Table:
    """Read text, bytes or a file with the delimited reader."""
    if isinstance(source, Path):
        content = Content(source.name, path=source)
    else:
        content = Content(name, data=source.encode() if isinstance(source, str) else source)
    return READER.read_table(content, ReadOptions(complete=complete), silent, never)


def count_lines(data: bytes) -> int:
    """Count physical lines of an ASCII-compatible file: LF, CR LF and CR end a line, the last may lack its end."""
    parts = re.split(rb"\r\n|\n|\r", data)
    return len(parts) - (parts[-1] == b"")


def kinds(table: Table) -> dict[str, int]:
    """Return ledger kind -> number of entries."""
    counts: dict[str, int] = {}
    for kind in table.ledger["kind"].to_list():
        counts[kind] = counts.get(kind, 0) + 1
    return counts


def check_every_line_counts(table: Table, data: bytes) -> None:
    """Assert that every line of `data` is accounted for and every record is a row."""
    assert table.lines is not None
    assert table.lines.total == count_lines(data.replace(b"\x00", b""))
    assert table.lines.record >= table.frame.height > 0
    assert all(row is None or row < table.frame.height for row in table.ledger["row"].to_list())
    assert all(line is None or 1 <= line <= table.lines.total for line in table.ledger["line"].to_list())
