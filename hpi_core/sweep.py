"""Sweep: one set of trials read from one source, frozen; every other room takes one of these."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from hpi_core import frames
from hpi_core.errors import UsageError
from hpi_core.lines import LineCounts
from hpi_core.roles import Direction, RoleHints, RoleOverrides, Roles, infer_roles, normalise_status

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Source:
    """Where a sweep came from.

    Attributes:
        kind: the reader's name (`delimited`, `parquet`, `jsonl`, `frame`).
        location: what the user named, as named (several are joined by a space).
        name: short name for headers, without folders.
        fingerprint: `sha256:…` of the size and sampled content, or an empty string for frames.
        lines: physical lines by class; None where the source has no lines.
        curves: name of the file the curves came from, where that is another one.
    """

    kind: str
    location: str
    name: str
    fingerprint: str = ""
    read_at: float | None = None
    lines: LineCounts | None = None
    files: tuple[str, ...] = ()
    curves: str = ""


@dataclass(frozen=True)
class Sweep:
    """The trials of one source, their curves, the roles of their columns, and the ledger of what was repaired.

    `trials` has one row per trial: `_row` (UInt32, dense), `_status` (normalised status), then the source's columns.
    `curves` is long-form with the schema `frames.CURVES`, or None. `ledger` has the schema `frames.LEDGER`.
    `incomplete` holds the `_row` of trials whose record was cut off while being written: shown, never ranked or judged.
    Ids are strings; `id_type` is the type their column had, should it be given another role.
    """

    trials: pl.DataFrame
    roles: Roles
    source: Source
    ledger: pl.DataFrame = field(default_factory=lambda: frames.empty(frames.LEDGER))
    curves: pl.LazyFrame | None = None
    incomplete: frozenset[int] = frozenset()
    hints: RoleHints = field(default_factory=RoleHints)
    id_type: pl.DataType = field(default_factory=pl.String)

    @classmethod
    def from_table(
        cls,
        table: pl.DataFrame,
        source: Source,
        *,
        ledger: pl.DataFrame | None = None,
        curves: pl.LazyFrame | None = None,
        incomplete: frozenset[int] = frozenset(),
        hints: RoleHints | None = None,
        overrides: RoleOverrides | None = None,
    ) -> Sweep:
        """Infer the roles of a typed table's columns and assemble the sweep.

        Raises:
            UsageError: an override names a column that is not there.
        """
        hints = hints or RoleHints()
        ledger = frames.empty(frames.LEDGER) if ledger is None else ledger
        table, hints, ledger = _free_own_names(table, hints, ledger)
        roles = infer_roles(table, hints, overrides)
        trials = table.select(
            pl.int_range(pl.len(), dtype=pl.UInt32).alias(frames.ROW),
            normalise_status(table, roles, incomplete).alias(frames.STATUS),
            pl.all(),
        )
        id_type: pl.DataType = pl.String()
        if roles.id is not None:
            id_type = table.schema[roles.id]
            trials = trials.with_columns(_as_id(trials[roles.id]))
        return cls(trials, roles, source, ledger, curves, incomplete, hints, id_type)

    def with_roles(self, overrides: RoleOverrides) -> Sweep:
        """Return the same sweep with the user's word on roles and objective applied to freshly inferred roles."""
        table = self.trials.drop(frames.ROW, frames.STATUS)
        if self.roles.id is not None and self.id_type != pl.String:
            table = table.with_columns(pl.col(self.roles.id).cast(self.id_type))
        return Sweep.from_table(
            table,
            self.source,
            ledger=self.ledger,
            curves=self.curves,
            incomplete=self.incomplete,
            hints=self.hints,
            overrides=overrides,
        )

    @classmethod
    def from_polars(cls, frame: pl.DataFrame, *, name: str = "frame", overrides: RoleOverrides | None = None) -> Sweep:
        """Make a sweep of a polars frame with one row per trial; structures become one column per field."""
        from hpi_core.frame_door import plain_frame

        frame = plain_frame(frame)
        return cls.from_table(frame, Source(kind="frame", location=name, name=name), overrides=overrides)

    @classmethod
    def from_pandas(cls, frame: pd.DataFrame, *, name: str = "frame", overrides: RoleOverrides | None = None) -> Sweep:
        """Make a sweep of a pandas frame with one row per trial, without pyarrow.

        Two-level columns (`("params", "lr")`) are joined by `_`; a meaningful index becomes a column.
        """
        from hpi_core.pandas_door import frame_from_pandas

        return cls.from_polars(frame_from_pandas(frame), name=name, overrides=overrides)

    @classmethod
    def from_arrow(cls, data: object, *, name: str = "frame", overrides: RoleOverrides | None = None) -> Sweep:
        """Make a sweep of anything that offers the Arrow interface: a pyarrow table, a DuckDB relation, another frame.

        Raises:
            UsageError: it does not offer the interface, or holds no table.
        """
        from hpi_core.frame_door import frame_from_arrow

        return cls.from_polars(frame_from_arrow(data), name=name, overrides=overrides)

    def to_pandas(self) -> pd.DataFrame:
        """Return the trials as a pandas frame, without pyarrow."""
        from hpi_core.pandas_door import frame_to_pandas

        return frame_to_pandas(self.trials)

    @cached_property
    def mended(self) -> pl.DataFrame:
        """The part of the ledger about repairs and refusals, without the notes on how the source was understood."""
        return self.ledger.filter(~pl.col("kind").is_in(list(frames.NOTES)))

    @cached_property
    def repairs(self) -> int:
        """Number of cells and lines that were repaired or refused."""
        return int(self.mended["count"].fill_null(1).sum())

    @cached_property
    def other_objectives(self) -> tuple[tuple[str, Direction], ...]:
        """What the source also optimises, with the way it is good: trials are ranked by one objective alone."""
        judged = self.roles.objective.metric if self.roles.objective else None
        told = [(name, way) for name, way in self.hints.directions if name in self.trials.columns]
        return tuple((name, way) for name, way in told if name != judged) if len(told) > 1 else ()

    def trial_ids(self) -> pl.Series:
        """Return the id of every trial as a String series: the source's own id, or the 0-based row number."""
        if self.roles.id is None:
            return self.trials[frames.ROW].cast(pl.String).rename("trial")
        return self.trials[self.roles.id].cast(pl.String).rename("trial")

    def row_of(self, trial: str) -> int:
        """Return the `_row` of the trial with this id.

        Raises:
            UsageError: no trial has this id.
        """
        rows = self.trial_ids().eq(trial).arg_true()
        if rows.is_empty():
            raise UsageError(f"No trial has the id {trial}.", "`hpi inspect SOURCE` shows which column holds the ids.")
        return int(rows[0])


