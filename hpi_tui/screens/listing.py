"""Listing: what all covering screens share: a header, a title row, a searchable list, a readout and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.actions import parse
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Input

from hpi_core.text import safe
from hpi_tui.theme import Look
from hpi_tui.widgets.choice_list import ChoiceList, Entry
from hpi_tui.widgets.key_turn import KeyLine
from hpi_tui.widgets.lines import Fixed, Run
from hpi_tui.widgets.title import Title

READOUT_LINES = 3
_WHILE_TYPING = frozenset({"down", "up", "pagedown", "pageup", "enter", "escape", "ctrl+c"})


class Listing(Screen[object]):
    """Subclasses give `entries(search)`, may answer `chosen(value)`, and name their keys in `keys`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "step(1)", show=False),
        Binding("k,up", "step(-1)", show=False),
        Binding("ctrl+d,pagedown", "step(10)", show=False),
        Binding("ctrl+u,pageup", "step(-10)", show=False),
        Binding("g,home", "step(-1000000)", show=False),
        Binding("G,end", "step(1000000)", show=False),
        Binding("enter", "choose", show=False),
        Binding("slash", "search", show=False),
        Binding("escape,q", "leave", show=False),
        Binding("ctrl+c", "quit", show=False),
    ]
    AUTO_FOCUS = "#list"
    heading = ""
    about = ""
    keys: Sequence[tuple[str, str]] = (("/", "search"), ("j k", "move"), ("Esc", "close"))
    flowing = False
    leaving = "Esc closes"

    def __init__(self, look: Look, source_name: str, *, searching: bool = False) -> None:
        super().__init__()
        self.look = look
        self.source_name = source_name
        self.searching = searching
        self.search = ""
        self.list = ChoiceList(look, flowing=self.flowing, id="list")

    def entries(self, search: str) -> Sequence[Entry]:
        """Return the entries that hold the search text."""
        raise NotImplementedError

    def readout(self, value: str | None) -> list[list[Run]]:
        """Return what is said below the list of the entry under the cursor."""
        return []

    def chosen(self, value: str) -> None:
        """Answer Enter on an entry."""

    def compose(self) -> ComposeResult:
        """Put the parts on the screen."""
        yield Fixed(self.look, id="cover-header")
        yield Title(self.look, id="cover-title")
        with Container(id="search-bar"):
            label = Fixed(self.look, id="search-label")
            label.show(([Run(" / ", "you")], []))
            yield label
            yield KeyLine(self.carry_out_key, placeholder="search", id="search")
        yield self.list
        yield Fixed(self.look, id="readout")
        yield Fixed(self.look, id="cover-footer")

    def on_mount(self) -> None:
        """Fill in the parts."""
        self.list.run_key = self.carry_out_key
        self.query_one("#readout").styles.height = READOUT_LINES if type(self).readout is not Listing.readout else 0
        self.query_one("#cover-footer").styles.height = 2
        self.query_one("#search-bar").display = self.searching
        left = [Run(" "), Run(self.source_name, "strong", True), Run(" › ", "faint"), Run(self.heading.lower())]
        self.query_one("#cover-header", Fixed).show((left, [Run(f"{self.leaving} ", "muted")]))
        self.query_one("#cover-title", Title).show(
            [Run(f" {self.heading}", "text", True)], [Run(f"  {self.about}", "muted")]
        )
        self.fill(self.first_value())
        self.set_focus(self.query_one("#search") if self.searching else self.list)

    def on_key(self, event: events.Key) -> None:
        """Pass on a key that was typed before this screen had its parts."""
        if self.focused is not None:  # which stops what it hears
            event.stop()
            self.focused.post_message(events.Key(event.key, event.character))

    def carry_out_key(self, key: str) -> bool:
        """Carry out what a key is bound to, unless it edits the search; tells whether it did."""
        typing = isinstance(self.focused, Input)
        if typing and key in _WHILE_TYPING:
            self._take_search()
        bound = self._bindings.key_to_bindings.get(key)
        if not bound or (typing and key not in _WHILE_TYPING):
            return False
        owner, name, arguments = parse(bound[-1].action)  # the last one is the subclass's
        if owner:  # Textual's own, such as Tab, which would give the focus away
            return False
        getattr(self, f"action_{name}")(*arguments)
        return True

    def first_value(self) -> str | None:
        """Return the value of the entry the cursor starts on."""
        return None

    def fill(self, value: str | None = None) -> None:
        """Fill the list again, the cursor on the entry of this value."""
        self.list.fill(self.entries(self.search.casefold()), value)

    @on(ChoiceList.Moved)
    def _moved(self) -> None:
        keys = [run for key, does in self.keys for run in (Run(key, "strong", True), Run(f" {does}  ", "muted"))]
        above, below = self.list.out_of_sight
        hidden = [f"↑ {above:,} more"] * bool(above) + [f"↓ {below:,} more"] * bool(below)
        self.query_one("#cover-footer", Fixed).show(
            ([], []), ([Run(" "), *keys], [Run(f"{'  '.join(hidden)} ", "text")])
        )
        rows = self.readout(self.list.value)
        self.query_one("#readout", Fixed).show(*((runs, []) for runs in rows[:READOUT_LINES]))

    @on(ChoiceList.Chosen)
    def _pointed(self) -> None:
        self._moved()
        self.action_choose()

    @on(Input.Changed)
    def _take_search(self) -> None:
        search = self.query_one("#search", Input).value.strip()
        if search != self.search:
            self.search = search
            self.fill()

    def action_step(self, delta: int) -> None:
        """Move the cursor."""
        self.list.step(delta)

    def action_search(self) -> None:
        """Open the search line."""
        self.query_one("#search-bar").display = True
        self.set_focus(self.query_one("#search"))

    def action_choose(self) -> None:
        """Choose the entry under the cursor."""
        if self.list.value is not None:
            self.chosen(self.list.value)

    def action_leave(self) -> None:
        """Close; a search that holds text is cleared first."""
        field = self.query_one("#search", Input)
        if field.value and not self.searching:
            field.value = ""
            self.set_focus(self.list)
        else:
            self.dismiss(self.result())

    def action_quit(self) -> None:
        """Leave the app."""
        self.app.exit()

    def result(self) -> object:
        """Return what closing hands back."""
        return None


def wrapped(text: str, width: int, lead: str = " ") -> list[list[Run]]:
    """Break a text into lines for the readout."""
    size = max(10, width - len(lead) - 1)
    shown = safe(text)
    return [[Run(lead + shown[at : at + size])] for at in range(0, max(1, len(shown)), size)]
