"""Exact tables: the mass of paths that leave a corridor, and hypergeometric tails, as natural logarithms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.distributions import log_factorial

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Floats, Integers


def log_exit_mass(totals: Integers, m: int, low: Integers, high: Integers) -> float:
    """Return log of the share of tied-down paths that touch `low` or `high` (inclusive) at some cut.

    f[a] is the probability to stand at count a after the bins so far without having left; the mass that leaves at a
    cut is multiplied by the probability to end at m from there. Exits are added up, never 1 - stays: no round-off.
    """
    n = int(totals.sum())
    log_share, log_rest = math.log(m / n), math.log1p(-m / n)
    seen = np.cumsum(totals)
    end = float(_log_binomial(np.array([m]), n, log_share, log_rest)[0])
    alive, first = np.ones(1), 0
    masses: list[Floats] = []
    to_come: list[Integers] = []
    trials_left: list[Integers] = []
    steps = {size: _step(size, m, log_share, log_rest) for size in set(totals.tolist())}
    for j in range(len(totals) - 1):
        step, start = steps[int(totals[j])]
        alive, first = np.convolve(alive, step), first + start
        alive = alive[: m - first + 1]
        at = first + np.arange(len(alive))
        out = ((at <= low[j]) | (at >= high[j])) & (alive > 0)
        masses.append(alive[out])
        to_come.append(m - at[out])
        trials_left.append(np.full(len(to_come[-1]), n - seen[j]))
        stays = np.flatnonzero((at > low[j]) & (at < high[j]))
        if len(stays) == 0:
            break
        alive, first = alive[stays[0] : stays[-1] + 1], int(at[stays[0]])
    leaving = np.log(np.concatenate(masses))
    return (
        log_sum(leaving + _log_binomial(np.concatenate(to_come), np.concatenate(trials_left), log_share, log_rest))
        - end
    )


def log_exit_mass_levels(totals: Integers, m: int, high: Integers) -> float:
    """Return log of the probability that some level holds at least `high` of the m sick trials."""
    n = int(totals.sum())
    log_share, log_rest = math.log(m / n), math.log1p(-m / n)
    end = float(_log_binomial(np.array([m]), n, log_share, log_rest)[0])
    alive = np.ones(1)
    left = n
    leaving: list[float] = []
    for size, limit in zip(totals, high, strict=True):
        left -= int(size)
        step = np.exp(_log_binomial(np.arange(min(int(size), m) + 1), int(size), log_share, log_rest))
        split = int(min(limit, len(step)))
        if split < len(step):
            gone = np.convolve(alive, step[split:])[: max(m - split + 1, 0)]
            at = split + np.arange(len(gone))
            some = gone > 0
            if some.any():
                rest = _log_binomial(m - at[some], left, log_share, log_rest)
                leaving.append(log_sum(np.log(gone[some]) + rest))
        if split == 0:
            break
        alive = np.convolve(alive, step[:split])[: m + 1]
    return log_sum(np.array(leaving)) - end if leaving else -math.inf


def log_tails_up(high: Integers, c: Integers, m: int, n: int) -> Floats:
    """Return log P(count >= high) per cut: term by term as far as they matter, the rest bounded."""
    spread = math.sqrt(float((c * (n - c)).max()) * (m / n) * ((n - m) / n) / max(n - 1, 1))
    start = np.maximum(high, np.maximum(0, m - (n - c)))
    far = bool((start - c * (m / n) > 4 * spread).all())
    counts = start[:, None] + np.arange(min(m + 1, 60 if far else int(14 * spread) + 60))
    terms = _log_hypergeometric(counts, c[:, None], m, n)
    peak = terms.max(axis=1)
    solid = np.where(np.isfinite(peak), peak, 0.0)
    with np.errstate(divide="ignore"):
        tails = solid + np.log(np.exp(terms - solid[:, None]).sum(axis=1))
    return np.asarray(np.minimum(np.logaddexp(tails, _log_beyond(terms)), 0.0))


def log_sum(logs: Floats) -> float:
    """Return the log of the sum of numbers given by their logs; -inf of none."""
    peak = float(np.max(logs, initial=-np.inf))
    return peak if not math.isfinite(peak) else peak + math.log(float(np.exp(logs - peak).sum()))


def _step(size: int, m: int, log_share: float, log_rest: float) -> tuple[Floats, int]:
    """Return the binomial probabilities of one bin where they are not negligible, and the count they start at."""
    top = min(size, m)
    if top > 200:
        mean = size * math.exp(log_share)
        reach = 14 * math.sqrt(mean) + 60
        start, stop = max(0, int(mean - reach)), min(top, int(mean + reach))
    else:
        start, stop = 0, top
    counts = np.arange(start, stop + 1)
    return np.exp(_log_binomial(counts, size, log_share, log_rest)), start


def _log_binomial(k: Floats | Integers, n: Floats | Integers | int, log_share: float, log_rest: float) -> Floats:
    """Return log of the binomial probability; -inf outside 0..n."""
    inside = (k >= 0) & (k <= n)
    held = np.where(inside, k, 0)
    out = log_factorial(n) - log_factorial(held) - log_factorial(n - held) + held * log_share + (n - held) * log_rest
    return np.where(inside, out, -np.inf)


def _log_hypergeometric(a: Integers, c: Integers, m: int, n: int) -> Floats:
    """Return log P(a of the m sick among c of the n trials); -inf outside the support."""
    inside = (a >= 0) & (a <= c) & (a <= m) & (m - a <= n - c)
    a = np.where(inside, a, np.maximum(0, m - (n - c)))
    chosen = log_factorial(c) - log_factorial(a) - log_factorial(c - a)
    rest = log_factorial(n - c) - log_factorial(m - a) - log_factorial(n - c - m + a)
    every = log_factorial(np.array([n, m, n - m]))
    out = chosen + rest - (every[0] - every[1] - every[2])
    return np.where(inside, out, -np.inf)


def _log_beyond(terms: Floats) -> Floats:
    """Bound what the cut-off terms could add: a geometric series of the last ratio (the tail is log-concave)."""
    if terms.shape[1] < 2:
        return np.full(len(terms), -np.inf)
    last, before = terms[:, -1], terms[:, -2]
    falling = np.isfinite(last) & (last < before)
    log_ratio = np.where(falling, np.subtract(last, before, where=falling, out=np.zeros(len(last))), -1.0)
    return np.where(falling, last + log_ratio - np.log(-np.expm1(log_ratio)), -np.inf)
