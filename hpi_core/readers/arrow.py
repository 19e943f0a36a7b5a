"""Arrow IPC files (Feather version 2): one row per trial (or per trial and step), typed by the file itself."""

from __future__ import annotations

import io

import polars as pl

from hpi_core.dtypes import plain
from hpi_core.errors import SourceError
from hpi_core.last_words import reading
from hpi_core.readers.contract import Reader
from hpi_core.tables.content import Content
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.tables.unheard import panics_unheard
from hpi_core.text import safe

_MAGIC = b"ARROW1"


def claims(_name: str, head: bytes) -> int:
    """Claim contents that begin with Arrow's magic bytes."""
    return 100 if head.startswith(_MAGIC) else 0


def read_table(content: Content, _options: ReadOptions, progress: Progress, _cancelled: Cancelled) -> Table:
    """Read the whole file.

    Raises:
        SourceError: the footer or a record batch is damaged, or the file has no columns.
    """
    progress("reading the file", None)
    try:
        with reading(safe(content.name)), panics_unheard():
            frame = plain(pl.read_ipc(io.BytesIO(content.bytes())))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise SourceError(
            f"{content.name} is a damaged or unfinished Arrow file.", "Fetch or write it again."
        ) from error
    if frame.width == 0:
        raise SourceError(f"{content.name} is an Arrow file without columns.", "Name the sweep's results file.")
    return Table(frame)


READER = Reader("arrow", "Arrow IPC and Feather 2 files (.arrow, .feather)", 90, claims, read_table)
