"""inspect(): the one pipeline from a sweep to an inspection, in stages that can be watched and stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import polars as pl

from hpi_core import frames
from hpi_core.errors import Cancelled
from hpi_core.inspection.caveats import about_the_sweep
from hpi_core.inspection.measures import measure_metrics
from hpi_core.inspection.model import Inspection
from hpi_core.inspection.ranking import rank

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep

# Called with what is being done (a short phrase) and how far the whole is (0 to 1).
Progress = Callable[[str, float | None], None]


def inspect(
    sweep: Sweep,
    *,
    thresholds: Mapping[str, object] | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Inspection:
    """Find out which trials of a sweep are sick and what they share.

    Args:
        sweep: the trials.
        thresholds: `issue.threshold` -> value, where they differ from the detectors' own.
        progress: told of every stage as it begins.
        cancelled: asked between stages; the work stops once it answers true.

    Raises:
        Cancelled: the person asked to stop.
        UsageError: a threshold that no detector has.
    """

    def stage(what: str, fraction: float) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled("The inspection was stopped.")
        if progress is not None:
            progress(what, fraction)

    stage("measuring metrics", 0.0)
    measures = measure_metrics(sweep)
    stage("ranking trials", 0.9)
    healthy = pl.repeat(False, sweep.trials.height, dtype=pl.Boolean, eager=True)
    ranking = rank(sweep, healthy, {})
    return Inspection(
        sweep=sweep,
        measures=measures,
        sick=healthy,
        ranking=ranking,
        unassessed=sweep.trials.height,
        coverage=frames.empty(frames.COVERAGE),
        caveats=(*about_the_sweep(sweep, ranking), "No detector ran: nothing is said about the health of trials."),
        thresholds=dict(thresholds or {}),
    )
