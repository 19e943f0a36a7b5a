"""What is drawn of curves: extremes kept, gaps where they are, the median the median, ranges that hold."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpi_core import frames
from hpi_core.charts.axes import nice_ticks, value_axis
from hpi_core.charts.crowd import crowd
from hpi_core.charts.curves import curve_chart, curve_metrics
from hpi_core.charts.scatter import scatter_chart
from hpi_core.charts.series import Curve, bad_stretches, downsample, read_out, smooth
from hpi_core.charts.standing import best_row, healthy_rows
from hpi_core.sweep import Source, Sweep


def sweep_of(losses: dict[int, list[float]], final: list[float], train: bool = False) -> Sweep:
    rows = [
        (trial, metric, step, value)
        for trial, values in losses.items()
        for metric in (("train_loss", "val_loss") if train else ("val_loss",))
        for step, value in enumerate(values)
    ]
    curves = pl.DataFrame(rows, schema=frames.CURVES, orient="row").lazy()
    table = pl.DataFrame(
        {"trial_id": [f"t{n}" for n in range(len(final))], "lr": [10.0**-n for n in range(len(final))],
         "val_loss": final, **({"train_loss": final} if train else {})}
    )  # fmt: skip
    return Sweep.from_table(table, Source("frame", "test", "test"), curves=curves)


def test_extremes_of_every_column_are_kept() -> None:
    rng = np.random.default_rng(1)
    x = np.arange(10_000, dtype=float)
    values = rng.normal(size=x.size)
    values[1234], values[7777] = 50.0, -50.0
    kept_x, kept, joined = downsample(x, values, 0, 9999, 100)
    assert kept.size <= 2 * 101
    assert 50.0 in kept[kept_x == 1234]
    assert -50.0 in kept[kept_x == 7777]
    assert joined[1:].all()
    for column in range(100):
        own = values[(x >= column * 99.99) & (x < (column + 1) * 99.99)]
        mine = kept[(kept_x >= column * 99.99) & (kept_x < (column + 1) * 99.99)]
        assert {own.min(), own.max()} == {mine.min(), mine.max()}


def test_a_line_is_cut_where_values_are_not_finite() -> None:
    x = np.arange(1000, dtype=float)
    values = np.sin(x / 50)
    values[400:450] = np.nan
    values[700] = np.inf
    kept_x, kept, joined = downsample(x, values, 0, 999, 40)
    assert np.isfinite(kept).all()
    first = np.flatnonzero(~joined)
    assert kept_x[first[1]] >= 450
    assert [kept_x[at - 1] < 400 or kept_x[at - 1] < 700 for at in first[1:]] == [True, True]
    assert len(first) == 3


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=80), st.integers(1, 30))
@settings(max_examples=150, deadline=None)
def test_downsampling_never_invents_or_breaks(values: list[float], columns: int) -> None:
    data = np.array(values, dtype=float)
    x = np.arange(len(values), dtype=float)
    kept_x, kept, joined = downsample(x, data, 0, max(1.0, len(values) - 1.0), columns)
    assert np.isfinite(kept).all()
    assert all(data[int(at)] == value for at, value in zip(kept_x, kept, strict=True))
    assert len(joined) == len(kept)
    finite = data[np.isfinite(data)]
    if finite.size:
        assert kept.max() == finite.max()
        assert kept.min() == finite.min()


def test_a_planted_nan_is_marked_at_its_step() -> None:
    values = [1.0 / (n + 1) for n in range(300)]
    values[120:125] = [math.nan] * 5
    values[250:] = [math.inf] * 50
    chart = curve_chart(sweep_of({0: values, 1: [0.5] * 300}, [math.inf, 0.5]), None, 0)
    assert chart is not None
    trial = chart.panels[0].curves[-1]
    assert [(bad.x, bad.word, bad.count, bad.last) for bad in bad_stretches(trial)] == [
        (120.0, "nan", 5, False), (250.0, "+inf", 50, True),
    ]  # fmt: skip
    assert trial.severity == "error"


def test_the_median_is_the_median_of_the_healthy() -> None:
    losses = {n: [float(n + 1) * (step + 1) for step in range(20)] for n in range(5)}
    losses[4] = [1e30] * 20
    sweep = sweep_of(losses, [1.0, 2.0, 3.0, 4.0, math.nan])
    assert healthy_rows(sweep, None).tolist() == [0, 1, 2, 3]
    chart = curve_chart(sweep, None, 4)
    assert chart is not None
    median = next(c for c in chart.panels[0].curves if c.part == "median")
    assert median.values.tolist() == [2.5 * (step + 1) for step in range(20)]
    assert best_row(sweep, None) == 0
    assert [c.part for c in chart.panels[0].curves] == ["median", "best", "trial"]


def test_the_median_over_many_steps_counts_a_trial_once_per_bucket() -> None:
    losses = {n: [float(n)] * (20_000 if n == 2 else 2_000) for n in range(3)}
    chart = curve_chart(sweep_of(losses, [0.1, 0.2, 0.3]), None, 0)
    assert chart is not None
    median = next(c for c in chart.panels[0].curves if c.part == "median")
    assert median.values.size <= 513
    assert median.values[0] == 1.0
    assert median.values[-1] == 2.0


def test_the_objective_comes_first_and_its_pair_second() -> None:
    sweep = sweep_of({0: [1.0, 0.5], 1: [1.0, 0.4]}, [0.5, 0.4], train=True)
    assert curve_metrics(sweep) == ("val_loss", "train_loss")
    chart = curve_chart(sweep, None, 0, pair=True)
    assert chart is not None
    assert [panel.metric for panel in chart.panels] == ["val_loss", "train_loss"]


def test_an_explosion_does_not_flatten_the_others() -> None:
    x = np.arange(100, dtype=float)
    healthy = 3 + 5 * np.exp(-x / 5)
    axis = value_axis([(x, healthy)], [(x, 10.0 ** (x * 2.69))], 0, 99, log=False, most_ticks=5)
    assert axis.high < 6
    assert axis.low < 3
    assert (axis.place(np.array([1e266])) > 1).all()
    assert np.isnan(axis.place(np.array([np.nan, np.inf]))).all()


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30), st.booleans(), st.integers(0, 9))
@settings(max_examples=300, deadline=None)
def test_a_range_is_always_a_range(values: list[float], log: bool, ticks: int) -> None:
    x, y = np.arange(len(values), dtype=float), np.array(values, dtype=float)
    axis = value_axis([(x, y[::-1])], [(x, y)], 0, max(1, len(values)), log=log, most_ticks=ticks)
    assert axis.low < axis.high
    assert all(axis.low <= position <= axis.high for position, _ in axis.ticks)
    assert all(len(label) < 12 for _, label in axis.ticks)


@pytest.mark.parametrize(
    ("low", "high", "wanted"), [(2.2, 6.1, [3, 4, 5, 6]), (0, 10_000, [0, 2500, 5000, 7500, 10000]), (1, 1, [])]
)
def test_ticks_are_round(low: float, high: float, wanted: list[float]) -> None:
    assert nice_ticks(low, high, 4) == wanted


def test_a_readout_is_the_value_at_or_before_the_step() -> None:
    curve = Curve("trial", "t", np.array([0.0, 10.0, 20.0]), np.array([3.0, 2.0, math.nan]))
    assert read_out(curve, 15) == (10.0, 2.0)
    assert read_out(curve, -5) == (0.0, 3.0)
    assert read_out(Curve("trial", "t", np.empty(0), np.empty(0)), 1) is None


def test_smoothing_keeps_gaps_and_constants() -> None:
    values = np.array([2.0] * 10 + [math.nan] + [4.0] * 10)
    out = smooth(values, 5)
    assert np.isnan(out[10])
    assert out[:10].tolist() == [2.0] * 10
    assert out[11:].tolist() == [4.0] * 10


def test_a_trial_without_a_curve_and_zoom_outside() -> None:
    sweep = sweep_of({0: [1.0] * 5}, [0.5, 0.4])
    chart = curve_chart(sweep, None, 1, zoom=(1e9, 2e9))
    assert chart is not None
    assert chart.panels[0].curves[-1].x.size == 0
    assert (chart.low, chart.high) == (0.0, 4.0)
    assert curve_chart(sweep, None, 99) is None


def test_without_curves_the_objective_against_order_and_parameter() -> None:
    sweep = Sweep.from_polars(
        pl.DataFrame({"lr": [0.1, 0.01, 0.001, 0.2], "optimizer": ["sgd", "adam", "adam", None],
                      "val_loss": [math.nan, 0.5, 0.4, math.inf]})
    )  # fmt: skip
    chart = scatter_chart(sweep, None, 0)
    assert [panel.name for panel in chart.panels] == ["trial order", "lr"]
    assert chart.kinds.tolist() == [2, 0, 0, 2]
    assert chart.best == 2
    by_name = scatter_chart(sweep, None, 0, parameter="optimizer")
    assert by_name.panels[1].levels == ("adam", "sgd", "–")


def test_extremes_of_a_long_curve_on_disk_are_exact(tmp_path: Path) -> None:
    size, columns = 300_000, 220
    values = np.random.default_rng(8).normal(0, 1, size)
    values[[123_456, 222_222]] = [90.0, -90.0]
    values[150_000:150_400] = np.nan
    points = pl.DataFrame(
        {"_row": np.zeros(size, np.uint32), "metric": ["loss"] * size, "step": np.arange(size), "value": values}
    )
    points.write_parquet(tmp_path / "curves.parquet", row_group_size=10_000)
    lazy = pl.scan_parquet(tmp_path / "curves.parquet")
    span = (0.0, float(size))
    many = crowd(lazy, "loss", "step", span, columns, np.array([0]), np.array([False]))
    one_x, one, _ = downsample(np.arange(size, dtype=float), values, *span, columns)
    width = size / columns
    finite = np.isfinite(values)
    for x, kept in ((many.x, many.values), (one_x, one)):
        assert kept.size <= 2 * columns + 4
        for column in range(columns):
            begin, end = math.ceil(column * width), math.ceil((column + 1) * width)
            whole = values[begin:end][finite[begin:end]]
            mine = kept[(x >= begin) & (x < end)]
            assert (mine.min(), mine.max()) == (whole.min(), whole.max())
    assert set(many.x[many.values == 90]) == {123_456.0}
