"""Prints what a key costs in the views of place 3 at a million trials, and how long they take to be worked out.

Run with `pytest tests/bench/app/test_views_bench.py -s`. A key is timed until what it changes stands on the screen.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from tests.tui.conftest import APP
from tests.tui.terminal import Terminal

TRIALS, PARAMETERS, STEPS = 1_000_000, 28, 24


def _sweep(path: Path) -> Path:
    """Write a sweep in which param_0 decides the loss and its upper tenth has none."""
    draw = np.random.default_rng(3)
    values = draw.random((TRIALS, PARAMETERS)).astype(np.float32)
    loss = values[:, 0] + 0.3 * draw.standard_normal(TRIALS)
    loss[values[:, 0] > 0.9] = np.nan
    frame = pl.DataFrame({"trial_id": np.arange(TRIALS), "val_loss": loss})
    frame.with_columns(pl.Series(f"param_{at}", values[:, at]) for at in range(PARAMETERS)).write_csv(path)
    return path


def _timed(app: Terminal, key: str, met: Callable[[str], bool]) -> float:
    start = app.elapsed()
    app.send(key)
    return (app.until(met, 60) - start) * 1e3


def _told(name: str, times: list[float]) -> None:
    p95 = sorted(times)[max(0, round(0.95 * len(times)) - 1)]
    print(f"\n{name}: median {statistics.median(times):.1f} ms, p95 {p95:.1f} ms, worst {max(times):.1f} ms", end="")


def _marked(app: Terminal) -> Callable[[str], bool]:
    """Return what tells that the cursor of the view has moved: the line that begins with its mark is another one."""
    before = [line.split("▌")[1][:12] for line in app.text.split("\n") if "▌" in line]
    return lambda text: [line.split("▌")[1][:12] for line in text.split("\n") if "▌" in line] != before


def test_keys_in_the_views_at_a_million_trials(tmp_path: Path) -> None:
    with Terminal([APP, str(_sweep(tmp_path / "sweep.csv"))], 200, 60) as app:
        app.until(lambda text: "sick " in text.split("\n")[0] and " sick  " in text.split("\n")[0], 300)
        app.until_quiet(1.0)
        app.send("3")
        app.until("3 Buckets  strength")
        app.until_quiet(1.0)
        _told("map of buckets, another parameter", [_timed(app, "j", _marked(app)) for _ in range(STEPS)])
        app.until_quiet(1.0)
        weighed = _timed(app, "I", lambda text: "which way" in text)
        print(f"\nimportance worked out in {weighed:.0f} ms", end="")
        app.until_quiet(1.0)
        _told("importance, another parameter", [_timed(app, "j", _marked(app)) for _ in range(STEPS)])
        app.until_quiet(1.0)
        counted = _timed(app, "P", lambda text: "3 Together" in text and "surely above" in text)
        print(f"\ntwo together counted in {counted:.0f} ms", end="")
        app.send("I1g")
        app.until_quiet(1.0)
        rows = [
            _timed(app, "j", lambda text, at=at: f" {at + 2}/1,000,000" in text)  # type: ignore[misc]
            for at in range(STEPS)
        ]
        _told("importance open, next trial in Runs", rows)
