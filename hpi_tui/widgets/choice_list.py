"""ChoiceList: entries to walk through and choose from, in one column or flowing into several like a newspaper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from hpi_tui.theme import Look
from hpi_tui.widgets.key_turn import handed_on
from hpi_tui.widgets.lines import Lines, Run, paint

_COLUMN_GAP = 2
_FEWEST_LINES = 4


@dataclass(frozen=True)
class Entry:
    """A line of the list; one without a value is a heading and cannot be chosen."""

    runs: tuple[Run, ...]
    value: str | None = None


class ChoiceList(Lines, can_focus=True):
    """Entries with a cursor on one of them."""

    class Moved(Message):
        """The cursor stands on another entry."""

    class Chosen(Message):
        """An entry was pointed at."""

    def __init__(self, look: Look, *, flowing: bool = False, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self.entries: list[Entry] = []
        self.cursor = 0
        self.flowing = flowing
        self.run_key: Callable[[str], bool] | None = None
        self._top = 0

    @property
    def value(self) -> str | None:
        """The value of the entry under the cursor."""
        return self.entries[self.cursor].value if self.entries else None

    @property
    def out_of_sight(self) -> tuple[int, int]:
        """How many entries lie above and below those on the screen."""
        if self._flows():
            return 0, 0
        return self._top, max(0, len(self.entries) - self._top - max(1, self.size.height))

    def fill(self, entries: Sequence[Entry], value: str | None = None) -> None:
        """Show these entries, the cursor on the one of this value or on the first that can be chosen."""
        self.entries = list(entries)
        choosable = [at for at, entry in enumerate(self.entries) if entry.value is not None]
        wanted = [at for at in choosable if self.entries[at].value == value]
        self.cursor = (wanted or choosable or [0])[0]
        self._keep_in_sight()
        self.redraw()
        self.post_message(self.Moved())

    def step(self, delta: int) -> None:
        """Move the cursor by so many entries that can be chosen."""
        choosable = [at for at, entry in enumerate(self.entries) if entry.value is not None]
        if not choosable or self.cursor not in choosable:
            return
        before = self.cursor
        self.cursor = choosable[max(0, min(choosable.index(before) + delta, len(choosable) - 1))]
        if self.cursor == before and delta > 0 and not self._flows():  # on to what stands below the last choice
            self._top = max(self._top, min(self._top + delta, len(self.entries) - self.size.height))
            self.redraw()
        elif self._keep_in_sight():
            self.redraw()
        elif self.flowing:
            self.redraw_lines(*(at % max(1, self.size.height) for at in (before, self.cursor)))
        else:
            self.redraw_lines(before - self._top, self.cursor - self._top)
        self.post_message(self.Moved())

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._keep_in_sight()
        self.post_message(self.Moved())

    def on_key(self, event: events.Key) -> None:
        """Carry a key out in its own turn, so that what it opens gets the very next one."""
        if not handed_on(self, event):
            event.stop()
            if self.run_key is not None:
                self.run_key(event.key)

    def on_click(self, event: events.Click) -> None:
        """Choose the entry pointed at."""
        at = event.y + self._top
        if not self._flows() and at < len(self.entries) and self.entries[at].value is not None:
            self.step(0)
            self.cursor = at
            self.redraw()
            self.post_message(self.Chosen())

    def on_mouse_scroll_down(self) -> None:
        """Three entries down."""
        self.step(3)

    def on_mouse_scroll_up(self) -> None:
        """Three entries up."""
        self.step(-3)

    def line(self, y: int, width: int) -> Strip:
        """Draw a line of every column."""
        if not self._flows():
            return self._entry(self._top + y, width)
        height, widths = self.size.height, self._column_widths()
        places = range(y, len(self.entries), height)
        strips = [self._entry(at, each) for at, each in zip(places, widths, strict=False)]
        return Strip.join(strips).adjust_cell_length(width, self.look.style())

    def _entry(self, at: int, width: int) -> Strip:
        if at >= len(self.entries):
            return paint(self.look, [], width)
        here = at == self.cursor and self.entries[at].value is not None
        sign = Run("▌" if here else " ", "strong", True)
        return paint(self.look, [sign, *self.entries[at].runs], width, "cur" if here else "ground")

    def _column_widths(self) -> list[int]:
        """Return how wide each column of entries is with the gap behind it, as wide as its own longest entry."""
        lengths = [sum(cell_len(run.text) for run in entry.runs) for entry in self.entries]
        height = max(1, self.size.height)
        return [max(lengths[at : at + height]) + 1 + _COLUMN_GAP for at in range(0, len(lengths), height)]

    def _flows(self) -> bool:
        width, height = self.size
        if not self.flowing or height < _FEWEST_LINES:
            return False
        return sum(self._column_widths()) - _COLUMN_GAP <= width

    def _keep_in_sight(self) -> bool:
        before, height = self._top, max(1, self.size.height)
        if self._flows():
            self._top = 0
        else:
            self._top = max(0, min(max(self._top, self.cursor - height + 1), self.cursor, len(self.entries) - height))
            if self.cursor < 3:
                self._top = 0
            elif all(entry.value is None for entry in self.entries[self.cursor + 1 :]):
                self._top = max(self._top, min(self.cursor, len(self.entries) - height))
        return self._top != before
