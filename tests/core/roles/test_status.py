"""Every tool's word for how a run ended, in the seven words of the app."""

from __future__ import annotations

import polars as pl
import pytest

from hpi_core.roles import RoleHints, RoleOverrides, infer_roles, normalise_status

_WORDS = {
    "completed": ["COMPLETE", "TrialState.COMPLETE", "finished", "FINISHED", "COMPLETED", "TERMINATED", "success",
                  "StatusType.SUCCESS", "ok", "done", "pass", "Succeeded"],
    "failed": ["FAIL", "crashed", "failed", "killed", "FAILED", "NODE_FAIL", "CANCELLED by 123", "CANCELLED+", "ERROR",
               "KILLED", "StatusType.CRASHED", "abort", "nan", "diverged", "error: no such file"],
    "oom": ["OUT_OF_MEMORY", "memout", "StatusType.MEMORYOUT", "oom", "CUDA out of memory", "OutOfMemoryError"],
    "timeout": ["TIMEOUT", "StatusType.TIMEOUT", "timed out", "time-limit"],
    "pruned": ["PRUNED", "early_stopped", "early stopped", "stopped early"],
    "running": ["RUNNING", "WAITING", "running", "preempted", "PREEMPTED", "PENDING", "PAUSED", "SCHEDULED"],
    "unknown": ["", "wibble", "???", "  "],
}  # fmt: skip


def _normalised(values: list[object], name: str = "status") -> list[str]:
    table = pl.DataFrame({name: values, "lr": [0.1 + i for i in range(len(values))]}, strict=False)
    roles = infer_roles(table, RoleHints(), RoleOverrides(roles=((name, "status"),)))
    return normalise_status(table, roles, frozenset()).to_list()


@pytest.mark.parametrize(("status", "word"), [(status, word) for status, words in _WORDS.items() for word in words])
def test_words(status: str, word: str) -> None:
    assert _normalised([word, None]) == [status, "unknown"]


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("exit_code", [0, 1, 124, 137, None], ["completed", "failed", "timeout", "failed", "unknown"]),
        ("status", [1, 2, 3, 4, 5], ["running", "running", "completed", "failed", "failed"]),
        ("failed", [True, False, None], ["failed", "completed", "unknown"]),
        ("success", [True, False], ["completed", "failed"]),
        ("done", [True, False], ["completed", "running"]),
        ("exit_code", [0.0, float("nan"), float("inf")], ["completed", "unknown", "unknown"]),
    ],
)
def test_codes_and_booleans(name: str, values: list[object], expected: list[str]) -> None:
    assert _normalised(values, name) == expected


def test_without_a_status_a_finite_objective_is_completed_and_the_rest_unknown() -> None:
    table = pl.DataFrame({"lr": [0.1, 0.2, 0.3], "val_loss": [0.5, float("nan"), None]})
    roles = infer_roles(table, RoleHints())
    assert normalise_status(table, roles, frozenset()).to_list() == ["completed", "unknown", "unknown"]


def test_a_record_that_was_cut_off_is_running() -> None:
    table = pl.DataFrame({"status": ["ok", "ok"], "lr": [0.1, 0.2]})
    assert normalise_status(table, infer_roles(table, RoleHints()), frozenset({1})).to_list() == [
        "completed",
        "running",
    ]
