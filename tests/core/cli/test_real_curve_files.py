"""Real curves in every form they may lie in, and with everything that may be wrong with them, told on the page."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from hpi_core.readers import _large_text, _pieces, _reading
from tests.core.cli.running import hpi, hpi_process
from tests.shared_data import DATA, needs_shared

pytestmark = needs_shared
LOSSES = ["train_losses", "test_losses"]
N = 68


@cache
def real() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the trials of one DeepOBS problem, and their losses: one row per trial and epoch."""
    folder = DATA / "12_curves"
    trials = pl.read_csv(folder / "deepobs_trials.csv", infer_schema_length=None)
    trials = trials.filter(pl.col("testproblem") == "cifar10_3c3d").gather_every(2)
    trials = trials.select("trial_id", "optimizer", "lr", pl.col("test_losses_final").alias("test_losses"))
    points = pl.read_parquet(folder / "deepobs_curves.parquet").with_columns(pl.col("trial_id").cast(pl.Int64))
    points = points.filter(pl.col("trial_id").is_in(trials["trial_id"].implode()))
    points = points.with_columns(pl.col("metric").cast(pl.String), pl.col("value").cast(pl.Float64).round(6))
    wide = points.filter(pl.col("metric").is_in(LOSSES)).pivot("metric", index=["trial_id", "epoch"], values="value")
    return trials, wide.sort("trial_id", "epoch")


def broken(wide: pl.DataFrame) -> int:
    """Return how many trials have a value that is not finite."""
    finite = pl.all_horizontal(pl.col(name).is_finite().fill_null(value=True) for name in LOSSES)
    return wide.filter(~finite)["trial_id"].n_unique()


def long(wide: pl.DataFrame) -> pl.DataFrame:
    return wide.unpivot(LOSSES, index=["trial_id", "epoch"], variable_name="metric", value_name="value")


def write(path: Path, frame: pl.DataFrame) -> Path:
    if path.suffix == ".csv":
        frame.write_csv(path)
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_dicts()))
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "sweep.csv", real()[0])


def page(*arguments: str | Path, home: Path) -> str:
    """Return what `hpi inspect` prints, its words one blank apart."""
    done = hpi("inspect", *arguments, home=home)
    assert done.returncode == 0, done.stderr.decode()
    return " ".join(done.stdout.decode().split())


def found(*arguments: str | Path, home: Path) -> dict[str, tuple[int, str]]:
    """Return issue -> number of trials and the evidence of one."""
    done = hpi("inspect", *arguments, "--json", home=home)
    assert done.returncode == 0, done.stderr.decode()
    summary: dict[str, Any] = json.loads(done.stdout)
    assert not [row for row in summary["coverage"] if row["state"] == "crashed"]
    return {issue["issue"]: (issue["count"], issue["evidence"]) for issue in summary["issues"]}


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("shape", ["wide", "long"])
def test_every_form_and_shape_says_the_same(source: Path, tmp_path: Path, form: str, shape: str) -> None:
    wide = real()[1]
    curves = write(tmp_path / f"elsewhere.{form}", wide if shape == "wide" else long(wide))
    said = page(source, "--curves", curves, home=tmp_path)
    assert f"curves from elsewhere.{form}" in said
    assert f"elsewhere.{form} holds the curves of 68 of the 68 trials, matched by trial_id: " in said
    issues = found(source, "--curves", curves, home=tmp_path)
    assert issues["nonfinite_metric"][0] == broken(wide)
    assert "first at step" in issues["nonfinite_metric"][1]
    reference = write(tmp_path / "reference.parquet", wide)
    assert issues == found(source, "--curves", reference, home=tmp_path)


@pytest.mark.parametrize("name", ["sweep.curves.csv", "sweep.curves.jsonl", "sweep_history.parquet"])
def test_what_lies_beside_is_found_by_name_and_named(source: Path, tmp_path: Path, name: str) -> None:
    write(tmp_path / name, real()[1])
    assert f"curves from {name}" in page(source, home=tmp_path)


@pytest.mark.parametrize("name", ["sweep.log.csv", "curves.csv", "other.curves.csv", "sweep_curves.csv"])
def test_no_other_name_beside_is_looked_at(source: Path, tmp_path: Path, name: str) -> None:
    write(tmp_path / name, real()[1])
    assert "curves from" not in page(source, home=tmp_path)


