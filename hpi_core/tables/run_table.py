"""Runs as a tracker or a folder keeps them, each with its own settings and its own log, made one table of trials.

A run's settings keep their names, its results theirs; where a name is both, the setting is called `config.NAME`.
What was measured over steps becomes curves; a trial shows the run's own summary of a metric, else its last value.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np
import polars as pl

from hpi_core import frames
from hpi_core.roles import RoleHints
from hpi_core.roles.names import is_resource, parse
from hpi_core.roles.vocabulary import THROUGHPUT
from hpi_core.tables.curve_frames import curve_frame, with_last_values
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.nested import flat, frame_of_records, unique
from hpi_core.tables.table import Table

# Points put in order at once.
_BLOCK = 50_000
# The moments of a run: its start, its end, the last that was heard of it.
MOMENTS = ("start_time", "end_time", "heartbeat")
_LATEST = 253_402_300_800
# What readers say about a run itself: the role each such column has.
ROLES_OF_ABOUT = {
    **dict.fromkeys(MOMENTS, "time"),
    **dict.fromkeys(("name", "error", "folder", "tags", "notes"), "text"),
    **dict.fromkeys(("host", "gpu", "gpu_count", "node_ip"), "environment"),
    **dict.fromkeys(("runtime", "iterations"), "resource"),
    **dict.fromkeys(("exit_code", "pid"), "ignored"),
}
# Columns that put runs into groups, the likeliest first: one with a single value groups nothing.
GROUPINGS = ("group", "experiment", "project", "sweep", "job_type", "folder_1")

# The points of all runs wait here until the last one is read: a name takes four bytes of each, not sixteen.
POINTS = pl.Schema({"metric": pl.Categorical(), "step": pl.Int64(), "value": pl.Float64()})
# A frame takes some two kilobytes beside what is in it: more than the points of a short run.
_SHORT = 2_000
_PACKED = np.dtype([("metric", np.uint32), ("step", np.int64), ("value", np.float64)])


class Packed:
    """The points of a short run: one array, in which a metric is its place among `names`."""

    __slots__ = ("data", "names")

    def __init__(self, points: pl.DataFrame) -> None:
        names = points["metric"].unique(maintain_order=True)
        self.names = tuple(sys.intern(name) for name in names.to_list())
        physical = names.to_physical().to_numpy()
        order = np.argsort(physical)
        self.data = np.empty(points.height, _PACKED)
        place = np.searchsorted(physical[order], points["metric"].to_physical().to_numpy())
        self.data["metric"] = order[place]
        self.data["step"], self.data["value"] = points["step"].to_numpy(), points["value"].to_numpy()

    def __len__(self) -> int:
        return len(self.data)


@dataclass
class Run:
    """One run as read from its own files.

    Attributes:
        id: the source's own name of it, distinct within the source.
        about: what the source says about the run itself, under the column names of the table (`status`, `start_time`,
            `host`, …); values are text, numbers or None. Times are seconds since 1970. What none of them says makes
            no column.
        settings: what was chosen before it began, nested or flat.
        results: what it reported last, nested or flat.
        points: its curves with the schema `POINTS`, in the order they were written, or None.
        notes: what was repaired or left out of it.
    """

    id: str
    about: dict[str, object] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    results: Mapping[str, object] = field(default_factory=dict)
    points: pl.DataFrame | None = None
    notes: list[Entry] = field(default_factory=list)
    _packed: Packed | None = None

    @property
    def measured(self) -> bool:
        """Whether it has curves."""
        return self.points is not None or self._packed is not None

    def rest(self) -> Run:
        """Take little room until all runs are read: names are shared with the others, short curves lie in one array."""
        self.settings = {sys.intern(name): value for name, value in flat(self.settings).items()}
        self.results = {sys.intern(name): value for name, value in flat(self.results).items()}
        if self.points is not None and self.points.height <= _SHORT:
            self._packed = Packed(self.points)
            self.points = None
        return self

    def taken(self) -> pl.DataFrame | Packed | None:
        """Return its curves, as a frame or packed, and keep none."""
        found = self._packed if self.points is None else self.points
        self.points = self._packed = None
        return found


def unpacked(points: Sequence[pl.DataFrame | Packed]) -> pl.DataFrame:
    """Return the curves of several runs as one frame with the schema `POINTS`."""
    whole: list[pl.DataFrame] = []
    for short, some in groupby(points, lambda one: isinstance(one, Packed)):
        if not short:
            whole += [one for one in some if isinstance(one, pl.DataFrame)]
            continue
        packed = [one for one in some if isinstance(one, Packed)]
        place = {name: at for at, name in enumerate(dict.fromkeys(name for one in packed for name in one.names))}
        codes = np.concatenate([np.array([place[n] for n in one.names])[one.data["metric"]] for one in packed])
        data = np.concatenate([one.data for one in packed])
        metric = pl.Series("metric", list(place), dtype=POINTS["metric"]).gather(codes)
        numbers = (pl.Series(name, np.ascontiguousarray(data[name])) for name in ("step", "value"))
        whole.append(pl.DataFrame([metric, *numbers]))
    return pl.concat(whole)


def table_of_runs(
    runs: Sequence[Run], id_column: str = "run", entries: Sequence[Entry] = (), unsure: Collection[str] = ()
) -> Table:
    """Return one row per run, in the order given, with the curves of all of them, which are taken from the runs.

    What is a result was reported by the runs and chosen by nobody, whatever it is called, but for the names in
    `unsure`: of logs that may hold settings as well.
    """
    for run in runs:
        run.rest()
    settings = [run.settings for run in runs]
    results = [run.results for run in runs]
    curves, ends, doubles = _curves(runs)
    metrics = ends["metric"].unique(maintain_order=True).to_list()
    of_settings = dict.fromkeys(name for one in settings for name in one)
    of_results = dict.fromkeys([*(name for one in results for name in one), *metrics])
    about = _about(runs, id_column)
    of_about = dict.fromkeys([id_column, *(name for one in about for name in one)])
    renamed = _names(of_about, of_settings, of_results)
    records = [
        own
        | {renamed["settings"][name]: value for name, value in chosen.items()}
        | {renamed["results"][name]: value for name, value in reported.items()}
        for own, chosen, reported in zip(about, settings, results, strict=True)
    ]
    frame, typed = frame_of_records(records)
    frame = _with_moments(frame)
    others = {name: column for name, column in renamed["results"].items() if name != column}
    if others:
        curves = curves.with_columns(pl.col("metric").replace(others)).sort("_row", "metric", "step")
        ends = ends.with_columns(pl.col("metric").replace(others))
    frame = _with_last(frame, ends, [renamed["results"][name] for name in metrics])
    frame = _in_order(frame, [*of_about, *renamed["settings"].values(), *renamed["results"].values()])
    notes = [replace(note, row=row) for row, run in enumerate(runs) for note in run.notes]
    if doubles:
        message = f"{doubles:,} values of a repeated step: the last is kept"
        notes.append(Entry("repeated_step", message, count=doubles))
    hints = _hints(frame, id_column, of_about, renamed["settings"].values(), [renamed["results"][m] for m in metrics])
    reported = tuple(column for name, column in renamed["results"].items() if name not in unsure)
    return Table(
        frame,
        ledger_frame([*entries, *notes], [typed]),
        hints=replace(hints, reported=reported),
        curves=None if curves.is_empty() else curves,
    )


def _about(runs: Sequence[Run], id_column: str) -> list[dict[str, object]]:
    """Return what the source says about each run, its id first, without what it says of none."""
    told = {name for run in runs for name, value in run.about.items() if value is not None}
    return [{id_column: run.id} | {name: value for name, value in run.about.items() if name in told} for run in runs]


def _curves(runs: Sequence[Run]) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Return the curves of all runs with their rows, the last point of each, and how many values were replaced.

    Blocks of runs are put in order one after the other, and what they were made of is let go: the curves of many runs
    need not stand in memory several times over.
    """
    done: list[pl.DataFrame] = []
    ends: list[pl.DataFrame] = []
    held: list[pl.DataFrame | Packed] = []
    rows: list[int] = []
    doubles = 0
    for row, run in enumerate(runs):
        points = run.taken()
        if points is not None and len(points):
            held.append(points)
            rows.append(row)
        if held and (row + 1 == len(runs) or sum(len(points) for points in held) >= _BLOCK):
            numbers = np.repeat(rows, [len(points) for points in held]).astype(np.uint32)
            long = unpacked(held).insert_column(0, pl.Series("_row", numbers))
            held, rows = [], []
            block, replaced = curve_frame(long)
            done.append(block)
            ends.append(block.group_by("_row", "metric", maintain_order=True).last())
            doubles += replaced
    if not done:
        empty = pl.DataFrame(schema=frames.CURVES)
        return empty, empty, 0
    return pl.concat(done, rechunk=False), pl.concat(ends), doubles


