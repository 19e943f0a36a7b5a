"""Buckets: the map of parameters against issues, how strongly each pair is associated and what is known of it.

Everything is read from an inspection. The map's one measure is the strength of association: Cramér's V between the
buckets of the parameter and sick or not, corrected for its bias (Bergsma 2013): 0 where buckets differ no more than
chance makes them, 1 where the bucket decides. It is a description; only a claim says that a strength is beyond chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hpi_core.detectors import listing
from hpi_core.inspection.issues import blamed
from hpi_core.inspection.model import Inspection, Severity
from hpi_core.numerals import plural
from hpi_core.statistics.causes import LEAST_SICK, LEAST_TRIALS
from hpi_core.statistics.findings import Bucket, Cause, Lead, NotACause

Pair = tuple[str, str]
State = Literal["claimed", "explained", "inseparable", "plain", "few"]


@dataclass(frozen=True)
class IssueColumn:
    """One column of the map: an issue causes were looked for, with its sick and assessable trials."""

    issue: str
    tag: str
    severity: Severity
    sick: int
    assessable: int


@dataclass(frozen=True, eq=False)
class MapCell:
    """What is known of one pair of parameter and issue.

    `strength` is 0 to 1, None without buckets to compare. `claimed` has a cause; `explained` and `inseparable` are
    significant but another parameter (`other`) accounts for them or cannot be told apart; `few` are too few trials.
    """

    state: State
    strength: float | None
    cause: Cause | None = None
    other: NotACause | None = None
    lead: Lead | None = None


_NOTHING = MapCell("few", None)


@dataclass(frozen=True, eq=False)
class BucketMap:
    """The map: rows and columns in the order to show, a cell per pair; `empty` says in words why there is none."""

    inspection: Inspection | None
    parameters: tuple[str, ...] = ()
    issues: tuple[IssueColumn, ...] = ()
    cells: Mapping[Pair, MapCell] | None = None
    empty: str | None = None
    by_pair: Mapping[Pair, Sequence[Bucket]] | None = None

    def cell(self, parameter: str, issue: str) -> MapCell:
        """Return what is known of a pair."""
        return (self.cells or {}).get((parameter, issue), _NOTHING)

    def place_of(self, parameter: str, issue: str) -> tuple[int, int] | None:
        """Return row and column of a pair, None where the map has none such."""
        column = next((at for at, column in enumerate(self.issues) if column.issue == issue), None)
        if column is None or parameter not in self.parameters:
            return None
        return self.parameters.index(parameter), column


def bucket_map(inspection: Inspection) -> BucketMap:
    """Return the map of an inspection: claimed parameters first, strongest first, then the others in their order."""
    empty = _why_empty(inspection)
    if empty is not None:
        return BucketMap(inspection, empty=empty)
    tags = {entry["issue"]: entry["tag"] for entry in listing()}
    asked = set(blamed(inspection.issues))
    issues = tuple(
        IssueColumn(i.issue, tags.get(i.issue, i.issue[:7].upper()), i.severity, i.count, i.assessable)
        for i in inspection.issues
        if i.issue in asked
    )
    by_pair: dict[Pair, list[Bucket]] = {}
    for bucket in inspection.buckets:
        by_pair.setdefault((bucket.parameter, bucket.issue), []).append(bucket)
    parameters = tuple(_rows(inspection, asked))
    cells = _cells(inspection, parameters, issues, by_pair)
    return BucketMap(inspection, parameters, issues, cells, None, by_pair)


def strength_of(buckets: Iterable[Bucket]) -> float | None:
    """Return Cramér's V of bucket against sick, corrected for bias (Bergsma 2013); None where nothing can differ."""
    counts = np.array([(b.sick, b.n - b.sick) for b in buckets if b.n > 0], dtype=np.float64).reshape(-1, 2)
    n, k = counts.sum(), len(counts)
    columns = counts.sum(axis=0)
    if k < 2 or n < 2 or not columns.all():
        return None
    expected = np.outer(counts.sum(axis=1), columns) / n
    phi2 = float(((counts - expected) ** 2 / expected).sum() / n)
    corrected = max(0.0, phi2 - (k - 1) / (n - 1))
    sides = min(k - (k - 1) ** 2 / (n - 1), 2 - 1 / (n - 1)) - 1
    return min(1.0, math.sqrt(corrected / sides)) if sides > 0 else None


def _why_empty(inspection: Inspection) -> str | None:
    """Return why there is no map, or None."""
    ran = int((inspection.coverage["state"] == "ran").sum())
    total = inspection.sweep.trials.height
    if not total:
        return "There is no trial."
    if not inspection.assessed:
        return "No detector could judge this sweep: no trial is known to be sick or healthy."
    if not blamed(inspection.issues):
        skipped = inspection.coverage.height - ran
        return f"No sick trials: {plural(ran, 'detector')} ran on {plural(total, 'trial')}, {skipped} did not run."
    if not inspection.sweep.roles.hyperparameters and not inspection.sweep.roles.environment:
        return "No column was recognised as a hyperparameter: nothing can be blamed. O changes the roles."
    return None


def _rows(inspection: Inspection, asked: set[str]) -> list[str]:
    """Return the parameters to show; columns of the environment only where something is said about them."""
    roles = inspection.sweep.roles
    said = {cause.parameter for cause in inspection.causes} | {other.parameter for other in inspection.not_causes}
    said |= {lead.parameter for lead in inspection.leads}
    claimed = [cause.parameter for cause in inspection.causes if cause.issue in asked]
    chosen = [p.name for p in roles.hyperparameters]
    return list(dict.fromkeys([*claimed, *chosen, *(name for name in roles.environment if name in said)]))


def _cells(
    inspection: Inspection,
    parameters: Sequence[str],
    issues: Sequence[IssueColumn],
    by_pair: Mapping[Pair, Sequence[Bucket]],
) -> dict[Pair, MapCell]:
    causes = {(cause.parameter, cause.issue): cause for cause in inspection.causes}
    others = {(other.parameter, other.issue): other for other in inspection.not_causes}
    leads = {lead.issue: lead for lead in inspection.leads}
    cells: dict[Pair, MapCell] = {}
    for parameter in parameters:
        for column in issues:
            pair = (parameter, column.issue)
            strength = strength_of(by_pair.get(pair, ()))
            cause, other, lead = causes.get(pair), others.get(pair), leads.get(column.issue)
            state: State = "plain"
            if cause is not None:
                state = "claimed"
            elif other is not None:
                state = "explained" if other.relation == "explained by" else "inseparable"
            elif strength is None or _too_few(column):
                state = "few"
            cells[pair] = MapCell(state, strength, cause, other, lead)
    return cells


def _too_few(column: IssueColumn) -> bool:
    healthy = column.assessable - column.sick
    return column.assessable < LEAST_TRIALS or column.sick < LEAST_SICK or healthy < LEAST_SICK
