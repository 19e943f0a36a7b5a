"""Where the table stands in a file: what comes before it, its header, its width, its numeric columns.

Imports nothing heavy: the preview and the full read lay out a file alike, from the same head.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hpi_core.errors import SourceError
from hpi_core.tables.content import Content
from hpi_core.tables.dialect import Dialect, bar_table, declared_separator, draws, guess_dialect, is_number, is_rule
from hpi_core.tables.encoding import Decoded, decode
from hpi_core.tables.foreign import refuse_foreign
from hpi_core.tables.records import Record, physical_lines, records, split_record
from hpi_core.text import safe

# The head that decides the layout, in bytes; the same for the preview and the full read, so that both agree.
HEAD = 1 << 18
_EMPTY = frozenset({"", "NA", "N/A", "None", "null", "-"})
_SAMPLE_ROWS = 200
_LINES_ENOUGH = 20


@dataclass(frozen=True)
class Layout:
    """How to read a file.

    Attributes:
        dialect: how cells are set apart.
        first: 0-based index of the first line of data.
        header_line: 0-based index of the header's first line, or None where the file has no header.
        raw_names: names as they stand in the header, fitted to the width of the rows; empty strings without a header.
        width: number of columns.
        usual: number of cells most rows have; differs from `width` only where `shift` says why.
        shift: what was done to make header and rows fit, in words, or an empty string.
        numeric: per column, whether every filled cell of the first rows is a number.
        hash_rows: rows may begin with `#`: such lines are no comments.
        banner: number of lines before the header that are neither blank nor comments nor `sep=`.
    """

    dialect: Dialect
    first: int
    header_line: int | None
    raw_names: tuple[str, ...]
    width: int
    usual: int
    shift: str
    numeric: tuple[bool, ...]
    hash_rows: bool
    banner: int

    @property
    def header_span(self) -> int:
        """Number of lines the header takes."""
        return 0 if self.header_line is None else self.first - self.header_line


@dataclass(frozen=True)
class Head:
    """The first lines of a file: `whole` says they are all of it, `terminated` that the last one has its line end."""

    lines: list[str]
    decoded: Decoded
    whole: bool
    terminated: bool


def read_head(content: Content, encoding: str | None = None) -> Head:
    """Read and decode the first `HEAD` bytes, or as many more as a score of lines takes (at most 64 times as many).

    Raises:
        SourceError: the file is empty, binary, a pointer or a page.
    """
    size = HEAD
    while True:
        data = content.head(size)
        whole = len(data) < size
        if size == HEAD and encoding is None:
            refuse_foreign(data, content.name)
        decoded = decode(data, encoding) if encoding is None or whole else _head_as_asked(data, encoding)
        lines, terminated = physical_lines(decoded.text.replace("\x00", ""))
        if whole:
            return Head(lines, decoded, True, terminated)
        if len(lines) > _LINES_ENOUGH or size >= 64 * HEAD:
            return Head(lines[:-1] or lines, decoded, False, True)
        size *= 4


def _head_as_asked(data: bytes, encoding: str) -> Decoded:
    """Decode a head in a given encoding, whose last character may be cut."""
    for cut in range(4):
        try:
            return decode(data[: len(data) - cut], encoding)
        except SourceError:
            continue
    return decode(data, encoding)


def is_comment(line: str) -> bool:
    """Say whether a line is a comment by its first character."""
    return line.lstrip().startswith("#")


def lay_out(lines: Sequence[str], name: str, separator: str | None = None, terminated: bool = True) -> Layout:
    """Find the table in the first lines of a file; the last one is not judged by where it is not `terminated`.

    Raises:
        SourceError: no table is there, or a header without rows.
    """
    filled = [i for i, line in enumerate(lines) if line and not line.isspace()]
    if not filled:
        raise SourceError(f"{safe(name)} holds nothing but blank lines.", "Was the sweep interrupted before its start?")
    declared = declared_separator(lines[filled[0]])
    separator = separator or declared
    content = filled[1:] if declared is not None else filled
    hashed = [i for i in content if is_comment(lines[i])]
    hash_rows = len(hashed) > 0.5 * len(content) and len(content) - len(hashed) <= 2
    if not hash_rows:
        content = [i for i in content if not is_comment(lines[i])]
    table = bar_table(lines) if separator is None else None
    if table is not None:
        lines = lines[: table[1]]
        content = [i for i in content if table[0] <= i < table[1] and "|" in lines[i]]
    guess = guess_dialect([lines[i] for i in content if terminated or i < len(lines) - 1 or content == [i]], separator)
    if guess is None:
        raise SourceError(
            f"{safe(name)} is text, but not a table: its lines have no columns in common.",
            "Name the separator with `--separator` if it is one of your own.",
        )
    dialect, width = guess.dialect, guess.width
    above = content if table is None else [i for i in filled if i < table[0] and not is_comment(lines[i])]
    content = [i for i in content if not (dialect.bars and is_rule(lines[i]))]
    start = _header_index(lines, content, dialect, width)
    hidden = _commented_header(lines, hashed, start, dialect, width) if not hash_rows else None
    return _assemble(lines, name, dialect, width, hidden, start, hash_rows, above, terminated)


def _header_index(lines: Sequence[str], content: Sequence[int], dialect: Dialect, width: int) -> int:
    """Return the index of the first line of the table: the header, or the first row where there is none."""
    cells = {i: split_record(lines[i], dialect).cells for i in content[:60]}
    place = next((k for k, i in enumerate(content[:60]) if len(cells[i]) == width), 0)
    for i in content[:place]:  # a header of several lines: a name in quotes holds a line end
        head = next(records(lines, dialect, width, i), None)
        if head is not None and head.span > 1 and i + head.span <= content[place] + 1 and len(head.cells) == width:
            return i
    if place > 0:
        before, here = cells[content[place - 1]], cells[content[place]]
        named = all(cell and not is_number(cell) for cell in before[:-1]) and not is_number(before[-1])
        near = abs(len(before) - width) == 1 and len(set(before)) == len(before)
        if len(before) >= max(2, width // 2) and named and (near or any(is_number(cell) for cell in here)):
            place -= 1
    return content[place] if content else 0


def _commented_header(
    lines: Sequence[str], hashed: Sequence[int], start: int, dialect: Dialect, width: int
) -> int | None:
    """Return the index of a `# lr,loss` line that names the columns of the numbers that follow it."""
    before = [i for i in hashed if i <= start]
    if not before:
        return None
    names = split_record(lines[before[-1]].lstrip().lstrip("#"), dialect).cells
    row = split_record(lines[start], dialect).cells
    if len(names) != width or not any(is_number(cell) for cell in row) or any(is_number(cell) for cell in names):
        return None
    # The line after it must not be a header itself.
    return before[-1] if any(is_number(cell) for cell in row) and width > 1 else None


def _assemble(
    lines: Sequence[str],
    name: str,
    dialect: Dialect,
    width: int,
    hidden: int | None,
    start: int,
    hash_rows: bool,
    above: Sequence[int],
    terminated: bool,
) -> Layout:
    head: Record | None = next(records(lines, dialect, width, start), None)
    below = _rows(lines, dialect, width, start + (head.span if head else 1), hash_rows)
    header_line: int | None = start
    names: list[str] = list(head.cells) if head else []
    first = start + (head.span if head else 1)
    if hidden is not None:
        names, header_line, first = split_record(lines[hidden].lstrip().lstrip("#"), dialect).cells, hidden, start
        below = _rows(lines, dialect, width, start, hash_rows)
    elif _is_headless(names, below):
        below = [names, *below]
        names, header_line, first = [""] * len(names), None, start
    if not below:
        if _is_garbled(names):
            raise SourceError(
                f"{safe(name)} is binary data, not a text table: its only line holds no readable names.",
                "Export the trials as CSV, JSON Lines or Parquet.",
            )
        raise SourceError(
            f"{safe(name)} has a header but no rows.", "Was the sweep interrupted before its first trial?"
        )
    second = ""
    if header_line is not None and hidden is None and first < len(lines):
        names, second = _second_header(names, below)
        if second and split_record(lines[first], dialect).cells == below[0]:
            below, first = below[1:], first + 1
        else:
            names, second = list(head.cells) if head else [], ""
    whole_rows = below if terminated or len(below) == _SAMPLE_ROWS else below[:-1]
    counts = Counter(len(row) for row in whole_rows) or Counter([len(names)])
    usual = max(counts, key=lambda n: (counts[n], n))
    names, shift = _fit(names, usual, [row for row in below if len(row) == usual], header_line is None)
    shift = "; ".join(part for part in (second, shift) if part)
    numeric = tuple(_is_numeric(below, k, len(names)) for k in range(len(names)))
    top = start if header_line is None else header_line
    banner = sum(1 for i in above if i < top)
    return Layout(dialect, first, header_line, tuple(names), len(names), usual, shift, numeric, hash_rows, banner)


def _is_garbled(names: Sequence[str]) -> bool:
    """Say whether names are no words: control characters in them, or mostly signs."""
    text = "".join(names)
    signs = sum(not (c.isalnum() or c in " _-./()[]{}%#@:+=<>*|$&'") for c in text)
    return any(unicodedata.category(c) == "Cc" for c in text) or signs > 0.3 * len(text)


def _rows(lines: Sequence[str], dialect: Dialect, width: int, start: int, hash_rows: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    for record in records(lines, dialect, width, start):
        line = lines[record.line - 1]
        if record.cells and (hash_rows or not is_comment(line)) and not draws(line, dialect):
            rows.append(record.cells)
        if len(rows) == _SAMPLE_ROWS:
            break
    return rows


def _is_headless(names: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Say whether the first line is certainly a row.

    It is one where it is filled with numbers that do not count columns, or with numbers beside words that come again
    below in the same column.
    """
    numbers = [is_number(cell) for cell in names]
    if not any(numbers) or not all(names) or not below:
        return False
    if all(numbers):
        values = [cell.strip() for cell in names]
        counting = [str(k) for k in range(len(values))], [str(k) for k in range(1, len(values) + 1)]
        rows = [row for row in below if len(row) == len(names)]
        if values in counting and len(values) > 1:
            return False
        return bool(rows) and all(all(is_number(c) or c in _EMPTY for c in row) for row in rows[:20])
    words = [k for k, number in enumerate(numbers) if not number]
    return len(below) >= 3 and all(any(len(row) > k and row[k] == names[k] for row in below) for k in words)


