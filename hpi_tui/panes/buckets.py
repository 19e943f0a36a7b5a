"""Buckets: which parameters go with which issues, and for the chosen pair the rate of every bucket and the claim.

`compute` turns an inspection into a map, which the widget draws with the bars of the chosen pair, what is to be said of
it, and all claims, as far as there is room: the map keeps some rows at every height, then come words, bars and claims.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message
from textual.strip import Strip

from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Lines, Run, paint, title

if TYPE_CHECKING:
    from hpi_core.charts.bucket_bars import PairChart
    from hpi_core.charts.buckets import BucketMap
    from hpi_core.inspection import Inspection
    from hpi_tui.panes.bucket_sheet import Drawn
    from hpi_tui.state import ViewState


_COUNTED_HERE = 50_000  # trials up to which a pair is counted while it is drawn


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
        self._located: int | None = None
        self._drawn: Drawn | None = None
        self._pair: PairChart | None = None
        self.count: Callable[[Callable[[], PairChart]], None] | None = None

    # What the pane is told

    def show(self, view: BucketMap | None) -> None:
        """Show another map; the chosen pair stays chosen where it still exists, else the strongest claim is."""
        before = self.chosen
        self.view, self._pair = view, None
        self._at = self._place_of(before) or self._strongest()
        self._repaint()

    def take(self, pair: PairChart) -> None:
        """Draw the bars a worker counted, if they are those of the chosen pair still."""
        if self.chosen == (pair.parameter, pair.issue):
            self._pair = pair
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
        if row != self._located:
            self._located = row
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
        """Draw a line of the content; before there is any, nothing is imported to draw it."""
        if self.view is None:
            label = [Run(" 3 Buckets ", "text", True)]
            said = [Run("  Nothing was inspected yet.", "muted")] if y == 1 else []
            return paint(self.look, said, width) if y else title(self.look, width, label, [], [], self.active)
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
        return None if self.view is None or pair is None else self.view.place_of(*pair)

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

    def _content(self) -> Drawn:
        size = (self.size.width, self.size.height)
        if self._drawn is None or self._drawn.size != size:
            from hpi_tui.panes.bucket_sheet import Shown, draw

            shown = Shown(self.view, self._pair_chart(), self._at, self._located_bar(), self.active)
            self._drawn = draw(self.look, shown, *size)
        return self._drawn

    def _pair_chart(self) -> PairChart | None:
        chosen = self.chosen
        if self._pair is None and self.view is not None and chosen is not None:
            from hpi_core.charts.bucket_bars import pair_chart, uncounted

            view, inspection = self.view, self.view.inspection
            if self.count is None or inspection is None or inspection.sweep.trials.height <= _COUNTED_HERE:
                self._pair = pair_chart(view, *chosen)
            else:
                self._pair = uncounted(view, *chosen)
                self.count(lambda: pair_chart(view, *chosen))
        return self._pair

    def _located_bar(self) -> int | None:
        """Return the bar the located trial stands in."""
        pair, view = self._pair_chart(), self.view
        if pair is None or view is None or view.inspection is None or self._located is None:
            return None
        trials = view.inspection.sweep.trials
        return pair.bar_of(trials[pair.parameter][self._located]) if self._located < trials.height else None
