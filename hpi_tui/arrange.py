"""Which rows stand in the run table and in what order: filter, sort and group turned into an array of row numbers.

The frame itself is never moved; the result is a view of it. Runs in a worker.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from hpi_core.filter import parse
from hpi_core.frames import ROW
from hpi_core.sweep import Sweep
from hpi_tui.state import SortKey

RowView = np.ndarray[Any, np.dtype[np.uint32]]


def all_rows(sweep: Sweep) -> RowView:
    """Return the view that shows every trial in the order of the source."""
    return np.arange(sweep.trials.height, dtype=np.uint32)


def arrange(sweep: Sweep, filter_text: str, sorts: tuple[SortKey, ...], *, grouped: bool = False) -> RowView:
    """Return the `_row` of every trial shown, in order.

    Raises:
        FilterError: the filter cannot be understood.
    """
    trials = sweep.trials
    if filter_text:
        trials = trials.filter(parse(filter_text).expression(sweep))
    keys: list[pl.Expr] = []
    descending: list[bool] = []
    if grouped and sweep.roles.hyperparameters:
        keys.append(pl.col(ROW).min().over([p.name for p in sweep.roles.hyperparameters]))
        descending.append(False)
    for key in sorts:
        for expression, turned in _sort_expressions(sweep, key):
            keys.append(expression)
            descending.append(turned)
    if not keys:
        return trials[ROW].to_numpy()
    order = trials.select(pl.arg_sort_by(keys, descending=descending, maintain_order=True)).to_series()
    return trials[ROW].gather(order).to_numpy()


def _sort_expressions(sweep: Sweep, key: SortKey) -> list[tuple[pl.Expr, bool]]:
    """Order by class first (numbers, +inf, -inf, nan, none), so that what is no number stands last either way."""
    name = ROW if key.column not in sweep.trials.columns else key.column
    column, dtype = pl.col(name), sweep.trials.schema[name]
    if dtype.is_float():
        rank = (
            pl.when(column.is_null()).then(4).when(column.is_nan()).then(3).when(column.is_finite()).then(0)
            .when(column > 0).then(1).otherwise(2)
        )  # fmt: skip
        return [(rank, False), (pl.when(column.is_finite()).then(column), key.descending)]
    if dtype == pl.String:
        number = column.cast(pl.Float64, strict=False)
        return [
            (column.is_null(), False),
            (number.is_null(), False),
            (number, key.descending),
            (column, key.descending),
        ]
    if dtype.is_nested():
        return [(column.is_null(), False), (column.list.len() if dtype == pl.List else pl.lit(0), key.descending)]
    return [(column.is_null(), False), (column, key.descending)]
