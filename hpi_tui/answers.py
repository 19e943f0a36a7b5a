"""Answers: what the main screen does with what the workers tell it; stale answers are dropped here, in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hpi_core.errors import SeveralError
from hpi_core.text import safe
from hpi_tui import messages
from hpi_tui.follow_turns import MOST_TYPICAL
from hpi_tui.following import told_after_reload
from hpi_tui.state import carried
from hpi_tui.tables import SweepTable

if TYPE_CHECKING:
    from hpi_core.following.difference import Difference
    from hpi_tui.screens.main import MainScreen


class Answers:
    """Takes the answers of the workers for the main screen."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self._takers: dict[type[messages.Answer], Callable[[Any], None]] = {
            messages.Progressed: self._progressed,
            messages.Loaded: self._loaded,
            messages.LoadFailed: self._load_failed,
            messages.Arranged: self._arranged,
            messages.FilterRefused: self._filter_refused,
            messages.Typical: self._typical,
            messages.Inspecting: self._inspecting,
            messages.Inspected: self._inspected,
            messages.InspectionFailed: self._inspection_failed,
            messages.DecisionsRead: self._decisions_read,
            messages.CurvesDrawn: self._curves_drawn,
            messages.Weighed: self._weighed,
            messages.Counted: self._counted,
            messages.PairCounted: self._pair_counted,
            messages.Written: self._written,
            messages.Followed: self._followed,
        }

    def take(self, message: messages.Answer) -> None:
        """Take an answer, unless a newer request of its kind was made."""
        if isinstance(message, messages.Broke):
            self.screen.app.crash(message.error)  # type: ignore[attr-defined]
        elif not self.screen.jobs.is_stale(message):
            self._takers[type(message)](message)

    def _progressed(self, message: messages.Progressed) -> None:
        if self.screen.progress is not None:
            self.screen.progress = _progress(message.what, message.fraction)
            self.screen.refresh_chrome()

    def _loaded(self, message: messages.Loaded) -> None:
        screen, found = self.screen, message.difference
        screen.following.loaded(message.seen)
        other = screen.picking.arrived()
        if found is not None and self._told_again(message, found):
            return
        row = screen.cursor.row_here()
        trial = None if row is None else screen.cursor.trial_name(row)
        first = screen.table is None
        earlier = None if screen.desk is None or other else screen.desk.decisions
        screen.standing, screen.desk = None, None
        table = SweepTable(message.sweep, message.view, message.best)
        screen.table, screen.progress, screen.error, screen.typical = table, None, None, {}
        column = screen.state.column if screen.state.column in table.names and not (first or other) else table.names[0]
        screen.state = replace(screen.state, shown=table.count, total=table.count, column=column)
        if first:
            screen.prepare_lines()
        elif other:
            screen.wanted_row, screen.touched, screen.noticed = None, False, True
        elif found is not None:
            screen.state = carried(screen.state, found.place)
            screen.wanted_row = None if row is None else found.place(row)
        else:
            screen.state = replace(screen.state, selection=frozenset())
            rows = message.sweep.trial_ids().eq(trial).arg_true()
            screen.wanted_row = int(rows[0]) if len(rows) else None
        screen.show_table(table)
        if screen.state.filter or screen.state.sorts or screen.state.grouped:
            screen.rearrange()
        roles = message.sweep.roles
        wanted = [*(p.name for p in roles.hyperparameters), *(m.name for m in roles.metrics)]
        screen.inspecting = "inspecting"
        screen.jobs.inspect(message.sweep)
        screen.jobs.typical(message.sweep, wanted[:MOST_TYPICAL])
        screen.jobs.read_decisions(message.sweep, earlier)

    def _told_again(self, message: messages.Loaded, found: Difference) -> bool:
        """Say what came of reading again; true where nothing did, and what is shown stays as it is."""
        screen = self.screen
        if screen.table is None:
            return False
        before, sweep = screen.table.sweep, message.sweep
        same = sweep.ledger.equals(before.ledger)
        screen.status = told_after_reload(found, sweep.trials.height, same=same)
        if not (found.nothing and same and sweep.roles == before.roles):
            return False
        screen.progress = screen.error = None
        screen.following.begin()
        screen.relayout()
        screen.refresh_chrome()
        return True

    def _followed(self, message: messages.Followed) -> None:
        self.screen.following.take(message.told)

    def _load_failed(self, message: messages.LoadFailed) -> None:
        if isinstance(message.error, SeveralError):
            self.screen.picking.offer(message.error)
            return
        self.screen.picking.give_up()
        self.screen.progress, self.screen.error = None, message.error
        self.screen.following.begin()
        self.screen.relayout()
        self.screen.refresh_chrome()

    def _arranged(self, message: messages.Arranged) -> None:
        screen = self.screen
        screen.arranging = False
        if screen.table is not None:
            screen.refuse_filter(None)
            screen.show_table(screen.table.seen_through(message.view))
            screen.commands.catch_up()

    def _filter_refused(self, message: messages.FilterRefused) -> None:
        self.screen.wanted_row, self.screen.arranging = None, False
        self.screen.refuse_filter((message.message, message.position))
        self.screen.refresh_chrome()
        self.screen.commands.catch_up()

    def _typical(self, message: messages.Typical) -> None:
        self.screen.typical = message.values
        self.screen.refresh_detail()
        self.screen.relayout()

    def _inspecting(self, message: messages.Inspecting) -> None:
        if self.screen.inspecting is not None:
            self.screen.inspecting = _progress(message.what, message.fraction)
            self.screen.refresh_chrome()

    def _inspected(self, message: messages.Inspected) -> None:
        screen = self.screen
        screen.inspecting, screen.standing = None, message.standing
        if message.notes:
            screen.status = "  ".join(message.notes)
        self.stand()
        screen.following.begin()

    def _inspection_failed(self, message: messages.InspectionFailed) -> None:
        self.screen.inspecting = None
        self.screen.status = str(message.error)
        self.screen.following.begin()
        self.screen.refresh_chrome()

    def _decisions_read(self, message: messages.DecisionsRead) -> None:
        screen = self.screen
        message.desk.merge()
        screen.desk = message.desk
        if message.desk.oddities:
            screen.status = f"{message.desk.oddities}."
        self.stand()
        if "decision:" in screen.state.filter:
            screen.rearrange()

    def _curves_drawn(self, message: messages.CurvesDrawn) -> None:
        self.screen.plotter.took(message.view)

    def _weighed(self, message: messages.Weighed) -> None:
        self.screen.viewer.weighed(message.chart)

    def _pair_counted(self, message: messages.PairCounted) -> None:
        self.screen.buckets.take(message.chart)

    def _counted(self, message: messages.Counted) -> None:
        self.screen.viewer.counted(message.chart)

    def _written(self, message: messages.Written) -> None:
        error = message.error
        names = " and ".join(safe(path, 200) for path in message.paths)
        self.screen.status = f"Written: {names}" if error is None else f"{error.message} {error.hint}"
        self.screen.refresh_chrome()

    def stand(self) -> None:
        """Show what stands against the trials and what was decided; at the start, go to the first one to decide."""
        screen = self.screen
        old = screen.table
        if old is None:
            return
        best = old.best
        if screen.standing is not None:
            ranked = screen.standing.inspection.ranking.best
            best = ranked[0].row if ranked else None
        screen.wanted_row = screen.cursor.row_here() if screen.wanted_row is None else screen.wanted_row
        like = old if screen.following.on else None
        table = SweepTable(old.sweep, old.view, best, screen.standing, screen.decided, like=like)
        table.keep_measures(old)
        screen.table = table
        if screen.standing is not None and screen.desk is not None and not screen.touched:
            at = screen.cursor.sick_from(-1, 1, undecided=True)
            screen.wanted_row = None if at is None else table.row_at(at)
        screen.refresh_queue()
        screen.show_table(table)
        screen.cursor.meet_queue()
        screen.show_map()
        if "issue:" in screen.state.filter or "severity:" in screen.state.filter:
            screen.rearrange()


def _progress(what: str, fraction: float | None) -> str:
    return what if fraction is None else f"{what} {fraction:.0%}"
