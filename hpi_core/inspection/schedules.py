"""The schedules of learning rates as records: of each of their curves which schedules trials went through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from hpi_core.frames import ROW

if TYPE_CHECKING:
    from hpi_core.inspection.model import Inspection


def schedule_records(inspection: Inspection, most: int | None = None) -> list[dict[str, Any]]:
    """Return `metric`, `schedule`, `count`, `trials` (ids, at most `most`) and an `example` in words, by metric.

    The most frequent schedule of a metric comes first; the example is that of the first trial.
    """
    grouped = (
        inspection.schedules.group_by("metric", "schedule", maintain_order=True)
        .agg(ROW, pl.len().alias("count"))
        .sort("metric", "count", descending=[False, True], maintain_order=True)
    )
    ids = inspection.sweep.trial_ids()
    return [
        {
            "metric": metric,
            "schedule": schedule,
            "count": count,
            "trials": ids.gather(rows[:most]).to_list(),
            "example": next(words for name, _, words in inspection.schedule_of(rows[0]) if name == metric),
        }
        for metric, schedule, rows, count in grouped.iter_rows()
    ]
