"""The configurations as a SLURM array script, one task per configuration."""

from __future__ import annotations

from hpi_core.errors import UsageError
from hpi_core.next_experiment.contract import ExportFormat
from hpi_core.next_experiment.delimited import configuration_table
from hpi_core.next_experiment.model import Plan
from hpi_core.rerun import slurm_script

TABLE = "next_configurations.csv"


def render(plan: Plan, beside: str = TABLE) -> str:
    """Return the script; it holds every configuration, the table `beside` it is for the log only.

    Raises:
        UsageError: there is nothing to run, or a value holds a line end.
    """
    table = configuration_table(plan)
    if table.is_empty():
        raise UsageError("There is no configuration to run.", "`--format table` says why.")
    return slurm_script(table, None, beside, "next")


FORMAT = ExportFormat("slurm", ".sh", "a SLURM array script, one task per configuration", render)
