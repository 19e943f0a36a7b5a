"""The installed app opens real stores of trackers by one argument, each step waiting for what must appear."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shared_data import DATA, needs_shared
from tests.tui.conftest import Open

_OPTUNA = DATA / "04_optuna"
_STUDIES = _OPTUNA / "lyhue1991__eat_pytorch_in_20_days/optuna.db"
_JOURNAL = _OPTUNA / "optuna__optuna/tests/storages_tests/journal_tests/assets/4.0.0.dev.log"
_RUNS = DATA / "03_mlflow/porscheofficial__distribution_and_volume_based_isolation_forest/experiments/mlruns"
_DATABASE = DATA / "03_mlflow/nicktbrr__MM-Neural-Adjoint/examples/mlflow.db"


@needs_shared
@pytest.mark.parametrize(
    ("path", "arguments", "title", "trials", "column"),
    [
        (_STUDIES, (), "optuna_ensemble", "2,000 trials", "mlp"),
        (_STUDIES, ("--study", "mnist-tf"), "mnist-tf", "20 trials", "number"),
        (_JOURNAL, (), "single_optimization", "10 trials", "number"),
        (_RUNS, (), "MINLP Tweaking Small after debugging", "17 trials", "run_id"),
        (_RUNS, ("--experiment", "486716780144883832"), "MINLP Tweaking Small", "12 trials", "run_id"),
        (_DATABASE, (), "NA", "3 trials", "run_id"),
    ],
)
def test_a_store_opens(
    open_app: Open, path: Path, arguments: tuple[str, ...], title: str, trials: str, column: str
) -> None:
    with open_app(str(path), *arguments) as app:
        app.until(lambda text: "Enter opens one" in text or (trials in text and column in text))
        if "Enter opens one" in app.text:  # of several, it stands on the largest
            app.until(f"▌{title}")
            app.send("\r")
        app.until(lambda text: trials in text and column in text)
        app.until(title)
        app.send("q")
        assert app.wait() == 0


@needs_shared
def test_a_study_that_is_not_there_is_told_by_the_app(open_app: Open) -> None:
    with open_app(str(_STUDIES), "--study", "mnist") as app:
        app.until("holds no study called mnist")
        app.send("q")
        app.wait()
