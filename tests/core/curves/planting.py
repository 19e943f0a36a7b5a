"""Trouble planted at known places in clean curves, and how well it is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from hpi_core.detectors import detect
from hpi_core.detectors.context import Context
from hpi_core.sweep import Sweep

Floats = npt.NDArray[np.float64]
Plant = Callable[[Floats, int, float, np.random.Generator], Floats]
_LEAST = 20
_RISE = 0.3
_RISEN = 0.02


def nan(values: Floats, at: int, _size: float, _random: np.random.Generator) -> Floats:
    """Make every value from `at` on NaN."""
    return np.where(np.arange(values.size) >= at, np.nan, values)


def divergence(values: Floats, at: int, size: float, _random: np.random.Generator) -> Floats:
    """Let the curve blow up from `at` on, to `size` times its first value above that."""
    since = np.maximum(0, np.arange(values.size) - at + 1)
    target = abs(values[0]) * size + values[0] - values[at]
    risen: Floats = values + target * (1 - np.exp(-since / max(1.0, 0.02 * values.size)))
    return risen


def lasting_spike(values: Floats, at: int, size: float, _random: np.random.Generator) -> Floats:
    """Lift the curve from `at` on by `size` standard deviations of the points before."""
    return values + np.where(np.arange(values.size) >= at, size * spread_before(values, at), 0)


def brief_spike(values: Floats, at: int, size: float, _random: np.random.Generator) -> Floats:
    """Lift one point by `size` standard deviations of the points before."""
    return values + np.where(np.arange(values.size) == at, size * spread_before(values, at), 0)


def rebound(values: Floats, at: int, size: float, _random: np.random.Generator) -> Floats:
    """Let the curve stay at its value at `at`, with its noise, and rise by `size` of its way down to the end."""
    after = np.arange(values.size) - at
    rise = size * max(values[0] - values[at], 0) * np.maximum(after, 0) / (values.size - at)
    return np.where(after >= 0, values[at] + _noise(values, at) + rise, values)


def plateau(values: Floats, at: int, size: float, random: np.random.Generator) -> Floats:
    """Let the curve, made steeper as `steeper` does, stay where it is at `at`, with its noise."""
    smooth, steep = smoothed(values), steeper(values, at, size, random) - values
    return np.where(np.arange(values.size) < at, values + steep, smooth[at] + steep[at] + values - smooth)


def steeper(values: Floats, _at: int, size: float, _random: np.random.Generator) -> Floats:
    """Let the curve fall evenly by `size` of its way down, on top of how it falls by itself."""
    way: float = max(0.0, values[0] - smoothed(values).min())
    falls: Floats = values + size * way * (1 - np.arange(values.size) / values.size)
    return falls


def lowest_yet(values: Floats, at: int) -> bool:
    """Say whether the curve has not risen before `at`: by less than 2 % of its way there."""
    risen = values[at] - smoothed(values)[: at + 1].min()
    return bool(risen <= _RISEN * (values[0] - values[at]))


def smoothed(values: Floats) -> Floats:
    """Return the means of five points around each."""
    return np.convolve(np.pad(values, 2, mode="edge"), np.ones(5) / 5, mode="valid")


def spread_before(values: Floats, at: int) -> float:
    """Return the robust spread of the points before, at least 1 % of their median."""
    before = values[max(0, at - int(np.clip(values.size // 10, 8, 100))) : at]
    centre = float(np.median(before))
    return max(1.4826 * float(np.median(np.abs(before - centre))), 0.01 * abs(centre))


def _noise(values: Floats, at: int) -> Floats:
    noise = values - smoothed(values)
    noise[at] = 0
    return noise


@dataclass
class Score:
    """How planted trouble was found: `planted` trials, of them `found`, of these `located` within 1 % of the run."""

    planted: int = 0
    found: int = 0
    located: int = 0
    false: int = 0

    @property
    def recall(self) -> float:
        return self.found / max(1, self.planted)

    @property
    def precision(self) -> float:
        return self.found / max(1, self.found + self.false)

    @property
    def place(self) -> float:
        return self.located / max(1, self.found)

    def add(self, other: Score) -> None:
        self.planted += other.planted
        self.found += other.found
        self.located += other.located
        self.false += other.false


def rises(values: Floats) -> bool:
    """Say whether a curve goes up by itself: a twentieth of it, and the next, lie 30 % above an earlier twentieth.

    Medians of parts are compared, as no detector does, so that what is clean does not hang on what is to be judged.
    """
    if values.size < _LEAST:
        return False
    parts = np.array([np.median(part) for part in np.array_split(values, min(20, values.size // 2))])
    lowest = np.minimum.accumulate(parts)[:-2]
    return bool((np.minimum(parts[1:-1], parts[2:]) - lowest > _RISE * np.abs(lowest)).any())


def better_half(sweep: Sweep) -> Sweep:
    """Return the better half of the trials, those whose curves are finite throughout."""
    context = Context(sweep)
    assert sweep.curves is not None
    assert context.badness is not None
    broken = sweep.curves.filter(~pl.col("value").is_finite()).select("_row").unique().collect()["_row"]
    ranked = pl.DataFrame([context.rows, context.badness.alias("badness")]).drop_nulls()
    ranked = ranked.filter(~pl.col("_row").is_in(broken.implode())).sort("badness")
    return _of(sweep, ranked.head(ranked.height // 2)["_row"].sort())


def rising(sweep: Sweep) -> pl.Series:
    """Return the trials of which a training loss goes up by itself: what is found in those is no false alarm."""
    curves = Context(sweep).curves
    assert sweep.curves is not None
    assert curves is not None
    names = [loss.metric.name for loss in curves.training]
    points = sweep.curves.filter(pl.col("metric").is_in(names)).collect()
    parts = points.group_by("_row", "metric", maintain_order=True)
    found = {row for (row, _), part in parts if rises(part["value"].to_numpy())}
    return pl.Series("_row", sorted(found), dtype=pl.UInt32)


def clean(sweep: Sweep) -> Sweep:
    """Return the better half of the trials without those of which a training loss goes up by itself."""
    base = better_half(sweep)
    return _of(base, base.trials.filter(~pl.col("_row").is_in(rising(base).implode()))["_row"])


def _of(sweep: Sweep, kept: pl.Series) -> Sweep:
    assert sweep.curves is not None
    places = pl.LazyFrame({"_row": kept, "new": pl.int_range(kept.len(), dtype=pl.UInt32, eager=True)})
    curves = sweep.curves.join(places, on="_row").select(pl.col("new").alias("_row"), "metric", "step", "value")
    trials = sweep.trials.filter(pl.col("_row").is_in(kept.implode()))
    return replace(
        sweep,
        trials=trials.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("_row")),
        curves=curves.sort("_row", "metric", "step").collect().lazy(),
    )


def score(
    sweep: Sweep, metric: str, plant: Plant, size: float, issue: str, seed: int, *, severity: str | None = None,
    within: tuple[float, float] = (0.3, 0.8), otherwise: Plant | None = None,
    fits: Callable[[Floats, int], bool] | None = None,
) -> Score:  # fmt: skip
    """Plant trouble in the curves of every second clean trial and see what the detector says of all of them.

    Args:
        sweep: the clean trials.
        metric: the curves to plant it in.
        plant: what makes a curve sick.
        size: how much of it.
        issue: what is to be found.
        seed: which trials, and where.
        severity: count findings of this severity only.
        within: the part of the run it begins in.
        otherwise: what is done to the curves of the other trials.
        fits: where a curve can be planted; trials whose curve cannot at the place drawn are left as they are.
    """
    random = np.random.default_rng(seed)
    assert sweep.curves is not None
    points = sweep.curves.collect()
    planted: dict[int, tuple[int, int]] = {}
    parts = []
    for (row, name), part in points.group_by("_row", "metric", maintain_order=True):
        values = part["value"].to_numpy().copy()
        if name == metric and values.size >= _LEAST and (row % 2 == seed % 2 or otherwise is not None):
            at = int(random.uniform(*within) * values.size)
            if row % 2 != seed % 2:
                values = otherwise(values, at, size, random) if otherwise is not None else values
            elif fits is None or fits(values, at):
                values = plant(values, at, size, random)
                planted[row] = (int(part["step"][at]), int(part["step"][-1] - part["step"][0]))
        parts.append(part.with_columns(pl.Series("value", values)))
    curves = pl.concat(parts).sort("_row", "metric", "step")
    findings = detect(replace(sweep, curves=curves.lazy())).findings
    found = findings.filter((pl.col("issue") == issue) & pl.col("_row").is_not_null())
    if severity is not None:
        found = found.filter(pl.col("severity") == severity)
    steps = dict(found.select("_row", "step").iter_rows())
    hits = [row for row in planted if row in steps]
    near = [
        row
        for row in hits
        if steps[row] is not None and abs(steps[row] - planted[row][0]) <= max(1, 0.01 * planted[row][1])
    ]
    return Score(len(planted), len(hits), len(near), len(steps) - len(hits))
