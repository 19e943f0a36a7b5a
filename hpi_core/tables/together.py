"""Several tables put together: one row per file, one table per file, one log per file, or trials and their curves.

The file each trial came from stands in the column `file` (`source_file` where that name is taken).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from hpi_core import frames
from hpi_core.errors import SourceError
from hpi_core.lines import LineCounts
from hpi_core.tables.groups import SOURCES, differ_in_objective, groups_of_one
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.matched_columns import matched
from hpi_core.tables.nested import unique
from hpi_core.tables.part import Part, agreed, moved_ledgers, stacked_curves
from hpi_core.tables.shape import reshape
from hpi_core.tables.table import Table
from hpi_core.tables.trial_steps import is_id_name
from hpi_core.text import safe

_ALIKE = 0.5
_FILES = ("file", "source_file")
# So many files are asked for their objectives; more of them are the runs of one sweep.
_FEW = 16


def join(parts: Sequence[Part], name: str, *, strict: bool) -> Table:
    """Put the tables of several files together, and tell the shape of the whole.

    `strict` is set where nobody named the single files: then tables that have little in common are refused, else the
    smaller group of them is left out, with an entry in the ledger, unless it has the same columns under other names.
    Stores are sweeps of their own, and so are tables that curves were found for and tables of which each has another
    objective: they, and files named beside them, become groups of one sweep.

    Raises:
        SourceError: `strict`, and the tables have little in common.
    """
    parts = [replace(part, table=part.table.loaded()) for part in parts]
    if any(part.store or part.whole for part in parts):
        shaped = [replace(part, table=reshape(part.table)) for part in parts]
        return groups_of_one(shaped, SOURCES if any(part.store for part in parts) else _FILES).table
    taken_together = _trials_with_curves(parts)
    if taken_together is not None:
        return taken_together
    alike, others = _alike(parts)
    if others and not strict:
        alike, others = _alike(matched(parts))
    if others and strict:
        shown = ", ".join(sorted(part.label for part in parts)[:6])
        raise SourceError(
            f"{name} holds tables of different shapes: {shown}.", "Name the one file, or a pattern, to open."
        )
    if not strict and not others and (sweeps := _of_several_objectives(alike)):
        return groups_of_one(sweeps, _FILES).table
    each_one = all(part.table.frame.height == 1 for part in alike)
    shaped = [replace(part, table=_shaped_alone(part.table, each_one)) for part in alike]
    if len(shaped) == 1:
        table = reshape(shaped[0].table)
    else:
        table = _stacked(shaped, each_one)
    message = "{}: its columns have little in common with the other files' and were left out"
    entries = [Entry("refused_file", message.format(safe(p.label)), count=max(p.table.frame.height, 1)) for p in others]
    lines = [part.table.lines for part in others if part.table.lines is not None]
    total = sum((LineCounts(refused=count.total) for count in lines), table.lines or LineCounts())
    return replace(table, ledger=ledger_frame(entries, [table.ledger]), lines=total if lines or table.lines else None)


def _of_several_objectives(parts: Sequence[Part]) -> list[Part]:
    """Return the tables as trials where each is a sweep by itself and they differ in their objectives; else none."""
    if not 1 < len(parts) <= _FEW or len({tuple(sorted(part.table.frame.columns)) for part in parts}) == 1:
        return []
    shaped = [replace(part, table=reshape(part.table)) for part in parts]
    sweeps = all(part.table.frame.height > 1 for part in shaped)
    return shaped if sweeps and differ_in_objective(shaped) else []


def _shaped_alone(table: Table, each_one: bool) -> Table:
    """Tell the shapes that a single file shows by itself; a trial x step log may need its neighbours to be told."""
    from hpi_core.tables.chart_export import runs_as_columns
    from hpi_core.tables.wide_steps import steps_as_columns

    if each_one or table.shaped or table.curves is not None:
        return table
    return runs_as_columns(table) or steps_as_columns(table) or table


def _stacked(parts: Sequence[Part], each_one: bool) -> Table:
    entries: list[Entry] = []
    group = unique("file", {name for part in parts for name in part.table.frame.columns})
    group = "source_file" if group != "file" and group == "file_2" else group
    framed = [part.table.frame.with_columns(pl.lit(part.label, pl.String).alias(group)) for part in parts]
    framed = agreed(framed, entries)
    frame = pl.concat(framed, how="diagonal_relaxed")
    frame = frame.select(group, pl.all().exclude(group))
    offsets = [0]
    for part in parts:
        offsets.append(offsets[-1] + part.table.frame.height)
    ledger = moved_ledgers(parts, offsets[:-1])
    lines = [part.table.lines for part in parts if part.table.lines is not None]
    hints = parts[0].table.hints
    table = Table(
        frame,
        ledger_frame(entries, [ledger]),
        sum(lines, LineCounts()) if lines else None,
        frozenset(row + offset for part, offset in zip(parts, offsets, strict=False) for row in part.table.incomplete),
        hints,
        stacked_curves(parts, offsets[:-1]),
        shaped=all(part.table.shaped for part in parts),
    )
    if each_one:
        return replace(table, hints=replace(hints, id=_own_id(frame, group, hints.id)))
    shaped = reshape(table, group)
    if shaped is not table:
        one_each = shaped.frame.height == shaped.frame[group].n_unique()
        own = shaped.hints.id or (group if one_each else None)
        return replace(shaped, hints=replace(shaped.hints, id=own, group=None if own == group else group))
    own = hints.id if hints.id and frame[hints.id].n_unique() == frame.height else None
    return replace(table, hints=replace(hints, id=own, group=group))


def _own_id(frame: pl.DataFrame, group: str, hinted: str | None) -> str:
    """Return the column whose values name the trials: the files' own id where each has a different one."""
    candidates = [hinted] if hinted else [n for n in frame.columns if n != group and is_id_name(n)]
    for name in candidates:
        if frame[name].null_count() == 0 and frame[name].n_unique() == frame.height:
            return name
    return group


