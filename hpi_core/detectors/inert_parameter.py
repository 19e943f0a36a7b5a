"""A hyperparameter changes nothing.

MEANING
    Whenever two trials differ in this hyperparameter only, their metrics are the same to six significant digits.

WHY IT IS BAD
    The flag is not wired: the sweep spends budget on copies, and importance or advice about it would be noise.

HOW IT IS DECIDED
    All pairs of trials that differ in it alone (same seed; both values present) agree in every metric, there are at
    least `pairs` such pairs, and trials that differ elsewhere do differ in their results. In very large sweeps a fixed
    part of the groups is looked at.

WHEN IT IS WRONG
    A conditional hyperparameter whose switch is off in all those pairs.

WHAT TO TRY
    Follow the value from the command line to the place where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping

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
    own = {name: context.parameter_hash(name) for name in context.parameters}
    everything = wrapping_sum(list(own.values()), context.n)
    frame = pl.DataFrame([everything.alias("all"), context.result_hash])
    if context.seed_hash is not None:
        frame = frame.with_columns(pl.col("all") + context.seed_hash)
    stuck = verdicts.get("stuck_at_chance")
    usable = context.result_hash.is_not_null() & context.full_length
    usable = usable if stuck is None else usable & ~stuck.fill_null(False)
    judged = False
    inert: list[tuple[str, int]] = []
    for name, hashes in own.items():
        if apart - {name}:
            continue  # no two trials can differ in this one alone
        pairs = _pairs(frame, hashes, usable & context.trials.get_column(name).is_not_null())
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
    return SweepVerdict("warn", text, int(usable.sum()), inert[0][0], float(inert[0][1]), thresholds["pairs"])


def _pairs(frame: pl.DataFrame, hashes: pl.Series, usable: pl.Series) -> int | None:
    """Return the number of pairs differing in this parameter only: negative if some pair's metrics differ, or None."""
    rest = (frame.get_column("all") - hashes).alias("rest")
    part = max(1, frame.height // _SAMPLE)
    if part > 1:
        usable = usable & (rest % part == 0)
    table = pl.DataFrame([rest, hashes.alias("own"), frame.get_column("result")]).filter(usable)
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
