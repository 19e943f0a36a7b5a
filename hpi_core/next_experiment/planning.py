"""plan_next(): from an inspection to the next experiment.

In this order: cut at causes, expand at crowded ends (never across a cut), shrink to the best, drop values, fix what
does not matter. Then the configurations: a spread over the new space, repetitions of the best, a probe above each cut.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from hpi_core.inspection.caveats import beyond_issues
from hpi_core.inspection.recommendations import BOOKKEEPING, argues_for_a_cut, costs_the_best
from hpi_core.next_experiment.design import design
from hpi_core.next_experiment.evidence import Evidence, gather
from hpi_core.next_experiment.model import Change, Dimension, Plan
from hpi_core.next_experiment.rules import cut, drop_levels, expand, fix, holds, shrink, shrink_p, watch
from hpi_core.next_experiment.space import in_words, searched_space
from hpi_core.numerals import typeset
from hpi_core.statistics.boundaries import Boundary, crowded_boundaries
from hpi_core.statistics.intervals import discovery_rates

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection
    from hpi_core.statistics.findings import Cause

TRIALS = 32
_MOST_Q = 0.05
# A parameter is fixed only where this many trials per parameter say that it does not matter.
_TRIALS_PER_PARAMETER = 10
Sampler = Literal["sobol", "tpe"]


@dataclass
class Draft:
    """The space while it is being changed: current dimensions, reasons so far, and the cuts that were made."""

    dimensions: dict[str, Dimension]
    changes: list[Change] = field(default_factory=list)
    cuts: list[tuple[Dimension, Cause]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def plan_next(
    inspection: Inspection, *, trials: int = TRIALS, seed: int = 0, repeats: int = 2, sampler: Sampler = "sobol"
) -> Plan:
    """Return the next experiment.

    Args:
        inspection: of the sweep so far.
        trials: how many configurations to spread over the new space.
        seed: of the spread; the same plan for the same sweep and seed.
        repeats: how often each of the best three trials is repeated.
        sampler: `sobol` (scrambled Sobol points), or `tpe` (Optuna's sampler, fed with the trials so far).

    Raises:
        UsageError: `tpe`, and Optuna is not installed.
    """
    sweep = inspection.sweep
    space, notes = searched_space(sweep)
    draft = Draft({dimension.name: dimension for dimension in space}, notes=notes)
    evidence = gather(inspection)
    crowded = _crowded(evidence, draft)
    _cut(draft, inspection, evidence)
    _expand(draft, crowded)
    _shrink(draft, evidence, crowded)
    remaining = _remaining(draft, inspection, evidence)
    for dimension in list(draft.dimensions.values()):
        _apply(draft, drop_levels(dimension, remaining))
    _fix(draft, inspection, evidence)
    _watch(draft, inspection)
    _explain(draft, inspection)
    objective = sweep.roles.objective
    dimensions = tuple(draft.dimensions.values())
    return Plan(
        source=sweep.source.name,
        metric=objective.metric if objective else None,
        direction=objective.direction if objective else None,
        dimensions=dimensions,
        changes=tuple(_in_order(draft, space)),
        configurations=tuple(design(inspection, dimensions, draft.cuts, trials, repeats, seed, sampler, draft.notes)),
        notes=tuple(dict.fromkeys([*draft.notes, *beyond_issues(inspection)])),
        seed_column=sweep.roles.seed,
    )


def _apply(draft: Draft, done: list[tuple[Dimension, Change]]) -> None:
    for dimension, change in done:
        draft.dimensions[dimension.name] = dimension
        draft.changes.append(change)


def _crowded(evidence: Evidence, draft: Draft) -> list[Boundary]:
    names = [name for name in evidence.parameters if name in draft.dimensions]
    found, _looked = crowded_boundaries(
        [evidence.parameters[name] for name in names], [evidence.log[name] for name in names], evidence.result,
        evidence.broken, repeats=evidence.repeats,
    )  # fmt: skip
    return found


def _cut(draft: Draft, inspection: Inspection, evidence: Evidence) -> None:
    severity = {issue.issue: issue.severity for issue in inspection.issues}
    told = list(zip(inspection.causes, inspection.best_within, strict=True))
    for dimension in list(draft.dimensions.values()):
        own = [
            cause
            for cause, best in told
            if cause.parameter == dimension.name
            and argues_for_a_cut(cause)
            and (severity[cause.issue] == "error" or not costs_the_best(cause, severity[cause.issue], best))
        ]
        before = dimension
        for after, change in cut(dimension, own, evidence):
            _apply(draft, [(after, change)])
            if change.action == "cut":
                cause = next(c for c in own if change.rationale.startswith(f"{typeset(c.text)}:"))
                draft.cuts.append((before, cause))
    for cause in inspection.causes:
        if cause.environment and cause.rate >= 0.25:
            draft.notes.append(f"{cause.text} goes with {cause.issue}: keep it out of the next sweep.")


def _sides_cut(draft: Draft, name: str) -> set[str]:
    kinds = {cause.kind for dimension, cause in draft.cuts if dimension.name == name}
    return {side for kind, side in (("above", "high"), ("below", "low")) if kind in kinds}


def _expand(draft: Draft, crowded: list[Boundary]) -> None:
    for boundary in crowded:
        if boundary.side not in _sides_cut(draft, boundary.parameter):
            made = expand(draft.dimensions[boundary.parameter], boundary)
            _apply(draft, [made] if made else [])


def _shrink(draft: Draft, evidence: Evidence, crowded: list[Boundary]) -> None:
    tested = [(d, p) for d in draft.dimensions.values() if (p := shrink_p(d, evidence)) is not None]
    if not tested:
        return
    q, _ = discovery_rates(np.array([math.log10(max(p, 1e-300)) for _, p in tested]))
    for (dimension, _p), rate in zip(tested, q, strict=True):
        if rate <= _MOST_Q:
            kept = {b.side for b in crowded if b.parameter == dimension.name}
            made = shrink(dimension, evidence, float(rate), {str(side) for side in kept})
            _apply(draft, [made] if made else [])


def _remaining(draft: Draft, inspection: Inspection, evidence: Evidence) -> Evidence:
    """Return the evidence of the trials in the space that is left, off the machines that are to blame.

    What is wrong with a value because of another one that goes is no reason to drop it.
    """
    inside = np.ones(len(evidence.healthy), dtype=np.bool_)
    for change in draft.changes:
        if change.action in ("cut", "drop"):
            inside &= holds(draft.dimensions[change.parameter], evidence)
    for cause in inspection.causes:
        if cause.environment and cause.values:
            words = inspection.sweep.trials[cause.parameter].cast(pl.String)
            inside &= ~words.is_in(list(cause.values)).fill_null(False).to_numpy()
    return replace(
        evidence, healthy=evidence.healthy & inside, top=evidence.top & inside, broken=evidence.broken & inside
    )


def _fix(draft: Draft, inspection: Inspection, evidence: Evidence) -> None:
    weighing = inspection.weighing
    told = len(inspection.sweep.roles.hyperparameters)
    if weighing.ranked < _TRIALS_PER_PARAMETER * told:
        return
    matters = {entry.parameter for entry in weighing.entries if entry.matters}
    matters |= {cause.parameter for cause in inspection.causes}
    matters |= {name for pair in weighing.interactions for name in (pair.first, pair.second)}
    weighed = {entry.parameter for entry in weighing.entries if entry.question == "variance"}
    parents = {d.condition.parent for d in draft.dimensions.values() if d.condition is not None}
    changed = {change.parameter for change in draft.changes}
    if not any(entry.low > entry.noise for entry in weighing.entries if entry.question == "variance"):
        return  # nothing is known to matter surely enough to spend the budget on it alone
    for dimension in list(draft.dimensions.values()):
        if dimension.name in weighed - matters - parents - changed:
            made = fix(dimension, evidence)
            _apply(draft, [made] if made else [])


def _watch(draft: Draft, inspection: Inspection) -> None:
    """Say of every parameter that stays although something is blamed on it why it stays: once, for the surest cause."""
    for cause, best in zip(inspection.causes, inspection.best_within, strict=True):
        changed = {change.parameter for change in draft.changes}
        if cause.parameter in draft.dimensions.keys() - changed and cause.issue not in BOOKKEEPING:
            draft.changes.append(watch(draft.dimensions[cause.parameter], cause, best))


def _explain(draft: Draft, inspection: Inspection) -> None:
    if not inspection.sweep.roles.hyperparameters:
        draft.notes.append("No hyperparameter varies: there is no search space to change.")
    elif inspection.sweep.roles.objective is None or inspection.sweep.roles.objective.direction is None:
        draft.notes.append("The objective or its direction is unknown: only causes of issues change the space.")
    elif not draft.changes:
        draft.notes.append("Nothing speaks for another space: the next trials are spread over the same one.")
    for dimension in draft.dimensions.values():
        if dimension.also:
            draft.notes.append(f"{dimension.name}: {in_words(dimension)}; only the range is on a logarithmic scale.")


def _in_order(draft: Draft, space: list[Dimension]) -> list[Change]:
    """Return the changes by parameter, and a row for every parameter that stays."""
    rows: list[Change] = []
    for dimension in space:
        own = [change for change in draft.changes if change.parameter == dimension.name]
        words = in_words(dimension)
        rows += own or [Change(dimension.name, "keep", words, words, "no evidence for a change", "none")]
    order = {"cut": 0, "drop": 1, "expand": 2, "shrink": 3, "watch": 4, "fix": 5, "keep": 6}
    first = {d.name: min(order[c.action] for c in rows if c.parameter == d.name) for d in space}
    return sorted(rows, key=lambda change: (first[change.parameter], [d.name for d in space].index(change.parameter)))
