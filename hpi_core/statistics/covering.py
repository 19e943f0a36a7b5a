"""Covering: what a cause hides. Its trials are set aside, and what is left is tested again.

The same parameter on the same side makes a graded cause: steps of falling rate, told as tiers of one cause. Another
parameter becomes a cause of its own among the trials left over. Nothing is looked for where nothing was found before,
so every such test is one more of the family, and has to pass Bonferroni's bar over all of it.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.binning import in_range
from hpi_core.statistics.distributions import normal_quantile
from hpi_core.statistics.findings import Cause, Tier
from hpi_core.statistics.inputs import plainness
from hpi_core.statistics.intervals import Z95, wilson
from hpi_core.statistics.screening import Screened, cut_families, least_side
from hpi_core.statistics.selection import step_bins
from hpi_core.statistics.strata import screen_in_strata
from hpi_core.statistics.study import LEAST_SICK, LEAST_TRIALS, MOST_Q
from hpi_core.statistics.thresholds import condition

if TYPE_CHECKING:
    from hpi_core.statistics.claims import Claim
    from hpi_core.statistics.family import Family, Member
    from hpi_core.statistics.inputs import Booleans, Issue
    from hpi_core.statistics.study import Study

_MOST_TIERS = 4
_MOST_RULES = 5
_LOG_10 = math.log(10)


def graded(study: Study, made: Claim) -> tuple[Tier, ...]:
    """Return the tiers of a cause with one open end, empty where its range is the only step.

    Both inside the range and beyond it a further step in the same direction is looked for, at .05 and by the same
    reporting gate; trials within the interval of a threshold may belong to either side and do not count.
    """
    kind = made.cause.kind
    if kind not in ("above", "below") or (made.cause.low is not None and made.cause.high is not None):
        return ()
    inner, outer = (_further_cuts(study, made, outward=outward) for outward in (False, True))
    cut = made.cause.low if kind == "above" else made.cause.high
    return _tiers(study, made, [*inner[::-1], cut, *outer]) if cut is not None and inner + outer else ()


def _further_cuts(study: Study, made: Claim, *, outward: bool) -> list[float]:
    """Return the cuts of further steps, from the cause's own outward or inward."""
    p, k = made.pair
    coding = study.codings[p]
    upward = made.cause.kind == "above"
    cuts: list[float] = []
    step: Claim | None = made
    inside: Booleans | None = None
    while step is not None and len(cuts) < _MOST_TIERS:
        positives, totals = study.counted(p, k, inside)
        low, high = step_bins(coding, step.split, positives, totals, least_side(int(totals.sum())), study.rng(p, k, 6))
        # The cut itself was refined within the bins it parts, so one more bin is left out on either side.
        part = coding.codes < low - 1 if upward == outward else (coding.codes > high + 1) & (coding.codes < coding.bins)
        inside = part if inside is None else inside & part
        step = _next_step(study, made, inside)
        cut = None if step is None else step.cause.low if upward else step.cause.high
        if cut is not None:
            cuts.append(cut)
    return cuts


def hidden_claims(
    study: Study,
    shared: Family,
    member: Member,
    standing: list[Claim],
    told: list[Cause],
    ruled_out: set[int],
) -> list[tuple[float, Cause]]:
    """Return causes of the same issue that show only once the trials of its other causes are set aside.

    Args:
        study: the search.
        shared: the family of all tests.
        member: the member of the family that the issue belongs to.
        standing: the claims of the issue.
        told: the same as they are told.
        ruled_out: parameters that were significant already.
    """
    k = standing[0].pair[1]
    covered = np.logical_or.reduce([claim.exposed for claim in standing])
    open_to_it = [p for p, coding in enumerate(study.codings) if coding.size > 1 and p not in ruled_out]
    found: list[tuple[float, Cause]] = []
    aside = list(told)
    while open_to_it and len(aside) < _MOST_RULES and _enough(study, k, rest := ~covered):
        bar = shared.bar(member, len(open_to_it), MOST_Q) * _LOG_10
        screened = [(study.screened(p, k, rest, log_bar=bar), p) for p in open_to_it]
        best, p = min(screened, key=lambda item: (item[0].log_p, plainness(study.parameters[item[1]].name)))
        q = shared.later(best.log_p / _LOG_10, member, len(open_to_it))
        if best.split is None or q > MOST_Q or not _holds(study, p, k, rest, standing):
            break
        z = -normal_quantile(MOST_Q / (len(shared.q[member]) + len(open_to_it)) / 2)
        claim = study.claim(p, k, best, (q, min(1.0, q * _harmonic(shared.size))), z, rest)
        if claim is None:
            break
        names = tuple(dict.fromkeys((*claim.cause.adjusted_for, *(cause.parameter for cause in aside))))
        cause = replace(claim.cause, outside=tuple(aside), adjusted_for=names)
        found.append((claim.gain * float(rest.mean()), cause))
        aside.append(cause)
        covered = covered | claim.exposed
        open_to_it.remove(p)
    return found


