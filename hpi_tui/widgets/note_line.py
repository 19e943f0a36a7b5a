"""The line a note is typed in, above the footer; Enter keeps it, Escape leaves the trials as they were."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Container

from hpi_tui.theme import Look
from hpi_tui.widgets.key_turn import KeyLine
from hpi_tui.widgets.lines import Fixed, Run


class NoteLine(Container):
    """A label and a line of text; `kept` is called with the text, `left` when the keys go back."""

    DEFAULT_CSS = """
    NoteLine { height: 1; width: 1fr; layout: horizontal; overflow: hidden; }
    NoteLine Fixed { width: 28; }
    """

    def __init__(self, look: Look, kept: Callable[[str], None], left: Callable[[], None]) -> None:
        super().__init__(id="note-line")
        self._label = Fixed(look)
        self._kept, self._left = kept, left
        self.field = KeyLine(self._run_key, placeholder="Enter keeps it, Esc does not", id="note-input")
        self.display = False

    def compose(self) -> ComposeResult:
        """Put label and input side by side."""
        yield self._label
        yield self.field

    def open(self, about: str, text: str) -> None:
        """Show the line and take the keys, from the very next one on."""
        self._label.show(([Run(f" note on {about[:14]} ", "muted"), Run("› ", "you")], []))
        self.field.value = text
        self.field.cursor_position = len(text)
        self.display = True
        self.screen.set_focus(self.field)

    def _run_key(self, key: str) -> bool:
        if key not in ("enter", "escape"):
            return False
        text = self.field.value
        self.display = False
        self._left()
        if key == "enter":
            self._kept(text)
        return True
