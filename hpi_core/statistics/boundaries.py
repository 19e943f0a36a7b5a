"""Boundaries: whether the best trials crowd at one end of what was tried, so that better ones may lie beyond it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from hpi_core.statistics.inputs import Issue
from hpi_core.statistics.intervals import discovery_rates
from hpi_core.statistics.maxstat import log_upper_tail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.statistics.inputs import Booleans, Floats, Parameter
    from hpi_core.statistics.repeats import Repeats

Side = Literal["low", "high"]

LEAST_TRIALS = 30
OUTER = 0.1
_BORDER = 0.2
_LEAST_BEST = 5
_LEAST_AT_END = 3
_MOST_P_OF_BORDER = 0.01


@dataclass(frozen=True)
class Boundary:
    """One end of one parameter that holds more of the best trials than chance puts there.

    `best_there` of the `best` trials lie in the outer tenth of the range (or have the outermost of a few values), which
    holds `there` of all `n`; `q` is corrected for every end looked at. `edge` is the outermost value.
    """

    parameter: str
    side: Side
    best_there: int
    best: int
    there: int
    n: int
    q: float
    edge: float


def crowded_boundaries(
    parameters: Sequence[Parameter],
    log: Sequence[bool],
    result: Floats,
    broken: Booleans,
    *,
    most_q: float = 0.05,
    least_share: float = 0.3,
    repeats: Repeats | None = None,
) -> tuple[list[Boundary], int]:
    """Return the crowded ends, surest first, and how many ends were looked at.

    Args:
        parameters: over all trials; only numeric ones with at least three values have ends.
        log: which of them are on a logarithmic scale.
        result: one number per trial, lower is better, NaN where the trial cannot be one of the best.
        broken: trials that failed or broke down; an end where these crowd is the edge of what works, not a boundary.
        most_q: largest false discovery rate.
        least_share: smallest share of the best trials at the end.
        repeats: which of the trials repeat a configuration, if any do; the test sees these once.

    An end at exactly 0 of a linear scale is taken for natural: nothing lies beyond it.
    """
    ranked = ~np.isnan(result)
    n = int(ranked.sum())
    if n < LEAST_TRIALS:
        return [], 0
    best = max(_LEAST_BEST, math.ceil(0.1 * n))
    is_best = np.zeros(len(result), dtype=np.bool_)
    is_best[np.argsort(np.where(ranked, result, np.inf), kind="stable")[:best]] = True
    tested = ranked
    if repeats is not None:
        tested = repeats.seen(Issue("best", is_best, ranked), np.zeros(len(result), dtype=np.bool_)).assessable
    looked: list[Boundary] = []
    log10_p: list[float] = []
    for parameter, logarithmic in zip(parameters, log, strict=True):
        for side, edge, there, border in _ends(parameter, logarithmic):
            inside, both = int((there & ranked).sum()), int((there & is_best).sum())
            known = int((ranked & ~parameter.missing).sum())
            m = int((is_best & ~parameter.missing).sum())
            if inside == 0 or m == 0 or known - inside < _LEAST_BEST or _breaks(border, broken, parameter):
                continue
            looked.append(Boundary(parameter.name, side, both, m, inside, known, 1.0, edge))
            log10_p.append(_log_p(there, is_best, tested & ~parameter.missing) / math.log(10))
    q, _ = discovery_rates(np.array(log10_p))
    found = [
        Boundary(b.parameter, b.side, b.best_there, b.best, b.there, b.n, float(rate), b.edge)
        for b, rate in zip(looked, q, strict=True)
        if rate <= most_q and b.best_there >= max(_LEAST_AT_END, least_share * b.best)
    ]
    return sorted(found, key=lambda b: (b.q, b.parameter)), len(looked)


def _log_p(there: Booleans, is_best: Booleans, tested: Booleans) -> float:
    """Return log p of so many of the best trials there, among those that are tested."""
    best = is_best & tested
    both = int((there & best).sum())
    return log_upper_tail(both, int((there & tested).sum()), int(best.sum()), int(tested.sum())) if both else 0.0


def _ends(parameter: Parameter, log: bool) -> list[tuple[Side, float, Booleans, Booleans]]:
    """Return side, outermost value, the trials at it, and the trials near it, for both ends."""
    if parameter.kind == "categorical" or parameter.environment:
        return []
    values = np.asarray(parameter.values, dtype=np.float64)
    usable = ~parameter.missing & np.isfinite(values) & ((values > 0) if log else True)
    distinct = np.unique(values[usable])
    if len(distinct) < 3:
        return []
    scaled = np.full(len(values), np.nan)
    scaled[usable] = np.log(values[usable]) if log else values[usable]
    low, high = float(np.nanmin(scaled)), float(np.nanmax(scaled))
    width = high - low
    if parameter.kind == "discrete":
        at_low, at_high = values == distinct[0], values == distinct[-1]
    else:
        at_low, at_high = scaled <= low + OUTER * width, scaled >= high - OUTER * width
    ends: list[tuple[Side, float, Booleans, Booleans]] = [
        ("high", float(distinct[-1]), at_high, scaled >= high - _BORDER * width)
    ]
    if log or distinct[0] != 0:
        ends.append(("low", float(distinct[0]), at_low, scaled <= low + _BORDER * width))
    return ends


def _breaks(border: Booleans, broken: Booleans, parameter: Parameter) -> bool:
    """Tell whether trials break down more often near this end than elsewhere."""
    known = ~parameter.missing
    n, m = int(known.sum()), int((broken & known).sum())
    there, both = int((border & known).sum()), int((border & broken & known).sum())
    if both == 0 or there == 0:
        return False
    return log_upper_tail(both, there, m, n) < math.log(_MOST_P_OF_BORDER)
