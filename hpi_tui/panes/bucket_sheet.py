"""The sheet of the Buckets pane: what stands on which line at a size, and what a click there chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.strip import Strip

from hpi_core.numerals import plural
from hpi_tui.panes.bucket_words import claim_lines, said_lines, wrapped
from hpi_tui.theme import Look
from hpi_tui.widgets import heatmap
from hpi_tui.widgets.lines import Run, paint, title
from hpi_tui.widgets.rate_bars import BarLine, bar_lines

if TYPE_CHECKING:
    from hpi_core.charts.bucket_bars import PairChart
    from hpi_core.charts.buckets import BucketMap

_LEAST_MAP, _LEAST_BARS, _LEAST_CLAIMS = 4, 4, 3

Target = Callable[[int], "tuple[int, int] | None"]


@dataclass(frozen=True)
class Shown:
    """What is to be drawn: the map, the bars of the chosen pair, its place on the map, and the located trial's bar."""

    view: BucketMap | None
    pair: PairChart | None
    place: tuple[int, int]
    located: int | None
    active: bool


@dataclass(frozen=True)
class Drawn:
    """The lines of the pane at one size, and what a click on a line chooses."""

    size: tuple[int, int]
    strips: list[Strip]
    targets: dict[int, Target]


def draw(look: Look, shown: Shown, width: int, height: int) -> Drawn:
    """Draw the pane in `height` lines of `width` cells."""
    return _Sheet(look, shown, width, height).drawn()


class _Sheet:
    """One drawing of the pane from top to bottom."""

    def __init__(self, look: Look, shown: Shown, width: int, height: int) -> None:
        self.look, self.shown, self.width, self.height = look, shown, width, height
        self.strips: list[Strip] = []
        self.targets: dict[int, Target] = {}

    def drawn(self) -> Drawn:
        """Lay out title, map, words, bars and claims in the height there is."""
        view, pair = self.shown.view, self.shown.pair
        if view is None or view.empty is not None or pair is None:
            self._title(view, 0, 0)
            room = max(8, self.width - 4)
            words = "Nothing was inspected yet." if view is None else view.empty or "There is nothing to compare."
            self.strips += [paint(self.look, [Run(f"  {line}", "muted")], self.width) for line in wrapped(words, room)]
        else:
            self._parts(view, pair)
        return Drawn((self.width, self.height), self.strips[: self.height], self.targets)

    def _parts(self, view: BucketMap, pair: PairChart) -> None:
        said = said_lines(self.look, view, pair, self.width, 3 if self.height >= 12 else 1)
        bars = bar_lines(self.look, pair, self.width)
        rows, shown = _shares(self.height - 1, len(view.parameters), len(said.head), len(bars))
        spare = self.height - 1 - (rows + 1 if rows else 0) - len(said.head) - shown
        plan = heatmap.plan(self.look, view, self.width, rows, self.shown.place)
        self._title(view, rows, len(plan.columns))
        if view.note and spare > 1:
            words = wrapped(view.note, max(8, self.width - 3))[: max(1, min(2, spare - 1))]
            self.strips += [paint(self.look, [Run(f"  {line}", "muted")], self.width) for line in words]
            spare -= len(words)
        spare -= self._map(view, plan, spare)
        if spare > 0 and said.head:
            self._blank()
            spare -= 1
        self.strips += said.head
        claims = sum(cell.state in ("claimed", "together") for cell in (view.cells or {}).values())
        if shown and spare > len(said.notes) + claims + 4:
            self._blank()
            spare -= 1
        self._bars(bars, shown)
        if spare > 1 and said.notes:
            self._blank()
            self.strips += said.notes[: spare - 1]
            spare -= 1 + len(said.notes[: spare - 1])
        if spare >= _LEAST_CLAIMS + 1:
            self._claims(view, spare - 1)

    def _title(self, view: BucketMap | None, rows: int, columns: int) -> None:
        label = [Run(" 3 ", "muted"), Run("Buckets", "text", True)]
        state: list[Run] = []
        right: list[Run] = []
        if view is not None and view.empty is None:
            marked = "filled" if self.look.fills else "shaded"
            wide = self.width >= heatmap.WIDE
            long = f"strength of association, {marked} where q < 0.05 after correction"
            words = long if wide else f"strength, {marked} = q < 0.05"
            state = [Run(f"  {words}", "muted")]
            right = [Run(_left_out(view, rows, columns), "muted")]
            used = 12 + len(words) + len(right[0].text)
            if used > self.width:
                state = [Run("  strength", "muted")] if self.width - len(right[0].text) >= 24 else []
        self.strips.append(title(self.look, self.width, label, state, right, self.shown.active))

    def _map(self, view: BucketMap, plan: heatmap.Plan, spare: int) -> int:
        """Draw the map; returns how many of the spare lines it took."""
        if not plan.rows:
            return 0
        at = self.shown.place
        taken = 0
        if spare >= 4 and self.width >= heatmap.WIDE:
            self._blank()
            taken = 1
        self.strips.append(heatmap.headings(self.look, view, plan, self.width, at))
        first = len(self.strips)
        for y in range(plan.rows):
            self.targets[first + y] = lambda x, y=y: plan.cell_at(x, y)  # type: ignore[misc]
            self.strips.append(heatmap.row(self.look, view, plan, y, self.width, at, self.shown.active))
        if spare - taken >= 2:
            from hpi_core.charts.bucket_words import shortage

            few = shortage(view)
            if few:
                more = f"  +{len(few) - 2} more" if len(few) > 2 else ""
                words = "  ".join(few[:2]) + more
                indent = plan.name_width + 3 if len(words) + plan.name_width + 4 <= self.width else 2
                self.strips.append(paint(self.look, [Run(" " * indent + words, "muted")], self.width))
                taken += 1
        return taken

    def _bars(self, bars: list[BarLine], shown: int) -> None:
        if not shown:
            return
        located = self.shown.located
        kept = bars if len(bars) <= shown else _around_claim(bars, shown - 1)
        for line in kept:
            ground = "cur2" if line.bar is not None and line.bar == located else "ground"
            self.strips.append(paint(self.look, line.runs, self.width, ground))
        if len(kept) < len(bars):
            left = sum(line.bar is not None for line in bars) - sum(line.bar is not None for line in kept)
            self.strips.append(paint(self.look, [Run(f"  + {left:,} more", "muted")], self.width))

    def _claims(self, view: BucketMap, room: int) -> None:
        pair_shown = None if self.shown.pair is None else (self.shown.pair.parameter, self.shown.pair.issue)
        lines = claim_lines(self.look, view, pair_shown, self.width, room, self.shown.active)
        if not lines:
            return
        self._blank()
        for strip, pair in lines:
            place = view.place_of(*pair) if pair is not None else None
            if place is not None:
                self.targets[len(self.strips)] = lambda _x, place=place: place  # type: ignore[misc]
            self.strips.append(strip)

    def _blank(self) -> None:
        self.strips.append(paint(self.look, [], self.width))


