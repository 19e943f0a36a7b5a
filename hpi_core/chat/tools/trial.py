"""trial: all that is known about one trial: its values by role, its findings, the causes it falls under, its rank."""

from __future__ import annotations

import math
from typing import Any

import polars as pl

from hpi_core import frames
from hpi_core.chat.evidence import Evidence
from hpi_core.chat.tools.contract import Tool
from hpi_core.errors import UsageError

FINDINGS_SHOWN = 30


def describe_trial(evidence: Evidence, trial: str) -> dict[str, Any]:
    """Return the facts of one trial.

    Raises:
        UsageError: no trial has this id.
    """
    row = row_named(evidence, trial)
    inspection = evidence.inspection
    found = inspection.findings.filter(pl.col(frames.ROW) == row)
    return {
        "cite": evidence.trial_label(row),
        "trial": evidence.ids[row],
        "status": inspection.sweep.trials[frames.STATUS][row],
        "sick": bool(inspection.sick[row]),
        **values_by_role(evidence, row),
        "issues": [_finding(evidence, finding) for finding in found.head(FINDINGS_SHOWN).iter_rows(named=True)],
        "causes": [
            f"C{place}"
            for place, cause in enumerate(inspection.causes, start=1)
            if row in cause.rows and evidence.record(f"C{place}") is not None
        ],
        "rank": next((entry.rank for entry in inspection.ranking.best if entry.row == row), None),
        "ranked": inspection.ranking.ranked,
        "incomplete": row in inspection.sweep.incomplete,
        "n": found.height,
        "truncated": found.height > FINDINGS_SHOWN,
    }


def row_named(evidence: Evidence, trial: str) -> int:
    """Return the row of a trial named by id or label.

    Raises:
        UsageError: there is none; the hint names close ones.
    """
    row = evidence.row(trial)
    if row is None:
        near = evidence.close_trials(trial)
        count = len(evidence.ids)
        some = [evidence.trial_label(place) for place in range(min(3, count))]
        hint = f"Close: {', '.join(near)}." if near else f"There are {count:,} trials, for example {', '.join(some)}."
        raise UsageError(f"No trial is called {trial}.", hint)
    return row


def values_by_role(evidence: Evidence, row: int) -> dict[str, Any]:
    """Return the values of one trial by role; columns of text, and of roles nobody asks about, are left out."""
    sweep = evidence.inspection.sweep
    roles = sweep.roles
    groups = {
        "configuration": [parameter.name for parameter in roles.hyperparameters],
        "metrics": [metric.name for metric in roles.metrics],
        "resources": list(roles.resources),
        "environment": list(roles.environment),
        "seed": [roles.seed] if roles.seed else [],
    }
    columns = [name for names in groups.values() for name in names]
    named = sweep.trials.select(columns).row(row, named=True) if columns else {}
    return {role: {name: plain(named[name]) for name in names} for role, names in groups.items() if names}


def plain(value: object) -> object:
    """Return a cell as JSON can hold it; a number that is not finite becomes the word for it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "+inf" if value > 0 else "-inf"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _finding(evidence: Evidence, finding: dict[str, Any]) -> dict[str, Any]:
    label = evidence.issue_label(finding["issue"])
    diagnostic = evidence.record(label)["diagnostic"] if label else True  # type: ignore[index]
    shown = {
        name: plain(finding[name])
        for name in ("issue", "severity", "metric", "step", "value", "threshold", "evidence", "advice")
    }
    return {"cite": label, **shown, "diagnostic": diagnostic}


TOOL = Tool(
    "trial",
    "Everything known about one trial: its values by role, its findings with evidence, the causes it falls under, "
    "and its rank among the healthy trials. Ask it before explaining a particular trial.",
    {"trial": "the trial's id or its label, such as 17 or T17"},
    describe_trial,
)
