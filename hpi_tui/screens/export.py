"""The exports: what can be written to the folder the app was started in, and what each would hold now."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len, set_cell_size

from hpi_core.text import safe
from hpi_tui.exports import Shown, exports, free_path
from hpi_tui.screens.listing import Listing, wrapped
from hpi_tui.theme import Look
from hpi_tui.widgets.choice_list import Entry
from hpi_tui.widgets.lines import Run


class ExportScreen(Listing):
    """Enter hands back the name of the export under the cursor."""

    heading = "Export"
    about = "Enter writes; nothing that exists is overwritten"
    keys = (("Enter", "write"), ("j k", "move"), ("Esc", "close"))

    def __init__(self, look: Look, shown: Shown) -> None:
        super().__init__(look, safe(shown.sweep.source.name, 60))
        self._shown = shown
        self._chosen: str | None = None

    def entries(self, search: str) -> Sequence[Entry]:
        """Return the exports whose name holds the text."""
        wide = max(cell_len(one.name) for one in exports()) + 2
        return [
            Entry((Run(set_cell_size(f" {one.name}", wide), "text"), Run(one.holds(self._shown), "muted")), one.name)
            for one in exports()
            if search in one.name.casefold()
        ]

    def readout(self, value: str | None) -> list[list[Run]]:
        """Say where the file would be."""
        one = next((one for one in exports() if one.name == value), None)
        if one is None:
            return []
        return wrapped(f"to {free_path(self._shown, one.ending, Path.cwd())}", self.app.size.width)

    def chosen(self, value: str) -> None:
        """Hand the choice back."""
        self.dismiss(value)
