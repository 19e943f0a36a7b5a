"""Importance as plain data: rounded to six digits, ready for JSON, pages and charts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from hpi_core.numerals import rounded

if TYPE_CHECKING:
    from hpi_core.importance.model import BestRun, Correlation, Importance, Interaction


def importance_records(entries: Iterable[Importance]) -> list[dict[str, Any]]:
    """Return one record per hyperparameter and question, in the order given."""
    return [
        {
            "parameter": entry.parameter,
            "question": entry.question,
            "score": rounded(entry.score),
            "low": rounded(entry.low),
            "high": rounded(entry.high),
            "noise": rounded(entry.noise),
            "rank_first": rounded(entry.rank_first),
            "n": entry.n,
            "matters": entry.matters,
        }
        for entry in entries
    ]


def interaction_records(pairs: Iterable[Interaction]) -> list[dict[str, Any]]:
    """Return one record per pair beyond noise."""
    return [
        {
            "first": pair.first,
            "second": pair.second,
            "score": rounded(pair.score),
            "noise": rounded(pair.noise),
            "n": pair.n,
        }
        for pair in pairs
    ]


def correlation_records(correlations: Iterable[Correlation]) -> list[dict[str, Any]]:
    """Return one record per hyperparameter and target."""
    return [
        {
            "parameter": item.parameter,
            "target": item.target,
            "kind": item.kind,
            "statistic": item.statistic,
            "value": rounded(item.value),
            "low": rounded(item.low),
            "high": rounded(item.high),
            "n": item.n,
            "p": rounded(item.p),
            "q": rounded(item.q),
            "clear": item.clear,
        }
        for item in correlations
    ]


def best_records(runs: Iterable[BestRun]) -> list[dict[str, Any]]:
    """Return one record per run; the value is the source's own."""
    return [
        {
            "rank": run.rank,
            "trial": run.trial,
            "value": run.value,
            "expected": None if run.expected is None else rounded(run.expected),
            "cost": run.cost,
            "tied": run.tied,
            "runs": run.runs,
            "group": run.group,
        }
        for run in runs
    ]
