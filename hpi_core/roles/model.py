"""The words of roles: what a column can be, what a source or a person may say about it, and the answer.

Plain frozen data; imports nothing but the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Direction = Literal["min", "max"]
Split = Literal["train", "val", "test"]
Kind = Literal["ordered", "discrete", "categorical"]
Scale = Literal["linear", "log"]
Origin = Literal["source", "inferred", "user", "remembered"]
Status = Literal["completed", "failed", "oom", "timeout", "pruned", "running", "unknown"]


@dataclass(frozen=True)
class Hyperparameter:
    """One column that was varied on purpose; `distinct` and `missing` are counts of values and of trials.

    `kind` is ordered (numeric, more than 16 distinct values), discrete (numeric, at most 16) or categorical.
    `minimum` and `maximum` are those of the finite values, `low` and `high` the bounds of the search where the source
    tells them. `distinct` counts finite and infinite values, not missing
    ones; it is exact up to 100,000 trials and up to 5,000 values, an estimate within about 2 % beyond both.
    `missing` counts null and NaN.
    """

    name: str
    kind: Kind
    scale: Scale = "linear"
    minimum: float | None = None
    maximum: float | None = None
    distinct: int = 0
    missing: int = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Metric:
    """One column that was measured.

    `quantity` is the standard word (`loss`, `accuracy`, `f1`, …), `direction` None where nothing tells it,
    `paired_with` the same quantity on the other split (train for val or test, val or test for train).
    """

    name: str
    split: Split | None
    quantity: str
    direction: Direction | None
    paired_with: str | None = None


@dataclass(frozen=True)
class Objective:
    """The metric trials are ranked by; `direction` is None where it must be asked."""

    metric: str
    direction: Direction | None
    origin: Origin = "inferred"


@dataclass(frozen=True)
class SearchRange:
    """Where a search looked for the values of one hyperparameter: on which scale and, where it has any, its bounds."""

    name: str
    scale: Scale = "linear"
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class RoleHints:
    """What the source itself says about its columns, before anything is inferred from names.

    `directions` holds metrics and which way they are good, `ranges` the search space, `others` further columns with
    their role words (`time`, `text`, `environment`, …); a constant seed stays the seed. `grouped` says that the groups
    are sweeps of their own: what none of the trials of a group has was never measured there. `reported` are columns of
    what runs reported while they ran, as the last value of a curve: whatever their names say, nobody chose it.
    """

    id: str | None = None
    status: str | None = None
    hyperparameters: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    group: str | None = None
    objective: Objective | None = None
    directions: tuple[tuple[str, Direction], ...] = ()
    ranges: tuple[SearchRange, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    grouped: bool = False
    reported: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoleOverrides:
    """What the user says: the last word. `roles` maps a column name to a role word."""

    objective: str | None = None
    direction: Direction | None = None
    roles: tuple[tuple[str, str], ...] = ()
    origin: Origin = "user"


@dataclass(frozen=True)
class Roles:
    """The role of every column of a sweep; each column stands in exactly one field (the objective also in metrics).

    `constants` holds hyperparameters and metrics of one value. `why` tells for every column, in one phrase, what made
    it what it is.
    """

    id: str | None = None
    status: str | None = None
    hyperparameters: tuple[Hyperparameter, ...] = ()
    environment: tuple[str, ...] = ()
    metrics: tuple[Metric, ...] = ()
    resources: tuple[str, ...] = ()
    seed: str | None = None
    time: tuple[str, ...] = ()
    group: str | None = None
    text: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    objective: Objective | None = None
    why: Mapping[str, str] | None = None
