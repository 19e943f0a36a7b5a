"""The configurations as CSV: one row per trial to run, parameters first, what it is for last."""

from __future__ import annotations

import polars as pl

from hpi_core.next_experiment.contract import ExportFormat
from hpi_core.next_experiment.model import Plan
from hpi_core.table_formats import table_bytes
from hpi_core.text import safe


def configuration_table(plan: Plan) -> pl.DataFrame:
    """Return one row per configuration; columns hold numbers, booleans or words."""
    names: list[str] = [dimension.name for dimension in plan.dimensions]
    for configuration in plan.configurations:
        names += [name for name in configuration.values if name not in names]
    return pl.DataFrame([_column(name, [c.values.get(name) for c in plan.configurations]) for name in names])


def _column(name: str, values: list[object]) -> pl.Series:
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, bool) for value in present):
        return pl.Series(name, values, dtype=pl.Boolean)
    if present and all(isinstance(value, int) and not isinstance(value, bool) for value in present):
        return pl.Series(name, values, dtype=pl.Int64)
    if present and all(isinstance(value, int | float) and not isinstance(value, bool) for value in present):
        return pl.Series(name, values, dtype=pl.Float64, strict=False)
    return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)


def render(plan: Plan) -> str:
    """Return the configurations with their purpose."""
    table = configuration_table(plan)
    taken = set(table.columns)
    purposes = [f"{c.purpose}: {safe(c.note)}" if c.note else c.purpose for c in plan.configurations]
    table = table.with_columns(pl.Series("hpi_purpose" if "purpose" in taken else "purpose", purposes, dtype=pl.String))
    return table_bytes(table, "csv").decode("utf-8")


FORMAT = ExportFormat("csv", ".csv", "the configurations, one per row", render)
