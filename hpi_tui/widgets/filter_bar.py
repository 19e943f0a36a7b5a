"""The filter line above the run table, open while it holds a filter; it points at what it cannot understand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Input

from hpi_core.text import safe
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Fixed, Run

if TYPE_CHECKING:
    from hpi_tui.screens.main import MainScreen

_LEAD = 10


class FilterBar(Container):
    """A line to type a filter in, and below it what is wrong with it."""

    DEFAULT_CSS = """
    FilterBar { height: auto; width: 1fr; }
    FilterBar #filter-error { display: none; height: 2; }
    FilterBar.-refused #filter-error { display: block; }
    """

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.field = Input(id="filter-input", placeholder="lr > 0.01 and status == failed", compact=True)
        self.field.cursor_blink = False
        self.display = False

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

    def close(self) -> None:
        """Empty the line and take it away."""
        self.display = False
        self.field.value = ""
        self.refuse(None)

    def refuse(self, error: tuple[str, int] | None) -> None:
        """Point at the character the filter failed at, or be content again."""
        self.set_class(error is not None, "-refused")
        if error is not None:
            message, position = error
            at = " " * (_LEAD + position)
            said = [Run(" " * _LEAD), Run(safe(message, 300), "err")]
            self.query_one("#filter-error", Fixed).show(([Run(at), Run("^", "err", True)], []), (said, []))

    def on_key(self, event: events.Key) -> None:
        """Leave on Escape and on the way down into the list."""
        if event.key in ("escape", "down"):
            event.stop()
            screen: MainScreen = self.screen  # type: ignore[assignment]
            screen.commands.leave_filter()
