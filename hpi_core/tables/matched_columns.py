"""Columns of several sweeps that mean the same get one name, and such as do not are kept apart.

Which mean the same is told by their roles: ids, states and seeds by being that; settings by their names without
prefixes (`params_lr`, `config.lr` and `learning_rate` are one); metrics by split and quantity (`val_loss` and
`validation/loss`). An objective without a name of its own (`value`) is that of another sweep if both are good the same
way and most settings are the same: then it is the same search. What is good the other way round is never the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from hpi_core.roles import RoleHints, Roles, infer_roles
from hpi_core.roles.model import Direction
from hpi_core.roles.names import parse
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.nested import unique
from hpi_core.tables.part import Part
from hpi_core.text import safe

_SAME = {
    "learning_rate": "lr", "learningrate": "lr", "batchsize": "batch_size", "bs": "batch_size", "wd": "weight_decay",
    "num_epochs": "epochs", "n_epochs": "epochs", "max_epochs": "epochs", "random_seed": "seed", "optim": "optimizer",
    "optimiser": "optimizer", "opt": "optimizer", "num_layers": "n_layers", "dropout_rate": "dropout",
}  # fmt: skip
_NAMELESS = frozenset({"value", "values", "values_0", "objective", "values_0_"})
_TIMES = {
    **dict.fromkeys(("start", "started", "begin", "created", "submit"), "start"),
    **dict.fromkeys(("end", "ended", "finish", "finished", "complete", "completed"), "end"),
    **dict.fromkeys(("heartbeat", "updated", "modified", "timestamp"), "heartbeat"),
}
# The share of the settings of the sweep with fewer of them that makes two sweeps the same search, and the fewest: a
# learning rate alone is in every search.
_ALIKE, _FEWEST_SHARED = 0.5, 2
_Key = tuple[str, ...]


@dataclass(frozen=True)
class _Goal:
    """What one sweep looks for: the part, its column, which way it is good, and the meanings of the settings tried."""

    at: int
    metric: str
    direction: Direction | None
    settings: frozenset[str]

    @property
    def nameless(self) -> bool:
        return parse(self.metric).key in _NAMELESS

    def may_be(self, other: _Goal) -> bool:
        """Say whether two sweeps look for the same thing, as far as ways and settings tell."""
        if None not in (self.direction, other.direction) and self.direction != other.direction:
            return False
        shared, fewer = len(self.settings & other.settings), min(len(self.settings), len(other.settings))
        return self.settings == other.settings or shared >= max(_FEWEST_SHARED, _ALIKE * fewer)


@dataclass(frozen=True)
class _Taken:
    """What the names of the columns stand for so far."""

    columns: dict[_Key, str]
    curves: dict[_Key, str]
    directions: dict[str, Direction]
    names: set[str]


def matched(parts: Sequence[Part]) -> list[Part]:
    """Return the parts with columns that mean the same under the name that the first of them gives it.

    Columns of one name that do not mean the same get one of their own each, with the label of their part before it.
    """
    read = [infer_roles(part.table.frame, part.table.hints) for part in parts]
    goals = [
        _Goal(at, o.metric, o.direction, _settings(roles)) for at, roles in enumerate(read) if (o := roles.objective)
    ]
    taken = _Taken({}, {}, {}, set())
    out: list[Part] = []
    became: dict[int, str] = {}
    for at, (part, roles) in enumerate(zip(parts, read, strict=True)):
        renames, entries = _same_meaning(part, roles, taken)
        goal = next((goal for goal in goals if goal.at == at), None)
        if goal is not None and goal.nameless:
            target = _same_goal(goal, goals)
            name = goal.metric if target is None else became.get(target.at) or _named(target, taken)
            if target is not None and name != goal.metric and name not in part.table.frame.columns:
                renames[goal.metric] = name
                entries.append(_one_goal(part, parts[target.at], goal, name))
            elif target is None and goal.metric in taken.names:
                renames[goal.metric] = unique(f"{part.label}/{goal.metric}", taken.names)
                entries.append(_two_goals(part, goal, renames[goal.metric]))
        _apart_by_direction(part, roles, renames, entries, taken)
        if goal is not None:
            became[at] = renames.get(goal.metric, goal.metric)
        renamed = _renamed(part, renames, _same_curves(part, renames, taken), entries)
        taken.names.update(renamed.table.frame.columns)
        out.append(renamed)
    return out


def _settings(roles: Roles) -> frozenset[str]:
    """Return the meanings of what was set, varied or not."""
    metrics = {metric.name for metric in roles.metrics}
    names = [parameter.name for parameter in roles.hyperparameters] + [n for n in roles.constants if n not in metrics]
    return frozenset(_SAME.get(parse(name).key, parse(name).key) for name in names)


def _same_goal(goal: _Goal, goals: Sequence[_Goal]) -> _Goal | None:
    """Return the goal that one without a name stands for: the first with a name, else an earlier one without."""
    like = [other for other in goals if other is not goal and goal.may_be(other)]
    named = [other for other in like if not other.nameless]
    return next(iter(named or [other for other in like if other.at < goal.at]), None)


def _named(goal: _Goal, taken: _Taken) -> str:
    """Return what the objective of a part that comes later will be called."""
    return taken.columns.setdefault(_measured(goal.metric), goal.metric)


def _same_meaning(part: Part, roles: Roles, taken: _Taken) -> tuple[dict[str, str], list[Entry]]:
    """Return the new names of columns that mean what one of an earlier part means, and what is told of them."""
    renames: dict[str, str] = {}
    own = set(part.table.frame.columns)
    for name, key in _keys(part.table.frame.columns, roles).items():
        wanted = taken.columns.setdefault(key, name)
        if wanted != name and wanted not in own:
            renames[name] = wanted
            own.add(wanted)
    entries = [
        Entry("matched_column", f"{safe(was, 80)} is the column {safe(new, 80)} of another source", column=new,
              was=was, became=new)
        for was, new in renames.items()
    ]  # fmt: skip
    return renames, entries


def _apart_by_direction(part: Part, roles: Roles, renames: dict[str, str], entries: list[Entry], taken: _Taken) -> None:
    """Give metrics that are good the other way round than those of their name a name of their own."""
    for metric in roles.metrics:
        if metric.direction is None:
            continue
        name = renames.get(metric.name, metric.name)
        if taken.directions.setdefault(name, metric.direction) == metric.direction:
            continue
        new = f"{part.label}/{metric.name}"
        if new not in taken.names or taken.directions.get(new) != metric.direction:
            new = unique(new, taken.names)
        taken.directions[new] = metric.direction
        renames[metric.name] = new
        better = {"min": "lower", "max": "higher"}
        entries[:] = [entry for entry in entries if entry.was != metric.name]
        message = (
            f"{safe(metric.name, 80)} is better when {better[metric.direction]}, that of another source when "
            f"{better['max' if metric.direction == 'min' else 'min']}: it became the column {safe(new, 80)}"
        )
        entries.append(Entry("told_apart", message, column=new, was=metric.name, became=new))


def _one_goal(part: Part, other: Part, goal: _Goal, name: str) -> Entry:
    message = (
        f"{safe(goal.metric, 80)}, which {safe(part.label)} looks for, is taken for the {safe(name, 80)} of "
        f"{safe(other.label)}: both are good the same way, and most settings are the same"
    )
    return Entry("matched_objective", message, column=name, was=goal.metric, became=name)


def _two_goals(part: Part, goal: _Goal, name: str) -> Entry:
    message = (
        f"{safe(goal.metric, 80)}, which {safe(part.label)} looks for, is not that of another source, whose settings "
        f"or direction differ: it became the column {safe(name, 80)}"
    )
    return Entry("told_apart", message, column=name, was=goal.metric, became=name)


def _keys(columns: Sequence[str], roles: Roles) -> dict[str, _Key]:
    """Return what each column means; a meaning that two columns share is none."""
    settings = {parameter.name for parameter in roles.hyperparameters} | {*roles.constants, *roles.environment}
    single = {roles.id: "id", roles.status: "status", roles.seed: "seed"}
    metrics = {metric.name for metric in roles.metrics}
    keys: dict[str, _Key] = {}
    for name in columns:
        read = parse(name)
        if name in single:
            keys[name] = (single[name],)
        elif name in roles.time:
            keys[name] = ("time", next((_TIMES[word] for word in read.tokens if word in _TIMES), read.key))
        elif name in metrics:
            keys[name] = _measured(name)
        elif name in settings:
            keys[name] = ("setting", _SAME.get(read.key, read.key))
        else:
            keys[name] = ("other", read.key)
    return _distinct(keys)


def _measured(name: str) -> _Key:
    told = parse(name).metric
    if told is None:
        return ("metric", parse(name).key)
    return ("metric", told.split or "", told.stem or told.quantity, str(told.variant))


def _distinct(keys: Mapping[str, _Key]) -> dict[str, _Key]:
    counts = Counter(keys.values())
    return {name: key for name, key in keys.items() if counts[key] == 1}


def _same_curves(part: Part, renames: Mapping[str, str], taken: _Taken) -> dict[str, str]:
    """Return the new names of curves: those of their columns, else those of earlier curves that mean the same."""
    curves = part.table.curves
    if curves is None:
        return {}
    names = curves["metric"].unique().sort().to_list()
    new = {name: renames[name] for name in names if name in renames}
    own = {new.get(name, name) for name in names}
    for name, key in _distinct({name: _measured(name) for name in names}).items():
        wanted = taken.curves.setdefault(key, new.get(name, name))
        if name not in new and wanted not in own and name not in part.table.frame.columns:
            new[name] = wanted
            own.add(wanted)
    return new


def _renamed(part: Part, renames: Mapping[str, str], curve_names: Mapping[str, str], entries: Iterable[Entry]) -> Part:
    notes = list(entries) + [
        Entry("matched_column", f"the curves of {safe(was, 80)} are {safe(new, 80)} of another source", column=new,
              was=was, became=new)
        for was, new in curve_names.items() if was not in renames
    ]  # fmt: skip
    table = part.table
    curves = table.curves
    if curves is not None and curve_names:
        curves = curves.with_columns(pl.col("metric").replace(dict(curve_names))).sort("_row", "metric", "step")
    if not renames and not curve_names:
        return part
    ledger = table.ledger.with_columns(pl.col("column").replace(dict(renames)))
    return replace(
        part,
        table=replace(
            table,
            frame=table.frame.rename(dict(renames)),
            ledger=ledger_frame(notes, [ledger]),
            hints=_renamed_hints(table.hints, renames),
            curves=curves,
        ),
    )


def _renamed_hints(hints: RoleHints, renames: Mapping[str, str]) -> RoleHints:
    def new(name: str) -> str:
        return renames.get(name, name)

    objective = hints.objective
    return replace(
        hints,
        id=hints.id and new(hints.id),
        status=hints.status and new(hints.status),
        hyperparameters=tuple(map(new, hints.hyperparameters)),
        metrics=tuple(map(new, hints.metrics)),
        group=hints.group and new(hints.group),
        objective=None if objective is None else replace(objective, metric=new(objective.metric)),
        directions=tuple((new(name), direction) for name, direction in hints.directions),
        ranges=tuple(replace(known, name=new(known.name)) for known in hints.ranges),
        others=tuple((new(name), word) for name, word in hints.others),
        reported=tuple(map(new, hints.reported)),
    )
