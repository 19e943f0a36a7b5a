"""ViewState: what the person has chosen to see, and the pure transitions between such states.

Nothing here knows a widget, a frame or a terminal: a transition takes a state and plain values and returns a state.
Trials are named by `_row` where a choice must outlive sorting, and by position in the view where it must not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from hpi_tui.panes.curve_settings import CurveSettings
from hpi_tui.sick_queue import Place, QueueChoice

_JUMPS_KEPT = 100


@dataclass(frozen=True)
class SortKey:
    """One column the rows are ordered by."""

    column: str
    descending: bool = False


@dataclass(frozen=True)
class ColumnChoice:
    """What was chosen about columns: hidden ones, pinned ones, moves and widths; the rest follows the roles."""

    hidden: frozenset[str] = frozenset()
    pinned: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    widths: tuple[tuple[str, int], ...] = ()

    def arranged(self, natural: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns to show, pinned first, then the chosen order, then the natural one."""
        base = _merged(self.order, natural) if self.order else natural
        if not self.hidden and not self.pinned:
            return base
        pinned = set(self.pinned)
        rest = [name for name in base if name not in self.hidden and name not in pinned]
        return (*(name for name in self.pinned if name in base and name not in self.hidden), *rest)


Third = Literal["buckets", "importance", "together"]


@dataclass(frozen=True)
class Pairing:
    """Two hyperparameters to be seen together, and the issue or end of the results that is counted."""

    first: str
    second: str
    issue: str


@dataclass(frozen=True)
class ViewState:
    """The whole of what is chosen; `cursor` is a position among `shown` rows of `total`, `pane` has the keys.

    `third` is the view that stands in place 3.
    """

    cursor: int = 0
    shown: int = 0
    total: int = 0
    column: str | None = None
    sorts: tuple[SortKey, ...] = ()
    filter: str = ""
    grouped: bool = False
    columns: ColumnChoice = field(default_factory=ColumnChoice)
    selection: frozenset[int] = frozenset()
    anchor: int | None = None
    back: tuple[int, ...] = ()
    forward: tuple[int, ...] = ()
    pane: str = "runs"
    queue: QueueChoice = field(default_factory=QueueChoice)
    curves: CurveSettings = field(default_factory=CurveSettings)
    third: Third = "buckets"
    pairing: Pairing | None = None


def move_to(state: ViewState, position: int) -> ViewState:
    """Put the cursor on a position, kept within the rows shown."""
    return replace(state, cursor=max(0, min(position, state.shown - 1)))


def move_column(state: ViewState, delta: int, names: tuple[str, ...]) -> ViewState:
    """Move the column cursor along the columns shown."""
    if not names:
        return replace(state, column=None)
    here = names.index(state.column) if state.column in names else 0
    return replace(state, column=names[max(0, min(here + delta, len(names) - 1))])


def sort_by(state: ViewState, column: str, *, descending_first: bool = False) -> ViewState:
    """Sort by a column; asked again it reverses, and a third time it stops sorting by it.

    A newly sorted column goes first; those sorted before it decide between its equals.
    """
    found = next((key for key in state.sorts if key.column == column), None)
    others = tuple(key for key in state.sorts if key.column != column)
    if found is None:
        return replace(state, sorts=(SortKey(column, descending_first), *others))
    if found.descending == descending_first:
        at = state.sorts.index(found)
        turned = SortKey(column, not found.descending)
        return replace(state, sorts=(*state.sorts[:at], turned, *state.sorts[at + 1 :]))
    return replace(state, sorts=others)


def with_filter(state: ViewState, text: str) -> ViewState:
    """Set the filter text."""
    return replace(state, filter=text.strip())


def narrowed(state: ViewState, clause: str) -> ViewState:
    """Add a clause to the filter, so that rows must satisfy both."""
    if not state.filter:
        return with_filter(state, clause)
    held = f"({state.filter})" if " or " in state.filter else state.filter
    return with_filter(state, f"{held} and {clause}")


def toggle_selected(state: ViewState, row: int) -> ViewState:
    """Select a trial, or let it go."""
    return replace(state, selection=state.selection ^ {row})


def select_rows(state: ViewState, rows: frozenset[int]) -> ViewState:
    """Select all of these trials, or let them all go where all are selected already."""
    if rows and rows <= state.selection:
        return replace(state, selection=state.selection - rows)
    return replace(state, selection=state.selection | rows)


def jumped(state: ViewState, row: int) -> ViewState:
    """Remember the trial that is being left by a jump."""
    if state.back and state.back[-1] == row:
        return replace(state, forward=())
    return replace(state, back=(*state.back, row)[-_JUMPS_KEPT:], forward=())


def jump_back(state: ViewState, here: int) -> tuple[ViewState, int | None]:
    """Step back in the jump list; returns the state and the trial to go to."""
    if not state.back:
        return state, None
    return replace(state, back=state.back[:-1], forward=(here, *state.forward)), state.back[-1]


def jump_forward(state: ViewState, here: int) -> tuple[ViewState, int | None]:
    """Step forward in the jump list; returns the state and the trial to go to."""
    if not state.forward:
        return state, None
    return replace(state, back=(*state.back, here), forward=state.forward[1:]), state.forward[0]


def carried(state: ViewState, place: Callable[[int], int | None]) -> ViewState:
    """Name the same trials after the source was read again: `place` tells where a trial of a row stands now.

    Trials that are gone are selected no more, and not jumped back to; a range that was begun is forgotten.
    """

    def kept(rows: Iterable[int]) -> tuple[int, ...]:
        return tuple(there for row in rows if (there := place(row)) is not None)

    at = state.queue.at
    if at is not None and at.row is not None:
        there = place(at.row)
        at = Place(at.group, there) if there is not None else Place(at.group)
    return replace(
        state,
        selection=frozenset(kept(state.selection)),
        anchor=None,
        back=kept(state.back),
        forward=kept(state.forward),
        queue=replace(state.queue, at=at),
        curves=replace(state.curves, overlay=kept(state.curves.overlay)),
    )


def toggle_hidden(choice: ColumnChoice, name: str) -> ColumnChoice:
    """Hide a column, or show it again."""
    return replace(choice, hidden=choice.hidden ^ {name})


def toggle_pinned(choice: ColumnChoice, name: str) -> ColumnChoice:
    """Pin a column to the left, or let it go."""
    if name in choice.pinned:
        return replace(choice, pinned=tuple(other for other in choice.pinned if other != name))
    return replace(choice, pinned=(*choice.pinned, name))


def move_in_order(choice: ColumnChoice, name: str, delta: int, natural: tuple[str, ...]) -> ColumnChoice:
    """Move a column by `delta` places among all columns."""
    order = list(_merged(choice.order, natural))
    here = order.index(name)
    order.insert(max(0, min(here + delta, len(order) - 1)), order.pop(here))
    return replace(choice, order=tuple(order))


def with_width(choice: ColumnChoice, name: str, width: int | None) -> ColumnChoice:
    """Fix the width of a column in cells, or let it follow its content again."""
    kept = tuple(pair for pair in choice.widths if pair[0] != name)
    return replace(choice, widths=kept if width is None else (*kept, (name, max(3, min(width, 200)))))


def _merged(order: tuple[str, ...], natural: tuple[str, ...]) -> tuple[str, ...]:
    known = set(natural)
    placed = [name for name in order if name in known]
    seen = set(placed)
    return (*placed, *(name for name in natural if name not in seen))
