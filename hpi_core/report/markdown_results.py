"""The parts of the report beside causes of issues: two conditions together, and what makes results bad or good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hpi_core.claim_words import tenth_words, threshold_words
from hpi_core.numerals import chance, percent, typeset
from hpi_core.report.markdown_text import code, prose, table

LEAST_HEALTHY = 20
OUTCOMES = {"worst_results": "worst", "best_results": "best"}


def together(summary: Mapping[str, Any]) -> list[str]:
    """Return two conditions that only together make trials sick, with the rates of all four parts."""
    lines: list[str] = []
    for pair in summary["pairs"]:
        first, second = (code(typeset(part["text"])) for part in pair["conditions"])
        names = {"both": "both", "first_only": f"only {first}", "second_only": f"only {second}", "neither": "neither"}
        rows = [
            [
                said, f"{pair[name]['sick']:,} of {pair[name]['n']:,}", percent(pair[name]["rate"]),
                f"{percent(pair[name]['rate_low'])} to {percent(pair[name]['rate_high'])}",
            ]
            for name, said in names.items()
        ]  # fmt: skip
        title = f"### Only together: {prose(typeset(pair['text']))}: {prose(pair['issue'])}"
        said = (
            "More than either alone, and more than both acting independently; accounts for about "
            f"{percent(pair['share'])} of the trials with this issue (q {chance(pair['q'])})."
        )
        lines += ["", title, "", said, "", *table(["trials", "sick", "rate", "95 % interval"], rows, right=(1, 2))]
        lines += [line for name in pair["carries"] for line in ("", f"{code(name)} acts through this pair.")]
    return lines


def results(summary: Mapping[str, Any]) -> list[str]:
    """Return what goes with the worst and the best results of the trials that are not sick."""
    objective = summary["roles"]["objective"]
    if objective is None:
        return []
    better = "lower" if objective["direction"] == "min" else "higher"
    lines = ["", "### What goes with bad and good results", ""]
    compared = f"Objective: {code(objective['metric'])}, {better} is better; compared are the trials that are not sick."
    healthy = summary["trials"]["total"] - summary["trials"]["sick"]
    if healthy < LEAST_HEALTHY:
        return [*lines, f"{compared} They are fewer than {LEAST_HEALTHY}: not enough data."]
    lines.append(compared)
    for size in summary["outcomes"]:
        name, word = size["outcome"], OUTCOMES[size["outcome"]]
        causes = [cause for cause in summary["objective_causes"] if cause["issue"] == name]
        told = f"- The {tenth_words(size, word)}"
        if not causes:
            lines += ["", f"{told}: no range or value stands out." if size["told"] else f"{told}."]
            continue
        lines += ["", f"{told}:"]
        lines += [f"  - {_result(cause, word)}" for cause in causes]
    accounted = [
        f"{code(other['parameter'])} ({other['relation']} {code(other['other'])})"
        for other in summary["objective_explained"]
    ]
    return lines + (["", f"Accounted for by another: {', '.join(dict.fromkeys(accounted))}."] if accounted else [])


def short_result(cause: Mapping[str, Any]) -> str:
    """Return a range or value that goes with bad or good results in half a line."""
    return (
        f"{code(typeset(cause['text']))}: {cause['sick']:,} of {cause['n']:,} in the {OUTCOMES[cause['issue']]} tenth "
        f"({percent(cause['rate'])}), elsewhere {percent(cause['rate_elsewhere'])}; {cause['strength']}"
    )


def _result(cause: Mapping[str, Any], word: str) -> str:
    interval = f"{percent(cause['rate_low'])} to {percent(cause['rate_high'])}"
    said = (
        f"{code(typeset(cause['text']))} ({cause['strength']}): {percent(cause['rate'])} of {cause['n']:,} are among "
        f"the {word} ({interval}), elsewhere {percent(cause['rate_elsewhere'])} of {cause['elsewhere_n']:,}; accounts "
        f"for about {percent(cause['share'])} of the {word} tenth"
    )
    if cause["thresholds"]:
        said += f"; {threshold_words(cause['thresholds'])}"
    if cause["adjusted_for"]:
        said += f"; holds at equal {', '.join(code(name) for name in cause['adjusted_for'])}"
    if cause["inseparable"]:
        said += f"; cannot be told apart from {', '.join(code(name) for name in cause['inseparable'])}"
    return f"{said}; q {chance(cause['q'])}."
