"""The strict path: polars reads a file that is exactly what a delimited file should be, and nothing else.

Taken only where it is proven to lose nothing: as many rows as an independent count of line ends, no row shorter or
longer than the header, no value that a typed column could not hold. Anything else is left to the tolerant path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import polars as pl

from hpi_core.errors import Cancelled
from hpi_core.tables.cells import Style, sampled_types
from hpi_core.tables.content import Content
from hpi_core.tables.dialect import Dialect
from hpi_core.tables.layout import Layout
from hpi_core.tables.records import records
from hpi_core.tables.table import Cancelled as AskCancelled
from hpi_core.tables.table import Progress

_CHUNK = 1 << 18
_WINDOWS = 16
_WINDOW = 1 << 15
_TAIL = 1 << 16
# Lines wanted of the head and, about, of each window; a head is not looked at beyond so many bytes for them.
_LINES = 8
_WIDEST = 1 << 22
_FOOTER = re.compile(rb"[\s\"']*(grand\s+)?(totals?|sum|mean|average|avg|std|median)\b", re.IGNORECASE)
_QUOTED = re.compile(rb'"[^"\n]*"')
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


@dataclass(frozen=True)
class _Scan:
    """What a pass over the bytes found: line ends, quotes, anything that rules the strict path out, the last line."""

    line_ends: int
    quotes: bool
    irregular: bool
    tail: bytes


def read_strict(
    content: Content, layout: Layout, names: list[str], complete: bool, progress: Progress, cancelled: AskCancelled
) -> StrictTable | None:
    """Read a file that fits exactly; None where it does not.

    Raises:
        Cancelled: the person asked to stop.
    """
    dialect = layout.dialect
    if dialect.bars or dialect.wrapped or dialect.separator == " " or dialect.quote != '"' or layout.shift:
        return None
    if layout.first > 1 or layout.hash_rows or layout.header_span != layout.first or layout.usual != layout.width:
        return None
    types = sampled_types(_sample(content, layout, names))
    table: pl.DataFrame | None = None
    with ThreadPoolExecutor(1) as pool:
        # Counting lines takes a third of the time of reading them, and uses one core: do both at once.
        counting = pool.submit(_scan, content, progress, cancelled)
        if complete or _window(content, max(0, content.size() - 1), 1) == b"\n":
            table = _try_polars(content, layout, types, None)
        scan = counting.result()
    last_line = scan.tail.rsplit(b"\n", 2)[-2 if scan.tail.endswith(b"\n") else -1]
    if scan.irregular or _FOOTER.match(last_line):
        return None
    rest = scan.tail.rpartition(b"\n")[2]
    if len(rest) == _TAIL or (rest and not rest.strip()):
        return None
    rows = scan.line_ends - layout.first
    cut = None
    if rest and complete:
        rows += 1
    elif rest:
        cut = _cut_cells(rest, dialect, layout.width)
    if rows < 1:
        return None
    if table is None:
        table = _read(content, layout, types, rows, scan.quotes)
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


def _chunks(content: Content) -> Iterator[bytes | bytearray]:
    """Yield the bytes of `content` piece by piece; a piece is valid until the next one is asked for."""
    if content.data is not None:
        for start in range(0, len(content.data), _CHUNK):
            yield content.data[start : start + _CHUNK]
        return
    assert content.path is not None
    buffer = bytearray(_CHUNK)
    with content.path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            yield buffer if count == _CHUNK else buffer[:count]


def _scan(content: Content, progress: Progress, cancelled: AskCancelled) -> _Scan:
    line_ends = returns = pairs = done = 0
    quotes = irregular = False
    previous = b"\n"
    tail = b""
    size = max(1, content.size())
    for chunk in _chunks(content):
        line_ends += _count_line_ends(chunk, size)
        quotes = quotes or b'"' in chunk
        if b"\r" in chunk or previous == b"\r":
            returns += chunk.count(b"\r")
            pairs += chunk.count(b"\r\n") + (previous == b"\r" and chunk[:1] == b"\n")
        irregular = (
            irregular
            or b"\x00" in chunk
            or (b"#" in chunk and b"\n#" in chunk)
            or (previous == b"\n" and chunk[:1] == b"#")
        )
        irregular = irregular or (done == 0 and chunk[:2] in (b"\xff\xfe", b"\xfe\xff"))
        tail = bytes(chunk[-_TAIL:]) if len(chunk) >= _TAIL else (tail + chunk)[-_TAIL:]
        previous = bytes(chunk[-1:])
        done += len(chunk)
        progress("counting lines", 0.3 * done / size)
        if cancelled():
            raise Cancelled("The reading was stopped.")
    return _Scan(line_ends, quotes, irregular or returns != pairs, tail)


def _count_line_ends(chunk: bytes | bytearray, size: int) -> int:
    if size < 16 * _CHUNK:
        return chunk.count(b"\n")
    # Three times as fast, but not worth the import of numpy for small files.
    import numpy as np

    return int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == 10))


def _cut_cells(rest: bytes, dialect: Dialect, width: int) -> list[str]:
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
    return expected == _count_outside_quotes(content, separator) - (rest.count(separator) if cut else 0)


def _count_outside_quotes(content: Content, separator: bytes) -> int:
    """Count separators outside quoted cells; an unsound quote makes the count wrong and so the file inexact."""
    count = 0
    pending = b""
    for piece in _chunks(content):
        chunk = pending + piece
        if b'"' in chunk:
            # Quotes are paired line by line: keep the unfinished line for the next round.
            chunk, newline, pending = chunk.rpartition(b"\n")
            chunk = _QUOTED.sub(b"", chunk + newline)
        else:
            pending = b""
        count += chunk.count(separator)
    return count + _QUOTED.sub(b"", pending).count(separator)
