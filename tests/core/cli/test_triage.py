"""`hpi triage`: decisions are kept, listed, counted, filtered by, and exported as files that run nothing."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.core.cli.running import SIX, hpi, hpi_process

EVIL = "$(touch {mark}) `touch {mark}`; touch {mark} 'x' \"y\" a,b"


@pytest.fixture
def six(tmp_path: Path) -> Path:
    path = tmp_path / "six.csv"
    path.write_text(SIX, encoding="utf-8")
    return path


def _listed(six: Path, home: Path, *arguments: str) -> dict[str, str | None]:
    said = json.loads(hpi("triage", six, "--json", *arguments, home=home).stdout)
    return {entry["trial"]: entry["decision"] for entry in said["decisions"]}


def test_what_is_decided_stands_in_later_processes(six: Path, tmp_path: Path) -> None:
    assert b"Nothing has been decided" in hpi("triage", six, home=tmp_path).stdout
    done = hpi_process("triage", six, "--rerun", "2", "4", home=tmp_path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"2 trials marked rerun" in done.stderr
    hpi("triage", six, "--acknowledge", "--where", "lr < 0.001", "--note", "slow but fine", home=tmp_path)
    assert _listed(six, tmp_path) == {"2": "rerun", "4": "rerun", "3": "acknowledged", "5": "acknowledged"}
    assert b"slow but fine" in hpi("triage", six, home=tmp_path).stdout
    hpi("triage", six, "--clear", "4", home=tmp_path)
    assert "4" not in _listed(six, tmp_path)
    assert set(_listed(six, tmp_path, "--where", "decision:rerun")) == {"2"}


def test_counts_are_in_the_summary_and_decisions_filter_everywhere(six: Path, tmp_path: Path) -> None:
    hpi("triage", six, "--rerun", "2", "4", home=tmp_path)
    hpi("triage", six, "--ignore", "1", home=tmp_path)
    summary = json.loads(hpi("inspect", six, "--json", home=tmp_path).stdout)
    assert summary["triage"] == {"acknowledged": 0, "rerun": 2, "ignored": 1}
    narrowed = json.loads(hpi("inspect", six, "--json", "--where", "decision:rerun", home=tmp_path).stdout)
    assert narrowed["trials"]["total"] == 2
    assert narrowed["triage"] == {"acknowledged": 0, "rerun": 2, "ignored": 0}
    exported = hpi("export", six, "--where", "decision:rerun", "-o", "-", home=tmp_path).stdout
    assert [line.split(b",")[0] for line in exported.splitlines()] == [b"trial_id", b"2", b"4"]
    assert hpi("check", six, "--where", "decision:rerun", home=tmp_path).returncode == 1
    assert hpi("check", six, "--where", "decision:ignored", home=tmp_path).returncode == 0


def test_a_misspelt_trial_changes_nothing(six: Path, tmp_path: Path) -> None:
    for arguments in (["--rerun", "2", "nope"], ["--rerun"], ["--rerun", "2", "--where", "lr > 0"], ["--note", "x"]):
        done = hpi("triage", six, *arguments, home=tmp_path)
        assert done.returncode == 2, arguments
        assert done.stdout == b""
    assert hpi("triage", six, "--rerun", "2", "--note", "why", "nope", home=tmp_path).returncode == 2
    assert _listed(six, tmp_path) == {}


def test_lost_decisions_are_told_on_stderr(six: Path, tmp_path: Path) -> None:
    hpi("triage", six, "--rerun", "2", "3", home=tmp_path)
    (log,) = (tmp_path / "six.csv.hpi").glob("*.jsonl")
    log.write_bytes(log.read_bytes() + b'{"clock": 2, "tri\n')
    six.write_text(SIX.replace("2,completed,0.02", "2,completed,0.03"), encoding="utf-8")
    for command in (["triage"], ["inspect"]):
        done = hpi(*command, six, home=tmp_path)
        assert done.returncode == 0
        assert b"1 damaged line" in done.stderr
        assert b"1 decision about no trial" in done.stderr


def test_exports_refuse_what_makes_no_sense(six: Path, tmp_path: Path) -> None:
    assert hpi("triage", six, "--export", "rerun.csv", home=tmp_path).returncode == 2
    hpi("triage", six, "--rerun", "2", home=tmp_path)
    assert hpi("triage", six, "--export", "rerun.txt", home=tmp_path).returncode == 2
    assert hpi("triage", six, "--export", "six.sh", home=tmp_path).returncode == 2
    assert hpi("triage", six, "--export", "no/such.csv", home=tmp_path).returncode == 5
    assert six.read_text(encoding="utf-8") == SIX


def test_the_job_script_hands_over_every_value_and_runs_none(tmp_path: Path) -> None:
    mark, sweep = tmp_path / "mark", tmp_path / "sweep.csv"
    values = ["adam", EVIL.format(mark=mark), "-rf", "日本 *"]
    with sweep.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["trial_id", "lr", "optimizer; touch mark", "val_loss"])
        writer.writerows([[i, 0.1 / (i + 1), value, 0.5 + i] for i, value in enumerate(values * 3)])
    roles = ["--role", "optimizer; touch mark=hyperparameter"]
    hpi("triage", sweep, *roles, "--rerun", "0", "1", "2", "3", home=tmp_path)
    assert hpi("triage", sweep, *roles, "--export", "rerun.sh", home=tmp_path).returncode == 0
    rows = list(csv.DictReader((tmp_path / "rerun.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["trial_id"] for row in rows] == ["0", "1", "2", "3"]
    show = tmp_path / "show.py"
    show.write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))\n", encoding="utf-8")
    for task, value in enumerate(values, start=1):
        given = {**os.environ, "TRAIN": f"python3 {show}", "SLURM_ARRAY_TASK_ID": str(task)}
        done = subprocess.run(["bash", "rerun.sh"], cwd=tmp_path, env=given, capture_output=True, text=True, check=True)
        words = json.loads(done.stdout.splitlines()[-1])
        assert words == [f"--lr={0.1 / task!r}", f"--optimizer; touch mark={value}"]
    assert not mark.exists()
    assert not (tmp_path / "mark").exists()
    assert "#SBATCH --array=1-4" in (tmp_path / "rerun.sh").read_text(encoding="utf-8")
    beyond = {**os.environ, "TRAIN": "true", "SLURM_ARRAY_TASK_ID": "9"}
    assert (
        subprocess.run(["bash", "rerun.sh"], cwd=tmp_path, env=beyond, capture_output=True, check=False).returncode == 2
    )