@pytest.mark.parametrize(("known", "taken"), [(34, True), (33, False)])
def test_half_of_the_ids_must_match(source: Path, tmp_path: Path, known: int, taken: bool) -> None:
    first = real()[0]["trial_id"][known]
    strangers = pl.when(pl.col("trial_id") >= first).then(pl.col("trial_id") + 10_000).otherwise("trial_id")
    write(tmp_path / "sweep.curves.csv", real()[1].with_columns(strangers.alias("trial_id")))
    said = page(source, home=tmp_path)
    if taken:
        assert "curves from sweep.curves.csv" in said
        assert f"curves of {N - known} trials in sweep.curves.csv that are not in the table were left out" in said
        assert f"{N - known} trials have none" in said
    else:
        assert "curves from" not in said
        assert "sweep.curves.csv lies beside the source but was not taken for its curves: 33 of its 68 ids" in said


def cells(frame: pl.DataFrame, wanted: str) -> pl.DataFrame:
    lists = real()[1].group_by("trial_id", maintain_order=True).agg(pl.col(wanted).drop_nulls())
    return frame.drop(wanted, strict=False).join(lists, on="trial_id", maintain_order="left")


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_lists_in_cells_are_curves(tmp_path: Path, form: str) -> None:
    frame = cells(cells(real()[0], "test_losses"), "train_losses")
    if form == "csv":
        texts = [[json.dumps(values) for values in frame[name].to_list()] for name in LOSSES]
        frame = frame.with_columns(pl.Series(name, text) for name, text in zip(LOSSES, texts, strict=True))
    path = write(tmp_path / f"lists.{form}", frame)
    assert "each cell of test_losses, train_losses held a list: they became" in page(path, home=tmp_path)
    issues = found(path, home=tmp_path)
    assert issues["nonfinite_metric"][0] == broken(real()[1])
    assert "first at step" in issues["nonfinite_metric"][1]


