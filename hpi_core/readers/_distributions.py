"""Optuna's distributions: from the JSON text beside every parameter to a scale, bounds, and the values it stands for.

All spellings since version 0.9 are known: `UniformDistribution` and its five cousins, `FloatDistribution` and
`IntDistribution`, `CategoricalDistribution`, and the short form (`{"type": "float", …}`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


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


def decoded(stored: pl.DataFrame, known: Mapping[str, Distribution | None]) -> tuple[pl.Series, int]:
    """Return the values of one parameter as the study's author knows them, and how many make no sense.

    `stored` has the columns `value` (as Optuna keeps it) and `distribution` (JSON text, a key of `known`).
    """
    used = [None if text is None else known.get(text) for text in stored["distribution"].unique().to_list()]
    if not any(distribution is not None and distribution.choices is not None for distribution in used):
        values = stored["value"]
        whole = all(distribution is not None and distribution.whole for distribution in used)
        if whole and bool((values.drop_nulls().abs() < 2**53).all()):
            return values.cast(pl.Int64, strict=False), 0
        return values, 0
    each = stored.select("value", "distribution")
    pairs = each.unique(maintain_order=True)  # a few choices stand for all trials
    found = [_chosen(value, known.get(text)) for value, text in pairs.iter_rows()]
    none_is_a_choice = any(None in d.choices for d in used if d is not None and d.choices is not None)
    typed = _typed([chosen for chosen, _ in found], none_is_a_choice).alias("chosen")
    told = pairs.with_columns(typed, pl.Series("fits", [fits for _, fits in found], dtype=pl.Boolean))
    placed = each.join(told, on=["value", "distribution"], how="left", nulls_equal=True, maintain_order="left")
    return placed["chosen"], int((~placed["fits"]).sum())


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
