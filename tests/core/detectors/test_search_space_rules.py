"""The rules about the search space: silent on noise, loud on what was planted, and what real sweeps have."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import hpi_core
from hpi_core.detectors import detect
from hpi_core.sweep import Sweep
from tests.builders import sweep_of
from tests.core.cli.running import hpi
from tests.shared_data import DATA, needs_shared

RULES = (
    "boundary_optimum", "stability_edge", "seed_noise", "adaptive_drift", "collinear_parameters", "undersampled",
    "no_clear_winner",
)  # fmt: skip


def _found(sweep: Sweep) -> dict[str, str]:
    told = detect(sweep).findings.filter(pl.col("issue").is_in(RULES))
    return dict(told.select("issue", "evidence").rows())


def _noise(rng: np.random.Generator, n: int) -> Sweep:
    """Five parameters that do nothing, failures by chance, and configurations that differ a lot, each run twice."""
    half = n // 2
    quality = rng.normal(size=half)
    columns = {
        "lr": 10 ** rng.uniform(-5, 0, half),
        "dropout": rng.uniform(0, 0.5, half),
        "weight_decay": 10 ** rng.uniform(-6, -2, half),
        "batch_size": rng.choice([16, 32, 64, 128], half),
        "optimizer": rng.choice(["adam", "sgd", "lion"], half),
    }
    loss = np.concatenate([quality, quality]) * 0.1 + 2 + rng.normal(0, 0.02, 2 * half)
    loss = np.where(rng.uniform(size=2 * half) < 0.1, np.nan, loss)
    order = rng.permutation(2 * half)
    table = {name: np.concatenate([values, values])[order].tolist() for name, values in columns.items()}
    seeds = np.repeat([0, 1], half)[order].tolist()
    return sweep_of({**table, "seed": seeds, "val_loss": loss[order].tolist()})


def test_noise_is_met_with_silence() -> None:
    rng = np.random.default_rng(0)
    counts: Counter[str] = Counter()
    sweeps = 80
    for _ in range(sweeps):
        counts.update(list(_found(_noise(rng, 120))))
    del counts["no_clear_winner"]  # the best two of sixty configurations often are a tie; held to its level below
    assert all(count <= 0.06 * sweeps for count in counts.values()), counts


def test_a_winner_is_clear_when_it_is_and_a_tie_when_it_is() -> None:
    rng = np.random.default_rng(1)

    def verdict(lead: float) -> bool:
        means = np.array([0.0, lead, *rng.uniform(lead + 1, lead + 2, 6)])
        loss = 5 + np.repeat(means, 4) + rng.normal(0, 0.1, 32)
        lr = np.repeat(np.arange(8) / 10 + 0.1, 4)
        return "no_clear_winner" in _found(
            sweep_of({"lr": lr.tolist(), "seed": [0, 1, 2, 3] * 8, "val_loss": loss.tolist()})
        )

    assert sum(verdict(0.0) for _ in range(60)) >= 0.9 * 60
    assert sum(verdict(1.0) for _ in range(30)) == 0


def _crowded(rng: np.random.Generator) -> Sweep:
    lr = 10 ** rng.uniform(-5, -2, 100)
    return sweep_of({"lr": lr.tolist(), "val_loss": (1 - 0.2 * np.log10(lr) + rng.normal(0, 0.1, 100)).tolist()})


def _brink(rng: np.random.Generator) -> Sweep:
    lr = 10 ** rng.uniform(-5, 0, 150)
    loss = np.where(lr > 0.1, np.nan, 1 - 0.2 * np.log10(lr) + rng.normal(0, 0.05, 150))
    return sweep_of({"lr": lr.tolist(), "val_loss": loss.tolist()})


def _lucky(rng: np.random.Generator) -> Sweep:
    lr = np.repeat(rng.uniform(0.01, 0.1, 20), 3)
    loss = 1 + np.repeat(rng.normal(0, 0.01, 20), 3) + rng.normal(0, 0.05, 60)
    return sweep_of({"lr": lr.tolist(), "seed": [0, 1, 2] * 20, "val_loss": loss.tolist()})


def _adaptive(rng: np.random.Generator) -> Sweep:
    lr = 10 ** (rng.uniform(-1, 1, 120) - 2 - 2 * np.linspace(0, 1, 120))
    started = [1_700_000_000.0 + 60 * i for i in range(120)]
    return sweep_of({"lr": lr.tolist(), "start_time": started, "val_loss": rng.uniform(size=120).tolist()})


def _tied(rng: np.random.Generator) -> Sweep:
    batch = rng.choice([16, 32, 64, 128], 80)
    lr = batch * 1e-4 * rng.uniform(0.98, 1.02, 80)
    return sweep_of({"lr": lr.tolist(), "batch_size": batch.tolist(), "val_loss": rng.uniform(size=80).tolist()})


PLANTED = [
    ("boundary_optimum", _crowded),
    ("stability_edge", _brink),
    ("seed_noise", _lucky),
    ("adaptive_drift", _adaptive),
    ("collinear_parameters", _tied),
]


@pytest.mark.parametrize(("issue", "make"), PLANTED, ids=[issue for issue, _ in PLANTED])
def test_what_is_planted_is_found(issue: str, make: object) -> None:
    assert callable(make)
    rng = np.random.default_rng(2)
    assert sum(issue in _found(make(rng)) for _ in range(20)) >= 18


def test_an_end_where_trials_break_down_is_no_boundary() -> None:
    found = _found(_brink(np.random.default_rng(3)))
    assert "boundary_optimum" not in found
    assert "break down" in found["stability_edge"]


def test_rows_without_a_seed_are_no_repetitions() -> None:
    rng = np.random.default_rng(4)
    lr = np.repeat([0.1, 0.2, 0.3, 0.4], 10).tolist()
    assert not {"seed_noise", "no_clear_winner"} & set(
        _found(sweep_of({"lr": lr, "val_loss": rng.uniform(size=40).tolist()}))
    )


REAL = [
    ("boundary_optimum", "04_optuna/lyhue1991__eat_pytorch_in_20_days/optuna.db", "mlp: 189 of the 200 best"),
    ("adaptive_drift", "01_sweep_csv/facebookresearch__hiplot/assets/data/ml1.csv", "embedding_size"),
    ("undersampled", "01_sweep_csv/automl__DeepCAVE/logs/DataFrame/run_1/trials.csv", "20 trials for 4"),
    ("collinear_parameters", "12_curves/algoperf_trials.csv", "one decides the other"),
    ("collinear_parameters", "12_curves/deepobs_trials.csv", "num_epochs and batch_size"),
]


@needs_shared
@pytest.mark.parametrize(("issue", "path", "words"), REAL, ids=[f"{case[0]}-{case[1][-20:]}" for case in REAL])
def test_what_real_sweeps_have(issue: str, path: str, words: str) -> None:
    assert words in _found(hpi_core.read(DATA / path))[issue]


@needs_shared
def test_the_page_says_of_a_real_sweep_that_its_ranking_is_luck(tmp_path: Path) -> None:
    path = DATA / "01_sweep_csv" / "automl__DeepCAVE" / "logs" / "DataFrame" / "run_2" / "trials.csv"
    page = hpi("inspect", path, home=tmp_path).stdout.decode()
    assert "seed_noise" in page
    assert "no_clear_winner" in page
    assert "15 configurations cannot be told from the best" in page.replace("\n            ", " ")
