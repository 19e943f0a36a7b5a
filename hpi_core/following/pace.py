"""Pace: how often a source is looked at, and how soon it may be read again so that following stays cheap.

Looks come further apart while nothing moves (1, 2, 4 … seconds) and at once closer when something did. Work that took
`cost` seconds of processor time is not done again before `cost / share` seconds have passed, so that a large source is
read seldom and a small one at every look, and neither takes more than `share` of one core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Rhythm:
    """What a person may set.

    Attributes:
        shortest: seconds between looks while the source moves.
        longest: seconds between looks after it has long been still.
        share: the share of one core that reading and inspecting may take together, 0 to 1 (or more, for more cores).
    """

    shortest: float = 1.0
    longest: float = 30.0
    share: float = 0.07


Work = Literal["look", "read", "inspect"]
# How the share is divided.
_PARTS: Mapping[Work, float] = {"look": 0.1, "read": 0.5, "inspect": 0.4}


class Pace:
    """Tells when to look next, and when each kind of work may be done again; `now` is any clock in seconds."""

    def __init__(self, rhythm: Rhythm) -> None:
        self.rhythm = rhythm
        self._interval = rhythm.shortest
        self._due: dict[Work, float] = {}

    def still(self) -> None:
        """Nothing moved: look less often."""
        self._interval = min(self.rhythm.longest, 2 * self._interval)

    def moved(self) -> None:
        """Something moved: look often again."""
        self._interval = self.rhythm.shortest

    def spent(self, work: Work, cost: float, now: float) -> None:
        """Account for `cost` seconds of processor time that a kind of work took until now."""
        self._due[work] = now + cost / (self.rhythm.share * _PARTS[work])

    def owed(self, work: Work, cost: float) -> None:
        """Account for more that the same work brought with it."""
        self._due[work] = self._due.get(work, 0.0) + cost / (self.rhythm.share * _PARTS[work])

    def may(self, work: Work, now: float) -> bool:
        """Whether a kind of work may be done again."""
        return now >= self._due.get(work, 0.0)

    def wait(self, now: float, *pending: Work) -> float:
        """Return the seconds until the next turn: that of the next look, or of work that waits for its time."""
        soonest = min([self._interval, *(self._due.get(work, 0.0) - now for work in pending)])
        return max(soonest, self._due.get("look", 0.0) - now, self.rhythm.shortest / 10)
