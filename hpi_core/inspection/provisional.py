"""provisional(): an inspection brought up to date in a moment with trials that came or changed since.

The quick detectors judge the trials that are new or changed; everything said of the sweep as a whole (causes, buckets,
what curves and other detectors say) stays as it was until the next inspection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from hpi_core import frames
from hpi_core.detectors import detect
from hpi_core.detectors.catalogue import Catalogue, catalogue
from hpi_core.detectors.contract import Detector
from hpi_core.detectors.runner import UNDIAGNOSTIC, UNDIAGNOSTIC_TITLE, Detection
from hpi_core.inspection.issues import count_issues, standing_findings, worst_severities
from hpi_core.inspection.measures import measure_metrics
from hpi_core.inspection.model import Inspection
from hpi_core.inspection.ranking import rank
from hpi_core.sweep import Sweep


def provisional(inspection: Inspection, sweep: Sweep, rows: Sequence[int]) -> Inspection:
    """Return what can be said at once of a sweep that has grown since it was inspected.

    Args:
        inspection: of an earlier reading, in which every trial stood in the same row.
        sweep: the later reading.
        rows: `_row` of the trials that are new or changed. Nothing that was found on them before is kept.
    """
    fresh = sorted(set(rows))
    found = _judged(inspection, sweep, fresh)
    findings = pl.concat([inspection.findings.filter(~_about(fresh)), found.findings])
    detection = Detection(
        findings=pl.concat([findings.filter(pl.col("severity") == severity) for severity in ("error", "warn", "info")]),
        coverage=inspection.coverage,
        verdicts={
            issue: _brought_on(known, sweep.trials.height, fresh, found.verdicts.get(issue))
            for issue, known in inspection.verdicts.items()
        },
        diagnostic=dict(
            zip(*inspection.coverage.select("detector", pl.col("diagnostic").fill_null(True)), strict=True)
        ),
        sick=_brought_on(inspection.sick, sweep.trials.height, fresh, found.sick),
    )
    titles = {detector.issue: detector.title for detector in catalogue().detectors} | {UNDIAGNOSTIC: UNDIAGNOSTIC_TITLE}
    standing = standing_findings(detection)
    return replace(
        inspection,
        sweep=sweep,
        measures=measure_metrics(sweep),
        sick=detection.sick,
        ranking=rank(sweep, detection.sick.fill_null(False), standing),
        findings=detection.findings,
        verdicts=detection.verdicts,
        issues=count_issues(detection, titles),
        worst=worst_severities(standing),
        unassessed=detection.sick.null_count(),
    )


def _judged(inspection: Inspection, sweep: Sweep, rows: Sequence[int]) -> Detection:
    """Return what the quick detectors say of some trials; they look at the table of all."""
    # A rule that was demoted says nothing of who is sick.
    trusted = set(inspection.coverage.filter(pl.col("diagnostic"))["detector"].to_list())
    chosen = [d for d in catalogue().detectors if isinstance(d, Detector) and d.quick and d.issue in trusted]
    issues = {detector.issue for detector in chosen}
    thresholds = {name: value for name, value in inspection.thresholds.items() if name.partition(".")[0] in issues}
    found = detect(replace(sweep, curves=None), thresholds, detectors=Catalogue(tuple(chosen)))
    return replace(found, findings=found.findings.filter(_about(rows)))


def _about(rows: Sequence[int]) -> pl.Expr:
    return pl.col(frames.ROW).is_not_null() & pl.col(frames.ROW).is_in(pl.Series(rows, dtype=pl.UInt32).implode())


def _brought_on(known: pl.Series, height: int, rows: Sequence[int], found: pl.Series | None) -> pl.Series:
    """Return verdicts over more trials: those of `rows` as found just now (null where nobody looked)."""
    longer = known.extend_constant(None, height - known.len()) if known.len() < height else known.clone()
    fresh = pl.Series([None] * len(rows), dtype=pl.Boolean) if found is None else found.gather(list(rows))
    return longer.scatter(list(rows), fresh)
