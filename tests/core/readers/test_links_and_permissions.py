"""What no reading comes to is told: links that lead out, folders and files that may not be read, pipes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.cli.running import HPI, hpi_process
from tests.core.readers.mlflow_stores import sweep_runs, write_files
from tests.core.readers.test_ray_tune import write_trial
from tests.core.readers.test_run_folders import write_lightning
from tests.core.readers.wandb_store import write_run

# A user who may read everything is held to the permissions of files without these two of its powers.
_MORTAL = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def wandb_run(root: Path, number: int) -> Path:
    return write_run(root, f"r{number}", settings={"lr": 0.1 * number}, history=[{"loss": 1.0}, {"loss": 0.5}])


def ray_trial(root: Path, number: int) -> Path:
    return write_trial(root, f"{number:05}", {"lr": 0.1 * number}, [1.0, 0.5])


def lightning_run(root: Path, number: int) -> Path:
    write_lightning(root / f"version_{number}", {"lr": 0.1 * number}, [1.0, 0.5])
    return root / f"version_{number}"


WRITERS: dict[str, Callable[[Path, int], Path]] = {"wandb": wandb_run, "ray": ray_trial, "folders": lightning_run}


def refused(done: subprocess.CompletedProcess[bytes]) -> tuple[int, list[str]]:
    """Return how many trials were read, and what the ledger says could not be."""
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return told["trials"]["total"], [e["message"] for e in told["ledger"] if e["kind"] == "refused_file"]


@pytest.mark.parametrize("kind", WRITERS)
def test_links_to_runs_elsewhere_are_told_and_those_to_runs_beside_them_are_not(kind: str, tmp_path: Path) -> None:
    runs, elsewhere = tmp_path / "runs", tmp_path / "scratch"
    own = [WRITERS[kind](runs, number) for number in (1, 2)]
    far = [WRITERS[kind](elsewhere, number) for number in (3, 4)]
    (runs / "latest-run").symlink_to(own[1])
    (runs / "linked-3").symlink_to(far[0])
    trials, told = refused(hpi_process("inspect", runs, "--json", home=tmp_path))
    assert trials == 2
    assert told == [
        "a link to a folder elsewhere was not followed: linked-3; name the folder itself to read it",
    ]
    for path in own:
        shutil.rmtree(path)
    (runs / "latest-run").unlink()
    (runs / "linked-4").symlink_to(far[1])
    done = hpi_process("inspect", runs, home=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    first, hint = done.stderr.decode().splitlines()
    assert first.startswith(f"hpi: The folder {runs} holds no sweep, only 2 links to folders, such as linked-3, and ")
    assert hint == f"     Name the folders themselves, or the links: '{runs}/linked-3'."
    trials, told = refused(hpi_process("inspect", runs / "linked-3", runs / "linked-4", "--json", home=tmp_path))
    assert (trials, told) == (2, [])


def test_links_to_experiments_and_runs_of_a_store_are_told(tmp_path: Path) -> None:
    store = write_files(tmp_path / "mlruns", {"sweep": sweep_runs(3)})
    other = write_files(tmp_path / "scratch", {"other": sweep_runs(2)})
    experiment = next(path for path in store.iterdir() if (path / "meta.yaml").exists())
    (store / "77").symlink_to(next(path for path in other.iterdir() if (path / "meta.yaml").exists()))
    (experiment / "abc").symlink_to(next(other.rglob("params")).parent)
    trials, told = refused(hpi_process("inspect", store, "--json", home=tmp_path))
    assert trials == 3
    assert told == [
        f"links to folders elsewhere were not followed: 77, {experiment.name}/abc; name the folder itself to read it",
    ]


@pytest.mark.parametrize("kind", WRITERS)
def test_what_may_not_be_read_costs_itself_and_is_told(kind: str, tmp_path: Path) -> None:
    prefix = _MORTAL if os.geteuid() == 0 else []
    if prefix and (shutil.which("setpriv") is None or subprocess.run([*prefix, "true"], check=False).returncode):
        pytest.skip("this user may read everything")
    runs = [WRITERS[kind](tmp_path / "runs", number) for number in (1, 2, 3)]
    log = next(path for path in runs[1].rglob("*") if path.suffix in (".wandb", ".csv") or path.name == "result.json")
    log.chmod(0)
    runs[2].chmod(0)
    command: list[str | Path] = [*prefix, HPI, "inspect", tmp_path / "runs", "--json"]
    home = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "s")}
    done = subprocess.run(command, capture_output=True, env=home, check=False)
    runs[2].chmod(0o755)
    trials, told = refused(done)
    assert trials == 2
    assert f"a folder may not be read, permission denied: {runs[2].name}" in told
    assert any(log.name in message and "Permission denied" in message for message in told)


def test_a_pipe_is_read_while_a_program_writes_and_refused_where_none_does(tmp_path: Path) -> None:
    pipe = tmp_path / "results.csv"
    os.mkfifo(pipe)
    done = hpi_process("inspect", pipe, home=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode().splitlines() == [
        f"hpi: {pipe} is a pipe that no program writes to.",
        "     Start the program that does, or name a file.",
    ]
    rows = "".join(f"{number / 10},{1 / number}\n" for number in range(1, 9))
    writer = threading.Thread(target=lambda: pipe.write_text(f"lr,loss\n{rows}"))  # waits for a reader
    writer.start()
    done = hpi_process("inspect", pipe, "--json", home=tmp_path)
    writer.join()
    assert json.loads(done.stdout)["trials"]["total"] == 8
