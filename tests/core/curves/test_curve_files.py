"""Curves are found where they lie, matched by the ids of the trials, and what is odd about them is told."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import hpi_core
from hpi_core.charts.curve_points import with_time
from hpi_core.errors import SourceError
from hpi_core.frames import CURVES
from hpi_core.sweep import Sweep
from hpi_core.tables.table import ReadOptions
from tests.core.cli.running import hpi
from tests.shared_data import DATA, needs_shared

TRIALS = 12
STEPS = 20


def loss(trial: int, step: int) -> float:
    return round(2.0 / (1 + 0.1 * (trial + 1) * step) + 0.1, 6)


def trials(folder: Path, name: str = "sweep.csv") -> Path:
    path = folder / name
    lines = [f"{trial},{0.01 * (trial + 1):.2f},{loss(trial, STEPS - 1)}" for trial in range(TRIALS)]
    path.write_text("\n".join(["trial_id,lr,val_loss", *lines]) + "\n")
    return path


def wide(ids: Sequence[object] = range(TRIALS)) -> list[str]:
    rows = [f"{trial},{step},{loss(place, step)}" for place, trial in enumerate(ids) for step in range(STEPS)]
    return ["trial_id,step,val_loss", *rows]


def write(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def curves(sweep: Sweep) -> pl.DataFrame:
    assert sweep.curves is not None
    frame = sweep.curves.collect()
    assert frame.schema == CURVES
    assert frame.equals(frame.sort("_row", "metric", "step"))
    return frame


def assert_whole(sweep: Sweep) -> None:
    frame = curves(sweep)
    assert frame.height == TRIALS * STEPS
    for row, step, value in frame.select("_row", "step", "value").iter_rows():
        assert value == pytest.approx(loss(row, step))


def messages(sweep: Sweep, kind: str) -> list[str]:
    return sweep.ledger.filter(pl.col("kind") == kind)["message"].to_list()


@pytest.mark.parametrize(
    "name", ["sweep.curves.csv", "sweep_history.csv", "sweep.curves.parquet", "sweep_history.jsonl"]
)
def test_curves_beside_the_source_are_found(tmp_path: Path, name: str) -> None:
    path = trials(tmp_path)
    frame = pl.read_csv("\n".join(wide()).encode())
    if name.endswith(".parquet"):
        frame.write_parquet(tmp_path / name)
    elif name.endswith(".jsonl"):
        frame.write_ndjson(tmp_path / name)
    else:
        write(tmp_path / name, wide())
    sweep = hpi_core.read(str(path))
    assert_whole(sweep)
    assert sweep.source.curves == name
    assert sweep.trials.height == TRIALS
    assert sweep.source.lines is not None
    assert sweep.source.lines.total == TRIALS + 1
    assert any(f"{name} holds the curves of 12 of the 12 trials" in said for said in messages(sweep, "reshaped"))


def test_a_packed_source_finds_packed_curves(tmp_path: Path) -> None:
    plain = trials(tmp_path)
    (tmp_path / "sweep.csv.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    (tmp_path / "sweep.curves.csv.gz").write_bytes(gzip.compress(("\n".join(wide()) + "\n").encode()))
    assert_whole(hpi_core.read(str(tmp_path / "sweep.csv.gz")))


def test_curves_of_other_trials_are_not_taken(tmp_path: Path) -> None:
    path = trials(tmp_path)
    write(tmp_path / "sweep.curves.csv", wide([f"other{i}" for i in range(7)] + list(range(5))))
    sweep = hpi_core.read(str(path))
    assert sweep.curves is None
    assert sweep.source.curves == ""
    assert messages(sweep, "refused_curves") == [
        "sweep.curves.csv lies beside the source but was not taken for its curves: 5 of its 12 ids are those of trials"
    ]


def test_half_of_the_ids_are_enough_beside_and_one_is_where_the_person_names_the_file(tmp_path: Path) -> None:
    path = trials(tmp_path)
    beside = write(tmp_path / "sweep.curves.csv", wide([*range(6), *(f"other{i}" for i in range(6))]))
    sweep = hpi_core.read(str(path))
    assert curves(sweep)["_row"].n_unique() == 6
    assert "6 trials have none" in messages(sweep, "reshaped")[0]
    assert "curves of 6 trials in sweep.curves.csv that are not in the table were left out" in messages(
        sweep, "unmatched"
    )
    beside.unlink()
    named = write(tmp_path / "elsewhere.csv", wide([0, *(f"other{i}" for i in range(11))]))
    sweep = hpi_core.read(str(path), options=ReadOptions(curves=(str(named),)))
    assert curves(sweep)["_row"].n_unique() == 1


def test_a_named_file_without_a_curve_of_these_trials_is_refused(tmp_path: Path) -> None:
    path = trials(tmp_path)
    named = write(tmp_path / "elsewhere.csv", wide([f"other{i}" for i in range(12)]))
    with pytest.raises(SourceError, match=r"elsewhere.csv holds no curves of these trials: 0 of its 12 ids"):
        hpi_core.read(str(path), options=ReadOptions(curves=(str(named),)))
    with pytest.raises(SourceError, match="does not exist"):
        hpi_core.read(str(path), options=ReadOptions(curves=(str(tmp_path / "none.csv"),)))


def test_long_steps_as_columns_and_trials_as_columns_are_understood(tmp_path: Path) -> None:
    path = trials(tmp_path)
    long = [f"{t},{s},val_loss,{loss(t, s)}" for t in range(TRIALS) for s in range(STEPS)]
    stepwise = [",".join([str(t), *(str(loss(t, s)) for s in range(STEPS))]) for t in range(TRIALS)]
    chart = [",".join([str(s), *(str(loss(t, s)) for t in range(TRIALS))]) for s in range(STEPS)]
    files = {
        "long.csv": ["trial_id,step,metric,value", *long],
        "stepwise.csv": [",".join(["trial_id", *(f"val_loss_{s}" for s in range(STEPS))]), *stepwise],
        "chart.csv": [",".join(["step", *(f"{t} - val_loss" for t in range(TRIALS))]), *chart],
    }
    for name, lines in files.items():
        named = write(tmp_path / name, lines)
        assert_whole(hpi_core.read(str(path), options=ReadOptions(curves=(str(named),))))


def test_steps_as_text_as_dates_and_as_fractions(tmp_path: Path) -> None:
    path = trials(tmp_path)
    days = [f"2026-01-{1 + s:02d}T00:00:00" for s in range(STEPS)]
    order = list(range(STEPS))
    random.Random(5).shuffle(order)
    kinds = {
        "text": ("step", [f" {s}" for s in range(STEPS)]),
        "dates": ("time", days),
        "fractions": ("epoch", [f"{0.5 * s}" for s in range(STEPS)]),
    }
    for name, (header, steps) in kinds.items():
        rows = [
            f'{t},"{steps[s]}",{loss(t, s)}'
            for t in range(TRIALS)
            for s in (order if name == "dates" else range(STEPS))
        ]
        named = write(tmp_path / f"{name}.csv", [f"trial_id,{header},val_loss", *rows])
        sweep = hpi_core.read(str(path), options=ReadOptions(curves=(str(named),)))
        times = curves(sweep).filter(pl.col("metric") == "time")
        assert_whole(replace(sweep, curves=curves(sweep).filter(pl.col("metric") != "time").lazy()))
        assert name == "text" or messages(sweep, "steps")
        # Moments that tell the order of the steps tell the time of each of them too.
        assert times.height == (TRIALS * STEPS if name == "dates" else 0)
        assert times.select((pl.col("value") - 86400 * pl.col("step")).n_unique()).item() <= 1


@pytest.mark.parametrize("form", ["text", "milliseconds", "seconds"])
def test_times_beside_metric_and_value_tell_the_time_of_each_step(tmp_path: Path, form: str) -> None:
    """Where each row is of one metric, as in an export of MLflow or TensorBoard, beside the trials or alone."""
    begin = 1_700_000_000
    writings: dict[str, Callable[[int], str]] = {
        "text": lambda s: f"2026-01-01T00:{s:02d}:00",
        "milliseconds": lambda s: str(1000 * (begin + 60 * s)),
        "seconds": lambda s: str(begin + 60 * s),
    }
    rows = [
        f"{t},{s},{metric},{value},{writings[form](s)}"
        for t in range(TRIALS)
        for metric, value in (("val_loss", 0.5), ("train_loss", 0.25))
        for s in range(STEPS)
    ]
    named = write(tmp_path / "log.csv", ["trial_id,step,metric,value,timestamp", *rows])
    for sweep in (
        hpi_core.read(str(trials(tmp_path)), options=ReadOptions(curves=(str(named),))),
        hpi_core.read(str(named)),
    ):
        timed = with_time(sweep.curves, ["val_loss", "timestamp"])
        assert timed is not None
        points = timed.filter(pl.col("metric") == "val_loss").collect()
        assert points["time"].to_list() == [60.0 * s for _ in range(TRIALS) for s in range(STEPS)]
        assert curves(sweep)["metric"].unique().sort().to_list() == ["timestamp", "train_loss", "val_loss"]
        assert not messages(sweep, "repeated_step")
        assert not messages(sweep, "resumed")
        assert not messages(sweep, "dropped_columns")


def test_restarts_repeats_and_shuffled_steps(tmp_path: Path) -> None:
    path = trials(tmp_path)
    rows = []
    for t in range(TRIALS):
        steps = list(range(STEPS))
        if t == 0:  # crashed at step 12, went on from the checkpoint of step 8
            rows += [f"0,{s},{loss(0, s) + (5 if s >= 8 else 0)}" for s in range(12)]
            steps = steps[8:]
        if t == 1:
            rows.append(f"1,0,{loss(1, 0) + 5}")
        if t == 2:
            steps = steps[::-1]
        rows += [f"{t},{s},{loss(t, s)}" for s in steps]
    write(tmp_path / "sweep.curves.csv", ["trial_id,step,val_loss", *rows])
    sweep = hpi_core.read(str(path))
    assert_whole(sweep)
    assert "1 trials went back to an earlier step" in messages(sweep, "resumed")[0]
    assert "the steps of 1 trials stood in no order: they were sorted" in messages(sweep, "unsorted_steps")


def test_interleaved_rows_gaps_and_nan(tmp_path: Path) -> None:
    path = trials(tmp_path)
    rows = []
    for t in range(TRIALS):
        for s in range(STEPS):
            rows.append({"trial_id": t, "step": s, "train_loss": loss(t, s), "val_loss": None})
            if s % 5 == 0:
                value = float("nan") if (t, s) == (3, 10) else loss(t, s)
                rows.append({"trial_id": t, "step": s, "train_loss": None, "val_loss": value})
    text = "\n".join(json.dumps(row) for row in rows)
    (tmp_path / "sweep.curves.jsonl").write_text(text + "\n")
    frame = curves(hpi_core.read(str(path)))
    assert frame.filter(pl.col("metric") == "train_loss").height == TRIALS * STEPS
    evaluated = frame.filter(pl.col("metric") == "val_loss")
    assert evaluated["step"].unique().sort().to_list() == [0, 5, 10, 15]
    assert evaluated.filter(pl.col("value").is_nan()).select("_row", "step").rows() == [(3, 10)]


def test_a_file_cut_off_in_mid_row_loses_that_row_only(tmp_path: Path) -> None:
    path = trials(tmp_path)
    text = "\n".join(wide())
    (tmp_path / "sweep.curves.csv").write_text(text[:-4])  # 0.1… would read as another number
    sweep = hpi_core.read(str(path))
    frame = curves(sweep)
    assert frame.height == TRIALS * STEPS - 1
    assert frame.filter(pl.col("_row") == TRIALS - 1)["step"].max() == STEPS - 2
    assert not sweep.incomplete
    assert messages(sweep, "incomplete_step") == [
        "the last row of sweep.curves.csv was cut off: its values stand in no curve"
    ]


def test_a_file_that_is_no_table_costs_a_note_only(tmp_path: Path) -> None:
    path = trials(tmp_path)
    (tmp_path / "sweep.curves.parquet").write_bytes(b"PAR1 and then nothing")
    sweep = hpi_core.read(str(path))
    assert sweep.curves is None
    assert "damaged or unfinished Parquet" in messages(sweep, "refused_curves")[0]


def test_trials_without_metrics_show_the_last_value_of_their_curves(tmp_path: Path) -> None:
    write(tmp_path / "sweep.csv", ["trial_id,lr", *(f"{t},{0.1 * (t + 1):.1f}" for t in range(TRIALS))])
    write(tmp_path / "sweep_history.csv", wide())
    sweep = hpi_core.read(str(tmp_path / "sweep.csv"))
    assert sweep.trials["val_loss"].to_list() == [pytest.approx(loss(t, STEPS - 1)) for t in range(TRIALS)]
    assert sweep.roles.objective is not None


def test_trials_without_ids_are_their_row_numbers(tmp_path: Path) -> None:
    write(
        tmp_path / "sweep.csv", ["lr,val_loss", *(f"{0.1 * (t + 1):.1f},{loss(t, STEPS - 1)}" for t in range(TRIALS))]
    )
    write(tmp_path / "sweep.curves.csv", wide())
    sweep = hpi_core.read(str(tmp_path / "sweep.csv"))
    assert_whole(sweep)
    assert any("matched by trial_id as row number" in said for said in messages(sweep, "reshaped"))


def test_metrics_may_be_called_like_the_columns_of_a_curve(tmp_path: Path) -> None:
    source = trials(tmp_path)
    rows = [f"{trial},{step},{step + trial},{step * 2}" for trial in range(TRIALS) for step in range(STEPS)]
    write(tmp_path / "sweep.curves.csv", ["trial_id,step,value,metric", *rows])
    curves = hpi_core.read(source).curves
    assert curves is not None
    points = curves.collect()
    assert set(points["metric"]) == {"value", "metric"}
    assert points.filter(_row=3, metric="value", step=5)["value"].to_list() == [8.0]

    run = tmp_path / "runs" / "lr0.1"
    run.mkdir(parents=True)
    (run / "metrics.csv").write_text("step,value\n" + "".join(f"{step},{step}\n" for step in range(STEPS)))
    other = tmp_path / "runs" / "lr0.2"
    other.mkdir()
    (other / "metrics.csv").write_bytes((run / "metrics.csv").read_bytes())
    opened = hpi_core.read(tmp_path / "runs")
    assert opened.curves is not None
    assert opened.curves.collect()["metric"].unique().to_list() == ["value"]


ODD: dict[str, tuple[str, pl.Expr]] = {
    "ids with a point": ("csv", pl.col("trial_id").cast(pl.Float64)),
    "ids as floats": ("parquet", pl.col("trial_id").cast(pl.Float64)),
    "ids with zeros in front": ("csv", pl.col("trial_id").cast(pl.String).str.zfill(7)),
    "ids with blanks": ("parquet", pl.col("trial_id").cast(pl.String) + "  "),
    "values as text": ("parquet", pl.col("train_losses").cast(pl.String)),
    "steps as decimals": ("parquet", pl.col("epoch").cast(pl.Decimal(12, 2))),
    "steps as days": ("parquet", pl.col("epoch").cast(pl.Date)),
    "steps as words": ("csv", "epoch " + pl.col("epoch").cast(pl.String)),
}


@needs_shared
@pytest.mark.parametrize("odd", ODD)
def test_real_curves_written_oddly_are_the_same_curves(tmp_path: Path, odd: str) -> None:
    source, wide = _real(tmp_path)
    wide.write_parquet(tmp_path / "plain.parquet")
    form, change = ODD[odd]
    changed = wide.with_columns(change)
    getattr(changed, f"write_{form}")(tmp_path / f"odd.{form}")
    plain, found = (
        curves(hpi_core.read(str(source), options=ReadOptions(curves=(str(tmp_path / name),))))
        for name in ("plain.parquet", f"odd.{form}")
    )
    losses = found.filter(pl.col("metric") != "epoch")
    assert losses.height > 10_000
    assert_frame_equal(losses, plain, rel_tol=1e-6)


@needs_shared
def test_values_without_a_step_are_counted(tmp_path: Path) -> None:
    source, wide = _real(tmp_path)
    blank = pl.when(pl.col("epoch") % 7 != 0).then("epoch").alias("epoch")
    wide.with_columns(blank).write_csv(tmp_path / "odd.csv")
    sweep = hpi_core.read(str(source), options=ReadOptions(curves=(str(tmp_path / "odd.csv"),)))
    lost = 4 * wide.filter(pl.col("epoch") % 7 == 0).height
    assert messages(sweep, "missing_step") == [f"{lost:,} values have no step: they were left out of the curves"]


@needs_shared
def test_ids_that_are_one_number_name_no_trial(tmp_path: Path) -> None:
    """Where `07` and `7` are two trials, `7.0` is neither."""
    path = write(tmp_path / "sweep.csv", ["trial_id,lr", "a07,0.1", "07,0.2", "7,0.3", "8,0.4"])
    named = write(tmp_path / "c.csv", ["trial_id,step,loss", *(f"7.0,{s},{1 / (s + 1)}" for s in range(9))])
    with pytest.raises(SourceError, match="holds no curves of these trials"):
        hpi_core.read(str(path), options=ReadOptions(curves=(str(named),)))


def _real(folder: Path) -> tuple[Path, pl.DataFrame]:
    """Return 26 trials of DeepOBS in a file, and their curves with a column per metric."""
    trials = pl.read_csv(DATA / "12_curves" / "deepobs_trials.csv", infer_schema_length=None)
    trials = trials.filter(pl.col("testproblem") == "fmnist_2c2d").head(26)
    points = pl.read_parquet(DATA / "12_curves" / "deepobs_curves.parquet")
    points = points.filter(pl.col("trial_id").is_in(trials["trial_id"].implode()))
    trials.write_csv(folder / "sweep.csv")
    wide = points.with_columns(pl.col("metric").cast(pl.String)).pivot(
        on="metric", index=["trial_id", "epoch"], values="value"
    )
    return folder / "sweep.csv", wide


def test_what_stands_only_in_the_curves_was_never_searched(tmp_path: Path) -> None:
    """A schedule's last value is no learning rate somebody chose; one the trials themselves have is."""
    draw = random.Random(3)
    rates = [round(10 ** draw.uniform(-4, -1), 6) for _ in range(TRIALS)]
    decaying = [
        f"{trial},{step},{loss(trial, step)},{rates[trial] * 0.9**step:.6g},{0.1 * ((trial + step) % 3):.1f}"
        for trial in range(TRIALS)
        for step in range(STEPS)
    ]
    write(tmp_path / "sc.curves.csv", ["trial_id,step,val_loss,learning_rate,dead_fraction", *decaying])
    bare = write(tmp_path / "sc.csv", ["trial_id,wd", *(f"{trial},{0.01 * (trial + 1)}" for trial in range(TRIALS))])
    told = [f"{trial},{0.01 * (trial + 1)},{rates[trial]}" for trial in range(TRIALS)]
    page = " ".join(hpi("inspect", bare, home=tmp_path).stdout.decode().split())
    assert "Hyperparameters 1 column " in page
    assert "Metrics 3 columns" in page
    assert "learning_rate" not in hpi("next", bare, home=tmp_path).stdout.decode()
    both = write(tmp_path / "sc.csv", ["trial_id,wd,learning_rate", *told])
    sweep = hpi_core.read(both)
    assert [h.name for h in sweep.roles.hyperparameters] == ["wd", "learning_rate"]
    assert sweep.trials["learning_rate"].to_list() == rates


