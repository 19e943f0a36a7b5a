"""The shape of a table: one row per trial, or something that must be taken apart into trials and their metrics.

Four shapes of curves are known: runs as columns (a chart's export), long curves (`trial, step, metric, value`), trial x
step tables (a log with the same trial on many rows), steps as columns (`loss_0, loss_1, …`). A fifth shape has one row
per trial and group of people. Each is recognised only where the evidence is strong; a table in doubt stays one row per
trial. Every reshaping stands in the ledger.

In the trials, a metric that became a curve is the value of its last step, finite or not.
"""

from __future__ import annotations

from hpi_core.tables.chart_export import runs_as_columns
from hpi_core.tables.group_rows import group_rows
from hpi_core.tables.long_curves import long_curves
from hpi_core.tables.table import Table
from hpi_core.tables.trial_steps import trial_steps
from hpi_core.tables.wide_steps import steps_as_columns

_SHAPES = (runs_as_columns, long_curves, trial_steps, group_rows, steps_as_columns)


def reshape(table: Table, group: str | None = None) -> Table:
    """Return the table as trials, and curves if it holds any, where it is one of the known shapes, else as it is.

    `group` names a column that tells the files apart, each of which may be the log of one trial.
    """
    if table.shaped or table.curves is not None or table.scanned is not None or table.frame.height == 0:
        return table
    for shape in _SHAPES:
        shaped = shape(table, group)
        if shaped is not None:
            return shaped
    return table
