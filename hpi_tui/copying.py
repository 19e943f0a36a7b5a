"""What `y` puts on the clipboard: rows as tab-separated text under their column names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep


def rows_as_text(sweep: Sweep, rows: list[int], names: list[str]) -> str:
    """Return the rows as tab-separated lines with full values; every cell is one line of harmless text."""
    lines = ["\t".join(safe(name) for name in names)]
    for row in rows:
        values = sweep.trials.row(row, named=True)
        lines.append("\t".join("" if values[name] is None else safe(values[name]) for name in names))
    return "\n".join(lines)
