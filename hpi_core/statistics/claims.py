"""Claims: from a significant split to a cause in print, or to nothing where the effect does not matter."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from hpi_core.statistics.binning import in_range
from hpi_core.statistics.findings import Cause, Strength
from hpi_core.statistics.screening import least_side
from hpi_core.statistics.selection import effect, study_choosing
from hpi_core.statistics.thresholds import PrintedRange, condition, printed_range

if TYPE_CHECKING:
    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.findings import Evidence
    from hpi_core.statistics.inputs import Booleans, Integers, Issue, Parameter
    from hpi_core.statistics.screening import Screened, Split
    from hpi_core.statistics.selection import Choosing, Effect

_LEAST_SHARE = 0.10
_LEAST_RATIO, _LEAST_RATIO_LOW = 1.5, 1.2
_LEAST_DIFFERENCE, _LEAST_DIFFERENCE_LOW = 0.20, 0.10
_PRINTED = (
    "rate", "rate_low", "rate_high", "rate_elsewhere", "elsewhere_low", "elsewhere_high", "ratio", "ratio_low",
    "ratio_high", "difference", "difference_low", "difference_high",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Claim:
    """A cause with what is needed to compare it with others: its split, trials and weighted relative accuracy.

    `choosing` and `z` are what its intervals were made with.
    """

    cause: Cause
    split: Split
    pair: tuple[int, int]
    exposed: Booleans
    gain: float
    choosing: Choosing
    z: float


def claim(
    parameter: Parameter,
    issue: Issue,
    coding: Coding,
    screened: Screened,
    positives: Integers,
    totals: Integers,
    sick_rows: Integers,
    pair: tuple[int, int],
    q: tuple[float, float],
    z: float,
    rng: np.random.Generator,
    adjusted_for: tuple[str, ...],
    evidence: Evidence,
) -> Claim | None:
    """Return the claim of a significant split as printed, None where it does not pass the reporting gate.

    The gate: attributable share at least .10, and ratio at least 1.5 with lower end 1.2, or difference at least .20
    with lower end .10 (the sickest sweeps have no room for a ratio); and the intervals in print leave no effect out.
    """
    split = screened.split
    if split is None:
        return None
    least = least_side(int(totals.sum()))
    choosing = study_choosing(coding, split, positives, totals, least, rng)
    where: PrintedRange | None = None
    if split.kind in ("above", "below", "between"):
        where = printed_range(parameter, issue, coding, split, choosing, least, totals)
        exposed = in_range(np.asarray(parameter.values, dtype=np.float64), where.low, where.high) & ~parameter.missing
    else:
        exposed = coding.codes == split.first
    low, high = (where.low, where.high) if where else (None, None)
    n, sick = int(np.count_nonzero(exposed & issue.assessable)), int(np.count_nonzero(exposed[sick_rows]))
    all_n, all_sick = int(totals.sum()), int(positives.sum())
    if not 0 < n < all_n:
        return None
    size = effect(sick, n, all_sick - sick, all_n - n, choosing, z)
    share = (size.rate - size.rate_elsewhere) * n / all_sick
    if not _matters(size, share):
        return None
    value = coding.levels[split.first - coding.bins] if split.kind == "level" else None
    log10_p = screened.log_p / math.log(10)
    cause = Cause(
        parameter=parameter.name,
        issue=issue.id,
        kind=split.kind,
        low=low,
        high=high,
        values=() if value is None else (value,),
        n=n,
        sick=sick,
        elsewhere_n=all_n - n,
        elsewhere_sick=all_sick - sick,
        **_printed(size),
        share=share,
        threshold_low=where.thresholds[0].low if where else None,
        threshold_high=where.thresholds[-1].high if where else None,
        thresholds=where.thresholds if where else (),
        p=10.0 ** max(log10_p, -300.0),
        log10_p=log10_p,
        q=q[0],
        q_strict=q[1],
        strength=_strength(size, share),
        adjusted_for=adjusted_for,
        adjusted_ratio=None,
        inseparable=(),
        tiers=(),
        outside=(),
        evidence=evidence,
        rows=sick_rows[exposed[sick_rows]].astype(np.uint32),
        environment=parameter.environment,
        text=condition(parameter.name, low, high, value, split.kind),
    )
    return Claim(cause, split, pair, exposed, n / all_n * (size.rate - all_sick / all_n), choosing, z)


def over_all_trials(made: Claim, whole: Issue) -> Claim | None:
    """Return a claim that was tested on a part of the trials with the counts and rates of all, None if too small there.

    Its intervals are those of as many trials as were tested, at the rates of all: trials that repeat a configuration
    make them no narrower.

    Args:
        made: the claim.
        whole: the issue over all trials.
    """
    cause = made.cause
    inside, outside = whole.assessable & made.exposed, whole.assessable & ~made.exposed
    n, other_n = int(np.count_nonzero(inside)), int(np.count_nonzero(outside))
    sick, other_sick = int(np.count_nonzero(inside & whole.sick)), int(np.count_nonzero(outside & whole.sick))
    rate, elsewhere = sick / n, other_sick / other_n
    size = effect(
        rate * cause.n, cause.n, elsewhere * cause.elsewhere_n, cause.elsewhere_n, made.choosing, made.z
    )  # fmt: skip
    share = (rate - elsewhere) * n / max(sick + other_sick, 1)
    if not _matters(size, share):
        return None
    told = replace(
        cause, n=n, sick=sick, elsewhere_n=other_n, elsewhere_sick=other_sick, share=share, **_printed(size),
        strength=_strength(size, share), rows=np.flatnonzero(inside & whole.sick).astype(np.uint32),
    )  # fmt: skip
    return replace(made, cause=told)


def _printed(size: Effect) -> dict[str, Any]:
    """Return the rates, ratio and difference of an effect with their intervals, as a cause has them."""
    return {name: getattr(size, name) for name in _PRINTED}


def _matters(size: Effect, share: float) -> bool:
    by_ratio = size.ratio >= _LEAST_RATIO and size.ratio_floor >= _LEAST_RATIO_LOW
    by_difference = size.difference >= _LEAST_DIFFERENCE and size.difference_floor >= _LEAST_DIFFERENCE_LOW
    seen = size.ratio_low > 1 or size.difference_low > 0
    return share >= _LEAST_SHARE and (by_ratio or by_difference) and seen


def _strength(size: Effect, share: float) -> Strength:
    if size.ratio_low >= 3 and share >= 0.5:
        return "strong"
    return "moderate" if size.ratio_low >= 1.5 and share >= 0.25 else "weak"
