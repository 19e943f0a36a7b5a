"""Correcting for selection: what choosing the best of many splits does to the threshold, the rates and the ratio.

A parametric bootstrap draws sick trials per code from rates shrunk towards the fitted split, chooses the split anew in
every draw, and compares what it then would have printed with the rates it was drawn from. The mean of these errors is
the bias of choosing, their spread the uncertainty. Ends that selection endangers are set at the level that keeps the
false coverage rate of all reported splits (Benjamini and Yekutieli 2005), 1 - q R / M for R reported of M tested.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.intervals import Z95, risk_difference, risk_ratio, wilson
from hpi_core.statistics.maxstat import cut_scores, level_scores
from hpi_core.statistics.screening import cut_allowances, inner_ranges, level_codes, level_like_scores

if TYPE_CHECKING:
    from hpi_core.statistics.binning import Coding
    from hpi_core.statistics.inputs import Booleans, Floats, Integers
    from hpi_core.statistics.screening import Split

DRAWS = 200
_PRIOR_TRIALS = 1.0


@dataclass(frozen=True)
class Choosing:
    """What choosing a split does, on the scales of logit rates, log ratio and difference.

    Each pair is (bias, spread). `first` and `last` are the 2.5 % and 97.5 % points of the refitted first and last bin.
    """

    rate: tuple[float, float]
    elsewhere: tuple[float, float]
    ratio: tuple[float, float]
    difference: tuple[float, float]
    first: tuple[int, int]
    last: tuple[int, int]


@dataclass(frozen=True)
class Effect:
    """Rates of the two sides of a split as counted, with ratio and difference shrunk for selection, and intervals.

    `ratio_floor` and `difference_floor` are lower 95 % ends of this one split, not widened for the other reported ones:
    what the reporting gate asks, beside the false discovery rate.
    """

    rate: float
    rate_low: float
    rate_high: float
    rate_elsewhere: float
    elsewhere_low: float
    elsewhere_high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    difference: float
    difference_low: float
    difference_high: float
    ratio_floor: float
    difference_floor: float


def study_choosing(
    coding: Coding, split: Split, positives: Integers, totals: Integers, least: int, rng: np.random.Generator
) -> Choosing:
    """Return the errors of refitting `split` in parametric draws; arguments as in `screening.screen`."""
    world = _world(split.exposed, positives, totals)
    drawn = rng.binomial(totals, world, size=(DRAWS, len(totals)))
    first, last = _refit(coding, split, drawn, positives, totals, least)
    keep = first >= 0
    drawn, first, last = drawn[keep], first[keep], last[keep]
    codes = np.arange(len(totals))
    exposed = (codes >= first[:, None]) & (codes <= last[:, None])
    n = (exposed * totals).sum(1)
    a = (exposed * drawn).sum(1)
    true = (exposed * totals * world).sum(1)
    n_total, a_total, true_total = totals.sum(), drawn.sum(1), float((totals * world).sum())
    rate, other = (true / n), (true_total - true) / (n_total - n)
    seen, seen_other = (a + 0.5) / (n + 1), (a_total - a + 0.5) / (n_total - n + 1)
    fair, fair_other = (true + 0.5) / (n + 1), (true_total - true + 0.5) / (n_total - n + 1)
    return Choosing(
        _moments(_logit(seen) - _logit(fair)),
        _moments(_logit(seen_other) - _logit(fair_other)),
        _moments(np.log(seen / seen_other) - np.log(fair / fair_other)),
        _moments(a / n - (a_total - a) / (n_total - n) - (rate - other)),
        _ends(first, split.first),
        _ends(last, split.last),
    )


def step_bins(
    coding: Coding, split: Split, positives: Integers, totals: Integers, least: int, rng: np.random.Generator
) -> tuple[int, int]:
    """Return the lowest and highest bin that a range with one open end may begin in if it is the only step.

    95 % of refits in draws from a world of two rates; a trial between the two may belong to either side.
    """
    world = np.where(
        split.exposed, *(_level(positives[side], totals[side]) for side in (split.exposed, ~split.exposed))
    )
    drawn = rng.binomial(totals, world, size=(DRAWS, len(totals)))
    first, last = _refit(coding, split, drawn, positives, totals, least)
    keep = first >= 0
    return _ends(first[keep], split.first) if split.kind == "above" else _ends(last[keep], split.last)


def effect(sick: float, n: float, other_sick: float, other_n: float, choosing: Choosing, z: float) -> Effect:
    """Return the effect of a split with the given counts, which need not be whole numbers.

    Args:
        sick: sick trials in the range as printed.
        n: trials in the range.
        other_sick: sick trials elsewhere.
        other_n: trials elsewhere.
        choosing: the errors of choosing.
        z: standard normal quantile of the ends that selection endangers: low rate, ratio and difference, and the high
            rate elsewhere.

    Where nobody is sick elsewhere, a ratio has no error to speak of: its lower end then is the low rate over the high
    rate elsewhere.
    """
    difference, wide_low, _ = risk_difference(sick, n, other_sick, other_n, z)
    _, plain_low, wide_high = risk_difference(sick, n, other_sick, other_n)
    log_ratio, error = risk_ratio(sick, n, other_sick, other_n)
    bias, spread = choosing.ratio
    bias = max(bias, 0.0)
    spread = max(spread, error)
    gap_bias = max(choosing.difference[0], 0.0)
    gap = difference - min(gap_bias, difference)
    log_mid = log_ratio - min(bias, max(log_ratio, 0.0))
    rate_low, rate_high = _rate_interval(sick, n, choosing.rate, z)
    # Choosing makes the rate elsewhere too low as it makes the rate inside too high: the same of the healthy trials.
    healthy_low, healthy_high = _rate_interval(
        other_n - other_sick, other_n, (-choosing.elsewhere[0], choosing.elsewhere[1]), z
    )
    ratio = float(np.exp(log_mid))
    ratio_low = float(np.exp(log_mid - z * spread)) if other_sick else min(rate_low / (1 - healthy_low), ratio)
    return Effect(
        sick / n,
        rate_low,
        rate_high,
        other_sick / other_n,
        1 - healthy_high,
        1 - healthy_low,
        ratio,
        ratio_low,
        float(np.exp(log_ratio + Z95 * spread)),
        gap,
        min(wide_low, gap) - gap_bias,
        min(max(wide_high, difference + Z95 * choosing.difference[1]), 1.0),
        float(np.exp(log_mid - Z95 * error)),
        min(plain_low, gap),
    )


def _rate_interval(sick: float, n: float, errors: tuple[float, float], z: float) -> tuple[float, float]:
    """Return the hull of the Wilson interval and the bootstrap's, on the logit scale."""
    low, _ = wilson(sick, n, z)
    _, high = wilson(sick, n)
    bias, spread = errors
    at = float(_logit(np.array((sick + 0.5) / (n + 1))))
    moved_low = 1 / (1 + np.exp(-(at - max(bias, 0.0) - z * spread)))
    moved_high = 1 / (1 + np.exp(-(at - min(bias, 0.0) + Z95 * spread)))
    return float(min(low, moved_low)), float(max(high, moved_high, sick / n))


