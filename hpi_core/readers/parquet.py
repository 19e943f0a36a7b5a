"""Parquet: one row per trial (or per trial and step), typed by the file itself."""

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

_MAGIC = b"PAR1"


def claims(_name: str, head: bytes) -> int:
    """Claim contents that begin with Parquet's magic bytes."""
    return 100 if head.startswith(_MAGIC) else 0


def read_table(content: Content, _options: ReadOptions, progress: Progress, _cancelled: Cancelled) -> Table:
    """Read the whole file.

    Raises:
        SourceError: the footer or a page is damaged, or the file has no columns.
    """
    progress("reading the file", None)
    try:
        source = content.path if content.path is not None else io.BytesIO(content.bytes())
        with reading(safe(content.name)), panics_unheard():
            frame = plain(pl.scan_parquet(source).collect())
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        raise SourceError(
            f"{content.name} is a damaged or unfinished Parquet file.",
            "A Parquet file can be read only once its writer has closed it; fetch or write it again.",
        ) from error
    if frame.width == 0:
        raise SourceError(f"{content.name} is a Parquet file without columns.", "Name the sweep's results file.")
    return Table(frame)


READER = Reader("parquet", "Parquet files (.parquet)", 90, claims, read_table)
