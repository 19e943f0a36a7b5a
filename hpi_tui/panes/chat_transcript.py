"""Transcript: the turns as rows of one width, and which of them are in sight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hpi_tui.chat.turns import Turn
from hpi_tui.panes.chat_page import Cited
from hpi_tui.panes.chat_rows import turn_rows
from hpi_tui.panes.chat_text import Row
from hpi_tui.theme import Look

if TYPE_CHECKING:
    from hpi_core.chat.evidence import Evidence


class Transcript:
    """Keeps the turns, the rows they were last laid out in, and how far they are scrolled."""

    def __init__(self, look: Look) -> None:
        self.turns: list[Turn] = []
        self._look = look
        self._top: int | None = None  # None follows the answer
        self._kept: dict[int, tuple[tuple[int, int], list[Row]]] = {}

    @property
    def running(self) -> Turn | None:
        """The turn that is being answered."""
        return self.turns[-1] if self.turns and self.turns[-1].running else None

    @property
    def citations(self) -> list[Cited]:
        """Every citation that can be gone to, each once per turn, in order."""
        return [Cited(turn.number, label) for turn in self.turns for label in turn.labels]

    def evidence_of(self, cited: Cited) -> Evidence | None:
        """Return what a citation refers to."""
        return self.turns[cited.turn].evidence

    def add(self, question: str, *, offline: bool) -> Turn:
        """Begin a turn, and follow its answer."""
        turn = Turn(len(self.turns), question, offline)
        self.turns.append(turn)
        self._top = None
        return turn

    def rows(self, width: int) -> list[tuple[int, Row]]:
        """Return every row with the number of its turn."""
        rows: list[tuple[int, Row]] = []
        for turn in self.turns:
            wanted = (turn.version, width)
            kept = self._kept.get(turn.number)
            if kept is None or kept[0] != wanted:
                kept = self._kept[turn.number] = (wanted, turn_rows(self._look, turn, width))
            rows += [(turn.number, row) for row in kept[1]]
        return rows

    def top(self, width: int, lines: int) -> int:
        """Return the first row in sight of `lines`: the end is followed, but never beyond the last question."""
        rows = self.rows(width)
        if self._top is not None:
            return max(0, min(self._top, len(rows) - 1))
        asked = next((at for at, (turn, _) in enumerate(rows) if turn == len(self.turns) - 1), 0)
        return max(0, min(asked, len(rows) - lines))

    def scroll(self, delta: int, width: int, lines: int) -> None:
        """Move what is in sight by rows, not beyond the ends."""
        beyond = max(0, len(self.rows(width)) - lines)
        self._top = max(0, min(self.top(width, lines) + delta, beyond))

    def reveal(self, cited: Cited, width: int, lines: int) -> None:
        """Bring a citation into sight, if it is not."""
        top = self.top(width, lines)
        places = [
            at
            for at, (turn, row) in enumerate(self.rows(width))
            if turn == cited.turn and any(piece.label == cited.label for piece in row)
        ]
        if places and not any(top <= place < top + lines for place in places):
            self._top = max(0, places[0] - lines // 2)
