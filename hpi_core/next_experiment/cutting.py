"""What a region of a parameter is to a dimension: whether a value lies in it, and what is left without it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.next_experiment.model import Dimension, Exclusion, Plan, Value

if TYPE_CHECKING:
    from hpi_core.next_experiment.evidence import Evidence
    from hpi_core.statistics.findings import Cause, Condition
    from hpi_core.statistics.inputs import Booleans


def lies_in(value: Value | None, region: Condition | Cause) -> bool:
    """Tell whether a value lies in a region; one that is not set lies in none but that of missing ones."""
    if value is None or region.kind == "missing":
        return value is None and region.kind == "missing"
    if region.values:
        return bool(set(region.values) & spellings(value))
    if isinstance(value, str):
        return False
    return (region.low is None or value > region.low) and (region.high is None or value <= region.high)


def excluded(values: Mapping[str, Value | None], exclusion: Exclusion) -> bool:
    """Tell whether a configuration is one of those to avoid."""
    return all(lies_in(values.get(part.parameter), part) for part in exclusion.region)


def avoid(exclusion: Exclusion) -> str:
    """Return a sentence for tools that cannot say which configurations to avoid."""
    return f"Avoid {exclusion.text} ({exclusion.issue}): the space itself cannot say so."


def apart(dimension: Dimension) -> str:
    """Return a sentence for tools that would search over sweeps that do not compare; empty where there is none."""
    return f"results of different {dimension.name} do not compare: one search for each" if dimension.apart else ""


@dataclass(frozen=True)
class Nested:
    """A dimension that is smaller where another one lies in a region."""

    exclusion: Exclusion
    smaller: Dimension
    other: Dimension
    where: Condition


def nested(plan: Plan) -> dict[str, Nested]:
    """Return the dimensions that can say what to avoid by being smaller in a part of another one that is set before."""
    placed: dict[str, Dimension] = {}
    found: dict[str, Nested] = {}
    for dimension in plan.dimensions:
        for exclusion in plan.exclusions:
            own = [part for part in exclusion.region if part.parameter == dimension.name]
            other = [part for part in exclusion.region if part.parameter in placed]
            if len(own) != 1 or len(other) != 1 or dimension.name in found or dimension.condition is not None:
                continue
            smaller, set_before = without(dimension, own[0]), placed[other[0].parameter]
            if smaller is not None and set_before.condition is None:
                found[dimension.name] = Nested(exclusion, smaller, set_before, other[0])
        placed[dimension.name] = dimension
    return found


def without(dimension: Dimension, region: Condition) -> Dimension | None:
    """Return the dimension without a region; None where no dimension says that, or nothing would be left."""
    if dimension.kind != "range":
        kept = tuple(value for value in dimension.values if not lies_in(value, region))
        if not kept or kept == dimension.values:
            return None
        return replace(dimension, kind="choice" if len(kept) > 1 else "fixed", values=kept)
    assert dimension.low is not None
    assert dimension.high is not None
    also = tuple(value for value in dimension.also if not lies_in(value, region))
    if region.kind == "above" and region.low is not None and dimension.low < region.low < dimension.high:
        high = math.floor(region.low) if dimension.integer else region.low
        return replace(dimension, high=high, also=also) if high > dimension.low else None
    if region.kind == "below" and region.high is not None and dimension.low < region.high < dimension.high:
        low = math.floor(region.high) + 1 if dimension.integer else region.high
        return replace(dimension, low=low, also=also) if low < dimension.high else None
    return replace(dimension, also=also) if region.values and also != dimension.also else None


def reaches(dimension: Dimension, region: Condition | Cause) -> bool:
    """Tell whether any value of a dimension lies in a region."""
    if any(lies_in(value, region) for value in (*dimension.values, *dimension.also)):
        return True
    if dimension.kind != "range" or dimension.low is None or dimension.high is None or region.kind == "missing":
        return False
    if region.values:
        named = [float(word) for word in region.values if _is_number(word)]
        return any(dimension.low <= value <= dimension.high for value in named)
    below = region.high is not None and region.high < dimension.low
    above = region.low is not None and region.low >= dimension.high
    return not (below or above)


def spellings(value: Value) -> set[str]:
    """Return how a value may be written in a table."""
    spelled = {str(value), str(value).lower()}
    if isinstance(value, int | float):
        spelled |= {f"{value:.6g}", str(float(value))}
    return spelled


def _is_number(word: str) -> bool:
    try:
        return math.isfinite(float(word))
    except ValueError:
        return False


def holds(dimension: Dimension, evidence: Evidence) -> Booleans:
    """Return which trials of the sweep lie in a dimension; one that is not set lies in it."""
    parameter = evidence.parameters[dimension.name]
    if dimension.kind == "range" and dimension.low is not None and dimension.high is not None:
        numbers = np.asarray(parameter.values, dtype=np.float64)
        also = np.isin(numbers, [value for value in dimension.also if not isinstance(value, str)])
        return np.asarray(parameter.missing | ((numbers >= dimension.low) & (numbers <= dimension.high)) | also)
    if parameter.kind == "categorical":
        kept = {spelling for value in dimension.values for spelling in spellings(value)}
        levels = np.array([level in kept for level in parameter.levels], dtype=np.bool_)
        codes = np.where(parameter.missing, 0, parameter.values).astype(np.int64)
        return np.asarray(parameter.missing | levels[codes]) if len(levels) else parameter.missing
    return np.asarray(parameter.missing | np.isin(parameter.values, list(dimension.values)))
