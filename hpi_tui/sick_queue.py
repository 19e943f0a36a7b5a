"""The triage queue as it is shown: which groups are unfolded, whether decided trials are, and where its cursor stands.

Pure: a view is made of groups, decisions and choices; nothing here knows a widget.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hpi_core.charts.sick import Group
    from hpi_core.triage import Decision

    Ranks = NDArray[np.integer]
    Rows = NDArray[np.integer]


@dataclass(frozen=True)
class Place:
    """A line of the queue: a group, or a trial within it."""

    group: str
    row: int | None = None


@dataclass(frozen=True)
class QueueChoice:
    """What was chosen about the queue; `at` is the line its cursor was last put on."""

    unfolded: frozenset[str] = frozenset()
    decided_shown: bool = False
    at: Place | None = None


@dataclass(frozen=True, eq=False)
class QueueView:
    """The lines of the queue, worst first.

    Attributes:
        lines: the places shown, top to bottom.
        groups: key -> group, of all groups.
        waiting: key -> rows of the group that are shown: undecided ones, or all.
        done: how many sick trials are decided.
        total: how many sick trials there are.
    """

    lines: tuple[Place, ...]
    groups: Mapping[str, Group]
    waiting: Mapping[str, tuple[int, ...]]
    done: int
    total: int

    @cached_property
    def _index(self) -> dict[Place, int]:
        return {place: line for line, place in enumerate(self.lines)}

    @cached_property
    def _owner(self) -> dict[int, str]:
        return {row: key for key, rows in self.waiting.items() for row in rows}

    def line_of(self, place: Place | None) -> int | None:
        """Return the line of a place: of the trial, else of its group; None where neither is shown."""
        if place is None:
            return None
        found = self._index.get(place)
        return found if found is not None else self._index.get(Place(place.group))

    def place_of(self, row: int) -> Place | None:
        """Return where a trial stands: its own line, or its group's while that is folded."""
        key = self._owner.get(row)
        if key is None:
            return None
        own = Place(key, row)
        return own if own in self._index else Place(key)

    def trial_at(self, place: Place) -> int | None:
        """Return the trial of a line; of a group its first one."""
        if place.row is not None:
            return place.row
        rows = self.waiting.get(place.group, ())
        return rows[0] if rows else None


def is_decided(decision: Decision | None) -> bool:
    """Whether a trial has left the queue: a note alone does not decide it."""
    return decision is not None and decision.verdict is not None


def next_sick(
    rank: Ranks, rows: Rows, decided: Mapping[int, Decision], position: int, direction: int, *, undecided: bool
) -> int | None:
    """Return the position in `rows` of the next sick trial after (or before) a position, None where there is none.

    Args:
        rank: severity of every trial by `_row`; below 2 is sick.
        rows: `_row` of the trials in the order shown.
        decided: what was decided, by `_row`.
        position: where to start; it is not looked at itself.
        direction: 1 forwards, -1 backwards.
        undecided: pass over trials that were decided.
    """
    part = rows[position + 1 :] if direction > 0 else rows[: max(0, position)][::-1]
    sick = (rank[part] < 2).nonzero()[0]
    found = (at for at in sick if not undecided or not is_decided(decided.get(int(part[at]))))
    at = next(found, None)
    return None if at is None else position + direction * (1 + int(at))


def view_of(groups: tuple[Group, ...], decided: Mapping[int, Decision], choice: QueueChoice) -> QueueView:
    """Return the queue as it is to be shown."""
    lines: list[Place] = []
    waiting: dict[str, tuple[int, ...]] = {}
    done = total = 0
    for group in groups:
        open_rows = tuple(row for row in group.rows if not is_decided(decided.get(row)))
        total, done = total + len(group.rows), done + len(group.rows) - len(open_rows)
        rows = group.rows if choice.decided_shown else open_rows
        if not rows:
            continue
        waiting[group.key] = rows
        lines.append(Place(group.key))
        if group.key in choice.unfolded:
            lines += [Place(group.key, row) for row in rows]
    return QueueView(tuple(lines), {group.key: group for group in groups}, waiting, done, total)


def fold(choice: QueueChoice, key: str) -> QueueChoice:
    """Unfold a group, or fold it again."""
    return replace(choice, unfolded=choice.unfolded ^ {key}, at=Place(key))
