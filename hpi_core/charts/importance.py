"""Importance: how much every hyperparameter matters, for three questions, which way, and what of it can be trusted.

All of it is read from an inspection; weighing and correlations look at a part of very many trials, yet they take long
enough to be asked for in a worker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpi_core.numerals import percent, plural
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.importance import Correlation, Importance, Interaction, Weighing
    from hpi_core.importance.model import Question
    from hpi_core.inspection.model import Inspection

_LONGEST_NAME = 60


@dataclass(frozen=True)
class Asked:
    """One question as the chart puts it: `short` heads a column, `said` goes on from a parameter's name."""

    question: Question
    short: str
    said: str


@dataclass(frozen=True)
class ImportanceRow:
    """What is known of one parameter: an entry per question, and how it goes with objective and issues.

    `better` tells which values are better: `low`, `high`, `differs` between words, None where the interval of the
    correlation holds 0.
    """

    parameter: str
    entries: Mapping[Question, Importance]
    with_objective: Correlation | None = None
    with_issues: tuple[Correlation, ...] = ()
    interactions: tuple[Interaction, ...] = ()
    better: str | None = None


@dataclass(frozen=True, eq=False)
class ImportanceChart:
    """Rows strongest first in the question to trust; `trust` says which that is and why, `empty` why there is none.

    Where trials are too few to weigh, rows hold correlations alone and `asked` is empty.
    """

    metric: str = ""
    asked: tuple[Asked, ...] = ()
    rows: tuple[ImportanceRow, ...] = ()
    trust: str = ""
    notes: tuple[str, ...] = ()
    empty: str | None = None
    trusted: frozenset[Question] = field(default_factory=frozenset)


def importance_chart(inspection: Inspection) -> ImportanceChart:
    """Return what to show of the importance of hyperparameters."""
    weighing = inspection.weighing
    roles = inspection.sweep.roles
    if not roles.hyperparameters or roles.objective is None or roles.objective.direction is None:
        said = "Importance needs an objective and its direction: O names them."
        return ImportanceChart(empty=said if roles.hyperparameters else " ".join(weighing.notes))
    by_parameter = _correlations(inspection)
    asked = _asked(weighing, roles.objective.metric)
    names = [item.name for item in roles.hyperparameters]
    rows = [_row(inspection, name, by_parameter.get(name, ())) for name in names]
    trusted, trust = _trusted(weighing)
    if asked:
        first = asked[0].question
        rows = sorted((row for row in rows if row.entries), key=lambda row: -_score(row, first))
    else:
        rows = sorted(rows, key=lambda row: -abs(row.with_objective.value) if row.with_objective else 1.0)
    # the note that tells which question to trust is told by `trust`
    notes = tuple(note for note in weighing.notes if note != trust)
    return ImportanceChart(safe(roles.objective.metric, _LONGEST_NAME), asked, tuple(rows), trust, notes, None, trusted)


def _score(row: ImportanceRow, question: Question) -> float:
    entry = row.entries.get(question)
    return -1.0 if entry is None else entry.score


def _asked(weighing: Weighing, metric: str) -> tuple[Asked, ...]:
    told = {entry.question for entry in weighing.entries}
    share = percent(weighing.top_share)
    every = (
        Asked("variance", "variance", f"decides {safe(metric, _LONGEST_NAME)}: share of the variance of its ranks"),
        Asked("top", f"best {share}", f"decides who is among the best {share}"),
        Asked("failing", "sick", "decides who is sick: share of the variance of being sick"),
    )
    return tuple(asked for asked in every if asked.question in told)


def _trusted(weighing: Weighing) -> tuple[frozenset[Question], str]:
    """Return the questions whose answers hold at this number of trials, and why."""
    from hpi_core.importance.weighing import LEAST_TRIALS, TRUST_TOP

    if weighing.ranked < LEAST_TRIALS:
        return frozenset(), (weighing.notes or ("",))[0]
    if weighing.ranked < TRUST_TOP:
        told = next((note for note in weighing.notes if "the one to trust" in note), "")
        return frozenset({"variance", "failing"}), told
    ranked = plural(weighing.ranked, "ranked trial")
    return frozenset({"variance", "top", "failing"}), (
        f"With {ranked} both can be trusted: the variance share for results as a whole, the best "
        f"{percent(weighing.top_share)} for what sets the winners apart."
    )


def _row(inspection: Inspection, name: str, correlations: Sequence[Correlation]) -> ImportanceRow:
    weighing, objective = inspection.weighing, inspection.sweep.roles.objective
    main = next((item for item in correlations if item.kind == "metric"), None)
    better = None
    if main is not None and main.statistic == "epsilon2":
        better = "differs" if main.clear else None
    elif main is not None and main.clear and objective is not None:
        better = "low" if (main.value > 0) == (objective.direction == "min") else "high"
    return ImportanceRow(
        name,
        {entry.question: entry for entry in weighing.entries if entry.parameter == name},
        main,
        tuple(item for item in correlations if item.kind == "issue" and item.clear),
        tuple(pair for pair in weighing.interactions if name in (pair.first, pair.second)),
        better,
    )


def _correlations(inspection: Inspection) -> dict[str, list[Correlation]]:
    from hpi_core.importance import param_correlations
    from hpi_core.inspection.issues import blamed

    objective = inspection.sweep.roles.objective
    metrics = [] if objective is None else [objective.metric]
    found: dict[str, list[Correlation]] = {}
    for item in param_correlations(inspection, metrics=metrics, issues=blamed(inspection.issues)):
        found.setdefault(item.parameter, []).append(item)
    return found
