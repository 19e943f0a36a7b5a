"""A hyperparameter changes nothing.

MEANING
    Whenever two trials differ in this hyperparameter only, their metrics are the same to six significant digits.

WHY IT IS BAD
    The flag is not wired: the sweep spends budget on copies, and importance or advice about it would be noise.

HOW IT IS DECIDED
    All pairs of trials that differ in it alone (same seed; both values present) agree in every metric, there are at
    least `pairs` such pairs, and trials that differ elsewhere do differ in their results. In very large sweeps a fixed
    part of the trials is looked at, chosen so that both trials of a pair are in it or neither.

WHEN IT IS WRONG
    A conditional hyperparameter whose switch is off in all those pairs.

WHAT TO TRY
    Follow the value from the command line to the place where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from hpi_core.detectors.context import Context, wrapping_sum
from hpi_core.detectors.contract import Example, NotAssessable, SweepDetector, SweepVerdict, Threshold, Thresholds
from hpi_core.text import safe

_SAMPLE = 50_000
_RESOLUTION = 0.5


def check(context: Context, verdicts: Mapping[str, pl.Series], thresholds: Thresholds) -> SweepVerdict | None:
    """Look at every hyperparameter for pairs of trials that differ in it alone."""
    apart = set(context.unique_parameters)
    if len(apart) > 1:
        raise NotAssessable("no two trials differ in one hyperparameter only")
    parts = _parts(context, _usable(context, verdicts))
    judged = False
    inert: list[tuple[str, int]] = []
    for name in context.parameters:
        if apart - {name}:
            continue  # no two trials can differ in this one alone
        pairs = _pairs(context, name, next(part for part in parts if name not in part.chosen_by))
        judged |= pairs is not None and abs(pairs) >= thresholds["pairs"]
        if pairs is not None and pairs >= thresholds["pairs"]:
            inert.append((name, pairs))
    if not judged:
        raise NotAssessable("too few trials differ in one hyperparameter only")
    if not inert:
        return None
    inert.sort(key=lambda item: (-item[1], item[0]))
    told = ", ".join(f"{safe(name, 80)} ({pairs} pairs)" for name, pairs in inert[:5])
    rest = f" and {len(inert) - 5} more" if len(inert) > 5 else ""
    text = f"all pairs of trials that differ only in this have the same metrics: {told}{rest}"
    return SweepVerdict("warn", text, parts[0].usable, inert[0][0], float(inert[0][1]), thresholds["pairs"])


def _usable(context: Context, verdicts: Mapping[str, pl.Series]) -> pl.Series:
    """Return which trials have results that say something about their configuration."""
    usable = context.result_hash.is_not_null() & context.full_length
    stuck = verdicts.get("stuck_at_chance")
    return usable if stuck is None else usable & ~stuck.fill_null(False)


@dataclass(frozen=True, eq=False)
class _Part:
    """Some trials: those that share what a hash of the parameters `chosen_by` says, or all where it is empty.

    Two trials that differ only in a parameter not among `chosen_by` are both in it, or neither. `frame` has the trial's
    `place`, the hash of `all` parameters and the seed, and that of the `result`; `usable` counts the sweep's trials.
    """

    frame: pl.DataFrame
    chosen_by: frozenset[str]
    usable: int


def _parts(context: Context, usable: pl.Series) -> list[_Part]:
    """Return the parts to look at: about `_SAMPLE` trials by either half of the parameters, all of a small sweep."""
    names, n = context.parameters, context.n
    halves = [
        (frozenset(half), wrapping_sum((context.parameter_hash(name) for name in half), n))
        for half in (names[::2], names[1::2])
    ]
    everything = halves[0][1] + halves[1][1]
    if context.seed_hash is not None:
        everything = everything + context.seed_hash
    place = pl.int_range(n, dtype=pl.UInt32, eager=True).alias("place")
    whole = pl.DataFrame([place, everything.alias("all"), context.result_hash])
    count, share = int(usable.sum()), n // _SAMPLE
    everyone = [_Part(whole.filter(usable), frozenset(), count)]
    if share < 2 or len(names) < 2:
        return everyone
    parts = [_Part(whole.filter(usable & (key % share == 0)), half, count) for half, key in halves]
    # Few combinations of values may leave too little to chance: then all trials are looked at.
    return parts if min(part.frame.height for part in parts) * share > count // 4 else everyone


def _pairs(context: Context, name: str, part: _Part) -> int | None:
    """Return the number of pairs differing in this parameter only: negative if some pair's metrics differ, or None."""
    values = context.trials.get_column(name)
    table = part.frame
    if values.null_count():
        table = table.filter(values.gather(table.get_column("place")).is_not_null())
    own = context.parameter_hash(name, table.get_column("place"))
    table = pl.DataFrame([(table.get_column("all") - own).alias("rest"), own.alias("own"), table.get_column("result")])
    if table.is_empty() or table.get_column("rest").n_unique() == table.height:
        return None
    groups = table.group_by("rest").agg(
        pl.col("own").n_unique().alias("values"), pl.col("result").n_unique().alias("results")
    )
    several = groups.filter(pl.col("values") > 1)
    if several.is_empty():
        return None
    pairs = int(several.select((pl.col("values") - 1).sum()).item())
    if several.filter(pl.col("results") > 1).height:
        return -pairs
    apart = table.get_column("result").n_unique() > max(1, _RESOLUTION * groups.height)
    return pairs if apart else None


_GRID = {
    "lr": [0.1, 0.1, 0.2, 0.2, 0.3, 0.3],
    "dropout": [0.0, 0.5, 0.0, 0.5, 0.0, 0.5],
    "val_loss": [0.51, 0.51, 0.62, 0.62, 0.71, 0.71],
    "val_acc": [0.61, 0.61, 0.52, 0.52, 0.41, 0.41],
}

DETECTOR = SweepDetector(
    issue="inert_parameter",
    tag="INERT",
    title="A hyperparameter changes nothing",
    severity="warn",
    needs=("hyperparameters", "two metrics"),
    thresholds=(Threshold("pairs", 3, "pairs of trials", "chosen here", "how many must agree"),),
    check=check,
    advice="Follow the value from the command line to the place where it is used.",
    examples=(
        Example(dict(_GRID), (0,)),
        Example({**_GRID, "val_loss": [0.51, 0.53, 0.62, 0.62, 0.71, 0.71]}, ()),
        Example({**_GRID, "val_loss": [0.5] * 6, "val_acc": [0.6] * 5 + [0.61]}, ()),
    ),
    manual=__doc__,
)
