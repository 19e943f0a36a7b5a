"""What every real store of other people holds: trials by status and points of curves, and where each number is from.

The numbers of Optuna's storages are asked of Optuna itself, on a copy that it may upgrade; those of MLflow's were read
by MLflow 3.17 on a copy with the empty folders that version control had lost; the rest is explained beside each number.
"""

from __future__ import annotations

import gc
import json
import shutil
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import hpi_core
from hpi_core import frames
from hpi_core.errors import SourceError
from hpi_core.readers._reading import list_experiments
from hpi_core.tables.table import ReadOptions
from tests.core.cli.running import hpi_process
from tests.core.readers.test_real_stores import REFUSED
from tests.shared_data import DATA, needs_shared

pytestmark = needs_shared

Expected = tuple[dict[str, int], int]
HEART = "03_mlflow/hdogan84__MLOps_Heartbeat_Classification/mlruns"
FOREST = "03_mlflow/porscheofficial__distribution_and_volume_based_isolation_forest/experiments/mlruns"
CAVE = "11_other/automl__DeepCAVE/logs"

# Store, experiment -> statuses, points. A metric that no run logged twice is a result and no curve.
MLFLOW: dict[tuple[str, str], Expected] = {
    # Its folder has no meta.yaml any more, so MLflow does not list it: seven runs with one of their own, all finished.
    (HEART, "403626226241602542"): ({"completed": 7}, 0),
    (HEART, "832595055804284709"): ({"completed": 5}, 0),
    (HEART, "946528048286953644"): ({"completed": 18}, 0),
    ("03_mlflow/konradmalik__mlfix/tests/mlruns", "0"): ({"completed": 1}, 0),
    # 507 logged values, of which three stand for themselves, and the times of 300 steps.
    ("03_mlflow/nicktbrr__MM-Neural-Adjoint/examples/mlflow.db", "1"): ({"completed": 3}, 804),
    (FOREST, "271883002980108978"): ({"completed": 17}, 0),
    (FOREST, "486716780144883832"): ({"completed": 12}, 0),
}
NO_RUN = "The experiment Default of the MLflow store .* has no run to read"
EMPTY = {
    ("03_mlflow/EconoBen__mltrack/mlruns.db", "0"): NO_RUN,
    (
        "03_mlflow/nicktbrr__MM-Neural-Adjoint/examples/mlflow.db",
        "0",
    ): NO_RUN,
    (FOREST, "0"): NO_RUN,
}
FILES: dict[str, Expected] = {
    # W&B: one run without a log; in the logs, one exit record each but for the four that were cut, six of them zero.
    "05_wandb": ({"failed": 13, "completed": 6, "running": 4, "unknown": 1}, 2049),
    "05_wandb/0-KaiKai-0__stanford_alpaca/wandb": ({"failed": 13, "completed": 5, "running": 4, "unknown": 1}, 2049),
    "05_wandb/wandb__wandb/tests/assets/wandb": ({"completed": 1}, 0),
    "05_wandb/wandb__wandb/core/tests/files/history.parquet": ({"completed": 1}, 3996),
    # Ray: a state that knows 81, of which a few have a folder; four that never reported `done`, two without a word.
    "06_ray": ({"completed": 88, "running": 4, "unknown": 2}, 114365),
    "06_ray/automl__DeepCAVE/logs/RayTune/run_1": ({"completed": 81}, 0),
    "06_ray/automl__DeepCAVE/logs/RayTune/run_2": ({"completed": 3}, 0),
    "06_ray/automl__DeepCAVE/logs/RayTune/run_3": ({"completed": 3}, 0),
    "06_ray/ray-project__rl-experiments/atari-impala/results": ({"completed": 1}, 4788),
    "06_ray/ray-project__rl-experiments/atari-ppo/2020-01-21": ({"completed": 1}, 105082),
    "06_ray/ray-project__rl-experiments/halfcheetah-sac/2021-09-06": ({"completed": 1}, 4495),
    # Folders: a run per folder with a log or settings; only those that say so (a value at the end, `done`) have ended.
    "08_logs/GeorgePearse__rf-detr-mask": ({"completed": 5, "unknown": 2}, 27049),
    "08_logs/Jhko725__Contact-Point-Detection": ({"completed": 2, "unknown": 4}, 1497),
    "08_logs/NijatZeynalov__mT5-based-azerbaijani-news-summarize": ({"unknown": 1}, 1960),
    "08_logs/aigoncharov__trainer_state_viz": ({"completed": 1}, 1020),
    "08_logs/facebookresearch__DomainBed": ({"completed": 10}, 500),
    # Optimisers: `test_the_numbers_of_optimisers_are_those_in_their_files` counts them again.
    f"{CAVE}/BOHB/run_1": ({"completed": 46}, 65),
    f"{CAVE}/BOHB/run_2": ({"completed": 84}, 113 * 5),
    f"{CAVE}/BOHB/run_3": ({"completed": 1623, "unknown": 39}, 28992),
    f"{CAVE}/DeepCAVE/minimal/run_1": ({"completed": 100}, 300 * 2),
    f"{CAVE}/DeepCAVE/mnist_pytorch/run_1": ({"completed": 785, "failed": 215}, 2267 * 3),
    f"{CAVE}/SMAC3v1/mlp/run_1": ({"completed": 20}, 0),
    # Every configuration was tried at one of three budgets: no curve.
    f"{CAVE}/SMAC3v1/outlier-detection/DEHB-pendigits-015-0-0": ({"completed": 492, "failed": 8, "pruned": 1}, 0),
    f"{CAVE}/SMAC3v2/mlp/run_1": ({"completed": 20}, 0),
    f"{CAVE}/SMAC3v2/multi-fidelity/run_1": ({"completed": 143}, 179),
    # Two seeds each, no budgets; one configuration crashed with both.
    f"{CAVE}/SMAC3v2/multi-objective/run_1": ({"completed": 55, "failed": 1}, 0),
    # AMLTK: a table of trials beside the search space.
    f"{CAVE}/AMLTK/optuna_optimizer/run_1": ({"completed": 149}, 0),
    f"{CAVE}/AMLTK/smac_optimizer/run_1": ({"completed": 42}, 0),
}
STORAGES = sorted(path for path in (DATA / "04_optuna").rglob("*") if path.suffix in (".db", ".sqlite3", ".log"))
_STATES = {"COMPLETE": "completed", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running", "WAITING": "unknown"}
# Optuna 5 cannot upgrade these any more (its own migration breaks a rule of its own schema): counted by SQL.
TOO_OLD = frozenset({"0.9.0.a.db", "1.2.0.a.db", "1.3.0.a.db"})


def told(place: Path, experiment: str | None = None) -> Expected:
    sweep = hpi_core.read(place, options=ReadOptions(experiment=experiment))
    points = 0 if sweep.curves is None else int(sweep.curves.select(pl.len()).collect().item())
    return dict(sweep.trials[frames.STATUS].value_counts().iter_rows()), points


def test_every_store_of_these_folders_has_its_line() -> None:
    lines = {store for store, _ in (*MLFLOW, *EMPTY)} | {*FILES, *REFUSED}
    lines |= {path.relative_to(DATA).as_posix() for path in STORAGES}
    stores = [*(DATA / CAVE).glob("*/*/configspace.json"), *(DATA / CAVE).glob("*/*/*/configspace.json")]
    places = [path.parent.relative_to(DATA).as_posix() for path in stores]
    for folder in ("03_mlflow", "04_optuna", "05_wandb", "06_ray", "08_logs", "11_other"):
        places += [path.relative_to(DATA).as_posix() for path in (DATA / folder).iterdir()]
    assert len(stores) == 12
    assert [place for place in places if not any(line.startswith(place) for line in lines)] == []


@pytest.mark.parametrize(("store", "experiment"), MLFLOW)
def test_an_mlflow_store_holds_what_mlflow_reads_in_it(store: str, experiment: str) -> None:
    assert told(DATA / store, experiment) == MLFLOW[store, experiment]


@pytest.mark.parametrize(("store", "experiment"), EMPTY)
def test_an_experiment_without_runs_says_so(store: str, experiment: str) -> None:
    with pytest.raises(SourceError, match=EMPTY[store, experiment]):
        told(DATA / store, experiment)


@pytest.mark.parametrize("place", FILES)
def test_a_folder_holds_what_was_counted_in_it(place: str) -> None:
    assert told(DATA / place) == FILES[place]


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of Optuna, about the storages of its own past
@pytest.mark.parametrize("path", STORAGES, ids=lambda path: path.name)
def test_a_storage_holds_what_optuna_reads_in_it(path: Path, tmp_path: Path) -> None:
    expected = _by_sql(path) if path.name in TOO_OLD else _by_optuna(path, tmp_path)
    assert expected
    assert {one.id: one.trials for one in list_experiments(str(path))} == {
        id_: sum(statuses.values()) for id_, (statuses, _) in expected.items()
    }
    for id_, (statuses, points) in expected.items():
        if statuses:
            assert told(path, id_) == (statuses, points), id_
        else:
            with pytest.raises(SourceError, match="has no trials yet"):
                told(path, id_)


def test_the_numbers_of_optimisers_are_those_in_their_files() -> None:
    for number in (1, 2, 3):
        folder = DATA / CAVE / f"BOHB/run_{number}"
        drawn = [json.loads(line)[0] for line in (folder / "configs.json").read_text().splitlines()]
        done = [json.loads(line) for line in (folder / "results.json").read_text().splitlines()]
        statuses, points = FILES[f"{CAVE}/BOHB/run_{number}"]
        assert sum(statuses.values()) == len({tuple(id_) for id_ in drawn})
        assert statuses["completed"] == len({tuple(one[0]) for one in done})
        # One point per evaluation for the loss and each number that has a name in the info, however deep.
        assert points == sum(1 + _numbers(one[3]["info"]) * isinstance(one[3]["info"], dict) for one in done)
    for name, objectives in (("minimal", 2), ("mnist_pytorch", 3)):
        lines = [
            json.loads(line) for line in (DATA / CAVE / f"DeepCAVE/{name}/run_1/history.jsonl").read_text().splitlines()
        ]
        highest = {one[0]: one for one in sorted(lines, key=lambda one: one[1])}
        statuses, points = FILES[f"{CAVE}/DeepCAVE/{name}/run_1"]
        assert statuses == _plain(
            {"completed": 0, "failed": 0} | _count(highest.values(), 6, {1: "completed", 4: "failed"})
        )
        assert points == objectives * sum(one[6] == 1 for one in lines)


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (HEART, "mlflow · 18 trials"),
        ("04_optuna/lyhue1991__eat_pytorch_in_20_days/optuna.db", "optuna · 2,000 trials"),
        ("05_wandb/0-KaiKai-0__stanford_alpaca/wandb", "wandb · 23 trials"),
        ("06_ray/automl__DeepCAVE/logs/RayTune/run_1", "ray · 81 trials"),
        ("08_logs/facebookresearch__DomainBed", "folders · 10 trials"),
        (f"{CAVE}/BOHB/run_2", "bohb · 84 trials"),
        (f"{CAVE}/SMAC3v2/multi-fidelity/run_1", "smac · 143 trials"),
        (f"{CAVE}/DeepCAVE/mnist_pytorch/run_1", "deepcave · 1,000 trials"),
    ],
)
def test_the_installed_script_says_so(place: str, line: str, tmp_path: Path) -> None:
    done = hpi_process("inspect", DATA / place, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().splitlines()[1].startswith(line)


def _by_optuna(path: Path, tmp_path: Path) -> dict[str, Expected]:
    library = pytest.importorskip("optuna")
    library.logging.set_verbosity(library.logging.CRITICAL)
    copy = tmp_path / path.name
    shutil.copyfile(path, copy)
    if path.suffix == ".log":
        storage = library.storages.JournalStorage(library.storages.journal.JournalFileBackend(str(copy)))
    else:
        library.storages.RDBStorage(f"sqlite:///{copy}", skip_compatibility_check=True).upgrade()
        storage = library.storages.RDBStorage(f"sqlite:///{copy}")
    found = {}
    for study in storage.get_all_studies():
        trials: list[Any] = storage.get_all_trials(study._study_id)
        states = Counter(_STATES[trial.state.name] for trial in trials)
        found[str(study._study_id)] = (dict(states), sum(len(trial.intermediate_values) for trial in trials))
    del storage
    gc.collect()
    return found


def _by_sql(path: Path) -> dict[str, Expected]:
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    found = {}
    for (study,) in connection.execute("SELECT study_id FROM studies").fetchall():
        states = connection.execute("SELECT state FROM trials WHERE study_id = ?", (study,)).fetchall()
        sql = "SELECT COUNT(*) FROM trial_values JOIN trials USING (trial_id) WHERE study_id = ?"
        steps = connection.execute(sql, (study,)).fetchone()[0]
        found[str(study)] = (dict(Counter(_STATES[state] for (state,) in states)), steps)
    connection.close()
    return found


def _numbers(told: object) -> int:
    if isinstance(told, dict):
        return sum(_numbers(value) for value in told.values())
    return int(isinstance(told, (int, float)) and not isinstance(told, bool))


def _count(records: Any, place: int, words: dict[int, str]) -> dict[str, int]:
    return dict(Counter(words[record[place]] for record in records))


def _plain(counts: dict[str, int]) -> dict[str, int]:
    return {word: count for word, count in counts.items() if count}
