"""CPU time and memory of reading folders of runs: 1,000 of Weights & Biases, with and without their logs, and others.

Run with `pytest tests/bench/reading -s`; each reading happens in a process of its own. CPU time is judged, not the
clock on the wall: the machine may be busy.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import hpi_core
from hpi_core.conversion import convert
from tests.bench.reading.measuring import MEMORY, OURS, measured
from tests.core.readers.test_ray_tune import write_trial
from tests.core.readers.test_run_folders import write_lightning
from tests.core.readers.wandb_store import write_run

RUNS = 1000
STEPS = 100
MANY, FEW = 10_000, 100


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("stores")
    logged, bare, lightning, ray = root / "logged", root / "bare", root / "lightning", root / "ray"
    for number in range(RUNS):
        settings: dict[str, object] = {**{f"p{index}": index * 1.5 for index in range(30)}, "lr": 1e-3 * number}
        rows = [{"train/loss": 1 / (n + 1), "val/loss": 2 / (n + 1), "acc": n / 200, "lr": 0.1} for n in range(STEPS)]
        write_run(logged, f"r{number:06}", settings=settings, history=rows, output=[f"line {n}" for n in range(100)])
        write_lightning(lightning / f"version_{number}", settings, [1 / (n + 1) for n in range(STEPS)])
        write_trial(ray, f"{number:05}", settings, [1 / (n + 1) for n in range(STEPS)])
        if number == 20:  # what the first reading loads stays, however small it is: these few are read before
            for path in (logged, lightning, ray):
                shutil.copytree(path, root / f"few {path.name}")
    for folder, few in ((logged, "bare"), (root / "few logged", "few bare")):
        shutil.copytree(folder, root / few)
        convert(hpi_core.read(folder), root / few.replace("bare", "converted"))
    for path in (*bare.rglob("*.wandb"), *(root / "few bare").rglob("*.wandb")):
        path.unlink()
    return {path.name: path for path in root.iterdir()}


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write ten times as many short runs of Weights & Biases, five times as many trials of Ray, and a few of each."""
    root = tmp_path_factory.mktemp("large")
    settings: dict[str, object] = {f"p{index}": index * 1.5 for index in range(10)}
    rows = [{"train/loss": 1 / (n + 1), "val/loss": 2 / (n + 1)} for n in range(20)]
    for number in range(MANY):
        told = {**settings, "lr": 1e-3 * number}
        for folder in ("wandb", "few wandb")[: 2 if number < FEW else 1]:
            write_run(root / folder, f"r{number:06}", settings=told, history=rows)
        if number < MANY // 2:
            for folder in ("ray", "few ray")[: 2 if number < FEW else 1]:
                write_trial(root / folder, f"{number:05}", told, [1 / (n + 1) for n in range(50)])
    return {path.name: path for path in root.iterdir()}


@pytest.mark.parametrize(
    ("name", "seconds"), [("logged", 3.0), ("bare", 3.0), ("lightning", 8.0), ("ray", 8.0), ("converted", 0.5)]
)
def test_a_thousand_runs(stores: dict[str, Path], name: str, seconds: float) -> None:
    told = measured(sys.executable, OURS, stores[name], stores[f"few {name}"])
    print(f"\n{name:10} {told['rows']:,} runs  cpu {told['seconds']:.2f} s", end="  ")
    ratio = told["grown"] / told["frame"]
    print(f"memory +{told['grown'] / 1e6:.0f} MB  frame {told['frame'] / 1e6:.1f} MB (x {ratio:.1f})")
    assert told["rows"] == RUNS
    assert told["seconds"] < seconds


@pytest.mark.parametrize(("name", "runs", "seconds"), [("wandb", MANY, 30.0), ("ray", MANY // 2, 40.0)])
def test_many_runs_cost_in_proportion_and_little_memory(
    large: dict[str, Path], name: str, runs: int, seconds: float
) -> None:
    told = measured(sys.executable, OURS, large[name], large[f"few {name}"])
    few = measured(sys.executable, OURS, large[f"few {name}"], large[f"few {name}"])
    each, one = told["seconds"] / runs, few["seconds"] / FEW
    print(f"\n{name:10} {runs:,} runs  cpu {told['seconds']:.2f} s, a run {each / one:.2f} x one of {FEW}", end="  ")
    print(f"frame {told['frame'] / 1e6:.1f} MB  memory x {told['grown'] / told['frame']:.2f} (allowed {MEMORY})")
    assert told["rows"] == runs
    assert told["seconds"] < seconds
    assert told["grown"] <= MEMORY * told["frame"]
    assert each < 2 * one
