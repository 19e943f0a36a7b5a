"""Repeating a configuration changes the result nearly as much as changing it.

MEANING
    The spread between repetitions of one configuration is large beside the spread between configurations.

WHY IT IS BAD
    The ranking is mostly luck: the best trial will not be the best again, and importance measures noise.

HOW IT IS DECIDED
    Trials are ranked, so that one bad loss does not decide (within each group, where the sweep mixes several). The
    pooled standard deviation between repetitions (same hyperparameters, other seeds), divided by that of the
    configurations' means, is above `ratio`; at least `degrees` repetitions beyond the first of each, and three
    repeated configurations. Trials that broke down are left out.

WHEN IT IS WRONG
    Where configurations were only repeated near the optimum, they differ little because they are all good.

WHAT TO TRY
    Average over more seeds before comparing, or evaluate on more data.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Example, NotAssessable, SweepDetector, SweepVerdict, Threshold, Thresholds
from hpi_core.detectors.search_space import repeated
from hpi_core.numerals import percent, plural
from hpi_core.statistics.replicates import replication
from hpi_core.statistics.variance_share import ranks_within
from hpi_core.text import safe

_LEAST_REPEATED = 3


def check(context: Context, verdicts: Mapping[str, pl.Series], thresholds: Thresholds) -> SweepVerdict | None:
    """Hold the spread between repetitions against that between configurations."""
    own, values, groups = repeated(context, verdicts)
    found = replication(own, ranks_within(values, groups))
    if found is None or found.repeated < _LEAST_REPEATED or found.degrees < thresholds["degrees"]:
        raise NotAssessable("too few configurations were repeated")
    if found.between <= 0 or not math.isfinite(found.between):
        raise NotAssessable("all repeated configurations have the same result")
    ratio = found.within / found.between
    if ratio <= thresholds["ratio"]:
        return None
    name = "" if context.objective is None else safe(context.objective.name, 80)
    told = (
        f"ranked by {name}, repetitions of one configuration spread over {percent(found.within)} of the ranking and "
        f"configurations over {percent(found.between)} ({plural(found.repeated, 'configuration')} repeated)"
    )
    return SweepVerdict("warn", told, len(values), name, ratio, thresholds["ratio"])


_LR = [0.01 * (1 + i // 3) for i in range(24)]
_SEEDS = [i % 3 for i in range(24)]

DETECTOR = SweepDetector(
    issue="seed_noise",
    tag="LUCK",
    title="Repeating a configuration changes as much as changing it",
    severity="warn",
    needs=("hyperparameters", "direction", "seed"),
    thresholds=(
        Threshold("ratio", 0.5, "ratio", "chosen here", "spread of repetitions over spread of configurations"),
        Threshold("degrees", 5, "repetitions", "chosen here", "fewer tell no spread"),
    ),
    check=check,
    advice="Average over more seeds before comparing configurations.",
    examples=(
        Example(
            {"lr": _LR, "seed": _SEEDS, "val_loss": [0.5 + 0.1 * ((i * 7) % 5) for i in range(24)]},
            (0,),
            severity="warn",
        ),
        Example(
            {"lr": _LR, "seed": _SEEDS, "val_loss": [0.5 + 0.1 * (i // 3) + 0.01 * (i % 3) for i in range(24)]}, ()
        ),
    ),
    manual=__doc__,
)
