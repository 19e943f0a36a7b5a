"""Which one: the stores of a folder, or the experiments of a store, when several are there and none was named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hpi_core.errors import Choice, SeveralError
from hpi_core.text import safe
from hpi_tui.screens.listing import Listing, wrapped
from hpi_tui.theme import Look
from hpi_tui.widgets.choice_list import Entry
from hpi_tui.widgets.lines import Run

_NAME, _PATH = 40, 62


class PickScreen(Listing):
    """Hands back the choice that Enter takes, or None when it is left; `leads` says where leaving leads."""

    def __init__(self, look: Look, source_name: str, error: SeveralError, leads: str) -> None:
        super().__init__(look, source_name)
        self.keys = (("Enter", "open"), ("/", "filter"), ("j k", "move"), ("Esc", leads))
        self.leaving = f"Esc {leads.replace('quit', 'quits')}"
        self.heading = f"Which {error.word}?"
        self.about = f"{len(error.choices):,} are here: Enter opens one"
        # The most trials first: what is read where nobody can be asked. Stores nobody counted keep their order.
        ordered = sorted(error.choices, key=lambda choice: -(choice.trials or 0))
        self._choices = {choice.value: choice for choice in ordered}
        self._picked: Choice | None = None

    def entries(self, search: str) -> Sequence[Entry]:
        """Return the choices whose name holds the text: name, trials, last activity, kind or id."""
        counted = any(choice.trials is not None for choice in self._choices.values())
        longest = _NAME if counted else _PATH
        width = max(12, min(longest, max(len(choice.name) for choice in self._choices.values()) + 2))
        found = []
        for value, choice in self._choices.items():
            if search in f"{choice.name} {choice.kind}".casefold():
                name = safe(choice.name, 400)
                if not counted and len(name) > width - 2:  # of a path the end tells it from the others
                    name = f"…{name[-(width - 3) :]}"
                runs = [Run(f"{safe(name, width - 2):<{width}}")]
                if counted:
                    count = (
                        "" if choice.trials is None else f"{choice.trials:,} trial{'' if choice.trials == 1 else 's'}"
                    )
                    runs += [Run(f"{count:>14}  "), Run(f"{_moment(choice.last):<18}", "muted")]
                found.append(Entry((*runs, Run(safe(choice.kind, 24), "muted")), value))
        return found

    def readout(self, value: str | None) -> list[list[Run]]:
        """Show a name that was too long for the list."""
        name = "" if value is None else self._choices[value].name
        return wrapped(name, self.size.width) if len(name) > _NAME - 2 else []

    def chosen(self, value: str) -> None:
        """Enter opens it."""
        self._picked = self._choices[value]
        self.dismiss(self._picked)


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"
