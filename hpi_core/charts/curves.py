"""The curves of a trial beside the best trial and the healthy median: what to draw, as plain arrays.

`curve_chart` reads the few curves asked for from the sweep's lazy frame and keeps them whole, so that readouts are
exact; `downsample` reduces one of them to the extremes of every screen column. `scatter_chart` is what remains where a
sweep has no curves: the objective against trial order and against a hyperparameter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.charts.axes import Floats, as_floats
from hpi_core.roles.names import parse
from hpi_core.sweep import Sweep
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection

Part = Literal["trial", "best", "median", "overlay"]
Severity = Literal["error", "warn", "none"]
XAxis = Literal["step", "time"]
MEDIAN_POINTS = 512
MOST_OVERLAYS = 40
_MEDIAN = "healthy median"


@dataclass(frozen=True)
class Bad:
    """A stretch of non-finite values: where it begins, the word for its first value, how many, whether it is the end."""

    x: float
    word: str
    count: int
    last: bool


@dataclass(frozen=True, eq=False)
class Curve:
    """One series, whole: `x` ascending, `values` with nan and infinities in their places."""

    part: Part
    name: str
    x: Floats
    values: Floats
    row: int | None = None
    severity: Severity = "none"

    @property
    def finite(self) -> bool:
        """Whether there is any finite value."""
        return bool(np.isfinite(self.values).any())


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


@dataclass(frozen=True, eq=False)
class Scatter:
    """The objective of every trial over one thing; `values` non-finite where the trial has no usable one.

    `kinds` holds per point: 0 healthy, 1 warn, 2 error. `levels` names the x positions of a categorical parameter.
    """

    name: str
    x: Floats
    log: bool = False
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ScatterChart:
    """The objective against trial order and a hyperparameter; arrays have one entry per trial."""

    trial: str
    metric: str
    values: Floats
    kinds: np.ndarray[tuple[int], np.dtype[np.uint8]]
    row: int | None
    best: int | None
    panels: tuple[Scatter, ...]
    parameters: tuple[str, ...] = ()
    note: str = "no curves in this source"
    hint: str = "hpi-tui sweep.csv curves.parquet"


@dataclass
class Memo:
    """What does not depend on the trial, kept between calls for one sweep and inspection."""

    kept: dict[object, object] = field(default_factory=dict)


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
        return next((n for n in names if (m := parse(n).metric) and m.split == "val" and m.quantity == "loss"), names[0])
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
    shown = metric if metric in metrics else metrics[0]
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
        _trial_name(sweep, row), metrics, panels, low, high, full, use, marks, note, direction
    )  # fmt: skip


def healthy_rows(sweep: Sweep, inspection: Inspection | None) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Return the rows of trials that are not sick and have a finite objective (all, where there is no objective)."""
    fine = np.isfinite(objective_values(sweep)) if sweep.roles.objective else np.ones(sweep.trials.height, dtype=bool)
    if inspection is not None and len(inspection.sick) == sweep.trials.height:
        fine &= ~inspection.sick.fill_null(False).to_numpy()
    return np.flatnonzero(fine).astype(np.uint32)


def best_row(sweep: Sweep, inspection: Inspection | None) -> int | None:
    """Return the best healthy trial, None where nothing can be ranked."""
    if inspection is not None:
        return inspection.ranking.best[0].row if inspection.ranking.best else None
    objective = sweep.roles.objective
    if objective is None or objective.direction is None:
        return None
    values = objective_values(sweep)
    done = sweep.trials[frames.STATUS].is_in(["completed", "unknown"]).to_numpy()
    usable = np.flatnonzero(np.isfinite(values) & done)
    if not usable.size:
        return None
    ranked = values[usable]
    return int(usable[ranked.argmax() if objective.direction == "max" else ranked.argmin()])


