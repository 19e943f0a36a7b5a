"""Study: what one search for causes shares: codings, counts, and the strata that parameters are tested within."""

from __future__ import annotations

import math
import zlib
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.claims import Claim, claim, over_all_trials
from hpi_core.statistics.intervals import mantel_haenszel
from hpi_core.statistics.maxstat import WORTH_EXACT
from hpi_core.statistics.screening import Screened, screen, screens
from hpi_core.statistics.strata import drifting, screen_in_strata, sorted_by, stretch_of_order, stretches
from hpi_core.text import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.counting import Tally
    from hpi_core.statistics.findings import Evidence
    from hpi_core.statistics.inputs import Booleans, Codes, Floats, Groups, Integers, Issue, Parameter

LEAST_TRIALS = 20
LEAST_SICK = 5
MOST_Q = 0.05
_TRIAL_ORDER = "trial order"
_MOST_STRATA = 256
# The fewest trials per stratum, on average, for which rates of four parts of it can be compared.
_PAIR_STRATUM = 25
# By how much more than its asymptotic value (natural logarithm) a p-value may tell. Exact ones of over 40 trials are
# at least a quarter of it down to 1e-5 and a tenth down to 1e-6; lower bars take 50,000 tests.
ROUGHNESS = math.log(10)


class Study:
    """The shared state of one search.

    `issues` are what trials are sick with, then the outcomes of the objective; both are tested alike. Where trials
    repeat configurations, the tests see a part of them, and `whole` are the issues over all trials, for print.
    """

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
        self.whole = issues
        self.codings, self.counts, self.seed = codings, counts, seed
        self.n = len(parameters[0].values) if parameters else 0
        self.drift = drifting(parameters, order)
        self.stretch: Codes = stretch_of_order(self.n, order)
        self.sorted = [bool(self.drift) and sorted_by(issue, self.stretch, order) for issue in issues]
        self.stratified = [bool(self.drift) and not by_outcome for by_outcome in self.sorted]
        self.groups = groups
        self._last: tuple[int, Booleans, Integers, Integers] | None = None

    def among(self, seen: Sequence[Issue], tally: Tally, counts: list[tuple[Integers, Integers]]) -> Study:
        """Return the search in which the tests see a part of the assessable trials; counts in print stay those of all.

        `tally` and `counts` are those of the issues as they are `seen`.
        """
        other = copy(self)
        other.issues, other.tally, other.counts, other.whole = seen, tally, counts, self.issues
        return other

    def testable(self) -> list[tuple[int, int]]:
        """Return (parameter, issue) pairs with enough trials of both sorts and a parameter that varies."""
        n, m = self.tally.n, self.tally.m
        enough = (n >= LEAST_TRIALS) & (m >= LEAST_SICK) & (n - m >= LEAST_SICK)
        varied = [p for p, coding in enumerate(self.codings) if coding.size > 1]
        return [(p, k) for p in varied for k in range(len(self.issues)) if enough[k]]

    def screened_roughly(self, p: int, issues: Sequence[int]) -> list[Screened]:
        """Return asymptotic tests of one parameter for these issues, over all groups and stretches of trial order."""
        positives, totals = self.counts[p]
        return screens(self.codings[p], positives[issues], totals[issues], exact_below=-math.inf)

    def screened(
        self, p: int, k: int, inside: Booleans | None = None, *, log_bar: float = WORTH_EXACT - ROUGHNESS
    ) -> Screened:
        """Return the test of one pair, within groups and within stretches of trial order where the sampler drifted.

        Args:
            p: place of the parameter.
            k: place of the issue.
            inside: trials to look at, all by default.
            log_bar: log of the largest p-value that will count; one that is clearly above it may be a rough one.
        """
        coding = self.codings[p]
        positives, totals = self.counted(p, k, inside)
        plain = screen(coding, positives, totals, exact_below=log_bar + ROUGHNESS)
        strata, size, names = self.strata(k)
        if not names or plain.split is None or plain.log_p > min(WORTH_EXACT, log_bar + ROUGHNESS):
            return plain
        a, c = self.tally.count_strata(coding.codes, coding.size, k, strata, size, inside)
        within = screen_in_strata(coding, a, c, self.rng(p, k, 1))
        return Screened(max(plain.log_p, within.log_p), within.split or plain.split)

    def counted(self, p: int, k: int, inside: Booleans | None = None) -> tuple[Integers, Integers]:
        """Return sick and assessable trials per code of one pair, all or those `inside`."""
        positives, totals = self.counts[p]
        if inside is None:
            return positives[k], totals[k]
        codes, size = self.codings[p].codes, self.codings[p].size
        out, sick = self._parted(k, inside)
        return np.bincount(codes[sick], minlength=size), totals[k] - np.bincount(codes[out], minlength=size)

    def _parted(self, k: int, inside: Booleans) -> tuple[Integers, Integers]:
        """Return the assessable trials of an issue that are not inside, and the sick ones that are.

        The last answer is kept: what is asked of one parameter is asked of all.
        """
        if self._last is None or self._last[0] != k or self._last[1] is not inside:
            sick = self.tally.sick_rows(k)
            self._last = (k, inside, np.flatnonzero(self.issues[k].assessable & ~inside), sick[inside[sick]])
        return self._last[2:]

    def claim(
        self, p: int, k: int, screened: Screened, q: tuple[float, float], z: float, inside: Booleans | None = None
    ) -> Claim | None:
        """Return the claim of one pair, among the trials `inside` if given; None where it does not matter."""
        issue, rows = self.issues[k], self.tally.sick_rows(k)
        positives, totals = self.counted(p, k, inside)
        if inside is not None:
            issue, rows = issue.among(inside), rows[inside[rows]]
        made = claim(
            self.parameters[p], issue, self.codings[p], screened, positives, totals, rows, (p, k), q, z,
            self.rng(p, k, 2), self.strata(k)[2], self.evidence(p, k),
        )  # fmt: skip
        if made is not None and self.whole[k] is not self.issues[k]:
            told = self.whole[k]
            made = over_all_trials(made, told if inside is None else told.among(inside))
        return made if made is None or inside is None else replace(made, exposed=made.exposed & inside)

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

    def pairs_in(self, k: int) -> bool:
        """Return whether pairs can be tested for issue k: order tells no outcome, and the strata hold enough trials."""
        _, size, names = self.strata(k)
        return not self.sorted[k] and len(names) == len(self._confounders(k)) and self.n >= _PAIR_STRATUM * size

    def _confounders(self, k: int) -> list[tuple[str, tuple[Codes, int]]]:
        found = [] if self.groups is None else [(self.groups.name, (self.groups.codes, self.groups.size))]
        return [*found, (_TRIAL_ORDER, (self.stretch, stretches(self.n)))] if self.stratified[k] else found

    def beside(self, strong: Claim) -> tuple[Codes, int]:
        """Return strata of trials alike in a stronger cause: its two sides, each parted by its parameter's value."""
        coding = self.codings[strong.pair[0]]
        groups = int(np.clip(self.n // 40, 1, 8))
        place = np.minimum(coding.codes.astype(np.int64) * groups // max(coding.bins, 1), groups)
        return (place * 2 + strong.exposed).astype(np.uint8), 2 * (groups + 1)

    def ratio_within(
        self, made: Claim, strata: Codes, size: int, inside: Booleans | None = None
    ) -> tuple[float, float] | None:
        """Return the Mantel-Haenszel log ratio of a claim and its error within strata."""
        a, c = self.tally.count_strata(made.exposed.astype(np.uint8), 2, made.pair[1], strata, size, inside)
        counts = [x.astype(np.float64) for x in (a[:, 1], c[:, 1], a[:, 0], c[:, 0])]
        return mantel_haenszel(*counts)

    def evidence(self, p: int, k: int) -> Evidence:
        """Return what an association of this pair rests on, which decides whether it may be called a cause."""
        if self.parameters[p].environment or self.sorted[k]:
            return "association"
        return "stratified" if self.stratified[k] or self.groups is not None else "random"

    def words(self, told: int) -> list[str]:
        """Return what must be said about groups and trial order, of the first `told` issues."""
        said = []
        pairs = any(self.pairs_in(k) for k in range(told))
        tested = "parameters and pairs of them were tested" if pairs else "parameters were tested"
        untested = "" if pairs or not told else " Pairs of parameters were not tested: the trials are too few for that."
        if self.groups is not None:
            said.append(
                f"The sweep mixes {self.groups.size} groups ({safe(self.groups.name)}): {tested} within them, and what "
                f"only differs between them is not blamed; rates are over all trials.{untested}"
            )
        if any(self.stratified):
            names = ", ".join(safe(name) for name in self.drift[:3]) + (" and others" if len(self.drift) > 3 else "")
            said.append(f"The sampler drifted ({names}): {tested} within stretches of trial order.{untested}")
        for issue, by_outcome in zip(self.issues[:told], self.sorted[:told], strict=True):
            if by_outcome:
                said.append(
                    f"{issue.id}: the trials look sorted by outcome, so trial order was not adjusted for, and pairs of "
                    "parameters were not tested."
                )
        return said

    def rng(self, p: int, k: int, purpose: int) -> np.random.Generator:
        """Return the random draws of one pair for one purpose.

        They follow from the counts alone, so the order and the names of columns and the order of rows change nothing.
        """
        positives, totals = self.counts[p]
        known = zlib.crc32(positives[k].tobytes(), zlib.crc32(totals[k].tobytes()))
        return np.random.default_rng([self.seed, known, purpose])
