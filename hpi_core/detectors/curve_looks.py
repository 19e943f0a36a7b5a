"""What detectors of curves share: one look at one metric's curves, from an expression over their features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import polars as pl

from hpi_core.curves.measured import kind_of
from hpi_core.detectors.contract import Severity
from hpi_core.detectors.verdict import Hit, Part, mask

if TYPE_CHECKING:
    from hpi_core.curves.measured import Kind, Measured
    from hpi_core.detectors.context import Context

# How far a curve came down from its start to its best; zero where it never did.
DROP = pl.max_horizontal(pl.col("first") - pl.col("best"), 0.0)


def look(
    measured: Measured,
    sick: pl.Expr,
    evidence: Sequence[Part],
    severity: Severity | pl.Series,
    *,
    least: float = 5,
    among: pl.Series | None = None,
    value: pl.Series | float | None = None,
    threshold: pl.Series | float | None = None,
    step: pl.Series | None = None,
) -> Hit:
    """Judge the curves of at least `least` finite points (of the trials in `among`) by an expression of features."""
    known = measured["n"] >= least
    if among is not None:
        known = known & among
    verdict = mask(measured.frame.select(sick.alias("sick")).to_series(), known.fill_null(False))
    return Hit(verdict, evidence, severity, measured.metric.name, value, threshold, step)


def of(measured: Measured, expression: pl.Expr) -> pl.Series:
    """Return an expression of features, one value per trial."""
    return measured.frame.select(expression.alias("value")).to_series()


def whole(steps: pl.Series) -> pl.Series:
    """Return steps as texts with thousands separated."""
    distinct = steps.drop_nulls().unique()
    texts = pl.Series([f"{step:,}" for step in distinct.to_list()], dtype=pl.String)
    return steps.replace_strict(distinct, texts, default=None, return_dtype=pl.String)


def final_levels(context: Context, kind: Kind) -> list[tuple[str, pl.Series]]:
    """Return the last levels of a kind of measurement, from curves and from columns of the trials, as shares.

    What is written in percent (some value above 1.5) is divided by 100.
    """
    found = [(curve.metric.name, curve["end"]) for curve in context.curves.of_kind(kind)] if context.curves else []
    taken = {name for name, _ in found}
    found += [(n, context.values(n)) for n in context.numeric_columns if n not in taken and kind_of(n) == kind]
    return [(name, values / 100 if (values > 1.5).any() else values) for name, values in found]


def layers(context: Context, feature: str) -> dict[str, pl.Series] | None:
    """Return the smallest, largest and second largest level over the layers' gradient norms; None without layers."""
    assert context.curves is not None
    found = context.curves.of_kind("gradient")
    if len(found) < 2:
        return None
    by_layer = pl.DataFrame([curve[feature].alias(str(i)) for i, curve in enumerate(found)])
    levels = by_layer.select(pl.concat_list(pl.all()).list.drop_nulls().list.sort(descending=True).alias("all"))
    told = levels.select(
        largest=pl.col("all").list.first(),
        next=pl.col("all").list.get(1, null_on_oob=True),
        smallest=pl.col("all").list.last(),
    )
    return {column.name: column for column in told.iter_columns()}


def ramp(start: float, end: float, points: int = 30, rate: float = 0.15) -> list[float]:
    """Return an example of a healthy curve: an exponential way from `start` to `end`, with a little even ripple."""
    return [end + (start - end) * (1 - rate) ** i + 0.002 * abs(start - end) * (-1) ** i for i in range(points)]


def learning_rates(trials: int) -> list[float]:
    """Return a hyperparameter for examples."""
    return [0.01 * (i + 1) for i in range(trials)]


def finals(curves: Iterable[Sequence[float]]) -> list[float]:
    """Return the last value of each curve, as the trials' own column shows it."""
    return [curve[-1] for curve in curves]
