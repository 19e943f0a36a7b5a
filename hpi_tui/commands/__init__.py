"""What the keys do: one method `do_<name>` for every action of the table, in one class for every scope."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hpi_tui.actions import ACTIONS
from hpi_tui.commands.chat import Chat
from hpi_tui.commands.curves import Curves
from hpi_tui.commands.decide import Decide
from hpi_tui.commands.find import Find
from hpi_tui.commands.move import Move
from hpi_tui.commands.panes import Panes
from hpi_tui.commands.scope import Scope
from hpi_tui.commands.views import Views
from hpi_tui.commands.whole import Whole
from hpi_tui.commands.write import Write

if TYPE_CHECKING:
    from hpi_tui.screens.main import MainScreen

SCOPES: tuple[type[Scope], ...] = (Move, Panes, Decide, Find, Curves, Views, Chat, Write, Whole)
# what is done to the trial under the cursor, and would be done to another one before the rows are arranged
_ABOUT_ROWS = frozenset(
    {action.name for action in ACTIONS if action.scope in ("move", "decide", "select")}
    | {"open", "copy", "filter_to_cell", "drop_cell"}
)


class Commands:
    """Carries out actions on the main screen."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self.find = Find(screen)
        self.decide = Decide(screen)
        self._waiting: list[str] = []
        self.curves = Curves(screen)
        self.chat = Chat(screen)
        self.views = Views(screen)
        shared: tuple[Scope, ...] = (self.decide, self.find, self.curves, self.views, self.chat)
        scopes = (*shared, Move(screen), Panes(screen), Write(screen), Whole(screen))
        self._handlers: dict[str, Callable[[], None]] = {
            name.removeprefix("do_"): getattr(scope, name)
            for scope in scopes
            for name in dir(scope)
            if name.startswith("do_")
        }

    def carry_out(self, name: str) -> None:
        """Carry out the action of this name."""
        if self.screen.arranging and name in _ABOUT_ROWS:
            self._waiting.append(name)
            return
        if self.screen.status:
            self.screen.status = ""
            self.screen.refresh_chrome()
        self._handlers[name]()

    def catch_up(self) -> None:
        """Carry out what was asked for while the rows were being arranged, now that they stand where they belong."""
        waiting, self._waiting = self._waiting, []
        for at, name in enumerate(waiting):
            if self.screen.arranging:  # by one of them: the others wait again
                self._waiting = [*waiting[at:], *self._waiting]
                return
            self.carry_out(name)

    def leave_filter(self) -> None:
        """Go back to the list; the filter line goes away when it holds nothing."""
        self.find.leave_filter()