def _second_header(names: list[str], below: Sequence[Sequence[str]]) -> tuple[list[str], str]:
    """Return the names with those of a second header line behind them, and what the line is; it may hold units.

    The first row is no trial where it holds words alone, at least one in a column of numbers, and no other row holds
    a word in any column of numbers.
    """
    rows = [row for row in below[1:] if len(row) == len(names)]
    if len(rows) < 3 or len(below[0]) != len(names) or any(is_number(cell) for cell in below[0]):
        return names, ""
    numeric = [k for k in range(len(names)) if _is_numeric(rows, k, len(names))]
    if len(numeric) < 2 or all(below[0][k] in _EMPTY for k in numeric) or any(not below[0][k] for k in numeric):
        return names, ""
    filled = [name for name in names if name]
    if len(set(filled)) < len(names):  # as pandas writes columns of two levels
        groups = [next((name for name in names[k::-1] if name), "") for k in range(len(names))]
        joined = [f"{a}_{b}" if a and b else a or b for a, b in zip(groups, below[0], strict=True)]
        return joined, "a second header line below the first: its names stand behind those of the first"
    return names, "a line of units below the header is no trial"


def _fit(names: list[str], usual: int, rows: Sequence[Sequence[str]], headless: bool) -> tuple[list[str], str]:
    """Fit the header to rows of `usual` cells: return the names, and what was done in words."""
    extra = usual - len(names)
    if headless:
        return [""] * usual, ""
    if extra == 0:
        return names, ""
    if extra < 0:
        if -extra == 1 and names[-1] == "" and len(names) > 1:
            return names[:-1], "the header ends with a separator the rows do not have"
        return names, "the header has more names than the rows have cells: the last columns are missing"
    if all(not cell for row in rows for cell in row[len(names) :]):
        return names, "each row ends with a separator the header does not have"
    if extra == 1 and len({row[0] for row in rows}) == len(rows):
        return ["", *names], "the rows begin with an index the header does not name"
    return [*names, *[""] * extra], "the rows have more cells than the header has names: the last are unnamed"


def _is_numeric(rows: Sequence[Sequence[str]], column: int, width: int) -> bool:
    cells = [row[column] for row in rows if len(row) == width]
    filled = [cell for cell in cells if cell not in _EMPTY]
    return bool(filled) and all(is_number(cell) for cell in filled)
