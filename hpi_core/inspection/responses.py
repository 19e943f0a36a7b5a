"""What is done about every cause, decided once: recommendations say it in words, the next experiment carries it out.

A range is cut where its case is large and the best results do not lie there. Where a threshold is uncertain
its cautious end is taken, unless the band that goes beyond the printed range is known to be healthy or holds its share
of the best: then the printed range is cut. Where the best results reach into that, the cut begins beyond them, if what
is left to cut still speaks for itself. Two conditions that only together make trials sick are kept apart, and neither
is cut for it. What is not cut is watched, with the reason; machines and bookkeeping are never tuned.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from hpi_core.inspection.best_results import BestResults, inside
from hpi_core.numerals import number, percent, typeset
from hpi_core.statistics.binning import round_between
from hpi_core.statistics.findings import Condition
from hpi_core.statistics.intervals import wilson
from hpi_core.statistics.thresholds import condition

if TYPE_CHECKING:
    import polars as pl

    from hpi_core.roles import Hyperparameter
    from hpi_core.statistics.findings import Cause, PairCause
    from hpi_core.statistics.inputs import Booleans
    from hpi_core.sweep import Sweep

Action = Literal["cut", "avoid", "set", "watch", "look into", "take out"]

# A range is cut off the search only where at least this share of it is sick, and at least twice as often as elsewhere.
CUT_RATE = 0.25
CUT_RATIO = 2.0
# Issues of bookkeeping, not of training: the range shows where to look, and leaving it out would hide the mistake.
BOOKKEEPING = frozenset(["identical_results", "metric_out_of_range", "missing_metric", "seed_ignored", "zombie"])
# What is left of a range beyond the best results is cut only where so many trials were judged in it.
LEAST_CUT = 10
_STRENGTHS = ("strong", "moderate", "weak")


@dataclass(frozen=True, eq=False)
class Response:
    """What is done about one cause, or about several that speak of the same.

    Attributes:
        action: `cut` the region off the search, `avoid` two conditions together, `set` a parameter that is missing,
            `watch` the region, `look into` a mistake of bookkeeping, `take out` a machine.
        causes: places among the causes, the leading one first; empty for a pair neither of whose conditions is one.
        region: the condition (two of a pair) that is cut, avoided or watched; a cut may go beyond its cause's range.
        pair: the pair it is about, None for causes alone.
        why: of a region that is watched why it stays, as a clause; of one that goes how many of the best go with it,
            or why it begins beyond the printed range; empty where neither is so.
        holds_best: it stays because the best results lie there.
        spared: of a cut that begins beyond the printed range how many of the best lie between, as a clause.
    """

    action: Action
    causes: tuple[int, ...]
    region: tuple[Condition, ...]
    pair: PairCause | None = None
    why: str = ""
    holds_best: bool = False
    spared: str = ""

    @property
    def text(self) -> str:
        """The region in words, `width > 20 and init = orthogonal`."""
        return " and ".join(in_words(part) for part in self.region)

    @property
    def narrowed(self) -> str:
        """The parameter that gives way: of a pair a value before a range, and one that has a cause of its own."""
        if self.pair is None:
            return self.region[0].parameter
        carries = self.pair.carries
        return min(self.region, key=lambda part: (not part.values, part.parameter not in carries)).parameter

    @property
    def left(self) -> str:
        """What the parameter that gives way keeps: `≤ 0.103`, `not orthogonal where width > 20`."""
        own = next(part for part in self.region if part.parameter == self.narrowed)
        others = [in_words(part) for part in self.region if part is not own]
        return " where ".join([_without(own), *others])


def _without(region: Condition) -> str:
    """Return what a parameter keeps without a region."""
    if region.values:
        return f"not {', '.join(region.values)}"
    if region.kind == "missing":
        return "always set"
    told = [f"≤ {number(region.low)}"] if region.low is not None else []
    return " or ".join([*told, *([f"> {number(region.high)}"] if region.high is not None else [])])


def in_words(region: Condition) -> str:
    """Return a condition as a person reads it, with few digits: `0.001 < lr ≤ 0.103`."""
    name = region.parameter
    if region.low is not None and region.high is not None:
        return f"{number(region.low)} < {name} ≤ {number(region.high)}"
    if region.low is not None:
        return f"{name} > {number(region.low)}"
    return f"{name} ≤ {number(region.high)}" if region.high is not None else typeset(region.text)


def argues_for_a_cut(cause: Cause) -> bool:
    """Tell whether a cause is large enough to take something out of the search.

    That it is a cause says that it is sure: replayed on real sweeps, cuts for weak causes too save failures and lose no
    result.
    """
    return (
        not cause.environment and cause.issue not in BOOKKEEPING and cause.rate >= CUT_RATE and cause.ratio >= CUT_RATIO
    )


def respond(
    sweep: Sweep,
    causes: Sequence[Cause],
    pairs: Sequence[PairCause],
    severities: Mapping[str, str],
    verdicts: Mapping[str, pl.Series],
    results: BestResults,
) -> tuple[Response, ...]:
    """Return what is done about causes and pairs: every cause is in one response, in the order of leading causes.

    Args:
        sweep: the sweep.
        causes: what is blamed, strongest first.
        pairs: conditions that only together make trials sick.
        severities: issue -> severity; a trial with an error has no result that could be used.
        verdicts: issue -> Boolean per trial, null where it could not be judged.
        results: which trials are the best.
    """
    known = {parameter.name: parameter for parameter in sweep.roles.hyperparameters}
    weighed = _Weighed(sweep, known, severities, verdicts, results, np.zeros(sweep.trials.height, dtype=np.bool_))
    told = [pair for pair in pairs if pair.issue not in BOOKKEEPING and set(pair.parameters) <= known.keys()]
    through = {at: pair for at, cause in enumerate(causes) if (pair := _carrier(cause, told)) is not None}
    own = [at for at in range(len(causes)) if at not in through]
    for at in sorted(own, key=lambda at: (_STRENGTHS.index(causes[at].strength), at)):
        weighed.decide(at, causes[at])
    for pair in told:
        weighed.decide_pair(pair, tuple(at for at, other in through.items() if other is pair), causes)
    return tuple(sorted(_grouped(weighed.made, causes), key=lambda one: min(one.causes, default=len(causes))))


def _carrier(cause: Cause, pairs: Sequence[PairCause]) -> PairCause | None:
    """Return the pair through which alone a cause acts."""
    return next((pair for pair in pairs if pair.issue == cause.issue and cause.parameter in pair.carries), None)


def _grouped(made: Sequence[Response], causes: Sequence[Cause]) -> list[Response]:
    """Return the responses with those that watch, set or take out the same side or value of a parameter as one."""
    groups: dict[tuple[object, ...], Response] = {}
    for place, one in enumerate(made):
        key: tuple[object, ...] = (place,)
        if one.action in ("watch", "set", "take out") and one.pair is None:
            cause = causes[one.causes[0]]
            key = (one.action, cause.parameter, cause.kind, cause.values)
        known = groups.get(key)
        groups[key] = one if known is None else replace(known, causes=(*known.causes, *one.causes))
    return list(groups.values())


@dataclass
class _Weighed:
    """Causes weighed one after another, the surest first; `gone` are the trials that the cuts so far take out."""

    sweep: Sweep
    known: Mapping[str, Hyperparameter]
    severities: Mapping[str, str]
    verdicts: Mapping[str, pl.Series]
    results: BestResults
    gone: Booleans
    made: list[Response] = field(default_factory=list)

    def decide(self, at: int, cause: Cause) -> None:
        """Add what is done about a cause."""
        region = (_condition(cause),)
        if cause.issue in BOOKKEEPING:
            self.made.append(Response("look into", (at,), region))
        elif cause.environment:
            self.made.append(Response("take out", (at,), region))
        elif cause.parameter not in self.known:
            return
        elif (place := self._covering(cause.parameter, inside(self.sweep, cause))) is not None:
            self.made[place] = replace(self.made[place], causes=(*self.made[place].causes, at))
        elif cause.kind == "missing":
            self.made.append(Response("set", (at,), region))
        elif (cut := self._cut(cause)) is not None:
            self.gone = self.gone | inside(self.sweep, cut)
            spared = self._spared(cause, cut)
            why = self._beyond(cause, cut) if spared else self._all_the_same(inside(self.sweep, cut))
            self.made.append(Response("cut", (at,), (cut,), None, why, spared=spared))
        else:
            best = self._best_there(cause.issue, inside(self.sweep, cause), argues_for_a_cut(cause))
            self.made.append(Response("watch", (at,), region, None, best or self._why(cause), bool(best)))

    def decide_pair(self, pair: PairCause, causes: tuple[int, ...], known: Sequence[Cause]) -> None:
        """Add what is done about a pair and the causes that act through it alone."""
        there = inside(self.sweep, pair.conditions[0]) & inside(self.sweep, pair.conditions[1])
        places = [self._covering(name, there) for name in pair.parameters]
        place = next((place for place in places if place is not None), None)
        if place is not None:
            self.made[place] = replace(self.made[place], causes=(*self.made[place].causes, *causes))
            return
        alone = max(pair.first_only.rate, pair.second_only.rate)
        why = self._best_there(pair.issue, there, pair.both.rate >= CUT_RATE)
        if not why and pair.both.rate >= CUT_RATE and pair.both.rate >= CUT_RATIO * alone:
            self.gone = self.gone | there
            self.made.append(Response("avoid", causes, pair.conditions, pair, self._all_the_same(there)))
            return
        said = why or _too_seldom(pair.both.rate)
        self.made.append(Response("watch", causes, pair.conditions, pair, said, bool(why)))

    def _covering(self, parameter: str, there: Booleans) -> int | None:
        """Return the place of the cut of a parameter that takes all these trials out."""
        for place, one in enumerate(self.made):
            cuts = one.action == "cut" and one.region[0].parameter == parameter
            if cuts and not (there & ~inside(self.sweep, one.region[0])).any():
                return place
        return None

    def _cut(self, cause: Cause) -> Condition | None:
        """Return what to take out for a cause: to the cautious end if possible, else as printed; None for nothing."""
        if not argues_for_a_cut(cause) or self._same_side(cause) is not None:
            return None
        printed = _condition(cause)
        cautious = _cautious(cause, self.known[cause.parameter])
        for region in (cautious, printed):
            if region is None or (region is cautious and self._sound(cause, printed, region)):
                continue
            if not self._best_there(cause.issue, inside(self.sweep, region), True):
                return region
        return self._beyond_the_best(cause, printed)

    def _beyond_the_best(self, cause: Cause, printed: Condition) -> Condition | None:
        """Return the part of an open range where none of the best results lie, if that alone argues for a cut."""
        there = inside(self.sweep, printed)
        best = self.results.best & there
        if cause.kind not in ("above", "below") or self.severities.get(cause.issue) != "error" or not best.any():
            return None
        numbers = np.asarray(self.sweep.trials[cause.parameter].to_numpy(), dtype=np.float64)
        low = high = None
        if cause.kind == "above":
            last = numbers[best].max()
            beyond = numbers[there & (numbers > last)]
            low = round_between(float(last), float(beyond.min())) if len(beyond) else None
        else:
            first = numbers[best].min()
            beyond = numbers[there & (numbers < first)]
            high = round_between(float(beyond.max()), float(first)) if len(beyond) else None
        if low is None and high is None:
            return None
        text = condition(cause.parameter, low, high, None, cause.kind)
        region = replace(printed, low=low, high=high, text=text)
        sick, n = self._counted(cause.issue, inside(self.sweep, region))
        sure = n >= LEAST_CUT and wilson(sick, n)[0] >= max(CUT_RATE, CUT_RATIO * cause.rate_elsewhere)
        return region if sure and not self._best_there(cause.issue, inside(self.sweep, region), True) else None

    def _spared(self, cause: Cause, cut: Condition) -> str:
        """Return how many of the best lie where a cut does not begin yet; empty where it takes the whole range."""
        there = inside(self.sweep, cause)
        if not (there & ~inside(self.sweep, cut)).any():
            return ""
        best = self._best_there(cause.issue, there, True) or self._there(there)
        end = f"above {number(cause.low)}" if cause.low is not None else f"up to {number(cause.high)}"
        return best.replace(" there", f" {end}", 1)

    def _beyond(self, cause: Cause, cut: Condition) -> str:
        """Return what a cut takes out that begins beyond the best results of its cause's range."""
        sick, n = self._counted(cause.issue, inside(self.sweep, cut))
        return f"the cut takes out {in_words(cut)}: {sick:,} of {n:,} {cause.issue} ({percent(sick / max(1, n))})"

    def _counted(self, issue: str, there: Booleans) -> tuple[int, int]:
        """Return how many trials of a region are sick, of how many that were judged."""
        verdict = self.verdicts[issue]
        judged = there & verdict.is_not_null().to_numpy()
        return int((judged & verdict.fill_null(False).to_numpy()).sum()), int(judged.sum())

    def _same_side(self, cause: Cause) -> Response | None:
        return next(
            (
                one
                for one in self.made
                if one.action == "cut" and cause.kind in ("above", "below")
                and (one.region[0].parameter, one.region[0].kind) == (cause.parameter, cause.kind)
            ),
            None,
        )  # fmt: skip

    def _sound(self, cause: Cause, printed: Condition, region: Condition) -> bool:
        """Tell whether what goes beyond the printed range is known to be healthier than it, or holds the best."""
        band = inside(self.sweep, region) & ~inside(self.sweep, printed)
        sick, n = self._counted(cause.issue, band)
        healthier = n > 0 and wilson(sick, n)[1] < cause.rate_low
        return healthier or self.results.within(band).at_home

    def _best_there(self, issue: str, there: Booleans, large: bool) -> str:
        """Return that too many of the best results would go with a region, as a clause; empty where they would not."""
        within = self.results.within(there)
        if self.severities.get(issue) == "error" and large:
            lost = self.results.within(there | self.gone).most
        else:
            lost = within.at_home
        if not lost:
            return ""
        if within.group and 2 * within.best_there <= within.best:
            return f"{within.group_best_there:,} of the {within.group_best:,} best results of {within.group} lie there"
        # That the very best are there decides where few of the best are.
        if within.leading_there and within.best_there * within.compared < within.best * within.compared_there:
            return (
                f"{self._there(there)}, {('one', 'two', 'all')[within.leading_there - 1]} of the best three among them"
            )
        return self._there(there)

    def _all_the_same(self, there: Booleans) -> str:
        """Return how many of the best results go with a region that goes, as a clause; empty where none do."""
        return f"{told} all the same" if (told := self._there(there)) else ""

    def _there(self, there: Booleans) -> str:
        """Return how many of the best results lie in a region, as a clause; empty where none do."""
        within = self.results.within(there)
        if not within.best_there:
            return ""
        lie = "lies" if within.best_there == 1 else "lie"
        told = f"{within.best_there:,} of the" if within.best_there < within.best else "all"
        return f"{told} {within.best:,} best results {lie} there"

    def _why(self, cause: Cause) -> str:
        """Return why a cause is watched only, where it is not for the best results."""
        if (first := self._same_side(cause)) is not None:
            return f"{first.text} goes first; see what that leaves"
        if cause.rate < CUT_RATE:
            return _too_seldom(cause.rate)
        return "by itself no reason to leave it out: less than twice as often as elsewhere"


