"""The state that a Hugging Face Trainer leaves behind: a history of reports, its arguments, and how far it came."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hpi_core.errors import SourceError
from hpi_core.tables.curve_frames import steps_of, unpivoted
from hpi_core.tables.nested import frame_of_records
from hpi_core.tables.run_files import Log
from hpi_core.tables.run_table import POINTS, Run

# What a state holds of the Trainer's arguments, besides those that a search chose (`trial_params`).
_ARGUMENTS = ("max_steps", "num_train_epochs", "train_batch_size", "eval_steps", "logging_steps", "save_steps")


def is_trainer_state(document: object) -> bool:
    """Tell whether a JSON document is the state of a Trainer, whatever its file is called."""
    return (
        isinstance(document, dict)
        and isinstance(document.get("log_history"), list)
        and isinstance(document.get("global_step"), int)
    )


def run_of_trainer(document: object, name: str) -> Run:
    """Return the run that a state tells of; `name` becomes its id.

    Raises:
        SourceError: it has no history.
    """
    log = log_of_trainer(document, name)
    status = status_of_trainer(log.last)
    return Run(
        name,
        about={"status": status, "error": None} if status else {},
        settings={key: value for key, value in log.last.items() if key in log.constant},
        results={key: value for key, value in log.last.items() if key not in log.constant},
        points=log.points,
    )


def log_of_trainer(document: object, name: str) -> Log:
    """Take a Hugging Face Trainer's state apart: its `log_history` holds one record per step and kind of report.

    Of the rest, the Trainer's arguments and the parameters of a search are settings (`constant`).

    Raises:
        SourceError: it has no history.
    """
    history = document.get("log_history") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(history, list):
        raise SourceError(f"{name} holds no log_history.")
    outside: dict[str, object] = {
        key: value
        for key, value in document.items()
        if isinstance(value, (int, float, str)) and not isinstance(value, bool)
    }
    searched = document.get("trial_params")
    chosen = searched if isinstance(searched, dict) else {}
    settings = frozenset([*(name for name in _ARGUMENTS if name in outside), *chosen])
    records = [record for record in history if isinstance(record, dict)]
    if not records:
        return Log(None, {**outside, **chosen}, settings)
    frame, _ = frame_of_records(records)
    metrics = [n for n, t in frame.schema.items() if t.is_numeric() and n not in ("step", "epoch")]
    steps = frame["step"] if "step" in frame.columns else pl.int_range(frame.height, eager=True).alias("step")
    wide = frame.select(steps_of(steps).values.alias("step"), pl.col(metrics).cast(pl.Float64))
    points = unpivoted(wide, metrics, ["step"]).select(POINTS.names()).drop_nulls()
    last = {c.name: c.drop_nulls()[-1] for c in frame.iter_columns() if c.name in metrics and c.null_count() < len(c)}
    return Log(points, {**last, **outside, **chosen}, settings)


def status_of_trainer(last: Mapping[str, object]) -> str | None:
    """Return how a run ended by the step it came to and the last it was to take; None where that is not told."""
    step, most = last.get("global_step"), last.get("max_steps")
    if isinstance(step, int) and isinstance(most, int) and most > 0:
        return "completed" if step >= most else "unknown"
    return None
