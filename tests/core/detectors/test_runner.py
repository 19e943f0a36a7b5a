"""Self-calibration, thresholds and the manual, through their public functions."""

from __future__ import annotations

import polars as pl
import pytest

from hpi_core.detectors import detect, page, parse_thresholds
from hpi_core.errors import UsageError
from tests.builders import sweep_of
from tests.shared_data import DATA, needs_shared


def _calibrated(best_ece: float) -> tuple[list[float], list[float]]:
    loss = [0.1 + 0.01 * i for i in range(120)]
    return loss, [best_ece] * 12 + [0.01] * 108


def test_a_rule_that_flags_the_best_trials_is_demoted() -> None:
    loss, ece = _calibrated(0.2)
    detection = detect(sweep_of({"lr": [1 / (i + 1) for i in range(120)], "val_loss": loss, "val_ece": ece}))
    assert detection.diagnostic["miscalibrated"] is False
    found = detection.findings.filter(pl.col("issue") == "miscalibrated")
    assert found.height == 12
    assert set(found.get_column("severity")) == {"info"}
    said = detection.findings.filter(pl.col("issue") == "undiagnostic_rule")
    assert said.select("scope", "detector", "value").row(0) == ("sweep", "miscalibrated", 1.0)
    assert not detection.sick.any()


def test_a_rule_that_flags_the_worst_trials_is_not() -> None:
    loss, ece = _calibrated(0.2)
    detection = detect(sweep_of({"lr": [1 / (i + 1) for i in range(120)], "val_loss": loss, "val_ece": ece[::-1]}))
    assert detection.diagnostic["miscalibrated"] is True
    assert int(detection.sick.sum()) == 12


def test_a_threshold_that_is_set_changes_the_verdict() -> None:
    sweep = sweep_of({"lr": [0.1, 0.2], "val_loss": [1.0, 2.0], "val_ece": [0.04, 0.2]})
    settings = parse_thresholds(["miscalibrated.ece=0.03"])
    assert settings == {"miscalibrated.ece": 0.03}
    assert detect(sweep, settings).verdicts["miscalibrated"].to_list() == [True, True]
    assert detect(sweep).verdicts["miscalibrated"].to_list() == [False, True]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("overfit_gpa.ratio=2", "overfit_gap"),
        ("overfit_gap.ration=2", "ratio"),
        ("overfit_gap.ratio", "sets nothing"),
        ("overfit_gap.ratio=much", "not a number"),
        ("overfit_gap.ratio=nan", "finite"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_hint(setting: str, words: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_thresholds([setting])
    assert words in str(refused.value)


def test_no_page_for_an_unknown_detector() -> None:
    with pytest.raises(UsageError, match="overfit_gap"):
        page("overfitgap")


def test_pre_emption_makes_null() -> None:
    detection = detect(
        sweep_of({"lr": [0.1, 0.2, 0.3], "status": ["ok", "failed", "ok"], "val_loss": [0.1, None, None]})
    )
    assert detection.verdicts["missing_metric"].to_list() == [False, None, True]


@needs_shared
def test_real_groups_of_the_fairness_comparison_are_recognised() -> None:
    path = DATA / "10_fairness/algofairness__fairness-comparison/fairness/results"
    frame = pl.read_csv(path / "two-gaussians_sensitive-attr_numerical-binsensitive.csv", infer_schema_length=None)
    from hpi_core.detectors.context import Context
    from hpi_core.detectors.fairness import measures
    from hpi_core.sweep import Sweep

    context = Context(Sweep.from_polars(frame))
    found = {measure.name: measure for measure in measures(context)}
    assert set(found) == {"F_FPR", "F_OAE", "F_MEO"}
    assert found["F_FPR"].mode == "sum"
    assert found["F_OAE"].partition == "sensitive-attr"
    expected = (frame["0-accuracy"].cast(pl.Float64) - frame["1-accuracy"].cast(pl.Float64)).abs()
    assert (found["F_OAE"].values - expected).abs().max() < 1e-12  # type: ignore[operator]
    detection = detect(context.sweep)
    assert set(detection.findings.filter(pl.col("issue") == "subgroup_disparity")["severity"]) <= {"info"}
