"""The distribution of a hyperparameter: every trial counted once, bins even on the logarithm where the scale is one."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

import hpi_core
from hpi_core import demo
from hpi_core.charts.distribution import distribution_chart
from hpi_core.charts.scatter import best_so_far
from tests.builders import sweep_of


@pytest.mark.parametrize("parameter", ["lr", "batch_size", "init"])
def test_every_trial_and_every_sick_one_is_in_one_bin(parameter: str) -> None:
    inspection = hpi_core.inspect(hpi_core.read(str(demo.path())))
    chart = distribution_chart(inspection.sweep, inspection, 3, parameter=parameter, most=12)
    assert chart is not None
    height = inspection.sweep.trials.height
    assert sum(one.n for one in chart.bins) + chart.lacking == height
    assert sum(one.sick for one in chart.bins) <= int(inspection.sick.sum())
    value = inspection.sweep.trials[parameter][3]
    here = chart.bins[chart.here or 0]
    assert here.word == value or (here.low or 0) <= value <= (here.high or 0)


def test_bins_of_a_learning_rate_are_even_on_the_logarithm() -> None:
    chance = random.Random(2)
    rates = [10 ** chance.uniform(-5, 0) for _ in range(1000)]
    sweep = sweep_of({"lr": [*rates, 0.0, math.nan], "val_loss": [0.5] * 1002}, [("lr", "hyperparameter")])
    chart = distribution_chart(sweep, None, None, parameter="lr", most=10)
    assert chart is not None
    assert chart.log
    assert chart.lacking == 2
    assert max(one.n for one in chart.bins) < 160  # ten even bins of a thousand; on the value 700 fell into the first
    steps = [math.log(one.high or 1) - math.log(one.low or 1) for one in chart.bins]
    assert np.allclose(steps, steps[0])


def test_the_best_so_far_never_gets_worse_and_ends_at_the_best() -> None:
    inspection = hpi_core.inspect(hpi_core.read(str(demo.path())))
    chart = best_so_far(inspection.sweep, inspection, 0)
    assert chart is not None
    assert chart.running is not None
    known = chart.running[np.isfinite(chart.running)]
    assert (np.diff(known) <= 0).all()
    assert known[-1] == inspection.ranking.best[0].value
