"""Outcomes of the objective: the worst and the best tenth of the trials that are not sick.

They are searched for causes like issues, so that a sweep without sick trials still gets an answer, and told apart from
them: a range that makes results bad is no illness. Sick trials are left out on both sides; what makes those is told by
the issues, and what kills trials must not look as if it protected the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.inspection.ranking import FINISHED
from hpi_core.statistics.inputs import MOST_GROUPS, Booleans, Floats, Issue

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep

WORST, BEST = "worst_results", "best_results"
SHARE = 0.1
_LEAST = 5
_LEAST_TRIALS = 20
# A tied value at the edge may make an outcome larger than a tenth; beyond a quarter it says nothing.
_MOST = 0.25


@dataclass(frozen=True)
class OutcomeSize:
    """How many results are the worst or the best tenth, and why they are more than a tenth or cannot be told.

    Attributes:
        outcome: `worst_results` or `best_results`.
        compared: trials that were compared.
        wanted: how many of them are a tenth, at least five.
        members: how many belong to it, with what ties with its last; 0 where it cannot be told.
        tied: how many have the very result at its edge.
        edge: that result; None where every one of several sweeps has its own.
        told: whether it can be told: at least twenty compared trials, and ties do not make it more than a quarter.
    """

    outcome: str
    compared: int
    wanted: int
    members: int
    tied: int
    edge: float | None
    told: bool


def objective_outcomes(sweep: Sweep, sick: pl.Series) -> list[Issue]:
    """Return the worst and the best results as outcomes; none where they cannot be told.

    Args:
        sweep: the sweep.
        sick: Boolean, one per trial.

    Compared are finished trials that are not sick and have a finite objective, at least twenty. An outcome is the tenth
    at one end of them, at least five, with what ties with its last; none where ties make it more than a quarter. Where
    several sweeps were mixed into one, it is the tenth of each.
    """
    found = []
    for name, ends in _ends(sweep, sick):
        told = [end for end in ends if end.told]
        if told:
            assessable = np.logical_or.reduce([end.compared for end in told])
            found.append(Issue(name, np.logical_or.reduce([end.members for end in told]), assessable))
    return found


def outcome_sizes(sweep: Sweep, sick: pl.Series) -> list[OutcomeSize]:
    """Return how large each outcome is; none where no objective is known. Arguments as of `objective_outcomes`."""
    sizes = []
    for name, ends in _ends(sweep, sick):
        told = [end for end in ends if end.told]
        counted = told or ends
        edges = {end.edge for end in counted}
        sizes.append(
            OutcomeSize(
                outcome=name,
                compared=sum(int(end.compared.sum()) for end in counted),
                wanted=sum(end.wanted for end in counted),
                members=sum(int(end.members.sum()) for end in told),
                tied=sum(end.tied for end in counted),
                edge=edges.pop() if len(edges) == 1 else None,
                told=bool(told),
            )
        )
    return sizes


@dataclass(frozen=True, eq=False)
class _End:
    """One end of the results of one sweep: which trials are compared, and which of them are at that end."""

    compared: Booleans
    members: Booleans
    wanted: int
    tied: int
    edge: float | None

    @property
    def told(self) -> bool:
        """Whether there are enough trials, and ties do not make it more than a quarter of them."""
        return self.edge is not None and int(self.members.sum()) <= _MOST * int(self.compared.sum())


def _ends(sweep: Sweep, sick: pl.Series) -> list[tuple[str, list[_End]]]:
    """Return both ends of the results of every sweep that was mixed into this one."""
    objective = sweep.roles.objective
    if objective is None or objective.direction is None or objective.metric not in sweep.trials.columns:
        return []
    values = sweep.trials[objective.metric].cast(pl.Float64, strict=False)
    finished = sweep.trials[frames.STATUS].is_in(FINISHED)
    compared = (finished & values.is_finite() & ~sick).fill_null(False).to_numpy().copy()
    compared[sorted(sweep.incomplete)] = False
    numbers = values.to_numpy()
    upward = objective.direction == "min"
    parts = [compared & part for part in _parts(sweep)]
    return [
        (name, [_end_of(numbers, part, high) for part in parts]) for name, high in ((WORST, upward), (BEST, not upward))
    ]


def _parts(sweep: Sweep) -> list[Booleans]:
    """Return the trials whose results can be compared: all, or those of each of the sweeps mixed into this one."""
    name = sweep.roles.group
    if name is None or not 2 <= sweep.trials[name].n_unique() <= MOST_GROUPS:
        return [np.ones(sweep.trials.height, dtype=np.bool_)]
    group = sweep.trials[name].cast(pl.String).fill_null("").to_physical()
    return [(group == word).to_numpy() for word in group.unique().sort()]


def _end_of(values: Floats, compared: Booleans, high: bool) -> _End:
    """Return the tenth with the largest or the smallest of the compared results."""
    n = int(compared.sum())
    wanted = max(_LEAST, math.ceil(SHARE * n))
    if n < _LEAST_TRIALS:
        return _End(compared, np.zeros_like(compared), wanted, 0, None)
    place = n - wanted if high else wanted - 1
    edge = float(np.partition(values[compared], place)[place])
    with np.errstate(invalid="ignore"):
        members: Booleans = compared & ((values >= edge) if high else (values <= edge))
    return _End(compared, members, wanted, int((compared & (values == edge)).sum()), edge)
