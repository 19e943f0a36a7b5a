"""The triage queue: which trials are sick, what stands against each, and what explains them, as groups worst first.

`Standing` answers by trial (tags, severity, findings, causes and leads); `queue` puts every sick trial into one group:
under the strongest cause that claims it for its worst issue, else under a lead, else under the issue itself.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.detectors.catalogue import catalogue
from hpi_core.inspection.diagnosis import Diagnosis
from hpi_core.inspection.model import SEVERITIES, Inspection, Severity
from hpi_core.inspection.recommendations import Recommendation
from hpi_core.statistics.findings import Cause, Lead

Explanation = Literal["cause", "lead", "issue"]
_RANKS = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_UNSICK = len(SEVERITIES)


@dataclass(frozen=True)
class Finding:
    """One finding that makes a trial sick; `step` is where a curve went wrong, if a curve says so."""

    issue: str
    tag: str
    severity: Severity
    evidence: str
    metric: str | None
    step: int | None
    value: float | None


@dataclass(frozen=True, eq=False)
class Group:
    """Sick trials that one thing explains.

    `claim` is the condition of the cause or lead (`lr > 0.42`), empty for an issue; `rows` are ordered: by the value
    of `parameter`, the most extreme first, where there is one, else as in the source.
    """

    key: str
    issue: str
    tag: str
    severity: Severity
    by: Explanation
    claim: str
    parameter: str | None
    rows: tuple[int, ...]


class Standing:
    """What stands against the trials of an inspected sweep, by trial.

    Attributes:
        inspection: where it comes from.
        tags: String, one per trial: the tags of its issues, worst first, separated by a space; empty if not sick.
        rank: int8, one per trial: 0 error, 1 warn, 3 not sick.
        context: `_row`, `issues`, `severities` of every finding about a trial, as filters take it.
        issues: the issue words that exist.
    """

    def __init__(self, inspection: Inspection) -> None:
        self.inspection = inspection
        detectors = catalogue().detectors
        self.issues = tuple(detector.issue for detector in detectors)
        self._tag = {detector.issue: detector.tag for detector in detectors}
        order = {issue.issue: place for place, issue in enumerate(inspection.issues)}
        mute = [issue.issue for issue in inspection.issues if not issue.diagnostic]
        about = inspection.findings.filter(pl.col(frames.ROW).is_not_null())
        self.context = about.group_by(frames.ROW, maintain_order=True).agg(
            pl.col("issue").alias("issues"), pl.col("severity").alias("severities")
        )
        standing = about.filter(pl.col("severity").is_in(["error", "warn"]) & ~pl.col("issue").is_in(mute or [""]))
        self._findings = standing.with_columns(
            pl.col("severity").replace_strict(_RANKS, default=_UNSICK, return_dtype=pl.Int8).alias("_rank"),
            pl.col("issue").replace_strict(order, default=len(order), return_dtype=pl.Int32).alias("_order"),
            pl.col("issue").replace_strict(self._tag, default=pl.col("issue"), return_dtype=pl.String).alias("_tag"),
        ).sort(frames.ROW, "_rank", "_order", maintain_order=True)
        self._rows = self._findings[frames.ROW].to_numpy()
        grouped = self._findings.group_by(frames.ROW, maintain_order=True).agg(
            pl.col("_tag").unique(maintain_order=True).str.join(" "), pl.col("_rank").first()
        )
        height = inspection.sweep.trials.height
        at = grouped[frames.ROW].to_numpy()
        tags = np.full(height, "", dtype=object)
        tags[at] = grouped["_tag"].to_list()
        self.tags = pl.Series("issues", tags.tolist(), dtype=pl.String)
        self.rank = np.full(height, _UNSICK, dtype=np.int8)
        self.rank[at] = grouped["_rank"].to_numpy()

    @cached_property
    def sick_rows(self) -> np.ndarray[Any, Any]:
        """The `_row` of the sick trials, ascending."""
        return np.flatnonzero(self.rank < _UNSICK)

    def is_sick(self, row: int) -> bool:
        """Whether an error or warning stands against the trial."""
        return bool(self.rank[row] < _UNSICK)

    def severity(self, row: int) -> Severity | None:
        """Return the worst severity that stands against the trial, None where it is not sick."""
        rank = int(self.rank[row])
        return SEVERITIES[rank] if rank < _UNSICK else None

    def notes(self, row: int) -> list[Finding]:
        """Return what is worth knowing of a trial and makes it no sick one, by detector."""
        own = self.inspection.findings.filter((pl.col(frames.ROW) == row) & (pl.col("severity") == "info"))
        columns = ("issue", "severity", "evidence", "metric", "step", "value")
        return [Finding(issue, self.tag(issue), *rest) for issue, *rest in own.select(columns).iter_rows()]

    def findings(self, row: int) -> list[Finding]:
        """Return what stands against a trial, worst first."""
        low, high = (int(np.searchsorted(self._rows, row, side)) for side in ("left", "right"))
        part = self._findings[low:high]
        columns = ("issue", "_tag", "severity", "evidence", "metric", "step", "value")
        return [Finding(*values) for values in part.select(columns).iter_rows()]

    def tag(self, issue: str) -> str:
        """Return the short flag of an issue."""
        return self._tag.get(issue, issue.upper()[:7])

    def causes(self, row: int) -> list[tuple[int, Cause]]:
        """Return the causes that claim a trial, with their places: the best explained of its issues first."""
        return [(place, cause) for place, cause in enumerate(self.inspection.causes) if _claims(cause, row)]

    def diagnoses(self, row: int) -> list[Diagnosis]:
        """Return what causes and curves mean together, of those that rest on this trial among others."""
        return [one for one in self.inspection.diagnoses if row in one.rows]

    def leads(self, row: int) -> list[Lead]:
        """Return the leads about a sick trial's issues that hold for it."""
        stands = {finding.issue for finding in self.findings(row)}
        return [lead for lead in self.inspection.leads if lead.issue in stands and self._holds(lead)[row]]

    def next_steps(self, row: int) -> list[Recommendation]:
        """Return what to do about a sick trial: what rests on its causes, else on its issues."""
        causes = {f"cause:{place}" for place, _ in self.causes(row)}
        steps = [step for step in self.inspection.recommendations if causes & set(step.because)]
        if steps:
            return steps
        issues = {f"issue:{finding.issue}" for finding in self.findings(row)}
        return [step for step in self.inspection.recommendations if issues & set(step.because)]

    def _holds(self, lead: Lead) -> np.ndarray[Any, Any]:
        """Return for every trial whether a lead's condition is met."""
        column = self.inspection.sweep.trials[lead.parameter]
        if lead.kind == "missing":
            return column.is_null().to_numpy()
        if lead.kind == "level":
            numeric = column.dtype.is_numeric() and _is_number(lead.values[0])
            same = column.cast(pl.Float64) == float(lead.values[0]) if numeric else column.cast(pl.String).is_in(
                list(lead.values)
            )  # fmt: skip
            return same.fill_null(False).to_numpy()
        numbers = column.cast(pl.Float64, strict=False)
        held = numbers.is_finite()
        if lead.low is not None:
            held &= numbers > lead.low
        if lead.high is not None:
            held &= numbers <= lead.high
        return held.fill_null(False).to_numpy()

    @cached_property
    def queue(self) -> tuple[Group, ...]:
        """The sick trials in groups, worst first; every sick trial stands in exactly one."""
        return _groups(self)


