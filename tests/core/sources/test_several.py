"""Several sources at once: each a group of one sweep, columns that mean the same become one."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import hpi_core
from tests.core.cli.running import hpi, hpi_process
from tests.core.readers.test_run_folders import write_lightning
from tests.core.readers.wandb_store import write_run
from tests.shared_data import DATA, needs_shared


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """A CSV, a folder of W&B and a folder of Lightning runs of the same search, each in its own words."""
    (tmp_path / "a.csv").write_text(
        "trial_id,state,params_learning_rate,params_optimizer,validation/loss\n"
        "1,COMPLETE,0.1,adam,0.5\n2,FAIL,0.2,sgd,\n3,COMPLETE,0.3,adam,0.25\n"
    )
    for number in range(4):
        settings = {"lr": 0.1 * number, "optimizer": "sgd", "momentum": 0.9 * number}
        write_run(tmp_path / "wandb", f"r{number}", settings=settings, history=[{"val_loss": 2.0}, {"val_loss": 1.0}],
                  exit_code=number % 2)  # fmt: skip
    for number in range(2):
        write_lightning(tmp_path / "logs" / f"version_{number}", {"lr": 0.5 + number}, [3.0, 2.0])
    return [tmp_path / "a.csv", tmp_path / "wandb", tmp_path / "logs"]


def test_sources_become_groups_and_columns_are_matched_by_role(three: list[Path]) -> None:
    sweep = hpi_core.read(three)
    assert sweep.source.kind == "delimited+folders+wandb"
    assert sweep.trials.height == 9
    assert sweep.trials["source"].to_list() == ["a"] * 3 + ["wandb"] * 4 + ["logs"] * 2
    assert (sweep.roles.group, sweep.roles.id, sweep.roles.status) == ("source", "trial_id", "state")
    assert sweep.trials["_status"].to_list() == [
        "completed", "failed", "completed", "completed", "failed", "completed", "failed", "completed", "completed",
    ]  # fmt: skip
    names = [h.name for h in sweep.roles.hyperparameters]
    assert names[:2] == ["params_learning_rate", "params_optimizer"]
    assert sweep.trials["params_learning_rate"].null_count() == 0
    assert "lr" not in sweep.trials.columns
    assert sweep.trials["validation/loss"].to_list() == [0.5, None, 0.25, 1.0, 1.0, 1.0, 1.0, 3.0, 3.0]
    assert sweep.roles.objective is not None
    assert sweep.roles.objective.metric == "validation/loss"
    assert sweep.curves is not None
    curves = sweep.curves.collect()
    assert curves.filter(pl.col("metric") == "validation/loss")["_row"].unique().sort().to_list() == [3, 4, 5, 6, 7, 8]
    told = sweep.ledger.filter(pl.col("kind") == "matched_column")["message"].to_list()
    assert "wandb: lr is the column params_learning_rate of another source" in told


def test_ids_that_repeat_carry_the_name_of_their_source(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_run(tmp_path / name, "aaaa", settings={"lr": 0.1}, history=[{"loss": 1.0}])
        write_run(tmp_path / name, "bbbb", settings={"lr": 0.2}, history=[{"loss": 1.0}])
    sweep = hpi_core.read([tmp_path / "one", tmp_path / "two"])
    assert sweep.trial_ids().to_list() == ["one/aaaa", "one/bbbb", "two/aaaa", "two/bbbb"]


def test_files_with_the_same_columns_under_other_names_are_one_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("learning_rate,batch_size,val_loss\n0.1,32,1\n0.2,32,2\n")
    (tmp_path / "b.csv").write_text("lr,bs,validation_loss\n0.3,64,3\n0.4,64,4\n")
    sweep = hpi_core.read([tmp_path / "a.csv", tmp_path / "b.csv"])
    assert sweep.trials.columns[2:] == ["file", "learning_rate", "batch_size", "val_loss"]
    assert sweep.trials["val_loss"].to_list() == [1, 2, 3, 4]


def test_a_source_that_cannot_be_read_costs_only_itself(three: list[Path], tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and nothing else")
    sweep = hpi_core.read([*three, tmp_path / "broken.parquet"])
    assert sweep.trials.height == 9
    assert "broken" in " ".join(sweep.ledger.filter(pl.col("kind") == "refused_file")["message"])


def test_the_installed_script_opens_several_sources(three: list[Path], tmp_path: Path) -> None:
    done = hpi_process("inspect", *map(str, three), "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trials"]["by_status"] == {"completed": 6, "failed": 3}


@needs_shared
def test_real_sources_of_three_trackers_open_together(tmp_path: Path) -> None:
    places = [
        DATA / "05_wandb/0-KaiKai-0__stanford_alpaca/wandb",
        DATA / "06_ray/automl__DeepCAVE/logs/RayTune/run_1",
        DATA / "01_sweep_csv/automl__DeepCAVE/logs/DataFrame/run_1/trials.csv",
    ]
    sweep = hpi_core.read(places)
    assert sweep.trials.height == 23 + 81 + 20
    assert sweep.roles.group == "source"
    assert sweep.trials["alpha"].drop_nulls().len() == 81 + 20
    page = hpi("inspect", *places, home=tmp_path)
    assert page.returncode == 0
    assert "124 trials" in page.stdout.decode()
