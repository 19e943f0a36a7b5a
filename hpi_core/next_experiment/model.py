"""The words of the next experiment: dimensions of a search space, changes with reasons, configurations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hpi_core.roles import Direction

if TYPE_CHECKING:
    from hpi_core.next_experiment.relations import Relation
    from hpi_core.statistics.findings import Condition as Region

Value = bool | int | float | str
Action = Literal["keep", "cut", "avoid", "shrink", "expand", "drop", "follow", "fix", "watch"]
Confidence = Literal["strong", "moderate", "weak", "observed", "none"]


@dataclass(frozen=True)
class Condition:
    """A parameter is only set where another has one of these values."""

    parent: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Dimension:
    """One parameter of a search space.

    Attributes:
        name: the column's name.
        kind: `range` between `low` and `high`, `choice` of `values`, or `fixed` at the only one of `values`.
        log: a range is searched on a logarithmic scale.
        integer: a range holds whole numbers only.
        also: values that are off a logarithmic scale (zero) and were tried beside the range.
        also_share: the share of trials that had one of these.
        condition: when it is set at all; None for always.
        apart: it says which of several mixed sweeps a trial belongs to: results of different values do not compare.
    """

    name: str
    kind: Literal["range", "choice", "fixed"]
    low: float | None = None
    high: float | None = None
    log: bool = False
    integer: bool = False
    values: tuple[Value, ...] = ()
    also: tuple[Value, ...] = ()
    also_share: float = 0.0
    condition: Condition | None = None
    apart: bool = False


@dataclass(frozen=True)
class Exclusion:
    """Configurations to avoid: those for which every condition of `region` holds, because of `issue`.

    `text` is the region in words, `parameter` the one that gives way. No new configuration of a plan is one of them.
    """

    region: tuple[Region, ...]
    parameter: str
    issue: str
    text: str


@dataclass(frozen=True)
class Change:
    """One step from the space as it was searched to the recommended one, and why.

    `action` is what is done (`keep` where nothing is; `watch` where something is suspected but nothing done; `avoid`
    where values are kept apart; `follow` where the parameter is computed from others). `now` and `to` are the parameter
    before and after this step, the same where its own range or values stay. `reasons` hold the counts, one entry per
    cause or rule. `confidence` is the strength of the evidence.
    """

    parameter: str
    action: Action
    now: str
    to: str
    reasons: tuple[str, ...]
    confidence: Confidence

    @property
    def rationale(self) -> str:
        """All reasons in one line."""
        return "; ".join(self.reasons)


@dataclass(frozen=True)
class Row:
    """One parameter of the table: as it was searched, as it is recommended, and the steps between in their order."""

    parameter: str
    current: str
    recommended: str
    steps: tuple[Change, ...]

    @property
    def actions(self) -> tuple[Action, ...]:
        """What is done, each once."""
        return tuple(dict.fromkeys(step.action for step in self.steps))

    @property
    def changed(self) -> bool:
        """Whether the next sweep treats the parameter otherwise than this one did."""
        return any(action not in ("keep", "watch", "follow") for action in self.actions)

    @property
    def stays(self) -> bool:
        """Whether its own range or values are the same."""
        return all(action in ("keep", "watch") for action in self.actions)


@dataclass(frozen=True)
class Configuration:
    """One trial to run: parameter -> value (None where it is not set), and what it is for."""

    values: Mapping[str, Value | None]
    purpose: Literal["search", "repeat", "probe"]
    note: str = ""


@dataclass(frozen=True)
class Plan:
    """The next experiment.

    `metric` and `direction` are None where the objective is unknown; `dimensions` have parents before what depends on
    them, and hold what configurations need beside what is searched (which of several mixed sweeps they are for,
    settings of one value); `changes` are the steps, `rows` the same as one row per parameter; `relations` say how to
    compute the parameters that are no dimensions, in this order; `exclusions` which configurations of the space to
    avoid; `notes` what a person has to know.
    """

    source: str
    metric: str | None
    direction: Direction | None
    dimensions: tuple[Dimension, ...]
    changes: tuple[Change, ...]
    configurations: tuple[Configuration, ...]
    notes: tuple[str, ...]
    seed_column: str | None = None
    exclusions: tuple[Exclusion, ...] = ()
    relations: tuple[Relation, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The table: one row per parameter, what changes first."""
        steps: dict[str, list[Change]] = {}
        for change in self.changes:
            steps.setdefault(change.parameter, []).append(change)
        return tuple(_row(name, told) for name, told in steps.items())


def _row(name: str, steps: list[Change]) -> Row:
    moved = [step.to for step in steps if step.action not in ("keep", "watch", "avoid")][-1:]
    kept_apart = [step.to for step in steps if step.action == "avoid"]
    return Row(name, steps[0].now, "; ".join([*moved, *kept_apart]) or steps[0].now, tuple(steps))