def _alike(parts: Sequence[Part]) -> tuple[list[Part], list[Part]]:
    """Split the parts into the largest group that shares columns, and the others. Order is kept."""
    groups: list[tuple[set[str], list[int]]] = []
    for index, part in enumerate(parts):
        names = set(part.table.frame.columns)
        for known, members in groups:
            if len(known & names) >= _ALIKE * min(len(known), len(names)):
                members.append(index)
                known |= names
                break
        else:
            groups.append((names, [index]))
    best = max(groups, key=lambda g: (len(g[1]), sum(parts[i].table.frame.height for i in g[1])))[1]
    chosen = set(best)
    return [parts[i] for i in best], [part for i, part in enumerate(parts) if i not in chosen]


def _trials_with_curves(parts: Sequence[Part]) -> Table | None:
    """Put one file of curves to one file of trials where the curves' trial ids are those of the trials."""
    if len(parts) != 2:
        return None
    shaped = [part.table if part.table.curves is not None else reshape(part.table) for part in parts]
    with_curves = [t.curves is not None for t in shaped]
    if sum(with_curves) != 1:
        return None
    at = with_curves.index(True)
    measured, trials = shaped[at], shaped[1 - at]
    key = measured.hints.id
    if key is None or key not in trials.frame.columns or measured.curves is None:
        return None
    own = trials.frame[key].cast(pl.String)
    if own.n_unique() != own.len() or own.null_count():
        return None
    place = pl.DataFrame({"key": own}).with_row_index("place")
    ids = measured.frame.select(pl.col(key).cast(pl.String).alias("key")).with_row_index("_row")
    mapped = ids.join(place, on="key", how="left", maintain_order="left")
    unknown = mapped["place"].null_count()
    if unknown > mapped.height / 2:
        return None
    moved = measured.curves.join(mapped.select("_row", "place"), on="_row", how="inner").drop_nulls("place")
    curves = moved.select(pl.col("place").alias("_row"), "metric", "step", "value").cast(frames.CURVES)
    known = mapped.drop_nulls("place")
    notes = [
        Entry(
            "reshaped",
            f"{safe(parts[at].label)} holds the curves of {known.height:,} of the {own.len():,} trials in "
            f"{safe(parts[1 - at].label)}, matched by {key}: {curves.height:,} points",
            count=known.height,
        )
    ]
    if unknown:
        notes.append(
            Entry("unmatched", f"curves of {unknown:,} trials that are not in the table were left out", count=unknown)
        )
    ledger = pl.concat([trials.ledger, measured.ledger.with_columns(pl.lit(None, pl.UInt32).alias("row"))])
    places = dict(zip(known["_row"].to_list(), known["place"].to_list(), strict=True))
    lines = [t.lines for t in (trials, measured) if t.lines is not None]
    return replace(
        trials,
        ledger=ledger_frame(notes, [ledger]),
        lines=sum(lines, LineCounts()) if lines else None,
        incomplete=trials.incomplete | {places[row] for row in measured.incomplete if row in places},
        hints=replace(trials.hints, id=key) if trials.hints.id is None else trials.hints,
        curves=curves.sort("_row", "metric", "step"),
    )
