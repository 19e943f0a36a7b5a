"""The ledger: one entry per repair or refusal, in the words a person can check against the file."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from hpi_core import frames


def entry(
    kind: str,
    message: str,
    *,
    row: int | None = None,
    line: int | None = None,
    column: str | None = None,
    was: str | None = None,
    became: str | None = None,
    count: int = 1,
) -> dict[str, object]:
    """Return one ledger entry as a row of `frames.LEDGER`."""
    return {
        "row": row, "line": line, "kind": kind, "column": column,
        "was": was, "became": became, "message": message, "count": min(count, 2**32 - 1),
    }  # fmt: skip


def extend(ledger: pl.DataFrame, entries: Sequence[dict[str, object]]) -> pl.DataFrame:
    """Return the ledger with the entries appended."""
    if not entries:
        return ledger
    return pl.concat([ledger, pl.DataFrame(list(entries), schema=frames.LEDGER)])
