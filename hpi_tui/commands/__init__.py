"""What the keys do: one method `do_<name>` for every action of the table, in one class for every scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hpi_tui.commands.decide import Decide
from hpi_tui.commands.find import Find
from hpi_tui.commands.move import Move
from hpi_tui.commands.panes import Panes
from hpi_tui.commands.scope import Scope
from hpi_tui.commands.whole import Whole

if TYPE_CHECKING:
    from hpi_tui.screens.main import MainScreen

SCOPES: tuple[type[Scope], ...] = (Move, Panes, Decide, Find, Whole)


class Commands:
    """Carries out actions on the main screen."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self.find = Find(screen)
        self.decide = Decide(screen)
        scopes: tuple[Scope, ...] = (Move(screen), Panes(screen), self.decide, self.find, Whole(screen))
        self._handlers: dict[str, Callable[[], None]] = {
            name.removeprefix("do_"): getattr(scope, name)
            for scope in scopes
            for name in dir(scope)
            if name.startswith("do_")
        }

    def carry_out(self, name: str) -> None:
        """Carry out the action of this name."""
        if self.screen.status:
            self.screen.status = ""
            self.screen.refresh_chrome()
        self._handlers[name]()

    def leave_filter(self) -> None:
        """Go back to the list; the filter line goes away when it holds nothing."""
        self.find.leave_filter()
