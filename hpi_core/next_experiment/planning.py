"""plan_next(): from an inspection to the next experiment.

In this order: carry out what is done about causes (cut, avoid together, watch), leave out what follows from other
parameters, expand at crowded ends (never across a cut), shrink to the best, drop values, fix what does not matter. Then
the configurations: a spread over the new space, repetitions of the best, a probe above each cut.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from hpi_core.inspection.best_results import inside
from hpi_core.inspection.caveats import beyond_issues
from hpi_core.next_experiment.answers import Cut, answer, watched
from hpi_core.next_experiment.cutting import holds, lies_in
from hpi_core.next_experiment.design import design
from hpi_core.next_experiment.evidence import Evidence, gather
from hpi_core.next_experiment.following import find_relations
from hpi_core.next_experiment.model import Change, Dimension, Exclusion, Plan, Value
from hpi_core.next_experiment.relations import Relation
from hpi_core.next_experiment.rules import drop_levels, expand, fix, shrink, shrink_p
from hpi_core.next_experiment.space import in_words, listed, searched_space
from hpi_core.next_experiment.surroundings import Surroundings, surroundings
from hpi_core.numerals import percent
from hpi_core.statistics.boundaries import Boundary, crowded_boundaries
from hpi_core.statistics.intervals import discovery_rates

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection

TRIALS = 32
_MOST_Q = 0.05
# So close to the end of a range, as a share of it, trials lie at the end.
_AT_THE_END = 0.05
# A machine is named where so many of its trials are sick.
_MACHINE_RATE = 0.25
_ORDER = ("cut", "avoid", "drop", "expand", "shrink", "watch", "follow", "fix", "keep")
# A parameter is fixed only where this many trials per parameter say that it does not matter.
_TRIALS_PER_PARAMETER = 10
Sampler = Literal["sobol", "tpe"]


@dataclass
class Draft:
    """The space while it is being changed: dimensions, what follows from them, reasons so far, and what was cut."""

    dimensions: dict[str, Dimension]
    relations: tuple[Relation, ...] = ()
    changes: list[Change] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
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
    around, space = surroundings(sweep, space)
    draft = Draft({dimension.name: dimension for dimension in space}, notes=notes)
    evidence = gather(inspection)
    _follow(draft, inspection, evidence, around)
    crowded = _crowded(evidence, draft)
    _respond(draft, inspection)
    _expand(draft, evidence, crowded)
    _shrink(draft, evidence, crowded)
    _drop(draft, inspection, evidence)
    _fix(draft, inspection, evidence)
    _watch(draft, inspection)
    _explain(draft, inspection, around)
    objective = sweep.roles.objective
    plan = Plan(
        source=sweep.source.name,
        metric=objective.metric if objective else None,
        direction=objective.direction if objective else None,
        dimensions=(*around.drawn, *_ordered(draft), *around.constants) if draft.dimensions else (),
        changes=tuple(_in_order(draft, space)),
        configurations=(),
        notes=(),
        seed_column=sweep.roles.seed,
        exclusions=tuple(draft.exclusions),
        relations=draft.relations,
    )
    configurations = design(inspection, plan, draft.cuts, trials, repeats, seed, sampler, draft.notes)
    notes = list(dict.fromkeys([*draft.notes, *beyond_issues(inspection)]))
    return replace(plan, configurations=tuple(configurations), notes=tuple(notes))


def _apply(draft: Draft, done: list[tuple[Dimension, Change]]) -> None:
    for dimension, change in done:
        draft.dimensions[dimension.name] = dimension
        draft.changes.append(change)


def _follow(draft: Draft, inspection: Inspection, evidence: Evidence, around: Surroundings) -> None:
    """Take out of the space what follows from the rest; what is cut or watched is searched itself if possible."""
    blamed = {part.parameter for response in inspection.responses for part in response.region}
    groups = [around.group] if around.group is not None and around.group.kind == "choice" else []
    draft.relations = find_relations(list(draft.dimensions.values()), evidence, blamed, groups)
    for relation in draft.relations:
        dimension = draft.dimensions.pop(relation.name)
        parents = ", ".join(relation.parents)
        to = relation.formula or f"by {parents}"
        if relation.exact:
            why = f"in every trial a function of {parents}"
        else:
            why = f"{percent(relation.share)} of its variance follows from {parents}"
        how = "computed" if relation.known else "not drawn: compute it"
        draft.changes.append(
            Change(
                relation.name, "follow", in_words(dimension), to, (f"{why}, so it is {how} and not searched",), "none"
            )
        )
        if not relation.known:
            draft.notes.append(f"{relation.text}: configurations leave it out, compute it from {parents}.")


def _crowded(evidence: Evidence, draft: Draft) -> list[Boundary]:
    names = [name for name in evidence.parameters if name in draft.dimensions]
    found, _looked = crowded_boundaries(
        [evidence.parameters[name] for name in names], [evidence.log[name] for name in names], evidence.result,
        evidence.broken, repeats=evidence.repeats,
    )  # fmt: skip
    return found


def _respond(draft: Draft, inspection: Inspection) -> None:
    """Carry out what is done about causes."""
    for response in inspection.responses:
        if response.action in ("cut", "avoid"):
            answer(response, inspection, draft)
        leading = inspection.causes[response.causes[0]] if response.causes else None
        if response.action == "take out" and leading is not None and leading.rate >= _MACHINE_RATE:
            draft.notes.append(f"{response.text} goes with {leading.issue}: keep it out of the next sweep.")


def _watch(draft: Draft, inspection: Inspection) -> None:
    """Say of everything that is suspected and stays why it stays."""
    for response in inspection.responses:
        row = watched(response, inspection, draft.dimensions) if response.action in ("watch", "set") else None
        if row is not None:
            draft.changes.append(row)


def _sides_cut(draft: Draft, name: str) -> set[str]:
    kinds = {part.kind for cut in draft.cuts for part in cut.region if len(cut.region) == 1 and part.parameter == name}
    return {side for kind, side in (("above", "high"), ("below", "low")) if kind in kinds}


def _expand(draft: Draft, evidence: Evidence, crowded: list[Boundary]) -> None:
    for boundary in crowded:
        reached = _reached(draft.dimensions[boundary.parameter], evidence, boundary.side)
        if reached and boundary.side not in _sides_cut(draft, boundary.parameter):
            made = expand(draft.dimensions[boundary.parameter], boundary)
            _apply(draft, [made] if made else [])


def _reached(dimension: Dimension, evidence: Evidence, side: str) -> bool:
    """Tell whether trials lie at the end of a range itself, which the source may have told to be farther out."""
    if dimension.kind != "range" or dimension.low is None or dimension.high is None:
        return True
    scaled = evidence.values(dimension.name)
    low, high = (math.log(end) if dimension.log else end for end in (dimension.low, dimension.high))
    gap = high - float(np.nanmax(scaled)) if side == "high" else float(np.nanmin(scaled)) - low
    return gap <= _AT_THE_END * (high - low)


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


def _drop(draft: Draft, inspection: Inspection, evidence: Evidence) -> None:
    remaining = _remaining(draft, inspection, evidence)
    stays = [response.region[0] for response in inspection.responses if response.action == "watch"]
    for dimension in list(draft.dimensions.values()):
        own = [region for region in stays if region.parameter == dimension.name]
        told: list[Value] = [value for value in dimension.values if any(lies_in(value, region) for region in own)]
        made = drop_levels(dimension, remaining, told)
        _apply(draft, [made] if made else [])


def _remaining(draft: Draft, inspection: Inspection, evidence: Evidence) -> Evidence:
    """Return the evidence of the trials in the space that is left, off the machines that are to blame.

    What is wrong with a value because of another one that goes is no reason to drop it.
    """
    sweep = inspection.sweep
    there = np.ones(len(evidence.healthy), dtype=np.bool_)
    for change in draft.changes:
        if change.action in ("cut", "drop") and change.parameter in draft.dimensions:
            there &= holds(draft.dimensions[change.parameter], evidence)
    for exclusion in draft.exclusions:
        there &= ~np.logical_and.reduce([inside(sweep, part) for part in exclusion.region])
    for cause in inspection.causes:
        if cause.environment and cause.values:
            there &= ~inside(sweep, cause)
    return replace(
        evidence, healthy=evidence.healthy & there, top=evidence.top & there, broken=evidence.broken & there,
        leading=evidence.leading & there,
    )  # fmt: skip


def _fix(draft: Draft, inspection: Inspection, evidence: Evidence) -> None:
    weighing = inspection.weighing
    told = len(inspection.sweep.roles.hyperparameters)
    if weighing.ranked < _TRIALS_PER_PARAMETER * told:
        return
    matters = {entry.parameter for entry in weighing.entries if entry.matters}
    matters |= {cause.parameter for cause in inspection.causes}
    matters |= {part.parameter for response in inspection.responses for part in response.region}
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


def _explain(draft: Draft, inspection: Inspection, around: Surroundings) -> None:
    if not inspection.sweep.roles.hyperparameters:
        draft.notes.append("No hyperparameter varies: there is no search space to change.")
    elif inspection.sweep.roles.objective is None or inspection.sweep.roles.objective.direction is None:
        draft.notes.append("The objective or its direction is unknown: only causes of issues change the space.")
    elif not draft.changes:
        draft.notes.append("Nothing speaks for another space: the next trials are spread over the same one.")
    for dimension in draft.dimensions.values():
        if dimension.also:
            draft.notes.append(f"{dimension.name}: {in_words(dimension)}; only the range is on a logarithmic scale.")
    if not draft.dimensions:
        return
    if around.group is not None and around.group.kind == "choice":
        draft.notes.append(f"{around.group.name} stands in every configuration: search each of them on its own.")
    if around.deciding is not None:
        draft.notes.append(
            f"{around.deciding.name} decides which parameters are set, so it stands in every configuration."
        )
    if around.constants:
        told = listed([f"{d.name} = {in_words(d)}" for d in around.constants])
        draft.notes.append(f"As it always was, and in every configuration: {told}.")


def _ordered(draft: Draft) -> tuple[Dimension, ...]:
    """Return the dimensions with those that give way in a pair after the other one, where no condition forbids it."""
    names = list(draft.dimensions)
    for exclusion in draft.exclusions:
        others = [part.parameter for part in exclusion.region if part.parameter != exclusion.parameter]
        last = max((names.index(name) for name in others if name in names), default=-1)
        if exclusion.parameter in names and names.index(exclusion.parameter) < last:
            names.insert(last, names.pop(names.index(exclusion.parameter)))
    found = [draft.dimensions[name] for name in names]
    after = {d.name: d.condition.parent for d in found if d.condition is not None and d.condition.parent in names}
    free = all(names.index(parent) < names.index(name) for name, parent in after.items())
    return tuple(found) if free else tuple(draft.dimensions.values())


def _in_order(draft: Draft, space: list[Dimension]) -> list[Change]:
    """Return the changes by parameter, and a row for every parameter that stays."""
    rows: list[Change] = []
    for dimension in space:
        own = [change for change in draft.changes if change.parameter == dimension.name]
        words = in_words(dimension)
        rows += own or [Change(dimension.name, "keep", words, words, ("no evidence for a change",), "none")]
    order = {name: place for place, name in enumerate(_ORDER)}
    first = {d.name: min(order[c.action] for c in rows if c.parameter == d.name) for d in space}
    return sorted(rows, key=lambda change: (first[change.parameter], [d.name for d in space].index(change.parameter)))
