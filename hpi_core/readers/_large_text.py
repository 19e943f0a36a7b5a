"""CSV and JSON Lines too large to hold: read piece by piece, every piece as a small file is, typed over all of them.

What comes of it are the same rows and the same ledger as of a small file, on disk. UTF-16 and Markdown are not read
so: such files are held whole, however large.
"""

from __future__ import annotations

from hpi_core.readers._large_delimited import rows_of_cells
from hpi_core.readers._large_jsonl import rows_of_lines
from hpi_core.readers._pieces import Reading
from hpi_core.readers.delimited import prepare
from hpi_core.tables.compression import compression
from hpi_core.tables.content import Content
from hpi_core.tables.large_curves import LargeRows
from hpi_core.tables.scratch import Scratch
from hpi_core.tables.table import Cancelled, Progress, ReadOptions
from hpi_core.text import safe

# Bytes from which on a file is read in pieces: JSON takes ten times its size in memory.
LARGE = {"delimited": 256 << 20, "jsonl": 96 << 20}
_HELD_WHOLE = frozenset({"utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"})


def large_text(
    content: Content, reader: str, options: ReadOptions, progress: Progress, cancelled: Cancelled
) -> LargeRows | None:
    """Return the rows of a large text file, typed, on disk; None where it is small, or of a kind that is held whole.

    Raises:
        SourceError: it holds no table, was replaced meanwhile, or the disk has no room.
        Cancelled: the person asked to stop.
    """
    least = LARGE.get(reader)
    if content.path is None or least is None or content.size() < least or compression(content.head(8)):
        return None
    reading = Reading(content, options, progress, cancelled)
    if reader == "jsonl":
        with Scratch(content.size(), f"Reading {safe(content.name)}") as scratch:
            return rows_of_lines(reading, scratch)
    prepared = prepare(content, options)
    if prepared.layout.dialect.bars or prepared.head.decoded.encoding in _HELD_WHOLE or options.encoding is not None:
        return None
    with Scratch(2 * content.size(), f"Reading {safe(content.name)}") as scratch:
        return rows_of_cells(reading, prepared, scratch)
