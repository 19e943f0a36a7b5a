"""What the keys of views do: the map of buckets, the importance view, the table of two hyperparameters."""

# ruff: noqa: D102 - the action table says in its help texts what each `do_` method does

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from hpi_tui import state as transitions
from hpi_tui.commands.scope import Scope
from hpi_tui.state import Pairing

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection


class Views(Scope):
    """Chooses what stands in place 3, and opens what is under its cursor."""

    def do_views(self) -> None:
        from hpi_tui.screens.views import ViewsScreen

        def run(name: object) -> None:
            if isinstance(name, str):
                self.screen.call_after_refresh(self.screen.commands.carry_out, name)

        self.screen.app.push_screen(ViewsScreen(self.screen.look, self.screen.source_name), run)

    def do_map(self) -> None:
        self.screen.viewer.turn_to("buckets")

    def do_importance(self) -> None:
        # Before the inspection is done the view says so, and fills when it is.
        if self._stands("importance"):
            self.do_map()
        else:
            self.screen.viewer.turn_to("importance")

    def do_together(self) -> None:
        inspection = self._inspection()
        if inspection is None:
            self.say("Two hyperparameters can be seen together once the sweep is inspected.")
        elif self._stands("together"):
            self.do_choose_two()
        else:
            pairing = self._pairing(inspection)
            if pairing is None:
                self.say("There are no two hyperparameters, or nothing to count: no issue and no results.")
            else:
                self.screen.viewer.turn_to("together", pairing)

    def do_choose_two(self) -> None:
        inspection = self._inspection()
        pairing = self.screen.state.pairing or (None if inspection is None else self._pairing(inspection))
        if inspection is None or pairing is None:
            self.do_together()
            return
        names = list(self._columns_of(inspection)[0])

        def ask_second(first: object) -> None:
            if not isinstance(first, str):
                return

            def show(second: object) -> None:
                if isinstance(second, str):
                    self.screen.viewer.turn_to("together", Pairing(first, second, pairing.issue))

            mate = pairing.second if pairing.second != first else pairing.first
            self._ask([name for name in names if name != first], f"beside {first}", mate, show)

        self._ask(names, "the first of two", pairing.first, ask_second)

    def next_mate(self) -> None:
        """Show the next hyperparameter beside the first."""
        inspection, pairing = self._inspection(), self.screen.state.pairing
        if inspection is None or pairing is None:
            return
        names = [name for name in self._columns_of(inspection)[0] if name != pairing.first]
        at = names.index(pairing.second) if pairing.second in names else -1
        self._show(replace(pairing, second=names[(at + 1) % len(names)]))

    def next_issue(self) -> None:
        """Count the next issue, or the worst or best results."""
        inspection, pairing = self._inspection(), self.screen.state.pairing
        if inspection is None or pairing is None:
            return
        issues = self._columns_of(inspection)[1]
        at = issues.index(pairing.issue) if pairing.issue in issues else -1
        if len(issues) < 2:
            self.say(f"{pairing.issue} is all there is to count.")
        self._show(replace(pairing, issue=issues[(at + 1) % len(issues)]))

    def open_view(self) -> None:
        """Open what is under the cursor of the view in place 3, where that is not the map."""
        screen, inspection = self.screen, self._inspection()
        if inspection is None:
            return
        if screen.state.third == "importance":
            self._to_map(screen.importance.chosen)
            return
        view, at = screen.together.view, screen.together.at
        if view is None or at is None:
            return
        from hpi_core.charts.together import square_filter

        text = square_filter(inspection, view, *at)
        if text is None:
            self.say("No trial stands in this square.")
            return
        if screen.filter_bar is not None:
            screen.filter_bar.show(text)
        screen.focus_pane("runs")
        screen.go(transitions.with_filter(screen.state, text))

    def put_view_away(self) -> bool:
        """Go back from another view to the map; tells whether there was one."""
        if self.screen.state.pane != "buckets" or self.screen.state.third == "buckets":
            return False
        self.do_map()
        return True

    def _to_map(self, parameter: str | None) -> None:
        chosen = self.screen.buckets.chosen
        if parameter is not None and chosen is not None:
            self.screen.buckets.choose(parameter, chosen[1])
        self.do_map()

    def _stands(self, third: str) -> bool:
        return self.screen.state.third == third and self.screen.state.pane == "buckets"

    def _inspection(self) -> Inspection | None:
        return None if self.screen.standing is None else self.screen.standing.inspection

    def _columns_of(self, inspection: Inspection) -> tuple[tuple[str, ...], list[str]]:
        """Return the hyperparameters, those of the map first, and the issues and results that can be counted."""
        view = self.screen.buckets.view
        shown = () if view is None else view.parameters
        own = [item.name for item in inspection.sweep.roles.hyperparameters]
        names = tuple(dict.fromkeys([*(name for name in shown if name in own), *own]))
        return names, [] if view is None else [column.issue for column in view.issues]

    def _pairing(self, inspection: Inspection) -> Pairing | None:
        """Return what to show together: what stands under the cursor, with its most telling companion."""
        from hpi_core.charts.together import mate_of

        names, issues = self._columns_of(inspection)
        chosen = self.screen.buckets.chosen
        issue = chosen[1] if chosen is not None else issues[0] if issues else None
        first = chosen[0] if chosen is not None and chosen[0] in names else names[0] if names else None
        if self.screen.state.third == "importance" and self.screen.importance.chosen is not None:
            first = self.screen.importance.chosen
        mate = None if first is None or issue is None else mate_of(inspection, first, issue)
        if first is None or issue is None or mate is None:
            return None
        return Pairing(first, mate, issue)

    def _show(self, pairing: Pairing) -> None:
        self.screen.state = replace(self.screen.state, pairing=pairing)
        self.screen.viewer.follow()

    def _ask(self, names: list[str], about: str, value: str, answer: Callable[[object], None]) -> None:
        from hpi_tui.screens.views import ParameterScreen

        screen = self.screen
        screen.app.push_screen(ParameterScreen(screen.look, screen.source_name, names, about, value), answer)
