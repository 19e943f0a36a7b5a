"""The strict path: polars reads a file that is exactly what a delimited file should be, and nothing else.

Taken only where it is proven to lose nothing: as many rows as an independent count of line ends, no row shorter or
longer than the header, no value that a typed column could not hold. Anything else is left to the tolerant path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from hpi_core.errors import Cancelled
from hpi_core.tables.cells import sampled_types
from hpi_core.tables.content import Content
from hpi_core.tables.dialect import Dialect
from hpi_core.tables.layout import Layout
from hpi_core.tables.notations import Style
from hpi_core.tables.records import records
from hpi_core.tables.scan import TAIL, count_outside_quotes, scan
from hpi_core.tables.table import Cancelled as AskCancelled
from hpi_core.tables.table import Progress

_WINDOWS = 16
# Up to this share of columns of whole numbers, reading them as text first is the faster way to prove them exact.
_FEW = 0.25
_WINDOW = 1 << 15
# Lines wanted of the head and, about, of each window; a head is not looked at beyond so many bytes for them.
_LINES = 8
_WIDEST = 1 << 22
_FOOTER = re.compile(rb"[\s\"']*(grand\s+)?(totals?|sum|mean|average|avg|std|median)\b", re.IGNORECASE)
_POLARS_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError)


@dataclass(frozen=True)
class StrictTable:
    """Columns as polars read them: numbers in `typed` with their styles, the rest as text in `text`.

    `rows` counts the rows, `cut` holds the cells of a last record without a line end.
    """

    typed: pl.DataFrame
    styles: dict[str, Style]
    text: pl.DataFrame
    rows: int
    cut: list[str] | None


def read_strict(
    content: Content,
    layout: Layout,
    names: list[str],
    complete: bool,
    progress: Progress,
    cancelled: AskCancelled,
    types: Mapping[str, pl.DataType] | None = None,
) -> StrictTable | None:
    """Read a file that fits exactly; None where it does not.

    `types` are the types of the columns (Int64, Float64, String) where a part of the same file has shown them already;
    a column that does not fit its type is read as text.

    Raises:
        Cancelled: the person asked to stop.
    """
    dialect = layout.dialect
    if dialect.bars or dialect.wrapped or dialect.separator == " " or dialect.quote != '"' or layout.shift:
        return None
    if layout.first > 1 or layout.hash_rows or layout.header_span != layout.first or layout.usual != layout.width:
        return None
    types = sampled_types(_sample(content, layout, names)) if types is None else dict(types)
    if dialect.separator == ";":
        # Whether 1.234 is a decimal is told by the other columns: all are read as text first.
        types = dict.fromkeys(types, pl.String())
    table: pl.DataFrame | None = None
    with ThreadPoolExecutor(1) as pool:
        # Counting lines takes a third of the time of reading them, and uses one core: do both at once.
        # Whether a whole number is padded (007) is asked of its text where few columns hold any, else of every byte.
        whole = [name for name, dtype in types.items() if dtype == pl.Int64]
        few = len(whole) <= _FEW * len(types)
        types |= dict.fromkeys(whole if few else (), pl.String())
        separator = "" if few else dialect.separator
        counting = pool.submit(scan, content, separator, progress, cancelled)
        if complete or _window(content, max(0, content.size() - 1), 1) == b"\n":
            table = _try_polars(content, layout, types, None)
        found = counting.result()
    last_line = found.tail.rsplit(b"\n", 2)[-2 if found.tail.endswith(b"\n") else -1]
    if found.irregular or _FOOTER.match(last_line):
        return None
    rest = found.tail.rpartition(b"\n")[2]
    if not _may_be_cut(rest):
        return None
    if found.padded:
        types = {name: pl.String() if dtype == pl.Int64 else dtype for name, dtype in types.items()}
        table = None
    rows = found.line_ends - layout.first
    cut = None
    if rest and complete:
        rows += 1
    elif rest:
        cut = cut_cells(rest, dialect, layout.width)
    if rows < 1:
        return None
    if table is None:
        table = _read(content, layout, types, rows, found.quotes)
    if table is not None and few:
        table = _with_whole_numbers(table, whole)
    progress("reading", 0.9)
    if cancelled():
        raise Cancelled("The reading was stopped.")
    if table is None or not _is_exact(content, layout, table, rows, cut is not None, rest):
        return None
    # Asking a frame for its schema takes as long as it has columns: ask once.
    schema = table.schema
    numbers = [name for name in names if schema[name] != pl.String]
    styles: dict[str, Style] = {n: "integer" if schema[n] == pl.Int64 else "number" for n in numbers}
    text = table.select(pl.col(pl.String))
    return StrictTable(table.select(numbers), styles, text, rows, cut)


def _with_whole_numbers(table: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Return the table with those of the text columns `names` as Int64 whose every cell is the number's own text."""
    if not names:
        return table
    numbers = table.select(pl.col(names).cast(pl.Int64, strict=False))
    texts = table.select(names)
    padded = texts.select(pl.all().str.contains(r"^[+-]?0\d").any()).row(0)
    sound = [
        number
        for number, text, zero in zip(numbers.iter_columns(), texts.iter_columns(), padded, strict=True)
        if not zero and number.null_count() == text.null_count()
    ]
    return table.with_columns(sound)


