"""The whole sweep overfits.

MEANING
    In the median trial the held-out metric is much worse than the train metric.

WHY IT IS BAD
    Choosing among hyperparameters cannot help much: what they share (data, model size, length) is the problem. A
    trial that overfits does not stand out here, so the rule per trial is blind.

HOW IT IS DECIDED
    The median over trials of held-out / train loss is above `ratio`, or of train minus held-out score above `score`.

WHEN IT IS WRONG
    Losses near 0 on train make large ratios of no consequence; see whether the held-out score suffers.

WHAT TO TRY
    More data or augmentation, weight decay and dropout in wider ranges, earlier stopping, for all trials.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Example, SweepDetector, SweepVerdict, Threshold, Thresholds
from hpi_core.detectors.generalisation import gaps


def check(context: Context, verdicts: Mapping[str, pl.Series], thresholds: Thresholds) -> SweepVerdict | None:
    """Report the metric pair whose median gap is above its bound by the largest factor."""
    judged = verdicts.get("overfit_gap")
    found: list[tuple[float, SweepVerdict]] = []
    for gap in gaps(context):
        size = gap.size.filter(judged.is_not_null()) if judged is not None else gap.size
        size = size.drop_nulls()
        if size.len() < thresholds["trials"]:
            continue
        median = float(size.median())  # type: ignore[arg-type]
        limit = thresholds["ratio" if gap.pair.kind == "loss" else "score"]
        if median > limit:
            train, held_out = gap.pair.train.name, gap.pair.held_out.name
            what = f"{held_out} / {train}" if gap.pair.kind == "loss" else f"{train} - {held_out}"
            text = f"the median of {what} over {size.len()} trials is {median:.3g} (bound {limit:g})"
            found.append((median / limit, SweepVerdict("warn", text, size.len(), held_out, median, limit)))
    return max(found, key=lambda item: item[0])[1] if found else None


DETECTOR = SweepDetector(
    issue="most_trials_overfit",
    tag="ALLGAP",
    title="The whole sweep overfits",
    severity="warn",
    needs=("metric pair",),
    thresholds=(
        Threshold("ratio", 1.5, "held-out / train loss", "chosen here", "bound on the median ratio"),
        Threshold("score", 0.10, "fraction", "AutoTrainer test_not_well", "bound on the median gap of scores"),
        Threshold("trials", 5, "trials", "chosen here", "fewer are no sweep"),
    ),
    check=check,
    advice="Change what all trials share: data, augmentation, regularisation, length.",
    examples=(
        Example(
            {
                "lr": [0.1, 0.2, 0.3, 0.4, 0.5],
                "train_loss": [0.1, 0.11, 0.1, 0.12, 0.1],
                "val_loss": [0.5, 0.6, 0.7, 0.5, 0.6],
            },
            (0,),
        ),
        Example(
            {
                "lr": [0.1, 0.2, 0.3, 0.4, 0.5],
                "train_loss": [0.5, 0.6, 0.7, 0.5, 0.6],
                "val_loss": [0.5, 0.7, 0.7, 0.6, 0.6],
            },
            (),
        ),
    ),
    manual=__doc__,
)
