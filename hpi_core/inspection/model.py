"""Inspection: everything that was found out about one sweep, frozen; screens, summaries and reports draw from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import polars as pl

from hpi_core import frames
from hpi_core.inspection.ranking import Ranking
from hpi_core.statistics.findings import InfoFindings, ObjectiveFindings
from hpi_core.sweep import Sweep

if TYPE_CHECKING:
    from hpi_core.importance import Weighing
    from hpi_core.inspection.best_results import BestWithin
    from hpi_core.inspection.diagnosis import Diagnosis
    from hpi_core.inspection.measures import Measure
    from hpi_core.inspection.outcomes import OutcomeSize
    from hpi_core.inspection.recommendations import Recommendation
    from hpi_core.inspection.responses import Response
    from hpi_core.inspection.second_objectives import SecondObjective
    from hpi_core.statistics.findings import Bucket, Cause, Lead, NotACause, PairCause

Severity = Literal["error", "warn", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warn", "info")


@dataclass(frozen=True)
class IssueCount:
    """One issue over the whole sweep.

    `rows` are the `_row` of the trials it was found on, ascending; `count` their number, or 1 for an issue of the sweep
    as a whole (`scope` is `sweep`, no rates then). `rate` is count / assessable with its 95 % Wilson interval.
    `evidence` is that of the first trial, or of the sweep. `diagnostic` is False where the rule fires on the best
    trials as well, and so says nothing here.
    """

    issue: str
    title: str
    severity: Severity
    scope: Literal["trial", "sweep"]
    assessable: int
    count: int
    rate: float | None
    rate_low: float | None
    rate_high: float | None
    rows: Sequence[int]
    diagnostic: bool
    evidence: str = ""
    advice: str = ""


@dataclass(frozen=True, eq=False)
class Inspection:
    """What one run of the pipeline found.

    Attributes:
        sweep: what was inspected.
        measures: the spread of every metric.
        findings: one row per finding, schema `frames.FINDINGS`.
        coverage: one row per detector, schema `frames.COVERAGE`.
        verdicts: issue -> Boolean series, one entry per trial, null where the detector could not tell.
        issues: the issues found, worst first.
        sick: Boolean, one per trial: a diagnostic error or warning stands against it.
        worst: issue severity -> number of trials whose worst diagnostic finding has it (error and warn only).
        unassessed: trials about which no detector could say anything.
        causes, not_causes, leads, buckets: what the trials share, strongest first.
        pairs: two conditions that only together make trials sick.
        objective: what makes the objective bad or good among trials that are not sick; apart from the issues.
        infos: what trials share that start slowly or stopped while still improving; apart, for it makes nobody sick.
        tested: how many tests share the one false discovery rate of all these.
        best_within: for every cause, how many of the best results lie in its range.
        responses: what is done about causes and pairs, decided once for recommendations and the next experiment.
        recommendations: what to do next, each resting on a finding or cause.
        ranking: the best healthy trials.
        schedules: how the learning rates went that have curves, schema `frames.SCHEDULES`.
        diagnoses: what causes and curves mean together, in words; put together when they are first asked for.
        weighing: which hyperparameters matter; computed when it is first asked for.
        outcomes: which trials are among the worst and the best results; likewise.
        outcome_sizes: how many these are and why; likewise.
        second_objectives: measures of disparity between groups beside the objective.
        caveats: what the reader of all this has to know first, in sentences.
        thresholds: thresholds the user changed, `issue.name` -> value.
    """

    sweep: Sweep
    measures: tuple[Measure, ...]
    sick: pl.Series
    ranking: Ranking
    findings: pl.DataFrame = field(default_factory=lambda: frames.empty(frames.FINDINGS))
    coverage: pl.DataFrame = field(default_factory=lambda: frames.empty(frames.COVERAGE))
    verdicts: Mapping[str, pl.Series] = field(default_factory=dict)
    issues: tuple[IssueCount, ...] = ()
    worst: Mapping[str, int] = field(default_factory=dict)
    unassessed: int = 0
    causes: tuple[Cause, ...] = ()
    not_causes: tuple[NotACause, ...] = ()
    leads: tuple[Lead, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    pairs: tuple[PairCause, ...] = ()
    objective: ObjectiveFindings = field(default_factory=ObjectiveFindings)
    infos: InfoFindings = field(default_factory=InfoFindings)
    tested: int = 0
    best_within: tuple[BestWithin, ...] = ()
    responses: tuple[Response, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    caveats: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)
    second_objectives: tuple[SecondObjective, ...] = ()
    schedules: pl.DataFrame = field(default_factory=lambda: frames.empty(frames.SCHEDULES))

    def schedule_of(self, row: int) -> tuple[tuple[str, str, str], ...]:
        """Return of each learning rate of a trial that has a curve: its name, its schedule, and that in words."""
        if self.schedules.is_empty():
            return ()
        from hpi_core.curves.schedules import in_words

        own = self.schedules.filter(pl.col(frames.ROW) == row).drop(frames.ROW)
        return tuple((metric, name, in_words(name, *rest)) for metric, name, *rest in own.iter_rows())

    @cached_property
    def weighing(self) -> Weighing:
        """Which hyperparameters matter for the objective, for being among the best, and for being sick."""
        from hpi_core.importance import weigh

        return weigh(self.sweep, self.sick)

    @cached_property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """What causes and curves mean together, in a practitioner's words."""
        from hpi_core.inspection.diagnosis import diagnoses

        return diagnoses(self)

    @cached_property
    def outcomes(self) -> Mapping[str, pl.Series]:
        """The worst and the best results as verdicts: name -> Boolean per trial, null where it was not compared."""
        from hpi_core.inspection.outcomes import objective_outcomes

        return {
            outcome.id: pl.select(
                pl.when(pl.Series(outcome.assessable)).then(pl.Series(outcome.sick)).otherwise(None)
            ).to_series()
            for outcome in objective_outcomes(self.sweep, self.sick)
        }

    @cached_property
    def outcome_sizes(self) -> tuple[OutcomeSize, ...]:
        """How many results are the worst and the best tenth, and how many tie at the edge."""
        from hpi_core.inspection.outcomes import outcome_sizes

        return tuple(outcome_sizes(self.sweep, self.sick))

    def verdict_of(self, issue: str) -> pl.Series:
        """Return one Boolean per trial for an issue or an outcome of the objective, null where it is not known."""
        verdict = self.verdicts.get(issue)
        return self.outcomes[issue] if verdict is None else verdict

    @property
    def assessed(self) -> bool:
        """Whether at least one detector ran on at least one trial."""
        ran = self.coverage.filter(pl.col("state") == "ran")
        return bool(ran.height) and int(ran["assessable"].sum() or 0) > 0
