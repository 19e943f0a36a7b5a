"""Numbers as people read them: few digits, no false precision, and words for what is not a number."""

from __future__ import annotations

import math
from collections.abc import Mapping

SIGNIFICANT = 6


def rounded(value: float, digits: int = SIGNIFICANT) -> float:
    """Round a derived statistic to `digits` significant digits; non-finite values pass unchanged."""
    if not math.isfinite(value) or value == 0:
        return value
    return float(f"{value:.{digits}g}")


def number(value: float | int | None, digits: int = 4) -> str:
    """Write a number with at most `digits` significant digits and thousands separated: `0.0131`, `12,304`, `1e-08`."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return f"{value:,}"
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if abs(value) < 1e-300:  # the open end of an interval that begins at zero
        return "0"
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}"
    text = f"{value:.{digits}g}"
    return text if "e" not in text or not 1e-4 <= abs(value) < 1e6 else f"{value:,.0f}"


def percent(rate: float | None) -> str:
    """Write a rate as a percentage that never says 0 % of something that happened nor 100 % of what did not always."""
    if rate is None or math.isnan(rate):
        return "–"
    points = 100 * rate
    if 0 < points < 0.1:
        return "<0.1 %"
    if 99.9 < points < 100:
        return ">99.9 %"
    text = f"{points:.1f}" if points < 10 or points > 90 else f"{points:.0f}"
    return f"{text.removesuffix('.0')} %"


def chance(p: float) -> str:
    """Write a p- or q-value: two digits, powers of ten below a thousandth, never a bare zero."""
    if p < 1e-12:
        return "< 1e-12"
    return f"= {p:.2g}"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Write `1 trial`, `12 trials`, `1,200 entries`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def typeset(condition: str) -> str:
    """Write a condition with the signs that sentences use, so that a page does not mix `<=` and `≤`."""
    return condition.replace("<=", "≤").replace(">=", "≥")


def cell(value: object) -> str:
    """Write a source value as it would be typed: whole floats without a point, lists and records in brackets."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {cell(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(cell(inner) for inner in value)}]"
    return str(value)
