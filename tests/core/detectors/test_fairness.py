"""Measures of disparity: values worked out by hand, silence on chance, and tables of one row per group."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import hpi_core
from hpi_core.detectors import detect
from hpi_core.detectors.context import Context
from hpi_core.detectors.fairness import Measure, measures
from tests.builders import sweep_of
from tests.core.cli.running import hpi

# Two trials, three groups, worked out by hand below.
FPR = {"male_asian": [0.10, 0.05], "female_asian": [0.16, 0.05], "male_white": [0.07, 0.11]}
TPR = {"male_asian": [0.90, 0.80], "female_asian": [0.70, 0.85], "male_white": [0.95, 0.90]}
ACC = {"male_asian": [0.90, 0.80], "female_asian": [0.78, 0.84], "male_white": [0.93, 0.82]}
PPR = {"male_asian": [0.40, 0.30], "female_asian": [0.25, 0.32], "male_white": [0.50, 0.33]}


def _columns(factor: float = 1.0, sizes: int | None = None) -> Mapping[str, Sequence[object]]:
    columns: dict[str, Sequence[object]] = {"lr": [0.1, 0.2], "auc": [0.8, 0.9], "fpr": [0.11 * factor, 0.07 * factor]}
    for metric, groups in (("fpr", FPR), ("tpr", TPR), ("acc", ACC), ("positive_rate", PPR)):
        columns |= {f"{metric}_{group}": [value * factor for value in values] for group, values in groups.items()}
    return columns | ({f"n_{group}": [sizes, sizes] for group in FPR} if sizes else {})


def _measures(columns: Mapping[str, Sequence[object]]) -> dict[str, Measure]:
    return {measure.name: measure for measure in measures(Context(sweep_of(columns)))}


@pytest.mark.parametrize("factor", [1.0, 100.0], ids=["fractions", "percent"])
def test_measures_have_the_values_worked_out_by_hand(factor: float) -> None:
    found = _measures(_columns(factor))
    by_hand = {
        # |.10-.11| + |.16-.11| + |.07-.11|, |.05-.07| + |.05-.07| + |.11-.07|
        "F_FPR": ("sum", [0.10, 0.08]),
        "F_OAE": ("range", [0.93 - 0.78, 0.84 - 0.80]),
        "F_DP": ("range", [0.50 - 0.25, 0.33 - 0.30]),
        # FPR .16-.07 = .09, TPR .95-.70 = .25; FPR .11-.05 = .06, TPR .90-.80 = .10
        "F_MEO": ("range", [0.25, 0.10]),
        "four_fifths": ("ratio", [0.25 / 0.50, 0.30 / 0.33]),
    }
    assert set(found) == set(by_hand)
    for name, (mode, values) in by_hand.items():
        assert found[name].mode == mode
        assert found[name].groups == 3
        assert found[name].partition == "gender x race"
        assert found[name].values.to_list() == pytest.approx(values)


def test_the_mode_of_f_fpr_follows_from_what_is_there_and_is_named() -> None:
    columns = {name: values for name, values in _columns().items() if name != "fpr"}
    (measure,) = (one for one in _measures(columns).values() if one.name == "F_FPR")
    assert measure.mode == "range"
    assert measure.values.to_list() == pytest.approx([0.16 - 0.07, 0.11 - 0.05])
    only_tnr = {"lr": [0.1, 0.2], "tnr": [0.89, 0.93]} | {
        f"tnr_{group}": [1 - value for value in values] for group, values in FPR.items()
    }
    assert _measures(only_tnr)["F_FPR"].values.to_list() == pytest.approx([0.10, 0.08])
    recall = {"lr": [0.1, 0.2]} | {f"recall_{group}": values for group, values in TPR.items()}
    assert _measures(recall)["F_MEO"].alone
    assert _measures(recall)["F_MEO"].values.to_list() == pytest.approx([0.25, 0.10])


def _of(columns: Mapping[str, Sequence[object]]) -> pl.DataFrame:
    return detect(sweep_of(columns)).findings.filter(pl.col("issue") == "subgroup_disparity")


def test_severity_follows_the_size_of_the_groups_and_of_the_gap() -> None:
    for sizes, severity in ((None, "info"), (4000, "error"), (31, None)):
        found = _of(_columns(sizes=sizes)).filter(pl.col("_row") == 0)
        assert found["severity"].to_list() == ([severity] if severity else [])
    large = _of(_columns(sizes=4000))
    assert large.filter(pl.col("_row") == 1)["severity"].to_list() == ["warn"]  # F_MEO is ten points there
    assert "F_DP (range) over 3 groups of gender x race is 0.25; by chance at most " in large["evidence"][0]


def test_the_four_fifths_rule_informs_and_makes_nobody_sick() -> None:
    rates: dict[str, Sequence[object]] = {
        "positive_rate_male": [0.09, 0.09, 0.09],
        "positive_rate_female": [0.06, 0.08, 0.09],
    }
    columns = {"lr": [0.1, 0.2, 0.3], "auc": [0.7, 0.8, 0.9], **rates, "n_male": [5000] * 3, "n_female": [5000] * 3}
    found = _of(columns)
    assert found.select("_row", "severity").rows() == [(0, "info")]
    assert "the least positive rate is 0.6667 of the greatest, below 0.8 (four-fifths rule)" in found["evidence"][0]
    assert not detect(sweep_of(columns)).sick.any()


def test_chance_alone_flags_at_most_one_trial_in_twenty() -> None:
    random = np.random.default_rng(5)
    trials, groups, n = 1000, [f"group_{k}" for k in range(8)], 200
    columns: dict[str, list[float]] = {name: random.random(trials).tolist() for name in ("lr", "auc")}
    for metric, rate, share in (("acc", 0.8, 1.0), ("fpr", 0.2, 0.5), ("tpr", 0.7, 0.5), ("positive_rate", 0.4, 1.0)):
        counts = int(n * share)
        columns |= {f"{metric}_{group}": (random.binomial(counts, rate, trials) / counts).tolist() for group in groups}
    columns |= {f"n_{group}": [n] * trials for group in groups}
    sweep = sweep_of(columns)
    every = {f"subgroup_disparity.{name}": 0.0 for name in ("warn", "mean_warn")}
    verdict = detect(sweep, every | {"subgroup_disparity.four_fifths": 1.0}).verdicts["subgroup_disparity"]
    # 95 % upper bound of a share of 0.05 among 1000.
    assert 0 < int(verdict.sum()) <= 62
    assert int(detect(sweep).verdicts["subgroup_disparity"].sum()) <= 62


def _long_table() -> str:
    lines = ["trial_id,lr,val_auc,gender,race,n,fpr,acc"]
    for trial in range(4):
        lines.append(f"t{trial},{0.01 * (trial + 1)},{0.9 - trial / 50},all,all,9000,0.1,0.9")
        for place, (gender, race) in enumerate([("male", "asian"), ("female", "asian"), ("male", "white")]):
            gap = 0.3 if (trial, place) == (2, 1) else 0.0
            lines.append(
                f"t{trial},{0.01 * (trial + 1)},{0.9 - trial / 50},{gender},{race},3000,{0.1 + gap},{0.9 - gap}"
            )
    return "\n".join(lines).replace("all,all", "overall,") + "\n"


def test_a_table_with_one_row_per_trial_and_group_is_one_trial_per_trial(tmp_path: Path) -> None:
    table = tmp_path / "groups.csv"
    table.write_text(_long_table().replace("overall,,", "overall,overall,"), encoding="utf-8")
    sweep = hpi_core.read(table)
    assert sweep.trials["trial_id"].to_list() == ["t0", "t1", "t2", "t3"]
    assert "16 rows became 4 trials" in " ".join(sweep.ledger["message"])
    summary = json.loads(hpi("inspect", table, "--json", home=tmp_path).stdout)
    (issue,) = (one for one in summary["issues"] if one["issue"] == "subgroup_disparity")
    assert (issue["severity"], issue["trials"]) == ("error", ["t2"])
    assert summary["roles"]["objective"]["metric"] == "val_auc"


def test_group_columns_numbered_from_zero_are_no_curve(tmp_path: Path) -> None:
    names = [f"acc_group_{k}" for k in range(6)]
    rows = [f"{i},{i / 10},0.8," + ",".join(f"0.{80 + (k * i) % 9}" for k in range(6)) for i in range(1, 9)]
    table = tmp_path / "wide.csv"
    table.write_text("\n".join([f"trial_id,lr,val_auc,{','.join(names)}", *rows]) + "\n", encoding="utf-8")
    sweep = hpi_core.read(table)
    assert sweep.curves is None
    assert set(names) <= set(sweep.trials.columns)


def test_rows_of_a_group_are_trials_of_their_own_where_no_metric_is_per_group(tmp_path: Path) -> None:
    # Here the group describes the trial (another data set), or nothing says that a trial has several groups.
    table = tmp_path / "mixed.csv"
    rows = [f"{i},{'ab'[i % 2]},{i / 100},{0.3 + i / 60}" for i in range(30)]
    table.write_text("trial_id,group,lr,accuracy\n" + "\n".join(rows) + "\n", encoding="utf-8")
    assert hpi_core.read(table).trials.height == 30
