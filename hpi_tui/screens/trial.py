"""The trial screen: every column of one trial with its role, the cell under the cursor in full below."""

from __future__ import annotations

from collections.abc import Sequence

from hpi_core.text import safe
from hpi_tui.screens.listing import Listing, wrapped
from hpi_tui.tables import SweepTable
from hpi_tui.theme import Look
from hpi_tui.widgets.choice_list import Entry
from hpi_tui.widgets.lines import Run

_NAME_WIDE, _ROLE_WIDE, _VALUE_WIDE = 30, 15, 300


class TrialScreen(Listing):
    """All columns of one trial."""

    about = "every column in full"

    def __init__(self, look: Look, table: SweepTable, row: int, column: str | None) -> None:
        sweep = table.sweep
        super().__init__(look, safe(sweep.source.name, 60))
        self._values = sweep.trials.row(row, named=True)
        self._column = column
        self._names = [name for name in table.names if name in self._values]
        self._roles = role_words(sweep)
        trial = self._values[sweep.roles.id] if sweep.roles.id else row
        self.heading = f"Trial {safe(trial, 60)}"

    def entries(self, search: str) -> Sequence[Entry]:
        """Return the columns whose name, role or value holds the text."""
        found = []
        for name in self._names:
            value = self._values[name]
            text = "–" if value is None else safe(value, _VALUE_WIDE)
            role = self._roles.get(name, "")
            if search in f"{name} {role} {text}".casefold():
                shown = safe(name, _NAME_WIDE)
                runs = (Run(f"{shown:<{_NAME_WIDE}}  ", "muted"), Run(f"{role:<{_ROLE_WIDE}}", "muted"), Run(text))
                found.append(Entry(runs, name))
        return found

    def first_value(self) -> str | None:
        """Start on the column the cursor stood in."""
        return self._column

    def readout(self, value: str | None) -> list[list[Run]]:
        """Show the value in full, as far as three lines go."""
        if value is None:
            return []
        held = self._values[value]
        return wrapped("no value recorded" if held is None else str(held)[:4000], self.size.width)

    def chosen(self, value: str) -> None:
        """Close again."""
        self.dismiss(None)


def role_words(sweep: object) -> dict[str, str]:
    """Return column -> its role in one word."""
    from hpi_core.sweep import Sweep

    assert isinstance(sweep, Sweep)
    roles = sweep.roles
    words = {p.name: "hyperparameter" for p in roles.hyperparameters}
    words |= {m.name: "metric" for m in roles.metrics}
    for word in ("environment", "time", "text", "ignored"):
        words |= dict.fromkeys(getattr(roles, word), word)
    words |= dict.fromkeys(roles.resources, "resource") | dict.fromkeys(roles.constants, "constant")
    words |= {name: word for word in ("id", "status", "seed", "group") if (name := getattr(roles, word)) is not None}
    if roles.objective is not None:
        words[roles.objective.metric] = "objective"
    return words
