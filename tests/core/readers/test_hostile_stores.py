"""Stores of every kind, damaged in one file, through the command: what opens is shown, the rest told in a sentence."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.cli.running import hpi
from tests.core.readers.test_from_above import STORES
from tests.shared_data import DATA, needs_shared

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "truncated": lambda data: data[: len(data) // 2],
    "lfs": lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n",
    "pickle": lambda _: b"cposix\nsystem\n(S'touch hpi-was-tricked'\ntR.",
    "yaml": lambda _: b"a: !!python/object/apply:os.system ['touch hpi-was-tricked']\n",
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", STORES)
def test_a_damaged_file_costs_itself_or_is_refused_in_a_sentence(kind: str, damage: str, tmp_path: Path) -> None:
    name, write, trials = STORES[kind]
    place = write(tmp_path / name)
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    target = files[len(files) // 2]
    target.write_bytes(DAMAGES[damage](target.read_bytes()))
    done = hpi("inspect", place, "--json", home=tmp_path)
    said = done.stderr.decode()
    assert "Traceback" not in said
    assert not list(tmp_path.rglob("hpi-was-tricked"))
    if done.returncode == 0:
        assert 0 < json.loads(done.stdout)["trials"]["total"] <= trials
        return
    assert (done.returncode, done.stdout) == (3, b"")
    assert said.startswith("hpi: ")
    assert len(said.strip().splitlines()) == 2  # what and where, and what to do


@needs_shared
@pytest.mark.parametrize(
    ("place", "share", "least"),
    [
        ("04_optuna/lyhue1991__eat_pytorch_in_20_days/optuna.db", 0.5, 700),
        ("04_optuna/lyhue1991__eat_pytorch_in_20_days/optuna.db", 0.95, 1900),
        ("03_mlflow/nicktbrr__MM-Neural-Adjoint/examples/mlflow.db", 0.9, 3),
    ],
)
def test_what_a_half_copied_database_still_holds_is_shown(place: str, share: float, least: int, tmp_path: Path) -> None:
    """SQLite itself refuses such a file; its rows up to the first missing page are there all the same."""
    data = (DATA / place).read_bytes()
    cut = tmp_path / "cut.db"
    cut.write_bytes(data[: int(len(data) * share)])
    before = cut.read_bytes()
    done = hpi("inspect", cut, "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    whole = json.loads(hpi("inspect", DATA / place, "--json", home=tmp_path).stdout)
    assert least <= told["trials"]["total"] <= whole["trials"]["total"]
    damage = [entry["message"] for entry in told["ledger"] if entry["kind"] == "damaged"]
    assert damage[0].startswith("the rest cannot be read: the file is cut short, its last ")
    assert cut.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("cut")] == ["cut.db"]
    listed = hpi("experiments", cut, home=tmp_path)
    assert listed.returncode == 0, listed.stderr


def test_a_database_of_another_program_is_named_by_its_tables(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "history.sqlite")
    connection.execute("CREATE TABLE bookmarks (id INTEGER, url TEXT)")
    connection.close()
    done = hpi("inspect", tmp_path / "history.sqlite", home=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode().splitlines()[0] == (
        "hpi: history.sqlite is a SQLite database, but neither of MLflow nor of Optuna: its tables are bookmarks."
    )
