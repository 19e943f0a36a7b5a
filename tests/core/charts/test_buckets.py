"""The bucket charts say what the inspection found: the same counts, and filters that show exactly these trials."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import hpi_core
from hpi_core import demo
from hpi_core.charts.bucket_bars import pair_chart
from hpi_core.charts.bucket_words import exact, false_rate, pair_words, shortage, where
from hpi_core.charts.buckets import bucket_map, strength_of
from hpi_core.charts.claimed import claimed_filter, claimed_trials
from hpi_core.filter import parse
from hpi_core.inspection import Inspection
from hpi_core.statistics.findings import Bucket
from hpi_core.statistics.intervals import wilson
from tests.builders import sweep_of
from tests.core.charts.sweeps import TRIALS, crowded, sick_where
from tests.shared_data import DATA, needs_shared

_CHANCE = random.Random(3)
_UNIFORM = [_CHANCE.random() for _ in range(TRIALS)]
KNOBS: dict[str, tuple[Sequence[object], Callable[[object], bool]]] = {
    "above": (_UNIFORM, lambda x: float(str(x)) > 0.6),
    "below": ([10 ** (4 * x - 5) for x in _UNIFORM], lambda x: float(str(x)) < 1e-4),
    "between": (_UNIFORM, lambda x: 0.4 < float(str(x)) < 0.7),
    "truth": ([x > 0.6 for x in _UNIFORM], bool),
    "word": (["\x1b[2Jred" if x > 0.6 else 'a "b" \\' for x in _UNIFORM], lambda x: "red" in str(x)),
    "switched off": ([0.1234567891 if x < 0.3 else x + 1 for x in _UNIFORM], lambda x: float(str(x)) < 0.2),
    "missing": ([None if x < 0.3 else x for x in _UNIFORM], lambda x: x is None),
    "infinite": ([math.inf if x > 0.95 else x for x in _UNIFORM], lambda x: 0.6 < float(str(x)) < 2),
    "whole": ([int(64 * x) for x in _UNIFORM], lambda x: int(str(x)) > 40),
    "list": ([[1, 2] if x > 0.5 else [3] for x in _UNIFORM], lambda x: x == [3]),
}  # fmt: skip


@pytest.fixture(scope="module")
def of_demo() -> Inspection:
    return hpi_core.inspect(replace(hpi_core.read(str(demo.path())), curves=None))


def check_claims(inspection: Inspection) -> None:
    """Every claim: its filter, its bars and its cuts agree with the counts of the cause."""
    chart = bucket_map(inspection)
    for cause in inspection.causes:
        shown = parse(claimed_filter(inspection, cause)).mask(inspection.sweep).to_numpy()
        assert np.array_equal(shown, claimed_trials(inspection, cause))
        assert (shown.sum(), (shown & inspection.sick.to_numpy()).sum() >= cause.sick) == (cause.n, True)
        assert set(cause.rows.tolist()) <= set(np.flatnonzero(shown).tolist())
        pair = pair_chart(chart, cause.parameter, cause.issue)
        assert sum(bar.n for bar in pair.bars) == cause.n + cause.elsewhere_n
        claimed = [at for at, bar in enumerate(pair.bars) if bar.claimed]
        assert (sum(pair.bars[at].n for at in claimed), sum(pair.bars[at].sick for at in claimed)) == (
            cause.n, cause.sick,
        )  # fmt: skip
        for cut in pair.cuts:
            assert (cut.before in claimed) != (cut.before - 1 in claimed)
        for bar in pair.bars:
            # One interval for one thing: a bar that is the whole claim has the claim's.
            own = bar.claimed and (bar.sick, bar.n) == (cause.sick, cause.n)
            expected = (cause.rate_low, cause.rate_high) if own else wilson(bar.sick, bar.n)
            assert (bar.rate_low, bar.rate_high) == expected
        words = pair_words(chart, pair)
        assert words.claim.isprintable()
        assert words.sentence.isprintable()


def test_claims_of_the_demo(of_demo: Inspection) -> None:
    assert len(of_demo.causes) >= 5
    check_claims(of_demo)


@needs_shared
def test_claims_of_a_real_sweep() -> None:
    path: Path = DATA / "12_curves" / "deepobs_trials.csv"
    inspection = hpi_core.inspect(hpi_core.read(str(path)))
    assert inspection.causes
    check_claims(inspection)


@pytest.mark.parametrize("kind", KNOBS)
def test_claims_of_every_kind(kind: str) -> None:
    values, sick = KNOBS[kind]
    inspection = hpi_core.inspect(sick_where(values, sick))
    assert any(cause.parameter == "knob" and cause.issue == "nonfinite_metric" for cause in inspection.causes)
    check_claims(inspection)


def test_trials_that_could_not_be_judged_are_left_out_in_words(of_demo: Inspection) -> None:
    cause = next(cause for cause in of_demo.causes if cause.text == "lr > 0.42")
    text = claimed_filter(of_demo, cause)
    assert text.startswith("lr > 0.42 and _status not in (")
    assert "_row" not in text


def test_the_map_has_a_cell_per_pair_and_fills_only_claims(of_demo: Inspection) -> None:
    chart = bucket_map(of_demo)
    claimed = {(cause.parameter, cause.issue) for cause in of_demo.causes}
    seen = {
        (parameter, column.issue)
        for parameter in chart.parameters
        for column in chart.issues
        if chart.cell(parameter, column.issue).state == "claimed"
    }
    assert seen == claimed
    assert chart.parameters[0] == of_demo.causes[0].parameter
    assert "node" in chart.parameters
    assert chart.cell("init", "failed_run").strength > chart.cell("init", "timeout").strength  # type: ignore[operator]


def bucket(sick: int, n: int) -> Bucket:
    return Bucket("p", "i", None, None, ("x",), False, n, sick, sick / n, 0.0, 1.0)


def test_strength_is_one_where_the_bucket_decides_and_none_without_contrast() -> None:
    assert strength_of([bucket(50, 50), bucket(0, 50)]) == pytest.approx(1.0)
    assert strength_of([bucket(10, 50), bucket(10, 50)]) == 0.0
    assert strength_of([bucket(10, 50)]) is None
    assert strength_of([bucket(0, 50), bucket(0, 50)]) is None
    # 2 x 2 by hand: phi2 = .36, less 1 / 99, over 1 - 1 / 99
    assert strength_of([bucket(40, 50), bucket(10, 50)]) == pytest.approx(math.sqrt((0.36 - 1 / 99) / (1 - 1 / 99)))


def test_few_trials_are_said_in_words() -> None:
    values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
    inspection = hpi_core.inspect(
        sweep_of({"lr": values, "val_loss": [0.5, 0.4, 0.6, 0.7, 0.3, 0.2, float("nan"), float("nan")]})
    )
    chart = bucket_map(inspection)
    words = pair_words(chart, pair_chart(chart, "lr", "nonfinite_metric"))
    assert chart.cell("lr", "nonfinite_metric").state == "few"
    assert words.sentence.startswith("not enough data: 2 NONFIN of 8 trials judged, about ")
    assert "more trials needed" in shortage(chart)[0]


def test_what_another_parameter_explains_is_said_in_words() -> None:
    sweep = sick_where(_UNIFORM, lambda x: float(str(x)) > 0.6)
    shadow = sweep.trials["knob"].to_numpy() + np.random.default_rng(0).normal(0, 0.15, TRIALS)
    frame = sweep.trials.drop("_row", "_status").with_columns(shadow=shadow)
    roles = [(name, "hyperparameter") for name in ("knob", "width", "shadow")]
    inspection = hpi_core.inspect(sweep_of(frame.to_dict(as_series=False), roles))
    chart = bucket_map(inspection)
    assert inspection.not_causes
    for other in inspection.not_causes:
        words = pair_words(chart, pair_chart(chart, other.parameter, other.issue))
        assert words.sentence.startswith((f"explained by {other.other}:", f"cannot be separated from {other.other}:"))
        assert words.claim == ""


def test_empty_maps_say_why() -> None:
    healthy = hpi_core.inspect(sweep_of({"lr": [0.1, 0.2, 0.3], "val_loss": [0.5, 0.4, 0.6]}))
    assert (bucket_map(healthy).empty or "").startswith("No sick trials: ")
    nothing = hpi_core.inspect(sweep_of({"val_loss": [0.5, 0.4, float("nan")] * 9}))
    assert "hyperparameter" in (bucket_map(nothing).empty or "")
    unjudged = replace(healthy, coverage=healthy.coverage.with_columns(state=pl.lit("skipped")))
    assert "No detector" in (bucket_map(unjudged).empty or "")


def test_a_trial_is_found_in_its_bar(of_demo: Inspection) -> None:
    chart = bucket_map(of_demo)
    judged = of_demo.sweep.trials.filter(of_demo.verdicts["nonfinite_metric"].is_not_null())
    for parameter in chart.parameters:
        pair = pair_chart(chart, parameter, "nonfinite_metric")
        places = [pair.bar_of(value) for value in judged[parameter].to_list()]
        assert None not in places
        assert [places.count(at) for at in range(len(pair.bars))] == [bar.n for bar in pair.bars]


def test_crowds_with_hostile_names() -> None:
    inspection = crowded(60, 17)
    assert len(inspection.causes) >= 17
    check_claims(inspection)


def test_numbers_are_written_as_they_are() -> None:
    assert (exact(0.013125), exact(20.0), exact(1 / 3)) == ("0.013125", "20", "0.3333333333333333")
    assert (false_rate(1e-12), false_rate(3.2e-9), false_rate(0.012)) == ("q < 1e-9", "q 3e-9", "q 0.012")


def test_ranges_are_named_in_words(of_demo: Inspection) -> None:
    named = {cause.text: where(cause) for cause in of_demo.causes}
    assert named["lr > 0.42"] == "> 0.42"
    assert named["dropout <= 0.05"] == "≤ 0.05"
    assert named["init = orthogonal"] == "= orthogonal"
