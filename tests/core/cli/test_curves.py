"""What went wrong over time reaches the person: the page, the summary, the report, from files of every kind."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hpi_core import demo
from tests.core.cli.running import hpi, hpi_process
from tests.shared_data import DATA, needs_shared

STEPS = 1000


def run(path: Path, *arguments: str | Path, home: Path) -> dict[str, Any]:
    done = hpi("inspect", path, "--json", *arguments, home=home)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert not [row for row in found["coverage"] if row["state"] == "crashed"]
    return found


def issues(summary: dict[str, Any]) -> dict[str, Any]:
    return {issue["issue"]: issue for issue in summary["issues"]}


def written(folder: Path, form: str) -> tuple[Path, Path]:
    """Write thirty trials and their curves: trial 4 is NaN from step 812 on, 9 jumps at 500, 17 diverges from 600."""
    draw = random.Random(11)
    rows, table = [], ["trial_id,lr,train_loss"]
    for trial in range(30):
        values = [2 * math.exp(-0.01 * (1 + trial / 30) * s) + 0.3 + draw.gauss(0, 0.01) for s in range(STEPS)]
        if trial == 4:
            values[812:] = [math.nan] * (STEPS - 812)
        if trial == 9:
            values[500:] = [value + 0.5 for value in values[500:]]
        if trial == 17:
            values[600:] = [value + 0.008 * (s + 1) for s, value in enumerate(values[600:])]
        table.append(f"{trial},{0.001 * (trial + 1):.3f},{values[-1]:.6g}")
        rows += [(trial, step, value) for step, value in enumerate(values)]
    source = folder / "sweep.csv"
    source.write_text("\n".join(table) + "\n")
    curves = folder / f"curves.{form}"
    if form == "csv":
        curves.write_text("\n".join(["trial_id,step,train_loss", *(f"{t},{s},{v:.6g}" for t, s, v in rows)]) + "\n")
    elif form == "jsonl":
        curves.write_text("".join(json.dumps({"trial_id": t, "step": s, "train_loss": v}) + "\n" for t, s, v in rows))
    else:
        import polars as pl

        pl.DataFrame(rows, schema=["trial_id", "step", "value"], orient="row").with_columns(
            pl.lit("train_loss").alias("metric")
        ).write_parquet(curves)
    return source, curves


def test_the_installed_command_reads_the_demo_with_its_curves(tmp_path: Path) -> None:
    done = hpi_process("inspect", demo.path(), home=tmp_path)
    page = done.stdout.decode()
    assert done.returncode == 0
    assert "curves from sweep.curves.parquet" in page
    for title in ("Got worse again on held-out data", "Still noisy at the end", "The training loss jumped"):
        assert title in page


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_named_curves_tell_the_step(tmp_path: Path, form: str) -> None:
    source, curves = written(tmp_path, form)
    summary = run(source, "--curves", curves, home=tmp_path)
    assert summary["source"]["curves_from"] == curves.name
    found = issues(summary)
    assert found["nonfinite_metric"]["trials"] == ["4"]
    assert found["nonfinite_metric"]["evidence"] == "train_loss is NaN; first at step 812 of 999"
    assert found["spike"]["trials"] == ["9"]
    assert "at step 500" in found["spike"]["evidence"]
    assert "never came down again" in found["spike"]["evidence"]
    assert found["diverged"]["trials"] == ["17"]
    assert "left its best" in found["diverged"]["evidence"]
    report = tmp_path / "report.md"
    assert hpi("report", source, "--curves", curves, "-o", report, home=tmp_path).returncode == 0
    assert "first at step 812 of 999" in report.read_text()


def test_a_file_without_these_trials_is_refused_in_one_sentence(tmp_path: Path) -> None:
    source, _ = written(tmp_path, "csv")
    other = tmp_path / "other.csv"
    other.write_text("trial_id,step,train_loss\nx1,0,1.0\nx1,1,0.5\nx2,0,1.0\n")
    done = hpi_process("inspect", source, "--curves", other, home=tmp_path)
    assert done.returncode == 3
    assert done.stderr.decode().splitlines() == [
        "hpi: other.csv holds no curves of these trials: 0 of its 2 ids are those of trials.",
        "     It needs a column with the ids of the trials, one of steps, and the values.",
    ]


@pytest.mark.parametrize(
    ("name", "values"),
    {
        "one point": [1.0],
        "all NaN": [math.nan] * 50,
        "all infinite": [math.inf] * 50,
        "constant": [0.7] * 50,
        "huge": [1e308, -1e308] * 25,
        "tiny": [1e-320 * i for i in range(50)],
        "zeros": [0.0] * 50,
        "one finite": [math.nan, 1.0, *[math.nan] * 48],
    }.items(),
)
def test_odd_curves_crash_nothing(tmp_path: Path, name: str, values: list[float]) -> None:
    source = tmp_path / "sweep.csv"
    source.write_text(
        "\n".join(["trial_id,lr,val_loss", *(f"{t},{0.1 * (t + 1):.1f},0.{t + 1}" for t in range(9))]) + "\n"
    )
    lines = [f"{t},{s},{v},{v}" for t in range(9) for s, v in enumerate(values if t % 2 else [2.0, 1.0, 0.5])]
    (tmp_path / "sweep.curves.csv").write_text("\n".join(["trial_id,step,train_loss,val_loss", *lines]) + "\n")
    summary = run(source, home=tmp_path)
    assert summary["source"]["curves"], name


@needs_shared
@pytest.mark.parametrize(
    ("family", "where", "objective", "expected"),
    [
        ("deepobs", 'testproblem = "fmnist_2c2d"', "test_losses_final", {"rebound", "spike", "diverged"}),
        ("algoperf", 'workload = "fastmri"', "validation/loss", {"spike", "gradient_spike", "still_improving"}),
    ],
)
def test_real_curves(tmp_path: Path, family: str, where: str, objective: str, expected: set[str]) -> None:
    folder = DATA / "12_curves"
    source, curves = folder / f"{family}_trials.csv", folder / f"{family}_curves.parquet"
    summary = run(source, "--curves", curves, "--where", where, "--objective", objective, "--minimize", home=tmp_path)
    assert summary["source"]["curves_from"] == curves.name
    assert expected <= set(issues(summary))
    assert all(issues(summary)[issue]["evidence"] for issue in expected)


@needs_shared
@pytest.mark.parametrize("alone", [False, True], ids=["beside the trials", "alone"])
def test_times_of_long_curves_tell_which_trial_became_slower(tmp_path: Path, alone: bool) -> None:
    """DeepOBS with a time per point, in milliseconds: one trial takes three times as long per epoch from 60 on."""
    trials = pl.read_csv(DATA / "12_curves" / "deepobs_trials.csv", infer_schema_length=None)
    trials = trials.filter(pl.col("testproblem") == "fmnist_2c2d").head(20)
    slow = trials["trial_id"][5]
    points = pl.read_parquet(DATA / "12_curves" / "deepobs_curves.parquet")
    points = points.filter(pl.col("trial_id").is_in(trials["trial_id"].implode()))
    late = pl.when(pl.col("trial_id") == slow).then(24 * (pl.col("epoch") - 60).clip(0)).otherwise(0)
    moment = (1_700_000_000_000 + 1000 * (12 * pl.col("epoch") + late)).cast(pl.Int64)
    points.with_columns(moment.alias("timestamp")).write_csv(tmp_path / "sweep.curves.csv")
    trials.write_csv(tmp_path / "sweep.csv")
    summary = run(tmp_path / ("sweep.curves.csv" if alone else "sweep.csv"), home=tmp_path)
    found = issues(summary)["throughput_drop"]
    assert found["trials"] == [str(slow)]
    assert found["evidence"].startswith("time per step was 12 over the first fifth and 36 at the end")