def _world(exposed: Booleans, positives: Integers, totals: Integers) -> Floats:
    """Return the rate per code to draw from: the code's own, shrunk towards its side by one trial's worth."""
    world = np.zeros(len(totals))
    for side in (exposed, ~exposed):
        level = _level(positives[side], totals[side])
        world[side] = (positives[side] + _PRIOR_TRIALS * level) / (totals[side] + _PRIOR_TRIALS)
    return world


def _level(positives: Integers, totals: Integers) -> float:
    n, a = int(totals.sum()), int(positives.sum())
    return (a + 0.5) / (n + 1) if n else 0.0


def _refit(
    coding: Coding, split: Split, drawn: Integers, positives: Integers, totals: Integers, least: int
) -> tuple[Integers, Integers]:
    """Return first and last exposed code of the split chosen anew in every draw; -1 where none is admissible."""
    b = coding.bins
    if split.kind in ("above", "below"):
        sign = 1.0 if split.kind == "below" else -1.0
        z = cut_scores(drawn[:, :b], np.broadcast_to(totals[:b], (len(drawn), b)), least) * sign
        cut, fine = _best(z * np.abs(z) + cut_allowances(positives[:b], totals[:b]))
        if split.kind == "below":
            return np.where(fine, 0, -1), cut
        return np.where(fine, cut + 1, -1), np.full(len(drawn), b - 1)
    if split.kind == "between":
        return _refit_range(b, drawn, totals, least)
    if split.kind == "level":
        z = level_scores(drawn, np.broadcast_to(totals, drawn.shape), min(least, 5))
        z[:, ~level_codes(coding)] = np.nan
        level, fine = _best(z)
        return np.where(fine, level, -1), level
    same = np.full(len(drawn), split.first)
    return same, same


def _refit_range(b: int, drawn: Integers, totals: Integers, least: int) -> tuple[Integers, Integers]:
    """Choose the middle range anew among ends at every (b / 16)th bin."""
    ends = np.unique(np.linspace(0, b, min(b, 16) + 1).astype(np.int64))
    c = np.concatenate([[0], np.cumsum(totals[:b])])[ends]
    a = np.concatenate([np.zeros((len(drawn), 1), dtype=np.int64), np.cumsum(drawn[:, :b], axis=1)], axis=1)[:, ends]
    i, j = inner_ranges(len(ends) - 1)
    size = np.broadcast_to(c[j] - c[i], (len(drawn), len(i)))
    m, n = a[:, -1:], int(c[-1])
    z = level_like_scores(a[:, j] - a[:, i], size, m, n, least)
    best, fine = _best(z)
    return np.where(fine, ends[i[best]], -1), ends[j[best]] - 1


def _best(z: Floats) -> tuple[Integers, Booleans]:
    filled = np.where(np.isfinite(z), z, -np.inf)
    best = filled.argmax(axis=1)
    return best, np.isfinite(filled.max(axis=1))


def _moments(errors: Floats) -> tuple[float, float]:
    if len(errors) < 2:
        return 0.0, 0.0
    return float(errors.mean()), float(errors.std(ddof=1))


def _ends(chosen: Integers, fallback: int) -> tuple[int, int]:
    if len(chosen) == 0:
        return fallback, fallback
    low, high = np.quantile(chosen, (0.025, 0.975), method="inverted_cdf")
    return int(min(low, fallback)), int(max(high, fallback))


def _logit(rate: Floats) -> Floats:
    return np.asarray(np.log(rate / (1 - rate)))
