"""The run is called running although nothing of it has been heard for long.

MEANING
    The source still says running, but the run's last sign of life is old, or it has been running far longer than any
    completed run took.

WHY IT IS BAD
    It holds a place in the queue, and it will never have a result; a tuner that waits for it waits in vain.

HOW IT IS DECIDED
    With a heartbeat: the latest moment anywhere in the data minus the run's last sign of life is more than `silence`.
    Without one: its run time, or the latest moment minus its start, is more than `overdue` times the 95th percentile
    of the completed run times. The wall clock is never asked: the file may be an old export.

WHEN IT IS WRONG
    A run with a much larger model may honestly take that long. A node whose clock is wrong looks silent.

WHAT TO TRY
    Look at the job on its machine; end it, or mark it failed in the tracker, and run the configuration again.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.outcomes import moments, runtime
from hpi_core.detectors.verdict import Hit, say, verdicts

_ALIVE = frozenset(["heartbeat", "updated", "modified", "timestamp"])
_START = frozenset(["start", "started", "begin", "created", "submit"])
_END = frozenset(["end", "ended", "finish", "finished", "complete", "completed"])


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Judge running trials by their heartbeat, else by how long they have been running."""
    running = context.status == "running"
    if context.sweep.incomplete:
        running = running & ~context.rows.is_in(sorted(context.sweep.incomplete))
    if not running.any():
        raise NotAssessable("no trial is running")
    looks = [hit for hit in (_silent(context, running, thresholds), _overdue(context, running, thresholds)) if hit]
    if not looks:
        raise NotAssessable("no heartbeat and no run times to compare with")
    return verdicts(context, looks)


def _now(context: Context) -> float | None:
    series = [found for found in (moments(context, words) for words in (_ALIVE, _START, _END)) if found is not None]
    latest = [float(found.max()) for found in series if found.max() is not None]  # type: ignore[arg-type]
    return max(latest, default=None)


def _silent(context: Context, running: pl.Series, thresholds: Thresholds) -> Hit | None:
    last = moments(context, _ALIVE)
    now = _now(context)
    if last is None or now is None:
        return None
    silence = now - last
    evidence = say("running, but silent for ", _spans(silence), " before the latest moment in the data")
    return Hit(
        _for(running, silence > thresholds["silence"]), evidence, "warn", last.name, silence, thresholds["silence"]
    )


def _spans(seconds: pl.Series) -> pl.Series:
    """Write spans of time in their largest unit that is not more than they are."""
    units = ((86_400, "days"), (3_600, "hours"), (60, "minutes"))

    def said(span: float) -> str:
        size, word = next(((size, word) for size, word in units if span >= 2 * size), (1, "s"))
        return f"{span / size:,.0f} {word}"

    return pl.Series([None if span is None else said(span) for span in seconds.to_list()], dtype=pl.String)


def _overdue(context: Context, running: pl.Series, thresholds: Thresholds) -> Hit | None:
    taken = runtime(context)
    completed = context.status == "completed"
    if taken is not None and context.trials.get_column(taken.name).filter(running).null_count() == running.sum():
        taken = None  # it is written only when a run ends, as Optuna's `duration` is
    if taken is not None:
        so_far = context.trials.get_column(taken.name).cast(pl.Float64)
        unit = ""
    else:
        start, end, now = moments(context, _START), moments(context, _END), _now(context)
        if start is None or end is None or now is None:
            return None
        so_far = pl.select(pl.when(running).then(now - start).otherwise(end - start)).to_series()
        unit = " s"
    usual = so_far.filter(completed).quantile(0.95)
    if not usual or usual <= 0:
        return None
    limit = thresholds["overdue"] * usual
    evidence = say("running for ", so_far, f"{unit}; 95 % of the completed runs took at most {usual:.4g}{unit}")
    return Hit(
        _for(running, so_far > limit), evidence, "warn", taken.name if taken is not None else None, so_far, limit
    )


def _for(running: pl.Series, sick: pl.Series) -> pl.Series:
    """A trial that is not running is no zombie; a running one of unknown age is not assessable."""
    return pl.select(pl.when(running).then(sick).otherwise(False)).to_series()


DETECTOR = Detector(
    issue="zombie",
    tag="ZOMBIE",
    title="Called running, but it seems dead",
    severity="warn",
    needs=("status",),
    thresholds=(
        Threshold("silence", 1800, "seconds", "SageMaker Debugger StalledTraining", "longest silence of a live run"),
        Threshold("overdue", 3, "ratio to the 95th percentile", "chosen here", "longest run time without heartbeat"),
    ),
    check=check,
    advice="Look at the job on its machine; end it and run the configuration again.",
    judges_unended=True,
    self_calibrated=False,
    examples=(
        Example(
            {
                "lr": [0.1, 0.2, 0.3],
                "status": ["completed", "running", "running"],
                "heartbeat": ["2025-01-01 12:00:00", "2025-01-01 09:00:00", "2025-01-01 11:59:00"],
                "val_loss": [1.0, 1.1, 1.2],
            },
            (1,),
        ),
        Example(
            {
                "lr": [0.1, 0.2, 0.3, 0.4],
                "status": ["completed", "completed", "running", "running"],
                "runtime_sec": [100.0, 110.0, 5000.0, 90.0],
                "val_loss": [1.0, 1.1, None, None],
            },
            (2,),
        ),
        Example({"lr": [0.1, 0.2], "status": ["done", "running"], "runtime_sec": [9.0, 8.0], "loss": [1.0, 1.1]}, ()),
    ),
    manual=__doc__,
)
