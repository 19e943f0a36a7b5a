"""Prints what drawing curves costs: collecting, reducing and redrawing ten curves of ten thousand points.

Run with `pytest tests/bench/app/test_curves_bench.py -s`; the figures are for reading.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import polars as pl
import pytest

from hpi_core import frames
from hpi_core.charts.series import downsample
from hpi_core.sweep import Source, Sweep
from hpi_tui.panes.curve_drawing import draw
from hpi_tui.panes.curve_settings import CurveSettings
from hpi_tui.panes.curves import compute
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


@pytest.mark.parametrize(("width", "height"), [(58, 14), (120, 40), (200, 60)])
def test_redraw(width: int, height: int) -> None:
    sweep, look = _sweep(), Look()
    took: dict[str, list[float]] = {"compute": [], "reduce": [], "redraw 10": [], "redraw 3": []}
    for _ in range(ROUNDS):
        for name, overlay in (("redraw 10", tuple(range(TRIALS))), ("redraw 3", ())):
            start = time.perf_counter()
            view = compute(sweep, None, 5, CurveSettings(overlay=overlay))
            took["compute"].append(time.perf_counter() - start)
            start = time.perf_counter()
            draw(look, view, width, height)
            took[name].append(time.perf_counter() - start)
        start = time.perf_counter()
        for curve in view.chart.panels[0].curves if view.chart is not None else ():  # type: ignore[union-attr]
            downsample(curve.x, curve.values, 0, POINTS, width)
        took["reduce"].append(time.perf_counter() - start)
    said = ", ".join(f"{name} {statistics.median(times) * 1e3:.1f} ms" for name, times in took.items())
    print(f"\n{width}x{height}: {said}")
