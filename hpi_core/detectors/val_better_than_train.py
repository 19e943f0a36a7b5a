"""The model is better on held-out data than on what it was trained on.

MEANING
    The held-out metric is clearly better than the train metric.

WHY IT IS BAD
    It may be harmless, or the sign of leakage, of swapped columns, or of a held-out set that is too easy or too small.

HOW IT IS DECIDED
    Scores: held-out minus train above `score`. Losses: held-out below `loss` times train. It is information about a
    trial, and a warning where more than `share` of the sweep is like that.

WHEN IT IS WRONG
    Dropout, augmentation and label smoothing make train metrics worse by design; train metrics averaged over an epoch
    lag behind.

WHAT TO TRY
    Evaluate the train split without augmentation and dropout once; check the split for duplicates.
"""

from __future__ import annotations

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Severity, Threshold, Thresholds, Verdicts
from hpi_core.detectors.generalisation import gaps
from hpi_core.detectors.verdict import Hit, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Judge every metric pair."""
    hits = []
    for gap in gaps(context):
        train, held_out = gap.pair.train.name, gap.pair.held_out.name
        if gap.pair.kind == "loss":
            limit, better = thresholds["loss"], gap.size < thresholds["loss"]
            evidence = say(f"{held_out} is ", gap.size, f" times {train}")
        else:
            limit, better = -thresholds["score"], gap.size < -thresholds["score"]
            evidence = say(f"{held_out} is better than {train} by ", gap.size * -100, " points")
        share = better.mean()
        severity: Severity = "warn" if share is not None and share > thresholds["share"] else "info"  # type: ignore[operator]
        hits.append(Hit(better, evidence, severity, held_out, gap.size, limit))
    return verdicts(context, hits)


DETECTOR = Detector(
    issue="val_better_than_train",
    tag="V<T",
    title="Better on held-out data than on train",
    severity="info",
    needs=("metric pair",),
    thresholds=(
        Threshold("score", 0.05, "fraction", "UMLAUT", "gap of scores"),
        Threshold("loss", 0.8, "held-out / train loss", "chosen here", "ratio of losses"),
        Threshold("share", 0.5, "share of trials", "chosen here", "above it every finding is a warning"),
    ),
    check=check,
    advice="Evaluate train without augmentation and dropout; check the split for leakage.",
    preempted_by=("nonfinite_metric", "exploded_metric", "failed_run", "out_of_memory", "timeout"),
    examples=(
        Example(
            {"lr": [0.1, 0.2, 0.3], "train_acc": [0.7, 0.8, 0.6], "val_acc": [0.69, 0.79, 0.8]}, (2,), severity="info"
        ),
        Example(
            {"lr": [0.1, 0.2, 0.3], "train_loss": [1.0, 1.1, 1.2], "val_loss": [0.5, 0.6, 0.5]},
            (0, 1, 2),
            severity="warn",
        ),
        Example({"lr": [0.1, 0.2, 0.3], "train_loss": [1.0, 1.1, 1.2], "val_loss": [1.1, 1.0, 1.3]}, ()),
    ),
    manual=__doc__,
)