def objective_values(sweep: Sweep) -> Floats:
    """Return the objective of every trial as floats, nan where there is none."""
    objective = sweep.roles.objective
    if objective is None or objective.metric not in sweep.trials.columns:
        return np.full(sweep.trials.height, np.nan)
    return as_floats(sweep.trials[objective.metric].cast(pl.Float64, strict=False).fill_null(math.nan).to_numpy())


def severity_of(inspection: Inspection | None, row: int, values: Floats | None = None) -> Severity:
    """Return the worst severity that makes a trial sick; without an inspection a non-finite objective is an error."""
    if inspection is None:
        return "error" if values is not None and not math.isfinite(values[row]) else "none"
    if not inspection.sick[row]:
        return "none"
    found = {issue.severity for issue in inspection.issues if issue.diagnostic and row in issue.rows}
    return "error" if "error" in found else "warn"


def downsample(x: Floats, values: Floats, low: float, high: float, columns: int) -> tuple[Floats, Floats, np.ndarray]:
    """Reduce one curve to the extremes of every screen column.

    Returns x, value and whether a point is joined to the one before it; only finite points, at most two per column and
    finite stretch, in their order. A curve is cut where values are not finite. One neighbour on either side of the
    range is kept, so that lines enter and leave the picture.
    """
    first = max(0, int(np.searchsorted(x, low, "left")) - 1)
    stop = min(len(x), int(np.searchsorted(x, high, "right")) + 1)
    x, values = x[first:stop], values[first:stop]
    finite = np.isfinite(values)
    stretch = np.cumsum(np.concatenate([[False], ~finite[:-1]]))[finite] if len(x) else np.empty(0, dtype=np.int64)
    x, values = x[finite], values[finite]
    if not x.size:
        return x, values, np.empty(0, dtype=bool)
    if x.size > 2 * columns:
        width = (high - low) / max(1, columns) or 1.0
        column = np.clip(np.floor((x - low) / width), -1, columns)
        starts = np.flatnonzero(np.concatenate([[True], (np.diff(column) != 0) | (np.diff(stretch) != 0)]))
        group = np.repeat(np.arange(starts.size), np.diff(np.append(starts, x.size)))
        by_value = np.lexsort((values, group))
        lowest = by_value[starts]
        highest = by_value[np.append(starts[1:], x.size) - 1]
        kept = np.unique(np.concatenate([lowest, highest]))
        x, values, stretch = x[kept], values[kept], stretch[kept]
    return x, values, np.concatenate([[False], np.diff(stretch) == 0])


def bad_stretches(curve: Curve) -> list[Bad]:
    """Return where values of a curve stop being finite."""
    bad = ~np.isfinite(curve.values)
    if not bad.any():
        return []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]])))
    out = []
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        value = curve.values[start]
        word = "nan" if value != value else ("+inf" if value > 0 else "-inf")
        out.append(Bad(float(curve.x[start]), word, stop - start, stop == len(bad)))
    return out


def read_out(curve: Curve, x: float) -> tuple[float, float] | None:
    """Return x and value of the last point at or before `x` (the first where there is none); None without points."""
    if not curve.x.size:
        return None
    at = max(0, int(np.searchsorted(curve.x, x, "right")) - 1)
    return float(curve.x[at]), float(curve.values[at])


