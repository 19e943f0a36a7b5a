"""What the keys of movement do, in whichever pane has them."""

# ruff: noqa: D102 - the action table says in its help texts what each `do_` method does

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import hpi_tui.state as transitions
from hpi_tui.commands.scope import Scope

if TYPE_CHECKING:
    from hpi_tui.tables import SweepTable

_LONGEST_SEARCH = 200_000


class Move(Scope):
    """Moves the one cursor: among trials, through the queue, over the map of buckets."""

    def do_down(self) -> None:
        self._step(1)

    def do_up(self) -> None:
        self._step(-1)

    def do_half_down(self) -> None:
        self._step(max(1, self._page // 2))

    def do_half_up(self) -> None:
        self._step(-max(1, self._page // 2))

    def do_page_down(self) -> None:
        self._step(self._page)

    def do_page_up(self) -> None:
        self._step(-self._page)

    def do_left(self) -> None:
        self._sideways(-1)

    def do_right(self) -> None:
        self._sideways(1)

    def do_first(self) -> None:
        self._end(0)

    def do_last(self) -> None:
        self._end(-1)

    def do_back(self) -> None:
        self._along_jumps(transitions.jump_back)

    def do_forward(self) -> None:
        self._along_jumps(transitions.jump_forward)

    def do_next_sick(self) -> None:
        self._sick(1)

    def do_previous_sick(self) -> None:
        self._sick(-1)

    def do_best(self) -> None:
        table, row = self.screen.table, self.screen.cursor.trial_row()
        if table is None or table.best is None:
            self.say("No best trial: the objective or its direction is unknown, press O.")
            return
        best, of = (table.best, "") if row is None else (table.best_for(row), self._own_sweep(table, row))
        if best is None:
            self.say(f"No trial{of} can be ranked.")
            return
        at = self.screen.cursor.position_of(best)
        if at is None:
            self.say(f"The best trial{of} is not among those shown; \\ clears the filter.")
            return
        self.jump(at)
        if of:
            self.say(f"The best{of}; results of the others cannot be compared with it.")

    def _own_sweep(self, table: SweepTable, row: int) -> str:
        """Return which sweep of a source that mixes several the trial is of, as words to go on with."""
        from hpi_core.charts.standing import named_sweep

        of = named_sweep(table.sweep, row)
        return of and f" of {of}"

    def do_next_change(self) -> None:
        screen, table = self.screen, self.screen.table
        if table is None or screen.state.column is None:
            return
        start, stop = screen.state.cursor, min(table.count, screen.state.cursor + _LONGEST_SEARCH)
        cells = table.cells(screen.state.column, start, stop)
        found = next((at for at, cell in enumerate(cells) if cell != cells[0]), None)
        if found is None:
            self.say("No later row differs in this column.")
        else:
            self.jump(start + found)

    @property
    def _page(self) -> int:
        screen = self.screen
        return screen.sick.page if screen.state.pane == "sick" else screen.runs.page

    def _step(self, delta: int) -> None:
        screen = self.screen
        if screen.state.pane == "sick":
            self._to_line((screen.cursor.queue_line() or 0) + delta if screen.cursor.queue_line() is not None else 0)
        elif screen.state.pane == "buckets":
            screen.viewer.shown.move(0, delta)
        else:
            screen.go(transitions.move_to(screen.state, screen.state.cursor + delta))

    def _sideways(self, delta: int) -> None:
        screen = self.screen
        if screen.state.pane == "buckets":
            screen.viewer.shown.move(delta, 0)
        elif screen.state.pane == "curves":
            screen.commands.curves.readout(delta)
        elif screen.state.pane == "runs":
            screen.go(transitions.move_column(screen.state, delta, screen.runs.names))

    def _end(self, end: int) -> None:
        screen = self.screen
        if screen.state.pane == "sick":
            self._to_line(0 if end == 0 else len(screen.queue.lines) - 1)
        else:
            self.jump(0 if end == 0 else screen.state.shown - 1)

    def _to_line(self, line: int) -> None:
        screen = self.screen
        lines = screen.queue.lines
        if lines:
            place = lines[max(0, min(line, len(lines) - 1))]
            screen.go(replace(screen.state, queue=replace(screen.state.queue, at=place)))

    def _sick(self, direction: int) -> None:
        screen = self.screen
        if screen.state.pane == "sick":
            heads = [line for line, place in enumerate(screen.queue.lines) if place.row is None]
            here = screen.cursor.queue_line() or 0
            beyond = [line for line in heads if (line - here) * direction > 0]
            if beyond:
                self._to_line(min(beyond) if direction > 0 else max(beyond))
            return
        at = screen.cursor.sick_from(screen.state.cursor, direction, undecided=False)
        if at is None:
            self.say("No sick trial further on." if screen.standing is not None else "Still inspecting.")
        else:
            screen.go(transitions.move_to(screen.state, at))

    def _along_jumps(self, step: object) -> None:
        screen = self.screen
        row = screen.cursor.row_here()
        if row is None or not callable(step):
            return
        state, target = step(screen.state, row)
        at = None if target is None else screen.cursor.position_of(target)
        screen.go(state if at is None else transitions.move_to(state, at))
