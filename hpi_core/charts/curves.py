"""The curves of a trial beside the best trial and the healthy median: what to draw, as plain arrays.

`curve_chart` reads the few curves asked for from the sweep's lazy frame and keeps them whole, so that readouts are
exact; reducing them to the screen is the business of `series`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, cast

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.charts.axes import Floats, as_floats
from hpi_core.charts.memo import Memo
from hpi_core.charts.series import Curve, Part, Severity, smooth
from hpi_core.charts.standing import Rows, best_row, healthy_rows, objective_values, severity_of, trial_name
from hpi_core.roles.names import parse
from hpi_core.sweep import Sweep
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection

T = TypeVar("T")
XAxis = Literal["step", "time"]
MEDIAN_POINTS = 512
MOST_OVERLAYS = 40
_MEDIAN = "healthy median"


@dataclass(frozen=True)
class Mark:
    """A finding at a step of the trial."""

    x: float
    issue: str
    severity: Severity


@dataclass(frozen=True, eq=False)
class Panel:
    """The curves of one metric; the lowest in the stack first."""

    metric: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, eq=False)
class CurveChart:
    """One or two panels over the same x range; `metrics` are those to choose from, the objective's first."""

    trial: str
    metrics: tuple[str, ...]
    panels: tuple[Panel, ...]
    low: float
    high: float
    full: tuple[float, float]
    axis: XAxis
    marks: tuple[Mark, ...] = ()
    note: str = ""
    direction: str | None = None


def curve_metrics(sweep: Sweep) -> tuple[str, ...]:
    """Return the metrics that have curves: the objective's first, its train pair second, the others by name."""
    if sweep.curves is None:
        return ()
    names = sorted(sweep.curves.select("metric").unique().collect()["metric"].cast(pl.String).to_list())
    if not names:
        return ()
    first = _objective_curve(sweep, names)
    pair = paired_metric(first, names)
    return tuple(dict.fromkeys([first, *([pair] if pair else []), *names]))


def paired_metric(metric: str, names: Sequence[str]) -> str | None:
    """Return the same quantity on the other side: train for val and test, val or test for train."""
    own = parse(metric).metric
    if own is None or own.split is None:
        return None
    wanted = ("val", "test") if own.split == "train" else ("train",)
    for split in wanted:
        for name in names:
            other = parse(name).metric
            if other is not None and other.split == split and other.stem == own.stem and other.variant == own.variant:
                return name
    return None


def _objective_curve(sweep: Sweep, names: Sequence[str]) -> str:
    objective = sweep.roles.objective
    if objective is None:
        losses = (n for n in names if (m := parse(n).metric) and m.split == "val" and m.quantity == "loss")
        return next(losses, names[0])
    if objective.metric in names:
        return objective.metric
    prefixes = [name for name in names if objective.metric.startswith(name)]
    if prefixes:
        return max(prefixes, key=len)
    own = parse(objective.metric).metric
    for name in names:
        other = parse(name).metric
        if own and other and (other.split, other.quantity) == (own.split, own.quantity):
            return name
    return names[0]


def curve_chart(
    sweep: Sweep,
    inspection: Inspection | None,
    row: int,
    *,
    metric: str | None = None,
    pair: bool = False,
    axis: XAxis = "step",
    zoom: tuple[float, float] | None = None,
    smoothing: int = 1,
    overlay: Sequence[int] = (),
    memo: Memo | None = None,
) -> CurveChart | None:
    """Collect what to draw for the trial of row `row`; None where the sweep has no curves.

    Args:
        sweep: the sweep, with curves.
        inspection: decides what is healthy and best; without it a finite objective is healthy.
        row: the trial under the cursor.
        metric: the metric shown, the objective's curve where None or unknown.
        pair: also show the same quantity on the other split, on the same steps.
        axis: `time` where the curves have a `time` column; otherwise steps are used and the note says so.
        zoom: the part of the x range shown.
        smoothing: points of a centred rolling mean over each finite stretch; 1 leaves the curves as they are.
        overlay: rows of other trials to show, at most `MOST_OVERLAYS`.
        memo: kept by the caller for one sweep and inspection, saves the part that does not depend on the trial.
    """
    if sweep.curves is None or not 0 <= row < sweep.trials.height:
        return None
    memo = memo or Memo()
    metrics = _kept(memo, ("metrics",), lambda: curve_metrics(sweep))
    if not metrics:
        return None
    shown: str = metric if metric is not None and metric in metrics else metrics[0]
    other = paired_metric(shown, metrics) if pair else None
    timed = "time" in sweep.curves.collect_schema().names()
    use: XAxis = "time" if axis == "time" and timed else "step"
    healthy = _kept(memo, ("healthy",), lambda: healthy_rows(sweep, inspection))
    best = _kept(memo, ("best",), lambda: best_row(sweep, inspection))
    full = _kept(memo, ("range", shown, use), lambda: _x_range(sweep.curves, shown, use))
    low, high = _within(zoom, full)
    panels = tuple(
        _panel(sweep, inspection, row, name, use, (low, high), smoothing, overlay, best, healthy, memo)
        for name in (shown, *([other] if other else []))
    )
    note = "" if axis == use else "no time in the curves: over step"
    direction = (parsed.direction if (parsed := parse(shown).metric) else None) or (
        sweep.roles.objective.direction if sweep.roles.objective and shown == metrics[0] else None
    )
    marks = _marks(inspection, row, shown) if use == "step" else ()
    return CurveChart(
        trial_name(sweep, row), metrics, panels, low, high, full, use, marks, note, direction
    )  # fmt: skip


