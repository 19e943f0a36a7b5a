"""Follower: takes the turns of following one source: look, read what moved, judge it, and tell what is new.

It starts no thread and knows no screen: who follows calls `turn()` after every `wait()` seconds and takes the news.
Reading and judging are each done as seldom as the share of one core they may take asks for; nothing is missed by that,
only told later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from hpi_core.errors import Cancelled, HpiError
from hpi_core.following.difference import Difference, difference
from hpi_core.following.growing import GrowingTables
from hpi_core.following.pace import Pace, Rhythm, Work
from hpi_core.following.watch import Look, Moved, Watch
from hpi_core.sweep import Sweep

Judgement = TypeVar("Judgement")
# What shows the news may cost so many times what reading them did; more is the work of the person's own keys.
_AFTERMATH = 2.0
_SMALL = 0.1


@dataclass(frozen=True, eq=False)
class Grew:
    """The source was read again and is different; `moved` says what happened to its files."""

    sweep: Sweep
    difference: Difference
    moved: Moved


@dataclass(frozen=True)
class Lost:
    """A file or folder that the person named is not there any more; what was read of it stands."""

    name: str


@dataclass(frozen=True)
class Unreadable:
    """The source moved and cannot be read as it is now; what was read before stands, and it is tried again."""

    error: HpiError


@dataclass(frozen=True)
class Back:
    """The source is there again, or can be read again, and holds what it held."""


@dataclass(frozen=True, eq=False)
class Judged(Generic[Judgement]):
    """The sweep that was told of last was judged as a whole."""

    judgement: Judgement


News = Grew | Lost | Unreadable | Back | Judged[Judgement]


class Follower(Generic[Judgement]):
    """Follows one source from what was read of it.

    Args:
        watch: sees what moves.
        tables: the kept tables of `read`.
        read: reads the source through `tables`; raises HpiError.
        judge: inspects a sweep; raises HpiError.
        sweep: what was read of the source so far.
        rhythm: how often to look, and the share of one core.
        seen: what the files were like before `sweep` was read; None where nobody looked.
        clock, cpu: seconds that pass, and seconds of processor time this process has taken.
    """

    def __init__(
        self,
        watch: Watch,
        tables: GrowingTables,
        read: Callable[[], Sweep],
        judge: Callable[[Sweep], Judgement],
        sweep: Sweep,
        rhythm: Rhythm,
        *,
        seen: Look | None = None,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self.sweep = sweep
        self._watch, self._tables, self._read, self._judge = watch, tables, read, judge
        self._pace = Pace(rhythm)
        self._clock, self._cpu = clock, cpu
        self._seen = self._latest = seen
        self._unjudged = self._waiting = self._lost = self._settling = self._compared = False
        self._refused = ""
        self._last: tuple[Work, float, float] | None = None

    def wait(self) -> float:
        """Return the seconds until the next turn."""
        pending: list[Work] = ["inspect"] if self._unjudged else []
        if self._waiting:
            pending.append("read")
        return self._pace.wait(self._clock(), *pending)

    def turn(self) -> Iterator[News[Judgement]]:
        """Look once, and yield what is new as soon as it is known; an asker that stops listening stops the work."""
        self._settle_accounts()
        try:
            yield from self._look()
            if self._unjudged and self._pace.may("inspect", self._clock()):
                started = self._cpu()
                judgement = self._judge(self.sweep)
                self._unjudged = False
                self._paid("inspect", started)
                yield Judged(judgement)
        except Cancelled:
            return
        except HpiError:
            self._unjudged = False  # it would fail again until the source is another one

    def _look(self) -> Iterator[News[Judgement]]:
        started = self._cpu()
        look = self._watch.look()
        self._pace.spent("look", self._cpu() - started, self._clock())
        if look == self._latest:
            self._pace.still()
        else:
            self._pace.moved()
        self._latest = look
        # Who does not know what the files were like when they were read reads them once more.
        anything = Moved("changed", self.sweep.source.name)
        moved = anything if self._seen is None else self._seen.moved_to(look)
        if look.missing:
            if self._settling and not self._lost:  # a file that is written anew may be away for a moment
                self._lost = True
                yield Lost(moved.name if moved is not None else look.missing[0])
            self._settling = True
        elif moved is None and not self._refused and not self._lost:
            self._settling = self._waiting = False
            yield from self._compare()
        elif moved is not None and moved.kind == "shorter" and not self._settling:
            self._settling = True  # it is perhaps being written anew: it gets one more turn
        elif self._pace.may("read", self._clock()):
            yield from self._read_again(look, moved or anything)
        else:
            self._waiting = True

    def _read_again(self, look: Look, moved: Moved) -> Iterator[News[Judgement]]:
        started = self._cpu()
        self._waiting = False
        again = self._lost or bool(self._refused)
        try:
            sweep = self._read()
        except Cancelled:
            raise
        except HpiError as error:
            self._paid("read", started)
            if str(error) != self._refused:
                self._refused = str(error)
                yield Unreadable(error)
            return
        found = difference(self.sweep, sweep)
        same = found.nothing and self.sweep.ledger.height == sweep.ledger.height
        self._seen, self._refused = look, ""
        self._lost = self._settling = self._compared = False
        self._paid("read", started)
        if not same:
            self.sweep = sweep
            self._unjudged = True
            yield Grew(sweep, found, moved)
        elif again:
            yield Back()

    def _compare(self) -> Iterator[News[Judgement]]:
        """Once at rest, compare large files with all that was read of them: one may have been changed in its middle."""
        if self._compared or self._seen is None or not self._pace.may("read", self._clock()):
            return
        self._compared = True
        started = self._cpu()
        as_read = self._tables.is_as_read()
        self._paid("read", started)
        if not as_read:
            self._tables.forget()
            yield from self._read_again(self._seen, Moved("changed", self.sweep.source.name))

    def _paid(self, work: Work, started: float) -> None:
        now, cost = self._clock(), self._cpu() - started
        self._pace.spent(work, cost, now)
        self._last = (work, cost, self._cpu())

    def _settle_accounts(self) -> None:
        """Add what the app took to show the last news to what they cost."""
        if self._last is not None:
            work, cost, before = self._last
            self._pace.owed(work, min(self._cpu() - before, _AFTERMATH * cost + _SMALL))
            self._last = None
