"""Thresholds, manual pages, and three-valued verdicts, by the installed script on real files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from hpi_core.detectors.catalogue import catalogue
from tests.core.cli.running import hpi, hpi_process
from tests.shared_data import DATA, needs_shared

MANIFOLDS = DATA / "01_sweep_csv" / "sdbuch__thinky-manifolds" / "wandb_results.csv"
DEEPOBS = DATA / "12_curves" / "deepobs_trials.csv"


def _issues(summary: dict[str, Any]) -> dict[str, Any]:
    return {issue["issue"]: issue for issue in summary["issues"]}


@needs_shared
def test_a_threshold_on_the_command_line_decides(tmp_path: Path) -> None:
    # The sweep overfits by 13.1 points in the median; the bound is 10.
    usual = json.loads(hpi_process("inspect", MANIFOLDS, "--json", home=tmp_path).stdout)
    assert "(bound 0.1)" in _issues(usual)["most_trials_overfit"]["evidence"]
    wider = ("--set", "most_trials_overfit.score=0.12", "--set", "identical_results.resolution=0.999")
    summary = json.loads(hpi("inspect", MANIFOLDS, "--json", *wider, home=tmp_path).stdout)
    assert "(bound 0.12)" in _issues(summary)["most_trials_overfit"]["evidence"]
    assert "identical_results" not in _issues(summary)
    reasons = {row["detector"]: row["reason"] for row in summary["coverage"]}
    assert reasons["identical_results"] == "the objective takes too few values to tell trials apart"
    assert summary["thresholds"] == {"identical_results.resolution": 0.999, "most_trials_overfit.score": 0.12}
    none = hpi("check", MANIFOLDS, "--fail-on", "warn", "--max-sick-rate", "0.5", home=tmp_path)
    assert none.returncode == 0
    assert hpi("check", MANIFOLDS, "--fail-on", "warn", home=tmp_path).returncode == 1


@needs_shared
def test_thresholds_of_the_configuration_yield_to_the_command_line(tmp_path: Path) -> None:
    source = tmp_path / "sweep.csv"
    shutil.copy(MANIFOLDS, source)
    (tmp_path / ".hpi.toml").write_text(
        '[thresholds]\n"most_trials_overfit.score" = 0.5\n[thresholds.identical_results]\nresolution = 0.999\n',
        encoding="utf-8",
    )
    configured = json.loads(hpi("inspect", source, "--json", home=tmp_path).stdout)
    assert configured["thresholds"] == {"identical_results.resolution": 0.999, "most_trials_overfit.score": 0.5}
    assert not {"most_trials_overfit", "identical_results"} & set(_issues(configured))
    said = hpi("inspect", source, "--json", "--set", "most_trials_overfit.score=0.13", home=tmp_path)
    assert "(bound 0.13)" in _issues(json.loads(said.stdout))["most_trials_overfit"]["evidence"]
    report = hpi("report", source, "-o", "-", home=tmp_path).stdout.decode()
    assert "`most_trials_overfit.score = 0.5`" in report
    page = " ".join(hpi("inspect", source, home=tmp_path).stdout.decode().split())
    assert "identical_results.resolution = 0.999, most_trials_overfit.score = 0.5" in page


@needs_shared
def test_a_threshold_that_is_not_there_is_refused_with_what_is(tmp_path: Path) -> None:
    for setting, words in (
        ("most_trials_overfit.scor=1", ("has no threshold scor", "Did you mean score?")),
        ("most_trial_overfit.score=1", ("no detector most_trial_overfit", "Did you mean most_trials_overfit")),
        ("most_trials_overfit.score=lots", ("lots is not a number",)),
        ("most_trials_overfit.score=nan", ("must be a finite number",)),
    ):
        done = hpi("inspect", MANIFOLDS, "--set", setting, home=tmp_path)
        assert done.returncode == 2
        assert done.stdout == b""
        told = " ".join(done.stderr.decode().split())
        assert all(word in told for word in words), told


def test_the_detectors_are_listed_and_each_has_its_page(tmp_path: Path) -> None:
    listed = hpi_process("detectors", home=tmp_path).stdout.decode()
    known = [detector.issue for detector in catalogue().detectors]
    assert [line.split()[0] for line in listed.splitlines() if line.split() and line.split()[0] in known] == known
    page = hpi("detectors", "overfit_gap", home=tmp_path).stdout.decode()
    assert page.startswith("overfit_gap [GAP] - Much better on train than on held-out data (warn)\n\nThe model is much")
    sections = ("MEANING", "WHY IT IS BAD", "HOW IT IS DECIDED", "WHEN IT IS WRONG", "WHAT TO TRY", "ADVICE", "NEEDS")
    places = [page.index(f"\n{section}\n") for section in sections]
    assert places == sorted(places)
    assert "NOT ASKED OF TRIALS THAT ARE\n    nonfinite_metric, exploded_metric, failed_run" in page
    assert "    overfit_gap.trials = 5 (trials)\n        fewer tell no usual gap; source: chosen here" in page
    for issue in known:
        assert hpi("detectors", issue, home=tmp_path).stdout.decode().startswith(f"{issue} [")
    assert "undiagnostic_rule - " in hpi("detectors", "undiagnostic_rule", home=tmp_path).stdout.decode()


@needs_shared
def test_what_could_not_be_judged_is_neither_sick_nor_healthy(tmp_path: Path) -> None:
    summary = json.loads(hpi("inspect", DEEPOBS, "--json", home=tmp_path).stdout)
    issues, coverage = _issues(summary), {row["detector"]: row for row in summary["coverage"]}
    # 220 trials have a loss that is not finite, 9 more an exploded one: nobody asks them whether they overfit.
    assert issues["nonfinite_metric"]["assessable"] == 1080
    assert issues["exploded_metric"]["assessable"] == 1080 - 220
    assert issues["overfit_gap"]["assessable"] == 1080 - 220 - 9
    for name in ("nonfinite_metric", "exploded_metric", "overfit_gap", "stuck_at_chance"):
        assert (coverage[name]["state"], coverage[name]["assessable"]) == ("ran", issues[name]["assessable"])
        assert coverage[name]["flagged"] == issues[name]["count"]
        assert issues[name]["rate"] == float(f"{issues[name]['count'] / issues[name]['assessable']:.6g}")
    assert coverage["failed_run"]["state"] == "skipped"
    assert coverage["failed_run"]["reason"] == "no status column"
    assert all(row["reason"] for row in coverage.values() if row["state"] != "ran")
    # The page says the same, and why with --all.
    page = hpi("inspect", DEEPOBS, "--all", home=tmp_path).stdout.decode()
    assert " no status column" in page
