"""Which rows stand in the run table and in what order: filter, sort and group turned into an array of row numbers.

The frame itself is never moved; the result is a view of it. Runs in a worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from hpi_core.filter import parse
from hpi_core.frames import ROW
from hpi_core.sweep import Sweep
from hpi_tui.state import SortKey
from hpi_tui.tables import DECISION, ISSUES, decision_cell

if TYPE_CHECKING:
    from hpi_core.charts.sick import Standing
    from hpi_core.triage import Decision

RowView = np.ndarray[Any, np.dtype[np.uint32]]


def all_rows(sweep: Sweep) -> RowView:
    """Return the view that shows every trial in the order of the source."""
    return np.arange(sweep.trials.height, dtype=np.uint32)


def arrange(
    sweep: Sweep,
    filter_text: str,
    sorts: tuple[SortKey, ...],
    *,
    grouped: bool = False,
    standing: Standing | None = None,
    decided: Mapping[int, Decision] | None = None,
) -> RowView:
    """Return the `_row` of every trial shown, in order.

    `standing` and `decided` (`_row` -> decision) answer `issue:`, `severity:` and `decision:` of a filter and sort by
    the columns the app adds.

    Raises:
        FilterError: the filter cannot be understood.
    """
    trials = _with_added(sweep.trials, sorts, standing, decided or {})
    if filter_text:
        known = _known(standing, decided or {})
        issues = None if standing is None else standing.issues
        trials = trials.filter(parse(filter_text).expression(sweep, known, issues))
    keys: list[pl.Expr] = []
    descending: list[bool] = []
    if grouped and sweep.roles.hyperparameters:
        keys.append(pl.col(ROW).min().over([p.name for p in sweep.roles.hyperparameters]))
        descending.append(False)
    for key in sorts:
        for expression, turned in _sort_expressions(trials, key):
            keys.append(expression)
            descending.append(turned)
    if not keys:
        return trials[ROW].to_numpy()
    order = trials.select(pl.arg_sort_by(keys, descending=descending, maintain_order=True)).to_series()
    return trials[ROW].gather(order).to_numpy()


def _with_added(
    trials: pl.DataFrame, sorts: tuple[SortKey, ...], standing: Standing | None, decided: Mapping[int, Decision]
) -> pl.DataFrame:
    """Add what stands in the app's own columns where the rows are sorted by them: worst first, then by the tags."""
    names = {key.column for key in sorts}
    if ISSUES in names and standing is not None:
        order = pl.Series(standing.rank.astype("U1").tolist(), dtype=pl.String) + standing.tags
        trials = trials.with_columns(pl.when(standing.tags != "").then(order).alias(ISSUES))
    if DECISION in names:
        words = [decision_cell(decided.get(row)).text or None for row in range(trials.height)]
        trials = trials.with_columns(pl.Series(DECISION, words, dtype=pl.String))
    return trials


def _known(standing: Standing | None, decided: Mapping[int, Decision]) -> pl.DataFrame | None:
    """Return what a filter can ask of trials beside their columns."""
    rows = [(row, decision.verdict) for row, decision in decided.items()]
    verdicts = pl.DataFrame(rows, schema={ROW: pl.UInt32, "decision": pl.String}, orient="row")
    if standing is None:
        return verdicts
    return standing.context.join(verdicts, on=ROW, how="full", coalesce=True)


def _sort_expressions(trials: pl.DataFrame, key: SortKey) -> list[tuple[pl.Expr, bool]]:
    """Order by class first (numbers, +inf, -inf, nan, none), so that what is no number stands last either way."""
    name = ROW if key.column not in trials.columns else key.column
    column, dtype = pl.col(name), trials.schema[name]
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
