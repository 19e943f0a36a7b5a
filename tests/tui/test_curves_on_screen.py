"""The Curves pane in the app: the trial at the cursor against the best and the median, and what its keys do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hpi_core import demo
from tests.shared_data import DATA, needs_shared
from tests.tui.conftest import Open
from tests.tui.terminal import Terminal

_READY = re.compile(r" sick 1/\d+")


def _title(app: Terminal) -> str:
    """The title row of the pane, which is no row of tabs."""
    titles = [line[line.index("4 Curves") :] for line in app.text.split("\n") if re.search(r"4 Curves  \S", line)]
    return next((title for title in titles if "5 Chat" not in title), "")


def _shows(app: Terminal, *words: str) -> Callable[[str], bool]:
    return lambda _: all(word in _title(app) for word in words)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40), (200, 60)])
def test_the_trial_is_drawn_against_the_best(open_app: Open, columns: int, rows: int) -> None:
    with open_app("--demo", columns=columns, rows=rows) as app:
        app.until(lambda text: _READY.search(text) is not None)
        app.send("4")
        app.until(_shows(app, "val_loss"))
        app.until("★ 149")
        app.until("median")
        app.send("q")
        assert app.wait() == 0


def test_the_keys_of_curves(open_app: Open) -> None:
    with open_app("--demo") as app:
        app.until(lambda text: _READY.search(text) is not None)
        app.send("4+")
        app.until(_shows(app, "trial 1 against", "val_loss", "linear"))
        app.send("L")
        app.until(_shows(app, " log"))
        app.send("h")
        app.until(lambda text: re.search(r"step \d+ .*! 1 0\.\d+ .*★ 149 0\.\d+", text) is not None)
        app.send(">")
        app.until(_shows(app, "zoom 2×"))
        app.send("~")
        app.until(_shows(app, "mean of 5"))
        app.send("m")
        app.until(_shows(app, "train_loss"))
        app.send("j")
        app.until(_shows(app, "trial 2 against"))
        app.send(" o")
        app.until(_shows(app, "with 1 selected", "mean of 5"))
        app.send("\x1b")
        app.until(lambda text: "★ 149 0.3" not in text or "step " not in text.split("\n")[-4])
        app.until_quiet()  # a key soon after Escape is read as one with Alt
        app.send("\x1b")
        app.until(lambda _: "zoom" not in _title(app))
        app.until_quiet()
        app.send("\x1b")
        app.until(lambda _: "selected" not in _title(app))
        app.until_quiet()
        app.send("\x1b")
        app.until(lambda text: "2 Sick  " in text and "trial 3   completed" in text)


def test_without_curves_the_objective_is_drawn_over_order_and_parameter(open_app: Open, tmp_path: Path) -> None:
    source = shutil.copy(demo.path(), tmp_path / "alone.csv")
    with open_app(str(source)) as app:
        app.until(lambda text: _READY.search(text) is not None)
        app.send("4+")
        app.until(_shows(app, "no curves"))
        app.until("val_loss over init")
        app.send("p")
        app.until(lambda text: "val_loss over " in text and "val_loss over init" not in text)
        app.send("m")
        app.until("This source has no curves;")


def test_keys_of_curves_say_where_curves_are(open_app: Open) -> None:
    with open_app("--demo", columns=80, rows=24) as app:
        app.until(lambda text: _READY.search(text) is not None)
        app.send("L")
        app.until("4 shows them")


@needs_shared
def test_real_curves_are_drawn(open_app: Open) -> None:
    trials, curves = (DATA / "12_curves" / f"deepobs_{name}" for name in ("trials.csv", "curves.parquet"))
    with open_app(str(trials), str(curves)) as app:
        app.until(lambda text: "1,080 trials" in text and " sick 1/" in text, 60)
        app.send("4")
        app.until(lambda _: "over step" in _title(app) or "over epoch" in _title(app), 30)
        app.until("median", 30)
