"""What a configuration needs beside what is searched, so that it can be run: its sweep of several, its fixed settings.

Where a sweep mixes several (a task, a data set), a configuration says which one it is for. Where a name decides which
parameters are set at all (the algorithm of a comparison), drawn parameters go with one of these names. Settings that
had one value throughout keep it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from hpi_core.next_experiment.model import Condition, Dimension, Value
from hpi_core.next_experiment.space import MOST_CHOICES, decided_by

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep

# A word names an algorithm where so many trials share it on average, and so many parameters go with it.
_TRIALS_EACH = 5
_LEAST_DECIDED = 2
_MOST_LETTERS = 200


@dataclass(frozen=True)
class Surroundings:
    """Dimensions that no rule changes.

    `group` says which of several mixed sweeps a configuration is for, `deciding` what decides which parameters are set,
    `constants` are the settings of one value.
    """

    group: Dimension | None
    deciding: Dimension | None
    constants: tuple[Dimension, ...]

    @property
    def drawn(self) -> tuple[Dimension, ...]:
        """Those that stand before the parameters."""
        return tuple(dimension for dimension in (self.group, self.deciding) if dimension is not None)


def surroundings(sweep: Sweep, dimensions: Sequence[Dimension]) -> tuple[Surroundings, list[Dimension]]:
    """Return what configurations need beside the dimensions, and the dimensions with conditions on it."""
    names = {dimension.name for dimension in dimensions}
    group = _choice(sweep, sweep.roles.group) if sweep.roles.group not in names else None
    sparse = {d.name for d in dimensions if some_missing(sweep.trials[d.name])}
    # What is told by a parameter that is not always set itself is better told by a name that always is.
    undecided = [d for d in dimensions if d.name in sparse and (d.condition is None or d.condition.parent in sparse)]
    deciding, conditions = _deciding(sweep, undecided, group)
    found = [replace(d, condition=conditions.get(d.name, d.condition)) for d in dimensions]
    apart = replace(group, apart=True) if group is not None and group.kind == "choice" else group
    return Surroundings(apart, deciding, _constants(sweep)), found


def _choice(sweep: Sweep, name: str | None) -> Dimension | None:
    """Return a column of names as a dimension; None where it has none, too many, or is not set in every trial."""
    if name is None or sweep.trials[name].has_nulls() or sweep.trials.schema[name].is_nested():
        return None
    column = sweep.trials[name]
    values = column.cast(pl.String) if column.dtype.is_temporal() else column
    told: tuple[Value, ...] = tuple(values.unique().sort().to_list())
    if not 0 < len(told) <= MOST_CHOICES or any(isinstance(word, str) and len(word) > _MOST_LETTERS for word in told):
        return None
    return Dimension(name, "choice" if len(told) > 1 else "fixed", values=told)


def some_missing(column: pl.Series) -> bool:
    """Tell whether any value is missing."""
    return column.has_nulls() or bool(column.dtype.is_float() and column.is_nan().any())


def _deciding(
    sweep: Sweep, undecided: Sequence[Dimension], group: Dimension | None
) -> tuple[Dimension | None, dict[str, Condition]]:
    """Return the column of names that decides for most parameters whether they are set, and their conditions.

    The group is asked first, for it stands in every configuration already; then it decides, and nothing is added.
    """
    best: tuple[Dimension | None, dict[str, Condition]] = (None, {})
    others = [
        name for name in (*sweep.roles.text, *sweep.roles.ignored) if sweep.trials.schema[name] == pl.String
    ] if len(undecided) >= _LEAST_DECIDED else []  # fmt: skip
    candidates = [None if group is None else group, *(_choice(sweep, name) for name in others)]
    for candidate in candidates:
        if candidate is None or len(candidate.values) < 2:
            continue
        if candidate is not group and len(candidate.values) * _TRIALS_EACH > sweep.trials.height:
            continue
        made = {
            d.name: Condition(candidate.name, values)
            for d in undecided
            if (values := decided_by(sweep.trials[candidate.name], sweep.trials[d.name])) is not None
        }
        needed = 1 if candidate is group else _LEAST_DECIDED
        if len(made) >= needed and len(made) > len(best[1]):
            best = (candidate, made)
    return (None if best[0] is group else best[0]), best[1]


def _constants(sweep: Sweep) -> tuple[Dimension, ...]:
    """Return the settings of one value throughout."""
    from hpi_core.roles.names import holds_parameter, is_setting, parse

    found = []
    for name in sweep.roles.constants:
        told = parse(name)
        if told.namespace == "parameter" or is_setting(told) or holds_parameter(told):
            made = _choice(sweep, name)
            found += [made] if made is not None and made.kind == "fixed" else []
    return tuple(found)
