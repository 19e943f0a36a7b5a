"""Runs that W&B's own client writes, offline: read as the client was told to write them.

It needs `wandb`, which is too large to depend on: in this environment, or in that of HPI_ORACLE_PYTHON.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.core.cli.running import hpi_process

PYTHON = os.environ.get("HPI_ORACLE_PYTHON", sys.executable)
WRITE = """
import json, math, os, sys, time
os.environ.update(WANDB_SILENT="true", WANDB_MODE="offline", WANDB_DIR=sys.argv[1])
import wandb
told = {}
for number in range(3):
    before = time.time()
    config = {"lr": 10.0 ** -number, "seed": number, "model": {"depth": 3, "act": {"name": "relu"}}}
    run = wandb.init(project="planets", group=f"g{number // 2}", job_type="train", name=f"name {number}",
                     tags=["a", "b"], notes="all well", config=config, reinit="finish_previous")
    run.define_metric("score", summary="max")
    run.define_metric("cost", summary="min")
    for step in range(5):
        run.log({"score": step / 5, "cost": 1 / (1 + step), "loss": math.nan if step == 3 else 2.0 - step,
                 "nested": {"inner": float(step)}, "note": "word"})
    print("ValueError: no" if number == 2 else "fine", flush=True)
    run.finish(exit_code=1 if number == 2 else 0)
    told[run.id] = {"before": before, "after": time.time(), "number": number}
print(json.dumps(told))
"""


def test_runs_that_the_client_wrote_are_read_as_it_was_told(tmp_path: Path) -> None:
    if subprocess.run([PYTHON, "-c", "import wandb"], capture_output=True, check=False).returncode:
        pytest.skip("wandb is installed neither here nor for HPI_ORACLE_PYTHON")
    (tmp_path / "runs").mkdir()
    written = subprocess.run([PYTHON, "-c", WRITE, tmp_path / "runs"], capture_output=True, text=True, check=True)
    told = json.loads(written.stdout.strip().splitlines()[-1])
    done = hpi_process("convert", tmp_path / "runs", tmp_path / "out", home=tmp_path)
    assert done.returncode == 0, done.stderr
    trials = pl.read_parquet(tmp_path / "out/trials.parquet")
    assert trials.height == 3
    for row in trials.iter_rows(named=True):
        number, moments = told[row["run"]]["number"], told[row["run"]]
        assert (row["lr"], row["seed"]) == (10.0**-number, number)
        assert (row["model.depth"], row["model.act.name"]) == (3, "relu")
        assert (row["status"], row["exit_code"]) == (("failed", 1) if number == 2 else ("finished", 0))
        assert (row["group"], row["job_type"], row["name"]) == (f"g{number // 2}", "train", f"name {number}")
        assert (row["tags"], row["notes"]) == ("a, b", "all well")
        assert row["error"] == ("ValueError: no" if number == 2 else None)
        start, end = (row[name].replace(tzinfo=UTC) for name in ("start_time", "end_time"))
        assert datetime.fromtimestamp(moments["before"], UTC) <= start <= end
        assert end <= datetime.fromtimestamp(moments["after"], UTC)
    assert not [name for name in trials.columns if name.startswith("_wandb")]
    curves = pl.read_parquet(tmp_path / "out/curves.parquet")
    assert curves.height == 3 * 5 * 4
    lost = curves.filter(pl.col("metric") == "loss")["value"].to_list()
    assert [math.isnan(value) for value in lost] == [False, False, False, True, False] * 3
    inspected = json.loads(hpi_process("inspect", tmp_path / "runs", "--json", home=tmp_path).stdout)
    directions = {metric["name"]: metric["direction"] for metric in inspected["roles"]["metrics"]}
    assert (directions["score"], directions["cost"]) == ("max", "min")
