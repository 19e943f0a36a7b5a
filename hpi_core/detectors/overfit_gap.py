"""The model is much better on what it was trained on than on held-out data, compared with its sweep.

MEANING
    The gap between train and held-out metric is large, and far outside what is usual in this sweep.

WHY IT IS BAD
    The trial fits its training data at the cost of what it was trained for; its train metric misleads.

HOW IT IS DECIDED
    Losses: the robust z-score of log(held-out / train) within the sweep is above `z`, and the ratio above `ratio`.
    Scores: train minus held-out is above `score` (`score_high` where train is above 0.9), with the same z-score. With
    several pairs, any is enough. And it must have cost something: some trial that does worse on train does better on
    held-out data, by at least `cost` of the spread (1.4826 MAD, of the log for losses) that held-out results have in
    this sweep. A trial that nobody with a worse train metric clearly beats has not overfitted. The first
    `evaluations` epochs are not judged, nor pruned, failed or exploded trials. With curves of both losses it is also
    overfitting where they end apart by more than `opened` of the training loss' way down, and the held-out loss rose
    again from its lowest. Where the held-out metric has a curve, the step is that of its best value, smoothed.

WHEN IT IS WRONG
    Where everything overfits, nothing stands out: `most_trials_overfit` answers for that. Strong augmentation or
    dropout makes train metrics worse and hides a gap. Loss ratios of well-fitted models are large although nothing is
    lost on held-out data: where the best trials are flagged, the rule is demoted.

WHAT TO TRY
    More regularisation or data, earlier stopping, a smaller model in the range that is flagged.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Detector, Example, Threshold, Thresholds, Verdicts
from hpi_core.detectors.curve_looks import of, whole
from hpi_core.detectors.generalisation import Gap, gaps
from hpi_core.detectors.rebound import DETECTOR as REBOUND
from hpi_core.detectors.rebound import rebounds
from hpi_core.detectors.short_run import progress
from hpi_core.detectors.verdict import Hit, choose, mask, middle, robust_z, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Judge every metric pair against the sweep's usual gap."""
    length = progress(context)
    hits = []
    for gap in gaps(context):
        size = gap.size
        if length is not None and "epoch" in length.name.lower():
            size = mask(size, (length >= thresholds["evaluations"]).fill_null(True))
        if size.len() - size.null_count() >= thresholds["trials"]:
            hits.append(_with_step(context, _look(gap, size, thresholds)))
    return verdicts(context, [*hits, *_opened(context, thresholds)])


def _opened(context: Context, thresholds: Thresholds) -> list[Hit]:
    """Judge every pair of loss curves: how far they have come apart, where the held-out one rose again."""
    hits = []
    usual = {threshold.name: threshold.default for threshold in REBOUND.thresholds}
    for train, held_out in context.curves.pairs if context.curves is not None else ():
        learned = train["first"] - train["end"]  # what did not come down has nothing to be apart from
        apart = (learned > 0) & (held_out["end"] - train["end"] > thresholds["opened"] * learned)
        known = context.full_length & (train["n"] >= usual["points"]) & (held_out["n"] >= usual["points"])
        evidence = say(
            f"{held_out.metric.name} ended at ", held_out["end"], f" and {train.metric.name} at ", train["end"],
            "; the held-out loss rose from step ", whole(held_out["turn_step"]), " on",
        )  # fmt: skip
        wide = mask(apart & of(held_out, rebounds(usual)), known.fill_null(False))
        step = held_out["turn_step"]
        hits.append(Hit(wide, evidence, "warn", held_out.metric.name, held_out["end"], train["end"], step))
    return hits


def _look(gap: Gap, size: pl.Series, thresholds: Thresholds) -> Hit:
    train, held_out = gap.pair.train.name, gap.pair.held_out.name
    if gap.pair.kind == "loss":
        unusual = robust_z(size.log()) > thresholds["z"]
        evidence = say(f"{held_out} / {train} is ", size, f"; half of the trials are at most {middle(size):.3g}")
        wide = _costly(gap, unusual & (size > thresholds["ratio"]), thresholds["cost"])
        return Hit(wide, evidence, "warn", held_out, size, thresholds["ratio"])
    limit = choose(gap.train > 0.9, thresholds["score_high"], thresholds["score"])
    points = size * 100
    evidence = say(
        f"{train} is better than {held_out} by ", points, f" points; half of the trials: {middle(points):.3g}"
    )
    wide = _costly(gap, (robust_z(size) > thresholds["z"]) & (size > limit), thresholds["cost"])
    return Hit(wide, evidence, "warn", held_out, size, limit)