def _too_seldom(rate: float) -> str:
    if rate < CUT_RATE:
        return "by itself too seldom to leave it out"
    return "less than twice as often as with one of the two alone"


def _condition(cause: Cause) -> Condition:
    return Condition(cause.parameter, cause.kind, cause.low, cause.high, cause.values, cause.text)


def _cautious(cause: Cause, parameter: Hyperparameter) -> Condition | None:
    """Return the range of a cause out to the cautious end of its threshold; None where that is not a wider one.

    Between discrete values the cut itself is known: the trials of each next value are evidence of their own. An end
    that leaves nothing of the parameter is none.
    """
    lowest, highest = parameter.minimum, parameter.maximum
    if parameter.kind == "discrete" or lowest is None or highest is None:
        return None
    low, high = cause.low, cause.high
    if cause.kind in ("above", "between") and low is not None and cause.threshold_low is not None:
        low = cause.threshold_low if lowest < cause.threshold_low < low else low
    if cause.kind in ("below", "between") and high is not None and cause.threshold_high is not None:
        high = cause.threshold_high if high < cause.threshold_high < highest else high
    if (low, high) == (cause.low, cause.high):
        return None
    return replace(_condition(cause), low=low, high=high, text=condition(cause.parameter, low, high, None, cause.kind))
