"""Memory grew to the end.

MEANING
    Over the last fifth of the run the memory in use rose steadily.

WHY IT IS BAD
    A leak ends as an out-of-memory failure in a longer run, and takes memory from its neighbours before.

HOW IT IS DECIDED
    A straight line through the last fifth of a curve of memory rises by more than `rise` of its level (5 % over half of
    the run), with a t-statistic above `t`. Curves under `points` points are not judged.

WHEN IT IS WRONG
    Caches that fill up slowly level off later. Sequences that grow longer by design.

WHAT TO TRY
    Look for tensors that are kept with their graph (losses added up without detaching), growing logs and caches.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, look, of, ramp, whole
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Fit a line to the last fifth of every curve of memory."""
    assert context.curves is not None
    hits = []
    for memory in context.curves.of_kind("memory"):
        rise = of(memory, pl.col("late_rise") / pl.col("end").abs())
        percent = rise * 100
        sick = (pl.col("late_rise") > thresholds["rise"] * pl.col("end").abs()) & (pl.col("late_t") > thresholds["t"])
        evidence = say(
            f"{memory.metric.name} grew by ", percent, " % over the last fifth of the run, from step ",
            whole(memory["late_step"]), " on",
        )  # fmt: skip
        hits.append(
            look(
                memory, sick, evidence, "warn", least=thresholds["points"], value=rise, threshold=thresholds["rise"],
                step=memory["late_step"],
            )
        )  # fmt: skip
    if not hits:
        raise NotAssessable("no curve of memory")
    return verdicts(context, hits)


_LOSS = [ramp(2.3, 0.5, 40) for _ in range(4)]
_LEVEL = [[4000.0 + (i % 3) for i in range(40)] for _ in range(4)]
_GROWING = [4000.0 + 60 * i + (i % 3) for i in range(40)]

DETECTOR = Detector(
    issue="memory_growth",
    tag="MEM",
    title="Memory grew to the end",
    severity="warn",
    needs=("curves",),
    thresholds=(
        Threshold("rise", 0.02, "share of the level", "chosen here", "over the last fifth of the run"),
        Threshold("t", 3.0, "t-statistic", "chosen here", "and beyond the scatter about the line"),
        Threshold("points", 20, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Look for tensors kept with their graph, growing logs and caches.",
    self_calibrated=False,
    examples=(
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS)},
            (3,),
            curves={"val_loss": _LOSS, "gpu_memory_mb": [*_LEVEL[:3], _GROWING]},
        ),
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS)},
            (),
            curves={"val_loss": _LOSS, "gpu_memory_mb": _LEVEL},
        ),
    ),
    manual=__doc__,
)
