"""The seed changes nothing.

MEANING
    Trials with the same hyperparameters and different seeds have the very same metrics.

WHY IT IS BAD
    The seed is not wired: what looks like a mean over seeds is one run counted several times, and its spread is a lie.

HOW IT IS DECIDED
    Among groups of equal hyperparameters with at least two seeds and finite metrics, at least `groups`, and at least
    `share` of them, agree in every metric to six significant digits. Those trials are sick.

WHEN IT IS WRONG
    Methods without randomness (many linear models and trees) rightly give the same result for every seed.

WHAT TO TRY
    Seed the framework, not only Python; print a random number at the start of training.
"""

from __future__ import annotations

import polars as pl

from hpi_core.detectors.context import Context, wrapping_sum
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Threshold, Thresholds, Verdicts
from hpi_core.detectors.verdict import Hit, say, verdicts


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Group by configuration and compare seeds with results."""
    assert context.seed_hash is not None
    if context.unique_parameters:
        raise NotAssessable("no configuration was run with two seeds")
    result = context.result_hash if len(context.metrics) > 1 else _only(context)
    frame = pl.DataFrame(
        [context.configuration_hash.alias("config"), context.seed_hash.alias("seed"), result.alias("result")]
    )
    usable = frame.drop_nulls("result")
    if usable.get_column("config").n_unique() == usable.height:
        raise NotAssessable("no configuration was run with two seeds")
    groups = usable.group_by("config").agg(
        pl.col("seed").n_unique().alias("seeds"), pl.col("result").n_unique().alias("results")
    )
    groups = groups.filter(pl.col("seeds") > 1)
    if groups.is_empty():
        raise NotAssessable("no configuration was run with two seeds")
    same = groups.filter(pl.col("results") == 1)
    systematic = same.height >= thresholds["groups"] and same.height >= thresholds["share"] * groups.height
    joined = frame.join(groups, on="config", how="left", maintain_order="left")
    seeds = joined.get_column("seeds")
    judged = seeds.is_not_null() & result.is_not_null()
    sick = (joined.get_column("results") == 1) & systematic
    evidence = say("the same metrics for ", seeds, " seeds of this configuration")
    verdict = pl.select(pl.when(judged).then(sick)).to_series()
    return verdicts(context, [Hit(verdict, evidence, "error", context.roles.seed, seeds, 1.0)])


def _only(context: Context) -> pl.Series:
    values = context.values(context.metrics[0].name)
    hashed = wrapping_sum([values.round_sig_figs(6).hash(0)], context.n)
    return pl.select(pl.when(values.is_finite()).then(hashed)).to_series()


DETECTOR = Detector(
    issue="seed_ignored",
    tag="SEED",
    title="The seed changes nothing",
    severity="error",
    needs=("seed", "metrics", "hyperparameters"),
    thresholds=(
        Threshold("groups", 2, "configurations", "chosen here", "how many must repeat to the digit"),
        Threshold(
            "share", 0.5, "share of configurations", "chosen here", "and how large a part of those with two seeds"
        ),
    ),
    check=check,
    advice="Seed the framework, not only Python; print a random number at the start of training.",
    preempted_by=("nonfinite_metric", "stuck_at_chance", "failed_run", "out_of_memory", "timeout"),
    self_calibrated=False,
    examples=(
        Example({"lr": [0.1, 0.1, 0.2, 0.2], "seed": [1, 2, 1, 2], "val_loss": [0.51, 0.51, 0.62, 0.62]}, (0, 1, 2, 3)),
        Example({"lr": [0.1, 0.1, 0.2, 0.2], "seed": [1, 2, 1, 2], "val_loss": [0.51, 0.52, 0.62, 0.63]}, ()),
        Example({"lr": [0.1, 0.1, 0.2, 0.2], "seed": [1, 1, 1, 1], "val_loss": [0.51, 0.51, 0.62, 0.62]}, ()),
    ),
    manual=__doc__,
)
