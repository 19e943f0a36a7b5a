"""summarize(): an inspection as plain data, the versioned public contract that `summary.schema.json` describes.

Strict JSON: no NaN or infinity (null, with a sibling `nonfinite`), six significant digits for derived statistics,
source values as they are, no clock, no path. Lists are ordered, worst or strongest first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from importlib import resources
from typing import Any

import polars as pl

from hpi_core import frames
from hpi_core.importance.records import importance_records, interaction_records
from hpi_core.inspection import Inspection, IssueCount
from hpi_core.inspection.schedules import schedule_records
from hpi_core.inspection.second_objectives import SecondObjective, Standing
from hpi_core.numerals import rounded
from hpi_core.statistics.findings import Bucket, Cause, Lead, NotACause, PairCause, Threshold, Tier

SCHEMA = "hpi.summary/1"
# How many entries a list keeps unless everything is asked for; what was left out is counted in `omitted`.
CAPS = {
    "best": 10,
    "buckets": 200,
    "leads": 20,
    "causes": 50,
    "objective_causes": 50,
    "info_causes": 50,
    "pairs": 50,
    "coverage": 100,
    "ledger": 20,
    "importance": 60,
    "interactions": 20,
}
TRIALS_NAMED = 20


def summarize(
    inspection: Inspection, triage: Mapping[str, int] | None = None, *, everything: bool = False
) -> dict[str, Any]:
    """Return the summary of an inspection.

    Args:
        inspection: what was found.
        triage: how many trials the user has `acknowledged`, marked for `rerun` and `ignored`.
        everything: do not cap the lists.
    """
    trials = inspection.sweep.trial_ids()
    lists: dict[str, Sequence[Any]] = {
        "issues": [_issue(issue, inspection, trials, everything) for issue in inspection.issues],
        "coverage": [_coverage(row) for row in inspection.coverage.iter_rows(named=True)],
        "buckets": [_bucket(bucket) for bucket in inspection.buckets],
        "leads": [_lead(lead) for lead in inspection.leads],
        "causes": [_cause(cause, trials, everything) for cause in inspection.causes],
        "pairs": [_pair(pair, trials, everything) for pair in inspection.pairs],
        "objective_causes": [_cause(cause, trials, everything) for cause in inspection.objective.causes],
        "objective_leads": [_lead(lead) for lead in inspection.objective.leads],
        "info_causes": [_cause(cause, trials, everything) for cause in inspection.infos.causes],
        "importance": importance_records(inspection.weighing.entries),
        "interactions": interaction_records(inspection.weighing.interactions),
        "best": _best(inspection),
        "ledger": [_repair(row) for row in inspection.sweep.ledger.iter_rows(named=True)],
    }
    omitted = {}
    if not everything:
        for name, cap in CAPS.items():
            if len(lists[name]) > cap:
                omitted[name] = len(lists[name]) - cap
                lists[name] = lists[name][:cap]
    if (beyond := inspection.ranking.ranked - len(inspection.ranking.best)) > 0:
        omitted["best"] = omitted.get("best", 0) + beyond
    triage = triage or {}
    return {
        "schema": SCHEMA,
        "source": _source(inspection),
        "roles": _roles(inspection),
        "trials": _trials(inspection),
        **lists,
        "outcomes": [vars(one) for one in inspection.outcome_sizes],
        "ranking": {
            word: getattr(inspection.ranking, word) for word in ("ranked", "sick", "unfinished", "no_value", "tied")
        },
        "would_rank_higher": [
            {"trial": entry.trial, "value": entry.value, "issues": list(entry.sick)}
            for entry in inspection.ranking.excluded[: 1000 if everything else 5]
        ],
        "schedules": schedule_records(inspection, None if everything else TRIALS_NAMED),
        "second_objectives": [_second_objective(other, everything) for other in inspection.second_objectives],
        "explained": [_explained(other) for other in inspection.not_causes],
        "objective_explained": [_explained(other) for other in inspection.objective.not_causes],
        "info_explained": [_explained(other) for other in inspection.infos.not_causes],
        "recommendations": [
            {
                "id": item.id,
                "text": item.text,
                "reason": item.reason,
                "because": list(item.because),
                "parameter": item.parameter,
                "from": item.now,
                "to": item.to,
                "confidence": item.confidence,
            }
            for item in inspection.recommendations
        ],
        "diagnoses": [
            {
                "text": one.text,
                "reason": one.reason,
                "issues": list(one.issues),
                "because": list(one.because),
                "parameter": one.parameter,
                "where": one.where,
                "count": len(one.rows),
            }
            for one in inspection.diagnoses
        ],
        "triage": {word: triage.get(word, 0) for word in ("acknowledged", "rerun", "ignored")},
        "thresholds": {name: inspection.thresholds[name] for name in sorted(inspection.thresholds)},
        "omitted": omitted,
        "caveats": list(inspection.caveats),
    }


def schema_text() -> str:
    """Return the JSON Schema of the summary as shipped."""
    return resources.files("hpi_core").joinpath("summary.schema.json").read_text(encoding="utf-8")


def _source(inspection: Inspection) -> dict[str, Any]:
    sweep = inspection.sweep
    lines, mended = sweep.source.lines, sweep.mended
    refused = lines.refused if lines is not None else 0
    return {
        "kind": sweep.source.kind,
        "name": sweep.source.name,
        "fingerprint": sweep.source.fingerprint,
        "rows": sweep.trials.height,
        "columns": sweep.trials.width - 2,
        "repaired": int(mended.filter(~pl.col("kind").str.starts_with("refused"))["count"].sum() or 0),
        "refused": refused,
        "incomplete": len(sweep.incomplete),
        "curves": sweep.curves is not None,
        "curves_from": sweep.source.curves or None,
        "lines": None
        if lines is None
        else {
            "total": lines.total,
            "header": lines.header,
            "blank": lines.blank,
            "preamble": lines.preamble,
            "record": lines.record,
            "refused": lines.refused,
        },
    }


def _roles(inspection: Inspection) -> dict[str, Any]:
    roles = inspection.sweep.roles
    measures = {measure.name: measure for measure in inspection.measures}
    objective = roles.objective
    return {
        "id": roles.id,
        "status": roles.status,
        "seed": roles.seed,
        "group": roles.group,
        "objective": None
        if objective is None or objective.direction is None
        else {"metric": objective.metric, "direction": objective.direction, "from": objective.origin},
        "environment": list(roles.environment),
        "hyperparameters": [
            {
                "name": parameter.name,
                "kind": parameter.kind,
                "scale": parameter.scale,
                "min": _source_number(parameter.minimum),
                "max": _source_number(parameter.maximum),
                "distinct": parameter.distinct,
                "missing": parameter.missing,
            }
            for parameter in roles.hyperparameters
        ],
        "metrics": [
            {
                "name": metric.name,
                "split": metric.split,
                "quantity": metric.quantity,
                "direction": metric.direction,
                "paired_with": metric.paired_with,
                "min": _source_number(measure.low),
                "median": _derived(measure.median),
                "max": _source_number(measure.high),
                "missing": measure.missing,
                "nan": measure.nan,
                "inf": measure.inf + measure.negative_inf,
            }
            for metric in roles.metrics
            if (measure := measures.get(metric.name)) is not None
        ],
        "resources": list(roles.resources),
        "time": list(roles.time),
        "text": list(roles.text),
        "constants": list(roles.constants),
        "ignored": list(roles.ignored),
    }


def _trials(inspection: Inspection) -> dict[str, Any]:
    counts = inspection.sweep.trials[frames.STATUS].value_counts().sort(frames.STATUS)
    return {
        "total": inspection.sweep.trials.height,
        "by_status": dict(counts.iter_rows()),
        "sick": int(inspection.sick.sum()),
        "by_severity": {word: inspection.worst.get(word, 0) for word in ("error", "warn")},
        "not_assessable": inspection.unassessed,
    }


def _issue(issue: IssueCount, inspection: Inspection, trials: pl.Series, everything: bool) -> dict[str, Any]:
    return {
        "issue": issue.issue,
        "title": issue.title,
        "severity": issue.severity,
        "scope": issue.scope,
        "assessable": issue.assessable,
        "count": issue.count,
        "rate": _derived(issue.rate),
        "rate_low": _derived(issue.rate_low),
        "rate_high": _derived(issue.rate_high),
        "trials": _named(trials, issue.rows, everything),
        "steps": _steps(inspection.findings, issue, everything),
        "diagnostic": issue.diagnostic,
        "evidence": issue.evidence,
    }


def _steps(findings: pl.DataFrame, issue: IssueCount, everything: bool) -> list[int | None]:
    """Return the step at which the issue was found on each of the trials that are named."""
    rows = list(issue.rows if everything else issue.rows[:TRIALS_NAMED])
    own = findings.filter((pl.col("issue") == issue.issue) & pl.col(frames.ROW).is_in(rows))
    steps = dict(own.group_by(frames.ROW).agg(pl.col("step").first()).iter_rows())
    return [steps.get(row) for row in rows]


def _coverage(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("detector", "state", "reason", "assessable", "flagged", "diagnostic")}


def _bucket(bucket: Bucket) -> dict[str, Any]:
    return {
        "parameter": bucket.parameter,
        "issue": bucket.issue,
        "low": _derived(bucket.low),
        "high": _derived(bucket.high),
        "values": list(bucket.values) or None,
        "missing": bucket.missing,
        "n": bucket.n,
        "sick": bucket.sick,
        "rate": _derived(bucket.rate),
        "rate_low": _derived(bucket.rate_low),
        "rate_high": _derived(bucket.rate_high),
    }


def _lead(lead: Lead) -> dict[str, Any]:
    return {
        "parameter": lead.parameter,
        "issue": lead.issue,
        "kind": lead.kind,
        "low": _derived(lead.low),
        "high": _derived(lead.high),
        "values": list(lead.values) or None,
        "n": lead.n,
        "sick": lead.sick,
        "elsewhere_n": lead.elsewhere_n,
        "elsewhere_sick": lead.elsewhere_sick,
        "p": _derived(lead.p),
        "needs": lead.needs,
        "text": lead.text,
    }


_CAUSE_STATISTICS = (
    "low", "high", "rate", "rate_low", "rate_high", "rate_elsewhere", "ratio", "ratio_low", "ratio_high", "difference",
    "difference_low", "difference_high", "elsewhere_low", "elsewhere_high", "share", "threshold_low", "threshold_high",
    "p", "log10_p", "q", "q_strict", "adjusted_ratio",
)  # fmt: skip


def _cause(cause: Cause, trials: pl.Series, everything: bool) -> dict[str, Any]:
    return {
        "parameter": cause.parameter,
        "issue": cause.issue,
        "kind": cause.kind,
        "text": cause.text,
        **{name: _derived(getattr(cause, name)) for name in _CAUSE_STATISTICS},
        "thresholds": [_threshold(one) for one in cause.thresholds],
        "values": list(cause.values) or None,
        "n": cause.n,
        "sick": cause.sick,
        "elsewhere_n": cause.elsewhere_n,
        "elsewhere_sick": cause.elsewhere_sick,
        "strength": cause.strength,
        "environment": cause.environment,
        "adjusted_for": list(cause.adjusted_for),
        "inseparable": list(cause.inseparable),
        "tiers": [_tier(tier) for tier in cause.tiers],
        "outside": [other.text for other in cause.outside],
        "evidence": cause.evidence,
        "trials": _named(trials, [int(row) for row in cause.rows], everything),
    }


def _threshold(one: Threshold) -> dict[str, Any]:
    return {
        "end": one.end,
        "at": _derived(one.at),
        "low": _derived(one.low),
        "high": _derived(one.high),
        "located": one.located,
    }


def _pair(pair: PairCause, trials: pl.Series, everything: bool) -> dict[str, Any]:
    cells = {name: getattr(pair, name) for name in ("both", "first_only", "second_only", "neither")}
    return {
        "parameters": list(pair.parameters),
        "issue": pair.issue,
        "text": pair.text,
        "conditions": [
            {
                "parameter": part.parameter,
                "kind": part.kind,
                "low": _derived(part.low),
                "high": _derived(part.high),
                "values": list(part.values) or None,
                "text": part.text,
            }
            for part in pair.conditions
        ],
        **{
            name: {
                "n": cell.n,
                "sick": cell.sick,
                "rate": _derived(cell.rate),
                "rate_low": _derived(cell.rate_low),
                "rate_high": _derived(cell.rate_high),
            }
            for name, cell in cells.items()
        },
        **{name: _derived(getattr(pair, name)) for name in ("share", "p", "log10_p", "q", "q_strict")},
        "adjusted_for": list(pair.adjusted_for),
        "carries": list(pair.carries),
        "trials": _named(trials, [int(row) for row in pair.rows], everything),
    }


def _tier(tier: Tier) -> dict[str, Any]:
    statistics = ("low", "high", "rate", "rate_low", "rate_high")
    return {
        "text": tier.text,
        "n": tier.n,
        "sick": tier.sick,
        **{name: _derived(getattr(tier, name)) for name in statistics},
    }


def _explained(other: NotACause) -> dict[str, Any]:
    return {
        "parameter": other.parameter,
        "issue": other.issue,
        "relation": other.relation,
        "other": other.other,
        "q": _derived(other.q),
        "ratio": _derived(other.ratio),
        "adjusted_ratio": _derived(other.adjusted_ratio),
    }


def _best(inspection: Inspection) -> list[dict[str, Any]]:
    trials = inspection.sweep.trials
    names = [parameter.name for parameter in inspection.sweep.roles.hyperparameters]
    rows = [entry.row for entry in inspection.ranking.best]
    configurations = trials.select(names)[rows].to_dicts() if names else [{} for _row in rows]
    return [
        {
            "trial": entry.trial,
            "value": entry.value,
            **({"runs": entry.runs} if entry.runs > 1 else {}),
            **({"group": entry.group} if entry.group is not None else {}),
            "configuration": {name: plain(value) for name, value in configured.items()},
        }
        for entry, configured in zip(inspection.ranking.best, configurations, strict=True)
    ]


def _second_objective(other: SecondObjective, everything: bool) -> dict[str, Any]:
    front = other.front if everything else other.front[:TRIALS_NAMED]
    return {
        "measure": other.measure,
        "mode": other.mode,
        "partition": other.partition or None,
        "groups": other.groups or None,
        "trials": other.trials,
        "best": None if other.best is None else _in_both(other.best),
        "least": _in_both(other.least),
        "front": [_in_both(one) for one in front],
        "front_size": len(other.front),
    }


def _in_both(one: Standing) -> dict[str, Any]:
    return {"trial": one.trial, "objective": one.objective, "value": _derived(one.value)}


def _repair(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("line", "kind", "column", "was", "became", "message", "count")}


def _named(trials: pl.Series, rows: Sequence[int], everything: bool) -> list[str | None]:
    return trials.gather(list(rows if everything else rows[:TRIALS_NAMED])).to_list()


def _derived(value: float | None) -> float | None:
    """Return a statistic at six significant digits; one that is not finite is null."""
    return rounded(value) if value is not None and math.isfinite(value) else None


def _source_number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def plain(value: object) -> object:
    """Return a source value as JSON can hold it: non-finite numbers become an object that says which."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"value": None, "nonfinite": "nan" if math.isnan(value) else "+inf" if value > 0 else "-inf"}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | pl.Series):
        return [plain(item) for item in value]
    return str(value)
