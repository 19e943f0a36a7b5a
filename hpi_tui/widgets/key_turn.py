"""Whose turn a key is: a burst of keys reaches the widget that has the focus when each of them counts.

A key that gives the focus away (Enter in a line of text, `/` in a list) is carried out in its own turn, and the widget
left behind hands on what still arrives.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.widget import Widget
from textual.widgets import Input


def handed_on(widget: Widget, event: events.Key) -> bool:
    """Hand a key on that was typed after the keys were given to another widget; tells whether it was."""
    taker = widget.app.screen.focused or widget.app.screen
    if taker is widget:
        return False
    event.stop()
    event.prevent_default()
    taker.post_message(events.Key(event.key, event.character))
    return True


class KeyLine(Input):
    """A line of text; `run_key` carries out the keys that are no editing, and tells whether a key was one."""

    def __init__(self, run_key: Callable[[str], bool], *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(placeholder=placeholder, id=id, compact=True, select_on_focus=False)
        self.cursor_blink = False
        self._run_key = run_key

    async def on_key(self, event: events.Key) -> None:
        """Carry every key out in its own turn, editing as well, so that a burst is taken in the order typed."""
        if handed_on(self, event) or event.is_printable:
            return
        event.stop()
        event.prevent_default()
        if not self._run_key(event.key):
            for binding in self._bindings.key_to_bindings.get(event.key, ()):
                await self.run_action(binding.action)
