"""Replicates: what repeating one configuration changes, held against what changing the configuration does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hpi_core.statistics.inputs import Floats, Integers

# Seeds change the final loss of one configuration by so much of it (coefficient of variation, median over 1,080 runs of
# the DeepOBS benchmark); two single runs differ by less than 1.96 sqrt(2) times that in 19 of 20 cases.
TYPICAL_SEED_SHARE = 0.02


@dataclass(frozen=True)
class Replication:
    """The spread of repeated configurations.

    Attributes:
        within: pooled standard deviation between repetitions of one configuration.
        between: standard deviation of the configurations' means.
        degrees: degrees of freedom of `within`.
        repeated: configurations that were repeated.
    """

    within: float
    between: float
    degrees: int
    repeated: int


def replication(configurations: Integers, values: Floats, *, better_half: bool = False) -> Replication | None:
    """Return the spread of repeated configurations; None where none is repeated.

    Args:
        configurations: one number per trial, equal for equal configurations.
        values: finite results, lower is better where `better_half` is asked for.
        better_half: look at the configurations in the better half only, as long as these leave five degrees of freedom
            (noise often grows with the loss, and what matters is the noise among good trials).
    """
    group, counts = gathered(configurations)
    means = np.bincount(group, weights=values) / counts
    squares = np.bincount(group, weights=(values - means[group]) ** 2)
    chosen = counts > 1
    if better_half and chosen.any():
        good = chosen & (means <= np.median(means))
        chosen = good if int((counts[good] - 1).sum()) >= 5 else chosen
    degrees = int((counts[chosen] - 1).sum())
    if degrees == 0:
        return None
    within = math.sqrt(float(squares[chosen].sum()) / degrees)
    spread = means[chosen]
    between = float(spread.std(ddof=1)) if len(spread) > 1 else float("nan")
    return Replication(within, between, degrees, int(chosen.sum()))


def gathered(codes: Integers) -> tuple[Integers, Integers]:
    """Return codes from 0 without gaps, and how often each occurs; small codes are counted rather than sorted."""
    if len(codes) and codes.min() >= 0 and codes.max() <= 4 * len(codes):
        counts = np.bincount(codes)
        there = counts > 0
        return (np.cumsum(there) - 1)[codes], counts[there]
    _, group, counts = np.unique(codes, return_inverse=True, return_counts=True)
    return group, counts


def shrunken(value: float, healthy: Floats, within: float, runs: int = 1) -> float:
    """Return what a repetition of a selected trial is expected to give, since the best of many was lucky as well.

    centre + (1 - within^2 / spread^2) (value - centre): the spread of trials is measured on the good side of their
    median only (median to 16 % quantile), so that diverged trials do not hide the noise. Lower is better. The
    mean of several `runs` shrinks less: by within^2 / runs against the spread of configurations.
    """
    centre = float(np.median(healthy))
    spread = centre - float(np.quantile(healthy, 0.158655))
    if spread <= 0:
        return value
    apart = max(0.0, 1 - (within / spread) ** 2)
    if runs > 1 and apart > 0:
        apart /= apart + (1 - apart) / runs
    return centre + apart * (value - centre)
