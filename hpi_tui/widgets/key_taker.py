"""KeyTaker: the line that has the keys while no input has; it stands on every screen size that shows trials."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from hpi_tui.widgets.key_turn import handed_on
from hpi_tui.widgets.lines import Fixed


class KeyTaker(Fixed, can_focus=True):
    """Lines handed to it, as `Fixed`; every key is carried out by `run_key` in the key's own turn."""

    run_key: Callable[[str], bool] | None = None

    def on_key(self, event: events.Key) -> None:
        """Carry a key out in its own turn, so that what it opens gets the very next one."""
        if not handed_on(self, event) and self.run_key is not None and self.run_key(event.key):
            event.stop()
            event.prevent_default()
