"""`hpi causes` as installed: what it says of the bundled demo and of real sweeps of other people, page and JSON."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from hpi_core.filter import parse
from tests.core.cli.running import SIX, hpi, hpi_process
from tests.shared_data import DATA, ROOT, needs_shared

DEMO = ROOT / "hpi_core" / "demo" / "sweep.csv"
DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"
DEEPCAVE = DATA / "01_sweep_csv" / "automl__DeepCAVE" / "logs" / "DataFrame" / "run_3" / "trials.csv"
IMAGENET = DATA / "01_sweep_csv" / "huggingface__pytorch-image-models" / "results" / "results-imagenet.csv"


def _found(path: Path, home: Path, *options: str) -> dict[str, Any]:
    done = hpi("causes", path, "--json", *options, home=home)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout, parse_constant=pytest.fail)
    return found


def _page(path: Path, home: Path, *options: str) -> str:
    done = hpi("causes", path, *options, home=home)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_the_page_of_the_demo_says_rates_whiskers_threshold_and_how_sure(tmp_path: Path) -> None:
    done = hpi_process("causes", DEMO, home=tmp_path)
    assert done.returncode == 0
    assert done.stderr == b""
    page = done.stdout.decode()
    assert "share one false discovery rate of 5 %" in page
    cause = next(c for c in _found(DEMO, tmp_path)["causes"] if (c["parameter"], c["kind"]) == ("lr", "above"))
    issue = page[page.index(f"\n{cause['issue']}  ") :].split("\n\n")[0]
    told = issue[issue.index(f"  {cause['text']}  {cause['strength']}") :]
    row = next(line for line in told.splitlines() if line.strip().startswith("there"))
    assert row.split()[1:3] == [f"{cause['sick']}", f"{cause['n']}"]
    assert "├" in row
    assert "●" in row
    assert row.index("├") < row.index("●") < row.index("┤")
    assert f"Threshold between {cause['threshold_low']:.4g} and {cause['threshold_high']:.4g}." in told
    assert "times as often sick as elsewhere" in told
    assert "claims this sure is a false alarm (q " in " ".join(told.split())


def test_a_machine_is_associated_and_not_called_a_cause(tmp_path: Path) -> None:
    page = " ".join(_page(DEMO, tmp_path).split())
    assert re.search(r"node = node05 \w+, an association only", page)
    assert "Associated with it, not shown to cause it: the column names the machine." in page


def test_six_trials_yield_a_lead_and_how_many_more_would_decide(tmp_path: Path) -> None:
    path = tmp_path / "six.csv"
    path.write_text(SIX, encoding="utf-8")
    page = " ".join(_page(path, tmp_path).split())
    assert "6 trials · nothing could be tested" in page
    assert "No cause can be told" in page
    assert "not enough data; look first at lr > 0.007: 2 of 2 nonfinite_metric, elsewhere 0 of 4" in page
    assert "about 34 more trials would decide" in page
    assert _found(path, tmp_path)["causes"] == []


def test_every_printed_condition_typed_as_a_filter_returns_the_claimed_trials(tmp_path: Path) -> None:
    import hpi_core

    sweep = hpi_core.read(DEMO)
    inspection = hpi_core.inspect(sweep)
    found = _found(DEMO, tmp_path, "--all")
    assert len(found["causes"]) >= 8
    for cause in found["causes"]:
        judged = inspection.verdicts[cause["issue"]]
        shown = parse(cause["text"]).mask(sweep) & judged.is_not_null()
        assert int(shown.sum()) == cause["n"]
        assert int((shown & judged).sum()) == cause["sick"] == len(cause["trials"])


@needs_shared
def test_a_real_graded_cause_is_told_in_tiers_within_its_test_problems(tmp_path: Path) -> None:
    found = _found(DEEPOBS, tmp_path)
    cause = next(c for c in found["causes"] if (c["parameter"], c["issue"]) == ("lr", "nonfinite_metric"))
    assert cause["kind"] == "above"
    assert cause["evidence"] == "stratified"
    assert cause["adjusted_for"] == ["testproblem"]
    assert cause["adjusted_ratio"] > 3
    rates = [tier["rate"] for tier in cause["tiers"]]
    assert len(rates) >= 3
    assert rates == sorted(rates, reverse=True)
    assert sum(tier["n"] for tier in cause["tiers"]) == cause["n"] + cause["elsewhere_n"]
    page = " ".join(_page(DEEPOBS, tmp_path).split())
    assert cause["tiers"][1]["text"].replace("<=", "≤") in page
    assert "Holds at equal testproblem" in page


@needs_shared
def test_a_real_sweep_without_sick_trials_is_told_what_makes_results_bad_and_good(tmp_path: Path) -> None:
    found = _found(IMAGENET, tmp_path)
    assert found["trials"]["sick"] == 0
    assert found["causes"] == []
    told = {(c["parameter"], c["kind"], c["issue"]) for c in found["objective_causes"]}
    assert ("img_size", "above", "best_results") in told
    assert any(issue == "worst_results" for _, _, issue in told)
    page = _page(IMAGENET, tmp_path)
    assert "Results  top1_err, lower is better; only trials that are not sick" in page
    assert "worst tenth (156 of 1,556 trials):" in page
    assert "best tenth (156 of 1,556 trials):" in page
    assert "among the best" in page


def test_two_conditions_that_only_act_together_are_told_as_a_pair(tmp_path: Path) -> None:
    draw = random.Random(5)
    rows = []
    for _ in range(600):
        lr, width = 10 ** draw.uniform(-5, 0), draw.choice((16, 32, 64, 128, 256, 512))
        sick = draw.random() < (0.85 if lr > 0.01 and width >= 128 else 0.03)
        rows.append(f"{lr:.6g},{width},{draw.uniform(0, 0.5):.4f},{'nan' if sick else f'{draw.random():.5f}'}\n")
    path = tmp_path / "together.csv"
    path.write_text("lr,width,dropout,val_loss\n" + "".join(rows), encoding="utf-8")
    (pair,) = _found(path, tmp_path)["pairs"]
    assert pair["parameters"] == ["lr", "width"]
    assert pair["carries"] == ["lr", "width"]
    page = _page(path, tmp_path)
    assert f"{pair['text']}  only together" in page
    told = " ".join(page.split())
    assert "More than either alone, and more than both acting independently" in told
    assert "Outside it lr makes no clear difference: it acts through this pair." in told


def test_one_clear_sentence_where_nothing_can_be_searched(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text("lr,val_loss\n" + "".join(f"0.{i + 1},0.{99 - i}\n" for i in range(9)), encoding="utf-8")
    page = _page(path, tmp_path)
    assert "No trial is sick with anything that could have a cause" in page


def test_names_with_control_bytes_stay_harmless(tmp_path: Path) -> None:
    path = tmp_path / "hostile.csv"
    rows = "".join(f"{i},{'nan' if i > 80 else 0.5 + i / 1000}\n" for i in range(1, 121))
    path.write_text("lr\x1b[31m,val_loss\n" + rows, encoding="utf-8")
    page = _page(path, tmp_path)
    assert "\x1b" not in page
    assert "nonfinite_metric" in page


@needs_shared
def test_what_starts_slowly_in_a_real_sweep_is_told_as_a_note_and_makes_nobody_sick(tmp_path: Path) -> None:
    curves = ("--curves", str(DEEPOBS.with_name("deepobs_curves.parquet")))
    found = _found(DEEPOBS, tmp_path, *curves)
    assert {"slow_start", "still_improving"} <= set(found["noted"])
    assert not set(found["noted"]) & set(found["searched"])
    slow = next(c for c in found["info_causes"] if c["issue"] == "slow_start" and c["parameter"] == "lr")
    assert slow["kind"] == "below"
    assert slow["rate"] > 2 * slow["rate_elsewhere"]
    assert slow["adjusted_for"] == ["testproblem"]
    assert all(cause["issue"] not in found["noted"] for cause in found["causes"])
    page = _page(DEEPOBS, tmp_path, *curves)
    noted = page[page.index("slow_start  ") :]
    assert "a note only" in noted
    assert slow["text"].replace("<=", "≤") in noted


@needs_shared
def test_results_of_few_trials_that_earn_no_claim_get_a_lead_that_is_none(tmp_path: Path) -> None:
    done = hpi_process("causes", DEEPCAVE, home=tmp_path)
    assert done.returncode == 0, done.stderr
    page = " ".join(done.stdout.decode().split())
    # Five would be a tenth; by hand, two trials have 0.725 and four have 0.755.
    few = "not enough data; look first at"
    assert f"worst tenth (6 of 42 trials, as 2 tie at 0.725): {few} n_estimators ≤ 18: 4 of 5 among the worst" in page
    assert f"best tenth (8 of 42 trials, as 4 tie at 0.755): {few} max_features > 0.875: 4 of 5 among the best" in page
    found = _found(DEEPCAVE, tmp_path)
    assert [lead["issue"] for lead in found["objective_leads"]] == ["worst_results", "best_results"]
    assert found["objective_causes"] == found["objective_explained"] == found["causes"] == []
    summary = json.loads(hpi("inspect", DEEPCAVE, "--json", home=tmp_path).stdout)
    assert summary["objective_leads"] == found["objective_leads"]
    leading = {lead["parameter"] for lead in found["objective_leads"]}
    assert all(item["parameter"] not in leading for item in summary["recommendations"])
