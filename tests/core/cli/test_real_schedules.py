"""The schedules of learning rates that real runs logged: named on the page and in JSON, with where they turned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.core.cli.running import hpi
from tests.shared_data import DATA, needs_shared

pytestmark = needs_shared
LOGS = DATA / "08_logs"
RUNS = DATA / "05_wandb" / "0-KaiKai-0__stanford_alpaca" / "wandb"
# As they stand in the logs: rate after rate.
REAL = [
    (LOGS / "aigoncharov__trainer_state_viz" / "trainer_state.json", "constant", "constant at 1e-05"),
    (
        LOGS / "NijatZeynalov__mT5-based-azerbaijani-news-summarize" / "trainer_state.json",
        "warm-up, then decay",
        "warm-up from 5.556e-05 to 0.0005 at step 90, then decay to 0.0001293",
    ),
]


def summary(source: Path, home: Path) -> dict[str, Any]:
    done = hpi("inspect", source, "--json", "--all", home=home)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("source", "schedule", "words"), REAL, ids=["constant", "decay"])
def test_a_run_of_transformers_says_its_schedule(source: Path, schedule: str, words: str, tmp_path: Path) -> None:
    (found,) = summary(source, tmp_path)["schedules"]
    assert (found["metric"], found["schedule"], found["count"]) == ("learning_rate", schedule, 1)
    assert found["example"] == words
    rates = [
        (entry["step"], entry["learning_rate"])
        for entry in json.loads(source.read_text())["log_history"]
        if "learning_rate" in entry
    ]
    if schedule != "constant":
        peak = max(rate for _, rate in rates)
        assert words.startswith(f"warm-up from {rates[0][1]:.4g} to {peak:.4g} at step ")
        assert f"to {peak:.4g} at step {next(step for step, rate in rates if rate == peak)}" in words
        assert words.endswith(f"decay to {rates[-1][1]:.4g}")
    else:
        assert {rate for _, rate in rates} == {1e-05}
    page = " ".join(hpi("inspect", source, home=tmp_path).stdout.decode().split())
    assert f"learning_rate: {schedule} in 1 of 1 trial;" in page
    assert words in page


def test_runs_of_one_project_are_counted_by_schedule(tmp_path: Path) -> None:
    found = {item["schedule"]: item for item in summary(RUNS, tmp_path)["schedules"]}
    assert {name: item["count"] for name, item in found.items()} == {"warm-up": 6, "warm-up, then decay": 4}
    assert found["warm-up, then decay"]["example"] == "warm-up from 2.5e-06 to 2e-05 at step 7, then decay to 0"
    assert len(found["warm-up"]["trials"]) == 6
