"""Stores of every kind, damaged in one file, through the command: what opens is shown, the rest told in a sentence."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.cli.running import hpi
from tests.core.readers.test_from_above import STORES

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


def test_a_database_of_another_program_is_named_by_its_tables(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "history.sqlite")
    connection.execute("CREATE TABLE bookmarks (id INTEGER, url TEXT)")
    connection.close()
    done = hpi("inspect", tmp_path / "history.sqlite", home=tmp_path)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode().splitlines()[0] == (
        "hpi: history.sqlite is a SQLite database, but neither of MLflow nor of Optuna: its tables are bookmarks."
    )
