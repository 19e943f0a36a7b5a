"""Top-decile importance held against Optuna's own evaluator: the same numbers, in a fraction of the time."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import hpi_core
from hpi_core.statistics.columns import parameter_of
from hpi_core.statistics.inputs import Parameter
from hpi_core.statistics.top_decile import best_of, cells_of, divergence_score
from tests.shared_data import DATA, needs_shared

HIPLOT = DATA / "01_sweep_csv" / "facebookresearch__hiplot" / "assets" / "data" / "ml1.csv"
ENSEMBLE = DATA / "04_optuna" / "lyhue1991__eat_pytorch_in_20_days" / "optuna.db"
optuna = pytest.importorskip("optuna")
pytestmark = pytest.mark.filterwarnings("ignore")


def _columns(rng: np.random.Generator, n: int, count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return columns of four kinds by turns, and Optuna's distributions for them."""
    kinds = optuna.distributions
    columns: dict[str, Any] = {}
    spaces: dict[str, Any] = {}
    for place in range(count):
        name, kind = f"p{place}", place % 4
        if kind == 0:
            columns[name] = 10 ** rng.uniform(-5, 0, n)
            spaces[name] = kinds.FloatDistribution(columns[name].min(), columns[name].max(), log=True)
        elif kind == 1:
            columns[name] = rng.uniform(0, 1, n)
            spaces[name] = kinds.FloatDistribution(columns[name].min(), columns[name].max())
        elif kind == 2:
            columns[name] = rng.integers(1, 9, n)
            spaces[name] = kinds.IntDistribution(1, 8)
        else:
            columns[name] = rng.choice(list("abc"), n)
            spaces[name] = kinds.CategoricalDistribution(["a", "b", "c"])
    return columns, spaces


def _study(columns: dict[str, Any], spaces: dict[str, Any], badness: Any) -> Any:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    study.add_trials(
        [
            optuna.trial.create_trial(
                params={name: column[i].item() for name, column in columns.items()},
                distributions=spaces,
                value=float(value),
            )
            for i, value in enumerate(badness)
        ]
    )
    return study


def _cpu(work: Callable[[], object]) -> float:
    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    before = spent()
    work()
    return spent() - before


@pytest.mark.parametrize(("n", "count", "share"), [(120, 8, 0.1), (120, 8, 0.25), (1000, 30, 0.1)])
def test_scores_are_optunas(n: int, count: int, share: float) -> None:
    rng = np.random.default_rng(n)
    columns, spaces = _columns(rng, n, count)
    badness = (np.log10(columns["p0"]) + 3) ** 2 + 2 * columns["p1"] + (columns["p3"] == "a") + rng.normal(0, 0.3, n)
    study = _study(columns, spaces, badness)
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=share)
    theirs = evaluator.evaluate(study)
    parameters = [
        Parameter.categorical(name, list(column)) if column.dtype.kind == "U" else Parameter.numeric(name, column)
        for name, column in columns.items()
    ]
    everybody = np.ones(n, dtype=np.bool_)

    def ours() -> dict[str, float]:
        top = best_of(badness, share)
        return {
            p.name: divergence_score(cells_of(p, everybody, top, bool(getattr(spaces[p.name], "log", False))))
            for p in parameters
        }

    scores = ours()
    for name, theirs_of_it in theirs.items():
        assert scores[name] / sum(scores.values()) == pytest.approx(theirs_of_it / sum(theirs.values()), abs=0.005)
    if n == 1000:
        slow, fast = _cpu(lambda: evaluator.evaluate(study)), min(_cpu(ours) for _ in range(5))
        assert slow > 10 * fast, (slow, fast)  # 25 to 35 times on an idle machine; the study measures it


@needs_shared
@pytest.mark.parametrize("path", [HIPLOT, ENSEMBLE], ids=["hiplot", "ensemble"])
def test_scores_of_real_sweeps_are_optunas(path: Path) -> None:
    sweep = hpi_core.read(path)
    objective = sweep.roles.objective
    assert objective is not None
    trials = sweep.trials.filter(pl.col(objective.metric).is_finite())
    parameters = sweep.roles.hyperparameters
    columns = {item.name: trials[item.name].to_numpy() for item in parameters}
    kinds, spaces = optuna.distributions, {}
    for item in parameters:
        low, high, log = item.minimum, item.maximum, item.scale == "log"
        whole = columns[item.name].dtype.kind == "i"
        spaces[item.name] = (kinds.IntDistribution if whole else kinds.FloatDistribution)(low, high, log=log)
    values = trials[objective.metric].to_numpy()
    badness = values if objective.direction == "min" else -values
    theirs = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=0.1).evaluate(
        _study(columns, spaces, badness)
    )
    everybody = np.ones(len(values), dtype=np.bool_)
    top = best_of(badness, 0.1)
    ours = {
        item.name: divergence_score(
            cells_of(parameter_of(trials[item.name], item.kind), everybody, top, item.scale == "log")
        )
        for item in parameters
    }
    assert list(theirs) == sorted(ours, key=lambda name: -ours[name])
    for name, score in theirs.items():
        assert ours[name] / sum(ours.values()) == pytest.approx(score / sum(theirs.values()), abs=0.005)
