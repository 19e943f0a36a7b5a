"""Repeats: trials of one configuration are no independent ones, so the tests see as many of each as may count as such.

Five seeds of a configuration that fails are one failure, told five times. How alike the repetitions of a configuration
are (intraclass correlation, beyond what the most telling split explains) decides how many of each the tests of an issue
see: one, drawn at random, where they agree; more where they differ as trials of different configurations do. One per
configuration keeps every test exact, however many repetitions there are and whatever that number depends on. Rates and
counts in print are those of all trials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.numerals import plural
from hpi_core.statistics.intervals import wilson
from hpi_core.statistics.maxstat import cut_scores, level_scores
from hpi_core.statistics.replicates import gathered
from hpi_core.statistics.screening import least_side
from hpi_core.statistics.study import LEAST_SICK, LEAST_TRIALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.findings import Bucket
    from hpi_core.statistics.inputs import Booleans, Floats, Integers, Issue

# Repetitions are added as long as their correlation widens the variance of a sum over a configuration by less than so
# much: (e - 1) rho.
_MOST_INFLATION = 0.25
_LEAST_LEVEL = 5


@dataclass(frozen=True, eq=False)
class Repeats:
    """Which trials repeat a configuration.

    Attributes:
        codes: configuration of every trial, 0 to `configurations` - 1.
        configurations: their number.
        order: all trials, those of one configuration one after another, in the order in which they are drawn.
    """

    codes: Integers
    configurations: int
    order: Integers

    @classmethod
    def of(cls, configurations: Integers, lots: Integers) -> Repeats | None:
        """Return the repetitions of a sweep, None where no configuration is repeated.

        Args:
            configurations: one number per trial, equal for equal configurations.
            lots: one number per trial that says nothing about it: the smallest of a configuration is drawn first.
        """
        codes, counts = gathered(configurations)
        if len(codes) == 0 or counts.max() < 2:
            return None
        return cls(codes, len(counts), np.lexsort((lots, codes)))

    def at(self, rows: Integers) -> Repeats | None:
        """Return the repetitions among these trials, numbered by their place in `rows`."""
        lots = np.empty(len(self.order), dtype=np.int64)
        lots[self.order] = np.arange(len(self.order))
        return Repeats.of(self.codes[rows], lots[rows])

    def worth(self, values: Floats) -> float:
        """Return how many independent trials have as sure a mean as these: n over Kish's design effect.

        Args:
            values: one number per trial, NaN where there is none.
        """
        trials = self.order[~np.isnan(values[self.order])]
        first = np.flatnonzero(np.diff(self.codes[trials], prepend=-1))
        sizes = np.diff(np.append(first, len(trials)))
        if len(trials) == 0 or sizes.max() < 2:
            return float(len(trials))
        alike = min(1.0, max(0.0, _likeness(values[trials] - values[trials].mean(), first)))
        return len(trials) / (1 + (float((sizes**2).sum()) / len(trials) - 1) * alike)

    def means(self, values: Floats) -> Floats:
        """Return the mean of every configuration at the first drawn of its trials, NaN at all others.

        Args:
            values: one number per trial, NaN where there is none.
        """
        trials = self.order[~np.isnan(values[self.order])]
        first = np.flatnonzero(np.diff(self.codes[trials], prepend=-1))
        found = np.full(len(values), np.nan)
        if len(trials):
            sizes = np.diff(np.append(first, len(trials)))
            found[trials[first]] = np.add.reduceat(values[trials], first) / sizes
        return found

    @property
    def told(self) -> str:
        """How many trials repeat how many configurations, as the beginning of a sentence."""
        return f"{plural(len(self.codes), 'trial')} repeat {plural(self.configurations, 'configuration')}"

    def seen(self, issue: Issue, side: Booleans) -> Issue:
        """Return the issue with as many assessable trials of every configuration as count as independent.

        `side` is one side of the split that tells most about the issue over all trials.
        """
        trials = self.order[issue.assessable[self.order]]
        codes = self.codes[trials]
        first = np.flatnonzero(np.diff(codes, prepend=-1))
        sizes = np.diff(np.append(first, len(codes)))
        if len(sizes) == 0 or sizes.max() < 2:
            return issue
        most = 1 + int(_MOST_INFLATION / max(_likeness(_residuals(issue.sick[trials], side[trials]), first), 1e-9))
        if most >= sizes.max():
            return issue
        place = np.arange(len(codes)) - np.repeat(first, sizes)
        assessable = np.zeros_like(issue.assessable)
        assessable[trials[place < most]] = True
        return replace(issue, assessable=assessable)

    def words(self, whole: Sequence[Issue], seen: Sequence[Issue], told: int) -> Iterator[str]:
        """Yield what must be said of the tests, of the first `told` issues by name."""
        if all(kept is issue for issue, kept in zip(whole, seen, strict=True)):
            yield f"{self.told}, and repetitions differ as much as configurations do: tests count trials."
            return
        yield f"{self.told}: tests count configurations{self._apart(whole[:told], seen[:told])}."
        for issue, kept in zip(whole[:told], seen[:told], strict=True):
            (all_n, all_m), (n, m) = _sizes(issue), _sizes(kept)
            if _enough(all_n, all_m) and not _enough(n, m):
                yield (
                    f"{issue.id}: {all_m:,} sick of {all_n:,} judged trials are about {m:,} of {n:,} configurations: "
                    "not enough data for a cause."
                )

    def _apart(self, whole: Sequence[Issue], seen: Sequence[Issue]) -> str:
        """Return which issues are tested over more trials than configurations, as the end of a sentence."""
        more = [
            issue.id
            for issue, kept in zip(whole, seen, strict=True)
            if _sizes(kept)[0] > len(np.unique(self.codes[kept.assessable]))
        ]
        names = ", ".join(more[:4]) + (" and others" if len(more) > 4 else "")
        return f", and more of the trials for {names}, whose repetitions differ" if more else ""


def telling_sides(
    codings: Sequence[Coding], counts: Sequence[tuple[Integers, Integers]], issues: int
) -> Iterator[Booleans]:
    """Yield for every issue one side of the cut or level of any parameter that parts sick from healthy trials best.

    Args:
        codings: of the parameters.
        counts: per parameter, sick and assessable trials per issue and code, both of shape (issues, codes).
        issues: their number.
    """
    for k in range(issues):
        best, side = 0.0, None
        for coding, (positives, totals) in zip(codings, counts, strict=True):
            z = _scores(coding, positives[k], totals[k])
            if len(z) and z.max() > best:
                best, side = float(z.max()), (coding, int(z.argmax()))
        yield np.zeros(len(codings[0].codes), dtype=np.bool_) if side is None else _side(*side)


def with_fewer(buckets: Sequence[Bucket], whole: Sequence[Issue], seen: Sequence[Issue]) -> Iterator[Bucket]:
    """Yield the buckets with intervals as wide as the trials that the tests see make them."""
    share = {issue.id: _sizes(kept)[0] / max(_sizes(issue)[0], 1) for issue, kept in zip(whole, seen, strict=True)}
    for bucket in buckets:
        size = bucket.n * share[bucket.issue]
        low, high = wilson(bucket.rate * size, size) if size > 0 else (bucket.rate_low, bucket.rate_high)
        yield replace(bucket, rate_low=low, rate_high=high)


def _sizes(issue: Issue) -> tuple[int, int]:
    return int(np.count_nonzero(issue.assessable)), int(np.count_nonzero(issue.assessable & issue.sick))


def _enough(n: int, m: int) -> bool:
    return n >= LEAST_TRIALS and m >= LEAST_SICK and n - m >= LEAST_SICK


def _scores(coding: Coding, positives: Integers, totals: Integers) -> Floats:
    """Return |z| of all cuts, then of all codes, 0 where one may not be chosen."""
    b, n = coding.bins, int(totals.sum())
    if n < 2 or not 0 < positives.sum() < n:
        return np.empty(0)
    cuts = cut_scores(positives[:b], totals[:b], least_side(n)) if b > 1 else np.empty(0)
    levels = level_scores(positives, totals, _LEAST_LEVEL)[b:]
    return np.asarray(np.abs(np.nan_to_num(np.concatenate([cuts, levels]))))


def _side(coding: Coding, place: int) -> Booleans:
    cuts = max(coding.bins - 1, 0)
    return np.asarray(coding.codes <= place if place < cuts else coding.codes == place - cuts + coding.bins)


def _residuals(sick: Booleans, side: Booleans) -> Floats:
    """Return by how much every trial is sicker than those on its side of the split."""
    places = side.astype(np.int64)
    sizes = np.bincount(places, minlength=2)
    rates = np.bincount(places, weights=sick, minlength=2) / np.maximum(sizes, 1)
    return np.asarray(sick - rates[places])


def _likeness(residuals: Floats, first: Integers) -> float:
    """Return an upper bound of the correlation of two trials of one configuration.

    The mean product of two of them over their mean square, of configurations weighed by their trials; one standard
    error is added, and one imagined pair that agrees, since few repetitions or few sick trials cannot tell.

    Args:
        residuals: one per trial, those of one configuration one after another.
        first: where every configuration begins.
    """
    sizes = np.diff(np.append(first, len(residuals)))
    many = sizes > 1
    sums, squares = np.add.reduceat(residuals, first)[many], np.add.reduceat(residuals**2, first)[many]
    size = sizes[many]
    shared, own = (sums**2 - squares) / (size - 1), squares
    one = float((residuals**2).max())
    whole = float(own.sum()) + one
    if whole <= 0:
        return 1.0
    rho = (float(shared.sum()) + one) / whole
    seen = float(np.sqrt(((shared - rho * own) ** 2).sum())) / whole
    by_chance = float(np.sqrt((2 * size / (size - 1)).sum()) / size.sum())
    return rho + max(seen, by_chance)
