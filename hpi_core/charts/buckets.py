"""Buckets: the map of parameters against issues, how strongly each pair is associated and what is known of it.

After the issues stand the worst and the best results of the trials that are not sick, so that a sweep without sick
trials has a map as well.

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
from hpi_core.inspection.model import Inspection
from hpi_core.inspection.outcomes import BEST, WORST
from hpi_core.numerals import plural
from hpi_core.statistics.causes import LEAST_SICK, LEAST_TRIALS
from hpi_core.statistics.findings import Bucket, Cause, Lead, NotACause, PairCause

Pair = tuple[str, str]
State = Literal["claimed", "explained", "inseparable", "together", "plain", "few"]
Tone = Literal["error", "warn", "good"]
_OUTCOMES: tuple[tuple[str, str, Tone], ...] = ((WORST, "worst", "warn"), (BEST, "best", "good"))


@dataclass(frozen=True)
class IssueColumn:
    """One column of the map: an issue or an end of the results, with its sick and assessable trials.

    `said` goes on from a share of trials (`50 % of 22 NONFIN`, `62 % of 32 in the worst tenth`); `word` names those
    counted (`sick`, `worst`, `best`) and `all_of` all of them (`all sick`, `the worst tenth`).
    """

    issue: str
    tag: str
    tone: Tone
    sick: int
    assessable: int
    said: str
    word: str = "sick"
    all_of: str = "all sick"


@dataclass(frozen=True, eq=False)
class MapCell:
    """What is known of one pair of parameter and issue.

    `strength` is 0 to 1, None without buckets to compare. `claimed` has a cause; `explained` and `inseparable` are
    significant but another parameter (`other`) accounts for them or cannot be told apart; `together` is claimed only
    with another parameter (`pair`); `few` are too few trials.
    """

    state: State
    strength: float | None
    cause: Cause | None = None
    other: NotACause | None = None
    lead: Lead | None = None
    pair: PairCause | None = None


_NOTHING = MapCell("few", None)


@dataclass(frozen=True, eq=False)
class BucketMap:
    """The map: rows and columns in the order to show, a cell per pair; `empty` says in words why there is none.

    `note` says what to know before reading it: that no trial is sick, and what is shown instead.
    """

    inspection: Inspection | None
    parameters: tuple[str, ...] = ()
    issues: tuple[IssueColumn, ...] = ()
    cells: Mapping[Pair, MapCell] | None = None
    empty: str | None = None
    by_pair: Mapping[Pair, Sequence[Bucket]] | None = None
    note: str = ""

    def cell(self, parameter: str, issue: str) -> MapCell:
        """Return what is known of a pair."""
        return (self.cells or {}).get((parameter, issue), _NOTHING)

    def column(self, issue: str) -> IssueColumn | None:
        """Return the column of an issue, None where the map has none such."""
        return next((column for column in self.issues if column.issue == issue), None)

    def place_of(self, parameter: str, issue: str) -> tuple[int, int] | None:
        """Return row and column of a pair, None where the map has none such."""
        column = next((at for at, column in enumerate(self.issues) if column.issue == issue), None)
        if column is None or parameter not in self.parameters:
            return None
        return self.parameters.index(parameter), column


def bucket_map(inspection: Inspection) -> BucketMap:
    """Return the map of an inspection: claimed parameters first, strongest first, then the others in their order."""
    issues = (*_issue_columns(inspection), *_outcome_columns(inspection))
    empty = _why_empty(inspection, issues)
    if empty is not None:
        return BucketMap(inspection, empty=empty)
    by_pair: dict[Pair, list[Bucket]] = {}
    for bucket in (*inspection.buckets, *inspection.objective.buckets):
        by_pair.setdefault((bucket.parameter, bucket.issue), []).append(bucket)
    parameters = tuple(_rows(inspection, {column.issue for column in issues}))
    cells = _cells(inspection, parameters, issues, by_pair)
    note = "" if blamed(inspection.issues) else _no_sick(inspection)
    return BucketMap(inspection, parameters, issues, cells, None, by_pair, note)


def claims_of(inspection: Inspection) -> tuple[Cause, ...]:
    """Return all causes: those of issues, then those of the worst and the best results."""
    return (*inspection.causes, *inspection.objective.causes)


@dataclass(frozen=True)
class Claim:
    """One line of the list of all claims: a cause, or two conditions together, with the column it speaks of.

    `parameters` has one name, or both of a pair.
    """

    column: IssueColumn
    parameters: tuple[str, ...]
    made: Cause | PairCause
    strength: str


def claims_in_order(chart: BucketMap) -> tuple[Claim, ...]:
    """Return all claims of a map: those of issues first, then of results, each strongest first."""
    inspection = chart.inspection
    if inspection is None:
        return ()
    columns = {column.issue: column for column in chart.issues}
    found = [
        Claim(columns[cause.issue], (cause.parameter,), cause, cause.strength)
        for cause in claims_of(inspection)
        if cause.issue in columns
    ]
    found += [
        Claim(columns[pair.issue], pair.parameters, pair, "together")
        for pair in inspection.pairs
        if pair.issue in columns
    ]
    order = ("strong", "moderate", "together", "weak")
    return tuple(sorted(found, key=lambda claim: (claim.column.word != "sick", order.index(claim.strength))))


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


def _issue_columns(inspection: Inspection) -> list[IssueColumn]:
    tags = {entry["issue"]: entry["tag"] for entry in listing()}
    asked = set(blamed(inspection.issues))
    found = []
    for issue in inspection.issues:
        if issue.issue in asked:
            tag = tags.get(issue.issue, issue.issue[:7].upper())
            tone: Tone = "error" if issue.severity == "error" else "warn"
            found.append(IssueColumn(issue.issue, tag, tone, issue.count, issue.assessable, tag))
    return found


def _outcome_columns(inspection: Inspection) -> list[IssueColumn]:
    """Return a column for each end of the results that was searched for causes."""
    searched = {bucket.issue for bucket in inspection.objective.buckets}
    found = []
    for name, word, tone in _OUTCOMES:
        if name in searched:
            verdict = inspection.verdict_of(name)
            tenth = f"the {word} tenth"
            columns = (int(verdict.sum() or 0), int(verdict.count()))
            found.append(IssueColumn(name, word.upper(), tone, *columns, f"in {tenth}", word, tenth))
    return found


def _no_sick(inspection: Inspection) -> str:
    ran = int((inspection.coverage["state"] == "ran").sum())
    skipped = inspection.coverage.height - ran
    total = plural(inspection.sweep.trials.height, "trial")
    return f"No sick trials: {plural(ran, 'detector')} ran on {total}, {skipped} did not run."


def _no_results(inspection: Inspection) -> str:
    """Return why it is not told either which values go with good or bad results."""
    roles = inspection.sweep.roles
    if not roles.hyperparameters and not roles.environment:
        return "No column was recognised as a hyperparameter: O changes the roles."
    if roles.objective is None or roles.objective.direction is None:
        return "Once O names the objective, it is told which values go with good and bad results."
    ranked = inspection.ranking.ranked
    if ranked < LEAST_TRIALS:
        return f"Which values go with good and bad results takes {LEAST_TRIALS} results; there are {ranked:,}."
    return "Too many results are equal to tell the worst or the best tenth."


def _why_empty(inspection: Inspection, issues: Sequence[IssueColumn]) -> str | None:
    """Return why there is no map, or None."""
    if not inspection.sweep.trials.height:
        return "There is no trial."
    if not inspection.assessed and not issues:
        return "No detector could judge this sweep: no trial is known to be sick or healthy."
    if not issues:
        return f"{_no_sick(inspection)} {_no_results(inspection)}"
    if not inspection.sweep.roles.hyperparameters and not inspection.sweep.roles.environment:
        return "No column was recognised as a hyperparameter: nothing can be blamed. O changes the roles."
    return None


def _rows(inspection: Inspection, asked: set[str]) -> list[str]:
    """Return the parameters to show; columns of the environment only where something is said about them."""
    roles = inspection.sweep.roles
    claims = claims_of(inspection)
    said = {cause.parameter for cause in claims} | {other.parameter for other in _set_aside(inspection)}
    said |= {lead.parameter for lead in _leads(inspection)}
    claimed = [cause.parameter for cause in claims if cause.issue in asked]
    claimed += [name for pair in inspection.pairs if pair.issue in asked for name in pair.parameters]
    chosen = [p.name for p in roles.hyperparameters]
    return list(dict.fromkeys([*claimed, *chosen, *(name for name in roles.environment if name in said)]))


def _cells(
    inspection: Inspection,
    parameters: Sequence[str],
    issues: Sequence[IssueColumn],
    by_pair: Mapping[Pair, Sequence[Bucket]],
) -> dict[Pair, MapCell]:
    causes = {(cause.parameter, cause.issue): cause for cause in claims_of(inspection)}
    others = {(other.parameter, other.issue): other for other in _set_aside(inspection)}
    leads = {lead.issue: lead for lead in _leads(inspection)}
    pairs = {(name, pair.issue): pair for pair in reversed(inspection.pairs) for name in pair.parameters}
    cells: dict[Pair, MapCell] = {}
    for parameter in parameters:
        for column in issues:
            pair = (parameter, column.issue)
            strength = strength_of(by_pair.get(pair, ()))
            cause, other, lead = causes.get(pair), others.get(pair), leads.get(column.issue)
            joint = pairs.get(pair)
            state: State = "plain"
            if cause is not None:
                state = "claimed"
            elif joint is not None:
                state = "together"
            elif other is not None:
                state = "explained" if other.relation == "explained by" else "inseparable"
            elif strength is None or _too_few(column):
                state = "few"
            cells[pair] = MapCell(state, strength, cause, other, lead, joint)
    return cells


def _set_aside(inspection: Inspection) -> tuple[NotACause, ...]:
    return (*inspection.not_causes, *inspection.objective.not_causes)


def _leads(inspection: Inspection) -> tuple[Lead, ...]:
    return (*inspection.leads, *inspection.objective.leads)


def _too_few(column: IssueColumn) -> bool:
    healthy = column.assessable - column.sick
    return column.assessable < LEAST_TRIALS or column.sick < LEAST_SICK or healthy < LEAST_SICK
