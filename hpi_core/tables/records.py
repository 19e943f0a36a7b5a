"""From lines to records: separators outside quotes, quoted cells over several lines, and stray quotes.

One quote in the wrong place costs one line, not the rest of the file.

Imports nothing heavy: the app splits the head of a file before polars is loaded.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hpi_core.tables.dialect import Dialect, split_bar, split_blanks

# How many lines quotes that never close may be looked for altogether: so far an opened quote may look for its end.
_FRUITLESS = 100_000
_ATTEMPTS = 200
_RUNS = {'"': re.compile('"+'), "'": re.compile("'+")}


class Record(NamedTuple):
    """Cells of one record; `line` is the 1-based line it starts on, `span` its number of lines.

    `stray` says a quote was taken as an ordinary character, `unclosed` that the file ended inside a quoted cell.
    """

    cells: list[str]
    line: int
    span: int = 1
    stray: bool = False
    unclosed: bool = False


class Split(NamedTuple):
    """Cells of one piece of text; `open_quote` and `stray` say what its quotes were like."""

    cells: list[str]
    open_quote: bool
    stray: bool


def physical_lines(text: str) -> tuple[list[str], bool]:
    """Return the lines of `text` (ended by LF, CR LF or CR) and whether the last one has its line end."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text:
        return [], True
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
        return lines, True
    return lines, False


def split_record(text: str, dialect: Dialect) -> Split:
    """Split one line (or joined lines) into stripped, unquoted cells."""
    if dialect.bars:
        return Split(split_bar(text), False, False)
    if dialect.wrapped:
        text = unwrap(text, dialect.quote)
    if dialect.separator == " ":
        return Split(split_blanks(text, dialect.quote), False, False)
    if dialect.quote not in text:
        return Split([cell.strip() for cell in text.split(dialect.separator)], False, False)
    return _split_sound(text, dialect.separator, dialect.quote) or _split_quoted(text, dialect.separator, dialect.quote)


def unwrap(text: str, quote: str = '"') -> str:
    """Return the record inside a line that was quoted whole, or the line itself."""
    line = text.strip()
    if len(line) >= 2 and line[0] == quote == line[-1]:
        return line[1:-1].replace(quote * 2, quote)
    return text


def records(lines: Sequence[str], dialect: Dialect, width: int, start: int = 0) -> Iterator[Record]:
    """Yield the records of `lines[start:]`; blank lines come as records without cells.

    `width` is the number of cells a sound record has: it decides whether a quote that stays open is a cell over
    several lines or a stray character. Reading is linear in the number of lines.
    """
    quote, separator = dialect.quote, dialect.separator
    plain = not dialect.bars and not dialect.wrapped and separator != " "
    fruitless = 0
    index, count = start, len(lines)
    while index < count:
        line = lines[index]
        if not line or line.isspace():
            yield Record([], index + 1)
            index += 1
            continue
        if plain and quote not in line:
            yield Record([cell.strip() for cell in line.split(separator)], index + 1)
            index += 1
            continue
        record, looked = _quoted_record(lines, index, dialect, width, _FRUITLESS - fruitless)
        fruitless += looked
        yield record
        index += record.span


def _quoted_record(lines: Sequence[str], index: int, dialect: Dialect, width: int, reach: int) -> tuple[Record, int]:
    """Return the record at `lines[index]`, and how many lines were looked at in vain."""
    line = lines[index]
    split = split_record(line, dialect)
    if not split.open_quote and (not split.stray or len(split.cells) == width):
        return Record(split.cells, index + 1, stray=split.stray), 0
    looked = 0
    unclosed = False
    if split.open_quote and reach > 0:
        record, looked, unclosed = _over_lines(lines, index, dialect, width, reach)
        if record is not None:
            return record, 0
    naive = [_bare(cell, dialect.quote) for cell in line.split(dialect.separator)]
    if len(naive) == width or not unclosed:
        cells = naive if split.open_quote or len(naive) == width else split.cells
        return Record(cells, index + 1, stray=True), looked
    rest = split_record("\n".join(lines[index:]), dialect)
    return Record(rest.cells, index + 1, len(lines) - index, unclosed=True), 0


