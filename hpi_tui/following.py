"""Following, as the screen sees it: switched on and off, its news shown without disturbing who is reading.

The cursor stays on its trial, and so do selection, filter, order and decisions; what is new is told in the header, a
source that cannot be read in one line above the panes. What was read once stays on the screen whatever happens to it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hpi_core.numerals import plural
from hpi_core.text import safe
from hpi_tui.follow_turns import Arrangement, Fallen, GrownRows, Inspected, Order, Source
from hpi_tui.preferences import FollowWish
from hpi_tui.state import carried
from hpi_tui.tables import SweepTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from hpi_core.following.difference import Difference
    from hpi_core.following.watch import Look
    from hpi_tui.follow_turns import Told
    from hpi_tui.screens.main import MainScreen

_LOOKED_AT = 50  # new values by which it is told whether a column still fits


@dataclass(frozen=True)
class Followed:
    """What the header says: when the source last moved (hours, minutes, seconds), and how many trials came since."""

    moved_at: str = ""
    new: int = 0


class Following:
    """Follows the source of the main screen while the person wants it."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self.source: Source | None = None
        self.wish = FollowWish()
        self.now: Followed | None = None
        self.trouble = ""
        self._seen: Look | None = None
        self._wanted = False
        self._away: str | None = None
        self._left_at = -1

    @property
    def on(self) -> bool:
        """Whether the source is followed, or will be once it is read."""
        return self.now is not None

    @property
    def look(self) -> Callable[[], Look] | None:
        """Return what looks at the source before it is read; None where it cannot be followed."""
        source = self.source
        return None if source is None else lambda: source.watch().look()

    def open(self, source: Source, wish: FollowWish) -> None:
        """Say what may be followed, and how; at once where that is wished for."""
        self.source, self.wish = source, wish
        if wish.at_once:
            self.now = Followed()

    def toggle(self) -> str:
        """Begin to follow, or stop; returns what to say of it."""
        if self.on:
            self.stop()
            return "Not following any more: R reads the source again."
        refusal = "This source cannot be followed." if self.source is None else self.source.refusal()
        if refusal:
            return refusal
        self.now = Followed()
        self.begin()
        return "Following: what is appended to the source appears by itself.  ^f or Esc stops."

    def stop(self) -> None:
        """Stop to follow; what is shown stays."""
        self.screen.jobs.stop_following()
        self.now, self.trouble = None, ""
        self.screen.relayout()

    def begin(self) -> None:
        """Follow from what is on the screen, where the person wants it and nothing else is reading or inspecting."""
        screen = self.screen
        if self.now is None or self.source is None or screen.table is None or screen.progress or screen.inspecting:
            return
        if refusal := self.source.refusal():
            self.now, screen.status = None, refusal
            return
        screen.touched = True  # from now on the cursor goes where the person moves it
        order = Order(
            self.source, screen.table.sweep, self._seen, screen.overrides, screen.complete, self.wish.rhythm,
            self._arrangement,
        )  # fmt: skip
        screen.jobs.follow(order)

    def pause(self) -> None:
        """Stop while the source is read in another way; `begin()` goes on."""
        self.screen.jobs.stop_following()
        self.trouble = ""

    def loaded(self, seen: Look | None) -> None:
        """Take what the files were like before they were read."""
        self._seen = seen

    def take(self, told: Told) -> None:
        """Show a piece of news."""
        from hpi_core.following.follower import Lost, Unreadable

        at = time.strftime("%H:%M:%S")
        if isinstance(told, GrownRows):
            self._grew(told, at)
        elif isinstance(told, Inspected):
            self._inspected(told)
        elif isinstance(told, Lost):
            self._say_trouble(f"{safe(told.name, 60)} is not there any more: what was read of it stays, and it is "
                              "looked for.")  # fmt: skip
        elif isinstance(told, Unreadable):
            self._say_trouble(f"{told.error.message} What was read before stays, and it is tried again.")
        else:
            self._say_trouble("")

    # What is shown

    def _grew(self, grown: GrownRows, at: str) -> None:
        screen, found = self.screen, grown.difference
        if screen.table is None or self.now is None:
            return
        self.trouble = ""
        self.now = Followed(at, self.now.new + len(found.new))
        if said := _happened(grown):
            screen.status = said
        self._tell_fallen(grown.fallen)
        self._replace_sweep(grown)
        if screen.arranging or _asked(self._arrangement()) != _asked(grown.arrangement):
            screen.rearrange()

    def _replace_sweep(self, grown: GrownRows) -> None:
        """Put a later reading of the source on the screen: everything chosen stays with its trial."""
        from hpi_tui.desk import Desk

        screen, found, sweep = self.screen, grown.difference, grown.sweep
        old = screen.table
        assert old is not None
        wanted = self._where_now(grown)
        screen.state = replace(carried(screen.state, found.place), total=sweep.trials.height)
        screen.standing = grown.standing
        if screen.desk is not None:
            screen.desk = Desk(screen.desk.decisions, grown.keys)
        screen.typical = grown.typical
        table = SweepTable(sweep, grown.view, grown.best, grown.standing, screen.decided, like=old)
        table.keep_fitting(old, [*found.new[-_LOOKED_AT:].tolist(), *found.changed[-_LOOKED_AT:].tolist()])
        screen.table, screen.wanted_row = table, wanted
        screen.refresh_queue()
        screen.show_table(table)
        self._left_at = screen.state.cursor

    def _where_now(self, grown: GrownRows) -> int | None:
        """Return the row of the trial under the cursor; also of one that was away while its file was written anew."""
        screen = self.screen
        here = screen.cursor.row_here()
        there = None if here is None else grown.difference.place(here)
        if self._away is not None and screen.state.cursor == self._left_at:
            found = grown.sweep.trial_ids().eq(self._away).arg_true()
            there = int(found[0]) if len(found) else there
        elif there is not None:
            self._away = None
        if there is None and here is not None and screen.table is not None:
            self._away = str(screen.table.sweep.trial_ids()[here])
        return there

    def _inspected(self, told: Inspected) -> None:
        screen = self.screen
        screen.standing = told.standing
        if told.notes:
            screen.status = "  ".join(told.notes)
        self._tell_fallen(told.fallen)
        screen.show_standing()

    def _tell_fallen(self, fallen: Fallen) -> None:
        """Name the trials that became sick, and call the person where that was asked for."""
        if not fallen.count:
            return
        named = ", ".join(safe(name, 40) for name in fallen.names)
        more = f" and {fallen.count - len(fallen.names):,} more" if fallen.count > len(fallen.names) else ""
        self.screen.status = said = f"{plural(fallen.count, 'new sick trial')}: {named}{more}."
        if self.wish.call == "bell":
            self.screen.app.bell()
        elif self.wish.call == "notify":
            driver = self.screen.app._driver
            if driver is not None:
                driver.write(f"\x1b]9;hpi: {safe(self.screen.source_name, 40)}: {safe(said, 120)}\x07")

    def _say_trouble(self, said: str) -> None:
        self.trouble = said
        self.screen.relayout()
        self.screen.refresh_chrome()

    def _arrangement(self) -> Arrangement:
        """Return what a worker needs to arrange rows as they are on the screen; called from its thread."""
        state = self.screen.state
        return Arrangement(state.filter, state.sorts, state.grouped, self.screen.standing, dict(self.screen.decided))


