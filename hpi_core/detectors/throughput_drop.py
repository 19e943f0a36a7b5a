"""The trial became slower on the way.

MEANING
    A step took clearly longer in the last part of the run than in the first.

WHY IT IS BAD
    It costs money and hides a fault: a leak, a hot or shared machine, a loader that falls behind.

HOW IT IS DECIDED
    From a curve of step times: the median of the last tenth is above `ratio` times that of the first fifth. From a
    curve of samples or steps per second: it is below the first fifth's divided by `ratio`. Where there is neither, from
    the times that stand in the curves (`timestamp`, `elapsed`, `runtime`, …): how long a step took is the time from one
    point to the next over the steps between them. The step is the one from which on nine in ten points are as slow.

WHEN IT IS WRONG
    Sequences that grow longer by design. Evaluation or checkpoints that fall into the last tenth.

WHAT TO TRY
    Look at the machine's memory, temperature and neighbours, and at the data loader.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import finals, learning_rates, look, of, ramp, since
from hpi_core.detectors.verdict import say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the end of every curve of speed with its beginning."""
    assert context.curves is not None
    hits = []
    told = context.curves.of_kind("duration", "throughput")
    for curve in told or filter(None, [context.curves.pace]):
        slower = pl.col("end") / pl.col("early") if curve.metric.kind == "duration" else pl.col("early") / pl.col("end")
        times = of(curve, slower)
        evidence = say(
            f"{curve.metric.name} was ", curve["early"], " over the first fifth and ", curve["end"],
            " at the end: a step takes ", times, " times as long",
        )  # fmt: skip
        sick = (slower > thresholds["ratio"]) & (pl.col("early") > 0) & (pl.col("end") > 0)
        hit = look(
            curve, sick, evidence, "info", least=thresholds["points"], value=times, threshold=thresholds["ratio"]
        )
        duration, ratio = curve.metric.kind == "duration", thresholds["ratio"]
        limit = curve["early"] * ratio if duration else curve["early"] / ratio
        hits.append(since(context, hit, curve, limit, f"at least {ratio:g} times", below=not duration))
    if not hits:
        raise NotAssessable("no curve of step times, of samples per second or of times")
    return verdicts(context, hits)


_STEADY = [[0.1 + 0.001 * (-1) ** i for i in range(40)] for _ in range(4)]
_SLOWER = [*_STEADY[0][:25], *(0.2 + 0.001 * (-1) ** i for i in range(15))]
_LOSS = [ramp(2.3, 0.5, 40) for _ in range(5)]
_CLOCK = [[sum(times[:at]) for at in range(40)] for times in [*_STEADY, _SLOWER]]

DETECTOR = Detector(
    issue="throughput_drop",
    tag="THRUPT",
    title="Became slower on the way",
    severity="info",
    needs=("curves",),
    thresholds=(
        Threshold("ratio", 1.5, "times", "chosen here", "how much longer a step takes at the end"),
        Threshold("points", 10, "points", "chosen here", "the shortest curve that is judged"),
    ),
    check=check,
    advice="Look at the machine's memory, temperature and neighbours, and at the data loader.",
    self_calibrated=False,
    examples=(
        Example(
            {"lr": learning_rates(5), "val_loss": finals(_LOSS)},
            (4,),
            curves={"val_loss": _LOSS, "step_time": [*_STEADY, _SLOWER]},
        ),
        Example(
            {"lr": learning_rates(5), "val_loss": finals(_LOSS)},
            (4,),
            curves={"val_loss": _LOSS, "elapsed": _CLOCK},
        ),
        Example(
            {"lr": learning_rates(4), "val_loss": finals(_LOSS[:4])},
            (),
            curves={"val_loss": _LOSS[:4], "step_time": _STEADY},
        ),
    ),
    manual=__doc__,
)
