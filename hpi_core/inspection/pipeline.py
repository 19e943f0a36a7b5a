"""inspect(): the one pipeline from a sweep to an inspection, in stages that can be watched and stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from hpi_core.detectors import detect
from hpi_core.detectors.catalogue import catalogue
from hpi_core.detectors.runner import UNDIAGNOSTIC, UNDIAGNOSTIC_TITLE
from hpi_core.errors import Cancelled
from hpi_core.inspection.association import associate
from hpi_core.inspection.best_results import best_results, best_within
from hpi_core.inspection.caveats import about_the_sweep, merged
from hpi_core.inspection.issues import blamed, count_issues, noted, standing_findings, worst_severities
from hpi_core.inspection.measures import measure_metrics
from hpi_core.inspection.model import Inspection
from hpi_core.inspection.ranking import rank
from hpi_core.inspection.recommendations import recommend
from hpi_core.inspection.responses import respond
from hpi_core.inspection.second_objectives import second_objectives

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep

# Called with what is being done (a short phrase) and how far the whole is (0 to 1).
Progress = Callable[[str, float | None], None]


def inspect(
    sweep: Sweep,
    *,
    thresholds: Mapping[str, float] | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Inspection:
    """Find out which trials of a sweep are sick and what they share.

    Args:
        sweep: the trials.
        thresholds: `issue.threshold` -> value, where they differ from the detectors' own.
        progress: told of every stage as it begins.
        cancelled: asked between stages; the work stops once it answers true.

    Raises:
        Cancelled: the person asked to stop.
        UsageError: a threshold that no detector has.
    """

    def stage(what: str, fraction: float) -> None:
        if cancelled is not None and cancelled():
            raise Cancelled("The inspection was stopped.")
        if progress is not None:
            progress(what, fraction)

    stage("measuring metrics", 0.0)
    measures = measure_metrics(sweep)
    stage("looking for sick trials", 0.1)
    detection = detect(sweep, thresholds)
    titles = {detector.issue: detector.title for detector in catalogue().detectors} | {UNDIAGNOSTIC: UNDIAGNOSTIC_TITLE}
    issues = count_issues(detection, titles)
    sick = detection.sick.fill_null(False)
    stage("ranking trials", 0.4)
    standing = standing_findings(detection)
    ranking = rank(sweep, sick, standing)
    stage("looking for what they share", 0.5)
    association = associate(sweep, detection.verdicts, blamed(issues), sick, noted(issues))
    results = best_results(sweep, sick)
    responses = respond(
        sweep, association.causes, association.pairs, {issue.issue: issue.severity for issue in issues},
        detection.verdicts, results,
    )  # fmt: skip
    return Inspection(
        sweep=sweep,
        measures=measures,
        sick=sick,
        ranking=ranking,
        findings=detection.findings,
        coverage=detection.coverage,
        verdicts=detection.verdicts,
        issues=issues,
        worst=worst_severities(standing),
        unassessed=detection.sick.null_count(),
        causes=association.causes,
        not_causes=association.not_causes,
        leads=association.leads,
        buckets=association.buckets,
        pairs=association.pairs,
        objective=association.objective,
        infos=association.infos,
        tested=association.tested,
        recommendations=recommend(association.causes, issues, sweep.roles.hyperparameters, responses),
        best_within=best_within(sweep, results, association.causes),
        responses=responses,
        caveats=(*about_the_sweep(sweep, ranking, detection.sick), *merged(association.caveats, sweep.trials.columns)),
        thresholds=dict(thresholds or {}),
        second_objectives=second_objectives(sweep, standing, ranking),
        schedules=detection.schedules,
    )
