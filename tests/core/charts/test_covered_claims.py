"""Claims beyond one threshold in the words of the bucket charts: steps, what was set aside, pairs; their filters."""

from __future__ import annotations

import numpy as np
import polars as pl

from hpi_core.charts.bucket_bars import pair_chart
from hpi_core.charts.bucket_words import pair_words
from hpi_core.charts.buckets import bucket_map
from hpi_core.charts.claimed import claimed_filter, claimed_trials
from hpi_core.filter import parse
from hpi_core.inspection import Inspection, inspect
from hpi_core.numerals import percent
from hpi_core.sweep import Sweep
from tests.bench.causes.sweeps import Planted, graded, hiding, together


def _inspected(planted: Planted) -> Inspection:
    """Return the inspection of a table of the planted parameters, in which sick trials have no finite loss."""
    rng = np.random.default_rng(9)
    columns = {p.name: np.asarray(p.values, dtype=np.float64) for p in planted.parameters if p.kind != "categorical"}
    loss = np.where(planted.issues[0].sick, np.nan, rng.uniform(0.2, 0.9, len(planted.truth)))
    return inspect(Sweep.from_polars(pl.DataFrame({**columns, "val_loss": loss})))


def _notes(inspection: Inspection, parameter: str) -> dict[str, str]:
    chart = bucket_map(inspection)
    return dict(pair_words(chart, pair_chart(chart, parameter, "nonfinite_metric")).notes)


def test_the_steps_of_a_graded_cause_are_told() -> None:
    inspection = _inspected(graded(np.random.default_rng(0), 1000))
    cause = next(cause for cause in inspection.causes if cause.parameter == "lr")
    assert len(cause.tiers) == 3
    steps = _notes(inspection, "lr")["steps"]
    for tier in cause.tiers:
        assert f"{percent(tier.rate)} of {tier.n:,}" in steps
    assert steps.startswith("> ")


def test_a_hidden_cause_says_what_was_set_aside_and_its_filter_shows_its_trials() -> None:
    inspection = _inspected(hiding(np.random.default_rng(1), 1000))
    cause = next(cause for cause in inspection.causes if cause.parameter == "warmup")
    (aside,) = cause.outside
    assert f"the trials with {aside.text} are set aside" in _notes(inspection, "warmup")["outside"]
    claimed = claimed_trials(inspection, cause)
    assert int(claimed.sum()) == cause.n
    shown = parse(claimed_filter(inspection, cause)).mask(inspection.sweep).to_numpy()
    assert np.array_equal(shown, claimed)


def test_a_cause_that_acts_through_a_pair_says_so() -> None:
    inspection = _inspected(together(np.random.default_rng(2), 1000, conjunction=True))
    (pair,) = inspection.pairs
    assert set(pair.carries) == {"lr", "width"}
    assert _notes(inspection, "lr")["through"] == f"{pair.text.replace('<=', '≤')}: only together"
