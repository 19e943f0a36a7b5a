"""A project of Weights & Biases by its address, through W&B's own client and whatever account it is logged in to.

This asks the service for runs and their histories, and so sends the name of the project and the person's key to it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl

from hpi_core.errors import Cancelled as ReadingCancelled
from hpi_core.errors import SourceError
from hpi_core.readers._databases import missing_extra
from hpi_core.readers.contract import StoreReader
from hpi_core.tables.curve_frames import is_step_name
from hpi_core.tables.run_table import POINTS, Run, table_of_runs
from hpi_core.tables.table import Cancelled, Progress, ReadOptions, Table
from hpi_core.text import safe

_ADDRESS = re.compile(r"(?:https://(?:www\.)?wandb\.ai/|wandb://)([\w.\-]+)/([\w.\-]+)(?:/.*)?")
_AT_ONCE = 200
# Left to itself the client asks for a key in the terminal, which is the app's, and waits for it.
_NO_QUESTIONS = {"WANDB_SILENT": "true", "WANDB_LOGIN_TIMEOUT": "1"}


def claims(place: str) -> int:
    """Claim the address of a project: https://wandb.ai/ENTITY/PROJECT, or wandb://ENTITY/PROJECT."""
    return 95 if _ADDRESS.fullmatch(place) else 0


def read_table(place: str, _options: ReadOptions, progress: Progress, cancelled: Cancelled) -> Table:
    """Read every run of a project; see `StoreReader.read_table`.

    Raises:
        SourceError: the extra is missing, the service refuses, or the project has no runs.
        Cancelled: the person asked to stop.
    """
    found = _ADDRESS.fullmatch(place)
    assert found is not None  # claimed
    for name, value in _NO_QUESTIONS.items():
        os.environ.setdefault(name, value)
    try:
        import wandb
    except ImportError as error:
        raise missing_extra(place, "wandb") from error
    project = f"{found[1]}/{found[2]}"
    try:
        listed = wandb.Api(timeout=60).runs(project, per_page=_AT_ONCE)
        total = len(listed)
        runs: list[Run] = []
        for index, one in enumerate(listed):
            progress("reading runs", index / max(total, 1))
            if cancelled():
                raise ReadingCancelled(f"Reading {project} was stopped.")
            runs.append(_run(one))
    except ReadingCancelled:
        raise
    except Exception as error:  # the client raises errors of its own, of requests and of its generated code
        reason = str(error).splitlines() or [type(error).__name__]
        raise SourceError(
            f"{safe(project)} cannot be read from Weights & Biases: {safe(reason[0], 200).rstrip('.')}.",
            "Check the names, the network, and that `wandb login` was done.",
        ) from error
    if not runs:
        raise SourceError(f"{safe(project)} has no runs.", "Check the names of entity and project.")
    return table_of_runs(runs)


def _run(one: Any) -> Run:
    """Return a run as W&B's client hands it on (`wandb.apis.public.Run`)."""
    summary = {key: value for key, value in _plain(one.summary).items() if not key.startswith("_")}
    own = _plain(one.summary)
    # The service has its own clock of what it last heard; the run's is that of what it last logged.
    start, seen = _seconds(one.created_at), _seconds(getattr(one, "heartbeat_at", None)) or own.get("_timestamp")
    machine = _plain(getattr(one, "metadata", None))
    return Run(
        str(one.id),
        {
            "name": one.name,
            "status": one.state,
            "start_time": start,
            "end_time": seen if one.state != "running" else None,
            "heartbeat": seen,
            "runtime": own.get("_runtime"),
            "group": getattr(one, "group", None),
            "job_type": getattr(one, "job_type", None),
            "sweep": getattr(one, "sweep_name", None),
            "tags": ", ".join(map(str, getattr(one, "tags", None) or ())) or None,
            "host": machine.get("host"),
            "gpu": machine.get("gpu"),
            "gpu_count": machine.get("gpu_count"),
        },
        {key: value for key, value in _plain(one.config).items() if not key.startswith("_")},
        summary,
        _points(one),
    )


def _points(one: Any) -> pl.DataFrame | None:
    metrics: list[str] = []
    steps: list[int] = []
    values: list[float] = []
    for number, row in enumerate(one.scan_history()):
        step = row.get("_step", number)
        for key, value in row.items():
            measured = isinstance(value, (int, float)) and not isinstance(value, bool)
            if measured and not key.startswith("_") and not is_step_name(key.rpartition("/")[2]):
                metrics.append(key)
                steps.append(int(step))
                values.append(float(value))
    return pl.DataFrame([metrics, steps, values], schema=POINTS) if metrics else None


def _plain(told: object) -> dict[str, Any]:
    """Return the plain dictionary behind the client's own kinds of mapping."""
    inner = getattr(told, "_json_dict", told)
    return {str(key): value for key, value in inner.items()} if isinstance(inner, Mapping) else {}


def _seconds(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None


READER = StoreReader(
    "wandb-project", "Weights & Biases projects by address (https://wandb.ai/ENTITY/PROJECT)", 80, claims, read_table,
    needs="wandb",
)  # fmt: skip
