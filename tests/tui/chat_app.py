"""The Chat pane alone on a screen, and ways to wait for what it shows."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual import on
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.strip import Strip

from hpi_core.inspection import Inspection
from hpi_tui.chat.conversation import Conversation
from hpi_tui.chat.jumps import JumpToIssue, JumpToPair, JumpToTrial
from hpi_tui.panes.chat import Chat
from hpi_tui.theme import Look
from tests.core.chat.sweeps import demo_evidence, evidence_of


class ChatApp(App[None]):
    """Shows the pane about one sweep, and keeps what it asks of the app."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, source: Path | None = None, look: Look | None = None) -> None:
        self.look = look or Look()
        super().__init__(ansi_color=True)
        self.chat = Chat(self.look)
        self.inspection: Inspection = (evidence_of(source) if source else demo_evidence()).inspection
        self.jumps: list[object] = []
        self.left = 0
        self.handed: list[str] = []

    def get_css_variables(self) -> dict[str, str]:
        return {**super().get_css_variables(), **self.look.variables()}

    def compose(self) -> ComposeResult:
        yield self.chat

    def on_mount(self) -> None:
        self.chat.run_key = self.take
        self.chat.activate(True)
        self.chat.show(self.conversation())
        self.chat.focus()

    def on_unmount(self) -> None:
        if self.chat.conversation is not None:
            self.chat.conversation.close()

    def conversation(self) -> Conversation:
        def start(work: Callable[[], None]) -> None:
            threading.Thread(target=work, daemon=True).start()

        return Conversation(self.inspection, self.chat.post_message, start)

    def take(self, key: str) -> bool:
        self.handed.append(key)
        return key in ("question_mark", "plus")

    @on(JumpToTrial)
    @on(JumpToPair)
    @on(JumpToIssue)
    def _jumped(self, jump: object) -> None:
        self.jumps.append(jump)

    @on(Chat.Left)
    def _left(self) -> None:
        self.left += 1


def shown(app: App[Any]) -> str:
    """What stands on the screen, line by line."""
    size = app.size
    strips = app.screen._compositor.render_strips()
    return "\n".join(line_of(strip).ljust(size.width) for strip in strips)


def line_of(strip: Strip) -> str:
    return "".join(segment.text for segment in strip if not segment.control)


async def until(pilot: Pilot[Any], met: str | Callable[[str], bool], timeout: float = 20.0) -> str:
    """Wait until a text stands on the screen, or something of it is true; returns the screen."""
    check: Callable[[str], bool] = (lambda text: met in text) if isinstance(met, str) else met
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    while loop.time() < end:
        await pilot.pause(0.02)
        text = shown(pilot.app)
        if check(text):
            return text
    raise AssertionError(f"did not come to pass within {timeout} s: {met}\n{shown(pilot.app)}")


async def ask(pilot: Pilot[None], text: str) -> None:
    """Put a text into the prompt and send it."""
    assert isinstance(pilot.app, ChatApp)
    pilot.app.chat.begin(text)
    await pilot.press("enter")
