"""What the person chose to see of the curves, frozen, with the transitions its keys are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

SMOOTHING = (1, 5, 15, 51)
Over = Literal["", "selected", "shown", "sick"]
View = Literal["curves", "scatter", "best", "distribution", "parallel"]
Form = Literal["lines", "metrics", "trials", "table"]
_NARROWEST = 1e-4


@dataclass(frozen=True)
class CurveSettings:
    """How curves are shown.

    `metric` and `parameter` None mean the first ones; `zoom` is the shown part of the x axis or None for all of it;
    `cursor` is the x the readout stands at or None; `smoothing` counts the points of the rolling mean; `over` says
    which other trials are laid over, `overlay` which ones were selected when it was asked for them; `form` is one
    plot, one for each metric or for each of several trials, or a table; `clip` holds the y axis to the 1st to 99th
    percentile. `view` is what stands in the pane instead of curves.
    """

    metric: str | None = None
    parameter: str | None = None
    log_y: bool = False
    axis: Literal["step", "time"] = "step"
    smoothing: int = 1
    zoom: tuple[float, float] | None = None
    cursor: float | None = None
    overlay: tuple[int, ...] = ()
    over: Over = ""
    form: Form = "lines"
    clip: bool = False
    view: View = "curves"

    def next_metric(self, metrics: Sequence[str], by: int = 1) -> CurveSettings:
        """Show the next of these metrics."""
        return replace(self, metric=_next(metrics, self.metric, by))

    def next_parameter(self, parameters: Sequence[str], by: int = 1) -> CurveSettings:
        """Show the objective against the next of these hyperparameters."""
        return replace(self, parameter=_next(parameters, self.parameter, by))

    def toggled_log(self) -> CurveSettings:
        """Change between a linear and a logarithmic y axis."""
        return replace(self, log_y=not self.log_y)

    def toggled_axis(self) -> CurveSettings:
        """Change between step and time; the zoom and the cursor of the other axis mean nothing here."""
        return replace(self, axis="time" if self.axis == "step" else "step", zoom=None, cursor=None)

    def next_smoothing(self) -> CurveSettings:
        """Smooth more, and after the most not at all."""
        at = SMOOTHING.index(self.smoothing) if self.smoothing in SMOOTHING else 0
        return replace(self, smoothing=SMOOTHING[(at + 1) % len(SMOOTHING)])

    def next_over(self, selected: Sequence[int]) -> CurveSettings:
        """Lay over the selected trials, then all shown, then these as sick against healthy, then none."""
        order: tuple[Over, ...] = ("", "selected", "shown", "sick") if selected else ("", "shown", "sick")
        at = order.index(self.over) if self.over in order else 0
        over = order[(at + 1) % len(order)]
        return replace(self, over=over, overlay=tuple(selected) if over == "selected" else (), form="lines")

    def next_form(self) -> CurveSettings:
        """Show one plot, then one for each metric, then one for each of several trials."""
        order: tuple[Form, ...] = ("lines", "metrics", "trials")
        at = order.index(self.form) if self.form in order else 0
        return replace(self, form=order[(at + 1) % len(order)])

    def toggled_table(self) -> CurveSettings:
        """Show the values as a table, or as lines again."""
        return replace(self, form="lines" if self.form == "table" else "table")

    def toggled_clip(self) -> CurveSettings:
        """Hold the y axis to the 1st to 99th percentile of what is shown, or no longer."""
        return replace(self, clip=not self.clip)

    def zoomed(self, factor: float, full: tuple[float, float]) -> CurveSettings:
        """Show `1 / factor` of what is shown, around the cursor or the middle; all of it has no zoom."""
        low, high = self.zoom or full
        centre = self.cursor if self.cursor is not None and low <= self.cursor <= high else low + (high - low) / 2
        least = (full[1] - full[0]) * _NARROWEST
        width = max((high - low) / factor, least)
        if width >= full[1] - full[0]:
            return replace(self, zoom=None)
        start = min(max(full[0], centre - (centre - low) * width / ((high - low) or 1)), full[1] - width)
        return replace(self, zoom=(start, start + width))

    def moved(self, columns: int, room: int, full: tuple[float, float]) -> CurveSettings:
        """Move the readout by screen columns of a plot `room` wide; at the edge of a zoom the picture moves along."""
        low, high = self.zoom or full
        column = (high - low) / max(1, room)
        at = (self.cursor if self.cursor is not None else high if columns < 0 else low) + columns * column
        at = min(max(at, full[0]), full[1])
        if self.zoom is None or low <= at <= high:
            return replace(self, cursor=at)
        shift = at - high if at > high else at - low
        return replace(self, cursor=at, zoom=(low + shift, high + shift))

    def without_cursor(self) -> CurveSettings:
        """Put the readout away."""
        return replace(self, cursor=None)


def _next(names: Sequence[str], now: str | None, by: int) -> str | None:
    if not names:
        return None
    at = list(names).index(now) if now is not None and now in names else 0
    return names[(at + by) % len(names)]
