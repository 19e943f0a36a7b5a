"""detect(): run every detector in the order pre-emption asks for, calibrate it on this sweep, and say what ran.

A detector that crashes costs its own result only. What a detector says is cut to trials it may judge, then to those
no more severe issue has claimed. A rule that flags the best trials of the sweep is demoted to info.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from hpi_core import frames
from hpi_core.detectors.catalogue import Catalogue, catalogue, in_order
from hpi_core.detectors.context import NEEDS, Context
from hpi_core.detectors.contract import AnyDetector, Detector, NotAssessable, SweepDetector, SweepVerdict, Verdicts
from hpi_core.detectors.thresholds import resolve
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.sweep import Sweep

UNDIAGNOSTIC = "undiagnostic_rule"
UNDIAGNOSTIC_TITLE = "A rule flags the best trials, too"
DEMOTE_AT = 0.30
MIN_BEST = 10
_EVIDENCE_LIMIT = 400
_ADVICE_UNDIAGNOSTIC = "Read it as information here, or raise its threshold with --set."


@dataclass(frozen=True)
class Detection:
    """What all detectors found.

    Attributes:
        findings: schema `frames.FINDINGS`, ordered by severity, detector and trial; sweep findings have no `_row`.
        coverage: schema `frames.COVERAGE`, one row per detector.
        verdicts: issue -> Boolean series, one per trial, null where not assessable; only detectors that ran.
        diagnostic: issue -> False where the rule was demoted because it flags the best trials, else True.
        sick: Boolean, one per trial: has a finding of severity error or warn from a diagnostic rule; null where no
            rule could judge the trial.
        schedules: the learning rates that have curves, schema `frames.SCHEDULES`.
    """

    findings: pl.DataFrame
    coverage: pl.DataFrame
    verdicts: Mapping[str, pl.Series]
    diagnostic: Mapping[str, bool]
    sick: pl.Series
    schedules: pl.DataFrame = field(default_factory=lambda: frames.empty(frames.SCHEDULES))


@dataclass
class _Outcome:
    state: str
    reason: str = ""
    seconds: float = 0.0
    verdicts: Verdicts | None = None
    sweep: SweepVerdict | None = None
    best: tuple[int, int] = (0, 0)

    @property
    def demoted(self) -> bool:
        flagged, n = self.best
        return n >= MIN_BEST and flagged >= DEMOTE_AT * n


def detect(
    sweep: Sweep, thresholds: Mapping[str, float] | None = None, *, detectors: Catalogue | None = None
) -> Detection:
    """Run all detectors over a sweep.

    Args:
        sweep: the trials.
        thresholds: `issue.threshold` -> value, as `parse_thresholds` returns them.
        detectors: those to run instead of all.

    Raises:
        UsageError: a threshold names no detector or no threshold of it.
    """
    chosen = detectors or catalogue()
    values = resolve(chosen.detectors, thresholds or {})
    context = Context(sweep)
    outcomes: dict[str, _Outcome] = {}
    for detector in in_order(chosen.detectors):
        outcomes[detector.issue] = _run(detector, context, values[detector.issue], outcomes)
    return _assemble(context, chosen, outcomes)


def _run(
    detector: AnyDetector, context: Context, thresholds: Mapping[str, float], done: Mapping[str, _Outcome]
) -> _Outcome:
    started = time.perf_counter()
    lacking = [reason for need in detector.needs for there, reason in [NEEDS[need]] if not there(context)]
    if lacking:
        return _Outcome("skipped", lacking[0])
    try:
        if isinstance(detector, SweepDetector):
            seen = {issue: outcome.verdicts.sick for issue, outcome in done.items() if outcome.verdicts}
            outcome = _Outcome("ran", sweep=detector.check(context, seen, thresholds))
        else:
            outcome = _Outcome("ran", verdicts=_restrict(detector, context, detector.check(context, thresholds), done))
            outcome.best = _best_decile(detector, context, outcome)
            if not _assessable(outcome):
                outcome = _Outcome("skipped", "no trial could be judged")
    except NotAssessable as reason:
        outcome = _Outcome("skipped", str(reason))
    except (Exception, pl.exceptions.PanicException) as error:
        outcome = _Outcome("crashed", safe(f"{type(error).__name__}: {error}", 200))
    outcome.seconds = time.perf_counter() - started
    return outcome


def _restrict(detector: Detector, context: Context, found: Verdicts, done: Mapping[str, _Outcome]) -> Verdicts:
    """Make null the trials the detector may not judge: unended ones, and those a more severe issue has claimed."""
    if found.sick.len() != context.n:
        raise ValueError(f"{found.sick.len()} verdicts for {context.n} trials")
    open_to_it = context.written if detector.judges_unended else context.ended
    for issue in detector.preempted_by:
        earlier = done.get(issue)
        if earlier and earlier.verdicts:
            open_to_it = open_to_it & ~earlier.verdicts.sick.fill_null(False)
    if open_to_it.all():
        return found
    sick = pl.select(pl.when(open_to_it).then(found.sick)).to_series().alias("sick")
    kept = context.rows.filter(sick.fill_null(False))
    return Verdicts(
        sick, found.rows.filter(pl.col("_row").is_in(kept.to_list() if kept.len() < 64 else kept.implode()))
    )


def _best_decile(detector: Detector, context: Context, outcome: _Outcome) -> tuple[int, int]:
    """Return (flagged, n) of the best tenth of the assessable trials with a finite objective, ties in."""
    if not detector.self_calibrated or context.badness is None or outcome.verdicts is None:
        return (0, 0)
    frame = pl.DataFrame([context.badness.alias("badness"), outcome.verdicts.sick.alias("sick")]).drop_nulls()
    wanted = frame.height // 10
    if wanted < MIN_BEST or not frame.get_column("sick").any():
        return (0, 0)
    edge = frame.get_column("badness").bottom_k(wanted).max()
    best = frame.filter(pl.col("badness") <= edge).get_column("sick")
    return (int(best.sum()), best.len())


def _assessable(outcome: _Outcome) -> int:
    if outcome.verdicts is None:
        return 0
    return int(outcome.verdicts.sick.is_not_null().sum())


def _assemble(context: Context, chosen: Catalogue, outcomes: Mapping[str, _Outcome]) -> Detection:
    parts = []
    for detector in chosen.detectors:
        outcome = outcomes[detector.issue]
        if outcome.verdicts is not None and outcome.verdicts.rows.height:
            parts.append(_trial_findings(context, detector, outcome))
            if outcome.demoted:
                parts.append(_undiagnostic(detector, outcome))
        if outcome.sweep is not None:
            parts.append(_sweep_finding(detector, outcome.sweep))
    findings = pl.concat([frames.empty(frames.FINDINGS), *parts])
    diagnostic = {issue: not outcome.demoted for issue, outcome in outcomes.items()}
    verdicts = {issue: outcome.verdicts.sick for issue, outcome in outcomes.items() if outcome.verdicts}
    return Detection(
        findings=_sorted(findings),
        coverage=_coverage(chosen, outcomes),
        verdicts=verdicts,
        diagnostic=diagnostic,
        sick=_sick(context, findings, verdicts),
        schedules=_schedules(context),
    )


def _schedules(context: Context) -> pl.DataFrame:
    rates = context.curves.of_kind("learning rate") if context.curves is not None else ()
    if not rates:
        return frames.empty(frames.SCHEDULES)
    from hpi_core.curves.schedules import schedules

    return schedules(rates)


def _trial_findings(context: Context, detector: AnyDetector, outcome: _Outcome) -> pl.DataFrame:
    assert outcome.verdicts is not None
    rows = outcome.verdicts.rows
    ids = context.sweep.trial_ids()
    severity = pl.lit("info") if outcome.demoted else pl.col("severity")
    return rows.select(
        pl.lit(detector.issue).alias("detector"),
        pl.lit(detector.issue).alias("issue"),
        severity.alias("severity"),
        pl.lit("trial").alias("scope"),
        "_row",
        ids.gather(rows.get_column("_row")).alias("trial"),
        "metric",
        "step",
        "value",
        "threshold",
        safe_text(rows.get_column("evidence")).alias("evidence"),
        pl.lit(detector.advice).alias("advice"),
    ).select(frames.FINDINGS.names())


def _sweep_finding(detector: AnyDetector, found: SweepVerdict) -> pl.DataFrame:
    return _one_finding(
        detector=detector.issue,
        issue=detector.issue,
        severity=found.severity,
        metric=found.metric,
        value=found.value,
        threshold=found.threshold,
        evidence=safe(found.evidence, _EVIDENCE_LIMIT),
        advice=detector.advice,
    )


def _undiagnostic(detector: AnyDetector, outcome: _Outcome) -> pl.DataFrame:
    flagged, n = outcome.best
    return _one_finding(
        detector=detector.issue,
        issue=UNDIAGNOSTIC,
        severity="info",
        value=flagged / n,
        threshold=DEMOTE_AT,
        evidence=f"{detector.issue} flags {flagged} of the {n} best trials: it does not tell sick from healthy here.",
        advice=_ADVICE_UNDIAGNOSTIC,
    )


def _one_finding(**cells: str | float | None) -> pl.DataFrame:
    return pl.DataFrame({name: [cells.get(name)] for name in frames.FINDINGS}, schema=frames.FINDINGS).with_columns(
        pl.lit("sweep").alias("scope")
    )


def safe_text(evidence: pl.Series) -> pl.Series:
    """Return the texts with everything harmful made visible; only texts that are not plain ASCII cost time."""
    odd = evidence.str.contains(r"[^\x20-\x7e]") | (evidence.str.len_bytes() > _EVIDENCE_LIMIT)
    if not odd.any():
        return evidence
    rough = evidence.filter(odd).unique().to_list()
    return evidence.replace(rough, [safe(text, _EVIDENCE_LIMIT) for text in rough])


def _sorted(findings: pl.DataFrame) -> pl.DataFrame:
    if findings.height < 2:
        return findings
    # The parts stand in the catalogue's order and by trial, so a stable split by severity is a sort.
    ranks = [findings.filter(pl.col("severity") == severity) for severity in ("error", "warn", "info")]
    return pl.concat(ranks)


def _coverage(chosen: Catalogue, outcomes: Mapping[str, _Outcome]) -> pl.DataFrame:
    rows: list[dict[str, object]] = []
    for detector in chosen.detectors:
        outcome = outcomes[detector.issue]
        assessable = _assessable(outcome)
        flagged = outcome.verdicts.rows.height if outcome.verdicts else int(outcome.sweep is not None)
        if outcome.sweep is not None:
            assessable = outcome.sweep.judged
        ran = outcome.state == "ran"
        rows.append(
            {
                "detector": detector.issue,
                "state": outcome.state,
                "reason": outcome.reason,
                "assessable": assessable,
                "flagged": flagged,
                "diagnostic": (not outcome.demoted) if ran else None,
                "seconds": outcome.seconds,
            }
        )
    for module, reason in chosen.failed:
        crash: dict[str, object] = {"detector": module, "state": "crashed", "reason": safe(reason, 200)}
        rows.append({**crash, "assessable": 0, "flagged": 0, "diagnostic": None, "seconds": 0.0})
    return pl.DataFrame(rows, schema=frames.COVERAGE, orient="row")


def _sick(context: Context, findings: pl.DataFrame, verdicts: Mapping[str, pl.Series]) -> pl.Series:
    judged = pl.repeat(False, context.n, dtype=pl.Boolean, eager=True)
    for series in verdicts.values():
        judged = judged | series.is_not_null()
    grave = findings.filter((pl.col("scope") == "trial") & (pl.col("severity") != "info")).get_column("_row").unique()
    sick = pl.repeat(False, context.n, dtype=pl.Boolean, eager=True)
    if grave.len():
        sick = sick.scatter(grave, True)
    return pl.select(pl.when(judged).then(sick)).to_series().alias("sick")
