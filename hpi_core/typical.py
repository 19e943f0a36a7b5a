"""What is typical of a sweep's columns: the value to hold a single trial against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from hpi_core.sweep import Sweep

# Column -> what is typical of it; by what names a sweep where a source mixes several, else under None.
TypicalValues = Mapping[str | None, Mapping[str, object]]


def typical_values(sweep: Sweep, names: Sequence[str]) -> TypicalValues:
    """Return column -> median of its finite numbers, or its most frequent value where it holds no numbers.

    Whole numbers give the lower median, so that the value is one that was used. Columns without any value are absent.
    Where a source mixes several sweeps the trials of each are taken by themselves: what is typical of one says nothing
    of a trial of another.
    """
    wanted = [name for name in names if name in sweep.trials.columns]
    plans = [_plan(name, sweep.trials.schema[name]).alias(f"value {name}") for name in wanted]
    if not plans or sweep.trials.is_empty():
        return {}
    group = sweep.roles.group
    of = pl.lit(None, dtype=pl.String) if group is None else pl.col(group).cast(pl.String)
    rows = sweep.trials.group_by(of.alias("of")).agg(plans).iter_rows()
    return {
        of: {name: value for name, value in zip(wanted, values, strict=True) if value is not None}
        for of, *values in rows
    }


def _plan(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype.is_float():
        return column.filter(column.is_finite()).median()
    if dtype.is_integer():
        return column.quantile(0.5, interpolation="lower").cast(dtype)
    if dtype.is_nested():
        return pl.lit(None)
    return column.drop_nulls().mode(maintain_order=True).first()
