"""convert(): a sweep as a folder of our own that opens at once: trials, curves and ledger as Parquet, roles as JSON.

    OUT/sweep.json      what the columns are, and where the sweep came from
    OUT/trials.parquet  one row per trial, the source's columns
    OUT/curves.parquet  `_row, metric, step, value`, sorted; only where the sweep has curves
    OUT/ledger.parquet  what was repaired or refused; only where there is anything

The folder appears whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import polars as pl

from hpi_core import frames
from hpi_core.errors import Cancelled, UsageError, WriteError
from hpi_core.roles import Roles
from hpi_core.sweep import Sweep

FORMAT = "hpi-sweep"
VERSION = 1
DESCRIPTION, TRIALS, CURVES, LEDGER = "sweep.json", "trials.parquet", "curves.parquet", "ledger.parquet"
_ROWS_AT_ONCE = 250_000


def convert(
    sweep: Sweep,
    folder: Path,
    *,
    progress: Callable[[str, float | None], None] = lambda _what, _fraction: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Write a sweep into a new folder; `hpi_core.read` of that folder gives the same trials, curves and roles.

    Raises:
        UsageError: the folder exists and is not empty.
        WriteError: it cannot be written; nothing is left of it.
        Cancelled: `cancelled` answered true; nothing is left of it.
    """
    target = Path(os.path.abspath(folder))  # noqa: PTH100 - a link stays what it is
    if target.exists() and (not target.is_dir() or next(target.iterdir(), None) is not None):
        raise UsageError(f"{folder} is there already.", "Name a new folder; nothing is ever written over.")
    partial: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent))
        _write(sweep, partial, progress, cancelled)
        partial.chmod(0o755)
        if target.exists():
            target.rmdir()
        partial.rename(target)
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise WriteError(f"{folder} cannot be written: {reason}.", "Nothing that existed was changed.") from error
    finally:
        if partial is not None and partial.exists():
            shutil.rmtree(partial, ignore_errors=True)


def _write(
    sweep: Sweep, folder: Path, progress: Callable[[str, float | None], None], cancelled: Callable[[], bool]
) -> None:
    progress("writing trials", None)
    sweep.trials.drop(frames.ROW, frames.STATUS).write_parquet(folder / TRIALS)
    if not sweep.ledger.is_empty():
        sweep.ledger.write_parquet(folder / LEDGER)
    points = None
    if sweep.curves is not None:
        points = _write_curves(sweep.curves, sweep.trials.height, folder / CURVES, progress, cancelled)
    (folder / DESCRIPTION).write_text(json.dumps(_description(sweep, points), indent=1), encoding="utf-8")


def _write_curves(
    curves: pl.LazyFrame,
    trials: int,
    path: Path,
    progress: Callable[[str, float | None], None],
    cancelled: Callable[[], bool],
) -> int:
    """Write the curves in blocks of whole trials, so that neither memory nor a stop has to wait for the end."""
    counts = curves.group_by(frames.ROW).agg(pl.len().alias("n")).collect().sort(frames.ROW)
    points = int(counts["n"].sum())
    block = (counts["n"].cum_sum() // _ROWS_AT_ONCE).to_list()
    parts = path.with_suffix(".parts")
    parts.mkdir()
    starts = [row for at, row in enumerate(counts[frames.ROW].to_list()) if at == 0 or block[at] != block[at - 1]]
    for at, start in enumerate(starts):
        progress("writing curves", at / len(starts))
        if cancelled():
            raise Cancelled("Writing was stopped; nothing was left behind.")
        end = starts[at + 1] if at + 1 < len(starts) else trials
        rows = curves.filter(pl.col(frames.ROW).is_between(start, end, closed="left"))
        rows.select(pl.col(n).cast(t) for n, t in frames.CURVES.items()).sort(
            frames.ROW, "metric", "step"
        ).collect().write_parquet(parts / f"{at:06}.parquet")
    if starts:
        # Blocks hold ascending rows: laid end to end they are sorted.
        written = sorted(parts.glob("*.parquet"))
        pl.concat([pl.scan_parquet(part) for part in written]).sink_parquet(path, row_group_size=_ROWS_AT_ONCE)
    else:
        frames.empty(frames.CURVES).write_parquet(path)
    shutil.rmtree(parts)
    return points


def _description(sweep: Sweep, points: int | None) -> dict[str, object]:
    roles = sweep.roles
    return {
        "format": FORMAT,
        "version": VERSION,
        "trials": sweep.trials.height,
        "points": points,
        "source": {"kind": sweep.source.kind, "name": sweep.source.name, "fingerprint": sweep.source.fingerprint},
        "roles": roles_by_column(roles),
        "objective": None if roles.objective is None else asdict(roles.objective),
        "directions": [[metric.name, metric.direction] for metric in roles.metrics if metric.direction is not None],
        "ranges": [asdict(known) for known in sweep.hints.ranges],
        "grouped": sweep.hints.grouped,
        "incomplete": sorted(sweep.incomplete),
    }


def roles_by_column(roles: Roles) -> dict[str, str]:
    """Return the role word of every column."""
    single = {"id": roles.id, "status": roles.status, "seed": roles.seed, "group": roles.group}
    found = {name: word for word, name in single.items() if name is not None}
    found |= {parameter.name: "hyperparameter" for parameter in roles.hyperparameters}
    found |= {metric.name: "metric" for metric in roles.metrics}
    several = {
        "environment": roles.environment, "resource": roles.resources, "time": roles.time, "text": roles.text,
        "ignored": roles.ignored, "constant": roles.constants,
    }  # fmt: skip
    return found | {name: word for word, names in several.items() for name in names}
