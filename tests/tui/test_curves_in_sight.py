"""The trial under the cursor is never out of sight: every real trial lies in its own picture, however far off it is."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

import hpi_core
from hpi_core.charts.axes import step_axis
from hpi_core.charts.curves import curve_chart
from hpi_core.charts.memo import Memo
from hpi_core.tables.table import ReadOptions
from hpi_tui.panes.curve_panel import value_range
from hpi_tui.panes.curve_settings import CurveSettings
from tests.shared_data import DATA, needs_shared
from tests.tui.conftest import Open

pytestmark = needs_shared
TRIALS, CURVES = (DATA / "12_curves" / name for name in ("deepobs_trials.csv", "deepobs_curves.parquet"))


def _shows(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.search(pattern, text) is not None


def test_every_real_trial_is_in_sight_in_its_own_picture() -> None:
    sweep = hpi_core.read(TRIALS, options=ReadOptions(curves=(str(CURVES),)))
    memo, shares = Memo(), []
    for row in range(0, sweep.trials.height, 9):
        chart = curve_chart(sweep, None, row, memo=memo)
        assert chart is not None
        trial = chart.panels[0].of("trial")
        if trial is None or not trial.finite:
            continue
        x = step_axis(chart.low, chart.high, 5)
        axis = value_range([chart.panels[0]], x, CurveSettings(), 20)
        places = axis.place(trial.values[np.isfinite(trial.values)])
        shares.append(float(((places >= 0) & (places <= 1)).mean()))
    assert len(shares) > 90
    assert min(shares) > 0.1
    assert float(np.mean([share > 0.8 for share in shares])) > 0.9


def test_a_real_trial_far_above_the_others_is_drawn_told_and_compared_with_its_own_problem(
    open_app: Open, tmp_path: Path
) -> None:
    source = shutil.copy(TRIALS, tmp_path)
    with open_app(str(source), "--curves", str(CURVES), columns=120, rows=40) as app:
        app.until(lambda text: re.search(r" sick 1/\d+", text) is not None)
        app.send("/trial_id=136\r")
        app.until("1 of 1,080 trials")
        app.until(_shows(r"DIVERGE +train_losses began at 3\.585"))
        app.until(lambda text: "4e6" in text and "✗ 136" in text)
        app.until(_shows(r"batch_size +128 +128 +128\b"))
        app.send("/")
        app.send("\x15trial_id=0\r")
        app.until(_shows(r"num_epochs +350 +350 +350\b"))
        app.send("q")
