"""MLflow's runs, from wherever they were read, as a table of trials: parameters typed, histories as curves.

Columns are named as in MLflow: `run_id`, `run_name`, `status`, the metrics, the parameters, `start_time`, `end_time`,
`last_updated` (the moment of the last logged metric, a run's only sign of life), `user`, `parent_run`, and `tags.…`.
A parameter whose name is taken becomes `params.…`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import polars as pl

from hpi_core import frames
from hpi_core.readers._histories import Histories
from hpi_core.roles import RoleHints
from hpi_core.roles.names import parse
from hpi_core.roles.vocabulary import ENVIRONMENT
from hpi_core.tables.cells import type_columns
from hpi_core.tables.ledger import Entry, ledger_frame
from hpi_core.tables.nested import COLUMNS, unique
from hpi_core.tables.table import Table

RUNS = pl.Schema(
    {
        "run_id": pl.String(),
        "run_name": pl.String(),
        "status": pl.String(),
        "start": pl.Int64(),
        "end": pl.Int64(),
        "user": pl.String(),
    }
)
TEXTS = pl.Schema({"row": pl.UInt32(), "name": pl.Categorical(), "text": pl.String()})
STATUSES = ("UNKNOWN", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
_FEW = 100
_SYSTEM = "system/"
_PARENT = "mlflow.parentRunId"
_NAME, _NOTE, _USER, _SOURCE = "mlflow.runName", "mlflow.note.content", "mlflow.user", "mlflow.source.name"
_TAGS_SHOWN = {_NOTE: "note", _SOURCE: "source"}


@dataclass
class Runs:
    """The runs of one experiment; `row` in the long frames is the place of the run in `runs`."""

    runs: pl.DataFrame = field(default_factory=lambda: frames.empty(RUNS))
    params: pl.DataFrame = field(default_factory=lambda: frames.empty(TEXTS))
    tags: pl.DataFrame = field(default_factory=lambda: frames.empty(TEXTS))
    histories: Histories = field(default_factory=Histories)
    experiment: str = ""


def runs_table(found: Runs, entries: list[Entry]) -> Table:
    """Return the trials, curves and hints of an experiment; `entries` go into the ledger with what is found here.

    Runs stand in the order of their start. Runs that only hold others together (parents without a metric) are left
    out, and named in the ledger.
    """
    last = found.histories.last()
    found, parents, place = _in_order(found, last["row"], entries)
    runs = found.runs
    tags = _wide(found.tags, runs.height)
    names = pl.coalesce(pl.col("run_name").replace("", None), pl.lit(tags.get(_NAME, _nothing(runs.height))))
    columns = {"run_id": runs["run_id"], "run_name": runs.select(names.alias("run_name")).to_series()}
    columns["status"] = runs["status"]
    metrics = _add(columns, _pivoted(_moved(last, place), "metric", "value", runs.height), "metrics.", entries)
    params, ledger = _typed(_wide(found.params, runs.height))
    found.params = frames.empty(TEXTS)
    settings = _add(columns, params, "params.", entries)
    times = _times(runs, _moved(found.histories.alive(), place), columns)
    if parents is not None:
        columns["parent_run"] = parents
    columns["user"] = runs.select(
        pl.coalesce(pl.col("user").replace("", None), pl.lit(tags.get(_USER, _nothing(runs.height)))).alias("user")
    ).to_series()
    notes = _add(columns, _tags(tags), "tags.", entries)
    hints = RoleHints(
        id="run_id",
        status="status",
        hyperparameters=tuple(settings),
        metrics=tuple(name for name in metrics if not name.startswith(_SYSTEM)),
        group=None if parents is None else "parent_run",
        others=(
            *((name, "resource") for name in metrics if name.startswith(_SYSTEM)),
            *((name, "time") for name in times),
            ("run_name", "text"),
            *((name, _role_of_tag(name)) for name in notes),
        ),
    )
    frame = pl.DataFrame([column.alias(name) for name, column in columns.items()])
    curves = found.histories.curves(place, entries)
    return Table(frame, ledger_frame(entries, [ledger]), hints=hints, curves=curves, experiment=found.experiment)


def points_of(texts: Sequence[str], rows: pl.Series, metrics: pl.Series) -> tuple[pl.DataFrame, int]:
    """Parse lines `time value step …` of MLflow's files, one per row and metric; return points, and how many failed.

    Lines of two fields have no step; those of five name a data set after the step.
    """
    fields = (
        pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)})
        .select(pl.col("text").str.strip_chars().str.splitn(" ", 4).alias("part"))
        .unnest("part")
    )
    points = fields.select(
        rows.alias("row"),
        metrics.alias("metric"),
        pl.when(pl.col("field_2").is_null())
        .then(0)
        .otherwise(pl.col("field_2").cast(pl.Int64, strict=False))
        .alias("step"),
        pl.col("field_0").cast(pl.Int64, strict=False).alias("time"),
        pl.col("field_1").cast(pl.Float64, strict=False).alias("value"),
    )
    sound = points.drop_nulls()
    return sound, points.height - sound.height


def _in_order(found: Runs, measured: pl.Series, entries: list[Entry]) -> tuple[Runs, pl.Series | None, pl.Series]:
    """Return the runs by their start, each one's parent, and the new place of every run, null where it is left out.

    Left out are the parents that hold nothing of their own; `measured` are the rows of the runs that do.
    """
    height = found.runs.height
    told = found.tags.filter(pl.col("name") == _PARENT)
    parent_of = _nothing(height).scatter(told["row"], told["text"])
    parents = parent_of.drop_nulls().unique()
    order = pl.DataFrame([found.runs["start"], pl.int_range(height, dtype=pl.UInt32, eager=True).alias("row")])
    if not parents.is_empty():
        holders = found.runs["run_id"].is_in(parents.implode()) & ~order["row"].is_in(measured.unique().implode())
        if holders.any() and not holders.all():
            count = int(holders.sum())
            message = f"{count:,} parent runs without a metric only hold other runs: left out"
            entries.append(Entry("left_out", message, count=count))
            order = order.filter(~holders)
    rows = order.sort("start", "row", nulls_last=True)["row"]
    place = pl.Series([None], dtype=pl.UInt32).new_from_index(0, height)
    place = place.scatter(rows, pl.int_range(len(rows), dtype=pl.UInt32, eager=True))
    ordered = Runs(
        found.runs if len(rows) == height and rows.is_sorted() else found.runs[rows],
        _moved(found.params, place),
        _moved(found.tags, place),
        found.histories,
        found.experiment,
    )
    if parents.is_empty():
        return ordered, None, place
    names = dict(found.runs.select("run_id", "run_name").iter_rows())
    named = [None if id_ is None else (names.get(id_) or id_) for id_ in parent_of[rows].to_list()]
    return ordered, pl.Series("parent_run", named, dtype=pl.String), place


def _moved(long: pl.DataFrame, place: pl.Series) -> pl.DataFrame:
    """Return what belongs to runs under their new places; `place` by the old one is null where a run was left out."""
    if place.null_count() == 0 and place.is_sorted():
        return long
    return long.with_columns(place.gather(long["row"]).alias("row")).drop_nulls("row")


def _nothing(height: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, height)


def _wide(long: pl.DataFrame, height: int) -> dict[str, pl.Series]:
    return _pivoted(long, "name", "text", height)


def _pivoted(long: pl.DataFrame, name: str, value: str, height: int) -> dict[str, pl.Series]:
    """Return one column per name, by the order of the names; the last value counts where one stands twice."""
    out: dict[str, pl.Series] = {}
    for key, mine in _by_name(long, name):
        blank = pl.Series([None], dtype=long.schema[value]).new_from_index(0, height)
        out[key] = blank.scatter(mine["row"], mine[value])
    return dict(sorted(out.items()))


def _by_name(long: pl.DataFrame, name: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield every name and what belongs to it: one after the other, where looking for each does not take long."""
    names = long[name].unique()
    if len(names) > _FEW:
        yield from (
            (str(key[0]), mine) for key, mine in long.partition_by(name, as_dict=True, maintain_order=True).items()
        )
        return
    for key in names.to_list():
        yield str(key), long.filter(pl.col(name) == key)


