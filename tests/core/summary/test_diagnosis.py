"""Causes at one end of a hyperparameter are put into a practitioner's words, and only those that stood up to tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hpi_core import demo
from hpi_core.inspection.diagnosis import diagnose
from tests.core.cli.running import hpi


@pytest.mark.parametrize(
    ("parameter", "kind", "issues", "begins"),
    [
        ("lr", "above", ["spike", "diverged"], "learning rate too high (spike, diverged)"),
        ("params.learning_rate", "below", ["not_decreasing"], "learning rate too low"),
        ("dropout", "below", ["rebound", "overfit_gap"], "regularization too weak"),
        ("weight_decay", "above", ["stuck_at_chance"], "regularization too strong"),
        ("batch_size", "below", ["late_variance"], "batches too small"),
        ("width", "below", ["not_decreasing"], "model too small: underfit"),
    ],
)
def test_what_causes_mean(parameter: str, kind: str, issues: list[str], begins: str) -> None:
    assert diagnose(parameter, kind, issues).startswith(begins)


@pytest.mark.parametrize(
    ("parameter", "kind", "issues"),
    [
        ("lr", "above", ["failed_run"]),
        ("lr", "level", ["spike"]),
        ("seed", "above", ["spike"]),
        ("lr", "below", ["spike"]),
    ],
)
def test_what_means_nothing_is_not_said(parameter: str, kind: str, issues: list[str]) -> None:
    assert diagnose(parameter, kind, issues) == ""


def test_the_demo_says_that_its_learning_rate_is_too_high(tmp_path: Path) -> None:
    done = hpi("inspect", demo.path(), "--json", home=tmp_path)
    summary = json.loads(done.stdout)
    reasons = [(item["parameter"], item["reason"]) for item in summary["recommendations"]]
    assert any(name == "lr" and said.startswith("Learning rate too high (nonfinite_metric") for name, said in reasons)
    assert any(name == "dropout" and said.startswith("Regularization too weak (") for name, said in reasons)
    page = " ".join(hpi("inspect", demo.path(), home=tmp_path).stdout.decode().split())
    assert "Learning rate too high (nonfinite_metric" in page
