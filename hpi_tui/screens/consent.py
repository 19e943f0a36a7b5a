"""The consent screen: exactly what would be sent to the model's server, to be read before it is.

The answer stands at No until the person moves it with Tab or an arrow; letters and Enter typed ahead cannot say yes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.strip import Strip

from hpi_core.chat.printable import printable
from hpi_core.text import safe
from hpi_tui.panes.chat_text import Piece, wrapped
from hpi_tui.theme import Look
from hpi_tui.widgets.lines import Fixed, Lines, Run, paint, title

if TYPE_CHECKING:
    from hpi_core.chat.server import Server

_KEYS = (("j k PgDn PgUp", "read"), ("Tab", "no or yes"), ("Enter", "answers"), ("Esc", "sends nothing"))


class ConsentScreen(Screen[bool]):
    """Shows what would be sent; dismissed with True for yes.

    Args:
        look: what the terminal can show.
        server: who would be told.
        explanation: what the person should read first.
        parts: headings and texts of everything that would be sent.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown,ctrl+d,space", "page(1)", show=False),
        Binding("pageup,ctrl+u", "page(-1)", show=False),
        Binding("g,home", "scroll(-10000000)", show=False),
        Binding("G,end", "scroll(10000000)", show=False),
        Binding("tab,shift+tab,left,right", "turn", show=False),
        Binding("enter", "answer", show=False),
        Binding("escape", "refuse", show=False),
        Binding("ctrl+c", "quit", show=False),
    ]
    DEFAULT_CSS = "ConsentScreen Disclosed { height: 1fr; } ConsentScreen Fixed { height: 2; }"
    AUTO_FOCUS = ""

    def __init__(self, look: Look, server: Server, explanation: str, parts: list[tuple[str, str]]) -> None:
        super().__init__()
        self._look = look
        self._origin = server.origin
        self._yes = False
        self._text = Disclosed(look, f"{explanation}", parts)
        self._choice = Fixed(look, id="consent-choice")
        self._footer = Fixed(look, id="consent-footer")

    def compose(self) -> ComposeResult:
        """Put what is to be read over the answer."""
        yield self._text
        yield self._choice
        yield self._footer

    def on_mount(self) -> None:
        """Begin at No."""
        keys = [run for key, does in _KEYS for run in (Run(key, "strong", True), Run(f" {does}  ", "muted"))]
        self._footer.show(([], []), ([Run(" "), *keys], []))
        self._show_choice()

    def action_scroll(self, lines: int) -> None:
        """Read on, or back."""
        self._text.scroll_lines(lines)

    def action_page(self, pages: int) -> None:
        """Read on by a page."""
        self._text.scroll_lines(pages * max(1, self._text.size.height - 3))

    def action_turn(self) -> None:
        """Go from No to Yes, or back."""
        self._yes = not self._yes
        self._show_choice()

    def action_answer(self) -> None:
        """Give the answer that stands."""
        self.dismiss(self._yes)

    def action_refuse(self) -> None:
        """Say no."""
        self.dismiss(False)

    def action_quit(self) -> None:
        """Leave the app; nothing was sent."""
        self.app.exit()

    def _show_choice(self) -> None:
        yes = f"Yes, send it to {self._origin}"
        no = "No, send nothing"
        rows = [(no, not self._yes), (yes, self._yes)]
        marked: list[tuple[list[Run], list[Run]]] = [
            ([Run(" ▌ " if here else "   ", "strong"), Run(text, "strong" if here else "muted", here)], [])
            for text, here in rows
        ]
        self._choice.show(*marked)


class Disclosed(Lines):
    """The text of what would be sent, scrolled by lines."""

    def __init__(self, look: Look, explanation: str, parts: list[tuple[str, str]]) -> None:
        super().__init__(look, id="disclosed")
        self._explanation, self._parts = explanation, parts
        self._top = 0
        self._laid_out: tuple[int, list[Strip]] | None = None

    def scroll_lines(self, delta: int) -> None:
        """Move by lines, not beyond the ends."""
        rows, lines = self._rows(self.size.width), max(1, self.size.height - 1)
        top = max(0, min(self._top + delta, len(rows) - lines))
        if top != self._top:
            self._top = top
            self.redraw()

    def line(self, y: int, width: int) -> Strip:
        """Draw the title or a line of the text."""
        rows = self._rows(width)
        if y == 0:
            last = min(len(rows), self._top + max(1, self.size.height - 1))
            right = [Run(f"{last:,}/{len(rows):,} ", "muted")]
            return title(self.look, width, [Run(" Before anything is sent ", "text", True)], [], right, True)
        at = self._top + y - 1
        return rows[at] if at < len(rows) else paint(self.look, [], width)

    def _rows(self, width: int) -> list[Strip]:
        if self._laid_out is None or self._laid_out[0] != width:
            self._laid_out = (width, self._lay_out(width))
        return self._laid_out[1]

    def _lay_out(self, width: int) -> list[Strip]:
        look, room = self.look, max(8, width - 2)
        strips = [paint(look, [], width)]
        for line in printable(self._explanation).split("\n"):
            strips += self._text(line, room, width, "text")
        for heading, text in self._parts:
            strips += [
                paint(look, [], width),
                title(look, width, [Run(f" {safe(heading)}", "text", True)], [], [], False),
            ]
            for line in printable(text).split("\n"):
                strips += self._text(line, room, width, "muted")
        return strips

    def _text(self, line: str, room: int, width: int, token: str) -> list[Strip]:
        indent = min(len(line) - len(line.lstrip()), room // 3)
        rows = wrapped([Piece(self.look.sign(line), token)], room, indent)
        return [paint(self.look, [Run(" "), *(Run(piece.text, piece.token) for piece in row)], width) for row in rows]