def _names(
    about: Mapping[str, None], settings: Mapping[str, None], results: Mapping[str, None]
) -> dict[str, dict[str, str]]:
    """Return the column of every setting and result, distinct among all of them."""
    taken = set(about)
    of_results: dict[str, str] = {}
    for name in results:
        of_results[name] = unique(name, taken)
        taken.add(of_results[name])
    of_settings: dict[str, str] = {}
    for name in settings:
        of_settings[name] = unique(name if name not in taken else f"config.{name}", taken)
        taken.add(of_settings[name])
    return {"settings": of_settings, "results": of_results}


def _with_moments(frame: pl.DataFrame) -> pl.DataFrame:
    """Return seconds since 1970 as moments; what lies outside the years 1970 to 9999 is none."""
    told = [name for name in MOMENTS if name in frame.columns and frame.schema[name].is_numeric()]
    seconds = {name: pl.col(name).cast(pl.Float64) for name in told}
    return frame.with_columns(
        pl.when((known > 0) & (known < _LATEST)).then((known * 1e6).round()).cast(pl.Int64).cast(pl.Datetime("us"))
        .alias(name)
        for name, known in seconds.items()
    )  # fmt: skip


def _with_last(frame: pl.DataFrame, ends: pl.DataFrame, metrics: list[str]) -> pl.DataFrame:
    """Fill what a run's summary does not say with the value of the last step."""
    if not metrics:
        return frame
    last = with_last_values(pl.DataFrame({"\0": pl.Series([0] * frame.height)}), ends, metrics).drop("\0")
    schema = frame.schema
    columns = []
    for column in last.iter_columns():
        own = schema.get(column.name)
        if own is None or frame[column.name].null_count() == frame.height:
            columns.append(column)
        elif own.is_numeric():
            columns.append(frame[column.name].cast(pl.Float64).zip_with(frame[column.name].is_not_null(), column))
    return frame.with_columns(columns)


