"""Prints what drawing curves costs: ten curves of ten thousand points as lines, five hundred as a crowd.

Redrawing is what a key costs once the points are reduced: at most 50 ms for the ten lines, 150 ms for the crowd. CPU
time of this process, the best of several rounds, is also printed: on a loaded machine the wall says little.

Run with `pytest tests/bench/app/test_curves_bench.py -s`; the figures are for reading.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import polars as pl
import pytest

from hpi_core import frames
from hpi_core.charts.memo import Memo
from hpi_core.charts.series import downsample
from hpi_core.sweep import Source, Sweep
from hpi_tui.panes.curve_drawing import draw
from hpi_tui.panes.curve_settings import CurveSettings
from hpi_tui.panes.curves import Room, compute
from hpi_tui.theme import Look

TRIALS, POINTS, ROUNDS = 10, 10_000, 9


def _sweep() -> Sweep:
    rng = np.random.default_rng(3)
    steps = np.arange(POINTS)
    values = [1 + n / 10 + 3 * np.exp(-steps / 900) + rng.normal(0, 0.03, POINTS) for n in range(TRIALS)]
    curves = pl.DataFrame(
        {"_row": np.repeat(np.arange(TRIALS), POINTS), "metric": "val_loss", "step": np.tile(steps, TRIALS),
         "value": np.concatenate(values)}
    ).cast(frames.CURVES)  # fmt: skip
    table = pl.DataFrame({"trial_id": list("abcdefghij"), "lr": [0.1] * TRIALS, "val_loss": [v[-1] for v in values]})
    return Sweep.from_table(table, Source("frame", "x", "x"), curves=curves.lazy())


def _crowd_of(trials: int) -> Sweep:
    rng = np.random.default_rng(4)
    steps = np.arange(POINTS)
    curves = pl.concat(
        [
            pl.DataFrame(
                {"_row": n, "metric": "val_loss", "step": steps,
                 "value": 1 + n / trials + 3 * np.exp(-steps / 900) + rng.normal(0, 0.03, POINTS)}
            ).cast(frames.CURVES)
            for n in range(trials)
        ]
    )  # fmt: skip
    names = [f"t{n}" for n in range(trials)]
    table = pl.DataFrame({"trial_id": names, "lr": [0.1] * trials, "val_loss": [1.0 + n for n in range(trials)]})
    return Sweep.from_table(table, Source("frame", "x", "x"), curves=curves.lazy())


@pytest.mark.parametrize(("width", "height"), [(58, 14), (120, 40), (200, 60)])
def test_redraw_of_five_hundred(width: int, height: int) -> None:
    sweep, look, memo = _crowd_of(500), Look(), Memo()
    room, settings = Room(width, height), CurveSettings(over="shown")
    start = time.perf_counter()
    view = compute(sweep, None, 5, settings, room=room, memo=memo)
    collected = time.perf_counter() - start
    wall, spent = [], []
    for _ in range(ROUNDS):
        start, cpu = time.perf_counter(), time.process_time()
        draw(look, view, width, height)
        wall.append(time.perf_counter() - start)
        spent.append(time.process_time() - cpu)
    said = f"500 curves collected once {collected * 1e3:.0f} ms, redraw {statistics.median(wall) * 1e3:.1f} ms"
    print(f"\n{width}x{height}: {said} (CPU {min(spent) * 1e3:.1f} ms)")


@pytest.mark.parametrize(("width", "height"), [(58, 14), (120, 40), (200, 60)])
def test_redraw(width: int, height: int) -> None:
    sweep, look = _sweep(), Look()
    took: dict[str, list[float]] = {"compute": [], "reduce": [], "redraw 10": [], "redraw 3": []}
    spent: dict[str, list[float]] = {"redraw 10": [], "redraw 3": []}
    for _ in range(ROUNDS):
        for name, overlay in (("redraw 10", tuple(range(TRIALS))), ("redraw 3", ())):
            start = time.perf_counter()
            view = compute(sweep, None, 5, CurveSettings(overlay=overlay, over="selected" if overlay else ""))
            took["compute"].append(time.perf_counter() - start)
            start, cpu = time.perf_counter(), time.process_time()
            draw(look, view, width, height)
            took[name].append(time.perf_counter() - start)
            spent[name].append(time.process_time() - cpu)
        start = time.perf_counter()
        for curve in view.chart.panels[0].curves if view.chart is not None else ():  # type: ignore[union-attr]
            downsample(curve.x, curve.values, 0, POINTS, width)
        took["reduce"].append(time.perf_counter() - start)
    said = ", ".join(f"{name} {statistics.median(times) * 1e3:.1f} ms" for name, times in took.items())
    cpus = ", ".join(f"{name} {min(times) * 1e3:.1f} ms" for name, times in spent.items())
    print(f"\n{width}x{height}: {said} (CPU {cpus})")
