"""Curves of many trials: nothing that stands out is lost on the way to the screen, and gaps stay gaps."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from hpi_core import frames
from hpi_core.charts.crowd import MOST_CURVES, crowd
from hpi_core.charts.curves import Company, curve_chart, curve_metrics
from hpi_core.sweep import Source, Sweep


def _frame(values: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> pl.LazyFrame:
    trials, points = values.shape
    return (
        pl.DataFrame(
            {
                "_row": np.repeat(np.arange(trials), points), "metric": "val_loss",
                "step": np.tile(np.arange(points), trials), "value": values.ravel(),
            }
        ).cast(frames.CURVES).lazy()
    )  # fmt: skip


def test_every_spike_of_every_curve_is_kept() -> None:
    rng = np.random.default_rng(5)
    values = 1 + rng.normal(0, 0.01, (40, 3000))
    at = rng.integers(0, 3000, 40)
    values[np.arange(40), at] = 9.0
    found = crowd(_frame(values), "val_loss", "step", (0, 2999), 100, np.arange(40), np.arange(40) < 7)
    assert found.curves == found.asked == 40
    assert found.sick.sum() == 7
    for n in range(40):
        own = found.curve == n
        assert found.values[own].max() == 9.0
        assert found.x[own][found.values[own].argmax()] == at[n]
        assert np.diff(found.x[own]).min() >= 0
        assert own.sum() <= 2 * 102


def test_a_gap_is_not_bridged() -> None:
    values = np.ones((2, 1000))
    values[1, 400:600] = math.nan
    found = crowd(_frame(values), "val_loss", "step", (0, 999), 50, np.arange(2), np.zeros(2, dtype=bool))
    broken = found.curve == 1
    x, joined = found.x[broken], found.joined[broken]
    across = [(a, b) for a, b, tied in zip(x[:-1], x[1:], joined[1:], strict=True) if tied and a < 400 and b >= 600]
    assert not across
    assert not np.isnan(found.values).any()


def test_trials_without_the_metric_are_counted_and_too_many_are_sampled() -> None:
    values = np.ones((3, 10))
    found = crowd(_frame(values), "val_loss", "step", (0, 9), 20, np.array([0, 2, 8]), np.zeros(3, dtype=bool))
    assert (found.curves, found.asked) == (2, 3)
    many = crowd(_frame(np.ones((MOST_CURVES + 500, 2))), "val_loss", "step", (0, 1), 20,
                 np.arange(MOST_CURVES + 500), np.zeros(MOST_CURVES + 500, dtype=bool))  # fmt: skip
    assert (many.curves, many.asked) == (MOST_CURVES, MOST_CURVES + 500)


def _mixed() -> Sweep:
    rows = [(n, "val_loss", s, (1.0 if n < 4 else 50.0) + n / 10 + 1 / (s + 1)) for n in range(8) for s in range(30)]
    rows += [(8, "val_accuracy", s, s / 30) for s in range(30)]
    table = pl.DataFrame(
        {"trial_id": [str(n) for n in range(9)], "dataset": ["a"] * 4 + ["b"] * 5, "lr": [0.1] * 9,
         "val_loss": [*(1.0 + n / 10 for n in range(4)), *(50.0 + n / 10 for n in range(4, 8)), None]}
    )  # fmt: skip
    curves = pl.DataFrame(rows, schema=frames.CURVES, orient="row").lazy()
    from hpi_core.roles import RoleOverrides

    overrides = RoleOverrides(roles=(("dataset", "group"),))
    return Sweep.from_table(table, Source("frame", "x", "x"), curves=curves, overrides=overrides)


def test_in_a_mixed_source_best_and_median_are_of_the_trials_own_sweep() -> None:
    sweep = _mixed()
    assert sweep.roles.group == "dataset"
    chart = curve_chart(sweep, None, 6)
    assert chart is not None
    best, median = chart.panels[0].of("best"), chart.panels[0].of("median")
    assert best is not None
    assert median is not None
    assert best.name == "4"
    assert median.values.min() > 40


def test_a_trial_without_the_objectives_curve_shows_one_it_has() -> None:
    chart = curve_chart(_mixed(), None, 8)
    assert chart is not None
    assert chart.panels[0].metric == "val_accuracy"


@pytest.mark.parametrize("form", ["metrics", "trials"])
def test_small_multiples_share_their_range_and_say_what_is_left_out(form: str) -> None:
    sweep = _mixed()
    company = Company(beside=tuple(range(8)))
    chart = curve_chart(sweep, None, 1, form=form, company=company, most_panels=3)  # type: ignore[arg-type]
    assert chart is not None
    if form == "trials":
        assert [panel.of("trial").name for panel in chart.panels] == ["0", "1", "2"]  # type: ignore[union-attr]
        assert chart.left_out == 5
    else:
        assert [panel.metric for panel in chart.panels] == ["val_loss"]  # its own sweep has no other
        beside = curve_chart(sweep, None, 6, form="metrics", most_panels=3)
        assert beside is not None
        assert [panel.metric for panel in beside.panels] == list(curve_metrics(sweep))
    assert (chart.low, chart.high) == (0.0, 29.0)
