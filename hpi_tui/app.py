"""HpiApp: the composition root.

It joins the look, the loader and the workers to the main screen, and sees to it that the terminal is restored whatever
happens.
"""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import Screen

from hpi_core.exit_codes import ExitCode
from hpi_tui.follow_turns import Source
from hpi_tui.jobs import Jobs, Load
from hpi_tui.painted import Painted
from hpi_tui.preferences import FollowWish
from hpi_tui.screens.main import MainScreen
from hpi_tui.tables import PreviewTable
from hpi_tui.theme import Look

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hpi_core.roles import RoleOverrides

_HEAD_START = 0.03


class HpiApp(App[None]):
    """The terminal app over one source.

    Args:
        load: called in a worker with overrides, complete, progress and cancelled; returns the Sweep.
        name: short name of the source for the header.
        look: what the terminal can show.
        preview: the head of the source, shown until the sweep is there.
        overrides: the person's word on roles and objective from the command line.
        complete: accept a cut-off last record.
        notes: what of the configuration could not be taken; said in the status line.
        source: what is followed when asked to; None where nothing can be.
        follow: how, and whether from the start.
    """

    CSS_PATH = "theme.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(
        self,
        load: Load,
        name: str,
        look: Look,
        *,
        preview: PreviewTable | None = None,
        overrides: RoleOverrides | None = None,
        complete: bool = False,
        notes: Sequence[str] = (),
        source: Source | None = None,
        follow: FollowWish | None = None,
    ) -> None:
        self.look = look
        super().__init__(ansi_color=True)
        self.jobs = Jobs(self.post_to_main, load)
        self.main = MainScreen(look, name, preview, overrides)
        self.main.complete = complete
        if source is not None:
            self.main.following.open(source, follow or FollowWish())
        self.main.status = "  ".join(notes)
        self.failure: BaseException | None = None
        self._painted = Painted()
        self._painted_size: Size | None = None

    def get_default_screen(self) -> Screen[None]:
        """The main screen is the first and only base screen."""
        return self.main

    def get_css_variables(self) -> dict[str, str]:
        """Add the tokens of the look to the stylesheet's variables."""
        return {**super().get_css_variables(), **self.look.variables()}

    def post_to_main(self, message: object) -> None:
        """Hand a worker's answer to the main screen; called from any thread, dropped when the app has ended."""
        from textual.message import Message

        if isinstance(message, Message) and self.is_running:
            self.main.post_message(message)

    def on_mount(self) -> None:
        """Catch the signals of a lost terminal; start reading when the first rows are on the screen."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGHUP, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self._leave, number)
            except (ValueError, RuntimeError, NotImplementedError):  # not in the main thread
                break
        self.call_after_refresh(self.set_timer, _HEAD_START, self._start_reading)

    def on_resize(self, event: events.Resize) -> None:
        """Paint a terminal of another size, or one that was left and come back to, from the ground."""
        self._painted.forget()
        if event.size == self._painted_size:  # else all of it is painted anyway
            self.screen.refresh()
        self._painted_size = event.size

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if isinstance(renderable, CompositorUpdate):
            renderable = self._painted.difference(renderable)
        super()._display(screen, renderable)

    def _start_reading(self) -> None:
        gc.freeze()
        gc.enable()
        self.jobs.load(self.main.overrides, self.main.complete, look=self.main.following.look)

    def _leave(self, number: int) -> None:
        from hpi_tui.terminal import leave_within

        leave_within(1.2, 128 + number)
        self.exit(return_code=128 + number)

    def crash(self, error: BaseException) -> None:
        """Leave after an unexpected failure; what happened goes to a log, without values of variables."""
        if self.failure is None:
            self.failure = error
        self._return_code = int(ExitCode.CRASH)
        self._close_messages_no_wait()

    def _handle_exception(self, error: Exception) -> None:
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self.crash(error)

    def panic(self, *renderables: RenderableType) -> None:
        """Leave without showing what was to be shown: it may hold values of variables."""
        self.crash(RuntimeError("the terminal could not be read"))
