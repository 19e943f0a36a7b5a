"""MLflow's runs, from wherever they were read, as a table of trials: parameters typed, histories as curves.

Columns are named as in MLflow: `run_id`, `run_name`, `status`, the metrics, the parameters, `start_time`, `end_time`,
`last_updated` (the moment of the last logged metric, a run's only sign of life), `user`, `parent_run`, and `tags.…`.
A parameter whose name is taken becomes `params.…`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from hpi_core import frames
from hpi_core.roles import RoleHints
from hpi_core.roles.names import parse
from hpi_core.roles.vocabulary import ENVIRONMENT
from hpi_core.tables.cells import type_columns
from hpi_core.tables.curve_frames import last_of_steps, whole_trials
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
# `time` is in milliseconds since 1970, and counts logged values in the order they came where it stands still.
POINTS = pl.Schema(
    {"row": pl.UInt32(), "metric": pl.Categorical(), "step": pl.Int64(), "time": pl.Int64(), "value": pl.Float64()}
)
STATUSES = ("UNKNOWN", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
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
    points: pl.DataFrame = field(default_factory=lambda: frames.empty(POINTS))
    experiment: str = ""


def runs_table(found: Runs, entries: list[Entry]) -> Table:
    """Return the trials, curves and hints of an experiment; `entries` go into the ledger with what is found here.

    Runs stand in the order of their start. Runs that only hold others together (parents without a metric) are left
    out, and named in the ledger.
    """
    found, parents = _in_order(found, entries)
    runs = found.runs
    tags = _wide(found.tags, runs.height)
    names = pl.coalesce(pl.col("run_name").replace("", None), pl.lit(tags.get(_NAME, _nothing(runs.height))))
    columns = {"run_id": runs["run_id"], "run_name": runs.select(names.alias("run_name")).to_series()}
    columns["status"] = runs["status"]
    last = _last_values(found.points)
    metrics = _add(columns, _pivoted(last, "metric", "value", runs.height), "metrics.", entries)
    params, ledger = _typed(_wide(found.params, runs.height))
    settings = _add(columns, params, "params.", entries)
    times = _times(found, columns)
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
    curves = _curves(found.points, entries)
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


def _in_order(found: Runs, entries: list[Entry]) -> tuple[Runs, pl.Series | None]:
    """Return the runs by their start, without the parents that hold nothing of their own, and each one's parent."""
    parent_of = found.tags.filter(pl.col("name") == _PARENT).select("row", pl.col("text").alias("parent"))
    runs = found.runs.with_row_index("row").join(parent_of, on="row", how="left", maintain_order="left")
    parents = runs["parent"].drop_nulls().unique()
    measured = found.points["row"].unique()
    holders = runs["run_id"].is_in(parents.implode()) & ~runs["row"].is_in(measured.implode())
    if holders.any() and not holders.all():
        count = int(holders.sum())
        entries.append(
            Entry("left_out", f"{count:,} parent runs without a metric only hold other runs: left out", count=count)
        )
        runs = runs.filter(~holders)
    runs = runs.sort("start", "row", nulls_last=True)
    place = pl.Series([None], dtype=pl.UInt32).new_from_index(0, found.runs.height)
    place = place.scatter(runs["row"], pl.int_range(runs.height, dtype=pl.UInt32, eager=True))

    ordered = Runs(
        runs.select(RUNS.names()),
        _moved(found.params, place),
        _moved(found.tags, place),
        _sorted(_moved(_taken(found), place)),
        found.experiment,
    )
    if parents.is_empty():
        return ordered, None
    names = dict(found.runs.select("run_id", "run_name").iter_rows())
    told = [None if id_ is None else (names.get(id_) or id_) for id_ in runs["parent"].to_list()]
    return ordered, pl.Series("parent_run", told, dtype=pl.String)


def _taken(found: Runs) -> pl.DataFrame:
    """Return the points and leave none behind: they are the most of a store, and need not be held twice."""
    points, found.points = found.points, frames.empty(POINTS)
    return points


