"""compare: what two trials differ in, column by column, and which issues only one of them has."""

from __future__ import annotations

from typing import Any

from hpi_core.chat.evidence import Evidence
from hpi_core.chat.tools.contract import Tool
from hpi_core.chat.tools.trial import describe_trial

SHOWN = 40


def compare_trials(evidence: Evidence, first: str, second: str) -> dict[str, Any]:
    """Return the differences of two trials.

    Raises:
        UsageError: no trial has one of the ids.
    """
    a, b = describe_trial(evidence, first), describe_trial(evidence, second)
    columns = [
        {"column": name, "role": role, "first": a[role][name], "second": b[role][name]}
        for role in ("configuration", "metrics", "resources", "environment", "seed")
        for name in a.get(role, {})
    ]
    differing = [column for column in columns if column["first"] != column["second"]]
    issues_a, issues_b = ({finding["issue"] for finding in facts["issues"]} for facts in (a, b))
    return {
        "first": {name: a[name] for name in ("cite", "trial", "status", "sick", "rank")},
        "second": {name: b[name] for name in ("cite", "trial", "status", "sick", "rank")},
        "differing": differing[:SHOWN],
        "same": len(columns) - len(differing),
        "issues_of_first_only": sorted(issues_a - issues_b),
        "issues_of_second_only": sorted(issues_b - issues_a),
        "issues_of_both": sorted(issues_a & issues_b),
        "n": len(differing),
        "truncated": len(differing) > SHOWN,
    }


TOOL = Tool(
    "compare",
    "What two trials differ in: hyperparameters, metrics, resources, machine, and the issues only one of them has.",
    {"first": "id or label of one trial", "second": "id or label of the other"},
    compare_trials,
)
