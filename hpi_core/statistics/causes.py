"""Causes: which ranges or values of which parameters make trials sick, beyond chance, with honest uncertainty.

Every pair of parameter and issue is screened for its best split with a p-value that pays for the search; everything
tested shares one false discovery rate; what remains must matter (share, ratio or difference with corrected intervals),
hold within the groups of a mixed sweep and within stretches of trial order where the sampler drifted, and hold beside
the strongest cause of the same issue. Then the trials of the causes are set aside, and what they hid is looked for.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hpi_core.statistics.binning import code_trials
from hpi_core.statistics.buckets import describe_buckets
from hpi_core.statistics.counting import Tally
from hpi_core.statistics.covering import graded, hidden_claims
from hpi_core.statistics.distributions import normal_quantile
from hpi_core.statistics.findings import ApartFindings, Cause, CauseFindings, InfoFindings, NotACause, ObjectiveFindings
from hpi_core.statistics.hostile import caveats_of, followers
from hpi_core.statistics.inputs import plainness
from hpi_core.statistics.intervals import Z95
from hpi_core.statistics.leads import find_leads
from hpi_core.statistics.pair_causes import pair_causes
from hpi_core.statistics.repeats import telling_sides, with_fewer
from hpi_core.statistics.search import search
from hpi_core.statistics.strata import screen_in_strata
from hpi_core.statistics.study import LEAST_SICK, LEAST_TRIALS, MOST_Q, Study

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.statistics.claims import Claim
    from hpi_core.statistics.family import Family, Member
    from hpi_core.statistics.inputs import Floats, Groups, Issue, Parameter
    from hpi_core.statistics.repeats import Repeats
    from hpi_core.statistics.search import Each, Tested

__all__ = ["LEAST_SICK", "LEAST_TRIALS", "MOST_Q", "find_causes", "selection_quantile"]

_WORTH_THREADS = 50_000
_Apart = TypeVar("_Apart", bound="ApartFindings")


def find_causes(
    parameters: Sequence[Parameter],
    issues: Sequence[Issue],
    outcomes: Sequence[Issue] = (),
    infos: Sequence[Issue] = (),
    *,
    order: Floats | None = None,
    groups: Groups | None = None,
    repeats: Repeats | None = None,
    seed: int = 0,
) -> CauseFindings:
    """Return the causes, leads and buckets of a sweep.

    Args:
        parameters: the columns that may be causes, each over all trials.
        issues: which trials are sick with what, and which could be judged.
        outcomes: which trials have the worst and which the best results, and which were compared; told apart.
        infos: which trials have what is worth a note and no illness, as `issues`; told apart.
        order: when each trial began, any increasing number; without it the trials stand in order.
        groups: the sweeps that were mixed into this one, if it is several.
        repeats: which trials repeat a configuration, if any do.
        seed: of the bootstrap and the stratified tests; the same input gives the same output.
    """
    by_member: dict[Member, Sequence[Issue]] = {"issue": issues, "objective": outcomes, "info": infos}
    members: list[Member] = [member for member, own in by_member.items() for _ in own]
    everything = [issue for own in by_member.values() for issue in own]
    tally = Tally(everything)
    trials = len(parameters[0].values) if parameters else 0
    threads = min(4, os.cpu_count() or 1) if trials >= _WORTH_THREADS else 1
    with ThreadPoolExecutor(max_workers=threads) as pool:
        each: Each = pool.map if threads > 1 else map
        codings = list(each(code_trials, parameters))
        counts = list(each(lambda coding: tally.count(coding.codes, coding.size), codings))
        study = Study(parameters, everything, tally, codings, counts, order, groups, seed)
        if repeats is not None and parameters and everything:
            study = _seen(study, repeats, each)
        tested = search(study, members, each)
        claims = [made for member in tested.tests for made in _claims(study, tested, member, each)]
    causes, not_causes = _settle(study, tested.family, claims, members, set(followers(parameters, codings)))
    claimed = {cause.issue for cause in causes} | {other.issue for other in not_causes}
    unclaimed = [k for k, x in enumerate(everything) if members[k] == "objective" and x.id not in claimed]
    leads = list(find_leads(parameters, study.issues, codings, study.counts, study.tally, everything, unclaimed))
    buckets = list(describe_buckets(parameters, everything, codings, counts))
    said = [*caveats_of(parameters, issues, codings, tally), *study.words(len(issues))]
    if repeats is not None:
        buckets = list(with_fewer(buckets, everything, study.issues))
        said += repeats.words(everything, study.issues, len(issues))
    whole = ApartFindings(tuple(causes), tuple(not_causes), tuple(leads), tuple(buckets))
    own = _about(whole, ApartFindings, issues)
    return CauseFindings(
        own.causes,
        own.not_causes,
        own.leads,
        own.buckets,
        tuple(pair_causes(study, tested.pairs_passed(), causes)),
        _about(whole, ObjectiveFindings, outcomes),
        _about(whole, InfoFindings, infos),
        tested.family.size,
        bool(study.drift) and any(study.stratified),
        tuple(said),
    )


def _seen(study: Study, repeats: Repeats, each: Each) -> Study:
    """Return the search among the trials that count as independent."""
    sides = telling_sides(study.codings, study.counts, len(study.issues))
    seen = [repeats.seen(issue, side) for issue, side in zip(study.issues, sides, strict=True)]
    if all(kept is issue for kept, issue in zip(seen, study.issues, strict=True)):
        return study
    tally = Tally(seen)
    counts = list(each(lambda coding: tally.count(coding.codes, coding.size), study.codings))
    return study.among(seen, tally, counts)


def _about(whole: ApartFindings, kind: type[_Apart], issues: Sequence[Issue]) -> _Apart:
    """Return what is said of these issues only."""
    names = {issue.id for issue in issues}
    return kind(
        tuple(x for x in whole.causes if x.issue in names),
        tuple(x for x in whole.not_causes if x.issue in names),
        tuple(x for x in whole.leads if x.issue in names),
        tuple(x for x in whole.buckets if x.issue in names),
    )


def _claims(study: Study, everything: Tested, member: Member, each: Each) -> list[Claim]:
    """Return the claims of one member of the family that pass the false discovery rate and matter."""
    q, strict, tested = everything.family.q[member], everything.family.strict[member], everything.tests[member]
    passed = [i for i in range(len(tested)) if q[i] <= MOST_Q]
    z = selection_quantile(len(passed), len(tested))

    def make(i: int) -> Claim | None:
        (p, k), result = tested[i]
        return study.claim(p, k, result, (float(q[i]), float(strict[i])), z)

    return [made for made in each(make, passed) if made is not None]


def _settle(
    study: Study, shared: Family, claims: list[Claim], members: list[Member], derived: set[int]
) -> tuple[list[Cause], list[NotACause]]:
    """Part the claims of each issue into causes that hold beside the strongest, and what it accounts for.

    Of claims with the same gain those come last that say what is not set, and what is derived from another column.
    """
    causes: list[tuple[float, Cause]] = []
    others: list[NotACause] = []
    for k in range(len(study.issues)):
        own = sorted((c for c in claims if c.pair[1] == k), key=lambda c: _precedence(c, c.pair[0] in derived))
        standing: list[Claim] = []
        explained: list[NotACause] = []
        for candidate in own:
            if any(_says_the_same(study, candidate, strong) for strong in standing):
                continue
            verdict = _accounted_for(study, candidate, standing, len(own) - 1)
            if verdict is None:
                standing.append(candidate)
            else:
                explained.append(verdict)
        made = [(c.gain, _told(study, c, standing[0], explained)) for c in standing]
        if standing:
            ruled_out = {c.pair[0] for c in own}
            made += hidden_claims(study, shared, members[k], standing, [c for _, c in made], ruled_out)
        causes += made
        others += explained
    return [cause for _, cause in sorted(causes, key=lambda item: -item[0])], others


def _precedence(made: Claim, derived: bool) -> tuple[object, ...]:
    cause = made.cause
    return -round(made.gain, 2), cause.kind == "missing", derived, cause.log10_p, plainness(cause.parameter)


def _says_the_same(study: Study, candidate: Claim, strong: Claim) -> bool:
    """Tell whether a claim is that a parameter is not set, and the parameter of another claim decides where it is.

    That a branch was not taken is no finding beside the one about the branch, and changes together with it by design.
    """
    (p, _), (other, _) = candidate.pair, strong.pair
    if candidate.cause.kind != "missing" or p == other:
        return False
    codes = study.codings[other].codes.astype(np.int64)
    unset = np.bincount(codes, weights=study.parameters[p].missing)
    return bool(((unset == 0) | (unset == np.bincount(codes))).all())


def _accounted_for(study: Study, candidate: Claim, standing: list[Claim], rivals: int) -> NotACause | None:
    """Return why a claim does not stand beside stronger ones of the same issue; None where it stands."""
    p, k = candidate.pair
    coding = study.codings[p]
    for strong in standing[:3]:
        strata, size, _ = study.strata(k, study.beside(strong))
        a, c = study.tally.count_strata(coding.codes, coding.size, k, strata, size)
        inside = screen_in_strata(coding, a, c, study.rng(p, k, 3))
        ratio = study.ratio_within(candidate, strata, size)
        clear = ratio is not None and ratio[0] - Z95 * ratio[1] > 0
        if clear and inside.log_p <= math.log(MOST_Q / rivals):
            continue
        crude = math.log(max(candidate.cause.ratio, 1.0))
        gone = ratio is not None and ratio[0] <= crude / 2 and ratio[0] + Z95 * ratio[1] < math.log(1.5)
        return NotACause(
            candidate.cause.parameter,
            candidate.cause.issue,
            "explained by" if gone else "cannot be separated from",
            strong.cause.parameter,
            candidate.cause.q,
            candidate.cause.ratio,
            None if ratio is None else math.exp(ratio[0]),
        )
    return None


def _told(study: Study, made: Claim, primary: Claim, explained: list[NotACause]) -> Cause:
    """Return the cause with its tiers, what cannot be told apart from it, and its Mantel-Haenszel ratio.

    The ratio is taken over groups, trial order and the issue's primary cause.
    """
    joined = tuple(o.parameter for o in explained if o.other == made.cause.parameter and o.relation != "explained by")
    cause = replace(made.cause, inseparable=joined, tiers=graded(study, made))
    beside = None if made is primary else (primary.exposed.astype("uint8"), 2)
    strata, size, names = study.strata(made.pair[1], beside)
    if beside is not None:
        names = (*names, primary.cause.parameter)
    if not names:
        return cause
    ratio = study.ratio_within(made, strata, size)
    return replace(cause, adjusted_for=names, adjusted_ratio=None if ratio is None else math.exp(ratio[0]))


def selection_quantile(reported: int, tested: int) -> float:
    """Return the standard normal quantile at false coverage rate .05 for `reported` of `tested` intervals."""
    return -normal_quantile(MOST_Q * max(reported, 1) / max(tested, 1) / 2)
