"""Every detector keeps the contract: its page, its examples, its thresholds, and calm in the face of odd sweeps."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import polars as pl
import pytest

from hpi_core.detectors import detect, listing, page
from hpi_core.detectors.catalogue import Catalogue, catalogue, in_order
from hpi_core.detectors.context import NEEDS, Context
from hpi_core.detectors.contract import SECTIONS, SEVERITIES, AnyDetector, Detector, Example, SweepDetector
from hpi_core.detectors.runner import Detection
from hpi_core.frames import COVERAGE, FINDINGS
from hpi_core.text import safe
from tests.builders import sweep_of

ALL = catalogue().detectors
EXAMPLES = [(detector, example) for detector in ALL for example in detector.examples]
NAMES = [f"{detector.issue}-{index}" for detector in ALL for index in range(len(detector.examples))]
EXPECTED = frozenset(
    [
        "failed_run",
        "out_of_memory",
        "timeout",
        "zombie",
        "short_run",
        "missing_metric",
        "identical_results",
        "duplicate_configuration",
        "seed_ignored",
        "too_good",
        "val_better_than_train",
        "nonfinite_metric",
        "exploded_metric",
        "metric_out_of_range",
        "overfit_gap",
        "most_trials_overfit",
        "majority_class",
        "class_imbalance",
        "miscalibrated",
        "stuck_at_chance",
        "inert_parameter",
        "infeasible_share",
        "subgroup_disparity",
        "diverged",
        "not_decreasing",
        "rebound",
        "spike",
        "oscillation",
        "late_variance",
        "still_improving",
        "saturated_early",
        "best_not_last",
        "train_rising",
        "slow_start",
        "stopped_too_early",
        "throughput_drop",
        "gradient_nonfinite",
        "vanishing_gradient",
        "exploding_gradient",
        "gradient_spike",
        "always_clipped",
        "memory_growth",
        "dead_units",
        "saturated_units",
        "update_ratio",
        "unchanged_weights",
        "poor_initialization",
        "boundary_optimum",
        "stability_edge",
        "seed_noise",
        "adaptive_drift",
        "collinear_parameters",
        "undersampled",
        "no_clear_winner",
    ]
)


def flagged(detection: Detection, detector: AnyDetector) -> list[int]:
    found = detection.findings.filter(pl.col("issue") == detector.issue)
    if isinstance(detector, SweepDetector):
        return [0] * found.height
    return sorted(found.get_column("_row").to_list())


def not_crashed(detection: Detection) -> None:
    crashed = detection.coverage.filter(pl.col("state") == "crashed")
    assert crashed.is_empty(), crashed.rows()


def test_every_detector_is_there_and_loads() -> None:
    assert catalogue().failed == ()
    assert {detector.issue for detector in ALL} == EXPECTED
    assert len({detector.tag for detector in ALL}) == len(ALL)


@pytest.mark.parametrize("detector", ALL, ids=lambda d: d.issue)
def test_declaration(detector: AnyDetector) -> None:
    assert re.fullmatch(r"[A-Z0-9<-]{1,7}", detector.tag)
    assert detector.severity in SEVERITIES
    assert set(detector.needs) <= set(NEEDS)
    assert set(detector.preempted_by) <= {other.issue for other in ALL}
    words = page(detector.issue)
    positions = [detector.manual.find(f"\n{section}\n") for section in SECTIONS]
    assert -1 not in positions
    assert positions == sorted(positions)
    for threshold in detector.thresholds:
        assert threshold.unit
        assert threshold.source
        assert threshold.meaning
        assert f"{detector.issue}.{threshold.name}" in words
    assert any(example.sick for example in detector.examples)
    assert any(not example.sick for example in detector.examples)
    assert all(len(line) <= 120 for line in words.splitlines())
    assert re.search(r"\n\nSELF-CALIBRATION\n    \S", words)
    examples = words[words.index("\n\nEXAMPLES\n") :]
    assert examples.count("    Found in") == sum(bool(example.sick) for example in detector.examples)
    assert examples.count("    Not found in") == sum(not example.sick for example in detector.examples)
    assert len(re.findall(r"\n {12}(?:error|warn|info): \S", examples)) == examples.count("    Found in")
    assert detector.issue in [entry["issue"] for entry in listing()]


@pytest.mark.parametrize(("detector", "example"), EXAMPLES, ids=NAMES)
def test_example(detector: AnyDetector, example: Example) -> None:
    sweep = sweep_of(example.columns, example.roles, example.curves)
    detection = detect(sweep)
    not_crashed(detection)
    assert flagged(detection, detector) == list(example.sick)
    findings = detection.findings.filter(pl.col("issue") == detector.issue)
    if example.severity:
        assert findings.item(0, "severity") == example.severity
    assert findings.get_column("evidence").str.len_chars().min() != 0
    assert findings.get_column("evidence").null_count() == 0
    if isinstance(detector, Detector) and detector.issue in detection.verdicts:
        verdict = detection.verdicts[detector.issue]
        assert verdict.len() == sweep.trials.height
        assert verdict.dtype == pl.Boolean
        assert verdict.fill_null(False).arg_true().to_list() == list(example.sick)


@pytest.mark.parametrize(("detector", "example"), EXAMPLES, ids=NAMES)
def test_what_a_curve_shows_is_said_with_its_step(detector: AnyDetector, example: Example) -> None:
    findings = detect(sweep_of(example.columns, example.roles, example.curves)).findings
    own = findings.filter(pl.col("issue") == detector.issue)
    for row, metric, step, evidence in own.select("_row", "metric", "step", "evidence").iter_rows():
        if metric not in example.curves and "curve" not in " ".join(detector.needs):
            continue  # a number of the table
        longest = max(len(trials[row]) for trials in example.curves.values())
        assert step is not None
        assert 0 <= step < longest
        assert re.search(rf"\b(step|checkpoint) {step:,}\b", evidence) or f"took {step:,} steps" in evidence, evidence


@pytest.mark.parametrize(("detector", "example"), EXAMPLES, ids=NAMES)
def test_row_order_does_not_matter(detector: AnyDetector, example: Example) -> None:
    length = len(next(iter(example.columns.values())))
    order = list(range(length))
    random.Random(length).shuffle(order)
    shuffled = {name: [values[i] for i in order] for name, values in example.columns.items()}
    curves = {metric: [trials[i] for i in order] for metric, trials in example.curves.items()}
    rows = flagged(detect(sweep_of(shuffled, example.roles, curves)), detector)
    if isinstance(detector, SweepDetector):
        assert rows == list(example.sick)
    else:
        assert sorted(order[row] for row in rows) == list(example.sick)


@pytest.mark.parametrize(("detector", "example"), EXAMPLES, ids=NAMES)
def test_names_of_hyperparameters_do_not_matter(detector: AnyDetector, example: Example) -> None:
    sweep = sweep_of(example.columns, example.roles, example.curves)
    names = {p.name: f"params_\x1b[31m{i}{{}}" for i, p in enumerate(sweep.roles.hyperparameters)}
    names = {old: new for old, new in names.items() if old in ("lr", "batch", "width", "dropout")}
    renamed = replace(
        sweep,
        trials=sweep.trials.rename(names),
        roles=replace(
            sweep.roles,
            hyperparameters=tuple(replace(p, name=names.get(p.name, p.name)) for p in sweep.roles.hyperparameters),
        ),
    )
    assert flagged(detect(renamed), detector) == list(example.sick)


_ODD: dict[str, dict[str, list[object]]] = {
    "two trials": {"lr": [0.1, 0.2], "train_loss": [1.0, 2.0], "val_loss": [1.0, 3.0], "val_acc": [0.5, 0.6]},
    "one trial": {"lr": [0.1], "val_loss": [1.0]},
    "no trial": {"lr": [], "val_loss": []},
    "all null": {"lr": [0.1, 0.2, 0.3], "train_loss": [None] * 3, "val_loss": [None] * 3, "status": [None] * 3},
    "all sick": {"lr": [0.1, 0.2, 0.3], "val_loss": [float("nan")] * 3, "status": ["failed"] * 3, "seed": [1, 2, 3]},
    "constant": {
        "lr": [0.1] * 30,
        "val_loss": [0.5] * 30,
        "train_loss": [0.5] * 30,
        "val_acc": [0.5] * 30,
        "seed": [1] * 30,
    },
    "pruned only": {
        "lr": [0.1 * i for i in range(9)],
        "val_loss": [0.1 * i for i in range(9)],
        "status": ["pruned"] * 9,
    },
    "infinite parameters": {"lr": [float("inf"), float("nan"), 0.1, -0.0], "val_loss": [1.0, 2.0, 3.0, 4.0]},
    "zeros": {"lr": [0.1 * i for i in range(12)], "val_loss": [0.0] * 12, "train_loss": [0.0] * 12, "epochs": [0] * 12},
    "huge": {"lr": [0.1 * i for i in range(12)], "val_loss": [1e308, 1e-308] * 6, "train_loss": [1e-308, 1e308] * 6},
    "text where numbers belong": {"lr": ["a", "b"], "val_loss": ["x", "y"], "status": ["completed", "failed"]},
    "lists": {"lr": [[1, 2], [3]], "val_loss": [0.1, 0.2]},
    "running only": {"lr": [0.1, 0.2], "status": ["running"] * 2, "val_loss": [0.1, 0.2], "runtime": [1.0, 2.0]},
    "hostile": {
        "lr": [0.1, 0.2],
        "status": ["failed", "ok"],
        "error": ["\x1b[2Jboom\u202e{}", None],
        "val_{}": [1.0, 2.0],
    },
}


@pytest.mark.parametrize("columns", _ODD.values(), ids=_ODD.keys())
def test_odd_sweeps_crash_nothing(columns: dict[str, list[object]]) -> None:
    detection = detect(sweep_of(columns))
    not_crashed(detection)
    assert detection.findings.schema == FINDINGS
    assert detection.coverage.schema == COVERAGE
    length = len(next(iter(columns.values())))
    assert all(verdict.len() == length for verdict in detection.verdicts.values())
    assert detection.sick.len() == length
    for text in detection.findings.get_column("evidence"):
        assert text == safe(text)


def test_running_and_cut_off_trials_are_judged_by_zombie_only() -> None:
    sweep = sweep_of(
        {"lr": [0.1, 0.2, 0.3, 0.4], "status": ["ok", "running", "ok", "ok"], "val_loss": [float("nan")] * 3 + [1.0]}
    )
    detection = detect(replace(sweep, incomplete=frozenset([2])))
    assert detection.verdicts["nonfinite_metric"].to_list() == [True, None, None, False]
    assert all(v[1] is None and v[2] is None for v in detection.verdicts.values())


def test_more_severe_issues_go_first() -> None:
    order = [detector.issue for detector in in_order(ALL)]
    for detector in ALL:
        assert all(order.index(issue) < order.index(detector.issue) for issue in detector.preempted_by)
    two = [detector for detector in ALL if isinstance(detector, Detector)][:2]
    first, second = (replace(two[i], preempted_by=(two[1 - i].issue,)) for i in (0, 1))
    with pytest.raises(ValueError, match="pre-empt each other"):
        in_order([first, second])


def test_a_crash_costs_one_result_only() -> None:
    def boom(*_: object) -> None:
        raise RuntimeError("\x1b[31mboom")

    broken = next(detector for detector in ALL if detector.issue == "nonfinite_metric")
    others = tuple(replace(d, check=boom) if d is broken else d for d in ALL)  # type: ignore[arg-type]
    sweep = sweep_of({"lr": [0.1, 0.2], "val_loss": [1.0, None], "status": ["completed", "failed"]})
    detection = detect(sweep, detectors=Catalogue(others, (("ill", "ImportError: gone"),)))
    states = dict(detection.coverage.select("detector", "state").rows())
    assert states["nonfinite_metric"] == "crashed"
    assert states["ill"] == "crashed"
    assert states["failed_run"] == "ran"
    assert "nonfinite_metric" not in detection.verdicts
    assert "\x1b" not in "".join(detection.coverage.get_column("reason"))


def test_skipped_detectors_say_why() -> None:
    coverage = detect(sweep_of({"lr": [0.1, 0.2], "val_loss": [1.0, 2.0]})).coverage
    reasons = dict(coverage.filter(pl.col("state") == "skipped").select("detector", "reason").rows())
    assert reasons["overfit_gap"] == "no metric on train and held-out data, in the table or in curves"
    assert reasons["seed_ignored"] == "no seed column"
    assert all(reasons.values())


def test_context_masks_trials_that_have_not_ended() -> None:
    context = Context(sweep_of({"lr": [0.1, 0.2], "status": ["ok", "running"], "val_loss": [1.0, 2.0]}))
    assert context.values("val_loss").to_list() == [1.0, None]