def told_after_reload(found: Difference, trials: int, *, same: bool) -> str:
    """Return what to say after a source was read again."""
    if found.nothing and same:
        return f"Nothing has changed: {plural(trials, 'trial')}."
    counts = ((len(found.new), "new"), (len(found.changed), "changed"), (found.gone, "gone"))
    parts = [f"{count:,} {word}" for count, word in counts if count]
    if found.points:
        parts.append(f"{abs(found.points):,} {'more' if found.points > 0 else 'fewer'} points of curves")
    return f"Read again: {plural(trials, 'trial')}, {', '.join(parts) or 'none new'}."


def _happened(grown: GrownRows) -> str:
    """Say what happened to the files, where more than appending did; empty otherwise."""
    found, trials = grown.difference, grown.sweep.trials.height
    what = {"replaced": "was replaced by another file", "shorter": "became shorter"}.get(grown.kind)
    if what is None and found.gone:
        what = "was written anew"
    if what is None:
        return ""
    gone = f", {found.gone:,} gone" if found.gone else ""
    return f"{safe(grown.name, 60)} {what} and was read anew: {plural(trials, 'trial')}{gone}."


def _asked(arrangement: Arrangement) -> tuple[object, ...]:
    return arrangement.filter, arrangement.sorts, arrangement.grouped
