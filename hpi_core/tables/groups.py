"""Several sweeps as the groups of one: each keeps its trials, its curves and what it looks for.

Columns that mean the same become one (`matched_columns`). Trials are ranked by one objective: the one that most of the
sweeps have, the first of several. Sweeps without it keep their own beside it; that they are not ranked is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from hpi_core.lines import LineCounts
from hpi_core.numerals import plural
from hpi_core.roles import Objective, RoleHints, Roles, infer_roles, normalise_status
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.matched_columns import matched
from hpi_core.tables.nested import unique
from hpi_core.tables.part import Part, agreed, moved_ledgers, stacked_curves
from hpi_core.text import safe

# What the column is called that names the source of each trial: the first of these that no source has.
SOURCES = ("source", "source_file", "sweep")


@dataclass(frozen=True)
class _Sweep:
    """One part with the roles of its columns."""

    part: Part
    roles: Roles

    def has(self, metric: str) -> bool:
        """Say whether any trial has a value of a metric."""
        frame = self.part.table.frame
        return metric in frame.columns and frame[metric].null_count() < frame.height


def groups_of_one(parts: Sequence[Part], names: Sequence[str] = SOURCES) -> Part:
    """Return the parts put together under one column, called as the first free one of `names`, of their labels."""
    parts = matched(parts)
    sweeps = [_Sweep(part, infer_roles(part.table.frame, part.table.hints)) for part in parts]
    taken = {name for part in parts for name in part.table.frame.columns}
    group = next((name for name in names if name not in taken), None) or unique(names[0], taken)
    ids = next((sweep.roles.id for sweep in sweeps if sweep.roles.id), None) or unique("trial", taken | {group})
    states = next((sweep.roles.status for sweep in sweeps if sweep.roles.status), None)
    objective = _objective(sweeps)
    entries = _not_ranked(sweeps, objective)
    if states is None and entries:  # how trials ended is told by their own objectives
        states = unique("status", taken | {group, ids})
    framed = [_framed(sweep, group, ids, states) for sweep in sweeps]
    frame = pl.concat(agreed(framed, entries), how="diagonal_relaxed")
    if frame[ids].n_unique() < frame.height:
        frame = frame.with_columns(pl.concat_str(group, ids, separator="/").alias(ids))
    frame = frame.select(group, ids, pl.all().exclude(group, ids))
    lines = [part.table.lines for part in parts if part.table.lines is not None]
    offsets = _offsets(parts)
    told = {part.table.experiment for part in parts}
    table = replace(
        parts[0].table,
        frame=frame,
        ledger=ledger_frame(entries, [moved_ledgers(parts, offsets)]),
        lines=sum(lines, LineCounts()) if lines else None,
        incomplete=frozenset(
            row + offset for part, offset in zip(parts, offsets, strict=True) for row in part.table.incomplete
        ),
        hints=replace(_hints(parts, sweeps), id=ids, status=states, group=group, objective=objective, grouped=True),
        curves=stacked_curves(parts, offsets),
        experiment=told.pop() if len(told) == 1 else "",
    )
    return Part(" + ".join(part.label for part in parts), parts[0].kind, table)


def differ_in_objective(parts: Sequence[Part]) -> bool:
    """Say whether tables look for different things, as far as the names of their columns can tell."""
    found = [infer_roles(part.table.frame, part.table.hints).objective for part in matched(parts)]
    return len({(goal.metric, goal.direction) for goal in found if goal is not None}) > 1


def _objective(sweeps: Sequence[_Sweep]) -> Objective | None:
    """Return the objective that most sweeps have, of several the first."""
    goals = [goal for sweep in sweeps if (goal := sweep.roles.objective) is not None]
    most = max(goals, key=lambda goal: sum(sweep.has(goal.metric) for sweep in sweeps), default=None)
    return next((goal for goal in goals if most and goal.metric == most.metric and goal.direction), most)


def _not_ranked(sweeps: Sequence[_Sweep], objective: Objective | None) -> list[Entry]:
    """Say which sweeps have no value of the objective, and what they look for instead."""
    better = {"min": ", lower is better", "max": ", higher is better", None: ""}
    entries = []
    for sweep in sweeps:
        goal, rows = sweep.roles.objective, sweep.part.table.frame.height
        if objective is None or sweep.has(objective.metric) or not rows:
            continue
        own = "" if goal is None else (
            f"; their own objective is {safe(goal.metric, 80)}{better[goal.direction]} (--objective ranks by it)"
        )  # fmt: skip
        message = (
            f"{plural(rows, 'trial')} of {safe(sweep.part.label)} are not ranked by {safe(objective.metric, 80)}, "
            f"which they do not have{own}"
        )
        entries.append(Entry("other_objective", message, column=None if goal is None else goal.metric, count=rows))
    return entries


def _framed(sweep: _Sweep, group: str, ids: str, states: str | None) -> pl.DataFrame:
    """Return a part's trials with its name, an id of every trial, and how each ended if any part says so."""
    frame, roles, label = sweep.part.table.frame, sweep.roles, sweep.part.label
    columns = [pl.lit(label, pl.String).alias(group)]
    if roles.id is None:
        columns.append(pl.int_range(pl.len()).cast(pl.String).alias(ids))
    else:
        columns.append(pl.col(roles.id).cast(pl.String).alias(ids))
    if states is not None and roles.status is None:
        ended = normalise_status(frame, roles, sweep.part.table.incomplete)
        columns.append(pl.lit(ended).alias(states))
    elif states is not None:
        columns.append(pl.col(roles.status or states).cast(pl.String).alias(states))
    return frame.with_columns(columns)


def _hints(parts: Sequence[Part], sweeps: Sequence[_Sweep]) -> RoleHints:
    """Return what any of the sources says of its columns; settings that differ only between sources are settings."""
    hints = [part.table.hints for part in parts]
    varied = dict.fromkeys(p.name for sweep in sweeps for p in sweep.roles.hyperparameters)
    constant = dict.fromkeys(name for sweep in sweeps for name in sweep.roles.constants)
    metrics = dict.fromkeys(m.name for sweep in sweeps for m in sweep.roles.metrics)
    reported = dict.fromkeys(name for hint in hints for name in hint.reported)
    told = {name: word for hint in reversed(hints) for name, word in hint.others if word != "constant"}
    return RoleHints(
        hyperparameters=tuple(
            name for name in [*varied, *constant] if name not in metrics and (name in varied or name not in reported)
        ),
        metrics=tuple(metrics),
        directions=tuple(dict(pair for hint in reversed(hints) for pair in hint.directions).items()),
        ranges=tuple({known.name: known for hint in reversed(hints) for known in hint.ranges}.values()),
        others=tuple((name, word) for name, word in told.items() if word not in ("id", "status", "group")),
        reported=tuple(name for name in reported if name not in varied),
    )


def _offsets(parts: Sequence[Part]) -> list[int]:
    offsets = [0]
    for part in parts:
        offsets.append(offsets[-1] + part.table.frame.height)
    return offsets[:-1]
