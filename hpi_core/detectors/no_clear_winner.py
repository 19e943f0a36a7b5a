"""The best configuration cannot be told from the next.

MEANING
    Configurations were repeated, and the best of them leads the next by less than chance makes one of them lead.

WHY IT IS BAD
    Whichever is reported as the winner was picked by luck.

HOW IT IS DECIDED
    The means of all repeated configurations are compared with the best one, with the spread pooled over all repetitions
    (Student's t, corrected for the number of rivals: the best of many leads by chance alone). At least `degrees`
    repetitions beyond the first of each.

WHEN IT IS WRONG
    Noise that grows with the loss makes good configurations look harder to tell apart than they are.

WHAT TO TRY
    Repeat the leading configurations with more seeds, or call it a tie and take the cheapest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import polars as pl

from hpi_core.detectors.context import Context
from hpi_core.detectors.contract import Example, NotAssessable, SweepDetector, SweepVerdict, Threshold, Thresholds
from hpi_core.detectors.search_space import repeated
from hpi_core.numerals import number, plural
from hpi_core.statistics.replicates import gathered, replication
from hpi_core.text import safe

# Repetitions per configuration for a power of .8 at a level of .05, per squared ratio of spread to lead.
_PER_SQUARE = 15.7


def check(context: Context, verdicts: Mapping[str, pl.Series], thresholds: Thresholds) -> SweepVerdict | None:
    """Compare the best repeated configuration with all others."""
    from scipy.special import stdtrit

    own, values, groups = repeated(context, verdicts)
    if groups.size and groups.min() != groups.max():
        raise NotAssessable("the sweep mixes several groups, each with a winner of its own")
    spread = replication(own, values, better_half=True)
    if spread is None or spread.repeated < 2 or spread.degrees < thresholds["degrees"]:
        raise NotAssessable("too few configurations were repeated")
    group, counts = gathered(own)
    means = np.bincount(group, weights=values) / counts
    means, counts = means[counts > 1], counts[counts > 1]
    if len(means) < 2:
        raise NotAssessable("too few configurations were repeated")
    if spread.within <= 0:
        raise NotAssessable("repetitions have the same result")
    first = int(means.argmin())
    needed = float(stdtrit(spread.degrees, 1 - thresholds["level"] / (len(means) - 1)))
    margin = needed * spread.within * np.sqrt(1 / counts + 1 / counts[first])
    tied = (means - means[first] <= margin) & (np.arange(len(means)) != first)
    if not tied.any():
        return None
    lead = float((means[tied] - means[first]).min())
    seeds = math.ceil(_PER_SQUARE * (spread.within / lead) ** 2) if lead > 0 else None
    more = f"; about {plural(seeds, 'repetition')} each would tell" if seeds is not None and seeds <= 1000 else ""
    name = "" if context.objective is None else safe(context.objective.name, 80)
    told = (
        f"{plural(int(tied.sum()), 'configuration')} cannot be told from the best: the next is {number(lead, 2)} "
        f"behind in {name}, repetitions differ by {number(spread.within, 2)}{more}"
    )
    return SweepVerdict("info", told, len(values), name, lead, float(margin[tied].max()))


_LR = [0.01 * (1 + i // 3) for i in range(24)]
_SEEDS = [i % 3 for i in range(24)]

DETECTOR = SweepDetector(
    issue="no_clear_winner",
    tag="TIE",
    title="The best configuration cannot be told from the next",
    severity="info",
    needs=("hyperparameters", "direction", "seed"),
    thresholds=(
        Threshold("level", 0.05, "probability", "chosen here", "of telling equals apart, over all rivals"),
        Threshold("degrees", 4, "repetitions", "chosen here", "fewer tell no spread"),
    ),
    check=check,
    advice="Repeat the leading configurations with more seeds, or take the cheapest of them.",
    examples=(
        Example(
            {"lr": _LR, "seed": _SEEDS, "val_loss": [0.5 + 0.02 * (i // 3) + 0.1 * ((i * 7) % 5) for i in range(24)]},
            (0,),
            severity="info",
        ),
        Example(
            {"lr": _LR, "seed": _SEEDS, "val_loss": [0.5 + 0.2 * (i // 3) + 0.01 * (i % 3) for i in range(24)]}, ()
        ),
    ),
    manual=__doc__,
)
