"""Thresholds: the numbers of all rules, and what a person set instead, checked by name and value."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping

from hpi_core.detectors.catalogue import catalogue
from hpi_core.detectors.contract import AnyDetector
from hpi_core.errors import UsageError
from hpi_core.text import safe


def parse_thresholds(settings: Iterable[str]) -> dict[str, float]:
    """Return `issue.threshold` -> number of texts such as `overfit_gap.ratio=2`.

    Raises:
        UsageError: a text is not of that form, names no detector or threshold, or holds no finite number.
    """
    parsed: dict[str, float] = {}
    for setting in settings:
        name, sign, text = setting.partition("=")
        if not sign:
            raise UsageError(f"{safe(setting)} sets nothing.", "Write --set issue.threshold=value.")
        try:
            parsed[name.strip()] = float(text)
        except ValueError:
            raise UsageError(f"{safe(text.strip())} is not a number, in {safe(setting)}.") from None
    resolve(catalogue().detectors, parsed)
    return parsed


def resolve(detectors: Iterable[AnyDetector], settings: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Return issue -> threshold -> value: the defaults, and over them what was set.

    Raises:
        UsageError: a setting names no detector or no threshold of it, or its value is not finite.
    """
    values = {d.issue: {threshold.name: threshold.default for threshold in d.thresholds} for d in detectors}
    for name, value in settings.items():
        issue, _, threshold = name.partition(".")
        if issue not in values:
            raise UsageError(
                f"There is no detector {safe(issue)}.", _suggest(issue, values, "`hpi detectors` lists them.")
            )
        if threshold not in values[issue]:
            known = ", ".join(values[issue]) or "none"
            hint = _suggest(threshold, values[issue], f"It has: {known}.")
            raise UsageError(f"{issue} has no threshold {safe(threshold) or 'without a name'}.", hint)
        if not math.isfinite(value):
            raise UsageError(f"{name} must be a finite number, not {value}.")
        values[issue][threshold] = float(value)
    return values


def _suggest(word: str, known: Iterable[str], otherwise: str) -> str:
    close = difflib.get_close_matches(word, list(known), n=3, cutoff=0.5)
    return f"Did you mean {' or '.join(close)}? {otherwise}" if close else otherwise