def _panel(
    sweep: Sweep,
    inspection: Inspection | None,
    row: int,
    metric: str,
    axis: XAxis,
    span: tuple[float, float],
    smoothing: int,
    overlay: Sequence[int],
    best: int | None,
    healthy: Rows,
    memo: Memo,
) -> Panel:
    assert sweep.curves is not None
    middle = _kept(memo, ("median", metric, axis, span), lambda: _median(sweep.curves, metric, axis, span, healthy))
    others = [other for other in dict.fromkeys(overlay) if other not in (row, best)][:MOST_OVERLAYS]
    wanted = [*others, *([best] if best is not None and best != row else []), row]
    found = _load(sweep.curves, metric, axis, wanted)
    values = objective_values(sweep) if sweep.roles.objective else None
    curves = [] if middle is None else [Curve("median", _MEDIAN, middle[0], smooth(middle[1], smoothing))]
    for number in wanted:
        x, y = found.get(number, (np.empty(0), np.empty(0)))
        part: Part = "trial" if number == row else ("best" if number == best else "overlay")
        severity = severity_of(inspection, number, values)
        curves.append(Curve(part, trial_name(sweep, number), x, smooth(y, smoothing), number, severity))
    order = ("overlay", "median", "best", "trial")
    return Panel(metric, tuple(sorted(curves, key=lambda curve: order.index(curve.part))))


def _load(curves: pl.LazyFrame, metric: str, axis: XAxis, rows: Sequence[int]) -> dict[int, tuple[Floats, Floats]]:
    wanted = pl.Series(rows, dtype=pl.UInt32).implode()
    points = (
        curves.filter(pl.col(frames.ROW).is_in(wanted) & (pl.col("metric").cast(pl.String) == metric))
        .select(frames.ROW, pl.col(axis).cast(pl.Float64).alias("x"), "value")
        .drop_nulls()
        .sort(frames.ROW, "x", maintain_order=True)
        .collect()
    )
    return {
        int(part[frames.ROW][0]): (as_floats(part["x"].to_numpy()), as_floats(part["value"].to_numpy()))
        for part in points.partition_by(frames.ROW)
    }


def _x_range(curves: pl.LazyFrame | None, metric: str, axis: XAxis) -> tuple[float, float]:
    assert curves is not None
    column = pl.col(axis).cast(pl.Float64)
    ends = (
        curves.filter((pl.col("metric").cast(pl.String) == metric) & column.is_finite())
        .select(column.min().alias("low"), column.max().alias("high"))
        .collect()
    )
    low, high = ends.row(0)
    return (0.0, 1.0) if low is None else (float(low), float(high))


def _within(zoom: tuple[float, float] | None, full: tuple[float, float]) -> tuple[float, float]:
    if zoom is None:
        return full
    low, high = max(full[0], zoom[0]), min(full[1], zoom[1])
    return (low, high) if high > low else full


def _median(
    curves: pl.LazyFrame | None,
    metric: str,
    axis: XAxis,
    span: tuple[float, float],
    healthy: Rows,
) -> tuple[Floats, Floats] | None:
    """Return the median over the healthy trials per step, or per bucket of steps where there are very many.

    A trial counts once per bucket, with the mean of its finite values there.
    """
    assert curves is not None
    if healthy.size < 2:
        return None
    column = pl.col(axis).cast(pl.Float64)
    picked = curves.filter(
        (pl.col("metric").cast(pl.String) == metric)
        & pl.col(frames.ROW).is_in(pl.Series(healthy, dtype=pl.UInt32).implode())
        & pl.col("value").is_finite()
        & column.is_between(*span)
    ).select(frames.ROW, column.alias("x"), "value")
    width = (span[1] - span[0]) / MEDIAN_POINTS
    whole = axis == "step" and span[1] - span[0] <= MEDIAN_POINTS
    bucket = pl.col("x") if whole or width <= 0 else ((pl.col("x") - span[0]) / width).floor()
    out = (
        picked.with_columns(bucket.alias("bucket"))
        .group_by("bucket", frames.ROW)
        .agg(pl.col("x").mean(), pl.col("value").mean())
        .group_by("bucket")
        .agg(pl.col("x").mean(), pl.col("value").median())
        .sort("x")
        .collect()
    )
    return (as_floats(out["x"].to_numpy()), as_floats(out["value"].to_numpy())) if out.height else None


def _marks(inspection: Inspection | None, row: int, metric: str) -> tuple[Mark, ...]:
    if inspection is None or inspection.findings.is_empty():
        return ()
    telling = [issue.issue for issue in inspection.issues if issue.diagnostic]
    found = inspection.findings.filter(
        (pl.col(frames.ROW) == row) & pl.col("step").is_not_null() & pl.col("issue").is_in(telling)
        & (pl.col("severity") != "info")
    ).unique(["issue", "step"]).sort("step")  # fmt: skip
    return tuple(
        Mark(float(step), safe(issue, 40), "error" if severity == "error" else "warn")
        for issue, severity, step in found.select("issue", "severity", "step").iter_rows()
    )


def _kept(memo: Memo, key: object, make: Callable[[], T]) -> T:
    if key not in memo.kept:
        memo.kept[key] = make()
    return cast("T", memo.kept[key])
