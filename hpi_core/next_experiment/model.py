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
    """One row of the table: a parameter as it was searched, as it should be, and why.

    `action` is what is done (`keep` where nothing is; `watch` where something is suspected but nothing done; `avoid`
    where values are kept apart; `follow` where the parameter is computed from others). `now` and `to` are the same
    where the parameter's own range or values stay.
    `confidence` is the strength of the evidence.
    """

    parameter: str
    action: Action
    now: str
    to: str
    rationale: str
    confidence: Confidence


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
    them; `relations` say how to compute the parameters that are none, in this order; `exclusions` which configurations
    of the space to avoid; `notes` what a person has to know.
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
