"""A project named from above, and stores that were compressed, through the installed command."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import hpi_core
from hpi_core.errors import SeveralStoresError
from hpi_core.readers._reading import list_experiments
from tests.core.cli.running import SIX, hpi_process
from tests.core.readers.mlflow_stores import sweep_runs, write_files
from tests.core.readers.optuna_stores import add_study, new_database
from tests.core.readers.test_optimisers import write_smac
from tests.core.readers.test_ray_tune import write_trial
from tests.core.readers.wandb_store import write_run
from tests.shared_data import DATA, needs_shared


def write_mlruns(folder: Path) -> Path:
    folder.parent.mkdir(parents=True, exist_ok=True)
    return write_files(folder, {"sweep": sweep_runs(4)})


def write_study(path: Path, trials: int = 5) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = new_database(path)
    add_study(connection, "s", trials)
    connection.close()
    return path


def write_wandb(folder: Path) -> Path:
    for number in range(3):
        write_run(folder, f"r{number}", settings={"lr": 0.1 * number}, history=[{"loss": 1.0}, {"loss": 0.5}])
    return folder


def write_ray(folder: Path) -> Path:
    for number in range(2):
        write_trial(folder, f"t{number}", {"lr": 0.1 * number}, [1.0, 0.5])
    return folder


STORES: dict[str, tuple[str, Callable[[Path], Path], int]] = {
    "mlflow": ("mlruns", write_mlruns, 4),
    "optuna": ("study.db", write_study, 5),
    "wandb": ("wandb", write_wandb, 3),
    "ray": ("ray_results/exp", write_ray, 2),
    "smac": ("smac3_output/run", lambda folder: write_smac(folder, 6), 6),
}


@pytest.mark.parametrize("kind", STORES)
def test_the_one_store_of_a_project_is_opened_from_above(kind: str, tmp_path: Path) -> None:
    name, write, trials = STORES[kind]
    project = tmp_path / "project"
    write(project / ("" if kind == "wandb" else "x/y") / name)
    (project / "train.py").write_text("pass\n")
    (project / "data.csv").write_text("image,label\na.png,1\nb.png,2\n")
    done = hpi_process("inspect", "project", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["source"]["kind"], told["trials"]["total"]) == (kind, trials)
    ledger = hpi_core.read(project).ledger
    message = ledger.filter(pl.col("kind") == "left_aside")["message"].to_list()
    assert message == [f"data.csv lies in the folder beside the {kind} store and was not read"]


def test_several_stores_of_a_project_are_listed_with_the_command(tmp_path: Path) -> None:
    for name, write, _ in STORES.values():
        write(tmp_path / "project" / name)
    done = hpi_process("inspect", "project", home=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    text = " ".join(done.stderr.decode().split())
    assert text == (
        "hpi: The folder project holds 5 stores of trials, at most 6 levels down: mlruns (mlflow), study.db (optuna), "
        "wandb (wandb), ray_results/exp (ray), smac3_output/run (smac). Name one, as in "
        "`hpi inspect 'project/mlruns'`, or several, which become groups of one sweep."
    )
    both = hpi_process("inspect", "project/mlruns", "project/wandb", "--json", home=tmp_path)
    assert json.loads(both.stdout)["trials"]["total"] == 7
    with pytest.raises(SeveralStoresError) as caught:
        hpi_core.read(tmp_path / "project")
    assert [choice.name for choice in caught.value.choices][:2] == ["mlruns", "study.db"]


def test_what_lies_beside_the_runs_of_the_folder_itself_is_told(tmp_path: Path) -> None:
    write_wandb(tmp_path / "wandb")
    write_study(tmp_path / "wandb" / "study.db")
    for name in ("a.csv", "b.csv"):
        (tmp_path / "wandb" / name).write_text(SIX)
    sweep = hpi_core.read(tmp_path / "wandb")
    assert sweep.trials.height == 3
    assert sweep.ledger.filter(pl.col("kind") == "left_aside")["message"].to_list() == [
        "beside it lie study.db (optuna): name them to open them",
        "a.csv, b.csv lie in the folder beside the wandb store and were not read",
    ]


def test_experiments_are_listed_from_above(tmp_path: Path) -> None:
    write_study(tmp_path / "project" / "study.db")
    assert [(one.name, one.trials) for one in list_experiments(str(tmp_path / "project"))] == [("s", 5)]


@needs_shared
def test_real_projects_open_from_above() -> None:
    opened = hpi_core.read(DATA / "03_mlflow/nicktbrr__MM-Neural-Adjoint")
    assert opened.source.name == "nicktbrr__MM-Neural-Adjoint/examples/mlflow.db · NA"
    assert opened.trials.height == 3
    with pytest.raises(SeveralStoresError, match="holds 5 stores of trials"):
        hpi_core.read(DATA / "03_mlflow")


PACKED: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def test_a_compressed_database_opens_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "packed.db.gz").write_bytes(gzip.compress(write_study(tmp_path / "study.db").read_bytes()))
    (tmp_path / "tmp").mkdir()
    done = hpi_process("inspect", "packed.db.gz", "--json", home=tmp_path, TMPDIR=str(tmp_path / "tmp"))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["trials"]["total"] == 5
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [one.name for one in list_experiments(str(tmp_path / "packed.db.gz"))] == ["s"]


@pytest.mark.parametrize("suffix", PACKED)
def test_every_compression_of_a_database_opens(suffix: str, tmp_path: Path) -> None:
    data = write_study(tmp_path / "study.db").read_bytes()
    (tmp_path / f"packed.db{suffix}").write_bytes(PACKED[suffix](data))
    assert hpi_core.read(tmp_path / f"packed.db{suffix}").trials.height == 5


@needs_shared
def test_a_compressed_journal_opens(tmp_path: Path) -> None:
    journal = DATA / "04_optuna/turbotimon__optuna-dashboard/optuna_journal_storage.log"
    (tmp_path / "journal.log.gz").write_bytes(gzip.compress(journal.read_bytes()))
    assert hpi_core.read(tmp_path / "journal.log.gz").trials.height == 3


def test_a_zip_of_a_database_with_an_evil_name_is_read_and_stays_inside(tmp_path: Path) -> None:
    data = write_study(tmp_path / "study.db").read_bytes()
    with zipfile.ZipFile(tmp_path / "evil.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../escaped.db", data)
    before = sorted(path.name for path in tmp_path.parent.iterdir())
    assert hpi_core.read(tmp_path / "evil.zip").trials.height == 5
    assert sorted(path.name for path in tmp_path.parent.iterdir()) == before


def test_a_cut_gzip_of_a_database_says_what_is_wrong(tmp_path: Path) -> None:
    data = gzip.compress(write_study(tmp_path / "study.db", 3000).read_bytes())
    (tmp_path / "cut.db.gz").write_bytes(data[: len(data) // 2])
    done = hpi_process("inspect", "cut.db.gz", "--json", home=tmp_path)
    assert b"Traceback" not in done.stderr
    if done.returncode:
        assert b"damaged" in done.stderr
        return
    told = hpi_core.read(tmp_path / "cut.db.gz").ledger["message"].to_list()
    assert any("the compressed file is damaged or cut short" in message for message in told)


def test_a_bomb_that_begins_like_a_database_is_refused(tmp_path: Path) -> None:
    data = write_study(tmp_path / "study.db").read_bytes()
    (tmp_path / "bomb.db.xz").write_bytes(lzma.compress(data + bytes(80 << 20), preset=0))
    done = hpi_process("inspect", "bomb.db.xz", home=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"as zip bombs do" in done.stderr