def _add(columns: dict[str, pl.Series], more: dict[str, pl.Series], prefix: str, entries: list[Entry]) -> list[str]:
    """Add columns under their own names, or under the prefix where a name is taken; return the names they got."""
    names: list[str] = []
    for name, column in more.items():
        if len(columns) >= COLUMNS:
            message = f"more than {COLUMNS:,} columns: {len(more) - len(names):,} of {prefix}… were left out"
            entries.append(Entry("dropped_columns", message, count=len(more) - len(names)))
            break
        wanted = name if name and name not in columns else unique(f"{prefix}{name}", columns)
        columns[wanted] = column
        names.append(wanted)
    return names


def _typed(texts: dict[str, pl.Series]) -> tuple[dict[str, pl.Series], pl.DataFrame]:
    """Type parameters, which MLflow keeps as text; the ledger's entries name trials in place of lines."""
    if not texts:
        return {}, frames.empty(frames.LEDGER)
    frame = pl.DataFrame([column.alias(name) for name, column in texts.items()])
    lines = pl.int_range(1, frame.height + 1, dtype=pl.UInt32, eager=True).alias("line")
    typed = type_columns(frame, lines, prefer_decimal_comma=False)
    ledger = ledger_frame(typed.entries, typed.ledgers).with_columns(
        pl.coalesce("row", pl.col("line") - 1).cast(pl.UInt32).alias("row"), pl.lit(None, pl.UInt32).alias("line")
    )
    return {column.name: column for column in typed.frame.iter_columns()}, ledger


def _times(runs: pl.DataFrame, alive: pl.DataFrame, columns: dict[str, pl.Series]) -> list[str]:
    for name, source in (("start_time", "start"), ("end_time", "end")):
        columns[unique(name, columns)] = _moments(runs[source])
    if alive.is_empty():
        return ["start_time", "end_time"]
    blank = pl.Series([None], dtype=pl.Int64).new_from_index(0, runs.height)
    columns[unique("last_updated", columns)] = _moments(blank.scatter(alive["row"], alive["time"]))
    return ["start_time", "end_time", "last_updated"]


def _moments(milliseconds: pl.Series) -> pl.Series:
    """Return moments; what lies outside the years 1970 to 9999 is no moment, but an empty field's filler."""
    sound = (milliseconds > 0) & (milliseconds < 253_402_300_800_000)
    return milliseconds.set(~sound.fill_null(False), None).cast(pl.Datetime("ms")).cast(pl.Datetime("us"))


def _tags(tags: dict[str, pl.Series]) -> dict[str, pl.Series]:
    """Return the tags a person or their script set, and the few of MLflow's own that say something of a run."""
    shown = {_TAGS_SHOWN[name]: column for name, column in tags.items() if name in _TAGS_SHOWN}
    own = {f"tags.{name}": column for name, column in tags.items() if not name.startswith("mlflow.")}
    return {**shown, **own}


def _role_of_tag(name: str) -> str:
    key = parse(name.removeprefix("tags.")).key
    return "environment" if key in ENVIRONMENT else "text"