def _with_step(context: Context, hit: Hit) -> Hit:
    """Say, where there is a curve of the held-out metric, near which step it was best."""
    curve = context.curves.like(hit.metric) if context.curves is not None and hit.metric is not None else None
    if curve is None:
        return hit
    step = curve["turn_step"]
    said = (f"; {curve.metric.name} was best near step " + whole(step) + " of " + whole(curve["last_step"])).fill_null(
        ""
    )
    return replace(hit, evidence=[*hit.evidence, said], step=step)


def _costly(gap: Gap, wide: pl.Series, share: float) -> pl.Series:
    """Keep true only where some trial with a worse train metric has a clearly better held-out one; nulls stay null.

    Clearly is `share` of the robust spread of the held-out metric over the judged trials.
    """
    if not wide.any():
        return wide
    loss = gap.pair.kind == "loss"
    train, held_out = (gap.train, gap.held_out.log()) if loss else (-gap.train, -gap.held_out)
    judged = pl.DataFrame({"train": train, "held_out": held_out}).with_row_index("row").filter(gap.size.is_not_null())
    spread = 1.4826 * middle((judged["held_out"] - middle(judged["held_out"])).abs())
    # Lower is better here. From the worst on train to the best: the best held-out value met before each trial.
    ordered = judged.sort("train", descending=True, maintain_order=True).with_columns(
        (pl.col("held_out") - pl.col("held_out").cum_min().shift(1)).alias("cost")
    )
    paid = ordered.filter((pl.col("cost") > 0) & (pl.col("cost") >= share * spread))["row"]
    beaten = pl.repeat(False, wide.len(), dtype=pl.Boolean, eager=True).scatter(paid, True)
    return mask(wide & beaten, wide.is_not_null())


_LR = [0.01 * i for i in range(1, 13)]
_TRAIN = [0.50, 0.52, 0.48, 0.51, 0.49, 0.47, 0.53, 0.50, 0.46, 0.54, 0.50, 0.10]
_VAL = [0.55, 0.58, 0.52, 0.55, 0.54, 0.50, 0.59, 0.56, 0.51, 0.58, 0.54, 0.90]

DETECTOR = Detector(
    issue="overfit_gap",
    tag="GAP",
    title="Much better on train than on held-out data",
    severity="warn",
    needs=("pair",),
    thresholds=(
        Threshold(
            "z", 3.5, "robust z-score", "Iglewicz and Hoaglin (1993)", "how unusual the gap must be in the sweep"
        ),
        Threshold("ratio", 1.5, "held-out / train loss", "chosen here", "and at least this ratio of losses"),
        Threshold(
            "opened", 0.5, "share of the training loss' way down", "chosen here", "between the curves at the end"
        ),
        Threshold("score", 0.10, "fraction", "AutoTrainer test_not_well", "and at least this gap of scores"),
        Threshold("score_high", 0.07, "fraction", "AutoTrainer test_not_well", "the same where train is above 0.9"),
        Threshold("cost", 0.5, "share of the spread", "chosen here", "what it must have lost on held-out data"),
        Threshold("evaluations", 5, "epochs", "chosen here", "shorter trials are not judged"),
        Threshold("trials", 5, "trials", "chosen here", "fewer tell no usual gap"),
    ),
    check=check,
    advice="Regularise more, stop earlier, or use a smaller model in this range.",
    preempted_by=("nonfinite_metric", "exploded_metric", "failed_run", "out_of_memory", "timeout"),
    examples=(
        Example({"lr": _LR, "train_loss": _TRAIN, "val_loss": _VAL}, (11,)),
        # Far better on train than all others, and best on held-out data, too: it learned more, at no cost.
        Example({"lr": _LR, "train_loss": _TRAIN, "val_loss": [*_VAL[:11], 0.4]}, ()),
        Example({"lr": _LR, "train_loss": [*_TRAIN[:11], 0.5], "val_loss": [*_VAL[:11], 0.56]}, ()),
        Example(
            {"lr": _LR, "train_acc": [0.8] * 11 + [0.99], "val_acc": [0.7 + i / 200 for i in range(11)] + [0.5]}, (11,)
        ),
        Example(
            {"lr": _LR, "train_acc": [80.0] * 11 + [99.0], "val_acc": [70 + i / 2 for i in range(11)] + [50.0]}, (11,)
        ),
        Example({"lr": _LR, "train_loss": _TRAIN, "val_loss": _VAL, "epochs": [30] * 11 + [3]}, ()),
    ),
    manual=__doc__,
)
