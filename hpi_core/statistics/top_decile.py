"""Top-decile importance: how differently a parameter is distributed among the best trials and among all (PED-ANOVA).

The Pearson divergence between two kernel densities on a grid (Watanabe, Bansal and Hutter 2023), Scott's bandwidth, one
trial's weight of prior; conditional parameters by regime. Scaled so that 1 means that the parameter alone decides which
trials are among the best; two parameters are to each other as they are in Optuna's evaluator.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.distributions import normal_cdf

if TYPE_CHECKING:
    from hpi_core.roles import Kind
    from hpi_core.statistics.inputs import Booleans, Floats, Integers, Parameter

GRID = 50
TOP = 0.1
LEAST_TOP = 15
DRAWS = 100
_LEAST_REGIME = 2
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Cells:
    """Trials of one parameter counted on a grid: `everywhere` and `top` per cell; `ordered` cells have neighbours.

    `n` and `top_n` count the trials of the whole sweep, not those of this regime alone.
    """

    everywhere: Integers
    top: Integers
    ordered: bool
    n: int
    top_n: int


@dataclass(frozen=True, eq=False)
class TopShare:
    """A top-decile importance and its 90 % interval; `draws` are bootstrap scores, `noise` those of shuffled labels."""

    score: float
    low: float
    high: float
    draws: Floats
    noise: Floats
    n: int


def top_share(n: int) -> float:
    """Return the share of trials that count as the best: a tenth, fifteen trials where that is more, at most half."""
    return min(0.5, max(TOP, LEAST_TOP / max(n, 1)))


def best_of(badness: Floats, share: float) -> Booleans:
    """Return which trials are among the best `share`, ties at the edge in; lower is better."""
    last = int(np.ceil(share * len(badness))) - 1
    return np.asarray(badness <= np.partition(badness, last)[last])


def cells_of(parameter: Parameter, rows: Booleans, top: Booleans, log: bool) -> list[Cells]:
    """Return the counts of a parameter, regime by regime.

    Args:
        parameter: values over all trials of the sweep.
        rows: the trials that were ranked.
        top: of these, which are the best (one per ranked trial).
        log: put the grid on a logarithmic scale; values that have no logarithm are a regime of their own.
    """
    present = ~parameter.missing[rows]
    values = parameter.values[rows]
    n, best = len(values), int(top.sum())
    if parameter.kind == "categorical":
        return [_counted(values[present].astype(np.int64), top[present], False, n, best)] if present.any() else []
    numbers = np.asarray(values, dtype=np.float64)
    inside = present & np.isfinite(numbers) & ((numbers > 0) if log else True)
    found = (
        [_counted(_on_grid(numbers[inside], parameter.kind, log), top[inside], True, n, best)] if inside.any() else []
    )
    apart = present & ~inside
    if apart.any():
        places = np.unique(numbers[apart], return_inverse=True)[1]
        found.append(_counted(places, top[apart], False, n, best))
    return found


def divergence_score(regimes: list[Cells]) -> float:
    """Return the importance of the regimes of one parameter, between 0 and about 1."""
    return float(_score(regimes, [cells.top[None, :] for cells in regimes])[0])


def importance_of_top(regimes: list[Cells], rng: np.random.Generator) -> TopShare | None:
    """Return the importance with its interval; None where there is nothing to compare.

    The interval is a bootstrap's over which trials are among the best, moved down by what drawing adds to a divergence
    on average. Where the score is not beyond what shuffled labels give, it begins at 0. It is an interval of the score
    at this number of trials: the kernel smooths less with more of them, so that scores of strong parameters grow.
    """
    if not regimes or regimes[0].top_n < 2 or regimes[0].top_n >= regimes[0].n or sum(len(r.top) for r in regimes) < 2:
        return None
    n, best = regimes[0].n, regimes[0].top_n
    everywhere = np.concatenate([cells.everywhere for cells in regimes])
    top = np.concatenate([cells.top for cells in regimes])
    rest = np.append(everywhere, n - everywhere.sum())
    score = divergence_score(regimes)
    again = rng.multinomial(best, np.append(top, best - top.sum()) / best, size=DRAWS)[:, :-1]
    draws = _score(regimes, _split(np.minimum(again, everywhere), regimes))
    shuffled = rng.multivariate_hypergeometric(rest, best, size=DRAWS, method="marginals")[:, :-1]
    noise = _score(regimes, _split(shuffled, regimes))
    draws -= draws.mean() - score
    low, high = np.quantile(draws, [0.05, 0.95])
    real = score > np.quantile(noise, 0.95)
    return TopShare(
        score=score,
        low=float(np.clip(low, 0.0, score)) if real else 0.0,
        high=float(np.clip(high, score, 1.0)),
        draws=draws,
        noise=noise,
        n=int(everywhere.sum()),
    )


def _counted(places: Integers, top: Booleans, ordered: bool, n: int, best: int) -> Cells:
    size = int(places.max()) + 1
    return Cells(np.bincount(places, minlength=size), np.bincount(places[top], minlength=size), ordered, n, best)


def _on_grid(values: Floats, kind: Kind, log: bool) -> Integers:
    """Return the cell of every value: one per distinct value of a discrete parameter, else fifty over the range."""
    if kind == "discrete":
        return np.asarray(np.searchsorted(np.unique(values), values), dtype=np.int64)
    scaled = np.log(values) if log else values
    low, high = float(scaled.min()), float(scaled.max())
    if high <= low:
        return np.zeros(len(values), dtype=np.int64)
    # A value in the middle between two cells goes to the lower one.
    places = np.ceil((scaled - low) * ((GRID - 1) / (high - low)) - 0.5)
    return np.minimum(np.maximum(places, 0), GRID - 1).astype(np.int64)


def _split(counts: Integers, regimes: list[Cells]) -> list[Integers]:
    ends = np.cumsum([len(cells.top) for cells in regimes])[:-1]
    return np.split(counts, ends, axis=1)


def _score(regimes: list[Cells], tops: list[Integers]) -> Floats:
    """Return the scaled divergence for every row of the counts of best trials.

    A regime with the share a of the best and b of all trials adds a^2 / b times its own divergence; several regimes of
    one parameter (zero and the positive values, say) add how differently the best spread over them.
    """
    n, best = regimes[0].n, regimes[0].top_n
    total = np.zeros(len(tops[0]))
    shares, parts = [], []
    for cells, top in zip(regimes, tops, strict=True):
        region = int(cells.everywhere.sum())
        share, part = top.sum(-1) / best, region / n
        shares.append(share)
        parts.append(part)
        if region >= _LEAST_REGIME and len(cells.everywhere) > 1:
            total += np.where(share > 0, share**2 / part * _divergence(cells, top), 0.0)
    if len(regimes) > 1:
        inside = np.sum(shares, axis=0)
        whole = sum(parts)
        total += sum(share**2 / part for share, part in zip(shares, parts, strict=True)) - inside**2 / whole
    return np.asarray(total * best / (n - best))


def _divergence(cells: Cells, tops: Integers) -> Floats:
    density = _ordered_density if cells.ordered else _level_density
    densities = density(np.concatenate([cells.everywhere[None, :], tops]).astype(np.float64)) + _TINY
    everywhere, top = densities[0], densities[1:]
    return np.asarray(((top / everywhere - 1) ** 2 * everywhere).sum(-1))


def _level_density(counts: Floats) -> Floats:
    """Return the smoothed frequencies of levels without order; shapes (draws, levels)."""
    n, size = counts.sum(-1, keepdims=True), counts.shape[-1]
    kernels = (counts > 0).sum(-1, keepdims=True) + 1
    smoothed = (counts + n / kernels) / (1 + size / kernels)
    return np.asarray((smoothed + 1 / size) / (n + 1))


def _ordered_density(counts: Floats) -> Floats:
    """Return the kernel density on a grid of neighbours; shapes (draws, cells). Every kernel is cut at both ends."""
    n, size = np.maximum(counts.sum(-1), 1.0), counts.shape[-1]
    width = _bandwidth(counts, n)
    above = normal_cdf(np.arange(0.5, size) / width[:, None])
    cumulative = np.concatenate([1 - above[:, ::-1], above], axis=1)
    mass = cumulative[:, 1:] - cumulative[:, :-1]
    inside = (cumulative[:, size:] - cumulative[:, :size])[:, ::-1]
    distance, prior = _lattice(size)
    smoothed = (mass[:, distance] @ (counts / inside)[:, :, None])[:, :, 0]
    return np.asarray((smoothed + prior) / (n[:, None] + 1))


@lru_cache(maxsize=64)
def _lattice(size: int) -> tuple[Integers, Floats]:
    """Return where the distance from cell to cell stands in a list of kernel masses, and the prior over the cells."""
    cell = np.arange(size)
    prior = np.diff(normal_cdf((np.arange(size + 1) - size / 2) / size))
    return cell[:, None] - cell[None, :] + size - 1, prior / prior.sum()


def _bandwidth(counts: Floats, n: Floats) -> Floats:
    """Return Scott's bandwidth in cells (Scott 1992), wide enough for 90 % of a kernel to stay within its cell."""
    cell = np.arange(counts.shape[-1])
    mean = counts @ cell / n
    spread = np.sqrt((counts * (cell - mean[:, None]) ** 2).sum(-1) / np.maximum(1, n - 1))
    cumulative = np.cumsum(counts, axis=-1)
    lower = (cumulative >= np.maximum(n // 4, 1)[:, None]).argmax(-1)
    upper = (cumulative > (n * 3 // 4)[:, None]).argmax(-1)
    width = 1.059 * np.minimum((upper - lower) / 1.34, spread) * n**-0.2
    return np.asarray(np.maximum(width, 0.5 / 1.64), dtype=np.float64)
