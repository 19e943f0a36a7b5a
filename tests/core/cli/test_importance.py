"""`hpi importance` and `hpi best` as a person runs them, on the demo and on sweeps of other people."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.core.cli.running import SIX, hpi, hpi_process
from tests.shared_data import DATA, needs_shared

DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"
HIPLOT = DATA / "01_sweep_csv" / "facebookresearch__hiplot" / "assets" / "data" / "ml1.csv"
TRANSFER = DATA / "02_hpo_bench" / "ds-brx__QTT" / "plots" / "data" / "FGVC-Aircraft" / "Random.csv"
MANIFOLDS = DATA / "01_sweep_csv" / "sdbuch__thinky-manifolds" / "wandb_results.csv"


@pytest.fixture
def demo() -> Path:
    return Path(str(resources.files("hpi_core").joinpath("demo/sweep.csv")))


def _json(done: Any) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout, parse_constant=pytest.fail)


def test_the_demo_says_what_matters_for_which_question(demo: Path, tmp_path: Path) -> None:
    done = hpi_process("importance", demo, home=tmp_path)
    page = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    # init = orthogonal fails and lr diverges: both were planted by the script that trained the demo.
    assert re.search(r"init matters most: \d+ % of the variance \(\d+ % to \d+ %\), then lr\.", page)
    assert "What decides the objective" in page
    assert "What decides who is among the best" in page
    assert "What decides who is sick" in page
    assert re.search(r"batch_size .*within noise", page)
    assert "ranked worst, not dropped" in page
    assert re.search(r"dropout +overfit_gap +more often when low +-0\.\d+ +-0\.\d+ to -0\.\d+ +\d+", page)
    assert max(len(line) for line in page.splitlines()) <= 100


def test_json_is_strict_and_stable(demo: Path, tmp_path: Path) -> None:
    first, again = (run("importance", demo, "--json", home=tmp_path) for run in (hpi, hpi_process))
    assert first.stdout == again.stdout
    found = _json(first)
    assert found["schema"] == "hpi.importance/1"
    assert {entry["question"] for entry in found["importance"]} == {"variance", "top", "failing"}
    assert all(entry["low"] <= entry["score"] <= entry["high"] for entry in found["importance"])
    summary = json.loads(hpi("inspect", demo, "--json", home=tmp_path).stdout)
    assert summary["importance"] == found["importance"]


def test_a_few_trials_are_told_how_many_more(tmp_path: Path) -> None:
    path = tmp_path / "six.csv"
    path.write_text(SIX, encoding="utf-8")
    page = hpi("importance", path, home=tmp_path).stdout.decode()
    assert "Nothing can be said about importance" in page
    assert "importance needs at least 30, about 24 more" in page.replace("\n    ", " ")


@needs_shared
def test_a_ladder_of_learning_rates_over_tasks(tmp_path: Path) -> None:
    page = hpi_process("importance", DEEPOBS, home=tmp_path).stdout.decode()
    assert "lr matters most: 50 % of the variance (45 % to 55 %); nothing else is beyond noise." in page
    assert "Trials are ranked within each testproblem" in page
    assert "220 trials without a usable result ranked worst" in page
    assert "optimizer × lr" in page


@needs_shared
@pytest.mark.parametrize("path", [HIPLOT, TRANSFER, MANIFOLDS], ids=["hiplot", "transfer", "manifolds"])
def test_real_sweeps_have_importance_and_best(path: Path, tmp_path: Path) -> None:
    for command in ("importance", "best"):
        assert hpi(command, path, home=tmp_path).returncode == 0
    found = _json(hpi("importance", path, "--json", home=tmp_path))
    best = _json(hpi("best", path, "--json", home=tmp_path))
    assert found["importance"] or found["notes"]
    values = [entry["value"] for entry in best["best"]]
    if best["objective"] is not None:
        assert values == sorted(values, reverse=best["objective"]["direction"] == "max")


@needs_shared
def test_the_interaction_of_a_real_sweep_is_named(tmp_path: Path) -> None:
    page = hpi("importance", HIPLOT, home=tmp_path).stdout.decode()
    assert "lr matters most" in page
    assert re.search(r"embedding_size × lr: \d+ % of the variance", page)


def test_best_runs_of_the_demo(demo: Path, tmp_path: Path) -> None:
    done = hpi_process("best", demo, "-k", "5", home=tmp_path)
    page = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    ranked = _json(hpi("best", demo, "--json", home=tmp_path))["ranked"]
    assert f"{ranked} healthy finished trials" in page
    assert re.search(r"1 +149 +0\.35494 +=", page)
    assert "cannot be told from the best by one run each" in page
    assert "No configuration was repeated" in page
    assert len(_json(hpi("best", demo, "-k", "3", "--json", home=tmp_path))["best"]) == 3
    wrong = hpi("best", demo, "-k", "0", home=tmp_path)
    assert wrong.returncode == 2


@needs_shared
def test_repeated_seeds_shrink_the_winner(tmp_path: Path) -> None:
    found = _json(hpi("best", DEEPOBS, "--json", home=tmp_path))
    first = found["best"][0]
    assert first["expected"] > first["value"]
    assert found["best"][1]["tied"]


def test_an_unknown_direction_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "open.csv"
    path.write_text("lr,magic\n" + "".join(f"{i / 10},{i * 7 % 11}\n" for i in range(40)), encoding="utf-8")
    for command in ("importance", "best"):
        done = hpi(command, path, "--objective", "magic", home=tmp_path)
        assert done.returncode == 0
        assert b"--minimize" in done.stdout
        assert b"Traceback" not in done.stderr
