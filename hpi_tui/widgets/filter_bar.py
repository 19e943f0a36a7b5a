"""The filter line above the run table, open while it holds a filter; it points at what it cannot understand.

Tab completes what stands before the cursor, Up brings earlier filters back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container

from hpi_core.text import safe
from hpi_tui.theme import Look
from hpi_tui.widgets.key_turn import KeyLine
from hpi_tui.widgets.lines import Fixed, Run

if TYPE_CHECKING:
    from hpi_core.filter import Completion
    from hpi_tui.screens.main import MainScreen

_LEAD = 10


class FilterBar(Container):
    """A line to type a filter in, and below it what is wrong with it or how it can go on."""

    DEFAULT_CSS = """
    FilterBar { height: auto; width: 1fr; }
    FilterBar #filter-error { display: none; height: 2; }
    FilterBar.-refused #filter-error { display: block; height: 2; }
    FilterBar.-offered #filter-error { display: block; height: 1; }
    """

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.field = KeyLine(self._run_key, placeholder="lr > 0.01 and status == failed", id="filter-input")
        self.display = False
        self._earlier: list[str] = []
        self._offers: list[Completion] = []
        self._offered = 0
        self._completed = ("", -1)

    def compose(self) -> ComposeResult:
        """Put label, input and the line for errors together."""
        with Container(id="filter-bar"):
            label = Fixed(self._look, id="filter-label")
            label.show(([Run(" filter ", "muted"), Run("› ", "you")], []))
            yield label
            yield self.field
        yield Fixed(self._look, id="filter-error")

    def open(self) -> None:
        """Show the line and take the keys, from the very next one on."""
        self.display = True
        self.screen.set_focus(self.field)

    def show(self, text: str) -> None:
        """Show a filter that came from elsewhere."""
        self.display = True
        self.field.value = text
        self._keep()

    def close(self) -> None:
        """Empty the line and take it away."""
        self.display = False
        self.field.value = ""
        self.refuse(None)

    def refuse(self, error: tuple[str, int] | None) -> None:
        """Point at the character the filter failed at, or be content again."""
        if self._completed == (self.field.value, self.field.cursor_position):
            return  # in the middle of completing, what could follow says more
        self._offer_none()
        self.set_class(error is not None, "-refused")
        if error is not None:
            message, position = error
            at = " " * (_LEAD + position)
            said = [Run(" " * _LEAD), Run(safe(message, 300), "err")]
            self.query_one("#filter-error", Fixed).show(([Run(at), Run("^", "err", True)], []), (said, []))

    def _run_key(self, key: str) -> bool:
        screen: MainScreen = self.screen  # type: ignore[assignment]
        if key == "tab":
            self._complete(screen)
            return True
        self._offer_none()
        if key in ("enter", "escape", "down"):
            self._keep()
            screen.commands.leave_filter()
        elif key == "up":
            self._recall()
        else:
            return False
        return True

    def _keep(self) -> None:
        """Remember the filter of the line, the latest last."""
        text = self.field.value.strip()
        if text:
            self._earlier = [*(kept for kept in self._earlier if kept != text), text]

    def _recall(self) -> None:
        """Bring back the filter before the one in the line; before the oldest comes the latest again."""
        here = self.field.value.strip()
        if self._earlier:
            at = self._earlier.index(here) if here in self._earlier else 0
            self.field.value = self._earlier[at - 1]
            self.field.cursor_position = len(self.field.value)

    def _complete(self, screen: MainScreen) -> None:
        """Put the best completion before the cursor; at once again, the next one in its place."""
        if screen.table is None:
            return
        from hpi_core.filter import complete

        field = self.field
        if (field.value, field.cursor_position) == self._completed and self._offers:
            self._offered = (self._offered + 1) % len(self._offers)
        else:
            self._offers, self._offered = complete(field.value, field.cursor_position, screen.table.sweep), 0
        if not self._offers:
            return
        offer = self._offers[self._offered]
        field.replace(offer.text, offer.start, field.cursor_position)
        field.cursor_position = offer.start + len(offer.text)
        self._completed = (field.value, field.cursor_position)
        self.remove_class("-refused")
        self.add_class("-offered")
        self._show_offers()

    def _show_offers(self) -> None:
        runs = [Run(" " * _LEAD)]
        for at, offer in enumerate(self._offers[self._offered :]):
            here = at == 0
            runs += [Run(safe(offer.text, 40), "strong" if here else "muted", here), Run("  ")]
        self.query_one("#filter-error", Fixed).show((runs, []))

    def _offer_none(self) -> None:
        self._completed = ("", -1)
        self.remove_class("-offered")
