"""Buckets: which parameters go with which issues, and for the chosen pair the rate of every bucket and the claim.

`compute` turns an inspection into a map, which the widget draws with the bars of the chosen pair, what is to be said of
it, and all claims, as far as there is room: the map keeps some rows at every height, then come words, bars and claims.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from textual import events
from textual.message import Message
from textual.strip import Strip

from hpi_tui.panes.bucket_words import claim_lines, said_lines
from hpi_tui.theme import Look
from hpi_tui.widgets import heatmap
from hpi_tui.widgets.lines import Lines, Run, paint, title
from hpi_tui.widgets.rate_bars import BarLine, bar_lines

if TYPE_CHECKING:
    from hpi_core.charts.bucket_bars import PairChart
    from hpi_core.charts.buckets import BucketMap
    from hpi_core.inspection import Inspection
    from hpi_tui.state import ViewState

_LEAST_MAP, _LEAST_BARS, _LEAST_CLAIMS = 4, 4, 3


def compute(inspection: Inspection, _state: ViewState | None = None) -> BucketMap:
    """Return the map of an inspection: it is of all trials, so nothing of what is shown changes it."""
    from hpi_core.charts.buckets import bucket_map

    return bucket_map(inspection)


class Buckets(Lines):
    """Draws a map and the pair chosen on it."""

    DEFAULT_CSS = "Buckets { height: 1fr; width: 1fr; }"

    class Chosen(Message):
        """Another pair was chosen."""

        def __init__(self, parameter: str, issue: str) -> None:
            super().__init__()
            self.parameter = parameter
            self.issue = issue

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self.view: BucketMap | None = None
        self.active = False
        self._at = (0, 0)
        self._located: object = _NOWHERE
        self._drawn: _Drawn | None = None
        self._pair: PairChart | None = None

    # What the pane is told

    def show(self, view: BucketMap | None) -> None:
        """Show another map; the chosen pair stays chosen where it still exists, else the strongest claim is."""
        before = self.chosen
        self.view, self._pair = view, None
        self._at = self._place_of(before) or self._strongest()
        self._repaint()

    def activate(self, active: bool) -> None:
        """Show that keys go to this pane, or that they do not."""
        if active != self.active:
            self.active = active
            self._repaint()

    def move(self, dx: int, dy: int) -> None:
        """Go to another issue (dx) or parameter (dy), not beyond the edge."""
        if self.view is None or not self._rows:
            return
        row = max(0, min(self._at[0] + dy, self._rows - 1))
        self._go((row, max(0, min(self._at[1] + dx, len(self.view.issues) - 1))))

    def choose(self, parameter: str, issue: str) -> bool:
        """Choose a pair; False where the map has none such."""
        place = self._place_of((parameter, issue))
        if place is not None:
            self._go(place)
        return place is not None

    def locate(self, row: int | None) -> None:
        """Mark the bucket in which the trial of `_row` stands; None marks none."""
        located = _NOWHERE if row is None else row
        if located != self._located:
            self._located = located
            self._repaint()

    # What the pane answers

    @property
    def chosen(self) -> tuple[str, str] | None:
        """The chosen parameter and issue."""
        if self.view is None or not self._rows:
            return None
        return self.view.parameters[self._at[0]], self.view.issues[self._at[1]].issue

    def claimed_filter(self) -> str | None:
        """Return the filter that shows exactly the trials the chosen pair's claim counts; None without a claim."""
        chosen = self.chosen
        if chosen is None or self.view is None or self.view.inspection is None:
            return None
        cause = self.view.cell(*chosen).cause
        if cause is None:
            return None
        from hpi_core.charts.claimed import claimed_filter

        return claimed_filter(self.view.inspection, cause)

    # Pointing

    def on_click(self, event: events.Click) -> None:
        """Choose the cell or the claim under the pointer."""
        target = self._content().targets.get(event.y)
        place = target(event.x) if target is not None else None
        if place is not None:
            self._go(place)

    def on_mouse_scroll_down(self, _event: events.MouseScrollDown) -> None:
        """Go to the next parameter."""
        self.move(0, 1)

    def on_mouse_scroll_up(self, _event: events.MouseScrollUp) -> None:
        """Go to the parameter before."""
        self.move(0, -1)

    # Drawing

    def line(self, y: int, width: int) -> Strip:
        """Draw a line of the content."""
        strips = self._content().strips
        return strips[y] if y < len(strips) else paint(self.look, [], width)

    @property
    def _rows(self) -> int:
        return len(self.view.parameters) if self.view is not None and self.view.issues else 0

    def _go(self, place: tuple[int, int]) -> None:
        if place == self._at:
            return
        self._at, self._pair = place, None
        self._repaint()
        chosen = self.chosen
        if chosen is not None:
            self.post_message(self.Chosen(*chosen))

    def _place_of(self, pair: tuple[str, str] | None) -> tuple[int, int] | None:
        if self.view is None or pair is None or pair[0] not in self.view.parameters:
            return None
        column = next((at for at, column in enumerate(self.view.issues) if column.issue == pair[1]), None)
        return None if column is None else (self.view.parameters.index(pair[0]), column)

    def _strongest(self) -> tuple[int, int]:
        if self.view is None or self.view.inspection is None or not self._rows:
            return 0, 0
        found = self.view.inspection
        said = [(cause.parameter, cause.issue) for cause in found.causes]
        said += [(lead.parameter, lead.issue) for lead in found.leads]
        places = (self._place_of(pair) for pair in said)
        return next((place for place in places if place is not None), (0, 0))

    def _repaint(self) -> None:
        """Repaint the lines that differ from what was drawn last."""
        before = self._drawn
        self._drawn = None
        if not self.is_mounted or before is None or before.size != tuple(self.size):
            self.redraw()
            return
        old, new = before.strips, self._content().strips
        self.redraw_lines(*(y for y in range(max(len(old), len(new))) if old[y : y + 1] != new[y : y + 1]))

    def _content(self) -> _Drawn:
        size = (self.size.width, self.size.height)
        if self._drawn is None or self._drawn.size != size:
            self._drawn = _Sheet(self, *size).drawn()
        return self._drawn

    def pair(self) -> PairChart | None:
        """Return the bars of the chosen pair."""
        chosen = self.chosen
        if self._pair is None and self.view is not None and chosen is not None:
            from hpi_core.charts.bucket_bars import pair_chart

            self._pair = pair_chart(self.view, *chosen)
        return self._pair

    def located_bar(self) -> int | None:
        """Return the bar the located trial stands in."""
        pair, view = self.pair(), self.view
        if pair is None or view is None or view.inspection is None or not isinstance(self._located, int):
            return None
        trials = view.inspection.sweep.trials
        return pair.bar_of(trials[pair.parameter][self._located]) if self._located < trials.height else None

    @property
    def place(self) -> tuple[int, int]:
        """Row and column of the chosen cell on the map."""
        return self._at

    def place_of(self, pair: tuple[str, str]) -> tuple[int, int] | None:
        """Return row and column of a pair on the map, None where it is not there."""
        return self._place_of(pair)


