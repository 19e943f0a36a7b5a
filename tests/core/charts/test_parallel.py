"""Parallel coordinates: every trial at its value on every axis, what matters first, what is blamed where it lies."""

from __future__ import annotations

import math
import time

import numpy as np
import polars as pl
import pytest

import hpi_core
from hpi_core import demo
from hpi_core.charts.parallel import ParallelChart, parallel_chart
from hpi_core.charts.strands import covered, strands
from hpi_core.inspection import Inspection
from hpi_tui.panes.parallel_drawing import draw_parallel
from hpi_tui.theme import Look
from tests.builders import sweep_of
from tests.shared_data import DATA, needs_shared


def _planted(trials: int, seed: int = 3) -> Inspection:
    """Return a sweep in which a high lr makes trials nonfinite, and dropout alone decides the others."""
    chance = np.random.default_rng(seed)
    rate, dropout, noise = 10 ** chance.uniform(-5, 0, trials), chance.uniform(0, 0.5, trials), chance.random(trials)
    loss = np.where((rate > 0.1) & (chance.random(trials) < 0.8), math.nan, 0.3 + dropout + 0.02 * noise)
    columns = {"noise": noise, "dropout": dropout, "lr": rate, "val_loss": loss}
    columns["train_loss"] = np.where(np.isnan(loss), 0.3, loss)
    return hpi_core.inspect(
        sweep_of(
            {"trial_id": [f"t{at}" for at in range(trials)], **{k: v.tolist() for k, v in columns.items()}},
            [("noise", "hyperparameter"), ("dropout", "hyperparameter"), ("lr", "hyperparameter")],
        )
    )


def _made(inspection: Inspection, **how: object) -> ParallelChart:
    chart = parallel_chart(inspection.sweep, inspection, 0, **how)  # type: ignore[arg-type]
    assert chart is not None
    return chart


def test_the_blamed_and_then_the_important_stand_beside_the_objective() -> None:
    chart = _made(_planted(400), most=4)
    assert [axis.name for axis in chart.axes] == ["val_loss", "lr", "dropout", "noise"]
    lr = chart.axes[1]
    assert lr.log
    (blame,) = [one for one in lr.blames if one.tag == "NONFIN"]
    assert blame.high == 1.0
    assert blame.low == pytest.approx(0.8, abs=0.02)  # 0.1 lies at four fifths of 1e-5 to 1 on the logarithm
    assert blame.text.startswith("> 0.")
    assert not chart.axes[2].blames


def test_one_hyperparameter_is_put_first_and_those_without_a_place_are_counted() -> None:
    chart = _made(_planted(400), most=3, parameter="noise")
    assert [axis.name for axis in chart.axes] == ["val_loss", "noise", "lr"]
    assert chart.left_out == 1


def test_every_trial_stands_at_its_value_or_beyond_the_axis() -> None:
    inspection = hpi_core.inspect(hpi_core.read(str(demo.path())))
    chart = _made(inspection, most=9)
    trials = inspection.sweep.trials
    assert len(chart.kinds) == trials.height == 240
    assert int((chart.kinds > 0).sum()) == int(inspection.sick.sum())
    for axis in chart.axes:
        assert len(axis.places) == 240
        assert not np.isnan(axis.places).any()
    objective = chart.axes[0]
    known = trials["val_loss"].is_finite().fill_null(False).to_numpy()
    assert (objective.places[trials["val_loss"].is_null().to_numpy()] == -np.inf).all()
    assert (objective.places[trials["val_loss"].is_nan().fill_null(False).to_numpy()] == np.inf).all()
    inside = known & np.isfinite(objective.places)
    order = np.argsort(trials["val_loss"].to_numpy()[inside])
    assert (np.diff(objective.places[inside][order]) >= 0).all()
    rate = next(axis for axis in chart.axes if axis.name == "lr")
    logs = np.log10(trials["lr"].to_numpy())
    assert np.allclose(rate.places, (logs - logs.min()) / (logs.max() - logs.min()), atol=1e-5)
    words = next(axis for axis in chart.axes if axis.name == "init")
    assert [text for _, text in words.marks] == ["he", "orthogonal", "xavier"]
    for value, places in zip(trials["init"], words.places, strict=True):
        assert int(places * 3) == ["he", "orthogonal", "xavier"].index(value)


