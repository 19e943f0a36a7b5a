"""MLflow experiments: the file store `mlruns/`, SQLite of every schema, and tracking servers by their address.

Of a store with several experiments the one with the most runs is read unless one is named. Deleted runs are left out,
artifacts are never opened.
"""

from __future__ import annotations

from pathlib import Path

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers import _mlflow_database as database
from hpi_core.readers import _mlflow_files as files
from hpi_core.readers import _mlflow_server as server
from hpi_core.readers._runs import Runs, runs_table
from hpi_core.readers._sqlite import opened, tables_of
from hpi_core.readers.contract import Experiment, StoreReader
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import is_address
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.text import safe


def claims(place: str) -> int:
    """Claim folders whose `meta.yaml` files are MLflow's, databases with its tables, and addresses of servers."""
    if is_address(place):
        return 50 if server.is_server(place) else 0
    path = Path(place)
    if path.is_dir():
        return 100 if files.is_file_store(path) else 0
    return 100 if tables_of(path).keys() >= database.TABLES else 0


def experiments(place: str, cancelled: Cancelled) -> list[Experiment]:
    """List the experiments of a store.

    Raises:
        SourceError: the store cannot be opened.
        Cancelled: the person asked to stop.
    """
    if is_address(place):
        return server.experiments(place, cancelled)
    if Path(place).is_dir():
        return files.experiments(Path(place), cancelled)
    with opened(Path(place), cancelled) as connected:
        return database.experiments(connected)


def read_table(place: str, options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read the runs of one experiment of a store.

    Raises:
        SourceError: the store cannot be opened, holds no run, or no experiment of the name asked for.
        Cancelled: the person asked to stop.
    """
    progress("opening the store", None)
    entries: list[Entry] = []
    runs = _read(place, options.experiment, entries, progress, cancelled)
    if runs.runs.is_empty():
        reasons = "; ".join(entry.message for entry in entries if entry.kind != "chosen")
        which = f"The experiment {safe(runs.experiment, 80)} of the MLflow store {safe(Path(place).name)}"
        raise SourceError(
            f"{which} has no run to read{f' ({reasons})' if reasons else ''}.",
            "`hpi experiments SOURCE` lists its experiments; --experiment names another.",
        )
    if cancelled():
        raise ReadingCancelled("The reading was stopped.")
    progress("putting the runs together", 0.95)
    return runs_table(runs, entries)


def _read(place: str, named: str | None, entries: list[Entry], progress: Progress, cancelled: Cancelled) -> Runs:
    if is_address(place):
        return server.read_runs(place, named, entries, progress, cancelled)
    path = Path(place)
    if path.is_dir():
        return files.read_runs(path, named, entries, progress, cancelled)
    with opened(path, cancelled, progress) as connected:
        runs = database.read_runs(connected, named, entries, progress)
        entries += [Entry("damaged", f"the rest cannot be read: {safe(what, 200)}") for what in connected.damage]
        return runs


READER = StoreReader(
    name="mlflow",
    about="MLflow experiments: mlruns/ folders, SQLite of every version, tracking servers by address",
    specificity=80,
    claims=claims,
    read_table=read_table,
    needs="mlflow",
    experiments=experiments,
)
