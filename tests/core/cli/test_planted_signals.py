"""Trouble planted in gradients, layers, memory and clocks beside real curves is found by the installed command.

Each file holds real losses of DeepOBS; one measurement is added that is sound in every trial but one. Every detector of
such measurements must name that trial, and nobody where it was not planted.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.core.cli.running import HPI, hpi
from tests.shared_data import DATA, needs_shared

SICK, POINTS = 5, 80
Signals = dict[str, list[np.ndarray[Any, np.dtype[np.float64]]]]


def _losses() -> pl.DataFrame:
    trials = pl.read_csv(DATA / "12_curves" / "deepobs_trials.csv", infer_schema_length=None)
    points = pl.read_parquet(DATA / "12_curves" / "deepobs_curves.parquet")
    chosen = trials.filter(testproblem="fmnist_2c2d", optimizer="GradientDescentOptimizer")["trial_id"]
    losses = points.filter(
        pl.col("trial_id").is_in(chosen.cast(pl.UInt32).implode()) & (pl.col("metric") == "train_losses")
        & (pl.col("epoch") < POINTS)
    )  # fmt: skip
    calm = losses.group_by("trial_id").agg(pl.col("value").max(), pl.col("value").is_finite().all().alias("whole"))
    kept = calm.filter(pl.col("whole") & (pl.col("value") < 2.5)).sort("trial_id")["trial_id"].head(12)
    assert kept.len() == 12
    return losses.filter(pl.col("trial_id").is_in(kept.implode())).sort("trial_id", "epoch")


def _sound(random: np.random.Generator) -> Signals:
    """Return what a healthy trainer logs, twelve trials of each."""

    def around(level: float, spread: float = 0.05) -> list[np.ndarray[Any, np.dtype[np.float64]]]:
        return [level * (1 + random.normal(0, spread, POINTS)) for _ in range(12)]

    step = np.arange(POINTS)
    return {
        "grad_norm": around(1.2, 0.1),
        "grad_norm/layer1": around(0.8, 0.1),
        "grad_norm/layer2": around(0.9, 0.1),
        "gpu_memory_gb": around(7.0, 0.001),
        "dead_units": around(0.04),
        "saturated_units": around(0.03),
        "update_ratio": around(1e-3),
        "weight_norm": [10 + 0.02 * step + random.normal(0, 0.01, POINTS) for _ in range(12)],
        "timestamp": [1.7e9 + np.cumsum(np.full(POINTS, 30.0) + random.normal(0, 1, POINTS)) for _ in range(12)],
    }


def _planted(issue: str, signals: Signals) -> None:
    """Make one trial sick."""
    step = np.arange(POINTS)
    late = step >= 50

    def change(name: str, values: np.ndarray[Any, np.dtype[np.float64]]) -> None:
        signals[name] = [values if n == SICK else other for n, other in enumerate(signals[name])]

    norm = signals["grad_norm"][SICK]
    memory, clock = signals["gpu_memory_gb"][SICK], 1.7e9 + np.cumsum(np.where(late, 90.0, 30.0))
    match issue:
        case "gradient_nonfinite":
            change("grad_norm", np.where(step >= 60, np.nan, norm))
        case "vanishing_gradient":
            change("grad_norm", np.where(late, 1e-9, norm))
        case "exploding_gradient":
            change("grad_norm", norm * 1.12**step)
        case "always_clipped":
            change("grad_norm", norm + 20)
        case "gradient_spike":
            change("grad_norm", np.where(step == 50, 60.0, norm))
        case "memory_growth":
            change("gpu_memory_gb", memory + 0.05 * step)
        case "dead_units":
            change("dead_units", np.where(late, 0.8, 0.04))
        case "saturated_units":
            change("saturated_units", np.where(late, 0.8, 0.03))
        case "update_ratio":
            change("update_ratio", np.full(POINTS, 0.5))
        case "unchanged_weights":
            change("weight_norm", np.full(POINTS, 10.0))
        case "throughput_drop":
            change("timestamp", clock)
        case "poor_initialization":
            change("grad_norm/layer1", np.where(step < 10, 1e-6, signals["grad_norm/layer1"][SICK]))


def _inspected(folder: Path, issue: str) -> dict[str, Any]:
    losses = _losses()
    ids = losses["trial_id"].unique(maintain_order=True).to_list()
    signals = _sound(np.random.default_rng(7))
    _planted(issue, signals)
    wide = losses.select("trial_id", pl.col("epoch").alias("step"), pl.col("value").alias("train_loss"))
    wide = wide.with_columns(pl.Series(name, np.concatenate(values)) for name, values in signals.items())
    wide.write_parquet(folder / "sweep.curves.parquet")
    final = wide.group_by("trial_id", maintain_order=True).agg(pl.col("train_loss").last())
    settings = {"lr": np.geomspace(1e-3, 1e-1, len(ids)), "max_grad_norm": np.full(len(ids), 10.0)}
    final.with_columns(pl.Series(name, values) for name, values in settings.items()).write_csv(folder / "sweep.csv")
    arguments = ("inspect", folder / "sweep.csv", "--json", "--all")
    if issue == "nothing":  # the installed script once, the same in this process otherwise
        done = subprocess.run([HPI, *arguments], capture_output=True, check=False)
    else:
        done = hpi(*arguments, home=folder)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    found["sick id"] = str(ids[SICK])
    return found


SIGNALS = (
    "gradient_nonfinite", "vanishing_gradient", "exploding_gradient", "gradient_spike", "memory_growth", "dead_units",
    "saturated_units", "update_ratio", "unchanged_weights", "always_clipped", "throughput_drop", "poor_initialization",
)  # fmt: skip


@needs_shared
@pytest.mark.parametrize("issue", [*SIGNALS, "nothing"])
def test_a_planted_signal_names_its_trial_and_a_clean_file_nobody(tmp_path: Path, issue: str) -> None:
    found = _inspected(tmp_path, issue)
    ran = {row["detector"]: row["state"] for row in found["coverage"]}
    assert {ran[name] for name in SIGNALS} == {"ran"}
    named = {one["issue"]: one["trials"] for one in found["issues"] if one["issue"] in SIGNALS}
    if issue == "nothing":
        assert named == {}
    else:
        assert named[issue] == [found["sick id"]]
        assert set(named) <= {issue, "exploding_gradient", "gradient_spike"}
