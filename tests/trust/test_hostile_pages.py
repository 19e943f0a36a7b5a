"""Hostile text in a sweep and in a store, through every headless command: no page and no JSON lets it act."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.core.cli.running import hpi
from tests.core.readers.mlflow_stores import sweep_runs, write_database

# one of each: an escape sequence, DEL, an upper control, an override of the reading order, an invisible sign
HOSTILE = "ev\x1b[31m\x7f\x9b0m\u202e\u200bil"
CONTROLS = ("\x1b", "\x7f", "\x9b", "\u202e", "\u200b")


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """Sixty trials of a hostile name and category, of which the hostile category is the cause of every NaN."""
    rows = [f'"{at}{HOSTILE}",{"nan" if at % 3 == 0 else 0.1 + at / 100},{HOSTILE if at % 3 == 0 else "b"},{at / 60}'
            for at in range(60)]  # fmt: skip
    path = tmp_path / "sweep.csv"
    path.write_text("\n".join([f"trial_id,val_loss,opt{HOSTILE},lr", *rows]) + "\n", encoding="utf-8")
    return path


ANSWERS = ("inspect", "causes", "importance", "best", "next", "triage")


@pytest.mark.parametrize("command", [*((one,) for one in (*ANSWERS, "check")), *((one, "--json") for one in ANSWERS)])
def test_no_command_lets_a_control_through(command: tuple[str, ...], sweep: Path, tmp_path: Path) -> None:
    done = hpi(*command, sweep, home=tmp_path)
    told = (done.stdout + done.stderr).decode()
    assert done.returncode in (0, 1), told
    assert "il" in told or command[0] == "triage"
    assert not [f"{ord(control):#x}" for control in CONTROLS if control in told]


def test_the_names_of_experiments_are_as_harmless_and_unchanged_in_the_json(tmp_path: Path) -> None:
    store = write_database(tmp_path / "mlflow.db", {HOSTILE: sweep_runs(3)})
    page, record = hpi("experiments", store, home=tmp_path), hpi("experiments", store, "--json", home=tmp_path)
    for told in (page.stdout.decode(), record.stdout.decode()):
        assert "il" in told
        assert not [f"{ord(control):#x}" for control in CONTROLS if control in told]
    assert HOSTILE in [json.loads(line)["name"] for line in record.stdout.decode().splitlines()]