def _free_own_names(
    table: pl.DataFrame, hints: RoleHints, ledger: pl.DataFrame
) -> tuple[pl.DataFrame, RoleHints, pl.DataFrame]:
    """Rename the source's own columns `_row` and `_status`, whose names the sweep needs; the ledger tells."""
    renames: dict[str, str] = {}
    for name in (frames.ROW, frames.STATUS):
        if name in table.columns:
            number, wanted = 1, f"source{name}"
            while wanted in table.columns:
                number += 1
                wanted = f"source{name}_{number}"
            renames[name] = wanted
    if not renames:
        return table, hints, ledger
    entries = pl.DataFrame(
        [
            {"kind": "renamed_column", "column": was, "was": was, "became": became, "count": 1,
             "message": f"the name {was} is taken by the sweep itself: the column is called {became}"}
            for was, became in renames.items()
        ],
        schema=frames.LEDGER,
    )  # fmt: skip
    hints = replace(
        hints,
        id=renames.get(hints.id or "", hints.id),
        status=renames.get(hints.status or "", hints.status),
        group=renames.get(hints.group or "", hints.group),
    )
    return table.rename(renames), hints, pl.concat([ledger, entries])


def _as_id(column: pl.Series) -> pl.Series:
    """Return ids as strings; whole numbers that only missing values made floats are written without `.0`."""
    if column.dtype.is_float():
        whole = column.drop_nulls()
        if bool((whole.is_finite() & (whole == whole.floor()) & (whole.abs() < 2**53)).all()):
            column = column.cast(pl.Int64)
    return column.cast(pl.String)