def test_a_filter_leaves_only_what_it_shows() -> None:
    chart = _made(_planted(300), most=4, shown=np.array([7, 3, 250]))
    assert len(chart.kinds) == 3
    assert chart.here is None  # trial 0 is not among them
    assert chart.asked == 3


def test_a_line_passes_every_dot_between_its_ends_and_counts_all_who_take_it() -> None:
    chance = np.random.default_rng(1)
    left, right = chance.integers(0, 40, 5000), chance.integers(0, 40, 5000)
    lines = strands(left, right, 40)
    assert lines.trials.sum() == 5000
    counted = covered(lines, 10, 40)
    for column in range(10):  # a trial stands in each column at least once
        assert counted[:, column].sum() >= 5000
    one = covered(strands(np.array([0]), np.array([39]), 40), 10, 40)
    assert one.sum(axis=1).tolist() == [0, *[1] * 39]  # one dot after the other; the last is the next axis'
    level = covered(strands(np.array([5, 5]), np.array([5, 5]), 40), 10, 40)
    assert (level[40 - 1 - 5] == 2).all()
    assert level.sum() == 20


@needs_shared
def test_of_a_mixed_source_only_the_sweep_of_the_trial_is_drawn() -> None:
    inspection = hpi_core.inspect(hpi_core.read(str(DATA / "12_curves" / "deepobs_trials.csv")))
    chart = _made(inspection, most=6)
    problems = inspection.sweep.trials["testproblem"]
    assert len(chart.kinds) == int((problems == problems[0]).sum())
    assert chart.asked == inspection.sweep.trials.height
    assert chart.within == f"testproblem = {problems[0]}"
    assert "momentum" not in [axis.name for axis in chart.axes]  # one value or none in this problem


def _share_of_sick_cells(inspection: Inspection) -> tuple[float, float]:
    """Return how much of the drawing is in the colour of sick trials between the first two axes and after them."""
    look = Look()
    strips = draw_parallel(look, _made(inspection, most=4), 120, 30)
    colours = {look.style(token).color for token in ("err", "glow")}
    cells: list[list[bool]] = [[], []]
    for strip in strips[4:24]:
        at = 0
        for text, style, _ in strip:
            for character in text:
                if "\u2800" < character <= "\u28ff" and style is not None:
                    cells[at > 65].append(style.color in colours)  # the second axis stands at column 36
                at += 1
    return (float(np.mean(cells[0])), float(np.mean(cells[1])))


def test_sick_trials_stand_out_where_they_are_and_not_where_they_are_not() -> None:
    planted = _planted(20_000)
    blamed, others = _share_of_sick_cells(planted)
    assert blamed > 0.08
    assert others < 0.05  # dropout and noise have nothing to do with it


def test_a_hundred_thousand_trials_take_little_longer_than_a_thousand() -> None:
    def cost(inspection: Inspection) -> float:
        began = time.process_time()
        for row in (1, 2, 3):
            chart = parallel_chart(inspection.sweep, inspection, row, most=4)
            assert chart is not None
            draw_parallel(Look(), chart, 120, 34)
        return time.process_time() - began

    few, many = _planted(1000), _planted(100_000)
    cost(few)
    assert cost(many) < 12 * cost(few) + 1.0  # a hundred times as many


def test_without_two_axes_there_is_no_chart() -> None:
    sweep = sweep_of({"lr": [0.1, 0.1, 0.1], "val_loss": [0.1, 0.2, 0.3]}, [("lr", "hyperparameter")])
    assert parallel_chart(sweep, None, 0) is None
    empty = sweep_of({"lr": pl.Series([], dtype=pl.Float64).to_list(), "val_loss": []}, [("lr", "hyperparameter")])
    assert parallel_chart(empty, None, None) is None
