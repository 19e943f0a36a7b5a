"""Excel and OpenDocument workbooks: the first sheet that holds a table, read as text and typed like any dirty CSV."""

from __future__ import annotations

import zipfile
from pathlib import Path

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers import delimited
from hpi_core.readers._databases import missing_extra
from hpi_core.readers.contract import StoreReader
from hpi_core.tables.content import Content
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.locations import is_address
from hpi_core.tables.nested import flatten
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.text import safe

_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WORKBOOKS = ("xl/workbook.xml", "xl/workbook.bin")
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
_LARGEST = 1 << 30
_FREE, _RATIO = 64 << 20, 200


def claims(place: str) -> int:
    """Claim a file that is a workbook by what is in it, whatever its name."""
    path = Path(place)
    if is_address(place) or not path.is_file():
        return 0
    try:
        with path.open("rb") as file:
            head = file.read(8)
        if head == _OLD:
            return 60
        if not head.startswith(b"PK\x03\x04"):
            return 0
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if any(name in names for name in _WORKBOOKS):
                return 95
            return 95 if "mimetype" in names and archive.read("mimetype").strip() == _OPEN_DOCUMENT else 0
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError):
        return 0


def read_table(place: str, options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read the first sheet with at least two rows; see `StoreReader.read_table`.

    Raises:
        SourceError: the extra is missing, the workbook is damaged or inflates without bounds, no sheet holds a table.
        Cancelled: the person asked to stop.
    """
    path = Path(place)
    try:
        import fastexcel
    except ImportError as error:
        raise missing_extra(f"{path.name} is a workbook, and reading it", "excel") from error
    _refuse_bomb(path)
    progress("reading the workbook", None)
    if cancelled():
        raise ReadingCancelled(f"Reading {path.name} was stopped.")
    try:
        book = fastexcel.read_excel(path)
        names = list(book.sheet_names)
        sheets = ((name, pl.DataFrame(book.load_sheet(name, header_row=None, dtypes="string"))) for name in names)
        chosen, frame = next(((name, sheet) for name, sheet in sheets if sheet.height > 1), ("", pl.DataFrame()))
    except (fastexcel.FastExcelError, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise SourceError(f"{path.name} is a damaged workbook.", "Save it again, or save the sheet as CSV.") from error
    if frame.height == 0:
        raise SourceError(f"{path.name} is a workbook without a table.", "Name the sweep's results file.")
    text = frame.write_csv(include_header=False).encode()
    table = delimited.READER.read_table(Content(path.name, data=text), ReadOptions(), progress, cancelled)
    entries = []
    others = [safe(name, 60) for name in names if name != chosen]
    if others:
        message = f"the sheet {safe(chosen, 60)} was read; left out: {', '.join(others[:6])}"
        entries.append(Entry("left_out", message, count=len(others)))
    table = flatten(table)
    # The lines are those of the sheet, not of the file, which has none.
    return Table(table.frame, ledger_frame(entries, [table.ledger]), None, frozenset(), table.hints)


def _refuse_bomb(path: Path) -> None:
    """Stop before a workbook is unpacked that inflates as no table of trials does.

    Raises:
        SourceError: it does.
    """
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > _LARGEST or (size > _FREE and size > _RATIO * path.stat().st_size):
        raise SourceError(
            f"{path.name} inflates to {size >> 20:,} MiB, as zip bombs do, and was not opened.",
            "Save the sheet as CSV if it is sound.",
        )


READER = StoreReader(
    "excel", "Excel (.xlsx, .xlsb, .xls) and OpenDocument (.ods) workbooks", 60, claims, read_table, needs="excel"
)
