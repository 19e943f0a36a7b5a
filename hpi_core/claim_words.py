"""The words of a claim that several pages say: how much more often, and where its threshold may lie.

A claim is printed with the contrast that its interval supports: how many times as often where that interval leaves out
1, else by how many points more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hpi_core.numerals import number, plural


def contrast_words(cause: Mapping[str, Any], sick: str = "") -> str:
    """Return how much more often than elsewhere, with its interval: `8.1 times as often sick as elsewhere (3.6 to 9)`.

    Args:
        cause: a cause of the summary.
        sick: what its trials are: `sick`, `among the worst`; left out where it goes without saying.
    """
    word = f" {sick}" if sick else ""
    low, high = number(cause["ratio_low"], 3), number(cause["ratio_high"], 3)
    if cause["ratio_low"] > 1 and cause["elsewhere_sick"]:
        return f"{number(cause['ratio'], 3)} times as often{word} as elsewhere ({low} to {high})"
    if cause["ratio_low"] > 1:
        return f"none{word} elsewhere: at least {low} times as often there"
    least, most = (f"{100 * min(1.0, cause[f'difference_{end}']):.0f}" for end in ("low", "high"))
    return f"{100 * cause['difference']:.0f} points more often{word} than elsewhere ({least} to {most})"


def threshold_words(ends: Sequence[Mapping[str, Any]]) -> str:
    """Return where the ends of a range may lie, as a clause: `threshold between 0.01 and 0.02`.

    Args:
        ends: one per end of the range: which `end`, `low` and `high` of its interval, and whether it is `located`.
    """
    said = []
    for one in ends:
        name = "threshold" if len(ends) == 1 else f"{'lower' if one['end'] == 'low' else 'upper'} end"
        unsure = "" if one["located"] else " not located by these data: anywhere"
        said.append(f"{name}{unsure} between {number(one['low'])} and {number(one['high'])}")
    return "; ".join(said)


def tenth_words(size: Mapping[str, Any], word: str) -> str:
    """Return an outcome with how many trials it is, and why where they are more than a tenth or it cannot be told.

    Args:
        size: an outcome of the summary.
        word: `worst` or `best`.
    """
    edge = "" if size["edge"] is None else f" {number(size['edge'], 6)}"
    compared = plural(size["compared"], "trial")
    if not size["told"]:
        return f"{word} tenth cannot be told: {size['tied']:,} of {compared} tie at its edge{edge and ','}{edge}"
    told = f"{size['members']:,} of {compared}"
    if size["members"] > size["wanted"]:
        told += f", as {size['tied']:,} tie at{edge}" if edge else ", with ties"
    return f"{word} tenth ({told})"
