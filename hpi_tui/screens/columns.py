"""The column chooser: hide, pin, move and widen the columns of the run table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from hpi_core.text import safe
from hpi_tui import state as transitions
from hpi_tui.screens.listing import Listing
from hpi_tui.screens.trial import role_words
from hpi_tui.state import ViewState
from hpi_tui.tables import SweepTable, column_name
from hpi_tui.theme import Look
from hpi_tui.widgets.choice_list import Entry
from hpi_tui.widgets.lines import Run


class ColumnsScreen(Listing):
    """All columns in their order; the choice is handed back when it closes."""

    heading = "Columns"
    about = "Space hides or shows"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "hide", show=False),
        Binding("p", "pin", show=False),
        Binding("J", "move(1)", show=False),
        Binding("K", "move(-1)", show=False),
        Binding("greater_than_sign", "widen(4)", show=False),
        Binding("less_than_sign", "widen(-4)", show=False),
        Binding("zero", "reset_all", show=False),
    ]
    keys = (
        ("Space", "hide"), ("p", "pin"), ("J K", "move"), ("< >", "width"), ("0", "reset"), ("/", "search"),
        ("Esc", "close"),
    )  # fmt: skip

    def __init__(self, look: Look, table: SweepTable, state: ViewState) -> None:
        super().__init__(look, safe(table.sweep.source.name, 60))
        self._table = table
        self._choice = state.columns
        self._column = state.column
        self._roles = role_words(table.sweep)

    def entries(self, search: str) -> Sequence[Entry]:
        """Return the columns whose name or role holds the text, hidden ones muted."""
        choice = self._choice
        ordered = transitions.ColumnChoice(order=choice.order).arranged(self._table.names)
        widths = dict(choice.widths)
        found = []
        for name in ordered:
            role = self._roles.get(name, "")
            if search in f"{name} {role}".casefold():
                hidden, pinned = name in choice.hidden, name in choice.pinned
                sign = "hidden" if hidden else ("pinned" if pinned else "")
                said = f"width {widths[name]}" if name in widths else ""
                token = "muted" if hidden else "text"
                runs = (
                    Run(f"{safe(column_name(name), 40):<42}", token),
                    Run(f"{role:<16}", "muted"),
                    Run(f"{sign:<8}", "you"),
                    Run(said),
                )
                found.append(Entry(runs, name))
        return found

    def first_value(self) -> str | None:
        """Start on the column the cursor stands in."""
        return self._column

    def result(self) -> object:
        """Hand the choice back."""
        return self._choice

    def chosen(self, value: str) -> None:
        """Enter hides or shows, like Space."""
        self.action_hide()

    def action_hide(self) -> None:
        """Hide or show the column."""
        if (name := self.list.value) is not None:
            self._choose(transitions.toggle_hidden(self._choice, name))

    def action_pin(self) -> None:
        """Pin the column to the left or let it go."""
        if (name := self.list.value) is not None:
            self._choose(transitions.toggle_pinned(self._choice, name))

    def action_move(self, delta: int) -> None:
        """Move the column."""
        if (name := self.list.value) is not None:
            self._choose(transitions.move_in_order(self._choice, name, delta, self._table.names))

    def action_widen(self, delta: int) -> None:
        """Widen or narrow the column."""
        if (name := self.list.value) is not None:
            width = dict(self._choice.widths).get(name, self._table.look(name).width)
            self._choose(transitions.with_width(self._choice, name, width + delta))

    def action_reset_all(self) -> None:
        """Show all columns again as they came."""
        self._choose(transitions.ColumnChoice())

    def _choose(self, choice: transitions.ColumnChoice) -> None:
        self._choice = choice
        self.fill(self.list.value)
