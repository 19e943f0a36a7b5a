"""design(): concrete configurations: a spread over the new space, repetitions of the best trials, a probe per cut."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from hpi_core.next_experiment.model import Configuration, Dimension, Value
from hpi_core.next_experiment.rules import speaks_of

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection
    from hpi_core.statistics.findings import Cause

REPEATED = 3
# The best trials may be one configuration several times: so many are looked at for different ones.
_LOOKED_AT = 50
# A space of few choices holds few different configurations: so many times as many points are tried for new ones.
_TRIES = 8
_DIGITS = 4
TPE_SHARE = 0.7


def design(
    inspection: Inspection,
    dimensions: Sequence[Dimension],
    cuts: Sequence[tuple[Dimension, Cause]],
    trials: int,
    repeats: int,
    seed: int,
    sampler: str,
    notes: list[str],
) -> list[Configuration]:
    """Return the configurations in the order in which they are worth running; says in `notes` where there are fewer."""
    if not dimensions:
        return []
    wanted = trials
    suggested: list[Mapping[str, Value | None]] = []
    if sampler == "tpe":
        from hpi_core.next_experiment.tree_parzen import suggest

        suggested = suggest(inspection, dimensions, math.ceil(TPE_SHARE * trials), seed)
        wanted = trials - len(suggested)
    seen = _tried(inspection, dimensions) | {_key(values) for values in suggested}
    spread = _new_ones(sobol(dimensions, wanted * _TRIES, seed), seen, wanted)
    if len(spread) < wanted:
        notes.append(f"Only {len(spread)} configurations of the new space have not been run yet.")
    best = _repetitions(inspection, repeats)
    probes = _probes(best, cuts, dimensions)
    found = [Configuration(values, "search") for values in (*suggested, *spread)]
    return [*found, *best, *probes]


def sobol(dimensions: Sequence[Dimension], count: int, seed: int) -> list[dict[str, Value | None]]:
    """Return scrambled Sobol points (Owen 1998) in a space; a power of two is drawn, and the first `count` are kept."""
    from scipy.stats import qmc

    if count < 1:
        return []
    open_ones = [dimension for dimension in dimensions if dimension.kind != "fixed"]
    if not open_ones:
        return [{dimension.name: dimension.values[0] for dimension in dimensions}]
    engine = qmc.Sobol(len(open_ones), scramble=True, rng=seed)
    points = engine.random_base2(max(1, math.ceil(math.log2(count))))[:count]
    found = []
    for point in points.tolist():
        values: dict[str, Value | None] = {d.name: d.values[0] for d in dimensions if d.kind == "fixed"}
        values |= {d.name: at(d, u) for d, u in zip(open_ones, point, strict=True)}
        found.append(active({d.name: values[d.name] for d in dimensions}, dimensions))
    return found


def at(dimension: Dimension, place: float) -> Value:
    """Return the value at a place between 0 and 1 of a dimension, numbers at four significant digits."""
    if dimension.kind != "range" or dimension.low is None or dimension.high is None:
        return dimension.values[min(int(place * len(dimension.values)), len(dimension.values) - 1)]
    if dimension.also:
        if place < dimension.also_share:
            return dimension.also[int(place / dimension.also_share * len(dimension.also)) % len(dimension.also)]
        place = (place - dimension.also_share) / (1 - dimension.also_share)
    low, high = dimension.low, dimension.high
    if dimension.integer:
        low, high = (low - 0.499, high + 0.499) if not dimension.log else (max(low - 0.499, 0.501), high + 0.499)
    value = math.exp(math.log(low) + place * math.log(high / low)) if dimension.log else low + place * (high - low)
    if dimension.integer:
        return int(min(max(round(value), dimension.low), dimension.high))
    return min(max(float(f"{value:.{_DIGITS}g}"), dimension.low), dimension.high)


def active(values: dict[str, Value | None], dimensions: Iterable[Dimension]) -> dict[str, Value | None]:
    """Return the values with those of inactive conditional parameters as None."""
    for dimension in dimensions:
        condition = dimension.condition
        if condition is not None and values.get(condition.parent) not in condition.values:
            values[dimension.name] = None
    return values


def _new_ones(
    points: Sequence[Mapping[str, Value | None]], seen: set[tuple[object, ...]], wanted: int
) -> list[Mapping[str, Value | None]]:
    """Return the first points that were neither tried before nor drawn twice."""
    found: list[Mapping[str, Value | None]] = []
    for values in points:
        key = _key(values)
        if key not in seen and len(found) < wanted:
            seen.add(key)
            found.append(values)
    return found


def _key(values: Mapping[str, Value | None]) -> tuple[object, ...]:
    return tuple(float(value) if isinstance(value, int | float) else value for value in values.values())


def _tried(inspection: Inspection, dimensions: Sequence[Dimension]) -> set[tuple[object, ...]]:
    """Return the configurations that were run, where the space is one of choices, so that they can come again."""
    if any(dimension.kind == "range" for dimension in dimensions):
        return set()
    table = inspection.sweep.trials.select(dimension.name for dimension in dimensions)
    if any(dtype.is_nested() for dtype in table.dtypes):
        return set()
    return {_key(row) for row in table.unique().iter_rows(named=True)}


def _repetitions(inspection: Inspection, repeats: int) -> list[Configuration]:
    """Return the best trials again, each with seeds that were not used yet."""
    from hpi_core.importance import best_runs

    sweep = inspection.sweep
    names = [item.name for item in sweep.roles.hyperparameters if not sweep.trials.schema[item.name].is_nested()]
    if not names:
        return []
    found = []
    fresh = _fresh_seed(sweep.trials[sweep.roles.seed]) if sweep.roles.seed is not None else None
    chosen: dict[tuple[object, ...], tuple[str, dict[str, Value | None]]] = {}
    for run in best_runs(inspection, _LOOKED_AT):
        values: dict[str, Value | None] = dict(sweep.trials.select(names).row(run.row, named=True))
        if len(chosen) < REPEATED:
            chosen.setdefault(_key(values), (run.trial, values))
    for trial, values in chosen.values():
        for _ in range(repeats):
            own = dict(values)
            if fresh is not None and sweep.roles.seed is not None:
                own[sweep.roles.seed] = fresh
                fresh += 1
            another = "" if fresh is None else ", with another seed"
            found.append(Configuration(own, "repeat", f"trial {trial} again{another}"))
    return found


def _fresh_seed(column: pl.Series) -> int | None:
    """Return the first whole number above all seeds used; None where seeds are no numbers."""
    if not column.dtype.is_numeric():
        return None
    highest = column.cast(pl.Float64).drop_nulls().drop_nans().max()
    return int(highest) + 1 if isinstance(highest, float) and math.isfinite(highest) else 0


def _probes(
    best: Sequence[Configuration], cuts: Sequence[tuple[Dimension, Cause]], dimensions: Sequence[Dimension]
) -> list[Configuration]:
    """Return one configuration beyond each cut: the best trial, moved to just above where the cut lies."""
    now = {dimension.name: dimension for dimension in dimensions}
    base = dict(best[0].values) if best else {d.name: at(d, 0.5) for d in dimensions}
    found = []
    for before, cause in cuts:
        value = _beyond(before, now[before.name], cause)
        if value is not None:
            note = f"is {before.name} = {value if isinstance(value, str) else f'{value:g}'} still bad ({cause.issue})?"
            found.append(Configuration({**base, before.name: value}, "probe", note))
    return found


def _beyond(before: Dimension, now: Dimension, cause: Cause) -> Value | None:
    if before.kind == "range" and before.low is not None and before.high is not None:
        if cause.kind == "above" and now.high is not None and now.high < before.high:
            return _between(cause.threshold_low or now.high, cause.threshold_high or before.high, before)
        if cause.kind == "below" and now.low is not None and now.low > before.low:
            return _between(cause.threshold_low or before.low, cause.threshold_high or now.low, before)
        return None
    gone = [value for value in before.values if value not in now.values and speaks_of(cause, value)]
    return None if not gone else gone[0] if cause.kind != "below" else gone[-1]


def _between(low: float, high: float, dimension: Dimension) -> Value:
    middle = math.sqrt(low * high) if dimension.log and low > 0 else (low + high) / 2
    return round(middle) if dimension.integer else float(f"{middle:.{_DIGITS}g}")
