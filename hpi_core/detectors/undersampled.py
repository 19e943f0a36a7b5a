"""Too few trials for so many hyperparameters.

MEANING
    The sweep has fewer trials than its search space needs before anything can be said about single hyperparameters.

WHY IT IS BAD
    Silence is then no sign of health: causes, importance and the best configuration are not to be had, only described.

HOW IT IS DECIDED
    Fewer than `per_parameter` ended trials for each hyperparameter that varies. Below twenty trials the caveats say it
    already, and nothing is found here.

WHEN IT IS WRONG
    A small sweep in which a single hyperparameter was varied on purpose and the others follow it.

WHAT TO TRY
    Run more trials, or vary fewer hyperparameters at a time.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Example, NotAssessable, SweepDetector, SweepVerdict, Threshold, Thresholds
from hpi_core.numerals import plural

_LEAST = 20


def check(context: Context, verdicts: Mapping[str, pl.Series], thresholds: Thresholds) -> SweepVerdict | None:
    """Hold the number of ended trials against that of hyperparameters."""
    parameters = [item for item in context.roles.hyperparameters if item.distinct > 1]
    n = int(context.ended.sum())
    if not parameters:
        raise NotAssessable("no hyperparameter varies")
    if n < _LEAST:
        raise NotAssessable(f"fewer than {_LEAST} trials: too few for any sweep")
    wanted = int(thresholds["per_parameter"] * len(parameters))
    if n >= wanted:
        return None
    told = f"{plural(n, 'trial')} for {plural(len(parameters), 'hyperparameter')}: about {wanted - n:,} more would do"
    return SweepVerdict("info", told, n, None, n / len(parameters), thresholds["per_parameter"])


DETECTOR = SweepDetector(
    issue="undersampled",
    tag="FEW",
    title="Too few trials for so many hyperparameters",
    severity="info",
    needs=("hyperparameters",),
    thresholds=(Threshold("per_parameter", 10, "trials per hyperparameter", "chosen here", "fewer only describe"),),
    check=check,
    advice="Run more trials, or vary fewer hyperparameters at a time.",
    examples=(
        Example(
            {
                "lr": [0.01 * i for i in range(1, 26)],
                "dropout": [0.1 * (i % 5) for i in range(25)],
                "width": [8 * (1 + i % 4) for i in range(25)],
                "val_loss": [0.1 * i for i in range(1, 26)],
            },
            (0,),
            severity="info",
        ),
        Example({"lr": [0.01 * i for i in range(1, 26)], "val_loss": [0.1 * i for i in range(1, 26)]}, ()),
    ),
    manual=__doc__,
)
