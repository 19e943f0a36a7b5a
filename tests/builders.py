"""Small sweeps for tests, column by column, through the same door as every frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from hpi_core.roles import RoleOverrides
from hpi_core.sweep import Sweep


def sweep_of(columns: Mapping[str, Sequence[object]], roles: Sequence[tuple[str, str]] = ()) -> Sweep:
    """Return a sweep with one trial per value; `roles` are the user's word on columns."""
    frame = pl.DataFrame({name: list(values) for name, values in columns.items()}, strict=False)
    return Sweep.from_polars(frame, overrides=RoleOverrides(roles=tuple(roles)) if roles else None)
