"""Parallel coordinates in the installed app, on the demo and on a real sweep of several test problems."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.shared_data import DATA, ROOT, needs_shared
from tests.tui.conftest import Open

DEMO = ROOT / "hpi_core" / "demo" / "sweep.csv"
DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"


@pytest.mark.parametrize(("size", "axes"), [((80, 24), 5), ((120, 40), 7)])
def test_the_view_shows_what_matters_with_the_values_of_the_trial(
    open_app: Open, tmp_path: Path, size: tuple[int, int], axes: int
) -> None:
    source = str(shutil.copyfile(DEMO, tmp_path / "sweep.csv"))
    with open_app(source, columns=size[0], rows=size[1]) as app:
        app.until("sick 1/123", 30)
        app.send("V/parallel\r")
        app.until("4 Parallel coordinates")
        app.until("240 trials, all drawn" if size[0] == 80 else "240 trials")
        if size[0] > 100:
            app.send("+")
        heads = re.compile(rf"^ +val_loss +((?:\w+ +){{{axes - 2}}}\w+) *$", re.M)
        app.until(lambda text: heads.search(text) is not None)
        app.until(lambda text: re.search(r"240 trials, all drawn +123 sick", text) is not None)
        found = heads.search(app.text)
        assert found is not None
        assert re.search(r"(GAP|NONFIN|FAILED) [>≤]? ?\w", app.text)
        assert "┃" in app.text
        assert re.search(r"^ 1 +0\.4227 +\S+ +\S+ ", app.text, re.M)
        assert re.search(r"^ ★ 149 +0\.3549 ", app.text, re.M)
        assert "hyperparameter" in app.text
        first = found.group(1).split()[0]
        app.send("p")
        app.until(lambda text: re.search(rf"^ +val_loss +(?!{first})\w+ ", text, re.M) is not None)
        app.send("j")
        app.until(lambda text: re.search(r"^ 2 +0\.3865 ", text, re.M) is not None)
        app.send("\x1b")
        app.until("4 Curves  val_loss")


def test_a_filter_narrows_it_and_it_is_legible_without_colour(open_app: Open, tmp_path: Path) -> None:
    source = str(shutil.copyfile(DEMO, tmp_path / "sweep.csv"))
    with open_app(source, "--ascii", columns=100, rows=30, NO_COLOR="1") as app:
        app.until("sick 1/123", 30)
        app.send("/optimizer = adam\r")
        app.until("78 of 240 trials")
        app.send("V/parallel\r")
        app.until(lambda text: re.search(r"^ +\d+ trials, all drawn +\d+ sick", text, re.M) is not None)
        assert "78 trials, all drawn" in app.text
        assert app.text.isascii()
        assert re.search(r"[.x!]{3}", app.text)


@needs_shared
def test_a_mixed_source_draws_the_problem_of_the_trial_and_says_which(open_app: Open, tmp_path: Path) -> None:
    source = str(shutil.copyfile(DEEPOBS, tmp_path / DEEPOBS.name))
    with open_app(source, columns=120, rows=40) as app:
        app.until("sick 1/310", 40)
        app.send("V/parallel\r")
        app.until("4 Parallel coordinates")
        app.send("+")
        app.until("135 of 1,080 trials, testproblem = cifar100_allcnnc")
        app.until(lambda text: re.search(r"^ +test_losses_final +lr ", text, re.M) is not None)
        app.until("NONFIN > 0.2")
        assert re.search(r"^ 0 +nan +1\.585 ", app.text, re.M)


def test_every_sign_is_explained_whole_in_the_pane_of_a_large_screen(open_app: Open, tmp_path: Path) -> None:
    source = shutil.copyfile(DEMO, tmp_path / "sweep.csv")
    with open_app(str(source), columns=200, rows=60) as app:
        app.until(lambda text: "sick 1/" in text, 30)
        app.send("V/parallel\r")
        app.until(lambda text: re.search(r"4 Parallel coordinates  trial 1 in 240 +linear", text) is not None)
        app.until(lambda text: re.search(r"240 trials, all drawn  123 sick  \+\d axes  ┃ blamed", text) is not None)
        assert "bla…" not in app.text
