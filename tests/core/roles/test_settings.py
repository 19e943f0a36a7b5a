"""What is remembered and configured: survives, is keyed by place, and never breaks the app when it is damaged."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpi_core.errors import WriteError
from hpi_core.roles import RoleOverrides
from hpi_core.settings import Remembered, forget_roles, load_config, recall_roles, remember_roles, state_folder


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


_CHOICE = RoleOverrides(objective="val\x1b_loss", direction="min", roles=(("a b", "metric"),))


def test_a_choice_comes_back_for_the_same_place_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remember_roles(str(tmp_path / "sweep.csv"), _CHOICE)
    assert recall_roles(str(tmp_path / "sweep.csv")) == Remembered("val\x1b_loss", "min", (("a b", "metric"),))
    monkeypatch.chdir(tmp_path)
    assert recall_roles("sweep.csv").objective == "val\x1b_loss"
    assert not recall_roles(str(tmp_path / "other.csv")).anything
    forget_roles("sweep.csv")
    assert recall_roles("sweep.csv") == Remembered()


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[1]", b"\xff\xfe", b'{"roles": [[1]]}', b'{"roles": 3}', b"[" * 100_000]
)
def test_a_damaged_file_is_a_note(damage: bytes) -> None:
    path = remember_roles("sweep.csv", _CHOICE)
    path.write_bytes(damage)
    recalled = recall_roles("sweep.csv")
    assert not recalled.anything
    assert "ignored" in recalled.note


def test_a_state_folder_that_cannot_be_is_a_write_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(WriteError, match="cannot be remembered"):
        remember_roles("sweep.csv", _CHOICE)
    assert not recall_roles("sweep.csv").anything


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    remember_roles("sweep.csv", _CHOICE)
    remember_roles("sweep.csv", _CHOICE)
    assert len(list((state_folder() / "roles").iterdir())) == 1


def test_the_persons_file_wins_and_a_file_beside_the_sweep_is_limited(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "hpi-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[thresholds]\n"spike.z" = 5\n[keys]\nquit = "q"\n')
    (tmp_path / ".hpi.toml").write_text(
        '[thresholds]\n"spike.z" = 1\n"gap.z" = 2\n[keys]\nquit = "x"\n[chat]\nurl = "http://e"\n'
    )
    config = load_config(str(tmp_path / "sweep.csv"))
    assert config.thresholds == {"spike.z": 5, "gap.z": 2}
    assert config.keys == {"quit": "q"}
    assert [note.split(" ", 2)[1] for note in config.notes] == ["keys", "chat"]


def test_bad_toml_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".hpi.toml").write_text("[look\n")
    (note,) = load_config(str(tmp_path)).notes
    assert note.startswith(".hpi.toml is ignored: ")
    assert "\n" not in note


def test_settings_import_nothing_heavy() -> None:
    code = "import sys, hpi_core.settings; sys.exit('polars' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0
