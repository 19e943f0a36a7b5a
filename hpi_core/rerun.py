"""The trials marked for a rerun as files: a table of their configurations, and a SLURM array script over its rows.

The script runs nothing of its own: the person says in `TRAIN` what to start, and each configuration stands in it as
quoted words, whatever characters the sweep's values have.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from hpi_core.errors import UsageError
from hpi_core.sweep import Sweep
from hpi_core.text import safe


def rerun_table(sweep: Sweep, rows: Sequence[int]) -> pl.DataFrame:
    """Return id, hyperparameters and seed of the trials of these rows, as they stand in the source."""
    roles = sweep.roles
    names = [roles.id, *(parameter.name for parameter in roles.hyperparameters), roles.seed]
    return sweep.trials.select(list(dict.fromkeys(name for name in names if name is not None)))[list(rows)]


def slurm_script(table: pl.DataFrame, id_column: str | None, csv_name: str, job: str = "rerun") -> str:
    """Return a SLURM array script with one task per row of the table, which is kept beside it as `csv_name`.

    The queue shows it under the name `job`.

    Raises:
        UsageError: a value or name holds a line end, so that a line of the table would not be a row of it.
    """
    settings = table.drop(id_column) if id_column is not None else table
    cases = []
    for task, row in enumerate(settings.iter_rows(), start=1):
        words = [f"--{name}={_word(v)}" for name, v in zip(settings.columns, row, strict=True) if v is not None]
        if any("\n" in word or "\r" in word for word in words):
            raise UsageError("A value holds a line end, which a job script cannot number.", "Export a .csv instead.")
        cases.append(f"  {task}) set -- {' '.join(map(shlex.quote, words))} ;;")
    return _SCRIPT.format(
        job=job, tasks=table.height, csv=shlex.quote(csv_name), shown=safe(csv_name), cases="\n".join(cases)
    )


def write_reruns(sweep: Sweep, rows: Sequence[int], path: Path) -> tuple[Path, ...]:
    """Write the configurations of these rows; a name ending in .sh makes a SLURM script with its table beside it.

    Returns:
        The files written.

    Raises:
        UsageError: there is no row, or a value cannot stand in a job script.
        WriteError: a file cannot be written.
    """
    from hpi_core.atomic import write_atomically
    from hpi_core.table_formats import table_bytes

    if not rows:
        raise UsageError("No trial is marked rerun.", "Mark some first: r in the app, or hpi triage --rerun TRIAL …")
    table = rerun_table(sweep, rows)
    beside = path.with_suffix(".csv")
    if path.suffix.lower() != ".sh":
        write_atomically(path, table_bytes(table, "csv"))
        return (path,)
    script = slurm_script(table, sweep.roles.id, beside.name)
    write_atomically(beside, table_bytes(table, "csv"))
    write_atomically(path, script.encode("utf-8"))
    return (path, beside)


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


_SCRIPT = """\
#!/bin/bash
#SBATCH --job-name={job}
#SBATCH --array=1-{tasks}
#
# One task per row of {shown}, which belongs in the folder this is submitted from. Submit with
#   TRAIN='python train.py' sbatch THIS_FILE
# Each task starts your command with --name=value for every hyperparameter; missing values are left out.
set -euo pipefail
read -r -a command <<< "${{TRAIN:?say what to start, for example TRAIN='python train.py'}}"
task=${{SLURM_ARRAY_TASK_ID:?this is a task of a SLURM array}}

# For the log only: the row as it stands in the table (its first line holds the names).
sed -n "$((task + 1))p" -- {csv} || true

case "$task" in
{cases}
  *) echo "There is no task $task." >&2; exit 2 ;;
esac
exec "${{command[@]}}" "$@"
"""
