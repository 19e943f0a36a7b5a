"""CPU time and memory of reading folders of runs: 1,000 of Weights & Biases, with and without their logs, and others.

Run with `pytest tests/bench/reading -s`; each reading happens in a process of its own. CPU time is judged, not the
clock on the wall: the machine may be busy.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hpi_core
from hpi_core.conversion import convert
from tests.core.readers.test_ray_tune import write_trial
from tests.core.readers.test_run_folders import write_lightning
from tests.core.readers.wandb_store import write_run

RUNS = 1000
STEPS = 100
CHILD = """
import json, re, resource, sys
from pathlib import Path
import polars, hpi_core
import hpi_core.readers._reading
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
before, low = resource.getrusage(resource.RUSAGE_SELF), peak()
sweep = hpi_core.read(sys.argv[1])
points = 0 if sweep.curves is None else sweep.curves.collect().height
after = resource.getrusage(resource.RUSAGE_SELF)
def size_of(frame):  # polars leaves out the 16 bytes that each text takes in its column
    return frame.estimated_size() + 16 * frame.height * sum(dtype == polars.String for dtype in frame.dtypes)
frame = size_of(sweep.trials) + (0 if sweep.curves is None else size_of(sweep.curves.collect()))
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"cpu": cpu, "grown": peak() - low, "frame": frame,
                  "trials": sweep.trials.height, "points": points}))
"""


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
    shutil.copytree(logged, bare)
    for path in bare.rglob("*.wandb"):
        path.unlink()
    convert(hpi_core.read(logged), root / "converted")
    return {path.name: path for path in (logged, bare, lightning, ray, root / "converted")}


@pytest.mark.parametrize(
    ("name", "seconds"), [("logged", 3.0), ("bare", 3.0), ("lightning", 8.0), ("ray", 8.0), ("converted", 0.5)]
)
def test_a_thousand_runs(stores: dict[str, Path], name: str, seconds: float) -> None:
    done = subprocess.run([sys.executable, "-c", CHILD, str(stores[name])], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    print(f"\n{name:10} {told['trials']:,} runs {told['points']:>9,} points  cpu {told['cpu']:.2f} s", end="  ")
    ratio = told["grown"] / told["frame"]
    print(f"memory +{told['grown'] / 1e6:.0f} MB  frame {told['frame'] / 1e6:.1f} MB (x {ratio:.1f})")
    assert told["trials"] == RUNS
    assert told["cpu"] < seconds
