"""What reports and pages say of good and bad results, of two conditions together, and of steps, which are told once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.core.cli.running import hpi, hpi_process, planted_pair
from tests.shared_data import DATA, ROOT, needs_shared

DEMO = ROOT / "hpi_core" / "demo" / "sweep.csv"
DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"
DEEPCAVE = DATA / "01_sweep_csv" / "automl__DeepCAVE" / "logs" / "DataFrame" / "run_2" / "trials.csv"
ML1 = DATA / "01_sweep_csv" / "facebookresearch__hiplot" / "assets" / "data" / "ml1.csv"


def _report(source: Path, home: Path) -> str:
    done = hpi_process("report", source, "-o", "told.md", home=home)
    assert done.returncode == 0, done.stderr
    return (home / "told.md").read_text(encoding="utf-8")


def _page(command: str, source: Path, home: Path) -> str:
    done = hpi_process(command, source, home=home)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@needs_shared
def test_a_sweep_without_sick_trials_still_gets_an_answer(tmp_path: Path) -> None:
    report = _report(DEEPCAVE, tmp_path)
    overview, _, rest = report.partition("## Hyperparameter Pathologies")
    assert "**No sick trials** among the 88" in overview
    assert "- `max_samples ≤ 0.39288`: 11 of 22 in the worst tenth (50 %), elsewhere 14 %; weak" in overview
    assert "### What goes with bad and good results" in rest
    assert "higher is better; compared are the trials that are not sick." in rest
    assert re.search(
        r"^  - `max_samples ≤ 0.39288` \(weak\): 50 % of 22 are among the worst .*; accounts for about \d+ % of "
        r"the worst tenth; threshold between 0.3 and 0.3932; holds at equal `trial order`; q = 0.0\d+.$",
        rest,
        re.M,
    )
    assert "- The worst tenth (20 of 88 trials, as 15 tie at 0.921053):" in rest
    assert "- The best tenth (13 of 88 trials, as 13 tie at 1): no range or value stands out." in rest
    page = _page("inspect", DEEPCAVE, tmp_path)
    assert "max_samples ≤ 0.39288  → worst tenth  weak" in page


@needs_shared
@pytest.mark.parametrize("source", [DEEPOBS, ML1], ids=["deepobs", "ml1"])
def test_report_page_and_causes_tell_the_same_results(source: Path, tmp_path: Path) -> None:
    found = json.loads(hpi("causes", source, "--json", home=tmp_path).stdout)
    report, page = _report(source, tmp_path), _page("inspect", source, tmp_path)
    assert found["objective_causes"]
    for cause in found["objective_causes"]:
        text = cause["text"].replace("<=", "≤")
        word = {"worst_results": "worst", "best_results": "best"}[cause["issue"]]
        assert f"`{text}` ({cause['strength']})" in report
        assert f"of {cause['n']:,} are among the {word}" in report
        assert f"{text}  → {word} tenth  {cause['strength']}" in page


@needs_shared
def test_the_steps_of_a_cause_do_not_repeat_it(tmp_path: Path) -> None:
    page = _page("causes", DEEPOBS, tmp_path)
    part = page[page.index("nonfinite_metric") : page.index("stuck_at_chance")]
    assert part.count(" 178  345 ") == 1
    assert re.search(
        r"there +178 +345 .*\n +0.01 < lr ≤ 0.2 +35 +207 .*\n +0.003 < lr ≤ 0.01 +7 +99 .*\n"
        r" +lr ≤ 0.003 +0 +429 .*\n +elsewhere +42",
        part,
    )
    finer = _page("causes", ML1, tmp_path)  # steps within the cause are told as well
    assert re.search(r"there +138 +173 .*\n +lr > 0.00498 +111 +123 ", finer)


def test_two_conditions_together_are_told_everywhere(tmp_path: Path) -> None:
    source = planted_pair(tmp_path / "pair.csv")
    found = json.loads(hpi("causes", source, "--json", home=tmp_path).stdout)
    (pair,) = [one for one in found["pairs"] if one["issue"] == "failed_run"]
    text = pair["text"].replace("<=", "≤")
    assert {part["parameter"] for part in pair["conditions"]} == {"lr", "dropout"}
    report, inspected, causes = _report(source, tmp_path), *(_page(c, source, tmp_path) for c in ("inspect", "causes"))
    assert f"### Only together: {text}: failed_run" in report
    assert f"| both | {pair['both']['sick']:,} of {pair['both']['n']:,} |" in report
    assert f"{text}  → failed_run" in inspected
    assert f"{text}  only together" in causes
    for page in (report, inspected, causes):
        told = " ".join(page.split())
        assert "accounts for about" in told
        assert "go with it" not in told


@pytest.mark.parametrize("command", ["inspect", "causes", "report"])
def test_a_page_does_not_mix_signs(command: str, tmp_path: Path) -> None:
    page = _report(DEMO, tmp_path) if command == "report" else _page(command, DEMO, tmp_path)
    assert "≤" in page
    assert "<=" not in page
