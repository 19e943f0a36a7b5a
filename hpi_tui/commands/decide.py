"""What the keys of deciding do: to the selection, else to the group or trial under the cursor; saved at once."""

# ruff: noqa: D102 - the action table says in its help texts what each `do_` method does

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from hpi_core.errors import WriteError
from hpi_core.text import safe
from hpi_tui import state as transitions
from hpi_tui.commands.scope import Scope
from hpi_tui.sick_queue import Place, is_decided

if TYPE_CHECKING:
    from hpi_core.triage import Verdict
    from hpi_tui.desk import Desk

_DONE = {"acknowledged": "acknowledged", "rerun": "to be rerun", "ignored": "ignored", None: "undecided again"}
_LONGEST_NOTE = 500


class Decide(Scope):
    """Decides about trials and goes on to the next one."""

    _last: Verdict | None = None
    _noted: tuple[int, ...] = ()

    def do_acknowledge(self) -> None:
        self._decide("acknowledged")

    def do_rerun(self) -> None:
        self._decide("rerun")

    def do_ignore(self) -> None:
        self._decide("ignored")

    def do_clear_decision(self) -> None:
        self._decide(None)

    def do_repeat(self) -> None:
        if self._last is None:
            self.say("Nothing was decided yet.")
        else:
            self._decide(self._last)

    def do_note(self) -> None:
        screen = self.screen
        rows = screen.cursor.targets()
        if self._desk() is None or not rows:
            return
        self._noted = rows
        notes = {screen.decided[row].note for row in rows if row in screen.decided}
        many = f"{len(rows):,} trials" if len(rows) > 1 else f"trial {screen.cursor.trial_name(rows[0])}"
        screen.ask_note(many, notes.pop() if len(notes) == 1 else "")

    def take_note(self, text: str) -> None:
        """Keep a note about the trials it was asked for."""
        desk, rows = self._desk(), self._noted
        if desk is not None and rows:
            note = safe(text.strip(), _LONGEST_NOTE)
            self._act(lambda: desk.note(rows, note), "Note kept." if note else "Note cleared.")

    def do_undo(self) -> None:
        if (desk := self._desk()) is not None:
            self._walk(desk.undo, "Taken back", "Nothing to take back.")

    def do_redo(self) -> None:
        if (desk := self._desk()) is not None:
            self._walk(desk.redo, "Done again", "Nothing to do again.")

    def _desk(self) -> Desk | None:
        if self.screen.desk is None:
            self.say("Decisions can be made once the source and what was decided before are read.")
        return self.screen.desk

    def _decide(self, verdict: Verdict | None) -> None:
        screen, desk = self.screen, self._desk()
        rows = screen.cursor.targets()
        if desk is None or not rows:
            return
        group = screen.state.pane == "sick" and screen.state.queue.at is not None and screen.state.queue.at.row is None
        many = f"{len(rows):,} trials" if len(rows) > 1 else f"Trial {screen.cursor.trial_name(rows[0])}"
        of_selection = bool(screen.state.selection)
        before = screen.queue.lines
        if not self._act(lambda: desk.decide(rows, verdict), f"{many} {_DONE[verdict]}.  u takes it back"):
            return
        self._last = verdict if verdict is not None else self._last
        if of_selection:
            screen.go(replace(screen.state, selection=frozenset(), anchor=None))
        elif verdict is not None:
            self._advance(before, group)

    def _advance(self, before: tuple[Place, ...], group: bool) -> None:
        """Go to the next sick trial that waits for a decision; in the queue to the line that follows."""
        screen = self.screen
        if screen.state.pane != "sick":
            at = screen.cursor.sick_from(screen.state.cursor, 1, undecided=True)
            if at is None:
                at = screen.cursor.sick_from(-1, 1, undecided=True)
            if at is not None:
                screen.go(transitions.move_to(screen.state, at))
            return
        here = screen.state.queue.at
        if here is None or here not in before:
            return
        known = set(screen.queue.lines)
        start = before.index(here) + 1
        after = [place for place in before[start:] if not (group and place.group == here.group)]
        waiting = [p for p in after if p in known and (p.row is None or not is_decided(screen.decided.get(p.row)))]
        above = [p for p in reversed(before[: start - 1]) if p in known and p.row is None]
        screen.go(replace(screen.state, queue=replace(screen.state.queue, at=next(iter((*waiting, *above)), None))))

    def _walk(self, step: Callable[[], list[int] | None], said: str, nothing: str) -> None:
        screen = self.screen
        walked: list[list[int] | None] = []
        if not self._act(lambda: walked.append(step()), ""):
            return
        rows = walked[0]
        if rows is None:
            self.say(nothing)
            return
        self.say(f"{said}: {len(rows):,} trial{'s' if len(rows) != 1 else ''}.")
        if rows and screen.state.pane == "sick":
            if (place := screen.queue.place_of(rows[0])) is not None:
                screen.go(replace(screen.state, queue=replace(screen.state.queue, at=place)))
        elif len(rows) == 1 and (at := screen.cursor.position_of(rows[0])) is not None:
            screen.go(transitions.move_to(screen.state, at))

    def _act(self, change: Callable[[], object], said: str) -> bool:
        """Make a change and show it; where it cannot be saved, say so and change nothing."""
        screen = self.screen
        try:
            change()
        except WriteError as error:
            screen.error = error
            screen.relayout()
            screen.refresh_chrome()
            return False
        screen.saved_at = time.strftime("%H:%M")
        screen.status = said
        screen.show_decisions()
        return True
