"""Roles and objective: what every column was taken for and why; the person has the last word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType

from hpi_core.roles import RoleOverrides
from hpi_core.sweep import Sweep
from hpi_core.text import safe
from hpi_tui.screens.listing import Listing, wrapped
from hpi_tui.screens.trial import role_words
from hpi_tui.theme import Look
from hpi_tui.widgets.choice_list import Entry
from hpi_tui.widgets.lines import Run

_KEYED_ROLES = {
    "h": "hyperparameter", "m": "metric", "i": "id", "t": "status", "s": "seed", "r": "resource",
    "e": "environment", "x": "ignored",
}  # fmt: skip


class RolesScreen(Listing):
    """Every column with its role; letters change it, closing applies what was changed."""

    heading = "Roles"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"role('{word}')", show=False) for key, word in _KEYED_ROLES.items()),
        Binding("o,enter", "objective", show=False),
        Binding("minus", "direction('min')", show=False),
        Binding("plus", "direction('max')", show=False),
    ]
    keys = (
        ("o", "objective"), ("-", "lower is better"), ("+", "higher is better"), ("h", "hyperparameter"),
        ("m", "metric"), ("i", "id"), ("s", "seed"), ("x", "ignored"), ("Esc", "apply and close"),
    )  # fmt: skip

    def __init__(self, look: Look, sweep: Sweep, overrides: RoleOverrides | None) -> None:
        super().__init__(look, safe(sweep.source.name, 60))
        self._sweep = sweep
        self._before = overrides or RoleOverrides()
        self._overrides = self._before
        objective = sweep.roles.objective
        direction = (objective.direction or "direction unknown") if objective else ""
        self.about = f"objective {safe(objective.metric, 40)} {direction}" if objective else "no objective"

    def entries(self, search: str) -> Sequence[Entry]:
        """Return the columns with their roles; changed ones in the person's colour."""
        words = role_words(self._sweep)
        changed = dict(self._overrides.roles)
        if self._overrides.objective is not None:
            words = {name: "metric" if word == "objective" else word for name, word in words.items()}
            changed[self._overrides.objective] = "objective"
        found = []
        for name in (name for name in self._sweep.trials.columns if not name.startswith(("_row", "_status"))):
            role = changed.get(name, words.get(name, ""))
            if search in f"{name} {role}".casefold():
                why = safe((self._sweep.roles.why or {}).get(name, ""), 200)
                said = f"{role} {self._direction()}" if role == "objective" else role
                token = "you" if name in changed else ("good" if role == "objective" else "text")
                runs = (Run(f"{safe(name, 34):<36}"), Run(f"{said:<18}", token), Run(why, "muted"))
                found.append(Entry(runs, name))
        return found

    def first_value(self) -> str | None:
        """Start on the objective."""
        return self._sweep.roles.objective.metric if self._sweep.roles.objective else None

    def readout(self, value: str | None) -> list[list[Run]]:
        """Say why the column has its role."""
        if value is None:
            return []
        return wrapped((self._sweep.roles.why or {}).get(value, ""), self.size.width)

    def result(self) -> object:
        """Hand back what the person said, or nothing if nothing changed."""
        return None if self._overrides == self._before else replace(self._overrides, origin="user")

    def action_role(self, word: str) -> None:
        """Give the column under the cursor another role."""
        if (name := self.list.value) is not None:
            kept = tuple(pair for pair in self._overrides.roles if pair[0] != name)
            self._overrides = replace(self._overrides, roles=(*kept, (name, word)))
            self.fill(name)

    def action_objective(self) -> None:
        """Rank trials by the column under the cursor."""
        if (name := self.list.value) is not None:
            metric = next((m for m in self._sweep.roles.metrics if m.name == name), None)
            direction = metric.direction if metric else None
            self._overrides = replace(self._overrides, objective=name, direction=direction)
            self.fill(name)

    def action_direction(self, direction: str) -> None:
        """Say whether low or high values of the objective are good."""
        chosen = self._overrides.objective or self.first_value()
        if chosen is None:
            return
        word = "min" if direction == "min" else "max"
        self._overrides = replace(self._overrides, objective=chosen, direction=word)  # type: ignore[arg-type]
        self.fill(chosen)

    def _direction(self) -> str:
        objective = self._sweep.roles.objective
        said = self._overrides.direction or (
            objective.direction if objective and self._overrides.objective in (None, objective.metric) else None
        )
        return said or "?"
