"""What the keys for panes do: focus, zoom, open and escape."""

# ruff: noqa: D102 - the action table says in its help texts what each `do_` method does

from __future__ import annotations

from dataclasses import replace

from hpi_tui import state as transitions
from hpi_tui.commands.scope import Scope
from hpi_tui.sick_queue import fold


class Panes(Scope):
    """Gives the keys to another pane, opens what is under the cursor."""

    def do_runs(self) -> None:
        self.screen.focus_pane("runs")

    def do_sick(self) -> None:
        self.screen.focus_pane("sick")

    def do_buckets(self) -> None:
        if self.screen.state.pane == "buckets":
            self.screen.commands.views.put_view_away()
        self.screen.focus_pane("buckets")

    def do_curves(self) -> None:
        self.screen.focus_pane("curves")

    def do_next_pane(self) -> None:
        self._cycle(1)

    def do_previous_pane(self) -> None:
        self._cycle(-1)

    def do_open(self) -> None:
        screen = self.screen
        if screen.state.pane == "buckets":
            if screen.state.third == "buckets":
                self._show_claimed()
            else:
                screen.commands.views.open_view()
            return
        place = screen.state.queue.at
        if screen.state.pane == "sick" and place is not None and place.row is None:
            if place in screen.queue.lines:
                screen.go(replace(screen.state, queue=fold(screen.state.queue, place.group)))
            return
        row = screen.cursor.trial_row()
        if row is None or screen.table is None:
            return
        if screen.state.pane == "sick":
            at = screen.cursor.position_of(row)
            screen.focus_pane("runs")
            if at is not None:
                self.jump(at)
            return
        from hpi_tui.screens.trial import TrialScreen

        screen.app.push_screen(TrialScreen(screen.look, screen.table, row, screen.state.column))

    def do_show_decided(self) -> None:
        screen = self.screen
        queue = screen.state.queue
        screen.go(replace(screen.state, queue=replace(queue, decided_shown=not queue.decided_shown)))

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
        elif screen.inspecting is not None:
            screen.jobs.cancel_inspection()
        elif screen.filter_bar is not None and screen.filter_bar.display:
            screen.commands.leave_filter()
        elif screen.state.anchor is not None:
            screen.state = replace(screen.state, anchor=None)
        elif (screen.state.pane == "curves" and screen.commands.curves.put_readout_away()) or (
            screen.commands.views.put_view_away() or screen.commands.curves.put_view_away()
        ):
            return
        elif screen.zoomed:
            screen.zoomed = False
        elif screen.state.pane != "runs":
            screen.focus_pane("runs")
        elif screen.following.on:
            self.say(screen.following.toggle())
        else:
            screen.noticed = False
        screen.relayout()
        screen.refresh_chrome()

    def _cycle(self, delta: int) -> None:
        names = self.screen.panes
        here = names.index(self.screen.state.pane) if self.screen.state.pane in names else 0
        self.screen.focus_pane(names[(here + delta) % len(names)])

    def _zoomed(self, zoomed: bool) -> None:
        self.screen.zoomed = zoomed
        self.screen.relayout()
        self.screen.refresh_chrome()

    def _show_claimed(self) -> None:
        screen = self.screen
        text = screen.buckets.claimed_filter()
        if text is None:
            self.say("Nothing is claimed for this pair, so there is no range to show.")
            return
        if screen.filter_bar is not None:
            screen.filter_bar.show(text)
        screen.focus_pane("runs")
        screen.go(transitions.with_filter(screen.state, text))
