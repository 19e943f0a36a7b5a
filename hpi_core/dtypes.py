"""The few types a table has: what other formats and frames hold is turned into them, without loss where that can be."""

from __future__ import annotations

import polars as pl

KEPT = (pl.String, pl.Float64, pl.Int64, pl.Boolean)
_INT64_MAX = 2**63 - 1


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with String, Float64, Int64, Boolean, Datetime, List and Struct columns only.

    A Float32 becomes the Float64 its shortest text stands for (0.1, not 0.10000000149011612); durations become
    seconds; bytes become hexadecimal text.
    """
    return frame.with_columns([_plain(column) for column in frame.iter_columns()])


def _plain(column: pl.Series) -> pl.Series:
    dtype = column.dtype
    if dtype in KEPT or isinstance(dtype, (pl.Datetime, pl.Struct)):
        return column
    if dtype == pl.UInt64 or dtype == pl.Int128 or dtype == pl.UInt128:
        largest = column.max()
        fits = largest is None or (isinstance(largest, int) and largest <= _INT64_MAX)
        return column.cast(pl.Int64 if fits else pl.String, strict=False)
    if dtype.is_integer():
        return column.cast(pl.Int64)
    if dtype == pl.Float32:
        return column.cast(pl.String).cast(pl.Float64)
    if dtype.is_float() or isinstance(dtype, pl.Decimal):
        return column.cast(pl.Float64)
    if dtype == pl.Date:
        return column.cast(pl.Datetime("us"))
    if dtype == pl.Duration:
        return (column.dt.total_microseconds() / 1e6).alias(column.name)
    if dtype == pl.Binary:
        return column.bin.encode("hex")
    if isinstance(dtype, (pl.List, pl.Array)):
        return _plain_list(column, dtype)
    if dtype == pl.Object:
        return pl.Series(column.name, [None if v is None else str(v) for v in column.to_list()], dtype=pl.String)
    return column.cast(pl.String)


def _plain_list(column: pl.Series, dtype: pl.List | pl.Array) -> pl.Series:
    inner = dtype.inner
    if inner.is_numeric():
        return column.cast(pl.List(pl.Float64))
    texts = [None if value is None else str(list(value)) for value in column.to_list()]
    return pl.Series(column.name, texts, dtype=pl.String)
