"""Distribution: how many trials have which values of a hyperparameter, and how many of these are sick.

Bins of a log-scaled hyperparameter are of equal width on the logarithm: equal ones on the value would put most trials
of a learning rate into the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hpi_core.charts.claimed import numbers_of
from hpi_core.charts.parts import parted

if TYPE_CHECKING:
    from hpi_core.inspection import Inspection
    from hpi_core.statistics.inputs import Booleans, Floats, Integers
    from hpi_core.sweep import Sweep


@dataclass(frozen=True)
class Bin:
    """Trials whose value lies in [low, high), in the last bin also at its end, or is the word, and the sick of them."""

    n: int
    sick: int
    low: float | None = None
    high: float | None = None
    word: str = ""


@dataclass(frozen=True, eq=False)
class DistributionChart:
    """The bins of one hyperparameter; `log` tells that their ends lie evenly on the logarithm.

    `here` is the bin of the trial under the cursor, `lacking` counts trials without a (positive) number, `judged` tells
    that it is known which are sick.
    """

    name: str
    bins: tuple[Bin, ...]
    log: bool
    here: int | None
    lacking: int
    judged: bool
    parameters: tuple[str, ...]


def distribution_chart(
    sweep: Sweep, inspection: Inspection | None, row: int | None, *, parameter: str | None, most: int
) -> DistributionChart | None:
    """Return the distribution of a hyperparameter in at most `most` bins; None where there is no hyperparameter."""
    from hpi_core.charts.scatter import chosen_parameter

    roles = {item.name: item for item in sweep.roles.hyperparameters}
    name = chosen_parameter(sweep, inspection, parameter)
    if name is None:
        return None
    sick = np.zeros(sweep.trials.height, dtype=np.bool_)
    if inspection is not None:
        sick = inspection.sick.fill_null(False).to_numpy()
    column = sweep.trials[name]
    if roles[name].kind == "categorical" or not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        bins, codes = _of_words(sweep, name, sick)
        log, lacking = False, 0
    else:
        numbers = numbers_of(column)
        log = roles[name].scale == "log" and bool((numbers > 0).any())
        usable = numbers > 0 if log else ~np.isnan(numbers)
        bins, codes = _of_numbers(numbers, usable, sick, log, most)
        lacking = int(len(numbers) - usable.sum())
    here = None if row is None or not 0 <= row < len(codes) or codes[row] < 0 else int(codes[row])
    return DistributionChart(name, tuple(bins), log, here, lacking, inspection is not None, tuple(roles))


def _of_numbers(numbers: Floats, usable: Booleans, sick: Booleans, log: bool, most: int) -> tuple[list[Bin], Integers]:
    codes = np.full(len(numbers), -1, dtype=np.int64)
    values = numbers[usable]
    if not len(values):
        return [], codes
    low, high = float(values.min()), float(values.max())
    distinct = np.unique(values[:: len(values) // 20_000 + 1])
    if len(distinct) <= most and len(distinct) == len(np.unique(values)):
        place = np.searchsorted(distinct, values)
        ends = [(float(x), float(x)) for x in distinct]
    else:
        edges = np.geomspace(low, high, most + 1) if log else np.linspace(low, high, most + 1)
        place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, most - 1)
        ends = [(float(edges[at]), float(edges[at + 1])) for at in range(most)]
    codes[usable] = place
    n = np.bincount(place, minlength=len(ends))
    ill = np.bincount(place, weights=sick[usable], minlength=len(ends)).astype(np.int64)
    bins = [Bin(int(n[at]), int(ill[at]), *ends[at]) for at in range(len(ends))]
    return bins, codes


def _of_words(sweep: Sweep, name: str, sick: Booleans) -> tuple[list[Bin], Integers]:
    made = parted(sweep, name, 8)
    n = np.bincount(made.codes, minlength=len(made.parts))
    ill = np.bincount(made.codes, weights=sick, minlength=len(made.parts)).astype(np.int64)
    bins = []
    for at, part in enumerate(made.parts):
        word = "missing" if part.missing else f"{part.others:,} others" if part.others else str(part.values[0])
        bins.append(Bin(int(n[at]), int(ill[at]), word=word))
    return bins, made.codes
