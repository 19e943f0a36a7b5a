"""Features of ten million points against a bare aggregation of the same file, by CPU time; memory; how it scales."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

STEPS = 10_000
_MEASURE = """
import json, resource, sys, time
import polars as pl
from hpi_core.curves.features import curve_features
path, what = sys.argv[1:]
curves = pl.scan_parquet(path)
x, y = pl.col("step").cast(pl.Float64), pl.col("value")
bare = [pl.len(), y.max_by("step").alias("last"), y.min().alias("best"), pl.col("step").min_by("value").alias("at"),
        x.sum().alias("x"), (x * x).sum().alias("xx"), (x * y).sum().alias("xy"), y.sum().alias("y")]
def used():
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime
started, wall = used(), time.perf_counter()
rows = (curves.group_by("_row", "metric").agg(bare).collect() if what == "bare" else curve_features(curves)).height
print(json.dumps({"cpu": used() - started, "wall": time.perf_counter() - wall, "rows": rows,
                  "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def _write(path: Path, trials: int) -> None:
    random = np.random.default_rng(trials)
    steps = np.arange(STEPS)
    parts = []
    for first in range(0, trials, 100):
        values = 2 * np.exp(-5 * steps / STEPS) + 0.3 + random.normal(0, 0.02, (100, STEPS))
        rows = np.repeat(np.arange(first, first + 100), STEPS).astype(np.uint32)
        parts.append(
            pl.DataFrame(
                {
                    "_row": rows,
                    "metric": pl.Series(["loss"]).new_from_index(0, rows.size),
                    "step": np.tile(steps, 100),
                    "value": values.ravel(),
                }
            )
        )
    pl.concat(parts).write_parquet(path, row_group_size=1_000_000)


@pytest.mark.parametrize("trials", [200, 1000])
def test_features_against_a_bare_aggregation(tmp_path: Path, trials: int) -> None:
    path = tmp_path / "curves.parquet"
    _write(path, trials)
    told = {}
    for what in ("bare", "features"):
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE, str(path), what], capture_output=True, text=True, check=True
        )
        told[what] = json.loads(done.stdout)
    ratio = told["features"]["cpu"] / told["bare"]["cpu"]
    print(f"\n{trials * STEPS / 1e6:.0f} M points, CPU ratio {ratio:.1f}: {told}")
    assert told["features"]["rows"] == trials
    assert told["features"]["mb"] < 2000
    if trials >= 1000:
        assert ratio <= 12


_LONGEST = """
import json, resource, sys, time
import numpy as np
import polars as pl
from hpi_core.charts.crowd import crowd
from hpi_core.charts.series import downsample
from hpi_core.curves.features import curve_features
curves = pl.scan_parquet(sys.argv[1])
told = {}
def used():
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime
def measured(name, what):
    started = used()
    found = what()
    told[name] = {"cpu": used() - started, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    return found
span = (0.0, 1e7)
drawn = measured(
    "extremes per column", lambda: crowd(curves, "loss", "step", span, 220, np.array([0]), np.array([False]))
)
features = measured("features", lambda: curve_features(curves))
whole = curves.select("step", "value").collect()
x, values = whole["step"].cast(pl.Float64).to_numpy(), whole["value"].to_numpy()
again = measured("redrawn", lambda: downsample(x, values, *span, 220))
told["high"], told["low"] = float(drawn.values.max()), float(drawn.values.min())
told["best_step"], told["points"] = features["best_step"][0], int(drawn.values.size)
told["same"] = bool(set(drawn.values) == set(again[1]))
print(json.dumps(told))
"""


def test_ten_million_points_in_one_trial(tmp_path: Path) -> None:
    size = 10_000_000
    path = tmp_path / "curves.parquet"
    values = 2 * np.exp(-np.arange(size) / 2e6) + 0.3 + np.random.default_rng(0).normal(0, 0.01, size)
    values[3_333_333], values[5_555_555] = 40, -7
    names = pl.Series(["loss"]).new_from_index(0, size)
    points = pl.DataFrame({"_row": np.zeros(size, np.uint32), "metric": names, "step": np.arange(size)})
    points.with_columns(pl.Series("value", values)).write_parquet(path, row_group_size=500_000)
    done = subprocess.run([sys.executable, "-c", _LONGEST, str(path)], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    print(f"\n10 M points in one trial: {told}")
    assert (told["high"], told["low"], told["best_step"]) == (40, -7, 5_555_555)
    assert told["same"]
    assert told["points"] <= 2 * 222
    assert told["extremes per column"]["mb"] < 1000
    assert told["features"]["mb"] < 2000
    assert told["redrawn"]["cpu"] < 2
