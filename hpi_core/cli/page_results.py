"""The part of the page on what single causes do not tell: two conditions together, and bad or good results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpi_core.cli.ink import Ink
from hpi_core.cli.page_findings import SHOWN, cause_sentence
from hpi_core.numerals import chance, percent, plural, typeset

_OUTCOMES = {"worst_results": "worst tenth", "best_results": "best tenth"}


def add_pairs(summary: Mapping[str, Any], ink: Ink, everything: bool) -> None:
    """Write two conditions that only together make trials sick."""
    pairs = summary["pairs"]
    if not pairs:
        return
    ink.heading("Only together", "more than either alone, and more than both acting independently")
    for pair in pairs if everything else pairs[:SHOWN]:
        ink.spans((typeset(pair["text"]), "bold"), (f"  → {pair['issue']}", "warn"), indent=2)
        first, second, neither = (_rate(pair[part]) for part in ("first_only", "second_only", "neither"))
        ink.paragraph(
            f"both: {_rate(pair['both'])}; only the first: {first}; only the second: {second}; neither: {neither}; "
            f"accounts for about {percent(pair['share'])} of all sick; q {chance(pair['q'])}.",
            indent=6,
        )


def add_results(summary: Mapping[str, Any], ink: Ink, everything: bool) -> None:
    """Write which ranges go with the worst and the best results of the trials that are not sick."""
    causes, objective = summary["objective_causes"], summary["roles"]["objective"]
    if not causes or objective is None:
        return
    ink.heading("Results", f"{objective['metric']}: what goes with bad and good ones, among trials that are not sick")
    shown = causes if everything else causes[:SHOWN]
    for cause in shown:
        outcome = _OUTCOMES[cause["issue"]]
        ink.spans(
            (typeset(cause["text"]), "bold"), (f"  → {outcome}", "accent"), (f"  {cause['strength']}", "dim"), indent=2
        )
        ink.paragraph(cause_sentence(cause), indent=6)
    left_out = len(causes) - len(shown) + summary["omitted"].get("objective_causes", 0)
    if left_out > 0:
        ink.paragraph(f"… and {left_out:,} more: --all", "dim")


def _rate(part: Mapping[str, Any]) -> str:
    return f"{part['sick']:,} of {plural(part['n'], 'trial')} ({percent(part['rate'])})"
