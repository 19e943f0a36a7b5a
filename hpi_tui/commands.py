"""What the keys do: one method `do_<name>` for every action of the table, carried out on the main screen."""

# ruff: noqa: D102 - the action table says in its help texts what each `do_` method does

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hpi_core.text import safe
from hpi_tui import state as transitions
from hpi_tui.tables import ID, STATUS, SweepTable

if TYPE_CHECKING:
    from hpi_tui.screens.main import MainScreen

_LONGEST_SEARCH = 200_000


class Commands:
    """Carries out actions on the main screen."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen

    def carry_out(self, name: str) -> None:
        """Carry out the action of this name."""
        if self.screen.status:
            self.screen.status = ""
            self.screen.refresh_chrome()
        getattr(self, f"do_{name}")()

    def say(self, text: str) -> None:
        """Say something in the status line, until the next key."""
        self.screen.status = text
        self.screen.refresh_chrome()

    # move

    def do_down(self) -> None:
        self._step(1)

    def do_up(self) -> None:
        self._step(-1)

    def do_half_down(self) -> None:
        self._step(max(1, self.screen.runs.page // 2))

    def do_half_up(self) -> None:
        self._step(-max(1, self.screen.runs.page // 2))

    def do_page_down(self) -> None:
        self._step(self.screen.runs.page)

    def do_page_up(self) -> None:
        self._step(-self.screen.runs.page)

    def do_left(self) -> None:
        self._column(-1)

    def do_right(self) -> None:
        self._column(1)

    def do_first(self) -> None:
        self._jump(0)

    def do_last(self) -> None:
        self._jump(self.screen.state.shown - 1)

    def do_back(self) -> None:
        self._along_jumps(transitions.jump_back)

    def do_forward(self) -> None:
        self._along_jumps(transitions.jump_forward)

    def do_best(self) -> None:
        table = self.screen.table
        if table is None or table.best is None:
            self.say("No best trial: the objective or its direction is unknown, press O.")
            return
        at = self.screen.position_of(table.best)
        if at is None:
            self.say("The best trial is not among those shown; \\ clears the filter.")
        else:
            self._jump(at)

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
            self._jump(start + found)

    # panes

    def do_open(self) -> None:
        row = self.screen.row_here()
        if row is not None and self.screen.table is not None:
            from hpi_tui.screens.trial import TrialScreen

            self.screen.app.push_screen(TrialScreen(self.screen.look, self.screen.table, row, self.screen.state.column))

    def do_zoom(self) -> None:
        self._zoomed(True)

    def do_restore(self) -> None:
        self._zoomed(False)

    def do_escape(self) -> None:
        screen = self.screen
        if screen.progress is not None:
            screen.jobs.cancel_load()
        elif screen.error is not None and screen.table is not None:
            screen.error = None
        elif screen.filter_bar is not None and screen.filter_bar.display:
            self.leave_filter()
        elif screen.state.anchor is not None:
            screen.state = replace(screen.state, anchor=None)
        else:
            screen.noticed = False
        screen.relayout()
        screen.refresh_chrome()

    # select

    def do_select(self) -> None:
        row = self.screen.row_here()
        if row is not None:
            self.screen.go(transitions.toggle_selected(self.screen.state, row))
            self._step(1)

    def do_select_range(self) -> None:
        screen, table = self.screen, self.screen.table
        if table is None:
            return
        anchor = screen.state.anchor
        if anchor is None:
            screen.state = replace(screen.state, anchor=screen.state.cursor)
            self.say("Selecting from here: move, then v again.  Esc forgets it.")
            return
        low, high = sorted((anchor, screen.state.cursor))
        rows = frozenset(table.view[low : high + 1].tolist())
        screen.go(replace(transitions.select_rows(screen.state, rows), anchor=None))

    def do_select_shown(self) -> None:
        if self.screen.table is not None:
            rows = frozenset(self.screen.table.view.tolist())
            self.screen.go(transitions.select_rows(self.screen.state, rows))

    # find

    def do_filter(self) -> None:
        screen = self.screen
        if screen.table is None:
            self.say("Filters work once the source is read.")
            return
        if screen.filter_bar is not None:
            screen.filter_bar.open()

    def do_clear_filter(self) -> None:
        screen = self.screen
        screen.filter_error = None
        screen.set_focus(screen.runs)
        if screen.filter_bar is not None:
            screen.filter_bar.close()
        screen.go(transitions.with_filter(screen.state, ""))

    def leave_filter(self) -> None:
        """Go back to the list; the filter line goes away when it holds nothing."""
        self.screen.set_focus(self.screen.runs)
        if not self.screen.state.filter:
            self.do_clear_filter()

    def do_filter_to_cell(self) -> None:
        self._narrow_to_cell(keep=True)

    def do_drop_cell(self) -> None:
        self._narrow_to_cell(keep=False)

    def do_sort(self) -> None:
        screen, table = self.screen, self.screen.table
        column = screen.state.column
        if table is None or column is None:
            return
        metric = next((m for m in table.sweep.roles.metrics if m.name == column), None)
        highest_first = metric is not None and metric.direction == "max"
        screen.go(transitions.sort_by(screen.state, column, descending_first=highest_first))

    def do_clear_sort(self) -> None:
        self.screen.go(replace(self.screen.state, sorts=(), grouped=False))

    def do_group(self) -> None:
        self.screen.go(replace(self.screen.state, grouped=not self.screen.state.grouped))

    # look

    def do_columns(self) -> None:
        table = self.screen.table
        if table is None:
            return
        from hpi_tui.screens.columns import ColumnsScreen

        def choose(choice: object) -> None:
            if isinstance(choice, transitions.ColumnChoice):
                self.screen.go(replace(self.screen.state, columns=choice))

        screen = ColumnsScreen(self.screen.look, table, self.screen.state)
        self.screen.app.push_screen(screen, choose)

    def do_ledger(self) -> None:
        table = self.screen.table
        if table is None or table.sweep.ledger.is_empty():
            self.say("Nothing was repaired or refused in this source.")
            return
        from hpi_tui.screens.ledger import LedgerScreen

        self.screen.app.push_screen(LedgerScreen(self.screen.look, table.sweep))

    # global

    def do_roles(self) -> None:
        screen = self.screen
        if screen.table is None:
            return
        from hpi_core.roles import RoleOverrides
        from hpi_tui.screens.roles import RolesScreen

        sweep = screen.table.sweep

        def changed(overrides: object) -> None:
            if not isinstance(overrides, RoleOverrides):
                return
            from hpi_core.errors import HpiError
            from hpi_core.settings import remember_roles

            screen.overrides = overrides
            try:
                remember_roles(sweep.source.location, overrides)
            except HpiError as error:
                self.say(str(error))
            screen.jobs.reassign(sweep, overrides)

        screen.app.push_screen(RolesScreen(screen.look, sweep, screen.overrides), changed)

    def do_reload(self) -> None:
        screen = self.screen
        screen.progress, screen.error = "reading again", None
        screen.jobs.load(screen.overrides, screen.complete)
        screen.relayout()
        screen.refresh_chrome()

    def do_accept_incomplete(self) -> None:
        self.screen.complete = True
        self.do_reload()

    def do_copy(self) -> None:
        screen, table = self.screen, self.screen.table
        row = screen.row_here()
        if table is None or row is None:
            return
        from hpi_tui.copying import rows_as_text

        chosen = list(screen.walk_marks()) or [row]
        names = [name for name in screen.runs.names if name not in (ID, STATUS)]
        text = rows_as_text(table.sweep, chosen, names)
        screen.app.copy_to_clipboard(text)
        many = f"{len(chosen):,} trials" if len(chosen) > 1 else "Row"
        self.say(f"{many} copied: {safe(text, 300)}")

    def do_quit(self) -> None:
        screen = self.screen
        unread = screen.table is None and screen.error is not None
        screen.app.exit(return_code=int(screen.error.exit_code) if unread and screen.error else 0)

    def do_help(self) -> None:
        self._push_help(searching=False)

    def do_palette(self) -> None:
        self._push_help(searching=True)

    # shared steps

    def _step(self, delta: int) -> None:
        state = self.screen.state
        self.screen.go(transitions.move_to(state, state.cursor + delta))

    def _column(self, delta: int) -> None:
        self.screen.go(transitions.move_column(self.screen.state, delta, self.screen.runs.names))

    def _jump(self, position: int) -> None:
        screen = self.screen
        row = screen.row_here()
        state = screen.state if row is None else transitions.jumped(screen.state, row)
        screen.go(transitions.move_to(state, position))

    def _along_jumps(self, step: object) -> None:
        screen = self.screen
        row = screen.row_here()
        if row is None or not callable(step):
            return
        state, target = step(screen.state, row)
        at = None if target is None else screen.position_of(target)
        screen.go(state if at is None else transitions.move_to(state, at))

    def _zoomed(self, zoomed: bool) -> None:
        self.screen.zoomed = zoomed
        self.screen.relayout()
        self.screen.refresh_chrome()

    def _narrow_to_cell(self, *, keep: bool) -> None:
        screen, table = self.screen, self.screen.table
        row, column = screen.row_here(), screen.state.column
        if table is None or row is None or column is None or column == ID:
            return
        text = transitions.narrowed(screen.state, cell_clause(table, row, column, keep=keep)).filter
        if screen.filter_bar is not None:
            screen.filter_bar.show(text)
        screen.go(transitions.with_filter(screen.state, text))

    def _push_help(self, *, searching: bool) -> None:
        from hpi_tui.screens.help import HelpScreen

        def run(name: object) -> None:
            if isinstance(name, str):
                self.screen.call_after_refresh(self.carry_out, name)

        self.screen.app.push_screen(HelpScreen(self.screen.look, self.screen.source_name, searching=searching), run)


def cell_clause(table: SweepTable, row: int, column: str, *, keep: bool) -> str:
    """Return the filter that keeps (or drops) the trials whose value equals that of one cell."""
    from hpi_core.filter import condition
    from hpi_core.filter.condition import quote_column

    value = table.sweep.trials[row, column]
    if value is None:
        clause = f"{quote_column(column)} is missing"
    elif isinstance(value, float) and value - value != 0:
        clause = f"{quote_column(column)} is {'nan' if value != value else 'inf'}"
    else:
        clause = condition(column, values=[value])
    return clause if keep else f"not ({clause})"
