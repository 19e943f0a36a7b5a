"""Which column is what: the roles of a table's columns, inferred from names and values, and overridden by the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

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
    """

    name: str
    kind: Kind
    scale: Scale = "linear"
    minimum: float | None = None
    maximum: float | None = None
    distinct: int = 0
    missing: int = 0


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
class RoleHints:
    """What the source itself says about its columns, before anything is inferred from names."""

    id: str | None = None
    status: str | None = None
    hyperparameters: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    group: str | None = None
    objective: Objective | None = None


@dataclass(frozen=True)
class RoleOverrides:
    """What the user says: the last word. `roles` maps a column name to a role word."""

    objective: str | None = None
    direction: Direction | None = None
    roles: tuple[tuple[str, str], ...] = ()
    origin: Origin = "user"


@dataclass(frozen=True)
class Roles:
    """The role of every column of a sweep; each column stands in exactly one field (the objective also in metrics)."""

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


def infer_roles(table: pl.DataFrame, hints: RoleHints, overrides: RoleOverrides | None = None) -> Roles:
    """Infer the roles of the columns of `table` (no `_row`, no `_status`)."""
    raise NotImplementedError


def normalise_status(table: pl.DataFrame, roles: Roles, incomplete: frozenset[int]) -> pl.Series:
    """Return the normalised status of every trial as a String series (Status words)."""
    raise NotImplementedError
