"""Help and commands in one: every action with its keys; Enter carries out the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from hpi_tui.actions import ACTIONS, SCOPES, keys_shown
from hpi_tui.screens.listing import Listing
from hpi_tui.theme import Look
from hpi_tui.widgets.choice_list import Entry
from hpi_tui.widgets.lines import Run

_KEYS_WIDE = 9
_SIGNS = (
    ("✗", "err", "the result is unusable"),
    ("!", "warn", "usable with care"),
    ("★", "good", "best healthy trial"),
    ("●", "you", "selected by you"),
    ("▌", "strong", "cursor"),
    ("–", "text", "no value recorded"),
)
_IN_THE_CHAT = (
    ("Enter Esc", "send; cancel, leave"),
    ("Tab", "citations, Enter jumps"),
    ("Up Down", "earlier, suggested"),
    ("^j PgDn", "new line; read on"),
)
_FILTERS = (
    "lr > 0.01 and status == failed",
    "val_loss is nan",
    "optimizer in (adam, lion)",
    "notes ~ oom",
)


class HelpScreen(Listing):
    """The key table by scope, then signs and the filter language; with a search text, what it finds."""

    heading = "? Help"
    about = "Enter runs the command under the cursor"
    flowing = True
    keys = (("/", "search"), ("j k", "move"), ("Enter", "run"), ("Esc", "close"))

    def __init__(self, look: Look, source_name: str, *, searching: bool = False) -> None:
        if searching:
            self.heading, self.flowing = ": Commands", False
        super().__init__(look, source_name, searching=searching)

    def entries(self, search: str) -> Sequence[Entry]:
        """Return the actions whose help, name or keys hold the text, under their scopes."""
        found: list[Entry] = []
        for scope in SCOPES:
            rows = [
                Entry((Run(f"{keys_shown(action):<{_KEYS_WIDE}} ", "strong", True), Run(action.help)), action.name)
                for action in ACTIONS
                if action.scope == scope
                and (action.keys or search or self.searching)  # what has no key is found by its words, and in `V`
                and search in f"{action.help} {action.name.replace('_', ' ')} {keys_shown(action)}".casefold()
            ]
            if rows:
                found += [Entry((Run(scope, "muted"),)), *rows]
                if not self.searching:
                    found.append(Entry(()))
        if not search and not self.searching:
            found.append(Entry((Run("signs", "muted"),)))
            found += [Entry((Run(f"{sign:<{_KEYS_WIDE}} ", token, True), Run(said))) for sign, token, said in _SIGNS]
            found += [Entry(()), Entry((Run("in the chat", "muted"),))]
            found += [Entry((Run(f"{key:<{_KEYS_WIDE}} ", "strong", True), Run(said))) for key, said in _IN_THE_CHAT]
            found += [Entry(()), Entry((Run("filters", "muted"),))]
            found += [Entry((Run(text),)) for text in _FILTERS]
        return found

    def chosen(self, value: str) -> None:
        """Close, and have the action carried out."""
        self.dismiss(value)
