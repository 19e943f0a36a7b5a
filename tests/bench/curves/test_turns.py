"""How near the turn of a planted rebound is named, and how near one who knows the planted shape would name it.

The oracle knows the curve without the rebound, smoothed, and shape and size of the rise; it tries every place and
takes the one of least squares. What it misses lies below the noise. Curves that had already risen above their lowest
before the place of planting have turned earlier than planted and are counted apart. How much of a curve the corner is
fitted to, and where, was chosen on the sweeps that rules are tuned on; the others are reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest

from hpi_core.curves.features import curve_features
from hpi_core.detectors.context import Context
from hpi_core.frames import CURVES
from tests.core.curves import planting
from tests.core.curves.planting import Floats
from tests.core.curves.real import real_sweeps, tuned_on
from tests.shared_data import needs_shared

_FEWEST, _POINTS = 4, 20
# At least this share of what the oracle places; a rise that begins level has no corner.
_LEAST = {"even": 0.75, "slowing": 0.75, "quickening": 0.65}
_RISES = {
    "even": lambda way: way,
    "slowing": lambda way: 1 - np.exp(-4 * way),
    "quickening": lambda way: way**2,
}


@dataclass
class Places:
    """How many turns stand within 1 % of the run: of the features, of the lowest moving average, of the oracle."""

    planted: int = 0
    turn: int = 0
    lowest: int = 0
    oracle: int = 0


@needs_shared
@pytest.mark.parametrize("rise", _RISES)
def test_turns(rise: str) -> None:
    cells: dict[tuple[float, str], Places] = {}
    for name, sweep in real_sweeps():
        base = planting.clean(sweep)
        curves = Context(base).curves
        if base.trials.height < _FEWEST or curves is None or not curves.held_out or base.curves is None:
            continue
        held_out = curves.held_out[0]
        points = base.curves.filter(pl.col("metric").cast(pl.String) == held_out.metric.name).collect()
        levels = [held_out.sign * part["value"].to_numpy() for part in points.partition_by("_row", maintain_order=True)]
        random = np.random.default_rng(len(name))
        long = [values for values in levels if values.size >= _POINTS]
        for size in (0.1, 0.2, 0.5) if long else ():
            _score(
                cells, name.split()[0] + (", tuned on" if tuned_on(name) else ", reported"), rise, size, long, random
            )
    print(f"\n{rise + ' rise, share of way':48} {'planted':>8} {'turn':>6} {'lowest':>6} {'oracle':>6}")
    for (size, part), cell in sorted(cells.items()):
        shares = [found / cell.planted for found in (cell.turn, cell.lowest, cell.oracle)]
        print(f"{size:5g} {part:42} {cell.planted:8} " + " ".join(f"{share:6.3f}" for share in shares))
        if not part.endswith("before") and size >= 0.2:
            assert shares[0] >= _LEAST[rise] * shares[2], (size, part)


def _score(
    cells: dict[tuple[float, str], Places], family: str, rise: str, size: float, curves: list[Floats],
    random: np.random.Generator,
) -> None:  # fmt: skip
    """Plant one rebound in each curve and count who names its place."""
    places = [int(random.uniform(0.3, 0.8) * values.size) for values in curves]
    planted = [_planted(values, at, rise, size) for values, at in zip(curves, places, strict=True)]
    frame = pl.concat(
        pl.DataFrame({"_row": row, "metric": "loss", "step": np.arange(values.size), "value": values})
        for row, values in enumerate(planted)
    )
    found = curve_features(frame.select(pl.col(name).cast(kind) for name, kind in CURVES.items()).lazy())
    named = found.select("turn_step", "smooth_best_step").rows()
    for values, curve, at, (turn, lowest) in zip(curves, planted, places, named, strict=True):
        risen = not planting.lowest_yet(values, at)
        near = max(1, 0.01 * (values.size - 1))
        cell = cells.setdefault((size, family + (", risen before" if risen else "")), Places())
        cell.planted += 1
        cell.turn += abs(turn - at) <= near
        cell.lowest += abs(lowest - at) <= near
        cell.oracle += abs(_oracle(values, curve, rise, size) - at) <= near


def _planted(values: Floats, at: int, rise: str, size: float) -> Floats:
    flat = planting.rebound(values, at, 0, np.random.default_rng(0))
    return flat + _rise(values[0] - values[at], values.size, at, rise, size)


def _rise(way: float, points: int, at: int, rise: str, size: float) -> Floats:
    along = np.maximum(0, np.arange(points) - at) / (points - at)
    risen: Floats = size * max(way, 0) * _RISES[rise](along)
    return risen


def _oracle(values: Floats, curve: Floats, rise: str, size: float) -> int:
    smooth, at = planting.smoothed(values), np.arange(values.size)
    tried = range(int(0.2 * values.size), int(0.9 * values.size))
    errors = [
        np.sum(
            (curve - smooth[np.minimum(at, place)] - _rise(values[0] - smooth[place], values.size, place, rise, size))
            ** 2
        )
        for place in tried
    ]
    return tried[int(np.argmin(errors))]
