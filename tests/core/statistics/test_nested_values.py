"""Hyperparameters that are lists are categories: tested like words, and no library warns about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.core.cli.running import hpi


@pytest.mark.filterwarnings("error")
def test_a_list_valued_hyperparameter_is_blamed_like_a_word(tmp_path: Path) -> None:
    layers = ([64, 64], [128], [256, 128, 64], None)
    trials = [
        {
            "trial_id": str(i),
            "hidden_layers": layers[i % 4],
            "lr": 0.001 * (1 + i * 7 % 13),
            "val_loss": float("nan") if i % 4 == 2 and i % 8 != 2 else 0.3 + (i * 17 % 23) / 50,
        }
        for i in range(160)
    ]
    source = tmp_path / "trials.jsonl"
    source.write_text("".join(json.dumps(trial) + "\n" for trial in trials), encoding="utf-8")
    summary = json.loads(
        hpi("inspect", source, "--role", "hidden_layers=hyperparameter", "--json", home=tmp_path).stdout
    )
    (cause,) = summary["causes"]
    assert (cause["parameter"], cause["kind"], cause["values"]) == ("hidden_layers", "level", ["[256, 128, 64]"])
    assert (cause["sick"], cause["n"], cause["elsewhere_sick"]) == (20, 40, 0)
    (parameter,) = [one for one in summary["roles"]["hyperparameters"] if one["name"] == "hidden_layers"]
    assert (parameter["kind"], parameter["distinct"], parameter["missing"]) == ("categorical", 3, 40)
