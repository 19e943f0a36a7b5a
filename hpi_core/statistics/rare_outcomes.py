"""Rare outcomes: what shares of variance chance alone gives where few trials are sick.

A share of variance of ranks follows a beta distribution without an effect; that of an outcome which five of five
hundred trials have does not: four of the five in one bin of thirty trials are a large share and no rarity. So the few
are dealt out anew, each within its own sweep, and every parameter is weighed in every deal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hpi_core.statistics.variance_share import epsilon_of_sums

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hpi_core.statistics.inputs import Booleans, Floats, Integers

DEALS = 2000
# Outcomes of so many trials or more are common enough for the beta distribution.
RARE = 100


def is_rare(sick: Floats) -> bool:
    """Tell whether few trials differ from the others."""
    return 0 < int(_few(sick)[0].sum()) < RARE


def chance_shares(
    coded: Sequence[tuple[Integers, Booleans]], sick: Floats, group: Integers, rng: np.random.Generator
) -> Floats:
    """Return the share of variance of every parameter in every deal, shape (parameters, deals).

    Args:
        coded: per parameter one small code per trial, and which trials have a value.
        sick: one number per trial: 1 for sick, 0 for healthy, the rate of a configuration.
        group: which of several sweeps every trial belongs to, from 0.
        rng: the random numbers.
    """
    few, usual = _few(sick)
    values, homes = sick[few] - usual, group[few]
    sizes = np.bincount(group)
    rates = np.bincount(group[few], weights=values, minlength=len(sizes)) / np.maximum(sizes, 1)
    dealt = _dealt(group, homes, rng)
    expected = rates[group]
    whole = float(((sick - usual - expected) ** 2).sum())
    return np.array([_shares(codes, present, values, dealt, expected, whole) for codes, present in coded])


def noise_bands(shares: Floats) -> Floats:
    """Return the share each parameter stays below in so many deals that 95 of 100 hold no parameter beyond its own.

    Args:
        shares: as of `chance_shares`.
    """
    deals = shares.shape[1]
    # How many deals give a parameter as large a share as each deal does.
    ordered = np.sort(shares, axis=1)
    as_large = np.array(
        [deals - np.searchsorted(own, row, side="left") for own, row in zip(ordered, shares, strict=True)]
    )
    rarest = int(np.quantile(as_large.min(axis=0), 0.05, method="lower"))
    return np.asarray(ordered[:, deals - max(rarest, 1)], dtype=np.float64)


def _few(sick: Floats) -> tuple[Booleans, float]:
    """Return which trials differ from the usual value, and that value."""
    known, counts = np.unique(sick, return_counts=True)
    usual = float(known[counts.argmax()]) if len(known) else 0.0
    return sick != usual, usual


def _dealt(group: Integers, homes: Integers, rng: np.random.Generator) -> Integers:
    """Return to which trials the few are dealt, each within its own sweep, shape (deals, few)."""
    dealt = np.zeros((DEALS, len(homes)), dtype=np.int64)
    for one in np.unique(homes):
        rows, places = np.flatnonzero(group == one), np.flatnonzero(homes == one)
        for deal in range(DEALS):
            dealt[deal, places] = rows[rng.choice(len(rows), len(places), replace=False)]
    return dealt


def _shares(
    codes: Integers, present: Booleans, values: Floats, dealt: Integers, expected: Floats, whole: float
) -> Floats:
    """Return the share of variance of one parameter in every deal, held against the variance of all trials."""
    size = int(codes.max()) + 1
    counts: Floats = np.bincount(codes[present], minlength=size).astype(np.float64)
    base = np.bincount(codes[present], weights=expected[present], minlength=size)
    seen = present[dealt]
    weights = np.where(seen, values, 0.0)
    place = np.arange(len(dealt))[:, None] * size + codes[dealt]
    sums = np.bincount(place.ravel(), weights=weights.ravel(), minlength=len(dealt) * size).reshape(-1, size) - base
    cross = np.where(seen, values**2 - 2 * values * expected[dealt], 0.0).sum(1)
    squares = cross + float((expected[present] ** 2).sum())
    own = squares - sums.sum(1) ** 2 / max(int(present.sum()), 1)
    shares = epsilon_of_sums(np.tile(counts, (len(dealt), 1)), np.asarray(sums, dtype=np.float64), squares)
    return np.maximum(0.0, np.nan_to_num(shares) * own / whole) if whole > 0 else np.zeros(len(dealt))
