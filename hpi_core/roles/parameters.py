"""Hyperparameters: their kind and scale, and which values look chosen rather than measured."""

from __future__ import annotations

import numpy as np

from hpi_core.roles.facts import Facts
from hpi_core.roles.model import Hyperparameter, Kind, Scale
from hpi_core.roles.names import Name, parse

DISCRETE = 16
_WIDE = 100.0
_WIDE_HINTED = 10.0
_LOG_WORDS = frozenset(["lr", "eps", "epsilon", "l1", "l2", "wd", "decay"])


def hyperparameter(facts: Facts) -> Hyperparameter:
    """Return the hyperparameter a column is."""
    kind: Kind = "categorical"
    if facts.numeric:
        kind = "ordered" if facts.distinct > DISCRETE else "discrete"
    return Hyperparameter(
        facts.name, kind, _scale(facts), facts.minimum, facts.maximum, facts.distinct, missing=facts.missing
    )


def _scale(facts: Facts) -> Scale:
    """Return log where no value is negative, and the positive ones span enough and lie more evenly in the logarithm.

    Evenly means a smaller Kolmogorov-Smirnov distance to the uniform distribution over the range. The span is a factor
    of 100, or 10 where the name says a learning rate, a decay or the like. A ladder of equal factors is log as well.

    Zero stands for "none of it" (a weight decay is often either 0 or drawn log-uniformly) and is left out of the
    judgement, as long as it is one choice beside at least three positive ones.
    """
    if not facts.numeric or facts.minimum is None or facts.maximum is None or facts.minimum < 0:
        return "linear"
    values = facts.numbers()
    values = np.sort(values[np.isfinite(values) & (values > 0)])
    if values.size < 2 or values[0] == values[-1] or (facts.minimum == 0 and np.unique(values).size < 3):
        return "linear"
    needed = _WIDE_HINTED if _log_by_name(parse(facts.name)) else _WIDE
    # The least positive value of a sample stands for that of the whole where zeros hide it.
    if facts.maximum / (facts.minimum or values[0]) < needed:
        return "linear"
    levels = np.unique(values)
    if 3 <= levels.size <= DISCRETE:
        steps = np.diff(np.log(levels))
        if steps.max() <= 1.02 * steps.min():
            return "log"
    return "log" if _unevenness(np.log(values)) < _unevenness(values) else "linear"


def _log_by_name(name: Name) -> bool:
    return "learning_rate" in name.key or any(word in _LOG_WORDS for word in name.tokens)


def _unevenness(ordered: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """Return the Kolmogorov-Smirnov distance of sorted values to the uniform distribution over their range."""
    n = ordered.size
    position = (ordered - ordered[0]) / (ordered[-1] - ordered[0])
    below = np.arange(n) / n
    return float(np.maximum(position - below, below + 1 / n - position).max())


def looks_chosen(facts: Facts) -> str:
    """Return why the numbers look chosen by a person or a search rather than measured, or an empty string."""
    if not facts.numeric or facts.nans or facts.infinite:
        return ""
    values = facts.numbers()
    if values.size < 4:
        return ""
    if facts.distinct <= DISCRETE and 2 * facts.distinct <= facts.present:
        return "few values, each used again"
    if facts.whole:
        levels = np.unique(values)
        powers = levels[levels > 0]
        if powers.size > 2 and np.all(np.mod(np.log2(powers), 1) == 0):
            return "powers of two"
        return ""
    if _mostly_round(values[:40]):
        return "round numbers"
    if values.size < 16 or facts.minimum is None or facts.maximum is None or facts.minimum <= 0:
        return ""
    even = facts.maximum / facts.minimum >= _WIDE and _unevenness(np.sort(np.log(values))) < 1.5 / np.sqrt(values.size)
    return "spread evenly over powers of ten" if even else ""


def _mostly_round(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bool:
    """Say whether more than nine in ten of the values have at most two significant digits."""
    odd = 0
    for value in values.tolist():
        odd += len(f"{value:.12g}".strip("-0.").replace(".", "").split("e")[0]) > 2
        if odd >= 0.1 * values.size:
            return False
    return True
