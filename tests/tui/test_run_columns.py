"""Which columns of Runs stand on the screen first, and how much room their names may take."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import polars as pl
import pytest

from tests.shared_data import DATA, needs_shared
from tests.tui.conftest import Open
from tests.tui.terminal import Terminal


@pytest.fixture
def blamed_file(tmp_path: Path) -> Path:
    """120 trials of twelve parameters; where the last one, `params_peak`, is above 0.3 the loss is nan."""
    chance = random.Random(3)
    names = [f"params_{letter}" for letter in "abcdefghijk"]
    lines = [",".join(["trial_id", *names, "params_peak", "validation_cross_entropy_loss_final"])]
    for trial in range(120):
        rate = chance.random()
        loss = "nan" if rate > 0.3 and chance.random() < 0.9 else f"{0.2 + chance.random():.4f}"
        lines.append(",".join([str(trial), *(f"{chance.random():.4f}" for _ in names), f"{rate:.4f}", loss]))
    path = tmp_path / "blamed.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def _heading(terminal: Terminal) -> str:
    """The names of the columns of Runs."""
    return next((line for line in terminal.text.split("\n") if re.match(r" {4,5}trial_id ", line)), "")


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 40)])
def test_a_parameter_that_is_to_blame_stands_first(open_app: Open, blamed_file: Path, columns: int, rows: int) -> None:
    with open_app(str(blamed_file), columns=columns, rows=rows) as app:
        app.until("sick 1/")
        app.until(lambda _: "params_peak" in _heading(app))
        assert _heading(app).split()[:4] == ["trial_id", "issues", "valida…s_final", "params_peak"]


def test_decisions_have_a_column_once_there_is_one(open_app: Open, blamed_file: Path) -> None:
    with open_app(str(blamed_file)) as app:
        app.until("sick 1/")
        app.until(lambda _: "issues" in _heading(app))
        assert "decision" not in _heading(app)
        app.send("a")
        app.until(lambda text: "decision" in _heading(app) and " ack " in text)
        app.send("u")
        app.until(lambda _: _heading(app) != "" and "decision" not in _heading(app))


def test_the_trial_says_what_is_to_blame_with_its_number(open_app: Open, blamed_file: Path) -> None:
    with open_app(str(blamed_file)) as app:
        app.until("sick 1/")
        app.until(lambda text: any("params_peak " in line and "above 0." in line for line in text.split("\n")))


@needs_shared
def test_a_sweep_of_optimizers_shows_the_learning_rate(open_app: Open, tmp_path: Path) -> None:
    path = tmp_path / "deepobs_trials.csv"
    shutil.copy(DATA / "12_curves" / path.name, path)
    path.chmod(0o644)
    with open_app(str(path)) as app:
        app.until("sick 1/", 30)
        app.until(lambda _: " lr " in _heading(app))
        assert "test_l…s_final" in _heading(app)
        assert "decision" not in _heading(app)
        app.until(lambda text: any(line.startswith(" lr ") and "above 0.2 " in line for line in text.split("\n")))


def _states(app: Terminal) -> int:
    return len([word for word in _heading(app).split() if word == "status"])


def test_what_became_of_a_trial_has_one_column(open_app: Open, sweep_file: Path) -> None:
    lines = sweep_file.read_text().splitlines()
    pruned = [line.replace(",completed,", ",pruned,") if at % 9 == 5 else line for at, line in enumerate(lines)]
    sweep_file.write_text("\n".join(pruned) + "\n")
    with open_app(str(sweep_file), columns=200) as app:
        app.until("sick 1/")
        app.until(lambda _: _states(app) == 1 and "optimizer" in _heading(app))
        app.until("pruned")
        assert "own status" not in app.text


def test_words_of_the_source_that_say_more_keep_a_column_of_their_own(open_app: Open, sweep_file: Path) -> None:
    sweep_file.write_text(sweep_file.read_text().replace(",failed,", ",KILLED,").replace(",completed,", ",FINISHED,"))
    with sweep_file.open("a") as file:
        file.write("t060,RUNNING,0.01,32,adam,0.5,\n")
    with open_app(str(sweep_file), columns=200) as app:
        app.until("sick 1/")
        app.until(lambda _: "own status" in _heading(app) and _states(app) == 2)
        assert "KILLED" in app.text


def test_a_half_written_line_brings_no_second_column_of_states(open_app: Open, sweep_file: Path) -> None:
    with open_app(str(sweep_file), "--follow", columns=200) as app:
        app.until("sick 1/")
        app.until("following")
        assert _states(app) == 1
        with sweep_file.open("a") as file:
            file.write("t060,comple")
            file.flush()
        app.send("G")
        app.until("incomplete")
        app.until(lambda _: _states(app) == 1)
        with sweep_file.open("a") as file:
            file.write("ted,0.01,32,adam,0.5,0.25\n")
        app.until(lambda text: "incomplete" not in text and "0.2500" in text)
        assert _states(app) == 1


@needs_shared
def test_the_best_of_a_mixed_source_is_that_of_the_trials_own_problem(open_app: Open, tmp_path: Path) -> None:
    path = tmp_path / "deepobs_trials.csv"
    shutil.copy(DATA / "12_curves" / path.name, path)
    path.chmod(0o644)
    frame = pl.read_csv(path, infer_schema=False)
    problems = dict(zip(frame["trial_id"], frame["testproblem"], strict=True))
    with open_app(str(path), columns=120, rows=40) as app:
        app.until("sick 1/", 30)
        app.until("in cifar100_allcnnc")
        app.send("B")
        app.until("The best of testproblem = cifar100_allcnnc; results of the others cannot be compared with it.")
        app.until(lambda text: re.search(r"^▌ +★ +\d+ ", text, re.M) is not None)
        row = re.search(r"^▌ +★ +(\d+) ", app.text, re.M)
        assert row is not None
        assert problems[row.group(1)] == "cifar100_allcnnc"
        app.send("V/after each\r")
        app.until(lambda text: re.search(r"best after \d+ of 135 trials", text) is not None)
        app.send("+")
        app.until("testproblem = cifar100_allcnnc")
        app.send("_1/testproblem = fmnist_2c2d")
        app.until("in fmnist_2c2d")
        app.send("\rB")
        app.until("The best of testproblem = fmnist_2c2d")
