"""What the reader of an inspection has to know before believing it, in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from hpi_core import frames
from hpi_core.inspection.ranking import Ranking
from hpi_core.numerals import plural
from hpi_core.sweep import Sweep

# How many columns a caveat that several share names.
NAMED = 4


def about_the_sweep(sweep: Sweep, ranking: Ranking) -> list[str]:
    """Return what is unusual about the sweep itself: nothing to rank, nothing varied, records cut off, repairs."""
    return [*_objective(sweep, ranking), *_contents(sweep), *_records(sweep)]


def merged(caveats: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return the caveats with those that say the same of several columns as one.

    Args:
        caveats: sentences; what is said of a column begins with its name.
        names: the columns.
    """
    ordered = sorted(names, key=len, reverse=True)
    said: dict[str, list[str]] = {}
    for caveat in caveats:
        name = next((name for name in ordered if caveat.startswith(f"{name} ")), "")
        said.setdefault(caveat[len(name) :], []).append(name)
    return [_of_each(columns) + rest for rest, columns in said.items()]


def _of_each(columns: list[str]) -> str:
    if len(columns) == 1:
        return columns[0]
    more = len(columns) - NAMED
    listed = f"{', '.join(columns[:NAMED])} and {more} more" if more > 0 else ", ".join(columns)
    return f"Each of {listed}"


def _objective(sweep: Sweep, ranking: Ranking) -> list[str]:
    objective, roles = sweep.roles.objective, sweep.roles
    if not roles.metrics:
        return ["No column was recognised as a metric: nothing can be ranked. Name one with --objective."]
    if objective is None:
        names = ", ".join(metric.name for metric in roles.metrics[:4])
        return [f"The objective is unknown, so no trial is ranked. Name it with --objective ({names} …)."]
    if objective.direction is None:
        return [f"Whether {objective.metric} should be low or high is unknown: add --minimize or --maximize."]
    if not ranking.best and sweep.trials.height:
        return [f"No healthy, finished trial has a finite {objective.metric}: there is no best trial."]
    return []


def _contents(sweep: Sweep) -> list[str]:
    said = []
    if sweep.trials.height == 0:
        said.append("There is no trial.")
    elif sweep.trials.height < 20:
        said.append(
            f"{plural(sweep.trials.height, 'trial')} only: too few to tell causes from chance, so none are named."
        )
    if not sweep.roles.hyperparameters:
        said.append("No column was recognised as a hyperparameter: nothing can be blamed. Name some with --role.")
    pruned = int((sweep.trials[frames.STATUS] == "pruned").sum())
    if pruned and pruned == sweep.trials.height:
        said.append("Every trial was pruned: there is no finished result to judge.")
    return said


def _records(sweep: Sweep) -> list[str]:
    said = []
    if sweep.incomplete:
        said.append(
            f"{plural(len(sweep.incomplete), 'record')} without a line end: taken as still being written, "
            "shown but not ranked or judged. --complete accepts it."
        )
    lines = sweep.source.lines
    if lines is not None and lines.refused:
        said.append(f"{plural(lines.refused, 'line')} of the source could not be read as a trial; see the ledger.")
    return said
