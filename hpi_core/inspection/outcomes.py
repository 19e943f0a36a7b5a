"""Outcomes of the objective: the worst and the best tenth of the trials that are not sick.

They are searched for causes like issues, so that a sweep without sick trials still gets an answer, and told apart from
them: a range that makes results bad is no illness. Sick trials are left out on both sides; what makes those is told by
the issues, and what kills trials must not look as if it protected the rest.
"""

from __future__ import annotations

import math
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


def objective_outcomes(sweep: Sweep, sick: pl.Series) -> list[Issue]:
    """Return the worst and the best results as outcomes; none where they cannot be told.

    Args:
        sweep: the sweep.
        sick: Boolean, one per trial.

    Compared are finished trials that are not sick and have a finite objective, at least twenty. An outcome is the tenth
    at one end of them, at least five, with what ties with its last; none where ties make it more than a quarter. Where
    several sweeps were mixed into one, it is the tenth of each.
    """
    objective = sweep.roles.objective
    if objective is None or objective.direction is None or objective.metric not in sweep.trials.columns:
        return []
    values = sweep.trials[objective.metric].cast(pl.Float64, strict=False)
    finished = sweep.trials[frames.STATUS].is_in(FINISHED)
    compared = (finished & values.is_finite() & ~sick).fill_null(False).to_numpy().copy()
    compared[sorted(sweep.incomplete)] = False
    badness = values.to_numpy() if objective.direction == "min" else -values.to_numpy()
    parts = [compared & part for part in _parts(sweep)]
    found = []
    for name, turned in ((WORST, badness), (BEST, -badness)):
        members = [_end_of(turned, part) for part in parts]
        judged = [(part, end) for part, end in zip(parts, members, strict=True) if end is not None]
        if judged:
            assessable = np.logical_or.reduce([part for part, _ in judged])
            found.append(Issue(name, np.logical_or.reduce([end for _, end in judged]), assessable))
    return found


def _parts(sweep: Sweep) -> list[Booleans]:
    """Return the trials whose results can be compared: all, or those of each of the sweeps mixed into this one."""
    name = sweep.roles.group
    if name is None or not 2 <= sweep.trials[name].n_unique() <= MOST_GROUPS:
        return [np.ones(sweep.trials.height, dtype=np.bool_)]
    group = sweep.trials[name].cast(pl.String).fill_null("").to_physical()
    return [(group == word).to_numpy() for word in group.unique().sort()]


def _end_of(turned: Floats, compared: Booleans) -> Booleans | None:
    """Return the tenth with the largest numbers of the compared trials, None where it cannot be told."""
    n = int(compared.sum())
    if n < _LEAST_TRIALS:
        return None
    wanted = max(_LEAST, math.ceil(SHARE * n))
    edge = np.partition(turned[compared], n - wanted)[n - wanted]
    with np.errstate(invalid="ignore"):
        end: Booleans = compared & (turned >= edge)
    return end if end.sum() <= _MOST * n else None
