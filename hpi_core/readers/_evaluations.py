"""What an optimiser keeps: configurations, and evaluations of them at a budget, made one table of trials.

A trial is one configuration. Its results are those at the highest budget it reached, averaged over the seeds and
instances it was tried with there, as the optimisers themselves rank it; where configurations reached several budgets,
the results over the budgets are the curves.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from hpi_core.errors import SourceError
from hpi_core.roles import Direction, Objective, SearchRange
from hpi_core.tables.ledger import Entry
from hpi_core.tables.run_files import bounded, json_value
from hpi_core.tables.run_table import POINTS, Run, table_of_runs
from hpi_core.tables.table import Table

LARGEST = 512 << 20
SUCCESS = "SUCCESS"
_ROLES = {"budget": "resource", "evaluations": "resource", "origin": "text"}


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a configuration.

    Times are seconds since 1970, `runtime` is in seconds; `status` is the optimiser's own word, `SUCCESS` where it went
    well. `results` holds the objectives and what else was reported, numbers by name.
    """

    config: str
    budget: float | None = None
    status: str | None = SUCCESS
    results: Mapping[str, float] = field(default_factory=dict)
    start: float | None = None
    end: float | None = None
    runtime: float | None = None
    error: str | None = None


@dataclass
class Evaluations:
    """All that an optimiser kept: the values of every configuration, by its id, and the evaluations in their order.

    `origins` says where a configuration came from (a random draw, the model), `clock` whether times are moments
    (seconds since 1970) or counted from the start of the optimisation.
    """

    configs: dict[str, Mapping[str, object]]
    done: list[Evaluation]
    objectives: Sequence[tuple[str, Direction | None]]
    origins: Mapping[str, str] = field(default_factory=dict)
    ranges: Sequence[SearchRange] = ()
    clock: bool = True


def table_of_evaluations(found: Evaluations, entries: list[Entry]) -> Table:
    """Return one row per configuration, in the order of their ids as given; `entries` go into the ledger."""
    of_config: dict[str, list[Evaluation]] = defaultdict(list)
    for evaluation in found.done:
        of_config[evaluation.config].append(evaluation)
    unknown = of_config.keys() - found.configs.keys()
    if unknown:
        count = len(unknown)
        entries.append(Entry("missing_config", f"{count:,} evaluated configurations are not described", count=count))
    climbed = any(len({one.budget for one in mine}) > 1 for mine in of_config.values())
    steps = _steps(found.done, entries) if climbed else {}
    ids = [*found.configs, *(name for name in of_config if name in unknown)]
    runs = [_run(name, found, of_config[name], steps) for name in ids]
    idle = sum(not of_config[name] for name in ids)
    if idle:
        entries.append(Entry("not_evaluated", f"{idle:,} configurations were drawn but not evaluated", count=idle))
    table = table_of_runs(runs, "config_id", entries)
    present = set(table.frame.columns)
    objectives = [(name, direction) for name, direction in found.objectives if name in present]
    searched = {search.name: search for search in found.ranges if search.name in table.hints.hyperparameters}
    hints = replace(
        table.hints,
        metrics=tuple(dict.fromkeys([name for name, _ in objectives] + list(table.hints.metrics))),
        objective=Objective(*objectives[0], "source") if objectives else None,
        directions=tuple((name, direction) for name, direction in objectives if direction is not None),
        ranges=tuple(searched.values()),
        others=(*table.hints.others, *((name, role) for name, role in _ROLES.items() if name in present)),
    )
    return replace(table, hints=hints)


def _steps(done: Sequence[Evaluation], entries: list[Entry]) -> dict[float, int]:
    """Return the step of every budget; budgets that are no whole numbers are numbered."""
    budgets = sorted({one.budget for one in done if one.budget is not None and math.isfinite(one.budget)})
    told = ", ".join(f"{budget:g}" for budget in budgets[:6]) + (", …" if len(budgets) > 6 else "")
    if all(budget.is_integer() for budget in budgets):
        entries.append(Entry("reshaped", f"the budgets ({told}) are the steps of the curves"))
        return {budget: int(budget) for budget in budgets}
    entries.append(Entry("reshaped", f"the budgets ({told}) are the steps 1 to {len(budgets)} of the curves"))
    return {budget: number for number, budget in enumerate(budgets, 1)}


def _run(name: str, found: Evaluations, mine: Sequence[Evaluation], steps: Mapping[float, int]) -> Run:
    run = Run(name, settings=found.configs.get(name, {}))
    highest = max((one.budget for one in mine if one.budget is not None), default=None)
    last = [one for one in mine if one.budget == highest]
    starts = [one.start for one in mine if one.start is not None]
    ends = [one.end for one in mine if one.end is not None]
    runtimes = [one.runtime for one in mine if one.runtime is not None]
    bad = [one.status for one in last if one.status != SUCCESS]
    run.about = {
        "status": bad[0] if bad else (SUCCESS if last else None),
        "budget": highest,
        "evaluations": len(mine) if len(mine) > 1 else None,
        "start_time": min(starts, default=None) if found.clock else None,
        "end_time": max(ends, default=None) if found.clock else None,
        "runtime": sum(runtimes) if runtimes else None,
        "error": next((one.error for one in last if one.error), None),
        "origin": found.origins.get(name),
    }
    run.results = _means(last)
    if steps:
        by_budget: dict[float, list[Evaluation]] = defaultdict(list)
        for one in mine:
            if one.budget is not None and one.budget in steps:
                by_budget[one.budget].append(one)
        points = [
            (metric, steps[budget], value)
            for budget in sorted(by_budget)
            for metric, value in _means(by_budget[budget]).items()
        ]
        run.points = pl.DataFrame(points, schema=POINTS, orient="row") if points else None
    return run


def _means(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    values: dict[str, list[float]] = defaultdict(list)
    for one in evaluations:
        for name, value in one.results.items():
            values[name].append(value)
    return {name: sum(found) / len(found) for name, found in values.items()}


def numbers_of(told: object, prefix: str = "") -> dict[str, float]:
    """Return the numbers in what a target function reported, inner ones under `outer/inner`."""
    if isinstance(told, Mapping):
        return {n: v for key, value in told.items() for n, v in numbers_of(value, f"{prefix}{key}/").items()}
    value = number(told)
    return {} if value is None or not prefix else {prefix[:-1]: value}


def number(value: object) -> float | None:
    """Return a number as a float; None for everything else, truth values too."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def search_space(folder: Path, root: Path, entries: list[Entry]) -> list[SearchRange]:
    """Return where each hyperparameter was searched, as `configspace.json` in the folder says."""
    path = folder / "configspace.json"
    if not path.exists():
        return []
    try:
        document = json_value(bounded(path, root, LARGEST), path.name)
    except SourceError as error:
        entries.append(Entry("refused_file", error.message))
        return []
    told = document.get("hyperparameters") if isinstance(document, dict) else None
    ranges = []
    for one in told if isinstance(told, list) else []:
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            low, high = number(one.get("lower")), number(one.get("upper"))
            scale = "log" if one.get("log") is True else "linear"
            if low is not None and high is not None:
                ranges.append(SearchRange(one["name"], "log" if scale == "log" else "linear", low, high))
    return ranges
