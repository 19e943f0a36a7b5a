"""The model predicts one class, usually the most frequent, for everything.

MEANING
    The accuracy is fair and the F1 is not, or the accuracy equals the share of the most frequent class, or every
    example of one class is right and every example of the other wrong.

WHY IT IS BAD
    The model has learned nothing but the class shares; its accuracy looks acceptable on unbalanced data.

HOW IT IS DECIDED
    Macro F1 below `f1` times the accuracy of the same split; for an F1 that is not said to be macro only a value near
    0 beside an accuracy above one half is a warning, anything else information. Where a column names the majority
    rate: accuracy within `near` of it. Where true positive and true negative rate (recall and specificity) are there:
    one of them is 1 and the other 0. The objective has no say in this: accuracy is what such a model deceives.

WHEN IT IS WRONG
    The F1 of a rare positive class is far below accuracy in good models, too.

WHAT TO TRY
    Class weights or balanced sampling; rank by balanced accuracy or macro F1.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context, finite, is_score, words_of
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.verdict import Hit, choose, say, verdicts
from hpi_core.roles.names import parse

_NOTHING = 0.02
_POSITIVE = frozenset(["tpr", "recall", "sensitivity"])
_NEGATIVE = frozenset(["tnr", "specificity"])
_EXACT = 1e-9


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare accuracy with F1, and with the majority rate, split by split."""
    accuracies = [m for m in context.final_metrics if m.quantity == "accuracy" and is_score(m) and _plain(m.name)]
    scores = [m for m in context.final_metrics if m.quantity == "f1" and is_score(m)]
    rate = _majority_rate(context)
    hits = []
    for accuracy in accuracies:
        correct = context.fraction(accuracy)
        if rate is not None:
            near = (correct - rate).abs() <= thresholds["near"]
            evidence = say(f"{accuracy.name} is ", correct, f", the share of the largest class ({rate.name})")
            hits.append(Hit(near, evidence, "warn", accuracy.name, correct, rate))
        for score in (s for s in scores if s.split == accuracy.split):
            f1 = context.fraction(score)
            low = f1 < thresholds["f1"] * correct
            if "macro" in words_of(score.name):
                severity: pl.Series = choose(low, "warn", "warn")
            else:
                severity = choose((f1 < _NOTHING) & (correct > 0.5), "warn", "info")
            evidence = say(f"{score.name} is ", f1, f" at {accuracy.name} ", correct)
            hits.append(Hit(low, evidence, severity, score.name, f1, thresholds["f1"] * correct))
    hits += _one_sided(context)
    if not hits:
        raise NotAssessable("no accuracy with an F1 or a majority rate beside it, no true positive and negative rate")
    return verdicts(context, hits)


def _one_sided(context: Context) -> list[Hit]:
    """Find trials that are right on all examples of one class and wrong on all of the other.

    Columns are asked by name, whatever their role: where every trial does it, both columns are constants.
    """
    hits = []
    for positive, split in _whole(context, _POSITIVE):
        for negative, other in _whole(context, _NEGATIVE):
            if split != other:
                continue
            right, wrong = finite(context.values(positive)), finite(context.values(negative))
            scale = 100.0 if float(right.max() or 0.0) > 1 or float(wrong.max() or 0.0) > 1 else 1.0  # type: ignore[arg-type]
            one = (right - wrong).abs() >= scale * (1 - _EXACT)
            evidence = say(f"{positive} is ", right, f" and {negative} ", wrong, ": one class for everything")
            hits.append(Hit(one, evidence, "warn", negative, wrong, 0.0))
    return hits


def _whole(context: Context, rates: frozenset[str]) -> list[tuple[str, str]]:
    """Return (column, split) where the name is one of these rates and nothing else but a split."""
    found: list[tuple[str, str]] = []
    for name in context.numeric_columns:
        parsed = parse(name).metric
        if parsed is not None and parsed.stem in rates and parsed.variant == 0 and not parsed.compared:
            found.append((name, parsed.split or ""))
    return found


def _plain(name: str) -> bool:
    return not {"balanced", "class", "per", "top5", "acc5", "top10"} & set(words_of(name))


def _majority_rate(context: Context) -> pl.Series | None:
    for name in context.numeric_columns:
        words = set(words_of(name))
        if "majority" in words and words & {"rate", "share", "accuracy", "acc", "class", "frequency", "baseline"}:
            values = finite(context.values(name))
            high = values.max()
            return (values / 100 if high is not None and float(high) > 1 else values).alias(name)  # type: ignore[arg-type]
    return None


DETECTOR = Detector(
    issue="majority_class",
    tag="MAJOR",
    title="Predicts the majority class",
    severity="warn",
    needs=(),
    thresholds=(
        Threshold("f1", 0.6, "F1 / accuracy", "chosen here", "ratio below which the classes cannot all be served"),
        Threshold("near", 0.005, "fraction", "chosen here", "how close to the majority rate"),
    ),
    check=check,
    advice="Weight the classes or balance the batches; rank by macro F1 or balanced accuracy.",
    preempted_by=("nonfinite_metric", "metric_out_of_range", "failed_run", "out_of_memory", "timeout"),
    self_calibrated=False,
    examples=(
        Example(
            {"lr": [0.1, 0.2, 0.3], "val_acc": [0.9, 0.88, 0.9], "val_f1_macro": [0.85, 0.47, 0.8]},
            (1,),
            severity="warn",
        ),
        Example({"lr": [0.1, 0.2, 0.3], "val_acc": [0.9, 0.88, 0.9], "val_f1_macro": [0.85, 0.8, 0.8]}, ()),
        Example(
            {"lr": [0.1, 0.2, 0.3], "val_acc": [0.95, 0.96, 0.97], "val_f1": [0.7, 0.3, 0.8]}, (1,), severity="info"
        ),
        Example(
            {
                "lr": [0.1, 0.2, 0.3],
                "val_acc": [0.9, 0.7, 0.3],
                "val_recall": [0.85, 1.0, 0.0],
                "val_specificity": [1, 0, 1],
            },
            (1, 2),
            severity="warn",
        ),
        Example({"lr": [0.1, 0.2], "acc": [0.9, 1.0], "tpr": [1.0, 1.0], "tnr": [0.2, 1.0]}, ()),
    ),
    manual=__doc__,
)