def is_plain_rest(rest: bytes) -> bool:
    """Say whether the bytes after the last line end leave the strict path open, whatever comes before them."""
    odd = b"\r" in rest or b"\x00" in rest or b'"' in rest or rest[:1] == b"#"
    return _may_be_cut(rest) and not odd and not _FOOTER.match(rest)


def _may_be_cut(rest: bytes) -> bool:
    return len(rest) < TAIL and (not rest or bool(rest.strip()))


def cut_cells(rest: bytes, dialect: Dialect, width: int) -> list[str]:
    """Return the cells of a last record that was cut off, as many as a whole one has."""
    record = next(records([rest.decode("utf-8", "ignore")], dialect, width))
    cells = record.cells[:width]
    return cells + [""] * (width - len(cells))


def _sample(content: Content, layout: Layout, names: list[str]) -> pl.DataFrame:
    """Return cells of rows from the head and from windows spread over the file, as text."""
    size = content.size()
    width = 4 * _WINDOW
    head = content.head(width)
    while head.count(b"\n") < layout.first + _LINES and width < min(size, _WIDEST):
        width *= 4
        head = content.head(width)
    # A window must hold some whole lines.
    window = max(_WINDOW, _LINES * len(head) // max(1, head.count(b"\n")))
    pieces = [head]
    if size > width + _WINDOWS * window:
        step = size // _WINDOWS
        pieces += [_window(content, k * step, window) for k in range(1, _WINDOWS)]
        pieces.append(_window(content, size - window, window))
    elif size > width:
        pieces = [content.bytes()]
    lines: list[str] = []
    for number, piece in enumerate(pieces):
        block = piece.decode("utf-8", "ignore").replace("\r\n", "\n").split("\n")
        lines += block[layout.first if number == 0 else 1 : -1]
    rows = [r.cells for r in records(lines, layout.dialect, layout.width) if len(r.cells) == layout.width]
    columns = zip(*rows, strict=True) if rows else [[] for _ in names]
    return pl.DataFrame([pl.Series(n, list(c), dtype=pl.String) for n, c in zip(names, columns, strict=True)])


def _window(content: Content, start: int, size: int) -> bytes:
    if content.data is not None:
        return content.data[start : start + size]
    assert content.path is not None
    with content.path.open("rb") as file:
        file.seek(start)
        return file.read(size)


def _read(
    content: Content, layout: Layout, types: dict[str, pl.DataType], rows: int, quotes: bool
) -> pl.DataFrame | None:
    """Read with the sampled types; columns in which a value did not fit are read again as text."""
    table = _try_polars(content, layout, types, rows)
    if table is not None:
        return table
    strings: dict[str, pl.DataType] = dict.fromkeys(types, pl.String())
    try:
        # With quotes about, only a reading that ignores no error proves the quotes are sound.
        if quotes:
            return _polars(content, layout, strings, rows)
        first = _polars(content, layout, types, rows, ignore_errors=True)
        doubtful = [n for n, s in types.items() if s != pl.String() and first[n].null_count()]
        again = _polars(content, layout, strings, rows, columns=doubtful) if doubtful else None
    except _POLARS_ERRORS:
        return None
    if again is None or again.height != first.height:
        return None
    return first.with_columns(again.get_columns())


def _try_polars(
    content: Content, layout: Layout, types: dict[str, pl.DataType], rows: int | None
) -> pl.DataFrame | None:
    try:
        return _polars(content, layout, types, rows)
    except _POLARS_ERRORS:
        return None


def _polars(
    content: Content,
    layout: Layout,
    schema: dict[str, pl.DataType],
    rows: int | None,
    *,
    ignore_errors: bool = False,
    columns: list[str] | None = None,
) -> pl.DataFrame:
    return pl.read_csv(
        content.path if content.path is not None else content.data or b"",
        has_header=False,
        skip_rows=layout.first,
        schema=schema,
        columns=columns,
        separator=layout.dialect.separator,
        quote_char='"',
        n_rows=rows,
        ignore_errors=ignore_errors,
        infer_schema=False,
        glob=False,
    )


def _is_exact(content: Content, layout: Layout, table: pl.DataFrame, rows: int, cut: bool, rest: bytes) -> bool:
    """Say whether the rows are as many as the lines, none is short, and none is the header again."""
    if table.height != rows:
        return False
    for (name, dtype), raw in zip(table.schema.items(), layout.raw_names, strict=True):
        if dtype == pl.String and layout.header_line is not None and raw.strip():
            if table[name].is_in([raw, raw.strip()]).any():
                return False
            break
    if table[table.columns[-1]].null_count() == 0:
        return True
    if layout.width == 1:
        return False
    separator = layout.dialect.separator.encode()
    expected = (rows + layout.first) * (layout.width - 1)
    return expected == count_outside_quotes(content, separator) - (rest.count(separator) if cut else 0)
