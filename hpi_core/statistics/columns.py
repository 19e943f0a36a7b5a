"""Columns: from a polars column to the plain arrays of a parameter, without copying through Python objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core.statistics.inputs import Parameter

if TYPE_CHECKING:
    from hpi_core.roles import Kind


def parameter_of(column: pl.Series, kind: Kind, *, environment: bool = False) -> Parameter:
    """Return a column as a parameter; null and NaN are missing, infinities stay.

    A kind the values cannot have gives way: numbers said to be `categorical` become words, words said to be numeric
    stay words. Times become their integers.
    """
    if column.dtype.is_temporal():
        column = column.to_physical()
    if kind == "categorical" or not column.dtype.is_numeric():
        return _words(column, environment)
    numbers = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    numbers = np.ascontiguousarray(numbers, dtype=np.float64)
    return Parameter(column.name, kind, numbers, np.isnan(numbers), (), environment)


def _words(column: pl.Series, environment: bool) -> Parameter:
    if column.dtype.is_nested() or column.dtype == pl.Object:
        words = pl.Series(column.name, [None if x is None else str(x) for x in column.to_list()], dtype=pl.String)
    else:
        words = column.cast(pl.String)
    levels = words.drop_nulls().unique().sort()
    if levels.is_empty():
        codes = np.full(len(words), -1, dtype=np.int64)
    else:
        places = words.cast(pl.Enum(levels)).to_physical()
        codes = places.cast(pl.Int64).fill_null(-1).to_numpy()
    return Parameter(column.name, "categorical", codes, codes < 0, tuple(levels.to_list()), environment)
