"""The title row of a pane: name and state of the view, and at the right the position.

The position is drawn apart, so that a moving cursor repaints only the numbers.
"""

from __future__ import annotations

from rich.cells import cell_len
from textual.strip import Strip

from hpi_tui.state import ViewState
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Lines, Run, paint, title


class Title(Lines):
    """Label and state of a pane."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self._label: list[Run] = []
        self._state: list[Run] = []
        self.active = True

    def activate(self, active: bool) -> None:
        """Show that keys go to this pane, or that they do not."""
        if active != self.active:
            self.active = active
            self.redraw()

    def show(self, label: list[Run], state: list[Run]) -> None:
        """Show this label and state."""
        if (label, state) != (self._label, self._state):
            self._label, self._state = label, state
            self.redraw()

    def line(self, y: int, width: int) -> Strip:
        """Draw the row."""
        return title(self.look, width, self._label, self._state, [], self.active)


class Position(Lines):
    """Which row of how many, and what does not fit."""

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(look, id=id)
        self._text = ""
        self.active = True

    def activate(self, active: bool) -> None:
        """Show that keys go to this pane, or that they do not."""
        if active != self.active:
            self.active = active
            self.redraw()

    def show(self, state: ViewState, columns_out: int) -> None:
        """Show the position; the widget widens only when the numbers may need it."""
        at = min(state.cursor + 1, state.shown)
        share = f"{at:,}/{state.shown:,}"
        out = f"  +{columns_out:,} column{'s' if columns_out != 1 else ''}" if columns_out > 0 else ""
        text = f"{share}{out} "
        widest = cell_len(f"{state.shown:,}/{state.shown:,}{out} ") + 1
        if self.styles.width is None or self.styles.width.value != widest:
            self.styles.width = widest
        if text != self._text:
            self._text = text
            self.redraw()

    def line(self, y: int, width: int) -> Strip:
        """Draw the numbers at the right."""
        ground = ("focus" if self.active else "band") if self.look.fills else "ground"
        token = "text" if self.look.fills and self.active else "muted"
        return paint(self.look, [Run(self._text.rjust(width), token)], width, ground)