def _groups(standing: Standing) -> tuple[Group, ...]:
    inspection = standing.inspection
    claimed: dict[str, list[tuple[int, frozenset[int]]]] = defaultdict(list)
    for place, cause in enumerate(inspection.causes):
        claimed[cause.issue].append((place, frozenset(int(row) for row in cause.rows)))
    leads: dict[str, list[tuple[int, np.ndarray[Any, Any]]]] = defaultdict(list)
    for place, lead in enumerate(inspection.leads):
        leads[lead.issue].append((place, standing._holds(lead)))
    members: dict[tuple[Explanation, int, str], list[int]] = defaultdict(list)
    for row, issues, ranks in (
        standing._findings.group_by(frames.ROW, maintain_order=True).agg("issue", "_rank").iter_rows()
    ):
        worst = [issue for issue, rank in zip(issues, ranks, strict=True) if rank == ranks[0]]
        found = next(((p, issue) for issue in worst for p, rows in claimed[issue] if row in rows), None)
        if found is not None:
            members["cause", found[0], found[1]].append(row)
            continue
        hint = next((p for p, holds in leads[worst[0]] if holds[row]), None)
        members[("issue", 0, worst[0]) if hint is None else ("lead", hint, worst[0])].append(row)
    groups = [_group(standing, *key, rows) for key, rows in members.items()]
    return tuple(sorted(groups, key=lambda g: (_RANKS[g.severity], -len(g.rows), g.key)))


def _group(standing: Standing, by: Explanation, place: int, issue: str, rows: list[int]) -> Group:
    inspection = standing.inspection
    about = inspection.causes[place] if by == "cause" else inspection.leads[place] if by == "lead" else None
    severity = SEVERITIES[min(int(standing.rank[row]) for row in rows)]
    key = f"issue:{issue}" if about is None else f"{by}:{about.parameter}:{about.text}:{issue}"
    claim, parameter = ("", None) if about is None else (about.text, about.parameter)
    if about is not None and about.kind in ("above", "between", "below"):
        numbers = inspection.sweep.trials[about.parameter].cast(pl.Float64, strict=False).gather(rows).to_list()
        sign = 1 if about.kind == "below" else -1
        rows = [row for _, row in sorted(zip(numbers, rows, strict=True), key=lambda p: (sign * (p[0] or 0.0), p[1]))]
    return Group(key, issue, standing.tag(issue), severity, by, claim, parameter, tuple(rows))


def _claims(cause: Cause, row: int) -> bool:
    at = int(np.searchsorted(cause.rows, row))
    return at < len(cause.rows) and int(cause.rows[at]) == row


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
