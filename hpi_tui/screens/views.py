"""The menu of views, and the list to choose a hyperparameter from."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from hpi_core.text import safe
from hpi_tui.actions import ACTIONS, VIEWS, keys_shown
from hpi_tui.screens.listing import Listing
from hpi_tui.theme import Look
from hpi_tui.widgets.choice_list import Entry
from hpi_tui.widgets.lines import Run


class ViewsScreen(Listing):
    """Enter hands back the action that shows the view under the cursor."""

    heading = "Views"
    about = "Enter shows it"
    keys = (("Enter", "show"), ("j k", "move"), ("/", "search"), ("Esc", "close"))

    def entries(self, search: str) -> Sequence[Entry]:
        """Return the views whose name or words hold the text, under the place they stand in."""
        actions = {action.name: action for action in ACTIONS}
        found: list[Entry] = []
        for place, views in VIEWS:
            rows = [
                Entry(
                    (
                        Run(f"{keys_shown(actions[name]).split(' ')[0]:<4}", "strong", True),
                        Run(set_cell_size(title, 26), "text"),
                        Run(says, "muted"),
                    ),
                    name,
                )
                for name, title, says in views
                if search in f"{title} {says}".casefold()
            ]
            if rows:
                found += [Entry((Run(place, "muted"),)), *rows, Entry(())]
        return found

    def chosen(self, value: str) -> None:
        """Hand the choice back."""
        self.dismiss(value)


class ParameterScreen(Listing):
    """Enter hands back the hyperparameter under the cursor."""

    heading = "Hyperparameter"
    keys = (("Enter", "choose"), ("j k", "move"), ("/", "search"), ("Esc", "close"))

    def __init__(self, look: Look, source_name: str, names: Sequence[str], about: str, value: str) -> None:
        super().__init__(look, source_name)
        self.about = safe(about, 60)
        self._names = names
        self._value = value

    def entries(self, search: str) -> Sequence[Entry]:
        """Return the hyperparameters whose name holds the text."""
        wide = max((cell_len(safe(name)) for name in self._names), default=1) + 1
        return [
            Entry((Run(set_cell_size(f" {safe(name)}", wide), "text"),), name)
            for name in self._names
            if search in name.casefold()
        ]

    def first_value(self) -> str | None:
        """Start at the one shown now."""
        return self._value

    def chosen(self, value: str) -> None:
        """Hand the choice back."""
        self.dismiss(value)