def _in_order(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    present = set(frame.columns)
    return frame.select([name for name in dict.fromkeys(names) if name in present])


def _hints(
    frame: pl.DataFrame, id_column: str, about: Iterable[str], settings: Iterable[str], metrics: Iterable[str]
) -> RoleHints:
    """Say what the source knows of its columns: settings that differ were varied, unless they are free text."""
    schema = frame.schema
    told = [(name, ROLES_OF_ABOUT[name]) for name in about if name in ROLES_OF_ABOUT]
    varied: list[str] = []
    chosen = [name for name in settings if name in schema]
    plain = [name for name in chosen if not isinstance(schema[name], (pl.List, pl.Struct))]
    distinct = frame.select(pl.col(plain).drop_nulls().n_unique()).row(0, named=True) if plain else {}
    for name in chosen:
        count = distinct.get(name, 0)
        if name in distinct and count <= 1:
            told.append((name, "constant" if count else "ignored"))
        elif schema[name] == pl.String and count > max(2, frame.height // 2):
            told.append((name, "text"))
        elif name in distinct:
            varied.append(name)
    return RoleHints(
        id=id_column,
        status="status" if "status" in schema and frame["status"].null_count() < frame.height else None,
        hyperparameters=tuple(varied),
        metrics=tuple(name for name in metrics if not _is_used(name)),
        group=next((name for name in GROUPINGS if name in schema and frame[name].drop_nulls().n_unique() > 1), None),
        others=tuple(told),
    )


def _is_used(name: str) -> bool:
    """Tell whether a curve is what a run used up or how fast it went rather than how well it did."""
    parsed = parse(name)
    return is_resource(parsed) and (parsed.metric is None or parsed.metric.quantity == THROUGHPUT)
