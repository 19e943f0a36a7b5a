"""The first rows of a delimited file, read from its head without polars, so that the app can show them at once.

Uses the same rooms for encoding, dialect, layout and names as the full read, and so agrees with it.
"""

from __future__ import annotations

from dataclasses import dataclass

from hpi_core.errors import HpiError
from hpi_core.tables.content import Content
from hpi_core.tables.dialect import bar_table, draws
from hpi_core.tables.layout import HEAD, is_comment, lay_out, read_head
from hpi_core.tables.names import unique_names
from hpi_core.tables.records import records


@dataclass(frozen=True)
class Preview:
    """Column names, the text of the first rows (as wide as the names; raw text, not yet safe to print).

    `total` is the number of rows: counted where `exact`, else estimated from the size of the file.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int
    exact: bool


def preview(content: Content, rows: int) -> Preview | None:
    """Return the first `rows` rows from the head of a delimited file; None where it is none or cannot be read."""
    if content.place is not None or content.head(64).lstrip()[:1] in (b"{", b"["):
        return None
    try:
        head = read_head(content)
        layout = lay_out(head.lines, content.name, terminated=head.terminated)
    except (HpiError, OSError):
        return None
    names, _ = unique_names(layout.raw_names)
    header = [name.strip() for name in layout.raw_names]
    found: list[tuple[str, ...]] = []
    count = 0
    table = bar_table(head.lines) if layout.dialect.bars else None
    lines = head.lines if table is None else head.lines[: table[1]]
    for record in records(lines, layout.dialect, layout.usual, layout.first):
        line = head.lines[record.line - 1]
        drawn = draws(line, layout.dialect)
        if not record.cells or drawn or (is_comment(line) and not layout.hash_rows) or record.cells == header:
            continue
        count += 1
        if count <= rows:
            cells = record.cells[: layout.width]
            found.append((*cells, *[""] * (layout.width - len(cells))))
    total = count if head.whole else max(count, count * content.size() // HEAD)
    return Preview(tuple(names), tuple(found), total, head.whole)
