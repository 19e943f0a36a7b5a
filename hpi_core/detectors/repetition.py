"""Repetition: which trials of a sweep repeat a configuration, as the statistics take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core.detectors.context import Context, wrapping_sum
from hpi_core.frames import ROW, STATUS
from hpi_core.statistics.repeats import Repeats

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Integers
    from hpi_core.sweep import Sweep


def repeats_of(sweep: Sweep) -> Repeats | None:
    """Return which trials have the same hyperparameters, the seed aside; None where none have.

    Where one word per configuration is all that varies, its trials are what that word is judged by, and repeat nothing.
    """
    return _repeats(Context(sweep))


def repeats_among(context: Context, rows: pl.Series) -> Repeats | None:
    """Return which of the trials with these `_row` repeat a configuration, numbered by their place among them."""
    found = _repeats(context)
    return found if found is None or rows.len() == context.n else found.at(rows.to_numpy().astype(np.int64))


def _repeats(context: Context) -> Repeats | None:
    if not context.parameters or context.unique_parameters:
        return None
    varied = context.roles.hyperparameters
    if len(varied) == 1 and varied[0].kind == "categorical":
        return None
    configurations = context.configuration_codes
    if int(configurations.max(initial=-1)) + 1 == context.n:
        return None
    return Repeats.of(configurations, _lots(context, configurations))


def _lots(context: Context, configurations: Integers) -> Integers:
    """Return one number per trial by which those of a configuration are drawn: a hash of all that is known of it.

    It follows from the values alone, so the order of rows and columns changes nothing.
    """
    repeated = np.flatnonzero((np.bincount(configurations) > 1)[configurations])
    schema = context.trials.schema
    told = [name for name, dtype in schema.items() if name not in (ROW, STATUS) and not _opaque(dtype)]
    table = context.trials.select(told)
    table = table if len(repeated) == context.n else table[repeated]
    lots = np.zeros(context.n, dtype=np.int64)
    lots[repeated] = wrapping_sum((table[name].hash(1) for name in told), len(repeated)).to_numpy().view(np.int64)
    return lots


def _opaque(dtype: pl.DataType) -> bool:
    return dtype.is_nested() or dtype == pl.Object
