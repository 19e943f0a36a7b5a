"""How long detect() takes at 1 k, 100 k and 1 M trials of 30 columns, printed; and by detector for the largest."""

from __future__ import annotations

import time

import numpy as np
import polars as pl
import pytest

from hpi_core.detectors import detect
from hpi_core.sweep import Sweep


def _sweep(n: int) -> Sweep:
    random = np.random.default_rng(n)
    columns: dict[str, object] = {"trial_id": np.arange(n), "seed": random.integers(0, 5, n)}
    for i in range(20):
        columns[f"hp.p{i}"] = random.random(n) if i % 3 else random.integers(0, 8, n)
    loss = random.lognormal(-1, 0.3, n)
    loss[random.random(n) < 0.02] = np.nan
    accuracy = 1 / (1 + loss)
    columns |= {"train_loss": loss * 0.9, "val_loss": loss, "train_acc": accuracy, "val_acc": accuracy * 0.97}
    columns |= {"epochs": np.full(n, 50), "runtime_sec": random.random(n) * 100, "val_f1_macro": accuracy * 0.9}
    columns["status"] = random.choice(["completed", "completed", "completed", "failed"], n)
    return Sweep.from_polars(pl.DataFrame(columns))


@pytest.mark.parametrize(("n", "goal"), [(1_000, 0.15), (100_000, 0.5), (1_000_000, 1.5)])
def test_time(n: int, goal: float) -> None:
    sweep = _sweep(n)
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        detection = detect(sweep)
        seconds.append(time.perf_counter() - started)
    print(f"\n{n:9} trials: {min(seconds):.3f} s (goal {goal} s), {detection.findings.height} findings")
    print(detection.coverage.sort("seconds", descending=True).select("detector", "state", "flagged", "seconds").head(8))
    assert detection.coverage.filter(pl.col("state") == "crashed").is_empty()
