"""The curves of a trial beside the best trial and the healthy median: what to draw, as plain arrays.

`curve_chart` reads the few curves asked for from the sweep's lazy frame and keeps them whole, so that readouts are
exact; reducing them to the screen is the business of `series`. Where a source mixes several sweeps, best and healthy
are those of the trial's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, cast

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.charts.crowd import Crowd, Integers, crowd
from hpi_core.charts.curve_points import XAxis, load, median, with_time, within, x_range
from hpi_core.charts.memo import Memo
from hpi_core.charts.series import Curve, Part, Severity, smooth
from hpi_core.charts.standing import Rows, best_row, healthy_rows, objective_values, peers, severity_of, trial_name
from hpi_core.roles.names import parse
from hpi_core.sweep import Sweep
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection

T = TypeVar("T")
Form = Literal["lines", "metrics", "trials", "table"]
MOST_OVERLAYS = 10
MOST_PANELS = 36
_MEDIAN = "healthy median"


@dataclass(frozen=True)
class Mark:
    """A finding at a step of the trial."""

    x: float
    issue: str
    severity: Severity
    tag: str


@dataclass(frozen=True, eq=False)
class Panel:
    """The curves of one metric and one trial, the lowest in the stack first; below all of them the crowd."""

    metric: str
    curves: tuple[Curve, ...]
    marks: tuple[Mark, ...] = ()
    crowd: Crowd | None = None

    def of(self, part: Part) -> Curve | None:
        """Return the first curve of a part."""
        return next((curve for curve in self.curves if curve.part == part), None)


@dataclass(frozen=True, eq=False)
class CurveChart:
    """Panels over the same x range; `metrics` are those to choose from, the objective's first.

    `form` tells what the panels are: of `lines` and `table` the metric and perhaps its pair, of `metrics` one for each
    metric of the trial, of `trials` one for each of several trials; `left_out` counts those there was no room for.
    `schedules` holds of each learning rate of the trial that has a curve its name, its schedule, and that in words.
    """

    trial: str
    metrics: tuple[str, ...]
    panels: tuple[Panel, ...]
    low: float
    high: float
    full: tuple[float, float]
    axis: XAxis
    note: str = ""
    direction: str | None = None
    form: Form = "lines"
    left_out: int = 0
    schedules: tuple[tuple[str, str, str], ...] = ()

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The findings of the trial at their steps."""
        return self.panels[0].marks


@dataclass(frozen=True)
class Company:
    """Which other trials are shown beside the one under the cursor, by `_row`.

    Attributes:
        overlay: a few, each as a line; at most `MOST_OVERLAYS` are.
        crowd: many, as a density.
        apart: tell the sick of the crowd from the healthy.
        beside: those that get a panel of their own in the form `trials`.
        waiting: how many more would, had they a place.
    """

    overlay: tuple[int, ...] = ()
    crowd: Integers | None = None
    apart: bool = False
    beside: tuple[int, ...] = ()
    waiting: int = 0


def curve_metrics(sweep: Sweep) -> tuple[str, ...]:
    """Return the metrics that have curves: the objective's first, its train pair second, the most telling next."""
    if sweep.curves is None:
        return ()
    names = sorted(sweep.curves.select("metric").unique().collect()["metric"].cast(pl.String).to_list())
    if not names:
        return ()
    first = _objective_curve(sweep, names)
    pair = paired_metric(first, names)
    return tuple(dict.fromkeys([first, *([pair] if pair else []), *sorted(names, key=_telling)]))


