"""What the next space is argued from: the healthy trials, the best of them, and how each parameter lies among them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.detectors.repetition import repeats_of
from hpi_core.importance.outcomes import chosen_metric, groups_of, outcome_of
from hpi_core.inspection.best_results import best_results
from hpi_core.statistics.columns import parameter_of
from hpi_core.statistics.variance_share import ranks_within

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection
    from hpi_core.statistics.inputs import Booleans, Floats, Integers, Parameter
    from hpi_core.statistics.repeats import Repeats

TOP_SHARE = 0.2
LEAST_TOP = 5


@dataclass(frozen=True, eq=False)
class Evidence:
    """One entry per trial.

    Attributes:
        healthy: finished, with a finite result, not sick.
        leading: the three best, which the next experiment repeats; none where the sweep mixes several.
        top: the best fifth of these (at least five), within groups where the sweep mixes several.
        result: the healthy trials' ranks (0 best), NaN elsewhere.
        broken: sick with something that leaves no usable result.
        groups: which of several mixed sweeps a trial belongs to, all 0 where it is one.
        parameters: the hyperparameters as arrays, and the column of these groups.
        log: name -> whether its scale is logarithmic.
        repeats: which trials repeat a configuration, None where none do.
    """

    healthy: Booleans
    leading: Booleans
    top: Booleans
    result: Floats
    broken: Booleans
    groups: Integers
    parameters: dict[str, Parameter]
    log: dict[str, bool]
    repeats: Repeats | None

    def homes(self) -> list[Booleans]:
        """Return the `top` of every one of several mixed sweeps that has at least five of them."""
        counts = np.bincount(self.groups[self.top], minlength=1)
        return [self.top & (self.groups == group) for group in np.flatnonzero(counts >= LEAST_TOP)]

    def values(self, name: str) -> Floats:
        """Return a numeric parameter on its own scale (logarithms of a logarithmic one), NaN where it has no place."""
        parameter = self.parameters[name]
        numbers = np.asarray(parameter.values, dtype=np.float64)
        if not self.log[name]:
            return np.where(parameter.missing | ~np.isfinite(numbers), np.nan, numbers)
        usable = ~parameter.missing & np.isfinite(numbers) & (numbers > 0)
        return np.where(usable, np.log(np.where(usable, numbers, 1.0)), np.nan)


def gather(inspection: Inspection) -> Evidence:
    """Return the evidence of an inspection; without an objective no trial is one of the best."""
    sweep = inspection.sweep
    n = sweep.trials.height
    told = sweep.roles.hyperparameters
    parameters = {item.name: parameter_of(sweep.trials[item.name], item.kind) for item in told}
    if sweep.roles.group is not None:
        parameters.setdefault(sweep.roles.group, parameter_of(sweep.trials[sweep.roles.group], "categorical"))
    sick = inspection.sick.to_numpy().astype(np.bool_)
    result = np.full(n, np.nan)
    broken = np.zeros(n, dtype=np.bool_)
    asked = chosen_metric(sweep, None, None)
    if asked is not None:
        outcome = outcome_of(sweep, *asked)
        broken = np.isposinf(outcome.badness) | (sick & np.isnan(outcome.badness))
        healthy = outcome.usable & np.isfinite(outcome.badness) & ~sick
        result[healthy] = ranks_within(outcome.badness[healthy], groups_of(sweep)[healthy])
    healthy = ~np.isnan(result)
    top = np.zeros(n, dtype=np.bool_)
    if healthy.any():
        wanted = min(int(healthy.sum()), max(LEAST_TOP, math.ceil(TOP_SHARE * healthy.sum())))
        top[np.argsort(np.where(healthy, result, np.inf), kind="stable")[:wanted]] = True
    leading = best_results(sweep, inspection.sick).leading
    log = {item.name: item.scale == "log" for item in told}
    return Evidence(healthy, leading, top, result, broken, groups_of(sweep), parameters, log, repeats_of(sweep))
