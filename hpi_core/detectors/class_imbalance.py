"""Some classes are left behind.

MEANING
    The classes differ in size by a large factor, or the model gets most examples of some class wrong.

WHY IT IS BAD
    An average over all examples hides it, and the ranking by that average rewards it.

HOW IT IS DECIDED
    From columns named by class. Largest / smallest count above `ratio`, or the wrong share of any class above `wrong`.
    Where counts are there, after `labels` labels only.

WHEN IT IS WRONG
    Hard classes are not rare classes: confusable labels look the same.

WHAT TO TRY
    Class weights, balanced sampling, or a metric that counts every class the same.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.class_columns import class_columns
from hpi_core.detectors.context import Context, finite
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.verdict import Hit, mask, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Judge the counts per class, then the shares of wrong predictions per class."""
    shares, counts = class_columns(context)
    if not shares and not counts:
        raise NotAssessable("no columns per class")
    hits = []
    enough: pl.Series | None = None
    if counts:
        frame = pl.DataFrame([finite(context.values(name)) for name in counts])
        enough = (frame.sum_horizontal() >= thresholds["labels"]).fill_null(False)
        ratio = frame.max_horizontal() / frame.min_horizontal()
        sick = mask(ratio > thresholds["ratio"], enough)
        evidence = say("the largest class is ", ratio, " times the smallest")
        hits.append(Hit(sick, evidence, "warn", None, ratio, thresholds["ratio"]))
    for kind, names in shares.items():
        frame = pl.DataFrame([finite(context.values(name)) for name in names])
        percent = bool((frame.max_horizontal().max() or 0.0) > 1.5)  # type: ignore[operator]
        scaled = frame / 100 if percent else frame
        wrong = scaled.select(pl.all() * -1 + 1) if kind.endswith("right") else scaled
        worst = wrong.max_horizontal()
        sick = mask(worst > thresholds["wrong"], enough) if enough is not None else worst > thresholds["wrong"]
        evidence = say(f"in the worst of {len(names)} classes the wrong share is ", worst)
        hits.append(Hit(sick, evidence, "warn", None, worst, thresholds["wrong"]))
    return verdicts(context, hits)


DETECTOR = Detector(
    issue="class_imbalance",
    tag="IMBAL",
    title="Some classes are left behind",
    severity="warn",
    needs=(),
    thresholds=(
        Threshold("ratio", 10, "largest / smallest class", "SageMaker Debugger ClassImbalance", "ratio of counts"),
        Threshold("wrong", 0.7, "fraction", "SageMaker Debugger ClassImbalance", "wrong share of any class"),
        Threshold("labels", 500, "labels", "SageMaker Debugger ClassImbalance", "fewer labels are not judged"),
    ),
    check=check,
    advice="Weight the classes, balance the batches, or rank by a metric that counts classes alike.",
    preempted_by=("nonfinite_metric", "failed_run", "out_of_memory", "timeout"),
    examples=(
        Example(
            {
                "lr": [0.1, 0.2, 0.3],
                "recall_class_0": [0.9, 0.95, 0.9],
                "recall_class_1": [0.8, 0.1, 0.7],
                "val_loss": [0.1, 0.2, 0.3],
            },
            (1,),
        ),
        Example(
            {"lr": [0.1, 0.2], "count_class_0": [900, 900], "count_class_1": [80, 700], "val_loss": [0.1, 0.2]},
            (0,),
        ),
        Example(
            {"lr": [0.1, 0.2], "class_0_accuracy": [90.0, 80.0], "class_1_accuracy": [85.0, 82.0], "loss": [0.1, 0.2]},
            (),
        ),
    ),
    manual=__doc__,
)