def _telling(name: str) -> tuple[int, int, str]:
    """Order metrics by how much they say of a trial: held-out before training, losses before scores, then the rest."""
    metric = parse(name).metric
    if metric is None:
        return 9, 9, name
    return {"val": 0, "test": 1, None: 2, "train": 3}[metric.split], int(metric.quantity != "loss"), name


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
    company: Company | None = None,
    form: Form = "lines",
    most_panels: int = MOST_PANELS,
    columns: int = 240,
    memo: Memo | None = None,
) -> CurveChart | None:
    """Collect what to draw for the trial of row `row`; None where the sweep has no curves.

    Args:
        sweep: the sweep, with curves.
        inspection: decides what is healthy and best; without it a finite objective is healthy.
        row: the trial under the cursor.
        metric: the metric shown, the objective's curve where None or unknown; where the trial has none of that, the
            first it has.
        pair: also show the same quantity on the other split, on the same steps.
        axis: `time` where the curves have a `time` column; otherwise steps are used and the note says so.
        zoom: the part of the x range shown.
        smoothing: points of a centred rolling mean over each finite stretch; 1 leaves the curves as they are. A crowd
            is not smoothed.
        overlay: short for `Company(overlay)`.
        company: the other trials shown.
        form: what the panels are.
        most_panels: how many there is room for.
        columns: how finely a crowd is resolved along x.
        memo: kept by the caller for one sweep and inspection, saves the part that does not depend on the trial.
    """
    if sweep.curves is None or not 0 <= row < sweep.trials.height:
        return None
    memo = memo or Memo()
    metrics = _metrics_of(sweep, row, memo)
    if not metrics:
        return None
    shown: str = metric if metric is not None and metric in metrics else _first_metric(sweep, metrics, row, metric)
    timed = _kept(memo, ("timed",), lambda: with_time(sweep.curves, metrics)) if axis == "time" else None
    use: XAxis = "step" if timed is None else "time"
    together = company or Company(tuple(overlay))
    curves = sweep.curves if timed is None else timed
    desk = _Desk(sweep, curves, inspection, row, use, smoothing, together, columns, memo)
    wanted = [(shown, row)]
    if form == "metrics":
        wanted = [(name, row) for name in dict.fromkeys([shown, *metrics])]
    elif form == "trials":
        wanted = [(shown, other) for other in dict.fromkeys(together.beside or (row,))]
    elif pair and (other := paired_metric(shown, metrics)):
        wanted.append((other, row))
    places = wanted[: min(most_panels, MOST_PANELS)]
    full = desk.range([name for name, _ in places])
    if form != "trials":
        full = desk.extent_alone([name for name, _ in places]) or full
    low, high = within(zoom, full)
    panels = tuple(desk.panel(name, trial, (low, high), with_crowd=form == "lines") for name, trial in places)
    note = "" if axis == use else "no time in the curves: over step"
    direction = (parsed.direction if (parsed := parse(shown).metric) else None) or (
        sweep.roles.objective.direction if sweep.roles.objective and shown == metrics[0] else None
    )
    left_out = together.waiting + len(wanted) - len(places)
    name = trial_name(sweep, row)
    rates = inspection.schedule_of(row) if inspection is not None else ()
    return CurveChart(name, metrics, panels, low, high, full, use, note, direction, form, left_out, rates)


def _metrics_of(sweep: Sweep, row: int, memo: Memo) -> tuple[str, ...]:
    """Return the metrics that have curves; where a source mixes several sweeps, those of the trial's own."""
    known = _kept(memo, ("metrics",), lambda: curve_metrics(sweep))
    name = sweep.roles.group
    if name is None or sweep.curves is None:
        return known
    curves, key = sweep.curves, sweep.trials[row, name]

    def own() -> tuple[str, ...]:
        rows = peers(sweep, row)
        among = curves if rows is None else curves.filter(pl.col(frames.ROW).is_in(pl.Series(rows).implode()))
        have = set(among.select(pl.col("metric").cast(pl.String).unique()).collect()["metric"].to_list())
        return tuple(metric for metric in known if metric in have) or known

    return _kept(memo, ("metrics", key), own)


def _first_metric(sweep: Sweep, metrics: tuple[str, ...], row: int, asked: str | None) -> str:
    """Return the objective's curve, or where the trial has none of it and none was asked for, the first it has."""
    if asked is not None or sweep.curves is None:
        return metrics[0]
    own = sweep.curves.filter(pl.col(frames.ROW) == row).select(pl.col("metric").cast(pl.String).unique()).collect()
    has = set(own["metric"].to_list())
    return next((name for name in metrics if name in has), metrics[0])


