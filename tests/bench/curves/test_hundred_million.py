"""A hundred million points (10,000 trials x 10,000 steps, Parquet): features against a bare aggregation, and `hpi`.

Each measurement runs in a process of its own: CPU seconds, wall seconds and the most memory it held are printed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars.io.plugins import register_io_source

from tests.core.cli.running import HPI

TRIALS = STEPS = 10_000
POINTS = TRIALS * STEPS
# Trials or steps that are in memory at once while the file is written.
_BATCH = 100
SCHEMA = pl.Schema({"trial_id": pl.UInt32, "step": pl.Int64, "train_loss": pl.Float64})
_MEASURE = """
import json, resource, sys, time
from pathlib import Path
import polars as pl
from hpi_core.curves.features import curve_features
from hpi_core.tables.large_curves import attach_large, large_parquet
from hpi_core.tables.table import Table, never, silent
path, what = sys.argv[1:]
curves = pl.scan_parquet(path).select(pl.col("trial_id").alias("_row"), pl.lit("train_loss").alias("metric"), "step",
                                      pl.col("train_loss").alias("value"))
x, y = pl.col("step").cast(pl.Float64), pl.col("value")
bare = [pl.len(), y.max_by("step").alias("last"), y.min().alias("best"), pl.col("step").min_by("value").alias("at"),
        x.sum().alias("x"), (x * x).sum().alias("xx"), (x * y).sum().alias("xy"), y.sum().alias("y")]
def used():
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime
started, wall = used(), time.perf_counter()
if what == "bare":
    rows = curves.group_by("_row", "metric").agg(bare).collect().height
elif what == "features":
    rows = curve_features(curves).height
else:
    trials = Table(pl.read_parquet(Path(path).parent / "sweep.parquet"))
    rows = curve_features(attach_large(trials, large_parquet(Path(path)), 0.0, silent, never).scanned).height
print(json.dumps({"cpu": used() - started, "wall": time.perf_counter() - wall, "rows": rows,
                  "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Write the trials, their curves in order, and the same number of points in no order; all are removed at once."""
    home = tmp_path_factory.mktemp("large")
    rates = pl.DataFrame({"trial_id": range(TRIALS), "lr": np.logspace(-4, 0, TRIALS)})
    rates.with_columns(pl.Series("train_loss", np.linspace(0.31, 0.33, TRIALS))).write_parquet(home / "sweep.parquet")
    for name, parts in (("curves", _in_order), ("scattered", _scattered)):
        lazy = register_io_source(lambda *_, parts=parts: parts(), schema=SCHEMA)
        lazy.sink_parquet(home / f"{name}.parquet", row_group_size=1_000_000)
    yield home
    for file in home.iterdir():
        file.unlink()


def _in_order() -> Iterator[pl.DataFrame]:
    random = np.random.default_rng(1)
    steps = np.arange(STEPS)
    for first in range(0, TRIALS, _BATCH):
        rows = np.repeat(np.arange(first, first + _BATCH), STEPS)
        yield _points(rows, np.tile(steps, _BATCH), random)


def _scattered() -> Iterator[pl.DataFrame]:
    """All trials log side by side, and a hundred steps at a time in no order."""
    random = np.random.default_rng(2)
    for first in range(0, STEPS, _BATCH):
        order = random.permutation(TRIALS * _BATCH)
        rows = np.tile(np.arange(TRIALS), _BATCH)[order]
        yield _points(rows, np.repeat(np.arange(first, first + _BATCH), TRIALS)[order], random)


def _points(
    rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    steps: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    random: np.random.Generator,
) -> pl.DataFrame:
    """Return losses that fall; trial 17 is NaN from step 8,120 on, trial 4,711 jumps up at step 5,000."""
    values = 2 * np.exp(-5 * steps / STEPS) + 0.3 + random.normal(0, 0.02, rows.size)
    values[(rows == 17) & (steps >= 8120)] = np.nan
    values[(rows == 4711) & (steps >= 5000)] += 1
    return pl.DataFrame({"trial_id": rows, "step": steps, "train_loss": values}).cast(dict(SCHEMA.items()))


def _measured(path: Path, what: str) -> dict[str, float]:
    done = subprocess.run([sys.executable, "-c", _MEASURE, path, what], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    print(
        f"\n{what} of {path.stem}: {found['cpu']:.1f} s of CPU, {found['wall']:.1f} s, {found['mb']:.0f} MB", flush=True
    )
    assert found["rows"] == TRIALS
    return found


def test_features_against_a_bare_aggregation(folder: Path) -> None:
    bare = _measured(folder / "curves.parquet", "bare")
    features = _measured(folder / "curves.parquet", "features")
    ratio = features["cpu"] / bare["cpu"]
    print(f"{POINTS / 1e6:.0f} M points: {ratio:.1f} times the CPU time of a bare aggregation")
    assert ratio <= 12
    assert features["mb"] < 2000


def test_points_in_no_order_are_partitioned_first(folder: Path) -> None:
    assert _measured(folder / "scattered.parquet", "partition and features")["mb"] < 2000


@pytest.mark.parametrize("name", ["curves", "scattered"])
def test_the_installed_command_reads_them_within_two_gigabytes(folder: Path, name: str) -> None:
    command = [str(HPI), "inspect", f"{folder}/sweep.parquet", "--curves", f"{folder}/{name}.parquet", "--json"]
    environment = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder)}
    with (folder / "out.json").open("wb") as out, subprocess.Popen(command, stdout=out, env=environment) as process:
        _, status, spent = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    summary = json.loads((folder / "out.json").read_text())
    seconds = spent.ru_utime + spent.ru_stime
    print(f"\nhpi inspect with {name}.parquet: {seconds:.0f} s of CPU, {spent.ru_maxrss / 1024:.0f} MB")
    assert process.returncode == 0
    found = {issue["issue"]: issue for issue in summary["issues"]}
    assert found["nonfinite_metric"]["evidence"] == "train_loss was first not finite at step 8,120 of 9,999"
    assert "4711" in found["spike"]["trials"]
    assert spent.ru_maxrss / 1024 < 2000
    assert not list(folder.glob("hpi-curves-*")), "the command left temporary files behind"
