"""Learning-rate schedules are named from their curves, and spikes say where in the schedule they fall."""

from __future__ import annotations

import math

import polars as pl

from hpi_core import frames, inspect
from hpi_core.curves.measured import MeasuredCurves
from hpi_core.curves.schedules import schedule
from hpi_core.detectors import detect
from tests.builders import sweep_of

N = 100
SCHEDULES = {
    "constant": [0.1] * N,
    "warm-up": [0.001 * (i + 1) for i in range(N)],
    "decay": [0.1 * 0.97**i for i in range(N)],
    "warm-up, then decay": [0.01 * (i + 1) if i < 10 else 0.1 * 0.97 ** (i - 10) for i in range(N)],
    "cyclic": [0.05 + 0.05 * math.cos(i / 3) for i in range(N)],
}
OTHERS = {
    "one warm restart": ("cyclic", [0.05 * (1 + math.cos(math.pi * (i % 50) / 50)) for i in range(N)],
                         "cyclic between 9.866e-05 and 0.1, rising again once"),
    "one cycle": ("warm-up, then decay", [0.1 * (1 - abs(i - 50) / 50) for i in range(N)],
                  "warm-up from 0 to 0.1 at step 50, then decay to 0.002"),
    "steps down": ("decay", [0.1 * 0.1 ** (i // 30) for i in range(N)], "decay from 0.1 to 0.0001"),
    "held, then cooled": ("warm-up, then decay", [min(0.01 * i, 0.1, 0.005 * (N - i)) for i in range(N)],
                          "warm-up from 0 to 0.1 at step 10, then decay to 0.005"),
    "a tremor": ("constant", [0.1 + 1e-9 * (i % 2) for i in range(N)], "constant at 0.1"),
}  # fmt: skip


def test_schedules_are_named_and_related_to_spikes() -> None:
    losses = [
        [2 * 0.95**i + 0.3 + 0.003 * (-1) ** i + (3.0 if i == 58 and t % 2 else 0) for i in range(N)] for t in range(5)
    ]
    sweep = sweep_of(
        {"lr": [0.1, 0.2, 0.3, 0.4, 0.5], "train_loss": [loss[-1] for loss in losses]},
        curves={"train_loss": losses, "learning_rate": list(SCHEDULES.values())},
    )
    (rate,) = MeasuredCurves(sweep).of_kind("learning rate")
    assert schedule(rate).to_list() == list(SCHEDULES)
    found = detect(sweep).findings.filter(pl.col("issue") == "spike")
    said = dict(found.select("_row", "evidence").iter_rows())
    assert "while the learning rate was warming up" in said[1]
    assert "while the learning rate was decaying" in said[3]
    assert set(said) == {1, 3}


def test_schedules_in_words() -> None:
    losses = [[2.0 - i / N for i in range(N)] for _ in OTHERS]
    sweep = sweep_of(
        {"width": list(range(len(OTHERS))), "train_loss": [loss[-1] for loss in losses]},
        curves={"train_loss": losses, "lr": [rates for _, rates, _ in OTHERS.values()]},
    )
    inspection = inspect(sweep)
    assert inspection.schedules.schema == frames.SCHEDULES
    for row, (name, _, words) in enumerate(OTHERS.values()):
        assert inspection.schedule_of(row) == (("lr", name, words),)
    assert inspect(sweep_of({"lr": [0.1, 0.2], "val_loss": [1.0, 2.0]})).schedule_of(0) == ()


def test_the_phase_is_that_of_the_trials_own_rate() -> None:
    losses = [[2 * 0.95**i + 0.3 + 0.003 * (-1) ** i + (3.0 if i == 58 else 0) for i in range(N)] for _ in range(2)]
    gone = [math.nan] * N
    sweep = sweep_of(
        {"width": [1, 2], "train_loss": [loss[-1] for loss in losses]},
        curves={"train_loss": losses, "lr-adam": [SCHEDULES["warm-up"], gone], "lr-sgd": [gone, SCHEDULES["decay"]]},
    )
    found = detect(sweep).findings.filter(pl.col("issue") == "spike")
    said = dict(found.select("_row", "evidence").iter_rows())
    assert "while the learning rate was warming up" in said[0]
    assert "while the learning rate was decaying" in said[1]


def test_a_very_long_curve_of_one_trial_is_measured() -> None:
    import numpy as np

    from hpi_core.curves.features import curve_features

    n = 1_000_000
    values = 2 * np.exp(-np.arange(n) / 1e5) + 0.3
    values[700_000:] += 1.0
    curves = pl.LazyFrame(
        {"_row": np.zeros(n, np.uint32), "metric": ["loss"] * n, "step": np.arange(n), "value": values}
    )
    found = curve_features(curves, points=1000)
    assert found["n"].to_list() == [n]
    assert found["held_step"].to_list() == [700_000]
