"""bucket: the rate of one issue over the ranges or values of one hyperparameter, each with counts and interval."""

from __future__ import annotations

import difflib
from typing import Any

from hpi_core.chat.evidence import Evidence
from hpi_core.chat.tools.contract import Tool
from hpi_core.errors import UsageError

SHOWN = 40


def bucket_rates(evidence: Evidence, parameter: str, issue: str) -> dict[str, Any]:
    """Return the buckets of one pair of parameter and issue.

    Raises:
        UsageError: there are none for this pair; the hint says for what there are.
    """
    label = issue.strip("[]")
    if label[:1] == "I" and (record := evidence.record(label)) is not None:
        issue = record["issue"]
    pairs = {(entry["parameter"], entry["issue"]) for _label, entry in evidence.labelled("B")}
    found = [
        {"cite": label, **entry}
        for label, entry in evidence.labelled("B")
        if entry["parameter"] == parameter and entry["issue"] == issue
    ]
    if not found:
        raise UsageError(f"There are no buckets of {parameter} for {issue}.", _what_there_is(pairs, parameter, issue))
    return {
        "parameter": parameter,
        "issue": issue,
        "buckets": found[:SHOWN],
        "n": len(found),
        "truncated": len(found) > SHOWN,
    }


def _what_there_is(pairs: set[tuple[str, str]], parameter: str, issue: str) -> str:
    parameters, issues = sorted({pair[0] for pair in pairs}), sorted({pair[1] for pair in pairs})
    if not pairs:
        return "No buckets were made for this sweep."
    near = [*difflib.get_close_matches(parameter, parameters, 3), *difflib.get_close_matches(issue, issues, 3)]
    if near and not {parameter, issue} <= set(near):
        return f"Close: {', '.join(near)}."
    return f"Parameters: {', '.join(parameters[:8])}. Issues: {', '.join(issues[:8])}."


TOOL = Tool(
    "bucket",
    "The rate of one issue over the ranges or values of one hyperparameter, with counts and 95 % intervals. Ask it for "
    "a pair whose buckets are not in the analysis you were given.",
    {"parameter": "name of the hyperparameter", "issue": "name of the issue, such as nonfinite_metric"},
    bucket_rates,
)
