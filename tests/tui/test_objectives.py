"""A study with two objectives in the installed app: both are shown, and it is said which one is judged."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.shared_data import DATA, needs_shared
from tests.tui.conftest import Open

UPGRADED = DATA / "04_optuna" / "optuna__optuna" / "tests" / "storages_tests" / "rdb_tests" / "test_upgrade_assets"


@pytest.fixture
def study(tmp_path: Path) -> str:
    """Forty random trials, to be accurate and small; a larger width is more accurate."""
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    made = optuna.create_study(
        storage=f"sqlite:///{tmp_path / 'multi.db'}", study_name="both", directions=["maximize", "minimize"],
        sampler=optuna.samplers.RandomSampler(seed=1),
    )  # fmt: skip

    def train(trial: object) -> tuple[float, float]:
        width = trial.suggest_int("width", 8, 512, log=True)  # type: ignore[attr-defined]
        rate = trial.suggest_float("lr", 1e-4, 1e-2, log=True)  # type: ignore[attr-defined]
        return 0.9 - 2 / width - rate, width * 100.0

    made.optimize(train, n_trials=40)
    return str(tmp_path / "multi.db")


def test_both_objectives_are_shown_and_which_is_judged(open_app: Open, study: str) -> None:
    with open_app(study, columns=120, rows=40) as app:
        app.until("none sick", 30)
        app.until("objective max values_0 (not judged: min values_1)")
        app.until(lambda text: re.search(r"values_0 max 0\.\d+, one of 2 objectives", text) is not None)
        app.until(lambda text: re.search(r"^ +number +values_0 +values_1 ", text, re.M) is not None)
        app.until(lambda text: re.search(r"trial 0 .*values_0 0\.\d+ judged  values_1 \d", text) is not None)
        app.send("V/over a hyper\r")
        app.until("4 Scatter")
        app.send("+")
        app.until("4 Scatter  values_0  judged by this alone, not by values_1 (min)")
        app.until("values_0 over values_1")
        app.send("V/parallel\r")
        app.until(lambda text: re.search(r"^ +values_0 +values_1 +width +lr *$|values_0 +values_1 +lr +width *$", text,
                                         re.M) is not None)  # fmt: skip


@needs_shared
def test_a_stored_study_of_two_objectives_says_so(open_app: Open, tmp_path: Path) -> None:
    source = str(shutil.copyfile(UPGRADED / "3.2.0.a.db", tmp_path / "study.db"))
    with open_app(source, "--study", "multi", columns=120, rows=40) as app:
        app.until(lambda text: re.search(r"\(not judged: m(in|ax) values_1\)", text) is not None, 30)
        app.until(lambda text: re.search(r"^ +number +values_0 +values_1", text, re.M) is not None)
