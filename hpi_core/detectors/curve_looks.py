"""What detectors of curves share: one look at one metric's curves, from an expression over their features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from hpi_core.curves.crossings import crossings
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


def since(
    context: Context, hit: Hit, measured: Measured, limit: pl.Series | float, said: str, *, below: bool = False
) -> Hit:
    """Say of the trials that were hit from which step on their curves stayed beyond a limit of the rule.

    `said` names it: `above 0.5` becomes `, above 0.5 from step 1,200 on`.
    """
    assert context.curves is not None
    if not hit.sick.any():
        return hit
    steps = crossings(context.curves.points(measured), measured, hit.sick, limit, below=below).since
    told = (f", {said} from step " + whole(steps) + " on").fill_null("")
    return replace(hit, evidence=[*hit.evidence, told], step=steps)


def whole(steps: pl.Series) -> pl.Series:
    """Return steps as texts with thousands separated."""
    distinct = steps.drop_nulls().unique()
    texts = pl.Series([f"{step:,}" for step in distinct.to_list()], dtype=pl.String)
    return steps.replace_strict(distinct, texts, default=None, return_dtype=pl.String)


class Level(NamedTuple):
    """Where a measurement ended, one value per trial; its curve if it has one, of which `unit` makes 1 here."""

    name: str
    values: pl.Series
    curve: Measured | None
    unit: float

    def since(self, context: Context, hit: Hit, limit: float, said: str, *, below: bool = False) -> Hit:
        """Say, where there is a curve, from which step on it stayed beyond a limit."""
        return hit if self.curve is None else since(context, hit, self.curve, limit * self.unit, said, below=below)


def final_levels(context: Context, kind: Kind) -> list[Level]:
    """Return the last levels of a kind of measurement, from curves and from columns of the trials, as shares.

    Shares of units that are written in percent (some value above 1.5) are divided by 100.
    """
    curves = {curve.metric.name: curve for curve in (context.curves.of_kind(kind) if context.curves else ())}
    found = {name: curve["end"] for name, curve in curves.items()}
    found |= {n: context.values(n) for n in context.numeric_columns if n not in found and kind_of(n) == kind}
    part = kind in ("dead", "saturated")  # a ratio may well be above 1
    units = {name: 100.0 if part and (values > 1.5).any() else 1.0 for name, values in found.items()}
    return [Level(name, values / units[name], curves.get(name), units[name]) for name, values in found.items()]


class Layers(NamedTuple):
    """The norms of the layers' gradients: each layer's curve, and of every trial which is largest, next and smallest.

    The `*_at` are places in `curves`, null where a trial has no layer.
    """

    curves: tuple[Measured, ...]
    largest: pl.Series
    next: pl.Series
    smallest: pl.Series
    largest_at: pl.Series
    smallest_at: pl.Series

    def named(self, places: pl.Series) -> pl.Series:
        """Return the names of the curves at these places."""
        names = [curve.metric.name for curve in self.curves]
        return places.replace_strict(list(range(len(names))), names, default=None, return_dtype=pl.String)

    def each(self, feature: str, places: pl.Series) -> pl.Series:
        """Return of every trial a feature of the curve at its place."""
        frame = pl.DataFrame([places.alias("at"), *(c[feature].alias(str(i)) for i, c in enumerate(self.curves))])
        chosen = [pl.when(pl.col("at") == i).then(pl.col(str(i))) for i in range(len(self.curves))]
        return frame.select(pl.coalesce(chosen).alias(feature)).to_series()


def layers(context: Context, feature: str) -> Layers | None:
    """Return the smallest, largest and second largest level over the layers' gradient norms; None without layers."""
    assert context.curves is not None
    found = context.curves.of_kind("gradient")
    if len(found) < 2:
        return None
    by_layer = pl.DataFrame([curve[feature].alias(str(i)) for i, curve in enumerate(found)])
    levels = by_layer.select(pl.concat_list(pl.all()).alias("each")).with_columns(
        pl.col("each").list.drop_nulls().list.sort(descending=True).alias("all")
    )
    told = levels.select(
        largest=pl.col("all").list.first(),
        next=pl.col("all").list.get(1, null_on_oob=True),
        smallest=pl.col("all").list.last(),
        largest_at=pl.col("each").list.arg_max(),
        smallest_at=pl.col("each").list.arg_min(),
    )
    return Layers(found, *told.iter_columns())


def ramp(start: float, end: float, points: int = 30, rate: float = 0.15) -> list[float]:
    """Return an example of a healthy curve: an exponential way from `start` to `end`, with a little even ripple."""
    return [end + (start - end) * (1 - rate) ** i + 0.002 * abs(start - end) * (-1) ** i for i in range(points)]


def learning_rates(trials: int) -> list[float]:
    """Return a hyperparameter for examples."""
    return [0.01 * (i + 1) for i in range(trials)]


def finals(curves: Iterable[Sequence[float]]) -> list[float]:
    """Return the last value of each curve, as the trials' own column shows it."""
    return [curve[-1] for curve in curves]
