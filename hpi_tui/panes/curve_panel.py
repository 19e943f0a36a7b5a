"""One plot of curves in its place on the canvas: grid, crowd, lines, marks, and labels where the lines end.

From the lowest to the topmost: grid, crowd, other trials, healthy median, best, the trial under the cursor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.text import safe
from hpi_tui.panes.curve_signs import DOTS, SICK_ASCII, brief, crowd_signs, label_of, mark_of, token_of
from hpi_tui.widgets.plot import Canvas, Polyline, cut, rasterise

if TYPE_CHECKING:
    from hpi_core.charts.axes import Axis
    from hpi_core.charts.crowd import Crowd
    from hpi_core.charts.curves import Panel
    from hpi_core.charts.series import Curve
    from hpi_tui.panes.curve_settings import CurveSettings

# So many lines beside trial, best and median go through plotext; its cost per point is too high for more of them.
_BY_PLOTEXT = 3


@dataclass(frozen=True)
class Box:
    """Where a plot stands on the canvas."""

    x: int
    y: int
    width: int
    height: int


def value_range(panels: list[Panel], x: Axis, settings: CurveSettings, height: int) -> Axis:
    """Choose the y axis that these panels share; of a single one the trial is always in sight."""
    from hpi_core.charts.axes import value_axis

    curves = [curve for panel in panels for curve in panel.curves if curve.finite]
    reference = [(c.x, c.values) for c in curves if c.part in ("best", "median") or c.best]
    own = [(c.x, c.values) for c in curves if c.part in ("trial", "overlay") and not c.best]
    crowds = [panel.crowd for panel in panels if panel.crowd is not None]
    own += [(crowd.x, crowd.values) for crowd in crowds]
    subject = [(c.x, c.values) for c in curves if c.part == "trial" and not c.best] if len(panels) == 1 else []
    ticks = max(3, height // 4)
    return value_axis(
        reference, own, x.low, x.high, log=settings.log_y, most_ticks=ticks, clip=settings.clip, subject=subject
    )  # fmt: skip


class PanelPlot:
    """Draws one panel; `labelled` writes names where lines end, else only the signs of best and median."""

    def __init__(
        self,
        canvas: Canvas,
        panel: Panel,
        box: Box,
        x: Axis,
        y: Axis,
        settings: CurveSettings,
        *,
        labelled: bool = True,
    ) -> None:
        self.canvas, self.panel, self.box = canvas, panel, box
        self.x, self.y, self.settings, self.labelled = x, y, settings, labelled
        self.ascii = canvas.look.ascii
        self.shades: tuple[int, ...] = ()

    def draw(self) -> None:
        """Put everything on the canvas."""
        panel, box = self.panel, self.box
        self._grid()
        if panel.crowd is not None:
            self._crowd(panel.crowd)
        self._uprights()
        self._overlay([curve for curve in panel.curves if curve.part == "overlay"])
        for curve in panel.curves:
            if curve.part != "overlay":
                self._curve(curve)
        for curve in reversed(panel.curves):
            self._label(curve)
        trial = panel.of("trial")
        if trial is not None and self.labelled:
            self._beyond(trial)
        if trial is not None and not trial.x.size:
            said = f"trial {trial.name} has no curve of {safe(panel.metric, 30)}"
            said += ", m shows another" if self.labelled else ""
            self.canvas.put(box.x + 1, box.y, cut(said, box.width - 2), "muted")
        elif not any(curve.finite for curve in panel.curves) and panel.crowd is None:
            said = f"no finite value of {safe(panel.metric, 30)}"
            self.canvas.put(box.x, box.y + box.height // 2, cut(said, box.width), "muted")

    def column(self, x: float) -> int | None:
        """Return the column of the box an x stands in."""
        share = (x - self.x.low) / (self.x.high - self.x.low)
        return round(share * (2 * self.box.width - 1)) // 2 if 0 <= share <= 1 else None

    def row(self, share: float) -> int:
        """Return the row of the canvas of a height between 0 and 1: that of the raster's dot."""
        dots = self.box.height * 4
        return self.box.y + self.box.height - 1 - round(share * (dots - 1)) // 4

    def _grid(self) -> None:
        taken: set[int] = set()
        for position, label in self.y.ticks:
            row = self.row((position - self.y.low) / (self.y.high - self.y.low))
            if row in taken:
                continue
            taken.add(row)
            self.canvas.put(self.box.x, row, "┄" * self.box.width, "faint")
            if self.box.x >= len(label) + 1:
                self.canvas.put(self.box.x - 1 - len(label), row, label, "muted")

    def _uprights(self) -> None:
        for mark in self.panel.marks:
            self._upright(mark.x, "┊", "muted")
        if self.settings.cursor is not None:
            self._upright(self.settings.cursor, "│", "strong")

    def _upright(self, x: float, sign: str, token: str) -> None:
        column = self.column(x)
        if column is not None:
            for row in range(self.box.y, self.box.y + self.box.height):
                self.canvas.put(self.box.x + column, row, sign, token)

    def _crowd(self, crowd: Crowd) -> None:
        """Shade each cell by how many curves pass; where sick stand apart, by those of whom the larger share passes."""
        from hpi_tui.widgets import density

        wide, high = self.box.width, self.box.height
        x = (crowd.x - self.x.low) / (self.x.high - self.x.low)
        y = self.y.place(crowd.values)
        ill = crowd.sick[crowd.curve] if crowd.curves else np.zeros(0, dtype=bool)
        counted, dots = [], []
        for group in (~ill, ill):
            fine = density.stretches(crowd.curve[group], x[group], y[group], crowd.joined[group], 2 * wide)
            dots.append(density.braille(density.counts(fine, 2 * wide, 4 * high)))
            counted.append(density.counts(density.halved(fine, wide), wide, high))
        healthy, sick = counted
        shares = [count / max(1, int(part)) for count, part in zip(counted, ((~crowd.sick).sum(), crowd.sick.sum()),
                                                                   strict=True)]  # fmt: skip
        sickly = (sick > 0) & (shares[1] >= shares[0])
        signs = crowd_signs(apart=bool(ill.any()), ascii_only=self.ascii)
        self.shades = density.levels(int(healthy.max(initial=1)), len(signs))
        level = np.searchsorted(self.shades, healthy, side="right")
        look = self.canvas.look
        ill_token = "glow" if look.fills else ("err" if look.depth == "16" else "muted")
        for at in range(high):
            row = "".join(
                " " if not n or s else (dot if signs[n - 1] == DOTS else signs[n - 1])
                for n, s, dot in zip(level[at].tolist(), sickly[at].tolist(), dots[0][at], strict=True)
            )
            self.canvas.stamp(self.box.x, self.box.y + at, [row], "haze" if look.fills else "muted")
            if sickly[at].any():
                many = sick[at] > max(2, crowd.sick.sum() // 20)
                row = "".join(
                    (SICK_ASCII[int(more)] if self.ascii else dot) if s else " "
                    for s, more, dot in zip(sickly[at].tolist(), many.tolist(), dots[1][at], strict=True)
                )
                self.canvas.stamp(self.box.x, self.box.y + at, [row], ill_token)

    def _curve(self, curve: Curve) -> None:
        line = self._line(curve)
        if len(line.x):
            mark = mark_of(curve) if self.ascii else None
            rows = rasterise([line], self.box.width, self.box.height, mark)
            bold = curve.part == "trial" and not self.canvas.look.fills
            self.canvas.stamp(self.box.x, self.box.y, rows, self._token(curve), bold=bold)

    def _overlay(self, curves: list[Curve]) -> None:
        for token in dict.fromkeys(self._token(curve) for curve in curves):
            same = [self._line(curve) for curve in curves if self._token(curve) == token]
            if len(same) <= _BY_PLOTEXT:
                mark = mark_of(curves[0]) if self.ascii else None
                rows = rasterise(same, self.box.width, self.box.height, mark)
            else:
                rows = self._together(same, mark_of(curves[0]))
            self.canvas.stamp(self.box.x, self.box.y, rows, token)

    def _together(self, lines: list[Polyline], mark: str) -> list[str]:
        """Draw several lines of one colour at once, without a cost per point."""
        from hpi_tui.widgets import density

        curve = np.repeat(np.arange(len(lines)), [line.x.size for line in lines])
        x, y, joined = (np.concatenate([getattr(line, part) for line in lines]) for part in ("x", "y", "joined"))
        across, up = (1, 1) if self.ascii else (2, 4)
        wide, high = self.box.width * across, self.box.height * up
        dots = density.counts(density.stretches(curve, x, y, joined, wide), wide, high)
        if self.ascii:
            return ["".join(mark if dot else " " for dot in row) for row in dots.tolist()]
        return density.braille(dots)

    def _token(self, curve: Curve) -> str:
        if curve.part == "median" and self.panel.crowd is not None:
            return "strong"
        return token_of(curve, chosen=self.settings.over == "selected")

    def _line(self, curve: Curve) -> Polyline:
        from hpi_core.charts.series import downsample

        x, values, joined = downsample(curve.x, curve.values, self.x.low, self.x.high, self.box.width)
        height = self.y.place(values)
        drawable = height == height
        joined[1:] &= drawable[1:] & drawable[:-1]
        return Polyline((x - self.x.low) / (self.x.high - self.x.low), height, joined)

    def _label(self, curve: Curve) -> None:
        """Write who a line is where it ends, and where its values stop being finite."""
        from hpi_core.charts.series import bad_stretches

        box = self.box
        bad = bad_stretches(curve) if curve.part != "median" else []
        for stretch in bad[:3]:
            if not stretch.last and curve.part == "trial":
                self._bad_mark(curve, stretch.x, stretch.word)
        inside = (curve.x >= self.x.low) & (curve.x <= self.x.high) & np.isfinite(curve.values)
        at = inside.nonzero()[0]
        if not at.size:
            if bad and curve.part == "trial":
                self._place(0, box.y, f"✗ {bad[0].word} {bad[0].x:,.0f}", self._token(curve), True)
            return
        last = int(at[-1])
        height = float(self.y.place(curve.values[last : last + 1])[0])
        height = height if height == height else -1.0  # on a log axis zero and what is below it lie under everything
        row = self.row(min(max(height, 0.0), 1.0))
        column = self.column(float(curve.x[last])) or 0
        ended = bool(bad) and bad[-1].last and bad[-1].x <= self.x.high
        if ended:
            text = f"✗ {bad[-1].word} {bad[-1].x:,.0f}"
        elif self.labelled:
            text = label_of(curve, height, wide=self.canvas.width >= 90, ascii_only=self.ascii)
        else:
            out = "↑" if height > 1 else ("↓" if height < 0 else "")
            text = {"trial": out, "best": "★", "median": "m"}.get(curve.part, "")
        if text:
            self._place(column, row, text, self._token(curve), curve.part == "trial")

    def _beyond(self, curve: Curve) -> None:
        """Say at the edge how far a line goes on that leaves the picture and comes back."""
        inside = (curve.x >= self.x.low) & (curve.x <= self.x.high) & np.isfinite(curve.values)
        x, values = curve.x[inside], curve.values[inside]
        places = self.y.place(values)
        if not places.size or np.isnan(places).all():
            return
        box = self.box
        for at, sign, row in ((np.nanargmax(places), "↑", box.y), (np.nanargmin(places), "↓", box.y + box.height - 1)):
            last = at == places.size - 1  # the label where the line ends says so itself
            column = self.column(float(x[at]))
            if 0 <= places[at] <= 1 or last or column is None:
                continue
            said = self.canvas.look.sign(f"{sign} {brief(float(values[at]))}")
            start = min(box.x + column, box.x + box.width - len(said))
            if self.canvas.is_free(start, row, len(said)):
                self.canvas.put(start, row, said, self._token(curve))

    def _bad_mark(self, curve: Curve, x: float, word: str) -> None:
        column = self.column(x)
        if column is None:
            return
        at = ((curve.x < x) & np.isfinite(curve.values)).nonzero()[0]
        height = float(self.y.place(curve.values[at[-1] : at[-1] + 1])[0]) if at.size else 0.5
        row = self.row(min(max(height if height == height else 0.5, 0.0), 1.0))
        self.canvas.put(self.box.x + column, row, "✗", self._token(curve), bold=True)
        said = f" {word} {x:,.0f}"
        if self.canvas.is_free(self.box.x + column + 1, row, len(said)):
            self.canvas.put(self.box.x + column + 1, row, said, self._token(curve), bold=True)

    def _place(self, column: int, row: int, text: str, token: str, bold: bool) -> None:
        """Write a label right of its line's end, else at the margin, as near to its row as there is room."""
        box = self.box
        shown = self.canvas.look.sign(text)
        edge = box.x + box.width + (self.labelled and 1)
        beside = box.x + column + (2 if self.labelled and not text.startswith("✗") else 1)
        room_right = self.canvas.width if self.labelled else edge + 1
        nearest = sorted(range(box.y, box.y + box.height), key=lambda y: abs(y - row))
        for x, reach in ((beside, 1 if beside < edge else 4), (edge, box.height)):
            said = cut(shown, room_right - x) if room_right > x else ""
            if len(said) < min(4, len(shown)):
                continue
            for y in nearest:
                if abs(y - row) > reach:
                    break
                if self.canvas.is_free(x, y, len(said)):
                    self.canvas.put(x, y, said, token, bold=bold)
                    return
