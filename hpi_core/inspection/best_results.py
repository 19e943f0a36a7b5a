"""Where the best results lie: before a range is left out, how many of them would go with it.

A range that makes some trials sick may hold the best of the others. What only spoils a curve is then no reason to give
it up; what leaves no result is, unless most of the best would be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpi_core.errors import FilterError
from hpi_core.filter import parse
from hpi_core.inspection.outcomes import BEST, objective_outcomes

if TYPE_CHECKING:
    import polars as pl

    from hpi_core.statistics.findings import Cause
    from hpi_core.sweep import Sweep


@dataclass(frozen=True)
class BestWithin:
    """How many of the compared trials (finished, not sick, of finite objective) and of the best tenth lie in a range.

    All are 0 where the best, or the range, cannot be told.
    """

    best: int = 0
    best_there: int = 0
    compared: int = 0
    compared_there: int = 0

    @property
    def most(self) -> bool:
        """Whether more than half of the best lie there."""
        return 2 * self.best_there > self.best

    @property
    def at_home(self) -> bool:
        """Whether the best are there at least as often as the others that are compared."""
        return self.best_there > 0 and self.best_there * self.compared >= self.best * self.compared_there


def best_within(sweep: Sweep, sick: pl.Series, causes: Sequence[Cause]) -> tuple[BestWithin, ...]:
    """Return for every cause how many of the best results lie in its range.

    Args:
        sweep: the sweep.
        sick: Boolean, one per trial.
        causes: what is blamed.
    """
    best = next((outcome for outcome in objective_outcomes(sweep, sick) if outcome.id == BEST), None)
    if best is None or not causes:
        return tuple(BestWithin() for _ in causes)
    found = []
    for cause in causes:
        try:
            there = parse(cause.text).mask(sweep).to_numpy()
        except FilterError:  # values that a filter cannot compare, such as lists
            found.append(BestWithin())
            continue
        found.append(
            BestWithin(
                int(best.sick.sum()), int((best.sick & there).sum()),
                int(best.assessable.sum()), int((best.assessable & there).sum()),
            )
        )  # fmt: skip
    return tuple(found)