@pytest.mark.parametrize(("factor", "chosen"), [(0.9, ["wd"]), (1.0, ["wd", "learning_rate"])])
def test_a_rate_that_changes_within_the_trials_of_one_table_is_a_schedule(
    factor: float, chosen: list[str], tmp_path: Path
) -> None:
    rows = [
        f"{trial},{0.01 * (trial + 1)},{step},{loss(trial, step)},{0.1 / (trial + 1) * factor**step:.6g}"
        for trial in range(TRIALS)
        for step in range(STEPS)
    ]
    one = write(tmp_path / "one.csv", ["trial_id,wd,step,val_loss,learning_rate", *rows])
    assert [h.name for h in hpi_core.read(one).roles.hyperparameters] == chosen


def test_a_rate_that_one_trial_was_resumed_with_differently_is_a_setting(tmp_path: Path) -> None:
    rows = [
        f"{trial},{step},{loss(trial, step)},{0.1 / (trial + 1) * (0.5 if trial == 3 and step > 9 else 1):.6g}"
        for trial in range(TRIALS)
        for step in range(STEPS)
    ]
    one = write(tmp_path / "one.csv", ["trial_id,step,val_loss,learning_rate", *rows])
    assert [h.name for h in hpi_core.read(one).roles.hyperparameters] == ["learning_rate"]
