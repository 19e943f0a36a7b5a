"""The same configuration was run more than once.

MEANING
    Trials share all hyperparameters, and the seed where there is one.

WHY IT IS BAD
    Without a seed that differs it is budget spent twice; counted as independent trials they make every statistic look
    surer than it is.

HOW IT IS DECIDED
    Equal hyperparameters and seed among the trials that completed (or whose end is not told). Failed, pruned and
    running ones are not asked, so that a retry of a failed run is no duplicate.

WHEN IT IS WRONG
    Repeats are honest where no seed is recorded; a hyperparameter that is not in the table makes trials look alike.

WHAT TO TRY
    Record the seed; let the tuner skip configurations it has seen.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context, wrapping_sum
from hpi_core.detectors.contract import Detector, Example, Thresholds, Verdicts
from hpi_core.detectors.verdict import Hit, mask, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Group by configuration and seed."""
    if context.unique_parameters:
        return verdicts(context, [Hit(mask(pl.repeat(False, context.n, eager=True), context.ended), [], "info")])
    hashes = [context.configuration_hash] + ([context.seed_hash] if context.seed_hash is not None else [])
    if context.group_codes is not None:  # the same settings in another sweep are another run
        hashes.append(pl.Series(context.group_codes).hash(104729))
    key = wrapping_sum(hashes, context.n).alias("key")
    judged = context.ended & context.status.is_in(["completed", "unknown"])
    known = mask(key, judged).alias("key")
    distinct = known.n_unique() - bool(known.null_count())
    if distinct == context.n - known.null_count():
        same = pl.repeat(1, context.n, dtype=pl.UInt32, eager=True)
    else:
        counts = known.to_frame().group_by("key").len("same")
        same = (
            known.to_frame().join(counts, on="key", how="left", maintain_order="left").get_column("same").fill_null(1)
        )
    what = "configuration and seed are" if context.seed_hash is not None else "configuration is"
    evidence = say(f"the {what} shared by ", same, " trials")
    return verdicts(context, [Hit(mask(same > 1, judged), evidence, "info", None, same, 1.0)])


DETECTOR = Detector(
    issue="duplicate_configuration",
    tag="DUP",
    title="Configuration run more than once",
    severity="info",
    needs=("hyperparameters",),
    thresholds=(),
    check=check,
    advice="Record the seed; let the tuner skip configurations it has seen.",
    self_calibrated=False,
    examples=(
        Example({"lr": [0.1, 0.2, 0.1], "batch": [8, 8, 8], "val_loss": [0.5, 0.6, 0.55]}, (0, 2)),
        Example({"lr": [0.1, 0.2, 0.1], "seed": [1, 1, 2], "val_loss": [0.5, 0.6, 0.55]}, ()),
        Example(
            {"lr": [0.1, 0.2, 0.1], "status": ["failed", "completed", "completed"], "val_loss": [None, 0.6, 0.55]}, ()
        ),
    ),
    manual=__doc__,
)
