"""From what the detectors said to what stands against each trial: issues counted, worst severity, who is unjudged."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from hpi_core import frames
from hpi_core.inspection.model import SEVERITIES, IssueCount
from hpi_core.statistics.intervals import wilson

if TYPE_CHECKING:
    from hpi_core.detectors import Detection

_WORST_FIRST = {severity: place for place, severity in enumerate(SEVERITIES)}


def count_issues(detection: Detection, titles: Mapping[str, str]) -> tuple[IssueCount, ...]:
    """Return every issue found, worst severity first, then the most frequent."""
    told = detection.findings.select("issue", frames.ROW, "severity", "evidence", "advice")
    found = [
        _count(issue, group, detection, titles.get(issue, issue))
        for (issue,), group in told.group_by("issue", maintain_order=True)
        if isinstance(issue, str)
    ]
    return tuple(sorted(found, key=lambda issue: (_WORST_FIRST[issue.severity], -issue.count, issue.issue)))


def _count(issue: str, group: pl.DataFrame, detection: Detection, title: str) -> IssueCount:
    severities = set(group["severity"].unique().to_list())
    severity = next(word for word in SEVERITIES if word in severities)
    diagnostic = bool(detection.diagnostic.get(issue, True))
    advice = str(group["advice"][0] or "")
    rows = array("I", group[frames.ROW].drop_nulls().unique().sort().to_numpy().astype("uintc").tobytes())
    if not rows:
        evidence = " ".join(group["evidence"].drop_nulls().unique(maintain_order=True).to_list())
        return IssueCount(issue, title, severity, "sweep", 0, 1, None, None, None, (), diagnostic, evidence, advice)
    evidence = str(group.filter(pl.col(frames.ROW) == rows[0])["evidence"][0] or "")
    verdict = detection.verdicts.get(issue)
    assessable = max(len(rows), int(verdict.count()) if verdict is not None else 0)
    low, high = wilson(len(rows), assessable)
    return IssueCount(
        issue, title, severity, "trial", assessable, len(rows), len(rows) / assessable, low, high, rows, diagnostic,
        evidence, advice,
    )  # fmt: skip


def worst_severities(standing: pl.DataFrame) -> Mapping[str, int]:
    """Return error and warn -> number of sick trials whose worst standing finding has that severity."""
    sick = standing[frames.ROW].n_unique()
    errors = standing.filter(pl.col("severity") == "error")[frames.ROW].n_unique()
    return {"error": errors, "warn": sick - errors}


def standing_findings(detection: Detection) -> pl.DataFrame:
    """Return `_row`, `issue`, `severity` of what makes trials sick: errors and warnings of rules diagnostic here."""
    demoted = [issue for issue, diagnostic in detection.diagnostic.items() if not diagnostic]
    return detection.findings.select(frames.ROW, "issue", "severity").filter(
        pl.col(frames.ROW).is_not_null()
        & pl.col("severity").is_in(["error", "warn"])
        & ~pl.col("issue").is_in(demoted or [""])
    )


# Notes that a setting can bring about and that say which way to move it: too slow a start, too few steps, a gap that is
# no illness yet. The other infos are about how a run was kept or stopped, not about its hyperparameters.
NOTED = ("slow_start", "still_improving", "overfit_gap")


def noted(issues: tuple[IssueCount, ...]) -> list[str]:
    """Return the infos causes are looked for, apart from what makes trials sick."""
    return [i.issue for i in issues if i.issue in NOTED and i.scope == "trial" and i.severity == "info"]


def blamed(issues: tuple[IssueCount, ...]) -> list[str]:
    """Return the issues causes are looked for: of trials, errors and warnings, diagnostic."""
    return [i.issue for i in issues if i.scope == "trial" and i.diagnostic and i.severity in ("error", "warn")]
