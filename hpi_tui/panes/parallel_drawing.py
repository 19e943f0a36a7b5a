"""Parallel coordinates in cells: axes with what is blamed on them, all trials as a raster, two of them with values.

A cell shows sick trials where a larger share of them than of all passes through it, so that a hundred of them stand out
before a hundred thousand healthy ones; how many dots of it are set, and how bright they are, tells how many pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.cells import cell_len
from textual.strip import Strip

from hpi_core.numerals import plural
from hpi_core.text import safe
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Run, paint
from hpi_tui.widgets.plot import Canvas, Polyline, cut, rasterise

if TYPE_CHECKING:
    from hpi_core.charts.parallel import ParallelAxis, ParallelChart

    Integers = np.ndarray[Any, np.dtype[np.int64]]

_GUTTER = 9
_NARROWEST = 14
_MOST = 14
_RAIL = 1.5  # rows between the end of an axis and the trials beyond it
_KINDS = ((0, "muted", "haze"), (1, "warn", "warn"), (2, "err", "glow"))
_MARKS = (".", "!", "x")
_MANY = 1000
_CROWD = 3  # expected lines in a cell from which on chance is allowed for
_TOKENS = ("text", "warn", "err")


def axes_for(width: int) -> int:
    """Return how many axes there is room for."""
    return max(2, min(_MOST, (width - _left(width)) // _NARROWEST))


def draw_parallel(look: Look, chart: ParallelChart, width: int, height: int) -> list[Strip]:
    """Draw the axes and the trials, below them how many these are."""
    said = _said(look, chart, width) if height >= 6 else None
    rows = height - (said is not None)
    sheet = _Sheet(look, chart, width, rows)
    sheet.draw()
    strips = [sheet.canvas.strip(y) for y in range(rows)]
    return strips if said is None else [*strips, said]


def _left(width: int) -> int:
    return _GUTTER if width >= 60 else 1


def _said(look: Look, chart: ParallelChart, width: int) -> Strip:
    """Say how many trials are drawn, and of which."""
    drawn, ill = len(chart.kinds), int((chart.kinds > 0).sum())
    all_of = f"{plural(drawn, 'trial')}, all drawn"
    shown = f"{drawn:,} of {plural(chart.asked, 'trial')}, {chart.within}" if chart.within else all_of
    left_out = plural(chart.left_out, "hyperparameter") if width >= 72 else f"{chart.left_out:,} axes"
    more = f"  +{left_out}" if chart.left_out else ""
    parts = [[Run(f" {shown}", "muted")], [Run(f"  {ill:,} sick", "err" if ill else "muted")], [Run(more, "muted")]]
    if any(axis.blames for axis in chart.axes):
        parts.append([Run("  ┃", "err", True), Run(" blamed", "muted")])
    if any("✗" in axis.above for axis in chart.axes):
        parts.append([Run("  ✗", "err"), Run(" not finite", "muted")])
    if any("–" in axis.below for axis in chart.axes):
        parts.append([Run("  – no value", "muted")])
    if ill and drawn >= _MANY and width >= 100:
        parts.insert(2, [Run(" shown where more of them pass than of all", "muted")])
    runs: list[Run] = []
    for part in parts:  # a sign is explained whole or not at all
        if not runs or sum(cell_len(run.text) for run in (*runs, *part)) < width:
            runs += part
    return paint(look, runs, width)


def _winners(cells: list[Integers], sizes: list[int]) -> Integers:
    """Return the kind of trial each cell shows: a sick one where more pass than their number lets expect.

    Where crowds pass, more is beyond chance: three times the deviation of a count.
    """
    counts = np.stack(cells).astype(np.float64)
    expected = counts.sum(axis=0) * (np.asarray(sizes) / sum(sizes))[:, None, None]
    needed = expected + np.where(expected >= _CROWD, 3 * np.sqrt(expected), 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        lead = np.where((counts > 0) & (counts >= needed), counts / expected, 0.0)
    sickly = len(cells) - 1 - np.argmax(lead[:0:-1], axis=0)  # the worse one where they are equal
    led = np.take_along_axis(lead, sickly[None], axis=0)[0] > 0
    return np.asarray(np.where(led, sickly, np.where(counts[0] > 0, 0, counts.argmax(axis=0))), dtype=np.int64)


class _Sheet:
    """One drawing; from the lowest to the topmost: trials, axes, best, the trial under the cursor, words."""

    def __init__(self, look: Look, chart: ParallelChart, width: int, height: int) -> None:
        self.look, self.chart = look, chart
        self.canvas = Canvas(look, width, height)
        self.left = _left(width)
        self.gap = (width - self.left) // len(chart.axes)
        room = height
        self.claims = int(any(axis.blames for axis in chart.axes) and height >= 10)
        self.ends = int(height >= 9)
        self.values = int(bool(chart.trial) and height >= 5)
        self.bests = int(bool(chart.best_name) and chart.best != chart.here and height >= 12)
        room -= 1 + self.claims + 2 * self.ends + self.values + self.bests
        self.top, self.high = 1 + self.claims + self.ends, max(1, room)
        self.across, self.up = (1, 1) if look.ascii else (2, 4)
        self.dots = self.high * self.up
        rail = round(_RAIL * self.up)
        self.lowest = rail if any(axis.below for axis in chart.axes) and self.dots > 4 * rail else 0
        self.highest = self.dots - 1 - (rail if any(axis.above for axis in chart.axes) and self.dots > 4 * rail else 0)

    def draw(self) -> None:
        """Put everything on the canvas."""
        places = [self._dots(axis) for axis in self.chart.axes]
        self._trials(places)
        for at, axis in enumerate(self.chart.axes):
            self._axis(self._x(at), axis)
        chart = self.chart
        if chart.best is not None and chart.best != chart.here:
            self._line(places, chart.best, "★", "good")
        if chart.here is not None:
            self._line(places, chart.here, *(("★", "good") if chart.best == chart.here else ("●", "strong")))
        self._words()

    def _x(self, at: int) -> int:
        return self.left + at * self.gap

    def _dots(self, axis: ParallelAxis) -> Integers:
        """Return the dot each trial stands at, counted from below."""
        places = axis.places
        inside = np.clip(np.nan_to_num(places, posinf=0, neginf=0), 0, 1)
        dots = np.rint(self.lowest + inside * (self.highest - self.lowest))
        dots[places == np.inf] = self.dots - 1 - (self.up > 1 and self.highest < self.dots - 1)
        dots[places == -np.inf] = int(self.up > 1 and self.lowest > 0)
        return np.asarray(dots, dtype=np.int64)

    def _row(self, dot: float) -> int:
        return self.top + self.high - 1 - int(dot) // self.up

    def _trials(self, places: list[Integers]) -> None:
        from hpi_core.charts.strands import covered, strands

        groups = [self.chart.kinds == kind for kind, _, _ in _KINDS]
        columns = self.gap * self.across
        for at in range(len(places) - 1):
            counted = [
                covered(strands(places[at][group], places[at + 1][group], self.dots), columns, self.dots)
                for group in groups
            ]
            self._raster(self._x(at), counted, [max(1, int(group.sum())) for group in groups])

    def _raster(self, x: int, counted: list[Integers], sizes: list[int]) -> None:
        """Stamp what passes between two axes: in each cell the group of which the larger share does."""
        from hpi_tui.widgets import density

        cells = [dots.reshape(self.high, self.up, self.gap, self.across).max(axis=(1, 3)) for dots in counted]
        winner = _winners(cells, sizes)
        for kind, bright, dim in _KINDS:
            here = (winner == kind) & (cells[kind] > 0)
            if not here.any():
                continue
            if self.look.ascii:
                rows = [[_MARKS[kind] if dot else " " for dot in row] for row in counted[kind].tolist()]
            else:
                rows = [list(row) for row in density.braille(counted[kind])]
            many = cells[kind] >= max(1.0, float(cells[kind].max()) ** 0.75)
            strong = kind > 0 and not self.look.fills
            for token, chosen in ((dim, here & ~many), (bright, here & many)):
                shown = token if self.look.fills else bright
                stamped = [
                    "".join(sign if keep else " " for sign, keep in zip(row, line, strict=True))
                    for row, line in zip(rows, chosen.tolist(), strict=True)
                ]
                self.canvas.stamp(x, self.top, stamped, shown, bold=strong)

    def _axis(self, x: int, axis: ParallelAxis) -> None:
        first, last = self._row(self.highest), self._row(self.lowest)
        for y in range(first, last + 1):
            self.canvas.put(x, y, "│", "muted")
        span = self.highest - self.lowest
        for blame in axis.blames:
            if blame.below:
                self.canvas.put(x, self._row(0), "┃", "err", bold=True)
                continue
            low, high = (self._row(self.lowest + end * span) for end in (blame.low, blame.high))
            for y in range(high, low + 1):
                self.canvas.put(x, y, "┃", "err", bold=True)
        if axis.above:
            self.canvas.put(x, self.top, axis.above[:1], "err", bold=True)
        if axis.below:
            self.canvas.put(x, self._row(0), axis.below[:1], "muted", bold=True)

    def _line(self, places: list[Integers], trial: int, sign: str, token: str) -> None:
        """Draw one trial over the others, a sign where it crosses an axis."""
        dots = [int(place[trial]) for place in places]
        for at in range(len(dots) - 1):
            ends = np.array([dots[at], dots[at + 1]]) / max(1, self.dots - 1)
            line = Polyline(np.array([0.0, 1.0]), ends, np.array([False, True]))
            mark = self.look.sign(sign) if self.look.ascii else None
            self.canvas.stamp(self._x(at), self.top, rasterise([line], self.gap, self.high, mark), token, bold=True)
        for at, dot in enumerate(dots):
            self.canvas.put(self._x(at), self._row(dot), sign, token, bold=True)

    def _words(self) -> None:
        """Write names, claims and ends above the axes, ends and values below them."""
        chart, canvas, room = self.chart, self.canvas, self.gap - 1
        low = self.top + self.high
        here = _TOKENS[int(chart.kinds[chart.here])] if chart.here is not None else "text"
        if self.left >= _GUTTER:
            if self.values:
                canvas.put(0, low + self.ends, cut(f" {chart.trial}", self.left - 1), here, bold=True)
            if self.bests:
                canvas.put(0, low + self.ends + 1, cut(f" ★ {chart.best_name}", self.left - 1), "good", bold=True)
        for at, axis in enumerate(chart.axes):
            x = self._x(at)
            canvas.put(x, 0, cut(safe(axis.name, 40), room), "text", bold=True)
            if self.claims and axis.blames:
                blame = axis.blames[0]
                canvas.put(x, 1, cut(f"{blame.tag} {blame.text.removeprefix('= ')}", room), "err")
            self._marks(x, axis)
            if self.ends and not axis.marks:
                canvas.put(x, self.top - 1, cut(axis.ends[1], room), "muted")
                canvas.put(x, low, cut(axis.ends[0], room), "muted")
            if axis.above:
                canvas.put(x, self.top, cut(axis.above, room), "err", bold=True)
            if axis.below:
                canvas.put(x, self._row(0), cut(axis.below, room), "muted")
            if self.values:
                canvas.put(x, low + self.ends, cut(axis.here, room), "strong", bold=True)
            if self.bests:
                canvas.put(x, low + self.ends + 1, cut(axis.best, room), "good")

    def _marks(self, x: int, axis: ParallelAxis) -> None:
        """Write the few values of an axis beside it, over the lines."""
        taken: set[int] = set()
        for place, text in axis.marks:
            row = self._row(round(self.lowest + place * (self.highest - self.lowest)))
            if row not in taken:
                self.canvas.put(x + 1, row, f" {cut(text, self.gap // 2)} ", "text")
                taken.add(row)
