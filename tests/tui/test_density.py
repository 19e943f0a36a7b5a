"""Counting curves per cell: the same as drawing them one by one, and legible without colour."""

from __future__ import annotations

import numpy as np
import pytest

from hpi_tui.widgets.density import braille, counts, halved, levels, stretches
from hpi_tui.widgets.plot import Polyline, rasterise


def test_a_curve_counts_once_in_each_cell_it_passes() -> None:
    rng = np.random.default_rng(2)
    curves, points, columns, rows = 30, 200, 24, 10
    y = np.clip(rng.random((curves, 1)) + rng.normal(0, 0.05, (curves, points)).cumsum(axis=1) / 4, -0.5, 1.5)
    x = np.linspace(0, 1, points)
    joined = np.ones(points, dtype=bool)
    joined[0] = False
    one = [counts(stretches(np.zeros(points, int), x, line, joined, columns), columns, rows) for line in y]
    assert max(int(cells.max()) for cells in one) == 1
    which = np.repeat(np.arange(curves), points)
    found = stretches(which, np.tile(x, curves), y.ravel(), np.tile(joined, curves), columns)
    together = counts(found, columns, rows)
    assert (together == sum(one)).all()


def test_dots_stand_where_plotext_puts_them() -> None:
    x, y = np.array([0.0, 0.25, 0.5, 1.0]), np.array([0.1, 0.9, 0.2, 0.8])
    joined = np.array([False, True, True, True])
    fine = counts(stretches(np.zeros(4, int), x, y, joined, 60), 60, 24)
    theirs = rasterise([Polyline(x, y, joined)], 30, 6)
    ours = braille(fine)
    drawn = [np.array([[cell not in " \u2800" for cell in row] for row in rows]) for rows in (ours, theirs)]
    assert drawn[0].any(axis=0).all()
    assert np.abs(drawn[0].argmax(axis=0) - drawn[1].argmax(axis=0)).max() <= 1


def test_what_lies_outside_or_has_no_place_is_not_drawn() -> None:
    x, y = np.array([0.0, 1.0, 0.0, 1.0, 0.5]), np.array([2.0, 3.0, np.nan, 0.5, np.nan])
    joined = np.array([False, True, False, True, False])
    found = counts(stretches(np.array([0, 0, 1, 1, 2]), x, y, joined, 10), 10, 5)
    assert found.sum() == 1
    assert not counts(stretches(np.empty(0, int), np.empty(0), np.empty(0), np.empty(0, bool), 10), 10, 5).any()


def test_halves_hold_what_their_columns_held() -> None:
    x, y = np.linspace(0, 1, 9), np.linspace(0, 1, 9)
    joined = np.arange(9) > 0
    fine = stretches(np.zeros(9, int), x, y, joined, 8)
    assert (counts(halved(fine, 4), 4, 4) == counts(stretches(np.zeros(9, int), x, y, joined, 4), 4, 4)).all()


@pytest.mark.parametrize(("most", "expected"), [(1, (1,)), (3, (1, 2, 3)), (500, (1, 5, 22, 106)), (0, (1,))])
def test_shades_are_even_in_the_logarithm(most: int, expected: tuple[int, ...]) -> None:
    assert levels(most, 4) == expected