def _moved(long: pl.DataFrame, place: pl.Series) -> pl.DataFrame:
    """Return what belongs to runs under their new places; `place` by the old one is null where a run was left out."""
    if place.null_count() == 0 and place.is_sorted():
        return long
    return long.with_columns(place.gather(long["row"]).alias("row")).drop_nulls("row")


def _sorted(points: pl.DataFrame) -> pl.DataFrame:
    """Return points in order; where they stand run by run, run by run, so that little is held twice."""
    if not points["row"].is_sorted():
        points = points.sort("row", maintain_order=True)
    keys = ("metric", "step", "time")
    parts = [part.sort("row", *keys, maintain_order=True) for part in whole_trials(points, "row")]
    return pl.concat(parts, rechunk=False) if parts else points


def _nothing(height: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, height)


def _wide(long: pl.DataFrame, height: int) -> dict[str, pl.Series]:
    return _pivoted(long, "name", "text", height)


def _pivoted(long: pl.DataFrame, name: str, value: str, height: int) -> dict[str, pl.Series]:
    """Return one column per name, by the order of the names; the last value counts where one stands twice."""
    out: dict[str, pl.Series] = {}
    for key, mine in long.partition_by(name, as_dict=True, maintain_order=True).items():
        blank = pl.Series([None], dtype=long.schema[value]).new_from_index(0, height)
        out[str(key[0])] = blank.scatter(mine["row"], mine[value])
    return dict(sorted(out.items()))


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


def _times(found: Runs, columns: dict[str, pl.Series]) -> list[str]:
    for name, source in (("start_time", "start"), ("end_time", "end")):
        columns[unique(name, columns)] = _moments(found.runs[source])
    alive = found.points.group_by("row").agg(pl.col("time").max())
    if alive.is_empty():
        return ["start_time", "end_time"]
    blank = pl.Series([None], dtype=pl.Int64).new_from_index(0, found.runs.height)
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


def _last_values(points: pl.DataFrame) -> pl.DataFrame:
    """Return the last value of every metric of every run: of the highest step, there the latest."""
    ends = (pl.col("row") != pl.col("row").shift(-1)) | (pl.col("metric") != pl.col("metric").shift(-1))
    return points.filter(ends.fill_null(True)).select("row", "metric", "value")


def _curves(points: pl.DataFrame, entries: list[Entry]) -> pl.DataFrame | None:
    """Return the histories of the metrics that any run logged more than once."""
    counted = [_counts(part) for part in whole_trials(points, "row")]
    again = pl.concat(counted).filter(pl.col("n") > 1) if counted else frames.empty(POINTS)
    if again.is_empty():
        return None
    kept = again["metric"].unique().implode()
    still = again.filter(pl.col("steps") == 1).select("row", "metric", pl.lit(True).alias("still"))
    if not still.is_empty():
        message = f"{still.height:,} histories were logged without steps: their steps are the order of logging"
        entries.append(Entry("reshaped", message, count=still.height))
    blocks: list[pl.DataFrame] = []
    replaced = 0
    for part in whole_trials(points, "row"):
        mine = part.filter(pl.col("metric").is_in(kept))
        block, more = last_of_steps(_numbered(mine, still).rename({"row": "_row"}))
        blocks.append(block.sort("_row", "metric", "step", maintain_order=True))
        replaced += more
    if replaced:
        message = f"{replaced:,} values were logged again at the same step: the last of them counts"
        entries.append(Entry("reshaped", message, count=replaced))
    return pl.concat(blocks, rechunk=False)


def _counts(points: pl.DataFrame) -> pl.DataFrame:
    return points.group_by("row", "metric").agg(pl.len().alias("n"), pl.col("step").n_unique().alias("steps"))


def _numbered(points: pl.DataFrame, still: pl.DataFrame) -> pl.DataFrame:
    """Return points whose steps are the order of logging in the histories that were logged without."""
    if still.is_empty():
        return points
    place = pl.int_range(pl.len()).over("row", "metric")
    return points.join(still, on=["row", "metric"], how="left", maintain_order="left").with_columns(
        pl.when(pl.col("still")).then(place).otherwise(pl.col("step")).alias("step")
    )
