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
