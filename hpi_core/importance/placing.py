"""Placing: in which order healthy trials stand, a repeated configuration once, and mixed sweeps each on its own.

The best of many single trials was lucky as well; a configuration that was repeated shows what it is worth. It is placed
by the mean of its trials, and where the noise between repetitions is known all are placed by what repeating them is
expected to give, so that a lucky single trial does not stand above a proven one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.roles.single import ANOTHER_NAME
from hpi_core.statistics.replicates import Replication, replication, shrunken

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep

LEAST_DEGREES = 3
_ORDER = ("badness", "cost", frames.ROW)


def placed(sweep: Sweep, healthy: pl.DataFrame) -> pl.DataFrame:
    """Return the trials that stand for configurations, best first: the first of every mixed sweep, then the seconds.

    Args:
        sweep: the sweep.
        healthy: `_row`, `trial`, `value`, `badness` (lower is better), `cost` of the trials that can be ranked.

    Returns:
        The same columns with, of a repeated configuration, its best trial with the mean `value` and `badness`; and
        `runs`, how many trials that is the mean of; `group`, the sweep it belongs to (null where none are mixed);
        `place` in it, from 1; `expected` (as badness) and `within`, the noise between repetitions, where it is known.
        Without a column of seeds no trials repeat where words name them (a model, a run) or one hyperparameter is all
        that varies: rows of the same hyperparameters then may differ in what no column tells.
    """
    table = healthy.select(frames.ROW, "trial", "value", "badness", "cost").with_columns(
        _groups(sweep, healthy), _configurations(sweep, healthy), pl.lit(1, dtype=pl.UInt32).alias("runs")
    )
    if sweep.roles.group is None:
        return _of_one(table).with_columns(pl.int_range(1, pl.len() + 1).alias("place"))
    parts = [_of_one(part).with_row_index("place", 1) for part in table.partition_by("group", maintain_order=True)]
    if not parts:
        return _of_one(table).with_columns(pl.lit(1).alias("place"))
    return pl.concat(parts).sort("place", "group", maintain_order=True)


def _groups(sweep: Sweep, healthy: pl.DataFrame) -> pl.Series:
    name = sweep.roles.group
    if name is None:
        return pl.repeat(None, healthy.height, dtype=pl.String, eager=True).alias("group")
    return sweep.trials[name].cast(pl.String)[healthy[frames.ROW].to_numpy()].alias("group")


def _configurations(sweep: Sweep, healthy: pl.DataFrame) -> pl.Series:
    """Return a hash of every trial's hyperparameters, null where none can be repeated."""
    names = [item.name for item in sweep.roles.hyperparameters if not sweep.trials.schema[item.name].is_nested()]
    if not names or healthy.height < 2 or not tells_repetitions(sweep):
        return pl.repeat(None, healthy.height, dtype=pl.UInt64, eager=True).alias("configuration")
    chosen = sweep.trials.select(names)[healthy[frames.ROW].to_numpy()]
    return chosen.hash_rows().alias("configuration")


def tells_repetitions(sweep: Sweep) -> bool:
    """Tell whether trials of the same hyperparameters are repetitions, and not alike by accident."""
    roles = sweep.roles
    named = ANOTHER_NAME in (roles.why or {}).values()
    if roles.id is not None and sweep.trials.schema[roles.id] == pl.String:
        named |= bool(sweep.trials[roles.id].cast(pl.Int64, strict=False).null_count())
    return roles.seed is not None or (len(roles.hyperparameters) > 1 and not named)


def _of_one(table: pl.DataFrame) -> pl.DataFrame:
    """Return the configurations of one sweep in their order."""
    hashes = table["configuration"]
    noise = None if hashes.null_count() else noise_of(table)
    if noise is None and (hashes.null_count() or hashes.n_unique() == table.height):
        found = table.sort(*_ORDER, nulls_last=True, maintain_order=True)
        return found.drop("configuration").with_columns(_unknown("expected"), _unknown("within"))
    merged = (
        table.sort(*_ORDER, nulls_last=True, maintain_order=True)
        .group_by("configuration", maintain_order=True)
        .agg(
            pl.col(frames.ROW, "trial", "cost", "group").first(), pl.col("value", "badness").mean(),
            pl.len().cast(pl.UInt32).alias("runs"),
        )
        .select(*table.columns)
        .drop("configuration")
    )  # fmt: skip
    if noise is None:
        return merged.sort(*_ORDER, nulls_last=True, maintain_order=True).with_columns(
            _unknown("expected"), _unknown("within")
        )
    single = table["badness"].to_numpy()
    expected = [shrunken(bad, single, noise.within, runs) for bad, runs in merged.select("badness", "runs").iter_rows()]
    return merged.with_columns(
        pl.Series("expected", expected, dtype=pl.Float64), pl.lit(noise.within).alias("within")
    ).sort("expected", *_ORDER, nulls_last=True, maintain_order=True)


def noise_of(table: pl.DataFrame) -> Replication | None:
    """Return the spread between repetitions of a configuration; None where too few repeat one."""
    if table.height < 2:
        return None
    codes = table["configuration"].to_numpy().view(np.int64)
    found = replication(codes, table["badness"].to_numpy(), better_half=True)
    return found if found is not None and found.degrees >= LEAST_DEGREES else None


def _unknown(name: str) -> pl.Expr:
    return pl.lit(None, dtype=pl.Float64).alias(name)
