"""Several sweeps as the groups of one: each keeps its trials, and columns that mean the same become one column.

Which columns mean the same is told by their roles: ids, states and seeds by being that; settings by their names without
prefixes (`params_lr`, `config.lr` and `learning_rate` are one); metrics by split and quantity (`val_loss` and
`validation/loss`); an objective without a name of its own (`value`) by being the objective, if it is good the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from hpi_core.lines import LineCounts
from hpi_core.roles import RoleHints, Roles, infer_roles, normalise_status
from hpi_core.roles.names import parse
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.nested import unique
from hpi_core.tables.part import Part, agreed, moved_ledgers, stacked_curves
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
_Key = tuple[str, ...]


@dataclass(frozen=True)
class _Sweep:
    """One part with the roles of its columns."""

    part: Part
    roles: Roles


def groups_of_one(parts: Sequence[Part]) -> Part:
    """Return the parts put together under one column that names the source of each trial."""
    parts = matched(parts)
    sweeps = [_Sweep(part, infer_roles(part.table.frame, part.table.hints)) for part in parts]
    taken = {name for part in parts for name in part.table.frame.columns}
    group = unique("source", taken)
    ids = next((sweep.roles.id for sweep in sweeps if sweep.roles.id), None) or unique("trial", taken | {group})
    states = next((sweep.roles.status for sweep in sweeps if sweep.roles.status), None)
    entries: list[Entry] = []
    framed = [_framed(sweep, group, ids, states) for sweep in sweeps]
    frame = pl.concat(agreed(framed, entries), how="diagonal_relaxed")
    if frame[ids].n_unique() < frame.height:
        frame = frame.with_columns(pl.concat_str(group, ids, separator="/").alias(ids))
    frame = frame.select(group, ids, pl.all().exclude(group, ids))
    lines = [part.table.lines for part in parts if part.table.lines is not None]
    offsets = _offsets(parts)
    table = replace(
        parts[0].table,
        frame=frame,
        ledger=ledger_frame(entries, [moved_ledgers(parts, offsets)]),
        lines=sum(lines, LineCounts()) if lines else None,
        incomplete=frozenset(
            row + offset for part, offset in zip(parts, offsets, strict=True) for row in part.table.incomplete
        ),
        hints=replace(_hints(parts, sweeps), id=ids, status=states, group=group),
        curves=stacked_curves(parts, offsets),
    )
    return Part(" + ".join(part.label for part in parts), parts[0].kind, table)


def matched(parts: Sequence[Part]) -> list[Part]:
    """Return the parts with columns that mean the same under the name that the first of them gives it."""
    chosen: dict[_Key, str] = {}
    objective: tuple[str, str | None] | None = None
    out: list[Part] = []
    for part in parts:
        roles = infer_roles(part.table.frame, part.table.hints)
        keys = _keys(part.table.frame.columns, roles)
        renames: dict[str, str] = {}
        taken = set(part.table.frame.columns)
        for name, key in keys.items():
            wanted = chosen.setdefault(key, name)
            if wanted != name and wanted not in taken:
                renames[name] = wanted
                taken.add(wanted)
        own = roles.objective
        if own is not None and objective is None:
            objective = (own.metric, own.direction)
        elif own is not None and objective is not None and parse(own.metric).key in _NAMELESS:
            name, direction = objective
            if own.metric not in renames and own.direction in (None, direction) and name not in taken:
                renames[own.metric] = name
        out.append(_renamed(part, renames))
    return out


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
            told = read.metric
            keys[name] = ("metric", read.key) if told is None else (
                "metric", told.split or "", told.stem or told.quantity, str(told.variant)
            )  # fmt: skip
        elif name in settings:
            keys[name] = ("setting", _SAME.get(read.key, read.key))
        else:
            keys[name] = ("other", read.key)
    counts = Counter(keys.values())
    return {name: key for name, key in keys.items() if counts[key] == 1}


def _renamed(part: Part, renames: Mapping[str, str]) -> Part:
    if not renames:
        return part
    table = part.table
    notes = [
        Entry("matched_column", f"{safe(was, 80)} is the column {safe(became, 80)} of another source", column=became,
              was=was, became=became)
        for was, became in renames.items()
    ]  # fmt: skip
    curves = table.curves
    if curves is not None:
        curves = curves.with_columns(pl.col("metric").replace(dict(renames))).sort("_row", "metric", "step")
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
    return RoleHints(
        id=hints.id and new(hints.id),
        status=hints.status and new(hints.status),
        hyperparameters=tuple(map(new, hints.hyperparameters)),
        metrics=tuple(map(new, hints.metrics)),
        group=hints.group and new(hints.group),
        objective=None if objective is None else replace(objective, metric=new(objective.metric)),
        directions=tuple((new(name), direction) for name, direction in hints.directions),
        ranges=tuple(replace(known, name=new(known.name)) for known in hints.ranges),
        others=tuple((new(name), word) for name, word in hints.others),
    )


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
    told = {name: word for hint in reversed(hints) for name, word in hint.others if word != "constant"}
    return RoleHints(
        hyperparameters=tuple(name for name in [*varied, *constant] if name not in metrics),
        metrics=tuple(metrics),
        objective=next((sweep.roles.objective for sweep in sweeps if sweep.roles.objective is not None), None),
        directions=tuple(dict(pair for hint in reversed(hints) for pair in hint.directions).items()),
        ranges=tuple({known.name: known for hint in reversed(hints) for known in hint.ranges}.values()),
        others=tuple((name, word) for name, word in told.items() if word not in ("id", "status", "group")),
    )


def _offsets(parts: Sequence[Part]) -> list[int]:
    offsets = [0]
    for part in parts:
        offsets.append(offsets[-1] + part.table.frame.height)
    return offsets[:-1]
