"""What the chat has to do with the main screen: ask about what is under the cursor, go where a citation leads."""

# ruff: noqa: D102 - the action table says in its help texts what each `do_` method does

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING

from hpi_core.text import safe
from hpi_tui import state as transitions
from hpi_tui.chat.jumps import JumpToIssue, JumpToPair, JumpToTrial
from hpi_tui.commands.scope import Scope

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection

_EAGERLY = 50_000  # trials up to which the chat is prepared as soon as it is on the screen


class Chat(Scope):
    """Keeps the Chat pane at the inspection on the screen, and carries out what it asks for."""

    def do_chat(self) -> None:
        self.screen.focus_pane("chat")

    def do_ask(self) -> None:
        about = self._under_the_cursor()
        self.screen.focus_pane("chat")
        if about:
            self.screen.chat.begin(about)

    def follow(self) -> None:
        """Let the chat speak of the inspection on the screen; prepare it once the pane is there."""
        screen = self.screen
        inspection = None if screen.standing is None else screen.standing.inspection
        spoken_of = None if screen.chat.conversation is None else screen.chat.conversation.inspection
        if inspection is None:
            screen.chat.show(None)
        elif inspection is not spoken_of:
            verdicts = Counter(decision.verdict for decision in screen.decided.values())
            triage: dict[str, int] = {verdict: count for verdict, count in verdicts.items() if verdict is not None}
            screen.chat.show(screen.jobs.converse(inspection, screen.chat.post_message, triage))
        small = inspection is not None and inspection.sweep.trials.height <= _EAGERLY
        if small and screen.layout_now.place("chat") is not None and screen.chat.conversation is not None:
            screen.chat.conversation.prepare()

    def follow_citation(self, to: JumpToTrial | JumpToPair | JumpToIssue) -> None:
        """Go where a citation leads, with the keys."""
        if isinstance(to, JumpToTrial):
            self._to_trial(to.inspection, to.row, to.trial)
        elif isinstance(to, JumpToPair):
            if self.screen.buckets.choose(to.parameter, to.issue):
                self.screen.viewer.turn_to("buckets")
                self.screen.focus_pane("buckets")
            else:
                self.say(f"{safe(to.parameter, 40)} and {to.issue} have no place on the map of buckets.")
        else:
            self._show_only(f"issue:{to.issue}")

    def _to_trial(self, inspection: Inspection, row: int, trial: str | None) -> None:
        screen = self.screen
        if screen.table is None:
            return
        if inspection.sweep is not screen.table.sweep:  # read anew since then: the row may be another's
            found = [] if trial is None else screen.table.sweep.trial_ids().eq(trial).arg_true().to_list()
            if len(found) != 1:
                self.say(f"Trial {safe(trial, 40)} is not in the sweep as it was read last.")
                return
            row = int(found[0])
        at = screen.cursor.position_of(row)
        if at is None:
            self.say(f"Trial {screen.cursor.trial_name(row)} is not among those shown; \\ in Runs clears the filter.")
            return
        screen.focus_pane("runs")
        self.jump(at)

    def _show_only(self, text: str) -> None:
        screen = self.screen
        if screen.filter_bar is not None:
            screen.filter_bar.show(text)
        screen.focus_pane("runs")
        screen.go(transitions.with_filter(screen.state, text))

    def trial_label(self) -> str:
        """Return what the chat calls the trial under the cursor, nothing where there is none."""
        screen, row = self.screen, self.screen.cursor.trial_row()
        if row is None or screen.standing is None:
            return ""
        conversation = screen.chat.conversation
        evidence = None if conversation is None else conversation.evidence
        return f"T{screen.cursor.trial_name(row)}" if evidence is None else evidence.trial_label(row)

    def _under_the_cursor(self) -> str:
        """Return a question about what is under the cursor; a command where no model can be asked."""
        screen, chat = self.screen, self.screen.chat
        evidence = None if chat.conversation is None else chat.conversation.evidence
        if (
            screen.state.pane == "buckets"
            and screen.state.third == "buckets"
            and (chosen := screen.buckets.chosen) is not None
        ):
            if chat.off is not None:
                return f"/buckets {shlex.quote(chosen[0])} {chosen[1]}"
            every = [] if evidence is None else [*evidence.labelled("C"), *evidence.labelled("L")]
            found = next((f" [{label}]" for label, it in every if (it["parameter"], it["issue"]) == chosen), "")
            return f"Why does {safe(chosen[0], 60)} go with {chosen[1]}?{found} "
        row = screen.cursor.trial_row()
        if row is None or screen.standing is None:
            return ""
        label = self.trial_label()
        if chat.off is not None:
            return f"/why {label}"
        return f"Why is [{label}] sick? " if screen.standing.is_sick(row) else f"What sets [{label}] apart? "
