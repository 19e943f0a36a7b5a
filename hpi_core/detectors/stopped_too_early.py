"""The trial stopped while it was still improving, earlier than others.

MEANING
    The run is shorter than those around it, it ended well, and its curve was still coming down through its noise.

WHY IT IS BAD
    Early stopping took noise for the end of progress; the configuration may be better than its result.

HOW IT IS DECIDED
    The curve ends before `length` of the longest one; a straight line through its last fifth comes down by more than
    `gain` of all it gained, with a t-statistic beyond `t`. Pruned, failed and cut-off trials are not judged: they did
    not stop of themselves. Where a column says how patient early stopping was, the evidence says it.

WHEN IT IS WRONG
    Trials of different planned lengths.

WHAT TO TRY
    More patience, a least improvement (min_delta) above the noise of the curve, or a smoothed criterion.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context, words_of
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import DROP, finals, learning_rates, look, of, ramp, whole
from hpi_core.detectors.verdict import Part, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the length of the main curve with the longest, and its last fifth with its noise."""
    assert context.curves is not None
    hits = []
    for curve in context.curves.main:
        longest = curve["last_step"].filter(context.full_length).max()
        if not isinstance(longest, int) or curve["last_step"].n_unique() == 1:
            continue
        sick = (
            (pl.col("last_step") < thresholds["length"] * longest)
            & (-pl.col("late_rise") > thresholds["gain"] * DROP)
            & (-pl.col("late_t") > thresholds["t"])
        )
        percent = of(curve, pl.when(DROP > 0).then(-100 * pl.col("late_rise") / DROP))
        evidence = say(
            f"{curve.metric.name} ends at step ", whole(curve["last_step"]), f" of {longest:,} and gained ", percent,
            " % of its progress in the last fifth", *_patience(context),
        )  # fmt: skip
        among = context.full_length & context.status.is_in(["completed", "unknown"])
        hits.append(
            look(
                curve, sick, evidence, "info", least=thresholds["points"], among=among, value=percent / 100,
                threshold=thresholds["gain"], step=curve["last_step"],
            )
        )  # fmt: skip
    if not hits:
        raise NotAssessable("all trials have the same length")
    return verdicts(context, hits)


def _patience(context: Context) -> list[Part]:
    for name in context.numeric_columns:
        if "patience" in words_of(name):
            return ["; patience was ", context.trials.get_column(name).cast(pl.Float64)]
    return []


_HEALTHY = [ramp(2.3, 0.5 + 0.02 * i, 60) for i in range(4)]
_STOPPED = [2.3 - 0.03 * i + 0.02 * (-1) ** i for i in range(25)]

DETECTOR = Detector(
    issue="stopped_too_early",
    tag="STOPPED",
    title="Stopped while still improving",
    severity="info",
    needs=("main curve",),
    thresholds=(
        Threshold("length", 0.8, "share of the longest", "chosen here", "a run shorter than this stopped early"),
        Threshold("gain", 0.02, "share of all progress", "chosen here", "made in the last fifth"),
        Threshold("t", 3.0, "t-statistic", "chosen here", "and beyond the scatter about the line"),
        Threshold("points", 10, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Give early stopping more patience or a min_delta above the curve's noise.",
    preempted_by=(
        "nonfinite_metric", "exploded_metric", "diverged", "not_decreasing", "failed_run", "out_of_memory", "timeout",
    ),
    self_calibrated=False,
    examples=(
        Example(
            {"lr": learning_rates(5), "val_loss": finals([*_HEALTHY, _STOPPED])},
            (4,),
            curves={"val_loss": [*_HEALTHY, _STOPPED]},
        ),
        Example({"lr": learning_rates(4), "val_loss": finals(_HEALTHY)}, (), curves={"val_loss": _HEALTHY}),
    ),
    manual=__doc__,
)  # fmt: skip
