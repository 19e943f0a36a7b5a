"""What the reader of an inspection has to know before believing it, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs

from hpi_core import frames
from hpi_core.inspection.ranking import Ranking
from hpi_core.numerals import plural
from hpi_core.roles.names import parse
from hpi_core.roles.single import ANOTHER_NAME
from hpi_core.sweep import Sweep
from hpi_core.text import safe

if TYPE_CHECKING:
    from hpi_core.inspection.model import Inspection

_SAMPLE = 4096
# Fewest trials of which two columns do not go together exactly by accident.
_LEAST_MIRRORED = 10
# Texts of at most so many letters on average may be meant as values of a setting, of more than so many different ones.
_SHORT, _MOST_WORDS = 40, 16
_IDS = frozenset(
    ["id", "ids", "uid", "uuid", "guid", "hash", "sha", "path", "url", "link", "commit", "version", "name"]
)
# How many columns a caveat that several share names.
NAMED = 4
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# Entries of the ledger about the objectives of several sources.
_OTHER_GOALS = ["other_objective", "matched_objective"]
# Why a column was read as no hyperparameter -> what is said of it.
_READ_AS = {
    "no value at all": "has no value in any trial: nothing can be said about it.",
    "dates": "holds dates: read as times, not searched for causes.",
    ANOTHER_NAME: "differs in every trial: read as a name of it, not searched for causes.",
}


def about_the_sweep(sweep: Sweep, ranking: Ranking, sick: pl.Series) -> list[str]:
    """Return what is unusual about the sweep itself: nothing to rank, nothing varied, records cut off, repairs.

    `sick` is Boolean, one per trial, null where no detector could judge it.
    """
    return [
        *_one_column(sweep), *_objective(sweep, ranking), *_sources(sweep), *_contents(sweep, sick),
        *_hyperparameters(sweep), *_records(sweep),
    ]  # fmt: skip


def beyond_issues(inspection: Inspection) -> list[str]:
    """Return the caveats that are about the sweep and its columns rather than about one issue."""
    issues = tuple(f"{issue.issue}: " for issue in inspection.issues)
    return [caveat for caveat in inspection.caveats if not caveat.startswith(issues)]


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


def _of_each(columns: Sequence[str]) -> str:
    return columns[0] if len(columns) == 1 else f"Each of {_listed(columns)}"


def _listed(columns: Sequence[str]) -> str:
    more = len(columns) - NAMED
    return f"{', '.join(columns[:NAMED])} and {more:,} more" if more > 0 else ", ".join(columns)


def _one_column(sweep: Sweep) -> list[str]:
    """Say where a table came out as one column that looks like several."""
    names = [name for name in sweep.trials.columns if name not in (frames.ROW, frames.STATUS)]
    held = [sign for sign in _SEPARATORS if len(names) == 1 and sign in names[0]]
    if not held:
        return []
    return [f"The table has one column only, whose name holds {_SEPARATORS[held[0]]}: name another --separator."]


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
    if (group := sweep.roles.group) is not None and len({entry.group for entry in ranking.best}) > 1:
        return [f"Results of different {safe(group)} do not compare: the best trials are ranked within each."]
    return []


def _sources(sweep: Sweep) -> list[str]:
    """Say which of several sources look for something else, or for what only seems to be the same."""
    told = sweep.ledger.filter(pl.col("kind").is_in(_OTHER_GOALS))["message"].to_list()
    more = len(told) - NAMED
    return [f"{message}." for message in told[:NAMED]] + (
        [f"Of the objectives of {more:,} more sources the ledger tells."] if more > 0 else []
    )


def _contents(sweep: Sweep, sick: pl.Series) -> list[str]:
    said = []
    if sweep.trials.height == 0:
        said.append("There is no trial.")
    elif sweep.trials.height < 20:
        said.append(
            f"{plural(sweep.trials.height, 'trial')} only: too few to tell causes from chance, so none are named."
        )
    if unfinished := nothing_finished(sweep):
        said.append(f"Every trial {unfinished}: there is no finished result to judge.")
    elif sick.any() is False and sick.count():
        said.append("No judged trial is sick: there is nothing to look for causes of.")
    return said


def nothing_finished(sweep: Sweep) -> str:
    """Return what all trials are where none of them ended by itself, well or badly; else an empty string."""
    found = set(sweep.trials[frames.STATUS].unique().to_list())
    words = {"pruned": "was pruned", "running": "is still running"}
    return " or ".join(words[status] for status in sorted(found)) if found and found <= set(words) else ""


def _hyperparameters(sweep: Sweep) -> list[str]:
    roles, said = sweep.roles, []
    if sweep.trials.is_empty():
        return []
    if not roles.hyperparameters and not roles.constants:
        said.append("No column was recognised as a hyperparameter: nothing can be blamed. Name some with --role.")
    elif not roles.hyperparameters:
        said.append(
            "No hyperparameter varies: nothing can be blamed. Where one was not recognised, name it with --role."
        )
    if roles.constants:
        said.append(f"{_of_each(roles.constants)} has one value throughout: nothing can be said about it.")
    return said + _not_a_number(sweep) + _set_aside(sweep)


def _set_aside(sweep: Sweep) -> list[str]:
    """Name the columns that could be meant as hyperparameters and were read as something else, and what hides in names.

    Spoken of are empty columns, columns of dates, other names of the trials, and numbers that count the trials.
    """
    roles, why = sweep.roles, sweep.roles.why or {}
    names = [column for column in sweep.trials.columns if column in why]
    said = []
    for reason, told in _READ_AS.items():
        columns = [safe(name) for name in names if why[name] == reason]
        if columns:
            said.append(f"{_of_each(columns)} {told}")
    notes = [
        safe(name) for name in roles.text
        if why.get(name) not in _READ_AS and not _IDS & set(parse(name).tokens) and _short_texts(sweep.trials[name])
    ]  # fmt: skip
    if notes:
        said.append(
            f"{_of_each(notes)} holds many different texts: read as notes, not searched for causes. "
            f"--role {notes[0]}=hyperparameter searches it."
        )
    said += [
        f"{safe(name)} goes up and down with {safe(other)} exactly: read as a metric, it measures nothing else."
        for name, other in _mirrored(sweep)
    ]
    counters = [safe(metric.name) for metric in roles.metrics if _counts(sweep.trials[metric.name])]
    if counters:
        said.append(f"{_of_each(counters)} only counts the trials: not searched for causes.")
    hidden = [safe(name) for name in names if safe(name, len(name) * 8) != name and name not in roles.ignored]
    if hidden:
        said.append(f"{_of_each(hidden)} has control characters in its name: they are shown as codes.")
    return said


def _short_texts(column: pl.Series) -> bool:
    """Tell whether a column holds many different texts that are short: values of a setting may be meant."""
    if column.dtype != pl.String:
        return False
    known = column.drop_nulls()
    letters = float(known.str.len_chars().sum())
    return known.n_unique() > max(_MOST_WORDS, len(known) / 20) and letters <= _SHORT * len(known)


def _mirrored(sweep: Sweep) -> list[tuple[str, str]]:
    """Return the metrics that are a monotone function of a hyperparameter, each with it."""
    rows = sweep.trials.head(_SAMPLE)
    objective = sweep.roles.objective
    scales = [_ordered(rows[item.name]) for item in sweep.roles.hyperparameters if item.kind == "ordered"]
    found = []
    for metric in sweep.roles.metrics:
        if rows.height < _LEAST_MIRRORED or (objective is not None and metric.name == objective.metric):
            continue
        own = _ordered(rows[metric.name])
        for scale in scales if own is not None else ():
            if scale is not None and own is not None and (own[1].equals(scale[1]) or own[1].equals(scale[2])):
                found.append((metric.name, scale[0]))
                break
    return found


def _ordered(column: pl.Series) -> tuple[str, pl.Series, pl.Series] | None:
    """Return the name of a column, the places of its values in ascending and in descending order; None for no scale."""
    if not column.dtype.is_numeric() or column.null_count() or column.n_unique() <= 2:
        return None
    up, down = column.rank("dense"), column.rank("dense", descending=True)
    return column.name, up, down


def _not_a_number(sweep: Sweep) -> list[str]:
    """Say of every hyperparameter how many of its values are NaN."""
    names = [parameter.name for parameter in sweep.roles.hyperparameters]
    odd = sweep.trials.select(names).select(cs.float().is_nan().sum())
    counts = odd.row(0, named=True) if odd.width and odd.height else {}
    return [
        f"{name} is NaN in {plural(count, 'trial')}: there it counts as not set."
        for name, count in counts.items()
        if count
    ]


def _counts(column: pl.Series) -> bool:
    """Return whether the numbers rise by the same step from every trial to the next."""
    if not column.dtype.is_integer() or len(column) < 3 or column.null_count():
        return False
    steps = column.cast(pl.Int64).diff().drop_nulls()
    return bool(steps[0] != 0 and steps.n_unique() == 1)


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
