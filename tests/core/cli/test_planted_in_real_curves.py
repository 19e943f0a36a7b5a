"""Every issue of curves planted once into real curves that have none of them: found on its trial, at its step."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest

from tests.core.cli.running import hpi
from tests.shared_data import DATA, needs_shared

pytestmark = needs_shared
Floats = npt.NDArray[np.float64]
N = 161
TRAIN, TEST = "train_losses", "test_losses"
# Trials of svhn_wrn164 that are trained well, by their ids; one for each thing that is planted.
PLAIN = [str(trial) for trial in (*range(814, 826), 831, 832, 833, 838, 839, 840, 845, 846, 847, 854, 859, 865, 866,
                                  867, 873, 874, 875, 877, 878, 879, 882, 883, 885, 890)]  # fmt: skip
Curves = dict[str, Floats]


def level(values: Floats, at: int) -> float:
    return float(np.median(values[max(0, at - 5) : at + 1]))


def since(at: int) -> Floats:
    """Return 0 before `at`, then 1, 2, 3 and so on."""
    return np.maximum(0, np.arange(N) - at + 1).astype(float)


def nonfinite(curves: Curves) -> None:
    curves[TEST][100:] = math.nan


def diverged(curves: Curves) -> None:
    curves[TRAIN] += 1.5 * curves[TRAIN][0] * (1 - np.exp(-since(90) / 4))


def brief_spike(curves: Curves) -> None:
    curves[TRAIN][80] += 2.0


def lasting_spike(curves: Curves) -> None:
    curves[TRAIN][120:] += 0.3


def rebound(curves: Curves) -> None:
    low = level(curves[TEST], 60)
    curves[TEST] = np.where(since(60) > 0, low + 0.008 * since(60) + 0.002 * np.sin(np.arange(N)), curves[TEST])


def oscillation(curves: Curves) -> None:
    curves[TEST][40:] += 0.6 * (np.arange(N - 40) % 2)


def late_variance(curves: Curves) -> None:
    curves[TEST][130:] += np.random.default_rng(1).normal(0, 0.4, N - 130)


def train_rising(curves: Curves) -> None:
    curves[TRAIN] += 0.02 * since(125)


def not_decreasing(curves: Curves) -> None:
    curves[TRAIN] = curves[TRAIN][0] + 0.001 * np.sin(np.arange(N))


def at_chance(curves: Curves) -> None:
    curves[TEST][50:] = math.log(10)


def improving(curves: Curves) -> None:
    curves[TEST] = np.linspace(2.4, 0.2, N) + 0.001 * np.sin(np.arange(N))


def settled(curves: Curves) -> None:
    curves[TEST] = np.where(since(30) > 0, level(curves[TEST], 60), np.linspace(2.4, level(curves[TEST], 60), 31)[
        np.minimum(np.arange(N), 30)]) + 1e-4 * np.sin(np.arange(N))  # fmt: skip


def slow(curves: Curves) -> None:
    curves[TRAIN] = 0.05 + 2.2 / (1 + np.exp((np.arange(N) - 100) / 5))


def best_early(curves: Curves) -> None:
    curves[TEST] = curves[TEST] + 0.5
    curves[TEST][57] -= 0.45


def cut(curves: Curves) -> None:
    for name in (TRAIN, TEST):
        curves[name] = np.linspace(2.4, 1.2, 41) + 0.001 * np.sin(np.arange(41))


def times(name: str, factor: float, at: int) -> Callable[[Curves], None]:
    def plant(curves: Curves) -> None:
        curves[name][at:] *= factor

    return plant


def gradient_jump(curves: Curves) -> None:
    curves["grad_norm"][90] *= 200


def gradient_nan(curves: Curves) -> None:
    curves["grad_norm"][70] = math.nan


def growing(curves: Curves) -> None:
    curves["gpu_memory_mb"] += 40 * np.arange(N)


def frozen(curves: Curves) -> None:
    curves["weight_norm"][:] = 12.0


def high_start(curves: Curves) -> None:
    curves[TRAIN] = curves[TRAIN] + 200 * np.exp(-np.arange(N) / 5)


def one_layer(curves: Curves) -> None:
    curves["layer1.grad_norm"][110:] = 1e-8


# Trial -> what is planted, the issue, the step it is to be found at (or between), words of its evidence.
PLANTED: list[tuple[Callable[[Curves], None], str, tuple[int, int], str]] = [
    (nonfinite, "nonfinite_metric", (100, 100), "first at step 100"),
    (diverged, "diverged", (88, 92), "left its best"),
    (brief_spike, "spike", (80, 80), "at step 80"),
    (lasting_spike, "spike", (120, 120), "never came down again"),
    (rebound, "rebound", (57, 63), "near step"),
    (oscillation, "oscillation", (1, 42), "first at step"),
    (late_variance, "late_variance", (128, 128), "from step 128 on"),
    (train_rising, "train_rising", (128, 128), "from step 128 on"),
    (not_decreasing, "not_decreasing", (0, 0), "from step 0 to 160"),
    (improving, "still_improving", (160, 160), "ended at step 160"),
    (settled, "saturated_early", (28, 33), "gained nothing more after step"),
    (slow, "slow_start", (96, 102), "steps to come half of its way"),
    (best_early, "best_not_last", (57, 57), "use checkpoint 57"),
    (cut, "stopped_too_early", (40, 40), "40"),
    (times("grad_norm", 1e-12, 105), "vanishing_gradient", (105, 105), "from step 105 on"),
    (times("grad_norm", 1e5, 108), "exploding_gradient", (108, 108), "from step 108 on"),
    (gradient_jump, "gradient_spike", (90, 90), "at step 90"),
    (gradient_nan, "gradient_nonfinite", (70, 70), "at step 70"),
    (growing, "memory_growth", (128, 128), "from step 128 on"),
    (frozen, "unchanged_weights", (0, 0), "from step 0 to 160"),
    (times("dead_relu_fraction", 18, 62), "dead_units", (62, 62), "above 50 % from step 62 on"),
    (times("saturated_fraction", 18, 63), "saturated_units", (63, 63), "above 50 % from step 63 on"),
    (times("update_ratio", 500, 64), "update_ratio", (64, 64), "above 0.1 from step 64 on"),
    (times("step_time", 2.5, 77), "throughput_drop", (77, 77), "from step 77 on"),
    (high_start, "poor_initialization", (0, 0), "at step 0"),
    (one_layer, "vanishing_gradient", (110, 110), "layer1.grad_norm, was 1e-8"),
    *[(at_chance, "stuck_at_chance", (48, 52), "ln 10")] * 3,
]


def real() -> dict[str, Curves]:
    """Return the losses of the trials as they are, beside them real gradient norms, and measurements that are calm."""
    losses = pl.read_parquet(DATA / "12_curves" / "deepobs_curves.parquet").cast({"metric": pl.String})
    losses = losses.filter(pl.col("metric").is_in([TRAIN, TEST])).sort("epoch")
    found = {
        trial: {
            name: part["value"].cast(pl.Float64).to_numpy().copy()
            for (name,), part in losses.filter(pl.col("trial_id") == int(trial)).group_by("metric")
        }
        for trial in PLAIN
    }
    norms = pl.read_parquet(DATA / "12_curves" / "algoperf_curves.parquet").filter(pl.col("metric") == "step.grad_norm")
    norms = norms.filter(pl.col("trial_id") == norms["trial_id"][0]).sort("idx").filter(pl.col("value").is_finite())
    measured = norms["value"].cast(pl.Float64).to_numpy()
    gradient = np.interp(np.linspace(0, 1, N), np.linspace(0, 1, measured.size), measured)
    ripple = 1 + 0.01 * np.sin(np.arange(N))
    for curves in found.values():
        curves["grad_norm"] = gradient.copy()
        curves["layer1.grad_norm"], curves["layer2.grad_norm"] = gradient * 0.7, gradient * 0.6
        calm = {"gpu_memory_mb": 4000, "dead_relu_fraction": 0.05, "saturated_fraction": 0.05, "update_ratio": 1e-3,
                "step_time": 0.2}  # fmt: skip
        curves |= {name: value * ripple for name, value in calm.items()}
        curves["weight_norm"] = 12 + 0.05 * np.arange(N)
    return found


def write(folder: Path, found: dict[str, Curves]) -> tuple[Path, Path]:
    points = [
        (trial, step, name, float(value))
        for trial, curves in found.items()
        for name, values in curves.items()
        for step, value in enumerate(values)
    ]
    curves = folder / "history.parquet"
    pl.DataFrame(points, schema=["trial_id", "step", "metric", "value"], orient="row").write_parquet(curves)
    source = folder / "trials.csv"
    lines = [f"{trial},{0.001 * (at + 1):.3f},{c[TRAIN][-1]:.6g},{c[TEST][-1]:.6g},{'1e9' if at else '1e-9'}"
             for at, (trial, c) in enumerate(found.items())]  # fmt: skip
    source.write_text("\n".join([f"trial_id,lr,{TRAIN},{TEST},max_grad_norm", *lines]) + "\n")
    return source, curves


def issues(folder: Path, found: dict[str, Curves]) -> dict[str, dict[str, Any]]:
    """Return issue -> what `hpi inspect` says of it."""
    source, curves = write(folder, found)
    done = hpi("inspect", source, "--curves", curves, "--json", "--all", home=folder)
    assert done.returncode == 0, done.stderr.decode()
    summary: dict[str, Any] = json.loads(done.stdout)
    assert not [row for row in summary["coverage"] if row["state"] == "crashed"]
    return {issue["issue"]: issue for issue in summary["issues"]}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    found = real()
    for trial, (plant, *_) in zip(PLAIN[1:], PLANTED, strict=False):
        plant(found[trial])
    return issues(tmp_path_factory.mktemp("planted"), found)


def test_clean_curves_have_none_of_it(tmp_path: Path) -> None:
    found = issues(tmp_path, real())
    notes = {"still_improving", "saturated_early", "best_not_last", "slow_start", "always_clipped"}
    assert not ({issue for _, issue, _, _ in PLANTED} - notes) & set(found)


@pytest.mark.parametrize("at", range(len(PLANTED)), ids=lambda at: f"{at} {PLANTED[at][1]}")
def test_what_is_planted_is_found_at_its_step(planted: dict[str, dict[str, Any]], at: int) -> None:
    _, issue, (low, high), words = PLANTED[at]
    trial = PLAIN[at + 1]
    assert trial in planted[issue]["trials"]
    step = planted[issue]["steps"][planted[issue]["trials"].index(trial)]
    assert low <= step <= high
    if planted[issue]["trials"][0] == trial:
        assert words in planted[issue]["evidence"]


def test_clipping_at_every_step_is_found_from_its_first(planted: dict[str, dict[str, Any]]) -> None:
    assert planted["always_clipped"]["trials"] == PLAIN[:1]
    assert planted["always_clipped"]["steps"] == [0]