def test_a_log_per_trial_is_opened_inside_the_folder_only(source: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    (inner / "logs").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    trials, wide = real()
    names = []
    for at, (row, part) in enumerate(wide.group_by("trial_id", maintain_order=True)):
        inside = at >= 3
        home = inner / "logs" if inside else tmp_path / "outside"
        file = write(home / f"{row[0]}.csv", part.drop("trial_id"))
        link = inner / f"link{at}.csv"
        link.symlink_to(file)
        names.append([f"../outside/{file.name}", str(file), link.name, f"logs/{file.name}"][min(at, 3)])
    path = write(inner / "sweep.csv", trials.with_columns(pl.Series("log_file", names)))
    said = page(path, home=tmp_path)
    assert "curves from the logs in log_file" in said
    assert "65 logs named in log_file hold the curves of their trials" in said
    assert "3 of the logs that log_file names were not read; the first lies outside the folder of the source" in said
    assert "68 logs named in log_file" in page(path, "--outside-logs", home=tmp_path)


def resumed(wide: pl.DataFrame) -> pl.DataFrame:
    """Let the first trial crash at epoch 60 and go on from the checkpoint of epoch 40."""
    first = wide["trial_id"][0]
    own = wide.filter(pl.col("trial_id") == first)
    rest = wide.filter(pl.col("trial_id") != first)
    return pl.concat([own.filter(pl.col("epoch") < 60), own.filter(pl.col("epoch") >= 40), rest])


def repeated(wide: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([wide, wide]).sort("trial_id", "epoch", maintain_order=True)


def turned_round(wide: pl.DataFrame) -> pl.DataFrame:
    return wide.sort("trial_id", "epoch", descending=[False, True])


def interleaved(wide: pl.DataFrame) -> pl.DataFrame:
    """Put training and evaluation on rows of their own, as they are logged, evaluation every fifth epoch."""
    train = wide.with_columns(pl.lit(None, pl.Float64).alias("test_losses"))
    test = wide.filter(pl.col("epoch") % 5 == 0).with_columns(pl.lit(None, pl.Float64).alias("train_losses"))
    return pl.concat([train, test]).sort("trial_id", "epoch", maintain_order=True)


def gaps(wide: pl.DataFrame) -> pl.DataFrame:
    return wide.filter((pl.col("epoch") < 20) | (pl.col("epoch") >= 30))


def text_steps(wide: pl.DataFrame) -> pl.DataFrame:
    return wide.with_columns(pl.format(" {} ", "epoch").alias("epoch"))


def half_steps(wide: pl.DataFrame) -> pl.DataFrame:
    return wide.with_columns(pl.col("epoch") / 2)


def dates(wide: pl.DataFrame) -> pl.DataFrame:
    day = pl.datetime(2026, 1, 1) + pl.duration(hours=pl.col("epoch").cast(pl.Int64))
    return wide.select("trial_id", day.alias("time"), *LOSSES)


def one_point(wide: pl.DataFrame) -> pl.DataFrame:
    return wide.filter((pl.col("trial_id") != wide["trial_id"][0]) | (pl.col("epoch") == 0))


def of_first(value: float) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Give all losses of the first trial one value."""

    def changed(wide: pl.DataFrame) -> pl.DataFrame:
        own = pl.col("trial_id") == wide["trial_id"][0]
        return wide.with_columns(
            pl.when(own).then(pl.lit(value)).otherwise(pl.col(name)).alias(name) for name in LOSSES
        )

    return changed


@pytest.mark.parametrize(
    ("alter", "told"),
    [
        (resumed, "1 trials went back to an earlier step and on from there"),
        (repeated, "values of a repeated step: the last is kept"),
        (turned_round, "the steps of 68 trials stood in no order: they were sorted"),
        (interleaved, "holds the curves of 68 of the 68 trials"),
        (gaps, "holds the curves of 68 of the 68 trials"),
        (text_steps, "holds the curves of 68 of the 68 trials"),
        (half_steps, "epoch is not a whole number everywhere: steps are the running index instead"),
        (dates, "steps are the order of its times"),
        (one_point, "holds the curves of 68 of the 68 trials"),
        (of_first(math.nan), "holds the curves of 68 of the 68 trials"),
        (of_first(2.3), "holds the curves of 68 of the 68 trials"),
    ],
    ids=["resumed", "repeated", "turned", "interleaved", "gaps", "text", "floats", "dates", "point", "nan", "constant"],
)
def test_odd_curves_are_read_and_told(
    source: Path, tmp_path: Path, alter: Callable[[pl.DataFrame], pl.DataFrame], told: str
) -> None:
    form = "parquet" if alter in (half_steps, dates, interleaved) else "csv"
    altered = alter(real()[1])
    curves = write(tmp_path / f"odd.{form}", altered)
    said = page(source, "--curves", curves, home=tmp_path)
    assert told in said
    issues = found(source, "--curves", curves, home=tmp_path)
    assert issues["nonfinite_metric"][0] == broken(altered)
    if alter in (resumed, text_steps):
        reference = write(tmp_path / "reference.parquet", real()[1])
        assert issues == found(source, "--curves", reference, home=tmp_path)


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_file_cut_off_in_mid_row(source: Path, tmp_path: Path, form: str) -> None:
    curves = write(tmp_path / f"cut.{form}", real()[1])
    curves.write_bytes(curves.read_bytes()[:-4])
    if form == "parquet":
        done = hpi_process("inspect", source, "--curves", curves, home=tmp_path)
        assert done.returncode == 3
        assert "damaged or unfinished Parquet" in done.stderr.decode()
        assert "Traceback" not in done.stderr.decode()
        return
    said = page(source, "--curves", curves, home=tmp_path)
    words = (
        "the last row of cut.csv was cut off: its values stand in no curve" if form == "csv" else "stops in the middle"
    )
    assert words in said
    assert f"cut.{form} holds the curves of 68 of the 68 trials" in said


def test_a_source_without_its_curves_any_more(source: Path, tmp_path: Path) -> None:
    done = hpi_process("inspect", source, "--curves", tmp_path / "gone.csv", home=tmp_path)
    assert done.returncode == 3
    assert "gone.csv does not exist" in done.stderr.decode()


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("shape", ["wide", "long"])
def test_curves_larger_than_memory_say_the_same(
    source: Path, tmp_path: Path, form: str, shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = real()[1].sort("epoch", "trial_id")
    curves = write(tmp_path / f"large.{form}", wide if shape == "wide" else long(wide))
    small = found(source, "--curves", curves, home=tmp_path)
    monkeypatch.setattr(_large_text, "LARGE", {"delimited": 10_000, "jsonl": 10_000})
    monkeypatch.setattr(_pieces, "PIECE", 50_000)
    monkeypatch.setattr(_reading, "LARGE", 10_000)
    said = page(source, "--curves", curves, home=tmp_path)
    assert f"curves from large.{form}" in said
    assert f"large.{form} is too large to hold: its curves were put in order on disk, in 1 part" in said
    assert found(source, "--curves", curves, home=tmp_path) == small


def test_a_disk_without_room_is_one_sentence(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    curves = write(tmp_path / "large.csv", real()[1])
    monkeypatch.setattr(_large_text, "LARGE", {"delimited": 10_000, "jsonl": 10_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    done = hpi("inspect", source, "--curves", curves, home=tmp_path)
    assert done.returncode == 3
    said = done.stderr.decode()
    assert "Reading large.csv needs about 0.0 GB of temporary files, and" in said
    assert "Set TMPDIR to a folder on a disk with more room." in said
