"""Claims: from a significant split to a cause in print, or to nothing where the effect does not matter."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.binning import in_range
from hpi_core.statistics.findings import Cause, Strength
from hpi_core.statistics.intervals import risk_ratio
from hpi_core.statistics.screening import least_side
from hpi_core.statistics.selection import effect, study_choosing
from hpi_core.statistics.thresholds import PrintedRange, condition, printed_range

if TYPE_CHECKING:
    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.findings import Evidence
    from hpi_core.statistics.inputs import Booleans, Integers, Issue, Parameter
    from hpi_core.statistics.screening import Screened, Split
    from hpi_core.statistics.selection import Effect

_LEAST_SHARE = 0.10
_LEAST_RATIO, _LEAST_RATIO_LOW = 1.5, 1.2
_LEAST_DIFFERENCE, _LEAST_DIFFERENCE_LOW = 0.20, 0.10


@dataclass(frozen=True, eq=False)
class Claim:
    """A cause with what is needed to compare it with others: its split, trials and weighted relative accuracy."""

    cause: Cause
    split: Split
    pair: tuple[int, int]
    exposed: Booleans
    gain: float


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
    with lower end .10 (the sickest sweeps have no room for a ratio).
    """
    split = screened.split
    if split is None:
        return None
    least = least_side(int(totals.sum()))
    choosing = study_choosing(coding, split, positives, totals, least, rng)
    where: PrintedRange | None = None
    if split.kind in ("above", "below", "between"):
        where = printed_range(parameter, issue, coding, split, choosing, least)
        exposed = in_range(np.asarray(parameter.values, dtype=np.float64), where.low, where.high) & ~parameter.missing
    else:
        exposed = coding.codes == split.first
    low, high = (where.low, where.high) if where else (None, None)
    n, sick = int(np.count_nonzero(exposed & issue.assessable)), int(np.count_nonzero(exposed[sick_rows]))
    all_n, all_sick = int(totals.sum()), int(positives.sum())
    if not 0 < n < all_n:
        return None
    size = effect(sick, n, all_sick, all_n, choosing, z)
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
        rate=size.rate,
        rate_low=size.rate_low,
        rate_high=size.rate_high,
        rate_elsewhere=size.rate_elsewhere,
        elsewhere_n=all_n - n,
        elsewhere_sick=all_sick - sick,
        ratio=size.ratio,
        ratio_low=size.ratio_low,
        ratio_high=size.ratio_high,
        difference=size.difference,
        difference_low=size.difference_low,
        difference_high=size.difference_high,
        share=share,
        threshold_low=where.threshold_low if where else None,
        threshold_high=where.threshold_high if where else None,
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
    return Claim(cause, split, pair, exposed, n / all_n * (size.rate - all_sick / all_n))


def over_all_trials(made: Claim, whole: Issue) -> Claim | None:
    """Return a claim that was tested on a part of the trials with the counts and rates of all, None if too small there.

    Intervals stay those of the trials that were tested, widened where a rate over all lies beyond them: trials that
    repeat a configuration make them no narrower.

    Args:
        made: the claim.
        whole: the issue over all trials.
    """
    cause = made.cause
    inside, outside = whole.assessable & made.exposed, whole.assessable & ~made.exposed
    n, other_n = int(np.count_nonzero(inside)), int(np.count_nonzero(outside))
    sick, other_sick = int(np.count_nonzero(inside & whole.sick)), int(np.count_nonzero(outside & whole.sick))
    rate, elsewhere = sick / n, other_sick / other_n
    tested, _ = risk_ratio(cause.sick, cause.n, cause.elsewhere_sick, cause.elsewhere_n)
    shrunk = min(0.0, math.log(cause.ratio) - tested)
    ratio = math.exp(risk_ratio(sick, n, other_sick, other_n)[0] + shrunk)
    difference = rate - elsewhere - max(0.0, cause.rate - cause.rate_elsewhere - cause.difference)
    share = (rate - elsewhere) * n / max(sick + other_sick, 1)
    if share < _LEAST_SHARE or (ratio < _LEAST_RATIO and difference < _LEAST_DIFFERENCE):
        return None
    told = replace(
        cause, n=n, sick=sick, rate=rate, rate_low=min(cause.rate_low, rate), rate_high=max(cause.rate_high, rate),
        rate_elsewhere=elsewhere, elsewhere_n=other_n, elsewhere_sick=other_sick,
        ratio=ratio, ratio_low=min(cause.ratio_low, ratio), ratio_high=max(cause.ratio_high, ratio),
        difference=difference, difference_low=min(cause.difference_low, difference),
        difference_high=max(cause.difference_high, difference), share=share,
        rows=np.flatnonzero(inside & whole.sick).astype(np.uint32),
    )  # fmt: skip
    return replace(made, cause=told)


def _matters(size: Effect, share: float) -> bool:
    by_ratio = size.ratio >= _LEAST_RATIO and size.ratio_floor >= _LEAST_RATIO_LOW
    by_difference = size.difference >= _LEAST_DIFFERENCE and size.difference_floor >= _LEAST_DIFFERENCE_LOW
    return share >= _LEAST_SHARE and (by_ratio or by_difference)


def _strength(size: Effect, share: float) -> Strength:
    if size.ratio_low >= 3 and share >= 0.5:
        return "strong"
    return "moderate" if size.ratio_low >= 1.5 and share >= 0.25 else "weak"
