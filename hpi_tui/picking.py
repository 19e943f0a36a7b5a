"""Picking, as the screen sees it: which store, experiment or study is open, and how another one is opened.

What may be picked is asked of the source anew each time. Esc goes back: from the experiments of a store to the stores
of the folder, from the outermost list to what was open, and leaves the app only where nothing was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpi_core.errors import Choice, SeveralError, SeveralStoresError
from hpi_tui.state import ViewState

if TYPE_CHECKING:
    from hpi_tui.jobs import Load
    from hpi_tui.screens.main import MainScreen

_HOLD_SEVERAL = frozenset({"mlflow", "optuna"})


class Picking:
    """Asks which of several things to open, for the main screen."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self._of_several_stores = False
        self._offered = False
        self._asking = False
        self._opening = False
        self._before: Load | None = None

    @property
    def possible(self) -> bool:
        """Whether there may be something else to pick than what is open, or was to be opened."""
        table = self.screen.table
        several = table is not None and table.sweep.source.kind in _HOLD_SEVERAL
        return several or self._offered

    def begin(self) -> str:
        """List what else is there; returns why that cannot be done, or nothing."""
        screen = self.screen
        if screen.progress is not None:
            return "The source is still being read."
        if not self.possible:
            return "This source holds one table of trials: there is nothing else to pick."
        self._ask(stores=screen.table is None and self._of_several_stores)
        return ""

    def offer(self, error: SeveralError) -> None:
        """Show what there is."""
        from hpi_tui.screens.pick import PickScreen

        screen = self.screen
        self._offered = True

        def picked(answer: object) -> None:
            if isinstance(answer, Choice):
                self._open(answer, is_store=isinstance(error, SeveralStoresError))
            elif back:
                self._ask(stores=True)
            elif screen.table is None and screen.error is None:
                screen.app.exit()
            else:
                self.give_up()

        back = self._of_several_stores and not isinstance(error, SeveralStoresError)
        leads = "back to the stores" if back else "quit" if screen.table is None else "back to what is open"
        screen.progress = screen.error = None
        screen.refresh_chrome()
        screen.app.push_screen(PickScreen(screen.look, screen.source_name, error, leads), picked)

    def give_up(self) -> None:
        """Stay with what is open, where something is."""
        screen, before = self.screen, self._before
        self._asking = self._opening = False
        if screen.table is not None and before is not None:
            screen.jobs.reader = before
        screen.progress = None
        screen.following.begin()
        screen.relayout()
        screen.refresh_chrome()

    def arrived(self) -> bool:
        """Take note that the source was read; tells whether another one than before is to be shown."""
        screen, other = self.screen, self._opening and self.screen.table is not None
        if self._asking:
            screen.status = "There is only this one in the source."
        self._asking = self._opening = False
        self._before = screen.jobs.reader
        if other:
            screen.overrides = None
            if screen.filter_bar is not None:
                screen.filter_bar.close()
            screen.focus_pane("runs")
            screen.state = ViewState()
        return other

    def _ask(self, *, stores: bool) -> None:
        screen = self.screen
        if screen.following.on:
            screen.following.stop()
        self._asking, self._opening = True, False
        screen.progress, screen.error = "looking for what is there", None
        screen.jobs.ask_which(stores=stores)
        screen.jobs.load(None, screen.complete, look=screen.following.look)
        screen.relayout()
        screen.refresh_chrome()

    def _open(self, choice: Choice, *, is_store: bool) -> None:
        screen = self.screen
        self._asking, self._opening = False, True
        self._of_several_stores |= is_store
        screen.progress = "reading"
        screen.jobs.pick(choice, is_store=is_store)
        overrides = screen.overrides if screen.table is None else None
        screen.jobs.load(overrides, screen.complete, look=screen.following.look)
        screen.refresh_chrome()
