"""What is typical of a sweep's columns: the value to hold a single trial against."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from hpi_core.sweep import Sweep


def typical_values(sweep: Sweep, names: Sequence[str]) -> dict[str, object]:
    """Return column -> median of its finite numbers, or its most frequent value where it holds no numbers.

    Whole numbers give the lower median, so that the value is one that was used. Columns without any value are absent.
    """
    wanted = [name for name in names if name in sweep.trials.columns]
    plans = [_plan(name, sweep.trials.schema[name]) for name in wanted]
    if not plans or sweep.trials.is_empty():
        return {}
    row = sweep.trials.select(plans).row(0, named=True)
    return {name: value for name, value in row.items() if value is not None}


def _plan(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype.is_float():
        return column.filter(column.is_finite()).median()
    if dtype.is_integer():
        return column.quantile(0.5, interpolation="lower").cast(dtype)
    if dtype.is_nested():
        return pl.lit(None).alias(name)
    return column.drop_nulls().mode(maintain_order=True).first()
