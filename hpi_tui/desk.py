"""The desk: the decisions about the trials on the screen, by row; every act is saved before it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpi_core.triage import Act, Decision, Decisions, TrialKey, TrialKeys, Verdict


class Desk:
    """Decisions by `_row`. Trials that cannot be told apart (no ids, same configuration) share theirs.

    `decided` maps the rows about which something stands; it is changed in place, so who holds it stays up to date.
    """

    def __init__(self, decisions: Decisions, keys: TrialKeys) -> None:
        self.decisions = decisions
        self.keys = keys
        self.decided: dict[int, Decision] = {}
        self._show(list(decisions.standing))

    def merge(self) -> None:
        """Read anew what all writers have decided until now."""
        self.decisions.reload()
        self.decided.clear()
        self._show(list(self.decisions.standing))

    @property
    def oddities(self) -> str:
        """Tell of damaged lines and of decisions about no trial here; empty where there are none."""
        said = []
        if self.decisions.damaged:
            lines = "line" if self.decisions.damaged == 1 else "lines"
            said.append(f"{self.decisions.damaged:,} damaged {lines} of the decisions set aside")
        if strangers := sum(not self.keys.rows(key) for key in self.decisions.standing):
            said.append(f"{strangers:,} decision{'s' if strangers > 1 else ''} about no trial of this sweep")
        return "; ".join(said)

    def decide(self, rows: Iterable[int], verdict: Verdict | None) -> None:
        """Set or clear the verdict on these trials.

        Raises:
            WriteError: it cannot be saved; nothing has changed.
        """
        self._took(self.decisions.decide(self._named(rows), verdict))

    def note(self, rows: Iterable[int], text: str) -> None:
        """Set or clear the note on these trials.

        Raises:
            WriteError: it cannot be saved; nothing has changed.
        """
        self._took(self.decisions.note(self._named(rows), text))

    def undo(self) -> list[int] | None:
        """Take back the last act; returns the rows it spoke of, None where there was none.

        Raises:
            WriteError: it cannot be saved; nothing has changed.
        """
        act = self.decisions.undo()
        return None if act is None else self._took(act)

    def redo(self) -> list[int] | None:
        """Do again what was taken back last; returns the rows it spoke of, None where there was nothing.

        Raises:
            WriteError: it cannot be saved; nothing has changed.
        """
        act = self.decisions.redo()
        return None if act is None else self._took(act)

    def _named(self, rows: Iterable[int]) -> list[TrialKey]:
        return list(dict.fromkeys(self.keys.of(row) for row in rows))

    def _took(self, act: Act) -> list[int]:
        keys = [key for key, _ in act.after]
        self._show(keys)
        return [row for key in keys for row in self.keys.rows(key)]

    def _show(self, keys: Iterable[TrialKey]) -> None:
        for key in keys:
            decision = self.decisions.of(key)
            for row in self.keys.rows(key):
                if decision:
                    self.decided[row] = decision
                else:
                    self.decided.pop(row, None)
