"""design(): concrete configurations: a spread over the new space, repetitions of the best trials, a probe per cut."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core.next_experiment.cutting import excluded, lies_in
from hpi_core.next_experiment.model import Configuration, Dimension, Plan, Value

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection
    from hpi_core.next_experiment.answers import Cut
    from hpi_core.statistics.findings import Condition as Region

REPEATED = 3
# The best trials may be one configuration several times: so many are looked at for different ones.
_LOOKED_AT = 50
# A space of few choices holds few different configurations: so many times as many points are tried for new ones.
_TRIES = 8
# A space of choices is listed whole up to so many configurations; whole numbers are choices where they are so few.
_MOST_LISTED, _LISTED = 20_000, 50
_DIGITS = 4
# Where nothing tells how far a threshold may reach, a probe lies within this share of the range beyond the cut.
_PROBED = 0.1
TPE_SHARE = 0.7


def design(
    inspection: Inspection,
    plan: Plan,
    cuts: Sequence[Cut],
    trials: int,
    repeats: int,
    seed: int,
    sampler: str,
    notes: list[str],
) -> list[Configuration]:
    """Return the configurations in the order in which they are worth running; says in `notes` where there are fewer."""
    dimensions = plan.dimensions
    if not dimensions:
        return []
    wanted = trials
    seen = _tried(inspection, dimensions)
    suggested: list[Mapping[str, Value | None]] = []
    if sampler == "tpe":
        from hpi_core.next_experiment.tree_parzen import suggest

        suggested = suggest(inspection, plan, math.ceil(TPE_SHARE * trials), seed, seen)
        wanted = trials - len(suggested)
    grid = _grid(dimensions)
    points = [*sobol(dimensions, wanted * _TRIES, seed), *_shuffled(grid or [], seed)]
    allowed = [values for values in points if not avoided(values, plan)]
    spread = _new_ones(allowed, seen, wanted)
    if len(spread) < wanted:
        notes.append(_fewer(len(spread), wanted, whole=grid is not None))
    best = _repetitions(inspection, plan, repeats)
    probes = _probes(best, cuts, plan)
    found = [Configuration(completed(values, plan), "search") for values in (*suggested, *spread)]
    return [*found, *best, *probes]


def _fewer(new: int, wanted: int, *, whole: bool) -> str:
    """Return why there are fewer configurations than wanted; `whole` where all of the space was looked at."""
    if new == 0 and whole:
        return "Every configuration of the new space has been run: only new values or another parameter make new ones."
    few = "One configuration" if new == 1 else f"{new:,} configurations"
    return (
        f"{few} instead of {wanted:,}: all others {'of the new space' if whole else 'drawn'} were run or are to avoid."
    )


def _grid(dimensions: Sequence[Dimension]) -> list[dict[str, Value | None]] | None:
    """Return every configuration of a space of choices, None where there are very many."""
    lists: list[tuple[Value, ...]] = []
    for dimension in dimensions:
        if dimension.kind != "range":
            lists.append(dimension.values)
        elif dimension.integer and (dimension.high or 0) - (dimension.low or 0) < _LISTED:
            lists.append((*dimension.also, *range(int(dimension.low or 0), int(dimension.high or 0) + 1)))
        else:
            return None
    if math.prod(len(values) for values in lists) > _MOST_LISTED:
        return None
    names = [dimension.name for dimension in dimensions]
    return [active(dict(zip(names, row, strict=True)), dimensions) for row in itertools.product(*lists)]


def _shuffled(grid: list[dict[str, Value | None]], seed: int) -> list[dict[str, Value | None]]:
    """Return all configurations in an order of chance."""
    order = np.random.default_rng(seed).permutation(len(grid))
    return [grid[place] for place in order.tolist()]


def completed(values: Mapping[str, Value | None], plan: Plan) -> dict[str, Value | None]:
    """Return a configuration with the parameters that follow from others."""
    whole = dict(values)
    for relation in plan.relations:
        if relation.known:
            whole[relation.name] = relation.value(whole)
    return whole


def avoided(values: Mapping[str, Value | None], plan: Plan) -> bool:
    """Tell whether a configuration is one of those to avoid."""
    whole = completed(values, plan)
    return any(excluded(whole, exclusion) for exclusion in plan.exclusions)


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
        key = key_of(values)
        if key not in seen and len(found) < wanted:
            seen.add(key)
            found.append(values)
    return found


def key_of(values: Mapping[str, Value | None]) -> tuple[object, ...]:
    """Return what two configurations have in common where they are the same, whole numbers as floats."""
    return tuple(float(value) if isinstance(value, int | float) else value for value in values.values())


def _tried(inspection: Inspection, dimensions: Sequence[Dimension]) -> set[tuple[object, ...]]:
    """Return the configurations that were run, where the space is one of choices, so that they can come again."""
    if any(dimension.kind == "range" and not dimension.integer for dimension in dimensions):
        return set()
    table = inspection.sweep.trials.select(dimension.name for dimension in dimensions)
    if any(dtype.is_nested() for dtype in table.dtypes):
        return set()
    return {key_of(row) for row in table.unique().iter_rows(named=True)}


def _repetitions(inspection: Inspection, plan: Plan, repeats: int) -> list[Configuration]:
    """Return the best trials again, each with seeds that were not used yet."""
    from hpi_core.importance import best_runs

    sweep = inspection.sweep
    told = [*(d.name for d in plan.dimensions), *(item.name for item in sweep.roles.hyperparameters)]
    names = [name for name in dict.fromkeys(told) if not sweep.trials.schema[name].is_nested()]
    if not names:
        return []
    found = []
    fresh = _fresh_seed(sweep.trials[sweep.roles.seed]) if sweep.roles.seed is not None else None
    chosen: dict[tuple[object, ...], tuple[str, dict[str, Value | None]]] = {}
    for run in best_runs(inspection, _LOOKED_AT):
        values: dict[str, Value | None] = dict(sweep.trials.select(names).row(run.row, named=True))
        if len(chosen) < REPEATED:
            chosen.setdefault(key_of(values), (run.trial, values))
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


def _probes(best: Sequence[Configuration], cuts: Sequence[Cut], plan: Plan) -> list[Configuration]:
    """Return one configuration beyond each cut: the best trial, moved to just above where the cut lies."""
    now = {dimension.name: dimension for dimension in plan.dimensions}
    middle = {dimension.name: at(dimension, 0.5) for dimension in plan.dimensions}
    base = dict(best[0].values) if best else completed(active(dict(middle), plan.dimensions), plan)
    found = []
    for cut in cuts:
        moved = {part.parameter: _beyond(part, cut, now.get(part.parameter), base) for part in cut.region}
        if all(value is not None for value in moved.values()):
            said = " and ".join(f"{name} = {_word(value)}" for name, value in moved.items())
            values = {**base, **moved}
            follows = {r.name: r.value(values) for r in plan.relations if r.known and set(r.parents) & moved.keys()}
            note = f"{'is' if len(moved) == 1 else 'are'} {said} still bad ({cut.issue})?"
            found.append(Configuration({**values, **follows}, "probe", note))
    return found


def _word(value: Value | None) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _beyond(region: Region, cut: Cut, now: Dimension | None, base: Mapping[str, Value | None]) -> Value | None:
    """Return a value in a region: of a pair what the best trial has, where that lies in it."""
    if len(cut.region) > 1 and lies_in(own := base.get(region.parameter), region):
        return own
    before = cut.before if cut.before is not None and cut.before.name == region.parameter else now
    if before is None:
        return None
    if before.kind != "range" or before.low is None or before.high is None or region.values:
        gone = [value for value in (*before.values, *before.also) if lies_in(value, region)]
        return None if not gone else gone[0] if region.kind != "below" else gone[-1]
    low, high = cut.ends
    if region.kind == "above" and region.low is not None:
        end = high if high is not None and high > region.low else _step(region.low, before, 1)
        return _between(region.low, min(end, before.high), before)
    if region.kind == "below" and region.high is not None:
        end = low if low is not None and low < region.high else _step(region.high, before, -1)
        return _between(max(end, before.low), region.high, before)
    return _between(region.low, region.high, before)


def _step(end: float, dimension: Dimension, sign: int) -> float:
    """Return the number a tenth of the range beyond another one, on the dimension's scale."""
    assert dimension.low is not None
    assert dimension.high is not None
    if dimension.log:
        return float(end * (dimension.high / dimension.low) ** (sign * _PROBED))
    return end + sign * _PROBED * (dimension.high - dimension.low)


def _between(low: float | None, high: float | None, dimension: Dimension) -> Value | None:
    if low is None or high is None:
        return None
    middle = math.sqrt(low * high) if dimension.log and low > 0 else (low + high) / 2
    return round(middle) if dimension.integer else float(f"{middle:.{_DIGITS}g}")