def _shares(body: int, parameters: int, words: int, bars: int) -> tuple[int, int]:
    """Return how many rows of the map and lines of the bars are shown in `body` lines."""
    room = max(0, body - words)
    least = min(parameters + 1, _LEAST_MAP)
    shown = min(bars, max(room - min(parameters + 1, max(least, room // 2)), 0))
    if shown < min(bars, _LEAST_BARS):
        shown = 0
    rows = max(0, min(parameters, room - shown - 1))
    return rows, min(bars, max(shown, room - rows - 1)) if shown else 0


def _around_claim(bars: list[BarLine], room: int) -> list[BarLine]:
    """Return the axis and the lines around the first claimed bar, with one bar before it to compare."""
    axis, rest = bars[:1], bars[1:]
    first = next((at for at, line in enumerate(rest) if line.claimed), 0)
    start = max(0, min(first - 2, len(rest) - (room - 1)))
    return [*axis, *rest[start : start + room - 1]]


def _left_out(view: BucketMap, rows: int, columns: int) -> str:
    """Return how large the map is, or how much of it has no room."""
    more_rows, more_columns = len(view.parameters) - rows, len(view.issues) - columns
    said = []
    if more_rows > 0:
        said.append(f"+{plural(more_rows, 'parameter')}")
    if more_columns > 0:
        said.append(f"+{plural(more_columns, 'issue')}")
    if not said:
        issues = sum(column.word == "sick" for column in view.issues)
        said = [plural(len(view.parameters), "parameter")] + [plural(issues, "issue")] * bool(issues)
    return "  ".join(said) + " "
