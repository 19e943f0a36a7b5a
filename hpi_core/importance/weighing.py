"""weigh(): which hyperparameters matter, for the objective as a whole, for being among the best, and for being sick.

Failed trials are ranked worst, never dropped: the learning rate that makes half of the trials fail matters. Which
numbers are given depends on how many trials there are; each comes with an interval and the band of noise.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.detectors.repetition import repeats_of
from hpi_core.importance.model import QUESTIONS, Importance, Interaction, Question, Weighing
from hpi_core.importance.outcomes import chosen_metric, groups_of, outcome_of
from hpi_core.numerals import percent, plural
from hpi_core.statistics.binning import code_trials
from hpi_core.statistics.columns import parameter_of
from hpi_core.statistics.rare_outcomes import chance_shares, is_rare, noise_bands
from hpi_core.statistics.top_decile import best_of, cells_of, importance_of_top, top_share
from hpi_core.statistics.variance_share import PAIR_BINS, joint_share, ranks_within, share_codes, variance_share
from hpi_core.text import safe

if TYPE_CHECKING:
    import polars as pl

    from hpi_core.roles import Direction
    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.inputs import Booleans, Floats, Parameter
    from hpi_core.statistics.repeats import Repeats
    from hpi_core.statistics.top_decile import TopShare
    from hpi_core.statistics.variance_share import Share
    from hpi_core.sweep import Sweep

LEAST_TRIALS = 30
# From here on the importance for being among the best finds the right parameter more often than not.
TRUST_TOP = 300
LEAST_FOR_PAIRS = 100
MOST_PAIRED = 16
LEAST_INTERACTION = 0.03
LEAST_SICK = 5
MOST_TRIALS = 100_000
PAIR_TRIALS = 20_000
_DRAWS = 1000
_MOST_P = 0.05
_EVEN = 2


def weigh(sweep: Sweep, sick: pl.Series, metric: str | None = None, direction: Direction | None = None) -> Weighing:
    """Return the importance of every hyperparameter of a sweep.

    Args:
        sweep: the trials; of more than 100,000 a fixed random part is looked at.
        sick: Boolean, one per trial.
        metric: what to explain instead of the objective.
        direction: whether low or high values of it are good, where that is not known.

    Raises:
        UsageError: there is no such metric.
    """
    names = [item.name for item in sweep.roles.hyperparameters]
    asked = chosen_metric(sweep, metric, direction)
    if not names:
        return Weighing(notes=("No hyperparameter varies: there is nothing to weigh.",))
    if asked is None:
        return Weighing(
            notes=("Importance needs an objective and its direction: --objective, --minimize, --maximize.",)
        )
    outcome = outcome_of(sweep, *asked)
    repeats = repeats_of(sweep)
    ranked = int(outcome.usable.sum())
    left_out = sweep.trials.height - ranked
    apart = ranked if repeats is None else len(np.unique(repeats.codes[outcome.usable]))
    if apart < LEAST_TRIALS:
        counted = plural(apart, "ranked trial" if repeats is None else "ranked configuration")
        note = (
            f"{counted}: importance needs at least {LEAST_TRIALS}, "
            f"about {LEAST_TRIALS - apart} more. Correlations with their intervals are given instead."
        )
        return Weighing(ranked=ranked, worst=outcome.worst, left_out=left_out, notes=(note,))
    study = _Study(sweep, outcome.badness, outcome.usable, sick, repeats)
    share = top_share(apart)
    return Weighing(
        entries=(*study.variance(), *study.top(share), *study.failing()),
        interactions=study.interactions(),
        ranked=ranked,
        worst=outcome.worst,
        left_out=left_out,
        top_share=share,
        notes=tuple(_notes(sweep, ranked, outcome.worst, left_out, share, None if repeats is None else apart)),
    )


def strongest(entries: tuple[Importance, ...], question: Question) -> list[Importance]:
    """Return the entries of one question, strongest first."""
    return sorted((e for e in entries if e.question == question), key=lambda e: (-e.score, e.parameter))


def _notes(sweep: Sweep, ranked: int, worst: int, left_out: int, share: float, configurations: int | None) -> list[str]:
    said = []
    if configurations is not None:
        said.append(
            f"{plural(ranked, 'ranked trial')} repeat {plural(configurations, 'configuration')}: importance counts "
            "configurations, each by the mean of its trials."
        )
    if sweep.roles.group is not None and sweep.trials[sweep.roles.group].n_unique() > 1:
        said.append(f"Trials are ranked within each {safe(sweep.roles.group)}, not across.")
    if worst:
        said.append(f"{plural(worst, 'trial')} without a usable result ranked worst, not dropped.")
    if left_out:
        said.append(f"{plural(left_out, 'trial')} not ranked: pruned, still running, or finished without a value.")
    counted = ranked if configurations is None else configurations
    if counted < TRUST_TOP:
        word = "ranked trial" if configurations is None else "configuration"
        said.append(
            f"With {plural(counted, word)} the variance share is the one to trust; the question about the "
            f"best looks at the best {percent(share)} and often misses below {TRUST_TOP} {word.split()[-1]}s."
        )
    return said


class _Study:
    """The trials that are looked at: parameters and their codes, results and health."""

    def __init__(
        self, sweep: Sweep, badness: Floats, usable: Booleans, sick: pl.Series, repeats: Repeats | None
    ) -> None:
        n = sweep.trials.height
        kept = np.arange(n)
        if n > MOST_TRIALS:
            kept = np.sort(np.random.default_rng(n).choice(n, MOST_TRIALS, replace=False))
        parameters = sweep.roles.hyperparameters
        table = sweep.trials.select([item.name for item in parameters])
        table = table if len(kept) == n else table[kept]
        self.parameters: list[Parameter] = [parameter_of(table[item.name], item.kind) for item in parameters]
        self.log = [item.scale == "log" for item in parameters]
        self.codings: list[Coding] = [code_trials(parameter) for parameter in self.parameters]
        self.usable = usable[kept]
        self.group = groups_of(sweep)[kept]
        self.sick = sick.to_numpy().astype(np.float64)[kept]
        self.judged = np.ones(len(kept), dtype=np.bool_)
        # A failed trial is infinitely bad: its rank is the last, shared by all of them.
        self.result = ranks_within(badness[kept][self.usable], self.group[self.usable])
        # The mean of many runs is seldom extreme: where configurations have unequal numbers of them, one drawn of each
        # decides who is among the best.
        self.single: Floats | None = None
        # The trials that stand behind those that are looked at, where one stands for all of a configuration.
        self.behind: tuple[Booleans, Booleans] | None = None
        own = repeats if repeats is None or len(kept) == n else repeats.at(kept)
        if own is not None:
            self._gather(own)

    def _gather(self, repeats: Repeats) -> None:
        """Put one trial with the mean result and the rate of sickness in the place of all of a configuration."""
        self.behind = self.usable, self.judged
        results = np.full(len(self.usable), np.nan)
        results[self.usable] = self.result
        means, rates = repeats.means(results), repeats.means(self.sick)
        self.usable, self.judged = ~np.isnan(means), ~np.isnan(rates)
        self.sick = rates
        self.result = ranks_within(means[self.usable], self.group[self.usable])
        runs = np.bincount(repeats.codes[self.behind[0]], minlength=repeats.configurations)
        if runs.max() > _EVEN * runs[runs > 0].min():
            self.single = ranks_within(results[self.usable], self.group[self.usable])

    def variance(self) -> list[Importance]:
        """Weigh for the ranked objective."""
        return self._shares("variance", self.result, self.usable, 0)

    def failing(self) -> list[Importance]:
        """Weigh for being sick, where enough trials are and enough are not."""
        sick, group = self.sick[self.judged], self.group[self.judged]
        if min(sick.sum(), (1 - sick).sum()) < LEAST_SICK:
            return []
        rates = np.bincount(group, weights=sick) / np.maximum(np.bincount(group), 1)
        by_chance = None
        if is_rare(sick):
            coded = [share_codes(coding, self.judged) for coding in self.codings]
            by_chance = chance_shares(coded, sick, group, np.random.default_rng(len(sick)))
        return self._shares("failing", sick - rates[group], self.judged, 1, by_chance)

    def _shares(
        self, question: Question, result: Floats, rows: Booleans, behind: int, by_chance: Floats | None = None
    ) -> list[Importance]:
        """Weigh by shares of variance; `by_chance` are those of every parameter in deals of a rare outcome."""
        found: list[tuple[str, Share]] = []
        bands = None if by_chance is None else noise_bands(by_chance)
        for at, (parameter, coding) in enumerate(zip(self.parameters, self.codings, strict=True)):
            share = variance_share(*share_codes(coding, rows), result, len(self.parameters))
            if share is None:
                continue
            if by_chance is not None and bands is not None:
                sure = np.mean(by_chance[at] >= share.score) <= _MOST_P
                share = replace(share, noise=float(bands[at]), low=share.low if sure else 0.0)
            found.append((parameter.name, replace(share, n=self._trials(parameter, behind, share.n))))
        rng = np.random.default_rng([len(result), QUESTIONS.index(question)])
        draws = np.array([s.score + s.error * rng.standard_normal(_DRAWS) for _, s in found])
        first = _chance_of_first(draws)
        entries = [
            Importance(name, question, s.score, s.low, s.high, s.noise, chance, s.n)
            for (name, s), chance in zip(found, first, strict=True)
        ]
        return strongest(tuple(entries), question)

    def top(self, share: float) -> list[Importance]:
        """Weigh for being among the best."""
        best = best_of(self.result if self.single is None else self.single, share)
        rng = np.random.default_rng([len(self.result), QUESTIONS.index("top")])
        found: list[tuple[str, TopShare]] = []
        for parameter, log in zip(self.parameters, self.log, strict=True):
            made = importance_of_top(cells_of(parameter, self.usable, best, log), rng)
            if made is not None:
                found.append((parameter.name, replace(made, n=self._trials(parameter, 0, made.n))))
        if not found:
            return []
        band = float(np.quantile(np.max([t.noise for _, t in found], axis=0), 0.95))
        first = _chance_of_first(np.array([t.draws for _, t in found]))
        entries = [
            Importance(name, "top", t.score, t.low, t.high, band, chance, t.n)
            for (name, t), chance in zip(found, first, strict=True)
        ]
        return strongest(tuple(entries), "top")

    def _trials(self, parameter: Parameter, behind: int, n: int) -> int:
        """Return how many trials have a value of the parameter, where n are looked at."""
        return n if self.behind is None else int(np.count_nonzero(self.behind[behind] & ~parameter.missing))

    def interactions(self) -> tuple[Interaction, ...]:
        """Return the pairs whose joint effect is beyond noise; of many parameters the strongest sixteen are paired."""
        rows, result = self.usable, self.result
        if len(result) > PAIR_TRIALS:
            step = len(result) // PAIR_TRIALS + 1
            rows = np.zeros(len(self.usable), dtype=np.bool_)
            rows[np.flatnonzero(self.usable)[::step]] = True
            result = self.result[::step]
        if len(result) < LEAST_FOR_PAIRS:
            return ()
        single = {entry.parameter: entry.score for entry in self.variance()}
        order = sorted(range(len(self.parameters)), key=lambda i: -single.get(self.parameters[i].name, -1.0))[
            :MOST_PAIRED
        ]
        most = int(np.clip(np.sqrt(len(result) / 8), 2, PAIR_BINS))
        coded = {i: share_codes(self.codings[i], rows, most) for i in order}
        pairs = list(itertools.combinations(sorted(order), 2))
        found = []
        for i, j in pairs:
            present = coded[i][1] & coded[j][1]
            if present.sum() < LEAST_FOR_PAIRS:
                continue
            joint = joint_share(coded[i][0][present], coded[j][0][present], result[present], len(pairs))
            if joint is not None and joint.score > max(joint.noise, LEAST_INTERACTION):
                first, second = self.parameters[i].name, self.parameters[j].name
                trials = joint.n if self.behind is None else int(self.behind[0].sum())
                found.append(Interaction(first, second, joint.score, joint.noise, trials))
        return tuple(sorted(found, key=lambda item: (-item.score, item.first, item.second)))


def _chance_of_first(draws: Floats) -> list[float]:
    """Return how often each row holds the largest value of its column."""
    if not len(draws):
        return []
    counts = np.bincount(draws.argmax(axis=0), minlength=len(draws))
    return [float(count) / draws.shape[1] for count in counts]