@dataclass(frozen=True, eq=False)
class _Desk:
    """What all panels of one chart are made from."""

    sweep: Sweep
    curves: pl.LazyFrame
    inspection: Inspection | None
    row: int
    axis: XAxis
    smoothing: int
    company: Company
    columns: int
    memo: Memo

    def peers(self, row: int) -> tuple[object, Rows | None]:
        """Return what names the trial's own sweep within the source, and the trials of that."""
        name = self.sweep.roles.group
        key = None if name is None else self.sweep.trials[row, name]
        return key, _kept(self.memo, ("peers", key), lambda: peers(self.sweep, row))

    def range(self, metrics: Sequence[str]) -> tuple[float, float]:
        """Return the x range of these metrics in the trial's sweep, and in the crowd."""
        key, rows = self.peers(self.row)
        crowd = self.company.crowd
        if rows is not None and crowd is not None:
            key, rows = ("crowd", crowd.tobytes()), np.union1d(rows, crowd).astype(np.uint32)
        place = ("range", tuple(metrics), self.axis, key)
        return _kept(self.memo, place, lambda: x_range(self.curves, metrics, self.axis, rows))

    def extent_alone(self, metrics: Sequence[str]) -> tuple[float, float] | None:
        """Return the x range of the trial's own curves where no other trial is drawn beside it, else None."""
        if self.company.overlay or self.company.crowd is not None:
            return None
        key, own = self.peers(self.row)
        healthy = self._healthy(key, own)
        if (healthy.size and healthy.tolist() != [self.row]) or self._best(key, own) not in (None, self.row):
            return None
        rows = np.array([self.row], dtype=np.uint32)
        place = ("range", tuple(metrics), self.axis, ("alone", self.row))
        found = _kept(self.memo, place, lambda: x_range(self.curves, metrics, self.axis, rows))
        return found if found[1] > found[0] else None

    def _healthy(self, key: object, own: Rows | None) -> Rows:
        return _kept(self.memo, ("healthy", key), lambda: healthy_rows(self.sweep, self.inspection, own))

    def _best(self, key: object, own: Rows | None) -> int | None:
        return _kept(self.memo, ("best", key), lambda: best_row(self.sweep, self.inspection, own))

    def panel(self, metric: str, row: int, span: tuple[float, float], *, with_crowd: bool) -> Panel:
        """Collect the curves of one metric around one trial."""
        sweep, inspection, axis, memo = self.sweep, self.inspection, self.axis, self.memo
        key, own = self.peers(row)
        healthy, best = self._healthy(key, own), self._best(key, own)
        place = ("median", metric, axis, span, key)
        middle = _kept(memo, place, lambda: median(self.curves, metric, axis, span, healthy))
        others = [other for other in dict.fromkeys(self.company.overlay) if other not in (row, best)][:MOST_OVERLAYS]
        wanted = [*others, *([best] if best is not None and best != row else []), row]
        found = load(self.curves, metric, axis, wanted)
        values = objective_values(sweep) if sweep.roles.objective else None
        curves = [] if middle is None else [Curve("median", _MEDIAN, middle[0], smooth(middle[1], self.smoothing))]
        for number in wanted:
            x, y = found.get(number, (np.empty(0), np.empty(0)))
            part: Part = "trial" if number == row else ("best" if number == best else "overlay")
            severity = severity_of(inspection, number, values)
            shown = smooth(y, self.smoothing)
            curves.append(Curve(part, trial_name(sweep, number), x, shown, number, severity, number == best))
        order = ("overlay", "median", "best", "trial")
        many = self._crowd(metric, span) if with_crowd else None
        drawn = any(curve.x.size for curve in curves)
        marks = _marks(inspection, row) if axis == "step" and drawn else ()
        return Panel(metric, tuple(sorted(curves, key=lambda curve: order.index(curve.part))), marks, many)

    def _crowd(self, metric: str, span: tuple[float, float]) -> Crowd | None:
        rows = self.company.crowd
        if rows is None or not len(rows):
            return None
        state = np.zeros(len(rows), dtype=bool)
        if self.company.apart and self.inspection is not None:
            state = self.inspection.sick.fill_null(False).to_numpy()[rows]
        key = ("crowd", metric, self.axis, span, self.columns, rows.tobytes(), self.company.apart)
        return _kept(
            self.memo, key, lambda: crowd(self.curves, metric, self.axis, span, self.columns, rows, state)
        )  # fmt: skip


def _marks(inspection: Inspection | None, row: int) -> tuple[Mark, ...]:
    """Return the findings of a trial that name a step, sick ones first at equal steps; notes have no severity."""
    if inspection is None or inspection.findings.is_empty():
        return ()
    from hpi_core.detectors.catalogue import catalogue

    tags = {detector.issue: detector.tag for detector in catalogue().detectors}
    telling = [issue.issue for issue in inspection.issues if issue.diagnostic]
    severities: dict[str, Severity] = {"error": "error", "warn": "warn"}
    found = (
        inspection.findings.filter(
            (pl.col(frames.ROW) == row) & pl.col("step").is_not_null()
            & (pl.col("issue").is_in(telling) | (pl.col("severity") == "info"))
        )
        .with_columns(pl.col("severity").replace_strict({"error": 0, "warn": 1}, default=2).alias("rank"))
        .sort("rank", "step", maintain_order=True).unique(["issue", "step"], keep="first", maintain_order=True)
        .select("issue", "severity", "step")
    )  # fmt: skip
    return tuple(
        Mark(float(step), safe(issue, 40), severities.get(severity, "none"), tags.get(issue, issue.upper()[:7]))
        for issue, severity, step in found.iter_rows()
    )


def _kept(memo: Memo, key: object, make: Callable[[], T]) -> T:
    if key not in memo.kept:
        memo.kept[key] = make()
    return cast("T", memo.kept[key])
