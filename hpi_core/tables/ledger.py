"""The ledger in the making: entries about repairs and refusals, and the frame they become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from hpi_core import frames

# Long cells are quoted in the ledger up to here: it names a cell, it does not keep a copy of the file.
QUOTED = 200


@dataclass(frozen=True)
class Entry:
    """One repair or refusal; the fields are the columns of `frames.LEDGER`."""

    kind: str
    message: str
    row: int | None = None
    line: int | None = None
    column: str | None = None
    was: str | None = None
    became: str | None = None
    count: int = 1


def ledger_frame(entries: Sequence[Entry], more: Sequence[pl.DataFrame] = ()) -> pl.DataFrame:
    """Return entries, and frames of further entries, as one ledger in the order of lines (file-wide entries first)."""
    own = pl.DataFrame(
        {
            "row": [entry.row for entry in entries],
            "line": [entry.line for entry in entries],
            "kind": [entry.kind for entry in entries],
            "column": [entry.column for entry in entries],
            "was": [None if entry.was is None else entry.was[:QUOTED] for entry in entries],
            "became": [None if entry.became is None else entry.became[:QUOTED] for entry in entries],
            "message": [entry.message for entry in entries],
            "count": [entry.count for entry in entries],
        },
        schema=frames.LEDGER,
    )
    return pl.concat([own, *more]).sort("line", maintain_order=True, nulls_last=False)
