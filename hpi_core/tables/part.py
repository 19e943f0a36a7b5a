"""One of several tables that are put together, and what that needs: types that agree, curves and ledgers as one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from hpi_core.tables.curve_frames import number
from hpi_core.tables.ledger import Entry
from hpi_core.tables.table import Table
from hpi_core.text import safe

_EXACT = 2**53


@dataclass(frozen=True)
class Part:
    """One table of several: the short name of its source, the reader that read it, and what it read.

    `store` is set where the source is a sweep by itself, as a tracker or a tool leaves it, and not just a table;
    `whole` where a table is one because curves of its own were found for it.
    """

    label: str
    kind: str
    table: Table
    store: bool = False
    whole: bool = False


def agreed(framed: list[pl.DataFrame], entries: list[Entry]) -> list[pl.DataFrame]:
    """Cast columns that differ in type between files to a type that holds all of them."""
    types: dict[str, set[pl.DataType]] = {}
    for frame in framed:
        for column in frame.iter_columns():
            found = types.setdefault(column.name, set())
            if column.null_count() < frame.height:
                found.add(column.dtype)
    casts: dict[str, pl.DataType] = {}
    schemas = [frame.schema for frame in framed]
    for name, found in types.items():
        if len(found) == 1:
            casts[name] = next(iter(found))
        elif not found:
            casts[name] = pl.String()
        elif found == {pl.Int64(), pl.Float64()} and _exact_integers(framed, schemas, name):
            casts[name] = pl.Float64()
        else:
            casts[name] = pl.String()
            words = " and ".join(sorted(str(dtype) for dtype in found))
            entries.append(
                Entry("mixed_types", f"{words} in different files: kept as text", column=name, count=len(framed))
            )
    return [
        frame.with_columns(_cast(c, casts[c.name]) for c in frame.iter_columns() if c.dtype != casts[c.name])
        for frame in framed
    ]


def _exact_integers(framed: list[pl.DataFrame], schemas: list[pl.Schema], name: str) -> bool:
    ints = [f[name] for f, schema in zip(framed, schemas, strict=True) if schema.get(name) == pl.Int64]
    return all(number(column.abs().max()) <= _EXACT for column in ints)


def _cast(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    if dtype == pl.String and isinstance(column.dtype, (pl.List, pl.Struct)):
        texts = [None if v is None else json.dumps(v if isinstance(v, dict) else list(v), default=str) for v in column]
        return pl.Series(column.name, texts, dtype=pl.String)
    return column.cast(dtype, strict=False)


def stacked_curves(parts: Sequence[Part], offsets: Sequence[int]) -> pl.DataFrame | None:
    """Return the curves of all parts as one, sorted, each moved to where its part's rows begin."""
    curves = [
        part.table.curves.with_columns((pl.col("_row") + offset).cast(pl.UInt32))
        for part, offset in zip(parts, offsets, strict=True)
        if part.table.curves is not None
    ]
    return pl.concat(curves).sort("_row", "metric", "step") if curves else None


def moved_ledgers(parts: Sequence[Part], offsets: Sequence[int]) -> pl.DataFrame:
    """Return the ledgers of all parts as one, each with the name of its part and its rows moved."""
    return pl.concat([_moved(part, offset) for part, offset in zip(parts, offsets, strict=True)])


def _moved(part: Part, offset: int) -> pl.DataFrame:
    ledger = part.table.ledger
    if ledger.is_empty():
        return ledger
    prefix = safe(part.label).replace("$", "")
    return ledger.with_columns(
        (pl.col("row").cast(pl.Int64) + offset).cast(pl.UInt32).alias("row"),
        pl.concat_str(pl.lit(f"{prefix}: "), pl.col("message")).alias("message"),
    )
