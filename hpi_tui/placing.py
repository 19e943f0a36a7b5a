"""Placing: gives every part of the main screen its place, or none, whenever what fits or is wanted changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpi_tui import chrome
from hpi_tui.layout import Layout, Wishes, layout_for

if TYPE_CHECKING:
    from hpi_tui.screens.main import MainScreen


class Placing:
    """Lays the main screen out; what stands where it stood is left alone."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self._placed: tuple[Layout, int, str, str] | None = None

    def place(self) -> None:
        """Choose which parts stand on the screen, and where."""
        screen, state = self.screen, self.screen.state
        width, height = screen.app.size
        notice = chrome.notice(screen, width) if width >= 60 and height >= 15 else []
        chosen = layout_for(
            width,
            height - len(notice),
            panes=screen.panes,
            focus=state.pane,
            zoomed=screen.zoomed,
            wishes=Wishes(
                trials=state.shown,
                queue=len(screen.queue.lines),
                detail=screen.detail.needed_height(max(20, width * 7 // 12)),
            ),
        )
        if (chosen, len(notice), state.pane, state.third) == self._placed:
            return
        self._placed = (chosen, len(notice), state.pane, state.third)
        screen.layout_now = chosen
        for shape in ("tiny", "list"):
            screen.set_class(chosen.shape == shape, shape)
        screen.query_one("#notice").styles.height = len(notice)
        screen.query_one("#tabs").display = chosen.tabs and state.pane != "runs"
        screen.detail.strip = chosen.shape == "one"
        for name in (*screen.panes, "importance", "together", "detail"):
            self._put(name, chosen)
        footer = screen.query_one("#footer")
        footer.display = chosen.footer > 0
        footer.styles.height = max(1, chosen.footer)
        self._follow(chosen)

    def _put(self, name: str, chosen: Layout) -> None:
        """Give one part its place; of those that share place 3 the chosen view has it."""
        widget = self.screen.query_one(f"#{name}")
        third = widget in self.screen.thirds
        place = chosen.place("buckets" if third else name)
        if third and name != self.screen.state.third:
            place = None
        widget.display = place is not None
        if place is not None:
            widget.styles.offset = (place.x, place.y)
            widget.styles.width, widget.styles.height = place.width, place.height

    def _follow(self, chosen: Layout) -> None:
        """Have the parts take up their new size; the keys go to the screen where nothing has them."""
        screen = self.screen
        screen.detail.redraw()
        screen.plotter.follow()
        screen.viewer.follow()
        screen.commands.chat.follow()
        if screen.focused is None and chosen.shape != "tiny":
            screen.take_keys()
