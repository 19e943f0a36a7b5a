"""Scope: what the actions of one scope share: the main screen, the status line, and steps of the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpi_tui import state as transitions

if TYPE_CHECKING:
    from hpi_tui.screens.main import MainScreen


class Scope:
    """A part of the action table: a method `do_<name>` for each of its actions, carried out on the main screen."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen

    def say(self, text: str) -> None:
        """Say something in the status line, until the next key."""
        self.screen.status = text
        self.screen.refresh_chrome()

    def jump(self, position: int) -> None:
        """Go to a position of Runs, remembering the trial that is left."""
        screen = self.screen
        row = screen.cursor.row_here()
        state = screen.state if row is None else transitions.jumped(screen.state, row)
        screen.go(transitions.move_to(state, position))
