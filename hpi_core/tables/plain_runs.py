"""Long runs of lines that need no care: each a record by itself, with as many cells as there are columns.

One odd line in a million must not make the reading of the others ten times as slow: where the strict path gives a file
up, these runs are still split by polars, and only what lies between them is looked at record by record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import polars as pl

from hpi_core.tables.layout import Layout

_LEAST = 4_096
_MOST = 100_000
# The last records are looked at one by one: they may be footers, or cut off.
_LAST = 16
# Blanks that are taken off the ends of cells nowhere but where records are looked at one by one.
_RARE_BLANKS = "\x0b\x0c\x1c-\x1f\x85\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_POLARS_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, UnicodeEncodeError)


def plain_runs(lines: Sequence[str], layout: Layout) -> list[range]:
    """Return the runs, as indices into `lines`, in order; none where the table is of a kind that always needs care."""
    dialect = layout.dialect
    if dialect.bars or dialect.wrapped or len(dialect.separator) != 1 or dialect.separator == " ":
        return []
    if layout.width < 2 or layout.usual != layout.width or len(lines) < _LEAST:
        return []
    plain = np.zeros(len(lines), dtype=bool)
    for start in range(layout.first, len(lines), _MOST):
        part = lines[start : start + _MOST]
        try:
            plain[start : start + len(part)] = _are_plain(part, layout)
        except _POLARS_ERRORS:
            return []
    plain[np.flatnonzero(plain)[-_LAST:]] = False
    edges = np.flatnonzero(np.diff(plain, prepend=False, append=False))
    return [
        range(at, min(at + _MOST, stop))
        for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
        if stop - start >= _LEAST
        for at in range(start, stop, _MOST)
    ]


def split_run(lines: Sequence[str], layout: Layout, names: Sequence[str]) -> pl.DataFrame | None:
    """Return the cells of a run as String columns, not stripped, null where empty; None where polars disagrees."""
    try:
        frame = pl.read_csv(
            "\n".join(lines).encode(),
            has_header=False,
            schema=dict.fromkeys(names, pl.String()),
            separator=layout.dialect.separator,
            quote_char=None,
            infer_schema=False,
        )
    except _POLARS_ERRORS:
        return None
    return frame if frame.height == len(lines) else None


def _are_plain(lines: Sequence[str], layout: Layout) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Say of each line whether it has a cell per column, and no quote, comment or name of a column that need care."""
    line, separator = pl.col("line"), layout.dialect.separator
    longest = max(layout.raw_names, key=len, default="").strip()
    careful = [line.str.contains(f"[{re.escape(layout.dialect.quote)}{_RARE_BLANKS}]")]
    careful += [] if layout.hash_rows else [line.str.contains(r"^\s*#")]
    careful += [line.str.contains(longest, literal=True)] if longest and layout.header_line is not None else []
    cells = line.str.count_matches(separator, literal=True) == layout.width - 1
    if separator.isspace():
        cells &= line.str.contains(r"\S")
    found = pl.DataFrame({"line": lines}, schema={"line": pl.String}).select(cells & ~pl.any_horizontal(careful))
    return found.to_series().to_numpy()
