"""The one cursor: which trial all panes stand at, and where it is found in the run table and in the queue."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpi_core.text import safe
from hpi_tui.sick_queue import next_sick
from hpi_tui.state import move_to
from hpi_tui.widgets.title import Position

if TYPE_CHECKING:
    from hpi_tui.screens.main import MainScreen


class Cursor:
    """Answers where the cursor of the main screen stands; each pane's own cursor meets it when it gets the keys."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen

    def row_here(self) -> int | None:
        """Return the `_row` of the trial under the cursor of Runs."""
        if self.screen.table is None or not 0 <= self.screen.state.cursor < self.screen.table.count:
            return None
        return self.screen.table.row_at(self.screen.state.cursor)

    def trial_row(self) -> int | None:
        """Return the `_row` of the one trial all panes stand at: that of the queue while it has the keys."""
        at = self.screen.state.queue.at
        if self.screen.state.pane == "sick" and at is not None and self.screen.queue.line_of(at) is not None:
            return self.screen.queue.trial_at(at)
        return self.row_here()

    def targets(self) -> tuple[int, ...]:
        """Return the trials a decision is about: the selected ones, else the group or trial under the cursor."""
        if self.screen.state.selection:
            return tuple(sorted(self.screen.state.selection))
        at = self.screen.state.queue.at
        if self.screen.state.pane == "sick":
            if at is None or at not in self.screen.queue.lines:
                return ()
            return self.screen.queue.waiting[at.group] if at.row is None else (at.row,)
        row = self.row_here()
        return () if row is None else (row,)

    def position_of(self, row: int) -> int | None:
        """Return where a trial stands among the rows shown."""
        if self.screen.table is None:
            return None
        found = (self.screen.table.view == row).nonzero()[0]
        return int(found[0]) if len(found) else None

    def sick_from(self, position: int, direction: int, *, undecided: bool) -> int | None:
        """Return the position of the next sick trial shown after (or before) a position, None where there is none."""
        if self.screen.table is None or self.screen.standing is None:
            return None
        rank, rows = self.screen.standing.rank, self.screen.table.view
        return next_sick(rank, rows, self.screen.decided, position, direction, undecided=undecided)

    def queue_line(self) -> int | None:
        """Return the line of the queue its cursor stands on."""
        return self.screen.queue.line_of(self.screen.state.queue.at)

    def trial_name(self, row: int) -> str:
        """Return how a trial is called."""
        if self.screen.table is None:
            return str(row)
        sweep = self.screen.table.sweep
        return safe(sweep.trials[row, sweep.roles.id] if sweep.roles.id else row, 30)

    def meet_queue(self) -> None:
        """Put the cursor of the queue on the trial under that of Runs, where it stands there."""
        row = self.row_here()
        place = None if row is None else self.screen.queue.place_of(row)
        here = self.screen.state.queue.at
        if place is None or (here is not None and here.row is None and here.group == place.group):
            return
        self.screen.state = replace(self.screen.state, queue=replace(self.screen.state.queue, at=place))
        self.screen.refresh_queue()

    def meet(self) -> None:
        """Put the cursors of the panes without the keys on the trial of the one that has them."""
        if self.screen.state.pane == "sick":
            row = self.trial_row()
            at = None if row is None else self.position_of(row)
            if at is not None and at != self.screen.state.cursor:
                self.screen.state = move_to(self.screen.state, at)
                self.screen.runs.follow(self.screen.state)
                self.screen.query_one("#position", Position).show(self.screen.state, self.screen.runs.out_of_sight)
        else:
            self.meet_queue()
