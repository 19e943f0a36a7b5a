"""The step at which a curve that rose again turned, and one that gained nothing more became level: where planted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from hpi_core.curves.features import curve_features
from hpi_core.detectors import detect
from hpi_core.detectors.context import Context
from hpi_core.frames import CURVES
from tests.core.curves import planting
from tests.core.curves.planting import Floats, Score
from tests.core.curves.real import real_sweeps
from tests.shared_data import needs_shared

_RISES = {
    "even": lambda way: way,
    "slowing": lambda way: 1 - np.exp(-4 * way),
    "quickening": lambda way: way**2 / 2 + way / 2,
}
_CURVES = 100


def _turns(curves: list[Floats]) -> pl.DataFrame:
    points = pl.concat(
        pl.DataFrame({"_row": row, "metric": "val_loss", "step": np.arange(values.size), "value": values})
        for row, values in enumerate(curves)
    )
    return curve_features(points.select(pl.col(name).cast(type_) for name, type_ in CURVES.items()).lazy())


def _turned(rise: str, points: int, at: int, noise: float, random: np.random.Generator) -> Floats:
    along = np.arange(points) / points
    way = np.maximum(0, np.arange(points) - at) / (points - at)
    fallen = 0.5 + 2 * np.exp(-4 * np.minimum(along, at / points))
    curve: Floats = fallen + 0.6 * _RISES[rise](way) + noise * random.normal(size=points)
    return curve


@pytest.mark.parametrize("points", [40, 120, 3000])
@pytest.mark.parametrize("rise", _RISES)
def test_the_turn_is_where_it_was_planted(rise: str, points: int) -> None:
    random = np.random.default_rng(points)
    places = random.uniform(0.3, 0.7, _CURVES)
    at = (places * points).astype(int)
    found = _turns([_turned(rise, points, int(place), 0.01, random) for place in at])
    off = (found["turn_step"].to_numpy() - at) / points
    assert np.quantile(np.abs(off), 0.9) <= max(0.015, 2 / points)
    assert abs(np.median(off)) <= max(0.01, 1 / points)


def test_a_spike_beside_the_turn_does_not_move_it() -> None:
    random = np.random.default_rng(3)
    curves = [_turned("even", 200, 100, 0.005, random) for _ in range(_CURVES)]
    for values in curves:
        values[int(random.integers(80, 140))] += 3
    off = _turns(curves)["turn_step"].to_numpy() - 100
    assert np.quantile(np.abs(off), 0.9) <= 4


def test_a_curve_turns_alike_whatever_stands_beside_it_and_whatever_its_scale() -> None:
    random = np.random.default_rng(4)
    curves = [_turned("even", int(points), int(points) // 2, 0.02, random) for points in random.integers(65, 128, 20)]
    together = _turns(curves)["turn_step"].to_list()
    assert together == [_turns([values])["turn_step"].item() for values in curves]
    assert together == _turns([1e-6 * values for values in curves])["turn_step"].to_list()
    assert together == _turns([values + 1000 for values in curves])["turn_step"].to_list()


def test_the_bend_of_a_steep_fall_is_not_taken_for_the_turn() -> None:
    along = np.arange(100)
    random = np.random.default_rng(5)
    curves = [
        np.where(along < at, 0.25 + 0.3 * (1 - along / at) ** 2, 0.25 + 0.02 * (along - at))
        + np.where(along == 0, 2, 0) + 0.003 * random.normal(size=100)
        for at in (8, 12, 16, 20)
    ]  # fmt: skip
    assert np.abs(_turns(curves)["turn_step"].to_numpy() - [8, 12, 16, 20]).max() <= 3


@needs_shared
def test_real_curves_that_rose_again_lie_low_where_they_turned() -> None:
    heights = []
    for name, sweep in real_sweeps("deepobs"):
        if not name.endswith("fmnist_2c2d"):
            continue
        steps = dict(detect(sweep).findings.filter(pl.col("issue") == "rebound").select("_row", "step").iter_rows())
        assert sweep.curves is not None
        points = sweep.curves.filter(pl.col("metric").cast(pl.String) == "test_losses", pl.col("value").is_finite())
        for (row,), part in points.collect().group_by("_row", maintain_order=True):
            if row in steps:
                smooth = part["value"].rolling_mean(5, center=True, min_samples=3).to_numpy()
                at = int(np.searchsorted(part["step"].to_numpy(), steps[row]))
                heights.append((smooth[at] - smooth.min()) / (part["value"].tail(10).median() - smooth.min()))
    assert len(heights) > 20
    assert np.quantile(heights, 0.9) <= 0.1
    assert max(heights) <= 0.3


def test_a_curve_that_ends_at_its_lowest_turns_there() -> None:
    along = np.arange(200) / 200
    curves = [np.exp(-3 * along), np.ones(200), np.array([1.0]), np.array([2.0, 1.0]), np.array([2.0, 1.0, 3.0])]
    found = _turns(curves)
    assert found["turn_step"].to_list() == found["smooth_best_step"].to_list()


@needs_shared
def test_a_rebound_planted_in_real_curves_is_named_at_its_step() -> None:
    total = Score()
    for name, sweep in real_sweeps("deepobs"):
        if not name.endswith(("char_rnn", "mnist_vae")):
            continue
        base = planting.clean(sweep)
        curves = Context(base).curves
        assert curves is not None
        for seed in (0, 1):
            metric = curves.held_out[0].metric.name
            total.add(planting.score(base, metric, planting.rebound, 0.2, "rebound", seed))
    assert total.planted > 100
    assert total.recall >= 0.95
    assert total.place >= 0.9


@pytest.mark.parametrize("points", [40, 120, 3000])
def test_a_curve_becomes_level_where_it_was_planted(points: int) -> None:
    random = np.random.default_rng(points)
    at = (random.uniform(0.15, 0.4, _CURVES) * points).astype(int)
    found = _turns([_level(points, int(place), 0.01, random) for place in at])
    off = (found["settled_step"].to_numpy() - at) / points
    assert np.quantile(np.abs(off), 0.8) <= max(0.015, 2 / points)
    assert abs(np.median(off)) <= max(0.005, 1 / points)
    assert (_gained_late(found) < 0.05).mean() >= 0.95


def test_a_curve_that_falls_to_its_end_has_not_become_level() -> None:
    random = np.random.default_rng(6)
    falling = [_level(200, 200, 0.01, random) for _ in range(_CURVES)]
    found = _turns(falling)
    assert (_gained_late(found) > 0.3).all()
    assert (found["settled_step"] > 150).all()


def _gained_late(found: pl.DataFrame) -> Floats:
    """Return the share of all they gained that curves gained in their second halves."""
    late = found.select((pl.col("half_best") - pl.col("smooth_best")) / (pl.col("first") - pl.col("smooth_best")))
    return late.to_series().to_numpy()


def _level(points: int, at: int, noise: float, random: np.random.Generator) -> Floats:
    fallen: Floats = 2 - np.minimum(np.arange(points), at) / points + noise * random.normal(size=points)
    return fallen


@needs_shared
def test_a_plateau_planted_in_real_curves_is_found_at_its_step() -> None:
    total = Score()
    for name, sweep in real_sweeps("deepobs"):
        if name.endswith(("char_rnn", "fmnist_vae")):
            base = planting.clean(sweep)
            curves = Context(base).curves
            assert curves is not None
            metric = curves.held_out[0].metric.name
            total.add(
                planting.score(
                    base, metric, planting.plateau, 0.5, "saturated_early", 0, within=(0.1, 0.4),
                    otherwise=planting.steeper, fits=planting.lowest_yet,
                )
            )  # fmt: skip
    assert total.planted > 40
    assert min(total.recall, total.precision) >= 0.95
    assert total.place >= 0.8
