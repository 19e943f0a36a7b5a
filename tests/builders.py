"""Small sweeps for tests, column by column, through the same door as every frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from hpi_core.frames import CURVES
from hpi_core.roles import RoleOverrides
from hpi_core.sweep import Sweep

Curves = Mapping[str, Sequence[Sequence[float | None]]]


def sweep_of(
    columns: Mapping[str, Sequence[object]], roles: Sequence[tuple[str, str]] = (), curves: Curves | None = None
) -> Sweep:
    """Return a sweep with one trial per value; `roles` are the user's word on columns.

    `curves` holds, metric by metric, the values of every trial at the steps 0, 1, 2, …
    """
    frame = pl.DataFrame({name: list(values) for name, values in columns.items()}, strict=False)
    sweep = Sweep.from_polars(frame, overrides=RoleOverrides(roles=tuple(roles)) if roles else None)
    return replace(sweep, curves=curves_of(curves)) if curves else sweep


def curves_of(curves: Curves) -> pl.LazyFrame:
    """Return long-form curves of metric -> values of every trial; None is a gap."""
    points = [
        (row, metric, step, value)
        for metric, trials in curves.items()
        for row, values in enumerate(trials)
        for step, value in enumerate(values)
        if value is not None
    ]
    return pl.DataFrame(points, schema=CURVES, orient="row").sort("_row", "metric", "step").lazy()
