"""failed_run quotes what went wrong: the plainest column first, and for each trial whatever is there."""

from __future__ import annotations

import json
from pathlib import Path

from hpi_core.detectors import detect
from tests.builders import sweep_of
from tests.core.cli.running import hpi


def _evidence(**texts: list[str | None]) -> list[str]:
    columns: dict[str, list[object]] = {"lr": [0.1, 0.2, 0.3, 0.4], "status": ["ok", "failed", "failed", "failed"]}
    findings = detect(sweep_of({**columns, **texts, "val_loss": [0.5, None, None, None]})).findings
    return findings["evidence"].to_list()


def test_an_error_is_quoted_before_a_comment_wherever_the_columns_stand() -> None:
    said = _evidence(
        comment=["fine", "rerun this", "tuesday", "odd"],
        log=[None, "line 1", "line 2", "line 3"],
        exception=[None, "KeyError: 'x'", None, " "],
    )
    assert said == [
        "the source says failed: KeyError: 'x'",
        "the source says failed: line 2",
        "the source says failed: line 3",
    ]


def test_a_comment_is_quoted_where_nothing_better_is_there() -> None:
    said = _evidence(comment=[None, "lost the node", None, None])
    assert said == ["the source says failed: lost the node", "the source says failed", "the source says failed"]


def test_the_summary_names_the_failed_trials(tmp_path: Path) -> None:
    rows = [
        f"{i},{'failed' if i % 4 == 3 else 'completed'},{i / 100},{0.5 + i / 50},see wiki,boom {i}" for i in range(24)
    ]
    table = tmp_path / "sweep.csv"
    table.write_text("trial_id,status,lr,val_loss,comment,error\n" + "\n".join(rows) + "\n", encoding="utf-8")
    done = hpi("inspect", table, "--json", home=tmp_path)
    (issue,) = [issue for issue in json.loads(done.stdout)["issues"] if issue["issue"] == "failed_run"]
    assert issue["trials"] == ["3", "7", "11", "15", "19", "23"]
