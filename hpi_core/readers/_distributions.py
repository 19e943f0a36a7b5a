"""Optuna's distributions: from the JSON text beside every parameter to a scale, bounds, and the values it stands for.

All spellings since version 0.9 are known: `UniformDistribution` and its five cousins, `FloatDistribution` and
`IntDistribution`, `CategoricalDistribution`, and the short form (`{"type": "float", …}`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from hpi_core.readers._stored import Parameter


@dataclass(frozen=True)
class Distribution:
    """What a parameter was drawn from: numbers between `low` and `high`, or one of `choices` (stored as its index)."""

    whole: bool = False
    log: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[object, ...] | None = None


def parse_distribution(text: str) -> Distribution | None:
    """Return the distribution a JSON text describes, or None where it describes none."""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict):
        return None
    name = str(told.get("name") or told.get("type") or "").lower()
    attributes = told.get("attributes", told)
    if not isinstance(attributes, dict):
        return None
    if "categorical" in name:
        choices = attributes.get("choices")
        return Distribution(choices=tuple(choices)) if isinstance(choices, list) else None
    log = bool(attributes.get("log")) or "log" in name
    low, high = _number(attributes.get("low")), _number(attributes.get("high"))
    return Distribution(name.startswith("int"), log, low, high)


def decoded(stored: Parameter, known: Mapping[str, Distribution | None]) -> tuple[pl.Series, int]:
    """Return what the values of one parameter stand for, where there is one, and how many make no sense.

    `known` has every one of the parameter's distributions by its JSON text.
    """
    rows = stored.rows
    values, kinds = stored.values[rows], stored.kinds[rows]
    distributions = [known[text] for text in stored.distributions]
    if not any(distribution is not None and distribution.choices is not None for distribution in distributions):
        series = pl.Series(values).fill_nan(None)
        whole = all(distribution is not None and distribution.whole for distribution in distributions)
        if whole and bool((series.drop_nulls().abs() < 2**53).all()):
            return series.cast(pl.Int64, strict=False), 0
        return series, 0
    found: list[tuple[object, bool]] = []  # a few choices stand for all trials
    place = np.zeros(len(rows), np.uint32)
    for number, distribution in enumerate(distributions, start=1):
        mine = np.flatnonzero(kinds == number)
        distinct = np.unique(values[mine])
        place[mine] = len(found) + np.searchsorted(distinct, values[mine])
        found += [_chosen(None if math.isnan(value) else value, distribution) for value in distinct.tolist()]
    none_is_a_choice = any(None in d.choices for d in distributions if d is not None and d.choices is not None)
    typed = _typed([chosen for chosen, _ in found], none_is_a_choice)
    wrong = np.array([not fits for _, fits in found])
    return typed.gather(place), int(wrong[place].sum())


def _chosen(value: float | None, distribution: Distribution | None) -> tuple[object, bool]:
    if value is None or distribution is None:
        return None, False
    if distribution.choices is None:
        return value, True
    if not math.isfinite(value) or not 0 <= int(value) < len(distribution.choices):
        return None, False
    return distribution.choices[int(value)], True


def _typed(values: list[object], none_is_a_choice: bool) -> pl.Series:
    """Return choices as numbers, truth values or text; None stays apart from missing only as the text `None`."""
    kinds = {type(value) for value in values if value is not None}
    if not none_is_a_choice:
        if kinds == {bool}:
            return pl.Series(values, dtype=pl.Boolean)
        if kinds == {int} and all(value is None or abs(value) < 2**63 for value in values):  # type: ignore[arg-type]
            return pl.Series(values, dtype=pl.Int64)
        if kinds and kinds <= {int, float}:
            return pl.Series(values, dtype=pl.Float64, strict=False)
    texts = [_word(value) if value is not None or none_is_a_choice else None for value in values]
    return pl.Series(texts, dtype=pl.String)


def _word(value: object) -> str:
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None
