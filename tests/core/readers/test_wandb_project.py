"""A project of Weights & Biases by its address: one sentence without the client, trials and curves with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import hpi_core
from hpi_core.errors import SourceError
from tests.core.cli.running import hpi

ADDRESS = "https://wandb.ai/team/planets"


def a_run(number: int) -> SimpleNamespace:
    """A run with the attributes of `wandb.apis.public.Run` that are asked for."""

    def scan_history() -> Iterator[dict[str, object]]:
        for step in range(3):
            yield {"_step": step, "loss": 1.0 / (step + 1), "global_step": step, "sample": {"_type": "image-file"}}

    return SimpleNamespace(
        id=f"run{number}", name=f"name {number}", state="finished" if number else "crashed",
        created_at="2024-01-01T00:00:00", group="g", config={"lr": 0.1 * number, "_wandb": {}},
        summary=SimpleNamespace(_json_dict={"loss": 0.3, "_runtime": 5.0}), scan_history=scan_history,
    )  # fmt: skip


def test_without_the_client_one_sentence_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    done = hpi("inspect", ADDRESS, home=tmp_path)
    assert done.returncode == 3
    assert done.stderr.decode().splitlines() == [
        f"hpi: {ADDRESS} needs the optional extra wandb, which is not installed.",
        "     Install it: pip install 'hpi-tui[wandb]'",
    ]


def test_runs_come_with_settings_ends_and_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(project: str, per_page: int) -> list[SimpleNamespace]:
        assert project == "team/planets"
        return [a_run(number) for number in range(3)]

    client = SimpleNamespace(Api=lambda timeout: SimpleNamespace(runs=listed))
    monkeypatch.setitem(sys.modules, "wandb", client)
    sweep = hpi_core.read(ADDRESS)
    assert sweep.trial_ids().to_list() == ["run0", "run1", "run2"]
    assert sweep.trials["_status"].to_list() == ["failed", "completed", "completed"]
    assert sweep.trials["lr"].to_list() == [0.0, 0.1, 0.2]
    assert sweep.curves is not None
    assert sweep.curves.collect()["metric"].unique().to_list() == ["loss"]


def test_what_the_service_refuses_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def listed(project: str, per_page: int) -> list[SimpleNamespace]:
        raise ValueError("Could not find project planets\nmore")

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(Api=lambda timeout: SimpleNamespace(runs=listed)))
    with pytest.raises(SourceError, match="cannot be read from Weights & Biases: Could not find project planets"):
        hpi_core.read("wandb://team/planets")