def _over_lines(
    lines: Sequence[str], index: int, dialect: Dialect, width: int, reach: int
) -> tuple[Record | None, int, bool]:
    """Look for the line that closes the quote opened at `index`; say how far was looked and whether the file ended."""
    quote = dialect.quote
    last = min(len(lines), index + reach)
    attempts = 0
    for end in range(index + 1, last):
        line = lines[end]
        if quote not in line:
            if width > 1 and line.count(dialect.separator) == width - 1:
                return None, end - index, False
            continue
        if _is_row(line, dialect, width) or attempts > _ATTEMPTS:
            return None, end - index, False
        if not _may_close(line, dialect):
            continue
        attempts += 1
        whole = split_record("\n".join(lines[index : end + 1]), dialect)
        if not whole.open_quote:
            if len(whole.cells) != width:
                return None, end - index, False
            return Record(whole.cells, index + 1, end - index + 1, whole.stray), 0, False
    return None, last - index, last == len(lines)


def _may_close(line: str, dialect: Dialect) -> bool:
    position = line.find(dialect.quote)
    while position >= 0:
        after = line[position + 1 :].lstrip(" ")
        if not after or after.startswith(dialect.separator):
            return True
        position = line.find(dialect.quote, position + 1)
    return False


def _is_row(line: str, dialect: Dialect, width: int) -> bool:
    """Say whether a line with quotes is a sound record by itself, and so no part of a cell over several lines."""
    if width < 2:
        return False
    split = split_record(line, dialect)
    return not split.open_quote and not split.stray and len(split.cells) == width


def _split_sound(text: str, separator: str, quote: str) -> Split | None:
    """Split a record whose quotes are all where they belong, ten times as fast as any other; None for any other."""
    if len(separator) != 1 or separator == quote:
        return None
    try:
        rows = list(csv.reader([text], delimiter=separator, quotechar=quote, skipinitialspace=True, strict=True))
    except (csv.Error, ValueError):
        return None
    return Split([cell.strip() for cell in rows[0]], False, False) if len(rows) == 1 else None


def _split_quoted(text: str, separator: str, quote: str) -> Split:
    cells: list[str] = []
    stray = False
    position, size = 0, len(text)
    while True:
        first = _skip_blanks(text, position, separator)
        if first < size and text[first] == quote:
            end, inner = _closing(text, first + 1, separator, quote)
            stray = stray or inner
            if end < 0:
                cells.append(text[first + 1 :].replace(quote * 2, quote))
                return Split(cells, True, stray)
            cells.append(text[first + 1 : end].replace(quote * 2, quote).strip())
            position = _skip_blanks(text, end + 1, separator)
        else:
            end = text.find(separator, position)
            end = size if end < 0 else end
            cells.append(text[position:end].strip())
            position = end
        if position >= size:
            return Split(cells, False, stray)
        position += len(separator)


def _closing(text: str, position: int, separator: str, quote: str) -> tuple[int, bool]:
    """Return where the quoted cell that goes on at `position` ends (-1: nowhere), and whether it holds a bare quote."""
    stray = False
    for match in _RUNS[quote].finditer(text, position):
        start, end = match.span()
        after = _skip_blanks(text, end, separator)
        closes = after >= len(text) or text.startswith(separator, after)
        if (end - start) % 2 and closes:
            return end - 1, stray
        if (end - start) % 2:
            stray = True
    return -1, stray


def _skip_blanks(text: str, position: int, separator: str) -> int:
    while position < len(text) and text[position] == " " != separator:
        position += 1
    return position


def _bare(cell: str, quote: str) -> str:
    return cell.strip().strip(quote).replace(quote * 2, quote).strip()