def _next_step(study: Study, made: Claim, beyond: Booleans) -> Claim | None:
    """Return the next step of a graded cause among the trials beyond it, None where there is none."""
    p, k = made.pair
    if not _enough(study, k, beyond):
        return None
    coding = study.codings[p]
    positives, totals = study.counted(p, k, beyond)
    found = cut_families(coding, positives[None], totals[None], np.array([least_side(int(totals.sum()))]))[0]
    if found is None or found.split is None or found.split.kind != made.cause.kind or found.log_p > math.log(MOST_Q):
        return None
    strata, size, names = study.strata(k)
    if names:
        a, c = study.tally.count_strata(coding.codes, coding.size, k, strata, size, beyond)
        if screen_in_strata(coding, a, c, study.rng(p, k, 4)).log_p > math.log(MOST_Q):
            return None
    return study.claim(p, k, Screened(found.log_p, found.split), (math.exp(found.log_p), 1.0), Z95, beyond)


def _tiers(study: Study, made: Claim, cuts: list[float]) -> tuple[Tier, ...]:
    """Return the ranges between the cuts with their counts, the sickest first, what is left over last."""
    p, k = made.pair
    parameter, issue, whole = study.parameters[p], study.issues[k], study.whole[k]
    values = np.asarray(parameter.values, dtype=np.float64)
    upward = made.cause.kind == "above"
    ends: list[float | None] = [None, *cuts, None]
    tiers = []
    for one, other in itertools.pairwise(ends):
        low, high = (other, one) if upward else (one, other)
        here = ~parameter.missing & in_range(values, low, high)
        n, sick = _counted(whole, here)
        if n == 0:
            continue
        rate, size = sick / n, _counted(issue, here)[0]
        words = condition(parameter.name, low, high, None, "between")
        tiers.append(Tier(low, high, n, sick, rate, *wilson(rate * size, size), words))
    return tuple(tiers)


def _counted(issue: Issue, inside: Booleans) -> tuple[int, int]:
    """Return the assessable trials inside, and the sick ones among them."""
    judged = issue.assessable & inside
    return int(np.count_nonzero(judged)), int(np.count_nonzero(judged & issue.sick))


def _enough(study: Study, k: int, inside: Booleans) -> bool:
    n, m = _counted(study.issues[k], inside)
    return n >= LEAST_TRIALS and m >= LEAST_SICK and n - m >= LEAST_SICK


def _holds(study: Study, p: int, k: int, inside: Booleans, standing: list[Claim]) -> bool:
    """Return whether a hidden parameter still differs among trials alike in each of the causes set aside."""
    coding = study.codings[p]
    for strong in standing[:3]:
        strata, size, _ = study.strata(k, study.beside(strong))
        a, c = study.tally.count_strata(coding.codes, coding.size, k, strata, size, inside)
        if screen_in_strata(coding, a, c, study.rng(p, k, 5)).log_p > math.log(MOST_Q):
            return False
    return True


def _harmonic(count: int) -> float:
    return float((1 / np.arange(1, max(count, 1) + 1)).sum())