def smooth(values: Floats, points: int) -> Floats:
    """Return a centred rolling mean over each finite stretch, narrower at its ends; what is not finite stays."""
    if points <= 1 or values.size < 3:
        return values
    finite = np.isfinite(values)
    padded = np.where(finite, values, 0.0)
    stretch = np.cumsum(~finite)
    out = values.copy()
    for number in np.unique(stretch[finite]):
        where = np.flatnonzero(finite & (stretch == number))
        kernel = np.ones(min(points, where.size))
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.convolve(padded[where], kernel, "same")[: where.size]
            mean = total / np.convolve(np.ones(where.size), kernel, "same")[: where.size]
        out[where] = np.where(np.isfinite(mean), mean, values[where])
    return out


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
    healthy: np.ndarray[tuple[int], np.dtype[np.uint32]],
    memo: Memo,
) -> Panel:
    assert sweep.curves is not None
    middle = _kept(memo, ("median", metric, axis, span), lambda: _median(sweep.curves, metric, axis, span, healthy))
    others = [other for other in dict.fromkeys(overlay) if other not in (row, best)][:MOST_OVERLAYS]
    wanted = [*others, *([best] if best is not None and best != row else []), row]
    found = _load(sweep.curves, metric, axis, wanted)
    values = objective_values(sweep)
    curves = [] if middle is None else [Curve("median", _MEDIAN, middle[0], smooth(middle[1], smoothing))]
    for number in wanted:
        x, y = found.get(number, (np.empty(0), np.empty(0)))
        part: Part = "trial" if number == row else ("best" if number == best else "overlay")
        severity = severity_of(inspection, number, values)
        curves.append(Curve(part, _trial_name(sweep, number), x, smooth(y, smoothing), number, severity))
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
    healthy: np.ndarray[tuple[int], np.dtype[np.uint32]],
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


def _trial_name(sweep: Sweep, row: int) -> str:
    return safe(sweep.trials[row, sweep.roles.id] if sweep.roles.id is not None else row, 24)


def _kept(memo: Memo, key: object, make):  # type: ignore[no-untyped-def]
    if key not in memo.kept:
        memo.kept[key] = make()
    return memo.kept[key]


def scatter_chart(
    sweep: Sweep, inspection: Inspection | None, row: int | None, *, parameter: str | None = None
) -> ScatterChart:
    """Return the objective of all trials against their order and against a hyperparameter."""
    values = objective_values(sweep)
    height = sweep.trials.height
    parameters = tuple(p.name for p in sweep.roles.hyperparameters)
    chosen = parameter if parameter in parameters else _first_parameter(inspection, parameters)
    panels = [Scatter("trial order", np.arange(height, dtype=np.float64))]
    if chosen is not None:
        panels.append(_against(sweep, chosen))
    kinds = np.zeros(height, dtype=np.uint8)
    if inspection is not None:
        for issue in inspection.issues:
            if issue.diagnostic and issue.scope == "trial" and issue.severity in ("error", "warn"):
                rows = np.asarray(issue.rows, dtype=np.int64)
                kinds[rows] = np.maximum(kinds[rows], 2 if issue.severity == "error" else 1)
    else:
        kinds[~np.isfinite(values)] = 2
    metric = sweep.roles.objective.metric if sweep.roles.objective else ""
    name = _trial_name(sweep, row) if row is not None and 0 <= row < height else ""
    return ScatterChart(
        name, metric, values, kinds, row, best_row(sweep, inspection), tuple(panels), parameters
    )  # fmt: skip


def _first_parameter(inspection: Inspection | None, parameters: Sequence[str]) -> str | None:
    """Return the parameter of the strongest cause, else the first one."""
    for cause in inspection.causes if inspection is not None else ():
        if cause.parameter in parameters:
            return str(cause.parameter)
    return parameters[0] if parameters else None


def _against(sweep: Sweep, name: str) -> Scatter:
    role = next(p for p in sweep.roles.hyperparameters if p.name == name)
    column = sweep.trials[name]
    if role.kind != "categorical" and (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        x = as_floats(column.cast(pl.Float64, strict=False).fill_null(math.nan).to_numpy())
        return Scatter(name, x, log=role.scale == "log" and bool((x[np.isfinite(x)] > 0).any()))
    texts = column.cast(pl.String, strict=False).fill_null("–") if not column.dtype.is_nested() else pl.Series(
        [str(value) for value in column]
    )  # fmt: skip
    levels = texts.unique().sort().to_list()
    places = {level: at for at, level in enumerate(levels)}
    return Scatter(
        name, as_floats([places[text] for text in texts.to_list()]), levels=tuple(safe(level, 16) for level in levels)
    )
