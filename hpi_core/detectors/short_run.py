"""The run ended long before it should have.

MEANING
    The run made far fewer steps than planned, or than the runs of this sweep usually make, without being pruned.

WHY IT IS BAD
    Its metrics are those of an unfinished training: comparing them with the others is unfair in both directions.

HOW IT IS DECIDED
    Where a column says how much was planned: fewer than `planned` of it. Else: fewer than `usual` of the modal number
    of steps (the median where no number is common), in sweeps of at least `trials` trials. Pruned runs are not asked.
    The finding is only information where steps stand on a geometric ladder, as successive halving leaves them; where
    no number of steps is common, as in population-based training; and where only run times are known, since a fast
    configuration is short, too. It is a ratio, not a quantile: a quantile calls some runs short in every sweep.

WHEN IT IS WRONG
    Early stopping that the source does not tell is taken for a short run. A larger batch makes fewer steps.

WHAT TO TRY
    See why it ended (its log, its machine), and run it again in full before judging its configuration.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from hpi_core.detectors.context import Context, finite, words_of
from hpi_core.detectors.contract import Detector, Example, NotAssessable, Severity, Threshold, Thresholds, Verdicts
from hpi_core.detectors.outcomes import runtime
from hpi_core.detectors.verdict import Hit, mask, say, verdicts

_UNITS = ("epoch", "step", "iteration", "iter", "update", "timestep", "n_evals")
_SINGULAR = {"epochs": "epoch", "steps": "step", "iterations": "iteration", "iters": "iter", "timesteps": "timestep"}
_PLANS = frozenset(["max", "total", "planned", "target", "num", "n"])
_COUNTERS = frozenset(["nonfinite", "preemption", "checkpoint", "warmup", "time", "per", "sec"])


def check(context: Context, thresholds: Thresholds) -> Verdicts:
    """Compare the length of every full-length run with its plan, else with the sweep's usual length."""
    length = progress(context)
    if length is None:
        return _by_runtime(context, thresholds)
    length = mask(length, context.full_length).alias(length.name)
    plan = _plan(context, length.name)
    if plan is not None:
        sick = length < thresholds["planned"] * plan
        evidence = say(f"{length.name} ", length, " of ", plan, " planned")
        return verdicts(context, [Hit(sick, evidence, "warn", length.name, length, plan * thresholds["planned"])])
    return _by_usual(context, length, thresholds, "info" if is_ladder(length) else "warn")


def _by_runtime(context: Context, thresholds: Thresholds) -> Verdicts:
    times = runtime(context)
    if times is None:
        raise NotAssessable("no steps, epochs or run time")
    return _by_usual(context, mask(times, context.full_length).alias(times.name), thresholds, "info")


def _by_usual(context: Context, length: pl.Series, thresholds: Thresholds, severity: Severity) -> Verdicts:
    if length.len() - length.null_count() < thresholds["trials"]:
        raise NotAssessable(f"fewer than {thresholds['trials']:g} trials to know the usual length from")
    usual, common = _usual(length.drop_nulls())
    limit = thresholds["usual"] * usual
    if common:
        evidence = say(f"{length.name} ", length, f"; usual here is {usual:.6g}")
    else:
        severity = "info"
        evidence = say(f"{length.name} ", length, f"; no length is usual here, the median is {usual:.6g}")
    return verdicts(context, [Hit(length < limit, evidence, severity, length.name, length, limit)])


def progress(context: Context) -> pl.Series | None:
    """Return how far every ended trial came (epochs or steps), or None where no resource column tells."""
    for unit in _UNITS:
        for name in context.roles.resources:
            words = {_SINGULAR.get(word, word) for word in words_of(name)}
            counts = unit in words or "_".join(words_of(name)) == unit
            if counts and not words & _COUNTERS and context.trials.schema[name].is_numeric():
                return finite(context.values(name)).alias(name)
    return None


def _plan(context: Context, name: str) -> pl.Series | None:
    """Return what was planned in the unit of the progress column, where another column says so."""
    unit = {_SINGULAR.get(word, word) for word in words_of(name)} & set(_UNITS)
    for other in context.numeric_columns:
        words = {_SINGULAR.get(word, word) for word in words_of(other)}
        if other != name and words & unit and words & _PLANS and not words & (_COUNTERS | {"evals"}):
            plan = finite(context.values(other))
            reached = finite(context.values(name))
            # A plan that runs overshoot is no plan.
            if bool((reached <= plan * 1.05).all()) and plan.is_not_null().any():
                return plan
    return None


def _usual(length: pl.Series) -> tuple[float, bool]:
    """Return the modal length and True, or the median and False where no length is common."""
    counts = length.value_counts(name="count")
    top = counts.filter(pl.col("count") == pl.col("count").max())
    if int(top.item(0, "count")) >= max(3, 0.1 * length.len()):
        return float(top.get_column(length.name).max()), True  # type: ignore[arg-type]
    return float(length.median()), False  # type: ignore[arg-type]


def is_ladder(length: pl.Series) -> bool:
    """Say whether nine trials in ten stand on rungs whose lengths grow by one whole factor, as under halving."""
    counts = length.drop_nulls().value_counts(name="count").filter((pl.col("count") >= 2) & (pl.first() > 0))
    if not 3 <= counts.height <= 12 or counts.get_column("count").sum() < 0.9 * (length.len() - length.null_count()):
        return False
    rungs = np.sort(counts.get_column(length.name).to_numpy())
    ratios = rungs[1:] / rungs[:-1]
    factor = float(np.median(ratios))
    return factor >= 1.9 and bool(np.all(np.abs(ratios / factor - 1) < 0.15))


DETECTOR = Detector(
    issue="short_run",
    tag="SHORT",
    title="The run ended early",
    severity="warn",
    needs=(),
    thresholds=(
        Threshold(
            "planned", 0.5, "share of the planned steps", "chosen here", "shorter is flagged, where a plan is known"
        ),
        Threshold(
            "usual", 0.25, "share of the usual steps", "chosen here", "shorter is flagged, where no plan is known"
        ),
        Threshold("trials", 8, "trials", "chosen here", "fewer tell no usual length"),
    ),
    check=check,
    advice="Run it again in full before judging its configuration.",
    preempted_by=("failed_run", "out_of_memory", "timeout"),
    examples=(
        Example(
            {
                "lr": [0.1 * i for i in range(1, 11)],
                "epochs": [50] * 9 + [3],
                "val_loss": [0.5 + i / 100 for i in range(10)],
            },
            (9,),
        ),
        Example(
            {"lr": [0.01 * i for i in range(1, 41)], "epochs": list(range(1, 41)), "loss": [i / 9 for i in range(40)]},
            (0, 1, 2, 3, 4),
            severity="info",
        ),
        Example(
            {"lr": [0.1, 0.2, 0.3], "max_epochs": [20, 40, 20], "epoch": [20, 10, 19], "loss": [1.0, 2.0, 1.5]}, (1,)
        ),
        Example(
            {
                "lr": [0.1 * i for i in range(1, 11)],
                "epochs": [50] * 10,
                "val_loss": [0.5 + i / 100 for i in range(10)],
            },
            (),
        ),
        Example(
            {
                "lr": [0.01 * i for i in range(1, 28)],
                "epochs": [1] * 9 + [3] * 8 + [27] * 2 + [9] * 8,
                "loss": [i / 9 for i in range(27)],
            },
            (),
        ),
    ),
    manual=__doc__,
)
