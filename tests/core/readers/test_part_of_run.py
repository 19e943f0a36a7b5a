"""A file of a run named by itself tells what its folder tells; what no run is made of is left alone or explained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import hpi_core
from hpi_core.conversion import roles_by_column
from tests.core.cli.running import hpi, hpi_process
from tests.shared_data import DATA, needs_shared

CAVE = "06_ray/automl__DeepCAVE/logs/RayTune/run_3"
ALPACA = "05_wandb/0-KaiKai-0__stanford_alpaca/wandb"
LIGHTNING = "08_logs/GeorgePearse__rf-detr-mask/lightning_logs/version_3"
MT5 = "08_logs/NijatZeynalov__mT5-based-azerbaijani-news-summarize"


@needs_shared
@pytest.mark.parametrize(
    ("folder", "name"),
    [
        (MT5, "trainer_state.json"),
        ("08_logs/aigoncharov__trainer_state_viz", "trainer_state.json"),
        (LIGHTNING, "metrics.csv"),
        (LIGHTNING, "hparams.yaml"),
        (f"{CAVE}/accuracy_359f61c1_2_lr=0.0541,optimizer=adam_2025-05-22_16-17-40", "progress.csv"),
        (f"{CAVE}/accuracy_359f61c1_2_lr=0.0541,optimizer=adam_2025-05-22_16-17-40", "result.json"),
        ("06_ray/ray-project__rl-experiments/halfcheetah-sac/2021-09-06", "progress.csv"),
        (CAVE, "experiment_state-2025-05-22_16-17-39.json"),
        (f"{ALPACA}/run-20240311_064406-0hg90wxj", "files/wandb-summary.json"),
    ],
)
def test_a_real_file_and_its_folder_tell_one_story(folder: str, name: str, tmp_path: Path) -> None:
    whole, named = hpi_core.read(DATA / folder), hpi_core.read(DATA / folder / name)
    assert named.trials.equals(whole.trials)
    assert named.source.kind == whole.source.kind
    assert roles_by_column(named.roles) == roles_by_column(whole.roles)
    assert (named.curves is None) == (whole.curves is None)
    if named.curves is not None and whole.curves is not None:
        assert named.curves.collect().equals(whole.curves.collect())
    page = " ".join(hpi("inspect", DATA / folder / name, home=tmp_path).stdout.decode().split())
    assert f"{Path(name).name} is a part of the " in page


@needs_shared
def test_a_trainer_state_under_any_name_is_the_run_it_tells_of(tmp_path: Path) -> None:
    shutil.copy(DATA / MT5 / "trainer_state.json", tmp_path / "mt5.json")
    whole, copied = hpi_core.read(DATA / MT5), hpi_core.read(tmp_path / "mt5.json")
    assert copied.trials.drop("run").equals(whole.trials.drop("run"))
    assert roles_by_column(copied.roles) == roles_by_column(whole.roles)
    assert copied.trials["_status"].to_list() == ["unknown"]  # 7,000 of 9,411 steps
    assert copied.trials["max_steps"].to_list() == [9411]
    assert copied.ledger.is_empty()


@needs_shared
def test_a_description_of_mlflow_names_the_store(tmp_path: Path) -> None:
    store = DATA / "03_mlflow/konradmalik__mlfix/tests/mlruns"
    out = hpi("inspect", next(store.rglob("meta.yaml")), home=tmp_path)
    told = " ".join(out.stderr.decode().split())
    assert out.returncode == 3
    assert "meta.yaml describes a part of the MLflow store" in told
    assert f"hpi inspect '{store}" in told


def test_a_table_of_trials_and_a_log_with_other_runs_below_are_read_alone(tmp_path: Path) -> None:
    (tmp_path / "progress.csv").write_text("trial_id,lr,val_loss\n1,0.1,0.5\n2,0.2,0.4\n")
    assert hpi_core.read(tmp_path / "progress.csv").trials.height == 2
    history = [{"step": step, "loss": 1 / step} for step in (1, 2)]
    for name in (".", "a", "b"):
        (tmp_path / "out" / name).mkdir(parents=True, exist_ok=True)
        state = {"global_step": 2, "max_steps": 2, "log_history": history}
        (tmp_path / "out" / name / "trainer_state.json").write_text(json.dumps(state))
    assert hpi_core.read(tmp_path / "out").trials.height == 3
    alone = hpi_core.read(tmp_path / "out" / "trainer_state.json")
    assert (alone.trials.height, alone.source.kind) == (1, "json")


@needs_shared
@pytest.mark.parametrize("inner", ["", "params", "tags"])
def test_a_folder_inside_a_store_of_mlflow_names_the_store(inner: str, tmp_path: Path) -> None:
    store = DATA / "03_mlflow/konradmalik__mlfix/tests/mlruns"
    run = next(store.glob("0/*/meta.yaml")).parent / inner
    done = hpi_process("inspect", run, home=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode().splitlines() == [
        f"hpi: The folder {run} is a part of the MLflow store {store}.",
        f"     Name the store, as in `hpi inspect '{store}'`; every run in it is a trial.",
    ]


@needs_shared
def test_addresses_of_files_are_the_files_and_nothing_is_created(tmp_path: Path) -> None:
    study = DATA / "04_optuna/pfnet-research__optuna-book/chapter2/optuna-prepared.db"
    runs = DATA / "03_mlflow/konradmalik__mlfix/tests/mlruns"
    for address, kind in ((f"sqlite:///{study}", "optuna"), (f"file://{runs}", "mlflow")):
        done = hpi_process("inspect", address, "--json", home=tmp_path)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["source"]["kind"] == kind
    done = hpi_process("inspect", f"sqlite:///{tmp_path}/absent.db", home=tmp_path)
    assert done.returncode == 3
    assert done.stderr.decode().startswith(f"hpi: {tmp_path}/absent.db does not exist.")
    assert not (tmp_path / "absent.db").exists()
