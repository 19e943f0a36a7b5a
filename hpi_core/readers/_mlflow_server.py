"""MLflow's tracking server by its address, through `mlflow-skinny` (an optional extra): read requests only."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers._databases import missing_extra
from hpi_core.readers._experiments import choose_experiment
from hpi_core.readers._histories import POINTS, Histories
from hpi_core.readers._runs import RUNS, TEXTS, Runs
from hpi_core.readers.contract import Experiment
from hpi_core.tables.ledger import Entry
from hpi_core.tables.locations import address_for_people
from hpi_core.tables.table import Cancelled, Progress
from hpi_core.text import safe

_TABLE = re.compile(r"\.(csv|tsv|jsonl?|ndjson|parquet|arrow|feather|txt|gz|zip|zst|xz|bz2)$", re.IGNORECASE)
_PAGE = 1000
_IMPATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}


def is_server(address: str) -> bool:
    """Say whether an address can be that of a tracking server: of the web, and not that of one file."""
    parts = urlsplit(address)
    return parts.scheme.lower() in ("http", "https") and bool(parts.netloc) and not _TABLE.search(parts.path)


def experiments(address: str, cancelled: Cancelled) -> list[Experiment]:
    """List the experiments of a server; their runs are not counted, which would take a request for every page.

    Raises:
        SourceError: `mlflow-skinny` is not installed, or the server does not answer.
        Cancelled: the person asked to stop.
    """
    client = _client(address)
    with _Asking(address):
        return _experiments(client, cancelled)


def read_runs(address: str, named: str | None, entries: list[Entry], progress: Progress, cancelled: Cancelled) -> Runs:
    """Read the runs of one experiment, and the histories of their metrics.

    Raises:
        SourceError: as `experiments`; there is no experiment, or none of the name asked for.
        Cancelled: the person asked to stop.
    """
    client = _client(address)
    with _Asking(address):
        progress("asking for experiments", None)
        chosen = choose_experiment(
            _experiments(client, cancelled), named, "experiment", address_for_people(address), entries
        )
        found = list(_runs(client, chosen.id, progress, cancelled))
        runs, params, tags, histories = [], [], [], Histories()
        for row, run in enumerate(found):
            progress(f"reading run {row + 1:,} of {len(found):,}", 0.1 + 0.8 * row / len(found))
            info = run.info
            runs.append((info.run_id, info.run_name, str(info.status), info.start_time, info.end_time, info.user_id))
            params += [(row, name, text) for name, text in run.data.params.items()]
            tags += [(row, name, text) for name, text in run.data.tags.items()]
            points = []
            for metric in run.data.metrics:
                _stop(cancelled, address)
                points += [
                    (row, metric, point.step, point.timestamp, point.value)
                    for point in client.get_metric_history(info.run_id, metric)
                ]
            histories.take(_frame(points, POINTS))
    return Runs(_frame(runs, RUNS), _frame(params, TEXTS), _frame(tags, TEXTS), histories, chosen.name)


def _client(address: str) -> Any:
    # Left to itself the client goes on trying for minutes at an address where nobody answers.
    for name, value in _IMPATIENCE.items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient
    except ImportError:
        raise missing_extra(address_for_people(address), "mlflow") from None
    return MlflowClient(tracking_uri=address)


class _Asking:
    """Turns what the client raises into the sentence for a server that does not answer."""

    def __init__(self, address: str) -> None:
        self._address = address

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        from mlflow.exceptions import MlflowException

        if isinstance(error, (MlflowException, OSError, ValueError)):
            reason = address_for_people(str(error).splitlines()[0] if str(error) else type(error).__name__)
            raise SourceError(
                f"{safe(address_for_people(self._address))} does not answer as an MLflow server ({safe(reason, 200)}).",
                "Check the address, and MLFLOW_TRACKING_USERNAME, _PASSWORD or _TOKEN if it asks for them.",
            ) from error


def _experiments(client: Any, cancelled: Cancelled) -> list[Experiment]:
    found: list[Experiment] = []
    token = None
    while True:
        _stop(cancelled, "the server")
        page = client.search_experiments(page_token=token, max_results=_PAGE)
        for one in page:
            runs = client.search_runs([one.experiment_id], max_results=_PAGE)
            starts = [run.info.start_time / 1000 for run in runs if run.info.start_time]
            state = str(one.lifecycle_stage or "active")
            started = min(starts, default=None)
            found.append(Experiment(str(one.experiment_id), str(one.name), len(runs), state, started))
        token = page.token
        if not token:
            return found


def _runs(client: Any, experiment: str, progress: Progress, cancelled: Cancelled) -> Iterator[Any]:
    token = None
    count = 0
    while True:
        _stop(cancelled, "the server")
        page = client.search_runs([experiment], page_token=token, max_results=_PAGE)
        yield from page
        count += len(page)
        progress(f"asking for runs ({count:,})", None)
        token = page.token
        if not token:
            return


def _stop(cancelled: Cancelled, what: str) -> None:
    if cancelled():
        raise ReadingCancelled(f"Reading {safe(address_for_people(what))} was stopped.")


def _frame(rows: list[Any], schema: pl.Schema) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pl.DataFrame([pl.Series(n, c, t, strict=False) for (n, t), c in zip(schema.items(), columns, strict=True)])
