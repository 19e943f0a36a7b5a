"""Causes: which ranges or values of which parameters make trials sick, beyond chance, with honest uncertainty.

Every pair of parameter and issue is screened for its best split with a p-value that pays for the search; all pairs
share one false discovery rate; what remains must matter (share, ratio or difference with corrected intervals), hold
within the groups of a mixed sweep and within stretches of trial order where the sampler drifted, and hold beside the
strongest cause of the same issue.
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.binning import code_trials
from hpi_core.statistics.buckets import describe_buckets
from hpi_core.statistics.claims import Claim, claim
from hpi_core.statistics.counting import Tally
from hpi_core.statistics.distributions import normal_quantile
from hpi_core.statistics.findings import Cause, CauseFindings, NotACause
from hpi_core.statistics.hostile import caveats_of
from hpi_core.statistics.intervals import Z95, discovery_rates, mantel_haenszel
from hpi_core.statistics.leads import find_leads
from hpi_core.statistics.screening import Screened, screen
from hpi_core.statistics.strata import drifting, screen_in_strata, sorted_by, stretch_of_order, stretches
from hpi_core.text import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.inputs import Codes, Floats, Groups, Integers, Issue, Parameter

LEAST_TRIALS = 20
LEAST_SICK = 5
MOST_Q = 0.05
_TRIAL_ORDER = "trial order"
_WORTH_THREADS = 50_000
_MOST_STRATA = 256


def find_causes(
    parameters: Sequence[Parameter],
    issues: Sequence[Issue],
    *,
    order: Floats | None = None,
    groups: Groups | None = None,
    seed: int = 0,
) -> CauseFindings:
    """Return the causes, leads and buckets of a sweep.

    Args:
        parameters: the columns that may be causes, each over all trials.
        issues: which trials are sick with what, and which could be judged.
        order: when each trial began, any increasing number; without it the trials stand in order.
        groups: the sweeps that were mixed into this one, if it is several.
        seed: of the bootstrap and the stratified tests; the same input gives the same output.
    """
    tally = Tally(issues)
    trials = len(parameters[0].values) if parameters else 0
    threads = min(4, os.cpu_count() or 1) if trials >= _WORTH_THREADS else 1
    with ThreadPoolExecutor(max_workers=threads) as pool:
        codings = list(pool.map(code_trials, parameters))
        counts = list(pool.map(lambda coding: tally.count(coding.codes, coding.size), codings))
        study = _Study(parameters, issues, tally, codings, counts, order, groups, seed)
        pairs = study.testable()
        screened = list(pool.map(lambda pair: study.screened(*pair), pairs))
        tested = [(pair, result) for pair, result in zip(pairs, screened, strict=True) if result.split is not None]
        claims = study.claims(tested, pool)
    causes, not_causes = study.settle(claims)
    return CauseFindings(
        tuple(sorted(causes, key=lambda cause: -_weight(cause, study))),
        tuple(not_causes),
        tuple(find_leads(parameters, issues, codings, counts, tally)),
        tuple(describe_buckets(parameters, issues, codings, counts)),
        len(tested),
        bool(study.drift) and any(study.stratified),
        (*caveats_of(parameters, issues, codings, tally), *study.words()),
    )


class _Study:
    """The shared state of one call: codings, counts, strata."""

    def __init__(
        self,
        parameters: Sequence[Parameter],
        issues: Sequence[Issue],
        tally: Tally,
        codings: list[Coding],
        counts: list[tuple[Integers, Integers]],
        order: Floats | None,
        groups: Groups | None,
        seed: int,
    ) -> None:
        self.parameters, self.issues, self.tally = parameters, issues, tally
        self.codings, self.counts, self.seed = codings, counts, seed
        self.n = len(parameters[0].values) if parameters else 0
        self.drift = drifting(parameters, order)
        self.stretch: Codes = stretch_of_order(self.n, order)
        self.sorted = [bool(self.drift) and sorted_by(issue, self.stretch, order) for issue in issues]
        self.stratified = [bool(self.drift) and not by_outcome for by_outcome in self.sorted]
        self.groups = groups

    def strata(self, k: int, beside: tuple[Codes, int] | None = None) -> tuple[Codes, int, tuple[str, ...]]:
        """Return what issue k is tested within: groups, stretches of trial order, and the strata of a rival cause.

        Codes, their number, and the names of the first two. Where the product would not fit a byte, the coarser
        adjustment for trial order is the one that is left out.
        """
        codes, size = beside or (np.zeros(self.n, dtype=np.uint8), 1)
        names: list[str] = []
        for name, (own, count) in self._confounders(k):
            if size * count <= _MOST_STRATA:
                codes, size = codes * np.uint8(count) + own, size * count
                names.append(name)
        return codes, size, tuple(names)

    def _confounders(self, k: int) -> list[tuple[str, tuple[Codes, int]]]:
        found = [] if self.groups is None else [(self.groups.name, (self.groups.codes, self.groups.size))]
        return [*found, (_TRIAL_ORDER, (self.stretch, stretches(self.n)))] if self.stratified[k] else found

    def testable(self) -> list[tuple[int, int]]:
        """Return (parameter, issue) pairs with enough trials of both sorts and a parameter that varies."""
        n, m = self.tally.n, self.tally.m
        enough = (n >= LEAST_TRIALS) & (m >= LEAST_SICK) & (n - m >= LEAST_SICK)
        varied = [p for p, coding in enumerate(self.codings) if coding.size > 1]
        return [(p, k) for p in varied for k in range(len(self.issues)) if enough[k]]

    def screened(self, p: int, k: int) -> Screened:
        """Return the test of one pair, within groups and within stretches of trial order where the sampler drifted."""
        coding = self.codings[p]
        positives, totals = self.counts[p]
        plain = screen(coding, positives[k], totals[k])
        strata, size, names = self.strata(k)
        if not names or plain.split is None or plain.log_p > math.log(0.2):
            return plain
        a, c = self.tally.count_strata(coding.codes, coding.size, k, strata, size)
        inside = screen_in_strata(coding, a, c, self._rng(p, k, 1))
        return Screened(max(plain.log_p, inside.log_p), inside.split or plain.split)

    def claims(self, tested: list[tuple[tuple[int, int], Screened]], pool: ThreadPoolExecutor) -> list[Claim]:
        """Return the claims of all pairs that pass the false discovery rate and matter."""
        if not tested:
            return []
        q, strict = discovery_rates(np.array([result.log_p for _, result in tested]) / math.log(10))
        passed = [i for i in range(len(tested)) if q[i] <= MOST_Q]
        z = selection_quantile(len(passed), len(tested))

        def make(i: int) -> Claim | None:
            (p, k), result = tested[i]
            positives, totals = self.counts[p]
            adjusted = self.strata(k)[2]
            return claim(
                self.parameters[p], self.issues[k], self.codings[p], result, positives[k], totals[k],
                self.tally.sick_rows(k), (p, k), (float(q[i]), float(strict[i])), z, self._rng(p, k, 2), adjusted,
            )  # fmt: skip

        return [made for made in pool.map(make, passed) if made is not None]

    def settle(self, claims: list[Claim]) -> tuple[list[Cause], list[NotACause]]:
        """Part the claims of each issue into causes that hold beside the strongest, and what it accounts for."""
        causes: list[Cause] = []
        others: list[NotACause] = []
        for k in range(len(self.issues)):
            own = sorted((c for c in claims if c.pair[1] == k), key=lambda c: (-round(c.gain, 2), c.pair[0]))
            standing: list[Claim] = []
            for candidate in own:
                verdict = self._accounted_for(candidate, standing, len(own) - 1)
                if verdict is None:
                    standing.append(candidate)
                else:
                    others.append(verdict)
            for made in standing:
                joined = tuple(
                    o.parameter
                    for o in others
                    if o.issue == made.cause.issue and o.other == made.cause.parameter and o.relation != "explained by"
                )
                causes.append(replace(self._adjusted(made, standing[0]), inseparable=joined))
        return causes, others

    def words(self) -> list[str]:
        """Return what must be said about groups and trial order."""
        said = []
        if self.groups is not None:
            said.append(
                f"The sweep mixes {self.groups.size} groups ({safe(self.groups.name)}): parameters were tested within "
                "them, and what only differs between them is not blamed; rates are over all trials."
            )
        if any(self.stratified):
            names = ", ".join(safe(name) for name in self.drift[:3]) + (" and others" if len(self.drift) > 3 else "")
            said.append(f"The sampler drifted ({names}): parameters were tested within stretches of trial order.")
        for issue, by_outcome in zip(self.issues, self.sorted, strict=True):
            if by_outcome:
                said.append(f"{issue.id}: the trials look sorted by outcome, so trial order was not adjusted for.")
        return said

    def _accounted_for(self, candidate: Claim, standing: list[Claim], rivals: int) -> NotACause | None:
        """Return why a claim does not stand beside stronger ones of the same issue; None where it stands."""
        p, k = candidate.pair
        coding = self.codings[p]
        for strong in standing[:3]:
            strata, size, _ = self.strata(k, self._beside(strong))
            a, c = self.tally.count_strata(coding.codes, coding.size, k, strata, size)
            inside = screen_in_strata(coding, a, c, self._rng(p, k, 3))
            ratio = self._within(candidate, strata, size)
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

    def _beside(self, strong: Claim) -> tuple[Codes, int]:
        """Return strata of trials alike in a stronger cause: its two sides, each parted by its parameter's value."""
        coding = self.codings[strong.pair[0]]
        groups = int(np.clip(self.n // 40, 1, 8))
        place = np.minimum(coding.codes.astype(np.int64) * groups // max(coding.bins, 1), groups)
        return (place * 2 + strong.exposed).astype(np.uint8), 2 * (groups + 1)

    def _adjusted(self, made: Claim, primary: Claim) -> Cause:
        """Return the cause with its Mantel-Haenszel ratio over groups, trial order and its issue's primary cause."""
        beside = None if made is primary else (primary.exposed.astype(np.uint8), 2)
        strata, size, names = self.strata(made.pair[1], beside)
        if beside is not None:
            names = (*names, primary.cause.parameter)
        if not names:
            return made.cause
        ratio = self._within(made, strata, size)
        return replace(made.cause, adjusted_for=names, adjusted_ratio=None if ratio is None else math.exp(ratio[0]))

    def _within(self, made: Claim, strata: Codes, size: int) -> tuple[float, float] | None:
        """Return the Mantel-Haenszel log ratio of a claim and its error within strata."""
        a, c = self.tally.count_strata(made.exposed.astype(np.uint8), 2, made.pair[1], strata, size)
        counts = [x.astype(np.float64) for x in (a[:, 1], c[:, 1], a[:, 0], c[:, 0])]
        return mantel_haenszel(*counts)

    def _rng(self, p: int, k: int, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, p, k, purpose])


def selection_quantile(reported: int, tested: int) -> float:
    """Return the standard normal quantile at false coverage rate .05 for `reported` of `tested` intervals."""
    return -normal_quantile(MOST_Q * max(reported, 1) / max(tested, 1) / 2)


def _weight(cause: Cause, study: _Study) -> float:
    """Weighted relative accuracy: (n / all) (rate - overall rate); how much of the sweep the cause accounts for."""
    n = cause.n + cause.elsewhere_n
    return cause.n / n * (cause.rate - (cause.sick + cause.elsewhere_sick) / n)