_NOWHERE = object()
_Target = Callable[[int], "tuple[int, int] | None"]


@dataclass(frozen=True)
class _Drawn:
    """The lines of the pane at one size, and what a click on a line chooses."""

    size: tuple[int, int]
    strips: list[Strip]
    targets: dict[int, _Target]


class _Sheet:
    """One drawing of the pane from top to bottom."""

    def __init__(self, pane: Buckets, width: int, height: int) -> None:
        self.pane, self.look, self.width, self.height = pane, pane.look, width, height
        self.strips: list[Strip] = []
        self.targets: dict[int, _Target] = {}

    def drawn(self) -> _Drawn:
        """Lay out title, map, words, bars and claims in the height there is."""
        view, pair = self.pane.view, self.pane.pair()
        if view is None or view.empty is not None or pair is None:
            self._title(view, 0, 0)
            words = "Nothing was inspected yet." if view is None else view.empty or "There is nothing to compare."
            self.strips += [paint(self.look, [Run(f"  {line}", "muted")], self.width) for line in _wrap(words, self)]
        else:
            self._parts(view, pair)
        return _Drawn((self.width, self.height), self.strips[: self.height], self.targets)

    def _parts(self, view: BucketMap, pair: PairChart) -> None:
        said = said_lines(self.look, view, pair, self.width, 3 if self.height >= 12 else 1)
        bars = bar_lines(self.look, pair, self.width)
        rows, shown = _shares(self.height - 1, len(view.parameters), len(said.head), len(bars))
        spare = self.height - 1 - (rows + 1 if rows else 0) - len(said.head) - shown
        plan = heatmap.plan(self.look, view, self.width, rows, self.pane.place)
        self._title(view, rows, len(plan.columns))
        spare -= self._map(view, plan, spare)
        if spare > 0 and said.head:
            self._blank()
            spare -= 1
        self.strips += said.head
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
            words = (
                "strength of association, filled where q < 0.05 after correction"
                if self.width >= heatmap.WIDE
                else "strength, filled = q < 0.05"
            )
            state = [Run(f"  {words}", "muted")]
            right = [Run(_left_out(view, rows, columns), "muted")]
            used = 12 + len(words) + len(right[0].text)
            if used > self.width:
                state = [Run("  strength", "muted")] if self.width - len(right[0].text) >= 24 else []
        self.strips.append(title(self.look, self.width, label, state, right, self.pane.active))

    def _map(self, view: BucketMap, plan: heatmap.Plan, spare: int) -> int:
        """Draw the map; returns how many of the spare lines it took."""
        if not plan.rows:
            return 0
        at = self.pane.place
        taken = 0
        if spare >= 4 and self.width >= heatmap.WIDE:
            self._blank()
            taken = 1
        self.strips.append(heatmap.headings(self.look, view, plan, self.width, at))
        first = len(self.strips)
        for y in range(plan.rows):
            self.targets[first + y] = lambda x, y=y: plan.cell_at(x, y)  # type: ignore[misc]
            self.strips.append(heatmap.row(self.look, view, plan, y, self.width, at, self.pane.active))
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
        located = self.pane.located_bar()
        kept = bars if len(bars) <= shown else bars[: shown - 1]
        for line in kept:
            ground = "cur2" if line.bar is not None and line.bar == located else "ground"
            self.strips.append(paint(self.look, line.runs, self.width, ground))
        if len(kept) < len(bars):
            left = sum(line.bar is not None for line in bars[len(kept) :])
            self.strips.append(paint(self.look, [Run(f"  + {left:,} more", "muted")], self.width))

    def _claims(self, view: BucketMap, room: int) -> None:
        lines = claim_lines(self.look, view, self.pane.chosen, self.width, room, self.pane.active)
        if not lines:
            return
        self._blank()
        for strip, pair in lines:
            place = self.pane.place_of(pair) if pair is not None else None
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


def _left_out(view: BucketMap, rows: int, columns: int) -> str:
    """Return how large the map is, or how much of it has no room."""
    more_rows, more_columns = len(view.parameters) - rows, len(view.issues) - columns
    said = []
    if more_rows > 0:
        said.append(f"+{more_rows:,} parameter{'s' if more_rows > 1 else ''}")
    if more_columns > 0:
        said.append(f"+{more_columns:,} issue{'s' if more_columns > 1 else ''}")
    if not said:
        said = [f"{len(view.parameters):,} parameters", f"{len(view.issues):,} issues"]
    return "  ".join(said) + " "


def _wrap(words: str, sheet: _Sheet) -> list[str]:
    from hpi_tui.panes.bucket_words import wrapped

    return wrapped(words, max(8, sheet.width - 4))


class Pane(NamedTuple):
    """What the composition of the app needs to know of a pane."""

    title: str
    key: str
    needs: str
    compute: Callable[..., BucketMap]
    widget: type[Buckets]


PANE = Pane("Buckets", "3", "an inspection", compute, Buckets)
