"""find_relations(): which parameters of a sweep follow from others, so that they are computed and not searched."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.next_experiment.cutting import holds
from hpi_core.next_experiment.relations import Relation
from hpi_core.statistics.inputs import plainness

if TYPE_CHECKING:
    from hpi_core.next_experiment.evidence import Evidence
    from hpi_core.next_experiment.model import Dimension, Value
    from hpi_core.statistics.inputs import Floats, Integers

LEAST_SHARE = 0.98
_LEAST_TRIALS = 20
_MOST_PARENTS = 3
# Another parent has to explain this much of what is left.
_LEAST_GAIN = 0.8
_MOST_LOG_CHANCE = math.log(1e-6)
# A function that a formula does not meet as closely is one of another form.
_CLOSE = 0.9999
_ROWS = 5000


def find_relations(
    dimensions: Sequence[Dimension], evidence: Evidence, blamed: Collection[str], groups: Sequence[Dimension] = ()
) -> tuple[Relation, ...]:
    """Return what can be computed from the other dimensions, each after what it is computed from.

    Parameters of plain names and those in `blamed` are searched themselves where there is a choice. A parameter of few
    values is looked up where its parent's value decided it so often that it is no chance; a number where others explain
    98 % of its variance on their scales, or where it rises or falls with another one throughout. What says which of
    several mixed `groups` a trial belongs to follows from nothing, but what it decides follows from it.
    """
    free = {d.name: d for d in dimensions}
    parents = {d.condition.parent for d in dimensions if d.condition is not None}
    found: list[Relation] = []
    for dimension in sorted(dimensions, key=lambda d: (d.name not in blamed, plainness(d.name)), reverse=True):
        others = [d for d in free.values() if d.name != dimension.name and d.condition is None and not d.also]
        made: Relation | None = None
        if dimension.name in parents or dimension.condition is not None or dimension.also:
            continue
        if dimension.kind == "range":
            names = [d.name for d in others if evidence.parameters[d.name].kind != "categorical"]
            made = _formula(dimension, names, evidence)
            if made is None or made.share < _CLOSE:
                made = _rising(dimension, [name for name in names if free[name].kind == "range"], evidence) or made
        elif dimension.kind == "choice":
            made = _looked_up(dimension, [*groups, *(d for d in others if d.kind == "choice")], evidence)
        if made is not None:
            found.append(made)
            del free[dimension.name]
    return tuple(reversed(found))


def _numbers(name: str, evidence: Evidence) -> Floats | None:
    """Return a parameter's numbers, a sample of very many; None where a trial has none."""
    parameter = evidence.parameters[name]
    numbers = np.asarray(parameter.values, dtype=np.float64)
    if parameter.missing.any() or not np.isfinite(numbers).all() or len(numbers) < _LEAST_TRIALS:
        return None
    return numbers[:: max(1, len(numbers) // _ROWS)]


def _formula(dimension: Dimension, parents: Sequence[str], evidence: Evidence) -> Relation | None:
    """Return the relation as a product of powers, or as a sum on the parameters' own scales."""
    own = _numbers(dimension.name, evidence)
    known = {name: x for name in parents if (x := _numbers(name, evidence)) is not None and np.ptp(x) > 0}
    if own is None or np.ptp(own) == 0:
        return None
    ways = [(evidence.log[dimension.name], {name: evidence.log[name] and x.min() > 0 for name, x in known.items()})]
    if own.min() > 0:
        ways.insert(0, (True, {name: True for name, x in known.items() if x.min() > 0}))
    best: Relation | None = None
    for log, logs in ways:
        usable = {name: np.log(known[name]) if own_log else known[name] for name, own_log in logs.items()}
        made = _stepwise(np.log(own) if log else own, usable)
        if made is None:
            continue
        names, slopes, intercept, share = made
        if log and all(logs[name] for name in names):
            slopes, intercept, share = _products(np.log(own), [usable[name] for name in names], slopes)
        if best is None or share > best.share:
            best = Relation(
                dimension.name, tuple(names), share, log, intercept, tuple(slopes), tuple(logs[n] for n in names),
                dimension.integer,
            )  # fmt: skip
    return best


def _stepwise(own: Floats, parents: Mapping[str, Floats]) -> tuple[list[str], list[float], float, float] | None:
    """Return least squares on parents chosen one by one, each for what it explains of the rest.

    Returned are the parents' names, their slopes, the intercept, and the share of the variance that they explain.
    """
    total = float(((own - own.mean()) ** 2).sum())
    chosen: list[str] = []
    fitted: Floats = np.array([own.mean()])
    residual, left = own - own.mean(), total
    while len(chosen) < min(_MOST_PARENTS, len(parents)) and left > 1e-18 * total:
        rates = {name: abs(float(np.corrcoef(x, residual)[0, 1])) for name, x in parents.items() if name not in chosen}
        most = max(rates.values())
        tried = [*chosen, min((name for name in rates if rates[name] > most - 1e-9), key=plainness, default="")]
        if tried[-1] == "" or len(own) < _LEAST_TRIALS + 5 * len(chosen):
            break
        design = np.column_stack([np.ones(len(own)), *(parents[name] for name in tried)])
        solved: Floats = np.asarray(np.linalg.lstsq(design, own, rcond=None)[0], dtype=np.float64)
        remaining = float(((own - design @ solved) ** 2).sum())
        if chosen and remaining > (1 - _LEAST_GAIN) * left:
            break
        chosen, fitted, left, residual = tried, solved, remaining, own - design @ solved
    if not chosen or left > (1 - LEAST_SHARE) * total:
        return None
    return chosen, fitted[1:].tolist(), float(fitted[0]), 1 - left / total


def _products(own: Floats, parents: Sequence[Floats], powers: Sequence[float]) -> tuple[list[float], float, float]:
    """Return powers that are nearly halves or whole ones as such, for products and roots are what people write."""
    near = [round(2 * power) / 2 for power in powers]
    kept = [n if abs(p - n) < 0.02 and n != 0 else p for p, n in zip(powers, near, strict=True)]
    rest = own - sum(power * x for power, x in zip(kept, parents, strict=True))
    share = 1 - float(((rest - rest.mean()) ** 2).sum() / ((own - own.mean()) ** 2).sum())
    return kept, float(rest.mean()), share


def _rising(dimension: Dimension, parents: Sequence[str], evidence: Evidence) -> Relation | None:
    """Return that a parameter rises or falls with another one throughout, without a formula."""
    own = _numbers(dimension.name, evidence)
    for name in sorted(parents, key=plainness):
        other = _numbers(name, evidence)
        if own is None or other is None:
            continue
        steps, gaps = np.diff(own[np.argsort(other, kind="stable")]), np.diff(np.sort(other))
        moves = steps[gaps > 0]
        if len(moves) >= _LEAST_TRIALS and (np.all(moves > 0) or np.all(moves < 0)) and not steps[gaps == 0].any():
            return Relation(dimension.name, (name,), known=False)
    return None


def _looked_up(dimension: Dimension, parents: Sequence[Dimension], evidence: Evidence) -> Relation | None:
    """Return a parameter of few values as a table, where the value of another one decided it in every trial."""
    own = _codes(dimension, evidence)
    for parent in sorted(parents, key=lambda d: (not d.apart, len(d.values), plainness(d.name))):
        other = _codes(parent, evidence)
        if (other < 0).any():
            continue
        table: dict[Value, Value | None] = {}
        repeats = 0
        for place, value in enumerate(parent.values):
            there = np.unique(own[other == place])
            if len(there) != 1:
                break
            table[value] = dimension.values[int(there[0])] if there[0] >= 0 else None
            repeats += int((other == place).sum()) - 1
        else:
            largest = float(np.bincount(own + 1).max()) / len(own)
            if repeats * math.log(largest) < _MOST_LOG_CHANCE:
                return Relation(dimension.name, (parent.name,), table=table)
    return None


def _codes(dimension: Dimension, evidence: Evidence) -> Integers:
    """Return the place of every trial's value among those of a dimension, -1 where it has none."""
    codes = np.full(len(evidence.healthy), -1, dtype=np.int64)
    missing = evidence.parameters[dimension.name].missing
    for place, value in enumerate(dimension.values):
        codes[holds(replace(dimension, kind="fixed", values=(value,)), evidence) & ~missing] = place
    return codes
