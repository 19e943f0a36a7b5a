"""What the keys of finding and selecting do: filter, sort, group, select."""

# ruff: noqa: D102 - the action table says in its help texts what each `do_` method does

from __future__ import annotations

from dataclasses import replace

from hpi_tui import state as transitions
from hpi_tui.commands.scope import Scope
from hpi_tui.tables import DECISION, ID, ISSUES, SweepTable


class Find(Scope):
    """Selects trials, filters and sorts them."""

    def do_select(self) -> None:
        row = self.screen.cursor.row_here()
        if row is not None:
            self.screen.go(transitions.toggle_selected(self.screen.state, row))
            self.screen.go(transitions.move_to(self.screen.state, self.screen.state.cursor + 1))

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
        screen.take_keys()
        if screen.filter_bar is not None:
            screen.filter_bar.close()
        screen.go(transitions.with_filter(screen.state, ""))

    def leave_filter(self) -> None:
        """Go back to the list; the filter line goes away when it holds nothing."""
        screen = self.screen
        screen.take_keys()
        if screen.filter_bar is not None:  # what was typed may not have been told yet
            screen.go(transitions.with_filter(screen.state, screen.filter_bar.field.value))
        if not screen.state.filter:
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

    def _narrow_to_cell(self, *, keep: bool) -> None:
        screen, table = self.screen, self.screen.table
        row, column = screen.cursor.row_here(), screen.state.column
        if table is None or row is None or column is None or column == ID:
            return
        text = transitions.narrowed(screen.state, cell_clause(table, row, column, keep=keep)).filter
        if screen.filter_bar is not None:
            screen.filter_bar.show(text)
        screen.go(transitions.with_filter(screen.state, text))


def cell_clause(table: SweepTable, row: int, column: str, *, keep: bool) -> str:
    """Return the filter that keeps (or drops) the trials whose value equals that of one cell."""
    from hpi_core.filter import condition
    from hpi_core.filter.condition import quote_column

    if column in (ISSUES, DECISION):
        return _added_clause(table, row, column, keep=keep)
    value = table.sweep.trials[row, column]
    if value is None:
        clause = f"{quote_column(column)} is missing"
    elif isinstance(value, float) and value - value != 0:
        clause = f"{quote_column(column)} is {'nan' if value != value else 'inf'}"
    else:
        clause = condition(column, values=[value])
    return clause if keep else f"not ({clause})"


def _added_clause(table: SweepTable, row: int, column: str, *, keep: bool) -> str:
    """Return the filter for a cell of the issues (all of its issues) or the decision."""
    words: list[str]
    if column == DECISION:
        decision = table.decided.get(row)
        words = [decision.verdict] if decision is not None and decision.verdict is not None else []
        tag = "decision"
    else:
        found = table.standing.findings(row) if table.standing is not None else []
        words, tag = list(dict.fromkeys(finding.issue for finding in found)), "issue"
    clause = " and ".join(f"{tag}:{word}" for word in words) or f"not {tag}:any"
    return clause if keep else f"not ({clause})"
