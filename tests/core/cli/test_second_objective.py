"""Fairness beside the objective: the front of both, worked out again from the file; on the page and in the report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.core.cli.running import hpi
from tests.shared_data import DATA, needs_shared

ADULT = (
    DATA / "10_fairness/algofairness__fairness-comparison/fairness/results/before-rerun"
    "/adult_race_numerical-binsensitive.csv"
)


@needs_shared
def test_the_front_of_a_real_file_is_that_of_its_own_columns(tmp_path: Path) -> None:
    summary = json.loads(hpi("inspect", ADULT, "--json", home=tmp_path).stdout)
    (race,) = (one for one in summary["second_objectives"] if (one["measure"], one["partition"]) == ("F_OAE", "race"))
    with ADULT.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    accuracy, zero, one = header.index("accuracy"), header.index("0-accuracy"), header.index("1-accuracy")
    both = [(float(row[accuracy]), abs(float(row[zero]) - float(row[one]))) for row in rows]
    unbeaten = [
        mine
        for mine in both
        if not any(other[0] >= mine[0] and other[1] <= mine[1] and other != mine for other in both)
    ]
    found = [(entry["objective"], entry["value"]) for entry in race["front"]]
    assert found == [pytest.approx(pair, rel=1e-5) for pair in sorted(unbeaten, reverse=True)]
    assert race["front_size"] == len(unbeaten) > 1
    assert race["least"]["value"] == pytest.approx(min(value for _objective, value in both), rel=1e-5)
    assert race["best"]["objective"] == max(objective for objective, _value in both)
    # The ranking is that of the objective alone.
    assert [entry["value"] for entry in summary["best"]] == sorted((pair[0] for pair in both), reverse=True)
    page = hpi("inspect", ADULT, home=tmp_path).stdout.decode()
    assert "disparity beside accuracy: lower is better, never one score with it" in page
    assert "F_OAE (range)  2 of race " in page
    report = hpi("report", ADULT, "-o", "-", home=tmp_path).stdout.decode()
    assert "| `F_OAE` (range) | 2 of race |" in report
    assert "are never one score" in report


def test_a_measure_the_source_worked_out_stands_beside_the_objective_too(tmp_path: Path) -> None:
    rows = [(0.90, 0.30), (0.88, 0.10), (0.86, 0.20), (0.80, 0.05), (0.95, 0.01)]
    lines = [
        f"t{i},{i + 1},{status},{auc},{f_fpr}"
        for i, ((auc, f_fpr), status) in enumerate(zip(rows, STATUS, strict=True))
    ]
    table = tmp_path / "logged.csv"
    table.write_text("trial_id,batch_size,status,val_auc,F_FPR\n" + "\n".join(lines) + "\n", encoding="utf-8")
    summary = json.loads(hpi("inspect", table, "--json", home=tmp_path).stdout)
    (other,) = summary["second_objectives"]
    assert (other["measure"], other["mode"], other["partition"]) == ("F_FPR", None, None)
    # t2 is worse than t1 in both; t4 failed.
    assert [entry["trial"] for entry in other["front"]] == ["t0", "t1", "t3"]
    assert summary["roles"]["objective"]["metric"] == "val_auc"


STATUS = ("completed", "completed", "completed", "completed", "failed")
