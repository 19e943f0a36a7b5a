"""Trouble planted in clean real curves: recall, precision and place by magnitude, printed for every kind of it.

A rebound is planted where the curve has not risen by itself before; those that rise later by themselves count against
precision. Curves that stay level by themselves are no rarity either: for a plateau all curves are made to fall evenly
by a share of their way, the planted ones until the plateau, the others until they end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import pytest

from hpi_core.detectors import detect
from hpi_core.detectors.context import Context
from hpi_core.sweep import Sweep
from tests.core.curves import planting
from tests.core.curves.planting import Floats, Plant, Score
from tests.core.curves.real import real_sweeps, tuned_on
from tests.shared_data import needs_shared

_FEWEST = 4


@dataclass(frozen=True)
class Kind:
    plant: Plant
    issue: str
    sizes: tuple[float, ...]
    held_out: bool = False
    severity: str | None = None
    within: tuple[float, float] = (0.3, 0.8)
    # From this size on recall, precision and place must be at least .95.
    bound: float | None = None
    # From a size on this share must be placed within 1 % of the run; test_turns tells how much of it noise forbids.
    placed: tuple[float, float] | None = None
    # What is done to the curves nothing is planted in, and where a curve can be planted.
    otherwise: Plant | None = None
    fits: Callable[[Floats, int], bool] | None = None


KINDS = {
    "NaN": Kind(planting.nan, "nonfinite_metric", (1,), bound=1),
    "divergence, x first loss": Kind(planting.divergence, "diverged", (0.02, 0.1, 0.5, 2, 10), bound=0.1),
    "lasting spike, sigma": Kind(planting.lasting_spike, "spike", (3, 6, 8, 10, 20), severity="error", bound=10),
    "brief spike, sigma": Kind(planting.brief_spike, "spike", (6, 10, 15, 30)),
    "rebound, share of way": Kind(
        planting.rebound, "rebound", (0.05, 0.1, 0.2, 0.5), held_out=True, placed=(0.2, 0.75), fits=planting.lowest_yet
    ),
    "plateau, share of way": Kind(
        planting.plateau,
        "saturated_early",
        (0.05, 0.1, 0.2, 0.5, 1),
        held_out=True,
        within=(0.1, 0.4),
        placed=(0.5, 0.8),
        otherwise=planting.steeper,
        fits=planting.lowest_yet,
    ),
}


@needs_shared
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.split(",")[0].replace(" ", "_"))
def test_planted(kind: str) -> None:
    what = KINDS[kind]
    cells: dict[tuple[str, float], Score] = {}
    for name, sweep in real_sweeps():
        base = planting.clean(sweep)
        if base.trials.height < _FEWEST:
            continue
        metric = _metric(base, held_out=what.held_out)
        if metric is None:
            continue
        for size in what.sizes:
            for seed in (0, 1):
                found = planting.score(
                    base,
                    metric,
                    what.plant,
                    size,
                    what.issue,
                    seed,
                    severity=what.severity,
                    within=what.within,
                    otherwise=what.otherwise,
                    fits=what.fits,
                )
                for part in (name.split()[0] + (", tuned on" if tuned_on(name) else ", reported"), "all"):
                    cells.setdefault((part, size), Score()).add(found)
    print(f"\n{kind:26} {'size':>6} {'planted':>8} {'recall':>7} {'precision':>9} {'within 1 %':>10}")
    for (part, size), cell in sorted(cells.items()):
        print(f"{part:26} {size:6g} {cell.planted:8} {cell.recall:7.3f} {cell.precision:9.3f} {cell.place:10.3f}")
    for (part, size), cell in cells.items():
        if not part.endswith("tuned on") and what.bound is not None and size >= what.bound:
            assert min(cell.recall, cell.precision, cell.place) >= 0.95, (kind, size)
        if not part.endswith("tuned on") and what.placed is not None and size >= what.placed[0]:
            assert cell.place >= what.placed[1], (kind, size)


@needs_shared
def test_what_is_found_where_nothing_was_planted() -> None:
    """Trials that are left out of the clean ones, and what is found in those and in the clean ones as they are."""
    print(f"\n{'better half':46} {'rise':>5} {'found':>6} {'clean':>6} {'found':>6}")
    total = false = 0
    for name, sweep in real_sweeps():
        base = planting.better_half(sweep)
        rising = planting.rising(base)
        found = (
            detect(base)
            .findings.filter(
                (pl.col("issue") == "diverged") | ((pl.col("issue") == "spike") & (pl.col("severity") == "error"))
            )["_row"]
            .unique()
        )
        wrong = found.filter(~found.is_in(rising.implode())).len()
        others = base.trials.height - rising.len()
        total, false = total + others, false + wrong
        print(f"{name:46} {rising.len():5} {found.len() - wrong:6} {others:6} {wrong:6}")
    print(f"{'all':46} {'':12} {total:6} {false:6}")
    assert false <= 0.01 * total


def _metric(sweep: Sweep, *, held_out: bool) -> str | None:
    curves = Context(sweep).curves
    if curves is None:
        return None
    chosen = curves.held_out if held_out else curves.training
    return chosen[0].metric.name if chosen else None
